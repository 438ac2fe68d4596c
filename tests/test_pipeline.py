"""From a network to a trainer: what is generated compiles, computes the gradients of the textbook,
passes its own check, and is generated from nothing but proved equations.

The proof of a network costs seconds, so that each one is made once for this file.
"""

import contextlib
import functools
import hashlib
import io
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import reference
import sympy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import symnet
from symnet import cli, pipeline
from symnet.calculus import proof, textbook
from symnet.calculus.derivation import derive
from symnet.calculus.proof import COMPONENTS, GENERAL, Judgement, Obligation, Proof
from symnet.errors import ArchitectureError, NotProved, SymnetError
from symnet.network.architecture import Network
from symnet.network.functions import ACTIVATIONS, COSTS, Activation, Cost, Z
from symnet.network.optimizers import Training
from symnet.pipeline import DTYPES, generate
from symnet.term import Equation, mul, number

ROOT = Path(__file__).parent.parent

A, Y = sympy.symbols("a y", real=True)
R = sympy.Rational


@pytest.fixture(scope="module", autouse=True)
def _one_proof_a_network() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "prove", functools.lru_cache(proof.prove))
        yield


def trusting(network: Network) -> Proof:
    """A proof by nobody, for tests of what comes after it."""
    derived = derive(network)
    judged = tuple(Judgement(judge, "", "") for judge in (GENERAL, COMPONENTS))
    claims = (
        Obligation(formula.label, layer, formula.general.result, judged)
        for formula in derived.formulas
        for layer in formula.layers
    )
    return Proof(network, derived, tuple(claims), proof.certify(derived), refusal="")


def module(text: str) -> ModuleType:
    """A trainer as a module; that it compiles is the first thing asked of it."""
    made = ModuleType("generated_trainer")
    exec(compile(text, "trainer.py", "exec"), made.__dict__)
    return made


def checks(made: ModuleType) -> str:
    """What `python trainer.py check` prints, after it found the gradients right."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = made.main(["check"])
    assert code == 0, out.getvalue()
    return out.getvalue()


def data(network: Network, m: int = 5, seed: int = 0) -> tuple[Any, Any]:
    """Samples, and what the outputs should be: numbers between 0 and 1 with sum 1."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(m, int(network.inputs)))
    Y = np.exp(rng.normal(size=(m, int(network.sizes[-1]))))
    return X, Y / Y.sum(axis=1, keepdims=True) if network.cost.normalised else Y / (1 + Y)


def random_weights(trainer: Any, seed: int = 0) -> None:
    """Biases other than 0 too; weights so small that no neuron is saturated, since 1 - a is no
    number to compare in float32 where a is almost 1."""
    rng = np.random.default_rng(seed)
    trainer.set_weights(
        {
            name: rng.normal(0, 0.7 / np.sqrt(value.shape[-1]), value.shape)
            for name, value in trainer.weights.items()
        }
    )


def assert_trains_like_the_textbook(network: Network, dtype: str, made: ModuleType) -> None:
    trainer = made.Trainer(random_state=1, learning_rate=0.37)
    random_weights(trainer)
    X, Y = data(network)
    names = [layer.activation.name for layer in network.layers]
    weights = {name: np.array(value, float) for name, value in trainer.weights.items()}
    wanted = reference.gradients(reference.layers(weights, names), X, Y, network.cost.name)
    found = trainer.gradients(X, Y)
    limit = 1e-10 if dtype == "float64" else 1e-4
    for name, gradient in found.items():
        assert gradient.dtype == np.dtype(dtype), name
        np.testing.assert_allclose(gradient, wanted[name], limit, limit, err_msg=name)
    cost = reference.cost(reference.layers(weights, names), X, Y, network.cost.name)
    assert trainer.cost(X, Y) == pytest.approx(cost, rel=1e-10 if dtype == "float64" else 1e-4)
    trainer.step(X, Y)
    for name, value in trainer.weights.items():
        assert value.dtype == np.dtype(dtype)
        moved = weights[name] - 0.37 * found[name]
        rounding = 1e-13 if dtype == "float64" else 1e-6
        np.testing.assert_allclose(value, moved, rounding, rounding, err_msg=name)


