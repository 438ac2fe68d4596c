"""Pages taken apart: each equation that is printed, in both alphabets, and what each comes to.

A page says of some lines for which l they hold ("For l = 2, 3", "BP2, l = 2"); the others hold for
every layer that has parameters. Matrices with all their entries are read from LaTeX and from lines
of text, where brackets are drawn: ⎡ over ⎢ over ⎣.

>>> [apart(line) for line in ("[k = j] = 1", "C = x")]
[['[k = j]', '1'], ['C', 'x']]
>>> drawn(["⎡z₁²⎤    ⎛⎡x₁⎤⎞", "⎣z₂²⎦ = σ⎝⎣x₂⎦⎠", "  z²  =  σ(x)"])[0]
'Q_(0) = σ(Q_(1))'
"""

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from instances import COST, RATE, Instance, Reading, Terms, Value, require
from meaning import loose, value
from reading import Node, Reader, nodes, plain

from symnet.calculus.derivation import numbers
from symnet.network.architecture import Network
from symnet.paper.writing.page import Block, Lines, Matrices, Page, Paragraph, Result, Table
from symnet.term import Equation, Index, Symbol, equation_at

# --- a page taken apart --------------------------------------------------------------------------

LAYERS = re.compile(r"\bl = ((?:L = )?(?:\d+|L)(?:, (?:…|\d+|L))*)")
WORDS = re.compile(r"(?:[\w -]+, )?l = |by the choice of|$")


@dataclass(frozen=True)
class Said:
    """An equation as it is printed: left = right, or left ← right.

    `layers` are what l may be. In matrices with all entries `names` stand below, and `arrays` are
    the entries in the places of Q_(0), Q_(1), ...
    """

    kind: str
    section: str
    form: str
    left: str
    relation: str
    right: str
    layers: tuple[int, ...]
    equation: Equation | None
    rule: str = ""
    reason: str = ""
    names: str = ""
    arrays: tuple[tuple[tuple[str, ...], ...], ...] = ()

    @property
    def whole(self) -> str:
        return f"{self.left} {self.relation} {self.right}"

    @property
    def dots(self) -> bool:
        """Whether dots stand for a part of it."""
        entries = (entry for array in self.arrays for row in array for entry in row)
        return any(sign in shown for shown in (self.whole, *entries) for sign in "…⋮⋱")


def said(text: Page, latex: Page, network: Network) -> Iterator[Said]:
    """Every equation of a page, as text and as LaTeX."""
    for one, other in zip(text.sections, latex.sections, strict=True):
        every = tuple(range(2, network.L + 1))
        for block, set_ in zip(one.blocks, other.blocks, strict=True):
            if isinstance(block, Paragraph):
                found = LAYERS.search(block.text)
                every = numbered(found[1], network.L) if found else every
            else:
                yield from _said(block, set_, one.title, every, network)


def numbered(shown: str, last: int) -> tuple[int, ...]:
    """2, …, 5 as numbers.

    >>> numbered("2, 3, …, L", 5), numbered("L = 2", 2)
    ((2, 3, 4, 5), (2,))
    """
    layers: list[int] = []
    gap = False
    for part in shown.removeprefix("L = ").split(", "):
        if part == "…":
            gap = True
            continue
        number = last if part == "L" else int(part)
        layers += range(layers[-1] + 1, number) if gap else ()
        layers.append(number)
        gap = False
    return tuple(layers)


def _said(
    text: Block, latex: Block, section: str, every: tuple[int, ...], network: Network
) -> Iterator[Said]:
    match text, latex:
        case Lines(), Lines():
            for form, block in (("text", text), ("latex", latex)):
                yield from _lines(block, form, section, every)
        case Result(), Result():
            for form, shown in (("text", text.shown), ("latex", plain(latex.shown))):
                yield _equation("result", section, form, shown, every, text.equation)
        case Table(), Table():
            yield from _table(text, latex, section, every, network)
        case Matrices(), Matrices():
            shown, names, arrays = stacked(latex.rows[0])
            yield _matrices(section, "latex", shown, names, arrays, text.equation)
            shown, names, lines = drawn(text.rows)
            lines = [_as_wide(*pair) for pair in zip(lines, arrays, strict=True)]
            yield _matrices(section, "text", shown, names, lines, text.equation)
        case _:
            raise AssertionError(f"{text.kind} and {latex.kind}")


def _lines(block: Lines, form: str, section: str, every: tuple[int, ...]) -> Iterator[Said]:
    left = relation = ""
    for line in block.lines:
        shown = [part.strip() for part in (line.left, *line.right)]
        shown = [plain(part) for part in shown] if form == "latex" else shown
        if shown[0]:
            left, relation = shown[0], plain(line.relation)
        right = " ".join(shown[1:])
        kind = "neuron" if line.rule in ("component", "BP1", "BP2") else "step"
        yield Said(
            kind,
            section,
            form,
            left,
            relation,
            right,
            every,
            line.equation,
            line.rule,
            line.reason,
        )


