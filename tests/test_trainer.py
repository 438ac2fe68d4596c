"""The generated trainers as their users meet them: as a class, and as a program.

The page that all trainers share is tested here once, through a handful of networks. What must hold
is stated as laws: a step is the gradient times the learning rate, what is saved and loaded goes on
as if nothing had happened, and bad input is refused with words, before anything is changed.
"""

import ast
import contextlib
import csv
import functools
import importlib.util
import io
import itertools
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import reference

import symnet

ROOT = Path(__file__).parent.parent
SIGNALS = [signal.SIGINT, signal.SIGTERM]


class Net:
    """A network whose trainer is generated once, when it is first used, and kept in a file."""

    folder: Path

    def __init__(
        self,
        architecture: str,
        cost: str,
        dtype: str = "float64",
        style: str = "array",
        **options: Any,
    ) -> None:
        self.network = symnet.Network(architecture, cost=cost)
        self.cost, self.dtype, self.style = cost, dtype, style
        self.options = options
        self.sizes = [int(size) for size in self.network.sizes]
        self.activations = [layer.activation.name for layer in self.network.layers]
        self.classifies = self.network.cost.classifies
        words = [architecture, cost, dtype, *([style] if style != "array" else [])]
        self.name = " ".join([*words, *(f"{name} {value}" for name, value in options.items())])

    @functools.cached_property
    def path(self) -> Path:
        path = self.folder / f"net_{re.sub(r'[^0-9a-z]+', '_', self.name)}.py"
        if not path.exists():
            part = path.with_suffix(f".{os.getpid()}")
            text = symnet.generate(self.network, dtype=self.dtype, style=self.style, **self.options)
            part.write_text(text, encoding="utf-8")
            part.replace(path)
        return path

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @functools.cached_property
    def module(self) -> ModuleType:
        spec = importlib.util.spec_from_file_location(self.path.stem, self.path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def trainer(self, **settings: Any) -> Any:
        settings = {"random_state": 1, "epochs": 3, **settings}
        if self.options.get("schedule") == "cosine":
            settings = {"total_steps": 100, **settings}
        return self.module.Trainer(**settings)

    def data(self, m: int = 23, seed: int = 0) -> tuple[Any, Any]:
        """Samples that can be learnt: labels for a classifier, else numbers between 0 and 1."""
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(m, self.sizes[0]))
        hidden = np.tanh(
            X @ np.linspace(-1, 1, X.shape[1] * self.sizes[-1]).reshape(-1, self.sizes[-1])
        )
        if not self.classifies:
            y = 0.5 + 0.4 * hidden
            return X, y[:, 0] if self.sizes[-1] == 1 else y
        labels = hidden.argmax(axis=1) if self.sizes[-1] > 1 else (hidden[:, 0] > 0).astype(int)
        labels[: max(2, self.sizes[-1])] = np.arange(max(2, self.sizes[-1]))
        return X, labels

    def numbers(self, y: Any) -> Any:
        """What `data` gives as y, as a table of what the outputs should be."""
        if not self.classifies:
            return np.reshape(y, (len(y), -1))
        return np.eye(self.sizes[-1])[y] if self.sizes[-1] > 1 else np.array(y, float)[:, None]

    def run(self, *arguments: object, cwd: Path, code: int = 0) -> str:
        """What the program prints, here in the process of the tests, having ended as it should."""
        handlers = {number: signal.getsignal(number) for number in SIGNALS}
        with pytest.MonkeyPatch.context() as patch, contextlib.chdir(cwd):
            patch.setattr(sys, "argv", [str(self.path)])
            with (
                contextlib.redirect_stdout(io.StringIO()) as out,
                contextlib.redirect_stderr(out),
            ):
                try:
                    ended = self.module.main([str(argument) for argument in arguments])
                except SystemExit as exit_:
                    ended = exit_.code
        for number, handler in handlers.items():
            signal.signal(number, handler)
        assert ended == code, out.getvalue()
        return out.getvalue()

    def run_apart(self, *arguments: object, cwd: Path, code: int = 0) -> str:
        """The same in a process of its own, where a warning is an error."""
        command = [sys.executable, "-W", "error", str(self.path), *map(str, arguments)]
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="session", autouse=True)
def _shared_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    """One folder of trainers for all processes of a test run."""
    base = tmp_path_factory.getbasetemp()
    Net.folder = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


REGRESSOR = Net("2-3-4-1", "quadratic")
SINGLE = Net("2-3-4-1", "quadratic", "float32")
WIDE = Net("3-5:tanh-2", "quadratic")
RELU = Net("5-20:relu-2:identity", "quadratic", "float32")
BINARY = Net("3-4:tanh-1", "cross_entropy")
SOFTMAX = Net("6-14-3:softmax", "log_likelihood")
LABELS = Net("6-14:relu-3", "cross_entropy", "float32")
SCALAR = Net("2-3-4-1", "quadratic", style="scalar")
SCALAR_LABELS = Net("3-4:tanh-1", "cross_entropy", style="scalar", optimizer="adam")
DECAYING = Net("6-9:tanh-3:softmax", "log_likelihood", optimizer="adamw", schedule="cosine")
CLIPPED = Net("3-5:gelu-2", "huber", "float32", optimizer="nesterov", clip_norm=0.5)
SCIPY = Net("3-5:tanh-2", "quadratic", blas="scipy", schedule="warmup")
NETS = [REGRESSOR, SINGLE, WIDE, RELU, BINARY, SOFTMAX, LABELS]
NETS += [SCALAR, SCALAR_LABELS, DECAYING, CLIPPED, SCIPY]
CLASSIFIERS = [net for net in NETS if net.classifies]
REGRESSORS = [net for net in NETS if not net.classifies]

every_net = pytest.mark.parametrize("net", NETS, ids=lambda net: net.name)
every_classifier = pytest.mark.parametrize("net", CLASSIFIERS, ids=lambda net: net.name)
every_regressor = pytest.mark.parametrize("net", REGRESSORS, ids=lambda net: net.name)


def same(left: dict[str, Any], right: dict[str, Any]) -> bool:
    """Whether two dicts of weights agree to the last bit."""
    return left.keys() == right.keys() and all(np.array_equal(left[n], right[n]) for n in left)


def copy(weights: dict[str, Any]) -> dict[str, Any]:
    return {name: array.copy() for name, array in weights.items()}


def memory(trainer: Any) -> dict[str, Any]:
    """All that a trainer holds, to see that nothing changed."""
    state = {name: repr(value) for name, value in vars(trainer).items() if name != "_random"}
    return state | {"random": repr(trainer._random.bit_generator.state)}


# --- the text ------------------------------------------------------------------------------------


def test_the_file_is_the_same_every_time() -> None:
    assert symnet.generate(WIDE.network, style="array") == WIDE.text


