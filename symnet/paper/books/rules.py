r"""A book's notation as data: rules from its symbols to Nielsen's, and how it numbers layers.

A `Rule` is an equation between two symbols in LaTeX: `W^{(l)}` = `w^{l+1}`. Letters of its scripts
that stand on both sides are variables: for a layer, a neuron, a training example.

>>> sorted(rule(r"W^{(l)}_{jk}", "w^{l+1}_{jk}").variables)
['j', 'k', 'l']
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.signs.notation import spelled_out
from symnet.paper.signs.scripts import layer_of
from symnet.term import LayerNumber


@dataclass(frozen=True, slots=True)
class Rule:
    """A symbol of a book and what it is: names before it (d of dZ), its pattern, its meaning."""

    before: tuple[str, ...]
    key: s.Name | s.Scripted
    meaning: s.Node
    variables: frozenset[str]

    @property
    def base(self) -> str:
        """The letter that the rule is about; empty for a key in brackets, (f^l)'."""
        name = self.key.base if isinstance(self.key, s.Scripted) else self.key
        return spelled_out(name) if isinstance(name, s.Name) else ""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Several symbols in a row, or a sum, that mean one thing: α_m^T x_i, f_k(x_i)."""

    key: s.Product | s.Additive
    meaning: s.Node
    variables: frozenset[str]


@dataclass(frozen=True, slots=True)
class Translation:
    """All that turns a book's notation into Nielsen's.

    `first` is the number that the book gives the input layer, `last` how it may spell the last one;
    `functions` are names for σ, and `closed` says that letters of Nielsen's without a rule mean
    nothing here. `steps` are letters that count steps of training: w(n) is w. With `right_to_left`
    f' ∘ X stands for diag(f') X, whatever X is. With `row_slopes` dC/dx is a row, though ∂C/∂x is
    a column. `of_samples` says what costs are that are derived
    by a matrix of samples; elsewhere beside such matrices it is not said what they add up.
    """

    rules: tuple[Rule, ...] = ()
    functions: frozenset[str] = frozenset()
    first: int = 1
    last: tuple[str, ...] = ()
    closed: bool = False
    steps: frozenset[str] = frozenset()
    right_to_left: bool = False
    phrases: tuple[Phrase, ...] = ()
    row_slopes: bool = False
    of_samples: tuple[Rule, ...] = ()
    by_name: Mapping[str, tuple[Rule, ...]] = field(init=False)
    bracketed: tuple[Rule, ...] = field(init=False)

    def __post_init__(self) -> None:
        found: dict[str, tuple[Rule, ...]] = {}
        for each in (x for own in self.rules for x in (own, *_in_letters(own))):
            if each.base:
                found[each.base] = (*found.get(each.base, ()), each)
        object.__setattr__(self, "by_name", found)
        object.__setattr__(self, "bracketed", tuple(x for x in self.rules if not x.base))

    def layer(self, node: s.Node) -> LayerNumber | None:
        """The layer that a script of the book names, as Nielsen numbers it."""
        while isinstance(node, s.Bracketed) and node.open in "([":
            node = node.body
        if s.spell(node) in self.last:
            return LayerNumber("L")
        match node:
            case s.Additive(terms=(one, s.Number(text=text)), signs=("+", sign)) if (
                text.isdigit() and sign in "+-"
            ):
                left = self.layer(one)
                if left is None or not left.name:
                    return None
                return left.shift(int(text) if sign == "+" else -int(text))
        found = layer_of(node)
        return found.shift(1 - self.first) if found is not None and not found.name else found


def rule(key: str, meaning: str) -> Rule:
    """A rule by its two sides in LaTeX. Raises ValueError for a key that is no symbol."""
    (pattern,) = read(key).statements
    (body,) = read(meaning).statements
    before: tuple[str, ...] = ()
    if isinstance(pattern, s.Product):
        *front, pattern = pattern.factors
        if isinstance(pattern, s.Bracketed):  # J(\Theta): on what it depends is read elsewhere
            *front, pattern = front
        if not all(isinstance(x, s.Name) for x in front):
            raise ValueError(f"{key} is no symbol")
        before = tuple(x.text for x in front if isinstance(x, s.Name))
    base = pattern.base if isinstance(pattern, s.Scripted) else pattern
    if not isinstance(pattern, s.Name | s.Scripted) or not isinstance(base, s.Name | s.Bracketed):
        raise ValueError(f"{key} is no symbol")
    inside = {x.text for part in _scripts(body) for x in s.walk(part) if isinstance(x, s.Name)}
    own = {x.text for part in _scripts(pattern) for x in s.walk(part) if isinstance(x, s.Name)}
    return Rule(before, pattern, body, frozenset(inside & own))


def phrase(key: str, meaning: str) -> Phrase:
    """A phrase by its two sides in LaTeX. Raises ValueError for a key that is one symbol."""
    (pattern,) = read(key).statements
    (body,) = read(meaning).statements
    if not isinstance(pattern, s.Product | s.Additive):
        raise ValueError(f"{key} is no phrase")
    inside = {x.text for part in _scripts(body) for x in s.walk(part) if isinstance(x, s.Name)}
    own = {x.text for part in _scripts(pattern) for x in s.walk(part) if isinstance(x, s.Name)}
    return Phrase(pattern, body, frozenset(inside & own))


def _in_letters(own: Rule) -> Iterator[Rule]:
    """net_j as people type it, letter by letter: n e t_j."""
    if len(own.base) < 2 or not own.base.isalpha() or own.before:
        return
    name = own.key.base if isinstance(own.key, s.Scripted) else own.key
    assert isinstance(name, s.Name)
    last = replace(name, text=own.base[-1], style=())
    key = replace(own.key, base=last) if isinstance(own.key, s.Scripted) else last
    yield replace(own, before=tuple(own.base[:-1]), key=key)


def _scripts(node: s.Node) -> list[s.Node]:
    parts = [x for x in s.walk(node) if isinstance(x, s.Scripted)]
    return [x for part in parts for x in (part.sub, part.sup) if x is not None]
