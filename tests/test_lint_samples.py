r"""How well `symnet.lint` reads notes as authors write them: tests/notes/ and what is to be found.

Beside each note stands NAME.expected.toml: every real finding (line, level, what is wrong, and the
formula that would be right), and every equation, with its line, whether it holds and whether it is
about a network. `python tests/test_lint_samples.py` prints a row per note.

>>> expected = Expected(file="a.md", line=4, lines=(3, 5))
>>> expected.covers("a.md", 5), expected.covers("a.md", 6)
(True, False)
"""

import sys
import time
import tomllib
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import symnet

FOLDER = Path(__file__).parent / "notes"
ENDING = ".expected.toml"
NAMES = tuple(sorted(path.name.removesuffix(ENDING) for path in FOLDER.glob(f"*{ENDING}")))
COUNTED = ("error", "warning")  # a note says nothing against the document
UNDERSTOOD = ("claim", "definition")
KEPT = ("level", "what", "fix", "holds", "about")


@dataclass(frozen=True, slots=True)
class Expected:
    """A finding, or an equation, that a note has; `lines` are those of the display around it."""

    file: str
    line: int
    lines: tuple[int, int]
    level: str = ""
    what: str = ""
    fix: str = ""
    holds: bool = True
    about: str = "network"

    def covers(self, file: str, line: int) -> bool:
        return self.file == file and self.lines[0] <= line <= self.lines[1]


@dataclass(frozen=True, slots=True)
class Measured:
    """What lint made of one note."""

    name: str
    expected: tuple[Expected, ...] = ()
    missed: tuple[Expected, ...] = ()
    clean: int = 0  # equations in which nothing is wrong
    false: tuple[Any, ...] = ()  # findings where nothing is to be found
    network: int = 0
    obscure: tuple[Expected, ...] = ()  # equations about the network that were not understood
    seconds: float = 0.0
    crash: str = field(default="", repr=False)

    @property
    def found(self) -> int:
        return len(self.expected) - len(self.missed)


def expectations(name: str) -> tuple[tuple[Expected, ...], tuple[Expected, ...]]:
    """The findings and the equations that a note has."""
    known = tomllib.loads((FOLDER / (name + ENDING)).read_text("utf-8"))

    def entry(given: dict[str, Any]) -> Expected:
        line = given["line"]
        first, last = given.get("lines", (line, given.get("end", line)))
        kept = {
            key: given[key] for key in ("level", "what", "fix", "holds", "about") if key in given
        }
        return Expected(given.get("file", name), line, (first, last), **kept)

    findings = tuple(map(entry, known.get("finding", ())))
    equations = tuple(map(entry, known.get("equation", ())))
    return findings, equations


def measure(name: str, lint: Any) -> Measured:
    """Lints a note of the folder and compares."""
    expected, equations = expectations(name)
    started = time.perf_counter()
    try:
        report = lint(FOLDER / name)
        said = [x for x in report.findings if x.level in COUNTED]
        found = {(Path(x.file).name, x.line) for x in said}
        roles = [
            (Path(x.formula.source.path).name, line, x.role)
            for note in report.notes
            for x in note.equations
            for line in lines_of(x)
        ]
    except Exception:  # whatever it is, it is counted
        return Measured(name, expected, expected, crash=traceback.format_exc())
    seconds = time.perf_counter() - started
    missed = unanswered(expected, found)
    about = [x for x in equations if x.about == "network"]
    return Measured(
        name,
        expected,
        missed,
        clean=sum(x.holds for x in equations),
        false=tuple(x for x in said if is_false(Path(x.file).name, x.line, expected, equations)),
        network=len(about),
        obscure=tuple(x for x in about if not is_understood(x, roles)),
        seconds=seconds,
    )


def unanswered(expected: Iterable[Expected], found: set[tuple[str, int]]) -> tuple[Expected, ...]:
    """The expected findings for which there is none; one finding answers for one.

    The line itself comes first, then the other lines of the display.
    """
    left, free = list(expected), set(found)
    for exact in (True, False):
        for wanted in tuple(left):
            lines = [wanted.line] if exact else range(wanted.lines[0], wanted.lines[1] + 1)
            if hit := next(((wanted.file, x) for x in lines if (wanted.file, x) in free), None):
                free.remove(hit)
                left.remove(wanted)
    return tuple(left)


def is_false(
    file: str, line: int, expected: Iterable[Expected], equations: Iterable[Expected]
) -> bool:
    """Whether a finding stands where nothing is wrong.

    Within a display of several equations the one that it points at must be a wrong one; the first
    line of a display stands for the whole of it.
    """
    around = [x for x in expected if x.covers(file, line)]
    if any(x.line == line or x.lines[0] == line for x in around):
        return False
    here = [x for x in equations if x.covers(file, line)]
    return not around or (bool(here) and all(x.holds for x in here))


