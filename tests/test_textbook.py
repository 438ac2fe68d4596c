"""The textbook's formulas, right and wrong: a judge that always says yes passes every other test.

The wrong ones are the mistakes that students make. Each is put in the place of the right formula
while `prove` runs, and each judge has to refuse it by itself.
"""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest

from symnet.calculus import textbook
from symnet.calculus.proof import COMPONENTS, GENERAL, Proof, prove
from symnet.network import notation as n
from symnet.network.architecture import Network
from symnet.term import (
    ONE,
    ZERO,
    Apply,
    Delta,
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
    mul,
    number,
    power,
    spell,
)

l, L, ABOVE, BELOW = n.l, n.L, n.l.shift(1), n.l.shift(-1)
# j over the neurons of layer l, k over those above and below it
J, J_OUT, J_ABOVE, J_BELOW = (n.on("j", at) for at in (l, L, ABOVE, BELOW))
K, K_OUT, K_ABOVE, K_BELOW = (n.on("k", at) for at in (l, L, ABOVE, BELOW))


def w(at: LayerNumber, j: Index, k: Index) -> Symbol:
    return Symbol("w", at, (j, k))


def a(at: LayerNumber, j: Index) -> Symbol:
    return Symbol("a", at, (j,))


def z(at: LayerNumber, j: Index) -> Symbol:
    return Symbol("z", at, (j,))


def delta(at: LayerNumber, j: Index) -> Symbol:
    return Symbol("δ", at, (j,))


def slope(at: LayerNumber, argument: Term, order: int = 1) -> Apply:
    """σ' of a layer, at an argument."""
    return Apply(ScalarFunction("σ", None, at, order), argument)


def sum_above(weight: Term) -> Sum:
    """Σ_k weight δ_k^{l+1}."""
    return Sum(K_ABOVE, mul(weight, delta(ABOVE, K_ABOVE)))


C_BY_A = Partial(n.COST, a(L, J_OUT))
OUT = slope(L, z(L, J_OUT))
HIDDEN = slope(l, z(l, J))
SENT_BACK = sum_above(w(ABOVE, K_ABOVE, J))
A_DELTA = mul(a(BELOW, K_BELOW), delta(l, J))
MINUS, TWO = number(-1), number(2)

