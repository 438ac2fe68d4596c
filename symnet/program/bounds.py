"""Between which numbers a formula stays, so that what would raise an error is seen beforehand.

NumPy goes on with inf and nan where Python's own numbers raise: e^710, 1/0, ln 0. Where a formula
cannot come to such a place, the plain operation does; that is what these bounds are for. They hold
for every number that is no nan, infinities included, and nan raises nowhere.

>>> z = Array("z", ("n",))
>>> logistic = Map(Array("a", ("n",)), 1 / (1 + sympy.exp(-z.symbol)), (z,))
>>> bounds = Bounds((logistic,))
>>> bounds.of(1 - sympy.Symbol("a", real=True))
(0.0, 1.0)
"""

import math
from collections.abc import Iterable, Mapping
from itertools import pairwise

import sympy
from sympy.codegen.cfunctions import log1p

from symnet.program.ir import Array, Contract, Instruction, Map, Reduce, arguments, plain

Interval = tuple[float, float]
EVERYTHING: Interval = (-math.inf, math.inf)

LARGEST = 709.78  # e to this is a number, e^709.79 is none
PIECES = 64  # in which a formula of one symbol is looked at, where that tells more
DEEPEST = 3  # powers of powers that are looked through
ROUNDING = 1e-9  # what is lost in a long sum, of its largest term

RISING = {sympy.tanh: math.tanh, sympy.erf: math.erf, sympy.atan: math.atan}


class Bounds:
    """Between which numbers the entries of each array stay that straight-line code computes."""

    def __init__(self, body: Iterable[Instruction], sizes: Mapping[str, int] | None = None) -> None:
        self.known: dict[sympy.Symbol, Interval] = {}
        self.tops: dict[sympy.Symbol, str] = {}  # max z -> z
        self.powers: dict[sympy.Symbol, sympy.Expr] = {}  # what has a line of its own
        self.shifted: set[str] = set()  # z - max z: one entry is 0, and none is above
        self.units: set[str] = set()  # e^{z - max z}: one entry is 1
        for line in body:
            self._learn(line, sizes or {})

    def of(
        self, formula: sympy.Expr, known: Mapping[sympy.Symbol, Interval] | None = None
    ) -> Interval:
        """Between which numbers the formula stays; `known` is more about some symbols."""
        here = self.known | dict(known or {})
        low, high = _interval(formula, here, self.tops)
        if low <= 0 <= high:
            for _ in range(DEEPEST):
                formula = formula.xreplace(self.powers)
            if len(formula.free_symbols) != 1:
                return low, high
            (u,) = formula.free_symbols
            a, b = here.get(u, EVERYTHING)
            if math.isfinite(b - a):
                ends = [a + (b - a) * i / PIECES for i in range(PIECES + 1)]
                found = [_interval(formula, {u: piece}, {}) for piece in pairwise(ends)]
                return min(x for x, _ in found), max(y for _, y in found)
        return low, high

    def _learn(self, line: Instruction, sizes: Mapping[str, int]) -> None:
        for array in arguments(line):
            # By whatever indices it is read, it is the same array.
            first = Array(array.name, tuple(map(plain, array.axes)))
            if len(set(first.axes)) == len(first.axes) and first.symbol in self.known:
                self.known.setdefault(array.symbol, self.known[first.symbol])
        found = EVERYTHING
        name = line.target.name
        match line:
            case Map(_, formula, _):
                found = self.of(formula)
                if isinstance(formula, sympy.Pow) and isinstance(formula.base, sympy.Symbol):
                    self.powers[line.target.symbol] = formula
                if self._is_shifted(formula):
                    self.shifted.add(name)
                if isinstance(formula, sympy.exp) and (
                    self._is_shifted(formula.args[0]) or self._of_shifted(formula.args[0])
                ):
                    self.units.add(name)
            case Reduce(target, how, argument):
                found = self.known.get(argument.symbol, EVERYTHING)
                if how == "max":
                    self.tops[target.symbol] = argument.name
                else:
                    count = _count(target, (argument,), sizes)
                    found = min(found[0], count * found[0]), max(found[1], count * found[1])
                    if argument.name in self.units and not target.axes:
                        found = 1.0, found[1]
            case Contract(target, factors):
                one = (1.0, 1.0)
                for factor in factors:
                    one = _times(one, self.known.get(factor.symbol, EVERYTHING))
                count = _count(target, factors, sizes)
                found = min(one[0], count * one[0]), max(one[1], count * one[1])
        self.known[line.target.symbol] = found

    def _is_shifted(self, formula: sympy.Expr) -> bool:
        terms = sympy.Add.make_args(formula)
        tops = [self.tops.get(-term) for term in terms]
        names = [term.name for term in terms if isinstance(term, sympy.Symbol)]
        return len(terms) == 2 and len(names) == 1 and names[0] in tops

    def _of_shifted(self, formula: sympy.Expr) -> bool:
        return isinstance(formula, sympy.Symbol) and formula.name in self.shifted


def _count(target: Array, read: Iterable[Array], sizes: Mapping[str, int]) -> float:
    """How many terms a sum has; infinitely many if a size is not known."""
    axes = {axis for array in read for axis in array.axes} - set(target.axes)
    return math.prod(sizes.get(plain(axis), math.inf) for axis in axes)


