"""Two judges of whether a term is 0: the kernel's rules and normal form, and the checker's algebra.

A judge differentiates terms whose symbols do not depend on each other, puts formulas in for
functions, and says whether nothing is left. The two share records of terms and SymPy's formulas,
and no way to calculate.

>>> from symnet.network import notation as n
>>> a, z = n.a(n.l, "j"), n.z(n.l, "j")
>>> slope = [judge.derivative(mul(a, z, z), z) for judge in JUDGES]
>>> [judge.vanishes(add(x, mul(MINUS, a, z), mul(MINUS, a, z)), False, n.L)
...  for judge, x in zip(JUDGES, slope)]
[True, True]
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

import sympy

from symnet.calculus import algebra, branches, meaning, normal
from symnet.calculus.derivation import work_out
from symnet.calculus.rules import RULES, Given, apply
from symnet.calculus.total import Derivative, GiveUpError
from symnet.network import notation as n
from symnet.network.functions import KINKS, A, left_closed
from symnet.term import (
    ARGUMENT,
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
    Sum,
    Symbol,
    Term,
    add,
    children,
    free_indices,
    from_sympy,
    map_children,
    mentions,
    mul,
    number,
    power,
    rename,
    walk,
)


@dataclass(frozen=True, slots=True)
class Judge:
    """One way to differentiate and to compare; `written` puts the formula in for a function."""

    name: str
    derivative: Derivative
    written: Callable[[sympy.Expr, int, Term], Term]
    vanishes: Callable[[Term, bool, LayerNumber], bool]


HYPERBOLIC = (sympy.tanh, sympy.sinh, sympy.cosh, sympy.coth, sympy.sech, sympy.csch)
Formulas = dict[str, sympy.Expr]  # of functions, by the names that they have while one derives


@dataclass(frozen=True, slots=True)
class Way:
    """How formulas are put in for functions: for all, or only where σ' is no polynomial in σ."""

    formulas: Formulas
    through_values: bool = False

    def put_in(self, term: Term, judge: Judge) -> Term:
        """The term with what is known of its functions."""
        if not isinstance(term, Apply) or term.function.name not in self.formulas:
            return map_children(term, lambda part: self.put_in(part, judge))
        argument = self.put_in(term.argument, judge)
        formula, order = self.formulas[term.function.name], term.function.order
        polynomial = _through_value(formula, judge) if self.through_values else None
        if polynomial is None:
            return judge.written(formula, order, argument)
        value = Apply(replace(term.function, order=0), argument)
        if not order:
            return value
        slope = polynomial
        for _ in range(order - 1):
            slope = sympy.expand(sympy.diff(slope, A) * polynomial)
        return from_sympy(slope, {A.name: value})


@lru_cache(maxsize=1000)
def _through_value(formula: sympy.Expr, judge: Judge) -> sympy.Expr | None:
    """p with σ' = p(σ), of degree 2, where the judge finds that so: a (1 - a) of the sigmoid."""
    slope = _guessed(formula)
    if slope is None:
        return None
    z = Symbol("z")
    claimed = from_sympy(slope, {A.name: judge.written(formula, 0, z)})
    left = add(judge.written(formula, 1, z), mul(MINUS, claimed))
    return slope if judge.vanishes(left, False, n.L) else None


def _guessed(formula: sympy.Expr) -> sympy.Expr | None:
    """The polynomial p that has p(σ) = σ' at three points, of a σ in one exponential."""
    if not formula.has(sympy.exp, *HYPERBOLIC) or formula.has(*KINKS):
        return None
    plain = formula.rewrite(HYPERBOLIC, sympy.exp)
    rates = [each.args[0] / ARGUMENT for each in plain.atoms(sympy.exp)]
    if not all(isinstance(rate, sympy.Rational) for rate in rates):
        return None
    t = sympy.Symbol("t", positive=True)  # e^{cz}
    c = sympy.gcd_list(rates)
    in_t = plain.subs({sympy.exp(rate * ARGUMENT): t ** (rate / c) for rate in rates})
    if in_t.free_symbols != {t} or not in_t.is_rational_function(t):
        return None
    slope = c * t * sympy.diff(in_t, t)
    values = [in_t.subs(t, point) for point in (1, 2, 3)]
    if not all(isinstance(value, sympy.Rational) for value in values) or len(set(values)) < 3:
        return None
    slopes = [slope.subs(t, point) for point in (1, 2, 3)]
    return sympy.interpolate(list(zip(values, slopes, strict=True)), A)


def decided(term: Term) -> Term:
    """[1 = 2] is 0, and [1 = 1] is 1."""
    match term:
        case Delta(left, right) if left == right:
            return ONE
        case Delta(left, right) if left.name.isdigit() and right.name.isdigit():
            return ZERO
    return map_children(term, decided)


# --- the kernel as a judge -----------------------------------------------------------------

