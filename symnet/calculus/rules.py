"""The rules by which derivatives are worked out, each a named rewrite with its reason.

A rule looks at one place of a term and returns what stands there afterwards, or None. The table
RULES is all that the engine knows; a network enters only through its equations (`Given`), so that a
softmax, a residual connection or a layer of your own needs no rule of its own.

The rule that makes backpropagation out of it is the chain rule: C depends on v only through the
quantities u whose equations mention v, hence ∂C/∂v = Σ_u Σ_p ∂C/∂u_p ∂u_p/∂v.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction

import sympy

from symnet.calculus import scalar
from symnet.calculus.normal import Monomial, TooLongError, as_term, factorise, normal, positive
from symnet.network.functions import A, Z
from symnet.network.notation import COST
from symnet.term import (
    ARGUMENT,
    LEAVES,
    ONE,
    ZERO,
    Addition,
    Apply,
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
    children,
    free_indices,
    fresh,
    from_sympy,
    kinds,
    map_children,
    mentions,
    mul,
    number,
    power,
    rename,
    to_sympy,
    walk,
)


@dataclass(frozen=True, slots=True)
class Given:
    """What a derivation may use: the network's equations and what is known beside them.

    `known` are the quantities u, by name and layer, whose ∂C/∂u is worked out elsewhere and stands
    for itself, that by z under the name δ; `lemmas` are equations derived before, `facts` what the
    cost takes for granted, `functions` the activations that layers have.
    """

    equations: tuple[Equation, ...]
    known: tuple[tuple[str, LayerNumber], ...] = ()
    lemmas: tuple[Equation, ...] = ()
    facts: tuple[Equation, ...] = ()
    functions: tuple[ScalarFunction, ...] = ()

    def defining(self, symbol: Symbol) -> Equation | None:
        """The equation whose left side is this symbol, at whatever indices."""
        for equation in self.equations:
            left = equation.left
            if isinstance(left, Symbol) and (left.name, left.layer) == (symbol.name, symbol.layer):
                return equation
        return None


def right_side(equation: Equation, indices: tuple[Index, ...]) -> Term:
    """The right side of an equation with its left side's indices renamed to these."""
    return rename(equation.right, dict(zip(equation.indices, indices, strict=True)))


# --- derivatives of the cost ---------------------------------------------------------------


def definition(term: Term, given: Given) -> Term | None:
    """∂C/∂z_j^l -> δ_j^l"""
    match term:
        case Partial(of, Symbol("z", layer, indices), False) if (
            of == COST and ("z", layer) in given.known
        ):
            return Symbol("δ", layer, indices)
    return None


def lemma(term: Term, given: Given) -> Term | None:
    """∂C/∂a_j^L, or δ_j^l -> what it was derived to be"""
    for equation in given.lemmas:
        match term, equation.left:
            case Partial(of, by, False), Partial(left_of, left_by, False) if of == left_of:
                symbol, defined = by, left_by
            case Symbol(), Symbol():
                symbol, defined = term, equation.left
            case _:
                continue
        if (symbol.name, symbol.layer) == (defined.name, defined.layer):
            return right_side(equation, symbol.indices)
    return None


def chain(term: Term, given: Given) -> Term | None:
    """∂C/∂v -> Σ_u Σ_p ∂C/∂u_p ∂u_p/∂v, over the u whose equations mention v"""
    if not isinstance(term, Partial) or term.of != COST or term.direct:
        return None
    v = term.by
    if (v.name, v.layer) in given.known:
        return None
    through: list[Term] = []
    for equation in given.equations:
        u = equation.left
        if not isinstance(u, Symbol) or not mentions(equation.right, v):
            continue
        if u == COST:
            through.append(Partial(apart(equation.right, free_indices(v)), v, direct=True))
            continue
        taken = free_indices(v)
        for index in u.indices:
            to = fresh(index.axis, taken)
            u = Symbol(u.name, u.layer, tuple(to if i == index else i for i in u.indices))
            taken |= {to}
        owed: Term = mul(Partial(COST, u), Partial(u, v))
        for index in reversed(u.indices):
            owed = Sum(index, owed)
        through.append(owed)
    return add(*through) if through else None


def equation(term: Term, given: Given) -> Term | None:
    """∂u/∂v -> ∂(right side of u's equation)/∂v"""
    if not isinstance(term, Partial) or not isinstance(term.of, Symbol) or term.direct:
        return None
    defining = given.defining(term.of)
    if defining is None or term.of == COST:
        return None
    taken = free_indices(term.of) | free_indices(term.by)
    right = apart(right_side(defining, term.of.indices), taken)
    return Partial(right, term.by, direct=True)


# --- derivatives of a right side -----------------------------------------------------------


