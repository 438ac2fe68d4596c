r"""The layers of units where none are printed: in w_{ji} unit j is one layer above unit i.

A book that counts units has rules such as `w_{ji}` = `w_{ji}^j`, where the raised j says "the layer
of j". What is known of the layers of letters is collected from the whole display and solved; what
remains free is a layer l, and letters by themselves have the layer that the book gives them by
habit.

>>> from symnet.paper.formula.reader import read
>>> display = read(r"\delta_j^j = \sum_k w_{kj}^k \delta_k^k")
>>> print(s.spell(with_layers(display, {"i": -1, "j": 0, "k": 1}).display))
\delta_{j}^{l} = {sum_{k} w_{{k j}}^{{l + 1}} \delta_{k}^{{l + 1}}}

A unit of the last layer that is also one of layer 3 says that layer 3 is the last.

>>> found = with_layers(read(r"w_{kj}^3 (a_k^L - y_k)"), {})
>>> found.last, s.spell(found.display)
(3, '{w_{{k j}}^{3} ({a_{k}^{3} - y_{k}})}')
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace

from symnet.paper.formula import syntax as s
from symnet.paper.signs.misfits import Misfit
from symnet.paper.signs.scripts import (
    layer_and_transpose,
    layer_as_node,
    layer_of,
    mapped,
    plainly,
    subscripts,
)
from symnet.term import LayerNumber

FREE = "l"
# How far below the quantity's own layer each of its subscripts counts.
BELOW = {"w": (0, 1), "W": (0, 1), "b": (0,), "z": (0,), "a": (0,), r"\delta": (0,)}
LAST, FIRST = LayerNumber("L"), LayerNumber("", 1)
LEAST = 3  # layers of a network, where a page does not say how many there are


@dataclass(frozen=True, slots=True)
class Layered:
    """A display with a layer for each unit, and the number of the last layer, where it is known."""

    display: s.Display
    last: int | None = None


def with_layers(
    display: s.Display,
    habit: Mapping[str, int],
    last: int | None = None,
    outputs: Set[str] = frozenset(),
) -> Layered:
    """A display with a layer for each unit; `outputs` count those of the last one.

    Raises Misfit where no layers fit.
    """
    found = _Solved(habit, last)
    for letter in sorted(outputs):
        found.fix(letter, LAST, display)
    for node in _quantities(display):
        found.learn(node)
    for one, other in _slopes(display):
        found.join_by_habit(one, other)
    letters = found.finished()
    known = found.last

    def raised(node: s.Node) -> s.Node:
        match node:
            case s.Scripted(base=s.Name(text=text), sup=sup) if text in BELOW and sup is not None:
                letter = _letter(sup)
                if letter in letters:
                    node = replace(node, sup=layer_as_node(letters[letter], sup))
                elif known is not None and layer_of(sup) == LAST:
                    node = replace(node, sup=layer_as_node(LayerNumber("", known), sup))
        return mapped(node, raised)

    made = raised(display)
    assert isinstance(made, s.Display)
    return Layered(made, known)


def _letter(node: s.Node | None) -> str:
    """The letter of a unit: k, k'."""
    letters = subscripts(node) if node is not None else None
    if letters is None or len(letters) != 1 or letters[0].last is not None:
        return ""
    return "" if letters[0].text in ("L", "T") else letters[0].text


def _slopes(display: s.Display) -> Iterator[tuple[str, str]]:
    """k and j of ∂z_k/∂a_j: units of which the one feeds the other."""

    def own(node: s.Node) -> str:
        part = node.factors[1] if isinstance(node, s.Product) and len(node.factors) == 2 else node
        match part:
            case s.Bracketed(
                body=s.Additive(terms=(s.Scripted(base=s.Name(text="y"), sub=sub), _))
            ):
                return _letter(sub)  # y_k - a_k^L
            case s.Scripted(base=s.Name(text="z" | "a"), sub=sub, sup=sup) if sub is not None:
                letter = _letter(sub)
                return letter if sup is not None and letter == _letter(sup) else ""
        return ""

    for node in s.walk(display):
        if isinstance(node, s.Fraction):
            one, other = own(node.above), own(node.below)
            if one and other and one != other:
                yield one, other


