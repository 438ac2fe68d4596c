"""Activations and costs: the named ones against plain Python, and what any formula has to be."""

import math
import time

import pytest
import reference
import sympy
from hypothesis import given
from hypothesis import strategies as st
from meaning import Measured, activate, close, mp, number

from symnet.calculus.derivation import derive
from symnet.calculus.proof import prove
from symnet.errors import ArchitectureError
from symnet.network.architecture import Layer, Network, told_apart
from symnet.network.functions import (
    ACTIVATIONS,
    COSTS,
    ZS,
    A,
    Activation,
    Cost,
    J,
    N,
    P,
    Y,
    Z,
    bad_logarithm,
    rectifies,
    typed_activation,
    values,
)

numbers = st.floats(-20, 20)


@pytest.mark.parametrize("name", [*reference.ACTIVATIONS])
@given(z=numbers)
def test_activations_are_what_they_are_called(name: str, z: float) -> None:
    found = number(ACTIVATIONS[name].formula, {Z: mp.mpf(z)})
    assert math.isclose(found, reference.ACTIVATIONS[name](z).real, rel_tol=1e-12, abs_tol=1e-13)


@given(st.lists(numbers, min_size=2, max_size=4))
def test_softmax_is_what_it_is_called(z: list[float]) -> None:
    exact = [mp.mpf(v) for v in z]
    found = [activate(ACTIVATIONS["softmax"], exact, j) for j in range(len(z))]
    for one, other in zip(found, reference.activate("softmax", list(z)), strict=True):
        assert math.isclose(one, other.real, rel_tol=1e-12)
    assert close(mp.fsum(found), mp.mpf(1))


@pytest.mark.parametrize("name", COSTS)
@given(a=st.floats(0.01, 0.99), y=st.floats(0, 1))
def test_costs_are_what_they_are_called(name: str, a: float, y: float) -> None:
    found = number(COSTS[name].formula, {A: mp.mpf(a), Y: mp.mpf(y)})
    expected = reference.cost_of_output(name, [a], [y])
    assert math.isclose(found, expected.real, rel_tol=1e-9, abs_tol=1e-15)


def test_tables_are_keyed_by_name() -> None:
    assert all(name == activation.name for name, activation in ACTIVATIONS.items())
    assert all(name == cost.name for name, cost in COSTS.items())
    assert [name for name, a in ACTIVATIONS.items() if a.couples_neurons] == ["softmax"]
    assert [name for name, c in COSTS.items() if c.normalised] == ["log_likelihood"]
    assert {name: c.targets for name, c in COSTS.items() if c.classifies} == {
        "cross_entropy": (0, 1),
        "log_likelihood": (0, 1),
        "hinge": (-1, 1),
    }


@pytest.mark.parametrize(
    "formula",
    [
        sympy.Symbol("z"),  # the real z is another symbol
        sympy.Symbol("x", real=True) * Z,
        A,
        Z + Y,
    ],
    ids=str,
)
def test_an_activation_in_other_symbols_is_refused(formula: sympy.Expr) -> None:
    with pytest.raises(ArchitectureError, match=r"formula in \w+; use symnet\.z alone"):
        Activation("own", formula)


@pytest.mark.parametrize("formula", [Z, A * sympy.Symbol("eta"), ZS[J]], ids=str)
def test_a_cost_in_other_symbols_is_refused(formula: sympy.Expr) -> None:
    with pytest.raises(ArchitectureError, match=r"use symnet\.a and symnet\.y alone"):
        Cost("own", formula)


