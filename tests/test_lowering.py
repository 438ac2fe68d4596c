"""From equations to a program: what it computes is what the textbook says, and large z are met.

The textbook is tests/reference.py, which knows the named activations and costs. Formulas that
nobody has a name for are judged by differences of the program's own cost.
"""

import itertools
import math
import re
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import reference
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from programs import (
    EVERYTHING,
    PENALTY_NAMES,
    SGD,
    Values,
    assert_slopes_of_the_cost,
    everything,
    lowered,
    networks,
    penalised,
    program,
    reference_layers,
    trainings,
    values_for,
)
from sympy import Abs, Piecewise, Rational, cos, cosh, exp, log, sin, sqrt, tanh

from symnet.calculus.proof import prove
from symnet.errors import NotYet
from symnet.network import equations
from symnet.network.architecture import Network
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
)
from symnet.network.optimizers import OPTIMIZERS, SCHEDULES, Schedule, Training
from symnet.pipeline import program_of
from symnet.program import lowering
from symnet.program.interpreter import interpret
from symnet.program.ir import Program, Reduce, check
from symnet.program.passes import apply, optimize, over_batch
from symnet.term import LayerNumber, Symbol

zj, zp = ZS[J], ZS[P]


def total(term: sympy.Expr) -> sympy.Sum:
    return sympy.Sum(term, (P, 1, N))


# Activations and costs that stand nowhere in the package.
CUSTOM = {
    activation.name: activation
    for activation in (
        Activation("cube", Z**3 / 4 - Z),
        Activation("swish", Z / (1 + exp(-Z))),
        Activation("softplus", log(1 + exp(Z))),
        Activation("mish", Z * tanh(log(1 + exp(Z)))),
        Activation("gauss", exp(-(Z**2))),
        Activation("bell", 1 / (1 + Z**2)),
        Activation("steep", 1 / (1 + exp(-3 * Z))),
        Activation("hyperbola", sqrt(1 + Z**2)),
        Activation("wave", sin(Z) + Z / 2),
        Activation("nearly_gelu", Z * (1 + tanh(Z * Rational(4, 5) + Z**3 / 28)) / 2),
        Activation("softsign", Z / (1 + Abs(Z))),
        Activation("leaky", Piecewise((Z / 10, Z <= 0), (Z, True))),
        Activation("elu", Piecewise((exp(Z) - 1, Z <= 0), (Z, True))),
        Activation("clipped", Piecewise((0, Z <= 0), (Z, Z <= 1), (1, True))),
        # These couple the neurons of a layer.
        Activation("cold", exp(2 * zj) / total(exp(2 * zp))),
        Activation("warm", exp(zj / 2) / total(exp(zp / 2))),
        Activation("hesitant", exp(zj) / (1 + total(exp(zp)))),
        Activation("bells", exp(-(zj**2)) / total(exp(-(zp**2)))),
        Activation("share", (1 + zj**2) / total(1 + zp**2)),
        Activation("centred", zj - total(zp) / 2),
        Activation("sphere", zj / sqrt(1 + total(zp**2))),
        Activation("attention", zj * exp(zj) / total(exp(zp))),
        Activation("contrast", log(total(exp(zp))) - zj),
        Activation("waves", cos(zj) + total(cos(zp)) * sin(zj)),
        Activation("pairs", total(tanh(zj - zp))),
        Activation("kernel", total(exp(zj * zp / 9))),
    )
}
CUSTOM_COSTS = {
    cost.name: cost
    for cost in (
        Cost("quartic", (A - Y) ** 4),
        Cost("squared_error", (A - Y) ** 2),
        Cost("log_cosh", log(cosh(A - Y))),
        Cost("smooth", sqrt(1 + (A - Y) ** 2) - 1),
        Cost("margin", log(1 + exp(-Y * A))),
        Cost("linear", A * Y),
        Cost("distance", Abs(A - Y)),
        Cost("counts", A - Y * log(A)),
        Cost("focal", -Y * (1 - A) ** 2 * log(A)),
    )
}


# --- meaning -------------------------------------------------------------------------------


