r"""The layers of units where none are printed: in w_{ji} unit j is one layer above unit i.

A book that counts units has rules such as `w_{ji}` = `w_{ji}^j`, where the raised j says "the layer
of j". What is known of the layers of letters is collected from the whole display and solved; what
remains free is a layer l, and letters by themselves have the layer that the book gives them by
habit.

>>> from symnet.paper.formula_reader import read
>>> display = read(r"\delta_j^j = \sum_k w_{kj}^k \delta_k^k")
>>> print(s.spell(with_layers(display, {"i": -1, "j": 0, "k": 1})))
\delta_{j}^{l} = {sum_{k} w_{{k j}}^{{l + 1}} \delta_{k}^{{l + 1}}}
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from symnet.paper import syntax as s
from symnet.paper.misfits import Misfit
from symnet.paper.scripts import layer_and_transpose, layer_of, mapped, plainly, subscripts
from symnet.term import LayerNumber

FREE = "l"
# How far below the quantity's own layer each of its subscripts counts.
BELOW = {"w": (0, 1), "W": (0, 1), "b": (0,), "z": (0,), "a": (0,), r"\delta": (0,)}
LAST, FIRST = LayerNumber("L"), LayerNumber("", 1)


def with_layers(display: s.Display, habit: Mapping[str, int]) -> s.Display:
    """A display with a layer for each unit. Raises Misfit where no layers fit."""
    found = _Solved(habit)
    for node in _quantities(display):
        found.learn(node)
    for above, below in _slopes(display):
        found.join_if_free(below, above)
    letters = found.finished()

    def raised(node: s.Node) -> s.Node:
        match node:
            case s.Scripted(base=s.Name(text=text), sup=s.Name(text=letter) as sup) if (
                text in BELOW and letter in letters
            ):
                return replace(node, sup=_written(letters[letter], sup))
        return mapped(node, raised)

    made = raised(display)
    assert isinstance(made, s.Display)
    return made


def _quantities(node: s.Node) -> Iterator[s.Scripted]:
    for part in s.walk(node):
        match part:
            case s.Scripted(base=s.Name(text=text), sub=sub) if sub is not None:
                if text in BELOW or text == "y":
                    yield part


def _slopes(node: s.Node) -> Iterator[tuple[s.Scripted, s.Scripted]]:
    """What is derived and by what: ∂z_k / ∂a_j."""
    for part in s.walk(node):
        if isinstance(part, s.Fraction):
            ends = [_derived(x) for x in (part.above, part.below)]
            if ends[0] is not None and ends[1] is not None:
                yield ends[0], ends[1]


def _derived(node: s.Node) -> s.Scripted | None:
    match node:
        case s.Product(factors=(s.Name(text="d" | r"\partial"), s.Scripted() as of)):
            return of
    return None


def _written(layer: LayerNumber, at: s.Node) -> s.Node:
    place: dict[str, Any] = {"start": at.start, "end": at.end}
    if not layer.name:
        return s.Number(str(layer.offset), **place)
    name = s.Name(layer.name, **place)
    if not layer.offset:
        return name
    number = s.Number(str(abs(layer.offset)), **place)
    sign = "+" if layer.offset > 0 else "-"
    return s.Additive((name, number), ("+", sign), **place)


class _Solved:
    """Groups of letters whose layers have known distances; `known` has those that are fixed."""

    def __init__(self, habit: Mapping[str, int]) -> None:
        self.habit = habit
        self.group: dict[str, str] = {}
        self.above: dict[str, int] = {}  # how far a letter is above the first of its group
        self.known: dict[str, LayerNumber] = {}  # of the first of a group

    def learn(self, node: s.Scripted) -> None:
        """What one quantity says of the letters of its subscripts."""
        assert isinstance(node.base, s.Name)
        assert node.sub is not None
        letters = [x.text for x in subscripts(node.sub) or ()]
        if node.base.text == "y":
            if len(letters) == 1 and node.sup is None:
                self.fix(letters[0], LAST, node)
            return
        below = BELOW[node.base.text]
        if len(letters) != len(below) or node.sup is None:
            return
        layer, _ = layer_and_transpose(node.sup)
        if isinstance(layer, s.Name) and layer.text in letters and layer.text != "L":
            # The layer of that letter: the others are as far from it as the quantity says.
            own = below[letters.index(layer.text)]
            for letter, depth in zip(letters, below, strict=True):
                self.join(layer.text, letter, own - depth, node)
            return
        at = layer_of(layer) if layer is not None else None
        if at is not None:
            for letter, depth in zip(letters, below, strict=True):
                self.fix(letter, at.shift(-depth), node)

    def _find(self, letter: str) -> tuple[str, int]:
        self.group.setdefault(letter, letter)
        self.above.setdefault(letter, 0)
        return self.group[letter], self.above[letter]

    def join(self, one: str, other: str, up: int, node: s.Node) -> None:
        """The other letter is `up` layers above the one."""
        if one.isdigit() or other.isdigit():
            return
        (first, x), (second, y) = self._find(one), self._find(other)
        if first == second:
            if y != x + up:
                raise Misfit(
                    f"{plainly(other)} would have to count units of two layers", node, "index-swap"
                )
            return
        shift = x + up - y  # of the second group against the first
        if second in self.known:
            moved = self.known.pop(second).shift(-shift)
            if self.known.setdefault(first, moved) != moved:
                raise self._clash(other, node)
        for letter, group in self.group.items():
            if group == second:
                self.group[letter] = first
                self.above[letter] += shift

    def join_if_free(self, below: s.Scripted, above: s.Scripted) -> None:
        """∂z_k / ∂a_j with letters of which nothing else is known: k is one layer above j."""
        ends = []
        for node in (below, above):
            letters = [x.text for x in subscripts(node.sub) or ()] if node.sub is not None else []
            own = len(letters) == 1 and isinstance(node.sup, s.Name) and node.sup.text == letters[0]
            if not own or letters[0] not in self.group:
                return
            ends.append(letters[0])
        low, high = ends
        groups = {self._find(low)[0], self._find(high)[0]}
        if len(groups) == 2 and not {low, high} <= self.habit.keys() and not groups <= self.known.keys():
            self.join(low, high, 1, above)

    def fix(self, letter: str, layer: LayerNumber, node: s.Node) -> None:
        """A letter counts the units of this layer."""
        if letter.isdigit():
            return
        first, up = self._find(letter)
        at = layer.shift(-up)
        if self.known.setdefault(first, at) != at:
            raise self._clash(letter, node)

    def _clash(self, letter: str, node: s.Node) -> Misfit:
        return Misfit(f"{plainly(letter)} would have to count two layers", node, "index-swap")

    def finished(self) -> dict[str, LayerNumber]:
        """The layer of each letter: as far as it is known, else by habit."""
        found = {}
        free = FREE if FREE not in self.group else "q"
        for letter, first in self.group.items():
            base = self.known.get(first)
            if base is None:
                base = LayerNumber(free, self._by_habit(first))
            found[letter] = base.shift(self.above[letter])
        return found

    def _by_habit(self, first: str) -> int:
        """Where the first of a group is: so that one that the book has a habit for is there."""
        members = [x for x, group in self.group.items() if group == first]
        wanted = [x for x in members if x in self.habit]
        wanted.sort(key=lambda x: (abs(self.habit[x]), x))
        return self.habit[wanted[0]] - self.above[wanted[0]] if wanted else -self.above[members[0]]
