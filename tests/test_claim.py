"""What is true of every network is proved, and nothing that is false at a single one.

Each statement stands in a table, for a general layer l. Planted errors (a transposed weight, a
layer too high, a dropped slope, a captured index …) are made by machine; whether a mutant is false
is said by exact numbers on small networks, which know no rule.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import product
from time import perf_counter

import pytest
import sympy

from symnet.calculus import judges
from symnet.calculus.claim import holds, holds_by_induction
from symnet.calculus.counterexample import Setting, compare
from symnet.errors import SymnetError
from symnet.network import notation as n
from symnet.network.functions import ACTIVATIONS, COSTS
from symnet.term import (
    ARGUMENT,
    ONE,
    ZERO,
    Apply,
    Axis,
    Delta,
    Index,
    LayerNumber,
    Partial,
    Power,
    ScalarFunction,
    Sum,
    Symbol,
    Term,
    add,
    children,
    elementary,
    free_indices,
    map_children,
    mul,
    number,
    power,
    spell,
)

# --- how statements are written here -------------------------------------------------------

l, L = n.l, n.L
up, upper, below, lower = l.shift(1), l.shift(2), l.shift(-1), l.shift(-2)
C = n.COST


def on(letter: str, layer: LayerNumber) -> Index:
    return n.on(letter, layer)


def w(layer: LayerNumber, j: str, k: str) -> Symbol:
    return n.w(layer, j, n.below(k, layer))


a, z, b, d, y = n.a, n.z, n.b, n.delta, n.y


def s(argument: Term, order: int = 0) -> Term:
    return Apply(ScalarFunction("σ", None, None, order), argument)


def by(of: Term, *variables: Symbol) -> Term:
    for variable in variables:
        of = Partial(of, variable)
    return of


def over(letter: str, layer: LayerNumber, body: Term) -> Term:
    return Sum(on(letter, layer), body)


def minus(first: Term, second: Term) -> Term:
    return add(first, mul(number(-1), second))


def same(j: str, k: str, layer: LayerNumber) -> Delta:
    return Delta(on(j, layer), on(k, layer))


def vector(name: str, letter: str = "j", layer: LayerNumber = l) -> Symbol:
    return Symbol(name, None, (on(letter, layer),))


ANY = Setting(None, None)
SIGMOID = Setting(ACTIVATIONS["sigmoid"].formula, None)
TANH = Setting(ACTIVATIONS["tanh"].formula, None)
RELU = Setting(ACTIVATIONS["relu"].formula, None)
QUADRATIC = Setting(None, COSTS["quadratic"].formula)
SQUARED = Setting(None, COSTS["squared_error"].formula)
ENTROPY = Setting(ACTIVATIONS["sigmoid"].formula, COSTS["cross_entropy"].formula)
TANH_QUADRATIC = Setting(ACTIVATIONS["tanh"].formula, COSTS["quadratic"].formula)
LINEAR_LAST = Setting(None, COSTS["quadratic"].formula, sympy.S(1) * ARGUMENT, has_output=True)
NORMALISED = Setting(None, COSTS["quadratic"].formula, normalised=True)

x = Symbol("x")
logistic = power(add(ONE, Apply(elementary("exp"), mul(number(-1), x))), -1)
tanh_x = Apply(elementary("tanh"), x)
positive = ScalarFunction("H", sympy.Piecewise((0, ARGUMENT <= 0), (1, True)))


def zL(i: str = "i") -> Symbol:
    return z(L, i)


def back(j: str = "j", inner: Callable[[str], Term] = lambda k: d(up, k)) -> Term:
    """Σ_k w_kj^{l+1} (…)_k."""
    return over("k", up, mul(w(up, "k", j), inner("k")))


error = minus(a(L, "j"), y(L, "j"))
hidden = L.shift(-1)

STATEMENTS: dict[str, tuple[Term, Term, Setting]] = {
    # forward
    "z": (z(l, "j"), add(over("k", below, mul(w(l, "j", "k"), a(below, "k"))), b(l, "j")), ANY),
    "a": (a(l, "j"), s(z(l, "j")), ANY),
    "a through z": (
        a(l, "j"),
        s(add(b(l, "j"), over("p", below, mul(a(below, "p"), w(l, "j", "p"))))),
        ANY,
    ),
    "z through z": (
        z(up, "k"),
        add(over("j", l, mul(w(up, "k", "j"), s(z(l, "j")))), b(up, "k")),
        ANY,
    ),
    # the four equations
    "BP1": (d(L, "j"), mul(by(C, a(L, "j")), s(z(L, "j"), 1)), ANY),
    "BP1 at l": (d(l, "j"), mul(by(C, a(l, "j")), s(z(l, "j"), 1)), ANY),
    "BP1 as a sum": (
        d(L, "j"),
        over("k", L, mul(by(C, a(L, "k")), by(a(L, "k"), z(L, "j")))),
        ANY,
    ),
    "BP2": (d(l, "j"), mul(back(), s(z(l, "j"), 1)), ANY),
    "BP2 below": (
        d(below, "k"),
        mul(s(z(below, "k"), 1), over("j", l, mul(d(l, "j"), w(l, "j", "k")))),
        ANY,
    ),
    "BP2 with diag": (
        d(l, "j"),
        over("p", l, mul(s(z(l, "j"), 1), same("j", "p", l), back("p"))),
        ANY,
    ),
    "BP2 as a derivative": (by(C, z(l, "j")), mul(back(), s(z(l, "j"), 1)), ANY),
    "BP2 at L": (
        d(hidden, "k"),
        mul(over("j", L, mul(w(L, "j", "k"), d(L, "j"))), s(z(hidden, "k"), 1)),
        ANY,
    ),
    "BP2 by z": (d(l, "j"), over("k", up, mul(d(up, "k"), by(z(up, "k"), z(l, "j")))), ANY),
    "BP3": (by(C, b(l, "j")), d(l, "j"), ANY),
    "BP3 as a sum": (
        by(C, b(l, "j")),
        over("p", l, mul(by(C, z(l, "p")), by(z(l, "p"), b(l, "j")))),
        ANY,
    ),
    "BP4": (by(C, w(l, "j", "k")), mul(a(below, "k"), d(l, "j")), ANY),
    "BP4 as a sum": (
        by(C, w(l, "j", "k")),
        over("p", l, mul(d(l, "p"), by(z(l, "p"), w(l, "j", "k")))),
        ANY,
    ),
    "BP4 through BP2": (
        by(C, w(l, "j", "k")),
        mul(a(below, "k"), s(z(l, "j"), 1), back()),
        ANY,
    ),
    "BP4 through σ": (
        by(C, w(l, "j", "k")),
        mul(s(z(below, "k")), by(C, a(l, "j")), s(z(l, "j"), 1)),
        ANY,
    ),
    "BP4 and BP3": (by(C, w(l, "j", "k")), mul(a(below, "k"), by(C, b(l, "j"))), ANY),
    "weights of L": (
        by(C, w(L, "j", "k")),
        mul(a(hidden, "k"), s(z(L, "j"), 1), by(C, a(L, "j"))),
        ANY,
    ),
    # by activations
    "∂C/∂a": (by(C, a(below, "k")), over("j", l, mul(w(l, "j", "k"), d(l, "j"))), ANY),
    "∂C/∂a by ∂C/∂a": (
        by(C, a(below, "k")),
        over("j", l, mul(w(l, "j", "k"), s(z(l, "j"), 1), by(C, a(l, "j")))),
        ANY,
    ),
    "∂C/∂a through z": (
        by(C, a(l, "j")),
        over("k", up, mul(by(C, z(up, "k")), by(z(up, "k"), a(l, "j")))),
        ANY,
    ),
    "BP2 with σ' outside": (d(l, "j"), mul(by(C, a(l, "j")), by(a(l, "j"), z(l, "j"))), ANY),
    # unrolled
    "two layers": (
        d(l, "j"),
        mul(
            s(z(l, "j"), 1),
            back(
                inner=lambda k: mul(
                    s(z(up, k), 1), over("p", upper, mul(w(upper, "p", k), d(upper, "p")))
                )
            ),
        ),
        ANY,
    ),
    "two layers to L": (
        by(C, w(hidden, "j", "k")),
        mul(
            a(hidden.shift(-1), "k"),
            s(z(hidden, "j"), 1),
            over("p", L, mul(w(L, "p", "j"), s(z(L, "p"), 1), by(C, a(L, "p")))),
        ),
        ANY,
    ),
    "sum over paths": (
        by(C, b(below, "i")),
        over(
            "j",
            l,
            over(
                "k",
                up,
                mul(
                    d(up, "k"),
                    w(up, "k", "j"),
                    s(z(l, "j"), 1),
                    w(l, "j", "i"),
                    s(z(below, "i"), 1),
                ),
            ),
        ),
        ANY,
    ),
    # Jacobians
    "∂z/∂z": (by(z(up, "k"), z(l, "j")), mul(w(up, "k", "j"), s(z(l, "j"), 1)), ANY),
    "∂z/∂a": (by(z(l, "j"), a(below, "k")), w(l, "j", "k"), ANY),
    "∂a/∂z": (by(a(l, "i"), z(l, "j")), mul(same("i", "j", l), s(z(l, "i"), 1)), ANY),
    "∂a/∂a": (by(a(l, "j"), a(below, "k")), mul(s(z(l, "j"), 1), w(l, "j", "k")), ANY),
    "∂z/∂w": (by(z(l, "i"), w(l, "j", "k")), mul(same("i", "j", l), a(below, "k")), ANY),
    "∂z/∂b": (by(z(l, "i"), b(l, "j")), same("i", "j", l), ANY),
    "∂z/∂z over two": (
        by(z(upper, "i"), z(l, "j")),
        over("k", up, mul(w(upper, "i", "k"), s(z(up, "k"), 1), w(up, "k", "j"), s(z(l, "j"), 1))),
        ANY,
    ),
    "∂z/∂z as a product": (
        by(z(upper, "i"), z(l, "j")),
        over("k", up, mul(by(z(upper, "i"), z(up, "k")), by(z(up, "k"), z(l, "j")))),
        ANY,
    ),
    "∂a/∂w": (
        by(a(l, "j"), w(l, "j", "k")),
        mul(s(z(l, "j"), 1), s(z(below, "k"))),
        ANY,
    ),
    "a trace": (
        over("j", l, by(a(l, "j"), z(l, "j"))),
        over("p", l, s(z(l, "p"), 1)),
        ANY,
    ),
    "∂z^L/∂z": (
        by(zL(), z(l, "j")),
        mul(s(z(l, "j"), 1), back(inner=lambda k: by(zL(), z(up, k)))),
        ANY,
    ),
    "∂a^L/∂z": (by(a(L, "i"), z(l, "j")), mul(by(a(L, "i"), a(l, "j")), s(z(l, "j"), 1)), ANY),
    "C through a^L": (
        d(l, "j"),
        over("i", L, mul(by(C, a(L, "i")), by(a(L, "i"), z(l, "j")))),
        ANY,
    ),
    "C through z^L": (
        by(C, w(l, "j", "k")),
        over("i", L, mul(d(L, "i"), by(zL(), z(l, "j")), a(below, "k"))),
        ANY,
    ),
    "C through z^L and a^L": (
        by(C, z(l, "j")),
        over("i", L, mul(minus(a(L, "i"), y(L, "i")), s(zL(), 1), by(zL(), z(l, "j")))),
        QUADRATIC,
    ),
    "a^L through z^L": (
        by(a(L, "i"), z(l, "j")),
        mul(s(zL(), 1), by(zL(), z(l, "j"))),
        ANY,
    ),
    # named functions
    "σ' of the sigmoid": (s(z(l, "j"), 1), mul(s(z(l, "j")), minus(ONE, s(z(l, "j")))), SIGMOID),
    "σ' by a": (by(a(l, "j"), z(l, "j")), mul(a(l, "j"), minus(ONE, a(l, "j"))), SIGMOID),
    "σ' of tanh": (s(z(l, "j"), 1), minus(ONE, power(a(l, "j"), 2)), TANH),
    "σ' of relu": (s(z(l, "j"), 1), Apply(positive, z(l, "j")), RELU),
    "relu": (a(l, "j"), mul(z(l, "j"), Apply(positive, z(l, "j"))), RELU),
    "BP2 of the sigmoid": (d(l, "j"), mul(a(l, "j"), minus(ONE, a(l, "j")), back()), SIGMOID),
    "BP2 of tanh": (d(l, "j"), mul(minus(ONE, power(a(l, "j"), 2)), back()), TANH),
    "BP2 of relu": (d(l, "j"), mul(back(), Apply(positive, z(l, "j"))), RELU),
    "the sigmoid": (by(logistic, x), mul(logistic, minus(ONE, logistic)), ANY),
    "tanh": (by(tanh_x, x), minus(ONE, power(tanh_x, 2)), ANY),
    "σ''": (
        s(z(l, "j"), 2),
        mul(a(l, "j"), minus(ONE, a(l, "j")), minus(ONE, mul(number(2), a(l, "j")))),
        SIGMOID,
    ),
    # named costs
    "C": (C, mul(number(Fraction(1, 2)), over("j", L, power(error, 2))), QUADRATIC),
    "quadratic": (by(C, a(L, "j")), error, QUADRATIC),
    "quadratic error": (d(L, "j"), mul(error, s(z(L, "j"), 1)), QUADRATIC),
    "squared error": (d(L, "j"), mul(number(2), error, s(z(L, "j"), 1)), SQUARED),
    "entropy": (d(L, "j"), error, ENTROPY),
    "entropy, weights": (by(C, w(L, "j", "k")), mul(a(hidden, "k"), error), ENTROPY),
    "entropy, ∂C/∂a": (
        by(C, a(L, "j")),
        mul(error, power(a(L, "j"), -1), power(minus(ONE, a(L, "j")), -1)),
        ENTROPY,
    ),
    "entropy, hidden": (
        d(hidden, "k"),
        mul(a(hidden, "k"), minus(ONE, a(hidden, "k")), over("j", L, mul(w(L, "j", "k"), error))),
        ENTROPY,
    ),
    "tanh, quadratic": (
        d(L, "j"),
        mul(error, minus(ONE, power(a(L, "j"), 2))),
        TANH_QUADRATIC,
    ),
    "a linear last layer": (d(L, "j"), error, LINEAR_LAST),
    "Σ y = 1": (over("j", L, mul(number(3), y(L, "j"))), number(3), NORMALISED),
    # second derivatives
    "mixed": (by(C, b(l, "i"), b(l, "j")), by(C, b(l, "j"), b(l, "i")), ANY),
    "mixed by layers": (by(C, b(l, "i"), b(below, "j")), by(C, b(below, "j"), b(l, "i")), ANY),
    "∂δ/∂b": (by(C, b(l, "j"), b(l, "i")), by(d(l, "j"), b(l, "i")), ANY),
    "∂δ/∂b by z": (by(d(l, "j"), b(l, "i")), by(C, z(l, "i"), z(l, "j")), ANY),
    "∂²C/∂w∂b": (
        by(C, w(l, "j", "k"), b(l, "i")),
        mul(a(below, "k"), by(C, z(l, "j"), z(l, "i"))),
        ANY,
    ),
    "Hessian of L": (
        by(C, z(L, "i"), z(L, "j")),
        mul(
            same("i", "j", L),
            add(power(s(z(L, "i"), 1), 2), mul(minus(a(L, "i"), y(L, "i")), s(z(L, "i"), 2))),
        ),
        QUADRATIC,
    ),
    # vectors of the page, and steps
    "s ⊙ t": (mul(vector("s"), vector("t")), mul(vector("t"), vector("s")), ANY),
    "sᵀt": (
        over("j", l, mul(vector("s"), vector("t"))),
        over("k", l, mul(vector("t", "k"), vector("s", "k"))),
        ANY,
    ),
    "∂sᵀz/∂z": (by(over("k", l, mul(vector("s", "k"), z(l, "k"))), z(l, "j")), vector("s"), ANY),
    "a step": (
        minus(w(l, "j", "k"), mul(Symbol("η"), by(C, w(l, "j", "k")))),
        minus(w(l, "j", "k"), mul(Symbol("η"), d(l, "j"), a(below, "k"))),
        ANY,
    ),
}

# --- planted errors ------------------------------------------------------------------------


def everywhere(term: Term, change: Callable[[Term], Iterator[Term]]) -> Iterator[Term]:
    """The term with one part changed, in all ways; what is below a ∂ stays a symbol."""
    yield from change(term)
    parts = children(term)
    for position, part in enumerate(parts):
        for changed in everywhere(part, change):
            if isinstance(term, Partial) and position == 1 and not isinstance(changed, Symbol):
                continue
            seen = iter(range(len(parts)))
            yield map_children(term, lambda x: changed if next(seen) == position else x)  # noqa: B023


def shifted(part: Term) -> Iterator[Term]:
    if isinstance(part, Symbol) and part.layer is not None:
        for step in (1, -1):
            yield Symbol(part.name, part.layer.shift(step), part.indices)


def swapped(part: Term) -> Iterator[Term]:
    if isinstance(part, Symbol) and len(part.indices) == 2:
        yield Symbol(part.name, part.layer, part.indices[::-1])


def dropped(part: Term) -> Iterator[Term]:
    match part:
        case Apply(function, argument) if function.order:
            yield ONE
            yield Apply(ScalarFunction("σ", None, None, function.order - 1), argument)
        case Apply(function, argument) if function.name == "σ":
            yield argument
            yield Apply(ScalarFunction("σ", None, None, 1), argument)


def exchanged(part: Term) -> Iterator[Term]:
    to = {"a": "z", "z": "a", "δ": "z", "b": "z"}
    if isinstance(part, Symbol) and part.layer is not None and part.name in to:
        yield Symbol(to[part.name], part.layer, part.indices)


def captured(part: Term) -> Iterator[Term]:
    """A bound index in the place of a free one over the same axis, and other letters than said."""
    if isinstance(part, Sum):
        for index in sorted(free_indices(part), key=str):
            if index.axis == part.index.axis:
                yield Sum(index, part.body)
    if isinstance(part, Symbol) and part.indices:
        first, *rest = part.indices
        yield Symbol(part.name, part.layer, (Index("q", first.axis), *rest))


def scaled(part: Term) -> Iterator[Term]:
    match part:
        case Power(base, exponent):
            yield power(base, exponent + 1)
        case Symbol():
            return
        case _:
            yield mul(number(2), part)


def mutants(right: Term) -> Iterator[Term]:
    yield mul(number(-1), right)
    for change in (shifted, swapped, dropped, exchanged, captured, scaled):
        yield from everywhere(right, change)


# --- the truth, at numbers -----------------------------------------------------------------

Networks = tuple[tuple[tuple[int, ...], dict[str, int]], ...]
NETWORKS: Networks = (
    ((2, 3, 2, 3, 2), {"l": 3}),
    ((3, 2, 4, 2, 1), {"l": 3}),
    ((2, 2, 2, 2, 2), {"l": 3}),
)


def width(axis: Axis, widths: tuple[int, ...], layers: Mapping[str, int]) -> int:
    at = {**layers, "L": len(widths), "": 0}
    return widths[at[axis.layer.name] + axis.layer.offset - 1]


def differ(left: Term, right: Term, setting: Setting, networks: Networks = NETWORKS) -> bool:
    """Whether two terms differ somewhere on a small network; what has no value there does not."""
    for seed, (widths, layers) in enumerate(networks):
        free = sorted(free_indices(left) | free_indices(right), key=str)
        free = [index for index in free if not index.name.isdigit()]
        for values in product(*(range(1, width(i.axis, widths, layers) + 1) for i in free)):
            where: dict[Index | str, int] = dict(zip(free, values, strict=True))
            try:
                if compare(left, right, setting, widths, layers, where, seed) is not None:
                    return True
            except (SymnetError, LookupError):
                break
    return False


# --- the laws ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STATEMENTS)
def test_what_is_true_is_proved(name: str) -> None:
    left, right, setting = STATEMENTS[name]
    assert not differ(left, right, setting)
    assert holds(left, right, setting) == ""
    assert holds(right, left, setting) == ""


@pytest.mark.parametrize("name", STATEMENTS)
def test_nothing_false_is_proved(name: str) -> None:
    left, right, setting = STATEMENTS[name]
    false = 0
    for mutant in dict.fromkeys(mutants(right)):
        if holds(left, mutant, setting) == "":
            assert not differ(left, mutant, setting), spell(mutant)
        else:
            false += 1
    assert false >= 2


# --- induction from the last layer downwards ------------------------------------------------


def stands_for(layer: LayerNumber, *letters: Index) -> Symbol:
    """What a product over layers is from a layer on, by a name of its own."""
    return Symbol("R", layer, letters)


INDUCTIONS: dict[str, tuple[Term, Term, Term, Term, tuple[Term, Term]]] = {
    "δ = D Wᵀ … D ∇C": (
        d(l, "j"),
        mul(s(z(l, "j"), 1), back(inner=lambda k: stands_for(up, on(k, up)))),
        d(L, "j"),
        mul(s(z(L, "j"), 1), by(C, a(L, "j"))),
        (d(up, "k"), stands_for(up, on("k", up))),
    ),
    "∂z^L/∂z": (
        by(zL(), z(l, "j")),
        mul(back(inner=lambda k: stands_for(up, on("i", L), on(k, up))), s(z(l, "j"), 1)),
        by(zL(), z(L, "j")),
        same("i", "j", L),
        (by(zL(), z(up, "k")), stands_for(up, on("i", L), on("k", up))),
    ),
    "∂a^L/∂z": (
        by(a(L, "i"), z(l, "j")),
        mul(back(inner=lambda k: stands_for(up, on("i", L), on(k, up))), s(z(l, "j"), 1)),
        by(a(L, "i"), z(L, "j")),
        mul(same("i", "j", L), s(z(L, "i"), 1)),
        (by(a(L, "i"), z(up, "k")), stands_for(up, on("i", L), on("k", up))),
    ),
}


@pytest.mark.parametrize("name", INDUCTIONS)
@pytest.mark.parametrize("setting", [ANY, QUADRATIC, SIGMOID], ids=["any", "quadratic", "sigmoid"])
def test_an_induction_needs_base_and_step(name: str, setting: Setting) -> None:
    step, to, base, at_last, hypothesis = INDUCTIONS[name]
    assert holds_by_induction(step, to, base, at_last, hypothesis, setting) == ""
    for wrong in mutants(to):
        assert holds_by_induction(step, wrong, base, at_last, hypothesis, setting), spell(wrong)
    for wrong in mutants(at_last):
        assert holds_by_induction(step, to, base, wrong, hypothesis, setting) or not differ(
            base, wrong, setting
        )


# --- a network with numbers for layers ------------------------------------------------------

WIDTHS = (2, 3, 4, 1)


def entry(name: str, layer: int, *places: int) -> Symbol:
    """w_12^3, and the like."""
    return Symbol(
        name,
        LayerNumber("", layer),
        tuple(
            Index(str(place), n.neurons(LayerNumber("", layer - down)))
            for down, place in enumerate(places)
        ),
    )


def input_(place: int) -> Symbol:
    return Symbol("x", None, (Index(str(place), n.neurons(LayerNumber("", 1))),))


LITERAL: dict[str, tuple[Term, Term, Setting]] = {
    "z": (
        entry("z", 2, 3),
        add(
            mul(entry("w", 2, 3, 1), input_(1)),
            mul(entry("w", 2, 3, 2), entry("a", 1, 2)),
            entry("b", 2, 3),
        ),
        ANY,
    ),
    "∂C/∂w": (by(C, entry("w", 2, 1, 2)), mul(entry("δ", 2, 1), input_(2)), ANY),
    "δ of layer 3": (
        entry("δ", 3, 2),
        mul(entry("w", 4, 1, 2), s(entry("z", 3, 2), 1), entry("δ", 4, 1)),
        ANY,
    ),
    "paths": (
        entry("δ", 2, 2),
        mul(
            s(entry("z", 2, 2), 1),
            add(
                *(
                    mul(
                        entry("w", 3, i, 2),
                        entry("w", 4, 1, i),
                        s(entry("z", 3, i), 1),
                        entry("δ", 4, 1),
                    )
                    for i in (1, 2, 3, 4)
                )
            ),
        ),
        ANY,
    ),
    "quadratic": (
        by(C, entry("b", 4, 1)),
        mul(
            minus(
                entry("a", 4, 1), Symbol("y", None, (Index("1", n.neurons(LayerNumber("", 4))),))
            ),
            s(entry("z", 4, 1), 1),
        ),
        QUADRATIC,
    ),
    "beside the diagonal": (by(entry("a", 2, 2), entry("z", 2, 1)), ZERO, ANY),
    "for every letter": (
        over("j", LayerNumber("", 4), d(LayerNumber("", 4), "j")),
        entry("δ", 4, 1),
        ANY,
    ),
}


@pytest.mark.parametrize("name", LITERAL)
def test_a_network_of_given_widths(name: str) -> None:
    left, right, setting = LITERAL[name]
    assert holds(left, right, setting, WIDTHS) == ""
    for wrong in mutants(right):
        if holds(left, wrong, setting, WIDTHS) == "":
            assert not differ(left, wrong, setting, ((WIDTHS, {}),)), spell(wrong)


def test_widths_are_not_guessed() -> None:
    left, right, _ = LITERAL["z"]
    assert holds(left, right, ANY) != ""


# --- what is given up, and who decides ------------------------------------------------------

GIVEN_UP: dict[str, tuple[Term, Term, str]] = {
    "a layer above the last": (d(L.shift(1), "j"), d(L.shift(1), "j"), "no layer L+1"),
    "a layer below the first": (entry("z", 1, 1), entry("z", 1, 1), "no layer 1"),
    "an unknown distance": (by(z(l, "j"), z(L, "k")), ZERO, "is not known"),
    "the layer below the last": (by(z(hidden, "i"), z(l, "j")), ZERO, "is not known"),
    "weights that may be the same": (by(mul(w(L, "j", "k")), w(l, "j", "k")), ZERO, "is not known"),
    "a parameter nobody knows": (by(C, Symbol("θ")), ZERO, "is not known"),
    "a vector nobody knows": (by(vector("s"), z(l, "j")), ZERO, "is not known"),
    "by a vector": (by(z(l, "j"), vector("s")), ZERO, "is not known"),
    "∂z^L/∂a, for it is 0 at L": (
        by(zL(), z(l, "j")),
        mul(by(zL(), a(l, "j")), s(z(l, "j"), 1)),
        "not equal",
    ),
}


@pytest.mark.parametrize("name", GIVEN_UP)
def test_what_is_not_known_is_given_up(name: str) -> None:
    left, right, why = GIVEN_UP[name]
    assert why in holds(left, right, ANY)


def test_the_cost_says_nothing_of_strange_parameters() -> None:
    assert "not known" in holds(by(C, Symbol("θ")), ZERO, QUADRATIC)
    assert "not known" in holds(by(z(l, "j"), Symbol("θ")), ZERO, QUADRATIC)


def test_σ_of_a_layer_that_may_be_the_last() -> None:
    claim = a(l, "j"), s(z(l, "j"))
    assert holds(*claim, LINEAR_LAST) != ""

    with_above = by(a(up, "k"), a(l, "j"))
    assert holds(with_above, with_above, LINEAR_LAST) != ""
    assert holds(a(hidden, "j"), s(z(hidden, "j")), LINEAR_LAST) == ""


def test_each_layer_with_a_function_of_its_own() -> None:
    each = Setting(None, None, per_layer=True)

    def own(layer: LayerNumber, order: int = 0) -> Term:
        return Apply(ScalarFunction("σ", None, layer, order), z(layer, "j"))

    assert holds(a(l, "j"), own(l), each) == ""
    assert holds(d(l, "j"), mul(back(), own(l, 1)), each) == ""
    wrong = Apply(ScalarFunction("σ", None, up, 1), z(l, "j"))
    assert holds(d(l, "j"), mul(back(), wrong), each) != ""
    assert holds(d(l, "j"), mul(back(), wrong), ANY) == ""


@pytest.mark.parametrize("gullible", [0, 1])
def test_one_judge_alone_proves_nothing(gullible: int, monkeypatch: pytest.MonkeyPatch) -> None:
    both = list(judges.JUDGES)
    both[gullible] = replace(both[gullible], vanishes=lambda *_: True)
    monkeypatch.setattr("symnet.calculus.claim.JUDGES", tuple(both))
    left, right, setting = STATEMENTS["BP2"]
    assert holds(left, right, setting) == ""
    assert both[1 - gullible].name in holds(left, mul(number(2), right), setting)


@pytest.mark.parametrize("blind", [0, 1])
def test_a_judge_that_derives_wrongly_proves_nothing(
    blind: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = list(judges.JUDGES)
    both[blind] = replace(both[blind], derivative=lambda of, v: ZERO)
    monkeypatch.setattr("symnet.calculus.claim.JUDGES", tuple(both))
    left, right, setting = STATEMENTS["∂z/∂a"]
    assert holds(left, right, setting) != ""
    assert holds(left, ZERO, setting) != ""


def test_functions_that_are_not_one() -> None:
    tanh_named_σ = Apply(ScalarFunction("σ", ACTIVATIONS["tanh"].formula), z(l, "j"))
    assert holds(a(l, "j"), tanh_named_σ, ANY) == ""
    assert holds(a(l, "j"), tanh_named_σ, SIGMOID) != ""


def test_a_statement_takes_little_time() -> None:
    for left, right, setting in STATEMENTS.values():
        holds(left, right, setting)
    times = []
    for left, right, setting in STATEMENTS.values():
        start = perf_counter()
        holds(left, right, setting)
        times.append(perf_counter() - start)
    assert sorted(times)[len(times) // 2] < 0.05
