"""Scalar formulas and statements as lines of Python, laid out as ruff's formatter leaves them.

>>> x, y = sympy.symbols("x y")
>>> print(expression((x - y) ** 2 / 2, {}))
(x - y) ** 2 / 2
>>> print(expression(1 / (1 + sympy.exp(-x)), {}))
1 / (1 + np.exp(-x))
>>> print(call("def f", ("a", "b"), ":"))
def f(a, b):
"""

import re
from collections.abc import Callable, Iterator, Mapping

import sympy
from sympy.codegen.cfunctions import log1p

from symnet.errors import NotYet
from symnet.floating import fraction

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
    sympy.asin: "np.arcsin",
    sympy.acos: "np.arccos",
    sympy.atan: "np.arctan",
    sympy.asinh: "np.arcsinh",
    sympy.acosh: "np.arccosh",
    sympy.atanh: "np.arctanh",
    sympy.Abs: "np.abs",
    sympy.erf: "_erf",  # NumPy has none; a file that needs it has this function of its own
    sympy.sign: "np.sign",
    sympy.floor: "np.floor",
}
# What complex step cannot go through: |x| and its like are not analytic, erf takes real numbers.
NOT_ANALYTIC = (sympy.Piecewise, sympy.Abs, sympy.sign, sympy.floor, sympy.erf)


def analytic(formula: sympy.Expr) -> bool:
    """Whether a formula holds for complex numbers near the real line, away from its kinks."""
    return not formula.has(*NOT_ANALYTIC)


def size_text(size: int | sympy.Expr) -> str:
    """A number of neurons, or of anything that comes from such numbers.

    >>> n = sympy.Symbol("n_1")
    >>> size_text(785), size_text(16 * n + n**2), span(0, n), span(n, 2 * n)
    ('785', 'n_1**2 + 16 * n_1', '0:n_1', 'n_1 : 2 * n_1')
    """
    return re.sub(r"(?<!\*)\*(?!\*)", " * ", sympy.sstr(size))


def span(start: int | sympy.Expr, stop: int | sympy.Expr) -> str:
    """A slice; between formulas the colon stands apart."""
    ends = (size_text(start), size_text(stop))
    return (":" if all(end.isidentifier() or end.isdigit() for end in ends) else " : ").join(ends)


def expression(formula: sympy.Expr, parts: Mapping[sympy.Symbol, Piece]) -> str:
    """A formula in Python; `parts` says how a symbol is written where its name does not do."""
    return piece(formula, parts)[0]


