"""Claims on one concrete dense network: what both sides are, as numbers.

The network is its equations, z^l = w^l a^{l−1} + b^l, a^l = σ(z^l), C of a^L and y. A derivative
∂u/∂v is what stands before ε in u when ε is added to v and all that depends on v is computed again;
no rule of the calculus is used. An arbitrary σ is a polynomial of degree 4 with random
coefficients, an arbitrary C one of degree 3. Numbers are exact as long as they are rational.

>>> from symnet.calculus.textbook import state
>>> bp4, where = state("BP4"), ({"l": 2}, {"j": 3})
>>> instance = Instance((2, 3, 2), Setting(None, None), seed=1)
>>> instance.value(bp4.left, *where) == instance.value(bp4.right, *where)
True
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, Protocol

import sympy

from symnet.calculus import jets
from symnet.calculus.jets import IrrationalError, NoValueError, Numbers, Perturbed, Plain, Value
from symnet.errors import SymnetError
from symnet.network import notation as n
from symnet.network.functions import A, Y
from symnet.term import (
    MOST_BITS,
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
    at_layer,
    free_indices,
)

__all__ = ["Instance", "MissingError", "NoValueError", "Setting", "agree", "compare"]

AGREEMENT = Fraction(1, 10**30)


@dataclass(frozen=True)
class Setting:
    """What is known of the network; None stands for arbitrary."""

    activation: sympy.Expr | None  # σ in ARGUMENT
    cost: sympy.Expr | None  # of one output, in A and Y; C is its sum over the outputs
    output: sympy.Expr | None = None  # σ of layer L, where it is another
    has_output: bool = False  # whether it is another
    normalised: bool = False  # Σ y = 1
    per_layer: bool = False  # whether each layer has a σ of its own, where it is arbitrary


class MissingError(SymnetError):
    """A symbol that this network has not, or an index beyond the values of its axis."""


class Lookup(Protocol):
    """What a claim's other axes and symbols are; None leaves it to chance."""

    def size(self, axis: Axis) -> int | None:
        """How many values an axis has."""

    def symbol(self, symbol: Symbol, positions: tuple[int, ...]) -> Fraction | None:
        """What an entry of a symbol is."""


# (name, layer, positions): one entry of a quantity. x is a of layer 1.
Key = tuple[str, int | None, tuple[int, ...]]
Change = tuple[Key, int]  # an entry, and the bit of the ε that is added to it

