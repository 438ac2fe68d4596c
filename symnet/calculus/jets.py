"""Scalar formulas at numbers, with as many derivatives as are asked for.

The elementary functions are known by their Taylor coefficients at a point; what is composed of them
follows by the arithmetic of `nilpotent.py`. Of SymPy only the trees of formulas are read, and
nothing differentiates them.

>>> from symnet.term import ARGUMENT as z
>>> taylor(z**3 / (1 + z), Numbers(), Fraction(1), 2)
[Fraction(1, 2), Fraction(5, 4), Fraction(7, 8)]
"""

import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache, reduce
from math import comb, factorial, isqrt
from typing import Any

import sympy

from symnet.calculus.nilpotent import (
    MOST_KEPT,
    NILPOTENT,
    IrrationalError,
    NoValueError,
    Numbers,
    Plain,
    Series,
    Value,
    base,
    compose,
)
from symnet.term import ARGUMENT, MOST_BITS

# --- Taylor coefficients of the elementary functions ---------------------------------------

Jet = Callable[[Any, Plain, int], list[Plain]]  # of the context of mpmath, the point, the order
MOST = 10**6  # the argument of an exponential


def power_jet(numbers: Numbers, exponent: Fraction, x: Plain, order: int) -> list[Plain]:
    """Of x^r, where it has a value."""
    x = numbers.of(x) if isinstance(x, int) else x
    if exponent.denominator == 1 and exponent >= 0:
        n = int(exponent)
        return [
            comb(n, k) * _whole(numbers, x, n - k) if k <= n else numbers.of(0)
            for k in range(order + 1)
        ]
    if numbers.sign(x) == 0 and exponent > 0 and order == 0:
        return [numbers.of(0)]
    if numbers.sign(x) == 0 or (exponent.denominator != 1 and x < 0):
        raise NoValueError(f"{x} to the power {exponent}")
    if exponent.denominator == 1:
        terms = [_whole(numbers, x, int(exponent))]
    else:
        terms = [_root(numbers, x, exponent)]
    for k in range(order):
        factor = (exponent - k) / (k + 1)
        terms.append(terms[-1] * numbers.of(factor) / x)
    return terms


def _whole(numbers: Numbers, x: Plain, n: int) -> Plain:
    if n == 0:
        return numbers.of(Fraction(1))
    if numbers.exact:
        bits = max(x.numerator.bit_length(), x.denominator.bit_length(), 2)
        if bits * abs(n) > 10 * MOST_BITS and x not in (0, 1, -1):
            raise IrrationalError
        return Fraction(x) ** n
    if abs(n) > MOST:
        raise NoValueError(f"{x} to the power {n}")
    return x**n


def _root(numbers: Numbers, x: Plain, exponent: Fraction) -> Plain:
    if numbers.exact and exponent.denominator == 2:
        x = Fraction(x)
        top, bottom = isqrt(x.numerator), isqrt(x.denominator)
        if top * top == x.numerator and bottom * bottom == x.denominator:
            return _whole(numbers, Fraction(top, bottom), exponent.numerator)
    context = numbers.real()
    if abs(exponent) > MOST:
        raise NoValueError(f"{x} to the power {exponent}")
    return context.power(x, numbers.of(exponent))


def _exp(m: Any, x: Plain, order: int) -> list[Plain]:
    if abs(x) > MOST:
        raise NoValueError(f"e to the power {x}")
    value = m.exp(x)
    return [value / factorial(k) for k in range(order + 1)]


def _cycle(*names: str) -> Jet:
    """A function whose derivatives come back: (name of the derivative, its sign) in turn."""

    def jet(m: Any, x: Plain, order: int) -> list[Plain]:
        if abs(x) > MOST:
            raise NoValueError(f"{names[0]} of {x}")
        found = []
        for k in range(order + 1):
            name = names[k % len(names)]
            value = getattr(m, name.removeprefix("-"))(x) / factorial(k)
            found.append(-value if name.startswith("-") else value)
        return found

    return jet


def _riccati(name: str, sign: int) -> Jet:
    """tan' = 1 + tan², tanh' = 1 − tanh²."""

    def jet(m: Any, x: Plain, order: int) -> list[Plain]:
        terms = [getattr(m, name)(x)]
        for k in range(order):
            square = sum(terms[i] * terms[k - i] for i in range(k + 1))
            terms.append(((k == 0) + sign * square) / (k + 1))
        return terms

    return jet


