"""What is claimed in a display: its statements, and the ranges they hold for.

`l = L-1, …, 2`, `∀ l ∈ {2, …, L-1}` and `2 ≤ l ≤ L` say for which layers; words say nothing that is
judged; `Δv = -η∇C ⇒` defines. What is left are claims.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from symnet.calculus.counterexample import agree
from symnet.paper import syntax as s
from symnet.paper.arrays import Array, Table, is_any
from symnet.paper.context import Page
from symnet.paper.elaboration import (
    Elaborator,
    Misfit,
    Missing,
    Tensor,
    Unclear,
    Value,
    layer_and_transpose,
    layer_of,
    subscripts,
)
from symnet.network import notation as n
from symnet.term import (
    ONE,
    Delta,
    LayerNumber,
    Partial,
    Size,
    Sum,
    Symbol,
    Term,
    add,
    mul,
    number,
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

    def values(self, depth: int) -> tuple[int, ...]:
        """The layers of a network of this depth."""
        if self.exactly:
            return tuple(sorted({_at(x, depth) for x in self.exactly}))
        low = 1 if self.low is None else _at(self.low, depth)
        high = depth if self.high is None else _at(self.high, depth)
        # One layer that does not exist is as good as a thousand.
        return tuple(range(max(low, 0), min(high, depth + 1) + 1))

    @property
    def is_printed(self) -> bool:
        """Whether both ends are said."""
        return bool(self.exactly) or (self.low is not None and self.high is not None)


def _at(layer: LayerNumber, depth: int) -> int:
    return layer.offset + (depth if layer.name == "L" else 0)


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
        """Whether a layer that does not exist is the fault of a range that is printed."""
        return any(self.ranges.get(x, Range()).is_printed for x in self.letters)

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
            left = _stepped(left, self.left, elaborator)
        return fitted(left, right, elaborator, self.node)

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
            raise Misfit(
                f"{tensor}, and the other side has not", node, "shape"
            ) from None
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
    if isinstance(left, Table) or isinstance(right, Table):
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


def _of_any_length(array: Array) -> bool:
    """Whether something is summed over ones of which nobody says how many they are."""
    return any(isinstance(x, Sum) and is_any(x.index.axis) for x in walk(array.term))


def _clash(left: Value, right: Value, elaborator: Elaborator, node: s.Node) -> Misfit:
    one, other = elaborator.arrays.shape(left), elaborator.arrays.shape(right)
    return Misfit(f"the left side is {one}, the right side is {other}", node)


def _stepped(left: Value, node: s.Node, elaborator: Elaborator) -> Value:
    """θ - η ∂C/∂θ, what a step of gradient descent makes of a parameter."""
    rate = elaborator.notation.rate
    if not isinstance(left, Array) or not isinstance(left.term, Symbol) or rate is None:
        raise Unclear("what is updated here?", node)
    step = mul(number(-1), Symbol(rate), Partial(n.COST, left.term))
    return replace(left, term=add(left.term, step))


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
        raise Misfit(
            f"this is {elaborator.arrays.shape(value)}", right, "shape"
        )
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
                layer = layer_of(script) if script is not None else None
                if layer is not None and layer.name not in ("", "L"):
                    found[layer.name] = None
    return tuple(letter for letter in found if letter not in bound)


# --- statements ----------------------------------------------------------------------------


def claims_of(display: s.Display, about: Page) -> list[Claim]:
    """The claims of a display. Raises Unclear for what is not understood."""
    statements = _flat(display)
    letters = layer_letters(statements, about)
    ranges: dict[str, Range] = {}
    conditions: dict[str, int] = {}
    chains: list[s.Chain] = []
    mentions: list[s.Node] = []
    at = 0
    while at < len(statements):
        statement = statements[at]
        at += 1
        if isinstance(statement, s.Text | s.Empty):
            continue
        if not isinstance(statement, s.Chain):
            if not isinstance(statement, s.Dots):
                mentions.append(statement)
            continue
        following: list[s.Node] = []
        while at < len(statements) and isinstance(
            statements[at], s.Dots | s.Number | s.Name | s.Additive
        ):
            following.append(statements[at])
            at += 1
        read = _range(statement, following, letters)
        if read is not None:
            name, found = read
            ranges[name] = _both(ranges.get(name), found)
            continue
        at -= len(following)
        condition = _condition(statement, about)
        if condition is not None:
            conditions |= condition
            continue
        chains.append(statement)
    made = [
        replace(claim, ranges=ranges, conditions=conditions)
        for chain in chains
        for claim in _links(chain, about)
    ]
    if not made and not chains:
        made = [
            Claim(x, x, None, letters=layer_letters([x], about), ranges=ranges) for x in mentions
        ]
    return made


def _flat(node: s.Node) -> list[s.Node]:
    """The statements of a display, those in environments inside it too."""
    if isinstance(node, s.Display):
        return [x for statement in node.statements for x in _flat(statement)]
    if isinstance(node, s.Array) and not node.brackets:
        cells = [cell for row in node.rows for cell in row]
        if any(isinstance(cell, s.Chain) for cell in cells):
            # The other rows label what stands in the row of the claim.
            return [cell for cell in cells if isinstance(cell, s.Chain)]
    if isinstance(node, s.Bracketed) and isinstance(node.body, s.Chain) and node.open == "(":
        return [s.Empty(start=node.start, end=node.end)]
    if isinstance(node, s.Annotated) and isinstance(node.body, s.Chain | s.Display):
        return _flat(node.body)
    return [node]


def _prose(node: s.Node) -> bool:
    return any(isinstance(part, s.Text) for part in s.walk(node))


def _links(chain: s.Chain, about: Page) -> list[Claim]:
    """The claims of a chain a = b = c: each side equals the one before."""
    sides, relations = list(chain.sides), list(chain.relations)
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
        update = relation in UPDATES - {":="} or (
            relation in EQUALITIES and _is_next_step(left, about)
        ) or (relation == ":=" and about.updates)  # fmt: skip
        if not update and relation not in EQUALITIES | {IN}:
            raise Unclear(f"the relation {relation} is not judged", chain)
        found.append(Claim(chain, left, right, relation, letters, update=update))
    return found


def _is_next_step(node: s.Node, about: Page) -> bool:
    """W_{t+1}: what a parameter is after a step."""
    match node:
        case s.Scripted(sub=s.Additive() as sub):
            return about.notation.is_iteration(sub)
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