@settings(max_examples=40)
@given(networks(), st.integers(0, 99))
def test_one_sample_as_in_the_textbook(network: Network, seed: int) -> None:
    made = lowered(network)
    values = values_for(made.function("gradients"), made.sizes, seed)
    net, x, y = reference_layers(network, values), [values["a1"]], [values["y"]]
    tolerance = {"rtol": 1e-9, "atol": 1e-12}

    output = interpret(made.function("forward"), values)
    np.testing.assert_allclose(output[f"a{network.L}"], reference.predict(net, x)[0], **tolerance)

    cost = interpret(made.function("cost"), values)["c"]
    np.testing.assert_allclose(cost, reference.cost(net, x, y, network.cost.name), **tolerance)

    expected = reference.gradients(net, x, y, network.cost.name)
    gradients = interpret(made.function("gradients"), values)
    assert list(gradients) == [f"d{name}" for name in expected]
    for name, gradient in expected.items():
        np.testing.assert_allclose(gradients[f"d{name}"], gradient, **tolerance, err_msg=name)

    # One step of gradient descent, over all parameters in a row.
    theta = np.concatenate([np.ravel(values[name]) for name in expected])
    g = np.concatenate([np.ravel(gradient) for gradient in gradients.values()])
    stepped = interpret(made.function("update"), {"theta": theta, "g": g, "learning_rate": 0.3})
    moved = [np.ravel(values[name] - 0.3 * np.asarray(x)) for name, x in expected.items()]
    np.testing.assert_allclose(stepped["theta_new"], np.concatenate(moved), **tolerance)


def assert_gradients(network: Network) -> None:
    """Of one sample, and after the passes, of a few."""
    for made in (lowered(network), optimize(lowered(network))):
        assert_slopes_of_the_cost(made, values_for(made.function("gradients"), made.sizes, 1))


@pytest.mark.parametrize("name", CUSTOM)
def test_activations_of_ones_own(name: str) -> None:
    """Hidden and at the output; and again after the passes, where the cost is a mean."""
    assert_gradients(Network([2, 3, 2], CUSTOM[name], "quadratic"))


SMOOTH = [name for name, function in CUSTOM.items() if not function.formula.has(Piecewise, Abs)]


@pytest.mark.parametrize("name", SMOOTH)
def test_activations_of_ones_own_at_zero(name: str) -> None:
    """Where z = 0, as with start values and an empty sample, no formula divides 0 by 0."""
    made = lowered(Network([2, 3, 2], CUSTOM[name], "quadratic"))
    given_ = values_for(made.function("gradients"), made.sizes, 1)
    zeros = {name: given_[name] * 0 for name in ("a1", "b2", "b3", "w3")}
    assert_slopes_of_the_cost(made, {**given_, **zeros})


@pytest.mark.parametrize("name", CUSTOM_COSTS)
@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
def test_costs_of_ones_own(name: str, activation: str) -> None:
    assert_gradients(Network([2, 3, 2], activation, CUSTOM_COSTS[name]))


@pytest.mark.parametrize("name", ["tanh", "softmax", "gauss", "hesitant"])
def test_formulas_at_the_output_that_the_named_ones_have_too(name: str) -> None:
    """One's own formula of a named activation is treated like it."""
    function = ACTIVATIONS.get(name) or CUSTOM[name]
    again = Activation("again", function.formula)
    first = lowered(Network([2, 3, 2], function, "quadratic"))
    second = lowered(Network([2, 3, 2], again, "quadratic"))
    assert first.functions == second.functions


# --- what the program looks like -----------------------------------------------------------


