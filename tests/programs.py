"""Programs to test with: lowered from networks, read from text, and drawn; and numbers to run them.

A program is read back from what it prints, so that one made by hand stands in a test as the index
equations that it is:

>>> print(read("f(w[n2,n1], x[n1]) -> z  |  t1[n2] = Σ_n1 w[n2,n1] x[n1]  |  z[n2] = tanh(t1[n2])"))
f(w[n2,n1], x[n1]) -> z
    t1[n2] = Σ_n1 w[n2,n1] x[n1]
    z[n2] = tanh(t1[n2])
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import sympy
from hypothesis import strategies as st
from reference import Layer, layers
from sympy.codegen.cfunctions import log1p

from symnet.calculus.derivation import derive, numbers
from symnet.network import equations
from symnet.network.architecture import Network
from symnet.network.functions import ACTIVATIONS, COSTS, PENALTIES
from symnet.network.notation import l
from symnet.network.optimizers import CLIP, OPTIMIZERS, SCHEDULES, Optimizer, Training
from symnet.program.interpreter import interpret
from symnet.program.ir import Array, Contract, Function, Instruction, Map, Program, Reduce, plain
from symnet.program.lowering import lower
from symnet.term import equation_at

Values = dict[str, Any]

# --- from a network ------------------------------------------------------------------------


def program(network: Network, training: Training | Optimizer) -> Program:
    """The unoptimised program of a network, as the pipeline makes it, but without the proof."""
    training = Training(training) if isinstance(training, Optimizer) else training
    derived = derive(network)
    forward = [
        equation_at(equation, numbers(network, number))
        for number in range(2, network.L + 1)
        for equation in (
            equations.weighted_input(l),
            equations.activation(network.layer(number).activation, l),
        )
    ]
    cost = equation_at(equations.cost(network.cost), numbers(network, network.L))
    backward = [
        derived.formula(label, number)
        for number in range(network.L, 1, -1)
        for label in ("BP1" if number == network.L else "BP2", "BP3", "BP4")
    ]
    return lower(network, forward, cost, backward, training)


SGD = Training(OPTIMIZERS["sgd"])


@lru_cache(maxsize=1000)
def lowered(network: Network, training: Training = SGD) -> Program:
    """The unoptimised program, with plain gradient descent if nothing else is said, made once."""
    return program(network, training)


def penalised(network: Network, *names: str) -> Network:
    """The network with penalties on its weights."""
    chosen = tuple(PENALTIES[name] for name in names)
    return Network.of(network.inputs, network.layers, network.cost, (), chosen)


# A program with all functions that a program may have: rate, clip, decay, update, penalty.
EVERYTHING = Training(OPTIMIZERS["adamw"], SCHEDULES["cosine"], clip_norm=1.0)


COSTS_AFTER = {
    "sigmoid": ("quadratic", "cross_entropy", "log_likelihood"),
    "softmax": ("log_likelihood", "quadratic", "cross_entropy"),
}


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Any architecture of up to three layers of parameters, any activations, a cost that fits."""
    pieces = [str(draw(st.integers(1, 4)))]
    activation, width = "", 0
    for _ in range(draw(st.integers(1, 3))):
        activation = draw(st.sampled_from(tuple(ACTIVATIONS)))
        width = draw(st.integers(2 if activation == "softmax" else 1, 4))
        pieces.append(f"{width}:{activation}")
    costs = COSTS_AFTER.get(activation, ("quadratic",))
    # Σ y = 1 says nothing of a single output.
    cost = draw(st.sampled_from([c for c in costs if width > 1 or not COSTS[c].normalised]))
    return Network("-".join(pieces), cost=cost)


@st.composite
def trainings(draw: st.DrawFn) -> Training:
    """Any optimizer with any schedule, clipping or not."""
    return Training(
        draw(st.sampled_from(tuple(OPTIMIZERS.values()))),
        draw(st.sampled_from(tuple(SCHEDULES.values()))),
        draw(st.sampled_from((None, 1.0))),
    )


PENALTY_NAMES = ((), ("l2",), ("l1",), ("l2", "l1"))


@st.composite
def any_program(draw: st.DrawFn) -> Program:
    """The program of any network, penalised or not, trained in any way."""
    network = penalised(draw(networks()), *draw(st.sampled_from(PENALTY_NAMES)))
    return lowered(network, draw(trainings()))


def reference_layers(network: Network, values: Mapping[str, Any]) -> list[Layer]:
    """The network as tests/reference.py takes it."""
    return layers(values, [layer.activation.name for layer in network.layers])


# --- numbers to run it on ------------------------------------------------------------------

# The names of all numbers that an optimizer, a schedule or clipping leaves to the user.
CHOSEN = {
    name
    for each in (*OPTIMIZERS.values(), *SCHEDULES.values())
    for setting in (*each.settings, CLIP)
    for name in setting.numbers
}


