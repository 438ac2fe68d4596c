"""What an index expression means: its value, by the plainest of loops.

Sums are Python's sums over all values of an index, deltas compare, products multiply. An index is a
letter with its axis, and a sum binds that index and no other. Two worlds give values to symbols:
`Exact`, where they are arbitrary fractions, and `Measured`, a network that computes, where every
derivative is a difference of two runs. Of symnet all this uses the records that terms and networks
are made of, and no function: `term`, `normal`, `rules`, `derivation` are tested against it.

>>> from symnet.term import LayerNumber
>>> j = Index("j", Axis("n", LayerNumber("l")))
>>> value(Sum(j, Product((Number(Fraction(1, 2)), Size(j.axis)))), Exact(0, {j.axis: 3}))
Fraction(9, 2)
"""

import itertools
import operator
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, Protocol

import mpmath
import sympy

from symnet.network.architecture import Network
from symnet.network.functions import A, Activation, N, Y, Z
from symnet.term import (
    Addition,
    Apply,
    Axis,
    Delta,
    Index,
    LayerNumber,
    Number,
    Partial,
    Power,
    Product,
    ScalarFunction,
    Size,
    Sum,
    Symbol,
    Term,
)

Value = Any  # a Fraction in an exact world, a number of mpmath in one of measurements
Place = Mapping[Index, int]  # the values of the free indices, from 0


class World(Protocol):
    """All that a value depends on beside the term."""

    def size(self, axis: Axis) -> int: ...
    def symbol(self, symbol: Symbol, indices: tuple[int, ...]) -> Value: ...
    def partial(self, partial: Partial, at: Place) -> Value: ...
    def apply(self, function: ScalarFunction, argument: Value) -> Value: ...


def value(term: Term, world: World, at: Place | None = None) -> Value:
    """The value of a term at a place."""
    at = at or {}
    match term:
        case Number(amount):
            return amount
        case Size(axis):
            return Fraction(world.size(axis))
        case Symbol(_, _, indices):
            return world.symbol(term, tuple(at[index] for index in indices))
        case Delta(left, right):
            return Fraction(at[left] == at[right])
        case Apply(function, argument):
            return world.apply(function, value(argument, world, at))
        case Power(base, exponent):
            inner = value(base, world, at)
            return inner ** (int(exponent) if exponent.denominator == 1 else exponent)
        case Product(factors):
            result: Value = Fraction(1)
            for factor in factors:
                result = result * value(factor, world, at)
            return result
        case Addition(terms):
            return sum((value(part, world, at) for part in terms), Fraction(0))
        case Sum(index, body):
            values = range(world.size(index.axis))
            return sum((value(body, world, {**at, index: v}) for v in values), Fraction(0))
        case Partial():
            return world.partial(term, at)
    raise TypeError(term)


def places(free: Iterable[Index], world: World) -> Iterator[Place]:
    """All values of some indices."""
    letters = sorted(free, key=str)
    for values in itertools.product(*(range(world.size(index.axis)) for index in letters)):
        yield dict(zip(letters, values, strict=True))


def loose(term: Term) -> frozenset[Index]:
    """The indices that no sum binds."""
    match term:
        case Symbol(_, _, indices):
            return frozenset(indices)
        case Delta(left, right):
            return frozenset((left, right))
        case Sum(index, body):
            return loose(body) - {index}
        case Apply(_, inner) | Power(inner, _):
            return loose(inner)
        case Product(parts) | Addition(parts):
            return frozenset().union(*map(loose, parts))
        case Partial(of, by, _):
            return loose(of) | loose(by)
    return frozenset()


# --- an exact world ------------------------------------------------------------------------

# Symbols of these names have small whole values, so that e^u can be exact; see `apply`.
WHOLE = ("u", "v")
# What ln makes of a prime. Powers of 2 stand for powers of e.
LOGARITHMS = {2: Fraction(1), 3: Fraction(7, 5), 5: Fraction(11, 4), 7: Fraction(-13, 3)}