def lines_of(equation: Any) -> range:
    """The lines of an equation: one whose rows go on with = is one of several lines."""
    source = equation.formula.source
    first, last = (source.line_and_column(x)[0] for x in (equation.start, equation.end))
    return range(first, last + 1)


def is_understood(equation: Expected, roles: Iterable[tuple[str, int, str]]) -> bool:
    """Whether lint judged or recorded what stands in the lines of an equation."""
    here = [role for file, line, role in roles if equation.covers(file, line)]
    return any(role in UNDERSTOOD for role in here) and "unread" not in here


def share(part: float, whole: float) -> float:
    return part / whole if whole else 1.0


@dataclass(frozen=True, slots=True)
class Shares:
    """The measures over all notes."""

    found: float
    false: float
    understood: float
    crashes: int
    seconds: float


def shares(all_measured: Iterable[Measured]) -> Shares:
    them = tuple(all_measured)
    network = sum(x.network for x in them)
    return Shares(
        found=share(sum(x.found for x in them), sum(len(x.expected) for x in them)),
        false=sum(len(x.false) for x in them) / max(1, sum(x.clean for x in them)),
        understood=share(network - sum(len(x.obscure) for x in them), network),
        crashes=sum(bool(x.crash) for x in them),
        seconds=sum(x.seconds for x in them),
    )


@pytest.mark.parametrize("name", NAMES)
def test_expectations_are_about_lines_that_exist(name: str) -> None:
    findings, equations = expectations(name)
    for x in (*findings, *equations):
        lines = (FOLDER / x.file).read_bytes().splitlines()
        assert 1 <= x.lines[0] <= x.line <= x.lines[1] <= len(lines)
        assert lines[x.line - 1].strip()
    assert len(equations) >= 8
    known = tomllib.loads((FOLDER / (name + ENDING)).read_text("utf-8"))
    assert known["clean"] == (not findings)
    assert {x.level for x in findings} <= set(COUNTED)
    # What is wrong is said wherever an equation does not hold.
    for x in equations:
        assert x.holds or any(x.covers(y.file, y.line) for y in findings)


def test_there_are_enough_notes() -> None:
    clean = [name for name in NAMES if not expectations(name)[0]]
    assert len(NAMES) >= 32
    assert len(clean) >= 12
    assert len(NAMES) - len(clean) >= 20


@pytest.fixture(scope="module")
def measured() -> tuple[Measured, ...]:
    return tuple(measure(name, symnet.lint) for name in NAMES)


@pytest.mark.slow
def test_no_note_stops_lint(measured: tuple[Measured, ...]) -> None:
    assert [x.crash for x in measured if x.crash] == []


@pytest.mark.slow
def test_errors_are_found_on_their_lines(measured: tuple[Measured, ...]) -> None:
    missed = [f"{y.file}:{y.line}: {y.what}" for x in measured for y in x.missed]
    assert shares(measured).found >= 0.85, "\n".join(missed)


@pytest.mark.slow
def test_false_alarms_are_rare(measured: tuple[Measured, ...]) -> None:
    false = [f"{y.file}:{y.line}: {y.rule}: {y.message}" for x in measured for y in x.false]
    assert shares(measured).false <= 0.05, "\n".join(false)


@pytest.mark.slow
def test_equations_about_the_network_are_understood(measured: tuple[Measured, ...]) -> None:
    obscure = [f"{y.file}:{y.line}" for x in measured for y in x.obscure]
    assert shares(measured).understood >= 0.8, "\n".join(obscure)


def table(rows: Iterable[Measured]) -> Iterator[str]:
    yield f"{'note':32} {'found':>7} {'false':>7} {'understood':>10} {'s':>6}"
    for x in rows:
        understood = f"{x.network - len(x.obscure)}/{x.network}"
        found, false = f"{x.found}/{len(x.expected)}", f"{len(x.false)}/{x.clean}"
        yield f"{x.name:32} {found:>7} {false:>7} {understood:>10} {x.seconds:6.1f}" + (
            " crash" if x.crash else ""
        )


def details(rows: Iterable[Measured]) -> Iterator[str]:
    for x in rows:
        yield from (f"{y.file}:{y.line}: missed: {y.what}" for y in x.missed)
        yield from (f"{Path(y.file).name}:{y.line}: false: {y.rule}: {y.message}" for y in x.false)
        yield from (f"{y.file}:{y.line}: not understood" for y in x.obscure)
        if x.crash:
            yield f"{x.name}: {x.crash}"


def main(wanted: list[str]) -> None:
    names = [name for name in NAMES if not wanted or any(part in name for part in wanted)]
    rows = [measure(name, symnet.lint) for name in names]
    total = shares(rows)
    print("\n".join((*table(rows), "", *details(rows), "")))
    print(
        f"found {total.found:.1%}, false alarms per clean equation {total.false:.1%}, "
        f"understood {total.understood:.1%}, crashes {total.crashes}, {total.seconds:.0f} s"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
