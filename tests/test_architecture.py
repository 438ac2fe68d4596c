"""Architecture strings: read, written again, refused with the place; the network in SymPy."""

import time
from typing import Any

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy.abc import j, k

from symnet.errors import ArchitectureError
from symnet.network.architecture import MAX_LAYERS, MAX_WIDTH, Network, meant, parse
from symnet.network.functions import ACTIVATIONS, COSTS, A, Activation, Cost, Y, Z
from symnet.term import Axis, LayerNumber

SIGMOID = ACTIVATIONS["sigmoid"]
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

# --- reading and writing -------------------------------------------------------------------

widths = st.integers(2, MAX_WIDTH).map(str) | st.sampled_from(LETTERS)
named = st.tuples(widths, st.sampled_from(["", *ACTIVATIONS])).map(
    lambda piece: ":".join(filter(None, piece))
)
ones = st.just("1")
architectures = st.tuples(widths | ones, st.lists(named | ones, min_size=1, max_size=6)).map(
    lambda pieces: "-".join((pieces[0], *pieces[1]))
)


@given(architectures)
def test_what_is_written_is_read_again(text: str) -> None:
    network = Network(text, cost="quadratic")
    assert Network(str(network), cost="quadratic") == network
    assert str(Network(str(network), cost="quadratic")) == str(network)
    # Only the default activation is left out.
    assert str(network) == text.replace(":sigmoid", "")
    assert parse(text, SIGMOID) == (network.inputs, network.layers)


@pytest.mark.parametrize(
    ("text", "sizes", "activations"),
    [
        ("2-3-4-1", (2, 3, 4, 1), ("sigmoid", "sigmoid", "sigmoid")),
        ("1-1", (1, 1), ("sigmoid",)),
        ("784-128:relu-64:relu-10:softmax", (784, 128, 64, 10), ("relu", "relu", "softmax")),
        ("n-30-k", ("n", 30, "k"), ("sigmoid", "sigmoid")),
        ("m-j-k", ("m", "j", "k"), ("sigmoid", "sigmoid")),  # letters of their own namespace
        ("a-w-b:tanh", ("a", "w", "b"), ("sigmoid", "tanh")),
        ("n-n-n", ("n", "n", "n"), ("sigmoid", "sigmoid")),
        ("2-k:softmax", (2, "k"), ("softmax",)),
        ("2-2:softmax-1", (2, 2, 1), ("softmax", "sigmoid")),
        (f"{MAX_WIDTH}-1", (MAX_WIDTH, 1), ("sigmoid",)),
    ],
)
def test_what_a_string_means(
    text: str, sizes: tuple[int | str, ...], activations: tuple[str, ...]
) -> None:
    network = Network(text)
    assert network.sizes == sizes
    assert len(sizes) == network.L
    assert tuple(layer.activation.name for layer in network.layers) == activations


def test_lists_and_options_say_the_same() -> None:
    assert Network([2, 3, 4, 1]) == Network((2, 3, 4, 1)) == Network("2-3-4-1")
    assert Network(["n", "3:tanh", 1]) == Network("n-3:tanh-1")
    assert Network("2-3:relu-2", activation="tanh") == Network("2-3:relu-2:tanh")
    assert Network("2-3-2", activation=ACTIVATIONS["tanh"]) == Network("2-3:tanh-2:tanh")
    assert Network("2-2", cost=COSTS["quadratic"]) == Network("2-2", cost="quadratic")


def test_the_cost_follows_the_output() -> None:
    assert Network("2-2:softmax").cost.name == "log_likelihood"
    assert Network("2-2:softmax-2").cost.name == "quadratic"
    assert Network("2-2:softmax", cost="quadratic").cost.name == "quadratic"


# --- what is refused -----------------------------------------------------------------------

