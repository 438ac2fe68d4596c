r"""Plain notes: a text with LaTeX in it, and perhaps a fence of Markdown around code.

>>> visible_text("a $b$\n```python\nx = '$'\n```\n", "note.txt").visible
'a $b$\n         \n       \n   \n'
"""

import re
from collections.abc import Iterator

from symnet.notes import typed
from symnet.notes.document import Suppression
from symnet.notes.source import Source, all_blanked, changed, lines_alike

_FENCE = re.compile(r"^[ \t>]*(`{3,}|~{3,})([^\n]*)$", re.MULTILINE)
_MATHEMATICS = re.compile(r"[ \t]*\{?math\b")
_CODE = re.compile(r"\.\.[ \t]+(?:code|code-block|sourcecode|literalinclude|raw|highlight)::")
_COMMENTED = re.compile(r"\.\.[ \t]+(?![_\[|])(?![^\n]*::)")
# Code in the comments that Doxygen reads; one never closed is text.
_DOXYGEN = re.compile(
    r"[\\@](code|verbatim|dot)(?![A-Za-z])(?:(?![\\@](?:code|verbatim|dot)\b)[\s\S])*?[\\@]end\1(?![A-Za-z])"
)
_LITERAL = re.compile(r"``[^\n]{1,300}?``(?!`)")
_IGNORE = re.compile(
    r"\s*symnet:[ \t]*ignore(?:[ \t]*\[([^\]\n]*)\])?(?=[\s,;:.—–-]|$)(.*)", re.DOTALL
)


def visible_text(raw: str, path: str) -> Source:
    """The note with its code and its comments blank."""
    text = without_fences(raw)
    text = all_blanked(text, comments(text))
    changes = list(typed.formulas(text))
    if not changes:
        return Source(path, raw, text)
    seen = changed(text, changes)
    return Source(path, raw, seen.text, tuple(seen.places))


def visible_restructured(raw: str, path: str) -> Source:
    """A note in reStructuredText with its code and its comments blank."""
    text = without_fences(raw)
    text = all_blanked(text, [*directives(text), *comments(text)])
    literals = (match.span() for match in _LITERAL.finditer(text))
    return Source(path, raw, all_blanked(text, literals))


def without_fences(raw: str) -> str:
    """The note with its code blank: a comment in it is none."""
    text = lines_alike(raw)
    return all_blanked(text, [*fences(text), *(match.span() for match in _DOXYGEN.finditer(text))])


def fences(text: str) -> Iterator[tuple[int, int]]:
    """The blocks of code between fences, but for those of mathematics; one never closed is text."""
    opened: re.Match[str] | None = None
    for line in _FENCE.finditer(text):
        if opened is None:
            opened = line
        elif line[1].startswith(opened[1]) and not line[2].strip(" \t`~"):
            if not _MATHEMATICS.match(opened[2]):
                yield opened.start(), line.end()
            opened = None


def directives(text: str) -> Iterator[tuple[int, int]]:
    """What is code or a comment in reStructuredText: what is indented below its directive or ::."""
    at, indent, start = 0, -1, 0
    for line in text.split("\n"):
        bare = line.expandtabs()
        here = len(bare) - len(bare.lstrip())
        if indent >= 0 and bare.strip() and here <= indent:
            yield start, at
            indent = -1
        if indent < 0:
            words = line.strip()
            if _CODE.match(words) or _COMMENTED.match(words):
                indent, start = here, at
            elif words.endswith("::") and not words.startswith(".."):
                indent, start = here, at + len(line)
        at += len(line) + 1
    if indent >= 0:
        yield start, len(text)


def comments(text: str) -> Iterator[tuple[int, int]]:
    """The comments `<!-- … -->`, which no reader sees; one never closed is text."""
    end = 0
    while (start := text.find("<!--", end)) >= 0:
        end = text.find("-->", start + 4) + 3
        if end < 3:
            return
        yield start, end


def suppressions(source: Source) -> tuple[Suppression, ...]:
    """What the comments `<!-- symnet: ignore[rule] reason -->` ask not to be told."""
    return suppressions_in(source, without_fences(source.raw))


def suppressions_in(source: Source, text: str) -> tuple[Suppression, ...]:
    """The same in a text of which each character stands where it stands in the file."""
    return tuple(
        found
        for start, end in comments(text)
        if (found := suppression(source, start, end, text[start + 4 : end - 3]))
    )


def suppression(source: Source, start: int, end: int, comment: str) -> Suppression | None:
    """What a comment suppresses, if it says so; without brackets it is every rule.

    The place is that in the file.
    """
    match = _IGNORE.match(comment)
    if match is None:
        return None
    rules = tuple(rule for word in (match[1] or "").split(",") if (rule := word.strip()))
    reason = " ".join(match[2].split()).lstrip(",;:.—–- ")
    return Suppression(source, start, end, rules, reason)
