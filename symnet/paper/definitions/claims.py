r"""Claims about a page's own system of definitions: shapes, numbers, and a proof.

>>> text = r"\frac{\partial \ell}{\partial \beta} = \sum_{i=1}^m \frac{\partial \ell}{\partial y_i}"
>>> found = verdict_by_definitions(text, read(text), "batchnorm", {}, time.perf_counter() + 5)
>>> found.verdict
'proved'
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise, product
from typing import Any

from symnet.calculus.counterexample import MissingError, NoValueError, Setting, agree
from symnet.calculus.graph_claim import holds
from symnet.calculus.graph_numbers import GraphInstance, Ranges
from symnet.errors import SymnetError
from symnet.network.functions import KINKS
from symnet.paper.claims.sides import check_neurons, of_sign, weighted, weights_of_pairs
from symnet.paper.claims.statements import EQUALITIES, Claim, claims_of
from symnet.paper.claims.trials import told_apart
from symnet.paper.claims.verdicts import (
    ILL_FORMED,
    PROVED,
    REFUTED,
    UNKNOWN,
    Counterexample,
    Verdict,
)
from symnet.paper.context.page import Page
from symnet.paper.definitions.elaboration import SystemElaborator
from symnet.paper.definitions.pages import SystemPage, page_of, strangers, without_trivia
from symnet.paper.definitions.repairs import Editing, edits
from symnet.paper.definitions.system import System, named
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.meaning.arrays import Array, is_any
from symnet.paper.signs.misfits import Misfit, Unclear
from symnet.term import Apply, Axis, Index, Symbol, free_indices, number, walk

# The seed of a trial, and how long the axes of a page are, in their order.
TRIALS = ((11, (3, 4, 2, 5)), (12, (4, 3, 5, 2)), (13, (3, 4, 2, 5)), (14, (4, 3, 5, 2)))
REPAIR = 0.8  # seconds, after which no more edits are tried
DIGITS = 120  # in which a difference of decimals is confirmed


@dataclass(frozen=True, slots=True)
class Read:
    """Both sides of a claim as arrays of one shape, and the system when they were read."""

    left: Array
    right: Array
    system: System
    notes: tuple[str, ...]


def verdict_by_definitions(
    latex: str,
    display: s.Display,
    convention: str,
    context: Mapping[str, Any],
    deadline: float,
    repair: bool = True,
) -> Verdict | None:
    """The verdict on a claim about a page's own definitions; None if it is not about such."""
    about = page_of(convention, context, display)
    if about is None:
        return None
    found, claim = judged(display, about, deadline)
    if repair and claim is not None and found.verdict in (REFUTED, ILL_FORMED):
        found = _explained(found, claim, latex, about)
    return replace(found, assumptions=(*about.assumptions, *found.assumptions))


def _explained(found: Verdict, claim: Claim, latex: str, about: SystemPage) -> Verdict:
    """The verdict with the kind of the error and its place: those of the edit that is proved."""
    notation = SystemElaborator(about.system).notation
    scalars = frozenset(k for k, q in about.system.quantities.items() if not q.axes)
    notation = replace(notation, scalars=scalars | about.system.sizes.keys())
    page = Editing(about.system, about.printed)
    # The time of this process: what is found must not depend on how busy the machine is.
    deadline = time.process_time() + REPAIR
    for edit in edits(latex, read(latex), claim, notation, page):
        if time.process_time() > deadline:
            break
        text = edit.applied(latex)
        try:
            display = read(text)
        except SymnetError:
            continue
        if any(True for _ in strangers(without_trivia(display), about.system)):
            continue
        if _says_nothing(display):
            continue
        again, _ = judged(display, about, time.perf_counter() + REPAIR)
        if again.verdict == PROVED:
            inside = latex[edit.start : edit.end]
            start = edit.start + len(inside) - len(inside.lstrip())
            span = (start, max(start + len(inside.strip()), start + 1))
            return replace(found, error_kind=edit.kind, span=span, suggestion=text)
    return replace(found, error_kind=found.error_kind or "other")


def _says_nothing(display: s.Display) -> bool:
    """Whether an equation has the same on both sides."""
    return any(
        s.spell(left) == s.spell(right)
        for chain in display.statements
        if isinstance(chain, s.Chain)
        for left, right in pairwise(chain.sides)
    )


