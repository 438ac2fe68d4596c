r"""What derivatives and small changes mean: gradients, Jacobians, dC to first order.

The derivative of a number has the shape of what it is derived by; of a vector by a vector it is the
Jacobian, in the layout that the page declares. An array of more than two axes is a `Tensor`.
"""

from dataclasses import replace

from symnet.network import notation as n
from symnet.paper.formula import syntax as s
from symnet.paper.meaning.applications import Applications
from symnet.paper.meaning.arrays import Array, Value
from symnet.paper.meaning.formulas_of_one import HIGHEST_ORDER, order_of, plain_derivative
from symnet.paper.signs.derivatives import is_change_sign
from symnet.paper.signs.misfits import Tensor, Unclear
from symnet.term import Axis, Partial, Symbol, Term, add, mentions, mul


class Differentiation(Applications):
    """What derivatives and small changes mean."""

    __slots__ = ()

    def derivative(self, of: Value, by: s.Node, node: s.Node, order: int) -> Value:
        """∂of/∂by: of a number the shape of `by`; of a vector by a vector the Jacobian."""
        if order > HIGHEST_ORDER:
            raise Unclear(f"derivatives up to order {HIGHEST_ORDER} are understood", node)
        wanted = self._by(by, node)
        if not isinstance(of, Array):
            raise Unclear("the derivative of a matrix that is written out", node)
        of = replace(of, term=self.whole(of.term))
        if order + order_of(of.term) > HIGHEST_ORDER:
            raise Unclear(f"derivatives up to order {HIGHEST_ORDER} are understood", node)
        for _ in range(order):
            of = self._derived(of, wanted, node)
        return of

    def _derived(self, of: Array, by: Array, node: s.Node) -> Array:
        assert isinstance(by.term, Symbol)
        own = self.arrays.apart(by) if of.rows or of.cols else by
        assert isinstance(own.term, Symbol)
        if _is_computed_with(own.term, of.term):
            raise Unclear("a parameter does not depend on what is computed with it", node)
        term: Term = Partial(of.term, own.term)
        if own.term.layer is None and own.term.name != "y" and not mentions(of.term, own.term):
            if self.notation.vectors.get(own.term.name) != "parameters" or of.term != n.COST:
                raise Unclear("how this depends on what it is derived by is not said", node)
            term = Symbol("∇C", None, own.term.indices)
        if own.is_number and own.term.name in self.variables:
            # d/dz of a formula in z alone: worked out, so that a place can be put in.
            term = plain_derivative(of.term, own.term) or term
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
            case s.Name(text="a") if "a" in self.notation.letters and "a" not in self.variables:
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
        if is_change_sign(node):
            return True
        if not (isinstance(node, s.Name) and node.text == "d" and rest):
            return False
        of = rest[0].base if isinstance(rest[0], s.Scripted) else rest[0]
        known = isinstance(of, s.Name) and (
            self.notation.has_layers(of) or self.notation.is_cost(of)
        )
        return known and node.text not in self.notation.scalars

    def _change(self, node: s.Node, of: s.Node) -> Value:
        """dW, ΔC: a small change. What is not moved itself changes with what is, to first order."""
        value = self.value(of)
        if not isinstance(value, Array):
            raise Unclear("this change is not understood", node)
        symbol = value.term
        if isinstance(symbol, Symbol) and symbol != n.COST:
            defined = self.notation.changes.get(symbol.name)
            if defined is not None:
                return self.value(defined)
            if any((symbol.name, symbol.layer) == (v.name, v.layer) for v, _ in self._moved(node)):
                return replace(value, term=_moving(symbol))
        elif symbol != n.COST:
            raise Unclear("this change is not understood", node)
        return replace(value, term=self._following(symbol, node))

    def _following(self, of: Term, node: s.Node) -> Term:
        """dX = Σ_v ∂X/∂v dv, over all v that are moved."""
        owed: list[Term] = []
        for by, value in self._moved(node):
            slope: Term = Partial(of, by)
            if by.name in self.notation.vectors:
                if of != n.COST:
                    raise Unclear("this change is not understood", node)
                slope = Symbol("∇C", None, by.indices)
            step: Term = _moving(by)
            defined = self.notation.changes.get(by.name)
            if defined is not None:
                change = self.value(defined)
                if not isinstance(change, Array):
                    raise Unclear("this change is not understood", node)
                step = self.arrays.aligned(change, value).term
            owed.append(self.arrays.total(replace(value, term=mul(slope, step))).term)
        if not owed:
            raise Unclear("the change of what?", node)
        return add(*owed)

    def _moved(self, node: s.Node) -> list[tuple[Symbol, Array]]:
        """The quantities that are moved: those that the page declares, else those of the claim.

        Of what is declared the claim may move one entry alone.
        """
        declared = self._quantities_of(self.notation.changed, node)
        own = self._quantities_of(self.moved, node)
        if not declared:
            return list(own.values())
        return [own.get(key, value) for key, value in declared.items()]

    def _quantities_of(
        self, nodes: tuple[s.Node, ...], node: s.Node
    ) -> dict[tuple[str, object], tuple[Symbol, Array]]:
        found: dict[tuple[str, object], tuple[Symbol, Array]] = {}
        for each in nodes:
            value = self.value(each)
            if not isinstance(value, Array) or not isinstance(value.term, Symbol):
                raise Unclear("this change is not understood", node)
            found.setdefault((value.term.name, value.term.layer), (value.term, value))
        return found


def _moving(symbol: Symbol) -> Symbol:
    return Symbol(f"d{symbol.name}", symbol.layer, symbol.indices)


def _is_computed_with(symbol: Symbol, of: Term) -> bool:
    """Whether a quantity depends on a parameter, so that the parameter has no slope by it."""
    if not isinstance(of, Symbol) or of.name not in ("w", "b") or symbol.name in ("w", "b"):
        return False
    one, other = symbol.layer, of.layer
    if one is None or other is None or one.name != other.name:
        return False
    return one.offset >= other.offset
