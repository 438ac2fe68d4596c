"""Sums and matrices written out; that what is printed is true is test_printed.py's business."""

import itertools

import pytest

from symnet.calculus.derivation import derive
from symnet.network import equations
from symnet.network import notation as n
from symnet.network.architecture import Network
from symnet.paper.writing.alphabet import LATEX, TEXT
from symnet.paper.writing.entries import (
    WIDTH,
    at_number,
    matrices_written_out,
    neuron,
    values,
    written_out,
)
from symnet.term import Axis, LayerNumber

Z = equations.weighted_input(n.l)


def written(network: str, layer: int, value: str) -> str:
    made = Network(network)
    return written_out(neuron(at_number(Z, made, layer), value), made, TEXT)


def test_sums_end_to_end() -> None:
    assert written("2-3-4-1", 2, "3") == "z₃² = w₃₁² x₁ + w₃₂² x₂ + b₃²"
    assert written("2-3-4-1", 3, "4") == "z₄³ = w₄₁³ a₁² + w₄₂³ a₂² + w₄₃³ a₃² + b₄³"
    assert written("1-1", 2, "1") == "z₁² = w₁₁² x₁ + b₁²"
    assert written("9-1", 2, "1") == "z₁² = w₁₁² x₁ + w₁₂² x₂ + … + w₁₉² x₉ + b₁²"
    assert written("784-30", 2, "30") == ("z₃₀² = w₃₀,₁² x₁ + w₃₀,₂² x₂ + … + w₃₀,₇₈₄² x₇₈₄ + b₃₀²")
    assert written("n-2", 2, "1") == "z₁² = w₁₁² x₁ + w₁₂² x₂ + … + w_(1,n₁)² x_(n₁) + b₁²"


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        ("1", ("1",)),
        ("5", ("1", "2", "3", "4", "5")),
        ("6", ("1", "2", None, "6")),
        ("784", ("1", "2", None, "784")),
        ("m", ("1", "2", None, "n")),
    ],
)
def test_values_of_an_index(width: str, shown: tuple[str | None, ...]) -> None:
    assert values(Axis("n", LayerNumber("", 1)), Network(f"{width}-2")) == shown


def test_brackets_hold_their_entries() -> None:
    """Each matrix has the rows and columns of its layer; the names stand below, in order."""
    for sizes in itertools.product((1, 2, 4), (1, 3)):
        network = Network(list(sizes))
        (latex,) = matrices_written_out(at_number(Z, network, 2), network, LATEX)
        z, w, a, b = (
            part.partition(r"\end{bmatrix}")[0] for part in latex.split(r"\begin{bmatrix}")[1:]
        )
        below, here = sizes
        assert [matrix.count(r"\\") + 1 for matrix in (z, w, a, b)] == [here, here, below, here]
        assert w.count("&") == here * (below - 1)
        assert latex.endswith(r"\\[2mm] z^{2} & = & W^{2} & a^{1} & + & b^{2} \end{array}")
        text = matrices_written_out(at_number(Z, network, 2), network, TEXT)
        assert text[-1].split() == ["z²", "=", "W²", "a¹", "+", "b²"]
        assert len(text) == max(sizes) + 1


def test_text_of_matrices_stands_in_rows() -> None:
    """Brackets stand in columns, and no row is wider than the page."""
    for name in ("2-3-4-1", "784-30-10", "5-5-5", "n-5-k", "5-5:relu-5:softmax"):
        network = Network(name)
        derived = derive(network)
        for layer, label in itertools.product(range(2, network.L + 1), ("BP3", "BP4")):
            of = at_number(derived.formula(label, layer), network, layer)
            rows = matrices_written_out(of, network, TEXT)
            assert rows is not None
            assert all(len(row) <= WIDTH for row in rows)
            for above, below in itertools.pairwise(rows):
                for column, sign in enumerate(above):
                    if sign in "⎡⎢" and column < len(below):
                        assert below[column] in "⎢⎣", "a bracket ends where it began"


def test_transposed_matrices_have_their_dots_transposed() -> None:
    network = Network("6-7-8-9")
    of = at_number(derive(network).formula("BP2", 2), network, 2)
    rows = matrices_written_out(of, network, TEXT)
    assert rows is not None
    assert "⎡w₁₁³ w₂₁³ … w₈₁³⎤" in rows[0]
    assert "⎢ ⋮    ⋮   ⋱  ⋮  ⎥" in rows[2]


def test_what_has_no_matrix_form_has_no_matrices() -> None:
    network = Network("2-2:softmax")
    softmax = equations.activation(network.layer(2).activation, n.l)
    assert matrices_written_out(at_number(softmax, network, 2), network, TEXT) is None
    # One entry is not the array.
    one = neuron(at_number(Z, network, 2), "1")
    assert matrices_written_out(one, network, TEXT) is None
