"""What stands on a page: records of strings in one alphabet, and of the equations they print.

Nothing here knows what is said; `report.py` says it, templates/report/ sets it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from symnet.paper.writing import writer
from symnet.paper.writing.alphabet import Alphabet
from symnet.term import Equation, Term

WIDTH = 110  # the columns of a page of text
INDENT = 4


@dataclass(frozen=True, slots=True)
class Line:
    """left = right, by a rule, for a reason; `left` is blank after the first line of a chain.

    A right side too long for a line of text comes in several pieces. `equation` is what the line
    says (None where it only stands for others, with dots). `closes`: the next line has another
    reason.
    """

    left: str
    relation: str
    right: tuple[str, ...]
    rule: str
    reason: str
    equation: Equation | None
    closes: bool = True


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines that follow from each other, or that say the same of one neuron after the other.

    `width` is the length of the longest last piece of a line: rules stand beyond it.
    """

    kind: ClassVar[str] = "lines"
    lines: tuple[Line, ...]
    width: int


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences."""

    kind: ClassVar[str] = "paragraph"
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Equations, each with what stands beside it.

    `width` is the length of the longest equation that has something beside it.
    """

    kind: ClassVar[str] = "table"
    rows: tuple[tuple[str, str], ...]
    width: int
    equations: tuple[Equation, ...] = ()


@dataclass(frozen=True, slots=True)
class Matrices:
    """An equation with all entries of its matrices, as rows of text or a line of LaTeX."""

    kind: ClassVar[str] = "matrices"
    rows: tuple[str, ...]
    rule: str
    reason: str
    equation: Equation


@dataclass(frozen=True, slots=True)
class Result:
    """What a chain arrives at."""

    kind: ClassVar[str] = "result"
    shown: str
    equation: Equation


Block = Lines | Paragraph | Table | Matrices | Result


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A derivation in the words of one alphabet: the context of a report template.

    `rules` are the rules that the page uses, each with what it says; where each line has its own
    reason beside it (`reasons`) there are none.
    """

    title: str
    intro: str
    sections: tuple[Section, ...]
    reasons: bool
    rules: tuple[tuple[str, str], ...]
    about: tuple[tuple[str, object], ...] = ()  # what a program may want to know of it


# --- words ---------------------------------------------------------------------------------


def prose(text: str, to: Alphabet) -> str:
    """Words for the alphabet: what would be read as a command there is escaped."""
    return to.words(text)


def say(words: str, to: Alphabet, *formulas: str) -> str:
    """A sentence with formulas in the places of {}."""
    first, *rest = (prose(part, to) for part in words.split("{}"))
    mark = "$" if to.stacked else ""
    return first + "".join(
        f"{mark}{formula}{mark}{part}" for formula, part in zip(formulas, rest, strict=True)
    )


def say_of(words: str, to: Alphabet, terms: Sequence[Term]) -> str:
    """A sentence with terms in the places of {}."""
    return say(words, to, *(writer.term(term, to) for term in terms))


def beside(words: str, to: Alphabet, formula: str = "") -> str:
    """Words and a formula beside another, where LaTeX is in its mathematical mode."""
    return rf"\text{{{to.words(words)}}}{formula}" if to.stacked else f"{words}{formula}"


# --- lines ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """A line before its place on the page is known."""

    left: str
    right: str
    rule: str
    reason: str
    equation: Equation | None = None
    relation: str = "="


def lines(said: Sequence[Said], to: Alphabet, *, reasons: bool) -> Lines:
    """Lines one below the other, their relations in one column, broken where they are too long.

    With `reasons`, each has its rule and reason below it in text, else its rule to the right.
    """
    left_width = max(len(line.left) for line in said)
    between = max(len(line.relation) for line in said) + 2
    room = WIDTH - INDENT - left_width - between
    if not reasons:
        room -= len("    ") + max(len(line.rule) for line in said)
    laid = []
    for line, following in zip(said, (*said[1:], None), strict=True):
        pieces = (line.right,) if to.stacked else tuple(broken(line.right, room))
        left = line.left if to.stacked else line.left.ljust(left_width)
        same = following and (following.rule, following.reason) == (line.rule, line.reason)
        laid.append(
            Line(
                left, line.relation, pieces, line.rule, line.reason, line.equation, closes=not same
            )
        )
    return Lines(tuple(laid), max(len(line.right[-1]) for line in laid))


def table(rows: Sequence[tuple[str, str]], equations: Sequence[Equation] = ()) -> Table:
    """Equations with what stands beside them."""
    width = max((len(equation) for equation, words in rows if words), default=0)
    return Table(tuple(rows), width, tuple(equations))


def broken(text: str, width: int) -> list[str]:
    """A formula in lines of at most this length, broken where it binds least, then indented.

    >>> print("\\n".join(broken("Σₖ yₖ (exp(zₖ) / S − exp(zₖ) Σₚ exp(zₚ) [p = j] / S²)", 40)))
    Σₖ yₖ (exp(zₖ) / S
      − exp(zₖ) Σₚ exp(zₚ) [p = j] / S²)
    """
    lines = []
    while len(text) > width:
        depth, places = 0, []
        for at, sign in enumerate(text[: width + 1]):
            depth += (sign in "([") - (sign in ")]")
            if sign == " " and at >= width // 3 and text[:at].strip():
                looseness = next(
                    (i for i, signs in enumerate("+−⊙/") if text[at + 1] in signs), len("+−⊙/")
                )
                places.append((depth, looseness, -at))
        if not places:
            break
        at = -min(places)[2]
        lines.append(text[:at])
        text = f"  {text[at + 1 :]}"
    return [*lines, text]
