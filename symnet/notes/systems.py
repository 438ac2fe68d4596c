r"""A document's own definitions as one system, in which nothing is taken from a book.

Many notes have no general layer: one neuron, two layers by number, a batch as rows. Each symbol is
what its formula says, and what no formula says is a number, a vector or a matrix as the products
fit in which it stands. A claim is then judged by the definitions themselves.

>>> from symnet.notes.source import Source
>>> from symnet.notes.document import Formula
>>> from symnet.notes.statements import statements
>>> text = r"z_1 = W_1 x + b_1, \quad a_1 = \sigma(z_1), \quad z_2 = W_2 a_1 + b_2"
>>> said = statements(Formula(Source("", text, text), 0, len(text)))
>>> found = system_of(definitions(said), said, "L")
>>> found["W_{1}"], found["x"], found["b_{2}"], found["L"]
('n_1 by n_2', 'n_2 by 1', 'n_3 by 1', 'loss')
"""

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from symnet.errors import SymnetError
from symnet.notes import chain_rule
from symnet.notes.declared import COSTS, NAMES, Declared, base_of, is_partial, slope_of
from symnet.notes.statements import EQUALITIES, Statement
from symnet.paper.books.page_notation import OTHER
from symnet.paper.claims.judging import BUDGET
from symnet.paper.claims.verdicts import ILL_FORMED, PROVED, REFUTED, UNKNOWN, Verdict
from symnet.paper.definitions.claims import verdict_by_definitions
from symnet.paper.definitions.declarations import bases_of, wholes_of
from symnet.paper.definitions.declarations import declared as system
from symnet.paper.definitions.names import index_letters, key_of
from symnet.paper.definitions.pages import LAYER
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.habits.lenient import meant
from symnet.paper.signs.notation import spelled_out
from symnet.paper.signs.scripts import is_transpose, layer_and_transpose, mapped

RATES = frozenset({r"\eta", r"\alpha", r"\lambda", r"\mu", r"\epsilon", r"\varepsilon", r"\gamma"})
COUNTS = frozenset({"m", "N"})  # of samples
SIGNS = frozenset({
    r"\partial", r"\nabla", "d", "e", "T", r"\top", r"\infty", r"\pi", r"\cdot", "I", "exp", "log",
    "ln", "max", "min", "sqrt", "det", "tr", "diag", "argmax", "argmin", r"\text", "np.sum", "sum",
})  # fmt: skip
ELEMENTARY = frozenset({"exp", "log", "ln", "sqrt", "max", "min", "tanh"})
LETTERS = frozenset({r"\sigma", "f", "g", r"\varphi", r"\phi", r"\psi", "S", "h", "act", r"\Phi"})
BIASES = frozenset({"b", r"\beta", "c", "B", r"\theta_0", "w_0"})
WEIGHTS = frozenset({"w", "W", r"\theta", r"\Theta", "V", "U", "v", "u", r"\omega", r"\Omega"})
ERRORS = frozenset({r"\delta", r"\Delta"})
WEIGHTED = ("z", "Z", "s", "net", "v", "u", "in", "h", "a")  # by which δ may be a slope
MOST = 60  # definitions of one system


@dataclass(frozen=True, slots=True)
class Definition:
    """A symbol, and what a statement says that it is."""

    number: int  # of the statement
    key: str
    left: s.Node
    right: s.Node
    printed: str
    said: str


def definitions(said: Sequence[Statement]) -> tuple[Definition, ...]:
    """All statements that say what a symbol is: not what is derived, and not what is changed."""
    found = [
        each for at, x in enumerate(said) for each in (*_definitions(at, x), *_function(at, x))
    ]
    if not any(_is_raised(x.left) for x in found):
        return tuple(found)
    # z^2 is that of layer 2, where it is said what z^1 is.
    return tuple(
        replace(x, key=key_of(x.left) or x.key, left=raised(x.left), right=raised(x.right))
        for x in found
    )


def _has_raised(node: s.Node) -> bool:
    """Whether a number in brackets is raised."""
    return (
        isinstance(node, s.Scripted)
        and isinstance(node.sup, s.Bracketed)
        and isinstance(node.sup.body, s.Number)
    )


def _is_raised(node: s.Node) -> bool:
    return isinstance(node, s.Scripted) and isinstance(node.sup, s.Number)


def raised(node: s.Node) -> s.Node:
    """A formula in which raised numbers are parts of names, and no powers."""
    made = mapped(node, raised)
    if (
        isinstance(made, s.Scripted)
        and isinstance(made.sup, s.Number)
        and isinstance(made.base, s.Name)
    ):
        return replace(
            made, sup=s.Bracketed("(", made.sup, ")", start=made.sup.start, end=made.sup.end)
        )
    return made


def _function(number: int, statement: Statement) -> Iterator[Definition]:
    """What a = f(z) = 1/(1 + e^{-z}) says of f."""
    chain = statement.node
    if not isinstance(chain, s.Chain) or not set(chain.relations) <= EQUALITIES | {r"\approx"}:
        return
    for side in chain.sides:
        match side:
            case s.Product(
                factors=(s.Name() as name, s.Bracketed(body=(s.Name() | s.Scripted()) as given)),
                operators=("", ""),
            ) if name.text in LETTERS:
                argument = statement.said(given).strip()
                for formula in chain.sides:
                    said = statement.said(formula).replace(argument, "u")
                    if formula is not side and "u" in said and _OF_U.fullmatch(said):
                        key = spelled_out(name)
                        yield Definition(number, key, side, formula, f"{name.text}(u)", said)
                        return