def judged(display: s.Display, about: SystemPage, deadline: float) -> tuple[Verdict, Claim | None]:
    """The verdict on a display, and the claim that it is about."""
    try:
        claims = claims_of(without_trivia(display), _page(display, about.system))
    except Unclear as error:
        return Verdict(UNKNOWN, str(error), None, error.span), None
    except Misfit as error:
        return Verdict(ILL_FORMED, str(error), error.kind, error.span), None
    notes: list[str] = []
    unclear: Verdict | None = None
    for claim in claims:
        if time.perf_counter() > deadline:
            return Verdict(UNKNOWN, "the time for one formula is over", None, claim.span), None
        verdict = _judged(claim, about.system, notes)
        if verdict.verdict in (REFUTED, ILL_FORMED):
            doubt = _doubt(claim, claims, about)
            if doubt:
                return Verdict(UNKNOWN, doubt, None, verdict.span, notes=tuple(notes)), claim
            if claim is not claims[0] and claim.right is not None and verdict.span == claim.span:
                # Of a = b = c it is c that differs.
                verdict = replace(verdict, span=(claim.right.start, claim.right.end))
            return replace(verdict, notes=tuple(dict.fromkeys(notes))), claim
        if verdict.verdict == UNKNOWN:
            unclear = unclear or verdict
    if not claims:
        return Verdict(UNKNOWN, "nothing is claimed here"), None
    if unclear is not None:
        return replace(unclear, notes=tuple(dict.fromkeys(notes))), None
    if about.unread:
        reason = f"it holds as far as it was read, but {', '.join(about.unread)} was not read"
        return Verdict(UNKNOWN, reason, None, notes=tuple(notes)), None
    how = "it follows from what the page declares, for all sizes"
    return Verdict(PROVED, how, notes=tuple(dict.fromkeys(notes))), None


def _doubt(claim: Claim, claims: list[Claim], about: SystemPage) -> str:
    """Why a claim that does not hold is not called wrong all the same."""
    if claim.restricted:
        return "it does not always hold, and not all that stands beside it was understood"
    if claim is not claims[-1] and isinstance(claim.right, s.Number | s.Name):
        return "what follows may hold under a condition, which is not judged"
    if about.unread:
        return f"it does not hold as far as it was read, but {', '.join(about.unread)} was not read"
    return ""


def _page(display: s.Display, system: System) -> Page:
    """A page for what finds claims: letters that are numbers may have conditions."""
    numbers = frozenset(
        key for key, q in system.quantities.items() if not q.axes and q.alias is None
    )
    notation = replace(SystemElaborator(system).notation, scalars=numbers)
    return Page(display, notation, notation, Setting(None, None), ((2, 2),), True, False, 1)


def _judged(claim: Claim, system: System, notes: list[str]) -> Verdict:
    elaborator = SystemElaborator(system)
    try:
        sides = sides_of(claim, elaborator)
    except Misfit as error:
        if elaborator.vague:
            return Verdict(UNKNOWN, str(error), None, error.span)
        return Verdict(ILL_FORMED, str(error), error.kind, error.span)
    except Unclear as error:
        return Verdict(UNKNOWN, str(error), None, error.span)
    notes += sides.notes
    first, *more = TRIALS
    met = difference(sides, (first,))
    if met is not None:
        return replace(met, span=claim.span)
    why = holds(sides.left.term, sides.right.term, sides.system.graph)
    if why:
        met = difference(sides, more)
        if met is not None:
            return replace(met, span=claim.span)
        reason = f"no counterexample was found, and no proof: {why}"
        return Verdict(UNKNOWN, reason, None, claim.span)
    if _has_kinks(sides):
        notes.append("functions with kinks are compared off their kinks")
    return Verdict(PROVED, "")


def sides_of(claim: Claim, elaborator: SystemElaborator) -> Read:
    """Both sides, of one shape. Raises Misfit with both shapes, or Unclear."""
    if claim.right is None or claim.update or claim.relation not in EQUALITIES:
        raise Unclear("this is not understood as an equation", claim.node)
    left, right = elaborator.value(claim.left), elaborator.value(claim.right)
    if not isinstance(left, Array) or not isinstance(right, Array):
        raise Unclear("matrices that are written out", claim.node)
    for letter, neurons in claim.neurons.items():
        check_neurons(letter, neurons, elaborator)
    left, right = _zeros(left, right), _zeros(right, left)
    left, right = elaborator.arrays.matched(left, right)
    arrays = elaborator.arrays
    if any(is_any(i.axis) for side in (left, right) for x in walk(side.term)
           for i in free_indices(x) | {*side.rows, *side.cols}):  # fmt: skip
        raise Unclear("how many ones are these?", claim.node)
    if not (arrays.fit(left.rows, right.rows) and arrays.fit(left.cols, right.cols)):
        one, other = arrays.shape(left), arrays.shape(right)
        raise Misfit(f"the left side is {one}, the right side is {other}", claim.node)
    right = arrays.aligned(right, left)
    for weight in weights_of_pairs(claim.pairs, elaborator):
        both = weighted((left, right), weight)
        left, right = (x for x in both if isinstance(x, Array))
    for name, sign in claim.conditions.items():
        both = of_sign(left, named(name), sign), of_sign(right, named(name), sign)
        left, right = (x for x in both if isinstance(x, Array))
    return Read(left, right, elaborator.system, tuple(elaborator.notes))


def _zeros(one: Array, other: Array) -> Array:
    """0 beside an array is the array of zeros."""
    if one.is_number and one.term == number(0) and not other.is_number:
        return Array(other.rows, other.cols, one.term)
    return one


