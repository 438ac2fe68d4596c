"""What a printed line comes to on a network whose numbers are all known.

`Exactly` computes with fractions, and with ε (ε² = 0) for derivatives, so that both sides of a line
are equal or they are not. What exp, ln and tanh are at a number is drawn there; their slopes follow
from exp' = exp, ln' x = 1/x, tanh' = 1 − tanh². `Nearly` computes with 40 digits and differences of
two runs (tests/meaning.py). In `Anyhow` nothing has to do with anything else, so that a line and
the equation that it prints are equal only if they say the same. `Reading` gives a line its value in
one of these. Of symnet all this uses the formulas and sizes of the network; nothing here knows a
rule or a derivative of a formula.

>>> from reading import Reader
>>> one = Exactly(Network("2-3-4-1"))
>>> line = Reader("Σₖ wₖⱼ⁴ δₖ⁴ σ'(zⱼ³)").read()
>>> Reading(one).value(line, {"j": (2, 3)}) == one.slope(("C", 0, ()), ("z", 3, (2,)))
True
"""

import itertools
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache, cached_property
from typing import Any, Protocol

import numpy as np
import sympy
from meaning import STEP, Key, Measured, Place, close, logarithm, mp, value
from meaning import number as measured_formula
from reading import Node, nodes

from symnet.network.architecture import Network
from symnet.network.functions import A, N, Y, Z
from symnet.term import Axis, LayerNumber, Partial, ScalarFunction, Symbol

Value = Any  # a Fraction, one with ε, or a number of mpmath
COST: Key = ("C", 0, ())
RATE = Fraction(3, 7)


class Instance(Protocol):
    """A network with numbers."""

    network: Network
    sizes: Sequence[int]

    def number(self, amount: Fraction) -> Value: ...
    def quantity(self, key: Key) -> Value: ...
    def slope(self, of: Key, by: Key) -> Value: ...
    def error(self, of: Key) -> Value: ...
    def formula(self, expression: sympy.Expr, values: Mapping[sympy.Symbol, Value]) -> Value: ...
    def elementary(self, name: str, argument: Value) -> Value: ...
    def differentiated(self, function: Callable[[Value], Value], at: Value, by: str) -> Value: ...
    def same(self, one: Value, other: Value) -> bool: ...


# --- exactly -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dual:
    """x + dx ε, with ε² = 0.

    >>> (Dual(Fraction(3), Fraction(1)) ** 2).slope
    Fraction(6, 1)
    """

    at: Fraction
    slope: Fraction

    def __add__(self, other: Value) -> "Dual":
        x, dx = parts(other)
        return Dual(self.at + x, self.slope + dx)

    def __mul__(self, other: Value) -> "Dual":
        x, dx = parts(other)
        return Dual(self.at * x, self.slope * x + self.at * dx)

    def __pow__(self, exponent: int) -> "Dual":
        return Dual(self.at**exponent, exponent * self.at ** (exponent - 1) * self.slope)

    def __neg__(self) -> "Dual":
        return self * -1

    def __sub__(self, other: Value) -> "Dual":
        return self + other * -1

    def __rsub__(self, other: Value) -> "Dual":
        return -self + other

    def __truediv__(self, other: Value) -> "Dual":
        return self * other**-1

    def __rtruediv__(self, other: Value) -> "Dual":
        return self**-1 * other

    __radd__ = __add__
    __rmul__ = __mul__


def parts(x: Value) -> tuple[Fraction, Fraction]:
    """A number without its ε, and what stands before ε."""
    return (x.at, x.slope) if isinstance(x, Dual) else (Fraction(x), Fraction(0))


@cache
def drawn(name: str) -> Fraction:
    """A positive fraction below 2 that belongs to a name."""
    draw = random.Random(name)
    below = draw.randint(4, 9)
    return Fraction(draw.randint(1, 2 * below - 1), below)


def exp(x: Fraction) -> Fraction:
    """As arbitrary as can be, but for exp(−x) exp(x) = 1."""
    size = drawn(f"exp {abs(x)}")
    return size if x >= 0 else 1 / size


