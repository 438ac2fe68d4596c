r"""Sums over neurons, and sums and products over layers.

A product over layers whose ends are general has no terms: `General` says so, and `remaining` says
how it stands in an induction from the last layer down.
"""

from dataclasses import replace

from symnet.network import notation as n
from symnet.paper.books.translation import UNDECLARED
from symnet.paper.formula import syntax as s
from symnet.paper.meaning.arrays import Array, Value, opaque, scalar
from symnet.paper.meaning.differentiation import Differentiation
from symnet.paper.signs.misfits import General, Misfit, Missing, Unclear
from symnet.paper.signs.repetition import goes_down
from symnet.paper.signs.scripts import (
    binder_names,
    digits_of,
    is_layer_letter,
    layer_of,
    plainly,
    put_for,
)
from symnet.term import Axis, Index, LayerNumber, Sum, Term, mul, number

COUNTS = frozenset("nNKMDHJIdp")  # letters by which people count neurons
MOST_FACTORS = 40  # layers that a product over layers is written out for


class Sums(Differentiation):
    """What sums and products over indices mean."""

    __slots__ = ()

    def _big(self, node: s.Big, body: s.Node) -> Value:
        if node.operator == "prod":
            return self._layer_product(node, body)
        if node.operator != "sum":
            raise Unclear(f"{node.operator} over an index is not understood", node)
        narrower = self._narrower(node)
        if narrower is not None:
            return self._without(*narrower, body)
        binders = self._binders(node)
        if not binders:
            return self._bare_sum(node, body)
        if any(is_layer_letter(name, body, self.notation) for name, _, _ in binders):
            return self._layer_sum(node, body)
        match binders:
            case [(name, Axis(name=literal), _)] if literal.startswith("1.."):
                return self._written_sum(name, int(literal[3:]), body, node)
        with self._bound(binders) as slots:
            value = self.value(body)
            bound = []
            for slot in slots:
                if slot.axis is None:
                    raise Misfit(
                        f"nothing depends on {plainly(slot.name)}, over which is summed",
                        node,
                        "index-swap",
                    )
                bound.append(Index(slot.name, slot.axis))

        def summed(term: Term) -> Term:
            for index in reversed(bound):
                term = Sum(index, term)
            return term

        return self.arrays.map(value, summed)

    def _written_sum(self, name: str, last: int, body: s.Node, node: s.Big) -> Value:
        """A sum that ends at a number, in a network whose neurons are numbered."""
        if self.layers.widths is None:
            raise Unclear("a sum that ends at a number", node)
        place = {"start": node.start, "end": node.end}
        numbers = range(1, last + 1) if last <= MOST_FACTORS else (last,)
        total: Value | None = None
        for at in numbers:
            value = self.value(put_for(body, name, s.Number(str(at), **place)))
            total = value if total is None else self.arrays.add(total, value)
        if total is None or last > MOST_FACTORS:
            raise Unclear("this sum is not written out", node)
        return total

    def _narrower(self, node: s.Big) -> tuple[s.Big, str, list[s.Node]] | None:
        """A sum over a part as the whole one, its letter, and what is left out: k ≠ j, k = 2, …"""
        place = {"start": node.start, "end": node.end}
        match node.sub:
            case s.Chain(sides=(s.Name(text=name) as letter, other), relations=(r"\ne",)):
                return replace(node, sub=letter), name, [other]
            case s.Chain(sides=(s.Name(text=name), s.Number(text=low) as first), relations=("=",)):
                pass
            case _:
                return None
        upper, below = node.sup, 0
        match node.sup:
            case s.Additive(terms=(s.Scripted() as size, s.Number(text=fewer)), signs=("+", "-")):
                upper, below = size, int(fewer) if fewer.isdigit() else 0
        if (low == "1" and not below) or not low.isdigit() or int(low) < 1 or upper is None:
            return None
        whole = replace(
            node,
            sub=replace(node.sub, sides=(node.sub.sides[0], replace(first, text="1"))),
            sup=upper,
        )
        left_out = list(range(1, int(low)))
        if below:
            axis = self._upper(whole)
            count = self._size(axis) if axis is not None else None
            if count is None:
                raise Unclear("a sum over a part of a layer", node)
            left_out += range(max(count - below + 1, int(low)), count + 1)
        if len(left_out) > MOST_FACTORS:
            raise Unclear("too many terms are left out", node)
        return whole, name, [s.Number(str(at), **place) for at in left_out]

    def _without(self, whole: s.Big, name: str, left_out: list[s.Node], body: s.Node) -> Value:
        total = self._big(whole, body)
        for each in left_out:
            try:
                single = self.value(put_for(body, name, each))
            except Misfit:
                raise Unclear("neurons of two layers are compared by their numbers", each) from None
            minus = self.arrays.map(single, lambda x: mul(number(-1), x))
            total = self.arrays.add(total, minus)
        return total

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
        letters = ", ".join(plainly(slot.name) for slot in own)
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
                names = binder_names(first)
                low = sub.sides[1]
                # Where biases are weights of a unit that gives 1, that unit may have the number 0.
                absorbed = digits_of(low) == "0" and "b" not in self.notation.letters.values()
                if (digits_of(low) != "1" and not absorbed) or len(sub.sides) > 2:
                    raise Unclear("this sum does not begin at 1", low)
                if node.sup is None:
                    raise Unclear("where does this sum end?", sub)
            case s.Chain(sides=(first, among), relations=(r"\in",)):
                names = binder_names(first)
                if not _is_said_in_words(among):
                    raise Unclear("this set is not understood", among)
                self.notes.append("the set is read as all neurons of the layer")
            case s.Chain(sides=(first, _), relations=(r"\ne" | r"\neq",)):
                raise Unclear("this range is not understood", sub)
            case _:
                names = binder_names(sub)
        if names is None:
            raise Unclear("over what is summed here?", sub)
        return [(name, upper, sub) for name in names]

    def _upper(self, node: s.Big) -> Axis | None:
        """The axis that the upper limit names: n_l, the number of neurons of layer l."""
        sup = node.sup
        if sup is None:
            return None
        digits = digits_of(sup)
        if digits is not None:
            return Axis(f"1..{digits}", n.EVERYWHERE)
        match sup:
            case s.Scripted(base=s.Name(text=text), sub=s.Name(text=own), sup=None) if (
                node.sub is not None
                and own in {x.text for x in s.walk(node.sub) if isinstance(x, s.Name)}
                and own not in self.layers.numbers
            ):
                self.notes.append(f"{text} with {own} is read as the number of neurons")
                return None
            case s.Scripted(base=s.Name(text=text), sub=sub, sup=raised, primes=0) if (
                text in self.notation.sizes and (sub is None) != (raised is None)
            ):
                layer = sub if sub is not None else raised
                assert layer is not None
                return n.neurons(self._layer(layer))
            case s.Scripted(base=s.Name(text=text) as base, sub=layer, sup=None, primes=0) if (
                layer is not None
                and text.isupper()
                and not self._means_something(text)
                and not self.notation.has_layers(base)
                and layer_of(layer) is not None
            ):
                self.notes.append(f"{text} with a layer is read as its number of neurons")
                return n.neurons(self._layer(layer))
            case s.Name(text=text) if (
                text.isupper() and (axis := self._counted_by(text)) is not None
            ):
                return axis
            case s.Name(text=text) if (
                text in COUNTS or self.notation.is_of_vectors or self._counts_units(text)
            ) and not self._means_something(text):
                self.notes.append(f"{text} is read as the number of neurons")
                return None
        raise Unclear("this limit is not understood", sup)

    def _counts_units(self, text: str) -> bool:
        """Whether a letter stands nowhere else, and so can only say how many units there are."""
        return len(text) == 1 and text.isalpha() and text not in "ijklxyzwab"

    def _counted_by(self, text: str) -> Axis | None:
        """H is how many units there are that h counts, where h stands beside it."""
        slot = self.scope.get(text.lower())
        return None if slot is None or self._means_something(text) else slot.axis

    def _means_something(self, text: str) -> bool:
        """Whether a letter counts neurons or layers, or has a value."""
        known = (self.scope, self.variables, self.layers.numbers, self.notation.constants)
        return any(text in names for names in known)

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
        down = goes_down(first, last)
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
        self.emptied = True
        assert isinstance(node.sub, s.Chain)
        assert node.sup is not None
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

    def _peeled(self, general: General, body: s.Node) -> Value:
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


def _is_said_in_words(among: s.Node) -> bool:
    r"""\text{layer l+1}, or a word that is typed as a formula: downstream(j), outputs."""
    if any(isinstance(part, s.Text) for part in s.walk(among)):
        return True
    front = among.factors if isinstance(among, s.Product) else (among,)
    word = "".join(x.text.removeprefix(UNDECLARED) for x in front if isinstance(x, s.Name))
    return len(word) >= 4 and word.isalpha()
