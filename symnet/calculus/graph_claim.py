"""Whether left = right holds in a page's own system of definitions: both judges agree.

Derivatives are worked out through the definitions (`graph.py`), then quantities are put in, the
last ones first, until nothing is left of the difference. √u is a symbol r with r² = u.

>>> from symnet.calculus.graph import Definition
>>> from symnet.term import Partial
>>> i, x = Index("i", n.neurons(n.l)), Symbol("x", None, (Index("i", n.neurons(n.l)),))
>>> graph = Graph((Definition("s", (), power(Sum(i, power(x, 2)), Fraction(1, 2))),))
>>> slope = Partial(Symbol("s"), x)
>>> holds(slope, mul(x, power(Symbol("s"), -1)), graph)
''
>>> holds(slope, mul(x, power(Symbol("s"), -2)), graph)
'not equal for the kernel'
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import permutations

from symnet.calculus import algebra, normal
from symnet.calculus.graph import Graph, Worked
from symnet.calculus.judges import JUDGES, Formulas, Judge, Way, decided
from symnet.errors import SymnetError
from symnet.network import notation as n
from symnet.term import (
    ONE,
    Addition,
    Apply,
    Index,
    Number,
    Power,
    Product,
    ScalarFunction,
    Size,
    Sum,
    Symbol,
    Term,
    add,
    free_indices,
    map_children,
    mul,
    number,
    power,
    rename,
    spell,
    walk,
)

MINUS = number(-1)
ROOT = "√"  # begins the names of symbols that stand for a root
OPENED = "'"  # ends the names of indices that a sum has bound
HALF = Fraction(1, 2)
MOST_LETTERS = 3  # of a root that are tried in all orders
Monomial = tuple[Fraction, tuple[Index, ...], tuple[tuple[Term, Fraction], ...]]


def holds(left: Term, right: Term, graph: Graph) -> str:
    """Empty if left = right is proved, else why it was not."""
    formulas: Formulas = {}
    left, right = (_abstract(side, formulas) for side in (left, right))
    known = Graph(
        tuple(
            replace(each, body=None if each.body is None else _abstract(each.body, formulas))
            for each in graph.definitions
        ),
        graph.whole,
    )
    ways = [Way({}), *([Way(formulas, through_values=True), Way(formulas)] if formulas else [])]
    for judge in JUDGES:
        if not _equal(judge, left, right, known, ways):
            return f"not equal for the {judge.name}"
    return ""


def _equal(judge: Judge, left: Term, right: Term, graph: Graph, ways: Sequence[Way]) -> bool:
    worked = Worked(graph, judge.derivative)
    difference = add(worked.of(left), mul(MINUS, worked.of(right)))
    for term in worked.unfolded(difference):
        for way in ways:
            with suppress(SymnetError):
                if _nothing(judge, decided(way.put_in(term, judge)), graph.whole):
                    return True
    return False


def _abstract(term: Term, formulas: Formulas) -> Term:
    """Functions without their formulas, which are noted: they are put in at the end."""
    if isinstance(term, Apply):
        function, argument = term.function, _abstract(term.argument, formulas)
        if function.formula is None:
            return Apply(function, argument)
        name = f"<{function.formula}>"
        formulas[name] = function.formula
        return Apply(ScalarFunction(name, None, None, function.order), argument)
    return map_children(term, lambda part: _abstract(part, formulas))


# --- whether nothing is left ---------------------------------------------------------------


def _nothing(judge: Judge, term: Term, whole: frozenset[str]) -> bool:
    """Whether a term is 0 for all values of its symbols, as one judge finds."""
    term = MULTIPLIED[judge.name](term, whole)
    if judge.vanishes(term, False, n.L):
        return True
    roots = Roots(judge)
    plain = roots.of(term)
    return bool(roots.squares) and _vanishes_with(judge, plain, roots, whole)


def _vanishes_with(judge: Judge, term: Term, roots: "Roots", whole: frozenset[str]) -> bool:
    """Whether nothing is left once r² = u is used; of sums, once each summand is looked at."""
    reduced = MULTIPLIED[judge.name](roots.reduced(term, judge, whole), whole)
    if judge.vanishes(reduced, False, n.L):
        return True
    groups: dict[tuple[Index, ...], list[Term]] = {}
    # An index that was opened before is never met again under the same name.
    mark = OPENED
    while any(i.name.endswith(mark) for i in free_indices(reduced)):
        mark += OPENED
    for c, bound, factors in MONOMIALS[judge.name](reduced):
        own = {i: Index(i.name + mark, i.axis) for i in bound}
        inside = mul(Number(c), *(power(rename(x, own), e) for x, e in factors))
        groups.setdefault(bound, []).append(inside)
    if () in groups:
        return False
    return all(_vanishes_with(judge, add(*terms), roots, whole) for terms in groups.values())


def _by_normal(term: Term, whole: frozenset[str]) -> Term:
    """The kernel's normal form, Σ_k y_k = 1 used."""
    polynomial = normal.normal(term)
    while True:
        changed = [_without_whole(monomial, whole) for monomial in polynomial]
        if all(x is y for x, y in zip(changed, polynomial, strict=True)):
            return normal.as_term(polynomial, free_indices(term))
        again = normal.as_term(changed, free_indices(term))
        polynomial = normal.normal(again)