def tanh(x: Fraction) -> Fraction:
    """Odd, and between −1 and 1."""
    return (1 if x >= 0 else -1) * drawn(f"tanh {abs(x)}") / 2


# Each function with its slope, from its value and the place.
ELEMENTARY: dict[str, tuple[Callable[[Fraction], Fraction], Callable[..., Fraction]]] = {
    "exp": (exp, lambda x, value: value),
    "ln": (lambda x: logarithm(abs(x)), lambda x, value: 1 / x),
    "tanh": (tanh, lambda x, value: 1 - value**2),
}


class Exactly:
    """A network with random fractions as parameters, one sample, and Σ y = 1."""

    def __init__(self, network: Network, seed: int = 0) -> None:
        self.network = network
        self.sizes = [int(size) for size in network.sizes]
        draw = random.Random(seed)

        def small() -> Fraction:
            return Fraction(draw.choice((-1, 1)) * draw.randint(5, 40), draw.randint(11, 31))

        self.given: dict[Key, Fraction] = {}
        for l, size in enumerate(self.sizes, start=1):
            for j in range(size):
                self.given["a" if l == 1 else "b", l, (j,)] = small()
                for k in range(self.sizes[l - 2] if l > 1 else 0):
                    self.given["w", l, (j, k)] = small()
        desired = [draw.randint(1, 5) for _ in range(self.sizes[-1])]
        for j, y in enumerate(desired):
            self.given["y", 0, (j,)] = Fraction(y, sum(desired) if len(desired) > 1 else 7)
        if len(desired) == 1 and network.cost.normalised:
            self.given["y", 0, (0,)] = Fraction(1)
        self.runs: dict[Key, dict[Key, Value]] = {}

    def run(self, changed: Key | None) -> dict[Key, Value]:
        """All quantities, where one is greater by ε."""
        found: dict[Key, Value] = {}

        def put(key: Key, value: Value) -> None:
            found[key] = value + Dual(Fraction(0), Fraction(1)) if key == changed else value

        for key, given in self.given.items():
            put(key, given)
        for l, layer in enumerate(self.network.layers, start=2):
            neurons, inputs = range(self.sizes[l - 1]), range(self.sizes[l - 2])
            for j in neurons:
                arriving = (found["w", l, (j, k)] * found["a", l - 1, (k,)] for k in inputs)
                put(("z", l, (j,)), sum(arriving, Fraction(0)) + found["b", l, (j,)])
            z = [found["z", l, (j,)] for j in neurons]
            for j in neurons:
                put(("a", l, (j,)), self.activated(layer.activation.formula, z, j))
        L = len(self.sizes)
        costs = (
            self.formula(
                self.network.cost.formula, {A: found["a", L, (j,)], Y: found["y", 0, (j,)]}
            )
            for j in range(self.sizes[-1])
        )
        put(COST, sum(costs, Fraction(0)))
        return found

    def activated(self, formula: sympy.Expr, z: Sequence[Value], j: int) -> Value:
        if not formula.has(sympy.Indexed):
            return self.formula(formula, {Z: z[j]})
        bound = {total.limits[0][0] for total in formula.atoms(sympy.Sum)}
        letters = {z_.indices[0] for z_ in formula.atoms(sympy.Indexed)} - bound
        return self.formula(formula, {N: Fraction(len(z)), **dict.fromkeys(letters, j)}, z)

    @cached_property
    def now(self) -> dict[Key, Fraction]:
        return self.run(None)

    def number(self, amount: Fraction) -> Fraction:
        return amount

    def quantity(self, key: Key) -> Fraction:
        return self.now[key]

    def slope(self, of: Key, by: Key) -> Fraction:
        if by not in self.runs:
            self.runs[by] = self.run(by)
        return parts(self.runs[by][of])[1]

    def error(self, of: Key) -> Fraction:
        return self.slope(COST, ("z", *of[1:]))

    def formula(
        self,
        expression: sympy.Expr,
        values: Mapping[sympy.Symbol, Value],
        z: Sequence[Value] = (),
    ) -> Value:
        def go(part: sympy.Expr) -> Value:
            return self.formula(part, values, z)

        match expression:
            case sympy.Symbol():
                return values[expression]
            case sympy.Rational():
                return Fraction(int(expression.p), int(expression.q))
            case sympy.Add():
                return sum(map(go, expression.args), Fraction(0))
            case sympy.Mul():
                product: Value = Fraction(1)
                for factor in map(go, expression.args):
                    product = product * factor
                return product
            case sympy.Pow():
                return go(expression.base) ** int(expression.exp)
            case sympy.Indexed():
                return z[values[expression.indices[0]]]
            case sympy.Sum():
                letter, body = expression.limits[0][0], expression.function
                terms = (self.formula(body, {**values, letter: p}, z) for p in range(len(z)))
                return sum(terms, Fraction(0))
            case sympy.Piecewise():
                return go(next(part for part, holds in expression.args if self.holds(holds, go)))
            case sympy.exp() | sympy.log() | sympy.tanh():
                name = {"log": "ln"}.get(type(expression).__name__, type(expression).__name__)
                return self.elementary(name, go(expression.args[0]))
        raise TypeError(f"no exact value of {expression}")

    def holds(self, condition: sympy.Basic, go: Callable[[sympy.Expr], Value]) -> bool:
        if condition in (sympy.true, sympy.false):
            return bool(condition == sympy.true)
        return compared(condition.rel_op, go(condition.lhs), go(condition.rhs))

    def elementary(self, name: str, argument: Value) -> Value:
        value, slope = ELEMENTARY[name]
        at, change = parts(argument)
        here = value(at)
        return Dual(here, slope(at, here) * change) if isinstance(argument, Dual) else here

    def differentiated(self, function: Callable[[Value], Value], at: Value, by: str) -> Fraction:
        return parts(function(Dual(at, Fraction(1))))[1]

    def same(self, one: Value, other: Value) -> bool:
        return bool(one == other)


