"""Equations on paper with matrices and vectors, where they have such a form.

>>> from symnet.calculus import textbook
>>> from symnet.network.functions import ACTIVATIONS
>>> from symnet.paper.writing.alphabet import LATEX, TEXT
>>> bp2 = textbook.bp2()
>>> print(matrix_form(bp2, TEXT))
δˡ = (Wˡ⁺¹)ᵀ δˡ⁺¹ ⊙ σ'(zˡ)
>>> print(matrix_form(bp2, LATEX))
\\delta^{l} = (W^{l+1})^T \\delta^{l+1} \\odot \\sigma'(z^{l})

A product binds tighter than ⊙, which binds tighter than +: W^T δ ⊙ σ'(z) is (W^T δ) ⊙ σ'(z).
Functions act entry by entry, and a number added to a vector is added to every entry.
"""

import sympy

from symnet.paper.writing.alphabet import Alphabet
from symnet.paper.writing.writer import (
    ATOM,
    BASE,
    HADAMARD,
    LAST,
    OPEN,
    PRODUCT,
    SUM,
    Components,
    Piece,
    added,
    applied,
    closed,
    layer,
    opposite,
)
from symnet.term import (
    ARGUMENT,
    Addition,
    Apply,
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
    apart,
    free_indices,
    mul,
)


def matrix_form(of: Equation, alphabet: Alphabet, relation: str = "=") -> str | None:
    """left = right with matrices and vectors; None where the equation has no such form."""
    found = sides(of, Arrays(alphabet))
    return None if found is None else f"{found[0]} {relation} {found[1]}"


def best(of: Equation, alphabet: Alphabet) -> str:
    """The matrix form, or the components where there is none."""
    return matrix_form(of, alphabet) or Components(alphabet).equation(of)


class NoMatrixFormError(Exception):
    """The term is not made of matrix products and Hadamard products."""


def sides(of: Equation, arrays: "Arrays") -> tuple[str, str] | None:
    """Both sides of an equation with arrays; None where it has no such form."""
    left = of.left
    symbol = left.by if isinstance(left, Partial) else left
    if not isinstance(symbol, Symbol) or len(set(symbol.indices)) < len(symbol.indices):
        return None
    over = symbol.indices
    if any(index.name.isdigit() or index.name == LAST for index in over):
        return None  # one entry is not the array
    right = apart(of.right, free_indices(of.right) | frozenset(over))
    if free_indices(right) != frozenset(over) and not isinstance(right, Number):
        return None  # a number is no vector, and what depends on no index of the left is one
    try:
        return arrays.left(left), arrays.vector(right, over)[0]
    except NoMatrixFormError:
        return None


