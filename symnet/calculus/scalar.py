"""Scalar functions, through SymPy: their derivatives, their cheapest exact form, their equality.

A slope σ'(z) costs least when it is written through a = σ(z), which the forward pass has computed
anyway. The form is found, not looked up, on each stretch between kinks: z or e^{cz} is eliminated
between a = σ(z) and σ'(z), quotients of exponentials are written with e^{-z}; where σ has branches,
z ≤ c is replaced by a ≤ σ(c) if the branches show that both say the same.

What is taken from SymPy, a derivative or an identity, is confirmed by numbers at some points. Only
forms that a machine computes well count: where e^z overflows, ∞/∞ is no number. Such forms are
written with s = 1/(1 + e^{-cz}) or tanh instead, which stay between bounds.

>>> from symnet.network.functions import ACTIVATIONS
>>> slope(ACTIVATIONS["sigmoid"].formula), slope(ACTIVATIONS["tanh"].formula)
(a*(1 - a), 1 - a**2)
>>> slope(ACTIVATIONS["relu"].formula)
Piecewise((0, a <= 0), (1, True))
>>> slope(sympy.log(1 + sympy.exp(Z)))
1/(1 + exp(-z))
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from functools import lru_cache, reduce
from itertools import islice, pairwise
from operator import or_

import numpy as np
import sympy
from sympy.functions.elementary.hyperbolic import HyperbolicFunction
from sympy.functions.elementary.trigonometric import TrigonometricFunction

from symnet import floating
from symnet.calculus.instances import AGREEMENT, NUMBERS, NoValueError, Value, evaluate
from symnet.calculus.instances import slope as difference
from symnet.errors import NotYet
from symnet.network.functions import A, Z

Stretch = tuple[sympy.Expr | None, sympy.Expr | None]  # between two kinks, or unbounded

# How many coefficients, at most, a quotient may have that is expanded and cancelled, how many parts
# an expression that is looked through, and how many functions inside each other.
LIMIT, PARTS, HEIGHT = 400, 1000, 4
DEGREE = 24  # in one unknown: the time to factor grows with the third power
SWELL = 5_000  # products that are made when a power of a sum is multiplied out
LONGEST = 5_000  # parts of a derivative that is printed
STEEP = 100  # as high a power of one exponential is left to SymPy
BOUNDED = 80  # as LIMIT, where s or tanh stands in for each e^{cz}

# What an operation costs, in elementwise multiplications: the order matters, not the figures.
DIVISION, EXPONENTIAL, FUNCTION = 4, 15, 20


@lru_cache(maxsize=1000)
def derivative(formula: sympy.Expr) -> sympy.Expr:
    """f'(z) as a formula, branch by branch. Raises NotYet where SymPy knows none."""
    slope_ = sympy.diff(formula, Z)
    if slope_.has(sympy.Derivative, sympy.Subs):
        raise NotYet(f"no derivative of {formula} is known")
    if _parts(slope_, LONGEST) > LONGEST:
        shown = f"{str(formula)[:60]} …"
        raise NotYet(f"the derivative of {shown} has more than {LONGEST} parts: too long to print")
    several = [f for f in slope_.atoms(sympy.Function) if len(f.args) > 1]
    if any(not isinstance(f, sympy.Piecewise | sympy.Max | sympy.Min) for f in several):
        raise NotYet(f"the derivative of {formula} is {slope_}, which we cannot print or compute")
    if not _confirmed(slope_, formula):
        raise NotYet(f"the derivative of {formula} could not be confirmed by numbers")
    return slope_


@lru_cache(maxsize=1000)
def slope(formula: sympy.Expr) -> sympy.Expr:
    """σ'(z) in its cheapest exact form in a = σ(z) and z."""
    return _slope(formula, through_a=True)


@lru_cache(maxsize=1000)
def slope_in_z(formula: sympy.Expr) -> sympy.Expr:
    """σ'(z) in its cheapest exact form in z alone."""
    return _slope(formula, through_a=False)


