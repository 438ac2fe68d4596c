"""prove: one obligation per formula and layer, two judges, and a text that says what was found."""

import time
from dataclasses import replace

import pytest
import sympy

from symnet.calculus import components, normal, proof
from symnet.calculus.derivation import DerivationError, derive
from symnet.calculus.proof import COMPONENTS, GENERAL, Judgement, Obligation, Proof, prove
from symnet.network.architecture import Network
from symnet.network.functions import ZS, A, Activation, Cost, J, N, P, Y, Z
from symnet.term import ZERO, spell

NETWORKS = [
    ("1-1", None),
    ("2-3-4-1", None),
    ("2-2:softmax-2", None),
    ("3-2:relu-2:softmax", None),
    ("3-2:tanh-2:identity", None),
    ("1-2:softmax", "cross_entropy"),
    ("1-2:softmax", "quadratic"),
    ("2-2:relu-2", "cross_entropy"),
    ("784-128:relu-64:relu-10:softmax", None),
    ("784-4096-4096-10", None),
    ("200-100:softmax-50:tanh-3:softmax", "cross_entropy"),
    ("n-30-k", None),
    ("n-n-n:softmax", None),
    ("-".join(["20"] * 50), None),
    ("-".join(["2"] * 50), None),
    ("1-1-1-1-1-1-1-1-1-1-1-1", None),
]


@pytest.mark.parametrize(("architecture", "cost"), NETWORKS, ids=lambda x: str(x)[:24])
def test_networks_are_proved(architecture: str, cost: str | None) -> None:
    network = Network(architecture, cost=cost)
    started = time.perf_counter()
    found = prove(network)
    assert found.holds, str(found)
    assert time.perf_counter() - started < 60
    # One obligation per formula and layer, and each before two judges.
    expected = {("BP1", network.L)}
    expected |= {("BP2", layer) for layer in range(2, network.L)}
    expected |= {(label, l) for label in ("BP3", "BP4") for l in range(2, network.L + 1)}
    assert sorted((o.label, o.layer) for o in found.obligations) == sorted(expected)
    for obligation in found.obligations:
        assert [j.judge for j in obligation.judgements] == [GENERAL, COMPONENTS]
        assert all(j.on for j in obligation.judgements)
    text = str(found)
    assert f"{len(expected)} of {len(expected)} obligations proved" in text
    assert "FAILED" not in text


OWN_ACTIVATIONS = {
    "cube": Z**3,
    "leaky": sympy.Piecewise((Z / 10, Z <= 0), (Z, True)),
    "closed on the right": sympy.Piecewise((Z, Z >= 0), (0, True)),
    "two kinks": sympy.Piecewise((0, Z <= -3), ((Z + 3) / 6, Z <= 3), (1, True)),
    "decimal": sympy.Piecewise((0.01 * Z, Z <= 0), (Z, True)),
    "swish": Z / (1 + sympy.exp(-Z)),
    "arctan": sympy.atan(Z),
    "quotient": Z / (2 + Z**2),
    "softsign": Z / (1 + sympy.Abs(Z)),
    "modulus": sympy.Abs(Z),
    "mish": Z * sympy.tanh(sympy.log(1 + sympy.exp(Z))),
    "hot softmax": sympy.exp(2 * ZS[J]) / sympy.Sum(sympy.exp(2 * ZS[P]), (P, 1, N)),
    "log softmax": ZS[J] - sympy.log(sympy.Sum(sympy.exp(ZS[P]), (P, 1, N))),
    "normed": ZS[J] / (1 + sympy.Sum(ZS[P] ** 2, (P, 1, N))),
    "centred": ZS[J] - sympy.Sum(ZS[P], (P, 1, N)) / N,
}
OWN_COSTS = {
    "fourth power": (A - Y) ** 4 / 4,
    "decimal": 0.5 * (A - Y) ** 2,
    "log cosh": sympy.log(sympy.cosh(A - Y)),
    "poisson": A - Y * sympy.log(A),
    "cauchy": sympy.log(1 + (A - Y) ** 2),
    "pseudo huber": sympy.sqrt(1 + (A - Y) ** 2),
    "gauss": sympy.exp(-((A - Y) ** 2)),
    "cosine": sympy.cos(A * Y),
    "ratio": (A - Y) ** 2 / (1 + Y**2),
}


@pytest.mark.parametrize("name", OWN_ACTIVATIONS)
def test_activations_of_ones_own_are_proved(name: str) -> None:
    own = Activation("own", OWN_ACTIVATIONS[name])
    coupled = own.couples_neurons
    found = prove(Network("1-2" if coupled else "1-1-1", own, cost="quadratic"))
    assert found.holds, str(found)


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
@pytest.mark.parametrize("name", OWN_COSTS)
def test_costs_of_ones_own_are_proved(name: str, output: str) -> None:
    widths = "1-2:softmax" if output == "softmax" else "1-1"
    found = prove(Network(widths, cost=Cost("own", OWN_COSTS[name])))
    assert found.holds, str(found)


