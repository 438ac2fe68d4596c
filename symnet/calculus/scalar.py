"""Scalar functions, through SymPy: their derivatives, their cheapest exact form, their equality.

A slope σ'(z) costs least when it is written through a = σ(z), which the forward pass has computed
anyway. The form is found, not looked up, on each stretch between kinks: z or e^{cz} is eliminated
between a = σ(z) and σ'(z), quotients of exponentials are written with e^{-z}; where σ has branches,
z ≤ c is replaced by a ≤ σ(c) if the branches show that both say the same.

What is taken from SymPy, a derivative or an identity, is confirmed by numbers at some points.

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

import sympy

from symnet.calculus.instances import AGREEMENT, NUMBERS, NoValueError, Value, evaluate
from symnet.calculus.instances import slope as difference
from symnet.errors import NotYet
from symnet.network.functions import A, Z

# What an operation costs, in elementwise multiplications: the order matters, not the figures.
DIVISION, FUNCTION = 4, 15


@lru_cache(maxsize=1000)
def derivative(formula: sympy.Expr) -> sympy.Expr:
    """f'(z) as a formula, branch by branch. Raises NotYet where SymPy knows none."""
    slope_ = sympy.diff(formula, Z)
    if slope_.has(sympy.Derivative, sympy.Subs):
        raise NotYet(f"no derivative of {formula} is known")
    several = [f for f in slope_.atoms(sympy.Function) if len(f.args) > 1]
    if any(not isinstance(f, sympy.Piecewise | sympy.Max | sympy.Min) for f in several):
        raise NotYet(f"the derivative of {formula} is {slope_}, which we cannot print or compute")
    if not _confirmed(slope_, formula):
        raise NotYet(f"the derivative of {formula} could not be confirmed by numbers")
    return slope_


@lru_cache(maxsize=1000)
def slope(formula: sympy.Expr) -> sympy.Expr:
    """σ'(z) in its cheapest exact form in a = σ(z) and z."""
    plain = derivative(formula)
    kinks = _kinks(formula, plain)
    try:
        pieces = [_cheapest(_on(at, formula), _on(at, plain)) for at in _stretches(kinks)]
    except sympy.PolynomialError:
        return plain  # a formula of which SymPy makes no quotient of polynomials
    if not kinks:
        return pieces[0]
    whole = sympy.Piecewise(*zip(pieces, [*(kink >= Z for kink in kinks), True], strict=True))
    candidates = [*_by_branches(formula, pieces), whole, plain]
    sound = [form for form in candidates if form is plain or equal(form, plain, formula)]
    return min(sound, key=cost)


def _cheapest(formula: sympy.Expr, plain: sympy.Expr) -> sympy.Expr:
    """The cheapest form of a slope where there are no branches."""
    forms = [*_by_elimination(formula, plain), *_steady(plain)]
    sound = [form for form in forms if _is_zero(form.subs(A, formula) - plain)]
    return min([*sound, plain], key=cost)


@lru_cache(maxsize=1000)
def simplest(expression: sympy.Expr) -> sympy.Expr:
    """The cheapest of a few equal forms; the expression as it stands where that is no dearer."""
    if expression.has(sympy.Piecewise):
        return expression
    forms = (expression, *forms_of(expression))
    return min(forms, key=cost)


def forms_of(expression: sympy.Expr) -> tuple[sympy.Expr, ...]:
    """Equal forms of a rational expression: in factors, and cancelled; none where it is large."""
    if not _surveyable(expression) or _room(expression) > LIMIT:
        return ()
    return (
        _without_leading_minus(sympy.factor(expression)),
        _without_leading_minus(sympy.cancel(expression)),
    )


