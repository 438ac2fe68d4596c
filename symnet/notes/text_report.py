r"""A report for a terminal: each finding with its line and the place underlined, then a summary.

>>> from symnet.notes.source import Source
>>> source = Source("note.md", "so $a = b$", "so $a = b$")
>>> finding = Finding("refuted", ERROR, "it fails", source, 4, 9, suggestion="a = c")
>>> print(block(finding, plain))
note.md:1:5: error refuted it fails
    so $a = b$
        ^^^^^
    help: this would hold: a = c
"""

import unicodedata
from collections.abc import Callable, Iterator

from symnet.notes.findings import ERROR, NOTE, WARNING, Finding, Report
from symnet.notes.source import PLAIN, lines_alike
from symnet.notes.summary import conventions, counted, figures, summary

Style = Callable[[str, str], str]  # text and colour

COLOURS = {ERROR: "red", WARNING: "yellow", NOTE: "cyan"}
WIDEST = 100  # cells of a line that are shown at once
BEFORE = 20  # cells before the place, where a line is too long to be shown whole
MOST_LINES = 4  # of a place that is shown
ZERO_WIDTH = {"Mn", "Me", "Cf"}  # Unicode categories of signs that take no room of their own


def plain(words: str, _: str) -> str:
    """Text without colours."""
    return words


def text(report: Report, style: Style = plain) -> str:
    """A report in lines; the last says how much was found and understood."""
    blocks = [block(finding, style) for finding in report.findings]
    end = [_harmless(line) for line in conventions(report)]
    end.append(_harmless(summary(report.notes)))
    if fixes := figures(report.notes).fixes:
        end.append(f"{counted(fixes, 'proved repair')} can be written with --fix.")
    return "".join(f"{each}\n" for each in [*(f"{x}\n" for x in blocks), *end])


def block(finding: Finding, style: Style) -> str:
    """A finding: where and what, the line with the place underlined, and what would hold."""
    colour = COLOURS[finding.level]
    line, column = finding.source.line_and_column(finding.start)
    where = f"{_harmless(finding.file)}:{line}:{column}:"
    part = finding.source.part(finding.start)
    message = finding.message + (f" ({part})" if part else "")
    head = f"{where} {style(finding.level, colour)} {finding.rule} {_harmless(message)}"
    lines = [head, *_marked(finding, style)]
    if finding.suggestion is not None:
        help_ = style("help:", "green")
        lines.append(f"    {help_} this would hold: {_harmless(finding.suggestion)}")
    return "\n".join(lines)


def _marked(finding: Finding, style: Style) -> Iterator[str]:
    """The lines of the place, each underlined as far as the place goes."""
    shown, start, end = _text_and_place(finding)
    while start < end and shown[start].isspace():
        start += 1
    number = 0
    while True:
        first = shown.rfind("\n", 0, start) + 1
        last = shown.find("\n", start)
        last = len(shown) if last < 0 else last
        yield from _window(shown[first:last], start - first, min(end, last) - first, finding, style)
        number += 1
        start = last + 1
        if start >= end or not shown[start:end].strip():
            return
        if number == MOST_LINES:
            yield "    …"
            return
        while shown[start] in " \t":
            start += 1


def _text_and_place(finding: Finding) -> tuple[str, int, int]:
    """The text that a line is shown of: the file; where that has escapes, what is seen of it."""
    source = finding.source
    if source.written == PLAIN:
        return lines_alike(source.raw), source.place(finding.start), source.place(finding.end)
    return source.visible, finding.start, finding.end


def _window(row: str, start: int, end: int, finding: Finding, style: Style) -> Iterator[str]:
    """A line, or what stands around a place of it, and the place underlined."""
    row = row.rstrip()
    end = max(start, min(end, len(row)))
    first = 0
    if _fitting(row, 0) < len(row):
        first = start
        while first > 0 and _cells(row[first - 1 : start]) <= BEFORE:
            first -= 1
        while first > 0 and _fitting(row, first - 1) == len(row):
            first -= 1
    last = _fitting(row, first)
    cut_left, cut_right = "…" if first else "", "…" if last < len(row) else ""
    yield f"    {cut_left}{_harmless(row[first:last])}{cut_right}".rstrip()
    blank = " " * (len(cut_left) + _cells(row[first:start]))
    signs = "^" * max(1, _cells(row[start : min(end, last)]))
    yield f"    {blank}{style(signs, COLOURS[finding.level])}"


def _fitting(row: str, first: int) -> int:
    """Up to where a line that is shown from `first` on has room."""
    room = WIDEST
    last = first
    # What takes no room of its own does not make a line longer without end.
    while last < min(len(row), first + 2 * WIDEST) and (width := _cell(row[last])) <= room:
        room -= width
        last += 1
    return last


def _harmless(words: str) -> str:
    """Text without what a terminal obeys or what turns its direction."""
    return "".join(x if x.isprintable() else " " * _cell(x) for x in words)


def _cells(words: str) -> int:
    """How wide a text is on a terminal."""
    return sum(map(_cell, words))


def _cell(sign: str) -> int:
    if unicodedata.category(sign) in ZERO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1
