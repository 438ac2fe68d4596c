r"""Notes without a general layer, one neuron, layers by number, batches, judged by themselves.

Each note is clean; each of its planted errors stands for a line of it. The laws: of the clean note
nothing is said and every equation is understood; a planted error is found in its line, and never
proved. Of the chain rule the law is that of numbers: the product of the slopes on the way is the
slope of the whole for all functions if and only if it is told to hold.
"""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import symnet
from symnet.notes import by_definitions, chain_rule
from symnet.notes.files import document_of
from symnet.notes.findings import CLAIM, DEFINITION
from symnet.notes.linting import linted
from symnet.paper.formula.reader import read

NEURON = r"""
$$z = w_1 x_1 + w_2 x_2 + b$$
$$\hat{y} = \sigma(z)$$
$$L = \frac{1}{2} (\hat{y} - y)^2$$
$$\frac{\partial L}{\partial \hat{y}} = \hat{y} - y$$
$$\frac{\partial L}{\partial z} = \frac{\partial L}{\partial \hat{y}} \frac{\partial \hat{y}}{\partial z} = (\hat{y} - y) \sigma'(z)$$
$$\frac{\partial L}{\partial w_1} = \frac{\partial L}{\partial z} x_1$$
$$\frac{\partial L}{\partial b} = (\hat{y} - y) \cdot \sigma'(z)$$
$$w_2 := w_2 - \eta \frac{\partial L}{\partial w_2}$$
"""  # noqa: E501

SMALL = r"""
$$h_1 = \sigma(w_1 x_1 + w_2 x_2 + b_1), \quad h_2 = \sigma(w_3 x_1 + w_4 x_2 + b_2)$$
$$o = w_5 h_1 + w_6 h_2 + b_3$$
$$E = (t - o)^2$$
$$\frac{\partial E}{\partial o} = -2 (t - o)$$
$$\frac{\partial E}{\partial w_5} = -2 (t - o) h_1$$
$$\frac{\partial E}{\partial h_2} = \frac{\partial E}{\partial o} w_6$$
$$\frac{\partial E}{\partial w_3} = \frac{\partial E}{\partial o} \frac{\partial o}{\partial h_2} \frac{\partial h_2}{\partial w_3}$$
$$\frac{\partial E}{\partial b_3} = -2 (t - o)$$
"""  # noqa: E501

COLUMNS = r"""
$$z^{(1)} = W^{(1)} x + b^{(1)}$$
$$a^{(1)} = f(z^{(1)})$$
$$z^{(2)} = W^{(2)} a^{(1)} + b^{(2)}$$
$$\hat{y} = \mathrm{softmax}(z^{(2)})$$
$$L = -\sum_k y_k \log \hat{y}_k$$
$$\delta^{(2)} = \frac{\partial L}{\partial z^{(2)}} = \hat{y} - y$$
$$\frac{\partial L}{\partial W^{(2)}} = \delta^{(2)} (a^{(1)})^T$$
$$\delta^{(1)} = \frac{\partial L}{\partial z^{(1)}} = \left( (W^{(2)})^T \delta^{(2)} \right) \odot f'(z^{(1)})$$
$$\frac{\partial L}{\partial W^{(1)}} = \frac{\partial L}{\partial z^{(1)}} \frac{\partial z^{(1)}}{\partial W^{(1)}} = \delta^{(1)} x^T$$
$$\frac{\partial L}{\partial b^{(1)}} = \delta^{(1)}$$
$$W^{(2)} \leftarrow W^{(2)} - \eta \, \delta^{(2)} a^{(1)T}$$
"""  # noqa: E501