# A formula of u alone.
_OF_U = re.compile(
    r"(?:\\(?:[dt]?frac|exp|tanh|left|right|mathrm|max|,|;|!)|exp|[eu\d\s{}()\[\]+\-^.*/,&])+"
)


def _definitions(number: int, statement: Statement) -> Iterator[Definition]:
    chain = statement.node
    if not isinstance(chain, s.Chain) or not set(chain.relations) <= EQUALITIES | {r"\approx"}:
        return
    left = chain.sides[0]
    key = symbol(left)
    if key is None or is_counter(left):
        return
    slope = next((x for x in chain.sides[1:] if slope_of(x) is not None), None)
    if slope is not None:
        # Whatever else is said of it is a claim, as δ = ∂C/∂z = a - y.
        yield Definition(number, key, left, slope, statement.said(left), statement.said(slope))
        return
    if base_of(left) in ERRORS or (key[:1] == "d" and len(key) > 1):
        return  # δ = a - y is a claim about δ
    for side in chain.sides[1:]:
        if _is_formula(side, left):
            yield Definition(number, key, left, side, statement.said(left), statement.said(side))
            return


def _is_formula(side: s.Node, left: s.Node) -> bool:
    """Whether a side may say what a symbol is: in letters, and not in terms of itself."""
    if not is_symbolic(side) or is_partial(side):
        return False
    if isinstance(side, s.Name | s.Scripted) and base_of(side) in COSTS and base_of(left) in COSTS:
        return False
    for part in s.walk(side):
        if isinstance(part, s.Array | s.Cases | s.Dots | s.Annotated | s.Text) or is_partial(part):
            return False
        if isinstance(part, s.Bracketed) and part.open == "[" and isinstance(part.body, s.Listed):
            return False
        if s.spell(part) == s.spell(left):
            return False
    return True


def symbol(node: s.Node) -> str | None:
    """The key of what may be defined: a name with its scripts, a function of a name, a cost."""
    match node:
        case s.Name() | s.Scripted(primes=0) if base_of(node) not in SIGNS:
            return key_of(node)
        case s.Product(
            factors=(s.Name(text="d"), s.Name() | s.Scripted(primes=0)), operators=("", "")
        ):
            return key_of(node)
        case s.Product(factors=(s.Name() as name, s.Bracketed()), operators=("", "")):
            return spelled_out(name) if name.text not in SIGNS else None
        case s.Product(factors=(s.Scripted() as name, s.Bracketed()), operators=("", "")):
            return key_of(name) if base_of(name) in COSTS else None
    return None


def is_counter(node: s.Node) -> bool:
    """Whether a letter only counts: l = 1, m = 3."""
    return isinstance(node, s.Name) and node.text in frozenset("ijklnmtNK") and not node.style


def is_symbolic(node: s.Node) -> bool:
    """Whether a side is made of symbols, and not of the numbers of an example."""
    nodes = tuple(s.walk(node))
    names = any(isinstance(x, s.Name) and x.text not in SIGNS for x in nodes)
    decimal = any(isinstance(x, s.Number) and "." in x.text for x in nodes)
    return names and not decimal


def is_plain(node: s.Node) -> bool:
    """Whether a side is a whole number alone: the slope by a bias is 1."""
    match node:
        case s.Number(text=text):
            return text.isdigit()
        case s.Additive(terms=(s.Number(text=text),)):
            return text.isdigit()
    return False


def keys_in(node: s.Node) -> Iterator[str]:
    """The keys of the symbols that stand in a formula, each with its scripts."""
    for part in symbols_in(node):
        key = key_of(part)
        if key is not None:
            yield key


def symbols_in(node: s.Node) -> Iterator[s.Name | s.Scripted]:
    """The symbols of a formula, without transposes; what stands in scripts is part of a name."""
    match node:
        case s.Name():
            if node.text not in SIGNS:
                yield node
        case s.Scripted(base=s.Name() as name):
            if name.text == r"\nabla" and node.sub is not None:
                yield from symbols_in(node.sub)
            elif name.text not in SIGNS:
                yield _bare(node)
        case s.Scripted(base=base):
            yield from symbols_in(base)
        case s.Big():
            return
        case s.Product(
            factors=(s.Name(text="d"), (s.Name() | s.Scripted()) as of), operators=("", "")
        ):
            yield from symbols_in(of)
        case _:
            for child in s.children(node):
                yield from symbols_in(child)


def _bare(node: s.Scripted) -> s.Name | s.Scripted:
    """A symbol without its transpose, powers and primes."""
    sup = node.sup
    if isinstance(sup, s.Product) and len(sup.factors) == 2 and is_transpose(sup.factors[1]):
        sup = sup.factors[0]
    if sup is not None and (is_transpose(sup) or isinstance(sup, s.Number)):
        sup = None
    if node.sub is None and sup is None and isinstance(node.base, s.Name):
        return node.base
    return replace(node, sup=sup, primes=0)


# --- shapes ---------------------------------------------------------------------------------------

ONE = 0
Shape = tuple[int, int]  # of rows and columns, by the numbers of their lengths


class ClashError(Exception):
    """Two lengths that cannot be the same."""


