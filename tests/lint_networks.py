r"""Networks that say by numbers whether a line of the notes in test_lint_planted.py holds.

A small reader of LaTeX and NumPy; it shares no code with symnet. Slopes are taken by complex steps,
so that they are exact to the last digits. All layers are equally wide: a wrong formula whose shapes
fit everywhere is the hardest to tell from a right one.

>>> style = Style({"z": ("z", 0), "a": ("a", 0), "W": ("W", 0), "b": ("b", 0)})
>>> holds(r"z^l = W^l a^{l-1} + b^l", style), holds(r"z^l = W^l a^l + b^l", style)
(True, False)
"""

import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

Array = Any
WIDTH, RATE, STEP = 3, 0.37, 1e-30


class NoLayerError(Exception):
    """A quantity that no layer has."""


class NoShapeError(Exception):
    """Shapes that do not fit."""


def strange(x: Array) -> Array:
    """An activation of which nothing is known."""
    return np.tanh(x) + 0.3 * x + 0.2 * np.sin(1.7 * x + 0.4)


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def half_square(a: Array, y: Array) -> Array:
    return ((a - y) ** 2).sum() / 2


def cross_entropy(a: Array, y: Array) -> Array:
    return -(y * np.log(a) + (1 - y) * np.log(1 - a)).sum() / a.shape[1]


def unsaid(a: Array, y: Array) -> Array:
    """A cost of which nothing is known."""
    return (np.sin(a * (1 + y)) + a**2 * y + 0.5 * (a - y) ** 3).sum()


def identity(x: Array) -> Array:
    return x


@dataclass(frozen=True)
class Style:
    """How notes write: each letter with its quantity, and by how much its layer is shifted.

    Quantities are z, a, W, b and δ (`d`), which is ∂C/∂z times `scale`. `turned` are those that are
    written transposed. `units` gives each index its layer, where nothing else has one.
    """

    names: Mapping[str, tuple[str, int]]
    activation: Callable[[Array], Array] = strange
    output: Callable[[Array], Array] | None = None
    cost: Callable[[Array, Array], Array] = half_square
    functions: tuple[str, ...] = (r"\sigma",)
    costs: tuple[str, ...] = ("C",)
    first: int = 1
    last: int = 4
    examples: int = 1
    scale: float = 1
    turned: frozenset[str] = frozenset()
    units: Mapping[str, int] = field(default_factory=dict)
    source_first: bool = False
    bias: float = 1  # how often z has it
    slope: str = "z"  # what δ is a slope by
    below: bool = False  # W_2, h_1: layers are subscripts

    def __hash__(self) -> int:
        return id(self)


@dataclass(frozen=True)
class Place:
    """A quantity of the network, or one entry of it."""

    quantity: str
    layer: int
    entry: tuple[int, int] | None = None
    turned: bool = False
    example: int | None = None


