"""Terms and equations on paper, in components.

>>> from symnet.calculus import textbook
>>> from symnet.network.functions import ACTIVATIONS
>>> from symnet.paper.writing.alphabet import LATEX, TEXT
>>> bp2 = textbook.bp2()
>>> print(equation(bp2, TEXT))
δⱼˡ = Σₖ wₖⱼˡ⁺¹ δₖˡ⁺¹ σ'(zⱼˡ)
>>> print(equation(bp2, LATEX))
\\delta_{j}^{l} = \\sum_{k=1}^{n_{l+1}} w_{kj}^{l+1} \\delta_{k}^{l+1} \\sigma'(z_{j}^{l})

A sum reaches to the end of its product, over / too, but not over + and −.
"""

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import assert_never

import sympy

from symnet.network.notation import EVERYWHERE
from symnet.paper.writing.alphabet import Alphabet
from symnet.term import (
    ARGUMENT,
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
    Size,
    Sum,
    Symbol,
    Term,
    add,
    apart,
    free_indices,
    mul,
    number,
    power,
    walk,
)

# How strongly a piece of text binds; a piece is bracketed where it stands under a stronger one.
# x if c, else y;   x + y, −x;   x ⊙ y;   x / y;   Σₖ x, whose end is open;   x y;   x;   what may
# carry an exponent: no symbol may, since its superscript is its layer.
CASES, SUM, HADAMARD, QUOTIENT, OPEN, PRODUCT, ATOM, BASE = range(8)
Piece = tuple[str, int]

# The name of an index at the last value of its axis, where that is no number: it prints as n_l.
LAST = "n"


def equation(of: Equation, alphabet: Alphabet) -> str:
    """left = right, in components."""
    return Components(alphabet).equation(of)


def term(of: Term, alphabet: Alphabet) -> str:
    """A term in components: w_jk^l, Σ_k, [j = k]."""
    return Components(alphabet).piece(apart(of, free_indices(of)))[0]


def formula(expression: sympy.Expr, argument: str, alphabet: Alphabet) -> str:
    """A scalar formula, with `argument` for its variable."""
    return _formula(expression, (argument, BASE), alphabet)[0]


def layer(number: LayerNumber) -> str:
    """l+1, as it stands in a superscript."""
    return str(number)


