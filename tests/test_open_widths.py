"""Trainers whose widths are letters: the same numbers as where the widths are written out."""

import functools
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symnet import Network, SymnetError, generate

# A network with letters, the same with numbers, and the settings that say the hidden widths.
NETWORKS = [
    ("n-4:tanh-2", "3-4:tanh-2", {}),
    ("3-4:tanh-k", "3-4:tanh-2", {}),
    ("n-4:relu-k:identity", "3-4:relu-2:identity", {}),
    ("n-4:tanh-n", "3-4:tanh-3", {}),
    ("n-h-2", "3-5-2", {"h": 5}),
    ("n-h:gelu-h:tanh-k:softplus", "3-5:gelu-5:tanh-2:softplus", {"h": 5}),
    ("n-n-k", "3-3-2", {}),
    ("a-b:relu-c:softmax-d", "3-6:relu-4:softmax-2", {"b": 6, "c": 4}),
]
OPTIONS = [
    {},
    {"optimizer": "adamw", "dtype": "float32"},
    {"optimizer": "momentum", "clip_norm": 1.0},
    {"optimizer": "nesterov", "schedule": "cosine"},
    {"blas": "scipy"},
    {"optimizer": "rmsprop", "blas": "scipy"},
]


@functools.cache
def made(network: str, options: tuple[tuple[str, Any], ...], cost: str = "quadratic") -> Any:
    space: dict[str, Any] = {"__name__": "generated"}
    exec(generate(Network(network, cost=cost), style="array", **dict(options)), space)
    return space["Trainer"]


def data(seed: int, inputs: int, outputs: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(23, inputs)), rng.uniform(0.1, 0.9, size=(23, outputs))


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize(("letters", "numbers", "settings"), NETWORKS)
def test_letters_compute_what_numbers_do(
    letters: str, numbers: str, settings: dict[str, int], options: dict[str, Any]
) -> None:
    sizes = Network(numbers).sizes
    X, y = data(0, int(sizes[0]), int(sizes[-1]))
    several = tuple(options.items())
    training = {"random_state": 4, "epochs": 3, "batch_size": 5}
    one = made(letters, several)(**training, **settings).fit(X, y)
    other = made(numbers, several)(**training).fit(X, y)
    rounding = 1e-5 if options.get("dtype") == "float32" else 1e-12
    assert one.weights.keys() == other.weights.keys()
    for name, array in other.weights.items():
        assert one.weights[name].dtype == array.dtype
        np.testing.assert_allclose(one.weights[name], array, rounding, rounding)
    np.testing.assert_allclose(one.loss_curve_, other.loss_curve_, rounding)
    for name, gradient in other.gradients(X, y).items():
        np.testing.assert_allclose(one.gradients(X, y)[name], gradient, rounding, rounding)
    np.testing.assert_allclose(one.predict(X), other.predict(X), rounding, rounding)


def test_the_number_of_classes_is_that_of_the_labels() -> None:
    trainer = made("n-5:relu-k:softmax", (), "log_likelihood")(random_state=0, epochs=2)
    X = np.random.default_rng(0).normal(size=(30, 4))
    for labels in (["a", "b"], ["a", "b", "c"], [7, 9, 11, 13], ["only"]):
        y = np.resize(labels, 30)
        trainer.fit(X, y)
        assert trainer.classes_.tolist() == labels
        assert trainer.weights["w3"].shape == (len(labels), 5)
        assert set(trainer.predict(X)) <= set(labels)
        assert trainer.predict_proba(X).shape == (30, len(labels))


def test_a_new_fit_takes_new_widths_and_a_given_network_keeps_its_own() -> None:
    trainer = made("n-4:tanh-k", ())(random_state=0, epochs=1)
    for inputs, outputs in ((3, 2), (5, 1)):
        trainer.fit(*data(1, inputs, outputs))
        assert trainer.n_features_in_ == inputs
        assert trainer.weights["w2"].shape == (4, inputs)
    trainer.set_weights({n: np.ones_like(a) for n, a in trainer.weights.items()})
    with pytest.raises(ValueError, match="X has 3 features, but Trainer is expecting 5"):
        trainer.fit(*data(1, 3, 1))
    with pytest.raises(ValueError, match=r"y must have the shape \(samples, 1\), not \(23, 2\)"):
        trainer.fit(*data(1, 5, 2))
    assert (trainer.weights["w2"] == 1).all()


def test_weights_and_files_say_the_widths(tmp_path: Any) -> None:
    kind = made("n-h:tanh-k", ())
    X, y = data(2, 3, 2)
    first = kind(random_state=0, epochs=2, h=7).fit(X, y)
    first.save(tmp_path / "w.npz")
    loaded = kind().load(tmp_path / "w.npz")
    assert loaded.h == 7
    assert loaded.n_features_in_ == 3
    copied = kind()
    copied.set_weights(first.weights)
    for other in (loaded, copied):
        np.testing.assert_array_equal(other.predict(X), first.predict(X))


