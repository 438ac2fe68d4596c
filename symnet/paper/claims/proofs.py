"""A claim in general: for all widths, or with all sums written out for widths that are given.

What is proved here was decided by the kernel and by the checker (`calculus/claim.py`), with σ, C
and the sizes as symbols. A product over layers is proved by induction, from the last layer down.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from symnet.calculus import claim as claims
from symnet.network import notation as n
from symnet.paper.claims.statements import Claim
from symnet.paper.claims.trials import entries, networks, weights_of
from symnet.paper.context.page import Page
from symnet.paper.formula import syntax as s
from symnet.paper.meaning.arrays import Array, Table
from symnet.paper.meaning.elaboration import Elaborator
from symnet.paper.meaning.reading import Layers
from symnet.paper.signs.misfits import General, Misfit, Missing, Unclear
from symnet.paper.signs.scripts import layer_of, mapped
from symnet.term import Index, LayerNumber, rename

MOST_WRITTEN = 100  # weights of a network that is written out


def proof(claim: Claim, about: Page) -> str:
    """Empty if a claim is proved; else why it was not. What holds for all widths holds for some."""
    if not claim.relates:
        return ""
    why = _general_proof(claim, about)
    if not why or about.general or about.equal:
        return why
    return _written_out_proof(claim, about)


def _general_proof(claim: Claim, about: Page) -> str:
    depths = {len(widths) for widths in about.widths}
    known = len(depths) == 1 and bool(about.notation.letters)
    last = LayerNumber("", depths.pop()) if known else n.L
    layers = Layers(depth=last.offset if known else None)
    elaborator = Elaborator(claim.notation or about.notation, layers)
    try:
        sides = claim.sides(elaborator)
    except General as general:
        return _by_induction(claim, about, general)
    except (Misfit, Unclear) as error:
        return str(error)
    if sides is None:
        return ""
    if elaborator.inverses:
        return "it inverts a matrix"
    left, right = sides
    if isinstance(left, Table) or isinstance(right, Table):
        if not (isinstance(left, Table) and isinstance(right, Table)):
            return "its matrices are written out"
        pairs = entries(left, right, elaborator)
        whys = (claims.holds(x, y, about.setting, last=last) for x, y, _ in pairs)
        return next(filter(None, whys), "")
    arrays = elaborator.arrays
    if not (arrays.fit(left.rows, right.rows) and arrays.fit(left.cols, right.cols)):
        return "its sides are counted in another order"
    return claims.holds(left.term, arrays.aligned(right, left).term, about.setting, last=last)


def _by_induction(claim: Claim, about: Page, general: General) -> str:
    """A product over the layers from l+c to L+d: from one layer to the one below it."""
    if claim.right is not None and _has_product(claim.left) and not _has_product(claim.right):
        claim = replace(claim, left=claim.right, right=claim.left)
    low, high = general.first, general.last
    if general.down:
        low, high = high, low
    if not low.name and high.name == "L" and not claim.letters:
        # What holds from any layer to the last holds from this one.
        found = _from_any_layer(claim, about)
        if found is not None:
            claim, first = found
            low = LayerNumber("l", low.offset - first)
    if low.name != "l" or high.name != "L" or claim.letters != ("l",):
        return "its product over layers is not of the kind that induction decides"

    def at(layer: LayerNumber, remaining: str) -> tuple[Array, Array]:
        elaborator = Elaborator(
            claim.notation or about.notation, Layers({"l": layer}), remaining=remaining
        )
        sides = claim.sides(elaborator)
        assert sides is not None
        left, right = sides
        if isinstance(left, Table) or isinstance(right, Table):
            raise Unclear("a product over layers that is written out", claim.node)
        return left, elaborator.arrays.aligned(right, left)

    # The product is empty one layer above the last, if there is a claim at all.
    empty = LayerNumber("L", high.offset + 1 - low.offset)
    base = empty if empty.offset <= 0 else empty.shift(-1)
    try:
        base_left, base_right = at(base, "")
        step_left, step_right = at(n.l, "one more")
        next_left, next_right = at(n.l.shift(1), "others")
    except (Misfit, Unclear) as error:
        return str(error)
    return claims.holds_by_induction(
        step_left.term, step_right.term, base_left.term, base_right.term,
        (next_left.term, next_right.term), about.setting,
    )  # fmt: skip


def _has_product(node: s.Node) -> bool:
    """Whether there is a product over layers, or one of which only the ends are printed."""
    return any(
        isinstance(x, s.Dots) or (isinstance(x, s.Big) and x.operator == "prod")
        for x in s.walk(node)
    )


def _from_any_layer(claim: Claim, about: Page) -> tuple[Claim, int] | None:
    """δ^2 = … as a claim about every layer l, and the layer that l stands for; x is a^1."""
    notation = claim.notation or about.notation
    activation = next((x for x, quantity in notation.letters.items() if quantity == "a"), None)
    if activation is None or claim.right is None:
        return None

    def numbers(node: s.Node) -> Iterator[int]:
        if isinstance(node, s.Name) and node.text == notation.input:
            yield 1
        if isinstance(node, s.Scripted) and isinstance(node.base, s.Name):
            number = layer_of(node.sup) if node.sup is not None else None
            if notation.has_layers(node.base) and number is not None and not number.name:
                yield number.offset
        for child in s.children(node):
            yield from numbers(child)

    first = min(numbers(claim.left), default=None)
    if first is None:
        return None

    def at(number: int, node: s.Node) -> s.Node:
        place: dict[str, Any] = {"start": node.start, "end": node.end}
        name = s.Name("l", **place)
        if number == first:
            return name
        shift = s.Number(str(abs(number - first)), **place)
        return s.Additive((name, shift), ("+", "+" if number > first else "-"), **place)

    def general(node: s.Node) -> s.Node:
        place: dict[str, Any] = {"start": node.start, "end": node.end}
        if isinstance(node, s.Name) and node.text == notation.input:
            return s.Scripted(s.Name(activation, **place), None, at(1, node), **place)
        if isinstance(node, s.Scripted) and isinstance(node.base, s.Name) and node.sup is not None:
            number = layer_of(node.sup)
            if notation.has_layers(node.base) and number is not None and not number.name:
                sub = None if node.sub is None else general(node.sub)
                return replace(node, sub=sub, sup=at(number.offset, node.sup))
        return mapped(node, general)

    made = replace(claim, left=general(claim.left), right=general(claim.right), letters=("l",))
    return made, first


def _written_out_proof(claim: Claim, about: Page) -> str:
    """A literal network: every entry of every claim, with all sums written out."""
    if weights_of(about.widths[0]) > MOST_WRITTEN:
        return "the network is too large to be written out"
    for layers in networks(claim, about):
        elaborator = Elaborator(claim.notation or about.notation, layers)
        try:
            claim.check_layers(elaborator)
            sides = claim.sides(elaborator)
        except Missing:
            continue
        except (Misfit, Unclear) as error:
            return str(error)
        if sides is None:
            continue
        if elaborator.inverses:
            return "it inverts a matrix"
        left, right = sides
        for x, y, place in entries(left, right, elaborator):
            at = {
                i: Index(str(place[i.name]), i.axis) for i in _axes(left, right) if i.name in place
            }
            why = claims.holds(rename(x, at), rename(y, at), about.setting, layers.widths or ())
            if why:
                return why
    return ""


def _axes(*sides: Array | Table) -> Iterator[Index]:
    for side in sides:
        if isinstance(side, Array):
            yield from (*side.rows, *side.cols)
