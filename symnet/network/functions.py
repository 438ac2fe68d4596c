"""Activations and costs: the formula only, never its derivative.

An activation is a formula in z; one that couples the neurons of a layer is a formula in z[j] with
sums over z[p]. A cost is the formula of one output in a and y, summed over the outputs. Whatever
else symnet needs (derivatives, slopes through a, start values, what a logarithm may meet) it
derives from the formula, so that a formula of your own is treated like the named ones:

>>> swish = Activation("swish", Z / (1 + sympy.exp(-Z)))
>>> swish.couples_neurons, ACTIVATIONS["softmax"].couples_neurons
(False, True)

The formulas are typed as users type theirs (`network/expression.py`):

>>> typed_activation("z / (1 + exp(-z))").formula
z/(1 + exp(-z))

At a kink a Piecewise takes the branch that holds there; ours are closed on the left side of a kink
(z ≤ 0), so that the slope at the kink is the slope from the left. In a cost it is the slope from
the left in the argument of the |…|, max or min.
"""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import sympy

from symnet import floating
from symnet.errors import ArchitectureError, EquationError
from symnet.network import expression
from symnet.term import (
    ARGUMENT,
    Apply,
    ScalarFunction,
    Term,
    add,
    elementary,
    from_sympy,
    mul,
    number,
    power,
)

Z = ARGUMENT  # the weighted input
A = sympy.Symbol("a", real=True)  # the activation of an output
Y = sympy.Symbol("y", real=True)  # its desired value

J, P = sympy.symbols("j p", integer=True)
N = sympy.Symbol("n", integer=True, positive=True)
ZS = sympy.IndexedBase("z", real=True)  # all weighted inputs of a layer


def exact(formula: sympy.Expr) -> sympy.Expr:
    """The formula with decimals as the fractions that they are: 0.25 is 1/4."""
    if not isinstance(formula, sympy.Basic | int | float):
        raise ArchitectureError(f"a formula is a SymPy expression, not {formula!r}")
    formula = sympy.sympify(formula)
    return sympy.nsimplify(formula, rational=True) if formula.has(sympy.Float) else formula


SGN = sympy.Piecewise((-1, ARGUMENT < 0), (0, ARGUMENT <= 0), (1, True))  # 0 at 0
KINKS = (sympy.Abs, sympy.Max, sympy.Min, sympy.sign, sympy.Heaviside, sympy.Piecewise)
MOST_NESTED = 12  # conditions, where some hold others
DEEPEST = 4  # kinks inside each other: |…| and the like, of which each doubles what is written


def left_closed(formula: sympy.Expr) -> sympy.Expr:
    """The formula with |z|, max and their like as branches, each up to and with its kink.

    So the slope at a kink is the one from the left. A formula that jumps is left as it is, and so
    is one whose branches meet at points that are no plain numbers.
    """
    formula = exact(formula)
    if formula.has(sympy.Abs, sympy.Max, sympy.Min, sympy.sign, sympy.Heaviside):
        if _kinks_deep(formula) > DEEPEST:
            raise ArchitectureError(f"more than {DEEPEST} kinks inside each other are too many")
        formula = formula.rewrite(sympy.Piecewise)
        relations = formula.atoms(sympy.core.relational.Relational)
        # Folding takes time that doubles with each kink; only kinks inside kinks need it.
        if any(relation.has(sympy.Piecewise) for relation in relations):
            if len(relations) > MOST_NESTED:
                raise ArchitectureError(
                    f"more than {MOST_NESTED} kinks, and some inside others, are too many"
                )
            formula = sympy.piecewise_fold(formula)
    if not formula.has(sympy.Piecewise) or formula.free_symbols != {Z}:
        return formula
    kinks: set[sympy.Expr] = set()
    for relation in formula.atoms(sympy.core.relational.Relational):
        roots = sympy.solveset(relation.lhs - relation.rhs, Z, sympy.S.Reals)
        if not isinstance(roots, sympy.FiniteSet) or not all(root.is_number for root in roots):
            return formula
        kinks |= set(roots)
    ordered = sorted(kinks)
    inside = [ordered[0] - 1, *((x + y) / 2 for x, y in pairwise(ordered)), ordered[-1] + 1]
    values = [_branch(formula, point) for point in inside]
    sides = list(zip(ordered, pairwise(values), strict=True))
    if any(low.subs(Z, kink) != high.subs(Z, kink) for kink, (low, high) in sides):
        return formula  # it jumps, and what it is at the jump was said
    # Where the formula is the same on both sides nothing happens.
    branches = [(low, kink >= Z) for kink, (low, high) in sides if low != high]
    return sympy.Piecewise(*branches, (values[-1], True))


