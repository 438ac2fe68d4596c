"""The program: a handful of records in which an instruction *is* its index equation.

Axes are names, never positions: `dw2[n2,n1] = Σ_m d2[m,n2] a1[m,n1]` needs no transpose and no
subscripts string, and a batch is one more axis `m`. A sum runs over every axis that the target
lacks. The order of an array's axes is its order in memory. `n2'` is a second index over n2.

>>> w, a, z = Array("w2", ("n2", "n1")), Array("a1", ("n1",)), Array("z2", ("n2",))
>>> print(Contract(z, (w, a)))
z2[n2] = Σ_n1 w2[n2,n1] a1[n1]
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, assert_never

import sympy


@cache
def _symbol(name: str) -> sympy.Symbol:
    return sympy.Symbol(name, real=True)


@dataclass(frozen=True, slots=True)
class Array:
    """An array by its name and the names of its axes; as an argument, how it is indexed there."""

    name: str
    axes: tuple[str, ...] = ()

    @property
    def symbol(self) -> sympy.Symbol:
        """What stands for the array's entry in the formula of a Map: z2, or z2[n2'] over n2'."""
        second = any(axis.endswith("'") for axis in self.axes)
        return _symbol(str(self) if second else self.name)

    def __str__(self) -> str:
        return f"{self.name}[{','.join(self.axes)}]" if self.axes else self.name


@dataclass(frozen=True, slots=True)
class Contract:
    """target = scale Σ Π factors, over every axis that the target lacks."""

    target: Array
    factors: tuple[Array, ...]
    equation: str = ""  # the equation that this line works on; "" for a temporary
    scale: sympy.Rational = sympy.S.One

    def __str__(self) -> str:
        axes = _missing(self.target, self.factors)
        total = f"Σ_{','.join(axes)} " if axes else ""
        scale = "" if self.scale == 1 else f"{self.scale} "
        return f"{self.target} = {scale}{total}{' '.join(map(str, self.factors))}"


@dataclass(frozen=True, slots=True)
class Map:
    """target = formula of the arguments, entry by entry, broadcast by the names of axes."""

    target: Array
    formula: sympy.Expr
    arguments: tuple[Array, ...]
    equation: str = ""

    def __str__(self) -> str:
        shown = {x.symbol: sympy.Symbol(str(x)) for x in self.arguments}
        return f"{self.target} = {self.formula.xreplace(shown)}"


@dataclass(frozen=True, slots=True)
class Reduce:
    """target = the sum or the maximum of the argument over every axis that the target lacks."""

    target: Array
    how: str
    argument: Array
    equation: str = ""

    def __str__(self) -> str:
        sign = {"sum": "Σ"}.get(self.how, self.how)
        axes = ",".join(_missing(self.target, (self.argument,)))
        return f"{self.target} = {sign}_{axes} {self.argument}"


@dataclass(frozen=True, slots=True)
class Join:
    """target = the part, and in one more place along an axis, at its end, the `last`, or 1.

    A2[n2+,m] = a2[n2,m], then 1: so a bias becomes one more weight of what is always 1.
    """

    target: Array
    part: Array
    last: Array | None
    equation: str = ""

    @property
    def axis(self) -> int:
        """Which axis of the target is the longer one."""
        return next(i for i, axis in enumerate(self.target.axes) if axis.endswith("+"))

    def __str__(self) -> str:
        return f"{self.target} = {self.part}, then {self.last or 1}"


@dataclass(frozen=True, slots=True)
class Accumulate:
    """target = onto + scale Σ Π factors: what a matrix product of BLAS adds to what is there."""

    target: Array
    factors: tuple[Array, ...]
    scale: Array
    onto: Array
    equation: str = ""

    def __str__(self) -> str:
        product = str(Contract(self.target, self.factors)).partition(" = ")[2]
        return f"{self.target} = {self.onto} + {self.scale} {product}"


@dataclass(frozen=True, slots=True)
class Slice:
    """target = the whole but its last place along the longer axis, or that place alone."""

    target: Array
    whole: Array
    equation: str = ""

    @property
    def axis(self) -> int:
        """Which axis of the whole is the longer one."""
        return next(i for i, axis in enumerate(self.whole.axes) if axis.endswith("+"))

    @property
    def last(self) -> bool:
        """Whether it is the last place."""
        return len(self.target.axes) < len(self.whole.axes)

    def __str__(self) -> str:
        which = "the last of" if self.last else "all but the last of"
        return f"{self.target} = {which} {self.whole}"


