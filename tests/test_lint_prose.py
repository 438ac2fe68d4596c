"""What words of a note say: right and wrong wordings under several conventions."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from symnet.notes.contradictions import FROM, TO, Facts, findings
from symnet.notes.files import document_of
from symnet.notes.prose import LayerRange, Meaning, Numbered, Rate, Width, statements
from symnet.notes.updates import symbol_changes

WIDTHS = (2, 3, 4, 1)
CONVENTIONS = {
    "nielsen": Facts(True, TO, 2, WIDTHS, 1, 4),
    "ufldl": Facts(True, FROM, 1, WIDTHS, 1, 4),
    "ng": Facts(True, TO, 1, WIDTHS, 0, 3),
    "bishop": Facts(True),
    "haykin": Facts(True),
    "input by output": Facts(False),  # w_{ij} leads from i to j
}
FORWARD = r" $$z^l = W^l a^{l-1} + b^l, \quad a^l = \sigma(z^l)$$ "


def rules(text: str, facts: Facts) -> list[str]:
    return [found.rule for found in findings(statements(document_of(text)), facts)]


# A sentence a line, its convention, and the rules by which it is found wrong; many by none.
HERE = Path(__file__).parent
LINES = (HERE / "prose_statements.jsonl").read_text(encoding="utf-8").splitlines()
CASES = [json.loads(line) for line in LINES]

# Nothing can be said of these under any convention.
INNOCENT = [
    r"Some authors write $w_{jk}$ for the weight from neuron $j$ to neuron $k$.",
    r"Unlike us, Rojas uses $w_{ij}$ for the weight from unit $i$ to unit $j$.",
    r"It would be wrong to read $w_{jk}$ as the weight from neuron $j$ to neuron $k$.",
    r"Is $w_{jk}$ the weight from neuron $j$ to neuron $k$?",
    r"$w_{jk}$ is the weight from neuron $j$ to neuron $k$. This is not what we use.",
    r"The error flows back through $w_{jk}$ from neuron $j$ to neuron $k$.",
    r"The output layer and the input-output relation of the network.",
    r"Sum over $k$ from 1 to $n$ of the weights.",
    r"$w_{jk}$ multiplies the activation, and we move from layer 1 to layer 2.",
    r"We go from layer $l$ to layer $l-1$ in the backward pass.",
    r"If $w_{jk}$ is the weight from neuron $j$ to neuron $k$, we get a transpose.",
    r"Update $w$ from epoch 1 to epoch 2.",
    r"An edge of the graph has the length $d_{ij}$ from node $i$ to node $j$.",
    r"$\alpha_{ij}$ is the attention from token $i$ to token $j$.",
    r"Change $w_{31}$ from 0.2 to 0.5.",
    r"We have 3 layers and 784 inputs, see Table 2.",
    r"The learning rate goes from 0.1 to 0.01.",
    r"In contrast to $w_{jk}$, the weight from $j$ to $k$ ...",
    r"w_{jk} \neq w_{kj}",
    r"The weight between neuron $j$ and neuron $k$ is $w_{jk}$.",
    r"The weight $w_{jk}$ between neuron $j$ and neuron $k$",
    r"$x_j$ is the $j$th input and $y_k$ is the $k$th output.",
    "The network has 152 layers in the paper; layer 1 has 64 neurons.",
    r"the kernel slides from left to right; $w_{ij}$ is its weight",
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"][:40])
def test_what_is_wrong_is_found_and_nothing_else(case: dict[str, Any]) -> None:
    assert rules(case["text"], CONVENTIONS[case["convention"]]) == case["expected"]


def test_there_are_sentences_enough_of_both_kinds() -> None:
    wrong = sum(bool(case["expected"]) for case in CASES)
    assert wrong >= 30
    assert len(CASES) - wrong + len(INNOCENT) >= 60


@pytest.mark.parametrize("text", INNOCENT)
def test_what_says_nothing_gives_nothing(text: str) -> None:
    for facts in CONVENTIONS.values():
        assert rules(text + FORWARD, facts) == []


# The same in many wordings: from k in the layer below to j.
WORDINGS = (HERE / "prose_wordings.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("text", WORDINGS)
def test_the_meaning_of_a_weight_is_read_in_many_wordings(text: str) -> None:
    (said,) = (each for each in statements(document_of(text)) if isinstance(each, Meaning))
    assert (said.letter, said.subs, said.sup) == ("w", ("j", "k"), "l")
    assert (said.tail.index, said.tail.layer) == ("k", "l-1")
    assert (said.head.index, said.head.layer) == ("j", "l")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Layer 1 has two neurons.", [("1", 2)]),
        ("There are 3 neurons in layer 2.", [("2", 3)]),
        ("The network has two inputs, three hidden neurons and one output neuron.",
         [("input", 2), ("hidden", 3), ("output", 1)]),
        ("more than one output neuron", []),
        ("The input layer consists of 784 units", [("input", 784)]),
        ("one of the neurons in layer 2", []),
    ],
)  # fmt: skip
def test_widths_in_words(text: str, expected: list[tuple[str, int]]) -> None:
    said = [each for each in statements(document_of(text)) if isinstance(each, Width)]
    assert [(each.layer, each.neurons) for each in said] == expected


def test_ranges_and_numbers_of_layers() -> None:
    text = r"Layers are numbered from 1 to L. The weights $W^l$ exist for $2 \le l \le L$."
    kinds = [each for each in statements(document_of(text)) if isinstance(each, Numbered)]
    assert [(each.first, each.last) for each in kinds] == [("1", "L")]
    ranges = [each for each in statements(document_of(text)) if isinstance(each, LayerRange)]
    assert [(each.letter, each.first, each.last) for each in ranges] == [("l", "2", "L")]


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        (r"where $\eta$ is the learning rate", r"\eta"),
        (r"with step size $\tau > 0$ ", r"\tau"),
        (r"with step size $\tau$", r"\tau"),
        ("η is the learning rate", r"\eta"),
        (r"the learning rate $\alpha$ is small", r"\alpha"),
        (r"a small positive learning rate", None),
    ],
)
def test_rates_in_words(text: str, letter: str | None) -> None:
    said = [each.letter for each in statements(document_of(text)) if isinstance(each, Rate)]
    assert said == ([letter] if letter else [])


G = r"\frac{\partial C}{\partial %s}"
W, B = G % "W^l", G % "b^l"
UPDATES: list[tuple[str, list[str]]] = [
    (rf"$$W^l \leftarrow W^l - \eta {W}$$ $$b^l \leftarrow b^l - \eta {B}$$", []),
    (rf"$$W^l \leftarrow W^l - \eta {W}$$ $$b^l \leftarrow b^l - \tau {B}$$", ["symbol-change"]),
    (rf"$$W^l \leftarrow W^l - \eta {W} = W^l - \tau \delta^l (a^{{l-1}})^T$$", ["symbol-change"]),
    (rf"$$W^l \leftarrow W^l - \eta_w {W}$$ $$b^l \leftarrow b^l - \eta_b {B}$$", []),
    (rf"Rates $\eta$ and $\tau$: $$W^l := W^l - \eta {W}$$ $$b^l := b^l - \tau {B}$$", []),
    (rf"where $\eta$ is the learning rate $$W := W - \tau {G % 'W'}$$", ["symbol-change"]),
    (rf"where $\tau$ is the learning rate $$W := W - \tau {G % 'W'}$$", []),
    (r"$$x := x - \alpha f'(x)$$ $$w := w - \eta \frac{\partial C}{\partial w}$$", []),
    (r"$$\theta_{t+1} = \theta_t - \eta \nabla J(\theta_t)$$", []),
    (r"$$W^{k+1} = W^k - \tau \nabla C(W^k)$$", []),
    (r"$$W^{(t+1)} = W^{(t)} - \tau \frac{\partial C}{\partial W^{(t)}}$$ $z^l$ and $a^l$", []),
    (rf"$z^l = W^l a^{{l-1}}$ $$W^{{l+1}} = W^l - \tau {W}$$", ["layer-as-iteration"]),
    (r"$z^k = W^k a^{k-1}$ $$W^{k+1} = W^k - \tau \frac{\partial C}{\partial W^k}$$",
     ["layer-as-iteration"]),
    (r"$z^{[l]} = W^{[l]} a^{[l-1]}$ "
     r"$$b^{[l+1]} = b^{[l]} - \alpha \frac{\partial C}{\partial b^{[l]}}$$",
     ["layer-as-iteration"]),
    (r"$$a^{l+1} = a^l - \tau F(a^l)$$", []),
    (r"$$w \to w - \frac{\eta}{m} \sum_j \frac{\partial C_{X_j}}{\partial w}$$ "
     r"$$b \to b - \frac{\eta}{m} \sum_j \frac{\partial C_{X_j}}{\partial b}$$", []),
    (r"$$\Delta w = -\eta \frac{\partial C}{\partial w} = -\tau \delta a$$", ["symbol-change"]),
    (r"$$v := \mu v - \eta \nabla C$$ $$w := w + v$$", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), UPDATES)
def test_updates(text: str, expected: list[str]) -> None:
    assert [found.rule for found in symbol_changes(document_of(text))] == expected


VOCABULARY = r"""
    the weight weights from to neuron neurons layer layers in of is bias output activation input k j
    l-1 l 3rd first two $w_{jk}^l$ $z_j^l$ $a$ $\eta$ w_{31}^2 b_j^l $l=1,\dots,L$ for : → , . ; - |
    connects between and $$ $ \( { } ^ _ \ with respect derivative learning rate \item 1 2 12 has x
"""


def test_random_words_end_in_no_exception() -> None:
    chance = random.Random(7)
    words = VOCABULARY.split()
    for _ in range(300):
        text = " ".join(chance.choices(words, k=40))
        document = document_of(text)
        findings(statements(document), CONVENTIONS["nielsen"])
        symbol_changes(document)


def test_random_prose_gives_nothing() -> None:
    chance = random.Random(8)
    words = [
        "the",
        "a",
        "network",
        "learns",
        "weights",
        "neurons",
        "layers",
        "output",
        "input",
        "gradient",
        "descent",
        "is",
        "was",
        "of",
        "from",
        "to",
        "and",
        "we",
        "then",
        "every",
        "training",
        "error",
        "rate",
        "deep",
        "model",
        "data",
        "sample",
        "cost",
        "function",
        "$x$",
        "$y$",
        "$C$",
        "three",
        "two",
        "first",
        "second",
        "last",
        "next",
        "previous",
        "compute",
        "propagate",
        "forward",
        "with",
        "between",
        "over",
        "each",
    ]
    for _ in range(300):
        document = document_of(" ".join(chance.choices(words, k=60)) + "." + FORWARD)
        assert findings(statements(document), Facts(True, TO, 2)) == ()
        assert symbol_changes(document) == ()


@pytest.mark.parametrize(
    "part", ["w_{", "(l-", "w_{j}^", "a ", "$w$ is ", "the weight from ", "((", "-"]
)
def test_long_texts_take_no_long_time(part: str) -> None:
    document = document_of(part * 20000)
    statements(document)
