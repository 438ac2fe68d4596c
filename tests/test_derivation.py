"""What is derived is true of networks that compute, and reads as a book would write it."""

import math

import pytest
import reference
import sympy
from meaning import Measured, close, loose, places, value
from test_equations import as_floats, as_reference

from symnet.calculus import derivation
from symnet.calculus.derivation import (
    Backpropagation,
    DerivationError,
    Step,
    derive,
    derive_cost,
    numbers,
    work_out,
)
from symnet.calculus.rules import RULES, Given, Rule
from symnet.errors import ArchitectureError, SymnetError
from symnet.network import notation as n
from symnet.network.architecture import Network
from symnet.network.functions import COSTS, ZS, A, Activation, Cost, J, N, P, Y, Z
from symnet.term import Apply, Partial, Term, add, children, equation_at, spell

NAMED = [
    ("1-1", "quadratic"),
    ("2-3-2-1", "quadratic"),
    ("3-2:tanh-2:identity", "quadratic"),
    ("3-2:relu-2:softmax", "log_likelihood"),
    ("2-2:softmax-2", "cross_entropy"),
    ("2-3:tanh-2:softmax", "cross_entropy"),
    ("2-2:softmax-2:softmax", "quadratic"),
    ("2-2:relu-2:relu-2:sigmoid", "log_likelihood"),
]
# Functions that appear nowhere in the package.
LEAKY = sympy.Piecewise((Z / 10, Z <= 0), (Z, True))
OWN_ACTIVATIONS = {
    "cube": Z**3,
    "leaky": LEAKY,
    "decimal leaky": sympy.Piecewise((0.1 * Z, Z <= 0), (Z, True)),
    "swish": Z / (1 + sympy.exp(-Z)),
    "arctan": sympy.atan(Z),
    "quotient": Z / (2 + Z**2),
    "modulus": sympy.Abs(Z),
    "softsign": Z / (1 + sympy.Abs(Z)),
    "constant": sympy.Integer(1),
    "hot softmax": sympy.exp(2 * ZS[J]) / sympy.Sum(sympy.exp(2 * ZS[P]), (P, 1, N)),
    "spread": sympy.Sum((ZS[P] - ZS[J]) ** 2, (P, 1, N)),
    "normed": ZS[J] / (1 + sympy.Sum(ZS[P] ** 2, (P, 1, N))),
    "centred": ZS[J] - sympy.Sum(ZS[P], (P, 1, N)) / N,
}
OWN_COSTS = {
    "fourth power": (A - Y) ** 4 / 4,
    "decimal": 0.5 * (A - Y) ** 2,
    "log cosh": sympy.log(sympy.cosh(A - Y)),
    "poisson": A - Y * sympy.log(A),
    "pseudo huber": sympy.sqrt(1 + (A - Y) ** 2),
    "cauchy": sympy.log(1 + (A - Y) ** 2),
    "exponential": sympy.exp(A - Y),
    "gauss": sympy.exp(-((A - Y) ** 2)),
    "cosine": sympy.cos(A * Y),
    "of a alone": A**2,
    "line": A * Y,
    "thirtieth power": (A - Y) ** 30,
}


def assert_true(derived: Backpropagation) -> None:
    """Each entry of each formula, general and special, is the central difference."""
    world = Measured(derived.network)
    for formula in derived.formulas:
        for layer in formula.layers:
            for one in (formula.general, formula.special):
                equation = equation_at(one.result, numbers(derived.network, layer))
                for place in places(loose(equation.left), world):
                    found = value(equation.right, world, place)
                    expected = value(equation.left, world, place)
                    assert close(found, expected), f"{formula.label}, l={layer}, {place}"


@pytest.mark.parametrize(("architecture", "cost"), NAMED)
def test_formulas_are_true(architecture: str, cost: str) -> None:
    assert_true(derive(Network(architecture, cost=cost)))


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("name", OWN_ACTIVATIONS)
def test_formulas_of_ones_own_activation_are_true(name: str, hidden: bool) -> None:
    own = Activation("own", OWN_ACTIVATIONS[name])
    architecture = "2-2-1:tanh" if hidden else "1-2:tanh-2"
    assert_true(derive(Network(architecture, own, cost="quadratic")))


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
@pytest.mark.parametrize("name", OWN_COSTS)
def test_formulas_of_ones_own_cost_are_true(name: str, output: str) -> None:
    assert_true(derive(Network(f"2-2:{output}", cost=Cost("own", OWN_COSTS[name]))))