def cost(expression: sympy.Expr) -> int:
    """What it costs to compute an expression elementwise, in multiplications."""
    match expression:
        case sympy.Add():
            # x - y is one operation: a sign inside a sum is free.
            terms = (-term if term.could_extract_minus_sign() else term for term in expression.args)
            return len(expression.args) - 1 + sum(map(cost, terms))
        case sympy.Mul():
            below = [1 / factor for factor in expression.args if _divides(factor)]
            above = [factor for factor in expression.args if not _divides(factor)]
            divided = DIVISION + cost(sympy.Mul(*below)) if below else 0
            return max(0, len(above) - 1) + sum(map(cost, above)) + divided
        case sympy.Pow() if expression.exp.is_Integer:
            exponent = int(expression.exp)
            divided = DIVISION if exponent < 0 else 0
            return divided + abs(exponent) - 1 + cost(expression.base)
        case sympy.Piecewise():
            return DIVISION + sum(cost(value) for value, _ in expression.args)
        case sympy.Function() | sympy.Pow():
            return FUNCTION + sum(map(cost, expression.args))
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
    above, below = (sympy.Poly(part, E) for part in sympy.fraction(sympy.together(g)))
    if 0 < below.degree() >= above.degree():
        small = 1 / exponential
        top, bottom = (
            sum(c * small ** (below.degree() - power) for (power,), c in part.terms())
            for part in (above, below)
        )
        yield top / bottom


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
    written = expression.rewrite(sympy.exp)
    if not _surveyable(written) or any(e.args[0].has(sympy.exp) for e in written.atoms(sympy.exp)):
        written = expression
    return sympy.cancel(sympy.together(written)) if _room(written) <= LIMIT else None


# How many coefficients, at most, a quotient may have that is expanded and cancelled, how many parts
# an expression that is looked through, and how many functions inside each other.
LIMIT, PARTS, HEIGHT = 400, 1000, 4


def _surveyable(expression: sympy.Expr) -> bool:
    """Whether an expression is no tower: as a tree that is much larger than as a graph."""
    parts = sum(1 for _ in islice(sympy.preorder_traversal(expression), PARTS + 1))
    return parts <= PARTS and _height(expression) <= HEIGHT


def _height(expression: sympy.Expr) -> int:
    """How many functions stand inside each other."""
    inside = max(map(_height, expression.args), default=0)
    return inside + isinstance(expression, sympy.Function)


def _room(expression: sympy.Expr) -> int:
    """How many coefficients the expanded quotient has: Π (1 + degree) over all its unknowns."""
    rates = [e.args[0].as_coefficient(Z) for e in expression.atoms(sympy.exp)]
    rational = [rate for rate in rates if isinstance(rate, sympy.Rational)]
    above, below = _degrees(expression, reduce(sympy.gcd, rational, sympy.Integer(0)))
    return math.prod(1 + max(above[x], below[x]) for x in above | below)


def _degrees(
    expression: sympy.Expr, unit: sympy.Expr
) -> tuple[Counter[sympy.Expr], Counter[sympy.Expr]]:
    """The degree of each unknown above and below the line, before anything is cancelled.

    Exponentials e^{cz} with rational c are powers of one unknown, e^{unit z}.
    """
    nothing: Counter[sympy.Expr] = Counter()
    match expression:
        case sympy.Add():
            parts = [_degrees(term, unit) for term in expression.args]
            denominators = {frozenset(b.items()): b for _, b in parts}.values()  # once each
            below = sum(denominators, nothing)
            return reduce(or_, (a + below - b for a, b in parts)), below
        case sympy.Mul():
            parts = [_degrees(factor, unit) for factor in expression.args]
            return sum((a for a, _ in parts), nothing), sum((b for _, b in parts), nothing)
        case sympy.Pow() if expression.exp.is_Integer:
            power = int(expression.exp)
            above, below = (
                Counter({x: degree * abs(power) for x, degree in part.items()})
                for part in _degrees(expression.base, unit)
            )
            return (above, below) if power > 0 else (below, above)
        case sympy.Rational():
            return nothing, nothing
        case sympy.exp() if (rate := expression.args[0].as_coefficient(Z)) and rate.is_Rational:
            degree = Counter({sympy.exp(unit * Z): int(abs(rate) / unit)})
            return (degree, nothing) if rate > 0 else (nothing, degree)
    return Counter({expression: 1}), nothing


# --- branches ------------------------------------------------------------------------------


def _kinks(*formulas: sympy.Expr) -> list[sympy.Expr]:
    """Where the branches of formulas meet, in order."""
    relations = {r for f in formulas for r in f.atoms(sympy.core.relational.Relational)}
    return sorted({r.rhs if r.lhs == Z else r.lhs for r in relations})


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