def _slope(formula: sympy.Expr, *, through_a: bool) -> sympy.Expr:
    plain = derivative(formula)
    kinks = _kinks(formula, plain)
    try:
        pieces = [
            _cheapest(_on(at, formula), _on(at, plain), stretch, through_a=through_a)
            for at, stretch in zip(_stretches(kinks), pairwise([None, *kinks, None]), strict=True)
        ]
    except (sympy.PolynomialError, TypeError):
        return plain  # a formula of which SymPy makes no quotient of polynomials
    if not kinks:
        return pieces[0]
    whole = sympy.Piecewise(*zip(pieces, [*(kink >= Z for kink in kinks), True], strict=True))
    candidates = [*(_by_branches(formula, pieces) if through_a else ()), whole]
    sound = [form for form in candidates if equal(form, plain, formula)]
    return min(sound or [plain], key=cost)


def _cheapest(
    formula: sympy.Expr, plain: sympy.Expr, stretch: Stretch, *, through_a: bool = True
) -> sympy.Expr:
    """The cheapest form of a slope where there are no branches, among those that hold up."""
    forms = [*_steady(plain), *_bounded(plain)]
    if through_a:
        forms += [*_by_elimination(formula, plain), *_by_bounded_elimination(formula, plain)]
    forms = [plain, *(form for form in forms if form.free_symbols <= {A, Z})]
    sound = (form for form in forms if form is plain or _is_zero(form.subs(A, formula) - plain))
    ordered = sorted(dict.fromkeys(sound), key=cost)
    return next((f for f in ordered if _holds_up(f, plain, formula, stretch)), ordered[0])


@lru_cache(maxsize=1000)
def steady(formula: sympy.Expr) -> sympy.Expr:
    """The formula itself, or an equal one in z that a machine computes well where this is not."""
    if formula.free_symbols - {Z}:
        return formula
    kinks = _kinks(formula)
    try:
        if not kinks:
            return _steadier(formula, (None, None))
        stretches = list(pairwise([None, *kinks, None]))
        points = _stretches(kinks)
        pieces = [
            _steadier(_on(at, formula), stretch)
            for at, stretch in zip(points, stretches, strict=True)
        ]
        if len(pieces) > 2:
            pass
        elif (form := _mirrored(formula, pieces)) is not None:
            return form
        if pieces == [_on(at, formula) for at in points]:
            return formula
    except (sympy.PolynomialError, TypeError):
        return formula
    return sympy.Piecewise(*zip(pieces, [*(kink >= Z for kink in kinks), True], strict=True))


def _steadier(formula: sympy.Expr, stretch: Stretch) -> sympy.Expr:
    """A formula without branches, or an equal one that holds up on a stretch."""
    if _holds_up(formula, formula, formula, stretch):
        return formula
    forms = [*_steady(formula), *_bounded(formula), *_in_logarithms(formula)]
    sound = (form for form in forms if _is_equal(form, formula))
    ordered = sorted(dict.fromkeys(sound), key=cost)
    return next((f for f in ordered if _holds_up(f, formula, formula, stretch)), formula)


def _mirrored(formula: sympy.Expr, pieces: Sequence[sympy.Expr]) -> sympy.Expr | None:
    """z/(1 - z) up to 0 and z/(1 + z) beyond as z/(1 + |z|), if there is such a form."""
    above, below = sympy.fraction(sympy.together(pieces[1]))
    size = sympy.Abs(Z)
    for form in (above.subs(Z, size) / below.subs(Z, size), above / below.subs(Z, size)):
        sides = (form.subs(size, -Z), form.subs(size, Z))
        same = zip(sides, pieces, strict=True)
        if _kinks(formula) == [0] and all(_is_equal(x, y) for x, y in same) and form.has(size):
            return form
    return None


