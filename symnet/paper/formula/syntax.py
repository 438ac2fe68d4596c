r"""The syntax tree of printed mathematics: what stands where, and nothing of what it means.

Every node knows its place in the text that was read, `start` to `end`. Brackets, scripts, factors
and terms are kept as they are printed: whether f(x) is a value or a product, whether a raised T is
a transpose or a power, and what a sum runs over is said by elaboration, which knows the symbols.

>>> name = Name("w", start=0, end=1)
>>> Scripted(name, sub=None, sup=Number("2", start=2, end=3), start=0, end=3).base.text
'w'
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Union, get_args


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What has a place in the text: from `start` up to and without `end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Number(Placed):
    """Digits as printed, perhaps with a decimal point: 2, 0.01."""

    text: str


@dataclass(frozen=True, slots=True)
class Name(Placed):
    r"""A letter or a named operator: w, \delta, diag, np.sum.

    Greek letters and signs keep their backslash (`\delta`, `\nabla`, `\partial`, `\top`, `\infty`,
    `\ell`); Unicode letters are turned into it (δ is `\delta`, ∂ is `\partial`). Functions and
    operators have plain names: `\tanh`, `\operatorname{tanh}`, `\mathrm{tanh}` are all `tanh`.
    `style` has the decorations from the outside to the inside: `\mathbf{\bar w}` has
    ("mathbf", "bar").
    """

    text: str
    style: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Text(Placed):
    r"""Words: \text{for all} has `words` "for all"; formulas between dollars stay as they are."""

    words: str


@dataclass(frozen=True, slots=True)
class Dots(Placed):
    r"""\ldots, \cdots, \vdots, \ddots, …, or three points."""


@dataclass(frozen=True, slots=True)
class Scripted(Placed):
    r"""A base with what is lowered and raised, and the number of primes (σ' has 1).

    A second script of the same kind, as in {W^l}^T or W^{l}{}^T, makes a Scripted around the
    first; a prime in braces, ^{\prime}, ^{[l]\prime}, is counted in `primes` as well.
    """

    base: "Node"
    sub: Union["Node", None] = None
    sup: Union["Node", None] = None
    primes: int = 0


@dataclass(frozen=True, slots=True)
class Listed(Placed):
    """Several things in a script or in brackets, parted by `,`, `;`, `:` or a bar: j,k in w_{j,k}.

    jk is a Product, not this.
    """

    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Bracketed(Placed):
    r"""Something in visible brackets: ( ), [ ], \{ \}, | |, \| \| (both written "‖")."""

    open: str
    body: "Node"
    close: str


@dataclass(frozen=True, slots=True)
class Fraction(Placed):
    r"""\frac, \dfrac, \tfrac, {… \over …}."""

    above: "Node"
    below: "Node"


@dataclass(frozen=True, slots=True)
class Root(Placed):
    """A root; `degree` is None for the square root."""

    body: "Node"
    degree: Union["Node", None] = None


@dataclass(frozen=True, slots=True)
class Big(Placed):
    r"""\sum or \prod (`operator` is "sum", "prod", "max", "min", "int", "lim") with its limits.

    It stands among the factors of a product and reaches over all factors after it.
    """

    operator: str
    sub: Union["Node", None] = None
    sup: Union["Node", None] = None


@dataclass(frozen=True, slots=True)
class Product(Placed):
    r"""Factors in a row. `operators[i]` stands before `factors[i]`; the first is "".

    Operators: "" (nothing but space), `\cdot`, `\times`, `*`, `\odot`, `\circ`, `\bullet`, `\star`,
    `\otimes`, `/`, `.*`, `\oslash` (also ./).
    """

    factors: tuple["Node", ...]
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Additive(Placed):
    r"""Terms with their signs, "+", "-", `\pm`; the first has "+" if none is printed."""

    terms: tuple["Node", ...]
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Array(Placed):
    r"""A matrix, by its rows: bmatrix, pmatrix, matrix, vmatrix, array within brackets.

    `brackets` says which: "[]", "()", "", "||". An empty cell is an Empty.
    """

    rows: tuple[tuple["Node", ...], ...]
    brackets: str


@dataclass(frozen=True, slots=True)
class Cases(Placed):
    r"""Branches, each with its condition: \begin{cases} 0 & z < 0 \\ 1 & z > 0 \end{cases}."""

    rows: tuple[tuple["Node", ...], ...]


@dataclass(frozen=True, slots=True)
class Annotated(Placed):
    r"""Something with a label: \underbrace{x}_{y}, \overbrace, \underset{y}{x}, \overset.

    A label over or under a relation is not kept; one over or under a sum is its limit.
    """

    body: "Node"
    label: "Node"


@dataclass(frozen=True, slots=True)
class Evaluated(Placed):
    r"""\left. x \right|_{z = z^l}: something taken at a place."""

    body: "Node"
    at: "Node"


@dataclass(frozen=True, slots=True)
class Sampled(Placed):
    r"""A quantity of one of several samples, once that is known: \delta^{x,l} as \delta^l of x."""

    of: "Node"
    sample: "Node"


@dataclass(frozen=True, slots=True)
class Empty(Placed):
    """Nothing where something could stand: the left side of a row that begins with =."""


@dataclass(frozen=True, slots=True)
class Chain(Placed):
    r"""Sides with relations between them: a = b = c. One side more than relations.

    Relations: "=", `\ne`, `\approx`, `\equiv`, `:=`, `\leftarrow`, `\to`, `\le`, `\ge`, "<", ">",
    `\in`, `\propto`, `\sim`, `\mapsto`. An arrow before prose is one, too.
    """

    sides: tuple["Node", ...]
    relations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Display(Placed):
    r"""All that is said in one place: statements, and what stands between them.

    `separators[i]` stands after `statements[i]`: ",", ";", ".", ":", `\quad`, `\\` (a new row), "&"
    (a cell), `\mid`, `\Rightarrow`, `\Leftarrow`, `\iff`, `\because`, `\forall`, `\exists`, "text";
    the last one is "". Of several that meet, the one is kept that says most. A comment in words is
    a statement of its own, a Text; a \forall that begins the display stands after an Empty. A row
    that begins with a relation belongs to the chain above it: a = b = c is one statement.
    """

    statements: tuple["Node", ...]
    separators: tuple[str, ...]


Node = (
    Number | Name | Text | Dots | Scripted | Listed | Bracketed | Fraction | Root | Big | Product
    | Additive | Array | Cases | Annotated | Evaluated | Sampled | Empty | Chain | Display
)  # fmt: skip


def children(node: Node) -> Iterator[Node]:
    """The nodes directly inside a node, in the order of its fields."""
    for name in _PARTS[type(node)]:
        yield from _nodes(getattr(node, name))


_PLAIN = {"start", "end", "text", "words", "primes", "open", "close", "operator", "operators"}
# The fields of each kind of node that may hold nodes; formulas are walked through very often.
_PARTS: dict[type, tuple[str, ...]] = {
    kind: tuple(field.name for field in fields(kind) if field.name not in _PLAIN)
    for kind in get_args(Node)
}


def _nodes(value: object) -> Iterator[Node]:
    if isinstance(value, tuple):
        for each in value:
            yield from _nodes(each)
    elif isinstance(value, Placed):
        yield value  # type: ignore[misc]


def walk(node: Node) -> Iterator[Node]:
    """A node and all that is inside it."""
    yield node
    for child in children(node):
        yield from walk(child)


def spell(node: Node) -> str:
    r"""A short unambiguous spelling, in which every product and every sum has its braces.

    >>> factors = Name("W", start=0, end=1), Name("x", start=1, end=2)
    >>> spell(Product(factors, ("", ""), start=0, end=2))
    '{W x}'
    """
    match node:
        case Number():
            return node.text
        case Name():
            return "".join(f"{style}:" for style in node.style) + node.text
        case Text():
            return f'"{node.words}"'
        case Dots():
            return "…"
        case Empty():
            return "{}"
        case Scripted():
            base = spell(node.base)
            base = f"{{{base}}}" if isinstance(node.base, Scripted) else base
            return base + "'" * node.primes + _scripts(node.sub, node.sup)
        case Big():
            return node.operator + _scripts(node.sub, node.sup)
        case Listed():
            return ", ".join(map(spell, node.items))
        case Bracketed():
            return f"{node.open}{spell(node.body)}{node.close}"
        case Fraction():
            return f"frac({spell(node.above)}; {spell(node.below)})"
        case Root():
            degree = f"; {spell(node.degree)}" if node.degree else ""
            return f"root({spell(node.body)}{degree})"
        case Annotated():
            return f"annotated({spell(node.body)}; {spell(node.label)})"
        case Sampled():
            return f"sampled({spell(node.of)}; {spell(node.sample)})"
        case Evaluated():
            return f"evaluated({spell(node.body)}; {spell(node.at)})"
        case Array() | Cases():
            head = f"array{node.brackets}" if isinstance(node, Array) else "cases"
            return head + "(" + "; ".join(" & ".join(map(spell, row)) for row in node.rows) + ")"
    return _spell_rows(node)


def _scripts(sub: Node | None, sup: Node | None) -> str:
    lowered = f"_{{{spell(sub)}}}" if sub is not None else ""
    return lowered + (f"^{{{spell(sup)}}}" if sup is not None else "")


def _spell_rows(node: Node) -> str:
    """What consists of parts with signs before or behind them."""
    match node:
        case Product(factors=parts, operators=signs):
            shown = [f"{sign} {spell(part)}" for sign, part in zip(signs, parts, strict=True)]
            return "{" + " ".join(each.strip() for each in shown) + "}"
        case Additive(terms=parts, signs=signs):
            shown = [f"{sign} {spell(part)}" for sign, part in zip(signs, parts, strict=True)]
            return "{" + " ".join(shown).removeprefix("+ ") + "}"
        case Chain(sides=sides, relations=relations):
            rest = zip(relations, sides[1:], strict=True)
            return spell(sides[0]) + "".join(f" {sign} {spell(side)}" for sign, side in rest)
        case Display(statements=statements, separators=separators):
            pairs = zip(statements, separators, strict=True)
            return " ".join(
                f"{spell(each)} <{sign}>" if sign else spell(each) for each, sign in pairs
            )
    raise TypeError(f"not a node: {node!r}")
