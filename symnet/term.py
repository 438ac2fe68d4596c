"""Index expressions: the one language in which networks, derivatives and claims are written.

A term is a sum over bound indices of products of numbers, indexed symbols, Kronecker deltas and
scalar functions. Matrices are surface: Wᵀδ is Σ_j w[j,k] δ[j], ⊙ is a product at one index. Layers
are numbers such as `l+1` or `3`; an index runs over an axis such as "the neurons of layer l".
All records are frozen; equality is equality of structure (`calculus/normal.py` decides equality
of meaning).

>>> l = LayerNumber("l"); j = Index("j", Axis("n", l)); k = Index("k", Axis("n", l.shift(-1)))
>>> z = Sum(k, mul(Symbol("w", l, (j, k)), Symbol("a", l.shift(-1), (k,))))
>>> sorted(index.name for index in free_indices(z))
['j']
>>> spell(at_layer(z, {"l": LayerNumber("", 3)}))
'Σ_k:n2(w3[j:n3,k:n2]·a2[k:n2])'
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from operator import is_
from typing import TypeVar, assert_never, dataclass_transform

import sympy

# --- records -------------------------------------------------------------------------------

T = TypeVar("T")


class Remembering:
    """What a record keeps beside its fields, once somebody has asked: its hash, its `kinds`."""

    __slots__ = ("_hash", "_kinds")

    _hash: int
    _kinds: frozenset[type]


@dataclass_transform(frozen_default=True)
def record(cls: type[T]) -> type[T]:
    """A frozen dataclass that computes its hash once.

    Terms are deep and stand in many sets and tables; without this, each look-up would walk through
    the whole term again.
    """
    made = dataclass(frozen=True, slots=True)(cls)
    of_fields = made.__hash__

    def remembered(self: Remembering) -> int:
        try:
            return self._hash
        except AttributeError:
            value = of_fields(self)
            object.__setattr__(self, "_hash", value)
            return value

    made.__hash__ = remembered  # type: ignore[method-assign, assignment]
    return made


# --- layers, axes, indices -----------------------------------------------------------------


@record
class LayerNumber(Remembering):
    """The number of a layer: `l`, `l+1`, `L`, or a literal (no name, the offset is the number)."""

    name: str
    offset: int = 0

    def shift(self, by: int) -> "LayerNumber":
        """The layer `by` further up."""
        return LayerNumber(self.name, self.offset + by)

    def __str__(self) -> str:
        if not self.name:
            return str(self.offset)
        return f"{self.name}{self.offset:+d}" if self.offset else self.name


@record
class Axis(Remembering):
    """What an index runs over: `n` at layer l means 1..n_l, the neurons of layer l."""

    name: str
    layer: LayerNumber


@record
class Index(Remembering):
    """A variable that runs over an axis, from 1 to the size of the axis."""

    name: str
    axis: Axis


# --- scalar functions ----------------------------------------------------------------------


ARGUMENT = sympy.Symbol("z", real=True)  # the variable of every scalar function's formula


@record
class ScalarFunction(Remembering):
    """A function of one number: σ of layer l, or exp and ln; `order` counts its primes.

    `formula` is an expression in ARGUMENT; None means arbitrary: nothing about it is known but that
    it has derivatives.
    A function with a layer is an activation and keeps its name in derivations; one without is
    elementary, and its derivative is written out at once.
    """

    name: str
    formula: sympy.Expr | None
    layer: LayerNumber | None = None
    order: int = 0

    @property
    def is_exp(self) -> bool:
        """Whether it is e^z itself; a name alone says nothing."""
        return (self.formula, self.layer, self.order) == (sympy.exp(ARGUMENT), None, 0)

    @property
    def is_log(self) -> bool:
        """Whether it is ln z itself."""
        return (self.formula, self.layer, self.order) == (sympy.log(ARGUMENT), None, 0)


# --- terms ---------------------------------------------------------------------------------


@record
class Number(Remembering):
    value: Fraction


@record
class Size(Remembering):
    """The number of values of an axis, n_l."""

    axis: Axis


@record
class Symbol(Remembering):
    """An indexed symbol at a layer: w_jk^l is Symbol("w", l, (j, k)); C has neither."""

    name: str
    layer: LayerNumber | None = None
    indices: tuple[Index, ...] = ()


@record
class Delta(Remembering):
    """Kronecker's delta, printed [j = p] because δ is the error."""

    left: Index
    right: Index


