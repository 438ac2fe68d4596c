"""The second judge: entry by entry, with σ and C of which nothing is known, then at numbers.

It knows the equations of a layer and of the next one, and nothing of the index calculus.
*Exactly*: every weight, activation, error, slope and ∂C/∂a_j is an unknown with a name; what the
equations make of them are dual numbers, which carry their slopes, and a formula must have the value
that the slopes of C give, as a polynomial in the unknowns. *At numbers*: with the network's own σ
and C, the formula must be the difference quotient to 30 digits, on a small layer.

Each layer is judged at its own widths where that takes up to MOST_ENTRIES products; beyond, at
small widths.

>>> from symnet.calculus.textbook import bp3
>>> claim = bp3()
>>> from symnet.network.architecture import Network
>>> judge(Network("2-3-4-1"), 3, claim)
Found(entries=12, widths=(3, 4), mismatch=None)
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from itertools import product
from random import Random
from typing import assert_never

import sympy

from symnet.calculus import instances
from symnet.calculus.dual import Dual, Poly, number, root, total, unknown, vanishes
from symnet.calculus.instances import AGREEMENT, NUMBERS, NoValueError, Value
from symnet.network import equations
from symnet.network.architecture import Network
from symnet.network.equations import Definition
from symnet.network.notation import COST
from symnet.term import (
    ARGUMENT,
    Addition,
    Apply,
    Axis,
    Delta,
    Equation,
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
    equation_at,
    mentions,
    walk,
)

MOST_ENTRIES = 200  # products in the equations of a layer; larger ones are judged at small widths
MOST_COUPLED = 1_600  # the same where quotients and functions of sums make each product dear
SMALL = {1: 3, 2: 4, 3: 2, 0: 2}  # the widths below, here, above, and of axes that all share


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One entry (indices from 1) at which a formula is not the derivative."""

    indices: tuple[int, ...]
    derivative: str
    formula: str


@dataclass(frozen=True, slots=True)
class Found:
    """How many entries were compared, at which widths of the layers in order, and what differs."""

    entries: int
    widths: tuple[int, ...]
    mismatch: Mismatch | None


class UnresolvedError(Exception):
    """A formula contains something that should have been worked out, or that has no meaning."""


def judge(network: Network, layer: int, claim: Equation) -> Found:
    """Compare a formula for arbitrary σ and C with the slopes of C, at every entry of a layer."""
    window = _window(network, layer, _sought(claim))
    return _compared(window.reduced() if window.too_large else window, claim)


def own_widths(network: Network, layer: int, claim: Equation) -> bool:
    """Whether a formula is judged at its layer's own widths."""
    return not _window(network, layer, _sought(claim)).too_large


def judge_at_numbers(network: Network, layer: int, claim: Equation) -> Mismatch | None:
    """Compare a formula for the network's own σ and C with difference quotients, at small widths.

    None if they agree to 30 digits at all numbers drawn at which both have values.
    """
    return _compared_at_numbers(_window(network, layer, _sought(claim)).reduced(), claim)


def _sought(claim: Equation) -> Symbol:
    """By what C is derived, from the left side of a formula."""
    match claim.left:
        case Partial(of, by, False) if of == COST:
            return by
        case Symbol("δ", layer, indices):
            return Symbol("z", layer, indices)
    raise UnresolvedError(claim.left)


# --- one layer -----------------------------------------------------------------------------
# Inside a window the layer is number 2: below it layer 1, above it layer 3.

HERE, ABOVE = LayerNumber("", 2), LayerNumber("", 3)


