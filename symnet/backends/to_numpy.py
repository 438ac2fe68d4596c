"""One instruction, one line of NumPy: samples stand in rows, as in the X of scikit-learn.

A Contract of two arrays becomes a matrix product with the transposes that its axes ask for, a Map
an expression, a Reduce a sum or a maximum over an axis. A temporary that is read once is written
where it is read: `z2 = a1 @ w2.T + b2`.
"""

from collections.abc import Iterable, Mapping

import sympy

from symnet.backends.backend import FunctionText, Line
from symnet.backends.python_text import (
    ATOM,
    PRODUCT,
    WIDTH,
    Piece,
    analytic,
    call,
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
    "gradients": "The gradients of the cost by every parameter, their means over the m samples.",
    "step": "One update of every parameter, in place.",
}


def functions(program: Program, comments: Mapping[str, str]) -> tuple[FunctionText, ...]:
    """The functions of a program as text; `comments` has a line for each equation."""
    return tuple(_function(function, comments) for function in program.functions)


def holds_for_complex(program: Program) -> bool:
    """Whether the functions can be checked by complex step."""
    lines = (line for function in program.functions for line in function.body)
    return all(analytic(line.formula) for line in lines if isinstance(line, Map))


def _function(function: Function, comments: Mapping[str, str]) -> FunctionText:
    names = tuple(parameter.name for parameter in function.parameters)
    kept = tuple(result.name for result in function.results)
    overwritten = dict(function.overwrites)
    returned = tuple(name for name in kept if name not in overwritten)
    return FunctionText(
        name=f"_{function.name}",
        signature=call(f"def _{function.name}", names, ":"),
        docstring=DOCSTRINGS[function.name],
        lines=tuple(_lines(function, comments)),
        returns=results(returned, INDENT) if returned else "",
    )


def _lines(function: Function, comments: Mapping[str, str]) -> Iterable[Line]:
    inlined = _inlined(function)
    overwritten = dict(function.overwrites)
    waiting: dict[str, Piece] = {}
    gone: set[str] = set()
    said = ""
    pending: list[tuple[str, str]] = []
    for line in function.body:
        stale = [array.name for array in arguments(line) if array.name in gone]
        if stale:
            raise ProgramError(f"{function.name}: {line} reads {stale[0]} after its update")
        right = _right(line, waiting)
        target = line.target.name
        if target in overwritten:
            code = _update(line, overwritten[target], waiting)
            gone.add(overwritten[target])
        elif target in inlined and len(right[0]) + INDENT < WIDTH * 3 // 5:
            waiting[target] = right
            continue
        else:
            code = f"{target} = {right[0]}"
        # Temporaries stand under the equation that they are for: the next one named.
        pending.append((line.equation, code))
        if not line.equation:
            continue
        comment = comments[line.equation]
        for number, (_, text) in enumerate(pending):
            yield Line(comment if number == 0 and comment != said else "", text)
        said = comment
        pending = []
    yield from (Line("", code) for _, code in pending)


def _inlined(function: Function) -> set[str]:
    """Temporaries that are read once, by a Map, which does not broadcast them."""
    reads: dict[str, list[Instruction]] = {}
    for line in function.body:
        for array in arguments(line):
            reads.setdefault(array.name, []).append(line)
    found = set()
    results_ = {result.name for result in function.results}
    for line in function.body:
        readers = reads.get(line.target.name, [])
        if line.equation or line.target.name in results_ or len(readers) != 1:
            continue
        (reader,) = readers
        if isinstance(reader, Map) and reader.target.axes == line.target.axes:
            found.add(line.target.name)
    return found


# --- one line ------------------------------------------------------------------------------


def _right(line: Instruction, waiting: Mapping[str, Piece]) -> Piece:
    match line:
        case Contract():
            return _contract(line)
        case Map(target, formula, read, _):
            return piece(formula, _parts(read, target, waiting), _scalars(read))
        case Reduce(target, how, argument, _):
            return f"{argument.name}.{how}({_axis(argument, target)})", ATOM


def _update(line: Instruction, old: str, waiting: Mapping[str, Piece]) -> str:
    """new = old - x as `old -= x`: the parameter keeps its memory."""
    if not isinstance(line, Map):
        raise ProgramError(f"{line}: a parameter is updated by a Map")
    parts, scalars = _parts(line.arguments, line.target, waiting), _scalars(line.arguments)
    symbol = next(array.symbol for array in line.arguments if array.name == old)
    change = line.formula - symbol
    if change.has(symbol):
        return f"{old}[...] = {piece(line.formula, parts, scalars)[0]}"
    if change.could_extract_minus_sign():
        return f"{old} -= {piece(-change, parts, scalars)[0]}"
    return f"{old} += {piece(change, parts, scalars)[0]}"


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
        if set(x.axes) | set(y.axes) == set(whole.axes):
            # Σ over axes that both have: an elementwise product, summed.
            text = " * ".join(_broadcast(array, whole, {})[0] for array in (x, y))
            lost = _axis(whole, line.target)
            if whole.axes == line.target.axes:
                return text, PRODUCT
            return f"({text}).sum({lost})", ATOM
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
