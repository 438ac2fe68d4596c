"""The small networks that a claim is tried in: their widths, and how many layers they have."""

import re
from typing import Any

from symnet.errors import SymnetError
from symnet.paper.books.convention_files import Convention
from symnet.paper.formula import syntax as s
from symnet.paper.signs.notation import Notation
from symnet.paper.signs.scripts import layer_and_transpose, layer_of

# Small networks whose widths differ from layer to layer, and small ones whose widths are equal.
RECTANGULAR = ((3, 2, 4), (2, 4, 3, 5), (2, 3, 5, 4, 6))
OF_ONE_NEURON = ((3, 1), (2, 1), (4, 1))
EQUAL = ((2, 2, 2), (2, 2, 2, 2), (3, 3, 3), (2, 2, 2, 2, 2))
NUMBERS = ("one", "two", "three")
HIDDEN = re.compile(r"\b(one|two|three) hidden layers?\b", re.IGNORECASE)
EXACT_DEPTH = re.compile(r"L\s*=\s*(\d+)|^(\d+) layers")
MOST_LAYERS = 30  # of a literal network


def widths_of(said: Any) -> tuple[tuple[tuple[int, ...], ...], bool, bool]:
    numbered = isinstance(said, list | tuple) and 2 <= len(said) <= MOST_LAYERS
    if numbered and all(type(x) is int and 0 < x <= 10**9 for x in said):
        return (tuple(said),), False, False
    if said == "equal":
        return EQUAL, False, True
    if said == "arbitrary":
        return RECTANGULAR, True, False
    raise SymnetError(f"the widths {said!r} are not understood")


def last_layer(said: str) -> int | None:
    """The number of the last layer, where a page says it."""
    exact, hidden = EXACT_DEPTH.search(said), HIDDEN.search(said)
    if hidden:
        return NUMBERS.index(hidden[1].lower()) + 3
    return int(exact[1] or exact[2]) if exact else None


def of_depth(
    widths: tuple[tuple[int, ...], ...], said: str, book: Convention
) -> tuple[tuple[int, ...], ...]:
    """The networks with as many layers as is said; a book may count from 0."""
    if not said:
        return widths
    last = "|".join(["L", *(re.escape(re.sub("[{}]", "", x)) for x in book.translation.last)])
    exact = re.search(rf"(?:{last})\s*=\s*(\d+)|^(\d+) layers", said)
    least = re.search(rf"(?:{last})\s*(?:>=|≥|\\geq?)\s*(\d+)", said)
    hidden = HIDDEN.search(said)
    # Where layers are known by units, those of a page are counted from 1, as everywhere.
    before = 0 if book.units else 1 - book.translation.first
    if exact:
        depth = int(exact[2]) if exact[1] is None else int(exact[1]) + before
        return tuple(w for w in widths if len(w) == depth)
    if least:
        return tuple(w for w in widths if len(w) >= int(least[1]) + before)
    if hidden:
        depth = NUMBERS.index(hidden[1].lower()) + 3
        return tuple(w for w in widths if len(w) == depth)
    raise SymnetError(f"the depth {said!r} is not understood")


def depth_of(display: s.Display, notation: Notation) -> str:
    """Of layers with numbers alone the highest is the last, where y stands beside them."""
    found = set()
    target = False
    for node in s.walk(display):
        target = target or (isinstance(node, s.Name) and node.text == notation.target)
        base = node.base if isinstance(node, s.Scripted) else None
        if not isinstance(base, s.Name) or not notation.has_layers(base):
            continue
        layer, _ = layer_and_transpose(node.sup) if isinstance(node, s.Scripted) else (None, False)
        if layer is not None:
            at = layer_of(layer)
            if at is None or at.name:
                return ""
            found.add(at.offset)
    known = {len(widths) for widths in RECTANGULAR}
    return f"L = {max(found)}" if target and found and max(found) in known else ""
