"""Programs as NumPy: the printed functions compute what the interpreter says that they mean.

What is printed is executed here, for programs of drawn networks and for drawn straight-line
functions that no network has, and each printed file is put before ruff.
"""

import ast
import builtins
import contextlib
import functools
import keyword
import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from programs import (
    EVERYTHING,
    PENALTY_NAMES,
    functions,
    lowered,
    networks,
    penalised,
    read,
    trainings,
    values_for,
)

from symnet.backends import to_numpy
from symnet.backends.backend import FunctionText
from symnet.network.architecture import Network
from symnet.network.functions import Activation, Cost, Z
from symnet.network.optimizers import OPTIMIZERS, SCHEDULES, Training
from symnet.program import passes
from symnet.program.interpreter import interpret
from symnet.program.ir import (
    Accumulate,
    Array,
    Contract,
    Function,
    Instruction,
    Join,
    Map,
    Program,
    ProgramError,
    Reduce,
    Slice,
    check,
)

ROOT = Path(__file__).parent.parent

A, Y = sympy.symbols("a y", real=True)
R = sympy.Rational


class Anything(dict[str, str]):
    """A comment for every equation."""

    def __missing__(self, name: str) -> str:
        return f"{name} = …"


def printed(made: Program) -> tuple[FunctionText, ...]:
    return to_numpy.functions(made, Anything())


def source(function: FunctionText) -> str:
    lines = [*(line.code for line in function.lines), function.returns]
    body = "\n".join(lines).replace("\n", "\n    ")
    return f'{function.signature}\n    """{function.docstring}"""\n    {body}\n'


def whole_file(made: Program) -> str:
    """The functions as they stand in a trainer, comments and all."""
    text = "import numpy as np\n\nDTYPE = np.float64\n"
    for function in printed(made):
        text += f'\n\n{function.signature}\n    """{function.docstring}"""\n'
        for line in function.lines:
            text += f"    # {line.equation}\n" if line.equation else ""
            text += f"    {line.code}\n"
        text += f"    {function.returns}\n".replace("\n", "\n    ").rstrip() + "\n"
    if to_numpy.needs_erf(made):
        text = text.replace("DTYPE = np.float64\n", "DTYPE = np.float64\n_erf = np.tanh\n", 1)
    return text.rstrip() + "\n"


def error_function(values: Any) -> Any:
    """What a trainer brings along, since NumPy has no erf."""
    return np.vectorize(math.erf, otypes=[np.asarray(values).dtype])(values)


@functools.lru_cache(maxsize=200)
def executable(made: Program) -> dict[str, FunctionType]:
    space: dict[str, Any] = {"np": np, "_erf": error_function}
    for function in printed(made):
        exec(source(function), space)
    return {function.name: space[function.name] for function in printed(made)}


def one(function: Function) -> Callable[..., Any]:
    """A drawn function as Python."""
    made = Program("drawn", (("n1", 2), ("n2", 3), ("m", 4)), (function,), ())
    return executable(check(made))[f"_{function.name}"]


PRINTED = ("forward", "cost", "loss", "penalty", "rate")


def shown(made: Program) -> tuple[Function, ...]:
    """The functions that are printed here; how parameters move is laid out in memory, elsewhere."""
    return tuple(function for function in made.functions if function.name in PRINTED)


def run(made: Program, name: str, values: dict[str, Any]) -> dict[str, Any]:
    """The results of a printed function by name."""
    function = made.function(name)
    given = [np.array(values[parameter.name]) for parameter in function.parameters]
    # Numbers are numbers of Python, as the trainer gives them.
    given = [x.item() if not p.axes else x for x, p in zip(given, function.parameters, strict=True)]
    with np.errstate(over="ignore"):
        found = executable(made)[f"_{name}"](*given)
    found = found if isinstance(found, tuple) else (found,)
    return dict(zip([result.name for result in function.results], found, strict=True))