ROWS = r"""
$$Z_1 = X W_1 + b_1, \qquad A_1 = \tanh(Z_1)$$
$$Z_2 = A_1 W_2 + b_2$$
$$\hat{Y} = \mathrm{softmax}(Z_2)$$
The loss $L$ is the cross-entropy, summed over all examples.
$$\frac{\partial L}{\partial Z_2} = \hat{Y} - Y$$
$$\frac{\partial L}{\partial W_2} = A_1^T \frac{\partial L}{\partial Z_2}$$
$$\frac{\partial L}{\partial A_1} = \frac{\partial L}{\partial Z_2} W_2^T$$
$$\frac{\partial L}{\partial Z_1} = \frac{\partial L}{\partial A_1} \odot (1 - A_1^2)$$
$$\frac{\partial L}{\partial W_1} = X^T \frac{\partial L}{\partial Z_1}$$
"""

RAISED = r"""
$$z^1 = W^1 x + b^1, \quad a^1 = \mathrm{ReLU}(z^1)$$
$$z^2 = W^2 a^1 + b^2$$
$$a^2 = \sigma(z^2) = \frac{1}{1 + e^{-z^2}} \approx 0.62$$
$$L = \frac{1}{2} (a^2 - y)^2$$
$$\delta^2 = (a^2 - y) \sigma'(z^2)$$
$$\sigma'(z^2) = a^2 (1 - a^2) = 0.62 \cdot 0.38 \approx 0.24$$
$$\delta^1 = (W^2)^T \delta^2 \odot \mathrm{ReLU}'(z^1)$$
$$\frac{\partial L}{\partial W^1} = \delta^1 x^T$$
"""

INDICES = r"""
$$p_i = \frac{e^{z_i}}{\sum_k e^{z_k}}$$
The loss of one example is $L = -\sum_i y_i \log p_i$, where $y$ is one-hot.
$$\frac{\partial p_i}{\partial z_j} = p_i (\delta_{ij} - p_j)$$
$$\frac{\partial L}{\partial p_i} = -\frac{y_i}{p_i}$$
$$\frac{\partial L}{\partial z_j} = \sum_i \frac{\partial L}{\partial p_i} \frac{\partial p_i}{\partial z_j}$$
$$\frac{\partial L}{\partial z_j} = -\sum_i \frac{y_i}{p_i} p_i (\delta_{ij} - p_j) = p_j - y_j$$
$$z_i = \sum_{m=1}^M W_{im} h_m + b_i$$
$$\frac{\partial L}{\partial W_{im}} = (p_i - y_i) h_m, \quad \frac{\partial L}{\partial b_i} = p_i - y_i$$
"""  # noqa: E501

