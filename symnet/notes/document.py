"""A document as a sequence of pieces: formulas, each with its place, and the prose around them."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from symnet.notes.source import Source


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the visible text of a file, from `start` up to and without `end`."""

    source: Source = field(repr=False)
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.source.visible[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Prose(Piece):
    """What stands between formulas."""


@dataclass(frozen=True, slots=True)
class Formula(Piece):
    """A formula without its delimiters; `display` if it stands by itself.

    A bare environment is its own delimiter: its \\begin and \\end belong to the text.
    """

    display: bool = False


@dataclass(frozen=True, slots=True)
class Suppression:
    """A comment `symnet: ignore[rule, rule] reason`, and the lines of the file that it is about.

    One that stands on a line of its own is about the next formula or paragraph.
    """

    source: Source = field(repr=False)
    start: int  # in the raw text of the file
    end: int
    rules: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A note: its pieces in reading order, over all files that it includes."""

    path: str
    pieces: tuple[Piece, ...]
    macros: str = ""  # its \\newcommand and \\def, one after the other, as they are written
    suppressions: tuple[Suppression, ...] = ()

    @property
    def formulas(self) -> Iterator[Formula]:
        return (piece for piece in self.pieces if isinstance(piece, Formula))

    @property
    def sources(self) -> tuple[Source, ...]:
        """The files, in the order in which they are first read."""
        found = {id(piece.source): piece.source for piece in self.pieces}
        return tuple(found.values())
