"""The second judge: every entry of a small network written out, differentiated by SymPy's `diff`.

It knows the network's architecture and nothing of the index calculus: w_11^2, w_12^2, … are plain
symbols, z and a are written out from the inputs, σ and C are functions of which SymPy knows only
that they have derivatives. A formula is put into components and must equal SymPy's derivative,
entry by entry, as a polynomial. A transposed w is caught even in a square layer.

Larger networks are judged in windows, a layer or two below an arbitrary C that stands for all
above them: at their own widths, and beyond MOST_PARAMETERS at small ones.

>>> from symnet.network.architecture import Layer, Network
>>> instance = WrittenOut(Network("2-2-1"))
>>> instance.z[2][0]
b1_2 + w11_2*x1 + w12_2*x2
>>> instance.derivative("BP4", 2, (0,))
w11_3*C_1(s3(b1_3 + w11_3*s2(b1_2 + w11_2*x1 + w12_2*x2) + w12_3*s2(b2_2 + w21_2*x1 + w22_2*x2)))\
*s2'(b1_2 + w11_2*x1 + w12_2*x2)*s3'(b1_3 + w11_3*s2(b1_2 + w11_2*x1 + w12_2*x2) + \
w12_3*s2(b2_2 + w21_2*x1 + w22_2*x2))
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise, product
from math import prod
from typing import Any, assert_never

import sympy

from symnet.network.architecture import Layer, Network
from symnet.network.functions import ACTIVATIONS, A, Activation, J, N, Y, Z
from symnet.term import (
    Addition,
    Apply,
    Axis,
    Delta,
    Equation,
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

# Up to here a network is written out as a whole; SymPy's expressions grow with the paths, all the
# more where neurons are coupled, and nest with the layers.
MOST_TERMS = 1500
COUPLED = 8
MOST_LAYERS = 6
# Up to here each layer is written out at its own width.
MOST_PARAMETERS = 100


class _Arbitrary(sympy.Function):  # type: ignore[misc]
    """A function of which nothing is known but that it is real, as are its derivatives."""

    is_extended_real = True


class _Exp(_Arbitrary):
    """e^u that SymPy does not merge with e^v, so that each stays one unknown of a polynomial."""

    nargs = 1
    is_positive = True

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        return self


@cache
def arbitrary(name: str, primes: int = 0) -> type[sympy.Function]:
    """σ with a number of primes, as a SymPy function whose `diff` gives one prime more."""

    def fdiff(self: sympy.Function, argindex: int = 1) -> sympy.Expr:
        return arbitrary(name, primes + 1)(*self.args)

    return type(name + "'" * primes, (_Arbitrary,), {"fdiff": fdiff, "nargs": 1})


@cache
def arbitrary_cost(outputs: int, of: tuple[int, ...] = ()) -> type[sympy.Function]:
    """C of all outputs, differentiated by the outputs in `of` (numbered from 1)."""

    def fdiff(self: sympy.Function, argindex: int = 1) -> sympy.Expr:
        return arbitrary_cost(outputs, tuple(sorted((*of, argindex))))(*self.args)

    name = "_".join(["C", *map(str, of)])
    return type(name, (_Arbitrary,), {"fdiff": fdiff, "nargs": outputs})


def entire(network: Network) -> bool:
    """Whether a network is written out as a whole, from the inputs to the cost."""
    paths = prod(size for size in network.sizes[1:] if isinstance(size, int))
    terms = _parameters(network) * paths
    if any(layer.activation.couples_neurons for layer in network.layers):
        terms *= COUPLED
    return 0 < terms <= MOST_TERMS and network.L <= MOST_LAYERS


def own_widths(network: Network) -> bool:
    """Whether each layer is written out at its own width."""
    return 0 < _parameters(network) <= MOST_PARAMETERS


def window(network: Network, label: str, number: int) -> tuple[Network, int]:
    """The part of a network that a formula at layer l is about, and the number l has in it.

    The part ends where C, an arbitrary function, takes over from all that is above: for BP2 with
    the weighted inputs of the layer above, for BP3 and BP4 with those of the layer itself.
    """
    sizes = network.sizes[number - 2 : number + 1] if own_widths(network) else (2, 3, 2)
    here = network.layer(number)
    plain = ACTIVATIONS["identity"]  # arbitrary here, as every activation that couples nothing
    layers = {
        "BP1": (replace(here, size=sizes[1]),),
        "BP2": (replace(here, size=sizes[1]), Layer(sizes[-1], plain)),
    }.get(label, (Layer(sizes[1], plain),))
    return Network.of(sizes[0], layers, network.cost), 2


def _parameters(network: Network) -> int:
    """The number of weights and biases; 0 where a width is open."""
    sizes = [size for size in network.sizes if isinstance(size, int)]
    return sum(n * (m + 1) for m, n in pairwise(sizes)) if len(sizes) == network.L else 0


# --- a network in components ---------------------------------------------------------------

Row = list[sympy.Expr]


class WrittenOut:
    """z, a and C of a network as SymPy expressions in x, w, b and y; σ and C arbitrary.

    The layer `named` has the network's own activation instead, and the output layer then its cost.
    """

    def __init__(self, network: Network, named: int = 0) -> None:
        self.network = network
        self.named = named
        self.sizes = [int(size) for size in network.sizes]
        outputs = range(1, self.sizes[-1] + 1)
        self.y = [_symbol(f"y{j}") for j in outputs]
        self.own_cost = named == network.L
        formulas = [layer.activation.formula for layer in network.layers]
        # An arbitrary σ has no branches, whatever the formula of the layer's own is.
        self.branches = any(
            formula.has(sympy.Piecewise) and (named == number or formula.has(sympy.Indexed))
            for number, formula in enumerate(formulas, 2)
        ) or (self.own_cost and network.cost.formula.has(sympy.Piecewise))
        if self.own_cost and network.cost.normalised:
            # Σ y = 1 is built in: the last y is 1 minus the others.
            self.y[-1] = 1 - sum(self.y[:-1])
        x = [_symbol(f"x{k}") for k in range(1, self.sizes[0] + 1)]
        self.z, self.a = self.above(1, x)
        self.cost = self.cost_of(self.a[network.L])

    def weight(self, layer: int, j: int, k: int) -> sympy.Symbol:
        """w_jk^l, indices from 0."""
        return _symbol(f"w{j + 1}{_comma(self.sizes)}{k + 1}_{layer}")

    def bias(self, layer: int, j: int) -> sympy.Symbol:
        """b_j^l, index from 0."""
        return _symbol(f"b{j + 1}_{layer}")

    def above(self, layer: int, a: Row) -> tuple[dict[int, Row], dict[int, Row]]:
        """z and a of all layers above one whose activations are given."""
        zs: dict[int, Row] = {}
        activations = {layer: a}
        for number in range(layer + 1, self.network.L + 1):
            zs[number] = self.weighted_inputs(number, activations[number - 1])
            activations[number] = self.activate(number, zs[number])
        return zs, activations

    def weighted_inputs(self, layer: int, a: Row) -> Row:
        """z_j^l from a^{l-1}."""
        return [
            sum((self.weight(layer, j, k) * a_k for k, a_k in enumerate(a)), self.bias(layer, j))
            for j in range(self.sizes[layer - 1])
        ]

    def activate(self, layer: int, z: Row) -> Row:
        """a_j^l from z^l."""
        activation = self.network.layer(layer).activation
        return [self.sigma(activation, layer, z, j) for j in range(len(z))]

    def sigma(self, activation: Activation, layer: int, z: Row, j: int) -> sympy.Expr:
        """One activation; one that couples neurons is written out by its own formula."""
        if activation.couples_neurons:
            return _coupled(activation.formula, z, j)
        if layer == self.named:
            return activation.formula.subs(Z, z[j])
        return arbitrary(f"s{layer}")(z[j])

    def cost_of(self, outputs: Row) -> sympy.Expr:
        """C of the outputs."""
        if not self.own_cost:
            return arbitrary_cost(len(outputs))(*outputs)
        one = self.network.cost.formula
        return sum(
            one.subs({A: a, Y: y}, simultaneous=True) for a, y in zip(outputs, self.y, strict=True)
        )

    @cache  # noqa: B019 - the instance lives as long as the proof
    def errors(self, layer: int) -> tuple[Row, Row]:
        """Symbols for z^l, and ∂C/∂z^l as SymPy derives it, in these symbols."""
        z = [_symbol(f"z{j + 1}_{layer}") for j in range(self.sizes[layer - 1])]
        _, activations = self.above(layer, self.activate(layer, z))
        cost = self.cost_of(activations[self.network.L])
        return z, [sympy.diff(cost, z_j) for z_j in z]

    def delta(self, layer: int, z: Row) -> Row:
        """δ^l at given weighted inputs."""
        symbols, errors = self.errors(layer)
        to = dict(zip(symbols, z, strict=True))
        return [error.xreplace(to) for error in errors]

    def derivative(self, label: str, layer: int, indices: tuple[int, ...]) -> sympy.Expr:
        """The left side of BP1 to BP4 by SymPy's `diff`. Indices from 0."""
        if label == "BP3":
            return sympy.diff(self.cost, self.weight(layer, *indices))
        if label == "BP4":
            return sympy.diff(self.cost, self.bias(layer, *indices))
        return self.errors(layer)[1][indices[0]]

    def value(
        self, label: str, layer: int
    ) -> Callable[[Symbol | Partial, tuple[int, ...]], sympy.Expr]:
        """What the symbols of a formula at that layer are, in the variables of its left side.

        BP1 and BP2 are compared as functions of z^l, BP3 and BP4 of the parameters.
        """
        if label in ("BP1", "BP2"):
            z = {layer: self.errors(layer)[0]}
            a = {layer: self.activate(layer, z[layer])}
            above_z, above_a = self.above(layer, a[layer])
            z, a = {**above_z, **z}, {**above_a, **a}
        else:
            z, a = self.z, self.a

        def lookup(term: Symbol | Partial, at: tuple[int, ...]) -> sympy.Expr:
            match term:
                case Symbol("z", number, _) if number:
                    return z[number.offset][at[0]]
                case Symbol("a", number, _) if number:
                    return a[number.offset][at[0]]
                case Symbol("w" | "b", number, _) if number and number.offset not in self.z:
                    raise UnresolvedError(term)
                case Symbol("w", number, _) if number:
                    return self.weight(number.offset, *at)
                case Symbol("b", number, _) if number:
                    return self.bias(number.offset, *at)
                case Symbol("y", _, _):
                    return self.y[at[0]]
                case Symbol("δ", number, _) if number:
                    return self.delta(number.offset, z[number.offset])[at[0]]
                case Partial(Symbol("C"), Symbol("a", _, _), False):
                    dummies = [_symbol(f"a{j + 1}_out") for j in range(self.sizes[-1])]
                    slope = sympy.diff(self.cost_of(dummies), dummies[at[0]])
                    return slope.xreplace(dict(zip(dummies, a[self.network.L], strict=True)))
                case Partial(Symbol("a", number, indices), Symbol("z", _, _), False) if number:
                    # ∂a_p/∂z_j of one layer, by SymPy from the layer's formula.
                    symbols = self.errors(number.offset)[0]
                    row = self.activate(number.offset, symbols)
                    jacobian = sympy.diff(row[at[0]], symbols[at[len(indices)]])
                    return jacobian.xreplace(dict(zip(symbols, z[number.offset], strict=True)))
            raise UnresolvedError(term)

        return lookup


