"""Generated trainers where e^z is no number any more: value and slope of every activation and cost.

Each is compared with a formula of its own, written here for mpmath and for no machine. Beside the
named ones stand formulas as a user may type them, in forms that are ∞/∞ in floating point.
"""

import importlib.util
import math
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import pytest

import symnet
from symnet.network.functions import ACTIVATIONS, COSTS

mp = mpmath.MPContext()
mp.dps = 1000  # digits enough for 1 + e^{-1000}
Real = Any


def sigmoid(z: Real) -> Real:
    return 1 / (1 + mp.exp(-z))


def softplus(z: Real) -> Real:
    return mp.log(1 + mp.exp(z))


def clip(z: Real, low: Real, high: Real) -> Real:
    return max(low, min(high, z))


LAMBDA, ALPHA = mp.mpf("1.0507009873554805"), mp.mpf("1.6732632423543772")

VALUES: dict[str, Callable[[Real], Real]] = {
    "identity": lambda z: z,
    "sigmoid": sigmoid,
    "tanh": mp.tanh,
    "relu": lambda z: max(z, mp.mpf(0)),
    "leaky_relu": lambda z: z if z > 0 else z / 100,
    "elu": lambda z: z if z > 0 else mp.exp(z) - 1,
    "selu": lambda z: LAMBDA * (z if z > 0 else ALPHA * (mp.exp(z) - 1)),
    "softplus": softplus,
    "softsign": lambda z: z / (1 + abs(z)),
    "silu": lambda z: z * sigmoid(z),
    "mish": lambda z: z * mp.tanh(softplus(z)),
    "gelu": lambda z: z * mp.ncdf(z),
    "gelu_tanh": lambda z: (
        z / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (z + mp.mpf("0.044715") * z**3)))
    ),
    "hard_sigmoid": lambda z: clip((z + 3) / 6, mp.mpf(0), mp.mpf(1)),
    "hard_tanh": lambda z: clip(z, mp.mpf(-1), mp.mpf(1)),
    # as a user may type them
    "z*exp(z)/(1 + exp(z))": lambda z: z * sigmoid(z),
    "exp(2*z)/(exp(2*z) + 1)": lambda z: sigmoid(2 * z),
    "log(cosh(z))": lambda z: mp.log(mp.cosh(z)),
    "log(1 + exp(z))**2": lambda z: softplus(z) ** 2,
    "(z + exp(z) + 1)*exp(z)/(exp(z) + 1)**2": lambda z: sigmoid(z) * (1 + z * (1 - sigmoid(z))),
}

FAR: list[float] = [-100, -89, -40, -17.5, -3, -1, -0.3, 0, 1e-3, 0.3, 1, 3, 17.5, 40, 89, 100]
FARTHER: list[float] = [-1000, -746, -709.5, -300, 300, 709.5, 746, 1000]
PRECISIONS = {"float64": (FAR + FARTHER, 1e-13), "float32": (FAR, 2e-6)}


def module(text: str, folder: Path) -> ModuleType:
    path = folder / f"far_{os.getpid()}.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def from_the_left(of: Callable[[Real], Real], z: Real) -> Real:
    step = mp.mpf(10) ** -500
    return (of(z) - of(z - step)) / step


def near(found: float, exact: Real, tolerance: float) -> bool:
    return bool(abs(found - float(exact)) <= tolerance * (1 + abs(float(exact))))


def test_every_activation_and_cost_is_here() -> None:
    assert [n for n, a in ACTIVATIONS.items() if not a.couples_neurons] == list(VALUES)[:15]
    assert list(COSTS_OF) == list(COSTS)


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("name", VALUES)
def test_activations_are_right_far_out(name: str, dtype: str, tmp_path: Path) -> None:
    places, tolerance = PRECISIONS[dtype]
    network = symnet.Network("1-1", activation=name, cost="quadratic")
    made = module(symnet.generate(network, dtype=dtype), tmp_path)
    trainer = made.Trainer().set_params(random_state=0)
    trainer.set_weights({"w2": [[1]], "b2": [0]})
    with np.errstate(all="raise", under="ignore", over="ignore"):
        for place in places:
            z = mp.mpf(float(np.dtype(dtype).type(place)))
            found = trainer.predict([[place]])[0]
            assert near(found, VALUES[name](z), tolerance), place
            # with y = a - 1 the gradient by b is the slope
            slope = trainer.gradients([[place]], [float(found) - 1])["b2"][0]
            assert near(slope, from_the_left(VALUES[name], z), 20 * tolerance), place


