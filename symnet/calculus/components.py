"""The second judge: entry by entry, with σ and C of which nothing is known, then at numbers.

It knows what a layer computes, z_j = Σ_k w_jk a_k + b_j and a_j = σ(z_j), and nothing of the index
calculus. *Exactly*: every w, a, δ, σ'(z_j) and ∂C/∂a_j is an unknown with a name; z and a are
computed from them as dual numbers, which carry their slopes, and a formula must have the value that
the slopes of C give, as a polynomial in the unknowns. *At numbers*: with the network's own σ and C,
the formula must be the difference quotient to 30 digits, on a small layer.

Each layer is judged at its own width up to MOST_ENTRIES parameters; beyond, at small widths.

>>> from symnet.calculus.textbook import bp3
>>> from symnet.network.functions import ACTIVATIONS
>>> claim = bp3(ACTIVATIONS["sigmoid"])
>>> from symnet.network.architecture import Network
>>> judge(Network("2-3-4-1"), "BP3", 3, claim)
Found(entries=12, widths=(3, 4), mismatch=None)
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import product
from random import Random
from typing import assert_never

import sympy

from symnet.calculus import instances
from symnet.calculus.dual import Dual, Poly, number, root, total, unknown, vanishes
from symnet.calculus.instances import AGREEMENT, NUMBERS, NoValueError, Value
from symnet.network.architecture import Network
from symnet.network.functions import A, Activation, Cost, J, N, P, Y, Z
from symnet.network.notation import COST
from symnet.term import (
    Addition,
    Apply,
    Axis,
    Delta,
    Equation,
    LayerNumber,
    Number,
    Partial,
    Power,
    Product,
    Size,
    Sum,
    Symbol,
    Term,
    equation_at,
)

MOST_ENTRIES = 5_000  # parameters of a layer; larger ones are judged at small widths
SMALL = (3, 4, 2)  # the widths below, of, and above a layer that is too large, or has open widths
MOST_NEURONS = 40  # of a layer that couples its neurons
SMALL_COUPLED = 3


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One entry (indices from 1) at which a formula is not the derivative."""

    indices: tuple[int, ...]
    derivative: str
    formula: str


@dataclass(frozen=True, slots=True)
class Found:
    """How many entries were compared, at which widths (below, here, above), and what differs."""

    entries: int
    widths: tuple[int, ...]
    mismatch: Mismatch | None


class UnresolvedError(Exception):
    """A formula contains something that should have been worked out, or that has no meaning."""


def judge(network: Network, label: str, layer: int, claim: Equation) -> Found:
    """Compare a formula for arbitrary σ and C with the slopes of C, at every entry of a layer."""
    widths = _widths(network, label, layer)
    return _found(label, network.layer(layer).activation, widths, claim)


@lru_cache(maxsize=1000)
def _found(label: str, activation: Activation, widths: tuple[int, ...], claim: Equation) -> Found:
    return _Window(label, activation, widths).compare(claim)


def own_widths(network: Network, label: str, layer: int) -> bool:
    """Whether a layer is judged at its own widths."""
    widths = _widths(network, label, layer)
    return widths == network.sizes[layer - 2 : layer + 1][: len(widths)]


def _widths(network: Network, label: str, layer: int) -> tuple[int, ...]:
    """The widths below, here and above at which a layer is judged."""
    own = network.sizes[layer - 2 : layer + 1]
    wide = SMALL[: len(own)]
    if not all(isinstance(size, int) for size in own):
        return wide
    sizes = tuple(size for size in own if isinstance(size, int))
    coupled = label in ("BP1", "BP2") and network.layer(layer).activation.couples_neurons
    if coupled and sizes[1] > MOST_NEURONS:
        return wide
    effort = {"BP1": sizes[1], "BP2": sizes[1] * sizes[-1]}.get(label, sizes[0] * sizes[1])
    return sizes if effort <= MOST_ENTRIES else wide


# --- one layer -----------------------------------------------------------------------------
# Inside a window the layer is number 2: below it layer 1, above it layer 3.

BELOW, HERE, ABOVE = 1, 2, 3


