"""Terms: renaming and substitution never capture, spelling is one to one, SymPy and back."""

import pickle
from copy import deepcopy
from dataclasses import fields, replace
from fractions import Fraction

import pytest
import sympy
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from meaning import Exact, Place, loose, places, value
from test_normal import (
    ABOVE,
    AXES,
    BOUND,
    EXP,
    FREE,
    HERE,
    J_ABOVE,
    SIGMA,
    SIZES,
    J,
    K,
    everywhere,
    l,
    small,
    terms,
)

from symnet.calculus import normal
from symnet.errors import SymnetError
from symnet.network.notation import on
from symnet.term import (
    LETTERS,
    ONE,
    ZERO,
    Addition,
    Apply,
    Axis,
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
    apply_formula,
    at_layer,
    children,
    equation_at,
    free_indices,
    fresh,
    from_sympy,
    kinds,
    map_children,
    mentions,
    mul,
    number,
    power,
    rename,
    spell,
    to_sympy,
    walk,
)

WORLDS = [Exact(seed, dict(zip(AXES, sizes, strict=True))) for seed, sizes in enumerate(SIZES)]
P, Q = Index("p", HERE), Index("q", HERE)


def x(*indices: Index) -> Symbol:
    return Symbol("x", l, indices)


def same_value(left: Term, right: Term, to: dict[Index, Index] | None = None) -> None:
    """The right at a place is the left where each index has the value of what it was renamed to."""
    to = to or {}
    for world in WORLDS:
        for place in places(loose(right) | {to.get(i, i) for i in loose(left)}, world):
            before: Place = {i: place[to.get(i, i)] for i in loose(left)}
            try:
                expected = value(left, world, before)
            except ZeroDivisionError:
                continue
            assert value(right, world, place) == expected, f"{spell(left)} and {spell(right)}"


few = settings(max_examples=50)


# --- laws ----------------------------------------------------------------------------------

ALL_INDICES = sorted({*FREE, *BOUND}, key=str)


@few
@given(terms(), st.dictionaries(st.sampled_from(FREE), st.sampled_from(ALL_INDICES)))
def test_renaming_never_captures(term: Term, to: dict[Index, Index]) -> None:
    to = {old: new for old, new in to.items() if old.axis == new.axis}
    renamed = rename(term, to)
    assert free_indices(renamed) == {to.get(i, i) for i in free_indices(term)}
    same_value(term, renamed, to)


@few
@given(terms(), st.sets(st.sampled_from(ALL_INDICES)))
def test_apart_keeps_the_value_and_the_letters(term: Term, taken: set[Index]) -> None:
    moved = apart(term, frozenset(taken))
    same_value(term, moved)
    letters = {index.name for index in taken}
    while isinstance(moved, Sum):
        assert moved.index.name not in letters
        letters.add(moved.index.name)
        moved = moved.body


@few
@given(terms())
def test_free_indices_are_the_loose_ones(term: Term) -> None:
    assert free_indices(term) == loose(term)


@few
@given(terms())
def test_map_children_with_nothing_to_do_is_the_same_term(term: Term) -> None:
    """Not a copy: what a rule leaves alone costs nothing, and is seen to be unchanged at once."""
    assert map_children(term, lambda part: part) is term


@few
@given(terms())
def test_map_children_makes_terms_of_the_same_value_from_copies(term: Term) -> None:
    same_value(term, map_children(term, deepcopy))


@few
@given(terms())
def test_kinds_are_those_of_all_parts(term: Term) -> None:
    assert kinds(term) == {type(part) for part in walk(term)}


@few
@given(terms(), terms())
def test_different_terms_are_spelled_differently(one: Term, other: Term) -> None:
    """Terms are sorted by their spelling: were it the same for two, their order would be chance."""
    one, other = flattened(one), flattened(other)
    assert (spell(one) == spell(other)) == (one == other)


def flattened(term: Term) -> Term:
    """As `mul` and `add` make terms: no product in a product, no sum in a sum."""
    return map_children(term, flattened)


@few
@given(terms(), terms())
def test_building_is_arithmetic(left: Term, right: Term) -> None:
    same_value(Addition((left, right)), add(left, right))
    same_value(Product((left, right)), mul(left, right))


