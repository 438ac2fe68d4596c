"""Activations and costs: the formula only, never its derivative.

An activation is a formula in z; one that couples the neurons of a layer is a formula in z[j] with
sums over z[p]. A cost is the formula of one output in a and y, summed over the outputs. Whatever
else symnet needs (derivatives, slopes through a, start values, what a logarithm may meet) it
derives from the formula, so that a formula of your own is treated like the named ones:

>>> swish = Activation("swish", Z / (1 + sympy.exp(-Z)))
>>> swish.couples_neurons, ACTIVATIONS["softmax"].couples_neurons
(False, True)

At a kink a Piecewise takes the branch that holds there; ours are closed on the left side of a kink
(z ≤ 0), so that the slope at the kink is the slope from the left.
"""

from dataclasses import dataclass
from itertools import pairwise

import sympy

from symnet.errors import ArchitectureError
from symnet.term import ARGUMENT

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


def left_closed(formula: sympy.Expr) -> sympy.Expr:
    """The formula with |z|, max and their like as branches, each up to and with its kink.

    So the slope at a kink is the one from the left. A formula that jumps is left as it is, and so
    is one whose branches meet at points that are no plain numbers.
    """
    formula = exact(formula)
    if formula.has(sympy.Abs, sympy.Max, sympy.Min, sympy.sign, sympy.Heaviside):
        formula = sympy.piecewise_fold(formula.rewrite(sympy.Piecewise))
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
    sides = zip(ordered, pairwise(values), strict=True)
    if any(low.subs(Z, kink) != high.subs(Z, kink) for kink, (low, high) in sides):
        return formula  # it jumps, and what it is at the jump was said
    conditions = [*(kink >= Z for kink in ordered), True]
    return sympy.Piecewise(*zip(values, conditions, strict=True))


def _branch(formula: sympy.Expr, point: sympy.Expr) -> sympy.Expr:
    """The formula as it reads around a point that is no kink, without branches."""

    def pick(piecewise: sympy.Piecewise) -> sympy.Expr:
        return next(v for v, holds in piecewise.args if holds.subs(Z, point) == sympy.true)

    while formula.has(sympy.Piecewise):
        formula = formula.replace(lambda x: isinstance(x, sympy.Piecewise), pick)
    return formula


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
    `classifies` says that y stands for a class: labels may be given instead of numbers.
    """

    name: str
    formula: sympy.Expr
    normalised: bool = False
    classifies: bool = False

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


@dataclass(frozen=True, slots=True)
class Optimizer:
    """One update of a parameter θ by its gradient g: θ ← formula. `options` are its rates."""

    name: str
    formula: sympy.Expr
    options: tuple[str, ...]
    defaults: tuple[float, ...]


ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Activation("identity", Z),
        Activation("sigmoid", 1 / (1 + sympy.exp(-Z))),
        Activation("tanh", sympy.tanh(Z)),
        Activation("relu", sympy.Piecewise((0, Z <= 0), (Z, True))),
        Activation("softmax", sympy.exp(ZS[J]) / sympy.Sum(sympy.exp(ZS[P]), (P, 1, N))),
    )
}

COSTS = {
    cost.name: cost
    for cost in (
        Cost("quadratic", (A - Y) ** 2 / 2),
        Cost(
            "cross_entropy",
            -(Y * sympy.log(A) + (1 - Y) * sympy.log(1 - A)),
            classifies=True,
        ),
        Cost("log_likelihood", -Y * sympy.log(A), normalised=True, classifies=True),
    )
}

THETA, G = sympy.symbols("theta g", real=True)  # a parameter and its gradient

OPTIMIZERS = {
    optimizer.name: optimizer
    for optimizer in (
        Optimizer(
            "sgd",
            THETA - sympy.Symbol("learning_rate", real=True) * G,
            ("learning_rate",),
            (0.1,),
        ),
    )
}


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
    if not activation.formula.has(sympy.Piecewise):
        return False
    right, left = (
        sympy.limit(_branch(activation.formula, far * 10**6) / Z, Z, sympy.oo * far)
        for far in (1, -1)
    )
    return bool(right == 1 and abs(left) < sympy.Rational(1, 2))


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
