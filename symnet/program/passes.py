"""Passes: Program to Program, one short function each, in the order of PIPELINE.

The law of a pass: what the functions compute stays the same up to rounding. `over_batch` alone
changes it, from one sample to a batch: activations get an axis `m`, the cost and the gradients
become means over it.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import combinations
from typing import assert_never

import sympy

from symnet import floating
from symnet.program.ir import (
    DATA_PART,
    Accumulate,
    Array,
    Contract,
    Function,
    Instruction,
    Join,
    Map,
    Program,
    Reduce,
    Slice,
    arguments,
    check,
    plain,
)

Pass = Callable[[Program], Program]

WEIGHT = "weight"  # how much a sample counts, beside 1 of the others
DATA = ("a1", "y", WEIGHT)  # what differs from sample to sample
SAMPLES = "m"  # the axis of the samples, and the number of them


def over_batch(program: Program) -> Program:
    """x[n] -> x[m,n] for whatever depends on the data; c, ∂C/∂w -> their means (1/m) Σ_m.

    One matrix product for all samples instead of one each. The loss stays one for each sample.
    """
    averaged = {
        name
        for function in ("cost", "gradients")
        for line in (program.function(function).results)
        for name in (line.name, DATA_PART + line.name)
    }
    functions = tuple(_over_batch(function, averaged) for function in program.functions)
    return replace(program, sizes=((SAMPLES, SAMPLES), *program.sizes), functions=functions)


def _over_batch(function: Function, averaged: set[str]) -> Function:
    # Whatever the cost of outputs that are there already reads belongs to a sample.
    each = function.name == "loss"
    batched = {x.name for x in function.parameters} if each else set(DATA)
    body: list[Instruction] = []
    for line in function.body:
        depends = any(array.name in batched for array in arguments(line))
        read = tuple(_with_samples(array, batched) for array in arguments(line))
        target = line.target
        if target.name in averaged and depends and not each:
            total = Array(f"{target.name}_sum", target.axes)
            body += _total(line, read, total)
            m = Array(SAMPLES)
            body.append(Map(target, total.symbol / m.symbol, (total, m), line.equation))
        else:
            if depends:
                batched.add(target.name)
                target = _with_samples(target, batched)
            body.append(reading(line, target, read))
    parameters = [_with_samples(array, batched) for array in function.parameters]
    if any(array.name == SAMPLES for line in body for array in arguments(line)):
        last = max(i for i, array in enumerate(parameters) if array.name in DATA)
        parameters.insert(last + 1, Array(SAMPLES))
    results = tuple(_with_samples(array, batched) for array in function.results)
    return replace(function, parameters=tuple(parameters), body=tuple(body), results=results)


def _with_samples(array: Array, batched: set[str]) -> Array:
    return Array(array.name, (SAMPLES, *array.axes)) if array.name in batched else array


def _total(line: Instruction, read: tuple[Array, ...], total: Array) -> Iterable[Instruction]:
    """The line summed over the samples."""
    match line:
        case Contract():
            yield Contract(total, read)
        case Reduce(_, "sum", _, _):
            yield Reduce(total, "sum", read[0])
        case Map(_, formula, _, _) if formula == line.arguments[0].symbol:
            yield Reduce(total, "sum", read[0])
        case _:
            each = Array(f"{total.name}_each", (SAMPLES, *total.axes))
            yield reading(line, each, read)
            yield Reduce(total, "sum", each)


def contract_in_pairs(program: Program) -> Program:
    """Σ_jk w_jk a_k d_j -> t_k = Σ_j w_jk d_j, Σ_k a_k t_k: two arrays at a time, as in BLAS."""
    return _each_body(program, _contract_in_pairs)


def _contract_in_pairs(function: Function) -> Function:
    body: list[Instruction] = []
    for line in function.body:
        while isinstance(line, Contract) and len(line.factors) > 2:
            product, rest = _best_pair(line, body)
            body.append(product)
            line = replace(line, factors=rest)
        body.append(line)
    return replace(function, body=tuple(body))


def _best_pair(line: Contract, before: list[Instruction]) -> tuple[Contract, tuple[Array, ...]]:
    """The product to take first, and the factors that are left, its target among them.

    It is the one that leaves the fewest axes; among such, one that was computed before.
    """
    known = [earlier.factors for earlier in before if isinstance(earlier, Contract)]
    options = []
    for i, k in combinations(range(len(line.factors)), 2):
        x, y = line.factors[i], line.factors[k]
        others = tuple(z for position, z in enumerate(line.factors) if position not in (i, k))
        needed = {axis for array in (*others, line.target) for axis in array.axes}
        axes = _samples_first(axis for axis in (*x.axes, *y.axes) if axis in needed)
        # On its own the product needs no second names of axes: n3' alone is n3.
        inside = dict.fromkeys((*x.axes, *y.axes))
        alone = {axis: plain(axis) for axis in inside}
        to = alone if len(set(alone.values())) == len(alone) else {axis: axis for axis in inside}
        pair = tuple(Array(z.name, tuple(to[axis] for axis in z.axes)) for z in (x, y))
        target = tuple(to[axis] for axis in axes)
        options.append(((len(axes), pair not in known), pair, target, axes, others))
    _, pair, target, axes, others = min(options, key=lambda option: option[0])
    name = f"{line.target.name}_{len(line.factors)}"
    return Contract(Array(name, target), pair), (*others, Array(name, axes))


def _samples_first(axes: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(dict.fromkeys(axes), key=lambda axis: axis != SAMPLES))


def steady_logarithms(program: Program) -> Program:
    """ln(1 + e^u) -> max(u, 0) + log1p(e^{-|u|}): no overflow, and exact where e^u is tiny."""

    def change(function: Function) -> Function:
        return replace(function, body=tuple(map(_steady_logarithms, function.body)))

    return _each_body(program, change)


def _steady_logarithms(line: Instruction) -> Instruction:
    if not isinstance(line, Map):
        return line
    return replace(line, formula=floating.steady_logarithms(line.formula))


def merge_equal(program: Program) -> Program:
    """u = f(x), v = f(x) -> u = f(x), v = u; f(x) inside another formula -> u: computed once."""
    return _each_body(program, _merge_equal)


def _merge_equal(function: Function) -> Function:
    body: list[Instruction] = []
    kept = {result.name for result in function.results}
    renamed: dict[str, str] = {}
    computed: dict[Instruction, str] = {}
    known: dict[Array, list[Map]] = {}  # by what they read first
    for line in function.body:
        line = _rename_arguments(line, renamed)
        if not _covers(line):
            return function
        key = _anonymous(line)
        if key in computed and not line.equation and line.target.name not in kept:
            renamed[line.target.name] = computed[key]
            continue
        if isinstance(line, Map):
            read = (earlier for array in line.arguments for earlier in known.get(array, ()))
            line = _reuse(line, list(read))
        computed.setdefault(key, line.target.name)
        if isinstance(line, Map) and line.arguments:
            known.setdefault(line.arguments[0], []).append(line)
        body.append(line)
    return replace(function, body=tuple(body))


def _anonymous(line: Instruction) -> Instruction:
    return replace(line, target=Array("", line.target.axes), equation="")


def _reuse(line: Map, known: Iterable[Map]) -> Map:
    """The line with whole formulas of earlier lines replaced by these lines' targets."""
    for earlier in known:
        reads = set(earlier.arguments) <= set(line.arguments)
        if isinstance(earlier.formula, sympy.Symbol | sympy.Number) or not reads:
            continue
        formula = line.formula.xreplace({earlier.formula: earlier.target.symbol})
        if formula != line.formula:
            read = dict.fromkeys((*line.arguments, earlier.target))
            shorter = replace(line, formula=formula, arguments=used(formula, read))
            line = shorter if _covers(shorter) else line
    return line