NOTES = {
    "indices": INDICES,
    "neuron": NEURON,
    "small": SMALL,
    "columns": COLUMNS,
    "rows": ROWS,
    "raised": RAISED,
}
PLANTED = [
    (
        "indices",
        r"p_i (\delta_{ij} - p_j)$$" + "\n" + r"$$\frac{\partial L}{\partial p",
        r"p_i (\delta_{ij} + p_j)$$" + "\n" + r"$$\frac{\partial L}{\partial p",
    ),
    ("indices", r"= -\frac{y_i}{p_i}$$", r"= \frac{y_i}{p_i}$$"),
    ("indices", r"p_i (\delta_{ij} - p_j) = p_j - y_j", r"p_i (\delta_{ij} - p_j) = y_j - p_j"),
    ("indices", r"(p_i - y_i) h_m", r"(p_i - y_i) h_i"),
    ("indices", r"b_i} = p_i - y_i", r"b_i} = p_i + y_i"),
    ("neuron", r"{\partial \hat{y}} = \hat{y} - y", r"{\partial \hat{y}} = y - \hat{y}"),
    ("neuron", r"= (\hat{y} - y) \sigma'(z)$$", r"= (\hat{y} - y) \sigma(z)$$"),
    ("neuron", r"\frac{\partial L}{\partial z} x_1", r"\frac{\partial L}{\partial z} x_2"),
    ("neuron", r"= (\hat{y} - y) \cdot \sigma'(z)$$", r"= (\hat{y} - y) \cdot \sigma'(z) x_1$$"),
    ("neuron", r"w_2 := w_2 - \eta", r"w_2 := w_2 + \eta"),
    ("small", r"o} = -2 (t - o)", r"o} = 2 (t - o)"),
    ("small", r"w_5} = -2 (t - o) h_1", r"w_5} = -2 (t - o) h_2"),
    ("small", r"\frac{\partial E}{\partial o} w_6", r"\frac{\partial E}{\partial o} w_5"),
    ("small", r"b_3} = -2 (t - o)", r"b_3} = -(t - o)"),
    ("columns", r"z^{(2)}} = \hat{y} - y", r"z^{(2)}} = y - \hat{y}"),
    ("columns", r"\delta^{(2)} (a^{(1)})^T$$", r"(a^{(1)})^T \delta^{(2)}$$"),
    ("columns", r"(W^{(2)})^T \delta^{(2)} \right)", r"W^{(2)} \delta^{(2)} \right)"),
    ("columns", r"\odot f'(z^{(1)})", r"\odot f'(z^{(2)})"),
    ("columns", r"= \delta^{(1)} x^T", r"= \delta^{(1)} x"),
    ("columns", r"b^{(1)}} = \delta^{(1)}", r"b^{(1)}} = \delta^{(2)}"),
    ("columns", r"W^{(2)} - \eta", r"W^{(2)} + \eta"),
    ("rows", r"A_1^T \frac{\partial L}{\partial Z_2}", r"A_1 \frac{\partial L}{\partial Z_2}"),
    ("rows", r"\frac{\partial L}{\partial Z_2} W_2^T", r"\frac{\partial L}{\partial Z_2} W_2"),
    ("rows", r"\odot (1 - A_1^2)", r"\odot (1 + A_1^2)"),
    ("rows", r"X^T \frac{\partial L}{\partial Z_1}", r"\frac{\partial L}{\partial Z_1} X^T"),
    ("raised", r"(a^2 - y) \sigma'(z^2)", r"(y - a^2) \sigma'(z^2)"),
    ("raised", r"(W^2)^T \delta^2", r"W^2 \delta^2"),
    ("raised", r"\delta^1 x^T", r"\delta^1 x"),
]


def lint(text: str) -> symnet.notes.findings.Linted:
    return linted(document_of(text, "note.md"))


@pytest.mark.parametrize("name", NOTES)
def test_a_clean_note_is_understood_and_nothing_is_said(name: str) -> None:
    found = lint(NOTES[name])
    assert [f"{x.line}: {x.message}" for x in found.findings if x.level != "note"] == []
    said = [x for x in found.equations if x.verdict is not None]
    assert len(said) >= 8
    assert all(x.role in (CLAIM, DEFINITION) and x.verdict.holds for x in said)


@pytest.mark.parametrize(("name", "right", "wrong"), PLANTED)
def test_a_planted_error_is_found_in_its_line(name: str, right: str, wrong: str) -> None:
    assert NOTES[name].count(right) == 1
    found = lint(NOTES[name].replace(right, wrong))
    line = NOTES[name][: NOTES[name].index(right)].count("\n") + 1
    assert [x.line for x in found.findings if x.level == "error"] == [line]


def test_two_networks_in_one_note_are_two() -> None:
    both = NEURON + "\n# Two layers\n" + COLUMNS
    assert all(x.level == "note" for x in lint(both).findings)
    worse = both.replace(r"\odot f'(z^{(1)})", r"\odot f'(z^{(2)})")
    assert [x.level for x in lint(worse).findings] == ["error"]


def test_what_is_predicted_and_what_is_wanted_are_two_symbols() -> None:
    # Were y the output, C would be 0 everywhere, and whatever is said of it be true.
    note = r"$$y = \sigma(w x + b)$$ $$u = w x + b, \quad \hat{y} = \sigma(u)$$"
    note += (
        r"$$C = (y - \hat{y})^2$$"
        + "\n\n"
        + r"$$\frac{\partial C}{\partial u} = 2 (y - \hat{y}) \sigma'(u)$$"
    )
    assert [x.line for x in lint(note).findings if x.level == "error"] == [3]


