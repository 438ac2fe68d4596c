"""What an index expression means: its value, in exact arithmetic, by the plainest of loops.

Sums are Python's sums over all values of an index, deltas compare, products multiply. Of symnet it
uses the records that terms are made of, and no function: `normal`, `rules` and `term` are tested
against it. An index is a letter with its axis, and a sum binds that index and no other.

>>> from symnet.term import LayerNumber
>>> j = Index("j", Axis("n", LayerNumber("l")))
>>> value(Sum(j, Product((Number(Fraction(1, 2)), Size(j.axis)))), Exact(0, {j.axis: 3}))
Fraction(9, 2)
"""

import itertools
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Protocol

from symnet.term import (
    Addition,
    Apply,
    Axis,
    Delta,
    Index,
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

Value = Any  # a Fraction in an exact world, a float in a world of measurements
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
        case Number(number):
            return number
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
