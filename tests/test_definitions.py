"""Claims about pages of definitions: each gets the verdict that it deserves, and repairs hold."""

import json
from pathlib import Path
from typing import Any

import pytest

from symnet.calculus.graph import Definition, Graph, Worked
from symnet.calculus.graph_claim import holds
from symnet.calculus.judges import JUDGES
from symnet.calculus.meaning import derivative
from symnet.errors import SymnetError
from symnet.network import notation as n
from symnet.paper.books.definition_files import definitions, from_toml, names
from symnet.paper.claims.verdicts import Verdict
from symnet.paper.definitions.declarations import declared
from symnet.paper.definitions.pages import page_of
from symnet.paper.formula.reader import read
from symnet.paper.verify import verify
from symnet.term import (
    Axis,
    Index,
    Partial,
    Size,
    Sum,
    Symbol,
    add,
    mul,
    number,
    power,
)

# A page: its convention, and what it declares.
PAGES: dict[str, tuple[str, dict[str, str]]] = {
    "linear": ("cs231n", {
        "X": "N by D, examples as rows", "W": "D by K", "b": "1 by K, added to every row",
        "Y": "XW+b", "L": "scalar loss", r"\mathbf{1}": "column of N ones",
    }),
    "columns": ("other", {
        "X": r"\mathbb{R}^{D \times N}", "W": "K by D", "b": "K by 1, added to every column",
        "Z": "WX+b", "L": "loss", r"\mathbf{1}": "column of N ones",
    }),
    "scores": ("cs231n", {
        "F": "N by K scores, examples as rows", "P": "row-wise softmax of F", "Y": "one-hot rows",
        "L": "average cross-entropy",
    }),
    "one": ("cs231n", {
        "p_k": r"e^{f_k}/\sum_j e^{f_j}", "L_i": r"-\log p_{y_i}", "y_i": "class number",
    }),
    "batch": ("batchnorm", {
        r"\mu_\mathcal{B}, \sigma_\mathcal{B}^2": "mini-batch mean and (biased) variance",
        r"\hat x_i": r"(x_i-\mu_\mathcal{B})/\sqrt{\sigma_\mathcal{B}^2+\epsilon}",
        "y_i": r"\gamma\hat x_i+\beta", r"\ell": "loss", "m": "batch size",
    }),
    "rows": ("rows", {}),
    "d2l": ("d2l", {}),
    "torch": ("pytorch", {}),
    "norm": ("nielsen", {
        r"\mathrm{LN}(x)": r"(x-\bar x)/\sqrt{\frac1n\sum_i(x_i-\bar x)^2}, no gain or bias",
        r"\mathbf{1}": "vector of ones",
    }),
    "rms": ("other", {
        "x": "vector of length n", "r": r"\sqrt{\frac{1}{n}\sum_{i=1}^n x_i^2 + \epsilon}",
        "y": r"x / r", "L": "loss",
    }),
    "weight": ("other", {
        "v": "vector of length n", "g": "scalar", "w": r"\frac{g}{\|v\|} v", "L": "loss",
    }),
    "residual": ("other", {
        "x": "vector of length d", "W": "d by d", r"\phi": "activation function",
        "z": "W x", "y": r"x + \phi(z)", "L": "loss",
    }),
    "dropout": ("other", {
        "a": "vector of length n", "r": "vector of length n", "W": "k by n",
        r"\tilde a": r"r \odot a", "z": r"W \tilde a", "L": "loss",
    }),
    "ridge": ("other", {
        "X": "N by D", "w": "vector of length D", "y": "vector of length N",
        r"\hat y": "X w", "J": r"\frac{1}{2N}\|\hat y - y\|^2 + \frac{\lambda}{2}\|w\|^2",
    }),
    "two": ("cs231n", {
        "X": "N by D, examples as rows", "W_1": "D by H", "b_1": "1 by H, added to every row",
        "W_2": "H by K", "b_2": "1 by K, added to every row", "Z": "XW_1+b_1",
        "H": r"\max(0, Z)", "S": "HW_2+b_2", "L": "loss", r"dS": r"\frac{\partial L}{\partial S}",
        "dH": r"\frac{\partial L}{\partial H}", "dZ": r"\frac{\partial L}{\partial Z}",
    }),
    "inverted": ("nielsen", {
        "r_j": "independent Bernoulli(p), p the keep probability",
        r"\tilde a_j": r"\frac{r_j}{p}a_j",
    }),
    "dropped": ("nielsen", {
        "r_j": "independent Bernoulli(p), p the keep probability", r"\tilde a_j": "r_j a_j",
    }),
}  # fmt: skip
HERE = Path(__file__).parent
LINES = (HERE / "definition_formulas.jsonl").read_text(encoding="utf-8").splitlines()
ROWS: list[dict[str, str]] = [json.loads(line) for line in LINES]
WRONG = [row for row in ROWS if row["verdict"] != "proved"]


