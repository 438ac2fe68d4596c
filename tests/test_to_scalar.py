"""Steps without arrays: the printed functions do what the interpreter says of the program.

The functions are printed by their template, executed, and held against the program for batches:
for drawn networks, every optimizer and penalty, one row or several, near 0 and far out. A changed
line has to be noticed by the same law.
"""

import functools
import keyword
import math
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from own_layers import LAYERS
from programs import networks, values_for
from test_pipeline import trusting

from symnet import pipeline
from symnet.backends.backend import ScalarText
from symnet.backends.scalar_formulas import Formulas
from symnet.backends.to_scalar import scalar_text
from symnet.backends.unrolling import Names, entry_name
from symnet.errors import NotYet, SymnetError
from symnet.network.architecture import Network
from symnet.network.functions import ACTIVATIONS, COSTS, PENALTIES, Z, typed_activation
from symnet.network.optimizers import OPTIMIZERS, Training
from symnet.program import layout, passes
from symnet.program.bounds import LARGEST, Bounds
from symnet.program.interpreter import evaluate, interpret
from symnet.program.ir import Array, Function, Program, ProgramError, arguments, check, plain
from symnet.program.one_sample import one_sample, outputs, parameters, step
from symnet.templating import ENVIRONMENT

ROOT = Path(__file__).parent.parent
Lists = list[Any]

NUMBERS = {
    "learning_rate": 0.2, "momentum": 0.7, "beta1": 0.8, "beta2": 0.95, "alpha": 0.9,
    "eps": 1e-3, "weight_decay": 0.1, "l2": 0.3, "l1": 0.05,
}  # fmt: skip


# --- printing and running ------------------------------------------------------------------------


@functools.lru_cache(maxsize=500)
def lowered(network: Network, optimizer: str = "sgd") -> Program:
    """The program for one sample, as the pipeline makes it."""
    return pipeline.program_of(trusting(network), Training(OPTIMIZERS[optimizer]))


class Anything(dict[str, str]):
    """A comment for every equation."""

    def get(self, name: str, default: Any = None) -> str:
        return f"∂C/∂{name[1:]} = …" if name[0] == "d" and name[1].isalpha() else f"{name} = …"


RULES = {"theta": "θ ← …", "decay": "θ ← θ …", "m1": "m ← …", "s": "s ← …", "v": "v ← …"}


def printed(program: Program, order: Sequence[str] = ()) -> ScalarText:
    return scalar_text(program, Anything(), RULES, order)


def page(text: ScalarText) -> str:
    """A file with the functions, as a trainer has them."""
    macros = ENVIRONMENT.get_template("numpy/scalar.jinja").module
    file = "".join(f"{line}\n" for line in text.imports)
    if text.helpers:
        file += f"\nimport numpy as np\n\n\n{macros.helpers(text)}"  # type: ignore[attr-defined]
    return (file + f"\n\n{macros.scalar(text)}").lstrip("\n")  # type: ignore[attr-defined]


class Scalar:
    """The functions of a page, with what they are called with."""

    def __init__(self, text: ScalarText, source: str = "") -> None:
        space: dict[str, Any] = {}
        exec(source or page(text), space)
        self.text = text
        self.step, self.gradients, self.numbers, self.assign = space["_scalar"]()

    def arguments(self, names: Sequence[str], steps: int = 1) -> list[float]:
        return [steps if name == "t" else NUMBERS[name] for name in names]


@functools.lru_cache(maxsize=200)
def scalar(network: Network, optimizer: str = "sgd") -> Scalar:
    return Scalar(printed(lowered(network, optimizer)))


