"""Whether two methods compute the same parameters at every step, from the same start.

A method is a system of recurrences and what of it is looked at. Two velocities may differ by a
factor, or one method have none at all: what one has to be in quantities of the other is found by
solving, and then proved, at first and from each step to the next.

>>> from symnet.term import ZERO
>>> w, v, mu, g = member("w", -1), member("v", -1), Symbol("μ"), member("g")
>>> at_first = {("w", 0): Symbol("w at first"), ("v", 0): ZERO}
>>> one = System({"v": add(mul(mu, v), g), "w": add(w, member("v"))}, at_first)
>>> back = add(w, mul(MINUS, member("v")))
>>> two = System({"v": add(mul(mu, v), mul(MINUS, g)), "w": back}, at_first)
>>> same_iterates(Iterates(one, member("w")), Iterates(two, member("w")))
''
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product as pairs_of

from symnet.calculus.recurrences import (
    COUNT,
    MINUS,
    POWER,
    TIME,
    System,
    at_step,
    begun,
    member,
    members,
    shifted,
    since_of,
    solve,
    unfolded,
    vanishes,
    without_totals,
)
from symnet.calculus.total import GiveUpError
from symnet.errors import SymnetError
from symnet.term import (
    Apply,
    LayerNumber,
    Symbol,
    Term,
    add,
    at_layer,
    map_children,
    mul,
    walk,
)


@dataclass(frozen=True, slots=True)
class Iterates:
    """A system, and what of it is looked at: the parameters w_t, from step 0 on."""

    system: System
    seen: Term


def renamed(iterates: Iterates, prefix: str) -> Iterates:
    """The same system, with other names for all that it computes but c^t and t."""
    system = iterates.system
    own = {name for name in system.rules if not name.startswith((POWER, COUNT))}

    def go(term: Term) -> Term:
        if isinstance(term, Symbol) and term.name in own:
            return replace(term, name=prefix + term.name)
        return map_children(term, go)

    def new(name: str) -> str:
        return prefix + name if name in own else name

    rules = {new(name): go(rule) for name, rule in system.rules.items()}
    starts = {(new(name), at): go(value) for (name, at), value in system.starts.items()}
    return Iterates(System(rules, starts), go(iterates.seen))


def same_iterates(ours: Iterates, theirs: Iterates) -> str:
    """Empty if both compute the same parameters at every step, else why that is not proved.

    By induction: let the parameters be the same so far. Where the next ones depend on one more
    quantity of ours, a velocity, that they are the same says what it has to be, in quantities of
    theirs; that it is so at first, and stays so, is proved.
    """
    try:
        mine = renamed(replace(ours, system=without_totals(ours.system)), OURS)
        return _same_iterates(mine, replace(theirs, system=without_totals(theirs.system)))
    except SymnetError as error:
        return str(error) or repr(error)


OURS = "our "


def _same_iterates(ours: Iterates, theirs: Iterates) -> str:
    seen = ours.seen
    if not isinstance(seen, Symbol):
        raise GiveUpError("the parameters are no quantity of their own")
    theirs = replace(theirs, system=theirs.system.joined(_common(ours)))
    why = "what else ours has to be was not found"
    for related in _relations(ours, theirs, seen):
        why = _stays(ours, theirs, related)
        if not why:
            return ""
    return why


def _relations(ours: Iterates, theirs: Iterates, seen: Symbol) -> Iterator[dict[str, Term]]:
    """What quantities of ours may be in those of theirs, if the parameters are the same."""
    plain: dict[str, Term] = {seen.name: theirs.seen}
    next_ours = unfolded(seen, ours.system, -1)
    next_theirs = unfolded(theirs.seen, theirs.system, -1)
    own = [x for x in dict.fromkeys(members(next_ours)) if x.name.startswith(OURS)]
    own = [x for x in own if x.name not in plain]
    twins = {x.name: member(x.name.removeprefix(OURS)) for x in own}
    if all(twin.name in theirs.system.rules for twin in twins.values()):
        yield {**plain, **twins}
    if len(own) != 1:
        return
    (x,) = own
    # The next parameters are the same, or what the gradient is taken of.
    pairs = [(next_ours, next_theirs), *pairs_of(_arguments(next_ours), _arguments(next_theirs))]
    for mine, other in pairs:
        found = solve(_related(add(mine, mul(MINUS, other)), plain), x)
        if found is not None and x.layer is not None:
            yield {**plain, x.name: shifted(found, -x.layer.offset)}


def _arguments(term: Term) -> list[Term]:
    return [part.argument for part in walk(term) if isinstance(part, Apply)][:2]


def _common(iterates: Iterates) -> System:
    """The rules of c^t and t."""
    rules = {k: v for k, v in iterates.system.rules.items() if k.startswith((POWER, COUNT))}
    return System(rules, {k: v for k, v in iterates.system.starts.items() if k[0] in rules})


def _related(term: Term, related: Mapping[str, Term]) -> Term:
    """The term with quantities of ours as they stand in those of theirs."""
    if isinstance(term, Symbol) and term.layer is not None and term.name in related:
        return at_layer(related[term.name], {TIME.name: term.layer})
    return map_children(term, lambda part: _related(part, related))


def _stays(ours: Iterates, theirs: Iterates, related: Mapping[str, Term]) -> str:
    """Empty if what is related is so at first, and from each step to the next."""
    since = max(since_of(ours.system), since_of(theirs.system))
    if any(name not in ours.system.rules for name in related):
        return "not all that ours computes has a rule"
    for name, relation in related.items():
        goal = unfolded(member(name), ours.system, -1)
        depths = [x.layer.offset for x in members(goal) if x.layer is not None]
        difference = add(_related(goal, related), mul(MINUS, relation))
        offsets = [x.layer.offset for x in members(difference) if x.layer is not None]
        # What an earlier step of theirs was is opened as far as any of its members stands.
        lowest = min([-1, *offsets, *depths])
        why = vanishes(unfolded(difference, theirs.system, lowest))
        if why:
            return f"{name.removeprefix(OURS)} does not stay what it would have to be: {why}"
        for at in range(since - 1 - lowest):
            mine = begun(Symbol(name, LayerNumber("", at)), ours.system)
            if vanishes(add(mine, mul(MINUS, begun(at_step(relation, at), theirs.system)))):
                return f"{name.removeprefix(OURS)} does not begin as it would have to"
    return ""
