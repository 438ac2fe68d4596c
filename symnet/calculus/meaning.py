"""What a term means, for the checker alone: with all its derivatives worked out.

The derivative of a term, the chain rule over the equations of a network, and what a quantity is
defined by are all it knows; `algebra.py` says when two meanings are one.

>>> z, a = equations.weighted_input(n.l), n.a(n.l.shift(-1), "k")
>>> spell(derivative(z.right, a))
'Σ_p:nl-1(wl[j:nl,p:nl-1]·[p:nl-1=k:nl-1])'
"""

from dataclasses import dataclass, replace
from functools import lru_cache

from symnet.calculus.algebra import applied, kinked, slope
from symnet.errors import SymnetError
from symnet.network import equations
from symnet.network import notation as n
from symnet.network.equations import Definition
from symnet.network.functions import Penalty
from symnet.term import (
    ZERO,
    Addition,
    Apply,
    Delta,
    Equation,
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
    add,
    apart,
    at_layer,
    equation_at,
    free_indices,
    fresh,
    map_children,
    mentions,
    mul,
    number,
    power,
    rename,
    spell,
    walk,
)


class RefusedError(SymnetError):
    """A certificate does not prove what it says."""


@dataclass(frozen=True, slots=True)
class Context:
    """The equations through which C depends on what is sought, and what stands for itself."""

    equations: tuple[Equation, ...]
    known: tuple[tuple[str, LayerNumber], ...]
    functions: tuple[ScalarFunction, ...] = ()
    facts: frozenset[str] = frozenset()


@lru_cache(maxsize=1000)
def contexts(
    sought: Symbol,
    definition: Definition,
    after: Definition | None,
    cost: Equation,
    normalised: bool,
    penalties: tuple[Penalty, ...],
) -> tuple[Context, Context]:
    """What a formula may start from at a layer: for arbitrary σ and C, and for those it has.

    `after` defines the next layer; there is none at the output.
    """
    own = definition.quantities
    v = next((s for s in (*own, *definition.parameters) if s.name == sought.name), None)
    if v is None:
        raise RefusedError(f"there is no {sought.name} in such a layer")
    *_, a = own
    users = definition.users(v)[::-1]
    through = v == a or (a not in definition.named and mentions(definition.activation.right, v))
    at, facts, above = n.l, frozenset[str](), tuple[Equation, ...]()
    known = [(e.left.name, n.l) for e in users if isinstance(e.left, Symbol) and e.left != a]
    known += [(a.name, n.l)] if a in definition.named and definition.activation in users else []
    if through and after is None:
        axes = {replace(x, layer=n.L): replace(y, layer=n.L.shift(-1))
                for x, y in definition.same_axes.items()}  # fmt: skip
        at, above = n.L, (equations.on_axes(cost, axes),)
        facts = frozenset({"y"} if normalised else ())
    elif through and after is not None:
        up = n.l.shift(1)
        above = tuple(equation_at(e, {"l": up}) for e in after.users(equations.BELOW))
        above = tuple(equations.on_axes(e, definition.same_axes) for e in above)
        known += [(e.left.name, up) for e in above if isinstance(e.left, Symbol)]
    if at_layer(v, {"l": at}) != sought:
        raise RefusedError(f"{spell(sought)} is not what such a layer has")
    here = tuple(equation_at(e, {"l": at}) for e in users)
    known_at = tuple((name, at if where == n.l else where) for name, where in known)
    penalty = () if through else equations.penalised(v, penalties)
    functions = equations.functions_of(*here, *above)
    plain = tuple(equations.arbitrary(e, here) for e in here)
    unknown = tuple(equations.arbitrary(e, above) for e in above)
    beyond = unknown if at == n.l else ()
    general = Context((*plain, *beyond, *penalty), known_at)
    return general, Context((*plain, *unknown, *penalty), known_at, functions, facts)


