"""verify: a printed formula in, a verdict out.

The formula is read, its statements are separated from the ranges they hold for, and each is given a
meaning at numbered layers of small networks whose widths differ from layer to layer. No shape fits:
ill-formed. A value differs: refuted, with the numbers. Else it is given its meaning once more for
general layers, and only what the kernel and the checker both prove there is `proved`; the rest is
`unknown`.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import mpmath

from symnet.calculus import claim as claims
from symnet.calculus.counterexample import Instance, MissingError, NoValueError, Setting, agree
from symnet.errors import SymnetError
from symnet.network import notation as n
from symnet.paper import syntax as s
from symnet.paper.arrays import Array, ShapeClash, Table, scalar
from symnet.paper.context import Page, page
from symnet.paper.elaboration import Elaborator, General, Layers, Misfit, Missing, Tensor, Unclear
from symnet.errors import DanglingError, UnbalancedError
from symnet.paper.formula_reader import read
from symnet.paper.repair import edits, is_overloaded
from symnet.paper.statements import Claim, claims_of
from symnet.term import Axis, Index, LayerNumber, Partial, Symbol, Term, add, mul, number, rename

PROVED, REFUTED, ILL_FORMED, UNKNOWN = "proved", "refuted", "ill-formed", "unknown"
BUDGET = 6.0  # seconds, after which the search ends
REPAIR = 0.4  # seconds, after which no more edits are tried
DIGITS = 120  # in which a difference of decimals is confirmed
MOST_ENTRIES = 400  # weights of a network that a formula is tried in
MOST_WRITTEN = 100  # weights of a network that is written out
BEFORE_PROOF = 2  # networks in which a claim is tried before a proof is sought
BEFORE_REPAIR = 4  # networks in which an edit is tried
SEED = 7


@dataclass(frozen=True, slots=True)
class Counterexample:
    """Where a formula fails: the widths, the layers and neurons, and both sides."""

    widths: tuple[int, ...]
    indices: Mapping[str, int | str]
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Trial:
    """All that it takes to see a formula fail again: one entry of both sides on one network.

    `layers` and `indices` say what the letters stand for; the numbers of the network are those that
    `Instance(widths, setting, seed)` draws.
    """

    left: Term
    right: Term
    setting: Setting
    widths: tuple[int, ...]
    seed: int
    layers: Mapping[str, int]
    indices: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of a formula; the fields are those of interface section 5."""

    verdict: str
    reason: str
    error_kind: str | None = None
    span: tuple[int, int] | None = None
    suggestion: str | None = None
    counterexample: Counterexample | None = None
    assumptions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    id: Any = None
    trial: Trial | None = None

    @property
    def record(self) -> dict[str, Any]:
        """The verdict as plain data, for JSON."""
        example = self.counterexample
        return {
            "id": self.id,
            "verdict": self.verdict,
            "reason": self.reason,
            "error_kind": self.error_kind,
            "span": None if self.span is None else list(self.span),
            "suggestion": self.suggestion,
            "counterexample": None
            if example is None
            else {
                "widths": list(example.widths),
                "indices": dict(example.indices),
                "left": example.left,
                "right": example.right,
            },
            "assumptions": list(self.assumptions),
            "notes": list(self.notes),
            "seconds": round(self.seconds, 4),
        }


def verify(
    latex: str, convention: str = "nielsen", context: Mapping[str, Any] | None = None
) -> Verdict:
    """The verdict on a formula as printed, under a convention and what a page declares."""
    started = time.perf_counter()
    try:
        found = _verdict(latex, convention, context or {}, started)
    except RecursionError:
        found = Verdict(UNKNOWN, "the formula is nested too deeply")
    return replace(found, seconds=time.perf_counter() - started)


def _verdict(
    latex: str, convention: str, context: Mapping[str, Any], started: float
) -> Verdict:
    try:
        display = read(latex)
    except UnbalancedError as error:
        span = (error.start, error.start + error.length)
        return Verdict(ILL_FORMED, error.message, "unbalanced", span)
    except DanglingError as error:
        span = (error.start, error.start + error.length)
        return Verdict(ILL_FORMED, error.message, "other", span)
    except SymnetError as error:
        span = (error.start, error.start + error.length)
        return Verdict(UNKNOWN, error.message, None, span)
    try:
        about = page(convention, context, display)
    except SymnetError as error:
        return Verdict(UNKNOWN, error.message)
    judged, claim = judge(display, about, started + BUDGET)
    if claim is not None and judged.verdict in (REFUTED, ILL_FORMED):
        judged = explained(judged, claim, latex, convention, context)
    return replace(judged, assumptions=(*about.assumptions, *judged.assumptions))