def compared(sign: str, left: Value, right: Value) -> bool:
    left, right = (x.at if isinstance(x, Dual) else x for x in (left, right))
    return {
        "<": lambda: bool(left < right),
        ">": lambda: bool(left > right),
        "<=": lambda: bool(left <= right),
        ">=": lambda: bool(left >= right),
        "≤": lambda: bool(left <= right),
        "≥": lambda: bool(left >= right),
    }[sign]()


class Anyhow(Exactly):
    """Symbols, δ and derivatives that have nothing to do with each other, except by their names.

    The derivative of an expression is a number that belongs to the value of the expression. Two
    lines are equal here only if they say the same of the same things, whether it is true or not.
    """

    def quantity(self, key: Key) -> Fraction:
        return belongs(key)

    def slope(self, of: Key, by: Key) -> Fraction:
        return belongs(("∂", of, by))

    def error(self, of: Key) -> Fraction:
        return belongs(of)

    def differentiated(self, function: Callable[[Value], Value], at: Value, by: str) -> Fraction:
        return belongs(("∂", str(function(at)), str(at), by))


@cache
def belongs(key: object) -> Fraction:
    """A number that belongs to a key."""
    draw = random.Random(repr(key))
    return Fraction(draw.randint(1, 9999) * draw.choice((-1, 1)), 101)


# --- nearly --------------------------------------------------------------------------------------


class Nearly:
    """A network that computes with 40 digits; derivatives are central differences."""

    def __init__(self, network: Network, seed: int = 0) -> None:
        self.network = network
        self.measured = Measured(network, seed)
        self.sizes = self.measured.sizes

    def number(self, amount: Fraction) -> Value:
        return mp.mpf(amount.numerator) / amount.denominator

    def quantity(self, key: Key) -> Value:
        return self.measured.y[key[2][0]] if key[0] == "y" else self.measured.now[key]

    def slope(self, of: Key, by: Key) -> Value:
        return self.measured.derivative(of, by)

    def error(self, of: Key) -> Value:
        return self.slope(COST, ("z", *of[1:]))

    def formula(self, expression: sympy.Expr, values: Mapping[sympy.Symbol, Value]) -> Value:
        return measured_formula(expression, values)

    def elementary(self, name: str, argument: Value) -> Value:
        return {"exp": mp.exp, "ln": mp.log, "tanh": mp.tanh}[name](argument)

    def differentiated(self, function: Callable[[Value], Value], at: Value, by: str) -> Value:
        return (function(at + STEP) - function(at - STEP)) / (2 * STEP)

    def same(self, one: Value, other: Value) -> bool:
        return close(one, other)