@every_net
def test_the_file_needs_numpy_and_the_standard_library_alone(net: Net) -> None:
    names = set()
    for node in ast.walk(ast.parse(net.text)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            names.add(node.module.split(".")[0])
    # threadpoolctl is used where it is there: SCIPY and others are tested without.
    names -= sys.stdlib_module_names | {"threadpoolctl"}
    assert names == {"numpy", *(["scipy"] if net.options.get("blas") == "scipy" else [])}


# A line an equation: `a3 = …` and `return a3` (RET504) are two lines on purpose.
@pytest.mark.parametrize("command", [["check", "--ignore", "RET504"], ["format", "--check"]])
def test_ruff_has_nothing_to_say(command: list[str]) -> None:
    nets = [*NETS, Net("123456-2345:relu-1234:softmax", "log_likelihood")]
    command = [sys.executable, "-m", "ruff", *command, "--no-cache"]
    run = subprocess.run(
        [*command, "--config", str(ROOT / "pyproject.toml"), *(str(net.path) for net in nets)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stdout + run.stderr


@every_net
def test_every_function_of_the_interface_has_a_docstring(net: Net) -> None:
    for name, member in vars(net.module.Trainer).items():
        if not name.startswith("_") and (callable(member) or isinstance(member, property)):
            assert member.__doc__, name


@every_regressor
def test_a_regressor_knows_nothing_of_labels(net: Net) -> None:
    assert not re.search("label|classes|proba", net.text)


def test_a_classifier_has_what_a_regressor_lacks() -> None:
    assert hasattr(SOFTMAX.module.Trainer, "predict_proba")
    assert not hasattr(REGRESSOR.module.Trainer, "predict_proba")


# --- the mathematics -----------------------------------------------------------------------------


@every_net
def test_gradients_are_those_of_the_textbook(net: Net) -> None:
    X, y = net.data(6)
    trainer = net.trainer()
    layers = reference.layers(trainer.weights, net.activations)
    expected = reference.gradients(layers, X, net.numbers(y), net.cost)
    found = trainer.gradients(X, y)
    assert list(found) == list(trainer.weights)
    tolerance = 1e-12 if net.dtype == "float64" else 1e-5
    for name, gradient in found.items():
        assert gradient.shape == trainer.weights[name].shape
        np.testing.assert_allclose(gradient, expected[name], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    "net", [net for net in NETS if net.dtype == "float64"], ids=lambda net: net.name
)
def test_gradients_are_slopes_of_the_cost(net: Net) -> None:
    X, y = net.data(6)
    trainer, h = net.trainer(), 1e-5
    for name, gradient in trainer.gradients(X, y).items():
        slopes = []
        for k in range(gradient.size):
            weights = copy(trainer.weights)
            costs = []
            for change in (h, -2 * h, h):
                weights[name].flat[k] += change
                trainer.set_weights(weights)
                costs.append(trainer.cost(X, y))
            slopes.append((costs[0] - costs[1]) / (2 * h))
        np.testing.assert_allclose(gradient.reshape(-1), slopes, rtol=1e-6, atol=1e-9)


@every_net
def test_cost_and_outputs_are_those_of_the_textbook(net: Net) -> None:
    X, y = net.data(7)
    trainer = net.trainer()
    layers = reference.layers(trainer.weights, net.activations)
    expected = reference.cost(layers, X, net.numbers(y), net.cost)
    assert trainer.cost(X, y) == pytest.approx(expected, rel=1e-5)
    outputs = np.array(reference.predict(layers, X))
    if net.classifies and net.sizes[-1] == 1:
        outputs = np.hstack([1 - outputs, outputs])
    found = trainer.predict_proba(X) if net.classifies else trainer.predict(X)
    np.testing.assert_allclose(np.reshape(found, outputs.shape), outputs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "net",
    [net for net in NETS if not {"optimizer", "schedule"} & {*net.options}],
    ids=lambda net: net.name,
)
def test_a_step_is_the_gradient_times_the_learning_rate(net: Net) -> None:
    X, y = net.data(5)
    trainer = net.trainer(learning_rate=0.25)
    before, gradients = copy(trainer.weights), trainer.gradients(X, y)
    assert trainer.step(X, y) is None
    tolerance = 1e-14 if net.dtype == "float64" else 1e-6
    for name, array in trainer.weights.items():
        np.testing.assert_allclose(
            array, before[name] - 0.25 * gradients[name], rtol=0, atol=tolerance
        )


@every_net
def test_a_batch_that_another_trainer_prepared_is_as_good(net: Net) -> None:
    """Also for the very first step, which draws the parameters."""
    X, y = net.data()
    batch = net.trainer().prepare(X, y)
    first, second = net.trainer(), net.trainer()
    for _ in range(3):
        first.step(batch)
        second.step(X, y)
    assert same(first.weights, second.weights)
    assert first._steps == second._steps == 3


@every_net
def test_a_prepared_batch_does_what_its_samples_do(net: Net) -> None:
    X, y = net.data()
    prepared, direct = net.trainer(), net.trainer()
    batch = prepared.prepare(X, y)
    X[...] = 0  # the batch is a copy
    for _ in range(3):
        prepared.step(batch)
        direct.step(net.data()[0], y)
    assert same(prepared.weights, direct.weights)


@every_net
def test_an_epoch_is_a_step_for_each_batch(net: Net) -> None:
    X, y = net.data(23)
    settings = {"batch_size": 5, "shuffle": False, "learning_rate": 0.2}
    trainer, by_hand = net.trainer(**settings), net.trainer(**settings)
    trainer.fit(X, y, epochs=1)
    for first in range(0, 23, 5):
        by_hand.step(X[first : first + 5], y[first : first + 5])
    assert same(trainer.weights, by_hand.weights)


@every_net
def test_numbers_and_labels_give_the_same_steps(net: Net) -> None:
    X, y = net.data()
    labels, numbers = net.trainer().fit(X, y), net.trainer().fit(X, net.numbers(y))
    assert same(labels.weights, numbers.weights)
    assert labels.cost(X, y) == numbers.cost(X, net.numbers(y))
    assert labels.score(X, y) == numbers.score(X, net.numbers(y))


@every_net
def test_arrays_have_the_type_that_was_asked_for(net: Net) -> None:
    X, y = net.data()
    trainer = net.trainer(learning_rate=np.float64(0.1)).fit(X, y)
    assert {array.dtype.name for array in trainer.weights.values()} == {net.dtype}
    assert {array.dtype.name for array in trainer.gradients(X, y).values()} == {net.dtype}
    outputs = trainer.predict_proba(X) if net.classifies else trainer.predict(X)
    assert outputs.dtype == net.dtype


def test_sigmoids_of_large_numbers_overflow_in_silence() -> None:
    trainer = REGRESSOR.trainer()
    trainer.set_weights({name: array * 1e4 for name, array in trainer.weights.items()})
    X, y = REGRESSOR.data()
    assert np.isfinite(trainer.cost(X * 1e4, y))
    assert np.isfinite(trainer.predict(X * 1e4)).all()


# --- start values and chance ---------------------------------------------------------------------


@every_net
def test_start_values_are_drawn_from_the_seed(net: Net) -> None:
    weights = net.trainer().weights
    assert same(weights, net.trainer().weights)
    assert not same(weights, net.trainer(random_state=2).weights)
    assert not same(*(net.trainer(random_state=None).weights for _ in range(2)))
    for l, (before, size) in enumerate(zip(net.sizes, net.sizes[1:], strict=False), start=2):
        assert weights[f"w{l}"].shape == (size, before)
        assert weights[f"b{l}"].shape == (size,)
        assert not weights[f"b{l}"].any()


@pytest.mark.parametrize(("activation", "variance"), [("tanh", 1 / 500), ("relu", 2 / 500)])
def test_start_values_have_the_variance_that_fits(activation: str, variance: float) -> None:
    weights = Net(f"500-200:{activation}-1", "quadratic").trainer().weights
    assert weights["w2"].var() == pytest.approx(variance, rel=0.02)
    assert weights["w2"].mean() == pytest.approx(0, abs=0.001)


@every_net
def test_the_seed_decides_everything(net: Net) -> None:
    X, y = net.data()
    first, second = net.trainer().fit(X, y), net.trainer().fit(X, y)
    assert same(first.weights, second.weights)
    assert first.loss_curve_ == second.loss_curve_
    assert not same(first.weights, net.trainer(random_state=2).fit(X, y).weights)


def test_every_epoch_has_an_order_of_its_own_unless_told_otherwise() -> None:
    def orders(shuffle: bool) -> list[list[float]]:
        trainer = REGRESSOR.trainer(shuffle=shuffle, batch_size=1)
        seen: list[float] = []
        plain = trainer._step
        trainer._step = lambda x, xT, y: seen.append(float(x[0, 0])) or plain(x, xT, y)
        trainer.fit(X, y, epochs=2)
        return [seen[:23], seen[23:]]

    X, y = REGRESSOR.data(23)
    shuffled, plain = orders(True), orders(False)
    assert plain == [X[:, 0].tolist()] * 2
    assert shuffled[0] != shuffled[1]
    assert sorted(shuffled[0]) == sorted(shuffled[1]) == sorted(plain[0])


# --- fit -----------------------------------------------------------------------------------------


@every_net
def test_training_lowers_the_cost(net: Net) -> None:
    X, y = net.data(60)
    trainer = net.trainer(epochs=40, learning_rate=0.3, batch_size=10)
    start = trainer.cost(X, y)
    assert trainer.fit(X, y) is trainer
    assert trainer.cost(X, y) < start / 1.2
    assert len(trainer.loss_curve_) == trainer.n_iter_ == 40
    assert trainer.n_features_in_ == net.sizes[0]


@every_net
def test_a_new_fit_starts_anew_and_given_weights_are_kept(net: Net) -> None:
    X, y = net.data()
    trainer = net.trainer().fit(X, y)
    first = copy(trainer.weights)
    assert same(trainer.fit(X, y).weights, first)
    assert trainer.n_iter_ == 3
    still = net.trainer(learning_rate=0.0)
    still.set_weights(first)
    assert same(still.fit(X, y).weights, first)
    assert not same(still.fit(X, y).weights, first)  # given once, used once


@every_net
def test_partial_fit_goes_on_for_one_epoch(net: Net) -> None:
    X, y = net.data()
    whole, parts = net.trainer().fit(X, y), net.trainer()
    for _ in range(3):
        assert parts.partial_fit(X, y) is parts
    assert same(whole.weights, parts.weights)
    assert parts.loss_curve_ == whole.loss_curve_


def test_the_callback_sees_every_epoch_and_can_stop() -> None:
    seen = []

    def callback(trainer: Any, epoch: int, cost: float) -> bool:
        seen.append((epoch, cost))
        assert cost == trainer.loss_curve_[-1]
        return epoch == 4

    trainer = REGRESSOR.trainer().fit(*REGRESSOR.data(), epochs=9, callback=callback)
    assert [epoch for epoch, _ in seen] == [1, 2, 3, 4]
    assert trainer.n_iter_ == 4


def test_verbose_prints_a_line_an_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    trainer = REGRESSOR.trainer(verbose=True).fit(*REGRESSOR.data())
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"epoch {k}: cost {c:.6g}" for k, c in enumerate(trainer.loss_curve_, 1)]
    REGRESSOR.trainer().fit(*REGRESSOR.data())
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("batch_size", [1, 7, 60, 100])
@every_net
def test_the_loss_of_an_epoch_is_that_of_each_sample_at_its_turn(net: Net, batch_size: int) -> None:
    X, y = net.data(60)
    settings = {"batch_size": batch_size, "shuffle": False, "learning_rate": 0.02}
    trainer, by_hand = net.trainer(**settings), net.trainer(**settings)
    trainer.fit(X, y, epochs=1)
    total = 0.0
    for first in range(0, 60, batch_size):
        rows = slice(first, first + batch_size)
        total += by_hand.cost(X[rows], y[rows]) * len(X[rows])
        by_hand.step(X[rows], y[rows])
    assert trainer.loss_curve_ == pytest.approx([total / 60], rel=1e-5)


def test_what_is_said_of_the_parameters_is_true() -> None:
    """The sum of the weights overflows, though no weight, no gradient and no cost does."""
    X, y = RELU.data(2)
    trainer = RELU.trainer(learning_rate=0.0, batch_size=1)
    trainer.set_weights({name: 0 * array + 0.4 for name, array in trainer.weights.items()})
    before = copy(trainer.weights)
    trainer._step = overflowing(trainer)
    told = "in step 2, in epoch 1; the parameters after step 0 are kept"
    with pytest.raises(FloatingPointError, match=told):
        trainer.fit(X, y, epochs=1)
    assert same(trainer.weights, before)


def overflowing(trainer: Any) -> Callable[..., Any]:
    """The step of a trainer, which moves weights to where their sum is no number of float32."""
    made = trainer._step

    def step(*batch: Any) -> Any:
        outputs = made(*batch)
        trainer._theta[...] = 3e38
        return outputs

    return step


def test_an_optimizer_begins_anew_after_a_cost_out_of_range() -> None:
    """Its means are no numbers then; with them the kept parameters could not be trained."""
    net = Net("5-20:relu-2:identity", "quadratic", optimizer="adam")
    X, y = net.data(200)
    trainer = net.trainer(learning_rate=1e300)
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError):
        trainer.fit(X, y, epochs=5)
    trainer.set_params(learning_rate=1e-3).partial_fit(X, y)
    assert np.isfinite(trainer.cost(X, y))


def test_a_step_without_a_rate_changes_nothing() -> None:
    X, y = DECAYING.data()
    trainer = DECAYING.trainer(total_steps=0)
    trainer.set_weights(trainer.weights)
    before = memory(trainer)
    for train in (trainer.step, trainer.partial_fit):
        with pytest.raises(ValueError, match="total_steps must be set"):
            train(X, y)
    found = memory(trainer)
    assert {n: found[n] for n in before if n != "_sized"} == {
        n: before[n] for n in before if n != "_sized"
    }


SHARES = [
    Net("2-3-4-1", "quadratic", style=style, optimizer=optimizer)
    for style in ("array", "scalar")
    for optimizer in ("adam", "adamw", "rmsprop")
]


def changing_shares(net: Net, between: Callable[[Any], Any]) -> float:
    """How far 12 steps, with other shares from the 5th on, are from the equations of the books."""
    X, y = net.data()
    trainer = net.trainer(learning_rate=0.01)
    theta, mean, square = copy(trainer.weights), dict[str, Any](), dict[str, Any]()
    for t in range(1, 13):
        first, second = (0.9, 0.999) if t < 5 else (0.5, 0.9)
        if net.options["optimizer"] == "rmsprop":
            trainer.alpha = second
        else:
            trainer.betas = (first, second)
        if t in (5, 8):  # just after the change, and some steps later
            trainer = between(trainer)
        for name, g in trainer.gradients(X, y).items():
            mean[name] = first * mean.get(name, 0) + (1 - first) * g
            square[name] = second * square.get(name, 0) + (1 - second) * g**2
            if net.options["optimizer"] == "rmsprop":
                theta[name] = theta[name] - 0.01 * g / (np.sqrt(square[name]) + 1e-8)
                continue
            if net.options["optimizer"] == "adamw" and name.startswith("w"):
                theta[name] = theta[name] * (1 - 0.01 * 0.01)
            root = np.sqrt(square[name] / (1 - second**t)) + 1e-8
            theta[name] = theta[name] - 0.01 * mean[name] / (1 - first**t) / root
        trainer.step(X, y)
    return max(float(abs(theta[name] - trainer.weights[name]).max()) for name in theta)


@pytest.mark.parametrize("net", SHARES, ids=lambda net: net.name)
def test_the_shares_that_means_keep_may_change_between_steps(net: Net, tmp_path: Path) -> None:
    """Though a mean is kept divided by 1 - β; and though it is saved, copied or pickled then."""

    def reload(trainer: Any) -> Any:
        trainer.save(tmp_path / "w.npz")
        return net.module.Trainer().load(tmp_path / "w.npz")

    for between in (lambda trainer: trainer, reload, deepcopy):
        assert changing_shares(net, between) < 1e-12


@pytest.mark.parametrize("net", SHARES, ids=lambda net: net.name)
def test_means_that_keep_their_old_scale_are_noticed(net: Net) -> None:
    def forgets(trainer: Any) -> Any:
        trainer._rescale = lambda scales: None
        return trainer

    assert changing_shares(net, forgets) > 1e-4


@pytest.mark.parametrize("workers", [2, 3, 9])
@every_net
def test_workers_do_what_one_does(net: Net, workers: int) -> None:
    """Also in a last batch that is smaller, or has fewer samples than there are workers."""
    X, y = net.data(37)
    settings = {"batch_size": 8, "learning_rate": 0.1}
    alone = net.trainer(**settings).fit(X, y)
    together = net.trainer(**settings, workers=workers).fit(X, y)
    tolerance = 1e-12 if net.dtype == "float64" else 1e-4
    for name, array in together.weights.items():
        np.testing.assert_allclose(array, alone.weights[name], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(together.loss_curve_, alone.loss_curve_, rtol=tolerance)
    together.set_params(workers=1).fit(X, y, epochs=1)
    assert same(together.weights, net.trainer(**settings).fit(X, y, epochs=1).weights)


def test_a_cost_out_of_range_ends_training_with_the_last_good_weights() -> None:
    X, y = RELU.data(200)
    trainer = RELU.trainer(epochs=50, batch_size=10)
    good: list[dict[str, Any]] = []

    def callback(trainer: Any, epoch: int, cost: float) -> None:
        good.append(copy(trainer.weights))
        if epoch == 2:
            trainer.learning_rate = 1e12

    with pytest.raises(FloatingPointError, match=r"the cost is (nan|inf) in step 4\d, in epoch 3"):
        trainer.fit(X, y, callback=callback)
    assert same(trainer.weights, good[-1])
    assert trainer.n_iter_ == 2
    assert np.isfinite(trainer.cost(X, y))


@pytest.mark.parametrize(
    "net",
    [
        RELU,
        Net("5-20:relu-2:identity", "quadratic", blas="scipy"),
        Net("2-3:relu-1:identity", "quadratic", style="scalar"),
    ],
    ids=lambda net: net.name,
)
def test_a_diverging_network_keeps_finite_parameters(net: Net) -> None:
    X, y = net.data(10)
    trainer = net.trainer(learning_rate=1e300 if net.dtype == "float64" else 1e30, epochs=50)
    with pytest.raises(FloatingPointError, match=r"in epoch \d+; the parameters after step \d"):
        trainer.fit(X * 1e3, y)
    assert all(np.isfinite(array).all() for array in trainer.weights.values())


def test_a_batch_may_be_larger_than_the_data() -> None:
    X, y = WIDE.data(7)
    assert same(
        WIDE.trainer(batch_size=1000, shuffle=False).fit(X, y).weights,
        WIDE.trainer(batch_size=7, shuffle=False).fit(X, y).weights,
    )


# --- settings and weights ------------------------------------------------------------------------


def test_settings_follow_scikit_learn() -> None:
    trainer = REGRESSOR.module.Trainer()
    names = ["learning_rate", "epochs", "batch_size", "shuffle", "validation_fraction"]
    names += ["patience", "workers", "random_state", "verbose"]
    assert list(trainer.get_params()) == list(vars(trainer)) == names
    clone = type(trainer)(**trainer.set_params(epochs=7).get_params(deep=False))
    assert clone.get_params() == trainer.get_params()
    assert clone.epochs == 7
    before = trainer.get_params()
    with pytest.raises(ValueError, match=r"speed.*learning_rate"):
        trainer.set_params(epochs=8, speed=3)
    assert trainer.get_params() == before
    with pytest.raises(TypeError):
        REGRESSOR.module.Trainer(0.1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs must be a whole number from 1 up, not 0"),
        ({"epochs": 2.5}, "epochs"),
        ({"batch_size": 0}, "batch_size must be a whole number from 1 up, not 0"),
        ({"batch_size": "many"}, "batch_size.*'many'"),
        ({"learning_rate": -1}, "learning_rate must be a number from 0 up, not -1"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"learning_rate": float("inf")}, "learning_rate"),
        ({"learning_rate": "fast"}, "learning_rate"),
        ({"random_state": -1}, "random_state must be None or a whole number from 0 up, not -1"),
    ],
)
def test_bad_settings_are_refused_by_fit(settings: dict[str, Any], message: str) -> None:
    trainer = REGRESSOR.trainer(**settings)
    before = dict(vars(trainer))
    with pytest.raises((ValueError, TypeError), match=message):
        trainer.fit(*REGRESSOR.data())
    assert vars(trainer) == before


