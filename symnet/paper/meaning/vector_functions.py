r"""Functions of a whole vector: softmax and its logarithm, the logarithm of a sum of exponentials.

softmax(z)_j = e^{z_j} / Σ_k e^{z_k}; a vector in, a vector out, of whatever layer or length.

>>> from symnet.network import notation as n
>>> from symnet.term import spell
>>> from symnet.paper.meaning.reading import Layers
>>> arrays = Arrays(lambda axis: None, Layers().same)
>>> z = Array((n.on("j", n.l),), (), n.z(n.l, "j"))
>>> spell(vector_function("lse", z, arrays).term)
'log<log(z)>(Σ_r1:nl(exp<exp(z)>(zl[r1:nl])))'
"""

import sympy

from symnet.paper.meaning.arrays import Array, Arrays, scalar
from symnet.paper.meaning.formulas_of_one import exponential
from symnet.term import (
    ARGUMENT,
    Apply,
    Index,
    ScalarFunction,
    Sum,
    Symbol,
    Term,
    add,
    mul,
    number,
    power,
    rename,
)

KINDS = frozenset({"softmax", "lse", "logsoftmax"})


def logarithm(term: Term) -> Term:
    """ln of a term."""
    return Apply(ScalarFunction("log", sympy.log(ARGUMENT)), term)


def vector_function(name: str, of: Array, arrays: Arrays) -> Array | None:
    """softmax, lse or logsoftmax of a vector; None of a matrix, or of a number that is no entry.

    softmax(z_j) is read as the entry of softmax(z), as whoever prints it means it.
    """
    along = _along(of)
    if along is None:
        return None
    k = arrays.fresh(along.axis)
    total = Sum(k, exponential(rename(of.term, {along: k})))
    if name == "lse":
        return None if of.is_number else scalar(logarithm(total))
    if name == "softmax":
        term = mul(exponential(of.term), power(total, -1))
    else:
        term = add(of.term, mul(number(-1), logarithm(total)))
    return Array(of.rows, of.cols, term)


def _along(of: Array) -> Index | None:
    match of.rows, of.cols, of.term:
        case (index,), (), _:
            return index
        case (), (index,), _:
            return index
        case (), (), Symbol(_, _, (index,)):
            return index
    return None
