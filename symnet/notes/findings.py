"""What is said of a document: findings with stable rules, and each equation with its verdict."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from symnet.notes.document import Document, Formula
from symnet.notes.source import Source
from symnet.paper.claims.verdicts import Verdict

ERROR, WARNING, NOTE = "error", "warning", "note"

# What becomes of an equation.
CLAIM, DEFINITION, OTHER, MENTION, UNREAD = "claim", "definition", "other", "mention", "unread"

# Each rule: its level, and what it finds. The name is a promise; so is the level.
RULES: dict[str, tuple[str, str]] = {
    "refuted": (ERROR, "a formula that fails in some network, with the numbers"),
    "ill-formed": (ERROR, "a formula that has no meaning in any network"),
    "unbalanced": (ERROR, "brackets that do not match"),
    "wrong-range": (ERROR, "said of layers or neurons of which some do not exist"),
    "cross-entropy": (ERROR, "a cross-entropy that is not least where the output is the target"),
    "named-function": (ERROR, "a formula that is not the function that it is called"),
    "arithmetic": (ERROR, "numbers of an example that do not come out, however they are rounded"),
    "index-order": (ERROR, "a number of a weight that runs otherwise than in all other sums"),
    "meaning": (ERROR, "words that explain a symbol otherwise than the forward equations do"),
    "example": (ERROR, "an example of a symbol that its network does not have"),
    "convention-clash": (ERROR, "words or shapes that contradict the forward equation"),
    "layer-as-iteration": (ERROR, "the index of layers used as that of steps"),
    "output-for-input": (WARNING, "z called an output: it is the weighted input"),
    "symbol-change": (WARNING, "a symbol that becomes another within one derivation"),
    "undeclared-index": (WARNING, "an index explained that the formula does not have"),
    "unused-suppression": (WARNING, "a comment `symnet: ignore[…]` that nothing answers to"),
    "ambiguous-product": (NOTE, "a matrix product beside ⊙ without brackets"),
    "not-read": (NOTE, "a file that the document includes and that was not read"),
    "not-understood": (NOTE, "an equation about the network that was not understood"),
}


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of the visible text of a file."""

    source: Source
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to be said, and where: lines and columns of the file count from 1.

    `start` and `end` are the place in the visible text of the source. `fix` is a change that is
    proved to make the formula right.
    """

    rule: str
    level: str
    message: str
    source: Source
    start: int
    end: int
    verdict: str | None = None
    suggestion: str | None = None
    error_kind: str | None = None
    fix: Edit | None = None

    @property
    def file(self) -> str:
        return self.source.path

    @property
    def line(self) -> int:
        return self.source.line_and_column(self.start)[0]

    @property
    def column(self) -> int:
        return self.source.line_and_column(self.start)[1]

    @property
    def record(self) -> dict[str, Any]:
        """The finding as plain data, for JSON."""
        end_line, end_column = self.source.line_and_column(self.end)
        found: dict[str, Any] = {
            "rule": self.rule,
            "level": self.level,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "end_line": end_line,
            "end_column": end_column,
            "message": self.message,
            "verdict": self.verdict,
            "error_kind": self.error_kind,
            "suggestion": self.suggestion,
        }
        if part := self.source.part(self.start):
            found["cell"] = part
        return found


@dataclass(frozen=True, slots=True)
class Equation:
    """A formula of a document, what it is, and the verdict if it was judged.

    The place is that in the visible text; a display of several statements may be several equations.
    """

    formula: Formula
    start: int
    end: int
    role: str  # claim, definition, other, mention, unread
    verdict: Verdict | None = None

    @property
    def text(self) -> str:
        return self.formula.source.visible[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Linted:
    """A document with all that is said of it; findings stand in the order of their places."""

    document: Document
    convention: str  # in words: under which its equations were judged
    equations: tuple[Equation, ...]
    findings: tuple[Finding, ...]

    @property
    def coverage(self) -> float:
        """The share of equations about the network that were understood; 1 if there is none."""
        about = [x for x in self.equations if x.role in (CLAIM, DEFINITION, UNREAD)]
        return sum(x.role != UNREAD for x in about) / len(about) if about else 1.0


@dataclass(frozen=True, slots=True)
class Report:
    """What `symnet.lint` returns."""

    notes: tuple[Linted, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for note in self.notes for finding in note.findings)

    @property
    def coverage(self) -> float:
        """The share of equations about a network that were understood, over all documents."""
        about = [x for x in self._equations() if x.role in (CLAIM, DEFINITION, UNREAD)]
        return sum(x.role != UNREAD for x in about) / len(about) if about else 1.0

    def _equations(self) -> Iterator[Equation]:
        return (equation for note in self.notes for equation in note.equations)