WIDTH, UNKNOWN = "expected a width", "unknown activation"
REFUSED = [  # text, what the message says, the column of the caret (0: none)
    ("", WIDTH, 0),
    ("2", "at least an input and an output", 2),
    ("2-", WIDTH, 3),
    ("-2", WIDTH, 1),
    ("-", WIDTH, 1),
    ("--", WIDTH, 1),
    ("2--3", WIDTH, 3),
    ("2-3-", WIDTH, 5),
    ("2-0", "at least 1", 3),
    ("0-2", "at least 1", 1),
    ("2-000", "at least 1", 3),
    ("2-x4", WIDTH, 3),
    ("2-4x", WIDTH, 4),
    ("ab-2", WIDTH, 1),
    ("n_1-2", WIDTH, 2),
    ("2-3.5", WIDTH, 4),
    ("2-3e2", WIDTH, 4),
    ("2-0x3", WIDTH, 4),
    ("2-+3", WIDTH, 3),
    ("2 - 3", WIDTH, 2),
    (" 2-3", WIDTH, 1),
    ("2-3 ", WIDTH, 4),
    ("2,3", WIDTH, 2),
    ("2–3", WIDTH, 2),  # a dash, not a hyphen
    ("2−3", WIDTH, 2),  # a minus sign
    ("2-１", WIDTH, 3),  # Unicode digits are digits to int() and to \d
    ("2-٣", WIDTH, 3),
    ("2-²", WIDTH, 3),
    ("2-é", WIDTH, 3),
    ("2-3\n", WIDTH, 4),  # $ matches in front of it
    ("2-\n3", WIDTH, 3),
    ("2-3\0", WIDTH, 4),
    ("\ufeff2-3", WIDTH, 1),
    ("2-3:", WIDTH, 5),
    ("2-3:-2", WIDTH, 5),
    ("2-:relu", WIDTH, 3),
    ("2-3:relu:tanh", WIDTH, 9),
    ("2-3: relu", WIDTH, 5),
    ("2-3:relu ", WIDTH, 9),
    ("2-3:9", WIDTH, 5),
    ("2-3:nope", UNKNOWN, 5),
    ("2-3:Relu", "did you mean 'relu'", 5),
    ("2-3:sigmiod-1", "did you mean 'sigmoid'", 5),
    ("2-3:__class__", UNKNOWN, 5),
    ("2:relu-3", "input layer has no activation", 1),
    ("3-1:softmax", "softmax of a single neuron", 3),
    ("3-1:softmax-2", "softmax of a single neuron", 3),
    (f"2-{MAX_WIDTH + 1}", "at most", 3),
    ("2-" + "9" * 30, "at most", 3),
]


@pytest.mark.parametrize(("text", "message", "column"), REFUSED, ids=lambda x: ascii(x)[:30])
def test_a_malformed_string_is_refused_at_the_place(text: str, message: str, column: int) -> None:
    with pytest.raises(ArchitectureError, match=message) as error:
        Network(text)
    lines = str(error.value).split("\n")
    if not column:
        assert len(lines) == 1
        return
    assert lines[0].endswith(f", column {column}:")
    assert lines[2].index("^") == 4 + column - 1
    near = meant(text)
    assert lines[3:] == ([f"did you mean {near!r}?"] if near else [])


MEANT = [  # what somebody types, what it was meant to be
    ("2–3–1", "2-3-1"),  # dashes, as text processors make them
    ("2—3—1", "2-3-1"),
    ("2−3−1", "2-3-1"),
    ("2 - 3 - 1", "2-3-1"),
    ("2 3 1", "2-3-1"),
    (" 2-3-1\n", "2-3-1"),
    ("\ufeff2-3", "2-3"),
    ("2,3,1", "2-3-1"),
    ("[2, 3:relu, 1]", "2-3:relu-1"),
    ("2x3x1", "2-3-1"),
    ("784×30×10", "784-30-10"),
    ("2->3->1", "2-3-1"),
    ("2 → 3 → 1", "2-3-1"),
    ("2--3", "2-3"),
    ("-2-3-", "2-3"),
    ("2-3-4-1:", "2-3-4-1"),
    ("2-3: relu", "2-3:relu"),
    ("2–3:ReLU–1", "2-3:relu-1"),  # not to be refused a second time
    ("n–30–k", "n-30-k"),
]


@pytest.mark.parametrize(("text", "network"), MEANT, ids=lambda x: ascii(x)[:30])
def test_a_slip_of_punctuation_is_put_right(text: str, network: str) -> None:
    with pytest.raises(ArchitectureError) as error:
        Network(text)
    assert str(error.value).endswith(f"\ndid you mean '{network}'?")