def _without_whole(monomial: normal.Monomial, whole: frozenset[str]) -> normal.Monomial:
    for index in monomial.bound:
        having = [(x, e) for x, e in monomial.factors if index in free_indices(x)]
        match having:
            case [(Symbol(name, None, (*others, last)), Fraction(numerator=1, denominator=1))] if (
                name in whole and last == index and index not in others
            ):
                return replace(
                    monomial,
                    bound=tuple(i for i in monomial.bound if i != index),
                    factors=tuple(pair for pair in monomial.factors if pair not in having),
                )
    return monomial


def _normal_monomials(term: Term) -> list[Monomial]:
    return [(m.coefficient, m.bound, m.factors) for m in normal.normal(term)]


def _by_algebra(term: Term, whole: frozenset[str]) -> Term:
    """The checker's, with logarithms of products taken apart."""
    return algebra.canonical(_logarithms_apart(term), whole)


def _logarithms_apart(term: Term) -> Term:
    """ln(x y^n) = ln x + n ln y and ln e^u = u, where all factors are surely positive."""
    if not isinstance(term, Apply) or term.function != algebra.LOG:
        return map_children(term, _logarithms_apart)
    argument = _logarithms_apart(term.argument)
    match algebra.form(argument):
        case ((c, (), factors),) if c == 1 and all(_positive(x) for x, _ in factors):
            return add(*(mul(number(e), _logarithm(x)) for x, e in factors))
    return Apply(term.function, argument)


def _logarithm(x: Term) -> Term:
    exponential = isinstance(x, Apply) and x.function == algebra.EXP
    return x.argument if isinstance(x, Apply) and exponential else Apply(algebra.LOG, x)


def _positive(x: Term) -> bool:
    match x:
        case Apply(function, _):
            return function == algebra.EXP
        case Number(value):
            return value > 0
        case Sum(_, body) | Power(body, _):
            return _positive(body)
        case Addition(parts) | Product(parts):
            return all(map(_positive, parts))
    return False


MULTIPLIED: dict[str, Callable[[Term, frozenset[str]], Term]] = {
    "kernel": _by_normal,
    "checker": _by_algebra,
}
MONOMIALS: dict[str, Callable[[Term], Iterable[Monomial]]] = {
    "kernel": _normal_monomials,
    "checker": algebra.form,
}


# --- roots ---------------------------------------------------------------------------------


