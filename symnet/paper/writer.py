"""Terms and equations on paper, in components and, where there is one, in matrix form.

>>> from symnet.calculus import textbook
>>> from symnet.network.functions import ACTIVATIONS
>>> bp2 = textbook.bp2(ACTIVATIONS["sigmoid"])
>>> print(equation(bp2, TEXT))
δⱼˡ = Σₖ wₖⱼˡ⁺¹ δₖˡ⁺¹ σ'(zⱼˡ)
>>> print(matrix_form(bp2, TEXT))
δˡ = (Wˡ⁺¹)ᵀ δˡ⁺¹ ⊙ σ'(zˡ)
>>> print(matrix_form(bp2, LATEX))
\\delta^{l} = (W^{l+1})^T \\delta^{l+1} \\odot \\sigma'(z^{l})

A product binds tighter than ⊙, which binds tighter than +: W^T δ ⊙ σ'(z) is (W^T δ) ⊙ σ'(z).
"""

from collections.abc import Callable
from fractions import Fraction
from typing import assert_never

import sympy

from symnet.paper.alphabet import LATEX, TEXT, Alphabet
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
    free_indices,
    mul,
    power,
)

# How strongly a piece of text binds; a piece is bracketed where it stands under a stronger one.
SUM, HADAMARD, PRODUCT, ATOM = range(4)
Piece = tuple[str, int]


def equation(of: Equation, alphabet: Alphabet) -> str:
    """left = right, in components."""
    return f"{term(of.left, alphabet)} = {term(of.right, alphabet)}"


def term(of: Term, alphabet: Alphabet) -> str:
    """A term in components: w_jk^l, Σ_k, [j = k]."""
    return _Components(alphabet).piece(of)[0]


def matrix_form(of: Equation, alphabet: Alphabet) -> str | None:
    """left = right with matrices and vectors; None where the equation has no such form."""
    left, right = of.left, of.right
    symbol = left.by if isinstance(left, Partial) else left
    if not isinstance(symbol, Symbol):
        return None
    layers = _Layers(alphabet)
    try:
        shown = layers.vector(right, symbol.indices)[0]
    except _NoMatrixFormError:
        return None
    return f"{layers.left(left)} = {shown}"


def layer(number: LayerNumber) -> str:
    """l+1, as it stands in a superscript."""
    return str(number)


