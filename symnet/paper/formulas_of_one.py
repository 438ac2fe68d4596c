r"""Terms in one letter as formulas, and what is put in for a part of a term.

>>> from symnet.term import add, number, power
>>> as_formula(add(power(Symbol("t"), 2), number(1)), "t")
z**2 + 1
"""

from dataclasses import replace

import sympy

from symnet.calculus import scalar as scalars
from symnet.term import (
    ARGUMENT,
    Apply,
    Number,
    Partial,
    Power,
    ScalarFunction,
    Symbol,
    Term,
    children,
    map_children,
)

HIGHEST_ORDER = 4  # of a derivative


LARGEST_EXPONENT = 100  # of a number


def as_formula(term: Term, variable: str) -> sympy.Expr | None:
    """A term in one variable as a formula in ARGUMENT; None if it is more than that."""
    match term:
        case Number(value):
            return sympy.Rational(value.numerator, value.denominator)
        case Symbol(name, None, ()) if name == variable:
            return ARGUMENT
        case Apply(function, argument) if function.formula is not None:
            inside = as_formula(argument, variable)
            if inside is None:
                return None
            formula = function.formula
            for _ in range(function.order):
                formula = scalars.derivative(formula)
            return formula.subs(ARGUMENT, inside)
        case Power(base, exponent):
            inside = as_formula(base, variable)
            if inside is None:
                return None
            return inside ** sympy.Rational(exponent.numerator, exponent.denominator)
        case Partial(of, Symbol(name, None, ())) if name == variable:
            inside = as_formula(of, variable)
            return None if inside is None else scalars.derivative(inside)
    parts = getattr(term, "factors", None) or getattr(term, "terms", None)
    if not parts:
        return None
    made = [as_formula(part, variable) for part in parts]
    if any(x is None for x in made):
        return None
    return sympy.Mul(*made) if hasattr(term, "factors") else sympy.Add(*made)


def plain_derivative(term: Term, by: Symbol) -> Term | None:
    """The derivative of a function of one letter; None if it takes more than that."""
    if isinstance(term, Apply) and term.argument == by and term.function.formula is None:
        return Apply(replace(term.function, order=term.function.order + 1), by)
    formula = as_formula(term, by.name)
    if formula is None:
        return None
    slope = scalars.derivative(formula)
    return Apply(ScalarFunction(f"{by.name}↦{slope}", slope), by)


def put(term: Term, old: Term, new: Term) -> Term:
    """A term with another one put in for one of its parts."""
    if term == old:
        return new
    if isinstance(term, Symbol | Number):
        return term
    return map_children(term, lambda part: put(part, old, new))


def order_of(term: Term) -> int:
    """How many derivatives stand inside each other in a term."""
    inner = max(map(order_of, children(term)), default=0)
    return inner + isinstance(term, Partial)


def exponential(term: Term) -> Term:
    return Apply(ScalarFunction("exp", sympy.exp(ARGUMENT)), term)


def absolute(term: Term) -> Term:
    formula = sympy.Piecewise((-ARGUMENT, ARGUMENT <= 0), (ARGUMENT, True))
    return Apply(ScalarFunction("abs", formula), term)
