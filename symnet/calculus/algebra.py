"""Exact algebra of index expressions, for the checker alone: written anew, and simply.

A term is multiplied out into monomials, sums over [p = j] are contracted, bound indices get the
names under which a monomial reads smallest, like monomials are added up. Two terms mean the same if
nothing is left of their difference, after denominators have been cleared. Scalar formulas are taken
apart into their exponentials and other functions, or stay whole where they have branches.

>>> from symnet.network import notation as n
>>> k, j = n.on("k", n.l), n.on("j", n.l)
>>> vanishes(Addition((Sum(k, Product((n.a(n.l, "k"), Delta(k, j)))), mul(MINUS, n.a(n.l, "j")))))
True
"""

import math
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import lru_cache
from itertools import count, groupby, islice, permutations, product

import sympy

from symnet.errors import SymnetError
from symnet.term import (
    ARGUMENT,
    Addition,
    Apply,
    Delta,
    Index,
    Number,
    Power,
    Product,
    ScalarFunction,
    Size,
    Sum,
    Symbol,
    Term,
    add,
    free_indices,
    map_children,
    mul,
    number,
    power,
    rename,
    spell,
)

MINUS = number(-1)
ONE = Fraction(1)
EXP = ScalarFunction("exp", sympy.exp(ARGUMENT))
LOG = ScalarFunction("log", sympy.log(ARGUMENT))
KINKED = (sympy.Piecewise, sympy.Abs, sympy.Max, sympy.Min, sympy.sign, sympy.Heaviside)
LARGEST = 12  # the largest power that is multiplied out
MOST_MONOMIALS = 3_000  # as many products are added up
FEW, MOST_PRODUCTS = 200, 1_200  # products that are multiplied out at once; two by two, at most
MOST_BOUND = 6  # as many indices of one axis are put in order
ALONG = "along"  # the name of an index whose sum was taken away from all monomials alike
OWN, BOUND, OPENED = "·§°"  # begin the names of indices of our own: while multiplying out, when
# a sum is in order, and when one was taken away

Factors = tuple[tuple[Term, Fraction], ...]
Monomial = tuple[Fraction, tuple[Index, ...], Factors]
Form = tuple[Monomial, ...]


class UndecidedError(SymnetError):
    """Something that this algebra does not decide."""


@lru_cache(maxsize=20_000)
def form(term: Term, facts: frozenset[str] = frozenset()) -> Form:
    """The monomials of a term, added up, in order. `facts` are the y with Σ_j y_j = 1."""
    found: dict[tuple[tuple[Index, ...], Factors], Fraction] = {}
    for number_, monomial in enumerate(_expanded(term, _fresh(term))):
        if number_ > MOST_MONOMIALS:
            raise UndecidedError("too many terms")
        for coefficient, bound, factors in _reduced(monomial, facts):
            known = found.get((bound, factors))
            found[bound, factors] = coefficient if known is None else known + coefficient
    whole = ((c, *key) for key, c in found.items() if c)
    return tuple(sorted(whole, key=lambda m: [f"{spell(x)}^{e}" for x, e in m[2]]))


def _fresh(term: Term) -> "count[int]":
    """Numbers for the names of bound indices, beyond those that stand free in a term already."""
    names = (index.name for index in free_indices(term))
    return count(1 + max((int(name[1:]) for name in names if name.startswith(OWN)), default=-1))


def vanishes(term: Term, facts: frozenset[str] = frozenset()) -> bool:
    """Whether a term is 0 wherever it has a value, for all sizes and values of its symbols."""
    left = form(term, facts)
    for _ in range(LARGEST):
        if not left:
            return True
        below = [
            (x, e)
            for _, bound, factors in left
            for x, e in factors
            if e < 0 and isinstance(x, Addition | Sum | Product)
            and not free_indices(x) & set(bound)
        ]  # fmt: skip
        if not below:
            return _vanishes_inside(left) or _vanishes_along(left)
        base, lowest = min(below, key=lambda pair: pair[1])
        cleared = (
            _as_term((c, bound, _times(factors, base, -lowest))) for c, bound, factors in left
        )
        left = form(add(*cleared), facts)
    return False


def _vanishes_inside(left: Form) -> bool:
    """Whether what is summed vanishes, sums over the same indices taken together."""
    return all(bound and vanishes(inside) for bound, inside in summands(left).items())


