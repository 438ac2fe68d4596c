r"""What scripts say: layers, transposes, and the letters that count neurons.

>>> from symnet.paper.formula.reader import read
>>> (node,) = read(r"w_{j'k}^{(l+1)T}").statements
>>> layer, transposed = layer_and_transpose(node.sup)
>>> layer_of(layer), transposed, [letter.text for letter in subscripts(node.sub)]
(LayerNumber(name='l', offset=1), True, ["j'", 'k'])
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from symnet.paper.formula import syntax as s
from symnet.paper.signs.notation import Notation
from symnet.term import Axis, LayerNumber

TRANSPOSES = frozenset({"T", r"\top", r"\intercal", r"\mathsf{T}", "t"})


@dataclass(frozen=True, slots=True)
class Slice:
    """All neurons of a layer: the : of W_{:,k}."""

    axis: Axis


@dataclass(frozen=True, slots=True)
class Letter:
    """What stands at one place of a subscript: a letter, digits, or `last` n_l."""

    text: str
    last: s.Node | None = None


def layer_of(node: s.Node) -> LayerNumber | None:
    """l, l+1, (l), [l-1], L-2, 3 as the number of a layer."""
    match node:
        case s.Bracketed(open="(" | "[", body=body):
            return layer_of(body)
        case s.Number(text=text) if text.isdigit():
            return LayerNumber("", int(text))
        case s.Name(text=text):
            text = "l" if text == r"\ell" else text
            return LayerNumber(text) if len(text) == 1 else None
        case s.Additive(terms=(one, other), signs=("+", sign)):
            left, right = layer_of(one), layer_of(other)
            if left is None or right is None or sign not in "+-" or right.name:
                return None
            return left.shift(right.offset if sign == "+" else -right.offset)
    return None


def layer_as_node(layer: LayerNumber, at: s.Node) -> s.Node:
    """A layer as it is written: l, l+1, 3."""
    place: dict[str, Any] = {"start": at.start, "end": at.end}
    if not layer.name:
        if layer.offset < 0:
            number = s.Number(str(-layer.offset), **place)
            return s.Additive((number,), ("-",), **place)
        return s.Number(str(layer.offset), **place)
    name = s.Name(layer.name, **place)
    if not layer.offset:
        return name
    sign = "+" if layer.offset > 0 else "-"
    return s.Additive((name, s.Number(str(abs(layer.offset)), **place)), ("+", sign), **place)


def layer_and_transpose(sup: s.Node | None) -> tuple[s.Node | None, bool]:
    """The layer and the transpose of a raised script such as (l+1)T."""
    if sup is None or is_transpose(sup):
        return None, sup is not None
    match sup:
        case s.Product(factors=(*front, last)) if front and is_transpose(last):
            if len(front) == 1:
                return front[0], True
            return None, True
        case s.Listed(items=(one, last)) if is_transpose(last):
            return one, True
        case s.Additive(terms=(*front, s.Product(factors=(one, last)))) if is_transpose(last):
            return replace(sup, terms=(*front, one)), True
    return sup, False


def is_transpose(node: s.Node) -> bool:
    return isinstance(node, s.Name) and node.text in TRANSPOSES


def digits_of(node: s.Node) -> str | None:
    return node.text if isinstance(node, s.Number) else None


def subscripts(sub: s.Node) -> list[Letter] | None:
    """jk, j,k, 11, j'k, n_l as what counts neurons."""
    match sub:
        case s.Listed(items=items):
            found = [subscripts(item) for item in items]
            if any(x is None for x in found):
                return None
            return [letter for x in found if x for letter in x]
        case s.Product(factors=factors):
            found = [subscripts(factor) for factor in factors]
            if any(x is None or len(x) != 1 for x in found):
                return None
            return [letter for x in found if x for letter in x]
        case s.Number(text=text) if text.isdigit():
            return [Letter(text)]
        case s.Name(text=text):
            return [Letter(text)]
        case s.Scripted(base=s.Name(text="n"), sub=layer, sup=None, primes=0) if layer:
            return [Letter("n", layer)]
        case s.Scripted(base=s.Name(text=text), sub=None, sup=None, primes=primes):
            return [Letter(text + "'" * primes)]
        case s.Scripted(base=s.Name(text=text), sub=s.Number(text=digit), sup=None, primes=0):
            return [Letter(f"{text}_{digit}")]
        case s.Scripted(base=s.Name(text=text), sub=s.Name(text=letter), sup=None, primes=0):
            return [Letter(f"{text}_{letter}")]  # y_i, the class of example i
    return None


