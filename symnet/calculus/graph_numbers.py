"""A page's own system of definitions at numbers: what both sides of a claim are there.

As in `counterexample.py`, a derivative ∂u/∂v is what stands before ε in u when ε is added to v and
all that depends on v is computed again; no rule of the calculus is used. An opaque number is a
polynomial of degree 3 in what it depends on.

>>> from symnet.calculus.graph import Definition
>>> from symnet.term import LayerNumber, Partial, Sum, mul, number, power
>>> axis = Axis("m", LayerNumber("")); i = Index("i", axis); x = Symbol("x", None, (i,))
>>> graph = Graph((Definition("s", (), Sum(i, power(x, 2))),))
>>> numbers = GraphInstance(graph, {axis: 3}, seed=1)
>>> slope = numbers.value(Partial(Symbol("s"), x), {}, {i: 2})
>>> slope == numbers.value(mul(number(2), x), {}, {i: 2})
True
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product

from symnet.calculus.counterexample import Instance, Scope, Setting
from symnet.calculus.graph import Definition, Graph
from symnet.calculus.nilpotent import NoValueError, Plain, Value, dot, total
from symnet.calculus.specimen import Key
from symnet.term import Axis, Index, Symbol, Term

MOST_DRAWN = 8  # entries of masks


@dataclass(frozen=True, slots=True)
class Ranges:
    """What is known of symbols that no definition has: by their names.

    Entries of `drawn` are 1 with a probability, else 0; `expected` are means over all of these.
    Along their last index, whose axis is said, `choices` have a single 1 among zeros.
    """

    positive: frozenset[str] = frozenset()
    negative: frozenset[str] = frozenset()
    choices: Mapping[str, Axis] = field(default_factory=dict)
    masks: frozenset[str] = frozenset()  # 0 or 1
    drawn: Mapping[str, tuple[tuple[Axis, ...], Term]] = field(default_factory=dict)
    expected: Mapping[str, tuple[tuple[Index, ...], Term]] = field(default_factory=dict)


class GraphInstance(Instance):
    """Numbers drawn from a seed for all that is not defined; what is defined follows."""

    def __init__(
        self,
        graph: Graph,
        sizes: Mapping[Axis, int],
        seed: int,
        ranges: Ranges | None = None,
        digits: int | None = None,
        fixed: Mapping[str, int] | None = None,  # indices that stand free in definitions
    ) -> None:
        super().__init__((2, 2), Setting(None, None), seed, None, digits)
        self.graph, self.sizes, self.ranges = graph, sizes, ranges or Ranges()
        self.fixed = fixed or {}
        self.mask: dict[Key, int] = {}  # what was drawn, while all ways to draw are gone through

    def _size(self, axis: Axis) -> int:
        return self.sizes[axis]

    def _key(self, symbol: Symbol, scope: Scope) -> Key:
        """The entry that a symbol names. Raises MissingError if there is none."""
        return symbol.name, None, tuple(self._inside(index, scope) for index in symbol.indices)

    def _symbol(self, symbol: Symbol, scope: Scope) -> Value:
        key = self._key(symbol, scope)
        known = key, scope.changes
        if known not in self._known:
            self._known[known] = self._plus(self._new(key, scope), key, scope.changes)
        return self._plus(self._known[known], key, scope.direct)

    def _new(self, key: Key, scope: Scope) -> Value:
        if key[0] in self.ranges.expected:
            return self._expectation(key, scope)
        definition = self.graph.by_name.get(key[0])
        return self._free(key) if definition is None else self._defined(definition, key, scope)

    def _expectation(self, key: Key, scope: Scope) -> Value:
        """Σ over all ways in which masks can be drawn, each with its probability."""
        letters, term = self.ranges.expected[key[0]]
        places: dict[Index | str, int] = dict(zip(letters, key[2], strict=True))
        inner = Scope(places, scope.changes)
        entries = [
            (name, None, at)
            for name, (axes, _) in self.ranges.drawn.items()
            for at in product(*(range(1, self._size(axis) + 1) for axis in axes))
        ]
        if len(entries) > MOST_DRAWN:
            raise NoValueError("too many ways to draw a mask")
        found: list[Value] = []
        outer, self._known, before = self._known, {}, self.mask
        for values in product((0, 1), repeat=len(entries)):
            self._known.clear()
            self.mask = dict(zip(entries, values, strict=True))
            weight: Value = self.numbers.of(1)
            for (name, _, _), value in self.mask.items():
                p = self._value(self.ranges.drawn[name][1], inner)
                weight = weight * (p if value else p * (-1) + 1)
            found.append(weight * self._value(term, inner))
        self._known, self.mask = outer, before
        return total(found)

    def _defined(self, definition: Definition, key: Key, scope: Scope) -> Value:
        if definition.body is None:
            return self._opaque(definition, scope)
        places: dict[Index | str, int] = dict(zip(definition.indices, key[2], strict=True))
        places.update(self.fixed)
        return self._value(definition.body, Scope(places, scope.changes))

    def _free(self, key: Key) -> Plain:
        name, _, positions = key
        if key in self.mask:
            return self.numbers.of(Fraction(self.mask[key]))
        if name in self.ranges.choices and positions:
            axis = self.ranges.choices[name]
            last = self._size(axis)
            one = self._draw(("choice", name, positions[:-1]), lambda r: r.randint(1, last))
            return self.numbers.of(Fraction(int(positions[-1] == one)))
        if name in self.ranges.masks or name in self.ranges.drawn:
            return self.numbers.of(Fraction(self._draw(("mask", key), lambda r: r.randint(0, 1))))
        value = self.chance("symbol", name, positions)
        if name in self.ranges.positive:
            value = abs(value)
        if name in self.ranges.negative:
            value = -abs(value)
        return self.numbers.of(value)

    def _opaque(self, definition: Definition, scope: Scope) -> Value:
        """Σ c x + (Σ d x)² + (Σ e x)(Σ f x)(Σ g x), over all that it depends on."""
        inner = Scope({}, scope.changes)
        entries = [
            self._symbol(entry, inner)
            for argument in definition.arguments
            for entry in self._entries(argument)
        ]

        def line(way: str) -> Value:
            draws = [
                self.numbers.of(self.chance("opaque", definition.name, way, at))
                for at in range(len(entries))
            ]
            return dot(draws, entries)

        square = line("square")
        return total([line("line"), square * square, line("1") * line("2") * line("3")])

    def _entries(self, symbol: Symbol) -> Iterator[Symbol]:
        for places in product(*(range(1, self._size(i.axis) + 1) for i in symbol.indices)):
            own = (Index(str(p), i.axis) for p, i in zip(places, symbol.indices, strict=True))
            yield Symbol(symbol.name, None, tuple(own))