@settings(max_examples=15)
@given(networks(), st.sampled_from(PENALTY_NAMES), trainings())
def test_every_function_takes_the_parameters_in_one_order(
    network: Network, strengths: tuple[str, ...], training: Training
) -> None:
    """What is computed from the network, then the data, then numbers that the user may choose."""
    made = check(lowered(penalised(network, *strengths), training))
    widths = tuple((f"n{l}", n) for l, n in enumerate(network.sizes, 1))
    assert made.sizes == (*widths, ("p", "p"), ("q", "q"))
    names = [f"{kind}{l}" for l in range(2, network.L + 1) for kind in "wb"]
    optimizer, schedule = training.optimizer, training.schedule
    state = [symbol.name for symbol in optimizer.state]
    numbers, of_schedule = (
        [name for setting in each.settings for name in setting.numbers]
        for each in (optimizer, schedule)
    )
    given_ = [*names, "a1", "y", *strengths]
    expected = {
        "forward": ([*names, "a1"], [f"a{network.L}"]),
        "cost": (given_, ["c"]),
        "loss": (None, ["c"]),
        "gradients": (given_, [f"d{name}" for name in names]),
    }
    if strengths:
        expected["penalty"] = ([*names, *strengths], ["c"])
    if schedule.name != "constant":
        expected["rate"] = (["t", "learning_rate", *of_schedule], ["rate"])
    if training.clip_norm is not None:
        expected["clip"] = (["g", "clip_norm"], ["g_new"])
    if optimizer.name == "adamw":
        expected["decay"] = (["theta", "learning_rate", "weight_decay"], ["theta_new"])
        numbers.remove("weight_decay")
    counts = ["t"] if optimizer.name in ("adam", "adamw") else []
    moved = [f"{name}_new" for name in (*state, "theta")]
    expected["update"] = (["theta", "g", *state, *counts, *numbers], moved)

    assert [function.name for function in made.functions] == list(expected)
    for function in made.functions:
        parameters, results = expected[function.name]
        found = [array.name for array in function.parameters]
        # A loss takes what it reads of the outputs: a, or z where the cost is written through it.
        outputs_ = [[f"{x}{network.L}", "y"] for x in "az"]
        assert found == parameters if parameters else found in outputs_
        assert [array.name for array in function.results] == results
        moves = function.name in ("clip", "decay", "update")
        assert function.overwrites == tuple(
            (name, name.removesuffix("_new")) for name in results if moves
        )
        axis = "q" if function.name == "decay" else "p"
        for array in function.parameters * moves:
            assert array.axes == ((axis,) if array.name in ("theta", "g", *state) else ())
    shapes = {array.name: array.axes for array in made.function("gradients").parameters}
    for l in range(2, network.L + 1):
        assert shapes[f"w{l}"] == (f"n{l}", f"n{l - 1}")
        assert shapes[f"b{l}"] == (f"n{l}",)


@settings(max_examples=10)
@given(networks())
def test_an_axis_stands_for_the_place_of_an_index_not_for_its_letter(network: Network) -> None:
    """z and a of layer l lie over n_l in every line, whatever letters the derivation used."""
    for function in lowered(network).functions:
        for line in function.body:
            found = re.fullmatch(r"[zad](\d+)", line.target.name)
            if found:
                assert line.target.axes == (f"n{found[1]}",)


@settings(max_examples=10)
@given(networks(), st.sampled_from(PENALTY_NAMES))
def test_equations_have_lines_and_temporaries_have_none(
    network: Network, strengths: tuple[str, ...]
) -> None:
    """Nor has a cost or a gradient without its penalties, which is but a part of an equation."""
    made = lowered(penalised(network, *strengths), EVERYTHING)
    for name in ("forward", "cost", "loss", "gradients", *["penalty"] * bool(strengths), "rate"):
        function = made.function(name)
        results = {array.name for array in function.results}
        for line in function.body:
            temporary = re.fullmatch(r"t\d+|data_\w+", line.target.name)
            assert line.equation == ("" if temporary else line.target.name)
            assert not (temporary and line.target.name in results)
    for name in ("decay", "update"):
        for line in made.function(name).body:
            assert line.target.name == f"{line.equation}_new"


@pytest.mark.parametrize("formula", ["2-3-4-1", "3-4:softmax-5:tanh-2:softmax"])
def test_open_widths_give_the_same_lines(formula: str) -> None:
    network = Network(formula)
    letters = dict(zip(network.sizes, "hijk", strict=False))
    opened = re.sub(r"\d+", lambda width: letters[int(width[0])], formula)
    made = lowered(Network(opened))
    assert made.functions == lowered(network).functions
    assert [size for _, size in made.sizes] == [*letters.values(), "p", "q"]


# --- the loss and the penalties ------------------------------------------------------------


def outputs(made: Program, values: Values) -> Values:
    """What the loss takes, from a forward pass."""
    known = {**values, **everything(made.function("forward"), values)}
    return {array.name: known[array.name] for array in made.function("loss").parameters}


