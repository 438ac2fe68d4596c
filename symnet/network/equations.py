"""A network as its defining equations, for a general layer l. Nothing else is known of it.

    z_j^l = Σ_k w_jk^l a_k^{l-1} + b_j^l        a_j^l = σ(z_j^l)        C = Σ_j c(a_j^L, y_j)

(Nielsen, ch. 2, eqs. 23 to 25.) With `arbitrary=True` σ has no formula; an activation that couples
neurons, such as softmax, always stands with its formula, since how it couples is what it is.
"""

from typing import Any

from symnet.errors import NotYet
from symnet.network import notation as n
from symnet.network.functions import THETA, Activation, Cost, G, Optimizer, cost_term
from symnet.term import (
    Apply,
    Equation,
    Index,
    LayerNumber,
    Partial,
    ScalarFunction,
    Size,
    Sum,
    Symbol,
    Term,
    add,
    from_sympy,
    mul,
    number,
)


def weighted_input(at: LayerNumber) -> Equation:
    """z_j^l = Σ_k w_jk^l a_k^{l-1} + b_j^l. z over (n_l,)."""
    k = n.below(n.K, at)
    arriving = Sum(k, mul(n.w(at, n.J, k), n.a(at.shift(-1), n.K)))
    return Equation("z", n.z(at, n.J), add(arriving, n.b(at, n.J)))


def activation(function: Activation, at: LayerNumber, *, arbitrary: bool = False) -> Equation:
    """a_j^l = σ(z_j^l), or its formula in all z_p^l where it couples neurons. a over (n_l,)."""

    def z_at(_: str, letters: tuple[Index, ...]) -> Symbol:
        return Symbol("z", at, letters)

    if function.couples_neurons:
        sizes = {"n": Size(n.neurons(at))}
        right = _in_terms(function, sizes, z_at, {"j": n.on(n.J, at)})
    else:
        right = Apply(scalar_function(function, at, arbitrary=arbitrary), n.z(at, n.J))
    return Equation("a", n.a(at, n.J), right)


def scalar_function(
    function: Activation, at: LayerNumber, *, arbitrary: bool = False
) -> ScalarFunction:
    """σ of layer l: with its formula, or as a function of which nothing is known."""
    if arbitrary:
        return ScalarFunction("σ", None, at)
    return ScalarFunction(function.name, function.formula, at)


def cost(function: Cost) -> Equation:
    """C = Σ_j c(a_j^L, y_j), the cost of one sample."""
    symbols = {"a": n.a(n.L, n.J), "y": n.y(n.L, n.J)}
    return Equation("C", n.COST, Sum(n.on(n.J, n.L), _in_terms(function, symbols)))


def _in_terms(function: Activation | Cost, *meanings: Any) -> Term:
    """The formula in index terms. Raises NotYet for what they cannot say."""
    try:
        if isinstance(function, Cost):
            return cost_term(function, *meanings)
        return from_sympy(function.formula, *meanings)
    except (TypeError, KeyError) as error:
        raise NotYet(f"the formula of {function.name} cannot be derived yet: {error}") from error


def facts(function: Cost) -> tuple[Equation, ...]:
    """What the cost takes for granted: Σ_j y_j = 1 where y says which class a sample has."""
    if not function.normalised:
        return ()
    total = Sum(n.on(n.J, n.L), n.y(n.L, n.J))
    return (Equation("Σ y = 1", total, number(1)),)


def update(optimizer: Optimizer, parameter: Symbol) -> Term:
    """What the parameter becomes by one step: θ − η ∂C/∂θ with stochastic gradient descent."""
    symbols: dict[str, Term] = {THETA.name: parameter, G.name: Partial(n.COST, parameter)}
    symbols |= {option: Symbol(n.OPTIONS[option]) for option in optimizer.options}
    return from_sympy(optimizer.formula, symbols)
