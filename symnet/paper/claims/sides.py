r"""Both sides of a claim as arrays of one shape, under the conditions that are said.

>>> from symnet.term import Symbol, mul, number, power
>>> norm = power(Symbol("s"), Fraction(1, 2))
>>> _is_norm(mul(number(2), norm)), _is_norm(mul(number(-2), norm))
(True, False)
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

import sympy

from symnet.paper.claims.ranges import Neurons, Pair
from symnet.paper.formula import syntax as s
from symnet.paper.meaning.arrays import (
    Array,
    Blocks,
    Table,
    Value,
    Whole,
    is_any,
    is_unsaid,
    scalar,
)
from symnet.paper.meaning.elaboration import Elaborator
from symnet.paper.meaning.formulas_of_one import as_formula, put
from symnet.paper.signs.misfits import Misfit, Missing, Tensor, Unclear, missing
from symnet.paper.signs.scripts import layer_and_transpose, layer_of
from symnet.term import (
    ARGUMENT,
    ONE,
    Apply,
    Delta,
    Index,
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

Sides = tuple[Whole, Whole]


def side_of(node: s.Node, other: s.Node, elaborator: Elaborator) -> Value:
    try:
        return elaborator.value(node)
    except Tensor as tensor:
        if isinstance(node, s.Fraction):
            raise Misfit(f"{tensor}, and the other side has not", node, "shape") from None
        raise


def with_identity(value: Value, node: s.Node, other: Value) -> Value:
    """An empty product of matrices is the identity."""
    first = node.factors[0] if isinstance(node, s.Product) else node
    if not (isinstance(first, s.Big) and first.operator == "prod"):
        return value
    if not (isinstance(value, Array) and value.is_number and value.term == number(1)):
        return value
    if not isinstance(other, Array) or len(other.rows) != 1 or len(other.cols) != 1:
        return value
    return Array(other.rows, other.cols, Delta(other.rows[0], other.cols[0]))


def fitted(left: Value, right: Value, elaborator: Elaborator, node: s.Node) -> Sides:
    """Both sides, if they are of one shape. Raises Misfit with both shapes."""
    arrays = elaborator.arrays
    left, right = _zeros(left, right), _zeros(right, left)
    if isinstance(left, Blocks) and isinstance(right, Blocks):
        pairs = _block_by_block(left, right, elaborator, node)
        if pairs is not None:
            return pairs
    if not (isinstance(left, Array) and isinstance(right, Array)):
        one, other = arrays.table(left), arrays.table(right)
        if one is not None and other is not None and _counts(one) == _counts(other):
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
) -> Sides | None:
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


def _counts(table: Table) -> list[int]:
    return [len(row) for row in table.entries]


def weighted(sides: Sides, weight: Term) -> Sides:
    """Both sides times a number."""
    left, right = sides
    return _times(weight, left), _times(weight, right)


def _times(weight: Term, value: Whole) -> Whole:
    return changed(value, lambda x: mul(weight, x))


def changed(value: Whole, change: Callable[[Term], Term]) -> Whole:
    """A side with each of its terms changed."""
    if isinstance(value, Table):
        return Table(tuple(tuple(map(change, row)) for row in value.entries))
    return replace(value, term=change(value.term))


def terms_of(value: Whole) -> list[Term]:
    """The terms of a side."""
    return [x for row in value.entries for x in row] if isinstance(value, Table) else [value.term]


def _zeros(one: Value, other: Value) -> Value:
    """0 beside an array is the array of zeros."""
    if isinstance(one, Blocks) or not (isinstance(one, Array) and isinstance(other, Array)):
        return one
    if one.is_number and one.term == number(0) and not other.is_number:
        return Array(other.rows, other.cols, one.term)
    return one


def _clash(left: Value, right: Value, elaborator: Elaborator, node: s.Node) -> Misfit | Unclear:
    one, other = elaborator.arrays.shape(left), elaborator.arrays.shape(right)
    message = f"the left side is {one}, the right side is {other}"
    return Unclear(message, node) if is_unsaid(one, other) else Misfit(message, node)


def squared(left: Whole, right: Whole) -> Sides:
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


def by_branches(left: Whole, right: Whole) -> Sides:
    """Formulas with branches in one letter, each as one function of it: judged branch by branch."""
    if not (isinstance(left, Array) and isinstance(right, Array)):
        return left, right
    names = {x.name for side in (left, right) for x in walk(side.term) if isinstance(x, Symbol)}
    if not (left.is_number and right.is_number and len(names) == 1):
        return left, right
    (name,) = names
    formulas = [as_formula(side.term, name) for side in (left, right)]
    if not any(formula is not None and formula.has(sympy.Piecewise) for formula in formulas):
        return left, right
    return _as_function(left, formulas[0], name), _as_function(right, formulas[1], name)


def _as_function(side: Array, formula: sympy.Expr | None, name: str) -> Array:
    if formula is None:
        return side
    return scalar(Apply(ScalarFunction(f"{formula}", formula), Symbol(name)))


def check_neurons(letter: str, neurons: Neurons, elaborator: Elaborator) -> None:
    """Raises Misfit if a letter does not run over all neurons that it counts."""
    slot = elaborator.scope.get(letter) or elaborator.bound.get(letter)
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


def weights_of_pairs(pairs: Sequence[Pair], elaborator: Elaborator) -> Iterator[Term]:
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


def of_sign(value: Whole, name: str, sign: int) -> Whole:
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


def stepped(left: Value, node: s.Node, elaborator: Elaborator, alone: bool) -> Value:
    """θ - η ∂C/∂θ, what a step of gradient descent makes of a parameter; alone: the step."""
    rate = elaborator.notation.rate
    if not isinstance(left, Array) or not isinstance(left.term, Symbol) or rate is None:
        raise Unclear("what is updated here?", node)
    if left.term.name in ("a", "z", "δ", "y"):
        raise Unclear("this is no parameter, so no step changes it", node)
    slope: Term = Partial(elaborator.descended(node), left.term)
    if left.term.layer is None:
        if elaborator.notation.vectors.get(left.term.name) != "parameters":
            raise Unclear("how the cost depends on this is not said", node)
        slope = Symbol("∇C", None, left.term.indices)
    step = mul(number(-1), Symbol(rate), slope)
    return replace(left, term=step if alone else add(left.term, step))


def membership(left: s.Node, right: s.Node, elaborator: Elaborator) -> Sides | None:
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
            raise missing(shown, at, part)
