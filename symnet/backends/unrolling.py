"""A function without arrays: each entry is a variable, each index a number in its name.

w[1,2] of layer 3 is w12_3. A temporary that is read once stands where it is read, a formula that is
too long for a line comes in several, and a sum that is too long goes on with +=.
"""

import builtins
import itertools
import keyword
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import sympy

from symnet.backends.backend import Line
from symnet.backends.python_text import ATOM, PRODUCT, SUM, WIDTH, Piece
from symnet.backends.scalar_formulas import FUNCTIONS, Formulas, negative
from symnet.errors import NotYet
from symnet.program.bounds import Bounds
from symnet.program.ir import (
    DATA_PART,
    Array,
    Contract,
    Function,
    Instruction,
    Map,
    ProgramError,
    Reduce,
    arguments,
    plain,
)
from symnet.program.one_sample import Body, read_again
from symnet.program.passes import DATA

INDENT = 12  # the deepest that a line stands

# Names that stand in the page already.
PAGE = {
    "step", "gradients", "update", "numbers", "assign", "lose", "rows", "row", "seen", "outputs",
    "several", "gradient", "theta", "g", "i", "m", "np", "math", "inf", "nan",
}  # fmt: skip


# --- names ---------------------------------------------------------------------------------


TEMPORARY = re.compile(r"t\d+")


def entry_name(array: Array, index: Sequence[int], sizes: Mapping[str, int]) -> str:
    """w12_3 for w[1,2] of layer 3, w1_12_3 where an index may have two digits; x1 for the inputs.

    A temporary t4 belongs to no layer: t4_12.

    >>> w = Array("w3", ("n3", "n2"))
    >>> entry_name(w, (1, 2), {"n3": 4, "n2": 9}), entry_name(w, (1, 2), {"n3": 4, "n2": 10})
    ('w12_3', 'w1_2_3')
    """
    wide = any(sizes[plain(axis)] > 9 for axis in array.axes)
    digits = ("_" if wide else "").join(map(str, index))
    if not index or TEMPORARY.fullmatch(array.name):
        return f"{array.name}_{digits}" if index else array.name
    found = re.fullmatch(r"(.*?)(\d*)", array.name)
    assert found is not None
    stem, number = ("x", "") if array.name == DATA[0] else found.groups()
    return f"{stem}{digits}_{number}" if number else f"{stem}{digits}"


class Names:
    """The variables of all entries of a function, each with a name of its own.

    What is overwritten gives its names to what overwrites it; an array may be `called` otherwise
    than it is. A name that is taken gets a _.
    """

    def __init__(
        self,
        function: Function,
        sizes: Mapping[str, int],
        called: Mapping[str, str] | None = None,
        without: Iterable[str] = (),
    ) -> None:
        self.sizes = sizes
        self.of: dict[tuple[str, tuple[int, ...]], str] = {}
        self.taken = {*keyword.kwlist, *dir(builtins), *PAGE, *FUNCTIONS.values(), "sqrt"}
        self.taken |= {x.name for x in function.parameters if not x.axes}
        self.arrays = {
            x.name: x
            for x in (*function.parameters, *(y.target for y in function.body))
            if x.name not in without
        }
        storage = dict(function.overwrites)
        for array in self.arrays.values():
            for index in indices(array.axes, sizes):
                if array.name in storage:
                    name = self.of[storage[array.name], index]
                elif array in function.parameters and not array.axes:
                    name = array.name
                else:
                    shown = (called or {}).get(array.name, array.name)
                    name = entry_name(Array(shown, array.axes), index, sizes)
                    while name in self.taken:
                        name += "_"
                    self.taken.add(name)
                self.of[array.name, index] = name

    def entries(self, name: str) -> list[str]:
        """The variables of an array, in the order of its memory."""
        return [self.of[name, index] for index in indices(self.arrays[name].axes, self.sizes)]


def indices(axes: Sequence[str], sizes: Mapping[str, int]) -> Iterator[tuple[int, ...]]:
    """All places of an array, counted from 1."""
    return itertools.product(*(range(1, sizes[plain(axis)] + 1) for axis in axes))


# --- one function --------------------------------------------------------------------------


