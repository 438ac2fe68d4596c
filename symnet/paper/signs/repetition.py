r"""What dots stand for: the period of what is repeated before and behind them.

>>> from symnet.paper.formula.reader import read
>>> product = read(r"W^L D^{L-1} W^{L-1} \cdots W^{l+1} D^l").statements[0].factors
>>> start, length, stop, first, last = period(list(product[:3]), list(product[4:]))
>>> start, length, stop, str(first), str(last)
(0, 2, 2, 'L', 'l+1')
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from symnet.paper.formula import syntax as s
from symnet.paper.signs.scripts import digits_of, layer_and_transpose, layer_of, mapped, relettered
from symnet.term import LayerNumber

_SAME = (LayerNumber("="), LayerNumber("="))


def goes_down(first: LayerNumber, last: LayerNumber) -> bool:
    """Whether a range such as L … l+1 runs downwards."""
    if first.name == last.name:
        return first.offset > last.offset + 1
    return first.name == "L" or (last.name != "L" and not last.name)


def period(
    before: list[s.Node], after: list[s.Node]
) -> tuple[int, int, int, LayerNumber, LayerNumber] | None:
    """Where what is repeated begins, how long it is, where it ends, its first and last layer.

    All that stands between the beginning and the dots, and between the dots and the end, has to be
    part of the repetition: P(l) P(l+1) … P(L-1), perhaps with a last one of which only the end is
    printed.
    """
    for start in range(len(before)):
        for stop in range(len(after), 0, -1):
            for length in range(1, len(before) - start + 1):
                own = before[start:]
                if len(own) == length and stop < length:
                    continue
                ends = _repeats(own, after[:stop], length)
                if ends is not None:
                    return start, length, stop, *ends
    return None


def _repeats(
    own: list[s.Node], after: list[s.Node], length: int
) -> tuple[LayerNumber, LayerNumber] | None:
    pattern = own[:length]
    first = _first_layer(pattern)
    if first is None:
        return None
    shifts = []
    for at in range(length, len(own)):
        shift = _shift(pattern[at % length], own[at])
        if shift is not None and shift is not _SAME:
            shifts.append((at // length, shift))
        elif shift is None:
            return None
    ends = []
    for back, node in enumerate(reversed(after)):
        at = -back - 1
        shift = _shift(pattern[at % length], node)
        if shift is None:
            return None
        if shift is not _SAME:
            ends.append((back // length, shift))
    if not ends:
        return None
    last = _moved_layer(first, ends[0][1])
    step = -1 if goes_down(first, last) else 1
    if any(pair != (first, first.shift(step * times)) and not _is_shift(pair, step * times)
           for times, pair in shifts):  # fmt: skip
        return None
    for times, (one, other) in ends:
        expected = one.offset - first.offset + last.offset - step * times
        if one.name != first.name or other.name != last.name or other.offset != expected:
            return None
    if ends[0][0] != 0:
        return None
    return first, last


def _is_shift(pair: tuple[LayerNumber, LayerNumber], by: int) -> bool:
    return pair[0].shift(by) == pair[1]


def _moved_layer(first: LayerNumber, pair: tuple[LayerNumber, LayerNumber]) -> LayerNumber:
    """Where `first` goes if one layer goes to another."""
    one, other = pair
    return other.shift(first.offset - one.offset)


def _first_layer(pattern: Sequence[s.Node]) -> LayerNumber | None:
    """The layer that a pattern is counted by: that of its first quantity."""
    pairs: list[tuple[LayerNumber, LayerNumber]] = []
    for node in pattern:
        _alike(node, node, pairs)
    return pairs[0][0] if pairs else None


def _shift(one: s.Node, other: s.Node) -> tuple[LayerNumber, LayerNumber] | None:
    """What layer goes to what, if two nodes are alike but for layers that all move alike."""
    pairs: list[tuple[LayerNumber, LayerNumber]] = []
    if not _alike(one, other, pairs):
        return None
    if not pairs:
        return _SAME
    first, last = pairs[0]
    for here, there in pairs:
        if (here.name, there.name) != (first.name, last.name):
            return None
        if here.offset - first.offset != there.offset - last.offset:
            return None
    return pairs[0]


def _alike(one: s.Node, other: s.Node, pairs: list[tuple[LayerNumber, LayerNumber]]) -> bool:
    """Whether two nodes are the same but for layers, which are collected."""
    if isinstance(one, s.Scripted) and isinstance(other, s.Scripted):
        left, up = layer_and_transpose(one.sup)
        right, up_too = layer_and_transpose(other.sup)
        here = layer_of(left) if left is not None else None
        there = layer_of(right) if right is not None else None
        if here is not None and there is not None and up == up_too:
            pairs.append((here, there))
            return (
                _alike(one.base, other.base, pairs)
                and _both(one.sub, other.sub, pairs)
                and one.primes == other.primes
            )
    if type(one) is not type(other):
        return False
    if isinstance(one, s.Name) and isinstance(other, s.Name):
        return one.text == other.text
    if isinstance(one, s.Number) and isinstance(other, s.Number):
        return one.text == other.text
    mine, theirs = list(s.children(one)), list(s.children(other))
    return len(mine) == len(theirs) and all(
        _alike(x, y, pairs) for x, y in zip(mine, theirs, strict=True)
    )


def _both(
    one: s.Node | None, other: s.Node | None, pairs: list[tuple[LayerNumber, LayerNumber]]
) -> bool:
    if one is None or other is None:
        return one is other
    return _alike(one, other, pairs)


def script_of(layer: LayerNumber, place: dict[str, Any]) -> s.Node:
    """A layer as it is written in a script."""
    if not layer.name:
        return s.Number(str(layer.offset), **place)
    name = s.Name(layer.name, **place)
    if not layer.offset:
        return name
    sign = "+" if layer.offset > 0 else "-"
    return s.Additive((name, s.Number(str(abs(layer.offset)), **place)), ("+", sign), **place)


def layers_moved(node: s.Node, first: LayerNumber, to: LayerNumber) -> s.Node:
    """A node with all its layers moved, so that `first` becomes `to`."""
    if isinstance(node, s.Scripted) and node.sup is not None:
        layer_node, up = layer_and_transpose(node.sup)
        layer = layer_of(layer_node) if layer_node is not None else None
        if layer is not None and layer_node is not None and layer.name == first.name:
            place: dict[str, Any] = {"start": node.sup.start, "end": node.sup.end}
            number_ = script_of(to.shift(layer.offset - first.offset), place)
            sup: s.Node = number_
            if up:
                sup = s.Product((number_, s.Name("T", **place)), ("", ""), **place)
            return replace(node, base=layers_moved(node.base, first, to), sup=sup)
    return mapped(node, lambda child: layers_moved(child, first, to))


def is_diagonal(grid: Sequence[Sequence[s.Node]]) -> bool:
    """Whether nothing, zeros and dots are all that stands beside the diagonal."""
    if len(grid) != len(grid[0]) or len(grid) < 3:
        return False
    beside = [x for i, row in enumerate(grid) for j, x in enumerate(row) if i != j]
    return (
        all(isinstance(x, s.Dots | s.Empty) or digits_of(x) == "0" for x in beside)
        and any(not isinstance(x, s.Dots) for x in beside)
        and not isinstance(grid[0][0], s.Dots)
        and not isinstance(grid[-1][-1], s.Dots)
        and sum(isinstance(row[at], s.Dots) for at, row in enumerate(grid)) == 1
    )


def before_dots(dotted: Sequence[bool]) -> int | None:
    """How many stand before the dots, if one stands behind them; None without dots."""
    if not any(dotted):
        return None
    at = list(dotted).index(True)
    return at if sum(dotted) == 1 and at == len(dotted) - 2 else 0


def general_cell(
    kept: Sequence[Sequence[s.Node]], above: int | None, left: int | None
) -> s.Node | None:
    """The entry of row ρ and column κ; None if what is printed does not say it."""
    if above == 0 or left == 0 or (above is None and len(kept) > 1):
        return None
    if left is None and len(kept[0]) > 1:
        return None
    columns = []
    for column in zip(*kept, strict=True):
        general = _general_entry(list(column), "ρ") if above else column[0]
        if general is None:
            return None
        columns.append(general)
    return _general_entry(columns, "κ") if left else columns[0]


def _general_entry(cells: Sequence[s.Node], letter: str) -> s.Node | None:
    """x_ρ of x_1, x_2, x_n."""
    found = generalised(cells[0], cells[-1], letter)
    if found is None or found[1] != 1:
        return None
    for at, cell in enumerate(cells[1:-1], start=2):
        if s.spell(relettered(found[0], {letter: str(at)})) != s.spell(cell):
            return None
    return found[0]


def generalised(first: s.Node, last: s.Node, letter: str = "ι") -> tuple[s.Node, int] | None:
    """x_1 and x_n as x_ι, and the number that ι begins with."""
    numbers: set[int] = set()

    def go(one: s.Node, other: s.Node) -> s.Node | None:
        if isinstance(one, s.Number) and not isinstance(other, s.Number) and one.text.isdigit():
            numbers.add(int(one.text))
            return s.Name(letter, start=one.start, end=one.end)
        if isinstance(one, s.Number) and isinstance(other, s.Number):
            if one.text == other.text:
                return one
            if one.text.isdigit() and other.text.isdigit():
                numbers.add(int(one.text))
                return s.Name(letter, start=one.start, end=one.end)
            return None
        if type(one) is not type(other):
            return None
        if isinstance(one, s.Name):
            return one if one.text == other.text else None  # type: ignore[union-attr]
        mine, theirs = list(s.children(one)), list(s.children(other))
        if len(mine) != len(theirs):
            return None
        made = [go(x, y) for x, y in zip(mine, theirs, strict=True)]
        if any(x is None for x in made):
            return None
        parts = iter(made)
        return mapped(one, lambda _: next(parts))  # type: ignore[arg-type, return-value]

    whole = go(first, last)
    if whole is None or len(numbers) != 1:
        return None
    return whole, numbers.pop()
