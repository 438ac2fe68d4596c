"""Claims at numbers: true formulas have two equal sides on every network, wrong ones do not.

The textbook's formulas are the laws; differences, plain loops and SymPy are the references.
"""

import random
from fractions import Fraction
from itertools import product

import pytest
import reference
import sympy

from symnet.calculus import jets
from symnet.calculus.counterexample import (
    Instance,
    MissingError,
    NoValueError,
    Setting,
    agree,
    compare,
)
from symnet.calculus.nilpotent import Numbers, Perturbed
from symnet.calculus.textbook import state
from symnet.network import notation as n
from symnet.network.functions import ACTIVATIONS, COSTS
from symnet.term import (
    ARGUMENT,
    Apply,
    Axis,
    Delta,
    Equation,
    Index,
    LayerNumber,
    Partial,
    Power,
    ScalarFunction,
    Size,
    Sum,
    Symbol,
    Term,
    add,
    elementary,
    free_indices,
    mul,
    number,
    power,
)

l, L, ABOVE, BELOW = n.l, n.L, n.l.shift(1), n.l.shift(-1)
ABSTRACT = Setting(None, None)


def named(activation: str | None, cost: str | None) -> Setting:
    return Setting(
        None if activation is None else ACTIVATIONS[activation].formula,
        None if cost is None else COSTS[cost].formula,
    )


SETTINGS = {
    "abstract": ABSTRACT,
    "a σ of its own for each layer": Setting(None, None, per_layer=True),
    "sigmoid and squared error": named("sigmoid", "quadratic"),
    "sigmoid and cross-entropy": named("sigmoid", "cross_entropy"),
    "tanh and squared error": named("tanh", "quadratic"),
    "relu": named("relu", None),
    "arbitrary σ and squared error": named(None, "quadratic"),
    "arbitrary σ and cross-entropy": named(None, "cross_entropy"),
    "another output": Setting(None, COSTS["quadratic"].formula, sympy.tanh(ARGUMENT), True),
    "shares": Setting(None, COSTS["log_likelihood"].formula, normalised=True),
}
RATIONAL = ("abstract", "a σ of its own for each layer", "relu", "arbitrary σ and squared error")


def slope(at: LayerNumber, letter: str = "j", order: int = 1) -> Term:
    return Apply(ScalarFunction("σ", None, at, order), n.z(at, letter))


def everywhere(
    equation: Equation, widths: tuple[int, ...], setting: Setting, seed: int
) -> list[bool]:
    """Whether the sides agree: at every l where both exist, at all free indices."""
    instance = Instance(widths, setting, seed)
    free = free_indices(equation.left) | free_indices(equation.right)
    names = sorted({index.name for index in free})
    found = []
    for layer in range(2, len(widths) + 1):
        for values in product(range(1, max(widths) + 1), repeat=len(names)):
            where = {"l": layer}, dict(zip(names, values, strict=True))
            try:
                left = instance.value(equation.left, *where)
                right = instance.value(equation.right, *where)
            except MissingError:
                continue
            found.append(agree(left, right))
    assert found
    return found


def widths_of(seed: int) -> tuple[int, ...]:
    r = random.Random(seed)
    return tuple(r.randint(1, 4) for _ in range(r.randint(3, 5)))


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("label", ["BP1", "BP2", "BP3", "BP4"])
def test_the_textbook_holds_on_every_network(label: str, setting: str) -> None:
    for seed in range(2):
        assert all(everywhere(state(label), widths_of(seed), SETTINGS[setting], seed))


def bp2(weight: Term, of_slope: Term, layer: LayerNumber = ABOVE) -> Equation:
    k = n.on("k", layer)
    sent = Sum(k, mul(weight, n.delta(layer, "k")))
    return Equation("BP2", n.delta(l, "j"), mul(sent, of_slope))


