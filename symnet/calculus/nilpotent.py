"""Numbers with a nilpotent part, by which derivatives are had without differentiating.

A plain number is a Fraction as long as rational operations suffice, else an mpf; a `Numbers` says
which. `Perturbed` is a polynomial in ε_1, ε_2 … with ε_i² = 0; `Series` is a Taylor polynomial in
one variable.

>>> x = Perturbed({0: Fraction(3), 1: Fraction(1)})
>>> (x * x).coefficient(1)
Fraction(6, 1)
"""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import Any

import mpmath

from symnet.errors import SymnetError

Plain = Any  # Fraction or mpf
Value = Any  # a Plain, a Perturbed or a Series
DIGITS = 50


class NoValueError(SymnetError):
    """A formula has no value at these numbers, or none that we can compute: take other numbers."""


class IrrationalError(Exception):
    """Rational numbers do not suffice, or grow out of hand."""


MOST_KEPT = 10_000


class Numbers:
    """How numbers are held: exactly, or to a number of digits in a context of their own."""

    def __init__(self, digits: int | None = None) -> None:
        self.exact = digits is None
        self._known: dict[Fraction | int, Plain] = {}
        self.kept: dict[tuple[str, Plain, int], list[Plain]] = {}  # for whoever computes with them
        if digits is not None:
            self.context = mpmath.MPContext()
            self.context.dps = digits
            self.tie = self.context.mpf(10) ** (-digits // 2)

    def of(self, value: Fraction | int) -> Plain:
        """A rational number in this protocol."""
        if self.exact:
            return Fraction(value) if isinstance(value, int) else value
        if value not in self._known:
            if len(self._known) >= MOST_KEPT:
                self._known.clear()
            self._known[value] = self.context.convert(Fraction(value))
        return self._known[value]

    def real(self) -> Any:
        """The functions of the context. Raises IrrationalError where numbers are exact."""
        if self.exact:
            raise IrrationalError
        return self.context

    def sign(self, value: Plain) -> int:
        """-1, 0 or 1; what is 0 but for rounding counts as 0."""
        if not self.exact and abs(value) <= self.tie:
            return 0
        return int(value > 0) - int(value < 0)


@lru_cache(maxsize=8)
def numbers_to(digits: int | None) -> Numbers:
    """One `Numbers` for each number of digits: a context takes a while to make."""
    return Numbers(digits)


# --- numbers with a nilpotent part ---------------------------------------------------------


class Perturbed:
    """Coefficients by the set of ε's, a bit mask, that they stand before."""

    __slots__ = ("terms",)

    def __init__(self, terms: dict[int, Plain]) -> None:
        self.terms = terms

    def __add__(self, other: Value) -> Value:
        terms = dict(self.terms)
        if type(other) is Perturbed:
            for mask, value in other.terms.items():
                terms[mask] = terms[mask] + value if mask in terms else value
        else:
            terms[0] = terms.get(0, 0) + other
        return Perturbed(terms)

    __radd__ = __add__

    def __mul__(self, other: Value) -> Value:
        if type(other) is not Perturbed:
            return Perturbed({mask: value * other for mask, value in self.terms.items()})
        terms: dict[int, Plain] = {}
        for one, x in self.terms.items():
            for two, y in other.terms.items():
                if not one & two:
                    mask = one | two
                    terms[mask] = terms[mask] + x * y if mask in terms else x * y
        return Perturbed(terms)

    __rmul__ = __mul__

    @property
    def base(self) -> Plain:
        """The value where every ε is 0."""
        return self.terms.get(0, 0)

    @property
    def nilpotent(self) -> "Perturbed":
        """The rest."""
        return Perturbed({mask: value for mask, value in self.terms.items() if mask})

    @property
    def order(self) -> int:
        """The highest power of the rest that may not vanish."""
        together = 0
        for mask in self.terms:
            together |= mask
        return together.bit_count()

    def coefficient(self, bit: int) -> Value:
        """What stands before one ε; the plain number 0 if nothing does."""
        terms = {mask ^ bit: value for mask, value in self.terms.items() if mask & bit}
        return terms.get(0, 0) if terms.keys() <= {0} else Perturbed(terms)


class Series:
    """Taylor coefficients up to some order."""

    __slots__ = ("terms",)

    def __init__(self, terms: Sequence[Plain]) -> None:
        self.terms = terms

    def __add__(self, other: Value) -> "Series":
        if type(other) is not Series:
            return Series([self.terms[0] + other, *self.terms[1:]])
        return Series([x + y for x, y in zip(self.terms, other.terms, strict=True)])

    __radd__ = __add__

    def __mul__(self, other: Value) -> "Series":
        if type(other) is not Series:
            return Series([x * other for x in self.terms])
        x, y = self.terms, other.terms
        return Series([sum(x[i] * y[k - i] for i in range(k + 1)) for k in range(len(x))])

    __rmul__ = __mul__

    @property
    def base(self) -> Plain:
        """The value at the point."""
        return self.terms[0]

    @property
    def nilpotent(self) -> "Series":
        """The rest."""
        return Series([self.terms[0] * 0, *self.terms[1:]])

    @property
    def order(self) -> int:
        """The highest power of the rest that may not vanish."""
        return len(self.terms) - 1


NILPOTENT = (Perturbed, Series)


def base(x: Value) -> Plain:
    """The number without what is nilpotent."""
    return x.base if isinstance(x, NILPOTENT) else x


def compose(jet: Callable[[Plain, int], Sequence[Plain]], x: Value) -> Value:
    """f(x) from f's Taylor coefficients at the number that x is without its nilpotent part."""
    if not isinstance(x, NILPOTENT):
        return jet(x, 0)[0]
    coefficients = jet(x.base, x.order)
    rest = x.nilpotent
    if x.order == 0:
        return coefficients[0]
    total = rest * coefficients[1] + coefficients[0]
    power: Value = rest
    for coefficient in coefficients[2 : x.order + 1]:
        power = power * rest
        total = total + power * coefficient
    return total


def dot(xs: Iterable[Value], ys: Iterable[Value]) -> Value:
    """Σ x y. Fractions meet over one denominator, which is reduced once."""
    parts: dict[int, list[tuple[Plain, Plain]]] = {0: []}
    for x, y in zip(xs, ys, strict=True):
        if type(x) is not Perturbed and type(y) is not Perturbed:
            parts[0].append((x, y))
            continue
        for one, p in x.terms.items() if type(x) is Perturbed else ((0, x),):
            for two, q in y.terms.items() if type(y) is Perturbed else ((0, y),):
                if not one & two:
                    parts.setdefault(one | two, []).append((p, q))
    sums = {mask: _plain_dot(pairs) for mask, pairs in parts.items()}
    return sums[0] if len(sums) == 1 else Perturbed(sums)


def _plain_dot(pairs: list[tuple[Plain, Plain]]) -> Plain:
    try:
        products = [
            (x.numerator * y.numerator, x.denominator * y.denominator) for x, y in pairs if x and y
        ]
    except AttributeError:
        return sum(x * y for x, y in pairs)
    if not products:
        return 0
    common = max(bottom for _, bottom in products)
    if any(common % bottom for _, bottom in products):
        common = lcm(*(bottom for _, bottom in products))
    return Fraction(sum(top * (common // bottom) for top, bottom in products), common)


def total(values: Sequence[Value]) -> Value:
    """The sum of numbers."""
    return dot(values, [1] * len(values))