def _is_equal(form: sympy.Expr, formula: sympy.Expr) -> bool:
    """Whether two formulas are equal: exactly, or if they have logarithms, as far as slopes tell.

    With equal slopes and one equal value they are equal.
    """
    if form.has(sympy.log):
        slopes = sympy.diff(form, Z) - sympy.diff(formula, Z)
        values = _values(form - formula, POINTS)
        return _quotient(slopes) == 0 and all(abs(x) < AGREEMENT for x in values)
    return _is_zero(form - formula)


@lru_cache(maxsize=1000)
def simplest(expression: sympy.Expr) -> sympy.Expr:
    """The cheapest of a few equal forms; the expression as it stands where that is no dearer."""
    if expression.has(sympy.Piecewise):
        return expression
    forms = (expression, *forms_of(expression))
    return min(forms, key=cost)


def forms_of(expression: sympy.Expr) -> tuple[sympy.Expr, ...]:
    """Equal forms of a rational expression: in factors, and cancelled; none where it is large."""
    if not _surveyable(expression) or not _modest(expression):
        return ()
    plain, back = _with_unknowns(expression)
    return tuple(
        _without_leading_minus(form(plain)).xreplace(back) for form in (sympy.factor, sympy.cancel)
    )


def _with_unknowns(
    expression: sympy.Expr,
) -> tuple[sympy.Expr, dict[sympy.Symbol, sympy.Expr]]:
    """An expression with unknowns in place of high powers and their roots, and what these are.

    SymPy takes e^{123456 z} for a polynomial in e^z, with as many coefficients.
    """
    rates: dict[sympy.Expr, dict[sympy.Rational, sympy.Expr]] = {}
    for power in expression.atoms(sympy.exp, sympy.Pow):
        base, rate = power.as_base_exp()
        if base == sympy.E:
            rate, u = power.exp.as_coeff_Mul(rational=True)
            base = sympy.exp(u)
        if rate.is_Rational and not base.is_Rational:
            rates.setdefault(base, {})[rate] = power
    unknown: dict[sympy.Expr, sympy.Expr] = {}
    back: dict[sympy.Symbol, sympy.Expr] = {}
    for base, found in rates.items():
        least = sympy.Rational(1, math.lcm(*(int(rate.q) for rate in found)))
        if max(abs(rate) / least for rate in found) <= STEEP:
            continue
        unit = reduce(sympy.gcd, map(abs, found))
        together = max(abs(rate) / unit for rate in found) <= STEEP
        for rate, power in found.items():
            size = unit if together else abs(rate)
            E = sympy.Symbol(f"E{len(rates)}_{size}_{len(back)}")
            E = next((known for known, whole in back.items() if whole == base**size), E)
            back[E] = base**size
            unknown[power] = E ** (rate / size)
    return expression.xreplace(unknown), back


def cost(expression: sympy.Expr) -> int:
    """What it costs to compute an expression elementwise, in multiplications.

    What stands in several places is computed once.
    """
    shared, (rest,) = sympy.cse(expression)
    return sum(_cost(part) for _, part in shared) + _cost(rest)


def _cost(expression: sympy.Expr) -> int:
    match expression:
        case sympy.Add():
            # x - y is one operation: a sign inside a sum is free.
            terms = (-term if term.could_extract_minus_sign() else term for term in expression.args)
            return len(expression.args) - 1 + sum(map(_cost, terms))
        case sympy.Mul():
            below = [1 / factor for factor in expression.args if _divides(factor)]
            above = [factor for factor in expression.args if not _divides(factor)]
            divided = DIVISION + _cost(sympy.Mul(*below)) if below else 0
            return max(0, len(above) - 1) + sum(map(_cost, above)) + divided
        case sympy.Pow() if expression.exp.is_Integer:
            exponent = int(expression.exp)
            divided = DIVISION if exponent < 0 else 0
            return divided + abs(exponent) - 1 + _cost(expression.base)
        case sympy.Piecewise():
            return DIVISION + sum(_cost(value) for value, _ in expression.args)
        case sympy.exp() | sympy.log():
            return EXPONENTIAL + _cost(expression.args[0])
        case sympy.Function() | sympy.Pow():
            return FUNCTION + sum(map(_cost, expression.args))
    return 0