DEPTH = {"z": 1, "w": 1, "b": 1, "a": 2, "y": 0, "C": 0}  # in which order a layer is computed
AT_THE_TOP = 10**9


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a term is evaluated: what its indices are, and what is perturbed."""

    indices: Mapping[Index | str, int]
    changes: tuple[Change, ...] = ()
    direct: tuple[Change, ...] = ()  # seen where the symbol itself stands, and nowhere else

    @property
    def bit(self) -> int:
        """The bit of an ε that is not in use here."""
        return 1 << (len(self.changes) + len(self.direct))


def height(key: Key) -> int:
    """What is computed later stands higher: z^2 < a^2 < z^3 < C."""
    name, layer, _ = key
    return AT_THE_TOP if layer is None else 2 * layer + DEPTH[name]


class Instance:
    """A dense network with numbers drawn from a seed."""

    def __init__(
        self,
        widths: tuple[int, ...],
        setting: Setting,
        seed: int,
        lookup: Lookup | None = None,
        digits: int | None = None,  # None: exact while possible, then jets.DIGITS
    ) -> None:
        self.widths = widths
        self.setting = setting
        self.seed = seed
        self.lookup = lookup
        self._numbers = Numbers(digits)
        self._known: dict[Any, Any] = {}  # in these numbers
        self._drawn: dict[Any, Any] = {}  # rational numbers
        self._jets: dict[Any, list[Plain]] = {}

    @property
    def exact(self) -> bool:
        """Whether all values so far were rational."""
        return self._numbers.exact

    def value(
        self, term: Term, layers: Mapping[str, int], indices: Mapping[Index | str, int]
    ) -> Plain:
        """What a term is, for layers and free indices (from 1) by their names."""
        named = {"L": len(self.widths), **layers}
        term, free = _located(term, tuple(sorted(named.items())))
        given = {key.name if isinstance(key, Index) else key: at for key, at in indices.items()}
        places: dict[Index | str, int] = {i: given[i.name] for i in free if i.name in given}
        scope = Scope({**given, **places})
        try:
            found = self._value(term, scope)
        except IrrationalError:
            self._numbers = Numbers(jets.DIGITS)
            self._known.clear()
            self._jets.clear()
            found = self._value(term, scope)
        return Fraction(found) if self.exact else self._numbers.context.convert(found)

    # --- what is drawn ---------------------------------------------------------------------

    def weights(self, layer: int) -> tuple[tuple[Fraction, ...], ...]:
        """w of a layer, by rows."""
        rows, columns = self._width(layer), self._width(layer - 1)
        return self._draw(
            ("w", layer),
            lambda r: tuple(tuple(small(r) for _ in range(columns)) for _ in range(rows)),
        )

    def biases(self, layer: int) -> tuple[Fraction, ...]:
        """b of a layer."""
        return self._draw(
            ("b", layer), lambda r: tuple(small(r) for _ in range(self._width(layer)))
        )

    def inputs(self) -> tuple[Fraction, ...]:
        """x."""
        return self._draw("x", lambda r: tuple(small(r) for _ in range(self.widths[0])))

    def targets(self) -> tuple[Fraction, ...]:
        """y: between 0 and 1, with the sum 1 where it is normalised."""

        def draw(r: random.Random) -> tuple[Fraction, ...]:
            if not self.setting.normalised:
                return tuple(Fraction(r.choice((1, 2, 3, 5, 6, 7)), 8) for _ in self._outputs)
            shares = [r.randint(1, 9) for _ in self._outputs]
            return tuple(Fraction(share, sum(shares)) for share in shares)

        return self._draw("y", draw)

    def polynomial(self, name: str) -> tuple[Fraction, ...]:
        """The coefficients, from the constant up, that an arbitrary function has here."""
        # Where the cost has a logarithm, activations had better lie between 0 and 1.
        cost = self.setting.cost
        gentle = cost is not None and cost.has(sympy.log, sympy.Pow) and not cost.is_polynomial()

        def draw(r: random.Random) -> tuple[Fraction, ...]:
            slopes = [
                Fraction(r.choice((-1, 1)) * r.choice((1, 3)), scale) for scale in (2, 4, 8, 16)
            ]
            if not gentle:
                return (Fraction(r.randint(-3, 3), 4), *slopes)
            return (Fraction(1, 2), *(slope / 16 for slope in slopes))

        return self._draw(("function", name), draw)

    def cost_coefficients(self) -> tuple[tuple[Fraction, ...], ...]:
        """Of an arbitrary C, one row r for each output i.

        C = Σ_i a_i (r_0 + r_1 a_i² + Σ_j≥i r_{2+j−i} a_j + Σ_j r_{2+n−i+j} y_j), i and j from 0.
        """
        count = len(self._outputs)
        return self._draw(
            "C",
            lambda r: tuple(
                tuple(small(r) for _ in range(2 + (count - i) + count)) for i in range(count)
            ),
        )

    @property
    def _outputs(self) -> range:
        return range(self.widths[-1])

    def _draw(self, key: Any, how: Callable[[random.Random], Any]) -> Any:
        if key not in self._drawn:
            self._drawn[key] = how(random.Random(f"{self.seed} {key}"))
        return self._drawn[key]

    def _opaque(self, key: Key, symbol: Symbol) -> Plain:
        name, layer, positions = key
        if self.lookup is not None:
            given = self.lookup.symbol(symbol, positions)
            if given is not None:
                return self._numbers.of(Fraction(given))
        return self._numbers.of(self._draw(("symbol", name, layer, positions), small))

    # --- the network -----------------------------------------------------------------------

    def _width(self, layer: int) -> int:
        if not 1 <= layer <= len(self.widths):
            raise MissingError(f"there is no layer {layer} among 1..{len(self.widths)}")
        return self.widths[layer - 1]

    def _given(self, what: str, numbers: Any) -> Any:
        """Drawn numbers, one or two levels deep, in the protocol in use."""
        if self._numbers.exact:
            return numbers
        if what not in self._known:
            self._known[what] = _each(self._numbers.of, numbers)
        return self._known[what]

    def _z(self, layer: int, changes: tuple[Change, ...]) -> list[Value]:
        here = ("z", layer, ())
        changes = tuple(change for change in changes if height(change[0]) <= height(here))
        if ("z", layer, changes) in self._known:
            found: list[Value] = self._known["z", layer, changes]
            return found
        below = tuple(change for change in changes if height(change[0]) < height(here))
        inputs = self._a(layer - 1, below)
        if below == changes:
            weights = self._given(f"w{layer}", self.weights(layer))
            biases = self._given(f"b{layer}", self.biases(layer))
            found = [
                jets.dot((*row, bias), (*inputs, 1))
                for row, bias in zip(weights, biases, strict=True)
            ]
            self._watch(found)
        else:
            found = list(self._z(layer, below))
            for (name, at, positions), bit in changes[:]:
                if at == layer and name != "a":
                    j = positions[0] - 1
                    by = inputs[positions[1] - 1] if name == "w" else self._numbers.of(1)
                    found[j] = found[j] + Perturbed({bit: self._numbers.of(1)}) * by
        self._known["z", layer, changes] = found
        return found

    def _a(self, layer: int, changes: tuple[Change, ...]) -> list[Value]:
        here = ("a", layer, ())
        changes = tuple(change for change in changes if height(change[0]) <= height(here))
        if ("a", layer, changes) in self._known:
            found: list[Value] = self._known["a", layer, changes]
            return found
        below = tuple(change for change in changes if height(change[0]) < height(here))
        if below != changes:
            found = list(self._a(layer, below))
            for (_, at, positions), bit in changes:
                if at == layer and (("a", layer, positions), bit) in changes:
                    j = positions[0] - 1
                    found[j] = found[j] + Perturbed({bit: self._numbers.of(1)})
        elif layer == 1:
            found = list(self._given("x", self.inputs()))
        else:
            found = [self._activation(layer, 0, z) for z in self._z(layer, below)]
            self._watch(found)
        self._known["a", layer, changes] = found
        return found

    def _watch(self, values: list[Value]) -> None:
        """Exact numbers that grow too long give way to long decimals."""
        if self._numbers.exact:
            for value in values:
                if Fraction(jets.base(value)).denominator.bit_length() > MOST_BITS:
                    raise IrrationalError

    def _y(self, changes: tuple[Change, ...]) -> list[Value]:
        found: list[Value] = list(self._given("y", self.targets()))
        for (name, _, positions), bit in changes:
            if name == "y":
                j = positions[0] - 1
                found[j] = found[j] + Perturbed({bit: self._numbers.of(1)})
        return found

    def _cost(self, changes: tuple[Change, ...]) -> Value:
        if ("C", changes) not in self._known:
            a, y = self._a(len(self.widths), changes), self._y(changes)
            own = [bit for (name, _, _), bit in changes if name == "C"]
            found = self._arbitrary_cost(a, y) if self.setting.cost is None else self._named(a, y)
            for bit in own:
                found = found + Perturbed({bit: self._numbers.of(1)})
            self._known["C", changes] = found
        return self._known["C", changes]

    def _named(self, a: list[Value], y: list[Value]) -> Value:
        one = jets.compiled(self.setting.cost)
        parts = [one(self._numbers, {A: p, Y: q}) for p, q in zip(a, y, strict=True)]
        return jets.total(parts)

    def _arbitrary_cost(self, a: list[Value], y: list[Value]) -> Value:
        rows = self._given("cost", self.cost_coefficients())
        one = self._numbers.of(1)
        slopes = [jets.dot(row, (one, a[i] * a[i], *a[i:], *y)) for i, row in enumerate(rows)]
        return jets.dot(a, slopes)

    # --- functions -------------------------------------------------------------------------

    def _activation(self, layer: int | None, order: int, x: Value) -> Value:
        """σ, or a derivative of it, of a layer."""
        setting = self.setting
        last = setting.has_output and layer == len(self.widths)
        formula = setting.output if last else setting.activation
        name = "σ"
        if last:
            name = "σ of L"
        elif setting.per_layer and layer is not None:
            name = f"σ of {layer}"
        return self._applied(name, formula, order, x)

    def _applied(self, name: str, formula: sympy.Expr | None, order: int, x: Value) -> Value:
        """f^(order)(x) from Taylor coefficients that are computed once for a point."""

        def jet(point: Plain, more: int) -> list[Plain]:
            key = (name if formula is None else formula, point, order + more)
            if key not in self._jets:
                self._jets[key] = self._taylor(name, formula, point, order + more)
            found = self._jets[key]
            return [_falling(k + order, order) * found[k + order] for k in range(more + 1)]

        return jets.compose(jet, x)

    def _taylor(
        self, name: str, formula: sympy.Expr | None, point: Plain, order: int
    ) -> list[Plain]:
        if formula is not None:
            return jets.taylor(formula, self._numbers, point, order)
        coefficients = self._given(f"function {name}", self.polynomial(name))
        powers: list[Plain] = [self._numbers.of(1)]
        for _ in coefficients[1:]:
            powers.append(powers[-1] * point)
        found = []
        for k in range(order + 1):
            rest = [jets.comb(i, k) * c for i, c in enumerate(coefficients) if i >= k]
            found.append(jets.dot(rest, powers[: len(rest)]))
        return found

    # --- terms -----------------------------------------------------------------------------

    def _value(self, term: Term, scope: Scope) -> Value:
        match term:
            case Symbol():
                return self._symbol(term, scope)
            case Product(factors):
                found = self._value(factors[0], scope)
                for factor in factors[1:]:
                    found = found * self._value(factor, scope)
                return found
            case Sum(index, body):
                return self._sum(index, body, scope)
            case Number(value):
                return self._numbers.of(value)
            case Apply(function, argument):
                return self._apply(function, self._value(argument, scope))
            case Addition(terms):
                return jets.total([self._value(part, scope) for part in terms])
            case Partial(of, by, direct):
                return self._partial(of, by, direct, scope)
            case Delta(left, right):
                same = self._position(left, scope) == self._position(right, scope)
                return self._numbers.of(Fraction(same))
            case Power(inner, exponent):
                return jets.to_power(self._numbers, self._value(inner, scope), exponent)
            case Size(axis):
                return self._numbers.of(Fraction(self._size(axis)))

    def _apply(self, function: ScalarFunction, x: Value) -> Value:
        if function.formula is None and function.name == "σ":
            layer = None if function.layer is None else self._layer(function.layer)
            if layer is not None and not 2 <= layer <= len(self.widths):
                raise MissingError(f"there is no activation of layer {layer}")
            return self._activation(layer, function.order, x)
        return self._applied(f"function {function.name}", function.formula, function.order, x)

    def _sum(self, index: Index, body: Term, scope: Scope) -> Value:
        size = self._size(index.axis)
        values = []
        for position in range(1, size + 1):
            inner = {**scope.indices, index: position}
            if index.name not in scope.indices:
                inner[index.name] = position
            values.append(self._value(body, Scope(inner, scope.changes, scope.direct)))
        return jets.total(values)

    def _symbol(self, symbol: Symbol, scope: Scope) -> Value:
        key = self._key(symbol, scope)
        name, layer, positions = key
        changes = tuple(change for change in scope.changes if change[0][0] in DEPTH)
        found: Value
        if layer is not None and name in ("a", "z"):
            inside = self._a if name == "a" else self._z
            found = inside(layer, changes)[positions[0] - 1]
        elif key == COST:
            found = self._cost(changes)
        elif layer is not None and name == "δ":
            by: Key = ("z", layer, positions)
            found = self._cost((*changes, (by, scope.bit)))
            found = found.coefficient(scope.bit) if isinstance(found, Perturbed) else 0
        elif name == "y" and _is_network(symbol):
            found = self._y(changes)[positions[0] - 1]
        else:
            if layer is not None and name == "w":
                rows = self._given(f"w{layer}", self.weights(layer))
                found = rows[positions[0] - 1][positions[1] - 1]
            elif layer is not None and name == "b":
                found = self._given(f"b{layer}", self.biases(layer))[positions[0] - 1]
            else:
                found = self._opaque(key, symbol)
            for other, bit in scope.changes:
                if other == key:
                    found = found + Perturbed({bit: self._numbers.of(1)})
        for other, bit in scope.direct:
            if other == key:
                found = found + Perturbed({bit: self._numbers.of(1)})
        return found

    def _partial(self, of: Term, by: Symbol, direct: bool, scope: Scope) -> Value:
        key, bit = self._key(by, scope), scope.bit
        if direct:
            inner = Scope(scope.indices, scope.changes, (*scope.direct, (key, bit)))
        else:
            if key[0] == "δ" and key[1] is not None:
                # δ is itself a derivative: what would change with it, nobody can say.
                raise NoValueError("a derivative by δ")
            inner = Scope(scope.indices, (*scope.changes, (key, bit)))
        found = self._value(of, inner)
        return found.coefficient(bit) if isinstance(found, Perturbed) else 0

    # --- where things stand ----------------------------------------------------------------

    def _layer(self, layer: LayerNumber) -> int:
        if layer.name:
            raise MissingError(f"no number is given for layer {layer}")
        return layer.offset

    def _size(self, axis: Axis) -> int:
        if axis.name == "n":
            return self._width(self._layer(axis.layer))
        given = self.lookup.size(axis) if self.lookup is not None else None
        if given is not None:
            return given
        drawn: int = self._draw(("size", axis.name, str(axis.layer)), lambda r: r.randint(2, 4))
        return drawn

    def _position(self, index: Index, scope: Scope) -> int:
        places = scope.indices
        if index in places:
            return places[index]
        if index.name in places:
            return places[index.name]
        if index.name.isdecimal():
            return int(index.name)
        raise MissingError(f"no value is given for the index {index.name}")

    def _key(self, symbol: Symbol, scope: Scope) -> Key:
        """The entry that a symbol names. Raises MissingError if there is none."""
        positions = tuple(self._position(index, scope) for index in symbol.indices)
        layer = None if symbol.layer is None else self._layer(symbol.layer)
        name = symbol.name
        if not _is_network(symbol):
            sizes = [self._size(index.axis) for index in symbol.indices]
        elif layer is None:
            if name == "C":
                return COST
            sizes = [self.widths[0] if name == "x" else self.widths[-1]]
            if name == "x":
                name, layer = "a", 1
        else:
            lowest = 1 if name == "a" else 2
            if not lowest <= layer <= len(self.widths):
                raise MissingError(f"there is no {name} of layer {layer}")
            sizes = [self._width(layer)]
            if name == "w":
                sizes.append(self._width(layer - 1))
        for position, size in zip(positions, sizes, strict=True):
            if not 1 <= position <= size:
                raise MissingError(f"{symbol.name} has no entry {position} among 1..{size}")
        return name, layer, positions


COST: Key = ("C", None, ())
INDICES = {"w": 2, "b": 1, "z": 1, "a": 1, "δ": 1}


def _is_network(symbol: Symbol) -> bool:
    """Whether a symbol is the network's own: with a layer as w and a, or C, x, y without one."""
    if symbol.layer is not None:
        return INDICES.get(symbol.name) == len(symbol.indices)
    if symbol.name in ("x", "y"):
        return len(symbol.indices) == 1 and symbol.indices[0].axis.name == "n"
    return symbol == n.COST


