r"""What a printed formula means on a page with definitions of its own.

An `Elaborator` whose names are those of a `System`: shapes are those that the page declares, ∂L/∂W
is the derivative through its definitions, and what a page says is added to every row is.

>>> from symnet.paper.formula.reader import read
>>> from symnet.paper.definitions.system import axis
>>> system = System({"X": Quantity("‹X›", (axis("N"),), (axis("D"),))})
>>> elaborator = SystemElaborator(system)
>>> elaborator.arrays.shape(elaborator.value(read("X^T X").statements[0]))
'D × D'
"""

from dataclasses import replace

from symnet.calculus.expectation import expected
from symnet.calculus.graph import Definition, bottom
from symnet.errors import SymnetError
from symnet.paper.definitions.names import index_letters, key_of, ways_of
from symnet.paper.definitions.system import Quantity, System, axis, named
from symnet.paper.formula import syntax as s
from symnet.paper.meaning.arrays import Array, Arrays, ShapeClash, Value, is_any, scalar
from symnet.paper.meaning.elaboration import Elaborator
from symnet.paper.meaning.formulas_of_one import exponential
from symnet.paper.meaning.reading import Layers
from symnet.paper.signs.function_names import SAMENESS, is_one
from symnet.paper.signs.misfits import Misfit, Tensor, Unclear
from symnet.paper.signs.notation import Notation, spelled_out
from symnet.paper.signs.scripts import Letter, Slice, is_transpose, subscripts
from symnet.term import (
    ONE,
    Axis,
    Delta,
    Index,
    Partial,
    Size,
    Sum,
    Symbol,
    Term,
    add,
    free_indices,
    mul,
    number,
    power,
    rename,
)

LOSSES = frozenset({"L", "J", "E", "C", "l", r"\ell", "mathcal:L", "mathcal:J", r"\mathcal{L}"})
SUMS = frozenset({"np.sum", "sum"})
MEANS = frozenset({"np.mean", "mean"})
EXPECTATIONS = frozenset({"E", "Var"})
INDICATORS = frozenset({"I", "1"})
SOFTMAX = "softmax"
LENGTHS = "ndDHNKm"  # by which the length of a vector is called


class SystemArrays(Arrays):
    """Arrays of a page: what it says is repeated along rows or columns is."""

    def __init__(self, system: "SystemElaborator") -> None:
        super().__init__(lambda _: None, lambda one, other: one == other)
        self.system = system

    def shape(self, value: Value) -> str:
        """A shape in the letters of the page."""
        if not isinstance(value, Array):
            return super().shape(value)
        if value.is_number:
            return "a number"

        def side(indices: tuple[Index, ...]) -> str:
            return "·".join("any" if is_any(i.axis) else i.axis.name for i in indices) or "1"

        return f"{side(value.rows)} × {side(value.cols)}"

    def add(self, one: Value, other: Value) -> Value:
        """The sum; a row that is added to every row, and a column to every column."""
        if isinstance(one, Array) and isinstance(other, Array):
            one, other = self.spread(one, other), self.spread(other, one)
        return super().add(one, other)

    def spread(self, one: Array, other: Array) -> Array:
        """An array as it stands beside another."""
        if one.is_number and not other.is_number and self.system.may_spread(one.term):
            return Array(other.rows, other.cols, one.term)
        how = self.system.spreads(one.term)
        if how == "rows" and not one.rows and other.rows and self.fit(one.cols, other.cols):
            return Array(other.rows, one.cols, one.term)
        if how == "cols" and not one.cols and other.cols and self.fit(one.rows, other.rows):
            return Array(one.rows, other.cols, one.term)
        return one