def agree(made: Program, seed: int = 0, samples: int = 3) -> None:
    for function in shown(made):
        values = values_for(function, made.sizes, seed, samples)
        wanted = interpret(function, values)
        found = run(made, function.name, values)
        assert found.keys() == wanted.keys()
        for name, value in wanted.items():
            assert np.shape(found[name]) == value.shape, f"{function.name}: {name}"
            np.testing.assert_allclose(found[name], value, 1e-11, 1e-13, err_msg=name)


# --- networks ------------------------------------------------------------------------------------

ALMOST = Activation("almost_relu", sympy.Piecewise((Z / 100, Z <= 0), (Z, True)))
HARD = Activation("hard", sympy.Piecewise((0, Z <= -3), (Z / 6 + R(1, 2), Z <= 3), (1, True)))
MISH = Activation("mish", Z * sympy.tanh(sympy.log(1 + sympy.exp(Z))))
SOFTSIGN = Activation("softsign", sympy.Piecewise((Z / (1 - Z), Z <= 0), (Z / (1 + Z), True)))
ARC = Activation("arc", sympy.atan(Z))
CUBE = Activation("cube", Z**3)
ELU = Activation("elu", sympy.Piecewise((sympy.exp(Z) - 1, Z <= 0), (Z, True)))
QUARTIC = Cost("quartic", (A - Y) ** 4 / 4)

TABLE = [
    Network("2-3-4-1"),
    Network("3-4:tanh-2:identity"),
    Network("4-3:relu-2"),
    Network("4-3:softmax-2"),
    Network("3-4:relu-3:softmax"),
    Network("3-2:softmax-3:softmax", cost="quadratic"),
    Network("2-3-1", cost="cross_entropy"),
    *(
        Network([2, 3, 2], activation=activation, cost=QUARTIC)
        for activation in (ALMOST, HARD, MISH, SOFTSIGN, ARC, CUBE, ELU)
    ),
    Network("-".join(["3"] * 12)),
    penalised(Network("2-3-4-1"), "l2"),
    penalised(Network("3-4:tanh-2:softmax"), "l2", "l1"),
]

NAMES = [f"{network} {' '.join(x.name for x in network.penalties)}".strip() for network in TABLE]
every_network = pytest.mark.parametrize("network", TABLE, ids=NAMES)


@functools.lru_cache(maxsize=100)
def finished(network: Network) -> Program:
    """With a schedule, so that there is all that is printed."""
    return passes.optimize(lowered(network, EVERYTHING))


@every_network
def test_the_table(network: Network) -> None:
    agree(finished(network))


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(
    networks(), st.sampled_from(PENALTY_NAMES), trainings(), st.integers(1, 4), st.integers(0, 3)
)
def test_drawn_networks(
    network: Network, strengths: tuple[str, ...], training: Training, samples: int, seed: int
) -> None:
    """After every pass, and for one sample before the first."""
    made = lowered(penalised(network, *strengths), training)
    agree(made, seed, samples)
    for rewrite in passes.PIPELINE:
        made = passes.apply(rewrite, made)
        agree(made, seed, samples)


@every_network
def test_float32_stays_float32(network: Network) -> None:
    made = finished(network)
    for function in shown(made):
        if function.name == "rate":  # a number from numbers alone, which are Python's
            continue
        values = values_for(function, made.sizes, 0)
        exact = interpret(function, values)
        single = {name: np.asarray(value, np.float32) for name, value in values.items()}
        for name, value in run(made, function.name, single).items():
            assert np.asarray(value).dtype == np.float32, f"{function.name}: {name}"
            np.testing.assert_allclose(value, exact[name], 2e-3, 2e-4, err_msg=name)


