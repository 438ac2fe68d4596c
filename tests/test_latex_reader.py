"""Reading one quantity: all ways of writing it mean the same, and all else is an error in words."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symnet.errors import EquationError
from symnet.network.architecture import Network
from symnet.paper.writing.latex_reader import quantity
from symnet.term import Axis, Index, LayerNumber, Partial, Symbol

NETWORK = Network("2-3-12-1")
SIZES = NETWORK.sizes

LOWERED = str.maketrans("0123456789jk", "₀₁₂₃₄₅₆₇₈₉ⱼₖ")
RAISED = str.maketrans("0123456789L", "⁰¹²³⁴⁵⁶⁷⁸⁹ᴸ")


def symbol(name: str, layer: int, values: tuple[str, ...]) -> Symbol:
    axes = [Axis("n", LayerNumber("", layer)), Axis("n", LayerNumber("", layer - 1))]
    indices = tuple(Index(value, axis) for value, axis in zip(values, axes, strict=False))
    return Symbol(name, LayerNumber("", layer), indices)


def spellings(name: str, layer: int, values: tuple[str, ...]) -> list[str]:
    """A symbol in the typography of papers, keyboards and Unicode."""
    letters = {"δ": ["δ", r"\delta"], "w": ["w", "W", r"\mathbf{w}"]}.get(name, [name])
    joined = ",".join(values)
    plain = "".join(values)
    subs = [f"_{{{joined}}}", f"_{{ {', '.join(values)} }}"]
    if all(len(value) == 1 for value in values):
        subs += [f"_{{{plain}}}", plain.translate(LOWERED)]
        subs += [f"_{plain}"] if len(plain) == 1 else []
    else:
        subs.append(joined.translate(LOWERED))
    sups = [f"^{layer}", f"^{{{layer}}}", f"^{{({layer})}}", f"^{{[{layer}]}}", f"^({layer})"]
    sups.append(str(layer).translate(RAISED))
    if layer == NETWORK.L:
        sups += ["^L", "^{L}", "ᴸ"]
    return [
        letter + first + second
        for letter, sub, sup in itertools.product(letters, subs, sups)
        for first, second in ((sub, sup), (sup, sub))
    ]


@pytest.mark.parametrize(
    ("name", "layer", "values"),
    [
        ("w", 2, ("3", "1")),
        ("w", 3, ("12", "3")),
        ("w", 4, ("1", "10")),
        ("b", 3, ("12",)),
        ("z", 2, ("1",)),
        ("δ", 4, ("1",)),
        ("w", 3, ("j", "k")),
        ("a", 4, ("j",)),
    ],
)
def test_all_spellings_mean_the_same(name: str, layer: int, values: tuple[str, ...]) -> None:
    wanted = symbol(name, layer, values)
    for shown in spellings(name, layer, values):
        assert quantity(shown, NETWORK) == wanted, shown
        derivatives = (
            rf"\frac{{\partial C}}{{\partial {shown}}}",
            rf"\dfrac{{\partial C}}{{\partial {shown}}}",
            rf"\partial C / \partial {shown}",
            rf"$\partial C/\partial {shown}$",
            f"∂C/∂{shown}",
            f"(∂C/∂{shown})",
        )
        # δ is itself a derivative.
        for derivative in derivatives if name != "δ" else ():
            read = quantity(derivative, NETWORK)
            assert isinstance(read, Partial)
            assert (read.of, read.by) == (Symbol("C"), wanted), derivative


@pytest.mark.parametrize("name", ["w", "b", "z", "a", "δ"])
def test_without_a_subscript_it_is_the_whole_layer(name: str) -> None:
    wanted = symbol(name, 3, ("j", "k") if name == "w" else ("j",))
    assert quantity(f"{name}^3", NETWORK) == wanted


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("∂C/∂w_{41}^2", "layer 2 of 2-3-12-1 has the neurons 1 to 3", "4"),
        ("∂C/∂w_{1,4}^3", "layer 2 of 2-3-12-1 has the neurons 1 to 3", "4"),
        ("δ_2^4", "layer 4 of 2-3-12-1 has one neuron", "2"),
        ("δ_0^3", "layer 3 of 2-3-12-1 has the neurons 1 to 12", "0"),
        ("∂C/∂w_{11}^1", "has no w in layer 1", "^1"),
        ("∂C/∂b_1^5", "a layer from 2 to 4", "^5"),
        ("∂C/∂a_1^1", "a layer from 2 to 4", "^1"),
        ("a_1^0", "a layer from 1 to 4", "^0"),
        ("∂C/∂w_{11}^l", "for a general layer l, leave --of away", "^l"),
        ("∂C/∂w_{11}", "needs a layer", "w"),
        ("∂C/∂w_{112}^3", "w has two indices", "_{112}"),
        ("∂C/∂w_1^3", "w has two indices", "_1"),
        ("∂C/∂b_{1,2}^3", "b has one index", "_{1,2}"),
        ("∂z/∂w_{11}^2", "derives the cost", "z"),
        ("∂C/∂θ", "expected a derivative", "θ"),
        ("∂C/∂δ_1^3", "δ is itself a derivative", "δ_1^3"),
        ("∂C/∂w_{jj}^3", "two indices have two letters", "_{jj}"),
        ("∂C/∂x_1^2", "not x", "x"),
        ("∂C/∂w_11^3", "stands in braces", "1^3"),
        ("∂C/∂w_{11}^3 + 1", "expected a derivative", "+ 1"),
        ("", "expected a derivative", " "),
        ("∂C", "expected a derivative", ""),
    ],
)
def test_what_is_no_quantity_is_refused_with_its_place(text: str, message: str, place: str) -> None:
    with pytest.raises(EquationError, match=message) as caught:
        quantity(text, NETWORK)
    error = caught.value
    assert error.text[error.start :].startswith(place)
    assert "^" in str(error).splitlines()[-1]


PIECES = st.sampled_from([*"∂C/{}()wδ_^21, ", r"\partial", r"\frac"])


@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=14).map("".join)))
def test_whatever_is_typed_there_is_one_kind_of_error(text: str) -> None:
    try:
        read = quantity(text, NETWORK)
    except EquationError as refused:
        error = refused
    else:
        by = read.by if isinstance(read, Partial) else read
        assert by.layer is not None
        assert 1 <= by.layer.offset <= NETWORK.L
        return
    assert 0 <= error.start <= len(error.text)


@pytest.mark.parametrize("text", ["(" * 900, "9" * 10**6, "w" + "_1" * 400, "∂C/∂w_{" + "1" * 900])
def test_long_input_is_refused(text: str) -> None:
    with pytest.raises(EquationError):
        quantity(text, NETWORK)
