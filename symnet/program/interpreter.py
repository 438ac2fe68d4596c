"""What a program means: evaluate it with np.einsum, slowly and plainly.

Every pass and every backend is judged by this. Nothing here is clever, and SymPy's formulas are
evaluated node by node.
"""

import functools
import math
from collections.abc import Iterable, Mapping

import numpy as np
import sympy
from numpy.typing import NDArray

from symnet.floating import fraction
from symnet.program.ir import Accumulate, Array, Contract, Function, Join, Map, Reduce, Slice

# NumPy's names of functions, where they are not SymPy's.
NAMES = {
    sympy.Abs: "abs",
    sympy.asin: "arcsin",
    sympy.acos: "arccos",
    sympy.atan: "arctan",
    sympy.asinh: "arcsinh",
    sympy.acosh: "arccosh",
    sympy.atanh: "arctanh",
    sympy.Heaviside: "heaviside",
}

Values = Mapping[str, NDArray[np.floating] | float]


def interpret(function: Function, values: Values) -> dict[str, NDArray[np.floating]]:
    """The results of a function for given parameters, by the results' names."""
    known = {name: np.asarray(value) for name, value in values.items()}
    for line in function.body:
        match line:
            case Contract(target, factors, _) | Accumulate(target, factors, _, _, _):
                letters = _letters(axis for array in (target, *factors) for axis in array.axes)
                inputs = ",".join(_spelled(array, letters) for array in factors)
                subscripts = f"{inputs}->{_spelled(target, letters)}"
                value = np.einsum(subscripts, *(known[array.name] for array in factors))
                if isinstance(line, Contract) and line.scale != 1:
                    value = value * float(line.scale)
                if isinstance(line, Accumulate):
                    value = known[line.onto.name] + known[line.scale.name] * value
            case Map(target, formula, arguments, _):
                aligned = {
                    array.symbol: _align(known[array.name], array, target) for array in arguments
                }
                sizes = {
                    axis: size
                    for array in arguments
                    for axis, size in zip(array.axes, known[array.name].shape, strict=True)
                }
                shape = tuple(sizes[axis] for axis in target.axes)
                value = np.broadcast_to(evaluate(formula, aligned), shape)
            case Reduce(target, how, argument, _):
                lost = tuple(i for i, axis in enumerate(argument.axes) if axis not in target.axes)
                whole = known[argument.name]
                reduced = whole.sum(axis=lost) if how == "sum" else whole.max(axis=lost)
                kept = Array(argument.name, tuple(a for a in argument.axes if a in target.axes))
                value = _align(reduced, kept, target)
            case Join(_, part, last, _):
                ends = known[part.name].take([-1], axis=line.axis)
                more = np.ones_like(ends) if last is None else np.empty_like(ends)
                if last is not None:
                    more[...] = np.expand_dims(known[last.name], line.axis)
                value = np.concatenate([known[part.name], more], axis=line.axis)
            case Slice(_, whole, _):
                length = known[whole.name].shape[line.axis]
                taken = length - 1 if line.last else range(length - 1)
                value = known[whole.name].take(taken, axis=line.axis)
        known[line.target.name] = np.asarray(value)
    return {result.name: known[result.name] for result in function.results}


def evaluate(
    formula: sympy.Expr, values: Mapping[sympy.Symbol, NDArray[np.floating]]
) -> NDArray[np.floating]:
    """A SymPy formula entry by entry, node by node; x/y is a quotient: 49 · (1/49) is not 1."""
    if isinstance(formula, sympy.Mul):
        above, below = fraction(formula)
        if below != 1:
            return np.asarray(evaluate(above, values) / evaluate(below, values))
    parts = (
        [evaluate(part, values) for part in formula.args if not isinstance(part, tuple)]
        if not isinstance(formula, sympy.Piecewise)
        else []
    )
    match formula:
        case sympy.Symbol():
            return values[formula]
        case sympy.Add():
            return np.asarray(sum(parts))
        case sympy.Mul():
            return np.asarray(np.prod(np.broadcast_arrays(*parts), axis=0))
        case sympy.Pow():
            return np.asarray(parts[0] ** parts[1])
        case sympy.Piecewise():
            chosen = np.asarray(np.nan)
            for value, condition in reversed(formula.args):
                holds = _holds(condition, values)
                chosen = np.where(holds, evaluate(value, values), chosen)
            return chosen
        case sympy.Max() | sympy.Min():
            extreme = np.maximum if isinstance(formula, sympy.Max) else np.minimum
            return np.asarray(functools.reduce(extreme, parts))
        case sympy.erf():
            return np.asarray(np.vectorize(math.erf, otypes=[float])(parts[0]))
        case sympy.Function():
            return np.asarray(getattr(np, NAMES.get(formula.func, formula.func.__name__))(*parts))
    return np.asarray(float(formula))


def _holds(
    condition: sympy.Basic, values: Mapping[sympy.Symbol, NDArray[np.floating]]
) -> NDArray[np.bool_]:
    if condition in (sympy.true, sympy.false):
        return np.asarray(bool(condition))
    if isinstance(condition, sympy.And | sympy.Or | sympy.Not):
        parts = [_holds(part, values) for part in condition.args]
        if isinstance(condition, sympy.Not):
            return np.asarray(~parts[0])
        join = np.logical_and if isinstance(condition, sympy.And) else np.logical_or
        return np.asarray(functools.reduce(join, parts))
    left, right = (evaluate(side, values) for side in condition.args)
    compare = {
        "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
        "==": np.equal, "!=": np.not_equal,
    }  # fmt: skip
    return np.asarray(compare[condition.rel_op](left, right))


def _align(value: NDArray[np.floating], array: Array, target: Array) -> NDArray[np.floating]:
    """The array with its axes in the target's order, and length 1 where it lacks one."""
    order = [array.axes.index(axis) for axis in target.axes if axis in array.axes]
    ordered = np.transpose(value, order)
    shape = iter(ordered.shape)
    return ordered.reshape([next(shape) if axis in array.axes else 1 for axis in target.axes])


def _letters(axes: Iterable[str]) -> dict[str, str]:
    return {axis: chr(ord("a") + i) for i, axis in enumerate(dict.fromkeys(axes))}


def _spelled(array: Array, letters: Mapping[str, str]) -> str:
    return "".join(letters[axis] for axis in array.axes)