def _vanishes_along(left: Form) -> bool:
    """Whether what is summed over an axis vanishes, where every monomial is one such sum.

    The sums over other axes stay: Σ_x (Σ_k u_kx - Σ_k u_kx S_x / S_x) vanishes with what is in Σ_x.
    """
    if not any(e < 0 and isinstance(x, Addition | Sum) for *_, own in left for x, e in own):
        return False
    for axis in {index.axis for index in left[0][1]}:
        parts = []
        for c, bound, factors in left:
            outer = [index for index in bound if index.axis == axis]
            if len(outer) != 1:
                break
            rest = tuple(index for index in bound if index != outer[0])
            parts.append(rename(_as_term((c, rest, factors)), {outer[0]: Index(ALONG, axis)}))
        else:
            taken = {
                index.name for *_, factors in left for x, _ in factors for index in free_indices(x)
            }
            if ALONG not in taken and vanishes(add(*parts)):
                return True
    return False


def summands(whole: Form) -> dict[tuple[Index, ...], Term]:
    """What is summed over the same indices, taken together; these stand free in it.

    They get names that no sum of ours takes, so that none captures them.
    """
    groups: dict[tuple[Index, ...], list[Term]] = {}
    for c, bound, factors in whole:
        groups.setdefault(bound, []).append(_as_term((c, (), factors)))
    opened: dict[tuple[Index, ...], Term] = {}
    for bound, terms in groups.items():
        inside = add(*terms)
        names = (i.name[1:] for i in free_indices(inside) if i.name.startswith(OPENED))
        first = 1 + max(map(int, names), default=-1)
        own = {i: Index(f"{OPENED}{first + m}", i.axis) for m, i in enumerate(bound)}
        opened[bound] = rename(inside, own)
    return opened


def holds_bound(term: Term) -> bool:
    """Whether an index stands free in a part of a canonical term that a sum around it binds."""
    return any(index.name.startswith(BOUND) for index in free_indices(term))


def _times(factors: Factors, base: Term, exponent: Fraction) -> Factors:
    exponents = dict(factors)
    exponents[base] = exponents.get(base, Fraction(0)) + exponent
    return tuple((x, e) for x, e in exponents.items() if e)


# --- multiplying out -----------------------------------------------------------------------


def _expanded(term: Term, fresh: "count[int]") -> Iterator[Monomial]:
    """The products of a term; every bound index has a name of its own."""
    match term:
        case Number(value):
            yield value, (), ()
        case Addition(terms):
            for part in terms:
                yield from _expanded(part, fresh)
        case Product(factors):
            yield from _product([_listed(factor, fresh) for factor in factors])
        case Sum(index, body):
            own = Index(f"{OWN}{next(fresh)}", index.axis)
            for c, bound, factors_ in _expanded(rename(body, {index: own}), fresh):
                yield c, (own, *bound), factors_
        case Power(base, exponent):
            yield from _powers(base, exponent, fresh)
        case Apply(function, argument) if function == EXP:
            yield from _exponential(argument, fresh)
        case Apply(function, argument) if function == LOG:
            yield from _logarithm(argument, fresh)
        case Apply(function, argument):
            yield ONE, (), ((Apply(function, canonical(argument)), ONE),)
        case _:
            yield ONE, (), ((term, ONE),)


def _listed(factor: Term, fresh: "count[int]") -> list[Monomial]:
    found = list(islice(_expanded(factor, fresh), MOST_MONOMIALS + 1))
    if len(found) > MOST_MONOMIALS:
        raise UndecidedError("too many terms")
    return found


def _product(factors: list[list[Monomial]]) -> Iterator[Monomial]:
    """Multiplied out; where that is long, two by two, and what is alike without sums added up."""
    if math.prod(map(len, factors)) <= FEW:
        yield from map(_multiplied, product(*factors))
        return
    made = 0
    total: list[Monomial] = [(ONE, (), ())]
    for factor in sorted(factors, key=len):
        made += len(total) * len(factor)
        if made > MOST_PRODUCTS:
            raise UndecidedError("too many terms")
        found: dict[tuple[tuple[Index, ...], Factors], Fraction] = {}
        for pair in product(total, factor):
            coefficient, bound, factors_ = _multiplied(pair)
            like = bound, tuple(sorted(_merged(factors_), key=_read))
            found[like] = found.get(like, Fraction(0)) + coefficient
        total = [(c, *like) for like, c in found.items() if c]
    yield from total


