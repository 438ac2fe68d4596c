"""How often `verify` is right about printed formulas, what it misses, and how long it takes.

`python benchmarks/verify.py FORMULAS.jsonl` prints it; README.md beside this file says what a line
holds and what is counted.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from symnet.paper.verify import verify  # noqa: E402

EXAMPLES = ROOT.parent / "shared" / "corpus" / "dev.jsonl"
WANTED = {"true": "proved", "false": "refuted", "ill-formed": "ill-formed"}
GIVEN = ("proved", "refuted", "ill-formed", "unknown")
# How a formula is written, by what its text holds: where the misses lie.
CONSTRUCTS = {
    "derivative": (r"\partial", r"\nabla"),
    "second derivative": (r"\partial^2", r"\partial^{2}", "''"),
    "sum": (r"\sum",),
    "product over layers": (r"\prod", r"\ldots", r"\cdots"),
    "matrix": ("matrix}", "{array}"),
    "several statements": (r"\\", r"\Rightarrow", r"\quad"),
    "range": (r"\dots", r"\forall", r"\le", r"\in"),
    "update": (r"\leftarrow", r"\to", ":="),
    "diag or trace": ("diag", "{tr}"),
    "cases": ("{cases}",),
}


@dataclass(frozen=True)
class Answer:
    """What was wanted of a formula and what was given."""

    id: str
    family: str
    latex: str
    wanted: str
    accepted: tuple[str, ...]
    given: str
    error_kind: str | None
    kind_given: str | None
    convention: str
    scope: str
    suggestion: str | None
    repaired: bool  # whether what is suggested is itself proved
    reason: str
    seconds: float

    @property
    def right(self) -> bool:
        return self.given in (self.wanted, *self.accepted)

    @property
    def wrong(self) -> bool:
        """The worst: a verdict that is not right, and not `unknown`."""
        return not self.right and self.given != "unknown"

    @property
    def has_kind(self) -> bool:
        """Whether a kind of error is asked for: of what is rightly called wrong."""
        return self.right and self.error_kind is not None and self.given != "proved"

    @property
    def kind_right(self) -> bool:
        clash = self.given == "ill-formed" and self.kind_given == "shape"
        return self.kind_given == self.error_kind or clash

    @property
    def constructs(self) -> tuple[str, ...]:
        found = (c for c, signs in CONSTRUCTS.items() if any(s in self.latex for s in signs))
        return tuple(found) or ("plain",)


def lines(path: Path, scope: str | None) -> list[dict[str, Any]]:
    """The formulas of a file, those of one scope if one is asked for."""
    records = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    return [r for r in records if scope is None or r.get("scope") == scope]


def answers(records: Sequence[dict[str, Any]]) -> Iterator[Answer]:
    """A verdict for each formula. What is judged does not see what is wanted."""
    for number, record in enumerate(records, 1):
        asked = record["latex"], record["convention"], record.get("context") or {}
        started = time.perf_counter()
        found = verify(*asked)
        seconds = time.perf_counter() - started
        yield Answer(
            id=str(record.get("id", number)),
            family=str(record.get("family", "")),
            latex=record["latex"],
            wanted=WANTED[record["verdict"]],
            accepted=tuple(WANTED[a] for a in record.get("accept") or ()),
            given=found.verdict,
            error_kind=record.get("error_kind"),
            kind_given=found.error_kind,
            convention=record["convention"],
            scope=str(record.get("scope") or "notes"),
            suggestion=found.suggestion,
            repaired=found.suggestion is not None
            and verify(found.suggestion, *asked[1:]).verdict == "proved",
            reason=found.reason,
            seconds=seconds,
        )


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def summary(found: Sequence[Answer]) -> dict[str, Any]:
    """The figures: confusion, shares, times."""
    kinds = [a for a in found if a.has_kind]
    seconds = [a.seconds for a in found]
    table = Counter((a.wanted, a.given) for a in found)
    return {
        "formulas": len(found),
        "confusion": {w: {g: table[w, g] for g in GIVEN} for w in WANTED.values()},
        "right": sum(a.right for a in found),
        "wrong": sum(a.wrong for a in found),
        "unknown": sum(not a.right and a.given == "unknown" for a in found),
        "wrong_formulas": sum(a.given in ("refuted", "ill-formed") for a in found),
        "suggested": sum(a.suggestion is not None for a in found),
        "repaired": sum(a.repaired for a in found),
        "kinds": len(kinds),
        "kinds_right": sum(a.kind_right for a in kinds),
        "median": quantile(seconds, 0.5),
        "p95": quantile(seconds, 0.95),
        "maximum": max(seconds),
    }


def by(name: str, found: Sequence[Answer]) -> Iterator[str]:
    """How many of each family or construct were missed, the most missed first."""
    groups: dict[str, list[Answer]] = {}
    for answer in found:
        for key in answer.constructs if name == "construct" else (answer.family,):
            groups.setdefault(key, []).append(answer)
    missed = {key: sum(not a.right for a in group) for key, group in groups.items()}
    for key in sorted(groups, key=lambda key: (-missed[key], key)):
        if missed[key]:
            yield f"  {name} {key}: {missed[key]} of {len(groups[key])}"


def groups_of(found: Sequence[Answer]) -> Iterator[str]:
    """A row for each scope and each convention: verdicts, and repairs that are proved."""
    row = "{:<26} {:>8} {:>6} {:>6} {:>8} {:>9} {:>8}".format
    yield row("scope, convention", "formulas", "right", "wrong", "unknown", "not true", "repaired")
    keys = sorted({(a.scope, "") for a in found} | {(a.scope, a.convention) for a in found})
    for scope, convention in keys:
        group = [a for a in found if a.scope == scope and convention in ("", a.convention)]
        figures = summary(group)
        names = ("formulas", "right", "wrong", "unknown", "wrong_formulas", "repaired")
        yield row(f"  {convention}" if convention else scope, *(figures[name] for name in names))


def report(found: Sequence[Answer]) -> Iterator[str]:
    """The table and what is missed, as text."""
    figures = summary(found)
    row = "{:<12} {:>8} {:>8} {:>11} {:>8}".format
    yield row("wanted", *GIVEN)
    for wanted, given in figures["confusion"].items():
        yield row(wanted, *given.values())
    share, kinds = figures["right"] / len(found), max(figures["kinds"], 1)
    yield (
        f"right {figures['right']} of {len(found)} ({share:.1%}), "
        f"wrong {figures['wrong']}, unknown {figures['unknown']}"
    )
    kinds_share = figures["kinds_right"] / kinds
    yield f"error kinds right {figures['kinds_right']} of {figures['kinds']} ({kinds_share:.1%})"
    times = (1000 * figures[key] for key in ("median", "p95", "maximum"))
    yield "median {:.1f} ms, 95% {:.0f} ms, longest {:.0f} ms".format(*times)
    yield (
        f"repairs: {figures['suggested']} suggested for {figures['wrong_formulas']} that are not"
        f" true, {figures['repaired']} of them proved when asked again"
    )
    yield from groups_of(found)
    missed = [a for a in found if not a.right]
    if missed:
        yield "missed"
        yield from by("family", found)
        yield from by("construct", found)
    for a in sorted(missed, key=lambda a: not a.wrong):
        how = "WRONG  " if a.wrong else "unknown"
        yield f"{how} {a.id}: {a.wanted} wanted, {a.given}: {a.reason}"
        yield f"        {a.latex}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report; the exit code is 1 if a verdict is wrong."""
    parser = argparse.ArgumentParser(description="how often verify is right, and how fast")
    parser.add_argument("formulas", nargs="?", type=Path, help="JSON lines with verdicts")
    parser.add_argument("--scope", help="only formulas of this scope, core for one")
    parser.add_argument("--json", action="store_true", help="figures and answers as JSON")
    asked = parser.parse_args(arguments)
    path = asked.formulas or EXAMPLES
    if not path.exists():
        parser.error(f"{path.name} is not here: give a file of formulas (benchmarks/README.md)")
    records = lines(path, asked.scope)
    if not records:
        parser.error(f"{path.name} has no formula of scope {asked.scope}")
    list(answers(records[:20]))  # modules are imported and SymPy's caches are warm
    found = list(answers(records))
    if asked.json:
        shown = {**summary(found), "answers": [asdict(a) for a in found]}
        print(json.dumps(shown, ensure_ascii=False, indent=1))
    else:
        print("\n".join(report(found)))
    return int(any(a.wrong for a in found))


if __name__ == "__main__":
    sys.exit(main())
