"""What words of a note say: right and wrong wordings under several conventions."""

import random

import pytest

from symnet.notes.contradictions import FROM, TO, Facts, findings
from symnet.notes.files import document_of
from symnet.notes.prose import LayerRange, Meaning, Numbered, Rate, Width, statements
from symnet.notes.updates import symbol_changes

NIELSEN = Facts(True, TO, 2, (2, 3, 4, 1), 1, 4)
UFLDL = Facts(True, FROM, 1, (2, 3, 4, 1), 1, 4)
NG = Facts(True, TO, 1, (2, 3, 4, 1), 0, 3)
BISHOP = Facts(True)
HAYKIN = Facts(True)
D2L = Facts(False)  # input by output: w_{ij} from i to j
FORWARD = r" $$z^l = W^l a^{l-1} + b^l, \quad a^l = \sigma(z^l)$$ "
SLOPE = r" $$\delta_j^l = \frac{\partial C}{\partial z_j^l}$$ "


def rules(text: str, facts: Facts) -> list[str]:
    return [found.rule for found in findings(statements(document_of(text)), facts)]


# Each says under its convention what is right.
RIGHT: list[tuple[Facts, str]] = [
    (NIELSEN, r"We'll use $w^l_{jk}$ to denote the weight for the connection from the $k^{\rm th}$ neuron in the $(l-1)^{\rm th}$ layer to the $j^{\rm th}$ neuron in the $l^{\rm th}$ layer."),
    (NIELSEN, r" w_{jk}^l → weight from k^{th} neuron in layer- $(l-1)$ to the j^{th} neuron in layer- l"),
    (NIELSEN, r"Ex: w_{13}^3 : weight from 3rd neuron in layer-2 to the 1st neuron in layer-3"),
    (NIELSEN, r"$w_{24}^4$ is the weight from the fourth neuron of layer 3 to the second"),
    (NIELSEN, r"where $w_{jk}^l$ connects the $k$-th neuron in the $(l-1)$-th layer to the $j$-th neuron in the $l$-th layer"),
    (NIELSEN, r"- $w^{l}_{jk}$: the weight from neuron $k$ in layer $l-1$ to neuron $j$ in layer $l$"),
    (NIELSEN, r"| $w_{jk}^l$ | weight of the link from unit k (layer l-1) to unit j (layer l) |"),
    (NIELSEN, r"The weight from the kth neuron of the previous layer to the jth neuron of layer l is written $w_{jk}^l$."),
    (NIELSEN, r"$W^l$ is the matrix of weights from layer $l-1$ to layer $l$."),
    (NIELSEN, r"The first subscript denotes the target neuron and the second the source."),
    (NIELSEN, "$w_{jk}^l$ leads to neuron $j$ in layer $l$ from neuron $k$ in layer $l-1$."),
    (NIELSEN, r"$b_j^l$ is the bias of the $j$th neuron in the $l$th layer." + FORWARD),
    (NIELSEN, r"$a_j^l$: activation of the $j$th neuron in layer $l$." + FORWARD),
    (NIELSEN, r"We call $z_j^l$ the weighted input to neuron $j$ in layer $l$." + FORWARD),
    (NIELSEN, r"$a_j^l$ is the output of neuron $j$ in layer $l$." + FORWARD),
    (NIELSEN, r"$z^l$ is the output of the linear part of layer $l$." + FORWARD),
    (NIELSEN, r"$z_j^l$ is the output of neuron $j$ before the activation is applied." + FORWARD),
    (NIELSEN, r"$\delta_j^l$ is the derivative of the cost with respect to the weighted input of the $j$th neuron." + FORWARD + SLOPE),
    (NIELSEN, r"$\frac{\partial C}{\partial a_j}$ is the derivative of the cost with respect to the output of neuron $j$." + FORWARD),
    (NIELSEN, r"The weights $w_{jk}^l$ and biases $b_j^l$ for $l = 2, 3, \dots, L$."),
    (NIELSEN, r"The activations $a^l$ for $l = 1, \dots, L$."),
    (NIELSEN, r"Layer 1 has two neurons, layer 2 has three neurons."),
    (UFLDL, r"$W_{ij}^{(l)}$ denotes the parameter (or weight) associated with the connection between unit $j$ in layer $l$, and unit $i$ in layer $l+1$. (Note the order of the indices.)"),
    (UFLDL, r"$b^{(l)}_i$ is the bias associated with unit $i$ in layer $l+1$." + FORWARD),
    (UFLDL, r"$W^{(l)}_{ij}$ is the weight from unit $j$ in layer $l$ to unit $i$ in layer $l+1$"),
    (UFLDL, r"$\Theta^{(l)}$ is the matrix of weights from layer $l$ to layer $l+1$."),
    (UFLDL, r"$W_{31}^{(1)}$ is the weight from unit 1 in layer 1 to unit 3 in layer 2."),
    (UFLDL, r"the weights $W^{(l)}$ for $l=1,\ldots,L-1$"),
    (NG, r"$w_{jk}^{[l]}$: weight from unit $k$ of layer $l-1$ to unit $j$ of layer $l$"),
    (NG, r"$W_{32}^{[1]}$ is the weight from the second input to the third neuron"),
    (NG, r"$W^{[l]}$ and $b^{[l]}$ for $l = 1, \dots, L$."),
    (BISHOP, r"where $w_{ji}$ is the weight from unit $i$ to unit $j$"),
    (BISHOP, r"$w_{ji}^{(1)}$ denotes the weight going from input $i$ to hidden unit $j$, and $w_{j0}^{(1)}$ the bias"),
    (BISHOP, r"$w_{kj}$ from $j$ to $k$"),
    (BISHOP, r"$z_j$ is the output of hidden unit $j$. $$z_j = h(a_j)$$"),
    (BISHOP, r"the quantity $a_j$ is the activation of unit $j$. $$z_j = h(a_j)$$"),
    (HAYKIN, r"The synaptic weight connecting the output of neuron $i$ to the input of neuron $j$ is denoted by $w_{ji}$."),
    (HAYKIN, r"$w_{kj}$: synaptic weight of the synapse from neuron j to neuron k"),
    (D2L, r"$w_{ij}$ is the weight from input $i$ to output $j$"),
    (D2L, r"$w_{ij}$: weight from the i'th neuron to the j'th neuron"),
]  # fmt: skip

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

