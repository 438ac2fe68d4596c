"""One instruction, one line of NumPy: samples stand in rows, as in the X of scikit-learn.

A Contract of two arrays becomes a matrix product with the transposes that its axes ask for, a Map
an expression, a Reduce a sum or a maximum over an axis. A temporary that is read once is written
where it is read: `z2 = a1 @ w2.T + b2`. A formula too long for a line comes in several.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

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


def needs_erf(program: Program) -> bool:
    """Whether a formula in the program has the error function, which NumPy lacks."""
    lines = (line for function in program.functions for line in function.body)
    return any(line.formula.has(sympy.erf) for line in lines if isinstance(line, Map))


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
        # The gradients go with the names of parameters, be there only one.
        returns=results(returned, INDENT, always=function.name == "gradients") if returned else "",
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
    overwritten = dict(function.overwrites)
    waiting: dict[str, Piece] = {}
    gone: set[str] = set()
    names = _temporaries(function)
    said = ""
    pending: list[tuple[str, str]] = []
    for line in function.body:
        stale = [array.name for array in arguments(line) if array.name in gone]
        if stale:
            raise ProgramError(f"{function.name}: {line} reads {stale[0]} after its update")
        target = line.target.name
        if target in overwritten:
            code = [_update(line, overwritten[target], waiting)]
            gone.add(overwritten[target])
        else:
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
    at = {line.target.name: position for position, line in enumerate(function.body)}
    updated = {old: at[new] for new, old in function.overwrites}
    for line in function.body:
        name = line.target.name
        readers = reads.get(name, [])
        if line.equation or name in results_ or len(readers) != 1:
            continue
        (reader,) = readers
        # What is written further down must not meet a parameter after its update.
        updates = (updated.get(array.name, len(at)) for array in arguments(line))
        if min(updates, default=len(at)) < at[reader.target.name]:
            continue
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
                for name, part in _in_parts(
                    formula, lambda x: len(piece(x, parts, scalars)[0]), room, names
                )
            )
        case Reduce(_, how, argument, _):
            return ((target.name, (f"{argument.name}.{how}({_axis(argument, target)})", ATOM)),)


# What is not computed twice in a line.
_COSTLY = (sympy.exp, sympy.log, sympy.erf, sympy.tanh, sympy.sin, sympy.cos)


def _in_parts(
    formula: sympy.Expr, length: Callable[[sympy.Expr], int], room: int, names: Iterator[str]
) -> list[tuple[sympy.Symbol | None, sympy.Expr]]:
    """A formula as several, each with its name; the last, without one, is the formula itself.

    What stands beside branches gets a name, since each branch holds it, and in a formula that is
    too long for its line, or has a costly function twice, what occurs twice; then whatever is
    longest.
    """
    symbols = (sympy.Symbol(name, real=True) for name in names)
    lines: list[tuple[sympy.Symbol | None, sympy.Expr]] = []

    def name_factors(product: sympy.Mul) -> sympy.Expr:
        branches = next(part for part in product.args if isinstance(part, sympy.Piecewise))
        rest = sympy.Mul(*(part for part in product.args if part is not branches))
        if not rest.args or sum(value != 0 for value, _ in branches.args) < 2:
            return product
        lines.append((next(symbols), rest))
        return lines[-1][0] * branches

    formula = formula.replace(
        lambda x: isinstance(x, sympy.Mul) and any(isinstance(y, sympy.Piecewise) for y in x.args),
        name_factors,
    )
    functions = [x for x in sympy.preorder_traversal(formula) if isinstance(x, _COSTLY)]
    if length(formula) > room or len(functions) > len(set(functions)):
        shared, (formula,) = sympy.cse(formula, symbols)
        # A number needs no name, and a condition has none.
        unnamed: dict[sympy.Symbol, sympy.Basic] = {}
        for name, value in shared:
            value = value.xreplace(unnamed)
            if value.is_number or isinstance(value, sympy.logic.boolalg.Boolean):
                unnamed[name] = value
            else:
                lines.append((name, value))
        formula = formula.xreplace(unnamed)
    short: list[tuple[sympy.Symbol | None, sympy.Expr]] = []
    for name, part in (*lines, (None, formula)):
        while length(part) > room:
            inside = (x for x in sympy.preorder_traversal(part) if isinstance(x, sympy.Expr))
            fitting = [x for x in inside if x.args and not x.is_number and length(x) <= room]
            if not fitting:
                break
            longest = max(fitting, key=length)
            short.append((next(symbols), longest))
            part = part.xreplace({longest: short[-1][0]})
        short.append((name, part))
    return short


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