class UnresolvedError(Exception):
    """A formula still contains something that should have been worked out."""


def _symbol(name: str) -> sympy.Symbol:
    return sympy.Symbol(name, real=True)


def _comma(sizes: list[int]) -> str:
    """w11_2, but w1,11_2 where a width has two digits."""
    return "," if max(sizes) > 9 else ""


def _coupled(formula: sympy.Expr, z: Row, j: int) -> sympy.Expr:
    """A coupled activation in components: its sums over z[p] written out."""

    def total(s: sympy.Sum) -> sympy.Expr:
        (variable, _, _) = s.limits[0]
        return sympy.Add(*(_at(s.function, variable, z, p) for p in range(len(z))))

    written = formula.subs(N, len(z)).replace(lambda e: isinstance(e, sympy.Sum), total)
    return _at(written, J, z, j)


def _at(formula: sympy.Expr, letter: sympy.Symbol, z: Row, j: int) -> sympy.Expr:
    """The formula with z[letter] in its place; e^{c z} is (e^z)^c."""

    def here(x: sympy.Expr) -> bool:
        return isinstance(x, sympy.Indexed) and x.indices[0] == letter

    def power(x: sympy.Expr) -> sympy.Expr:
        rate, rest = x.args[0].as_coeff_Mul()
        return _Exp(z[j]) ** rate if here(rest) else x

    powers = formula.replace(lambda x: isinstance(x, sympy.exp), power)
    return powers.replace(here, lambda x: z[j])


