"""Where arrays lie: the plan, the judge of plans, and a machine that runs a plan on one block."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import read, values_for
from quick import Values, assert_close, networks, program_before, trainings

from symnet.network.architecture import Network
from symnet.network.optimizers import OPTIMIZERS, Training
from symnet.program import memory
from symnet.program.interpreter import evaluate, interpret
from symnet.program.ir import (
    Array,
    Function,
    Instruction,
    Join,
    Map,
    Program,
    ProgramError,
    arguments,
    plain,
)
from symnet.program.memory import Plan, Rows
from symnet.program.passes import SAMPLES

SGD = Training(OPTIMIZERS["sgd"])


def quick(program: Program) -> list[tuple[Function, list[str]]]:
    """The functions that are planned, each with what is read after it."""
    found = []
    for function in program.functions:
        if function.name in ("gradients", "step"):
            targets = {line.target.name for line in function.body}
            outputs = [x.name for x in program.function("loss").parameters]
            found.append((function, [x for x in outputs if x in targets]))
    return found


def sizes_of(program: Program) -> dict[str, int]:
    return {axis: size for axis, size in program.sizes if isinstance(size, int)}


def rows_of(array: Array, sizes: dict[str, int]) -> int:
    return int(np.prod([sizes[plain(axis)] for axis in array.axes if axis != SAMPLES], dtype=int))


# --- plans ---------------------------------------------------------------------------------


@settings(max_examples=15)
@given(network=networks(), training=trainings)
def test_a_plan_passes_its_judge_and_takes_few_rows(network: Network, training: Training) -> None:
    program = program_before(None, network, training)
    sizes = sizes_of(program)
    for function, kept in quick(program):
        plan = memory.plan(function, sizes, kept)
        memory.check(plan, function, kept)
        arrays = [x.target for x in function.body if SAMPLES in x.target.axes]
        assert plan.total <= sum(rows_of(array, sizes) for array in arrays)
        inside = {x.name for x in arrays if x.name in plan.rows}
        assert inside == set(plan.rows)
        for array in arrays:
            if array.name in inside:
                rows = plan.rows[array.name]
                assert rows.stop - rows.start == rows_of(array, sizes)


def test_a_deep_network_takes_the_rows_of_its_layers_and_few_more() -> None:
    """Errors lie where the slopes were, products where they are free."""
    network = Network("-".join(["20:relu"] * 12)[:-5].replace("20:relu", "20", 1))
    ((function, kept), *_) = quick(program_before(None, network, SGD))
    plan = memory.plan(function, sizes_of(program_before(None, network, SGD)), kept)
    layers = 20 * (network.L - 1)
    assert plan.total < 2.6 * layers


def test_operations_of_equal_layers_are_one_call() -> None:
    program = program_before(None, Network("3-4:tanh-5:tanh-6:tanh-2"), SGD)
    ((function, kept), *_) = quick(program)
    plan = memory.plan(function, sizes_of(program), kept)
    assert any(len(gang) == 3 for gang in plan.order)


def test_large_arrays_do_not_lie_side_by_side() -> None:
    program = program_before(None, Network("3-600:tanh-600:tanh-600:tanh-2"), SGD)
    ((function, kept), *_) = quick(program)
    plan = memory.plan(function, sizes_of(program), kept)
    assert all(len(gang) == 1 for gang in plan.order)


# --- a machine with one block --------------------------------------------------------------


class Machine:
    """Runs calls in the order of a plan on one block of NumPy, where all else is an array."""

    def __init__(self, plan: Plan, values: Values, sizes: dict[str, int], samples: int) -> None:
        self.plan, self.sizes, self.samples = plan, sizes, samples
        self.block = np.full((plan.total, samples), 1.0)
        self.others: Values = dict(values)

    def value(self, array: Array) -> Any:
        if array.name not in self.plan.rows:
            return self.others[array.name]
        rows = self.plan.rows[array.name]
        inner = [self.sizes[plain(axis)] for axis in array.axes if axis != SAMPLES]
        return self.block[rows.start : rows.stop].reshape(*inner, self.samples)

    def run(self, kept: Iterable[str], function: Function) -> Values:
        for gang in self.plan.order:
            if len(gang) == 1:
                self.line(gang[0])
            else:
                self.together(gang)
        arrays = {x.target.name: x.target for x in function.body}
        return {x.name: self.value(x) for x in (*function.results, *(arrays[k] for k in kept))}

    def line(self, line: Instruction) -> None:
        if isinstance(line, Join) and line.target.name in self.plan.rows:
            return  # it is there
        alone = Function("alone", arguments(line), (line,), (line.target,))
        known = {x.name: self.value(x) for x in alone.parameters}
        found = interpret(alone, known)[line.target.name]
        if line.target.name in self.plan.rows:
            self.value(line.target)[...] = found
        else:
            self.others[line.target.name] = np.array(found)

    def together(self, gang: tuple[Instruction, ...]) -> None:
        """One formula on the rows from the first to the last, as one call does it."""
        head = gang[0]
        assert isinstance(head, Map)
        at = {}
        for place in zip(*(arguments(line) for line in gang), strict=True):
            first = place[0]
            at[first.symbol] = self.span(place) if first.axes else self.others[first.name]
        self.span([line.target for line in gang])[...] = evaluate(head.formula, at)

    def span(self, place: Iterable[Array]) -> Any:
        first, *_, last = (self.plan.rows[x.name] for x in place)
        return self.block[first.start : last.stop]


def assert_same_on_a_block(
    plan: Plan, function: Function, kept: list[str], program: Program, seed: int, samples: int
) -> None:
    values = values_for(function, program.sizes, seed, samples)
    arrays = {x.target.name: x.target for x in function.body}
    results = dict.fromkeys((*function.results, *(arrays[name] for name in kept)))
    whole = replace(function, results=tuple(results), overwrites=())
    expected = interpret(whole, values)
    with np.errstate(all="ignore"):  # between the arrays of one call anything may stand
        found = Machine(plan, values, sizes_of(program), samples).run(kept, function)
    assert_close({name: found[name] for name in expected}, expected)


@settings(max_examples=15)
@given(
    network=networks(),
    training=trainings,
    seed=st.integers(0, 99),
    samples=st.sampled_from([1, 2, 5]),
)
def test_a_block_of_rows_computes_the_same(
    network: Network, training: Training, seed: int, samples: int
) -> None:
    program = program_before(None, network, training)
    for function, kept in quick(program):
        plan = memory.plan(function, sizes_of(program), kept)
        assert_same_on_a_block(plan, function, kept, program, seed, samples)


# By hand: what a careless plan gets wrong.
BY_HAND = {
    "two lines of one kind that read one array for the last time": """
        f(w[n2], q[n2], a1[m,n2]) -> z
        t1[n2,m] = a1[m,n2] + w[n2]
        t2[n2,m] = a1[m,n2]*q[n2]
        t3[n2,m] = exp(a1[m,n2])
        t4[n2,m] = t1[n2,m]*t2[n2,m]
        t5[n2,m] = t3[n2,m]*t1[n2,m]
        z[n2,m] = t4[n2,m] - 2*t5[n2,m] + t3[n2,m]""",
    "an array and one that is written over it in one call": """
        f(a1[m,n2], b[n2]) -> z
        t1[n2,m] = a1[m,n2] + b[n2]
        t2[n2,m] = a1[m,n2]*b[n2]
        t3[n2,m] = tanh(t1[n2,m])
        t4[n2,m] = tanh(t2[n2,m])
        t5[n2,m] = tanh(t3[n2,m])
        t6[n2,m] = tanh(t1[n2,m])
        z[n2,m] = t4[n2,m] + t5[n2,m]*t6[n2,m]""",
    "a chain of one kind": """
        f(a1[m,n2], b[n2]) -> z
        t1[n2,m] = a1[m,n2] + b[n2]
        t2[n2,m] = tanh(t1[n2,m])
        t3[n2,m] = tanh(t2[n2,m])
        z[n2,m] = t2[n2,m]*t3[n2,m]""",
    "branches read again what stands there": """
        f(a1[m,n2], b[n2]) -> z
        t1[n2,m] = a1[m,n2] + b[n2]
        z[n2,m] = Piecewise((-t1[n2,m], t1[n2,m] <= 0), (t1[n2,m], True))""",
    "a product of what it would overwrite": """
        f(a1[m,n2], b[n2]) -> z
        t1[n2,m] = a1[m,n2] + b[n2]
        t2[n2,m] = t1[n2,m]*t1[n2,m]
        t3[n2',n2] = Σ_m t2[n2',m] t1[n2,m]
        z[n2,m] = Σ_n2' t3[n2',n2] t2[n2',m]""",
}