# --- judging -------------------------------------------------------------------------------


def judge(display: s.Display, about: Page, deadline: float) -> tuple[Verdict, Claim | None]:
    """The verdict on a formula that has been read, and the claim that it is about."""
    try:
        found = claims_of(display, about)
    except Unclear as unclear:
        return Verdict(UNKNOWN, str(unclear), None, unclear.span), None
    except Misfit as misfit:
        return Verdict(ILL_FORMED, str(misfit), misfit.kind, misfit.span), None
    if not found:
        nothing = (display.start, display.end)
        return Verdict(UNKNOWN, "nothing is claimed here", None, nothing), None
    notes: list[str] = []
    unclear: Verdict | None = None
    for claim in found:
        verdict = _judged(claim, about, deadline, notes)
        if verdict.verdict in (REFUTED, ILL_FORMED):
            if about.unread and verdict.verdict == REFUTED:
                reason = f"it does not hold if nothing more is said, but {about.unread} was not read"
                return Verdict(UNKNOWN, reason, None, verdict.span, notes=tuple(notes)), claim
            return replace(verdict, notes=tuple(dict.fromkeys(notes))), claim
        if verdict.verdict == UNKNOWN:
            unclear = unclear or verdict
    if unclear is not None:
        return replace(unclear, notes=tuple(dict.fromkeys(notes))), None
    how = "it holds for all widths" if about.general else "it holds for these widths"
    return Verdict(PROVED, how, notes=tuple(dict.fromkeys(notes))), None


def explained(
    judged: Verdict, claim: Claim, latex: str, convention: str, context: Mapping[str, Any]
) -> Verdict:
    """The verdict with the kind of the error and its place: those of the edit that mends it."""
    about = page(convention, context, read(latex))
    if is_overloaded(claim, about.notation):
        return replace(judged, error_kind="overloaded-symbol")
    if judged.error_kind in ("unbalanced", "wrong-range", "missing-term", "other"):
        return judged
    at = claims_of(read(latex), about).index(claim)
    deadline = time.perf_counter() + REPAIR
    for edit in edits(latex, claim, about.notation):
        if time.perf_counter() > deadline:
            break
        try:
            text = edit.applied(latex)
            display = read(text)
            found = claims_of(display, about)
        except SymnetError:
            continue
        if len(found) > at and _seems_right(found[at], about):
            inside = latex[edit.start : edit.end]
            start = edit.start + len(inside) - len(inside.lstrip())
            span = (start, max(start + len(inside.strip()), start + 1))
            proved = time.perf_counter() < deadline and not _proof(found[at], about)
            kind = edit.kind
            if judged.verdict == ILL_FORMED and kind in ("factor", "other"):
                kind = "shape"
            return replace(
                judged,
                error_kind=kind,
                span=span,
                suggestion=text if proved else None,
            )
    return replace(judged, error_kind=judged.error_kind or "other")


def _seems_right(claim: Claim, about: Page) -> bool:
    """Whether a claim has a meaning in all networks, and holds in the first ones."""
    try:
        cases = list(_cases(claim, about, []))
    except (Misfit, Unclear):
        return False
    return all(_difference(claim, about, case) is None for case in cases[:BEFORE_REPAIR])


def _judged(claim: Claim, about: Page, deadline: float, notes: list[str]) -> Verdict:
    """First the shapes in all networks, then numbers in one or two, then a proof, then more numbers."""
    try:
        cases = list(_cases(claim, about, notes))
    except Missing as error:
        return Verdict(ILL_FORMED, str(error), "wrong-range", error.span)
    except Misfit as error:
        general = _general_misfit(claim, about) or error
        return Verdict(ILL_FORMED, str(general), error.kind, error.span)
    except Unclear as error:
        return Verdict(UNKNOWN, str(error), None, error.span)
    why = "nothing is known of it"
    if any(_entries_of(case.layers.widths or ()) > MOST_ENTRIES for case in cases):
        if _proof(claim, about):
            reason = "these widths are too large to try it at numbers, and no proof was found"
            return Verdict(UNKNOWN, reason, None, claim.span)
        return Verdict(PROVED, "")
    for at, case in enumerate(cases):
        if time.perf_counter() > deadline:
            return Verdict(UNKNOWN, "the time for one formula is over", None, claim.span)
        met = _difference(claim, about, case)
        if met is not None:
            return replace(met, span=claim.span)
        if at == min(BEFORE_PROOF, len(cases)) - 1:
            why = _proof(claim, about)
            if not why:
                return Verdict(PROVED, "")
    return Verdict(UNKNOWN, f"no counterexample was found, and no proof: {why}", None, claim.span)


