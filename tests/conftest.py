"""What all tests share: golden files, the refusal to skip, the profiles of Hypothesis."""

import atexit
import difflib
import os
import shutil
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from hypothesis import settings

GOLDEN = Path(__file__).parent / "golden"

# The arrays are small, and workers share the cores: threads of BLAS only get in each other's way.
for library in ("OPENBLAS", "MKL", "OMP"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

# No test reads or writes the user's cache of verdicts, not even from a process that it starts.
os.environ["SYMNET_CACHE"] = tempfile.mkdtemp(prefix="symnet-tests-")
atexit.register(shutil.rmtree, os.environ["SYMNET_CACHE"], ignore_errors=True)

# Importing SymPy alone takes longer than the deadline of an example. `ci` is the profile of
# `make test`: the same examples for everybody. Plain pytest and `make test-all` look for new ones.
settings.register_profile("explore", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("explore")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="accept what differs from tests/golden/")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """golden(name, text): text is what tests/golden/name says; `pytest --update` accepts it."""

    def compare(name: str, text: str) -> None:
        file = GOLDEN / name
        if request.config.getoption("--update"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())
            return
        # Bytes, since reading text would turn \r\n into \n and call different files equal.
        accepted = file.read_bytes().decode() if file.exists() else ""
        if text != accepted or not file.exists():
            diff = difflib.unified_diff(
                accepted.splitlines(), text.splitlines(), f"tests/golden/{name}", "now", lineterm=""
            )
            shown = "\n".join(diff) or "the same lines, but line ends differ"
            accept = f"python -m pytest --update '{request.node.nodeid}'"
            pytest.fail(f"{shown}\n\nto accept what is new: {accept}", pytrace=False)

    return compare


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    """A skip becomes a failure with its reason; an expected failure is not a skip."""
    if not report.skipped or hasattr(report, "wasxfail") or "SYMNET_NO_SKIP" not in os.environ:
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"{reason}\n(no test may be skipped while SYMNET_NO_SKIP is set)"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_if_skipped(report)
    return report
