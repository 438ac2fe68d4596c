"""Formulas as Python: they evaluate to what they mean, keep the type of the arrays, and stand as
the formatter leaves them.

The values come from SymPy's own evaluation to many digits; no formula is evaluated by the printer's
helpers.
"""

import math
import random
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from sympy import Float, Max, Min, Piecewise, exp, log, pi, sqrt, tanh
from sympy.codegen.cfunctions import log1p

from symnet.backends.python_text import (
    ATOM,
    FUNCTIONS,
    PRODUCT,
    SUM,
    WIDTH,
    Piece,
    analytic,
    call,
    expression,
    piece,
    results,
)
from symnet.errors import NotYet

ROOT = Path(__file__).parent.parent

R = sympy.Rational
x, y, t = sympy.symbols("x y t1", real=True)

# Formula, and how it is printed: what binds how strongly is seen at a glance.
PRINTED = [
    (x - y, "x - y"),
    (-x + y, "y - x"),
    (-x - y, "-x - y"),
    (-(x + y) * t, "t1 * (-x - y)"),
    (x - (y - t), "t1 + x - y"),
    (x * (1 - x) * (x - y), "x * (1 - x) * (x - y)"),
    (x / y, "x / y"),
    (x / y / t, "x / (t1 * y)"),
    (x / (y / t), "t1 * x / y"),
    ((x + y) / (x - y), "(x + y) / (x - y)"),
    (-(x + y) / t, "(-x - y) / t1"),
    (1 / x, "1 / x"),
    (-1 / x, "-1 / x"),
    (1 / (x * y), "1 / (x * y)"),
    (1 + 1 / (x * y), "1 + 1 / (x * y)"),
    (x / 2, "x / 2"),
    (-x / 2, "-x / 2"),
    (3 * x / y / 2, "3 * x / (2 * y)"),
    ((x - y) ** 2 / 2, "(x - y) ** 2 / 2"),
    (x - R(1, 3), "x - 1 / 3"),
    (R(-1, 3), "-1 / 3"),
    (sympy.Integer(-3), "-3"),
    # The formatter hugs ** between simple operands, and brackets a power after a sign.
    (x**2, "x**2"),
    (2**x, "2**x"),
    (x**y, "x**y"),
    (x ** (-y), "x ** (-y)"),
    (x**-2, "1 / x**2"),
    (x ** (y**2), "x ** (y**2)"),
    ((1 + x**6) ** 2, "(1 + x**6) ** 2"),
    (-(x**2), "-(x**2)"),
    (-(x**2) * y, "-y * x**2"),
    (-(x**2) / y, "-(x**2) / y"),
    (-((1 + x) ** 2), "-((1 + x) ** 2)"),
    (exp(-(x**2)), "np.exp(-(x**2))"),
    (x ** R(1, 3), "x ** (1 / 3)"),
    (x ** R(-3, 2), "1 / x ** (3 / 2)"),
    (sqrt(x), "np.sqrt(x)"),
    (1 / sqrt(x), "1 / np.sqrt(x)"),
    (exp(x) / (1 + exp(x)) ** 2, "np.exp(x) / (1 + np.exp(x)) ** 2"),
    (1 / (1 + exp(-x)), "1 / (1 + np.exp(-x))"),
    (1 - tanh(x) ** 2, "1 - np.tanh(x) ** 2"),
    (-y * log(x) - (1 - y) * log(1 - x), "-(1 - y) * np.log(1 - x) - y * np.log(x)"),
    (log(x, 2), "1.4426950408889634 * np.log(x)"),
    (log1p(exp(-x)), "np.log1p(np.exp(-x))"),
    (Max(x, 0), "np.maximum(0, x)"),
    (Max(x, y, 0), "np.maximum(0, np.maximum(x, y))"),
    (Min(x, 1), "np.minimum(1, x)"),
    # Constants are numbers of Python, and one of them.
    (pi * x, "3.141592653589793 * x"),
    (sqrt(2) * x, "1.4142135623730951 * x"),
    (-sqrt(2) * x**2, "-1.4142135623730951 * x**2"),
    (sqrt(2 / pi) * (x + Float("0.044715") * x**3), "0.7978845608028654 * (x + 0.044715 * x**3)"),
    (x + sympy.sin(1), "0.8414709848078965 + x"),
    (x**pi, "x**3.141592653589793"),
    # Branches.
    (Piecewise((0, x <= 0), (x, True)), "np.maximum(x, 0)"),
    (Piecewise((0, x <= 0), (1, True)), "np.heaviside(x, 0)"),
    (Piecewise((0, x <= 2), (1, True)), "np.heaviside(x - 2, 0)"),
    (y * Piecewise((0, x <= 0), (1, True)), "y * (x > 0)"),
    (-y * Piecewise((0, x <= 0), (1, True)), "-y * (x > 0)"),
    ((x - y) * Piecewise((0, x <= 0), (1, True)), "(x - y) * (x > 0)"),
    (Piecewise((x / 100, x <= 0), (x, True)), "np.where(x <= 0, x / 100, x)"),
    (y * Piecewise((R(1, 100), x <= 0), (1, True)), "np.where(x <= 0, y / 100, y)"),
    ((x - y) * Piecewise((R(1, 5), x <= 0), (1, True)), "np.where(x <= 0, (x - y) / 5, x - y)"),
    (Piecewise((R(1, 5), x <= 0), (1, True)), "np.where(x <= 0, 1 / 5, 1).astype(x.dtype)"),
    (
        Piecewise((0, x <= -3), (x / 6 + R(1, 2), x < 3), (1, True)),
        "np.where(x <= -3, 0, np.where(x < 3, 1 / 2 + x / 6, 1))",
    ),
    (
        Piecewise((1, x <= 0), (2, x < 1), (3, True)),
        "np.where(x <= 0, 1, np.where(x < 1, 2, 3).astype(x.dtype))",
    ),
    (
        y * Piecewise((-1, x < -1), (x, x < 1), (1, True)),
        "np.where(x < -1, -y, np.where(x < 1, x * y, y))",
    ),
    (Piecewise((0, (x <= 0) | (x > 6)), (x, True)), "np.where((x <= 0) | (x > 6), 0, x)"),
    (Piecewise((0, (x <= 0) & (x > -1)), (x, True)), "np.where((x <= 0) & (x > -1), 0, x)"),
    (sympy.Abs(x) / (1 + sympy.Abs(x)), "np.abs(x) / (1 + np.abs(x))"),
    # One quotient: x times a rounded 1 / y may be less than a whole number.
    (t ** sympy.floor((x - 1) / y), "t1 ** np.floor((x - 1) / y)"),
]

