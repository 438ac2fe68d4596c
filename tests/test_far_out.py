"""Generated trainers where e^z is no number any more: value and slope of every activation and cost.

Each is compared with a formula of its own, written here for mpmath and for no machine. Beside the
named ones stand formulas as a user may type them, in forms that are ∞/∞ in floating point.
"""

import dataclasses
import importlib.util
import itertools
import math
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy

import symnet
from symnet.calculus import far_out
from symnet.calculus.instances import NUMBERS, evaluate
from symnet.calculus.proof import prove
from symnet.errors import ArchitectureError
from symnet.network.functions import ACTIVATIONS, COSTS, Z
from symnet.pipeline import program_of, training_of
from symnet.program import rivals

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

TARGETS: dict[str, tuple[float, ...]] = {
    "cross_entropy": (0.0, 0.25, 1.0),
    "log_likelihood": (0.0, 1.0),
    "hinge": (-1.0, 1.0),
    "poisson": (0.0, 2.0),
}
SLOPES_OF_COSTS: dict[str, Callable[[Any, Any], Any]] = {
    "quadratic": lambda a, y: a - y,
    "squared_error": lambda a, y: 2 * (a - y),
    "absolute_error": lambda a, y: 1 if a > y else -1,
    "huber": lambda a, y: max(-1, min(1, a - y)),
    "log_cosh": lambda a, y: mp.tanh(a - y),
    "cross_entropy": lambda a, y: (a - y) / (a * (1 - a)),
    "log_likelihood": lambda a, y: -y / a,
    "hinge": lambda a, y: -y if y * a <= 1 else 0,
    "poisson": lambda a, y: 1 - y / a,
}

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


CLASSES = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.25, 0.25, 0.5))


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


def exact_triple(cost: str, z: tuple[float, ...], y: tuple[float, ...]) -> tuple[Real, list[Real]]:
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
    trainer = made.Trainer(learning_rate=0.0)
    trainer.set_weights({"w2": [[0.0]] * len(known), "b2": [z for z, _ in known]})
    targets = np.array([[y for _, y in known]])
    if COSTS[cost].normalised:
        targets = targets / targets.sum()
        known = [(z, float(y)) for (z, _), y in zip(known, targets[0], strict=True)]
    x = np.zeros((1, 1))
    with np.errstate(all="raise", under="ignore", over="ignore"):
        slopes = trainer.gradients(x, targets)["b2"]
        total = trainer.cost(x, targets)
    found = []
    costs = mp.mpf(0)
    for (z, y), slope in zip(known, slopes, strict=True):
        c, by_z, by_a = exact_pair(output, cost, z, y)
        costs += c
        if not at_a_kink(output, cost, z, y) and wrong_slope(slope, by_z, by_a, dtype):
            found.append(f"z = {z:g}, y = {y:g}: {slope:g} instead of {mp.nstr(by_z, 9)}")
    allowed = (1e-9 if dtype == "float64" else 1e-4) * (1 + abs(costs))
    if not abs(mp.mpf(float(total)) - costs) <= allowed:
        found.append(f"the cost is {total:g} instead of {mp.nstr(costs, 9)}")
    return found


def wrong_triples(made: ModuleType, cost: str, dtype: str) -> list[str]:
    """What is wrong with three neurons of a softmax; x is 0, and b is z."""
    trainer = made.Trainer(learning_rate=0.0)
    found = []
    x = np.zeros((1, 1))
    for z, y in itertools.product(TRIPLES, CLASSES):
        target = tuple(2 * v - 1 for v in y) if cost == "hinge" else y
        trainer.set_weights({"w2": [[0.0]] * 3, "b2": list(z)})
        with np.errstate(all="raise", under="ignore", over="ignore"):
            slopes = trainer.gradients(x, [target])["b2"]
            total = trainer.cost(x, [target])
        c, by_z = exact_triple(cost, z, target)
        allowed = (1e-9 if dtype == "float64" else 1e-4) * (1 + abs(c))
        if not abs(mp.mpf(float(total)) - c) <= allowed:
            found.append(f"z = {z}, y = {target}: the cost is {total:g} instead of {mp.nstr(c, 9)}")
        if cost in ("hinge", "absolute_error"):
            continue  # kinks: an a that is rounded to 1 or 0 is on the other side of one
        if any(wrong_slope(s, e, mp.mpf(1), dtype) for s, e in zip(slopes, by_z, strict=True)):
            shown = [mp.nstr(each, 9) for each in by_z]
            found.append(f"z = {z}, y = {target}: {slopes} instead of {shown}")
    return found


