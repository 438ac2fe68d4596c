"""Passes that decide how arrays lie: each keeps what is computed, and what it promises."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import Values, penalised, values_for
from quick import (
    assert_close,
    assert_law,
    networks,
    program_before,
    trainings,
    turned,
)

from symnet.network.architecture import Network
from symnet.network.optimizers import OPTIMIZERS, Training
from symnet.program import layout, passes
from symnet.program.interpreter import interpret
from symnet.program.ir import (
    Accumulate,
    Array,
    Contract,
    Function,
    Instruction,
    Join,
    Map,
    Program,
    ProgramError,
    Reduce,
    Slice,
    arguments,
)
from symnet.program.passes import DATA, SAMPLES, Pass

SGD = Training(OPTIMIZERS["sgd"])
IN_PLACE = (layout.means_early, layout.samples_last, layout.inputs_first, layout.fold_biases)

each_pass = pytest.mark.parametrize("rewrite", IN_PLACE, ids=lambda rewrite: rewrite.__name__)
seeds = st.integers(0, 99)


@each_pass
@settings(max_examples=15)
@given(network=networks(), training=trainings, seed=seeds)
def test_the_law_on_networks(
    rewrite: Pass, network: Network, training: Training, seed: int
) -> None:
    program = program_before(rewrite, network, training)
    changed = assert_law(rewrite, program, seed)
    for before, after in zip(program.functions, changed.functions, strict=True):
        assert before.name == "gradients" or before == after


# --- leave_sums ----------------------------------------------------------------------------


def steps_of(program: Program, values: Values) -> Values:
    """The gradients of a batch, then the update of each parameter by its own."""
    gradients, update = program.function("gradients"), program.function("update")
    taken = {x.name: values[x.name] for x in gradients.parameters}
    found: Values = {}
    for name, g in interpret(gradients, taken).items():
        w = name.removeprefix("d").removesuffix("_sum")
        size = np.size(g)
        flat = {x.name: np.resize(values[x.name], size) for x in update.parameters if x.axes}
        flat |= {"theta": np.ravel(values[w]), "g": np.ravel(g)}
        numbers = {x.name: values[x.name] for x in update.parameters if not x.axes}
        found |= {f"{w}.{k}": v for k, v in interpret(update, {**numbers, **flat}).items()}
    return found


def values_of_step(program: Program, seed: int) -> Values:
    both = [program.function("update"), program.function("gradients")]
    found: Values = {}
    for function in both:
        found |= values_for(function, program.sizes, seed)
    return found


def assert_law_of_leave_sums(rewrite: Pass, program: Program, seed: int) -> Program:
    after = passes.apply(rewrite, program)
    values = values_of_step(program, seed) | {SAMPLES: np.asarray(3.0)}
    assert_close(steps_of(after, values), steps_of(program, values))
    return after


@settings(max_examples=25)
@given(network=networks(penalties=False), training=trainings, seed=seeds)
def test_sums_are_left_to_the_update(network: Network, training: Training, seed: int) -> None:
    program = program_before(layout.leave_sums, network, training)
    after = assert_law_of_leave_sums(layout.leave_sums, program, seed)
    gradients = after.function("gradients")
    assert SAMPLES not in {x.name for x in gradients.parameters}
    assert SAMPLES not in {x.name for line in gradients.body for x in arguments(line)}
    assert SAMPLES in {x.name for x in after.function("update").parameters}


def test_sums_are_not_left_where_a_penalty_is_added() -> None:
    network = penalised(Network("2-3-2"), "l2")
    program = program_before(layout.leave_sums, network, SGD)
    assert layout.leave_sums(program) == program


# --- means_early ---------------------------------------------------------------------------


@settings(max_examples=15)
@given(network=networks(), training=trainings)
def test_m_divides_where_the_way_back_begins(network: Network, training: Training) -> None:
    """Every other line of the gradients does without m."""
    program = program_before(layout.means_early, network, training)
    gradients = layout.means_early(program).function("gradients")
    if gradients == program.function("gradients"):
        # Several lines read y: only softmax, where the cost is not its own, is left as it is.
        assert network.layers[-1].name == "softmax"
        return
    dividing = [x for x in gradients.body if SAMPLES in {y.name for y in arguments(x)}]
    assert dividing
    for line in dividing:
        assert SAMPLES in line.target.axes
        assert len(line.target.axes) > 1


# --- the order of axes ---------------------------------------------------------------------


@settings(max_examples=15)
@given(network=networks(), training=trainings)
def test_samples_are_columns_but_for_the_inputs(network: Network, training: Training) -> None:
    program = program_before(layout.samples_last, network, training)
    gradients = layout.samples_last(program).function("gradients")
    for array in (*gradients.parameters, *(line.target for line in gradients.body)):
        assert SAMPLES not in array.axes or (array.axes[-1] == SAMPLES) == (array.name != DATA[0])


@settings(max_examples=15)
@given(network=networks(), training=trainings)
def test_weights_lie_by_inputs_where_they_are_read_back(
    network: Network, training: Training
) -> None:
    program = program_before(layout.inputs_first, network, training)
    gradients = layout.inputs_first(program).function("gradients")
    for number in range(2, network.L + 1):
        name = f"w{number}"
        arrays = [x for x in gradients.parameters if x.name == name]
        arrays += [x for x in gradients.results if x.name.removesuffix("_sum") == f"d{name}"]
        assert len(arrays) == 2
        natural = (f"n{number}", f"n{number - 1}")
        assert {x.axes for x in arrays} == {natural if number == 2 else natural[::-1]}


# --- fold_biases ---------------------------------------------------------------------------


def folded(network: Network) -> list[int]:
    """The layers with [W b]: above a softmax inside, Σ w a without b is read on the way back."""
    names = ["", "", *(layer.name for layer in network.layers)]
    return [l for l in range(2, network.L + 1) if names[l - 1] != "softmax"]


@settings(max_examples=20)
@given(network=networks(penalties=False))
def test_one_product_computes_z_and_one_both_slopes(network: Network) -> None:
    program = program_before(layout.fold_biases, network, SGD)
    gradients = passes.apply(layout.fold_biases, program).function("gradients")
    lines = {line.target.name: line for line in gradients.body}
    reads = [array.name for line in gradients.body for array in arguments(line)]
    assert {x for x in lines if x[0] == "W"} == {f"W{l}" for l in folded(network)}
    for l in folded(network):
        # An identity's z goes by the name of its a where no line tells them apart.
        whole, z = f"W{l}", lines.get(f"z{l}", lines.get(f"a{l}"))
        assert lines[whole] == Join(lines[whole].target, *arguments(lines[whole]))
        assert [x.name for x in arguments(lines[whole])] == [f"w{l}", f"b{l}"]
        assert isinstance(z, Contract)
        assert {x.name for x in z.factors} == {whole, f"A{l - 1}"}
        assert isinstance(lines[f"A{l - 1}"], Join)
        assert isinstance(lines[f"DW{l}"], Contract)
        assert reads.count(f"b{l}") == 1
        slices = [x for x in gradients.body if isinstance(x, Slice) and x.whole.name == f"DW{l}"]
        assert {x.target.name.removesuffix("_sum") for x in slices} == {f"dw{l}", f"db{l}"}


def test_biases_stay_where_weights_are_penalised_otherwise() -> None:
    """The results are no plain sums then; the pass leaves what it cannot fold."""
    network = penalised(Network("2-3-2"), "l2")
    program = program_before(layout.fold_biases, network, SGD)
    assert layout.fold_biases(program).functions == program.functions


# --- accumulate ----------------------------------------------------------------------------


def assert_law_of_accumulate(rewrite: Pass, program: Program, seed: int) -> Program:
    after = assert_law(rewrite, program, seed)
    step = after.function("step")
    values = values_of_step(program, seed) | {SAMPLES: np.asarray(3.0)}
    expected = steps_of(program, values)
    given = {x.name: values[x.name] for x in step.parameters}
    found = interpret(step, given)
    made = {x.name: x for x in step.results}
    known = {x.name: x for x in program.function("gradients").parameters}
    assert {old for _, old in step.overwrites} == {x.split(".")[0] for x in expected}
    for new, old in step.overwrites:
        value = turned(found[new], made[new], known[old])
        assert_close({new: np.ravel(value)}, {new: expected[f"{old}.theta_new"]})
    return after


@settings(max_examples=25)
@given(network=networks(penalties=False), seed=seeds)
def test_a_step_is_the_gradients_and_then_the_update(network: Network, seed: int) -> None:
    program = program_before(layout.accumulate, network, SGD)
    if len(folded(network)) < len(network.layers):
        assert layout.accumulate(program) == program
        return
    after = assert_law_of_accumulate(layout.accumulate, program, seed)
    step = after.function("step")
    added = [line for line in step.body if isinstance(line, Accumulate)]
    assert [x.onto.name for x in added] == [f"W{l}" for l in range(network.L, 1, -1)]
    names = [line.target.name for line in step.body]
    for line in added:
        # Its w and b are read no more: BLAS writes over them.
        parts = {line.onto.name, line.onto.name.lower(), line.onto.name.lower().replace("w", "b")}
        later = step.body[names.index(line.target.name) + 1 :]
        assert not any(parts & {x.name for x in arguments(other)} for other in later)


@pytest.mark.parametrize("name", ["momentum", "nesterov", "adagrad", "rmsprop", "adam"])
def test_no_step_where_the_update_keeps_a_state(name: str) -> None:
    program = program_before(layout.accumulate, Network("2-3-2"), Training(OPTIMIZERS[name]))
    assert layout.accumulate(program) == program


def test_no_step_where_biases_are_apart() -> None:
    program = program_before(layout.fold_biases, Network("2-3-2"), SGD)
    assert layout.accumulate(program) == program


# --- errors planted in the passes ----------------------------------------------------------

Change = Callable[[Instruction], Instruction]


def broken(rewrite: Pass, function: str, change: Change) -> Pass:
    """The pass with the lines that it makes of one function changed."""

    def wrong(program: Program) -> Program:
        def each(f: Function) -> Function:
            return replace(f, body=tuple(map(change, f.body))) if f.name == function else f

        made = rewrite(program)
        changed = replace(made, functions=tuple(map(each, made.functions)))
        assert changed != made, "nothing was planted"
        return changed

    wrong.__name__ = rewrite.__name__
    return wrong


def m_forgotten(line: Instruction) -> Instruction:
    """g/m as g."""
    m = Array(SAMPLES)
    if not isinstance(line, Map) or m not in line.arguments:
        return line
    formula = line.formula.xreplace({m.symbol: sympy.Integer(1)})
    return replace(line, formula=formula, arguments=passes.used(formula, line.arguments))


def m_twice(line: Instruction) -> Instruction:
    m = Array(SAMPLES)
    if not isinstance(line, Map) or m not in line.arguments:
        return line
    return replace(line, formula=line.formula / m.symbol)


def one_index_off(line: Instruction) -> Instruction:
    """Products with the axes of the weights in the other order."""
    if not isinstance(line, Contract):
        return line
    factors = tuple(
        Array(x.name, x.axes[::-1]) if x.name.startswith("w") else x for x in line.factors
    )
    return replace(line, factors=factors)


def a_maximum(line: Instruction) -> Instruction:
    return replace(line, how="max") if isinstance(line, Reduce) and line.how == "sum" else line


def ones_for_biases(line: Instruction) -> Instruction:
    return replace(line, last=None) if isinstance(line, Join) else line


def upwards(line: Instruction) -> Instruction:
    """scale = η/m without its sign."""
    if line.target.name != "scale" or not isinstance(line, Map):
        return line
    return replace(line, formula=-line.formula)


def onto_nothing(line: Instruction) -> Instruction:
    if not isinstance(line, Accumulate):
        return line
    return Contract(line.target, line.factors, line.equation)


PLANTED: dict[str, tuple[Callable[[Pass, Program, int], object], Pass, str, Change]] = {
    "sums, and no rate divided": (
        assert_law_of_leave_sums, layout.leave_sums, "update", m_forgotten,
    ),
    "sums, and the rate divided twice": (
        assert_law_of_leave_sums, layout.leave_sums, "update", m_twice,
    ),
    "means nowhere": (assert_law, layout.means_early, "gradients", m_forgotten),
    "means twice": (assert_law, layout.means_early, "gradients", m_twice),
    "columns read as rows": (assert_law, layout.samples_last, "gradients", one_index_off),
    "the largest for a sum": (assert_law, layout.samples_last, "gradients", a_maximum),
    "weights read as before": (assert_law, layout.inputs_first, "gradients", one_index_off),
    "ones for biases": (assert_law, layout.fold_biases, "gradients", ones_for_biases),
    "a step upwards": (assert_law_of_accumulate, layout.accumulate, "step", upwards),
    "a step from 0": (assert_law_of_accumulate, layout.accumulate, "step", onto_nothing),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_the_law_finds_errors(name: str) -> None:
    law, rewrite, function, change = PLANTED[name]
    program = program_before(rewrite, Network("3-3:tanh-3:relu-3"), SGD)
    law(rewrite, program, 1)
    with pytest.raises((AssertionError, ProgramError)):
        law(broken(rewrite, function, change), program, 1)
