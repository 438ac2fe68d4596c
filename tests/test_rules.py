"""Every rule is right, every rule is needed, and a wrong rule never proves a wrong formula.

Three questions. Does a rule give the derivative? It is compared with dual numbers (a + bε with
ε² = 0) on drawn terms, exactly. Does anybody notice if a rule is wrong? Each is replaced by wrong
ones while `prove` runs, as are the rewrites of the normal form. And whatever `prove` still calls
proved must be true of a network that computes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any

import pytest
import sympy
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st
from meaning import Exact, Measured, Place, close, loose, places, value
from test_normal import AXES, DIVIDED_BY_ZERO, HERE, SIZES, J, K, l, small, terms

from symnet.calculus import normal
from symnet.calculus.derivation import Backpropagation, derive, numbers, work_out
from symnet.calculus.normal import REWRITES, Raw, Rewrite
from symnet.calculus.proof import Proof, prove
from symnet.calculus.rules import RULES, Given, Rule
from symnet.network.architecture import Network
from symnet.network.functions import ZS, Activation, N, Z
from symnet.network.functions import J as J_LETTER
from symnet.network.functions import P as P_LETTER
from symnet.term import (
    ONE,
    ZERO,
    Apply,
    Delta,
    Equation,
    Index,
    LayerNumber,
    Partial,
    Product,
    ScalarFunction,
    Sum,
    Symbol,
    Term,
    equation_at,
    map_children,
    mul,
    number,
    spell,
)

# --- (a) rules give derivatives: dual numbers ----------------------------------------------


@dataclass(frozen=True)
class Dual:
    """a + bε with ε² = 0: b is the derivative of a, by the rules of arithmetic alone."""

    a: Fraction
    b: Fraction = Fraction(0)

    def __add__(self, other: Any) -> "Dual":
        other = dual(other)
        return Dual(self.a + other.a, self.b + other.b)

    def __mul__(self, other: Any) -> "Dual":
        other = dual(other)
        return Dual(self.a * other.a, self.a * other.b + self.b * other.a)

    def __pow__(self, exponent: int) -> "Dual":
        if exponent == 0:
            return Dual(Fraction(1))
        return Dual(self.a**exponent, exponent * self.a ** (exponent - 1) * self.b)

    __radd__, __rmul__ = __add__, __mul__


def dual(number: Any) -> Dual:
    return number if isinstance(number, Dual) else Dual(Fraction(number))


@dataclass(frozen=True)
class Tilted(Exact):
    """An exact world in which one symbol has grown by ε."""

    grown: tuple[str, LayerNumber | None, tuple[int, ...]] = ("", None, ())

    def symbol(self, symbol: Symbol, indices: tuple[int, ...]) -> Any:
        here = (symbol.name, symbol.layer, indices) == self.grown
        return Dual(super().symbol(symbol, indices), Fraction(int(here)))

    def apply(self, function: ScalarFunction, argument: Any) -> Any:
        """f(a + bε) = f(a) + f'(a) bε."""
        argument = dual(argument)
        if function.is_exp:
            slope = super().apply(function, argument.a)
        elif function.is_log:
            slope = 1 / argument.a
        else:
            slope = super().apply(replace(function, order=function.order + 1), argument.a)
        return Dual(super().apply(function, argument.a), slope * argument.b)


BY = ("x", "w", "u")
ORDER = (
    "constant", "sum rule", "product rule", "power rule", "scalar chain rule", "same symbol",
    "collect",
)  # fmt: skip


@st.composite
def derivatives(draw: st.DrawFn) -> Partial:
    """∂/∂x_j of a term in which the letter j is also bound, at this and another layer."""
    term = draw(terms().filter(small))
    indices = draw(st.sampled_from(((), (J,), (J, K), (J, J), (K,))))
    by = Symbol(draw(st.sampled_from(BY)), l, indices)
    return Partial(term, by, direct=True)


def has_partial(term: Term) -> bool:
    match term:
        case Partial(Symbol("C"), Symbol("a"), False):
            return False  # an atom of the drawn terms
        case Partial():
            return True
    found = False

    def look(part: Term) -> Term:
        nonlocal found
        found = found or has_partial(part)
        return part

    map_children(term, look)
    return found


def test_rules_give_derivatives() -> None:
    check_derivatives(150)


@pytest.mark.slow
def test_rules_give_many_derivatives() -> None:
    check_derivatives(10_000)