def test_general_widths_do_not_depend_on_widths() -> None:
    """What the first judge sees of 784-4096-10 and of 2-3-2 is the same, object for object."""
    small, wide, open_ = (derive(Network(text)) for text in ("2-3-2", "784-4096-10", "n-3-k"))
    assert small.formulas == wide.formulas == open_.formulas


def test_time_is_linear_in_depth() -> None:
    """100 layers take no more than the work of listing them beyond that of 10."""
    started = time.perf_counter()
    prove(Network("-".join(["30"] * 10)))
    ten = time.perf_counter() - started
    started = time.perf_counter()
    prove(Network("-".join(["30"] * 100)))
    assert time.perf_counter() - started < 10 * ten + 2


# --- both judges must agree ----------------------------------------------------------------

NET = Network("1-2-1")


def test_the_first_judge_alone_does_not_prove(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = components.Found(1, (1,), components.Mismatch((1,), "x", "y"))
    monkeypatch.setattr(components, "judge", lambda *_: wrong)
    found = prove(NET)
    assert not found.holds
    for obligation in found.obligations:
        assert [j.holds for j in obligation.judgements] == [True, False]
        assert not obligation.holds
    assert "entry (1): derivative x, formula y" in str(found)


def test_the_second_judge_alone_does_not_prove(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(normal, "equal", lambda left, right: False)
    found = prove(NET)
    assert not found.holds
    for obligation in found.obligations:
        assert [j.holds for j in obligation.judgements] == [False, True]
    assert "derived" in str(found)
    assert "claimed" in str(found)


def test_a_derivation_that_fails_is_not_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(network: Network) -> None:
        raise DerivationError("the rules do not come to an end")

    monkeypatch.setattr(proof, "derive", fail)
    found = prove(NET)
    assert not found.holds
    assert found.derived is None
    assert "do not come to an end" in str(found)


def good() -> Obligation:
    (obligation,) = (o for o in prove(NET).obligations if o.label == "BP1")
    return obligation


def test_only_two_different_judges_prove() -> None:
    obligation = good()
    first, second = obligation.judgements
    assert obligation.holds
    assert not replace(obligation, judgements=()).holds
    assert not replace(obligation, judgements=(first,)).holds
    assert not replace(obligation, judgements=(second,)).holds
    assert not replace(obligation, judgements=(first, first)).holds
    wrong = Judgement(COMPONENTS, "everything", "a difference")
    assert not replace(obligation, judgements=(first, wrong)).holds
    assert not replace(obligation, judgements=(first, second, wrong)).holds


def test_nothing_is_no_proof() -> None:
    found = prove(NET)
    assert found.holds
    assert not replace(found, obligations=()).holds
    refused = replace(good(), judgements=(Judgement(GENERAL, "it", "differs"),))
    assert not replace(found, obligations=(*found.obligations, refused)).holds
    assert not Proof(NET, None, ()).holds


# --- what is derived and wrong -------------------------------------------------------------


@pytest.mark.parametrize("label", ["BP1", "BP2", "BP3", "BP4"])
@pytest.mark.parametrize("form", ["general", "special"])
def test_a_wrong_derived_formula_is_refused(
    label: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The textbook is right, the derivation is not: both judges see it, in either form."""
    honest = derive(NET)
    (formula,) = (f for f in honest.formulas if f.label == label)
    derivation = getattr(formula, form)
    last = replace(derivation.steps[-1], after=ZERO)
    broken = replace(derivation, steps=(*derivation.steps[:-1], last))
    formulas = tuple(
        replace(f, **{form: broken}) if f.label == label else f for f in honest.formulas
    )
    monkeypatch.setattr(proof, "derive", lambda _: replace(honest, formulas=formulas))
    found = prove(NET)
    for obligation in found.obligations:
        assert obligation.holds == (obligation.label != label)
        if obligation.label == label:
            assert [j.holds for j in obligation.judgements] == [False, False]


def test_a_proof_says_what_it_is_about() -> None:
    found = prove(Network("2-3-4-1"))
    text = str(found)
    assert text.startswith("2-3-4-1, cost quadratic\n")
    for obligation in found.obligations:
        assert f"proved  {obligation.label}  l = {obligation.layer}" in text
        assert spell(obligation.claim.right)
    assert "components" in found.remark
    # The reader learns when it was not the network itself that was written out.
    assert prove(Network("784-30-10")).remark != found.remark