class _Window:
    """A layer with what is below and above it, its quantities as unknowns."""

    def __init__(self, label: str, activation: Activation, widths: tuple[int, ...]) -> None:
        self.label = label
        self.activation = activation
        self.sizes = dict(zip((BELOW, HERE, ABOVE), widths, strict=False))

    def compare(self, claim: Equation) -> Found:
        """The claim at every entry."""
        last = HERE if self.label == "BP1" else HERE + 1
        here = equation_at(claim, {"l": LayerNumber("", HERE), "L": LayerNumber("", last)})
        widths = tuple(self.sizes.values())[: 2 if self.label != "BP2" else 3]
        try:
            slopes = self.slopes()
        except UnresolvedError as unresolved:
            return Found(0, widths, Mismatch((), "", f"not decided: {unresolved}"))
        count = 0
        for indices in product(*(range(self.size(index.axis)) for index in here.indices)):
            count += 1
            shown = tuple(index + 1 for index in indices)
            derivative = slopes.get(indices, number(0))
            names = [index.name for index in here.indices]
            try:
                formula = self.value(here.right, dict(zip(names, indices, strict=True)))
                same = vanishes(derivative + formula.times(Fraction(-1)))
            except UnresolvedError as unresolved:
                wrong = Mismatch(shown, str(derivative), f"not worked out: {unresolved}")
                return Found(count, widths, wrong)
            except (LookupError, ZeroDivisionError) as error:
                # A free index on the right alone, or a layer that does not exist here.
                wrong = Mismatch(shown, str(derivative), f"not worked out: {error!r}")
                return Found(count, widths, wrong)
            if not same:
                return Found(count, widths, Mismatch(shown, str(derivative), str(formula)))
        return Found(count, widths, None)

    def slopes(self) -> Mapping[tuple[int, ...], Poly]:
        """∂C by z, w or b at each entry, from the slopes that dual numbers carry."""
        neurons = range(self.sizes[HERE])
        if self.label in ("BP1", "BP2"):
            z = [Dual.variable(_name("z", HERE, j)) for j in neurons]
            a = [self.activate(z, j) for j in neurons]
            if self.label == "BP1":
                cost = _cost(a, lambda j: _name("C'", HERE, j))
            else:
                above = [self.weighted_input(ABOVE, a, k) for k in range(self.sizes[ABOVE])]
                cost = _cost(above, lambda k: _name("δ", ABOVE, k))
            return {(j,): cost.slopes.get(_name("z", HERE, j), number(0)) for j in neurons}
        below = [Dual(unknown(_name("a", BELOW, k))) for k in range(self.sizes[BELOW])]
        z = [self.weighted_input(HERE, below, j, variable=True) for j in neurons]
        cost = _cost(z, lambda j: _name("δ", HERE, j))
        if self.label == "BP4":
            return {(j,): cost.slopes.get(_name("b", HERE, j), number(0)) for j in neurons}
        pairs = product(neurons, range(self.sizes[BELOW]))
        return {(j, k): cost.slopes.get(_name("w", HERE, j, k), number(0)) for j, k in pairs}

    def weighted_input(self, layer: int, a: list[Dual], j: int, *, variable: bool = False) -> Dual:
        """z_j = Σ_k w_jk a_k + b_j; w and b are variables or just unknowns."""

        def made(name: str) -> Dual:
            return Dual.variable(name) if variable else Dual(unknown(name))

        parts = [made(_name("w", layer, j, k)) * a_k for k, a_k in enumerate(a)]
        return total(iter([*parts, made(_name("b", layer, j))]))

    def activate(self, z: list[Dual], j: int) -> Dual:
        """a_j: an unknown with an unknown slope, or what a coupled formula makes of all z."""
        if self.activation.couples_neurons:
            return _coupled(self.activation.formula, z, j)
        return z[j].through(unknown(_name("a", HERE, j)), unknown(_name("σ'", HERE, j)))

    def size(self, axis: Axis) -> int:
        return self.sizes[axis.layer.offset]

    # --- a formula at an entry ---

    def value(self, term: Term, at: Mapping[str, int]) -> Poly:
        """A term as a polynomial in the unknowns."""
        match term:
            case Number(amount):
                return number(amount)
            case Size(axis):
                return number(self.size(axis))
            case Symbol(_, _, indices):
                return self.symbol(term, tuple(at[index.name] for index in indices))
            case Partial(of, by, False):
                return self.partial(of, by, at)
            case Delta(left, right):
                return number(at[left.name] == at[right.name])
            case Apply(function, Symbol("z", layer, (j,))) if layer and layer.offset == HERE:
                if function.layer == layer and function.formula is None and function.order < 2:
                    name = ("a", "σ'")[function.order]
                    return unknown(_name(name, HERE, at[j.name]))
                if function.is_exp and self.activation.couples_neurons:
                    return unknown(f"exp({_name('z', HERE, at[j.name])})")
                raise UnresolvedError(term)
            case Apply(function, argument) if function.is_log and self.activation.couples_neurons:
                return unknown(f"ln({self.value(argument, at)})")
            case Apply() | Partial():
                raise UnresolvedError(term)
            case Power(base, exponent):
                return root(self.value(base, at), exponent)
            case Product(factors):
                whole = number(1)
                for factor in factors:
                    whole = whole * self.value(factor, at)
                return whole
            case Addition(terms):
                return _added(self.value(part, at) for part in terms)
            case Sum(index, body):
                return _added(
                    self.value(body, {**at, index.name: v}) for v in range(self.size(index.axis))
                )
        assert_never(term)

    def symbol(self, symbol: Symbol, indices: tuple[int, ...]) -> Poly:
        layer = symbol.layer
        if symbol.name == "y" and layer is None:
            return unknown(_name("y", HERE, *indices))
        if layer is None or layer.name or layer.offset not in self.sizes:
            raise UnresolvedError(symbol)
        if symbol.name == "a" and layer.offset == HERE and self.activation.couples_neurons:
            z = [Dual.variable(_name("z", HERE, j)) for j in range(self.sizes[HERE])]
            return self.activate(z, indices[0]).value
        # What a formula may speak of: the layer's own error only below the cost.
        if symbol.name not in ("w", "b", "z", "a", "δ"):
            raise UnresolvedError(symbol)
        return unknown(_name(symbol.name, layer.offset, *indices))

    def partial(self, of: Term, by: Symbol, at: Mapping[str, int]) -> Poly:
        indices = tuple(at[index.name] for index in by.indices)
        match of:
            case Symbol() if of == COST and by.name == "a" and by.layer:
                return unknown(_name("C'", by.layer.offset, *indices))
            case Symbol("a", layer, (p,)) if (
                by.name == "z" and by.layer == layer and layer and layer.offset == HERE
            ):
                # ∂a_p/∂z_j of the layer itself
                z = [Dual.variable(_name("z", HERE, j)) for j in range(self.sizes[HERE])]
                slopes = self.activate(z, at[p.name]).slopes
                return slopes.get(_name("z", HERE, *indices), number(0))
        raise UnresolvedError(Partial(of, by))