@dataclass
class Shapes:
    """How long the sides of each symbol are, as far as definitions say which are the same."""

    rows: bool  # whether samples, or a single one, are rows: x W
    parents: list[int] = field(default_factory=lambda: [ONE])
    of: dict[str, Shape] = field(default_factory=dict)
    functions: set[str] = field(default_factory=set)
    added: list[tuple[str, Shape]] = field(default_factory=list)  # biases, beside what they stand
    numbers: frozenset[str] = frozenset()

    def fresh(self) -> int:
        self.parents.append(len(self.parents))
        return len(self.parents) - 1

    def find(self, at: int) -> int:
        while self.parents[at] != at:
            at = self.parents[at]
        return at

    def same(self, one: int, other: int) -> None:
        one, other = self.find(one), self.find(other)
        if one != other:
            self.parents[max(one, other)] = min(one, other)

    def join(self, one: Shape, other: Shape) -> Shape:
        self.same(one[0], other[0])
        self.same(one[1], other[1])
        return one

    def symbol(self, key: str) -> Shape:
        if key in self.numbers:
            return ONE, ONE
        if key not in self.of:
            self.of[key] = self.fresh(), self.fresh()
        return self.of[key]

    def is_number(self, shape: Shape) -> bool:
        return self.find(shape[0]) == ONE == self.find(shape[1])

    # --- of a formula -------------------------------------------------------------------------

    def shape(self, node: s.Node) -> Shape | None:
        """The shape of a formula; None for what is a number, or is not known."""
        match node:
            case s.Name():
                return (
                    None if node.text in SIGNS | RATES | COUNTS else self.symbol(spelled_out(node))
                )
            case s.Scripted():
                return self._scripted(node)
            case s.Bracketed(body=body, open=opened):
                return None if opened in ("‖", "|") else self.shape(body)
            case s.Annotated(body=body) | s.Root(body=body):
                return self.shape(body)
            case s.Fraction(above=above, below=below):
                slope = slope_of(node)
                if slope is not None:
                    return self.shape(slope[2])
                if is_partial(node):
                    return None
                return self._both(self.shape(above), self.shape(below))
            case s.Product():
                return self._product(node)
            case s.Additive(terms=terms):
                return self._sum(terms)
        return None

    def _both(self, one: Shape | None, other: Shape | None) -> Shape | None:
        if one is None or other is None:
            return one or other
        if self.is_number(one) or self.is_number(other):
            return other if self.is_number(one) else one
        return self.join(one, other)

    def _scripted(self, node: s.Scripted) -> Shape | None:
        if isinstance(node.base, s.Bracketed | s.Scripted):
            found = self.shape(node.base)
        elif isinstance(node.base, s.Name) and node.base.text not in SIGNS | RATES:
            bare = _bare(node)
            key = key_of(bare)
            letters = index_letters(bare.sub) if isinstance(bare, s.Scripted) else None
            if letters or key is None:
                return None  # an entry is a number
            found = self.symbol(key)
        else:
            return None
        turned = node.sup is not None and layer_and_transpose(node.sup)[1]
        return (found[1], found[0]) if turned and found is not None else found

    def _product(self, node: s.Product) -> Shape | None:
        slope = slope_of(node)
        if slope is not None:
            return self.shape(slope[2])
        parts: list[tuple[str, Shape | None]] = []
        at = 0
        while at < len(node.factors):
            factor, sign = node.factors[at], node.operators[at]
            following = node.factors[at + 1] if at + 1 < len(node.factors) else None
            if isinstance(factor, s.Big):
                return None  # the sum is a number, or of a kind that is not read here
            called = following is not None and not node.operators[at + 1]
            if called and self._is_function(factor, following):
                parts.append((sign, self._called(factor, following)))
                at += 2
                continue
            if isinstance(factor, s.Name) and factor.text in ELEMENTARY and following is not None:
                parts.append((sign, self.shape(following)))
                at += 2
                continue
            parts.append((sign, self.shape(factor)))
            at += 1
        found: Shape | None = None
        for sign, shape in parts:
            if shape is None or found is None:
                found = found or shape
            elif sign in (r"\odot", r"\circ", "/", ".*", r"\oslash", "*"):
                found = self._both(found, shape)
            elif self.is_number(found) or self.is_number(shape):
                found = shape if self.is_number(found) else found
            else:
                self.same(found[1], shape[0])
                found = found[0], shape[1]
        return found

    def _is_function(self, factor: s.Node, following: s.Node | None) -> bool:
        base = base_of(factor)
        if not isinstance(following, s.Bracketed) or not base:
            return False
        primed = isinstance(factor, s.Scripted) and factor.primes > 0
        return primed or base in NAMES or base in self.functions or base in COSTS & self.numbers

    def _called(self, factor: s.Node, given: s.Node | None) -> Shape | None:
        assert isinstance(given, s.Bracketed)
        if base_of(factor) in self.numbers:
            return None
        return self.shape(given.body)

    def _sum(self, terms: Iterable[s.Node]) -> Shape | None:
        found: Shape | None = None
        biases = []
        for term in terms:
            key = key_of(term) if isinstance(term, s.Name | s.Scripted) else None
            if key is not None and base_of(term) in BIASES and key not in self.numbers:
                biases.append(key)
                continue
            shape = self.shape(term)
            if shape is not None and not (found is not None and self.is_number(shape)):
                found = shape if found is None else self.join(found, shape)
        for key in biases:
            own = self.symbol(key)
            if found is None:
                found = own
            elif key[0].isupper():
                self.join(found, own)
            else:
                self.added.append((key, found))
        return found


def _weights_first(node: s.Node) -> int:
    """How many products have the weights first, less those that have them last."""
    found = 0
    for part in s.walk(node):
        if isinstance(part, s.Product):
            bases = [base_of(x) for x in part.factors]
            for one, other in pairwise(bases):
                found += (one in WEIGHTS) and other not in WEIGHTS and bool(other)
                found -= (other in WEIGHTS) and one not in WEIGHTS and bool(one)
    return found


