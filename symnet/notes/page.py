r"""A report as one page of HTML that needs nothing else: the notes, each equation with its verdict.

The page is made once, in records of strings and of checked MathML; the template prints them, and
escapes whatever it prints.

>>> "<title>symnet lint</title>" in page(Report(()))
True
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from symnet.notes import flow
from symnet.notes.document import Formula
from symnet.notes.findings import (
    CLAIM,
    DEFINITION,
    ERROR,
    MENTION,
    NOTE,
    UNREAD,
    WARNING,
    Equation,
    Finding,
    Linted,
    Report,
)
from symnet.notes.mathml import Element, harmless, mathml
from symnet.notes.source import Source
from symnet.notes.summary import Figures, conventions, counted, figures, read, summary
from symnet.paper.claims.verdicts import ILL_FORMED, PROVED, REFUTED, UNKNOWN, Verdict
from symnet.paper.verdict_text import KINDS
from symnet.templating import render

TEMPLATE = "report/lint.html.jinja"

# The marks: name, sign, and what it means. A sign is never told by its colour alone.
MARKS: dict[str, tuple[str, str]] = {
    "proved": ("✓", "proved"),
    "refuted": ("✗", "refuted"),
    "ill-formed": ("✗", "ill-formed"),
    "error": ("✗", "error"),
    "warning": ("!", "warning"),
    "note": ("i", "note"),
    "unknown": ("?", "not understood"),
    "definition": ("·", "definition"),
    "other": ("·", "about something else"),
}
LEGEND = (
    ("proved", "proved for every network that the note allows"),
    ("refuted", "refuted by numbers, or ill-formed: it has no meaning in any network"),
    ("warning", "a warning about words or letters"),
    ("unknown", "not understood, and so not judged"),
    ("definition", "a definition, or about something else: not judged"),
)
_OF_VERDICT = {PROVED: "proved", REFUTED: "refuted", ILL_FORMED: "ill-formed", UNKNOWN: "unknown"}
_OF_RULE = {"refuted": "refuted", "ill-formed": "ill-formed", "not-understood": "unknown"}
_SEPARATORS = re.compile(
    r"\\(?:begin|end)\s*\{[A-Za-z]+\*?\}|\\(?:q?quad|label\s*\{[^{}]*\}|nonumber|notag)(?![A-Za-z])"
    r"|\\[\\,;:! ]|[&,.;\s]"
)
_WORD = re.compile(r"\S")
_ROW_END = re.compile(r"\\\\(?:\[[^\[\]]*\])?$")
_OF_ROLE = {DEFINITION: "definition", UNREAD: "unknown", CLAIM: "", MENTION: ""}


@dataclass(frozen=True, slots=True)
class Mark:
    """How something is marked: a name for its colour, a sign, and a word."""

    name: str
    sign: str
    word: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A formula to look at, and how it is written."""

    latex: str
    math: Element | None


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding as it is printed; `target` is where the page shows it, or nothing."""

    id: str
    target: str
    mark: Mark
    rule: str
    level: str
    where: str
    message: str
    help: str


@dataclass(frozen=True, slots=True)
class Card:
    """An equation: marked or not, and what unfolds below it."""

    id: str
    formula: Shown
    mark: Mark | None
    folds: bool  # whether there is something to unfold
    open: bool
    below: bool  # whether it unfolds below its paragraph, which it would tear apart
    where: str
    heading: str
    reason: str
    remarks: tuple[Remark, ...]
    repair: Shown | None
    network: str
    values: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a paragraph: words, marked or not, or equations in them."""

    text: str
    mark: str
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, a paragraph, an item, a display, a name of a file or cell, or a remark."""

    kind: str
    level: str
    parts: tuple[Part, ...]
    below: tuple[Card, ...] = ()
    remark: Remark | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """A number on a tile, and what it counts."""

    number: str
    label: str
    mark: str


@dataclass(frozen=True, slots=True)
class Note:
    """A document: its findings, and its text with the equations in place."""

    id: str
    name: str
    convention: str
    summary: str
    counts: tuple[Count, ...]
    findings: tuple[Remark, ...]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """All that the template prints."""

    title: str
    name: str
    summary: str
    coverage: str  # in percent
    read: str
    counts: tuple[Count, ...]
    conventions: tuple[str, ...]
    legend: tuple[tuple[Mark, str], ...]
    several: bool
    notes: tuple[Note, ...]


def page(report: Report) -> str:
    """The page of a report."""
    return render(TEMPLATE, page=shown(report))


def shown(report: Report) -> Page:
    """What the page of a report shows."""
    found = figures(report.notes)
    paths = [harmless(note.document.path) for note in report.notes]
    one = len(paths) == 1
    name = paths[0] if one else counted(len(paths), "document") if paths else ""
    return Page(
        title=f"{name} – symnet lint" if name else "symnet lint",
        name=name,
        summary=_unbroken(summary(report.notes)),
        coverage=f"{100 * found.understood // found.about if found.about else 100}",
        read=read(found),
        counts=_counts(report.notes, found),
        conventions=tuple(map(harmless, conventions(report))),
        legend=tuple((_mark(name), meaning) for name, meaning in LEGEND),
        several=len(paths) > 1,
        notes=tuple(_note(note, number) for number, note in enumerate(report.notes, start=1)),
    )


def _counts(notes: Sequence[Linted], found: Figures) -> tuple[Count, ...]:
    """How many findings and verdicts there are; what there is none of is left out."""
    verdicts = [
        equation.verdict.verdict
        for note in notes
        for equation in note.equations
        if equation.verdict is not None
    ]
    unread = sum(equation.role == UNREAD for note in notes for equation in note.equations)
    numbers = (
        (found.errors, "error", "refuted"),
        (found.warnings, "warning", "warning"),
        (found.notes, "note", "note"),
    )
    tiles = [
        Count(str(number), name if number == 1 else f"{name}s", mark if number else "other")
        for number, name, mark in numbers
        if number or name == "error"
    ]
    tiles.append(Count(str(verdicts.count(PROVED)), "proved", "proved"))
    if unread:
        tiles.append(Count(str(unread), "not understood", "unknown"))
    return tuple(tiles)


def _unbroken(text: str) -> str:
    return harmless(text.replace(" %", "\N{NO-BREAK SPACE}%"))


def _mark(name: str) -> Mark:
    return Mark(name, *MARKS[name])


def _note(note: Linted, number: int) -> Note:
    prefix = f"d{number}"
    owners = _owners(note)
    of_words = [(i, finding) for i, finding in enumerate(note.findings) if i not in owners]
    flowing = flow.blocks(note.document, of_words)
    beside = {
        part.finding for block in flowing if block.kind == flow.REMARK for part in block.parts
    }
    remarks = []
    for index, finding in enumerate(note.findings):
        own = f"{prefix}-f{index}"
        target = f"{prefix}-{owners[index]}" if index in owners else own
        remarks.append(
            _remark(finding, own, target if index in owners or index in beside else prefix)
        )
    by_owner: dict[str, list[int]] = {}
    for index, owner in owners.items():
        by_owner.setdefault(owner, []).append(index)
    setting = _Setting(note, prefix, tuple(remarks), by_owner)
    found = figures([note])
    return Note(
        id=prefix,
        name=harmless(note.document.path),
        convention=harmless(note.convention),
        summary=_unbroken(summary([note])),
        counts=_counts([note], found),
        findings=tuple(remarks),
        blocks=tuple(_block(block, setting) for block in flowing),
    )


@dataclass(frozen=True, slots=True)
class _Setting:
    """What the blocks of a document are made with."""

    note: Linted
    prefix: str
    remarks: tuple[Remark, ...]
    by_owner: Mapping[str, Sequence[int]]


# --- which finding belongs where ------------------------------------------------------------------


def _owners(note: Linted) -> dict[int, str]:
    """The equation, or the formula without equations, that each finding is about.

    A finding about words has none.
    """
    reaches = [(formula, *_reach(formula)) for formula in note.document.formulas]
    found = {}
    for index, finding in enumerate(note.findings):
        for formula, start, end in reaches:
            if start <= finding.start < end and finding.file == formula.source.path:
                found[index] = _owner(finding, formula, _equations(note, formula))
                break
    return found


def _reach(formula: Formula) -> tuple[int, int]:
    """A formula with its delimiters."""
    before, behind = flow.delimiters(formula)
    start = formula.start - len(before)
    return start, max(formula.end + len(behind), start + 1)


def _owner(finding: Finding, formula: Formula, equations: Sequence[tuple[int, Equation]]) -> str:
    if not equations:
        return _name_of(formula)
    shared = [
        (min(finding.end, x.end) - max(finding.start, x.start), -number) for number, x in equations
    ]
    return f"e{-max(shared)[1]}"


def _name_of(formula: Formula) -> str:
    return f"m{formula.start}"


def _equations(note: Linted, formula: Formula) -> list[tuple[int, Equation]]:
    """The equations of a formula with their numbers in the document."""
    return [
        (number, x)
        for number, x in enumerate(note.equations)
        if x.formula.start == formula.start and x.formula.source.path == formula.source.path
    ]


# --- blocks ---------------------------------------------------------------------------------------


def _block(block: flow.Block, setting: _Setting) -> Block:
    if block.kind == flow.REMARK:
        number = block.parts[0].finding or 0
        return Block(block.kind, "", (), remark=setting.remarks[number])
    parts = tuple(_part(part, setting) for part in block.parts)
    below = tuple(card for part in parts for card in part.cards if card.below)
    return Block(block.kind, str(block.level + 2), parts, below)


def _part(part: flow.Part, setting: _Setting) -> Part:
    if part.formula is not None:
        return Part("", "", _cards(part.formula, setting))
    mark = "" if part.finding is None else setting.remarks[part.finding].mark.name
    return Part(harmless(part.text), mark, ())


def _cards(formula: Formula, setting: _Setting) -> tuple[Card, ...]:
    """The equations of a formula, each marked; what stands beside several is shown above them."""
    equations = _equations(setting.note, formula)
    if len(equations) == 1:
        number, equation = equations[0]
        return (_card(formula, formula.text, equation, f"e{number}", setting),)
    cards = [_card(formula, x.text, x, f"e{number}", setting) for number, x in equations]
    if not cards or _says_more(formula, [x for _, x in equations]):
        cards.insert(0, _card(formula, formula.text, None, _name_of(formula), setting))
    return tuple(cards)


def _says_more(formula: Formula, equations: Sequence[Equation]) -> bool:
    """Whether there are more than separators around the equations of a formula."""
    rest, at = "", formula.start
    for equation in sorted(equations, key=lambda x: x.start):
        rest += formula.source.visible[at : equation.start] + " "
        at = max(at, equation.end)
    rest += formula.source.visible[at : formula.end]
    return bool(_WORD.search(_SEPARATORS.sub(" ", rest)))


def _card(
    formula: Formula, latex: str, equation: Equation | None, name: str, setting: _Setting
) -> Card:
    own = setting.by_owner.get(name, ())
    findings = [setting.note.findings[number] for number in own]
    verdict = None if equation is None else equation.verdict
    remarks = tuple(setting.remarks[number] for number in own)
    if verdict is not None and verdict.counterexample is not None:
        # The values stand there anyway.
        remarks = tuple(x for x in remarks if x.message != harmless(verdict.reason))
    mark = _mark_of(equation, findings)
    suggestion = _suggestion(verdict, findings)
    start = formula.start if equation is None else equation.start
    start += len(latex) - len(latex.lstrip())
    is_open = any(finding.level in (ERROR, WARNING) for finding in findings)
    return Card(
        id=f"{setting.prefix}-{name}",
        formula=_shown(latex, setting.note.document.macros, display=formula.display),
        mark=mark,
        folds=bool(own) or verdict is not None or (mark is not None and mark.name == "unknown"),
        open=is_open,
        below=is_open and not formula.display,
        where=_where(formula.source, start),
        heading=_heading(mark, verdict),
        reason=_reason(verdict, findings),
        remarks=remarks,
        repair=None
        if suggestion is None
        else _shown(suggestion, setting.note.document.macros, display=True),
        network=_network(verdict),
        values=_values(verdict),
        notes=tuple(map(harmless, (*verdict.notes, *_assumed(verdict)))) if verdict else (),
    )


def _mark_of(equation: Equation | None, findings: Sequence[Finding]) -> Mark | None:
    """The mark of an equation; a finding beside a verdict that is no fault outranks it."""
    name = ""
    if equation is not None:
        name = _OF_ROLE.get(equation.role, "other")
        if equation.verdict is not None:
            name = _OF_VERDICT[equation.verdict.verdict]
    levels = {finding.level for finding in findings}
    if name not in {"refuted", "ill-formed"}:
        name = next((level for level in (ERROR, WARNING) if level in levels), name)
    if not name and levels:
        name = NOTE
    return _mark(name) if name else None


def _suggestion(verdict: Verdict | None, findings: Sequence[Finding]) -> str | None:
    first = next((x.suggestion for x in findings if x.suggestion is not None), None)
    return verdict.suggestion if verdict is not None and verdict.suggestion is not None else first


def _heading(mark: Mark | None, verdict: Verdict | None) -> str:
    word = mark.word.capitalize() if mark is not None else "Not judged"
    if verdict is None or verdict.error_kind is None or verdict.error_kind not in KINDS:
        return word
    return f"{word}: {KINDS[verdict.error_kind]}"


def _reason(verdict: Verdict | None, findings: Sequence[Finding]) -> str:
    """The reason of a verdict unless a finding says it already."""
    if verdict is None or any(verdict.reason in finding.message for finding in findings):
        return ""
    return harmless(verdict.reason)


def _network(verdict: Verdict | None) -> str:
    """In which network and where in it both sides differ."""
    if verdict is None or verdict.counterexample is None:
        return ""
    example = verdict.counterexample
    where = ", ".join(f"{name} = {value}" for name, value in example.indices.items())
    widths = "-".join(map(str, example.widths))
    return harmless(f"In a network {widths}" + (f", at {where}" if where else ""))


def _values(verdict: Verdict | None) -> tuple[tuple[str, str], ...]:
    if verdict is None or verdict.counterexample is None:
        return ()
    example = verdict.counterexample
    return (("left side", harmless(example.left)), ("right side", harmless(example.right)))


def _assumed(verdict: Verdict) -> Iterator[str]:
    return (f"assumed: {each}" for each in verdict.assumptions)


def _remark(finding: Finding, name: str, target: str) -> Remark:
    return Remark(
        id=name,
        target=target,
        mark=_mark(_OF_RULE.get(finding.rule, finding.level)),
        rule=finding.rule,
        level=finding.level,
        where=_where(finding.source, finding.start),
        message=harmless(finding.message),
        help="" if finding.suggestion is None else harmless(finding.suggestion),
    )


def _where(source: Source, at: int) -> str:
    line = f"line {source.line_and_column(at)[0]}"
    part = source.part(at)
    return harmless(f"{part}, {line}" if part else line)


def _shown(latex: str, macros: str, *, display: bool) -> Shown:
    written = _ROW_END.sub("", latex.strip())
    return Shown(harmless(latex.strip()), mathml(written, display=display, macros=macros))