@pytest.mark.parametrize("name", ["", "two words", "a-b", "1st", "é", "x" * 41, "a\nb"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ArchitectureError, match="is not a name"):
        Activation(name, Z)
    with pytest.raises(ArchitectureError, match="is not a name"):
        Cost(name, A)


# Formulas that appear nowhere in the package.
OWN_ACTIVATIONS = {
    "cube": Z**3,
    "swish": Z / (1 + sympy.exp(-Z)),
    "arctan": sympy.atan(Z),
    "leaky": sympy.Piecewise((Z / 10, Z <= 0), (Z, True)),
    "decimal": 0.5 * Z + 0.25 * Z**2,
    "hot": sympy.exp(2 * ZS[J]) / sympy.Sum(sympy.exp(2 * ZS[P]), (P, 1, N)),
    "centred": ZS[J] - sympy.Sum(ZS[P], (P, 1, N)) / 3,
}


@pytest.mark.parametrize("name", OWN_ACTIVATIONS)
def test_a_formula_of_ones_own_makes_a_network(name: str) -> None:
    network = Network("1-2-2", Activation(name, OWN_ACTIVATIONS[name]), cost="quadratic")
    assert network.layers[-1].activation.couples_neurons == (name in ("hot", "centred"))
    assert Measured(network).now["a", 3, (1,)]
    assert len(network.forward(2)) == 2


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (ACTIVATIONS["relu"].formula, True),
        (sympy.Piecewise((Z / 100, Z <= 0), (Z, True)), True),
        (sympy.Piecewise((sympy.exp(Z) - 1, Z <= 0), (Z, True)), True),
        (sympy.Piecewise((Z, Z > 0), (0, True)), True),
        (sympy.Piecewise((0, Z <= 0), (-Z, True)), False),
        (sympy.Piecewise((-1, Z <= -1), (Z, Z <= 1), (1, True)), False),
        (sympy.Piecewise((3 * Z / 4, Z <= 0), (Z, True)), False),
        (ACTIVATIONS["sigmoid"].formula, False),
        (ACTIVATIONS["identity"].formula, False),
        (ACTIVATIONS["softmax"].formula, False),
    ],
    ids=str,
)
def test_what_rectifies(formula: sympy.Expr, expected: bool) -> None:
    """Half of the inputs pass, the other half (nearly) not: He et al. 2015, eq. 10."""
    assert rectifies(Activation("own", formula)) is expected


def test_softmax_is_positive_whatever_the_others_are() -> None:
    assert values(ACTIVATIONS["softmax"]).is_positive
    assert bad_logarithm(COSTS["log_likelihood"], ACTIVATIONS["softmax"]) is None
    assert bad_logarithm(COSTS["cross_entropy"], ACTIVATIONS["softmax"]) is None
    assert bad_logarithm(COSTS["cross_entropy"], ACTIVATIONS["tanh"]) in (A, 1 - A)
    assert bad_logarithm(COSTS["quadratic"], ACTIVATIONS["tanh"]) is None
    # A sum of terms that may be negative can be anything.
    norm = Activation("norm", ZS[J] / sympy.Sum(ZS[P], (P, 1, N)))
    assert bad_logarithm(COSTS["log_likelihood"], norm) == A


# --- the tables, whole ---------------------------------------------------------------------

FITTING = {"cross_entropy": "sigmoid", "log_likelihood": "softmax", "poisson": "softplus"}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_is_proved_below_and_at_the_output(name: str) -> None:
    assert prove(Network(f"2-3:{name}-2:{name}", cost="squared_error")).holds


@pytest.mark.parametrize("name", COSTS)
def test_every_cost_is_proved(name: str) -> None:
    assert prove(Network("2-2", FITTING.get(name, "identity"), cost=name)).holds


@pytest.mark.parametrize("name", [n for n in COSTS if n in FITTING])
def test_a_logarithm_of_what_may_be_negative_is_refused(name: str) -> None:
    with pytest.raises(ArchitectureError, match=f"takes the logarithm of .*{FITTING[name]}"):
        Network("2-2:gelu", cost=name)


def test_start_values_follow_from_the_formula() -> None:
    assert [name for name, each in ACTIVATIONS.items() if rectifies(each)] == [
        "relu", "leaky_relu", "elu", "softplus", "silu", "mish", "gelu", "gelu_tanh",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "a", "y", "slope"),
    [
        ("abs(a - y)", 1, 1, -1),
        ("max(0, 1 - y*a)", 1, 1, -1),
        ("max(0, a - y)", 2, 2, 0),
        ("min(a, y)", 2, 2, 1),
        ("y*max(0, a)", 0, 3, 0),
        ("min(1, abs(a - y)) * (abs(a - y) - min(1, abs(a - y)) / 2)", 3, 2, 1),
    ],
)
def test_at_a_kink_a_cost_has_the_slope_from_the_left(
    text: str, a: int, y: int, slope: int
) -> None:
    right = derive(Network("1-1:identity", cost=text)).delta(2).rhs
    found = {str(base): value for base, value in (("a^2", a), ("y", y), ("z^2", a))}
    at = {each: found[str(each.base)] for each in right.atoms(sympy.Indexed)}
    assert right.subs(at) == slope


def test_typed_activations_are_told_apart() -> None:
    one, other = typed_activation("z**3"), typed_activation("z**5")
    layers = told_apart([Layer(2, one), Layer(3, other), Layer(1, one)])
    assert [layer.activation.name for layer in layers] == ["custom", "custom2", "custom"]
    assert layers[1].activation.text == "z**5"


def test_many_kinks_take_little_time() -> None:
    began = time.perf_counter()
    many = typed_activation(" + ".join(f"max(0, z - {k})" for k in range(30)))
    assert many.formula.subs(Z, 7) == sum(max(0, 7 - k) for k in range(30))
    assert time.perf_counter() - began < 5
