r"""Claims about methods that go step by step: what is proved, and what fails at numbers.

A formula that says what the parameters do is right if its iterates are those of the method, from
the same start; any other is right if it holds of the method's own sequences at every step. Where a
page leaves open which form of a method or which letter is meant, each is tried: proved is what
holds in one of them, refuted what fails in all, with the numbers.

>>> from symnet.paper.formula.reader import read
>>> about = {"declared": {"method": "heavy ball", r"\mu": "momentum", r"\eta": "learning rate"}}
>>> text = r"v' = \mu v - \eta \nabla C, \quad w' = w + v'"
>>> steps_page("nielsen", about, read(text)).verdict().verdict
'proved'
>>> steps_page("nielsen", about, read(text.replace("+ v'", "+ v"))).verdict().verdict
'refuted'
"""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

from symnet.calculus.iterates import Iterates, same_iterates
from symnet.calculus.nilpotent import IrrationalError, NoValueError
from symnet.calculus.recurrences import (
    TIME,
    System,
    follows,
    members,
)
from symnet.calculus.runs import Run, differ
from symnet.calculus.step_means import Means
from symnet.calculus.total import GiveUpError
from symnet.errors import SymnetError
from symnet.paper.claims.verdicts import PROVED, REFUTED, UNKNOWN, Counterexample, Verdict
from symnet.paper.formula import syntax as s
from symnet.paper.signs.misfits import Unclear
from symnet.paper.steps.chances import chances_page
from symnet.paper.steps.methods import (
    Form,
    assignments,
    other_at_each_step,
    roles,
    same_at_all_steps,
)
from symnet.paper.steps.pages import StepPage, letter_of, step_page
from symnet.paper.steps.penalties import penalty_page
from symnet.paper.steps.rules import EARLY, system_of
from symnet.paper.steps.signs import Signs
from symnet.term import ZERO, Addition, Symbol, Term, walk

SEEDS = (1, 2, 3)
STEPS_TRIED = 4
BUDGET = 4.0  # seconds


@dataclass(frozen=True)
class Steps:
    """A claim about a method, with all that its page says."""

    page: StepPage

    def verdict(self) -> Verdict:
        """What is said of it."""
        deadline = time.perf_counter() + BUDGET
        found: list[Verdict] = []
        for reading in _readings(self.page):
            if time.perf_counter() > deadline:
                found.append(Verdict(UNKNOWN, "the time for one formula is over"))
                break
            judged = _judged(reading)
            if judged.verdict == PROVED:
                return replace(judged, assumptions=self.page.unread)
            found.append(judged)
        refuted = [x for x in found if x.verdict == REFUTED]
        if found and len(refuted) == len(found):
            return replace(refuted[0], assumptions=self.page.unread)
        unclear = [x for x in found if x.verdict == UNKNOWN]
        if unclear:
            return replace(unclear[0], assumptions=self.page.unread)
        return Verdict(UNKNOWN, "which method this is about is not said")


class Judged(Protocol):
    """A claim that is judged here."""

    def verdict(self) -> Verdict:
        """What is said of it."""


def steps_page(convention: str, context: Mapping[str, object], display: s.Display) -> Judged | None:
    """A claim about a method that goes step by step, about expectations, about a penalty.

    None if it is of none of these kinds.
    """
    found = penalty_page(context, display)
    if found is not None:
        return found
    try:
        page = step_page(convention, context, display)
    except Unclear:
        page = None
    if page is not None and page.claims:
        return Steps(page)
    return chances_page(context, display)


# --- readings ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reading:
    """The method, and what the page claims and declares, with letters taken for those of it."""

    method: Iterates
    ours: System  # what is claimed and declared, over what the method has
    equations: tuple[tuple[Term, Term, tuple[int, int]], ...]  # that are claimed
    defines: bool  # whether the parameters of ours follow from what is claimed
    missing: str  # what is used and not defined
    note: str
    own: frozenset[str] = frozenset()  # what only the claim itself defines