@record
class Apply(Remembering):
    function: ScalarFunction
    argument: "Term"


@record
class Power(Remembering):
    base: "Term"
    exponent: Fraction


@record
class Product(Remembering):
    factors: tuple["Term", ...]


@record
class Addition(Remembering):
    terms: tuple["Term", ...]


@record
class Sum(Remembering):
    """Σ over all values of an index, which is bound in the body."""

    index: Index
    body: "Term"


@record
class Partial(Remembering):
    """A derivative not yet worked out: ∂of/∂by.

    `of` is a quantity that an equation defines. With `direct` it is the right-hand side of such an
    equation, whose symbols are independent of each other: what C owes to z through a is the chain
    rule's business, not hidden in ∂a/∂z.
    """

    of: "Term"
    by: Symbol
    direct: bool = False


MOST_BITS = 20_000  # of a number that is worked out
LEAVES = (Number, Size, Symbol, Delta)
Term = Number | Size | Symbol | Delta | Apply | Power | Product | Addition | Sum | Partial

ZERO = Number(Fraction(0))
ONE = Number(Fraction(1))


@dataclass(frozen=True, slots=True)
class Equation:
    """left = right, for every value of the free indices; labels are the books' (`z`, `BP1`)."""

    label: str
    left: Symbol | Partial | Sum
    right: Term

    @property
    def indices(self) -> tuple[Index, ...]:
        """The indices of what stands on the left: (j, k) of ∂C/∂w_jk^l."""
        match self.left:
            case Partial(_, by, _):
                return by.indices
            case Symbol(_, _, indices):
                return indices
            case Sum():
                return ()
        assert_never(self.left)


# --- building ------------------------------------------------------------------------------


def number(value: int | Fraction) -> Number:
    """A number as a term."""
    return Number(Fraction(value))


def add(*terms: Term) -> Term:
    """The sum of terms, flattened, without zeros."""
    flat: list[Term] = []
    for term in terms:
        flat.extend(term.terms if isinstance(term, Addition) else (term,))
    flat = [term for term in flat if not isinstance(term, Number) or term.value]
    if not flat:
        return ZERO
    return flat[0] if len(flat) == 1 else Addition(tuple(flat))


def mul(*factors: Term) -> Term:
    """The product of factors in their order, flattened; numbers become one that stands first."""
    coefficient: Fraction | None = None
    flat: list[Term] = []
    for factor in factors:
        for part in factor.factors if isinstance(factor, Product) else (factor,):
            if isinstance(part, Number):
                coefficient = part.value if coefficient is None else coefficient * part.value
            else:
                flat.append(part)
    if coefficient is None:
        coefficient = ONE.value
    elif coefficient == 0:
        return ZERO
    elif coefficient != 1:
        flat.insert(0, Number(coefficient))
    if not flat:
        return Number(coefficient)
    return flat[0] if len(flat) == 1 else Product(tuple(flat))


def power(base: Term, exponent: int | Fraction) -> Term:
    """base to a rational exponent; x⁰ is 1 and x¹ is x.

    A number that would have thousands of digits stays a power.
    """
    if not isinstance(exponent, Fraction):
        exponent = Fraction(exponent)
    if exponent == 0:
        return ONE
    if exponent == 1:
        return base
    if isinstance(base, Number) and exponent.denominator == 1 and base.value != 0:
        bits = max(base.value.numerator.bit_length(), base.value.denominator.bit_length())
        if bits * abs(exponent) <= MOST_BITS:
            return Number(base.value ** int(exponent))
    return Power(base, exponent)


# --- taking apart --------------------------------------------------------------------------


def children(term: Term) -> tuple[Term, ...]:
    """The terms directly inside a term."""
    if isinstance(term, LEAVES):
        return ()
    match term:
        case Apply(_, argument):
            return (argument,)
        case Power(base, _):
            return (base,)
        case Product(factors):
            return factors
        case Addition(terms):
            return terms
        case Sum(_, body):
            return (body,)
        case Partial(of, by, _):
            return (of, by)
    assert_never(term)