RIGHT = Symbol("w", ABOVE, (n.on("k", ABOVE), n.on("j", l)))
SWAPPED = Symbol("w", ABOVE, (n.on("j", l), n.on("k", ABOVE)))
A_BELOW = n.a(BELOW, "k")
BY_W = Partial(n.COST, n.w(l, "j", n.below("k", l)))
WRONG = {
    "a transposed weight": bp2(SWAPPED, slope(l)),
    "σ' a layer too high": bp2(RIGHT, slope(ABOVE)),
    "σ for σ'": bp2(RIGHT, slope(l, order=0)),
    "σ'' for σ'": bp2(RIGHT, slope(l, order=2)),
    "no σ'": bp2(RIGHT, number(1)),
    "a factor 2": bp2(mul(number(2), RIGHT), slope(l)),
    "a sign": bp2(mul(number(-1), RIGHT), slope(l)),
    "the activation of the wrong layer": Equation("BP3", BY_W, mul(n.a(l, "k"), n.delta(l, "j"))),
    "z for a": Equation("BP3", BY_W, mul(n.z(BELOW, "k"), n.delta(l, "j"))),
    "indices swapped": Equation("BP3", BY_W, mul(n.a(BELOW, "j"), n.delta(l, "k"))),
    "the bias with an activation": Equation(
        "BP4", Partial(n.COST, n.b(l, "j")), mul(n.a(l, "j"), n.delta(l, "j"))
    ),
    "σ' of z at L": Equation(
        "BP1", n.delta(L, "j"), mul(Partial(n.COST, n.a(L, "j")), slope(L, order=0))
    ),
}


@pytest.mark.parametrize("setting", ["abstract", "sigmoid and cross-entropy"])
@pytest.mark.parametrize("mistake", WRONG)
def test_a_wrong_formula_differs_somewhere(mistake: str, setting: str) -> None:
    widths = (3, 3, 3, 3)  # so that swapped indices have a meaning
    assert not all(everywhere(WRONG[mistake], widths, SETTINGS[setting], 5))


W_UP = Symbol("w", ABOVE, (n.on("j", ABOVE), n.on("k", l)))
TRUE = {
    "∂a^L/∂a^{L-1}": Equation(
        "",
        Partial(n.a(L, "j"), n.a(L.shift(-1), "k")),
        mul(slope(L), n.w(L, "j", n.below("k", L))),
    ),
    "∂z^{l+1}/∂z^l": Equation("", Partial(n.z(ABOVE, "j"), n.z(l, "k")), mul(W_UP, slope(l, "k"))),
    "∂z^l/∂z^l": Equation("", Partial(n.z(l, "j"), n.z(l, "k")), Delta(n.on("j", l), n.on("k", l))),
    "∂C/∂a^{l-1}": Equation(
        "",
        Partial(n.COST, n.a(BELOW, "k")),
        Sum(n.on("j", l), mul(n.w(l, "j", n.below("k", l)), n.delta(l, "j"))),
    ),
    "∂z^{l-1}/∂z^l": Equation("", Partial(n.a(BELOW, "j"), n.z(l, "k")), number(0)),
    "∂σ(z)/∂b": Equation("", Partial(slope(l, order=0), n.b(l, "j")), slope(l)),
    "∂σ'(z)/∂z": Equation("", Partial(slope(l), n.z(l, "j")), slope(l, order=2)),
    "∂²C/∂b² of the last layer": Equation(
        "",
        Partial(Partial(n.COST, n.b(L, "j")), n.b(L, "j")),
        add(
            mul(Partial(Partial(n.COST, n.a(L, "j")), n.a(L, "j")), power(slope(L), 2)),
            mul(Partial(n.COST, n.a(L, "j")), slope(L, order=2)),
        ),
    ),
}


@pytest.mark.parametrize("setting", ["abstract", "sigmoid and cross-entropy", "another output"])
@pytest.mark.parametrize("claim", TRUE)
def test_total_derivatives(claim: str, setting: str) -> None:
    for seed in range(2):
        assert all(everywhere(TRUE[claim], (2, 3, 1, 2), SETTINGS[setting], seed))


# --- derivatives against differences -------------------------------------------------------


class Moved(Instance):
    """A network one of whose biases is a little off."""

    moved: tuple[int, int, Fraction] = (2, 1, Fraction(0))

    def biases(self, layer: int) -> tuple[Fraction, ...]:
        at, j, by = self.moved
        drawn = super().biases(layer)
        if at != layer:
            return drawn
        return tuple(b + by if i == j else b for i, b in enumerate(drawn, start=1))


def by_differences(term: Term, layer: int, j: int, seed: int) -> Fraction:
    step, values = Fraction(1, 10**25), []
    for way in (1, -1):
        instance = Moved((2, 3, 2), ABSTRACT, seed)
        instance.moved = (layer, j, way * step)
        values.append(instance.value(term, {}, {}))
    return (values[0] - values[1]) / (2 * step)