def _readings(page: StepPage) -> Iterator[Reading]:
    if page.method:
        found = list(_of_printed(page))
        if any(not reading.missing for reading in found):
            yield from found
            return
    if not page.forms and not page.method:
        yield from _of_declared(page)
    for form in page.forms:
        keys = dict.fromkeys(page.sequences, True) | dict.fromkeys(page.constants, False)
        for way in assignments(keys, page.words, form):
            if not _changes_as_said(way, form):
                continue
            yield from _guarded(page, form.iterates, way, form, _parameter(form))
            if not page.method and (late := _counted_late(page, way, _parameter(form))):
                earlier = replace(page, shifts={late: -1})
                yield from _guarded(earlier, form.iterates, way, form, _parameter(form))


def _changes_as_said(way: Mapping[str, str], form: Form) -> bool:
    """Whether Δw is what w is changed by, and not the opposite of that, or a part."""
    changed = form.iterates.system.rules[_parameter(form)]
    terms = changed.terms if isinstance(changed, Addition) else (changed,)
    return all(
        Symbol(letter, TIME) in terms for key, letter in way.items() if key.startswith(r"\Delta")
    )


def _counted_late(page: StepPage, way: Mapping[str, str], parameter: str) -> str:
    """θ of a page on which θ_{t+1} is what follows from m_t: it counts parameters from 1."""
    key = next((k for k, v in way.items() if v == parameter), "")
    signs = Signs(page.sequences, page.letters)
    own: list[int] = []
    others: list[int] = []
    for each in page.claims:
        for node in (each.left, each.right):
            for x in s.walk(node):
                met = signs.member(x) if isinstance(x, s.Scripted) else None
                if isinstance(met, Symbol) and met.layer is not None and met.layer.name:
                    (own if met.name == key else others).append(met.layer.offset)
    return key if own and others and max(own) == max(others) + 1 else ""


def _parameter(form: Form) -> str:
    return next(key for key, role in form.symbols.items() if role == "parameters")


def _of_printed(page: StepPage) -> Iterator[Reading]:
    """The method as the page prints it: its letters are those of the page."""
    parameter = next(
        (
            key
            for each in page.method
            if (key := letter_of(each.left)) is not None and _is_parameter(key, page)
        ),
        None,
    )
    if parameter is None:
        return
    try:
        system = system_of(page, page.method, {}, parameter, System({}, {}))[0]
    except (Unclear, SymnetError):
        return
    if parameter not in system.rules:
        return
    yield from _guarded(page, Iterates(system, Symbol(parameter, TIME)), {}, None, parameter)


def _of_declared(page: StepPage) -> Iterator[Reading]:
    """No method but sequences that the page declares: what is claimed is to hold of them."""
    try:
        system = system_of(page, page.declared, {}, "", System({}, {}), True)[0]
        yield replace(_reading(page, Iterates(system, ZERO), {}, None, ""), defines=False)
    except (Unclear, GiveUpError) as error:
        yield Reading(Iterates(System({}, {}), ZERO), System({}, {}), (), False, str(error), "")


def _is_parameter(key: str, page: StepPage) -> bool:
    if key in page.words:
        return bool(re.search(roles()["parameters"].words, page.words[key], re.IGNORECASE))
    return key in roles()["parameters"].letters


def _guarded(
    page: StepPage,
    method: Iterates,
    way: Mapping[str, str],
    form: Form | None,
    parameter: str,
) -> Iterator[Reading]:
    try:
        yield _reading(page, method, way, form, parameter)
    except (Unclear, GiveUpError) as error:
        yield Reading(method, System({}, {}), (), False, str(error), "")


