"""Which tests touch which lines: a plugin of pytest that writes it down, and what reads it.

`pytest -p touched` in a tree, with TOUCHED naming a folder, leaves there what each test executed
of symnet and of the trainers it generated, how long it took and whether it passed.
"""

import contextlib
import json
import os
import re
import sqlite3
import time
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import coverage
import pytest
from coverage.numbits import numbits_to_nums

# Tests that compare a text with one that was accepted notice any change of it: they state no law.
ACCEPTED = re.compile(r"test_samples\.py|test_readme\.py|test_errata\.py")

_INCLUDE = ["symnet/*", "generated/*", "*/net_*.py"]
_state: dict[str, coverage.Coverage] = {}
_times: dict[str, list[float]] = defaultdict(list)
_spoilt: set[str] = set()
_accepting: set[str] = set()
_begun: dict[str, float] = {}


def _folder() -> Path:
    return Path(os.environ["TOUCHED"])


def pytest_configure() -> None:
    file = str(_folder() / "lines")
    _state["coverage"] = coverage.Coverage(file, config_file=False, include=_INCLUDE)
    _state["coverage"].start()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    _state["coverage"].switch_context(item.nodeid)
    if "golden" in getattr(item, "fixturenames", ()) or ACCEPTED.search(item.nodeid):
        _accepting.add(item.nodeid)
    result = yield
    _state["coverage"].switch_context("")
    return result


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _times[report.nodeid].append(report.duration)
    if not report.passed:
        _spoilt.add(report.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    begun = time.perf_counter()
    result = yield
    if isinstance(collector, pytest.File):
        _begun[collector.nodeid] = time.perf_counter() - begun
    return result


def pytest_sessionfinish() -> None:
    measured = _state["coverage"]
    measured.stop()
    with warnings.catch_warnings():
        # Tests that touch nothing of symnet leave no data, which is no error here.
        warnings.simplefilter("ignore", coverage.exceptions.CoverageWarning)
        measured.save()
    trainers = {}
    for file in measured.get_data().measured_files():
        path = Path(file)
        if path.exists() and (path.name.startswith("net_") or path.parent.name == "generated"):
            trainers[file] = path.read_text(encoding="utf-8")
    tests = {
        name: {"seconds": sum(t), "passed": name not in _spoilt, "accepting": name in _accepting}
        for name, t in _times.items()
    }
    what = {"tests": tests, "collecting": _begun, "trainers": trainers}
    (_folder() / "tests.json").write_text(json.dumps(what), encoding="utf-8")


# --- reading --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Test:
    name: str
    seconds: float
    accepting: bool
    touched: int  # so many lines of everything

    @property
    def file(self) -> str:
        return self.name.partition("::")[0]


class Touched:
    """What is known of the tests of a tree."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self.tests: dict[str, Test] = {}
        self.collecting: dict[str, float] = {}
        self.trainers: dict[str, str] = {}
        self.lines: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
        for folder in folders:
            self._read(folder, (folder / "tree").read_text(encoding="utf-8"))

    def _read(self, folder: Path, tree: str) -> None:
        what = json.loads((folder / "tests.json").read_text(encoding="utf-8"))
        self.collecting.update(what["collecting"])
        for file, text in what["trainers"].items():
            self.trainers[file.removeprefix(f"{tree}/")] = text
        sizes = defaultdict[str, int](int)
        with contextlib.closing(sqlite3.connect(folder / "lines")) as base:
            for context, path, bits in base.execute(
                "select context, path, numbits from line_bits "
                "join context on context.id = context_id join file on file.id = file_id"
            ):
                if context:
                    sizes[context] += int.from_bytes(bits, "little").bit_count()
                    self.lines[path.removeprefix(f"{tree}/")].append((context, bits))
        for name, of in what["tests"].items():
            if of["passed"]:
                self.tests[name] = Test(name, of["seconds"], of["accepting"], sizes[name])

    def by(self, file: str, lines: set[int] | None = None) -> dict[str, int]:
        """The tests that execute one of the lines, or any, and how many lines of the file."""
        found = {}
        for name, bits in self.lines.get(file, ()):
            if name in self.tests:
                numbers = numbits_to_nums(bits)
                if lines is None or not lines.isdisjoint(numbers):
                    found[name] = len(numbers)
        return found

    def by_text(self, pattern: re.Pattern[str]) -> dict[str, int]:
        """The tests that execute a line of a generated trainer that is written so."""
        found: dict[str, int] = {}
        for file, text in self.trainers.items():
            lines = {n for n, x in enumerate(text.splitlines(), 1) if pattern.fullmatch(x.strip())}
            if lines:
                found.update(self.by(file, lines))
        return found
