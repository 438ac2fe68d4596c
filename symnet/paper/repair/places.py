"""A side of a claim that may be edited, what stands in it, and edits of its text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from symnet.paper.formula import syntax as s
from symnet.paper.signs.function_names import Function, function_of
from symnet.paper.signs.notation import Notation
from symnet.paper.signs.scripts import layer_and_transpose, layer_of, subscripts
from symnet.term import LayerNumber


@dataclass(frozen=True, slots=True)
class Edit:
    """Text in place of other text, what kind of error it mends, and the place."""

    kind: str
    start: int
    end: int
    text: str

    def applied(self, text: str) -> str:
        """The whole text with the edit made."""
        return text[: self.start] + self.text + text[self.end :]


@dataclass(frozen=True, slots=True)
class Place:
    """A side of a claim that may be edited, and what is around it."""

    text: str
    node: s.Node
    kept: s.Node
    notation: Notation

    def of(self, node: s.Node) -> str:
        """A node as it is printed."""
        return self.text[node.start : node.end]


def quantities(place: Place, node: s.Node | None = None) -> Iterator[s.Scripted]:
    """The quantities of a side that have a layer."""
    for part in s.walk(place.node if node is None else node):
        match part:
            case s.Scripted(base=s.Name() as base, sup=sup) if sup is not None:
                if place.notation.has_layers(base):
                    yield part


def layer_node(quantity: s.Scripted) -> s.Node | None:
    """The layer of a quantity as it is written, without brackets."""
    found, _ = layer_and_transpose(quantity.sup)
    if isinstance(found, s.Listed):
        found = found.items[-1]  # the layer stands after the sample: δ^{x,l}
    while isinstance(found, s.Bracketed):
        found = found.body
    return found


def layer_at(quantity: s.Scripted) -> LayerNumber | None:
    """The number of a quantity's layer, if it is one."""
    node = layer_node(quantity)
    return None if node is None else layer_of(node)


def letters_of(place: Place) -> list[str]:
    """The letters for neurons of a claim."""
    found: dict[str, None] = {}
    for side in (place.kept, place.node):
        for part in s.walk(side):
            if isinstance(part, s.Scripted) and part.sub is not None:
                for letter in subscripts(part.sub) or ():
                    if letter.last is None and not letter.text.isdigit():
                        found[letter.text] = None
    return list(found)


def letter_nodes(node: s.Node | None) -> Iterator[s.Name]:
    """The letters of a subscript, one by one."""
    if isinstance(node, s.Name):
        yield node
    elif isinstance(node, s.Product | s.Listed):
        for child in s.children(node):
            yield from letter_nodes(child)


def scripts_of(node: s.Node) -> list[s.Node]:
    """All that is raised or lowered, and the limits of sums."""
    parts = [x for x in s.walk(node) if isinstance(x, s.Scripted | s.Big)]
    return [x for part in parts for x in (part.sub, part.sup) if x is not None]


def is_within(node: s.Node, others: Sequence[s.Node]) -> bool:
    """Whether a node stands inside one of others."""
    return any(x.start <= node.start and node.end <= x.end for x in others)


def calls_of(place: Place, only: s.Node | None = None) -> Iterator[tuple[s.Node, s.Node]]:
    """Functions and what they are applied to, on both sides or on one."""
    for side in (place.node, place.kept) if only is None else (only,):
        for part in s.walk(side):
            if isinstance(part, s.Product):
                for one, other in zip(part.factors, part.factors[1:], strict=False):
                    if function_at(one, place) is not None:
                        yield one, other


def function_at(node: s.Node, place: Place) -> Function | None:
    """The function that a node names, if it does."""
    return function_of(node, place.notation) if isinstance(node, s.Name | s.Scripted) else None


def in_script(place: Place, node: s.Node, text: str) -> str:
    """A new script in place of an old one, in braces where it needs them and has none."""
    inside = place.text[: node.start].rstrip()[-1:] in "{(["
    return text if inside or len(text) == 1 else f"{{{text}}}"


def as_factor(place: Place, node: s.Node) -> str:
    """A side as one factor."""
    text = place.of(node)
    return rf"\left({text}\right)" if isinstance(node, s.Additive) else text


def whole_side(place: Place, kind: str, text: str) -> Edit:
    """An edit of the whole side."""
    return Edit(kind, place.node.start, place.node.end, text)