def sum_rule(term: Term, given: Given) -> Term | None:
    """∂(x + y)/∂v -> ∂x/∂v + ∂y/∂v, likewise under Σ"""
    match term:
        case Partial(Addition(terms), by, True):
            return add(*(Partial(x, by, direct=True) for x in terms))
        case Partial(Sum(index, body), by, True):
            # ∂/∂v_k Σ_k x_k: the bound k is not the free k.
            if index.name in {free.name for free in by.indices}:
                to = fresh(index.axis, free_indices(body) | free_indices(by))
                index, body = to, rename(body, {index: to})
            return Sum(index, Partial(body, by, direct=True))
    return None


def constant(term: Term, given: Given) -> Term | None:
    """∂x/∂v -> 0 where x does not contain v"""
    if isinstance(term, Partial) and term.direct and not mentions(term.of, term.by):
        return ZERO
    return None


def product_rule(term: Term, given: Given) -> Term | None:
    """∂(x y)/∂v -> ∂x/∂v y + x ∂y/∂v; a factor without v stays outside"""
    match term:
        case Partial(Product(factors), by, True):
            return add(
                *(
                    mul(*factors[:i], Partial(factor, by, direct=True), *factors[i + 1 :])
                    for i, factor in enumerate(factors)
                    if mentions(factor, by)
                )
            )
    return None


def power_rule(term: Term, given: Given) -> Term | None:
    """∂x^n/∂v -> n x^{n-1} ∂x/∂v"""
    match term:
        case Partial(Power(base, exponent), by, True):
            return mul(number(exponent), power(base, exponent - 1), Partial(base, by, direct=True))
    return None


def scalar_chain(term: Term, given: Given) -> Term | None:
    """∂f(x)/∂v -> f'(x) ∂x/∂v"""
    match term:
        case Partial(Apply(function, argument), by, True):
            return mul(prime(function, argument), Partial(argument, by, direct=True))
    return None


def prime(function: ScalarFunction, argument: Term) -> Term:
    """f'(x): σ keeps its name with a prime; exp and ln are written out."""
    if function.layer is not None or function.formula is None:
        return Apply(replace(function, order=function.order + 1), argument)
    plain = scalar.slope_in_z(function.formula)
    try:
        return from_sympy(plain, {ARGUMENT.name: argument})
    except TypeError:
        # It needs more than terms can say, √π for one: a function of its own.
        return Apply(ScalarFunction(f"{function.name}_slope", plain), argument)


def same_symbol(term: Term, given: Given) -> Term | None:
    """∂w_pq/∂w_jk -> [p = j] [q = k]"""
    match term:
        case Partial(Symbol(name, layer, indices), by, True) if (name, layer) == (
            by.name,
            by.layer,
        ):
            pairs = zip(indices, by.indices, strict=True)
            return mul(*(ONE if p == j else Delta(p, j) for p, j in pairs))
    return None


# --- tidying up ----------------------------------------------------------------------------


def fold(term: Term, given: Given) -> Term | None:
    """e^{z_p} / S -> a_p where that is how a_p is defined: a layer's quantities by their names"""
    for defining in given.equations:
        defined = _one_product(defining)
        for x, exponent in defined.items():
            # What is divided by must not vanish: z e^z / S = a gives no e^z at z = 0.
            safe = all(positive(y) for y in defined if y != x)
            if isinstance(x, Apply) and exponent == 1 and free_indices(x) and safe:
                folded = [_folded(monomial, x, defined, defining) for monomial in normal(term)]
                result = as_term(folded, free_indices(term))
                if result != term and not _contains(result, x.function):
                    return factorise(result)
    return None


def _one_product(defining: Equation) -> dict[Term, Fraction]:
    """The atoms of a right side that is one product of several, with their exponents."""
    polynomial = normal(defining.right)
    if len(polynomial) != 1 or polynomial[0].bound or polynomial[0].coefficient != 1:
        return {}
    factors = dict(polynomial[0].factors)
    return factors if len(factors) > 1 else {}


def _folded(
    monomial: Monomial, x: Apply, defined: dict[Term, Fraction], defining: Equation
) -> Monomial:
    """A monomial with x = left / rest put in for x, at whatever index x has there."""
    assert isinstance(defining.left, Symbol)
    exponents: dict[Term, Fraction] = {}
    for atom, e in monomial.factors:
        to = _renaming(x, atom)
        parts = (
            {atom: Fraction(1)}
            if to is None
            else {
                rename(defining.left, to): Fraction(1),
                **{rename(y, to): -power_ for y, power_ in defined.items() if y != x},
            }
        )
        for part, power_ in parts.items():
            exponents[part] = exponents.get(part, Fraction(0)) + e * power_
    return replace(monomial, factors=tuple((y, e) for y, e in exponents.items() if e))