def _kinks_deep(formula: sympy.Basic) -> int:
    """How many functions with kinks stand inside each other."""
    return max(map(_kinks_deep, formula.args), default=0) + isinstance(formula, KINKS)


def _branch(formula: sympy.Expr, point: sympy.Expr) -> sympy.Expr:
    """The formula as it reads around a point that is no kink, without branches."""

    def pick(piecewise: sympy.Piecewise) -> sympy.Expr:
        held = (v for v, holds in piecewise.args if holds.subs(Z, point) == sympy.true)
        value = next(held, None)
        if value is None:
            raise ArchitectureError(f"the formula {piecewise} has no value at {point}")
        return value

    while formula.has(sympy.Piecewise):
        formula = formula.replace(lambda x: isinstance(x, sympy.Piecewise), pick)
    return formula


TYPED = "custom"  # the name of a function that was typed as a formula


def _check_name(name: str) -> None:
    """A name ends up in generated files, so that it must be no more than a name."""
    if not (name.isascii() and name.isidentifier() and len(name) <= 40):
        raise ArchitectureError(
            f"the name {name!r} is not a name; use up to 40 letters, digits and underscores"
        )


def _check_real(name: str, formula: sympy.Expr) -> None:
    if not isinstance(formula, sympy.Expr) or formula.has(
        sympy.I, sympy.nan, sympy.oo, -sympy.oo, sympy.zoo
    ):
        raise ArchitectureError(f"the formula of {name!r} is no real function: {formula}")


@dataclass(frozen=True, slots=True)
class Activation:
    """σ, by its formula in z (or in z[j] and z[p], p summed from 1 to n)."""

    name: str
    formula: sympy.Expr
    text: str = field(default="", compare=False)  # what was typed, where it has no name

    def __post_init__(self) -> None:
        _check_name(self.name)
        object.__setattr__(self, "formula", left_closed(self.formula))
        known = {Z} if not self.couples_neurons else set()
        # SymPy counts z[j], z and j among the free symbols of an expression in z[j].
        strangers = {s for s in self.formula.free_symbols if isinstance(s, sympy.Symbol)} - known
        _check_real(self.name, self.formula)
        if strangers and not self.couples_neurons:
            names = ", ".join(sorted(map(str, strangers)))
            raise ArchitectureError(
                f"the activation {self.name!r} is a formula in {names}; use symnet.z alone"
            )

    @property
    def couples_neurons(self) -> bool:
        """Whether one neuron's activation depends on the weighted inputs of the others."""
        return bool(self.formula.has(sympy.Indexed))


@dataclass(frozen=True, slots=True)
class Cost:
    """C of one sample: a formula in a and y, summed over the outputs.

    `normalised` declares the fact Σ y = 1, which derivations use only as a named rule.
    `classifies` says that y stands for a class: labels may be given instead of numbers. What y is
    for an output whose class a sample has not, and has, are the two `targets`.
    """

    name: str
    formula: sympy.Expr
    normalised: bool = False
    classifies: bool = False
    targets: tuple[int, int] = (0, 1)
    text: str = field(default="", compare=False)  # what was typed, where it has no name

    def __post_init__(self) -> None:
        _check_name(self.name)
        object.__setattr__(self, "formula", exact(self.formula))
        _check_real(self.name, self.formula)
        strangers = self.formula.free_symbols - {A, Y}
        if strangers:
            names = ", ".join(sorted(map(str, strangers)))
            raise ArchitectureError(
                f"the cost {self.name!r} is a formula in {names}; use symnet.a and symnet.y alone"
            )
        if A not in self.formula.free_symbols:
            raise ArchitectureError(f"the cost {self.name!r} does not depend on the output a")


# --- what is typed -------------------------------------------------------------------------


def typed_activation(text: str, name: str = TYPED) -> Activation:
    """An activation from its formula as text, in z, or in z[j] and sums over z[p].

    Raises EquationError that points at the place, also where it has no value at some z.
    """
    tree = expression.read(text)
    indexed = [part for part in expression.nodes(tree) if isinstance(part, expression.Indexed)]
    if indexed:
        formula = expression.to_sympy(tree, {}, {ZS.name: ZS}, {J.name: J}, N, text)
    else:
        formula = expression.to_sympy(tree, {Z.name: Z}, text=text)
        _check_values(tree, text)
    return Activation(name, formula, text=" ".join(text.split()))