@dataclass(frozen=True, slots=True)
class _Window:
    """The equations through which C depends on one quantity, at literal layers and widths.

    `first` mention it; where a^l among them has no error of its own, `then` are those that mention
    a^l. `cost` stands at the output alone, with what it takes for `normalised`.
    """

    sought: Symbol
    first: tuple[Equation, ...]
    then: tuple[Equation, ...]
    activation: Equation
    inner: bool  # whether a^l stands between `first` and what comes after
    cost: Equation | None
    normalised: bool
    penalty: tuple[Equation, ...]
    sizes: tuple[tuple[Axis, int | str], ...]

    @property
    def too_large(self) -> bool:
        """Whether the window takes too long at its own widths, or has an open one."""
        sizes = dict(self.sizes)
        for equation in (*self.first, *self.then):
            axes = [index.axis for index in equation.indices]
            axes += [part.index.axis for part in walk(equation.right) if isinstance(part, Sum)]
            widths = [sizes[axis] for axis in axes]
            products = 1
            for width in widths:
                products *= width if isinstance(width, int) else MOST_ENTRIES + 1
            if products > (MOST_COUPLED if _couples(equation.right) else MOST_ENTRIES):
                return True
        return False

    def reduced(self) -> "_Window":
        """The same at small widths, different ones where the axes differ."""
        taken: dict[Axis, int | str] = {}
        for i, (axis, size) in enumerate(self.sizes):
            small = SMALL[axis.layer.offset] if axis.name == "n" else 2 + i % 2
            taken[axis] = min(small, size) if isinstance(size, int) else small
        return replace(self, sizes=tuple(taken.items()))

    def arbitrary(self) -> "_Window":
        """The same with activations of which nothing is known."""
        first, then = (
            tuple(equations.arbitrary(each, among) for each in among)
            for among in (self.first, self.then)
        )
        among = self.first if self.activation in self.first else ()
        activation = equations.arbitrary(self.activation, among)
        return replace(self, first=first, then=then, activation=activation)

    def defining(self, symbol: Symbol) -> Equation | None:
        """The equation of a quantity of the layer that depends on what is sought."""
        for equation in self.first:
            left = equation.left
            if isinstance(left, Symbol) and (left.name, left.layer) == (symbol.name, symbol.layer):
                return equation
        return None

    def size(self, axis: Axis) -> int:
        for known, size in self.sizes:
            if known == axis:
                assert isinstance(size, int)
                return size
        raise UnresolvedError(f"|{axis.name}{axis.layer}|")

    def entries(self, indices: tuple[Index, ...]) -> Iterator[tuple[int, ...]]:
        return product(*(range(self.size(index.axis)) for index in indices))


def _couples(term: Term) -> bool:
    """Whether a quotient or a function of a sum stands in a term."""
    if isinstance(term, Apply | Power):
        return any(isinstance(part, Sum) for part in walk(term))
    parts = (term.factors if isinstance(term, Product) else
             term.terms if isinstance(term, Addition) else
             (term.body,) if isinstance(term, Sum) else ())  # fmt: skip
    return any(map(_couples, parts))


def _window(network: Network, layer: int, sought: Symbol) -> _Window:
    output = layer == network.L
    return _made(
        network.layer(layer).definition,
        None if output else network.layer(layer + 1).definition,
        equations.cost(network.cost, network.shared) if output else None,
        network.cost.normalised,
        equations.penalised(sought, network.penalties),
        sought,
        _sizes(network, layer),
    )


@lru_cache(maxsize=1000)
def _made(
    here: Definition,
    above: Definition | None,
    cost: Equation | None,
    normalised: bool,
    penalty: tuple[Equation, ...],
    sought: Symbol,
    sizes: tuple[tuple[Axis, int | str], ...],
) -> _Window:
    """The window of a quantity. The layers are told apart by what they are, not by number."""
    v = at_layer(sought, {"l": HERE, "L": HERE})
    assert isinstance(v, Symbol)
    own = [equation_at(e, {"l": HERE}) for e in here.equations]
    *_, a = own
    after = () if above is None else above.users(equations.BELOW)
    same = {
        Axis(axis.name, HERE): Axis(other.name, LayerNumber("", 1))
        for axis, other in here.same_axes.items()
    }
    then = tuple(equations.on_axes(equation_at(e, {"l": ABOVE}), same) for e in after)
    names = {u.name for u in here.named}
    is_a = isinstance(a.left, Symbol) and v.name == a.left.name
    first = tuple(e for e in own if mentions(e.right, v))
    inner = a in first and "a" not in names
    if is_a:
        first = then
    if not inner and not is_a:
        then = ()
    used = {index.axis for e in (*first, *then, a) for index in _indices(e)} | {
        index.axis for index in v.indices
    }
    return _Window(
        v,
        first,
        then,
        a,
        inner,
        equations.on_axes(equation_at(cost, {"L": HERE}), same)
        if cost is not None and (inner or is_a)
        else None,
        normalised,
        tuple(equation_at(e, {"l": HERE}) for e in penalty),
        tuple((axis, size) for axis, size in sizes if axis in used),
    )


def _indices(equation: Equation) -> Iterator[Index]:
    yield from equation.indices
    for part in walk(equation.right):
        if isinstance(part, Sum):
            yield part.index
        elif isinstance(part, Symbol):
            yield from part.indices