def _name(name: str, layer: int, *indices: int) -> str:
    return f"{name}{layer}[{','.join(str(i + 1) for i in indices)}]"


def _cost(of: list[Dual], slope: Callable[[int], str]) -> Dual:
    """C of some quantities: an unknown with an unknown slope by each."""
    slopes = (each.through(number(0), unknown(slope(j))) for j, each in enumerate(of))
    return total(slopes)


def _added(parts: Iterator[Poly]) -> Poly:
    return total(Dual(part) for part in parts).value


def _coupled(formula: sympy.Expr, z: list[Dual], j: int) -> Dual:
    """A formula in z[j] and sums over z[p], computed with dual numbers."""

    def go(x: sympy.Expr, at: Mapping[sympy.Symbol, int]) -> Dual:
        match x:
            case sympy.Rational():
                return Dual(number(Fraction(int(x.p), int(x.q))))
            case sympy.Symbol() if x == N:
                return Dual(number(len(z)))
            case sympy.Indexed():
                return z[at[x.indices[0]]]
            case sympy.Add():
                return total(go(part, at) for part in x.args)
            case sympy.Mul():
                whole = Dual(number(1))
                for part in x.args:
                    whole = whole * go(part, at)
                return whole
            case sympy.Pow() if isinstance(x.exp, sympy.Rational):
                return go(x.base, at).power(Fraction(int(x.exp.p), int(x.exp.q)))
            case sympy.exp():
                return _exponential(go(x.args[0], at))
            case sympy.log():
                of = go(x.args[0], at)
                return of.through(unknown(f"ln({of.value})"), root(of.value, Fraction(-1)))
            case sympy.Sum():
                return total(go(x.function, {**at, x.limits[0][0]: p}) for p in range(len(z)))
        raise UnresolvedError(str(x))

    return go(formula, {J: j})


def _exponential(of: Dual) -> Dual:
    """e^{2u + v} = (e^u)^2 e^v, with the slope that e has."""
    value = number(1)
    for key, rate in of.value.terms.items():
        inner = Poly({key: Fraction(1)}, of.value.roots)
        value = value * Poly({((f"exp({inner})", rate),): Fraction(1)})
    return of.through(value, value)


# --- at numbers ----------------------------------------------------------------------------

DRAWS = 3


@lru_cache(maxsize=1000)
def judge_at_numbers(
    label: str, activation: Activation, cost: Cost | None, claim: Equation
) -> Mismatch | None:
    """Compare a formula for the network's own σ (and C, for BP1) with difference quotients.

    None if they agree to 30 digits at all numbers drawn at which both have values.
    """
    seen = 0
    for draw in range(DRAWS):
        try:
            sample = _Sample(label, activation, cost, claim, Random(f"{label} {draw}"))
        except NoValueError:
            continue
        for j in range(SMALL_COUPLED):
            try:
                formula, derivative = sample.formula(j), sample.derivative(j)
            except NoValueError:
                continue
            except (LookupError, ZeroDivisionError) as error:
                return Mismatch((j + 1,), "", f"not worked out: {error!r}")
            seen += 1
            if abs(formula - derivative) > AGREEMENT * (1 + abs(derivative)):
                return Mismatch((j + 1,), _digits(derivative), _digits(formula))
    return None if seen else Mismatch((), "", "no value at any of the numbers drawn")


def _digits(value: Value) -> str:
    return str(NUMBERS.nstr(value, 30))


class _Sample:
    """A layer of three neurons at drawn numbers, below the cost or below a layer of two."""

    def __init__(
        self, label: str, activation: Activation, cost: Cost | None, claim: Equation, draw: Random
    ) -> None:
        self.label, self.activation, self.cost = label, activation, cost
        last = HERE if label == "BP1" else ABOVE
        self.claim = equation_at(claim, {"l": LayerNumber("", HERE), "L": LayerNumber("", last)})

        def drawn(low: float, high: float) -> Value:
            return NUMBERS.mpf(round(draw.uniform(low, high) * 9973)) / 9973

        self.z = [drawn(-3, 3) for _ in range(SMALL_COUPLED)]
        self.w = [[drawn(-2, 2) for _ in self.z] for _ in range(2)]
        self.delta = [drawn(-2, 2) for _ in range(2)]
        y = [drawn(0.1, 1.5) for _ in self.z]
        normalised = cost is not None and cost.normalised
        self.y = [each / NUMBERS.fsum(y) for each in y] if normalised else y
        self.a = [self.activate(self.z, j) for j in range(SMALL_COUPLED)]

    def activate(self, z: list[Value], j: int) -> Value:
        values = {N: NUMBERS.mpf(len(z)), J: j, P: j}
        if not self.activation.couples_neurons:
            values[Z] = z[j]
        return instances.evaluate(self.activation.formula, values, z)

    def total(self, z: list[Value]) -> Value:
        """C of the weighted inputs: the cost itself, or what the layer above makes of it."""
        a = [self.activate(z, j) for j in range(len(z))]
        if self.cost is not None:
            formula = self.cost.formula
            return NUMBERS.fsum(
                instances.evaluate(formula, {A: a_j, Y: y_j})
                for a_j, y_j in zip(a, self.y, strict=True)
            )
        above = (NUMBERS.fdot(row, a) for row in self.w)
        return NUMBERS.fdot(self.delta, above)

    def derivative(self, j: int) -> Value:
        def moved(z_j: Value) -> Value:
            return self.total([*self.z[:j], z_j, *self.z[j + 1 :]])

        return instances.slope(moved, self.z[j])

    def formula(self, j: int) -> Value:
        (index,) = self.claim.indices
        sizes = {BELOW: 0, HERE: len(self.z), ABOVE: len(self.delta)}
        return instances.value(
            self.claim.right,
            lambda axis: sizes[axis.layer.offset],
            self.lookup,
            {index.name: j},
        )

    def lookup(self, symbol: Symbol | Partial, at: tuple[int, ...]) -> Value:
        match symbol:
            case Symbol("z", LayerNumber("", 2)):
                return self.z[at[0]]
            case Symbol("a", LayerNumber("", 2)):
                return self.a[at[0]]
            case Symbol("y", None):
                return self.y[at[0]]
            case Symbol("w", LayerNumber("", 3)):
                return self.w[at[0]][at[1]]
            case Symbol("δ", LayerNumber("", 3)):
                return self.delta[at[0]]
        raise NoValueError(str(symbol))