@every_network
def test_complex_step_where_it_is_promised(network: Network) -> None:
    made = finished(network)
    branches = any(l.activation.formula.has(sympy.Piecewise, sympy.erf) for l in network.layers)
    branches = branches or "l1" in [penalty.name for penalty in network.penalties]
    assert to_numpy.holds_for_complex(made) == (not branches)
    if branches:
        return
    values = values_for(made.function("gradients"), made.sizes, 1)
    wanted = interpret(made.function("gradients"), values)
    for name in ("w2", f"b{network.L}"):
        place = tuple(size // 2 for size in values[name].shape)
        stepped = {key: np.array(value, complex) for key, value in values.items() if key != "y"}
        stepped["y"], stepped["m"] = values["y"], values["m"]
        stepped |= {x.name: values[x.name] for x in network.penalties}
        stepped[name][place] += 1e-30j
        slope = run(made, "cost", stepped)["c"].imag / 1e-30
        assert slope == pytest.approx(wanted[f"d{name}"][place], rel=1e-11, abs=1e-15)


@every_network
def test_nothing_that_is_given_changes(network: Network) -> None:
    """What moves parameters in place is printed elsewhere; here everything is an expression."""
    made = finished(network)
    for function in shown(made):
        values = values_for(function, made.sizes, 0)
        before = {name: np.array(value) for name, value in values.items()}
        with np.errstate(over="ignore"):
            executable(made)[f"_{function.name}"](*(values[x.name] for x in function.parameters))
        for name, value in before.items():
            np.testing.assert_array_equal(values[name], value, err_msg=name)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_rates_of_all_schedules(schedule: str) -> None:
    """The very numbers that the interpreter has, also where a whole number of turns is over."""
    training = Training(OPTIMIZERS["sgd"], SCHEDULES[schedule])
    made = passes.optimize(lowered(Network("2-2:tanh-1"), training))
    wanted = ["_forward", "_cost", "_loss"] + ["_rate"] * (schedule != "constant")
    assert [function.name for function in printed(made)] == wanted
    if schedule == "constant":
        return
    chosen = {"learning_rate": 0.3, "gamma": 0.5} | dict.fromkeys(
        ("step_size", "total_steps", "warmup"), 49
    )
    for t in (1, 2, 48, 49, 50, 51, 98, 99, 100, 1000):
        rate = run(made, "rate", {**chosen, "t": t})["rate"]
        assert rate == interpret(made.function("rate"), {**chosen, "t": t})["rate"]


# --- one instruction -----------------------------------------------------------------------------

AXES = ("m", "n1", "n2")


@st.composite
def arrays(draw: st.DrawFn, name: str) -> Array:
    axes = draw(st.lists(st.sampled_from(AXES), max_size=2, unique=True))
    return Array(name, tuple(axes))


def drawn_values(function: Function, seed: int = 0) -> dict[str, Any]:
    return values_for(function, (("n1", 2), ("n2", 3)), seed, 4)


def assert_same(function: Function) -> None:
    values = drawn_values(function)
    found = one(function)(*(values[parameter.name] for parameter in function.parameters))
    (wanted,) = interpret(function, values).values()
    np.testing.assert_allclose(found, wanted, 1e-12, 1e-12, err_msg=str(function))
    assert np.shape(found) == wanted.shape


@settings(max_examples=200)
@given(st.data())
def test_contracts(data: st.DataObject) -> None:
    """Every product of two or three arrays, summed over whatever the target lacks."""
    factors = tuple(data.draw(arrays(name)) for name in data.draw(st.sampled_from(("xy", "xyz"))))
    axes = sorted({axis for array in factors for axis in array.axes})
    kept = data.draw(st.permutations(axes)) if axes else []
    target = Array("r", tuple(kept[: data.draw(st.integers(0, min(2, len(kept))))]))
    assert_same(Function("forward", factors, (Contract(target, factors, "r"),), (target,)))


@settings(max_examples=100)
@given(st.data())
def test_reduces(data: st.DataObject) -> None:
    axes = data.draw(st.lists(st.sampled_from(AXES), min_size=1, max_size=3, unique=True))
    argument = Array("x", tuple(axes))
    kept = tuple(axis for axis in axes if data.draw(st.booleans()))
    if kept == tuple(axes):
        kept = kept[1:]
    target = Array("r", kept)
    how = data.draw(st.sampled_from(("sum", "max")))
    assert_same(Function("forward", (argument,), (Reduce(target, how, argument, "r"),), (target,)))


@settings(max_examples=100)
@given(st.data())
def test_maps(data: st.DataObject) -> None:
    """Arrays are laid along each other by the names of their axes, in whatever order they are."""
    read_ = tuple(data.draw(arrays(name)) for name in "xyz")
    axes = {axis for array in read_ for axis in array.axes}
    target = Array("r", tuple(data.draw(st.permutations(sorted(axes)))))
    x, y, z = (array.symbol for array in read_)
    formula = (x - 2) * (y + z) + x * y**2
    if not axes:
        return
    function = Function("forward", read_, (Map(target, formula, read_, "r"),), (target,))
    # An array in an order that no plain transpose gives is refused, not guessed.
    with contextlib.suppress(ProgramError):
        assert_same(function)


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(functions())
def test_drawn_functions(function: Function) -> None:
    """Straight-line code of all kinds; what has no plain form in NumPy is refused, not guessed."""
    made = Program("drawn", (("n1", 2), ("n2", 3)), (function,), ())
    values = values_for(function, made.sizes, 0)
    try:
        call = executable(made)[f"_{function.name}"]
    except ProgramError:
        return
    found = call(*(values[parameter.name] for parameter in function.parameters))
    found = found if isinstance(found, tuple) else (found,)
    wanted = interpret(function, values)
    for name, value in zip(wanted, found, strict=True):
        np.testing.assert_allclose(value, wanted[name], 1e-11, 1e-11, err_msg=str(function))


@pytest.mark.parametrize(
    ("target", "factors", "code"),
    [
        ("r[n2]", "w[n2,n1] x[n1]", "w @ x"),
        ("r[n1]", "w[n2,n1] x[n2]", "w.T @ x"),
        ("r[m,n2]", "w[n2,n1] x[m,n1]", "x @ w.T"),
        ("r[m,n1]", "w[n2,n1] d[m,n2]", "d @ w"),
        ("r[n2,n1]", "d[m,n2] x[m,n1]", "d.T @ x"),
        ("r[n2,n1]", "d[n2] x[n1]", 'np.einsum("a,b->ab", d, x)'),
        ("r", "x[n1] v[n1]", "x @ v"),
        ("r[m]", "x[m,n1] v[m,n1]", "(x * v).sum(axis=1)"),
        ("r", "x[m,n1] v[m,n1]", "(x * v).sum()"),
    ],
)
def test_products_as_a_reader_would_write_them(target: str, factors: str, code: str) -> None:
    summed = "Σ_k " if "n" in factors else ""
    function = read(f"forward({factors.replace(' ', ', ')}) -> r | {target} = {summed}{factors}")
    made = Program("", (("n1", 2), ("n2", 3), ("m", 4)), (function,), ())
    (text,) = printed(check(made))
    assert [line.code for line in text.lines] == [f"r = {code}"]
    assert_same(function)


# --- how it reads --------------------------------------------------------------------------------


@every_network
def test_a_matrix_product_is_computed_once(network: Network) -> None:
    """Also where branches would repeat what is written into them."""
    made = finished(network)
    for function, text in zip(shown(made), printed(made), strict=True):
        products = sum(isinstance(line, Contract) for line in function.body)
        assert source(text).count("@") <= products


@every_network
def test_every_line_stands_under_its_equation(network: Network) -> None:
    for function in printed(finished(network)):
        assert function.lines[0].equation
        assert not [line for line in function.lines if line.equation and "\n" in line.equation]
        said = [line.equation for line in function.lines if line.equation]
        assert len(said) == len(set(said)), "an equation stands there twice"


MACHINERY = {"np", "DTYPE", "PARAMETERS", "NETWORK", "TARGETS", "Trainer", "m", "learning_rate"}


def stored(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


@every_network
def test_names_never_collide(network: Network) -> None:
    made = finished(network)
    for function in printed(made):
        tree = ast.parse(source(function)).body[0]
        assert isinstance(tree, ast.FunctionDef)
        parameters = [argument.arg for argument in tree.args.args]
        assert len(set(parameters)) == len(parameters)
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.AugAssign)]
        assigned = list(stored(tree))
        assert len(set(assigned)) == len(assigned), "a name means two things"
        assert not set(assigned) & set(parameters)
        for name in (*assigned, *parameters):
            assert name.isidentifier()
            assert not keyword.iskeyword(name)
            assert name not in dir(builtins)
            assert name not in dir(np)
        assert not set(assigned) & MACHINERY