def _merged(factors: Factors) -> Factors:
    """x^p x^q = x^(p + q), and [j = k]^p = [j = k]."""
    exponents: dict[Term, Fraction] = {}
    for x, e in factors:
        known = exponents.get(x)
        exponents[x] = ONE if isinstance(x, Delta) else e if known is None else known + e
    return tuple((x, e) for x, e in exponents.items() if e)


def _multiplied(parts: tuple[Monomial, ...]) -> Monomial:
    bound = tuple(index for _, own, _ in parts for index in own)
    factors = tuple(pair for _, _, own in parts for pair in own)
    return math.prod((c for c, _, _ in parts if c is not ONE), start=ONE), bound, factors


def _powers(base: Term, exponent: Fraction, fresh: "count[int]") -> Iterator[Monomial]:
    if isinstance(base, Number):
        yield _root(base.value, exponent)
        return
    if exponent.denominator == 1 and 0 <= exponent <= LARGEST:
        yield from _expanded(Product((base,) * int(exponent)), fresh)
        return
    inner = form(base)
    if not inner:
        raise UndecidedError("a power of 0")
    if len(inner) == 1 and not inner[0][1] and (exponent.denominator == 1 or inner[0][0] > 0):
        ((coefficient, _, factors),) = inner
        whole = _root(coefficient, exponent)
        # Of what may be negative no root is taken apart: √(x²) is not x.
        if exponent.denominator == 1 or all(_positive(x) for x, _ in factors):
            yield whole[0], (), (*whole[2], *((x, e * exponent) for x, e in factors))
            return
    atom = canonical(base)
    if 1 < exponent < LARGEST + 1:  # √x x
        rest = exponent - exponent.numerator // exponent.denominator
        whole_part = Power(atom, exponent - rest)
        yield from _expanded(Product((whole_part, Power(atom, rest))), fresh)
        return
    yield ONE, (), ((atom, exponent),)


def _positive(atom: Term) -> bool:
    return isinstance(atom, Size) or (isinstance(atom, Apply) and atom.function == EXP)


def _root(value: Fraction, exponent: Fraction) -> Monomial:
    """A power of a number: what is rational in front, roots of primes beside it."""
    if value == 1:
        return value, (), ()
    if abs(exponent) > 1000:
        raise UndecidedError(f"a power of {exponent}")
    if exponent.denominator == 1:
        if value == 0 and exponent <= 0:
            raise UndecidedError("a power of 0")
        return value ** int(exponent), (), ()
    if value <= 0 or value.numerator > 10**9 or value.denominator > 10**9:
        raise UndecidedError(f"a root of {value}")
    exponents: dict[int, Fraction] = {}
    for part, sign in ((value.numerator, 1), (value.denominator, -1)):
        divisor = 2
        while part > 1:
            if divisor * divisor > part:
                divisor = part
            if part % divisor == 0:
                part //= divisor
                exponents[divisor] = exponents.get(divisor, Fraction(0)) + sign * exponent
            else:
                divisor += 1
    return _whole_roots(Fraction(1), (), tuple((number(p), e) for p, e in exponents.items()))


def _whole_roots(c: Fraction, bound: tuple[Index, ...], factors: Factors) -> Monomial:
    """√2 √2 is 2: exponents of numbers from 0 to 1."""
    kept: list[tuple[Term, Fraction]] = []
    for x, e in factors:
        if isinstance(x, Number):
            whole = e.numerator // e.denominator
            c *= x.value**whole
            e -= whole
        if e:
            kept.append((x, e))
    return c, bound, tuple(kept)


def _exponential(argument: Term, fresh: "count[int]") -> Iterator[Monomial]:
    """e^{2u + v} = (e^u)^2 e^v, and e^{2 ln u} = u^2."""
    factors, powers = [], []
    for c, bound, inner in form(argument):
        of = _as_term((ONE, bound, inner))
        if isinstance(of, Apply) and of.function == LOG:
            powers.append(power(of.argument, c))
        else:
            factors.append((Apply(EXP, of), c))
    for c, bound, others in _expanded(mul(*powers), fresh):
        yield c, bound, (*factors, *others)