@pytest.mark.parametrize("name", BY_HAND)
def test_functions_that_tempt(name: str) -> None:
    function = read(BY_HAND[name])
    program = Program("by hand", ((SAMPLES, SAMPLES), ("n2", 3)), (function,))
    plan = memory.plan(function, {"n2": 3}, ["z"])
    for samples in (1, 4):
        assert_same_on_a_block(plan, function, ["z"], program, 0, samples)


# --- the judge -----------------------------------------------------------------------------


def planned(network: str = "3-4:relu-5:relu-2:softmax") -> tuple[Plan, Function, list[str]]:
    program = program_before(None, Network(network), SGD)
    ((function, kept), *_) = quick(program)
    return memory.plan(function, sizes_of(program), kept), function, kept


def moved(plan: Plan, name: str, start: int) -> Plan:
    rows = plan.rows[name]
    to = Rows(start, start + rows.stop - rows.start)
    return replace(plan, rows={**plan.rows, name: to}, total=max(plan.total, to.stop))


def two_live_arrays(plan: Plan, function: Function, kept: list[str]) -> Plan:
    """The weighted inputs of the last layer over activations that its slope reads yet."""
    return moved(plan, "z4", plan.rows["a3"].start)


def a_row_of_ones(plan: Plan, function: Function, kept: list[str]) -> Plan:
    return moved(plan, "z4", plan.rows["a2"].stop)


