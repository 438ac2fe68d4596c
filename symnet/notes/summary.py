r"""The figures of a report, in words.

>>> counted(2, "note"), counted(1, "error"), listed(["a", "b", "c"])
('2 notes', '1 error', 'a, b and c')
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from symnet.notes.findings import (
    CLAIM,
    DEFINITION,
    ERROR,
    NOTE,
    OTHER,
    UNREAD,
    WARNING,
    Linted,
    Report,
)

MOST_NAMED = 3  # documents that are named before the rest is counted


@dataclass(frozen=True, slots=True)
class Figures:
    """How many findings of each level, equations of each kind, and repairs there are."""

    documents: int
    errors: int
    warnings: int
    notes: int
    understood: int
    about: int  # equations about the network
    others: int
    fixes: int


def figures(notes: Sequence[Linted]) -> Figures:
    """The figures of some documents."""
    findings = [finding for note in notes for finding in note.findings]
    levels = Counter(finding.level for finding in findings)
    roles = Counter(equation.role for note in notes for equation in note.equations)
    understood = roles[CLAIM] + roles[DEFINITION]
    return Figures(
        documents=len(notes),
        errors=levels[ERROR],
        warnings=levels[WARNING],
        notes=levels[NOTE],
        understood=understood,
        about=understood + roles[UNREAD],
        others=roles[OTHER],
        fixes=sum(finding.fix is not None for finding in findings),
    )


def summary(notes: Sequence[Linted]) -> str:
    """One sentence on what was found, and on how much of the equations was understood."""
    found = figures(notes)
    levels = ((found.errors, "error"), (found.warnings, "warning"), (found.notes, "note"))
    named = [counted(number, name) for number, name in levels if number]
    where = f"in {counted(found.documents, 'document')}"
    first = f"Found {listed(named)} {where}" if named else f"Nothing to report {where}"
    return f"{first}; {read(found)}."


def read(found: Figures) -> str:
    """How much of the equations was understood, in words."""
    if found.about:
        # Rounded down: only what is understood without exception is 100 %.
        share = 100 * found.understood // found.about
        words = (
            f"{found.understood} of {counted(found.about, 'equation')} about the network"
            f" understood ({share} %)"
        )
    else:
        words = "no equation about a network"
    return f"{words}; {found.others} about something else left alone" if found.others else words


def conventions(report: Report) -> list[str]:
    """Under which convention each document was read, those that share one together."""
    together: dict[str, list[str]] = {}
    for note in report.notes:
        if note.convention and any(x.role in (CLAIM, DEFINITION, UNREAD) for x in note.equations):
            together.setdefault(note.convention, []).append(note.document.path)
    if len(together) == 1 and len(report.notes) == 1:
        return [f"Read as: {name}." for name in together]
    return [f"{_some(paths)}: read as {name}." for name, paths in together.items()]


def _some(paths: list[str]) -> str:
    rest = len(paths) - MOST_NAMED
    if rest <= 1:
        return listed(paths)
    return f"{', '.join(paths[:MOST_NAMED])} and {rest} more"


def counted(number: int, name: str) -> str:
    """A number of things, in the plural unless it is one."""
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


def listed(words: Iterable[str]) -> str:
    """Words with commas, the last with `and`."""
    *first, last = list(words)
    return f"{', '.join(first)} and {last}" if first else last