@dataclass(frozen=True)
class Exact:
    """Symbols with rational values, drawn from a seed; functions of which nothing is known.

    e^u is 2^u for whole u, and ln counts the primes of a positive number, 2 as 1: then
    e^{u+v} = e^u e^v, ln xy = ln x + ln y for x, y > 0 and ln e^u = u hold exactly, and whatever
    follows from these laws alone is true here. Elsewhere exp and ln are as arbitrary as σ.
    """

    seed: int
    sizes: Mapping[Axis, int]
    known: dict[str, Fraction] = field(default_factory=dict, compare=False, repr=False)

    def size(self, axis: Axis) -> int:
        return self.sizes[axis]

    def symbol(self, symbol: Symbol, indices: tuple[int, ...]) -> Fraction:
        whole = symbol.name in WHOLE
        return self.drawn((symbol.name, str(symbol.layer), indices), 1 if whole else 4)

    def partial(self, partial: Partial, at: Place) -> Fraction:
        """As arbitrary as a symbol with the indices of both."""
        values = [at[index] for index in in_order(partial)]
        return self.drawn((blank(partial), values), 4)

    def apply(self, function: ScalarFunction, argument: Fraction) -> Fraction:
        if function.layer is None and function.order == 0:
            if function.name == "exp" and argument.denominator == 1 and abs(argument) < 200:
                return Fraction(2) ** int(argument)
            if function.name == "log" and argument > 0:
                return logarithm(argument)
        key = function.name, str(function.layer), function.order, str(argument)
        drawn = self.drawn(key, 4)
        return abs(drawn) if function.name == "exp" else drawn

    def drawn(self, key: object, denominator: int) -> Fraction:
        """A number other than 0 that belongs to a key."""
        name = repr(key)
        if name not in self.known:
            draw = random.Random(f"{self.seed} {name}")
            sign, above = draw.choice((-1, 1)), draw.randint(1, 4)
            self.known[name] = Fraction(sign * above, draw.randint(1, denominator))
        return self.known[name]


def logarithm(positive: Fraction) -> Fraction:
    """A homomorphism from the positive rationals under · to the rationals under +."""
    total = Fraction(0)
    for prime, worth in LOGARITHMS.items():
        for part, sign in ((positive.numerator, 1), (positive.denominator, -1)):
            while part % prime == 0:
                part //= prime
                total += sign * worth
    return total


def in_order(term: Term) -> Sequence[Index]:
    """The indices of a derivative as they are read."""
    match term:
        case Symbol(_, _, indices):
            return indices
        case Partial(of, by, _):
            return (*in_order(of), *by.indices)
    raise TypeError(term)


def blank(term: Term) -> str:
    """The name of a derivative without its indices."""
    match term:
        case Symbol(name, layer, _):
            return f"{name}{layer}"
        case Partial(of, by, direct):
            return f"{direct}({blank(of)}/{blank(by)})"
    raise TypeError(term)


# --- a network that computes ---------------------------------------------------------------

mp = mpmath.MPContext()
mp.dps = 40
STEP = mp.mpf(10) ** -12  # central differences are right to some twenty places
Key = tuple[str, int, tuple[int, ...]]  # z, 3, (0,): the weighted input of the first neuron


class Measured:
    """A network with random parameters and one random sample.

    Quantities are computed forwards from the formulas of the functions; a derivative of one by
    another is a central difference between two runs, in which the other is a little changed.
    """

    def __init__(self, network: Network, seed: int = 0) -> None:
        self.network = network
        self.sizes = [int(size) for size in network.sizes]
        draw = random.Random(seed)
        self.given: dict[Key, Value] = {}
        for l, n in enumerate(self.sizes, start=1):
            for j in range(n):
                self.given["a" if l == 1 else "b", l, (j,)] = mp.mpf(draw.gauss(0, 1))
                for k in range(self.sizes[l - 2] if l > 1 else 0):
                    self.given["w", l, (j, k)] = mp.mpf(draw.gauss(0, 1))
        desired = [draw.random() for _ in range(self.sizes[-1])]
        self.y = [mp.mpf(y) / mp.fsum(desired) for y in desired]
        self.moved: dict[Key, tuple[dict[Key, Value], dict[Key, Value]]] = {}

    @cached_property
    def now(self) -> dict[Key, Value]:
        """All quantities as they are."""
        return self.run({})

    def run(self, changes: Mapping[Key, Value]) -> dict[Key, Value]:
        """All quantities, where some are changed by something."""
        found: dict[Key, Value] = {}

        def put(key: Key, value: Value) -> None:
            found[key] = value + changes.get(key, 0)

        for key, given in self.given.items():
            put(key, given)
        for l, layer in enumerate(self.network.layers, start=2):
            neurons, inputs = range(self.sizes[l - 1]), range(self.sizes[l - 2])
            for j in neurons:
                arriving = (found["w", l, (j, k)] * found["a", l - 1, (k,)] for k in inputs)
                put(("z", l, (j,)), mp.fsum(arriving) + found["b", l, (j,)])
            z = [found["z", l, (j,)] for j in neurons]
            for j in neurons:
                put(("a", l, (j,)), activate(layer.activation, z, j))
        L = len(self.sizes)
        cost = self.network.cost.formula
        costs = (
            number(cost, {A: found["a", L, (j,)], Y: self.y[j]}) for j in range(self.sizes[-1])
        )
        found["C", 0, ()] = mp.fsum(costs)
        return found

    def derivative(self, of: Key, by: Key) -> Value:
        """A central difference."""
        if by not in self.moved:
            self.moved[by] = self.run({by: STEP}), self.run({by: -STEP})
        up, down = self.moved[by]
        return (up[of] - down[of]) / (2 * STEP)

    # --- as a world ---

    def size(self, axis: Axis) -> int:
        return self.sizes[number_of(axis.layer) - 1]

    def symbol(self, symbol: Symbol, indices: tuple[int, ...]) -> Value:
        if symbol.name == "y":
            return self.y[indices[0]]
        if symbol.name == "δ":
            assert symbol.layer is not None
            return self.derivative(("C", 0, ()), ("z", number_of(symbol.layer), indices))
        return self.now[key(symbol, indices)]

    def partial(self, partial: Partial, at: Place) -> Value:
        ends = []
        for end in (partial.of, partial.by):
            assert isinstance(end, Symbol)
            ends.append(key(end, tuple(at[index] for index in end.indices)))
        return self.derivative(ends[0], ends[1])

    def apply(self, function: ScalarFunction, argument: Value) -> Value:
        """A function by its formula; an arbitrary one is the activation of its layer."""
        formula = function.formula
        if formula is None:
            assert function.layer is not None
            formula = self.network.layers[number_of(function.layer) - 2].activation.formula
        return mp.diff(lambda z: number(formula, {Z: z}), argument, function.order)