@pytest.mark.parametrize(
    "text",
    [
        *("", "2", "-", "2-", "2-x4", "2-3-x4", "2-4x", "ab-2", "n_1-2", "2-3.5", "2-3e2", "2-0x3"),
        *("2-é-3", "2-3:9", "2-:relu", "2-3:relu:tanh", "2,0", "2,1:softmax", "2,3:nope"),
    ],
)
def test_nothing_is_guessed_where_more_than_punctuation_is_wrong(text: str) -> None:
    with pytest.raises(ArchitectureError) as error:
        Network(text)
    assert error.value.hint == ""


@given(st.text("0123456789-–,x:[] nrelu.", max_size=12) | st.text(max_size=8))
def test_what_is_suggested_is_a_network_and_needs_no_more_mending(text: str) -> None:
    near = meant(text)
    assert near != text or not near
    if near:
        assert Network(near, cost="quadratic").L >= 2
        assert meant(near) == ""


@pytest.mark.parametrize("name", ["ReLU", "RELU", "Sigmoid", "TANH", "SoftMax"])
def test_names_in_capitals_are_recognised(name: str) -> None:
    with pytest.raises(ArchitectureError, match=f"did you mean '{name.lower()}'"):
        Network(f"2-3:{name}-2")


@pytest.mark.parametrize(
    "text",
    [
        "2-" + "9" * 1_000_000,
        "-".join(["2"] * 100_000),
        "-".join(["2"] * (MAX_LAYERS + 1)),
        "x" * 1_000_000,
        "2-3:" + "relu" * 250_000,
        ":" * 1_000_000,
        "2-3" + " " * 1_000_000,
        "2" + "-" * 1_000_000,
        "2-3:" + "\n" * 1_000_000,
    ],
    ids=lambda text: f"{text[:8]!r}…",
)
def test_a_long_string_is_refused_at_once_and_in_few_words(text: str) -> None:
    started = time.perf_counter()
    with pytest.raises(ArchitectureError) as error:
        Network(text)
    assert time.perf_counter() - started < 1
    assert len(str(error.value)) < 600


def test_many_layers_are_no_problem() -> None:
    assert Network("-".join(["2"] * MAX_LAYERS)).L == MAX_LAYERS


@given(st.text("0123456789-:n relutanh\n\0é１", max_size=12) | st.text(max_size=8))
def test_any_text_is_a_network_or_refused(text: str) -> None:
    try:
        network = Network(text)
    except ArchitectureError:
        return
    assert Network(str(network)) == network


@pytest.mark.parametrize(
    ("architecture", "options", "message"),
    [
        ("2-1", {"activation": "nope"}, "unknown activation 'nope'; known are identity, sigmoid"),
        ("2-1", {"activation": "softmax"}, "softmax of a single neuron"),
        ("2-1", {"cost": "nope"}, "unknown cost 'nope'; known are quadratic"),
        ("2-1", {"cost": "log-likelihood"}, "did you mean 'log_likelihood'"),
        ([], {}, WIDTH),
        ([2], {}, "at least an input and an output"),
        ([2, -3], {}, WIDTH),
        ([2, 3.0], {}, WIDTH),
        ([2, None], {}, WIDTH),
        ([2, True], {}, WIDTH),
    ],
)
def test_a_wrong_argument_is_refused(
    architecture: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ArchitectureError, match=message):
        Network(architecture, **options)


@pytest.mark.parametrize("output", ["identity", "tanh", "relu"])
@pytest.mark.parametrize("cost", ["cross_entropy", "log_likelihood"])
def test_a_logarithm_of_what_can_be_negative_is_refused(cost: str, output: str) -> None:
    with pytest.raises(ArchitectureError, match="logarithm of") as error:
        Network(f"2-3-2:{output}", cost=cost)
    assert output in str(error.value)
    assert cost in str(error.value)


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
@pytest.mark.parametrize("cost", ["cross_entropy", "log_likelihood", "quadratic"])
def test_a_logarithm_of_what_is_positive_is_not(cost: str, output: str) -> None:
    # Hidden layers may be anything: the cost sees the outputs alone.
    assert Network(f"2-3:relu-2:{output}", cost=cost).cost.name == cost