@every_net
def test_weights_are_views_or_copies_and_set_weights_copies(net: Net) -> None:
    trainer = net.trainer()
    X, y = net.data()
    given = copy(net.trainer(random_state=2).weights)
    trainer.set_weights(given)
    assert same(trainer.weights, given)
    cost = trainer.cost(X, y)
    given["w2"][...] = 5
    assert trainer.cost(X, y) == cost
    trainer.weights["w2"][...] = 5
    assert (trainer.cost(X, y) == cost) == (net.style == "scalar")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"w2": None}, r"Trainer requires w2 to be passed, but w2 is None"),
        ({"w2": np.ones((2, 3))}, r"w2 must have the shape \(3, 2\), not \(2, 3\)"),
        ({"b2": [1, 2, np.nan]}, r"b2\[2\] is NaN, not a finite float64"),
        ({"w9": np.ones(3)}, "expected w2, b2, w3, b3, w4, b4"),
    ],
)
def test_bad_weights_change_nothing(change: dict[str, Any], message: str) -> None:
    trainer = REGRESSOR.trainer().fit(*REGRESSOR.data())
    before = memory(trainer)
    with pytest.raises((ValueError, TypeError), match=message):
        trainer.set_weights({**trainer.weights, **change})
    assert memory(trainer) == before