WRONG: list[tuple[Facts, str, list[str]]] = [
    (NIELSEN, r"$w^l_{jk}$ denotes the weight for the connection from the $j^{th}$ neuron in the $(l-1)^{th}$ layer to the $k^{th}$ neuron in the $l^{th}$ layer.", ["convention-clash"]),
    (NIELSEN, r" w_{jk}^l → weight from j^{th} neuron in layer- $(l-1)$ to the k^{th} neuron in layer- l", ["convention-clash"]),
    (NIELSEN, "$w_{jk}$: from $j$ to $k$", ["convention-clash"]),
    (NIELSEN, "The weight from neuron j to neuron k is called $w_{jk}$.", ["convention-clash"]),
    (NIELSEN, r"$w_{jk}^l$ is the weight from the $k$th neuron in layer $l$ to the $j$th neuron in layer $l+1$.", ["meaning"]),
    (NIELSEN, r"$w_{jk}^l$ is the weight from neuron $k$ in layer $l$ to neuron $j$ in layer $l-1$.", ["meaning"]),
    (NIELSEN, r"$W^l$ is the weight matrix connecting layer $l$ to layer $l+1$.", ["meaning"]),
    (NIELSEN, "Ex: w_{31}^2 : weight from 3rd neuron in layer-1 to the 1st neuron in layer-2", ["example"]),
    (NIELSEN, r"$w_{24}^3$ is the weight from the second neuron in layer 2 to the fourth neuron in layer 3", ["example"]),
    (NIELSEN, r"$w_{24}^3$ is the weight from the fourth neuron in layer 2 to the second neuron in layer 3", ["example"]),
    (NIELSEN, r"$w_{12}^2$ is the weight from neuron 2 in layer 2 to neuron 1 in layer 3", ["example"]),
    (NIELSEN, r"$w_{jk}^l$ is the weight from neuron $k$ in layer $l-1$ to neuron $i$ in layer $l$", ["undeclared-index"]),
    (NIELSEN, r"The first index refers to the source neuron.", ["convention-clash"]),
    (NIELSEN, r"$b_j^l$ is the bias of the $j$th neuron in layer $l-1$." + FORWARD, ["meaning"]),
    (NIELSEN, r"$b_1^2$ : bias of the $j$th neuron in layer 2", ["undeclared-index"]),
    (NIELSEN, r"$a_j^l$ is the activation of neuron $k$ in layer $l$." + FORWARD, ["undeclared-index"]),
    (NIELSEN, r"$z_j^l$ is the output of the $j$th neuron in layer $l$." + FORWARD, ["output-for-input"]),
    (NIELSEN, r"$z_j^l$: activation of neuron $j$ in layer $l$" + FORWARD, ["output-for-input"]),
    (NIELSEN, r"$a_j^l$ is the weighted input to neuron $j$ in layer $l$." + FORWARD, ["meaning"]),
    (NIELSEN, r"$\delta_j^l$ is the derivative of the cost function with respect to the output of the $j$th neuron." + FORWARD + SLOPE, ["output-for-input"]),
    (NIELSEN, r"$$\delta_1^{(4)} = \frac{\partial C}{\partial z_1^{(4)}} \rightarrow \text{derivative of cost function with respect to the output of } j^{\text{th}} \text{ neuron in last layer.}$$" + FORWARD, ["output-for-input", "undeclared-index"]),
    (NIELSEN, r"$$\frac{\partial C}{\partial w_{jk}^l} \quad \text{and} \quad \frac{\partial C}{\partial b_j^l} \quad l=1, 2, \dots, L$$", ["wrong-range"]),
    (NIELSEN, r"We update the weights $w^l$ and the biases $b^l$ for $l = 1, \ldots, L$.", ["wrong-range"]),
    (NIELSEN, r"Layer 1 has two neurons, layer 2 has five neurons.", ["convention-clash"]),
    (UFLDL, r"$W_{ij}^{(l)}$ is the weight between unit $i$ in layer $l$ and unit $j$ in layer $l+1$.", ["convention-clash"]),
    (UFLDL, r"$W_{ij}^{(l)}$ is the weight from unit $j$ in layer $l-1$ to unit $i$ in layer $l$.", ["meaning"]),
    (UFLDL, r"$W_{31}^{(1)}$ is the weight from unit 3 in layer 1 to unit 1 in layer 2.", ["example"]),
    (UFLDL, r"$b_i^{(l)}$ is the bias of unit $i$ in layer $l+2$.", ["meaning"]),
    (NG, r"$w_{jk}^{[l]}$: weight from unit $j$ of layer $l-1$ to unit $k$ of layer $l$", ["convention-clash"]),
    (NG, r"$W^{[l]}$ and the biases $b^{[l]}$ for $l = 0, \dots, L$.", ["wrong-range"]),
    (BISHOP, r"where $w_{ji}$ is the weight from unit $j$ to unit $i$", ["convention-clash"]),
    (HAYKIN, r"The synaptic weight connecting the output of neuron $j$ to the input of neuron $i$ is denoted by $w_{ji}$.", ["convention-clash"]),
    (HAYKIN, r"$w_{kj}$: weight of the synapse from neuron k to neuron j", ["convention-clash"]),
    (D2L, r"$w_{ij}$ is the weight from input $j$ to output $i$", ["convention-clash"]),
    (D2L, r"the $w_{ij}$ is the weight to neuron $i$ from neuron $j$", ["convention-clash"]),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "text"), RIGHT)