def _integral(name: str, slope: Callable[[Any, Value], Value], domain: str = "") -> Jet:
    """A function known by its slope, which is a power or an exponential."""

    def jet(m: Any, x: Plain, order: int) -> list[Plain]:
        if (domain == "positive" and x <= 0) or (domain == "unit" and abs(x) >= 1):
            raise NoValueError(f"{name} of {x}")
        terms = [getattr(m, name)(x)]
        if order:
            slopes = slope(m, Series([x, m.one, *[m.zero] * order][:order]))
            terms += [each / (k + 1) for k, each in enumerate(slopes.terms)]
        return terms

    return jet


def _to(m: Any, exponent: Fraction, x: Series) -> Series:
    """A power of a series of mpf."""

    def jet(point: Plain, order: int) -> list[Plain]:
        terms = [m.mpf(point) ** (exponent.numerator / m.mpf(exponent.denominator))]
        for k in range(order):
            factor = (exponent - k) / (k + 1)
            terms.append(terms[-1] * factor.numerator / factor.denominator / point)
        return terms

    return _as_series(compose(jet, x), x)


def _as_series(value: Value, like: Series) -> Series:
    if isinstance(value, Series):
        return value
    return Series([value, *[like.base * 0] * like.order])


def _bell(m: Any, x: Series) -> Series:
    """2/√π e^{−x²}."""
    inner = x * x * (-1)
    bell: Series = _as_series(compose(lambda point, order: _exp(m, point, order), inner), x)
    scaled: Series = bell * (2 / m.sqrt(m.pi))
    return scaled


HALF = Fraction(1, 2)
JETS: dict[str, Jet] = {
    "exp": _exp,
    "log": _integral("log", lambda m, x: _to(m, Fraction(-1), x), "positive"),
    "sin": _cycle("sin", "cos", "-sin", "-cos"),
    "cos": _cycle("cos", "-sin", "-cos", "sin"),
    "sinh": _cycle("sinh", "cosh"),
    "cosh": _cycle("cosh", "sinh"),
    "tan": _riccati("tan", 1),
    "tanh": _riccati("tanh", -1),
    "atan": _integral("atan", lambda m, x: _to(m, Fraction(-1), x * x + 1)),
    "asin": _integral("asin", lambda m, x: _to(m, -HALF, x * x * (-1) + 1), "unit"),
    "acos": _integral("acos", lambda m, x: _to(m, -HALF, x * x * (-1) + 1) * (-1), "unit"),
    "asinh": _integral("asinh", lambda m, x: _to(m, -HALF, x * x + 1)),
    "atanh": _integral("atanh", lambda m, x: _to(m, Fraction(-1), x * x * (-1) + 1), "unit"),
    "erf": _integral("erf", _bell),
}
RECIPROCALS = {
    "cot": "tan",
    "sec": "cos",
    "csc": "sin",
    "coth": "tanh",
    "sech": "cosh",
    "csch": "sinh",
}


# --- formulas ------------------------------------------------------------------------------

Places = Mapping[sympy.Symbol, Value]
Compiled = Callable[[Numbers, Places], Value]


def taylor(formula: sympy.Expr, numbers: Numbers, x: Plain, order: int) -> list[Plain]:
    """The Taylor coefficients f^(k)(x)/k! of a formula in ARGUMENT, k = 0..order."""
    point = Series([x, numbers.of(1), *[numbers.of(0)] * order][: order + 1])
    value = compiled(formula)(numbers, {ARGUMENT: point})
    return list(_as_series(value, point).terms)


@lru_cache(maxsize=1000)
def compiled(formula: sympy.Expr) -> Compiled:
    """A formula as a function of what its symbols are."""
    match formula:
        case sympy.Symbol():
            return lambda numbers, places: places[formula]
        case sympy.Rational():
            constant = Fraction(int(formula.p), int(formula.q))
            return lambda numbers, places: numbers.of(constant)
        case sympy.NumberSymbol():
            return lambda numbers, places: numbers.real().mpf(
                str(formula.evalf(numbers.context.dps + 5))
            )
        case sympy.Add():
            return _folded(formula, operator.add)
        case sympy.Mul():
            return _folded(formula, operator.mul)
        case sympy.Pow():
            return _power(formula)
        case sympy.Piecewise():
            return _piecewise(formula)
        case sympy.Function() | sympy.Max() | sympy.Min():
            return _function(formula)
    return _nothing(formula)


def _nothing(formula: sympy.Basic) -> Compiled:
    def fail(numbers: Numbers, places: Places) -> Value:
        raise NoValueError(f"{formula} cannot be computed")

    return fail


