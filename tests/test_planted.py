"""Planted errors: each a claim as a careless book might print it, and each judge refuses it alone.

The claims are built here from textbook formulas, not by changing ours. `test_components` breaks
formulas mechanically before the second judge, `test_rules` breaks the rules; here each classical
mistake has its row, stands before both judges by themselves, and beside a row that is right, so
that refusing everything is no way to pass.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from symnet.calculus import components, normal
from symnet.calculus.certificate import Line
from symnet.calculus.checker import check
from symnet.calculus.derivation import WORK_OUT, derive, work_out
from symnet.calculus.proof import certify
from symnet.network import notation as n
from symnet.network.architecture import Network
from symnet.term import (
    Apply,
    Delta,
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
    number,
)

l, L, ABOVE, BELOW = n.l, n.L, n.l.shift(1), n.l.shift(-1)
# Square on purpose: a transposed w fits everywhere, and only its entries are the wrong ones.
DENSE = "2-2-2-2"
COUPLED, COUPLED_BELOW = "2-3:softmax", "2-3:softmax-3"


def w(at: LayerNumber, j: Index, k: Index) -> Symbol:
    return Symbol("w", at, (j, k))


def of(name: str, at: LayerNumber, j: Index) -> Symbol:
    return Symbol(name, at, (j,))


def slope(at: LayerNumber, j: Index, order: int = 1, of_layer: LayerNumber | None = None) -> Apply:
    return Apply(ScalarFunction("σ", None, of_layer or at, order), of("z", at, j))


def by_a(at: LayerNumber, j: Index) -> Partial:
    return Partial(n.COST, of("a", at, j))


def coupling(at: LayerNumber, p: Index, j: Index) -> Partial:
    """∂a_p/∂z_j"""
    return Partial(of("a", at, p), of("z", at, j))


# --- the claims ----------------------------------------------------------------------------
# Letters as they are read: j is this neuron, k one of the layer above, and below in BP3.

J, JL, K, KL, P, PL = (
    n.on("j", l), n.on("j", L), n.on("k", ABOVE), n.on("k", L), n.on("p", l), n.on("p", L),
)  # fmt: skip
BELOW_K = n.below("k", l)
BACK = Sum(K, mul(w(ABOVE, K, J), of("δ", ABOVE, K)))

# What of softmax is written out: ∂a_p/∂z_j = a_p ([p = j] - a_j).
SOFTMAX_SLOPE = add(Delta(PL, JL), mul(number(-1), of("a", L, JL)))
MEAN = Sum(PL, mul(by_a(L, PL), of("a", L, PL)))


def contracted(kept: Term) -> Term:
    """Σ_p ∂C/∂a_p a_p ([p = j] - a_j), with `kept` as what [p = j] is said to leave."""
    return add(kept, mul(number(-1), of("a", L, JL), MEAN))


RIGHT: dict[str, tuple[str, str, Term]] = {
    "BP1": ("BP1", DENSE, mul(by_a(L, JL), slope(L, JL))),
    "BP2": ("BP2", DENSE, mul(BACK, slope(l, J))),
    "BP2, with a delta in it": (
        "BP2",
        DENSE,
        Sum(P, mul(Sum(K, mul(w(ABOVE, K, P), of("δ", ABOVE, K))), Delta(P, J), slope(l, P))),
    ),
    "BP3": ("BP3", DENSE, mul(of("δ", l, J), of("a", BELOW, BELOW_K))),
    "BP4": ("BP4", DENSE, of("δ", l, J)),
    "BP1 of softmax": ("BP1", COUPLED, Sum(KL, mul(by_a(L, KL), coupling(L, KL, JL)))),
    "BP1 of softmax, written out": (
        "BP1",
        COUPLED,
        Sum(PL, mul(by_a(L, PL), of("a", L, PL), SOFTMAX_SLOPE)),
    ),
    "BP1 of softmax, contracted": ("BP1", COUPLED, contracted(mul(by_a(L, JL), of("a", L, JL)))),
    "BP2 of softmax": (
        "BP2",
        COUPLED_BELOW,
        Sum(P, Sum(K, mul(w(ABOVE, K, P), of("δ", ABOVE, K), coupling(l, P, J)))),
    ),
}

WRONG: dict[str, tuple[str, str, Term]] = {
    # w_jk for w_kj
    "transposed weight in BP2": (
        "BP2",
        DENSE,
        mul(Sum(K, mul(w(ABOVE, J, K), of("δ", ABOVE, K))), slope(l, J)),
    ),
    "transposed weight in BP2 of softmax": (
        "BP2",
        COUPLED_BELOW,
        Sum(P, Sum(K, mul(w(ABOVE, P, K), of("δ", ABOVE, K), coupling(l, P, J)))),
    ),
    "transposed ∂a/∂z of softmax with a weight": (
        "BP2",
        COUPLED_BELOW,
        Sum(P, Sum(K, mul(w(ABOVE, K, J), of("δ", ABOVE, K), coupling(l, P, J)))),
    ),
    "transposed gradient in BP3": (
        "BP3",
        DENSE,
        mul(of("δ", l, BELOW_K), of("a", BELOW, J)),
    ),
    # l for l+1 or l-1
    "the weight of this layer in BP2": (
        "BP2",
        DENSE,
        mul(Sum(K, mul(w(l, K, J), of("δ", ABOVE, K))), slope(l, J)),
    ),
    "the error of this layer in BP2": (
        "BP2",
        DENSE,
        mul(Sum(K, mul(w(ABOVE, K, J), of("δ", l, K))), slope(l, J)),
    ),
    "the slope of the layer above in BP2": (
        "BP2",
        DENSE,
        mul(BACK, slope(ABOVE, J)),
    ),
    "σ of the layer above in BP2": ("BP2", DENSE, mul(BACK, slope(l, J, of_layer=ABOVE))),
    "a of this layer in BP3": ("BP3", DENSE, mul(of("δ", l, J), of("a", l, BELOW_K))),
    "δ of the layer above in BP3": ("BP3", DENSE, mul(of("δ", ABOVE, J), of("a", BELOW, BELOW_K))),
    "δ of the layer below in BP4": ("BP4", DENSE, of("δ", BELOW, J)),
    # σ' forgotten, or another function in its place
    "dropped slope in BP1": ("BP1", DENSE, by_a(L, JL)),
    "dropped slope in BP2": ("BP2", DENSE, BACK),
    "σ for σ' in BP1": ("BP1", DENSE, mul(by_a(L, JL), slope(L, JL, order=0))),
    "σ'' for σ' in BP1": ("BP1", DENSE, mul(by_a(L, JL), slope(L, JL, order=2))),
    "slope twice in BP2": ("BP2", DENSE, mul(BACK, slope(l, J), slope(l, J))),
    "slope under the sum at the other index": (
        "BP2",
        DENSE,
        Sum(K, mul(w(ABOVE, K, J), of("δ", ABOVE, K), slope(ABOVE, K))),
    ),
    "z for σ'(z) in BP1": ("BP1", DENSE, mul(by_a(L, JL), of("z", L, JL))),
    "only the diagonal of softmax": ("BP1", COUPLED, mul(by_a(L, JL), coupling(L, JL, JL))),
    # the free j taken by a sum over j
    "captured index in BP2": (
        "BP2",
        DENSE,
        mul(Sum(J, mul(w(ABOVE, J, J), of("δ", ABOVE, J))), slope(l, J)),
    ),
    "captured index in σ'": (
        "BP2",
        DENSE,
        Sum(J, mul(w(ABOVE, J, J), of("δ", ABOVE, J), slope(l, J))),
    ),
    "captured index in BP1 of softmax": (
        "BP1",
        COUPLED,
        Sum(JL, mul(by_a(L, JL), coupling(L, JL, JL))),
    ),
    "captured index in BP2 of softmax": (
        "BP2",
        COUPLED_BELOW,
        Sum(J, Sum(K, mul(w(ABOVE, K, J), of("δ", ABOVE, K), coupling(l, J, J)))),
    ),
    "captured index in the mean of softmax": (
        "BP1",
        COUPLED,
        Sum(JL, mul(by_a(L, JL), of("a", L, JL), add(number(1), mul(number(-1), of("a", L, JL))))),
    ),
    # Σ_p [p = j] x_p is x_j, and nothing else
    "delta left out, the sum kept": (
        "BP2",
        DENSE,
        Sum(P, mul(Sum(K, mul(w(ABOVE, K, P), of("δ", ABOVE, K))), slope(l, P))),
    ),
    "delta contracted in one factor only": (
        "BP2",
        DENSE,
        Sum(P, mul(Sum(K, mul(w(ABOVE, K, J), of("δ", ABOVE, K))), slope(l, P))),
    ),
    "delta of softmax taken for 1": (
        "BP1",
        COUPLED,
        contracted(Sum(PL, mul(by_a(L, PL), of("a", L, PL)))),
    ),
    "delta of softmax taken for 0": ("BP1", COUPLED, contracted(number(0))),
    "delta of softmax, Σ ∂C/∂a_p left with a_j": (
        "BP1",
        COUPLED,
        contracted(mul(Sum(PL, by_a(L, PL)), of("a", L, JL))),
    ),
    "delta of softmax contracted to n a_j": (
        "BP1",
        COUPLED,
        contracted(mul(number(3), by_a(L, JL), of("a", L, JL))),
    ),
    "delta never contracted in BP3": (
        "BP3",
        DENSE,
        mul(Sum(P, of("δ", l, P)), of("a", BELOW, BELOW_K)),
    ),
    "delta never contracted in BP4": ("BP4", DENSE, Sum(P, of("δ", l, P))),
}

FAMILIES = {
    "transposed": "transposed",
    "shifted layer": "layer",
    "dropped slope": "slope",
    "captured index": "captured",
    "wrong contraction": "delta",
}


# --- the judges, each by itself ------------------------------------------------------------


def in_general(label: str, network: str, right: Term) -> bool:
    """Whether the normal form says that a claim is what the rules derive, at general widths."""
    (formula,) = [f for f in derive(Network(network)).formulas if f.label == label]
    for step in work_out(right, formula.given, WORK_OUT):
        right = step.after
    return normal.equal(formula.general.result.right, right)


def in_components(label: str, network: str, right: Term) -> bool:
    """Whether a claim is the derivative at every entry, by dual numbers."""
    asked = Network(network)
    (formula,) = [f for f in derive(asked).formulas if f.label == label]
    claim = Equation(label, formula.general.goal, right)
    # Not the layers next to the input or the output: a layer further up or down must be there.
    layer = formula.layers[len(formula.layers) // 2]
    return components.judge(asked, layer, claim).mismatch is None


def in_checker(label: str, network: str, right: Term) -> bool:
    """Whether the checker accepts a claim as a line between the definition and the derivation."""
    good = certify(derive(Network(network)))
    forged = [
        replace(c, general=(Line("claimed", right), *c.general)) if c.label == label else c
        for c in good.chapters
    ]
    return check(replace(good, chapters=tuple(forged))) == ""


Judge = Callable[[str, str, Term], bool]
each_judge = pytest.mark.parametrize("judge", [in_general, in_components, in_checker])


@each_judge
@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_accepted(name: str, judge: Judge) -> None:
    assert judge(*RIGHT[name])


@each_judge
@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused_by_each_judge_alone(name: str, judge: Judge) -> None:
    assert not judge(*WRONG[name])


def test_the_table_has_every_family_of_mistakes() -> None:
    for family, word in FAMILIES.items():
        assert sum(word in name for name in WRONG) >= 4, family
