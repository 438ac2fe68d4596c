r"""A formula judged by what its document defines, and by nothing else.

Besides what is an equation a step of a parameter is judged, which goes down the slope or up; a
product of derivatives, which is the chain rule; and products without a shape as they are meant.

>>> declared = {"w": "number", "x": "number", "y": "number", "a": "w x", "C": "(a - y)^2"}
>>> verdict(r"\frac{dC}{dw} = 2 (a - y) x", declared).verdict
'proved'
>>> verdict(r"w := w + \eta \frac{dC}{dw}", declared).suggestion
'w := w - \\eta \\frac{dC}{dw}'
"""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from symnet.errors import SymnetError
from symnet.notes import chain_rule
from symnet.notes.about import DESCENDED, RATES
from symnet.notes.declared import COSTS, base_of, is_partial
from symnet.notes.own_definitions import has_decimals, is_plain, is_symbolic, printed, symbol
from symnet.notes.systems import has_shapes, uses_of
from symnet.paper.books.page_notation import OTHER
from symnet.paper.claims.judging import BUDGET
from symnet.paper.claims.verdicts import ILL_FORMED, PROVED, REFUTED, UNKNOWN, Verdict
from symnet.paper.definitions.claims import verdict_by_definitions
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.habits.lenient import meant
from symnet.paper.signs.scripts import mapped

STRANGE = "not all that it names is declared by this document"


PARTLY = "numbers are put in for some of the symbols"
NUMBERS = "nothing is said but the numbers of an example"
CHAIN_RULE = "it is the chain rule: all ways lead through what stands between"


def verdict(text: str, declared: Mapping[str, str], repair: bool = True) -> Verdict:
    """The verdict on a formula by a document's own definitions."""
    try:
        display = read(text)
    except SymnetError as error:
        return Verdict(UNKNOWN, error.message, None, (error.start, error.start + error.length))
    whole = text
    words = any(isinstance(x, s.Text) for x in display.statements[1:])
    text, display = _without_remarks(text, display)
    if words and len(display.statements) == 1:
        # What holds without a condition holds under it; what does not may hold under it.
        found = verdict(text, declared, repair=False)
        return found if found.holds else Verdict(UNKNOWN, "the words beside it were not understood")
    if len(display.statements) == 1 and isinstance(display.statements[0], s.Chain):
        chain = display.statements[0]
        step = _step(text, chain, declared)
        if step is not None:
            return _of_step(step, declared)
        numbers, rules = _left_out(text, chain, declared)
        kept = [at for at in range(len(chain.sides)) if at not in {*numbers, *rules}]
        if len(kept) < 2:
            return Verdict(PROVED, CHAIN_RULE) if rules else Verdict(UNKNOWN, NUMBERS)
        mixed = [at for at in kept[1:] if has_decimals(chain.sides[at])]
        if mixed:
            # Numbers put in for some of the symbols: true as it stands, or not to be judged.
            found = _judged(text, display, declared, repair=False)
            return found if found.holds else Verdict(UNKNOWN, PARTLY)
        if numbers or rules:
            text = _blanked(text, chain, {*numbers, *rules})
            try:
                display = read(text)
            except SymnetError:  # a group that is only partly left out
                return Verdict(UNKNOWN, "a side is a number")
            last = chain.sides[kept[1]]
            found = _judged(text, display, declared, repair)
            if found.suggestion is not None:
                # Numbers of an example follow from what is wrong: these are left to the author.
                mended = _restored(whole, text, found.suggestion)
                partly = (*found.notes, NUMBERS)
                if mended is None:
                    mended = re.sub(r"\s+", " ", found.suggestion)
                    return replace(found, suggestion=mended, notes=partly)
                notes = partly if numbers else found.notes
                return replace(found, suggestion=mended, notes=notes)
            if found.verdict in (REFUTED, ILL_FORMED) and len(kept) == 2:
                return replace(found, span=(last.start, last.end))
            return found
    return _judged(text, display, declared, repair)


def _restored(whole: str, text: str, mended: str) -> str | None:
    """What was made of a text with blanks, made of the whole; None if it touches the blanks."""
    both = min(len(text), len(mended))
    start = next((i for i in range(both) if text[i] != mended[i]), both)
    rest = both - start
    behind = next((i for i in range(rest) if text[-1 - i] != mended[-1 - i]), rest)
    end = len(text) - behind
    if whole[start:end] != text[start:end]:
        return None
    return whole[:start] + mended[start : len(mended) - behind] + whole[end:]


def _judged(text: str, display: s.Display, declared: Mapping[str, str], repair: bool) -> Verdict:
    """The verdict on a formula, strictly as it stands or else as it is meant."""
    found = _strictly(text, display, declared, repair)
    if found is not None and found.verdict == ILL_FORMED:
        for read_so, note in _as_meant(display):
            again = _strictly(text, read_so, declared, repair=False)
            certain = note != ENTRYWISE and again is not None and again.verdict != ILL_FORMED
            if again is not None and (again.holds or certain):
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


