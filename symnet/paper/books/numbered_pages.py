r"""A convention from the equations of layers with numbers: z_1 = W_1 x + b_1, ŷ = σ(z_2).

Each layer has its own equation, and its number stands at the weights; what comes out of one goes
into the next. The first number is that of the first layer that computes anything, which is
Nielsen's second.

>>> from symnet.paper.formula import syntax as s
>>> said = {"h": r"\sigma(W_1 x + b_1)", r"\hat{y}": r"\mathrm{softmax}(W_2 h + b_2)"}
>>> found = numbered(said, "C")
>>> found.depth, found.output
(3, 'softmax')
>>> [(s.spell(x.key), s.spell(x.meaning)) for x in found.book.translation.rules][:2]
[('W_{l}', 'w^{l}'), ('b_{l}', 'b^{l}')]
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from symnet.errors import SymnetError
from symnet.paper.books.convention_files import Convention
from symnet.paper.books.inferred import Forward, Seen, forward, seen
from symnet.paper.books.rules import Rule, Translation, rule
from symnet.paper.formula.reader import read

SOFTMAX = frozenset({"softmax", "Softmax", "SoftMax"})
SIGMA = r"\sigma"
# Functions that say by their names which they are, where the last layer has one of its own.
NAMED = {"sigmoid": "sigmoid", "tanh": "tanh", "ReLU": "relu", "relu": "relu"}


@dataclass(frozen=True, slots=True)
class Numbered:
    """The convention of a page whose layers have numbers, how many there are, and the last σ.

    `output` is softmax or identity, and empty where the last layer has the σ of the others.
    """

    book: Convention
    depth: int
    output: str = ""


@dataclass(frozen=True, slots=True)
class _Layer:
    """One layer: its sum, the symbol for what comes in, what goes out, and the function."""

    total: Forward
    number: int
    weighted: Seen | None
    given: Seen | None
    function: str


def numbered(
    said: Mapping[str, str],
    cost: str,
    functions: Iterable[str] = (),
    *,
    rows: bool = False,
    target: str = "",
) -> Numbered | None:
    """The convention of a page by the equations of all its layers; None if they are no network."""
    layers = _layers(said)
    if layers is None or not 2 <= len(layers) <= 4:
        return None
    *hidden, last = layers
    names = {x.function for x in hidden}
    output = ""
    if last.function in SOFTMAX:
        output = "softmax"
    elif not last.function:
        output = "identity"
    elif {last.function} != names:
        output = NAMED.get(last.function, "")
        if not output:
            return None
    if len(names) != 1 or "" in names or names & SOFTMAX:
        return None
    rows = rows or any(x.total.rows for x in layers)
    if rows and not all(x.total.rows for x in layers):
        return None
    pairs = _rules(layers, rows)
    for letter in {cost, "C", "L", "J", "E", r"\mathcal{L}"} - {""}:
        pairs.setdefault(letter, "C")
    if rows:
        pairs.setdefault("y", "y^T")
    if target and target != "y":
        pairs.setdefault(target, "y^T" if rows else "y")
    try:
        rules: list[Rule] = [rule(key, meaning) for key, meaning in pairs.items()]
    except (SymnetError, ValueError):
        return None
    named = frozenset((names | set(functions)) - {SIGMA})
    translation = Translation(tuple(rules), named, first=layers[0].number - 1, closed=True)
    equations = tuple(f"{k} = {v}" for k, v in said.items() if forward(k, v) is not None)
    absorbed = all(x.total.bias is None for x in layers)
    book = Convention("", "", translation, absorbed_bias=absorbed, equations=equations)
    return Numbered(book, len(layers) + 1, output)


def _layers(said: Mapping[str, str]) -> list[_Layer] | None:
    found = [x for x in (forward(k, v) for k, v in said.items()) if x is not None]
    sums = {}
    for each in found:
        if each.weight is not None:
            number = number_of(each.weight)
            if number is None or number in sums:
                return None
            sums[number] = each
    if not sums or sorted(sums) != list(range(min(sums), max(sums) + 1)):
        return None
    applied = {x.weighted: x for x in found if x.weighted is not None}
    same = _renamed(said)
    layers: list[_Layer] = []
    for number in sorted(sums):
        each = sums[number]
        if each.function:
            layer = _Layer(each, number, None, each.given, each.function)
        else:
            value = applied.get(each.given)
            out = value.given if value is not None else same.get(each.given)
            layer = _Layer(each, number, each.given, out, value.function if value else "")
        if layers and each.before != layers[-1].given:
            return None
        layers.append(layer)
    return layers


def _renamed(said: Mapping[str, str]) -> dict[Seen, Seen]:
    """ŷ = z_2: another name for what has one."""
    made = {}
    for key, text in said.items():
        try:
            (one,), (other,) = read(key).statements, read(text).statements
        except (SymnetError, ValueError):
            continue
        left, right = seen(one), seen(other)
        if left is not None and right is not None:
            made[right] = left
    return made


def number_of(symbol: Seen) -> int | None:
    """The number of the layer of W_1, W^{(1)}, W^{[1]}."""
    if symbol.layer is not None:
        return symbol.layer.offset if not symbol.layer.name and not symbol.letters else None
    if len(symbol.letters) == 1 and symbol.letters[0].isdigit():
        return int(symbol.letters[0])
    return None


def _rules(layers: list[_Layer], rows: bool) -> dict[str, str]:
    pairs: dict[str, str] = {}

    def add(symbol: Seen | None, kind: str, layer: _Layer, up: int) -> None:
        """What a symbol of one layer says of those of all: z_1 is z of layer 1, x is a^1."""
        if symbol is None:
            return
        number = number_of(symbol)
        if number is None:
            if symbol.letters or symbol.layer is not None:
                return
            nielsens = layer.number - layers[0].number + 2 + up
            whole = f"{kind}^{nielsens}"
            pairs.setdefault(symbol.latex, f"({whole})^T" if rows else whole)
            return
        shift = layer.number + up - number
        whole = f"{kind}^{{l{shift:+d}}}" if shift else f"{kind}^l"
        turned = rows if kind != "w" else rows != layer.total.weight.transposed  # type: ignore[union-attr]
        script = "_l" if symbol.layer is None or symbol.lowered else "^l"
        pairs.setdefault(f"{symbol.latex}{script}", f"({whole})^T" if turned else whole)
        if turned and script == "^l":
            units, own = ("_{ji}", "_{ij}") if kind == "w" else ("_j", "_j")
            base, raised = whole.split("^")
            pairs.setdefault(f"{symbol.latex}{units}^l", f"{base}{own}^{raised}")

    for layer in layers:
        total = layer.total
        assert total.weight is not None
        add(replace(total.weight, transposed=False), "w", layer, 0)
        add(total.bias, "b", layer, 0)
        add(layer.weighted, "z", layer, 0)
        add(layer.given, "a", layer, 0)
        add(total.before, "a", layer, -1)
    # δ of a layer has the number of the weights into it.
    whole = r"(\delta^l)^T" if rows else r"\delta^l"
    pairs |= {r"\delta_l": whole, r"\delta^l": whole}
    last = len(layers) + 1
    for word in (r"\mathrm{out}", "o", r"\mathrm{output}"):
        pairs[rf"\delta_{{{word}}}"] = whole.replace("^l", f"^{last}")
    if len(layers) == 2:
        for word in (r"\mathrm{hidden}", "h"):
            pairs[rf"\delta_{{{word}}}"] = whole.replace("^l", "^2")
    return pairs
