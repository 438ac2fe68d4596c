r"""The statements of a formula: what is said in each of its rows, each with its place.

>>> from symnet.notes.source import Source
>>> from symnet.notes.document import Formula
>>> text = r"z = Wx + b \\ a = \sigma(z), \quad l = 2, \dots, L"
>>> found = statements(Formula(Source("", text, text), 0, len(text)))
>>> [(each.text, each.node is not None) for each in found]
[('z = Wx + b', True), ('a = \\sigma(z), \\quad l = 2, \\dots, L', True)]
"""

import difflib
from dataclasses import dataclass, field

from symnet.errors import SymnetError
from symnet.notes import expansion
from symnet.notes.document import Formula
from symnet.notes.spelling import respelled
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read

# Letters that count neurons, layers or samples: `l = 2, …, L` says for which it is said.
COUNTERS = frozenset("ijklmnpqrst") | {r"\ell", "L", "M", "N", "K"}
EQUALITIES = frozenset({"=", r"\equiv", ":=", r"\triangleq", r"\coloneqq", r"\doteq"})
UPDATES = frozenset({r"\leftarrow", r"\gets", ":=", "-=", "+="})


@dataclass(frozen=True, slots=True)
class Statement:
    """Something said in a formula, with the ranges that it is said for.

    `node` is the chain that is said; None where the formula was not read, with `why`. What is
    judged is `printed`: the text as books spell it, after the macros that it needs; `places` says
    of each of its characters, and of its end, where that stands in the visible text.
    """

    formula: Formula
    start: int  # in the visible text of the source
    end: int
    node: s.Node | None
    printed: str = ""
    places: tuple[int, ...] = field(default=(), repr=False)
    whole: str = field(default="", repr=False)  # the formula that `node` has its places in
    prefix: str = ""
    why: str = ""

    @property
    def text(self) -> str:
        return self.formula.source.visible[self.start : self.end]

    def said(self, node: s.Node) -> str:
        """The text of a part of the statement, with its macros put in."""
        return expansion.expanded(self.whole[node.start : node.end], self.prefix)

    def written(self, printed: str) -> str | None:
        """A text that was made of `printed`, as the author would write it; None if it cannot be."""
        text = printed.removeprefix(self.prefix)
        own = self.printed.removeprefix(self.prefix)
        if own == self.text:
            return text
        # Where something is spelled otherwise, the change goes into the author's own text.
        matcher = difflib.SequenceMatcher(None, own, text, autojunk=False)
        start, made, at = len(self.prefix), [], self.start
        visible = self.formula.source.visible
        for kind, first, last, begin, end in matcher.get_opcodes():
            if kind == "equal":
                continue
            left, right = self.places[start + first], self.places[start + last]
            made += [visible[at:left], text[begin:end]]
            at = right
        changed = "".join([*made, visible[at : self.end]])
        return changed if respelled(changed)[0] == text else None


def statements(formula: Formula, known: str = "") -> tuple[Statement, ...]:
    """The statements of a formula in a document with these macros."""
    text, moved = respelled(formula.text)
    prefix = expansion.used(text, known)
    whole = prefix + text
    places = (*[formula.start] * len(prefix), *(formula.start + x for x in moved))

    def made(start: int, end: int, node: s.Node | None, why: str = "") -> Statement:
        start, end = max(start, len(prefix)), max(end, len(prefix))
        own = (*places[: len(prefix)], *places[start : end + 1])
        printed = prefix + whole[start:end]
        return Statement(
            formula, places[start], places[end], node, printed, own, whole, prefix, why
        )

    try:
        display = read(whole)
    except SymnetError as error:
        return (made(len(prefix), len(whole), None, error.message),)
    heads = [at for at, node in enumerate(display.statements) if is_said(node)]
    if not heads:
        node = display.statements[0] if len(display.statements) == 1 else display
        return (made(len(prefix), len(whole), node),)
    found = []
    for number, at in enumerate(heads):
        following = heads[number + 1] if number + 1 < len(heads) else len(display.statements)
        head = display.statements[at]
        # What stands before the first chain, "for l = 2, …, L:", is said of it as well.
        first = display.statements[0] if number == 0 else head
        found.append(made(first.start, display.statements[following - 1].end, head))
    return tuple(found)


def is_said(node: s.Node) -> bool:
    """Whether something is said that may be right or wrong, more than l = 2."""
    if not isinstance(node, s.Chain):
        return False
    if not set(node.relations) & (EQUALITIES | UPDATES | {r"\in", r"\approx", r"\to"}):
        return False
    left = node.sides[0]
    return not (isinstance(left, s.Name) and left.text in COUNTERS and _counts(node.sides[1]))


def _counts(node: s.Node) -> bool:
    """Whether a node is a number or the end of a range: 2, L, L-1, n_l."""
    match node:
        case s.Number() | s.Dots():
            return True
        case s.Name(text=text):
            return text in COUNTERS
        case s.Scripted(base=s.Name(text=text)):
            return text in COUNTERS
        case s.Additive(terms=terms) | s.Listed(items=terms):
            return all(_counts(each) for each in terms)
        case s.Bracketed(body=body):
            return _counts(body)
    return False