def _divides(factor: sympy.Expr) -> bool:
    return factor.is_Pow and bool(factor.exp.is_number) and factor.exp.could_extract_minus_sign()


def equal(in_a: sympy.Expr, in_z: sympy.Expr, formula: sympy.Expr) -> bool:
    """Whether two forms agree for every z when a = σ(z); exact, branch by branch."""
    return all(
        _is_zero(_on(point, in_a.subs(A, _on(point, formula))) - _on(point, in_z))
        for point in _stretches(_kinks(formula, in_z))
    )


@lru_cache(maxsize=10_000)
def _is_zero(expression: sympy.Expr) -> bool:
    """Whether an expression vanishes as a quotient of polynomials in z and exponentials of z."""
    return _quotient(expression) == 0 and all(
        abs(x) < AGREEMENT for x in _values(expression, POINTS)
    )


# --- confirming by numbers -----------------------------------------------------------------

# Some points on either side of 0, at which nothing special happens.
POINTS = [Fraction(p, 9973) for p in (-61403, -17209, -8311, -1237, 911, 7523, 19867, 43391)]


def _values(expression: sympy.Expr, points: Sequence[Fraction]) -> Iterator[Value]:
    """The values of an expression in z at the points where it has a real one."""
    for point in points:
        with suppress(NoValueError):
            yield _value(expression, NUMBERS.mpf(point.numerator) / point.denominator)


def _value(expression: sympy.Expr, z: Value) -> Value:
    return evaluate(expression, {Z: z})


def _confirmed(slope_: sympy.Expr, formula: sympy.Expr) -> bool:
    """Whether a derivative is the difference quotient, wherever both have values."""
    kinks = [Fraction(int(kink.p), int(kink.q)) for kink in _kinks(formula) if kink.is_Rational]
    beyond = [kink + side for kink in kinks for side in (Fraction(-1, 7), Fraction(1, 7))]
    seen = 0
    for point in [*POINTS, *beyond]:
        z = NUMBERS.mpf(point.numerator) / point.denominator
        with suppress(NoValueError):
            here = _value(slope_, z)
            quotient = difference(lambda z: _value(formula, z), z)
            seen += 1
            if abs(quotient - here) > AGREEMENT * (1 + abs(here)):
                return False
    return seen > 0


# Where a form must hold up: from where nothing happens to where e^z is no number any more.
_FAR = (0.01, 0.5, 3.0, 12.0, 40.0, 95.0)
_FARTHER = (300.0, 720.0, 1000.0)
_PRECISIONS = ((np.float64, (*_FAR, *_FARTHER), 1e-9, 1e300), (np.float32, _FAR, 1e-3, 1e37))


@lru_cache(maxsize=10_000)
def _holds_up(form: sympy.Expr, exact: sympy.Expr, formula: sympy.Expr, stretch: Stretch) -> bool:
    """Whether a machine gets from a form in a and z what the exact formula in z gives."""
    low, high = (None if end is None else float(end) for end in stretch)
    try:
        for precision, distances, tolerance, greatest in _PRECISIONS:
            places = [x + (low or high or 0.0) for x in (*(-d for d in distances), *distances)]
            places = [p for p in places if (low is None or p > low) and (high is None or p < high)]
            z = np.array(places, precision)
            known = {Z: z}
            if form.has(A):
                with np.errstate(over="ignore"):
                    known[A] = np.array([_float(formula, x) for x in z], precision)
            found = np.broadcast_to(floating.evaluate(form, known), z.shape)
            for place, value in zip(z, found, strict=True):
                expected = _float(exact, place)
                if not abs(expected) < greatest or not abs(known.get(A, z)).max() < greatest:
                    continue
                if not abs(value - expected) <= tolerance * (1 + abs(expected)):
                    return False
    except (TypeError, OverflowError, MemoryError):
        return True  # of what has no floating point, nothing is known
    return True


