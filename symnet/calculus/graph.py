"""Total derivatives in a page's own system of definitions: quantities, each by those before it.

    μ = 1/m Σ_i x_i        d_i = x_i - μ        ℓ: a number that depends on d alone

A definition has a body, or is opaque: a number that is known by its arguments only. ∂F/∂v goes
through all that depends on v, and holds what v does not feed; of an opaque F it is
Σ_q ∂F/∂d_q ∂d_q/∂v, with a symbol for ∂F/∂d_q. How a term is differentiated whose symbols do not
depend on each other is the caller's business, as in `total.py`.

>>> from symnet.calculus.meaning import derivative
>>> from symnet.term import Axis, LayerNumber, Size, number, power, spell
>>> batch = Axis("m", LayerNumber("")); i, j = Index("i", batch), Index("j", batch)
>>> mean = mul(power(Size(batch), -1), Sum(j, Symbol("x", None, (j,))))
>>> shifted = add(Symbol("x", None, (i,)), mul(number(-1), Symbol("μ")))
>>> graph = Graph((Definition("μ", (), mean), Definition("d", (i,), shifted),
...                Definition("ℓ", (), None, (Symbol("d", None, (i,)),))))
>>> spell(Worked(graph, derivative).of(Partial(Symbol("ℓ"), Symbol("μ"))))
'Σ_k:m0(-1·ℓ ∂/∂ d[k:m0])'
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from symnet.calculus.total import GiveUpError, kinds_of_symbols
from symnet.term import (
    ONE,
    ZERO,
    Delta,
    Index,
    Partial,
    Product,
    Sum,
    Symbol,
    Term,
    add,
    apart,
    free_indices,
    fresh,
    map_children,
    mul,
    rename,
)

BY = " ∂/∂ "  # in the names of symbols that stand for a derivative
Derivative = Callable[[Term, Symbol], Term]


@dataclass(frozen=True, slots=True)
class Definition:
    """What a quantity is at its indices; without a body, what a number depends on."""

    name: str
    indices: tuple[Index, ...]
    body: Term | None
    arguments: tuple[Symbol, ...] = ()

    def at(self, indices: tuple[Index, ...]) -> Term:
        """The body with other indices."""
        assert self.body is not None
        return rename(self.body, dict(zip(self.indices, indices, strict=True)))


@dataclass(frozen=True)
class Graph:
    """Definitions, each after those that it mentions.

    Of the symbols in `whole` the entries along the last index add up to 1.
    """

    definitions: tuple[Definition, ...]
    whole: frozenset[str] = frozenset()

    @cached_property
    def by_name(self) -> Mapping[str, Definition]:
        return {each.name: each for each in self.definitions}

    @cached_property
    def below(self) -> Mapping[str, frozenset[str]]:
        """All that a quantity depends on, by its name."""
        found: dict[str, frozenset[str]] = {}
        for each in self.definitions:
            terms = each.arguments if each.body is None else (each.body,)
            names = {x.name for term in terms for x in kinds_of_symbols(term)}
            found[each.name] = frozenset(names).union(*(found.get(x, ()) for x in names))
        return found

    def depends(self, name: str, on: str) -> bool:
        """Whether a quantity, or a derivative of an opaque one, depends on another."""
        return on in self.below.get(name.partition(BY)[0], ())


@dataclass(frozen=True, slots=True)
class Worked:
    """Terms with their derivatives worked out by one judge's `derivative`."""

    graph: Graph
    derivative: Derivative
    known: dict[tuple[Symbol, Symbol], Term] = field(default_factory=dict)

    def of(self, term: Term) -> Term:
        """The term without derivatives: what is not known has a symbol of its own."""
        if isinstance(term, Partial):
            if term.direct:
                raise GiveUpError("a derivative that is no total one")
            return self.total(self.of(term.of), term.by)
        return map_children(term, self.of)

    def total(self, of: Term, v: Symbol) -> Term:
        """∂of/∂v of a term without derivatives, through all that depends on v."""
        parts = [self.derivative(apart(of, free_indices(v)), v)]
        for kind in kinds_of_symbols(of):
            if kind.name == v.name or not self.graph.depends(kind.name, v.name):
                continue
            s, own = _renewed(kind, free_indices(of) | free_indices(v))
            outer = self.derivative(apart(of, free_indices(v) | set(own)), s)
            if outer != ZERO:
                parts.append(_summed(own, mul(outer, self.inner(s, v))))
        return add(*(part for part in parts if part != ZERO))

    def inner(self, s: Symbol, v: Symbol) -> Term:
        """∂s/∂v of one quantity by another."""
        if s.name == v.name:
            return mul(*map(Delta, s.indices, v.indices)) if s.indices else ONE
        if (s, v) not in self.known:
            self.known[s, v] = self._inner(s, v)
        return self.known[s, v]

    def _inner(self, s: Symbol, v: Symbol) -> Term:
        if not self.graph.depends(s.name, v.name):
            return ZERO
        head, *derived = s.name.split(BY)
        definition = self.graph.by_name[head]
        if definition.body is not None:
            return self.total(definition.at(s.indices), v)
        if len(derived) > 1:
            raise GiveUpError("a third derivative of what is not known")
        parts = []
        for argument in definition.arguments:
            u, own = _renewed(argument, free_indices(s) | free_indices(v))
            inner = self.inner(u, v)
            if inner != ZERO:
                parts.append(_summed(own, mul(self.opaque(s, u), inner)))
        return add(*parts)

    def opaque(self, s: Symbol, u: Symbol) -> Term:
        """∂ℓ/∂u, or ∂²ℓ/∂t∂u of s = ∂ℓ/∂t, which is the same the other way round."""
        head, *derived = s.name.split(BY)
        if not derived:
            return Symbol(BY.join((head, u.name)), None, u.indices)
        (t,) = derived
        if t == u.name:
            name = BY.join((head, t, t))
            return add(*(Symbol(name, None, x) for x in (s.indices + u.indices,
                                                         u.indices + s.indices)))  # fmt: skip
        if t < u.name:
            return Symbol(BY.join((head, t, u.name)), None, s.indices + u.indices)
        return Symbol(BY.join((head, u.name, t)), None, u.indices + s.indices)

    def unfolded(self, term: Term) -> Iterator[Term]:
        """The term, and what it is with more and more quantities put in, the last ones first."""
        yield term
        for definition in reversed(self.graph.definitions):
            if definition.body is None:
                continue
            new = _put_in(term, definition)
            if new != term:
                term = self.of(new)
                yield term


