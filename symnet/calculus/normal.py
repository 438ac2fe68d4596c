"""The normal form of a term, and equality of meaning by it.

A term becomes a sum of monomials: a rational coefficient, bound indices, and atoms with exponents.
Products are multiplied out, sums over indices stand in front, Kronecker deltas are contracted, and
bound indices get canonical names, so that two terms with one normal form are equal for every width
and every value of the symbols. The converse holds for polynomials in the atoms; denominators that
are themselves sums are cleared before two terms are called different.

>>> from symnet.network import notation as n
>>> k, p = n.on("k", n.l), n.on("p", n.l)
>>> left = Sum(k, mul(n.a(n.l, "k"), Delta(k, n.on("j", n.l))))
>>> equal(left, n.a(n.l, "j")), equal(Sum(k, n.a(n.l, "k")), Sum(p, n.a(n.l, "p")))
(True, True)

The steps that change a monomial are a table, REWRITES: each is an equality, and each can be broken
on purpose in the tests.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import count as count_from
from itertools import permutations, product

from symnet.errors import EquationError, NotYet
from symnet.network.notation import place
from symnet.term import (
    Addition,
    Apply,
    Delta,
    Index,
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
    children,
    free_indices,
    fresh,
    map_children,
    mul,
    number,
    power,
    rename,
    spell,
)

# A power of a sum is multiplied out up to this exponent; beyond, it stays an atom.
LARGEST_EXPANDED = 12
# Products of two monomials, where a product of sums is multiplied out, and where a power is.
MOST_PRODUCTS, MOST_IN_POWERS = 1_200, 5_000


class TooLongError(NotYet):
    """A term of which no normal form is made: it would have too many monomials."""


@dataclass(frozen=True, slots=True)
class Monomial:
    """coefficient · Σ over the bound indices of Π atom^exponent, atoms sorted by spelling."""

    coefficient: Fraction
    bound: tuple[Index, ...]
    factors: tuple[tuple[Term, Fraction], ...]

    @property
    def like(self) -> tuple[tuple[Index, ...], tuple[tuple[Term, Fraction], ...]]:
        """What two monomials must share to be collected."""
        return self.bound, self.factors


Polynomial = tuple[Monomial, ...]
UNIT = Monomial(Fraction(1), (), ())


@lru_cache(maxsize=10_000)
def normal(term: Term) -> Polynomial:
    """The monomials of a term, collected and in a fixed order."""
    return _collect(_monomials(term))


def normalise(term: Term) -> Term:
    """The normal form as a term again, with letters for the bound indices and factors in order."""
    return as_term(normal(term), free_indices(term))


def factorise(term: Term) -> Term:
    """The normal form with what all monomials share in front: a (x - y), not ax - ay."""
    polynomial = normal(term)
    if len(polynomial) < 2:
        return as_term(polynomial, free_indices(term))
    shared, rest = _take_out(polynomial)
    outside = [_lettered(power(x, e), free_indices(term)) for x, e in shared]
    return mul(*sorted(outside, key=place), as_term(rest, free_indices(term)))


def _take_out(polynomial: Polynomial) -> tuple[tuple[tuple[Term, Fraction], ...], Polynomial]:
    """The factors that all monomials share outside their sums, and what is left of these."""
    shared = dict(polynomial[0].factors)
    for monomial in polynomial:
        factors = dict(monomial.factors)
        shared = {
            x: min(e, factors[x], key=abs)
            for x, e in shared.items()
            if x in factors and (factors[x] > 0) == (e > 0) and not _bound_in(x)
        }
    rest = []
    for monomial in polynomial:
        left = {x: e - shared.get(x, 0) for x, e in monomial.factors}
        rest.append(replace(monomial, factors=tuple((x, e) for x, e in left.items() if e)))
    return tuple(shared.items()), tuple(sorted(rest, key=_in_order))


def equal(left: Term, right: Term) -> bool:
    """Whether two terms mean the same, for every width and every value of their symbols."""
    if left == right:
        return True
    difference = normal(add(left, mul(number(-1), right)))
    while difference:
        base = _denominator(difference)
        if base is None:
            return False
        cleared = normal(add(*(_times(monomial, base) for monomial in difference)))
        if cleared == difference:
            return False
        difference = cleared
    return True


# --- a term's monomials --------------------------------------------------------------------


def _monomials(term: Term) -> Iterator[Monomial]:
    match term:
        case Number(value):
            if value:
                yield Monomial(value, (), ())
        case Size() | Symbol() | Partial():
            yield Monomial(Fraction(1), (), ((term, Fraction(1)),))
        case Delta():
            yield from _simplified(Fraction(1), (), [(term, Fraction(1))])
        case Apply(function, argument):
            if function.is_exp:
                # e^{u + v} = e^u e^v, and e^{2u} = (e^u)^2
                powers = []
                for inner in normal(argument):
                    whole = _closed((replace(inner, coefficient=Fraction(1)),))
                    powers.append((Apply(function, whole), inner.coefficient))
                yield from _simplified(Fraction(1), (), powers)
            elif function.is_log:
                yield from _logarithm(function, normal(argument))
            else:
                atom = Apply(function, _closed(normal(argument)))
                yield from _simplified(Fraction(1), (), [(atom, Fraction(1))])
        case Power(base, exponent):
            yield from _power(normal(base), exponent)
        case Addition(terms):
            for part in terms:
                yield from _monomials(part)
        case Product(factors):
            yield from _product([normal(factor) for factor in factors])
        case Sum(index, body):
            for monomial in normal(body):
                yield from _simplified(
                    monomial.coefficient, (*monomial.bound, index), list(monomial.factors)
                )


def _power(base: Polynomial, exponent: Fraction) -> Iterator[Monomial]:
    if not base:
        if exponent <= 0:
            raise EquationError("a power of 0 with a negative exponent has no value")
        return
    whole = exponent.denominator == 1
    if whole and len(base) == 1 and not base[0].bound:
        # (c x y)^n = c^n x^n y^n
        (monomial,) = base
        factors = [(atom, e * exponent) for atom, e in monomial.factors]
        yield from _simplified(monomial.coefficient ** int(exponent), (), factors)
    elif whole and 0 < exponent <= LARGEST_EXPANDED:
        yield from _product([base] * int(exponent), MOST_IN_POWERS)
    else:
        # (x y + x z)^n = x^n (y + z)^n, so that equal denominators read alike
        shared, rest = _take_out(base) if whole else ((), base)
        factors = [(atom, e * exponent) for atom, e in shared]
        yield from _simplified(Fraction(1), (), [*factors, (_closed(rest), exponent)])


def _logarithm(log: ScalarFunction, argument: Polynomial) -> Iterator[Monomial]:
    """ln(x^n y) = n ln x + ln y and ln e^u = u, where every factor is surely positive."""
    shared, rest = _take_out(argument) if argument else ((), argument)
    left = _closed(rest)
    if not all(positive(x) for x in (left, *(atom for atom, _ in shared))):
        shared, left = (), _closed(argument)
    for atom, exponent in shared:
        if isinstance(atom, Apply) and atom.function.is_exp:
            parts = normal(atom.argument)
        else:
            parts = (Monomial(Fraction(1), (), ((Apply(log, atom), Fraction(1)),)),)
        for part in parts:
            yield from _simplified(part.coefficient * exponent, part.bound, part.factors)
    if left != number(1):
        yield from _simplified(Fraction(1), (), [(Apply(log, left), Fraction(1))])


def positive(term: Term) -> bool:
    """Whether a term is surely positive: exponentials, and sums, products, powers of them."""
    match term:
        case Number(value):
            return value > 0
        case Apply(function, _):
            return function.is_exp
        case Power() | Product() | Addition() | Sum():
            return all(map(positive, children(term)))
    return False


def _product(factors: Sequence[Polynomial], most: int = MOST_PRODUCTS) -> Iterator[Monomial]:
    """Multiplied out two by two, what is alike added up: (1 + x)^9 has 10 monomials, not 512."""
    single = [factor[0] for factor in factors if len(factor) == 1]
    *several, last = [factor for factor in factors if len(factor) != 1] or [()]
    if not all(factors):
        return
    if not several:
        for monomial in last or (UNIT,):
            yield from _multiplied([monomial, *single])
        return
    made, total = 0, several[0]
    for factor in (*several[1:], last):
        made += len(total) * len(factor)
        if made > most:
            raise TooLongError(f"a product of {len(factors)} sums is too long to multiply out")
        total = _collect(m for pair in product(total, factor) for m in _multiplied(pair))
    for monomial in total:
        yield from _multiplied([monomial, *single])


def _multiplied(parts: Sequence[Monomial]) -> Iterator[Monomial]:
    """The product of monomials; bound indices of one never capture those of another."""
    coefficient = Fraction(1)
    bound: tuple[Index, ...] = ()
    factors: list[tuple[Term, Fraction]] = []
    taken: set[str] = set()
    if any(part.bound for part in parts):
        taken = {name for part in parts for name in _free_names(part.bound, part.factors)}
    for part in parts:
        coefficient *= part.coefficient
        if not part.bound:
            factors += part.factors
            continue
        own = {}
        for index in part.bound:
            name = next(n for n in (f"~{i}" for i in count_from(0)) if n not in taken)
            taken.add(name)
            own[index] = Index(name, index.axis)
        bound += tuple(own.values())
        factors += [(rename(atom, own), exponent) for atom, exponent in part.factors]
    yield from _simplified(coefficient, bound, factors)


# --- rewriting a monomial ------------------------------------------------------------------

Raw = tuple[Fraction, tuple[Index, ...], tuple[tuple[Term, Fraction], ...]]


def merge_powers(raw: Raw) -> Raw | None:
    """x^p x^q = x^{p+q}, x^0 = 1, and [j = k]^p = [j = k]."""
    coefficient, bound, factors = raw
    exponents: dict[Term, Fraction] = {}
    for atom, exponent in factors:
        known = exponents.get(atom)
        exponents[atom] = exponent if known is None else known + exponent
    for atom in exponents:
        if isinstance(atom, Delta) and exponents[atom] > 0:
            exponents[atom] = Fraction(1)
    merged = tuple(sorted(((x, e) for x, e in exponents.items() if e), key=_spelled))
    return None if merged == factors else (coefficient, bound, merged)


def contract(raw: Raw) -> Raw | None:
    """Σ_p [p = j] x_p = x_j, [j = j] = 1, and [j = k] x_k = [j = k] x_j for free j, k."""
    coefficient, bound, factors = raw
    for position, (atom, _) in enumerate(factors):
        if not isinstance(atom, Delta):
            continue
        if atom.left.axis != atom.right.axis:
            raise EquationError(f"{spell(atom)} compares indices of different axes")
        rest = factors[:position] + factors[position + 1 :]
        if atom.left == atom.right:
            return coefficient, bound, rest
        for old, new in ((atom.left, atom.right), (atom.right, atom.left)):
            if old in bound:
                left = tuple(index for index in bound if index != old)
                return coefficient, left, tuple((rename(x, {old: new}), e) for x, e in rest)
        new, old = sorted((atom.left, atom.right), key=lambda index: index.name)
        renamed = tuple((rename(x, {old: new}), e) for x, e in rest)
        if renamed != rest or (atom.left, atom.right) != (new, old):
            return coefficient, bound, (*renamed, (Delta(new, old), Fraction(1)))
    return None


def count(raw: Raw) -> Raw | None:
    """Σ_p x = n x where x does not depend on p."""
    coefficient, bound, factors = raw
    if not bound:
        return None
    used = frozenset[Index]().union(*(free_indices(atom) for atom, _ in factors))
    for index in bound:
        if index not in used:
            left = tuple(other for other in bound if other != index)
            return coefficient, left, (*factors, (Size(index.axis), Fraction(1)))
    return None


def name_bound(raw: Raw) -> Raw | None:
    """Σ_p x_p = Σ_q x_q: bound indices get the names under which the factors read smallest."""
    coefficient, bound, factors = raw
    if not bound:
        return None
    best: tuple[list[str], Raw] | None = None
    # A part of a larger term may contain that term's own #0 as a free index: it gets ##0 then.
    free = _free_names(bound, factors)
    marks = "#"
    while any(f"{marks}{i}" in free for i in range(len(bound))):
        marks += "#"
    for order in _orders(bound, factors):
        names = {old: Index(f"{marks}{i}", old.axis) for i, old in enumerate(order)}
        renamed = tuple(sorted(((_renamed(x, names), e) for x, e in factors), key=_spelled))
        spelled = [f"{spell(x)}^{e}" for x, e in renamed]
        if best is None or spelled < best[0]:
            best = spelled, (coefficient, tuple(names.values()), renamed)
    return None if best is None or best[1] == raw else best[1]


Rewrite = Callable[[Raw], Raw | None]
REWRITES: dict[str, Rewrite] = {
    "merge powers": merge_powers,
    "contract": contract,
    "count": count,
    "name bound": name_bound,
}


def _simplified(
    coefficient: Fraction, bound: tuple[Index, ...], factors: Iterable[tuple[Term, Fraction]]
) -> Iterator[Monomial]:
    """Apply the rewrites until none changes anything; re-expand atoms that ceased to be atoms."""
    raw: Raw = (coefficient, bound, tuple(factors))
    while raw[0]:
        # A sum with a positive whole exponent is no atom any more: S² S⁻¹ has become S.
        if any(
            isinstance(x, SUMS) and e.denominator == 1 and 0 < e <= LARGEST_EXPANDED
            for x, e in raw[2]
        ):
            yield from _monomials(_as_body(raw))
            return
        for name, rewrite in REWRITES.items():
            changed = rewrite(raw)
            if changed is None:
                continue
            raw = changed
            if name == "contract" and any(isinstance(x, COMPOUND) for x, _ in raw[2]):
                # [p = j] changed an index inside an atom: ln(e^u + e^v) may have become ln 2e^u.
                yield from _monomials(_as_body(raw))
                return
            break
        else:
            yield Monomial(*raw)
            return


# Atoms that are sums or products, if a power keeps them together; atoms that are made of terms.
SUMS = (Addition, Sum, Product)
COMPOUND = (Apply, *SUMS)


def _as_body(raw: Raw) -> Term:
    body = mul(Number(raw[0]), *(power(x, e) for x, e in raw[2]))
    for index in raw[1]:
        body = Sum(index, body)
    return body


def _orders(
    bound: tuple[Index, ...], factors: Sequence[tuple[Term, Fraction]]
) -> Iterator[tuple[Index, ...]]:
    """Orders of the bound indices worth trying: only those that look alike are permuted."""
    if len(bound) == 1:
        yield bound
        return
    colours: dict[str, list[Index]] = {}
    for index in bound:
        blank = {other: Index("#", other.axis) for other in bound} | {
            index: Index("#!", index.axis)
        }
        seen = sorted(
            f"{spell(rename(x, blank))}^{e}" for x, e in factors if index in free_indices(x)
        )
        colours.setdefault(f"{index.axis} {seen}", []).append(index)
    groups = [
        [tuple(group)] if _interchangeable(group, factors) else permutations(group)
        for _, group in sorted(colours.items())
    ]
    for choice in product(*groups):
        yield tuple(index for group in choice for index in group)


def _interchangeable(group: list[Index], factors: Sequence[tuple[Term, Fraction]]) -> bool:
    """Whether any two of the indices may be exchanged without changing the factors."""
    first = group[0]
    whole = set(factors)
    return all(
        {(rename(x, {first: other, other: first}), e) for x, e in factors} == whole
        for other in group[1:]
    )


def _renamed(atom: Term, names: Mapping[Index, Index]) -> Term:
    """An atom with indices renamed, and what stands in it in order again."""
    renamed = rename(atom, names)
    if renamed == atom:
        return atom
    match renamed:
        case Apply(function, argument):
            return Apply(function, _closed(normal(argument)))
        case Addition() | Sum() | Product():
            return _closed(normal(renamed))
    return renamed


def _free_names(bound: Sequence[Index], factors: Iterable[tuple[Term, Fraction]]) -> set[str]:
    """The names of the indices of a monomial that it does not bind."""
    return {i.name for atom, _ in factors for i in free_indices(atom) if i not in bound}


def _spelled(factor: tuple[Term, Fraction]) -> tuple[str, Fraction]:
    return spell(factor[0]), factor[1]


def _collect(monomials: Iterable[Monomial]) -> Polynomial:
    """c x + d x = (c + d) x, in a fixed order."""
    coefficients: dict[tuple[tuple[Index, ...], tuple[tuple[Term, Fraction], ...]], Fraction] = {}
    for monomial in monomials:
        like, known = monomial.like, coefficients.get(monomial.like)
        coefficients[like] = monomial.coefficient if known is None else known + monomial.coefficient
    collected = [Monomial(c, *like) for like, c in coefficients.items() if c]
    return tuple(sorted(collected, key=_in_order))


def _in_order(monomial: Monomial) -> list[str]:
    return [f"{spell(x)}^{e}" for x, e in monomial.factors]


# --- denominators --------------------------------------------------------------------------


def _denominator(polynomial: Polynomial) -> Term | None:
    """base^e to multiply with, where a sum without bound indices stands below a fraction line."""
    lowest: dict[Term, Fraction] = {}
    for monomial in polynomial:
        for atom, exponent in monomial.factors:
            if exponent < 0 and isinstance(atom, Addition | Sum):
                lowest[atom] = min(exponent, lowest.get(atom, Fraction(0)))
    free = [x for x in lowest if not _bound_in(x)]
    if not free:
        return None
    base = min(free, key=spell)
    return power(base, -lowest[base])


def _times(monomial: Monomial, base: Term) -> Term:
    """A monomial times base^e; the exponents are added before anything is multiplied out."""
    atom, exponent = (base.base, base.exponent) if isinstance(base, Power) else (base, Fraction(1))
    factors = dict(monomial.factors)
    factors[atom] = factors.get(atom, Fraction(0)) + exponent
    body = mul(Number(monomial.coefficient), *(power(x, e) for x, e in factors.items()))
    for index in monomial.bound:
        body = Sum(index, body)
    return body


# --- back to a term ------------------------------------------------------------------------
# Inside a monomial the bound indices are #0, #1 …; inside an atom they are §0, §1 … counted from
# the innermost sum outwards, so that an atom is spelled alike wherever it stands.


def as_term(polynomial: Sequence[Monomial], free: frozenset[Index]) -> Term:
    """Monomials as a term: factors in the field's order, outside the sums they do not depend on."""
    # Positive terms first: a - y, not -y + a.
    ordered = sorted(polynomial, key=lambda monomial: monomial.coefficient < 0)
    return add(*(_lettered(_monomial_term(monomial), free) for monomial in ordered))