class Network:
    """Numbers for all quantities, and what becomes of all if one is changed."""

    def __init__(self, style: Style, seed: int) -> None:
        draw = np.random.default_rng(seed)
        self.style = style
        layers = range(style.first + 1, style.last + 1)
        self.given = {("W", n): draw.normal(size=(WIDTH, WIDTH)) for n in layers}
        self.given |= {("b", n): draw.normal(size=(WIDTH, 1)) for n in layers}
        self.x = draw.normal(size=(WIDTH, style.examples))
        self.y = draw.uniform(0.2, 0.8, size=(WIDTH, style.examples))
        self.values = self.run(None, 0)

    def run(self, changed: tuple[str, int] | None, by: Array) -> dict[tuple[str, int], Array]:
        style, found = self.style, dict[tuple[str, int], Array]()

        def put(quantity: str, layer: int, value: Array) -> Array:
            key = (quantity, layer)
            found[key] = value + by if key == changed else value
            return found[key]

        a = put("a", style.first, self.x)
        for n in range(style.first + 1, style.last + 1):
            w, b = put("W", n, self.given["W", n]), put("b", n, self.given["b", n])
            z = put("z", n, w @ a + style.bias * b)
            last = style.output if n == style.last and style.output else style.activation
            a = put("a", n, last(z))
        found["C", 0] = np.array([[style.cost(a, self.y)]])
        return found

    @cache  # noqa: B019 - a network lives as long as the test
    def slope(
        self, above: tuple[str, int], entry: tuple[int, int], below: tuple[str, int]
    ) -> Array:
        """The slopes of one entry of `above` by all entries of `below`."""
        if below not in self.values or above not in self.values:
            raise NoLayerError
        found = np.zeros(self.values[below].shape)
        for at in np.ndindex(found.shape):
            by = np.zeros(found.shape, complex)
            by[at] = 1j * STEP
            found[at] = self.run(below, by)[above][entry].imag / STEP
        return found

    def whole(self, quantity: str, layer: int) -> Array:
        if quantity == "y":
            return self.y
        if quantity == "d":
            return self.style.scale * self.slope(("C", 0), (0, 0), (self.style.slope, layer))
        if quantity in ("dW", "db", "dA"):
            return self.slope(("C", 0), (0, 0), (quantity[1].replace("A", "a"), layer))
        if (quantity, layer) not in self.values:
            raise NoLayerError
        return self.values[quantity, layer]

    def value(self, place: Place) -> Array:
        found = self.whole(place.quantity, place.layer)
        if place.entry is not None:
            return found[place.entry].reshape(1, 1)
        if place.example is not None:
            found = found[:, [place.example]]
        return found.T if place.turned else found

    def derived(self, above: Place, below: Place) -> Array:
        if above.quantity != "C" and above.entry is None:
            raise NoLayerError
        found = self.slope(
            (above.quantity, above.layer), above.entry or (0, 0), (below.quantity, below.layer)
        )
        if below.entry is not None:
            return found[below.entry].reshape(1, 1)
        return found.T if below.turned else found


# --- reading ------------------------------------------------------------------------------------

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+|[A-Za-z]|\S")
IGNORED = {r"\,", r"\;", r"\!", r"\left", r"\right", r"\quad", "&"}
LAYER = re.compile(r"[(\[]?(l|L|\d+)([+-]\d)?[)\]]?(?:\(i\))?(T|\\top)?")
STOPS = {"", "=", r"\leftarrow", ")", "]", "}", "+", "-", r"\odot", ":", r"\|"}