def test_what_overwrites_is_refused() -> None:
    """The text would leave the old values where they are."""
    w, s = Array("w", ("n1",)), Array("s")
    update = Map(Array("w_new", ("n1",)), w.symbol - s.symbol, (w, s), "update")
    function = Function("cost", (w, s), (update,), (update.target,), (("w_new", "w"),))
    made = check(Program("", (("n1", 2),), (function,), ()))
    with pytest.raises(ProgramError, match="cost: what is overwritten is no expression"):
        printed(made)
    printed(replace(made, functions=(replace(function, overwrites=()),)))


X, W = Array("x", ("n1",)), Array("W", ("n1+",))


@pytest.mark.parametrize(
    "line",
    [
        Join(Array("r", ("n1+",)), X, None, "r"),
        Slice(Array("r", ("n1",)), W, "r"),
        Accumulate(Array("r"), (X, X), Array("s"), Array("s"), "r"),
    ],
    ids=str,
)
def test_what_is_laid_out_in_memory_is_refused(line: Instruction) -> None:
    function = Function("forward", (X, W, Array("s")), (line,), (line.target,))
    made = check(Program("", (("n1", 2), ("n1+", 3)), (function,), ()))
    with pytest.raises(ProgramError, match="laid out in memory, and no expression"):
        printed(made)


