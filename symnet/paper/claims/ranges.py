r"""For which layers and neurons something is said: l = L-1, …, 2, 1 ≤ j ≤ n_l, j ≠ k, x < 0.

>>> Range(LayerNumber("", 2), LayerNumber("L", -1)).values(5)
(2, 3, 4)
>>> Range(low=LayerNumber("", 1)).says(1, 5), Range(low=LayerNumber("", 1)).says(5, 5)
(True, False)
"""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace

from symnet.paper.context.page import Page
from symnet.paper.formula import syntax as s
from symnet.paper.signs.misfits import Unclear
from symnet.paper.signs.notation import spelled_out
from symnet.paper.signs.scripts import layer_and_transpose, layer_of, subscripts
from symnet.term import LayerNumber

ORDERS = frozenset({"<", ">", r"\le", r"\ge", r"\leq", r"\geq"})
SOMETIMES = re.compile(
    r"\b(if|when|unless|except|only|provided"
    r"|for (the |all |each |every )?(output|last|hidden|input|first))\b",
    re.IGNORECASE,
)
RANGE_SIGNS = ("=", "<", ">", "\\le", "\\ge", "\\in ", "≤", "≥", "∈", "\\dots", "\\ldots")
RANGE_PARTS = (s.Dots, s.Number, s.Name, s.Additive)


@dataclass(frozen=True, slots=True)
class Range:
    """The layers that a letter stands for: from low to high, or exactly these; None is open."""

    low: LayerNumber | None = None
    high: LayerNumber | None = None
    exactly: tuple[LayerNumber, ...] = ()

    def beyond(self, depth: int) -> bool:
        """Whether a layer is named by a number that only deeper networks have."""
        ends = (self.low, self.high, *self.exactly)
        return any(x is not None and not x.name and x.offset > depth for x in ends)

    def values(self, depth: int) -> tuple[int, ...]:
        """The layers of a network of this depth."""
        if self.exactly:
            return tuple(sorted({_at(x, depth) for x in self.exactly}))
        low = 1 if self.low is None else _at(self.low, depth)
        high = depth if self.high is None else _at(self.high, depth)
        # One layer that does not exist is as good as a thousand.
        return tuple(range(max(low, 0), min(high, depth + 1) + 1))

    def says(self, layer: int, depth: int) -> bool:
        """Whether a layer is among those that are printed: an open end says nothing of its own."""
        if self.exactly or (self.low is not None and self.high is not None):
            return True
        if self.low is not None:
            return layer == _at(self.low, depth) < depth
        return self.high is not None and layer == _at(self.high, depth) > 1


def _at(layer: LayerNumber, depth: int) -> int:
    return layer.offset + (depth if layer.name == "L" else 0)


@dataclass(frozen=True, slots=True)
class Neurons:
    """The neurons that a letter stands for: from 1 to a size, or exactly these."""

    node: s.Node
    high: s.Node | None = None
    exactly: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """j = k or j ≠ k, as a condition."""

    node: s.Node
    one: str
    other: str
    same: bool


@dataclass(slots=True)
class Said:
    """What the statements of a display say of their letters, and what is left of them."""

    ranges: dict[str, Range] = field(default_factory=dict)
    conditions: dict[str, int] = field(default_factory=dict)
    neurons: dict[str, Neurons] = field(default_factory=dict)
    pairs: list[Pair] = field(default_factory=list)
    chains: list[s.Chain] = field(default_factory=list)
    mentions: list[s.Node] = field(default_factory=list)
    words: list[s.Text] = field(default_factory=list)

    @property
    def is_restricted(self) -> bool:
        """Whether words say that something holds only sometimes."""
        return any(SOMETIMES.search(text.words) for text in self.words)