TABLE = [formula for formula, _ in PRINTED] + [
    f(x / 2) for f in FUNCTIONS if f not in (log1p, sympy.acosh, log)
]
TABLE += [sympy.acosh(2 + x**2), log(1 + x**2)]


@pytest.mark.parametrize(("formula", "text"), PRINTED, ids=[text for _, text in PRINTED])
def test_printed(formula: sympy.Expr, text: str) -> None:
    assert expression(formula, {}) == text


# --- the values ----------------------------------------------------------------------------------

POINTS = {  # among them the kinks of the table
    "x": [0.3, -0.7, 0.0, 0.9, -3.0, 3.0, 1.0, 2.0, 7.5],
    "y": [0.5, 0.2, 0.4, -0.6, 1.0, 2.0, 0.1, -0.3, 1.5],
    "t1": [-0.8, 0.6, 0.2, 0.7, 1.2, -2.0, 0.5, 0.4, 0.3],
}
SYMBOLS = {"x": x, "y": y, "t1": t}


def exact(formula: sympy.Expr, values: Mapping[str, float]) -> float:
    """The value at a point, NaN where there is no real one."""
    at = {SYMBOLS[name]: R(value) for name, value in values.items()}
    formula = formula.replace(lambda e: isinstance(e, log1p), lambda e: log(1 + e.args[0]))
    found = formula.subs(at)
    if found.has(sympy.zoo, sympy.nan, sympy.oo):
        return np.nan
    # In complex numbers, since SymPy's √-1 is no error; what is not real has no place here.
    value = complex(found.evalf(30))
    return value.real if value.imag == 0 else np.nan


def error_function(values: Any) -> Any:
    """What a generated file brings along, since NumPy has no erf."""
    return np.vectorize(math.erf, otypes=[np.asarray(values).dtype])(values)


def run(text: str, arrays: Mapping[str, Any]) -> Any:
    with np.errstate(all="ignore"):
        return eval(text, {"np": np, "_erf": error_function}, dict(arrays))


def assert_right(formula: sympy.Expr, text: str, arrays: Mapping[str, Any], rel: float) -> None:
    found = run(text, arrays)
    wanted = np.array(
        [
            exact(formula, {name: float(array[i]) for name, array in arrays.items()})
            for i in range(len(arrays["x"]))
        ]
    )
    found = np.broadcast_to(found, wanted.shape)
    known = np.isfinite(wanted)
    assert np.allclose(found[known], wanted[known], rel, rel), text


