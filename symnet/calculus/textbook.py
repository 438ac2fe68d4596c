"""The four delta equations as the books state them (Nielsen, ch. 2; no rule is used).

    BP1  δ_j^L = ∂C/∂a_j^L σ'(z_j^L)            BP3  ∂C/∂w_jk^l = a_k^{l-1} δ_j^l
    BP2  δ_j^l = Σ_k w_kj^{l+1} δ_k^{l+1} σ'(z_j^l)     BP4  ∂C/∂b_j^l = δ_j^l

The weight comes before the bias, as in the lecture notes; Nielsen numbers these two the other way
round, the bias BP3 and the weight BP4.

Where an activation couples neurons, as softmax does, the Jacobian ∂a_p/∂z_j, summed over p, takes
the place of σ'(z_j) (Nielsen, ch. 3, eq. 78 ff.).
"""

import sympy

from symnet.network import notation as n
from symnet.network.functions import Penalty
from symnet.term import (
    ARGUMENT,
    Apply,
    Equation,
    Index,
    LayerNumber,
    Partial,
    ScalarFunction,
    Sum,
    Symbol,
    Term,
    add,
    mul,
)


def state(label: str, coupled: bool = False) -> Equation:
    """The equation of that label for a general layer whose activation couples neurons or not."""
    return STATED[label](coupled)


def bp1(coupled: bool = False) -> Equation:
    """BP1: the error of the output layer. δ over (n_L,)."""
    k = n.on(n.K, n.L)
    if coupled:
        owed = mul(_by_activation(n.L, n.K), Partial(n.a(n.L, n.K), n.z(n.L, n.J)))
        return Equation("BP1", n.delta(n.L, n.J), Sum(k, owed))
    return Equation("BP1", n.delta(n.L, n.J), mul(_by_activation(n.L, n.J), _slope(n.L)))


def bp2(coupled: bool = False) -> Equation:
    """BP2: the error of a hidden layer from the layer above. δ over (n_l,)."""
    above = n.l.shift(1)
    k = n.on(n.K, above)

    def sent_back(to: str) -> Term:
        weight = Symbol("w", above, (k, Index(to, n.neurons(n.l))))
        return Sum(k, mul(weight, n.delta(above, n.K)))

    if coupled:
        p = n.on(n.P, n.l)
        owed = mul(sent_back(n.P), Partial(n.a(n.l, n.P), n.z(n.l, n.J)))
        return Equation("BP2", n.delta(n.l, n.J), Sum(p, owed))
    return Equation("BP2", n.delta(n.l, n.J), mul(sent_back(n.J), _slope(n.l)))


def bp3(coupled: bool = False) -> Equation:
    """BP3: the derivative by a weight. Over (n_l, n_{l-1})."""
    k = n.below(n.K, n.l)
    right = mul(n.a(n.l.shift(-1), n.K), n.delta(n.l, n.J))
    return Equation("BP3", Partial(n.COST, n.w(n.l, n.J, k)), right)


def bp4(coupled: bool = False) -> Equation:
    """BP4: the derivative by a bias. Over (n_l,)."""
    return Equation("BP4", Partial(n.COST, n.b(n.l, n.J)), n.delta(n.l, n.J))


def _by_activation(at: LayerNumber, j: str) -> Partial:
    return Partial(n.COST, n.a(at, j))


def _slope(at: LayerNumber) -> Apply:
    return Apply(ScalarFunction("σ", None, at, 1), n.z(at, n.J))


def couples(activation: Equation) -> bool:
    """Whether a_j is anything else than one function of z_j: then its slopes are ∂a_k/∂z_j."""
    right = activation.right
    return not (isinstance(right, Apply) and isinstance(right.argument, Symbol))


def with_penalties(equation: Equation, penalties: tuple[Penalty, ...]) -> Equation:
    """∂C/∂w + λ w + μ sgn w (Nielsen, ch. 3, eqs. 88 and 97).

    sgn 0 is -1, the slope from the left.
    """
    assert isinstance(equation.left, Partial)
    w = equation.left.by
    sign = ScalarFunction("piecewise", sympy.Piecewise((-1, ARGUMENT <= 0), (1, True)))
    slopes: dict[str, Term] = {"l2": w, "l1": Apply(sign, w)}
    added = (mul(Symbol(n.OPTIONS[p.name]), slopes[p.name]) for p in penalties)
    return Equation(equation.label, equation.left, add(equation.right, *added))


STATED = {"BP1": bp1, "BP2": bp2, "BP3": bp3, "BP4": bp4}