def _equation(
    kind: str,
    section: str,
    form: str,
    shown: str,
    layers: tuple[int, ...],
    equation: Equation | None,
) -> Said:
    relation = "←" if "←" in shown else "="
    left, _, right = shown.partition(f" {relation} ")
    return Said(kind, section, form, left, relation, right, layers, equation)


def _table(
    text: Table, latex: Table, section: str, every: tuple[int, ...], network: Network
) -> Iterator[Said]:
    """The cells that are equations, with the layers that stand beside them."""
    rows = [pair for pair in zip(text.rows, latex.rows, strict=True) if "⋮" not in pair[0]]
    with_sigma = {
        layer
        for (shown, words), _ in rows
        if shown.startswith("σ(z) = ")
        for layer in _beside(words, network)
    }
    equations = list(text.equations)
    one_each = len(equations) <= len(rows)
    for cells, set_ in rows:
        words = next((cell for cell in cells if WORDS.match(cell)), "")
        layers = _beside(words, network) or every
        of_both = None
        if one_each and equations and _same_left(cells[0], equations[0]):
            of_both = equations.pop(0)
        for shown, tex in zip(cells, set_, strict=True):
            if WORDS.match(shown):
                continue
            of = of_both if one_each else equations.pop(0)
            kind = "function" if shown.startswith("σ(z) = ") else "table"
            here = layers
            if re.match("a.?ˡ = σ", shown) and with_sigma:
                here = tuple(layer for layer in layers if layer in with_sigma)
            yield _equation(kind, section, "text", shown, here, of)
            yield _equation(kind, section, "latex", plain(tex), here, of)


def strings(page: Page) -> Iterator[str]:
    """All mathematics of a page in its order, piece by piece."""
    for block in (block for section in page.sections for block in section.blocks):
        match block:
            case Lines(lines):
                for line in lines:
                    yield from (line.left, *line.right)
            case Result(shown):
                yield shown
            case Table(rows):
                yield from (cell for row in rows for cell in row)
            case Matrices(rows):
                yield from rows


def _same_left(shown: str, equation: Equation) -> bool:
    """Whether a line can be about what an equation is about."""
    return shown.startswith("C = ") == (equation.left == Symbol("C"))


def _beside(words: str, network: Network) -> tuple[int, ...]:
    found = LAYERS.search(words)
    return numbered(found[1], network.L) if found else ()


# --- matrices with all entries -------------------------------------------------------------------

Rows = tuple[tuple[str, ...], ...]


def _matrices(
    section: str, form: str, shown: str, names: str, arrays: Sequence[Rows], equation: Equation
) -> Said:
    left, _, right = shown.partition(" = ")
    return Said(
        "matrices",
        section,
        form,
        left,
        "=",
        right,
        (),
        equation,
        "matrix form",
        names=names,
        arrays=tuple(arrays),
    )


def stacked(latex: str) -> tuple[str, str, list[Rows]]:
    """A line of bmatrices and their names below, as text with Q_(0), Q_(1), ... and the entries."""
    arrays: list[Rows] = []

    def hole(found: re.Match[str]) -> str:
        rows = found[1].strip().split(r" \\ ")
        arrays.append(tuple(tuple(plain(entry) for entry in row.split(" & ")) for row in rows))
        return f"Q_{{{len(arrays) - 1}}}"

    inside = re.fullmatch(r"\\begin\{array\}\{c+\} (.*) \\end\{array\}", latex)
    assert inside, latex
    shown = re.sub(r"\\begin\{bmatrix\}(.*?)\\end\{bmatrix\}", hole, inside[1])
    above, below = (" ".join(columns(row)).strip() for row in shown.split(r" \\[2mm] "))
    return plain(above), plain(below), arrays


def columns(row: str) -> list[str]:
    """A row of LaTeX apart at its &; those of cases belong to a column.

    >>> columns(r"a & = & \\begin{cases} 0 & b \\end{cases}")
    ['a', '=', '\\\\begin{cases} 0 & b \\\\end{cases}']
    """
    pieces = re.split(r"(\\begin\{cases\}.*?\\end\{cases\})", row)
    marked = "".join(x if x.startswith(r"\begin") else x.replace("&", "\0") for x in pieces)
    return [column.strip() for column in marked.split("\0")]