@dataclass(slots=True)
class Roots:
    """The roots of a term as symbols: `squares` has for each its letters and what it squares to."""

    judge: Judge
    squares: dict[str, tuple[tuple[Index, ...], Term]] = field(default_factory=dict)

    def of(self, term: Term) -> Term:
        """The term with √u as r, also where u^{-1} or u^{3/2} stands."""
        found = [x.base for x in walk(term) if isinstance(x, Power) and x.exponent.denominator == 2]
        for base in dict.fromkeys(found):
            if not any(isinstance(x, Power) and x.exponent.denominator == 2 for x in walk(base)):
                self._root(self._taken_out(base)[1], make=True)
        return self._replaced(term)

    def _replaced(self, term: Term) -> Term:
        if isinstance(term, Power):
            outside, base = self._taken_out(term.base)
            root = self._root(base, make=False)
            twice = 2 * term.exponent
            if (
                root is not None
                and twice.denominator == 1
                and (term.exponent.denominator == 2 or not outside)
            ):
                factors = [power(x, e * term.exponent) for x, e in outside]
                return mul(*factors, power(root, twice))
        return map_children(term, self._replaced)

    def _taken_out(self, base: Term) -> tuple[list[tuple[Term, Fraction]], Term]:
        """What is surely no less than 0 in front: √(4 n t⁴ u) is 2 √n t² √u."""
        monomials = list(MONOMIALS[self.judge.name](base))
        if not monomials:
            return [], base
        outside: list[tuple[Term, Fraction]] = []
        c = abs(monomials[0][0])
        if c != 1:
            outside.append((Number(c), Fraction(1)))
        for x, _ in monomials[0][2]:
            having = [dict(factors).get(x, Fraction(0)) for _, _, factors in monomials]
            if any(set(free_indices(x)) & set(bound) for _, bound, _ in monomials):
                continue
            shared = min(having, key=abs)
            if any(e * shared <= 0 for e in having):
                continue
            if not isinstance(x, Size):
                shared = Fraction(int(shared / 4) * 4)
            if shared and isinstance(x, Size | Symbol):
                outside.append((x, shared))
        inverse = [power(x, -e) for x, e in outside]
        rest = MULTIPLIED[self.judge.name](mul(*inverse, base), frozenset())
        return [pair for pair in outside if pair[1]], rest

    def _root(self, base: Term, *, make: bool) -> Symbol | None:
        own = tuple(sorted(free_indices(base), key=lambda i: (str(i.axis), i.name)))
        for name, (letters, square) in self.squares.items():
            for order in _orders(letters, own):
                if _same(self.judge, rename(square, dict(zip(letters, order, strict=True))), base):
                    return Symbol(name, None, order)
        if not make or isinstance(base, Number | Symbol):
            return None
        name = f"{ROOT}{len(self.squares) + 1}"
        letters = tuple(Index(f"ρ{at}", i.axis) for at, i in enumerate(own, 1))
        self.squares[name] = letters, rename(base, dict(zip(own, letters, strict=True)))
        return Symbol(name, None, own)

    def reduced(self, term: Term, judge: Judge, whole: frozenset[str]) -> Term:
        """The term times what clears its denominators, with u for r²: 0 if and only if it was."""
        monomials = list(MONOMIALS[judge.name](term))
        lowest: dict[Term, Fraction] = {}
        for _, bound, factors in monomials:
            for x, e in factors:
                if _is_root(x) and not free_indices(x) & set(bound):
                    lowest[x] = min(e, lowest.get(x, Fraction(0)))
        parts = []
        for c, bound, factors in monomials:
            exponents = dict(factors)
            for x, e in lowest.items():
                exponents[x] = exponents.get(x, Fraction(0)) - e
            body = mul(Number(c), *(self._squared(x, e) for x, e in exponents.items()))
            for index in bound:
                body = Sum(index, body)
            parts.append(body)
        return add(*parts)

    def _squared(self, x: Term, e: Fraction) -> Term:
        if not _is_root(x) or e < 2 or e.denominator != 1:
            return power(x, e)
        assert isinstance(x, Symbol)
        letters, square = self.squares[x.name]
        whole, odd = divmod(int(e), 2)
        base = rename(square, dict(zip(letters, x.indices, strict=True)))
        return mul(power(base, whole), x if odd else ONE)


def _is_root(x: Term) -> bool:
    return isinstance(x, Symbol) and x.name.startswith(ROOT)


def _orders(letters: tuple[Index, ...], own: tuple[Index, ...]) -> Iterator[tuple[Index, ...]]:
    """The ways to put indices in place of letters, each over the axis that it has."""
    if len(letters) != len(own) or len(own) > MOST_LETTERS:
        return
    for order in permutations(own):
        if all(i.axis == j.axis for i, j in zip(letters, order, strict=True)):
            yield order


def _same(judge: Judge, one: Term, other: Term) -> bool:
    if one == other or spell(one) == spell(other):
        return True
    return judge.vanishes(add(one, mul(MINUS, other)), False, n.L)