@pytest.mark.parametrize(("architecture", "cost"), NAMED)
def test_formulas_are_the_reference(architecture: str, cost: str) -> None:
    """BP1 to BP4 by hand, in tests/reference.py, give the same numbers."""
    network = Network(architecture, cost=cost)
    derived, world = derive(network), Measured(network)
    X, y = [as_floats(world, "a", 1)], [[float(y) for y in world.y]]
    gradients = reference.gradients(as_reference(world), X, y, cost)
    for layer in range(2, network.L + 1):
        for label, name in (("BP3", "w"), ("BP4", "b")):
            equation = derived.formula(label, layer)
            assert isinstance(equation.left, Partial)
            assert equation.left.by.name == name
            for place in places(loose(equation.left), world):
                expected = gradients[f"{name}{layer}"]
                for index in equation.left.by.indices:
                    expected = expected[place[index]]
                found = value(equation.right, world, place)
                assert math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12)


@pytest.mark.parametrize(
    "formula",
    [sympy.Integer(3), Y**2, A**Y, sympy.Max(0, 1 - Y * A), sympy.Abs(A - Y), sympy.pi * A**2],
    ids=str,
)
def test_a_cost_that_is_not_understood_is_refused_in_words(formula: sympy.Expr) -> None:
    """Or it is understood; but there is no other error than ours, and nothing wrong."""
    try:
        derived = derive(Network("1-1", cost=Cost("own", formula)))
    except SymnetError:
        return
    assert_true(derived)


@pytest.mark.parametrize(
    "formula",
    [
        sympy.Piecewise((Z, Z**2 <= 1), (1, True)),
        sympy.floor(Z),
        sympy.Piecewise((0, sympy.exp(Z) <= 1), (Z, True)),
        sympy.I * Z,
    ],
    ids=str,
)
def test_an_activation_that_is_not_understood_is_refused_in_words(formula: sympy.Expr) -> None:
    try:
        derived = derive(Network("1-1", Activation("own", formula)))
    except SymnetError:
        return
    assert_true(derived)


# --- the formulas as one reads them --------------------------------------------------------


@pytest.mark.parametrize(
    ("architecture", "cost", "label", "layer", "formula"),
    [
        ("2-3-4-1", None, "BP3", 3, "a2[k:n2]·δ3[j:n3]"),
        ("2-3-4-1", None, "BP4", 2, "δ2[j:n2]"),
        (
            "2-3-4-1",
            None,
            "BP1",
            4,
            "(a4[j:n4] + -1·y[j:n4])·a4[j:n4]·(1 + -1·a4[j:n4])",
        ),
        # Nielsen, ch. 3: with these costs σ' cancels.
        ("2-3-1", "cross_entropy", "BP1", 3, "a3[j:n3] + -1·y[j:n3]"),
        ("2-3:softmax", None, "BP1", 2, "a2[j:n2] + -1·y[j:n2]"),
        ("2-3:identity", None, "BP1", 2, "a2[j:n2] + -1·y[j:n2]"),
    ],
)
def test_special_formulas(
    architecture: str, cost: str | None, label: str, layer: int, formula: str
) -> None:
    derived = derive(Network(architecture, cost=cost))
    assert spell(derived.formula(label, layer).right) == formula


def test_softmax_without_its_fact_is_longer() -> None:
    """Σ y = 1 is used as a rule by name, and only where the cost declares it."""
    cost = COSTS["log_likelihood"]
    declared = derive(Network("2-2:softmax", cost=cost))
    undeclared = derive(Network("2-2:softmax", cost=Cost("own", cost.formula)))
    used = [{s.rule for s in d.formulas[0].special.steps} for d in (declared, undeclared)]
    assert "fact" in used[0]
    assert "fact" not in used[1]
    right = undeclared.formula("BP1", 2).right
    assert any(spell(part).startswith("Σ") for part in parts(right))


def parts(term: Term) -> list[Term]:
    return [term, *(deeper for part in children(term) for deeper in parts(part))]


@pytest.mark.parametrize(
    ("cost", "slope"),
    [
        ("quadratic", "aL[j:nL] + -1·y[j:nL]"),
        ("log_likelihood", "-1·y[j:nL]·(aL[j:nL])^-1"),
    ],
)
def test_the_derivative_of_the_cost(cost: str, slope: str) -> None:
    assert spell(derive_cost(COSTS[cost]).result.right) == slope


