"""One instruction, one line of NumPy: samples stand in rows, as in the X of scikit-learn.

A Contract of two arrays becomes a matrix product with the transposes that its axes ask for, a Map
an expression, a Reduce a sum or a maximum over an axis. A temporary that is read once is written
where it is read: `z2 = a1 @ w2.T + b2`. A formula too long for a line comes in several.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping

import sympy

from symnet.backends.backend import FunctionText, Line
from symnet.backends.python_text import (
    ATOM,
    PRODUCT,
    WIDTH,
    Piece,
    analytic,
    call,
    in_parts,
    piece,
    results,
)
from symnet.program.ir import (
    Array,
    Contract,
    Function,
    Instruction,
    Map,
    Program,
    ProgramError,
    Reduce,
    arguments,
)

INDENT = 4

DOCSTRINGS = {
    "forward": "The activations of the output layer, a row for each sample (row) of a1.",
    "cost": "The cost, its mean over the m samples.",
    "loss": "The cost of each sample by its outputs alone, without penalties.",
    "penalty": "What the penalties add to the cost.",
    "rate": "The learning rate of step t.",
}


def functions(program: Program, comments: Mapping[str, str]) -> tuple[FunctionText, ...]:
    """The functions of a program as text; `comments` has a line for each equation."""
    return tuple(
        _function(function, comments)
        for function in program.functions
        if function.name in DOCSTRINGS
    )


def holds_for_complex(program: Program) -> bool:
    """Whether the functions can be checked by complex step."""
    functions_ = (f for f in program.functions if f.name in DOCSTRINGS and f.name != "rate")
    lines = (line for function in functions_ for line in function.body)
    return all(analytic(line.formula) for line in lines if isinstance(line, Map))


def needs_erf(program: Program) -> bool:
    """Whether a formula in the program has the error function, which NumPy lacks."""
    lines = (line for function in program.functions for line in function.body)
    return any(line.formula.has(sympy.erf) for line in lines if isinstance(line, Map))


def _function(function: Function, comments: Mapping[str, str]) -> FunctionText:
    if function.overwrites:
        raise ProgramError(f"{function.name}: what is overwritten is no expression")
    names = tuple(parameter.name for parameter in function.parameters)
    kept = tuple(result.name for result in function.results)
    return FunctionText(
        name=f"_{function.name}",
        signature=call(f"def _{function.name}", names, ":"),
        docstring=DOCSTRINGS[function.name],
        lines=tuple(_lines(function, comments)),
        returns=results(kept, INDENT),
        ignored="all" if any(map(_partial, function.body)) else "over",
    )


def _partial(line: Instruction) -> bool:
    """Whether a branch has no value in places where another branch is taken: all are computed."""
    if not isinstance(line, Map):
        return False
    branches = (v for x in line.formula.atoms(sympy.Piecewise) for v, _ in x.args)
    return any(_somewhere_undefined(branch) for branch in branches)


def _somewhere_undefined(formula: sympy.Expr) -> bool:
    powers = (x.exp for x in formula.atoms(sympy.Pow))
    roots = any(not (x.is_Integer and x.is_nonnegative) for x in powers)
    return roots or formula.has(sympy.log, sympy.asin, sympy.acos, sympy.tan)


def _lines(function: Function, comments: Mapping[str, str]) -> Iterable[Line]:
    inlined = _inlined(function)
    waiting: dict[str, Piece] = {}
    names = _temporaries(function)
    said = ""
    pending: list[tuple[str, str]] = []
    for line in function.body:
        target = line.target.name
        *before, (_, right) = _right(line, waiting, names)
        if target in inlined and not before and len(right[0]) + INDENT < WIDTH * 3 // 5:
            waiting[target] = right
            continue
        code = [f"{name} = {text}" for name, (text, _) in (*before, (target, right))]
        # Temporaries stand under the equation that they are for: the next one named.
        pending += ((line.equation, each) for each in code)
        if not line.equation:
            continue
        comment = comments[line.equation]
        for number, (_, text) in enumerate(pending):
            yield Line(comment if number == 0 and comment != said else "", text)
        said = comment
        pending = []
    yield from (Line("", code) for _, code in pending)


def _inlined(function: Function) -> set[str]:
    """Temporaries that are read and written once, by a Map, which does not broadcast them."""
    reads: dict[str, list[Instruction]] = {}
    for line in function.body:
        for array in arguments(line):
            reads.setdefault(array.name, []).append(line)
    found = set()
    results_ = {result.name for result in function.results}
    for line in function.body:
        name = line.target.name
        readers = reads.get(name, [])
        if line.equation or name in results_ or len(readers) != 1:
            continue
        (reader,) = readers
        if isinstance(reader, Map) and reader.target.axes == line.target.axes:
            text = piece(reader.formula, {}, _scalars(reader.arguments))[0]
            if len(re.findall(rf"\b{name}\b", text)) == 1:
                found.add(name)
    return found


def _temporaries(function: Function) -> Iterator[str]:
    """t1, t2, …, from the first that the function does not use."""
    used = (re.fullmatch(r"t(\d+)", line.target.name) for line in function.body)
    first = max((int(match[1]) for match in used if match), default=0) + 1
    return (f"t{number}" for number in itertools.count(first))


# --- one line ------------------------------------------------------------------------------

Named = tuple[str, Piece]  # a name, and the text that is assigned to it


def _right(
    line: Instruction, waiting: Mapping[str, Piece], names: Iterator[str]
) -> tuple[Named, ...]:
    """What a line assigns, and before it what it needs for that."""
    target = line.target
    match line:
        case Contract():
            return ((target.name, _contract(line)),)
        case Map(_, formula, read, _):
            parts, scalars = _parts(read, target, waiting), _scalars(read)
            room = WIDTH - INDENT - len(f"{target.name} = ")
            return tuple(
                (str(name) if name else target.name, piece(part, parts, scalars))
                for name, part in in_parts(
                    formula, lambda x: len(piece(x, parts, scalars)[0]), room, names
                )
            )
        case Reduce(_, how, argument, _):
            return ((target.name, (f"{argument.name}.{how}({_axis(argument, target)})", ATOM)),)
    raise ProgramError(f"{line} is for arrays that are laid out in memory, and no expression")


def _parts(
    read: Iterable[Array], target: Array, waiting: Mapping[str, Piece]
) -> dict[sympy.Symbol, Piece]:
    return {array.symbol: _broadcast(array, target, waiting) for array in read}


def _scalars(read: Iterable[Array]) -> frozenset[sympy.Symbol]:
    return frozenset(array.symbol for array in read if not array.axes)


def _broadcast(array: Array, target: Array, waiting: Mapping[str, Piece]) -> Piece:
    """An array as it must stand to be broadcast over the target's axes."""
    if array.name in waiting:
        return waiting[array.name]
    ordered = tuple(axis for axis in target.axes if axis in array.axes)
    text = array.name
    if ordered != array.axes:
        text += ".T"
        if ordered != array.axes[::-1]:
            raise ProgramError(f"{array} cannot be laid out as {target}")
    # NumPy adds missing axes in front by itself; behind an axis they must be named.
    first = next((i for i, axis in enumerate(target.axes) if axis in array.axes), len(target.axes))
    missing = [axis not in array.axes for axis in target.axes[first:]]
    if any(missing):
        text += "[" + ", ".join("None" if gap else ":" for gap in missing) + "]"
    return text, ATOM