class Components:
    """Terms in components; in scalar formulas `argument` stands for the variable."""

    slashed = False  # whether derivatives stay on one line, as they do inside matrices

    def __init__(self, alphabet: Alphabet, argument: Piece | None = None) -> None:
        self.to = alphabet
        self.argument = argument

    def equation(self, of: Equation, relation: str = "=") -> str:
        """left = right, with bound letters that are not free ones."""
        taken = free_indices(of.left) | free_indices(of.right)
        left, right = (self.piece(apart(side, taken))[0] for side in (of.left, of.right))
        return f"{left} {relation} {right}"

    def piece(self, of: Term) -> Piece:
        """A term as text, and how strongly the text binds."""
        negated = opposite(of)
        if negated is not None:
            return self.to.minus + self.closed(negated, QUOTIENT), SUM
        match of:
            case Number(value):
                return self.number(value)
            case Size(axis):
                return self.size(axis), BASE
            case Symbol("shift", _, (u, t, s)):
                # Index arithmetic from 0; printed indices count from 1.
                total = f"{self.index(t)} + {self.index(s)} {self.to.minus.strip()} 1"
                return f"[{self.index(u)} = {total}]", BASE
            case Symbol(ARGUMENT.name, None, ()) if self.argument is not None:
                return self.argument
            case Symbol(name, number, indices):
                superscript = layer(number) if number else ""
                subscript = self.subscript(indices)
                return self.to.scripts(self.to.letter(name), subscript, superscript), ATOM
            case Delta(left, right):
                return f"[{self.index(left)} = {self.index(right)}]", BASE
            case Apply(function, argument):
                return applied(function, self.piece(argument), self.to)
            case Power() | Product():
                return self.product(of)
            case Addition(terms):
                return added((self.signed(part) for part in terms), self.to), SUM
            case Sum(index, body):
                size = self.size(index.axis)
                return self.to.sum(self.index(index), size, self.closed(body, OPEN)), OPEN
            case Partial(derived, by, _):
                return self.derivative(derived, by)
        assert_never(of)

    def closed(self, of: Term, at_least: int) -> str:
        """A term as text, in brackets unless it binds that strongly."""
        return closed(self.piece(of), at_least, self.to)

    def number(self, value: Fraction) -> Piece:
        """A number that is not negative."""
        if value.denominator == 1:
            return str(value.numerator), BASE
        decimal = _decimal(value)
        if decimal:
            return decimal, BASE
        if self.to.stacked:
            return self.to.fraction(str(value.numerator), str(value.denominator)), ATOM
        return str(value), PRODUCT

    def index(self, index: Index) -> str:
        if index.name == LAST:
            return self.size(index.axis)
        return index.name.replace("′", "'") if self.to.stacked else index.name

    def subscript(self, indices: tuple[Index, ...]) -> str:
        """jk, but 1,12 where a component has two digits."""
        names = [self.index(index) for index in indices]
        return ",".join(names) if any(len(n.rstrip("′'")) > 1 for n in names) else "".join(names)

    def size(self, axis: Axis) -> str:
        if axis.layer == EVERYWHERE:
            return self.to.scripts("n", axis.name, "")  # an axis that all layers share
        # Sizes have the layer below: n_l.
        return self.to.scripts(axis.name, layer(axis.layer), "")

    def signed(self, of: Term) -> tuple[bool, str]:
        """Whether a term of a sum is subtracted, and the term without its sign."""
        negated = opposite(of)
        if negated is not None:
            return True, self.closed(negated, HADAMARD)
        return False, self.closed(of, HADAMARD)

    def product(self, of: Power | Product) -> Piece:
        """Factors side by side; negative powers below a fraction line."""
        factors = of.factors if isinstance(of, Product) else (of,)
        below = [
            power(f.base, -f.exponent) for f in factors if isinstance(f, Power) and f.exponent < 0
        ]
        if below:
            above = [f for f in factors if not (isinstance(f, Power) and f.exponent < 0)]
            if above and isinstance(above[0], Number):
                below.insert(0, number(above[0].value.denominator))
                above[0] = number(above[0].value.numerator)
            return self.quotient(mul(*above), mul(*below))
        if isinstance(of, Product):
            return self.side_by_side(factors)
        if of.exponent == Fraction(1, 2):
            return self.to.root(self.piece(of.base)[0]), ATOM
        return self.to.scripts(self.closed(of.base, BASE), "", str(of.exponent)), ATOM

    def quotient(self, above: Term, below: Term) -> Piece:
        """above / below."""
        if self.to.stacked:
            return self.to.fraction(self.piece(above)[0], self.piece(below)[0]), ATOM
        top, strength = self.piece(above)
        if strength < PRODUCT or "/" in top:
            top = self.to.brackets(top)
        return self.to.fraction(top, self.closed(below, ATOM)), QUOTIENT

    def side_by_side(self, factors: tuple[Term, ...]) -> Piece:
        """Factors in a row; what is open at its end is closed by brackets, unless it comes last.

        A derivative yet to be worked out stands last, since it acts on what follows it.
        """
        factors = tuple(sorted(factors, key=_acts))
        pieces = []
        strength = PRODUCT
        for position, factor in enumerate(factors):
            rest = factors[position + 1 :]
            # Books write Σ_k w_kj δ_k σ'(z_j) without brackets.
            slopes = all(isinstance(f, Apply) and isinstance(f.argument, Symbol) for f in rest)
            open_end = not rest or (slopes and isinstance(factor, Sum))
            piece = self.piece(factor)
            if open_end and piece[1] == OPEN:
                strength = OPEN
            text = closed(piece, OPEN if open_end else PRODUCT, self.to)
            pieces.append(self.to.times + text if position and text[0].isdigit() else text)
        return self.to.row(pieces), strength

    def ratio(self, over: str, under: str) -> Piece:
        """∂C/∂w, with a horizontal line where there is room for one."""
        if self.to.stacked and not self.slashed:
            return self.to.fraction(over, under), ATOM
        return f"{over}/{under}", PRODUCT

    def derivative(self, derived: Term, by: Symbol) -> Piece:
        d = self.to.partial
        under = f"{d}{self.piece(by)[0]}"
        if _short(derived):
            return self.ratio(f"{d}{self.piece(derived)[0]}", under)
        inside = self.to.brackets(self.piece(derived)[0])
        if self.to.stacked:
            return self.to.fraction(d.strip(), under) + inside, PRODUCT
        return f"{d}/{under} {inside}", PRODUCT


