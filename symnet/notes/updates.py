r"""Update rules across a note: a learning rate that changes its letter, layers used as steps.

>>> from symnet.notes.document import Document, Formula
>>> from symnet.notes.source import Source
>>> text = r"W^{l+1} = W^l - \tau \frac{\partial C}{\partial W^l} = W^l - \eta \delta^l (a^{l-1})^T"
>>> document = Document("n.txt", (Formula(Source("n.txt", text, text), 0, len(text), True),))
>>> for finding in symbol_changes(document):
...     print(finding.rule, finding.suggestion)
layer-as-iteration W^l \leftarrow W^l - \tau \frac{\partial C}{\partial W^l}
symbol-change \tau
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from symnet.notes.document import Document, Formula
from symnet.notes.findings import RULES, Finding
from symnet.notes.named import layer_parts
from symnet.notes.prose import Rate, statements
from symnet.notes.words import index_of, plain, sentences, tree_of
from symnet.paper.formula import syntax as s

_PARAMETERS = frozenset({"w", "W", "b", "B", r"\theta", r"\Theta"})
_UNITS = frozenset({"a", "z", "h", "x", "y", "o", "u", "s", r"\delta"})
_RATES = frozenset({
    r"\eta", r"\tau", r"\alpha", r"\epsilon", r"\varepsilon", r"\gamma", r"\mu", r"\rho",
    r"\lambda", r"\kappa", r"\nu", r"\beta",
})  # fmt: skip
# What a mean over samples is divided by.
_COUNTS = frozenset({"m", "n", "N", "M", "B"})


@dataclass(frozen=True, slots=True)
class _Step:
    """A member W - η ∂C/∂W of an update rule, with the letter of its rate and that of the cost."""

    formula: Formula
    member: s.Node
    rate: s.Name
    cost: str | None


@dataclass(frozen=True, slots=True)
class _Update:
    formula: Formula
    chain: s.Chain
    steps: tuple[_Step, ...]


def symbol_changes(document: Document) -> tuple[Finding, ...]:
    """Rates that become another letter, and layers counted on by an update."""
    found: list[Finding] = []
    updates = [update for formula in document.formulas for update in _updates(formula)]
    if not updates:
        return ()
    letters = _letters_of_layers(document)
    for update in updates:
        found += _iterated(update, letters)
        found += _within(update)
    found += _between(updates, document)
    return tuple(sorted(found, key=lambda each: _order(document, each)))


def _order(document: Document, finding: Finding) -> tuple[int, int]:
    """Reading order, over several files too."""
    for i, piece in enumerate(document.pieces):
        if piece.source is finding.source and piece.start <= finding.start < piece.end:
            return i, finding.start
    return len(document.pieces), finding.start


# ---- what an update rule is ----------------------------------------------------------------------


def _updates(formula: Formula) -> Iterator[_Update]:
    tree = tree_of(formula.text)
    for node in s.walk(tree) if tree is not None else ():
        if isinstance(node, s.Chain):
            target = _parameter(node.sides[0])
            if target is not None:
                steps = tuple(_steps(formula, node, target))
                if steps:
                    yield _Update(formula, node, steps)


def _parameter(node: s.Node) -> str | None:
    r"""w of w_{jk}^l, of \Delta w, and of any other parameter."""
    match node:
        case s.Product(factors=(s.Name(text=r"\Delta"), inner), operators=("", "")):
            return _parameter(inner)
    letter = _letter(node)
    return letter if letter in _PARAMETERS else None


def _letter(node: s.Node) -> str | None:
    base = node.base if isinstance(node, s.Scripted) else node
    return plain(base) if isinstance(base, s.Name) else None


def _steps(formula: Formula, chain: s.Chain, target: str) -> Iterator[_Step]:
    change = isinstance(chain.sides[0], s.Product)  # \Delta w = -η ∂C/∂w
    for side in chain.sides[1:]:
        if not isinstance(side, s.Additive):
            continue
        expected = 1 if change else 2
        if len(side.terms) != expected or side.signs[-1] != "-":
            continue
        if not change and _letter(side.terms[0]) != target:
            continue
        found = _rate(side.terms[-1])
        if found is not None:
            yield _Step(formula, side, found, _cost(side.terms[-1]))


def _rate(term: s.Node) -> s.Name | None:
    """η of η ∂C/∂W, where it is one letter and no more."""
    if not isinstance(term, s.Product):
        return None
    before: list[s.Name] = []
    for factor, operator in zip(term.factors, term.operators, strict=True):
        if operator not in ("", r"\cdot", r"\times", "*"):
            return None
        if _is_gradient(factor):
            rates = [name for name in before if name.text in _RATES]
            others = [name for name in before if name.text not in _RATES | _COUNTS]
            return rates[0] if len(rates) == 1 and not others else None
        names = _plain_factor(factor)
        if names is None:
            return None
        before += names
    return None


def _plain_factor(node: s.Node) -> list[s.Name] | None:
    match node:
        case s.Name():
            return [node]
        case s.Number():
            return []
        case s.Scripted(base=s.Name() as base):
            return [base]
        case s.Fraction(above=above, below=below):
            parts = [_plain_factor(above), _plain_factor(below)]
            return None if None in parts else [x for part in parts if part for x in part]
    return None


def _is_gradient(node: s.Node) -> bool:
    r"""∂C/∂W, ∇C, dW, a sum of such, or the δ of δ a^T."""
    match node:
        case s.Fraction(above=above):
            return any(isinstance(x, s.Name) and x.text == r"\partial" for x in s.walk(above))
        case s.Name(text="d" | r"\partial" | r"\nabla" | r"\delta"):
            return True
        case s.Scripted(base=s.Name(text=r"\nabla" | r"\delta")):
            return True
        case s.Bracketed(body=body):
            return any(_is_gradient(x) for x in s.walk(body) if x is not node)
    return isinstance(node, s.Big)


def _cost(term: s.Node) -> str | None:
    """C of ∂C/∂W and of ∇C."""
    for node in s.walk(term):
        match node:
            case s.Fraction(above=s.Product(factors=(s.Name(text=r"\partial"), cost))):
                return _letter(cost)
            case s.Product(factors=factors):
                for one, following in pairwise(factors):
                    if _letter(one) == r"\nabla":
                        return _letter(following)
    return None


# ---- a rate that changes its letter --------------------------------------------------------------


def _changed(step: _Step, usual: str, why: str) -> Finding:
    start = step.formula.start + step.rate.start
    return Finding(
        "symbol-change",
        RULES["symbol-change"][0],
        f"the learning rate is {step.rate.text} here and {usual} {why}",
        step.formula.source,
        start,
        step.formula.start + step.rate.end,
        suggestion=usual,
    )


def _within(update: _Update) -> Iterator[Finding]:
    first = update.steps[0].rate.text
    for step in update.steps[1:]:
        if step.rate.text != first:
            yield _changed(step, first, "in the member before")
            return


def _between(updates: list[_Update], document: Document) -> Iterator[Finding]:
    """A rate of one rule against that of another, and against the one named in words."""
    named = {each.letter for each in statements(document) if isinstance(each, Rate)}
    introduced = _introduced(document)
    first: dict[str | None, str] = {}
    told: set[str] = set()
    for update in updates:
        step = update.steps[0]
        letter = step.rate.text
        if letter in named or letter in told or letter in introduced:
            first.setdefault(step.cost, letter)
            continue
        if len(named) == 1:
            told.add(letter)
            yield _changed(step, next(iter(named)), "in words")
        elif step.cost is not None:
            usual = first.setdefault(step.cost, letter)
            if usual != letter and not named:
                told.add(letter)
                yield _changed(step, usual, "in an update before")


def _introduced(document: Document) -> frozenset[str]:
    """The letters that stand alone somewhere: where a note speaks of one, it is no slip."""
    return frozenset(token.text for sentence in sentences(document) for token in sentence)


# ---- layers counted on ---------------------------------------------------------------------------


def _raised(node: s.Node) -> tuple[str, int] | None:
    """The letter and the shift of the layer in W^{l+1} or W^{[l]}."""
    if not isinstance(node, s.Scripted):
        return None
    index = index_of(node.sup)
    letter, shift = layer_parts(index) if index is not None else (None, 0)
    return (letter, shift) if letter else None


def _letters_of_layers(document: Document) -> frozenset[str]:
    """The letters that number layers: l on the units, and any in z^k = W^k a^{k-1}."""
    found = set()
    for formula in document.formulas:
        tree = tree_of(formula.text)
        for node in s.walk(tree) if tree is not None else ():
            raised = _raised(node)
            if raised is not None and raised[0] == "l" and _letter(node) in _UNITS:
                found.add("l")
            if isinstance(node, s.Chain) and len(node.sides) > 1:
                found |= _of_forward(node)
    return frozenset(found)


def _of_forward(chain: s.Chain) -> set[str]:
    left = _raised(chain.sides[0])
    if left is None or _letter(chain.sides[0]) not in _UNITS:
        return set()
    for node in s.walk(chain.sides[1]):
        if not isinstance(node, s.Product):
            continue
        for one, other in pairwise(node.factors):
            places = _raised(one), _raised(other)
            if _letter(one) not in _PARAMETERS or _letter(other) not in _UNITS:
                continue
            if places[0] is None or places[1] is None or places[1] != (left[0], left[1] - 1):
                continue
            if places[0][0] == left[0]:
                return {left[0]}
    return set()


def _iterated(update: _Update, letters: frozenset[str]) -> Iterator[Finding]:
    left, step = update.chain.sides[0], update.steps[0]
    if not isinstance(step.member, s.Additive):
        return
    before = step.member.terms[0]
    one, other = _raised(left), _raised(before)
    if one is None or other is None or one[0] != other[0] or one[0] not in letters:
        return
    if abs(one[1] - other[1]) != 1 or _letter(left) != _letter(before):
        return
    text, at = update.formula.text, update.formula.start
    right = text[step.member.start : step.member.end].strip()
    kept = text[before.start : before.end].strip()
    changed = text[left.start : left.end].strip()
    better = rf"{kept} \leftarrow {right}"
    yield Finding(
        "layer-as-iteration",
        RULES["layer-as-iteration"][0],
        f"{changed} and {kept} are parameters of two layers; the new value of the same one is "
        f"meant: {better}",
        update.formula.source,
        at + update.chain.start,
        at + update.chain.end,
        suggestion=better,
    )
