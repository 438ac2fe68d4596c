r"""What is wrong whatever the network is: cross-entropies that are none, numbers out of order.

A cross-entropy is compared with its numbers: as a cost it has to be least, or as a likelihood
greatest, where the output is the target.
"""

import re
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

import symnet
from symnet.notes.cross_entropy import verdict
from symnet.paper.formula.reader import read

FORWARD = r"$$\hat y = \sigma(z), \quad z = w^T x + b, \quad \sigma(z) = \frac{1}{1 + e^{-z}}$$ "

WEIGHTS = {"y": lambda y: y, "(1 - y)": lambda y: 1 - y, "(y - 1)": lambda y: y - 1}
LOGARITHMS = {
    r"\log a": lambda a: log(a),
    r"\log(1 - a)": lambda a: log(1 - a),
    r"\ln(a)": lambda a: log(a),
    r"(1 - \log a)": lambda a: 1 - log(a),
}
term = st.tuples(
    st.sampled_from([1, -1]), st.sampled_from([*WEIGHTS]), st.sampled_from([*LOGARITHMS])
)


def rules(text: str) -> list[tuple[str, int]]:
    return [(x.rule, x.line) for x in symnet.lint(text).findings if x.level == "error"]


def is_cross_entropy(terms: list[tuple[int, str, str]], y: float) -> float:
    """Whether it grows (1) or falls with a, for a target y."""

    def value(a: float) -> float:
        return sum(sign * WEIGHTS[w](y) * LOGARITHMS[f](a) for sign, w, f in terms)

    return value(0.7) - value(0.3)


@given(term, term)
def test_only_what_is_least_at_the_target_is_a_cross_entropy(
    one: tuple[int, str, str], other: tuple[int, str, str]
) -> None:
    signs = {1: "+", -1: "-"}
    text = f"L = {signs[one[0]]} {one[1]} {one[2]} {signs[other[0]]} {other[1]} {other[2]}"
    found = verdict(text, read(text))
    if (one[1] == "y") == (other[1] == "y"):
        assert found is None  # both speak of one target: it is something else
        return
    at_one, at_zero = is_cross_entropy([one, other], 1), is_cross_entropy([one, other], 0)
    sums = {each[2] for each in (one, other)}
    if at_one * at_zero > 0 or r"(1 - \log a)" in sums:
        assert found is not None
    else:  # each logarithm has its place as well: that of a where y is 1
        of_rest = {each[1] == "y": each[2] == r"\log(1 - a)" for each in (one, other)}
        assert (found is None) == (of_rest == {True: False, False: True})
    if found is not None and found.suggestion is not None:
        assert verdict(found.suggestion, read(found.suggestion)) is None


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        (r"y \log \hat y + (1-y) \log \hat y", r"y \log \hat y + (1-y) \log (1 - \hat y)"),
        (r"y \log \hat y - (1-y) \log(1-\hat y)", r"y \log \hat y + (1-y) \log(1-\hat y)"),
        (r"y \log \hat y + (1-y) (1-\log \hat y)", r"y \log \hat y + (1-y) \log(1 - \hat y)"),
        (r"y \log \hat y + (1-y) \log(1+\hat y)", r"y \log \hat y + (1-y) \log(1 - \hat y)"),
        (r"y \log(1-\hat y) + (1-y) \log \hat y", r"y \log(\hat y) + (1-y) \log (1 - \hat y)"),
        (r"y \ln \hat y + (y-1) \ln(1-\hat y)", r"y \ln \hat y - (y-1) \ln(1-\hat y)"),
    ],
)  # fmt: skip
def test_a_cost_that_its_target_does_not_make_least(wrong: str, right: str) -> None:
    note = FORWARD + f"\n$$L = -[{wrong}]$$"
    assert rules(note) == [("cross-entropy", 2)]
    [found] = [x for x in symnet.lint(note).findings if x.level == "error"]
    assert found.suggestion is not None
    assert found.suggestion.replace(" ", "") == f"L=-[{right}]".replace(" ", "")
    assert rules(FORWARD + f"\n$$L = -[{right}]$$") == []