def fits(output: str, cost: str) -> bool:
    """Whether a cost may stand after an activation."""
    try:
        symnet.Network(f"2-2:{output}", cost=cost)
    except ArchitectureError:
        return False
    return True


PAIRS = [(output, cost) for output in ACTIVATIONS for cost in COSTS if fits(output, cost)]
# The pairs of `make test`: those that were wrong once, and each cost once beside them.
QUICK = {
    ("softplus", "poisson"), ("softplus", "log_likelihood"), ("softmax", "cross_entropy"),
    ("sigmoid", "cross_entropy"), ("softmax", "quadratic"), ("mish", "huber"), ("elu", "hinge"),
    ("identity", "log_cosh"), ("silu", "absolute_error"), ("tanh", "squared_error"),
}  # fmt: skip
WAYS = [
    ("float64", "numpy", "array"), ("float32", "numpy", "array"), ("float64", "scipy", "array"),
    ("float32", "scipy", "array"), ("float64", "numpy", "scalar"),
]  # fmt: skip


def pairs() -> list[Any]:
    return [
        pytest.param(*pair, *way, id="-".join((*pair, *way)),
                     marks=() if pair in QUICK and way[1] == "numpy" else pytest.mark.slow)
        for pair in PAIRS for way in WAYS
    ]  # fmt: skip


def test_no_quick_pair_is_left_out() -> None:
    assert set(PAIRS) >= QUICK
    assert {cost for _, cost in QUICK} == set(COSTS)


def wrong(text: str, output: str, cost: str, dtype: str, style: str, folder: Path) -> list[str]:
    made = module(text, folder)
    try:
        if output == "softmax":
            return wrong_triples(made, cost, dtype)
        return wrong_pair(made, output, cost, dtype, ONES if style == "scalar" else ALL)
    except FloatingPointError as error:
        return [str(error)]


def text_of(output: str, cost: str, dtype: str, blas: str, style: str) -> str:
    places = ONES if style == "scalar" else ALL
    width = 3 if output == "softmax" else len(places) * len(TARGETS.get(cost, (0.25,)))
    network = symnet.Network(f"1-{width}:{output}", cost=cost)
    return symnet.generate(network, dtype=dtype, blas=blas, style=style)


@pytest.mark.parametrize(("output", "cost", "dtype", "blas", "style"), pairs())
def test_every_pair_is_right_far_out(
    output: str, cost: str, dtype: str, blas: str, style: str, tmp_path: Path
) -> None:
    """To 1e-6 of mpmath's gradient in float64, 2e-3 in float32, at every |z| up to 1000."""
    text = text_of(output, cost, dtype, blas, style)
    assert wrong(text, output, cost, dtype, style, tmp_path) == []