def literal(name: str, layer: int, *positions: int) -> Symbol:
    """An entry with numbers: b_2^3."""
    axes = (n.neurons(LayerNumber("", layer)), n.neurons(LayerNumber("", layer - 1)))
    pairs = zip(positions, axes, strict=False)
    indices = tuple(Index(str(position), axis) for position, axis in pairs)
    return Symbol(name, LayerNumber("", layer), indices)


FIRST = {
    "C": n.COST,
    "∂C/∂b of the same": Partial(n.COST, literal("b", 2, 1)),
    "∂C/∂w": Partial(n.COST, literal("w", 2, 2, 1)),
    "∂C/∂w of the layer above": Partial(n.COST, literal("w", 3, 2, 1)),
    "δ": literal("δ", 3, 2),
    "∂a/∂z": Partial(literal("a", 3, 1), literal("z", 2, 3)),
    "∂²C/∂z∂z": Partial(Partial(n.COST, literal("z", 2, 1)), literal("z", 3, 2)),
    "σ'(z)": Apply(ScalarFunction("σ", None, LayerNumber("", 3), 1), literal("z", 3, 1)),
}


@pytest.mark.parametrize("what", FIRST)
def test_a_further_derivative_is_a_difference_quotient(what: str) -> None:
    term = FIRST[what]
    exact = Instance((2, 3, 2), ABSTRACT, 3).value(Partial(term, literal("b", 2, 1)), {}, {})
    assert exact != 0
    quotient = by_differences(term, 2, 1, 3)
    assert abs(quotient - exact) < abs(exact) / 10**35


def test_the_order_of_derivatives_does_not_matter() -> None:
    instance = Instance((2, 3, 2), ABSTRACT, 4)
    one, two, three = literal("w", 2, 1, 2), literal("b", 2, 3), literal("w", 3, 1, 1)
    values = {
        instance.value(Partial(Partial(Partial(n.COST, p), q), r), {}, {})
        for p, q, r in [(one, two, three), (three, one, two), (two, three, one)]
    }
    assert len(values) == 1
    assert values != {0}


@pytest.mark.parametrize("names", [("sigmoid", "quadratic"), ("tanh", "quadratic")])
def test_gradients_are_those_of_plain_loops(names: tuple[str, str]) -> None:
    widths = (2, 3, 4, 2)
    instance = Instance(widths, named(*names), 6)

    def floats(numbers: tuple[Fraction, ...]) -> list[float]:
        return list(map(float, numbers))

    net = [
        reference.Layer(
            [floats(row) for row in instance.weights(at)], floats(instance.biases(at)), names[0]
        )
        for at in (2, 3, 4)
    ]
    sample = [floats(instance.inputs())], [floats(instance.targets())]
    expected = reference.gradients(net, *sample, names[1])
    for at in (2, 3, 4):
        for j in range(1, widths[at - 1] + 1):
            by_b = instance.value(Partial(n.COST, literal("b", at, j)), {}, {})
            assert float(by_b) == pytest.approx(expected[f"b{at}"][j - 1], rel=1e-9)
            for k in range(1, widths[at - 2] + 1):
                by_w = instance.value(Partial(n.COST, literal("w", at, j, k)), {}, {})
                assert float(by_w) == pytest.approx(expected[f"w{at}"][j - 1][k - 1], rel=1e-9)


# --- derivatives that see no dependence ----------------------------------------------------


def test_a_direct_derivative_sees_only_the_symbol_itself() -> None:
    instance = Instance((2, 3, 2), ABSTRACT, 1)
    z, b = literal("z", 2, 1), literal("b", 2, 1)
    term = mul(z, b, literal("a", 2, 1))
    direct = instance.value(Partial(term, b, direct=True), {}, {})
    assert direct == instance.value(mul(z, literal("a", 2, 1)), {}, {})
    assert direct != instance.value(Partial(term, b), {}, {})
    assert instance.value(Partial(literal("δ", 2, 1), z, direct=True), {}, {}) == 0
    # Inside a direct derivative a total one is what it is, and does not mix with it.
    nested = Partial(mul(b, Partial(n.COST, b)), b, direct=True)
    assert instance.value(nested, {}, {}) == instance.value(Partial(n.COST, b), {}, {})
    twice = Partial(Partial(power(b, 3), b, direct=True), b, direct=True)
    assert instance.value(twice, {}, {}) == 6 * instance.biases(2)[0]