def _check_values(tree: expression.Node, text: str) -> None:
    """That a formula has a value at some z on either side of 0, and at 0."""
    for z in (0.0, -0.7, 0.9, -3.1, 4.3):
        try:
            expression.evaluate(tree, {Z.name: z})
        except OverflowError:
            continue
        except (ArithmeticError, ValueError):
            message = f"an activation needs a value for every z; this has none at z = {z:g}"
            raise EquationError(message, text=text, length=len(text)) from None


def typed_cost(
    text: str,
    name: str = TYPED,
    *,
    normalised: bool = False,
    classifies: bool = False,
    targets: tuple[int, int] = (0, 1),
) -> Cost:
    """A cost from the formula of one output as text, in a and y. Raises EquationError."""
    tree = expression.read(text)
    formula = expression.to_sympy(tree, {A.name: A, Y.name: Y}, text=text)
    if A not in formula.free_symbols:
        message = "a cost depends on the output a"
        raise EquationError(message, text=text, length=len(text))
    return Cost(name, formula, normalised, classifies, targets, " ".join(text.split()))


# --- the tables ----------------------------------------------------------------------------

_ACTIVATIONS = {
    "identity": "z",
    "sigmoid": "1 / (1 + exp(-z))",
    "tanh": "tanh(z)",
    "relu": "max(0, z)",
    "leaky_relu": "max(0, z) + 0.01 * min(0, z)",
    "elu": "max(0, z) + exp(min(0, z)) - 1",
    # Klambauer et al. 2017: mean 0 and variance 1 stay what they are
    "selu": "1.0507009873554805 * (max(0, z) + 1.6732632423543772 * (exp(min(0, z)) - 1))",
    "softplus": "log(1 + exp(z))",
    "softsign": "z / (1 + abs(z))",
    "silu": "z / (1 + exp(-z))",
    "mish": "z * tanh(log(1 + exp(z)))",
    "gelu": "z * (1 + erf(z / sqrt(2))) / 2",
    "gelu_tanh": "z * (1 + tanh(sqrt(2 / pi) * (z + 0.044715 * z**3))) / 2",
    "hard_sigmoid": "clip((z + 3) / 6, 0, 1)",
    "hard_tanh": "clip(z, -1, 1)",
    "softmax": "exp(z[j]) / sum(p, exp(z[p]))",
}

ACTIVATIONS = {name: typed_activation(text, name) for name, text in _ACTIVATIONS.items()}

COSTS = {
    cost.name: cost
    for cost in (
        typed_cost("(a - y)**2 / 2", "quadratic"),
        typed_cost("(a - y)**2", "squared_error"),
        typed_cost("abs(a - y)", "absolute_error"),
        # quadratic up to |a - y| = 1, then straight on
        typed_cost("min(1, abs(a - y)) * (abs(a - y) - min(1, abs(a - y)) / 2)", "huber"),
        typed_cost("log(cosh(a - y))", "log_cosh"),
        typed_cost("-(y*log(a) + (1 - y)*log(1 - a))", "cross_entropy", classifies=True),
        typed_cost("-y*log(a)", "log_likelihood", normalised=True, classifies=True),
        typed_cost("max(0, 1 - y*a)", "hinge", classifies=True, targets=(-1, 1)),
        typed_cost("a - y*log(a)", "poisson"),
    )
}

THETA, G = sympy.symbols("theta g", real=True)  # a parameter and its gradient


STRENGTH = sympy.Symbol("strength", real=True)  # λ, how much a large weight costs


@dataclass(frozen=True, slots=True)
class Penalty:
    """What one weight θ adds to the cost, by its formula in θ and the strength λ."""

    name: str
    formula: sympy.Expr


PENALTIES = {
    penalty.name: penalty
    for penalty in (
        Penalty("l2", STRENGTH * THETA**2 / 2),
        Penalty("l1", STRENGTH * sympy.Piecewise((-THETA, THETA <= 0), (THETA, True))),
    )
}


def rectifies(activation: Activation) -> bool:
    """Whether an activation passes one half of its inputs and (nearly) blocks the other.

    Such a layer halves the second moment, so its weights start with twice the variance
    (He et al. 2015, eq. 10).
    """
    if activation.couples_neurons:
        return False
    far = 300.0  # where e^z is still a number
    try:
        right, left = floating.evaluate(activation.formula, {Z: np.array([far, -far])}) / [
            far,
            -far,
        ]
    except TypeError:
        return False
    return bool(abs(right - 1) < 1e-9 and abs(left) < 1 / 2)


# --- kinks of a cost -----------------------------------------------------------------------