def map_children(term: Term, change: Callable[[Term], Term]) -> Term:
    """The same term with each direct part changed; where none is, the term itself."""
    if isinstance(term, LEAVES):
        return term
    match term:
        case Apply(function, argument):
            new = change(argument)
            return term if new is argument else Apply(function, new)
        case Power(base, exponent):
            new = change(base)
            return term if new is base else power(new, exponent)
        case Product(factors):
            changed = tuple(map(change, factors))
            return term if _same(changed, factors) else mul(*changed)
        case Addition(terms):
            changed = tuple(map(change, terms))
            return term if _same(changed, terms) else add(*changed)
        case Sum(index, body):
            new = change(body)
            return term if new is body else Sum(index, new)
        case Partial(of, by, direct):
            new, new_by = change(of), change(by)
            if not isinstance(new_by, Symbol):
                raise TypeError(f"a derivative by {new_by} has no meaning")
            return term if new is of and new_by is by else Partial(new, new_by, direct)
    assert_never(term)


def _same(changed: tuple[Term, ...], parts: tuple[Term, ...]) -> bool:
    return all(map(is_, changed, parts))


def walk(term: Term) -> Iterator[Term]:
    """A term and all that stands in it, from the outside in."""
    yield term
    for part in children(term):
        yield from walk(part)


def kinds(term: Term) -> frozenset[type]:
    """The kinds of terms that a term is made of: Sum, Symbol …"""
    try:
        return term._kinds
    except AttributeError:
        found = frozenset((type(term),)).union(*map(kinds, children(term)))
        object.__setattr__(term, "_kinds", found)
        return found


@lru_cache(maxsize=100_000)
def free_indices(term: Term) -> frozenset[Index]:
    """The indices of a term that no sum binds."""
    match term:
        case Symbol(_, _, indices):
            return frozenset(indices)
        case Delta(left, right):
            return frozenset((left, right))
        case Sum(index, body):
            return free_indices(body) - {index}
        case _:
            return frozenset().union(*map(free_indices, children(term)))


def mentions(term: Term, symbol: Symbol) -> bool:
    """Whether a symbol of the same name and layer stands in the term, at whatever indices."""
    if isinstance(term, Symbol):
        return term.name == symbol.name and term.layer == symbol.layer
    return any(mentions(part, symbol) for part in children(term))


@lru_cache(maxsize=100_000)
def spell(term: Term) -> str:
    """A term as a short string, one to one: what terms are sorted by, and seen as in a debugger."""

    def axis_(axis: Axis) -> str:
        return f"{axis.name}{axis.layer}"

    def index_(index: Index) -> str:
        return f"{index.name}:{axis_(index.axis)}"

    match term:
        case Number(value):
            return str(value)
        case Size(axis):
            return f"|{axis_(axis)}|"
        case Symbol(name, layer, indices):
            return f"{name}{layer or ''}" + (
                f"[{','.join(map(index_, indices))}]" if indices else ""
            )
        case Delta(left, right):
            return f"[{index_(left)}={index_(right)}]"
        case Apply(function, argument):
            formula = "" if function.formula is None else f"<{function.formula}>"
            name = f"{function.name}{formula}{function.layer or ''}"
            return f"{name}{chr(39) * function.order}({spell(argument)})"
        case Power(base, exponent):
            return f"({spell(base)})^{exponent}"
        case Product(factors):
            return "·".join(
                f"({spell(f)})" if isinstance(f, Addition) else spell(f) for f in factors
            )
        case Addition(terms):
            return " + ".join(map(spell, terms))
        case Sum(index, body):
            return f"Σ_{index_(index)}({spell(body)})"
        case Partial(of, by, direct):
            return f"{'∂' if not direct else 'd'}({spell(of)})/∂{spell(by)}"
    assert_never(term)


# --- renaming and substitution without capture ---------------------------------------------

# The letters in the order a book takes them for bound indices; the free ones are j and k.
LETTERS = ("k", "p", "i", "r", "s", "t", "h", "m")


def fresh(axis: Axis, taken: frozenset[Index]) -> Index:
    """An index over an axis whose letter is not taken."""
    names = {index.name for index in taken}
    for round_ in range(1 + len(names)):
        for letter in LETTERS:
            name = letter + "′" * round_
            if name not in names:
                return Index(name, axis)
    raise AssertionError("more rounds than names were tried")  # pragma: no cover


