"""Notes with costs: which are understood, which is meant where, what contradicts itself."""

import pytest
from test_lint_layers import wrong

from symnet.notes.costs import told
from symnet.notes.declared import cost_name
from symnet.notes.document import Formula
from symnet.notes.source import Source
from symnet.notes.statements import statements
from symnet.paper.claims.verdicts import PROVED, REFUTED
from symnet.paper.verify import verify

FORWARD = ("z^l = W^l a^{l-1} + b^l", r"a^l = \sigma(z^l)")
LETTERS = ("u_j = c_j + \\sum_i x_i w_{ij}", "x_j = g_j(u_j)", "u_k = c_k + \\sum_j x_j w_{jk}",
           "x_k = g_k(u_k)")  # fmt: skip
OF_A_SECTION = r"C = \frac12 \sum_j (a_j^L - y_j)^2"
STRANGE = r"C = \prod_j (a_j^L \star y_j)"


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (r"C = \sum{(a_i^L - y_i)^2}", "squared_error"),
        (r"C = \sum_{i=1}^{n_L} (a_i^L - y_i)^2", "squared_error"),
        (r"C = \frac{1}{2m} \sum_x \| y(x) - a^L(x) \|^2", "quadratic"),
        (r"C = \frac{1}{2m} \sum_q \sum_j (t_{qj} - y_{qj})^2", "quadratic"),
        (r"C = \sum_{i=1}^{n_L} (a_i^L + y_i)^2", ""),
        (r"C = \frac{1}{m} \sum_x C_x", ""),
    ],
)
def test_a_cost_is_known_by_its_formula(said: str, name: str) -> None:
    assert cost_name(said) == name


@pytest.mark.parametrize(
    ("formulas", "expected"),
    [
        # without a half
        ((*FORWARD, r"C = \sum{(a_i^L - y_i)^2}", r"\nabla_a C = 2 (a^L - y)",
          r"\delta^L = 2 (a^L - y) \odot \sigma'(z^L)",
          r"\frac{\partial C}{\partial a_k^L} = 2 (a_k^L - y_k)"), []),
        ((*FORWARD, r"C = \sum{(a_i^L - y_i)^2}", r"\nabla_a C = 2 (a^L - y)",
          r"\frac{\partial C}{\partial a_k^L} = 2 (a_i^L - y_i)"), [5]),
        # the letter tells the layer
        ((*LETTERS, r"E = \frac12 \sum_{k=1}^K (x_k - t_k)^2",
          r"\frac{\partial E}{\partial w_{jk}} = (x_k - t_k) g_k'(u_k) x_j",
          r"\frac{\partial E}{\partial w_{jk}} = (x_k - t_k) \frac{\partial}{\partial w_{jk}} x_k"),
         []),
        ((*LETTERS, r"E = \frac12 \sum_{k=1}^K (x_k - t_k)^2",
          r"\frac{\partial E}{\partial w_{jk}} = (x_k - t_k) g_k'(u_k) x_j",
          r"\frac{\partial E}{\partial w_{jk}} = \frac12 \sum_{k} (x_k - t_k)^2"), [7]),
        # several sides
        ((*FORWARD, r"C = \frac12 \| y - a^L \|^2 = \frac12 \sum_j (y_j - a_j^L)^2"), []),
        ((*FORWARD, r"C = \frac12 \| y - a^L \|^2 = \frac{1}{2m} \sum_j (y_j - a_j^L)^2"), [3]),
        # a cost that is not understood, above a claim and below it
        ((*FORWARD, OF_A_SECTION, r"\delta^L = \frac{\partial C}{\partial z^L}",
          r"\frac{\partial C}{\partial b^l} = \delta^l", r"\delta_j^L = y_j a_j^L \sigma'(z_j^L)",
          STRANGE), [6]),
        ((*FORWARD, OF_A_SECTION, STRANGE, r"\delta^L = \frac{\partial C}{\partial z^L}",
          r"\frac{\partial C}{\partial b^l} = \delta^l", r"\delta_j^L = y_j a_j^L \sigma'(z_j^L)"),
         [-7]),
        ((*FORWARD, OF_A_SECTION, STRANGE, r"\delta_j^L = 2 (a_j^L - y_j) \sigma'(z_j^L)"), [-5]),
        # a mean that becomes a sum
        ((*FORWARD, r"C = \frac{1}{m} \sum_x C_x", r"C = \sum_x C_x",
          r"\frac{\partial C}{\partial w_k} = \frac{1}{m} \sum_x \frac{\partial C_x}"
          r"{\partial w_k}"), [4]),
        ((*FORWARD, r"C = \frac{1}{m} \sum_x C_x", r"C = \sum_x C_x",
          r"\frac{\partial C}{\partial w_k} = \sum_x \frac{\partial C_x}{\partial w_k}"), [-5]),
    ],
)  # fmt: skip
def test_claims_are_judged_by_the_cost_that_stands_above(
    formulas: tuple[str, ...], expected: list[int]
) -> None:
    assert wrong(*formulas) == expected


@pytest.mark.parametrize(
    ("said", "verdicts"),
    [
        (r"C = \frac12 \| y - a \|^2 = \frac{1}{2m} \sum_j \| y_j - a_j \|^2", [REFUTED]),
        (r"C = \| y - a \|^2 = \sum_j (y_j - a_j)^2", [""]),
        (r"E = \frac1m \sum_q \| t_q - y_q \|^2 = \frac1m \sum_q \sum_j (t_{qj} - y_{qj})^2", [""]),
        # a sum over samples may be the whole of which the other is a part
        (r"C = \frac12 \| y - a \|^2 = \frac{1}{2m} \sum_x \| y(x) - a(x) \|^2", []),
        (r"C = \frac1m \sum_x C_x = \frac{1}{2m} \sum_x \| y - a \|^2", []),
        (r"C = \frac12 \| y - a \|^2", []),
    ],
)
def test_sides_of_a_cost_agree(said: str, verdicts: list[str]) -> None:
    found = told(statements(Formula(Source("", said, said), 0, len(said))))
    assert [x.verdict if x else "" for x in found.values()] == verdicts


@pytest.mark.parametrize(("last", "expected"), [("a_k^{l-1}", PROVED), ("a_j^l", REFUTED)])
def test_a_step_may_be_written_twice(last: str, expected: str) -> None:
    step = r"w_{jk}^l \leftarrow w_{jk}^l - \eta \frac{\partial C}{\partial w_{jk}^l}"
    text = rf"{step} \\ \leftarrow w_{{jk}}^l - \eta \delta_j^l {last}"
    assert verify(text, repair=False).verdict == expected
