r"""The statements of a formula: what is said in each of its rows, each with its place.

>>> from symnet.notes.source import Source
>>> from symnet.notes.document import Formula
>>> text = r"z = Wx + b \\ a = \sigma(z), \quad l = 2, \dots, L"
>>> found = statements(Formula(Source("", text, text), 0, len(text)))
>>> [(each.text, each.node is not None) for each in found]
[('z = Wx + b', True), ('a = \\sigma(z), \\quad l = 2, \\dots, L', True)]
"""

import difflib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

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

    @property
    def place(self) -> tuple[str, int]:
        """What it is known by in a document: its file, and where it begins."""
        return self.formula.source.path, self.start

    @property
    def sides(self) -> tuple[s.Node, ...]:
        """What is said to be equal, or what is changed and how."""
        return self.node.sides if isinstance(self.node, s.Chain) else ()

    def said(self, node: s.Node) -> str:
        """The text of a part of the statement, with its groups whole and its macros put in."""
        start, end = _with_groups(self.whole, node.start, node.end)
        return expansion.expanded(self.whole[start:end], self.prefix)

    def meaning(self, printed: str) -> "Statement":
        """The statement as its author will have meant it: what follows is judged by that."""
        node = next(filter(is_said, read(printed).statements), self.node)
        return replace(self, node=node, printed=printed, whole=printed)

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
        return changed if respelled(changed, visible)[0] == text else None


def left_to_right(statement: Statement) -> Statement | None:
    r"""A statement with (A ⊙ B) C for A ⊙ B C; None if nothing stands behind ⊙ there.

    >>> from symnet.notes.source import Source
    >>> text = r"W = a \odot b \cdot c^T"
    >>> found = left_to_right(statements(Formula(Source("", text, text), 0, len(text)))[0])
    >>> found.printed if found else None
    'W = (a \\odot b) \\cdot c^T'
    """
    text = statement.printed
    try:
        nodes = [x for y in read(text).statements for x in s.walk(y) if isinstance(x, s.Product)]
    except SymnetError:  # a row that is no formula by itself
        return None
    for node in nodes:
        entrywise = [at for at, x in enumerate(node.operators) if x in (r"\odot", r"\circ")]
        behind = [
            at
            for at in range(entrywise[-1] + 1 if entrywise else 0, len(node.factors))
            if entrywise and not _is_call(node.factors[at - 1], node.factors[at])
        ]
        if behind:
            start, end = _with_groups(text, node.start, node.factors[behind[0] - 1].end)
            return statement.meaning(f"{text[:start]}({text[start:end]}){text[end:]}")
    return None


def _is_call(function: s.Node, given: s.Node) -> bool:
    """Whether a bracket stands behind a function: σ'(z), and no W (a + b)."""
    base = function.base if isinstance(function, s.Scripted) else function
    primed = isinstance(function, s.Scripted) and function.primes > 0
    named = isinstance(base, s.Text) or (isinstance(base, s.Name) and base.text in _FUNCTIONS)
    return isinstance(given, s.Bracketed) and (primed or named)


_FUNCTIONS = frozenset({r"\sigma", "f", "g", r"\varphi", r"\phi", "ReLU", "tanh", "sigmoid"})


def last_letter(formulas: Iterable[Formula]) -> str:
    r"""The letter of the last layer where it is not L: a^{(N)}; empty where it is.

    >>> from symnet.notes.source import Source
    >>> texts = (r"a_j^{(N)} - y_j", r"w_{jk}^{(N-1)}")
    >>> last_letter(Formula(Source("", x, x), 0, len(x)) for x in texts)
    'N'
    """
    found = Counter(x[1] for each in formulas for x in _RAISED.finditer(each.text))
    letters = [x for x in ("N", "M", "K", "H", "D") if x in found]
    return letters[0] if "L" not in found and letters else ""


# A letter as the layer of a neuron's quantity: a^{(N)}, z_j^{N-1}, \delta^N.
_RAISED = re.compile(
    r"(?<![A-Za-z])(?:a|z|w|W|b|\\delta)(?:_\{?\w+\}?)?\^\{?[(\[]?([A-Z])(?=[-)\]}\s_+]|$)"
)


# The upper limit of a sum over the neurons of a layer, or of a space: d_{l-1}, s_l, m^{[l]}.
_WIDTH = re.compile(
    r"(?:\\sum(?:_\{[^{}]*\}|_\w)?\^\{?|\\mathbb\s*\{?R\}?\^\{?(?:1\s*\\times)?)\s*([a-zA-Z])"
    r"(?=_\{?(?:l|\\ell)|\^\{?[\[(](?:l|\\ell))"
)


def width_letter(formulas: Iterable[Formula]) -> str:
    r"""The letter of the number of neurons of a layer where it is not n: d_l; empty where it is.

    >>> from symnet.notes.source import Source
    >>> text = r"z_i^l = \sum_{j=1}^{d_{l-1}} w_{ij}^l a_j^{l-1}"
    >>> width_letter([Formula(Source("", text, text), 0, len(text))])
    'd'
    """
    found = Counter(x[1] for each in formulas for x in _WIDTH.finditer(each.text))
    return found.most_common(1)[0][0] if found and "n" not in found else ""