COSTS_OF: dict[str, tuple[str, Callable[[Real, Real], Real]]] = {
    "quadratic": ("identity", lambda a, y: (a - y) ** 2 / 2),
    "squared_error": ("identity", lambda a, y: (a - y) ** 2),
    "absolute_error": ("identity", lambda a, y: abs(a - y)),
    "huber": (
        "identity",
        lambda a, y: (a - y) ** 2 / 2 if abs(a - y) <= 1 else abs(a - y) - mp.mpf(1) / 2,
    ),
    "log_cosh": ("identity", lambda a, y: mp.log(mp.cosh(a - y))),
    "cross_entropy": ("sigmoid", lambda a, y: -(y * mp.log(a) + (1 - y) * mp.log(1 - a))),
    "log_likelihood": ("sigmoid", lambda a, y: -y * mp.log(a)),
    "hinge": ("identity", lambda a, y: max(mp.mpf(0), 1 - y * a)),
    "poisson": ("softplus", lambda a, y: a - y * mp.log(a)),
}


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("name", [n for n in COSTS_OF if n != "log_likelihood"])
def test_costs_are_right_far_out(name: str, dtype: str, tmp_path: Path) -> None:
    output, of = COSTS_OF[name]
    places, tolerance = PRECISIONS[dtype]
    network = symnet.Network("1-1", activation=output, cost=name)
    made = module(symnet.generate(network, dtype=dtype), tmp_path)
    trainer = made.Trainer()
    trainer.set_weights({"w2": [[1]], "b2": [0]})
    # ln a of a softplus that is rounded to 0 is beyond any number.
    places = [
        p for p in places if output != "softplus" or p > (-700 if dtype == "float64" else -80)
    ]
    for place in places:
        for y in ([-1.0], [1.0]) if name == "hinge" else ([0.0], [1.0]):
            z, target = mp.mpf(float(np.dtype(dtype).type(place))), mp.mpf(y[0])

            def total(z: Real, target: Real = target) -> Real:
                return of(VALUES[output](z), target)

            at = np.array([[place]]), np.array([y])
            assert near(trainer.cost(*at), total(z), tolerance), (place, y)
            slope = trainer.gradients(*at)["b2"][0]
            assert math.isfinite(slope)
            if not (name == "hinge" and y[0] * place == 1):
                assert near(slope, from_the_left(total, z), 20 * tolerance), (place, y)


# --- every pair ----------------------------------------------------------------------------

@@SLOPES@@

# The issue's own tolerances: relative, and absolute where ∂C/∂a is 1.
RIGHT = {"float64": (1e-6, 1e-12), "float32": (2e-3, 4e-6)}
DISTANCES = (0.3, 1.0, 17.5, 40.0, 89.0, 300.0, 746.0, 1000.0)
ONES = (-1000.0, -300.0, -40.0, -0.3, 0.3, 40.0, 300.0, 1000.0)  # few, where all is written out
ALL = tuple(sorted((0.0, *DISTANCES, *(-d for d in DISTANCES))))
# Of three neurons: near each other, one far ahead, two equal, and all far from 0.
TRIPLES = (
    (0.0, 0.0, 0.0), (1.0, -2.0, 0.5), (36.0, 35.5, -30.0), (40.0, 0.0, -40.0),
    (-30.0, -31.0, -29.0), (100.0, 100.0, -50.0), (750.0, 749.0, -750.0), (1000.0, -1000.0, 0.0),
    (-1000.0, 999.0, 1000.0), (-1000.0, -1000.0, -999.5),
)  # fmt: skip


@cache
def value_and_slope(output: str, z: float) -> tuple[Real, Real]:
    if output == "gelu" and abs(z) >= 40:
        return mp.mpf(max(z, 0)), mp.mpf(z > 0)  # right to 1e-300; ncdf takes long there
    at = mp.mpf(z)
    return VALUES[output](at), from_the_left(VALUES[output], at)


