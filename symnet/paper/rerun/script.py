"""A refuted formula as a few lines of NumPy that anyone can run to see it fail.

The script knows no rule of the calculus: it computes a small network forward and takes every
derivative as a difference quotient: a number is moved a little, and all that depends on it is
computed again. It has the numbers that `Instance` draws and only the lines that both sides need.

>>> from symnet.calculus.counterexample import Setting
>>> from symnet.term import mul, number, power
>>> z, two = Symbol("z"), number(2)
>>> trial = Trial(power(z, two.value), mul(two, z), Setting(None, None), (2, 2), 7, {}, {})
>>> print(numpy_lines(trial))
# Both sides of the formula at numbers that tell them apart.
z = 1/2
left = z**2
right = 2 * z
print(f"left = {left:.10g}, right = {right:.10g}")  # exactly: left = 1/4, right = 1
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from symnet.calculus.counterexample import Instance
from symnet.errors import SymnetError
from symnet.network.functions import A, Y
from symnet.paper.claims.verdicts import Trial, positive_number
from symnet.paper.rerun.formulas import LONGEST, UnsayableError, numpy_text
from symnet.paper.rerun.forward import forward_lines, slope_lines
from symnet.paper.rerun.lines import array, rows, table, wrapped
from symnet.paper.rerun.names import Functions, Names
from symnet.paper.rerun.needs import Key, Needs
from symnet.paper.rerun.terms import Writer
from symnet.term import (
    Axis,
    Delta,
    Index,
    LayerNumber,
    Size,
    Sum,
    Symbol,
    Term,
    at_layer,
    free_indices,
    walk,
)

MOST_LINES = 70  # of a script that a person reads
PAGE_SIZE = 3  # of an axis that is not a layer, as in trials


def numpy_lines(trial: Trial) -> str:
    """A script that computes and prints both sides; a comment where no short one can."""
    try:
        return _script(trial)
    except SymnetError as error:
        reason = str(error).partition("\n")[0]
    except RecursionError:
        reason = "the formula is nested too deeply"
    except (ArithmeticError, ValueError):
        reason = "its numbers are too large"
    return f"# There are no short lines of NumPy for this formula: {reason}."


@dataclass(frozen=True, slots=True)
class Page:
    """The sizes of the axes that are no layers, and what is positive; the rest is chance."""

    positive: frozenset[str]

    def size(self, axis: Axis) -> int | None:
        """As in trials."""
        return None if axis.name == "n" else PAGE_SIZE

    def symbol(self, symbol: Symbol, positions: tuple[int, ...]) -> Fraction | None:
        """The number of a positive symbol."""
        return positive_number(symbol.name) if symbol.name in self.positive else None


def _script(trial: Trial) -> str:
    numbers = {name: LayerNumber("", at) for name, at in trial.layers.items()}
    numbers.setdefault("L", LayerNumber("", len(trial.widths)))
    sides = [at_layer(side, numbers) for side in (trial.left, trial.right)]
    instance = Instance(trial.widths, trial.setting, trial.seed, Page(trial.positive))
    exact = [instance.value(side, trial.layers, trial.indices) for side in sides]

    def size(axis: Axis) -> int:
        return int(instance.value(Size(axis), trial.layers, {}))

    needs = Needs(len(trial.widths), size)
    for side in sides:
        needs.survey(side)
    lines = [
        *_body(trial, sides, needs, instance),
        f'print(f"left = {{left:.10g}}, right = {{right:.10g}}")  # {_shown(exact)}',
    ]
    if len(lines) > MOST_LINES:
        raise UnsayableError(f"they would be {len(lines)}")
    code = "\n".join(lines)
    modules = {"math.": "import math", "np.": "import numpy as np"}
    imports = [line for used, line in modules.items() if used in code]
    return "\n".join([*_head(trial, needs), *imports, code])


def _body(trial: Trial, sides: list[Term], needs: Needs, instance: Instance) -> list[str]:
    """All lines up to those of both sides, whose names are given in the order of the lines."""
    letters = {index.name for side in sides for index in _indices(side)}
    network = bool(needs.named or needs.moved)
    names = Names(letters | trial.indices.keys() | trial.layers.keys(), network)
    others = {key: names.free(f"{key[0]}{key[1] or ''}") for key in needs.others}
    functions = Functions(instance, names)
    forward = list(forward_lines(needs, functions))
    free = {index for side in sides for index in free_indices(side)}
    given = {x: names.letter(x) for x in sorted({i.name for i in free} & trial.indices.keys())}
    places: dict[Index | str, str] = {i: given[i.name] for i in free if i.name in given}
    places.update(given)
    left, right = map(Writer(needs, names, functions, others, places).text, sides)
    return [
        *_network(needs, instance),
        *_others(trial, needs, instance, others),
        *functions.lines,
        *_cost(needs, instance),
        *forward,
        *slope_lines(needs),
        *_free(trial, given),
        *wrapped(f"left = {left}"),
        *wrapped(f"right = {right}"),
    ]


def _indices(term: Term) -> Iterator[Index]:
    for part in walk(term):
        match part:
            case Symbol(_, _, indices):
                yield from indices
            case Delta(left, right):
                yield from (left, right)
            case Sum(index, _):
                yield index


def _head(trial: Trial, needs: Needs) -> list[str]:
    """What the numbers are of."""
    if not needs.named:
        return ["# Both sides of the formula at numbers that tell them apart."]
    widths = ", ".join(map(str, trial.widths))
    said = f"# A network with {widths} neurons in its layers 1 to {needs.last}"
    letters = [f"{k} = {v}" for k, v in trial.layers.items() if k != "L"]
    if letters:
        said += f"; in the formula {', '.join(letters)}"
    layer = max(needs.last - 1, 1)
    return [
        said + ".",
        f"# Layers are counted from 1, neurons from 0: a[{layer}][0] is a_1 of layer {layer}.",
    ]


def _network(needs: Needs, instance: Instance) -> Iterator[str]:
    """W, b, x and y, of the layers that are needed."""
    for name, draw in (("W", instance.weights), ("b", instance.biases)):
        wanted = sorted({*range(2, needs.top + 1), *needs.layers.get(name, ())})
        if wanted:
            lines = [f"{layer}: {array(draw(layer))}" for layer in wanted]
            yield from table(f"{name} = {{", lines, "}")
    if needs.top:
        yield f"x = {array(instance.inputs())}  # the input, a of layer 1"
    if {"y", "C"} & needs.named or "y" in needs.moved:
        yield f"y = {array(instance.targets())}  # the desired output"


def _others(trial: Trial, needs: Needs, instance: Instance, names: dict[Key, str]) -> Iterator[str]:
    """What the page has besides the network, at numbers."""

    def drawn(key: Key, sizes: tuple[int, ...], *at: int) -> Any:
        name, layer = key
        if sizes:
            return tuple(drawn(key, sizes[1:], *at, k) for k in range(1, sizes[0] + 1))
        if name in trial.positive:
            return positive_number(name)
        return instance.chance("symbol", name, str(layer), at)

    for key, sizes in needs.others.items():
        yield from wrapped(f"{names[key]} = {array(drawn(key, sizes))}")


def _cost(needs: Needs, instance: Instance) -> Iterator[str]:
    """C of a^L and y."""
    formula = instance.setting.cost
    if "C" not in needs.named:
        return
    if formula is not None:
        if formula.free_symbols - {A, Y}:
            raise UnsayableError("its cost depends on more than a and y")
        yield from wrapped(f"cost = lambda a, y: np.sum({numpy_text(formula)})")
        return
    drawn, count = instance.cost_coefficients(), instance.widths[-1]
    squares = [((Fraction(0),) * i + row[2 : 2 + count - i]) for i, row in enumerate(drawn)]
    targets = [row[2 + count - i :] for i, row in enumerate(drawn)]
    yield from table("c, d = ", [array(tuple(row[at] for row in drawn)) for at in (0, 1)], "")
    yield from table("Q = np.array([", rows(squares), "])")
    yield from table("R = np.array([", rows(targets), "])")
    yield "cost = lambda a, y: c @ a + d @ a**3 + a @ Q @ a + a @ R @ y  # any smooth C will do"


def _free(trial: Trial, letters: dict[str, str]) -> Iterator[str]:
    """Free indices at their places."""
    if letters:
        at = [trial.indices[name] for name in letters]
        said = ", ".join(f"{x} = {y}" for x, y in zip(letters.values(), at, strict=True))
        here = ", ".join(str(y - 1) for y in at)
        yield f"{', '.join(letters.values())} = {here}  # counted from 1: {said}"


def _shown(values: list[Any]) -> str:
    """Both sides as they are, or to ten digits where that would be long."""
    left, right = values
    if all(isinstance(x, Fraction) and len(str(x)) <= LONGEST for x in values):
        return f"exactly: left = {left}, right = {right}"
    return f"to ten digits: left = {float(left):.10g}, right = {float(right):.10g}"