def _logarithm(argument: Term, fresh: "count[int]") -> Iterator[Monomial]:
    """ln(x^n y) = n ln x + ln y and ln e^u = u, where all is surely positive."""
    inner = form(argument)
    if len(inner) == 1 and inner[0][0] > 0:
        ((c, bound, factors),) = inner
        apart = [(x, e) for x, e in factors if not free_indices(x) & set(bound)]
        rest = canonical(_as_term((c, bound, tuple(pair for pair in factors if pair not in apart))))
        if all(surely_positive(x) for x in (rest, *(x for x, _ in apart))):
            for x, e in apart:
                if isinstance(x, Apply) and x.function == EXP:
                    yield from _expanded(mul(number(e), x.argument), fresh)
                else:
                    yield e, (), ((Apply(LOG, x), ONE),)
            if rest != number(1):
                yield ONE, (), ((Apply(LOG, rest), ONE),)
            return
    yield ONE, (), ((Apply(LOG, canonical(argument)), ONE),)


def surely_positive(term: Term) -> bool:
    """Whether a term is positive, whatever its symbols are."""
    match term:
        case Number(value):
            return value > 0
        case Size():
            return True
        case Apply(function, _):
            return function == EXP
        case Power(base, _) | Sum(_, base):
            return surely_positive(base)
        case Product(parts) | Addition(parts):
            return all(map(surely_positive, parts))
    return False


# --- one monomial --------------------------------------------------------------------------


def _reduced(monomial: Monomial, facts: frozenset[str]) -> Iterator[Monomial]:
    """Powers merged, deltas contracted, sums of nothing counted, bound indices named."""
    c, bound, factors = monomial
    while True:
        c, bound, factors = _whole_roots(c, bound, _merged(factors))
        changed = _contracted(bound, factors)
        if changed is None:
            break
        bound, factors = changed
        factors = tuple((_again(x), e) for x, e in factors)
    whole = (Addition, Sum, Product, Power)
    if any(isinstance(x, whole) and 1 <= e < LARGEST + 1 for x, e in factors):
        # What has cancelled a denominator is multiplied out; x^{3/2} is √x x.
        whole_term = _as_term((c, bound, factors))
        for inner in _expanded(whole_term, _fresh(whole_term)):
            yield from _reduced(inner, facts)
        return
    for index in bound:
        holders = [(x, e) for x, e in factors if index in free_indices(x)]
        if not holders:
            factors = (*factors, (Size(index.axis), Fraction(1)))
            bound = tuple(b for b in bound if b != index)
            yield from _reduced((c, bound, factors), facts)
            return
        match holders:
            case [(Symbol(name, _, (*_, last)) as y, Fraction(numerator=1, denominator=1))] if (
                name in facts and last == index
            ):
                factors = tuple(pair for pair in factors if pair[0] != y)
                bound = tuple(b for b in bound if b != index)
                yield from _reduced((c, bound, factors), facts)
                return
    yield (c, *_named(bound, factors))


def _contracted(
    bound: tuple[Index, ...], factors: Factors
) -> tuple[tuple[Index, ...], Factors] | None:
    for delta, _ in factors:
        if not isinstance(delta, Delta):
            continue
        left, right = delta.left, delta.right
        if left.axis != right.axis:
            raise UndecidedError(f"{spell(delta)} compares indices of different axes")
        rest = tuple((x, e) for x, e in factors if x != delta)
        if left == right:
            return bound, rest
        for old, new in ((left, right), (right, left)):
            if old in bound:
                renamed = tuple((rename(x, {old: new}), e) for x, e in rest)
                return tuple(b for b in bound if b != old), renamed
        new, old = sorted((left, right), key=lambda index: index.name)
        renamed = tuple((rename(x, {old: new}), e) for x, e in rest)
        if renamed != rest or (left, right) != (new, old):
            return bound, (*renamed, (Delta(new, old), Fraction(1)))
    return None


def _named(bound: tuple[Index, ...], factors: Factors) -> tuple[tuple[Index, ...], Factors]:
    """The names of bound indices, and the order of factors, that read smallest."""
    if not bound:
        return (), tuple(sorted(((_again(x), e) for x, e in factors), key=_read))
    height = 1 + max((_height(x) for x, _ in factors), default=0)
    by_axis = sorted(bound, key=lambda index: (str(index.axis), index.name))
    groups = [list(group) for _, group in groupby(by_axis, key=lambda index: index.axis)]
    if any(len(group) > MOST_BOUND for group in groups):
        raise UndecidedError("too many sums over one axis")
    best: tuple[list[str], tuple[Index, ...], Factors] | None = None
    for order in product(*(permutations(group) for group in groups)):
        old = [index for group in order for index in group]
        new = tuple(Index(f"{BOUND}{height}.{i}", index.axis) for i, index in enumerate(old))
        to = dict(zip(old, new, strict=True))
        renamed = sorted(((_again(rename(x, to)), e) for x, e in factors), key=_read)
        spelled = [_read(pair) for pair in renamed]
        if best is None or spelled < best[0]:
            best = spelled, new, tuple(renamed)
    assert best is not None
    return best[1], best[2]


