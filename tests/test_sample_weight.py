"""Weights of samples: a sample of weight k counts as k samples, one of weight 0 as none.

A step on weighted samples follows Σ s_i ∂C_i / Σ 1, the weights 1 on average over the data.
"""

import functools
import itertools
from typing import Any

import numpy as np
import pytest

from symnet import Network, generate
from symnet.network.functions import COSTS
from symnet.network.optimizers import OPTIMIZERS

STYLES = ("array", "scalar")


@functools.cache
def trainer_of(network: Network, optimizer: str = "sgd", style: str = "auto") -> Any:
    """The class Trainer of the file that is generated."""
    space: dict[str, Any] = {"__name__": "generated"}
    exec(generate(network, optimizer=optimizer, style=style), space)
    return space["Trainer"]


def samples(network: Network, count: int, seed: int = 0) -> tuple[Any, Any]:
    """Inputs, and targets that the cost allows."""
    rng = np.random.default_rng(seed)
    low, high = network.cost.targets
    x = rng.normal(size=(count, int(network.inputs)))
    y = rng.uniform(low, high, size=(count, int(network.sizes[-1])))
    return x, y / y.sum(axis=1, keepdims=True) if network.cost.normalised else y


def moved(trainer: Any, x: Any, y: Any, weights: Any = None) -> Any:
    """What one epoch of sgd in a single batch adds to the parameters, for a rate of 1."""
    trainer.set_params(learning_rate=1.0, batch_size=10**6, shuffle=False)
    before = {name: array.copy() for name, array in trainer.weights.items()}
    trainer.set_weights(before)
    trainer.fit(x, y, sample_weight=weights, epochs=1)
    return {name: trainer.weights[name] - before[name] for name in before}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("cost", COSTS)
def test_a_weighted_step_is_the_sum_of_the_samples_weighted_gradients(
    cost: str, style: str
) -> None:
    output = "softmax" if cost == "log_likelihood" else "sigmoid"
    network = Network(f"3-4:tanh-2:{output}", cost=cost)
    trainer = trainer_of(network, style=style)(random_state=0)
    x, y = samples(network, 7)
    s = np.random.default_rng(1).uniform(0.1, 3, 7)
    each = [trainer.gradients(x[i : i + 1], y[i : i + 1]) for i in range(7)]
    for name, change in moved(trainer, x, y, s).items():
        wanted = sum(w * g[name] for w, g in zip(s / s.mean(), each, strict=True)) / 7
        np.testing.assert_allclose(-change, wanted, 1e-12, 1e-14)


@pytest.mark.parametrize("text", ["3-2:softmax", "3-4:softmax-2", "3-5:relu-4:softmax-2:softmax"])
def test_layers_that_couple_neurons_are_weighted_once(text: str) -> None:
    """δ_j = a_j ((a_j - y_j) - Σ_k …): y stands in it twice."""
    network = Network(text, cost="quadratic")
    trainer = trainer_of(network, style="array")(random_state=0)
    x, y = samples(network, 5)
    s = np.array([0.5, 1, 1.5, 0.25, 1.75])
    each = [trainer.gradients(x[i : i + 1], y[i : i + 1]) for i in range(5)]
    for name, change in moved(trainer, x, y, s).items():
        wanted = sum(w * g[name] for w, g in zip(s, each, strict=True)) / 5
        np.testing.assert_allclose(-change, wanted, 1e-12, 1e-14)


@pytest.mark.parametrize(("optimizer", "style"), [*itertools.product(OPTIMIZERS, STYLES)], ids=str)
def test_a_weight_of_three_is_three_samples_and_zero_is_none(optimizer: str, style: str) -> None:
    network = Network("3-4:tanh-2:identity", cost="quadratic")
    made = trainer_of(network, optimizer=optimizer, style=style)
    x, y = samples(network, 9)
    counts = np.array([0, 1, 2, 3, 0, 1, 1, 2, 4])
    several = made(random_state=3, batch_size=100, epochs=5).fit(
        x.repeat(counts, axis=0), y.repeat(counts, axis=0)
    )
    weighted = made(random_state=3, batch_size=100, epochs=5).fit(x, y, sample_weight=counts)
    for name, array in several.weights.items():
        np.testing.assert_allclose(weighted.weights[name], array, 1e-9, 1e-11)
    np.testing.assert_allclose(weighted.loss_curve_, several.loss_curve_, 1e-9)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_equal_weights_change_nothing(style: str, batch_size: int) -> None:
    network = Network("3-4:relu-1", cost="quadratic")
    made = trainer_of(network, style=style)
    x, y = samples(network, 10)
    one, other = (
        made(random_state=1, batch_size=batch_size, epochs=3).fit(x, y, sample_weight=weights)
        for weights in (None, np.full(10, 4.0))
    )
    for name, array in one.weights.items():
        np.testing.assert_array_equal(array, other.weights[name])
    assert one.loss_curve_ == other.loss_curve_


def test_threads_share_the_weights() -> None:
    network = Network("3-4:tanh-2", cost="quadratic")
    made = trainer_of(network, style="array", optimizer="adam")
    x, y = samples(network, 30)
    s = np.random.default_rng(2).uniform(0.2, 2, 30)
    one, two = (
        made(random_state=1, batch_size=8, epochs=2, workers=n).fit(x, y, sample_weight=s)
        for n in (1, 2)
    )
    for name, array in one.weights.items():
        np.testing.assert_allclose(array, two.weights[name], 1e-12, 1e-14)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(5), r"sample_weight must have the shape \(10,\), not \(5,\)"),
        (np.ones((10, 1)), r"not \(10, 1\)"),
        (np.zeros(10), "every sample_weight is zero"),
        ([1.0] * 9 + [-1.0], r"sample_weight\[9\] is -1.0; weights must be numbers from 0 up"),
        ([1.0] * 4 + [np.nan] + [1.0] * 5, r"sample_weight\[4\] is nan"),
        ([np.inf] * 10, r"sample_weight\[0\] is inf"),
        (["a"] * 10, r"sample_weight\[0\] is 'a': an argument must be"),
        ([1 + 1j] * 10, "Complex data not supported: sample_weight"),
    ],
)
def test_bad_weights_are_refused(weights: Any, message: str) -> None:
    network = Network("3-4:tanh-1", cost="quadratic")
    trainer = trainer_of(network, style="array")(random_state=0)
    x, y = samples(network, 10)
    before = {name: array.copy() for name, array in trainer.weights.items()}
    with pytest.raises((ValueError, TypeError), match=message):
        trainer.fit(x, y, sample_weight=weights)
    for name, array in trainer.weights.items():
        np.testing.assert_array_equal(array, before[name])
