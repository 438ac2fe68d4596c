"""Formulas where e^z is no number any more: forms that hold up there, found and not listed.

In a = ln(1 + e^z), far left, a machine rounds a to 0; then σ'(z)/a is 0/0 and ln a is none. Such a
formula is first put together as one scalar function of z. Where no equal form of it holds up either
(`scalar.steady`), it is cut off where it has become its asymptote: f is f(max(z, c)) plus what the
asymptote does beyond c. The asymptote is read off the formula, with the least power of X = e^{cz}
(or e^{-cz}) that stands in it, and confirmed by numbers; whether a form holds up is found out by
what a machine makes of it, against as many digits as that takes.

>>> asymptote(sympy.log(sympy.log(1 + sympy.exp(Z))), -1)
z
>>> asymptote(1 / ((1 + sympy.exp(-Z)) * sympy.log(1 + sympy.exp(Z))), 1)
1/z
>>> steady(sympy.log(sympy.log(1 + sympy.exp(Z))))
log(log(exp(Max(-50, z)) + 1)) + Min(0, z + 50)
"""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from fractions import Fraction
from functools import lru_cache, reduce

import numpy as np
import sympy
from sympy.functions.elementary.hyperbolic import HyperbolicFunction

from symnet import floating
from symnet.calculus import scalar
from symnet.calculus.instances import NUMBERS, NoValueError, evaluate
from symnet.network.functions import A, Z

DIGITS = 60  # beside e^-|z|, or e^-3|z| where there is such a one
PLACES = (0.01, 0.5, 3.0, 12.0, 25.0, 40.0, 95.0, 300.0, 720.0, 1000.0)
PRECISIONS = ((np.float64, 1e-9, 1e300), (np.float32, 1e-3, 1e37))
# What stands for y and whatever else is a number in a formula: the desired outputs, above all.
OTHERS = (Fraction(0), Fraction(1), Fraction(37, 100), Fraction(-5, 3))
# From where on a function may be its asymptote; e^-c must still be a number in float32.
CUTS = (10, 20, 30, 40, 50, 60, 70, 80)
NOTHING = 1e-21  # what a cut may change: no digit of any sum


@lru_cache(maxsize=1000)
def steady(formula: sympy.Expr) -> sympy.Expr:
    """The formula in z, or an equal one (to all digits of a machine) that it computes well."""
    form = scalar.steady(formula)
    if formula.free_symbols - {Z} or holds_up(form, formula, Z):
        return form
    equal = (form, *scalar.forms_of(formula))
    cut = (cut for each in equal for cut in _cut_off(each, Z))
    return next((each for each in cut if holds_up(each, formula, Z)), form)


@lru_cache(maxsize=1000)
def in_products(formula: sympy.Expr, activation: sympy.Expr) -> sympy.Expr:
    """A formula in a = σ(z), z and numbers, with other forms of its factors where it needs them.

    σ'(z)/a is one function of z, in whatever sum and beside whatever else it stands. What holds up
    stays as it is.

    >>> softplus = sympy.log(1 + sympy.exp(Z))
    >>> y = sympy.Symbol("y", real=True)
    >>> in_products((A - y) / (A * (1 + sympy.exp(-Z))), softplus)
    (a - y)/((1 + exp(-Max(-50, z)))*Max(1.92874984796392e-22, a))
    >>> in_products(A * (A - y), softplus)
    a*(a - y)
    """
    inside, outside = formula.as_independent(A, Z, as_Add=False)[::-1]
    if inside.free_symbols <= {A, Z}:
        return outside * _factor(inside, activation)
    if holds_up(formula, formula, activation):
        return formula
    forms = [
        _each_factor(form, lambda f: _factor(f, activation))
        for form in (formula, sympy.expand_mul(formula))
    ]
    # 0 times what is truly infinite is no number in any form.
    for numbers in (OTHERS, OTHERS[1:]):
        for form in (formula, *forms) if numbers == OTHERS else forms[::-1]:
            if holds_up(form, formula, activation, numbers):
                return form
    return formula


def _each_factor(x: sympy.Expr, better: Callable[[sympy.Expr], sympy.Expr]) -> sympy.Expr:
    """The formula with each largest part in a and z alone as another form of it."""
    if x.free_symbols <= {A, Z}:
        return x if x.is_Atom or x.is_number else better(x)
    match x:
        case sympy.Mul():
            own = [y for y in x.args if y.free_symbols <= {A, Z}]
            rest = [_each_factor(y, better) for y in x.args if y not in own]
            return sympy.Mul(_each_factor(sympy.Mul(*own), better), *rest)
        case sympy.Add():
            return sympy.Add(*(_each_factor(y, better) for y in x.args))
        case sympy.Pow() if x.exp.is_Integer:
            return _each_factor(x.base, better) ** x.exp
    return x