class Reader:
    """One side after the other, with the numbers that l and the indices have."""

    def __init__(self, text: str, network: Network, known: Mapping[str, int]) -> None:
        self.tokens = [x for x in TOKEN.findall(text) if x not in IGNORED]
        self.network, self.style, self.known, self.at = network, network.style, dict(known), 0

    @property
    def next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        token = self.next
        if not token or (wanted and token != wanted):
            raise ValueError(f"{token!r} in place of {wanted!r} in {' '.join(self.tokens)}")
        self.at += 1
        return token

    def taken(self, *tokens: str) -> bool:
        if tuple(self.tokens[self.at : self.at + len(tokens)]) == tokens:
            self.at += len(tokens)
            return True
        return False

    def group(self) -> str:
        if not self.taken("{"):
            return self.take()
        made, depth = [], 1
        while depth:
            token = self.take()
            depth += (token == "{") - (token == "}")
            made.append(token)
        return "".join(made[:-1])

    def sides(self) -> tuple[list[Array], bool]:
        """The values of all sides; whether it is an update."""
        start = self.at
        found, update = [self.side()], False
        while self.next:
            if self.taken(r"\leftarrow") or self.taken(":", "="):
                update = True
                self.tokens, kept, at = self.tokens[start : self.at], self.tokens, self.at
                self.at = 0
                place = self.place()
                found = [
                    self.network.value(place) - RATE * self.network.derived(Place("C", 0), place)
                ]
                self.tokens, self.at = kept, at
            else:
                self.take("=")
            found.append(self.side())
        return found, update

    def side(self) -> Array:
        found = -self.term() if self.taken("-") else self.term()
        while self.next in ("+", "-"):
            sign = 1 if self.take() == "+" else -1
            found = added(found, sign * self.term())
        return found

    def term(self) -> Array:
        found = self.product()
        while self.taken(r"\odot"):
            other = self.product()
            if found.shape != other.shape:
                raise NoShapeError
            found = found * other
        return found

    def product(self) -> Array:
        found = self.factor()
        while self.next not in STOPS:
            if self.taken(r"\cdot"):
                continue
            found = multiplied(found, self.factor())
        return found

    def factor(self) -> Array:
        token = self.next
        if token == "(":
            return self.raised(self.bracketed())
        if self.taken(r"\frac"):
            return self.fraction()
        if token == r"\|":
            self.take()
            inside = self.side()
            self.take(r"\|")
            self.take("^")
            self.take("2")
            return number((inside**2).sum())
        if token.isdigit():
            return number(int(self.take()))
        if token == "m":
            self.take()
            return number(self.style.examples)
        if token == r"\eta":
            self.take()
            return number(RATE)
        if self.taken(r"\sum"):
            return self.sum()
        if token == r"\log":
            self.take()
            return np.log(self.factor())
        if token in self.style.functions:
            return self.applied()
        if token in self.style.costs:
            self.take()
            return self.network.value(Place("C", 0))
        at = self.at
        place = self.place()
        found = self.network.value(place)
        return found.T if self.transposed(at) else self.raised(found)

    def transposed(self, start: int) -> bool:
        """Whether the symbol that was read has its T beside its layer."""
        return bool(re.search(r"(T|\\top)\}$", "".join(self.tokens[start : self.at])))

    def raised(self, found: Array) -> Array:
        while self.taken("^"):
            power = self.group()
            found = found.T if power in ("T", r"\top") else found ** int(power)
        return found

    def bracketed(self) -> Array:
        self.take("(")
        found = self.side()
        self.take(")")
        return found

    def applied(self) -> Array:
        self.take()
        slope, layer = self.taken("'"), 0
        if self.taken("^"):  # g^{[l]}, g^{[l]\prime}
            said = self.group()
            slope |= said.endswith(r"\prime")
            layer = self.layer(said.removesuffix(r"\prime"))
        last = layer == self.style.last and self.style.output is not None
        function = self.style.output if last else self.style.activation
        inside = self.bracketed()
        if function is None:
            raise NoLayerError
        if slope:
            return function(inside + 1j * STEP).imag / STEP
        return function(inside)

    def fraction(self) -> Array:
        if self.tokens[self.at : self.at + 2] == ["{", r"\partial"]:
            self.at += 2
            above = self.place()
            for token in ("}", "{", r"\partial"):
                self.take(token)
            below = self.place()
            self.take("}")
            return self.network.derived(above, below)
        if self.next != "{":  # \frac12
            return number(int(self.take()[0])) / 2 if len(self.next) == 1 else number(0.5)
        self.take("{")
        above = self.side()
        self.take("}")
        self.take("{")
        below = self.side()
        self.take("}")
        return above / below

    def sum(self) -> Array:
        self.take("_")
        letter, _, counted = self.group().partition("=")
        if self.taken("^"):
            self.group()
        start, found = self.at, []
        for n in range(self.style.examples if counted else WIDTH):
            self.at = start
            kept = self.known.get(letter)
            self.known[letter] = n
            found.append(self.product())
            if kept is None:
                del self.known[letter]
            else:
                self.known[letter] = kept
        return np.asarray(sum(found))

    def place(self) -> Place:
        """The quantity that a symbol names."""
        token = self.take()
        if token == "d":  # dZ^{[l]}
            token += self.take()
        if token in self.style.costs:
            return Place("C", 0)
        sup = sub = ""
        for _ in range(2):
            if self.next == "^" and not (
                self.style.below and self.tokens[self.at + 1] in ("T", r"\top")
            ):
                self.take()
                sup = self.group()
            elif self.next == "_":
                self.take()
                sub = self.group()
        if token not in self.style.names:
            raise ValueError(token)
        quantity, shift = self.style.names[token]
        letters = [x for x in sub if x.isalpha()]
        if self.style.units:
            return self.unit(quantity, shift, letters)
        if self.style.below:
            sup, letters = sub, []
        if token == "x":
            return Place(quantity, self.style.first, None, quantity in self.style.turned)
        layer = self.layer(sup) + shift if quantity != "y" else 0
        example = self.known["i"] if "(i)" in sup else None
        numbers = tuple(self.known[x] for x in letters)
        entry = (numbers if len(numbers) == 2 else (*numbers, 0)) if numbers else None
        if entry and quantity == "W" and self.style.source_first:
            entry = entry[::-1]
        return Place(quantity, layer, entry, quantity in self.style.turned, example)  # type: ignore[arg-type]

    def unit(self, quantity: str, shift: int, letters: list[str]) -> Place:
        layers = [self.style.units[x] for x in letters]
        numbers = [self.known[x] for x in letters]
        if quantity == "W":
            if self.style.source_first:
                layers, numbers = layers[::-1], numbers[::-1]
            if layers[0] != layers[1] + 1:
                raise NoLayerError
            return Place("W", layers[0], (numbers[0], numbers[1]))
        if quantity == "y" and layers[0] != self.style.last:
            raise NoLayerError
        return Place(quantity, layers[0] + shift if quantity != "y" else 0, (numbers[0], 0))

    def layer(self, text: str) -> int:
        found = LAYER.fullmatch(text)
        if not found:
            raise NoLayerError
        start = {"l": self.known["l"], "L": self.style.last}.get(found[1])
        return (int(found[1]) if start is None else start) + int(found[2] or 0)


