"""What is claimed in a display: its statements, and the ranges they hold for.

`l = L-1, …, 2`, `∀ l ∈ {2, …, L-1}` and `2 ≤ l ≤ L` say for which layers; words say nothing that is
judged; `Δv = -η∇C ⇒` defines. What is left are claims.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from symnet.calculus.counterexample import agree
from symnet.network import notation as n
from symnet.paper.claims.changes import has_changes, moved_in
from symnet.paper.claims.one_hot import encoded, has_class, has_samples, speaks_of_class
from symnet.paper.claims.ranges import (
    Neurons,
    Pair,
    Range,
    items_of,
    layer_letters,
    letters_in,
    said_in,
)
from symnet.paper.claims.restated import (
    check_steps,
    is_new,
    is_next_step,
    with_raised_layers,
    without_step,
)
from symnet.paper.claims.sides import (
    Sides,
    by_branches,
    changed,
    check_layers,
    check_neurons,
    fitted,
    membership,
    of_sign,
    side_of,
    squared,
    stepped,
    terms_of,
    weighted,
    weights_of_pairs,
    with_identity,
)
from symnet.paper.context.layerless import plain
from symnet.paper.context.page import Page
from symnet.paper.formula import syntax as s
from symnet.paper.meaning.arrays import Array, Value, Whole
from symnet.paper.meaning.elaboration import Elaborator
from symnet.paper.signs.examples import with_examples
from symnet.paper.signs.indicators import in_one_way
from symnet.paper.signs.misfits import Misfit, Unclear
from symnet.paper.signs.notation import Notation
from symnet.term import Partial, walk

EQUALITIES = frozenset({"=", r"\equiv", ":=", r"\approx", r"\triangleq", r"\coloneqq", r"\doteq"})
UPDATES = frozenset({r"\leftarrow", r"\gets", ":=", r"\to", r"\rightarrow"})
LEFTWARD = frozenset({r"\leftarrow", r"\gets"})
ARROWS = frozenset({r"\leftarrow", r"\gets", r"\to", r"\rightarrow", r"\Rightarrow", r"\mapsto"})
IN = r"\in"
CHANGES = {"-=": "-", "+=": "+"}


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
    notation: Notation | None = None  # of its own, where none of its quantities has a layer
    restricted: bool = False  # words say that it holds only sometimes

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

    def sides(self, elaborator: Elaborator) -> Sides | None:
        """Both sides, of one shape; None where nothing is compared. Raises Misfit or Unclear."""
        if self.right is None:
            elaborator.value(self.left)
            return None
        if self.relation == IN:
            return membership(self.left, self.right, elaborator)
        if self.update and has_changes(self.right):
            raise Unclear("a step by a change is not understood", self.right)
        elaborator.moved = moved_in(self.left, self.right, elaborator)
        elaborator.elsewhere = letters_in(self.right)
        left = side_of(self.left, self.right, elaborator)
        elaborator.elsewhere = letters_in(self.left)
        right = side_of(self.right, self.left, elaborator)
        for side, whole, other in ((self.left, left, right), (self.right, right, left)):
            bracketed = isinstance(side, s.Bracketed) and side.open == "["
            if bracketed and _is_number(whole) and not _is_number(other):
                raise Unclear("a matrix by its general entry", side)
        left, right = with_identity(left, self.left, right), with_identity(right, self.right, left)
        if self.update:
            left = stepped(left, self.left, elaborator, self.step)
        for letter, neurons in self.neurons.items():
            check_neurons(letter, neurons, elaborator)
        left, right = fitted(left, right, elaborator, self.node)
        for weight in weights_of_pairs(self.pairs, elaborator):
            left, right = weighted((left, right), weight)
        left, right = self._of_a_class(left, right, elaborator)
        if elaborator.layers.widths is None:
            left, right = by_branches(*squared(left, right))
        for name, sign in self.conditions.items():
            left, right = of_sign(left, name, sign), of_sign(right, name, sign)
        return left, right

    def _of_a_class(self, left: Whole, right: Whole, elaborator: Elaborator) -> Sides:
        """Both sides with y as the code of a class. In general Σ y = 1 is often enough."""
        terms = [term for side in (left, right) for term in terms_of(side)]
        by_y = any(isinstance(x, Partial) and x.by.name == "y" for t in terms for x in walk(t))
        if not elaborator.notation.one_hot:
            return left, right
        if by_y or any(map(has_samples, terms)):
            if any(map(has_class, terms)):
                raise Unclear("of which sample is this the class?", self.node)
            return left, right
        if elaborator.layers.widths is None and not any(map(speaks_of_class, terms)):
            return left, right
        last = elaborator.layers.number(n.L)
        cost = elaborator.notation.cost
        return changed(left, lambda x: encoded(x, last, cost)), changed(
            right, lambda x: encoded(x, last, cost)
        )

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


def claims_of(display: s.Display, about: Page) -> list[Claim]:
    """The claims of a display. Raises Unclear for what is not understood."""
    display = with_examples(in_one_way(display, about.notation), about.notation)
    said = said_in(_flat(with_raised_layers(display, about)), about)
    for chain in said.chains if len(display.statements) > 1 else ():
        if isinstance(chain.sides[0], s.Empty):
            raise Unclear("what stands on the left of this?", chain)
    made = [
        replace(
            claim,
            ranges=said.ranges,
            conditions=said.conditions,
            neurons=said.neurons,
            pairs=tuple(said.pairs),
            restricted=claim.restricted or said.is_restricted or bool(said.mentions),
        )
        for chain in said.chains
        for claim in (*_links(chain, about), *_labels(chain, about))
    ]
    letters = {
        x for chain in said.chains for x in (*letters_in(chain), *layer_letters([chain], about))
    }
    made = [_by_itself(claim, about) for claim in made]
    for mention in said.mentions if said.chains else ():
        if isinstance(mention, s.Name) and mention.text in letters:
            continue  # "for all j, k": they are all meant anyway
        dotted = any(isinstance(part, s.Dots) for part in s.walk(mention))
        if dotted or isinstance(mention, s.Name | s.Number | s.Additive):
            raise Unclear("what does this say here?", mention)
    if not made and not said.chains:
        if not said.ranges:
            raise Unclear("nothing is claimed here", display)
        made = [
            Claim(x, x, None, letters=layer_letters([x], about), ranges=said.ranges)
            for x in said.mentions
        ]
    return made


def _by_itself(claim: Claim, about: Page) -> Claim:
    """A claim about numbers among claims about layers: σ'(z) = σ(z)(1 - σ(z)), and BP2."""
    if not about.notation.letters or about.base is None or isinstance(claim.node, s.Annotated):
        return claim
    place = {"start": claim.node.start, "end": claim.node.end}
    own = plain(about.base, s.Display((claim.node,), ("",), **place))
    return claim if own.letters else replace(claim, notation=own)


