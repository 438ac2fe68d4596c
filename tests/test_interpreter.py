"""What a program means: numbers worked out by hand, NumPy written out, and the textbook's loops."""

import math

import numpy as np
import pytest
import reference
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import (
    SIZES,
    everything,
    functions,
    lowered,
    read,
    read_line,
    reference_layers,
    values_for,
)
from sympy.codegen.cfunctions import log1p

from symnet.network.architecture import Network
from symnet.program.interpreter import evaluate, interpret
from symnet.program.ir import (
    Accumulate,
    Array,
    Contract,
    Function,
    Instruction,
    Join,
    Map,
    Reduce,
    Slice,
)

X = np.array([1.0, 2.0])
V = np.array([1.0, 10.0, 100.0])
W = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
U = np.arange(9.0).reshape(3, 3)
VALUES = {"x": X, "v": V, "w": W, "u": U, "s": 3.0}
GIVEN = (
    Array("x", ("n1",)),
    Array("v", ("n2",)),
    Array("w", ("n2", "n1")),
    Array("u", ("n2", "n2'")),
    Array("s"),
)


def value(line: Instruction | str) -> np.ndarray:
    """What one line makes of VALUES."""
    line = read_line(line) if isinstance(line, str) else line
    function = Function("f", GIVEN, (line,), (line.target,))
    return interpret(function, VALUES)[line.target.name]


BY_HAND = {
    # Contract: sums over what the target lacks, whatever the order of the axes
    "z[n2] = Σ_n1 w[n2,n1] x[n1]": [5, 11, 17],
    "z[n1] = Σ_n2 v[n2] w[n2,n1]": [531, 642],
    "z = Σ_n2,n1 v[n2] w[n2,n1] x[n1]": 1815,
    "z[n1,n2] = v[n2] x[n1]": [[1, 10, 100], [2, 20, 200]],
    "z[n2] = v[n2] v[n2]": [1, 100, 10000],
    "z = Σ_n2 v[n2] v[n2]": 10101,
    "z = Σ_n2,n2' v[n2] v[n2']": 111 * 111,
    "z[n2] = Σ_n2' u[n2',n2] v[n2']": [630, 741, 852],
    "z[n2] = Σ_n1 x[n1] v[n2]": [3, 30, 300],
    "z[n2] = v[n2] s": [3, 30, 300],
    # Map: broadcast by name, not by place
    "z[n2] = v[n2]/2": [0.5, 5, 50],
    "z[n2,n1] = v[n2] - x[n1]": [[0, -1], [9, 8], [99, 98]],
    "z[n1,n2] = v[n2] - x[n1]": [[0, 9, 99], [-1, 8, 98]],
    "z[n1,n2] = w[n2,n1] + s": [[4, 6, 8], [5, 7, 9]],
    "z[n2',n2] = u[n2,n2']": [[0, 3, 6], [1, 4, 7], [2, 5, 8]],
    "z[n2,n2'] = u[n2',n2] + v[n2]": [[1, 4, 7], [11, 14, 17], [102, 105, 108]],
    "z = 2*s - 1": 5,
    "z = 1/2": 0.5,
    "z[n1] = Piecewise((0, x[n1] <= 1), (x[n1]**2, True))": [0, 4],
    "z[n1] = Piecewise((7, x[n1] > 1), (8, x[n1] >= 1), (9, True))": [8, 7],
    "z[n1] = Piecewise((7, x[n1] < 1), (8, x[n1] < 2), (9, True))": [8, 9],
    "z[n2] = Piecewise((1, (v[n2] > 1) & (v[n2] < 99)), (0, True))": [0, 1, 0],
    "z[n2] = Piecewise((1, (v[n2] < 5) | (v[n2] > 99)), (0, True))": [1, 0, 1],
    "z[n2] = Piecewise((1, Eq(v[n2], 10)), (0, True))": [0, 1, 0],
    "z[n1] = Max(0, 3 - 2*x[n1])": [1, 0],
    "z[n1] = Min(0, 3 - 2*x[n1])": [0, -1],
    "z[n2] = Max(v[n2], 5, s)": [5, 10, 100],
    "z[n1] = Abs(1 - x[n1])": [0, 1],
    "z[n1] = sign(1 - x[n1])": [0, -1],
    # Reduce
    "z = Σ_n2,n1 w[n2,n1]": 21,
    "z[n1] = Σ_n2 w[n2,n1]": [9, 12],
    "z[n2] = Σ_n1 w[n2,n1]": [3, 7, 11],
    "z[n2] = max_n1 w[n2,n1]": [2, 4, 6],
    "z[n1] = max_n2 w[n2,n1]": [5, 6],
    "z = max_n2' v[n2']": 100,
    "z[n2'] = Σ_n2 u[n2,n2']": [9, 12, 15],
    "z[n2] = Σ_n2' u[n2,n2']": [3, 12, 21],
}

