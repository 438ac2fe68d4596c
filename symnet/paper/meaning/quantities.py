r"""What names with scripts mean: w, b, z, a, δ of a layer, x, y, C, what a page declares.

>>> from symnet.paper.signs.notation import NIELSEN
>>> from symnet.paper.formula.reader import read
>>> from symnet.paper.meaning.reading import Layers
>>> quantities = Quantities(NIELSEN, Layers())
>>> array = quantities._scripted(read("W^{l+1}").statements[0])
>>> quantities.arrays.shape(array)
'n_l+1 × n_l'
"""

from dataclasses import replace

import sympy

from symnet.network import notation as n
from symnet.paper.formula import syntax as s
from symnet.paper.meaning.arrays import Array, Value, opaque, scalar
from symnet.paper.meaning.formulas_of_one import exponential
from symnet.paper.meaning.reading import Reading
from symnet.paper.signs.function_names import is_one
from symnet.paper.signs.misfits import Misfit, Unclear, missing
from symnet.paper.signs.notation import UNSAID, Family, spelled_out
from symnet.paper.signs.scripts import (
    Slice,
    digits_of,
    is_transpose,
    layer_and_transpose,
    plainly,
    relettered,
    split_digits,
    subscripts,
    with_own_letters,
)
from symnet.term import (
    Apply,
    Axis,
    Index,
    LayerNumber,
    ScalarFunction,
    Size,
    Symbol,
    Term,
    number,
    power,
    rename,
)

# Letters and signs that mean something everywhere, declared or not.
COMMON = frozenset({"d", "D", "i", r"\partial", "1", "0", "J", "E", r"\mathcal", r"\Delta", "R"})