# --- the functions that have names ---------------------------------------------------------------

TABLE = [
    ("2-3-4-1", None),
    ("3-2", None),
    ("1-1", None),
    ("3-4:tanh-2:identity", None),
    ("4-3:relu-2", "cross_entropy"),
    ("3-2:softmax-2", None),
    ("3-3-3:softmax", None),
    ("2-3:softmax", "quadratic"),
    ("2-2:softmax", "cross_entropy"),
    ("12-7:relu-5:tanh-9-3:softmax", None),
]

every_dtype = pytest.mark.parametrize("dtype", DTYPES)


@pytest.mark.parametrize(("architecture", "cost"), TABLE)
@every_dtype
def test_the_table(architecture: str, cost: str | None, dtype: str) -> None:
    network = Network(architecture, cost=cost)
    made = module(generate(network, dtype=dtype))
    assert_trains_like_the_textbook(network, dtype, made)
    assert "ok" in checks(made)


@st.composite
def networks(draw: st.DrawFn, widest: int = 12, deepest: int = 4) -> Network:
    """All activations, and every cost that is legal after the last one."""
    pieces = [str(draw(st.integers(1, widest)))]
    for _ in range(draw(st.integers(1, deepest))):
        activation = draw(st.sampled_from(tuple(ACTIVATIONS)))
        width = draw(st.integers(2 if activation == "softmax" else 1, widest))
        pieces.append(f"{width}:{activation}")
    legal = []
    for cost in COSTS:
        with contextlib.suppress(ArchitectureError):
            legal.append(Network("-".join(pieces), cost=cost))
    return draw(st.sampled_from(legal))


@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow])
@given(networks(widest=4, deepest=2), st.sampled_from(DTYPES))
def test_drawn_networks_with_their_proofs(network: Network, dtype: str) -> None:
    made = module(generate(network, dtype=dtype))
    assert_trains_like_the_textbook(network, dtype, made)
    checks(made)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(networks(), st.sampled_from(DTYPES))
def test_drawn_networks(network: Network, dtype: str) -> None:
    """Large and deep ones: without waiting for the proof, which other tests are about."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "prove", trusting)
        made = module(generate(network, dtype=dtype))
    assert_trains_like_the_textbook(network, dtype, made)
    checks(made)


# --- formulas of one's own -----------------------------------------------------------------------

CUBE = Activation("cube", Z**3)
ARC = Activation("arc", sympy.atan(Z))
LEAKY = Activation("very_leaky", sympy.Piecewise((Z / 5, Z <= 0), (Z, True)))
SOFTPLUS = Activation("softplus", sympy.log(1 + sympy.exp(Z)))
HARD = Activation("hard", sympy.Piecewise((0, Z <= -3), (Z / 6 + R(1, 2), Z <= 3), (1, True)))
QUARTIC = Cost("quartic", (A - Y) ** 4 / 4)
SQUARES = Cost("squares", (A - Y) ** 2)

OWN = [
    (activation, cost)
    for activation in (CUBE, ARC, LEAKY, SOFTPLUS, HARD)
    for cost in ("quadratic", QUARTIC)
] + [(ACTIVATIONS["tanh"], SQUARES)]


def own_cost(network: Network, weights: dict[str, Any], X: Any, Y: Any) -> float:
    """The mean cost from the formulas themselves, by SymPy's own translation and plain loops."""
    sigma = [sympy.lambdify(Z, layer.activation.formula, "math") for layer in network.layers]
    cost = sympy.lambdify((A, symnet.network.functions.Y), network.cost.formula.subs(
        {symnet.network.functions.A: A}), "math")  # fmt: skip
    total = 0.0
    for x, y in zip(X.tolist(), Y.tolist(), strict=True):
        a = x
        for l, function in enumerate(sigma, start=2):
            w, b = weights[f"w{l}"], weights[f"b{l}"]
            z = (sum(w[j][k] * a[k] for k in range(len(a))) + b[j] for j in range(len(b)))
            a = [float(function(float(z_j))) for z_j in z]
        total += sum(cost(a_j, y_j) for a_j, y_j in zip(a, y, strict=True))
    return total / len(X)


