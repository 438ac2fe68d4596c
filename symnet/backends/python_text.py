"""Scalar formulas and statements as lines of Python, laid out as ruff's formatter leaves them.

>>> x, y = sympy.symbols("x y")
>>> print(expression((x - y) ** 2 / 2, {}))
(x - y) ** 2 / 2
>>> print(expression(1 / (1 + sympy.exp(-x)), {}))
1 / (1 + np.exp(-x))
>>> print(call("def f", ("a", "b"), ":"))
def f(a, b):
"""

from collections.abc import Mapping

import sympy
from sympy.codegen.cfunctions import log1p

WIDTH = 100  # the length of a line

# How strongly Python binds; a part is bracketed where it stands under a stronger one.
SUM, PRODUCT, SIGN, POWER, ATOM = range(5)
Piece = tuple[str, int]

FUNCTIONS = {
    sympy.exp: "np.exp",
    sympy.log: "np.log",
    log1p: "np.log1p",
    sympy.tanh: "np.tanh",
    sympy.sinh: "np.sinh",
    sympy.cosh: "np.cosh",
    sympy.sin: "np.sin",
    sympy.cos: "np.cos",
    sympy.tan: "np.tan",
    sympy.atan: "np.arctan",
    sympy.Abs: "np.abs",
    sympy.sign: "np.sign",
}
# Functions that complex step cannot go through: |x| and its like are not analytic.
NOT_ANALYTIC = (sympy.Piecewise, sympy.Abs, sympy.sign)


def analytic(formula: sympy.Expr) -> bool:
    """Whether a formula holds for complex numbers near the real line, away from its kinks."""
    return not formula.has(*NOT_ANALYTIC)


def expression(formula: sympy.Expr, parts: Mapping[sympy.Symbol, Piece]) -> str:
    """A formula in Python; `parts` says how a symbol is written where its name does not do."""
    return piece(formula, parts)[0]


