"""Passes keep the meaning, make the program shorter, and are caught when they do not.

The law of a pass is what the interpreter says of a program before and after it. The law is tested
on networks, on drawn functions, and on functions made by hand to break a pass; the test of the law
is tested on passes that were broken on purpose.
"""

import difflib
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import (
    EVERYTHING,
    SIZES,
    Values,
    any_program,
    everything,
    functions,
    lowered,
    penalised,
    read,
    read_line,
    values_for,
)

from symnet.network.architecture import Network
from symnet.network.optimizers import OPTIMIZERS, SCHEDULES, Training
from symnet.program import passes
from symnet.program.interpreter import interpret
from symnet.program.ir import (
    Array,
    Contract,
    Function,
    Instruction,
    Map,
    Program,
    ProgramError,
    Reduce,
)
from symnet.program.ir import arguments as arguments_of
from symnet.program.passes import PIPELINE, Pass, optimize, over_batch

Golden = Callable[[str, str], None]

SINGLE = tuple(rewrite for rewrite in PIPELINE if rewrite is not over_batch)
NAMES = {rewrite.__name__: rewrite for rewrite in PIPELINE}

each_pass = pytest.mark.parametrize("rewrite", SINGLE, ids=lambda rewrite: rewrite.__name__)


# --- the law -------------------------------------------------------------------------------


def assert_same_meaning(before: Function, after: Function, values: Values) -> None:
    """What a function takes, returns and overwrites is the same, and so are its results."""
    assert after.name == before.name
    assert after.results == before.results
    assert after.overwrites == before.overwrites
    kept = [array for array in before.parameters if array in after.parameters]
    assert list(after.parameters) == kept
    assert all(not array.axes for array in set(before.parameters) - set(kept))
    expected, found = interpret(before, values), interpret(after, values)
    for name, value in expected.items():
        assert found[name].shape == value.shape
        scale = np.max(np.abs(value), initial=1e-6)
        np.testing.assert_allclose(found[name], value, rtol=1e-9, atol=1e-11 * scale, err_msg=name)


def assert_law(rewrite: Pass, program: Program, seed: int) -> None:
    after = passes.apply(rewrite, program)
    assert after.sizes == program.sizes
    assert after.history == (*program.history, rewrite.__name__)
    for function, changed in zip(program.functions, after.functions, strict=True):
        assert_same_meaning(function, changed, values_for(function, program.sizes, seed))


@each_pass
@settings(max_examples=15)
@given(program=any_program(), seed=st.integers(0, 99))
def test_the_law_on_networks(rewrite: Pass, program: Program, seed: int) -> None:
    """For one sample, for a batch, and after all the passes before it."""
    assert_law(rewrite, program, seed)
    for earlier in PIPELINE[: PIPELINE.index(rewrite)]:
        program = passes.apply(earlier, program)
    assert_law(rewrite, program, seed)


def tame(function: Function, seed: int) -> Values:
    """Values for a drawn function, small enough that no line loses them in a large number."""
    values = values_for(function, SIZES, seed)
    for size in (1.0, 0.1, 0.01, 0.0):
        small = {name: size * value for name, value in values.items()}
        if max(np.abs(v).max() for v in everything(function, small).values()) < 1e3:
            return small
    return small


@each_pass
@settings(max_examples=60)
@given(drawn=functions(), seed=st.integers(0, 9))
def test_the_law_on_drawn_functions(rewrite: Pass, drawn: Function, seed: int) -> None:
    made = passes.apply(rewrite, Program("drawn", SIZES, (drawn,)))
    assert_same_meaning(drawn, made.function("forward"), tame(drawn, seed))


@settings(max_examples=60)
@given(drawn=functions(), order=st.permutations(SINGLE), seed=st.integers(0, 9))
def test_the_law_of_all_passes_in_any_order(drawn: Function, order: list[Pass], seed: int) -> None:
    made = optimize(Program("drawn", SIZES, (drawn,)), order)
    assert_same_meaning(drawn, made.function("forward"), tame(drawn, seed))


