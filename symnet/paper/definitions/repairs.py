r"""What is wrong with a claim about definitions: the one edit of its text that makes it right.

As in `repair/edits.py`, edits are a table, `EDITS`: the mistakes that people make, the likely ones
first. Those that know nothing of layers are taken from there.

>>> from symnet.paper.formula.reader import read
>>> text = r"\frac{\partial L}{\partial W} = X \frac{\partial L}{\partial Y}"
>>> (chain,) = read(text).statements
>>> page = Editing(System({"X": Quantity("‹X›")}), {"X": "X"})
>>> place = Place(text, chain.sides[1], chain.sides[0], Notation())
>>> [edit.text for edit in transposed(place, page)][:1]
['X^T']
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from symnet.paper.claims.statements import Claim
from symnet.paper.definitions.names import key_of, ways_of
from symnet.paper.definitions.system import Quantity, System
from symnet.paper.formula import syntax as s
from symnet.paper.repair import functions, scripts, terms
from symnet.paper.repair.places import Edit, Place, as_factor, calls_of, scripts_of, whole_side
from symnet.paper.signs.derivatives import derivative_of
from symnet.paper.signs.notation import Notation
from symnet.paper.signs.scripts import is_transpose

MOST_DIGIT = 4


@dataclass(frozen=True, slots=True)
class Editing:
    """The symbols of a page, and how it prints them."""

    system: System
    printed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Named:
    """A symbol of the page as it stands in a claim."""

    node: s.Name | s.Scripted
    key: str
    quantity: Quantity
    sub: s.Node | None
    sup: s.Node | None


def named_in(place: Place, page: Editing, node: s.Node | None = None) -> Iterator[Named]:
    """The symbols of a side that the page declares, not those inside their scripts."""
    node = place.node if node is None else node
    if isinstance(node, s.Name | s.Scripted):
        for way in ways_of(node):
            quantity = page.system.quantities.get(way.key)
            if quantity is not None:
                yield Named(node, way.key, quantity, way.sub, way.sup)
                return
    for child in s.children(node):
        yield from named_in(place, page, child)


def numerals_moved(place: Place, page: Editing) -> Iterator[Edit]:
    """z_2 where z_1 is meant."""
    for each in named_in(place, page):
        for part in s.walk(each.node):
            if not isinstance(part, s.Number) or not part.text.isdigit():
                continue
            for digit in range(MOST_DIGIT + 1):
                key = each.key.replace(part.text, str(digit))
                if key != each.key and key in page.system.quantities:
                    yield Edit("layer-offset", part.start, part.end, str(digit))


def transposed(place: Place, page: Editing) -> Iterator[Edit]:
    """A transpose too few or too many, of a symbol or of a derivative."""
    for each in named_in(place, page):
        node = each.node
        if each.sub is None and each.sup is None:
            plain = isinstance(node, s.Name) or node.sup is None
            text = place.of(node)
            yield Edit("transpose", node.start, node.end,
                       f"{text}^T" if plain else f"{{{text}}}^T")  # fmt: skip
    for part in s.walk(place.node):
        if isinstance(part, s.Fraction) and derivative_of(part) is not None:
            text = rf"\left({place.of(part)}\right)^T"
            yield Edit("transpose", part.start, part.end, text)


def exchanged(place: Place, page: Editing) -> Iterator[Edit]:
    """A B where B A is meant; and (A B)^T as the factors stand."""
    for part in s.walk(place.node):
        if not isinstance(part, s.Product) or part in scripts_of(place.node):
            continue
        for at in range(1, len(part.factors)):
            one, other = part.factors[at - 1], part.factors[at]
            if part.operators[at] in ("", r"\cdot") and not isinstance(one, s.Big):
                between = place.text[one.end : other.start]
                text = as_factor(place, other) + (between or " ") + as_factor(place, one)
                yield Edit("wrong-product", one.start, other.end, text)
                both = _flipped(place, other), _flipped(place, one)
                yield Edit("transpose", one.start, other.end, " ".join(both))


def _flipped(place: Place, node: s.Node) -> str:
    match node:
        case s.Scripted(sup=sup) if sup is not None and is_transpose(sup):
            return place.text[node.start : sup.start].rstrip().rstrip("{").rstrip().rstrip("^")
        case s.Name() | s.Scripted(sup=None):
            return f"{place.of(node)}^T"
    return rf"\left({place.of(node)}\right)^T"


def others_for(place: Place, page: Editing) -> Iterator[Edit]:
    """Another symbol of the same shape: h where z is meant, x where x̂ is."""
    calls = [argument for _, argument in calls_of(place, place.node)]
    for each in named_in(place, page):
        base = each.node.base if isinstance(each.node, s.Scripted) else each.node
        for key, text in page.printed.items():
            other = page.system.quantities.get(key)
            if other is None or key == each.key or other.axes != each.quantity.axes:
                continue
            whole = key_of(base) != each.key
            node: s.Node = each.node if whole and each.sub is None and each.sup is None else base
            if whole and node is base:
                continue
            inside = any(x.start <= node.start < x.end for x in calls)
            kind = "wrong-derivative-argument" if inside else "other"
            yield Edit(kind, node.start, node.end, text)


def sizes(place: Place, page: Editing) -> Iterator[Edit]:
    """1/N too few or too many."""
    text = as_factor(place, place.node)
    for size in page.system.sizes:
        yield whole_side(place, "factor", rf"\frac{{1}}{{{size}}} {text}")
    for size in page.system.sizes:
        yield whole_side(place, "factor", rf"{size} {text}")
    for part in s.walk(place.node):
        if isinstance(part, s.Fraction) and isinstance(part.above, s.Number):
            key = key_of(part.below)
            for size in page.system.sizes if key in page.system.sizes else ():
                yield Edit("factor", part.below.start, part.below.end, size)


def factors_added(place: Place, page: Editing) -> Iterator[Edit]:
    """A factor that is missing: x̂_i in a sum, γ before it, a mask."""
    letters = [x.text for x in _letters(place)]
    text = place.of(place.node)
    whole = as_factor(place, place.node)
    for key, printed in page.printed.items():
        quantity = page.system.quantities.get(key)
        if quantity is None or quantity.alias is not None:
            continue
        if not quantity.axes:
            yield whole_side(place, "missing-term", rf"{printed} {whole}")
        elif quantity.plain and len(quantity.axes) == 1:
            for letter in dict.fromkeys(letters):
                yield whole_side(place, "missing-term", rf"{text} \cdot {printed}_{letter}")
        else:
            yield whole_side(place, "missing-term", rf"{printed} \odot {whole}")
            yield whole_side(place, "missing-term", rf"{whole} {printed}^T")
            yield whole_side(place, "missing-term", rf"{printed}^T {whole}")


def _letters(place: Place) -> Iterator[s.Name]:
    for side in (place.node, place.kept):
        for script in scripts_of(side):
            for part in s.walk(script):
                if isinstance(part, s.Name) and len(part.text) == 1 and part.text.islower():
                    yield part


def penalties(place: Place, page: Editing) -> Iterator[Edit]:
    """+ λ W, which a penalty adds to the gradient by W."""
    by = None
    if isinstance(place.kept, s.Fraction) and (found := derivative_of(place.kept)) is not None:
        by = place.of(found[1])
    numbers = [x for k, x in page.printed.items()
               if (q := page.system.quantities.get(k)) is not None and not q.axes]  # fmt: skip
    for each in (by,) if by is not None else ():
        for number_ in numbers:
            yield whole_side(place, "missing-term", f"{place.of(place.node)} + {number_} {each}")
            for part in s.walk(place.node):
                for term in part.terms if isinstance(part, s.Additive) else ():
                    if place.of(term) == number_:
                        yield Edit("missing-term", term.start, term.end, f"{number_} {each}")


def summed(place: Place, page: Editing) -> Iterator[Edit]:
    """The sum over the examples, where a bias has been added to each."""
    ones = page.printed.get("1")
    text = as_factor(place, place.node)
    if ones is not None:
        yield whole_side(place, "missing-term", rf"{ones}^\top {text}")
        yield whole_side(place, "missing-term", rf"{text} {ones}")
    for letter, count in (("n", "N"), ("i", "N"), ("i", "m")):
        if count in page.system.sizes:
            yield whole_side(place, "missing-term", rf"\sum_{{{letter}=1}}^{{{count}}} {text}")


def exponents(place: Place, page: Editing) -> Iterator[Edit]:
    """-1/2 where -3/2 is meant."""
    for part in s.walk(place.node):
        if isinstance(part, s.Scripted) and part.sup is not None and not is_transpose(part.sup):
            for exponent in ("-1/2", "-3/2", "-1", "1/2", "2"):
                start, end = part.sup.start, part.sup.end
                braced = place.text[:start].rstrip()[-1:] == "{"
                yield Edit("factor", start, end, exponent if braced else f"{{{exponent}}}")


def conditions(text: str, display: s.Display) -> Iterator[Edit]:
    """α ≠ 0 where α > 0 is meant."""
    for chain in display.statements:
        match chain:
            case s.Chain(sides=(one, s.Number() as other), relations=(r"\ne" | r"\neq",)):
                yield Edit("wrong-range", one.end, other.start, " > ")


def _generic(edit: Callable[[Place], Iterator[Edit]]) -> Callable[[Place, Editing], Iterator[Edit]]:
    return lambda place, page: edit(place)


# The mistakes that people make, the likely ones first.
EDITS: tuple[Callable[[Place, Editing], Iterator[Edit]], ...] = (
    numerals_moved,
    _generic(scripts.transposes),
    transposed,
    exchanged,
    _generic(functions.primes),
    others_for,
    _generic(terms.signs),
    _generic(terms.factors_changed),
    sizes,
    factors_added,
    penalties,
    summed,
    _generic(terms.products_changed),
    exponents,
    _generic(scripts.letters_exchanged),
    _generic(terms.factors_dropped),
)


def edits(
    text: str, display: s.Display, claim: Claim, notation: Notation, page: Editing
) -> Iterator[Edit]:
    """All edits of conditions and of the right side of a claim, none twice."""
    yield from conditions(text, display)
    if claim.right is None:
        return
    seen = {text}
    place = Place(text, claim.right, claim.left, notation)
    for kind in EDITS:
        for edit in kind(place, page):
            changed = edit.applied(text)
            if changed not in seen:
                seen.add(changed)
                yield edit
