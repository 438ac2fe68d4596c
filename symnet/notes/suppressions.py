r"""Findings that a comment of the note itself asks not to hear of.

>>> from symnet.notes.files import document_of
>>> document = document_of("<!-- symnet: ignore[refutd] a known slip -->\n$a = b$\n")
>>> for finding in applied((), document):
...     print(finding.line, finding.message)
1 there is no rule 'refutd'; did you mean 'refuted'?
"""

import difflib
import re
from bisect import bisect_left
from collections.abc import Iterable

from symnet.notes.document import Document, Formula, Suppression
from symnet.notes.findings import RULES, Finding
from symnet.notes.source import Source

_UNUSED = "unused-suppression"
# What opens a display at the beginning of its line.
_OPENS = re.compile(r"\s*(?:\$\$?|\\\[|\\\(|\\begin\{\w+\*?\}|```\s*\{?math\}?|>)?\s*")
_Lines = tuple[int, int]  # the first and the last, counted from 0 in the visible text


def applied(findings: Iterable[Finding], document: Document) -> tuple[Finding, ...]:
    """The findings without those that comments cover, and what comments nothing answers to."""
    covers = [(each, _covered(each, document)) for each in document.suppressions]
    answered: set[tuple[int, str]] = set()
    kept: list[Finding] = []
    for finding in findings:
        lines = _lines(finding.source, finding.start, finding.end)
        covered = False
        for i, (suppression, about) in enumerate(covers):
            if suppression.source.path != finding.source.path or not _meet(lines, about):
                continue
            if finding.rule in suppression.rules or not suppression.rules:
                answered.add((i, finding.rule))
                covered = True
        if not covered:
            kept.append(finding)
    for i, (suppression, _) in enumerate(covers):
        said = [rule for at, rule in answered if at == i]
        kept += _unused(suppression, frozenset(said))
    return tuple(kept)


def _meet(one: _Lines, other: _Lines) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _lines(source: Source, start: int, end: int) -> _Lines:
    first = source.visible.count("\n", 0, start)
    return first, first + source.visible.count("\n", start, max(start, end - 1))


def _covered(suppression: Suppression, document: Document) -> _Lines:
    """The lines that a comment is about: its own, or the formula or the paragraph after it."""
    source = suppression.source
    at, text = _seen(source, suppression.start), source.visible
    start = text.rfind("\n", 0, at) + 1
    end = _end_of_line(text, at)
    line = text.count("\n", 0, start)
    if text[start:end].strip():
        return line, line
    while end < len(text) and not text[start:end].strip():
        start, line = end + 1, line + 1
        end = _end_of_line(text, start)
    formula = _formula_at(source, start, document)
    if formula is not None:
        return line, _lines(source, formula.start, formula.end)[1]
    last = line
    while end < len(text):
        following = _end_of_line(text, end + 1)
        if not text[end + 1 : following].strip():
            break
        last, end = last + 1, following
    return line, last


def _seen(source: Source, place: int) -> int:
    """Where something that stands in the file would stand in the visible text."""
    if source.places is None:
        return min(place, len(source.visible))
    return min(bisect_left(source.places, place), len(source.visible))


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _formula_at(source: Source, start: int, document: Document) -> Formula | None:
    """The display that begins with a line, if one does."""
    for formula in document.formulas:
        if formula.source is source and formula.display and formula.end > start:
            before = source.visible[start : formula.start]
            return formula if _OPENS.fullmatch(before) else None
    return None


def _unused(suppression: Suppression, answered: frozenset[str]) -> list[Finding]:
    source = suppression.source
    # A comment is no part of the visible text: its place is that in the file.
    place = Source(source.path, source.raw, source.raw)

    def finding(message: str) -> Finding:
        level = RULES[_UNUSED][0]
        return Finding(_UNUSED, level, message, place, suppression.start, suppression.end)

    if not suppression.rules and not answered:
        return [finding("nothing is found here that this comment could be about")]
    found = []
    for rule in suppression.rules:
        if rule not in RULES:
            near = difflib.get_close_matches(rule, RULES, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(RULES)}"
            found.append(finding(f"there is no rule {rule[:40]!r}; {hint}"))
        elif rule not in answered:
            found.append(finding(f"nothing is found here by the rule {rule!r}"))
    return found