def test_what_holds_under_a_condition_in_words_is_no_error() -> None:
    note = r"$$p_i = \frac{e^{z_i}}{\sum_k e^{z_k}}$$" + "\n\n"
    note += r"$$\frac{dp_i}{dz_j} = -p_i p_j \quad \text{when they differ}$$"
    assert all(x.level == "note" for x in lint(note).findings)


def test_what_is_taken_for_granted_stands_with_the_verdict() -> None:
    said = {y for x in lint(COLUMNS).equations if x.verdict for y in x.verdict.assumptions}
    assert "targets beside a softmax sum to 1" in said
    said = {y for x in lint(RAISED).equations if x.verdict for y in x.verdict.assumptions}
    assert "a cost without a sum or a norm is that of one output" in said


def test_a_reward_may_be_climbed() -> None:
    note = r"$$z = w x, \quad J = z$$ $$w := w + \eta \frac{dJ}{dw}$$"
    assert all(x.level == "note" for x in lint(note).findings)


def test_a_network_with_too_many_ways_is_left_alone() -> None:
    steps = [rf"$$h_{{{n + 1}}} = v_{{{n}}} h_{{{n}}} + w h_{{{n}}}$$" for n in range(1, 75)]
    found = lint("\n\n".join([*steps, r"$$C = h_{75}^2$$", r"$$\frac{dC}{dw} = 0$$"]))
    assert not any(x.verdict is not None and x.verdict.holds for x in found.equations[-1:])


def test_on_what_something_depends_is_no_product() -> None:
    note = r"$$z = w^T x + b, \quad \alpha(t) = 1/(1 + e^{-t}), \quad o = \alpha(z)$$"
    note += "\n\n" + r"$$z = z(w) = w^T x + b$$ $$\frac{\partial z}{\partial b} = 1$$"
    assert all(x.level == "note" for x in lint(note).findings)
    assert all(x.verdict.holds for x in lint(note).equations if x.verdict is not None)


# A note, and a wrong claim that would hold of another note: it is never proved.
FOOLING = [
    (r"$$z = W x, \quad L = \|z - y\|^2$$", r"\frac{dL}{dz} = z - y"),
    (r"$$z = W x, \quad L = \log(1 + \|z - y\|^2)$$", r"\frac{dL}{dz} = z - y"),
    (r"$$z = W x, \quad C = \sum_k (z_k - y_k)^4$$", r"\frac{dC}{dz} = z - y"),
    (r"$$z = W x, \quad C = \frac{1}{n} \sum_{k=1}^n (z_k - y_k)^2$$", r"\frac{dC}{dz} = z - y"),
    (r"$$Z = X W, \quad L = \frac{1}{2m} \|Z - Y\|^2$$", r"\frac{dL}{dW} = X^T (Z - Y)"),
    (
        r"$$z = W x, \quad p = \mathrm{softmax}(z), \quad L = \frac{1}{2} \|p - y\|^2$$",
        r"\frac{dL}{dz} = p - y",
    ),
    (
        r"$$z = W x + b, \quad a = \sigma(z)$$ We add $C = C_0 + \frac{\lambda}{2} \|W\|^2$.",
        r"\frac{dC}{dW} = \frac{dC}{dz} x^T",
    ),
    (
        r"$$z = W x + b, \quad a = \sigma(z)$$ The cost $C$ has a penalty on the weights.",
        r"\frac{dC}{dW} = \frac{dC}{dz} \frac{dz}{dW}",
    ),
    (
        r"$$Z = X W + b, \quad P = \mathrm{softmax}(Z)$$ The loss $L$ is the cross-entropy, "
        r"averaged over the examples.",
        r"\frac{dL}{dZ} = P - Y",
    ),
    (
        r"$$z = w_1 x_1 + w_2 x_2, \quad C = (z - y)^2$$",
        r"w_1 := w_2 - \eta \frac{dC}{dw_2}",
    ),
    (
        r"$$z_1 = w_1 x, \quad a_1 = z_1^2, \quad z_2 = w_2 a_1, \quad L = (z_2 - y)^2$$"
        r"$$z_2 = w_2 w_1 x^2$$",
        r"\frac{dL}{dw_1} = 2 (z_2 - y) w_2 x^2",
    ),
    (r"$$z = w x + b, \quad d = z - y, \quad C = d^2$$", r"\frac{dC}{dw} = d x"),
]