DIRECT = ("constant", "sum rule", "product rule", "power rule", "scalar chain rule", "same symbol")
MINUS = number(-1)
NOTHING = Given(())
STEP = "step"
MOST_MONOMIALS = 20_000


def _by_rules(of: Term, v: Symbol) -> Term:
    if not mentions(of, v):
        return ZERO
    steps = work_out(Partial(of, v, direct=True), NOTHING, DIRECT)
    return steps[-1].after


PI = sympy.Symbol("pi", positive=True)


def _for_kernel(formula: sympy.Expr, order: int, argument: Term) -> Term:
    total: list[Term] = []
    for kink, piece in _pieces(formula, order):
        try:
            # π as any positive number: what holds for all holds for it.
            known = {ARGUMENT.name: argument, PI.name: Symbol("pi")}
            value = from_sympy(piece.xreplace({sympy.pi: PI}), known)
        except TypeError:
            value = Apply(ScalarFunction("f", piece), argument)
        total.append(value if kink is None else mul(_step(kink, argument), value))
    return add(*total)


def _step(kink: sympy.Expr, argument: Term) -> Term:
    """[z > c]."""
    return Apply(ScalarFunction(STEP, sympy.Heaviside(ARGUMENT - kink)), argument)


@lru_cache(maxsize=1000)
def _pieces(formula: sympy.Expr, order: int) -> tuple[tuple[sympy.Expr | None, sympy.Expr], ...]:
    """f as f₀(z) + Σ_c [z > c] f_c(z), over its kinks c; derived off the kinks."""
    formula = left_closed(formula)
    relations = formula.atoms(sympy.core.relational.Relational)
    kinks: set[sympy.Expr] = set()
    for relation in relations:
        roots = sympy.solveset(relation.lhs - relation.rhs, ARGUMENT, sympy.S.Reals)
        if not isinstance(roots, sympy.FiniteSet) or not all(root.is_number for root in roots):
            raise GiveUpError(f"where the branches of {formula} meet")
        kinks |= set(roots)
    if not kinks:
        return ((None, _smooth(formula, order)),)
    ordered = sorted(kinks)
    inside = [ordered[0] - 1, *((x + y) / 2 for x, y in pairwise(ordered)), ordered[-1] + 1]
    smooth = [_smooth(_branch(formula, point), order) for point in inside]
    beyond = [(c, y - x) for c, (x, y) in zip(ordered, pairwise(smooth), strict=True)]
    return (None, smooth[0]), *((c, x) for c, x in beyond if x != 0)


def _branch(formula: sympy.Expr, point: sympy.Expr) -> sympy.Expr:
    """The formula as it reads around a point that is no kink."""

    def pick(piecewise: sympy.Piecewise) -> sympy.Expr:
        for value, condition in piecewise.args:
            if condition.subs(ARGUMENT, point) == sympy.true:
                return value
        raise GiveUpError(f"{formula} has no value at {point}")

    while formula.has(sympy.Piecewise):
        formula = formula.replace(lambda x: isinstance(x, sympy.Piecewise), pick)
    return formula


def _smooth(formula: sympy.Expr, order: int) -> sympy.Expr:
    formula = sympy.diff(formula, ARGUMENT, order)
    return formula.rewrite(HYPERBOLIC, sympy.exp) if formula.has(*HYPERBOLIC) else formula


def _normal_vanishes(difference: Term, normalised: bool, last: LayerNumber) -> bool:
    if _monomials(difference) > MOST_MONOMIALS:
        raise GiveUpError("too many terms")
    left = decided(normal.normalise(difference))
    if normalised:
        index = n.on(n.J, last)
        targets = {n.sample_of(x) for x in walk(left) if isinstance(x, Symbol) and x.name == "y"}
        facts = tuple(
            Equation("Σ y = 1", Sum(index, n.at_sample(Symbol("y", None, (index,)), each)), ONE)
            for each in targets
        )
        left, _ = apply(RULES["fact"], left, Given((), facts=facts), set())
        left = _with_sum_of_one(left, n.neurons(last))
    if any(isinstance(x, Apply) and x.function.name == STEP for x in walk(left)):
        left = _steps_merged(left)
    return left == ZERO or _nothing(left)


def _monomials(term: Term) -> int:
    """At most how many monomials a term has, multiplied out."""
    match term:
        case Addition(terms):
            return sum(map(_monomials, terms))
        case Product(factors):
            return min(math.prod(map(_monomials, factors)), 10**9)
        case Power(base, exponent) if exponent.denominator == 1 and exponent > 0:
            each = _monomials(base)
            return each ** min(int(exponent), normal.LARGEST_EXPANDED) if each < 10**3 else 10**9
        case Sum(_, body):
            return _monomials(body)
    return max(1, *map(_monomials, children(term)), 1)