def keeps_up(form: sympy.Expr, other: sympy.Expr, formula: sympy.Expr) -> bool:
    """Whether a form in a = σ(z) and z computes as well as another that is equal to it."""
    exact = other.xreplace({A: formula})
    everywhere = (None, None)
    return _holds_up(form, exact, formula, everywhere) or not _holds_up(
        other, exact, formula, everywhere
    )


@lru_cache(maxsize=10_000)
def _float(formula: sympy.Expr, z: float) -> float:
    """The value of a formula in z, rounded once; nan where it has none."""
    try:
        return float(_value(formula, NUMBERS.mpf(float(z))))
    except (NoValueError, OverflowError):
        return math.nan


# --- finding forms -------------------------------------------------------------------------


def _by_elimination(formula: sympy.Expr, plain: sympy.Expr) -> Iterator[sympy.Expr]:
    """Eliminate u, z or e^{cz}, from a = f(u) and σ' = g(u), where f is a quotient linear in u."""
    found = _in_exponential(formula, plain)
    if found is None:
        return
    f, g, u, _ = found
    above, below = sympy.fraction(sympy.together(f))
    relation = sympy.Poly(A * below - above, u)
    if relation.degree() == 1:
        linear, constant = relation.all_coeffs()
        yield from forms_of(g.subs(u, -constant / linear))


def _in_exponential(
    formula: sympy.Expr, plain: sympy.Expr
) -> tuple[sympy.Expr, sympy.Expr, sympy.Symbol, sympy.Expr] | None:
    """σ and σ' as rational functions of one unknown, and what that is: E = e^{cz}, or z itself."""
    f, g = _quotient(formula), _quotient(plain)
    if f is None or g is None:
        return None
    exponentials = (f + g).atoms(sympy.exp)
    if not exponentials:
        rational = f.is_rational_function(Z) and g.is_rational_function(Z)
        return (f, g, Z, Z) if rational else None
    # exp(-z) and exp(2 z) are powers of one exponential e^{cz}; E stands for it.
    rates = [e.args[0].as_coefficient(Z) for e in exponentials]
    if not all(isinstance(rate, sympy.Rational) for rate in rates):
        return None
    unit = reduce(sympy.gcd, map(abs, rates))
    E = sympy.Symbol("E", positive=True)
    f, g = (
        e.replace(
            lambda x: isinstance(x, sympy.exp), lambda x: E ** (x.args[0].as_coefficient(Z) / unit)
        )
        for e in (f, g)
    )
    return None if (f + g).has(Z) or f.has(sympy.log) else (f, g, E, sympy.exp(unit * Z))


def _steady(plain: sympy.Expr) -> Iterator[sympy.Expr]:
    """e^u / (1 + e^u) as 1 / (1 + e^{-u}): quotients of exponentials that do not overflow."""
    yield from forms_of(plain)
    found = _in_exponential(sympy.Integer(0), plain)
    if found is None or found[2] == Z:
        return
    _, g, E, exponential = found
    if g.has(sympy.log):
        return
    above, below = (sympy.Poly(part, E) for part in sympy.fraction(sympy.together(g)))
    if 0 < below.degree() >= above.degree():
        small = 1 / exponential
        top, bottom = (
            sum(c * small ** (below.degree() - power) for (power,), c in part.terms())
            for part in (above, below)
        )
        yield top / bottom


def _over_exponential(
    *expressions: sympy.Expr,
) -> tuple[list[sympy.Expr], sympy.Symbol, sympy.Expr] | None:
    """Expressions as quotients of polynomials in z and one unknown E = e^{cz}; E, and c."""
    quotients = [_quotient(expression) for expression in expressions]
    if any(q is None or q.has(sympy.log) for q in quotients):
        return None
    exponentials = set().union(*(q.atoms(sympy.exp) for q in quotients if q is not None))
    rates = [e.args[0].as_coefficient(Z) for e in exponentials]
    if not rates or not all(isinstance(rate, sympy.Rational) for rate in rates):
        return None
    unit = reduce(sympy.gcd, map(abs, rates))
    E = sympy.Symbol("E", positive=True)
    powers = {e: E ** (e.args[0].as_coefficient(Z) / unit) for e in exponentials}
    replaced = [q.xreplace(powers) for q in quotients if q is not None]
    rational = all(q.is_rational_function(Z, E) for q in replaced)
    return (replaced, E, unit) if rational else None


