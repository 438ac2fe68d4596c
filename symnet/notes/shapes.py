r"""Of what shape the symbols of a document are: the one in which its products fit.

>>> from symnet.paper.formula.reader import read
>>> shapes = Shapes(rows=False)
>>> (sum_,) = read("W x + b").statements
>>> found = shapes.shape(sum_)
>>> shapes.find(shapes.of["W"][1]) == shapes.find(shapes.of["x"][0])
True
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from symnet.notes.declared import COSTS, NAMES, base_of, is_partial, slope_of
from symnet.notes.own_definitions import (
    BIASES,
    COUNTS,
    ELEMENTARY,
    FACTORS,
    SIGNS,
    WEIGHTS,
    bare,
    counting,
)
from symnet.paper.definitions.names import index_letters, key_of
from symnet.paper.formula import syntax as s
from symnet.paper.signs.notation import spelled_out
from symnet.paper.signs.scripts import is_transpose, layer_and_transpose

ONE = 0
Shape = tuple[int, int]  # of rows and columns, by the numbers of their lengths


@dataclass
class Shapes:
    """How long the sides of each symbol are, as far as definitions say which are the same."""

    rows: bool  # whether samples, or a single one, are rows: x W
    parents: list[int] = field(default_factory=lambda: [ONE])
    of: dict[str, Shape] = field(default_factory=dict)
    functions: set[str] = field(default_factory=set)
    added: list[tuple[str, Shape]] = field(default_factory=list)  # biases, beside what they stand
    numbers: frozenset[str] = frozenset()

    def fresh(self) -> int:
        self.parents.append(len(self.parents))
        return len(self.parents) - 1

    def find(self, at: int) -> int:
        while self.parents[at] != at:
            at = self.parents[at]
        return at

    def same(self, one: int, other: int) -> None:
        one, other = self.find(one), self.find(other)
        if one != other:
            self.parents[max(one, other)] = min(one, other)

    def join(self, one: Shape, other: Shape) -> Shape:
        self.same(one[0], other[0])
        self.same(one[1], other[1])
        return one

    def symbol(self, key: str) -> Shape:
        if key in self.numbers:
            return ONE, ONE
        if key not in self.of:
            self.of[key] = self.fresh(), self.fresh()
        return self.of[key]

    def is_number(self, shape: Shape) -> bool:
        return self.find(shape[0]) == ONE == self.find(shape[1])

    # --- of a formula -------------------------------------------------------------------------

    def shape(self, node: s.Node) -> Shape | None:
        """The shape of a formula; None for what is a number, or is not known."""
        match node:
            case s.Name():
                return (
                    None
                    if node.text in SIGNS | FACTORS | COUNTS
                    else self.symbol(spelled_out(node))
                )
            case s.Scripted():
                return self._scripted(node)
            case s.Bracketed(body=body, open=opened):
                return None if opened in ("‖", "|") else self.shape(body)
            case s.Annotated(body=body) | s.Root(body=body):
                return self.shape(body)
            case s.Fraction(above=above, below=below):
                slope = slope_of(node)
                if slope is not None:
                    return self.shape(slope[2])
                if is_partial(node):
                    return None
                return self._both(self.shape(above), self.shape(below))
            case s.Product():
                return self._product(node)
            case s.Additive(terms=terms):
                return self._sum(terms)
        return None

    def _both(self, one: Shape | None, other: Shape | None) -> Shape | None:
        if one is None or other is None:
            return one or other
        if self.is_number(one) or self.is_number(other):
            return other if self.is_number(one) else one
        return self.join(one, other)

    def _scripted(self, node: s.Scripted) -> Shape | None:
        if isinstance(node.base, s.Bracketed | s.Scripted):
            found = self.shape(node.base)
        elif isinstance(node.base, s.Name) and node.base.text not in SIGNS | FACTORS:
            whole = bare(node)
            key = key_of(whole)
            letters = index_letters(whole.sub) if isinstance(whole, s.Scripted) else None
            if letters or key is None:
                return None  # an entry is a number
            found = self.symbol(key)
        else:
            return None
        turned = node.sup is not None and layer_and_transpose(node.sup)[1]
        return (found[1], found[0]) if turned and found is not None else found

    def _product(self, node: s.Product) -> Shape | None:
        slope = slope_of(node)
        if slope is not None:
            return self.shape(slope[2])
        parts: list[tuple[str, Shape | None]] = []
        at = 0
        while at < len(node.factors):
            factor, sign = node.factors[at], node.operators[at]
            following = node.factors[at + 1] if at + 1 < len(node.factors) else None
            if isinstance(factor, s.Big):
                return None  # the sum is a number, or of a kind that is not read here
            called = following is not None and not node.operators[at + 1]
            if called and self._is_function(factor, following):
                parts.append((sign, self._called(factor, following)))
                at += 2
                continue
            if isinstance(factor, s.Name) and factor.text in ELEMENTARY and following is not None:
                parts.append((sign, self.shape(following)))
                at += 2
                continue
            parts.append((sign, self.shape(factor)))
            at += 1
        found: Shape | None = None
        for sign, shape in parts:
            if shape is None or found is None:
                found = found or shape
            elif sign in (r"\odot", r"\circ", "/", ".*", r"\oslash", "*"):
                found = self._both(found, shape)
            elif self.is_number(found) or self.is_number(shape):
                found = shape if self.is_number(found) else found
            else:
                self.same(found[1], shape[0])
                found = found[0], shape[1]
        return found

    def _is_function(self, factor: s.Node, following: s.Node | None) -> bool:
        base = base_of(factor)
        if not isinstance(following, s.Bracketed) or not base:
            return False
        primed = isinstance(factor, s.Scripted) and factor.primes > 0
        return primed or base in NAMES or base in self.functions or base in COSTS & self.numbers

    def _called(self, factor: s.Node, given: s.Node | None) -> Shape | None:
        assert isinstance(given, s.Bracketed)
        if base_of(factor) in self.numbers:
            return None
        return self.shape(given.body)

    def _sum(self, terms: Iterable[s.Node]) -> Shape | None:
        found: Shape | None = None
        biases = []
        for term in terms:
            whole = isinstance(term, s.Name) or (
                isinstance(term, s.Scripted) and not counting(term.sub)
            )
            key = key_of(term) if whole else None
            if key is not None and base_of(term) in BIASES and key not in self.numbers:
                biases.append(key)
                continue
            shape = self.shape(term)
            if shape is not None and not (found is not None and self.is_number(shape)):
                found = shape if found is None else self.join(found, shape)
        for key in biases:
            own = self.symbol(key)
            if found is None:
                found = own
            elif key[0].isupper():
                self.join(found, own)
            else:
                self.added.append((key, found))
        return found


def weights_first(node: s.Node) -> int:
    """How many products have the weights first, less those that have them last."""
    found = 0
    for part in s.walk(node):
        if isinstance(part, s.Product):
            bases = [base_of(x) for x in part.factors]
            for one, other in pairwise(bases):
                found += (one in WEIGHTS) and other not in WEIGHTS and bool(other)
                found -= (other in WEIGHTS) and one not in WEIGHTS and bool(one)
    return found


def has_arrays(node: s.Node) -> bool:
    """Whether something in a formula is a vector or a matrix: W x, w^T x, ⊙, a norm."""
    for part in s.walk(node):
        match part:
            case s.Product(factors=factors, operators=operators):
                if {r"\odot", r"\circ", r"\otimes"} & set(operators):
                    return True
                bases = [base_of(x) for x in factors]
                if len(factors) > 1 and any(
                    x[:1].isupper() and x in WEIGHTS | {"X"} for x in bases
                ):
                    return True
            case s.Scripted(sup=sup) if sup is not None and is_transpose(sup):
                return True
            case s.Bracketed(open="‖"):
                return True
            case s.Name(style=style) if {"mathbf", "boldsymbol", "bm", "vec"} & set(style):
                return True
    return False


def learn(node: s.Node, shapes: Shapes, known: set[str]) -> None:
    """What a claim says of a symbol that no definition has: y in a - y."""
    for part in s.walk(node):
        if not isinstance(part, s.Additive) or len(part.terms) != 2:
            continue
        pair = [x for x in part.terms if isinstance(x, s.Name | s.Scripted)]
        keys = [key_of(x) for x in pair]
        if len(pair) != 2 or None in keys or any(base_of(x) in SIGNS | FACTORS for x in pair):
            continue
        for new, old in (keys, keys[::-1]):
            if new is not None and old is not None and new not in shapes.of and old in shapes.of:
                shapes.of[new] = shapes.of[old]


def settle(shapes: Shapes, leaves: Iterable[str]) -> None:
    """A single input in small letters is one vector; a bias is one, too, however often added."""
    for key in leaves:
        letter = key.rpartition(":")[2].lstrip("\\")[:1]
        rows, cols = shapes.of[key]
        if letter.islower() and letter in "xahoyi" and not any(key == k for k, _ in shapes.added):
            shapes.same(rows if shapes.rows else cols, ONE)
    for key, beside in shapes.added:
        rows, cols = shapes.of[key]
        if shapes.rows:
            shapes.same(cols, beside[1])
            shapes.same(rows, ONE)
        else:
            shapes.same(rows, beside[0])
            shapes.same(cols, ONE)


def sizes_of(shapes: Shapes) -> dict[int, str]:
    """The name of each length: that of the samples as it is written, the others n_1, n_2, …"""
    found: dict[int, str] = {}
    for rows, cols in shapes.of.values():
        for side in (rows, cols):
            at = shapes.find(side)
            if at != ONE and at not in found:
                found[at] = f"n_{len(found) + 1}"
    return found


def kind_of(shapes: Shapes, key: str, sizes: Mapping[int, str]) -> str:
    """A number, or a matrix of so many rows and columns; and along what it is added."""
    rows, cols = (shapes.find(x) for x in shapes.symbol(key))
    if rows == ONE == cols:
        return "number"
    names = [("1" if x == ONE else sizes[x]) for x in (rows, cols)]
    said = f"{names[0]} by {names[1]}"
    for other, beside in shapes.added:
        if other == key and shapes.find(beside[0 if shapes.rows else 1]) != ONE:
            return said + f", added to every {'row' if shapes.rows else 'column'}"
    return said