@pytest.mark.parametrize(
    ("activation", "cost", "refused"),
    [
        (sympy.exp(Z), sympy.log(A), False),
        (sympy.exp(Z), sympy.log(A - 1), True),
        (Z**2, sympy.log(A), True),  # 0 at 0
        (1 + Z**2, sympy.log(A), False),
        (Z, sympy.log(1 + (A - Y) ** 2), False),
        (1 / (1 + sympy.exp(-Z)), sympy.log(1 - A), False),
        (2 / (1 + sympy.exp(-Z)), sympy.log(1 - A), True),
    ],
)
def test_formulas_of_ones_own_are_judged_alike(
    activation: sympy.Expr, cost: sympy.Expr, refused: bool
) -> None:
    own = Activation("own", activation)
    if refused:
        with pytest.raises(ArchitectureError, match="logarithm"):
            Network("2-1", activation=own, cost=Cost("own", cost))
    else:
        assert Network("2-1", activation=own, cost=Cost("own", cost)).cost.formula == cost


# --- the network in SymPy ------------------------------------------------------------------

NET = Network("2-3-4-1")


@pytest.mark.parametrize(
    ("symbol", "shape"),
    [  # interface section 1: w2 (3, 2), b2 (3,), w3 (4, 3), b3 (4,), w4 (1, 4), b4 (1,)
        (NET.w(2), (3, 2)),
        (NET.w(3), (4, 3)),
        (NET.w(4), (1, 4)),
        (NET.b(2), (3,)),
        (NET.b(4), (1,)),
        (NET.z(3), (4,)),
        (NET.a(1), (2,)),
        (NET.a(4), (1,)),
    ],
    ids=str,
)
def test_symbols_are_indexed(symbol: sympy.IndexedBase, shape: tuple[int, ...]) -> None:
    assert isinstance(symbol, sympy.IndexedBase)
    assert symbol.shape == shape
    entry = symbol[(j, k)[: len(shape)]]
    assert isinstance(entry, sympy.Indexed)
    assert entry.shape == shape
    assert entry.is_real


def test_forward_gives_the_defining_equations() -> None:
    z, a = NET.forward(3)
    w, b, below = NET.w(3), NET.b(3), NET.a(2)
    total = sympy.Sum(w[j_, k_] * below[k_], (k_, 1, 3))
    assert z == sympy.Eq(NET.z(3)[j_], total + b[j_], evaluate=False)
    assert a == sympy.Eq(NET.a(3)[j_], 1 / (1 + sympy.exp(-NET.z(3)[j_])), evaluate=False)


# The letters of our equations are whole numbers; sympy.abc's are just symbols.
j_, k_ = sympy.symbols("j k", integer=True)


def test_forward_of_softmax_and_of_open_widths() -> None:
    net = Network("n-k:softmax")
    z, a = net.forward(2)
    n_, width = (sympy.Symbol(letter, integer=True, positive=True) for letter in "nk")
    assert z.rhs.has(sympy.Sum)
    assert next(iter(z.rhs.atoms(sympy.Sum))).limits[0][1:] == (1, n_)
    assert next(iter(a.rhs.atoms(sympy.Sum))).limits[0][1:] == (1, width)
    assert net.size(Axis("n", LayerNumber("L"))) == width


def test_sums_of_forward_can_be_done() -> None:
    z, _ = NET.forward(2)
    w, x = NET.w(2), NET.a(1)
    done = z.rhs.doit().subs(j_, 3)
    assert done == w[3, 1] * x[1] + w[3, 2] * x[2] + NET.b(2)[3]


@pytest.mark.parametrize("quantity", ["w", "b", "z", "forward", "layer"])
@pytest.mark.parametrize("number", [-1, 0, 1, 5, 10**30])
def test_layers_without_parameters_are_refused(quantity: str, number: int) -> None:
    with pytest.raises(ArchitectureError, match="layers 2 to 4"):
        getattr(NET, quantity)(number)


@pytest.mark.parametrize("number", [-1, 0, 5])
def test_a_stands_in_layers_1_to_L(number: int) -> None:
    assert [str(NET.a(l)) for l in range(1, 5)] == ["a^1", "a^2", "a^3", "a^4"]
    with pytest.raises(ArchitectureError, match="layers 1 to 4"):
        NET.a(number)


def test_networks_are_values() -> None:
    assert Network("2-3-4-1") == NET
    assert hash(NET) == hash(Network("2-3-4-1"))
    assert Network("2-3-4-2") != NET
    assert Network("2-3-4-1", activation="tanh") != NET
    assert Network("2-3-4-1", cost="cross_entropy") != NET
    with pytest.raises(AttributeError):
        NET.inputs = 3  # type: ignore[misc]
