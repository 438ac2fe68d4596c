"""What a step is said to cost: counts that can be made by hand, and the order of times."""

import functools
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import program, read
from test_to_scalar import lowered

from symnet.network.architecture import Network
from symnet.network.optimizers import OPTIMIZERS
from symnet.program import passes
from symnet.program.cost_model import (
    CALL,
    READABLE,
    SCALAR_STEP,
    STEP,
    Cost,
    costs,
    style,
    table,
    total,
)
from symnet.program.ir import Function, Program, check


@functools.cache
def batched(text: str, optimizer: str = "sgd", cost: str = "quadratic") -> Program:
    return passes.optimize(program(Network(text, cost=cost), OPTIMIZERS[optimizer]))


def alone(text: str, **sizes: int) -> Cost:
    """What one function costs, as if it were that of the gradients."""
    function = replace(read(text), name="gradients")
    made = check(Program("one", (("m", "m"), *sizes.items()), (function,)))
    (cost,) = costs(made)
    return cost


# --- counts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "calls", "flops", "numbers"),
    [
        # 6 products, and 3 sums of two
        ("f(w[n2,n1], x[n1]) -> z | z[n2] = Σ_n1 w[n2,n1] x[n1]", 1, 9, 6 + 2 + 3),
        # no sum
        ("f(d[n2], x[n1]) -> z | z[n2,n1] = d[n2] x[n1]", 1, 6, 3 + 2 + 6),
        ("f(a[n2], b[n2]) -> z | z[n2] = a[n2] + b[n2]", 1, 3, 9),
        ("f(a[n2]) -> z | z[n2] = -a[n2]", 1, 0, 6),
        ("f(a[n2], b[n2]) -> z | z[n2] = a[n2]/b[n2]", 1, 3, 9),
        # 1 - a, and two products: two arrays come between
        ("f(a[n2], b[n2]) -> z | z[n2] = a[n2]*b[n2]*(1 - a[n2])", 3, 9, 9 + 4 * 3),
        ("f(a[n2]) -> z | z[n2] = exp(a[n2])", 1, 3, 6),
        ("f(a[n2]) -> z | z[n2] = a[n2]**3", 2, 6, 6 + 2 * 3),
        ("f(a[n2]) -> z | z = Σ_n2 a[n2]", 1, 2, 4),
        ("f(a[n2]) -> z | z = max_n2 a[n2]", 1, 2, 4),
        # 1 - r once, and a product for each entry
        ("f(a[n2], r) -> z | z[n2] = a[n2]*(1 - r)", 1, 3, 7),
    ],
)  # fmt: skip
def test_one_line(text: str, calls: int, flops: int, numbers: int) -> None:
    cost = alone(text, n1=2, n2=3)
    assert (cost.calls, cost.flops, cost.bytes) == (calls, flops, 8 * numbers)


def test_a_small_network_by_hand() -> None:
    """2-3-4-1: each of 22 weights is multiplied going up, and once more for its slope."""
    found = {cost.function: cost for cost in costs(batched("2-3-4-1"))}
    assert list(found) == ["gradients", "update"]
    assert found["update"].flops == 2 * 30
    forward = 22 + 14 + 8 + 8 * 3  # products, sums, biases, 1/(1 + e^-z)
    back = 16 + 9 + 4 + 7 * 3 + 22  # W d: products, sums; a (1 - a) (a - y); a (1 - a) u; d a
    assert found["gradients"].flops == forward + back + 30  # the means, by 1 sample


@given(st.integers(1, 40), st.sampled_from(("float64", "float32")))
def test_a_batch_costs_in_proportion(batch: int, dtype: str) -> None:
    one, two, many = (costs(batched("5-4:tanh-3"), dtype, m) for m in (1, 2, batch))
    assert many[0].calls == one[0].calls
    assert many[0].flops == one[0].flops + (batch - 1) * (two[0].flops - one[0].flops)
    each = two[0].scalar_us - one[0].scalar_us
    assert many[0].scalar_us == pytest.approx(one[0].scalar_us + (batch - 1) * each)
    assert many[1] == one[1]


def test_numbers_of_half_the_size_move_half_the_bytes() -> None:
    for wide, narrow in zip(
        costs(batched("8-6-2"), "float64"), costs(batched("8-6-2"), "float32"), strict=True
    ):
        assert wide.bytes == 2 * narrow.bytes
        assert wide.flops == narrow.flops