def layer_letters(nodes: Sequence[s.Node], about: Page) -> tuple[str, ...]:
    """The letters that stand for layers, but for L and those that a product binds."""
    found: dict[str, None] = {}
    bound = set()
    for node in nodes:
        for part in s.walk(node):
            if isinstance(part, s.Big):
                match part.sub:
                    case s.Chain(sides=(s.Name(text=text), *_)):
                        bound.add(text)
            if isinstance(part, s.Scripted) and isinstance(part.base, s.Name):
                script = None
                if about.notation.has_layers(part.base) and part.sup is not None:
                    script, _ = layer_and_transpose(part.sup)
                elif part.base.text in about.notation.sizes:
                    script = part.sub
                elif spelled_out(part.base) in about.notation.families:
                    script, _ = layer_and_transpose(part.sup)
                layer = layer_of(script) if script is not None else None
                if layer is not None and layer.name not in ("", "L"):
                    found[layer.name] = None
    return tuple(letter for letter in found if letter not in bound)


def letters_in(node: s.Node) -> frozenset[str]:
    """The letters of the subscripts of an expression."""
    subs = (part.sub for part in s.walk(node) if isinstance(part, s.Scripted) and part.sub)
    return frozenset(
        letter.text for sub in subs for letter in (subscripts(sub) or ()) if letter.last is None
    )


def said_in(statements: Sequence[s.Node], about: Page) -> Said:
    letters = layer_letters(statements, about)
    counted = frozenset(x for node in statements for x in letters_in(node)) - set(letters)
    said = Said()
    at = 0
    while at < len(statements):
        statement = statements[at]
        at += 1
        if isinstance(statement, s.Text):
            # Words are not judged, but mathematics among them may be a range.
            if any(sign in statement.words for sign in RANGE_SIGNS):
                raise Unclear("this condition in words is not understood", statement)
            said.words.append(statement)
            continue
        if isinstance(statement, s.Empty | s.Dots):
            continue
        if not isinstance(statement, s.Chain):
            said.mentions.append(statement)
            continue
        following: list[s.Node] = []
        while at + len(following) < len(statements):
            next_ = statements[at + len(following)]
            size = isinstance(next_, s.Scripted) and following and _is_size(next_, about)
            if not isinstance(next_, RANGE_PARTS) and not size:
                break
            following.append(next_)
        read = _range(statement, following, letters)
        if read is not None:
            name, found = read
            said.ranges[name] = _both(said.ranges.get(name), found)
            at += len(following)
            continue
        neurons = _neurons(statement, following, counted)
        if neurons is not None:
            said.neurons |= neurons
            at += len(following)
            continue
        pair = _pair(statement, counted)
        if pair is not None:
            said.pairs.append(pair)
            continue
        condition = _condition(statement, about)
        if condition is not None:
            said.conditions |= condition
            continue
        said.chains.append(statement)
    return said


def _is_size(node: s.Scripted, about: Page) -> bool:
    return isinstance(node.base, s.Name) and node.base.text in about.notation.sizes


def _neurons(
    chain: s.Chain, following: Sequence[s.Node], letters: Set[str]
) -> dict[str, Neurons] | None:
    """j = 1, …, n_l and its like: the neurons that a letter stands for."""
    match chain.sides, chain.relations:
        case (s.Name(text=text), first), ("=",) if text in letters and (
            following or isinstance(first, s.Number | s.Listed)
        ):
            return {text: _neurons_of([*items_of(first), *following], chain)}
        case (names, s.Bracketed(open=r"\{", body=body)), (r"\in",):
            several = [x.text for x in items_of(names) if isinstance(x, s.Name)]
            if several and set(several) <= letters:
                return {text: _neurons_of(items_of(body), chain) for text in several}
        case (low, names, high), (("<" | r"\le" | r"\leq") as one, r"\le" | r"\leq"):
            several = [x.text for x in items_of(names) if isinstance(x, s.Name)]
            if several and set(several) <= letters:
                if not isinstance(low, s.Number) or low.text != ("0" if one == "<" else "1"):
                    raise Unclear("this range is not understood", chain)
                return {text: Neurons(chain, high) for text in several}
    return None


