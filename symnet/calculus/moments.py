"""Expectations and variances of polynomials in independent random quantities, by their moments.

E is linear, E of a product of independent quantities is the product of their E, and E[x^k] is a
formula of the law of x; what a law leaves open, a variance say, is a symbol. max(0, x) of an x that
is symmetric around 0 has half of the even moments of x.

>>> p, r = Symbol("p"), Symbol("r")
>>> spell(normal.normalise(expectation(mul(r, r, power(p, -1)), {"r": bernoulli(p)})))
'1'
>>> x, laws = Symbol("x"), {"x": uniform(number(-3), number(3))}
>>> spell(normal.normalise(variance(x, laws)))
'3'

Laws are also had as points with weights, at which the same is added up in numbers.
"""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import isqrt
from typing import Any

import mpmath
import sympy

from symnet.calculus import normal
from symnet.calculus.total import GiveUpError
from symnet.term import (
    ARGUMENT,
    ONE,
    ZERO,
    Addition,
    Apply,
    Number,
    Power,
    Product,
    ScalarFunction,
    Symbol,
    Term,
    add,
    mul,
    number,
    power,
    spell,
    walk,
)

MINUS = number(-1)
HALF = number(Fraction(1, 2))
RELU = ScalarFunction("relu", sympy.Max(0, ARGUMENT))
HIGHEST = 8  # moment that is asked for
EXACTLY = mpmath.MPContext()
EXACTLY.dps = 60
Numeric = Any  # a Fraction, or a number of 60 digits
Value = Callable[[Term], Fraction]
Points = Sequence[tuple[Numeric, Numeric]]  # values and their weights


@dataclass(frozen=True)
class Law:
    """How a quantity is distributed: its moments, and points with weights that have them.

    `points` makes the points of one law of the kind, given the numbers of its symbols and a seed;
    None: there is none with a few points. `symmetric` says that -x has the law of x.
    """

    moment: Callable[[int], Term]
    points: Callable[[Value, int], Points] | None
    symmetric: bool = False
    is_mask: bool = False  # 0 or 1: what it is multiplied with need not be random


def bernoulli(p: Term) -> Law:
    """1 with probability p, else 0."""

    def points(value: Value, seed: int) -> Points:
        return ((1, at(p, {}, value)), (0, 1 - at(p, {}, value)))

    return Law(lambda k: p, points, is_mask=True)


def uniform(low: Term, high: Term) -> Law:
    """Any number between two, as likely as any other."""
    width = add(high, mul(MINUS, low))

    def moment(k: int) -> Term:
        top = add(power(high, k + 1), mul(MINUS, power(low, k + 1)))
        return mul(top, power(mul(number(k + 1), width), -1))

    centred = normal.equal(add(low, high), ZERO)
    if centred:
        return Law(lambda k: ZERO if k % 2 else _over(power(high, k), k + 1), None, True)
    return Law(moment, None)


def _over(term: Term, by: int) -> Term:
    return mul(number(Fraction(1, by)), term)


def gaussian(mean: Term, spread: Term) -> Law:
    """Normal, with a mean and a variance."""

    def moment(k: int) -> Term:
        if k == 0:
            return ONE
        if k == 1:
            return mean
        return add(mul(mean, moment(k - 1)), mul(number(k - 1), spread, moment(k - 2)))

    return Law(moment, None, normal.equal(mean, ZERO))


def some(name: str, symmetric: bool, mean: Term | None, spread: Term | None) -> Law:
    """Any law: with a mean or a variance that are known, or not; what is open is a symbol."""
    first = ZERO if symmetric and mean is None else mean
    first = Symbol(f"E {name}") if first is None else first

    def moment(k: int) -> Term:
        if k == 0:
            return ONE
        if k == 1:
            return first
        if symmetric and first == ZERO and k % 2:
            return ZERO
        if k == 2 and spread is not None:
            return add(spread, mul(first, first))
        return Symbol(f"E {name}^{k}")

    def points(value: Value, seed: int) -> Points:
        chance = random.Random(f"{name} {seed}")
        known = mean is not None or symmetric
        centre = at(first, {}, value) if known else Fraction(seed, 3)
        if spread is None:
            if symmetric:
                wide = Fraction(chance.randrange(1, 7), 2)
                places = (wide, -wide, 2 * wide, -2 * wide)
                return tuple((centre + x, Fraction(1, 4)) for x in places)
            wide = Fraction(chance.randrange(1, 7), 2)
            return ((centre - wide, Fraction(2, 3)), (centre + 2 * wide, Fraction(1, 3)))
        wide = _root(at(spread, {}, value))
        return ((centre - wide, Fraction(1, 2)), (centre + wide, Fraction(1, 2)))

    return Law(moment, points, symmetric)


# --- expectations --------------------------------------------------------------------------


