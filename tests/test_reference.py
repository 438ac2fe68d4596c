"""The reference is right: three sources agree, and so do a page of hand and a published example."""

import itertools
import math
import random

import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from reference import Gradients, Layer

Rows = list[list[float]]

ACTIVATIONS = [*reference.ACTIVATIONS, "softmax"]
HIDDEN = ["sigmoid", "relu", "selu", "mish", "gelu", "hard_sigmoid", "softmax"]
# A logarithm needs outputs above 0, and the cross-entropy needs them below 1 too.
OUTPUTS = (
    [("quadratic", activation) for activation in ACTIVATIONS]
    + [
        (cost, activation)
        for cost in ("cross_entropy", "log_likelihood")
        for activation in ("sigmoid", "softmax")
    ]
    + [
        *((cost, "identity") for cost in ("squared_error", "absolute_error", "huber", "log_cosh")),
        ("hinge", "identity"),
        ("poisson", "softplus"),
    ]
)


def network(seed: int, widths: list[int], activations: list[str]) -> list[Layer]:
    """Random layers, small enough that no output comes within rounding of 0 or 1."""
    draw = random.Random(seed).gauss
    return [
        Layer(
            [[draw(0, 0.7) for _ in range(n)] for _ in range(m)],
            [draw(0, 0.7) for _ in range(m)],
            activation,
        )
        for (n, m), activation in zip(itertools.pairwise(widths), activations, strict=True)
    ]


def batch(seed: int, samples: int, inputs: int, outputs: int) -> tuple[Rows, Rows]:
    """Random inputs; desired outputs that add up to 1, but are not all 0 or 1."""
    draw = random.Random(seed)
    X = [[draw.gauss(0, 1) for _ in range(inputs)] for _ in range(samples)]
    Y = [[draw.random() for _ in range(outputs)] for _ in range(samples)]
    return X, [[y / sum(row) for y in row] for row in Y]


def assert_close(found: Gradients, expected: Gradients, tolerance: float) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=tolerance, atol=tolerance, err_msg=name)


@pytest.mark.parametrize(("cost", "output"), OUTPUTS)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_three_sources_agree(hidden: str, cost: str, output: str) -> None:
    net = network(1, [3, 4, 4, 2], [hidden, hidden, output])
    X, Y = batch(2, 3, 3, 2)
    by_rules = reference.gradients(net, X, Y, cost)
    assert_close(reference.gradients_by_complex_step(net, X, Y, cost), by_rules, 1e-12)
    assert_close(reference.gradients_by_central_differences(net, X, Y, cost), by_rules, 1e-8)