def _bounded(plain: sympy.Expr) -> Iterator[sympy.Expr]:
    """Quotients of exponentials through s = 1/(1 + e^{-cz}): E = s/(1 - s), and cancelled.

    Logarithms beside them stay what they are; a product of exponentials becomes one.
    """
    if not _surveyable(plain):
        return
    yield sympy.powsimp(plain)
    logarithms = {x: sympy.Dummy("log", real=True) for x in plain.atoms(sympy.log)}
    found = _over_exponential(plain.xreplace(logarithms))
    if found is not None:
        (g,), E, unit = found
        back = {name: logarithm for logarithm, name in logarithms.items()}
        yield from (form.xreplace(back) for form in _with_bounds(g, E, unit))


def _by_bounded_elimination(formula: sympy.Expr, plain: sympy.Expr) -> Iterator[sympy.Expr]:
    """Eliminate z between a and σ', and write what is left through s."""
    found = _over_exponential(formula, plain)
    if found is None:
        return
    (f, g), E, unit = found
    above, below = sympy.fraction(sympy.together(f))
    if not above.has(Z) and not below.has(Z):
        return
    relation = sympy.Poly(A * below - above, Z)
    if relation.degree() == 1:
        linear, constant = relation.all_coeffs()
        yield from _with_bounds(g.subs(Z, -constant / linear), E, unit)


def _with_bounds(g: sympy.Expr, E: sympy.Symbol, unit: sympy.Expr) -> Iterator[sympy.Expr]:
    s, t = sympy.symbols("s t", real=True)
    through = {
        s: (s / (1 - s), 1 / (1 + sympy.exp(-unit * Z))),
        t: ((1 + t) / (1 - t), sympy.tanh(unit * Z / 2)),
    }
    for bounded, (exponential, meaning) in through.items():
        inside = g.subs(E, exponential)
        if _modest(inside, BOUNDED):
            for form in forms_of(inside):
                form = _upright(form, bounded)
                collected = sympy.collect(form, [A, Z]) if form.is_Add else form
                yield from (each.subs(bounded, meaning) for each in (collected, form))


def _upright(quotient: sympy.Expr, bounded: sympy.Symbol) -> sympy.Expr:
    """(-x)/(-y) as x/y: what is divided by is positive, at least half way up."""
    above, below = sympy.fraction(quotient)
    if not below.subs(bounded, sympy.Rational(1, 2)).is_negative:
        return quotient
    return sympy.expand_mul(-above) / sympy.expand_mul(-below)


def _in_logarithms(formula: sympy.Expr) -> Iterator[sympy.Expr]:
    """ln(p + q e^{cz}) = ln p + ln(1 + e^{cz + ln(q/p)}), for each factor inside a logarithm."""

    def apart(logarithm: sympy.Expr) -> sympy.Expr:
        found = _over_exponential(logarithm.args[0])
        if found is None:
            return logarithm
        (q,), E, unit = found
        whole = sympy.Integer(0)
        for factor, power in sympy.factor(q).as_powers_dict().items():
            if factor.is_number and factor.is_positive:
                whole += power * sympy.log(factor)
                continue
            terms = sympy.Poly(factor, E).terms()
            if not all(c.is_positive for _, c in terms) or len(terms) > 2:
                return logarithm
            ((least,), p) = terms[-1]
            whole += power * (least * unit * Z + sympy.log(p))
            if len(terms) == 2:
                ((most,), q) = terms[0]
                u = (most - least) * unit * Z + sympy.log(q / p)
                whole += power * sympy.log(1 + sympy.exp(u))
        return whole

    if _surveyable(formula):
        form = formula.replace(lambda x: isinstance(x, sympy.log), apart)
        if form != formula:
            yield form