@settings(max_examples=30, suppress_health_check=(HealthCheck.filter_too_much,))
@given(terms(polynomial=True).filter(small))
def test_to_sympy_keeps_the_value(term: Term) -> None:
    """Sums written out by SymPy have the value that our loops give them."""
    # SymPy knows letters without axes, and no σ.
    names = [index.name for index in everything(term)]
    assume(len(names) == len(set(names)))
    assume(not any(isinstance(part, Apply | Partial) for part, _ in everywhere(term)))
    world = WORLDS[1]

    def atom(part: Symbol | Partial) -> sympy.Expr:
        assert isinstance(part, Symbol)
        base = sympy.IndexedBase(f"{part.name}|{part.layer}")
        letters = [sympy.Symbol(index.name, integer=True) for index in part.indices]
        return base[letters] if letters else sympy.Symbol(str(base))

    def known(part: sympy.Expr) -> sympy.Expr:
        name, _, layer = str(part.base if isinstance(part, sympy.Indexed) else part).partition("|")
        indices = tuple(int(i) - 1 for i in part.indices) if part.args else ()
        named = Symbol(name, l if layer == "l" else l.shift(1))
        return sympy.Rational(str(world.symbol(named, indices)))

    written = to_sympy(term, lambda axis: sympy.Integer(world.size(axis)), atom)
    for place in places(loose(term), world):
        at = {sympy.Symbol(i.name, integer=True): v + 1 for i, v in place.items()}
        done = written.subs(at).doit()
        found = done.replace(lambda e: isinstance(e, sympy.Indexed) or "|" in str(e.func), known)
        found = found.xreplace({s: known(s) for s in found.free_symbols})
        assert found == sympy.Rational(str(value(term, world, place)))


def everything(term: Term) -> set[Index]:
    own = {term.index} if isinstance(term, Sum) else set(loose(term))
    return own.union(*map(everything, children(term)))


# --- tables --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("term", "to", "renamed"),
    [
        (x(J), {J: P}, "xl[p:nl]"),
        # The classic: under Σ_p the free j must not become the bound p.
        (Sum(P, Symbol("w", l, (J, P))), {J: P}, "Σ_k:nl(wl[p:nl,k:nl])"),
        # A bound index is not renamed.
        (Sum(J, x(J)), {J: P}, "Σ_j:nl(xl[j:nl])"),
        # All at once: j and p change places.
        (Symbol("w", l, (J, P)), {J: P, P: J}, "wl[p:nl,j:nl]"),
        (Delta(J, P), {J: P, P: J}, "[p:nl=j:nl]"),
        # Two sums deep.
        (
            Sum(P, Sum(Q, mul(x(J), x(P), x(Q)))),
            {J: Q},
            "Σ_p:nl(Σ_k:nl(xl[q:nl]·xl[p:nl]·xl[k:nl]))",
        ),
        # A letter is read without its axis: j of the layer above would look captured.
        (Sum(J_ABOVE, mul(x(P), x(J_ABOVE))), {P: J}, "Σ_k:nl+1(xl[j:nl]·xl[k:nl+1])"),
        (x(J), {P: Q}, "xl[j:nl]"),
        (x(J), {}, "xl[j:nl]"),
    ],
    ids=lambda x: spell(x) if not isinstance(x, dict | str) else "",
)
def test_renaming(term: Term, to: dict[Index, Index], renamed: str) -> None:
    assert spell(rename(term, to)) == renamed


def test_letters_never_run_out() -> None:
    taken: frozenset[Index] = frozenset()
    for n in range(3 * len(LETTERS)):
        index = fresh(HERE, taken)
        assert index.name not in {other.name for other in taken}
        taken |= {index}
        assert len(index.name) == 1 + n // len(LETTERS)
    assert fresh(ABOVE, frozenset({J})).axis == ABOVE


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (add(), ZERO),
        (add(ZERO, ZERO), ZERO),
        (add(x(J)), x(J)),
        (add(x(J), ZERO, add(x(P), x(Q))), Addition((x(J), x(P), x(Q)))),
        (mul(), ONE),
        (mul(x(J)), x(J)),
        (mul(ONE, x(J)), x(J)),
        (mul(x(J), ZERO), ZERO),
        (mul(number(2), x(J), number(Fraction(1, 2))), x(J)),
        (mul(x(J), number(3), mul(x(P), number(2))), Product((number(6), x(J), x(P)))),
        (power(x(J), 0), ONE),
        (power(x(J), 1), x(J)),
        (power(number(2), -3), number(Fraction(1, 8))),
        (power(number(4), Fraction(1, 2)), Power(number(4), Fraction(1, 2))),  # not a fraction
        (power(ZERO, -1), Power(ZERO, Fraction(-1))),  # no value, and so not worked out
        (power(ZERO, 2), Power(ZERO, Fraction(2))),
    ],
)
def test_building(term: Term, expected: Term) -> None:
    assert term == expected