# Functions that a careless pass gets wrong. In each, w is over (n2,n1), u over (n2,n2').
BY_HAND = {
    "a temporary read twice": """
        f(b[n2]) -> z, v
        t1[n2] = exp(b[n2])
        z[n2] = t1[n2] + 1
        v[n2] = t1[n2]*b[n2]""",
    "a temporary read twice by one line": """
        f(b[n2], s) -> z
        t1[n2] = exp(b[n2])
        z[n2] = t1[n2]**2 + t1[n2] + s""",
    "a temporary read at two places": """
        f(b[n2], y[n2]) -> z
        t1[n2] = exp(b[n2])
        t2 = Σ_n2' t1[n2']
        z[n2] = y[n2]*t1[n2]/t2""",
    "an alias": """
        f(b[n2]) -> z, v
        t1[n2] = b[n2]
        z[n2] = t1[n2]
        v[n2] = t1[n2] + z[n2]""",
    "an alias at the second index": """
        f(b[n2]) -> z
        t1[n2'] = b[n2']
        z[n2,n2'] = b[n2]/(1 + t1[n2']**2)""",
    "an alias taken off itself": """
        f(b[n2]) -> z
        t1[n2] = b[n2]
        z[n2] = b[n2] - t1[n2]""",
    "two equal lines taken off each other": """
        f(b[n2]) -> z
        t1[n2] = exp(b[n2])
        t2[n2] = exp(b[n2])
        z[n2] = t1[n2] - t2[n2]""",
    "one formula over an axis and over its second index": """
        f(b[n2], y[n2]) -> z
        t1[n2] = exp(b[n2])
        t2[n2'] = exp(b[n2'])
        t3[n2,n2'] = t1[n2]/(1 + t2[n2'])
        z[n2] = Σ_n2' t3[n2,n2'] y[n2']""",
    "equal lines read at two places": """
        f(b[n2], y[n2]) -> z
        t1[n2] = exp(b[n2])
        t2[n2] = exp(b[n2])
        t3[n2,n2'] = t1[n2]/(1 + t2[n2'])
        z[n2] = Σ_n2' t3[n2,n2'] y[n2']""",
    "one formula, transposed": """
        f(u[n2,n2']) -> z
        t1[n2,n2'] = tanh(u[n2,n2'])
        t2[n2,n2'] = tanh(u[n2',n2])
        z[n2,n2'] = t1[n2,n2'] + 2*t2[n2,n2']""",
    "a transposed temporary": """
        f(u[n2,n2']) -> z
        t1[n2,n2'] = tanh(u[n2,n2'])
        z[n2,n2'] = t1[n2',n2]*2""",
    "a formula known at the first index, needed at the second": """
        f(b[n2], y[n2]) -> z
        t1[n2] = exp(b[n2])
        t2[n2,n2'] = y[n2]*exp(b[n2'])
        t3[n2] = Σ_n2' t2[n2,n2']
        z[n2] = t1[n2] + t3[n2]""",
    "what a line holds is known by a name it reads": """
        f(b[n2]) -> z
        a[n2] = exp(b[n2])
        z[n2] = a[n2]*exp(b[n2])""",
    "and reads at another place": """
        f(b[n2]) -> z
        a[n2] = exp(b[n2])
        z[n2,n2'] = (1 + a[n2'])*exp(b[n2])""",
    "an array at two places of one formula": """
        f(b[n2]) -> z
        t1[n2] = exp(b[n2])
        t2[n2,n2'] = b[n2]*exp(b[n2'])
        t3[n2,n2'] = t1[n2] + t2[n2',n2]*exp(b[n2])
        z[n2'] = Σ_n2 t3[n2,n2']""",
    "an array and its transpose in one formula": """
        f(u[n2,n2']) -> z
        t1[n2,n2'] = tanh(u[n2,n2'] - 2*u[n2',n2])
        z[n2,n2'] = t1[n2,n2'] + t1[n2',n2]**2""",
    "a renamed axis on the way": """
        f(b[n2], y[n2]) -> z
        t1[n2] = b[n2]*y[n2]
        t2[n2,n2'] = y[n2]*t1[n2']
        z[n2] = Σ_n2' t2[n2,n2']""",
    "a temporary of one index in a line over two": """
        f(b[n2], u[n2,n2']) -> z
        t1[n2] = exp(b[n2])
        z[n2,n2'] = t1[n2]/(1 + b[n2']**2)""",
    "results that are temporaries": """
        f(b[n2]) -> t1, t3
        t1[n2] = exp(b[n2])
        t2[n2] = t1[n2] + b[n2]
        t3[n2] = 2*t2[n2]""",
    "equal results": """
        f(b[n2]) -> t1, t2
        t1[n2] = exp(b[n2])
        t2[n2] = exp(b[n2])""",
    "a result equal to a later one": """
        f(w[n2,n1], a1[n1]) -> z, v
        z[n2] = Σ_n1 w[n2,n1] a1[n1]
        v[n2] = Σ_n1 w[n2,n1] a1[n1]""",
    "a result that is a parameter": """
        f(b[n2], s) -> z, b
        t1[n2] = b[n2]*s
        z[n2] = t1[n2] + 1""",
    "a result that is read again": """
        f(b[n2]) -> z, v
        z[n2] = exp(b[n2])
        v[n2] = z[n2]/(1 + z[n2])""",
    "dead code that feeds what is overwritten": """
        f(b[n2], w[n2,n1], a1[n1]) -> b_new
        t1[n2] = Σ_n1 w[n2,n1] a1[n1]
        t2[n2] = exp(t1[n2])
        t3[n2] = t2[n2] + 1
        b_new[n2] = b[n2] - t1[n2]
        b is overwritten by b_new""",
    "updates that read each other's old values": """
        f(b[n2], y[n2]) -> b_new, y_new
        t1[n2] = b[n2] + y[n2]
        t2[n2] = b[n2]*y[n2]
        b_new[n2] = b[n2] - t1[n2]
        y_new[n2] = y[n2] - t2[n2]
        b is overwritten by b_new
        y is overwritten by y_new""",
    "nothing but dead code": """
        f(b[n2], s) -> b
        t1[n2] = exp(b[n2])
        t2[n2] = t1[n2] + s""",
    "scalars": """
        f(b[n2], s) -> z
        t1 = s**2
        t2 = t1 + s
        z[n2] = b[n2]*t2 + t1""",
    "a number": """
        f(b[n2]) -> z
        t1 = 3
        t2 = 3
        z[n2] = b[n2]*t1 + t2""",
    "a logarithm in a logarithm": """
        f(b[n2], y[n2]) -> z
        t1[n2] = log(1 + exp(b[n2]*y[n2]))
        z[n2] = log(exp(t1[n2]) + 1) + log(2 + exp(b[n2]))""",
    "a square that a root takes back": """
        f(b[n2]) -> z
        t1[n2] = b[n2]**2
        z[n2] = t1[n2]**(1/2)""",
    "branches": """
        f(b[n2], y[n2]) -> z
        t1[n2] = b[n2]*y[n2]
        z[n2] = Piecewise((exp(t1[n2]), t1[n2] <= 0), (1 + y[n2], True))""",
    "a branch on a branch": """
        f(b[n2]) -> z
        t1[n2] = Piecewise((0, b[n2] <= 0), (b[n2], True))
        z[n2] = Piecewise((0, t1[n2] <= 0), (t1[n2], True))""",
    "three factors": """
        f(w[n2,n1], a1[n1], b[n2]) -> z
        z = Σ_n2,n1 w[n2,n1] a1[n1] b[n2]""",
    "three factors on one axis": """
        f(b[n2], y[n2], u[n2,n2']) -> z
        z[n2] = Σ_n2' b[n2'] y[n2'] u[n2,n2']""",
    "an axis that all factors share and the target keeps": """
        f(b[n2], y[n2], w[n2,n1]) -> z
        z[n2] = Σ_n1 b[n2] y[n2] w[n2,n1]""",
    "an axis of one factor alone": """
        f(b[n2], a1[n1], y[n2]) -> z
        z[n2] = Σ_n1 b[n2] a1[n1] y[n2]""",
    "four factors": """
        f(w[n2,n1], u[n2,n2'], b[n2], a1[n1]) -> z
        z[n2] = Σ_n2',n1 u[n2,n2'] w[n2',n1] a1[n1] b[n2]""",
    "four factors around a ring": """
        f(w[n2,n1], u[n2,n2']) -> z
        z = Σ_n2,n2',n1,n1' w[n2,n1] w[n2',n1] w[n2',n1'] w[n2,n1']""",
    "a factor twice": """
        f(b[n2], y[n2]) -> z
        z = Σ_n2 b[n2] b[n2] y[n2]""",
    "a factor three times": """
        f(b[n2]) -> z
        z[n2] = b[n2] b[n2] b[n2]""",
    "a factor at two places": """
        f(b[n2], u[n2,n2']) -> z
        z = Σ_n2,n2' b[n2] u[n2,n2'] b[n2']""",
    "a pair that keeps the second index and sums over the first": """
        f(b[n2], y[n2], u[n2,n2']) -> z
        z[n2'] = Σ_n2 u[n2,n2'] b[n2] y[n2']""",
    "a product that was computed before": """
        f(w[n2,n1], b[n2], a1[n1]) -> z, v
        t1[n1] = Σ_n2 w[n2,n1] b[n2]
        z[n1] = t1[n1] + a1[n1]
        v = Σ_n2,n1' w[n2,n1'] a1[n1'] b[n2]""",
    "a second index in the target alone": """
        f(w[n2,n1], b[n2]) -> z
        t1[n2'] = Σ_n1 w[n2',n1]
        z[n2,n2'] = b[n2]*t1[n2']""",
    "equal sums under two names of the index": """
        f(b[n2]) -> z
        t1 = Σ_n2 b[n2]
        t2 = Σ_n2' b[n2']
        t3 = max_n2 b[n2]
        z[n2] = b[n2]*t1 + t2 + t3""",
}