def test_what_needs_widths_says_so_before_there_are_any() -> None:
    trainer = made("n-4:tanh-k", ())()
    for use in (lambda: trainer.predict(np.ones((2, 3))), lambda: trainer.weights):
        with pytest.raises(ValueError, match="not fitted yet"):
            use()
    assert not hasattr(trainer, "n_features_in_")


def test_one_letter_is_one_number() -> None:
    trainer = made("n-4:tanh-n", ())()
    with pytest.raises(ValueError, match="as many inputs as outputs; X and y have 3 inputs, but 2"):
        trainer.fit(*data(0, 3, 2))


@pytest.mark.parametrize("wrong", [0, 2.5, "8", None])
def test_a_hidden_width_is_a_whole_number(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"^h must be a whole number from 1 up"):
        made("n-h:tanh-k", ())(h=wrong).fit(*data(0, 3, 2))


LONG = [
    "a-b-c-d-e-f-g-h:softmax",
    "n-" + "-".join(["20"] * 20) + "-k",
    "n-" + "-".join(["h"] * 20) + "-k:softmax",
]


@pytest.mark.parametrize("options", [{}, {"optimizer": "adamw"}, {"blas": "scipy"}], ids=str)
def test_many_letters_and_layers_are_written_as_ruff_writes(
    options: dict[str, Any], tmp_path: Path
) -> None:
    for i, network in enumerate(LONG):
        (tmp_path / f"made_{i}.py").write_text(generate(network, **options), encoding="utf-8")
    config = Path(__file__).parent.parent / "pyproject.toml"
    for command in (["check", "--ignore", "RET504"], ["format", "--check"]):
        run = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", "--config", config, tmp_path],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("network", LONG)
def test_many_letters_compute_what_numbers_do(network: str) -> None:
    letters = {x: 3 + i for i, x in enumerate(dict.fromkeys(re.findall(r"\b[a-z]\b", network)))}
    numbers = re.sub(r"\b[a-z]\b", lambda x: str(letters[x[0]]), network)
    sizes, (first, *_) = Network(numbers).sizes, letters
    X, y = data(0, int(sizes[0]), int(sizes[-1]))
    hidden = {name: size for name, size in letters.items() if name not in (first, network[-1])}
    cost = "log_likelihood" if network.endswith("softmax") else "quadratic"
    y = y / y.sum(axis=1, keepdims=True) if network.endswith("softmax") else y
    hidden.pop("h" if network.startswith("a-") else "k", None)
    one = made(network, (), cost)(random_state=0, epochs=2, **hidden).fit(X, y)
    other = made(numbers, (), cost)(random_state=0, epochs=2).fit(X, y)
    for name, array in other.weights.items():
        np.testing.assert_allclose(one.weights[name], array, 1e-12, 1e-12)


GATED = """
[network]
inputs = "n"
[[layer]]
axes = { j = "h" }
parameters = { v = ["j", "k"], w = ["j", "k"], b = ["j"] }
equations = [
    "u[j] = sum(k, v[j,k]*x[k])",
    "z[j] = sum(k, w[j,k]*x[k]) + b[j]",
    "a[j] = u[j]*sigmoid(z[j])",
]
[[layer]]
neurons = "k"
activation = "identity"
"""


def test_layers_of_ones_own_may_be_open() -> None:
    closed = GATED
    for letter, number in (("n", 3), ("h", 5), ("k", 2)):
        closed = closed.replace(f'= "{letter}"', f"= {number}")
    trainers = []
    for text, settings in ((GATED, {"h": 5}), (closed, {})):
        space: dict[str, Any] = {"__name__": "generated"}
        exec(generate(Network.from_toml(text), style="array", optimizer="adam"), space)
        trainers.append(space["Trainer"](random_state=0, epochs=3, **settings))
    X, y = data(4, 3, 2)
    one, other = (trainer.fit(X, y) for trainer in trainers)
    for name, array in other.weights.items():
        np.testing.assert_allclose(one.weights[name], array, 1e-12, 1e-12)


def test_a_look_at_the_score_gives_up_nothing() -> None:
    """A hidden width that was set after training is for the next training."""
    trainer = made("n-h:tanh-k", ())(random_state=0, epochs=1, h=5)
    X, y = data(3, 3, 2)
    trainer.fit(X, y).set_params(h=7)
    before = {name: array.copy() for name, array in trainer.weights.items()}
    trainer.score(X, y), trainer.cost(X, y), trainer.gradients(X, y)
    for name, array in before.items():
        np.testing.assert_array_equal(trainer.weights[name], array)
    assert trainer.partial_fit(X, y).weights["w2"].shape == (5, 3)
    assert trainer.fit(X, y).weights["w2"].shape == (7, 3)


def test_the_scalar_style_cannot_wait_for_widths() -> None:
    with pytest.raises(SymnetError, match="takes widths from its data"):
        generate("n-3", style="scalar")
