"""The two alphabets: letters, indices, layers and signs, as text and as LaTeX."""

import dataclasses
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symnet.paper.writing import alphabet
from symnet.paper.writing.alphabet import LATEX, TEXT, Alphabet

BOTH = pytest.mark.parametrize("to", [TEXT, LATEX], ids=lambda to: to.name)


@pytest.mark.parametrize(
    ("letter", "sub", "sup", "text", "latex"),
    [
        ("w", "jk", "l", "wⱼₖˡ", "w_{jk}^{l}"),
        ("w", "kj", "l+1", "wₖⱼˡ⁺¹", "w_{kj}^{l+1}"),
        ("a", "k", "l-1", "aₖˡ⁻¹", "a_{k}^{l-1}"),
        ("z", "j", "L", "zⱼᴸ", "z_{j}^{L}"),
        ("a", "", "12", "a¹²", "a^{12}"),
        ("y", "j", "", "yⱼ", "y_{j}"),
        ("C", "", "", "C", "C"),
        # Two digits stand apart, and a comma too.
        ("z", "1,12", "2", "z₁,₁₂²", "z_{1,12}^{2}"),
        ("w", "10,3", "11", "w₁₀,₃¹¹", "w_{10,3}^{11}"),
        # Primes: a letter used once more.
        ("z", "k′", "l", "zₖ′ˡ", "z_{k'}^{l}"),
        ("w", "k′p", "l", "wₖ′ₚˡ", "w_{k'p}^{l}"),
        # Unicode lacks a lowered q, b, L, and a raised q and capitals: _ and ^ say it.
        ("z", "q", "2", "z_q²", "z_{q}^{2}"),
        ("w", "jq", "l", "w_(jq)ˡ", "w_{jq}^{l}"),
        ("n", "L", "", "n_L", "n_{L}"),
        ("n", "l-1", "", "nₗ₋₁", "n_{l-1}"),
        ("a", "j", "q", "aⱼ^q", "a_{j}^{q}"),
        ("a", "j", "q+1", "aⱼ^(q+1)", "a_{j}^{q+1}"),
        ("(x)", "", "3/2", "(x)^(3/2)", "(x)^{3/2}"),
        ("x", "a_b", "", "x_(a_b)", r"x_{a\_b}"),
    ],
)
def test_indices_and_layers(letter: str, sub: str, sup: str, text: str, latex: str) -> None:
    assert TEXT.scripts(letter, sub, sup) == text
    assert LATEX.scripts(letter, sub, sup) == latex


@pytest.mark.parametrize(
    ("name", "text", "latex"),
    [
        ("w", "w", "w"),
        ("δ", "δ", r"\delta"),
        ("σ", "σ", r"\sigma"),
        ("∇", "∇", r"\nabla"),
        ("η", "η", r"\eta"),
        ("π", "π", r"\pi"),
        # Several letters are one name: upright or slanted, not a product of letters.
        ("rate", "rate", r"\mathit{rate}"),
        ("learning_rate", "learning_rate", r"\mathit{learning\_rate}"),
    ],
)
def test_letters(name: str, text: str, latex: str) -> None:
    assert (TEXT.letter(name), LATEX.letter(name)) == (text, latex)


@pytest.mark.parametrize(
    ("name", "primes", "argument", "text", "latex"),
    [
        ("σ", "'", "z", "σ'(z)", r"\sigma'(z)"),
        ("tanh", "", "z", "tanh(z)", r"\tanh(z)"),
        ("max", "", "a, b", "max(a, b)", r"\max(a, b)"),
        ("sigmoid", "'", "z", "sigmoid'(z)", r"\operatorname{sigmoid}'(z)"),
        ("my_act", "''", "z", "my_act''(z)", r"\operatorname{my\_act}''(z)"),
        # Brackets grow with what they hold.
        ("tanh", "", r"\frac{z}{2}", r"tanh(\frac{z}{2})", r"\tanh\left(\frac{z}{2}\right)"),
    ],
)
def test_functions(name: str, primes: str, argument: str, text: str, latex: str) -> None:
    assert TEXT.function(name, primes, argument) == text
    assert LATEX.function(name, primes, argument) == latex