def drawn(rows: Sequence[str]) -> tuple[str, str, list[Rows]]:
    """The same of matrices that are drawn in lines of text."""
    arrays: list[Rows] = []
    shown, names = [], []
    rest = list(rows)
    while rest:
        height = _height(rest)
        width = max(map(len, rest[:height]))
        shown.append(_flat([row.ljust(width) for row in rest[:height]], arrays))
        names += rest[height : height + 1]
        rest = rest[height + 1 :]
    return squeezed(" ".join(shown)), squeezed(" ".join(names)), arrays


def _as_wide(drawn_: Rows, set_: Rows) -> Rows:
    """One column of products reads like several columns: there LaTeX says how many they are."""
    if len(set_[0]) == 1 < len(drawn_[0]):
        return tuple((" ".join(row),) for row in drawn_)
    return drawn_


def squeezed(shown: str) -> str:
    return re.sub(r"(?<=\() | (?=\))", "", " ".join(shown.split()))


def _height(rows: Sequence[str]) -> int:
    """How many rows the brackets take that begin in the first."""
    height = 1
    while height < len(rows) and any(sign in rows[height - 1] for sign in "⎡⎢⎛⎜"):
        height += 1
    return height


def _flat(rows: Sequence[str], arrays: list[Rows]) -> str:
    """Rows of one length as one line: what stands in a column belongs together."""
    shown, at = "", 0
    while at < len(rows[0]):
        column = [row[at] for row in rows]
        row, sign = next(((i, s) for i, s in enumerate(column) if s != " "), (0, " "))
        if sign == "⎡" or (sign == "[" and _is_matrix(rows[row], at)):
            end = rows[row].index("⎤" if sign == "⎡" else "]", at)
            bottom = row + 1 if sign == "[" else column.index("⎣") + 1
            shown += f"Q_({len(arrays)})"
            arrays.append(_entries([line[at + 1 : end] for line in rows[row:bottom]]))
        elif sign == "⎛":
            end = _closes(rows[row], at)
            shown += f"({_flat([line[at + 1 : end] for line in rows], arrays)})"
        else:
            end = at
            shown += sign
        at = end + 1
    return shown


def _is_matrix(row: str, at: int) -> bool:
    """Whether a square bracket holds entries, not [x > 0]."""
    inside = row[at : row.index("]", at)]
    return not any(sign in inside for sign in "⎡>")


def _closes(row: str, at: int) -> int:
    depth = 0
    for end in range(at, len(row)):
        depth += (row[end] == "⎛") - (row[end] == "⎞")
        if depth == 0:
            return end
    raise AssertionError(f"{row} lacks a bracket")


def _entries(rows: Sequence[str]) -> Rows:
    """The entries between two brackets: two blanks in all rows end a column, else one does."""
    blank = "".join(
        " " if all(row[at] == " " for row in rows) else "x" for at in range(len(rows[0]))
    )
    gap = "  +" if "  " in blank.strip() else " +"
    ends = [found.span() for found in re.finditer(gap, blank)]
    starts = [0, *(end for _, end in ends)]
    stops = [*(start for start, _ in ends), len(blank)]
    spans = [(a, b) for a, b in zip(starts, stops, strict=True) if b > a]
    return tuple(tuple(row[a:b].strip() for a, b in spans) for row in rows)


# --- what a printed equation comes to ------------------------------------------------------------

Entry = frozenset[tuple[str, int]]  # what each free letter is, from 0


def apart(line: str) -> list[str]:
    """The sides of an equation: = inside brackets belongs to [k = j]."""
    sides, depth, start = [], 0, 0
    for at, sign in enumerate(line):
        depth += (sign in "([") - (sign in ")]")
        if depth == 0 and line.startswith(" = ", at):
            sides.append(line[start:at])
            start = at + 3
    return [*sides, line[start:]]


def read(side: str) -> Node:
    """A side as a node; ∇ₐ C is ∂C/∂a of the outputs."""
    for gradient in ("∇ₐ C", "∇_(a) C"):
        side = side.replace(gradient, "∂C/∂aᴸ")
    return Reader(side).read()


def with_arrays(node: Any, arrays: Sequence[Any]) -> Any:
    """A node with the arrays in the places of Q_(0), Q_(1), ..."""
    match node:
        case "symbol", "Q", (number,), "":
            return "array", arrays[int(number)]
        case tuple():
            return tuple(with_arrays(part, arrays) for part in node)
    return node


def of_matrices(sides: Sequence[Node]) -> bool:
    """Whether whole arrays stand there, not entries."""
    return any(
        part[0] == "array" or (part[0] == "symbol" and not part[2] and part[1] not in ("C", "η"))
        for side in sides
        for part in nodes(side)
    )


def mentions_l(sides: Sequence[Node]) -> bool:
    return any(
        (part[0] == "symbol" and part[3].startswith("l"))
        or (part[0] == "Σ" and str(part[-1]).startswith("l"))
        or (part[:2] == ("symbol", "n") and part[2][0].startswith("l"))
        for side in sides
        for part in nodes(side)
    )