def rename(term: Term, to: Mapping[Index, Index]) -> Term:
    """The term with free indices renamed; a bound index that would capture one is renamed first."""
    to = {old: new for old, new in to.items() if old != new}
    return _renamed(term, to) if to else term


def _renamed(term: Term, to: Mapping[Index, Index]) -> Term:
    if free_indices(term).isdisjoint(to):
        return term
    match term:
        case Symbol(name, layer, indices):
            return Symbol(name, layer, tuple(to.get(index, index) for index in indices))
        case Delta(left, right):
            return Delta(to.get(left, left), to.get(right, right))
        case Sum(index, body):
            inner = {old: new for old, new in to.items() if old != index}
            # Capture is by letter, not by axis: two indices of one letter read as one.
            if index.name in {new.name for new in inner.values()}:
                taken = free_indices(body) | frozenset(inner.values()) | inner.keys()
                index, old = fresh(index.axis, taken), index
                body = _renamed(body, {old: index})
            return Sum(index, _renamed(body, inner))
        case _:
            return map_children(term, lambda part: _renamed(part, to))


def relettered(term: Term, names: Mapping[str, str]) -> Term:
    """The term with letters exchanged for new ones, for bound and free indices alike."""

    def index_(index: Index) -> Index:
        return Index(names.get(index.name, index.name), index.axis)

    match term:
        case Symbol(name, layer, indices):
            return Symbol(name, layer, tuple(map(index_, indices)))
        case Delta(left, right):
            return Delta(index_(left), index_(right))
        case Sum(index, body):
            return Sum(index_(index), relettered(body, names))
        case _:
            return map_children(term, lambda part: relettered(part, names))


def apart(term: Term, taken: frozenset[Index]) -> Term:
    """The term with bound indices renamed away from the letters that are taken."""
    if Sum not in kinds(term):
        return term
    if isinstance(term, Sum):
        index, body = term.index, term.body
        if index.name in {other.name for other in taken}:
            index = fresh(index.axis, taken | free_indices(body))
            body = rename(body, {term.index: index})
        return Sum(index, apart(body, taken | {index}))
    return map_children(term, lambda part: apart(part, taken))


def at_layer(term: Term, to: Mapping[str, LayerNumber]) -> Term:
    """The term with layer names replaced: `l` by `L`, by `l+1`, by 3, wherever they stand."""

    def number_(layer: LayerNumber) -> LayerNumber:
        return to[layer.name].shift(layer.offset) if layer.name in to else layer

    def index_(index: Index) -> Index:
        return Index(index.name, Axis(index.axis.name, number_(index.axis.layer)))

    def term_(term: Term) -> Term:
        match term:
            case Symbol(name, layer, indices):
                return Symbol(name, layer and number_(layer), tuple(map(index_, indices)))
            case Delta(left, right):
                return Delta(index_(left), index_(right))
            case Size(axis):
                return Size(Axis(axis.name, number_(axis.layer)))
            case Sum(index, body):
                return Sum(index_(index), term_(body))
            case Apply(function, argument):
                layer = function.layer and number_(function.layer)
                return Apply(replace(function, layer=layer), term_(argument))
            case _:
                return map_children(term, term_)

    return term_(term)


def with_axes(term: Term, to: Mapping[Axis, Axis]) -> Term:
    """The term with axes exchanged, where two are known to be one."""

    def index_(index: Index) -> Index:
        return Index(index.name, to.get(index.axis, index.axis))

    def term_(term: Term) -> Term:
        match term:
            case Symbol(name, layer, indices):
                return Symbol(name, layer, tuple(map(index_, indices)))
            case Delta(left, right):
                return Delta(index_(left), index_(right))
            case Size(axis):
                return Size(to.get(axis, axis))
            case Sum(index, body):
                return Sum(index_(index), term_(body))
            case _:
                return map_children(term, term_)

    return term_(term) if to else term


def equation_at(equation: Equation, to: Mapping[str, LayerNumber]) -> Equation:
    """`at_layer` on both sides."""
    left = at_layer(equation.left, to)
    assert isinstance(left, Symbol | Partial | Sum)
    return Equation(equation.label, left, at_layer(equation.right, to))


# --- to and from SymPy ---------------------------------------------------------------------


def elementary(name: str) -> ScalarFunction:
    """exp, ln and their like as scalar functions, by SymPy's name of them."""
    return ScalarFunction(name, getattr(sympy, name)(ARGUMENT))