def _renaming(x: Apply, atom: Term) -> dict[Index, Index] | None:
    """The renaming that makes x the atom, if one does: f(z_j) and f(z_p)."""
    if isinstance(atom, Apply) and atom.function == x.function:
        match x.argument, atom.argument:
            case Symbol(name, layer, own), Symbol(name_, layer_, there) if (name, layer) == (
                name_,
                layer_,
            ):
                return dict(zip(own, there, strict=True))
    return None


def _contains(term: Term, function: ScalarFunction) -> bool:
    if isinstance(term, Apply) and term.function == function:
        return True
    return any(_contains(part, function) for part in children(term))


def name_function(term: Term, given: Given) -> Term | None:
    """σ of a layer -> the function that this network has there"""
    match term:
        case Apply(ScalarFunction(name, None, layer, order), argument):
            for function in given.functions:
                if function.layer == layer and name in ("σ", function.name):
                    return Apply(replace(function, order=order), argument)
    return None


def slope(term: Term, given: Given) -> Term | None:
    """σ'(z_j^l) -> its cheapest exact form through a_j^l and z_j^l"""
    match term:
        case Apply(ScalarFunction(_, formula, layer, 1) as function, z) if (
            formula is not None and layer is not None
        ):
            value = _value(replace(function, order=0), z, given)
            # What has no name and branches is not looked at to choose a branch: z says it as well.
            through_a = isinstance(value, Symbol) or not formula.has(*BRANCHES)
            form = scalar.slope(formula) if through_a else scalar.slope_in_z(formula)
            try:
                return from_sympy(form, {"a": value, "z": z})
            except TypeError:
                # It needs more than terms can say, √π or a branch within: one function of z.
                plain = scalar.slope_in_z(formula)
                return Apply(ScalarFunction(f"{function.name}_slope", plain), z)
    return None


BRANCHES = (sympy.Piecewise, sympy.Abs, sympy.Max, sympy.Min, sympy.sign, sympy.Heaviside)


def _value(function: ScalarFunction, argument: Term, given: Given) -> Term:
    """σ(z_j): a_j where that is how a_j is defined."""
    for defining in given.equations:
        match defining, argument:
            case (
                Equation(_, Symbol() as left, Apply(own, Symbol(name, at, indices))),
                Symbol(name_, at_, there),
            ) if (name, at) == (name_, at_) and _same(own, function):
                return rename(left, dict(zip(indices, there, strict=True)))
    return Apply(function, argument)


def _same(one: ScalarFunction, other: ScalarFunction) -> bool:
    """Whether two activations are those of one layer, σ standing for its only one."""
    return one.layer == other.layer and one.order == other.order and one.name in ("σ", other.name)


def fact(term: Term, given: Given) -> Term | None:
    """Σ_k y_k -> 1, and whatever else is declared"""
    if isinstance(term, Sum):
        for declared in given.facts:
            if normal(term) == normal(declared.left):
                return declared.right
    return None


def simplify(term: Term, given: Given) -> Term | None:
    """A quotient of polynomials in the symbols of one neuron -> its cheapest form"""
    atoms: dict[str, Term] = {}

    def stand_in(part: Term) -> Term:
        match part:
            case Symbol() | Apply() | Size():
                name = f"x{len(atoms)}"
                name = next((n for n, known in atoms.items() if known == part), name)
                atoms[name] = part
                return Symbol(name)
            case Sum() | Delta() | Partial():
                raise _NotScalarError
            case _:
                return map_children(part, stand_in)

    try:
        plain = stand_in(term)
    except _NotScalarError:
        return None
    expression = to_sympy(plain, lambda axis: sympy.Symbol(axis.name), _plain_symbol)
    simplest = scalar.simplest(expression)
    simpler = from_sympy(simplest, atoms)
    # SymPy cancels x/x as it reads; what it reads may be simpler already than what was written.
    cancelled = len(list(walk(simpler))) < len(list(walk(term)))
    return simpler if simplest != expression or cancelled else None


def computes_like(term: Term, before: Term, given: Given) -> bool:
    """Whether a machine gets from a term what it gets from an equal one: no ∞/∞ has come in.

    Looked at are terms in a and z of one neuron, all else being numbers.
    """
    if term == before or len(given.functions) != 1:
        return True
    (function,) = given.functions
    numbers: dict[Term, sympy.Expr] = {}

    def stand_in(part: Term) -> Term:
        match part:
            case Symbol("a" | "z", layer) if layer == function.layer:
                return Symbol(part.name)
            case Symbol() | Sum() | Size() | Delta() | Partial():
                number_ = sympy.Rational(37 + 24 * len(numbers), 100)
                numbers.setdefault(part, number_)
                return Number(Fraction(int(numbers[part].p), int(numbers[part].q)))
            case _:
                return map_children(part, stand_in)

    letters = {"a": A, "z": Z}
    first, second = (
        to_sympy(stand_in(x), lambda axis: sympy.Symbol(axis.name), lambda s: letters[_name(s)])
        for x in (before, term)
    )
    if function.formula is None or first.free_symbols - {A, Z}:
        return True
    return scalar.keeps_up(second, first, function.formula)