class Reference:
    """The same by the interpreter, on the program for batches."""

    def __init__(self, program: Program) -> None:
        # What penalties add to the cost is no part of a step.
        needed = tuple(f for f in program.functions if f.name != "penalty")
        batched = passes.optimize(replace(program, functions=needed))
        self.program = passes.apply(layout.weigh_samples, batched)
        self.trained = parameters(program)
        self.outputs = [x.name for x in outputs(program)]
        self.sizes = dict(self.program.sizes)

    def shapes(self) -> list[tuple[str, tuple[int, ...]]]:
        return [(x.name, tuple(int(self.sizes[plain(a)]) for a in x.axes)) for x in self.trained]

    def values(self, theta: Any, rows: Any) -> dict[str, Any]:
        function = self.program.function("gradients")
        values: dict[str, Any] = {"m": float(len(rows)), **NUMBERS}
        first = 0
        for name, shape in self.shapes():
            size = math.prod(shape)
            values[name] = np.reshape(theta[first : first + size], shape)
            first += size
        data = np.asarray(rows, float)
        inputs = int(self.sizes["n1"])
        values |= {"a1": data[:, :inputs], "y": data[:, inputs:-1], "weight": data[:, -1]}
        return {x.name: values[x.name] for x in function.parameters}

    def gradients(self, theta: Any, rows: Any) -> tuple[Any, Any]:
        """The gradients in one array, and the outputs of each row."""
        function = self.program.function("gradients")
        made = {line.target.name: line.target for line in function.body}
        results = (*function.results, *(made[name] for name in self.outputs))
        with np.errstate(all="ignore"):  # it computes all branches
            found = interpret(replace(function, results=results), self.values(theta, rows))
        flat = np.concatenate([np.ravel(found[f"d{name}"]) for name, _ in self.shapes()])
        seen = np.concatenate([found[n].reshape(len(rows), -1) for n in self.outputs], axis=1)
        return flat, seen

    def step(self, lists: Any, rows: Any, steps: int) -> tuple[Any, Any]:
        """theta and the states after a step, and the outputs before it."""
        update = self.program.function("update")
        states = [old for _, old in update.overwrites if old != "theta"]
        theta, *kept = map(np.asarray, lists)
        gradient, seen = self.gradients(theta, rows)
        if any(f.name == "decay" for f in self.program.functions):
            weights = np.concatenate(
                [np.full(math.prod(shape), len(shape) > 1) for _, shape in self.shapes()]
            )
            (decayed,) = interpret(
                self.program.function("decay"), {**NUMBERS, "theta": theta}
            ).values()
            theta = np.where(weights, decayed, theta)
        values = {**NUMBERS, "t": float(steps), "theta": theta, "g": gradient}
        values |= dict(zip(states, kept, strict=True))
        after = interpret(update, values)
        return [after[f"{name}_new"] for name in ("theta", *states)], seen


def drawn_lists(text: ScalarText, seed: int) -> Lists:
    """Parameters drawn around 0, and states that are no less than 0."""
    rng = np.random.default_rng(seed)
    first = rng.normal(size=text.size)
    return [first.tolist(), *(rng.random(text.size).tolist() for _ in text.lists[1:])]


def drawn_rows(program: Program, samples: int, seed: int) -> list[tuple[float, ...]]:
    batched = Reference(program).program
    values = values_for(batched.function("gradients"), batched.sizes, seed, samples)
    data = np.column_stack([values["a1"], values["y"], abs(values["weight"])])
    return list(map(tuple, data.tolist()))


def agree(program: Program, made: Scalar, samples: int, seed: int = 0, steps: int = 3) -> None:
    """Gradients, outputs, parameters and states over several steps are the interpreter's."""
    reference, text = Reference(program), made.text
    lists = drawn_lists(text, seed)
    made.assign(*lists)
    for number in range(1, steps + 1):
        rows = drawn_rows(program, samples, seed + number)
        wanted, seen = reference.gradients(lists[0], rows)
        found, shown = made.gradients(rows, *made.arguments(text.strengths))
        np.testing.assert_allclose(found, wanted, 1e-12, 1e-13)
        np.testing.assert_allclose(shown, seen, 1e-12, 1e-13)
        after, _ = reference.step(lists, rows, number)
        shown = made.step(rows, *made.arguments(text.arguments, number))
        np.testing.assert_allclose(shown, seen, 1e-12, 1e-13)
        for one, other in zip(made.numbers(), after, strict=True):
            np.testing.assert_allclose(one, other, 1e-12, 1e-13)
        # From here both go on with the same numbers: rounding must not pile up.
        lists = [list(x) for x in made.numbers()]