def number_of(layer: LayerNumber) -> int:
    """A layer that is a number, not l or L."""
    assert not layer.name, layer
    return layer.offset


def key(symbol: Symbol, indices: tuple[int, ...]) -> Key:
    return symbol.name, 0 if symbol.layer is None else number_of(symbol.layer), indices


def activate(activation: Activation, z: Sequence[Value], j: int) -> Value:
    """σ(z_j), or the formula in all z where it couples neurons."""
    if not activation.formula.has(sympy.Indexed):
        return number(activation.formula, {Z: z[j]})
    bound = {total.limits[0][0] for total in activation.formula.atoms(sympy.Sum)}
    letters = {z_.indices[0] for z_ in activation.formula.atoms(sympy.Indexed)} - bound
    return number(activation.formula, {N: len(z), **dict.fromkeys(letters, j)}, z)


def number(
    expression: sympy.Expr, values: Mapping[sympy.Symbol, Value], z: Sequence[Value] = ()
) -> Value:
    """The value of a SymPy expression, by arithmetic and the functions of mpmath alone."""

    def go(part: sympy.Expr) -> Value:
        return number(part, values, z)

    match expression:
        case sympy.Symbol():
            return values[expression]
        case sympy.Rational():
            return mp.mpf(int(expression.p)) / int(expression.q)
        case sympy.NumberSymbol():
            return mp.mpf(str(expression.evalf(mp.dps + 5)))
        case sympy.Float():
            return mp.mpf(str(expression))
        case sympy.Add():
            return mp.fsum(map(go, expression.args))
        case sympy.Mul():
            return mp.fprod(map(go, expression.args))
        case sympy.Pow():
            exponent = expression.exp
            return go(expression.base) ** (int(exponent) if exponent.is_Integer else go(exponent))
        case sympy.Indexed():
            return z[values[expression.indices[0]]]
        case sympy.Sum():
            letter = expression.limits[0][0]
            values_ = ({**values, letter: p} for p in range(len(z)))
            return mp.fsum(number(expression.function, v, z) for v in values_)
        case sympy.Piecewise():
            return go(next(part for part, holds in expression.args if _holds(holds, go)))
        case sympy.Max() | sympy.Min() | sympy.Abs():
            plain = {sympy.Max: max, sympy.Min: min, sympy.Abs: abs}[expression.func]
            return plain(*map(go, expression.args))
    return getattr(mp, expression.func.__name__)(*map(go, expression.args))


def _holds(condition: sympy.Basic, go: Callable[[sympy.Expr], Value]) -> bool:
    if condition in (sympy.true, sympy.false):
        return bool(condition == sympy.true)
    compare = {"<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt}
    return bool(compare[condition.rel_op](go(condition.lhs), go(condition.rhs)))


def close(one: Value, other: Value) -> bool:
    """Whether two measured numbers are the same."""
    one, other = (mp.mpf(0) + amount for amount in (one, other))
    return bool(abs(one - other) <= mp.mpf(10) ** -12 * (1 + abs(other)))
