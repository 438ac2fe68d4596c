"""The normal form keeps the meaning: what it calls equal has one value, at every instance.

Terms are drawn with everything that could go wrong in them: letters used twice, for two axes or
inside each other's sums, products inside products, powers of sums, deltas between free and bound
indices. Their values come from tests/meaning.py, which shares no code with symnet.
"""

import math
import random
from collections.abc import Callable, Iterator
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from meaning import Exact, loose, places, value, worlds

from symnet.calculus import normal
from symnet.term import (
    ONE,
    ZERO,
    Addition,
    Apply,
    Axis,
    Delta,
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
    elementary,
    free_indices,
    spell,
)

l = LayerNumber("l")
HERE, ABOVE, BELOW = (Axis("n", l.shift(by)) for by in (0, 1, -1))
AXES = (HERE, ABOVE, BELOW)
# j over two axes: one letter, two indices.
J, J_ABOVE, K = Index("j", HERE), Index("j", ABOVE), Index("k", BELOW)
FREE = (J, J_ABOVE, K)
BOUND = tuple(Index(letter, axis) for letter in "jkp" for axis in (HERE, ABOVE))

EXP, LOG = elementary("exp"), elementary("log")
SIGMA = ScalarFunction("σ", None, l)
SLOPE = ScalarFunction("σ", None, l, 1)

WORLDS = worlds(AXES, range(3))


# --- drawing terms -------------------------------------------------------------------------


def leaves(scope: tuple[Index, ...], names: str = "xwC") -> st.SearchStrategy[Term]:
    """Symbols with none, one or two of the indices, numbers, sizes, deltas, derivatives."""
    index = st.sampled_from(scope)
    layer = st.sampled_from((l, l.shift(1)))
    symbols = st.builds(
        Symbol,
        st.sampled_from(names),
        layer,
        st.lists(index, max_size=2).map(tuple),
    )
    numbers = st.sampled_from((-1, 0, 1, 2, Fraction(1, 2))).map(lambda n: Number(Fraction(n)))
    pairs = [(p, q) for p in scope for q in scope if p.axis == q.axis]
    return st.one_of(
        symbols,
        symbols,
        numbers,
        st.sampled_from(AXES).map(Size),
        st.sampled_from(pairs).map(lambda pair: Delta(*pair)),
        index.map(lambda j: Partial(Symbol("C"), Symbol("a", l, (j,)))),
    )


def whole(scope: tuple[Index, ...]) -> st.SearchStrategy[Term]:
    """Exponents of e: whole numbers in the exact world."""
    index = st.lists(st.sampled_from(scope), min_size=1, max_size=1).map(tuple)
    symbols = st.builds(Symbol, st.sampled_from("uv"), st.just(l), index)
    small = st.sampled_from((-1, 2)).map(lambda n: Number(Fraction(n)))
    scaled = st.tuples(small, symbols).map(Product)
    return st.one_of(symbols, scaled, st.lists(symbols | scaled, min_size=2, max_size=2).map(added))


def added(terms: list[Term]) -> Term:
    return Addition(tuple(terms))


def multiplied(factors: list[Term]) -> Term:
    return Product(tuple(factors))


@st.composite
def terms(
    draw: st.DrawFn, polynomial: bool = False, scope: tuple[Index, ...] = FREE, depth: int = 3
) -> Term:
    """A term; a polynomial one has no negative powers and no exp or ln."""

    def inner(scope: tuple[Index, ...] = scope) -> st.SearchStrategy[Term]:
        return terms(polynomial, scope, depth - 1)

    if depth == 0:
        return draw(leaves(scope))
    several = st.lists(inner(), min_size=2, max_size=3)
    kind = draw(st.sampled_from(("leaf", "product", "addition", "sum", "sum", "power", "apply")))
    if kind == "product":
        return draw(several.map(multiplied))
    if kind == "addition":
        return draw(several.map(added))
    if kind == "sum":
        index = draw(st.sampled_from(BOUND))
        return Sum(index, draw(inner((*scope, index, index))))
    if kind == "power":
        exponent = draw(st.sampled_from((2, 3) if polynomial else (-2, -1, -1, 2)))
        return Power(draw(inner()), Fraction(exponent))
    if kind == "apply":
        if polynomial or draw(st.booleans()):
            return Apply(draw(st.sampled_from((SIGMA, SLOPE))), draw(inner()))
        if draw(st.booleans()):
            return Apply(LOG, draw(inner()))
        return Apply(EXP, draw(whole(scope)))
    return draw(leaves(scope))