# --- a formula in components ---------------------------------------------------------------


def entries(equation: Equation, instance: WrittenOut) -> Iterator[tuple[int, ...]]:
    """All values of the left side's indices, from 0, in the axes' order."""
    yield from product(*(range(_size(index.axis, instance)) for index in equation.indices))


def right_side(
    equation: Equation, layer: int, indices: tuple[int, ...], instance: WrittenOut
) -> sympy.Expr:
    """The right side of an equation at one entry, written out."""
    lookup = instance.value(equation.label, layer)

    def go(term: Term, at: Mapping[str, int]) -> sympy.Expr:
        match term:
            case Number(value):
                return sympy.Rational(value.numerator, value.denominator)
            case Size(axis):
                return sympy.Integer(_size(axis, instance))
            case Symbol(_, _, indices):
                return lookup(term, tuple(at[index.name] for index in indices))
            case Partial(Symbol(_, _, own), by, _):
                return lookup(term, tuple(at[index.name] for index in (*own, *by.indices)))
            case Partial():
                raise UnresolvedError(term)
            case Delta(left, right):
                return sympy.Integer(at[left.name] == at[right.name])
            case Apply(function, argument):
                return _apply(function, go(argument, at), instance)
            case Power(base, exponent):
                return go(base, at) ** sympy.Rational(exponent.numerator, exponent.denominator)
            case Product(factors):
                return sympy.Mul(*(go(factor, at) for factor in factors))
            case Addition(terms):
                return sympy.Add(*(go(part, at) for part in terms))
            case Sum(index, body):
                values = range(_size(index.axis, instance))
                return sympy.Add(*(go(body, {**at, index.name: value}) for value in values))
        assert_never(term)

    names = [index.name for index in equation.indices]
    return go(equation.right, dict(zip(names, indices, strict=True)))


