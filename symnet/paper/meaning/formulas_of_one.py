r"""Terms in one letter as formulas, and what is put in for a part of a term.

>>> from symnet.term import add, number, power
>>> as_formula(add(power(Symbol("t"), 2), number(1)), "t")
z**2 + 1
"""

from dataclasses import replace
from fractions import Fraction

import sympy

from symnet.calculus import scalar as scalars
from symnet.errors import SymnetError
from symnet.term import (
    ARGUMENT,
    Apply,
    Number,
    Partial,
    Power,
    Product,
    ScalarFunction,
    Symbol,
    Term,
    children,
    map_children,
    mul,
    power,
)

HIGHEST_ORDER = 4  # of a derivative


LARGEST_EXPONENT = 100  # of a number


def _slope(formula: sympy.Expr | None) -> sympy.Expr | None:
    """A derivative; None where it could not be made sure of."""
    try:
        return None if formula is None else scalars.derivative(formula)
    except SymnetError:
        return None


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
                formula = _slope(formula)
            return None if formula is None else formula.subs(ARGUMENT, inside)
        case Power(base, exponent):
            inside = as_formula(base, variable)
            if inside is None:
                return None
            return inside ** sympy.Rational(exponent.numerator, exponent.denominator)
        case Partial(of, Symbol(name, None, ())) if name == variable:
            inside = as_formula(of, variable)
            return None if inside is None else _slope(inside)
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
    slope = _slope(formula)
    if slope is None:
        return None
    return Apply(ScalarFunction(f"{by.name}↦{slope}", slope), by)


def root_of(term: Term, exponent: Fraction) -> Term:
    """A root, that of positive numbers beside it apart: √(2π) is √2 √π."""
    factors = term.factors if isinstance(term, Product) else (term,)
    apart = [x for x in factors if _is_positive(x)]
    rest = [x for x in factors if not _is_positive(x)]
    if not apart or len(factors) == 1:
        return power(term, exponent)
    roots = [power(x, exponent) for x in apart]
    return mul(*roots, power(mul(*rest), exponent)) if rest else mul(*roots)


def _is_positive(term: Term) -> bool:
    if isinstance(term, Apply):
        return bool(term.function.formula == sympy.pi)
    return isinstance(term, Number) and term.value > 0


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
