"""The letters of the field, once and for all: here a letter is introduced, elsewhere it is used.

As in Nielsen, *Neural Networks and Deep Learning*, ch. 2: w_jk^l goes from neuron k of layer l-1
to neuron j of layer l; z is the weighted input, a the activation, δ = ∂C/∂z the error of a neuron.
Layer 1 is the input, a^1 = x; layer L is the output; parameters exist for l = 2..L.

>>> spell(w(l, J, below(K, l)))
'wl[j:nl,k:nl-1]'
"""

from symnet.term import (
    Axis,
    Index,
    LayerNumber,
    Partial,
    Sum,
    Symbol,
    Term,
    spell,
)

l = LayerNumber("l")  # a general layer
L = LayerNumber("L")  # the output layer
EVERYWHERE = LayerNumber("", 0)  # of axes that all layers share: samples, positions
SAMPLES = Axis("samples", EVERYWHERE)  # the last axis of what differs from sample to sample
J, K, P = (
    "j",
    "k",
    "p",
)  # the letters of indices: j on this layer, k below or above, p as a second j


def neurons(layer: LayerNumber) -> Axis:
    """The axis 1..n_l, the neurons of a layer."""
    return Axis("n", layer)


def on(letter: str, layer: LayerNumber) -> Index:
    """An index that runs over the neurons of a layer."""
    return Index(letter, neurons(layer))


def below(letter: str, layer: LayerNumber) -> Index:
    """An index that runs over the neurons of the layer before."""
    return on(letter, layer.shift(-1))


def w(layer: LayerNumber, j: str, k: Index) -> Symbol:
    """w_jk^l, the weight from neuron k of layer l-1 to neuron j of layer l."""
    return Symbol("w", layer, (on(j, layer), k))


def b(layer: LayerNumber, j: str) -> Symbol:
    """b_j^l, the bias of neuron j of layer l."""
    return Symbol("b", layer, (on(j, layer),))


def z(layer: LayerNumber, j: str) -> Symbol:
    """z_j^l, the weighted input of neuron j of layer l."""
    return Symbol("z", layer, (on(j, layer),))


def a(layer: LayerNumber, j: str) -> Symbol:
    """a_j^l, the activation of neuron j of layer l."""
    return Symbol("a", layer, (on(j, layer),))


def delta(layer: LayerNumber, j: str) -> Symbol:
    """δ_j^l = ∂C/∂z_j^l, the error of neuron j of layer l."""
    return Symbol("δ", layer, (on(j, layer),))


def y(layer: LayerNumber, j: str) -> Symbol:
    """y_j, the desired value of output j; it stands over the neurons of layer L."""
    return Symbol("y", None, (on(j, layer),))


def x(indices: tuple[Index, ...]) -> Symbol:
    """x_k, the input, which is a_k^1."""
    return Symbol("x", None, indices)


COST = Symbol("C")
SQUARES = Symbol("Σw²")  # over all weights of all layers
ABSOLUTES = Symbol("Σ|w|")


def sample_of(symbol: Symbol) -> Index | None:
    """The index that says of which sample a quantity is; None where there is one sample."""
    last = symbol.indices[-1] if symbol.indices else None
    return last if last is not None and last.axis == SAMPLES else None


def at_sample(symbol: Symbol, sample: Index | None) -> Symbol:
    """A quantity, as it is at a sample: z_j^l of sample s is Symbol("z", l, (j, s))."""
    own = symbol.indices if sample_of(symbol) is None else symbol.indices[:-1]
    return Symbol(symbol.name, symbol.layer, own if sample is None else (*own, sample))


def is_cost(term: Term) -> bool:
    """Whether a term is C, or the C of one sample."""
    return isinstance(term, Symbol) and at_sample(term, None) == COST


def is_penalty(term: Term) -> bool:
    """Whether a term is a sum over all weights."""
    return term in (SQUARES, ABSOLUTES)


# The letters of what an optimizer is told.
RATE = "η"
OPTIONS = {"learning_rate": RATE, "l2": "λ", "l1": "μ"}

# The order of factors in a product, as books print them: the rate in front, then w before a before
# ∂C/∂a before δ, then sums, then σ'.
ORDER = {RATE: -1, "y": 0, "w": 1, "a": 2, "b": 3, "z": 4, "C": 5, "δ": 6}


def place(factor: Term) -> tuple[int, str]:
    """Where a factor stands in a printed product."""
    match factor:
        case Symbol(name):
            rank = ORDER.get(name, 3)
        case Partial():
            rank = ORDER["C"]
        case Sum():
            rank = 7
        case _:
            rank = 8
    return rank, spell(factor)
