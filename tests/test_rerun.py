"""A refuted formula as lines of NumPy: whoever runs them sees the numbers of the verdict.

The scripts are run as they are. They take derivatives by moving numbers, so that they owe nothing
to the calculus that the verdict comes from.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
import sympy

from symnet.calculus.counterexample import Setting
from symnet.network import notation as n
from symnet.paper.claims.verdicts import Trial
from symnet.paper.rerun.script import numpy_lines
from symnet.paper.verify import verify
from symnet.term import (
    ARGUMENT,
    Apply,
    LayerNumber,
    Partial,
    ScalarFunction,
    Symbol,
    Term,
    add,
    mul,
    number,
)

Case = tuple[str, Mapping[str, Any]]
ETA = {"declared": {r"\eta": "learning rate"}}
VEC = {"declared": {r"\operatorname{vec}": "stacks columns", r"\otimes": "Kronecker product"}}
SIGMOID, TANH = {"activation": "sigmoid"}, {"activation": "tanh"}
QUADRATIC, ENTROPY = {"cost": "quadratic"}, {"cost": "cross-entropy"}
BP2 = r"\delta^l = (W^{l+1})^T\left(\delta^{l+1}\odot\sigma'(z^{l+1})\right)"

REFUTED: tuple[Case, ...] = (
    # the forward pass
    (r"a_j^l = \sum_k w_{jk}^l a_k^{l-1} + b_j^l", {}),
    (r"z^l = W^l a^{l-1} - b^l", {}),
    (r"z^2_1 = w^2_{12} x_1 + w^2_{11} x_2 + b^2_1", {"widths": [2, 3, 1]}),
    (r"\operatorname{tr}(W^l (W^l)^T) = \sum_j w_{jj}^l", {"widths": "equal"}),
    # BP1
    (r"\delta^L = \nabla_a C", {}),
    (r"\delta^L = \nabla_a C \odot \sigma'(a^L)", {}),
    (r"\delta_j^L = a_j^L - y_j", {**SIGMOID, **QUADRATIC}),
    (r"\delta^L = (a^L - y)\odot\sigma'(z^L)", {**SIGMOID, **ENTROPY}),
    (r"\delta^L = a^L - y", {"activation": "relu", "output_activation": "tanh", **QUADRATIC}),
    (r"\|\delta^L\| = \sum_j \delta_j^L", {}),
    # BP2
    (BP2, {}),
    (r"\delta^l = (W^{l+1})^T \delta^{l+1} \odot \sigma(z^l)", {}),
    (r"\delta^l = W^{l+1}\delta^{l+1}\odot\sigma'(z^l)", {"widths": "equal"}),
    (r"\delta^l = (W^{l+1})^T\delta^{l+1}\odot a^l", SIGMOID),
    (r"\delta_j^l = (1-a_j^l)\sum_k w_{kj}^{l+1}\delta_k^{l+1}", TANH),
    (r"\delta_j^l = \sigma'(z_j^l)\sum_{k}\sum_{m} \delta_m^{l+2}w_{mk}^{l+2}w_{kj}^{l+1}", {}),
    (r"\delta^2_1 = w^3_{11}\delta^3_1", {"widths": [2, 3, 1]}),
    # BP3 and BP4
    (r"\frac{\partial C}{\partial b_j^l} = a_j^l\,\delta_j^l", {}),
    (r"\frac{\partial C}{\partial b^l} = (W^{l+1})^T\delta^{l+1}", {}),
    (r"\frac{\partial C}{\partial w^l_{jk}} = a^{l}_k \delta^l_j", {"widths": "equal"}),
    (r"\frac{\partial C}{\partial w_{jk}^l} = \frac{1}{a_k^{l-1}}\delta_j^l", {}),
    (r"\frac{\partial C}{\partial w_{jk}^L} = (a_j^L-y_j)\,a_k^{L-1}", QUADRATIC),
    (
        r"\frac{\partial C}{\partial W^2} = \begin{bmatrix} \delta_1^2 a_1^{1} & \delta_2^2 a_1^{1}"
        r" \\ \delta_1^2 a_2^{1} & \delta_2^2 a_2^{1} \end{bmatrix}",
        {"widths": [2, 2, 2]},
    ),
    # other derivatives
    (r"\frac{\partial a_m^L}{\partial a_n^{L-1}} = \sigma'(z_n^{L-1})\,w_{mn}^L", {}),
    (r"\frac{\partial z^{l+1}}{\partial z^l} = W^{l+1}", {}),
    (r"\frac{\partial C}{\partial x_k} = \sum_j w_{jk}^2 a_j^2", {}),
    (r"\frac{\partial C}{\partial y_j} = y_j - a_j^L", {}),
    (r"\frac{\partial C}{\partial a_j^L} = \tfrac12\,(a_j^L - y_j)", QUADRATIC),
    (r"\frac{\partial w_{jk}^l}{\partial w_{jk}^l} = 0", {}),
    (r"\frac{\partial C}{\partial C} = 0", {}),
    (r"\frac{\partial b_j^l}{\partial a_k^{l-1}} = w_{jk}^l", {}),
    # second derivatives
    (r"\frac{\partial^2 C}{\partial w_{jk}^l \partial b_j^l} = 0", {}),
    (r"\frac{\partial^2 C}{\partial z_j^l \partial z_k^l} = 0", SIGMOID),
    (r"\frac{\partial \delta_j^l}{\partial z_k^l} = \delta_k^l", {}),
    (r"\frac{\partial^2 \delta_j^l}{\partial z_j^l \partial z_j^l} = \sigma''(z_j^l)", {}),
    # updates, vectors of the page, parts of Kronecker products
    (r"w_{jk}^l \to w_{jk}^l - \eta \frac{\partial C}{\partial b_j^l}", ETA),
    (r"W^l \leftarrow W^l + \eta \delta^l (a^{l-1})^T", {"rule": "gradient descent", **ETA}),
    (r"v = 2v", {"declared": {"v": "vector of parameters"}}),
    (r"\operatorname{vec}(\nabla_{W^l} C) = \delta^l\otimes a^{l-1}", VEC),
    (r"\operatorname{vec}(\delta^l (a^{l-1})^T) = \delta^l \otimes a^{l-1}", VEC),
    # functions of numbers
    (r"\tanh'(z) = 1 - z^2", TANH),
    (r"\tanh''(z) = -2\tanh(z)", {}),
    (r"\tanh(z) = 2\sigma(z) - 1", SIGMOID),
    (r"\sigma''(z) = \sigma'(z)", {}),
    (r"\sigma'(z) = \sigma(z)", {"activation": "gelu"}),
    (r"\frac{d}{dx}\log\left(1+e^{x}\right) = \frac{1}{1+e^{x}}", {}),
    (r"\frac{d^2}{dx^2}\sin x = \sin x", {}),
    (r"\max(0, x) = x", {}),
    (r"\sqrt{x^2} = x", {}),
    (r"\pi = 3", {}),
    (r"C = \frac12 \sum_j (y_j - a_j^L)", QUADRATIC),
)
NAMES = [formula for formula, _ in REFUTED]


def ran(script: str) -> tuple[float, float]:
    """What a script prints when nothing but Python and NumPy is there."""
    run = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, f"{script}\n{run.stderr}"
    found = re.fullmatch(r"left = (\S+), right = (\S+)\n", run.stdout)
    assert found is not None, run.stdout
    return float(found[1]), float(found[2])


def trial_of(formula: str, context: Mapping[str, Any]) -> Trial:
    trial = verify(formula, "nielsen", context).trial
    assert trial is not None
    return trial


@pytest.mark.parametrize(("formula", "context"), REFUTED, ids=NAMES)
def test_the_script_shows_the_numbers_of_the_verdict(
    formula: str, context: Mapping[str, Any]
) -> None:
    found = verify(formula, "nielsen", context)
    assert found.trial is not None
    assert found.counterexample is not None
    left, right = ran(numpy_lines(found.trial))
    for value, said in zip(
        (left, right), (found.counterexample.left, found.counterexample.right), strict=True
    ):
        assert value == pytest.approx(float(Fraction(said)), rel=1e-5, abs=1e-9)
    assert left != pytest.approx(right, rel=1e-5)


@pytest.mark.parametrize(("formula", "context"), REFUTED, ids=NAMES)
def test_every_line_is_needed(formula: str, context: Mapping[str, Any]) -> None:
    script = numpy_lines(trial_of(formula, context))
    tree = ast.parse(script)
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    used = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    made = {node.id for node in names if isinstance(node.ctx, ast.Store)} - {"_"}
    made |= {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    made |= {a.asname or a.name for x in tree.body if isinstance(x, ast.Import) for a in x.names}
    # A forward pass makes z and a together, and a cost is a function of a and y.
    assert made - {"z", "a"} <= used, script
    assert max(map(len, script.splitlines()[:-1])) <= 100


def test_the_second_equation_is_a_page() -> None:
    script = numpy_lines(trial_of(BP2, {}))
    assert len(script.splitlines()) <= 36
    assert "right = sum(W[3][k, j] * delta(3, k) * dsigma(z[3][k]) for k in range(4))" in script


def test_only_numpy_is_imported() -> None:
    for formula, context in REFUTED:
        tree = ast.parse(numpy_lines(trial_of(formula, context)))
        found = [x.name for node in tree.body if isinstance(node, ast.Import) for x in node.names]
        assert set(found) <= {"numpy", "math"}, formula


# --- what cannot be said -------------------------------------------------------------------

z, zs = Symbol("z"), n.z(LayerNumber("", 2), "j")
ZETA = ScalarFunction("ζ", sympy.zeta(ARGUMENT))
DEEP: Term = z
for _ in range(2000):
    DEEP = Apply(ScalarFunction("f", None), DEEP)
FOURTH: Term = Apply(ScalarFunction("f", None), z)
for _ in range(4):
    FOURTH = Partial(FOURTH, z)


@pytest.mark.parametrize(
    ("left", "widths", "indices"),
    [
        (Partial(Symbol("σ"), z, direct=True), (2, 2), {}),
        (Apply(ZETA, z), (2, 2), {}),
        (FOURTH, (2, 2), {}),
        (DEEP, (2, 2), {}),
        (zs, (30, 40, 2), {"j": 1}),
        (zs, (2, 2), {}),  # nobody says what j is
        (zs, (2, 2), {"j": 9}),
        (n.z(LayerNumber("", 7), "j"), (2, 2), {"j": 1}),
        (Partial(n.COST, n.delta(LayerNumber("", 2), "j")), (2, 2), {"j": 1}),
        (mul(number(10**400), z), (2, 2), {}),
    ],
    ids=["direct", "zeta", "fourth", "deep", "wide", "free", "beyond", "layer", "by δ", "large"],
)
def test_what_no_short_script_can_say_is_a_comment(
    left: Term, widths: tuple[int, ...], indices: Mapping[str, int]
) -> None:
    trial = Trial(left, add(left, number(1)), Setting(None, None), widths, 7, {}, indices)
    (line,) = numpy_lines(trial).splitlines()
    assert line.startswith("# There are no short lines of NumPy for this formula: ")


def test_letters_of_the_formula_do_not_hide_names_of_the_script() -> None:
    """A scalar `sum`, `np` or `forward` beside the network is called otherwise."""
    l2 = LayerNumber("", 2)
    for name in ("sum", "np", "forward", "lambda", "W", "left", "∇C", r"\lambda", "é"):
        scalar = Symbol(name)
        left = add(scalar, n.delta(l2, "j"))
        right = mul(scalar, n.delta(l2, "j"))
        trial = Trial(left, right, Setting(None, None), (2, 3), 7, {}, {"j": 2})
        ran(numpy_lines(trial))