L2, L3 = LayerNumber("", 2), LayerNumber("", 3)


@pytest.mark.parametrize(
    ("term", "to", "expected"),
    [
        (x(J), {"l": L3}, "x3[j:n3]"),
        (x(J), {"l": l.shift(1)}, "xl+1[j:nl+1]"),
        (x(J), {"L": L3}, "xl[j:nl]"),
        (Symbol("w", l.shift(1), (J_ABOVE, J)), {"l": L2}, "w3[j:n3,j:n2]"),
        (Size(ABOVE), {"l": L2}, "|n3|"),
        (Delta(J, P), {"l": L2}, "[j:n2=p:n2]"),
        (Sum(J, x(J)), {"l": L2}, "Σ_j:n2(x2[j:n2])"),
        (Apply(ScalarFunction("σ", None, l, 1), x(J)), {"l": L2}, "σ2'(x2[j:n2])"),
        (Symbol("C"), {"l": L2}, "C"),
        (Partial(Symbol("C"), x(J)), {"l": L2}, "∂(C)/∂x2[j:n2]"),
        (power(x(J), 2), {"l": L2}, "(x2[j:n2])^2"),
        (x(K), {"l": L2}, "x2[k:n1]"),
    ],
    ids=lambda x: spell(x) if not isinstance(x, dict | str) else "",
)
def test_at_layer(term: Term, to: dict[str, LayerNumber], expected: str) -> None:
    assert spell(at_layer(term, to)) == expected


def test_equation_at_keeps_its_label() -> None:
    equation = equation_at(Equation("z", x(J), add(x(J), x(J))), {"l": L2})
    assert (equation.label, spell(equation.left)) == ("z", "x2[j:n2]")
    assert spell(equation.right) == "x2[j:n2] + x2[j:n2]"


def test_mentions_looks_everywhere_and_at_no_index() -> None:
    deep = Sum(P, power(Apply(SIGMA, mul(number(2), Symbol("w", l, (J, P)))), -1))
    assert mentions(deep, Symbol("w", l, (P, J)))
    assert not mentions(deep, Symbol("w", l.shift(1), (P, J)))
    assert not mentions(deep, Symbol("v", l, (P, J)))
    assert mentions(Partial(Symbol("C"), x(J)), x(P))


def test_records_are_values() -> None:
    with pytest.raises(AttributeError):
        x(J).name = "y"  # type: ignore[misc]
    assert len({x(J), x(J), x(P)}) == 2
    assert str(LayerNumber("l")) == "l"
    assert str(l.shift(-1)) == "l-1"
    assert str(LayerNumber("", 3).shift(1)) == "4"


def test_a_hash_once_computed_is_no_part_of_a_record() -> None:
    """Copies, pickles and patterns know the fields alone."""
    one, other = Sum(P, x(P)), Sum(P, x(P))
    assert hash(one) == hash(other)
    assert one == other
    for copy in (deepcopy(one), pickle.loads(pickle.dumps(one)), replace(one)):
        assert copy == one
        assert hash(copy) == hash(one)
    assert hash(replace(one, index=Q)) == hash(Sum(Q, x(P)))
    assert [f.name for f in fields(one)] == list(Sum.__match_args__) == ["index", "body"]


def test_a_derivative_is_by_a_symbol() -> None:
    with pytest.raises(TypeError, match="has no meaning"):
        map_children(Partial(x(J), x(P)), lambda part: number(1))


# --- from and to SymPy ---------------------------------------------------------------------