def statements(
    formula: Formula, known: str = "", last: str = "", width: str = ""
) -> tuple[Statement, ...]:
    """The statements of a formula in a document with these macros.

    `last` is its letter for the last layer, and `width` that for the number of neurons of a layer.
    """
    begin, finish = _balanced(formula)
    text, moved = respelled(formula.text[begin:finish], formula.source.visible)
    if width:
        text = re.sub(rf"(?<![A-Za-z\\]){width}(?=_\{{?(?:l|\\ell|L|\d)|\^\{{?[\[(])", "n", text)
    if last:  # as long as before, so that places stay
        text = re.sub(rf"(\^\{{?[(\[]?){last}(?=[-)\]}}\s_+]|$)", r"\1L", text)
    prefix = expansion.used(text, known)
    whole = prefix + text
    places = (*[formula.start] * len(prefix), *(formula.start + begin + x for x in moved))

    def made(start: int, end: int, node: s.Node | None, why: str = "") -> Statement:
        start, end = _with_groups(whole, max(start, len(prefix)), max(end, len(prefix)))
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
        while following - 1 > at and _renames(display.statements[following - 1]):
            following -= 1
        until = display.statements[following - 1].end
        start = head.start if _PARTED.search(whole[first.start : head.start]) else first.start
        end = head.end if _PARTED.search(whole[head.end : until]) else until
        found.append(made(start, end, head))
    return tuple(found)


# What belongs to no statement: the end of a block of rows and the beginning of the next.
_PARTED = re.compile(r"\\(?:begin|end)\s*\{|\\(?:short)?intertext(?![A-Za-z])")
_ASIDE = 200  # signs of prose in which a bracket may be opened or closed
_PARAGRAPH = re.compile(r"\n\s*\n")


def _balanced(formula: Formula) -> tuple[int, int]:
    r"""A formula without a bracket whose partner stands in the words beside it: ($l = 1)$."""
    text, visible = formula.text, formula.source.visible
    lone = text.count("(") - text.count(")")
    if formula.display or abs(lone) != 1 or text.count("[") != text.count("]"):
        return 0, len(text)
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    if lone < 0 and text[:end].endswith(")"):
        before = _PARAGRAPH.split(visible[max(0, formula.start - _ASIDE) : formula.start])[-1]
        return (0, end - 1) if before.count("(") > before.count(")") else (0, len(text))
    after = _PARAGRAPH.split(visible[formula.end : formula.end + _ASIDE])[0]
    if lone > 0 and text[start:].startswith("(") and after.count(")") > after.count("("):
        return start + 1, len(text)
    return 0, len(text)


_GROUP = re.compile(r"\\[\s\S]|[{}]")
_BEFORE = re.compile(r"\\[A-Za-z]+\*?\s*$")


def _with_groups(text: str, start: int, end: int) -> tuple[int, int]:
    """A stretch with the rest of the groups that it has only a part of: \\boxed{a = b}."""
    opened: list[int] = []
    while True:
        opened, missing = [], 0
        for found in _GROUP.finditer(text, start, end):
            if found[0] == "{":
                opened.append(found.start())
            elif found[0] == "}":
                missing += not opened
                del opened[-1:]
        if missing:
            before = text.rfind("{", 0, start)
            if before < 0:
                return start, end
            command = _BEFORE.search(text, 0, before)
            start = command.start() if command is not None else before
            continue
        break
    for _ in opened:
        closing = text.find("}", end)
        if closing < 0 or text[end:closing].strip():
            break
        end = closing + 1
    return start, end


def is_said(node: s.Node) -> bool:
    """Whether something is said that may be right or wrong, more than l = 2."""
    if not isinstance(node, s.Chain):
        return False
    if not set(node.relations) & (EQUALITIES | UPDATES | {r"\in", r"\approx", r"\to"}):
        return False
    if _is_linear(node):
        return False
    left = node.sides[0]
    return not (isinstance(left, s.Name) and left.text in COUNTERS and _counts(node.sides[1]))


def _is_linear(chain: s.Chain) -> bool:
    """Whether a layer is only said to have no activation: a^L = z^L."""
    match chain:
        case s.Chain(sides=(s.Scripted() as left, s.Scripted() as right), relations=("=",)):
            letters = {x.base.text for x in (left, right) if isinstance(x.base, s.Name)}
            scripts = [[x and s.spell(x) for x in (y.sub, y.sup)] for y in (left, right)]
            return letters in ({"a", "z"}, {"A", "Z"}) and scripts[0] == scripts[1]
    return False


def _renames(node: s.Node) -> bool:
    """Whether a row says only how the next one is made of it: l -> l + 1, j <-> k."""
    return (
        isinstance(node, s.Chain)
        and set(node.relations) <= {r"\to", r"\leftrightarrow"}
        and all(map(_counts, node.sides))
    )


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