def _entries_of(widths: Sequence[int]) -> int:
    """How many weights a network has."""
    return sum(x * y for x, y in pairwise(widths))


@dataclass(frozen=True, slots=True)
class Case:
    """A claim in one network: both sides at numbered layers."""

    layers: Layers
    elaborator: Elaborator
    sides: tuple[Array | Table, Array | Table] | None


def _cases(claim: Claim, about: Page, notes: list[str]) -> Iterator[Case]:
    """A claim in all networks in which it is tried. Raises Misfit where it has no meaning."""
    found, missing, unclear = False, None, None
    for layers in networks(claim, about):
        elaborator = Elaborator(about.notation, layers)
        try:
            claim.check_layers(elaborator)
            sides = claim.sides(elaborator)
        except Missing as error:
            if claim.literal(layers):
                raise
            missing = missing or error
            continue
        except Unclear as error:
            unclear = unclear or error
            continue
        notes += elaborator.notes
        found = True
        yield Case(layers, elaborator, sides)
    if unclear is not None:
        raise unclear
    if not found:
        raise missing or Unclear("no network was found to try it on", claim.node)


def _general_misfit(claim: Claim, about: Page) -> Misfit | None:
    """The same clash in the letters of the formula: n_l and n_{l+1}, not 2 and 4."""
    if not about.general:
        return None
    try:
        claim.sides(Elaborator(about.notation, Layers()))
    except Misfit as misfit:
        return misfit
    except Unclear:
        return None
    return None


# --- at numbers ----------------------------------------------------------------------------


def networks(claim: Claim, about: Page) -> Iterator[Layers]:
    """The networks to try a claim on, and the layers that its letters stand for."""
    for widths in about.widths:
        depth = len(widths)
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

    def symbol(self, symbol: Symbol, positions: tuple[int, ...]) -> Fraction | None:
        """An entry of an inverted matrix or of a part; anything else is left to chance."""
        if symbol.name in self.elaborator.parts:
            return self._part(symbol.name, positions)
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
            at = dict(zip(letters, positions, strict=True))
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
        assert size is not None and self.instance is not None
        matrix = [
            [
                Fraction(self.instance.value(array.term, self.numbers, {row: i + 1, col: j + 1}))
                for j in range(size)
            ]
            for i in range(size)
        ]
        return inverse(matrix)


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


def _difference(claim: Claim, about: Page, case: Case) -> Verdict | None:
    """Where both sides of a claim differ in one network; None if they are equal there."""
    if case.sides is None:
        return None
    layers, elaborator = case.layers, case.elaborator
    left, right = case.sides
    names = _letters(left, right)
    ranges = []
    for index in names:
        size = layers.size(index.axis)
        ranges.append(range(1, (3 if size is None else size) + 1))
    widths = (layers.widths or ()) if about.notation.letters else ()
    for seed in range(SEED, SEED + about.seeds):
        lookup = Lookup(elaborator, layers)
        numbers = {name: layer.offset for name, layer in layers.numbers.items()}
        try:
            instance = Instance(layers.widths or (2, 2), about.setting, seed, lookup)
            lookup.instance = instance
            for values in product(*ranges):
                indices = {i.name: v for i, v in zip(names, values, strict=True)}
                for x, y, place in _entries(left, right, elaborator):
                    here = {**indices, **place}
                    one = instance.value(x, numbers, here)
                    other = instance.value(y, numbers, here)
                    if not claim.holds(one, other) and _differs_surely(
                        (x, y), here, layers, lookup, seed, about
                    ):
                        shown: dict[str, int | str] = {
                            k: v.offset for k, v in layers.numbers.items() if k in claim.letters
                        }
                        shown |= indices | _named(place, left)
                        found = Counterexample(
                            widths, shown, _shown(one), _shown(other)
                        )
                        trial = None
                        if not elaborator.inverses:
                            trial = Trial(
                                elaborator.whole(x), elaborator.whole(y), about.setting,
                                layers.widths or (2, 2), seed, numbers, here,
                            )  # fmt: skip
                        return Verdict(
                            REFUTED, claim.difference(found), counterexample=found, trial=trial
                        )
        except MissingError as error:
            return Verdict(ILL_FORMED, str(error), "wrong-range")
        except NoValueError:
            continue
    return None


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