@pytest.mark.parametrize("kind", BY_HAND)
def test_the_law_by_hand(kind: str) -> None:
    """Each pass alone, all in their order, and all again."""
    program = Program("by hand", SIZES, (read(BY_HAND[kind]),))
    values = values_for(program.functions[0], SIZES, 1)
    for order in (*((rewrite,) for rewrite in SINGLE), SINGLE, SINGLE[::-1], SINGLE * 2):
        made = optimize(program, order)
        assert_same_meaning(program.functions[0], made.functions[0], values)


# --- the law of over_batch -----------------------------------------------------------------


def assert_batch_law(rewrite: Pass, program: Program, seed: int, samples: int = 3) -> None:
    """forward and loss are stacked, cost and gradients are means, all else has no samples."""
    after = passes.apply(rewrite, program)
    assert after.sizes == (("m", "m"), *program.sizes)
    assert [f.name for f in after.functions] == [f.name for f in program.functions]
    for single in program.functions:
        batched = after.function(single.name)
        if single.name not in ("forward", "loss", "cost", "gradients"):
            assert batched == single
            continue
        assert [array.name for array in batched.results] == [a.name for a in single.results]
        assert batched.overwrites == single.overwrites
        # All that a loss takes belongs to a sample; of other functions, only the data.
        per_sample = [x.name for x in single.parameters]
        if single.name != "loss":
            per_sample = [name for name in per_sample if name in ("a1", "y")]
        given = [array for array in batched.parameters if array.name != "m"]
        assert given == [
            Array(x.name, ("m", *x.axes)) if x.name in per_sample else x for x in single.parameters
        ]
        values = values_for(batched, after.sizes, seed, samples)
        apart = [
            interpret(single, {**values, **{x: values[x][i] for x in per_sample}})
            for i in range(samples)
        ]
        found = interpret(batched, values)
        stacked = single.name in ("forward", "loss")
        for result in single.results:
            each = np.array([one[result.name] for one in apart])
            expected = each if stacked else each.mean(axis=0)
            if single.name == "forward" and "m" not in batched.results[0].axes:
                expected = each[0]
            np.testing.assert_allclose(found[result.name], expected, rtol=1e-9, atol=1e-12)


