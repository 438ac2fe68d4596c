"""What is claimed in a display: its statements, and the ranges they hold for.

`l = L-1, …, 2`, `∀ l ∈ {2, …, L-1}` and `2 ≤ l ≤ L` say for which layers; words say nothing that is
judged; `Δv = -η∇C ⇒` defines. What is left are claims.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import sympy

from symnet.calculus.counterexample import agree
from symnet.network import notation as n
from symnet.paper import syntax as s
from symnet.paper.arrays import Array, Blocks, Table, Value, is_any, scalar
from symnet.paper.context import Page
from symnet.paper.conventions import Notation, spelled_out
from symnet.paper.elaboration import Elaborator
from symnet.paper.formulas_of_one import as_formula, put
from symnet.paper.misfits import Misfit, Missing, Tensor, Unclear
from symnet.paper.scripts import is_transpose, layer_and_transpose, layer_of, mapped, subscripts
from symnet.term import (
    ARGUMENT,
    ONE,
    Apply,
    Delta,
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
    mul,
    number,
    power,
    walk,
)

EQUALITIES = frozenset({"=", r"\equiv", ":=", r"\approx", r"\triangleq", r"\coloneqq", r"\doteq"})
UPDATES = frozenset({r"\leftarrow", r"\gets", ":=", r"\to", r"\rightarrow"})
ARROWS = frozenset({r"\leftarrow", r"\gets", r"\to", r"\rightarrow", r"\Rightarrow", r"\mapsto"})
ORDERS = frozenset({"<", ">", r"\le", r"\ge", r"\leq", r"\geq"})
IN = r"\in"


@dataclass(frozen=True, slots=True)
class Range:
    """The layers that a letter stands for: from low to high, or exactly these; None is open."""

    low: LayerNumber | None = None
    high: LayerNumber | None = None
    exactly: tuple[LayerNumber, ...] = ()

    def beyond(self, depth: int) -> bool:
        """Whether a layer is named by a number that only deeper networks have."""
        ends = (self.low, self.high, *self.exactly)
        return any(x is not None and not x.name and x.offset > depth for x in ends)

    def values(self, depth: int) -> tuple[int, ...]:
        """The layers of a network of this depth."""
        if self.exactly:
            return tuple(sorted({_at(x, depth) for x in self.exactly}))
        low = 1 if self.low is None else _at(self.low, depth)
        high = depth if self.high is None else _at(self.high, depth)
        # One layer that does not exist is as good as a thousand.
        return tuple(range(max(low, 0), min(high, depth + 1) + 1))

    def says(self, layer: int, depth: int) -> bool:
        """Whether a layer is among those that are printed: an open end says nothing of its own."""
        if self.exactly or (self.low is not None and self.high is not None):
            return True
        if self.low is not None:
            return layer == _at(self.low, depth) < depth
        return self.high is not None and layer == _at(self.high, depth) > 1


def _at(layer: LayerNumber, depth: int) -> int:
    return layer.offset + (depth if layer.name == "L" else 0)


@dataclass(frozen=True, slots=True)
class Neurons:
    """The neurons that a letter stands for: from 1 to a size, or exactly these."""

    node: s.Node
    high: s.Node | None = None
    exactly: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """j = k or j ≠ k, as a condition."""

    node: s.Node
    one: str
    other: str
    same: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """left = right, for the layers that its letters stand for. Without a right side: it exists."""

    node: s.Node
    left: s.Node
    right: s.Node | None
    relation: str = "="
    letters: tuple[str, ...] = ()
    ranges: Mapping[str, Range] = field(default_factory=dict)
    conditions: Mapping[str, int] = field(default_factory=dict)
    update: bool = False
    step: bool = False  # the left side is the change of a parameter, not its new value
    neurons: Mapping[str, Neurons] = field(default_factory=dict)
    pairs: tuple[Pair, ...] = ()

    @property
    def span(self) -> tuple[int, int]:
        """Its place in the text."""
        if self.right is None:
            return self.left.start, self.left.end
        return min(self.left.start, self.right.start), max(self.left.end, self.right.end)

    @property
    def relates(self) -> bool:
        """Whether something is said of two sides."""
        return self.right is not None

    def values(self, letter: str, depth: int) -> tuple[int, ...]:
        """The layers that a letter stands for in a network of this depth."""
        return self.ranges.get(letter, Range()).values(depth)

    def literal(self, layers: Any) -> bool:
        """Whether a layer that does not exist is the fault of a range that is printed.

        l ≥ 1 says that l = 1 is meant, and leaves open where l ends.
        """
        depth = layers.numbers["L"].offset
        return any(
            self.ranges[x].says(layers.numbers[x].offset, depth)
            for x in self.letters
            if x in self.ranges
        )

    def check_layers(self, elaborator: Elaborator) -> None:
        """Raises Missing where a quantity has no such layer."""
        for side in (self.left, self.right):
            if side is not None:
                check_layers(side, elaborator)

    def sides(self, elaborator: Elaborator) -> tuple[Value, Value] | None:
        """Both sides, of one shape; None where nothing is compared. Raises Misfit or Unclear."""
        if self.right is None:
            elaborator.value(self.left)
            return None
        if self.relation == IN:
            return _membership(self.left, self.right, elaborator)
        elaborator.elsewhere = letters_in(self.right)
        left = _side(self.left, self.right, elaborator)
        elaborator.elsewhere = letters_in(self.left)
        right = _side(self.right, self.left, elaborator)
        left, right = _identity(left, self.left, right), _identity(right, self.right, left)
        if self.update:
            left = _stepped(left, self.left, elaborator, self.step)
        for letter, neurons in self.neurons.items():
            _check_neurons(letter, neurons, elaborator)
        left, right = fitted(left, right, elaborator, self.node)
        for weight in _weights(self.pairs, elaborator):
            left = elaborator.arrays.map(left, lambda x, w=weight: mul(w, x))
            right = elaborator.arrays.map(right, lambda x, w=weight: mul(w, x))
        if elaborator.layers.widths is None:
            left, right = _squared(left, right)
        for name, sign in self.conditions.items():
            left, right = _of_sign(left, name, sign), _of_sign(right, name, sign)
        return left, right

    def holds(self, one: Any, other: Any) -> bool:
        """Whether two values satisfy the relation."""
        return agree(one, other)

    def difference(self, found: Any) -> str:
        """A counterexample in a sentence."""
        where = ", ".join(f"{k} = {v}" for k, v in found.indices.items())
        at = f" at {where}" if where else ""
        widths = "-".join(map(str, found.widths))
        network = f" in a network {widths}" if widths else ""
        return f"the left side is {found.left} and the right side {found.right}{at}{network}"


def _side(node: s.Node, other: s.Node, elaborator: Elaborator) -> Value:
    try:
        return elaborator.value(node)
    except Tensor as tensor:
        if isinstance(node, s.Fraction):
            raise Misfit(f"{tensor}, and the other side has not", node, "shape") from None
        raise


def letters_in(node: s.Node) -> frozenset[str]:
    """The letters of the subscripts of an expression."""
    subs = (part.sub for part in s.walk(node) if isinstance(part, s.Scripted) and part.sub)
    return frozenset(
        letter.text for sub in subs for letter in (subscripts(sub) or ()) if letter.last is None
    )


def _identity(value: Value, node: s.Node, other: Value) -> Value:
    """An empty product of matrices is the identity."""
    first = node.factors[0] if isinstance(node, s.Product) else node
    if not (isinstance(first, s.Big) and first.operator == "prod"):
        return value
    if not (isinstance(value, Array) and value.is_number and value.term == number(1)):
        return value
    if not isinstance(other, Array) or len(other.rows) != 1 or len(other.cols) != 1:
        return value
    return Array(other.rows, other.cols, Delta(other.rows[0], other.cols[0]))


def fitted(left: Value, right: Value, elaborator: Elaborator, node: s.Node) -> tuple[Value, Value]:
    """Both sides, if they are of one shape. Raises Misfit with both shapes."""
    arrays = elaborator.arrays
    if isinstance(left, Blocks) and isinstance(right, Blocks):
        pairs = _block_by_block(left, right, elaborator, node)
        if pairs is not None:
            return pairs
    if not (isinstance(left, Array) and isinstance(right, Array)):
        one, other = arrays.table(left), arrays.table(right)
        if one is not None and other is not None:
            if [len(r) for r in one.entries] == [len(r) for r in other.entries]:
                return one, other
        raise _clash(left, right, elaborator, node)
    left, right = arrays.matched(left, right)
    if any(_of_any_length(side) for side in (left, right)):
        raise Unclear("how many ones are these?", node)
    same = arrays.fit(left.rows, right.rows) and arrays.fit(left.cols, right.cols)
    lengths = [arrays.length(x) for x in (left.rows, right.rows, left.cols, right.cols)]
    long = len(left.rows) > 1 or len(right.rows) > 1
    if same or (long and None not in lengths and lengths[::2] == lengths[1::2]
                and lengths[0] == lengths[1] and lengths[2] == lengths[3]):  # fmt: skip
        return left, right
    raise _clash(left, right, elaborator, node)


def _block_by_block(
    left: Blocks, right: Blocks, elaborator: Elaborator, node: s.Node
) -> tuple[Value, Value] | None:
    """Blocks of one shape, as tables of what stands at any place of each."""
    if [len(r) for r in left.entries] != [len(r) for r in right.entries]:
        return None
    if elaborator.layers.widths is not None:
        return None
    rows = []
    for xs, ys in zip(left.entries, right.entries, strict=True):
        pairs = []
        for x, y in zip(xs, ys, strict=True):
            one, other = fitted(x, y, elaborator, node)
            if not isinstance(one, Array) or not isinstance(other, Array):
                return None
            pairs.append((one.term, elaborator.arrays.aligned(other, one).term))
        rows.append(pairs)
    return (
        Table(tuple(tuple(x for x, _ in row) for row in rows)),
        Table(tuple(tuple(y for _, y in row) for row in rows)),
    )


def _of_any_length(array: Array) -> bool:
    """Whether something is summed over ones of which nobody says how many they are."""
    return any(isinstance(x, Sum) and is_any(x.index.axis) for x in walk(array.term))


def _clash(left: Value, right: Value, elaborator: Elaborator, node: s.Node) -> Misfit:
    one, other = elaborator.arrays.shape(left), elaborator.arrays.shape(right)
    return Misfit(f"the left side is {one}, the right side is {other}", node)


def _squared(left: Value, right: Value) -> tuple[Value, Value]:
    """Both sides squared, where both are norms and so equal if their squares are."""
    if not (isinstance(left, Array) and isinstance(right, Array)):
        return left, right
    if not (left.is_number and right.is_number and _is_norm(left.term) and _is_norm(right.term)):
        return left, right
    return scalar(_square(left.term)), scalar(_square(right.term))


def _is_norm(term: Term) -> bool:
    """Whether a term is a product of norms and positive numbers, with a norm among them."""
    factors = term.factors if isinstance(term, Product) else (term,)
    norms = [x for x in factors if isinstance(x, Power) and x.exponent == Fraction(1, 2)]
    numbers = [x for x in factors if isinstance(x, Number) and x.value > 0]
    others = [x for x in factors if isinstance(x, Power) and x.exponent == 2 and _is_norm(x.base)]
    return bool(norms) and len(norms) + len(numbers) + len(others) == len(factors)


def _square(term: Term) -> Term:
    factors = term.factors if isinstance(term, Product) else (term,)
    return mul(*(
        x.base if isinstance(x, Power) and x.exponent == Fraction(1, 2) else power(x, 2)
        for x in factors
    ))  # fmt: skip


def _check_neurons(letter: str, neurons: Neurons, elaborator: Elaborator) -> None:
    """Raises Misfit if a letter does not run over all neurons that it counts."""
    slot = elaborator.scope.get(letter)
    if slot is None or slot.axis is None:
        return
    size = elaborator.arrays.size(slot.axis)
    if neurons.exactly:
        if size is None:
            return
        if max(neurons.exactly) > size or min(neurons.exactly) < 1:
            raise Missing(f"{letter} counts {size} neurons here", neurons.node, "wrong-range")
        if set(neurons.exactly) != set(range(1, size + 1)):
            raise Unclear(f"{letter} does not stand for all neurons", neurons.node)
        return
    high = neurons.high
    if isinstance(high, s.Name) or high is None:
        return
    if isinstance(high, s.Number):
        if size is None:
            return
        if int(high.text) > size:
            raise Missing(f"{letter} counts {size} neurons here", neurons.node, "wrong-range")
        if int(high.text) < size:
            raise Unclear(f"{letter} does not stand for all neurons", neurons.node)
        return
    named = elaborator.number(high)
    if not isinstance(named, Size):
        raise Unclear("this range is not understood", neurons.node)
    if not elaborator.arrays.same(named.axis, slot.axis):
        raise Misfit(
            f"{letter} counts the neurons of layer {slot.axis.layer}, not those of layer"
            f" {named.axis.layer}",
            neurons.node,
            "wrong-range",
        )


def _weights(pairs: Sequence[Pair], elaborator: Elaborator) -> Iterator[Term]:
    """1 where the conditions hold, else 0: what is multiplied by them is judged under them."""
    for pair in pairs:
        slots = [elaborator.scope.get(x) for x in (pair.one, pair.other)]
        axes = [slot.axis for slot in slots if slot is not None and slot.axis is not None]
        if len(axes) != 2:
            continue
        if not elaborator.arrays.same(*axes):
            raise Unclear("neurons of different layers are compared", pair.node)
        same = Delta(Index(pair.one, axes[0]), Index(pair.other, axes[1]))
        yield same if pair.same else add(number(1), mul(number(-1), same))


def _of_sign(value: Value, name: str, sign: int) -> Value:
    """A number in x where x is positive or negative: x is ±t² there."""
    if not isinstance(value, Array):
        return value
    square = power(Symbol(name), 2)
    formula = as_formula(value.term, name)
    if formula is None:
        return replace(value, term=put(value.term, Symbol(name), mul(number(sign), square)))
    positive = sympy.Dummy(positive=True)
    here = sympy.simplify(formula.subs(ARGUMENT, sign * positive)).subs(positive, ARGUMENT)
    return replace(value, term=Apply(ScalarFunction(f"{here}", here), square))


def _stepped(left: Value, node: s.Node, elaborator: Elaborator, alone: bool) -> Value:
    """θ - η ∂C/∂θ, what a step of gradient descent makes of a parameter; alone: the step."""
    rate = elaborator.notation.rate
    if not isinstance(left, Array) or not isinstance(left.term, Symbol) or rate is None:
        raise Unclear("what is updated here?", node)
    if left.term.name in ("a", "z", "δ", "y"):
        raise Unclear("this is no parameter, so no step changes it", node)
    step = mul(number(-1), Symbol(rate), Partial(n.COST, left.term))
    return replace(left, term=step if alone else add(left.term, step))


def _membership(left: s.Node, right: s.Node, elaborator: Elaborator) -> tuple[Value, Value] | None:
    r"""x \in \mathbb R^{m × n}: its shape is the one that is named."""
    value = elaborator.value(left)
    if not isinstance(value, Array):
        raise Unclear("the shape of what is written out", left)
    match right:
        case s.Scripted(base=s.Name(text="R"), sub=None, sup=sup) if sup is not None:
            factors = sup.factors if isinstance(sup, s.Product) else (sup,)
        case s.Name(text="R"):
            factors = ()
        case _:
            raise Unclear("this set is not understood", right)
    wanted = [elaborator.number(factor) for factor in factors]
    found = [*value.rows, *value.cols]
    sizes: list[Term] = [Size(index.axis) for index in found]
    wanted = [x for x in wanted if x != ONE] if len(sizes) < len(wanted) else wanted
    if len(sizes) != len(wanted):
        raise Misfit(f"this is {elaborator.arrays.shape(value)}", right, "shape")
    pair = (Array((), (), number(0)), Array((), (), number(0)))
    for size, named in zip(sizes, wanted, strict=True):
        if size != named:
            return Array((), (), size), Array((), (), named)
    return pair


# --- layers --------------------------------------------------------------------------------


def check_layers(node: s.Node, elaborator: Elaborator) -> None:
    """Raises Missing where a quantity has no such layer; letters bound by sums are left alone."""
    for part in s.walk(node):
        if not (isinstance(part, s.Scripted) and isinstance(part.base, s.Name)):
            continue
        if not elaborator.notation.has_layers(part.base) or part.sup is None:
            continue
        layer_node, _ = layer_and_transpose(part.sup)
        layer = layer_of(layer_node) if layer_node is not None else None
        if layer is None:
            continue
        at = elaborator.layers.number(layer)
        name = elaborator.notation.letters[part.base.text]
        if not elaborator.layers.has(name, at):
            shown = part.base.text.removeprefix("\\")
            raise Missing(f"there is no {shown} at layer {at}", part, "wrong-range")


def layer_letters(nodes: Sequence[s.Node], about: Page) -> tuple[str, ...]:
    """The letters that stand for layers, but for L and those that a product binds."""
    found: dict[str, None] = {}
    bound = set()
    for node in nodes:
        for part in s.walk(node):
            if isinstance(part, s.Big):
                match part.sub:
                    case s.Chain(sides=(s.Name(text=text), *_)):
                        bound.add(text)
            if isinstance(part, s.Scripted) and isinstance(part.base, s.Name):
                script = None
                if about.notation.has_layers(part.base) and part.sup is not None:
                    script, _ = layer_and_transpose(part.sup)
                elif part.base.text in about.notation.sizes:
                    script = part.sub
                elif spelled_out(part.base) in about.notation.families:
                    script, _ = layer_and_transpose(part.sup)
                layer = layer_of(script) if script is not None else None
                if layer is not None and layer.name not in ("", "L"):
                    found[layer.name] = None
    return tuple(letter for letter in found if letter not in bound)


# --- statements ----------------------------------------------------------------------------


@dataclass(slots=True)
class Said:
    """What the statements of a display say of their letters, and what is left of them."""

    ranges: dict[str, Range] = field(default_factory=dict)
    conditions: dict[str, int] = field(default_factory=dict)
    neurons: dict[str, Neurons] = field(default_factory=dict)
    pairs: list[Pair] = field(default_factory=list)
    chains: list[s.Chain] = field(default_factory=list)
    mentions: list[s.Node] = field(default_factory=list)


def claims_of(display: s.Display, about: Page) -> list[Claim]:
    """The claims of a display. Raises Unclear for what is not understood."""
    said = _said(_flat(with_raised_layers(display, about)), about)
    made = [
        replace(
            claim,
            ranges=said.ranges,
            conditions=said.conditions,
            neurons=said.neurons,
            pairs=tuple(said.pairs),
        )
        for chain in said.chains
        for claim in (*_links(chain, about), *_labels(chain, about))
    ]
    if not made and not said.chains:
        made = [
            Claim(x, x, None, letters=layer_letters([x], about), ranges=said.ranges)
            for x in said.mentions
        ]
    return made


def with_raised_layers(display: s.Display, about: Page) -> s.Display:
    """W_2, z_l, δ_{l+1} as W^2, z^l, δ^{l+1}, where no quantity has a layer otherwise."""
    found = [
        node
        for node in s.walk(display)
        if isinstance(node, s.Scripted)
        and isinstance(node.base, s.Name)
        and about.notation.has_layers(node.base)
    ]
    if not found or not all(_has_low_layer(node) for node in found):
        return display

    def raised(node: s.Node) -> s.Node:
        if isinstance(node, s.Scripted) and node in found:
            sup = node.sub
            if node.sup is not None:
                assert sup is not None
                sup = s.Product((sup, node.sup), ("", ""), start=sup.start, end=node.sup.end)
            return replace(node, sub=None, sup=sup)
        return mapped(node, raised)

    made = raised(display)
    assert isinstance(made, s.Display)
    return made


def _has_low_layer(node: s.Scripted) -> bool:
    """Whether a subscript can only be a layer: a number, l, L, and these with a number added."""
    if node.sub is None or node.primes or (node.sup is not None and not is_transpose(node.sup)):
        return False
    layer = layer_of(node.sub)
    return (
        layer is not None
        and layer.name in ("", "l", "L")
        and (bool(layer.name) or isinstance(node.sub, s.Number) and len(node.sub.text) == 1)
    )


RANGE_PARTS = (s.Dots, s.Number, s.Name, s.Additive)


def _said(statements: Sequence[s.Node], about: Page) -> Said:
    letters = layer_letters(statements, about)
    counted = frozenset(x for node in statements for x in letters_in(node)) - set(letters)
    said = Said()
    at = 0
    while at < len(statements):
        statement = statements[at]
        at += 1
        if isinstance(statement, s.Text | s.Empty | s.Dots):
            continue
        if not isinstance(statement, s.Chain):
            said.mentions.append(statement)
            continue
        following: list[s.Node] = []
        while at + len(following) < len(statements):
            next_ = statements[at + len(following)]
            size = isinstance(next_, s.Scripted) and following and _is_size(next_, about)
            if not isinstance(next_, RANGE_PARTS) and not size:
                break
            following.append(next_)
        read = _range(statement, following, letters)
        if read is not None:
            name, found = read
            said.ranges[name] = _both(said.ranges.get(name), found)
            at += len(following)
            continue
        neurons = _neurons(statement, following, counted)
        if neurons is not None:
            said.neurons |= neurons
            at += len(following)
            continue
        pair = _pair(statement, counted)
        if pair is not None:
            said.pairs.append(pair)
            continue
        condition = _condition(statement, about)
        if condition is not None:
            said.conditions |= condition
            continue
        said.chains.append(statement)
    return said


def _is_size(node: s.Scripted, about: Page) -> bool:
    return isinstance(node.base, s.Name) and node.base.text in about.notation.sizes


def _neurons(
    chain: s.Chain, following: Sequence[s.Node], letters: Set[str]
) -> dict[str, Neurons] | None:
    """j = 1, …, n_l and its like: the neurons that a letter stands for."""
    match chain.sides, chain.relations:
        case (s.Name(text=text), first), ("=",) if text in letters and (
            following or isinstance(first, s.Number | s.Listed)
        ):
            return {text: _neurons_of([*_items(first), *following], chain)}
        case (names, s.Bracketed(open=r"\{", body=body)), (r"\in",):
            several = [x.text for x in _items(names) if isinstance(x, s.Name)]
            if several and set(several) <= letters:
                return {text: _neurons_of(_items(body), chain) for text in several}
        case (low, names, high), (("<" | r"\le" | r"\leq") as one, r"\le" | r"\leq"):
            several = [x.text for x in _items(names) if isinstance(x, s.Name)]
            if several and set(several) <= letters:
                if not isinstance(low, s.Number) or low.text != ("0" if one == "<" else "1"):
                    raise Unclear("this range is not understood", chain)
                return {text: Neurons(chain, high) for text in several}
    return None


def _neurons_of(items: Sequence[s.Node], chain: s.Node) -> Neurons:
    dots = any(isinstance(item, s.Dots) for item in items)
    known = [item for item in items if not isinstance(item, s.Dots)]
    first = known[0]
    if not isinstance(first, s.Number) or not first.text.isdigit():
        raise Unclear("this range is not understood", chain)
    if dots:
        if first.text != "1" or len(known) < 2:
            raise Unclear("this range is not understood", chain)
        return Neurons(chain, known[-1])
    if not all(isinstance(x, s.Number) and x.text.isdigit() for x in known):
        raise Unclear("this range is not understood", chain)
    return Neurons(chain, None, tuple(int(x.text) for x in known if isinstance(x, s.Number)))


def _pair(chain: s.Chain, letters: Set[str]) -> Pair | None:
    """j = k and j ≠ k."""
    match chain.sides, chain.relations:
        case (one, other), (("=" | r"\ne" | r"\neq") as relation,):
            left, right = subscripts(one), subscripts(other)
            if left is None or right is None or len(left) != 1 or len(right) != 1:
                return None
            if left[0].text in letters and right[0].text in letters:
                return Pair(chain, left[0].text, right[0].text, relation == "=")
    return None


def _labels(chain: s.Chain, about: Page) -> list[Claim]:
    """What labels say: a quantity under a brace equals what is above it."""
    found = []
    for node in s.walk(chain):
        if not isinstance(node, s.Annotated) or _prose(node.label):
            continue
        label = node.label
        inside = label.body if isinstance(label, s.Bracketed) else label
        letters = layer_letters([node.body, label], about)
        if isinstance(inside, s.Product) and set(inside.operators[1:]) == {r"\times"}:
            continue  # the shape of what stands above
        known = any(
            isinstance(x, s.Name) and (about.notation.has_layers(x) or about.notation.is_cost(x))
            for x in s.walk(label)
        )
        if known and not isinstance(label, s.Chain):
            found.append(Claim(node, node.body, label, "=", letters))
    return found


def _flat(node: s.Node) -> list[s.Node]:
    """The statements of a display, those in environments inside it too."""
    if isinstance(node, s.Display):
        return [x for statement in node.statements for x in _flat(statement)]
    if isinstance(node, s.Array) and not node.brackets:
        cells = [cell for row in node.rows for cell in row]
        if any(isinstance(cell, s.Chain) for cell in cells):
            # The other rows label what stands in the row of the claim.
            return [cell for cell in cells if isinstance(cell, s.Chain)]
    if isinstance(node, s.Bracketed) and node.open in ("(", "["):
        # (l = L-1, …, 2) and (j ≠ k) are said, brackets or not.
        inside = _items(node.body)
        if any(isinstance(x, s.Chain) for x in inside):
            return [x for item in inside for x in _flat(item)]
    if isinstance(node, s.Annotated) and isinstance(node.body, s.Chain | s.Display):
        return _flat(node.body)
    return [node]


def _prose(node: s.Node) -> bool:
    return any(isinstance(part, s.Text) for part in s.walk(node))


def _links(chain: s.Chain, about: Page) -> list[Claim]:
    """The claims of a chain a = b = c: each side equals the one before."""
    _check_steps(chain, about)
    sides, relations = list(chain.sides), list(chain.relations)
    new = _is_next_step(sides[0], about)
    if about.updates:
        before = sides[0]
        sides = [without_step(side, about.notation) for side in sides]
        new = new or sides[0] != before
    while len(sides) > 1 and relations[-1] in ARROWS and _prose(sides[-1]):
        sides.pop()
        relations.pop()
    if len(sides) == 1:
        return [Claim(chain, sides[0], None, letters=layer_letters(sides, about))]
    found = []
    for left, right, relation in zip(sides, sides[1:], relations, strict=False):
        if isinstance(left, s.Text) or isinstance(right, s.Text):
            continue
        if isinstance(left, s.Empty) or isinstance(right, s.Empty):
            raise Misfit("one side of this is missing", chain, "other")
        letters = layer_letters([left, right], about)
        if relation in CHANGES:
            found.append(_counted(chain, left, right, relation, letters, about))
            continue
        update = relation in UPDATES - {":="} or (
            relation in EQUALITIES and new and left is sides[0]
        ) or (relation == ":=" and about.updates)  # fmt: skip
        if not update and relation not in EQUALITIES | {IN}:
            raise Unclear(f"the relation {relation} is not judged", chain)
        parameter = _change_of_parameter(left, about)
        if parameter is not None and relation in EQUALITIES | UPDATES:
            if not about.updates:
                raise Unclear("by what rule is this changed?", left)
            found.append(Claim(chain, parameter, right, relation, letters, update=True, step=True))
            continue
        found.append(Claim(chain, left, right, relation, letters, update=update))
    return found


CHANGES = {"-=": "-", "+=": "+"}


def _counted(
    chain: s.Chain,
    left: s.Node,
    right: s.Node,
    relation: str,
    letters: tuple[str, ...],
    about: Page,
) -> Claim:
    """w -= x: the step is -x."""
    if not about.updates:
        raise Unclear("by what rule is this changed?", chain)
    signed = s.Additive((right,), (CHANGES[relation],), start=right.start, end=right.end)
    return Claim(chain, left, signed, relation, letters, update=True, step=True)


def _change_of_parameter(node: s.Node, about: Page) -> s.Node | None:
    """w of Δw, unless the page says what Δw is."""
    match node:
        case s.Product(factors=(s.Name(text=r"\Delta"), s.Scripted(base=s.Name() as base) as of)):
            if about.notation.letters.get(base.text) in ("w", "b"):
                known = about.notation.changed or about.notation.changes
                return None if known else of
    return None


OLD = frozenset({"old", "alt", "t", "k", "n"})
NEW = frozenset({"new", "neu", "+"})


def without_step(node: s.Node, notation: Notation) -> s.Node:
    """A node without what says that its quantities are the new or the old ones."""
    if (
        isinstance(node, s.Scripted)
        and isinstance(node.base, s.Name)
        and notation.has_layers(node.base)
    ):
        sub, sup, primes = node.sub, node.sup, node.primes
        if sub is not None and _is_age(sub):
            sub = None
        match sup:
            case s.Listed(items=(layer, age)) if _is_age(age):
                sup = layer
            case s.Product(factors=(layer, age)) if _is_age(age):
                sup = layer
            case s.Scripted(base=layer, sub=None, sup=None, primes=1):
                sup = layer
        return replace(node, sub=sub, sup=sup, primes=0)
    match node:
        case s.Scripted(base=s.Bracketed(body=body), sub=sub, sup=sup, primes=primes):
            if (sup is None and sub is None and primes == 1) or (
                primes == 0 and _is_age(sub or sup) and (sub is None or sup is None)
            ):
                return without_step(body, notation)
    return mapped(node, lambda child: without_step(child, notation))


def _is_age(node: s.Node | None) -> bool:
    if isinstance(node, s.Text):
        return node.words.strip() in OLD | NEW
    return isinstance(node, s.Name) and node.text in ("new", "old", "neu", "alt", r"\prime")


def _check_steps(chain: s.Chain, about: Page) -> None:
    """W_{t+1} on the left, all else at t: what else is said of steps is not understood."""
    if not about.notation.iterations:
        return
    first, *rest = [_steps(side, about) for side in chain.sides]
    later = set().union(*rest)
    if len(first | later) <= 1:
        return
    if not (len(first) == len(later) == 1 and first == {step + 1 for step in later}):
        raise Unclear("these steps of training are not understood", chain)


def _steps(node: s.Node, about: Page) -> set[int]:
    """By how much the steps that scripts name are later than t."""
    found = set()
    for part in s.walk(node):
        if isinstance(part, s.Scripted):
            for script in (part.sub, part.sup):
                if script is not None and about.notation.is_iteration(script):
                    step = layer_of(script)
                    if step is None:
                        raise Unclear("this step of training is not understood", script)
                    found.add(step.offset)
    return found


def _is_next_step(node: s.Node, about: Page) -> bool:
    """W_{t+1}: what a parameter is after a step."""
    match node:
        case s.Scripted(sub=s.Additive() as sub):
            return about.notation.is_iteration(sub)
        case s.Product(factors=(s.Scripted(), s.Bracketed(body=s.Additive() as body))):
            return about.notation.is_iteration(body)
    return False


# --- ranges --------------------------------------------------------------------------------


def _range(
    chain: s.Chain, following: Sequence[s.Node], letters: Sequence[str]
) -> tuple[str, Range] | None:
    """The range that a statement says: l = L-1, …, 2 and its like."""
    sides, relations = chain.sides, chain.relations
    match sides, relations:
        case (s.Name(text=text), value), (r"\in",) if _letter(text) in letters:
            if isinstance(value, s.Bracketed):
                return _letter(text), _listed(_items(value.body), chain)
            raise Unclear("this range is not understood", chain)
        case (s.Name(text=text), first), ("=",) if _letter(text) in letters:
            return _letter(text), _listed([*_items(first), *following], chain)
    if not set(relations) <= ORDERS:
        return None
    bounds = Range()
    name = None
    for left, right, relation in zip(sides, sides[1:], relations, strict=False):
        if relation in (">", r"\ge", r"\geq"):
            left, right = right, left
        strict = int(relation in "<>")
        if isinstance(right, s.Name) and _letter(right.text) in letters:
            layer = layer_of(left)
            name = _letter(right.text)
            if layer is None:
                raise Unclear("this range is not understood", chain)
            bounds = replace(bounds, low=layer.shift(strict))
        elif isinstance(left, s.Name) and _letter(left.text) in letters:
            layer = layer_of(right)
            name = _letter(left.text)
            if layer is None:
                raise Unclear("this range is not understood", chain)
            bounds = replace(bounds, high=layer.shift(-strict))
    return None if name is None else (name, bounds)


def _letter(text: str) -> str:
    return "l" if text == r"\ell" else text


def _items(node: s.Node) -> list[s.Node]:
    if isinstance(node, s.Listed):
        return list(node.items)
    if isinstance(node, s.Display):
        return [x for statement in node.statements for x in _items(statement)]
    return [node]


def _listed(items: Sequence[s.Node], chain: s.Node) -> Range:
    """2, 3, …, L as a range; without dots exactly these layers."""
    dots = any(isinstance(item, s.Dots) for item in items)
    layers = [layer_of(item) for item in items if not isinstance(item, s.Dots)]
    if not layers or any(layer is None for layer in layers):
        raise Unclear("this range is not understood", chain)
    known = [layer for layer in layers if layer is not None]
    if not dots:
        return Range(exactly=tuple(known))
    if len(known) < 2:
        raise Unclear("this range is not understood", chain)
    first, last = known[0], known[-1]
    down = (first.name == "L" and last.name != "L") or (
        first.name == last.name and first.offset > last.offset
    )
    return Range(last, first) if down else Range(first, last)


def _both(one: Range | None, other: Range) -> Range:
    if one is None:
        return other
    return Range(one.low or other.low, one.high or other.high, one.exactly or other.exactly)


def _condition(chain: s.Chain, about: Page) -> dict[str, int] | None:
    """x < 0: the sign of a variable."""
    match chain.sides, chain.relations:
        case (s.Name(text=text), s.Number(text="0")), (("<" | ">" | r"\le" | r"\ge") as order,):
            if text in about.notation.scalars:
                return {text: -1 if order in ("<", r"\le") else 1}
    return None