# --- the law -------------------------------------------------------------------------------------


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    networks(), st.sampled_from(tuple(OPTIMIZERS)), st.sampled_from((1, 1, 3)), st.integers(0, 3)
)
def test_drawn_networks(network: Network, optimizer: str, samples: int, seed: int) -> None:
    agree(lowered(network, optimizer), scalar(network, optimizer), samples, seed)


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(networks(), st.sampled_from((("l2",), ("l1",), ("l2", "l1"))), st.sampled_from((1, 3)))
def test_penalties(network: Network, names: tuple[str, ...], samples: int) -> None:
    chosen = tuple(PENALTIES[name] for name in names)
    penalised = Network.of(network.inputs, network.layers, network.cost, (), chosen)
    for optimizer in ("sgd", "adamw"):
        agree(lowered(penalised, optimizer), scalar(penalised, optimizer), samples)


def allowed(activation: str, cost: str, below: str = "") -> Network | None:
    """A network with these, unless it is refused."""
    hidden = f"2:{below}-" if below else ""
    try:
        return Network(f"2-{hidden}2:{activation}", cost=cost)
    except SymnetError:
        return None


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_with_every_cost(activation: str) -> None:
    for cost in COSTS:
        network = allowed(activation, cost, activation)
        if network is not None:
            for samples in (1, 2):
                agree(lowered(network), scalar(network), samples, steps=1)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer(optimizer: str) -> None:
    network = Network("2-3-4-1")
    for samples in (1, 4):
        agree(lowered(network, optimizer), scalar(network, optimizer), samples, steps=5)


OWN = [name for name, own in LAYERS.items() if own.code and not own.shared and not own.given]


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("below", [False, True])
def test_layers_of_ones_own(name: str, below: bool) -> None:
    network = LAYERS[name].network(below=below)
    for optimizer in ("sgd", "adamw"):
        for samples in (1, 3):
            agree(lowered(network, optimizer), scalar(network, optimizer), samples, steps=2)


TYPED = (
    "log(1 + z**2) * sin(z)",
    "(1 + z**2)**(1/4)",
    "z**5 / (1 + z**4)",
    "cosh(z / 3) - 1",
    "exp(-exp(-z))",
    "max(0, z)**2 + min(1, z)**3",
    "atan(z) + asinh(z) / (2 + cos(z))",
    "sqrt(1 + abs(z))",
)


@pytest.mark.parametrize("text", TYPED)
def test_formulas_of_ones_own(text: str) -> None:
    network = Network("2-2-1", activation=typed_activation(text), cost="quadratic")
    for samples in (1, 2):
        agree(lowered(network, "momentum"), scalar(network, "momentum"), samples)


def test_wide_layers() -> None:
    """Two digits in an index, sums that need several lines, long tuples."""
    for text in ("12-11:tanh-2:softmax", "3-2:tanh-30:sigmoid"):
        network = Network(text)
        for samples in (1, 2):
            agree(lowered(network), scalar(network), samples, steps=1)


@pytest.mark.parametrize("stage", range(len(passes.PIPELINE)))
def test_any_stage_of_the_program_will_do(stage: int) -> None:
    network = Network("2-3:softmax-2:mish", cost="huber")
    made = lowered(network, "adam")
    some = [each for each in passes.PIPELINE if each is not passes.over_batch][:stage]
    agree(made, Scalar(printed(passes.optimize(made, some))), 1)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("text", ["3-2:mish-2:softmax", "2-3:gelu_tanh-1:silu", "2-2:softmax-3"])
def test_what_is_shared_changes_no_result(text: str, optimizer: str) -> None:
    """The functions before and after they are rewritten, by the interpreter."""
    program = lowered(Network(text), optimizer)
    after = one_sample(program)
    for function in (step(program), *(program.function(name) for name in ("gradients", "update"))):
        values = values_for(function, (*program.sizes, ("p", 3), ("q", 2)), 1)
        positive = {x.name for x in function.parameters if not x.axes or x.name.startswith("s")}
        values |= {name: abs(np.tanh(values[name])) for name in positive}
        found = interpret(after.function(function.name), values)
        for name, value in interpret(function, values).items():
            np.testing.assert_allclose(found[name], value, 1e-11, 1e-12)


# --- far out -------------------------------------------------------------------------------------

PLACES = (0.0, 0.5, 30.0, 95.0, 300.0, 709.0, 709.79, 720.0, 746.0, 1e3, 9999.0, 1e4)


