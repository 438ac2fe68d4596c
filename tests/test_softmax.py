"""Softmax in claims: of the output layer, of a vector by itself, of a class by its number.

The table holds formulas with the verdict that they should get, true ones and wrong ones; the rest
holds the parts against numbers that were computed another way.
"""

import json
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symnet.calculus import algebra
from symnet.calculus.claim import holds
from symnet.calculus.counterexample import Instance, Setting
from symnet.calculus.coupled import couples, values
from symnet.calculus.judges import JUDGES
from symnet.calculus.nilpotent import numbers_to
from symnet.network import notation as n
from symnet.network.functions import ACTIVATIONS, COSTS, typed_activation
from symnet.paper.context.outputs import parted, target
from symnet.paper.rerun.formulas import coupled_text
from symnet.paper.rerun.script import numpy_lines
from symnet.paper.verify import PROVED, REFUTED, UNKNOWN, verify
from symnet.term import (
    ONE,
    ZERO,
    Apply,
    Delta,
    Partial,
    ScalarFunction,
    Sum,
    Symbol,
    Term,
    add,
    elementary,
    mul,
    number,
    power,
)

HERE = Path(__file__).parent
LINES = (HERE / "softmax_formulas.jsonl").read_text(encoding="utf-8").splitlines()
FORMULAS = [json.loads(line) for line in LINES]
SOFTMAX = ACTIVATIONS["softmax"].formula
J, K = n.on("j", n.L), n.on("k", n.L)
MINUS = number(-1)
LIKELY = Setting(None, COSTS["log_likelihood"].formula, SOFTMAX, True, True)
OUTPUT = {"activation": "abstract", "output_activation": "softmax"}


def a(index: Any) -> Symbol:
    return Symbol("a", n.L, (index,))


def z(index: Any) -> Symbol:
    return Symbol("z", n.L, (index,))


def y(index: Any) -> Symbol:
    return Symbol("y", None, (index,))


# --- formulas as printed -------------------------------------------------------------------


@pytest.mark.parametrize("row", FORMULAS, ids=lambda row: row["latex"][:60])
def test_formulas_get_their_verdicts(row: dict[str, Any]) -> None:
    found = verify(row["latex"], row.get("convention", "nielsen"), row["context"])
    assert found.verdict == row["verdict"], found.reason


def test_the_table_has_both_kinds() -> None:
    verdicts = [row["verdict"] for row in FORMULAS]
    assert min(verdicts.count(PROVED), verdicts.count(REFUTED)) > 40


@pytest.mark.parametrize("row", [r for r in FORMULAS if r["verdict"] == REFUTED][::4],
                         ids=lambda row: row["latex"][:60])  # fmt: skip
def test_a_refuted_formula_fails_in_numpy_too(row: dict[str, Any]) -> None:
    """The script's numbers, from plain NumPy and difference quotients, are the verdict's."""
    found = verify(row["latex"], row.get("convention", "nielsen"), row["context"])
    assert found.counterexample is not None
    if found.trial is None:  # other books, and pages of definitions, have no scripts
        assert row.get("convention") or "declared" in row["context"]
        return
    script = numpy_lines(found.trial)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    left, right = (float(part.split("=")[1]) for part in done.stdout.strip().split(","))
    told = found.counterexample
    for mine, theirs in ((told.left, left), (told.right, right)):
        assert float(Fraction(mine) if "/" in mine else mine) == pytest.approx(theirs, rel=1e-5)


def test_what_is_assumed_is_said() -> None:
    found = verify(r"\delta^L = a^L - y", context={**OUTPUT, "cost": "cross-entropy"})
    assert any("cross-entropy after softmax" in x for x in found.assumptions)
    found = verify(r"a_j^L = \frac{e^{z_j^L}}{\sum_k e^{z_k^L}}")
    assert "the last layer is a softmax" in found.assumptions
    declared = {"p": r"\mathrm{softmax}(z)", "L": r"-\sum_k y_k\log p_k"}
    found = verify(r"\frac{\partial L}{\partial z_k} = p_k - y_k", context={"declared": declared})
    assert "the entries of y have the sum 1" in found.assumptions


def test_every_class_is_tried() -> None:
    """Right for the first class alone is wrong."""
    context = {**OUTPUT, "cost": "log-likelihood", "target": "one-hot"}
    found = verify(r"C = -\ln a_1^L", context=context)
    assert found.verdict == REFUTED
    assert found.counterexample is not None
    assert found.counterexample.indices["y"] == 2


@pytest.mark.parametrize("target_", ["unnormalised", "one-hot", "probabilities", "fruit"])
def test_what_y_is_decides(target_: str) -> None:
    context = {**OUTPUT, "cost": "log-likelihood", "target": target_}
    wanted = {"unnormalised": REFUTED, "fruit": UNKNOWN}.get(target_, PROVED)
    assert verify(r"\delta^L = a^L - y", context=context).verdict == wanted


def test_words_for_the_layers() -> None:
    for said in (
        "tanh, softmax output",
        "tanh hidden layers, softmax output layer",
        "tanh; output: softmax",
        "tanh and softmax at the output",
        "tanh, softmax",
    ):
        assert parted(said) == ("tanh", "softmax")  # fmt: skip
    assert parted("softmax") == ("", "softmax")
    assert parted("sigmoid") == ("sigmoid", "")
    assert target("one-hot vectors") == (True, True)
    assert target("unnormalised") == (False, False)
    assert target("sums to one") == (True, False)


