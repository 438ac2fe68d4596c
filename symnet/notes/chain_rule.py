r"""The chain rule as it is written, ∂L/∂W = ∂L/∂z · ∂z/∂W, with arrays of any number of axes.

Its factors are Jacobians, contracted over what stands below one and above the next; in which order
their axes are laid out is left open by everybody, so that no strict product of matrices is meant.
It holds if each quantity between lies on all ways from the last to the first.

>>> from symnet.paper.formula.reader import read
>>> (chain,) = read(r"\frac{dL}{dW} = \frac{dL}{dz} \frac{dz}{dW}").statements
>>> uses = {"L": {"a"}, "a": {"z"}, "z": {"W", "x"}}
>>> holds(chain.sides[0], chain.sides[1], uses)
True
>>> holds(chain.sides[0], chain.sides[1], {**uses, "L": {"a", "W"}})  # a penalty: another way
False
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from itertools import pairwise

from symnet.errors import SymnetError
from symnet.notes.declared import COSTS, WEIGHTS, Declared, base_of, slope_of
from symnet.notes.statements import EQUALITIES, Statement
from symnet.paper.books import inferred
from symnet.paper.definitions.names import key_of
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.term import LayerNumber

PRODUCTS = frozenset({"", r"\cdot", r"\times", "*"})
Slope = tuple[str, str]  # what is derived, and by what


def slopes_of(side: s.Node) -> list[Slope] | None:
    """The factors of a product of derivatives and nothing else; None for anything else."""
    match side:
        case s.Bracketed(body=body):
            return slopes_of(body)
        case s.Product(factors=factors, operators=operators) if slope_of(side) is None:
            if not set(operators) <= {"", r"\cdot", r"\times", "*", r"\odot", r"\circ"}:
                return None
            parts: tuple[s.Node, ...] = factors
        case _:
            parts = (side,)
    found = []
    for part in parts:
        slope = slope_of(part)
        keys = (key_of(slope[1]), key_of(slope[2])) if slope is not None and not slope[0] else ()
        if len(keys) != 2 or keys[0] is None or keys[1] is None:
            return None
        found.append((keys[0], keys[1]))
    return found


def is_product(side: s.Node) -> bool:
    """Whether a side is a product of two or more derivatives and nothing else."""
    found = slopes_of(side)
    return found is not None and len(found) > 1


def holds(left: s.Node, side: s.Node, uses: Mapping[str, Set[str]]) -> bool:
    """Whether a derivative is such a product, where it is known what each quantity is made of."""
    whole, factors = slopes_of(left), slopes_of(side)
    if whole is None or factors is None or len(whole) != 1 or len(factors) < 2:
        return False
    for ordered in (factors, factors[::-1]):
        if any(below != above for (_, below), (above, _) in pairwise(ordered)):
            continue
        if (ordered[0][0], ordered[-1][1]) != whole[0]:
            continue
        between = [below for _, below in ordered[:-1]]
        ways = [*pairwise([whole[0][0], *between, whole[0][1]])]
        return all(_reaches(above, below, uses, "") for above, below in ways) and not any(
            _reaches(*whole[0], uses, each) for each in between
        )
    return False


def _reaches(above: str, below: str, uses: Mapping[str, Set[str]], but: str) -> bool:
    """Whether a quantity depends on another, on a way that leaves one out."""
    waiting, seen = [above], {above}
    while waiting:
        for each in uses.get(waiting.pop(), ()):
            if each == below:
                return True
            if each not in seen and each != but:
                seen.add(each)
                waiting.append(each)
    return False


# --- through whole layers -------------------------------------------------------------------------

# A quantity in the order in which the cost depends on it: the name of its layer, and how far down.
Depth = tuple[str, float]


@dataclass(frozen=True, slots=True)
class Layers:
    """The letters of a document for whole layers, and the layer that a matrix of number l feeds."""

    weighted: frozenset[str]
    outputs: frozenset[str]
    weights: frozenset[str]
    biases: frozenset[str]
    weight_up: int = 0
    bias_up: int = 0
    output_up: int = 0  # a^{l+1} = σ(z^l)
    errors: tuple[tuple[str, s.Node, s.Node], ...] = ()  # δ of δ^l = ∂C/∂z^l, C and z^l


def layers_of(known: Declared) -> Layers | None:
    """The letters of the general forward equations; the usual ones where there are none."""
    found = [x for x in (inferred.forward(k, v) for k, v in known.forward.items()) if x is not None]
    if any(r"\lambda" in cost for cost in known.costs):
        return None  # a penalty goes from the weights to the cost on another way
    sums = [x for x in found if x.weight is not None]
    ups: dict[str, set[int]] = {"weight": set(), "bias": set(), "output": set()}
    weighted, outputs = {"z", "Z"}, {"a", "A"}
    weights, biases = set(WEIGHTS), {"b", "B"}
    for each in found:
        if each.weighted is not None:
            weighted.add(each.weighted.base)
            outputs.add(each.given.base)
            ups["output"].add(_up(each.weighted, each.given))
        if each.weight is not None:
            (outputs if each.function else weighted).add(each.given.base)
            weights.add(each.weight.base)
            ups["weight"].add(_up(each.weight, each.given))
            if each.bias is not None:
                biases.add(each.bias.base)
                ups["bias"].add(_up(each.bias, each.given))
    if weighted & outputs or any(len(x) > 1 for x in ups.values()) or (found and not sums):
        return None
    weight, bias, output = (next(iter(ups[x]), 0) for x in ("weight", "bias", "output"))
    return Layers(
        frozenset(weighted), frozenset(outputs), frozenset(weights), frozenset(biases),
        weight, bias, output, tuple(_errors(known)),
    )  # fmt: skip


def _errors(known: Declared) -> Iterator[tuple[str, s.Node, s.Node]]:
    """Each letter for the slope by a layer's quantity, where it is said for every layer."""
    for key, said in known.errors.items():
        try:
            left, slope = read(key).statements[0], slope_of(read(said).statements[0])
        except SymnetError:
            continue
        if slope is None or slope[0] or not isinstance(left, s.Scripted) or left.sub is not None:
            continue
        below = slope[2]
        same = isinstance(below, s.Scripted) and below.sub is None and left.sup is not None
        if same and isinstance(below, s.Scripted) and below.sup is not None:
            layer = s.spell(left.sup) if left.sup is not None else ""
            if layer == s.spell(below.sup) and not layer.isdecimal():
                yield base_of(left), slope[1], below