def from_sympy(
    expression: sympy.Expr,
    symbols: Mapping[str, Term],
    indexed: Callable[[str, tuple[Index, ...]], Term] | None = None,
    indices: Mapping[str, Index] | None = None,
) -> Term:
    """A SymPy expression as a term.

    `symbols` says what each plain symbol is, by name; `indexed` what `z[p]` is, given its name and
    indices; `indices` what each index letter is. The variable of a `Sum` takes the axis of
    `indices["j"]`. Raises TypeError for what the language lacks.
    """
    indices = indices or {}
    known: dict[tuple[sympy.Expr, tuple[Index, ...]], Term] = {}  # the same stands in many places

    def go(expression: sympy.Expr, indices: Mapping[str, Index]) -> Term:
        place = expression, tuple(indices.values())
        if place not in known:
            known[place] = read(expression, indices)
        return known[place]

    def read(expression: sympy.Expr, indices: Mapping[str, Index]) -> Term:
        match expression:
            case sympy.Symbol() if expression.name in symbols:
                return symbols[expression.name]
            case sympy.Rational():
                return number(Fraction(int(expression.p), int(expression.q)))
            case sympy.Add():
                return add(*(go(part, indices) for part in expression.as_ordered_terms()))
            case sympy.Mul():
                return mul(*(go(part, indices) for part in expression.as_ordered_factors()))
            case sympy.Pow() if isinstance(expression.exp, sympy.Rational):
                exponent = Fraction(int(expression.exp.p), int(expression.exp.q))
                return power(go(expression.base, indices), exponent)
            case sympy.Indexed() if indexed is not None:
                letters = tuple(indices[str(letter)] for letter in expression.indices)
                return indexed(str(expression.base), letters)
            case sympy.Sum():
                (variable, _, _) = expression.limits[0]
                index = Index(variable.name, indices["j"].axis)
                return Sum(index, go(expression.function, {**indices, variable.name: index}))
            case sympy.Piecewise():
                # A function with branches is one scalar function of its only symbol.
                if len(expression.free_symbols) != 1:
                    raise TypeError(f"{expression} has branches in several symbols")
                (symbol,) = expression.free_symbols
                formula = expression.subs(symbol, ARGUMENT)
                function = ScalarFunction("piecewise", formula)
                return Apply(function, symbols[symbol.name])
            case sympy.Function() if len(expression.args) == 1:
                function = elementary(expression.func.__name__)
                return Apply(function, go(expression.args[0], indices))
        raise TypeError(f"{expression} ({type(expression).__name__}) has no place in an equation")

    return go(expression, indices)


def to_sympy(
    term: Term, size: Callable[[Axis], sympy.Expr], atom: Callable[[Symbol | Partial], sympy.Expr]
) -> sympy.Expr:
    """A term in SymPy: `atom` says what symbols and derivatives are, `size` the limits of sums."""

    def letter(index: Index) -> sympy.Symbol:
        return sympy.Symbol(index.name, integer=True)

    def go(term: Term) -> sympy.Expr:
        match term:
            case Number(value):
                return sympy.Rational(value.numerator, value.denominator)
            case Size(axis):
                return size(axis)
            case Symbol() | Partial():
                return atom(term)
            case Delta(left, right):
                return sympy.KroneckerDelta(letter(left), letter(right))
            case Apply(function, argument):
                return apply_formula(function, go(argument))
            case Power(base, exponent):
                return go(base) ** sympy.Rational(exponent.numerator, exponent.denominator)
            case Product(factors):
                return sympy.Mul(*map(go, factors))
            case Addition(terms):
                return sympy.Add(*map(go, terms))
            case Sum(index, body):
                return sympy.Sum(go(body), (letter(index), 1, size(index.axis)))
        assert_never(term)

    return go(term)


def apply_formula(function: ScalarFunction, argument: sympy.Expr) -> sympy.Expr:
    """The function at an argument, in SymPy: by its formula, or as an unknown function."""
    if function.formula is None:
        name = function.name + (f"_{function.layer}" if function.layer else "")
        return sympy.Function(name + "'" * function.order)(argument)
    return sympy.diff(function.formula, ARGUMENT, function.order).subs(ARGUMENT, argument)