def a_row_of_ones_elsewhere(plan: Plan, function: Function, kept: list[str]) -> Plan:
    return moved(plan, "A2", plan.rows["A2"].start + 1)


def a_kept_output(plan: Plan, function: Function, kept: list[str]) -> Plan:
    """The last error over the last outputs, from which the cost will be computed."""
    last = max(i for i, gang in enumerate(plan.order) if SAMPLES in gang[0].target.axes)
    return moved(plan, plan.order[last][0].target.name, plan.rows[kept[0]].start)


def a_wrong_spacing(plan: Plan, function: Function, kept: list[str]) -> Plan:
    gang = next(gang for gang in plan.order if len(gang) > 1)
    last = gang[-1].target.name
    return moved(plan, last, plan.total + 1)


def swapped(plan: Plan, function: Function, kept: list[str]) -> Plan:
    """A line before the one that makes what it reads."""
    order = list(plan.order)
    i = next(i for i, gang in enumerate(order) if gang[0].target.name == "a2")
    order[i - 1], order[i] = order[i], order[i - 1]
    return replace(plan, order=tuple(order))


def a_line_lost(plan: Plan, function: Function, kept: list[str]) -> Plan:
    return replace(plan, order=plan.order[:-1])


def a_line_twice(plan: Plan, function: Function, kept: list[str]) -> Plan:
    return replace(plan, order=(*plan.order, plan.order[-1]))


def a_product_over_its_factor(plan: Plan, function: Function, kept: list[str]) -> Plan:
    """z3 over A2, from which it is computed; both have as many rows read later as never."""
    return moved(plan, "z3", plan.rows["a2"].start)


def outside(plan: Plan, function: Function, kept: list[str]) -> Plan:
    return replace(plan, total=plan.total - 1)


PLANTED: tuple[Callable[[Plan, Function, list[str]], Plan], ...] = (
    two_live_arrays, a_row_of_ones, a_row_of_ones_elsewhere, a_kept_output, a_wrong_spacing,
    swapped, a_line_lost, a_line_twice, a_product_over_its_factor, outside,
)  # fmt: skip


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_the_judge_finds_errors(plant: Callable[[Plan, Function, list[str]], Plan]) -> None:
    plan, function, kept = planned()
    memory.check(plan, function, kept)
    wrong = plant(plan, function, kept)
    assert wrong != plan
    with pytest.raises(ProgramError):
        memory.check(wrong, function, kept)


def by_hand(text: str, **rows: tuple[int, int]) -> tuple[Plan, Function]:
    function = read(text)
    total = max(stop for _, stop in rows.values())
    order = tuple((line,) for line in function.body)
    return Plan({name: Rows(*x) for name, x in rows.items()}, total, order), function