def has_arrays(node: s.Node) -> bool:
    """Whether something in a formula is a vector or a matrix: W x, w^T x, ⊙, a norm."""
    for part in s.walk(node):
        match part:
            case s.Product(factors=factors, operators=operators):
                if {r"\odot", r"\circ", r"\otimes"} & set(operators):
                    return True
                bases = [base_of(x) for x in factors]
                if len(factors) > 1 and any(
                    x[:1].isupper() and x in WEIGHTS | {"X"} for x in bases
                ):
                    return True
            case s.Scripted(sup=sup) if sup is not None and is_transpose(sup):
                return True
            case s.Bracketed(open="‖"):
                return True
            case s.Name(style=style) if {"mathbf", "boldsymbol", "bm", "vec"} & set(style):
                return True
    return False


# --- the system -----------------------------------------------------------------------------------


def system_of(given: Sequence[Definition], said: Sequence[Statement], cost: str) -> dict[str, str]:
    """What a page of these definitions declares, each symbol as `verify` has it said.

    `cost` is the letter of what is derived. Empty where nothing is defined.
    """
    given = list({x.key: x for x in given}.values())[:MOST]
    if not given:
        return {}
    numbered = any(_has_raised(x.left) for x in given)
    nodes = [raised(x.node) if numbered else x.node for x in said if x.node is not None]
    formulas = {x.key: x for x in given}
    costs = {x.key for x in given if base_of(x.left) in COSTS} | ({cost} if cost else set())
    functions = _functions([*(x.right for x in given), *nodes], formulas)
    slopes = _slopes(nodes, formulas, cost)
    shapes = _shapes([x for x in given if x.key not in functions], nodes, functions, costs)
    sizes = _sizes(shapes)
    # Functions come first: what stands before brackets and is not known yet would be a factor.
    declared = dict.fromkeys(sorted(functions - formulas.keys()), "activation function")
    declared |= {x.printed: x.said for x in given if x.key in functions}
    for key in (*sorted(shapes.numbers - shapes.of.keys() - costs), *shapes.of):
        if key not in formulas and key not in slopes:
            declared[_printed(key)] = _kind(shapes, key, sizes)
    for each in given:
        if each.key not in functions:
            declared[each.printed] = _said(each, shapes)
    for key in costs - formulas.keys():
        declared[_printed(key)] = "loss"
    return _readable(_one_hot({**declared, **slopes}), costs)


def _shapes(
    given: Sequence[Definition], nodes: Sequence[s.Node], functions: set[str], costs: set[str]
) -> Shapes:
    """The shapes of all symbols, as far as definitions and claims say something of them."""
    turned = sum(_weights_first(x.right) for x in given) < 0
    numbers = _numbers([x for x in given if x.key not in costs]) - functions
    shapes = Shapes(turned, numbers=frozenset(costs | numbers), functions=functions | set(NAMES))
    for each in given:
        found = shapes.shape(each.right)
        if found is None:
            continue
        if each.key not in costs:
            shapes.join(shapes.symbol(each.key), found)
        elif not any(isinstance(x, s.Big) for x in s.walk(each.right)):
            shapes.join(found, (ONE, ONE))  # a cost is a number: (y - a)^2 is of one output
    claimed = {x.key for x in given}
    for node in nodes:
        _learn(node, shapes, claimed)
    _settle(shapes, [key for key in shapes.of if key not in claimed])
    return shapes


def _numbers(given: Sequence[Definition]) -> set[str]:
    """The symbols of those networks in which nothing is a vector or a matrix.

    What only a slope or the cost has in common with others makes no network of two.
    """
    formulas = {x.key: x for x in given if slope_of(x.right) is None}
    groups = {k: {k, *keys_in(x.right)} for k, x in formulas.items()}
    found: set[str] = set()
    left = dict.fromkeys(formulas)
    while left:
        hanging = _hanging(groups, {next(iter(left))})
        for key in hanging:
            left.pop(key, None)
        if not any(has_arrays(formulas[key].right) for key in hanging):
            found |= {each for key in hanging for each in groups[key]}
    arrays = {each for k in formulas if k not in found for each in groups[k]}
    return found - arrays


def _slopes(
    nodes: Iterable[s.Node], formulas: Mapping[str, Definition], cost: str
) -> dict[str, str]:
    r"""δ_2 and dZ_2 of claims, which are slopes of the cost where nothing else is said."""
    found: dict[str, str] = {}
    if not cost:
        return found
    for node in nodes:
        for part in s.walk(node):
            match part:
                case s.Scripted(primes=0) if base_of(part) in ERRORS and key_of(part):
                    bare = _bare(part)
                    key = key_of(bare)
                    if key is None or key in formulas or not isinstance(bare, s.Scripted):
                        continue
                    scripts = key[len(base_of(bare)) :]
                    of = next(
                        (formulas[x + scripts] for x in WEIGHTED if x + scripts in formulas), None
                    )
                    if of is not None:
                        found[_printed(key)] = (
                            rf"\frac{{\partial {_printed(cost)}}}{{\partial {of.printed}}}"
                        )
                case s.Product(factors=factors, operators=operators):
                    for at, factor in enumerate(factors[:-1]):
                        of_node = factors[at + 1]
                        if (
                            not isinstance(factor, s.Name)
                            or factor.text != "d"
                            or operators[at + 1]
                        ):
                            continue
                        if (
                            not isinstance(of_node, s.Name | s.Scripted)
                            or base_of(of_node) in SIGNS
                        ):
                            continue
                        key = key_of(_bare(of_node) if isinstance(of_node, s.Scripted) else of_node)
                        if key is not None and f"d{key}" not in formulas:
                            below = _printed(key)
                            found[f"d{below}"] = (
                                rf"\frac{{\partial {_printed(cost)}}}{{\partial {below}}}"
                            )
    return found