# What the four formulas are not, with a name for each mistake.
WRONG: dict[str, dict[str, Term]] = {
    "BP1": {
        "no σ'": C_BY_A,
        "sign": mul(MINUS, C_BY_A, OUT),
        "factor 2": mul(TWO, C_BY_A, OUT),
        "factor ½": mul(number(Fraction(1, 2)), C_BY_A, OUT),
        "σ for σ'": mul(C_BY_A, slope(L, z(L, J_OUT), 0)),
        "σ'' for σ'": mul(C_BY_A, slope(L, z(L, J_OUT), 2)),
        "σ' twice": mul(C_BY_A, OUT, OUT),
        "σ' at a": mul(C_BY_A, slope(L, a(L, J_OUT))),
        "σ' at the layer below": mul(C_BY_A, slope(L, z(L.shift(-1), n.on("j", L.shift(-1))))),
        "σ' of the layer below": mul(C_BY_A, slope(L.shift(-1), z(L, J_OUT))),
        "a sum too many": Sum(K_OUT, mul(Partial(n.COST, a(L, K_OUT)), OUT)),
        "wrong index": mul(Partial(n.COST, a(L, K_OUT)), OUT),
        "wrong index of z": mul(C_BY_A, slope(L, z(L, K_OUT))),
        "zero": ZERO,
        "of the quadratic cost": mul(
            add(a(L, J_OUT), mul(MINUS, Symbol("y", None, (J_OUT,)))), OUT
        ),
        "a division by 0": mul(C_BY_A, power(add(a(L, J_OUT), mul(MINUS, a(L, J_OUT))), -1)),
    },
    "BP2": {
        "w transposed": mul(sum_above(w(ABOVE, J, K_ABOVE)), HIDDEN),
        "w of layer l": mul(sum_above(w(l, K_ABOVE, J)), HIDDEN),
        "all of layer l": mul(Sum(K_BELOW, mul(w(l, J, K_BELOW), delta(l, K_BELOW))), HIDDEN),
        "δ of layer l": mul(Sum(K_ABOVE, mul(w(ABOVE, K_ABOVE, J), delta(l, K_ABOVE))), HIDDEN),
        "δ of layer l+2": mul(
            Sum(K_ABOVE, mul(w(ABOVE, K_ABOVE, J), delta(l.shift(2), K_ABOVE))), HIDDEN
        ),
        "no σ'": SENT_BACK,
        "σ' of layer l+1": mul(SENT_BACK, slope(ABOVE, z(l, J))),
        "σ' at layer l+1": mul(SENT_BACK, slope(l, z(ABOVE, J))),
        "σ' at layer l+1, in the sum": Sum(
            K_ABOVE,
            mul(w(ABOVE, K_ABOVE, J), delta(ABOVE, K_ABOVE), slope(ABOVE, z(ABOVE, K_ABOVE))),
        ),
        "σ' at a": mul(SENT_BACK, slope(l, a(l, J))),
        "sign": mul(MINUS, SENT_BACK, HIDDEN),
        "factor 2": mul(TWO, SENT_BACK, HIDDEN),
        "no sum": mul(w(ABOVE, K_ABOVE, J), delta(ABOVE, K_ABOVE), HIDDEN),
        "sum over layer l": mul(Sum(K, mul(w(ABOVE, K, J), delta(ABOVE, K))), HIDDEN),
        "sum over j": mul(Sum(J, mul(w(ABOVE, K_ABOVE, J), delta(ABOVE, K_ABOVE))), HIDDEN),
        "a sum too many": mul(Sum(K_ABOVE, SENT_BACK), HIDDEN),
        "a for δ": mul(Sum(K_ABOVE, mul(w(ABOVE, K_ABOVE, J), a(ABOVE, K_ABOVE))), HIDDEN),
        "b for w": mul(sum_above(Symbol("b", ABOVE, (K_ABOVE,))), HIDDEN),
        "mean for sum": mul(power(Size(n.neurons(ABOVE)), -1), SENT_BACK, HIDDEN),
        "an unknown symbol": mul(sum_above(Symbol("q", ABOVE, (K_ABOVE, J))), HIDDEN),
    },
    "BP3": {
        "a of layer l": mul(a(l, K), delta(l, J)),
        "a and δ exchanged": mul(delta(BELOW, K_BELOW), a(l, J)),
        "indices exchanged": mul(a(BELOW, J_BELOW), delta(l, K)),
        "δ of layer l-1": mul(a(BELOW, K_BELOW), delta(BELOW, J_BELOW)),
        "δ of layer l+1": mul(a(BELOW, K_BELOW), delta(ABOVE, J_ABOVE)),
        "z for a": mul(z(BELOW, K_BELOW), delta(l, J)),
        "no a": delta(l, J),
        "no δ": a(BELOW, K_BELOW),
        "sign": mul(MINUS, A_DELTA),
        "factor 2": mul(TWO, A_DELTA),
        "σ' once more": mul(A_DELTA, HIDDEN),
        "[j = k]": mul(A_DELTA, Delta(J, K_BELOW)),
        "a sum too many": Sum(K_BELOW, A_DELTA),
        "w decays": add(A_DELTA, w(l, J, K_BELOW)),
    },
    "BP4": {
        "a δ": A_DELTA,
        "one": ONE,
        "b": Symbol("b", l, (J,)),
        "δ of layer l-1": delta(BELOW, J_BELOW),
        "δ of layer l+1": delta(ABOVE, J_ABOVE),
        "another neuron": delta(l, K),
        "a sum too many": Sum(J, delta(l, J)),
        "sign": mul(MINUS, delta(l, J)),
        "factor 2": mul(TWO, delta(l, J)),
        "σ' once more": mul(delta(l, J), HIDDEN),
    },
}
CASES = [(label, name) for label, mistakes in WRONG.items() for name in mistakes]
# Square layers: a transposed weight has the right shape there, and only the wrong value.
NETWORK = "2-2-2"


def plant(monkeypatch: pytest.MonkeyPatch, label: str, right: Term) -> None:
    honest = textbook.state

    def state(asked: str, coupled: bool = False) -> Equation:
        equation = honest(asked, coupled)
        return replace(equation, right=right) if asked == label else equation

    monkeypatch.setattr(textbook, "state", state)