class _Components:
    """Terms in components."""

    def __init__(self, alphabet: Alphabet) -> None:
        self.to = alphabet

    def piece(self, of: Term) -> Piece:
        """A term as text, and how strongly the text binds."""
        match of:
            case Number(value):
                return _number(value, self.to)
            case Size(axis):
                return self.size(axis), ATOM
            case Symbol(name, number, indices):
                sub = _subscript(indices)
                return self.to.scripts(
                    self.letter(name), sub, layer(number) if number else ""
                ), ATOM
            case Delta(left, right):
                return f"[{self.index(left)} = {self.index(right)}]", ATOM
            case Apply(function, argument):
                return self.apply(function, self.piece(argument))
            case Power() | Product():
                return self.product(of)
            case Addition(terms):
                return _added([self.signed(part) for part in terms], self.to), SUM
            case Sum(index, body):
                negative, _ = self.signed(body)
                text = self.bracketed(self.piece(body), ATOM if negative else PRODUCT)
                return self.to.sum(self.index(index), self.size(index.axis), text), PRODUCT
            case Partial(derived, by, direct):
                return self.derivative(derived, by, direct)
        assert_never(of)

    def letter(self, name: str) -> str:
        return self.to.letters.get(name, name)

    def index(self, index: Index) -> str:
        return index.name if self.to.name == "text" else index.name.replace("′", "'")

    def size(self, axis: Axis) -> str:
        # Sizes have the layer below: n_l. Text has no subscript for every layer, so a word serves.
        if self.to.name == "text":
            return self.to.scripts(axis.name, layer(axis.layer), "")
        return rf"{axis.name}_{{{layer(axis.layer)}}}"

    def bracketed(self, piece: Piece, at_least: int) -> str:
        text, strength = piece
        return text if strength >= at_least else self.to.brackets(text)

    def signed(self, of: Term) -> tuple[bool, str]:
        """Whether a term of a sum is subtracted, and the term without its sign."""
        if isinstance(of, Number) and of.value < 0:
            return True, self.piece(Number(-of.value))[0]
        if (
            isinstance(of, Product)
            and isinstance(of.factors[0], Number)
            and of.factors[0].value < 0
        ):
            rest = mul(Number(-of.factors[0].value), *of.factors[1:])
            return True, self.bracketed(self.piece(rest), HADAMARD)
        return False, self.piece(of)[0]

    def apply(self, function: ScalarFunction, argument: Piece) -> Piece:
        return _applied(function, argument, self.to)

    def product(self, of: Term) -> Piece:
        """Factors side by side; negative powers below a fraction line."""
        factors = of.factors if isinstance(of, Product) else (of,)
        below = [
            power(f.base, -f.exponent) for f in factors if isinstance(f, Power) and f.exponent < 0
        ]
        above = [f for f in factors if not (isinstance(f, Power) and f.exponent < 0)]
        if below:
            top = self.piece(mul(*above))[0] if above else "1"
            return self.to.fraction(top, self.piece(mul(*below))[0]), PRODUCT
        if len(factors) == 1:
            (single,) = factors
            assert isinstance(single, Power)
            base = self.bracketed(self.piece(single.base), ATOM)
            if isinstance(single.base, Symbol):
                base = self.to.brackets(base)  # the superscript of a symbol is its layer
            return self.to.scripts(base, "", str(single.exponent)), ATOM
        return self.side_by_side(factors), PRODUCT

    def side_by_side(self, factors: tuple[Term, ...]) -> str:
        pieces: list[str] = []
        sign = ""
        for position, factor in enumerate(factors):
            if position == 0 and factor == Number(Fraction(-1)):
                sign = self.to.minus
                continue
            last = position == len(factors) - 1
            piece = self.piece(factor)
            # A sum inside a product is closed by brackets, unless it ends the product or all that
            # follows is a function's value: Σ_k w_kj δ_k σ'(z_j).
            rest = factors[position + 1 :]
            open_end = last or all(isinstance(f, Apply) for f in rest)
            closed = isinstance(factor, Sum) and not open_end
            pieces.append(self.to.brackets(piece[0]) if closed else self.bracketed(piece, PRODUCT))
        return sign + " ".join(pieces)

    def derivative(self, derived: Term, by: Symbol, direct: bool) -> Piece:
        d = self.to.partial
        under = f"{d}{self.piece(by)[0]}"
        if isinstance(derived, Symbol) or (isinstance(derived, Apply) and derived.function.layer):
            over = f"{d}{self.piece(derived)[0]}"
            if self.to.name == "text":
                return f"{over}/{under}", PRODUCT
            return self.to.fraction(over, under), ATOM
        inside = self.to.brackets(self.piece(derived)[0])
        if self.to.name == "text":
            return f"{d.strip()}/{under} {inside}", PRODUCT
        return self.to.fraction(d.strip(), under) + inside, PRODUCT


class _NoMatrixFormError(Exception):
    """The term is not made of matrix products and Hadamard products."""


