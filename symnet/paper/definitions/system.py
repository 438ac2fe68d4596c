r"""A page's own system of definitions: its quantities with their shapes, and what each is.

Unlike the layers of a network these are as many as the page names: X, W, b, Y, L; μ, σ², x̂, y, ℓ.

>>> rows, cols = axis("N"), axis("D")
>>> system = System({"X": Quantity("‹X›", (rows,), (cols,))}, {"N": rows, "D": cols})
>>> system.axes_of("‹X›") == (rows, cols)
True
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import sympy

from symnet.calculus.graph import Definition, Graph
from symnet.calculus.graph_numbers import Ranges
from symnet.network import notation as n
from symnet.paper.formula import syntax as s
from symnet.paper.meaning.arrays import Array
from symnet.term import Axis, Index, Sum, Symbol, Term, walk


def axis(name: str) -> Axis:
    """An axis of a page, as long as the page says by this name."""
    return Axis(name, n.EVERYWHERE)


def named(key: str) -> str:
    """The name of a quantity among terms: no quantity of a network has such a one."""
    return f"‹{key}›"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A symbol with its axes. `spread` says along what it is repeated where it is added.

    `alias` has what it stands for, where it is only another way to write that.
    """

    name: str
    rows: tuple[Axis, ...] = ()
    cols: tuple[Axis, ...] = ()
    spread: str = ""  # "rows": it is added to every row; "cols"
    alias: Array | None = None
    plain: bool = False  # it has entries by itself, and no shape

    @property
    def axes(self) -> tuple[Axis, ...]:
        """What its indices count."""
        return self.rows + self.cols


@dataclass(frozen=True, slots=True)
class System:
    """What a page declares.

    `letters` are axes by the small letters that count along them, `classes` the axes of numbers of
    classes, `maps` functions of a whole vector, `formulas` the letters of functions of a number
    that the page defines. `said` has the keys that the claim's own page
    declares, `unread` what was not understood of them.
    """

    quantities: Mapping[str, Quantity] = field(default_factory=dict)
    sizes: Mapping[str, Axis] = field(default_factory=dict)
    letters: Mapping[str, Axis] = field(default_factory=dict)
    classes: Mapping[str, Axis] = field(default_factory=dict)
    functions: Mapping[str, sympy.Expr | None] = field(default_factory=dict)
    maps: Mapping[str, tuple[str, s.Node]] = field(default_factory=dict)
    formulas: Mapping[str, str] = field(default_factory=dict)
    called: Mapping[str, str] = field(default_factory=dict)  # J by the \theta of J(\theta)
    definitions: tuple[Definition, ...] = ()
    entrywise: frozenset[str] = frozenset()
    whole: frozenset[str] = frozenset()  # one-hot: the names of symbols
    softmaxes: frozenset[str] = frozenset()
    masks: frozenset[str] = frozenset()
    positive: frozenset[str] = frozenset()
    drawn: Mapping[str, Term] = field(default_factory=dict)  # masks, with their probabilities
    expected: Mapping[str, tuple[tuple[Index, ...], Term]] = field(default_factory=dict)
    along: str = ""  # functions of vectors are taken row by row, or column by column: rows, columns
    assumptions: tuple[str, ...] = ()
    unread: frozenset[str] = frozenset()

    @property
    def graph(self) -> Graph:
        """The definitions as a graph."""
        return Graph(self.definitions, self.whole)

    @property
    def ranges(self) -> Ranges:
        """What numbers its symbols may be."""
        choices = {name: self.axes_of(name)[-1] for name in self.whole}
        drawn = {name: (self.axes_of(name), p) for name, p in self.drawn.items()}
        return Ranges(self.positive, frozenset(), choices, self.masks, drawn, self.expected)

    def axes_of(self, name: str) -> tuple[Axis, ...]:
        """The axes of a symbol, by its name among terms."""
        return next((q.axes for q in self.quantities.values() if q.name == name), ())

    def with_quantity(self, key: str, quantity: Quantity) -> "System":
        """With one more symbol, or another meaning of one."""
        return replace(self, quantities={**self.quantities, key: quantity})

    def with_definition(self, definition: Definition) -> "System":
        """With what a symbol is, which all that it mentions comes before."""
        return replace(self, definitions=(*self.definitions, definition))

    def reaches(self, of: Term, by: str) -> bool:
        """Whether a term depends on a symbol."""
        graph = self.graph
        return any(
            isinstance(x, Symbol) and (x.name == by or graph.depends(x.name, by)) for x in walk(of)
        )

    def leaves(self) -> frozenset[str]:
        """The names of symbols that are not defined by others."""
        defined = {each.name for each in self.definitions}
        return frozenset(q.name for q in self.quantities.values()) - defined

    def is_statistic(self, term: Term) -> bool:
        """Whether a number is one of those that are computed from a whole array: a mean."""
        numbers = {
            d.name for d in self.definitions if not d.indices and d.body is not None
            and any(isinstance(x, Sum) for x in walk(d.body))
        }  # fmt: skip
        return any(isinstance(x, Sum) for x in walk(term)) or any(
            isinstance(x, Symbol) and x.name in numbers for x in walk(term)
        )

    def sinks(self) -> tuple[Symbol, ...]:
        """What is defined and enters nothing else: a loss of which no more is said depends on it.

        Where nothing is defined, it depends on all that is declared.
        """
        used = {name for each in self.definitions for name in self.graph.below[each.name]}
        ends = [each for each in self.definitions if each.name not in used]
        ends = [each for each in ends if each.body is not None]
        if ends:
            return tuple(Symbol(each.name, None, each.indices) for each in ends)
        return ()