def _said(definition: Definition, shapes: Shapes) -> str:
    """What a definition says; of a softmax of a matrix, along which side it is taken."""
    match definition.right:
        case s.Product(factors=(s.Name() as name, s.Bracketed(body=body)), operators=("", "")):
            if NAMES.get(name.text) == "softmax":
                inside = definition.said[body.start - definition.right.start :]
                inside = inside[: body.end - body.start]
                shape = shapes.shape(body)
                flat = shape is None or ONE in map(shapes.find, shape)
                side = "" if flat else "row-wise " if shapes.rows else "column-wise "
                return f"{side}softmax of {inside}"
    return definition.said


_KIND = re.compile(r"loss$|number$|activation function$|\w+ by \w+")  # what needs no other symbol


def _readable(declared: dict[str, str], costs: set[str]) -> dict[str, str]:
    """What is declared, without what is not understood: of a cost it is enough that it is one."""
    for _ in range(MOST):
        unread = system(declared).unread
        if not unread:
            return declared
        opaque = {
            k: "loss" if v != "loss" and wholes_of(k) & unread and bases_of(k) & costs else v
            for k, v in declared.items()
        }
        if opaque == declared:  # what is made of it is not known either
            opaque = {
                k: v for k, v in declared.items() if not wholes_of(k) & unread or _KIND.match(v)
            }
        if opaque == declared:
            return {}
        declared = opaque
    return {}


def _functions(nodes: Iterable[s.Node | None], formulas: Mapping[str, Definition]) -> set[str]:
    """The letters that stand before brackets as functions do, or have a prime."""
    found = set()
    for node in nodes:
        for part in s.walk(node) if node is not None else ():
            match part:
                case s.Product(factors=factors, operators=operators):
                    for at, factor in enumerate(factors[:-1]):
                        following = factors[at + 1]
                        if operators[at + 1] or not isinstance(following, s.Bracketed):
                            continue
                        if base_of(factor) in LETTERS and isinstance(factor, s.Name | s.Scripted):
                            found.add(base_of(factor))
                case s.Scripted(primes=primes) if primes and base_of(part) in LETTERS:
                    found.add(base_of(part))
    return {x for x in found if x not in formulas or _is_of_letter(formulas[x])}


def _is_of_letter(definition: Definition) -> bool:
    """σ(z) = 1/(1 + e^{-z}), and not h(x) = σ(w^T x)."""
    if definition.printed.endswith("(u)"):
        return True
    match definition.left:
        case s.Product(factors=(s.Name(), s.Bracketed(body=s.Name() as variable))):
            return set(keys_in(definition.right)) <= {spelled_out(variable)} | set(NAMES)
    return False


def _learn(node: s.Node, shapes: Shapes, known: set[str]) -> None:
    """What a claim says of a symbol that no definition has: y in a - y."""
    for part in s.walk(node):
        if not isinstance(part, s.Additive) or len(part.terms) != 2:
            continue
        pair = [x for x in part.terms if isinstance(x, s.Name | s.Scripted)]
        keys = [key_of(x) for x in pair]
        if len(pair) != 2 or None in keys or any(base_of(x) in SIGNS | RATES for x in pair):
            continue
        for new, old in (keys, keys[::-1]):
            if new is not None and old is not None and new not in shapes.of and old in shapes.of:
                shapes.of[new] = shapes.of[old]


def _settle(shapes: Shapes, leaves: Iterable[str]) -> None:
    """A single input in small letters is one vector; a bias is one, too, however often added."""
    for key in leaves:
        letter = key.rpartition(":")[2].lstrip("\\")[:1]
        rows, cols = shapes.of[key]
        if letter.islower() and letter in "xahoyi" and not any(key == k for k, _ in shapes.added):
            shapes.same(rows if shapes.rows else cols, ONE)
    for key, beside in shapes.added:
        rows, cols = shapes.of[key]
        if shapes.rows:
            shapes.same(cols, beside[1])
            shapes.same(rows, ONE)
        else:
            shapes.same(rows, beside[0])
            shapes.same(cols, ONE)


def _sizes(shapes: Shapes) -> dict[int, str]:
    """The name of each length: that of the samples as it is written, the others n_1, n_2, …"""
    found: dict[int, str] = {}
    for rows, cols in shapes.of.values():
        for side in (rows, cols):
            at = shapes.find(side)
            if at != ONE and at not in found:
                found[at] = f"n_{len(found) + 1}"
    return found


def _kind(shapes: Shapes, key: str, sizes: Mapping[int, str]) -> str:
    """A number, or a matrix of so many rows and columns; and along what it is added."""
    rows, cols = (shapes.find(x) for x in shapes.symbol(key))
    if rows == ONE == cols:
        return "number"
    names = [("1" if x == ONE else sizes[x]) for x in (rows, cols)]
    said = f"{names[0]} by {names[1]}"
    for other, beside in shapes.added:
        if other == key and shapes.find(beside[0 if shapes.rows else 1]) != ONE:
            return said + f", added to every {'row' if shapes.rows else 'column'}"
    return said


_SCRIPT = re.compile(r"([_^])(\{(?:[^{}]|\{[^{}]*\})*\}|\w+|\\[A-Za-z]+)")


