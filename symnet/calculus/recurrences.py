"""Sequences x_1, x_2, … that recurrences define, and what follows from them for every t.

A member x_{t-1} is a symbol whose layer is the number of the step, t-1; a rule says what x_t is in
members of the same step and of earlier ones. An equation between members holds for all t if nothing
is left of it after all members have been unfolded to the earliest step that it mentions, or by
induction: it holds at the first step, and from t to t+1. Both judges decide what vanishes.

>>> beta, g = Symbol("β"), member("g")
>>> one_less = add(number(1), mul(MINUS, beta))
>>> mean = System({"m": add(mul(beta, member("m", -1)), mul(one_less, g))}, {("m", 0): ZERO})
>>> follows(member("m", 1), add(mul(beta, member("m")), mul(one_less, member("g", 1))), mean, 0)
''
>>> follows(member("m", 1), member("m"), mean, 0)[:3]
'not'
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import sympy

from symnet.calculus import normal
from symnet.calculus.judges import JUDGES
from symnet.calculus.total import GiveUpError
from symnet.errors import SymnetError
from symnet.network import notation as n
from symnet.term import (
    ONE,
    ZERO,
    Addition,
    Apply,
    LayerNumber,
    Number,
    Power,
    Product,
    Symbol,
    Term,
    add,
    at_layer,
    from_sympy,
    map_children,
    mul,
    number,
    power,
    spell,
    to_sympy,
    walk,
)

TIME = LayerNumber("t")
SUMMED = "i"  # the step that a sum runs over
MINUS = number(-1)
POWER = "power of "  # begins the name of the sequence c^t
TOTAL = "total "  # begins the name of a sum
COUNT = "number of the step"  # the sequence t
MOST = 400  # members that are unfolded
DEEPEST = 60  # literal steps that are unfolded
Starts = Mapping[tuple[str, int], Term]


def member(name: str, offset: int = 0) -> Symbol:
    """x_t, or x_{t + offset}."""
    return Symbol(name, TIME.shift(offset))


@dataclass(frozen=True, slots=True)
class Total:
    """Σ_{i = first}^{t + last} of a body in members at t and at i."""

    first: int
    last: int
    body: Term


@dataclass(frozen=True, slots=True)
class System:
    """What x_t is, for every x that has a rule, what x is at first, and which are sums."""

    rules: Mapping[str, Term]
    starts: Starts
    totals: Mapping[str, Total] = field(default_factory=dict)

    def joined(self, other: "System") -> "System":
        """Both systems; what one says of a name, the other must not contradict."""
        rules = {**self.rules, **other.rules}
        if any(rules[name] != rule for name, rule in self.rules.items()):
            raise GiveUpError("one name has two rules")
        return System(rules, {**self.starts, **other.starts}, {**self.totals, **other.totals})

    @property
    def explicit(self) -> frozenset[str]:
        """What is said in members of the same step alone, m̂_t = m_t / (1 - β^t); and sums.

        Not what is something else at first: that has its rule only later.
        """
        begun_ = {name for name, _ in self.starts}
        return frozenset(
            name
            for name, rule in self.rules.items()
            if name.startswith(TOTAL)
            or (
                name not in begun_
                and all(x.layer.offset == 0 for x in members(rule) if x.layer is not None)
            )
        )


def members(term: Term) -> Iterator[Symbol]:
    """All that stands in a term at steps t + k, functions that change from step to step too."""
    for part in walk(term):
        if isinstance(part, Symbol) and part.layer is not None and part.layer.name == TIME.name:
            yield part
        if isinstance(part, Apply) and part.function.layer is not None:
            yield Symbol(part.function.name, part.function.layer)


def at_step(term: Term, step: int) -> Term:
    """The term at a literal t."""
    return at_layer(term, {TIME.name: LayerNumber("", step)})


def shifted(term: Term, by: int) -> Term:
    """The term with t + by for t."""
    return at_layer(term, {TIME.name: TIME.shift(by)})


# --- sequences that every system has -------------------------------------------------------


def power_of(base: Term, step: LayerNumber) -> Symbol:
    """c^t as a member of a sequence."""
    return Symbol(POWER + spell(base), step)


def powers(bases: Iterable[Term]) -> System:
    """The rules of c^t: each is c times the one before, c^0 = 1."""
    names = {POWER + spell(base): base for base in bases}
    rules = {name: mul(base, member(name, -1)) for name, base in names.items()}
    return System(rules, {(name, 0): ONE for name in names})


COUNTED = System({COUNT: add(member(COUNT, -1), ONE)}, {(COUNT, 0): ZERO})


def without_totals(system: System) -> System:
    """Sums by rules: Σ_i β^{t-i} g_i is β^t S_t, where S_t = S_{t-1} + β^{-t} g_t."""
    rules, starts = dict(system.rules), dict(system.starts)
    for name, total in system.totals.items():
        parts = []
        for monomial in normal.normal(total.body):
            outside: list[Term] = [Number(monomial.coefficient)]
            inside: list[Term] = []
            for x, e in monomial.factors:
                steps = {
                    part.layer.name
                    for part in walk(x)
                    if isinstance(part, Symbol) and part.layer is not None
                }
                steps |= {
                    part.function.layer.name
                    for part in walk(x)
                    if isinstance(part, Apply) and part.function.layer is not None
                }
                if SUMMED in steps and TIME.name in steps:
                    raise GiveUpError("a sum in which both steps stand within one function")
                (inside if SUMMED in steps else outside).append(power(x, e))
            each = at_layer(mul(*inside), {SUMMED: TIME})
            closed = _geometric(each, total.first, system)
            if closed is not None:
                parts.append(mul(*outside, shifted(closed, total.last)))
                continue
            own = f"sum from {total.first} of {spell(each)}"
            rules[own] = add(member(own, -1), each)
            starts[own, total.first - 1] = ZERO
            parts.append(mul(*outside, member(own, total.last)))
        rules[name] = add(*parts)
    return System(rules, starts)


def _geometric(each: Term, first: int, system: System) -> Term | None:
    """Σ_{i = first}^t of c^i in closed form, once that is proved by induction; None if it is not.

    With h_t = r h_{t-1} the sum is (r h_t - h_first) / (r - 1).
    """
    if any(not x.name.startswith(POWER) for x in members(each)) or not any(members(each)):
        return None
    ratio = mul(each, power(unfolded(shifted(each, 1), system, 0), -1))
    ratio = power(normal.normalise(ratio), -1)
    begins = begun(at_step(each, first), system)
    if any(members(ratio)):
        return None
    closed = mul(add(mul(ratio, each), mul(MINUS, begins)), power(add(ratio, MINUS), -1))
    step = add(closed, mul(MINUS, shifted(closed, -1)), mul(MINUS, each))
    before = begun(at_step(closed, first - 1), system) if first else None
    if vanishes(unfolded(step, system, -1)):
        return None
    base = (
        before
        if before is not None
        else add(begun(at_step(closed, 0), system), mul(MINUS, begun(at_step(each, 0), system)))
    )
    return None if vanishes(base) else closed


# --- unfolding -----------------------------------------------------------------------------


def unfolded(term: Term, system: System, lowest: int) -> Term:
    """The term in members at t + lowest and before; literal steps down to where all begins."""
    explicit = system.explicit
    for _ in range(MOST):
        found = next((x for x in members(term) if _unfolds(x, system, lowest, explicit)), None)
        if found is None:
            return term
        assert found.layer is not None
        term = put_in(term, found, shifted(system.rules[found.name], found.layer.offset))
        if sum(1 for _ in walk(term)) > 20 * MOST:
            raise GiveUpError("too much is unfolded")
    raise GiveUpError("the rules do not end")


def _unfolds(x: Symbol, system: System, lowest: int, explicit: frozenset[str]) -> bool:
    assert x.layer is not None
    return x.name in system.rules and (x.layer.offset > lowest or x.name in explicit)


def begun(term: Term, system: System) -> Term:
    """A term at literal steps, in what is given at first."""
    known: dict[Symbol, Term] = {}

    def go(part: Term, depth: int) -> Term:
        if isinstance(part, Symbol) and part.layer is not None and not part.layer.name:
            if part not in known:
                known[part] = _begun_symbol(part, system, go, depth)
            return known[part]
        return map_children(part, lambda inner: go(inner, depth))

    return go(term, 0)


def _begun_symbol(
    part: Symbol, system: System, go: Callable[[Term, int], Term], depth: int
) -> Term:
    assert part.layer is not None
    step = part.layer.offset
    start = system.starts.get((part.name, step))
    if start is not None:
        return start if start == part else go(start, depth + 1)
    if part.name not in system.rules:
        return part
    if depth > DEEPEST:
        raise GiveUpError(f"{part.name} at step {step} is not said")
    return go(at_step(system.rules[part.name], step), depth + 1)


def put_in(term: Term, symbol: Symbol, value: Term) -> Term:
    """The term with a symbol replaced, wherever it stands."""
    if term == symbol:
        return value
    return map_children(term, lambda part: put_in(part, symbol, value))


def vanishes(term: Term) -> str:
    """Empty if both judges find that a term is 0, else who does not."""
    if term == ZERO:
        return ""
    term = _roots_apart(term)
    for judge in JUDGES:
        if not judge.vanishes(term, False, n.L):
            return f"not equal for the {judge.name}"
    return ""


def _roots_apart(term: Term) -> Term:
    """√(v / (1 - c^t)) = √v / √(1 - c^t), for c from 0 up and less than 1."""
    match term:
        case Power(base, exponent) if exponent.denominator == 2:
            inner = _roots_apart(base)
            factors = inner.factors if isinstance(inner, Product) else (inner,)
            sure = [x for x in factors if _is_positive(x)]
            rest = [x for x in factors if not _is_positive(x)]
            if sure and rest:
                return mul(*(power_of_positive(x, exponent) for x in sure),
                           power(mul(*rest), exponent))  # fmt: skip
            if len(sure) == 1 and isinstance(sure[0], Power):
                return power_of_positive(sure[0], exponent)
    return map_children(term, _roots_apart)


def power_of_positive(term: Term, exponent: Fraction) -> Term:
    """(p^m)^e is p^(m e)."""
    if isinstance(term, Power):
        return power(term.base, term.exponent * exponent)
    return power(term, exponent)


def _is_positive(term: Term) -> bool:
    """Whether this is 1 - c^t, 1 - c c^{t-1}, or a power of it."""
    match term:
        case Power(base, exponent) if exponent.denominator == 1:
            return _is_positive(base)
        case Addition((Number(value), Product((Number(minus), *factors)))):
            names = {x.name for x in factors if isinstance(x, Symbol)}
            steps = {name for name in names if name.startswith(POWER)}
            bases = {name.removeprefix(POWER) for name in steps}
            known = len(names) == len(factors) and steps and names - steps <= bases
            return bool(known) and value == 1 and minus == -1
    return False


# --- equations between members -------------------------------------------------------------


def follows(left: Term, right: Term, system: System, first: int) -> str:
    """Empty if left = right is proved for every step t ≥ first, else why not."""
    try:
        return _follows(left, right, without_totals(system), first)
    except SymnetError as error:
        return str(error) or repr(error)


def _follows(left: Term, right: Term, system: System, first: int) -> str:
    difference = add(left, mul(MINUS, right))
    offsets = [x.layer.offset for x in _stated(difference, system) if x.layer is not None]
    lowest, top = min(offsets, default=0), max(offsets, default=0)
    since = since_of(system)
    why = vanishes(unfolded(difference, system, lowest))
    if not why:
        return _at_first(difference, system, range(first, since - 1 - lowest))
    for level in dict.fromkeys((top, lowest)):
        known = unfolded(difference, system, level)
        step = unfolded(shifted(difference, 1), system, level)
        for x in _linear_candidates(known, left):
            solved = solve(known, x)
            if solved is not None and not vanishes(put_in(step, x, solved)):
                steps = range(first, max(first + 1, since - level))
                return _at_first(difference, system, steps)
    return why


def since_of(system: System) -> int:
    """The first step at which all rules hold: the one after what is given at first."""
    return max((at + 1 for name, at in system.starts if name in system.rules), default=1)


def _at_first(difference: Term, system: System, steps: range) -> str:
    """Empty if a term vanishes at literal steps, worked out from what is given at first."""
    if len(steps) > 3:
        return "it begins too late"
    found = (vanishes(begun(at_step(difference, at), system)) for at in steps)
    return next(filter(None, found), "")


def _stated(term: Term, system: System) -> Iterator[Symbol]:
    """The members of a term that have no explicit rule, those of explicit ones opened."""
    explicit = system.explicit
    for x in members(term):
        if x.name in explicit:
            assert x.layer is not None
            yield from _stated(shifted(system.rules[x.name], x.layer.offset), system)
        else:
            yield x


def _linear_candidates(known: Term, left: Term) -> list[Symbol]:
    """What an equation may be solved for: what stands on its left side first."""
    first = [x for x in walk(left) if isinstance(x, Symbol)]
    rest = [x for x in walk(known) if isinstance(x, Symbol) and x.layer is not None]
    return [x for x in dict.fromkeys([*first, *rest]) if not x.name.startswith(POWER)][:6]


def solve(equation: Term, x: Symbol) -> Term | None:
    """x where equation = 0, if x stands there once to the first power, times what is never 0."""
    if not any(part == x for part in walk(equation)):
        return None
    if any(isinstance(p, Apply) and any(q == x for q in walk(p)) for p in walk(equation)):
        return None
    names: dict[str, Term] = {}
    written = _as_sympy(equation, names)
    letter = next(sympy.Symbol(name) for name, term in names.items() if term == x)
    top, below = sympy.fraction(sympy.together(written))
    try:
        polynomial = sympy.Poly(top, letter)
    except sympy.PolynomialError:
        return None
    if polynomial.degree() != 1 or below.has(letter):
        return None
    slope, rest = polynomial.all_coeffs()
    if not _never_zero(slope, names):
        return None
    return _as_term(sympy.cancel(-rest / slope), names)


def _as_sympy(term: Term, names: dict[str, Term]) -> sympy.Expr:
    """A term with one letter for each of its symbols and functions."""

    def letter(part: Term) -> sympy.Symbol:
        for name, known in names.items():
            if known == part:
                return sympy.Symbol(name)
        names[f"u{len(names)}"] = part
        return sympy.Symbol(f"u{len(names) - 1}")

    def opaque(part: Term) -> Term:
        if isinstance(part, Apply):
            return Symbol(letter(part).name)
        return map_children(part, opaque)

    def atom(part: Term) -> sympy.Symbol:
        if isinstance(part, Symbol) and part.layer is None and part.name in names:
            return sympy.Symbol(part.name)
        return letter(part)

    return to_sympy(opaque(term), lambda axis: sympy.Symbol(axis.name), atom)


def _as_term(expression: sympy.Expr, names: Mapping[str, Term]) -> Term:
    return from_sympy(expression, names)


def _never_zero(slope: sympy.Expr, names: Mapping[str, Term]) -> bool:
    """Whether a factor is a product of numbers, constants c > 0, c^t, and of 1 - c, 1 - c^t.

    Where c is 1 the equation has no value or both sides are continuous in c: what holds for all
    others holds there, too.
    """
    for factor in sympy.Mul.make_args(sympy.factor(slope)):
        base, _ = factor.as_base_exp()
        if base.is_number and base != 0:
            continue
        letters = [names[x.name] for x in base.free_symbols]
        if len(letters) != 1 or not isinstance(letters[0], Symbol):
            return False
        (letter,) = base.free_symbols
        if letters[0].layer is not None and not letters[0].name.startswith((POWER, COUNT)):
            return False
        if base not in (letter, letter - 1, 1 - letter, letter + 1):
            return False
        if letters[0].name.startswith(COUNT) and base in (letter - 1, 1 - letter):
            return False
    return True