def far_rows(network: Network, z: float) -> tuple[Lists, list[float]]:
    """Weights that make each first weighted input z or -z, and a row for them."""
    count = sum(math.prod(shape) for _, shape in Reference(lowered(network)).shapes())
    theta = [0.0] * count
    theta[0], theta[3] = z, -z  # w2 = diag(z, -z)
    if count > 6:
        theta[6], theta[9] = 1.0, 1.0  # w3 = 1: what the first layer makes goes on as it is
    return theta, [1.0, 1.0, 1.0, 0.0, 1.0]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_nothing_is_raised_far_out(activation: str) -> None:
    """The program has numbers everywhere, and so has the step."""
    for cost, below in [*((cost, "") for cost in COSTS), ("quadratic", activation)]:
        network = allowed(activation, cost, below)
        if network is None:
            continue
        made, reference = scalar(network), Reference(lowered(network))
        for z in (*PLACES, *(-place for place in PLACES)):
            theta, row = far_rows(network, z)
            if cost == "hinge":
                row[3] = -1.0
            wanted, seen = reference.gradients(theta, [row])
            for rows in ([row], [row, row]):
                made.assign(theta)
                shown = made.step(rows, 0.5)
                after = np.asarray(made.numbers()[0])
                if not below or np.isfinite(wanted).all():
                    moved = np.asarray(theta) - 0.5 * wanted
                    assert np.isfinite(moved).all(), (cost, z)
                    np.testing.assert_allclose(after, moved, 1e-11, 1e-11)
                    np.testing.assert_allclose(shown, [*seen] * len(rows), 1e-12, 1e-300)


@pytest.mark.parametrize("text", TYPED)
@pytest.mark.parametrize("z", [800.0, -800.0, 1e200, -1e200, math.inf, -math.inf, math.nan])
def test_no_number_at_all_raises_an_error(text: str, z: float) -> None:
    """Gradients go on as NumPy's do, with inf and nan where these come out."""
    network = Network("1-1", activation=typed_activation(text), cost="quadratic")
    made = scalar(network)
    wanted, seen = Reference(lowered(network)).gradients([1.0, 0.0], [(z, 0.5, 1.0)])
    made.assign([1.0, 0.0])
    found, shown = made.gradients([(z, 0.5, 1.0)])
    np.testing.assert_allclose(found, wanted, 1e-9)
    np.testing.assert_allclose(shown, seen, 1e-9)
    made.step([(z, 0.5, 1.0)], 0.1)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_an_update_that_fails_leaves_nan(optimizer: str) -> None:
    """0/0 where eps is 0 and a gradient is: nan, as NumPy has it, and no error."""
    made = scalar(Network("1-1:relu"), optimizer)
    for rows in ([(0.0, 0.0, 1.0)], [(0.0, 0.0, 1.0)] * 2):
        made.assign(*([0.0] * made.text.size for _ in made.text.lists))
        edge = {"t": 1, **NUMBERS, "eps": 0.0, "beta1": 1.0, "beta2": 1.0, "alpha": 1.0}
        made.step(rows, *(edge[name] for name in made.text.arguments))
        theta = made.numbers()[0]
        if optimizer in ("sgd", "momentum", "nesterov"):
            assert theta == [0.0, 0.0]
        else:
            assert all(map(math.isnan, theta))


@pytest.mark.parametrize("text", ["2-3-1", "2-2:softmax-1", "2-3:gelu-1:identity", "2-3:selu-1"])
def test_steps_that_diverge_raise_nothing(text: str) -> None:
    made = scalar(Network(text), "momentum")
    made.assign(*drawn_lists(made.text, 0))
    for number in range(300):
        made.step([(1e3, -2e3, 1e5, 1.0)] * (1 + number % 2), 1e5, 0.99)
    assert len(made.numbers()[0]) == made.text.size


# --- planted errors ------------------------------------------------------------------------------


def holds(program: Program, made: Scalar) -> bool:
    """Whether the law does."""
    try:
        agree(program, made, 1)
        agree(program, made, 2)
    except AssertionError:
        return False
    return True


ASSIGNED = re.compile(
    r"^( +)(\w+|\w+\[i\]) ([-+]?=) (?!\[|\(|numbers|theta|len)(.+)$", re.MULTILINE
)