def _printed(key: str) -> str:
    r"""A key as it may be printed: \hat{y} for hat:y.

    >>> print(_printed("hat:y_1"), _printed("w_11"), _printed("b_1^{{l + 1}}"))
    \hat{y}_{1} w_{11} b_{1}^{l + 1}
    """
    scripts = _SCRIPT.search(key)
    head = key[: scripts.start()] if scripts is not None else key
    *styles, base = head.split(":")
    for style in reversed(styles):
        base = rf"\{style}{{{base}}}"
    found = _SCRIPT.findall(key[len(head) :])
    return base + "".join(f"{sign}{{{re.sub('[{}]', '', text)}}}" for sign, text in found)


# --- what a statement is judged by ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class System:
    """What a document declares where a statement stands, and what is only supposed of it."""

    declared: Mapping[str, str]
    supposed: tuple[tuple[str, str], ...] = ()

    def defines(self, statement: Statement) -> bool:
        """Whether a statement is one of the definitions."""
        return any(
            self.declared.get(each.printed) == each.said for each in _definitions(0, statement)
        )


def systems(said: Sequence[Statement], known: Declared) -> dict[int, tuple[System, ...]]:
    """For each statement, by its number, the systems that it may be about, the surest first.

    A symbol is what was said of it last; else what is said of it first thereafter. Of all that is
    said so only what hangs together with the symbols of the statement belongs to its system: one
    neuron in the first section is another network than two layers in the second.
    """
    given = [x for x in definitions(said) if not LAYER.search(x.printed + " " + x.said)]
    # Beside a prediction the same letter is the target, whatever else it has been.
    predicted = {x.key.removeprefix("hat:") for x in given if x.key.startswith("hat:")}
    given = [x for x in given if x.key not in predicted]
    functions = _functions(
        [x.node for x in said] + [x.right for x in given], {x.key: x for x in given}
    )
    numbered = any(_has_raised(x.left) for x in given)
    made: dict[tuple[int, ...], tuple[System, ...]] = {}
    found: dict[int, tuple[System, ...]] = {}
    for number, statement in enumerate(said):
        if statement.node is None or LAYER.search(statement.printed):
            continue
        chosen: dict[str, Definition] = {}
        for each in given:
            if each.number <= number or each.key not in chosen:
                chosen[each.key] = each
        used = set(keys_in(raised(statement.node) if numbered else statement.node))
        if known.cost_letter and any(_is_slope_symbol(x) for x in s.walk(statement.node)):
            used.add(known.cost_letter)
        systems_of: list[System] = []
        for belonging in _belonging(chosen, used, functions):
            ordered = sorted(belonging, key=lambda x: x.number)
            names = tuple(map(id, ordered))
            if names not in made:
                made[names] = tuple(_systems(ordered, said, known))
            systems_of += made[names]
        if systems_of:
            found[number] = tuple(systems_of)
    return found


def _is_slope_symbol(node: s.Node) -> bool:
    """δ_2, dW_1: what is a slope of the cost where nothing else is said."""
    match node:
        case s.Scripted():
            return base_of(node) in ERRORS
        case s.Product(factors=(s.Name(text="d"), s.Name() | s.Scripted(), *_)):
            return True
    return False


def _belonging(
    chosen: Mapping[str, Definition], used: set[str], functions: set[str]
) -> Iterator[list[Definition]]:
    """The definitions that hang together with some symbols; then those without what costs are."""
    makes = {k: x for k, x in chosen.items() if k not in functions}
    shared = [x for k, x in chosen.items() if k in functions]
    costs = {k for k, x in makes.items() if base_of(x.left) in COSTS}
    for left_out in (set(), costs) if costs & used else (set(),):
        left = {k: x for k, x in makes.items() if k not in left_out}
        groups = {k: {k, *keys_in(x.right)} - functions for k, x in left.items()}
        reached = _hanging(groups, used & left.keys())
        # A parameter that no formula gives: those of the formulas that it stands in.
        seen = {each for k in reached for each in groups[k]}
        loose = used - left_out - seen
        if loose:
            reached |= _hanging(groups, {k for k, group in groups.items() if group & loose})
        if reached:
            yield [*shared, *(left[k] for k in left if k in reached)]


def _hanging(groups: Mapping[str, set[str]], start: set[str]) -> set[str]:
    """The defined symbols that some make use of, or that make use of them, and so on."""
    reached, waiting = set(start), list(start)
    while waiting:
        at = waiting.pop()
        near = {k for k in groups[at] if k in groups}
        near |= {k for k, group in groups.items() if at in group}
        waiting += near - reached
        reached |= near
    return reached


def _systems(
    given: Sequence[Definition], said: Sequence[Statement], known: Declared
) -> Iterator[System]:
    """A system, and what it is if an activation or a cost is one that is mentioned."""
    declared = system_of(given, said, known.cost_letter)
    if not declared:
        return
    yield System(declared)
    unknown = [key for key, words in declared.items() if words == "activation function"]
    names = [x for x in dict.fromkeys((known.hidden, *known.activations)) if x in KNOWN]
    for cost, words in ((None, declared), *_with_costs(declared, known)):
        supposed = () if cost is None else (("cost", cost),)
        if supposed:
            yield System(words, supposed)
        for name in names if unknown else ():
            # Where there are several letters, σ is the sigmoid and no other.
            letters = [
                x for x in unknown if len(unknown) == 1 or (x == r"\sigma") == (name == "sigmoid")
            ]
            if letters:
                pairs = tuple((f"activation {x}", name) for x in letters)
                yield System({**words, **dict.fromkeys(letters, name)}, (*pairs, *supposed))