def test_missing_weights_change_nothing() -> None:
    trainer = REGRESSOR.trainer()
    with pytest.raises(ValueError, match="expected w2"):
        trainer.set_weights({"w2": np.ones((3, 2))})


# --- labels and scores ---------------------------------------------------------------------------


@every_classifier
@pytest.mark.parametrize(
    "name", [lambda c: c, lambda c: 10 * c - 5, lambda c: f"class {c}", lambda c: 2.0 * c]
)
def test_labels_come_back(net: Net, name: Callable[[int], Any]) -> None:
    X, codes = net.data(60)
    labels = np.array([name(c) for c in codes])
    trainer = net.trainer(epochs=60, learning_rate=0.5).fit(X, labels)
    assert trainer.classes_.tolist() == np.unique(labels).tolist()
    predicted = trainer.predict(X)
    assert set(predicted) <= set(labels)
    assert trainer.score(X, labels) == np.mean(predicted == labels) > 0.75
    probabilities = trainer.predict_proba(X)
    assert probabilities.shape == (60, len(trainer.classes_))
    assert (trainer.classes_[probabilities.argmax(axis=1)] == predicted).all()
    assert probabilities.min() >= 0
    if net is not LABELS:  # sigmoids of their own need not add up
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert same(net.trainer(epochs=60, learning_rate=0.5).fit(X, codes).weights, trainer.weights)


@pytest.mark.filterwarnings("ignore:A column-vector")  # which scikit-learn's users are told of
@every_classifier
@pytest.mark.filterwarnings("ignore:A column-vector")  # said where scikit-learn is loaded
def test_labels_may_be_given_in_many_ways(net: Net) -> None:
    X, y = net.data()
    trainer = net.trainer().fit(X, y)
    ways = [y.tolist(), y.astype(np.uint8), y.astype(float)]
    if net.sizes[-1] > 1:
        ways.append(y[:, None])
    for way in ways:
        assert same(net.trainer().fit(X, way).weights, trainer.weights)
        assert trainer.cost(X, way) == trainer.cost(X, y)
    text = np.array([f"{c}" for c in y])
    objects = np.array(list(text), dtype=object)
    assert net.trainer().fit(X, objects).classes_.tolist() == np.unique(text).tolist()


def test_two_truth_values_are_labels() -> None:
    X, y = BINARY.data()
    trainer = BINARY.trainer().fit(X, y.astype(bool))
    assert trainer.classes_.tolist() == [False, True]
    assert trainer.predict(X).dtype == bool


def test_a_class_may_be_missing_if_labels_count_from_0() -> None:
    X, y = SOFTMAX.data()
    trainer = SOFTMAX.trainer().fit(X, np.minimum(y, 1))
    assert trainer.classes_.tolist() == [0, 1, 2]
    assert trainer.predict_proba(X).shape == (23, 3)
    with pytest.raises(ValueError, match=r"labels of 3 classes, not of 2: 'a', 'b'"):
        SOFTMAX.trainer().fit(X, np.where(y > 0, "a", "b"))


def test_soft_targets_are_taken_as_they_are() -> None:
    X, _ = SOFTMAX.data(6)
    Y = np.full((6, 3), 1 / 3)
    layers = reference.layers(SOFTMAX.trainer().weights, SOFTMAX.activations)
    assert SOFTMAX.trainer().cost(X, Y) == pytest.approx(
        reference.cost(layers, X, Y, "log_likelihood")
    )


@every_classifier
def test_partial_fit_learns_the_classes_once(net: Net) -> None:
    X, y = net.data()
    trainer = net.trainer()
    names = np.array(["ant", "bee", "cow"])[: len(np.unique(y))]
    trainer.partial_fit(X[:1], names[y[:1]], classes=names)
    assert trainer.classes_.tolist() == names.tolist()
    trainer.partial_fit(X, names[y]).partial_fit(X, names[y], classes=names)
    before = memory(trainer)
    with pytest.raises(ValueError, match=r"the classes are already .*'ant'"):
        trainer.partial_fit(X, names[y], classes=["dog", "eel", "fox"][: len(names)])
    with pytest.raises(ValueError, match=r"unknown label 'gnu'; known are \['ant', 'bee'"):
        trainer.partial_fit(X[:1], ["gnu"])
    assert memory(trainer) == before
    trainer.fit(X, y)  # a new start may bring other labels
    assert trainer.classes_.tolist() == np.unique(y).tolist()


@every_regressor
def test_the_score_of_a_regressor_is_r_squared(net: Net) -> None:
    X, y = net.data()
    trainer = net.trainer().fit(X, y)
    predicted = trainer.predict(X)
    assert predicted.shape == y.shape
    rest, total = ((y - predicted) ** 2).sum(axis=0), ((y - y.mean(axis=0)) ** 2).sum(axis=0)
    assert trainer.score(X, y) == pytest.approx(np.mean(1 - rest / total), rel=1e-5)
    # Where y never changes: 1 if it is met, else 0, as in scikit-learn.
    # (One row alone and one among many may differ in the last bit.)
    assert trainer.score(X[:1], trainer.predict(X[:1])) == 1
    assert trainer.score(X[:1], y[:1]) == 0


def test_a_single_target_may_be_a_column() -> None:
    X, y = REGRESSOR.data()
    column = REGRESSOR.trainer().fit(X, y[:, None])
    assert same(column.weights, REGRESSOR.trainer().fit(X, y).weights)
    assert column.predict(X).shape == (23,)


# --- files ---------------------------------------------------------------------------------------