POSITIVE_PART = left_closed(sympy.Max(0, Z))


def cost_term(cost: Cost, symbols: dict[str, Term]) -> Term:
    """The formula of a cost in index terms.

    Where a function mixes a and y, as |a − y| and ln cosh(a − y) do, the part around it becomes one
    function of what it depends on: there slopes and stable forms are found as for activations.
    Raises TypeError for what terms cannot say.
    """

    def go(formula: sympy.Expr) -> Term:
        if not formula.has(*KINKS) and not _mixed(formula):
            return from_sympy(formula, symbols)
        found = _through_one(formula)
        if found is not None:
            outer, inner = found
            return Apply(ScalarFunction("f", outer), from_sympy(inner, symbols))
        match formula:
            case sympy.Add():
                return add(*map(go, formula.as_ordered_terms()))
            case sympy.Mul():
                return mul(*map(go, formula.as_ordered_factors()))
            case sympy.Pow() if formula.exp.is_Integer:
                return power(go(formula.base), int(formula.exp))
            case sympy.Max():
                # max(x, y) = y + max(x − y, 0)
                first, rest = _first(formula)
                difference = Apply(ScalarFunction("f", POSITIVE_PART), go(first - rest))
                return add(go(rest), difference)
            case sympy.Min():
                # min(x, y) = x − max(x − y, 0)
                first, rest = _first(formula)
                difference = Apply(ScalarFunction("f", POSITIVE_PART), go(first - rest))
                return add(go(first), mul(number(-1), difference))
            case sympy.Abs():
                outer = left_closed(sympy.Abs(Z))
                return Apply(ScalarFunction("f", outer), go(formula.args[0]))
            case sympy.Function() if len(formula.args) == 1:
                return Apply(elementary(type(formula).__name__), go(formula.args[0]))
        return from_sympy(formula, symbols)

    return go(cost.formula)


def _first(extreme: sympy.Max | sympy.Min) -> tuple[sympy.Expr, sympy.Expr]:
    """One argument of max or min, in which a stands, and max or min of the others."""
    first = next((x for x in extreme.args if x.has(A)), extreme.args[0])
    return first, extreme.func(*(each for each in extreme.args if each != first))


def _mixed(formula: sympy.Expr) -> set[sympy.Expr]:
    """The arguments of functions in which both a and y stand."""
    inside = {each for f in formula.atoms(sympy.Function) for each in f.args}
    return {each for each in inside if each.free_symbols == {A, Y}}


def _through_one(formula: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr] | None:
    """f and u where the formula is f(u), u linear in a: |a − y| is f(a − y)."""
    candidates = {A - Y, A * Y}
    for argument in _mixed(formula):
        if argument.is_polynomial(A) and sympy.degree(argument, A) == 1:
            shifted = argument.as_independent(A, Y, as_Add=True)[1]
            candidates.add(shifted.as_independent(A, Y, as_Add=False)[1])
    if formula.free_symbols == {A}:
        candidates = {A}
    for inner in sorted(candidates, key=sympy.default_sort_key):
        slope, rest = sympy.Poly(inner, A).all_coeffs()
        outer = formula.xreplace({A: (Z - rest) / slope})
        outer = outer.replace(lambda x: x.is_Add or x.is_Mul, sympy.expand_mul)
        if outer.free_symbols == {Z}:
            closed = left_closed(outer)
            return None if closed.has(*KINKS[:-1]) else (closed, inner)
    return None


# --- what follows from a formula -----------------------------------------------------------


def values(activation: Activation) -> sympy.Expr:
    """The activation of a neuron for any real z, as SymPy judges signs.

    In a coupled layer the other neurons enter through sums of their own terms, here one positive
    number if each term is positive.
    """
    if not activation.couples_neurons:
        return activation.formula

    def split(total: sympy.Sum) -> sympy.Expr:
        term = total.function.subs(ZS[P], Z)
        others = sympy.Symbol("others", positive=True) if term.is_positive else sympy.Dummy()
        return term + others

    formula = activation.formula.replace(lambda e: isinstance(e, sympy.Sum), split)
    return formula.subs(ZS[J], Z)


def bad_logarithm(cost: Cost, activation: Activation) -> sympy.Expr | None:
    """The first argument of a logarithm in the cost that is not positive for every z, if any."""
    for logarithm in sorted(cost.formula.atoms(sympy.log), key=sympy.default_sort_key):
        argument = logarithm.args[0].subs(A, values(activation))
        if not sympy.together(argument).is_positive:
            return logarithm.args[0]
    return None