@lru_cache(maxsize=1000)
def _factor(factor: sympy.Expr, activation: sympy.Expr) -> sympy.Expr:
    """A formula in a and z that holds up: as it is, simplified in a, or through z alone."""
    if holds_up(factor, factor, activation):
        return factor
    whole = factor.xreplace({A: activation})
    through_z = (steady(form) for form in (whole, sympy.powsimp(whole)))
    in_a = (factor, *scalar.forms_of(factor))
    cut = (cut for form in in_a for cut in _cut_off(form, activation))
    parts = sympy.Mul.make_args(factor)
    apart = (sympy.Mul(*(_factor(x, activation) for x in parts)) for _ in parts[1:2])
    forms = itertools.chain(in_a[1:], cut, apart, through_z)
    return next((f for f in forms if holds_up(f, factor, activation)), factor)


# --- what a machine makes of it ------------------------------------------------------------


@lru_cache(maxsize=10_000)
def holds_up(
    form: sympy.Expr,
    exact: sympy.Expr,
    activation: sympy.Expr,
    numbers: tuple[Fraction, ...] = OTHERS,
) -> bool:
    """Whether a machine gets from a form in a, z and numbers what the exact formula gives.

    Where that is beyond the numbers of a machine, nothing is asked of the form.
    """
    names = sorted((form.free_symbols | exact.free_symbols) - {A, Z}, key=str)
    whole = exact.xreplace({A: activation})
    for number in numbers if names else numbers[:1]:
        others = dict.fromkeys(names, number)
        try:
            if not all(_agrees(form, whole, activation, others, each) for each in PRECISIONS):
                return False
        except (TypeError, OverflowError, MemoryError):
            return True  # of what has no floating point, nothing is known
    return True


def _agrees(
    form: sympy.Expr,
    whole: sympy.Expr,
    activation: sympy.Expr,
    others: Mapping[sympy.Symbol, Fraction],
    precision: tuple[type, float, float],
) -> bool:
    kind, tolerance, greatest = precision
    z: floating.Array = np.array([s * place for place in PLACES for s in (-1, 1)], kind)
    known: dict[sympy.Symbol, object] = {x: kind(float(v)) for x, v in others.items()}
    known[Z] = z
    numbers = tuple(sorted(others.items(), key=str))
    expected = np.array([_exact(whole, place, numbers) for place in z])
    asked = np.abs(expected) < greatest
    allowed = tolerance * (1 + np.abs(expected))
    for a in _roundings(activation, z) if form.has(A) else (z,):
        found = np.broadcast_to(floating.evaluate(form, {**known, A: a}), z.shape)
        with np.errstate(all="ignore"):
            if not np.all((np.abs(found - expected) <= allowed)[asked]):
                return False
    return True


def _roundings(activation: sympy.Expr, z: floating.Array) -> Iterator[floating.Array]:
    """a to all its digits, and, where a pass may make it of tanh, only right to those of 1."""
    with np.errstate(over="ignore"):
        a = np.array([_exact(activation, x, ()) for x in z], z.dtype)
    yield a
    if any(x.exp.is_negative and isinstance(x.base - 1, sympy.exp)
           for x in activation.atoms(sympy.Pow) if x.exp.is_number):  # fmt: skip
        yield (a + z.dtype.type(1)) - z.dtype.type(1)


@lru_cache(maxsize=50_000)
def _exact(
    formula: sympy.Expr, z: float, others: tuple[tuple[sympy.Symbol, Fraction], ...]
) -> float:
    """The value of a formula, rounded once; nan where it has none."""
    with _digits(formula, abs(z)):
        at = {x: NUMBERS.mpf(v.numerator) / v.denominator for x, v in others}
        try:
            return float(evaluate(formula, {**at, Z: NUMBERS.mpf(float(z))}))
        except (NoValueError, OverflowError):
            return math.nan


def _digits(formula: sympy.Expr, far: float) -> AbstractContextManager[None]:
    """As many digits as it takes to tell 1 + e^{-cz} from 1, and more."""
    rates = [x.args[0].as_coefficient(Z) for x in formula.atoms(sympy.exp)]
    steepest = max([1.0, *(abs(float(r)) for r in rates if isinstance(r, sympy.Rational))])
    context: AbstractContextManager[None] = NUMBERS.workdps(DIGITS + int(far * steepest))
    return context


# --- asymptotes ----------------------------------------------------------------------------


def _cut_off(form: sympy.Expr, activation: sympy.Expr) -> Iterator[sympy.Expr]:
    """A form in a and z cut off on the left, on the right, and on both sides."""
    for sides in ((-1,), (1,), (-1, 1)):
        cut: sympy.Expr | None = form
        for side in sides:
            cut = None if cut is None else _cut(form, cut, activation, side)
        if cut is not None:
            yield cut


