"""Formulas as they stand in public notes on backpropagation, each with what its page says.

`accept` are the verdicts that are right, decided by hand: true, false, ill-formed. Where `got` is
"unknown" the formula is not understood so far, which is asserted, too: so that what is understood
one day is moved to the others. A wrong verdict is never accepted.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from symnet.paper.verify import ILL_FORMED, PROVED, REFUTED, UNKNOWN, verify

LINES = [
    json.loads(line)
    for line in (Path(__file__).parent / "note_formulas.jsonl").read_text("utf-8").splitlines()
]
VERDICTS = {"true": PROVED, "false": REFUTED, "ill-formed": ILL_FORMED}


@pytest.mark.parametrize("line", LINES, ids=[line["id"] for line in LINES])
def test_formulas_of_notes(line: dict[str, Any]) -> None:
    found = verify(line["latex"], line["convention"], line["context"])
    if line.get("got") == UNKNOWN:
        assert found.verdict == UNKNOWN
    else:
        assert found.verdict in [VERDICTS[x] for x in line["accept"]], found.reason


def test_what_notes_say_is_mostly_understood() -> None:
    unknown = [line for line in LINES if line.get("got") == UNKNOWN]
    assert len(LINES) > 200
    assert len(unknown) < len(LINES) / 20


SIGMOID: dict[str, Any] = {
    "activation": "sigmoid", "cost": "abstract", "definitions": {"z^l": "w^l a^{l-1} + b^l"},
}  # fmt: skip
HABITS = [
    (r"\frac{\partial \mathcal{L}}{\partial w^l} = \delta^l (a^{l-1})^T", {}, PROVED),
    (r"\frac{\partial J}{\partial w^l} = \delta^l (a^l)^T", {}, ILL_FORMED),
    (r"\nabla_{b^l} J = \delta^l", {}, PROVED),
    (r"\frac{\partial C}{\partial b} = \delta", {}, PROVED),
    (r"\frac{\partial C}{\partial w} = a_{\rm in} \delta_{\rm out}", {}, PROVED),
    (r"\frac{\partial C}{\partial w} = a_{\rm out} \delta_{\rm out}", {}, REFUTED),
    (r"\frac{\partial C}{\partial b} = -\delta", {}, REFUTED),
    (r"a' = \sigma(w a + b)", {}, PROVED),
    (r"a' = \sigma(w^T a + b)", {}, UNKNOWN),
    (r"a' = \sigma(w a - b)", {}, REFUTED),
    (r"\delta^l = (w^{l+1})^T \delta^{l+1} \odot (a^l (1 - a^l))", {}, PROVED),
    (r"\delta^l = (w^{l+1})^T \delta^{l+1} \odot (a^l (2 - a^l))", {}, ILL_FORMED),
    (r"\delta^l = (w^{l+1})^T \delta^{l+1} \odot a^{l+1} (1 - a^{l+1})", {}, ILL_FORMED),
    (r"\frac{\partial C}{\partial z^l} = \frac{\partial C}{\partial a^l} "
     r"\frac{\partial a^l}{\partial z^l}", {}, PROVED),
    (r"\frac{\partial C}{\partial z^{l+1}} = \frac{\partial C}{\partial a^l} "
     r"\frac{\partial a^l}{\partial z^l}", {}, ILL_FORMED),
    (r"\frac{\partial C}{\partial z^l} = \frac{\partial C}{\partial z^l} "
     r"\frac{\partial z^l}{\partial a^l}", {}, ILL_FORMED),
    (r"\delta^l = ((w^{l+1})^T \delta^{l+1}) \odot \sigma'^{(l)}(z^{(l)})", {}, PROVED),
    (r"\mathrm{ELU}(x) = \begin{cases} x & x > 0 \\ \alpha(e^x - 1) & x \le 0 \end{cases}",
     {}, PROVED),
    (r"\mathrm{ELU}(x) = \begin{cases} x & x > 0 \\ \alpha(e^{-x} - 1) & x \le 0 \end{cases}",
     {}, REFUTED),
    (r"\mathrm{ELU}(x) = \begin{cases} x & x < 0 \\ \alpha(e^x - 1) & x \ge 0 \end{cases}",
     {}, REFUTED),
    (r"\delta^L = (w^{L+1})^T \delta^{L+1} \odot \sigma'(z^L)",
     {"definitions": {"L": "any layer"}}, PROVED),
    (r"\delta^L = (w^{L+1})^T \delta^{L} \odot \sigma'(z^L)",
     {"definitions": {"L": "any layer"}}, ILL_FORMED),
    (r"\delta^L = \nabla_a C \odot \sigma'(z^L)", {"definitions": {"L": "any layer"}}, PROVED),
    (r"\delta^l = \nabla_{a^l} C \odot \sigma'(z^l)",
     {"definitions": {"w_{jk}^l": "from k in layer l-1 to j in layer l"}}, PROVED),
    (r"\frac{\partial C}{\partial w_{jk}^l} = a_j^{l-1} \delta_k^l",
     {"definitions": {"w_{jk}^l": "from k in layer l-1 to j in layer l"}}, ILL_FORMED),
    (r"\frac{\partial C}{\partial w_{jk}^l} = a_k^{l-1} \delta_j^l",
     {"definitions": {"w_{jk}^l": "from j in layer l-1 to k in layer l"}}, UNKNOWN),
    (r"w^l \leftarrow w^l - \alpha \delta^l (a^{l-1})^T", {}, PROVED),
    (r"w^l \leftarrow w^l - \alpha \delta^l (a^{l})^T", {}, ILL_FORMED),
    (r"\Delta b^l = -\eta \delta^l", {}, PROVED),
    (r"\Delta b^l = \eta \delta^l", {}, REFUTED),
]  # fmt: skip


@pytest.mark.parametrize(("latex", "more", "wanted"), HABITS)
def test_habits_of_notes(latex: str, more: dict[str, Any], wanted: str) -> None:
    found = verify(latex, "nielsen", {**SIGMOID, **more})
    assert found.verdict == wanted, found.reason


def test_without_a_page_nothing_is_habit() -> None:
    plain = {"activation": "sigmoid", "cost": "abstract"}
    for latex in (r"\frac{\partial J}{\partial b^l} = \delta^l", r"\Delta b^l = -\eta \delta^l"):
        assert verify(latex, "nielsen", plain).verdict == UNKNOWN
    assert verify(r"\sigma'(z^l) = a^l (1 - a^l)", "nielsen", plain).verdict == ILL_FORMED


def test_a_habit_is_an_assumption_or_a_note() -> None:
    found = verify(r"\frac{\partial \mathcal{L}}{\partial b} = \delta", "nielsen", SIGMOID)
    assert any("the cost" in x for x in found.assumptions)
    assert any("one neuron" in x for x in found.assumptions)
    found = verify(r"\delta^l = (w^{l+1})^T \delta^{l+1} \odot (a^l (1 - a^l))", "nielsen", SIGMOID)
    assert any("entry by entry" in x for x in found.notes)