def piece(
    formula: sympy.Expr,
    parts: Mapping[sympy.Symbol, Piece],
    scalar: frozenset[sympy.Symbol] = frozenset(),
) -> Piece:
    """A formula in Python, and how strongly it binds; `scalar` are the symbols without axes."""

    def go(x: sympy.Expr) -> Piece:
        match x:
            case sympy.Symbol():
                return parts.get(x, (x.name, ATOM))
            case sympy.Integer():
                return str(int(x)), ATOM if x >= 0 else SIGN
            case sympy.Rational():
                return f"{int(x.p)} / {int(x.q)}", PRODUCT
            case sympy.Number() | sympy.NumberSymbol():
                return repr(float(x)), ATOM if x >= 0 else SIGN
            case sympy.Add():
                return _sum(x)
            case sympy.Mul():
                return _product(x)
            case sympy.Pow():
                return _power(x)
            case sympy.Max() | sympy.Min():
                name = "np.maximum" if isinstance(x, sympy.Max) else "np.minimum"
                return _nested(name, [go(part)[0] for part in sorted(x.args, key=_rank)]), ATOM
            case sympy.Piecewise():
                return _branches(x)
            case sympy.Function() if type(x) in FUNCTIONS:
                return f"{FUNCTIONS[type(x)]}({go(x.args[0])[0]})", ATOM
        raise TypeError(f"no Python for {x} ({type(x).__name__})")

    def closed(x: sympy.Expr, at_least: int) -> str:
        text, strength = go(x)
        return text if strength >= at_least else f"({text})"

    def _sum(x: sympy.Expr) -> Piece:
        # What is added comes first: a - y, not -y + a.
        terms = sorted(x.args, key=lambda term: (_negative(term), _rank(term)))
        text = ""
        for term in terms:
            if not text:
                text = closed(term, SUM)
            elif _negative(term):
                text += f" - {closed(-term, PRODUCT)}"
            else:
                text += f" + {closed(term, PRODUCT)}"
        return text, SUM

    def _product(x: sympy.Expr) -> Piece:
        if _negative(x):
            return f"-{closed(-x, PRODUCT)}", SIGN if go(-x)[1] >= ATOM else PRODUCT
        branch = next((part for part in x.args if isinstance(part, sympy.Piecewise)), None)
        if branch is not None:
            rest = sympy.Mul(*(part for part in x.args if part is not branch))
            (low, condition), *_ = branch.args
            if low == 0 and _is_step(branch):
                # x [a > 0]: a product with truth values keeps the type of x.
                return f"{closed(rest, PRODUCT)} * ({_condition(sympy.Not(condition))})", PRODUCT
            return go(sympy.Piecewise(*((value * rest, holds) for value, holds in branch.args)))
        above, below = sympy.fraction(x, exact=True)
        factors = sorted(sympy.Mul.make_args(above), key=_rank)
        if above == 1:
            return f"1 / {closed(below, POWER)}", PRODUCT
        # Numbers without axes are divided among themselves before an array is touched.
        scalars = [factor for factor in factors if factor in scalar]
        arrays = [factor for factor in factors if factor not in scalar]
        if below in scalar and scalars and arrays:
            front = " * ".join(closed(factor, PRODUCT) for factor in scalars)
            return f"{front} / {below.name} * {_times(arrays, SIGN)}", PRODUCT
        text = _times(factors, PRODUCT)
        if below != 1:
            text += f" / {closed(below, POWER)}"
        return text, PRODUCT

    def _times(factors: list[sympy.Expr], first_binds: int) -> str:
        # x * y @ z would be (x * y) @ z: only what comes first may be a matrix product unbracketed.
        first, *rest = factors
        return " * ".join([closed(first, first_binds), *(closed(factor, SIGN) for factor in rest)])

    def _power(x: sympy.Expr) -> Piece:
        if x.exp == -1:
            return f"1 / {closed(x.base, POWER)}", PRODUCT
        if x.exp == sympy.Rational(1, 2):
            return f"np.sqrt({go(x.base)[0]})", ATOM
        if x.exp.is_negative:
            return f"1 / {closed(x.base**-x.exp, POWER)}", PRODUCT
        base, exponent = closed(x.base, ATOM), closed(x.exp, ATOM)
        # The formatter hugs the operator between simple operands.
        simple = base.isidentifier() and exponent.isdigit()
        return (f"{base}**{exponent}" if simple else f"{base} ** {exponent}"), POWER

    def _branches(x: sympy.Piecewise) -> Piece:
        (low, condition), *others = x.args
        if len(others) == 1 and condition.rel_op == "<=":
            high = others[0][0]
            if condition.lhs == high and condition.rhs == low:
                # c where x <= c, else x
                return f"np.maximum({go(high)[0]}, {go(low)[0]})", ATOM
        if _is_step(x) and low == 0:
            return f"1.0 * ({_condition(sympy.Not(condition))})", PRODUCT
        *conditional, (last, _) = x.args
        text = go(last)[0]
        for value, holds in reversed(conditional):
            text = f"np.where({_condition(holds)}, {go(value)[0]}, {text})"
        return text, ATOM

    def _condition(holds: sympy.core.relational.Relational) -> str:
        return f"{closed(holds.lhs, SUM)} {holds.rel_op} {closed(holds.rhs, SUM)}"

    return go(formula)


def _is_step(x: sympy.Piecewise) -> bool:
    return len(x.args) == 2 and x.args[1][0] == 1


def _negative(term: sympy.Expr) -> bool:
    return bool(term.as_coeff_Mul()[0].is_negative)


def _rank(factor: sympy.Expr) -> tuple[int, str]:
    """Numbers, then names (temporaries first), then the rest."""
    if factor.is_number:
        return 0, str(factor)
    if isinstance(factor, sympy.Symbol):
        return (1 if factor.name.startswith("t") else 2), factor.name
    return 3, str(factor)


def _nested(name: str, arguments: list[str]) -> str:
    text = arguments[-1]
    for argument in reversed(arguments[:-1]):
        text = f"{name}({argument}, {text})"
    return text


# --- statements ----------------------------------------------------------------------------


def call(head: str, items: tuple[str, ...], tail: str = "", indent: int = 0) -> str:
    """head(items)tail on one line, or one item a line where that is too long."""
    line = f"{head}({', '.join(items)}){tail}"
    if len(line) + indent <= WIDTH:
        return line
    inner = "\n".join(f"    {item}," for item in items)
    return f"{head}(\n{inner}\n){tail}"


def results(names: tuple[str, ...], indent: int) -> str:
    """return a, b, in brackets and one a line where that is too long."""
    line = f"return {', '.join(names)}"
    if len(line) + indent <= WIDTH:
        return line
    inner = "\n".join(f"    {name}," for name in names)
    return f"return (\n{inner}\n)"
