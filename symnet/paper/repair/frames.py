r"""Edits of what is around a claim: its ranges, its brackets, what dangles, what nobody declared.

>>> [edit.applied("((a)") for edit in brackets("((a)")]
['(a)', '(a)', '((a', '((a))']
>>> [edit.text for edit in ranges(r"x, l = 1, 2, \dots, L")][:2]
['0, 1', '2, 3']
"""

import re
from collections.abc import Iterator, Sequence

from symnet.errors import SymnetError
from symnet.paper.claims.ranges import items_of
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.repair.places import Edit, Place, layer_at, quantities
from symnet.paper.signs.scripts import layer_of, subscripts
from symnet.term import LayerNumber

OPENING, CLOSING = "([", ")]"
BRACKET = re.compile(r"\\left\s*[(\[]|\\right\s*[)\]]|[()\[\]]")
TAIL = re.compile(r"(\\odot|\\circ|\\cdot|\\times|[-+*/=])\s*$")
ORDERS = (r"\le", r"\leq", r"\ge", r"\geq", "<", ">")


def brackets(text: str) -> Iterator[Edit]:
    """A bracket too many, or one too few."""
    found = list(BRACKET.finditer(text))
    for bracket in found:
        yield Edit("unbalanced", bracket.start(), bracket.end(), "")
    opened = sum(x[0][-1] in OPENING for x in found) - sum(x[0][-1] in CLOSING for x in found)
    places = [at for at, sign in enumerate(text) if sign in " =+-}"] + [len(text)]
    for at in reversed(places):
        if opened > 0:
            yield Edit("unbalanced", at, at, ")")
        elif opened < 0:
            yield Edit("unbalanced", at, at, "(")


def tails(text: str) -> Iterator[Edit]:
    """What dangles at the end: left away, or what people leave out there."""
    dangling = TAIL.search(text.rstrip(" .,"))
    if dangling is None:
        return
    yield Edit("other", dangling.start(), dangling.end(), "")
    before = text[: dangling.end()]
    layers = dict.fromkeys(re.findall(r"\^\{?([lL0-9](?:[+-]\d)?)\}?", before))
    letters = dict.fromkeys(re.findall(r"_\{?([a-z])\}?", before))
    for layer in layers:
        scripts = [f"_{x}^{{{layer}}}" for x in letters] or [f"^{{{layer}}}"]
        for script in scripts:
            for missing in (f"b{script}", rf"\sigma'(z{script})", f"a{script}"):
                yield Edit("missing-term", dangling.end(), len(text), f" {missing}")


def ranges(text: str) -> Iterator[Edit]:
    """A range that begins or ends one layer too early or too late."""
    try:
        display = read(text)
    except SymnetError:
        return
    for nodes in _range_ends(display):
        for by in (-1, 1):
            moved = _moved(text, nodes, by)
            if moved is not None:
                yield moved


def _range_ends(display: s.Display) -> Iterator[list[s.Node]]:
    """The numbers before and after the dots of a range, those of each end together."""
    statements = list(display.statements)
    for at, statement in enumerate(statements):
        if not isinstance(statement, s.Chain):
            continue
        if not isinstance(statement.sides[0], s.Name | s.Number | s.Additive):
            continue
        relations = set(statement.relations)
        if relations <= set(ORDERS):
            yield from ([side] for side in statement.sides if layer_of(side) is not None)
        elif relations in ({"="}, {r"\in"}):
            last = statement.sides[-1]
            inside = last.body if isinstance(last, s.Bracketed) else last
            items = [*items_of(inside)]
            if relations == {"="}:
                for later in statements[at + 1 :]:
                    if not isinstance(later, s.Dots | s.Number | s.Name | s.Additive):
                        break
                    items.append(later)
            if any(isinstance(x, s.Dots) for x in items):
                dots = next(i for i, x in enumerate(items) if isinstance(x, s.Dots))
                yield from (part for part in (items[:dots], items[dots + 1 :]) if part)


