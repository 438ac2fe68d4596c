"""docs/errata.md: what it says that we print is what we print."""

import re
from pathlib import Path

from symnet.calculus.derivation import derive
from symnet.paper.writing.report import render_derivation

ERRATA = Path(__file__).parent.parent / "docs" / "errata.md"


def rows() -> list[list[str]]:
    """The cells of the table, without its head."""
    lines = [line for line in ERRATA.read_text(encoding="utf-8").splitlines() if line[:1] == "|"]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_our_column_is_what_we_print() -> None:
    page = render_derivation(derive("2-3-4-1"), "markdown", "full")
    checked = 0
    for _, _, ours, _ in rows():
        for formula in re.findall(r"\$([^$]+)\$", ours):
            assert formula in page, formula
            checked += 1
    assert checked >= 11


def test_what_is_misprinted_in_the_note_is_not_in_ours() -> None:
    page = render_derivation(derive("2-3-4-1"), "markdown", "full")
    for wrong in (r"\tau", r"= \sum a", "l = 1,", r"W^{l+1} =", r"W^{l+1} \leftarrow"):
        assert wrong not in page
    assert r"w_{jk}^{l}$ goes from neuron $k$ of layer $l - 1$ to neuron $j$ of layer $l$" in page


def test_every_row_has_four_cells() -> None:
    assert len(rows()) >= 11
    assert all(len(row) == 4 for row in rows())