def fuse_maps(program: Program) -> Program:
    """t = f(x), u = g(t, y) -> u = g(f(x), y): one pass over memory, for temporaries read once."""
    return _each_body(program, _fuse_maps)


def _fuse_maps(function: Function) -> Function:
    reads = _reads(function)
    kept = {result.name for result in function.results}
    waiting: dict[str, Map] = {}
    body: list[Instruction] = []
    for line in function.body:
        if isinstance(line, Map):
            for array in line.arguments:
                inner = waiting.get(array.name)
                # An index renamed on the way (n3') keeps its line: fusing would mix up the axes.
                if inner is not None and inner.target == array:
                    formula = line.formula.xreplace({array.symbol: inner.formula})
                    read = dict.fromkeys((*line.arguments, *inner.arguments))
                    fused = replace(line, formula=formula, arguments=used(formula, read))
                    # A branch inside a condition is more than the languages can say.
                    if _covers(fused) and not formula.has(sympy.ITE):
                        line = fused
                        body.remove(inner)
            name = line.target.name
            if not line.equation and name not in kept and len(reads.get(name, ())) == 1:
                waiting[name] = line
        body.append(line)
    return replace(function, body=tuple(body))


def drop_dead(program: Program) -> Program:
    """u = f(x), never read -> nothing."""
    return _each_body(program, _drop_dead)


