"""Whatever the command line is given, it ends with a message and a documented exit code."""

import time

import fuzz_cli
import pytest


def test_no_input_ends_in_a_traceback() -> None:
    start = time.process_time()  # others may be busy, too
    figures = fuzz_cli.run(2000, seed=2)
    assert figures["tracebacks"] == []
    assert figures["slow"] == []
    assert time.process_time() - start < 60


def test_the_inputs_are_of_all_kinds() -> None:
    codes = fuzz_cli.run(300, seed=3)["codes"]
    assert isinstance(codes, dict)
    for each in ("derive 0", "derive 2", "verify 0", "verify 1", "generate 2", "show 0", "prove 0"):
        assert codes.get(each), f"no {each} among {codes}"


@pytest.mark.parametrize("error", [ValueError("planted"), RecursionError(), KeyError("planted")])
def test_a_planted_traceback_is_noticed(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def planted(*_: object) -> None:
        raise error

    monkeypatch.setattr("symnet.cli.read_network", planted)
    assert fuzz_cli.run(20, seed=4)["tracebacks"]
