r"""How formulas are meant whose products have no shape: a(1 - a) entry by entry, chains of slopes.

Authors write a(1 - a) for the slope of a sigmoid, and ∂C/∂a ∂a/∂z for what the chain rule makes of
∂C/∂z, whichever way its arrays lie. Read strictly such products have no shape; what is proved of
them as they are meant is noted as such.

>>> from symnet.paper.formula.reader import read
>>> formula = r"\frac{\partial C}{\partial a^l} \frac{\partial a^l}{\partial z^l}"
>>> s.spell(meant(read(formula)).display)
'frac({\\partial C}; {\\partial z^{l}})'
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from symnet.paper.formula import syntax as s
from symnet.paper.signs.scripts import is_transpose, layer_and_transpose, layer_of, mapped

KINDS = {"w": -1, "W": -1, "b": -1, "z": 0, "a": 1}  # in the order in which they are computed
NUMBER = "a(1 - a) is read entry by entry: as a matrix product it has no shape"
LOGARITHM = "y ln a is read as the sum over the outputs: as a matrix product it has no shape"
CHAIN = "the chain of derivatives is read as the chain rule: as matrices they do not fit"


@dataclass(frozen=True, slots=True)
class Meant:
    """A display with its products as they are meant, and what was read so."""

    display: s.Display
    notes: tuple[str, ...]


def meant(display: s.Display) -> Meant | None:
    """A display in Nielsen's notation as it is meant; None if there is nothing to be read so."""
    found: dict[str, None] = {}

    def changed(node: s.Node) -> s.Node:
        node = mapped(node, changed)
        if isinstance(node, s.Product):
            squared = _entry_by_entry(node)
            if squared is not None:
                found[NUMBER] = None
                node = squared
        if isinstance(node, s.Product):
            summed = _over_outputs(node)
            if summed is not None:
                found[LOGARITHM] = None
                node = summed
            chained = _chained(node)
            if chained is not None:
                found[CHAIN] = None
                return chained
        return node

    made = changed(display)
    assert isinstance(made, s.Display)
    return Meant(made, tuple(found)) if found else None


def _entry_by_entry(node: s.Product) -> s.Product | None:
    """X(1 - X) with the same X, a vector: each entry by its own."""
    for at, (one, other) in enumerate(pairwise(node.factors)):
        if node.operators[at + 1] not in ("", r"\cdot", r"\times", "*"):
            continue
        if not any(_is_complement(x, y) for x, y in ((other, one), (one, other))):
            continue
        both = s.Product((one, other), ("", r"\odot"), start=one.start, end=other.end)
        inside = s.Bracketed("(", both, ")", start=one.start, end=other.end)
        factors = (*node.factors[:at], inside, *node.factors[at + 2 :])
        operators = (*node.operators[: at + 1], *node.operators[at + 2 :])
        return replace(node, factors=factors, operators=operators)
    return None


def _over_outputs(node: s.Product) -> s.Product | None:
    """y ln a and (1 - y) ln(1 - a): of one output, or of each."""
    factors = list(node.factors)
    for at, (one, other) in enumerate(pairwise(factors)):
        base = other.base if isinstance(other, s.Scripted) else other
        named = isinstance(base, s.Name) and base.text in ("log", "ln")
        if not named or node.operators[at + 1] not in ("", r"\cdot", r"\times", "*"):
            continue
        if _is_target(one) or any(
            isinstance(one, s.Bracketed) and _is_complement(one, x) and _is_target(x)
            for x in s.walk(one)
        ):
            inside = s.Bracketed("(", one, ")", start=one.start, end=one.end)
            turned = s.Name("T", start=one.end, end=one.end)
            factors[at] = s.Scripted(inside, None, turned, start=one.start, end=one.end)
    return replace(node, factors=tuple(factors)) if factors != list(node.factors) else None


def _is_target(node: s.Node) -> bool:
    node = _bare(node)
    while isinstance(node, s.Scripted | s.Sampled):
        node = node.base if isinstance(node, s.Scripted) else node.of
    return isinstance(node, s.Name) and node.text == "y"


def _is_complement(node: s.Node, of: s.Node) -> bool:
    """Whether something is (1 - X)."""
    match node:
        case s.Bracketed(body=s.Additive(terms=(s.Number(text="1"), other), signs=("+", "-"))):
            return s.spell(_bare(other)) == s.spell(_bare(of))
    return False


def _bare(node: s.Node) -> s.Node:
    while isinstance(node, s.Bracketed):
        node = node.body
    return node


def _chained(node: s.Product) -> s.Node | None:
    """∂C/∂x ∂x/∂y … ∂u/∂v as ∂C/∂v, where each is computed from the next."""
    parts = [_slope(x) for x in node.factors]
    if len(parts) < 2 or any(x not in ("", r"\cdot", r"\times", "*") for x in node.operators):
        return None
    slopes = [x for x in parts if x is not None]
    if len(slopes) != len(parts) or not _is_cost(slopes[0][0]):
        return None
    for (_, below), (above, _) in pairwise(slopes):
        if s.spell(below) != s.spell(above):
            return None
    places = [_place(x) for _, x in slopes]
    if any(x is None for x in places) or not _goes_down(places):
        return None
    first, last = node.factors[0], node.factors[-1]
    assert isinstance(first, s.Fraction)
    assert isinstance(last, s.Fraction)
    return s.Fraction(first.above, last.below, start=node.start, end=node.end)


def _slope(node: s.Node) -> tuple[s.Node, s.Node] | None:
    """What is derived, and by what."""
    match node:
        case s.Fraction(
            above=s.Product(factors=(s.Name(text="d" | r"\partial"), of)),
            below=s.Product(factors=(s.Name(text="d" | r"\partial"), by)),
        ):
            return of, by
    return None


def _is_cost(node: s.Node) -> bool:
    return isinstance(node, s.Name) and node.text == "C"


def _place(node: s.Node) -> tuple[str, int] | None:
    """The layer's letter, and how late a quantity is computed; None for an entry."""
    node = _bare(node)
    if isinstance(node, s.Scripted) and isinstance(node.base, s.Bracketed):
        if node.sup is None or not is_transpose(node.sup):
            return None
        node = _bare(node.base)  # of vectors that are rows
    if not isinstance(node, s.Scripted) or node.sub is not None or node.sup is None:
        return None
    base = node.base
    layer_node, transposed = layer_and_transpose(node.sup)
    layer = layer_of(layer_node) if layer_node is not None and not transposed else None
    if layer is None or not isinstance(base, s.Name) or base.text not in KINDS:
        return None
    return layer.name, 3 * layer.offset + KINDS[base.text]


def _goes_down(places: Sequence[tuple[str, int] | None]) -> bool:
    kept = [x for x in places if x is not None]
    if len({name for name, _ in kept}) != 1:
        return False
    pairs = pairwise(kept)
    # w and b are computed from nothing: only the last can be one of them.
    return all(x > y for (_, x), (_, y) in pairs) and all(x % 3 != 2 for _, x in kept[:-1])
