"""Arrays as printed mathematics has them: numbers, columns, rows, matrices, with terms for entries.

An `Array` has an entry for each value of its `rows` and `cols`, which are indices that stand free
in `term`. No rows and no cols is a number. Several indices on one side are one axis in the order of
the tuple, the last running fastest: vec(A) has (k, j), a Kronecker product both of its factors'. A
`Table` is written out, entry by entry, and `Blocks` block by block. Products, sums and transposes
of matrices are index expressions from here on: matrix notation is surface.

>>> arrays = Arrays(lambda axis: None, lambda one, other: one == other)
>>> l, k = Axis("n", LayerNumber("l")), Axis("n", LayerNumber("l", -1))
>>> i, j, m = Index("i", l), Index("j", k), Index("m", k)
>>> product_ = arrays.dot(Array((i,), (j,), Symbol("w", None, (i, j))), arrays.ones())
>>> arrays.shape(product_)
'n_l × 1'
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count, product

from symnet.network.notation import SAMPLES
from symnet.term import (
    Axis,
    Delta,
    Index,
    LayerNumber,
    Sum,
    Symbol,
    Term,
    add,
    mul,
    number,
    rename,
    with_axes,
)

Size = Callable[[Axis], int | None]  # how many, where that is known

EVERYWHERE = LayerNumber("")
ANY = "any"  # the axis of 1 and I: as long as it has to be
UNSAID = "length of"  # begins the name of an axis whose length the page does not say
WRITTEN = "·"  # the axis of a table: as many as are written


@dataclass(frozen=True, slots=True)
class Array:
    """An entry `term` for each value of the indices `rows` and `cols`."""

    rows: tuple[Index, ...]
    cols: tuple[Index, ...]
    term: Term

    @property
    def is_number(self) -> bool:
        """Whether it is 1 by 1."""
        return not self.rows and not self.cols


@dataclass(frozen=True, slots=True)
class Table:
    """A matrix by its entries, row by row."""

    entries: tuple[tuple[Term, ...], ...]


@dataclass(frozen=True, slots=True)
class Blocks:
    """A matrix by its blocks, row by row: at least two, and not all of them numbers."""

    entries: tuple[tuple[Array, ...], ...]


Value = Array | Table | Blocks
Whole = Array | Table


class ShapeClash(Exception):  # noqa: N818 - what happened, not an error of the program
    """Two arrays that do not fit: what was tried, and both shapes."""

    def __init__(self, action: str, left: str, right: str) -> None:
        self.action, self.left, self.right = action, left, right
        super().__init__(f"{action}: {left} and {right}")


def scalar(term: Term) -> Array:
    """A number as an array."""
    return Array((), (), term)


def is_any(axis: Axis) -> bool:
    """Whether an axis is as long as it has to be."""
    return axis.name.startswith(ANY)


def _with_axis(array: Array, old: Axis, new: Axis) -> Array:
    def renewed(side: tuple[Index, ...]) -> tuple[Index, ...]:
        return tuple(Index(i.name, new) if i.axis == old else i for i in side)

    return Array(renewed(array.rows), renewed(array.cols), with_axes(array.term, {old: new}))


def _renewed(
    pairs: Iterable[tuple[Index, Index]], old: Axis, new: Axis
) -> list[tuple[Index, Index]]:
    def one(i: Index) -> Index:
        return Index(i.name, new) if i.axis == old else i

    return [(one(i), one(j)) for i, j in pairs]


class Arrays:
    """What can be done with arrays where these axes have these sizes."""

    def __init__(self, size: Size, same: Callable[[Axis, Axis], bool]) -> None:
        self.size, self.same = size, same
        self.names = count(1)

    def fresh(self, axis: Axis) -> Index:
        """An index that nobody else has."""
        return Index(f"r{next(self.names)}", axis)

    def ones(self) -> Array:
        """A column of ones, as long as it has to be."""
        return Array((self.fresh(self._any()),), (), number(1))

    def identity(self) -> Array:
        """The identity matrix, as large as it has to be."""
        axis = self._any()
        row, col = self.fresh(axis), self.fresh(axis)
        return Array((row,), (col,), Delta(row, col))

    def _any(self) -> Axis:
        return Axis(f"{ANY} {next(self.names)}", EVERYWHERE)

    def settled(
        self, one: Array, other: Array, pairs: Iterable[tuple[Index, Index]]
    ) -> tuple[Array, Array]:
        """Both arrays, where axes of any length have become what they meet."""
        for i, j in pairs:
            if is_any(i.axis) and i.axis != j.axis:
                one, other = _with_axis(one, i.axis, j.axis), _with_axis(other, i.axis, j.axis)
                return self.settled(one, other, _renewed(pairs, i.axis, j.axis))
            if is_any(j.axis) and i.axis != j.axis:
                one, other = _with_axis(one, j.axis, i.axis), _with_axis(other, j.axis, i.axis)
                return self.settled(one, other, _renewed(pairs, j.axis, i.axis))
        return one, other

    # --- shapes ----------------------------------------------------------------------------

    def squeezed(self, array: Array) -> Array:
        """Axes of size 1 left away: a 1-by-1 array may stand for a number."""
        ones = {i: Index("1", i.axis) for i in (*array.rows, *array.cols) if self.size(i.axis) == 1}
        if not ones:
            return array
        return Array(
            tuple(i for i in array.rows if i not in ones),
            tuple(i for i in array.cols if i not in ones),
            rename(array.term, ones),
        )

    def apart(self, array: Array) -> Array:
        """The same array with indices of its own."""
        new = {i: self.fresh(i.axis) for i in (*array.rows, *array.cols)}
        return Array(
            tuple(new[i] for i in array.rows),
            tuple(new[i] for i in array.cols),
            rename(array.term, new),
        )

    def fit(self, one: tuple[Index, ...], other: tuple[Index, ...]) -> bool:
        """Whether two sides are of one length, axis by axis."""
        return len(one) == len(other) and all(
            self.same(i.axis, j.axis) for i, j in zip(one, other, strict=True)
        )

    def length(self, side: tuple[Index, ...]) -> int | None:
        """How long a side is, where that is known."""
        total = 1
        for index in side:
            size = self.size(index.axis)
            if size is None:
                return None
            total *= size
        return total

    def shape(self, value: Value) -> str:
        """A shape in words: n_l × n_{l-1}."""
        if isinstance(value, Table):
            return f"{len(value.entries)} × {len(value.entries[0])}"
        if isinstance(value, Blocks):
            return f"{len(value.entries)} × {len(value.entries[0])} blocks"
        if value.is_number:
            return "a number"

        def side(indices: tuple[Index, ...]) -> str:
            known = self.length(indices)
            symbolic = "·".join(_size(index.axis) for index in indices) or "1"
            return symbolic if known is None or not indices else f"{symbolic} = {known}"

        return f"{side(value.rows)} × {side(value.cols)}"

    # --- operations ------------------------------------------------------------------------

    def add(self, one: Value, other: Value) -> Value:
        """The sum of two arrays of one shape; a 1 beside an array is the array of ones."""
        return self._entrywise("added", one, other, lambda x, y: add(x, y))

    def times(self, one: Value, other: Value) -> Value:
        """The product entry by entry."""
        if _is_number(one) or _is_number(other):
            return self.dot(one, other)
        return self._entrywise("multiplied entry by entry", one, other, lambda x, y: mul(x, y))

    def _entrywise(
        self,
        action: str,
        one: Value,
        other: Value,
        join: Callable[[Term, Term], Term],
    ) -> Value:
        if isinstance(one, Blocks) and isinstance(other, Blocks):
            if _counts(one) != _counts(other):
                raise ShapeClash(action, self.shape(one), self.shape(other))
            pairs = zip(one.entries, other.entries, strict=True)
            rows_ = (
                tuple(self._entrywise(action, x, y, join) for x, y in zip(*pair, strict=True))
                for pair in pairs
            )
            return blocks(rows_)
        if not (isinstance(one, Array) and isinstance(other, Array)):
            left, right = self.table(one), self.table(other)
            if left is None or right is None or _counts(left) != _counts(right):
                raise ShapeClash(action, self.shape(one), self.shape(other))
            rows = zip(left.entries, right.entries, strict=True)
            return self._tidy(Table(tuple(tuple(map(join, x, y)) for x, y in rows)))
        one, other = self._with_ones(one, other), self._with_ones(other, one)
        one, other = self.matched(one, other)
        if not (self.fit(one.rows, other.rows) and self.fit(one.cols, other.cols)):
            raise ShapeClash(action, self.shape(one), self.shape(other))
        return Array(one.rows, one.cols, join(one.term, self.aligned(other, one).term))

    def _with_ones(self, one: Array, other: Array) -> Array:
        if one.is_number and not other.is_number and one.term in (number(1), number(-1)):
            return Array(other.rows, other.cols, one.term)
        return one

    def matched(self, one: Array, other: Array) -> tuple[Array, Array]:
        """Two arrays side by side, where axes of any length have become what they meet."""
        if (len(one.rows), len(one.cols)) != (len(other.rows), len(other.cols)):
            return one, other
        pairs = zip((*one.rows, *one.cols), (*other.rows, *other.cols), strict=True)
        return self.settled(one, other, list(pairs))

    def aligned(self, array: Array, to: Array) -> Array:
        """An array with the indices of another."""
        pairs = (
            *zip(array.rows, to.rows, strict=True),
            *zip(array.cols, to.cols, strict=True),
        )
        return Array(to.rows, to.cols, rename(array.term, dict(pairs)))

    def dot(self, one: Value, other: Value) -> Value:
        """The matrix product; a number is a factor of every entry."""
        if isinstance(one, Blocks) or isinstance(other, Blocks):
            return self._block_product(one, other)
        if isinstance(one, Table) or isinstance(other, Table):
            return self._table_product(one, other)
        if one.is_number or other.is_number:
            whole = other if one.is_number else one
            return Array(whole.rows, whole.cols, mul(one.term, other.term))
        if not one.cols and not other.rows:
            # A column and a row; what is a column and a column is no product.
            if one.rows and other.cols:
                return Array(one.rows, other.cols, mul(one.term, other.term))
            raise ShapeClash("multiplied", self.shape(one), self.shape(other))
        if len(one.cols) == len(other.rows):
            pairs = list(zip(one.cols, other.rows, strict=True))
            one, other = self.settled(one, other, pairs)
        if not self.fit(one.cols, other.rows):
            raise ShapeClash("multiplied", self.shape(one), self.shape(other))
        term: Term = mul(one.term, rename(other.term, dict(zip(other.rows, one.cols, strict=True))))
        for index in reversed(one.cols):
            term = Sum(index, term)
        return Array(one.rows, other.cols, term)

    def _block_product(self, one: Value, other: Value) -> Value:
        for number_, whole in ((one, other), (other, one)):
            if isinstance(number_, Array) and number_.is_number and isinstance(whole, Blocks):
                return self.map(whole, partial(mul, number_.term))
        left = one if isinstance(one, Blocks) else _one_block(one)
        right = other if isinstance(other, Blocks) else _one_block(other)
        if left is None or right is None or len(left.entries[0]) != len(right.entries):
            left_, right_ = self.table(one), self.table(other)
            if left_ is None or right_ is None:
                raise ShapeClash("multiplied", self.shape(one), self.shape(other))
            return self._table_product(left_, right_)
        columns = list(zip(*right.entries, strict=True))
        return blocks(
            tuple(self._row_by_column(row, column) for column in columns) for row in left.entries
        )

    def _row_by_column(self, row: Sequence[Array], column: Sequence[Array]) -> Value:
        total: Value | None = None
        for x, y in zip(row, column, strict=True):
            if len(row) > 1 and number(0) in (x.term, y.term) and (x.is_number or y.is_number):
                continue
            if (x.is_number and y.rows) or (y.is_number and x.cols):
                raise ShapeClash("multiplied", self.shape(x), self.shape(y))
            part = self.dot(x, y)
            total = part if total is None else self.add(total, part)
        if total is None:
            raise ShapeClash("multiplied", "zeros", "zeros")
        return total

    def _table_product(self, one: Value, other: Value) -> Value:
        for number_, whole in ((one, other), (other, one)):
            if isinstance(number_, Array) and number_.is_number:
                assert isinstance(whole, Table)
                factor = number_.term
                return Table(tuple(tuple(mul(factor, x) for x in row) for row in whole.entries))
        left, right = self.table(one), self.table(other)
        if left is None or right is None or len(left.entries[0]) != len(right.entries):
            raise ShapeClash("multiplied", self.shape(one), self.shape(other))
        columns = list(zip(*right.entries, strict=True))
        return self._tidy(
            Table(
                tuple(
                    tuple(
                        add(*(mul(x, y) for x, y in zip(row, column, strict=True)))
                        for column in columns
                    )
                    for row in left.entries
                )
            )
        )

    def inner(self, one: Array, other: Array) -> Array | None:
        """The inner product of two columns of one length; None if they are not that."""
        if one.cols or other.cols or not one.rows or not self.fit(one.rows, other.rows):
            return None
        return self.total(Array(one.rows, (), mul(one.term, self.aligned(other, one).term)))

    def total(self, array: Value) -> Array:
        """The sum of all entries."""
        if isinstance(array, Blocks):
            parts = [self.total(x).term for row in array.entries for x in row]
            return scalar(add(*parts))
        if isinstance(array, Table):
            return scalar(add(*(x for row in array.entries for x in row)))
        term = array.term
        for index in (*array.cols[::-1], *array.rows[::-1]):
            term = Sum(index, term)
        return scalar(term)

    def map(self, array: Value, change: Callable[[Term], Term]) -> Value:
        """A function of every entry."""
        if isinstance(array, Table):
            return Table(tuple(tuple(map(change, row)) for row in array.entries))
        if isinstance(array, Blocks):
            return blocks(tuple(self.map(x, change) for x in row) for row in array.entries)
        return replace(array, term=change(array.term))

    def transposed(self, array: Value) -> Value:
        """Rows and columns exchanged."""
        if isinstance(array, Table):
            return Table(tuple(zip(*array.entries, strict=True)))
        if isinstance(array, Blocks):
            columns = zip(*array.entries, strict=True)
            return blocks(tuple(self.transposed(x) for x in column) for column in columns)
        return Array(array.cols, array.rows, array.term)

    def diagonal(self, array: Value) -> Value:
        """diag(v): a vector on the diagonal of a square matrix."""
        array = self.whole(array, "put on a diagonal")
        if isinstance(array, Table):
            vector = [x for row in array.entries for x in row]
            if 1 not in _counts(array):
                raise ShapeClash("put on a diagonal", self.shape(array), "a vector")
            return Table(
                tuple(
                    tuple(x if i == j else number(0) for j in range(len(vector)))
                    for i, x in enumerate(vector)
                )
            )
        side = array.rows or array.cols
        if (array.rows and array.cols) or len(side) > 1:
            raise ShapeClash("put on a diagonal", self.shape(array), "a vector")
        if not side:
            return array
        (index,) = side
        other = self.fresh(index.axis)
        return Array((index,), (other,), mul(array.term, Delta(index, other)))

    def trace(self, array: Value) -> Array:
        """The sum of the diagonal of a square matrix."""
        array = self.whole(array, "traced")
        if isinstance(array, Table):
            if len(set(_counts(array))) > 1:
                raise ShapeClash("traced", self.shape(array), "a square matrix")
            return scalar(add(*(row[i] for i, row in enumerate(array.entries))))
        if not self.fit(array.rows, array.cols):
            raise ShapeClash("traced", self.shape(array), "a square matrix")
        term = rename(array.term, dict(zip(array.cols, array.rows, strict=True)))
        for index in reversed(array.rows):
            term = Sum(index, term)
        return scalar(term)

    def vec(self, array: Value) -> Value:
        """The columns of a matrix below each other."""
        array = self.whole(array, "put below each other")
        if isinstance(array, Table):
            return Table(tuple((x,) for column in zip(*array.entries, strict=True) for x in column))
        return Array((*array.cols, *array.rows), (), array.term)

    def outer(self, one: Array, other: Array) -> Array:
        """u ⊗ v = u vᵀ."""
        if one.cols or other.cols:
            raise ShapeClash("multiplied (outer)", self.shape(one), self.shape(other))
        return Array(one.rows, other.rows, mul(one.term, other.term))

    def kronecker(self, one: Array, other: Array) -> Array:
        """The Kronecker product."""
        return Array((*one.rows, *other.rows), (*one.cols, *other.cols), mul(one.term, other.term))

    # --- tables ----------------------------------------------------------------------------

    def whole(self, value: Value, action: str) -> Array | Table:
        """What is not in blocks. Raises ShapeClash if sizes are not known."""
        if not isinstance(value, Blocks):
            return value
        found = self.table(value)
        if found is None:
            raise ShapeClash(action, self.shape(value), "no blocks")
        return found

    def of_blocks(self, value: Blocks) -> Table | None:
        """Blocks, written out. Raises ShapeClash if they do not fit beside each other."""
        rows: list[tuple[Term, ...]] = []
        widths = [self._extent(column, 1) for column in zip(*value.entries, strict=True)]
        for line in value.entries:
            height = self._extent(line, 0)
            tables = [
                self._zeros(height, width) if _is_zero(block) else self.table(block)
                for block, width in zip(line, widths, strict=True)
            ]
            known = [x for x in tables if x is not None]
            if len(known) != len(tables):
                return None
            if len({len(x.entries) for x in known}) != 1:
                raise ShapeClash("put side by side", *(self.shape(x) for x in line[:2]))
            rows += [
                tuple(x for table in known for x in table.entries[i])
                for i in range(len(known[0].entries))
            ]
        if len({len(row) for row in rows}) != 1:
            raise ShapeClash("put below each other", "rows", "rows of another length")
        return Table(tuple(rows))

    def _extent(self, line: Sequence[Array], side: int) -> int:
        """How high or wide blocks beside or below each other are: as the first that is no zero."""
        found = [self.table(block) for block in line if not _is_zero(block)]
        known = [_counts(table)[side] for table in found if table is not None]
        return known[0] if known else 1

    def _zeros(self, height: int, width: int) -> Table:
        return Table(((number(0),) * width,) * height)

    def table(self, value: Value) -> Table | None:
        """An array written out, if its sizes are known and moderate."""
        if isinstance(value, Table):
            return value
        if isinstance(value, Blocks):
            return self.of_blocks(value)
        rows, cols = self.length(value.rows), self.length(value.cols)
        if rows is None or cols is None or rows * cols > 10_000:
            return None
        return Table(
            tuple(
                tuple(rename(value.term, row | col) for col in self.places(value.cols))
                for row in self.places(value.rows)
            )
        )

    def places(self, side: tuple[Index, ...]) -> Iterator[dict[Index, Index]]:
        """All values of the indices of a side, as numbered neurons."""
        ranges = [range(1, (self.size(index.axis) or 0) + 1) for index in side]
        for values in product(*ranges):
            yield {
                index: Index(str(value), index.axis)
                for index, value in zip(side, values, strict=True)
            }

    def _tidy(self, table: Table) -> Value:
        return scalar(table.entries[0][0]) if _counts(table) == (1, 1) else table


def _is_zero(block: Array) -> bool:
    """A 0 among blocks is a matrix of zeros."""
    return block.is_number and block.term == number(0)


def _is_number(value: Value) -> bool:
    return isinstance(value, Array) and value.is_number


def blocks(rows: Iterable[tuple[Value, ...]]) -> Value:
    """A matrix of blocks; one block is that block."""
    made: list[tuple[Array, ...]] = []
    for row in rows:
        if not all(isinstance(x, Array) for x in row):
            raise ShapeClash("put into blocks", "a matrix", "what is written out")
        made.append(tuple(x for x in row if isinstance(x, Array)))
    if len(made) == len(made[0]) == 1:
        return made[0][0]
    return Blocks(tuple(made))


def _one_block(value: Value) -> Blocks | None:
    return Blocks(((value,),)) if isinstance(value, Array) else None


def _counts(table: Table | Blocks) -> tuple[int, int]:
    return len(table.entries), len(table.entries[0])


def _size(axis: Axis) -> str:
    if axis == SAMPLES:
        return "m"
    if axis.name == "n":
        return f"n_{axis.layer}"
    return axis.name if axis.name.startswith(UNSAID) else f"{UNSAID} {axis.name}"


def opaque(name: str, axes: tuple[Index, ...], layer: LayerNumber | None = None) -> Symbol:
    """A symbol of which nothing is known."""
    return Symbol(name, layer, axes)


def is_unsaid(left: str, right: str) -> bool:
    """Whether two shapes may fit all the same, since nobody said how long something is."""
    ours, theirs = (
        [part.strip() for part in shape.split("×") if UNSAID in part] for shape in (left, right)
    )
    return ours != theirs and "a number" not in (left, right)
