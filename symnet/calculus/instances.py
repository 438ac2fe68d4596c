"""Formulas at numbers: terms and scalar formulas evaluated to 30 digits and more.

Of SymPy only the trees of scalar formulas are read; the arithmetic is mpmath's. A value that is not
real, or that does not exist, is None.

>>> from symnet.network.functions import ACTIVATIONS, Z
>>> round(float(evaluate(ACTIVATIONS["sigmoid"].formula, {Z: NUMBERS.mpf(1)})), 6)
0.731059
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mpmath
import sympy

from symnet.network.functions import Z
from symnet.term import (
    Addition,
    Apply,
    Axis,
    Delta,
    Index,
    Number,
    Partial,
    Power,
    Product,
    ScalarFunction,
    Size,
    Sum,
    Symbol,
    Term,
)

# A context of its own, so that nobody else's precision matters.
NUMBERS = mpmath.MPContext()
NUMBERS.dps = 90
STEP = NUMBERS.mpf(10) ** -30  # a central difference is right to some sixty places
AGREEMENT = NUMBERS.mpf(10) ** -30

LARGE, MOST_PLACES = 50, 4000  # binary places of a value, before the point

Value = Any  # NUMBERS.mpf
Lookup = Callable[[Symbol | Partial, tuple[int, ...]], Value]

_NAMES = ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan", "erf")
_FUNCTIONS: dict[str, Callable[[Value], Value]] = {
    **{name: getattr(NUMBERS, name) for name in _NAMES},
    "sign": NUMBERS.sign,
    "Abs": abs,
}


class NoValueError(Exception):
    """A formula has no real value at some numbers."""


def evaluate(
    formula: sympy.Expr, values: Mapping[sympy.Symbol, Value], z: Sequence[Value] = ()
) -> Value:
    """The value of a scalar formula; z[j] of a coupled one is z at the value of j."""

    known: dict[sympy.Expr, Value] = {}  # a part that stands in several places is computed once

    def go(x: sympy.Expr) -> Value:
        if x not in known:
            known[x] = compute(x)
        return known[x]

    def compute(x: sympy.Expr) -> Value:
        match x:
            case sympy.Symbol():
                return values[x]
            case sympy.Rational():
                return NUMBERS.mpf(int(x.p)) / int(x.q)
            case sympy.NumberSymbol():
                return NUMBERS.mpf(str(x.evalf(NUMBERS.dps)))
            case sympy.Add():
                return NUMBERS.fsum(map(go, x.args))
            case sympy.Mul():
                return NUMBERS.fprod(map(go, x.args))
            case sympy.Pow():
                base = go(x.base)
                if base == 0 and x.exp.is_negative:
                    raise NoValueError(str(x))
                if x.exp.is_Integer:
                    return base ** int(x.exp)
                return real(base ** go(x.exp)) if base >= 0 else _none(x)
            case sympy.Indexed():
                return z[values[x.indices[0]]]
            case sympy.Sum():
                letter = x.limits[0][0]
                inside = ({**values, letter: p} for p in range(len(z)))
                return NUMBERS.fsum(evaluate(x.function, v, z) for v in inside)
            case sympy.Piecewise():
                return go(next(value for value, holds in x.args if _holds(holds, go)))
            case sympy.Max():
                return max(map(go, x.args))
            case sympy.Min():
                return min(map(go, x.args))
            case sympy.Function():
                name = type(x).__name__
                if name in _FUNCTIONS:
                    argument = go(x.args[0])
                    if name == "log" and argument <= 0:
                        raise NoValueError(str(x))
                    if name in ("exp", "sinh", "cosh") and abs(argument) > 10**6:
                        # Beyond whatever a number may be, or nothing beside any.
                        if name == "exp" and argument < 0:
                            return NUMBERS.mpf(0)
                        raise NoValueError(str(x))
                    return real(_FUNCTIONS[name](argument))
                return _by_sympy(x, [go(part) for part in x.args])
        raise NoValueError(str(x))

    return go(formula)


def real(value: Value) -> Value:
    """The value, if it is a real number."""
    if isinstance(value, NUMBERS.mpf) and NUMBERS.isfinite(value):
        return value
    raise NoValueError(str(value))


def _by_sympy(x: sympy.Function, arguments: Sequence[Value]) -> Value:
    """A function that is rarely met, by SymPy's own numbers."""
    digits = [sympy.Float(NUMBERS.nstr(part, NUMBERS.dps), NUMBERS.dps) for part in arguments]
    shown = x.func(*digits).evalf(NUMBERS.dps)
    if not isinstance(shown, sympy.Float):
        raise NoValueError(str(x))
    return NUMBERS.mpf(str(shown))