def check_derivatives(examples: int) -> None:
    @settings(
        max_examples=examples,
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much),
        database=None,
    )
    @given(derivatives())
    def law(derivative: Partial) -> None:
        # One symbol has one number of indices, or ∂x_p/∂x_jk has no meaning.
        assume(all_have(derivative.of, derivative.by))
        try:
            steps = work_out(derivative, Given(()), ORDER)
        except DIVIDED_BY_ZERO:
            reject()
        result = steps[-1].after if steps else derivative
        assert not has_partial(result)
        by = derivative.by
        for seed, sizes in enumerate(SIZES):
            plain = Exact(seed, dict(zip(AXES, sizes, strict=True)))
            for place in places(loose(derivative), plain):
                at = tuple(place[index] for index in by.indices)
                tilted = Tilted(seed, plain.sizes, grown=(by.name, by.layer, at))
                try:
                    expected = dual(value(derivative.of, tilted, place)).b
                    found = value(result, plain, place)
                except ZeroDivisionError:
                    continue
                assert found == expected, f"{spell(derivative)} = {spell(result)}"

    law()


def all_have(term: Term, by: Symbol) -> bool:
    """Whether a symbol has the same axes wherever it stands."""
    match term:
        case Symbol(name, layer, indices) if (name, layer) == (by.name, by.layer):
            return [i.axis for i in indices] == [i.axis for i in by.indices]
    found = True

    def look(part: Term) -> Term:
        nonlocal found
        found = found and all_have(part, by)
        return part

    map_children(term, look)
    return found


def x(*indices: Index, name: str = "x") -> Symbol:
    return Symbol(name, l, indices)


P = Index("p", HERE)


@pytest.mark.parametrize(
    ("rule", "term", "result"),
    [
        ("constant", Partial(x(P, name="y"), x(J), True), "0"),
        ("constant", Partial(x(P), x(J), True), "nothing"),
        ("same symbol", Partial(x(P), x(J), True), "[p:nl=j:nl]"),
        ("same symbol", Partial(x(J), x(J), True), "1"),
        ("same symbol", Partial(x(P, K), x(J, K), True), "[p:nl=j:nl]"),
        # The bound j is not the free one: Σ_j x_j by x_j is Σ_k ∂x_k/∂x_j.
        ("sum rule", Partial(Sum(J, x(J)), x(J), True), "Σ_k:nl(d(xl[k:nl])/∂xl[j:nl])"),
        ("power rule", Partial(Product((x(J), x(J))), x(J), True), "nothing"),
        ("sum rule", Partial(Sum(P, x(P)), x(J)), "nothing"),  # not a right side: not direct
    ],
)
def test_one_rule_at_one_place(rule: str, term: Term, result: str) -> None:
    after = RULES[rule].rewrite(term, Given(()))
    assert ("nothing" if after is None else spell(after)) == result


def test_every_rule_has_its_name_and_its_reason() -> None:
    for name, rule in RULES.items():
        assert rule.name == name
        assert rule.because
        assert (rule.rewrite.__doc__ or "").strip()
    assert len({rule.because for rule in RULES.values()}) == len(RULES)


@pytest.mark.parametrize("name", ["2-3:tanh-2:relu-2", "2-3:softmax-2", "3-2:softmax", "2-3-4-1"])
def test_where_a_rule_does_not_look_it_would_have_found_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    derived = derive(name)
    monkeypatch.setattr(Rule, "concerns", lambda rule, term: True)
    monkeypatch.setattr(Rule, "has_what_it_needs", lambda rule, given: True)
    assert derive(name) == derived


# --- (b) networks that need the rules ------------------------------------------------------

SPREAD = Activation("spread", sympy.Sum(ZS[P_LETTER] - ZS[J_LETTER], (P_LETTER, 1, N)))
CUBE = Activation("cube", Z**3)
NETWORKS: dict[str, Callable[[], Network]] = {
    "1-1": lambda: Network("1-1"),
    "1-2-1": lambda: Network("1-2-1"),
    "2-3-2-1": lambda: Network("2-3-2-1"),
    "3-2:tanh-2:identity": lambda: Network("3-2:tanh-2:identity"),
    "3-2:relu-2:softmax": lambda: Network("3-2:relu-2:softmax"),
    "2-2:softmax-2": lambda: Network("2-2:softmax-2"),
    "1-2:softmax": lambda: Network("1-2:softmax"),
    "1-1 cross_entropy": lambda: Network("1-1", cost="cross_entropy"),
    "2-2:softmax cross_entropy": lambda: Network("2-2:softmax", cost="cross_entropy"),
    "1-2:softmax quadratic": lambda: Network("1-2:softmax", cost="quadratic"),
    "2-2-1 cube": lambda: Network("2-2-1", activation=CUBE),
    "1-2 spread": lambda: Network("1-2", activation=SPREAD, cost="quadratic"),
}

