"""What things are called in a script: free names, and functions with their lines."""

import builtins
import keyword
import re
from collections.abc import Set

import sympy

from symnet.calculus.counterexample import Instance
from symnet.calculus.coupled import couples
from symnet.paper.rerun.formulas import (
    UnsayableError,
    coupled_text,
    identifier,
    numpy_function,
    numpy_text,
    polynomial_text,
)
from symnet.paper.rerun.lines import wrapped
from symnet.term import ARGUMENT, ScalarFunction

SHORT = frozenset({"W", "b", "z", "a", "x", "y", "C", "l", "c", "d", "Q", "R"})
RESERVED = SHORT | frozenset(
    {"np", "math", "L", "h", "at", "of", "cost", "forward", "slope", "partial", "delta", "left"}
    | {"right", "nudges", "step", "place", "layer", "name"}
)
LETTERS = "jkimpqrstuv"  # for entries that the formula has no letter for


class Names:
    """Names that are in use; without a network the short ones are free."""

    def __init__(self, letters: Set[str], network: bool) -> None:
        self.letters = letters  # of the formula
        self.taken = {*(RESERVED if network else RESERVED - SHORT), *keyword.kwlist, *dir(builtins)}
        self._letters: dict[str, str] = {}

    def free(self, name: str) -> str:
        """A name that is not taken, as much like a name as can be."""
        made = identifier(name)
        while made in self.taken:
            made += "_"
        self.taken.add(made)
        return made

    def letter(self, name: str) -> str:
        """A letter's name; a letter of ours, r1 and its like, becomes one that is not in use."""
        if name not in self._letters:
            shown = name
            if re.fullmatch(r"r\d+", name):
                used = self.taken | self.letters
                shown = next((letter for letter in LETTERS if letter not in used), name)
            self._letters[name] = self.free(shown)
        return self._letters[name]


class Functions:
    """The functions of a script, each with its line where it is first called."""

    def __init__(self, instance: Instance, names: Names) -> None:
        self.instance, self.names = instance, names
        self.lines: list[str] = []
        self._called: dict[tuple[str, sympy.Expr | None, int], str] = {}

    def called(self, function: ScalarFunction) -> str:
        """The name of a function."""
        if function.name == "σ" and function.formula is None:
            layer = function.layer.offset if function.layer is not None else None
            return self.activation(layer, function.order)
        drawn = f"function {function.name}"
        return self._function(function.name, function.formula, function.order, drawn)

    def activation(self, layer: int | None, order: int = 0) -> str:
        """σ of a layer, where it has one of its own, or a derivative of it."""
        setting = self.instance.setting
        if setting.has_output and layer == len(self.instance.widths):
            return self._function("σ_L", setting.output, order, "σ of L")
        if setting.per_layer and layer is not None and setting.activation is None:
            return self._function(f"σ_{layer}", None, order, f"σ of {layer}")
        return self._function("σ", setting.activation, order, "σ")

    def _function(self, name: str, formula: sympy.Expr | None, order: int, drawn: str) -> str:
        """What a function is called; without a formula it is the polynomial that is drawn."""
        key = name, formula, order
        if key not in self._called:
            known = numpy_function(formula) if formula is not None and not order else ""
            self._called[key] = known or self._define(name, formula, order, drawn)
        return self._called[key]

    def _define(self, name: str, formula: sympy.Expr | None, order: int, drawn: str) -> str:
        base = name.rstrip("'")
        primes = order + len(name) - len(base)
        called = self.names.free(
            f"{'d' * (primes > 0)}{primes if primes > 1 else ''}{identifier(base)}"
        )
        note = f"  # {base}{chr(39) * primes}"
        if formula is None:
            text = polynomial_text(self.instance.polynomial(drawn), order)
            note = note if order else f"  # any smooth {name} will do"
        elif couples(formula):
            text = coupled_text(formula)
        elif formula.free_symbols - {ARGUMENT}:
            raise UnsayableError(f"{name} depends on more than one number")
        else:
            text = numpy_text(sympy.diff(formula, ARGUMENT, order))
        if "z" not in text:
            text += " + 0 * z"  # as many numbers as there are in z
        self.lines += wrapped(f"{called} = lambda z: {text}{note if called != base else ''}")
        return called