@pytest.mark.parametrize(
    ("activation", "cost"),
    OWN,
    ids=[f"{a.name}-{c if isinstance(c, str) else c.name}" for a, c in OWN],
)
def test_functions_that_appear_nowhere_in_the_package(
    activation: Activation, cost: str | Cost
) -> None:
    network = Network([2, 3, 2], activation=activation, cost=cost)
    for dtype, limit in (("float64", 1e-8), ("float32", 1e-4)):
        made = module(generate(network, dtype=dtype))
        assert "ok" in checks(made)
        trainer = made.Trainer(random_state=3)
        X, Y = data(network)
        X *= 0.5  # or cubes of cubes grow beyond what differences can measure
        start = {name: np.array(value, float) for name, value in trainer.weights.items()}
        assert trainer.cost(X, Y) == pytest.approx(own_cost(network, start, X, Y), rel=limit)
        found = trainer.gradients(X, Y)
        for name, gradient in found.items():
            assert gradient.dtype == np.dtype(dtype)
            slopes = np.zeros(gradient.shape)
            for place in np.ndindex(*gradient.shape):
                h = 1e-6
                moved = {n: v.copy() for n, v in start.items()}
                moved[name][place] += h
                above = own_cost(network, moved, X, Y)
                moved[name][place] -= 2 * h
                slopes[place] = (above - own_cost(network, moved, X, Y)) / (2 * h)
            np.testing.assert_allclose(gradient, slopes, 1e-4, 1e-6, err_msg=name)
        trainer.step(X, Y)
        moved = start["w2"] - trainer.learning_rate * found["w2"]
        np.testing.assert_allclose(trainer.weights["w2"], moved, 1e-5, 1e-6)


def test_a_trainer_of_ones_own_learns() -> None:
    network = Network([1, 8, 1], activation=SOFTPLUS, cost=QUARTIC)
    trainer = module(generate(network)).Trainer(
        random_state=0, epochs=200, learning_rate=0.2, batch_size=20
    )
    X = np.linspace(-1, 1, 40)[:, None]
    trainer.fit(X, 1 + X[:, 0] ** 2)
    assert trainer.loss_curve_[-1] < trainer.loss_curve_[0] / 4


def test_the_head_tells_where_formulas_of_ones_own_come_from() -> None:
    """No command line makes this file, and the head does not pretend that one does."""
    text = generate(Network([2, 3, 2], activation=CUBE, cost=QUARTIC))
    assert "Made by: symnet.generate in Python" in text
    assert "cube(z) = z³" in text


# A name is any identifier, also one that means something in Python; it stands in words alone.
@pytest.mark.parametrize("name", ["lambda", "np", "exp", "__init__", "None", "w2", "Trainer", "z"])
def test_names_that_mean_something_elsewhere(name: str) -> None:
    network = Network([2, 2], activation=Activation(name, Z**3), cost=Cost(name, (A - Y) ** 4 / 4))
    made = module(generate(network))
    assert "ok" in checks(made)
    assert made.Trainer().predict([[1.0, 2.0]]).shape == (1, 2)


HOSTILE = [
    'x"""\nimport os',
    "x'",
    'x"',
    "x\n",
    "x\\",
    "x {{ 7 * 7 }}",
    "{% for i in y %}",
    "{#",
    "x y",
    "x-y",
    "x:y",
    "",
    "3x",
    "$x",
    r"\input{x}",
    "x" * 41,
    "ｘ",
    "é",
    "x\u202e",
    "x\0",
]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_hostile_names_are_refused(name: str) -> None:
    for make in (lambda: Activation(name, Z), lambda: Cost(name, (A - Y) ** 2)):
        with pytest.raises(ArchitectureError, match="is not a name"):
            make()


# --- what cannot be generated --------------------------------------------------------------------