# --- the values of terms -------------------------------------------------------------------------


@dataclass(frozen=True)
class Terms:
    """An instance as a world of tests/meaning.py; `changed` symbols have other values."""

    instance: Instance
    changed: Mapping[Key, Value] = field(default_factory=dict)

    def size(self, axis: Axis) -> int:
        return self.instance.sizes[axis.layer.offset - 1]

    def key(self, symbol: Symbol, indices: tuple[int, ...]) -> Key:
        match symbol:
            case Symbol("x", None):
                return "a", 1, indices
            case Symbol(name, None):
                return name, 0, indices
            case Symbol(name, LayerNumber("", number)):
                return name, number, indices
        raise AssertionError(f"{symbol} has no numbered layer")

    def symbol(self, symbol: Symbol, indices: tuple[int, ...]) -> Value:
        key = self.key(symbol, indices)
        if key in self.changed:
            return self.changed[key]
        if key[0] == "η":
            return RATE
        if key[0] == "δ":
            return self.instance.error(key)
        return self.instance.quantity(key)

    def partial(self, partial: Partial, at: Place) -> Value:
        by = self.key(partial.by, tuple(at[index] for index in partial.by.indices))
        if isinstance(partial.of, Symbol):
            of = self.key(partial.of, tuple(at[index] for index in partial.of.indices))
            return self.instance.slope(of, by)
        return self.instance.differentiated(
            lambda moved: value(partial.of, Terms(self.instance, {by: moved}), at),
            self.instance.quantity(by),
            str(by),
        )

    def apply(self, function: ScalarFunction, argument: Value) -> Value:
        formula = function.formula
        if formula is None:
            assert function.layer is not None
            layer = self.instance.network.layers[function.layer.offset - 2]
            formula = layer.activation.formula
        assert function.order in (0, 1)
        here = self.instance.formula
        if function.order:
            return self.instance.differentiated(lambda z: here(formula, {Z: z}), argument, "z")
        return here(formula, {Z: argument})


# --- the values of printed lines -----------------------------------------------------------------

At = Mapping[str, tuple[int, int]]  # what a letter stands for, from 0, and in which layer
ARITY = {"w": 2, "b": 1, "z": 1, "a": 1, "δ": 1, "y": 1, "x": 1}
ELEMENTS = ("exp", "ln", "tanh")


class WrongError(AssertionError):
    """A printed line makes no sense: an index out of its layer, shapes that do not fit."""


def require(holds: bool, message: str) -> None:
    if not holds:
        raise WrongError(message)


