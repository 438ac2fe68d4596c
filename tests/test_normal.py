"""The normal form keeps the meaning: what it calls equal has one value, at every instance.

Terms are drawn with everything that could go wrong in them: letters used twice, for two axes or
inside each other's sums, products inside products, powers of sums, deltas between free and bound
indices. Their values come from tests/meaning.py, which shares no code with symnet.
"""

import itertools
import math
import random
import time
from collections.abc import Callable, Iterator
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st
from meaning import Exact, loose, places, value

from symnet.calculus import normal
from symnet.errors import SymnetError
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
    spell,
)

l = LayerNumber("l")
HERE, ABOVE, BELOW = (Axis("n", l.shift(by)) for by in (0, 1, -1))
AXES = (HERE, ABOVE, BELOW)
# j over two axes: one letter, two indices.
J, J_ABOVE, K = Index("j", HERE), Index("j", ABOVE), Index("k", BELOW)
P_ABOVE = Index("p", ABOVE)
FREE = (J, J_ABOVE, K)
BOUND = tuple(Index(letter, axis) for letter in "jkp" for axis in (HERE, ABOVE))

EXP, LOG = elementary("exp"), elementary("log")
SIGMA = ScalarFunction("σ", None, l)
SLOPE = ScalarFunction("σ", None, l, 1)

# All axes are of different sizes, and each is once of size 1.
SIZES = ((2, 3, 1), (3, 1, 2), (1, 2, 3))
WORLDS = [Exact(seed, dict(zip(AXES, sizes, strict=True))) for seed, sizes in enumerate(SIZES)]


# A denominator that is nothing but 0; drawn terms have no other way to be without meaning.
DIVIDED_BY_ZERO = (ZeroDivisionError, SymnetError)


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
            return sum(n for n, _ in found), max((depth for _, depth in found), default=0)
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
    """An index that stands nowhere in a term, though its letter may, over another axis."""
    taken = all_indices(term)
    letters = [letter for letter in "jkpqrstm" if Index(letter, axis) not in taken]
    return Index(draw.choice(letters[:3]), axis)


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
        case Product(factors) if factors:
            i = draw.randrange(len(factors))
            yield Product(factors[:i] + factors[i + 1 :])
        case Addition(parts) if parts:
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


def forms_keep_the_value(term: Term) -> None:
    try:
        form, factors = normal.normalise(term), normal.factorise(term)
    except DIVIDED_BY_ZERO:
        reject()
    assert_one_value(term, form)
    assert_one_value(term, factors)
    assert loose(form) <= loose(term)
    # Letters keep away from all free indices, also from one that has dropped out of the form.
    again = normal.normalise(form)
    assert normal.normalise(again) == again
    assert normal.normal(form) == normal.normal(term) == normal.normal(factors)


def what_is_called_equal_is_equal(left: Term, right: Term) -> None:
    try:
        equal = normal.equal(left, right)
    except DIVIDED_BY_ZERO:
        reject()
    if equal:
        assert_one_value(left, right)


def false_rewrites_are_not_called_equal(term: Term, seed: int, times: int) -> None:
    what_is_called_equal_is_equal(term, mangled(term, false_rewrites, seed, times))


def true_rewrites_are_called_equal(term: Term, seed: int, times: int) -> None:
    other = mangled(term, true_rewrites, seed, times)
    assert_one_value(term, other)  # or this test's rewrite is not a true one
    assert normal.equal(term, other), f"{spell(term)}\n  and\n{spell(other)}"
    assert normal.normal(term) == normal.normal(other)


def true_rewrites_of_quotients_are_no_contradiction(term: Term, seed: int, times: int) -> None:
    what_is_called_equal_is_equal(term, mangled(term, true_rewrites, seed, times))


seeds, times = st.integers(0, 10_000), st.integers(1, 3)
LAWS: dict[Callable[..., None], dict[str, st.SearchStrategy[object]]] = {
    forms_keep_the_value: {"term": ANY | POLYNOMIALS},
    what_is_called_equal_is_equal: {"left": ANY, "right": ANY},
    false_rewrites_are_not_called_equal: {"term": ANY, "seed": seeds, "times": times},
    true_rewrites_are_called_equal: {"term": POLYNOMIALS, "seed": seeds, "times": times},
    true_rewrites_of_quotients_are_no_contradiction: {
        "term": ANY,
        "seed": seeds,
        "times": times,
    },
}
each_law = pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)


def check(law: Callable[..., None], examples: int) -> None:
    slow_to_draw = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)
    limits = settings(max_examples=examples, suppress_health_check=slow_to_draw, database=None)
    limits(given(**LAWS[law])(law))()


@each_law
def test_law(law: Callable[..., None]) -> None:
    check(law, 100)