def _slope(node: s.Node, layers: Layers) -> tuple[str, s.Node, s.Node] | None:
    """The derivative that a factor is: ∂C/∂z^l, or δ^l, which is declared to be that."""
    found = slope_of(node)
    if found is not None:
        return (found[0] if isinstance(found[0], str) else "?"), found[1], found[2]
    for letter, above, below in layers.errors:
        match node, below:
            case s.Scripted(sub=None, sup=layer, primes=0), s.Scripted() if (
                layer is not None and base_of(node) == letter
            ):
                return "", above, replace(below, sup=layer)
    return None


def _up(below: inferred.Seen, above: inferred.Seen) -> int:
    if below.layer is None or above.layer is None or below.layer.name != above.layer.name:
        return 0
    return above.layer.offset - below.layer.offset


def telescopes(left: s.Node, side: s.Node, layers: Layers) -> bool:
    r"""Whether a side is the chain rule through whole layers, in either order of its factors.

    >>> from symnet.paper.formula.reader import read
    >>> usual = layers_of(Declared())
    >>> def is_right(text: str) -> bool:
    ...     (chain,) = read(text).statements
    ...     return telescopes(chain.sides[0], chain.sides[1], usual)
    >>> is_right(r"\frac{dC}{dW^l} = \frac{dC}{dz^l} \frac{dz^l}{dW^l}")
    True
    >>> is_right(r"\frac{dC}{dW^l} = \frac{dC}{dz^l} \frac{dz^{l+1}}{dW^l}")
    False
    """
    whole = _slope(left, layers)
    if whole is None or not isinstance(side, s.Product) or slope_of(side) is not None:
        return False
    slopes = [_slope(x, layers) for x in side.factors]
    if len(slopes) < 2 or not set(side.operators) <= PRODUCTS:
        return False
    pairs = [(s.spell(x[1]), s.spell(x[2])) for x in slopes if x is not None and not x[0]]
    if len(pairs) != len(slopes) or whole[0]:
        return False
    places = {s.spell(x): _depth(x, layers) for each in slopes if each for x in each[1:]}
    for ordered in (pairs, pairs[::-1]):
        if any(below != above for (_, below), (above, _) in pairwise(ordered)):
            continue
        if (ordered[0][0], ordered[-1][1]) != (s.spell(whole[1]), s.spell(whole[2])):
            continue
        ways = [places[x] for x in (ordered[0][0], *(below for _, below in ordered))]
        if all(_is_above(one, other) for one, other in pairwise(ways)):
            return True
    return False


def _depth(node: s.Node, layers: Layers) -> Depth | None:
    """Where a whole layer's quantity stands; None for what is none, or is one of a neuron."""
    if isinstance(node, s.Name) and base_of(node) in COSTS:
        return "C", 0
    found = inferred.seen(node)
    if found is None or found.layer is None or found.letters or found.transposed:
        return None
    base, at = found.base.rpartition(":")[2], found.layer
    if base in layers.weighted:
        return _at(at, 0)
    if base in layers.outputs:
        return _at(at.shift(-layers.output_up), 0.5)
    if base in layers.weights:
        return _at(at.shift(layers.weight_up), -0.25)
    if base in layers.biases:
        return _at(at.shift(layers.bias_up), -0.25)
    return None


def _at(layer: LayerNumber, more: float) -> Depth:
    return layer.name, layer.offset + more


def _is_above(one: Depth | None, other: Depth | None) -> bool:
    """Whether the one depends on the other, and nothing below it on another way."""
    if one is None or other is None or other[0] == "C":
        return False
    if one[1] % 1 == 0.75:
        return False  # nothing is below a weight
    if one[0] == "C":
        return True
    if one[0] == other[0]:
        return one[1] > other[1]
    return one[0] == "L" and one[1] >= 0 and other[1] < 1


def without_chains(statement: Statement, known: Declared) -> Statement | None:
    """A statement without the sides that are the chain rule through whole layers.

    None where nothing else is said: how the axes of its factors are laid out is left to the reader.
    """
    chain = statement.node
    if not isinstance(chain, s.Chain) or not set(chain.relations) <= EQUALITIES:
        return statement
    layers = layers_of(known)
    if layers is None:
        return statement
    written = [x for x in chain.sides[1:] if telescopes(chain.sides[0], x, layers)]
    if not written:
        return statement
    if len(written) == len(chain.sides) - 1:
        return None
    text = statement.printed
    for before, side in pairwise(chain.sides):
        if any(side is x for x in written):
            part = statement.whole[before.end : side.end]
            if text.count(part) != 1:
                return statement
            text = text.replace(part, " ")
    try:
        (node,) = read(text).statements[:1]
    except (SymnetError, ValueError):
        return statement
    return replace(statement, node=node, printed=text)