def _cut(
    whole: sympy.Expr, form: sympy.Expr, activation: sympy.Expr, side: int
) -> sympy.Expr | None:
    """A form that goes on as the asymptote of the whole beyond some c, where a is σ(c)."""
    in_z = whole.xreplace({A: activation})
    line = asymptote(in_z, side)
    c = None if line is None else _from_where(in_z, line, side)
    if line is None or c is None:
        return None
    within, beyond = (sympy.Max, sympy.Min) if side < 0 else (sympy.Min, sympy.Max)
    slope = sympy.diff(line, Z)
    if slope.is_number:
        at = sympy.Float(_exact(activation, c, ()))  # SymPy's own would be log(1 + e^-50) = 0
        falls = _exact(activation, 2 * c, ()) < _exact(activation, c, ())
        bound = (sympy.Max if falls else sympy.Min)(A, at)
        return form.xreplace({Z: within(Z, c), A: bound}) + slope * beyond(Z - c, 0)
    if whole.has(A):
        return None
    pieces = (line, form) if side < 0 else (form, line)
    return sympy.Piecewise((pieces[0], c >= Z), (pieces[1], True))


def _from_where(formula: sympy.Expr, line: sympy.Expr, side: int) -> sympy.Integer | None:
    """From where on a formula and its asymptote are one for a machine."""
    with _digits(formula, 10 * CUTS[-1]):
        for c in CUTS:
            try:
                pairs = [
                    [evaluate(x, {Z: NUMBERS.mpf(side * c * far)}) for x in (formula, line)]
                    for far in (1, NUMBERS.mpf(5) / 4, 2, 5, 10)
                ]
            except NoValueError:
                continue
            if all(abs(f - g) <= NOTHING * min(1, abs(g)) for f, g in pairs):
                return sympy.Integer(side * c)
    return None


@lru_cache(maxsize=1000)
def asymptote(formula: sympy.Expr, side: int) -> sympy.Expr | None:
    """What a formula comes to far left (-1) or right (1), but for what is smaller by an e^{cz}."""
    written = formula.rewrite(HyperbolicFunction, sympy.exp).subs(sympy.Abs(Z), side * Z)
    rates = [x.args[0].as_coefficient(Z) for x in written.atoms(sympy.exp)]
    if written.has(sympy.Piecewise) or not any(isinstance(r, sympy.Rational) for r in rates):
        return None
    unit = -side * reduce(sympy.gcd, [abs(r) for r in rates if isinstance(r, sympy.Rational)])
    found = _leading(written, unit)
    if found is None:
        return None
    power, factor = found
    return factor * sympy.exp(power * unit * Z)


Leading = tuple[sympy.Expr, sympy.Expr]  # the power of X, and what it is multiplied by, in z


def _leading(x: sympy.Expr, unit: sympy.Expr) -> Leading | None:
    """The least power of X = e^{unit z} in an expression, X going to 0, with its factor.

    None where the least ones cancel, and of what is no power of X.
    """
    if x.is_number or x == Z:
        return (sympy.Integer(0), x) if x != 0 else None
    match x:
        case sympy.exp():
            rate = x.args[0].as_coefficient(Z)
            if isinstance(rate, sympy.Rational):
                return rate / unit, sympy.Integer(1)
            return _leading_exp(_leading(x.args[0], unit), unit)
        case sympy.log():
            return _leading_log(x.args[0], unit)
        case sympy.Add():
            return _leading_sum(x, unit)
        case sympy.Mul():
            parts = [_leading(y, unit) for y in x.args]
            if any(part is None for part in parts):
                return None
            known = [part for part in parts if part is not None]
            return sympy.Add(*(p for p, _ in known)), sympy.Mul(*(c for _, c in known))
        case sympy.Pow() if isinstance(x.exp, sympy.Rational):
            inner = _leading(x.base, unit)
            return None if inner is None else (x.exp * inner[0], inner[1] ** x.exp)
    return None


def _leading_sum(x: sympy.Add, unit: sympy.Expr) -> Leading | None:
    parts = [_leading(y, unit) for y in x.args]
    if any(part is None for part in parts):
        return None
    known = [part for part in parts if part is not None]
    least = min(p for p, _ in known)
    factor = sympy.cancel(sympy.Add(*(c for p, c in known if p == least)))
    return None if factor == 0 else (least, factor)


def _leading_exp(inner: Leading | None, unit: sympy.Expr) -> Leading | None:
    """e^{kz + q + …} = e^q X^{k/unit}, and e^{small} = 1."""
    if inner is None or inner[0] < 0:
        return None
    power, factor = inner
    if power > 0:
        return sympy.Integer(0), sympy.Integer(1)
    rate, rest = sympy.diff(factor, Z), factor.subs(Z, 0)
    if not isinstance(rate, sympy.Rational) or not rest.is_number:
        return None
    return rate / unit, sympy.exp(rest)


def _leading_log(inside: sympy.Expr, unit: sympy.Expr) -> Leading | None:
    """ln(c X^p) = p unit z + ln c, and ln(1 + small) = small."""
    inner = _leading(inside, unit)
    if inner is None:
        return None
    power, factor = inner
    if (power, factor) == (0, 1):
        small = _leading(inside - 1, unit)
        return small if small is not None and small[0] > 0 else None
    return sympy.Integer(0), power * unit * Z + sympy.log(factor)
