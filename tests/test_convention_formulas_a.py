"""Formulas of courses and frameworks in their own typography, with the verdict each deserves.

Ng's courses, UFLDL, CS231n, Britz, Dive into Deep Learning, PyTorch and batch normalisation: true
ones, and the mistakes that authors and students make. A line with `got` is a known gap: what it
deserves is `verdict`, what is said of it so far is unknown.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from symnet.paper.verify import verify

TABLE = Path(__file__).with_name("convention_formulas_a.jsonl")
ROWS: list[dict[str, Any]] = [json.loads(x) for x in TABLE.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['convention']} {row['latex'][:60]}")
def test_a_formula_of_a_book_gets_the_verdict_it_deserves(row: dict[str, Any]) -> None:
    found = verify(row["latex"], row["convention"], row["context"])
    assert found.verdict == row.get("got", row["verdict"]), found.reason


def test_the_table_has_all_verdicts_and_few_gaps() -> None:
    counts = Counter(row["verdict"] for row in ROWS)
    assert set(counts) == {"proved", "refuted", "ill-formed"}
    assert min(counts.values()) > 90
    assert {row["got"] for row in ROWS if "got" in row} == {"unknown"}
    assert sum("got" in row for row in ROWS) < len(ROWS) / 8