def _quantities(node: s.Node) -> Iterator[s.Scripted]:
    for part in s.walk(node):
        match part:
            case s.Scripted(base=s.Name(text=text), sub=sub) if sub is not None:
                if text in BELOW or text == "y":
                    yield part


def _is_kronecker(node: s.Scripted) -> bool:
    """δ_{jk} without a layer."""
    assert isinstance(node.base, s.Name)
    return node.base.text == r"\delta" and node.sup is None


class _Solved:
    """Groups of letters whose layers have known distances; `known` has those that are fixed."""

    def __init__(self, habit: Mapping[str, int], last: int | None = None) -> None:
        self.habit = habit
        self.last = last
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
        if _is_kronecker(node) and len(letters) == 2:
            self.join(letters[0], letters[1], 0, node)
            return
        below = BELOW[node.base.text]
        if len(letters) != len(below) or node.sup is None:
            return
        layer, _ = layer_and_transpose(node.sup)
        raised = _letter(layer)
        if raised in letters:
            # The layer of that letter: the others are as far from it as the quantity says.
            own = below[letters.index(raised)]
            for letter, depth in zip(letters, below, strict=True):
                self.join(raised, letter, own - depth, node)
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
            if not self._agree(self.known.setdefault(first, moved), moved):
                raise self._clash(other, node)
        for letter, group in self.group.items():
            if group == second:
                self.group[letter] = first
                self.above[letter] += shift

    def fix(self, letter: str, layer: LayerNumber, node: s.Node) -> None:
        """A letter counts the units of this layer."""
        if letter.isdigit():
            return
        first, up = self._find(letter)
        at = layer.shift(-up)
        if not self._agree(self.known.setdefault(first, at), at):
            raise self._clash(letter, node)

    def join_by_habit(self, one: str, other: str) -> None:
        """Two letters are as far from each other as the book has it, if nothing says more.

        Where it has nothing of one of them, what is derived is one layer above the other.
        """
        (first, _), (second, _) = self._find(one), self._find(other)
        known = first in self.known, second in self.known
        if first == second or all(known):
            return
        of_both = {one, other} <= self.habit.keys()
        up = self.habit[other] - self.habit[one] if of_both else -1
        self.join(one, other, up, s.Empty(start=0, end=0))

    def _agree(self, one: LayerNumber, other: LayerNumber) -> bool:
        """Whether two layers are one; 3 and L are, where nothing else says how many there are."""
        if one == other:
            return True
        if {one.name, other.name} != {"", "L"}:
            return False
        number, named = (one, other) if not one.name else (other, one)
        last = number.offset - named.offset
        if self.last is None and last >= LEAST:
            self.last = last
        return self.last == last

    def _clash(self, letter: str, node: s.Node) -> Misfit:
        return Misfit(f"{plainly(letter)} would have to count two layers", node, "index-swap")

    def finished(self) -> dict[str, LayerNumber]:
        """The layer of each letter: as far as it is known, else by habit."""
        found = {}
        free = "q" if self.group.keys() & {FREE, r"\ell"} else FREE
        for letter, first in self.group.items():
            base = self.known.get(first) or self._as_outputs(first)
            if base is None:
                base = LayerNumber(free, self._by_habit(first))
            at = base.shift(self.above[letter])
            if at.name == "L" and self.last is not None:
                at = LayerNumber("", self.last + at.offset)
            found[letter] = at
        return found

    def _members(self, first: str) -> list[str]:
        return [x for x, group in self.group.items() if group == first]

    def _as_outputs(self, first: str) -> LayerNumber | None:
        """With one hidden layer, units of which only the uppermost are named are the outputs."""
        at = [self.habit.get(x.rstrip("'")) for x in self._members(first)]
        if self.last != LEAST or not self.habit or set(at) != {max(self.habit.values())}:
            return None
        return LayerNumber("", self.last - self.above[self._members(first)[0]])

    def _by_habit(self, first: str) -> int:
        """Where the first of a group is: so that one that the book has a habit for is there."""
        members = self._members(first)
        wanted = [x for x in members if x in self.habit]
        wanted.sort(key=lambda x: (abs(self.habit[x]), x))
        return self.habit[wanted[0]] - self.above[wanted[0]] if wanted else -self.above[members[0]]
