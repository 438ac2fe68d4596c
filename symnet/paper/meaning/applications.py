r"""What functions make of their arguments: entry by entry, or of a matrix; and cases.

>>> from symnet.paper.signs.notation import NIELSEN
>>> from symnet.paper.formula.reader import read
>>> from symnet.paper.meaning.reading import Layers
>>> Applications(NIELSEN, Layers())._function_of(read(r"\sigma'").statements[0])
Function(name='σ', order=1, power=None, diagonal=False, layer=None)
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import sympy

from symnet.calculus import scalar as scalars
from symnet.errors import SymnetError
from symnet.network import notation as n
from symnet.paper.formula import syntax as s
from symnet.paper.meaning.arrays import Array, Value, scalar
from symnet.paper.meaning.formulas_of_one import HIGHEST_ORDER, as_formula, exponential, put
from symnet.paper.meaning.quantities import Quantities
from symnet.paper.meaning.vector_functions import KINDS, vector_function
from symnet.paper.signs.derivatives import derivative_of
from symnet.paper.signs.function_names import (
    SAMENESS,
    Function,
    function_of,
    is_bracket,
    is_otherwise,
    is_word,
    without_words,
)
from symnet.paper.signs.misfits import Unclear
from symnet.paper.signs.scripts import digits_of, in_a_row
from symnet.term import (
    ARGUMENT,
    Apply,
    Delta,
    LayerNumber,
    Number,
    Partial,
    ScalarFunction,
    Symbol,
    Term,
    add,
    mul,
    number,
    power,
    walk,
)


class Applications(Quantities):
    """What functions, cases and places that are put in mean."""

    __slots__ = ()

    def _function_of(self, node: s.Node) -> Function | None:
        """A function's name, perhaps with primes, dots and powers; dσ/dz."""
        if isinstance(node, s.Fraction):
            found = derivative_of(node)
            if found is None or not isinstance(found[0], s.Name | s.Scripted):
                return None
            inner = function_of(found[0], self.notation)
            if inner is None or inner.power is not None:
                return None
            return replace(inner, order=inner.order + found[2])
        if not isinstance(node, s.Name | s.Scripted):
            return None
        return function_of(node, self.notation)

    def _stands_alone(self, factors: list[s.Node], operators: list[str], at: int) -> bool:
        """Whether a function has no argument, as in σ' = σ(1 - σ) or dσ/dz."""
        if self.notation.letters and not isinstance(factors[at], s.Fraction):
            return False
        after = at + 1
        if after == len(factors) or operators[after]:
            return True
        following = factors[after]
        if is_word(factors[at]):
            return False
        if isinstance(factors[at], s.Fraction) or isinstance(following, s.Name | s.Scripted):
            return not is_bracket(following) and (
                isinstance(factors[at], s.Fraction) or self._function_of(following) is not None
            )
        return is_bracket(following) and self._has_bare_function(following)

    def _has_bare_function(self, node: s.Node) -> bool:
        """Whether a function stands in an expression without an argument."""
        if isinstance(node, s.Product):
            for at, factor in enumerate(node.factors):
                if self._function_of(factor) is not None and self._stands_alone(
                    list(node.factors), list(node.operators), at
                ):
                    return True
            return any(
                self._has_bare_function(x) for x in node.factors if self._function_of(x) is None
            )
        if isinstance(node, s.Name | s.Scripted) and self._function_of(node) is not None:
            return True
        return any(map(self._has_bare_function, s.children(node)))

    def _call(
        self,
        called: Function,
        node: s.Node,
        factors: list[s.Node],
        operators: list[str],
        at: int,
    ) -> tuple[Value, int]:
        after = at + 1
        if after >= len(factors) or operators[after]:
            raise Unclear("a function without an argument", node)
        inner = self._function_of(factors[after])
        if inner is not None:
            # ln σ(z): what follows is the argument, with its own.
            value, end = self._call(inner, factors[after], factors, operators, after)
            return self._applied_to(called, value, node), end
        if isinstance(factors[after], s.Big):
            # ln Σ_j e^{z_j}: a sum takes all that follows it.
            argument = in_a_row(factors[after:], ["", *operators[after + 1 :]])
            return self._called(called, argument, node), len(factors)
        if not isinstance(factors[after], s.Array) and not is_bracket(factors[after]):
            # tanh z, ln a_j: all letters that follow, up to the next function, sum or bracket.
            while (
                after + 1 < len(factors)
                and not operators[after + 1]
                and isinstance(factors[after + 1], s.Name | s.Scripted | s.Number | s.Fraction)
                and self._function_of(factors[after + 1]) is None
                and not isinstance(factors[at + 1], s.Fraction)
            ):
                after += 1
        argument = in_a_row(factors[at + 1 : after + 1], ["", *operators[at + 2 : after + 1]])
        return self._called(called, argument, node), after + 1

    def _called(self, called: Function, argument: s.Node, node: s.Node) -> Value:
        """σ(z)^2 and σ(z)^T: what is raised belongs to the value, not to the argument."""
        if isinstance(argument, s.Scripted) and is_bracket(argument.base):
            value = self._called(called, argument.base, node)
            return self._raised_value(argument, value)
        return self.applied(called, argument, node)

    def applied(self, called: Function, argument: s.Node, node: s.Node) -> Value:
        """A function of what stands in its brackets."""
        inside = argument.body if isinstance(argument, s.Bracketed) else argument
        if called.name in ("max", "min"):
            return self._extreme(called, inside, node)
        if called.name in self.notation.written:
            return self._written(called, inside, node)
        return self._applied_to(called, self.value(inside), node)

    def _written(self, called: Function, argument: s.Node, node: s.Node) -> Value:
        """f(u), where the page has a formula of f with parameters: it is put in."""
        variable, body = self.notation.written[called.name]
        value = self.value(argument)
        if not (isinstance(value, Array) and value.is_number):
            raise Unclear("a function with parameters of an array", node)
        outer = self.notation
        letters = {k: v for k, v in outer.letters.items() if k != variable}
        self.notation = replace(outer, letters=letters, scalars=outer.scalars | {variable})
        try:
            term = self.number(body)
        finally:
            self.notation = outer
        by = Symbol(variable)
        if called.order and value.term != by:
            raise Unclear("the derivative of this function at another place", node)
        for _ in range(called.order):
            term = Partial(term, by)
        found = term if value.term == by else put(term, by, value.term)
        return scalar(found if called.power is None else power(found, called.power))

    def _applied_to(self, called: Function, value: Value, node: s.Node) -> Value:
        found: Value
        match called.name:
            case "diag":
                found = self.arrays.diagonal(value)
            case "tr":
                found = self.arrays.trace(value)
            case "vec":
                found = self.arrays.vec(value)
            case name if name in KINDS:
                found = self._of_vector(called, value, node)
            case "exp" if called.order == 0:
                found = self.arrays.map(value, exponential)
            case _:
                if called.name == "σ" and self.notation.coupled:
                    self._check_layer(called, value, node)
                function = self._scalar_function(called, node)
                if self.notation.per_layer and called.name == "σ":
                    function = replace(function, layer=self._own_layer(called, value, node))
                found = self.arrays.map(value, lambda x: Apply(function, x))
                if called.diagonal:
                    found = self.arrays.diagonal(found)
        if called.power is not None:
            exponent = called.power
            found = self.arrays.map(found, lambda x: power(x, exponent))
        return found

    def _of_vector(self, called: Function, value: Value, node: s.Node) -> Value:
        """softmax and its like, of a vector."""
        made = None
        if isinstance(value, Array) and not called.order:
            made = vector_function(called.name, value, self.arrays)
        if made is None:
            raise Unclear(f"{called.name} of this is not understood", node)
        if made.is_number and called.name != "lse":
            self.notes.append("the softmax of an entry is read as the entry of the softmax")
        return made

    def implied(self, called: Function, node: s.Node) -> Value:
        """σ' where no argument is printed: its value at any number."""
        name = next(iter(self.variables), self.notation.variable)
        if name is None:
            raise Unclear("where is this function taken?", node)
        return self._applied_to(called, scalar(Symbol(name)), node)

    def _check_layer(self, called: Function, value: Value, node: s.Node) -> None:
        """Raises Unclear where σ may be meant as what the last layer has, which is a softmax."""
        last = self.layers.number(n.L)
        symbols = walk(value.term) if isinstance(value, Array) else ()
        at_last = any(isinstance(x, Symbol) and (x.name, x.layer) == ("z", last) for x in symbols)
        # σ'(z^L) is that of the layers below, but σ'(z^l) was not written for l = L.
        if at_last and (not called.order or self.layers.numbers.keys() - {"L"}):
            raise Unclear("the last layer has another function than σ", node)

    def _own_layer(self, called: Function, value: Value, node: s.Node) -> LayerNumber:
        """Whose σ it is, where each layer has its own: as printed, else as its z has it."""
        if called.layer is not None:
            return self._layer(called.layer)
        layers = set()
        if isinstance(value, Array):
            layers = {x.layer for x in walk(value.term) if isinstance(x, Symbol) and x.name == "z"}
        layer = layers.pop() if len(layers) == 1 else None
        if layer is None:
            raise Unclear("the function of which layer is this?", node)
        return layer

    def _extreme(self, called: Function, inside: s.Node, node: s.Node) -> Value:
        if not isinstance(inside, s.Listed) or len(inside.items) != 2:
            raise Unclear(f"{called.name} needs two arguments", node)
        one, other = self._broadcast(*map(self.value, inside.items))
        sign = number(1 if called.name == "max" else -1)
        # max(x, y) = x + max(0, y - x)
        positive = ScalarFunction("max", sympy.Piecewise((0, ARGUMENT <= 0), (ARGUMENT, True)))

        def beyond(x: Term) -> Term:
            return mul(sign, Apply(positive, mul(sign, x)))

        minus = self.arrays.map(one, lambda x: mul(number(-1), x))
        return self.arrays.add(one, self.arrays.map(self.arrays.add(other, minus), beyond))

    def _broadcast(self, one: Value, other: Value) -> tuple[Value, Value]:
        """max(0, z) is taken entry by entry."""
        if isinstance(one, Array) and isinstance(other, Array):
            if one.is_number and not other.is_number:
                return replace(other, term=one.term), other
            if other.is_number and not one.is_number:
                return one, replace(one, term=other.term)
        return one, other

    def _scalar_function(self, called: Function, node: s.Node) -> ScalarFunction:
        formula = self.notation.formula(called.name)
        if called.order > HIGHEST_ORDER:
            raise Unclear(f"derivatives up to order {HIGHEST_ORDER} are understood", node)
        if called.name == "σ" or formula is None:
            return ScalarFunction(called.name, formula, None, called.order)
        for _ in range(called.order):
            try:
                formula = scalars.derivative(formula)
            except SymnetError as error:
                raise Unclear(f"the derivative of {called.name}: {error}", node) from None
        return ScalarFunction(called.name + "'" * called.order, formula)

    def _evaluated(self, node: s.Node, body: s.Node, at: s.Node) -> Value:
        """f'(x)|_{x = u}: the variable is what stands at the place."""
        match at:
            case s.Chain(sides=(s.Name(text=name), place), relations=("=",)):
                letters = {k: v for k, v in self.notation.letters.items() if k != name}
                outer = self.notation
                self.notation = replace(outer, letters=letters)
                with self._variable(name, scalar(Symbol(name))):
                    inner = self.value(body)
                self.notation = outer
                place_ = self.value(place)
                if not isinstance(inner, Array) or not inner.is_number:
                    raise Unclear("only a number is taken at a place", node)
                variable = Symbol(name)
                if any(isinstance(x, Partial) and x.by == variable for x in walk(inner.term)):
                    raise Unclear("this cannot be taken at a place", node)
                term = inner.term
                return self.arrays.map(place_, lambda x: put(term, variable, x))
        raise Unclear("what is put in here is not understood", at)

    def _cases(self, node: s.Node, rows: Sequence[Sequence[s.Node]]) -> Value:
        """Branches over one number, as a function of it; or over whether two neurons are one."""
        rows = [[x for cell in row for x in without_words(cell)] for row in rows]
        if any(isinstance(row[-1], s.Chain) and row[-1].relations[0] in SAMENESS for row in rows):
            return self._cases_of_neurons(node, rows)
        subject: Term | None = None
        branches: list[tuple[sympy.Expr, sympy.Basic]] = []
        for row in rows:
            if len(row) != 2:
                raise Unclear("a branch needs a value and a condition", node)
            condition: sympy.Basic = sympy.true
            if isinstance(row[1], s.Chain):
                about, condition = self._condition(row[1])
                if subject is not None and about != subject:
                    raise Unclear("the branches are over different numbers", row[1])
                subject = about
            elif not is_otherwise(row[1]):
                raise Unclear("this condition is not understood", row[1])
            branches.append((self.number(row[0]), condition))
        if subject is None:
            raise Unclear("over what are these branches?", node)
        made = []
        for value, condition in branches:
            formula = as_formula(put(value, subject, Symbol("case")), "case")
            if formula is None:
                raise Unclear("the branches depend on more than one number", node)
            made.append((formula, condition))
        _check_covered([condition for _, condition in branches], node)
        # What no branch says, at the kink itself, is not judged.
        formula = sympy.Piecewise(*made[:-1], (made[-1][0], True))
        return scalar(Apply(ScalarFunction("cases", formula), subject))

    def _cases_of_neurons(self, node: s.Node, rows: Sequence[Sequence[s.Node]]) -> Value:
        """j = k, j ≠ k, otherwise: each branch times its condition."""
        if len(rows) != 2 or any(len(row) not in (1, 2) for row in rows):
            raise Unclear("these branches are not understood", node)
        conditions: list[Term] = []
        for row in rows:
            if len(row) == 2 and isinstance(row[1], s.Chain):
                conditions.append(self._iverson(row[1]))
            elif conditions and (len(row) == 2 and is_otherwise(row[1])):
                conditions.append(add(number(1), mul(number(-1), conditions[0])))
            else:
                raise Unclear("this condition is not understood", node)
        one, other = conditions
        if not isinstance(one, Delta) and not isinstance(other, Delta):
            raise Unclear("these branches overlap", node)
        if add(one, other) != add(number(1), mul(number(-1), other), other) and (
            add(one, other) != add(one, number(1), mul(number(-1), one))
        ):
            raise Unclear("these branches are not all there are", node)
        return scalar(
            add(*(mul(c, self.number(r[0])) for c, r in zip(conditions, rows, strict=True)))
        )

    def _iverson(self, chain: s.Node) -> Term:
        """[z > 0] as a function of z; [j = k] as it is."""
        if not isinstance(chain, s.Chain) or chain.relations[0] in SAMENESS:
            return super()._iverson(chain)
        about, condition = self._condition(chain)
        formula = sympy.Piecewise((1, condition), (0, True))
        return Apply(ScalarFunction("indicator", formula), about)

    def _indicator(self, chain: s.Node) -> Value:
        """1(Z > 0): 1 or 0 for each entry of an array; [j = k] and [z > 0] of numbers."""
        if not isinstance(chain, s.Chain):
            return scalar(self._iverson(chain))
        if len(chain.sides) != 2 or chain.relations[0] in SAMENESS:
            return scalar(self._iverson(chain))
        value = self.value(chain.sides[0])
        if not isinstance(value, Array) or value.is_number:
            return scalar(self._iverson(chain))
        order = {"<": sympy.Lt, ">": sympy.Gt}.get(chain.relations[0])
        if order is None or digits_of(chain.sides[1]) != "0":
            raise Unclear("this condition is not understood", chain)
        step = sympy.Piecewise((1, order(ARGUMENT, 0)), (0, True))
        return self.arrays.map(value, lambda x: Apply(ScalarFunction("indicator", step), x))

    def _condition(self, chain: s.Chain) -> tuple[Term, sympy.Basic]:
        """z > 0 as a condition on ARGUMENT, and what it is about."""
        orders = {"<": sympy.Lt, ">": sympy.Gt}
        orders |= {r"\le": sympy.Le, r"\leq": sympy.Le, r"\ge": sympy.Ge, r"\geq": sympy.Ge}
        if len(chain.sides) != 2 or chain.relations[0] not in orders:
            raise Unclear("this condition is not understood", chain)
        left, right = map(self.number, chain.sides)
        order = orders[chain.relations[0]]
        if isinstance(right, Number):
            value = sympy.Rational(right.value.numerator, right.value.denominator)
            return left, order(ARGUMENT, value)
        if isinstance(left, Number):
            value = sympy.Rational(left.value.numerator, left.value.denominator)
            return right, order(value, ARGUMENT)
        raise Unclear("this condition is not understood", chain)


def _check_covered(conditions: Sequence[sympy.Basic], node: s.Node) -> None:
    """Raises Unclear where branches leave a gap, or more than one holds beside a kink."""
    kinks = {number_ for condition in conditions for number_ in condition.atoms(sympy.Rational)}
    ordered = sorted(kinks)
    points = [(x + y) / 2 for x, y in pairwise(ordered)]
    points += [ordered[0] - 1, ordered[-1] + 1] if ordered else []
    plain = [condition for condition in conditions if condition != sympy.true]
    for point in points:
        holding = sum(condition.subs(ARGUMENT, point) == sympy.true for condition in plain)
        if holding > 1 or (not holding and len(plain) == len(conditions)):
            raise Unclear("the branches leave a gap or overlap", node)