@dataclass(frozen=True)
class Reading:
    """What printed mathematics comes to on an instance, where l is a number.

    `changed` symbols have other values; `argument` is what z without a layer stands for.
    """

    instance: Instance
    l: int | None = None
    changed: Mapping[Key, Value] = field(default_factory=dict)
    argument: Value = None

    # --- where a symbol stands ---

    def layer(self, shown: str) -> int:
        """l+1, L or 3 as a number."""
        name, offset = written_layer(shown)
        named = {"l": self.l, "L": len(self.instance.sizes), "": 0}[name]
        require(named is not None, f"nothing says what l is in {shown!r}")
        number = named + offset
        require(1 <= number <= len(self.instance.sizes), f"there is no layer {shown!r}")
        return number

    def axes(self, node: Node) -> tuple[int, ...]:
        """The layers over which the indices of a symbol run."""
        _, name, _, high = node
        require(name in ARITY, f"{name} is no symbol of a network")
        if name in ("x", "y"):
            require(high == "", f"{name} has no layer")
            return (1,) if name == "x" else (len(self.instance.sizes),)
        number = self.layer(high)
        require(number > 1 or name == "a", f"layer 1 has no {name}")
        return (number, number - 1)[: ARITY[name]]

    def key(self, node: Node, at: At) -> Key:
        """The quantity that a symbol with indices is."""
        _, name, low, _ = node
        if name == "C":
            require(node == ("symbol", "C", (), ""), f"{node} is not the cost")
            return COST
        axes, letters = self.axes(node), subscripts(node)
        require(len(letters) == len(axes), f"{name} has {len(axes)} indices, not {low}")
        where = tuple(self.neuron(of, axis, at) for of, axis in zip(letters, axes, strict=True))
        if name == "x":
            return "a", 1, where
        return name, 0 if name == "y" else axes[0], where

    def neuron(self, letter: str, axis: int, at: At) -> int:
        """A number, or what a letter stands for; it has to be a neuron of that layer."""
        if letter.isdigit():
            require(1 <= int(letter) <= self.instance.sizes[axis - 1], f"no neuron {letter}")
            return int(letter) - 1
        require(letter in at, f"nothing says what {letter} is")
        number, layer = at[letter]
        require(layer == axis, f"{letter} stands in layer {layer} and in layer {axis}")
        return number

    def width(self, shown: str) -> Value:
        """n_l, the number of neurons of a layer."""
        return self.instance.number(Fraction(self.instance.sizes[self.layer(shown) - 1]))

    def uses(self, node: Node, letter: str) -> Iterator[int]:
        """The layers in which a letter stands that no sum inside binds."""
        match node:
            case "Σ", index, body, *_:
                if index != letter:
                    yield from self.uses(body, letter)
            case "symbol", name, _, _ if name in ARITY and node[2]:
                axes, letters = self.axes(node), subscripts(node)
                require(len(letters) == len(axes), f"{name} has {len(axes)} indices")
                yield from (x for of, x in zip(letters, axes, strict=True) if of == letter)
            case _:
                for part in node:
                    if isinstance(part, tuple) and part:
                        yield from self.uses(part, letter)

    def axis(self, node: Node, letter: str, at: At) -> int:
        """The one layer that a letter runs over; a text does not say it of a sum."""
        found = set(self.uses(node, letter))
        if not found:
            partners = {
                other
                for part in nodes(node)
                if part[0] == "delta" and letter in part[1:]
                for other in part[1:]
            }
            found = {at[other][1] for other in partners if other in at}
            bound = (x for x in nodes(node) if x[0] == "Σ" and x[1] in partners - set(at))
            found |= {axis for _, index, body, *_ in bound for axis in self.uses(body, index)}
        require(len(found) == 1, f"{letter} runs over the layers {found} in {node}")
        return found.pop()

    def places(self, *sides: Node) -> Iterator[At]:
        """All values of the letters that are free in some expressions."""
        whole = ("and", *sides)
        letters = sorted(free_letters(whole))
        axes = [self.axis(whole, letter, {}) for letter in letters]
        for values in itertools.product(*(range(self.instance.sizes[x - 1]) for x in axes)):
            yield dict(zip(letters, zip(values, axes, strict=True), strict=True))

    # --- in components ---

    def value(self, node: Node, at: At) -> Value:
        """The value of an expression in components."""

        def go(part: Node) -> Value:
            return self.value(part, at)

        match node:
            case "number", amount:
                return self.instance.number(amount)
            case "add", *terms:
                signed = (-go(x) if negative else go(x) for negative, x in terms)
                return sum(signed, Fraction(0))
            case "product", *factors:
                product: Value = Fraction(1)
                for factor in map(go, factors):
                    product = product * factor
                return product
            case "quotient", above, below:
                return go(above) / go(below)
            case "power", base, ("number", exponent):
                require(exponent.denominator == 1, f"{node} is no whole power")
                return go(base) ** int(exponent)
            case "Σ", index, body, *limit:
                axis = self.axis(body, index, at)
                require(not limit or self.layer(limit[0]) == axis, f"{index} runs to {limit}")
                values = range(self.instance.sizes[axis - 1])
                return sum(
                    (self.value(body, {**at, index: (v, axis)}) for v in values), Fraction(0)
                )
            case "delta", left, right:
                axis = next((at[x][1] for x in (left, right) if x in at), None)
                require(axis is not None, f"nothing says where {node} stands")
                one, other = (self.neuron(x, axis, at) for x in (left, right))
                return self.instance.number(Fraction(one == other))
            case "step", left, right:
                return self.instance.number(Fraction(compared(">", go(left), go(right))))
            case "cases", branches, otherwise:
                for shown, (joined, *conditions) in branches:
                    found = [compared(sign, go(a), go(b)) for sign, a, b in conditions]
                    if all(found) if joined == "and" else any(found):
                        return go(shown)
                return go(otherwise)
            case "symbol", "η", (), "":
                return RATE
            case "symbol", "n", (layer,), "":
                return self.width(layer)
            case "symbol", "z", (), "" if self.argument is not None:
                return self.argument
            case "symbol", *_:
                return self.quantity(self.key(node, at))
            case "partial", ("symbol", *_) as of, by:
                return self.instance.slope(self.key(of, at), self.key(by, at))
            case (("partial" | "operator"), of, by):
                key = self.key(by, at)
                return self.instance.differentiated(
                    lambda moved: replace(self, changed={key: moved}).value(of, at),
                    self.instance.quantity(key),
                    str(key),
                )
            case "call", name, primes, argument:
                return self.called(name, primes, argument, go(argument))
        raise WrongError(f"{node} has no value here")

    def quantity(self, key: Key) -> Value:
        if key in self.changed:
            return self.changed[key]
        if key[0] == "δ":
            return self.instance.error(key)
        return self.instance.quantity(key)

    def called(self, name: str, primes: int, argument: Node, at: Value) -> Value:
        """A function at a value; which layer's σ it is, the argument says."""
        if name in ELEMENTS and not primes:
            return self.instance.elementary(name, at)
        layers = {
            self.axes(part)[0]
            for part in nodes(argument)
            if part[0] == "symbol" and part[1] in ARITY
        }
        require(len(layers) == 1, f"{name} of which layer? {argument}")
        (layer,) = layers
        require(layer > 1 and primes <= 1, f"layer {layer} has no {name} with {primes} primes")
        activation = self.instance.network.layers[layer - 2].activation
        require(name in ("σ", activation.name), f"layer {layer} has no {name}")
        require(not activation.couples_neurons, f"{name} of layer {layer} takes all neurons")

        def function(z: Value) -> Value:
            return self.instance.formula(activation.formula, {Z: z})

        return self.instance.differentiated(function, at, "z") if primes else function(at)

    # --- with matrices ---

    def array(self, node: Node) -> Any:
        """A matrix or a number: vectors are columns, W leads from the layer below."""
        match node:
            case "array", rows:
                found = np.empty((len(rows), len(rows[0])), dtype=object)
                for place in itertools.product(range(len(rows)), range(len(rows[0]))):
                    found[place] = self.value(rows[place[0]][place[1]], {})
                return found
            case "number", amount:
                return self.instance.number(amount)
            case "symbol", "η", (), "":
                return RATE
            case "symbol", "n", (layer,), "":
                return self.width(layer)
            case "add", *terms:
                signed = [(negative, self.array(x)) for negative, x in terms]
                same_shape([x for _, x in signed], node)
                return sum((-x if negative else x) for negative, x in signed)
            case "hadamard", *factors:
                return entry_by_entry([self.array(x) for x in factors], node)
            case "product", *factors:
                found = self.array(factors[0])
                for factor in factors[1:]:
                    found = multiplied(found, self.array(factor))
                return found
            case "quotient", above, below:
                return each(lambda x, y: x / y, self.array(above), self.array(below))
            case "power", base, ("number", exponent):
                return self.array(base) ** int(exponent)
            case "transpose", inner:
                return self.array(inner).T
            case "symbol", name, (), _:
                return self.entries(node, lambda key: self.quantity(key))
            case "partial", ("symbol", "C", (), ""), ("symbol", name, (), _) as by:
                return self.entries(by, lambda key: self.instance.slope(COST, key))
            case "call", name, primes, argument:
                return each(lambda x: self.called(name, primes, argument, x), self.array(argument))
            case "step", left, right:
                sides = self.array(left), self.array(right)
                return each(lambda x, y: Fraction(compared(">", x, y)), *sides)
            case "cases", ((shown, ("and", (sign, left, right))),), otherwise:
                parts_ = [self.array(part) for part in (shown, left, right, otherwise)]
                return each(lambda x, a, b, y: x if compared(sign, a, b) else y, *parts_)
        raise WrongError(f"{node} has no matrix here")

    def entries(self, node: Node, of: Callable[[Key], Value]) -> Any:
        _, name, _, high = node
        require((name == "W") == (name.lower() == "w"), f"{name} is one entry, not the matrix")
        letters = "jk" if name == "W" else "j"
        one = ("symbol", name.lower() if name == "W" else name, tuple(letters), high)
        axes = self.axes(one)
        found = np.empty((*(self.instance.sizes[x - 1] for x in axes), 1)[:2], dtype=object)
        for place in itertools.product(*(range(self.instance.sizes[x - 1]) for x in axes)):
            at = dict(zip(letters, zip(place, axes, strict=True), strict=True))
            found[(*place, 0)[:2]] = of(self.key(one, at))
        return found