def _size(axis: Axis, instance: WrittenOut) -> int:
    return instance.sizes[axis.layer.offset - 1]


def _apply(function: ScalarFunction, argument: sympy.Expr, instance: WrittenOut) -> sympy.Expr:
    if function.formula is not None:
        return sympy.diff(function.formula, Z, function.order).subs(Z, argument)
    assert function.layer is not None
    if function.layer.offset == instance.named:
        activation = instance.network.layer(function.layer.offset).activation
        return sympy.diff(activation.formula, Z, function.order).subs(Z, argument)
    return arbitrary(f"s{function.layer}", function.order)(argument)


# --- comparing -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One entry (indices from 1) at which a formula is not SymPy's derivative."""

    indices: tuple[int, ...]
    derivative: str
    formula: str


def compare(equation: Equation, layer: int, instance: WrittenOut) -> tuple[int, Mismatch | None]:
    """How many entries were compared, and the first at which the formula fails."""
    count = 0
    for indices in entries(equation, instance):
        count += 1
        derivative = instance.derivative(equation.label, layer, indices)
        shown = tuple(index + 1 for index in indices)
        try:
            formula = right_side(equation, layer, indices, instance)
            same = vanishes(derivative - formula, branches=instance.branches)
        except UnresolvedError as unresolved:
            return count, Mismatch(shown, str(derivative), f"not worked out: {unresolved}")
        except (LookupError, ZeroDivisionError) as error:
            # A free index on the right alone, a layer or an entry that does not exist.
            return count, Mismatch(shown, str(derivative), f"not worked out: {error!r}")
        except UndecidedError as undecided:
            return count, Mismatch(shown, str(derivative), f"not decided: {undecided}")
        if not same:
            return count, Mismatch(shown, str(derivative), str(formula))
    return count, None


class UndecidedError(Exception):
    """The branches of a function could not be told apart."""


def vanishes(expression: sympy.Expr, *, branches: bool) -> bool:
    """Whether an expression is 0 as a quotient of polynomials in its exponentials and functions.

    `branches` says whether functions with branches may stand outside of other functions in it.
    """
    cases = _cases(expression) if branches else [expression]
    return all(_vanishes(case) for case in cases)