class Unrolled:
    """A function unrolled: its lines, entry by entry."""

    def __init__(
        self,
        function: Function,
        sizes: Mapping[str, int],
        comments: Mapping[str, str],
        rules: Mapping[str, str],
    ) -> None:
        self.sizes, self.comments, self.rules = sizes, comments, rules
        self.function = _short(function, sizes)
        self.names = Names(self.function, sizes)
        self.formulas = Formulas(Bounds(self.function.body, sizes), scalars(self.function))
        self.storage = dict(self.function.overwrites)
        self.exact = not self.storage  # a step may fail, since the gradients may not
        self.averaged = self._averaged()
        self.bold = False  # whether the way to the gradients may raise an error
        self.apart: dict[str, int] = {}  # in which section a line stands
        self.pieces: dict[str, Instruction] = {}  # temporaries that are written where they are read

    def entries(self, name: str) -> list[str]:
        """The variables of an array."""
        return self.names.entries(name)

    def row(self, before: str, after: str) -> str:
        """What unpacks a row: the inputs, then what is desired."""
        read = {x.name for line in self.function.body for x in arguments(line)}
        names = [
            entry if name in read else f"_{entry}" for name in DATA for entry in self.entries(name)
        ]
        line = f"{before}{', '.join(names)}{after}"
        if len(line) + INDENT - 4 <= WIDTH:
            return line
        inner = "\n".join(f"    {name}," for name in names)
        return f"{before}(\n{inner}\n){after}"

    # the step

    def sections(self) -> tuple[list[Line], list[Line]]:
        """The lines up to the gradients, and those of the updates, numbers first."""
        body = self.function.body
        last = _last_gradient(self.function)
        self.apart = {line.target.name: int(i > last) for i, line in enumerate(body)}
        self._inline()
        self._number()
        rates = [x for x in body[last + 1 :] if not x.target.axes and not x.equation]
        moves = [*rates, *(x for x in body[last + 1 :] if x not in rates)]
        forward = list(self.lines(body[: last + 1]))
        self.bold, self.formulas.risky = self.formulas.risky, False
        return forward, list(self.lines(moves))

    # the gradients of several samples

    def _averaged(self) -> list[str]:
        """The arrays that are means over the samples: gradients, or their part without penalty."""
        names = {x.name for x in self.function.results if x.name.startswith("d")}
        names |= {DATA_PART + name for name in names}
        depends, found = set(DATA), []
        for line in self.function.body:
            if any(array.name in depends for array in arguments(line)):
                if line.target.name in names:
                    found.append(line.target.name)
                else:
                    depends.add(line.target.name)
        self.batched = depends - set(DATA)
        return found

    def batch_sections(self) -> tuple[list[Line], list[Line], list[Line]]:
        """The lines before the samples, those of each, and those after them."""
        sections: list[list[Instruction]] = [[], [], []]
        late = set(self.averaged)
        for line in self.function.body:
            name = line.target.name
            if name in self.averaged or name in self.batched:
                section = 1
            elif any(array.name in late for array in arguments(line)):
                late.add(name)
                section = 2
            else:
                section = 0
            self.apart[name] = section
            sections[section].append(line)
        self._inline()
        self._number()
        before, sample, after = (list(self.lines(x)) for x in sections)
        return before, sample, after

    def means(self, name: str) -> list[str]:
        """A gradient at the end: what was summed up, divided by the number of samples."""
        division = " / m" if name in self.averaged else ""
        return [f"{entry}{division}" for entry in self.entries(name)]

    # lines

    def _inline(self) -> None:
        """Temporaries that are read once, in their section, are written where they are read."""
        results = {x.name for x in self.function.results}
        body = self.function.body
        for i, line in enumerate(body):
            name = line.target.name
            readers = [k for k, x in enumerate(body) if any(a.name == name for a in arguments(x))]
            if line.equation or name in results or name in self.averaged or len(readers) != 1:
                continue
            (at,) = readers
            reader = body[at]
            if not isinstance(reader, Map) or line.target not in reader.arguments:
                continue
            if isinstance(line, Reduce) and line.how == "max":
                continue
            gone = {self.storage.get(x.target.name, "") for x in body[i:at]}
            if gone & self._reads(line) or self.apart[name] != self.apart[reader.target.name]:
                continue
            if reader.target.axes != line.target.axes:
                continue
            trial = {**self.pieces, name: line}
            if self._once(reader, name) and self._fits(reader, trial):
                self.pieces = trial

    def _number(self) -> None:
        """Temporaries that are left are t1, t2, … in their order."""
        results = {*(x.name for x in self.function.results), *self.averaged}
        left = [
            line.target.name
            for line in self.function.body
            if not line.equation and line.target.name not in {*results, *self.pieces}
        ]
        called = {name: f"t{number}" for number, name in enumerate(left, 1)}
        self.names = Names(self.function, self.sizes, called, self.pieces)

    def _reads(self, line: Instruction) -> set[str]:
        """The arrays that a line reads, also through what is written in it."""
        found: set[str] = set()
        for array in arguments(line):
            found.add(array.name)
            if array.name in self.pieces:
                found |= self._reads(self.pieces[array.name])
        return found

    def _once(self, reader: Map, name: str) -> bool:
        """Whether the text of the reader has the name once."""
        formulas = Formulas(self.formulas.bounds, self.formulas.scalars)
        text = formulas.text(reader.formula, {}, exact=self.exact)[0]
        return len(re.findall(rf"(?<![\w']){re.escape(name)}\b", text)) == 1

    def _fits(self, reader: Map, pieces: Mapping[str, Instruction]) -> bool:
        kept, self.pieces = self.pieces, dict(pieces)
        used = self.formulas
        self.formulas = Formulas(used.bounds, used.scalars)
        last = tuple(self.sizes[plain(axis)] for axis in reader.target.axes)
        texts = list(self.statements(reader, last))
        self.pieces, self.formulas = kept, used
        return all(len(text) + INDENT <= WIDTH for text in texts)

    def lines(self, body: Iterable[Instruction]) -> Iterator[Line]:
        """The statements of some lines, each equation above what computes it."""
        pending: list[str] = []
        said = ""
        gone: set[str] = set()
        for line in body:
            name = line.target.name
            if name in self.pieces:
                continue
            if stale := gone & self._reads(line):
                raise ProgramError(f"{line} reads {stale.pop()} after its update")
            for index in indices(line.target.axes, self.sizes):
                pending += self.statements(line, index)
            gone |= {self.storage[name]} if name in self.storage else set()
            if line.equation:
                comment = self.comment_of(line.equation)
                yield Line(comment if comment != said else "", "\n".join(pending))
                said, pending = comment, []
        if pending:
            yield Line("", "\n".join(pending))

    def comment_of(self, equation: str) -> str:
        """The lines above an equation's entries; of an update, what it does to which parameter."""
        return comment(self._said(part) for part in equation.split("; "))

    def _said(self, equation: str) -> str:
        symbol, of, array = equation.partition(" of ")
        if not of:
            return self.comments.get(equation, "")
        gradient = _unwrapped(self.comments.get(f"d{array}", ""))
        shown = re.match(r"∂C/∂(\S+) =", gradient)
        name = shown[1] if shown else array
        decays = symbol == "theta" and len(self.names.arrays[array].axes) > 1
        rules = [self.rules.get(x, "") for x in (("decay", symbol) if decays else (symbol,))]
        return "\n".join(rule.replace("θ", name) for rule in rules if rule)

    def statements(self, line: Instruction, index: tuple[int, ...]) -> Iterator[str]:
        """What computes one entry."""
        name = self.names.of[line.target.name, index]
        sign = "+=" if line.target.name in self.averaged else "="
        here = dict(zip(line.target.axes, index, strict=True))
        match line:
            case Contract() | Reduce(_, "sum", _, _):
                room = WIDTH - INDENT - len(f"{name} += ")
                for text in _sums(self.terms(line, here), room):
                    yield f"{name} {sign} {text}"
                    sign = "+="
            case Reduce(_, _, argument, _):
                first, *rest = [
                    self.names.of[argument.name, place] for place in self.places(argument, here)
                ]
                # One after the other: faster than max, and no later nan is taken for a maximum.
                for other in rest:
                    yield f"{name} = {other} if {other} > {first} else {first}"
                    first = name
                if not rest:
                    yield f"{name} = {first}"
            case Map():
                yield self.assignment(line, name, sign, here)
            case _:
                raise NotYet(f"{line} has no text without arrays")

    def assignment(self, line: Map, name: str, sign: str, here: Mapping[str, int]) -> str:
        """name = formula, or name -= what is taken from its old value."""
        parts = {x.symbol: self.piece(x, here) for x in line.arguments}
        changes, formula = change(line, self.storage.get(line.target.name))
        text = self.formulas.text(formula, parts, exact=self.exact)[0]
        return f"{name} {changes or sign} {text}"

    def piece(self, array: Array, here: Mapping[str, int]) -> Piece:
        """An entry: its variable, or what computes it."""
        index = tuple(here[axis] for axis in array.axes)
        line = self.pieces.get(array.name)
        if line is None:
            name = self.names.of[array.name, index]
            return (f"{name} / m", PRODUCT) if self._is_mean(array.name) else (name, ATOM)
        inside = dict(zip(line.target.axes, index, strict=True))
        match line:
            case Map():
                parts = {x.symbol: self.piece(x, inside) for x in line.arguments}
                return self.formulas.text(line.formula, parts, exact=self.exact)
            case _:
                terms = self.terms(line, inside)
                single = PRODUCT if " " in terms[0] else ATOM
                return " + ".join(terms), SUM if len(terms) > 1 else single

    def _is_mean(self, name: str) -> bool:
        """Whether an array has become a sum over samples, where it is read after them."""
        return name in self.averaged and self.apart.get(name) == 1 and self.exact

    def terms(self, line: Instruction, here: Mapping[str, int]) -> list[str]:
        """The terms of a sum."""
        read = arguments(line)
        axes = dict.fromkeys(axis for array in read for axis in array.axes if axis not in here)
        found = []
        for index in indices(tuple(axes), self.sizes):
            there = {**here, **dict(zip(axes, index, strict=True))}
            factors = [
                self.names.of[array.name, tuple(there[axis] for axis in array.axes)]
                for array in read
            ]
            found.append(" * ".join(factors))
        return found

    def places(self, array: Array, here: Mapping[str, int]) -> Iterator[tuple[int, ...]]:
        axes = tuple(axis for axis in array.axes if axis not in here)
        for index in indices(axes, self.sizes):
            there = {**here, **dict(zip(axes, index, strict=True))}
            yield tuple(there[axis] for axis in array.axes)