def test_a_product_is_not_written_over_its_factors() -> None:
    text = "f(w[n2',n2], a1[m,n2]) -> z|t1[n2,m] = exp(a1[m,n2])|z[n2',m] = Σ_n2 w[n2',n2] t1[n2,m]"
    memory.check(*by_hand(text, t1=(0, 3), z=(3, 6)))
    with pytest.raises(ProgramError, match="z is written over what it reads"):
        memory.check(*by_hand(text, t1=(0, 3), z=(0, 3)))


def test_branches_are_not_written_over_what_they_read() -> None:
    branches = "Piecewise((0, t1[n2,m] <= 0), (t1[n2,m], True))"
    text = f"f(a1[m,n2]) -> z | t1[n2,m] = exp(a1[m,n2]) | z[n2,m] = {branches}"
    memory.check(*by_hand(text, t1=(0, 3), z=(3, 6)))
    with pytest.raises(ProgramError, match="z is written over what it reads"):
        memory.check(*by_hand(text, t1=(0, 3), z=(0, 3)))


def test_what_spreads_an_argument_is_not_written_over_the_other() -> None:
    """z = t + b: b is copied into the place of z first, and then t would be gone."""
    program = program_before(None, Network("3-4:relu-2:softmax"), Training(OPTIMIZERS["adamw"]))
    ((function, kept), *_) = quick(program)
    plan = memory.plan(function, sizes_of(program), kept)
    line = next(x for x in function.body if isinstance(x, Map) and x.target.name == "z2")
    assert memory.spread(line) == Array("b2", ("n2",))
    (total,) = (x for x in line.arguments if x.name != "b2")
    memory.check(plan, function, kept)
    with pytest.raises(ProgramError, match="z2 is written over what it reads"):
        memory.check(moved(plan, "z2", plan.rows[total.name].start), function, kept)


def test_an_operation_is_written_over_all_that_it_reads_or_nothing_of_it() -> None:
    text = "f(a1[m,n2]) -> z | t1[n2,m] = exp(a1[m,n2]) | z[n2,m] = exp(t1[n2,m])"
    memory.check(*by_hand(text, t1=(0, 3), z=(0, 3)))
    memory.check(*by_hand(text, t1=(0, 3), z=(3, 6)))
    with pytest.raises(ProgramError, match="z is written over what it reads"):
        memory.check(*by_hand(text, t1=(0, 3), z=(1, 4)))


def test_one_call_writes_between_its_targets() -> None:
    """What lies there is lost."""
    x, y = Array("x", ("n2", SAMPLES)), Array("y1", ("n2", SAMPLES))
    u, v, q = (Array(name, ("n2", SAMPLES)) for name in "uvq")
    lines = [Map(a, sympy.exp(a1), (Array("a1", (SAMPLES, "n2")),)) for a, a1 in
             zip((x, y, q), [Array("a1").symbol] * 3, strict=True)]  # fmt: skip
    gang = (Map(u, sympy.tanh(x.symbol), (x,)), Map(v, sympy.tanh(y.symbol), (y,)))
    last = Map(Array("z", ("n2", SAMPLES)), q.symbol + u.symbol, (q, u))
    given = Array("a1", (SAMPLES, "n2"))
    function = Function("f", (given,), (*lines, *gang, last), (last.target,))
    order = (*((line,) for line in lines), gang, (last,))
    apart = {"x": 0, "y1": 3, "q": 12, "u": 6, "v": 9, "z": 15}
    rows = {name: Rows(start, start + 3) for name, start in apart.items()}
    memory.check(Plan(rows, 18, order), function)
    between = {"x": 0, "y1": 6, "q": 12, "u": 9, "v": 15, "z": 18}
    rows = {name: Rows(start, start + 3) for name, start in between.items()}
    with pytest.raises(ProgramError, match="of q holds"):
        memory.check(Plan(rows, 21, order), function)


def test_the_machine_tells_bad_plans_from_good_ones() -> None:
    program = program_before(None, Network("3-4:relu-5:relu-2:softmax"), SGD)
    ((function, kept), *_) = quick(program)
    plan = memory.plan(function, sizes_of(program), kept)
    assert_same_on_a_block(plan, function, kept, program, 0, 3)
    for plant in (two_live_arrays, a_kept_output):
        with pytest.raises(AssertionError):
            assert_same_on_a_block(plant(plan, function, kept), function, kept, program, 0, 3)
