"""Formulas as people type them, by a grammar of arithmetic and known functions.

    z / (1 + exp(-z))      max(0, 1 - y*a)      2.5e-1 * z^2      exp(z[j]) / sum(p, exp(z[p]))

`read` makes a tree of frozen records, each of which knows where it stands in the text; `to_sympy`
makes a formula of a tree. What is typed is never executed: it meets no `eval` and no `sympify`.
Numbers are exact, 0.1 is 1/10. What would be too large to compute, or is no real number, is refused
at its place before anything is computed with it.

>>> z = sympy.Symbol("z", real=True)
>>> to_sympy(read("0.5*z + max(0, z)^2"), {"z": z})
z/2 + Max(0, z)**2
>>> to_sympy(read("z * tahn(z)"), {"z": z})
Traceback (most recent call last):
    ...
symnet.errors.EquationError: unknown function 'tahn', column 5:
    z * tahn(z)
        ^^^^
did you mean 'tanh'?
"""

import difflib
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, NoReturn

import sympy
from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, v_args

from symnet.errors import EquationError

# --- the records ---------------------------------------------------------------------------
# Equality is equality of structure: where something stands does not matter to it.


@dataclass(frozen=True, slots=True)
class Number:
    """A number, exactly as typed."""

    value: Fraction
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A symbol without indices: z, y, pi."""

    name: str
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Indexed:
    """w[j,k] or x[t+s]: an array at indices, which are formulas in letters and whole numbers."""

    name: str
    indices: tuple["Node", ...]
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """f(x), max(x, y)."""

    function: str
    arguments: tuple["Node", ...]
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Summation:
    """sum(p, body): over all values of the index p."""

    index: Name
    body: "Node"
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Negative:
    """-x."""

    of: "Node"
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """left sign right, where the sign is one of + - * / **."""

    sign: str
    left: "Node"
    right: "Node"
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


Node = Number | Name | Indexed | Call | Summation | Negative | Binary


@dataclass(frozen=True, slots=True)
class Definition:
    """left = right: what a symbol is."""

    left: Name | Indexed
    right: Node
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


def parts(node: Node) -> tuple[Node, ...]:
    """The nodes directly inside a node."""
    match node:
        case Indexed(_, inside) | Call(_, inside):
            return inside
        case Summation(index, body):
            return (index, body)
        case Negative(of):
            return (of,)
        case Binary(_, left, right):
            return (left, right)
    return ()


# --- reading -------------------------------------------------------------------------------

# The letters of names. Others look like these (Cyrillic а), or are these to Python, which reads ａ
# and ª as a: a generated file would then compute with another array than the one that it shows.
LETTERS = "A-Za-zΓΔΘΛΞΠΣΦΨΩα-νξπ-ω"

# A minus sign and points as they stand in a book are read too. A power binds to the right, and
# more strongly than the sign before it: -z**2 is -(z**2).
GRAMMAR = rf"""
    formula: sum
    definition: sum "=" sum
    ?sum: product | sum SIGN product -> binary
    ?product: unary | product POINT unary -> binary
    ?unary: power | SIGN unary -> signed
    ?power: atom | atom POWER unary -> binary
    ?atom: NUMBER -> number
         | NAME -> name
         | NAME OPEN sum ("," sum)* CLOSE -> call
         | NAME "[" sum ("," sum)* END -> indexed
         | OPEN sum CLOSE -> bracket

    OPEN: "("
    CLOSE: ")"
    END: "]"
    POWER: "**" | "^"
    SIGN: "+" | "-" | "−"
    POINT: "*" | "/" | "·" | "×"
    NUMBER: /([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?/
    NAME: /[{LETTERS}_][{LETTERS}_0-9]*/
    %ignore /\s+/
"""
_SIGNS = {"−": "-", "·": "*", "×": "*", "^": "**"}

LONGEST = 1000  # characters
DEEPEST = 50  # brackets inside each other
MOST_OPERATIONS = 200  # operations inside each other, a chain of sums included
MOST_DIGITS = 40
GREATEST_EXPONENT = 100  # of ten in a number, and of a power


@v_args(inline=True)
class _Records(Transformer):  # type: ignore[type-arg]
    """What the parser recognises, as records; it calls these on the way, without recursion."""

    def formula(self, node: Node) -> Node:
        return node

    def definition(self, left: Node, right: Node) -> tuple[Node, Node]:
        return left, right

    def number(self, token: Token) -> Node:
        return Number(_number(token), *_span(token))

    def name(self, token: Token) -> Node:
        return Name(str(token), *_span(token))

    def call(self, name: Token, _: Token, *rest: Any) -> Node:
        *arguments, close = rest
        span = _span(name)[0], _span(close)[1]
        match str(name), arguments:
            case "sum", [Name() as index, body]:
                return Summation(index, body, *span)
        return Call(str(name), tuple(arguments), *span)

    def indexed(self, name: Token, *rest: Any) -> Node:
        *indices, end = rest
        return Indexed(str(name), tuple(indices), _span(name)[0], _span(end)[1])

    def signed(self, sign: Token, of: Node) -> Node:
        return of if sign == "+" else Negative(of, _span(sign)[0], of.end)

    def binary(self, left: Node, sign: Token, right: Node) -> Node:
        return Binary(_SIGNS.get(sign, str(sign)), left, right, left.start, right.end)

    def bracket(self, opened: Token, inside: Node, close: Token) -> Node:
        return replace(inside, start=_span(opened)[0], end=_span(close)[1])


def _span(token: Token) -> tuple[int, int]:
    assert token.start_pos is not None
    assert token.end_pos is not None
    return token.start_pos, token.end_pos


class _TooLongError(Exception):
    """A number that has more digits than anybody needs; `args` holds its token."""


def _number(token: Token) -> Fraction:
    digits, _, exponent = token.lower().partition("e")
    # The lengths are looked at before a number is made: a million digits cost nothing.
    if (
        len(digits) > MOST_DIGITS
        or len(exponent) > 4
        or abs(int(exponent or 0)) > GREATEST_EXPONENT
    ):
        raise _TooLongError(token)
    return Fraction(str(token))


_PARSER = Lark(
    GRAMMAR,
    parser="lalr",
    start=["formula", "definition"],
    transformer=_Records(),
    propagate_positions=False,
)


def read(text: str) -> Node:
    """The tree of a formula. Raises EquationError that points at the place."""
    node: Node = _parse(text, "formula")
    _check_depth(node, text)
    return node


def read_definition(text: str) -> Definition:
    """The tree of `z[j] = sum(k, w[j,k]*x[k]) + b[j]`. Raises EquationError as `read` does."""
    left, right = _parse(text, "definition")
    if not isinstance(left, Name | Indexed):
        fail("on the left stands what is defined, such as z[j]", text, left)
    for side in (left, right):
        _check_depth(side, text)
    return Definition(left, right, left.start, right.end)


def fail(message: str, text: str, node: Node | Definition, hint: str = "") -> NoReturn:
    """Raise an EquationError that points at a node."""
    length = max(1, node.end - node.start)
    raise EquationError(message, text=text, start=node.start, length=length, hint=hint)


def _parse(text: str, start: str) -> Any:
    if not isinstance(text, str):
        raise EquationError(f"a formula is a text, not {text!r}"[:200])
    _check_brackets(text)
    if len(text) > LONGEST:
        raise EquationError(f"{len(text)} characters are too many; a formula has up to {LONGEST}")
    try:
        return _PARSER.parse(text, start=start)
    except _TooLongError as error:
        (token,) = error.args
        raise EquationError(
            f"a number has up to {MOST_DIGITS} digits, and a power of ten up to "
            f"{GREATEST_EXPONENT}",
            text=text,
            start=token.start_pos,
            length=len(token),
        ) from None
    except UnexpectedInput as error:
        raise _unexpected(error, text, start) from None


def _check_brackets(text: str) -> None:
    """Every bracket has its partner, and few stand inside each other."""
    opened: list[int] = []
    for place, sign in enumerate(text):
        if sign in "([":
            opened.append(place)
            if len(opened) > DEEPEST:
                message = f"more than {DEEPEST} brackets inside each other"
                raise EquationError(message, text=text, start=place)
        elif sign in ")]":
            if not opened:
                raise EquationError("this bracket was never opened", text=text, start=place)
            start = opened.pop()
            if text[start] + sign not in ("()", "[]"):
                message = f"{text[start]!r} and {sign!r} are no pair of brackets"
                raise EquationError(message, text=text, start=start, length=place - start + 1)
    if opened:
        raise EquationError("this bracket is never closed", text=text, start=opened[-1])


def _unexpected(error: UnexpectedInput, text: str, start: str) -> EquationError:
    """What is said of a text that is no formula."""
    place = error.pos_in_stream
    token = getattr(error, "token", None)
    at_end = place is None or place < 0 or (token is not None and token.type == "$END")
    if at_end:
        end = len(text.rstrip())
        message = "the formula is empty" if not text.strip() else "something is missing here"
        if start == "definition" and "=" not in text and text.strip():
            message = "an equation has a left and a right side, joined by ="
        return EquationError(message, text=text if text.strip() else " ", start=end)
    assert place is not None
    if isinstance(error, UnexpectedCharacters):
        return EquationError(f"{text[place]!r} has no meaning in a formula", text=text, start=place)
    sign = str(token)
    hint = ""
    if re.match(r"[\w([]", sign) and re.search(r"[\w)\]]\s*\Z", text[:place]):
        hint = "a product is written with *, as in 2*z"
    elif sign == "=":
        hint = "a formula stands alone, without a left side"
    return EquationError(
        f"{sign!r} cannot stand here", text=text, start=place, length=len(sign), hint=hint
    )


def _check_depth(node: Node, text: str) -> None:
    """No more operations inside each other than a recursion may go through."""
    level = [node]
    for _ in range(MOST_OPERATIONS):
        level = [part for each in level for part in parts(each)]
        if not level:
            return
    fail(f"more than {MOST_OPERATIONS} operations inside each other", text, level[0])


def nodes(node: Node) -> Iterator[Node]:
    """A node and all that stands in it, from the outside in."""
    yield node
    for part in parts(node):
        yield from nodes(part)


# --- what names mean -----------------------------------------------------------------------

CONSTANTS: dict[str, sympy.Expr] = {"pi": sympy.pi, "π": sympy.pi, "e": sympy.E}

_ELEMENTARY = (
    *("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh"),
    *("asin", "acos", "atan", "asinh", "erf"),
)

# name: (what SymPy makes of it, what it is at a number)
_ONE: dict[str, tuple[Callable[[sympy.Expr], sympy.Expr], Callable[[float], float]]] = {
    **{name: (getattr(sympy, name), getattr(math, name)) for name in _ELEMENTARY},
    "abs": (sympy.Abs, abs),
    "sign": (sympy.sign, lambda x: float((x > 0) - (x < 0))),
}
_ONE |= {
    other: _ONE[name]
    for other, name in {
        "ln": "log", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arsinh": "asinh",
    }.items()
}  # fmt: skip
FUNCTIONS = (*_ONE, "max", "min", "clip")

# What has another name elsewhere, and how it is written here.
_WRITTEN = {
    "relu": "max(0, x)",
    "sigmoid": "1/(1 + exp(-x))",
    "softplus": "log(1 + exp(x))",
    "where": "max(x, y), min(x, y), clip(x, low, high) and abs(x)",
    "pow": "x**y",
    "square": "x**2",
    "log2": "log(x)/log(2)",
    "log10": "log(x)/log(10)",
    "expm1": "exp(x) - 1",
    "log1p": "log(1 + x)",
    "maximum": "max(x, y)",
    "minimum": "min(x, y)",
}


def to_sympy(
    node: Node,
    symbols: Mapping[str, sympy.Expr],
    arrays: Mapping[str, sympy.IndexedBase] | None = None,
    indices: Mapping[str, sympy.Symbol] | None = None,
    size: sympy.Expr | None = None,
    text: str = "",
) -> sympy.Expr:
    """A scalar formula in SymPy.

    `symbols` says what each name is. `arrays` are the names that may stand with one index, which is
    a letter of `indices` or one that a sum binds; a sum runs from 1 to `size`. Errors show `text`,
    and by default the formula as it is printed here.
    """
    text = text or show(node)
    return _Meaning(symbols, arrays or {}, size, text).of(node, indices or {})[0]


Valued = tuple[sympy.Expr, float | None]  # a formula, and its value where it is a number


@dataclass(frozen=True, slots=True)
class _Meaning:
    symbols: Mapping[str, sympy.Expr]
    arrays: Mapping[str, sympy.IndexedBase]
    size: sympy.Expr | None
    text: str

    def of(self, node: Node, indices: Mapping[str, sympy.Symbol]) -> Valued:
        """The formula of a node. Numbers are computed beside it, in floats, before SymPy does."""
        match node:
            case Number(exact):
                return sympy.Rational(exact.numerator, exact.denominator), float(exact)
            case Name(name):
                return self.name(node, name, indices)
            case Negative(of):
                formula, value = self.of(of, indices)
                return -formula, None if value is None else -value
            case Call(function, arguments):
                self.check_call(node, function, len(arguments))
                given = [self.of(argument, indices) for argument in arguments]
                return self.computed(node, function, given)
            case Binary("**", left, right):
                return self.power(node, self.of(left, indices), self.of(right, indices))
            case Binary(sign, left, right):
                return self.computed(node, sign, [self.of(left, indices), self.of(right, indices)])
            case Indexed(name, at):
                return self.indexed(node, name, at, indices), None
            case Summation(index, body):
                if self.size is None:
                    fail("a sum has no meaning in a formula of one number", self.text, node)
                if index.name in indices:
                    fail(f"{index.name} is an index already", self.text, index)
                letter = sympy.Symbol(index.name, integer=True)
                inside, _ = self.of(body, {**indices, index.name: letter})
                return sympy.Sum(inside, (letter, 1, self.size)), None
        raise TypeError(node)

    def name(self, node: Node, name: str, indices: Mapping[str, sympy.Symbol]) -> Valued:
        if name in self.symbols:
            return self.symbols[name], None
        if name in CONSTANTS:
            return CONSTANTS[name], float(CONSTANTS[name])
        if name in FUNCTIONS:
            fail(f"{name} is a function and needs an argument, as in {name}(x)", self.text, node)
        if name in self.arrays:
            letters = " or ".join(f"{name}[{letter}]" for letter in indices)
            fail(f"{name} needs an index, as in {letters}", self.text, node)
        if name in indices:
            fail(f"{name} is an index and no number to compute with", self.text, node)
        known = (*self.symbols, *self.arrays, *CONSTANTS)
        declared = ", ".join(x for x in known if x.isascii())
        near = _nearest(name, tuple(known))
        fail(
            f"undeclared symbol {_short(name)!r}; known are {declared}", self.text, node,
            f"did you mean {near!r}?" if near else "",
        )  # fmt: skip

    def indexed(
        self, node: Node, name: str, at: tuple[Node, ...], indices: Mapping[str, sympy.Symbol]
    ) -> sympy.Expr:
        if name not in self.arrays:
            near = _nearest(name, tuple(self.arrays))
            hint = f"did you mean {near!r}?" if near else ""
            fail(f"{_short(name)!r} takes no index here", self.text, node, hint)
        if len(at) != 1 or not isinstance(at[0], Name) or at[0].name not in indices:
            letters = ", ".join(indices)
            fail(f"{name} has one index here, one of {letters}", self.text, node)
        return self.arrays[name][indices[at[0].name]]

    def check_call(self, node: Call, function: str, given: int) -> None:
        """That a function is known and has as many arguments as it takes."""
        if function not in FUNCTIONS:
            near = _nearest(function, FUNCTIONS)
            hint = f"did you mean {near!r}?" if near else f"known are {', '.join(FUNCTIONS)}"
            if function in _WRITTEN:
                hint = f"write {_WRITTEN[function]}"
            elif function in self.symbols or function in CONSTANTS:
                hint = f"a product is written with *, as in {function}*(…)"
            elif function == "sum":
                hint = "a sum is written as in sum(p, exp(z[p]))"
            place = Name(function, node.start, node.start + len(function))
            fail(f"unknown function {_short(function)!r}", self.text, place, hint)
        least, most = {"max": (2, 20), "min": (2, 20), "clip": (3, 3)}.get(function, (1, 1))
        if not least <= given <= most:
            wanted = {"clip": "three arguments, clip(x, low, high)"}.get(
                function, "one argument" if most == 1 else "two arguments or more"
            )
            fail(f"{function} takes {wanted}, not {given}", self.text, node)

    def computed(self, node: Node, name: str, given: list[Valued]) -> Valued:
        """A function or an operation of what was given; of numbers, only if it has a value."""
        formulas = [formula for formula, _ in given]
        numbers = [value for _, value in given if value is not None]
        value = None
        if len(numbers) == len(given):
            value = self.number(node, lambda: _value(name, numbers))
        elif name == "/" and given[1][1] == 0:
            fail("a division by 0", self.text, node)
        match name, formulas:
            case "+", (x, y):
                return x + y, value
            case "-", (x, y):
                return x - y, value
            case "*", (x, y):
                return x * y, value
            case "/", (x, y):
                return x / y, value
            case "max", _:
                return sympy.Max(*formulas), value
            case "min", _:
                return sympy.Min(*formulas), value
            case "clip", (x, low, high):
                return sympy.Min(high, sympy.Max(low, x)), value
        return _ONE[name][0](formulas[0]), value

    def number(self, node: Node, compute: Callable[[], float]) -> float:
        """What is computed, if it is a number and of moderate size."""
        try:
            value = compute()
        except (ValueError, ZeroDivisionError):
            fail("this has no value among the real numbers", self.text, node)
        except OverflowError:
            fail("this number is too large", self.text, node)
        if isinstance(value, complex) or not abs(value) <= 1e100:
            fail("this number is too large", self.text, node)
        return value

    def power(self, node: Binary, base: Valued, exponent: Valued) -> Valued:
        """x**n for a moderate number n; 2**x is e^{x ln 2}."""
        (x, at), (n, times) = base, exponent
        if times is None:
            if at is None or at <= 0:
                hint = "write exp(… * log(…)) where the base is positive"
                fail("the exponent must be a number here", self.text, node.right, hint)
            return sympy.exp(n * sympy.log(x)), None
        if abs(times) > GREATEST_EXPONENT:
            message = f"an exponent goes up to {GREATEST_EXPONENT}"
            fail(message, self.text, node.right)
        value = None
        if at is not None:
            if at < 0 and times != int(times):
                fail("this has no value among the real numbers", self.text, node)
            value = self.number(node, lambda: float(at) ** times)
        if not n.is_Rational:
            if at is None or at <= 0:
                fail("the exponent must be a fraction or a whole number", self.text, node.right)
            return sympy.exp(n * sympy.log(x)), value
        powered = x**n
        if any(abs(each.exp) > GREATEST_EXPONENT for each in powered.atoms(sympy.Pow)
               if each.exp.is_number):  # fmt: skip
            fail(f"a power goes up to {GREATEST_EXPONENT}", self.text, node)
        return powered, value


def _value(name: str, numbers: list[float]) -> float:
    match name:
        case "+":
            return numbers[0] + numbers[1]
        case "-":
            return numbers[0] - numbers[1]
        case "*":
            return numbers[0] * numbers[1]
        case "/":
            return numbers[0] / numbers[1]
        case "**":
            value = numbers[0] ** numbers[1]
            if isinstance(value, complex):
                raise ValueError
            return float(value)
        case "max":
            return max(numbers)
        case "min":
            return min(numbers)
        case "clip":
            return min(numbers[2], max(numbers[1], numbers[0]))
    return float(_ONE[name][1](numbers[0]))


def evaluate(node: Node, values: Mapping[str, float]) -> float:
    """The value of a scalar formula in floats. Raises ArithmeticError or ValueError if it has none.

    >>> evaluate(read("max(0, 1 - y*a)"), {"a": 0.5, "y": -1})
    1.5
    """
    match node:
        case Number(value):
            return float(value)
        case Name(name):
            return values[name] if name in values else float(CONSTANTS[name])
        case Negative(of):
            return -evaluate(of, values)
        case Call(name, arguments):
            return _value(name, [evaluate(argument, values) for argument in arguments])
        case Binary(sign, left, right):
            return _value(sign, [evaluate(left, values), evaluate(right, values)])
    raise TypeError(f"{show(node)} is no scalar formula")


# --- printing ------------------------------------------------------------------------------

_STRENGTH = {"+": 0, "-": 0, "*": 1, "/": 1, "**": 3}


def show(node: Node) -> str:
    """A tree as a text that reads as the same tree.

    >>> show(read("-(a-y)^2/(2*a) + w[j,k]"))
    '-(a - y)**2 / (2 * a) + w[j, k]'
    """
    return _show(node)[0]


def _show(node: Node) -> tuple[str, int]:
    match node:
        case Number(value):
            if value < 0 or value.denominator != 1:
                return f"({value.numerator} / {value.denominator})", 4
            return str(value), 4
        case Name(name):
            return name, 4
        case Indexed(name, indices):
            return f"{name}[{', '.join(map(show, indices))}]", 4
        case Call(name, arguments):
            return f"{name}({', '.join(map(show, arguments))})", 4
        case Summation(index, body):
            return f"sum({index.name}, {show(body)})", 4
        case Negative(of):
            return f"-{_closed(of, 2)}", 2
        case Binary("**", left, right):
            return f"{_closed(left, 4)}**{_closed(right, 2)}", 3
        case Binary(sign, left, right):
            strength = _STRENGTH[sign]
            return f"{_closed(left, strength)} {sign} {_closed(right, strength + 1)}", strength
    raise TypeError(node)


def _closed(node: Node, at_least: int) -> str:
    text, strength = _show(node)
    return text if strength >= at_least else f"({text})"


def _nearest(name: str, known: tuple[str, ...]) -> str:
    """The known name that is most like this one; first one of the same letters: tahn is tanh."""
    for other in known:
        if sorted(other) == sorted(name.lower()):
            return other
    return next(iter(difflib.get_close_matches(name.lower()[:40], known, 1)), "")


def _short(name: str) -> str:
    return name if len(name) <= 40 else name[:40] + "…"
