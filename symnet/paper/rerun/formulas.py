"""Numbers, names and scalar formulas as NumPy has them, for scripts that people read.

>>> print(numpy_text(sympy.exp(-ARGUMENT) / sympy.sqrt(ARGUMENT)))
np.exp(-z)/np.sqrt(z)
"""

import re
import unicodedata
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import sympy
from sympy.printing.str import StrPrinter

from symnet.errors import SymnetError
from symnet.network.functions import J
from symnet.term import ARGUMENT

LONGEST = 24  # characters of an exact fraction

NAMES = {
    **{name: name for name in ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "sign")},
    **{f"a{name}": f"arc{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "Abs": "abs",
}
RECIPROCALS = {
    "cot": "tan", "sec": "cos", "csc": "sin", "coth": "tanh", "sech": "cosh", "csch": "sinh"
}  # fmt: skip
OTHERS = {"erf": "np.vectorize(math.erf)({})", "Heaviside": "np.heaviside({}, 0)"}


class UnsayableError(SymnetError):
    """What a short script cannot say."""


class Printer(StrPrinter):  # type: ignore[misc]
    """Formulas of SymPy as NumPy computes them."""

    def _print_Function(self, expr: Any) -> str:
        name, inside = type(expr).__name__, self._print(expr.args[0])
        if name in NAMES:
            return f"np.{NAMES[name]}({inside})"
        if name in RECIPROCALS:
            return f"(1/np.{RECIPROCALS[name]}({inside}))"
        if name in OTHERS:
            return OTHERS[name].format(inside)
        raise UnsayableError(f"NumPy has no function {name}")

    _print_Abs = _print_Function  # noqa: N815

    def _print_Max(self, expr: Any) -> str:
        name = {"Max": "maximum", "Min": "minimum"}[type(expr).__name__]
        *others, text = map(self._print, expr.args)
        for other in others:
            text = f"np.{name}({other}, {text})"
        return str(text)

    _print_Min = _print_Max  # noqa: N815

    def _print_Piecewise(self, expr: Any) -> str:
        *branches, (last, condition) = expr.args
        if condition != sympy.true:
            raise UnsayableError("a function that is not defined everywhere")
        text: str = self._print(last)
        for value, holds in reversed(branches):
            text = f"np.where({self._print(holds)}, {self._print(value)}, {text})"
        return text

    def _print_Pi(self, _: Any) -> str:
        return "np.pi"

    def _print_Exp1(self, _: Any) -> str:
        return "np.e"


def numpy_text(formula: sympy.Expr) -> str:
    """A formula in Python; raises UnsayableError for a function that NumPy lacks."""
    return re.sub(r"(?<![\w.])sqrt\(", "np.sqrt(", Printer().doprint(formula))


def coupled_text(formula: sympy.Expr) -> str:
    """A function of all z of a layer, such as softmax, in Python.

    >>> from symnet.network.functions import ACTIVATIONS
    >>> coupled_text(ACTIVATIONS["softmax"].formula)
    'np.exp(z)/np.sum(np.exp(z))'
    """
    sums = {each: sympy.Symbol(f"sum_{i}") for i, each in enumerate(formula.atoms(sympy.Sum))}
    if any(each.function.has(J, sympy.Sum) for each in sums):
        raise UnsayableError("a sum that is another one for every neuron")

    def plain(part: sympy.Expr) -> sympy.Expr:
        return part.xreplace(dict.fromkeys(part.atoms(sympy.Indexed), ARGUMENT))

    text = numpy_text(plain(formula.xreplace(sums)))
    for each, symbol in sums.items():
        text = text.replace(str(symbol), f"np.sum({numpy_text(plain(each.function))})")
    return text


def numpy_function(formula: sympy.Expr) -> str:
    """np.tanh for tanh(z); empty for anything else."""
    name = NAMES.get(type(formula).__name__)
    return f"np.{name}" if name and formula.args == (ARGUMENT,) else ""


def polynomial_text(coefficients: Sequence[Fraction], order: int) -> str:
    """A polynomial in z, derived some times.

    >>> polynomial_text([Fraction(1), Fraction(-1, 2), Fraction(3)], order=1)
    '-1/2 + 6*z'
    """
    for _ in range(order):
        coefficients = [k * c for k, c in enumerate(coefficients)][1:]
    text = ""
    for k, coefficient in enumerate(coefficients):
        if coefficient:
            sign, power = "-" if coefficient < 0 else "+", ("", "*z")[k > 0]
            shown = f"{abs(coefficient)}{power}" + (f"**{k}" if k > 1 else "")
            text += f" {sign} {shown}" if text else f"{sign}{shown}".removeprefix("+")
    return text or "0"


def identifier(name: str) -> str:
    """A name in letters that Python and every keyboard have.

    >>> identifier("∇C"), identifier("σ_L")
    ('grad_C', 'sigma_L')
    """
    spelt = ""
    for sign in name.replace("∇", "grad_").replace("′", "_"):
        if sign.isascii():
            spelt += sign if sign.isalnum() or sign == "_" else ""
        else:
            spelt += unicodedata.name(sign, "").rpartition(" ")[2].lower()
    return spelt if spelt.isidentifier() else f"f_{spelt}"


def number_text(value: Fraction) -> str:
    """A fraction as it is; one of many digits as a decimal."""
    shown = str(value)
    return shown if len(shown) <= LONGEST else repr(float(value))