KNOWN = frozenset({"sigmoid", "tanh", "relu", "softplus"})  # by which a page may name a function


TARGETS = re.compile(r"\\?(?:math(?:bf|rm)|boldsymbol)?\{?([yYtT])\}?")


def _one_hot(declared: dict[str, str]) -> dict[str, str]:
    """What is declared, where targets beside logarithms of a softmax sum to 1."""
    costs = [words for words in declared.values() if re.search(r"\\(?:log|ln)\b", words)]
    if not costs or not any("softmax of " in words for words in declared.values()):
        return declared
    return {
        key: f"{words}, one-hot" if TARGETS.fullmatch(key) and " by " in words else words
        for key, words in declared.items()
    }


def _with_costs(
    declared: Mapping[str, str], known: Declared
) -> Iterator[tuple[str, dict[str, str]]]:
    """What is declared, with costs that go with the output, where the document has no formula."""
    losses = [key for key, words in declared.items() if words == "loss"]
    targets = [key for key in declared if TARGETS.fullmatch(key)]
    uses = _uses(declared)
    used = {x for each in uses.values() for x in each}
    outputs = [key for key in declared if (k := _key(key)) in uses and k not in used]
    outputs = [key for key in outputs if key not in losses and not key.startswith("d")]
    outputs = [key for key in outputs if r"\partial" not in declared[key]]
    if len(losses) != 1 or len(targets) != 1 or len(outputs) != 1:
        return
    (loss,), (target,), (output,) = losses, targets, outputs
    if "softmax of " in declared[output]:
        flat = re.match(r"1 by|\w+ by 1", declared[target]) is not None
        words = "cross-entropy" if flat else "cross-entropy summed over all samples"
        one_hot = f"{declared[target]}, one-hot"
        yield "cross-entropy", {**declared, target: one_hot, loss: words}
        return
    number = declared[target] == "number"
    if not known.cost_names or "quadratic" in known.cost_names:
        squared = f"({output} - {target})^2" if number else rf"\|{output} - {target}\|^2"
        yield "quadratic", {**declared, loss: rf"\frac{{1}}{{2}} {squared}"}
    if number and "cross_entropy" in known.cost_names:
        entropy = rf"-({target} \log({output}) + (1 - {target}) \log(1 - {output}))"
        yield "cross-entropy", {**declared, loss: entropy}


def _key(printed: str) -> str | None:
    statements = read(printed).statements
    return symbol(statements[0]) if len(statements) == 1 else None


def is_closed(statement: Statement, declared: Mapping[str, str]) -> bool:
    """Whether all that a statement names is made of what the document gives formulas for."""
    assert statement.node is not None
    uses = _uses(declared)
    waiting = list(keys_in(statement.node))
    seen = set(waiting)
    while waiting:
        for each in uses.get(waiting.pop(), ()):
            if each not in seen:
                seen.add(each)
                waiting.append(each)
    opaque = {k for k, words in declared.items() if words in ("activation function", "loss")}
    return not any(_printed(key) in opaque for key in seen)


# --- what is judged -------------------------------------------------------------------------------

STRANGE = "not all that it names is declared by this document"
NUMBERS = "nothing is said but the numbers of an example"
CHAIN_RULE = "it is the chain rule: all ways lead through what stands between"


def verdict(text: str, declared: Mapping[str, str], repair: bool = True) -> Verdict:
    """The verdict on a formula by a document's own definitions."""
    try:
        display = read(text)
    except SymnetError as error:
        return Verdict(UNKNOWN, error.message, None, (error.start, error.start + error.length))
    text, display = _without_remarks(text, display)
    if len(display.statements) == 1 and isinstance(display.statements[0], s.Chain):
        step = _step(text, display.statements[0], declared)
        if step is not None:
            return _of_step(step, declared)
        reduced, by_rule = _reduced(text, display.statements[0], declared)
        if reduced is None:
            return Verdict(PROVED, CHAIN_RULE) if by_rule else Verdict(UNKNOWN, NUMBERS)
        if reduced != text:
            try:
                text, display = reduced, read(reduced)
            except SymnetError:  # a group that is only partly left out
                return Verdict(UNKNOWN, "a side is a number")
    found = _strictly(text, display, declared, repair)
    if found is not None and found.verdict == ILL_FORMED:
        for read_so, note in _as_meant(display):
            again = _strictly(text, read_so, declared, repair=False)
            if again is not None and again.holds:
                return replace(again, notes=(*again.notes, note))
    return found or Verdict(UNKNOWN, STRANGE)


def _strictly(
    text: str, display: s.Display, declared: Mapping[str, str], repair: bool
) -> Verdict | None:
    deadline = time.perf_counter() + BUDGET
    context = {"declared": dict(declared)}
    return verdict_by_definitions(text, display, OTHER, context, deadline, repair)


ENTRYWISE = "the product is read entry by entry: as one of matrices it has no shape"
DOTS = frozenset({r"\cdot", r"\times", "*"})


def _as_meant(display: s.Display) -> Iterator[tuple[s.Display, str]]:
    """A formula whose products have no shape, as it may be meant: a(1 - a), δ · σ'(z)."""
    found = meant(display)
    if found is not None:
        yield found.display, found.notes[0]
    for everywhere in (False, True):
        made = _entrywise(display, everywhere)
        if made != display:
            assert isinstance(made, s.Display)
            yield made, ENTRYWISE