@cache
def written_layer(shown: str) -> tuple[str, int]:
    """l+1 as l and 1, 3 as 3 alone."""
    found = re.fullmatch(r"([lL]?)([+-]?\d+)?", shown)
    require(found is not None and shown != "", f"{shown!r} is no layer")
    return found[1], int(found[2] or 0)


def subscripts(node: Node) -> tuple[str, ...]:
    """The indices of a symbol: 21 is two of a weight, and one of anything else."""
    _, name, low, _ = node
    return tuple(low[0]) if name == "w" and len(low) == 1 and low[0].isdigit() else low


def free_letters(node: Node, bound: frozenset[str] = frozenset()) -> frozenset[str]:
    """The letters that no sum binds."""
    match node:
        case "Σ", index, body, *_:
            return free_letters(body, bound | {index})
        case "symbol", "n", *_:
            return frozenset()  # a size, with its layer below
        case "symbol", *_:
            return frozenset(x for x in subscripts(node) if not x.isdigit()) - bound
        case "delta", *sides:
            return frozenset(x for x in sides if not x.isdigit()) - bound
    inside = (part for part in node if isinstance(part, tuple) and part)
    return frozenset().union(*(free_letters(part, bound) for part in inside))


def number_like(x: Any) -> bool:
    return not isinstance(x, np.ndarray) or x.size == 1