def change(line: Map, old: str | None) -> tuple[str, sympy.Expr]:
    """-= and x of old - x, += and x of old + x; a formula that is neither, and no sign."""
    symbol = next((x.symbol for x in line.arguments if x.name == old), None)
    if symbol not in sympy.Add.make_args(line.formula):
        return "", line.formula
    change = line.formula - symbol
    return ("-=", -change) if change.could_extract_minus_sign() else ("+=", change)


def scalars(function: Function) -> frozenset[sympy.Symbol]:
    arrays = (*function.parameters, *(line.target for line in function.body))
    return frozenset(x.symbol for x in arrays if not x.axes)


def _short(function: Function, sizes: Mapping[str, int]) -> Function:
    """The function with a name for the longest part of each formula that is too long for a line."""
    work = Body(function, dict(sizes))
    for line in function.body:
        while isinstance(line, Map):
            names = {x.symbol: _longest(x, sizes) for x in (*line.arguments, line.target)}
            room = WIDTH - INDENT - len(f"{names[line.target.symbol][0]} -= ")
            formulas = Formulas(Bounds(work.done, sizes))
            length = _measure(formulas, names, exact=not function.overwrites)
            _, formula = change(line, dict(function.overwrites).get(line.target.name))
            if length(formula) <= room:
                break
            sure, all_parts = _parts_to_name(line.formula)
            fitting = [x for x in sure if length(x) <= room]
            # In the end what stands in a branch, too; rather sums and products than functions.
            fitting = fitting or [x for x in all_parts if length(x) <= room]
            if not fitting:
                break
            longest = max(
                fitting, key=lambda x: (not x.has(sympy.Function), not negative(x), length(x))
            )
            made = work.put(longest, line)
            line = read_again(line, line.formula.xreplace({longest: made.symbol}), made)
        work.done.append(line)
    return replace(function, body=tuple(work.done))


