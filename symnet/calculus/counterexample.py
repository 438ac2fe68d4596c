"""Claims on one concrete dense network: what both sides are, as numbers.

A derivative ∂u/∂v is what stands before ε in u when ε is added to v and all that depends on v is
computed again (`specimen.py`); no rule of the calculus is used. Values are exact while they are
rational, else they have 50 digits. Several samples are as many specimens, with the same weights.

>>> from symnet.calculus.textbook import state
>>> bp4, where = state("BP4"), ({"l": 2}, {"j": 3})
>>> instance = Instance((2, 3, 2), Setting(None, None), seed=1)
>>> instance.value(bp4.left, *where) == instance.value(bp4.right, *where)
True
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Protocol

from symnet.calculus import jets
from symnet.calculus.nilpotent import (
    DIGITS,
    IrrationalError,
    NoValueError,
    Perturbed,
    Plain,
    Value,
    numbers_to,
    total,
)
from symnet.calculus.specimen import (
    NETWORK,
    Change,
    Changes,
    Key,
    MissingError,
    NoActivationError,
    Setting,
    Specimen,
    samples_of,
)
from symnet.network import notation as n
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
    at_layer,
    free_indices,
)

__all__ = [
    "Instance", "Lookup", "MissingError", "NoActivationError", "NoValueError", "Setting", "agree",
    "compare",
]  # fmt: skip

AGREEMENT = Fraction(1, 10**30)


class Lookup(Protocol):
    """What a claim's other axes and symbols are; None leaves it to chance."""

    def size(self, axis: Axis) -> int | None:
        """How many values an axis has."""

    def symbol(self, symbol: Symbol, positions: tuple[int, ...]) -> Fraction | None:
        """What an entry of a symbol is."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a term is evaluated: what its indices are, and what is perturbed."""

    indices: Mapping[Index | str, int]
    changes: Changes = ()
    direct: Changes = ()  # seen where the symbol itself stands, and nowhere else

    @property
    def bit(self) -> int:
        """The bit of an ε that is not in use here."""
        return max((2 * bit for _, bit in (*self.changes, *self.direct)), default=1)