@pytest.mark.parametrize(
    ("field", "arguments", "text", "latex"),
    [
        ("fraction", ("a", "b"), "a / b", r"\frac{a}{b}"),
        ("root", ("x",), "√(x)", r"\sqrt{x}"),
        ("sum", ("k", "n", "x"), "Σₖ x", r"\sum_{k=1}^{n} x"),
        ("sum", ("q", "n", "x"), "Σ_q x", r"\sum_{q=1}^{n} x"),
        ("exponential", ("−z",), "exp(−z)", "e^{−z}"),
        ("transpose", ("(W)",), "(W)ᵀ", "(W)^T"),
        ("brackets", ("x",), "(x)", r"\left(x\right)"),
        ("magnitude", ("x",), "|x|", r"\left|x\right|"),
        ("row", (["a", "b", "c"],), "a b c", "a b c"),
        (
            "row",
            ([r"\frac{a}{b}", "c", "[j = k]", "d"],),
            r"\frac{a}{b} c [j = k] d",
            r"\frac{a}{b} \, c \, [j = k] \, d",
        ),
        # \left and \right bring a thin space of their own.
        (
            "row",
            ([r"\frac{a}{b}", r"\left(c\right)", r"\frac{d}{e}"],),
            r"\frac{a}{b} \left(c\right) \frac{d}{e}",
            r"\frac{a}{b} \left(c\right) \frac{d}{e}",
        ),
        (
            "cases",
            ((("0", "z ≤ 0"), ("z", "z ≤ 6")), "6"),
            "0 if z ≤ 0, z if z ≤ 6, else 6",
            r"\begin{cases} 0 & \text{if } z ≤ 0 \\ z & \text{if } z ≤ 6 \\ "
            r"6 & \text{otherwise} \end{cases}",
        ),
    ],
)
def test_pieces(field: str, arguments: tuple[object, ...], text: str, latex: str) -> None:
    assert getattr(TEXT, field)(*arguments) == text
    assert getattr(LATEX, field)(*arguments) == latex


@BOTH
def test_no_sign_stands_for_two(to: Alphabet) -> None:
    signs = [to.minus, to.partial, to.dots, to.hadamard, to.times, *to.relations.values()]
    assert len(set(signs)) == len(signs)
    assert to.relations.keys() == {"<", "<=", ">", ">=", "==", "!="}


# What an index or a layer can be made of.
SCRIPTS = st.text("0123456789+-jkpirsthmlLTnaqbXY,′_", min_size=1, max_size=4)


@given(SCRIPTS, SCRIPTS, SCRIPTS, SCRIPTS)
def test_scripts_tell_apart_what_differs(
    sub: str, sup: str, other_sub: str, other_sup: str
) -> None:
    """Two different indices or layers never look the same."""
    if (sub, sup) != (other_sub, other_sup):
        assert TEXT.scripts("z", sub, sup) != TEXT.scripts("z", other_sub, other_sup)
        assert LATEX.scripts("z", sub, sup) != LATEX.scripts("z", other_sub, other_sup)


@given(SCRIPTS, SCRIPTS)
def test_latex_scripts_are_grouped(sub: str, sup: str) -> None:
    shown = LATEX.scripts("z", sub, sup)
    assert shown.isascii()
    assert shown.count("{") == shown.count("}") == 2
    assert not re.search(r"(?<!\\)_[^{]", shown), "an index of several letters needs its braces"


def test_raised_and_lowered_signs_are_what_they_stand_for() -> None:
    """Unicode itself says which sign a raised or lowered one is."""
    for table in (alphabet._SUPER, alphabet._SUB):
        for plain, shown in table.items():
            folded = unicodedata.normalize("NFKC", shown).replace("−", "-").replace("\u2212", "-")
            assert folded == unicodedata.normalize("NFKC", plain), (plain, shown)


def test_the_two_alphabets_differ_in_every_way_of_printing() -> None:
    same = [
        field.name
        for field in dataclasses.fields(Alphabet)
        if getattr(TEXT, field.name) == getattr(LATEX, field.name)
    ]
    assert same == []