@pytest.mark.parametrize(
    ("text", "optimizer"),
    [("2-2-1", "sgd"), ("2-2:gelu-2:softmax", "adamw"), ("1-2:elu", "nesterov")],
)
def test_a_changed_line_is_noticed(text: str, optimizer: str) -> None:
    """Each line that computes is changed by a thousandth, one at a time."""
    program = lowered(Network(text), optimizer)
    right = printed(program)
    source = page(right)
    lines = [x for x in ASSIGNED.finditer(source) if not x[4].endswith("0.0") or " if " in x[4]]
    assert len(lines) > 20
    for line in lines:
        changed = f"{line[1]}{line[2]} {line[3]} 1.001 * ({line[4]})"
        wrong = source[: line.start()] + changed + source[line.end() :]
        # By which number the exponents of a softmax are shifted makes no difference.
        shift = re.fullmatch(r"(\w+) if \1 > (\w+) else \2", line[4])
        assert holds(program, Scalar(right, wrong)) == bool(shift), changed


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("w21_3 * d2_3", "w12_3 * d2_3"),
        ("        w12_2 -= ", "        w21_2 -= "),
        (" / m", ""),
        ("theta[4:6]", "theta[5:7]"),
        ("dw11_2 += ", "dw11_2 = "),
        ("theta[i] -= ", "theta[i] += "),
    ],
)
def test_a_likely_mistake_is_noticed(right: str, wrong: str) -> None:
    program = lowered(Network("2-2-2"))
    text = printed(program)
    source = page(text)
    assert right in source
    assert holds(program, Scalar(text, source))
    assert not holds(program, Scalar(text, source.replace(right, wrong)))


# --- names ---------------------------------------------------------------------------------------


def test_names_are_those_of_the_books() -> None:
    sizes = {"n1": 2, "n2": 3, "n3": 12}
    assert entry_name(Array("w2", ("n2", "n1")), (3, 1), sizes) == "w31_2"
    assert entry_name(Array("b2", ("n2",)), (3,), sizes) == "b3_2"
    assert entry_name(Array("a1", ("n1",)), (2,), sizes) == "x2"
    assert entry_name(Array("y", ("n3",)), (12,), sizes) == "y12"
    # w[1,12] and w[11,2]
    assert entry_name(Array("w3", ("n3", "n3")), (1, 12), sizes) == "w1_12_3"
    assert entry_name(Array("w3", ("n3", "n3")), (11, 2), sizes) == "w11_2_3"
    assert entry_name(Array("m1_w2", ("n2", "n1")), (3, 1), sizes) == "m1_w31_2"
    assert entry_name(Array("t7", ("n2",)), (3,), sizes) == "t7_3"


NAMES = ("w", "w1", "w11", "w12", "b2", "t", "t1", "t11", "a1", "y", "x", "x1", "s", "exp", "in2",
         "m1_w2", "w_2", "w1_", "max", "rows", "i", "d", "nan")  # fmt: skip


@given(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=8, unique=True),
    st.lists(st.lists(st.sampled_from(("n1", "n2", "n3")), max_size=3, unique=True), min_size=8,
             max_size=8),
    st.tuples(*[st.sampled_from((1, 2, 9, 11))] * 3),
)  # fmt: skip
def test_no_two_entries_share_a_name(
    names: list[str], axes: list[list[str]], widths: tuple[int, ...]
) -> None:
    arrays = tuple(Array(n, tuple(a)) for n, a in zip(names, axes, strict=False))
    sizes = dict(zip(("n1", "n2", "n3"), widths, strict=True))
    assume(sum(math.prod(sizes[a] for a in x.axes) for x in arrays) < 2000)
    found = Names(Function("f", arrays, (), ()), sizes)
    variables = [name for x in arrays for name in found.entries(x.name)]
    assert len(set(variables)) == len(variables)
    free = [x.name for x in arrays if not x.axes]  # these are called what the caller calls them
    for name in set(variables) - set(free):
        assert name.isidentifier()
        assert not keyword.iskeyword(name)
        assert name not in ("max", "rows", "exp", "nan", *free)