@settings(max_examples=30)
@given(networks(), st.sampled_from(PENALTY_NAMES), st.integers(0, 99), st.integers(1, 4))
def test_the_loss_and_the_penalty_are_the_cost(
    network: Network, strengths: tuple[str, ...], seed: int, samples: int
) -> None:
    """C = (1/m) Σ_m loss_m + penalty, where the loss sees outputs alone, the penalty weights."""
    one = lowered(penalised(network, *strengths))
    for made in (one, apply(over_batch, one), optimize(one)):
        values = values_for(made.function("cost"), made.sizes, seed, samples)
        cost = interpret(made.function("cost"), values)["c"]
        loss = interpret(made.function("loss"), outputs(made, values))["c"]
        assert loss.shape == (() if made is one else (samples,))
        free = interpret(made.function("cost"), {**values, **dict.fromkeys(strengths, 0.0)})["c"]
        np.testing.assert_allclose(loss.mean(), free, rtol=1e-12)
        if strengths:
            penalty = interpret(made.function("penalty"), values)["c"]
            np.testing.assert_allclose(free + penalty, cost, rtol=1e-12, atol=1e-12)
            # In loops: λ/2 Σ w² and λ Σ |w|, of weights and not of biases.
            weights = [w for name in values if name[0] == "w" for w in values[name].flat]
            by_hand = {"l2": sum(w * w for w in weights) / 2, "l1": sum(map(abs, weights))}
            wanted = sum(values[name] * by_hand[name] for name in strengths)
            np.testing.assert_allclose(penalty, wanted, rtol=1e-12)
        else:
            assert "penalty" not in [function.name for function in made.functions]


def test_what_has_no_weights_cannot_be_penalised() -> None:
    """A weight has two axes; without any, no strength would be read, and no code may take one."""
    network = Network.from_toml(
        """
        [network]
        inputs = 3
        [[layer]]
        equations = ["a[j] = s[j]*x[j]"]
        parameters = { s = ["j"] }
        [training]
        l2 = 0.5
        l1 = 0.5
        """
    )
    with pytest.raises(NotYet, match=r"^l2 and l1: the network has no weights"):
        program_of(prove(network), SGD)


# --- optimizers ----------------------------------------------------------------------------

# PyTorch's documentation, torch.optim: each rule as a loop over steps, for arrays of NumPy.
Vector = NDArray[np.float64]
Kept = dict[str, Any]
Options = dict[str, float]
Step = Callable[[Vector, Vector, int, Kept, Options], Vector]


def sgd(theta: Vector, g: Vector, t: int, kept: Kept, o: Options) -> Vector:
    return theta - o["learning_rate"] * g


def momentum(theta: Vector, g: Vector, t: int, kept: Kept, o: Options) -> Vector:
    kept["b"] = o["momentum"] * kept["b"] + g if t > 1 else g
    return theta - o["learning_rate"] * kept["b"]


def nesterov(theta: Vector, g: Vector, t: int, kept: Kept, o: Options) -> Vector:
    kept["b"] = o["momentum"] * kept["b"] + g if t > 1 else g
    return theta - o["learning_rate"] * (g + o["momentum"] * kept["b"])


def adagrad(theta: Vector, g: Vector, t: int, kept: Kept, o: Options) -> Vector:
    kept["sum"] = kept.get("sum", 0) + g * g
    return theta - o["learning_rate"] * g / (np.sqrt(kept["sum"]) + o["eps"])


def rmsprop(theta: Vector, g: Vector, t: int, kept: Kept, o: Options) -> Vector:
    kept["v"] = o["alpha"] * kept.get("v", 0) + (1 - o["alpha"]) * g * g
    return theta - o["learning_rate"] * g / (np.sqrt(kept["v"]) + o["eps"])


def adam(theta: Vector, g: Vector, t: int, kept: Kept, o: Options) -> Vector:
    kept["m"] = o["beta1"] * kept.get("m", 0) + (1 - o["beta1"]) * g
    kept["v"] = o["beta2"] * kept.get("v", 0) + (1 - o["beta2"]) * g * g
    m, v = kept["m"] / (1 - o["beta1"] ** t), kept["v"] / (1 - o["beta2"] ** t)
    return theta - o["learning_rate"] * m / (np.sqrt(v) + o["eps"])


def adamw(theta: Vector, g: Vector, t: int, kept: Kept, o: Options) -> Vector:
    shrunk = theta.copy()
    shrunk[:WEIGHTS] *= 1 - o["learning_rate"] * o["weight_decay"]
    return adam(shrunk, g, t, kept, o)


PYTORCH: dict[str, Step] = {
    rule.__name__: rule for rule in (sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw)
}
WEIGHTS, PARAMETERS = 4, 7  # the first four are weights, which decay; three are biases

