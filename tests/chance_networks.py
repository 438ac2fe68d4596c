r"""Small networks at chance numbers, with derivatives by small changes: ε² = 0.

Where σ and C are arbitrary they are polynomials with chance coefficients, and the numbers are those
of a field of 2^61 - 1 elements: two values that differ there differ as polynomials, and that equal
ones are so by chance has a probability of 10^-15. Where σ is named, the numbers have 50 digits. A
derivative is the coefficient of a small change of its variable, made where the variable is
computed, so no rule of calculus is used but ε² = 0.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import mpmath

PRIME = 2**61 - 1


class NoShapeError(Exception):
    """Two parts that do not fit, or a quantity that no layer has."""


class NoLayerError(NoShapeError):
    """A quantity that this layer does not have."""


class UnclearError(Exception):
    """What this judge cannot read, or would not decide."""


# --- numbers with small changes ---------------------------------------------------------------


class Number:
    """A number and its changes: `parts[frozenset of changes]` is a coefficient; ε² = 0 for each."""

    __slots__ = ("parts",)

    def __init__(self, parts: Mapping[frozenset[int], Any]) -> None:
        self.parts = {k: v for k, v in parts.items() if v != 0}

    def __add__(self, other: "Number") -> "Number":
        found = dict(self.parts)
        for key, value in other.parts.items():
            found[key] = reduced(found.get(key, 0) + value)
        return Number(found)

    def __mul__(self, other: "Number") -> "Number":
        found: dict[frozenset[int], Any] = {}
        for key, x in self.parts.items():
            for with_, y in other.parts.items():
                if not key & with_:
                    both = key | with_
                    found[both] = reduced(found.get(both, 0) + x * y)
        return Number(found)

    def __neg__(self) -> "Number":
        return Number({k: reduced(-v) for k, v in self.parts.items()})

    def __sub__(self, other: "Number") -> "Number":
        return self + -other

    @property
    def plain(self) -> Any:
        return self.parts.get(frozenset(), 0)

    @property
    def change(self) -> "Number":
        return Number({k: v for k, v in self.parts.items() if k})

    def inverse(self) -> "Number":
        """1/(x + n) is 1/x - n/x² + …, and n is nilpotent."""
        if self.plain == 0:
            raise UnclearError("division by nought")
        one = pow(self.plain, -1, PRIME) if isinstance(self.plain, int) else 1 / self.plain
        found, term = constant(0), constant(one)
        step = -self.change * constant(one)
        while term.parts:
            found, term = found + term, term * step
        return found

    def coefficient(self, change: int) -> "Number":
        return Number({k - {change}: v for k, v in self.parts.items() if change in k})


def reduced(value: Any) -> Any:
    return value % PRIME if isinstance(value, int) else value


def constant(value: Any) -> Number:
    return Number({frozenset(): reduced(value)})


def exponential(x: Number) -> Number:
    found = term = constant(mpmath.mpf(1))
    for order in range(1, 9):
        term = term * x.change * constant(mpmath.mpf(1) / order)
        found = found + term
    return found * constant(mpmath.exp(x.plain))


def logarithm(x: Number) -> Number:
    step = x.change * constant(1 / mpmath.mpf(x.plain))
    found, power = constant(mpmath.log(x.plain)), constant(mpmath.mpf(1))
    for order in range(1, 9):
        power = power * step
        found = found + power * constant(mpmath.mpf((-1) ** (order + 1)) / order)
    return found


def sigmoid(x: Number) -> Number:
    return (constant(mpmath.mpf(1)) + exponential(-x)).inverse()


def tanh(x: Number) -> Number:
    return constant(mpmath.mpf(2)) * sigmoid(x + x) - constant(mpmath.mpf(1))


# --- networks ---------------------------------------------------------------------------------


@dataclass
class Network:
    """Layers 1 … L with chance weights; `changed` says by which ε a quantity is changed."""

    widths: tuple[int, ...]
    activation: str = "abstract"
    cost: str = "abstract"
    seed: int = 1
    runs: dict[Any, dict[Any, Number]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        draw = random.Random(repr((self.widths, self.seed)))
        self.exact = self.activation == "abstract" and self.cost != "cross-entropy"

        def number() -> Any:
            if self.exact:
                return draw.randrange(1, PRIME)
            return mpmath.mpf(draw.randrange(-999, 999)) / 1009

        self.depth = len(self.widths)
        self.given = {
            **{("w", l, j, k): number() for l in range(2, self.depth + 1)
               for j in range(1, self.size(l) + 1) for k in range(1, self.size(l - 1) + 1)},
            **{("b", l, j): number() for l in range(2, self.depth + 1)
               for j in range(1, self.size(l) + 1)},
            **{("a", 1, k): number() for k in range(1, self.size(1) + 1)},
        }  # fmt: skip
        last = range(1, self.size(self.depth) + 1)
        self.target = {j: number() if self.exact else abs(number()) for j in last}
        self.polynomial = [number() for _ in range(6)]
        self.of_cost = {
            key: number()
            for j in last
            for i in (0, *last)
            for key in ((i, j, 1), (i, j, 2), (i, j, 3))
        }
        self.eta = number()
        self.one = 1 if self.exact else mpmath.mpf(1)

    def size(self, layer: int) -> int:
        if not 1 <= layer <= self.depth:
            raise NoLayerError(f"layer {layer}")
        return self.widths[layer - 1]

    def function(self, x: Number) -> Number:
        if self.activation != "abstract":
            return {"sigmoid": sigmoid, "tanh": tanh}[self.activation](x)
        found = constant(0)
        for coefficient in self.polynomial:
            found = found * x + constant(coefficient)
        return found

    def sloped(self, x: Number, order: int, free: int) -> Number:
        """σ, σ' … at x; the changes from `free` on are nobody's."""
        for k in range(order):
            x = x + Number({frozenset({free + k}): self.one})
        found = self.function(x)
        for k in range(order):
            found = found.coefficient(free + k)
        return found

    def costs(self, a: dict[int, Number]) -> Number:
        y = {j: constant(value) for j, value in self.target.items()}
        found = constant(0)
        half = constant(pow(2, -1, PRIME) if self.exact else mpmath.mpf(1) / 2)
        for j, x in a.items():
            gap = x - y[j]
            if self.cost == "quadratic":
                found = found + half * gap * gap
            elif self.cost == "squared-norm":
                found = found + gap * gap
            elif self.cost == "cross-entropy":
                one = constant(mpmath.mpf(1))
                found = found - y[j] * logarithm(x) - (one - y[j]) * logarithm(one - x)
            else:
                for i in (0, *a):
                    other = a[i] if i else constant(1)
                    found = found + constant(self.of_cost[i, j, 1]) * x * other
                    found = found + constant(self.of_cost[i, j, 2]) * x * x * other * gap
                    found = found + constant(self.of_cost[i, j, 3]) * x * x * x * other * other
        return found

    def run(self, changed: frozenset[tuple[tuple[Any, ...], int]]) -> dict[Any, Number]:
        """All quantities, where some are changed by an ε at the place where they are computed."""
        if changed in self.runs:
            return self.runs[changed]
        values: dict[Any, Number] = {}

        def put(key: tuple[Any, ...], value: Number) -> None:
            for name, change in changed:
                if name == key:
                    value = value + Number({frozenset({change}): self.one})
            values[key] = value

        for key, value in self.given.items():
            put(key, constant(value))
        for l in range(2, self.depth + 1):
            for j in range(1, self.size(l) + 1):
                z = values["b", l, j]
                for k in range(1, self.size(l - 1) + 1):
                    z = z + values["w", l, j, k] * values["a", l - 1, k]
                put(("z", l, j), z)
                put(("a", l, j), self.function(values["z", l, j]))
        last = range(1, self.size(self.depth) + 1)
        values["C",] = self.costs({j: values["a", self.depth, j] for j in last})
        self.runs[changed] = values
        return values