@pytest.mark.parametrize("formula", TABLE, ids=str)
@pytest.mark.parametrize(("dtype", "rel"), [(np.float64, 1e-13), (np.float32, 2e-5)], ids=str)
def test_values_and_types(formula: sympy.Expr, dtype: type, rel: float) -> None:
    arrays = {name: np.array(values, dtype) for name, values in POINTS.items()}
    text = expression(formula, {})
    assert_right(formula, text, arrays, rel)
    if formula.free_symbols:
        assert run(text, arrays).dtype == dtype, text


@pytest.mark.parametrize("formula", [f for f in TABLE if f.has(x)], ids=str)
def test_complex_step_where_it_is_promised(formula: sympy.Expr) -> None:
    """Im f(x + ih) / h is the slope of every formula that calls itself analytic, off its kinks."""
    if not analytic(formula):
        assert formula.has(Piecewise, sympy.Abs, sympy.sign, sympy.floor, sympy.erf)
        return
    at = {"x": 0.3, "y": 0.5, "t1": -0.8}
    stepped = {name: np.array([value], complex) for name, value in at.items()}
    stepped["x"] = stepped["x"] + 1e-30j
    slope = run(expression(formula, {}), stepped).imag[0] / 1e-30
    smooth = formula.replace(lambda e: isinstance(e, log1p), lambda e: log(1 + e.args[0]))
    assert slope == pytest.approx(exact(sympy.diff(smooth, x), at), rel=1e-12, abs=1e-14)


def formulas(leaves: tuple[sympy.Expr, ...] = (x, y, t)) -> st.SearchStrategy[sympy.Expr]:
    """Formulas as activations and costs are made of."""
    numbers = (sympy.Integer(-1), sympy.Integer(2), R(1, 3), R(-3, 2), pi, sqrt(2))
    leaf = st.sampled_from((*leaves, *leaves, *numbers))

    def grown(part: st.SearchStrategy[sympy.Expr]) -> st.SearchStrategy[sympy.Expr]:
        pair = st.tuples(part, part)
        condition = st.tuples(st.sampled_from(leaves), st.sampled_from((0, R(1, 2), -1)))
        return st.one_of(
            pair.map(lambda p: p[0] + p[1]),
            pair.map(lambda p: p[0] - p[1]),
            pair.map(lambda p: p[0] * p[1]),
            pair.map(lambda p: p[0] / (2 + p[1] ** 2)),
            pair.map(lambda p: -p[0] * (p[1] - 1)),
            st.tuples(part, st.sampled_from((2, 3))).map(lambda p: p[0] ** p[1]),
            part.map(lambda p: 1 / (3 + tanh(p))),
            part.map(lambda p: exp(-(p**2))),
            part.map(lambda p: sqrt(1 + p**2)),
            part.map(tanh),
            pair.map(lambda p: Max(*p)),
            st.tuples(pair, condition).map(
                lambda p: Piecewise((p[0][0], p[1][0] <= p[1][1]), (p[0][1], True))
            ),
        )

    return st.recursive(leaf, grown, max_leaves=6)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(formulas())
def test_drawn_formulas(formula: sympy.Expr) -> None:
    text = expression(formula, {})
    for dtype, rel in ((np.float64, 1e-10), (np.float32, 1e-3)):
        arrays = {name: np.array(values[:4], dtype) for name, values in POINTS.items()}
        if formula.free_symbols:
            assert run(text, arrays).dtype == dtype, text
        if dtype == np.float64:
            assert_right(formula, text, arrays, rel)


# --- parts that are more than a name -------------------------------------------------------------

PARTS: dict[sympy.Symbol, Piece] = {
    x: ("p @ q", PRODUCT),
    y: ("r[:, None]", ATOM),
    t: ("p - s", SUM),
}


def layout(rows: int = 2, columns: int = 3) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {
        "p": rng.normal(size=(rows, columns)),
        "q": rng.normal(size=(columns, columns)),
        "r": rng.normal(size=rows),
        "s": rng.normal(size=(rows, columns)),
    }


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (x + y, "p @ q + r[:, None]"),
        (x * y, "p @ q * r[:, None]"),
        # r * p @ q would be (r * p) @ q.
        (2 * x, "2 * (p @ q)"),
        (x / 2, "p @ q / 2"),
        (2 / x, "2 / (p @ q)"),
        (-x, "-p @ q"),
        (y - x, "r[:, None] - p @ q"),
        (y - t, "r[:, None] - (p - s)"),
        (y * t, "(p - s) * r[:, None]"),
        (x**2, "(p @ q) ** 2"),
        (y**2, "r[:, None] ** 2"),
        (exp(x), "np.exp(p @ q)"),
    ],
)
def test_a_matrix_product_as_a_part(formula: sympy.Expr, text: str) -> None:
    assert expression(formula, PARTS) == text


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(formulas())
@example(x * t)
@example(t * x * y - y * x)
@example(-x * Piecewise((0, y <= 0), (1, True)))
def test_parts_are_bracketed_as_they_bind(formula: sympy.Expr) -> None:
    """Written out or as names: the value is one."""
    arrays = layout()
    named = {
        "x": arrays["p"] @ arrays["q"],
        "y": arrays["r"][:, None],
        "t1": arrays["p"] - arrays["s"],
    }
    assume(formula.free_symbols)
    written = run(expression(formula, PARTS), arrays)
    assert np.allclose(written, run(expression(formula, {}), named), 1e-9, 1e-9)