def _letters(*sides: Array | Table) -> list[Index]:
    """The letters that stand free on both sides, each once."""
    from symnet.term import free_indices

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


def _entries(
    left: Array | Table, right: Array | Table, elaborator: Elaborator
) -> Iterator[tuple[Term, Term, dict[str, int]]]:
    """Both sides entry by entry."""
    arrays = elaborator.arrays
    if isinstance(left, Table) or isinstance(right, Table):
        one, other = arrays.table(left), arrays.table(right)
        assert one is not None and other is not None
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


def _named(place: Mapping[str, int], array: Array | Table) -> dict[str, int]:
    """The place of an entry in an array, in words."""
    if isinstance(array, Table):
        return dict(place)
    names = {i.name: "row" for i in array.rows} | {i.name: "column" for i in array.cols}
    if len(array.rows) > 1 or len(array.cols) > 1:
        return {}
    return {names[k]: v for k, v in place.items() if k in names}


def _places(array: Array, arrays: Any) -> Iterator[dict[str, int]]:
    sides = (*array.rows, *array.cols)
    for values in product(*(range(1, (arrays.size(i.axis) or 3) + 1) for i in sides)):
        yield {i.name: v for i, v in zip(sides, values, strict=True)}


def _shown(value: Any) -> str:
    if isinstance(value, Fraction):
        bits = value.numerator.bit_length() + value.denominator.bit_length()
        if bits <= 60:
            return str(value)
        value = mpmath.mpf(value.numerator) / value.denominator
    return str(mpmath.nstr(value, 10))


# --- in general ----------------------------------------------------------------------------


def _proof(claim: Claim, about: Page) -> str:
    """Empty if a claim is proved; else why it was not. What holds for all widths holds for some."""
    if not claim.relates:
        return ""
    why = _general_proof(claim, about)
    if not why or about.general or about.equal:
        return why
    return _written_out_proof(claim, about)


def _general_proof(claim: Claim, about: Page) -> str:
    literal = not about.general and not about.equal
    layers = Layers({"L": LayerNumber("", len(about.widths[0]))} if literal else {})
    elaborator = Elaborator(about.notation, layers)
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
        pairs = _entries(left, right, elaborator)
        return next(filter(None, (claims.holds(x, y, about.setting) for x, y, _ in pairs)), "")
    arrays = elaborator.arrays
    if not (arrays.fit(left.rows, right.rows) and arrays.fit(left.cols, right.cols)):
        return "its sides are counted in another order"
    return claims.holds(left.term, arrays.aligned(right, left).term, about.setting)


def _by_induction(claim: Claim, about: Page, general: General) -> str:
    """A product over the layers from l+c to L+d: from one layer to the one below it."""
    low, high = (general.stop, general.start) if general.down else (general.start, general.stop)
    if low.name != "l" or high.name != "L" or claim.letters != ("l",):
        return "its product over layers is not of the kind that induction decides"

    def at(layer: LayerNumber, remaining: str) -> tuple[Array, Array]:
        elaborator = Elaborator(about.notation, Layers({"l": layer}), remaining=remaining)
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


def _written_out_proof(claim: Claim, about: Page) -> str:
    """A literal network: every entry of every claim, with all sums written out."""
    if _entries_of(about.widths[0]) > MOST_WRITTEN:
        return "the network is too large to be written out"
    for layers in networks(claim, about):
        elaborator = Elaborator(about.notation, layers)
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
        for x, y, place in _entries(left, right, elaborator):
            at = {i: Index(str(place[i.name]), i.axis) for i in _axes(left, right) if i.name in place}
            why = claims.holds(rename(x, at), rename(y, at), about.setting, layers.widths or ())
            if why:
                return why
    return ""


def _axes(*sides: Array | Table) -> Iterator[Index]:
    for side in sides:
        if isinstance(side, Array):
            yield from (*side.rows, *side.cols)