def _vanishes(expression: sympy.Expr) -> bool:
    """The same without branches: functions become unknowns, e^u and e^{-u} powers of one."""
    unknowns: dict[sympy.Expr, sympy.Expr] = {}

    def polynomial(x: sympy.Expr) -> sympy.Expr:
        # Only what is outside of a function is looked at; its arguments go with it.
        if isinstance(x, _Arbitrary | sympy.exp | sympy.log):
            if x not in unknowns:
                unknowns[x] = _unknown(x)
            return unknowns[x]
        if isinstance(x, sympy.sign | sympy.Abs) and x.args[0].could_extract_minus_sign():
            # sign(-u) = -sign(u), |-u| = |u|
            return polynomial(x.func(-x.args[0])) * (-1 if isinstance(x, sympy.sign) else 1)
        if isinstance(x, sympy.Function):
            return polynomial(x.rewrite(sympy.exp)) if x.rewrite(sympy.exp) != x else x
        return x.func(*map(polynomial, x.args)) if x.args else x

    whole = polynomial(expression)
    if sympy.expand(whole) == 0:
        return True
    above, _ = sympy.fraction(sympy.together(whole))
    return bool(sympy.expand(above) == 0)


def _unknown(x: sympy.Expr) -> sympy.Expr:
    """What stands for a function's value: e^{u + 2v} is e^u (e^v)^2, others are on their own.

    SymPy merges products of exponentials; here they come apart, but for those kept whole as _Exp.
    """
    if isinstance(x, _Exp):
        parts = [x.args[0].as_coeff_Mul()]
    elif isinstance(x, sympy.exp):
        parts = [term.as_coeff_Mul() for term in sympy.Add.make_args(sympy.expand(x.args[0]))]
    else:
        return sympy.Dummy()
    return sympy.Mul(*(sympy.Symbol(f"exp({rest})", positive=True) ** rate for rate, rest in parts))


def _outer_branches(x: sympy.Expr) -> Iterator[sympy.Piecewise]:
    """The functions with branches that stand outside of other functions: the rest is unknowns."""
    if isinstance(x, sympy.Piecewise):
        yield x
    elif not isinstance(x, _Arbitrary | sympy.exp | sympy.log):
        for part in x.args:
            yield from _outer_branches(part)


def _simple(relation: sympy.Basic) -> tuple[bool, Any]:
    """Sorts relations that are linear in a symbol before others."""
    difference = relation.lhs - relation.rhs
    linear = any(sympy.diff(difference, s).is_number for s in difference.free_symbols)
    return not linear, sympy.default_sort_key(relation)


def _settled(difference: sympy.Expr) -> int | None:
    """The sign that an expression in one positive symbol surely has; None if that is not seen."""
    if len(difference.free_symbols) != 1:
        return None
    (step,) = difference.free_symbols
    if not step.is_positive:
        return None
    for sign, surely in ((1, difference.is_positive), (-1, difference.is_negative)):
        if surely:
            return sign
    # It starts at 0 and goes one way.
    if difference.subs(step, 0) == 0:
        slope = sympy.diff(difference, step)
        if slope.is_positive or slope.is_negative:
            return 1 if slope.is_positive else -1
    return None


def _cases(expression: sympy.Expr) -> Iterator[sympy.Expr]:
    """The expression on either side of, and at, every kink of the functions with branches in it."""
    relations = [
        relation
        for piece in _outer_branches(expression)
        for relation in piece.atoms(sympy.core.relational.Relational)
        if not relation.has(sympy.Piecewise)
    ]
    if not relations:
        yield expression
        return
    # Those that are linear first: on their sides the others may be settled.
    relation = min(relations, key=lambda r: (_settled(r.lhs - r.rhs) is None, *_simple(r)))
    difference = relation.lhs - relation.rhs
    sign = _settled(difference)
    if sign is not None:
        holds = relation.func(sympy.Integer(sign), 0)
        yield from _cases(expression.subs(relation, holds))
        return
    linear = [s for s in difference.free_symbols if sympy.diff(difference, s).is_number]
    if not linear:
        raise UndecidedError(str(relation))
    variable = min(linear, key=sympy.default_sort_key)
    kink = sympy.solve(difference, variable)[0]
    # How far beyond the kink is a new variable; it may be any positive number.
    step = sympy.Symbol(f"{variable}_step", positive=True)
    for side in (kink - step, kink, kink + step):
        yield from _cases(expression.subs(variable, side))