@every_net
def test_a_saved_trainer_predicts_the_same(net: Net, tmp_path: Path) -> None:
    X, y = net.data()
    if net.classifies:
        y = np.array([f"class {c}" for c in y])
    trainer = net.trainer(learning_rate=0.3, batch_size=4).fit(X, y)
    trainer.save(tmp_path / "weights")
    assert os.listdir(tmp_path) == ["weights"]
    loaded = net.module.Trainer()
    assert loaded.load(tmp_path / "weights") is loaded
    assert same(loaded.weights, trainer.weights)
    assert np.array_equal(loaded.predict(X), trainer.predict(X))
    assert loaded.loss_curve_ == trainer.loss_curve_
    assert loaded.score(X, y) == trainer.score(X, y)
    assert (loaded.learning_rate, loaded.batch_size) == (0.3, 4)
    with np.load(tmp_path / "weights", allow_pickle=False) as file:
        assert json.loads(file["state"].item())["network"] == net.module.NETWORK


@every_net
@pytest.mark.parametrize("shuffle", [True, False])
def test_resumed_training_is_undisturbed_training(net: Net, shuffle: bool, tmp_path: Path) -> None:
    X, y = net.data()
    settings = {"learning_rate": 0.3, "batch_size": 4, "shuffle": shuffle}
    whole = net.trainer(**settings).fit(X, y, epochs=5)
    net.trainer(**settings).fit(X, y, epochs=2).save(tmp_path / "w.npz")
    resumed = net.module.Trainer().load(tmp_path / "w.npz").fit(X, y, epochs=3)
    assert same(resumed.weights, whole.weights)
    assert resumed.loss_curve_ == whole.loss_curve_


def test_a_file_can_be_saved_before_training_and_many_times(tmp_path: Path) -> None:
    trainer = REGRESSOR.trainer()
    for _ in range(2):
        trainer.save(tmp_path / "w.npz")
    X, y = REGRESSOR.data()
    loaded = REGRESSOR.module.Trainer().load(tmp_path / "w.npz")
    assert same(loaded.fit(X, y, epochs=3).weights, REGRESSOR.trainer().fit(X, y).weights)


