"""Slopes: exact, in the cheapest form, from the left at a kink. Against numbers, not against us."""

import time

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from meaning import close, mp, number

from symnet.calculus import scalar
from symnet.network.functions import ACTIVATIONS, A, Activation, Z

R = sympy.Rational
exp, log, tanh = sympy.exp, sympy.log, sympy.tanh


def piecewise(*branches: tuple[object, object]) -> sympy.Expr:
    return sympy.Piecewise(*branches)


# Formulas that appear nowhere in the package, and those that do.
WRITTEN: dict[str, sympy.Expr] = {
    **{name: a.formula for name, a in ACTIVATIONS.items() if not a.couples_neurons},
    "cube": Z**3,
    "line": 2 * Z + 1,
    "constant": sympy.Integer(1),
    "swish": Z / (1 + exp(-Z)),
    "arctan": sympy.atan(Z),
    "softplus": log(1 + exp(Z)),
    "bump": 1 / (1 + Z**2),
    "quotient": Z / (2 + Z**2),
    "gauss": exp(-(Z**2)),
    "root": sympy.sqrt(1 + Z**2),
    "sine": sympy.sin(Z),
    "mish": Z * tanh(log(1 + exp(Z))),
    "two tanh": tanh(Z / 2) + 2,
    "steep": 1 / (1 + exp(-2 * Z)),
    "stretched": 3 / (1 + exp(-Z)) - 1,
    "exponential": exp(Z),
    "gompertz": exp(-exp(-Z)),
    "square of sigmoid": 1 / (1 + exp(-Z)) ** 2,
    "both ways": exp(Z) + exp(-Z),
    "irrational": 1 / (1 + exp(-sympy.sqrt(2) * Z)),
    "line and tanh": Z + tanh(Z),
    "leaky": piecewise((Z / 100, Z <= 0), (Z, True)),
    "leaky, in decimals": piecewise((0.25 * Z, Z <= 0), (Z, True)),
    "elu": piecewise((exp(Z) - 1, Z <= 0), (Z, True)),
    "selu": piecewise((R(17, 10) * (exp(Z) - 1), Z <= 0), (R(21, 20) * Z, True)),
    "hard sigmoid": piecewise((0, Z <= -3), ((Z + 3) / 6, Z <= 3), (1, True)),
    "hard tanh": piecewise((-1, Z <= -1), (Z, Z <= 1), (1, True)),
    "relu6": piecewise((0, Z <= 0), (Z, Z <= 6), (6, True)),
    "from 2 on": piecewise((1, Z <= 2), (Z - 1, True)),
    "downwards": piecewise((0, Z <= 0), (-Z, True)),
    "up and up": piecewise((-Z, Z <= 0), (2 * Z, True)),
    "square on one side": piecewise((0, Z <= 0), (Z**2, True)),
    "two kinks added": piecewise((0, Z <= 0), (Z, True)) + piecewise((0, Z <= 1), (1 - Z, True)),
    "kink at a fraction": piecewise((0, 2 * Z <= 1), (Z - R(1, 2), True)),
    "inside each other": piecewise((0, Z <= 0), (piecewise((Z, Z <= 1), (1, True)), True)),
    # At a kink these belong to the branch on the right; the slope is from the left all the same.
    "relu, closed on the right": piecewise((Z, Z >= 0), (0, True)),
    "relu, open": piecewise((Z, Z > 0), (0, True)),
    "square and line": piecewise((Z**2, Z < 0), (Z, True)),
    "modulus": sympy.Abs(Z),
    "softsign": Z / (1 + sympy.Abs(Z)),
    "larger of two": sympy.Max(0, Z),
    "clipped": sympy.Min(1, sympy.Max(-1, Z)),
}
# What an activation makes of its formula: fractions for decimals, kinks closed on the left.
FORMULAS = {name: Activation("own", formula).formula for name, formula in WRITTEN.items()}
KINKS = [sympy.Integer(k) for k in (-3, -1, 0, 1, 2, 3, 6)] + [R(1, 2)]

DIFFERENCE = mp.mpf(10) ** -25


def from_the_left(formula: sympy.Expr, z: object) -> object:
    """(f(z) - f(z - h)) / h."""
    here, before = (number(formula, {Z: v}) for v in (z, z - DIFFERENCE))
    return (here - before) / DIFFERENCE


def is_the_slope(name: str, z: object) -> bool:
    """Whether the slope in a and z has the value of the difference at z."""
    form, formula = scalar.slope(FORMULAS[name]), WRITTEN[name]
    found = number(form, {Z: z, A: number(formula, {Z: z})})
    return close(found, from_the_left(formula, z))


@pytest.mark.parametrize("name", FORMULAS)
@given(z=st.integers(-8000, 8000).map(lambda z: z / 1000 + 0.00017))  # and at no kink
def test_the_slope_is_the_slope(name: str, z: float) -> None:
    assert is_the_slope(name, mp.mpf(z))


@pytest.mark.parametrize("name", FORMULAS)
def test_at_a_kink_the_slope_is_from_the_left(name: str) -> None:
    for kink in KINKS:
        assert is_the_slope(name, mp.mpf(int(kink.p)) / int(kink.q)), kink


