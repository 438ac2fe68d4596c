"""verify: a printed formula in, a verdict out.

The formula is read, its statements are separated from the ranges they hold for, and each is given a
meaning at numbered layers of small networks whose widths differ from layer to layer. No shape fits:
ill-formed. A value differs: refuted, with the numbers. Else it is given its meaning once more for
general layers, and only what the kernel and the checker both prove there is `proved`; the rest is
`unknown`.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from symnet.errors import DanglingError, SymnetError, UnbalancedError
from symnet.paper.books import definition_files
from symnet.paper.books.convention_files import Convention, convention, names
from symnet.paper.books.page_notation import OTHER, understood
from symnet.paper.claims.agreed import (
    agreed,
    declared_in,
    is_declared_so,
    is_new,
    without_known_shapes,
)
from symnet.paper.claims.judging import BUDGET, judge
from symnet.paper.claims.statements import Claim
from symnet.paper.claims.verdicts import ILL_FORMED, PROVED, REFUTED, UNKNOWN, Verdict
from symnet.paper.context.page import Page, page
from symnet.paper.definitions.claims import verdict_by_definitions
from symnet.paper.definitions.own_layers import verdict_by_own_layers
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.habits.lenient import meant
from symnet.paper.habits.usual import is_of_notes
from symnet.paper.meaning.elaboration import PRODUCTS_FIRST
from symnet.paper.repair.explained import explained, mended, swapped
from symnet.paper.repair.frames import brackets, tails
from symnet.paper.signs.misfits import Misfit
from symnet.paper.steps.claims import steps_page
from symnet.paper.steps.momentum import DECLARED, as_steps
from symnet.paper.steps.repairs import repaired

__all__ = [
    "ILL_FORMED",
    "PROVED",
    "REFUTED",
    "UNKNOWN",
    "Verdict",
    "judge",
    "verify",
]
BROKEN = "something went wrong inside symnet, please report it"
INSIDE = (
    ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, NameError,
    NotImplementedError, SymnetError, TypeError, ValueError,
)  # fmt: skip
ORDER = "w_jk is read as leading from k to j, which the page does not say: w_kj has no meaning"
SIGN = "δ is read as the negative derivative of the cost, which the page does not say"
LONGEST_SAID = 1000  # characters of a text in a context
MOST_NODES = 4000  # signs and groups of a formula


def verify(
    latex: str,
    convention: str = "nielsen",
    context: Mapping[str, Any] | None = None,
    *,
    repair: bool = True,
) -> Verdict:
    """The verdict on a formula as printed, under a convention and what a page declares.

    Without `repair` no edit is looked for that makes a wrong formula right: that takes longest.
    """
    started = time.perf_counter()
    try:
        said = _in_texts(context or {})
        found = _too_long(said) or _verdict(latex, convention, said, started, repair)
    except RecursionError:
        found = Verdict(UNKNOWN, "the formula is nested too deeply")
    except INSIDE as error:
        # One formula that nobody thought of does not stop a thousand others.
        found = Verdict(UNKNOWN, f"{BROKEN}: {type(error).__name__}: {error}"[:300])
    return replace(found, seconds=time.perf_counter() - started)


def _in_texts(context: Mapping[str, Any]) -> dict[str, Any]:
    """A context whose tables of symbols have texts alone."""
    return {
        key: {str(k): str(v) for k, v in said.items()} if isinstance(said, Mapping) else said
        for key, said in context.items()
    }


def _too_long(context: Mapping[str, Any]) -> Verdict | None:
    """What is said of a context that would take minutes to read; nothing of any other."""
    tables = [said for said in context.values() if isinstance(said, Mapping)]
    entries = [each for table in (context, *tables) for pair in table.items() for each in pair]
    for said in entries:
        if isinstance(said, str | list | tuple) and len(said) > LONGEST_SAID:
            return Verdict(
                UNKNOWN,
                f"the context has a text or list of length {len(said)}; {LONGEST_SAID} is the most",
            )
    return None


def _verdict(
    latex: str, convention: str, context: Mapping[str, Any], started: float, repair: bool
) -> Verdict:
    try:
        display = read(latex)
    except UnbalancedError as error:
        span = (error.start, error.start + error.length)
        unbalanced = Verdict(ILL_FORMED, error.message, "unbalanced", span)
        if not repair:
            return unbalanced
        return mended(unbalanced, brackets(latex), latex, convention, context)
    except DanglingError as error:
        span = (error.start, error.start + error.length)
        dangling = Verdict(ILL_FORMED, error.message, "other", span)
        if not repair:
            return dangling
        return mended(dangling, tails(latex), latex, convention, context)
    except SymnetError as error:
        span = (error.start, error.start + error.length)
        return Verdict(UNKNOWN, error.message, None, span)
    if sum(1 for _ in s.walk(display)) > MOST_NODES:
        return Verdict(UNKNOWN, "the formula is too long", None, (display.start, display.end))
    by_steps = _of_steps(latex, convention, context, display, repair)
    if by_steps is not None and by_steps.verdict != UNKNOWN:
        return by_steps
    deadline = started + BUDGET
    by_definitions = verdict_by_definitions(latex, display, convention, context, deadline, repair)
    if by_definitions is not None and by_definitions.verdict == PROVED:
        return by_definitions
    if convention == "nielsen":
        by_own_layers = verdict_by_own_layers(display, context, deadline)
        if by_own_layers is not None and by_own_layers.verdict != UNKNOWN:
            return by_own_layers
    other = _of_layers(latex, convention, context, display, started, repair)
    if by_definitions is not None and other.verdict != PROVED:
        return by_definitions if by_definitions.verdict != UNKNOWN else other
    return by_steps if by_steps is not None and other.verdict == UNKNOWN else other


def _of_layers(
    latex: str,
    convention: str,
    context: Mapping[str, Any],
    display: s.Display,
    started: float,
    repair: bool,
) -> Verdict:
    """The verdict on a claim about a network and its layers."""
    try:
        book, context = understood(convention, context)
        if convention == OTHER and any(
            is_new(key, book) and is_declared_so(display, key, said)
            for key, said in declared_in(context)
        ):
            return Verdict(PROVED, "it is how the page defines this symbol")
        context = without_known_shapes(book, context)
        about = page(book, context, display, agreed(book, context))
    except Misfit as error:
        return Verdict(ILL_FORMED, str(error), error.kind, error.span)
    except SymnetError as error:
        if convention in definition_files.names():
            return Verdict(UNKNOWN, "not all that it names is declared on this page")
        return Verdict(UNKNOWN, error.message)
    judged, claim = judge(about.display, about, started + BUDGET)
    if judged.verdict == ILL_FORMED and book.otherwise is not None:
        second = _otherwise(book.otherwise, context, display, started, ORDER)
        if second is not None:
            return second
    if judged.verdict == REFUTED and book.opposite is not None:
        second = _otherwise(book.opposite, context, display, started, SIGN)
        if second is not None:
            return second
    if judged.verdict in (ILL_FORMED, UNKNOWN) and is_of_notes(book, context):
        second = _as_meant(about, started)
        if second is not None:
            return second
    if judged.verdict == ILL_FORMED and book.samples and _is_of_one_output(claim, about):
        reason = "it has a meaning for one output, and whether it is about one is not said"
        return Verdict(UNKNOWN, reason, None, judged.span, assumptions=about.assumptions)
    judged = _with_other_reading(judged, about, started)
    if repair and claim is not None and judged.verdict in (REFUTED, ILL_FORMED):
        judged = explained(judged, claim, latex, book, context)
        if judged.verdict == REFUTED and about.every_unit:
            judged = swapped(latex, about, book, context) or judged
    return replace(judged, assumptions=(*about.assumptions, *judged.assumptions))


def _is_of_one_output(claim: Claim | None, about: Page) -> bool:
    """Whether a claim says what the cost is, by a formula without neurons: 𝓛(ŷ, y) = …"""
    if claim is None or claim.right is None:
        return False
    names = [x for x in s.walk(claim.left) if isinstance(x, s.Name)]
    letters = {x.text for x in s.walk(claim.right) if isinstance(x, s.Name)}
    says = bool(names) and about.notation.is_cost(names[0])
    return says and about.notation.target in letters


def _with_other_reading(judged: Verdict, about: Page, started: float) -> Verdict:
    """The verdict with a note on what it would be if ⊙ were taken before matrix products."""
    if PRODUCTS_FIRST not in judged.notes or judged.verdict not in (PROVED, REFUTED):
        return judged
    notation = replace(about.notation, entrywise_first=True)
    other, _ = judge(about.display, replace(about, notation=notation), started + BUDGET)
    if other.verdict not in (PROVED, REFUTED) or other.verdict == judged.verdict:
        return judged
    note = f"if ⊙ were taken before matrix products it would be {other.verdict}"
    return replace(judged, notes=(*judged.notes, note))


def _of_steps(
    latex: str, name: str, context: Mapping[str, Any], display: s.Display, repair: bool
) -> Verdict | None:
    """The verdict on a claim about a method's steps or about expectations; None if it is none."""
    made = _of_momentum(name, context, display)
    if made is not None:
        # Of a weight that moves with momentum: as that of a parameter that has no units.
        claim = steps_page("nielsen", made[1], made[0])
        return claim.verdict() if claim is not None else None
    claim = steps_page(name, context, display)
    if claim is None:
        return None
    judged = claim.verdict()
    if judged.verdict != REFUTED or not repair:
        return judged
    found = repaired(latex, name, context)
    if found is None:
        return judged
    edit = found.edit
    span = (edit.start, max(edit.end, edit.start + 1))
    return replace(judged, error_kind=edit.kind, span=span, suggestion=found.text)