def _monomial_term(monomial: Monomial) -> Term:
    bound = frozenset(monomial.bound)
    factors = sorted((power(x, e) for x, e in monomial.factors), key=place)
    outside = [f for f in factors if not free_indices(f) & bound]
    inside = [f for f in factors if free_indices(f) & bound]
    if inside:
        body = mul(*inside)
        for index in reversed(monomial.bound):
            body = Sum(index, body)
        outside = sorted([*outside, body], key=place)
    return mul(Number(monomial.coefficient), *outside)


def _closed(polynomial: Polynomial) -> Term:
    """A polynomial as part of an atom: its bound indices are renamed to §n, by depth."""
    terms = []
    for monomial in polynomial:
        depth = max((_depth(x) for x, _ in monomial.factors), default=0)
        free = _free_names(monomial.bound, monomial.factors)
        while any(f"§{depth + n}" in free for n in range(len(monomial.bound))):
            depth += 1
        names = {i: Index(f"§{depth + n}", i.axis) for n, i in enumerate(monomial.bound)}
        factors = tuple((rename(x, names), e) for x, e in monomial.factors)
        terms.append(_monomial_term(Monomial(monomial.coefficient, tuple(names.values()), factors)))
    return add(*terms)


def _depth(term: Term) -> int:
    """How many § names the sums inside a term use."""
    inner = max(map(_depth, children(term)), default=0)
    return inner + 1 if isinstance(term, Sum) else inner


def _lettered(term: Term, taken: frozenset[Index]) -> Term:
    """The term with letters for all bound indices, from the outside in."""
    if isinstance(term, Sum):
        index = fresh(term.index.axis, taken | (free_indices(term.body) - {term.index}))
        return Sum(index, _lettered(rename(term.body, {term.index: index}), taken | {index}))
    return map_children(term, lambda part: _lettered(part, taken))


def _bound_in(atom: Term) -> bool:
    """Whether an atom depends on a bound index of its monomial."""
    return any(index.name.startswith("#") for index in free_indices(atom))