def test_a_parameter_may_be_called_like_a_number_of_the_optimizer() -> None:
    """beta of layer 2 is beta2, as Adam's second rate is."""
    program = lowered(Network("2-2-1"), "adam")

    def renamed(function: Function) -> Function:
        to = {"b2": "beta2", "db2": "dbeta2"}

        def array(x: Array) -> Array:
            return Array(to.get(x.name, x.name), x.axes)

        body = []
        for line in function.body:
            read = tuple(map(array, arguments(line)))
            again = passes.reading(line, array(line.target), read)
            body.append(replace(again, equation=to.get(line.equation, line.equation)))
        given_ = tuple(map(array, function.parameters))
        return replace(
            function,
            parameters=given_,
            body=tuple(body),
            results=tuple(map(array, function.results)),
        )

    functions_ = tuple(
        f if f.name in ("update", "decay") else renamed(f) for f in program.functions
    )
    other = check(replace(program, functions=functions_))
    made = Scalar(printed(other))
    assert "beta2_" in made.text.given
    agree(other, made, 1)
    agree(other, made, 2)


# --- the page ------------------------------------------------------------------------------------


def test_the_page(golden: Any) -> None:
    golden("scalar_2_2_1.txt", page(printed(lowered(Network("2-2-1")))))


def ruff(*arguments: str, text: str) -> str:
    command = [sys.executable, "-m", "ruff", *arguments, "--config", str(ROOT / "pyproject.toml")]
    run = subprocess.run(
        [*command, "--stdin-filename", str(ROOT / "generated/scalar.py"), "-"],
        input=text, capture_output=True, text=True, cwd=ROOT, timeout=60,
    )  # fmt: skip
    return run.stdout + run.stderr if run.returncode else ""


PAGES = [
    ("2-3-4-1", "sgd", "quadratic"),
    ("12-11:gelu-30:softmax", "adamw", "log_likelihood"),
    ("2-2:softmax-3:mish", "rmsprop", "huber"),
    ("3-12:gelu_tanh-2:selu", "nesterov", "huber"),
    ("1-1", "momentum", "quadratic"),
    ("2-2:softplus", "adagrad", "poisson"),
]


@pytest.mark.parametrize(("text", "optimizer", "cost"), PAGES)
def test_pages_are_as_ruff_leaves_them(text: str, optimizer: str, cost: str) -> None:
    source = page(printed(lowered(Network(text, cost=cost), optimizer)))
    assert not ruff("check", "--quiet", text=source)
    assert not ruff("format", "--check", "--quiet", text=source), ruff(
        "format", "--diff", text=source
    )


def test_long_comments_are_wrapped_anew() -> None:
    """They come as another page wrapped them."""
    long = "\n    #     ".join(["δ² = " + "a + " * 18 + "b"] * 4)
    text = scalar_text(lowered(Network("2-2-1")), {"d3": long, "dw2": long}, RULES)
    source = page(text)
    assert source.count("δ²") == 4 * 4  # both twice: in the step and in the gradients
    assert not ruff("check", "--quiet", text=source)
    assert not ruff("format", "--check", "--quiet", text=source)


@pytest.mark.parametrize("text", TYPED)
def test_pages_of_formulas_are_too(text: str) -> None:
    network = Network("2-2-1", activation=typed_activation(text), cost="quadratic")
    chosen = Network.of(2, network.layers, network.cost, (), tuple(PENALTIES.values()))
    source = page(printed(lowered(chosen, "adam")))
    assert not ruff("check", "--quiet", text=source)
    assert not ruff("format", "--check", "--quiet", text=source), ruff(
        "format", "--diff", text=source
    )


def test_the_order_of_theta_may_be_chosen() -> None:
    program = lowered(Network("2-3-1"), "adamw")
    text = printed(program, ("w2", "w3", "b2", "b3"))
    assert [view.text for view in text.views] == [
        "flat[0:6].reshape(3, 2)", "flat[6:9].reshape(1, 3)", "flat[9:12]", "flat[12:13]"
    ]  # fmt: skip
    assert text.decayed == "range(9)"
    made, usual = Scalar(text), scalar(Network("2-3-1"), "adamw")
    places = [0, 1, 2, 3, 4, 5, 9, 10, 11, 6, 7, 8, 12]  # of w2 w3 b2 b3 in w2 b2 w3 b3
    for rows in ([(0.5, -1.0, 1.0, 2.0)], [(0.5, -1.0, 1.0, 0.5), (1.5, 2.0, 0.0, 1.0)]):
        lists = drawn_lists(text, 1)
        usual.assign(*lists)
        made.assign(
            *([part[k] for k in (0, 1, 2, 3, 4, 5, 9, 10, 11, 6, 7, 8, 12)] for part in lists)
        )
        usual.step(rows, *usual.arguments(text.arguments))
        made.step(rows, *made.arguments(text.arguments))
        for one, other in zip(usual.numbers(), made.numbers(), strict=True):
            np.testing.assert_allclose([one[k] for k in places], other, 1e-14, 1e-14)


