r"""What authors write without a word: each habit in a note that is right, and in one that is wrong.

The notes are Nielsen's and A. Ng's networks in few lines. What is right must be no error, and where
it can be judged it must be understood; what is wrong must be found in its line.
"""

import pytest

from symnet.notes.files import document_of
from symnet.notes.findings import Linted
from symnet.notes.linting import linted

NIELSEN = (
    r"$$z^l = w^l a^{l-1} + b^l$$" "\n"
    r"$$a^l = \sigma(z^l)$$" "\n"
    r"$$\delta^l = \frac{\partial C}{\partial z^l}$$" "\n"
)  # fmt: skip
NG = (
    r"$$Z^{[1]} = W^{[1]} X + b^{[1]}$$" "\n"
    r"$$A^{[1]} = \tanh(Z^{[1]})$$" "\n"
    r"$$Z^{[2]} = W^{[2]} A^{[1]} + b^{[2]}$$" "\n"
    r"$$A^{[2]} = \sigma(Z^{[2]})$$" "\n"
    r"$$J = -\frac{1}{m} \sum_i y^{(i)} \log a^{[2](i)} + (1 - y^{(i)}) \log(1 - a^{[2](i)})$$" "\n"
    r"$$dZ^{[2]} = A^{[2]} - Y$$" "\n"
    r"$$dW^{[2]} = \frac{1}{m} dZ^{[2]} A^{[1]T}$$" "\n"
)  # fmt: skip


def lint(text: str) -> Linted:
    return linted(document_of(text, "note.md"))


def errors(text: str) -> list[int]:
    return [x.line for x in lint(text).findings if x.level == "error"]


def unread(text: str) -> list[int]:
    return [x.line for x in lint(text).findings if x.rule == "not-understood"]


RIGHT = {
    "delta stands for its slope in the chain rule": (
        NIELSEN + r"$$\delta^l = \frac{\partial C}{\partial z^{l+1}} \frac{\partial z^{l+1}}"
        r"{\partial z^l} = \delta^{l+1} \frac{\partial z^{l+1}}{\partial z^l}$$"
    ),
    "what stands behind the entrywise product": (
        NIELSEN + r"$$\frac{\partial C}{\partial w^l} = (w^{l+1})^T \delta^{l+1} \odot \sigma'(z^l)"
        r" \cdot (a^{l-1})^T$$"
    ),
    "a sum over the samples without its letter": NG + r"$$db^{[2]} = \frac{1}{m} \sum dZ^{[2]}$$",
    "a cost without its letter": (
        NIELSEN + "The quadratic cost is\n" r"$$\sum_i (y_i - a_i^L)^2$$" "\n"
        r"$$\frac{\partial C}{\partial a_k^L} = 2 (a_k^L - y_k)$$"
    ),
    "functions without a backslash": (
        r"$$\hat y = \sigma(z)$$" "\n"
        r"$$L = -y log(\hat y) - (1 - y) log(1 - \hat y)$$" "\n"
        r"$$\frac{\partial L}{\partial \hat y} = -\frac{y}{\hat y} + \frac{1-y}{1-\hat y}$$"
    ),
}  # fmt: skip


@pytest.mark.parametrize("habit", RIGHT)
def test_what_is_right_is_understood(habit: str) -> None:
    assert errors(RIGHT[habit]) == []
    assert unread(RIGHT[habit]) == []


LOOSE = {
    "the number 1 for the identity": NIELSEN + r"$$\frac{\partial z^l}{\partial b^l} = 1$$",
    "a column for the diagonal of slopes": (
        NIELSEN + r"$$\frac{\partial a^{L-1}}{\partial z^{L-1}} = \sigma'(z^{L-1})$$"
    ),
    "derivatives in the order in which they are said": (
        NIELSEN + r"$$\frac{\partial C}{\partial a^L} \cdot \frac{\partial a^L}{\partial z^L} = "
        r"\delta^L$$"
    ),
    "a small letter for all samples": (
        NG + r"$$db^{[2]} = \frac{1}{m} np.sum(dz^{[2]}, axis=1, keepdims=True)$$"
    ),
    "words between two blocks of rows": (
        NIELSEN + "$$\\begin{gather}\n\\begin{aligned} b^l \\to b^l - \\eta \\delta^l\\\\\n"
        "\\end{aligned}\\notag\n\\shortintertext{where}\n\\begin{aligned} &b^l ~\\text{is the "
        "bias}.\\\\ &\\eta ~\\text{is the rate}.\n\\end{aligned}\n\\end{gather}$$"
    ),
    "how many there are": (
        NIELSEN + r"Here $z_i^{l+1}$ is a weighted input of the $m$ various $a_j^l$."
    ),
}  # fmt: skip


@pytest.mark.parametrize("habit", LOOSE)
def test_what_is_said_loosely_is_no_error(habit: str) -> None:
    found = lint(LOOSE[habit]).findings
    assert [x.message for x in found if x.level in ("error", "warning")] == []


WRONG = {
    "another layer in the chain rule": (
        NIELSEN + r"$$\delta^l = \delta^{l+1} \frac{\partial z^{l+1}}{\partial z^l} = "
        r"w^{l+1} \delta^{l+1} \odot \sigma'(z^l)$$"
    ),
    "another vector behind the entrywise product": (
        NIELSEN + r"$$\frac{\partial C}{\partial w^l} = (w^{l+1})^T \delta^{l+1} \odot \sigma'(z^l)"
        r" \cdot (a^l)^T$$"
    ),
    "a neuron of another letter": (
        "".join(NIELSEN.splitlines(keepends=True)[:2]) + r"$$\sum_i (y_i - a_i^L)^2$$" "\n"
        r"$$\frac{\partial C}{\partial a_k^L} = 2 (a_i^L - y_i)$$"
    ),
    "a layer that was defined for every l": (
        NIELSEN + r"$$z^3 = w^3 a^2 + b^2$$"
    ),
}  # fmt: skip


@pytest.mark.parametrize("habit", WRONG)
def test_what_is_wrong_is_found(habit: str) -> None:
    assert errors(WRONG[habit]) == [4]
