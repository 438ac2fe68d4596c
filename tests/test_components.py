"""The second judge: dual numbers entry by entry, then numbers; and what it refuses."""

from dataclasses import replace
from fractions import Fraction

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from written_out import WrittenOut
from written_out import compare as compare_with_sympy

from symnet.calculus import components, textbook
from symnet.calculus.derivation import derive, numbers
from symnet.calculus.dual import Dual, Poly, number, root, unknown, vanishes
from symnet.network import notation as n
from symnet.network.architecture import Network
from symnet.network.functions import Activation, Z
from symnet.term import (
    Apply,
    Equation,
    Index,
    Partial,
    Product,
    Sum,
    Symbol,
    Term,
    at_layer,
    equation_at,
    map_children,
    mul,
)
from symnet.term import number as as_term

NETWORKS = ("2-3-4-1", "2-2-2", "3-2:softmax", "2-3:softmax-2", "2-3:tanh-2:relu-2", "6-1-6")

# --- the judge ---------------------------------------------------------------------------------


def coupled(network: Network, layer: int) -> bool:
    activation = network.layer(layer).activation
    return activation is not None and activation.couples_neurons


def claims(network: Network) -> list[tuple[str, int, Equation]]:
    derived = derive(network)
    return [
        (formula.label, layer, claim)
        for formula in derived.formulas
        for layer in formula.layers
        for claim in (
            textbook.state(formula.label, coupled(network, layer)),
            formula.general.result,
        )
    ]


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_true_is_found_true_at_every_entry(name: str) -> None:
    network = Network(name)
    for label, layer, claim in claims(network):
        found = components.judge(network, layer, claim)
        assert found.mismatch is None, f"{label} l={layer}: {found.mismatch}"
        below, here = network.sizes[layer - 2 : layer]
        assert found.entries == (here * below if label == "BP3" else here)


def w_transposed(term: Term) -> Term:
    match term:
        case Symbol("w", layer, (j, k)):
            return Symbol("w", layer, (Index(k.name, j.axis), Index(j.name, k.axis)))
    return map_children(term, w_transposed)


def slope_dropped(term: Term) -> Term:
    if isinstance(term, Apply) and term.function.order:
        return as_term(1)
    return map_children(term, slope_dropped)


def slope_as_value(term: Term) -> Term:
    if isinstance(term, Apply) and term.function.order:
        return Apply(replace(term.function, order=0), term.argument)
    return map_children(term, slope_as_value)


def layer_shifted(term: Term) -> Term:
    return at_layer(term, {"l": n.l.shift(1), "L": n.L})


def sum_forgotten(term: Term) -> Term:
    if isinstance(term, Sum):
        return term.body
    return map_children(term, sum_forgotten)


def factor_lost(term: Term) -> Term:
    if isinstance(term, Product):
        return mul(*term.factors[1:])
    return map_children(term, factor_lost)


ERRORS = [
    w_transposed, slope_dropped, slope_as_value, layer_shifted, sum_forgotten, factor_lost,
    lambda term: mul(as_term(-1), term), lambda term: mul(as_term(2), term),
]  # fmt: skip


@pytest.mark.parametrize("name", ["2-2-2", "3-3-3:tanh-3", "2-3:softmax-2", "3-2:softmax"])
def test_planted_errors_are_refused_by_this_judge_alone(name: str) -> None:
    """A transposed w in a square layer, too."""
    network, planted = Network(name), 0
    for _, layer, claim in claims(network):
        for error in ERRORS:
            wrong = replace(claim, right=error(claim.right))
            if wrong == claim:
                continue
            planted += 1
            assert components.judge(network, layer, wrong).mismatch is not None, wrong
    assert planted > 20


@pytest.mark.parametrize("name", ["2-2-2", "1-2:softmax-2", "2-3-2-1"])
def test_sympys_diff_says_the_same(name: str) -> None:
    """The reference: the network written out and differentiated."""
    network = Network(name, cost="quadratic")
    for label, layer, claim in claims(network)[:6]:
        for right in (claim.right, w_transposed(claim.right), mul(as_term(2), claim.right)):
            asked = replace(claim, right=right)
            at = equation_at(replace(asked, label=label), numbers(network, layer))
            _, reference = compare_with_sympy(at, layer, WrittenOut(network))
            found = components.judge(network, layer, asked).mismatch
            assert (found is None) == (reference is None), (label, layer)