def test_mixed_derivatives_before_what_they_are_of() -> None:
    good = r"\frac{\partial^2}{\partial x\,\partial y} (x^2 y^3) = 6 x y^2"
    bad = r"\frac{\partial^2}{\partial x\,\partial y} (x^2 y^3) = 2 x y^3"
    assert verify(good).verdict in (PROVED, UNKNOWN)
    assert verify(bad).verdict in (REFUTED, UNKNOWN)


# --- before the judges ---------------------------------------------------------------------


@given(st.integers(-2, 2), st.integers(-2, 2), st.integers(-1, 1))
@settings(max_examples=40, deadline=None)
def test_one_jacobian_alone_is_proved(c: int, d: int, e: int) -> None:
    """Of all c a_j [j = k] + d a_j a_k + e a_j only a_j ([j = k] - a_k)."""
    right = add(mul(number(c), a(J), Delta(J, K)), mul(number(d), a(J), a(K)), mul(number(e), a(J)))
    proved = holds(Partial(a(J), z(K)), right, LIKELY) == ""
    assert proved == ((c, d, e) == (1, -1, 0))


@given(st.integers(-2, 2), st.integers(-2, 2), st.booleans())
@settings(max_examples=30, deadline=None)
def test_one_error_alone_is_proved(c: int, d: int, normalised: bool) -> None:
    setting = replace(LIKELY, normalised=normalised)
    right = add(mul(number(c), a(J)), mul(number(d), y(J)))
    proved = holds(Symbol("δ", n.L, (J,)), right, setting) == ""
    assert proved == (normalised and (c, d) == (1, -1))


@pytest.mark.parametrize(
    "formula",
    ["exp(z[j]) / sum(p, exp(z[p]))", "exp(2*z[j]) / sum(p, exp(2*z[p]))",
     "z[j] / sum(p, z[p])"],
)  # fmt: skip
def test_other_functions_that_couple(formula: str) -> None:
    """The judges prove what the total over a layer is, and nothing that it is not."""
    own = typed_activation(formula).formula
    assert couples(own)
    setting = Setting(None, None, own, True)
    assert holds(Sum(J, a(J)), ONE, setting) == ""
    assert holds(Sum(J, a(J)), number(2), setting) != ""
    assert holds(Sum(J, Partial(a(J), z(K))), ZERO, setting) == ""
    assert holds(Sum(K, Partial(a(J), z(K))), ONE, setting) != ""


def test_where_the_layers_below_are_no_softmax() -> None:
    """δ of a hidden layer has the slope of its own σ."""
    below = n.L.shift(-1)
    m = n.on("m", below)
    slope = Apply(replace(_sigma(), layer=below, order=1), Symbol("z", below, (m,)))
    through = Sum(J, mul(Symbol("w", n.L, (J, m)), add(a(J), mul(MINUS, y(J)))))
    delta = Symbol("δ", below, (m,))
    assert holds(delta, mul(slope, through), LIKELY) == ""
    assert holds(delta, through, LIKELY) != ""


def _sigma() -> Any:

    return ScalarFunction("σ", None)


@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: judge.name)
def test_logarithms_of_what_is_positive(judge: Any) -> None:
    """ln(e^u / Σ e^v) is u - ln Σ e^v; ln(x y) of anything is not taken apart."""
    exp, log = elementary("exp"), elementary("log")
    total = Sum(K, Apply(exp, z(K)))
    left = Apply(log, mul(Apply(exp, z(J)), power(total, -1)))
    right = add(z(J), mul(MINUS, Apply(log, total)))
    assert judge.vanishes(add(left, mul(MINUS, right)), False, n.L)
    product = Apply(log, mul(z(J), z(K)))
    parts = add(Apply(log, z(J)), Apply(log, z(K)))
    assert not judge.vanishes(add(product, mul(MINUS, parts)), False, n.L)


def test_what_is_surely_positive() -> None:
    e = Apply(algebra.EXP, z(J))
    positive: list[Term] = [e, Sum(J, e), add(ONE, e), mul(number(2), power(e, -1))]
    assert all(map(algebra.surely_positive, positive))
    doubtful: list[Term] = [z(J), add(e, z(J)), mul(MINUS, e), Apply(algebra.LOG, e), ZERO]
    assert not any(map(algebra.surely_positive, doubtful))


# --- at numbers ----------------------------------------------------------------------------


@given(st.lists(st.integers(-20, 20), min_size=1, max_size=6))
@settings(max_examples=50, deadline=None)
def test_values_are_those_of_numpy(numerators: list[int]) -> None:
    at = [Fraction(x, 8) for x in numerators]
    numbers = numbers_to(40)
    found = values(SOFTMAX, numbers, [numbers.of(x) for x in at])
    powers = np.exp(np.array([float(x) for x in at]))
    assert np.array([float(x) for x in found]) == pytest.approx(powers / powers.sum())
    text = coupled_text(SOFTMAX)
    computed = eval(text, {"np": np, "z": np.array([float(x) for x in at])})
    assert computed == pytest.approx(powers / powers.sum())


def test_slopes_are_difference_quotients() -> None:
    """∂C/∂z of a specimen is a - y, with σ, w and y as they were drawn."""
    instance = Instance((3, 2, 4), LIKELY, seed=5)
    for j in range(1, 5):
        one, other = (
            float(instance.value(term, {}, {"j": j}))
            for term in (Symbol("δ", n.L, (J,)), add(a(J), mul(MINUS, y(J))))
        )
        assert one == pytest.approx(other, abs=1e-12)
    assert float(instance.value(Sum(J, a(J)), {}, {})) == pytest.approx(1)