# Join, Slice, Accumulate and the scale of a Contract have no place in what is read.
x, v, w, big = (Array(*each) for each in (
    ("x", ("n1",)), ("v", ("n2",)), ("w", ("n2", "n1")), ("w", ("n2+", "n1")),
))  # fmt: skip
RECORDS: dict[Instruction, object] = {
    Join(Array("z", ("n1+",)), x, None): [1, 2, 1],
    Join(Array("z", ("n1+",)), x, Array("s")): [1, 2, 3],
    Join(Array("z", ("n2", "n1+")), w, None): [[1, 2, 1], [3, 4, 1], [5, 6, 1]],
    Join(Array("z", ("n2", "n1+")), w, v): [[1, 2, 1], [3, 4, 10], [5, 6, 100]],
    Join(Array("z", ("n2+", "n1")), w, None): [[1, 2], [3, 4], [5, 6], [1, 1]],
    Join(Array("z", ("n2+", "n1")), w, x): [[1, 2], [3, 4], [5, 6], [1, 2]],
    Slice(Array("z", ("n2", "n1")), big): [[1, 2], [3, 4]],
    Slice(Array("z", ("n1",)), big): [5, 6],
    Slice(Array("z", ("n2", "n1")), Array("w", ("n2", "n1+"))): [[1], [3], [5]],
    Slice(Array("z", ("n2",)), Array("w", ("n2", "n1+"))): [2, 4, 6],
    Slice(Array("z"), Array("x", ("n1+",))): 2,
    Accumulate(Array("z", ("n2",)), (w, x), Array("s"), v): [16, 43, 151],
    Accumulate(Array("z", ("n2", "n1")), (v, x), Array("s"), w): [[4, 8], [33, 64], [305, 606]],
    Contract(Array("z", ("n2",)), (w, x), scale=sympy.Rational(-1, 2)): [-2.5, -5.5, -8.5],
}


@pytest.mark.parametrize("line", RECORDS, ids=str)
def test_records_by_hand(line: Instruction) -> None:
    expected = np.asarray(RECORDS[line], dtype=float)
    found = value(line)
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("line", BY_HAND)
def test_by_hand(line: str) -> None:
    expected = np.asarray(BY_HAND[line], dtype=float)
    found = value(line)
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found, expected)


def test_a_reduce_may_permute_the_axes_that_it_keeps() -> None:
    line = Reduce(Array("z", ("n1", "n2")), "max", Array("w", ("n2", "n1")))
    np.testing.assert_array_equal(value(line), W.T)


s = Array("s").symbol

# SymPy's formulas by what Python's own functions say at s = 3.
SCALARS = {
    s**2: 9,
    s**-2: 1 / 9,
    sympy.sqrt(s): math.sqrt(3),
    s ** sympy.Rational(-3, 2): 3**-1.5,
    s - 2 * s**3 / 7: 3 - 54 / 7,
    1 / (1 + sympy.exp(-s)): 1 / (1 + math.exp(-3)),
    sympy.exp(-(s**2)): math.exp(-9),
    sympy.log(s): math.log(3),
    log1p(s): math.log1p(3),
    sympy.tanh(s): math.tanh(3),
    sympy.sinh(s) / sympy.cosh(s): math.tanh(3),
    sympy.sin(s) + sympy.cos(s) * sympy.tan(s): 2 * math.sin(3),
    sympy.atan(s): math.atan(3),
    sympy.asinh(s): math.asinh(3),
    sympy.asin(s / 4) + sympy.acos(s / 5): math.asin(0.75) + math.acos(0.6),
    sympy.acosh(s) + sympy.atanh(s / 5): math.acosh(3) + math.atanh(0.6),
    sympy.floor(s / 4) + 2 * sympy.floor(-s / 2): -4,
    sympy.pi * s + sympy.E: 3 * math.pi + math.e,
    sympy.Float(0.1) * s: 0.30000000000000004,
    sympy.Piecewise((sympy.exp(s), s <= 0), (s / 2, s <= 3), (1, True)): 1.5,
}


@pytest.mark.parametrize("formula", SCALARS, ids=str)
def test_formulas_by_hand(formula: sympy.Expr) -> None:
    found = value(Map(Array("z"), formula, (Array("s"),)))
    assert found == pytest.approx(SCALARS[formula], rel=1e-15)


def test_evaluate_works_entry_by_entry() -> None:
    p, q = sympy.symbols("p q", real=True)
    found = evaluate(p * sympy.exp(q) + 1, {p: W, q: X})
    np.testing.assert_allclose(found, W * np.exp(X) + 1, rtol=1e-15)


def test_a_quotient_is_what_ieee_says() -> None:
    """Not the product with a rounded inverse: 49 · (1/49) is less than 1, and no longer whole."""
    p, q, r = sympy.symbols("p q r", real=True)
    ones = np.arange(1.0, 100.0)
    np.testing.assert_array_equal(evaluate(p / q, {p: 3 * ones, q: ones}), 3 + 0 * ones)
    np.testing.assert_array_equal(evaluate(-p / (7 * q), {p: 21 * ones, q: ones}), -3 + 0 * ones)
    found = evaluate(2 * p / (q * r**2), {p: 9 * ones, q: ones, r: 3.0})
    np.testing.assert_array_equal(found, 2 + 0 * ones)