def _reading(
    page: StepPage,
    method: Iterates,
    way: Mapping[str, str],
    form: Form | None,
    parameter: str,
) -> Reading:
    method = other_at_each_step(method) if _changing(page) else same_at_all_steps(method)
    means: Means | None = None
    if page.expects:
        if not page.stationary:
            raise GiveUpError("whether the gradient is stationary is not said")
        inputs = (
            {key for key, role in form.symbols.items() if role == "gradient"} if form else {"g"}
        )
        means = Means(method.system, frozenset(inputs), stationary=True)
        method = Iterates(means.system, method.seen)
    equations = [*page.declared, *page.claims, *page.after]
    ours, new, read = system_of(
        page, equations, way, parameter, method.system, mean=means.of if means else None
    )
    claimed = tuple(
        (left, right, each.span)
        for each, (left, right) in zip(equations, read, strict=True)
        if each in page.claims
    )
    # Equations that are no rules, such as m_t = … m_t, are to hold of the method's own sequences.
    no_rules = any(
        isinstance(left, Symbol)
        and left.layer is not None
        and left.layer.name
        and left.name not in new
        and EARLY not in left.name
        for left, _, _ in claimed
    )
    stepped = parameter in new and not page.expects and not no_rules
    numbers = any(
        isinstance(x, s.Number) and "." in x.text
        for each in page.claims
        for x in s.walk(each.right)
    )
    known = {**method.system.rules, **ours.rules, **ours.totals}
    used = {x.name for left, right, _ in claimed for side in (left, right) for x in members(side)}
    inputs = {_renamed("g", way)}
    missing = sorted(
        x
        for x in used
        if x not in known and x not in inputs and not x.startswith("∇") and EARLY not in x
    )
    strange = sorted(
        key for key in page.constants if form is not None and key not in way and _used(key, claimed)
    )
    note = f"as in {form.source}" if form is not None else ""
    lacking = [*missing, *strange]
    why = f"what {lacking[0]} is is not said" if lacking else ""
    if numbers and not why:
        why = "a constant of the method is printed as a number"
    said = {letter_of(x.left) for x in (*page.declared, *page.after)}
    own = new | {
        left.name for left, _, _ in claimed if isinstance(left, Symbol) and left.layer is not None
    }
    own = frozenset(own - method.system.rules.keys() - {way.get(k, k) for k in said if k})
    return Reading(method, ours, claimed, stepped, why, note, own)


def _renamed(key: str, way: Mapping[str, str]) -> str:
    return way.get(key, key)


def _used(key: str, claimed: Sequence[tuple[Term, Term, tuple[int, int]]]) -> bool:
    return any(
        isinstance(x, Symbol) and x.layer is None and x.name == key
        for left, right, _ in claimed
        for side in (left, right)
        for x in walk(side)
    )


def _changing(page: StepPage) -> bool:
    """Whether the page has an objective f_t of each step."""
    for each in (*page.claims, *page.declared, *page.method):
        for x in s.walk(each.right):
            factors = x.factors if isinstance(x, s.Product) else ()
            for one, other in pairwise(factors):
                base = one.base if isinstance(one, s.Scripted) else one
                is_nabla = isinstance(base, s.Name) and base.text == r"\nabla"
                if is_nabla and isinstance(other, s.Scripted):
                    return True
    return False


# --- judging -------------------------------------------------------------------------------


def _judged(reading: Reading) -> Verdict:
    if reading.missing:
        return Verdict(UNKNOWN, reading.missing)
    notes = (reading.note,) if reading.note else ()
    found = _same(reading) if reading.defines else _all_hold(reading)
    return replace(found, notes=(*notes, *found.notes))


def _same(reading: Reading) -> Verdict:
    """Whether the iterates are those of the method."""
    seen = reading.method.seen
    assert isinstance(seen, Symbol)
    if _has_second(reading):
        return Verdict(UNKNOWN, "more is said of one quantity than what it becomes")
    spans = [span for _, _, span in reading.equations]
    span = (min(start for start, _ in spans), max(end for _, end in spans))
    try:
        values = _differing(seen, seen, reading.ours, reading.method.system, range(1, 4))
    except SymnetError as error:
        # Where its own course has no values, it may still fail of the method's.
        other = _all_hold(reading)
        return other if other.verdict == REFUTED else Verdict(UNKNOWN, str(error), None, span)
    if values is not None:
        reason = f"the parameters of step {values.indices['t']} are not those of the method"
        return Verdict(REFUTED, reason, "other", span, counterexample=values)
    why = same_iterates(Iterates(reading.ours, seen), reading.method)
    if why:
        return Verdict(UNKNOWN, f"no counterexample was found, and no proof: {why}", None, span)
    return Verdict(PROVED, "the parameters are those of the method at every step")


