"""One dense network with numbers: what it computes, and what it computes where it is perturbed.

z^l = w^l a^{l−1} + b^l, a^l = σ(z^l), C of a^L and y. A change adds an ε to one entry of w, b, z, a
or y; what lies above is computed from it, what lies below stays. An arbitrary σ is a polynomial of
degree 4 with random coefficients, an arbitrary C one of degree 3. Numbers are rational while they
can be. Each number depends on the seed and its own name alone.

>>> specimen = Specimen((2, 3, 2), Setting(None, None), seed=1)
>>> [specimen.a(1, ()) == list(specimen.inputs()), len(specimen.z(3, ()))]
[True, 2]
>>> specimen.z(2, ((("b", 2, (1,)), 1),))[0].coefficient(1)
Fraction(1, 1)
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb, perm
from typing import Any, TypeVar

import sympy

from symnet.calculus import coupled, jets
from symnet.calculus.nilpotent import (
    DIGITS,
    IrrationalError,
    NoValueError,
    Perturbed,
    Plain,
    Value,
    base,
    compose,
    dot,
    numbers_to,
    total,
)
from symnet.errors import SymnetError
from symnet.network.functions import A, Y
from symnet.term import MOST_BITS


@dataclass(frozen=True)
class Setting:
    """What is known of the network; None stands for arbitrary."""

    activation: sympy.Expr | None  # σ in ARGUMENT
    cost: sympy.Expr | None  # of one output, in A and Y; C is its sum over the outputs
    output: sympy.Expr | None = None  # σ of layer L, where it is another
    has_output: bool = False  # whether it is another
    normalised: bool = False  # Σ y = 1
    one_hot: bool = False  # whether y is 1 for one class, and 0 for the others
    per_layer: bool = False  # whether each layer has a σ of its own, where it is arbitrary
    bias: bool = True  # whether there are biases beside the weights

    @property
    def couples(self) -> bool:
        """Whether the output layer has a function of all its z, as softmax is."""
        return coupled.couples(self.output)


class MissingError(SymnetError):
    """A symbol that this network has not, or an index beyond the values of its axis."""


class NoActivationError(MissingError):
    """An activation of a layer that has none."""


# (name, layer, positions): one entry of a quantity. x is a of layer 1.
Key = tuple[str, int | None, tuple[int, ...]]
Change = tuple[Key, int]  # an entry, and the bit of the ε that is added to it
Changes = tuple[Change, ...]
Vector = tuple[Fraction, ...]
T = TypeVar("T")

NETWORK = ("w", "b", "z", "a", "y", "C")  # what a change can be made to


def stage(name: str, layer: int) -> int:
    """When something is computed: z^2, a^2, z^3 …; w and b enter with z."""
    return 2 * layer + (name == "a")


def up_to(last: int, changes: Changes) -> Changes:
    """The changes that are felt at a stage."""
    return tuple(
        change
        for change in changes
        if change[0][1] is not None and stage(change[0][0], change[0][1]) <= last
    )


class Specimen:
    """The network; each quantity is computed once for each set of changes."""

    def __init__(
        self,
        widths: tuple[int, ...],
        setting: Setting,
        seed: int,
        digits: int | None = None,
        sample: int = 0,  # x and y are another for every number of a sample, and nothing else is
    ) -> None:
        self.widths = widths
        self.setting = setting
        self.seed = seed
        self.sample = sample
        self.numbers = numbers_to(digits)
        self._known: dict[Any, Any] = {}  # in these numbers
        self._drawn: dict[Any, Any] = {}  # rational numbers
        self._jets: dict[Any, list[Plain]] = {}

    @property
    def exact(self) -> bool:
        """Whether all values so far were rational."""
        return self.numbers.exact

    def give_up_exactness(self) -> None:
        """From here on numbers have DIGITS digits."""
        self.numbers = numbers_to(DIGITS)
        self._known.clear()
        self._jets.clear()

    def width(self, layer: int) -> int:
        """n_l. Raises MissingError for a layer that is none."""
        if not 1 <= layer <= len(self.widths):
            raise MissingError(f"there is no layer {layer} among 1..{len(self.widths)}")
        return self.widths[layer - 1]

    # --- what is drawn ---------------------------------------------------------------------

    def weights(self, layer: int) -> tuple[Vector, ...]:
        """w of a layer, by rows."""
        rows, columns = self.width(layer), self.width(layer - 1)

        def draw(r: random.Random) -> tuple[Vector, ...]:
            return tuple(vector(r, columns) for _ in range(rows))

        return self._draw(("w", layer), draw)

    def biases(self, layer: int) -> Vector:
        """b of a layer."""
        if not self.setting.bias:
            raise MissingError("there are no biases")
        return self._draw(("b", layer), lambda r: vector(r, self.width(layer)))

    def inputs(self) -> Vector:
        """x."""
        return self._draw(self._own("x"), lambda r: vector(r, self.widths[0]))

    def targets(self) -> Vector:
        """y: between 0 and 1, with the sum 1 where it is normalised; 1 for one class if one-hot."""
        outputs = range(self.widths[-1])

        def draw(r: random.Random) -> Vector:
            if self.setting.one_hot:
                chosen = r.choice(outputs)
                return tuple(Fraction(int(j == chosen)) for j in outputs)
            if not self.setting.normalised:
                return tuple(Fraction(r.choice((1, 2, 3, 5, 6, 7)), 8) for _ in outputs)
            shares = [r.randint(1, 9) for _ in outputs]
            return tuple(Fraction(share, sum(shares)) for share in shares)

        return self._draw(self._own("y"), draw)

    def _own(self, name: str) -> Any:
        return (name, self.sample) if self.sample else name

    def polynomial(self, name: str) -> Vector:
        """The coefficients, from the constant up, that an arbitrary function has here."""
        # Where the cost has a logarithm, activations had better lie between 0 and 1.
        cost = self.setting.cost
        gentle = cost is not None and cost.has(sympy.log, sympy.Pow) and not cost.is_polynomial()

        def draw(r: random.Random) -> Vector:
            slopes = [Fraction(r.choice((-7, -5, -3, -1, 1, 3, 5, 7)), 8**k) for k in range(1, 5)]
            if not gentle:
                return (Fraction(r.choice((-3, -1, 1, 3)), 4), *slopes)
            return (Fraction(1, 2), *(slope / 8 for slope in slopes))

        return self._draw(("function", name), draw)

    def cost_coefficients(self) -> tuple[Vector, ...]:
        """Of an arbitrary C, one row r for each of the n outputs i.

        C = Σ_i a_i (r_0 + r_1 a_i² + Σ_{j≥i} r_{2+j−i} a_j + Σ_j r_{2+n−i+j} y_j), i and j from 0.
        """
        count = self.widths[-1]

        def draw(r: random.Random) -> tuple[Vector, ...]:
            return tuple(vector(r, 2 + count - i + count) for i in range(count))

        return self._draw("C", draw)

    def chance(self, *name: Any) -> Fraction:
        """A number for something with a name."""
        return self._draw(name, small)

    def size(self, *name: Any) -> int:
        """How many values an axis with a name has."""
        return self._draw(name, lambda r: r.randint(2, 4))

    def _draw(self, key: Any, how: Callable[[random.Random], T]) -> T:
        if key not in self._drawn:
            self._drawn[key] = how(random.Random(f"{self.seed} {key}"))
        drawn: T = self._drawn[key]
        return drawn

    # --- what is computed ------------------------------------------------------------------

    def w(self, layer: int) -> tuple[tuple[Plain, ...], ...]:
        """The weights, in the numbers in use."""
        return self._converted(("w", layer), self.weights(layer))

    def b(self, layer: int) -> tuple[Plain, ...]:
        """The biases, in the numbers in use."""
        return self._converted(("b", layer), self.biases(layer))

    def z(self, layer: int, changes: Changes) -> list[Value]:
        """The weighted inputs of a layer."""
        changes = up_to(stage("z", layer), changes)
        return self._once(("z", layer, changes), lambda: self._new_z(layer, changes))

    def a(self, layer: int, changes: Changes) -> list[Value]:
        """The activations of a layer."""
        changes = up_to(stage("a", layer), changes)
        return self._once(("a", layer, changes), lambda: self._new_a(layer, changes))

    def y(self, changes: Changes) -> list[Value]:
        """The desired values."""
        targets = list(self._converted("y", self.targets()))
        return self._shifted(targets, [each for each in changes if each[0][0] == "y"])

    def cost(self, changes: Changes) -> Value:
        """C."""
        return self._once(("C", changes), lambda: self._new_cost(changes))

    def _new_z(self, layer: int, changes: Changes) -> list[Value]:
        below = up_to(stage("z", layer) - 1, changes)
        here = [change for change in changes if change not in below]
        inputs = self.a(layer - 1, below)
        if not here and not self.setting.bias:
            return self._short([dot(row, inputs) for row in self.w(layer)])
        if not here:
            rows = zip(self.w(layer), self.b(layer), strict=True)
            return self._short([dot((*row, bias), (*inputs, 1)) for row, bias in rows])
        found = list(self.z(layer, below))
        for (name, _, positions), bit in here:
            by = inputs[positions[1] - 1] if name == "w" else self.numbers.of(1)
            found[positions[0] - 1] += Perturbed({bit: self.numbers.of(1)}) * by
        return found

    def _new_a(self, layer: int, changes: Changes) -> list[Value]:
        below = up_to(stage("a", layer) - 1, changes)
        here = [change for change in changes if change not in below]
        if here:
            return self._shifted(list(self.a(layer, below)), here)
        if layer == 1:
            return list(self._converted("x", self.inputs()))
        z = self.z(layer, below)
        if self.setting.couples and layer == len(self.widths):
            return self._short(coupled.values(self.setting.output, self.numbers, z))
        return self._short([self.activation(layer, 0, each) for each in z])

    def _new_cost(self, changes: Changes) -> Value:
        a, y = self.a(len(self.widths), changes), self.y(changes)
        if self.setting.cost is None:
            rows = self._converted("C", self.cost_coefficients())
            one = self.numbers.of(1)
            by = [dot(row, (one, a[i] * a[i], *a[i:], *y)) for i, row in enumerate(rows)]
            found = dot(a, by)
        else:
            of_one = jets.compiled(self.setting.cost)
            pairs = zip(a, y, strict=True)
            found = total([of_one(self.numbers, {A: p, Y: q}) for p, q in pairs])
        for (name, _, _), bit in changes:
            if name == "C":
                found += Perturbed({bit: self.numbers.of(1)})
        return found

    def _shifted(self, values: list[Value], changes: list[Change]) -> list[Value]:
        for (_, _, (j,)), bit in changes:
            values[j - 1] += Perturbed({bit: self.numbers.of(1)})
        return values

    def _short(self, values: list[Value]) -> list[Value]:
        """The values. Exact numbers that grow too long give way to decimals."""
        if self.numbers.exact:
            for value in map(base, values):
                if max(value.numerator.bit_length(), value.denominator.bit_length()) > MOST_BITS:
                    raise IrrationalError
        return values

    def _converted(self, key: Any, numbers: T) -> T:
        """Drawn numbers in the numbers in use."""
        if self.numbers.exact:
            return numbers
        converted: T = self._once(("drawn", key), lambda: _each(self.numbers.of, numbers))
        return converted

    def _once(self, key: Any, compute: Callable[[], T]) -> T:
        if key not in self._known:
            self._known[key] = compute()
        known: T = self._known[key]
        return known

    # --- functions -------------------------------------------------------------------------

    def activation(self, layer: int | None, order: int, x: Value) -> Value:
        """σ of a layer, or a derivative of it."""
        setting = self.setting
        if setting.has_output and layer == len(self.widths):
            if setting.couples:
                raise NoValueError("a function of all neurons, taken of one")
            return self.applied("σ of L", setting.output, order, x)
        name = f"σ of {layer}" if setting.per_layer and layer is not None else "σ"
        return self.applied(name, setting.activation, order, x)

    def applied(self, name: str, formula: sympy.Expr | None, order: int, x: Value) -> Value:
        """f^(order)(x) from Taylor coefficients of f; without a formula, the name's polynomial."""

        def jet(point: Plain, more: int) -> list[Plain]:
            key = (name if formula is None else formula, point, order + more)
            if key not in self._jets:
                self._jets[key] = (
                    self._expanded(name, point, order + more)
                    if formula is None
                    else jets.taylor(formula, self.numbers, point, order + more)
                )
            found = self._jets[key]
            return [perm(k + order, order) * found[k + order] for k in range(more + 1)]

        return compose(jet, x)

    def _expanded(self, name: str, point: Plain, order: int) -> list[Plain]:
        """A polynomial around a point."""
        coefficients = self._converted(("function", name), self.polynomial(name))
        powers: list[Plain] = [self.numbers.of(1)]
        for _ in coefficients[1:]:
            powers.append(powers[-1] * point)
        found = []
        for k in range(order + 1):
            rest = [comb(i, k) * c for i, c in enumerate(coefficients) if i >= k]
            found.append(dot(rest, powers[: len(rest)]) if rest else self.numbers.of(0))
        return found


def samples_of(widths: Sequence[int]) -> int:
    """How many samples a network of these widths is tried with: 2 or 3, not always the same."""
    return 2 + sum(widths) % 2


def small(r: random.Random) -> Fraction:
    """A small number that is not 0."""
    return Fraction(r.choice((-5, -4, -3, -2, -1, 1, 2, 3, 4, 5)), 4)


def vector(r: random.Random, count: int) -> Vector:
    """Several small numbers."""
    return tuple(small(r) for _ in range(count))


def _each(change: Callable[[Any], Any], numbers: Any) -> Any:
    if isinstance(numbers, tuple):
        return tuple(_each(change, part) for part in numbers)
    return change(numbers)