def _nothing(term: Term) -> bool:
    """Whether a term is 0, or what is summed is, sums over the same indices taken together."""
    if normal.equal(term, ZERO):
        return True
    groups: dict[tuple[Index, ...], list[Term]] = {}
    for monomial in normal.normal(term):
        free = {i: Index(f"·{i.name}", i.axis) for i in monomial.bound}
        factors = (power(rename(x, free), e) for x, e in monomial.factors)
        groups.setdefault(monomial.bound, []).append(mul(Number(monomial.coefficient), *factors))
    if () in groups:
        return False
    if all(normal.equal(add(*terms), ZERO) for terms in groups.values()):
        return True
    whole = normal.normal(term)
    below = (x for monomial in whole for x, e in monomial.factors if e < 0)
    if not any(isinstance(x, Addition | Sum) for x in below):
        return False  # without denominators the normal form decides it
    return any(_nothing(body) for body in _opened(whole))


def _opened(polynomial: normal.Polynomial) -> Iterator[Term]:
    """What is summed over an axis, where each monomial has one sum over that: Σ_x (u_x - v_x)."""
    for axis in {index.axis for monomial in polynomial for index in monomial.bound}:
        bodies = []
        for monomial in polynomial:
            outer = [index for index in monomial.bound if index.axis == axis]
            inner = [index for index in monomial.bound if index.axis != axis]
            if len(outer) != 1:
                break
            names = {outer[0]: Index("·", axis)}
            body = mul(
                Number(monomial.coefficient),
                *(power(rename(x, names), e) for x, e in monomial.factors),
            )
            for index in inner:
                body = Sum(index, body)
            bodies.append(body)
        else:
            taken = {i.name for m in polynomial for x, _ in m.factors for i in free_indices(x)}
            if "·" not in taken:
                yield add(*bodies)


def _with_sum_of_one(term: Term, axis: Axis) -> Term:
    """Σ_p y_p as 1 beside other sums too: Σ_k Σ_p y_p x_k is Σ_k x_k."""
    kept = []
    for monomial in normal.normal(term):
        bound, factors = monomial.bound, monomial.factors
        for index in monomial.bound:
            holders = [pair for pair in factors if index in free_indices(pair[0])]
            match holders:
                case [(Symbol("y", None, (last, *_)), Fraction(numerator=1, denominator=1))]:
                    if last == index and index.axis == axis:
                        bound = tuple(b for b in bound if b != index)
                        factors = tuple(pair for pair in factors if pair not in holders)
        kept.append(replace(monomial, bound=bound, factors=factors))
    return normal.as_term(kept, free_indices(term))


def _steps_merged(term: Term) -> Term:
    """[z > c] [z > d] is [z > d] for c ≤ d."""
    merged = []
    for monomial in normal.normal(term):
        highest: dict[Term, sympy.Expr] = {}
        rest: dict[Term, Fraction] = {}
        for x, e in monomial.factors:
            formula = x.function.formula if isinstance(x, Apply) else None
            if isinstance(x, Apply) and isinstance(formula, sympy.Heaviside) and e > 0:
                kink = ARGUMENT - formula.args[0]
                highest[x.argument] = max(kink, highest.get(x.argument, kink))
            else:
                rest[x] = e
        for argument, kink in highest.items():
            rest[_step(kink, argument)] = Fraction(1)
        merged.append(replace(monomial, factors=tuple(rest.items())))
    return normal.as_term(merged, free_indices(term))


# --- the checker as a judge ----------------------------------------------------------------


def _for_checker(formula: sympy.Expr, order: int, argument: Term) -> Term:
    if formula.has(*algebra.KINKED):
        return Apply(ScalarFunction("", formula, None, order), argument)
    if not order:
        return algebra.applied(formula, argument, over_exp=True)
    if order == 1:
        return algebra.slope(formula, argument, over_exp=True)
    # Higher derivatives by the checker's own rules, of the slope as a term.
    z = Symbol("z")
    slope, plain = algebra.slope(formula, z, over_exp=True), meaning.Meaning(NOTHING_KNOWN)
    for _ in range(order - 1):
        slope = plain.of(meaning.derivative(slope, z))
    return _at(slope, z, argument)


def _at(term: Term, z: Symbol, argument: Term) -> Term:
    """A term with its variable replaced."""
    return argument if term == z else map_children(term, lambda part: _at(part, z, argument))


def _checker_vanishes(difference: Term, normalised: bool, last: LayerNumber) -> bool:
    facts = frozenset({"y"} if normalised else ())
    difference = _sample_first(difference) if normalised else difference
    return branches.same(decided(algebra.canonical(difference, facts)), ZERO, facts)


def _sample_first(term: Term) -> Term:
    """y_j of a sample with its neuron as the last index: over that one Σ y = 1."""
    if isinstance(term, Symbol) and term.name == "y":
        sample = n.sample_of(term)
        return term if sample is None else replace(term, indices=(sample, *term.indices[:-1]))
    return map_children(term, _sample_first)


NOTHING_KNOWN = meaning.Context((), ())
JUDGES = (
    Judge("kernel", _by_rules, _for_kernel, _normal_vanishes),
    Judge("checker", meaning.derivative, _for_checker, _checker_vanishes),
)