def number(value: float) -> Array:
    return np.array([[value]], float)


def added(one: Array, other: Array) -> Array:
    """A sum, where shapes are alike, or a column is added to each of several."""
    if one.shape != other.shape and not (one.shape[0] == other.shape[0] and other.shape[1] == 1):
        raise NoShapeError
    return one + other


def multiplied(one: Array, other: Array) -> Array:
    if one.shape == (1, 1) or other.shape == (1, 1):
        return one * other
    if one.shape[1] != other.shape[0]:
        raise NoShapeError
    return one @ other


def holds(text: str, style: Style) -> bool:
    """Whether a line holds for all layers and neurons in networks of chance; False: it fails."""
    text = text.replace(r"\text{net}", "z")
    sums = set(re.findall(r"\\sum_\{?([a-z])", text))
    plain = re.sub(r"\\[A-Za-z]+", " ", text)
    subscripts = "".join(a or b for a, b in re.findall(r"_(?:\{([^{}=]*)\}|([a-z]))", plain))
    free = sorted({x for x in subscripts if x.isalpha()} - sums)
    compared = False
    for seed in (1, 2):
        network = network_of(style, seed)
        for layer in range(style.first, style.last + 1):
            for numbers in itertools.product(range(WIDTH), repeat=len(free)):
                known = {"l": layer, **dict(zip(free, numbers, strict=True))}
                same = compare(text, network, known)
                if same is False:
                    return False
                compared |= bool(same)
            if not re.search(r"(?<![A-Za-z\\])l(?![a-z])", plain):
                break
    return compared


@cache
def network_of(style: Style, seed: int) -> Network:
    return Network(style, seed)


def compare(text: str, network: Network, known: Mapping[str, int]) -> bool | None:
    """Whether all sides are alike; None where one has no meaning: a layer that does not exist."""
    try:
        values, _ = Reader(text, network, known).sides()
    except NoLayerError:
        return None
    except (NoShapeError, KeyError):  # or an index that nothing binds
        return False
    first, *others = values
    return all(x.shape == first.shape and np.allclose(first, x, 1e-9, 1e-11) for x in others)
