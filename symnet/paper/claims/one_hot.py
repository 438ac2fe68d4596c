r"""Where y is 1 for one class and 0 for all others: y_k as [k = y], with the class as an index.

So C = -\ln a^L_y is what C = -\sum_k y_k \ln a^L_k says, and a formula is tried with every class.

>>> from symnet.term import spell
>>> k = n.on("k", n.L)
>>> spell(encoded(Symbol("y", None, (k,)), n.L, None))
'[k:nL=y:nL]'
"""

import sympy

from symnet.network import equations
from symnet.network import notation as n
from symnet.network.functions import Cost
from symnet.term import (
    Delta,
    Index,
    LayerNumber,
    Partial,
    Symbol,
    Term,
    at_layer,
    free_indices,
    map_children,
    walk,
)

CLASS = "y"


def speaks_of_class(term: Term) -> bool:
    """Whether a term has y, as the class or as the vector."""
    return any(isinstance(x, Symbol) and x.name == "y" for x in walk(term)) or has_class(term)


def has_class(term: Term) -> bool:
    """Whether the number of a class stands in a term, as an index."""
    return any(index.name == CLASS for index in free_indices(term))


def has_samples(term: Term) -> bool:
    """Whether several samples are spoken of, each of which has a class of its own."""
    return any(isinstance(x, Symbol) and n.sample_of(x) is not None for x in walk(term))


def encoded(term: Term, last: LayerNumber, cost: sympy.Expr | None) -> Term:
    """A term with [k = y] for y_k, and with C by its formula, if it has one."""
    axis = n.neurons(last)
    whole: Term | None = None
    if cost is not None:
        whole = _code(at_layer(equations.cost(Cost("c", cost)).right, {"L": last}), axis.layer)

    def go(part: Term) -> Term:
        match part:
            case Symbol("C", None, ()) if whole is not None:
                return whole
            case Symbol("δ", layer, indices) if layer is not None and whole is not None:
                return Partial(whole, Symbol("z", layer, indices))
            case Partial(of, by, direct) if by.name != "y":
                return Partial(go(of), by, direct)
        return part if isinstance(part, Partial) else map_children(part, go)

    return _code(go(term), last)


def _code(term: Term, last: LayerNumber) -> Term:
    match term:
        case Symbol("y", None, (index,)) if index.axis == n.neurons(last):
            return Delta(index, Index(CLASS, index.axis))
        case Partial(of, by, direct):
            return Partial(_code(of, last), by, direct)
    return map_children(term, lambda part: _code(part, last))
