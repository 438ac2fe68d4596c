"""Passes that make a formula what a machine does: one operation a line, and as few as may be.

After `elementary` each Map is one operation on arrays, as NumPy has them, and each formula of plain
numbers (a rate, 1 - β) a line of its own that is computed once a step.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
import sympy

from symnet import floating
from symnet.program import passes
from symnet.program.ir import (
    Array,
    Contract,
    Function,
    Instruction,
    Map,
    Program,
    arguments,
)
from symnet.program.passes import SAMPLES, used

FAST = ("gradients", "clip", "update", "decay", "step")  # the functions that a step is made of


def _each(program: Program, change: Callable[[Function], Function]) -> Program:
    functions = tuple(
        change(function) if function.name in FAST else function for function in program.functions
    )
    return replace(program, functions=functions)


def _formulas(program: Program, rewrite: Callable[[Map], sympy.Expr]) -> Program:
    """The program with another formula for each Map."""

    def change(function: Function) -> Function:
        body = []
        for line in function.body:
            if isinstance(line, Map):
                formula = rewrite(line)
                line = replace(line, formula=formula, arguments=used(formula, line.arguments))
            body.append(line)
        return replace(function, body=tuple(body))

    return _each(program, change)


# --- branches ------------------------------------------------------------------------------


def without_branches(program: Program) -> Program:
    """f(u) up to c, else g(u) -> f(min(u, c)) + g(max(u, c)) - g(c) + [u > c] (g(c) - f(c)).

    Equal for every u, and no branch sees a number for which it was not meant: e^u cannot overflow
    beyond c. Without a jump there is no step [u > c]; relu becomes max(u, 0).
    """

    def piecewise(line: Map) -> sympy.Expr:
        return line.formula.replace(lambda x: isinstance(x, sympy.Piecewise), _joined)

    return _formulas(program, piecewise)


def _joined(x: sympy.Piecewise) -> sympy.Expr:
    """The same for every layer: whatever the symbols are called, it is worked out once."""
    names = sorted(x.free_symbols, key=str)
    places = [sympy.Symbol(f"x{i}°", real=True) for i in range(len(names))]
    found = _without_branches(x.xreplace(dict(zip(names, places, strict=True))))
    return found.xreplace(dict(zip(places, names, strict=True)))


@lru_cache(maxsize=1000)
def _without_branches(x: sympy.Piecewise) -> sympy.Expr:
    """The sum over stretches, or the branches themselves where they cannot be told so."""
    kinks, values = _stretches(x)
    if not kinks:
        return x
    (u,) = {sympy.sympify(lhs) for lhs, _ in kinks}
    edges = [c for _, c in kinks]
    v = sympy.Dummy("v", real=True)
    branches = [value.xreplace({u: v}) for value in values]
    if any(branch.free_symbols - {v} for branch in branches) and not all(
        value.is_number for value in values
    ):
        return x
    total: sympy.Expr = branches[0].xreplace({v: _clip(u, None, edges[0])})
    for i, branch in enumerate(branches[1:], 1):
        low, high = edges[i - 1], edges[i] if i < len(edges) else None
        here, before = branch.xreplace({v: low}), branches[i - 1].xreplace({v: low})
        jump = sympy.expand(here - before)
        if not (here.is_finite and before.is_finite):
            return x
        total += branch.xreplace({v: _clip(u, low, high)}) - here
        if jump.free_symbols or abs(jump.evalf(30)) > 1e-20:  # of numbers that cancel
            total += jump * sympy.Heaviside(u - low, 0)
    return total if _same_numbers(total, x, u, edges) else x


def _stretches(
    x: sympy.Piecewise,
) -> tuple[list[tuple[sympy.Expr, sympy.Expr]], list[sympy.Expr]]:
    """u and c of each condition u <= c, c rising, and the values of all stretches."""
    *conditional, (last, holds) = x.args
    kinks = []
    for _, condition in conditional:
        if not isinstance(condition, sympy.LessThan | sympy.GreaterThan) or holds != sympy.true:
            return [], []
        low, high = condition.lts, condition.gts
        if not high.is_number:
            # u - y <= 0 as it may be written: u <= y
            low, high = low - high, sympy.Integer(0)
        if low.is_number or not high.is_Rational:
            return [], []
        kinks.append((low, high))
    edges = [c for _, c in kinks]
    if len({u for u, _ in kinks}) != 1 or edges != sorted(set(edges)):
        return [], []
    return kinks, [*(value for value, _ in conditional), last]


def _clip(u: sympy.Expr, low: sympy.Expr | None, high: sympy.Expr | None) -> sympy.Expr:
    above = u if low is None else sympy.Max(u, low)
    return above if high is None else sympy.Min(above, high)


def _same_numbers(
    form: sympy.Expr, formula: sympy.Expr, u: sympy.Expr, edges: Iterable[sympy.Expr]
) -> bool:
    """Whether the form gives in floating point what the branches give, far out and at edges."""
    t = sympy.Dummy("t", real=True)
    one = (form.xreplace({u: t}), formula.xreplace({u: t}))
    if any(each.free_symbols - {t} for each in one):
        return False
    points = [10.0**e * sign for e in range(-6, 5) for sign in (1, -1)]
    points += [float(c) + d for c in edges for d in (-1e-3, 0.0, 1e-3)]
    at = {t: np.array(sorted(points))}
    with np.errstate(all="ignore"):
        try:
            found, expected = (
                np.broadcast_to(floating.evaluate(each, at), at[t].shape) for each in one
            )
        except TypeError:
            return False
    finite = np.isfinite(expected)
    scale = 1e-13 * np.maximum(np.abs(expected), 1e-3)
    return bool(np.all(np.abs(found - expected)[finite] <= scale[finite]))


# --- sigmoids ------------------------------------------------------------------------------


def logistic_by_tanh(program: Program) -> Program:
    """1/(1 + e^u) -> 1/2 - tanh(u/2)/2, and its powers: it cannot overflow, and costs no more.

    Where it is near 0 it is right to the rounding of 1, no more. So it stays where it is divided by
    what may be as small, as in y/(a (1 + e^{-z})) with a = ln(1 + e^z).
    """

    def rewrite(line: Map) -> sympy.Expr:
        arrays = {x.symbol for x in line.arguments if x.axes}

        def divided(x: sympy.Expr) -> bool:
            below = (y for y in x.args if isinstance(y, sympy.Pow) and y.exp.is_negative)
            others = (y.base for y in below if not any(map(_is_logistic, y.atoms(sympy.Pow))))
            return isinstance(x, sympy.Mul) and any(base.free_symbols & arrays for base in others)

        def go(x: sympy.Expr) -> sympy.Expr:
            if _is_logistic(x):
                return _by_tanh(x)
            return x.func(*map(go, x.args)) if x.args and not divided(x) else x

        return go(line.formula) if any(map(_is_logistic, line.formula.atoms(sympy.Pow))) else (
            line.formula
        )  # fmt: skip

    return _formulas(program, rewrite)


def _is_logistic(x: sympy.Basic) -> bool:
    """Whether it is 1/(1 + e^u), or a power of that."""
    power = isinstance(x, sympy.Pow) and x.exp.is_Integer and x.exp.is_negative
    return power and isinstance(x.base - 1, sympy.exp)


def _by_tanh(x: sympy.Pow) -> sympy.Expr:
    u = (x.base - 1).args[0]
    return ((1 + sympy.tanh(-u / 2)) / 2) ** -x.exp


# --- slopes --------------------------------------------------------------------------------


# Any array, and real, as all are: of tanh(tanh(…)) SymPy would look long for what else it could be.
ANY = sympy.Dummy("a", dummy_index=0, real=True)


def slopes_apart(program: Program) -> Program:
    """δ^l = u^l ⊙ a^l(1 - a^l) -> p^l = a^l(1 - a^l), δ^l = u^l ⊙ p^l: all p^l in one call.

    Only where several layers have the same slope, so that their arrays can lie side by side.
    """

    def change(function: Function) -> Function:
        return _slopes_apart(function) if function.name in ("gradients", "step") else function

    return _each(program, change)


def _slopes_apart(function: Function) -> Function:
    body = list(function.body)
    names = {x.name for x in function.parameters} | {line.target.name for line in body}
    made: dict[int, list[Map]] = {}  # the slopes that a line reads, by its place
    for i, array, factor in _equal_slopes(function):
        line, slope = body[i], Array(f"p{array.name[1:]}", array.axes)
        if slope.name in names or not isinstance(line, Map):
            continue
        names.add(slope.name)
        made.setdefault(i, []).append(Map(slope, factor, (array,)))
        parts = (*sympy.Mul.make_args(factor), factor)
        rest = (x for x in line.formula.args if x not in parts)
        formula = sympy.Mul(*rest, slope.symbol)
        body[i] = replace(line, formula=formula, arguments=used(formula, (*line.arguments, slope)))
    return replace(function, body=tuple(_slopes_early(function, body, made)))


def _equal_slopes(function: Function) -> Iterable[tuple[int, Array, sympy.Expr]]:
    """Line, array and factor wherever several lines have one factor of different arrays."""
    found: dict[sympy.Expr, list[tuple[int, Array, sympy.Expr]]] = {}
    for i, line in enumerate(function.body):
        if isinstance(line, Map) and isinstance(line.formula, sympy.Mul):
            for array in line.arguments:
                factor = _factor_in(line.formula, array)
                if SAMPLES in array.axes and len(array.axes) > 1 and factor is not None:
                    key = factor.xreplace({array.symbol: ANY})
                    found.setdefault(key, []).append((i, array, factor))
    for places in found.values():
        if len(places) > 1:
            yield from places


def _slopes_early(
    function: Function, body: Iterable[Instruction], made: Mapping[int, list[Map]]
) -> Iterable[Instruction]:
    """The body with all slopes before the first line that reads one: a^l is known by then.

    They stand in the order of layers, as their arrays lie; those of later arrays stand later.
    """
    first = min(made, default=0)
    order = [x.name for x in (*function.parameters, *(line.target for line in function.body))]
    early = len(function.parameters) + first
    place = {name: i for i, name in enumerate(order)}
    slopes = [each for i in sorted(made) for each in made[i]]
    ready = [x for x in slopes if place[x.arguments[0].name] < early]
    ready.sort(key=lambda x: place[x.arguments[0].name])
    for i, line in enumerate(body):
        if made and i == first:
            yield from ready
        yield from (x for x in made.get(i, ()) if x not in ready)
        yield line


def _factor_in(product: sympy.Mul, array: Array) -> sympy.Expr | None:
    """The factors that read this array alone, if they are more than the array itself."""
    own = [x for x in product.args if x.free_symbols == {array.symbol}]
    factor = sympy.Mul(*own)
    return None if not own or factor == array.symbol or len(own) == len(product.args) else factor


# --- states --------------------------------------------------------------------------------


def scale_states(program: Program) -> Program:
    """s = β s + (1 - β) g² with s = (1 - β) S -> S = β S + g²: a pass less over all parameters."""

    def change(function: Function) -> Function:
        body = list(function.body)
        for i, line in enumerate(body):
            found = _common_factor(line)
            if not isinstance(line, Map) or found is None:
                continue
            rest, factor = found
            formula = line.formula - rest + rest / factor
            body[i] = replace(line, formula=formula, arguments=used(formula, line.arguments))
            scaled = {line.target.symbol: factor * line.target.symbol}
            for k in range(i + 1, len(body)):
                later = body[k]
                if isinstance(later, Map) and line.target in later.arguments:
                    formula = later.formula.xreplace(scaled)
                    read = dict.fromkeys((*later.arguments, *line.arguments))
                    body[k] = replace(later, formula=formula, arguments=used(formula, read))
        return replace(function, body=tuple(body))

    return _each(program, change)


def state_scales(update: Function) -> dict[str, sympy.Expr]:
    """What `scale_states` keeps each state divided by, such as 1 - β; 1 where it leaves it."""
    scales = dict.fromkeys((old for _, old in update.overwrites if old != "theta"), sympy.S.One)
    for line in update.body:
        if found := _common_factor(line):
            scales[line.target.name.removesuffix("_new")] = found[1]
    return scales


def _common_factor(line: Instruction) -> tuple[sympy.Expr, sympy.Expr] | None:
    """What comes new to a state, and its factor of plain numbers, where the old only shrinks."""
    name = line.target.name.removesuffix("_new")
    if not isinstance(line, Map) or name in (line.target.name, "theta"):
        return None
    old = next((x.symbol for x in line.arguments if x.name == name), None)
    if old is None:
        return None
    scalars = {x.symbol for x in line.arguments if not x.axes}
    terms = sympy.Add.make_args(line.formula)
    rest = sympy.Add(*(x for x in terms if not x.has(old)))
    own = (x for x in sympy.Mul.make_args(rest) if x.free_symbols and x.free_symbols <= scalars)
    factor = sympy.Mul(*own)
    linear = not sympy.cancel((line.formula - rest) / old).has(old)
    return (rest, factor) if factor != 1 and linear else None


# --- one operation a line ------------------------------------------------------------------


def elementary(program: Program) -> Program:
    """u = x (1 - x) y -> t1 = 1 - x, t2 = x t1, u = t2 y: what NumPy does in one call each."""

    return passes.drop_dead(_each(program, lambda function: _Elementary(function).made()))


@dataclass
class _Elementary:
    function: Function
    body: list[Instruction] = field(default_factory=list)
    arrays: dict[sympy.Symbol, Array] = field(default_factory=dict)
    order: dict[sympy.Symbol, int] = field(default_factory=dict)  # in which arrays became known
    plain: set[sympy.Symbol] = field(default_factory=set)  # those that are numbers
    known: dict[sympy.Expr, sympy.Symbol] = field(default_factory=dict)
    formulas: dict[sympy.Symbol, sympy.Expr] = field(default_factory=dict)  # known, the other way
    scalars: dict[sympy.Expr, sympy.Symbol] = field(default_factory=dict)
    targets: set[sympy.Symbol] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    numbered: int = 0  # t1, t2, …
    counted: int = 0  # k1, k2, …

    def know(self, array: Array) -> None:
        self.arrays[array.symbol] = array
        self.order.setdefault(array.symbol, len(self.order))
        if not array.axes:
            self.plain.add(array.symbol)

    def reads(self, x: sympy.Expr) -> tuple[Array, ...]:
        """The arrays in a formula, in the order in which they became known."""
        found = [self.arrays[s] for s in x.free_symbols if s in self.arrays]
        return tuple(sorted(found, key=lambda array: self.order[array.symbol]))

    def made(self) -> Function:
        self.targets = {line.target.symbol for line in self.function.body}
        taken = {line.target.name for line in self.function.body}
        self.taken = taken | {x.name for x in self.function.parameters}
        self.numbered = max((int(x[1:]) for x in taken if x[0] == "t" and x[1:].isdigit()),
                            default=0)  # fmt: skip
        for line in self.function.body:
            if isinstance(line, Map) and line.target.axes:
                for array in line.arguments:
                    self.know(array)
                self.line(line)
            else:
                self.body.append(line)
        return replace(self.function, body=_numbers_first(self.function, self.body))

    def line(self, line: Map) -> None:
        target = line.target
        formula = self.numbers(line.formula)
        operand = self.value(formula, target)
        last = self.body[-1] if self.body else None
        if (
            isinstance(last, Map)
            and last.target.symbol == operand
            and last.target.axes == target.axes
            and operand not in self.targets
            and operand in self.formulas
        ):
            # The last operation is the line itself.
            del self.known[self.formulas.pop(operand)]
            self.body[-1] = replace(last, target=target, equation=line.equation)
        else:
            self.body.append(Map(target, operand, self.reads(operand), line.equation))
        self.know(target)

    # formulas of plain numbers

    def numbers(self, formula: sympy.Expr) -> sympy.Expr:
        """The formula with each largest part of plain numbers as one name."""

        def plain(x: sympy.Expr) -> bool:
            return bool(x.free_symbols) and x.free_symbols <= self.plain

        def go(x: sympy.Expr) -> sympy.Expr:
            if plain(x):
                return self.number(x)
            if isinstance(x, sympy.Add | sympy.Mul):
                own = [y for y in x.args if y.is_number or plain(y)]
                rest = [go(y) for y in x.args if y not in own]
                together = x.func(*own)
                if own and together.free_symbols:
                    together = self.number(together)
                return x.func(together, *rest) if own else x.func(*rest)
            if isinstance(x, sympy.Piecewise):
                return x
            return x.func(*map(go, x.args)) if x.args else x

        changed = _collected(formula, self.plain)
        for _ in range(4):
            named = go(changed)
            again = _pulled(named, self.plain)
            if again == named:
                return named
            changed = again
        return go(changed)

    def number(self, x: sympy.Expr) -> sympy.Symbol:
        """A name for a formula of plain numbers."""
        whole = x.xreplace({v: k for k, v in self.scalars.items()})
        if whole not in self.scalars:
            self.counted = next(
                n for n in itertools.count(self.counted + 1) if f"k{n}" not in self.taken
            )
            array = Array(f"k{self.counted}")
            # It is positive as far as roots are concerned: the rates of averages are.
            self.scalars[whole] = array.symbol
            self.know(array)
            self.body.append(Map(array, whole, self.reads(whole)))
        return self.scalars[whole]

    # operations

    def value(self, x: sympy.Expr, target: Array) -> sympy.Expr:
        """What stands for the value of a formula: a symbol or a number."""
        if isinstance(x, sympy.Symbol) or x.is_number:
            return x
        match x:
            case sympy.Add():
                return self.sum(x, target)
            case sympy.Mul():
                return self.product(x, target)
            case sympy.Pow():
                return self.power(x, target)
            case sympy.Piecewise():
                pairs = [(self.value(v, target), self.condition(c, target)) for v, c in x.args]
                return self.operation(sympy.Piecewise(*pairs), target)
            case sympy.Max() | sympy.Min():
                first, *others = sorted(x.args, key=lambda y: (y.is_number, str(y)))
                found = self.value(first, target)
                for other in others:
                    found = self.operation(
                        x.func(found, self.value(other, target), evaluate=False), target
                    )
                return found
            case sympy.Heaviside():
                return self.operation(sympy.Heaviside(self.value(x.args[0], target), 0), target)
            case sympy.Function():
                return self.operation(x.func(*(self.value(y, target) for y in x.args)), target)
        raise TypeError(f"{x} is no operation on arrays")

    def condition(self, x: sympy.Basic, target: Array) -> sympy.Basic:
        if isinstance(x, sympy.core.relational.Relational):
            left = self.value(x.lhs - x.rhs if not x.rhs.is_number else x.lhs, target)
            return x.func(left, x.rhs if x.rhs.is_number else 0)
        if isinstance(x, sympy.And | sympy.Or | sympy.Not):
            return x.func(*(self.condition(y, target) for y in x.args))
        return x

    def sum(self, x: sympy.Add, target: Array) -> sympy.Expr:
        number = sympy.Integer(0)
        terms: list[sympy.Expr] = []
        for term in sorted(x.args, key=_order):
            if self.is_number(term):
                number += term
            else:
                terms.append(term)
        plus = [term for term in terms if not _negative(term)]
        minus = [term for term in terms if _negative(term)]
        if plus:
            total = self.value(plus[0], target)
            for term in plus[1:]:
                total = self.operation(_raw(sympy.Add, total, self.value(term, target)), target)
        elif number != 0:
            total, number = number, sympy.Integer(0)
        else:
            total = self.value(minus[0], target)
            minus = minus[1:]
        for term in minus:
            total = self.operation(
                _raw(sympy.Add, total, _raw(sympy.Mul, -1, self.value(-term, target))), target
            )
        if number == 0:
            return total
        return self.operation(_raw(sympy.Add, total, number), target)

    def is_number(self, x: sympy.Expr) -> bool:
        return bool(x.is_number) or (isinstance(x, sympy.Symbol) and not self.arrays[x].axes)

    def product(self, x: sympy.Mul, target: Array) -> sympy.Expr:
        number: sympy.Expr = sympy.Integer(1)
        above: list[sympy.Expr] = []
        below: list[sympy.Expr] = []
        steps: list[sympy.Expr] = []
        for factor in sorted(x.args, key=_order):
            if factor.is_number:
                number *= factor
            elif self.is_number(factor):
                above.append(factor)
            elif isinstance(factor, sympy.Pow) and factor.exp.is_number and factor.exp.is_negative:
                below.append(sympy.Pow(factor.base, -factor.exp))
            elif isinstance(factor, sympy.Heaviside):
                steps.append(factor)
            else:
                above.append(factor)
        above = [*(f for f in above if not self.is_number(f)), *steps,
                 *(f for f in above if self.is_number(f))]  # fmt: skip
        if not above or (self.is_number(above[0]) and not below):
            total: sympy.Expr = number
            number = sympy.Integer(1)
        elif self.is_number(above[0]):
            total = sympy.Mul(number, *above) if number != 1 else above[0]
            above, number = above[1:], sympy.Integer(1)
        else:
            total = self.value(above[0], target)
            above = above[1:]
        scalars = [f for f in above if self.is_number(f)]
        for factor in above:
            if factor not in scalars:
                total = self.operation(_raw(sympy.Mul, total, self.value(factor, target)), target)
        if below:
            bottom = self.value(below[0], target)
            for factor in below[1:]:
                bottom = self.operation(_raw(sympy.Mul, bottom, self.value(factor, target)), target)
            total = self.operation(_raw(sympy.Mul, total, _raw(sympy.Pow, bottom, -1)), target)
        for factor in scalars:
            total = self.operation(_raw(sympy.Mul, total, factor), target)
        if number == 1:
            return total
        return self.operation(_raw(sympy.Mul, number, total), target)

    def power(self, x: sympy.Pow, target: Array) -> sympy.Expr:
        if isinstance(x, sympy.exp):
            return self.operation(sympy.exp(self.value(x.args[0], target)), target)
        base, exponent = x.base, x.exp
        if exponent.is_number and exponent.is_negative:
            below = self.value(sympy.Pow(base, -exponent), target)
            return self.operation(_raw(sympy.Pow, below, -1), target)
        at = self.value(base, target)
        if exponent in (3, 4):  # two products, which are quicker than a power
            square = self.operation(_raw(sympy.Pow, at, 2), target)
            if exponent == 4:
                return self.operation(_raw(sympy.Pow, square, 2), target)
            return self.operation(_raw(sympy.Mul, square, at), target)
        return self.operation(_raw(sympy.Pow, at, exponent), target)

    def operation(self, x: sympy.Expr, target: Array) -> sympy.Symbol:
        """The target of a line for one operation, which may be there already."""
        if x in self.known:
            return self.known[x]
        read = self.reads(x)
        axes = {axis for array in read for axis in array.axes}
        self.numbered += 1
        array = Array(f"t{self.numbered}", tuple(a for a in target.axes if a in axes))
        self.body.append(Map(array, x, read))
        self.know(array)
        self.known[x] = array.symbol
        self.formulas[array.symbol] = x
        return array.symbol


def _numbers_first(function: Function, body: Iterable[Instruction]) -> tuple[Instruction, ...]:
    """What depends on plain numbers alone stands before all else, as it is computed once."""
    known = {x.name for x in function.parameters if not x.axes}
    first: list[Instruction] = []
    rest: list[Instruction] = []
    for line in body:
        if isinstance(line, Map) and all(x.name in known for x in line.arguments):
            known.add(line.target.name)
            first.append(line)
        else:
            rest.append(line)
    return (*first, *rest)


def _raw(kind: type, *operands: sympy.Expr) -> sympy.Expr:
    """One operation on these operands, as it stands."""
    if kind is sympy.Add and any(x == 0 for x in operands):
        return sympy.Add(*operands)
    return kind(*map(sympy.sympify, operands), evaluate=False)


def _negative(term: sympy.Expr) -> bool:
    return bool(term.as_coeff_Mul()[0].is_negative)


def _order(x: sympy.Expr) -> tuple[int, str]:
    """Names first, what is computed last."""
    return (0 if isinstance(x, sympy.Symbol) else 1), str(x)


def _collected(x: sympy.Expr, numbers: set[sympy.Symbol]) -> sympy.Expr:
    """θ - k θ as (1 - k) θ: one product, and no array beside."""
    if not isinstance(x, sympy.Add):
        return x
    x = sympy.Add(*(_spread(term, numbers) for term in x.args))
    factors: dict[sympy.Expr, sympy.Expr] = {}
    for term in x.args:
        own = [y for y in sympy.Mul.make_args(term) if y.free_symbols <= numbers]
        rest = sympy.Mul(*(y for y in sympy.Mul.make_args(term) if y not in own))
        factors[rest] = factors.get(rest, sympy.Integer(0)) + sympy.Mul(*own)
    if len(factors) == len(x.args):
        return x
    return sympy.Add(*(rest * factor for rest, factor in factors.items()))


def _spread(x: sympy.Expr, numbers: set[sympy.Symbol]) -> sympy.Expr:
    """k (g + μ v) as k g + k μ v: as many products, and no place for the sum."""
    own = [y for y in sympy.Mul.make_args(x) if y.free_symbols <= numbers]
    rest = [y for y in sympy.Mul.make_args(x) if y not in own]
    if not own or len(rest) != 1 or not isinstance(rest[0], sympy.Add):
        return x
    terms = rest[0].args
    bare = [y for y in terms if not any(z.free_symbols <= numbers for z in sympy.Mul.make_args(y))]
    return sympy.Add(*(y * sympy.Mul(*own) for y in terms)) if len(bare) < 2 else x


def _pulled(x: sympy.Expr, numbers: set[sympy.Symbol]) -> sympy.Expr:
    """c √(k s) + ε below a fraction as c √k (√s + ε/(c √k)): numbers leave the arrays alone."""

    def plain(y: sympy.Expr) -> bool:
        return bool(y.free_symbols <= numbers)

    def root(y: sympy.Expr) -> bool:
        return isinstance(y, sympy.Pow) and isinstance(y.base, sympy.Mul) and not plain(y)

    def apart(y: sympy.Pow) -> sympy.Expr:
        own = [z for z in y.base.args if plain(z)]
        rest = [z for z in y.base.args if not plain(z)]
        if not own or not rest:
            return y
        return sympy.Mul(*own) ** y.exp * sympy.Mul(*rest) ** y.exp

    def below(y: sympy.Expr) -> bool:
        return isinstance(y, sympy.Pow) and y.exp == -1 and isinstance(y.base, sympy.Add)

    def outside(y: sympy.Pow) -> sympy.Expr:
        arrays = [z for z in y.base.args if not plain(z)]
        if len(arrays) != 1:
            return y
        factor = sympy.Mul(*(z for z in sympy.Mul.make_args(arrays[0]) if plain(z)))
        if factor == 1 or not factor.free_symbols:
            return y
        return 1 / (factor * sympy.Add(*(z / factor for z in y.base.args)))

    return x.replace(root, apart).replace(below, outside)


# --- numbers into products -----------------------------------------------------------------


def scale_products(program: Program) -> Program:
    """z = Σ w a, t = c z -> t = c Σ w a, where z is not read again: BLAS does it for nothing."""
    outputs = {x.name for x in program.function("loss").parameters}

    def change(function: Function) -> Function:
        return _scale_products(function, outputs) if function.name == "step" else function

    return replace(program, functions=tuple(map(change, program.functions)))


def _scale_products(function: Function, outputs: set[str]) -> Function:
    body = list(function.body)
    reads = Counter(x.name for line in body for x in arguments(line))
    products = {x.target.name: x for x in body if isinstance(x, Contract) and x.scale == 1}
    for line in function.body:
        if not isinstance(line, Map) or len(line.arguments) != 1:
            continue
        (z,) = line.arguments
        factor, rest = line.formula.as_coeff_Mul()
        product = products.get(z.name)
        alone = reads[z.name] == 1 and z.name not in outputs and z.axes == line.target.axes
        if product is None or rest != z.symbol or not factor.is_Rational or not alone:
            continue
        body[body.index(product)] = replace(product, target=line.target, scale=factor)
        body.remove(line)
    return replace(function, body=tuple(body))