@given(
    inputs=st.integers(1, 4),
    hidden=st.lists(st.tuples(st.integers(1, 4), st.sampled_from(ACTIVATIONS)), max_size=3),
    outputs=st.integers(2, 4),
    cost_and_output=st.sampled_from(OUTPUTS),
    samples=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_rules_and_complex_step_agree_for_any_architecture(
    inputs: int,
    hidden: list[tuple[int, str]],
    outputs: int,
    cost_and_output: tuple[str, str],
    samples: int,
    seed: int,
) -> None:
    cost, output = cost_and_output
    widths = [inputs, *(width for width, _ in hidden), outputs]
    net = network(seed, widths, [*(activation for _, activation in hidden), output])
    X, Y = batch(seed, samples, inputs, outputs)
    by_rules = reference.gradients(net, X, Y, cost)
    assert_close(reference.gradients_by_complex_step(net, X, Y, cost), by_rules, 1e-9)


def test_an_example_by_hand() -> None:
    """Every z is 0, so a is ½ and σ' is ¼; the square layer tells w from its transpose."""
    net = [
        Layer([[2, -1], [4, -2]], [0, 0], "sigmoid"),  # z = 2·1 − 1·2 and 4·1 − 2·2
        Layer([[2, -4]], [1], "sigmoid"),  # z = 2·½ − 4·½ + 1
    ]
    # BP1: δ³ = (½ − 1) · ¼ = −⅛.   BP2: δ² = (2 · −⅛ · ¼, −4 · −⅛ · ¼) = (−1/16, ⅛).
    assert reference.gradients(net, [[1, 2]], [[1]], "quadratic") == {
        "w2": [[-1 / 16, -1 / 8], [1 / 8, 1 / 4]],
        "b2": [-1 / 16, 1 / 8],
        "w3": [[-1 / 16, -1 / 16]],
        "b3": [-1 / 8],
    }


def test_softmax_by_hand() -> None:
    """e^z = (1, 3), so a = (¼, ¾) and ∂a/∂z has 3/16 on its diagonal and −3/16 beside it."""
    net, X, Y = [Layer([[0], [math.log(3)]], [0, 0], "softmax")], [[1]], [[1, 0]]
    np.testing.assert_allclose(reference.predict(net, X), [[1 / 4, 3 / 4]])
    # Nielsen, ch. 3: with the log-likelihood δ = a − y.
    by_likelihood = reference.gradients(net, X, Y, "log_likelihood")
    np.testing.assert_allclose(by_likelihood["b2"], [-3 / 4, 3 / 4])
    # With the quadratic cost δ_1 = −¾ · 3/16 + ¾ · −3/16.
    by_squares = reference.gradients(net, X, Y, "quadratic")
    np.testing.assert_allclose(by_squares["b2"], [-9 / 32, 9 / 32])


def test_a_published_example() -> None:
    """M. Mazur, A Step by Step Backpropagation Example, 2015: the weights after a step of η = ½."""
    weights = {
        "w2": [[0.15, 0.20], [0.25, 0.30]],
        "b2": [0.35, 0.35],
        "w3": [[0.40, 0.45], [0.50, 0.55]],
        "b3": [0.60, 0.60],
    }
    net, X, Y = reference.layers(weights, ["sigmoid", "sigmoid"]), [[0.05, 0.10]], [[0.01, 0.99]]
    assert reference.cost(net, X, Y, "quadratic") == pytest.approx(0.298371109, abs=1e-9)
    slopes = reference.gradients(net, X, Y, "quadratic")
    after = {name: np.array(w) - 0.5 * np.array(slopes[name]) for name, w in weights.items()}
    printed = {
        "w2": [[0.149780716, 0.19956143], [0.24975114, 0.29950229]],
        "w3": [[0.35891648, 0.408666186], [0.511301270, 0.561370121]],
    }
    for name, w in printed.items():
        np.testing.assert_allclose(after[name], w, atol=6e-9, err_msg=name)


def test_a_batch_has_the_mean_of_its_samples() -> None:
    net = network(3, [2, 3, 2], ["tanh", "softmax"])
    X, Y = batch(4, 2, 2, 2)
    both = reference.gradients(net, X, Y, "log_likelihood")
    first = reference.gradients(net, X[:1], Y[:1], "log_likelihood")
    second = reference.gradients(net, X[1:], Y[1:], "log_likelihood")
    mean = {name: (np.array(first[name]) + np.array(second[name])) / 2 for name in both}
    assert_close(both, mean, 1e-14)


def test_large_numbers_stay_finite() -> None:
    net = [
        Layer([[1000.0], [-1000.0]], [0, 0], "sigmoid"),
        Layer([[900, 0], [0, 900]], [0, 0], "softmax"),
    ]
    assert reference.predict(net, [[1]]) == [[1.0, 0.0]]
    assert reference.cost(net, [[1]], [[1, 0]], "log_likelihood") == 0.0  # 0 ln 0 = 0


def test_arrays_are_read_and_left_alone() -> None:
    w, b = np.array([[0.5, -0.25]]), np.array([0.125])
    net, X, Y = [Layer(w, b, "tanh")], np.ones((3, 2)), np.zeros((3, 1))
    assert_close(
        reference.gradients_by_complex_step(net, X, Y, "quadratic"),
        reference.gradients(net, X, Y, "quadratic"),
        1e-15,
    )
    assert (w.tolist(), b.tolist()) == ([[0.5, -0.25]], [0.125])