def test_the_whole_is_the_sum() -> None:
    found = costs(batched("3-2:softmax", "adamw"))
    assert [cost.function for cost in found] == ["gradients", "decay", "update"]
    whole = total(found)
    assert whole.calls == sum(cost.calls for cost in found)
    assert whole.array_us == pytest.approx(STEP + sum(cost.array_us for cost in found))
    assert whole.scalar_us == pytest.approx(SCALAR_STEP + sum(cost.scalar_us for cost in found))
    assert whole.array_us > CALL * whole.calls


def test_a_step_in_one_piece_counts_alone() -> None:
    made = batched("2-2-1")
    step = Function("step", *_parts(made.function("gradients")))
    cost = costs(replace(made, functions=(*made.functions, step)))
    assert [one.function for one in cost] == ["step"]


def _parts(function: Function) -> tuple[object, ...]:
    return function.parameters, function.body, function.results  # type: ignore[return-value]


def test_a_program_for_one_sample_is_made_one_for_batches() -> None:
    plain = lowered(Network("2-3-1"))
    assert costs(plain, batch=5) == costs(passes.over_batch(plain), batch=5)


# --- times ---------------------------------------------------------------------------------------

# In microseconds, on the machine of the model: what was measured with generated trainers.
MEASURED = [
    ("2-3-4-1", "quadratic", "sgd", "float64", 1, 9.2),
    ("2-3-4-1", "quadratic", "adam", "float64", 1, 12.5),
    ("784-30-10", "quadratic", "sgd", "float64", 10, 38.7),
    ("784-30-10", "quadratic", "sgd", "float32", 10, 21.7),
    ("784-128:relu-64:relu-10:softmax", "log_likelihood", "sgd", "float32", 64, 289.0),
]


@pytest.mark.parametrize(("text", "cost", "optimizer", "dtype", "batch", "us"), MEASURED)
def test_times_are_of_the_right_order(
    text: str, cost: str, optimizer: str, dtype: str, batch: int, us: float
) -> None:
    """Within a factor of two, before the passes that are made for NumPy alone."""
    whole = total(costs(batched(text, optimizer, cost), dtype, batch))
    assert us / 2 < whole.array_us < 2 * us


def test_the_time_without_arrays_is_of_the_right_order() -> None:
    for optimizer, us in (("sgd", 1.65), ("momentum", 2.4), ("adam", 4.6)):
        whole = total(costs(batched("2-3-4-1", optimizer)))
        assert us / 1.6 < whole.scalar_us < 1.6 * us


@pytest.mark.parametrize(
    ("text", "dtype", "wanted"),
    [
        ("2-3-4-1", "float64", "scalar"),
        ("1-1", "float64", "scalar"),
        ("2-3:softmax-2", "float64", "scalar"),
        # Python's numbers are float64
        ("2-3-4-1", "float32", "array"),
        # faster for one sample, but too slow for ten
        ("6-9:tanh-5:softmax", "float64", "array"),
        ("784-30-10", "float64", "array"),
        ("30-30-10", "float64", "array"),
    ],
)
def test_the_style(text: str, dtype: str, wanted: str) -> None:
    for optimizer in ("sgd", "adam"):
        assert style(batched(text, optimizer), dtype) == wanted


@given(st.integers(1, 60), st.integers(1, 20))
def test_nobody_is_given_a_text_too_long_to_read(inputs: int, width: int) -> None:
    text = f"{inputs}-{width}-1"
    made = replace(batched("2-3-1"), sizes=(("m", "m"), ("n1", inputs), ("n2", width), ("n3", 1)))
    parameters = inputs * width + 2 * width + 1
    if parameters > READABLE:
        assert style(made) == "array", text
    elif parameters < READABLE / 3:
        assert style(made) == "scalar", text


# --- the table -----------------------------------------------------------------------------------


def test_the_table() -> None:
    shown = table(batched("2-3-4-1", "adamw"))
    lines = shown.splitlines()
    assert lines[0] == "A step on 1 sample in float64, as estimated for one machine:"
    assert lines[2].split() == ["calls", "flops", "bytes", "µs", "in", "arrays", "µs", "without"]
    assert [line.split()[0] for line in lines[3:6]] == ["gradients", "decay", "update"]
    assert lines[6].startswith("a step ")
    assert lines[6:] == [lines[6]]
    assert len({len(line) for line in lines[2:7]}) == 1
    assert "784" not in shown
    assert "10 samples in float32" in table(batched("2-3-4-1"), "float32", 10)


def test_large_numbers_have_their_thousands_apart() -> None:
    assert f"{costs(batched('784-30-10'), batch=10)[0].flops:,}" in table(
        batched("784-30-10"), batch=10
    )
    assert math.log10(costs(batched("784-30-10"), batch=10)[0].flops) > 5