def test_what_is_right_gives_nothing(facts: Facts, text: str) -> None:
    assert rules(text, facts) == []


@pytest.mark.parametrize("text", INNOCENT)
def test_what_says_nothing_gives_nothing(text: str) -> None:
    for facts in (NIELSEN, UFLDL, NG, BISHOP, D2L):
        assert rules(text + FORWARD, facts) == []


@pytest.mark.parametrize(("facts", "text", "expected"), WRONG)
def test_what_is_wrong_is_found(facts: Facts, text: str, expected: list[str]) -> None:
    assert rules(text, facts) == expected


# The same in many wordings: from k in the layer below to j.
WORDINGS = [
    "$w_{jk}^l$ is the weight from the $k$-th neuron in layer $l-1$ to the $j$-th neuron in layer $l$",
    "$w_{jk}^{l}$ denotes the weight of the connection from neuron $k$ in layer $l-1$ to neuron $j$ in layer $l$",
    "$w^{(l)}_{jk}$: connects neuron $k$ of layer $l-1$ to neuron $j$ of layer $l$",
    "$w_{jk}^{[l]}$ = weight connecting unit $k$ in layer $l-1$ with unit $j$ in layer $l$",
    "$w_{j,k}^l$ — the weight between unit $k$ in layer $l-1$ and unit $j$ in layer $l$",
    "$w_{jk}^l$ – strength of the link from node k in layer l-1 to node j in layer l",
    "Let $w_{jk}^l$ be the weight from the $k$th neuron in the $(l-1)$th layer to the $j$th neuron in the $l$th layer",
    "let w_jk^l be the weight from the kth neuron in the (l-1)th layer to the jth neuron in the lth layer",
    "w_{jk}^l -> weight from k'th neuron of layer (l-1) to j'th neuron of layer l",
    r"\item $w_{jk}^l$ the weight from $k^\text{th}$ neuron in layer $l-1$ to $j^\text{th}$ neuron in layer $l$",
    r"\( w_{jk}^l \) represents the weight from neuron \( k \) in layer \( l-1 \) to neuron \( j \) in layer \( l \)",
    "The connection weight from neuron $k$ in layer $l-1$ to neuron $j$ in layer $l$ is denoted by $w_{jk}^l$.",
    "The weight that connects the $k$-th unit of layer $l-1$ to the $j$-th unit of layer $l$ is $w_{jk}^l$",
    "$w_{jk}^l$ is the weight leading into neuron $j$ of layer $l$ from neuron $k$ of layer $l-1$",
    "$w_{jk}^l$ ist das Gewicht vom k-ten Neuron in Schicht l-1 zum j-ten Neuron in Schicht l",
    "$w_{jk}^l$ is the weight from $a_k^{l-1}$ to $z_j^l$",
    "$w_{jk}^l$ is the weight from layer $l-1$, neuron $k$ to layer $l$, neuron $j$",
    r"$$w_{jk}^l \to \text{weight from neuron $k$ in layer $l-1$ to neuron $j$ in layer $l$}$$",
    "| $w_{jk}^l$ | the weight from neuron k (layer l−1) to neuron j (layer l) |",
    "$w_{jk}^l$ is the weight from the output of neuron $k$ in layer $l-1$\nto the input of neuron $j$ in layer $l$",
]  # fmt: skip


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
    (r"$z^{[l]} = W^{[l]} a^{[l-1]}$ $$b^{[l+1]} = b^{[l]} - \alpha \frac{\partial C}{\partial b^{[l]}}$$",
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
        findings(statements(document), NIELSEN)
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