def test_what_is_assigned_is_what_there_is() -> None:
    made = scalar(Network("2-3-4-1"), "adam")
    lists = drawn_lists(made.text, 5)
    made.assign(*lists)
    assert list(made.numbers()) == lists
    assert len(lists[0]) == made.text.size == 30


def test_the_same_program_makes_the_same_text() -> None:
    network = Network("2-3:mish-2:softmax")
    one, other = (
        printed(pipeline.program_of(trusting(network), Training(OPTIMIZERS["adam"]))) for _ in "12"
    )
    assert page(one) == page(other)


def test_what_cannot_be_printed_is_refused() -> None:
    with pytest.raises(NotYet, match="too many"):
        printed(lowered(Network("100-60-1")))
    with pytest.raises(ProgramError, match="for batches"):
        printed(passes.optimize(lowered(Network("2-1"))))


# --- bounds --------------------------------------------------------------------------------------

FORMULAS = [
    *(x.formula for x in ACTIVATIONS.values() if not x.couples_neurons),
    *(typed_activation(text).formula for text in TYPED),
    1 / (4 - 6 * Z + 4 * Z**2 - Z**3),
    1 / (1 - Z**2),
    sympy.exp(-(Z**2) / 2) * (1 - Z) ** 3,
]


@given(
    st.sampled_from(FORMULAS),
    st.floats(-1000, 1000),
    st.floats(0, 1000),
    st.lists(st.floats(0, 1), min_size=1, max_size=20),
)
def test_no_value_is_out_of_bounds(
    formula: sympy.Expr, low: float, width: float, places: list[float]
) -> None:
    z = Array("z")
    bounds = Bounds(())
    bounds.known[z.symbol] = (low, low + width)
    here = formula.xreplace({Z: z.symbol})
    smallest, largest = bounds.of(here)
    with np.errstate(all="ignore"):
        points = np.asarray([low + width * place for place in places])
        values = np.asarray(evaluate(here, {z.symbol: points}))
    slack = 1e-9 * (1 + np.abs(values))
    good = np.isnan(values) | ((values >= smallest - slack) & (values <= largest + slack))
    assert good.all(), (smallest, largest, points[~good], values[~good])


def everything(formula: sympy.Expr) -> Iterator[str]:
    for exact in (False, True):
        yield Formulas(Bounds(())).text(formula, {}, exact=exact)[0]


def test_formulas_as_text() -> None:
    u, v = sympy.symbols("u v", real=True)
    plain_, exact = everything(sympy.exp(3 * u))
    assert plain_ == "exp(3.0 * u)"
    assert exact == f"inf if u > {LARGEST / 3} else exp(3.0 * u)"
    assert list(everything(sympy.log(u))) == ["log(u)", "_log(u)"]
    assert list(everything(sympy.log(1 + u**2))) == ["log(1.0 + u * u)"] * 2
    assert list(everything(u / v)) == ["u / v", "_quotient(u, v)"]
    assert list(everything(u / (1 + sympy.Abs(v)))) == ["u / (1.0 + abs(v))"] * 2
    assert list(everything(u**5)) == ["power(u, 5.0)", "_power(u, 5.0)"]
    assert list(everything(sympy.Max(0, u))) == ["0.0 if u <= 0.0 else u"] * 2
    assert list(everything(u / 6 - v / 4)) == ["u / 6.0 - 0.25 * v"] * 2
    branch = sympy.Piecewise((0, u <= 0), (1, True))
    assert list(everything(branch * (u - v))) == ["0.0 if u <= 0.0 else u - v"] * 2