# For each rule a small network whose derivation needs it.
NEEDED_BY = {
    "definition of δ": "1-2-1",
    "lemma": "1-1",
    "equation": "1-1",
    "constant": "1-1",
    "sum rule": "1-1",
    "product rule": "1-2-1",
    "power rule": "1-1",
    "scalar chain rule": "1-1",
    "same symbol": "1-1",
    "collect": "1-1",
    "fold": "1-2:softmax quadratic",
    "fact": "1-2:softmax",
    "chain rule": "1-1",
    "activation": "1-1",
    "simplify": "1-1 cross_entropy",
    "slope": "1-1",
}
REWRITE_NEEDED_BY = {
    "merge powers": "1-1",
    "contract": "1-1",
    "count": "1-2 spread",
    "name bound": "1-2-1",
}

# Rules that make a true formula shorter. Without them it is longer, and as true.
ONLY_SHORTER = {"fold", "fact", "simplify", "slope"}


@cache
def honest(name: str) -> Proof:
    return prove(NETWORKS[name]())


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_are_proved(name: str) -> None:
    proof = honest(name)
    assert proof.holds, str(proof)
    assert proof.derived is not None
    assert_true(proof.derived)


def assert_true(derived: Backpropagation) -> None:
    """All formulas agree with central differences on a network that computes."""
    wrong = untrue(derived)
    assert wrong is None, f"{wrong[0]} at l={wrong[1]}: {spell(wrong[2].right)}" if wrong else ""


def untrue(derived: Backpropagation) -> tuple[str, int, Equation] | None:
    """The first formula that is wrong by measurement."""
    world = Measured(derived.network)
    for formula in derived.formulas:
        for layer in formula.layers:
            at = numbers(derived.network, layer)
            for derivation in (formula.general, formula.special):
                equation = equation_at(derivation.result, at)
                if not holds_by_measurement(equation, world):
                    return formula.label, layer, equation
    return None


def holds_by_measurement(equation: Equation, world: Measured) -> bool:
    def agrees(place: Place) -> bool:
        try:
            found = value(equation.right, world, place)
        except (KeyError, IndexError, AssertionError):  # of a neuron or a layer that is not there
            return False
        return close(found, value(equation.left, world, place))

    return all(agrees(place) for place in places(loose(equation.left), world))


def test_every_rule_is_exercised() -> None:
    used = {step.rule for name in NETWORKS for step in steps_of(honest(name))}
    assert RULES.keys() - used == set()
    assert NEEDED_BY.keys() == RULES.keys()
    assert REWRITE_NEEDED_BY.keys() == REWRITES.keys()


def steps_of(proof: Proof) -> Any:
    assert proof.derived is not None
    return proof.derived.steps


# --- wrong rules ---------------------------------------------------------------------------


def first(term: Term, change: Callable[[Term], Term | None]) -> Term:
    """The term with one part changed, the first that can be."""
    done = False

    def go(part: Term) -> Term:
        nonlocal done
        if done:
            return part
        changed = change(part)
        if changed is not None:
            done = True
            return changed
        return map_children(part, go)

    return go(term)


def turned(part: Term) -> Term | None:
    """w_jk as w_kj; [p = j] [q = k] as [p = k] [q = j]."""
    match part:
        case Symbol(name, layer, (j, k)) if j != k:
            return Symbol(name, layer, (k, j))
        case Product((Delta(p, j), Delta(q, k))):
            return Product((Delta(p, k), Delta(q, j)))
    return None


def moved(part: Term) -> Term | None:
    """w^l as w^{l+1}, σ of layer l as σ of layer l+1."""
    match part:
        case Symbol(name, layer, indices) if layer is not None:
            return Symbol(name, layer.shift(1), indices)
        case Apply(function, argument) if function.layer is not None:
            return Apply(replace(function, layer=function.layer.shift(1)), argument)
    return None


SABOTAGE: dict[str, Callable[[Term], Term | None]] = {
    "never": lambda result: None,
    "negated": lambda result: mul(number(-1), result),
    "doubled": lambda result: mul(number(2), result),
    "transposed": lambda result: first(result, turned),
    "shifted": lambda result: first(result, moved),
    "zero": lambda result: ZERO,
    "one": lambda result: ONE,
}


def wrong(rule: Rule, sabotage: str) -> Rule:
    def rewrite(term: Term, given: Given) -> Term | None:
        after = rule.rewrite(term, given)
        return None if after is None else SABOTAGE[sabotage](after)

    return replace(rule, rewrite=rewrite)


# What "constant" and "fact" give is 0 and 1 already.
ALWAYS_WRONG = [
    (rule, sabotage)
    for rule in NEEDED_BY
    for sabotage in ("negated", "doubled", "zero", "one")
    if (rule, sabotage) != ("fact", "one") and (rule != "constant" or sabotage == "one")
]


