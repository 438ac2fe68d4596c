"""A refuted formula as a few lines of NumPy that anyone can run to see it fail.

The script knows no rule of the calculus: it computes a small network forward and takes every
derivative as the central difference of a number that is moved a little, with all that depends on it
computed again. It has the numbers that `Instance` draws and only the lines that both sides need.

>>> from symnet.calculus.counterexample import Setting
>>> z, two = Symbol("z"), number(2)
>>> trial = Trial(power(z, two.value), mul(two, z), Setting(None, None), (2, 2), 7, {}, {})
>>> print(numpy_lines(trial))
# Both sides of the formula at numbers that tell them apart.
z = 1/2
left = z**2
right = 2 * z
print(f"left = {left:.10g}, right = {right:.10g}")  # exactly: left = 1/4, right = 1
"""

import builtins
import keyword
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import Any

import sympy
from sympy.printing.str import StrPrinter

from symnet.calculus.counterexample import Instance
from symnet.errors import SymnetError
from symnet.network import notation as n
from symnet.network.functions import A, Y
from symnet.paper.claims import Trial
from symnet.term import (
    ARGUMENT,
    Addition,
    Apply,
    Axis,
    Delta,
    Index,
    LayerNumber,
    Number,
    Partial,
    Power,
    Product,
    ScalarFunction,
    Size,
    Sum,
    Symbol,
    Term,
    at_layer,
    free_indices,
    mul,
    number,
    power,
)

LINE = 100  # characters of a line
MOST_NUMBERS = 500  # in a script that a person reads
STEPS = {0: "1e-5", 1: "1e-5", 2: "3e-4", 3: "1e-3"}  # by how many derivatives are nested
PAGE_SIZE = 3  # of an axis that is not a layer, as in claims

# How strongly Python binds.
SUM, SIGN, PRODUCT, ATOM = range(4)
Piece = tuple[str, int]

# The names of the network's quantities in the script, and how many indices each has.
QUANTITIES = {"w": ("W", 2), "b": ("b", 1), "z": ("z", 1), "a": ("a", 1), "δ": ("delta", 1)}
STATE = ("z", "a", "C", "W", "b", "y")  # what forward() may return, in this order
RESERVED = frozenset(
    {"np", "math", "W", "b", "z", "a", "x", "y", "C", "L", "l", "h", "c", "d", "Q", "R", "at", "of"}
    | {"cost", "forward", "slope", "partial", "delta", "left", "right", "nudges"}
    | {"sigma", "step", "up", "down", "place", "layer", "name"}
)
LETTERS = "jkimpqrstuv"  # for entries that the formula has no letter for


class UnsayableError(SymnetError):
    """What a short script cannot say."""