@settings(max_examples=20)
@given(any_program(), st.integers(0, 99), st.integers(1, 4))
def test_a_batch_is_the_mean_of_its_samples(program: Program, seed: int, samples: int) -> None:
    assert_batch_law(over_batch, program, seed, samples)


OTHERS = (
    read("cost(a1[n1], y[n2]) -> c  |  c = Σ_n2 y[n2]"),
    read("gradients(a1[n1], y[n2]) -> dy  |  dy[n2] = y[n2]"),
)


@settings(max_examples=60)
@given(drawn=functions(), seed=st.integers(0, 9))
def test_forward_is_stacked_for_drawn_functions(drawn: Function, seed: int) -> None:
    one = replace(drawn, results=drawn.results[:1])
    assert_batch_law(over_batch, Program("drawn", SIZES, (one, *OTHERS)), seed)


@settings(max_examples=60)
@given(drawn=functions(), seed=st.integers(0, 9))
def test_losses_are_stacked_for_drawn_functions(drawn: Function, seed: int) -> None:
    """Whatever the function takes, there is one of it for each sample."""
    function = replace(drawn, name="loss")
    assert_batch_law(over_batch, Program("drawn", SIZES, (function, *OTHERS)), seed)


@settings(max_examples=60)
@given(drawn=functions(read_results=False), seed=st.integers(0, 9))
def test_gradients_are_means_for_drawn_functions(drawn: Function, seed: int) -> None:
    function = replace(drawn, name="gradients")
    assert_batch_law(over_batch, Program("drawn", SIZES, (OTHERS[0], function)), seed)


BATCHES = {
    "a sum": "dz[n1] = Σ_n2 w[n2,n1] y[n2]",
    "a product": "dz[n2,n1] = y[n2] a1[n1]",
    "an alias": "dz[n2] = y[n2]",
    "a formula": "dz[n2] = exp(y[n2])*b[n2]",
    "an alias times one": "dz[n2,n1] = y[n2] + 0*a1[n1] + w[n2,n1]",
    "a reduction": "dz = Σ_n1 a1[n1]",
    "a maximum": "dz = max_n2 y[n2]",
    "what no sample changes": "dz[n1] = Σ_n2 w[n2,n1] b[n2]",
    "a parameter itself": "dz[n2] = b[n2]",
    "a sum of parameters": "dz = Σ_n2 b[n2]",
    "a formula of parameters": "dz[n2] = exp(b[n2])",
}


@pytest.mark.parametrize("kind", BATCHES)
def test_means_by_hand(kind: str) -> None:
    line = BATCHES[kind].replace(" + 0*a1[n1]", "")
    axes = line.partition(" = ")[0]
    function = read(f"gradients(w[n2,n1], b[n2], a1[n1], y[n2]) -> dz  |  {line}")
    assert str(function.results[0]) == axes
    assert_batch_law(over_batch, Program("by hand", SIZES, (OTHERS[0], function)), 1)


def test_the_number_of_samples_stands_behind_the_data() -> None:
    made = passes.apply(over_batch, lowered(penalised(Network("2-3-1"), "l1", "l2"), EVERYTHING))
    heads = {f.name: " ".join(array.name for array in f.parameters) for f in made.functions}
    assert heads == {
        "forward": "w2 b2 w3 b3 a1",
        "cost": "w2 b2 w3 b3 a1 y m l1 l2",
        "loss": "a3 y",
        "gradients": "w2 b2 w3 b3 a1 y m l1 l2",
        "penalty": "w2 b2 w3 b3 l1 l2",
        "rate": "t learning_rate total_steps",
        "clip": "g clip_norm",
        "decay": "theta learning_rate weight_decay",
        "update": "theta g m1 s t learning_rate beta1 beta2 eps",
    }