def values_for(
    function: Function, sizes: Iterable[tuple[str, int | str]], seed: int, samples: int = 3
) -> Values:
    """A value for every parameter, drawn around 0; desired outputs between 0 and 1, of sum 1.

    The outputs that a loss takes and what the user may choose are between 0 and 1 too, means of
    squares above 0, and it is the 8th step.
    """
    rng = np.random.default_rng(seed)
    extent = {**dict(sizes), "m": samples, "p": 7, "q": 4}
    values: Values = {}
    for parameter in function.parameters:
        value = rng.normal(size=tuple(extent[plain(axis)] for axis in parameter.axes))
        if parameter.name == "y":
            value = np.exp(value) / np.exp(value).sum(axis=-1, keepdims=True)
        elif parameter.name == "m":
            value = np.asarray(float(samples))
        elif parameter.name == "t":
            value = np.asarray(8.0)
        elif parameter.name in CHOSEN or re.fullmatch(r"a(?!1$)\d+", parameter.name):
            value = 1 / (1 + np.exp(-value))
        elif parameter == Array("s", ("p",)):
            value = value**2
        values[parameter.name] = value
    return values


def everything(function: Function, values: Values) -> Values:
    """What each line computes, by the name of its target."""
    targets = tuple(line.target for line in function.body)
    return interpret(replace(function, results=targets, overwrites=()), values)


def assert_slopes_of_the_cost(made: Program, values: Values, h: float = 1e-4) -> None:
    """The gradients say how the program's own cost changes, in a few directions at once.

    By differences of fourth order, which are right to about eleven places.
    """
    gradients = interpret(made.function("gradients"), values)
    rng = np.random.default_rng(0)
    for _ in range(3):
        way = {name: rng.normal(size=np.shape(g)) for name, g in gradients.items()}

        def cost_at(step: float, way: Values = way) -> float:
            moved = {name[1:]: values[name[1:]] + step * v for name, v in way.items()}
            return float(interpret(made.function("cost"), {**values, **moved})["c"])

        near, far = cost_at(h) - cost_at(-h), cost_at(2 * h) - cost_at(-2 * h)
        found = sum(float(np.sum(g * way[name])) for name, g in gradients.items())
        np.testing.assert_allclose(found, (8 * near - far) / (12 * h), rtol=1e-8, atol=1e-9)


# --- reading what is printed ---------------------------------------------------------------

_ARRAY = re.compile(r"\b(?!pi\b)([a-z]\w*)(\[[^\]]*\])?(?![\w(])")


def read(text: str) -> Function:
    """A function from its listing; lines may also be parted by |. A `t…` is a temporary."""
    head, *lines = (line.strip() for line in re.split(r"\n|\|", text.strip()) if line.strip())
    name, _, rest = head.partition("(")
    parameters, _, results = rest.rpartition(") -> ")
    body = [read_line(line) for line in lines if " = " in line]
    updates = [line.split(" is overwritten by ") for line in lines if " = " not in line]
    given = tuple(_array(*found.groups()) for found in _ARRAY.finditer(parameters))
    axes = {array.name: array.axes for array in (*given, *(line.target for line in body))}
    return Function(
        name,
        given,
        tuple(body),
        tuple(Array(result, axes.get(result, ())) for result in results.split(", ")),
        tuple((new, old) for old, new in updates),
    )


def read_line(text: str) -> Instruction:
    """An instruction from its index equation."""
    left, _, right = text.partition(" = ")
    target = _array(*_ARRAY.fullmatch(left).groups())
    equation = "" if re.fullmatch(r"t\d+(_\w+)?", target.name) else target.name
    head, *words = right.split(" ")
    if head.startswith("max_"):
        return Reduce(target, "max", _array(*_ARRAY.fullmatch(words[0]).groups()), equation)
    if not head.startswith("Σ_"):
        words = [head, *words]
    factors = [_ARRAY.fullmatch(word) for word in words]
    if all(factors) and (len(words) > 1 or head.startswith("Σ_")):
        arrays = tuple(_array(*factor.groups()) for factor in factors)
        if len(arrays) > 1:
            return Contract(target, arrays, equation)
        return Reduce(target, "sum", arrays[0], equation)
    places: dict[Array, str] = {}  # SymPy reads names only: x0 stands for z2[n2], x1 for z2[n2']
    text = _ARRAY.sub(
        lambda found: places.setdefault(_array(*found.groups()), f"x{len(places)}"), right
    )
    symbols = {name: array.symbol for array, name in places.items()}
    formula = sympy.sympify(text, locals={**symbols, "log1p": log1p})
    return Map(target, formula, tuple(places), equation)


def _array(name: str, axes: str | None) -> Array:
    return Array(name, tuple(axes[1:-1].split(",")) if axes else ())


# --- drawing functions ---------------------------------------------------------------------

