"""Recurrences at numbers: sequences computed step by step, exactly while that is possible.

Nothing of how equations between sequences are proved is used here: sums are added up, gradients are
polynomials with coefficients drawn from a seed, roots have 60 digits.

>>> from symnet.calculus.recurrences import System, member
>>> from symnet.term import mul, number
>>> doubled = System({"x": mul(number(2), member("x", -1))}, {("x", 0): number(3)})
>>> Run(doubled, seed=1).value(member("x"), 4)
Fraction(48, 1)
"""

import random
from collections.abc import Mapping
from fractions import Fraction
from math import isqrt
from typing import Any

import mpmath

from symnet.calculus.nilpotent import IrrationalError, NoValueError
from symnet.calculus.recurrences import POWER, SUMMED, System
from symnet.term import Addition, Apply, LayerNumber, Number, Power, Product, Symbol, Term, spell

DIGITS = 60
DEEPEST = 40  # steps back
Numeric = Any  # a Fraction or an mpf


class Run:
    """One course of a system: what all constants and inputs are comes from the seed."""

    def __init__(
        self,
        system: System,
        seed: int,
        exact: bool = True,
        names: Mapping[str, str] | None = None,
    ) -> None:
        self.system, self.seed, self.exact = system, seed, exact
        self.names = names or {}  # under which name the chances of a symbol are drawn
        self.context = mpmath.MPContext()
        self.context.dps = DIGITS
        self._known: dict[tuple[str, int | None], Numeric] = {}

    def value(self, term: Term, step: int) -> Numeric:
        """What a term is at t = step. Raises IrrationalError where fractions do not suffice."""
        return self._value(term, {"t": step})

    def _value(self, term: Term, steps: Mapping[str, int], depth: int = 0) -> Numeric:
        if depth > DEEPEST:
            raise NoValueError("the sequence does not begin")
        match term:
            case Number(value):
                return self._of(value)
            case Symbol(name, None):
                return self._of(self._chance("constant", name))
            case Symbol(name, LayerNumber() as layer):
                return self._member(name, _step(layer, steps), depth)
            case Addition(terms):
                found = self._of(Fraction(0))
                for part in terms:
                    found += self._value(part, steps, depth)
                return found
            case Product(factors):
                found = self._of(Fraction(1))
                for part in factors:
                    found *= self._value(part, steps, depth)
                return found
            case Power(base, exponent):
                return self._power(self._value(base, steps, depth), exponent)
            case Apply(function, argument):
                at = None if function.layer is None else _step(function.layer, steps)
                x = self._value(argument, steps, depth)
                if function.formula is not None:
                    raise NoValueError(f"{function.name} has no value here")
                # A polynomial, so that all stays exact.
                c = [self._of(self._signed(f"gradient {at}", function.name, k)) for k in range(3)]
                return c[0] + c[1] * x + c[2] * x * x
        raise NoValueError("no value")

    def _of(self, value: Fraction) -> Numeric:
        return value if self.exact else self.context.mpf(value.numerator) / value.denominator

    def _member(self, name: str, step: int, depth: int) -> Numeric:
        key = name, step
        if key not in self._known:
            self._known[key] = self._computed(name, step, depth)
        return self._known[key]

    def _computed(self, name: str, step: int, depth: int) -> Numeric:
        start = self.system.starts.get((name, step))
        if start is not None:
            return self._value(start, {}, depth + 1)
        if name in self.system.totals:
            total = self.system.totals[name]
            found = self._of(Fraction(0))
            for each in range(total.first, step + total.last + 1):
                found += self._value(total.body, {"t": step, SUMMED: each}, depth + 1)
            return found
        if name in self.system.rules:
            begins = [at for own, at in self.system.starts if own == name]
            if begins and step < min(begins) and not name.startswith(POWER):
                raise NoValueError(f"{name} begins later")
            return self._value(self.system.rules[name], {"t": step}, depth + 1)
        if name.startswith(POWER):
            raise NoValueError("a power of what is not known")
        return self._of(self._signed(f"member {step}", name, 0))

    def _power(self, base: Numeric, exponent: Fraction) -> Numeric:
        if exponent.denominator == 1:
            if base == 0 and exponent <= 0:
                raise NoValueError("a quotient by 0")
            return base ** int(exponent)
        if base < 0 or (base == 0 and exponent < 0):
            raise NoValueError("a root of a negative number")
        if not self.exact:
            return self.context.power(base, self._of(exponent))
        if exponent.denominator == 2:
            above, below = isqrt(base.numerator), isqrt(base.denominator)
            if above * above == base.numerator and below * below == base.denominator:
                return Fraction(above, below) ** exponent.numerator
        raise IrrationalError

    def _chance(self, kind: str, name: str, k: int = 0) -> Fraction:
        """A number between 0 and 1."""
        drawn = random.Random(f"{self.seed} {kind} {self.names.get(name, name)} {k}")
        return Fraction(drawn.randrange(1, 8), 9 + drawn.randrange(0, 3))

    def _signed(self, kind: str, name: str, k: int) -> Fraction:
        drawn = random.Random(f"{self.seed} {kind} {self.names.get(name, name)} {k} sign")
        return self._chance(kind, name, k) * (1 + k % 2) * drawn.choice((1, -1))


def _step(layer: LayerNumber, steps: Mapping[str, int]) -> int:
    if layer.name and layer.name not in steps:
        raise NoValueError(f"which step {spell(Symbol('', layer))} is is not said")
    return steps[layer.name] + layer.offset if layer.name else layer.offset


def differ(one: Numeric, other: Numeric) -> bool:
    """Whether two values are surely not one."""
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return one != other
    context = mpmath.MPContext()
    context.dps = DIGITS
    left, right = (context.convert(x) for x in (one, other))
    return bool(abs(left - right) > context.mpf(10) ** -30 * max(1, abs(left), abs(right)))