def test_a_batch_of_batches_is_refused() -> None:
    with pytest.raises(ProgramError):
        optimize(lowered(Network("2-3-1")), (over_batch, over_batch))


# --- broken passes are caught --------------------------------------------------------------

# No axis gives itself away by its size; and all functions that there are.
SQUARE = lowered(
    penalised(Network("3-3:softmax-3", cost="quadratic"), "l2"),
    Training(OPTIMIZERS["adamw"], SCHEDULES["step"], clip_norm=1.0),
)

Change = Callable[[Function, int], Function | None]


def first_line(change: Change, name: str) -> Pass:
    """A pass that changes one line of a function: the first that it can."""

    def corrupt(program: Program) -> Program:
        function = program.function(name)
        changed = (change(function, number) for number in range(len(function.body)))
        broken = next(each for each in changed if each is not None)
        functions = (broken if each is function else each for each in program.functions)
        return replace(program, functions=tuple(functions))

    return corrupt


def can_break(change: Change, function: Function) -> bool:
    return any(change(function, number) is not None for number in range(len(function.body)))


def plants(*changes: Change) -> list[Any]:
    """Each change in each function of SQUARE that it can be made in."""
    found = []
    for change in changes:
        places = [f.name for f in SQUARE.functions if can_break(change, f)]
        assert places, f"nothing to break by {change.__name__}"
        found += [
            pytest.param(first_line(change, x), id=f"{change.__name__} in {x}") for x in places
        ]
    return found


def with_line(function: Function, number: int, *lines: Instruction) -> Function:
    return replace(function, body=(*function.body[:number], *lines, *function.body[number + 1 :]))


def drop(function: Function, number: int) -> Function | None:
    return with_line(function, number)


def swap_axes(function: Function, number: int) -> Function | None:
    line = function.body[number]
    if len(line.target.axes) < 2:
        return None
    target = Array(line.target.name, line.target.axes[::-1])
    return with_line(function, number, replace(line, target=target))


def transpose_a_factor(function: Function, number: int) -> Function | None:
    line = function.body[number]
    if not isinstance(line, Contract) or len(line.factors[0].axes) < 2:
        return None
    first = Array(line.factors[0].name, line.factors[0].axes[::-1])
    return with_line(function, number, replace(line, factors=(first, *line.factors[1:])))


def forget_a_prime(function: Function, number: int) -> Function | None:
    """Σ_n3,n2' w[n3,n2'] a[n2'] d[n3] -> the same with n2 in one factor."""
    line = function.body[number]
    if not isinstance(line, Contract) or Array("w3", ("n3", "n2'")) not in line.factors:
        return None
    factors = (Array("w3", ("n3", "n2")), *line.factors[1:])
    return with_line(function, number, replace(line, factors=factors))


def drop_a_factor(function: Function, number: int) -> Function | None:
    line = function.body[number]
    if not isinstance(line, Contract):
        return None
    kept = line.factors[:-1]
    if not set(line.target.axes) <= {axis for array in kept for axis in array.axes}:
        return None
    return with_line(function, number, replace(line, factors=kept))


def sum_for_maximum(function: Function, number: int) -> Function | None:
    line = function.body[number]
    if not isinstance(line, Reduce) or line.how != "sum":
        return None
    return with_line(function, number, replace(line, how="max"))


def flip_a_sign(function: Function, number: int) -> Function | None:
    line = function.body[number]
    if not isinstance(line, Map) or line.target.name != "d3":
        return None
    return with_line(function, number, replace(line, formula=-line.formula))


def lose_precision(function: Function, number: int) -> Function | None:
    line = function.body[number]
    if not isinstance(line, Map) or line.target.name != "d3":
        return None
    near = line.formula * sympy.Float("1.0000001")
    return with_line(function, number, replace(line, formula=near))


def read_z_for_a(function: Function, number: int) -> Function | None:
    line = function.body[number]
    if not isinstance(line, Contract) or Array("a2", ("n2",)) not in line.factors:
        return None
    factors = tuple(Array("z2", x.axes) if x.name == "a2" else x for x in line.factors)
    return with_line(function, number, replace(line, factors=factors))


def exchange_lines(function: Function, number: int) -> Function | None:
    if number == 0:
        return None
    line, before = function.body[number], function.body[number - 1]
    if before.target not in arguments_of(line):
        return None
    return replace(
        with_line(function, number, before),
        body=(*function.body[: number - 1], line, before, *function.body[number + 1 :]),
    )


def forget_a_result(function: Function, number: int) -> Function | None:
    return replace(function, results=function.results[:-1], overwrites=function.overwrites[:-1])


def exchange_results(function: Function, number: int) -> Function | None:
    if len(function.results) < 2:
        return None
    return replace(function, results=function.results[::-1])