def small(r: random.Random) -> Fraction:
    """A small number that is not 0."""
    return Fraction(r.choice((-6, -5, -3, -2, -1, 1, 2, 3, 5, 6)), 4)


def _each(change: Callable[[Any], Any], numbers: Any) -> Any:
    if isinstance(numbers, tuple):
        return tuple(_each(change, part) for part in numbers)
    return change(numbers)


def _falling(k: int, order: int) -> int:
    """k (k−1) … (k−order+1)."""
    product = 1
    for factor in range(k - order + 1, k + 1):
        product *= factor
    return product


@lru_cache(maxsize=4096)
def _located(term: Term, layers: tuple[tuple[str, int], ...]) -> tuple[Term, frozenset[Index]]:
    """The term with numbers for its layers, and its free indices."""
    term = at_layer(term, {name: LayerNumber("", at) for name, at in layers})
    return term, free_indices(term)


# --- two sides -----------------------------------------------------------------------------


def agree(left: Plain, right: Plain) -> bool:
    """Whether two values are one: exactly, or to 30 digits."""
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left == right
    numbers = Numbers(jets.DIGITS)
    one, two = (
        numbers.of(side) if isinstance(side, Fraction) else numbers.context.convert(side)
        for side in (left, right)
    )
    return bool(abs(one - two) <= numbers.of(AGREEMENT) * max(1, abs(one), abs(two)))