@pytest.mark.parametrize(("rule", "sabotage"), ALWAYS_WRONG)
def test_a_wrong_rule_is_noticed(rule: str, sabotage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RULES, rule, wrong(RULES[rule], sabotage))
    assert prove(NETWORKS[NEEDED_BY[rule]]()).holds is False


@pytest.mark.parametrize("rule", sorted(NEEDED_BY.keys() - ONLY_SHORTER))
def test_a_missing_rule_is_noticed(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RULES, rule, wrong(RULES[rule], "never"))
    assert prove(NETWORKS[NEEDED_BY[rule]]()).holds is False


@pytest.mark.parametrize("sabotage", ["transposed", "shifted", "never"])
@pytest.mark.parametrize("rule", NEEDED_BY)
def test_a_wrong_rule_proves_nothing_wrong(
    rule: str, sabotage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RULES, rule, wrong(RULES[rule], sabotage))
    assert_nothing_wrong_is_proved(NEEDED_BY[rule])


def assert_nothing_wrong_is_proved(network: str) -> None:
    proof = prove(NETWORKS[network]())
    if proof.holds:
        assert proof.derived is not None
        assert_true(proof.derived)


@pytest.mark.slow
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("sabotage", SABOTAGE)
@pytest.mark.parametrize("rule", RULES)
def test_a_wrong_rule_proves_nothing_wrong_of_any_network(
    rule: str, sabotage: str, network: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RULES, rule, wrong(RULES[rule], sabotage))
    assert_nothing_wrong_is_proved(network)


# --- wrong rewrites ------------------------------------------------------------------------


def on_factors(change: Callable[[Term], Term | None], raw: Raw) -> Raw:
    """One factor changed, the first that can be."""
    coefficient, bound, factors = raw
    for i, (factor, exponent) in enumerate(factors):
        changed = change(factor)
        if changed is not None:
            return coefficient, bound, (*factors[:i], (changed, exponent), *factors[i + 1 :])
    return raw


WRONG_REWRITES: dict[str, Callable[[Raw], Raw | None]] = {
    "never": lambda raw: None,
    "negated": lambda raw: (-raw[0], raw[1], raw[2]),
    "doubled": lambda raw: (2 * raw[0], raw[1], raw[2]),
    "dropped": lambda raw: (raw[0], raw[1], raw[2][1:]),
    "transposed": lambda raw: on_factors(turned, raw),
    "shifted": lambda raw: on_factors(moved, raw),
}


def wrong_rewrite(rewrite: Rewrite, sabotage: str) -> Rewrite:
    def wrong(raw: Raw) -> Raw | None:
        after = rewrite(raw)
        return None if after is None else WRONG_REWRITES[sabotage](after)

    return wrong


def forget() -> None:
    """What was put into normal form by other rewrites must not be remembered."""
    for function in vars(normal).values():
        if hasattr(function, "cache_clear"):
            function.cache_clear()


@pytest.fixture
def break_rewrite() -> Iterator[Callable[[str, str], None]]:
    """break_rewrite(name, sabotage), until the test is over."""
    right = dict(REWRITES)

    def break_it(name: str, sabotage: str) -> None:
        forget()
        REWRITES[name] = wrong_rewrite(right[name], sabotage)

    yield break_it
    REWRITES.update(right)
    forget()


@pytest.mark.parametrize("sabotage", ["negated", "doubled", "dropped"])
@pytest.mark.parametrize("name", REWRITE_NEEDED_BY)
def test_a_wrong_rewrite_is_noticed(
    name: str, sabotage: str, break_rewrite: Callable[[str, str], None]
) -> None:
    break_rewrite(name, sabotage)
    assert prove(NETWORKS[REWRITE_NEEDED_BY[name]]()).holds is False


@pytest.mark.parametrize("sabotage", ["transposed", "shifted", "never"])
@pytest.mark.parametrize("name", REWRITE_NEEDED_BY)
def test_a_wrong_rewrite_proves_nothing_wrong(
    name: str, sabotage: str, break_rewrite: Callable[[str, str], None]
) -> None:
    break_rewrite(name, sabotage)
    assert_nothing_wrong_is_proved(REWRITE_NEEDED_BY[name])


@pytest.mark.slow
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("sabotage", WRONG_REWRITES)
@pytest.mark.parametrize("name", REWRITES)
def test_a_wrong_rewrite_proves_nothing_wrong_of_any_network(
    name: str, sabotage: str, network: str, break_rewrite: Callable[[str, str], None]
) -> None:
    break_rewrite(name, sabotage)
    assert_nothing_wrong_is_proved(network)