def _decimal(value: Fraction) -> str:
    """A fraction of many digits as a decimal, where that is exact; else nothing."""
    if value.denominator < 10**9:
        return ""
    exact = sympy.Rational(value.numerator, value.denominator)
    decimal = format(exact.evalf(60), "f").rstrip("0")
    return decimal if sympy.Rational(decimal) == exact else ""


def _acts(factor: Term) -> bool:
    """Whether ∂/∂v stands in a factor as an operator."""
    return any(isinstance(part, Partial) and not _short(part.of) for part in walk(factor))


def _short(of: Term) -> bool:
    """Whether what is derived stands above the line, as in ∂z/∂w, and not behind it."""
    return isinstance(of, Symbol) or (isinstance(of, Apply) and of.function.layer is not None)


def opposite(of: Term) -> Term | None:
    """−x for a term that begins with a negative number, else None."""
    match of:
        case Number(value) if value < 0:
            return Number(-value)
        case Product((Number(value), *rest)) if value < 0:
            return mul(Number(-value), *rest)
    return None


def closed(piece: Piece, at_least: int, to: Alphabet) -> str:
    text, strength = piece
    return text if strength >= at_least else to.brackets(text)


def added(terms: Iterable[tuple[bool, str]], to: Alphabet) -> str:
    text = ""
    for negative, shown in terms:
        if not text:
            text = f"{to.minus}{shown}" if negative else shown
        else:
            text += f" {to.minus if negative else '+'} {shown}"
    return text


# --- scalar functions and their formulas ---------------------------------------------------

# Functions that paper names otherwise than SymPy.
_NAMES = {"atan": "arctan", "asin": "arcsin", "acos": "arccos", "Max": "max", "Min": "min"}
_LETTERS = {sympy.pi: "π", sympy.E: "e"}
_LETTER = re.compile(r"\\?[A-Za-z]+(_\{[^{}]*\})?(\^\{[^{}]*\})?")  # \delta_{j}^{l}


def applied(function: ScalarFunction, argument: Piece, to: Alphabet) -> Piece:
    """σ'(z), e^z, ln x, [x > 0]."""
    text, _ = argument
    if function.layer is not None or function.formula is None:
        name = "σ" if function.formula is None else function.name
        return to.function(name, "'" * function.order, text), BASE
    if function.is_exp:
        return to.exponential(text), ATOM if to.stacked else BASE
    if function.is_log:
        if to.stacked and _LETTER.fullmatch(text):
            return rf"\ln {text}", OPEN
        return (rf"\ln{to.brackets(text)}" if to.stacked else f"ln({text})"), ATOM
    if function.formula == sympy.Abs(ARGUMENT):
        return to.magnitude(text), BASE
    if function.formula.args == (ARGUMENT,):
        name = type(function.formula).__name__
        return to.function(_NAMES.get(name, name), "", text), BASE
    return _formula(function.formula, argument, to)