def _read(pair: tuple[Term, Fraction]) -> str:
    return f"{spell(pair[0])}^{pair[1]}"


@lru_cache(maxsize=20_000)
def _height(term: Term) -> int:
    """How deep sums with names of ours stand inside a term."""
    match term:
        case Sum(Index(name), body):
            own = int(name[1:].partition(".")[0]) if name.startswith(BOUND) else 0
            return max(own, _height(body))
        case Apply(_, inside) | Power(inside, _):
            return _height(inside)
        case Product(parts) | Addition(parts):
            return max(map(_height, parts), default=0)
    return 0


@lru_cache(maxsize=20_000)
def _again(atom: Term) -> Term:
    """An atom whose inside is in order again after indices were renamed."""
    match atom:
        case Apply(function, argument):
            return Apply(function, canonical(argument))
        case Addition() | Sum() | Product() | Power():
            return canonical(atom)
    return atom


@lru_cache(maxsize=20_000)
def canonical(term: Term, facts: frozenset[str] = frozenset()) -> Term:
    """The term as its monomials read."""
    return add(*map(_as_term, form(term, facts)))


def _as_term(monomial: Monomial) -> Term:
    c, bound, factors = monomial
    term = mul(Number(c), *(power(x, e) for x, e in factors))
    for index in reversed(bound):
        term = Sum(index, term)
    return term


@lru_cache(maxsize=20_000)
def in_order(term: Term) -> Term:
    """Like factors and like terms put together, in order; nothing is multiplied out.

    The first coefficient of a sum stands in front: 2x + 4y is 2 (x + 2y).
    """
    match term:
        case Product(factors):
            return _factors_in_order(map(in_order, factors))
        case Power(base, exponent) if exponent.denominator == 1:
            c, rest = _coefficient(in_order(base))
            return mul(power(Number(c), exponent), power(rest, exponent))
        case Addition(terms):
            found: dict[Term, Fraction] = {}
            for c, rest in map(_coefficient, map(in_order, terms)):
                found[rest] = found.get(rest, Fraction(0)) + c
            left = [(x, found[x]) for x in sorted(found, key=spell) if found[x]]
            first = left[0][1] if left else ONE
            return mul(Number(first), add(*(mul(Number(c / first), x) for x, c in left)))
    return map_children(term, in_order)


def _factors_in_order(factors: Iterable[Term]) -> Term:
    exponents: dict[Term, Fraction] = {}
    numbers: list[Term] = []  # 0 0⁻¹ is not 0⁰
    for factor in factors:
        for part in factor.factors if isinstance(factor, Product) else (factor,):
            x, e = (part.base, part.exponent) if isinstance(part, Power) else (part, ONE)
            if isinstance(x, Number):
                numbers.append(part)
            else:
                exponents[x] = exponents.get(x, Fraction(0)) + e
    ordered = (power(x, exponents[x]) for x in sorted(exponents, key=spell))
    return mul(*sorted(numbers, key=spell), *ordered)


def _coefficient(term: Term) -> tuple[Fraction, Term]:
    match term:
        case Number(value):
            return value, number(1)
        case Product((Number(value), *rest)):
            return value, mul(*rest)
    return ONE, term


# --- scalar formulas -----------------------------------------------------------------------


@lru_cache(maxsize=1000)
def kinked(formula: sympy.Expr) -> bool:
    """Whether a formula has branches."""
    return bool(formula.has(*KINKED))


