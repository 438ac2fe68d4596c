"""Scalar formulas as a machine computes them: in floating point, infinities and all.

What is exact on paper may be ∞/∞ in a program. Forms of a formula are chosen by what they give
here, operation by operation as the generated code does them.

>>> z = sympy.Symbol("z", real=True)
>>> at = {z: np.array([-1000.0, 0.0, 1000.0])}
>>> evaluate(1 / (1 + sympy.exp(-z)), at)
array([0. , 0.5, 1. ])
>>> evaluate(sympy.exp(z) / (1 + sympy.exp(z)), at)
array([0. , 0.5, nan])
"""

import functools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy
from sympy.codegen.cfunctions import log1p

Array = Any  # numpy.ndarray of floats

NAMES = {
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "Abs": "abs",
}


def fraction(product: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """x and y of x/y as it stands: below is what has a negative number as its exponent.

    SymPy's own looks for one by simplifying, which takes long where functions stand in functions.

    >>> z = sympy.Symbol("z", real=True)
    >>> fraction(2 * sympy.exp(-z) / (3 * z**2))
    (2*exp(-z), 3*z**2)
    """
    above, below = [], []
    for factor in sympy.Mul.make_args(product):
        if isinstance(factor, sympy.Rational) and not isinstance(factor, sympy.Integer):
            above += [sympy.Integer(factor.p)] * (factor.p != 1)
            below.append(sympy.Integer(factor.q))
        elif factor.is_Pow and factor.exp.is_number and factor.exp.is_negative:
            below.append(sympy.Pow(factor.base, -factor.exp))
        else:
            above.append(factor)
    # 2 (x + y) stays what it is
    return sympy.Mul(*above, evaluate=False), sympy.Mul(*below, evaluate=False)


def steady_logarithms(formula: sympy.Expr) -> sympy.Expr:
    """ln(1 + e^u) as max(u, 0) + log1p(e^{-|u|}), wherever it stands in a formula."""

    def one_plus_exp(x: sympy.Expr) -> bool:
        return isinstance(x, sympy.log) and isinstance(x.args[0] - 1, sympy.exp)

    def rewrite(x: sympy.Expr) -> sympy.Expr:
        u = (x.args[0] - 1).args[0]
        return sympy.Max(u, 0) + log1p(sympy.exp(-sympy.Max(u, -u)))

    return formula.replace(one_plus_exp, rewrite)


def evaluate(formula: sympy.Expr, values: Mapping[sympy.Symbol, Array]) -> Array:
    """A formula entry by entry, in the type of the values. Raises TypeError for what it lacks."""
    known: dict[sympy.Basic, Array] = {}

    def go(x: sympy.Basic) -> Array:
        if x not in known:
            known[x] = compute(x)
        return known[x]

    def compute(x: sympy.Basic) -> Array:
        match x:
            case sympy.Symbol():
                return values[x]
            case sympy.logic.boolalg.BooleanAtom():
                return bool(x)
            case sympy.Expr() if x.is_number:
                return float(x)
            case sympy.Add():
                return functools.reduce(np.add, map(go, x.args))
            case sympy.Mul():
                above, below = fraction(x)
                if below != 1:
                    return np.divide(go(above), go(below))
                return functools.reduce(np.multiply, map(go, x.args))
            case sympy.Pow() if x.exp.is_number and x.exp.is_negative:
                return np.divide(1.0, go(x.base**-x.exp))
            case sympy.Pow():
                exponent = int(x.exp) if x.exp.is_Integer else go(x.exp)
                return np.power(go(x.base), exponent)
            case sympy.Max() | sympy.Min():
                extreme = np.maximum if isinstance(x, sympy.Max) else np.minimum
                return functools.reduce(extreme, map(go, x.args))
            case sympy.Piecewise():
                chosen: Array = np.nan
                for value, holds in reversed(x.args):
                    chosen = np.where(go(holds), go(value), chosen)
                return chosen
            case sympy.And() | sympy.Or():
                join = np.logical_and if isinstance(x, sympy.And) else np.logical_or
                return functools.reduce(join, map(go, x.args))
            case sympy.core.relational.Relational():
                compare = {"<": np.less, "<=": np.less_equal, ">": np.greater}
                compare |= {">=": np.greater_equal, "==": np.equal, "!=": np.not_equal}
                return compare[x.rel_op](go(x.lhs), go(x.rhs))
            case sympy.log() if isinstance(x.args[0] - 1, sympy.exp):
                # ln(1 + e^u), as the pass `steady_logarithms` writes it
                u = np.asarray(go((x.args[0] - 1).args[0]))
                return np.maximum(u, 0) + np.log1p(np.exp(-abs(u)))
            case sympy.erf():
                argument = np.asarray(go(x.args[0]))
                return np.vectorize(math.erf, otypes=[argument.dtype])(argument)
            case sympy.Heaviside():
                return np.heaviside(*map(go, x.args))
            case sympy.Function() if len(x.args) == 1:
                name = type(x).__name__
                function = getattr(np, NAMES.get(name, name), None)
                if function is not None:
                    return function(go(x.args[0]))
        raise TypeError(f"no floating point for {x}")

    with np.errstate(all="ignore"):
        return go(formula)