# --- steps ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("architecture", "cost"), NAMED)
def test_steps_make_a_chain(architecture: str, cost: str) -> None:
    derived = derive(Network(architecture, cost=cost))
    for formula in derived.formulas:
        for one in (formula.general, formula.special):
            for before, after in zip(one.steps, one.steps[1:], strict=False):
                assert before.after == after.before
            assert one.result.right == one.steps[-1].after
            assert one.result.left == one.goal
            assert all(step.because for step in one.steps)
        if formula.special != formula.general:  # as it is for the parameters
            assert formula.special.steps[0].before == formula.general.result.right
        known = {*RULES, "no change"}
        assert {step.rule for step in formula.general.steps} <= known
    assert len(derived.steps) == len(derived.cost.steps) + sum(
        len(f.general.steps) + len(f.special.steps) for f in derived.formulas
    )


def test_formulas_cover_each_layer_once_and_layers_share_them() -> None:
    derived = derive(Network("2-3:tanh-3:relu-3:tanh-2"))
    covered = [(f.label, layer) for f in derived.formulas for layer in f.layers]
    assert len(covered) == len(set(covered))
    assert set(covered) == {
        ("BP1", 5),
        *(("BP2", layer) for layer in (2, 3, 4)),
        *((label, layer) for label in ("BP3", "BP4") for layer in (2, 3, 4, 5)),
    }
    assert {f.layers for f in derived.formulas if f.label == "BP2"} == {(4, 2), (3,)}


def test_the_work_does_not_depend_on_widths_and_hardly_on_depth() -> None:
    small, wide = derive(Network("2-3-2")), derive(Network("784-4096-10"))
    assert small.formulas == wide.formulas
    open_ = derive(Network("n-30-k"))
    assert open_.formulas == small.formulas
    deep = derive(Network("-".join(["7"] * 200)))
    assert deep.steps == derive(Network("7-7-7")).steps


def test_a_rule_that_never_ends_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def grow(term: Term, given: Given) -> Term:
        return add(term, n.b(n.l, n.J))

    monkeypatch.setitem(RULES, "collect", Rule("collect", "it grows", grow, whole=True))
    with pytest.raises(DerivationError, match="do not come to an end"):
        derive(Network("1-1"))
    assert derivation.MOST_STEPS < 10_000


def test_nothing_to_do_is_no_step() -> None:
    assert work_out(n.delta(n.l, n.J), Given(())) == ()


# --- in SymPy, as users see it -------------------------------------------------------------

NET = Network("2-3-4-1")
DERIVED = derive(NET)
j, k = sympy.symbols("j k", integer=True)


def test_the_formulas_are_equations_of_sympy() -> None:
    a3, y = NET.a(4)[j], next(iter(DERIVED.delta(4).rhs.atoms(sympy.IndexedBase) - {NET.a(4)}))
    assert sympy.expand(DERIVED.delta(4).rhs - (a3 - y[j]) * a3 * (1 - a3)) == 0
    delta3, a2 = DERIVED.dC_db(3).rhs, NET.a(2)[k]
    assert DERIVED.dC_dw(3).rhs == delta3 * a2
    assert DERIVED.dC_db(3).lhs.indices == (j,)
    assert DERIVED.dC_dw(3).lhs.indices == (j, k)
    assert DERIVED.dC_dw(3).lhs.shape == (4, 3)
    (total,) = DERIVED.delta(2).rhs.atoms(sympy.Sum)
    assert total.limits == ((k, 1, 4),)
    assert total.function.has(NET.w(3)[k, j])


@pytest.mark.parametrize("which", ["delta", "dC_dw", "dC_db"])
@pytest.mark.parametrize("layer", [-1, 0, 1, 5])
def test_layers_that_have_no_formula_are_refused(which: str, layer: int) -> None:
    with pytest.raises(ArchitectureError, match="layers 2 to 4"):
        getattr(DERIVED, which)(layer)


def test_special_slopes_are_written_through_a() -> None:
    """No exponential is computed twice: σ' of a sigmoid is a (1 - a)."""
    for layer in (2, 3, 4):
        label = "BP1" if layer == 4 else "BP2"
        found = parts(DERIVED.formula(label, layer).right)
        assert not any(isinstance(part, Apply) for part in found)


def test_steps_are_records() -> None:
    step = DERIVED.steps[0]
    assert isinstance(step, Step)
    with pytest.raises(AttributeError):
        step.rule = "other"  # type: ignore[misc]