def piece(
    formula: sympy.Expr,
    parts: Mapping[sympy.Symbol, Piece],
    scalar: frozenset[sympy.Symbol] = frozenset(),
) -> Piece:
    """A formula in Python, and how strongly it binds; `scalar` are the symbols without axes.

    The result has the type of the arrays in it, float32 too: numbers are Python's own, which give
    way to the type of an array, and not NumPy's, which do not. Raises NotYet for a function that
    NumPy lacks.
    """

    def go(x: sympy.Expr) -> Piece:
        match x:
            case sympy.Symbol():
                return parts.get(x, (x.name, ATOM))
            case sympy.Integer() if _short(x):
                return str(int(x)), ATOM if x >= 0 else SIGN
            case sympy.Rational() if not _short(x):
                return _number(x)
            case sympy.Rational():
                return f"{int(x.p)} / {int(x.q)}", PRODUCT
            case _ if x.is_number:
                return _number(x)
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
        raise NotYet(f"NumPy has no function for {x} ({type(x).__name__})")

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
        numbers = [part for part in x.args if part.is_number]
        if not all(number.is_Rational and _short(number) for number in numbers):
            # √2 and π become one number with all that stands beside them.
            rest = sympy.Mul(*(part for part in x.args if not part.is_number))
            x = sympy.Mul(sympy.Float(float(_real(sympy.Mul(*numbers)))), rest, evaluate=False)
        if not _negative(x):
            return _positive(x, SIGN), PRODUCT
        # -(x**2): a power after a sign is bracketed.
        text, strength = go(-x) if not isinstance(-x, sympy.Mul) else (_positive(-x, ATOM), PRODUCT)
        if strength in (SUM, POWER):
            text = f"({text})"
        return f"-{text}", SIGN if strength == ATOM else PRODUCT

    def _positive(x: sympy.Mul, first_binds: int) -> str:
        """A product; its first factor binds as strongly as said."""
        branch = next((part for part in x.args if isinstance(part, sympy.Piecewise)), None)
        if branch is not None:
            rest = sympy.Mul(*(part for part in x.args if part is not branch))
            if _is_step(branch):
                # x [a > 0]: a product with truth values keeps the type of x.
                condition = sympy.Not(branch.args[0][1])
                return f"{closed(rest, max(first_binds, SIGN))} * {_bracketed(condition)}"
            return closed(sympy.Piecewise(*((_times_(v, rest), c) for v, c in branch.args)), SIGN)
        above, below = fraction(x)
        factors = sorted(sympy.Mul.make_args(above), key=_rank)
        if above == 1:
            return f"1 / {closed(below, POWER)}"
        # Numbers without axes are divided among themselves before an array is touched.
        scalars = [factor for factor in factors if factor in scalar]
        arrays = [factor for factor in factors if factor not in scalar]
        if below in scalar and scalars and arrays:
            front = " * ".join(closed(factor, PRODUCT) for factor in scalars)
            return f"{front} / {below.name} * {_times(arrays, SIGN)}"
        text = _times(factors, first_binds if first_binds == ATOM else PRODUCT)
        return text if below == 1 else f"{text} / {closed(below, POWER)}"

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
        simple = _SIMPLE.fullmatch(base) and _SIMPLE.fullmatch(exponent)
        return (f"{base}**{exponent}" if simple else f"{base} ** {exponent}"), POWER

    def _branches(x: sympy.Piecewise) -> Piece:
        (low, condition), *others = x.args
        if len(others) == 1 and isinstance(condition, sympy.LessThan):
            high = others[0][0]
            if condition.lhs == high and condition.rhs == low:
                # c where x <= c, else x
                return f"np.maximum({go(high)[0]}, {go(low)[0]})", ATOM
            if _is_step(x):
                return f"np.heaviside({go(condition.lhs - condition.rhs)[0]}, 0)", ATOM
        *conditional, (last, _) = x.args
        text = go(last)[0]
        numbers = last.is_number
        for value, holds in reversed(conditional):
            text = f"np.where({_condition(holds)}, {go(value)[0]}, {text})"
            if numbers and value.is_number:
                # Two numbers alone would make an array of float64.
                kind = min(holds.free_symbols - scalar, key=_rank)
                text += f".astype({closed(kind, ATOM)}.dtype)"
            numbers = False
        return text, ATOM

    def _condition(holds: sympy.Basic) -> str:
        """A comparison, or several such in brackets, joined by & and |."""
        if isinstance(holds, sympy.core.relational.Relational):
            return f"{closed(holds.lhs, SUM)} {holds.rel_op} {closed(holds.rhs, SUM)}"
        sign = {sympy.And: " & ", sympy.Or: " | "}.get(type(holds))
        if sign is None:
            raise NotYet(f"NumPy has no expression for {holds}")
        return sign.join(_bracketed(part) for part in sorted(holds.args, key=str))

    def _bracketed(holds: sympy.Basic) -> str:
        return f"({_condition(holds)})"

    return go(formula)


# What the formatter takes for a simple operand: a name, an attribute of one, a number.
_SIMPLE = re.compile(r"[A-Za-z_][A-Za-z_0-9.]*|[0-9.]+(e[+-]?[0-9]+)?")


def _number(x: sympy.Expr) -> Piece:
    return decimal(float(_real(x))), ATOM if x >= 0 else SIGN


def decimal(x: float) -> str:
    """A number as the formatter leaves it: 1e30, where Python would write 1e+30."""
    return repr(x).replace("e+", "e")