def _neurons_of(items: Sequence[s.Node], chain: s.Node) -> Neurons:
    dots = any(isinstance(item, s.Dots) for item in items)
    known = [item for item in items if not isinstance(item, s.Dots)]
    first = known[0]
    if not isinstance(first, s.Number) or not first.text.isdigit():
        raise Unclear("this range is not understood", chain)
    if dots:
        if first.text != "1" or len(known) < 2:
            raise Unclear("this range is not understood", chain)
        return Neurons(chain, known[-1])
    if not all(isinstance(x, s.Number) and x.text.isdigit() for x in known):
        raise Unclear("this range is not understood", chain)
    return Neurons(chain, None, tuple(int(x.text) for x in known if isinstance(x, s.Number)))


def _pair(chain: s.Chain, letters: Set[str]) -> Pair | None:
    """j = k and j ≠ k."""
    match chain.sides, chain.relations:
        case (one, other), (("=" | r"\ne" | r"\neq") as relation,):
            left, right = subscripts(one), subscripts(other)
            if left is None or right is None or len(left) != 1 or len(right) != 1:
                return None
            if left[0].text in letters and right[0].text in letters:
                return Pair(chain, left[0].text, right[0].text, relation == "=")
    return None


def _range(
    chain: s.Chain, following: Sequence[s.Node], letters: Sequence[str]
) -> tuple[str, Range] | None:
    """The range that a statement says: l = L-1, …, 2 and its like."""
    sides, relations = chain.sides, chain.relations
    match sides, relations:
        case (s.Name(text=text), value), (r"\in",) if _letter(text) in letters:
            if isinstance(value, s.Bracketed):
                return _letter(text), _listed(items_of(value.body), chain)
            raise Unclear("this range is not understood", chain)
        case (s.Name(text=text), first), ("=",) if _letter(text) in letters:
            return _letter(text), _listed([*items_of(first), *following], chain)
    if not set(relations) <= ORDERS:
        return None
    bounds = Range()
    name = None
    for left, right, relation in zip(sides, sides[1:], relations, strict=False):
        if relation in (">", r"\ge", r"\geq"):
            left, right = right, left
        strict = int(relation in "<>")
        if isinstance(right, s.Name) and _letter(right.text) in letters:
            layer = layer_of(left)
            name = _letter(right.text)
            if layer is None:
                raise Unclear("this range is not understood", chain)
            bounds = replace(bounds, low=layer.shift(strict))
        elif isinstance(left, s.Name) and _letter(left.text) in letters:
            layer = layer_of(right)
            name = _letter(left.text)
            if layer is None:
                raise Unclear("this range is not understood", chain)
            bounds = replace(bounds, high=layer.shift(-strict))
    return None if name is None else (name, bounds)


def _letter(text: str) -> str:
    return "l" if text == r"\ell" else text


def items_of(node: s.Node) -> list[s.Node]:
    if isinstance(node, s.Listed):
        return list(node.items)
    if isinstance(node, s.Display):
        return [x for statement in node.statements for x in items_of(statement)]
    return [node]


def _listed(items: Sequence[s.Node], chain: s.Node) -> Range:
    """2, 3, …, L as a range; without dots exactly these layers."""
    dots = any(isinstance(item, s.Dots) for item in items)
    layers = [layer_of(item) for item in items if not isinstance(item, s.Dots)]
    if not layers or any(layer is None for layer in layers):
        raise Unclear("this range is not understood", chain)
    known = [layer for layer in layers if layer is not None]
    if not dots:
        return Range(exactly=tuple(known))
    if len(known) < 2 or isinstance(items[0], s.Dots) or isinstance(items[-1], s.Dots):
        raise Unclear("this range is not understood", chain)
    first, last = known[0], known[-1]
    down = (first.name == "L" and last.name != "L") or (
        first.name == last.name and first.offset > last.offset
    )
    return Range(last, first) if down else Range(first, last)


def _both(one: Range | None, other: Range) -> Range:
    if one is None:
        return other
    return Range(one.low or other.low, one.high or other.high, one.exactly or other.exactly)


def _condition(chain: s.Chain, about: Page) -> dict[str, int] | None:
    """x < 0: the sign of a variable."""
    match chain.sides, chain.relations:
        case (s.Name(text=text), s.Number(text="0")), (("<" | ">" | r"\le" | r"\ge") as order,):
            if text in about.notation.scalars:
                return {text: -1 if order in ("<", r"\le") else 1}
    return None