def exchange_updates(function: Function, number: int) -> Function | None:
    if len(function.overwrites) < 2:
        return None
    (m, m_), (s, s_), *rest = function.overwrites
    return replace(function, overwrites=((m, s_), (s, m_), *rest))


def read_before_the_update(function: Function, number: int) -> Function | None:
    """θ by the m of the last step, where it is by that of this one."""
    line = function.body[number]
    if not isinstance(line, Map) or Array("m1_new", ("p",)) not in line.arguments:
        return None
    old, new = Array("m1", ("p",)), Array("m1_new", ("p",))
    read_ = tuple(old if x == new else x for x in line.arguments)
    formula = line.formula.xreplace({new.symbol: old.symbol})
    return with_line(function, number, replace(line, formula=formula, arguments=read_))


def one_step_off(function: Function, number: int) -> Function | None:
    """t - 1 for t, as a trainer would have it that counts from 0."""
    line = function.body[number]
    if not isinstance(line, Map) or Array("t") not in line.arguments:
        return None
    t = Array("t").symbol
    return with_line(function, number, replace(line, formula=line.formula.xreplace({t: t - 1})))


def drop_a_parameter(function: Function, number: int) -> Function | None:
    return replace(function, parameters=function.parameters[:-2])


def exchange_parameters(function: Function, number: int) -> Function | None:
    return replace(function, parameters=function.parameters[::-1])


def merge_by_formula_alone(function: Function, number: int) -> Function | None:
    """u = Σ w x, v = Σ w' x' -> v = u, as a pass would that does not look at the names."""
    line = function.body[number]
    for earlier in function.body[:number]:
        both = isinstance(line, Contract) and isinstance(earlier, Contract)
        if both and line.target.axes == earlier.target.axes:
            copy = Map(line.target, earlier.target.symbol, (earlier.target,), line.equation)
            return with_line(function, number, copy)
    return None


# Some leave a program that means nothing, and some one that means something else.
NOTHING = (
    drop,
    swap_axes,
    transpose_a_factor,
    exchange_lines,
    drop_a_parameter,
)
SOMETHING_ELSE = (
    forget_a_prime,
    drop_a_factor,
    sum_for_maximum,
    flip_a_sign,
    lose_precision,
    read_z_for_a,
    merge_by_formula_alone,
    forget_a_result,
    exchange_results,
    exchange_updates,
    exchange_parameters,
    read_before_the_update,
    one_step_off,
)


@pytest.mark.parametrize("corrupt", plants(*NOTHING))
def test_a_pass_that_breaks_a_program_is_caught_by_check(corrupt: Pass) -> None:
    with pytest.raises(ProgramError):
        passes.apply(corrupt, SQUARE)


@pytest.mark.parametrize("corrupt", plants(*SOMETHING_ELSE))
def test_a_pass_that_changes_the_meaning_is_caught_by_the_law(corrupt: Pass) -> None:
    passes.apply(corrupt, SQUARE)
    with pytest.raises(AssertionError):
        assert_law(corrupt, SQUARE, 1)


def sum_for_mean(program: Program) -> Program:
    """Σ_m without 1/m."""
    m = Array("m").symbol
    return _formulas(over_batch(program), lambda formula: formula.xreplace({m: sympy.Integer(1)}))


def one_sample_too_many(program: Program) -> Program:
    m = Array("m").symbol
    return _formulas(over_batch(program), lambda formula: formula.xreplace({m: m + 1}))


def mean_of_outputs(program: Program) -> Program:
    """a3[m,n3] -> a3[m,n3] Σ_m a3[m,n3]: samples must not meet in forward."""
    made = over_batch(program)
    forward = made.function("forward")
    (output,) = forward.results
    old = Array("t90", output.axes)
    lines = (
        *(replace(line, target=old) if line.target == output else line for line in forward.body),
        read_line("t91[n3] = Σ_m t90[m,n3]"),
        read_line("a3[m,n3] = t90[m,n3]*t91[n3]"),
    )
    return replace(made, functions=(replace(forward, body=lines), *made.functions[1:]))


def mean_of_losses(program: Program) -> Program:
    """c[m] -> Σ_m c[m]/m: a loss is one sample's own."""
    made = over_batch(program)
    loss = made.function("loss")
    *before, last = loss.body
    lines = (
        *before,
        replace(last, target=Array("t90", ("m",))),
        read_line("c = Σ_m t90[m]"),
    )
    changed = replace(loss, body=lines, results=(Array("c"),))
    return replace(made, functions=tuple(changed if f is loss else f for f in made.functions))


def an_update_for_each_sample(program: Program) -> Program:
    """theta[p] -> theta[m,p], and so on: there is one network, however many samples."""
    made = over_batch(program)
    update = made.function("update")

    def each(array: Array) -> Array:
        return Array(array.name, ("m", *array.axes)) if array.axes else array

    body = tuple(
        passes.reading(line, each(line.target), tuple(map(each, arguments_of(line))))
        for line in update.body
    )
    parameters, results = (
        tuple(map(each, arrays)) for arrays in (update.parameters, update.results)
    )
    changed = replace(update, parameters=parameters, body=body, results=results)
    return replace(made, functions=tuple(changed if f is update else f for f in made.functions))


