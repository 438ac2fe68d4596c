"""The error function of the trainers that need one: how right it is, and what it does not do.

The template is rendered and executed. What is exact comes from mpmath, and for float32 from
math.erf as well, which is right to twice as many digits.
"""

import math
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy

from symnet.templating import ENVIRONMENT

ROOT = Path(__file__).parent.parent

MODULE = ENVIRONMENT.get_template("numpy/erf.jinja").module
TEXT = f"import numpy as np\n\n\n{MODULE.erf()}"  # type: ignore[attr-defined]
SPACE: dict[str, Any] = {}
exec(TEXT, SPACE)
erf = SPACE["_erf"]

PROMISED = 2.0  # units in the last place
TYPES = [np.float32, np.float64]
DIGITS = {np.float32: 24, np.float64: 53}
LEAST = {np.float32: -149, np.float64: -1074}  # binary exponents of the least numbers above 0
CELLS = {np.float32: 128, np.float64: 256}
BLOCK = {np.float32: 2**14, np.float64: 2**13}

every_type = pytest.mark.parametrize("dtype", TYPES)
Array = np.ndarray[Any, Any]


def points(dtype: Any, size: int, seed: int = 0) -> Iterator[Array]:
    """Where it may go wrong: around 0 down to denormals, between cells of the table, far out."""
    random = np.random.default_rng(seed)
    n, rounding = CELLS[dtype], 2.0 ** -DIGITS[dtype]
    yield random.uniform(-1, 1, size) / n
    yield random.choice([-1, 1], size) * 10 ** random.uniform(
        -330 if dtype == np.float64 else -46, 0, size
    )
    yield random.uniform(-8, 8, size) / n
    yield random.uniform(-2, 2, size)
    yield random.uniform(-6.2, 6.2, size)
    yield random.uniform(-30, 30, size)
    halves = random.integers(-13 * n, 13 * n, size) / (2 * n)  # in the table, and half way between
    yield halves * (1 + random.integers(-3, 4, size) * rounding)


def errors(x: Array) -> float:
    """The largest error in units in the last place, according to mpmath."""
    dtype = x.dtype.type
    worst = 0.0
    with mpmath.workprec(90):
        for number, found in zip(x.tolist(), erf(x).tolist(), strict=True):
            exact = mpmath.erf(number)
            if exact == 0:
                assert found == 0
                continue
            exponent = max(mpmath.frexp(exact)[1] - DIGITS[dtype], LEAST[dtype])
            worst = max(worst, float(abs(mpmath.ldexp(found - exact, -exponent))))
    return worst


def errors_of_float32(x: Array) -> float:
    """The same, according to math.erf."""
    exact = np.vectorize(math.erf)(x.astype(np.float64))
    unit = np.ldexp(1.0, np.maximum(np.frexp(exact)[1] - 24, -149))
    return float(np.max(abs(erf(x) - exact) / unit))


@every_type
def test_it_is_right(dtype: Any) -> None:
    for x in points(dtype, 6000):
        assert errors(x.astype(dtype)) < PROMISED


def test_it_is_right_in_float32() -> None:
    for x in points(np.float32, 100_000):
        assert errors_of_float32(x.astype(np.float32)) < PROMISED


@pytest.mark.slow
def test_it_is_right_wherever_one_looks() -> None:
    for x in points(np.float64, 150_000, seed=1):
        assert errors(x) < PROMISED


@pytest.mark.slow
def test_it_is_right_all_over_float32() -> None:
    """Every 31st of all numbers up to 7, by their bits."""
    bits = np.arange(0, np.float32(7).view(np.int32), 31, dtype=np.int32)
    for part in np.array_split(bits, 50):
        assert errors_of_float32(part.view(np.float32)) < PROMISED


@every_type
def test_it_is_odd_and_never_beyond_1(dtype: Any) -> None:
    for x in points(dtype, 20_000):
        y = erf(x.astype(dtype))
        assert np.array_equal(erf(-x.astype(dtype)), -y)
        assert np.array_equal(np.signbit(y), np.signbit(x))
        assert abs(y).max() <= 1


@every_type
def test_zeros_infinities_and_nan(dtype: Any) -> None:
    nans = np.array([np.nan, -np.nan], dtype)
    x = np.array([0.0, -0.0, np.inf, -np.inf, *nans, 6, -6, np.finfo(dtype).max], dtype)
    y = erf(x)
    assert y.tolist()[:4] == [0, 0, 1, -1]
    assert np.signbit(y[:2]).tolist() == [False, True]
    assert np.isnan(y[4:6]).all()
    assert y.tolist()[6:] == [1, -1, 1]
    # A NaN spoils its own entry alone, wherever in the table its bits may point.
    for bits in (1, 0xFFF, 0x12345):
        whole = np.array([np.inf, -np.inf], dtype).view(f"i{x.itemsize}") | bits
        assert np.isnan(erf(whole.view(dtype))).all()