def _folded(formula: sympy.Expr, fold: Callable[[Value, Value], Value]) -> Compiled:
    parts = [compiled(part) for part in formula.args]
    return lambda numbers, places: reduce(fold, (part(numbers, places) for part in parts))


def _power(formula: sympy.Pow) -> Compiled:
    inside = compiled(formula.base)
    if formula.exp.is_Rational:
        exponent = Fraction(int(formula.exp.p), int(formula.exp.q))
        return lambda numbers, places: to_power(numbers, inside(numbers, places), exponent)
    upper = compiled(formula.exp)

    def general(numbers: Numbers, places: Places) -> Value:
        logarithm = elementary(numbers, "log", inside(numbers, places))
        return elementary(numbers, "exp", upper(numbers, places) * logarithm)

    return general


def to_power(numbers: Numbers, x: Value, exponent: Fraction) -> Value:
    """x to a rational exponent."""
    return compose(lambda point, order: power_jet(numbers, exponent, point, order), x)


def elementary(numbers: Numbers, name: str, x: Value) -> Value:
    """A function of JETS at a number; its coefficients at a point are kept."""
    context, kept = numbers.real(), numbers.kept

    def jet(point: Plain, order: int) -> list[Plain]:
        key = name, point, order
        if key not in kept:
            if len(kept) >= MOST_KEPT:
                kept.clear()
            kept[key] = JETS[name](context, point, order)
        return kept[key]

    return compose(jet, x)


def _function(formula: sympy.Expr) -> Compiled:
    name = type(formula).__name__
    parts = [compiled(part) for part in formula.args]
    if name in ("Max", "Min"):
        way = 1 if name == "Max" else -1
        return lambda numbers, places: reduce(
            lambda x, y: _extreme(numbers, x, y, way), (part(numbers, places) for part in parts)
        )
    if name in JETS and len(parts) == 1:
        return lambda numbers, places: elementary(numbers, name, parts[0](numbers, places))
    if name in RECIPROCALS and len(parts) == 1:
        return lambda numbers, places: to_power(
            numbers,
            elementary(numbers, RECIPROCALS[name], parts[0](numbers, places)),
            Fraction(-1),
        )
    if name in ("Abs", "sign", "Heaviside"):
        return lambda numbers, places: _by_sign(numbers, name, parts[0](numbers, places))
    return _nothing(formula)


def _extreme(numbers: Numbers, x: Value, y: Value, way: int) -> Value:
    sign = numbers.sign(base(x) - base(y)) * way
    if sign == 0 and (isinstance(x, NILPOTENT) or isinstance(y, NILPOTENT)):
        raise NoValueError("the slope at a kink")
    return y if sign < 0 else x


def _by_sign(numbers: Numbers, name: str, x: Value) -> Value:
    sign = numbers.sign(base(x))
    if sign == 0 and (name != "Abs" or isinstance(x, NILPOTENT)):
        raise NoValueError("at a kink")
    if name == "Abs":
        return x * sign
    return numbers.of(Fraction(sign if name == "sign" else max(sign, 0)))


def _piecewise(formula: sympy.Piecewise) -> Compiled:
    branches = [(compiled(value), holds) for value, holds in formula.args]

    def choose(numbers: Numbers, places: Places) -> Value:
        for value, condition in branches:
            if _holds(condition, numbers, places):
                return value(numbers, places)
        raise NoValueError(f"no branch of {formula}")

    return choose


def _holds(condition: sympy.Basic, numbers: Numbers, places: Places) -> bool:
    """Whether a condition holds. At the border itself nothing is said: claims hold off kinks."""
    match condition:
        case sympy.logic.boolalg.BooleanTrue():
            return True
        case sympy.logic.boolalg.BooleanFalse():
            return False
        case sympy.And():
            return all(_holds(part, numbers, places) for part in condition.args)
        case sympy.Or():
            return any(_holds(part, numbers, places) for part in condition.args)
        case sympy.Not():
            return not _holds(condition.args[0], numbers, places)
        case sympy.Eq() | sympy.Ne() | sympy.Lt() | sympy.Le() | sympy.Gt() | sympy.Ge():
            low, high = (base(compiled(side)(numbers, places)) for side in condition.args)
            sign = numbers.sign(low - high)
            if sign == 0:
                raise NoValueError(f"at the border {condition}")
            if isinstance(condition, sympy.Eq | sympy.Ne):
                return isinstance(condition, sympy.Ne)
            return (sign < 0) == isinstance(condition, sympy.Lt | sympy.Le)
    raise NoValueError(f"{condition} cannot be decided")