class Meaning:
    """Terms with all derivatives worked out; `unfold` puts in what quantities are defined by."""

    def __init__(self, context: Context, *, unfold: bool = False) -> None:
        self.context = context
        self.unfolding = self if unfold else Meaning(context, unfold=True)
        self.defining = {(e.left.name, e.left.layer): e for e in context.equations
                         if isinstance(e.left, Symbol)}  # fmt: skip
        self.worked: dict[Term, Term] = {}

    def of(self, term: Term) -> Term:
        if isinstance(term, Number | Size | Delta):
            return term
        found = self.worked.get(term)
        if found is None:
            found = self.worked[term] = self.work(term)
        return found

    def quantities(self, term: Term) -> set[Term]:
        """What stands in a term that has an equation."""
        parts = (x for x in walk(term) if isinstance(x, Symbol))
        return {x for x in parts if (x.name, x.layer) in self.defining}

    def work(self, term: Term) -> Term:
        match term:
            case Symbol("δ", layer, indices):
                if ("z", layer) not in self.context.known:
                    raise RefusedError(f"{spell(term)} is not known there")
                return Partial(n.COST, Symbol("z", layer, indices))
            case Symbol(name, layer, indices):
                equation = self.defining.get((name, layer)) if self.unfolding is self else None
                return term if equation is None or term == n.COST else self.of(_at(equation, term))
            case Partial(of, by, False) if of == n.COST:
                return self.through(by)
            case Partial(Symbol(name, layer) as u, by, False):
                equation = self.defining.get((name, layer))
                if equation is None:
                    raise RefusedError(f"{spell(term)} has no meaning there")
                taken = free_indices(u) | free_indices(by)
                return self.of(derivative(apart(_at(equation, u), taken), by))
            case Partial(of, by, _):
                return self.of(derivative(of, by))
            case Apply(function, argument):
                return self.apply(function, self.of(argument))
            case Sum(index, body):
                return _contracted(index, self.of(body))
            case _:
                return map_children(term, self.of)

    def through(self, v: Symbol) -> Term:
        """∂C/∂v = Σ_u Σ_p ∂C/∂u_p ∂u_p/∂v, over the u whose equations mention v."""
        users = [e for e in self.context.equations if mentions(e.right, v)]
        if (v.name, v.layer) in self.context.known or not users:
            return Partial(n.COST, v)
        owed: list[Term] = []
        for equation in users:
            u, right = equation.left, equation.right
            assert isinstance(u, Symbol)
            taken = free_indices(v) | free_indices(right)
            own = {}
            for index in u.indices:
                own[index] = fresh(index.axis, taken)
                taken |= {own[index]}
            at = Symbol(u.name, u.layer, tuple(own[index] for index in u.indices))
            term: Term = derivative(
                apart(rename(right, own), free_indices(v) | set(own.values())), v
            )
            term = term if u == n.COST else mul(Partial(n.COST, at), term)
            for index in reversed(at.indices):
                term = Sum(index, term)
            owed.append(term)
        return self.of(add(*owed))

    def apply(self, function: ScalarFunction, argument: Term) -> Term:
        if function.formula is None:
            for own in self.context.functions:
                if own.layer == function.layer and function.name in ("σ", own.name):
                    return self.apply(replace(own, order=function.order), argument)
            return Apply(function, argument)
        formula = function.formula
        if kinked(formula):
            return Apply(ScalarFunction("", formula, None, function.order), argument)
        if function.order > 1:
            raise RefusedError(f"{function.name} is derived {function.order} times")
        return slope(formula, argument) if function.order else applied(formula, argument)


def _at(equation: Equation, symbol: Symbol) -> Term:
    """The right side of an equation at the indices of a symbol."""
    return rename(equation.right, dict(zip(equation.indices, symbol.indices, strict=True)))


def _contracted(index: Index, body: Term) -> Term:
    """Σ_p [p = j] x_p = x_j, where that can be seen at once."""
    factors = body.factors if isinstance(body, Product) else (body,)
    for i, factor in enumerate(factors):
        if factor == ZERO:
            return ZERO
        if isinstance(factor, Delta) and factor.left.axis == factor.right.axis:
            pair = {factor.left, factor.right}
            if index in pair and len(pair) == 2:
                (other,) = pair - {index}
                return rename(mul(*factors[:i], *factors[i + 1 :]), {index: other})
    return Sum(index, body)


def derivative(term: Term, v: Symbol) -> Term:
    """∂term/∂v, where symbols do not depend on each other."""
    match term:
        case Number() | Size() | Delta():
            return ZERO
        case Symbol(name, layer, indices):
            if (name, layer) != (v.name, v.layer):
                return ZERO
            pairs = zip(indices, v.indices, strict=True)
            return mul(*(Delta(p, j) for p, j in pairs), number(1))
        case Apply(function, argument):
            prime = Apply(replace(function, order=function.order + 1), argument)
            return mul(prime, derivative(argument, v))
        case Power(base, exponent):
            return mul(number(exponent), power(base, exponent - 1), derivative(base, v))
        case Product(factors):
            split = ((factors[:i], x, factors[i + 1 :]) for i, x in enumerate(factors))
            return add(*(mul(*left, derivative(x, v), *right) for left, x, right in split))
        case Addition(terms):
            return add(*(derivative(x, v) for x in terms))
        case Sum():
            inside = apart(term, free_indices(v))
            assert isinstance(inside, Sum)
            return Sum(inside.index, derivative(inside.body, v))
    raise RefusedError(f"a derivative of {spell(term)}")