SMALL = {"learning_rate": 0.02, "momentum": 0.5, "alpha": 0.7, "beta1": 0.6, "beta2": 0.8}
SMALL |= {"eps": 1e-3, "weight_decay": 0.3}


def move(made: Program, values: Values) -> Values:
    """One step: weights decay, then all parameters are updated, and the states with them."""
    names = [function.name for function in made.functions]
    if "decay" in names:
        weights = interpret(made.function("decay"), {**values, "theta": values["theta"][:WEIGHTS]})
        rest = values["theta"][WEIGHTS:]
        values = {**values, "theta": np.concatenate([weights["theta_new"], rest])}
    update = made.function("update")
    found = interpret(update, values)
    return {**values, **{old: found[new] for new, old in update.overwrites}}


@pytest.mark.parametrize("chosen", ["defaults", "small"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_fifty_steps_are_those_of_pytorch(name: str, chosen: str) -> None:
    """On a quadratic bowl with noise, from a state of zeros; also after the passes."""
    optimizer = OPTIMIZERS[name]
    options: Options = {}
    for setting in optimizer.settings:
        default = setting.default
        numbers = default if isinstance(default, tuple) else (default,)
        options |= dict(zip(setting.numbers, numbers, strict=True))
    if chosen == "small":
        options = {name: SMALL[name] for name in options}
    rng = np.random.default_rng(1)
    factor = rng.normal(size=(PARAMETERS, PARAMETERS)) / 4
    bowl, start = factor.T @ factor, rng.normal(size=PARAMETERS)
    noise = rng.normal(size=(50, PARAMETERS)) / 10
    for made in (lowered(Network("2-2"), Training(optimizer)), optimized(Training(optimizer))):
        theta, kept = start, Kept()
        values: Values = {"theta": start, **options}
        values |= {symbol.name: np.zeros(PARAMETERS) for symbol in optimizer.state}
        for t, noisy in enumerate(noise, 1):
            theta = PYTORCH[name](theta, bowl @ theta + noisy, t, kept, options)
            slope = bowl @ values["theta"] + noisy
            values = move(made, {**values, "g": slope, "t": float(t)})
            np.testing.assert_allclose(values["theta"], theta, rtol=1e-12, atol=1e-12)
        assert np.abs(theta - start).max() > 1e-2


def optimized(training: Training) -> Program:
    return optimize(lowered(Network("2-2"), training))


def test_no_optimizer_is_left_out() -> None:
    assert PYTORCH.keys() == OPTIMIZERS.keys()


# --- learning rates ------------------------------------------------------------------------


def rate(schedule: Schedule, t: int, learning_rate: float, **numbers: float) -> float:
    """The rate of step t by the program, before the passes and after them."""
    training = Training(OPTIMIZERS["sgd"], schedule)
    values = {"t": float(t), "learning_rate": learning_rate, **numbers}
    first, second = (
        interpret(made.function("rate"), values)["rate"].item()
        for made in (lowered(Network("2-2"), training), optimized(training))
    )
    assert first == second
    return first


@pytest.mark.parametrize("step_size", [1, 7, 49, 107])
def test_the_rate_falls_after_whole_steps(step_size: int) -> None:
    """Also where t / step_size is no number of the machine: 49 · (1/49) is less than 1."""
    for turn in range(1, 12):
        for t in (turn * step_size, turn * step_size + 1):
            falls = (t - 1) // step_size
            found = rate(SCHEDULES["step"], t, 0.2, step_size=float(step_size), gamma=0.5)
            assert found == 0.2 * 0.5**falls, t


def test_the_rate_of_a_cosine_stays_at_nothing() -> None:
    """From the whole rate in the first step along half a wave to 0, and never up again."""
    for t in (*range(1, 30), 49, 1000):
        share = (t - 1) / 25 if t <= 25 else 1.0
        wanted = 0.2 * (1 + math.cos(math.pi * share)) / 2
        found = rate(SCHEDULES["cosine"], t, 0.2, total_steps=25.0)
        assert found == pytest.approx(wanted, rel=1e-12, abs=1e-16)
        assert (found == 0) == (t > 25)


def test_the_rate_warms_up_and_stays() -> None:
    for t in range(1, 30):
        wanted = 0.2 * t / 7 if t < 7 else 0.2
        assert rate(SCHEDULES["warmup"], t, 0.2, warmup=7.0) == pytest.approx(wanted, rel=1e-15)


def test_a_constant_rate_needs_no_function() -> None:
    names = {
        name: [f.name for f in lowered(Network("2-2"), Training(SGD.optimizer, each)).functions]
        for name, each in SCHEDULES.items()
    }
    assert [name for name in names if "rate" not in names[name]] == ["constant"]


# --- clipping ------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0.0, 1e-9, 0.5, 1.0, 1.0 + 1e-6, 3.0, 1e6])
@pytest.mark.parametrize("limit", [1.0, 0.25])
def test_a_gradient_is_clipped_as_in_pytorch(size: float, limit: float) -> None:
    """torch.nn.utils.clip_grad_norm_: g · min(1, max_norm / (‖g‖ + 1e-6)), ‖g‖ over all of it."""
    way = np.random.default_rng(2).normal(size=PARAMETERS)
    g = size * way / math.sqrt(sum(x * x for x in way))
    coefficient = min(1.0, limit / (math.sqrt(sum(x * x for x in g)) + 1e-6))
    training = Training(OPTIMIZERS["sgd"], clip_norm=1.0)
    for made in (lowered(Network("2-2"), training), optimized(training)):
        found = interpret(made.function("clip"), {"g": g, "clip_norm": limit})["g_new"]
        np.testing.assert_allclose(found, coefficient * g, rtol=1e-12, atol=0)
        if size < limit - 1e-6:
            np.testing.assert_array_equal(found, g)


# --- large weighted inputs -----------------------------------------------------------------

LARGE = (
    (0.0, 0.0, 0.0),
    (1.0, -2.0, 0.5),
    (40.0, 0.0, -40.0),
    (-30.0, -31.0, -29.0),
    (750.0, 749.0, -750.0),
    (1e4, -1e4, 0.0),
    (1e4, 1e4 - 1, 1e4),
    (-1e4, -1e4, 1.0 - 1e4),
)
TARGETS = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.25, 0.25, 0.5))


