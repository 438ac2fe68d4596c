"""Terms with branches, for the checker alone: compared on each stretch between their kinks.

Where a kink lies, and on which side of one a formula stays, is worked out in fractions, of formulas
that are lines there or sums of lines and exponentials; all else is left undecided.

>>> from symnet.network import notation as n
>>> from symnet.term import ScalarFunction
>>> z, above, below = n.z(n.l, "j"), sympy.Max(ARGUMENT, 0), sympy.Min(ARGUMENT, 0)
>>> up, down = (Apply(ScalarFunction("", formula), z) for formula in (above, below))
>>> same(z, add(up, down)), same(z, up)
(True, False)
"""

import math
import operator
from collections import Counter
from fractions import Fraction
from itertools import pairwise, product

import sympy

from symnet.calculus.algebra import (
    LARGEST,
    MINUS,
    UndecidedError,
    applied,
    canonical,
    form,
    holds_bound,
    in_order,
    kinked,
    slope,
    summands,
    vanishes,
)
from symnet.term import ARGUMENT, ONE, Apply, Number, Product, Term, add, map_children, mul, walk

NESTED = 4  # functions with branches inside each other
MOST_ARGUMENTS = 3  # arguments of such functions that are looked at together
CONSTANT = {sympy.S.One}
COMPARE = {"<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt}
Stretch = tuple[Fraction | None, Fraction | None]  # between two kinks; None is infinity


def same(left: Term, right: Term, facts: frozenset[str] = frozenset()) -> bool:
    """Whether two terms are equal, off the kinks of functions that have any."""
    rest, other = without_shared(left, right)
    if rest == other:
        return True
    if rest != left and same(rest, other, facts):
        return True
    # What is too long to multiply out may read the same as it stands.
    if in_order(rest) == in_order(other):
        return True
    return form(left, facts) == form(right, facts) or _nothing(
        canonical(add(left, mul(MINUS, right)), facts), facts, NESTED
    )


def without_shared(left: Term, right: Term) -> tuple[Term, Term]:
    """Two terms without the factors that both have: where these agree, so do the whole ones."""
    if left == right:
        return ONE, ONE
    ours, theirs = (
        Counter(term.factors if isinstance(term, Product) else (term,)) for term in (left, right)
    )
    shared = ours & theirs
    if not shared:
        return left, right
    return mul(*(ours - shared).elements()), mul(*(theirs - shared).elements())


def _nothing(difference: Term, facts: frozenset[str], depth: int) -> bool:
    """Whether a term is 0 on each stretch between the kinks of its innermost functions.

    What is outside of them is looked at in turn, as if its argument could have any value: so
    something true may be refused, and nothing false accepted.
    """
    if vanishes(difference, facts) or vanishes(_over_exp(difference), facts):
        return True
    found = [x for x in walk(difference) if isinstance(x, Apply) and _kinked(x)]
    if not found:
        return False
    # What a sum binds is looked at last, when the sum is taken away: until then it stays whole.
    free = [x for x in found if not holds_bound(x.argument)]
    if not free:
        return _nothing_inside(difference, facts, depth)
    inner: dict[Term, set[Fraction]] = {}
    for each in free:
        if not any(x in free for x in walk(each.argument)):
            inner.setdefault(each.argument, set()).update(_kinks(each.function.formula))
    if len(inner) > MOST_ARGUMENTS or not depth:
        raise UndecidedError("too many kinks")
    ways = [[(u, stretch) for stretch in _stretches(kinks)] for u, kinks in inner.items()]
    return all(
        _nothing(canonical(_on(difference, dict(way)), facts), facts, depth - 1)
        for way in product(*ways)
    )


def _nothing_inside(difference: Term, facts: frozenset[str], depth: int) -> bool:
    """Whether what is summed is 0: each summand lies on a stretch of its own."""
    opened = summands(form(difference, facts))
    if opened.keys() <= {()}:
        raise UndecidedError("a sum over functions with branches, inside of something else")
    return all(_nothing(canonical(x), frozenset(), depth) for x in opened.values())


def _over_exp(term: Term) -> Term:
    """tanh and the like by their exponentials."""
    if isinstance(term, Apply) and isinstance(
        term.function.formula, sympy.tanh | sympy.sinh | sympy.cosh
    ):
        return applied(term.function.formula, _over_exp(term.argument), over_exp=True)
    return map_children(term, _over_exp)


def _kinked(applied_: Apply) -> bool:
    formula = applied_.function.formula
    return formula is not None and kinked(formula)


# --- where the kinks are -------------------------------------------------------------------


def _kinks(formula: sympy.Expr) -> set[Fraction]:
    """Where branches may meet: the roots of what is compared, on each stretch where it is a line.

    One too many does no harm: a stretch is then cut in two.
    """
    found: set[Fraction] = set()
    for part in sympy.preorder_traversal(formula):
        for compared in _compared(part):
            inner = _kinks(compared)
            for stretch in _stretches(inner):
                m, c = _line(_branch(compared, _inside(stretch)))
                if m == c == 0:
                    raise UndecidedError(f"where {compared} is 0")
                found |= inner | ({-c / m} if m else set())
    return found


def _compared(part: sympy.Basic) -> list[sympy.Expr]:
    """What has its sign looked at."""
    match part:
        case sympy.core.relational.Relational():
            return [part.lhs - part.rhs]
        case sympy.Abs() | sympy.sign() | sympy.Heaviside():
            return [part.args[0]]
        case sympy.Max() | sympy.Min():
            return [x - y for i, x in enumerate(part.args) for y in part.args[:i]]
    return []


def _stretches(kinks: set[Fraction]) -> list[Stretch]:
    return list(pairwise([None, *sorted(kinks), None]))


def _inside(stretch: Stretch) -> Fraction:
    low, high = stretch
    if low is None:
        return Fraction(0) if high is None else high - 1
    return low + 1 if high is None else (low + high) / 2


def _combination(formula: sympy.Expr) -> dict[sympy.Expr, Fraction]:
    """The coefficients of 1, z and e^{rz} in a formula that is a sum of them."""
    match formula:
        case sympy.Rational():
            return {sympy.S.One: Fraction(int(formula.p), int(formula.q))}
        case sympy.exp() if set(_combination(formula.args[0])) == {ARGUMENT}:
            return {formula: Fraction(1)}
        case _ if formula == ARGUMENT:
            return {formula: Fraction(1)}
        case sympy.Add():
            found: dict[sympy.Expr, Fraction] = {}
            for part in map(_combination, formula.args):
                found |= {x: found.get(x, Fraction(0)) + k for x, k in part.items()}
            return found
        case sympy.Mul():
            parts = sorted(map(_combination, formula.args), key=lambda part: set(part) != CONSTANT)
            if all(set(part) <= CONSTANT for part in parts[:-1]):
                times = math.prod(part.get(sympy.S.One, Fraction(0)) for part in parts[:-1])
                return {x: times * k for x, k in parts[-1].items()}
    raise UndecidedError(f"{formula} is no sum of lines and exponentials")


def _line(formula: sympy.Expr) -> tuple[Fraction, Fraction]:
    """m and c of m z + c."""
    parts = _combination(formula)
    m, c = (parts.pop(x, Fraction(0)) for x in (ARGUMENT, sympy.S.One))
    if any(parts.values()):
        raise UndecidedError(f"{formula} is no line")
    return m, c


# --- what a formula is on a stretch --------------------------------------------------------


def _branch(formula: sympy.Expr, point: Fraction) -> sympy.Expr:
    """A formula as it reads on the stretch around a point."""

    def go(x: sympy.Expr) -> sympy.Expr:
        match x:
            case sympy.Piecewise():
                there = [value for value, holds in x.args if _holds(holds, point)]
                if not there:
                    raise UndecidedError(f"{x} has no value at {point}")
                return go(there[0])
            case sympy.Abs():
                return go(x.args[0]) * _sign(_value(x.args[0], point))
            case sympy.sign() | sympy.Heaviside():
                return _rational(_value(x, point))
            case sympy.Max() | sympy.Min():
                pick = max if isinstance(x, sympy.Max) else min
                return go(pick(x.args, key=lambda y: _value(y, point)))
        return x.func(*map(go, x.args)) if kinked(x) else x

    return go(formula)


def _value(formula: sympy.Expr, point: Fraction) -> Fraction:
    """A formula at a point."""
    values = [_value(x, point) for x in formula.args if not isinstance(formula, sympy.Piecewise)]
    match formula:
        case _ if formula == ARGUMENT:
            return point
        case sympy.Rational():
            return Fraction(int(formula.p), int(formula.q))
        case sympy.Add():
            return sum(values, Fraction(0))
        case sympy.Mul():
            return math.prod(values, start=Fraction(1))
        case sympy.Pow() if values[1].denominator == 1 and abs(values[1]) <= LARGEST:
            return values[0] ** int(values[1])
        case sympy.Abs():
            return abs(values[0])
        case sympy.sign():
            return Fraction(_sign(values[0]))
        case sympy.Heaviside():
            return Fraction(1 + _sign(values[0]), 2)
        case sympy.Max():
            return max(values)
        case sympy.Min():
            return min(values)
        case sympy.Piecewise():
            return _value(next(x for x, holds in formula.args if _holds(holds, point)), point)
    raise UndecidedError(f"the value of {formula}")


def _holds(condition: sympy.Basic, point: Fraction) -> bool:
    match condition:
        case sympy.true:
            return True
        case sympy.And():
            return all(_holds(x, point) for x in condition.args)
        case sympy.Or():
            return any(_holds(x, point) for x in condition.args)
        case sympy.core.relational.Relational() if condition.rel_op in COMPARE:
            left, right = (_value(x, point) for x in condition.args)
            return bool(COMPARE[condition.rel_op](left, right))
    raise UndecidedError(f"whether {condition}")


def _sign(value: Fraction) -> int:
    return (value > 0) - (value < 0)


def _rational(value: Fraction) -> sympy.Rational:
    return sympy.Rational(value.numerator, value.denominator)


def _on(term: Term, stretches: dict[Term, Stretch]) -> Term:
    """A term where the arguments of its functions with branches lie on these stretches."""
    if not isinstance(term, Apply) or not _kinked(term):
        return map_children(term, lambda part: _on(part, stretches))
    formula, order = term.function.formula, term.function.order
    argument = canonical(term.argument)
    if argument in stretches:
        chosen = _branch(formula, _inside(stretches[argument]))
        return _derived(chosen, order, argument)
    match argument:
        case Apply(function, u) if _kinked(argument) and u in stretches and not function.order:
            inner = _branch(function.formula, _inside(stretches[u]))
            outer = _branch(formula, _beyond(formula, inner, stretches[u]))
            return _derived(outer, order, applied(inner, u))
    inside = canonical(_on(argument, stretches))
    if isinstance(inside, Number):
        return _derived(_branch(formula, inside.value), order, inside)
    return Apply(term.function, inside)


def _derived(formula: sympy.Expr, order: int, at: Term) -> Term:
    if order > 1:
        raise UndecidedError("a second derivative")
    return slope(formula, at) if order else applied(formula, at)


def _beyond(formula: sympy.Expr, inner: sympy.Expr, stretch: Stretch) -> Fraction:
    """A number on the side of the kinks of a formula on which all values of `inner` lie.

    At a kink itself the branch is taken that holds there.
    """
    if not inner.has(ARGUMENT):
        return _value(inner, Fraction(0))
    sides = {kink: _side_of_quotient(inner, kink, stretch) for kink in _kinks(formula)}
    above = [kink for kink, side in sides.items() if side > 0]
    below = [kink for kink, side in sides.items() if side < 0]
    return _inside((max(above) if above else None, min(below) if below else None))


def _side_of_quotient(formula: sympy.Expr, kink: Fraction, stretch: Stretch) -> int:
    """The sign of x/y - c on all of a stretch: that of (x - c y) y."""
    parts = sympy.Mul.make_args(formula)
    under = [x.base for x in parts if isinstance(x, sympy.Pow) and x.exp == -1]
    over = [x for x in parts if not (isinstance(x, sympy.Pow) and x.exp == -1)]
    above, below = sympy.Mul(*over), sympy.Mul(*under)
    difference = sympy.Add(above, -_rational(kink) * below)
    sign = _side(difference, stretch)
    return (
        sign * _side(below, stretch) if below.has(ARGUMENT) else sign * _sign(_value(below, kink))
    )


def _side(formula: sympy.Expr, stretch: Stretch) -> int:
    """The sign that a formula has on all of a stretch: of lines, and of m z + c + Σ k (e^{rz} - 1).

    From 0 upwards e^{rz} - 1 has the sign of r, and up to 0 that of -r.
    """
    low, high = stretch
    parts = _combination(formula)
    m, c = (parts.pop(x, Fraction(0)) for x in (ARGUMENT, sympy.S.One))
    if parts and 0 not in (low, high):
        raise UndecidedError(f"the sign of {formula}")
    signs = set()
    for exponential, k in parts.items():
        rate, _ = _line(exponential.args[0])
        signs.add(_sign(k * rate) * (1 if low == 0 else -1))
        c += k
    ends = [m * end + c if end is not None else m * far for end, far in ((low, -1), (high, 1))]
    signs |= {_sign(x) for x in ends}
    signs -= {0}
    if len(signs) != 1:
        raise UndecidedError(f"the sign of {formula}")
    return signs.pop()
