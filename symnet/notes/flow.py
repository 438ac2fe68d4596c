r"""A document as a reader sees it: headings, paragraphs, lists and displays, without their markup.

>>> from symnet.notes.document import Document, Prose
>>> source = Source("n.md", "# Title\n\nSome\nwords.", "# Title\n\nSome\nwords.")
>>> document = Document("n.md", (Prose(source, 0, 22),))
>>> [(block.kind, block.parts[0].text) for block in blocks(document, ())]
[('heading', 'Title'), ('paragraph', 'Some words.')]
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from symnet.notes.document import Document, Formula
from symnet.notes.findings import Finding
from symnet.notes.source import Source

HEADING, PARAGRAPH, ITEM, DISPLAY, FILE, CELL, REMARK = (
    "heading", "paragraph", "item", "display", "file", "cell", "remark",
)  # fmt: skip
DEEPEST_HEADING = 6

# What stands around formulas; the longer ones first.
DELIMITERS = (
    ("{% katex block %}", "{% endkatex %}"),
    ("{% katex display %}", "{% endkatex %}"),
    ("{% katex %}", "{% endkatex %}"),
    ("{% latex %}", "{% endlatex %}"),
    ("[latex]", "[/latex]"),
    ("[math]", "[/math]"),
    ("```math\r\n", "```"),
    ("```math\n", "```"),
    (":math:`", "`"),
    ("\\\\\\\\[", "\\\\\\\\]"),
    ("\\\\[", "\\\\]"),
    ("\\\\(", "\\\\)"),
    ("\\f$", "\\f$"),
    ("\\f[", "\\f]"),
    ("$`", "`$"),
    ("\\[", "\\]"),
    ("\\(", "\\)"),
    ("$$", "$$"),
    ("$", "$"),
)

_HEADING = re.compile(
    r"\s*(?:(#{1,6})\s+|\\(title|part|chapter|section|subsection|subsubsection|paragraph)\*?\s*\{)"
)
_DEPTH = {"title": 1, "part": 1, "chapter": 2, "section": 2, "subsection": 3}
_ITEM = re.compile(r"\s*(?:[-*+•‣]|\d{1,3}[.)]|\\item(?![A-Za-z])(?:\s*\[[^\[\]]*\])?)\s+")
_STRUCTURE = re.compile(
    r"\s*(?:\\(?:documentclass|usepackage|begin|end|maketitle|label|newcommand|renewcommand|def"
    r"|providecommand|DeclareMathOperator|input|include|tableofcontents|bibliography\w*|newtheorem"
    r"|author|date|pagestyle|setlength|centering|includegraphics|noindent\s*$|clearpage|newpage)\b"
    r"|```\w*\s*$|~~~\w*\s*$|-{3,}\s*$|={3,}\s*$|[{}]\s*$)"
)
_WORDS_IN_FACE = re.compile(
    r"\\(?:emph|textbf|textit|textsc|textsf|textrm|underline|texttt)\{([^{}]*)\}"
)
_FACES = re.compile(r"(?<![\w*])(\*\*|__)(?=\S)([^*_\n]+)\1(?![\w*])")


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a line: words, or a formula, and the finding that is about the words."""

    text: str
    formula: Formula | None = None
    finding: int | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a document; `level` is that of a heading."""

    kind: str
    parts: tuple[Part, ...]
    level: int = 0


def blocks(document: Document, findings: Sequence[tuple[int, Finding]]) -> list[Block]:
    """The blocks of a document; findings about words, with their numbers, follow their block."""
    keeps_lines = document.path.lower().endswith(".txt")
    done: list[Block] = []
    open_: list[Part] = []

    def close(kind: str = PARAGRAPH) -> None:
        parts = _tidy(open_)
        if parts:
            first = parts[0].text if parts[0].formula is None else ""
            item = _ITEM.match(first)
            if item and kind == PARAGRAPH:
                kind = ITEM
                parts = _tidy([replace(parts[0], text=first[item.end() :]), *parts[1:]])
            done.append(Block(kind, parts))
        numbers = dict.fromkeys(x.finding for x in open_ if x.finding is not None)
        done.extend(Block(REMARK, (Part("", finding=number),)) for number in numbers)
        open_.clear()

    for line in _lines(document, findings):
        if isinstance(line, Block):
            close()
            done.append(line)
            continue
        display = len(line) == 1 and line[0].formula is not None and line[0].formula.display
        words_only = "".join(part.text for part in line if part.formula is None)
        blank = not words_only.strip() and all(part.formula is None for part in line)
        first = line[0].text if line and line[0].formula is None else ""
        heading = _HEADING.match(first)
        if display:
            close()
            done.append(Block(DISPLAY, tuple(line)))
        elif blank or (all(x.formula is None for x in line) and _STRUCTURE.match(words_only)):
            marked = [Part("", finding=x.finding) for x in line if x.finding is not None]
            close()
            open_.extend(marked)
            close()
        elif heading:
            close()
            done.append(_heading(line, heading))
            open_.extend(Part("", finding=x.finding) for x in line if x.finding is not None)
            close()
        else:
            if open_ and (keeps_lines or _ITEM.match(first)):
                close()
            if open_:
                open_.append(Part(" "))
            open_.extend(line)
    close()
    return done


def _heading(line: Sequence[Part], match: re.Match[str]) -> Block:
    depth = len(match[1]) if match[1] else _DEPTH.get(match[2], 4)
    parts = [replace(line[0], text=line[0].text[match.end() :]), *line[1:]]
    if match[2] and parts[-1].formula is None:
        head, brace, _ = parts[-1].text.rpartition("}")
        parts[-1] = replace(parts[-1], text=head if brace else parts[-1].text)
    elif match[1] and parts[-1].formula is None:
        parts[-1] = replace(parts[-1], text=parts[-1].text.rstrip().rstrip("#"))
    return Block(HEADING, _tidy(parts), min(depth, DEEPEST_HEADING))


def _tidy(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Parts with single blanks, without blanks at the ends; words that belong together as one."""
    found: list[Part] = []
    for part in parts:
        if part.formula is not None:
            found.append(part)
            continue
        text = _FACES.sub(r"\2", _WORDS_IN_FACE.sub(r"\1", part.text))
        text = re.sub(r"\s+", " ", text)
        if text.startswith(" ") and (not found or found[-1].text.endswith(" ")):
            text = text[1:]
        if found and found[-1].formula is None and found[-1].finding == part.finding:
            found[-1] = replace(found[-1], text=found[-1].text + text)
        elif text:
            found.append(replace(part, text=text))
    if found and found[-1].formula is None:
        found[-1] = replace(found[-1], text=found[-1].text.rstrip())
    return tuple(x for x in found if x.formula is not None or x.text)


