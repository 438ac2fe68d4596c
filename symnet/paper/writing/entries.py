"""Equations at numbered neurons: sums written out, matrices with their entries.

>>> from symnet.network import equations
>>> from symnet.network.notation import l
>>> from symnet.paper.writing.alphabet import LATEX, TEXT
>>> network = Network("2-3-784")
>>> at_2 = at_number(equations.weighted_input(l), network, 2)
>>> print(written_out(neuron(at_2, "3"), network, TEXT))
z₃² = w₃₁² x₁ + w₃₂² x₂ + b₃²
>>> print("\\n".join(matrices_written_out(at_2, network, TEXT)))
⎡z₁²⎤   ⎡w₁₁² w₁₂²⎤ ⎡x₁⎤   ⎡b₁²⎤
⎢z₂²⎥ = ⎢w₂₁² w₂₂²⎥ ⎣x₂⎦ + ⎢b₂²⎥
⎣z₃²⎦   ⎣w₃₁² w₃₂²⎦        ⎣b₃²⎦
  z²  =      W²      a¹  +   b²

Of a wide layer the first neurons and the last stand there, with dots for those between.

>>> print(written_out(neuron(equations.cost(network.cost), ""), network, TEXT))
C = 1/2 (a₁ᴸ − y₁)² + 1/2 (a₂ᴸ − y₂)² + … + 1/2 (a₇₈₄ᴸ − y₇₈₄)²
"""

from collections.abc import Sequence
from dataclasses import dataclass

from symnet.network.architecture import Network
from symnet.network.notation import L, x
from symnet.paper.writing.alphabet import Alphabet
from symnet.paper.writing.matrices import Arrays, sides
from symnet.paper.writing.writer import LAST, SUM, Components, Piece, added
from symnet.term import (
    Axis,
    Equation,
    Index,
    LayerNumber,
    Partial,
    Sum,
    Symbol,
    Term,
    equation_at,
    map_children,
    rename,
)

MOST_NEURONS = 5  # as many of a layer are listed one by one
WIDTH = 106  # the columns that a line of matrices may take

INPUT = LayerNumber("", 1)


# --- equations at numbers ------------------------------------------------------------------


def at_number(of: Equation, network: Network, number: int) -> Equation:
    """An equation for a general l at a numbered layer, where a^1 is x."""
    numbers = {"l": LayerNumber("", number), "L": LayerNumber("", network.L)}
    equation = equation_at(of, numbers)
    left = as_input(equation.left)
    assert isinstance(left, Symbol | Partial | Sum)
    return Equation(of.label, left, as_input(equation.right))


def as_input(term: Term) -> Term:
    """a_k^1 as x_k, the name that it has as the input."""
    match term:
        case Symbol("a", number, indices) if number == INPUT:
            return x(indices)
    return map_children(term, as_input)


def neuron(of: Equation, *values: str) -> Equation:
    """An equation at values of its left side's indices, such as "3"."""
    to = {index: Index(value, index.axis) for index, value in zip(of.indices, values, strict=False)}
    left = rename(of.left, to)
    assert isinstance(left, Symbol | Partial | Sum)
    return Equation(of.label, left, rename(of.right, to))


def values(axis: Axis, network: Network) -> tuple[str | None, ...]:
    """The values of an index, as it is printed: 1, 2, 3; or 1, 2, None for dots, and the last."""
    number = network.L if axis.layer == L else axis.layer.offset
    size = network.sizes[number - 1]
    if isinstance(size, int) and size <= MOST_NEURONS:
        return tuple(map(str, range(1, size + 1)))
    return "1", "2", None, str(size) if isinstance(size, int) else LAST


# --- sums ----------------------------------------------------------------------------------


def written_out(of: Equation, network: Network, alphabet: Alphabet) -> str:
    """An equation in components, with each sum term by term."""
    return _WrittenOut(alphabet, network).equation(of)


def term_written_out(of: Term, network: Network, alphabet: Alphabet) -> str:
    """A term in components, with each sum term by term."""
    return _WrittenOut(alphabet, network).piece(of)[0]


