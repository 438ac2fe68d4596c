"""What a training step costs: calls, operations, bytes, and an estimate of the time.

A step in arrays costs a call of NumPy for each operation on arrays, however small they are; a step
without arrays costs one operation of Python for each number. So the smallest networks are best
without arrays, and the model says which ones.

The rates were measured once, on one core of a virtual machine with AVX-512, CPython 3.11, NumPy 2
and OpenBLAS. On another machine all of them change, but hardly which of two styles is faster: these
differ by more than the model errs.

    CALL       a call of a NumPy function that fills an array, or of BLAS, for the smallest arrays
    SUMMING    likewise, for a sum or a maximum along an axis, which has no such short way
    STEP       what a step does beside: methods, arguments
    NUMBER     one operation of Python on two numbers that are variables
    BRANCH     x if c else y
    FUNCTION   exp(x) and its like, in Python
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

import sympy

from symnet.program import memory
from symnet.program.ir import (
    Accumulate,
    Contract,
    Function,
    Instruction,
    Join,
    Map,
    Program,
    Reduce,
    Slice,
    arguments,
    extent,
)
from symnet.program.passes import DATA, SAMPLES, over_batch

STEPS = ("step", "gradients", "decay", "update")  # the functions that a step may be made of

# In microseconds.
CALL, SUMMING, STEP = 0.25, 1.2, 0.6
NUMBER, BRANCH, FUNCTION = 0.0068, 0.005, 0.0145
SCALAR_STEP = 0.1

# What NumPy does in a microsecond, once it is called.
PRODUCTS = {"float64": 75_000.0, "float32": 150_000.0}  # operations of a matrix product
ENTRIES = {"float64": 4_000.0, "float32": 8_000.0}  # sums, products and quotients of arrays
VALUES = {"float64": 1_500.0, "float32": 3_000.0}  # values of exp and its like
BYTES = 60_000.0  # read or written, in the caches that a few million numbers fit into

ITEM = {"float64": 8, "float32": 4}  # bytes of a number

# A text with more parameters, each a variable, is nothing to read.
READABLE = 150

# Nor is a longer formula, of so many parts; to write it out for single numbers would take minutes.
LONGEST = 100

SLOWER = 2.0  # what ten samples may cost more, so that one costs less


@dataclass(frozen=True, slots=True)
class Cost:
    """What one function costs in a step: calls of NumPy, operations on numbers, bytes moved.

    The times are estimates in microseconds, with arrays and without.
    """

    function: str
    calls: int
    flops: int
    bytes: int
    array_us: float
    scalar_us: float


def costs(program: Program, dtype: str = "float64", batch: int = 1) -> tuple[Cost, ...]:
    """What each function of a step costs, for a batch of so many samples.

    The program may be at any stage of the passes: what several operations make up counts as them.
    The nearer it is to what is printed, the better the estimate.
    """
    if all(axis != SAMPLES for axis, _ in program.sizes):
        program = over_batch(program)
    extents = _extents(program, batch)
    names = {function.name for function in program.functions}
    # A step in one piece has the gradients and the update in it.
    used = ("step", "decay") if "step" in names else STEPS
    return tuple(
        _cost(function, extents, dtype)
        for name in used
        for function in program.functions
        if function.name == name
    )


def total(found: Iterable[Cost]) -> Cost:
    """All functions of a step together, and what it does beside."""
    listed = tuple(found)
    return Cost(
        "step",
        sum(cost.calls for cost in listed),
        sum(cost.flops for cost in listed),
        sum(cost.bytes for cost in listed),
        STEP + sum(cost.array_us for cost in listed),
        SCALAR_STEP + sum(cost.scalar_us for cost in listed),
    )


def style(program: Program, dtype: str = "float64") -> str:
    """The better way to make a step, `scalar` or `array`.

    Without arrays only in Python's own numbers, which are float64, and for a network small enough
    to be read: where it is faster for one sample at a time, and not much slower for ten.
    """
    if dtype != "float64" or _extents(program, 1)["p"] > READABLE or longest(program) > LONGEST:
        return "array"
    one, ten = (total(costs(program, dtype, batch)) for batch in (1, 10))
    faster = one.scalar_us < one.array_us and ten.scalar_us < SLOWER * ten.array_us
    return "scalar" if faster else "array"


def longest(program: Program) -> int:
    """Of how many parts the longest formula of a program is made."""
    formulas = {
        line.formula
        for function in program.functions
        for line in function.body
        if isinstance(line, Map)
    }
    return max((sum(1 for _ in sympy.preorder_traversal(x)) for x in formulas), default=0)


def table(program: Program, dtype: str = "float64", batch: int = 1) -> str:
    """The costs as a table, a line for each function."""
    found = costs(program, dtype, batch)
    rows: list[tuple[str, ...]] = [("", "calls", "flops", "bytes", "µs in arrays", "µs without")]
    for cost in (*found, total(found)):
        numbers = (f"{n:,}" for n in (cost.calls, cost.flops, cost.bytes))
        times = (f"{us:,.1f}" for us in (cost.array_us, cost.scalar_us))
        rows.append((cost.function if cost in found else "a step", *numbers, *times))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    samples = "1 sample" if batch == 1 else f"{batch} samples"
    return "\n".join(
        [
            f"A step on {samples} in {dtype}, as estimated for one machine:",
            "",
            *lines,
        ]
    )


def memory_table(program: Program, dtype: str = "float64", batch: int = 1) -> str:
    """How much memory a step takes, and which rows of its block each array lies in.

    A row has a number for each sample of the batch. The program is one after all passes.
    """
    extents, item = _extents(program, batch), ITEM[dtype]
    names = [function.name for function in program.functions]
    function = program.function("step" if "step" in names else "gradients")
    states = [old for _, old in program.function("update").overwrites if old != "theta"]
    kept = [x.name for x in program.function("loss").parameters]
    made = {line.target.name for line in function.body}
    plan = memory.plan(function, extents, [name for name in kept if name in made])
    held = ["theta", *(["gradient"] if function.name == "gradients" else []), *states]
    sizes = [(name, extents["p"]) for name in held] + [("block", plan.total * batch)]
    sizes.append(("together", sum(numbers for _, numbers in sizes)))
    lines = [f"{name:10}{n:>15,} numbers{n * item:>17,} bytes" for name, n in sizes]
    by_rows: dict[memory.Rows, list[str]] = {}
    for name, rows in plan.rows.items():
        by_rows.setdefault(rows, []).append(name)
    places = [
        f"rows {rows.start}:{rows.stop}".ljust(18) + ", ".join(arrays)
        for rows, arrays in sorted(by_rows.items(), key=lambda x: (x[0].start, x[0].stop))
    ]
    samples = "1 sample" if batch == 1 else f"{batch} samples"
    return "\n".join(
        [
            f"Memory of a step on {samples} in {dtype}:",
            "",
            *lines,
            "",
            f"The block has {plan.total} rows, which arrays share in turn:",
            "",
            *places,
        ]
    )


# --- one function --------------------------------------------------------------------------


def _extents(program: Program, batch: int) -> dict[str, int]:
    """The sizes of all axes, those of all parameters and of the weights among them too."""
    known = {axis: size for axis, size in program.sizes if isinstance(size, int)}
    known[SAMPLES] = batch
    gradients = program.function("gradients")
    trained = [x for x in gradients.parameters if x.axes and x.name not in DATA]
    known["p"] = sum(extent(x.axes, known) for x in trained)
    known["q"] = sum(extent(x.axes, known) for x in trained if len(x.axes) > 1)
    return known


def _cost(function: Function, extents: dict[str, int], dtype: str) -> Cost:
    lines = [_line(line, extents, dtype) for line in function.body]
    return Cost(
        function.name,
        sum(line.calls for line in lines),
        sum(line.flops for line in lines),
        sum(line.bytes for line in lines),
        sum(line.array_us for line in lines),
        sum(line.scalar_us for line in lines),
    )


def _line(line: Instruction, extents: dict[str, int], dtype: str) -> Cost:
    entries = extent(line.target.axes, extents)
    read = arguments(line)
    moved = ITEM[dtype] * (entries + sum(extent(x.axes, extents) for x in read))
    match line:
        case Contract(_, factors) | Accumulate(_, factors):
            terms = extent({axis for x in factors for axis in x.axes}, extents)
            added = terms if isinstance(line, Accumulate) else terms - entries
            flops = terms * (len(factors) - 1) + added
            calls = max(1, len(factors) - 1)
            us = CALL * calls + max(flops / PRODUCTS[dtype], moved / BYTES)
            return _found(calls, flops, moved, us, flops * NUMBER)
        case Reduce():
            terms = extent(line.argument.axes, extents)
            us = SUMMING + max(terms / ENTRIES[dtype], moved / BYTES)
            cost = BRANCH if line.how == "max" else NUMBER
            return _found(1, terms - entries, moved, us, (terms - entries) * cost)
        case Map(target, formula, _):
            # 1 - β of plain numbers is computed once, before the entries.
            plain_numbers = {x.symbol for x in read if not x.axes} if target.axes else set()
            work = _Work.of(formula, plain_numbers)
            scalar = work.numbers * NUMBER + work.branches * BRANCH + work.functions * FUNCTION
            flops = entries * work.operations
            if not target.axes:
                # A number by itself: Python's business in either style.
                return _found(0, flops, 0, flops * NUMBER, flops * NUMBER)
            calls = max(1, work.operations)
            passed = moved + ITEM[dtype] * 2 * entries * (calls - 1)
            inside = (work.numbers + work.branches) / ENTRIES[dtype]
            inside += work.functions / VALUES[dtype]
            us = CALL * calls + max(entries * inside, passed / BYTES)
            return _found(calls, flops, passed, us, entries * scalar)
        case Join() | Slice():
            # Where arrays lie, and nothing to do.
            return _found(0, 0, 0, 0.0, 0.0)
    assert_never(line)


def _found(calls: int, flops: int, moved: int, array_us: float, scalar_us: float) -> Cost:
    return Cost("", calls, flops, moved, array_us, scalar_us)


@dataclass(frozen=True, slots=True)
class _Work:
    """The operations in a formula: of numbers, branches, and functions such as exp."""

    numbers: int
    branches: int
    functions: int

    @property
    def operations(self) -> int:
        return self.numbers + self.branches + self.functions

    @staticmethod
    def of(formula: sympy.Expr, once: set[sympy.Symbol]) -> "_Work":
        """The operations for each entry; what reads the symbols `once` alone is none of them."""
        numbers = branches = functions = 0
        parts = sympy.preorder_traversal(formula)
        for x in parts:
            match x:
                case sympy.Expr() if x.free_symbols <= once:
                    parts.skip()
                case sympy.exp() | sympy.Function() if not _is_branch(x):
                    functions += 1
                case sympy.Add():
                    numbers += len(x.args) - 1
                case sympy.Mul():
                    # x/y is one operation, which stands as x · y⁻¹; -x among others is a difference
                    signs = sum(y == -1 for y in x.args)
                    numbers += len(x.args) - 1 - signs
                    numbers -= sum(_is_below(y) for y in x.args if not y.free_symbols <= once)
                case sympy.Pow() if x.exp.is_Integer:
                    numbers += 1 if _is_below(x) else min(abs(int(x.exp)) - 1, 3)
                case sympy.Pow():
                    functions += 1
                case _ if _is_branch(x):
                    branches += max(1, len(x.args) - 1)
        return _Work(max(0, numbers), branches, functions)


def _is_below(x: sympy.Basic) -> bool:
    return isinstance(x, sympy.Pow) and bool(x.exp == -1)


def _is_branch(x: sympy.Basic) -> bool:
    return isinstance(x, sympy.Piecewise | sympy.Max | sympy.Min | sympy.Heaviside | sympy.Abs)
