"""Formulas for Python's own numbers: floats, the functions of math, `x if c else y`.

A formula is printed in one of two ways. The plain one is what a book has, and may raise an error of
arithmetic where NumPy goes on with inf or nan; it is noted whether it can. The `exact` one gives
what NumPy gives: e^u has a limit where u has none, and what `bounds` cannot exclude asks NumPy.

>>> z = sympy.Symbol("z", real=True)
>>> sigmoid = 1 / (1 + sympy.exp(-z))
>>> print(Formulas(Bounds(())).text(sigmoid, {}, exact=False)[0])
1.0 / (1.0 + exp(-z))
>>> print(Formulas(Bounds(())).text(sigmoid, {}, exact=True)[0])
0.0 if z < -709.78 else 1.0 / (1.0 + exp(-z))
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy
from sympy.codegen.cfunctions import log1p

from symnet.backends.python_text import ATOM, POWER, PRODUCT, SIGN, SUM, Piece, decimal
from symnet.errors import NotYet
from symnet.program.bounds import LARGEST, Bounds, Interval, branches
from symnet.program.ir import Array, ProgramError
from symnet.program.one_sample import MOST_FACTORS, linear

SHORT = 10  # signs of a decimal that is written as one: 0.044715, but 1/6
CONDITIONAL = SUM - 1  # how strongly `x if c else y` binds

FUNCTIONS = {
    sympy.exp: "exp",
    sympy.log: "log",
    log1p: "log1p",
    sympy.tanh: "tanh",
    sympy.sinh: "sinh",
    sympy.cosh: "cosh",
    sympy.sin: "sin",
    sympy.cos: "cos",
    sympy.tan: "tan",
    sympy.asin: "asin",
    sympy.acos: "acos",
    sympy.atan: "atan",
    sympy.asinh: "asinh",
    sympy.acosh: "acosh",
    sympy.atanh: "atanh",
    sympy.erf: "erf",
}
STEPS = Array("t").symbol  # their number, the exponent of what decays from step to step
NUMPY = {"asin": "arcsin", "acos": "arccos", "acosh": "arccosh", "atanh": "arctanh"}

# Between which numbers a function raises no error; the others take any number.
INF = math.inf
DOMAINS: dict[str, Interval] = {
    "exp": (-INF, LARGEST),
    "log": (math.ulp(0.0), INF),
    "log1p": (math.nextafter(-1.0, 0.0), INF),
    "sinh": (-LARGEST, LARGEST),
    "cosh": (-LARGEST, LARGEST),
    "sin": (-1e300, 1e300),
    "cos": (-1e300, 1e300),
    "tan": (-1e300, 1e300),
    "asin": (-1.0, 1.0),
    "acos": (-1.0, 1.0),
    "acosh": (1.0, INF),
    "atanh": (math.nextafter(-1.0, 0.0), math.nextafter(1.0, 0.0)),
    "sqrt": (0.0, INF),
}


@dataclass
class Formulas:
    """Formulas as Python; what they use of functions, and of NumPy's where Python's would raise.

    `exact` formulas raise nothing. Of the others it is noted whether they could.
    """

    bounds: Bounds
    scalars: frozenset[sympy.Symbol] = frozenset()  # without axes: they come first in a product
    functions: set[str] = field(default_factory=set)
    helpers: dict[str, str] = field(default_factory=dict)
    risky: bool = False

    def text(
        self, formula: sympy.Expr, parts: Mapping[sympy.Symbol, Piece], *, exact: bool
    ) -> Piece:
        """A formula as text, and how strongly it binds."""
        return _Printer(self, parts, exact, {}).go(formula)

    def function(self, name: str) -> str:
        """A function of Python's, and that it is used."""
        self.functions.add(name)
        return "power" if name == "pow" else name

    def helper(self, name: str) -> str:
        """A function that gives what NumPy gives where Python's raises."""
        helper = f"_{name}"
        if name == "quotient":
            self.helpers[helper] = "_as_numpy(lambda x, y: x / y, np.divide)"
        elif name == "power":
            self.helpers[helper] = f"_as_numpy({self.function('pow')}, np.power)"
        else:
            self.helpers[helper] = f"_as_numpy({self.function(name)}, np.{NUMPY.get(name, name)})"
        return helper