def test_numbers_without_axes_are_divided_first() -> None:
    rate, m, grad = sympy.symbols("rate m grad", real=True)
    parts = {grad: ("d.T @ a", PRODUCT)}
    text = piece(rate * grad / m, parts, frozenset((rate, m)))[0]
    assert text == "rate / m * (d.T @ a)"
    assert piece(grad / m, parts, frozenset((m,)))[0] == "d.T @ a / m"


# --- what NumPy lacks ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "formula",
    [
        sympy.erfc(x),
        sympy.gamma(x) + 1,
        sympy.Heaviside(x),
        sympy.DiracDelta(x),
        sympy.ceiling(x),
        sympy.Function("f")(x),
        sympy.I * x,
        sympy.oo,
        sympy.zoo,
        sympy.nan,
        exp(sympy.besselj(0, x)),
        x * Piecewise((sympy.erfc(x), x <= 0), (1, True)),
        Piecewise((0, sympy.Not(sympy.Symbol("b"))), (x, True)),
    ],
    ids=str,
)
def test_what_numpy_lacks_is_said(formula: sympy.Expr) -> None:
    with pytest.raises(NotYet, match=r"^NumPy has no (function|expression) for|is no real number$"):
        expression(formula, {})


# --- the formatter -------------------------------------------------------------------------------


def assert_formatted(lines: list[str], folder: Path) -> None:
    """ruff has nothing to format and nothing to say."""
    file = folder / "lines.py"
    body = "\n".join(f"    {line}".replace("\n", "\n    ") for line in lines)
    head = "import numpy as np\n\n\ndef f(x, y, t1, p, q, r, s, _erf):"
    file.write_text(f"{head}\n{body}\n    return np.asarray(x)\n", encoding="utf-8")
    config = ["--no-cache", "--config", str(ROOT / "pyproject.toml")]
    for command in (["format", "--diff"], ["check"]):
        run = subprocess.run(
            [sys.executable, "-m", "ruff", *command, *config, str(file)],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert run.returncode == 0, run.stdout + run.stderr


def test_formulas_stand_as_the_formatter_leaves_them(tmp_path: Path) -> None:
    texts = [expression(formula, parts) for formula in TABLE for parts in ({}, PARTS)]
    assert_formatted([f"x = {text}" for text in texts if len(text) < WIDTH - 10], tmp_path)


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(drawn=st.lists(formulas(), min_size=1, max_size=6))
def test_drawn_formulas_stand_as_the_formatter_leaves_them(
    drawn: list[sympy.Expr], tmp_path: Path
) -> None:
    texts = [expression(formula, parts) for formula in drawn for parts in ({}, PARTS)]
    assert_formatted([f"x = {text}" for text in texts if len(text) < WIDTH - 10], tmp_path)


def test_long_heads_and_returns_stand_as_the_formatter_leaves_them(tmp_path: Path) -> None:
    """Also at the very length where the formatter begins a line for each item."""
    drawn = random.Random(0)
    lines = []
    for length in (*range(84, 104), 150, 300):
        names = []
        while len(", ".join(names)) < length - 12:
            names.append("x" * drawn.choice((1, 2, 5, 11)) + str(len(names)))
        padding = length - len(", ".join(names)) - 12
        names[-1] += "_" * max(0, padding)
        lines.append(call("def g", tuple(names), ":", 4))
        lines.append("    " + results(tuple(names), 8).replace("\n", "\n    "))
        lines.append("")
    file = tmp_path / "heads.py"
    file.write_text(
        "def f():\n"
        + "\n".join(
            f"    {line}" if line else "" for line in "\n".join(lines).splitlines()
        ).rstrip()
        + "\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--no-cache", "--diff", "--config",
         str(ROOT / "pyproject.toml"), str(file)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("items", "shown"),
    [((), "f()"), (("a",), "f(a)"), (("a", "b"), "f(a, b)")],
)
def test_short_calls(items: tuple[str, ...], shown: str) -> None:
    assert call("f", items) == shown


def test_a_single_long_result() -> None:
    assert results(("a",), 4) == "return a"
    assert results(("a", "b"), 4) == "return a, b"
