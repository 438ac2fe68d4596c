"""What a notebook shows of a derivation."""

import pytest

import symnet
from symnet.paper.writing.report import render_derivation


@pytest.mark.parametrize("architecture", ["1-1", "2-3-4-1", "n-30-k", "2-2:softmax-2:softmax"])
def test_a_derivation_shows_itself(architecture: str) -> None:
    derived = symnet.derive(architecture)
    assert isinstance(derived, symnet.Backpropagation)
    latex = derived._repr_latex_()  # type: ignore[attr-defined]
    assert latex.startswith("$$\\begin{aligned}")
    assert latex.endswith("\\end{aligned}$$")
    assert latex.count("{") == latex.count("}")
    # The cost, and each formula: a network without hidden layers has no BP2.
    assert latex.count("&=") == 1 + len(derived.formulas)
    assert "Derivative" not in latex
    shown = derived._repr_markdown_()  # type: ignore[attr-defined]
    assert shown == render_derivation(derived, "markdown")