Instruction = Contract | Map | Reduce | Join | Slice | Accumulate


@dataclass(frozen=True, slots=True)
class Function:
    """Straight-line code: each name is assigned once.

    `overwrites` pairs a result with the parameter whose memory it takes over: so a step updates
    the weights.
    """

    name: str
    parameters: tuple[Array, ...]
    body: tuple[Instruction, ...]
    results: tuple[Array, ...]
    overwrites: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        head = f"{self.name}({', '.join(map(str, self.parameters))})"
        results = ", ".join(x.name for x in self.results)
        lines = [f"{head} -> {results}", *(f"    {line}" for line in self.body)]
        lines += [f"    {old} is overwritten by {new}" for new, old in self.overwrites]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Program:
    """Functions over axes of given sizes (an open one is a letter); `history` names the passes."""

    network: str
    sizes: tuple[tuple[str, int | str], ...]
    functions: tuple[Function, ...]
    history: tuple[str, ...] = ()

    def function(self, name: str) -> Function:
        """The function of that name."""
        return next(function for function in self.functions if function.name == name)

    def __str__(self) -> str:
        sizes = ", ".join(f"{axis} = {size}" for axis, size in self.sizes)
        passes = ", ".join(self.history) or "none"
        functions = "\n\n".join(map(str, self.functions))
        return f"program for {self.network}: {sizes}\npasses: {passes}\n\n{functions}"


LONGER = "+"  # names an axis with one entry more, for a row of ones
DATA_PART = "data_"  # names what a result is without penalties, which samples do not change


class ProgramError(Exception):
    """The lowering or a pass made a program that means nothing; a defect of ours, not a user's."""


def arguments(instruction: Instruction) -> tuple[Array, ...]:
    """What an instruction reads."""
    match instruction:
        case Contract(_, factors):
            return factors
        case Map(_, _, read):
            return read
        case Reduce(_, _, argument):
            return (argument,)
        case Join(_, part, last):
            return (part,) if last is None else (part, last)
        case Slice(_, whole):
            return (whole,)
        case Accumulate(_, factors, scale, onto):
            return (*factors, scale, onto)
    assert_never(instruction)


def plain(axis: str) -> str:
    """n2' and n2 are indices over one axis."""
    return axis.rstrip("'")


Size = int | sympy.Expr  # how many neurons; where a width is open, a formula in symbols


def open_width(axis: str) -> sympy.Symbol:
    """The number of neurons along an axis whose width is open: n_3 along n3."""
    name, layer = re.fullmatch(r"(.*?)(\d*)", axis).groups()  # type: ignore[union-attr]
    return sympy.Symbol(f"{name}_{layer}", integer=True, positive=True)


def layer_sizes(program: "Program") -> dict[str, Any]:
    """The sizes of axes of neurons: numbers, and where a width is open a symbol, one a letter.

    >>> layer_sizes(Program("n-3-n", (("n1", "n"), ("n2", 3), ("n3", "n"), ("n1+", "n + 1")), ()))
    {'n1': n_1, 'n2': 3, 'n3': n_1, 'n1+': n_1 + 1}
    """
    found: dict[str, Any] = {}
    letters: dict[str, sympy.Symbol] = {}
    for axis, size in program.sizes:
        if isinstance(size, int):
            found[axis] = size
        elif axis[-1:].isdigit():
            found[axis] = letters.setdefault(size, open_width(axis))
        elif axis.endswith(LONGER):
            found[axis] = found[axis.removesuffix(LONGER)] + 1
    return found


def all_known(program: "Program") -> bool:
    """Whether no width is open."""
    return all(isinstance(size, int) for size in layer_sizes(program).values())


def extent(axes: Iterable[str], sizes: Mapping[str, Any]) -> Any:
    """How many entries there are over these axes."""
    return math.prod(sizes[plain(axis)] for axis in axes)