@pytest.mark.parametrize(
    "formula",
    [
        sympy.erfi(Z / 100),
        sympy.gamma(2 + Z**2),
        sympy.besselj(0, Z),
        sympy.Function("f")(Z),
        Z * sympy.I,
        sympy.floor(Z),
        sympy.zeta(2 + Z**2),
        sympy.Integer(1),
        sympy.Piecewise((0, Z <= 0), (1, True)),
    ],
    ids=str,
)
def test_formulas_beyond_numpy_are_refused_in_words(formula: sympy.Expr) -> None:
    with pytest.raises(SymnetError) as refused:
        generate(Network([2, 2, 1], activation=Activation("special", formula)))
    assert str(refused.value)


@pytest.mark.parametrize(
    ("settings_", "words"),
    [
        ({"dtype": "float16"}, "unknown dtype 'float16'; did you mean 'float64'"),
        ({"dtype": "int"}, "known are float64, float32"),
        ({"optimizer": "sdg"}, "unknown optimizer 'sdg'; did you mean 'sgd'"),
        ({"backend": "c"}, "unknown backend 'c'; known are numpy"),
    ],
)
def test_unknown_settings_name_the_known_ones(settings_: dict[str, str], words: str) -> None:
    with pytest.raises(ArchitectureError, match=words):
        generate("2-1", **settings_)


# --- nothing without a proof ---------------------------------------------------------------------


def plant(
    monkeypatch: pytest.MonkeyPatch, label: str, wrong: Callable[[Equation], Equation]
) -> None:
    """One equation of the textbook says something else."""
    right = textbook.state
    monkeypatch.setattr(
        textbook,
        "state",
        lambda wanted, *coupled: (
            wrong(right(wanted, *coupled)) if wanted == label else right(wanted, *coupled)
        ),
    )
    monkeypatch.setattr(pipeline, "prove", proof.prove)


def halved(equation: Equation) -> Equation:
    return replace(equation, right=mul(number(R(1, 2)), equation.right))


@pytest.mark.parametrize("label", ["BP1", "BP2", "BP3", "BP4"])
def test_no_code_without_a_proof(label: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, label, halved)
    with pytest.raises(NotProved) as refused:
        generate("1-2-1")
    message = str(refused.value)
    assert f"FAILED  {label}" in message
    assert "1/2" in message
    wrong = [line for line in message.splitlines() if "FAILED" in line]
    assert all(f"FAILED  {label}" in line for line in wrong)


def test_the_command_line_shows_the_difference_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(monkeypatch, "BP3", halved)
    file = tmp_path / "trainer.py"
    with pytest.raises(SystemExit) as exit_:
        cli.main(["generate", "1-2-1", "-o", str(file)])
    assert exit_.value.code == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "FAILED  BP3" in shown.err
    assert list(tmp_path.iterdir()) == []


def test_prove_exits_with_1_and_shows_the_difference(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(monkeypatch, "BP4", halved)
    with pytest.raises(SystemExit) as exit_:
        cli.main(["prove", "1-2-1"])
    assert exit_.value.code == 1
    assert "FAILED  BP4" in capsys.readouterr().out


def test_a_proof_that_does_not_hold_is_not_lowered() -> None:
    found = trusting(Network("1-1"))
    broken = replace(found.obligations[0], judgements=(Judgement(GENERAL, "", "wrong"),))
    with pytest.raises(NotProved, match="no code without a proof"):
        pipeline.program_of(
            replace(found, obligations=(broken,)), Training(pipeline.find_optimizer("sgd"))
        )
    with pytest.raises(NotProved):
        pipeline.program_of(
            replace(found, obligations=()), Training(pipeline.find_optimizer("sgd"))
        )


# --- the bytes -----------------------------------------------------------------------------------

ANYWHERE = """
import hashlib, sympy
from symnet import pipeline
from symnet.network.architecture import Network
from symnet.network.functions import Activation, Z
import test_pipeline
pipeline.prove = test_pipeline.trusting
softsign = sympy.Piecewise((Z / (1 - Z), Z <= 0), (Z / (1 + Z), True))
mish = Z * sympy.tanh(sympy.log(1 + sympy.exp(Z)))
digest = hashlib.sha256()
for network in (
    Network("2-3-4-1"),
    Network("4-3:softmax-2:softmax"),
    Network("4-3:relu-2", cost="cross_entropy"),
    Network([2, 3, 2], activation=Activation("mish", mish)),
    Network([2, 3, 2], activation=Activation("softsign", softsign)),
):
    digest.update(pipeline.generate(network, dtype="float32").encode())
print(digest.hexdigest())
"""


def test_the_same_bytes_under_every_hash_seed() -> None:
    """Sets and dicts are walked in another order; the file must not tell."""
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", ANYWHERE],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in ("0", "12345")
    ]
    answers = [run.communicate(timeout=120) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], answers
    assert answers[0][0] == answers[1][0]
    assert len(answers[0][0].strip()) == 2 * hashlib.sha256().digest_size


