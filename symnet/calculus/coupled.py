"""Functions that couple the neurons of a layer, softmax above all: by a formula in z[j], Σ z[p].

At numbers the sum is written out for a layer of so many neurons, and each entry is computed by its
own formula; as a term it is the right side of a^L = …, of which the rules know nothing more.

>>> from fractions import Fraction
>>> from symnet.calculus.nilpotent import Numbers
>>> from symnet.network.functions import typed_activation
>>> share = typed_activation("z[j] / sum(p, z[p])").formula
>>> values(share, Numbers(), [Fraction(1), Fraction(3)])
[Fraction(1, 4), Fraction(3, 4)]
"""

from collections.abc import Sequence
from functools import lru_cache

import sympy

from symnet.calculus import jets
from symnet.calculus.nilpotent import Numbers, Value
from symnet.network import equations
from symnet.network.functions import ZS, Activation, J, N
from symnet.term import Equation, LayerNumber

NAME = "coupled"


def couples(formula: sympy.Expr | None) -> bool:
    """Whether one entry depends on the weighted inputs of the others."""
    return formula is not None and bool(formula.has(sympy.Indexed))


@lru_cache(maxsize=100)
def entries(formula: sympy.Expr, size: int) -> tuple[sympy.Expr, ...]:
    """The formula of each entry, with its sums written out, in the symbols of `places`."""

    def written(part: sympy.Expr) -> sympy.Expr:
        if isinstance(part, sympy.Sum):
            inside = written(part.function)
            for letter, low, high in part.limits:
                numbers = range(int(low.subs(N, size)), int(high.subs(N, size)) + 1)
                inside = sympy.Add(*(inside.xreplace({letter: sympy.Integer(i)}) for i in numbers))
            return inside
        return part.func(*map(written, part.args)) if part.args else part

    whole = written(formula).subs(N, size)
    to = {ZS[i]: place for i, place in enumerate(places(size), start=1)}
    return tuple(whole.xreplace({J: sympy.Integer(j)}).xreplace(to) for j in range(1, size + 1))


@lru_cache(maxsize=100)
def places(size: int) -> tuple[sympy.Symbol, ...]:
    """A symbol for each z of a layer."""
    return tuple(sympy.Symbol(f"z_{i}", real=True) for i in range(1, size + 1))


def values(formula: sympy.Expr, numbers: Numbers, z: Sequence[Value]) -> list[Value]:
    """All entries at numbers."""
    at = dict(zip(places(len(z)), z, strict=True))
    return [jets.compiled(entry)(numbers, at) for entry in entries(formula, len(z))]


def equation(formula: sympy.Expr, layer: LayerNumber) -> Equation:
    """a_j = … of a layer, by the formula: a term in all its z."""
    return equations.activation(Activation(NAME, formula), layer)
