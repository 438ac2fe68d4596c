"""Mutants in copies of a tree, each before its tests in a process of its own.

The process is forked from one that has imported everything that tests import, but for symnet and
the tests. Modules are compiled once for the copy, and Python is told to trust that; the one that
is changed has nothing compiled and is compiled anew.
"""

import compileall
import contextlib
import hashlib
import json
import os
import py_compile
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any, NoReturn

for _library in ("OPENBLAS", "MKL", "OMP"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

from mutations import Mutant  # noqa: E402
from touched import Test, Touched  # noqa: E402

HERE = Path(__file__).resolve().parent
LEFT_BEHIND = (".git", ".venv", "build", "dist", "__pycache__", ".hypothesis", ".*_cache", ".cov*")
TRUSTED = py_compile.PycInvalidationMode.UNCHECKED_HASH
FIRST = 6.0  # seconds of the tests that are tried before all others


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant: killed, timeout, accepted text, survived, untouched."""

    status: str  # or unclear, if something else than a test went wrong
    by: str  # the test that noticed
    ran: int  # tests that ran, of so many that touch it
    of: int
    seconds: float


def copied(root: Path, into: Path) -> Path:
    """A copy of the tree with its modules compiled."""
    tree = into / "tree"
    shutil.copytree(root, tree, ignore=shutil.ignore_patterns(*LEFT_BEHIND), symlinks=True)
    compileall.compile_dir(tree, quiet=2, invalidation_mode=TRUSTED, maxlevels=20)
    return tree


def collect(root: Path, build: Path, files: Sequence[str] = (), workers: int = 1) -> None:
    """Run all tests in a copy, one file after the other, and keep what each test touched.

    What was found out before stays, if the file still says the same.
    """
    folder = build / "touched"
    folder.mkdir(parents=True, exist_ok=True)
    names = [*(root / "tests").glob("test_*.py"), *(root / "symnet").rglob("*.py")]
    names = [file for file in names if file.parent.name == "tests" or ">>> " in file.read_text()]
    # The longest first, so that no worker is left with one of them at the end.
    names.sort(key=lambda file: file.stat().st_size, reverse=True)
    with tempfile.TemporaryDirectory(dir=build) as scratch, ThreadPoolExecutor(workers) as pool:
        tree = copied(root, Path(scratch).resolve())
        wanted = [x for x in names if not files or x.relative_to(root).as_posix() in files]
        for number, said in enumerate(pool.map(partial(_watch, root, folder, tree), wanted), 1):
            print(f"{number:3}/{len(wanted)} {said}", flush=True)


def _watch(root: Path, folder: Path, tree: Path, path: Path) -> str:
    """Run the tests of one file under watch, and say how it went."""
    name = path.relative_to(root).as_posix()
    own = folder / re.sub(r"\W", "_", name)
    text = path.read_text(encoding="utf-8")
    if (own / f"{digest(text)}.done").exists():
        return f"   known  {name}"
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir()
    (own / "tree").write_text(str(tree), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "touched", "--tb=no"]
    command += ["-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not slow"]
    command += ["--doctest-modules", f"--basetemp={own}/temp", name]
    if (tree / "tests" / "conftest.py").exists():  # it has the profile
        command += ["--hypothesis-profile", "ci"]
    paths = os.pathsep.join([str(tree), str(HERE)])
    variables = {**os.environ, "PYTHONPATH": paths, "TOUCHED": str(own)}
    began = time.time()
    ran = subprocess.run(command, cwd=tree, env=variables, capture_output=True, text=True)
    shutil.rmtree(own / "temp", ignore_errors=True)
    last = (ran.stdout.splitlines() or [ran.stderr])[-1]
    if ran.returncode in (0, 1):
        (own / f"{digest(text)}.done").touch()
    return f"{time.time() - began:5.0f} s  {name}: {last}"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def known(build: Path) -> Touched | None:
    """What `collect` found out."""
    folders = sorted(done.parent for done in (build / "touched").glob("*/*.done"))
    return Touched(folders) if folders else None


def plant(
    root: Path,
    ways: Iterable[tuple[Mutant, str, list[Test]]],
    touched: Touched,
    workers: int,
    limit: float,
) -> Iterator[tuple[Mutant, Outcome]]:
    """Each mutant, given with the text of its file and its tests, and what became of it."""
    warm_up()
    waiting, slots = iter(ways), []
    scratch = Path(tempfile.mkdtemp(prefix="mutants-")).resolve()
    try:
        slots = [Slot(root, scratch / str(number), touched, limit) for number in range(workers)]
        for slot in slots:
            slot.take(next(waiting, None))
        while any(slot.mutant for slot in slots):
            for slot in slots:
                if slot.mutant and (outcome := slot.look()):
                    yield slot.mutant, outcome
                    slot.leave()
                    slot.take(next(waiting, None))
            time.sleep(0.02)
    finally:
        for slot in slots:
            slot.kill()
        shutil.rmtree(scratch, ignore_errors=True)


def spoilt(root: Path, touched: Touched, names: Iterable[str]) -> set[str]:
    """Tests that fail where nothing is planted: what they notice is no mutant."""
    warm_up()
    tests = [touched.tests[name] for name in sorted(names) if name in touched.tests]
    scratch = Path(tempfile.mkdtemp(prefix="mutants-")).resolve()
    slot = Slot(root, scratch / "0", touched, 0)
    try:
        found: set[str] = set()
        while tests:
            slot.start(tests)
            os.waitpid(slot.pid, 0)
            by = json.loads(slot.result.read_text(encoding="utf-8"))["by"]
            if not by:
                return found
            found.add(by)
            tests = [test for test in tests if test.name != by]
        return found
    finally:
        slot.kill()
        shutil.rmtree(scratch, ignore_errors=True)


def warm_up() -> None:
    """Import what all tests import, but neither symnet nor a test."""
    from hypothesis import HealthCheck, Phase, settings

    for name in ("numpy", "sympy", "mpmath", "lark", "jinja2", "rich.console", "click", "scipy"):
        with contextlib.suppress(ImportError):
            __import__(name)
    # A counterexample is enough: it need not be the smallest.
    settings.register_profile(
        "mutants",
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def affordable(tests: list[Test], touched: Touched, limit: float) -> Iterator[Test]:
    """As many as take no longer, with the time that their files need; accepted texts for longer."""
    spent, files = 0.0, set[str]()
    for test in tests:
        costs = test.seconds + (0 if test.file in files else touched.collecting.get(test.file, 1))
        if spent + costs <= (limit * 1.5 if test.accepting else limit):
            spent += costs
            files.add(test.file)
            yield test


class Slot:
    """A copy of the tree, in which one mutant at a time lives."""

    def __init__(self, root: Path, folder: Path, touched: Touched, limit: float) -> None:
        folder.mkdir(parents=True)
        self.folder, self.touched, self.limit = folder, touched, limit
        self.tree = copied(root, folder)
        self.result, self.progress = folder / "result.json", folder / "progress"
        self.mutant: Mutant | None = None
        self.tests: list[Test] = []
        self.pid = 0

    def take(self, way: tuple[Mutant, str, list[Test]] | None) -> None:
        """Put a mutant into the tree, and its first tests on their way."""
        if way is None:
            return
        self.mutant, self.source, tests = way
        self.of, self.ran = len(tests), 0
        self.began = time.time()
        self.write(self.mutant.applied(self.source))
        self.tests = list(affordable(tests, self.touched, self.limit))
        files: set[str] = set()
        ahead = []
        for test in affordable(self.tests, self.touched, FIRST):
            if (len(files) < 3 or test.file in files) and len(ahead) < 25 and not test.accepting:
                files.add(test.file)  # few files, so that the first answer comes soon
                ahead.append(test)
        self.start(ahead)

    def write(self, source: str) -> None:
        """What the file of the mutant says from now on; nothing is left of what it was."""
        assert self.mutant is not None
        file = self.tree / self.mutant.file
        file.write_text(source, encoding="utf-8")
        if file.suffix == ".py":
            Path(cache_from_source(str(file))).unlink(missing_ok=True)

    def leave(self) -> None:
        assert self.mutant is not None
        self.write(self.source)
        if self.mutant.file.endswith(".py"):
            file = self.tree / self.mutant.file
            py_compile.compile(str(file), invalidation_mode=TRUSTED, quiet=2)
        self.mutant = None

    def start(self, tests: list[Test]) -> None:
        chosen = {test.name for test in tests}
        self.tests = [test for test in self.tests if test.name not in chosen]
        for file in (self.result, self.progress):
            file.unlink(missing_ok=True)
        self.since = time.time()
        if tests:
            self.pid = os.fork()
            if self.pid == 0:
                self.child(tests)
        else:
            self.result.write_text(json.dumps({"by": "", "ran": 0}), encoding="utf-8")

    def child(self, tests: list[Test]) -> NoReturn:
        """The forked process."""
        order = Order(self.progress, tests)
        try:
            os.setpgid(0, 0)
            out = os.open(self.folder / "out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(out, 1)
            os.dup2(out, 2)
            os.chdir(self.tree)
            sys.path[:] = [str(self.tree), *(p for p in sys.path if p not in ("", str(HERE)))]
            os.environ["PYTHONPATH"] = str(self.tree)
            import pytest

            command = ["-x", "-q", "--tb=line", "-p", "no:cacheprovider", "-p", "no:xdist"]
            command += ["-p", "no:cov", "--hypothesis-profile", "mutants", "--rootdir", "."]
            command += [f"--basetemp={self.folder}/temp"]
            # Functions, not all their cases: `Order` drops those that were not chosen.
            command += dict.fromkeys(test.name.partition("[")[0] for test in tests)
            # The warning: that what is imported already cannot be rewritten.
            command += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
            ended = pytest.main(command, plugins=[order])
            found = {"by": order.by, "ran": order.ran}
            if ended != pytest.ExitCode.OK and not order.by:
                found["odd"] = f"pytest ended with {int(ended)}"
        except BaseException as odd:
            found = {"by": "", "ran": order.ran, "odd": f"pytest ended with {odd!r}"}
        self.result.write_text(json.dumps(found), encoding="utf-8")
        os._exit(0)

    def look(self) -> Outcome | None:
        """What became of the mutant, if that is known by now."""
        if self.pid:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if not ended:
                return self.overdue()
            self.kill()
            if not self.result.exists():
                return self.outcome("killed", f"the process ended with {status}")
        found = json.loads(self.result.read_text(encoding="utf-8"))
        self.ran += found["ran"]
        if "odd" in found:  # nobody knows whether a test would have noticed
            return self.outcome("unclear", found["odd"])
        if found["by"]:
            test = self.touched.tests.get(found["by"])
            accepting = test is not None and test.accepting
            return self.outcome("accepted text" if accepting else "killed", found["by"])
        if self.tests:
            self.start(self.tests)
            return None
        return self.outcome("survived" if self.of else "untouched", "")

    def overdue(self) -> Outcome | None:
        """Whether a test takes more than ten times its time, or all of them far too long."""
        name, begun = "(import)", self.since
        with contextlib.suppress(FileNotFoundError, ValueError):
            first, _, name = self.progress.read_text(encoding="utf-8").partition("\n")
            begun = float(first)
        test, now = self.touched.tests.get(name), time.time()
        if now - begun > 30 + 10 * (test.seconds if test else 3):
            self.kill()
            return self.outcome("timeout", name)
        if now - self.began > 120 + 5 * self.limit:
            self.kill()
            return self.outcome("survived", "")
        return None

    def outcome(self, status: str, by: str) -> Outcome:
        return Outcome(status, by, self.ran, self.of, round(time.time() - self.began, 2))

    def kill(self) -> None:
        """End the process of the mutant, and what it has started."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
            self.pid = 0


class Order:
    """A plugin of pytest: just the chosen tests, in their order, and which of them is on."""

    def __init__(self, progress: Path, tests: list[Test]) -> None:
        self.progress = progress
        self.rank = {test.name: number for number, test in enumerate(tests)}
        self.by, self.ran = "", 0

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        chosen = [item for item in items if item.nodeid in self.rank]
        items[:] = sorted(chosen, key=lambda item: self.rank[item.nodeid])

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.by = self.by or f"import of {report.nodeid}"

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.ran += 1
        self.progress.write_text(f"{time.time()}\n{nodeid}", encoding="utf-8")

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.by = self.by or report.nodeid