def expectation(term: Term, laws: Mapping[str, Law], independent: bool = True) -> Term:
    """E of a polynomial in random quantities; of products of several, if they are independent."""
    found: list[Term] = []
    for monomial in normal.normal(term):
        if monomial.bound:
            raise GiveUpError("a sum in an expectation")
        fixed: list[Term] = [Number(monomial.coefficient)]
        powers: dict[str, list[int]] = {}
        for x, e in monomial.factors:
            name = _random_name(x, laws)
            if name is None:
                fixed.append(power(x, e))
                continue
            if e.denominator != 1 or not 0 < e <= HIGHEST:
                raise GiveUpError("a power of something random")
            plain, positive = powers.setdefault(name, [0, 0])
            powers[name] = (
                [plain, positive + int(e)] if x != Symbol(name) else [plain + int(e), positive]
            )
        if len(powers) > 1 and not independent:
            raise GiveUpError("whether these quantities are independent is not said")
        for name, (plain, positive) in powers.items():
            fixed.append(_moment(name, laws[name], plain, positive))
        found.append(mul(*fixed))
    return add(*found)


def _moment(name: str, law: Law, plain: int, positive: int) -> Term:
    """E[x^plain max(0, x)^positive]."""
    k = plain + positive
    if not positive:
        return law.moment(k)
    if not law.symmetric:
        return Symbol(f"E max(0, {name})^{k}")
    return mul(HALF, law.moment(k) if k % 2 == 0 else Symbol(f"E |{name}|^{k}"))


def _random_name(x: Term, laws: Mapping[str, Law]) -> str | None:
    """The random quantity that stands here, by itself or as max(0, x)."""
    if isinstance(x, Symbol) and x.name in laws:
        return x.name
    if isinstance(x, Apply) and x.function == RELU and isinstance(x.argument, Symbol):
        return x.argument.name if x.argument.name in laws else None
    if any(isinstance(part, Symbol) and part.name in laws for part in walk(x)):
        raise GiveUpError("a function of something random")
    return None


def variance(term: Term, laws: Mapping[str, Law], independent: bool = True) -> Term:
    """Var x = E x² - (E x)²."""
    mean = expectation(term, laws, independent)
    return add(expectation(mul(term, term), laws, independent), mul(MINUS, power(mean, 2)))


# --- at numbers ----------------------------------------------------------------------------


def mean_at_points(term: Term, points: Mapping[str, Points], value: Value) -> Numeric:
    """E of a term, added up over all points that its random quantities can have."""
    names = sorted({x.name for x in walk(term) if isinstance(x, Symbol) and x.name in points})

    def added(left: Sequence[str], known: dict[str, Numeric]) -> Numeric:
        if not left:
            return at(term, known, value)
        name, *rest = left
        return sum(
            (weight * added(rest, {**known, name: x}) for x, weight in points[name]), Fraction(0)
        )

    return added(names, {})


def law_of_sum(
    term: Term, points: Mapping[str, Points], value: Value, count: int
) -> dict[Numeric, Numeric]:
    """The values of a sum of independent copies of a term, each with its probability."""
    names = sorted({x.name for x in walk(term) if isinstance(x, Symbol) and x.name in points})
    one: dict[Numeric, Numeric] = {}
    for chosen in product(*(points[name] for name in names)):
        known = {name: x for name, (x, _) in zip(names, chosen, strict=True)}
        found, weight = at(term, known, value), math.prod(w for _, w in chosen)
        one[found] = one.get(found, 0) + weight
    total: dict[Numeric, Numeric] = {Fraction(0): Fraction(1)}
    for _ in range(count):
        longer: dict[Numeric, Numeric] = {}
        for (x, p), (y, q) in product(total.items(), one.items()):
            longer[x + y] = longer.get(x + y, 0) + p * q
        total = longer
    return total


def at(term: Term, known: Mapping[str, Numeric], value: Value) -> Numeric:
    """What a term is, where random quantities are what they are."""
    match term:
        case Number(found):
            return found
        case Symbol(name):
            return known[name] if name in known else value(term)
        case Addition(terms):
            return sum((at(x, known, value) for x in terms), Fraction(0))
        case Product(factors):
            result: Numeric = Fraction(1)
            for x in factors:
                result = result * at(x, known, value)
            return result
        case Power(base, exponent):
            inner = at(base, known, value)
            if exponent.denominator == 2:
                inner, exponent = _root(inner), exponent * 2
            if exponent.denominator != 1:
                raise GiveUpError("a root that is not read")
            if not inner and exponent < 0:
                raise GiveUpError("a quotient by 0")
            return inner ** int(exponent)
        case Apply(function, argument) if function == RELU:
            return max(Fraction(0), at(argument, known, value))
    raise GiveUpError(f"{spell(term)} has no value")


def _root(value: Numeric) -> Numeric:
    """The square root: a fraction if it is one, else with 60 digits."""
    if value < 0:
        raise GiveUpError("a root of a negative number")
    if isinstance(value, int | Fraction):
        whole = Fraction(value)
        above, below = isqrt(whole.numerator), isqrt(whole.denominator)
        if above**2 == whole.numerator and below**2 == whole.denominator:
            return Fraction(above, below)
    return EXACTLY.sqrt(EXACTLY.convert(value))
