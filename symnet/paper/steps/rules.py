r"""Printed equations as rules: what a page says that becomes of parameters and of all else.

Equations with printed steps, x_{t+1} = …, hold at every step; updates, x ← …, are made one after
the other, so that what was assigned is the new x for those after it. A gradient without an argument
is taken at the parameters before the step.

>>> from symnet.paper.formula.reader import read
>>> from symnet.paper.steps.pages import step_page
>>> from symnet.term import spell
>>> declared = {"method": r"descent: w_{t+1} = w_t - \eta\nabla C(w_t)"}
>>> page = step_page("nielsen", {"declared": declared}, read("w = w - v"))
>>> system, new, _ = system_of(page, page.method, {}, "w", System({}, {}))
>>> sorted(new), spell(system.rules["w"])
(['w'], 'wt-1 + -1·\\eta·∇(wt-1)')
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from symnet.calculus.recurrences import TIME, System, member, members, put_in, unfolded
from symnet.calculus.total import GiveUpError
from symnet.paper.formula import syntax as s
from symnet.paper.signs.misfits import Unclear
from symnet.paper.steps.methods import FIRST, roles
from symnet.paper.steps.pages import Equation, StepPage, letter_of
from symnet.paper.steps.signs import Signs, key_of, shift_to_now
from symnet.term import ZERO, Symbol, Term, walk


def system_of(
    page: StepPage,
    equations: Sequence[Equation],
    way: Mapping[str, str],
    parameter: str,
    method: System,
    free: bool = False,
    mean: Callable[[Term], Term] | None = None,
) -> tuple[System, frozenset[str], list[tuple[Term, Term]]]:
    """The rules that equations say, over those of a method; of what; both sides of each."""
    signs = Signs(page.sequences, page.letters, renamed=way, shifts=page.shifts, mean=mean)
    name_of_parameter = next((k for k, v in way.items() if v == parameter), parameter)
    gradient = _gradient(page, equations, way, method) if mean is None else None
    last = _last(equations, signs)
    order: list[tuple[Term, Term]] = []
    assigned: set[str] = set()
    totals: list[System] = []
    counts: dict[Symbol, int] = {}
    for each in equations:
        left = _left(each.left, signs)
        if left is not None:
            counts[left] = counts.get(left, 0) + 1
    replaced: dict[Symbol, Symbol] = {}
    used: set[Term] = set()
    for each in equations:
        key = letter_of(each.left)
        before = 0 if last is None else last - 1

        def now(
            letter: str, before: int = before, done: frozenset[str] = frozenset(assigned)
        ) -> int:
            return before + 1 if letter in done else before

        updates = isinstance(each.left, s.Name) and key in page.sequences
        at = before + 1 if updates else None
        left = _left(each.left, signs)
        if left is not None and left.layer is not None and left.layer.name:
            place = left.layer.offset + _lag(equations, signs, left, name_of_parameter) - 1
            if last is None and not isinstance(each.left, s.Name) and name_of_parameter in assigned:
                place += 1
        else:
            place = now(name_of_parameter)
        argument: Term | None = None
        if parameter:
            argument = Symbol(way.get(name_of_parameter, name_of_parameter), TIME.shift(place))
        here = replace(signs, now=now, argument=argument, gradient=gradient, replaced=replaced)
        right = here.term(each.right)
        if updates and key is not None and at is not None:
            target: Term = Symbol(way.get(key, key), TIME.shift(at))
        elif left is not None:
            target = left
        else:
            target = here.term(each.left)
        if isinstance(target, Symbol) and target.layer is not None and target.layer.name:
            target = _version(target, right, counts, replaced, each, used)
            if updates and key is not None:
                assigned.add(key)
        order.append((target, right))
        used |= {x for x in walk(right) if isinstance(x, Symbol)}
        totals.append(here.system)
    system = System(dict(method.rules), dict(method.starts), dict(method.totals))
    for each_system in totals:
        system = system.joined(each_system)
    ruling = order if mean is None else []
    system, new = _ruled(system, ruling, parameter, last is not None, free)
    return system, new, order


def _version(
    target: Symbol,
    right: Term,
    counts: dict[Symbol, int],
    replaced: dict[Symbol, Symbol],
    each: Equation,
    used: set[Term],
) -> Symbol:
    """What is assigned again and again has a name for each time; the last has its own."""
    itself = each.assigned and (target in used or any(x == target for x in walk(right)))
    if counts.get(target, 0) > 1 and each.assigned:
        counts[target] -= 1
        early = Symbol(f"{target.name}{EARLY}{counts[target]} more", target.layer)
        replaced[target] = early
        return early
    if target in replaced:
        del replaced[target]
        return target
    if itself:
        new = Symbol(f"{target.name} replaced", target.layer)
        replaced[target] = new
        return new
    return target


def _ruled(
    system: System, order: Sequence[tuple[Term, Term]], parameter: str, indexed: bool, free: bool
) -> tuple[System, frozenset[str]]:
    """The rules that equations say, and of what; a quantity on both sides has none.

    What is not said to be something at first is 0 there, or any number if `free`.
    """
    rules, starts = dict(system.rules), dict(system.starts)
    new: dict[str, None] = {}
    for left, right in order:
        if not isinstance(left, Symbol) or left.layer is None:
            continue
        if not left.layer.name:
            if left.name not in system.rules:
                starts[left.name, left.layer.offset] = right
            continue
        now, rule = shift_to_now((left, right))
        later = any(x.layer is not None and x.layer.offset > 0 for x in members(rule))
        if later or any(x == now for x in walk(rule)):
            new.pop(now.name, None)
            continue
        rules[now.name] = rule
        new[now.name] = None
    _early_put_in(rules, new)
    if parameter in rules:
        starts[parameter, 0] = FIRST
    for name in new:
        depth = min((x.layer.offset for x in members(rules[name])
                     if x.name == name and x.layer is not None), default=0)  # fmt: skip
        if name == parameter:
            if depth == -2:
                starts[parameter, -1] = FIRST
            continue
        at = _start(name, System(rules, {}), parameter) if indexed else 0
        said = [step for own, step in starts if own == name]
        if depth:
            if not said or (at < min(said) and starts[name, min(said)] == ZERO):
                starts = {k: v for k, v in starts.items() if k[0] != name}
                starts[name, at] = Symbol(f"{name} at first") if free else ZERO
        elif not said and _is_looked_back_at(name, rules):
            if not any(x.name == parameter for x in members(rules[name])):
                raise GiveUpError(f"what {name} is at first is not said")
            starts[name, at] = FIRST if parameter in rules else Symbol(f"{name} at first")
    return System(rules, starts, system.totals), frozenset(new)


EARLY = " before "  # in the name of what is assigned once more in the same step


def _early_put_in(rules: dict[str, Term], new: dict[str, None]) -> None:
    """What is assigned several times in one step as one assignment."""
    for early in [name for name in new if EARLY in name]:
        value = rules.pop(early)
        del new[early]
        for name in list(new):
            rules[name] = put_in(rules[name], member(early), value)


def _is_looked_back_at(name: str, rules: Mapping[str, Term]) -> bool:
    """Whether a rule needs what a quantity was one step before, and that is defined by no rule."""
    mentioned = [
        x
        for rule in rules.values()
        for x in members(rule)
        if x.name == name and x.layer is not None
    ]
    own = [x.layer.offset for x in members(rules[name]) if x.layer is not None]
    return bool(own) and min(own) < 0 and any(x.layer.offset < 0 for x in mentioned if x.layer)


def _start(name: str, system: System, parameter: str) -> int:
    """The step before the first at which a rule can be used: parameters begin at step 0."""
    inside = unfolded(system.rules[name], System({
        key: rule for key, rule in system.rules.items() if key not in (name, parameter)
        and not any(x.name == key for x in members(rule))
    }, {}), -1)  # fmt: skip
    offsets = [
        x.layer.offset for x in members(inside) if x.name == parameter and x.layer is not None
    ]
    return -min(offsets, default=-1) - 1


def _gradient(
    page: StepPage, equations: Sequence[Equation], way: Mapping[str, str], method: System
) -> str | None:
    """The letter of the gradient, if nothing says by a formula what it is."""
    defined = {
        letter_of(each.left) for each in equations if not (each.assigned and _on_right(each))
    }
    for key in page.sequences:
        said = page.words.get(key)
        if said is not None:
            is_gradient = bool(re.search(roles()["gradient"].words, said, re.IGNORECASE))
        else:
            is_gradient = key in roles()["gradient"].letters
        if is_gradient and key not in defined and way.get(key, key) not in method.rules:
            return key
    return None


def _on_right(each: Equation) -> bool:
    return any(s.spell(x) == s.spell(each.left) for x in s.walk(each.right))


def _left(node: s.Node, signs: Signs) -> Symbol | None:
    """The member that an equation is about: x_{t+1}, x', Δw_t."""
    try:
        match node:
            case s.Scripted(primes=primes, sub=None, sup=None, base=base) if primes:
                key = key_of(base)
                if key in signs.sequences and key is not None:
                    return Symbol(signs.renamed.get(key, key), TIME.shift(primes))
                return None
            case s.Scripted():
                found = signs.member(node)
            case s.Product(factors=(s.Name(text=r"\Delta"), other), operators=("", "")):
                found = signs.change(other)
            case s.Product(factors=(one, other), operators=("", "")):
                found = signs.bracketed_mean(one, other)
            case _:
                return None
    except Unclear:
        return None
    return found if isinstance(found, Symbol) else None


def _last(equations: Sequence[Equation], signs: Signs) -> int | None:
    """The latest step that equations with printed steps are about."""
    found = [
        left.layer.offset
        for each in equations
        if isinstance(each.left, s.Scripted | s.Product)
        and not (isinstance(each.left, s.Scripted) and each.left.primes)
        and (left := _left(each.left, signs)) is not None
        and left.layer is not None
        and left.layer.name
    ]
    primed = any(isinstance(x.left, s.Scripted) and x.left.primes for x in equations)
    if primed:
        return 1
    return max(found) if found else None


def _lag(equations: Sequence[Equation], signs: Signs, left: Symbol, parameter: str) -> int:
    """How many steps later the new parameters are counted than a quantity is."""
    name = signs.renamed.get(parameter, parameter)
    for each in equations:
        of = _left(each.left, signs)
        if of is None or of.name != name or of.layer is None or not of.layer.name:
            continue
        return of.layer.offset - left.layer.offset if left.layer is not None else 0
    return 0
