"""Passes that make each line one operation: what is computed stays, also far out and at kinks."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import Values
from quick import assert_close, assert_law, fits, networks, program_before, trainings

from symnet import floating
from symnet.network.architecture import Network
from symnet.network.functions import ACTIVATIONS, COSTS, typed_activation, typed_cost
from symnet.network.optimizers import OPTIMIZERS, Training
from symnet.program import arithmetic
from symnet.program.interpreter import interpret
from symnet.program.ir import Array, Contract, Function, Instruction, Map, Program, ProgramError
from symnet.program.passes import SAMPLES, Pass

SGD = Training(OPTIMIZERS["sgd"])
X = sympy.Symbol("x", real=True)
SAME = (
    arithmetic.without_branches,
    arithmetic.logistic_by_tanh,
    arithmetic.slopes_apart,
    arithmetic.elementary,
    arithmetic.scale_products,
)

each_pass = pytest.mark.parametrize("rewrite", SAME, ids=lambda rewrite: rewrite.__name__)
seeds = st.integers(0, 99)


@each_pass
@settings(max_examples=10)
@given(network=networks(), training=trainings, seed=seeds)
def test_the_law_on_networks(
    rewrite: Pass, network: Network, training: Training, seed: int
) -> None:
    assert_law(rewrite, program_before(rewrite, network, training), seed, apart=())


# --- without_branches ----------------------------------------------------------------------

TYPED = (
    "max(0, z)", "min(z, 2)", "abs(z)", "max(z, z/4)", "clip(z, -2, 3)", "abs(z) / (1 + abs(z))",
    "max(-1, min(1, z/3))", "max(0, z)**2", "exp(-abs(z))", "max(0, z) + exp(min(0, z)) - 1",
    "log(1 + abs(z))", "max(0, z + 1) - max(0, z - 1)", "abs(abs(z) - 1)", "tanh(max(0, z))",
    "sqrt(1 + max(0, z))", "abs(z)**3",
)  # fmt: skip
TYPED_COSTS = ("max(0, 1 - a*y)**2", "max(abs(a - y) - 0.1, 0)", "abs(a - y)**3")


def with_branches() -> dict[str, sympy.Piecewise]:
    """All branches that stand in programs of our functions and of typed ones, as functions of x."""
    networks = {
        name: Network("1-1", name, "quadratic") for name in ACTIVATIONS if name != "softmax"
    }
    networks |= {text: Network("1-1", typed_activation(text), "quadratic") for text in TYPED}
    networks |= {
        name: Network("1-1", "softplus" if name == "poisson" else "identity", name)
        for name in COSTS
        if fits("identity", name)
    }
    networks |= {text: Network("1-1", "identity", typed_cost(text)) for text in TYPED_COSTS}
    found: dict[str, sympy.Piecewise] = {}
    for name, network in networks.items():
        program = program_before(arithmetic.without_branches, network, SGD)
        lines = [x for f in program.functions for x in f.body if isinstance(x, Map)]
        for branches in sorted(
            {y for x in lines for y in x.formula.atoms(sympy.Piecewise)}, key=str
        ):
            if len(branches.free_symbols) == 1:
                (z,) = branches.free_symbols
                found[f"{name}: {branches}"] = branches.xreplace({z: X})
            elif len({x.lhs - x.rhs for x in branches.atoms(sympy.core.relational.Relational)}) > 0:
                found[f"{name}: {branches}"] = branches
    return found


BRANCHES = with_branches()
ONE = {text: branches for text, branches in BRANCHES.items() if branches.free_symbols == {X}}
SEVERAL = {text: branches for text, branches in BRANCHES.items() if text not in ONE}


def kinks_of(branches: sympy.Piecewise) -> list[float]:
    relations = branches.atoms(sympy.core.relational.Relational)
    return [float(y) for x in relations for y in sympy.solve(x.lhs - x.rhs, X)]


def places(branches: sympy.Piecewise, dtype: type) -> np.ndarray:
    """Numbers up to 10⁴, every kink and the numbers next to it."""
    far = np.logspace(-8, 4, 200)
    kinks = np.array(kinks_of(branches), dtype)
    beside = [np.nextafter(kinks, dtype(side)) for side in (-np.inf, np.inf)]
    return np.sort(np.concatenate([far, -far, [0], kinks, *beside]).astype(dtype))


def assert_same_far_out(found: sympy.Expr, branches: sympy.Piecewise, dtype: type) -> None:
    """Equal to rounding, and no operation of it overflows or gives what is no number."""
    at = {X: places(branches, dtype)}
    with np.errstate(all="ignore"):
        expected = np.broadcast_to(floating.evaluate(branches, at), at[X].shape)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        value = np.broadcast_to(floating.evaluate(found, at), at[X].shape)
    scale = max(1.0, *(abs(k) for k in kinks_of(branches)))
    tolerance = 16 * np.finfo(dtype).eps
    np.testing.assert_allclose(value, expected, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("text", ONE)
def test_branches_are_told_by_max_and_min(text: str, dtype: type) -> None:
    branches = ONE[text]
    assert_same_far_out(arithmetic._joined(branches), branches, dtype)


# Branches that stay, which cost more calls and are as right: around |z| = 1 the sum of stretches is
# a small difference of numbers near 1, of which the branches know more digits.
LEFT = ("abs(abs(z) - 1)",)


def test_branches_are_left_where_a_sum_would_lose_digits() -> None:
    left = {text for text, x in ONE.items() if arithmetic._joined(x).has(sympy.Piecewise)}
    assert {text.partition(":")[0] for text in left} == set(LEFT)


@pytest.mark.parametrize("text", SEVERAL)
def test_branches_of_several_arrays(text: str) -> None:
    branches = SEVERAL[text]
    found = arithmetic._joined(branches)
    names = sorted(branches.free_symbols, key=str)
    rng = np.random.default_rng(0)
    at = {name: np.round(rng.normal(size=500) * rng.choice([1, 2, 50], 500), 1) for name in names}
    expected, value = floating.evaluate(branches, at), floating.evaluate(found, at)
    np.testing.assert_allclose(value, expected, rtol=1e-13, atol=1e-13)


# --- logistic_by_tanh ----------------------------------------------------------------------


def one_map(formula: sympy.Expr) -> Program:
    """A program of one formula of x over the samples and an axis."""
    x, target = Array("x", (SAMPLES, "n")), Array("v", (SAMPLES, "n"))
    function = Function("gradients", (x,), (Map(target, formula, (x,), "v"),), (target,))
    return Program("one line", ((SAMPLES, SAMPLES), ("n", 3)), (function,))


@pytest.mark.parametrize("slope", [-1, 1, 2, sympy.Rational(1, 3)])
def test_a_logistic_curve_overflows_nowhere(slope: sympy.Expr) -> None:
    curve = 1 / (1 + sympy.exp(slope * X))
    made = arithmetic.logistic_by_tanh(one_map(curve)).function("gradients").body[0]
    assert isinstance(made, Map)
    assert not made.formula.has(sympy.exp)
    at = np.concatenate([np.linspace(-1e4, 1e4, 101), np.linspace(-20, 20, 101)])
    exact = 1 / (1 + np.exp(np.clip(float(slope) * at, None, 700)))
    for dtype in (np.float64, np.float32):
        with np.errstate(over="raise", invalid="raise"):
            found = floating.evaluate(made.formula, {X: at.astype(dtype)})
        np.testing.assert_allclose(found, exact, rtol=0, atol=4 * np.finfo(dtype).eps)


# --- slopes_apart --------------------------------------------------------------------------


def test_slopes_of_equal_layers_stand_together() -> None:
    network = Network("3-4:tanh-2:tanh-3:tanh-2")
    program = program_before(arithmetic.slopes_apart, network, SGD)
    body = assert_law(arithmetic.slopes_apart, program, 1).function("gradients").body
    names = [line.target.name for line in body]
    assert [x for x in names if x in ("p2", "p3", "p4")] == ["p2", "p3", "p4"]
    first = names.index("p2")
    assert names[first : first + 3] == ["p2", "p3", "p4"]


def test_a_single_slope_stays_where_it_is() -> None:
    program = program_before(arithmetic.slopes_apart, Network("3-4:tanh-2"), SGD)
    assert arithmetic.slopes_apart(program) == program


# --- scale_states --------------------------------------------------------------------------

STATEFUL = ("momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw")


def thetas(update: Function, seed: int, steps: int = 5) -> list[Values]:
    """The parameters after each of several updates from states of 0."""
    rng = np.random.default_rng(seed)
    states = {old for _, old in update.overwrites} - {"theta"}
    held: Values = {"theta": rng.normal(size=7)} | {name: np.zeros(7) for name in states}
    numbers = {x.name: rng.uniform(0.1, 0.9) for x in update.parameters if not x.axes}
    found = []
    for t in range(1, steps + 1):
        given = {**numbers, "t": float(t), "m": 3.0, "g": rng.normal(size=7)}
        results = interpret(update, {x.name: {**given, **held}[x.name] for x in update.parameters})
        held = {old: results[new] for new, old in update.overwrites}
        found.append({"theta": held["theta"]})
    return found


def assert_law_of_scale_states(rewrite: Pass, program: Program, seed: int) -> Program:
    after = assert_law(rewrite, program, seed, apart=("update",))
    update, changed = program.function("update"), after.function("update")
    for expected, found in zip(thetas(update, seed), thetas(changed, seed), strict=True):
        assert_close(found, expected)
    return after


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", STATEFUL)
def test_scaled_states_move_the_parameters_alike(name: str, seed: int) -> None:
    training = Training(OPTIMIZERS[name])
    program = program_before(arithmetic.scale_states, Network("2-3-2"), training)
    after = assert_law_of_scale_states(arithmetic.scale_states, program, seed)
    for line in after.function("update").body:
        # No new state multiplies what comes new.
        assert isinstance(line, Map)
        state = line.target.name.removesuffix("_new")
        if line.target.name.endswith("_new") and state != "theta":
            assert {x.name for x in line.arguments} <= {state, "g", "momentum", "alpha", "beta1",
                                                        "beta2"}  # fmt: skip
            rest = line.formula.xreplace({Array(state).symbol: sympy.Integer(0)})
            assert rest.free_symbols == {sympy.Symbol("g", real=True)}


# --- elementary ----------------------------------------------------------------------------


def is_operand(x: sympy.Expr) -> bool:
    return isinstance(x, sympy.Symbol) or bool(x.is_number)


def is_negated(x: sympy.Expr) -> bool:
    return (
        isinstance(x, sympy.Mul) and len(x.args) == 2 and x.args[0] == -1 and is_operand(x.args[1])
    )


def is_inverse(x: sympy.Expr) -> bool:
    return isinstance(x, sympy.Pow) and x.exp == -1 and is_operand(x.base)


def is_operation(x: sympy.Expr) -> bool:
    """Whether NumPy does it in one call: x + y, x - y, x y, x/y, x^n, a function, branches."""
    if is_operand(x):
        return True
    if isinstance(x, sympy.Add):
        return len(x.args) == 2 and all(is_operand(y) or is_negated(y) for y in x.args)
    if isinstance(x, sympy.Mul):
        return len(x.args) == 2 and all(is_operand(y) or is_inverse(y) for y in x.args)
    if isinstance(x, sympy.Piecewise):
        values = all(is_operand(value) for value, _ in x.args)
        sides = [y for _, holds in x.args for z in holds.atoms(sympy.core.relational.Relational)
                 for y in z.args]  # fmt: skip
        return values and all(map(is_operand, sides))
    return all(map(is_operand, x.args))


@settings(max_examples=15)
@given(network=networks(), training=trainings)
def test_each_line_is_one_operation(network: Network, training: Training) -> None:
    program = program_before(None, network, training)
    for function in program.functions:
        if function.name in arithmetic.FAST:
            for line in function.body:
                if isinstance(line, Map) and line.target.axes:
                    assert is_operation(line.formula), str(line)


def test_an_operation_is_one() -> None:
    y = sympy.Symbol("y", real=True)
    one = (X, X + y, X - y, X * y, X / y, 2 * X, X**2, sympy.tanh(X), sympy.Max(X, 0), -X, 1 - X)
    more = (X + y + 1, X - 2 * y, X * y / 2, sympy.tanh(2 * X), sympy.Max(X + 1, 0), X * (1 - X))
    assert all(map(is_operation, one))
    assert not any(map(is_operation, more))


@pytest.mark.parametrize(
    "formula",
    [
        X, -X, X + 1, 1 - X, 2 * X - 1, 1 / X, -1 / X, X**2, X**3, X**4, X**5, 1 / X**2, 1 / X**3,
        X / (1 + X), -2 / (3 * X**2 + 1), (X + 2) * (X - 3) / (X**2 + 1), sympy.sqrt(1 + X**2),
        sympy.Max(X, 0, -X), sympy.exp(-X**2) / 2, X * sympy.Heaviside(X, 0) / 3,
        sympy.tanh(X) * (1 - sympy.tanh(X)**2), sympy.Integer(3) + 0 * X, 1 / sympy.sqrt(1 + X**2),
        sympy.Piecewise((X**2, X <= 1), (2 * X - 1, X <= 3), (X + 2, True)),
        sympy.Piecewise((X, sympy.And(X > 0, X**2 < 4)), (sympy.exp(-X), True)),
        X**sympy.Rational(1, 3),
    ],
    ids=str,
)  # fmt: skip
def test_formulas_come_apart_and_mean_the_same(formula: sympy.Expr) -> None:
    if not formula.free_symbols:
        return
    program = one_map(formula)
    function = arithmetic.elementary(program).function("gradients")
    for line in function.body:
        assert isinstance(line, Map)
        assert is_operation(line.formula), str(line)
    values = {"x": np.abs(np.random.default_rng(0).normal(size=(4, 3))) * 2}
    assert_close(interpret(function, values), interpret(program.function("gradients"), values))


# --- scale_products ------------------------------------------------------------------------


def test_a_factor_goes_into_the_product() -> None:
    """A sigmoid is a tanh of half its argument."""
    program = program_before(arithmetic.scale_products, Network("2-3:sigmoid-2:sigmoid"), SGD)
    after = assert_law(arithmetic.scale_products, program, 1, apart=())
    scales = [x.scale for x in after.function("step").body if isinstance(x, Contract)]
    assert sympy.Rational(1, 2) in scales


# --- errors planted in the passes ----------------------------------------------------------

Change = Callable[[sympy.Expr], sympy.Expr]


def broken(rewrite: Pass, change: Change) -> Pass:
    """The pass, with the formulas that it changed changed once more."""

    def wrong(program: Program) -> Program:
        before = {x for f in program.functions for x in f.body}

        def line(x: Instruction) -> Instruction:
            if x in before or not isinstance(x, Map):
                return x
            formula = change(x.formula)
            return (
                x if formula.free_symbols != x.formula.free_symbols else replace(x, formula=formula)
            )

        made = rewrite(program)
        functions = tuple(replace(f, body=tuple(map(line, f.body))) for f in made.functions)
        assert functions != made.functions, "nothing was planted"
        return replace(made, functions=functions)

    wrong.__name__ = rewrite.__name__
    return wrong


def steps_left_out(x: sympy.Expr) -> sympy.Expr:
    return x.replace(lambda y: isinstance(y, sympy.Heaviside), lambda y: y.args[0] ** 2)


def low_for_high(x: sympy.Expr) -> sympy.Expr:
    swap = {sympy.Max: sympy.Min, sympy.Min: sympy.Max}
    return x.replace(lambda y: type(y) in swap, lambda y: swap[type(y)](*y.args))


def not_halved(x: sympy.Expr) -> sympy.Expr:
    return x.replace(lambda y: isinstance(y, sympy.tanh), lambda y: sympy.tanh(2 * y.args[0]))


def one_more(x: sympy.Expr) -> sympy.Expr:
    return x + 1


def doubled(x: sympy.Expr) -> sympy.Expr:
    return 2 * x


Law = Callable[[Pass, Program, int], object]
PLANTED: dict[str, tuple[Law, Pass, Change]] = {
    "a minimum for a maximum": (assert_law, arithmetic.without_branches, low_for_high),
    "no step": (assert_law, arithmetic.without_branches, steps_left_out),
    "tanh u for tanh u/2": (assert_law, arithmetic.logistic_by_tanh, not_halved),
    "a slope and 1": (assert_law, arithmetic.slopes_apart, one_more),
    "a state twice as large": (assert_law_of_scale_states, arithmetic.scale_states, doubled),
    "an operation more": (assert_law, arithmetic.elementary, one_more),
}


@pytest.mark.parametrize("name", PLANTED)
def test_the_law_finds_errors(name: str) -> None:
    law, rewrite, change = PLANTED[name]
    training = Training(OPTIMIZERS["adam"])
    network = Network("3-3:sigmoid-3:sigmoid-3:relu-3:hard_tanh-2:sigmoid")
    program = program_before(rewrite, network, training)
    law(rewrite, program, 1)
    with pytest.raises((AssertionError, ProgramError)):
        law(broken(rewrite, change), program, 1)


def unscaled_products(program: Program) -> Program:
    """scale_products without the scale."""

    def line(x: Instruction) -> Instruction:
        return replace(x, scale=sympy.S.One) if isinstance(x, Contract) else x

    made = arithmetic.scale_products(program)
    return replace(
        made,
        functions=tuple(replace(f, body=tuple(map(line, f.body))) for f in made.functions),
    )


unscaled_products.__name__ = "scale_products"


def test_the_law_finds_a_factor_that_was_lost() -> None:
    program = program_before(arithmetic.scale_products, Network("2-3:sigmoid-2:sigmoid"), SGD)
    with pytest.raises(AssertionError):
        assert_law(unscaled_products, program, 1, apart=())


@pytest.mark.parametrize("change", [steps_left_out, low_for_high], ids=lambda x: x.__name__)
def test_the_law_of_branches_finds_errors(change: Change) -> None:
    """The comparison far out and at kinks is a judge, too."""
    branches = sympy.Piecewise((sympy.Integer(0), X <= 1), (X, True))  # it jumps at 1
    found = arithmetic._joined(branches)
    assert_same_far_out(found, branches, np.float64)
    with pytest.raises(AssertionError):
        assert_same_far_out(change(found), branches, np.float64)