SIZES = (("n1", 2), ("n2", 3))
GIVEN = (
    Array("w", ("n2", "n1")),
    Array("u", ("n2", "n2'")),
    Array("b", ("n2",)),
    Array("s"),
    Array("a1", ("n1",)),
    Array("y", ("n2",)),
)

_X = sympy.symbols("x0:3", real=True)
FORMULAS = {
    1: (
        _X[0],
        -_X[0],
        _X[0] / 2 + 1,
        sympy.tanh(_X[0]),
        sympy.exp(-(_X[0] ** 2)),
        sympy.log(1 + sympy.exp(_X[0])),
        sympy.Piecewise((0, _X[0] <= 0), (_X[0], True)),
    ),
    2: (
        _X[0] + _X[1],
        _X[0] - _X[1],
        _X[0] * _X[1],
        _X[0] / (1 + _X[1] ** 2),
        _X[1] * sympy.tanh(_X[0]),
        sympy.log(1 + sympy.exp(_X[0] * _X[1])),
        _X[1] + sympy.exp(-(_X[0] ** 2)),
    ),
    3: (_X[0] * _X[1] - _X[2], sympy.tanh(_X[0]) * (_X[1] + _X[2])),
}


@st.composite
def functions(draw: st.DrawFn, read_results: bool = True) -> Function:
    """Any straight-line function over two axes, with what a pass could trip over in it.

    Arrays are read under second names of their axes, lines repeat each other, temporaries are
    results, results are read again (unless that is excluded), and some lines are dead.
    """
    known = list(GIVEN)
    body: list[Instruction] = []
    for number in range(1, draw(st.integers(2, 7)) + 1):
        equation = draw(st.sampled_from(("", "", "named")))
        body.append(draw(_instructions(known, f"t{number}", equation)))
        known.append(body[-1].target)
    if body and draw(st.booleans()):
        # The same right-hand side again is what merge_equal looks for.
        again = draw(st.sampled_from(body))
        target = Array("t8", again.target.axes)
        body.append(replace(again, target=target, equation=draw(st.sampled_from(("", "named")))))
        other = draw(st.sampled_from((again.target, *known)))
        if other.axes == target.axes and other.name != "t8":
            both = Map(Array("t9", target.axes), target.symbol * other.symbol + 1, (target, other))
            body.append(both)
    targets = [line.target for line in body]
    if not read_results:
        used = {array.name for line in body for array in _read(line)}
        targets = [target for target in targets if target.name not in used]
    results = draw(st.lists(st.sampled_from(targets), min_size=1, max_size=3, unique=True))
    return Function("forward", GIVEN, tuple(body), tuple(results))


@st.composite
def _instructions(draw: st.DrawFn, known: list[Array], name: str, equation: str) -> Instruction:
    kind = draw(st.sampled_from((Map, Map, Contract, Reduce)))
    if kind is Map:
        chosen = draw(st.lists(st.sampled_from(known), min_size=1, max_size=3))
        placed = [draw(_places(array)) for array in chosen]
        arguments = tuple({array.symbol: array for array in placed}.values())
        symbols = dict(zip(_X, (array.symbol for array in arguments), strict=False))
        formula = draw(st.sampled_from(FORMULAS[len(arguments)])).xreplace(symbols)
        target = Array(name, tuple(draw(st.permutations(_axes(arguments)))))
        return Map(target, formula, arguments, equation)
    if kind is Reduce:
        argument = draw(_places(draw(st.sampled_from([x for x in known if x.axes]))))
        lost = draw(st.sampled_from(argument.axes))
        target = Array(name, tuple(axis for axis in argument.axes if axis != lost))
        return Reduce(target, draw(st.sampled_from(("sum", "max"))), argument, equation)
    chosen = draw(st.lists(st.sampled_from(known), min_size=2, max_size=4))
    factors = tuple(draw(_places(array)) for array in chosen)
    axes = draw(st.permutations(_axes(factors)))
    kept = axes[: draw(st.integers(0, min(2, len(axes))))]
    return Contract(Array(name, tuple(kept)), factors, equation)


@st.composite
def _places(draw: st.DrawFn, array: Array) -> Array:
    """The array as an argument: at its own axes, or at second names of them."""
    names = {plain(axis): [plain(axis), plain(axis) + "'"] for axis in array.axes}
    order = {axis: draw(st.permutations(both)) for axis, both in names.items()}
    taken: dict[str, int] = {}
    axes = []
    for axis in map(plain, array.axes):
        axes.append(order[axis][taken.get(axis, 0)])
        taken[axis] = taken.get(axis, 0) + 1
    return Array(array.name, tuple(axes))


def _axes(arrays: Iterable[Array]) -> list[str]:
    return list(dict.fromkeys(axis for array in arrays for axis in array.axes))


def _read(line: Instruction) -> tuple[Array, ...]:
    match line:
        case Contract(_, factors):
            return factors
        case Map(_, _, arguments):
            return arguments
        case Reduce(_, _, argument):
            return (argument,)