def _by_branches(formula: sympy.Expr, pieces: Sequence[sympy.Expr]) -> Iterator[sympy.Expr]:
    """z ≤ c becomes a ≤ σ(c) where σ is at most σ(c) up to c and greater beyond."""
    kinks = _kinks(formula)
    if len(kinks) != 1 or len(pieces) != 2:
        return
    (c,) = kinks
    below, above = _on(c - 1, formula), _on(c + 1, formula)
    t, s = sympy.Symbol("t", nonnegative=True), sympy.Symbol("t", positive=True)
    at_kink = formula.subs(Z, c)
    rises = [sympy.diff(side, Z) for side in (below, above)]
    holds_below = rises[0].is_nonnegative or (below.subs(Z, c - t) - at_kink).is_nonpositive
    holds_above = rises[1].is_positive or (above.subs(Z, c + s) - at_kink).is_positive
    if holds_below and holds_above and not any(piece.has(Z) for piece in pieces):
        yield sympy.Piecewise((pieces[0], at_kink >= A), (pieces[1], True))


@lru_cache(maxsize=1000)
def _quotient(expression: sympy.Expr) -> sympy.Expr | None:
    """An expression with tanh and the like over exp, as one cancelled quotient of polynomials.

    None where that would take long. tanh(tanh z) over exp is a quotient of exponentials of
    quotients, and with each tanh around it the time to cancel grows tenfold; there, functions stay.
    """
    if not _surveyable(expression):
        return None
    written = expression.rewrite([HyperbolicFunction, TrigonometricFunction], sympy.exp)
    if not _surveyable(written) or any(e.args[0].has(sympy.exp) for e in written.atoms(sympy.exp)):
        written = expression
    if not _modest(written):
        return None
    plain, back = _with_unknowns(written)
    return sympy.cancel(sympy.together(plain)).xreplace(back)


def _surveyable(expression: sympy.Expr) -> bool:
    """Whether an expression is no tower: as a tree that is much larger than as a graph."""
    return _parts(expression, PARTS) <= PARTS and _height(expression) <= HEIGHT


def _parts(expression: sympy.Expr, most: int) -> int:
    """How many parts an expression has, written out; of one that has more, only that it does."""
    return sum(1 for _ in islice(sympy.preorder_traversal(expression), most + 1))


def _height(expression: sympy.Expr) -> int:
    """How many functions stand inside each other."""
    inside = max(map(_height, expression.args), default=0)
    return inside + isinstance(expression, sympy.Function)


def _modest(expression: sympy.Expr, limit: int = LIMIT) -> bool:
    """Whether the expanded quotient has few coefficients, low degrees, and is soon expanded."""
    rates = [e.args[0].as_coefficient(Z) for e in expression.atoms(sympy.exp)]
    rational = [rate for rate in rates if isinstance(rate, sympy.Rational)]
    above, divisors = _degrees(expression, reduce(sympy.gcd, rational, sympy.Integer(0)))
    below = _total(divisors)
    degrees = [max(above[x], below[x]) for x in above | below]
    room = math.prod(1 + degree for degree in degrees)
    return room <= limit and max(degrees, default=0) <= DEGREE and _swell(expression) <= SWELL


Degrees = Counter[sympy.Expr]
Divisors = dict[sympy.Expr, tuple[int, Degrees]]  # with exponents, and degrees of their own