def _lines(
    document: Document, findings: Sequence[tuple[int, Finding]]
) -> Iterator[list[Part] | Block]:
    """The lines of a document as their parts; a display is a line, and so is a change of file."""
    line: list[Part] = []
    source: Source | None = None
    cell = ""
    several = len(document.sources) > 1
    after = 0  # the end of the last formula with its delimiters
    pieces = document.pieces
    for number, piece in enumerate(pieces):
        if piece.source is not source:
            yield line
            line, after, cell = [], 0, ""
            if several:
                yield Block(FILE, (Part(piece.source.path),))
            source = piece.source
        if isinstance(piece, Formula):
            if (name := piece.source.part(piece.start)) != cell:
                yield line
                line, cell = [], name
                yield Block(CELL, (Part(name),))
            if piece.display:
                yield line
                yield [Part("", piece)]
                line = []
            else:
                line.append(Part("", piece))
            after = piece.end + len(delimiters(piece)[1])
            continue
        following = pieces[number + 1] if number + 1 < len(pieces) else None
        end = piece.end
        if isinstance(following, Formula) and following.source is source:
            end = min(end, following.start - len(delimiters(following)[0]))
        for first, last in _cut(piece.source, max(piece.start, after), end):
            if (name := piece.source.part(first)) != cell and first < last:
                yield line
                line, cell = [], name
                yield Block(CELL, (Part(name),))
            for text, finding in _segments(piece.source, first, last, findings):
                head, *rest = text.split("\n")
                line.append(Part(head, finding=finding))
                for each in rest:
                    yield line
                    line = [Part(each, finding=finding)]
    yield line


def _cut(source: Source, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A stretch of words, cut where a cell of a notebook begins."""
    for begin, _ in source.parts:
        if start < begin < end:
            yield start, begin
            start = begin
    yield start, end


def delimiters(formula: Formula) -> tuple[str, str]:
    """What stands before and behind a formula to mark it as one; empty for an environment."""
    text = formula.source.visible
    for before, behind in DELIMITERS:
        if text.endswith(before, 0, formula.start) and text.startswith(behind, formula.end):
            return before, behind
    return "", ""


def _segments(
    source: Source, start: int, end: int, findings: Sequence[tuple[int, Finding]]
) -> Iterator[tuple[str, int | None]]:
    """A stretch of words, cut where a finding begins or ends; of two findings, the first has it."""
    at = start
    for number, finding in findings:
        if finding.file != source.path or finding.end < at or finding.start >= end:
            continue
        first, last = max(at, finding.start), min(max(finding.end, finding.start + 1), end)
        if last <= first:
            continue
        yield source.visible[at:first], None
        yield source.visible[first:last], number
        at = last
    yield source.visible[at:end], None