def exact(
    activation: str, cost: str, z: tuple[float, ...], y: tuple[float, ...]
) -> tuple[float, list[float]]:
    """C and ∂C/∂z to 50 digits, with 1 - a as a sum of what is not a; 0 ln 0 = 0."""
    with mpmath.workdps(50):
        powers = [mpmath.exp(mpmath.mpf(v)) for v in z]
        if activation == "softmax":
            others = [sum(powers[:j] + powers[j + 1 :]) for j in range(3)]
        else:
            others = [mpmath.mpf(1)] * 3
        a = [p / (p + rest) for p, rest in zip(powers, others, strict=True)]
        not_a = [rest / (p + rest) for p, rest in zip(powers, others, strict=True)]
        if cost == "quadratic":
            c = sum((p - q) ** 2 for p, q in zip(a, y, strict=True)) / 2
            dc = [p - q for p, q in zip(a, y, strict=True)]
        else:
            c = -sum(q * mpmath.log(p) for p, q in zip(a, y, strict=True) if q)
            dc = [-q / p for p, q in zip(a, y, strict=True)]
        if cost == "cross_entropy":
            c -= sum((1 - q) * mpmath.log(p) for p, q in zip(not_a, y, strict=True) if q != 1)
            dc = [d + (1 - q) / p for d, p, q in zip(dc, not_a, y, strict=True)]
        # ∂a_j/∂z_j = a_j (1 - a_j), and between neurons of a softmax -a_j a_k.
        delta = [d * p * rest for d, p, rest in zip(dc, a, not_a, strict=True)]
        if activation == "softmax":
            for j, k in itertools.permutations(range(3), 2):
                delta[k] -= dc[j] * a[j] * a[k]
        return float(c), [float(d) for d in delta]


