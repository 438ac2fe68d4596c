"""Expectations over independent numbers that are 1 with a probability and else 0: dropout masks.

A term is multiplied out. Of a mask r, r^k is r, so that E r^k = p, and of two entries of one mask
E r_i r_j = p² + (p - p²) [i = j]. More than two in one product are given up.

>>> from symnet.term import Axis, Index, LayerNumber, spell
>>> j = Index("j", Axis("n", LayerNumber(""))); r, a = (Symbol(x, None, (j,)) for x in "ra")
>>> spell(expected(mul(r, r, a), {"r": Symbol("p")}))
'a[j:n0]·p'
"""

from collections.abc import Mapping
from fractions import Fraction

from symnet.calculus import normal
from symnet.calculus.total import GiveUpError
from symnet.term import (
    Delta,
    Number,
    Sum,
    Symbol,
    Term,
    add,
    mul,
    number,
    power,
    walk,
)


def expected(term: Term, masks: Mapping[str, Term]) -> Term:
    """The expectation of a term, in which all that depends on the masks is written out."""
    return add(*(_of_one(monomial, masks) for monomial in normal.normal(term)))


def _of_one(monomial: normal.Monomial, masks: Mapping[str, Term]) -> Term:
    drawn: list[Symbol] = []
    rest: list[tuple[Term, Fraction]] = []
    for x, e in monomial.factors:
        if isinstance(x, Symbol) and x.name in masks:
            if e < 1 or e.denominator != 1:
                raise GiveUpError("the expectation of a power")
            drawn.append(x)
        elif any(isinstance(part, Symbol) and part.name in masks for part in walk(x)):
            raise GiveUpError("the expectation of what is no polynomial")
        else:
            rest.append((x, e))
    body = mul(
        Number(monomial.coefficient), *(power(x, e) for x, e in rest), _product(drawn, masks)
    )
    for index in reversed(monomial.bound):
        body = Sum(index, body)
    return body


def _product(drawn: list[Symbol], masks: Mapping[str, Term]) -> Term:
    """The expectation of a product of entries of masks, each in it once."""
    match drawn:
        case []:
            return number(1)
        case [one]:
            return masks[one.name]
        case [one, other] if one.name != other.name:
            return mul(masks[one.name], masks[other.name])
        case [one, other]:
            p = masks[one.name]
            same = mul(*map(Delta, one.indices, other.indices))
            return add(mul(p, p), mul(add(p, mul(number(-1), p, p)), same))
    raise GiveUpError("the expectation of a product of more than two entries of masks")