def _has_kinks(read: Read) -> bool:
    bodies = [each.body for each in read.system.definitions if each.body is not None]
    functions = (
        part.function.formula
        for term in (read.left.term, read.right.term, *bodies)
        for part in walk(term)
        if isinstance(part, Apply)
    )
    return any(formula is not None and formula.has(*KINKS) for formula in functions)


# --- numbers -------------------------------------------------------------------------------


def difference(sides: Read, trials: Iterable[tuple[int, tuple[int, ...]]]) -> Verdict | None:
    """Where both sides differ, at numbers; None if they are equal wherever they were tried."""
    axes = axes_of(sides)
    for seed, lengths in trials:
        sizes = {x: lengths[i % len(lengths)] for i, x in enumerate(axes)}
        # Logarithms may have no value but at positive numbers.
        for ranges in (sides.system.ranges, _positive(sides.system)):
            try:
                met = _met(sides, sizes, seed, ranges)
            except (NoValueError, MissingError):
                continue
            if met is not None:
                return met
            break
    return None


def _positive(system: System) -> Ranges:
    """The numbers that symbols may be, none of them negative."""
    return replace(system.ranges, positive=system.leaves())


def axes_of(read: Read) -> list[Axis]:
    """All axes of a page, in a fixed order."""
    found: dict[Axis, None] = {}
    for quantity in read.system.quantities.values():
        found |= dict.fromkeys(quantity.axes)
    found |= dict.fromkeys(read.system.sizes.values())
    for term in (read.left.term, read.right.term, *(d.body for d in read.system.definitions)):
        for part in walk(term) if term is not None else ():
            found |= {index.axis: None for index in free_indices(part)}
    found |= {i.axis: None for side in (read.left, read.right) for i in (*side.rows, *side.cols)}
    return list(found)


def _met(read: Read, sizes: Mapping[Axis, int], seed: int, ranges: Ranges) -> Verdict | None:
    sides = (*read.left.rows, *read.left.cols)
    classes = _classes(read)
    letters = _letters(read, {*sides, *classes})
    for chosen in _places(classes, sizes):

        def made(digits: int | None, chosen: Mapping[str, int] = chosen) -> GraphInstance:
            return GraphInstance(read.system.graph, sizes, seed, ranges, digits, chosen)

        instance = made(None)
        for named_ in _places(letters, sizes):
            for entry in _places(sides, sizes):
                here = {**chosen, **named_, **entry}
                pair = _values(instance, read, here)
                if agree(*pair):
                    continue
                if not instance.exact and agree(*_values(made(DIGITS), read, here)):
                    continue
                return _refuted(read, sizes, {**chosen, **named_}, entry, pair)
    return None


def _classes(read: Read) -> list[Index]:
    """The numbers of classes that a claim depends on."""
    graph = read.system.graph
    terms = [read.left.term, read.right.term]
    names = {x.name for term in terms for x in walk(term) if isinstance(x, Symbol)}
    names |= {y for x in names for y in graph.below.get(x, ())}
    terms += [d.body for d in graph.definitions if d.name in names and d.body is not None]
    free = {i for term in terms for i in free_indices(term)}
    known = (Index(key, along) for key, along in read.system.classes.items())
    return [index for index in known if index in free]


def _values(instance: GraphInstance, read: Read, here: Mapping[str, int]) -> tuple[Any, Any]:
    left = instance.value(read.left.term, {}, here)
    right = instance.value(read.right.term, {}, here)
    return left, right


def _refuted(
    read: Read,
    sizes: Mapping[Axis, int],
    letters: Mapping[str, int],
    entry: Mapping[str, int],
    pair: tuple[Any, Any],
) -> Verdict:
    sides = {i.name: "row" for i in read.left.rows} | {i.name: "column" for i in read.left.cols}
    used = {i.name for side in (read.left, read.right) for x in walk(side.term)
            for i in free_indices(x)}  # fmt: skip
    shown: dict[str, int | str] = {k: v for k, v in letters.items() if k in used}
    shown |= {sides[k]: v for k, v in entry.items()}
    one, other = told_apart(*pair)
    where = ", ".join(f"{k} = {v}" for k, v in shown.items())
    lengths = ", ".join(f"{x.name} = {n}" for x, n in sizes.items())
    reason = f"the left side is {one} and the right side {other}"
    reason += f" at {where}" if where else ""
    reason += f", where {lengths}" if lengths else ""
    found = Counterexample(tuple(sizes.values()), shown, one, other)
    return Verdict(REFUTED, reason, counterexample=found)


def _letters(read: Read, but: set[Index]) -> list[Index]:
    free: set[Index] = set()
    for term in (read.left.term, read.right.term):
        free |= free_indices(term)
    return sorted(free - but, key=lambda i: i.name)


def _places(indices: Iterable[Index], sizes: Mapping[Axis, int]) -> Iterator[dict[str, int]]:
    indices = list(indices)
    for values in product(*(range(1, sizes[i.axis] + 1) for i in indices)):
        yield {i.name: v for i, v in zip(indices, values, strict=True)}