@pytest.mark.parametrize(
    ("activation", "cost"),
    [
        ("softmax", "log_likelihood"),
        ("softmax", "quadratic"),
        ("sigmoid", "cross_entropy"),
        ("sigmoid", "log_likelihood"),
        ("sigmoid", "quadratic"),
        ("softmax", "cross_entropy"),
    ],
)
def test_large_weighted_inputs_are_met_exactly(activation: str, cost: str) -> None:
    made = optimize(lowered(Network(f"1-3:{activation}", cost=cost)))
    for z, y in itertools.product(LARGE, TARGETS):
        values = {
            "w2": np.zeros((3, 1)),
            "b2": np.array(z),
            "a1": np.ones((1, 1)),
            "y": np.array([y]),
            "m": 1.0,
        }
        c, delta = exact(activation, cost, z, y)
        # e^20000 may come out as infinity, whose inverse is 0, but nothing may come of 0 · ∞.
        with np.errstate(over="ignore", under="ignore"):
            found = interpret(made.function("cost"), values)["c"]
            (lost,) = interpret(made.function("loss"), outputs(made, values))["c"]
            slopes_ = interpret(made.function("gradients"), values)["db2"]
        scale = np.finfo(float).eps * max(map(abs, z))
        np.testing.assert_allclose(found, c, rtol=1e-12, atol=4 * scale, err_msg=f"{z} {y}")
        np.testing.assert_allclose(lost, c, rtol=1e-12, atol=4 * scale, err_msg=f"{z} {y}")
        np.testing.assert_allclose(slopes_, delta, rtol=1e-12, atol=1e-15, err_msg=f"{z} {y}")


@pytest.mark.parametrize("hidden", ["softmax", "sigmoid", "tanh", "relu"])
def test_large_weighted_inputs_in_a_hidden_layer(hidden: str) -> None:
    network = Network(f"2-3:{hidden}-2:softmax")
    made = optimize(lowered(network))
    for size in (1e2, 1e3, 1e4):
        values = values_for(made.function("gradients"), made.sizes, 3)
        values["w2"] *= size
        values["w3"] /= max(1.0, np.abs(values["w2"]).max()) if hidden == "relu" else 1
        net = reference_layers(network, values)
        x, y = values["a1"], values["y"]
        with np.errstate(over="ignore", under="ignore"):
            cost = interpret(made.function("cost"), values)["c"]
            gradients = interpret(made.function("gradients"), values)
        assert cost == pytest.approx(reference.cost(net, x, y, "log_likelihood"), rel=1e-12)
        expected = reference.gradients(net, x, y, "log_likelihood")
        for name, gradient in expected.items():
            np.testing.assert_allclose(gradients[f"d{name}"], gradient, rtol=1e-9, atol=1e-12)


LIMITS = {
    # σ(z) and σ'(z) for z = -1000 and for z = 1000
    "nearly_gelu": ((0, 0), (1000, 1)),
    "gauss": ((0, 0), (0, 0)),
    "bell": ((1e-6, 2e-9), (1e-6, -2e-9)),
    "steep": ((0, 0), (1, 0)),
    "hyperbola": ((1000, -1), (1000, 1)),
    "softsign": ((-1, 1e-6), (1, 1e-6)),
    "elu": ((-1, 0), (1000, 1)),
}


@pytest.mark.parametrize("name", LIMITS)
def test_activations_of_ones_own_far_out(name: str) -> None:
    made = optimize(lowered(Network("1-1", CUSTOM[name], CUSTOM_COSTS["linear"])))
    for z, limits in zip((-1000.0, 1000.0), LIMITS[name], strict=True):
        values = {"w2": np.zeros((1, 1)), "b2": np.array([z]), "m": 1.0}
        values |= {"a1": np.ones((1, 1)), "y": np.ones((1, 1))}
        with np.errstate(over="ignore", under="ignore"):
            a = interpret(made.function("forward"), values)["a2"]
            slope = interpret(made.function("gradients"), values)["db2"]
        assert (a.item(), slope.item()) == pytest.approx(limits, rel=1e-2, abs=1e-12)


def shifts(activation: Activation) -> bool:
    """Whether the weighted inputs are shifted by their maximum before exponentials are summed."""
    network = Network([2, 3], activation, "quadratic")
    lines = lowered(network).function("forward").body
    return any(isinstance(line, Reduce) and line.how == "max" for line in lines)


# Activations by what becomes of them when every z grows by c.
INVARIANT = {
    "softmax": ACTIVATIONS["softmax"],
    "squared": Activation("squared", exp(2 * zj) / total(exp(zp)) ** 2),
    "contrast": CUSTOM["contrast"],
    "cold": CUSTOM["cold"],
}
NOT_INVARIANT = {
    "hesitant": CUSTOM["hesitant"],
    "almost": Activation("almost", exp(zj) / total(exp(2 * zp))),
    "less": Activation("less", exp(zj) / total(exp(zp)) - zj / 100),
    "sums": Activation("sums", exp(zj) * total(exp(-zp)) * total(exp(zp))),
    "bells": CUSTOM["bells"],
    "waves": CUSTOM["waves"],
}