class SystemElaborator(Elaborator):
    """What expressions mean among a page's own quantities.

    `inferring`: a definition is read, in which a new letter with counted entries declares itself.
    """

    def __init__(self, system: System, *, inferring: bool = False) -> None:
        super().__init__(_notation(system), Layers())
        self.system, self.inferring = system, inferring
        self.arrays = SystemArrays(self)
        self.locals: dict[str, Array] = {}
        self.vague = False  # whether what has entries by itself stands whole
        self.length: Axis | None = None  # of the argument of a function of a whole vector

    # --- what is repeated ------------------------------------------------------------------

    def may_spread(self, term: Term) -> bool:
        """Whether a number beside an array is meant for each of its entries."""
        if self.inferring:
            return True
        if self.system.is_statistic(term):
            self.notes.append("a mean or a variance beside an array is taken for each entry")
            return True
        return False

    def spreads(self, term: Term) -> str:
        """Along what an array is repeated where it is added."""
        if not isinstance(term, Symbol):
            return ""
        found = (q.spread for q in self.system.quantities.values() if q.name == term.name)
        return next(found, "")

    # --- names -----------------------------------------------------------------------------

    def _scripted(self, node: s.Name | s.Scripted) -> Value:
        found = self._quantity_at(node, "")
        if found is not None:
            return found
        if isinstance(node, s.Scripted) and not isinstance(node.base, s.Name):
            return super()._scripted(node)
        name = node.base if isinstance(node, s.Scripted) else node
        assert isinstance(name, s.Name)
        if is_one(name) or name.text == "e":
            return super()._scripted(node)
        return self._unknown(node, name)

    def _quantity_at(self, node: s.Name | s.Scripted, prefix: str) -> Value | None:
        """What the page declares of a name; None if nothing."""
        for way in ways_of(node, prefix):
            if way.key in self.locals:
                return self._with_scripts(self.locals[way.key], way.sub, way.sup, node)
            if way.key in self.system.quantities:
                quantity = self.system.quantities[way.key]
                self.vague |= quantity.plain and way.sub is None
                return self._with_scripts(self._whole(quantity), way.sub, way.sup, node)
            size = self._length_by(way.key)
            if size is not None and way.sub is None and way.sup is None:
                return scalar(Size(size))
        return None

    def _length_by(self, key: str) -> Axis | None:
        return self.system.sizes.get(key)

    def _whole(self, quantity: Quantity) -> Array:
        if quantity.alias is not None:
            return self.arrays.apart(quantity.alias)
        rows = tuple(self.arrays.fresh(each) for each in quantity.rows)
        cols = tuple(self.arrays.fresh(each) for each in quantity.cols)
        return Array(rows, cols, Symbol(quantity.name, None, rows + cols))

    def _with_scripts(
        self, whole: Array, sub: s.Node | None, sup: s.Node | None, node: s.Node
    ) -> Value:
        transposed = sup is not None and is_transpose(sup)
        if sub is not None:
            whole = self._entries_of(whole, sub, node, transposed=transposed)
        elif transposed:
            whole = Array(whole.cols, whole.rows, whole.term)
        if sup is None or transposed:
            return whole
        if self._minus_one(sup) and not whole.is_number:
            raise Unclear("an inverse or a power of an array", node)
        exponent = self._rational(sup)
        if whole.rows and whole.cols:
            if self.arrays.fit(whole.rows, whole.cols):
                raise Unclear("a power of a square matrix", node)
            self.notes.append("the power of a matrix that is not square is taken entry by entry")
        return Array(whole.rows, whole.cols, power(whole.term, exponent))

    def _powers_entrywise(self, base: Array) -> bool:
        return not self.arrays.fit(base.rows, base.cols)

    def _entries_of(self, whole: Array, sub: s.Node, node: s.Node, *, transposed: bool) -> Array:
        sides = (*whole.rows, *whole.cols)
        if transposed:
            sides = (*whole.cols, *whole.rows)
        parts = sub.items if isinstance(sub, s.Listed) else (
            sub.factors if isinstance(sub, s.Product) and len(sides) > 1 else (sub,)
        )  # fmt: skip
        if len(parts) != len(sides):
            raise Unclear("these subscripts do not fit what is declared", node)
        chosen = [self._place(x, i.axis, node) for x, i in zip(parts, sides, strict=True)]
        to = {i: c for i, c in zip(sides, chosen, strict=True) if isinstance(c, Index)}
        rows, cols = (whole.cols, whole.rows) if transposed else (whole.rows, whole.cols)
        return Array(
            tuple(i for i in rows if i not in to),
            tuple(i for i in cols if i not in to),
            rename(whole.term, to),
        )

    def _place(self, part: s.Node, along: Axis, node: s.Node) -> Index | Slice:
        key = key_of(part)
        if key is not None and key in self.system.classes:
            if self.system.classes[key] != along:
                raise Misfit("this class number counts something else", node, "index-swap")
            return Index(key, along)
        letters = subscripts(part)
        if letters is None or len(letters) != 1:
            raise Unclear("this subscript is not understood", node)
        (letter,) = letters
        if letter.last is not None or not (letter.text.strip("'").isalpha() or letter.text == ":"):
            raise Unclear("this subscript is not understood", node)
        return self._index(Letter(letter.text), along, node)

    def _unknown(self, node: s.Name | s.Scripted, name: s.Name) -> Value:
        """A name that the page has not declared so far: in a definition it may declare itself."""
        sub = node.sub if isinstance(node, s.Scripted) else None
        sup = node.sup if isinstance(node, s.Scripted) else None
        text, key = name.text, spelled_out(name)
        if self.inferring and self._is_length(node):
            assert self.length is not None
            return scalar(Size(self.length))
        letters = index_letters(sub)
        if text == "I" and sub is None and sup is None:
            return self.arrays.identity()
        kronecker = text == r"\delta" and letters is not None and len(letters) == 2
        if (
            self.inferring
            and letters
            and not kronecker
            and not (isinstance(node, s.Scripted) and node.primes)
        ):
            axes = tuple(self._axis_of(letter) for letter in letters)
            self._declare(key, Quantity(named(key), axes, (), plain=True))
            found = self._quantity_at(node, "")
            assert found is not None
            return found
        greek = text.startswith("\\") and text not in (r"\partial", r"\nabla", r"\Delta")
        if sub is None and greek and self.inferring:
            self._declare(key, Quantity(named(key)))
            if text in (r"\epsilon", r"\varepsilon", r"\eta"):
                self.system = replace(self.system, positive=self.system.positive | {named(key)})
            return self._with_scripts(scalar(Symbol(named(key))), None, sup, node)
        if kronecker and letters is not None and sup is None:
            return scalar(self._same_neuron([Letter(letter) for letter in letters], node))
        raise Unclear(f"what is {key.removeprefix(chr(92))} here?", node)

    def _declare(self, key: str, quantity: Quantity) -> None:
        self.system = self.system.with_quantity(key, quantity)

    def _is_length(self, node: s.Node) -> bool:
        """n, d, D, H: as many as the vector has entries that a function is taken of."""
        return self.length is not None and isinstance(node, s.Name) and node.text in LENGTHS

    def _axis_of(self, letter: str) -> Axis:
        """What a letter counts: what its sum says, or all that it ever counts on this page."""
        slot = self.scope.get(letter)
        if slot is not None and slot.axis is not None:
            return slot.axis
        if letter not in self.system.letters:
            new = axis(letter)
            self.system = replace(self.system, letters={**self.system.letters, letter: new})
        return self.system.letters[letter]

    # --- products, functions ---------------------------------------------------------------

    def _factor(self, factors: list[s.Node], operators: list[str], at: int) -> tuple[Value, int]:
        node = factors[at]
        following = factors[at + 1] if at + 1 < len(factors) and not operators[at + 1] else None
        if isinstance(node, s.Name) and following is not None:
            if node.text == "d" and isinstance(following, s.Name | s.Scripted):
                found = self._quantity_at(following, "d")
                if found is not None:
                    return found, at + 2
            scripted = isinstance(following, s.Scripted) and not following.primes
            if self.system.called.get(spelled_out(node)) == s.spell(following):
                return self.value(node), at + 2
            given = following.base if isinstance(following, s.Scripted) else following
            if isinstance(given, s.Bracketed) and spelled_out(node) not in self.system.quantities:
                found = self._of_brackets(node, given)
                if found is not None and not scripted:
                    return found, at + 2
                if found is not None and isinstance(following, s.Scripted):
                    return self._raised_value(following, found), at + 2
        return super()._factor(factors, operators, at)

    def _of_brackets(self, node: s.Name, given: s.Bracketed) -> Value | None:
        """Functions of a whole array, and losses of what stands in their brackets."""
        text = node.text
        items = given.body.items if isinstance(given.body, s.Listed) else (given.body,)
        if text == SOFTMAX and len(items) == 1:
            return self.softmax(self.value(items[0]), node)
        if text in EXPECTATIONS and self.system.drawn and len(items) == 1:
            return self._expected(self.value(items[0]), text, node)
        if text in SUMS or text in MEANS:
            return self._numpy(items, node, mean=text in MEANS)
        if spelled_out(node) in self.system.maps and len(items) == 1:
            return self._mapped(spelled_out(node), self.value(items[0]), node)
        if text in INDICATORS and node.style and isinstance(given.body, s.Chain):
            return self._indicator(given.body)
        if self.inferring and spelled_out(node) in LOSSES:
            return self._opaque(node, items)
        return None

    def _expected(self, value: Value, which: str, node: s.Node) -> Value:
        """E[…] over the masks, or the variance E[…²] - E[…]²."""
        if not isinstance(value, Array):
            raise Unclear("the expectation of what is written out", node)
        mean = self._mean_of(value.term, node)
        if which == "E":
            return replace(value, term=mean)
        square = self._mean_of(power(value.term, 2), node)
        return replace(value, term=add(square, mul(number(-1), power(mean, 2))))

    def _mean_of(self, term: Term, node: s.Node) -> Term:
        """An expectation as a quantity of its own: by a rule for a proof, drawn out for numbers."""
        name = named(f"expectation {len(self.system.expected) + 1}")
        letters = tuple(sorted(free_indices(term), key=lambda i: i.name))
        try:
            body = expected(bottom(term, self.system.graph), self.system.drawn)
        except SymnetError as error:
            raise Unclear(str(error), node) from None
        expected_ = {**self.system.expected, name: (letters, term)}
        self.system = replace(self.system, expected=expected_)
        self.system = self.system.with_definition(Definition(name, letters, body))
        return Symbol(name, None, letters)

    def _opaque(self, node: s.Name, items: tuple[s.Node, ...]) -> Value:
        """L(o, y): a number that depends on o, and on y which depends on nothing."""
        arguments = []
        for item in items:
            key = key_of(item)
            quantity = self.system.quantities.get(key or "")
            if quantity is None or quantity.alias is not None:
                continue
            own = tuple(self.arrays.fresh(each) for each in quantity.axes)
            arguments.append(Symbol(quantity.name, None, own))
        if not arguments:
            raise Unclear("on what does this depend?", node)
        key = spelled_out(node)
        self._declare(key, Quantity(named(key)))
        definition = Definition(named(key), (), None, tuple(arguments))
        self.system = self.system.with_definition(definition)
        return scalar(Symbol(named(key)))

    def softmax(self, value: Value, node: s.Node) -> Value:
        """e^{z_k} / Σ_j e^{z_j}, of a vector, or row by row where the page says so."""
        if not isinstance(value, Array) or value.is_number:
            raise Misfit("softmax is a function of a vector", node)
        if value.rows and value.cols and not self.system.along:
            raise Unclear("softmax of the rows or of the columns?", node)
        side = value.cols or value.rows
        if value.rows and self.system.along == "columns":
            side = value.rows
        if len(side) != 1:
            raise Unclear("softmax of this", node)
        other = self.arrays.fresh(side[0].axis)
        below = Sum(other, exponential(rename(value.term, {side[0]: other})))
        return replace(value, term=mul(exponential(value.term), power(below, -1)))

    def _numpy(self, items: tuple[s.Node, ...], node: s.Node, *, mean: bool) -> Value:
        """np.sum(A, axis=0): over the rows, a row is left; axis=1: over the columns."""
        value = self.value(items[0])
        if not isinstance(value, Array):
            raise Unclear("the sum of what is written out", node)
        options = dict(filter(None, map(_option, items[1:])))
        if len(options) != len(items) - 1 or not options.keys() <= {"axis", "keepdims"}:
            raise Unclear("these options are not understood", node)
        bound = {"0": value.rows, "1": value.cols, "": (*value.rows, *value.cols)}
        over = bound.get(options.get("axis", ""))
        if over is None or (not over and options):
            raise Unclear("the sum along this axis", node)
        term = value.term
        for index in reversed(over):
            term = Sum(index, term)
            if mean:
                term = mul(power(Size(index.axis), -1), term)
        kept = [tuple(i for i in side if i not in over) for side in (value.rows, value.cols)]
        return Array(kept[0], kept[1], term)

    def _mapped(self, name: str, value: Value, node: s.Node) -> Value:
        """LN(u), where the page says what LN(x) is: with x, its entries and its mean for u."""
        variable, body = self.system.maps[name]
        if not isinstance(value, Array) or value.is_number:
            raise Misfit(f"{name} is a function of a vector", node)
        if (value.rows and value.cols) or len(value.rows + value.cols) != 1:
            raise Unclear(f"{name} of a matrix", node)
        (index,) = value.rows or value.cols
        if is_any(index.axis):
            raise Unclear("how long is this?", node)
        mean = mul(power(Size(index.axis), -1), Sum(index, value.term))
        inner = SystemElaborator(self.system, inferring=True)
        inner.arrays.names = self.arrays.names
        inner.length = index.axis
        inner.locals = {variable: value, f"bar:{variable}": scalar(mean)}
        found = inner.value(body)
        self.system = replace(self.system, quantities=inner.system.quantities,
                              positive=inner.system.positive)  # fmt: skip
        return found

    def _upper(self, node: s.Big) -> Axis | None:
        key = key_of(node.sup) if node.sup is not None else None
        if key is not None and key in self.system.sizes:
            return self.system.sizes[key]
        if self.inferring and node.sup is not None and self._is_length(node.sup):
            return self.length
        if self.inferring and key is not None and isinstance(node.sup, s.Name):
            if key in self.system.quantities or len(key) > 1:
                raise Unclear("this limit is not understood", node.sup)
            new = axis(key)
            self.system = replace(self.system, sizes={**self.system.sizes, key: new})
            return new
        return super()._upper(node)

    # --- class numbers ---------------------------------------------------------------------

    def _iverson(self, chain: s.Node) -> Term:
        """[y_i = k], where y_i is the number of a class."""
        if isinstance(chain, s.Chain) and len(chain.sides) == 2 and chain.relations[0] in SAMENESS:
            keys = [key_of(side) for side in chain.sides]
            for one, other in ((0, 1), (1, 0)):
                along = self.system.classes.get(keys[one] or "")
                if along is not None:
                    left = Index(keys[one] or "", along)
                    right = self._place(chain.sides[other], along, chain)
                    if isinstance(right, Slice):
                        raise Unclear("this condition is not understood", chain)
                    same = Delta(left, right) if left != right else ONE
                    if chain.relations[0] == "=":
                        return same
                    return add(ONE, mul(number(-1), same))
        return super()._iverson(chain)

    # --- derivatives -----------------------------------------------------------------------

    def _derived(self, of: Array, by: Array, node: s.Node) -> Array:
        own = self.arrays.apart(by) if of.rows or of.cols else by
        assert isinstance(own.term, Symbol)
        if not self.system.reaches(of.term, own.term.name):
            raise Unclear("how this depends on what it is derived by is not said", node)
        term = Partial(of.term, own.term)
        if of.is_number:
            return Array(own.rows, own.cols, term)
        if own.is_number:
            return Array(of.rows, of.cols, term)
        if (of.rows and of.cols) or (own.rows and own.cols):
            raise Tensor("the derivative of an array by an array has more than two axes", node)
        return Array(of.rows or of.cols, own.rows or own.cols, term)

    def _clash(self, clash: ShapeClash, node: s.Node) -> Misfit | Unclear:
        message = f"these shapes cannot be {clash.action}: {clash.left} and {clash.right}"
        return Misfit(message, node)


def _notation(system: System) -> Notation:
    return Notation(
        letters={"": "w"}, costs=frozenset(), input="", target="",
        functions={name: f"function {name}" for name in system.functions},
        formulas={f"function {name}": formula for name, formula in system.functions.items()},
        entrywise=system.entrywise, sizes=frozenset(),
    )  # fmt: skip


def _option(node: s.Node) -> tuple[str, str] | None:
    match node:
        case s.Chain(sides=(left, right), relations=("=",)):
            return _word(left), _word(right)
    return None


def _word(node: s.Node) -> str:
    match node:
        case s.Text(words=words):
            return words.strip()
        case s.Name(text=text) | s.Number(text=text):
            return text
    return ""