@dataclass
class _Printer:
    used: Formulas
    parts: Mapping[sympy.Symbol, Piece]
    exact: bool
    known: Mapping[sympy.Symbol, Interval]  # what is known in the branch that is printed

    def go(self, x: sympy.Expr) -> Piece:
        match x:
            case sympy.Symbol():
                return self.parts.get(x, (x.name, ATOM))
            case _ if x.is_number:
                return _number(x)
            case sympy.Add():
                return self.sum(x)
            case sympy.Mul():
                return self.product(x)
            case sympy.exp():
                return self.exponential(x)
            case sympy.Pow():
                return self.power(x)
            case sympy.Abs():
                return f"abs({self.go(x.args[0])[0]})", ATOM
            case sympy.Max() | sympy.Min():
                return self.extreme(x)
            case sympy.Piecewise():
                return self.branches(x)
            case sympy.sign():
                u = self.closed(x.args[0], SUM)
                return f"1.0 if {u} > 0.0 else -1.0 if {u} < 0.0 else 0.0", CONDITIONAL
            case sympy.Heaviside():
                return f"1.0 if {self.closed(x.args[0], SUM)} > 0.0 else 0.0", CONDITIONAL
            case sympy.Function() if type(x) in FUNCTIONS:
                return self.call(FUNCTIONS[type(x)], x.args[0]), ATOM
        raise NotYet(f"Python has no function for {x} ({type(x).__name__})")

    def closed(self, x: sympy.Expr, at_least: int) -> str:
        text, strength = self.go(x)
        return text if strength >= at_least else f"({text})"

    def rank(self, factor: sympy.Expr) -> tuple[int, str]:
        """Numbers, then what has no axes, then names (temporaries first), then the rest."""
        if factor.is_number:
            return 0, str(factor)
        if isinstance(factor, sympy.Symbol):
            if factor in self.used.scalars:
                return 1, factor.name
            return (2 if re.match(r"t\d", factor.name) else 3), factor.name
        return 4, str(factor)

    def within(self, x: sympy.Expr, low: float, high: float) -> bool:
        a, b = self.used.bounds.of(x, self.known)
        return low <= a and b <= high

    def call(self, name: str, x: sympy.Expr) -> str:
        """f(x); NumPy's f in the end, where Python's could raise."""
        text = self.go(x)[0]
        if self.within(x, *DOMAINS.get(name, (-INF, INF))):
            return f"{self.used.function(name)}({text})"
        if self.exact:
            return f"{self.used.helper(name)}({text})"
        self.used.risky = True
        return f"{self.used.function(name)}({text})"

    def exponential(self, x: sympy.exp) -> Piece:
        """e^u, or inf beyond the numbers: what NumPy gives."""
        limit = self.limit(x.args[0]) if self.exact else ""
        if not limit:
            return self.call("exp", x.args[0]), ATOM
        self.used.functions.add("inf")
        return f"inf if {limit} else {self.bare(x)}", CONDITIONAL

    def bare(self, x: sympy.exp) -> str:
        return f"{self.used.function('exp')}({self.go(x.args[0])[0]})"

    def limit(self, u: sympy.Expr) -> str:
        """Where e^u is no number, for u = c x; nothing, if it always is one."""
        scaled = linear(u)
        if scaled is None or self.within(u, -INF, LARGEST):
            return ""
        c, symbol = scaled
        return f"{self.go(symbol)[0]} {'>' if c > 0 else '<'} {decimal(LARGEST / float(c))}"

    def sum(self, x: sympy.Add) -> Piece:
        # What is added comes first: a - y, not -y + a.
        text = ""
        for term in sorted(x.args, key=lambda term: (negative(term), self.rank(term))):
            if not text:
                text = self.closed(term, SUM)
            elif negative(term):
                text += f" - {self.closed(-term, PRODUCT)}"
            else:
                text += f" + {self.closed(term, PRODUCT)}"
        return text, SUM

    def product(self, x: sympy.Mul) -> Piece:
        blocked = next((y for y in x.args if _blocks(y)), None)
        if blocked is not None:
            # Where it is 0, nothing else is computed.
            rest = sympy.Mul(*(y for y in x.args if y is not blocked))
            pairs = ((value if value == 0 else value * rest, c) for value, c in blocked.args)
            return self.go(sympy.Piecewise(*pairs, evaluate=False))
        if negative(x):
            text, strength = self.go(-x)
            text = text if strength >= PRODUCT else f"({text})"
            return f"-{text}", SIGN if strength == ATOM else PRODUCT
        number = sympy.Mul(*(y for y in x.args if y.is_number))
        above, below = [], []
        for factor in sorted((y for y in x.args if not y.is_number), key=self.rank):
            if isinstance(factor, sympy.Pow) and factor.exp.is_number and factor.exp.is_negative:
                below.append(sympy.Pow(factor.base, -factor.exp))
            else:
                above += _factors(factor)
        texts = [self.closed(factor, PRODUCT if i == 0 else SIGN) for i, factor in enumerate(above)]
        divided = number.is_Rational and len(repr(float(number))) > SHORT and number.q < 10**9
        bottom = [decimal(float(number.q))] if divided else []
        number = sympy.Integer(number.p) if divided else number
        if number != 1 or not texts:
            texts.insert(0, _number(number)[0])
        text = " * ".join(texts)
        if below and not self.nonzero(sympy.Mul(*below)):
            if self.exact:
                divisor = sympy.Mul(*below, *map(sympy.sympify, bottom))
                return f"{self.used.helper('quotient')}({text}, {self.go(divisor)[0]})", ATOM
            self.used.risky = True
        if not bottom and len(below) == 1:
            return f"{text} / {self.closed(below[0], POWER)}", PRODUCT
        bottom += [self.closed(factor, SIGN) for y in below for factor in _factors(y)]
        divisor = " * ".join(bottom)
        if not bottom:
            return text, PRODUCT
        return f"{text} / {divisor if len(bottom) == 1 else f'({divisor})'}", PRODUCT

    def nonzero(self, x: sympy.Expr) -> bool:
        low, high = self.used.bounds.of(x, self.known)
        return low > 0 or high < 0

    def power(self, x: sympy.Pow) -> Piece:
        logistic = x.exp == -1 and isinstance(x.base - 1, sympy.exp) and self.exact
        if logistic and (limit := self.limit((x.base - 1).args[0])):
            # Beyond it e^u would be inf.
            return f"0.0 if {limit} else 1.0 / (1.0 + {self.bare(x.base - 1)})", CONDITIONAL
        if x.exp.is_number and x.exp.is_negative:
            return self.product(sympy.Mul(sympy.Integer(1), x, evaluate=False))
        if x.exp.is_Integer and x.exp <= MOST_FACTORS and isinstance(x.base, sympy.Symbol):
            return " * ".join(self.closed(y, SIGN) for y in _factors(x)), PRODUCT
        if x.exp == sympy.Rational(1, 2):
            return self.call("sqrt", x.base), ATOM
        if self.exact:
            base, exponent = self.go(x.base)[0], self.go(x.exp)[0]
            return f"{self.used.helper('power')}({base}, {exponent})", ATOM
        self.used.risky = True
        if not (isinstance(x.base, sympy.Symbol) and x.exp == STEPS):
            # ** would make a complex number of the root of a negative one.
            base, exponent = self.go(x.base)[0], self.go(x.exp)[0]
            return f"{self.used.function('pow')}({base}, {exponent})", ATOM
        # A power binds closer than a sign; nothing here needs it without brackets.
        return f"{self.go(x.base)[0]}**{STEPS.name}", PRODUCT

    def extreme(self, x: sympy.Expr) -> Piece:
        """max(u, v) as `v if u <= v else u`: faster than Python's, and nan stays nan."""
        first, *rest = sorted(x.args, key=self.rank)
        if len(rest) != 1:
            name = "max" if isinstance(x, sympy.Max) else "min"
            return f"{name}({', '.join(self.go(y)[0] for y in (first, *rest))})", ATOM
        sign = "<=" if isinstance(x, sympy.Max) else ">="
        u, v = self.closed(rest[0], SUM), self.closed(first, SUM)
        return f"{v} if {u} {sign} {v} else {u}", CONDITIONAL

    def branches(self, x: sympy.Piecewise) -> Piece:
        """One branch after the other; what is not taken is not computed."""
        found = branches(x, self.used.bounds.known | dict(self.known))
        text = ""
        for (value, here), (_, condition) in zip(found, x.args, strict=True):
            inside = _Printer(self.used, self.parts, self.exact, here)
            if condition == sympy.true:
                return f"{text}{inside.go(value)[0]}", CONDITIONAL
            text += f"{inside.closed(value, SUM)} if {self.condition(condition)} else "
        raise ProgramError(f"{x} has no value where no condition holds")

    def condition(self, x: sympy.Basic) -> str:
        match x:
            case sympy.core.relational.Relational():
                return f"{self.closed(x.lhs, SUM)} {x.rel_op} {self.closed(x.rhs, SUM)}"
            case sympy.And() | sympy.Or():
                join = " and " if isinstance(x, sympy.And) else " or "
                return join.join(f"({self.condition(y)})" for y in sorted(x.args, key=str))
        raise NotYet(f"Python has no expression for {x}")


def _number(x: sympy.Expr) -> Piece:
    """A number as Python's float, which is faster among floats than a whole number."""
    if not (x.is_real and x.is_finite):
        raise NotYet(f"{x} is no real number")
    return decimal(float(x)), ATOM if x >= 0 else SIGN


def negative(term: sympy.Expr) -> bool:
    return bool(term.as_coeff_Mul()[0].is_negative)


def _factors(x: sympy.Expr) -> list[sympy.Expr]:
    """x² as x and x."""
    if isinstance(x, sympy.Pow) and x.exp.is_Integer and isinstance(x.base, sympy.Symbol):
        return [x.base] * int(x.exp) if 2 <= x.exp <= MOST_FACTORS else [x]
    return [x]


def _blocks(x: sympy.Expr) -> bool:
    """Whether it is 0 in some branches and only in one not."""
    return isinstance(x, sympy.Piecewise) and (
        sum(value != 0 for value, _ in x.args) == 1 < len(x.args)
    )