def _sizes(network: Network, layer: int) -> tuple[tuple[Axis, int | str], ...]:
    """The sizes of all axes around a layer, which is number 2."""
    sizes: dict[Axis, int | str] = {each.index.axis: each.size for each in network.shared}
    sizes[Axis("n", LayerNumber("", 1))] = network.width(layer - 1)
    for own, at in ((layer, HERE), (layer + 1, ABOVE)):
        if own <= network.L:
            sizes[Axis("n", at)] = network.width(own)
            for name, size in network.layer(own).definition.axes:
                sizes[Axis(name, at)] = size
    return tuple(sizes.items())


# --- exactly -------------------------------------------------------------------------------


@lru_cache(maxsize=1000)
def _compared(window: _Window, claim: Equation) -> Found:
    """A claim at every entry."""
    here = equation_at(claim, {"l": HERE, "L": HERE})
    widths = tuple(
        window.size(axis) for axis, _ in window.sizes if axis.name == "n" and axis.layer.offset
    )
    exact = _Exact(window.arbitrary())
    try:
        slopes = exact.cost().slopes
    except (UnresolvedError, ZeroDivisionError) as unresolved:
        return Found(0, widths, Mismatch((), "", f"not decided: {unresolved}"))
    count = 0
    for indices in window.entries(here.indices):
        count += 1
        shown = tuple(index + 1 for index in indices)
        derivative = slopes.get(_name(window.sought, indices), number(0))
        at = dict(zip((index.name for index in here.indices), indices, strict=True))
        try:
            formula = exact.dual(here.right, at).value
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


def _name(symbol: Symbol, indices: tuple[int, ...]) -> str:
    layer = "" if symbol.layer is None else symbol.layer
    return f"{symbol.name}{layer}[{','.join(str(i + 1) for i in indices)}]"


@dataclass(slots=True)
class _Exact:
    """The quantities of a window as dual numbers that carry slopes by what is sought."""

    window: _Window
    activations: dict[tuple[int, ...], Dual] = field(default_factory=dict)

    def cost(self) -> Dual:
        """C, with an unknown slope by each quantity whose error has a name."""
        window = self.window
        parts: list[Dual] = []
        for equation in window.first:
            if equation == window.activation and window.inner:
                continue
            parts += self.owed(equation)
        if window.inner:
            parts += [dual for equation in window.then for dual in self.owed(equation)]
        if window.cost is not None:
            a = window.activation.left
            assert isinstance(a, Symbol)
            for at in window.entries(a.indices):
                value = self.symbol(a, at)
                parts.append(value.through(number(0), unknown(f"∂C/∂{_name(a, at)}")))
        for equation in window.penalty:
            parts.append(self.dual(equation.right, {}))
        return total(iter(parts))

    def owed(self, equation: Equation) -> Iterator[Dual]:
        """∂C/∂u times u, at every entry."""
        left = equation.left
        assert isinstance(left, Symbol)
        for indices in self.window.entries(left.indices):
            at = dict(zip((index.name for index in left.indices), indices, strict=True))
            slope = unknown(f"∂C/∂{_name(left, indices)}")
            yield self.dual(equation.right, at).through(number(0), slope)

    def symbol(self, symbol: Symbol, indices: tuple[int, ...]) -> Dual:
        window = self.window
        name = _name(symbol, indices)
        same = (symbol.name, symbol.layer)
        if same == (window.sought.name, window.sought.layer):
            return Dual.variable(name)
        if window.inner and same == ("a", HERE):
            if indices not in self.activations:
                left = window.activation.left
                assert isinstance(left, Symbol)
                at = dict(zip((index.name for index in left.indices), indices, strict=True))
                self.activations[indices] = self.dual(window.activation.right, at)
            return self.activations[indices]
        if symbol.layer is not None and symbol.layer.name:
            raise UnresolvedError(symbol)
        defining = window.defining(symbol)
        if defining is not None:
            # What depends on the quantity is what it is, but C's slope by it is counted apart.
            at = dict(zip((index.name for index in defining.indices), indices, strict=True))
            return Dual(self.dual(defining.right, at).value)
        if symbol.name == "δ":
            # Only the errors of what stands between C and the quantity have a meaning here.
            at_ = symbol.layer
            through = [e.left for e in (*window.first, *window.then)]
            if not any(isinstance(u, Symbol) and (u.name, u.layer) == ("z", at_) for u in through):
                raise UnresolvedError(symbol)
            return Dual(unknown(f"∂C/∂{_name(Symbol('z', at_), indices)}"))
        if symbol.layer is not None and not 0 <= symbol.layer.offset <= 3:
            raise UnresolvedError(symbol)
        return Dual(unknown(name))

    def dual(self, term: Term, at: Mapping[str, int]) -> Dual:
        """A term at an entry."""
        match term:
            case Number(amount):
                return Dual(number(amount))
            case Size(axis):
                return Dual(number(self.window.size(axis)))
            case Symbol(_, _, indices):
                return self.symbol(term, tuple(at[index.name] for index in indices))
            case Partial(of, by, False):
                return Dual(self.partial(of, by, at))
            case Partial():
                raise UnresolvedError(term)
            case Delta(left, right):
                return Dual(number(at[left.name] == at[right.name]))
            case Apply(function, argument):
                return applied(function, self.dual(argument, at))
            case Power(base, exponent):
                return self.dual(base, at).power(exponent)
            case Product(factors):
                whole = Dual(number(1))
                for factor in factors:
                    whole = whole * self.dual(factor, at)
                return whole
            case Addition(terms):
                return total(self.dual(part, at) for part in terms)
            case Sum(index, body):
                size = self.window.size(index.axis)
                return total(self.dual(body, {**at, index.name: v}) for v in range(size))
        assert_never(term)

    def partial(self, of: Term, by: Symbol, at: Mapping[str, int]) -> Poly:
        indices = tuple(at[index.name] for index in by.indices)
        match of:
            case Symbol() if of == COST and by.name != "z" and by.layer and not by.layer.name:
                return unknown(f"∂C/∂{_name(by, indices)}")
            case Symbol("a", layer, own) if (by.name, by.layer, layer) == ("z", HERE, HERE):
                # ∂a_p/∂z_j of the layer itself
                slopes = self.symbol(of, tuple(at[index.name] for index in own)).slopes
                return slopes.get(_name(by, indices), number(0))
        raise UnresolvedError(Partial(of, by))


