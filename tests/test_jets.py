"""Taylor coefficients of formulas at a number, against mpmath, which differentiates numerically."""

from fractions import Fraction

import mpmath
import pytest
import sympy

from symnet.calculus.certificate import _formula, _Reader
from symnet.calculus.jets import taylor
from symnet.calculus.nilpotent import Numbers
from symnet.term import ARGUMENT

z = ARGUMENT
ORDER = 5
FUNCTIONS = """
    exp log sin cos tan sinh cosh tanh asin acos atan asinh atanh erf cot sec csc coth sech csch
    sqrt
""".split()  # noqa: SIM905
POINTS = [Fraction(2, 5), Fraction(-3, 10)]


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("point", POINTS, ids=str)
def test_taylor_coefficients_are_those_of_the_function(name: str, point: Fraction) -> None:
    if point < 0 and name in ("log", "sqrt"):
        point = 2 - point
    numbers = Numbers(40)
    found = taylor(getattr(sympy, name)(z), numbers, numbers.of(point), ORDER)
    with mpmath.workdps(40):
        at = mpmath.mpf(point.numerator) / point.denominator
        expected = mpmath.taylor(getattr(mpmath, name), at, ORDER)
        assert all(abs(x - y) < mpmath.mpf(10) ** -15 for x, y in zip(found, expected, strict=True))


BRANCHES = [
    sympy.Piecewise((z, z > 0), (2 * z, True)),
    sympy.Piecewise((z, z >= 1), (z**2, True)),
    sympy.Piecewise((z, z < 0), (sympy.exp(z), z <= 2), (sympy.tanh(z), True)),
    sympy.Abs(z) + sympy.sign(z) * sympy.Max(z, 1) - sympy.Min(z, sympy.pi),
    sympy.erf(z) + sympy.asinh(z) * sympy.E,
]


@pytest.mark.parametrize("formula", BRANCHES, ids=str)
def test_a_formula_in_a_certificate_is_the_same_when_it_is_read(formula: sympy.Expr) -> None:
    data = _formula(formula)
    assert _Reader().formula(data) == formula
    for part in sympy.preorder_traversal(formula):
        if isinstance(part, sympy.core.relational.Relational):
            assert part.rel_op in str(data)