class Instance(Specimen):
    """A network with numbers drawn from a seed, at which terms have values."""

    def __init__(
        self,
        widths: tuple[int, ...],
        setting: Setting,
        seed: int,
        lookup: Lookup | None = None,
        digits: int | None = None,  # None: exact while possible
    ) -> None:
        super().__init__(widths, setting, seed, digits)
        self.lookup = lookup
        self.samples = samples_of(widths)
        self._specimens: dict[int, Specimen] = {}

    def give_up_exactness(self) -> None:
        """From here on numbers have DIGITS digits, in all samples."""
        super().give_up_exactness()
        self._specimens.clear()

    def at(self, sample: int | None) -> Specimen:
        """The network at a sample: with the same weights, biases and functions."""
        if sample is None:
            return self
        if sample not in self._specimens:
            digits = None if self.exact else self.numbers.context.dps
            self._specimens[sample] = Specimen(self.widths, self.setting, self.seed, digits, sample)
        return self._specimens[sample]

    def value(
        self,
        term: Term,
        layers: Mapping[str, int],
        indices: Mapping[Index, int] | Mapping[str, int] | Mapping[Index | str, int],
    ) -> Plain:
        """What a term is, for layers and free indices (from 1) by their names."""
        named = {"L": len(self.widths), **layers}
        term, free = _located(term, tuple(sorted(named.items())))
        given = {key.name if isinstance(key, Index) else key: at for key, at in indices.items()}
        places: dict[Index | str, int] = {i: given[i.name] for i in free if i.name in given}
        scope = Scope(places)
        try:
            try:
                found = self._value(term, scope)
            except IrrationalError:
                self.give_up_exactness()
                found = self._value(term, scope)
            return Fraction(found) if self.exact else self.numbers.context.convert(found)
        except (ArithmeticError, ValueError) as error:  # a pole, a number beyond all bounds
            raise NoValueError(f"no value: {error}") from error

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
                return self.numbers.of(value)
            case Apply(function, argument):
                return self._apply(function, self._value(argument, scope))
            case Addition(terms):
                return total([self._value(part, scope) for part in terms])
            case Partial(of, by, direct):
                return self._partial(of, by, direct, scope)
            case Delta(left, right):
                one, two = (self._inside(index, scope) for index in (left, right))
                return self.numbers.of(int(one == two))
            case Power(inner, exponent):
                return jets.to_power(self.numbers, self._value(inner, scope), exponent)
            case Size(axis):
                return self.numbers.of(self._size(axis))

    def _apply(self, function: ScalarFunction, x: Value) -> Value:
        if function.formula is None and function.name == "σ":
            layer = None if function.layer is None else self._layer(function.layer)
            if layer is not None and not 2 <= layer <= len(self.widths):
                raise NoActivationError(f"there is no activation of layer {layer}")
            return self.activation(layer, function.order, x)
        return self.applied(f"function {function.name}", function.formula, function.order, x)

    def _sum(self, index: Index, body: Term, scope: Scope) -> Value:
        size = self._size(index.axis)
        values = []
        for position in range(1, size + 1):
            # By its letter too: an index of the same letter that nothing else binds means this one.
            inner = {**scope.indices, index: position, index.name: position}
            values.append(self._value(body, Scope(inner, scope.changes, scope.direct)))
        return total(values)

    def _symbol(self, symbol: Symbol, scope: Scope) -> Value:
        key = self._key(symbol, scope)
        name, layer, positions = key
        at = tuple(position - 1 for position in positions)
        sample = positions[-1] if n.sample_of(symbol) is not None else None
        here = self.at(sample)
        changes = tuple(_felt(scope.changes, sample))
        found: Value
        match name, layer:
            case "a", int():
                found = here.a(layer, changes)[at[0]]
            case "z", int():
                found = here.z(layer, changes)[at[0]]
            case "δ", int():
                found = here.cost((*changes, (("z", layer, positions[:1]), scope.bit)))
                found = self._slope(found, scope.bit)
            case "y", None:
                found = here.y(changes)[at[0]]
            case "C", None:
                found = here.cost(changes)
            case (("Σw²" | "Σ|w|"), None):
                found = self._penalty(name, scope.changes)
            case "w", int():
                found = self._plus(self.w(layer)[at[0]][at[1]], key, scope.changes)
            case "b", int():
                found = self._plus(self.b(layer)[at[0]], key, scope.changes)
            case _:
                found = self._plus(self._other(symbol, positions), key, scope.changes)
        return self._plus(found, key, scope.direct)

    def _penalty(self, name: str, changes: Changes) -> Value:
        """Σ w² or Σ |w| over all weights."""
        parts = []
        for layer in range(2, len(self.widths) + 1):
            for j, row in enumerate(self.w(layer), 1):
                for k, weight in enumerate(row, 1):
                    value = self._plus(weight, ("w", layer, (j, k)), changes)
                    sign = value if name == n.SQUARES.name else self.numbers.sign(weight)
                    parts.append(value * sign)
        return total(parts)

    def _plus(self, value: Value, key: Key, changes: Changes) -> Value:
        """A value with the ε's that are added to it itself."""
        for changed, bit in changes:
            if changed == key:
                value = value + Perturbed({bit: self.numbers.of(1)})
        return value

    def _slope(self, value: Value, bit: int) -> Value:
        return value.coefficient(bit) if isinstance(value, Perturbed) else self.numbers.of(0)

    def _other(self, symbol: Symbol, positions: tuple[int, ...]) -> Plain:
        given = self.lookup.symbol(symbol, positions) if self.lookup is not None else None
        if given is None:
            given = self.chance("symbol", symbol.name, str(symbol.layer), positions)
        if not isinstance(given, int | Fraction):
            return self.numbers.context.convert(given)  # a part with a value in decimals
        return self.numbers.of(Fraction(given))

    def _partial(self, of: Term, by: Symbol, direct: bool, scope: Scope) -> Value:
        key, bit = self._key(by, scope), scope.bit
        if direct:
            inner = Scope(scope.indices, scope.changes, (*scope.direct, (key, bit)))
        else:
            if key[0] == "δ" and key[1] is not None:
                # δ is itself a derivative: what would change with it, nobody can say.
                raise NoValueError("a derivative by δ")
            inner = Scope(scope.indices, (*scope.changes, (key, bit)))
        return self._slope(self._value(of, inner), bit)

    # --- where things stand ----------------------------------------------------------------

    def _layer(self, layer: LayerNumber) -> int:
        if layer.name:
            raise MissingError(f"no number is given for layer {layer}")
        return layer.offset

    def _size(self, axis: Axis) -> int:
        if axis.name == "n":
            return self.width(self._layer(axis.layer))
        if axis == n.SAMPLES:
            return self.samples
        given = self.lookup.size(axis) if self.lookup is not None else None
        if given is not None:
            return given
        return self.size("size", axis.name, str(axis.layer))

    def _position(self, index: Index, scope: Scope) -> int:
        places = scope.indices
        if index in places:
            return places[index]
        if index.name in places:
            return places[index.name]
        if index.name.isdecimal():
            return int(index.name)
        raise MissingError(f"no value is given for the index {index.name}")

    def _inside(self, index: Index, scope: Scope) -> int:
        """The position of an index, which has to be one of its axis."""
        position, size = self._position(index, scope), self._size(index.axis)
        if not 1 <= position <= size:
            raise MissingError(f"{index.name} = {position} is not among 1..{size}")
        return position

    def _key(self, symbol: Symbol, scope: Scope) -> Key:
        """The entry that a symbol names. Raises MissingError if there is none."""
        name = symbol.name
        layer = None if symbol.layer is None else self._layer(symbol.layer)
        if not _is_network(symbol):
            positions = tuple(self._inside(index, scope) for index in symbol.indices)
            return f"other {name}", layer, positions
        positions = tuple(self._position(index, scope) for index in symbol.indices)
        if name == "x":
            name, layer = "a", 1
        sizes = self._sizes(name, layer)
        if n.sample_of(symbol) is not None:
            sizes = (*sizes, self.samples)
        for position, size in zip(positions, sizes, strict=True):
            if not 1 <= position <= size:
                raise MissingError(f"{symbol.name} has no entry {position} among 1..{size}")
        return name, layer, positions

    def _sizes(self, name: str, layer: int | None) -> tuple[int, ...]:
        """The sizes of the axes of a quantity of the network."""
        if layer is None:
            return (self.widths[-1],) if name == "y" else ()
        if name == "b" and not self.setting.bias:
            raise MissingError("there are no biases")
        lowest = 1 if name == "a" else 2
        if not lowest <= layer <= len(self.widths):
            raise MissingError(f"there is no {name} of layer {layer}")
        above, below = self.width(layer), self.width(max(layer - 1, 1))
        return (above, below) if name == "w" else (above,)