class _WrittenOut(Components):
    """Terms at numbered neurons, without Σ."""

    def __init__(self, alphabet: Alphabet, network: Network) -> None:
        super().__init__(alphabet)
        self.network = network

    def piece(self, of: Term) -> Piece:
        if not isinstance(of, Sum):
            return super().piece(of)
        terms = []
        for value in values(of.index.axis, self.network):
            if value is None:
                terms.append((False, self.to.dots))
            else:
                terms.append(self.signed(rename(of.body, {of.index: Index(value, of.index.axis)})))
        if len(terms) == 1:
            # A sum of one term binds as that term does.
            return self.piece(rename(of.body, {of.index: Index("1", of.index.axis)}))
        return added(terms, self.to), SUM

    def signed(self, of: Term) -> tuple[bool, str]:
        """As ever, but a sum within a sum needs no brackets, unless it begins with a sign."""
        negative, text = super().signed(of)
        plain = self.piece(of)[0] if isinstance(of, Sum) else text
        return negative, text if plain.startswith(self.to.minus) else plain


class _Entry(_WrittenOut):
    """What stands inside a matrix."""

    slashed = True


# --- matrices ------------------------------------------------------------------------------

# A letter of Unicode's private use stands for an array until the line is laid out.
_HOLE = 0xE000


@dataclass(frozen=True, slots=True)
class _Array:
    """An array in a line: its name, and its entries as they are printed."""

    name: str
    rows: tuple[tuple[str, ...], ...]


class _Numbered(Arrays):
    """Matrix forms in which each array is a hole, with the arrays beside."""

    slashed = True

    def __init__(self, alphabet: Alphabet, network: Network) -> None:
        super().__init__(alphabet)
        self.network = network
        self.found: list[_Array] = []

    def array(self, of: Symbol | Partial, *, transposed: bool = False) -> str:
        indices = of.by.indices if isinstance(of, Partial) else of.indices
        named = _as_a(of)
        name = super().array(named, transposed=transposed)
        return self.hole(name, of, indices, transposed=transposed)

    def gradient(self, of: Partial) -> str:
        return self.hole(super().gradient(of), of, of.by.indices)

    def hole(
        self, name: str, of: Term, indices: tuple[Index, ...], *, transposed: bool = False
    ) -> str:
        if not indices:
            return name
        self.found.append(_Array(name, self.entries(of, indices, transposed)))
        return chr(_HOLE + len(self.found) - 1)

    def entries(
        self, of: Term, indices: tuple[Index, ...], transposed: bool
    ) -> tuple[tuple[str, ...], ...]:
        """What stands at each row and column, dots included."""
        down = values(indices[0].axis, self.network)
        across = values(indices[1].axis, self.network) if len(indices) == 2 else ("",)

        def entry(row: str | None, column: str | None) -> str:
            if row is None or column is None:
                dots = {(False, True): self.to.column_dots, (True, False): self.to.row_dots}
                return dots.get((row is not None, column is not None), self.to.diagonal_dots)
            there = (column, row) if transposed else (row, column)
            to = {i: Index(value, i.axis) for i, value in zip(indices, there, strict=False)}
            return _Entry(self.to, self.network).piece(rename(of, to))[0]

        rows, columns = (across, down) if transposed else (down, across)
        return tuple(tuple(entry(row, column) for column in columns) for row in rows)


def matrices_written_out(
    of: Equation, network: Network, alphabet: Alphabet
) -> tuple[str, ...] | None:
    """The matrix form at a numbered layer with all entries, and the names of the arrays below.

    As lines of text, or one line of LaTeX; None where there is no matrix form. The derivative by a
    matrix is followed by the matrix of its entries.
    """
    arrays = _Numbered(alphabet, network)
    found = sides(of, arrays)
    if found is None:
        return None
    cells = [*_cells(found[0]), "=", *_cells(found[1])]
    if len(of.indices) == 2:
        cells += ["=", arrays.hole("", of.right, of.indices)]
    if alphabet.stacked:
        return (_latex(cells, arrays.found, alphabet),)
    return tuple(_text(cells, arrays.found))


def _as_a(of: Symbol | Partial) -> Symbol | Partial:
    """x by its name as a layer's activation, as the layer-wise equations have it."""
    match of:
        case Symbol("x", None, indices):
            return Symbol("a", INPUT, indices)
    return of


def _cells(line: str) -> list[str]:
    """A line apart at the blanks that stand in no brackets."""
    cells, depth = [""], 0
    for sign in line:
        depth += (sign in "([{") - (sign in ")]}")
        if sign == " " and depth == 0:
            cells.append("")
        else:
            cells[-1] += sign
    return cells


def _named(cell: str, arrays: Sequence[_Array]) -> str:
    """A cell with the names of its arrays."""
    return "".join(arrays[ord(sign) - _HOLE].name if ord(sign) >= _HOLE else sign for sign in cell)