def _formula(expression: sympy.Expr, argument: Piece, to: Alphabet) -> Piece:
    """A scalar formula with a piece in the place of its variable."""

    def part(x: sympy.Expr) -> Piece:
        return _formula(x, argument, to)

    match expression:
        case sympy.Piecewise():
            return _cases(expression, argument, to)
        case sympy.Max() | sympy.Min():
            inside = ", ".join(part(x)[0] for x in expression.args)
            return to.function(_NAMES[type(expression).__name__], "", inside), BASE
        case sympy.Pow() if not isinstance(expression.exp, sympy.Rational):
            base = closed(part(expression.base), BASE, to)
            return to.scripts(base, "", part(expression.exp)[0]), ATOM
        case sympy.Function() if expression.args == (ARGUMENT,):
            return applied(_outer(expression), argument, to)
        case sympy.Float():
            return repr(float(expression)), BASE if expression >= 0 else SUM
    whole = _scalar(expression)
    if whole == _opaque(expression):
        shown = expression.subs(ARGUMENT, sympy.Symbol(closed(argument, ATOM, to)))
        return (sympy.latex if to.stacked else sympy.sstr)(shown), SUM
    return Components(to, argument).piece(whole)


def _scalar(expression: sympy.Expr) -> Term:
    """A SymPy expression as a term of symbols without indices, in SymPy's order."""
    match expression:
        case sympy.Symbol():
            return Symbol(expression.name)
        case sympy.Rational():
            return number(Fraction(int(expression.p), int(expression.q)))
        case sympy.NumberSymbol() if expression in _LETTERS:
            return Symbol(_LETTERS[expression])
        case sympy.Add():
            return add(*map(_scalar, expression.args))
        case sympy.Mul():
            return mul(*map(_scalar, expression.args))
        case sympy.Pow() if isinstance(expression.exp, sympy.Rational):
            exponent = Fraction(int(expression.exp.p), int(expression.exp.q))
            return power(_scalar(expression.base), exponent)
        case sympy.Function() if len(expression.args) == 1:
            return Apply(_outer(expression), _scalar(expression.args[0]))
    return _opaque(expression)


def _outer(expression: sympy.Function) -> ScalarFunction:
    """f of f(x)."""
    return ScalarFunction(type(expression).__name__, expression.func(ARGUMENT))


def _opaque(expression: sympy.Expr) -> Term:
    """A formula as one function of its variable, with nothing seen of its inside."""
    name = type(expression).__name__
    return Apply(ScalarFunction(name, expression), Symbol(ARGUMENT.name))


def _cases(expression: sympy.Piecewise, argument: Piece, to: Alphabet) -> Piece:
    """[z > c], or 0 if z ≤ 0, else z."""

    def shown(value: sympy.Expr) -> str:
        return closed(_formula(value, argument, to), CASES if to.stacked else SUM, to)

    step = _threshold(expression)
    if step is not None:
        return f"[{argument[0]} > {shown(step)}]", BASE
    *branches, (last, _) = expression.args
    rows = tuple((shown(value), _condition(holds, argument, to)) for value, holds in branches)
    return to.cases(rows, shown(last)), CASES


def _condition(holds: sympy.Basic, argument: Piece, to: Alphabet) -> str:
    """z ≤ 0, or several such joined by words."""
    if isinstance(holds, sympy.core.relational.Relational):
        sides = (_formula(side, argument, to)[0] for side in (holds.lhs, holds.rhs))
        return f" {to.relations[holds.rel_op]} ".join(sides)
    words = {sympy.And: " and ", sympy.Or: " or "}.get(type(holds))
    if words is None:
        return str(holds)
    joined = rf" \text{{{words}}} " if to.stacked else words
    return joined.join(_condition(part, argument, to) for part in holds.args)


def _threshold(expression: sympy.Piecewise) -> sympy.Expr | None:
    """c, if the formula is 0 up to c and 1 beyond."""
    if len(expression.args) == 2:
        (low, condition), (high, _) = expression.args
        if (low, high) == (0, 1) and isinstance(condition, sympy.LessThan):
            return condition.rhs if condition.lhs == ARGUMENT else None
    return None