def applied(function: ScalarFunction, argument: Dual) -> Dual:
    """f of a number: an unknown with an unknown slope, unless f has a formula."""
    if function.formula is None:
        name = f"{function.name}{function.layer or ''}" + "'" * function.order
        of = f"({argument.value})"
        return argument.through(unknown(name + of), unknown(f"{name}'{of}"))
    value = sympy.diff(function.formula, ARGUMENT, function.order)
    slope = sympy.diff(value, ARGUMENT)
    return argument.through(scalar(value, argument.value), scalar(slope, argument.value))


def scalar(formula: sympy.Expr, argument: Poly) -> Poly:
    """A formula in z as a polynomial; exp and ln as they are, other functions as unknowns."""

    def go(x: sympy.Expr) -> Poly:
        match x:
            case sympy.Rational():
                return number(Fraction(int(x.p), int(x.q)))
            case sympy.Symbol() if x == ARGUMENT:
                return argument
            case sympy.Add():
                return total(Dual(go(part)) for part in x.args).value
            case sympy.Mul():
                whole = number(1)
                for part in x.args:
                    whole = whole * go(part)
                return whole
            case sympy.Pow() if isinstance(x.exp, sympy.Rational):
                return root(go(x.base), Fraction(int(x.exp.p), int(x.exp.q)))
            case sympy.exp():
                # e^{2u + v} = (e^u)^2 e^v
                whole, inner = number(1), go(x.args[0])
                for key, rate in inner.terms.items():
                    part = Poly({key: Fraction(1)}, inner.roots)
                    whole = whole * Poly({((f"exp({part})", rate),): Fraction(1)})
                return whole
            case sympy.Function() if len(x.args) == 1:
                return unknown(f"{x.func.__name__}({go(x.args[0])})")
            case _ if x.is_number:
                return unknown(str(x))
        return unknown(f"<{x}>({argument})")

    return go(formula)


# --- at numbers ----------------------------------------------------------------------------

DRAWS = 4


