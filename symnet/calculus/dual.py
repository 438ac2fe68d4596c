"""Exact numbers with unknowns, and their slopes carried along: dual numbers.

A `Poly` is a polynomial with rational coefficients in unknowns: names, or powers of other
polynomials such as (1 + E)^-1. A `Dual` is such a number with its slopes by some variables. Sums
and products of duals have the slopes that sums and products have; nothing else is known of calculus
here.

>>> x, y = Dual.variable("x"), Dual.variable("y")
>>> (x * x * y + y).slopes["x"]
2·x·y
>>> (x * (x + y).power(Fraction(-1))).slopes["y"]
-1·(x + y)^-2·x
>>> vanishes(unknown("x") * root(unknown("x"), Fraction(-1)) + number(-1))
True
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

ZERO, ONE = Fraction(0), Fraction(1)

Key = tuple[tuple[str, Fraction], ...]  # unknowns by their names, with exponents, in order


@dataclass(frozen=True, slots=True)
class Poly:
    """Monomials with their coefficients; `roots` says what the unknowns like (x + y) stand for."""

    terms: Mapping[Key, Fraction]
    roots: Mapping[str, "Poly"] = field(default_factory=dict)

    def __add__(self, other: "Poly") -> "Poly":
        terms = dict(self.terms)
        for key, coefficient in other.terms.items():
            total = terms.get(key, ZERO) + coefficient
            if total:
                terms[key] = total
            else:
                terms.pop(key, None)
        return Poly(terms, _both(self.roots, other.roots))

    def __mul__(self, other: "Poly") -> "Poly":
        terms: dict[Key, Fraction] = {}
        for one, a in self.terms.items():
            for two, b in other.terms.items():
                key = _times(one, two)
                total = terms.get(key, ZERO) + a * b
                if total:
                    terms[key] = total
                else:
                    terms.pop(key, None)
        return Poly(terms, _both(self.roots, other.roots))

    def times(self, factor: Fraction) -> "Poly":
        """A multiple."""
        if not factor:
            return Poly({})
        return Poly({key: c * factor for key, c in self.terms.items()}, self.roots)

    def __str__(self) -> str:
        shown = []
        for key, c in sorted(self.terms.items()):
            factors = [f"{name}^{e}" if e != 1 else name for name, e in key]
            shown.append("·".join([str(c)] * (c != 1 or not factors) + factors))
        return " + ".join(shown) or "0"

    __repr__ = __str__


def _both(one: Mapping[str, Poly], two: Mapping[str, Poly]) -> Mapping[str, Poly]:
    if not one or not two:
        return one or two
    return {**one, **two}


def _times(one: Key, two: Key) -> Key:
    if not one or not two:
        return one or two
    exponents = dict(one)
    for name, e in two:
        exponents[name] = exponents.get(name, ZERO) + e
    return tuple(sorted((name, e) for name, e in exponents.items() if e))


def number(value: Fraction | int) -> Poly:
    """A number without unknowns."""
    return Poly({(): Fraction(value)} if value else {})


def unknown(name: str) -> Poly:
    """A number of which nothing is known but its name."""
    return Poly({((name, ONE),): ONE})


def root(base: Poly, exponent: Fraction) -> Poly:
    """A power of a polynomial: multiplied out for small whole exponents, else a new unknown."""
    if exponent.denominator == 1 and 0 <= exponent <= 12:
        power = number(1)
        for _ in range(int(exponent)):
            power = power * base
        return power
    if len(base.terms) == 1 and exponent.denominator == 1:
        ((key, coefficient),) = base.terms.items()
        raised = tuple((name, e * exponent) for name, e in key)
        return Poly({raised: coefficient ** int(exponent)}, base.roots)
    if not base.terms:
        raise ZeroDivisionError("a negative power of 0")
    name = f"({base})"
    return Poly({((name, exponent),): ONE}, {**base.roots, name: base})


def vanishes(of: Poly) -> bool:
    """Whether a polynomial is 0, for all values of its unknowns at which it has one."""
    while of.terms:
        name = next((n for key in of.terms for n, _ in key if n in of.roots), None)
        if name is None:
            return False
        of = _cleared(of, name)
    return True


def _cleared(of: Poly, name: str) -> Poly:
    """Without the unknown (base): times its lowest power, and whole powers multiplied out."""
    base = of.roots[name]
    exponents = {dict(key).get(name, ZERO) for key in of.terms}
    lowest = min(exponents)
    if any((e - lowest).denominator != 1 for e in exponents):
        # √x and x side by side: √x stays an unknown beside whole powers of x.
        return _without_halves(of, name)
    total = Poly({}, {n: p for n, p in of.roots.items() if n != name} | dict(base.roots))
    for key, coefficient in of.terms.items():
        rest = tuple((n, e) for n, e in key if n != name)
        power = root(base, dict(key).get(name, ZERO) - lowest)
        total = total + Poly({rest: coefficient}, total.roots) * power
    return total


def _without_halves(of: Poly, name: str) -> Poly:
    """√x beside whole powers of x: what is left of an exponent is an unknown of its own."""
    base = of.roots[name]
    total = Poly({}, dict(of.roots))
    lowest = min(dict(key).get(name, ZERO) for key in of.terms)
    for key, coefficient in of.terms.items():
        exponent = dict(key).get(name, ZERO) - lowest
        whole = Fraction(exponent.numerator // exponent.denominator)
        part = exponent - whole
        rest = tuple((n, e) for n, e in key if n != name)
        halves = ((f"{name}^{part}", ONE),) if part else ()
        term = Poly({tuple(sorted((*rest, *halves))): coefficient}, of.roots)
        total = total + term * root(base, whole)
    return Poly(total.terms, {n: p for n, p in total.roots.items() if n != name})


# --- with slopes ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dual:
    """A number with its slopes by the variables that it depends on."""

    value: Poly
    slopes: Mapping[str, Poly] = field(default_factory=dict)

    @classmethod
    def variable(cls, name: str) -> "Dual":
        """An unknown with slope 1 by itself."""
        return cls(unknown(name), {name: number(1)})

    def __add__(self, other: "Dual") -> "Dual":
        slopes = dict(self.slopes)
        for name, slope in other.slopes.items():
            slopes[name] = slopes[name] + slope if name in slopes else slope
        return Dual(self.value + other.value, slopes)

    def __mul__(self, other: "Dual") -> "Dual":
        slopes = {name: slope * other.value for name, slope in self.slopes.items()}
        for name, slope in other.slopes.items():
            part = self.value * slope
            slopes[name] = slopes[name] + part if name in slopes else part
        return Dual(self.value * other.value, slopes)

    def through(self, value: Poly, slope: Poly) -> "Dual":
        """f of this number, of which only the value and the slope here are known."""
        return Dual(value, {name: slope * own for name, own in self.slopes.items()})

    def power(self, exponent: Fraction) -> "Dual":
        """A power, with the slope e x^(e-1)."""
        if not exponent:
            return Dual(number(1))
        slope = root(self.value, exponent - 1).times(exponent)
        return self.through(root(self.value, exponent), slope)


def total(parts: Iterator[Dual]) -> Dual:
    """A sum of many, without copying what is there for each."""
    value: dict[Key, Fraction] = {}
    roots: Mapping[str, Poly] = {}
    slopes: dict[str, Poly] = {}
    for part in parts:
        for key, coefficient in part.value.terms.items():
            value[key] = value.get(key, ZERO) + coefficient
        roots = _both(roots, part.value.roots)
        for name, slope in part.slopes.items():
            slopes[name] = slopes[name] + slope if name in slopes else slope
    return Dual(Poly({key: c for key, c in value.items() if c}, roots), slopes)