def test_widths() -> None:
    """Own widths up to hundreds of parameters; beyond, and where a width is open, small ones."""
    claim = textbook.bp3()
    assert components.own_widths(Network("12-15-10"), 2, claim)
    assert not components.own_widths(Network("784-100-10"), 2, claim)
    assert not components.own_widths(Network("n-30-k"), 2, claim)
    assert components.judge(Network("784-100-10"), 2, claim).entries == 12
    assert components.judge(Network("12-15-10"), 2, claim).entries == 180


@pytest.mark.parametrize(
    "right",
    [
        Partial(n.COST, n.z(n.l, "j")),
        n.y(n.l, "p"),
        Symbol("g", n.l, (n.on("j", n.l),)),
        n.delta(n.l.shift(5), "j"),
    ],
    ids=str,
)
def test_what_has_no_meaning_there_is_a_mismatch(right: Term) -> None:
    claim = replace(textbook.bp4(), right=right)
    found = components.judge(Network("2-3-2"), 2, claim)
    assert found.mismatch is not None


# --- at numbers --------------------------------------------------------------------------------

OWN = {
    "gelu": Z / 2 * (1 + sympy.erf(Z / sympy.sqrt(2))),
    "elu": sympy.Piecewise((sympy.exp(Z) - 1, Z <= 0), (Z, True)),
    "softsign": Z / (1 + sympy.Abs(Z)),
    "mish": Z * sympy.tanh(sympy.log(1 + sympy.exp(Z))),
    "hard": sympy.Min(1, sympy.Max(-1, Z)),
}


@pytest.mark.parametrize("name", OWN)
def test_ones_own_formulas_at_numbers(name: str) -> None:
    network = Network("2-3-2", activation=Activation(name, OWN[name]))
    for formula in derive(network).formulas[:2]:
        layer = formula.layers[0]
        right = formula.special.result
        assert components.judge_at_numbers(network, layer, right) is None
        wrong = replace(right, right=mul(as_term(Fraction(1001, 1000)), right.right))
        found = components.judge_at_numbers(network, layer, wrong)
        assert found is not None


# --- dual numbers ------------------------------------------------------------------------------

polynomials = st.recursive(
    st.sampled_from(["x", "y"]).map(Dual.variable)
    | st.integers(-3, 3).map(lambda value: Dual(number(value))),
    lambda part: st.one_of(
        st.tuples(part, part).map(lambda p: p[0] + p[1]),
        st.tuples(part, part).map(lambda p: p[0] * p[1]),
        st.tuples(part, st.integers(0, 3)).map(lambda p: p[0].power(Fraction(p[1]))),
    ),
    max_leaves=6,
)


def at(of: Poly, x: Fraction, y: Fraction) -> Fraction:
    values = {"x": x, "y": y}
    total = Fraction(0)
    for key, coefficient in of.terms.items():
        for name, exponent in key:
            coefficient *= values[name] ** int(exponent)
        total += coefficient
    return total


@given(polynomials, st.integers(-3, 3), st.integers(-3, 3))
def test_slopes_are_derivatives(of: Dual, x: int, y: int) -> None:
    """Exactly: the quotient of differences of a polynomial, in the limit by three of them."""
    here = Fraction(x), Fraction(y)
    value = sympy.sympify(str(of.value).replace("·", "*").replace("^", "**"))
    slope = sympy.diff(value, sympy.Symbol("x")).subs({"x": x, "y": y})
    found = of.slopes.get("x", number(0))
    assert at(found, *here) == Fraction(int(slope.p), int(slope.q))


def test_negative_and_broken_powers_cancel() -> None:
    x, y = unknown("x"), unknown("y")
    both = x + y
    inverse = root(both, Fraction(-1))
    assert vanishes(both * inverse + number(-1))
    assert vanishes(x * inverse + y * inverse + number(-1))
    half = root(both, Fraction(1, 2))
    assert vanishes(half * half + both.times(Fraction(-1)))
    assert not vanishes(half + both.times(Fraction(-1)))
    assert not vanishes(x * inverse + number(-1))