FOOLING += [
    (
        r"$$z = w x, \quad a = \sigma(z), \quad C = \frac12 (a - y)^2$$",
        r"\frac{dC}{da} = 0.5 (a - y) = a - y",
    ),
    (
        r"$$q = \begin{cases} w x & x > 0 \\ 0 & x \le 0 \end{cases}$$"
        r"$$a = q + w x, \quad C = (a - y)^2$$",
        r"\frac{dC}{dw} = 2 (a - y) x",
    ),
    (
        r"$$q = w x + \dots + u$$ $$a = q + w x, \quad C = (a - y)^2$$",
        r"\frac{dC}{dw} = 2 (a - y) x",
    ),
]


@pytest.mark.parametrize(("note", "claim"), FOOLING)
def test_what_would_hold_of_another_note_is_not_proved(note: str, claim: str) -> None:
    found = lint(f"{note}\n\n$${claim}$$")
    last = max(found.equations, key=lambda x: x.start)
    assert last.verdict is None or not last.verdict.holds
    assert all(x.suggestion is None or "d w" not in x.suggestion for x in found.findings)


@pytest.mark.parametrize(
    "claim",
    [
        r"\frac{dC}{dW} = \frac{dC}{dz} \frac{da}{dW}",
        r"\frac{dC}{dW} = \frac{dC}{da} \frac{dz}{dW}",
        r"\frac{\partial C}{\partial W} = \frac{\partial C}{\partial z} x",
        r"\frac{\partial C}{\partial x} = W \frac{\partial C}{\partial z}",
    ],
)
def test_what_is_no_chain_is_not_proved(claim: str) -> None:
    declared = {
        "W": "n by m", "x": "m by 1", "b": "n by 1", r"\sigma": "activation function",
        "z": "W x + b", "a": r"\sigma(z)", "C": "loss",
    }  # fmt: skip
    assert not by_definitions.verdict(claim, declared).holds
    right = r"\frac{dC}{dW} = \frac{dC}{da} \frac{da}{dz} \frac{dz}{dW}"
    assert by_definitions.verdict(right, declared).holds


@given(st.data())
def test_the_chain_rule_is_that_of_numbers(data: st.DataObject) -> None:
    names = "CABDEF"[: data.draw(st.integers(3, 6))]
    pairs = [(one, other) for at, one in enumerate(names) for other in names[at + 1 :]]
    kept = data.draw(st.lists(st.sampled_from(pairs), unique=True, min_size=2))
    # Large primes as slopes: sums of their products are equal only where the terms are the same.
    primes = iter([10007, 10009, 10037, 10039, 10061, 10067, 10069, 10079, 10091, 10093, 10099,
                   10103, 10111, 10133, 10139])  # fmt: skip
    slope = {pair: next(primes) for pair in kept}
    uses = {one: {y for x, y in kept if x == one} for one in names}

    def whole(above: str, below: str) -> int:
        direct = slope.get((above, below), 0)
        return direct + sum(slope[above, x] * whole(x, below) for x in uses[above] if x != below)

    way = data.draw(st.lists(st.sampled_from(names), unique=True, min_size=3))
    way.sort(key=names.index)
    steps = list(pairwise(way))
    text = " ".join(rf"\frac{{\partial {x}}}{{\partial {y}}}" for x, y in steps)
    (left,) = read(rf"\frac{{\partial {way[0]}}}{{\partial {way[-1]}}}").statements
    (right,) = read(text).statements
    product = 1
    for x, y in steps:
        product *= whole(x, y)
    total = whole(way[0], way[-1])
    assert chain_rule.holds(left, right, uses) == (product == total != 0)