@pytest.mark.parametrize("name", INVARIANT)
def test_what_a_shift_does_not_change_is_shifted(name: str) -> None:
    assert shifts(INVARIANT[name])
    made = lowered(Network([1, 3], INVARIANT[name], "quadratic"))
    values = {"w2": np.zeros((3, 1)), "a1": np.zeros(1), "y": np.ones(3)}
    z = np.array([1.0, -2.0, 0.5])
    for function, result in (("forward", "a2"), ("cost", "c"), ("gradients", "db2")):
        near, far = (
            interpret(made.function(function), {**values, "b2": z + c})[result]
            for c in (0.0, 2.0**20)
        )
        assert np.isfinite(far).all()
        np.testing.assert_allclose(near, far, rtol=1e-9)


@pytest.mark.parametrize("name", NOT_INVARIANT)
def test_what_a_shift_changes_is_not_shifted(name: str) -> None:
    assert not shifts(NOT_INVARIANT[name])
    made = lowered(Network([2, 3], NOT_INVARIANT[name], "quadratic"))
    assert_slopes_of_the_cost(made, values_for(made.function("gradients"), made.sizes, 1))


def test_steady_asks_the_normal_form() -> None:
    """What it is given back stands in the place of z, at every index, and nothing else changes."""
    layer = LayerNumber("", 2)
    softmax = equations.activation(ACTIVATIONS["softmax"], layer).right
    seen = []

    def shifted(z: Symbol) -> Symbol:
        seen.append(z.name)
        return Symbol("v", None, z.indices)

    steady = lowering.steady(softmax, shifted)
    assert seen == ["z"]
    assert steady != softmax
    back = lowering._replace(steady, Symbol("v"), lambda v: Symbol("z", layer, v.indices))
    assert back == softmax
    hesitant = equations.activation(CUSTOM["hesitant"], layer).right
    assert lowering.steady(hesitant, shifted) is hesitant
    assert seen == ["z"]


# --- the cost through z --------------------------------------------------------------------

COSTS_AND_OUTPUTS = [
    (cost, activation)
    for cost in (*COSTS.values(), CUSTOM_COSTS["counts"], CUSTOM_COSTS["focal"])
    for activation in (ACTIVATIONS["sigmoid"], ACTIVATIONS["softmax"], CUSTOM["steep"])
] + [
    (CUSTOM_COSTS["margin"], activation)
    for activation in (ACTIVATIONS["tanh"], ACTIVATIONS["relu"], CUSTOM["hesitant"])
]


@pytest.mark.parametrize(
    ("cost", "activation"), COSTS_AND_OUTPUTS, ids=lambda function: function.name
)
def test_the_stable_cost_is_the_cost(
    cost: Cost, activation: Activation, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Network([2, 3], activation, cost)
    stable = lowered(network)
    with monkeypatch.context() as patch:
        patch.setattr(lowering, "stable_cost", lambda cost, output: cost)
        plain_ = program(network, SGD)
    for seed in range(5):
        values = values_for(stable.function("cost"), stable.sizes, seed)
        left, right = (interpret(made.function("cost"), values)["c"] for made in (stable, plain_))
        np.testing.assert_allclose(left, right, rtol=1e-12)


@pytest.mark.parametrize(
    ("cost", "activation"), COSTS_AND_OUTPUTS, ids=lambda function: function.name
)
def test_the_loss_is_the_cost_whatever_is_unfolded(cost: Cost, activation: Activation) -> None:
    made = lowered(Network([2, 3], activation, cost))
    for seed in range(3):
        values = values_for(made.function("cost"), made.sizes, seed)
        whole = interpret(made.function("cost"), values)["c"]
        loss = interpret(made.function("loss"), outputs(made, values))["c"]
        np.testing.assert_allclose(loss, whole, rtol=1e-12)


def test_what_does_not_come_apart_stays_as_it_is() -> None:
    """(a - y)² multiplied out would be a small difference of large numbers."""
    network = Network("1-2:identity")
    values = {"w2": np.ones((2, 1)), "b2": np.array([0.0, 1e9]), "a1": np.ones(1)}
    values["y"] = np.array([1.0, 1e9 + 2])
    assert interpret(lowered(network).function("cost"), values)["c"] == 0.5
