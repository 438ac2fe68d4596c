"""Edits of scripts: layers, subscripts, transposes, the ends of sums."""

from collections.abc import Iterator, Sequence

from symnet.paper.formula import syntax as s
from symnet.paper.repair.places import (
    Edit,
    Place,
    in_script,
    layer_at,
    layer_node,
    letter_nodes,
    letters_of,
    quantities,
    scripts_of,
    whole_side,
)
from symnet.paper.signs.scripts import layer_and_transpose, layer_of, subscripts
from symnet.term import LayerNumber


def ranges_moved(place: Place) -> Iterator[Edit]:
    """A sum or a product that ends too early or too late."""
    for part in s.walk(place.node):
        if not isinstance(part, s.Big):
            continue
        ends: list[s.Node] = []
        if isinstance(part.sub, s.Chain):
            ends.append(part.sub.sides[-1])
        if part.sup is not None:
            inside = part.sup.sub if isinstance(part.sup, s.Scripted) else part.sup
            if inside is not None:
                ends.append(inside)
        for end in ends:
            for by in (-1, 1):
                yield from _shifted(place, end, by, "wrong-range")


def _shifted(place: Place, node: s.Node | None, by: int, kind: str) -> Iterator[Edit]:
    """A number of a layer that is a little higher or lower, where a node is one."""
    layer = None if node is None else layer_of(node)
    if node is not None and layer is not None:
        text = in_script(place, node, str(layer.shift(by)))
        yield Edit(kind, node.start, node.end, text)


def layers_moved(place: Place) -> Iterator[Edit]:
    """A layer too high or too low."""
    for quantity in quantities(place):
        for by in (-1, 1):
            yield from _shifted(place, layer_node(quantity), by, "layer-offset")


def transposes(place: Place) -> Iterator[Edit]:
    """A transpose too many, one too few, or an inverse in its place."""
    for part in s.walk(place.node):
        match part:
            case s.Scripted(
                base=base, sup=s.Name(text=("T" | r"\top" | r"\intercal" | r"\mathsf{T}"))
            ):
                yield Edit("transpose", part.start, part.end, place.of(base))
            case s.Scripted(base=base, sup=s.Additive(signs=("-",))):
                yield Edit("transpose", part.start, part.end, place.of(base) + "^T")
    for quantity in quantities(place):
        if quantity.sub is None:
            layer, transposed = layer_and_transpose(quantity.sup)
            if not transposed:
                text = f"({place.of(quantity)})^T"
                yield Edit("transpose", quantity.start, quantity.end, text)
            elif layer is not None:
                text = f"{place.of(quantity.base)}^{{{place.of(layer)}}}"
                yield Edit("transpose", quantity.start, quantity.end, text)
    for part in s.walk(place.node):
        if isinstance(part, s.Array):
            yield Edit("transpose", part.start, part.end, f"{place.of(part)}^T")


def subscripts_swapped(place: Place) -> Iterator[Edit]:
    """w_jk instead of w_kj."""
    for quantity in quantities(place):
        sub = quantity.sub
        if isinstance(sub, s.Product | s.Listed):
            items = list(s.children(sub))
            if len(items) == 2:
                one, other = items
                between = place.text[one.end : other.start]
                text = place.of(other) + between + place.of(one)
                yield Edit("index-swap", sub.start, sub.end, text)
        elif isinstance(sub, s.Number) and len(sub.text) == 2:
            yield Edit("index-swap", sub.start, sub.end, sub.text[::-1])


def letters_exchanged(place: Place) -> Iterator[Edit]:
    """Another letter at one place of a subscript, or under a sum."""
    letters = letters_of(place)
    for part in s.walk(place.node):
        subs: Iterator[s.Name] = iter(())
        if isinstance(part, s.Scripted) or (isinstance(part, s.Big) and part.operator == "sum"):
            subs = letter_nodes(part.sub)
        for name in subs:
            for letter in letters:
                if letter != name.text:
                    yield Edit("index-swap", name.start, name.end, in_script(place, name, letter))


def places_exchanged(place: Place) -> Iterator[Edit]:
    """Another neuron of another layer: z_k^{l+1} where z_j^l is meant."""
    seen: dict[tuple[str, LayerNumber], None] = {}
    single: list[s.Scripted] = []
    for side in (place.kept, place.node):
        for quantity in quantities(place, side):
            layer = layer_at(quantity)
            letters = subscripts(quantity.sub) if quantity.sub is not None else None
            if layer is None or not letters:
                continue
            for at, letter in enumerate(letters[:2]):
                if letter.last is None:
                    seen[letter.text, layer.shift(-at)] = None
            if len(letters) == 1 and side is place.node:
                single.append(quantity)
    for quantity in single:
        base = place.of(quantity.base)
        for name, layer in seen:
            text = f"{base}_{{{name}}}^{{{layer}}}"
            yield Edit("layer-offset", quantity.start, quantity.end, text)


def everywhere(place: Place) -> Iterator[Edit]:
    """One mistake made at every place: all subscripts swapped, all layers too high or too low."""
    yield from _all_at_once(place, list(subscripts_swapped(place)))
    known = letters_of(place)
    for at, one in enumerate(known):
        for other in known[at + 1 :]:
            yield from _all_at_once(place, list(_exchanged(place, one, other)))
    for letter in ("", "w", "W", "b", "z", "a", r"\delta"):
        own = [
            layer_node(x)
            for x in quantities(place)
            if isinstance(x.base, s.Name) and x.base.text == letter
        ]
        for by in (-1, 1):
            moved = [x for node in own for x in _shifted(place, node, by, "layer-offset")]
            yield from _all_at_once(place, moved)


def _exchanged(place: Place, one: str, other: str) -> Iterator[Edit]:
    """Two letters exchanged, wherever they stand."""
    to = {one: other, other: one}
    for script in scripts_of(place.node):
        for name in letter_nodes(script):
            if name.text in to:
                text = in_script(place, name, to[name.text])
                yield Edit("index-swap", name.start, name.end, text)


def _all_at_once(place: Place, several: Sequence[Edit]) -> Iterator[Edit]:
    if len(several) < 2:
        return
    text = place.text
    for edit in sorted(several, key=lambda x: x.start, reverse=True):
        text = edit.applied(text)
    grown = len(text) - len(place.text)
    yield whole_side(place, several[0].kind, text[place.node.start : place.node.end + grown])