INDICES = {"w": 2, "b": 1, "z": 1, "a": 1, "δ": 1}


def _is_network(symbol: Symbol) -> bool:
    """Whether a symbol is the network's own: with a layer as w and a, or C, x, y without one."""
    if n.sample_of(symbol) is not None and symbol.name not in ("w", "b"):
        symbol = n.at_sample(symbol, None)
    if symbol.layer is not None:
        return INDICES.get(symbol.name) == len(symbol.indices)
    if symbol.name in ("x", "y"):
        return len(symbol.indices) == 1 and symbol.indices[0].axis.name == "n"
    return n.is_cost(symbol) or n.is_penalty(symbol)


def _felt(changes: Changes, sample: int | None) -> Iterator[Change]:
    """The changes that are felt in a sample: those of w and b, and its own."""
    for (name, layer, positions), bit in changes:
        if name in ("w", "b"):
            yield (name, layer, positions), bit
        elif name in NETWORK:
            neurons = 0 if name == "C" else 1
            own = positions[neurons] if len(positions) > neurons else None
            if own == sample:
                yield (name, layer, positions[:neurons]), bit


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
    numbers = numbers_to(DIGITS)
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
        closer = _instance(widths, setting, seed, lookup, 2 * DIGITS + 20)
        again = _sides(left, right, closer, layers, indices)
        if agree(*again):
            return None
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