a, y = sympy.symbols("a y", real=True)
KNOWN = {"a": x(J), "y": Symbol("y", None, (J,))}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (a, "xl[j:nl]"),
        (sympy.Integer(3), "3"),
        (sympy.Rational(1, 2) * a, "1/2·xl[j:nl]"),
        ((a - y) ** 2 / 2, "1/2·(xl[j:nl] + -1·y[j:nl])^2"),
        (1 / a, "(xl[j:nl])^-1"),
        (sympy.sqrt(a), "(xl[j:nl])^1/2"),
        (-y * sympy.log(a), "-1·y[j:nl]·log<log(z)>(xl[j:nl])"),
        (sympy.exp(-a), "exp<exp(z)>(-1·xl[j:nl])"),
        (sympy.cos(a * y), "cos<cos(z)>(xl[j:nl]·y[j:nl])"),
    ],
    ids=str,
)
def test_from_sympy(expression: sympy.Expr, expected: str) -> None:
    """Up to the order in which SymPy happens to hold its parts."""
    ours = from_sympy(expression, KNOWN)
    assert sorted(spell(ours)) == sorted(expected)


@few
@given(st.integers(-3, 3), st.integers(-3, 3), st.integers(1, 3))
def test_there_and_back(p: int, q: int, r: int) -> None:
    expression = (p * a + q * y) ** r + sympy.exp(p * a) / (1 + y**2)

    def atom(part: Symbol | Partial) -> sympy.Symbol:
        assert isinstance(part, Symbol)
        return {"x": a, "y": y}[part.name]

    ours = from_sympy(expression, KNOWN)
    back = to_sympy(ours, lambda axis: sympy.Integer(3), atom)
    assert sympy.expand(back - expression) == 0


@pytest.mark.parametrize(
    "expression",
    [
        sympy.Symbol("q"),
        a**y,
        sympy.pi * a,
        sympy.I * a,
        sympy.Derivative(sympy.Function("f")(a), a),
    ],
    ids=str,
)
def test_what_the_language_lacks_is_refused(expression: sympy.Expr) -> None:
    with pytest.raises((TypeError, SymnetError), match="has no place in an equation"):
        from_sympy(expression, KNOWN)


def test_sums_of_sympy_are_sums_of_ours() -> None:
    z = sympy.IndexedBase("z")
    j, p, n = sympy.symbols("j p n", integer=True)
    softmax = sympy.exp(z[j]) / sympy.Sum(sympy.exp(z[p]), (p, 1, n))

    def z_at(name: str, indices: tuple[Index, ...]) -> Symbol:
        return Symbol(name, l, indices)

    ours = from_sympy(softmax, {}, z_at, {"j": J})
    expected = mul(
        Apply(EXP, Symbol("z", l, (J,))),
        power(Sum(P, Apply(EXP, Symbol("z", l, (P,)))), -1),
    )
    assert normal.equal(ours, expected)


def test_a_function_in_sympy_is_its_formula_or_unknown() -> None:
    cube = ScalarFunction("cube", sympy.Symbol("z", real=True) ** 3, l, 1)
    assert apply_formula(cube, a) == 3 * a**2
    unknown = apply_formula(ScalarFunction("σ", None, LayerNumber("", 2), 1), a)
    assert str(unknown) == "σ_2'(a)"
    assert unknown.func is not apply_formula(ScalarFunction("σ", None, L3, 1), a).func


def test_notation_puts_an_index_on_its_layer() -> None:
    assert on("j", l) == Index("j", Axis("n", l))
    assert Number(Fraction(1)) == ONE


def test_a_bound_letter_made_fresh_is_not_one_that_is_renamed() -> None:
    """Σ_p z_pj at i → k, j → p: the p that is bound makes way, but not to i, which becomes k."""
    samples, neurons = Axis("m", LayerNumber("", 0)), Axis("n", LayerNumber("l"))
    i, j = Index("i", samples), Index("j", neurons)
    bound = Index("p", samples)
    term = Sum(bound, Symbol("z", LayerNumber("l"), (bound, j)))
    whole = add(Symbol("z", LayerNumber("l"), (i, j)), term)
    to = {i: Index("k", samples), j: Index("p", neurons)}
    match rename(whole, to):
        case Addition((_, Sum(index, Symbol(_, _, (first, second))))):
            assert first == index
            assert index.name not in ("k", "p")
            assert second == Index("p", neurons)
        case other:
            pytest.fail(str(other))
