"""Formulas about several samples, penalties and one neuron, true and false, with their verdicts."""

import json
from pathlib import Path
from typing import Any

import pytest

from symnet.network import notation as n
from symnet.paper.books.page_notation import understood
from symnet.paper.context.page import page
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.meaning.elaboration import Elaborator
from symnet.paper.meaning.reading import Layers
from symnet.paper.signs.examples import with_examples
from symnet.paper.signs.misfits import Unclear
from symnet.paper.signs.notation import NIELSEN
from symnet.paper.verify import verify

TEXT = (Path(__file__).parent / "batch_formulas.jsonl").read_text(encoding="utf-8")
CLAIMS = [
    (claim["latex"], claim["context"], claim["verdict"])
    for claim in map(json.loads, TEXT.splitlines())
]
T, F, U = "proved", "refuted", "unknown"


@pytest.mark.parametrize(("latex", "context", "wanted"), CLAIMS)
def test_verdicts(latex: str, context: dict[str, Any], wanted: str) -> None:
    found = verify(latex, "nielsen", context)
    assert found.verdict == wanted, found.reason
    if wanted == F:
        assert found.counterexample is not None
        assert found.counterexample.left != found.counterexample.right


@pytest.mark.parametrize(("latex", "context", "wanted"), CLAIMS)
def test_examples_are_found_once(latex: str, context: dict[str, Any], wanted: str) -> None:
    book, said = understood("nielsen", context)
    about = page(book, said, read(latex))
    assert with_examples(about.display, about.notation) == about.display


@pytest.mark.parametrize(
    ("latex", "spelled"),
    [
        (r"\delta^{x,l}_j", r"sampled(\delta_{j}^{l}; x)"),
        (r"\delta^{(x),l}", r"sampled(\delta^{l}; x)"),
        (r"a^{l-1}_x", "a_{x}^{{l - 1}}"),
        (r"\frac1m a^{l-1}_{x,k}", "{frac(1; m) sampled(a_{k}^{{l - 1}}; x)}"),
        (r"C_x", "sampled(C; x)"),
        (r"w^{x,l}", "w^{x, l}"),
        (r"x_j", "x_{j}"),
        (r"\sum_w w^2 + C", "{{sum_{w} w^{2}} + C}"),
    ],
)
def test_scripts_of_samples(latex: str, spelled: str) -> None:
    assert s.spell(with_examples(read(latex), NIELSEN)) == spelled


def test_a_sum_over_layers_that_is_no_penalty_leaves_letters_alone() -> None:
    elaborator = Elaborator(NIELSEN, Layers())
    (product,) = read(r"\sum_j w_{jk}^l \delta_j^l").statements
    assert elaborator.arrays.shape(elaborator.value(product)) == "a number"
    assert elaborator.scope["k"].axis == n.neurons(n.l.shift(-1))


def test_an_odd_sum_over_weights_is_not_guessed() -> None:
    elaborator = Elaborator(NIELSEN, Layers())
    for latex in (r"\sum_w w^3", r"\sum_w w", r"\sum_w (w^2 + w)"):
        (tree,) = read(latex).statements
        with pytest.raises(Unclear):
            elaborator.value(tree)


def test_a_network_without_biases() -> None:
    absorbed = {"bias": "absorbed"}
    assert verify(r"z^l = w^l a^{l-1}", context=absorbed).verdict == T
    assert verify(r"z^l = w^l a^{l-1}").verdict == F
    assert verify(r"z^l = w^l a^{l-1} + b^l", context=absorbed).verdict == U
    bp2 = r"\delta^l = ((w^{l+1})^T \delta^{l+1}) \odot \sigma'(z^l)"
    assert verify(bp2, context=absorbed).verdict == T