MOMENTUM = re.compile(r"momentum", re.IGNORECASE)


def _of_momentum(
    name: str, context: Mapping[str, Any], display: s.Display
) -> tuple[s.Display, Mapping[str, Any]] | None:
    """A claim of a book of units about momentum, and its context; None if it is of another kind."""
    said = dict(declared_in(context))
    words = " ".join([*said.values(), str(context.get("rule", "")), str(context.get("method", ""))])
    if not MOMENTUM.search(words) or name == "other" or name not in names():
        return None
    made = as_steps(display, convention(name))
    if made is None:
        return None
    letters = {x.text for x in s.walk(display) if isinstance(x, s.Name)}
    kept = {k: v for k, v in said.items() if k in letters}
    method = {"method": "gradient descent with momentum"}
    return made, {"declared": {**kept, **DECLARED, **method}}


def _otherwise(
    book: Convention, context: Mapping[str, Any], display: s.Display, started: float, note: str
) -> Verdict | None:
    """The verdict if a page that has no meaning one way is proved the other way."""
    try:
        about = page(book, context, display, agreed(book, context))
    except SymnetError:
        return None
    judged, _ = judge(about.display, about, started + BUDGET)
    if judged.verdict != PROVED:
        return None
    return replace(judged, notes=(*judged.notes, note), assumptions=about.assumptions)


def _as_meant(about: Page, started: float) -> Verdict | None:
    """The verdict if a formula whose products have no shape is proved as it is meant."""
    found = meant(about.display)
    if found is None:
        return None
    judged, _ = judge(found.display, replace(about, display=found.display), started + BUDGET)
    if judged.verdict != PROVED:
        return None
    notes = (*judged.notes, *found.notes)
    return replace(judged, notes=notes, assumptions=about.assumptions)