def _is_number(value: Value) -> bool:
    return isinstance(value, Array) and value.is_number


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
            # The shape of what stands above, as x ∈ R^{m × n} says it.
            place = {"start": label.start, "end": label.end}
            reals = s.Scripted(s.Name("R", ("mathbb",), **place), None, inside, **place)
            found.append(Claim(node, node.body, reals, IN, letters))
            continue
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
        inside = items_of(node.body)
        if any(isinstance(x, s.Chain) for x in inside):
            return [x for item in inside for x in _flat(item)]
    if isinstance(node, s.Annotated) and isinstance(node.body, s.Chain | s.Display):
        return _flat(node.body)
    return [node]


def _prose(node: s.Node) -> bool:
    return any(isinstance(part, s.Text) for part in s.walk(node))


def _links(chain: s.Chain, about: Page) -> list[Claim]:
    """The claims of a chain a = b = c: each side equals the one before."""
    check_steps(chain, about)
    sides, relations = list(chain.sides), list(chain.relations)
    new = is_next_step(sides[0], about)
    renewed = [False] * len(sides)
    if about.updates:
        renewed = [is_new(side, about.notation) for side in sides]
        sides = [without_step(side, about.notation) for side in sides]
        new = new or renewed[0]
    while len(sides) > 1 and relations[-1] in ARROWS and _prose(sides[-1]):
        sides.pop()
        relations.pop()
    if len(sides) == 1:
        return [Claim(chain, sides[0], None, letters=layer_letters(sides, about))]
    found = []
    for at, (left, right, relation) in enumerate(zip(sides, sides[1:], relations, strict=False)):
        if renewed[at + 1] and s.spell(left) == s.spell(right):
            continue  # w → w' = …: the new w is what follows
        if relation in LEFTWARD and relations[0] == relation:
            left = sides[0]  # w ← x ← y: it is w that becomes y
        if isinstance(left, s.Text) or isinstance(right, s.Text):
            continue
        if isinstance(left, s.Empty) or isinstance(right, s.Empty):
            raise Misfit("one side of this is missing", chain, "other")
        letters = layer_letters([left, right], about)
        if relation in CHANGES:
            found.append(_counted(chain, left, right, relation, letters, about))
            continue
        update = relation in UPDATES - {":="} or (
            relation in EQUALITIES and ((new and left is sides[0]) or renewed[at])
        ) or (relation == ":=" and about.updates)  # fmt: skip
        update = update or _assigns(left, right, relation, about)
        if not update and relation not in EQUALITIES | {IN}:
            raise Unclear(f"the relation {relation} is not judged", chain)
        parameter = _change_of_parameter(left, about)
        if parameter is not None and relation in EQUALITIES | UPDATES:
            if not about.updates:
                raise Unclear("by what rule is this changed?", left)
            found.append(Claim(chain, parameter, right, relation, letters, update=True, step=True))
            continue
        # How near two sides are that are only nearly equal, nobody has said.
        near = relation == r"\approx" and not about.notation.first_order
        found.append(Claim(chain, left, right, relation, letters, update=update, restricted=near))
    return found


def _assigns(left: s.Node, right: s.Node, relation: str, about: Page) -> bool:
    """w = w - η …: what is on the left is the new w."""
    match right:
        case s.Additive(terms=(first, *_)) if relation in ("=", ":="):
            base = left.base if isinstance(left, s.Scripted) else None
            parameter = isinstance(base, s.Name) and about.notation.letters.get(base.text, "")
            rated = any(
                isinstance(x, s.Name) and x.text == about.notation.rate for x in s.walk(right)
            )
            return parameter in ("w", "b") and rated and s.spell(first) == s.spell(left)
    return False


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