def split_digits(letter: Letter) -> list[Letter]:
    if letter.text.isdigit() and len(letter.text) == 2:
        return [Letter(digit) for digit in letter.text]
    return [letter]


def binder_names(node: s.Node) -> list[str] | None:
    letters = subscripts(node)
    if letters is None or any(x.last is not None or x.text.isdigit() for x in letters):
        return None
    return [letter.text for letter in letters]


def is_layer_letter(name: str, body: s.Node, notation: Notation, by: int | None = None) -> bool:
    """Whether a letter stands for layers in an expression, or what is by so many more does."""
    for node in s.walk(body):
        if not isinstance(node, s.Scripted) or not isinstance(node.base, s.Name):
            continue
        layer, _ = layer_and_transpose(node.sup)
        found = layer_of(layer) if layer is not None else None
        if found is None or found.name != name or by not in (None, found.offset):
            continue
        if notation.has_layers(node.base):
            return True
    return False


def with_split_digits(node: s.Node, notation: Notation) -> s.Node:
    """w_{11} as w_{1 1}."""
    match node:
        case s.Scripted(base=s.Name(text=text), sub=s.Number(text=digits) as sub) if (
            len(digits) == 2 and notation.letters.get(text) == "w"
        ):
            place = {"start": sub.start, "end": sub.end}
            both = tuple(s.Number(digit, **place) for digit in digits)
            return replace(node, sub=s.Product(both, ("", ""), **place))
    return mapped(node, lambda child: with_split_digits(child, notation))


def mapped(node: s.Node, change: Callable[[s.Node], s.Node]) -> s.Node:
    """A node with its children changed."""
    new: dict[str, Any] = {}
    for each in fields(node):
        value = getattr(node, each.name)
        if isinstance(value, s.Placed):
            new[each.name] = change(_node(value))
        elif isinstance(value, tuple) and any(isinstance(x, s.Placed | tuple) for x in value):
            new[each.name] = tuple(
                change(_node(x)) if isinstance(x, s.Placed)
                else tuple(map(change, x)) if isinstance(x, tuple) else x
                for x in value
            )  # fmt: skip
    return replace(node, **new) if new else node


def put_for(node: s.Node, name: str, new: s.Node) -> s.Node:
    """A node with something put in for a letter."""
    if isinstance(node, s.Name) and node.text == name:
        return replace(new, start=node.start, end=node.end)
    return mapped(node, lambda child: put_for(child, name, new))


def _node(value: Any) -> s.Node:
    return value  # type: ignore[no-any-return]


def relettered(node: s.Node, to: Mapping[str, str]) -> s.Node:
    """A node with other letters, or numerals, in its subscripts."""
    if isinstance(node, s.Name) and node.text in to:
        text = to[node.text]
        if text.isdigit():
            return s.Number(text, start=node.start, end=node.end)
        return replace(node, text=text)
    return mapped(node, lambda child: relettered(child, to))


def with_own_letters(node: s.Node, taken: Sequence[str]) -> s.Node:
    """A node in which no sum binds a letter that is taken: Σ_j becomes Σ_{j°}."""
    binders = {
        name
        for x in s.walk(node)
        if isinstance(x, s.Big) and x.sub is not None
        for name in binder_names(x.sub.sides[0] if isinstance(x.sub, s.Chain) else x.sub) or ()
    }
    to = {}
    for name in binders & set(taken):
        own = name + "°"
        while own in taken or own in binders:
            own += "°"
        to[name] = own
    return relettered(node, to) if to else node


def in_a_row(factors: Sequence[s.Node], operators: Sequence[str]) -> s.Node:
    if len(factors) == 1:
        return factors[0]
    return s.Product(
        tuple(factors),
        ("", *operators[1:]),
        start=factors[0].start,
        end=factors[-1].end,
    )


def plainly(text: str) -> str:
    return text.removeprefix("\\")


def neurons_of(axis: Axis) -> str:
    return f"the neurons of layer {axis.layer}" if axis.name == "n" else f"the {axis.name}"


def size_name(axis: Axis) -> str:
    return f"n_{axis.layer}"
