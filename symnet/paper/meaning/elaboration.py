r"""What a printed formula means: syntax trees to arrays of index expressions.

An `Elaborator` knows the notation of a page and the layers of a network, numbered (then sizes are
known and shapes are compared by their lengths) or general (then axes are compared by their layers).
Matrix notation, scripts and derivatives become terms; what has no meaning is a `Misfit`, and what
is not understood is said to be so, each with its place.

>>> from symnet.paper.signs.notation import NIELSEN
>>> from symnet.paper.formula.reader import read
>>> from symnet.paper.meaning.reading import Layers
>>> elaborator = Elaborator(NIELSEN, Layers())
>>> elaborator.arrays.shape(elaborator.value(read(r"(W^{l+1})^T \delta^{l+1}").statements[0]))
'n_l × 1'
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from symnet.paper.formula import syntax as s
from symnet.paper.meaning.arrays import (
    Array,
    Blocks,
    ShapeClash,
    Table,
    Value,
    blocks,
    is_unsaid,
    scalar,
)
from symnet.paper.meaning.dotted import Dotted
from symnet.paper.meaning.formulas_of_one import absolute, root_of
from symnet.paper.meaning.numpy_calls import call, is_call
from symnet.paper.signs.derivatives import (
    derivative_of,
    gradient_by,
    is_nabla,
    mixed_by,
    slashed_derivatives,
)
from symnet.paper.signs.function_names import MATRIX_FUNCTIONS, function_of, is_one
from symnet.paper.signs.misfits import Misfit, Unclear
from symnet.paper.signs.scripts import in_a_row
from symnet.term import Number, Term, mul, number, power

ENTRYWISE = frozenset({r"\odot", r"\circ", r"\bullet", r"\star", ".*", r"\ast"})
DIVISION = r"\oslash"
OUTER = r"\otimes"
PRODUCTS_FIRST = "matrix products are taken before ⊙"
MOST_DIGITS = 30  # of a number


class Elaborator(Dotted):
    """What any expression means."""

    __slots__ = ()

    def value(self, node: s.Node) -> Value:
        """What an expression means. Raises Misfit or Unclear."""
        try:
            found = self._value(node)
        except ShapeClash as clash:
            raise self._clash(clash, node) from None
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
            case s.Bracketed(body=s.Empty()):
                raise Misfit("nothing stands in these brackets", node, "other")
            case s.Bracketed(open="|"):
                return self.arrays.map(self.value(node.body), absolute)
            case s.Bracketed(open="⟨", body=s.Listed(items=(one, other))):
                return self._inner(node, self.value(one), self.value(other))
            case s.Bracketed(open="‖"):
                return scalar(power(self._squares(node.body), Fraction(1, 2)))
            case s.Bracketed(open="[", body=s.Chain() as chain):
                return self._indicator(chain)
            case s.Bracketed(open="[" | "(" | r"\{", body=body):
                return self.value(body)
            case s.Fraction():
                return self._fraction(node)
            case s.Root(body, degree):
                exponent = Fraction(1, 2) if degree is None else 1 / self._rational(degree)
                return self.arrays.map(self.value(body), lambda x: root_of(x, exponent))
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
            case s.Sampled():
                return self._sampled(node)
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
            if one.cols and other.cols:
                # ⟨A, B⟩ = Σ A_jk B_jk
                return self.arrays.total(self.arrays.times(one, other))
            raise ShapeClash("multiplied (inner)", self.arrays.shape(one), self.arrays.shape(other))
        return found

    def _added(self, node: s.Node, terms: Sequence[s.Node], signs: Sequence[str]) -> Value:
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
            if total is not None and self.notation.batch.spread:
                total, value = self._spread(total, value)
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

    def _fraction(self, node: s.Fraction) -> Value:
        if isinstance(node.above, s.Empty) or isinstance(node.below, s.Empty):
            raise Misfit("something is missing in this fraction", node, "other")
        if all(_begins_with_delta(part) for part in (node.above, node.below)):
            raise Unclear("δ as the sign of a derivative", node)
        derivative = derivative_of(node)
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
        if "*" in self.notation.entrywise:
            quotient = self._entrywise_quotient(node)
            if quotient is not None:
                return quotient
        below = self.number(node.below)
        return self.arrays.map(self.value(node.above), lambda x: mul(x, power(below, -1)))

    def _entrywise_quotient(self, node: s.Fraction) -> Value | None:
        """Y / A of two arrays of one shape, entry by entry, where * is; None of anything else."""
        above, below = self.value(node.above), self.value(node.below)
        if not isinstance(above, Array) or not isinstance(below, Array) or below.is_number:
            return None
        self.notes.append("the quotient of two arrays is taken entry by entry")
        inverse = self.arrays.map(below, lambda x: power(x, -1))
        if above.is_number:
            return self.arrays.map(inverse, lambda x: mul(above.term, x))
        try:
            return self.arrays.times(above, inverse)
        except ShapeClash as clash:
            raise self._clash(clash, node) from None

    def _product(self, factors: list[s.Node], operators: list[str]) -> Value:
        """Matrix products bind tighter than ⊙; a sum or a derivative takes all that follows it."""
        factors, operators = self._without_iterations(factors, operators)
        factors, operators = slashed_derivatives(factors, operators)
        factors, operators = self._dotted_product(factors, operators)
        if self.notation.entrywise_first:
            return self._entrywise_first(factors, operators)
        groups: list[Value] = []
        group: Value | None = None
        inverted: set[int] = set()
        joined = False
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
                    joined = True
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
        if len(groups) > 1 and joined and PRODUCTS_FIRST not in self.notes:
            self.notes.append(PRODUCTS_FIRST)
        return total

    def _entrywise_first(self, factors: list[s.Node], operators: list[str]) -> Value:
        """The other reading of A B ⊙ c: A (B ⊙ c)."""
        total: Value | None = None
        chain: Value | None = None
        joint, at = "", 0
        try:
            while at < len(factors):
                operator, where = (operators[at] if at else ""), factors[at]
                value, after = self._factor(factors, operators, at)
                if chain is None:
                    chain = value
                elif operator in ENTRYWISE or operator in self.notation.entrywise:
                    chain = self.arrays.times(chain, value)
                elif operator == DIVISION:
                    inverse = self.arrays.map(value, lambda x: power(x, -1))
                    chain = self.arrays.times(chain, inverse)
                else:
                    total = chain if total is None else self._joined(total, chain, joint, where)
                    chain, joint = value, operator
                at = after
            assert chain is not None
            return chain if total is None else self._joined(total, chain, joint, factors[-1])
        except ShapeClash as clash:
            raise self._clash(clash, replace(factors[-1], start=factors[0].start)) from None

    def _without_iterations(
        self, factors: list[s.Node], operators: list[str]
    ) -> tuple[list[s.Node], list[str]]:
        """b(t), δ(t+1), C(w, b), a^L(x): what something depends on is not a factor."""
        kept = [
            at
            for at, factor in enumerate(factors)
            if not (
                at
                and isinstance(factor, s.Bracketed)
                and not operators[at]
                and (
                    self.notation.is_iteration(factor.body)
                    or self._is_argument(factors[at - 1], factor)
                )
            )
        ]
        return [factors[at] for at in kept], [operators[at] for at in kept]

    def _is_argument(self, of: s.Node, bracket: s.Bracketed) -> bool:
        """Whether a bracket says on what C or an activation depends. Raises Unclear if unsure."""
        name = of.base if isinstance(of, s.Scripted) else of
        if not isinstance(name, s.Name) or bracket.open != "(":
            return False
        items = bracket.body.items if isinstance(bracket.body, s.Listed) else (bracket.body,)
        if self.notation.is_cost(name):
            if all(isinstance(item, s.Name | s.Scripted) for item in items):
                return True
            raise Unclear("C at another place is not understood", bracket)
        here = self.notation.has_layers(name) or name.text == self.notation.target
        given = bracket.body
        return here and isinstance(given, s.Name) and given.text == self.notation.input

    def _clash(self, clash: ShapeClash, node: s.Node) -> Misfit | Unclear:
        message = f"these shapes cannot be {clash.action}: {clash.left} and {clash.right}"
        added = {clash.left, clash.right}
        if (
            self.notation.is_of_vectors
            and clash.action == "added"
            and "a number" in added
            and any(shape.endswith(" × 1") or shape.startswith("1 × ") for shape in added)
        ):
            return Unclear("a number added to a vector", node)
        if is_unsaid(clash.left, clash.right):
            # How long it is, nobody said: it may well fit.
            return Unclear(message, node)
        return Misfit(message, node)

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

    def _factor(self, factors: list[s.Node], operators: list[str], at: int) -> tuple[Value, int]:
        """The value of what begins at a factor, and where the next one begins."""
        node = factors[at]
        rest, between = factors[at + 1 :], operators[at + 1 :]
        if isinstance(node, s.Big):
            if not rest or between[0]:
                raise Misfit("nothing stands after this sign", node, "other")
            reach = _reach_of(node, rest)
            if reach < len(rest):
                self.notes.append("the product ends where its letter no longer stands")
            return self._big(node, in_a_row(rest[:reach], between[:reach])), at + 1 + reach
        if isinstance(node, s.Fraction) and (found := derivative_of(node)) and found[0] is None:
            if not rest or between[0]:
                raise Misfit("nothing stands after this derivative", node, "other")
            after = self._reach(factors, operators, at + 1)
            of = self.value(in_a_row(factors[at + 1 : after], operators[at + 1 : after]))
            mixed = mixed_by(node)
            for each in reversed(mixed or ()):
                of = self.derivative(of, each, node, 1)
            return of if mixed else self.derivative(of, found[1], node, found[2]), after
        by = gradient_by(node)
        if by is not None:
            if not rest or between[0]:
                raise Misfit("nothing stands after this derivative", node, "other")
            of, after = self._after_sign(factors, operators, at + 1)
            twice = isinstance(node, s.Scripted) and node.sup is not None
            return self.derivative(of, by, node, 1 + twice), after
        if is_nabla(node):
            if not rest or between[0]:
                raise Misfit("nothing stands after this derivative", node, "other")
            return self._total_gradient(factors[at + 1], node), at + 2
        if is_one(node) and rest and not between[0] and isinstance(factors[at + 1], s.Bracketed):
            inside = factors[at + 1]
            assert isinstance(inside, s.Bracketed)
            if isinstance(inside.body, s.Chain):
                return self._indicator(inside.body), at + 2
        if is_call(node) and rest and not between[0] and isinstance(rest[0], s.Bracketed):
            assert isinstance(node, s.Name)
            return call(node, rest[0].body, self.arrays, self.value), at + 2
        if self._is_change(node, factors[at + 1 :]) and rest and not between[0]:
            return self._change(node, factors[at + 1]), at + 2
        called = self._function_of(node)
        if called is not None and (called.name, called.order) == ("σ", 0) and rest:
            self._check_applied(node, between[0], rest[0])
        if called is not None and not self._stands_alone(factors, operators, at):
            return self._call(called, node, factors, operators, at)
        return self.value(node), at + 1

    def _check_applied(self, node: s.Node, operator: str, after: s.Node) -> None:
        """Raises Misfit for σ · (z): a function is no factor."""
        if operator in ("*", r"\cdot", r"\times") and isinstance(after, s.Bracketed):
            message = "a function is applied to its argument, not multiplied by it"
            raise Misfit(message, node, "wrong-product")

    def _after_sign(
        self, factors: list[s.Node], operators: list[str], at: int
    ) -> tuple[Value, int]:
        """What ∇_w stands before: one thing, with the numbers before it, ½‖w‖²."""
        of, after = self._factor(factors, operators, at)
        while (
            isinstance(of, Array)
            and isinstance(of.term, Number)
            and after < len(factors)
            and operators[after] in ("", r"\cdot")
        ):
            more, after = self._factor(factors, operators, after)
            of = self.arrays.dot(of, more)
        return of, after

    def _reach(self, factors: list[s.Node], operators: list[str], at: int) -> int:
        """How far d/dx reaches: over one bracket, or all that follows."""
        if isinstance(factors[at], s.Bracketed):
            return at + 1
        return len(factors)


def _reach_of(big: s.Big, rest: Sequence[s.Node]) -> int:
    """How many factors a sum or product takes: a product no more than have its letter."""
    match big.sub:
        case s.Chain(sides=(s.Name(text=letter), *_)) if big.operator == "prod":
            having = [
                at
                for at, factor in enumerate(rest, 1)
                if any(isinstance(x, s.Name) and x.text == letter for x in s.walk(factor))
            ]
            return having[-1] if having else len(rest)
    return len(rest)


def _begins_with_delta(node: s.Node) -> bool:
    first = node.factors[0] if isinstance(node, s.Product) else node
    return isinstance(first, s.Name) and first.text == r"\delta"