def test_a_damaged_file_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    path, trainer = tmp_path / "w.npz", REGRESSOR.trainer()
    trainer.save(path)
    sound, before = path.read_bytes(), memory(trainer)
    places = np.random.default_rng(0).integers(len(sound), size=60).tolist()
    cut = [b"", sound[:-1], sound[: len(sound) // 2], b"text", sound[1:]]
    flipped = [sound[:k] + bytes([sound[k] ^ 255]) + sound[k + 1 :] for k in places]
    refused = 0
    for content in cut + flipped:
        path.write_bytes(content)
        with contextlib.suppress(ValueError):
            trainer.load(path)  # some bytes mean nothing, such as a date in the archive
            assert same(trainer.weights, REGRESSOR.trainer().weights)
            before = memory(trainer)
            continue
        refused += 1
        assert memory(trainer) == before
    assert refused > 40


def test_weights_changed_behind_its_back_are_noticed(tmp_path: Path) -> None:
    path, trainer = tmp_path / "w.npz", REGRESSOR.trainer()
    trainer.save(path)
    with np.load(path) as file:
        entries = dict(file)
    entries["w2"] = entries["w2"] + 1e-9
    np.savez(path, **entries)
    with pytest.raises(ValueError, match="damaged"):
        trainer.load(path)


def test_foreign_files_are_refused(tmp_path: Path) -> None:
    path, trainer = tmp_path / "w.npz", REGRESSOR.trainer()
    WIDE.trainer().save(path)
    with pytest.raises(ValueError, match=r"holds the network 3-5.*, not 2-3"):
        trainer.load(path)
    np.save(path.with_suffix(".npy"), np.ones(3))
    with pytest.raises(ValueError, match="damaged, or nothing that this program saved"):
        trainer.load(path.with_suffix(".npy"))
    with pytest.raises(FileNotFoundError, match=r"absent\.npz"):
        trainer.load(tmp_path / "absent.npz")


def test_a_failing_save_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, trainer = tmp_path / "w.npz", REGRESSOR.trainer()
    trainer.save(path)
    old = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        trainer.fit(*REGRESSOR.data()).save(path)
    assert os.listdir(tmp_path) == ["w.npz"]
    assert path.read_bytes() == old


# --- bad input to the class ----------------------------------------------------------------------

METHODS: list[Callable[[Any, Any, Any], Any]] = [
    lambda trainer, X, y: trainer.fit(X, y),
    lambda trainer, X, y: trainer.partial_fit(X, y),
    lambda trainer, X, y: trainer.step(X, y),
    lambda trainer, X, y: trainer.prepare(X, y),
    lambda trainer, X, y: trainer.cost(X, y),
    lambda trainer, X, y: trainer.gradients(X, y),
    lambda trainer, X, y: trainer.score(X, y),
]


def refuse(net: Net, X: Any, y: Any, message: str) -> None:
    """Every method that takes data refuses these, with words, and the trainer is what it was."""
    trainer = net.trainer().fit(*net.data())
    before = memory(trainer)
    for method in METHODS:
        with pytest.raises((ValueError, TypeError), match=message):
            method(trainer, X, y)
        assert memory(trainer) == before


@pytest.mark.parametrize("net", [REGRESSOR, SINGLE, BINARY, SOFTMAX], ids=lambda net: net.name)
def test_bad_samples_are_refused_before_anything_changes(net: Net) -> None:
    X, y = net.data(6)
    n = net.sizes[0]
    shape = rf"X must have the shape \(samples, {n}\), not "
    late = X.copy()
    late[4, 1] = np.nan
    huge = X.copy()
    huge[5, 0] = -np.inf
    for bad, message in [
        (X[:, :-1], rf"X has {n - 1} features, but Trainer is expecting {n} features as input"),
        (X[0], rf"{shape}\({n},\)"),
        (X[None], rf"{shape}\(1, 6, {n}\)"),
        (3.0, rf"{shape}\(\)"),
        (X[:0], rf"X has 0 sample\(s\) and {n} feature\(s\)"),
        ([], rf"{shape}\(0,\)"),
        (late, r"X\[4, 1\] is NaN, not a finite float"),
        (huge, r"X\[5, 0\] is -inf, not a finite float"),
        (X.astype(complex), "Complex data not supported: X must hold real numbers"),
        (np.where(X[3, 1] == X, {}, X), r"X\[3, 1\] is \{\}: an argument must be no string"),
        (X.astype(str), "X must hold real numbers, not str"),
        (None, "Trainer requires X to be passed, but X is None"),
        ([[1.0], [1.0, 2.0]], "inhomogeneous shape"),
        (X[:-1], "X has 5 samples, but y has 6"),
    ]:
        refuse(net, bad, y, message)
    trainer = net.trainer()
    for bad in (X[:, :-1], late, X.astype(complex)):
        with pytest.raises((ValueError, TypeError), match=r"\bX\b"):
            trainer.predict(bad)


def test_numbers_beyond_float32_are_refused() -> None:
    X, y = SINGLE.data(6)
    X[2, 1] = 1e300
    refuse(SINGLE, X, y, r"X\[2, 1\] is 1e\+300, too large for float32")


@pytest.mark.parametrize("net", [REGRESSOR, WIDE], ids=lambda net: net.name)
def test_bad_targets_of_a_regressor_are_refused(net: Net) -> None:
    X, y = net.data(6)
    n = net.sizes[-1]
    late = np.reshape(y, (6, n)).copy()
    late[3, n - 1] = np.nan
    for bad, message in [
        (np.ones((6, n + 1)), rf"y must have the shape \(samples, {n}\), not \(6, {n + 1}\)"),
        (1.0, rf"y must have the shape \(samples, {n}\), not \(\)"),
        (late, rf"y\[3, {n - 1}\] is NaN, not a finite float64"),
        (late.astype(str), "y must hold real numbers, not str"),
        (late.astype(complex), "Complex data not supported: y must hold real numbers"),
        (np.reshape(y, (6, n))[:0], "y must have the shape"),
    ]:
        refuse(net, X, bad, message)


@every_classifier
def test_bad_targets_of_a_classifier_are_refused(net: Net) -> None:
    X, y = net.data(6)
    n = net.sizes[-1]
    for bad, message in [
        (
            np.ones((6, n + 2)),
            rf"y must hold labels over \(samples,\) or numbers over \(samples, {n}\)",
        ),
        (1, "y must hold labels"),
        (y[:0], "y must hold labels"),
        (np.where(y > 0, np.nan, y), "labels that are not finite"),
        (y.astype(complex), "labels must be all numbers or all text, not complex128"),
        (np.array([0, "1", None, 2, 3, 4], dtype=object), "labels must be all numbers or all text"),
        (np.array([0, "1", 0, 1, 0, 1], dtype=object), "labels must be all numbers or all text"),
        (np.full((6, n), 2.0), "numbers from 0 to 1"),
        (np.full((6, n), -0.5), "numbers from 0 to 1"),
        (np.full((6, n), np.nan), r"y\[0, 0\] is NaN"),
    ]:
        refuse(net, X, bad, message)
    if net is SOFTMAX:  # BP1 of the log-likelihood takes Σ y = 1 for granted
        refuse(net, X, np.full((6, n), 0.5), "with sum 1")
    trainer = net.trainer()
    with pytest.raises(
        ValueError, match=rf"of {max(2, n)} classes, not of 6: 0, 1, 2, 3, 4, \.\.\."
    ):
        trainer.fit(X, np.arange(6))
    assert list(vars(trainer)) == list(trainer.get_params())
    with pytest.raises(ValueError, match="unknown label 'a'; known are"):
        trainer.cost(X, ["a"] * 6)


# --- the program ---------------------------------------------------------------------------------


def write_csv(path: Path, X: Any, y: Any, header: bool = True) -> Path:
    """The samples with their targets in the last columns."""
    y = np.reshape(y, (len(X), -1))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if header:
            writer.writerow(
                [f"x{k}" for k in range(X.shape[1])] + [f"y{k}" for k in range(y.shape[1])]
            )
        writer.writerows([*x, *t] for x, t in zip(X.tolist(), y.tolist(), strict=True))
    return path


@every_net
def test_fit_evaluate_and_predict_do_what_the_class_does(net: Net, tmp_path: Path) -> None:
    X, y = net.data()
    write_csv(tmp_path / "data.csv", X, y)
    options = ["--epochs", 4, "--learning-rate", 0.3, "--batch-size", 5, "--random-state", 1]
    run = net.run_apart if net in (REGRESSOR, SOFTMAX) else net.run
    printed = run("fit", "data.csv", *options, cwd=tmp_path)
    settings = {"learning_rate": 0.3, "batch_size": 5, "random_state": 1}
    trainer = net.module.Trainer(epochs=4, **settings).fit(X, y)
    found = net.module.Trainer().load(tmp_path / "weights.npz")
    assert same(found.weights, trainer.weights)
    result = f"cost {trainer.cost(X, y):.6g}, {'accuracy' if net.classifies else 'R2'} "
    result += f"{trainer.score(X, y):.4f} on 23 samples"
    assert f"{result}; weights saved to weights.npz" in printed
    assert f"epoch 4 of 4, cost {trainer.loss_curve_[-1]:.6g}" in printed
    assert run("evaluate", "data.csv", cwd=tmp_path).strip() == result

    predicted = trainer.predict(X)
    lines = run("predict", "data.csv", "--weights", "weights.npz", cwd=tmp_path)
    table = np.array(list(csv.reader(io.StringIO(lines)))).astype(predicted.dtype)
    assert np.array_equal(table.reshape(predicted.shape), predicted)
    inputs = write_csv(tmp_path / "inputs.csv", X, np.empty((23, 0)))
    run("predict", inputs, "-o", "out.csv", cwd=tmp_path)
    assert (tmp_path / "out.csv").read_text() == lines


@pytest.mark.parametrize("net", [REGRESSOR, WIDE, BINARY, SOFTMAX], ids=lambda net: net.name)
def test_tables_of_every_kind_give_the_same_weights(net: Net, tmp_path: Path) -> None:
    X, y = net.data()
    numbers = net.numbers(y)
    np.save(tmp_path / "table.npy", np.column_stack([X, y]))
    np.savez(tmp_path / "arrays.npz", X=X, y=y, extra=X)
    text = write_csv(tmp_path / "plain.csv", X, y, header=False).read_text(encoding="utf-8")
    write_csv(tmp_path / "header.csv", X, y)
    quoted = '"' + text.replace(",", '", "').replace("\n", '"\n"').removesuffix('"')
    (tmp_path / "quoted.csv").write_bytes(
        b"\xef\xbb\xbf" + quoted.replace("\n", "\r\n\r\n").encode()
    )
    files = ["table.npy", "arrays.npz", "plain.csv", "header.csv", "quoted.csv"]
    if net.sizes[-1] > 1:
        write_csv(tmp_path / "targets.csv", X, numbers)
        files.append("targets.csv")
    expected = net.module.Trainer(random_state=3).fit(X, y, epochs=2)
    for file in files:
        net.run("fit", file, "--epochs", 2, "--random-state", 3, cwd=tmp_path)
        found = net.module.Trainer().load(tmp_path / "weights.npz")
        assert same(found.weights, expected.weights), file
        if net.classifies:
            assert found.classes_.tolist() == expected.classes_.tolist()


@pytest.mark.parametrize("target", ["kind", "2"])
def test_the_target_may_stand_anywhere_and_is_remembered(target: str, tmp_path: Path) -> None:
    X, y = BINARY.data()
    rows = [[a, label, b, c] for (a, b, c), label in zip(X.tolist(), y.tolist(), strict=True)]
    text = "".join(",".join(map(str, row)) + "\n" for row in [["a", "kind", "b", "c"], *rows])
    (tmp_path / "data.csv").write_text(text, encoding="utf-8")
    printed = BINARY.run(
        "fit", "data.csv", "--target", target, "--random-state", 1, "--epochs", 3, cwd=tmp_path
    )
    trainer = BINARY.trainer().fit(X, y)
    assert same(BINARY.module.Trainer().load(tmp_path / "weights.npz").weights, trainer.weights)
    for arguments in (["evaluate", "data.csv"], ["evaluate", "data.csv", "--target", target]):
        assert BINARY.run(*arguments, cwd=tmp_path).strip() in printed
    predicted = BINARY.run("predict", "data.csv", cwd=tmp_path)
    assert predicted.split() == trainer.predict(X).astype(str).tolist()


def test_several_targets_are_named_one_by_one(tmp_path: Path) -> None:
    X, y = WIDE.data()
    table = np.column_stack([y[:, 1], X, y[:, 0]])
    (tmp_path / "data.csv").write_text(
        "v,a,b,c,u\n" + "".join(",".join(map(repr, row)) + "\n" for row in table.tolist())
    )
    options = ["--target", "u", "--target", "v", "--random-state", 1, "--epochs", 3]
    WIDE.run("fit", "data.csv", *options, cwd=tmp_path)
    found = WIDE.module.Trainer().load(tmp_path / "weights.npz")
    assert same(found.weights, WIDE.trainer().fit(X, y).weights)


def test_labels_of_a_table_are_text_or_numbers(tmp_path: Path) -> None:
    X, y = SOFTMAX.data()
    path = tmp_path / "data.csv"
    for names in (
        ["ant, small", "bee", "cöw"],
        ["1", "2", "10"],
        ["0.5", "1", "2"],
        ["1", "2", "x"],
    ):
        write_csv(path, X, np.array(names)[y])
        SOFTMAX.run("fit", path, "--epochs", 1, cwd=tmp_path)
        trainer = SOFTMAX.module.Trainer().load(tmp_path / "weights.npz")
        assert {str(label) for label in trainer.classes_} <= {*names, "1.0", "2.0"}
        # Some rows alone may look like numbers even where the labels are text.
        some = y != 2
        write_csv(path, X[some], np.array(names)[y[some]])
        assert f"on {some.sum()} samples" in SOFTMAX.run("evaluate", path, cwd=tmp_path)
        lines = SOFTMAX.run("predict", path, cwd=tmp_path)
        assert {row[0] for row in csv.reader(io.StringIO(lines))} <= set(map(str, trainer.classes_))


GOOD = "1,2,0.5\n3,4,0.25\n"

BAD_FILES = [
    ("1,2,0.5\n1,abc,0.5\n", "data.csv, row 2, column 2: 'abc' is not a number"),
    ("a,age,y\n1,2,3\n4,abc,6\n", "data.csv, row 3, column 2 (\"age\"): 'abc' is not a number"),
    ("a,age,y\r\n1,2,3\r\n4,,6\r\n", "data.csv, row 3, column 2 (\"age\"): '' is not a number"),
    ("1,nan,3\n", "data.csv, row 1, column 2: 'nan' is not a number"),
    ("1,2,inf\n", "data.csv, row 1, column 3: 'inf' is not a number"),
    ("1,2,high\n", "data.csv, row 1, column 3: 'high' is not a number"),
    ("1,2,3\n4,5\n", "data.csv, row 2: 2 columns instead of 3"),
    ("1,2\n", "data.csv has 2 columns, expected 2 inputs and 1 target"),
    ("1,2,3,4\n", "data.csv has 4 columns, expected 2 inputs and 1 target"),
    ("", "data.csv holds no samples"),
    ("\n\n", "data.csv holds no samples"),
    ("a,b,y\n", "data.csv holds no samples"),
]


@pytest.mark.parametrize(("text", "message"), BAD_FILES)
def test_a_bad_table_gives_one_clear_line(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(text, newline="")
    printed = REGRESSOR.run("fit", "data.csv", cwd=tmp_path, code=2)
    assert printed == f"{REGRESSOR.path.name}: {message}\n"
    assert os.listdir(tmp_path) == ["data.csv"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2,3,a\n1,2,3,\n", "data.csv, row 2, column 4: the label is missing"),
        ("p,q,r,kind\n1,2,3,a\n1,2,,b\n", "row 3, column 3 (\"r\"): '' is not a number"),
        ("1,2,3,a\n1,2,3,b\n1,2,3,c\n", "labels of 2 classes, not of 3: 'a', 'b', 'c'"),
        ("1,2,3,a\n", "labels of 2 classes, not of 1: 'a'"),
        ("1,2,3\n", "data.csv has 3 columns, expected 3 inputs and 1 label"),
    ],
)
def test_a_bad_label_gives_one_clear_line(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(text)
    printed = BINARY.run("fit", "data.csv", cwd=tmp_path, code=2)
    assert message in printed
    assert printed.count("\n") == 1
    assert os.listdir(tmp_path) == ["data.csv"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fit", "absent.csv"], "absent.csv: No such file or directory"),
        (["fit", "."], "Is a directory"),
        (["fit", "good.csv", "--save", "absent/w.npz"], "absent/w.npz cannot be written"),
        (["fit", "good.csv", "--save", "."], ". cannot be written"),
        (["fit", "good.csv", "--resume", "absent.npz"], "absent.npz does not exist yet"),
        (["fit", "good.csv", "--resume", "good.csv"], "good.csv cannot be loaded: it is damaged"),
        (["fit", "good.csv", "--target", "z"], "good.csv has no column z, but 1, 2, 3"),
        (["fit", "good.csv", "--target", "4"], "good.csv has no column 4, but 1, 2, 3"),
        (["fit", "good.csv", "--epochs", "0"], "epochs must be a whole number from 1 up"),
        (["fit", "good.csv", "--epochs", "few"], "invalid int value: 'few'"),
        (["fit", "good.csv", "--learning-rate", "-1"], "learning_rate must be a number from 0 up"),
        (["fit", "good.csv", "--learning-rate", "nan"], "learning_rate"),
        (["fit", "good.csv", "--batch-size", "0"], "batch_size"),
        (["fit", "text.npy"], "text.npy is not a sound .npy or .npz file"),
        (["fit", "cube.npy"], "not a table of numbers"),
        (["fit", "archive.npy"], "not a table of numbers"),
        (["fit", "nan.npy"], "nan.npy, row 2, column 1: 'nan' is not a number"),
        (["fit", "other.npz"], "other.npz has no array X, but Z"),
        (["fit", "short.npz"], "X has 3 samples, but y has 2"),
        (["evaluate", "X.npz", "--weights", "w.npz"], "X.npz has no array y, but X"),
        (["evaluate", "inputs.csv", "--weights", "w.npz"], "inputs.csv has 2 columns"),
        (["evaluate", "good.csv", "--weights", "absent.npz"], "No such file"),
        (["predict", "good.csv"], "weights.npz: No such file or directory"),
        (["predict", "good.csv", "--weights", "w.npz", "-o", "no/o.csv"], "cannot be written"),
        (["predict", "wide.csv", "--weights", "w.npz"], "wide.csv has 5 columns"),
        (
            ["predict", "good.csv", "--weights", "damaged.npz"],
            "damaged.npz cannot be loaded: it is damaged",
        ),
        (["guess", "good.csv"], "invalid choice: 'guess'"),
        (["fit"], "required: DATA"),
        ([], "required: COMMAND"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_gives_one_clear_message(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    (tmp_path / "good.csv").write_text(GOOD)
    (tmp_path / "wide.csv").write_text("1,2,3,4,5\n")
    (tmp_path / "inputs.csv").write_text("1,2\n")
    (tmp_path / "text.npy").write_text("abc")
    np.save(tmp_path / "cube.npy", np.ones((2, 3, 4)))
    np.save(tmp_path / "nan.npy", np.array([[1, 2, 3], [np.nan, 1, 1]]))
    np.savez(tmp_path / "other.npz", Z=np.ones(3))
    np.savez(tmp_path / "X.npz", X=np.ones((3, 2)))
    (tmp_path / "archive.npy").write_bytes((tmp_path / "X.npz").read_bytes())
    np.savez(tmp_path / "short.npz", X=np.ones((3, 2)), y=np.ones(2))
    REGRESSOR.trainer().save(tmp_path / "w.npz")
    (tmp_path / "damaged.npz").write_bytes((tmp_path / "w.npz").read_bytes()[:-30])
    files = sorted(os.listdir(tmp_path))
    printed = REGRESSOR.run(*arguments, cwd=tmp_path, code=2)
    assert message in printed
    assert sorted(os.listdir(tmp_path)) == files


def test_bad_input_ends_a_process_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("1,2,0.5\n1,abc,0.5\n")
    (tmp_path / "weights.npz").write_text("text")
    for arguments in (["fit", "data.csv"], ["predict", "data.csv"], ["evaluate", "absent.csv"]):
        printed = REGRESSOR.run_apart(*arguments, cwd=tmp_path, code=2)
        assert printed.startswith(f"{REGRESSOR.path.name}: ")
        assert printed.count("\n") == 1


def test_a_diverging_program_says_so(tmp_path: Path) -> None:
    X, y = RELU.data()
    write_csv(tmp_path / "data.csv", X, y)
    printed = RELU.run("fit", "data.csv", "--learning-rate", "1e20", cwd=tmp_path, code=1)
    assert re.search(
        r"the cost is (inf|nan) in step \d+, in epoch \d+; .* try a smaller learning_rate", printed
    )
    assert os.listdir(tmp_path) == ["data.csv"]


def test_a_failing_save_of_the_program_leaves_the_old_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_csv(tmp_path / "data.csv", *REGRESSOR.data())
    (tmp_path / "weights.npz").write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "No space left" in REGRESSOR.run("fit", "data.csv", cwd=tmp_path, code=1)
    assert (tmp_path / "weights.npz").read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["data.csv", "weights.npz"]


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_stopped_program_saves_and_says_where(number: signal.Signals, tmp_path: Path) -> None:
    X, y = REGRESSOR.data(200)
    write_csv(tmp_path / "data.csv", X, y)
    command = [sys.executable, "-W", "error", str(REGRESSOR.path), "fit", "data.csv"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*command, "--epochs", "2000", "--random-state", "7"],
        cwd=tmp_path,
        stdout=pipe,
        stderr=pipe,
        text=True,
    ) as run:
        assert run.stderr is not None
        assert run.stderr.readline().startswith("epoch 200 of 2000, cost ")
        run.send_signal(number)
        printed, errors = run.communicate(timeout=30)
    assert run.returncode == 128 + number, errors
    assert "Traceback" not in errors
    place = re.match(
        r"stopped in epoch (\d+) of 2000 and saved to weights\.npz; to go on:\n", printed
    )
    assert place
    assert printed.endswith(f"{REGRESSOR.path} fit data.csv --resume weights.npz\n")
    done = int(place[1]) - 1
    assert REGRESSOR.module.Trainer().load(tmp_path / "weights.npz").n_iter_ == done
    options = ["--resume", "weights.npz", "--epochs", done + 2]
    REGRESSOR.run("fit", "data.csv", *options, cwd=tmp_path)
    resumed = REGRESSOR.module.Trainer().load(tmp_path / "weights.npz")
    whole = REGRESSOR.module.Trainer(random_state=7).fit(X, y, epochs=done + 2)
    assert same(resumed.weights, whole.weights)
    assert resumed.loss_curve_ == whole.loss_curve_


@pytest.mark.parametrize("step", [1, 3, 6, 8, 12])  # there are 6 steps in an epoch
@every_net
def test_stopping_at_any_step_loses_nothing(
    net: Net, step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y = net.data()
    write_csv(tmp_path / "data.csv", X, y)
    plain, steps = net.module.Trainer._step, itertools.count(1)

    def interrupted(trainer: Any, *batch: Any) -> Any:
        if next(steps) == step:
            signal.raise_signal(signal.SIGTERM)
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL  # a second one ends at once
        return plain(trainer, *batch)

    options = ["--batch-size", 4, "--learning-rate", 0.3, "--random-state", 1]
    with monkeypatch.context() as patch:
        patch.setattr(net.module.Trainer, "_step", interrupted)
        code = 128 + signal.SIGTERM
        net.run("fit", "data.csv", "--epochs", 3, *options, cwd=tmp_path, code=code)
    done = net.module.Trainer().load(tmp_path / "weights.npz").n_iter_
    assert done == (step - 1) // 6
    net.run("fit", "data.csv", "--resume", "weights.npz", cwd=tmp_path)
    settings = {"batch_size": 4, "learning_rate": 0.3, "random_state": 1}
    whole = net.module.Trainer(**settings).fit(X, y, epochs=3)
    resumed = net.module.Trainer().load(tmp_path / "weights.npz")
    assert same(resumed.weights, whole.weights)
    assert resumed.loss_curve_ == whole.loss_curve_


def test_the_rest_of_a_stopped_epoch_is_for_fit_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y = REGRESSOR.data()
    write_csv(tmp_path / "data.csv", X, y)
    seen: list[int] = []

    plain = REGRESSOR.module.Trainer._step

    def interrupted(trainer: Any, *batch: Any) -> Any:
        seen.append(len(batch[0]))
        if len(seen) == 1:
            signal.raise_signal(signal.SIGTERM)
        return plain(trainer, *batch)

    monkeypatch.setattr(REGRESSOR.module.Trainer, "_step", interrupted)
    options = ["--batch-size", 10]
    REGRESSOR.run("fit", "data.csv", *options, cwd=tmp_path, code=128 + signal.SIGTERM)
    trainer = REGRESSOR.module.Trainer()
    trainer.load(tmp_path / "weights.npz").partial_fit(X, y)
    trainer.load(tmp_path / "weights.npz").fit(X, y, epochs=2)
    assert seen == [10, 10, 10, 3, 10, 3, 10, 10, 3]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_bar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_csv(tmp_path / "data.csv", *REGRESSOR.data())
    monkeypatch.setattr(io, "StringIO", Terminal)
    printed = REGRESSOR.run("fit", "data.csv", "--epochs", 30, cwd=tmp_path)
    shown = printed.split("\r")[1:]
    assert len(shown) == 30
    assert shown[14].startswith("[" + "#" * 15 + " " * 15 + "] epoch 15 of 30, cost 0.")
    assert "\n" in shown[-1]


@every_net
def test_check_proves_the_gradients_of_the_file(net: Net, tmp_path: Path) -> None:
    lines = net.run("check", cwd=tmp_path).splitlines()
    judged = [*net.trainer().weights, *(["step"] if net.options.get("blas") == "scipy" else [])]
    assert [line.split(":")[0] for line in lines[:-1]] == judged
    assert re.fullmatch(r"gradient check: largest relative error \d\.\de-\d\d, ok", lines[-1])


def test_check_says_how_many_entries_it_looked_at(tmp_path: Path) -> None:
    net = Net("64-30-10:softmax", "log_likelihood")
    assert "in 200 of 1920 entries" in net.run("check", cwd=tmp_path)


@pytest.mark.parametrize("wrong", [1.001, float("nan")])
@every_net
def test_check_notices_a_wrong_gradient(
    net: Net, wrong: float, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    right = net.module._gradients

    def planted(*arguments: Any) -> Any:
        gradient = right(*arguments)
        gradient[np.argmax(abs(gradient))] *= wrong
        return gradient

    monkeypatch.setattr(net.module, "_gradients", planted)
    assert net.run("check", cwd=tmp_path, code=1).endswith(", WRONG\n")


def test_check_notices_a_wrong_step(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What BLAS adds to the weights is judged too, not only the gradients beside it."""
    right = SCIPY.module._fused

    def planted(theta: Any, m: int) -> Any:
        step = right(theta, m)

        def wrong(*arguments: Any) -> None:
            step(*arguments)
            theta[0] += 1e-3

        return wrong

    monkeypatch.setattr(SCIPY.module, "_fused", planted)
    printed = SCIPY.run("check", cwd=tmp_path, code=1)
    assert printed.endswith(", WRONG\n")


def test_help_shows_how_to_use_it(tmp_path: Path) -> None:
    printed = SOFTMAX.run_apart("--help", cwd=tmp_path)
    assert f"Train the network {SOFTMAX.module.NETWORK} and use it" in printed
    assert f"{SOFTMAX.path.name} predict new.csv -o predictions.csv" in printed
    for command in ("fit", "predict", "evaluate", "check"):
        assert re.search(rf"^ +{command} +[A-Z]", printed, re.MULTILINE)
        SOFTMAX.run(command, "--help", cwd=tmp_path)


def test_output_may_be_cut_short(tmp_path: Path) -> None:
    X, y = REGRESSOR.data(9000)
    np.savez(tmp_path / "data.npz", X=X, y=y)
    REGRESSOR.trainer().save(tmp_path / "weights.npz")
    pipe = subprocess.PIPE
    command = [sys.executable, str(REGRESSOR.path), "predict", "data.npz"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=pipe, stderr=pipe, text=True) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.readline()
        run.stdout.close()
        assert run.stderr.read() == ""


# --- hinge: y is ±1, and outputs are no probabilities -------------------------------------------

HINGES = [
    Net("3-4:tanh-1:identity", "hinge"),
    Net("6-14:relu-3:identity", "hinge", "float32"),
]
every_hinge = pytest.mark.parametrize("net", HINGES, ids=lambda net: net.name)


@every_hinge
def test_labels_become_plus_and_minus_one(net: Net) -> None:
    X, labels = net.data()
    classes = max(2, net.sizes[-1])
    names = np.array([f"kind {k}" for k in range(classes)])
    trainer = net.trainer(epochs=30, learning_rate=0.1).fit(X, names[labels])
    signs = 2 * np.eye(classes)[labels] - 1 if classes > 2 else 2.0 * labels[:, None] - 1
    assert trainer.prepare(X, names[labels])[2].T.tolist() == signs.tolist()
    assert trainer.loss_curve_[-1] < trainer.loss_curve_[0]
    assert set(trainer.predict(X)) <= set(names)
    assert trainer.score(X, names[labels]) == np.mean(trainer.predict(X) == names[labels]) > 0.5
    assert trainer.cost(X, names[labels]) == trainer.cost(X, signs)
    scores = trainer.decision_function(X)
    if classes == 2:  # as scikit-learn has it: above 0 it is the second
        assert scores.shape == (len(X),)
        assert (names[(scores > 0).astype(int)] == trainer.predict(X)).all()
    else:
        assert scores.shape == (len(X), classes)
        assert (names[scores.argmax(axis=1)] == trainer.predict(X)).all()
    assert not hasattr(trainer, "predict_proba")


@every_hinge
def test_hinge_takes_numbers_between_its_targets(net: Net) -> None:
    X, _ = net.data()
    trainer = net.trainer()
    with pytest.raises(ValueError, match="labels or numbers from -1 to 1"):
        trainer.cost(X, np.full((len(X), net.sizes[-1]), 1.5))


@every_hinge
def test_hinge_is_the_textbook_s_and_checks_itself(net: Net, tmp_path: Path) -> None:
    X, labels = net.data()
    trainer = net.trainer(epochs=2).fit(X, labels)
    signs = trainer.prepare(X, labels)[2].T
    layers = reference.layers(trainer.weights, net.activations)
    expected = reference.gradients(layers, X, signs, "hinge")
    tolerance = 1e-9 if net.dtype == "float64" else 1e-4
    for name, value in trainer.gradients(X, labels).items():
        np.testing.assert_allclose(value, expected[name], rtol=tolerance, atol=tolerance)
    assert "ok" in net.run("check", cwd=tmp_path)


def test_labels_of_plus_and_minus_one_are_labels(tmp_path: Path) -> None:
    net = HINGES[0]
    X, labels = net.data()
    trainer = net.trainer().fit(X, 2 * labels - 1)
    assert trainer.classes_.tolist() == [-1, 1]
    assert set(trainer.predict(X)) <= {-1, 1}


# --- formulas of one's own ----------------------------------------------------------------------


def test_the_head_holds_the_command_that_makes_the_file_again(tmp_path: Path) -> None:
    network = symnet.Network("2-3:sigmoid-1", activation="z / (1 + exp(-z))", cost="(a - y)**4 / 4")
    text = symnet.generate(network)
    (_, made_by) = text.split("Made by: ")
    words = shlex.split(made_by.split("\n\n")[0].replace("\\\n", ""))
    assert words[3:] == ["--activation", "z / (1 + exp(-z))", "--cost", "(a - y)**4 / 4"]
    again = symnet.Network(words[2], activation=words[4], cost=words[6])
    assert again == network
    assert symnet.generate(again) == text
