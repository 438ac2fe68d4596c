"""A claim at numbers: in small networks whose widths differ, entry by entry, exactly.

Shapes are compared by their lengths, so a clash is one for all widths that differ. A difference of
both sides is a counterexample; where decimals were needed it is confirmed in more digits. That
nothing differs proves nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import mpmath

from symnet.calculus.counterexample import (
    Instance,
    MissingError,
    NoActivationError,
    NoValueError,
    Setting,
    agree,
)
from symnet.network import notation as n
from symnet.network.functions import KINKS
from symnet.paper.claims.statements import Claim
from symnet.paper.claims.verdicts import (
    ILL_FORMED,
    REFUTED,
    Counterexample,
    Trial,
    Verdict,
    positive_number,
)
from symnet.paper.context.page import Page
from symnet.paper.formula import syntax as s
from symnet.paper.meaning.arrays import Array, Arrays, Table
from symnet.paper.meaning.elaboration import Elaborator
from symnet.paper.meaning.reading import Layers
from symnet.paper.signs.misfits import Missing, Unclear
from symnet.term import (
    Apply,
    Axis,
    Index,
    LayerNumber,
    Size,
    Symbol,
    Term,
    free_indices,
    walk,
)

DIGITS = 120  # in which a difference of decimals is confirmed
SEED = 7


def weights_of(widths: Sequence[int]) -> int:
    """How many weights a network has."""
    return sum(x * y for x, y in pairwise(widths))


@dataclass(frozen=True, slots=True)
class Case:
    """A claim in one network: both sides at numbered layers."""

    layers: Layers
    elaborator: Elaborator
    sides: tuple[Array | Table, Array | Table] | None


def cases_of(claim: Claim, about: Page, notes: list[str]) -> Iterator[Case]:
    """A claim in all networks in which it is tried. Raises Misfit where it has no meaning."""
    found, only_empty, missing, unclear = False, True, None, None
    for layers in networks(claim, about):
        elaborator = Elaborator(claim.notation or about.notation, layers)
        try:
            claim.check_layers(elaborator)
            sides = claim.sides(elaborator)
        except Missing as error:
            if claim.literal(layers) or (
                about.every_unit and _is_of_first(error, layers) and not _is_defined(error, claim)
            ):
                raise
            missing = missing or error
            continue
        except Unclear as error:
            unclear = unclear or error
            continue
        notes += elaborator.notes
        found = True
        only_empty = only_empty and elaborator.emptied
        yield Case(layers, elaborator, sides)
    if unclear is not None:
        raise unclear
    if found and only_empty and missing is not None:
        # Wherever its product has a factor, something is named that does not exist.
        raise missing
    if not found:
        raise missing or Unclear("no network was found to try it on", claim.node)


def _is_of_first(error: Missing, layers: Layers) -> bool:
    """Whether an error of an input unit is named, for units of layer 2 that have all they need."""
    return (
        error.below
        and "delta" in str(error)
        and any(
            name != "L" and layer == LayerNumber("", 2) for name, layer in layers.numbers.items()
        )
    )


def _is_defined(error: Missing, claim: Claim) -> bool:
    """Whether what is missing is what a claim speaks of: then it is not said of that layer."""
    start, end = error.span
    first = claim.node.sides[0] if isinstance(claim.node, s.Chain) else claim.node
    while isinstance(first, s.Bracketed) or (
        isinstance(first, s.Additive) and len(first.terms) == 1
    ):
        first = first.body if isinstance(first, s.Bracketed) else first.terms[0]
    return isinstance(first, s.Scripted) and first.start <= start and end <= first.end


def networks(claim: Claim, about: Page) -> Iterator[Layers]:
    """The networks to try a claim on, and the layers that its letters stand for."""
    for widths in about.widths:
        depth = len(widths)
        if any(claim.ranges[x].beyond(depth) for x in claim.letters if x in claim.ranges):
            continue
        if not claim.letters:
            yield Layers({"L": LayerNumber("", depth)}, widths)
            continue
        ranges = [claim.values(letter, depth) for letter in claim.letters]
        for values in product(*ranges):
            numbers = {
                letter: LayerNumber("", value)
                for letter, value in zip(claim.letters, values, strict=True)
            }
            yield Layers({"L": LayerNumber("", depth), **numbers}, widths)


class Lookup:
    """The symbols of a page that no network has, at numbers; and inverted matrices."""

    def __init__(self, elaborator: Elaborator, layers: Layers) -> None:
        self.elaborator, self.layers = elaborator, layers
        self.instance: Instance | None = None
        self.inverted: dict[str, list[list[Fraction]]] = {}
        self.known: dict[tuple[str, tuple[int, ...]], Any] = {}

    def size(self, axis: Axis) -> int | None:
        """Axes of the page have three places."""
        return None if axis.name == "n" else 3

    def symbol(self, symbol: Symbol, positions: tuple[int, ...]) -> Any:
        """An entry of an inverted matrix or of a part; anything else is left to chance."""
        if symbol.name in self.elaborator.parts:
            return self._part(symbol.name, positions)
        if symbol.name in self.elaborator.notation.positive:
            return positive_number(symbol.name)
        if symbol.name not in self.elaborator.inverses:
            return None
        if symbol.name not in self.inverted:
            self.inverted[symbol.name] = self._inverse(symbol.name)
        row, col = positions
        return self.inverted[symbol.name][row - 1][col - 1]

    def _part(self, name: str, positions: tuple[int, ...]) -> Any:
        key = name, positions
        if key not in self.known:
            letters, term = self.elaborator.parts[name]
            assert self.instance is not None
            at: dict[Index | str, int] = dict(zip(letters, positions, strict=True))
            self.known[key] = self.instance.value(term, self.numbers, at)
        return self.known[key]

    @property
    def numbers(self) -> dict[str, int]:
        """The layers that letters stand for."""
        return {name: layer.offset for name, layer in self.layers.numbers.items()}

    def _inverse(self, name: str) -> list[list[Fraction]]:
        array = self.elaborator.inverses[name]
        (row,), (col,) = array.rows, array.cols
        size = self.layers.size(row.axis)
        assert size is not None
        assert self.instance is not None
        matrix = [
            [
                Fraction(self.instance.value(array.term, self.numbers, {row: i + 1, col: j + 1}))
                for j in range(size)
            ]
            for i in range(size)
        ]
        return inverse(matrix)


def has_kinks(case: Case) -> bool:
    """Whether functions with branches stand in a claim."""
    functions = (
        part.function.formula
        for side in case.sides or ()
        for term in _terms(side)
        for part in walk(term)
        if isinstance(part, Apply)
    )
    return any(formula is not None and formula.has(*KINKS) for formula in functions)


def _terms(side: Array | Table) -> list[Term]:
    return [side.term] if isinstance(side, Array) else [x for row in side.entries for x in row]


def inverse(matrix: Sequence[Sequence[Fraction]]) -> list[list[Fraction]]:
    """The inverse of a matrix of fractions. Raises NoValueError if it has none."""
    size = len(matrix)
    rows = [[*row, *(Fraction(int(i == j)) for j in range(size))] for i, row in enumerate(matrix)]
    for at in range(size):
        pivot = next((i for i in range(at, size) if rows[i][at]), None)
        if pivot is None:
            raise NoValueError("a matrix without an inverse")
        rows[at], rows[pivot] = rows[pivot], rows[at]
        rows[at] = [x / rows[at][at] for x in rows[at]]
        for i in range(size):
            if i != at and rows[i][at]:
                factor = rows[i][at]
                rows[i] = [x - factor * y for x, y in zip(rows[i], rows[at], strict=True)]
    return [row[size:] for row in rows]


def difference(claim: Claim, about: Page, case: Case, *, surely: bool = True) -> Verdict | None:
    """Where both sides of a claim differ in one network; None if they are equal there.

    `surely`: a difference of decimals is confirmed in more digits.
    """
    if case.sides is None:
        return None
    layers, elaborator = case.layers, case.elaborator
    left, right = case.sides
    names = letters_of(left, right)
    ranges = []
    for index in names:
        size = layers.size(index.axis)
        ranges.append(range(1, (3 if size is None else size) + 1))
    notation = claim.notation or about.notation
    widths = (layers.widths or ()) if notation.letters else ()
    # Other numbers in every network, and what no network has is drawn twice.
    first = SEED + 10 * len(layers.widths or ())
    times = about.seeds + bool(about.notation.vectors)
    for seed in range(first, first + times):
        lookup = Lookup(elaborator, layers)
        numbers = {name: layer.offset for name, layer in layers.numbers.items()}
        try:
            instance = _instance(layers.widths or (2, 2), about.setting, seed)
            instance.lookup, lookup.instance = lookup, instance
            for values in product(*ranges):
                indices = {i.name: v for i, v in zip(names, values, strict=True)}
                for x, y, place in entries(left, right, elaborator):
                    here = {**indices, **place}
                    one = instance.value(x, numbers, here)
                    other = instance.value(y, numbers, here)
                    if not claim.holds(one, other) and (
                        not surely or _differs_surely((x, y), here, layers, lookup, seed, about)
                    ):
                        shown: dict[str, int | str] = {
                            k: v.offset for k, v in layers.numbers.items() if k in claim.letters
                        }
                        shown |= indices | _named(place, left)
                        found = Counterexample(widths, shown, *told_apart(one, other))
                        trial = None
                        if not elaborator.inverses and _is_plain(x, y, about):
                            trial = Trial(
                                elaborator.whole(x), elaborator.whole(y), about.setting,
                                layers.widths or (2, 2), seed, numbers, here,
                                elaborator.notation.positive,
                            )  # fmt: skip
                        return Verdict(
                            REFUTED, claim.difference(found), counterexample=found, trial=trial
                        )
        except NoActivationError as error:
            if claim.literal(layers) or not claim.letters:
                return Verdict(ILL_FORMED, str(error), "wrong-range")
            continue  # a layer that the claim does not name is none that it speaks of
        except MissingError as error:
            return Verdict(ILL_FORMED, str(error), "wrong-range")
        except NoValueError:
            continue
    return None


_KEPT: dict[tuple[tuple[int, ...], Setting, int], Instance] = {}
MOST_KEPT = 40


def _instance(widths: tuple[int, ...], setting: Setting, seed: int) -> Instance:
    """A network at numbers, with what it worked out for other formulas as long as that is exact.

    What needed decimals once is made anew: what a formula is told must not depend on those before.
    """
    key = widths, setting, seed
    kept = _KEPT.get(key)
    if kept is None or not kept.exact:
        if len(_KEPT) >= MOST_KEPT:
            _KEPT.clear()
        kept = _KEPT[key] = Instance(widths, setting, seed)
    return kept


def _differs_surely(
    sides: tuple[Term, Term],
    indices: Mapping[str, int],
    layers: Layers,
    lookup: Lookup,
    seed: int,
    about: Page,
) -> bool:
    """Whether two values that differ in fifty digits differ in more digits, too."""
    if lookup.instance is None or lookup.instance.exact:
        return True
    again = Lookup(lookup.elaborator, layers)
    again.instance = Instance(layers.widths or (2, 2), about.setting, seed, again, DIGITS)
    one, other = (again.instance.value(x, again.numbers, indices) for x in sides)
    return not agree(one, other)


def letters_of(*sides: Array | Table) -> list[Index]:
    """The letters that stand free on both sides, each once."""
    found: dict[str, Index] = {}
    for side in sides:
        own: set[Index] = set()
        terms = [side.term] if isinstance(side, Array) else [x for r in side.entries for x in r]
        if isinstance(side, Array):
            own = {*side.rows, *side.cols}
        for term in terms:
            for index in free_indices(term) - own:
                if not index.name.isdigit():
                    found.setdefault(index.name, index)
    return [found[name] for name in sorted(found)]


def entries(
    left: Array | Table, right: Array | Table, elaborator: Elaborator
) -> Iterator[tuple[Term, Term, dict[str, int]]]:
    """Both sides entry by entry."""
    arrays = elaborator.arrays
    if isinstance(left, Table) or isinstance(right, Table):
        one, other = arrays.table(left), arrays.table(right)
        assert one is not None
        assert other is not None
        for xs, ys in zip(one.entries, other.entries, strict=True):
            for x, y in zip(xs, ys, strict=True):
                yield x, y, {}
        return
    if arrays.fit(left.rows, right.rows) and arrays.fit(left.cols, right.cols):
        right = arrays.aligned(right, left)
        sides = (*left.rows, *left.cols)
        sizes = [arrays.size(i.axis) or 3 for i in sides]
        for values in product(*(range(1, size + 1) for size in sizes)):
            yield left.term, right.term, {i.name: v for i, v in zip(sides, values, strict=True)}
        return
    # Of one length, but counted in another order: place by place.
    for one_, other_ in zip(_places(left, arrays), _places(right, arrays), strict=True):
        yield left.term, right.term, {**one_, **other_}


def _is_plain(one: Term, other: Term, about: Page) -> bool:
    """Whether a claim is about one sample of a network with biases, and about no penalty."""
    symbols = [x for term in (one, other) for x in walk(term) if isinstance(x, Symbol)]
    sizes = [x for term in (one, other) for x in walk(term) if isinstance(x, Size)]
    several = any(n.sample_of(x) is not None for x in symbols)
    several = several or any(x.axis == n.SAMPLES for x in sizes)
    return about.setting.bias and not several and not any(map(n.is_penalty, symbols))


def _named(place: Mapping[str, int], array: Array | Table) -> dict[str, int]:
    """The place of an entry in an array, in words."""
    if isinstance(array, Table):
        return dict(place)
    names = {i.name: "row" for i in array.rows} | {i.name: "column" for i in array.cols}
    if len(array.rows) > 1 or len(array.cols) > 1:
        return {}
    return {names[k]: v for k, v in place.items() if k in names}


def _places(array: Array, arrays: Arrays) -> Iterator[dict[str, int]]:
    sides = (*array.rows, *array.cols)
    for values in product(*(range(1, (arrays.size(i.axis) or 3) + 1) for i in sides)):
        yield {i.name: v for i, v in zip(sides, values, strict=True)}


def told_apart(one: Any, other: Any) -> tuple[str, str]:
    """Two values that differ, in as many digits as it takes to see it."""
    for digits in (10, 20, 40, DIGITS):
        left, right = _shown(one, digits), _shown(other, digits)
        if left != right:
            break
    return left, right


def _shown(value: Any, digits: int) -> str:
    if isinstance(value, Fraction):
        bits = value.numerator.bit_length() + value.denominator.bit_length()
        if bits <= 60:
            return str(value)
        with mpmath.workdps(digits + 10):
            return str(mpmath.nstr(mpmath.mpf(value.numerator) / value.denominator, digits))
    return str(mpmath.nstr(value, digits))
