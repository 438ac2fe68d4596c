"""A network as its defining equations: they compute what the reference computes."""

import math

import pytest
import reference
from meaning import Measured, close, loose, places, value

from symnet.calculus import normal
from symnet.network import equations, notation
from symnet.network.architecture import Network
from symnet.network.functions import ACTIVATIONS, COSTS
from symnet.term import Apply, Equation, LayerNumber, equation_at, spell

l, L = notation.l, notation.L


@pytest.mark.parametrize(
    ("equation", "left", "right"),
    [
        (
            equations.weighted_input(l),
            "zl[j:nl]",
            "Σ_k:nl-1(wl[j:nl,k:nl-1]·al-1[k:nl-1]) + bl[j:nl]",
        ),
        (equations.activation(ACTIVATIONS["tanh"], l), "al[j:nl]", "tanh<tanh(z)>l(zl[j:nl])"),
        (
            equations.activation(ACTIVATIONS["tanh"], l, arbitrary=True),
            "al[j:nl]",
            "σl(zl[j:nl])",
        ),
        (
            equations.cost(COSTS["quadratic"]),
            "C",
            "Σ_j:nL(1/2·(aL[j:nL] + -1·y[j:nL])^2)",
        ),
    ],
    ids=lambda x: x if isinstance(x, str) else x.label,
)
def test_the_equations(equation: Equation, left: str, right: str) -> None:
    assert spell(equation.left) == left
    # SymPy orders the parts of a formula as it likes.
    assert sorted(spell(equation.right)) == sorted(right)


def test_softmax_is_never_arbitrary() -> None:
    """How it couples the neurons is what it is."""
    softmax = ACTIVATIONS["softmax"]
    assert equations.activation(softmax, l, arbitrary=True) == equations.activation(softmax, l)
    ours = equations.activation(softmax, l).right
    factors = spell(normal.normalise(ours)).split("·")
    assert sorted(factors) == ["(Σ_k:nl(exp<exp(z)>(zl[k:nl])))^-1", "exp<exp(z)>(zl[j:nl])"]


def test_only_the_log_likelihood_declares_a_fact() -> None:
    assert equations.facts(COSTS["quadratic"]) == ()
    assert equations.facts(COSTS["cross_entropy"]) == ()
    (fact,) = equations.facts(COSTS["log_likelihood"])
    assert (spell(fact.left), spell(fact.right)) == ("Σ_j:nL(y[j:nL])", "1")


def test_an_arbitrary_function_belongs_to_its_layer() -> None:
    here, above = (
        equations.activation(ACTIVATIONS["relu"], at, arbitrary=True).right
        for at in (l, l.shift(1))
    )
    assert isinstance(here, Apply)
    assert isinstance(above, Apply)
    assert here.function != above.function
    assert here.function.formula is None


@pytest.mark.parametrize(
    ("architecture", "cost"),
    [
        ("2-3-2", "quadratic"),
        ("2-3:tanh-2:identity", "quadratic"),
        ("2-3:relu-2:sigmoid", "cross_entropy"),
        ("2-3:softmax-3:softmax", "log_likelihood"),
        ("1-1", "cross_entropy"),
    ],
)
def test_the_equations_compute_what_the_reference_computes(architecture: str, cost: str) -> None:
    network = Network(architecture, cost=cost)
    world = Measured(network)
    net = as_reference(world)
    zs, activations = reference.forward(net, as_floats(world, "a", 1))
    for number in range(2, network.L + 1):
        at = {"l": LayerNumber("", number), "L": LayerNumber("", network.L)}
        for general, expected in (
            (equations.weighted_input(l), zs[number - 2]),
            (
                equations.activation(network.layer(number).activation, l),
                activations[number - 1],
            ),
        ):
            equation = equation_at(general, at)
            for place in places(loose(equation.left), world):
                found = value(equation.right, world, place)
                assert close(found, value(equation.left, world, place))
                (j,) = place.values()
                assert math.isclose(found, expected[j].real, rel_tol=1e-12)
    total = value(equation_at(equations.cost(network.cost), at).right, world)
    expected_cost = reference.cost_of_output(cost, activations[-1], [float(y) for y in world.y])
    assert math.isclose(total, expected_cost.real, rel_tol=1e-12)


def as_floats(world: Measured, name: str, layer: int) -> list[float]:
    return [float(world.given[name, layer, (j,)]) for j in range(world.sizes[layer - 1])]


def as_reference(world: Measured) -> list[reference.Layer]:
    """The same network as the reference holds it."""
    return [
        reference.Layer(
            [
                [float(world.given["w", number, (j, k)]) for k in range(world.sizes[number - 2])]
                for j in range(world.sizes[number - 1])
            ],
            as_floats(world, "b", number),
            layer.activation.name,
        )
        for number, layer in enumerate(world.network.layers, start=2)
    ]