class Quantities(Reading):
    """What names with scripts mean."""

    __slots__ = ()

    def _scripted(self, node: s.Name | s.Scripted) -> Value:
        node = _together(node)
        name = node.base if isinstance(node, s.Scripted) else node
        if isinstance(name, s.Name):
            found = self._declared(node, name)
            if found is not None:
                return found
        if isinstance(node, s.Scripted):
            base = node.base
            if not isinstance(base, s.Name):
                return self._raised(node)
            if is_one(base):
                if isinstance(node.sub, s.Chain) and node.sup is None:
                    return scalar(self._iverson(node.sub))
                if node.sub is None and node.sup is not None and is_transpose(node.sup):
                    return self.arrays.transposed(self.arrays.ones())
                raise Unclear("these ones are not understood", node)
            if base.text == "e" and node.sub is None and node.sup is not None:
                return self.arrays.map(self.value(node.sup), exponential)
            if self.notation.has_layers(base):
                return self._quantity(node, base)
            return self._plain(node, base)
        return (
            self._quantity(node, node)
            if self.notation.has_layers(node)
            else (self._plain(node, node))
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
        marked = name.text in self.notation.decorated or UNSAID & set(name.style)
        if marked and spelled != name.text:
            raise Unclear(f"{plainly(name.text)} with a decoration is not declared", node)
        return None

    def _member(self, family: Family, node: s.Name | s.Scripted) -> Value:
        """D^{l+1}, where the page says what D^l is."""
        sub = node.sub if isinstance(node, s.Scripted) else None
        sup = node.sup if isinstance(node, s.Scripted) else None
        layer_node, transposed = layer_and_transpose(sup)
        letters = (subscripts(sub) or []) if sub is not None else []
        given = [letter.text for letter in letters]
        primes = node.primes if isinstance(node, s.Scripted) else 0
        if (
            primes
            or len(given) != len(family.letters)
            or (layer_node is None) == bool(family.layer)
        ):
            raise Unclear("this is declared with other scripts", node)
        body = with_own_letters(family.body, given)
        names = {x.text for x in s.walk(body) if isinstance(x, s.Name)}
        if any(x in names and x != y for x, y in zip(given, family.letters, strict=True)):
            raise Unclear("these subscripts have another meaning where this is declared", node)
        if given:
            places = dict(zip(family.letters, letters, strict=True))
            body = relettered(body, {k: v.text for k, v in places.items()})
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
            number_ = isinstance(base, Array) and base.is_number
            if isinstance(node.base, s.Bracketed | s.Scripted) and not number_:
                base = self.arrays.transposed(base)
                self.notes.append("a prime at a bracket is read as a transpose")
            else:
                raise Unclear("this prime is not understood", node)
        norm = isinstance(node.base, s.Bracketed) and node.base.open == "‖"
        if node.sub is not None and norm:
            which = node.sub.text if isinstance(node.sub, s.Name | s.Number) else ""
            if which not in ("2", "F"):
                raise Unclear("this norm is not understood", node)
        elif node.sub is not None:
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
        if isinstance(base, Array) and self._powers_entrywise(base):
            exponent = self._rational(sup)
            self.notes.append("the power of a matrix is taken entry by entry")
            return self.arrays.map(base, lambda x: power(x, exponent))
        raise Unclear("this power of a matrix is not understood", node)

    def _powers_entrywise(self, base: Array) -> bool:
        """Whether a power of a matrix can only be meant entry by entry: as NumPy's, of samples."""
        return "*" in self.notation.entrywise or any(
            i.axis == n.SAMPLES for i in (*base.rows, *base.cols)
        )

    def _squares(self, node: s.Node) -> Term:
        value = self.value(node)
        return self.arrays.total(self.arrays.map(value, lambda x: power(x, 2))).term

    def _minus_one(self, sup: s.Node) -> bool:
        return (
            isinstance(sup, s.Additive) and sup.signs == ("-",) and digits_of(sup.terms[0]) == "1"
        )

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
        if any(isinstance(index, Slice) for index in chosen):
            raise Unclear("a slice of an array in brackets", node)
        whole = [index for index in chosen if isinstance(index, Index)]
        to = dict(zip(sides, whole, strict=True))
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
        if is_one(name) and sub is None:
            return self.arrays.ones()
        if text in self.variables and sub is None:
            return self.variables[text]
        if text in self.notation.constants and sub is None:
            return scalar(number(self.notation.constants[text]))
        if text in self.notation.lengths:
            axis = n.neurons(self._layer(self.notation.lengths[text]))
            called = "y" if text == self.notation.target else text
            return self._vector(axis, called, None, sub, node)
        if text in self.notation.vectors:
            return self._vector(
                Axis(self.notation.vectors[text], n.EVERYWHERE), text, None, sub, node
            )
        if text in self.notation.sizes and sub is not None:
            return scalar(Size(n.neurons(self._layer(sub))))
        if text == r"\pi" and sub is None:
            pi = ScalarFunction("π", sympy.pi)
            return scalar(Apply(pi, number(0)))
        if text == "e" and sub is None:
            return scalar(exponential(number(1)))
        if self.notation.is_cost(name):
            if sub is not None and not (isinstance(sub, s.Name) and sub.text == "x"):
                raise Unclear(f"{plainly(text)} with this subscript is not understood", node)
            return scalar(n.COST)
        if text == self.notation.target:
            return self._vector(n.neurons(self.layers.number(n.L)), "y", None, sub, node)
        if text == self.notation.input and text not in self.notation.scalars:
            first = self.layers.number(LayerNumber("", 1))
            return self._vector(n.neurons(first), "a", first, sub, node)
        if text in self.notation.scalars:
            if sub is not None:
                raise Unclear(f"{text} with a subscript is not understood", node)
            return scalar(Symbol(text))
        if text in self.notation.functions:
            raise Unclear(f"{text} without an argument is not understood", node)
        if text == "I" and sub is None:
            return self.arrays.identity()
        raised = isinstance(node, s.Scripted) and node.sup is not None
        guessed = (len(text) > 1 and not text.startswith("\\")) or (text.isalpha() and not raised)
        if text in self.notation.unread or text in COMMON or name.style[:1] == ("mathcal",):
            raise Unclear(f"{plainly(text)} is not understood", node)
        if guessed or not self.notation.numbered:
            # A word, or a letter that pages use without saying what it is.
            raise Unclear(f"what is {plainly(text)} here?", node)
        raise Misfit(f"{plainly(text)} is not declared", node, "other")

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
            raise Unclear(f"{plainly(name.text)} with a prime is not understood", node)
        layer_node, transposed = layer_and_transpose(raised)
        if layer_node is None:
            letters = subscripts(sub) if sub is not None else None
            if quantity == "δ" and letters is not None and len(letters) == 2 and raised is None:
                if not self.notation.kronecker:
                    self.notes.append("delta with two indices and no layer is read as Kronecker's")
                return scalar(self._same_neuron(letters, node))
            if sub is None and name.text in self.variables:
                return self.variables[name.text]
            if not self.notation.numbered:
                raise Unclear("quantities without layers are not understood", node)
            raise Misfit(f"{plainly(name.text)} has no layer here", node, "other")
        layer = self._layer(layer_node)
        if not self.layers.has(quantity, layer):
            raise missing(plainly(name.text), layer, node)
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
            letters = split_digits(letters[0])
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
        # A row or a column by itself is a column vector, as any vector, if no more is said.
        if self.notation.rows and isinstance(found[-1], Slice):
            return Array((), tuple(sliced), symbol)
        return Array(tuple(sliced), (), symbol)


def _together(node: s.Name | s.Scripted) -> s.Name | s.Scripted:
    """{w^l}_{jk} as w^l_{jk}: the scripts of one letter, in two steps."""
    match node:
        case s.Scripted(
            base=s.Scripted(base=s.Name() as base, sub=None, sup=sup, primes=0),
            sub=sub,
            sup=None,
            primes=0,
        ) if sup is not None and sub is not None and not is_transpose(sup):
            return s.Scripted(base, sub, sup, start=node.start, end=node.end)
    return node