def judged(row: dict[str, str], latex: str | None = None) -> Verdict:
    convention, said = PAGES[row["page"]]
    return verify(latex or row["latex"], convention, {"declared": said})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["latex"][:60])
def test_a_claim_about_definitions_gets_the_verdict_it_deserves(row: dict[str, str]) -> None:
    found = judged(row)
    assert found.verdict == row["verdict"], found.reason
    if found.verdict == "refuted":
        assert found.counterexample is not None
        assert found.counterexample.left != found.counterexample.right


def test_repairs_hold_and_most_mistakes_have_one() -> None:
    found = [(row, judged(row).suggestion) for row in WRONG]
    mended = [(row, text) for row, text in found if text is not None]
    assert len(mended) >= 0.5 * len(WRONG)
    for row, text in mended[::4]:
        assert judged(row, text).holds


@pytest.mark.parametrize("name", names())
def test_a_convention_proves_its_own_equations(name: str) -> None:
    file = definitions(name)
    assert file.source
    assert file.equations
    for latex in file.equations:
        found = verify(latex, name)
        assert found.verdict == "proved", (latex, found.reason)


# A true formula, and what stands there instead: each is a mistake of its own kind.
BATCH_X = (
    r"\frac{\partial \ell}{\partial x_i} = \frac{\gamma}{m\sqrt{\sigma_\mathcal{B}^2+\epsilon}}"
    r"\left(m\frac{\partial \ell}{\partial y_i}-\sum_{j=1}^m\frac{\partial \ell}{\partial y_j}"
    r"-\hat x_i\sum_{j=1}^m\frac{\partial \ell}{\partial y_j}\hat x_j\right)"
)
MISTAKES = [
    (r"\gamma", r"\beta"), (r"m\sqrt", r"\sqrt"), ("m\\frac", "2\\frac"), ("-\\sum", "+\\sum"),
    (r"-\hat x_i", r"-\hat x_i^2"), (r"\hat x_j", "x_j"), (r"\sqrt{\sigma_\mathcal{B}^2+\epsilon}",
    r"(\sigma_\mathcal{B}^2+\epsilon)"), (r"+\epsilon", r"-\epsilon"), (r"-\hat x_i", r"-x_i"),
    (r"y_j}\hat", r"y_i}\hat"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), MISTAKES)
def test_mistakes_in_the_batch_gradient_are_refuted(old: str, new: str) -> None:
    assert verify(BATCH_X, "batchnorm").verdict == "proved"
    assert old in BATCH_X
    assert verify(BATCH_X.replace(old, new, 1), "batchnorm").verdict in ("refuted", "unknown")
    assert verify(BATCH_X.replace(old, new, 1), "batchnorm").verdict != "proved"


# What is not understood is not judged: convention, declared, formula.
UNREAD = [
    ("batchnorm", {r"\mu_\mathcal{B}, \sigma_\mathcal{B}^2": "running mean and unbiased variance"},
     r"\sum_{i=1}^m \hat x_i = 0"),
    ("cs231n", {"X": "N by D", "W": "D by K", "Y": "some function of X and W", "L": "scalar loss"},
     r"\frac{\partial L}{\partial W} = X^\top \frac{\partial L}{\partial Y}"),
    ("cs231n", {"F": "N by K", "P": r"\mathrm{softmax}(F)", "L": "loss"},
     r"\sum_k P_{ik} = 1"),
]  # fmt: skip