@pytest.mark.slow
@each_law
def test_law_on_many_examples(law: Callable[..., None]) -> None:
    check(law, 10_000)


# --- quotients, all pairs ------------------------------------------------------------------


def of(name: str, *indices: Index) -> Symbol:
    return Symbol(name, l, indices)


P, Q = Index("p", HERE), Index("q", HERE)
SUM_X, SUM_Y = Sum(P, of("x", P)), Sum(Q, of("y", Q))
SUM_XY = Sum(P, Product((of("x", P), of("y", P))))
X_J, Y_J = of("x", J), of("y", J)
NUMERATORS = (
    ONE,
    SUM_X,
    SUM_XY,
    Product((SUM_X, SUM_Y)),
    Product((SUM_X, X_J)),
    Sum(P, Product((of("x", P), SUM_Y))),
    Sum(P, Product((of("w", J, P), of("x", P)))),
)
DENOMINATORS = (SUM_Y, Addition((ONE, X_J)))


def over(above: Term, below: Term, exponent: int) -> Term:
    return Product((above, Power(below, Fraction(-exponent))))


QUOTIENTS = [
    over(above, below, exponent)
    for above in NUMERATORS
    for below in DENOMINATORS
    for exponent in (1, 2)
]
QUOTIENTS += [Addition((QUOTIENTS[3], QUOTIENTS[8])), over(SUM_Y, Addition((ONE, SUM_X)), 1)]


def test_quotients_are_called_equal_exactly_if_they_are() -> None:
    """A sum below the line is multiplied up; in the sum that meets it no index is captured.

    Without care Σ_k x_k / S is Σ_k x_k y_k / S² for S = Σ_k y_k.
    """
    seen = [[values(term, frozenset({J}), world) for world in WORLDS] for term in QUOTIENTS]
    for (one, left), (other, right) in itertools.combinations(zip(seen, QUOTIENTS, strict=True), 2):
        assert normal.equal(left, right) == (one == other), f"{spell(left)} and {spell(right)}"


def call(function: ScalarFunction, *parts: Term) -> Apply:
    return Apply(function, parts[0] if len(parts) == 1 else Addition(parts))


def times_(*factors: Term) -> Product:
    return Product(factors)


U, V = of("u", J), of("v", J)
TWO, MINUS = Number(Fraction(2)), Number(Fraction(-1))
HALF = Fraction(1, 2)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (call(EXP, U, V), times_(call(EXP, U), call(EXP, V))),
        (call(EXP, times_(MINUS, U)), Power(call(EXP, U), Fraction(-1))),
        (call(EXP, times_(TWO, U)), Power(call(EXP, U), Fraction(2))),
        (call(EXP, ZERO), ONE),
        (call(LOG, call(EXP, U, V)), Addition((U, V))),
        (call(LOG, ONE), ZERO),
        # ln(e^u / Σ e^u) = u - ln Σ e^u: how softmax meets the log-likelihood
        (
            call(LOG, over(call(EXP, U), Sum(P, call(EXP, of("u", P))), 1)),
            Addition((U, times_(MINUS, call(LOG, Sum(P, call(EXP, of("u", P))))))),
        ),
        (Sum(P, Delta(P, J)), ONE),
        (Sum(P, ONE), Size(HERE)),
        (Sum(P, Sum(Q, Delta(P, Q))), Size(HERE)),
        (Sum(P, Delta(J, J)), Size(HERE)),
        (times_(Delta(J, P), X_J), times_(Delta(J, P), of("x", P))),
        (Power(Delta(J, P), Fraction(3)), Delta(P, J)),
        # The bound j of one axis and the free j of another have nothing to do with each other.
        (Sum(J_ABOVE, times_(X_J, of("y", J_ABOVE))), times_(X_J, Sum(P_ABOVE, of("y", P_ABOVE)))),
        # Factors inside σ stand in the order of their letters, whatever the letters are.
        (
            Sum(J, call(SIGMA, times_(of("x", J), of("x", K)))),
            Sum(Q, call(SIGMA, times_(of("x", Q), of("x", K)))),
        ),
        (
            Sum(J, Power(Addition((of("x", J), of("x", K))), Fraction(-1))),
            Sum(Q, Power(Addition((of("x", Q), of("x", K))), Fraction(-1))),
        ),
        # Below a line with a bound index nothing is cleared; there the forms themselves must agree.
        (
            Sum(P, Power(Addition((times_(of("x", P), of("y", P)), of("x", P))), Fraction(-1))),
            Sum(
                P,
                times_(
                    Power(of("x", P), Fraction(-1)),
                    Power(Addition((ONE, of("y", P))), Fraction(-1)),
                ),
            ),
        ),
        # Where p = j, an atom may be another than it was.
        (
            Sum(P, times_(Delta(P, J), call(LOG, call(EXP, U), call(EXP, of("u", P))))),
            Addition((call(LOG, TWO), U)),
        ),
        (
            Sum(P, times_(Delta(P, J), Power(Addition((X_J, of("x", P))), Fraction(-1)))),
            Power(times_(TWO, X_J), Fraction(-1)),
        ),
    ],
    ids=lambda term: spell(term),
)
def test_known_identities(left: Term, right: Term) -> None:
    assert_one_value(left, right)
    assert normal.equal(left, right)