@pytest.mark.parametrize(
    ("name", "slope"),
    [
        ("identity", sympy.Integer(1)),
        ("sigmoid", A * (1 - A)),
        ("tanh", 1 - A**2),
        ("relu", piecewise((0, A <= 0), (1, True))),
        ("leaky", piecewise((R(1, 100), A <= 0), (1, True))),
        ("from 2 on", piecewise((0, A <= 1), (1, True))),
        ("exponential", A),
        ("steep", 2 * A * (1 - A)),
        ("cube", 3 * Z**2),
        ("constant", sympy.Integer(0)),
        # a = -z ≤ 0 on the right and 0 on the left: a does not tell where z is
        ("downwards", piecewise((0, Z <= 0), (-1, True))),
        # a says too little where it takes a value twice
        ("up and up", piecewise((-1, Z <= 0), (2, True))),
    ],
)
def test_the_cheapest_form(name: str, slope: sympy.Expr) -> None:
    assert scalar.slope(FORMULAS[name]) == slope


@pytest.mark.parametrize("name", FORMULAS)
def test_no_form_is_dearer_than_the_derivative(name: str) -> None:
    """But for a derivative that no machine computes: e^z/(1 + e^z) is ∞/∞ far out."""
    formula = FORMULAS[name]
    slope, plain = scalar.slope(formula), scalar.derivative(formula)
    overflows = scalar.keeps_up(slope, plain, formula) and not scalar.keeps_up(
        plain, slope, formula
    )
    assert overflows or scalar.cost(slope) <= scalar.cost(plain)


# --- equality over exp ---------------------------------------------------------------------

SIGMOID = ACTIVATIONS["sigmoid"].formula
RELU = ACTIVATIONS["relu"].formula


@pytest.mark.parametrize(
    ("in_a", "in_z", "formula", "equal"),
    [
        (A * (1 - A), sympy.diff(SIGMOID, Z), SIGMOID, True),
        (A * (1 + A), sympy.diff(SIGMOID, Z), SIGMOID, False),
        (A, sympy.diff(SIGMOID, Z), SIGMOID, False),
        (1 - A**2, sympy.diff(tanh(Z), Z), tanh(Z), True),
        (1 + A**2, sympy.diff(tanh(Z), Z), tanh(Z), False),
        (A, exp(Z), exp(Z), True),
        (A**2, exp(2 * Z), exp(Z), True),
        (A**2, exp(Z) ** 3, exp(Z), False),
        (Z**2 * A, Z**3, Z, True),
        ((Z**2 - 1) / (Z - 1), Z + 1, Z, True),
        (piecewise((0, A <= 0), (1, True)), sympy.diff(RELU, Z), RELU, True),
        (piecewise((0, A < 0), (1, True)), sympy.diff(RELU, Z), RELU, False),  # at the kink
        (piecewise((1, A <= 0), (0, True)), sympy.diff(RELU, Z), RELU, False),
        (sympy.Integer(1), sympy.diff(RELU, Z), RELU, False),
        (A, RELU, RELU, True),
        (piecewise((0, A <= 0), (1, True)), piecewise((0, Z <= 0), (1, True)), -RELU, False),
    ],
)
def test_equality_is_exact(
    in_a: sympy.Expr, in_z: sympy.Expr, formula: sympy.Expr, equal: bool
) -> None:
    assert scalar.equal(in_a, in_z, formula) is equal


@pytest.mark.parametrize(
    "expression",
    [A - A * Y_ for Y_ in (sympy.Symbol("y"),)]
    + [-A * (A - 1), (A**2 - 1) / (A - 1), 1 / A - 1 / (A + 1), A * (1 - A) + A**2, Z**2 * A - A],
    ids=str,
)
def test_the_simplest_form_is_equal_and_no_dearer(expression: sympy.Expr) -> None:
    simplest = scalar.simplest(expression)
    assert sympy.cancel(sympy.together(simplest - expression)) == 0
    assert scalar.cost(simplest) <= scalar.cost(expression)


@pytest.mark.parametrize(
    ("cheap", "dear"),
    [
        (A * (1 - A), exp(-Z) / (1 + exp(-Z)) ** 2),
        (1 - A**2, 1 - tanh(Z) ** 2),
        (A * (1 - A), -A * (A - 1) * 1 / Z),
        (A - 1, (A - 1) / Z),
        (A + Z, A * exp(Z)),
    ],
)
def test_costs_are_in_the_right_order(cheap: sympy.Expr, dear: sympy.Expr) -> None:
    assert scalar.cost(cheap) < scalar.cost(dear)


# --- forms that a machine computes -----------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "form"),
    [
        (exp(Z) / (1 + exp(Z)), 1 / (1 + exp(-Z))),
        (Z * exp(Z) / (1 + exp(Z)), Z / (1 + exp(-Z))),
        (log(sympy.cosh(Z)), log(1 + exp(2 * Z)) - Z - log(2)),
        (Activation("own", Z / (1 + sympy.Abs(Z))).formula, Z / (1 + sympy.Abs(Z))),
        (tanh(Z), tanh(Z)),
        (Z**3, Z**3),
    ],
)
def test_steady_forms(formula: sympy.Expr, form: sympy.Expr) -> None:
    assert scalar.steady(formula) == form


TOWER = Z
for _ in range(6):
    TOWER = tanh(TOWER)


@pytest.mark.parametrize(
    "formula",
    [
        TOWER,
        exp(1000 * Z),
        sympy.Add(*(tanh(k * Z / 7) for k in range(1, 20))),
        sympy.cosh(50 * Z) / sympy.cosh(51 * Z),
        (1 + exp(Z)) ** 100 / (1 + exp(2 * Z)) ** 99,
        exp(exp(exp(Z))),
        exp(-(Z**100)),
    ],
    ids=lambda formula: str(formula)[:30],
)
def test_every_form_is_found_in_time(formula: sympy.Expr) -> None:
    began = time.perf_counter()
    scalar.slope(formula)
    scalar.steady(formula)
    assert time.perf_counter() - began < 10