# --- the formatter -------------------------------------------------------------------------------


CONFIG = ["--config", str(ROOT / "pyproject.toml")]


def ruff(folder: Path, *command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "--no-cache", *CONFIG, str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


LONG = [
    Activation("wide", sum(sympy.tanh(k * Z + R(1, k)) * sympy.exp(-(Z**2)) for k in range(1, 5))),
    Activation("deep", functools.reduce(lambda x, k: sympy.tanh(x + R(k, 7)), range(1, 5), Z)),
    Activation("polynomial", sum(R(k, k + 1) * Z**k for k in range(1, 13))),
]


def test_ruff_has_nothing_to_say(tmp_path: Path) -> None:
    nets = [*TABLE, *(Network([2, 3], activation) for activation in LONG)]
    nets += [Network("-".join(["2"] * 40)), Network("123456-2345:relu-1234:softmax")]
    for number, network in enumerate(nets):
        text = whole_file(finished(network))
        (tmp_path / f"net{number}.py").write_text(text, encoding="utf-8")
    ruff(tmp_path, "format", "--diff")
    # A line an equation: `a3 = …` and `return a3` (RET504) are two lines on purpose.
    ruff(tmp_path, "check", "--ignore", "RET504")


@pytest.mark.parametrize("activation", LONG, ids=lambda activation: activation.name)
def test_long_formulas_come_in_parts(activation: Activation) -> None:
    made = finished(Network([2, 3], activation))
    for function in printed(made):
        for line in function.lines:
            for physical in line.code.splitlines():
                assert len(physical) + to_numpy.INDENT <= 100, physical
    agree(made)


@settings(
    max_examples=5,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(drawn=st.lists(networks(), min_size=2, max_size=4))
def test_drawn_networks_stand_as_the_formatter_leaves_them(
    drawn: list[Network], tmp_path: Path
) -> None:
    for number, network in enumerate(drawn):
        text = whole_file(finished(network))
        (tmp_path / f"net{number}.py").write_text(text, encoding="utf-8")
    ruff(tmp_path, "format", "--diff")
    ruff(tmp_path, "check", "--ignore", "RET504")