def spread(term: Term) -> tuple[int, int]:
    """About how many monomials a term has, and how many bound indices the longest of them."""
    match term:
        case Product(parts):
            found = [spread(part) for part in parts]
            return math.prod(n for n, _ in found), sum(depth for _, depth in found)
        case Addition(parts):
            found = [spread(part) for part in parts]
            return sum(n for n, _ in found), max(depth for _, depth in found)
        case Sum(_, body):
            n, depth = spread(body)
            return n, depth + 1
        case Power(base, exponent):
            n, depth = spread(base)
            times = abs(int(exponent))
            return n**times, depth * times
        case Apply(_, argument):
            n, depth = spread(argument)
            return n, depth
    return 1, 0


def small(term: Term) -> bool:
    """Small enough to be multiplied out in a test."""
    monomials, depth = spread(term)
    return monomials <= 30 and depth <= 4


POLYNOMIALS = terms(True).filter(small)
ANY = terms().filter(small)


# --- true and false rewrites ---------------------------------------------------------------

Place = tuple[Term, Callable[[Term], Term]]


def everywhere(term: Term) -> Iterator[Place]:
    """Each part of a term, with a function that puts something else there."""
    yield term, lambda new: new
    match term:
        case Product(parts) | Addition(parts):
            kind = type(term)
            for i, part in enumerate(parts):
                for found, back in everywhere(part):
                    yield (
                        found,
                        lambda new, i=i, back=back, kind=kind, parts=parts: kind(
                            (*parts[:i], back(new), *parts[i + 1 :])
                        ),
                    )
        case Sum(index, body):
            for found, back in everywhere(body):
                yield found, lambda new, back=back, index=index: Sum(index, back(new))
        case Power(base, exponent):
            for found, back in everywhere(base):
                yield found, lambda new, back=back, e=exponent: Power(back(new), e)
        case Apply(function, argument):
            for found, back in everywhere(argument):
                yield found, lambda new, back=back, f=function: Apply(f, back(new))


def all_indices(term: Term) -> set[Index]:
    """Free and bound ones."""
    match term:
        case Sum(index, body):
            return {index} | all_indices(body)
        case Product(parts) | Addition(parts):
            return set().union(*map(all_indices, parts))
        case Apply(_, inner) | Power(inner, _):
            return all_indices(inner)
    return set(loose(term))


def put(term: Term, old: Index, new: Index) -> Term:
    """`new` for the free `old`, blindly: a sum over `new` inside captures it."""

    def index_(index: Index) -> Index:
        return new if index == old else index

    match term:
        case Symbol(name, layer, indices):
            return Symbol(name, layer, tuple(map(index_, indices)))
        case Delta(left, right):
            return Delta(index_(left), index_(right))
        case Partial(of, Symbol(name, layer, indices), direct):
            return Partial(of, Symbol(name, layer, tuple(map(index_, indices))), direct)
        case Sum(index, body):
            return term if index == old else Sum(index, put(body, old, new))
        case Product(parts):
            return Product(tuple(put(part, old, new) for part in parts))
        case Addition(parts):
            return Addition(tuple(put(part, old, new) for part in parts))
        case Power(base, exponent):
            return Power(put(base, old, new), exponent)
        case Apply(function, argument):
            return Apply(function, put(argument, old, new))
    return term


