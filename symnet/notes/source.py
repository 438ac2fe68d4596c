r"""The text of a file as its author wrote it, and the part of it that a reader of the note sees.

Whatever the format, everything later works on `visible`: entities and escapes are decoded, comments
and code are blank, and each character knows its place in the file.

>>> source = Source("note.html", "<p>$a &lt; b$</p>", "$a < b$", (3, 4, 5, 6, 10, 11, 12, 13))
>>> source.visible[3], source.line_and_column(3)
('<', (1, 7))
"""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

PLAIN, JSON, HTML = "plain", "json", "html"  # how a character is written in the file

_NO_LINE_END = re.compile(r"[^\r\n]")
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Source:
    """A file: `places[i]` is where `visible[i]` stands in `raw`; None: both are alike.

    `places` has one entry more than `visible` has characters, for the end. `parts` are the cells of
    a notebook: where each begins in `visible`, and its name. `written` says how text that is put
    into the file must be escaped.
    """

    path: str
    raw: str
    visible: str
    places: tuple[int, ...] | None = None
    parts: tuple[tuple[int, str], ...] = ()
    written: str = PLAIN

    def place(self, at: int) -> int:
        """Where a visible character stands in the file, counted from 0."""
        return at if self.places is None else self.places[at]

    def line_and_column(self, at: int) -> tuple[int, int]:
        """The line and the column of a visible character in the file, both counted from 1."""
        place = self.place(at)
        starts = _line_starts(self.raw)
        line = bisect_right(starts, place)
        return line, place - starts[line - 1] + 1

    def part(self, at: int) -> str:
        """The name of the cell in which a visible character stands; empty where there is none."""
        index = bisect_right([start for start, _ in self.parts], at)
        return self.parts[index - 1][1] if index else ""


@lru_cache(maxsize=32)
def _line_starts(raw: str) -> tuple[int, ...]:
    """Where each line begins; a line ends as on Unix, on Windows or on an old Macintosh."""
    return (0, *(match.end() for match in _LINE_END.finditer(raw)))


def lines_alike(text: str) -> str:
    """A text whose lines all end in "\\n", with every character in its place."""
    return text.replace("\r\n", " \n").replace("\r", "\n")


def blanked(text: str, start: int, end: int) -> str:
    """A text with spaces in place of what stands between; lines stay lines."""
    return all_blanked(text, [(start, end)])


def all_blanked(text: str, stretches: Iterable[tuple[int, int]]) -> str:
    """A text with spaces in place of all these stretches, in any order; lines stay lines."""
    parts: list[str] = []
    at = 0
    for start, end in sorted(stretches):
        first = max(start, at)
        if end > first:
            parts += text[at:first], _NO_LINE_END.sub(" ", text[first:end])
            at = end
    return "".join([*parts, text[at:]])