def test_a_free_variable_has_derivatives() -> None:
    x = Symbol("x")
    tanh = Apply(elementary("tanh"), x)
    right = add(number(1), mul(number(-1), power(tanh, 2)))
    assert compare(Partial(tanh, x), right, ABSTRACT, (2, 2, 2), {}, {}, 1) is None
    assert compare(Partial(tanh, x), tanh, ABSTRACT, (2, 2, 2), {}, {}, 1) is not None


def test_a_derivative_by_an_error_is_not_guessed() -> None:
    with pytest.raises(NoValueError):
        Instance((2, 3, 2), ABSTRACT, 1).value(
            Partial(literal("δ", 2, 1), literal("δ", 3, 1)), {}, {}
        )


# --- what is missing -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "term",
    [
        literal("w", 1, 1, 1),
        literal("b", 1, 1),
        literal("z", 1, 1),
        literal("δ", 1, 1),
        literal("δ", 4, 1),
        literal("a", 0, 1),
        literal("a", 2, 4),
        literal("w", 2, 1, 3),
        literal("a", 2, 0),
        Partial(n.COST, literal("b", 1, 1)),
        Partial(literal("a", 3, 1), literal("z", 1, 1)),
        Symbol("y", None, (Index("3", n.neurons(L)),)),
        Symbol("x", None, (Index("3", n.neurons(LayerNumber("", 1))),)),
        n.a(LayerNumber("m"), "1"),
        n.a(L, "j"),
        Size(n.neurons(LayerNumber("", 4))),
        Delta(n.on("3", L), n.on("1", L)),
        Apply(ScalarFunction("σ", None, LayerNumber("", 4), 1), number(1)),
        Sum(n.on("k", L.shift(-1)), n.a(L, "k")),
        mul(n.COST, literal("z", 9, 1)),
    ],
    ids=str,
)
def test_what_the_network_has_not_is_missing(term: Term) -> None:
    with pytest.raises(MissingError):
        Instance((2, 3, 2), ABSTRACT, 1).value(term, {}, {})


def test_the_input_is_the_activation_of_layer_1() -> None:
    x = Symbol("x", None, (n.on("k", LayerNumber("", 1)),))
    a = n.a(LayerNumber("", 1), "k")
    instance = Instance((2, 3, 2), ABSTRACT, 1)
    for k in (1, 2):
        assert instance.value(x, {}, {"k": k}) == instance.inputs()[k - 1]
        by_x, by_a = (instance.value(Partial(n.COST, by), {}, {"k": k}) for by in (x, a))
        assert by_x == by_a != 0


# --- numbers -------------------------------------------------------------------------------


@pytest.mark.parametrize("setting", SETTINGS)
def test_values_are_exact_where_they_are_rational(setting: str) -> None:
    instance = Instance((2, 3, 2), SETTINGS[setting], 1)
    value = instance.value(literal("δ", 2, 1), {}, {})
    assert isinstance(value, Fraction) == instance.exact == (setting in RATIONAL)


def test_a_seed_says_everything() -> None:
    terms = [literal("δ", 2, 1), literal("w", 3, 1, 2), Symbol("η"), n.COST]

    def values(seed: int, order: int) -> list[Fraction]:
        instance = Instance((2, 3, 2), ABSTRACT, seed)
        found = {term: instance.value(term, {}, {}) for term in terms[::order]}
        return [found[term] for term in terms]

    assert values(1, 1) == values(1, -1)
    assert values(1, 1) != values(2, 1)


def test_an_arbitrary_function_is_like_no_other() -> None:
    instance = Instance((2, 3, 2), ABSTRACT, 1)
    x = number(Fraction(1, 3))
    sigma = [Apply(ScalarFunction("σ", None, None, order), x) for order in range(5)]
    terms = [*sigma, Apply(sigma[0].function, sigma[0]), Apply(ScalarFunction("g", None), x), x]
    values = [instance.value(term, {}, {}) for term in terms]
    assert len(set(values)) == len(values)
    assert 0 not in values