def _says_on_what(side: s.Node, left: s.Node) -> bool:
    """z(w) of z = z(w) = w^T x + b: on what a symbol depends, which is no product."""
    match side:
        case s.Product(factors=(name, s.Bracketed()), operators=("", "")):
            return s.spell(name) == s.spell(left)
    return False


def _left_out(
    text: str, chain: s.Chain, declared: Mapping[str, str]
) -> tuple[list[int], list[int]]:
    """The sides that are numbers, or say what a function is; and those that are a chain rule."""
    sides = chain.sides
    numbers = [at for at, side in enumerate(sides) if at and _says_on_what(side, sides[0])] + [
        at
        for at, side in enumerate(sides)
        if at
        and not _says_on_what(side, sides[0])
        and (not is_symbolic(side) or _is_function(side, sides, text, declared))
        and not (is_plain(side) and is_partial(sides[0]))
    ]
    uses = {} if not has_shapes(declared) else uses_of(declared)
    rules = [
        at
        for at, side in enumerate(sides)
        if at and chain.relations[at - 1] == "=" and uses and chain_rule.holds(sides[0], side, uses)
    ]
    return numbers, rules


def _blanked(text: str, chain: s.Chain, sides: set[int]) -> str:
    """A formula without some of its sides: blanks stand there, so that all else keeps its place."""
    for at in sorted(sides):
        start, end = chain.sides[at - 1].end, chain.sides[at].end
        text = text[:start] + " " * (end - start) + text[end:]
    return text


@dataclass(frozen=True, slots=True)
class Step:
    """A parameter that is changed by a rate times something: down the slope, or up."""

    parameter: str
    change: str
    down: bool
    mended: str  # the formula with the other sign
    sign: tuple[int, int]  # the place of the sign


# What tells a parameter after a step from that before.
_AGE = re.compile(
    r"[_^](?:\{*\s*(?:n e w|o l d|n e u|a l t|n e x t|t \+ 1|t - 1)\s*\}*"
    r"|\{*\"?(?:new|old|neu|alt|next)\"?\}*|t)$"
)


def _step(text: str, chain: s.Chain, declared: Mapping[str, str]) -> Step | None:
    """What w := w - η g changes; None if it is no such step."""
    match chain:
        case s.Chain(
            sides=(left, s.Additive(terms=(before, s.Product() as change), signs=("+", sign)))
        ) if symbol(left) is not None and sign in "+-":
            names = [x for x in change.factors if isinstance(x, s.Name)]
            rates = [x for x in names if x.text in RATES]
            old = symbol(before)
            if not rates or old is None or printed(old) not in declared:
                return None
            if _AGE.sub("", symbol(left) or "") != _AGE.sub("", old):
                return None  # w_1 := w_2 - … is no step of w_1
            rate = rates[0]
            if change.factors[0] is not rate:
                return None
            rest = text[change.factors[1].start : change.end]
            at = text.find(sign, before.end)
            mended = text[:at] + ("+" if sign == "-" else "-") + text[at + 1 :]
            parameter = text[before.start : before.end]
            return Step(parameter, rest, sign == "-", mended, (at, at + 1))
    return None


# What is made small, whatever its letter: squares, and logarithms with a minus.
_LOSS = re.compile(r"\)\^\{?2|\\\|\^\{?2|^\s*-.*\\(?:log|ln)|cross-entropy")
UPHILL = "this goes up the slope of the cost"


def _of_step(step: Step, declared: Mapping[str, str]) -> Verdict:
    """Whether a step goes down the slope of the cost."""
    for cost in (key for key in declared if base_of(read(key).statements[0]) in COSTS):
        sign = "" if step.down else "-"
        claim = rf"\frac{{\partial {cost}}}{{\partial {step.parameter}}} = {sign}{step.change}"
        found = verdict(claim, declared, repair=False)
        if found.holds:
            return replace(found, reason="it goes down the slope of the cost")
        uphill = rf"\frac{{\partial {cost}}}{{\partial {step.parameter}}} = {step.change}"
        climbs = not step.down and verdict(uphill, declared, repair=False).holds
        named = base_of(read(cost).statements[0]) in DESCENDED
        if climbs and not named and not _LOSS.search(declared[cost]):
            return Verdict(UNKNOWN, "it goes up what may be a likelihood or a reward")
        if climbs:
            return Verdict(REFUTED, UPHILL, "sign", step.sign, step.mended)
        return replace(found, span=None)
    return Verdict(UNKNOWN, "what is to be made small is not said")