# --- planted errors ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("output", "cost"),
    [("softplus", "poisson"), ("softplus", "log_likelihood"), ("softmax", "cross_entropy")],
)
def test_without_the_remedies_these_are_wrong(
    output: str, cost: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(far_out, "in_products", lambda formula, activation: formula)
    monkeypatch.setattr(rivals, "exponent", lambda made: None)
    text = text_of(output, cost, "float64", "numpy", "array")
    (found,) = wrong(text, output, cost, "float64", "array", tmp_path)
    assert "invalid value" in found or "divide by zero" in found


@pytest.mark.parametrize("cut", [-5, -30, -800])
def test_a_cut_at_a_wrong_place_is_not_taken(cut: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """At -5 and -30 the asymptote is no value yet, at -800 the formula is none any more."""
    form = sympy.log(sympy.log(1 + sympy.exp(Z)))
    far_out.steady.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(far_out, "_from_where", lambda *_: sympy.Integer(cut))
        found = far_out.steady(form)
    far_out.steady.cache_clear()
    # e^-30 beside 1 is less than what is asked for: it holds up, and is only less exact
    assert (found == form) == (cut != -30)


def test_where_an_asymptote_is_reached_is_no_earlier_than_it_is() -> None:
    form = sympy.log(sympy.log(1 + sympy.exp(Z)))
    c = far_out._from_where(form, Z, -1)
    assert c == -50  # e^-40 is 4e-18, and would be seen beside 1
    assert far_out._from_where(form, Z + sympy.Rational(1, 10**9), -1) is None
    assert far_out._from_where(form, 2 * Z, -1) is None


ASYMPTOTES = {
    # far left, and far right; None where there is none of the kind
    "log(1 + exp(z))": ("exp(z)", "z"),
    "log(log(1 + exp(z)))": ("z", "log(z)"),
    "1/((1 + exp(-z))*log(1 + exp(z)))": ("1", "1/z"),
    "exp(z)/(1 + exp(z))**2": ("exp(z)", "exp(-z)"),
    "log(2 + exp(3*z))": ("log(2)", "3*z"),
    "z*tanh(z)": ("-z", "z"),
    "log(cosh(z))": ("-z - log(2)", "z - log(2)"),
    "sqrt(1 + exp(2*z))": ("1", "exp(z)"),
    "log(1 + 3*exp(z))/log(1 + exp(z))": ("3", "(z + log(3))/z"),
    "exp(z) - exp(z)*(1 + exp(z))": (None, "-exp(2*z)"),  # left, the least powers cancel
    "z**2 + 1": (None, None),
    "sin(z)*exp(z)": (None, None),
}


@pytest.mark.parametrize("text", ASYMPTOTES)
def test_asymptotes(text: str) -> None:
    """Each is the limit to all digits but those that are smaller by an exponential."""
    names = {"z": Z}
    formula = sympy.sympify(text, locals=names)
    for side, wanted in zip((-1, 1), ASYMPTOTES[text], strict=True):
        found = far_out.asymptote(formula, side)
        if wanted is None:
            assert found is None
            continue
        assert found is not None
        with NUMBERS.workdps(400):
            at = NUMBERS.mpf(200 * side)
            values = [
                evaluate(x, {Z: at}) for x in (formula, found, sympy.sympify(wanted, locals=names))
            ]
            assert abs(values[1] / values[2] - 1) < mp.mpf(10) ** -300
            assert abs(values[0] / values[1] - 1) < mp.mpf(10) ** -80


PLANTED: dict[str, Callable[[Any], Any]] = {
    "nothing lifted": lambda lines: setattr(lines, "LIFT", 10**9),
    "lifted too far": lambda lines: setattr(lines, "LIFT", 1),
    "the largest not apart": lambda lines: setattr(lines, "LOW", 0),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_wrong_leads_are_not_taken(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that are wrong at some numbers stay out, whoever made them."""
    network = symnet.Network("1-3:softmax", cost="cross_entropy")
    before = len(gradients(network))
    with monkeypatch.context() as patch:
        for name in ("LIFT", "LOW"):
            patch.setattr(rivals, name, getattr(rivals, name))
        PLANTED[fault](rivals)
        assert len(gradients(network)) < before
    assert len(gradients(network)) == before


def test_a_wrong_chain_rule_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    network = symnet.Network("1-3:softmax", cost="cross_entropy")
    before = len(gradients(network))
    back = rivals.Leads.back

    def forgets(self: Any, by_lead: Any, target: Any, equation: str) -> None:
        back(self, by_lead, target, equation)
        last = self.body[-1]
        self.body[-1] = dataclasses.replace(last, formula=2 * last.formula)

    monkeypatch.setattr(rivals.Leads, "back", forgets)
    assert len(gradients(network)) < before


def gradients(network: symnet.Network) -> tuple[Any, ...]:
    proof = prove(network)
    made = program_of(proof, training_of(network))
    return tuple(made.function("gradients").body)