def _axis(argument: Array, target: Array) -> str:
    """axis=1, or nothing where every axis goes."""
    lost = [i for i, axis in enumerate(argument.axes) if axis not in target.axes]
    if len(lost) == len(argument.axes):
        return ""
    if len(lost) > 1:
        return f"axis=({', '.join(map(str, lost))})"
    return f"axis={lost[0]}"


def _contract(line: Contract) -> Piece:
    product = _matrix_product(line)
    if product is not None:
        return product
    if len(line.factors) == 2:
        x, y = line.factors
        whole = Array("", max(x.axes, y.axes, key=len))
        in_order = tuple(axis for axis in whole.axes if axis in line.target.axes)
        if set(x.axes) | set(y.axes) == set(whole.axes) and in_order == line.target.axes:
            # Σ over axes that both have: an elementwise product, summed.
            text = " * ".join(_broadcast(array, whole, {})[0] for array in (x, y))
            if whole.axes == line.target.axes:
                return text, PRODUCT
            return f"({text}).sum({_axis(whole, line.target)})", ATOM
    letters = {
        axis: chr(ord("a") + i)
        for i, axis in enumerate(
            dict.fromkeys(axis for array in line.factors for axis in array.axes)
        )
    }
    spelled = [
        "".join(letters[axis] for axis in array.axes) for array in (*line.factors, line.target)
    ]
    names = ", ".join(array.name for array in line.factors)
    return f'np.einsum("{",".join(spelled[:-1])}->{spelled[-1]}", {names})', ATOM


def _matrix_product(line: Contract) -> Piece | None:
    """x @ y, where one axis is summed and every other belongs to one factor alone."""
    if len(line.factors) != 2:
        return None
    x, y = line.factors
    shared = set(x.axes) & set(y.axes)
    if len(shared) != 1 or shared & set(line.target.axes) or max(len(x.axes), len(y.axes)) > 2:
        return None
    (summed,) = shared
    kept = {array: [axis for axis in array.axes if axis != summed] for array in (x, y)}
    if [axis for axis in line.target.axes if axis in kept[y]] == list(
        line.target.axes[:1]
    ) and kept[y]:
        x, y = y, x
    if [*kept[x], *kept[y]] != list(line.target.axes):
        return None
    left = x.name + (".T" if len(x.axes) == 2 and x.axes[0] == summed else "")
    right = y.name + (".T" if len(y.axes) == 2 and y.axes[1] == summed else "")
    return f"{left} @ {right}", PRODUCT