def compare(
    left: Term,
    right: Term,
    setting: Setting,
    widths: tuple[int, ...],
    layers: Mapping[str, int],
    indices: Mapping[Index | str, int],
    seed: int,
    lookup: Lookup | None = None,
) -> tuple[Plain, Plain] | None:
    """The values of two sides where they differ, None where they agree.

    Decimals that differ are computed again with more than twice the digits, so that rounding is
    never taken for a difference.
    """
    found = _sides(left, right, _instance(widths, setting, seed, lookup), layers, indices)
    if agree(*found):
        return None
    if not all(isinstance(side, Fraction) for side in found):
        closer = _instance(widths, setting, seed, lookup, 2 * jets.DIGITS + 20)
        again = _sides(left, right, closer, layers, indices)
        if not all(map(agree, found, again)):
            raise NoValueError("rounding hides the values")
    return found


def _sides(
    left: Term,
    right: Term,
    instance: Instance,
    layers: Mapping[str, int],
    indices: Mapping[Index | str, int],
) -> tuple[Plain, Plain]:
    return instance.value(left, layers, indices), instance.value(right, layers, indices)


@lru_cache(maxsize=32)
def _kept(widths: tuple[int, ...], setting: Setting, seed: int, digits: int | None) -> Instance:
    return Instance(widths, setting, seed, None, digits)


def _instance(
    widths: tuple[int, ...],
    setting: Setting,
    seed: int,
    lookup: Lookup | None,
    digits: int | None = None,
) -> Instance:
    if lookup is None:
        return _kept(widths, setting, seed, digits)
    return Instance(widths, setting, seed, lookup, digits)