def _formulas(program: Program, change: Callable[[sympy.Expr], sympy.Expr]) -> Program:
    made = []
    for function in program.functions:
        body = []
        for line in function.body:
            if isinstance(line, Map):
                formula = change(line.formula)
                used = tuple(x for x in line.arguments if x.symbol in formula.free_symbols)
                line = replace(line, formula=formula, arguments=used)
            body.append(line)
        made.append(replace(function, body=tuple(body)))
    return replace(program, functions=tuple(made))


@pytest.mark.parametrize(
    "corrupt",
    [
        sum_for_mean,
        one_sample_too_many,
        mean_of_outputs,
        mean_of_losses,
        an_update_for_each_sample,
    ],
)
def test_a_broken_batch_is_caught_by_the_law(corrupt: Pass) -> None:
    passes.apply(corrupt, SQUARE)
    with pytest.raises(AssertionError):
        assert_batch_law(corrupt, SQUARE, 1)


# --- what the passes achieve ---------------------------------------------------------------

ARCHITECTURES = {
    "2-3-4-1": {},
    "64-30-10:softmax": {},
    "3-4:relu-2:softmax": {},
    "5-6:tanh-4-3": {"cost": "cross_entropy"},
    "3-4:softmax-2:softmax": {"cost": "quadratic"},
    "3-5:softmax-4:softmax-2:softmax": {},
    "5-3:softmax-4:softmax": {"cost": "cross_entropy"},
    "2-3:identity-4:identity": {},
}

# Where a cost needs 1 - a of a softmax: what is not ahead is lifted, by an exponential of its own.
LEADS = ["5-3:softmax-4:softmax"]

each_architecture = pytest.mark.parametrize("formula", ARCHITECTURES)


def optimized(formula: str) -> Program:
    return optimize(lowered(Network(formula, **ARCHITECTURES[formula])))


def alias(line: Instruction) -> bool:
    return isinstance(line, Map) and line.formula.is_Symbol


@each_architecture
def test_no_two_lines_compute_the_same(formula: str) -> None:
    """By value, so that neither the order of factors nor the letter of an index can hide it."""
    made = optimized(formula)
    for function in made.functions:
        values = values_for(function, made.sizes, 2)
        found = [everything(function, values)]
        far = next((name for name in ("b3", "z3") if name in values), None)
        if formula in LEADS and far is not None:
            # One output far ahead: near 0 nothing is lifted, and far out e^{z - max} is a.
            values[far] = values[far] + np.array([90.0, 0.0, 1.0, 2.0])
            found.append(everything(function, values))
        # a2 = z2, where the activation is the identity, is not computed.
        names = [line.target.name for line in function.body if not alias(line)]
        for number, name in enumerate(names):
            for other in names[:number]:
                both = [(computed[name], computed[other]) for computed in found]
                same = all(
                    x.shape == y.shape and np.allclose(x, y, rtol=1e-12, atol=0) for x, y in both
                )
                assert not same, f"{function.name}: {other} is {name}"


@each_architecture
def test_no_line_is_dead(formula: str) -> None:
    for function in optimized(formula).functions:
        needed = {array.name for line in function.body for array in arguments_of(line)}
        needed |= {array.name for array in function.results}
        assert {line.target.name for line in function.body} <= needed


@each_architecture
def test_no_product_has_more_than_two_factors(formula: str) -> None:
    for function in optimized(formula).functions:
        for line in function.body:
            assert not isinstance(line, Contract) or len(line.factors) == 2


@each_architecture
def test_each_activation_is_computed_once_and_slopes_need_no_exponential(formula: str) -> None:
    """One exp or tanh a layer, or none: ln(1 + e^u) of a cost stands in place of the last one.

    A loss that reads z has that one alone; one that reads a has none, and an update neither.
    """
    network = Network(formula, **ARCHITECTURES[formula])
    whole = sum(layer.activation.name not in ("relu", "identity") for layer in network.layers)
    by_z = any(x.name.startswith("z") for x in optimized(formula).function("loss").parameters)
    for function in optimized(formula).functions:
        expected = {"loss": int(by_z), "update": 0}.get(function.name, whole)
        if formula in LEADS and function.name in ("cost", "loss", "gradients"):
            expected += 1
        found = sum(
            sum(str(line.formula).count(name) for name in ("exp(", "tanh("))
            for line in function.body
            if isinstance(line, Map)
        )
        assert found == expected, function.name


@each_architecture
def test_the_temporaries_of_a_layer_wait_for_their_equation(formula: str) -> None:
    """What is elementwise and read once, by an elementwise line, stands in that line."""
    for function in optimized(formula).functions:
        readers: dict[str, list[Instruction]] = {}
        for line in function.body:
            for array in arguments_of(line):
                readers.setdefault(array.name, []).append(line)
        for line in function.body:
            if isinstance(line, Map) and not line.equation:
                (first, *more) = readers[line.target.name]
                assert more or not isinstance(first, Map), line