def _name(symbol: Symbol | Partial) -> str:
    assert isinstance(symbol, Symbol)
    return symbol.name


def _plain_symbol(stand_in: Symbol | Partial) -> sympy.Symbol:
    assert isinstance(stand_in, Symbol)
    return sympy.Symbol(stand_in.name)


class _NotScalarError(Exception):
    """The term has sums or derivatives in it."""


def collect(term: Term, given: Given) -> Term | None:
    """Σ_p [p = j] x_p -> x_j, and the normal form with common factors outside"""
    try:
        collected = factorise(term)
    except TooLongError:
        return None  # it stays in its factors
    return None if collected == term else collected


# --- the table -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rule:
    """A named rewrite; `because` is the sentence that the reader of a derivation sees.

    `whole` rules look at the whole term, the others at each place from the outside in; in what it
    made, a rule that is enough `once` finds nothing more. Where a rule rewrites terms of one `kind`
    only, what has none of them inside need not be searched, nor anything if what it `needs` of
    `Given` is empty.
    """

    name: str
    because: str
    rewrite: Callable[[Term, Given], Term | None] = field(repr=False)
    kind: type[Term] | None = None
    needs: str = ""
    whole: bool = False
    once: bool = False

    def concerns(self, term: Term) -> bool:
        """Whether the rule may find something to rewrite in a term."""
        if isinstance(term, LEAVES):
            return self.kind is None or isinstance(term, self.kind)
        return self.kind is None or self.kind in kinds(term)

    def has_what_it_needs(self, given: Given) -> bool:
        """Whether there is anything that the rule could put in."""
        return not self.needs or bool(getattr(given, self.needs))


RULES = {
    rule.name: rule
    for rule in (
        Rule(
            "definition of δ",
            "the derivative by z is the error δ of that neuron",
            definition,
            Partial,
        ),
        Rule("lemma", "what was found above is put in", lemma, needs="lemmas"),
        Rule("equation", "insert the defining equation of the quantity", equation, Partial),
        Rule(
            "sum rule", "the derivative of a sum is the sum of the derivatives", sum_rule, Partial
        ),
        Rule("constant", "what does not contain the variable has derivative 0", constant, Partial),
        Rule(
            "product rule",
            "one factor at a time; factors without the variable stay",
            product_rule,
            Partial,
        ),
        Rule("power rule", "the derivative of xⁿ is n xⁿ⁻¹, times that of x", power_rule, Partial),
        Rule(
            "scalar chain rule", "the outer derivative times the inner one", scalar_chain, Partial
        ),
        Rule(
            "same symbol",
            "a symbol by itself is 1 at equal indices and 0 elsewhere",
            same_symbol,
            Partial,
        ),
        Rule(
            "collect",
            "a sum over [p = j] keeps the term p = j; multiplied out, with equal terms together",
            collect,
            whole=True,
            once=True,
        ),
        Rule("fold", "the layer's own quantities are written by their names", fold, whole=True),
        Rule("fact", "a declared fact about the desired values", fact, Sum, "facts"),
        Rule(
            "chain rule", "C depends on the variable only through these quantities", chain, Partial
        ),
        Rule("activation", "the activation that this layer has", name_function, Apply, "functions"),
        Rule(
            "simplify",
            "cancelled, or in factors: equal, and cheaper to compute",
            simplify,
            whole=True,
        ),
        Rule("slope", "the slope in its cheapest exact form, through the activation", slope, Apply),
    )
}


Place = tuple[Term, Term]  # a part of a term, and what it becomes


def apply(rule: Rule, term: Term, given: Given, still: set[Term]) -> tuple[Term, Place | None]:
    """The term with a rule applied wherever it applies, from the outside in, and the first place.

    `still` remembers the parts in which the rule finds nothing: they are not searched again.
    """
    places: list[Place] = []

    def go(part: Term) -> Term:
        if not rule.concerns(part) or part in still:
            return part
        changed = rule.rewrite(part, given)
        if changed is not None:
            places.append((part, changed))
            return changed
        known = len(places)
        after = part if rule.whole else map_children(part, go)
        if len(places) == known:
            still.add(part)
        return after

    after = go(term) if rule.has_what_it_needs(given) else term
    return after, places[0] if places else None