@pytest.mark.parametrize(("convention", "said", "latex"), UNREAD)
def test_what_is_not_understood_is_not_judged(
    convention: str, said: dict[str, str], latex: str
) -> None:
    assert verify(latex, convention, {"declared": said}).verdict == "unknown"


def test_a_minus_after_a_sum_sign_is_that_of_its_summands() -> None:
    latex = r"\sum_{i=1}^m -2 \hat x_i y_i = %s 2 \gamma \sum_{i=1}^m \hat x_i^2"
    assert verify(latex % "-", "batchnorm").verdict == "proved"
    assert verify(latex % "", "batchnorm").verdict == "refuted"
    assert verify(r"\sum_{i=1}^m + \hat x_i = 0", "batchnorm").verdict == "ill-formed"


def test_layers_are_left_to_networks() -> None:
    display = read(r"\delta^l = (W^{l+1})^T\delta^{l+1} \odot \sigma'(z^l)")
    assert page_of("nielsen", {"declared": {"a^l": r"\sigma(z^l)"}}, display) is None
    assert page_of("nielsen", {}, display) is None


def test_functions_of_numbers_are_left_to_what_knows_them() -> None:
    display = read("f'(x) = 1 - f(x)^2")
    assert page_of("nielsen", {"declared": {"f(x)": r"\tanh(x)"}}, display) is None


def test_a_definition_may_use_what_is_declared_after_it() -> None:
    said = {"L": "loss", "Y": "XW", "W": "D by K", "X": "N by D"}
    assert [each.name for each in declared(said).definitions] == ["‹Y›", "‹L›"]


def test_a_file_that_is_no_file_is_refused() -> None:
    with pytest.raises(SymnetError):
        from_toml("[convention", "mine")


# --- the calculus --------------------------------------------------------------------------

M = Axis("m", n.EVERYWHERE)
I, J = Index("i", M), Index("j", M)


def x(at: Index) -> Symbol:
    return Symbol("x", None, (at,))


MEAN = mul(power(Size(M), -1), Sum(J, x(J)))
OFF = add(x(I), mul(number(-1), Symbol("μ")))
GRAPH = Graph((
    Definition("μ", (), MEAN),
    Definition("d", (I,), OFF),
    Definition("s", (), Sum(J, power(Symbol("d", None, (J,)), 2))),
    Definition("ℓ", (), None, (Symbol("d", None, (I,)), Symbol("s"))),
))  # fmt: skip


def test_a_derivative_holds_what_its_quantity_does_not_feed() -> None:
    # s depends on μ through d alone, and on average not at all.
    assert holds(Partial(Symbol("s"), Symbol("μ")), number(0), GRAPH) == ""
    assert holds(Partial(Symbol("d", None, (I,)), Symbol("μ")), number(-1), GRAPH) == ""


def test_second_derivatives_of_an_opaque_number_are_symmetric() -> None:
    one = Partial(Partial(Symbol("ℓ"), x(I)), x(J))
    other = Partial(Partial(Symbol("ℓ"), x(J)), x(I))
    assert holds(one, other, GRAPH) == ""


@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: judge.name)
def test_each_judge_alone_refuses_a_wrong_slope(judge: Any) -> None:
    worked = Worked(GRAPH, judge.derivative)
    slope = worked.of(Partial(Symbol("s"), x(I)))
    wrong = mul(number(3), Symbol("d", None, (I,)))
    left = add(slope, mul(number(-1), wrong))
    assert not any(judge.vanishes(term, False, n.L) for term in worked.unfolded(left))


def test_a_third_derivative_of_what_is_not_known_is_given_up() -> None:
    third = Partial(Partial(Partial(Symbol("ℓ"), x(I)), x(I)), x(I))
    with pytest.raises(SymnetError):
        Worked(GRAPH, derivative).of(third)
