"""What a printed formula means: syntax trees to arrays of index expressions.

An `Elaborator` knows the notation of a page and the layers of a network, numbered (then sizes are
known and shapes are compared by their lengths) or general (then axes are compared by their layers).
Matrix notation, scripts and derivatives become terms; what has no meaning is a `Misfit`, and what is
not understood is said to be so, each with its place.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction

import sympy

from symnet.calculus import scalar as scalars
from symnet.errors import SymnetError
from symnet.network import notation as n
from symnet.paper import syntax as s
from symnet.paper.arrays import Array, Arrays, Blocks, ShapeClash, Table, Value, blocks, opaque, scalar
from symnet.paper.conventions import Family, Notation, spelled_out
from symnet.term import (
    ARGUMENT,
    Apply,
    Axis,
    Delta,
    Index,
    LayerNumber,
    Number,
    Partial,
    Power,
    ScalarFunction,
    Size,
    Sum,
    Symbol,
    Term,
    add,
    children,
    free_indices,
    map_children,
    mul,
    number,
    power,
    rename,
    walk,
)

ENTRYWISE = frozenset({r"\odot", r"\circ", r"\bullet", r"\star", ".*", r"\ast"})
DIVISION = r"\oslash"
OUTER = r"\otimes"
TRANSPOSES = frozenset({"T", r"\top", r"\intercal", r"\mathsf{T}", "t"})
LARGEST_EXPONENT = 100  # of a number
HIGHEST_ORDER = 4  # of a derivative
MOST_DIGITS = 30  # of a number
# Letters and signs that mean something everywhere, declared or not.
COMMON = frozenset({"d", "D", "i", r"\partial", "1", "0", "J", "E", r"\mathcal", r"\Delta", "R"})
MATRIX_FUNCTIONS = frozenset({"diag", "tr", "vec", "max", "min"})
COUNTS = frozenset("nNKMDJIdp")  # letters by which people count neurons
MOST_FACTORS = 40  # layers that a product over layers is written out for


class Misfit(SymnetError):  # noqa: N818 - what the formula is, not a failure of ours
    """No meaning is possible: shapes that clash, symbols nobody declared. Its kind, and the place."""

    def __init__(self, message: str, node: s.Node, kind: str = "shape") -> None:
        super().__init__(message)
        self.span, self.kind = (node.start, node.end), kind


class Missing(Misfit):
    """A quantity that no layer has: w^1, z^1, δ^{L+1}."""


class Unclear(SymnetError):  # noqa: N818 - as above
    """Something that was not understood, and where."""

    def __init__(self, message: str, node: s.Node) -> None:
        super().__init__(message)
        self.span = (node.start, node.end)


@dataclass(frozen=True, slots=True)
class Layers:
    """The layers that a formula speaks of.

    `numbers` has the layers that letters stand for; `widths` the widths of a numbered network,
    None where layers are general. `equal`: all widths are the same, whatever they are.
    """

    numbers: Mapping[str, LayerNumber] = field(default_factory=dict)
    widths: tuple[int, ...] | None = None

    def size(self, axis: Axis) -> int | None:
        """How many neurons a layer has."""
        if axis.name != "n" or self.widths is None or axis.layer.name:
            return None
        at = axis.layer.offset
        return self.widths[at - 1] if 1 <= at <= len(self.widths) else None

    def same(self, one: Axis, other: Axis) -> bool:
        """Whether two axes are of one length."""
        if one == other:
            return True
        left, right = self.size(one), self.size(other)
        return left is not None and left == right

    def number(self, layer: LayerNumber) -> LayerNumber:
        """A layer with what its letter stands for."""
        if layer.name in self.numbers:
            return self.numbers[layer.name].shift(layer.offset)
        return layer

    def has(self, name: str, layer: LayerNumber) -> bool:
        """Whether a quantity exists at a layer, as far as can be told."""
        if layer.name == "L" and layer.offset > 0:
            return False
        if layer.name:
            return True
        first = 1 if name in ("a", "n") else 2
        last = len(self.widths) if self.widths is not None else layer.offset
        return first <= layer.offset <= last


@dataclass(slots=True)
class Slot:
    """A letter for neurons, and the axis that its first use gave it."""

    name: str
    axis: Axis | None = None
    node: s.Node | None = None


@dataclass(slots=True)
class Elaborator:
    """Values of syntax trees. `inverses` collects matrices that are inverted, by their names."""

    notation: Notation
    layers: Layers
    scope: dict[str, Slot] = field(default_factory=dict)
    variables: dict[str, Array] = field(default_factory=dict)
    inverses: dict[str, Array] = field(default_factory=dict)
    parts: dict[str, tuple[tuple[Index, ...], Term]] = field(default_factory=dict)
    elsewhere: frozenset[str] = frozenset()  # letters of the other side of a claim
    remaining: str = ""  # how a product over a general number of layers stands: see `_peeled`
    notes: list[str] = field(default_factory=list)
    arrays: Arrays = field(init=False)

    def __post_init__(self) -> None:
        self.arrays = Arrays(self._size, self._same)

    def _size(self, axis: Axis) -> int | None:
        return self.layers.size(axis)

    def _same(self, one: Axis, other: Axis) -> bool:
        return self.layers.same(one, other)

    # --- expressions -----------------------------------------------------------------------

    def value(self, node: s.Node) -> Value:
        """What an expression means. Raises Misfit or Unclear."""
        try:
            found = self._value(node)
        except ShapeClash as clash:
            raise Misfit(
                f"these shapes cannot be {clash.action}: {clash.left} and {clash.right}", node
            ) from None
        return self.arrays.squeezed(found) if isinstance(found, Array) else found

    def number(self, node: s.Node) -> Term:
        """What an expression means, which has to be a number."""
        found = self.value(node)
        if isinstance(found, Array) and found.is_number:
            return found.term
        raise Misfit(f"a number is needed here, and this is {self.arrays.shape(found)}", node)

    def _value(self, node: s.Node) -> Value:
        match node:
            case s.Number(text=text):
                if len(text) > MOST_DIGITS:
                    raise Unclear("this number is too long", node)
                return scalar(number(Fraction(text)))
            case s.Name() | s.Scripted():
                alone = None if self.notation.letters else function_of(node, self.notation)
                if alone is not None and alone.name not in MATRIX_FUNCTIONS:
                    self.notes.append("a function without an argument is read as at any number")
                    return self.implied(alone, node)
                return self._scripted(node)
            case s.Bracketed(open="|"):
                return self.arrays.map(self.value(node.body), _absolute)
            case s.Bracketed(open="⟨", body=s.Listed(items=(one, other))):
                return self._inner(node, self.value(one), self.value(other))
            case s.Bracketed(open="‖"):
                return scalar(power(self._squares(node.body), Fraction(1, 2)))
            case s.Bracketed(open="[", body=s.Chain() as chain):
                return scalar(self._iverson(chain))
            case s.Bracketed(open="[" | "(" | r"\{", body=body):
                return self.value(body)
            case s.Fraction():
                return self._fraction(node)
            case s.Root(body, degree):
                exponent = Fraction(1, 2) if degree is None else 1 / self._rational(degree)
                return self.arrays.map(self.value(body), lambda x: power(x, exponent))
            case s.Additive(terms, signs):
                return self._added(node, terms, signs)
            case s.Product(factors, operators):
                return self._product(list(factors), list(operators))
            case s.Array(rows):
                return self._table(node, rows)
            case s.Annotated(body):
                return self.value(body)
            case s.Big():
                return self._product([node], [""])
            case s.Evaluated(body, at):
                return self._evaluated(node, body, at)
            case s.Cases(rows):
                return self._cases(node, rows)
        raise Unclear(f"this is not understood: {type(node).__name__.lower()}", node)

    def _inner(self, node: s.Node, one: Value, other: Value) -> Value:
        if not isinstance(one, Array) or not isinstance(other, Array):
            raise Unclear("the inner product of what is written out", node)
        found = self.arrays.inner(*self.arrays.matched(one, other))
        if found is None:
            if one.cols or other.cols:
                raise Unclear("the inner product of matrices", node)
            raise ShapeClash("multiplied (inner)", self.arrays.shape(one), self.arrays.shape(other))
        return found

    def _added(
        self, node: s.Node, terms: Sequence[s.Node], signs: Sequence[str]
    ) -> Value:
        dotted = self._dotted_sum(terms, signs)
        if dotted is not None:
            return dotted
        total: Value | None = None
        for term, sign in zip(terms, signs, strict=True):
            if sign not in "+-":
                raise Unclear(f"{sign} has two values", term)
            value = self.value(term)
            if sign == "-":
                value = self.arrays.map(value, lambda x: mul(number(-1), x))
            total = value if total is None else self.arrays.add(total, value)
        assert total is not None
        return total

    def _table(self, node: s.Node, rows: Sequence[Sequence[s.Node]]) -> Value:
        if any(isinstance(cell, s.Dots) for row in rows for cell in row):
            return self._dotted_table(node, rows)
        if len({len(row) for row in rows}) != 1:
            raise Misfit("the rows of this matrix are not of one length", node)
        values = [[self.value(cell) for cell in row] for row in rows]
        if any(not (isinstance(x, Array) and x.is_number) for row in values for x in row):
            found = blocks(map(tuple, values))
            if isinstance(found, Blocks):
                self.arrays.of_blocks(found)  # they have to fit beside each other
            return found
        made = Table(tuple(tuple(self.number(cell) for cell in row) for row in rows))
        return scalar(made.entries[0][0]) if len(rows) == len(rows[0]) == 1 else made

    def _squares(self, node: s.Node) -> Term:
        value = self.value(node)
        return self.arrays.total(self.arrays.map(value, lambda x: power(x, 2))).term

    def _fraction(self, node: s.Fraction) -> Value:
        derivative = _derivative_of(node)
        if derivative is not None:
            of, by, order = derivative
            if of is None:
                raise Unclear("nothing stands after this derivative", node)
            bare = self._function_of(node)
            if bare is not None:
                self.notes.append("the derivative of a function without its argument is at ∂'s own")
                return self.applied(bare, by, node)
            blocks_of = by.body if isinstance(by, s.Bracketed) else by
            if isinstance(blocks_of, s.Array) and order == 1:
                parts = [[self.derivative(self.value(of), x, node, 1) for x in row]
                         for row in blocks_of.rows]  # fmt: skip
                if any(not (isinstance(x, Array) and x.is_number) for row in parts for x in row):
                    return blocks(map(tuple, parts))
                return Table(tuple(tuple(self.arrays.total(x).term for x in row) for row in parts))
            return self.derivative(self.value(of), by, node, order)
        below = self.number(node.below)
        return self.arrays.map(self.value(node.above), lambda x: mul(x, power(below, -1)))

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
        rows = [[x for cell in row for x in _without_words(cell)] for row in rows]
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
            elif not _otherwise(row[1]):
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
            elif conditions and (len(row) == 2 and _otherwise(row[1])):
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
        return scalar(add(*(mul(c, self.number(r[0])) for c, r in zip(conditions, rows, strict=True))))

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

    # --- products --------------------------------------------------------------------------

    def _product(self, factors: list[s.Node], operators: list[str]) -> Value:
        """Matrix products bind tighter than ⊙; a sum or a derivative takes all that follows it."""
        factors, operators = self._without_iterations(factors, operators)
        factors, operators = self._slashed_derivatives(factors, operators)
        factors, operators = self._dotted_product(factors, operators)
        groups: list[Value] = []
        group: Value | None = None
        inverted: set[int] = set()
        at = 0
        while at < len(factors):
            operator = operators[at] if at else ""
            where = factors[at]
            value, after = self._factor(factors, operators, at)
            try:
                if group is None:
                    group = value
                elif operator == DIVISION:
                    groups.append(group)
                    inverted.add(len(groups))
                    group = value
                elif operator in ENTRYWISE or operator in self.notation.entrywise:
                    groups.append(group)
                    group = value
                else:
                    group = self._joined(group, value, operator, where)
            except ShapeClash as clash:
                place = replace(where, start=factors[0].start)
                raise self._clash(clash, place) from None
            at = after
        assert group is not None
        groups.append(group)
        total = groups[0]
        for place_, value in enumerate(groups[1:], start=1):
            try:
                if place_ in inverted:
                    value = self.arrays.map(value, lambda x: power(x, -1))
                total = self.arrays.times(total, value)
            except ShapeClash as clash:
                place = replace(factors[-1], start=factors[0].start)
                raise self._clash(clash, place) from None
        if len(groups) > 1 and len(factors) > 2:
            note = "matrix products are taken before ⊙"
            if note not in self.notes:
                self.notes.append(note)
        return total

    def _without_iterations(
        self, factors: list[s.Node], operators: list[str]
    ) -> tuple[list[s.Node], list[str]]:
        """b(t), δ(t+1): the step of training is not a factor."""
        kept = [
            at
            for at, factor in enumerate(factors)
            if not (at and isinstance(factor, s.Bracketed) and self.notation.is_iteration(factor.body))
        ]
        return [factors[at] for at in kept], [operators[at] for at in kept]

    def _clash(self, clash: ShapeClash, node: s.Node) -> Misfit:
        return Misfit(
            f"these shapes cannot be {clash.action}: {clash.left} and {clash.right}", node
        )

    def _joined(self, one: Value, other: Value, operator: str, node: s.Node) -> Value:
        if operator == "/":
            if not (isinstance(other, Array) and other.is_number):
                raise Misfit("a matrix does not divide", node, "wrong-product")
            below = other.term
            return self.arrays.map(one, lambda x: mul(x, power(below, -1)))
        if operator == OUTER:
            if not (isinstance(one, Array) and isinstance(other, Array)):
                raise Unclear("⊗ of matrices that are written out", node)
            if self.notation.otimes == "kronecker":
                return self.arrays.kronecker(one, other)
            if self.notation.otimes == "entrywise":
                return self.arrays.times(one, other)
            return self.arrays.outer(one, other)
        try:
            return self._part(self.arrays.dot(one, other))
        except ShapeClash:
            if operator == r"\cdot" and isinstance(one, Array) and isinstance(other, Array):
                inner = self.arrays.inner(one, other)
                if inner is not None:
                    self.notes.append("the dot between two vectors is read as their inner product")
                    return inner
            raise

    def _part(self, value: Value) -> Value:
        """A product of several matrices at numbers as a part with a name, computed once.

        Without it the sums of A B C … x would be worked out inside each other.
        """
        if self.layers.widths is None or not isinstance(value, Array):
            return value
        if not isinstance(value.term, Sum) or not any(
            isinstance(part, Sum) for part in walk(value.term.body)
        ):
            return value
        letters = tuple(sorted(free_indices(value.term), key=lambda index: index.name))
        letters = tuple(index for index in letters if not index.name.isdigit())
        name = f"part {len(self.parts) + 1}"
        self.parts[name] = letters, value.term
        return replace(value, term=Symbol(name, None, letters))

    def whole(self, term: Term) -> Term:
        """A term with its parts put in."""
        if isinstance(term, Symbol) and term.name in self.parts:
            letters, meant = self.parts[term.name]
            return self.whole(rename(meant, dict(zip(letters, term.indices, strict=True))))
        return map_children(term, self.whole) if self.parts else term

    def _factor(
        self, factors: list[s.Node], operators: list[str], at: int
    ) -> tuple[Value, int]:
        """The value of what begins at a factor, and where the next one begins."""
        node = factors[at]
        rest, between = factors[at + 1 :], operators[at + 1 :]
        if isinstance(node, s.Big):
            if not rest:
                raise Misfit("nothing stands after this sign", node, "other")
            return self._big(node, _whole(rest, between)), len(factors)
        if isinstance(node, s.Fraction) and (found := _derivative_of(node)) and found[0] is None:
            if not rest:
                raise Misfit("nothing stands after this derivative", node, "other")
            after = self._reach(factors, operators, at + 1)
            of = self.value(_whole(factors[at + 1 : after], operators[at + 1 : after]))
            return self.derivative(of, found[1], node, found[2]), after
        by = _gradient_by(node)
        if by is not None:
            if not rest:
                raise Misfit("nothing stands after this derivative", node, "other")
            of = self.value(factors[at + 1])
            return self.derivative(of, by, node, 1), at + 2
        if _is_nabla(node):
            if not rest:
                raise Misfit("nothing stands after this derivative", node, "other")
            return self._total_gradient(factors[at + 1], node), at + 2
        if _is_one(node) and rest and not between[0] and isinstance(factors[at + 1], s.Bracketed):
            inside = factors[at + 1]
            assert isinstance(inside, s.Bracketed)
            if isinstance(inside.body, s.Chain):
                return scalar(self._iverson(inside.body)), at + 2
        if self._is_change(node, factors[at + 1 :]) and rest and not between[0]:
            return self._change(node, factors[at + 1]), at + 2
        called = self._function_of(node)
        if called is not None and not self._stands_alone(factors, operators, at):
            return self._call(called, node, factors, operators, at)
        return self.value(node), at + 1

    def _stands_alone(self, factors: list[s.Node], operators: list[str], at: int) -> bool:
        """Whether a function has no argument, as in σ' = σ(1 - σ) or dσ/dz."""
        if self.notation.letters and not isinstance(factors[at], s.Fraction):
            return False
        after = at + 1
        if after == len(factors) or operators[after]:
            return True
        following = factors[after]
        if _is_word(factors[at]):
            return False
        if isinstance(factors[at], s.Fraction) or isinstance(following, s.Name | s.Scripted):
            return not _is_bracket(following) and (
                isinstance(factors[at], s.Fraction) or self._function_of(following) is not None
            )
        return _is_bracket(following) and self._has_bare_function(following)

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

    def _reach(self, factors: list[s.Node], operators: list[str], at: int) -> int:
        """How far d/dx reaches: over one bracket, a function and its argument, or all that follows."""
        if isinstance(factors[at], s.Bracketed):
            return at + 1
        return len(factors)

    # --- functions -------------------------------------------------------------------------

    def _function_of(self, node: s.Node) -> "Function | None":
        """A function's name, perhaps with primes, dots and powers; dσ/dz."""
        if isinstance(node, s.Fraction):
            found = _derivative_of(node)
            if found is None or not isinstance(found[0], s.Name | s.Scripted):
                return None
            inner = function_of(found[0], self.notation)
            if inner is None or inner.power is not None:
                return None
            return replace(inner, order=inner.order + found[2])
        if not isinstance(node, s.Name | s.Scripted):
            return None
        return function_of(node, self.notation)

    def _call(
        self,
        called: "Function",
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
        if not isinstance(factors[after], s.Array) and not _is_bracket(factors[after]):
            # tanh z, ln a_j: all letters that follow, up to the next function, sum or bracket.
            while (
                after + 1 < len(factors)
                and not operators[after + 1]
                and isinstance(factors[after + 1], s.Name | s.Scripted | s.Number | s.Fraction)
                and self._function_of(factors[after + 1]) is None
                and not isinstance(factors[at + 1], s.Fraction)
            ):
                after += 1
        argument = _whole(factors[at + 1 : after + 1], ["", *operators[at + 2 : after + 1]])
        return self._called(called, argument, node), after + 1

    def _called(self, called: "Function", argument: s.Node, node: s.Node) -> Value:
        """σ(z)^2 and σ(z)^T: what is raised belongs to the value, not to the argument."""
        if isinstance(argument, s.Scripted) and _is_bracket(argument.base):
            value = self._called(called, argument.base, node)
            return self._raised_value(argument, value)
        return self.applied(called, argument, node)

    def applied(self, called: "Function", argument: s.Node, node: s.Node) -> Value:
        """A function of what stands in its brackets."""
        inside = argument.body if isinstance(argument, s.Bracketed) else argument
        if called.name in ("max", "min"):
            return self._extreme(called, inside, node)
        return self._applied_to(called, self.value(inside), node)

    def _applied_to(self, called: "Function", value: Value, node: s.Node) -> Value:
        found: Value
        match called.name:
            case "diag":
                found = self.arrays.diagonal(value)
            case "tr":
                found = self.arrays.trace(value)
            case "vec":
                found = self.arrays.vec(value)
            case "exp" if called.order == 0:
                found = self.arrays.map(value, _exponential)
            case _:
                function = self._scalar_function(called, node)
                found = self.arrays.map(value, lambda x: Apply(function, x))
                if called.diagonal:
                    found = self.arrays.diagonal(found)
        if called.power is not None:
            exponent = called.power
            found = self.arrays.map(found, lambda x: power(x, exponent))
        return found

    def implied(self, called: "Function", node: s.Node) -> Value:
        """σ' where no argument is printed: its value at any number."""
        name = next(iter(self.variables), "argument")
        return self._applied_to(called, scalar(Symbol(name)), node)

    def _extreme(self, called: "Function", inside: s.Node, node: s.Node) -> Value:
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

    def _scalar_function(self, called: "Function", node: s.Node) -> ScalarFunction:
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

    # --- names -----------------------------------------------------------------------------

    def _scripted(self, node: s.Name | s.Scripted) -> Value:
        name = node.base if isinstance(node, s.Scripted) else node
        if isinstance(name, s.Name):
            found = self._declared(node, name)
            if found is not None:
                return found
        if isinstance(node, s.Scripted):
            base = node.base
            if not isinstance(base, s.Name):
                return self._raised(node)
            if _is_one(base):
                if isinstance(node.sub, s.Chain) and node.sup is None:
                    return scalar(self._iverson(node.sub))
                if node.sub is None and node.sup is not None and is_transpose(node.sup):
                    return self.arrays.transposed(self.arrays.ones())
                raise Unclear("these ones are not understood", node)
            if base.text == "e" and node.sub is None and node.sup is not None:
                return self.arrays.map(self.value(node.sup), _exponential)
            if self.notation.has_layers(base):
                return self._quantity(node, base)
            return self._plain(node, base)
        return self._quantity(node, node) if self.notation.has_layers(node) else (
            self._plain(node, node)
        )

    def _declared(self, node: s.Name | s.Scripted, name: s.Name) -> Value | None:
        """What the page declares of a symbol. Raises Unclear where decorations are not declared."""
        spelled = spelled_out(name)
        if spelled in self.notation.aliases:
            meant = self.value(self.notation.aliases[spelled])
            if not isinstance(node, s.Scripted):
                return meant
            found = replace(node, base=s.Bracketed("(", self.notation.aliases[spelled], ")",
                                                   start=name.start, end=name.end))  # fmt: skip
            return self._raised(found)
        family = self.notation.families.get(spelled)
        if family is not None:
            return self._member(family, node)
        if name.text in self.notation.decorated and spelled != name.text:
            raise Unclear(f"{_plainly(name.text)} with a decoration is not declared", node)
        return None

    def _member(self, family: Family, node: s.Name | s.Scripted) -> Value:
        """D^{l+1}, where the page says what D^l is."""
        sub = node.sub if isinstance(node, s.Scripted) else None
        sup = node.sup if isinstance(node, s.Scripted) else None
        layer_node, transposed = layer_and_transpose(sup)
        letters = (subscripts(sub) or []) if sub is not None else []
        given = [letter.text for letter in letters]
        primes = node.primes if isinstance(node, s.Scripted) else 0
        if primes or len(given) != len(family.letters) or (layer_node is None) == bool(family.layer):
            raise Unclear("this is declared with other scripts", node)
        body = family.body
        names = {x.text for x in s.walk(body) if isinstance(x, s.Name)}
        if any(x in names and x != y for x, y in zip(given, family.letters, strict=True)):
            raise Unclear("these subscripts have another meaning where this is declared", node)
        if given:
            places = dict(zip(family.letters, letters, strict=True))
            body = _relettered(body, {k: v.text for k, v in places.items()})
        if layer_node is None:
            value = self.value(body)
        else:
            value = self._at_layer(family.layer, self._layer(layer_node), body)
        return self.arrays.transposed(value) if transposed else value

    def _raised(self, node: s.Scripted) -> Value:
        """(…)^T, (…)^2, (…)^{-1}, (…)_j; {W^l}^T."""
        if isinstance(node.base, s.Annotated):
            raise Unclear("a script at what has a label", node)
        return self._raised_value(node, self.value(node.base))

    def _raised_value(self, node: s.Scripted, base: Value) -> Value:
        """A value with what is raised and lowered at it."""
        sup = node.sup
        if node.primes:
            if isinstance(node.base, s.Bracketed | s.Scripted):
                base = self.arrays.transposed(base)
                self.notes.append("a prime at a bracket is read as a transpose")
            else:
                raise Unclear("this prime is not understood", node)
        if node.sub is not None and not (
            isinstance(node.base, s.Bracketed) and node.base.open == "‖"
        ):
            if sup is not None and is_transpose(sup):
                return self._entry(self.arrays.transposed(base), node.sub, node)
            base = self._entry(base, node.sub, node)
        if sup is None:
            return base
        if is_transpose(sup):
            return self.arrays.transposed(base)
        if isinstance(base, Array) and base.is_number:
            exponent = self._rational(sup)
            term = base.term
            if isinstance(node.base, s.Bracketed) and node.base.open == "‖" and exponent == 2:
                return scalar(self._squares(node.base.body))
            return scalar(power(term, exponent))
        if self._minus_one(sup):
            return self._inverse(base, node)
        if isinstance(base, Array) and not (base.rows and base.cols):
            exponent = self._rational(sup)
            self.notes.append("the power of a vector is taken entry by entry")
            return self.arrays.map(base, lambda x: power(x, exponent))
        raise Unclear("this power of a matrix is not understood", node)

    def _minus_one(self, sup: s.Node) -> bool:
        return isinstance(sup, s.Additive) and sup.signs == ("-",) and _digits(sup.terms[0]) == "1"

    def _inverse(self, base: Value, node: s.Node) -> Value:
        if not isinstance(base, Array):
            raise Unclear("the inverse of a matrix that is written out", node)
        if not self.arrays.fit(base.rows, base.cols):
            shape = self.arrays.shape(base)
            raise Misfit(f"only a square matrix has an inverse, and this is {shape}", node)
        name = f"inverse {len(self.inverses) + 1}"
        self.inverses[name] = base
        own = self.arrays.apart(base)
        return Array(own.rows, own.cols, opaque(name, (*own.rows, *own.cols)))

    def _entry(self, base: Value, sub: s.Node, node: s.Node) -> Value:
        """(s ⊙ t)_j: an entry of an array in brackets."""
        if not isinstance(base, Array):
            raise Unclear("an entry of a matrix that is written out", node)
        letters = subscripts(sub)
        sides = (*base.rows, *base.cols)
        if letters is None or len(letters) != len(sides):
            raise Unclear("these subscripts do not fit the array", node)
        chosen = [self._index(x, i.axis, node) for x, i in zip(letters, sides, strict=True)]
        to = dict(zip(sides, chosen, strict=True))
        if any(isinstance(index, Slice) for index in chosen):
            raise Unclear("a slice of an array in brackets", node)
        return scalar(rename(base.term, to))

    def _plain(self, node: s.Name | s.Scripted, name: s.Name) -> Value:
        """A name without layers: a scalar, a variable, the cost, x and y, a declared vector."""
        scripted = node if isinstance(node, s.Scripted) else None
        sub = scripted.sub if scripted else None
        sup = scripted.sup if scripted else None
        if scripted is not None and scripted.primes:
            raise Unclear(f"{name.text} with a prime is not understood", node)
        if sup is not None and self.notation.is_iteration(sup):
            sup = None
        found = self._named(name, sub, node)
        if sup is None:
            return found
        if is_transpose(sup):
            return self.arrays.transposed(found)
        exponent = self._rational(sup)
        return self.arrays.map(found, lambda x: power(x, exponent))

    def _named(self, name: s.Name, sub: s.Node | None, node: s.Node) -> Value:
        text = name.text
        if _is_one(name) and sub is None:
            return self.arrays.ones()
        if text in self.variables and sub is None:
            return self.variables[text]
        if text in self.notation.constants and sub is None:
            return scalar(number(self.notation.constants[text]))
        if text in self.notation.vectors:
            return self._vector(Axis(self.notation.vectors[text], n.EVERYWHERE), text, None, sub, node)
        if text in self.notation.sizes and sub is not None:
            return scalar(Size(n.neurons(self._layer(sub))))
        if text == r"\pi" and sub is None:
            pi = ScalarFunction("π", sympy.pi)
            return scalar(Apply(pi, number(0)))
        if text == "e" and sub is None:
            return scalar(_exponential(number(1)))
        if self.notation.is_cost(name):
            return scalar(n.COST)
        if text == self.notation.target:
            return self._vector(n.neurons(self.layers.number(n.L)), "y", None, sub, node)
        if text == self.notation.input and text not in self.notation.scalars:
            first = LayerNumber("", 1)
            return self._vector(n.neurons(first), "a", first, sub, node)
        if text in self.notation.scalars:
            if sub is not None:
                raise Unclear(f"{text} with a subscript is not understood", node)
            return scalar(Symbol(text))
        if text in self.notation.functions:
            raise Unclear(f"{text} without an argument is not understood", node)
        if text == "I" and sub is None:
            return self.arrays.identity()
        if text in self.notation.unread or text in COMMON or name.style[:1] == ("mathcal",):
            raise Unclear(f"{_plainly(text)} is not understood", node)
        raise Misfit(f"{_plainly(text)} is not declared", node, "other")

    def _vector(
        self, axis: Axis, name: str, layer: LayerNumber | None, sub: s.Node | None, node: s.Node
    ) -> Value:
        if sub is None:
            row = self.arrays.fresh(axis)
            return Array((row,), (), Symbol(name, layer, (row,)))
        letters = subscripts(sub)
        if letters is None or len(letters) != 1:
            raise Unclear("these subscripts are not understood", sub)
        index = self._index(letters[0], axis, node)
        if isinstance(index, Slice):
            return self._vector(axis, name, layer, None, node)
        return scalar(Symbol(name, layer, (index,)))

    def _quantity(self, node: s.Name | s.Scripted, name: s.Name) -> Value:
        """w, b, z, a, δ of a layer, whole or entry by entry."""
        quantity = self.notation.letters[name.text]
        scripted = node if isinstance(node, s.Scripted) else None
        raised = scripted.sup if scripted else None
        sub = scripted.sub if scripted else None
        if sub is not None and self.notation.is_iteration(sub):
            sub = None
        if scripted is not None and scripted.primes:
            raise Unclear(f"{_plainly(name.text)} with a prime is not understood", node)
        layer_node, transposed = layer_and_transpose(raised)
        if layer_node is None:
            letters = subscripts(sub) if sub is not None else None
            if quantity == "δ" and letters is not None and len(letters) == 2 and raised is None:
                if not self.notation.kronecker:
                    self.notes.append("delta with two indices and no layer is read as Kronecker's")
                return scalar(self._same_neuron(letters, node))
            if sub is None and name.text in self.variables:
                return self.variables[name.text]
            raise Misfit(f"{_plainly(name.text)} has no layer here", node, "other")
        layer = self._layer(layer_node)
        if not self.layers.has(quantity, layer):
            raise Missing(
                f"there is no {_plainly(name.text)} at layer {layer}", node, "wrong-range"
            )
        axes = [n.neurons(layer)]
        if quantity == "w":
            axes.append(n.neurons(self._below(layer)))
        if sub is None:
            sides = [self.arrays.fresh(axis) for axis in axes]
            found = Array((sides[0],), tuple(sides[1:]), Symbol(quantity, layer, tuple(sides)))
        else:
            found = self._entries(quantity, layer, axes, sub, node, transposed)
            if found.is_number or len(axes) == 2:
                return found
        return self.arrays.transposed(found) if transposed else found

    def _same_neuron(self, letters: "list[Letter]", node: s.Node) -> Term:
        """[j = k], where one of both is known to count the neurons of some layer."""
        axes = [
            self.scope[x.text].axis for x in letters if x.text in self.scope
        ]  # fmt: skip
        axis = next((axis for axis in axes if axis is not None), None)
        if axis is None:
            raise Unclear("the neurons of which layer are compared here?", node)
        one, other = (self._index(letter, axis, node) for letter in letters)
        if isinstance(one, Slice) or isinstance(other, Slice):
            raise Unclear("only single neurons are compared", node)
        return number(1) if one == other else Delta(one, other)

    def _iverson(self, chain: s.Node) -> Term:
        """[j = k] and [j ≠ k]."""
        match chain:
            case s.Chain(sides=(one, other), relations=(("=" | r"\ne" | r"\neq") as relation,)):
                left, right = subscripts(one), subscripts(other)
                if left is not None and right is not None and len(left) == len(right) == 1:
                    same = self._same_neuron([*left, *right], chain)
                    return same if relation == "=" else add(number(1), mul(number(-1), same))
        raise Unclear("this condition is not understood", chain)

    def _below(self, layer: LayerNumber) -> LayerNumber:
        return layer.shift(-1)

    def _entries(
        self,
        quantity: str,
        layer: LayerNumber,
        axes: list[Axis],
        sub: s.Node,
        node: s.Node,
        transposed: bool = False,
    ) -> Array:
        letters = subscripts(sub)
        if letters is None:
            raise Unclear("these subscripts are not understood", sub)
        if len(letters) == 1 and len(axes) == 2:
            letters = _split_digits(letters[0])
        if len(letters) != len(axes):
            wanted = "two indices" if len(axes) == 2 else "one index"
            raise Misfit(f"{quantity} has {wanted}", sub, "index-swap")
        if transposed and len(axes) == 2:
            letters = letters[::-1]  # entry j, k of the transpose is entry k, j
            if any(letter.text in (":", r"\cdot", "*") for letter in letters):
                raise Unclear("a row or a column of a transpose", node)
        found = [self._index(x, axis, node) for x, axis in zip(letters, axes, strict=True)]
        whole = [
            self.arrays.fresh(index.axis) if isinstance(index, Slice) else index for index in found
        ]
        sliced = [w for w, f in zip(whole, found, strict=True) if isinstance(f, Slice)]
        symbol = Symbol(quantity, layer, tuple(whole))
        if len(sliced) == 2:
            return Array((sliced[0],), (sliced[1],), symbol)
        # A row or a column by itself is a column vector, as a vector of the page.
        return Array(tuple(sliced), (), symbol)

    def _index(self, letter: "Letter", axis: Axis, node: s.Node) -> "Index | Slice":
        """A letter or a number for a neuron, at a place where neurons of a layer are counted."""
        text = letter.text
        if text in (":", r"\cdot", "*"):
            return Slice(axis)
        if text.isdigit():
            size = self._size(axis)
            if int(text) < 1 or (size is not None and int(text) > size):
                raise Missing(f"layer {axis.layer} has no neuron {text}", node, "wrong-range")
            return Index(text, axis)
        if letter.last is not None:
            return self._last(letter, axis, node)
        slot = self.scope.setdefault(text, Slot(text))
        if slot.axis is None:
            slot.axis, slot.node = axis, node
        elif not self._same(slot.axis, axis):
            raise Misfit(
                f"{_plainly(text)} counts {_neurons(slot.axis)} at one place"
                f" and {_neurons(axis)} here",
                node,
                "index-swap",
            )
        return Index(text, slot.axis)

    def _last(self, letter: "Letter", axis: Axis, node: s.Node) -> Index:
        """n_l as a subscript: the last neuron of a layer."""
        assert letter.last is not None
        other = n.neurons(self._layer(letter.last))
        size = self._size(other)
        if not self._same(other, axis):
            raise Misfit(
                f"{_neurons(axis)} do not end with number {_size_name(other)}", node, "wrong-range"
            )
        return Index(str(size) if size is not None else "last", axis)

    # --- layers ----------------------------------------------------------------------------

    def _layer(self, node: s.Node) -> LayerNumber:
        """The layer that a script says: l, l+1, (l), [l-1], L, 3."""
        found = layer_of(node)
        if found is None:
            raise Unclear("this is no layer", node)
        if found.name and found.name not in ("l", "L") and found.name not in self.layers.numbers:
            if self.layers.widths is not None:
                raise Unclear(f"{found.name} is no layer", node)
        return self.layers.number(found)

    def _rational(self, node: s.Node) -> Fraction:
        digits = _digits(node)
        if digits is not None:
            value = Fraction(digits)
            if abs(value) > LARGEST_EXPONENT or value.denominator > LARGEST_EXPONENT:
                raise Unclear(f"exponents go up to {LARGEST_EXPONENT} here", node)
            return value
        match node:
            case s.Additive(terms=(one,), signs=("-",)):
                return -self._rational(one)
            case s.Fraction(above, below):
                return self._rational(above) / self._rational(below)
            case s.Bracketed(body=body):
                return self._rational(body)
            case s.Product(factors=(one, other), operators=("", "/")):
                return self._rational(one) / self._rational(other)
        raise Unclear("this exponent is not understood", node)

    # --- sums and products over indices ----------------------------------------------------

    def _big(self, node: s.Big, body: s.Node) -> Value:
        if node.operator == "prod":
            return self._layer_product(node, body)
        if node.operator != "sum":
            raise Unclear(f"{node.operator} over an index is not understood", node)
        binders = self._binders(node)
        if not binders:
            return self._bare_sum(node, body)
        if any(_is_layer_letter(name, body, self.notation) for name, _, _ in binders):
            return self._layer_sum(node, body)
        with self._bound(binders) as slots:
            value = self.value(body)
            bound = []
            for slot in slots:
                if slot.axis is None:
                    raise Misfit(
                        f"nothing depends on {_plainly(slot.name)}, over which is summed",
                        node,
                        "index-swap",
                    )
                bound.append(Index(slot.name, slot.axis))

        def summed(term: Term) -> Term:
            for index in reversed(bound):
                term = Sum(index, term)
            return term

        return self.arrays.map(value, summed)

    def _bare_sum(self, node: s.Big, body: s.Node) -> Value:
        """Σ w_jk a_k without an index: over the letters that stand nowhere else."""
        before = {name for name, slot in self.scope.items() if slot.axis is not None}
        value = self.value(body)
        own = [
            slot
            for name, slot in self.scope.items()
            if slot.axis is not None and name not in before | self.elsewhere
        ]
        if not own or not (isinstance(value, Array) and value.is_number):
            raise Misfit("over what is summed here?", node, "missing-term")
        letters = ", ".join(_plainly(slot.name) for slot in own)
        self.notes.append(f"the sum without an index is read as over {letters}")
        term = value.term
        for slot in own:
            assert slot.axis is not None
            term = Sum(Index(slot.name, slot.axis), term)
            del self.scope[slot.name]
        return scalar(term)

    def _binders(self, node: s.Big) -> list[tuple[str, Axis | None, s.Node]]:
        """What is summed over, with the axis that its limits name."""
        sub = node.sub
        if sub is None:
            return []
        upper = self._upper(node)
        match sub:
            case s.Chain(sides=(first, *_), relations=("=", *_)):
                names = _binder_names(first)
                low = sub.sides[1]
                if _digits(low) != "1" or len(sub.sides) > 2:
                    raise Unclear("this sum does not begin at 1", low)
                if node.sup is None:
                    raise Unclear("where does this sum end?", sub)
            case s.Chain(sides=(first, among), relations=(r"\in",)):
                names = _binder_names(first)
                if not any(isinstance(part, s.Text) for part in s.walk(among)):
                    raise Unclear("this set is not understood", among)
                self.notes.append("the set is read as all neurons of the layer")
            case s.Chain(sides=(first, _), relations=(r"\ne" | r"\neq",)):
                raise Unclear("this range is not understood", sub)
            case _:
                names = _binder_names(sub)
        if names is None:
            raise Unclear("over what is summed here?", sub)
        return [(name, upper, sub) for name in names]

    def _upper(self, node: s.Big) -> Axis | None:
        """The axis that the upper limit names: n_l, the number of neurons of layer l."""
        sup = node.sup
        if sup is None:
            return None
        digits = _digits(sup)
        if digits is not None:
            return Axis(f"1..{digits}", n.EVERYWHERE)
        match sup:
            case s.Scripted(base=s.Name(text=text), sub=sub, sup=raised, primes=0) if (
                text in self.notation.sizes and (sub is None) != (raised is None)
            ):
                layer = sub if sub is not None else raised
                assert layer is not None
                return n.neurons(self._layer(layer))
            case s.Name(text=text) if text in COUNTS and not self._means_something(text):
                self.notes.append(f"{text} is read as the number of neurons")
                return None
        raise Unclear("this limit is not understood", sup)

    def _means_something(self, text: str) -> bool:
        """Whether a letter counts neurons or layers, or has a value."""
        known = (self.scope, self.variables, self.layers.numbers, self.notation.constants)
        return any(text in names for names in known)

    @contextmanager
    def _bound(
        self, binders: Sequence[tuple[str, Axis | None, s.Node]]
    ) -> Iterator[list[Slot]]:
        """Letters that mean something of their own inside a sum."""
        outer = {name: self.scope.pop(name) for name, _, _ in binders if name in self.scope}
        slots = []
        for name, axis, node in binders:
            literal = axis is not None and axis.name.startswith("1..")
            slot = Slot(name, None if literal else axis, node)
            self.scope[name] = slot
            slots.append(slot)
        yield slots
        for name, axis, node in binders:
            slot = self.scope.pop(name)
            if axis is not None and axis.name.startswith("1..") and slot.axis is not None:
                size = self._size(slot.axis)
                if size is not None and size != int(axis.name[3:]):
                    raise Misfit(
                        f"{_neurons(slot.axis)} are {size}, not {axis.name[3:]}", node, "wrong-range"
                    )
        self.scope.update(outer)

    @contextmanager
    def _variable(self, name: str, value: Array) -> Iterator[None]:
        outer = self.variables.get(name)
        self.variables[name] = value
        yield
        if outer is None:
            del self.variables[name]
        else:
            self.variables[name] = outer

    def _layer_range(self, node: s.Big) -> tuple[str, list[LayerNumber], bool]:
        """The layers of a product over layers as they are printed, and whether they go down."""
        match node.sub, node.sup:
            case s.Chain(sides=(s.Name(text=name), low), relations=("=",)), high if high:
                pass
            case _:
                raise Unclear("the range of this product is not understood", node)
        first, last = layer_of(low), layer_of(high)
        if first is None or last is None:
            raise Unclear("the range of this product is not understood", node)
        down = _goes_down(first, last)
        start, stop = self.layers.number(first), self.layers.number(last)
        if start.name != stop.name:
            raise General(node, name, start, stop, down)
        step = -1 if down else 1
        if abs(stop.offset - start.offset) > MOST_FACTORS:
            raise Unclear("too many layers to write out", node)
        steps = range(start.offset, stop.offset + step, step)
        return name, [LayerNumber(start.name, offset) for offset in steps], down

    def _layer_product(self, node: s.Big, body: s.Node) -> Value:
        try:
            name, layers, _ = self._layer_range(node)
        except General as general:
            if not self.remaining:
                raise
            return self._peeled(general, body)
        total: Value | None = None
        for layer in layers:
            value = self._at_layer(name, layer, body)
            total = value if total is None else self._part(self.arrays.dot(total, value))
        return self._empty_product(node, name, body) if total is None else total

    def _empty_product(self, node: s.Big, name: str, body: s.Node) -> Value:
        """1, or the identity if the factors are matrices."""
        assert isinstance(node.sub, s.Chain) and node.sup is not None
        for end in (layer_of(node.sub.sides[1]), layer_of(node.sup)):
            outer = self.scope.copy()
            try:
                assert end is not None
                value = self._at_layer(name, self.layers.number(end), body)
            except Missing:
                continue
            finally:
                self.scope = outer
            if isinstance(value, Array) and value.is_number:
                return value.__class__((), (), number(1))
        return self.arrays.identity()

    def _peeled(self, general: "General", body: s.Node) -> Value:
        """A product over l+c, …, L+d: its factor of the lowest layer, times all others.

        The others are an arbitrary matrix here; `remaining` says whether the factor of the lowest
        layer is there (`one more`) or not (`others`).
        """
        low, high = (general.last, general.first) if general.down else (general.first, general.last)
        outer = self.scope.copy()
        # In "others" the claim is that of l+1, so its lowest layer is the second one of l.
        first = low if self.remaining == "one more" else low.shift(-1)
        factor = self._at_layer(general.name, first, body)
        top = self._at_layer(general.name, high, body)
        self.scope = outer
        if not isinstance(factor, Array) or not isinstance(top, Array):
            raise general
        if general.down:
            rows, cols = top.rows, factor.rows
        else:
            rows, cols = factor.cols, top.cols
        if len(rows) != 1 or len(cols) != 1:
            raise general
        row, col = self.arrays.fresh(rows[0].axis), self.arrays.fresh(cols[0].axis)
        others = Array((row,), (col,), opaque("others", (row, col)))
        if self.remaining == "others":
            return others
        return self.arrays.dot(others, factor) if general.down else self.arrays.dot(factor, others)

    def _layer_sum(self, node: s.Big, body: s.Node) -> Value:
        name, layers, _ = self._layer_range(node)
        total: Value = scalar(number(0))
        for at, layer in enumerate(layers):
            value = self._at_layer(name, layer, body)
            total = value if not at else self.arrays.add(total, value)
        return total

    def _at_layer(self, name: str, layer: LayerNumber, body: s.Node) -> Value:
        outer = self.layers
        numbers = {**outer.numbers, name: layer}
        self.layers = replace(outer, numbers=numbers)
        try:
            found = self.value(body)
        finally:
            self.layers = outer
        return self.arrays.apart(found) if isinstance(found, Array) else found

    # --- derivatives -----------------------------------------------------------------------

    def derivative(self, of: Value, by: s.Node, node: s.Node, order: int) -> Value:
        """∂of/∂by: of a number the shape of `by`; of a vector by a vector the Jacobian."""
        if order > HIGHEST_ORDER:
            raise Unclear(f"derivatives up to order {HIGHEST_ORDER} are understood", node)
        wanted = self._by(by, node)
        if not isinstance(of, Array):
            raise Unclear("the derivative of a matrix that is written out", node)
        of = replace(of, term=self.whole(of.term))
        if order + _order_of(of.term) > HIGHEST_ORDER:
            raise Unclear(f"derivatives up to order {HIGHEST_ORDER} are understood", node)
        for _ in range(order):
            of = self._derived(of, wanted, node)
        return of

    def _derived(self, of: Array, by: Array, node: s.Node) -> Array:
        assert isinstance(by.term, Symbol)
        own = self.arrays.apart(by) if of.rows or of.cols else by
        assert isinstance(own.term, Symbol)
        term: Term = Partial(of.term, own.term)
        if own.is_number and own.term.name in self.variables:
            # d/dz of a formula in z alone: worked out, so that a place can be put in.
            term = _plain_derivative(of.term, own.term) or term
        if of.is_number:
            return Array(own.rows, own.cols, term)
        if own.is_number:
            return Array(of.rows, of.cols, term)
        if of.cols or own.cols:
            raise Tensor("the derivative of an array by an array has more than two axes", node)
        if self.notation.layout == "denominator":
            return Array(own.rows, of.rows, term)
        return Array(of.rows, own.rows, term)

    def _by(self, by: s.Node, node: s.Node) -> Array:
        """What is derived by."""
        if isinstance(by, s.Bracketed):
            return self._by(by.body, node)
        match by:
            case s.Name(text="a") if "a" not in self.variables:
                # ∇_a C is by the activations of the output (Nielsen, ch. 2).
                layer = self.layers.number(n.L)
                row = self.arrays.fresh(n.neurons(layer))
                return Array((row,), (), Symbol("a", layer, (row,)))
        found = self.value(by)
        if isinstance(found, Array) and isinstance(found.term, Symbol):
            return found
        raise Unclear("what is derived by is not understood", by)

    def _total_gradient(self, of: s.Node, node: s.Node) -> Value:
        """∇C by all parameters, which the page calls a vector."""
        value = self.value(of)
        vectors = [v for v, axis in self.notation.vectors.items() if axis == "parameters"]
        if len(vectors) != 1 or not isinstance(value, Array) or value.term != n.COST:
            raise Unclear("by what is this derived?", node)
        row = self.arrays.fresh(Axis("parameters", n.EVERYWHERE))
        return Array((row,), (), Symbol("∇C", None, (row,)))

    def _is_change(self, node: s.Node, rest: list[s.Node]) -> bool:
        """Whether a d or a Δ says that what follows is a small change."""
        if _is_change(node):
            return True
        if not (isinstance(node, s.Name) and node.text == "d" and rest):
            return False
        of = rest[0].base if isinstance(rest[0], s.Scripted) else rest[0]
        known = isinstance(of, s.Name) and (
            self.notation.has_layers(of) or self.notation.is_cost(of)
        )
        return known and node.text not in self.notation.scalars

    def _change(self, node: s.Node, of: s.Node) -> Value:
        """dW, ΔC: a small change of something; of C, what the changes of the page make of it."""
        value = self.value(of)
        if not isinstance(value, Array):
            raise Unclear("this change is not understood", node)
        if value.term == n.COST:
            return scalar(self._change_of_cost(node))
        if not isinstance(value.term, Symbol):
            raise Unclear("this change is not understood", node)
        symbol = value.term
        name = f"d{symbol.name}"
        defined = self.notation.changes.get(symbol.name)
        if defined is not None:
            return self.value(defined)
        if not self._is_changed(symbol) and self.notation.changed:
            return replace(value, term=self._change_of_cost(node, symbol))
        return replace(value, term=Symbol(name, symbol.layer, symbol.indices))

    def _is_changed(self, symbol: Symbol) -> bool:
        """Whether the page speaks of arbitrary changes of a quantity."""
        for changed in self.notation.changed:
            value = self.value(changed)
            if isinstance(value, Array) and isinstance(value.term, Symbol):
                if (value.term.name, value.term.layer) == (symbol.name, symbol.layer):
                    return True
        return False

    def _change_of_cost(self, node: s.Node, of: Symbol = n.COST) -> Term:
        """dC = Σ_v ∂C/∂v dv, over the quantities v whose change the page speaks of."""
        owed: list[Term] = []
        for changed in self.notation.changed:
            value = self.value(changed)
            if not isinstance(value, Array) or not isinstance(value.term, Symbol):
                raise Unclear("this change is not understood", node)
            by = value.term
            if by.name in self.notation.vectors:
                slope: Term = Symbol("∇C", None, by.indices)
            else:
                slope = Partial(of, by)
            defined = self.notation.changes.get(by.name)
            if defined is not None:
                change = self.value(defined)
                assert isinstance(change, Array)
                step = self.arrays.aligned(change, value).term
            else:
                step = Symbol(f"d{by.name}", by.layer, by.indices)
            owed.append(self.arrays.total(replace(value, term=mul(slope, step))).term)
        if not owed:
            raise Unclear("the change of what?", node)
        return add(*owed)

    def _slashed_derivatives(
        self, factors: list[s.Node], operators: list[str]
    ) -> tuple[list[s.Node], list[str]]:
        r"""\partial C / \partial w as a fraction."""
        for at in range(len(factors) - 3):
            if (
                _is_partial(factors[at])
                and not operators[at + 1]
                and operators[at + 2] == "/"
                and _is_partial(factors[at + 2])
            ):
                # Up to the first operator the denominator is one quantity.
                above = s.Product(
                    (factors[at], factors[at + 1]), ("", ""),
                    start=factors[at].start, end=factors[at + 1].end,
                )  # fmt: skip
                below = s.Product(
                    (factors[at + 2], factors[at + 3]), ("", ""),
                    start=factors[at + 2].start, end=factors[at + 3].end,
                )  # fmt: skip
                made = s.Fraction(above, below, start=above.start, end=below.end)
                return self._slashed_derivatives(
                    [*factors[:at], made, *factors[at + 4 :]],
                    [*operators[: at + 1], *operators[at + 4 :]],
                )
        return factors, operators

    # --- dots ------------------------------------------------------------------------------

    def _dotted_product(
        self, factors: list[s.Node], operators: list[str]
    ) -> tuple[list[s.Node], list[str]]:
        """A(l) B(l+1) … A(L-1) B(L) x: the factors between are those of the layers between."""
        places = [at for at, factor in enumerate(factors) if isinstance(factor, s.Dots)]
        if not places:
            return factors, operators
        (dots,) = places if len(places) == 1 else (None,)
        if dots is None:
            raise Unclear("only one row of dots is understood", factors[places[1]])
        found = _period(factors[:dots], factors[dots + 1 :])
        if found is not None:
            start, length, stop, first, last = found
            # What is printed of later periods before the dots is part of the product.
            head, pattern = factors[:start], factors[start : start + length]
            tail = factors[dots + 1 + stop :]
            return self._closed(head, tail, pattern, first, last, operators)
        raise Unclear("what do the dots stand for?", factors[dots])

    def _closed(
        self,
        head: list[s.Node],
        tail: list[s.Node],
        pattern: list[s.Node],
        first: LayerNumber,
        last: LayerNumber,
        operators: list[str],
    ) -> tuple[list[s.Node], list[str]]:
        """P(l) … P(L-1) as a product over the layers from l to L-1."""
        place = {"start": pattern[0].start, "end": pattern[-1].end}
        letter = s.Name("ι", **place)
        sub = s.Chain((letter, _script(first, place)), ("=",), **place)
        big = s.Big("prod", sub, _script(last, place), **place)
        general = [_moved(x, first, LayerNumber("ι")) for x in pattern]
        between = operators[len(head) + 1 : len(head) + len(pattern)]
        inner = s.Product((big, *general), ("", "", *between), **place)
        start, stop = self.layers.number(first), self.layers.number(last)
        behind = (start.offset - stop.offset) * (-1 if _goes_down(first, last) else 1)
        if start.name == stop.name and behind > 1:
            raise Missing("the dots run backwards", pattern[0], "wrong-range")
        closed = s.Bracketed("(", inner, ")", **place)
        kept = [*operators[: len(head)], operators[len(head)] if head else ""]
        kept += operators[len(operators) - len(tail) :] if tail else []
        return [*head, closed, *tail], kept

    def _dotted_sum(self, terms: Sequence[s.Node], signs: Sequence[str]) -> Value | None:
        """x_1 + x_2 + … + x_n: the sum over the index that runs from 1 to n."""
        places = [at for at, term in enumerate(terms) if isinstance(term, s.Dots)]
        if not places:
            return None
        if len(places) > 1 or places[0] == 0 or places[0] == len(terms) - 1:
            raise Unclear("what do these dots stand for?", terms[places[0]])
        at = places[0]
        last = terms[at + 1]
        first_at = at - 1
        while first_at >= 0:
            letter = _generalised(terms[first_at], last)
            if letter is None:
                break
            first_at -= 1
        first_at += 1
        if first_at == at:
            raise Unclear("what do these dots stand for?", terms[at])
        first = terms[first_at]
        whole = _generalised(first, last)
        assert whole is not None
        general, low = whole
        if low != 1:
            raise Unclear("these dots do not begin at 1", first)
        if any(signs[i] != signs[first_at] for i in (*range(first_at, at), at + 1)):
            raise Unclear("the signs differ around these dots", terms[at])
        self.value(last)  # what the last one says has to fit
        big = s.Big(
            "sum", s.Name("ι", start=first.start, end=first.end), None,
            start=first.start, end=last.end,
        )  # fmt: skip
        total = self._big(big, general)
        if signs[first_at] == "-":
            total = self.arrays.map(total, lambda x: mul(number(-1), x))
        for i in (*range(first_at), *range(at + 2, len(terms))):
            value = self.value(terms[i])
            if signs[i] == "-":
                value = self.arrays.map(value, lambda x: mul(number(-1), x))
            total = self.arrays.add(total, value)
        return total

    def _dotted_table(self, node: s.Node, rows: Sequence[Sequence[s.Node]]) -> Value:
        """A matrix with dots: its first and last entries say the general one, the last the size."""
        if len({len(row) for row in rows}) != 1:
            raise Misfit("the rows of this matrix are not of one length", node)
        grid = [[_with_split_digits(cell, self.notation) for cell in row] for row in rows]
        if _is_diagonal(grid):
            return self._dotted_diagonal(node, grid)
        across = [all(isinstance(x, s.Dots) for x in row) for row in grid]
        down = [all(isinstance(x, s.Dots) for x in column) for column in zip(*grid, strict=True)]
        kept = [
            [cell for cell, dots in zip(row, down, strict=True) if not dots]
            for row, dots in zip(grid, across, strict=True)
            if not dots
        ]
        if not kept or not kept[0] or any(isinstance(x, s.Dots | s.Empty) for r in kept for x in r):
            raise Unclear("the dots of this matrix are not understood", node)
        general = _general_cell(kept, _ends(across), _ends(down))
        if general is None:
            raise Unclear("the dots of this matrix are not understood", node)
        for row in kept:
            for cell in row:
                self.number(cell)  # what is printed has to exist, the last ones too
        names = [x for x, dotted in (("ρ", any(across)), ("κ", any(down))) if dotted]
        with self._bound([(name, None, node) for name in names]) as slots:
            term = self.number(general)
        sides: list[tuple[Index, ...]] = []
        for name in ("ρ", "κ"):
            slot = next((x for x in slots if x.name == name), None)
            if slot is None:
                sides.append(())
                continue
            if slot.axis is None:
                raise Unclear("the dots of this matrix are not understood", node)
            fresh = self.arrays.fresh(slot.axis)
            term = rename(term, {Index(name, slot.axis): fresh})
            sides.append((fresh,))
        return Array(sides[0], sides[1], term)

    def _dotted_diagonal(self, node: s.Node, grid: Sequence[Sequence[s.Node]]) -> Value:
        kept = [row[at] for at, row in enumerate(grid) if not isinstance(row[at], s.Dots)]
        general = _general_cell([[x] for x in kept], len(kept) - 1, None)
        if general is None:
            raise Unclear("the dots of this matrix are not understood", node)
        for cell in kept:
            self.number(cell)
        with self._bound([("ρ", None, node)]) as (slot,):
            term = self.number(general)
        if slot.axis is None:
            raise Unclear("the dots of this matrix are not understood", node)
        row = self.arrays.fresh(slot.axis)
        term = rename(term, {Index("ρ", slot.axis): row})
        return self.arrays.diagonal(Array((row,), (), term))


class General(Unclear):
    """A product over layers has no terms while its ends are general."""

    def __init__(
        self, node: s.Node, name: str, start: LayerNumber, stop: LayerNumber, down: bool
    ) -> None:
        super().__init__("a product over a general number of layers", node)
        self.name, self.first, self.last, self.down = name, start, stop, down


class Tensor(Unclear):
    """An array of more than two axes."""


@dataclass(frozen=True, slots=True)
class Slice:
    """All neurons of a layer: the : of W_{:,k}."""

    axis: Axis


@dataclass(frozen=True, slots=True)
class Letter:
    """What stands at one place of a subscript: a letter, digits, or `last` n_l."""

    text: str
    last: s.Node | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """A function with its primes and the power that is written at its name."""

    name: str
    order: int = 0
    power: Fraction | None = None
    diagonal: bool = False


# --- what nodes look like ------------------------------------------------------------------


def function_of(node: s.Name | s.Scripted, notation: Notation) -> Function | None:
    """σ, σ', \\dot σ, tanh^2: a name of a function with primes, dots and a power."""
    if isinstance(node, s.Name):
        meaning = notation.function(node.text)
        if meaning is None:
            return None
        dots = sum(style == "dot" for style in node.style)
        dots += 2 * sum(style == "ddot" for style in node.style)
        diagonal = node.text in notation.diagonals
        return Function(meaning, dots, None, diagonal)
    if not isinstance(node.base, s.Name | s.Scripted):
        return None
    inner = function_of(node.base, notation)
    if inner is None:
        return None
    found = replace(inner, order=inner.order + node.primes)
    if node.sub is not None:
        if isinstance(node.base, s.Name) and node.base.text == "log":
            return None
        return None
    if node.sup is not None:
        digits = _digits(node.sup)
        if digits is None:
            match node.sup:
                case s.Bracketed(open="(", body=body) if _digits(body):
                    return replace(found, order=found.order + int(_digits(body) or 0))
            return None
        found = replace(found, power=Fraction(digits))
    return found


def layer_of(node: s.Node) -> LayerNumber | None:
    """l, l+1, (l), [l-1], L-2, 3 as the number of a layer."""
    match node:
        case s.Bracketed(open="(" | "[", body=body):
            return layer_of(body)
        case s.Number(text=text) if text.isdigit():
            return LayerNumber("", int(text))
        case s.Name(text=text):
            text = "l" if text == r"\ell" else text
            return LayerNumber(text) if len(text) == 1 else None
        case s.Additive(terms=(one, other), signs=("+", sign)):
            left, right = layer_of(one), layer_of(other)
            if left is None or right is None or sign not in "+-" or right.name:
                return None
            return left.shift(right.offset if sign == "+" else -right.offset)
    return None


def layer_and_transpose(sup: s.Node | None) -> tuple[s.Node | None, bool]:
    """The layer and the transpose of a raised script such as (l+1)T."""
    if sup is None or is_transpose(sup):
        return None, sup is not None
    match sup:
        case s.Product(factors=(*front, last)) if front and is_transpose(last):
            if len(front) == 1:
                return front[0], True
            return None, True
        case s.Listed(items=(one, last)) if is_transpose(last):
            return one, True
        case s.Additive(terms=(*front, s.Product(factors=(one, last)))) if is_transpose(last):
            return replace(sup, terms=(*front, one)), True
    return sup, False


def is_transpose(node: s.Node) -> bool:
    return isinstance(node, s.Name) and node.text in TRANSPOSES


def _digits(node: s.Node) -> str | None:
    return node.text if isinstance(node, s.Number) else None


def subscripts(sub: s.Node) -> list[Letter] | None:
    """jk, j,k, 11, j'k, n_l as what counts neurons."""
    match sub:
        case s.Listed(items=items):
            found = [subscripts(item) for item in items]
            if any(x is None for x in found):
                return None
            return [letter for x in found if x for letter in x]
        case s.Product(factors=factors):
            found = [subscripts(factor) for factor in factors]
            if any(x is None or len(x) != 1 for x in found):
                return None
            return [letter for x in found if x for letter in x]
        case s.Number(text=text) if text.isdigit():
            return [Letter(text)]
        case s.Name(text=text):
            return [Letter(text)]
        case s.Scripted(base=s.Name(text="n"), sub=layer, sup=None, primes=0) if layer:
            return [Letter("n", layer)]
        case s.Scripted(base=s.Name(text=text), sub=None, sup=None, primes=primes):
            return [Letter(text + "'" * primes)]
        case s.Scripted(base=s.Name(text=text), sub=s.Number(text=digit), sup=None, primes=0):
            return [Letter(f"{text}_{digit}")]
    return None


def _split_digits(letter: Letter) -> list[Letter]:
    if letter.text.isdigit() and len(letter.text) == 2:
        return [Letter(digit) for digit in letter.text]
    return [letter]


def _is_one(node: s.Node) -> bool:
    """A 1 in another type: a vector of ones, or an indicator."""
    return isinstance(node, s.Name) and node.text == "1" and bool(node.style)


def _is_partial(node: s.Node) -> bool:
    return isinstance(node, s.Name) and node.text == r"\partial"


def _is_word(node: s.Node) -> bool:
    """Whether a function is named by a word, as ln, which is nothing without an argument."""
    while isinstance(node, s.Scripted):
        node = node.base
    return isinstance(node, s.Name) and len(node.text) > 1 and node.text[0] != "\\"


def _is_bracket(node: s.Node) -> bool:
    """(…) or (…)^2: what a function can be applied to."""
    while isinstance(node, s.Scripted):
        node = node.base
    return isinstance(node, s.Bracketed)


def _is_d(node: s.Node) -> bool:
    return isinstance(node, s.Name) and (node.text in ("d", r"\partial"))


def _is_nabla(node: s.Node) -> bool:
    return isinstance(node, s.Name) and node.text in (r"\nabla", r"\triangledown")


def _is_change(node: s.Node) -> bool:
    return isinstance(node, s.Name) and (
        node.text == r"\Delta" or (node.text == "d" and "mathrm" in node.style)
    )


def _gradient_by(node: s.Node) -> s.Node | None:
    r"""v of \nabla_v and \partial_v."""
    match node:
        case s.Scripted(base=base, sub=sub, sup=None, primes=0) if sub is not None:
            if _is_nabla(base) or _is_partial(base):
                return sub
    return None


def _derivative_of(node: s.Fraction) -> tuple[s.Node | None, s.Node, int] | None:
    r"""What is derived, by what, how often: \frac{\partial C}{\partial w}, \frac{d}{dx}."""
    above, below = node.above, node.below
    order = 1
    first, *rest = above.factors if isinstance(above, s.Product) else (above,)
    if isinstance(first, s.Scripted) and _is_d(first.base) and first.sup is not None:
        digits = _digits(first.sup)
        if digits is None or first.sub is not None:
            return None
        order, first = int(digits), first.base
    if not _is_d(first) or not isinstance(below, s.Product) or not _is_d(below.factors[0]):
        return None
    if isinstance(above, s.Product) and any(above.operators[2:]):
        return None
    of: s.Node | None = _whole(rest, [""] * len(rest)) if rest else None
    by = list(below.factors[1:])
    if order == 1:
        return (of, _whole(by, list(below.operators[1:])), 1) if by else None
    parts = _several(by)
    if parts is None:
        return None
    if len(parts) == 1:
        (one,) = parts
        match one:
            case s.Scripted(base=base, sup=sup, sub=None) if sup and _digits(sup) == str(order):
                inside = base.body if isinstance(base, s.Bracketed) else base
                return of, inside, order
        return None
    # ∂²C/∂u∂v is ∂/∂u of ∂C/∂v.
    outer, inner = parts[0], parts[1:]
    for by_ in reversed(inner):
        of = _fraction_of(of, by_, node)
    return of, outer, 1


def _fraction_of(of: s.Node | None, by: s.Node, node: s.Fraction) -> s.Node | None:
    if of is None:
        return None
    place = {"start": node.start, "end": node.end}
    d = s.Name(r"\partial", **place)
    return s.Fraction(
        s.Product((d, of), ("", ""), **place), s.Product((d, by), ("", ""), **place), **place
    )


def _several(by: list[s.Node]) -> list[s.Node] | None:
    """u, v of ∂u ∂v."""
    parts: list[list[s.Node]] = [[]]
    for factor in by:
        if _is_d(factor):
            parts.append([])
        else:
            parts[-1].append(factor)
    if any(len(part) != 1 for part in parts):
        return None
    return [part[0] for part in parts]


def _whole(factors: Sequence[s.Node], operators: Sequence[str]) -> s.Node:
    if len(factors) == 1:
        return factors[0]
    return s.Product(
        tuple(factors),
        ("", *operators[1:]),
        start=factors[0].start,
        end=factors[-1].end,
    )


def _binder_names(node: s.Node) -> list[str] | None:
    letters = subscripts(node)
    if letters is None or any(x.last is not None or x.text.isdigit() for x in letters):
        return None
    return [letter.text for letter in letters]


def _is_layer_letter(name: str, body: s.Node, notation: Notation) -> bool:
    """Whether a letter stands for layers in an expression."""
    for node in s.walk(body):
        if isinstance(node, s.Scripted) and node.sup is not None and isinstance(node.base, s.Name):
            if notation.has_layers(node.base):
                layer, _ = layer_and_transpose(node.sup)
                found = layer_of(layer) if layer is not None else None
                if found is not None and found.name == name:
                    return True
    return False


def _goes_down(first: LayerNumber, last: LayerNumber) -> bool:
    """Whether a range such as L … l+1 runs downwards."""
    if first.name == last.name:
        return first.offset > last.offset + 1
    return first.name == "L" or (last.name != "L" and not last.name)


def _period(
    before: list[s.Node], after: list[s.Node]
) -> tuple[int, int, int, LayerNumber, LayerNumber] | None:
    """Where what is repeated begins, how long it is, where it ends, its first and last layer.

    All that stands between the beginning and the dots, and between the dots and the end, has to be
    part of the repetition: P(l) P(l+1) … P(L-1), perhaps with a last one of which only the end is
    printed.
    """
    for start in range(len(before)):
        for stop in range(len(after), 0, -1):
            for length in range(1, len(before) - start + 1):
                own = before[start:]
                if len(own) == length and stop < length:
                    continue
                ends = _repeats(own, after[:stop], length)
                if ends is not None:
                    return start, length, stop, *ends
    return None


def _repeats(
    own: list[s.Node], after: list[s.Node], length: int
) -> tuple[LayerNumber, LayerNumber] | None:
    pattern = own[:length]
    first = _first_layer(pattern)
    if first is None:
        return None
    shifts = []
    for at in range(length, len(own)):
        shift = _shift(pattern[at % length], own[at])
        if shift is not None and shift is not _SAME:
            shifts.append((at // length, shift))
        elif shift is None:
            return None
    ends = []
    for back, node in enumerate(reversed(after)):
        at = -back - 1
        shift = _shift(pattern[at % length], node)
        if shift is None:
            return None
        if shift is not _SAME:
            ends.append((back // length, shift))
    if not ends:
        return None
    last = _moved_layer(first, ends[0][1])
    step = -1 if _goes_down(first, last) else 1
    if any(pair != (first, first.shift(step * times)) and not _is_shift(pair, step * times)
           for times, pair in shifts):  # fmt: skip
        return None
    for times, (one, other) in ends:
        expected = one.offset - first.offset + last.offset - step * times
        if one.name != first.name or other.name != last.name or other.offset != expected:
            return None
    if ends[0][0] != 0:
        return None
    return first, last


_SAME = (LayerNumber("="), LayerNumber("="))


def _is_shift(pair: tuple[LayerNumber, LayerNumber], by: int) -> bool:
    return pair[0].shift(by) == pair[1]


def _moved_layer(first: LayerNumber, pair: tuple[LayerNumber, LayerNumber]) -> LayerNumber:
    """Where `first` goes if one layer goes to another."""
    one, other = pair
    return other.shift(first.offset - one.offset)


def _first_layer(pattern: Sequence[s.Node]) -> LayerNumber | None:
    """The layer that a pattern is counted by: that of its first quantity."""
    pairs: list[tuple[LayerNumber, LayerNumber]] = []
    for node in pattern:
        _alike(node, node, pairs)
    return pairs[0][0] if pairs else None


def _shift(
    one: s.Node, other: s.Node
) -> tuple[LayerNumber, LayerNumber] | None:
    """What layer goes to what, if two nodes are alike but for layers that all move alike."""
    pairs: list[tuple[LayerNumber, LayerNumber]] = []
    if not _alike(one, other, pairs):
        return None
    if not pairs:
        return _SAME
    first, last = pairs[0]
    for here, there in pairs:
        if (here.name, there.name) != (first.name, last.name):
            return None
        if here.offset - first.offset != there.offset - last.offset:
            return None
    return pairs[0]


def _alike(
    one: s.Node, other: s.Node, pairs: list[tuple[LayerNumber, LayerNumber]]
) -> bool:
    """Whether two nodes are the same but for layers, which are collected."""
    if isinstance(one, s.Scripted) and isinstance(other, s.Scripted):
        if one.sup is not None and other.sup is not None:
            left, up = layer_and_transpose(one.sup)
            right, up_too = layer_and_transpose(other.sup)
            if left is not None and right is not None and up == up_too:
                here, there = layer_of(left), layer_of(right)
                if here is not None and there is not None:
                    pairs.append((here, there))
                    return (
                        _alike(one.base, other.base, pairs)
                        and _both(one.sub, other.sub, pairs)
                        and one.primes == other.primes
                    )
    if type(one) is not type(other):
        return False
    if isinstance(one, s.Name) and isinstance(other, s.Name):
        return one.text == other.text
    if isinstance(one, s.Number) and isinstance(other, s.Number):
        return one.text == other.text
    mine, theirs = list(s.children(one)), list(s.children(other))
    return len(mine) == len(theirs) and all(
        _alike(x, y, pairs) for x, y in zip(mine, theirs, strict=True)
    )


def _relettered(node: s.Node, to: Mapping[str, str]) -> s.Node:
    """A node with other letters, or numerals, in its subscripts."""
    if isinstance(node, s.Name) and node.text in to:
        text = to[node.text]
        if text.isdigit():
            return s.Number(text, start=node.start, end=node.end)
        return replace(node, text=text)
    return mapped(node, lambda child: _relettered(child, to))


def _both(
    one: s.Node | None, other: s.Node | None, pairs: list[tuple[LayerNumber, LayerNumber]]
) -> bool:
    if one is None or other is None:
        return one is other
    return _alike(one, other, pairs)


def _script(layer: LayerNumber, place: dict[str, int]) -> s.Node:
    """A layer as it is written in a script."""
    if not layer.name:
        return s.Number(str(layer.offset), **place)
    name = s.Name(layer.name, **place)
    if not layer.offset:
        return name
    sign = "+" if layer.offset > 0 else "-"
    return s.Additive((name, s.Number(str(abs(layer.offset)), **place)), ("+", sign), **place)


def _moved(node: s.Node, first: LayerNumber, to: LayerNumber) -> s.Node:
    """A node with all its layers moved, so that `first` becomes `to`."""
    if isinstance(node, s.Scripted) and node.sup is not None:
        layer_node, up = layer_and_transpose(node.sup)
        layer = layer_of(layer_node) if layer_node is not None else None
        if layer is not None and layer_node is not None and layer.name == first.name:
            place = {"start": node.sup.start, "end": node.sup.end}
            number_ = _script(to.shift(layer.offset - first.offset), place)
            sup: s.Node = number_
            if up:
                sup = s.Product((number_, s.Name("T", **place)), ("", ""), **place)
            return replace(node, base=_moved(node.base, first, to), sup=sup)
    return mapped(node, lambda child: _moved(child, first, to))


def mapped(node: s.Node, change: Callable[[s.Node], s.Node]) -> s.Node:
    """A node with its children changed."""
    new = {}
    for each in fields(node):
        value = getattr(node, each.name)
        if isinstance(value, s.Placed):
            new[each.name] = change(value)  # type: ignore[arg-type]
        elif isinstance(value, tuple) and any(isinstance(x, s.Placed | tuple) for x in value):
            new[each.name] = tuple(
                change(x) if isinstance(x, s.Placed)
                else tuple(map(change, x)) if isinstance(x, tuple) else x
                for x in value
            )  # fmt: skip
    return replace(node, **new) if new else node


def _with_split_digits(node: s.Node, notation: Notation) -> s.Node:
    """w_{11} as w_{1 1}."""
    match node:
        case s.Scripted(base=s.Name(text=text), sub=s.Number(text=digits) as sub) if (
            len(digits) == 2 and notation.letters.get(text) == "w"
        ):
            place = {"start": sub.start, "end": sub.end}
            both = tuple(s.Number(digit, **place) for digit in digits)
            return replace(node, sub=s.Product(both, ("", ""), **place))
    return mapped(node, lambda child: _with_split_digits(child, notation))


def _is_diagonal(grid: Sequence[Sequence[s.Node]]) -> bool:
    """Whether nothing, zeros and dots are all that stands beside the diagonal."""
    if len(grid) != len(grid[0]) or len(grid) < 3:
        return False
    beside = [x for i, row in enumerate(grid) for j, x in enumerate(row) if i != j]
    return (
        all(isinstance(x, s.Dots | s.Empty) or _digits(x) == "0" for x in beside)
        and any(not isinstance(x, s.Dots) for x in beside)
        and not isinstance(grid[0][0], s.Dots)
        and not isinstance(grid[-1][-1], s.Dots)
        and sum(isinstance(row[at], s.Dots) for at, row in enumerate(grid)) == 1
    )


def _ends(dotted: Sequence[bool]) -> int | None:
    """How many stand before the dots, if one stands behind them; None without dots."""
    if not any(dotted):
        return None
    at = list(dotted).index(True)
    return at if sum(dotted) == 1 and at == len(dotted) - 2 else 0


def _general_cell(
    kept: Sequence[Sequence[s.Node]], above: int | None, left: int | None
) -> s.Node | None:
    """The entry of row ρ and column κ; None if what is printed does not say it."""
    if above == 0 or left == 0 or (above is None and len(kept) > 1):
        return None
    if left is None and len(kept[0]) > 1:
        return None
    columns = []
    for column in zip(*kept, strict=True):
        general = _general_entry(list(column), "ρ") if above else column[0]
        if general is None:
            return None
        columns.append(general)
    return _general_entry(columns, "κ") if left else columns[0]


def _general_entry(cells: Sequence[s.Node], letter: str) -> s.Node | None:
    """x_ρ of x_1, x_2, x_n."""
    found = _generalised(cells[0], cells[-1], letter)
    if found is None or found[1] != 1:
        return None
    for at, cell in enumerate(cells[1:-1], start=2):
        if s.spell(_relettered(found[0], {letter: str(at)})) != s.spell(cell):
            return None
    return found[0]


def _generalised(first: s.Node, last: s.Node, letter: str = "ι") -> tuple[s.Node, int] | None:
    """x_1 and x_n as x_ι, and the number that ι begins with."""
    numbers: set[int] = set()

    def go(one: s.Node, other: s.Node) -> s.Node | None:
        if isinstance(one, s.Number) and not isinstance(other, s.Number) and one.text.isdigit():
            numbers.add(int(one.text))
            return s.Name(letter, start=one.start, end=one.end)
        if isinstance(one, s.Number) and isinstance(other, s.Number):
            if one.text == other.text:
                return one
            if one.text.isdigit() and other.text.isdigit():
                numbers.add(int(one.text))
                return s.Name(letter, start=one.start, end=one.end)
            return None
        if type(one) is not type(other):
            return None
        if isinstance(one, s.Name):
            return one if one.text == other.text else None  # type: ignore[union-attr]
        mine, theirs = list(s.children(one)), list(s.children(other))
        if len(mine) != len(theirs):
            return None
        made = [go(x, y) for x, y in zip(mine, theirs, strict=True)]
        if any(x is None for x in made):
            return None
        parts = iter(made)
        return mapped(one, lambda _: next(parts))  # type: ignore[arg-type, return-value]

    whole = go(first, last)
    if whole is None or len(numbers) != 1:
        return None
    return whole, numbers.pop()


def as_formula(term: Term, variable: str) -> sympy.Expr | None:
    """A term in one variable as a formula in ARGUMENT; None if it is more than that."""
    match term:
        case Number(value):
            return sympy.Rational(value.numerator, value.denominator)
        case Symbol(name, None, ()) if name == variable:
            return ARGUMENT
        case Apply(function, argument) if function.formula is not None:
            inside = as_formula(argument, variable)
            if inside is None:
                return None
            formula = function.formula
            for _ in range(function.order):
                formula = scalars.derivative(formula)
            return formula.subs(ARGUMENT, inside)
        case Power(base, exponent):
            inside = as_formula(base, variable)
            if inside is None:
                return None
            return inside ** sympy.Rational(exponent.numerator, exponent.denominator)
        case Partial(of, Symbol(name, None, ())) if name == variable:
            inside = as_formula(of, variable)
            return None if inside is None else scalars.derivative(inside)
    parts = getattr(term, "factors", None) or getattr(term, "terms", None)
    if not parts:
        return None
    made = [as_formula(part, variable) for part in parts]
    if any(x is None for x in made):
        return None
    return sympy.Mul(*made) if hasattr(term, "factors") else sympy.Add(*made)


SAMENESS = frozenset({"=", r"\ne", r"\neq"})


def _without_words(node: s.Node) -> list[s.Node]:
    """A cell of a case without its "if": the condition alone."""
    if isinstance(node, s.Display):
        kept = [x for x in node.statements if not (isinstance(x, s.Text) and _is_if(x))]
        return kept if len(kept) == 1 else [node]
    return [node]


def _is_if(node: s.Text) -> bool:
    return node.words.strip().strip(",") in ("if", "for", "when", "where", "falls", "wenn")


def _plain_derivative(term: Term, by: Symbol) -> Term | None:
    """The derivative of a function of one letter; None if it takes more than that."""
    if isinstance(term, Apply) and term.argument == by and term.function.formula is None:
        return Apply(replace(term.function, order=term.function.order + 1), by)
    formula = as_formula(term, by.name)
    if formula is None:
        return None
    slope = scalars.derivative(formula)
    return Apply(ScalarFunction(f"{by.name}↦{slope}", slope), by)


def _otherwise(node: s.Node) -> bool:
    return isinstance(node, s.Text) and any(
        word in node.words for word in ("otherwise", "else", "sonst")
    )


def put(term: Term, old: Term, new: Term) -> Term:
    """A term with another one put in for one of its parts."""
    if term == old:
        return new
    if isinstance(term, Symbol | Number):
        return term
    return map_children(term, lambda part: put(part, old, new))


def _order_of(term: Term) -> int:
    """How many derivatives stand inside each other in a term."""
    inner = max(map(_order_of, children(term)), default=0)
    return inner + isinstance(term, Partial)


def _exponential(term: Term) -> Term:
    return Apply(ScalarFunction("exp", sympy.exp(ARGUMENT)), term)


def _absolute(term: Term) -> Term:
    formula = sympy.Piecewise((-ARGUMENT, ARGUMENT <= 0), (ARGUMENT, True))
    return Apply(ScalarFunction("abs", formula), term)


def _neurons(axis: Axis) -> str:
    return f"the neurons of layer {axis.layer}" if axis.name == "n" else f"the {axis.name}"


def _size_name(axis: Axis) -> str:
    return f"n_{axis.layer}"


def _plainly(text: str) -> str:
    return text.removeprefix("\\")


def kronecker(one: Index, other: Index) -> Term:
    """[j = k]."""
    return Delta(one, other)


def mentions_cost(term: Term) -> bool:
    """Whether C itself stands in a term, not only its derivatives."""
    return any(part == n.COST for part in walk(term))
