r"""The text of a file as its author wrote it, and the part of it that a reader of the note sees.

Whatever the format, everything later works on `visible`: entities and escapes are decoded, comments
and code are blank, and each character knows its place in the file.

>>> source = Source("note.html", "<p>$a &lt; b$</p>", "$a < b$", (3, 4, 5, 6, 10, 11, 12, 13))
>>> source.visible[3], source.line_and_column(3)
('<', (1, 7))
"""

from bisect import bisect_right
from dataclasses import dataclass

PLAIN, JSON, HTML = "plain", "json", "html"  # how a character is written in the file


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
        before = self.raw.rfind("\n", 0, place) + 1
        return self.raw.count("\n", 0, place) + 1, place - before + 1

    def part(self, at: int) -> str:
        """The name of the cell in which a visible character stands; empty where there is none."""
        index = bisect_right([start for start, _ in self.parts], at)
        return self.parts[index - 1][1] if index else ""


def blanked(text: str, start: int, end: int) -> str:
    """A text with spaces in place of what stands between; lines stay lines."""
    inside = "".join(x if x in "\r\n" else " " for x in text[start:end])
    return text[:start] + inside + text[end:]
