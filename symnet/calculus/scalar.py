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

from collections.abc import Iterator, Sequence
from functools import lru_cache, reduce
from itertools import pairwise

import sympy

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


def simplest(expression: sympy.Expr) -> sympy.Expr:
    """The cheapest of a few equal forms; the expression as it stands where that is no dearer."""
    if expression.has(sympy.Piecewise):
        return expression
    forms = (expression, *forms_of(expression))
    return min(forms, key=cost)


def forms_of(expression: sympy.Expr) -> tuple[sympy.Expr, ...]:
    """Equal forms of a rational expression: in factors, and cancelled."""
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
            above, below = sympy.fraction(expression, exact=True)
            divided = DIVISION + cost(below) if below != 1 else 0
            factors = sympy.Mul.make_args(above)
            return len(factors) - 1 + sum(map(cost, factors)) + divided
        case sympy.Pow() if expression.exp.is_Integer:
            exponent = int(expression.exp)
            divided = DIVISION if exponent < 0 else 0
            return divided + abs(exponent) - 1 + cost(expression.base)
        case sympy.Piecewise():
            return DIVISION + sum(cost(value) for value, _ in expression.args)
        case sympy.Function() | sympy.Pow():
            return FUNCTION + sum(map(cost, expression.args))
    return 0


def equal(in_a: sympy.Expr, in_z: sympy.Expr, formula: sympy.Expr) -> bool:
    """Whether two forms agree for every z when a = σ(z); exact, branch by branch."""
    return all(
        _is_zero(_on(point, in_a.subs(A, _on(point, formula))) - _on(point, in_z))
        for point in _stretches(_kinks(formula, in_z))
    )


@lru_cache(maxsize=10_000)
def _is_zero(expression: sympy.Expr) -> bool:
    """Whether a quotient of polynomials in z and exponentials of z vanishes."""
    zero = sympy.cancel(sympy.together(expression.rewrite(sympy.exp))) == 0
    return bool(zero) and all(abs(x) < TOLERANCE for x in _values(expression, POINTS))


# --- confirming by numbers -----------------------------------------------------------------

# Some points on either side of 0, at which nothing special happens, and how closely numbers agree.
POINTS = [sympy.Rational(p, 9973) for p in (-61403, -17209, -8311, -1237, 911, 7523, 19867, 43391)]
DIGITS = 30
STEP = sympy.Rational(1, 10**15)
TOLERANCE = sympy.Float(10) ** -20


def _values(expression: sympy.Expr, points: Sequence[sympy.Expr]) -> Iterator[sympy.Expr]:
    """The values of an expression in z at the points where it has a real one."""
    for point in points:
        value = expression.subs(Z, point).evalf(2 * DIGITS)
        if value.is_Float or value.is_Integer or value.is_Rational:
            yield value


def _confirmed(slope_: sympy.Expr, formula: sympy.Expr) -> bool:
    """Whether a derivative is the difference quotient, wherever both have values."""
    kinks = _kinks(formula)
    beyond = [
        kink + side for kink in kinks for side in (-sympy.Rational(1, 7), sympy.Rational(1, 7))
    ]
    seen = 0
    for point in [*POINTS, *beyond]:
        here = list(_values(slope_, [point]))
        around = list(_values(formula, [point - STEP, point + STEP]))
        if len(here) == 1 and len(around) == 2:
            seen += 1
            quotient = (around[1] - around[0]) / (2 * STEP)
            if abs(quotient - here[0]) > TOLERANCE * (1 + abs(here[0])) * 10**6:
                return False
    return seen > 0


# --- finding forms -------------------------------------------------------------------------


def _by_elimination(formula: sympy.Expr, plain: sympy.Expr) -> Iterator[sympy.Expr]:
    """Eliminate u, z or e^{cz}, from a = f(u) and σ' = g(u), where f is a quotient linear in u."""
    found = _in_exponential(formula, plain)
    if found is None:
        return
    f, g, u = found
    above, below = sympy.fraction(sympy.together(f))
    relation = sympy.Poly(A * below - above, u)
    if relation.degree() == 1:
        linear, constant = relation.all_coeffs()
        yield from forms_of(g.subs(u, -constant / linear))


def _in_exponential(
    formula: sympy.Expr, plain: sympy.Expr
) -> tuple[sympy.Expr, sympy.Expr, sympy.Symbol] | None:
    """σ and σ' as rational functions of one unknown: of E = e^{cz}, or of z itself."""
    f, g = (sympy.cancel(sympy.together(x.rewrite(sympy.exp))) for x in (formula, plain))
    exponentials = (f + g).atoms(sympy.exp)
    if not exponentials:
        rational = f.is_rational_function(Z) and g.is_rational_function(Z)
        return (f, g, Z) if rational else None
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
    return None if (f + g).has(Z) or f.has(sympy.log) else (f, g, E)


def _steady(plain: sympy.Expr) -> Iterator[sympy.Expr]:
    """e^u / (1 + e^u) as 1 / (1 + e^{-u}): quotients of exponentials that do not overflow."""
    yield from forms_of(plain)
    found = _in_exponential(sympy.Integer(0), plain)
    if found is None or found[2] == Z:
        return
    _, g, E = found
    above, below = (sympy.Poly(part, E) for part in sympy.fraction(sympy.together(g)))
    if 0 < below.degree() >= above.degree():
        rate = _rate(plain)
        small = sympy.exp(-rate * Z)
        top, bottom = (
            sum(c * small ** (below.degree() - power) for (power,), c in part.terms())
            for part in (above, below)
        )
        yield top / bottom


def _rate(plain: sympy.Expr) -> sympy.Expr:
    """c of the e^{cz} that all exponentials of an expression are powers of."""
    exponentials = sympy.cancel(sympy.together(plain.rewrite(sympy.exp))).atoms(sympy.exp)
    return reduce(sympy.gcd, (abs(e.args[0].as_coefficient(Z)) for e in exponentials))


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