class Arrays(Components):
    """Terms in matrix form; a term is seen as a vector over one index or a matrix over two."""

    def left(self, of: Symbol | Partial | Sum) -> str:
        match of:
            case Symbol():
                return self.array(of)
            case Partial(Symbol(), Symbol()):
                return self.array(of)
        raise NoMatrixFormError

    def array(self, of: Symbol | Partial, *, transposed: bool = False) -> str:
        """An array as a whole: W^l, (W^l)^T, ∂C/∂W^l."""
        if isinstance(of, Partial):
            assert isinstance(of.of, Symbol)
            under = f"{self.to.partial}{self.name(of.by.name, of.by.layer, len(of.by.indices))}"
            over = f"{self.to.partial}{of.of.name}"
            return self.ratio(over, under)[0]
        name = self.name(of.name, of.layer, len(of.indices))
        if transposed:
            # The superscript of a symbol is its layer.
            return self.to.transpose(f"({name})" if of.layer else name)
        return name

    def gradient(self, of: Partial) -> str:
        """The books' name for the derivative by the outputs: ∇_a C."""
        return self.to.scripts(self.to.letter("∇"), "a", "") + " C"

    def name(self, name: str, number: LayerNumber | None, indices: int) -> str:
        letter = name.upper() if indices == 2 else self.to.letter(name)
        return self.to.scripts(letter, "", layer(number) if number else "")

    def vector(self, of: Term, over: tuple[Index, ...]) -> Piece:
        """A term over the given indices: none is a number, one a vector, two a matrix."""
        if not free_indices(of) & set(over):
            over = ()
        negated = opposite(of)
        if negated is not None:
            return self.to.minus + self.closed_vector(negated, over, HADAMARD), SUM
        match of:
            case Number() | Size():
                return self.piece(of)
            case Symbol(_, _, indices) if indices == over:
                return self.array(of), ATOM
            case Partial(Symbol("C"), Symbol("a", number, indices), _) if indices == over:
                if number is not None and number.name != "L":
                    return self.array(of), PRODUCT
                return self.gradient(of), PRODUCT
            case Partial(Symbol("C"), Symbol(_, _, indices), _) if indices == over:
                return self.array(of), PRODUCT
            case Addition(terms):
                return added((self.signed_vector(part, over) for part in terms), self.to), SUM
            case Product(factors) if len(over) == 2:
                return self.outer(factors, over)
            case _ if len(over) == 2:
                raise NoMatrixFormError
            case Apply(function, _) if function.layer is None and _multiplies(function):
                raise NoMatrixFormError  # z² / (1 + z) of a vector would need ⊙ inside
            case Apply(function, argument):
                return applied(function, self.vector(argument, over), self.to)
            case Power(base, exponent) if exponent.denominator == 1 and exponent > 0:
                raised = self.closed_vector(base, over, BASE)
                return self.to.scripts(raised, "", str(exponent)), ATOM
            case Product(factors):
                return self.hadamard(factors, over)
            case Sum():
                return self.contraction(of, over)
        raise NoMatrixFormError

    def closed_vector(self, of: Term, over: tuple[Index, ...], at_least: int) -> str:
        return closed(self.vector(of, over), at_least, self.to)

    def signed_vector(self, of: Term, over: tuple[Index, ...]) -> tuple[bool, str]:
        negated = opposite(of)
        if negated is not None:
            return True, self.closed_vector(negated, over, HADAMARD)
        return False, self.closed_vector(of, over, HADAMARD)

    def scalars(self, factors: tuple[Term, ...]) -> list[str]:
        """Numbers before a vector; x^T y is one, but without brackets x^T would take the rest."""
        plain = (Number, Size, Symbol, Apply)
        return [
            self.closed_vector(f, (), PRODUCT if isinstance(f, plain) else BASE) for f in factors
        ]

    def hadamard(self, factors: tuple[Term, ...], over: tuple[Index, ...]) -> Piece:
        """Numbers in front, vectors joined by ⊙."""
        shown = self.scalars(tuple(f for f in factors if not free_indices(f) & set(over)))
        vectors = [f for f in factors if free_indices(f) & set(over)]
        if len(vectors) == 1 and not shown:
            return self.vector(vectors[0], over)
        if vectors:
            joined = self.to.hadamard.join(self.closed_vector(f, over, PRODUCT) for f in vectors)
            if not shown:
                return joined, HADAMARD
            shown.append(self.to.brackets(joined) if len(vectors) > 1 else joined)
        return self.to.row(shown), PRODUCT

    def contraction(self, of: Sum, over: tuple[Index, ...]) -> Piece:
        """Σ_k w_jk x_k as W x, Σ_k w_kj x_k as (W)^T x, Σ_k x_k y_k as x^T y."""
        bound: list[Index] = []
        body: Term = of
        while isinstance(body, Sum):
            bound.append(body.index)
            body = body.body
        factors = list(body.factors if isinstance(body, Product) else (body,))
        if isinstance(factors[0], Number):
            return self.vector(mul(factors[0], _summed(factors[1:], bound)), over)
        for position, factor in enumerate(factors):
            if not isinstance(factor, Symbol):
                continue
            others = [*factors[:position], *factors[position + 1 :]]
            for k in bound:
                # The rest is a vector over k: a number there would make a number of the product.
                if set(factor.indices) == {*over, k} and k in free_indices(mul(*others)):
                    if len(factor.indices) != len(over) + 1:
                        continue
                    rest = _summed(others, [i for i in bound if i != k])
                    text, strength = self.vector(rest, (k,))
                    along = bool(over) and factor.indices == (*over, k)
                    first = self.array(factor, transposed=not along)
                    return f"{first} {closed((text, strength), OPEN, self.to)}", (
                        OPEN if strength == OPEN else PRODUCT
                    )
        raise NoMatrixFormError

    def outer(self, factors: tuple[Term, ...], over: tuple[Index, ...]) -> Piece:
        """a_k δ_j over (j, k) as δ (a)^T, with numbers in front; or a number times a matrix."""
        j, k = over
        free = [free_indices(factor) & {j, k} for factor in factors]
        numbers = tuple(f for f, of in zip(factors, free, strict=True) if not of)
        rows = [f for f, of in zip(factors, free, strict=True) if of == {j}]
        columns = [f for f, of in zip(factors, free, strict=True) if of == {k}]
        both = [f for f, of in zip(factors, free, strict=True) if of == {j, k}]
        shown = self.scalars(numbers)
        if len(both) == 1 and not rows and not columns:
            return self.to.row([*shown, self.closed_vector(both[0], over, PRODUCT)]), PRODUCT
        if both or not rows or not columns:
            raise NoMatrixFormError
        shown.append(self.closed_vector(mul(*rows), (j,), PRODUCT))
        if len(columns) == 1 and isinstance(columns[0], Symbol) and columns[0].indices == (k,):
            shown.append(self.array(columns[0], transposed=True))
        else:
            right = self.vector(mul(*columns), (k,))[0]
            shown.append(self.to.transpose(self.to.brackets(right)))
        return self.to.row(shown), PRODUCT


def _multiplies(function: ScalarFunction) -> bool:
    """Whether a formula multiplies or divides by its argument."""
    if function.formula is None:
        return False
    for part in sympy.preorder_traversal(function.formula):
        if isinstance(part, sympy.Mul) and sum(x.has(ARGUMENT) for x in part.args) > 1:
            return True
        if isinstance(part, sympy.Pow) and part.base.has(ARGUMENT) and not part.exp.is_positive:
            return True
        if isinstance(part, sympy.Pow) and part.exp.has(ARGUMENT) and part.base.has(ARGUMENT):
            return True
    return False


def _summed(factors: list[Term], bound: list[Index]) -> Term:
    body = mul(*factors)
    for index in reversed(bound):
        body = Sum(index, body)
    return body