def unused(term: Term, axis: Axis, draw: random.Random) -> Index:
    """An index that stands nowhere in a term, if possible of a letter that does, on another axis."""
    taken = all_indices(term)
    letters = [letter for letter in "jkpq" if Index(letter, axis) not in taken]
    return Index(draw.choice([*letters, "r"]), axis)


def true_rewrites(term: Term, draw: random.Random) -> Iterator[Term]:
    """What stands for a term at the place where it stands, and has its value."""
    half = Number(Fraction(1, 2))
    yield Product((half, term, Number(Fraction(2))))
    yield Addition((ZERO, term, Product((ZERO, term))))
    yield Product((ONE, Product((term, ONE))))
    match term:
        case Sum(index, body):
            other = unused(body, index.axis, draw)
            yield Sum(other, put(body, index, other))  # rename bound
            if isinstance(body, Addition):  # split
                yield Addition(tuple(Sum(index, part) for part in body.terms))
            if isinstance(body, Sum) and body.index != index:
                yield Sum(body.index, Sum(index, body.body))  # exchange
            if isinstance(body, Product):  # out of the sum with what does not depend on it
                inside = tuple(f for f in body.factors if index in loose(f))
                outside = tuple(f for f in body.factors if index not in loose(f))
                yield Product((*outside, Sum(index, Product(inside))))
        case Product(factors) if factors:
            yield Product(tuple(draw.sample(factors, len(factors))))  # commute
            for i, factor in enumerate(factors):
                rest = factors[:i] + factors[i + 1 :]
                if isinstance(factor, Addition):  # distribute
                    yield Addition(tuple(Product((part, *rest)) for part in factor.terms))
                if isinstance(factor, Sum):  # into the sum
                    other = unused(term, factor.index.axis, draw)
                    yield Sum(other, Product((*rest, put(factor.body, factor.index, other))))
        case Addition(parts):
            yield Addition(tuple(draw.sample(parts, len(parts))))
        case Power(base, exponent) if exponent > 1:
            yield Product((base, Power(base, exponent - 1)))
        case Size(axis):
            yield Sum(Index("p", axis), ONE)  # count
        case Symbol() if term.indices:
            index = draw.choice(term.indices)
            other = unused(term, index.axis, draw)
            yield Sum(other, Product((Delta(other, index), put(term, index, other))))  # insert
    if loose(term):  # any part may get a delta in front
        index = draw.choice(sorted(loose(term), key=str))
        other = unused(term, index.axis, draw)
        yield Sum(other, Product((put(term, index, other), Delta(index, other))))


def false_rewrites(term: Term, draw: random.Random) -> Iterator[Term]:
    """What looks like a term and as a rule has another value."""
    yield Product((Number(Fraction(-1)), term))
    match term:
        case Symbol(name, layer, indices):
            if layer is not None:
                yield Symbol(name, layer.shift(1), indices)
            if len(indices) == 2 and indices[0] != indices[1]:
                yield Symbol(name, layer, indices[::-1])
        case Delta(left, _):
            yield ONE
            yield Delta(left, left)
        case Product(factors):
            i = draw.randrange(len(factors))
            yield Product(factors[:i] + factors[i + 1 :])
        case Addition(parts):
            i = draw.randrange(len(parts))
            yield Addition(parts[:i] + parts[i + 1 :])
        case Sum(index, body):
            for other in sorted(loose(body), key=str):
                if other.axis == index.axis:
                    yield Sum(other, put(body, index, other))  # capture a free index
            for other in sorted(all_indices(body), key=str):
                if other.axis == index.axis:
                    yield Sum(other, put(body, index, other))  # be captured further in
            yield body
        case Power(base, exponent):
            yield Power(base, exponent + 1)
        case Apply(function, argument):
            yield argument
            yield Apply(EXP if function == LOG else SLOPE, argument)