def test_denominators_read_alike_whatever_was_taken_out_of_them() -> None:
    """1 / (w x - x) is 1/x · 1 / (w - 1), with the terms of the sum in the same order."""
    w, x = Symbol("w", l), Symbol("x", l)
    rest = Addition((w, times_(MINUS, ONE)))
    left = Power(times_(x, rest), Fraction(-1))
    right = times_(Power(x, Fraction(-1)), Power(rest, Fraction(-1)))
    assert normal.normal(left) == normal.normal(right)


def test_roots_multiply() -> None:
    root = Power(X_J, HALF)
    assert normal.equal(times_(root, root), X_J)
    assert normal.equal(Power(root, Fraction(-4)), Power(X_J, Fraction(-2)))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (times_(SUM_X, SUM_Y), SUM_XY),
        (of("w", J, P), of("w", P, J)),
        (Sum(P, of("w", J, P)), Sum(P, of("w", P, J))),
        (times_(of("x", J), of("x", J)), times_(of("x", J), of("x", P))),
        (call(SIGMA, U), call(SLOPE, U)),
        (call(SIGMA, U), Apply(ScalarFunction("σ", None, l.shift(1)), U)),
        # ln x² is 2 ln x for positive x alone; √x² is x for positive x alone
        (call(LOG, Power(X_J, Fraction(2))), times_(TWO, call(LOG, X_J))),
        (Power(Power(X_J, Fraction(2)), HALF), X_J),
        (call(LOG, times_(X_J, Y_J)), Addition((call(LOG, X_J), call(LOG, Y_J)))),
        # A function that is called exp and is not.
        (
            Apply(ScalarFunction("exp", None), Addition((U, V))),
            times_(Apply(ScalarFunction("exp", None), U), Apply(ScalarFunction("exp", None), V)),
        ),
        (Sum(P, Sum(P, of("x", P))), SUM_X),
        (Sum(P, X_J), X_J),
        (Size(HERE), Size(ABOVE)),
        (Sum(P, X_J), Sum(P_ABOVE, X_J)),
        (Delta(J, P), ONE),
        (over(ONE, SUM_X, 1), over(ONE, SUM_X, 2)),
    ],
    ids=lambda term: spell(term),
)
def test_known_differences(left: Term, right: Term) -> None:
    assert not normal.equal(left, right)


@pytest.mark.parametrize(
    ("term", "monomials"),
    [
        (Power(SUM_X, Fraction(8)), 1),  # 8! orders of eight bound indices that look alike
        (Power(Addition((X_J, Y_J, U, V)), Fraction(9)), 220),  # C(12, 3), of 4^9 products
        (Power(Sum(P, Sum(Q, of("w", P, Q))), Fraction(4)), 1),
    ],
    ids=lambda x: spell(x) if not isinstance(x, int) else str(x),
)
def test_powers_of_sums_are_multiplied_out_in_no_time(term: Term, monomials: int) -> None:
    started = time.perf_counter()
    assert len(normal.normal(term)) == monomials
    assert time.perf_counter() - started < 10


@pytest.mark.parametrize(
    "term",
    [
        Delta(J, K),
        Power(Addition((X_J, times_(MINUS, X_J))), Fraction(-1)),
        Power(ZERO, Fraction(0) - 1),
    ],
    ids=spell,
)
def test_what_has_no_meaning_is_refused_in_words(term: Term) -> None:
    with pytest.raises(SymnetError, match=r"0|axes"):
        normal.normalise(term)


def test_forms_are_printed_as_a_book_would() -> None:
    y = Symbol("y", None, (J,))
    delta = Sum(K, times_(of("δ", K), of("w", K, J)))
    assert spell(normal.normalise(Addition((times_(MINUS, y), X_J)))) == "xl[j:nl] + -1·y[j:nl]"
    assert spell(normal.normalise(delta)) == "Σ_k:nl-1(wl[k:nl-1,j:nl]·δl[k:nl-1])"
    assert spell(normal.factorise(Addition((times_(X_J, U), times_(X_J, V))))) == (
        "xl[j:nl]·(ul[j:nl] + vl[j:nl])"
    )