def _moved(text: str, nodes: Sequence[s.Node], by: int) -> Edit | None:
    layers = [layer_of(node) for node in nodes]
    if any(layer is None for layer in layers):
        return None
    made = text[nodes[0].start : nodes[-1].end]
    offset = nodes[0].start
    for node, layer in reversed(list(zip(nodes, layers, strict=True))):
        assert layer is not None
        start, end = node.start - offset, node.end - offset
        made = made[:start] + str(layer.shift(by)) + made[end:]
    return Edit("wrong-range", nodes[0].start, nodes[-1].end, made)


def undeclared(place: Place) -> Iterator[Edit]:
    """A letter that nobody declared, with the scripts of a quantity: θ^l where b^l is meant."""
    letters = place.notation.letters
    for part in s.walk(place.node):
        match part:
            case s.Scripted(base=s.Name(text=text) as base, sup=sup) if (
                sup is not None and text not in letters and layer_of(sup) is not None
            ):
                for kind in ("b", "a", "z", "δ", "w"):
                    own = [k for k, v in letters.items() if v == kind]
                    yield from (Edit("other", base.start, base.end, x) for x in own)


def layers_given(place: Place) -> Iterator[Edit]:
    """A quantity without the layer that its neighbours have: w_{kj} beside δ_k^{l+1}."""
    layers: dict[str, None] = {}
    for side in (place.kept, place.node):
        for quantity in quantities(place, side):
            layer = layer_at(quantity)
            if layer is not None:
                layers[str(layer)] = None
    for part in s.walk(place.node):
        base = part.base if isinstance(part, s.Scripted) and part.sup is None else part
        if isinstance(base, s.Name) and base.text in place.notation.letters:
            inside = any(
                isinstance(x, s.Scripted) and x.base is base and x.sup is not None
                for x in s.walk(place.node)
            )
            if not inside:
                for said in layers:
                    yield Edit("other", part.end, part.end, f"^{{{said}}}")


def weights_for_sums(place: Place) -> Iterator[Edit]:
    """Σ a^{l-1} where W^l a^{l-1} is meant."""
    name = next((k for k, v in place.notation.letters.items() if v == "w" and k.isupper()), "w")
    for part in s.walk(place.node):
        if isinstance(part, s.Big) and part.operator == "sum" and part.sub is None:
            for layer in _layers_of(place):
                yield Edit("missing-term", part.start, part.end, f"{name}^{{{layer}}}")


def _layers_of(place: Place) -> list[str]:
    found: dict[LayerNumber, None] = {}
    for side in (place.kept, place.node):
        for quantity in quantities(place, side):
            layer = layer_at(quantity)
            if layer is not None:
                found[layer] = None
    return [str(layer) for layer in found]


def subscripts_given(place: Place) -> Iterator[Edit]:
    """A vector beside an entry: δ^L where δ_j^L is meant."""
    letters: dict[str, None] = {}
    for part in s.walk(place.kept):
        if isinstance(part, s.Scripted) and part.sub is not None:
            for letter in subscripts(part.sub) or ():
                letters[letter.text] = None
    for quantity in quantities(place):
        if quantity.sub is None:
            base = place.of(quantity.base)
            scripts = place.text[quantity.base.end : quantity.end]
            for name in letters:
                text = f"{base}_{name}{scripts}"
                yield Edit("shape", quantity.start, quantity.end, text)


def steps_named(claim_left: s.Node, text: str, relation_end: int) -> Iterator[Edit]:
    """W^{l+1} = W^l - …: the new W^l is meant."""
    match claim_left:
        case s.Scripted(base=base, sup=sup) if sup is not None:
            layer = layer_of(sup)
            if layer is not None:
                new = f"{text[base.start : base.end]}^{{{layer.shift(-1)}}} \\leftarrow "
                yield Edit("overloaded-symbol", claim_left.start, relation_end, new)
