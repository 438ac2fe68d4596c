r"""Where a formula is read: its notation, its layers, and what letters stand for on the way.

The classes up to `Elaborator` each add what some kind of expression means. A letter for neurons
gets its axis from its first use; another use has to agree with it.

>>> from symnet.paper.signs.notation import NIELSEN
>>> from symnet.paper.formula.reader import read
>>> reading = Reading(NIELSEN, Layers({"L": LayerNumber("", 3)}, (3, 2, 4)))
>>> str(reading._layer(read("L-1").statements[0]))
'2'
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction

from symnet.calculus.specimen import samples_of
from symnet.network import notation as n
from symnet.paper.formula import syntax as s
from symnet.paper.meaning.arrays import Array, Arrays, Value
from symnet.paper.meaning.formulas_of_one import LARGEST_EXPONENT
from symnet.paper.signs.misfits import Misfit, Missing, Unclear
from symnet.paper.signs.notation import Notation
from symnet.paper.signs.scripts import (
    Letter,
    Slice,
    digits_of,
    layer_of,
    neurons_of,
    plainly,
    size_name,
    subscripts,
)
from symnet.term import (
    Axis,
    Delta,
    Index,
    LayerNumber,
    Sum,
    Symbol,
    Term,
    add,
    free_indices,
    map_children,
    mul,
    number,
    rename,
    walk,
)


@dataclass(frozen=True, slots=True)
class Layers:
    """The layers that a formula speaks of.

    `numbers` has the layers that letters stand for; `widths` the widths of a numbered network,
    None where layers are general. Of a network with so many layers (`depth`) and general widths
    the layers are counted from the last one.
    """

    numbers: Mapping[str, LayerNumber] = field(default_factory=dict)
    widths: tuple[int, ...] | None = None
    depth: int | None = None

    def size(self, axis: Axis) -> int | None:
        """How many neurons a layer has; how many samples there are."""
        if axis == n.SAMPLES and self.widths is not None:
            return samples_of(self.widths)
        if axis.name != "n" or self.widths is None or axis.layer.name:
            return None
        at = axis.layer.offset
        return self.widths[at - 1] if 1 <= at <= len(self.widths) else None

    def same(self, one: Axis, other: Axis) -> bool:
        """Whether two axes are of one length."""
        if one == other:
            return True
        if n.SAMPLES in (one, other):
            return False  # as many samples as neurons would be chance
        left, right = self.size(one), self.size(other)
        return left is not None and left == right

    def number(self, layer: LayerNumber) -> LayerNumber:
        """A layer with what its letter stands for."""
        if layer.name in self.numbers:
            return self.numbers[layer.name].shift(layer.offset)
        if not layer.name and self.depth is not None:
            return LayerNumber("L", layer.offset - self.depth)
        return layer

    def has(self, name: str, layer: LayerNumber) -> bool:
        """Whether a quantity exists at a layer, as far as can be told."""
        if layer.name == "L" and layer.offset > 0:
            return False
        if layer.name == "L" and self.depth is not None:
            return layer.offset + self.depth >= (1 if name in ("a", "n") else 2)
        if layer.name:
            return True
        first = 1 if name in ("a", "n") else 2
        last = len(self.widths) if self.widths is not None else layer.offset
        return first <= layer.offset <= last


@dataclass(slots=True)
class Slot:
    """A letter for neurons, and the axis that its first use gave it."""

    name: str
    axis: Axis | None = None
    node: s.Node | None = None


@dataclass(slots=True)
class Reading:
    """Values of syntax trees. `inverses` collects matrices that are inverted, by their names."""

    notation: Notation
    layers: Layers
    scope: dict[str, Slot] = field(default_factory=dict)
    variables: dict[str, Array] = field(default_factory=dict)
    inverses: dict[str, Array] = field(default_factory=dict)
    parts: dict[str, tuple[tuple[Index, ...], Term]] = field(default_factory=dict)
    elsewhere: frozenset[str] = frozenset()  # letters of the other side of a claim
    bound: dict[str, Slot] = field(default_factory=dict)  # letters that sums have bound
    moved: tuple[s.Node, ...] = ()  # of what a claim has small changes that are free
    remaining: str = ""  # how a product over a general number of layers stands: see `_peeled`
    notes: list[str] = field(default_factory=list)
    sample: Index | None = None  # of which sample quantities are here
    emptied: bool = False  # whether a product over layers has no factors here
    arrays: Arrays = field(init=False)

    def __post_init__(self) -> None:
        self.arrays = Arrays(self._size, self._same)

    def value(self, node: s.Node) -> Value:
        """What an expression means. Raises Misfit or Unclear."""
        raise NotImplementedError

    def number(self, node: s.Node) -> Term:
        """What an expression means, which has to be a number."""
        raise NotImplementedError

    def _size(self, axis: Axis) -> int | None:
        return self.layers.size(axis)

    def _same(self, one: Axis, other: Axis) -> bool:
        return self.layers.same(one, other)

    def whole(self, term: Term) -> Term:
        """A term with its parts put in."""
        if isinstance(term, Symbol) and term.name in self.parts:
            letters, meant = self.parts[term.name]
            return self.whole(rename(meant, dict(zip(letters, term.indices, strict=True))))
        return map_children(term, self.whole) if self.parts else term

    def _part(self, value: Value) -> Value:
        """A product of several matrices at numbers as a part with a name, computed once.

        Without it the sums of A B C … x would be worked out inside each other.
        """
        if self.layers.widths is None or not isinstance(value, Array):
            return value
        if not isinstance(value.term, Sum) or not any(
            isinstance(part, Sum) for part in walk(value.term.body)
        ):
            return value
        letters = tuple(sorted(free_indices(value.term), key=lambda index: index.name))
        letters = tuple(index for index in letters if not index.name.isdigit())
        name = f"part {len(self.parts) + 1}"
        self.parts[name] = letters, value.term
        return replace(value, term=Symbol(name, None, letters))

    @contextmanager
    def _bound(self, binders: Sequence[tuple[str, Axis | None, s.Node]]) -> Iterator[list[Slot]]:
        """Letters that mean something of their own inside a sum."""
        outer = {name: self.scope.pop(name) for name, _, _ in binders if name in self.scope}
        slots = []
        for name, axis, node in binders:
            literal = axis is not None and axis.name.startswith("1..")
            slot = Slot(name, None if literal else axis, node)
            self.scope[name] = slot
            slots.append(slot)
        yield slots
        for name, axis, node in binders:
            slot = self.bound[name] = self.scope.pop(name)
            if axis is not None and axis.name.startswith("1..") and slot.axis is not None:
                size = self._size(slot.axis)
                if size is not None and size != int(axis.name[3:]):
                    raise Misfit(
                        f"{neurons_of(slot.axis)} are {size}, not {axis.name[3:]}",
                        node,
                        "wrong-range",
                    )
        self.scope.update(outer)

    @contextmanager
    def _variable(self, name: str, value: Array) -> Iterator[None]:
        outer = self.variables.get(name)
        self.variables[name] = value
        yield
        if outer is None:
            del self.variables[name]
        else:
            self.variables[name] = outer

    def _at_layer(self, name: str, layer: LayerNumber, body: s.Node) -> Value:
        outer = self.layers
        numbers = {**outer.numbers, name: layer}
        self.layers = replace(outer, numbers=numbers)
        try:
            found = self.value(body)
        finally:
            self.layers = outer
        return self.arrays.apart(found) if isinstance(found, Array) else found

    def _layer(self, node: s.Node) -> LayerNumber:
        """The layer that a script says: l, l+1, (l), [l-1], L, 3."""
        found = layer_of(node)
        if found is None:
            raise Unclear("this is no layer", node)
        known = {"", "l", "L", *self.layers.numbers}
        if found.name not in known and self.layers.widths is not None:
            raise Unclear(f"{found.name} is no layer", node)
        return self.layers.number(found)

    def _rational(self, node: s.Node) -> Fraction:
        digits = digits_of(node)
        if digits is not None:
            value = Fraction(digits)
            if abs(value) > LARGEST_EXPONENT or value.denominator > LARGEST_EXPONENT:
                raise Unclear(f"exponents go up to {LARGEST_EXPONENT} here", node)
            return value
        match node:
            case s.Additive(terms=(one,), signs=("-",)):
                return -self._rational(one)
            case s.Fraction(above, below):
                return self._rational(above) / self._rational(below)
            case s.Bracketed(body=body):
                return self._rational(body)
            case s.Product(factors=(one, other), operators=("", "/")):
                return self._rational(one) / self._rational(other)
        raise Unclear("this exponent is not understood", node)

    def _index(self, letter: Letter, axis: Axis, node: s.Node) -> Index | Slice:
        """A letter or a number for a neuron, at a place where neurons of a layer are counted."""
        text = letter.text
        if text in (":", r"\cdot", "*"):
            return Slice(axis)
        if text.isdigit():
            size = self._size(axis)
            if int(text) < 1 or (size is not None and int(text) > size):
                raise Missing(f"layer {axis.layer} has no neuron {text}", node, "wrong-range")
            return Index(text, axis)
        if letter.last is not None:
            return self._last(letter, axis, node)
        slot = self.scope.setdefault(text, Slot(text))
        if slot.axis is None:
            slot.axis, slot.node = axis, node
        elif not self._same(slot.axis, axis):
            raise Misfit(
                f"{plainly(text)} counts {neurons_of(slot.axis)} at one place"
                f" and {neurons_of(axis)} here",
                node,
                "index-swap",
            )
        return Index(text, slot.axis)

    def _last(self, letter: Letter, axis: Axis, node: s.Node) -> Index:
        """n_l as a subscript: the last neuron of a layer."""
        assert letter.last is not None
        other = n.neurons(self._layer(letter.last))
        size = self._size(other)
        if not self._same(other, axis):
            raise Misfit(
                f"{neurons_of(axis)} do not end with number {size_name(other)}", node, "wrong-range"
            )
        return Index(str(size) if size is not None else "last", axis)

    def _same_neuron(self, letters: list[Letter], node: s.Node) -> Term:
        """[j = k], where one of both is known to count the neurons of some layer."""
        axes = [
            self.scope[x.text].axis for x in letters if x.text in self.scope
        ]  # fmt: skip
        axis = next((axis for axis in axes if axis is not None), None)
        of_class = self.notation.one_hot and any(x.text == self.notation.target for x in letters)
        if axis is None and (of_class or self.notation.is_of_vectors):
            axis = n.neurons(self.layers.number(n.L))  # the vectors of a page are of one length
        if axis is None:
            raise Unclear("the neurons of which layer are compared here?", node)
        one, other = (self._index(letter, axis, node) for letter in letters)
        if isinstance(one, Slice) or isinstance(other, Slice):
            raise Unclear("only single neurons are compared", node)
        return number(1) if one == other else Delta(one, other)

    def _iverson(self, chain: s.Node) -> Term:
        """[j = k] and [j ≠ k]."""
        match chain:
            case s.Chain(sides=(one, other), relations=(("=" | r"\ne" | r"\neq") as relation,)):
                left, right = subscripts(one), subscripts(other)
                if left is not None and right is not None and len(left) == len(right) == 1:
                    same = self._same_neuron([*left, *right], chain)
                    return same if relation == "=" else add(number(1), mul(number(-1), same))
        raise Unclear("this condition is not understood", chain)
