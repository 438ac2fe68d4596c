"""One output of a softmax as a sigmoid of its lead over the others: right where 1 - a is rounded.

    a_j = e^{v_j} / Σ_p e^{v_p} = 1/(1 + e^{-x_j}),    x_j = v_j - ln Σ_{p≠j} e^{v_p}

A cost is then what it is after a sigmoid, and so is its slope P_j = ∂C/∂x_j: whatever is stable
there is stable here. The chain rule goes through x, of which ∂x_k/∂v_j = -e^{v_j}/Σ_{p≠k} e^{v_p}:

    ∂C/∂z_j = v'(z_j) (P_j - Σ_{k≠j} P_k e^{v_j} / Σ_{p≠k} e^{v_p})

The sums without one are taken without any difference of equals: the largest v of a sample stands
apart from the rest. If it is alone and far ahead, the rest is lifted to within e^50 of it, which
changes no digit of any sum, but leaves a quotient of two of the rest what it is.

Which layers are of this kind is read off their equation; no activation is known by name.
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
import sympy
from numpy.typing import NDArray

from symnet.calculus.instances import NUMBERS, NoValueError, Value, value
from symnet.floating import steady_logarithms
from symnet.program.interpreter import interpret
from symnet.program.ir import Array, Contract, Function, Instruction, Map, Reduce
from symnet.term import (
    ARGUMENT,
    Apply,
    Equation,
    Partial,
    Power,
    Product,
    Sum,
    Symbol,
    free_indices,
    mul,
    rename,
    to_sympy,
    walk,
)

LIFT = 50  # e^-50 is nothing beside 1, and a number in float32
LOW = -(10**30)  # below whatever a weighted input is


def exponent(made: Equation) -> sympy.Expr | None:
    """v in z where a layer is a_j = e^{v(z_j)} / Σ_p e^{v(z_p)}, and None where it is not."""
    right = made.right
    if not isinstance(right, Product):
        return None
    below = [x for x in right.factors if isinstance(x, Power) and x.exponent == -1]
    above = mul(*(x for x in right.factors if x not in below))
    if len(below) != 1 or not isinstance(above, Apply) or not above.function.is_exp:
        return None
    total = below[0].base
    if not isinstance(total, Sum) or len(free_indices(above)) != 1:
        return None
    (j,) = free_indices(above)
    if rename(above, {j: total.index}) != total.body:
        return None
    symbols = {x for x in walk(above.argument) if isinstance(x, Symbol)}
    if len(symbols) != 1 or any(isinstance(x, Sum) for x in walk(above.argument)):
        return None
    return to_sympy(above.argument, lambda _: sympy.Integer(0), lambda _: ARGUMENT)


def argument(made: Equation) -> Symbol:
    """z_j of such a layer."""
    return next(x for x in walk(made.right) if isinstance(x, Symbol))


@dataclass
class Leads:
    """The lines that compute x from z; temporaries are numbered on from `first`."""

    v: sympy.Expr
    z: Array
    first: int
    body: list[Instruction] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.one()

    def temporary(self, axes: Iterable[str]) -> Array:
        return Array(f"t{self.first + len(self.body) + 1}", tuple(axes))

    def map(self, formula: sympy.Expr, *read: Array, over: Sequence[str] | None = None) -> Array:
        """A line for a formula, over the axes of what it reads first."""
        target = self.temporary(read[0].axes if over is None else over)
        self.body.append(Map(target, formula, read))
        return target

    def reduce(self, how: str, array: Array) -> Array:
        target = self.temporary(())
        self.body.append(Reduce(target, how, array))
        return target

    def contract(self, *factors: Array) -> Array:
        target = self.temporary(())
        self.body.append(Contract(target, factors))
        return target

    def one(self) -> None:
        """From z to x, by way of what is ahead and the rest."""
        z = self.z
        v = z if self.v == ARGUMENT else self.map(self.v.xreplace({ARGUMENT: z.symbol}), z)
        top = self.reduce("max", v)
        u = self.map(v.symbol - top.symbol, v, top)
        ahead = sympy.Piecewise((1, -u.symbol <= 0), (0, True))
        self.ahead = self.map(ahead, u)
        ahead = self.ahead.symbol
        count = self.reduce("sum", self.ahead)
        ties = self.map(count.symbol - 1, count)
        second = self.reduce("max", self.map(u.symbol + LOW * ahead, u, self.ahead))
        alone = sympy.Max(0, 1 - ties.symbol)
        gap = sympy.Max(0, -LIFT - second.symbol)
        lift = self.map(alone * gap, ties, second)
        self.rest = self.map(1 - ahead, self.ahead)
        rest = self.rest.symbol
        self.power = self.map(sympy.exp(u.symbol + lift.symbol * rest), u, lift, self.rest)
        power = self.power.symbol
        total = self.contract(self.power, self.rest)
        others = ties.symbol + total.symbol + rest * (1 - power)
        self.others = self.map(others, self.power, self.rest, ties, total)
        lead = u.symbol + lift.symbol * ahead - sympy.log(self.others.symbol)
        self.lead = self.map(lead, u, lift, self.ahead, self.others)

    def back(self, by_lead: Array, target: Array, equation: str) -> None:
        """The line of ∂C/∂z from ∂C/∂x, and those before it."""
        p, others = by_lead.symbol, self.others.symbol
        share = self.map(p / others, by_lead, self.others)
        low, high = self.contract(share, self.rest), self.contract(share, self.ahead)
        power = self.power.symbol
        owed = p - power * low.symbol - power * (high.symbol - share.symbol)
        inner = sympy.diff(self.v, ARGUMENT).xreplace({ARGUMENT: self.z.symbol})
        read = (by_lead, self.power, low, high, share, self.z)
        formula = inner * owed
        used = tuple(x for x in read if x.symbol in formula.free_symbols)
        self.body.append(Map(target, formula, used, equation))


# --- which lines are right -----------------------------------------------------------------

# Weighted inputs of three neurons, near, far apart, and far from 0; desired outputs beside them.
INPUTS = (
    (0.25, -0.75, 0.5), (1.0, -2.0, 0.0), (0.0, 0.0, 0.0), (20.0, 3.0, -9.0), (36.0, 35.5, -30.0),
    (-30.0, -31.0, -29.0), (60.0, 0.0, -40.0), (750.0, 749.0, -750.0), (900.0, -900.0, 100.0),
    (-1000.0, -1000.0, -999.5),
)  # fmt: skip
TARGETS = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.25, 0.25, 0.5))
DIGITS = 60  # beside e^-|z|
RIGHT, GREATEST = 1e-8, 1e300


def right(
    made: Equation, sought: Equation, lines: Sequence[Instruction], z: Array, y: Array
) -> bool:
    """Whether lines give a quantity as its equation does, which is taken in hundreds of digits.

    The quantity is one of a, z and y, a by the equation `made`; the last line computes it.
    """
    last = lines[-1].target.name
    for (inputs, targets), known in _results(lines, z, y):
        entries = np.ravel(known[last])
        for entry, exact in zip(entries, _exact(made, sought, inputs, targets), strict=True):
            if abs(exact) < GREATEST and not abs(entry - exact) <= RIGHT * (1 + abs(exact)):
                return False
    return True


def finite(lines: Sequence[Instruction], z: Array, y: Array) -> bool:
    """Whether every line gives numbers: then nothing was divided by a 0 that is none."""
    known = (each for _, results in _results(lines, z, y) for each in results.values())
    return all(np.isfinite(each).all() for each in known)


def _results(
    lines: Sequence[Instruction], z: Array, y: Array
) -> Iterator[tuple[tuple[tuple[float, ...], tuple[float, ...]], dict[str, NDArray[np.floating]]]]:
    """What each line gives, with logarithms as a trainer takes them."""
    body = [
        replace(line, formula=steady_logarithms(line.formula)) if isinstance(line, Map) else line
        for line in lines
    ]
    function = Function("far", (z, y), tuple(body), tuple(line.target for line in lines))
    for inputs, targets in itertools.product(INPUTS, TARGETS):
        values = {z.name: np.array(inputs), y.name: np.array(targets)}
        with np.errstate(all="ignore"):
            yield (inputs, targets), interpret(function, values)


@lru_cache(maxsize=2000)
def _exact(
    made: Equation, sought: Equation, inputs: tuple[float, ...], targets: tuple[float, ...]
) -> tuple[float, ...]:
    """The entries of what is sought, each rounded once; nan where it has no value."""
    numbers = {"z": tuple(map(NUMBERS.mpf, inputs)), "y": tuple(map(NUMBERS.mpf, targets))}

    def lookup(symbol: Symbol | Partial, places: tuple[int, ...]) -> Value:
        assert isinstance(symbol, Symbol)
        return numbers[symbol.name][places[0]]

    def entries(equation: Equation) -> Iterator[Value]:
        for place in range(len(inputs) if equation.indices else 1):
            at = {index.name: place for index in equation.indices}
            yield value(equation.right, lambda _: len(inputs), lookup, at)

    with NUMBERS.workdps(DIGITS + int(max(inputs) - min(inputs))):
        try:
            numbers["a"] = tuple(entries(made))
            return tuple(map(float, entries(sought)))
        except (NoValueError, OverflowError):
            return (math.nan,) * (len(inputs) if sought.indices else 1)