def numpy_lines(trial: Trial) -> str:
    """A script that computes and prints both sides; a comment where no short one can."""
    try:
        return Script(trial).text()
    except (UnsayableError, SymnetError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    except RecursionError:
        reason = "the formula is nested too deeply"
    except (ArithmeticError, ValueError):
        reason = "its numbers are too large"
    return f"# There are no short lines of NumPy for this formula: {reason}."


class Page:
    """The sizes of the axes that are no layers; all numbers are left to chance."""

    def size(self, axis: Axis) -> int | None:
        """As in claims."""
        return None if axis.name == "n" else PAGE_SIZE

    def symbol(self, symbol: Symbol, positions: tuple[int, ...]) -> Fraction | None:
        """No symbol has a number of its own."""
        return None


# --- what both sides need ------------------------------------------------------------------


@dataclass(slots=True)
class Needs:
    """What stands in both sides: outside of derivatives, inside of them, and what they are by."""

    outside: set[str] = field(default_factory=set)
    inside: set[str] = field(default_factory=set)
    moved: dict[str, set[int | None]] = field(default_factory=dict)  # and the layers of each
    layers: dict[str, set[int]] = field(default_factory=dict)
    opaque: dict[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    deltas: bool = False
    partials: bool = False  # by something that is no quantity of the network
    depth: int = 0  # derivatives inside each other
    nested: bool = False  # whether a derivative by the network stands inside another

    @property
    def all(self) -> set[str]:
        """The quantities of the network that stand anywhere."""
        return self.outside | self.inside


def quantity(symbol: Symbol) -> str | None:
    """What a quantity of the network is called in the script; None for any other symbol."""
    if symbol.layer is not None:
        name, indices = QUANTITIES.get(symbol.name, (None, 0))
        return name if indices == len(symbol.indices) else None
    if symbol.name in ("x", "y") and len(symbol.indices) == 1:
        known = symbol.indices[0].axis.name == "n"
        return {"x": "a", "y": "y"}[symbol.name] if known else None
    return "C" if symbol == n.COST else None


def layer_of(symbol: Symbol) -> int | None:
    """The number of a symbol's layer; x is a of layer 1."""
    if symbol.layer is None:
        return 1 if symbol.name == "x" else None
    if symbol.layer.name:
        raise UnsayableError(f"layer {symbol.layer} has no number")
    return symbol.layer.offset


# --- the script ----------------------------------------------------------------------------

Places = Mapping[Index | str, str]  # what indices are called, by themselves and by their letters


class Script:
    """The lines for one trial."""

    def __init__(self, trial: Trial) -> None:
        numbers = {name: LayerNumber("", at) for name, at in trial.layers.items()}
        numbers.setdefault("L", LayerNumber("", len(trial.widths)))
        self.trial, self.setting = trial, trial.setting
        self.left, self.right = (at_layer(side, numbers) for side in (trial.left, trial.right))
        self.instance = Instance(trial.widths, trial.setting, trial.seed, Page())
        indices: dict[Index | str, int] = dict(trial.indices.items())
        self.exact = [
            self.instance.value(side, trial.layers, indices) for side in (self.left, self.right)
        ]
        self.depth = len(trial.widths)
        self.needs = Needs()
        for side in (self.left, self.right):
            self._survey(side, 0, 0)
        self.taken = set(RESERVED) | set(keyword.kwlist) | set(dir(builtins))
        if not self.needs.all:  # z alone is any number
            self.taken -= {"z", "a", "x", "y", "b", "l", "c", "d", "C"}
        self.functions: dict[tuple[str, Any, int], str] = {}
        self.defined: list[str] = []
        self.opaque = {key: self._free(key[0] + key[1]) for key in self.needs.opaque}
        self.letters: dict[str, str] = {}
        self.numbers = 0

    def _survey(self, term: Term, networks: int, depth: int) -> None:
        """Note what a term needs that stands inside so many derivatives, by the network or any."""
        needs = self.needs
        match term:
            case Symbol():
                self._survey_symbol(term, networks, depth)
            case Partial(of, by, direct):
                if direct:
                    raise UnsayableError("a derivative of a right-hand side by itself")
                name = quantity(by)
                if name is None:
                    needs.partials = True
                    self._survey_opaque(by)
                else:
                    self._survey_moved(name, layer_of(by))
                    needs.nested |= networks > 0
                needs.depth = max(needs.depth, depth + 1)
                self._survey(of, networks + (name is not None), depth + 1)
            case Apply(_, inside) | Power(inside, _) | Sum(_, inside):
                self._survey(inside, networks, depth)
            case Product(parts) | Addition(parts):
                for part in parts:
                    self._survey(part, networks, depth)

    def _survey_symbol(self, symbol: Symbol, networks: int, depth: int) -> None:
        needs, name = self.needs, quantity(symbol)
        if name is None:
            self._survey_opaque(symbol)
        elif name == "delta":
            needs.deltas = True
            self._survey_moved("z", layer_of(symbol))
            needs.inside.add("C")
            needs.nested |= networks > 0
            needs.depth = max(needs.depth, depth + 1)
        else:
            (needs.inside if networks else needs.outside).add(name)
            layer = layer_of(symbol)
            if layer is not None:
                needs.layers.setdefault(name, set()).add(layer)

    def _survey_moved(self, name: str, layer: int | None) -> None:
        self.needs.moved.setdefault(name, set()).add(layer)
        if name in "Wb" and layer is not None:
            self.needs.layers.setdefault(name, set()).add(layer)

    def _survey_opaque(self, symbol: Symbol) -> None:
        key = symbol.name, "" if symbol.layer is None else str(layer_of(symbol))
        sizes = [self._size(index.axis) for index in symbol.indices]
        known = self.needs.opaque.get(key, tuple(sizes))
        if len(known) != len(sizes):
            raise UnsayableError(f"{symbol.name} has one index at one place and more at another")
        self.needs.opaque[key] = tuple(map(max, known, sizes))

    def _size(self, axis: Axis) -> int:
        return int(self.instance.value(Size(axis), self.trial.layers, {}))

    def _free(self, name: str) -> str:
        """A name of Python's that is not taken, as much like a name as can be."""
        made = _identifier(name)
        while made in self.taken:
            made += "_"
        self.taken.add(made)
        return made

    # --- all lines ---------------------------------------------------------------------------

    def text(self) -> str:
        """The whole script."""
        forward = list(self._forward())
        places = self._places()
        left, right = (self._term(side, places, "")[0] for side in (self.left, self.right))
        body = [
            *self._network(),
            *self._opaque(),
            *self.defined,
            *self._cost(),
            *forward,
            *self._helpers(),
            *self._read(),
            *self._index_line(),
            *_wrapped(f"left = {left}"),
            *_wrapped(f"right = {right}"),
            f'print(f"left = {{left:.10g}}, right = {{right:.10g}}")  # {_shown(self.exact)}',
        ]
        if self.numbers > MOST_NUMBERS:
            raise UnsayableError(f"its network has {self.numbers} numbers")
        code = "\n".join(body)
        imports = [f"import {name}" for name in ("math",) if "math." in code]
        imports += ["import numpy as np"] if "np." in code else []
        return "\n".join([*self._head(), *imports, *body])

    def _head(self) -> list[str]:
        if not self.needs.all:
            return ["# Both sides of the formula at numbers that tell them apart."]
        widths = ", ".join(map(str, self.trial.widths))
        said = f"# A network with {widths} neurons in its layers 1 to {self.depth}"
        letters = [f"{k} = {v}" for k, v in self.trial.layers.items() if k != "L"]
        if letters:
            said += f"; in the formula {', '.join(letters)}"
        layer = max(self.depth - 1, 1)
        return [
            said + ".",
            f"# Layers are counted from 1, neurons from 0: a[{layer}][0] is a_1 of layer {layer}.",
        ]

    def _network(self) -> Iterator[str]:
        """W, b, x and y, of the layers that are needed."""
        top = self._top()
        instance, layers = self.instance, self.needs.layers
        for name, draw in (("W", instance.weights), ("b", instance.biases)):
            wanted = sorted({*range(2, top + 1), *layers.get(name, ())})
            if wanted:
                lines = [f"{layer}: {self._array(draw(layer))}" for layer in wanted]
                yield from _table(f"{name} = {{", lines, "}")
        if top:
            yield f"x = {self._array(instance.inputs())}  # the input, a of layer 1"
        if {"y", "C"} & self.needs.all or "y" in self.needs.moved:
            yield f"y = {self._array(instance.targets())}  # the desired output"

    def _top(self) -> int:
        """The highest layer that is computed; 0 if none is."""
        if "C" in self.needs.all:
            return self.depth
        layers = self.needs.layers
        return max(layers.get("z", set()) | layers.get("a", set()), default=0)

    def _opaque(self) -> Iterator[str]:
        """What the page has besides the network, at numbers."""
        for key, sizes in self.needs.opaque.items():
            name, layer = key
            where = LayerNumber("", int(layer)) if layer else None
            found: dict[tuple[int, ...], Fraction] = {}
            for at in product(*(range(1, size + 1) for size in sizes)):
                found[at] = self.instance.chance("symbol", name, str(where), at)
            yield from _wrapped(f"{self.opaque[key]} = {self._array(_shaped(found, sizes))}")

    def _array(self, values: Any) -> str:
        """Numbers as they are, in NumPy's brackets; an array of whole numbers has points."""
        if not isinstance(values, tuple):
            return _number(values)
        flat = list(_flat(values))
        self.numbers += len(flat)
        point = ".0" if all(part.denominator == 1 for part in flat) else ""

        def shown(part: Any) -> str:
            if isinstance(part, tuple):
                return f"[{', '.join(map(shown, part))}]"
            return _number(part) + point

        return f"np.array({shown(values)})"

    # --- functions ---------------------------------------------------------------------------

    def _function(self, name: str, formula: sympy.Expr | None, order: int, shown: str) -> str:
        """What a function is called; its line is added where it is new.

        Without a formula it is the polynomial of its name.
        """
        key = (name if formula is None else shown, formula, order)
        if key in self.functions:
            return self.functions[key]
        primes = len(shown) - len(shown.rstrip("'"))
        base = _identifier(shown.rstrip("'"))
        direct = _direct(formula) if formula is not None and order == 0 else ""
        if direct and not shown.startswith("σ"):
            self.functions[key] = direct
            return direct
        prefix = {0: "", 1: "d"}.get(order + primes, f"d{order + primes}")
        called = prefix + base
        if called != "sigma":
            called = self._free(called)
        self.functions[key] = called
        note = f"  # {shown.rstrip(chr(39))}{chr(39) * (order + primes)}"
        if formula is None:
            coefficients = self.instance.polynomial(name)
            text = _polynomial(coefficients, order)
            note = note if order else f"  # any smooth {shown} will do"
        else:
            if formula.free_symbols - {ARGUMENT}:
                raise UnsayableError(f"{shown} depends on more than one number")
            text = Printer().doprint(sympy.diff(formula, ARGUMENT, order))
            note = "" if called in (shown, base) and base != "sigma" else note
        if "z" not in text:
            text += " + 0 * z"
        line = f"{called} = {direct}" if direct else f"{called} = lambda z: {text}"
        self.defined += _wrapped(line + note if len(line + note) <= LINE else line)
        return called

    def _activation(self, layer: int | None, order: int = 0) -> str:
        """σ of a layer, where it has one of its own, or a derivative of it."""
        setting = self.setting
        if setting.has_output and layer == self.depth:
            return self._function("σ of L", setting.output, order, "σ_L")
        if setting.per_layer and layer is not None and setting.activation is None:
            return self._function(f"σ of {layer}", None, order, f"σ_{layer}")
        return self._function("σ", setting.activation, order, "σ")

    def _called(self, function: ScalarFunction) -> str:
        if function.name == "σ" and function.formula is None:
            layer = function.layer.offset if function.layer is not None else None
            return self._activation(layer, function.order)
        name = f"function {function.name}"
        return self._function(name, function.formula, function.order, function.name)

    def _cost(self) -> Iterator[str]:
        """C of a^L and y."""
        if "C" not in self.needs.all:
            return
        if self.setting.cost is not None:
            if self.setting.cost.free_symbols - {A, Y}:
                raise UnsayableError("its cost depends on more than a and y")
            formula = Printer().doprint(self.setting.cost)
            yield from _wrapped(f"cost = lambda a, y: np.sum({formula})")
            return
        rows, count = self.instance.cost_coefficients(), self.trial.widths[-1]
        zeros = [(Fraction(0),) * i for i in range(count)]
        squares = tuple((*zeros[i], *row[2 : 2 + count - i]) for i, row in enumerate(rows))
        targets = tuple(row[2 + count - i :] for i, row in enumerate(rows))
        c, d = (self._array(tuple(row[at] for row in rows)) for at in (0, 1))
        yield from _table("c, d = ", [c, d], "")
        yield from _table("Q = np.array([", self._rows(squares), "])")
        yield from _table("R = np.array([", self._rows(targets), "])")
        yield (
            "cost = lambda a, y: c @ a + d @ a**3 + a @ Q @ a + a @ R @ y  # any smooth C will do"
        )

    def _rows(self, rows: Iterable[tuple[Fraction, ...]]) -> list[str]:
        return [self._array(row).removeprefix("np.array(")[:-1] for row in rows]

    # --- the network -------------------------------------------------------------------------

    def _state(self) -> list[str]:
        """What forward() returns."""
        needs = self.needs
        found = [
            name
            for name in STATE
            if name in needs.all and (name in "zaC" or name in needs.inside & needs.moved.keys())
        ]
        return [*found, *(["nudges"] if needs.nested else [])]

    def _forward(self) -> Iterator[str]:
        """The forward pass: a function where derivatives are needed, else plain lines."""
        needs = self.needs
        if not needs.moved:
            yield from self._pass()
            return
        given = "*nudges" if needs.nested else "name=None, layer=None, place=None, step=0"
        yield ""
        yield f"def forward({given}):"
        what = "For each nudge, one" if needs.nested else "One"
        yield f"    # {what} entry is moved by a step, and all that depends on it is computed anew."
        yield from (f"    {line}" for line in self._pass())
        new = {name: f"new_{name}" for name in ("W", "b", "y")}
        found = ", ".join(new.get(name, name) for name in self._state())
        if "C" in needs.all and "C" not in needs.moved:
            found = re.sub(r"\bC\b", self._cost_here(), found)
        yield f"    return {found}," if len(self._state()) == 1 else f"    return {found or '()'}"

    def _move(self, name: str, at: str, entry: str, indent: str = "") -> Iterator[str]:
        """The lines that add a step to an entry, if it is the one."""
        if name not in self.needs.moved:
            return
        if self.needs.nested:
            yield f"{indent}for name, layer, place, step in nudges:"
            indent += "    "
        holds = f'(name, layer) == ("{name}", {at})' if at else f'name == "{name}"'
        yield f"{indent}if {holds}:"
        yield f"{indent}    {entry} += step"

    def _pass(self) -> Iterator[str]:
        """The lines of the forward pass."""
        needs, top = self.needs, self._top()
        for name in ("W", "b"):
            if name in needs.moved:
                yield f"new_{name} = {{l: {name}[l].copy() for l in {name}}}"
                yield from self._move(name, "", f"new_{name}[layer][place]")
        if top:
            moved = 1 in needs.moved.get("a", ())
            first = "x.copy()" if moved else "x"
            yield f"z, a = {{}}, {{1: {first}}}" if top > 1 else f"a = {{1: {first}}}"
            if moved:
                yield from self._move("a", "1", "a[1][place]")
        if top > 1:
            yield from self._layers(top)
        if "y" in needs.moved:
            yield "new_y = y.copy()"
            yield from self._move("y", "", "new_y[place]")
        if "C" in needs.all and (not needs.moved or "C" in needs.moved):
            yield f"C = {self._cost_here()}"
            yield from self._move("C", "", "C")

    def _cost_here(self) -> str:
        return f"cost(a[{self.depth}], {'new_y' if 'y' in self.needs.moved else 'y'})"

    def _layers(self, top: int) -> Iterator[str]:
        """z and a of the layers 2 to `top`."""
        needs = self.needs
        weights, biases = (f"new_{x}" if x in needs.moved else x for x in ("W", "b"))
        yield f"for l in range(2, {top + 1}):"
        yield f"    z[l] = {weights}[l] @ a[l - 1] + {biases}[l]"
        yield from self._move("z", "l", "z[l][place]", "    ")
        if top == 2 and "C" not in needs.all and 2 not in needs.layers.get("a", ()):
            return
        sigmas = [self._activation(layer) for layer in range(2, top + 1)]
        sigma = sigmas[0]
        if len(set(sigmas)) > 1:
            pairs = ", ".join(f"{layer}: {each}" for layer, each in enumerate(sigmas, start=2))
            sigma = f"{{{pairs}}}[l]"
        yield f"    a[l] = {sigma}(z[l])"
        if needs.moved.get("a", set()) - {1}:
            yield from self._move("a", "l", "a[l][place]", "    ")

    def _helpers(self) -> Iterator[str]:
        """Derivatives as central differences."""
        needs = self.needs
        if not needs.depth:
            return
        if needs.depth not in STEPS:
            raise UnsayableError(f"{needs.depth} derivatives inside each other")
        more, front = (", *nudges", "*nudges, ") if needs.nested else ("", "")
        at = f"{front}(name, layer, place, step)" if needs.nested else "name, layer, place, step"
        more, at = "", "name, layer, place, step"
        if needs.nested:
            more, at = ", *nudges", f"*nudges, ({at})"
        h = f"h={STEPS[needs.depth]}"
        yield ""
        if needs.moved:
            yield f"def slope(of, name, layer, place{more}, {h}):"
            yield f"    up, down = (of(*forward({at})) for step in (h, -h))"
            yield "    return (up - down) / (2 * h)"
        if needs.deltas:
            slope = f'slope({self._of_state("C")}, "z", layer, j{more})'
            yield from _wrapped(
                f"delta = lambda layer, j{more}: {slope}  # the error of a neuron, ∂C/∂z"
            )
        if needs.partials:
            yield f"def partial(of, at, place=(), {h}):"
            yield "    step = np.zeros(np.shape(at))"
            yield "    step[place] = h"
            yield "    return (of(at + step) - of(at - step)) / (2 * h)"
        yield ""

    def _of_state(self, text: str) -> str:
        """A function of what forward() returns."""
        return f"lambda {', '.join(self._state())}: {text}".replace("lambda :", "lambda:")

    def _read(self) -> Iterator[str]:
        """What stands outside of all derivatives, from a forward pass without nudges."""
        needs = self.needs
        state = self._state()
        wanted = [name if name in needs.outside and name in "zaC" else "_" for name in state]
        if needs.moved and set(wanted) - {"_"}:
            yield f"{', '.join(wanted)}{',' if len(wanted) == 1 else ''} = forward()"

    # --- both sides --------------------------------------------------------------------------

    def _places(self) -> dict[Index | str, str]:
        """What the free indices are called."""
        places: dict[Index | str, str] = {}
        free = free_indices(self.left) | free_indices(self.right)
        for name in sorted({index.name for index in free}):
            if name in self.trial.indices:
                called = self._letter(name)
                places[name] = called
                places |= {index: called for index in free if index.name == name}
        return places

    def _letter(self, name: str) -> str:
        """A letter's name; a letter of ours, r1 and its like, becomes one that is not in use."""
        if name not in self.letters:
            shown = name
            if re.fullmatch(r"r\d+", name):
                used = self.taken | set(self.trial.indices) | set(self.trial.layers)
                used |= {i.name for side in (self.left, self.right) for i in _letters(side)}
                shown = next((letter for letter in LETTERS if letter not in used), name)
            self.letters[name] = self._free(shown)
        return self.letters[name]

    def _index_line(self) -> Iterator[str]:
        """Free indices at their places."""
        places = {name: at for name, at in self._places().items() if isinstance(name, str)}
        if places:
            at = [self.trial.indices[name] for name in places]
            said = ", ".join(f"{x} = {y}" for x, y in zip(places.values(), at, strict=True))
            here = ", ".join(str(y - 1) for y in at)
            yield f"{', '.join(places.values())} = {here}  # counted from 1: {said}"

    def _place(self, index: Index, places: Places) -> str:
        found = places.get(index) or places.get(index.name)
        if found is not None:
            return found
        if index.name.isdecimal():
            return str(int(index.name) - 1)
        raise UnsayableError(f"nobody says what {index.name} is")

    def _term(self, term: Term, places: Places, nudges: str) -> Piece:
        """A term in Python; `nudges` is how those of the place are passed on, if there are any."""
        match term:
            case Number(value):
                strength = ATOM if value.denominator == 1 else PRODUCT
                return _number(value), SIGN if value < 0 else strength
            case Size(axis):
                return str(self._size(axis)), ATOM
            case Symbol():
                return self._symbol(term, places, nudges), ATOM
            case Delta(left, right):
                return f"({self._place(left, places)} == {self._place(right, places)})", ATOM
            case Apply(function, argument):
                if function.formula is not None and function.formula.is_number:
                    constant = Printer().doprint(function.formula)
                    return constant, ATOM if re.fullmatch(r"[\w.]+", constant) else SUM
                called = self._called(function)
                return f"{called}({self._term(argument, places, nudges)[0]})", ATOM
            case Addition(terms):
                return self._addition(terms, places, nudges), SUM
            case Product() | Power():
                return self._product(term, places, nudges)
            case Sum():
                return self._sum(term, places, nudges), ATOM
            case Partial(of, by):
                return self._partial(of, by, places, nudges), ATOM

    def _closed(self, term: Term, places: Places, nudges: str, at_least: int) -> str:
        text, strength = self._term(term, places, nudges)
        return text if strength >= at_least else f"({text})"

    def _addition(self, terms: Iterable[Term], places: Places, nudges: str) -> str:
        text = ""
        for term in terms:
            negative, rest = _sign(term)
            shown = self._closed(rest, places, nudges, SIGN if not negative else PRODUCT)
            if not text:
                text = f"-{shown}" if negative else shown
            else:
                text += f" {'-' if negative else '+'} {shown}"
        return text

    def _product(self, term: Product | Power, places: Places, nudges: str) -> Piece:
        negative, rest = _sign(term)
        if negative:
            return f"-{self._closed(rest, places, nudges, PRODUCT)}", SIGN
        factors = term.factors if isinstance(term, Product) else (term,)
        above: list[str] = []
        below: list[str] = []
        for factor in factors:
            if isinstance(factor, Power) and factor.exponent < 0:
                below.append(self._powered(power(factor.base, -factor.exponent), places, nudges))
            elif isinstance(factor, Number) and not above:
                above.append(_number(factor.value))
            else:
                above.append(self._powered(factor, places, nudges))
        text = " * ".join(above) or "1"
        if not below:
            return text, PRODUCT if len(above) > 1 else ATOM - (not _is_atom(factors[0]))
        return " / ".join([text, *below]), PRODUCT

    def _powered(self, term: Term, places: Places, nudges: str) -> str:
        """A factor, which may be a power."""
        if not isinstance(term, Power):
            return self._closed(term, places, nudges, ATOM)
        if term.exponent == Fraction(1, 2):
            return f"np.sqrt({self._term(term.base, places, nudges)[0]})"
        base = self._closed(term.base, places, nudges, ATOM)
        whole = term.exponent.denominator == 1 and term.exponent > 0
        return f"{base}**{term.exponent}" if whole else f"{base}**({term.exponent})"

    def _sum(self, term: Term, places: Places, nudges: str) -> str:
        """Sums inside each other are one sum over several letters."""
        loops, inner = "", dict(places)
        while isinstance(term, Sum):
            index = term.index
            called = self._letter(index.name)
            if called in inner.values() or called in loops.split():
                called = self._free(index.name)
            inner |= {index: called, index.name: called}
            loops += f" for {called} in range({self._size(index.axis)})"
            term = term.body
        return f"sum({self._term(term, inner, nudges)[0]}{loops})"

    def _symbol(self, symbol: Symbol, places: Places, nudges: str) -> str:
        name = quantity(symbol)
        at = ", ".join(self._place(index, places) for index in symbol.indices)
        if name is None:
            key = symbol.name, "" if symbol.layer is None else str(layer_of(symbol))
            return f"{self.opaque[key]}[{at}]" if at else self.opaque[key]
        if name == "delta":
            return f"delta({layer_of(symbol)}, {at}{nudges})"
        if name in ("y", "C"):
            return f"{name}[{at}]" if at else name
        return f"{name}[{layer_of(symbol)}][{at}]"

    def _partial(self, of: Term, by: Symbol, places: Places, nudges: str) -> str:
        name = quantity(by)
        at = ", ".join(self._place(index, places) for index in by.indices)
        place = f"({at})" if len(by.indices) != 1 else at
        if name is None:
            key = by.name, "" if by.layer is None else str(layer_of(by))
            called = self.opaque[key]
            inside = self._term(of, places, nudges)[0]
            return f"partial(lambda {called}: {inside}, {called}{f', {place}' if at else ''})"
        if name == "delta":
            raise UnsayableError("a derivative by δ")
        passed = ", *nudges" if self.needs.nested else ""
        inside = self._term(of, places, passed)[0]
        where = f'"{name}", {layer_of(by)}, {place}{nudges}'
        return f"slope({self._of_state(inside)}, {where})"


# --- words -----------------------------------------------------------------------------------


NAMES = {
    **{name: name for name in ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "sign")},
    **{f"a{name}": f"arc{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "Abs": "abs",
}
RECIPROCALS = {
    "cot": "tan", "sec": "cos", "csc": "sin", "coth": "tanh", "sech": "cosh", "csch": "sinh"
}  # fmt: skip


class Printer(StrPrinter):  # type: ignore[misc]
    """Formulas of SymPy as NumPy computes them."""

    def doprint(self, expr: sympy.Basic) -> str:
        """The formula."""
        text: str = super().doprint(expr)
        return re.sub(r"(?<![\w.])sqrt\(", "np.sqrt(", text)

    def _print_Function(self, expr: Any) -> str:
        name = type(expr).__name__
        inside = ", ".join(map(self._print, expr.args))
        if name in NAMES:
            return f"np.{NAMES[name]}({inside})"
        if name in RECIPROCALS:
            return f"(1/np.{RECIPROCALS[name]}({inside}))"
        if name == "erf":
            return f"np.vectorize(math.erf)({inside})"
        if name == "Heaviside":
            return f"np.heaviside({self._print(expr.args[0])}, 0)"
        raise UnsayableError(f"NumPy has no function {name}")

    def _print_Abs(self, expr: Any) -> str:
        return self._print_Function(expr)

    def _print_Max(self, expr: Any) -> str:
        name = {"Max": "maximum", "Min": "minimum"}[type(expr).__name__]
        *others, text = map(self._print, expr.args)
        for other in others:
            text = f"np.{name}({other}, {text})"
        return str(text)

    def _print_Min(self, expr: Any) -> str:
        return self._print_Max(expr)

    def _print_Piecewise(self, expr: Any) -> str:
        *branches, (last, condition) = expr.args
        if condition != sympy.true:
            raise UnsayableError("a function that is not defined everywhere")
        text: str = self._print(last)
        for value, holds in reversed(branches):
            text = f"np.where({self._print(holds)}, {self._print(value)}, {text})"
        return text

    def _print_And(self, expr: Any) -> str:
        return " & ".join(f"({self._print(part)})" for part in expr.args)

    def _print_Or(self, expr: Any) -> str:
        return " | ".join(f"({self._print(part)})" for part in expr.args)

    def _print_Pi(self, expr: Any) -> str:
        return "np.pi"

    def _print_Exp1(self, expr: Any) -> str:
        return "np.e"

    def emptyPrinter(self, expr: Any) -> str:
        """What has no line of its own above."""
        raise UnsayableError(f"NumPy has nothing for {type(expr).__name__}")


def _direct(formula: sympy.Expr) -> str:
    """np.tanh for tanh(z); empty for anything else."""
    name = NAMES.get(type(formula).__name__)
    return f"np.{name}" if name and formula.args == (ARGUMENT,) else ""


def _identifier(name: str) -> str:
    """A name in letters that Python and every keyboard have."""
    spelt = ""
    for sign in name.replace("∇", "grad_").replace("′", "_"):
        if sign.isascii():
            spelt += sign if sign.isalnum() or sign == "_" else ""
        else:
            spelt += unicodedata.name(sign, "").rpartition(" ")[2].lower()
    return spelt if spelt.isidentifier() else f"f_{spelt}"


def _number(value: Fraction) -> str:
    """A fraction as it is; one of many digits as a decimal."""
    shown = str(value)
    return shown if len(shown) <= 24 else repr(float(value))


def _shown(values: list[Any]) -> str:
    """Both sides as they are, or to ten digits where that would be long."""
    left, right = values
    if all(isinstance(x, Fraction) and len(str(x)) <= 24 for x in values):
        return f"exactly: left = {left}, right = {right}"
    return f"to ten digits: left = {float(left):.10g}, right = {float(right):.10g}"


def _flat(values: Any) -> Iterator[Fraction]:
    """The numbers of tuples in tuples."""
    if isinstance(values, tuple):
        for part in values:
            yield from _flat(part)
    else:
        yield values


def _polynomial(coefficients: Iterable[Fraction], order: int) -> str:
    """A polynomial in z, derived some times."""
    z = ARGUMENT
    formula = sum(
        (sympy.Rational(c.numerator, c.denominator) * z**k for k, c in enumerate(coefficients)),
        sympy.Integer(0),
    )
    terms = sympy.Poly(sympy.diff(formula, z, order), z).all_coeffs()[::-1]
    text = ""
    for k, coefficient in enumerate(terms):
        if coefficient == 0:
            continue
        shown = str(abs(coefficient)) + ("", "*z")[k > 0] + (f"**{k}" if k > 1 else "")
        sign = "-" if coefficient < 0 else "+"
        text += f" {sign} {shown}" if text else shown if sign == "+" else f"-{shown}"
    return text or "0"


def _sign(term: Term) -> tuple[bool, Term]:
    """Whether a term has a minus in front, and the term without it."""
    match term:
        case Number(value) if value < 0:
            return True, number(-value)
        case Product((Number(value), *_)) if value < 0:
            return True, mul(number(-1), term)
    return False, term


def _is_atom(term: Term) -> bool:
    return isinstance(term, Power) and term.exponent == Fraction(1, 2)


def _letters(term: Term) -> Iterator[Index]:
    match term:
        case Symbol(_, _, indices):
            yield from indices
        case Delta(left, right):
            yield from (left, right)
        case Sum(index, body):
            yield index
            yield from _letters(body)
        case Apply(_, inside) | Power(inside, _):
            yield from _letters(inside)
        case Partial(of, by):
            yield from (*_letters(of), *_letters(by))
        case Product(parts) | Addition(parts):
            for part in parts:
                yield from _letters(part)


def _shaped(values: Mapping[tuple[int, ...], Fraction], sizes: tuple[int, ...]) -> Any:
    """Entries as tuples of tuples."""

    def inside(front: tuple[int, ...]) -> Any:
        if len(front) == len(sizes):
            return values[front]
        return tuple(inside((*front, at)) for at in range(1, sizes[len(front)] + 1))

    return inside(())


def _table(head: str, rows: list[str], tail: str) -> list[str]:
    """Rows beside each other, as many as a line has room for."""
    lines, indent = [head], " " * len(head)
    for at, row in enumerate(rows):
        item = row + (tail if at == len(rows) - 1 else ",")
        between = " " if at and lines[-1] != indent else ""
        if at and len(lines[-1] + between + item) > LINE:
            lines.append(indent)
            between = ""
        first, *others = textwrap.wrap(item, LINE - len(head), break_long_words=False)
        lines[-1] += between + first
        lines += [indent + other for other in others]
    return lines


def _wrapped(line: str) -> list[str]:
    """A line, over several in brackets where it is too long, its comment above it."""
    if len(line) <= LINE:
        return [line]
    line, _, note = line.partition("  # ")
    above = [f"# {note}"] if note else []
    if len(line) <= LINE:
        return [*above, line]
    name, _, text = line.partition(" = ")
    lines = textwrap.wrap(text, LINE - 4, break_long_words=False, break_on_hyphens=False)
    return [*above, f"{name} = (", *(f"    {each}" for each in lines), ")"]
