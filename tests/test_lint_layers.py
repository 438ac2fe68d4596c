"""Notes with layers in their own letters and numbers: which the layers are, and which is first."""

import pytest

import symnet
from symnet.notes.findings import CLAIM, UNREAD
from symnet.paper.claims.verdicts import PROVED


def wrong(*formulas: str) -> list[int]:
    """The numbers of the formulas of a note that are told to be wrong; -n: not understood."""
    text = "".join(f"$${formula}$$\n" for formula in formulas)
    report = symnet.lint(text)
    found = []
    for note in report.notes:
        for each in note.equations:
            line, _ = each.formula.source.line_and_column(each.start)
            if each.role == UNREAD:
                found.append(-line)
            elif each.role == CLAIM and each.verdict and each.verdict.verdict != PROVED:
                found.append(line)
    return sorted(found, key=abs)


FROM_NOUGHT = (
    r"u^l = h^{l-1} W^l + b^l \in \mathbb{R}^{1 \times m_l}",
    r"h^l = \phi(u^l)",
    "h^0 = x",
)
ONE_NEURON = ("z = w x + b", r"a = \sigma(z)", "z^l = W^l a^{l-1} + b^l", r"a^l = \sigma(z^l)")
OWN_FUNCTIONS = ("z^l = W^l a^{l-1} + b^l", r"a^l = \sigma_l(z^l)")
BY_NUMBER = ("z^1 = W^1 x + b^1", "a^1 = f(z^1)", "z^2 = W^2 a^1 + b^2", "a^2 = f(z^2)")
FROM_THE_LAYER = ("z^0 = a^0 V^0 + b^0", "a^1 = g(z^0)", "z^1 = a^1 V^1 + b^1", "a^2 = g(z^1)")


@pytest.mark.parametrize(
    ("formulas", "expected"),
    [
        # rows, letters and numbers of the document's own
        ((*FROM_NOUGHT, "u^1 = h^0 W^1 + b^1"), []),
        ((*FROM_NOUGHT, r"\delta^l = \frac{\partial E}{\partial u^l}",
          r"\delta^l = [\delta^{l+1} (W^{l+1})^T] \odot \phi'(u^l)"), []),
        ((*FROM_NOUGHT, r"\delta^l = \frac{\partial E}{\partial u^l}",
          r"\delta^l = [\delta^{l+1} W^{l+1}] \odot \phi'(u^l)"), [5]),
        ((*FROM_NOUGHT, r"\frac{\partial E}{\partial b^l} = \frac{\partial E}{\partial u^l}",
          r"W^l \leftarrow W^l + \eta \frac{\partial E}{\partial W^l}"), [5]),
        # the first layer follows from the equations
        ((*BY_NUMBER, r"\frac{\partial C}{\partial z^1} = (W^2)^T \frac{\partial C}{\partial z^2}"
          r" \odot f'(z^1)",
          r"\frac{\partial C}{\partial b^1} = \frac{\partial C}{\partial z^1}"), []),
        ((*FROM_THE_LAYER, r"\frac{\partial z^1_1}{\partial a^1_2} = V^1_{21}"), []),
        ((*FROM_THE_LAYER, r"\frac{\partial z^1_1}{\partial a^1_2} = V^1_{12}"), [5]),
        (("z^l = W^l a^{l-1} + b^l", r"a^l = \sigma(z^l)", r"h = \sigma(W^1 x + b^1)",
          r"h = \sigma(W^1 x + b^1)"), []),
        # one neuron first
        ((*ONE_NEURON, r"\delta^l = \frac{\partial C}{\partial z^l}",
          r"\delta^l = (W^{l+1})^T \delta^{l+1} \odot \sigma'(z^l)"), []),
        # each layer has a function of its own
        ((*OWN_FUNCTIONS, r"\delta^l = \frac{\partial C}{\partial z^l}",
          r"\delta^l = ((W^{l+1})^T \delta^{l+1}) \odot \sigma_l'(z^l)",
          r"\delta^l = ((W^{l+1})^T \delta^{l+1}) \odot \sigma'^l(z^l)"), []),
        ((*OWN_FUNCTIONS, r"\delta^l = \frac{\partial C}{\partial z^l}",
          r"\frac{\partial C}{\partial b^l} = \delta^l",
          r"\delta^l = ((W^{l+1})^T \delta^{l+1}) \odot \sigma_{l+1}'(z^l)"), [5]),
        # the chain rule in whole layers
        ((*ONE_NEURON[2:], r"\frac{\partial C}{\partial W^l} = \frac{\partial C}{\partial z^l}"
          r" \frac{\partial z^l}{\partial W^l}"), []),
        ((*ONE_NEURON[2:], r"\frac{\partial C}{\partial W^l} = \frac{\partial C}{\partial z^l}"
          r" \frac{\partial z^l}{\partial W^l}"
          r" = \frac{\partial C}{\partial z^l} (a^{l-1})^T"), []),
        ((*ONE_NEURON[2:], r"\frac{\partial C}{\partial b^l} = \frac{\partial C}{\partial z^l}",
          r"\frac{\partial C}{\partial W^l} = \frac{\partial C}{\partial z^l}"
          r" \frac{\partial z^l}{\partial W^l}"
          r" = (a^{l-1})^T \frac{\partial C}{\partial z^l}"), [4]),
        # a sum that nobody writes, and a product with a dot
        (("z_j^l = w_{jk}^l a_k^{l-1} + b_j^l", r"a_j^l = f(z_j^l)",
          r"\frac{\partial C}{\partial w_{jk}^l} = \frac{\partial C}{\partial z_j^l} . a_k^{l-1}"),
         [-1]),
        # steps along the slope, of whatever
        ((r"W := W - \eta \frac{\partial L}{\partial W}", r"V = V - \alpha \nabla_V C"), []),
        ((r"W \leftarrow W + \eta \frac{\partial E}{\partial W}",), [1]),
        # what is said of each entry
        ((*ONE_NEURON[2:], r"\sigma'(z^l) = \sigma(z^l)(1 - \sigma(z^l))"), []),
    ],
)  # fmt: skip
def test_layers_are_those_of_the_document(formulas: tuple[str, ...], expected: list[int]) -> None:
    assert wrong(*formulas) == expected


def test_one_cost_that_is_not_understood_makes_no_other_sure() -> None:
    found = wrong(
        "z^l = W^l a^{l-1} + b^l", r"a^l = \sigma(z^l)", r"C = \frac{1}{2} \|a^L - y\|^2",
        r"C = a^L \cdot y", r"\frac{\partial C}{\partial b^L} = y \odot \sigma'(z^L)",
    )  # fmt: skip
    assert 5 not in found