def rewritten(
    term: Term, how: Callable[[Term, random.Random], Iterator[Term]], draw: random.Random
) -> Term:
    """The term with one rewrite at one place."""
    part, back = draw.choice(list(everywhere(term)))
    choices = list(how(part, draw))
    return back(draw.choice(choices)) if choices else term


def mangled(
    term: Term, how: Callable[[Term, random.Random], Iterator[Term]], seed: int, times: int
) -> Term:
    """The term after some rewrites."""
    draw = random.Random(seed)
    for _ in range(times):
        term = rewritten(term, how, draw)
    assume(small(term))
    return term


# --- the laws ------------------------------------------------------------------------------


def values(term: Term, free: frozenset[Index], world: Exact) -> list[Fraction] | None:
    """The values of a term at all places; None where it has none, since it divides by 0."""
    try:
        return [value(term, world, place) for place in places(free, world)]
    except ZeroDivisionError:
        return None


def assert_one_value(left: Term, right: Term) -> None:
    free = loose(left) | loose(right)
    for world in WORLDS:
        one, other = values(left, free, world), values(right, free, world)
        if one is not None and other is not None:
            shown = f"{spell(left)}\n  and\n{spell(right)}\n  in {world.sizes}: {one}, {other}"
            assert one == other, shown


def judged(left: Term, right: Term) -> bool | None:
    """`normal.equal`; None where a denominator is nothing but 0."""
    try:
        return normal.equal(left, right)
    except ZeroDivisionError:
        return None


def check_soundness(left: Term, right: Term) -> None:
    if judged(left, right):
        assert_one_value(left, right)


def check_forms(term: Term) -> None:
    """Every form that `normal` makes of a term has the value of the term."""
    try:
        form, factors = normal.normalise(term), normal.factorise(term)
    except ZeroDivisionError:
        return
    assert_one_value(term, form)
    assert_one_value(term, factors)
    assert free_indices(form) <= free_indices(term)
    # Letters keep away from all free indices, also from one that has dropped out of the form.
    assert normal.normal(form) == normal.normal(term)
    assert normal.normalise(normal.normalise(form)) == normal.normalise(form)


seeds = st.integers(0, 10_000)
few = settings(max_examples=300, suppress_health_check=list(HealthCheck))
many = settings(max_examples=10_000, suppress_health_check=list(HealthCheck))


def laws(test: Callable[..., None]) -> Callable[..., None]:
    """A law as two tests: a few examples, and many for `make test-all`."""
    return test


class Laws:
    """Each law is checked by few examples here, and by many in TestManyLaws."""

    @given(ANY)
    def test_forms_keep_the_value(self, term: Term) -> None:
        check_forms(term)

    @given(POLYNOMIALS)
    def test_forms_of_polynomials_keep_the_value(self, term: Term) -> None:
        check_forms(term)

    @given(ANY, seeds, st.integers(1, 2))
    def test_what_is_called_equal_is_equal(self, term: Term, seed: int, times: int) -> None:
        check_soundness(term, mangled(term, false_rewrites, seed, times))

    @given(ANY, ANY)
    def test_strangers_are_equal_only_if_they_are(self, left: Term, right: Term) -> None:
        check_soundness(left, right)

    @given(POLYNOMIALS, seeds, st.integers(1, 3))
    def test_true_rewrites_are_found_equal(self, term: Term, seed: int, times: int) -> None:
        other = mangled(term, true_rewrites, seed, times)
        assert_one_value(term, other)  # or the rewrite of this test is no true one
        assert normal.equal(term, other), f"{spell(term)}\n  and\n{spell(other)}"
        assert normal.normal(term) == normal.normal(other)

    @given(ANY, seeds, st.integers(1, 3))
    def test_true_rewrites_of_quotients_keep_what_equal_means(
        self, term: Term, seed: int, times: int
    ) -> None:
        other = mangled(term, true_rewrites, seed, times)
        assert_one_value(term, other)
        check_soundness(term, other)