@lru_cache(maxsize=1000)
def _compared_at_numbers(window: _Window, claim: Equation) -> Mismatch | None:
    here = equation_at(claim, {"l": HERE, "L": HERE})
    seen = 0
    for draw in range(DRAWS):
        sample = _Sample(window, Random(f"{window.sought.name} {draw}"), positive=draw % 2 == 1)
        for indices in window.entries(here.indices):
            at = dict(zip((index.name for index in here.indices), indices, strict=True))
            try:
                formula, derivative = sample.value(here.right, at), sample.derivative(indices)
            except NoValueError:
                continue
            except (LookupError, ZeroDivisionError, UnresolvedError) as error:
                return Mismatch((), "", f"not worked out: {error!r}")
            seen += 1
            if abs(formula - derivative) > AGREEMENT * (1 + abs(derivative)):
                shown = tuple(index + 1 for index in indices)
                return Mismatch(shown, _digits(derivative), _digits(formula))
    return None if seen else Mismatch((), "", "no value at any of the numbers drawn")


def _digits(value: Value) -> str:
    return str(NUMBERS.nstr(value, 30))


@dataclass(slots=True)
class _Sample:
    """A window at drawn numbers: one for each name, as it is asked for."""

    window: _Window
    draw: Random
    positive: bool
    numbers: dict[str, Value] = field(default_factory=dict)
    activations: dict[tuple[int, ...], Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # What is sought is drawn first, so that it can be moved.
        for indices in self.window.entries(self.window.sought.indices):
            self.drawn(_name(self.window.sought, indices))

    def drawn(self, name: str) -> Value:
        if name not in self.numbers:
            low = 0.1 if self.positive or name.startswith("y[") else -2.5
            self.numbers[name] = NUMBERS.mpf(round(self.draw.uniform(low, 2.5) * 9973)) / 9973
        return self.numbers[name]

    def value(self, term: Term, at: Mapping[str, int]) -> Value:
        return instances.value(term, self.window.size, self.lookup, at)

    def lookup(self, symbol: Symbol | Partial, at: tuple[int, ...]) -> Value:
        if isinstance(symbol, Partial):
            if symbol.of != COST:
                raise UnresolvedError(symbol)
            return self.drawn(f"∂C/∂{_name(symbol.by, at)}")
        if symbol.layer is not None and (symbol.layer.name or not 0 <= symbol.layer.offset <= 3):
            raise UnresolvedError(symbol)
        if symbol.name == "δ":
            return self.drawn(f"∂C/∂{_name(Symbol('z', symbol.layer), at)}")
        if symbol.name == "y" and self.window.normalised:
            (*_, last) = symbol.indices
            size = self.window.size(last.axis)
            row = [self.drawn(_name(symbol, (*at[:-1], i))) for i in range(size)]
            return self.drawn(_name(symbol, at)) / NUMBERS.fsum(row)
        if self.window.inner and (symbol.name, symbol.layer) == ("a", HERE):
            return self.activation(at)
        defining = self.window.defining(symbol)
        if defining is not None:
            return self.fixed(defining, at)
        return self.drawn(_name(symbol, at))

    def fixed(self, defining: Equation, at: tuple[int, ...]) -> Value:
        """A quantity that depends on what is sought, where this has not been moved."""
        assert isinstance(defining.left, Symbol)
        name = _name(defining.left, at)
        if name not in self.numbers:
            here = dict(zip((index.name for index in defining.indices), at, strict=True))
            self.numbers[name] = self.value(defining.right, here)
        return self.numbers[name]

    def activation(self, indices: tuple[int, ...]) -> Value:
        if indices not in self.activations:
            equation = self.window.activation
            at = dict(zip((index.name for index in equation.indices), indices, strict=True))
            self.activations[indices] = self.value(equation.right, at)
        return self.activations[indices]

    def total(self) -> Value:
        """C: the cost itself, or what the errors make of the quantities they belong to."""
        window = self.window
        parts = []
        between = [e for e in window.first if not (window.inner and e == window.activation)]
        for equation in (*between, *(window.then if window.inner else ())):
            left = equation.left
            assert isinstance(left, Symbol)
            for indices in window.entries(left.indices):
                at = dict(zip((index.name for index in left.indices), indices, strict=True))
                slope = self.drawn(f"∂C/∂{_name(left, indices)}")
                parts.append(slope * self.value(equation.right, at))
        parts += [self.value(e.right, {}) for e in (window.cost, *window.penalty) if e is not None]
        return NUMBERS.fsum(parts)

    def derivative(self, indices: tuple[int, ...]) -> Value:
        name = _name(self.window.sought, indices)

        def moved(to: Value) -> Value:
            kept = self.numbers[name]
            self.numbers[name] = to
            self.activations.clear()
            try:
                return self.total()
            finally:
                self.numbers[name] = kept
                self.activations.clear()

        self.total()  # so that what stays fixed is known
        return instances.slope(moved, self.numbers[name])