class _Layers(_Components):
    """Terms in matrix form; a term is seen as a vector over one index or a matrix over two."""

    def left(self, of: Symbol | Partial | Sum) -> str:
        match of:
            case Symbol(name, number, indices):
                return self.name(name, number, len(indices))
            case Partial(Symbol(cost), Symbol(name, number, indices), _):
                over = f"{self.to.partial}{cost}"
                under = f"{self.to.partial}{self.name(name, number, len(indices))}"
                return (
                    f"{over}/{under}" if self.to.name == "text" else self.to.fraction(over, under)
                )
        raise _NoMatrixFormError

    def name(self, name: str, number: LayerNumber | None, indices: int) -> str:
        letter = name.upper() if indices == 2 else self.letter(name)
        return self.to.scripts(letter, "", layer(number) if number else "")

    def vector(self, of: Term, over: tuple[Index, ...]) -> Piece:
        """A term over the given indices: none is a number, one a vector, two a matrix."""
        if len(over) == 2:
            return self.outer(of, over)
        if not free_indices(of) & set(over):
            over = ()
        match of:
            case Number() | Size():
                return self.piece(of)
            case Symbol(name, number, indices) if indices == over:
                return self.name(name, number, len(indices)), ATOM
            case Partial(Symbol("C"), Symbol("a", number, indices), _) if indices == over:
                return self.to.scripts(self.letter("∇"), "a", "") + " C", PRODUCT
            case Addition(terms):
                return _added([self.signed_vector(part, over) for part in terms], self.to), SUM
            case Apply(function, argument):
                return _applied(function, self.vector(argument, over), self.to)
            case Power(base, exponent) if exponent.denominator == 1:
                text = self.bracketed(self.vector(base, over), ATOM)
                if isinstance(base, Symbol):
                    text = self.to.brackets(text)
                if exponent < 0:
                    raise _NoMatrixFormError
                return self.to.scripts(text, "", str(exponent)), ATOM
            case Product(factors):
                return self.hadamard(factors, over)
            case Sum():
                return self.contraction(of, over)
        raise _NoMatrixFormError

    def signed_vector(self, of: Term, over: tuple[Index, ...]) -> tuple[bool, str]:
        if (
            isinstance(of, Product)
            and isinstance(of.factors[0], Number)
            and of.factors[0].value < 0
        ):
            rest = mul(Number(-of.factors[0].value), *of.factors[1:])
            return True, self.bracketed(self.vector(rest, over), HADAMARD)
        return False, self.vector(of, over)[0]

    def hadamard(self, factors: tuple[Term, ...], over: tuple[Index, ...]) -> Piece:
        """Numbers in front, vectors joined by ⊙."""
        scalars = [f for f in factors if not free_indices(f) & set(over)]
        vectors = [f for f in factors if free_indices(f) & set(over)]
        if not vectors:
            return " ".join(self.bracketed(self.vector(f, ()), PRODUCT) for f in scalars), PRODUCT
        shown = [self.bracketed(self.vector(f, over), PRODUCT) for f in vectors]
        text = self.to.hadamard.join(shown)
        strength = HADAMARD if len(shown) > 1 else self.vector(vectors[0], over)[1]
        if scalars:
            front = " ".join(self.bracketed(self.vector(f, ()), PRODUCT) for f in scalars)
            return f"{front} {self.bracketed((text, strength), PRODUCT)}", PRODUCT
        return text, strength

    def contraction(self, of: Sum, over: tuple[Index, ...]) -> Piece:
        """Σ_k w_jk x_k as W x, Σ_k w_kj x_k as (W)^T x, Σ_k x_k y_k as x^T y."""
        bound: list[Index] = []
        body: Term = of
        while isinstance(body, Sum):
            bound.append(body.index)
            body = body.body
        factors = list(body.factors if isinstance(body, Product) else (body,))
        if isinstance(factors[0], Number):
            shown, strength = self.vector(self.summed(factors[1:], bound), over)
            return self.scaled(factors[0].value, (shown, strength))
        if over:
            for matrix in factors:
                if (
                    isinstance(matrix, Symbol)
                    and len(matrix.indices) == 2
                    and over[0] in matrix.indices
                ):
                    (k,) = set(matrix.indices) - set(over) or (None,)
                    if k in bound and k is not None:
                        factors.remove(matrix)
                        rest = self.summed(factors, [i for i in bound if i != k])
                        vector = self.bracketed(self.vector(rest, (k,)), PRODUCT)
                        name = self.name(matrix.name, matrix.layer, 2)
                        shown = name if matrix.indices == (over[0], k) else self.to.transpose(name)
                        return f"{shown} {vector}", PRODUCT
            raise _NoMatrixFormError
        first = next((f for f in factors if isinstance(f, Symbol) and len(f.indices) == 1), None)
        if first is None or len(factors) < 2:
            raise _NoMatrixFormError
        factors.remove(first)
        (k,) = first.indices
        rest = self.summed(factors, [i for i in bound if i != k])
        vector = self.bracketed(self.vector(rest, (k,)), PRODUCT)
        return f"{self.to.transpose(self.name(first.name, first.layer, 1))} {vector}", PRODUCT

    def scaled(self, by: Fraction, piece: Piece) -> Piece:
        text = self.bracketed(piece, PRODUCT)
        if by == -1:
            return f"{self.to.minus}{text}", SUM
        return f"{_number(by, self.to)[0]} {text}", PRODUCT

    def summed(self, factors: list[Term], bound: list[Index]) -> Term:
        body = mul(*factors)
        for index in reversed(bound):
            body = Sum(index, body)
        return body

    def outer(self, of: Term, over: tuple[Index, ...]) -> Piece:
        """a_k δ_j over (j, k) as δ (a)^T."""
        j, k = over
        factors = of.factors if isinstance(of, Product) else (of,)
        rows = [f for f in factors if free_indices(f) == {j}]
        columns = [f for f in factors if free_indices(f) == {k}]
        if len(rows) + len(columns) != len(factors) or not rows or not columns:
            raise _NoMatrixFormError
        left = self.bracketed(self.vector(mul(*rows), (j,)), PRODUCT)
        right = self.vector(mul(*columns), (k,))[0]
        return f"{left} {self.to.transpose(right)}", PRODUCT