# Lines of forward, cost, loss, gradients and update, for one sample before the passes, and after.
LENGTHS = {
    "2-3-4-1": ((9, 11, 2, 20, 1), (9, 12, 2, 26, 1)),
    "64-30-10:softmax": ((10, 16, 6, 17, 1), (9, 12, 6, 20, 1)),
    "3-4:relu-2:softmax": ((10, 16, 6, 17, 1), (9, 12, 6, 20, 1)),
    "3-4:softmax-2:softmax": ((14, 16, 2, 24, 1), (12, 15, 2, 26, 1)),
}


@pytest.mark.parametrize("formula", LENGTHS)
def test_the_number_of_lines(formula: str) -> None:
    before = lowered(Network(formula, **ARCHITECTURES[formula]))
    counts = tuple(
        tuple(len(function.body) for function in made.functions)
        for made in (before, optimized(formula))
    )
    assert counts == LENGTHS[formula]


@settings(max_examples=15)
@given(any_program())
def test_a_second_time_changes_nothing(program: Program) -> None:
    """Each pass, and all after the batch together, leave alone what they have made."""
    made = optimize(program)
    again = optimize(made, SINGLE)
    assert again.functions == made.functions
    for rewrite in SINGLE:
        once = passes.apply(rewrite, program)
        assert passes.apply(rewrite, once).functions == once.functions, rewrite.__name__


def test_the_history_names_the_passes() -> None:
    assert optimized("2-3-4-1").history == ("lower", *NAMES)
    assert lowered(Network("2-3-4-1")).history == ("lower",)


def test_optimize_takes_the_passes_that_it_is_given() -> None:
    program = lowered(Network("2-3-4-1"))
    assert optimize(program, ()) is program
    assert optimize(program, [passes.drop_dead]).history == ("lower", "drop_dead")


def test_a_program_that_a_pass_breaks_is_not_returned() -> None:
    with pytest.raises(ProgramError, match=r"^update: "):
        optimize(lowered(Network("2-3-4-1")), [first_line(drop, "update")])


def test_open_widths_are_optimized_alike() -> None:
    closed, opened = (optimize(lowered(Network(text))) for text in ("2-3-4-1", "i-j-k-l"))
    assert opened.functions == closed.functions


SHOW = """
import sys
sys.path[:0] = {path!r}
from programs import lowered
from symnet.network.architecture import Network
from symnet.program.passes import optimize
for formula, options in {architectures!r}.items():
    print(optimize(lowered(Network(formula, **options))))
"""


def test_the_same_bytes_whatever_the_hash_seed() -> None:
    """Nothing in a program may depend on the order of a set."""
    script = SHOW.format(path=[str(Path(__file__).parent), *sys.path], architectures=ARCHITECTURES)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONUTF8": "1"},
            stdout=subprocess.PIPE,
        )
        for seed in ("1", "2")
    ]
    first, second = (process.communicate()[0].decode() for process in running)
    assert first == second
    assert first.startswith("program for 2-3-4-1: m = m, n1 = 2")


# --- as they print -------------------------------------------------------------------------


def test_golden_program(golden: Golden) -> None:
    golden("program-2-3-4-1.txt", f"{lowered(Network('2-3-4-1'))}\n")


def test_golden_program_with_all_functions(golden: Golden) -> None:
    """Penalties, a schedule, clipping, and an optimizer with a state and a decay."""
    network = penalised(Network("2-1:identity"), "l2", "l1")
    golden("program-everything.txt", f"{lowered(network, EVERYTHING)}\n")


@pytest.mark.parametrize(
    ("file", "network", "function"),
    [
        ("2-3-4-1", Network("2-3-4-1"), "gradients"),
        ("softmax", Network("3-4:softmax-2:softmax", cost="quadratic"), "gradients"),
        ("cross-entropy", Network("2-1", cost="cross_entropy"), "cost"),
    ],
)
def test_golden_passes(file: str, network: Network, function: str, golden: Golden) -> None:
    """A function before all passes, and what each pass changes in it, line by line."""
    program = lowered(network)
    text = f"{program.function(function)}\n"
    for rewrite in PIPELINE:
        after = passes.apply(rewrite, program)
        before_, after_ = (str(made.function(function)).splitlines() for made in (program, after))
        diff = difflib.unified_diff(before_, after_, n=0, lineterm="")
        changes = [line for line in diff if not line.startswith(("---", "+++", "@@"))]
        text += f"\n== {rewrite.__name__}: {' '.join((rewrite.__doc__ or '').split())}\n"
        text += "".join(f"{line}\n" for line in changes) or "nothing changes\n"
        program = after
    golden(f"passes-{file}.txt", text)


def test_golden_optimized(golden: Golden) -> None:
    golden("optimized-3-4relu-2softmax.txt", f"{optimized('3-4:relu-2:softmax')}\n")