@functools.lru_cache(maxsize=10_000)
def read_whole(of: Said) -> list[list[Node]]:
    """The sides of an equation; of matrices once with their entries and once by their names."""
    if of.kind == "function":
        return [[Reader(of.right, formula=True).read()]]
    if of.kind != "matrices":
        return [[read(of.left), read(of.right)]]
    arrays = [tuple(tuple(map(read, row)) for row in array) for array in of.arrays]
    entries = [with_arrays(read(side), arrays) for side in apart(of.whole)]
    return [entries, [read(side) for side in apart(of.names)]]


def values(of: Said, instance: Instance) -> Iterator[tuple[int | None, list[dict[Entry, Value]]]]:
    """For each l the values of all sides, entry by entry; on the right of ← the new value first."""
    whole = read_whole(of)
    everything = [side for sides in whole for side in sides]
    for l in of.layers if mentions_l(everything) else (None,):
        reading = Reading(instance, l)
        found: list[dict[Entry, Value]] = []
        for sides in whole:
            one = _by_matrices if of_matrices(sides) else _by_components
            found += one(sides, reading, moved=of.relation == "←")
        yield l, found


def _by_components(
    sides: Sequence[Node], reading: Reading, *, moved: bool
) -> list[dict[Entry, Value]]:
    found: list[dict[Entry, Value]] = [{} for _ in sides]
    for at in reading.places(*sides):
        entry = frozenset((letter, number) for letter, (number, _) in at.items())
        for side, values_ in zip(sides, found, strict=True):
            values_[entry] = reading.value(side, at)
        if moved:
            slope = reading.instance.slope(COST, reading.key(sides[0], at))
            found[0][entry] = found[0][entry] - RATE * slope
    return found


def _by_matrices(
    sides: Sequence[Node], reading: Reading, *, moved: bool
) -> list[dict[Entry, Value]]:
    arrays = [reading.array(side) for side in sides]
    if moved:
        slopes = reading.array(("partial", ("symbol", "C", (), ""), sides[0]))
        arrays[0] = arrays[0] - RATE * slopes
    shape = arrays[0].shape
    found = []
    for array in arrays:
        if not isinstance(array, np.ndarray):
            array = np.full(shape, array, dtype=object)  # 0 stands for zeros everywhere
        require(array.shape == shape, f"{array.shape} = {shape}")
        found.append(
            {
                frozenset(zip("jk", place, strict=True)): array[place]
                for place in np.ndindex(array.shape)
            }
        )
    return found


def holds(of: Said, instance: Instance) -> int:
    """That all sides are equal, for each l and entry. How often they were compared."""
    count = 0
    if of.kind == "function":
        return _function_holds(of, instance)
    for l, (first, *others) in values(of, instance):
        for other in others:
            for entry, amount in other.items():
                require(
                    instance.same(amount, first[entry]), f"{of.whole} fails at {dict(entry)}, l={l}"
                )
                count += 1
    assert count
    return count


def _function_holds(of: Said, instance: Instance) -> int:
    """σ(z) = formula, at what z is in the layers that are named beside it."""
    ((node,),) = read_whole(of)
    count = 0
    for l in of.layers:
        for j in range(instance.sizes[l - 1]):
            z, a = (instance.quantity((name, l, (j,))) for name in "za")
            found = Reading(instance, l, argument=z).value(node, {})
            require(instance.same(found, a), f"{of.whole} fails at {z}, l={l}")
            count += 1
    return count


def says(of: Said, equation: Equation, instance: Instance) -> int:
    """That the sides have the values that the terms of the equation have. How many were compared.

    Of matrices the names and the entries, and beyond these the matrix of what comes out.
    """
    count = 0
    for l, found in values(of, instance):
        here = equation_at(equation, numbers(instance.network, l or 2))
        lefts, rights = found[:1], found[1:]
        if of.kind == "matrices":
            lefts.append(rights.pop(-2))  # entry = entries (= entries), name = names
        if of.relation == "←":
            lefts = []
        for sides, term in ((lefts, here.left), (rights, here.right)):
            for side in sides:
                for entry, amount in side.items():
                    expected = value(term, Terms(instance), _place(here, dict(entry)))
                    require(instance.same(amount, expected), f"{of.whole} is not its equation")
                    count += 1
    return count


def _place(of: Equation, named: dict[str, int]) -> dict[Index, int]:
    """Where the indices of an equation are; some are numbers themselves."""
    return {
        index: int(index.name) - 1 if index.name.isdigit() else named[index.name]
        for index in loose(of.left) | loose(of.right)
    }