def test_decimals_that_differ_by_rounding_alone_agree() -> None:
    t = Symbol("t")
    sine, cosine = Apply(elementary("sin"), t), Apply(elementary("cos"), t)
    one = add(power(sine, 2), power(cosine, 2))
    assert compare(one, number(1), ABSTRACT, (2, 2, 2), {}, {}, 1) is None
    off = add(one, number(Fraction(1, 10**20)))
    assert compare(off, number(1), ABSTRACT, (2, 2, 2), {}, {}, 1) is not None
    # sin² + cos² − 1 is nothing but rounding, and here it is made large.
    large = mul(add(one, number(-1)), power(number(10), 40))
    assert compare(large, number(0), ABSTRACT, (2, 2, 2), {}, {}, 1) is None


@pytest.mark.parametrize(
    "term",
    [
        power(number(0), -1),
        Apply(elementary("log"), number(-1)),
        power(number(-2), Fraction(1, 2)),
        Power(number(9), Fraction(9**20)),
        Power(Power(number(Fraction(1, 3)), Fraction(9**9)), Fraction(1, 2)),
        Apply(elementary("exp"), power(number(10), 30)),
        Apply(ScalarFunction("σ", ACTIVATIONS["relu"].formula, None, 1), number(0)),
    ],
    ids=str,
)
def test_what_has_no_value_says_so(term: Term) -> None:
    with pytest.raises(NoValueError):
        Instance((2, 2, 2), ABSTRACT, 1).value(term, {}, {})


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "softmax"])
def test_taylor_coefficients_are_derivatives(name: str) -> None:
    formula, numbers = ACTIVATIONS[name].formula, Numbers(50)
    for point in (Fraction(-5, 7), Fraction(3, 8)):
        found = jets.taylor(formula, numbers, numbers.of(point), 3)
        for k, value in enumerate(found):
            exact = sympy.diff(formula, ARGUMENT, k).subs(ARGUMENT, sympy.Rational(point))
            expected = sympy.Float(exact.evalf(45), 45) / sympy.factorial(k)
            assert abs(sympy.Float(str(value), 45) - expected) < 1e-38


def test_numbers_that_grow_too_long_become_decimals() -> None:
    steep = Setting(ARGUMENT**40, None)
    instance = Instance((2, 2, 2, 2, 2), steep, 1)
    bp2 = state("BP2")
    sides = [instance.value(side, {"l": 2}, {"j": 1}) for side in (bp2.left, bp2.right)]
    assert not instance.exact
    assert agree(*sides)


def test_epsilons_are_nilpotent() -> None:
    one, two = Perturbed({1: Fraction(1)}), Perturbed({2: Fraction(1)})
    assert (one * one).terms == {}
    assert ((one + two) * (one + two)).terms == {3: 2}
    assert ((one * two) + 5).coefficient(2).terms == {1: 1}


# --- other symbols and axes ----------------------------------------------------------------


class Batch:
    """Three samples, a rate of 1/7."""

    def size(self, axis: Axis) -> int | None:
        return 3 if axis.name == "m" else None

    def symbol(self, symbol: Symbol, positions: tuple[int, ...]) -> Fraction | None:
        if symbol.name == "s":
            return Fraction(sum(positions))
        return Fraction(1, 7) if symbol.name == "η" else None


def test_other_symbols_are_looked_up() -> None:
    instance = Instance((2, 3, 2), ABSTRACT, 1, Batch())
    i = Index("i", Axis("m", n.EVERYWHERE))
    assert instance.value(Sum(i, Symbol("s", None, (i,))), {}, {}) == 6
    assert instance.value(mul(Symbol("η"), Size(i.axis)), {}, {}) == Fraction(3, 7)
    assert instance.value(Symbol("λ"), {}, {}) == Instance((2, 2), ABSTRACT, 1).value(
        Symbol("λ"), {}, {}
    )


def test_indices_of_one_letter_over_two_axes_are_two() -> None:
    k, outer = n.on("k", LayerNumber("", 2)), n.on("k", LayerNumber("", 3))
    term = Sum(
        outer, Sum(k, mul(Symbol("a", k.axis.layer, (k,)), Symbol("b", l.shift(1), (outer,))))
    )
    instance = Instance((2, 3, 2), ABSTRACT, 1)
    a = sum(instance.value(literal("a", 2, j), {}, {}) for j in (1, 2, 3))
    assert instance.value(term, {"l": 2}, {}) == a * sum(instance.biases(3))
    free = Sum(k, mul(Symbol("a", k.axis.layer, (k,)), Symbol("b", outer.axis.layer, (outer,))))
    assert instance.value(free, {}, {"k": 2}) == a * instance.biases(3)[1]