def _drop_dead(function: Function) -> Function:
    needed = {result.name for result in function.results}
    body: list[Instruction] = []
    for line in reversed(function.body):
        if line.target.name in needed:
            needed |= {array.name for array in arguments(line)}
            body.append(line)
    used = needed | {old for _, old in function.overwrites}
    # The data and the parameters stay in every signature, in one order; only machinery may go.
    parameters = tuple(p for p in function.parameters if p.axes or p.name in used)
    return replace(function, parameters=parameters, body=tuple(reversed(body)))


PIPELINE: tuple[Pass, ...] = (
    over_batch,
    contract_in_pairs,
    steady_logarithms,
    merge_equal,
    fuse_maps,
    drop_dead,
)


def optimize(program: Program, passes: Iterable[Pass] = PIPELINE) -> Program:
    """The program after all passes, checked after each."""
    for rewrite in passes:
        program = apply(rewrite, program)
    return program


def apply(rewrite: Pass, program: Program) -> Program:
    """The program after one pass, checked, with the pass in its history."""
    changed = rewrite(program)
    return check(replace(changed, history=(*changed.history, rewrite.__name__)))


# --- reading and writing lines -------------------------------------------------------------


def _each_body(program: Program, change: Callable[[Function], Function]) -> Program:
    return replace(program, functions=tuple(map(change, program.functions)))


def reading(line: Instruction, target: Array, read: tuple[Array, ...]) -> Instruction:
    """The line with another target and other arguments in the places of its own."""
    match line:
        case Contract(_, _, equation, scale):
            return Contract(target, read, equation, scale)
        case Map(_, formula, old, equation):
            symbols = {x.symbol: y.symbol for x, y in zip(old, read, strict=True)}
            renamed = formula.xreplace(symbols)
            return Map(target, renamed, used(renamed, dict.fromkeys(read)), equation)
        case Reduce(_, how, _, equation):
            return Reduce(target, how, read[0], equation)
        case Join(_, _, last, equation):
            return Join(target, read[0], None if last is None else read[1], equation)
        case Slice(_, _, equation):
            return Slice(target, read[0], equation)
        case Accumulate(_, _, _, _, equation):
            *factors, scale, onto = read
            return Accumulate(target, tuple(factors), scale, onto, equation)
    assert_never(line)


def _rename_arguments(line: Instruction, to: dict[str, str]) -> Instruction:
    read = tuple(Array(to.get(array.name, array.name), array.axes) for array in arguments(line))
    return reading(line, line.target, read)


def _covers(line: Instruction) -> bool:
    """Whether every axis of the target is read: x - y does no longer when both have become x."""
    return {x for array in arguments(line) for x in array.axes} >= set(line.target.axes)


def _reads(function: Function) -> dict[str, list[Instruction]]:
    """Which lines read each name."""
    found: dict[str, list[Instruction]] = {}
    for line in function.body:
        for array in arguments(line):
            found.setdefault(array.name, []).append(line)
    return found


def used(formula: sympy.Expr, read: Iterable[Array]) -> tuple[Array, ...]:
    return tuple(array for array in read if array.symbol in formula.free_symbols)
