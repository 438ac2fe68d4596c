r"""What is said of several samples: quantities of a sample, sums over samples, costs that add up.

C is the mean or the sum of the C_x, perhaps with a penalty: λ/2n Σ_w w² is over all weights of all
layers. In a sum over samples what names no sample is of the one that is summed over.

>>> from symnet.paper.signs.notation import NIELSEN, Batch
>>> from symnet.paper.meaning.elaboration import Elaborator
>>> from symnet.paper.formula.reader import read
>>> from symnet.paper.meaning.reading import Layers
>>> several = replace(NIELSEN, batch=Batch(on=True))
>>> (node,) = read(r"\sum_x \delta^l (a^{l-1})^T").statements
>>> elaborator = Elaborator(several, Layers())
>>> elaborator.arrays.shape(elaborator.value(node))
'n_l × n_l-1'
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction

from symnet.network import notation as n
from symnet.paper.formula import syntax as s
from symnet.paper.meaning.arrays import Array, Value, scalar
from symnet.paper.meaning.formulas_of_one import absolute
from symnet.paper.meaning.reading import Layers
from symnet.paper.meaning.sums import Sums
from symnet.paper.signs.examples import (
    OF_SAMPLES,
    is_across,
    is_over_weights,
    sample_letter,
)
from symnet.paper.signs.misfits import Misfit, Unclear
from symnet.paper.signs.notation import Notation
from symnet.paper.signs.scripts import Slice, is_layer_letter, plainly, subscripts
from symnet.term import (
    Axis,
    Index,
    LayerNumber,
    Partial,
    Power,
    Product,
    Size,
    Sum,
    Symbol,
    Term,
    mul,
    power,
    walk,
)

WEIGHT = Symbol("any weight")


class Batches(Sums):
    """What is said of several samples."""

    __slots__ = ()

    # --- of which sample -------------------------------------------------------------------

    @contextmanager
    def _of(self, sample: Index | None) -> Iterator[None]:
        outer, self.sample = self.sample, sample
        try:
            yield
        finally:
            self.sample = outer

    def _sampled(self, node: s.Sampled) -> Value:
        """δ^{x,l}: a quantity of a sample that is named."""
        letters = subscripts(node.sample)
        if letters is None or len(letters) != 1:
            raise Unclear("of which sample is this?", node)
        sample = self._index(letters[0], n.SAMPLES, node)
        if isinstance(sample, Slice):
            raise Unclear("of which sample is this?", node)
        if isinstance(node.of, s.Name) and self.notation.is_cost(node.of):
            return scalar(n.at_sample(n.COST, sample if self.notation.batch.on else None))
        with self._of(sample):
            found = self.value(node.of)
        if not isinstance(found, Array) or not self._symbols(found.term):
            raise Unclear("this is not understood of one sample", node)
        return found

    def _symbols(self, term: Term) -> list[Symbol]:
        return [x for x in walk(term) if isinstance(x, Symbol) and n.sample_of(x) is not None]

    def _quantity(self, node: s.Name | s.Scripted, name: s.Name) -> Value:
        found = super()._quantity(node, name)
        return self._placed(found, node) if self.notation.batch.on else found

    def _vector(
        self, axis: Axis, name: str, layer: LayerNumber | None, sub: s.Node | None, node: s.Node
    ) -> Value:
        found = super()._vector(axis, name, layer, sub, node)
        own = isinstance(found, Array) and isinstance(found.term, Symbol)
        if not self.notation.batch.on or not own or name not in ("y", "a"):
            return found
        return self._placed(found, node)

    def _placed(self, found: Value, node: s.Node) -> Value:
        """A quantity at its sample, or as the matrix of all samples."""
        if not isinstance(found, Array) or not isinstance(found.term, Symbol):
            return found
        symbol, batch = found.term, self.notation.batch
        if symbol.name not in (*OF_SAMPLES, "y") or n.sample_of(symbol) is not None:
            return found
        if self.sample is not None:
            return replace(found, term=n.at_sample(symbol, self.sample))
        columns = batch.columns | ({"y"} if batch.columns else set())
        if symbol.name not in columns and not self._is_matrix(node):
            raise Unclear("of which sample is this?", node)
        if found.is_number:
            raise Unclear("this entry is a row of a matrix of samples", node)
        sample = self.arrays.fresh(n.SAMPLES)
        term: Term = n.at_sample(symbol, sample)
        if symbol.name == "δ" and batch.slopes_of_mean:
            term = Partial(self._mean(), replace(n.at_sample(symbol, sample), name="z"))
        if found.cols and not found.rows:
            return Array((sample,), found.cols, term)
        return Array(found.rows, (sample,), term)

    def _is_matrix(self, node: s.Node) -> bool:
        base = node.base if isinstance(node, s.Scripted) else node
        return isinstance(base, s.Name) and base.text in self.notation.batch.matrices

    def _by(self, by: s.Node, node: s.Node) -> Array:
        found = super()._by(by, node)
        placed = self._placed(found, by) if self.notation.batch.on else found
        assert isinstance(placed, Array)
        if not isinstance(placed.term, Symbol):
            raise Unclear("what is derived by is not understood", by)
        return placed

    def derivative(self, of: Value, by: s.Node, node: s.Node, order: int) -> Value:
        """∇_a C_x is by a of the sample x."""
        sample = self.sample
        if sample is None and isinstance(of, Array):
            found = {n.sample_of(x) for x in self._symbols(of.term)}
            named = [x for x in found if x is not None and x.name in self.scope]
            sample = named[0] if len(found) == len(named) == 1 else None
        with self._of(sample):
            return super().derivative(of, by, node, order)

    def _spread(self, one: Value, other: Value) -> tuple[Value, Value]:
        """A column beside the matrix of all samples is added to each of them."""
        if not isinstance(one, Array) or not isinstance(other, Array):
            return one, other
        for x, y in ((one, other), (other, one)):
            over = [i for i in y.cols if i.axis == n.SAMPLES]
            if x.rows and not x.cols and over and self.arrays.fit(x.rows, y.rows):
                wide = Array(x.rows, (self.arrays.fresh(n.SAMPLES),), x.term)
                return (wide, other) if x is one else (one, wide)
        return one, other

    # --- costs -----------------------------------------------------------------------------

    def _mean(self) -> Term:
        """C before any penalty: of one sample, or of all."""
        batch = self.notation.batch
        if not batch.on:
            return n.COST
        sample = self.arrays.fresh(n.SAMPLES)
        total: Term = Sum(sample, n.at_sample(n.COST, sample))
        return total if batch.total == "sum" else mul(power(Size(n.SAMPLES), -1), total)

    def descended(self, node: s.Node) -> Term:
        """The cost that gradient descent makes small."""
        name = self.notation.descends
        return self._total(name) if name in self.notation.totals else self._mean()

    def _total(self, name: str) -> Term:
        """A cost by what the page says it adds up."""
        outer = self.notation
        rest = {k: v for k, v in outer.totals.items() if k != name}
        self.notation = replace(outer, totals=rest)
        try:
            with self._of(None):
                return self.number(outer.totals[name])
        finally:
            self.notation = outer

    def _named(self, name: s.Name, sub: s.Node | None, node: s.Node) -> Value:
        text, batch = name.text, self.notation.batch
        if text in self.notation.totals and sub is None:
            return scalar(self._total(text))
        if text in batch.counts and sub is None and text not in self.variables:
            return scalar(Size(n.SAMPLES))
        if not self.notation.is_cost(name):
            return super()._named(name, sub, node)
        if isinstance(sub, s.Number) and sub.text == "0":
            return scalar(self._mean())
        if not batch.on or sub is not None:
            return super()._named(name, sub, node)
        if self.sample is not None:
            raise Unclear("is this the cost of all samples, or of one?", node)
        return scalar(self._mean())

    # --- sums ------------------------------------------------------------------------------

    def _big(self, node: s.Big, body: s.Node) -> Value:
        if is_over_weights(node, self.notation):
            assert isinstance(node.sub, s.Name)
            return scalar(self._over_weights(node.sub.text, body, node))
        if node.operator == "sum":
            squares = self._over_layers(node, body)
            if squares is not None:
                return scalar(squares)
        if not self.notation.batch.on:
            return super()._big(node, body)
        if is_across(node):
            return self._across(body, node)
        letter = sample_letter(node, body, self.notation)
        if letter is None:
            return super()._big(node, body)
        counts = self.notation.batch.counts
        if not (node.sup is None or (isinstance(node.sup, s.Name) and node.sup.text in counts)):
            raise Unclear("are these all samples?", node.sup)
        with self._bound([(letter, n.SAMPLES, node)]):
            index = Index(letter, n.SAMPLES)
            with self._of(index):
                value = self.value(body)
        return self.arrays.map(value, lambda term: Sum(index, term))

    def _bare_sum(self, node: s.Big, body: s.Node) -> Value:
        """Σ dZ without an index: over the samples, if dZ has some."""
        try:
            return super()._bare_sum(node, body)
        except Misfit:
            found = self._across(body, node)
        self.notes.append("the sum without an index is read as over the samples")
        return found

    def _across(self, body: s.Node, node: s.Node) -> Value:
        """The sum over the samples of a matrix that has them as columns, or as rows."""
        value = self.value(body)
        if not isinstance(value, Array):
            raise Unclear("over what is summed here?", node)
        samples = [i for i in (*value.rows, *value.cols) if i.axis == n.SAMPLES]
        if len(samples) != 1:
            raise Misfit("over which samples is summed here?", node, "shape")
        (index,) = samples
        rest = [i for i in (*value.rows, *value.cols) if i != index]
        return Array(tuple(rest), (), Sum(index, value.term))

    # --- penalties -------------------------------------------------------------------------

    def _over_weights(self, name: str, body: s.Node, node: s.Node) -> Term:
        """Σ_w c w² and Σ_w c |w| over all weights of all layers."""
        outer = self.notation
        letters = {k: v for k, v in outer.letters.items() if k != name}
        self.notation = replace(outer, letters=letters, scalars=outer.scalars | {name})
        try:
            with self._variable(name, scalar(WEIGHT)):
                term = self.number(body)
        finally:
            self.notation = outer
        factors = term.factors if isinstance(term, Product) else (term,)
        known: dict[Term, Term] = {power(WEIGHT, 2): n.SQUARES, absolute(WEIGHT): n.ABSOLUTES}
        if len([x for x in factors if x in known]) != 1 or any(
            WEIGHT in walk(x) for x in factors if x not in known
        ):
            raise Unclear("this sum over all weights is not understood", node)
        return mul(*(known.get(x, x) for x in factors))

    def _over_layers(self, node: s.Big, body: s.Node) -> Term | None:
        """Σ_l ‖W^l‖² as the sum over all weights of all layers; None if it is another sum."""
        below = 0  # by how much the letter is less than the number of the weights
        match node.sub, node.sup:
            case s.Name(text=name), None:
                below = 1 if is_layer_letter(name, body, self.notation, 1) else 0
            case s.Chain(
                sides=(s.Name(text=name), s.Number(text="1" | "2")), relations=("=",)
            ), s.Name(text="L"):
                pass
            case s.Chain(
                sides=(s.Name(text=name), s.Number(text="1")), relations=("=",)
            ), s.Additive(terms=(s.Name(text="L"), s.Number(text="1")), signs=(_, "-")):
                below = 1
            case _:
                return None
        if not is_layer_letter(name, body, self.notation, below):
            return None
        if not any(_is_weight(x, self.notation) for x in s.walk(body)):
            return None
        layer = LayerNumber("each layer")
        if any(isinstance(x, s.Name) and self.notation.letters.get(x.text, "w") != "w"
               for x in s.walk(body)):  # fmt: skip
            return None
        outer, scope = self.layers, self.scope
        # What is found out there of letters stays there.
        self.layers = Layers({name: layer})
        self.scope = {letter: replace(slot) for letter, slot in scope.items()}
        try:
            found = self.value(body)
        except (Misfit, Unclear):
            return None
        finally:
            self.layers, self.scope = outer, scope
        return _all_squares(found.term, layer.shift(below)) if isinstance(found, Array) else None

    def _squares(self, node: s.Node) -> Term:
        name = node.text if isinstance(node, s.Name) else None
        if name is not None and self.notation.letters.get(name) == "w":
            self.notes.append(f"the norm of {plainly(name)} is over all weights")
            return n.SQUARES
        return super()._squares(node)


def _is_weight(node: s.Node, notation: Notation) -> bool:
    base = node.base if isinstance(node, s.Scripted) else None
    return isinstance(base, s.Name) and notation.letters.get(base.text) == "w"


def _all_squares(term: Term, layer: LayerNumber) -> Term | None:
    """c Σ_jk (w_jk^l)² as c Σ w² over all layers."""
    factors = term.factors if isinstance(term, Product) else (term,)
    found = [x for x in factors if _is_square_sum(x, layer)]
    if len(found) != 1:
        return None
    rest = [x for x in factors if x not in found]
    if any(isinstance(x, Symbol) and x.layer is not None for f in rest for x in walk(f)):
        return None
    return mul(*rest, n.SQUARES)


def _is_square_sum(term: Term, layer: LayerNumber) -> bool:
    match term:
        case Sum(one, Sum(other, Power(Symbol("w", at, indices), Fraction(numerator=2)))):
            return at == layer and set(indices) == {one, other} and len(indices) == 2
    return False
