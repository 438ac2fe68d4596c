"""Scalar functions, through SymPy: their derivatives, their cheapest exact form, their equality.

A slope σ'(z) costs least when it is written through a = σ(z), which the forward pass has computed
anyway. The form is found, not looked up: e^{cz} is eliminated between a = σ(z) and σ'(z); where σ
has branches, z ≤ c is replaced by a ≤ σ(c) if the branches show that both say the same.

>>> from symnet.network.functions import ACTIVATIONS
>>> slope(ACTIVATIONS["sigmoid"].formula), slope(ACTIVATIONS["tanh"].formula)
(a*(1 - a), 1 - a**2)
>>> slope(ACTIVATIONS["relu"].formula)
Piecewise((0, a <= 0), (1, True))
"""

from collections.abc import Iterator
from functools import lru_cache, reduce

import sympy

from symnet.errors import NotYet
from symnet.network.functions import A, Z

# What an operation costs, in elementwise multiplications: the order matters, not the figures.
DIVISION, FUNCTION = 4, 15


def derivative(formula: sympy.Expr) -> sympy.Expr:
    """f'(z) as a formula, branch by branch. Raises NotYet where SymPy knows none."""
    slope_ = sympy.diff(formula, Z)
    if slope_.has(sympy.Derivative, sympy.Subs):
        raise NotYet(f"no derivative of {formula} is known")
    several = [f for f in slope_.atoms(sympy.Function) if len(f.args) > 1]
    if any(not isinstance(f, sympy.Piecewise | sympy.Max | sympy.Min) for f in several):
        raise NotYet(f"the derivative of {formula} is {slope_}, which we cannot print or compute")
    return slope_


@lru_cache(maxsize=1000)
def slope(formula: sympy.Expr) -> sympy.Expr:
    """σ'(z) in its cheapest exact form in a = σ(z) and z."""
    plain = derivative(formula)
    try:
        candidates = [*_by_elimination(formula, plain), *_by_branches(formula, plain), plain]
    except sympy.PolynomialError:
        return plain  # a formula of which SymPy makes no quotient of polynomials
    sound = [form for form in candidates if form is plain or equal(form, plain, formula)]
    return min(sound, key=cost)


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
        _is_zero(_on(branch, in_a.subs(A, _on(branch, formula))) - _on(branch, in_z))
        for branch in _branches(formula, in_z)
    )


def _is_zero(expression: sympy.Expr) -> bool:
    """Whether a quotient of polynomials in z and exponentials of z vanishes."""
    return bool(sympy.cancel(sympy.together(expression.rewrite(sympy.exp))) == 0)


# --- finding forms -------------------------------------------------------------------------


def _by_elimination(formula: sympy.Expr, plain: sympy.Expr) -> Iterator[sympy.Expr]:
    """Eliminate E = e^{cz} from a = f(E) and σ' = g(E), where f is a quotient linear in E."""
    if formula == Z:
        yield plain
        return
    f, g = formula.rewrite(sympy.exp), plain.rewrite(sympy.exp)
    if f.has(sympy.Piecewise):
        return
    # exp(-z) and exp(2 z) are powers of one exponential e^{cz}; E stands for it.
    rates = [e.args[0].as_coefficient(Z) for e in (f + g).atoms(sympy.exp)]
    if not rates or not all(isinstance(rate, sympy.Rational) for rate in rates):
        return
    f, g = sympy.cancel(sympy.together(f)), sympy.cancel(sympy.together(g))
    rates = [e.args[0].as_coefficient(Z) for e in (f + g).atoms(sympy.exp)]
    if not rates:
        return
    unit = reduce(sympy.gcd, map(abs, rates))
    E = sympy.Symbol("E", positive=True)
    f, g = (
        e.replace(
            lambda x: isinstance(x, sympy.exp), lambda x: E ** (x.args[0].as_coefficient(Z) / unit)
        )
        for e in (f, g)
    )
    if f.has(Z) or f.has(sympy.log):
        return
    above, below = sympy.fraction(sympy.together(f))
    relation = sympy.Poly(A * below - above, E)
    if relation.degree() == 1:
        linear, constant = relation.all_coeffs()
        yield from forms_of(g.subs(E, -constant / linear))


def _by_branches(formula: sympy.Expr, plain: sympy.Expr) -> Iterator[sympy.Expr]:
    """z ≤ c becomes a ≤ σ(c) where σ is at most σ(c) up to c and greater beyond."""
    kinks = _kinks(formula)
    if len(kinks) != 1 or not plain.has(sympy.Piecewise):
        return
    (c,) = kinks
    below, above = _on(("below", c), formula), _on(("above", c), formula)
    t, s = sympy.Symbol("t", nonnegative=True), sympy.Symbol("t", positive=True)
    at_kink = formula.subs(Z, c)
    holds_below = (below.subs(Z, c - t) - at_kink).is_nonpositive
    holds_above = (above.subs(Z, c + s) - at_kink).is_positive
    values = [_on((side, c), plain) for side in ("below", "above")]
    if holds_below and holds_above and not any(value.has(Z) for value in values):
        yield sympy.Piecewise((values[0], at_kink >= A), (values[1], True))


# --- branches ------------------------------------------------------------------------------

Branch = tuple[str, sympy.Expr]  # "below" or "above" a kink; ("all", 0) where there is none


def _kinks(formula: sympy.Expr) -> list[sympy.Expr]:
    """Where the branches of a formula meet, in order."""
    return sorted(
        {r.rhs if r.lhs == Z else r.lhs for r in formula.atoms(sympy.core.relational.Relational)}
    )


def _branches(*formulas: sympy.Expr) -> list[Branch]:
    """One branch for each stretch of the line between the kinks of the formulas."""
    kinks = sorted({kink for formula in formulas for kink in _kinks(formula)})
    if not kinks:
        return [("all", sympy.Integer(0))]
    return [("below", kinks[0]), *(("above", kink) for kink in kinks)]


def _on(branch: Branch, formula: sympy.Expr) -> sympy.Expr:
    """The formula on one stretch, without branches: it is read at a point inside the stretch."""
    side, kink = branch
    if side == "all":
        return formula
    others = [k for k in _kinks(formula) if k > kink]
    inside = kink - 1 if side == "below" else (kink + min(others, default=kink + 2)) / 2

    def pick(piecewise: sympy.Piecewise) -> sympy.Expr:
        return next(v for v, holds in piecewise.args if holds.subs(Z, inside) == sympy.true)

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