def check(program: Program) -> Program:
    """The program itself, if it is one: names assigned once and before use, axes that fit."""
    sizes = [axis for axis, _ in program.sizes]
    names = [function.name for function in program.functions]
    for repeated in (sizes, names):
        if len(set(repeated)) < len(repeated):
            raise ProgramError(f"a name stands twice among {', '.join(repeated)}")
    for function in program.functions:
        for problem in _problems_of(function, set(sizes)):
            raise ProgramError(f"{function.name}: {problem}")
    return program


def _problems_of(function: Function, sizes: set[str]) -> Iterator[str]:
    known = {parameter.name: parameter.axes for parameter in function.parameters}
    if len(known) < len(function.parameters):
        yield "a parameter stands there twice"
    for parameter in function.parameters:
        yield from (f"axis {x} has no size" for x in parameter.axes if plain(x) not in sizes)
    for line in function.body:
        yield from (f"{line}: {problem}" for problem in _problems(line, known, sizes))
        known[line.target.name] = line.target.axes
    for result in function.results:
        if known.get(result.name) != result.axes:
            yield f"the result {result} is not computed"
    results = [result.name for result in function.results]
    if len(set(results)) < len(results):
        yield "a result stands there twice"
    parameters = {parameter.name for parameter in function.parameters}
    for new, old in function.overwrites:
        if new not in results or old not in parameters or new == old or known[old] != known[new]:
            yield f"{new} cannot take the place of {old}"
    if any(len(set(side)) < len(side) for side in zip(*function.overwrites, strict=True)):
        yield "something is overwritten twice"


def _problems(
    line: Instruction, known: dict[str, tuple[str, ...]], sizes: set[str]
) -> Iterator[str]:
    target, read = line.target, arguments(line)
    if target.name in known:
        yield f"{target.name} is assigned twice"
    for array in (target, *read):
        if len(set(array.axes)) < len(array.axes):
            yield f"{array} has an axis twice"
    for array in read:
        if array.name not in known:
            yield f"{array.name} is not known here"
        elif tuple(map(plain, array.axes)) != tuple(map(plain, known[array.name])):
            yield f"{array} is an array over {', '.join(known[array.name])}"
    # What BLAS adds to what is there is not broadcast: the product has every axis of an Accumulate.
    product = line.factors if isinstance(line, Accumulate) else read
    available = {axis for array in product for axis in array.axes}
    if isinstance(line, Join | Slice):
        if target.axes != _places(line):
            yield "the axes are not those of what is joined or cut"
        available |= set(target.axes)
    yield from (f"axis {axis} comes from nowhere" for axis in target.axes if axis not in available)
    yield from (f"axis {axis} has no size" for axis in available if plain(axis) not in sizes)
    if isinstance(line, Contract | Accumulate) and not line.factors:
        yield "a product of nothing"
    if isinstance(line, Accumulate) and (line.scale.axes or line.onto.axes != target.axes):
        yield "what it is added to has other axes, or the scale has some"
    if isinstance(line, Reduce) and line.how not in ("sum", "max"):
        yield f"{line.how} is no way to reduce"
    if isinstance(line, Map):
        if available - set(target.axes):
            yield "a Map keeps every axis of its arguments"
        symbols = {array.symbol for array in read}
        if len(symbols) < len(read):
            yield "an array stands twice among the arguments of a Map"
        if line.formula.free_symbols != symbols:
            yield "the formula does not use just the arguments"


def _places(line: Join | Slice) -> tuple[str, ...] | None:
    """The axes that the target of a Join or Slice must have; None if there are none such."""
    axes = (line.whole if isinstance(line, Slice) else line.target).axes
    if not any(axis.endswith("+") for axis in axes):
        return None
    longer = line.axis
    if isinstance(line, Slice):
        kept = () if line.last else (axes[longer].removesuffix("+"),)
        return (*axes[:longer], *kept, *axes[longer + 1 :])
    axes = line.part.axes
    rest = tuple(axis for i, axis in enumerate(axes) if i != longer)
    if longer >= len(axes) or (line.last is not None and line.last.axes != rest):
        return None
    return (*axes[:longer], f"{axes[longer]}+", *axes[longer + 1 :])


def _missing(target: Array, read: tuple[Array, ...]) -> list[str]:
    axes = dict.fromkeys(axis for array in read for axis in array.axes)
    return [axis for axis in axes if axis not in target.axes]
