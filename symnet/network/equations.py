"""A network as its defining equations, for a general layer l. Nothing else is known of it.

    z_j^l = Σ_k w_jk^l a_k^{l-1} + b_j^l        a_j^l = σ(z_j^l)        C = Σ_j c(a_j^L, y_j)

(Nielsen, ch. 2, eqs. 23 to 25.) With `arbitrary=True` σ has no formula; an activation that couples
neurons, such as softmax, always stands with its formula, since how it couples is what it is.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from symnet.errors import EquationError, NotYet
from symnet.network import notation as n
from symnet.network.functions import (
    ACTIVATIONS,
    STRENGTH,
    THETA,
    Activation,
    Cost,
    G,
    Penalty,
    cost_term,
)
from symnet.network.optimizers import OPTIMIZERS
from symnet.term import (
    ARGUMENT,
    Apply,
    Axis,
    Equation,
    Index,
    LayerNumber,
    Partial,
    ScalarFunction,
    Size,
    Sum,
    Symbol,
    Term,
    add,
    free_indices,
    from_sympy,
    map_children,
    mentions,
    mul,
    number,
    power,
    spell,
    walk,
    with_axes,
)

BELOW = Symbol("a", n.l.shift(-1))  # what a layer gets, at whatever indices
SHIFT = "shift"  # the given array that is 1 where u = t + s and 0 elsewhere
RESERVED = {n.COST.name, "E", "y", "x", "δ", SHIFT}  # names that mean something everywhere
LETTERS = re.compile(r"[^\W\d_]{1,20}′*")  # of indices


@dataclass(frozen=True, slots=True)
class Definition:
    """A layer as what defines it: its equations for a general l. Nothing else is known of it.

    `equations` stand in the order of computation and speak of a^{l-1}, of the parameters, of the
    arrays that are `given` with the data, and of each other; the last one defines a^l. `axes` are
    the layer's own axes, beside its neurons, with their sizes.
    """

    equations: tuple[Equation, ...]
    parameters: tuple[Symbol, ...]
    given: tuple[Symbol, ...] = ()
    axes: tuple[tuple[str, int | str], ...] = ()

    def __post_init__(self) -> None:
        _check_definition(self)

    @property
    def quantities(self) -> tuple[Symbol, ...]:
        """What the equations define, in their order; a^l is the last."""
        return tuple(e.left for e in self.equations if isinstance(e.left, Symbol))

    def users(self, symbol: Symbol) -> tuple[Equation, ...]:
        """The equations in which a symbol stands, at whatever indices."""
        return tuple(e for e in self.equations if mentions(e.right, symbol))

    @property
    def activation(self) -> Equation:
        """The equation of a^l."""
        return self.equations[-1]

    @property
    def same_axes(self) -> dict[Axis, Axis]:
        """n_l as n_{l-1}, where the neurons of a layer are those of the layer before."""
        below = n.neurons(n.l.shift(-1))
        return {n.neurons(n.l): below} if self.activation.indices[-1].axis == below else {}

    @property
    def named(self) -> tuple[Symbol, ...]:
        """The quantities u whose ∂C/∂u has a formula of its own.

        All of them but a^l where it depends on a single quantity, as a = σ(z) does: there ∂C/∂a is
        put into ∂C/∂z, which is BP1 and BP2.
        """
        *inner, a = self.quantities
        enters = [u for u in (*inner, *self.parameters) if mentions(self.activation.right, u)]
        through_one = len(enters) == 1 and enters[0] in inner
        bypassed = mentions(self.activation.right, BELOW)
        return tuple(inner) if through_one and not bypassed else (*inner, a)


def _check_definition(layer: Definition) -> None:
    """That a layer is defined: each equation speaks of what is there before it, and nothing else.

    Raises EquationError. A formula could not be true of anything else: what another layer has, or
    what is defined by itself, owes C more than the equations of the layer say.
    """
    known: dict[str, Symbol] = {}

    def take(symbol: Symbol) -> None:
        letters = [index.name for index in symbol.indices]
        if symbol.layer != n.l or symbol.name in RESERVED:
            raise EquationError(f"{spell(symbol)} cannot be an array of a layer")
        if symbol.name in known:
            raise EquationError(f"{symbol.name} is there twice")
        if len(set(letters)) < len(letters) or not all(map(LETTERS.fullmatch, letters)):
            raise EquationError(f"the indices of {spell(symbol)} are not letters, each another")
        known[symbol.name] = symbol

    for symbol in (*layer.parameters, *layer.given):
        take(symbol)
    if "a" in known or not layer.equations or layer.quantities[-1:] != (layer.activation.left,):
        raise EquationError("the last equation of a layer defines a")
    for equation in layer.equations:
        if not isinstance(equation.left, Symbol):
            raise EquationError("an equation of a layer defines an array")
        stray = free_indices(equation.right) - set(equation.indices)
        if stray:
            names = ", ".join(sorted(index.name for index in stray))
            raise EquationError(f"{names} stands on one side only of the equation of "
                                f"{equation.left.name}")  # fmt: skip
        for part in walk(equation.right):
            _check_part(part, known)
        take(equation.left)
    _check_functions(functions_of(*layer.equations))
    if layer.quantities[-1].name != "a":
        raise EquationError("the last equation of a layer defines a")


def _check_part(part: Term, known: Mapping[str, Symbol]) -> None:
    """That a symbol is what the layer gets or one known so far, on its axes; nothing is derived."""
    match part:
        case Symbol(name, layer, indices):
            axes = tuple(index.axis for index in indices)
            if (name, layer) == (BELOW.name, BELOW.layer):
                expected = (*(axis for axis in axes[:-1] if axis.layer == n.EVERYWHERE),
                            n.neurons(n.l.shift(-1)))  # fmt: skip
            elif layer == n.l and name in known:
                expected = tuple(index.axis for index in known[name].indices)
            elif layer == n.l and name == SHIFT:
                expected = axes
            else:
                raise EquationError(f"{spell(part)} is not declared, or used before it is defined")
            if axes != expected:
                raise EquationError(f"{spell(part)} has other axes than it is declared with")
        case Sum(Index(name)) if not LETTERS.fullmatch(name):
            raise EquationError(f"the index {name} is no letter")
        case Apply(ScalarFunction(name, formula, layer, order)):
            if formula is None or order or layer not in (None, n.l):
                raise EquationError(f"{name} has no formula here")
            if formula.free_symbols - {ARGUMENT}:
                raise EquationError(f"the function {name} is no formula in z: {formula}")
        case Partial():
            raise EquationError("a derivative in an equation of a layer")


def _check_functions(functions: Sequence[ScalarFunction]) -> None:
    """That a name of an activation stands for one formula, and for that which it always has."""
    names = [function.name for function in functions]
    if len(set(names)) < len(names) or "σ" in names:
        raise EquationError(f"two functions have one name, {', '.join(sorted(names))}")
    for function in functions:
        if function.name in ACTIVATIONS and ACTIVATIONS[function.name].formula != function.formula:
            raise EquationError(f"{function.name} is the name of another activation")


@lru_cache(maxsize=1000)
def dense(function: Activation) -> Definition:
    """z_j^l = Σ_k w_jk^l a_k^{l-1} + b_j^l, a_j^l = σ(z_j^l). w over (n_l, n_{l-1}), b (n_l,)."""
    parameters = (n.w(n.l, n.J, n.below(n.K, n.l)), n.b(n.l, n.J))
    return Definition((weighted_input(n.l), activation(function, n.l)), parameters)


@dataclass(frozen=True, slots=True)
class Shared:
    """An axis that all layers of a network have: positions of a sequence, samples of a batch.

    The cost is the sum over it, or with `mean` the mean.
    """

    letter: str
    size: int | str
    mean: bool = False

    @property
    def index(self) -> Index:
        """The letter as an index over the axis."""
        return Index(self.letter, Axis(self.letter, n.EVERYWHERE))


def output(shared: tuple[Shared, ...] = ()) -> Symbol:
    """a^L, with the shared axes in front."""
    return Symbol("a", n.L, (*(each.index for each in shared), n.on(n.J, n.L)))


def functions_of(*equations: Equation) -> tuple[ScalarFunction, ...]:
    """The activations in equations: the functions that belong to a layer."""
    parts = (part for equation in equations for part in walk(equation.right))
    applied = (part.function for part in parts if isinstance(part, Apply))
    return tuple(dict.fromkeys(function for function in applied if function.layer is not None))


def arbitrary(equation: Equation, among: Sequence[Equation] = ()) -> Equation:
    """The equation with its activations as functions of which nothing is known.

    The only one of a layer is σ; where it or the equations around it have several, these keep
    their names.
    """
    own = functions_of(equation, *among)

    def forget(term: Term) -> Term:
        changed = map_children(term, forget)
        if isinstance(changed, Apply) and changed.function in own:
            of_layer = [f for f in own if f.layer == changed.function.layer]
            name = "σ" if len(of_layer) == 1 else changed.function.name
            function = ScalarFunction(name, None, changed.function.layer, changed.function.order)
            return Apply(function, changed.argument)
        return changed

    return Equation(equation.label, equation.left, forget(equation.right))


def on_axes(equation: Equation, to: Mapping[Axis, Axis]) -> Equation:
    """`with_axes` on both sides."""
    left = with_axes(equation.left, to)
    assert isinstance(left, Symbol)
    return Equation(equation.label, left, with_axes(equation.right, to))


def weighted_input(at: LayerNumber) -> Equation:
    """z_j^l = Σ_k w_jk^l a_k^{l-1} + b_j^l. z over (n_l,)."""
    k = n.below(n.K, at)
    arriving = Sum(k, mul(n.w(at, n.J, k), n.a(at.shift(-1), n.K)))
    return Equation("z", n.z(at, n.J), add(arriving, n.b(at, n.J)))


def activation(function: Activation, at: LayerNumber, *, arbitrary: bool = False) -> Equation:
    """a_j^l = σ(z_j^l), or its formula in all z_p^l where it couples neurons. a over (n_l,)."""

    def z_at(_: str, letters: tuple[Index, ...]) -> Symbol:
        return Symbol("z", at, letters)

    if function.couples_neurons:
        sizes = {"n": Size(n.neurons(at))}
        right = _in_terms(function, sizes, z_at, {"j": n.on(n.J, at)})
    else:
        right = Apply(scalar_function(function, at, arbitrary=arbitrary), n.z(at, n.J))
    return Equation("a", n.a(at, n.J), right)


def scalar_function(
    function: Activation, at: LayerNumber, *, arbitrary: bool = False
) -> ScalarFunction:
    """σ of layer l: with its formula, or as a function of which nothing is known."""
    if arbitrary:
        return ScalarFunction("σ", None, at)
    return ScalarFunction(function.name, function.formula, at)


def cost(function: Cost, shared: tuple[Shared, ...] = ()) -> Equation:
    """C = Σ_j c(a_j^L, y_j), the cost of one sample; with shared axes, their sum or mean."""
    a = output(shared)
    symbols: dict[str, Term] = {"a": a, "y": Symbol("y", None, a.indices)}
    right: Term = Sum(n.on(n.J, n.L), _in_terms(function, symbols))
    for each in reversed(shared):
        right = Sum(each.index, right)
        if each.mean:
            right = mul(power(Size(each.index.axis), -1), right)
    return Equation("C", n.COST, right)


def _in_terms(function: Activation | Cost, *meanings: Any) -> Term:
    """The formula in index terms. Raises NotYet for what they cannot say."""
    try:
        if isinstance(function, Cost):
            return cost_term(function, *meanings)
        return from_sympy(function.formula, *meanings)
    except (TypeError, KeyError) as error:
        raise NotYet(f"the formula of {function.name} cannot be derived yet: {error}") from error


def facts(function: Cost, shared: tuple[Shared, ...] = ()) -> tuple[Equation, ...]:
    """What the cost takes for granted: Σ_j y_j = 1 where y says which class a sample has."""
    if not function.normalised:
        return ()
    total = Sum(n.on(n.J, n.L), Symbol("y", None, output(shared).indices))
    return (Equation("Σ y = 1", total, number(1)),)


def penalised(parameter: Symbol, penalties: tuple[Penalty, ...]) -> tuple[Equation, ...]:
    """C = E + λ/2 Σ w², what a network that is penalised for large weights adds to the cost E.

    Weights are the parameters with two axes or more. (Nielsen, ch. 3, eqs. 85 and 95.)
    """
    if not penalties or len(parameter.indices) < 2:
        return ()
    added = []
    for penalty in penalties:
        strength = Symbol(n.OPTIONS[penalty.name])
        symbols: dict[str, Term] = {THETA.name: parameter, STRENGTH.name: strength}
        term = from_sympy(penalty.formula, symbols)
        for index in reversed(parameter.indices):
            term = Sum(index, term)
        added.append(term)
    return (Equation("C", n.COST, add(Symbol("E"), *added)),)


def descent(parameter: Symbol) -> Term:
    """θ − η ∂C/∂θ, what the parameter becomes by one step down the gradient."""
    (rule,) = (formula for symbol, formula in OPTIMIZERS["sgd"].rules if symbol == THETA)
    symbols: dict[str, Term] = {THETA.name: parameter, G.name: Partial(n.COST, parameter)}
    symbols |= {name: Symbol(letter) for name, letter in n.OPTIONS.items()}
    return from_sympy(rule, symbols)