def bottom(term: Term, graph: Graph) -> Term:
    """A term with all that is defined put in."""
    for definition in reversed(graph.definitions):
        if definition.body is not None:
            term = _put_in(term, definition)
    return term


def _put_in(term: Term, definition: Definition) -> Term:
    if isinstance(term, Symbol):
        return definition.at(term.indices) if term.name == definition.name else term
    return map_children(term, lambda part: _put_in(part, definition))


def _renewed(symbol: Symbol, taken: frozenset[Index]) -> tuple[Symbol, tuple[Index, ...]]:
    """A symbol of the same kind at indices of its own."""
    own: list[Index] = []
    for index in symbol.indices:
        own.append(fresh(index.axis, taken))
        taken |= {own[-1]}
    return Symbol(symbol.name, None, tuple(own)), tuple(own)


def _summed(own: tuple[Index, ...], term: Term) -> Term:
    """Σ over indices; over one that a delta fixes, what it is there."""
    for index in reversed(own):
        term = _contracted(index, term)
    return term


def _contracted(index: Index, term: Term) -> Term:
    factors = term.factors if isinstance(term, Product) else (term,)
    for at, factor in enumerate(factors):
        if isinstance(factor, Delta) and index in (factor.left, factor.right):
            (other,) = {factor.left, factor.right} - {index} or {index}
            if other != index and other.axis == index.axis:
                return rename(mul(*factors[:at], *factors[at + 1 :]), {index: other})
    return Sum(index, term)