def _subscript(indices: tuple[Index, ...]) -> str:
    """jk, but 1,12 where a component has two digits."""
    names = [index.name for index in indices]
    return ",".join(names) if any(len(n.rstrip("′")) > 1 for n in names) else "".join(names)


def _number(value: Fraction, to: Alphabet) -> Piece:
    sign = to.minus if value < 0 else ""
    above, below = abs(value.numerator), value.denominator
    if below == 1:
        return f"{sign}{above}", SUM if sign else ATOM
    shown = f"{above}/{below}" if to.name == "text" else to.fraction(str(above), str(below))
    return sign + shown, SUM if sign else ATOM


def _added(terms: list[tuple[bool, str]], to: Alphabet) -> str:
    text = ""
    for negative, shown in terms:
        if not text:
            text = f"{to.minus}{shown}" if negative else shown
        else:
            text += f" {to.minus if negative else '+'} {shown}"
    return text


def _applied(function: ScalarFunction, argument: Piece, to: Alphabet) -> Piece:
    """σ'(z), e^z, ln x, [x > 0]."""
    text, strength = argument
    if function.layer is not None or function.formula is None:
        letter = to.letters.get("σ", "σ") if function.formula is None else function.name
        if to.name == "latex" and function.formula is not None:
            letter = r"\operatorname{" + letter.replace("_", r"\_") + "}"
        return f"{letter}{chr(39) * function.order}({text})", ATOM
    if function.is_exp:
        return (f"e^{{{text}}}" if to.name == "latex" else f"exp({text})"), ATOM
    if function.is_log:
        closed = text if strength == ATOM else to.brackets(text)
        return (rf"\ln {closed}" if to.name == "latex" else f"ln({text})"), PRODUCT
    step = _threshold(function.formula)
    if step is not None:
        return f"[{text} > {step}]", ATOM
    return formula(function.formula, text, to), PRODUCT


def _threshold(expression: sympy.Expr) -> sympy.Expr | None:
    """c, if the formula is 0 up to c and 1 beyond."""
    if isinstance(expression, sympy.Piecewise) and len(expression.args) == 2:
        (low, condition), (high, _) = expression.args
        if (low, high) == (0, 1) and (condition.lhs, condition.rel_op) == (ARGUMENT, "<="):
            return condition.rhs
    return None


def formula(expression: sympy.Expr, argument: str, to: Alphabet) -> str:
    """A scalar formula in its argument, by SymPy's own printers."""
    if to.name == "latex":
        return str(sympy.latex(expression, symbol_names={ARGUMENT: argument}, ln_notation=True))
    return str(sympy.sstr(expression.subs(ARGUMENT, sympy.Symbol(argument)), order="none"))


Writer = Callable[[Equation, Alphabet], str | None]
__all__ = ["LATEX", "TEXT", "equation", "formula", "matrix_form", "term"]