def test_a_branch_that_does_not_hold_leaves_no_trace() -> None:
    with np.errstate(all="ignore"):
        line = "z[n1] = Piecewise((0, x[n1] <= 1), (log(x[n1] - 1)/(x[n1] - 1), True))"
        np.testing.assert_array_equal(value(line), [0, 0])


def test_nothing_that_is_given_changes() -> None:
    before = {name: np.copy(value) for name, value in VALUES.items()}
    for line in (*BY_HAND, *RECORDS):
        value(line)
    for name, array in before.items():
        np.testing.assert_array_equal(VALUES[name], array)


def test_lines_build_on_each_other_and_results_are_picked_by_name() -> None:
    function = read(
        "f(w[n2,n1], x[n1]) -> z, t1  |  t1[n2] = Σ_n1 w[n2,n1] x[n1]"
        "  |  t2 = max_n2 t1[n2]  |  z[n2] = t1[n2] - t2"
    )
    found = interpret(function, VALUES)
    assert list(found) == ["z", "t1"]
    np.testing.assert_array_equal(found["z"], [-12, -6, 0])
    np.testing.assert_array_equal(found["t1"], [5, 11, 17])


@settings(max_examples=50)
@given(functions(), st.integers(0, 99))
def test_einsum_line_by_line(function: Function, seed: int) -> None:
    """Every Contract and Reduce again, as loops over all values of all axes."""
    values = values_for(function, SIZES, seed)
    known = {**values, **everything(function, values)}
    extent = dict(SIZES)
    for line in function.body:
        if isinstance(line, Map):
            continue
        read_ = line.factors if isinstance(line, Contract) else (line.argument,)
        axes = list(dict.fromkeys(axis for array in read_ for axis in array.axes))
        entries: dict[tuple[int, ...], list[float]] = {}
        for place in np.ndindex(*(extent[axis.rstrip("'")] for axis in axes)):
            at = dict(zip(axes, place, strict=True))
            entry = math.prod(
                float(known[array.name][tuple(at[axis] for axis in array.axes)]) for array in read_
            )
            entries.setdefault(tuple(at[axis] for axis in line.target.axes), []).append(entry)
        how = max if isinstance(line, Reduce) and line.how == "max" else math.fsum
        for place, found in entries.items():
            assert known[line.target.name][place] == pytest.approx(how(found), rel=1e-9, abs=1e-9)


# Nielsen, ch. 2: one network in NumPy as one would write it down from BP1 to BP4.
def test_the_book_in_numpy() -> None:
    made = lowered(Network("3-4:tanh-2"))
    values = values_for(made.function("gradients"), made.sizes, 5)
    w2, b2, w3, b3, x, y = (values[name] for name in ("w2", "b2", "w3", "b3", "a1", "y"))
    a2 = np.tanh(w2 @ x + b2)
    a3 = 1 / (1 + np.exp(-(w3 @ a2 + b3)))
    d3 = (a3 - y) * a3 * (1 - a3)
    d2 = w3.T @ d3 * (1 - a2**2)
    gradients = {"dw2": np.outer(d2, x), "db2": d2, "dw3": np.outer(d3, a2), "db3": d3}
    theta = np.concatenate([np.ravel(array) for array in (w2, b2, w3, b3)])
    g = np.concatenate([np.ravel(array) for array in gradients.values()])
    values |= {"a3": a3, "theta": theta, "g": g, "learning_rate": 0.3}
    expected = {
        "forward": {"a3": a3},
        "cost": {"c": np.sum((a3 - y) ** 2) / 2},
        "loss": {"c": np.sum((a3 - y) ** 2) / 2},
        "gradients": gradients,
        "update": {"theta_new": theta - 0.3 * g},
    }
    assert list(expected) == [function.name for function in made.functions]
    for name, results in expected.items():
        found = interpret(made.function(name), values)
        assert found.keys() == results.keys()
        for result, array in results.items():
            np.testing.assert_allclose(found[result], array, rtol=1e-13, err_msg=result)


def test_softmax_as_the_loops_say() -> None:
    network = Network("3-4:softmax-3:softmax")
    made = lowered(network)
    values = values_for(made.function("gradients"), made.sizes, 6)
    net, x, y = reference_layers(network, values), [values["a1"]], [values["y"]]
    forward = interpret(made.function("forward"), values)["a3"]
    np.testing.assert_allclose(forward, reference.predict(net, x)[0], rtol=1e-13)
    cost = interpret(made.function("cost"), values)["c"]
    assert cost == pytest.approx(reference.cost(net, x, y, "log_likelihood"), rel=1e-13)