def same_shape(arrays: Sequence[Any], node: Node) -> None:
    """Numbers go with everything; matrices only with matrices of their shape."""
    shapes = {x.shape for x in arrays if not number_like(x)}
    require(len(shapes) <= 1, f"shapes {shapes} in {node}")


def entry_by_entry(arrays: Sequence[Any], node: Node) -> Any:
    same_shape(arrays, node)
    found = arrays[0]
    for other in arrays[1:]:
        found = found * other
    return found


def multiplied(left: Any, right: Any) -> Any:
    """Numbers scale, matrices multiply; a 1 by 1 matrix is a number."""
    if number_like(left) or number_like(right):
        return left * right
    require(left.shape[1] == right.shape[0], f"{left.shape} times {right.shape}")
    return left @ right


def each(function: Callable[..., Value], *arrays: Any) -> Any:
    """A function of each entry; numbers stand for arrays of them."""
    shape = next((x.shape for x in arrays if not number_like(x)), np.shape(arrays[0]))
    same_shape(arrays, ("each", *arrays))
    if not shape:
        return function(*arrays)
    whole = [np.broadcast_to(np.asarray(x, dtype=object), shape) for x in arrays]
    found = np.empty(shape, dtype=object)
    for place in np.ndindex(shape):
        found[place] = function(*(x[place] for x in whole))
    return found
