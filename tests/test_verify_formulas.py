"""Formulas as they are typeset, with the verdict that each deserves: a table, and nothing else.

Every line of `verify_formulas.jsonl` is a formula in the lecture note's notation, what its page
declares, and whether it is true (`proved`), false (`refuted`) or without meaning (`ill-formed`);
many of the false ones are a near miss of a true one beside them.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from symnet.paper.verify import verify


def rows(name: str) -> list[dict[str, Any]]:
    text = (Path(__file__).parent / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


ROWS = rows("verify_formulas.jsonl")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["latex"][:60])
def test_a_formula_gets_the_verdict_it_deserves(row: dict[str, Any]) -> None:
    found = verify(row["latex"], "nielsen", row["context"])
    assert found.verdict == row["verdict"], found.reason


def test_the_table_has_all_three_verdicts_in_number() -> None:
    counts = Counter(row["verdict"] for row in ROWS)
    assert set(counts) == {"proved", "refuted", "ill-formed"}
    assert min(counts.values()) > 80


# What could be read in more than one way, or not at all, is not judged: formula, context.
UNREAD = [
    (r"\hat\delta^l = (W^{l+1})^T\hat\delta^{l+1}\odot\sigma'(z^l) + \delta^l", {}),
    (r"\delta_j^l = \sum_{k\neq j} w_{kj}^{l+1}\delta_k^{l+1}\sigma'(z_j^l)", {}),
    (r"\frac{\partial C}{\partial b^l} = \delta^l \le 1", {}),
    (r"\Delta w_{jk}^l = -\eta\, a_k^{l-1}\delta_j^l", {"declared": {r"\eta": "learning rate"}}),
    (r"W^{l,\text{new}} = W^l - \eta\,\delta^{l,\text{new}}(a^{l-1})^T", {"rule": "steps"}),
    (r"\frac{\partial J}{\partial b^l} = \delta^l", {}),
    (r"\operatorname{tr}(AB) = \operatorname{tr}(BA)", {"declared": {"A, B": "some matrices"}}),
]


@pytest.mark.parametrize(("latex", "context"), UNREAD)
def test_what_is_not_understood_is_not_judged(latex: str, context: dict[str, Any]) -> None:
    assert verify(latex, "nielsen", context).verdict == "unknown"


@pytest.mark.parametrize("row", rows("verify_never_proved.jsonl"), ids=lambda x: x["latex"][:60])
def test_what_is_nearly_a_true_formula_is_not_proved(row: dict[str, Any]) -> None:
    """Each would be true if some sign of it were overlooked."""
    assert verify(row["latex"], "nielsen", row["context"]).verdict != "proved"