def judgements(proof: Proof, label: str) -> Iterator[tuple[str, bool, str]]:
    for obligation in proof.obligations:
        if obligation.label == label:
            for judgement in obligation.judgements:
                yield judgement.judge, judgement.holds, judgement.difference


@pytest.mark.parametrize(("label", "name"), CASES)
def test_each_judge_refuses_a_wrong_formula(
    label: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, label, WRONG[label][name])
    # In a square layer a sum over the wrong layer has the right number of terms.
    proof = prove(Network("2-3-2" if name == "sum over layer l" else NETWORK))
    assert proof.holds is False
    refused: dict[str, list[str]] = {GENERAL: [], COMPONENTS: []}
    for judge, holds, difference in judgements(proof, label):
        assert not holds, judge
        refused[judge].append(difference)
    assert all(refused.values())
    # All other formulas are as right as before.
    assert all(o.holds == (o.label != label) for o in proof.obligations)
    # The proof says which formula, at which layer, and how it differs.
    text = str(proof)
    for obligation in proof.obligations:
        if not obligation.holds:
            assert f"FAILED  {label}  l = {obligation.layer}" in text
    for difference in (*refused[GENERAL], *refused[COMPONENTS]):
        assert difference in text


@pytest.mark.parametrize(
    ("label", "name"), [("BP1", "sign"), ("BP2", "w transposed"), ("BP3", "no a"), ("BP4", "one")]
)
def test_wide_networks_refuse_it_too(
    label: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, label, WRONG[label][name])
    proof = prove(Network("30-20:tanh-20:tanh-n"))
    assert all(o.holds == (o.label != label) for o in proof.obligations)
    assert not any(holds for _, holds, _ in judgements(proof, label))


def test_what_is_true_and_says_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """δ_j^l = δ_j^l holds in all components; it is not what was to be shown."""
    plant(monkeypatch, "BP2", delta(l, J))
    assert prove(Network(NETWORK)).holds is False


def test_a_formula_for_something_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = textbook.state

    def state(label: str, coupled: bool = False) -> Equation:
        return honest("BP4" if label == "BP2" else label, coupled)

    monkeypatch.setattr(textbook, "state", state)
    proof = prove(Network(NETWORK))
    assert proof.holds is False
    assert any("the claim is about" in difference for _, _, difference in judgements(proof, "BP2"))


@pytest.mark.parametrize("wrong", ["transposed", "diagonal", "no sum"])
def test_a_wrong_jacobian_of_softmax_is_refused(
    wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """∂a_k/∂z_j, not ∂a_j/∂z_k (which is the same for softmax!), and not only for k = j."""
    by_a = Partial(n.COST, a(L, K_OUT))
    jacobian = Partial(a(L, K_OUT), z(L, J_OUT))
    claims = {
        "transposed": Sum(K_OUT, mul(by_a, Partial(a(L, J_OUT), z(L, K_OUT)))),
        "diagonal": mul(C_BY_A, Partial(a(L, J_OUT), z(L, J_OUT))),
        "no sum": mul(C_BY_A, jacobian),
    }
    plant(monkeypatch, "BP1", claims[wrong])
    # The Jacobian of softmax is symmetric: there is nothing wrong with its transpose.
    assert prove(Network("1-2:softmax")).holds is (wrong == "transposed")


# --- the right ones ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "formula"),
    [  # Nielsen, ch. 2, who numbers the last two the other way round
        ("BP1", "∂(C)/∂aL[j:nL]·σL'(zL[j:nL])"),
        ("BP2", "Σ_k:nl+1(wl+1[k:nl+1,j:nl]·δl+1[k:nl+1])·σl'(zl[j:nl])"),
        ("BP3", "al-1[k:nl-1]·δl[j:nl]"),
        ("BP4", "δl[j:nl]"),
    ],
)
def test_the_four_formulas(label: str, formula: str) -> None:
    assert spell(textbook.state(label).right) == formula


def test_softmax_has_a_jacobian() -> None:
    assert spell(textbook.state("BP1", True).right) == (
        "Σ_k:nL(∂(C)/∂aL[k:nL]·∂(aL[k:nL])/∂zL[j:nL])"
    )
    assert spell(textbook.state("BP2", True).right) == (
        "Σ_p:nl(Σ_k:nl+1(wl+1[k:nl+1,p:nl]·δl+1[k:nl+1])·∂(al[p:nl])/∂zl[j:nl])"
    )