def _has_second(reading: Reading) -> bool:
    """Whether a quantity has two equations, or something else is claimed beside the step."""
    defined: set[str] = set()
    for left, _, _ in reading.equations:
        if not isinstance(left, Symbol) or left.layer is None:
            return True
        if not left.layer.name and left.name not in reading.own:
            return True
        if f"{left.name} {left.layer}" in defined:
            return True
        if left.layer.name and left.name not in reading.ours.rules and EARLY not in left.name:
            return True
        defined.add(f"{left.name} {left.layer}" if left.layer.name else f"{left.name} first")
    return False


def _all_hold(reading: Reading) -> Verdict:
    """Whether each equation holds of the method's sequences."""
    method = reading.method.system
    system = System(
        {**reading.ours.rules, **method.rules},
        {k: v for k, v in reading.ours.starts.items() if k[0] not in method.rules}
        | dict(method.starts),
        {**reading.ours.totals, **method.totals},
    )
    unclear: Verdict | None = None
    judged = [
        each
        for each in reading.equations
        if not (isinstance(each[0], Symbol) and each[0].name in reading.own)
    ]
    if not judged:
        return Verdict(UNKNOWN, "what is defined here is not said to be anything else")
    for left, right, span in judged:
        offsets = [x.layer.offset for side in (left, right) for x in members(side) if x.layer]
        first = max(1 - max(offsets, default=0), -min(offsets, default=0))
        if isinstance(left, Symbol) and left.layer is not None and not left.layer.name:
            first = 0
        elif not offsets:
            return Verdict(UNKNOWN, "no step is mentioned", None, span)
        steps = range(first, first + STEPS_TRIED)
        try:
            values = _differing(left, right, system, system, steps)
        except SymnetError as error:
            return Verdict(UNKNOWN, str(error), None, span)
        if values is not None:
            reason = f"it does not hold at step {values.indices['t']}"
            return Verdict(REFUTED, reason, "other", span, counterexample=values)
        why = follows(left, right, system, first)
        if why:
            reason = f"no counterexample was found, and no proof: {why}"
            unclear = unclear or Verdict(UNKNOWN, reason, None, span)
    return unclear or Verdict(PROVED, "it holds at every step")


def _differing(
    left: Term, right: Term, ours: System, theirs: System, steps: range
) -> Counterexample | None:
    """Where both sides have different values, at numbers."""
    tried = 0
    for seed in SEEDS:
        try:
            found = _at_numbers(left, right, ours, theirs, steps, seed, True)
        except IrrationalError:
            try:
                found = _at_numbers(left, right, ours, theirs, steps, seed, False)
            except (NoValueError, ArithmeticError):
                continue
        except (NoValueError, ArithmeticError):
            continue
        tried += 1
        if found is not None:
            return found
    if not tried:
        raise GiveUpError("it has no value at the numbers that were tried")
    return None


def _at_numbers(
    left: Term, right: Term, ours: System, theirs: System, steps: range, seed: int, exact: bool
) -> Counterexample | None:
    one, other = Run(ours, seed, exact), Run(theirs, seed, exact)
    seen = 0
    for step in steps:
        try:
            mine, wanted = one.value(left, step), other.value(right, step)
        except (NoValueError, ZeroDivisionError):
            continue
        seen += 1
        if differ(mine, wanted):
            return Counterexample((), {"t": step}, _shown(mine), _shown(wanted))
    if not seen:
        raise NoValueError("no step has values")
    return None


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{float(value):.12g}"  # type: ignore[arg-type]
