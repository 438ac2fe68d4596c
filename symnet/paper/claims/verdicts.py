"""What is said of a formula: the verdict, its counterexample, and how to see it again.

>>> Verdict(PROVED, "it holds for all widths").record["verdict"]
'proved'
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from symnet.calculus.counterexample import Setting
from symnet.term import Term

PROVED, REFUTED, ILL_FORMED, UNKNOWN = "proved", "refuted", "ill-formed", "unknown"


@dataclass(frozen=True, slots=True)
class Counterexample:
    """Where a formula fails: the widths, the layers and neurons, and both sides."""

    widths: tuple[int, ...]
    indices: Mapping[str, int | str]
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Trial:
    """All that it takes to see a formula fail again: one entry of both sides on one network.

    `layers` and `indices` say what the letters stand for; the numbers of the network are those that
    `Instance(widths, setting, seed)` draws, but for the symbols in `positive`.
    """

    left: Term
    right: Term
    setting: Setting
    widths: tuple[int, ...]
    seed: int
    layers: Mapping[str, int]
    indices: Mapping[str, int]
    positive: frozenset[str] = frozenset()


def positive_number(name: str) -> Fraction:
    """The number of a symbol that is positive, such as a learning rate."""
    return Fraction(1 + sum(map(ord, name)) % 7, 4)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of a formula; the fields are those of interface section 5."""

    verdict: str
    reason: str
    error_kind: str | None = None
    span: tuple[int, int] | None = None
    suggestion: str | None = None
    counterexample: Counterexample | None = None
    assumptions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    id: Any = None
    trial: Trial | None = None

    @property
    def holds(self) -> bool:
        """Whether it is proved."""
        return self.verdict == PROVED

    def __str__(self) -> str:
        return f"{self.verdict}: {self.reason}" if self.reason else self.verdict

    @property
    def record(self) -> dict[str, Any]:
        """The verdict as plain data, for JSON."""
        example = self.counterexample
        return {
            "id": self.id,
            "verdict": self.verdict,
            "reason": self.reason,
            "error_kind": self.error_kind,
            "span": None if self.span is None else list(self.span),
            "suggestion": self.suggestion,
            "counterexample": None
            if example is None
            else {
                "widths": list(example.widths),
                "indices": dict(example.indices),
                "left": example.left,
                "right": example.right,
            },
            "assumptions": list(self.assumptions),
            "notes": list(self.notes),
            "seconds": round(self.seconds, 4),
        }