def exact_pair(output: str, cost: str, z: float, y: float) -> tuple[Real, Real, Real]:
    """C, ∂C/∂z and ∂C/∂a of one output."""
    a, slope = value_and_slope(output, z)
    target = mp.mpf(y)
    by_a = SLOPES_OF_COSTS[cost](a, target)
    return COSTS_OF[cost][1](a, target), by_a * slope, by_a


def exact_triple(
    cost: str, z: tuple[float, ...], y: tuple[float, ...]
) -> tuple[Real, list[Real]]:
    """C and ∂C/∂z of three neurons of a softmax, by its Jacobian as the books have it."""
    with mp.workdps(2500):
        powers = [mp.exp(mp.mpf(v)) for v in z]
        a = [p / mp.fsum(powers) for p in powers]
        targets = [mp.mpf(v) for v in y]
        by = [SLOPES_OF_COSTS[cost](*pair) for pair in zip(a, targets, strict=True)]
        mean = mp.fsum(p * d for p, d in zip(a, by, strict=True))
        c = mp.fsum(COSTS_OF[cost][1](*pair) for pair in zip(a, targets, strict=True))
        return c, [p * (d - mean) for p, d in zip(a, by, strict=True)]


def at_a_kink(output: str, cost: str, z: float, y: float) -> bool:
    """Whether the slope from the left depends on the last digit of a."""
    a = value_and_slope(output, z)[0]
    beside = {"hinge": a * y - 1, "absolute_error": a - y}.get(cost)
    return beside is not None and abs(beside) < 1e-5


def wrong_slope(found: float, exact: Real, by_a: Real, dtype: str) -> bool:
    """Whether a slope is wrong; one beyond the largest number has to be infinite, and no nan."""
    relative, absolute = RIGHT[dtype]
    if abs(exact) > mp.mpf(float(np.finfo(dtype).max)):
        return bool(found != (np.inf if exact > 0 else -np.inf))
    allowed = relative * abs(exact) + absolute * max(1, min(mp.mpf(10) ** 6, abs(by_a)))
    return not abs(mp.mpf(float(found)) - exact) <= allowed if np.isfinite(found) else True


def wrong_pair(
    made: ModuleType, output: str, cost: str, dtype: str, places: tuple[float, ...]
) -> list[str]:
    """What is wrong with a layer that has one output for each z and y; x is 0, and b is z."""
    known = [(z, y) for z in places for y in TARGETS.get(cost, (0.25,))]
    normalised = COSTS[cost].normalised
    trainer = made.Trainer(learning_rate=0.0)
    trainer.set_weights({"w2": [[0.0]] * len(known), "b2": [z for z, _ in known]})
    targets = np.array([[y for _, y in known]])
    if normalised:  # Σ y = 1 is for the user to keep; the formula has one term for each output
        targets = targets / targets.sum()
        known = [(z, float(y)) for (z, _), y in zip(known, targets[0], strict=True)]
    x = np.zeros((1, 1))
    with np.errstate(all="raise", under="ignore", over="ignore"):
        slopes = trainer.gradients(x, targets)["b2"]
        total = trainer.cost(x, targets)
        (each,) = made._loss(*trainer_outputs(trainer, made, x), targets.astype(dtype))
    found = []
    costs = mp.mpf(0)
    for (z, y), slope in zip(known, slopes, strict=True):
        c, by_z, by_a = exact_pair(output, cost, z, y)
        costs += c
        if not at_a_kink(output, cost, z, y) and wrong_slope(slope, by_z, by_a, dtype):
            found.append(f"z = {z:g}, y = {y:g}: {slope:g} instead of {mp.nstr(by_z, 9)}")
    allowed = (1e-9 if dtype == "float64" else 1e-4) * (1 + abs(costs))
    if not all(abs(mp.mpf(float(c)) - costs) <= allowed for c in (total, each)):
        found.append(f"the cost is {total:g} and {each:g} instead of {mp.nstr(costs, 9)}")
    return found