def _degrees(expression: sympy.Expr, unit: sympy.Expr) -> tuple[Degrees, Divisors]:
    """The degree of each unknown above the line, and what stands below, before cancelling.

    Exponentials e^{cz} with rational c are powers of one unknown, e^{unit z}.
    """
    match expression:
        case sympy.Add():
            parts = [_degrees(term, unit) for term in expression.args]
            shared: Divisors = {}
            for _, divisors in parts:
                for x, (power, degrees) in divisors.items():
                    shared[x] = max(power, shared.get(x, (0,))[0]), degrees
            below = _total(shared)
            return reduce(or_, (above + below - _total(d) for above, d in parts)), shared
        case sympy.Mul():
            parts = [_degrees(factor, unit) for factor in expression.args]
            product: Divisors = {}
            for _, divisors in parts:
                for x, (power, degrees) in divisors.items():
                    product[x] = power + product.get(x, (0,))[0], degrees
            return sum((above for above, _ in parts), Counter()), product
        case sympy.Pow() if expression.exp.is_Integer:
            power = abs(int(expression.exp))
            above, divisors = _degrees(expression.base, unit)
            if expression.exp < 0:
                below = _total(divisors)
                return _times(below, power), {expression.base: (power, above)}
            raised = {x: (e * power, degrees) for x, (e, degrees) in divisors.items()}
            return _times(above, power), raised
        case sympy.Rational():
            return Counter(), {}
        case sympy.exp() if (rate := expression.args[0].as_coefficient(Z)) and rate.is_Rational:
            exponential, power = sympy.exp(unit * Z), int(abs(rate) / unit)
            degree = Counter({exponential: 1})
            if rate > 0:
                return _times(degree, power), {}
            return Counter(), {exponential: (power, degree)}
    return Counter({expression: 1}), {}


def _times(degrees: Degrees, power: int) -> Degrees:
    return Counter({x: degree * power for x, degree in degrees.items()})


def _total(divisors: Divisors) -> Degrees:
    return sum((_times(degrees, power) for power, degrees in divisors.values()), Counter())


def _swell(expression: sympy.Expr) -> int:
    """How many products SymPy makes of the largest power of a sum, before it adds them up."""

    def terms(x: sympy.Expr) -> int:
        match x:
            case sympy.Add():
                return sum(map(terms, x.args))
            case sympy.Mul():
                return math.prod(map(terms, x.args))
            case sympy.Pow() if x.exp.is_Integer:
                power, inside = abs(int(x.exp)), terms(x.base)
                return math.comb(inside + power - 1, power) if x.exp > 0 else 1
        return 1

    powers = (x for x in expression.atoms(sympy.Pow) if x.exp.is_Integer)
    return max((terms(x.base ** abs(x.exp)) for x in powers), default=1)


# --- branches ------------------------------------------------------------------------------


def _kinks(*formulas: sympy.Expr) -> list[sympy.Expr]:
    """Where the branches of formulas meet, in order."""
    relations = {r for f in formulas for r in f.atoms(sympy.core.relational.Relational)}
    places = {r.rhs if r.lhs == Z else r.lhs for r in relations}
    if not all(place.is_number for place in places):
        raise NotYet("the branches of the formula meet at points that are no plain numbers")
    return sorted(places)


def _stretches(kinks: Sequence[sympy.Expr]) -> list[sympy.Expr]:
    """A point inside each stretch of the line between kinks."""
    if not kinks:
        return [sympy.Integer(0)]
    between = [(one + other) / 2 for one, other in pairwise(kinks)]
    return [kinks[0] - 1, *between, kinks[-1] + 1]


def _on(point: sympy.Expr, formula: sympy.Expr) -> sympy.Expr:
    """The formula on the stretch around a point, without branches."""

    def pick(piecewise: sympy.Piecewise) -> sympy.Expr:
        return next(v for v, holds in piecewise.args if holds.subs(Z, point) == sympy.true)

    return formula.replace(lambda e: isinstance(e, sympy.Piecewise), pick)


def _without_leading_minus(expression: sympy.Expr) -> sympy.Expr:
    """-a (a - 1) as a (1 - a): the sign goes into a factor whose constant is negative."""
    coefficient, rest = expression.as_coeff_Mul()
    if not coefficient.is_negative:
        return expression
    factors = list(sympy.Mul.make_args(rest))
    for i, factor in enumerate(factors):
        base, exponent = factor.as_base_exp()
        if base.is_Add and base.as_coeff_Add()[0].is_negative and exponent in (1, -1):
            factors[i] = (-base) ** exponent
            return -coefficient * sympy.Mul(*factors)
    return expression
