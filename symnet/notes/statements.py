r"""The statements of a formula: what is said in each of its rows, each with its place.

>>> from symnet.notes.source import Source
>>> from symnet.notes.document import Formula
>>> text = r"z = Wx + b \\ a = \sigma(z), \quad l = 2, \dots, L"
>>> found = statements(Formula(Source("", text, text), 0, len(text)))
>>> [(each.text, each.node is not None) for each in found]
[('z = Wx + b', True), ('a = \\sigma(z), \\quad l = 2, \\dots, L', True)]
"""

from dataclasses import dataclass

from symnet.errors import SymnetError
from symnet.notes import expansion
from symnet.notes.document import Formula
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read

# Letters that count neurons, layers or samples: `l = 2, …, L` says for which it is said.
COUNTERS = frozenset("ijklmnpqrst") | {r"\ell", "L", "M", "N", "K"}
EQUALITIES = frozenset({"=", r"\equiv", ":=", r"\triangleq", r"\coloneqq", r"\doteq"})
UPDATES = frozenset({r"\leftarrow", r"\gets", ":=", "-=", "+="})


@dataclass(frozen=True, slots=True)
class Statement:
    """Something said in a formula, with the ranges that it is said for.

    `node` is the chain that is said; None where the formula was not read, with `why`. `prefix` are
    the macros that it needs: a verdict is on `prefix + text`.
    """

    formula: Formula
    start: int  # in the visible text of the source
    end: int
    node: s.Node | None
    prefix: str = ""
    why: str = ""

    @property
    def text(self) -> str:
        return self.formula.source.visible[self.start : self.end]

    @property
    def printed(self) -> str:
        """What is judged: the text, after the macros that it needs."""
        return self.prefix + self.text

    def said(self, node: s.Node) -> str:
        """The text of a part of the statement, with its macros put in."""
        whole = self.prefix + self.formula.text
        return expansion.expanded(whole[node.start : node.end], self.prefix)


def statements(formula: Formula, known: str = "") -> tuple[Statement, ...]:
    """The statements of a formula in a document with these macros."""
    prefix = expansion.used(formula.text, known)
    whole = Statement(formula, formula.start, formula.end, None, prefix)
    try:
        display = read(prefix + formula.text)
    except SymnetError as error:
        return (Statement(formula, formula.start, formula.end, None, prefix, error.message),)
    heads = [at for at, node in enumerate(display.statements) if is_said(node)]
    if not heads:
        node = display.statements[0] if len(display.statements) == 1 else display
        return (Statement(formula, whole.start, whole.end, node, prefix),)
    made = []
    shift = formula.start - len(prefix)
    for number, at in enumerate(heads):
        following = heads[number + 1] if number + 1 < len(heads) else len(display.statements)
        head = display.statements[at]
        # What stands before the first chain, "for l = 2, …, L:", is said of it as well.
        first = display.statements[0] if number == 0 else head
        last = display.statements[following - 1]
        made.append(Statement(formula, first.start + shift, last.end + shift, head, prefix))
    return tuple(made)


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