def _short(x: sympy.Rational) -> bool:
    """Whether a fraction is written as one; one with many digits is a decimal."""
    return bool(max(abs(x.p), x.q) < 10**9)


def _real(x: sympy.Expr) -> sympy.Expr:
    """The number itself, if it is one on the real line."""
    if not (x.is_real and x.is_finite):
        raise NotYet(f"{x} is no real number")
    return x


def _times_(value: sympy.Expr, rest: sympy.Expr) -> sympy.Expr:
    """value · rest, as a product also where SymPy would multiply a sum out."""
    return value * rest if value in (0, 1, -1) else sympy.Mul(value, rest, evaluate=False)


def _is_step(x: sympy.Piecewise) -> bool:
    """Whether it is 0 and then 1."""
    return tuple(value for value, _ in x.args) == (0, 1)


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


# What is not computed twice in a line.
_COSTLY = (sympy.exp, sympy.log, sympy.erf, sympy.tanh, sympy.sin, sympy.cos)


def in_parts(
    formula: sympy.Expr, length: Callable[[sympy.Expr], int], room: int, names: Iterator[str]
) -> list[tuple[sympy.Symbol | None, sympy.Expr]]:
    """A formula as several, each with its name; the last, without one, is the formula itself.

    What stands beside branches gets a name, since each branch holds it, and in a formula that is
    too long for its line, or has a costly function twice, what occurs twice; then whatever is
    longest.
    """
    symbols = (sympy.Symbol(name, real=True) for name in names)
    lines: list[tuple[sympy.Symbol | None, sympy.Expr]] = []

    def name_factors(product: sympy.Mul) -> sympy.Expr:
        branches = next(part for part in product.args if isinstance(part, sympy.Piecewise))
        rest = sympy.Mul(*(part for part in product.args if part is not branches))
        if not rest.args or sum(value != 0 for value, _ in branches.args) < 2:
            return product
        lines.append((next(symbols), rest))
        return lines[-1][0] * branches

    formula = formula.replace(
        lambda x: isinstance(x, sympy.Mul) and any(isinstance(y, sympy.Piecewise) for y in x.args),
        name_factors,
    )
    functions = [x for x in sympy.preorder_traversal(formula) if isinstance(x, _COSTLY)]
    if length(formula) > room or len(functions) > len(set(functions)):
        shared, (formula,) = sympy.cse(formula, symbols)
        # A number needs no name, and a condition has none.
        unnamed: dict[sympy.Symbol, sympy.Basic] = {}
        for name, value in shared:
            value = value.xreplace(unnamed)
            if value.is_number or isinstance(value, sympy.logic.boolalg.Boolean):
                unnamed[name] = value
            else:
                lines.append((name, value))
        formula = formula.xreplace(unnamed)
    short: list[tuple[sympy.Symbol | None, sympy.Expr]] = []
    for name, part in (*lines, (None, formula)):
        while length(part) > room:
            inside = (x for x in sympy.preorder_traversal(part) if isinstance(x, sympy.Expr))
            fitting = [x for x in inside if x.args and not x.is_number and length(x) <= room]
            if not fitting:
                break
            longest = max(fitting, key=length)
            short.append((next(symbols), longest))
            part = part.xreplace({longest: short[-1][0]})
        short.append((name, part))
    return short


def call(head: str, items: tuple[str, ...], tail: str = "", indent: int = 0) -> str:
    """head(items)tail on one line, or one item a line where that is too long."""
    line = f"{head}({', '.join(items)}){tail}"
    if len(line) + indent <= WIDTH:
        return line
    inner = "\n".join(f"    {item}," for item in items)
    return f"{head}(\n{inner}\n){tail}"


def results(names: tuple[str, ...], indent: int) -> str:
    """return a, b, one a line where that is too long."""
    line = f"return {', '.join(names)}"
    if len(line) + indent <= WIDTH:
        return line
    inner = "\n".join(f"    {name}," for name in names)
    return f"return (\n{inner}\n)"