def _interval(
    x: sympy.Expr, known: Mapping[sympy.Symbol, Interval], tops: Mapping[sympy.Symbol, str]
) -> Interval:
    def go(y: sympy.Expr) -> Interval:
        return _interval(y, known, tops)

    match x:
        case sympy.Symbol():
            return known.get(x, EVERYTHING)
        case _ if x.is_number:
            return float(x), float(x)
        case sympy.Add():
            return _sum(x, known, tops)
        case sympy.Mul():
            total = (1.0, 1.0)
            for factor in x.args:
                total = _times(total, go(factor))
            return total
        case sympy.exp():
            low, high = go(x.args[0])
            return _exp(low), _exp(high)
        case sympy.Pow() if x.exp.is_Integer:
            return _power(go(x.base), int(x.exp))
        case sympy.Pow() if x.exp == sympy.Rational(1, 2):
            low, high = go(x.base)
            return math.sqrt(max(low, 0.0)), math.sqrt(max(high, 0.0))
        case sympy.Abs():
            low, high = go(x.args[0])
            return (0.0 if low <= 0 <= high else min(abs(low), abs(high))), max(-low, high)
        case sympy.Max() | sympy.Min():
            lows, highs = zip(*map(go, x.args), strict=True)
            extreme = max if isinstance(x, sympy.Max) else min
            return extreme(lows), extreme(highs)
        case sympy.Piecewise():
            return _branches(x, known, tops)
        case sympy.sin() | sympy.cos() | sympy.sign():
            return -1.0, 1.0
        case sympy.Heaviside():
            return 0.0, 1.0
        case log1p():
            low, high = go(x.args[0])
            return (math.log1p(low) if low > -1 else -math.inf), _log(1 + high)
        case sympy.log():
            low, high = go(x.args[0])
            return _log(low), _log(high)
        case sympy.Function() if type(x) in RISING:
            low, high = go(x.args[0])
            return RISING[type(x)](low), RISING[type(x)](high)
        case sympy.cosh():
            return 1.0, math.inf
    return EVERYTHING


def _sum(
    x: sympy.Add, known: Mapping[sympy.Symbol, Interval], tops: Mapping[sympy.Symbol, str]
) -> Interval:
    terms = list(x.args)
    low = high = largest = 0.0
    for top in [term for term in terms if -term in tops]:
        mine = [y for y in terms if isinstance(y, sympy.Symbol) and y.name == tops[-top]]
        if mine:
            # z - max z is never above 0.
            low = -math.inf
            terms = [y for y in terms if y not in (top, mine[0])]
    for term in terms:
        a, b = _interval(term, known, tops)
        low, high = low + a, high + b
        largest = max(largest, *(abs(end) for end in (a, b) if math.isfinite(end)), 0.0)
    lost = ROUNDING * largest if len(terms) > 2 else 0.0
    return low - lost, high + lost


def _times(one: Interval, other: Interval) -> Interval:
    ends = [0.0 if 0 in (a, b) else a * b for a in one for b in other]
    return min(ends), max(ends)


def _power(base: Interval, exponent: int) -> Interval:
    if exponent < 0:
        low, high = _power(base, -exponent)
        if low > 0 or high < 0:
            return 1 / high, 1 / low
        return (0.0, math.inf) if low == 0 else EVERYTHING
    low, high = (_to_the(end, exponent) for end in base)
    if exponent % 2:
        return low, high
    return (0.0 if base[0] <= 0 <= base[1] else min(low, high)), max(low, high)


def _to_the(x: float, exponent: int) -> float:
    try:
        return x**exponent
    except OverflowError:
        return math.inf if x > 0 or exponent % 2 == 0 else -math.inf


def _branches(
    x: sympy.Piecewise, known: Mapping[sympy.Symbol, Interval], tops: Mapping[sympy.Symbol, str]
) -> Interval:
    found = [_interval(value, here, tops) for value, here in branches(x, known)]
    return min(low for low, _ in found), max(high for _, high in found)


def branches(
    x: sympy.Piecewise, known: Mapping[sympy.Symbol, Interval]
) -> list[tuple[sympy.Expr, dict[sympy.Symbol, Interval]]]:
    """Each branch, and what is known of the symbols where it is taken: u <= c, or not."""
    here = dict(known)
    found = []
    for value, condition in x.args:
        inside, outside = dict(here), dict(here)
        if isinstance(condition, sympy.LessThan | sympy.GreaterThan):
            u, c = condition.lts, condition.gts
            if isinstance(u, sympy.Symbol) and c.is_number:
                low, high = here.get(u, EVERYTHING)
                inside[u] = low, min(high, float(c))
                outside[u] = max(low, float(c)), high
            elif isinstance(c, sympy.Symbol) and u.is_number:
                low, high = here.get(c, EVERYTHING)
                inside[c] = max(low, float(u)), high
                outside[c] = low, min(high, float(u))
        found.append((value, inside))
        here = outside
    return found


def _exp(x: float) -> float:
    return math.inf if x > LARGEST else math.exp(x)


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf
