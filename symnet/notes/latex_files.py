r"""LaTeX as a reader of the printed page sees it: no comments, no listings, no preamble.

TeX is never run: the file is read, and what it reads from other files is named.

>>> source = visible_text("a % b\n\\verb|$| $c$ \\end{document} d", "note.tex")
>>> source.visible
'a    \n         $c$                 '
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from symnet.notes.document import Suppression
from symnet.notes.macros import definitions
from symnet.notes.plain_notes import suppression
from symnet.notes.source import Source, all_blanked, lines_alike

# What these environments hold is printed as it stands, or not at all.
_LISTINGS = "verbatim|Verbatim|BVerbatim|LVerbatim|alltt|lstlisting|minted|comment|filecontents"
_UNSEEN = re.compile(
    r"(?P<comment>%[^\n]*)"
    rf"|\\begin\s*\{{(?P<listing>(?:{_LISTINGS})\*?)\}}"
    r"|(?P<false>\\iffalse(?![A-Za-z]))"
    r"|(?P<end>\\end\s*\{document\})"
    r"|(?P<words>\\(?:verb\*?|lstinline(?:\[[^\]\n]{0,100}\])?|mintinline\{[^{}\n]{0,40}\})"
    r"(?P<mark>[^A-Za-z\s*{\[])[^\n]{0,300}?(?P=mark))"
    r"|\\(?:[A-Za-z]+|.)",
    re.DOTALL,
)
_CONDITION = re.compile(r"\\(if(?!f(?![A-Za-z]))[A-Za-z@]*|fi|else)(?![A-Za-z])")
_BEGIN_DOCUMENT = re.compile(r"\\begin\s*\{document\}")
_INPUT = re.compile(
    r"\\(?:(?:input|include|subfile|subfileinclude)\s*\{(?P<name>[^{}\n]{1,300})\}"
    r"|(?:sub)?import\*?\s*\{(?P<folder>[^{}\n]{0,300})\}\s*\{(?P<file>[^{}\n]{1,300})\}"
    r"|input[ \t]+(?P<bare>[\w./-]{1,300}))"
)


@dataclass(frozen=True, slots=True)
class Inclusion:
    """A command that reads another file, and the name that it gives."""

    start: int
    end: int
    name: str


def visible_text(raw: str, path: str) -> Source:
    """The file with all blank that is not printed, but for the definitions of macros."""
    text = without_comments(raw)
    if document := _BEGIN_DOCUMENT.search(text):
        preamble, at = [], 0
        for start, end in definitions(text[: document.start()]):
            preamble.append((at, start))
            at = end
        text = all_blanked(text, [*preamble, (at, document.end())])
    return Source(path, raw, text)


def without_comments(raw: str) -> str:
    """The file without its comments and listings, and without what stands after its end."""
    text = lines_alike(raw)
    return all_blanked(text, _unseen(text))


def _unseen(text: str) -> Iterator[tuple[int, int]]:
    """The stretches of a file that are not printed as mathematics."""
    at = 0
    missing: set[str] = set()
    while match := _UNSEEN.search(text, at):
        start, at = match.span()
        if match["comment"] is not None or match["words"] is not None:
            yield start, at
        elif match["end"] is not None:
            yield start, len(text)
            return
        elif match["false"] is not None and "\\fi" not in missing:
            if end := _end_of_false(text, at):
                yield start, end
                at = end
            else:
                missing.add("\\fi")
        elif (name := match["listing"]) is not None and name not in missing:
            end = text.find(f"\\end{{{name}}}", at)
            if end < 0:
                missing.add(name)
            else:
                at = end + len(f"\\end{{{name}}}")
                yield start, at


def _end_of_false(text: str, at: int) -> int:
    """Where what \\iffalse hides ends, at its \\else or \\fi; 0 if it has none."""
    depth = 0
    for match in _CONDITION.finditer(text, at):
        if depth == 0 and match[1] in ("fi", "else"):
            return match.end()
        depth += {"fi": -1, "else": 0}.get(match[1], 1)
    return 0


def inclusions(source: Source) -> Iterator[Inclusion]:
    """The files that a file reads, by \\input and its like, in order."""
    for match in _INPUT.finditer(source.visible):
        name = match["name"] or match["bare"] or f"{match['folder']}/{match['file']}"
        yield Inclusion(match.start(), match.end(), name.strip().strip('"'))


def suppressions(source: Source) -> tuple[Suppression, ...]:
    """What its comments `% symnet: ignore[rule] reason` ask not to be told."""
    text = lines_alike(source.raw)
    return tuple(
        found
        for start, end in _unseen(text)
        if text[start] == "%"
        and (found := suppression(source, start, end, text[start:end].lstrip("%")))
    )