def applied(formula: sympy.Expr, at: Term, *, over_exp: bool = False) -> Term:
    """A scalar formula at a term, in its exponentials; one with branches stays whole."""

    def go(x: sympy.Expr) -> Term:
        match x:
            case sympy.Rational():
                return number(Fraction(int(x.p), int(x.q)))
            case sympy.Symbol() if x == ARGUMENT:
                return at
            case sympy.NumberSymbol():
                return Symbol(str(x))
            case _ if isinstance(x, KINKED):
                return Apply(ScalarFunction("", x), at)
            case sympy.Add():
                return add(*map(go, x.args))
            case sympy.Mul():
                return mul(*map(go, x.args))
            case sympy.Pow() if isinstance(x.exp, sympy.Rational):
                return power(go(x.base), Fraction(int(x.exp.p), int(x.exp.q)))
            case sympy.Pow():
                return Apply(EXP, mul(go(x.exp), Apply(LOG, go(x.base))))
            case sympy.exp():
                return Apply(EXP, go(x.args[0]))
            case sympy.log():
                return Apply(LOG, go(x.args[0]))
            case sympy.sinh() | sympy.cosh() | sympy.tanh() if over_exp:
                return _hyperbolic(type(x).__name__, go(x.args[0]))
            case sympy.Function() if len(x.args) == 1:
                return Apply(ScalarFunction("", x.func(ARGUMENT)), go(x.args[0]))
        raise UndecidedError(f"the formula {x}")

    return go(formula)


def _hyperbolic(name: str, u: Term) -> Term:
    up, down = Apply(EXP, u), Apply(EXP, mul(MINUS, u))
    sinh, cosh = add(up, mul(MINUS, down)), add(up, down)
    half = number(Fraction(1, 2))
    return {"sinh": mul(half, sinh), "cosh": mul(half, cosh)}.get(name, mul(sinh, power(cosh, -1)))


def slope(formula: sympy.Expr, at: Term, *, over_exp: bool = False) -> Term:
    """The derivative of a scalar formula without branches, at a term."""

    def value(x: sympy.Expr) -> Term:
        return applied(x, at, over_exp=over_exp)

    def go(x: sympy.Expr) -> Term:
        match x:
            case sympy.Rational() | sympy.NumberSymbol():
                return number(0)
            case sympy.Symbol() if x == ARGUMENT:
                return number(1)
            case sympy.Add():
                return add(*map(go, x.args))
            case sympy.Mul():
                rest = [
                    tuple(y for j, y in enumerate(x.args) if j != i) for i in range(len(x.args))
                ]
                parts = zip(x.args, rest, strict=True)
                return add(*(mul(go(y), *map(value, others)) for y, others in parts))
            case sympy.Pow() if isinstance(x.exp, sympy.Rational):
                e = Fraction(int(x.exp.p), int(x.exp.q))
                return mul(number(e), power(value(x.base), e - 1), go(x.base))
            case sympy.Pow():
                inner = mul(value(x.exp), power(value(x.base), -1), go(x.base))
                return mul(value(x), add(mul(go(x.exp), Apply(LOG, value(x.base))), inner))
            case sympy.Function() if len(x.args) == 1 and not isinstance(x, KINKED):
                return mul(_outer(x, value), go(x.args[0]))
        raise UndecidedError(f"the derivative of {x}")

    return go(formula)


def _outer(x: sympy.Function, value: Callable[[sympy.Expr], Term]) -> Term:
    """f'(u) of f(u), from a table."""
    u, own = value(x.args[0]), value(x)
    one = number(1)
    square = mul(u, u)
    minus_square = mul(MINUS, square)
    match x:
        case sympy.exp():
            return own
        case sympy.log():
            return power(u, -1)
        case sympy.sin():
            return value(sympy.cos(x.args[0]))
        case sympy.cos():
            return mul(MINUS, value(sympy.sin(x.args[0])))
        case sympy.tan():
            return add(one, mul(own, own))
        case sympy.sinh():
            return value(sympy.cosh(x.args[0]))
        case sympy.cosh():
            return value(sympy.sinh(x.args[0]))
        case sympy.tanh():
            return add(one, mul(MINUS, own, own))
        case sympy.atan():
            return power(add(one, square), -1)
        case sympy.asin():
            return power(add(one, minus_square), Fraction(-1, 2))
        case sympy.acos():
            return mul(MINUS, power(add(one, minus_square), Fraction(-1, 2)))
        case sympy.asinh():
            return power(add(one, square), Fraction(-1, 2))
        case sympy.erf():
            return mul(number(2), power(Symbol("pi"), Fraction(-1, 2)), Apply(EXP, minus_square))
    raise UndecidedError(f"the derivative of {type(x).__name__}")