def _latex(cells: Sequence[str], arrays: Sequence[_Array], to: Alphabet) -> str:
    """Cells in columns, with the names below."""

    def shown(cell: str) -> str:
        if any(ord(sign) >= _HOLE for sign in cell):
            # [a > 0] is as tall as the matrix in it.
            cell = cell.replace("[", r"\left[").replace("]", r"\right]")
        return "".join(
            _bmatrix(arrays[ord(sign) - _HOLE], to) if ord(sign) >= _HOLE else sign for sign in cell
        )

    columns = "c" * len(cells)
    apart = r" \\[2mm] " if to.name == "latex" else to.new_row
    above = " & ".join(map(shown, cells))
    below = " & ".join(_named(cell, arrays) for cell in cells)
    if below.endswith("= & "):
        below = below.removesuffix("= & ") + "& "  # the matrix of entries has no name
    return rf"\begin{{array}}{{{columns}}} {above}{apart}{below} \end{{array}}"


def _bmatrix(array: _Array, to: Alphabet) -> str:
    rows = to.new_row.join(" & ".join(row) for row in array.rows)
    return rf"\begin{{bmatrix}} {rows} \end{{bmatrix}}"


# --- rows of text side by side -------------------------------------------------------------

Block = list[str]  # lines of one length


def _text(cells: Sequence[str], arrays: Sequence[_Array]) -> list[str]:
    """Cells side by side, with the names below; a line too long goes on at its last =."""
    last = max(i for i, cell in enumerate(cells) if cell == "=")
    lines = _side_by_side(cells, arrays)
    if len(lines[0]) <= WIDTH or last < 2:
        return [line.rstrip() for line in lines]
    return [
        line.rstrip()
        for part in (cells[:last], cells[last:])
        for line in _side_by_side(part, arrays)
    ]


def _side_by_side(cells: Sequence[str], arrays: Sequence[_Array]) -> Block:
    """Cells in columns, each with its names centred below."""
    columns = []
    above = [_block(cell, arrays) for cell in cells]
    tallest = max(map(len, above))
    for number, (cell, block) in enumerate(zip(cells, above, strict=True)):
        nameless = cell == "=" and not _named("".join(cells[number + 1 :]), arrays)
        name = "" if nameless else _named(cell, arrays)
        width = max(len(block[0]), len(name))
        columns.append([line.center(width) for line in [*_centred(block, tallest), name]])
    lines = [" ".join(parts) for parts in zip(*columns, strict=True)]
    return lines if lines[-1].strip() else lines[:-1]


def _block(cell: str, arrays: Sequence[_Array]) -> Block:
    """A cell laid out: arrays with their brackets, round brackets as tall as what they hold."""
    blocks: list[Block] = []
    at = 0
    while at < len(cell):
        sign = cell[at]
        if ord(sign) >= _HOLE:
            blocks.append(_bracketed(_grid(arrays[ord(sign) - _HOLE]), "⎡⎤⎢⎥⎣⎦", "[]"))
        elif sign == "(":
            end = _closing(cell, at)
            blocks.append(_bracketed(_block(cell[at + 1 : end], arrays), "⎛⎞⎜⎟⎝⎠", "()"))
            at = end
        else:
            blocks.append([sign])
        at += 1
    tallest = max(map(len, blocks))
    levelled = [_centred(block, tallest) for block in blocks]
    return ["".join(parts) for parts in zip(*levelled, strict=True)]


def _closing(text: str, at: int) -> int:
    """Where the round bracket closes that opens there."""
    depth = 0
    for end in range(at, len(text)):
        depth += (text[end] == "(") - (text[end] == ")")
        if depth == 0:
            return end
    raise AssertionError(f"{text} lacks a bracket")  # pragma: no cover


def _grid(array: _Array) -> Block:
    # A product has no blanks, which stand between columns.
    rows = [[entry.replace(" ", "·") for entry in row] for row in array.rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        " ".join(entry.center(width) for entry, width in zip(row, widths, strict=True))
        for row in rows
    ]


def _bracketed(block: Block, tall: str, short: str) -> Block:
    """Lines between brackets: upper, middle and lower parts, left and right."""
    if len(block) == 1:
        return [f"{short[0]}{block[0]}{short[1]}"]
    left, right = tall[::2], tall[1::2]
    part = [0, *[1] * (len(block) - 2), 2]
    return [f"{left[i]}{line}{right[i]}" for i, line in zip(part, block, strict=True)]


def _centred(block: Block, height: int) -> Block:
    """Lines in the middle of a given height."""
    above = (height - len(block)) // 2
    blank = " " * len(block[0])
    return [*[blank] * above, *block, *[blank] * (height - len(block) - above)]