@pytest.mark.parametrize(
    "text",
    [
        r"L = -y \log \hat y - (1-y) \log(1-\hat y) + \lambda \|w\|^2",
        r"\ell = y \log \hat y + (1-y) \log(1-\hat y)",
        r"J = -\frac1m \sum_{i=1}^m y^{(i)} \log h(x^{(i)}) + (1-y^{(i)}) \log(1-h(x^{(i)}))",
        r"H = -p \log p - (1-p) \log(1-p)",
        r"V = \log D(x) + \log(1 - D(G(z)))",
        r"L = -w y \log \hat y - (1-y) \log(1-\hat y)",
        r"L = -(1-\hat y)^\gamma y \log \hat y - \hat y^\gamma (1-y) \log(1-\hat y)",
        r"K = \rho \log\frac{\rho}{\hat\rho} + (1-\rho) \log\frac{1-\rho}{1-\hat\rho}",
        r"L = -y z + \log(1 + e^z)",
        r"J = -y^T \log \hat y - (1-y)^T \log(1-\hat y)",
        r"J = -\log(\hat y)^T y - \log(1-\hat y)^T (1-y)",
    ],
)
def test_what_is_a_cross_entropy_or_something_else(text: str) -> None:
    assert rules(FORWARD + f"\n$${text}$$") == []


def test_what_follows_from_a_wrong_cost_is_judged_by_what_was_meant() -> None:
    note = FORWARD + (
        "\n" r"$$L = -[y \log \hat y + (1-y) \log \hat y]$$"
        "\n" r"$$\frac{\partial L}{\partial z} = \hat y - y$$"
        "\n" r"$$\frac{\partial L}{\partial b} = y - \hat y$$"
    )  # fmt: skip
    assert rules(note) == [("cross-entropy", 2), ("refuted", 4)]


SUMS = (
    r"z_1 = w_{11} x_1 + w_{12} x_2 + b_1",
    r"z_2 = w_{21} x_1 + w_{22} x_2 + b_2",
    r"z_3 = w_{31} x_1 + w_{32} x_2 + b_3",
)
NUMBERS = [
    (line, at)
    for line, text in enumerate(SUMS)
    for at, sign in enumerate(text)
    if sign.isdecimal() and at > 2 and text[at - 2 : at] != "b_"
]


def numbered(lines: tuple[str, ...]) -> str:
    return "\n".join(f"$${x}$$" for x in (*lines, r"a_i = \sigma(z_i)"))


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("other", range(3))
@pytest.mark.parametrize(("line", "at"), NUMBERS)
def test_one_number_that_runs_otherwise(line: int, at: int, other: int, turned: bool) -> None:
    wrong = [*SUMS]
    digit = "123"[other]
    wrong[line] = wrong[line][:at] + digit + wrong[line][at + 1 :]
    lines = tuple(wrong)
    if turned:  # w_{21} leads from 2 to 1
        lines = tuple(re_turned(x) for x in lines)
    expected = [] if tuple(wrong) == SUMS else [("index-order", line + 1)]
    assert rules(numbered(lines)) == expected
    for found in symnet.lint(numbered(lines)).findings:
        right = re_turned(SUMS[line]) if turned else SUMS[line]
        if found.rule == "index-order" and found.suggestion is not None:
            assert found.suggestion == right


def re_turned(text: str) -> str:
    return re.sub(r"w_\{(\d)(\d)\}", r"w_{\2\1}", text)


@pytest.mark.parametrize(
    "lines",
    [
        # from inputs 1, 2 to the neurons 3, 4, and from these to 5
        (r"z_3 = w_{13} x_1 + w_{23} x_2", r"z_4 = w_{14} x_1 + w_{24} x_2",
         r"z_5 = w_{35} a_3 + w_{45} a_4"),
        # each layer in an order of its own
        (*SUMS, r"y_1 = v_{11} a_1 + v_{21} a_2 + v_{31} a_3"),
        (r"z_1 = w_1 x_1 + w_2 x_2", r"z_2 = w_3 x_1 + w_4 x_2"),
        (r"z_1 = w_{11} x_1 + w_{12} x_1^2", r"z_2 = w_{21} x_1 + w_{22} x_1^2"),
        # features of second order
        (*SUMS, r"y_1 = w_{11} x_1 + w_{12} x_2 + w_{21} x_1^2"),
    ],
)  # fmt: skip
def test_other_ways_to_number_weights(lines: tuple[str, ...]) -> None:
    assert not [x for x in rules(numbered(lines)) if x[0] == "index-order"]