def _entrywise(node: s.Node, everywhere: bool) -> s.Node:
    """A formula with ⊙ for the points in it: beside slopes of functions, or everywhere."""
    node = mapped(node, lambda x: _entrywise(x, everywhere))
    if not isinstance(node, s.Product):
        return node
    operators = list(node.operators)
    for at, factor in enumerate(node.factors):
        if at and operators[at] in DOTS and (everywhere or _is_local(factor, node.factors[at - 1])):
            operators[at] = r"\odot"
    return replace(node, operators=tuple(operators))


def _is_local(one: s.Node, other: s.Node) -> bool:
    """Whether one of two factors is the slope of a function, σ'(z)."""
    return any(isinstance(x, s.Scripted) and x.primes > 0 for x in (one, other))


def _without_remarks(text: str, display: s.Display) -> tuple[str, s.Display]:
    """A formula without what stands behind it and says of what shape something is."""
    first, *rest = display.statements
    if not rest or not all(map(_is_remark, rest)):
        return text, display
    text = text[: first.end] + " " * (len(text) - first.end)
    return text, replace(display, statements=(first,), separators=("",))


def _is_remark(node: s.Node) -> bool:
    match node:
        case s.Bracketed(body=body):
            return _is_remark(body)
        case s.Chain(relations=relations):
            return set(relations) == {r"\in"}
        case s.Text(words=words):
            return "if" not in words.split()
    return False


def _is_function(
    side: s.Node, sides: Sequence[s.Node], text: str, declared: Mapping[str, str]
) -> bool:
    """Whether a side says what the function of another is: 1/(1 + e^{-z}) beside σ(z)."""
    for other in sides:
        match other:
            case s.Product(factors=(s.Name() as name, s.Bracketed(body=body)), operators=("", "")):
                formula = declared.get(f"{name.text}(u)")
                own = text[side.start : side.end].replace(text[body.start : body.end], "u")
                if formula is not None and other is not side and own.split() == formula.split():
                    return True
    return False


def _reduced(text: str, chain: s.Chain, declared: Mapping[str, str]) -> tuple[str | None, bool]:
    """A formula without sides that are numbers, or the chain rule; and whether one was the latter.

    What is left out is blank, so that all else keeps its place. None where nothing is left to say.
    """
    sides = chain.sides
    numbers = [
        at
        for at, side in enumerate(sides)
        if at
        and (not is_symbolic(side) or _is_function(side, sides, text, declared))
        and not (is_plain(side) and is_partial(sides[0]))
    ]
    uses = {} if not _has_shapes(declared) else _uses(declared)
    rules = [
        at
        for at, side in enumerate(sides)
        if at and chain.relations[at - 1] == "=" and uses and chain_rule.holds(sides[0], side, uses)
    ]
    left = [at for at in range(len(sides)) if at not in {*numbers, *rules}]
    if len(left) < 2:
        return None, bool(rules)
    for at in sorted({*numbers, *rules}):
        start, end = sides[at - 1].end, sides[at].end
        text = text[:start] + " " * (end - start) + text[end:]
    return text, bool(rules)


def _has_shapes(declared: Mapping[str, str]) -> bool:
    return any(re.match(r"\w+ by \w+", said) for said in declared.values())


def _uses(declared: Mapping[str, str]) -> dict[str, set[str]]:
    """What each quantity is made of."""
    found: dict[str, set[str]] = {}
    for printed, said in declared.items():
        words = (
            said.removeprefix("row-wise ").removeprefix("column-wise ").removeprefix("softmax of ")
        )
        try:
            (left, *_), (right, *more) = read(printed).statements, read(words).statements
        except (SymnetError, ValueError):
            continue
        key = symbol(left)
        if key is not None and not more:
            found[key] = set(keys_in(right)) - {key}
    return found


@dataclass(frozen=True, slots=True)
class Step:
    """A parameter that is changed by a rate times something: down the slope, or up."""

    parameter: str
    rate: str
    change: str
    down: bool


def _step(text: str, chain: s.Chain, declared: Mapping[str, str]) -> Step | None:
    """What w := w - η g changes; None if it is no such step."""
    match chain:
        case s.Chain(
            sides=(left, s.Additive(terms=(before, s.Product() as change), signs=("+", sign)))
        ) if symbol(left) is not None and sign in "+-":
            names = [x for x in change.factors if isinstance(x, s.Name)]
            rates = [x for x in names if x.text in RATES - {r"\lambda"}]
            old = symbol(before)
            base = base_of(left)
            if not rates or old is None or base_of(before) != base or _printed(old) not in declared:
                return None
            rate = rates[0]
            if change.factors[0] is not rate:
                return None
            rest = text[change.factors[1].start : change.end]
            parameter = text[before.start : before.end]
            return Step(parameter, text[rate.start : rate.end], rest, sign == "-")
    return None


def _of_step(step: Step, declared: Mapping[str, str]) -> Verdict:
    """Whether a step goes down the slope of the cost."""
    costs = [key for key in declared if base_of(read(key).statements[0]) in COSTS]
    for cost in costs:
        sign = "" if step.down else "-"
        claim = rf"\frac{{\partial {cost}}}{{\partial {step.parameter}}} = {sign}{step.change}"
        found = verdict(claim, declared, repair=False)
        if found.holds:
            return replace(found, reason="it goes down the slope of the cost")
        uphill = rf"\frac{{\partial {cost}}}{{\partial {step.parameter}}} = {step.change}"
        if not step.down and verdict(uphill, declared, repair=False).holds:
            return Verdict(
                REFUTED, "this goes up the slope of the cost, where its minus is missing", "sign"
            )
        return replace(found, span=None)
    return Verdict(UNKNOWN, "what is to be made small is not said")