def _none(x: sympy.Expr) -> Value:
    raise NoValueError(str(x))


def _holds(condition: sympy.Basic, go: Callable[[sympy.Expr], Value]) -> bool:
    match condition:
        case sympy.logic.boolalg.BooleanTrue():
            return True
        case sympy.logic.boolalg.BooleanFalse():
            return False
        case sympy.And():
            return all(_holds(part, go) for part in condition.args)
        case sympy.Or():
            return any(_holds(part, go) for part in condition.args)
        case sympy.core.relational.Relational():
            left, right = go(condition.lhs), go(condition.rhs)
            return bool(condition.func(_order(left, right), 0))
    raise NoValueError(str(condition))


def _order(left: Value, right: Value) -> int:
    return int(left > right) - int(left < right)


def apply(function: ScalarFunction, argument: Value) -> Value:
    """A function by its formula at a number; a prime is a central difference."""
    if function.order:
        lower = ScalarFunction(function.name, function.formula, function.layer, function.order - 1)
        return slope(lambda z: apply(lower, z), argument)
    if function.formula is None:
        raise NoValueError(function.name)
    return evaluate(function.formula, {Z: argument})


def slope(of: Callable[[Value], Value], at: Value) -> Value:
    """A derivative as a central difference.

    Of a large value the last places are lost where it is much larger than its slope: it gets as
    many places more, and a step as much smaller, as it has before the point.
    """
    above, below = of(at + STEP), of(at - STEP)
    places = min(NUMBERS.mag(abs(above) + abs(below)), MOST_PLACES)
    if places <= LARGE:
        return (above - below) / (2 * STEP)
    with NUMBERS.workprec(NUMBERS.prec + 2 * places):
        step = NUMBERS.ldexp(STEP, -places)
        return (of(at + step) - of(at - step)) / (2 * step)


def value(
    term: Term, size: Callable[[Axis], int], lookup: Lookup, at: Mapping[str, int] | None = None
) -> Value:
    """A term at numbers; `at` are the values of its free indices, from 0."""
    at = at or {}

    def go(term: Term) -> Value:
        return value(term, size, lookup, at)

    match term:
        case Number(amount):
            return NUMBERS.mpf(amount.numerator) / amount.denominator
        case Size(axis):
            return NUMBERS.mpf(size(axis))
        case Symbol(_, _, indices):
            return lookup(term, _places(indices, at))
        case Partial(Symbol(_, _, own), by, False):
            return lookup(term, _places((*own, *by.indices), at))
        case Delta(left, right):
            return NUMBERS.mpf(at[left.name] == at[right.name])
        case Apply(function, argument):
            return apply(function, go(argument))
        case Power(base, exponent):
            inner = go(base)
            if inner == 0 and exponent < 0:
                raise NoValueError("0 to a negative power")
            power = NUMBERS.mpf(exponent.numerator) / exponent.denominator
            return real(inner ** (int(exponent) if exponent.denominator == 1 else power))
        case Product(factors):
            return NUMBERS.fprod(map(go, factors))
        case Addition(terms):
            return NUMBERS.fsum(map(go, terms))
        case Sum(index, body):
            inside = ({**at, index.name: v} for v in range(size(index.axis)))
            return NUMBERS.fsum(value(body, size, lookup, here) for here in inside)
    raise NoValueError(str(term))


def _places(indices: Sequence[Index], at: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(at[index.name] for index in indices)