def test_the_same_bytes_from_text_and_from_a_network() -> None:
    assert generate("1-2-1") == generate(Network([1, 2, 1]))
    assert generate("1-2-1", dtype="float32") != generate("1-2-1")


@pytest.mark.parametrize(
    ("network", "settings_", "command"),
    [
        (Network("2-1"), {}, "symnet generate 2-1"),
        (Network("2-3:relu-2:softmax"), {}, "symnet generate 2-3:relu-2:softmax"),
        (Network("2-1", cost="cross_entropy"), {}, "symnet generate 2-1 --cost cross_entropy"),
        (Network("2-1"), {"dtype": "float32"}, "symnet generate 2-1 --dtype float32"),
        (Network("2-1", activation="tanh"), {}, "symnet generate 2-1:tanh"),
    ],
    ids=lambda x: str(x),
)
def test_the_command_in_the_head_makes_the_same_file(
    network: Network,
    settings_: dict[str, str],
    command: str,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    text = generate(network, **settings_)
    assert f"Made by: {command}\n" in text
    with pytest.raises(SystemExit) as exit_:
        cli.main(command.split()[1:])
    assert not exit_.value.code
    assert capsysbinary.readouterr().out == text.encode()


def ruff(*command: str) -> None:
    config = ["--no-cache", "--config", str(ROOT / "pyproject.toml")]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *command, *config],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "architecture",
    ["784-4096-4096-10", "-".join(["7"] * 50), "-".join(["123:relu"] * 49).replace(":relu", "", 1)],
    ids=["wide", "deep", "long"],
)
def test_large_networks_are_no_harder(architecture: str, tmp_path: Path) -> None:
    """Derived, proved and printed in seconds: widths are numbers, layers of a kind are alike."""
    start = time.perf_counter()
    text = generate(Network(architecture))
    assert time.perf_counter() - start < 20
    file = tmp_path / "trainer.py"
    file.write_text(text, encoding="utf-8")
    ruff("format", "--diff", str(file))
    # A line an equation: `a3 = …` and `return a3` (RET504) are two lines on purpose.
    ruff("check", "--ignore", "RET504", str(file))


def test_files_from_formulas_of_ones_own_are_as_tidy(tmp_path: Path) -> None:
    mish = Activation("mish", Z * sympy.tanh(sympy.log(1 + sympy.exp(Z))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "prove", trusting)
        for activation in (CUBE, HARD, SOFTPLUS, mish):
            text = generate(Network([2, 3, 2], activation=activation, cost=QUARTIC))
            (tmp_path / f"{activation.name}.py").write_text(text, encoding="utf-8")
    ruff("format", "--diff", str(tmp_path))
    ruff("check", "--ignore", "RET504", str(tmp_path))


def test_depth_costs_no_more_than_its_share() -> None:
    """Twice as deep, about twice as long: nothing is derived for each layer anew."""
    times = []
    for depth in (20, 40):
        start = time.perf_counter()
        generate("-".join(["5"] * depth))
        times.append(time.perf_counter() - start)
    assert times[1] < 6 * times[0] + 1
