"""The passes of the quick trainers: what to apply them to, and the law that they keep.

The law is the one of tests/test_passes.py, but for the order of axes: what a pass lays out in
another way is transposed before it is compared.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
from hypothesis import strategies as st
from programs import PENALTY_NAMES, Values, lowered, penalised, values_for

from symnet.backends import fast
from symnet.errors import ArchitectureError
from symnet.network.architecture import Network
from symnet.network.functions import ACTIVATIONS, COSTS
from symnet.network.optimizers import OPTIMIZERS, Training
from symnet.program import layout, passes
from symnet.program.interpreter import interpret
from symnet.program.ir import Array, Function, Program
from symnet.program.passes import Pass

TRAININGS = tuple(Training(OPTIMIZERS[name]) for name in ("sgd", "momentum", "adam", "adamw"))


def fits(output: str, cost: str) -> bool:
    """Whether a cost may stand after an activation, which says itself for what it has no ln."""
    try:
        Network(f"2-2:{output}", cost=cost)
    except ArchitectureError:
        return False
    return True


PAIRS = tuple((output, cost) for output in ACTIVATIONS for cost in COSTS if fits(output, cost))


@st.composite
def networks(draw: st.DrawFn, penalties: bool = True) -> Network:
    """Up to four layers of parameters, any activations, any cost that fits the last, penalised."""
    output, cost = draw(st.sampled_from(PAIRS))
    inner = draw(st.lists(st.sampled_from(tuple(ACTIVATIONS)), max_size=3))
    if inner and draw(st.booleans()):
        inner = [inner[0]] * len(inner)  # layers of one kind, which share calls
    pieces = [str(draw(st.integers(1, 3)))]
    for name in (*inner, output):
        single = name != "softmax" and not (name == output and COSTS[cost].normalised)
        pieces.append(f"{draw(st.integers(1 if single else 2, 4))}:{name}")
    network = Network("-".join(pieces), cost=cost)
    return penalised(network, *draw(st.sampled_from(PENALTY_NAMES))) if penalties else network


trainings = st.sampled_from(TRAININGS)


@lru_cache(maxsize=500)
def program_before(rewrite: Pass | None, network: Network, training: Training) -> Program:
    """The program after all that comes before a pass; before None: after all passes."""
    program = passes.optimize(lowered(network, training))
    for each in fast.pipeline(network, training, "scipy"):
        if rewrite is not None and fast.PASSES.index(each) >= fast.PASSES.index(rewrite):
            break
        if {each, rewrite} != set(MEANS):  # one of them, not both
            program = passes.apply(each, program)
    return program


MEANS = (layout.leave_sums, layout.means_early)


def turned(value: Any, source: Array, target: Array) -> Any:
    """The value of an array with its axes in another order."""
    assert sorted(source.axes) == sorted(target.axes), (source, target)
    return np.transpose(value, [source.axes.index(axis) for axis in target.axes])


def given(before: Function, after: Function, values: Values) -> Values:
    """Values of the parameters of one function as another one takes them."""
    known = {array.name: array for array in before.parameters}
    return {x.name: turned(values[x.name], known[x.name], x) for x in after.parameters}


def results(before: Function, after: Function, found: Values) -> Values:
    """What one function returns as another one does."""
    known = {array.name: array for array in after.results}
    return {x.name: turned(found[x.name], known[x.name], x) for x in before.results}


def assert_close(found: Values, expected: Values, rtol: float = 1e-9) -> None:
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert np.shape(found[name]) == np.shape(value)
        scale = np.max(np.abs(value), initial=1e-6)
        np.testing.assert_allclose(
            found[name], value, rtol=rtol, atol=rtol / 100 * scale, err_msg=name
        )


def assert_same_but_for_order(before: Function, after: Function, values: Values) -> None:
    """The same arrays go in and come out, maybe transposed, and the results are the same."""
    assert after.name == before.name
    assert {x.name for x in after.results} == {x.name for x in before.results}
    assert after.overwrites == before.overwrites
    found = interpret(after, given(before, after, values))
    assert_close(results(before, after, found), interpret(before, values))


def assert_law(
    rewrite: Pass, program: Program, seed: int, apart: Iterable[str] = ("step",)
) -> Program:
    """The program after a pass, of which all functions but some were compared with those before."""
    after = passes.apply(rewrite, program)
    assert after.history == (*program.history, rewrite.__name__)
    assert [f.name for f in after.functions][: len(program.functions)] == [
        f.name for f in program.functions
    ]
    for function in program.functions:
        if function.name not in apart:
            values = values_for(function, program.sizes, seed)
            assert_same_but_for_order(function, after.function(function.name), values)
    return after