def _measure(
    formulas: Formulas, names: Mapping[sympy.Symbol, Piece], *, exact: bool
) -> Callable[[sympy.Expr], int]:
    return lambda x: len(formulas.text(x, names, exact=exact)[0])


def _last_gradient(function: Function) -> int:
    """The place of the last line before the updates."""
    found = [i for i, x in enumerate(function.body) if x.equation and " of " not in x.equation]
    return max(found, default=-1)


def _parts_to_name(formula: sympy.Expr) -> tuple[list[sympy.Expr], list[sympy.Expr]]:
    """The parts of a formula that are computed in any case, and all parts."""

    def parts(x: sympy.Basic, *, branches: bool) -> Iterator[sympy.Expr]:
        if isinstance(x, sympy.Expr) and x.args and x != formula and not x.is_number:
            yield x
        values = isinstance(x, sympy.Piecewise) and not branches
        for part in (condition for _, condition in x.args) if values else x.args:
            yield from parts(part, branches=branches)

    return list(parts(formula, branches=False)), list(parts(formula, branches=True))


def _longest(array: Array, sizes: Mapping[str, int]) -> Piece:
    """An entry with the most digits."""
    return entry_name(array, tuple(sizes[plain(axis)] for axis in array.axes), sizes), ATOM


# --- comments and sums ---------------------------------------------------------------------


def comment(parts: Iterable[str]) -> str:
    """Comments, each wrapped anew."""
    lines = []
    for part in parts:
        for text in _unwrapped(part).split("\n"):
            wrapped = textwrap.wrap(text, WIDTH - INDENT - 2, subsequent_indent="    ")
            lines += wrapped
    return "\n".join(lines)


def _unwrapped(text: str) -> str:
    """A comment in one line, though it was wrapped for another place."""
    return re.sub(r"\n *# *", " ", text)


def _sums(terms: Sequence[str], room: int) -> Iterator[str]:
    """A sum in pieces that fit."""
    text = terms[0]
    for term in terms[1:]:
        if len(f"{text} + {term}") > room:
            yield text
            text = term
        else:
            text += f" + {term}"
    yield text