@every_type
def test_nothing_is_raised_or_warned_of(dtype: Any) -> None:
    least = np.finfo(dtype).smallest_subnormal
    numbers = [0.0, least, 100 * least, np.finfo(dtype).tiny, np.finfo(dtype).max, np.inf, np.nan]
    x = np.concatenate([*points(dtype, 2000), numbers, np.negative(numbers)])
    with np.errstate(all="ignore"):
        x = x.astype(dtype)
    expected = erf(x)
    with np.errstate(all="raise"):
        assert np.array_equal(erf(x), expected, equal_nan=True)


@every_type
@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (1,), (7,), (2, 3, 4)])
def test_type_and_shape_stay(dtype: Any, shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=shape).astype(dtype)
    x.flags.writeable = False
    kept = x.copy()
    y = erf(x)
    assert isinstance(y, np.ndarray)
    assert (y.dtype, y.shape) == (x.dtype, shape)
    assert not np.shares_memory(x, y)
    assert np.array_equal(x, kept)
    out = np.empty(shape, dtype)
    assert erf(x, out) is out
    assert np.array_equal(out, y)
    own = x.copy()
    assert erf(own, out=own) is own
    assert np.array_equal(own, y)


def test_other_numbers_become_float64() -> None:
    exact = [math.erf(k / 2) for k in range(4)]
    for x in (
        [0, 0.5, 1, 1.5],
        np.array([0, 0.5, 1, 1.5], np.float16),
        np.array([0, 0.5, 1, 1.5], np.dtype(np.float64).newbyteorder()),
    ):
        y = erf(x)
        assert y.dtype == np.float64
        np.testing.assert_allclose(y, exact, rtol=1e-15)
    assert erf(1) == erf(1.0) == erf(np.array([1]))[0]


@every_type
def test_memory_may_lie_in_any_order(dtype: Any) -> None:
    wide = np.random.default_rng(0).normal(size=(60, 90)).astype(dtype)
    expected = erf(wide)
    assert np.array_equal(erf(wide.T), expected.T)
    assert np.array_equal(erf(np.asfortranarray(wide)), expected)
    assert np.array_equal(erf(wide[::2, ::-3]), expected[::2, ::-3])
    for out in (np.empty((90, 60), dtype).T, np.empty((120, 180), dtype)[::2, ::2]):
        assert erf(wide, out) is out
        assert np.array_equal(out, expected)
    turned = wide.copy().T
    assert erf(turned, turned) is turned
    assert np.array_equal(turned, expected.T)


@every_type
def test_every_block_is_computed(dtype: Any) -> None:
    block = BLOCK[dtype]
    x = np.random.default_rng(0).normal(size=2 * block + 1).astype(dtype)
    parts = np.concatenate([erf(part) for part in np.array_split(x, 100)])
    for size in (block - 1, block, block + 1, 2 * block - 1, 2 * block, 2 * block + 1):
        assert np.array_equal(erf(x[:size]), parts[:size])


@every_type
def test_threads_do_not_share_scratch(dtype: Any) -> None:
    tasks = [np.random.default_rng(k).normal(size=40_000).astype(dtype) for k in range(8)]
    expected = [erf(x) for x in tasks]
    with ThreadPoolExecutor(4) as pool:
        for found, y in zip(pool.map(erf, tasks * 5), expected * 5, strict=True):
            assert np.array_equal(found, y)
    assert len(SPACE["_ERF"][np.dtype(dtype)][-1]) <= 5  # and what there is, is used again


def test_its_series_is_the_one_that_is_derived() -> None:
    """Its comments say which terms the code has; were one wrong, no value would be right."""
    grids = runpy.run_path(str(ROOT / "benchmarks/erf_coefficients.py"))["GRIDS"]
    w, e = sympy.symbols("w e")
    lines = re.findall(r"# q = (.*)", TEXT)
    for line, (name, grid) in zip(lines, grids.items(), strict=True):
        formula = sympy.sympify(re.sub(r"(?<=[\d)]) (?=[we(])", "*", line), {"w": w, "e": e})
        derived = {t: sympy.Rational(f.numerator, f.denominator) for t, f in grid.terms.items()}
        assert sympy.Poly(formula, w, e).as_dict() == derived
        assert grid.n == CELLS[getattr(np, name)]
        assert grid.loss < 0.1


def test_the_coefficients_are_printed() -> None:
    run = subprocess.run(
        [sys.executable, "benchmarks/erf_coefficients.py"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert re.findall(r"float\d\d", run.stdout) == ["float32", "float64"]
    assert "2/15 w^4 e^0" in run.stdout


def test_ruff_has_nothing_to_say(tmp_path: Path) -> None:
    file = tmp_path / "with_erf.py"
    file.write_text(TEXT, encoding="utf-8")
    for command in (("format", "--diff"), ("check",)):
        config = ["--no-cache", "--config", str(ROOT / "pyproject.toml")]
        run = subprocess.run(
            [sys.executable, "-m", "ruff", *command, *config, str(file)],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert run.returncode == 0, run.stdout + run.stderr
