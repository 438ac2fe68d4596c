"""The comparison with other libraries: what is raced, who is let in, and what the tables say.

No time is looked at here. What needs PyTorch, JAX or Matplotlib runs where they are installed.
"""

import inspect
import json
import math
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

import ablation  # noqa: E402
import contenders  # noqa: E402
import optimizers  # noqa: E402
import plot  # noqa: E402
import racing  # noqa: E402
import tables  # noqa: E402
import training  # noqa: E402
import workloads  # noqa: E402
from contenders import ENTRIES, Entry  # noqa: E402
from racing import Pace, Result  # noqa: E402
from workloads import WORKLOADS, Race, Workload  # noqa: E402

from symnet.network.optimizers import OPTIMIZERS  # noqa: E402

SMALL = Workload("small", (6, 5, 4, 3), "tanh", "softmax", 4, 0.1, 8)
SQUARES = Workload("squares", (5, 4, 2), "sigmoid", "sigmoid", 3, 0.5, 8)
BLINK = Pace(rounds=2, seconds=0.001)


def silent(_: str) -> None:
    pass


def result(name: str, *times: float) -> Result:
    return Result(name, ENTRIES[name].title, 1e-16, times)


# --- what is trained -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "network", "cost", "batch", "parameters"),
    [
        ("W1", "2-3:sigmoid-4:sigmoid-1:sigmoid", "quadratic", 1, 30),
        ("W2", "784-30:sigmoid-10:sigmoid", "quadratic", 10, 23_860),
        ("W3", "784-128:relu-64:relu-10:softmax", "log_likelihood", 64, 109_386),
        ("W4", "784-512:relu-512:relu-10:softmax", "log_likelihood", 256, 669_706),
        (
            "W5",
            "1024-1024:relu-1024:relu-1024:relu-10:softmax",
            "log_likelihood",
            1024,
            3_159_050,
        ),
        ("W6", f"64-{'32:tanh-' * 20}10:softmax", "log_likelihood", 32, 22_474),
    ],
)
def test_workloads_are_what_their_names_say(
    name: str, network: str, cost: str, batch: int, parameters: int
) -> None:
    workload = WORKLOADS[name]
    assert (workload.network, workload.cost, workload.batch) == (network, cost, batch)
    weights = workloads.start(workload)
    assert sum(array.size for array in weights.values()) == parameters
    X, Y = workloads.samples(workload)
    number = batch * workload.batches
    assert X.shape == (number, workload.widths[0])
    assert Y.shape == (number, workload.widths[-1])
    if workload.output == "softmax":
        assert (Y.sum(axis=1) == 1).all()
        assert Y.any(axis=0).all()


def test_all_that_the_issue_names_is_raced() -> None:
    options = training.parser().parse_args([])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(racing, "CORES", [0, 1])
        planned = training.plan(options)
    assert [race.key for race in planned["steps"]] == [
        "W1 float64", "W2", "W3", "W4", "W5", "W6", "W3 Adam",
    ]  # fmt: skip
    assert [race.key for race in planned["fits"]] == ["W2", "W3", "W4"]
    assert [(race.key, race.threads) for race in planned["parallel"]] == [("W4", 2), ("W5", 2)]
    assert len(planned["curves"]) == len(plot.WIDTHS) + len(plot.DEPTHS)


def test_two_threads_need_two_cores() -> None:
    options = training.parser().parse_args([])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(racing, "CORES", [0])
        assert "parallel" not in training.plan(options)


def test_everybody_can_be_made() -> None:
    kinds = contenders.KINDS
    assert [name for name, kind in kinds.items() if inspect.isabstract(kind)] == []


def test_who_takes_part() -> None:
    assert "scalar" in contenders.roster(Race(WORKLOADS["W1"], "float64"))
    assert "torch-fused" not in contenders.roster(Race(WORKLOADS["W3"]))
    assert "torch-fused" in contenders.roster(Race(WORKLOADS["W3"], optimizer="adam"))
    assert "sklearn" in contenders.roster(Race(WORKLOADS["W3"], epochs=5))
    for race in (*training.STEPS, *training.FITS, *training.PARALLEL):
        assert set(contenders.roster(race)) <= ENTRIES.keys()


def test_a_race_survives_json() -> None:
    race = Race(WORKLOADS["W6"], "float64", "adam", 2, 5)
    record = json.loads(json.dumps(training.asdict(race)))
    assert Race.read(record) == race


def test_everybody_begins_a_round_once() -> None:
    orders = [racing.in_turn("abc", round_) for round_ in range(6)]
    assert all(sorted(order) == ["a", "b", "c"] for order in orders)
    assert {order[0] for order in orders} == {"a", "b", "c"}


# --- who is right --------------------------------------------------------------------------------


@pytest.mark.parametrize("workload", [SMALL, SQUARES], ids=lambda workload: workload.name)
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_right_trainers_are_timed(workload: Workload, optimizer: str) -> None:
    race = Race(workload, "float32", optimizer)
    entries = {name: ENTRIES[name] for name in ("numpy", "by-hand")}
    for found in racing.run(race, entries, BLINK, silent):
        assert not found.problem
        assert found.difference is not None
        assert found.difference <= racing.EXACT
        assert len(found.times) == BLINK.rounds
        assert min(found.times) > 0


def test_a_fit_does_the_checked_steps() -> None:
    race = Race(SMALL, epochs=2)
    entries = {name: ENTRIES[name] for name in ("numpy-fit", "numpy")}
    for found in racing.run(race, entries, BLINK, silent):
        assert not found.problem
        assert found.difference is not None
        assert found.difference <= racing.EXACT


# Appended to a trainer: its error is against targets that are not quite those of the batch.
PLANTED = """

class Trainer(Trainer):
    def step(self, X, Y=None):
        x, xT, y = X
        super().step((x, xT, y * {factor}))
"""


@pytest.mark.parametrize(("dtype", "factor"), [("float64", 1 + 1e-9), ("float32", 1.1)])
def test_a_wrong_gradient_is_reported_and_not_timed(dtype: str, factor: float) -> None:
    def text(race: Race, entry: Entry, asked: str) -> str:
        right = racing.trainer_text(race, entry, asked)
        planted = entry.title == "planted" and asked == dtype
        return right + PLANTED.format(factor=factor) if planted else right

    entries = {"numpy": ENTRIES["numpy"], "planted": replace(ENTRIES["numpy"], title="planted")}
    race = Race(SMALL)
    right, planted = racing.run(race, entries, BLINK, silent, text)
    assert right.times
    assert not right.wrong
    assert planted.wrong
    assert not planted.times
    assert f"in {dtype} its weights are off by" in planted.problem
    report = training.Report("", {}, {}, {"steps": [(race, [right, planted])]})
    assert len(list(training.wrong(report))) == 1
    assert "planted" not in tables.plain(tables.steps(report.parts["steps"]))
    assert tables.untimed(report.parts["steps"]) == [
        f"not timed: planted at small: {planted.problem}"
    ]


def test_what_fails_says_why() -> None:
    def text(*_: object) -> str:
        return "raise ValueError('no trainer today')"

    entries = {"numpy": ENTRIES["numpy"]}
    (found,) = racing.run(Race(SMALL), entries, BLINK, silent, text)
    assert found.problem == "ValueError: no trainer today"
    assert not found.wrong
    assert not found.times


def test_a_weight_that_is_no_number_is_wrong(tmp_path: Path) -> None:
    race = Race(SMALL)
    weights = {name: array.copy() for name, array in racing.reference(race).items()}
    weights["b2"][0] = np.nan
    np.savez(tmp_path / "float64.npz", **weights)
    found = racing.difference(race, "float64", tmp_path)
    assert found is not None
    assert math.isnan(found)
    lane = racing.Lane("numpy", race, ENTRIES["numpy"])
    with pytest.raises(racing.NotTimedError, match="off by nan"):
        lane.check(tmp_path)


# Slow: these need the libraries of the extra `bench`, which `make test` does not install.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "package", "optimizer"),
    [
        *(("torch", "torch", optimizer) for optimizer in ("sgd", "adam")),
        ("torch-fused", "torch", "adam"),
        *(("jax", "jax", optimizer) for optimizer in ("sgd", "adam")),
        ("sklearn", "sklearn", "sgd"),  # in its Adam ε has another place
    ],
)
def test_other_libraries_do_the_same(name: str, package: str, optimizer: str) -> None:
    pytest.importorskip(package)
    race = Race(SMALL, optimizer=optimizer, epochs=2 if name == "sklearn" else 0)
    (found,) = racing.run(race, {name: ENTRIES[name]}, BLINK, silent)
    assert not found.problem
    assert found.times


@pytest.mark.slow
def test_optimizers_are_those_of_pytorch() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("scipy")
    found = optimizers.differences()
    assert found.keys() == OPTIMIZERS.keys()
    assert max(off for builds in found.values() for off in builds.values()) <= racing.EXACT


def test_each_optimizer_has_its_class_in_pytorch() -> None:
    assert optimizers.PYTORCH.keys() == OPTIMIZERS.keys()


@pytest.mark.parametrize("off", [1e-9, math.nan])
def test_an_optimizer_that_is_off_is_reported(off: float) -> None:
    found = {"sgd": {"--blas numpy": 1e-16, "--blas scipy": 0.0}, "adam": {"--blas numpy": off}}
    report = training.Report("", {}, {}, {}, found)
    assert list(training.wrong(report)) == [f"wrong: adam, --blas numpy: off by {off:.1e}"]
    table = tables.optimizers({"sgd": found["sgd"]})
    assert table.columns == ("optimizer", "--blas numpy", "--blas scipy")
    assert table.rows == (("sgd", "1e-16", "0"),)


# --- what the tables say -------------------------------------------------------------------------

OUTCOME = (
    Race(WORKLOADS["W3"]),
    [
        result("numpy", 2e-4, 9e-4, 4e-4),  # the median is 4e-4
        result("scipy", 3.2e-4, 3.2e-4, 3.2e-4),
        result("torch", 8e-4, 8e-4, 8e-4),
        result("jax", 3.6e-4, 3.6e-4, 3.6e-4),
        result("products", 2e-4, 2e-4, 2e-4),
    ],
)


def test_ratios_are_of_medians() -> None:
    numpy, _, torch, jax, _ = OUTCOME[1]
    assert numpy.median == 4e-4
    assert tables.ratio(torch, numpy) == 2
    assert tables.ratio(jax, numpy) == pytest.approx(0.9)
    assert tables.ratio(None, numpy) is None
    assert tables.ratio(Result("torch", "PyTorch"), numpy) is None


def test_steps_as_ratios_and_where_we_lose() -> None:
    table = tables.steps([OUTCOME])
    assert table.columns == ("workload", "trainer", "time", "PyTorch", "JAX", "products alone")
    assert table.rows == (
        ("W3", "symnet --blas numpy", "400 µs", "2.00", "**0.90**", "**0.50**"),
        ("W3", "symnet --blas scipy", "320 µs", "2.50", "1.12", "**0.62**"),
    )
    assert table.notes == (
        "Quicker than symnet --blas numpy: JAX at W3 (0.90).",
        "Quicker than symnet --blas scipy: none of them.",
    )


def test_fits_beside_scikit_learn_and_beside_their_steps() -> None:
    race = Race(WORKLOADS["W3"], epochs=5)  # 300 steps
    found = [result("numpy-fit", 1e-3), result("numpy", 8e-4), result("sklearn", 3e-3)]
    assert tables.fits([(race, found)]).rows == (
        ("W3", "symnet --blas numpy", "5", "300 ms", "3.00", "1.25"),
    )


def test_workers_beside_those_who_use_two_cores() -> None:
    race = Race(WORKLOADS["W5"], threads=2)
    found = [result("workers-2", 0.1), result("workers-1", 0.19), result("jax", 0.08)]
    table = tables.parallel([(race, found)])
    assert table.rows == (("W5", "symnet workers=2", "100 ms", "1.90", "**0.80**"),)


def test_differences_by_contender_and_network() -> None:
    race = Race(WORKLOADS["W1"], "float64")
    table = tables.correctness([OUTCOME, (race, [result("numpy", 1.0)])], "PyTorch")
    assert table.columns == ("contender", "W3", "W1")
    assert table.rows[0] == ("symnet --blas numpy", "1e-16", "1e-16")
    assert table.rows[1] == ("symnet --blas scipy", "1e-16", "")


def test_what_leaving_out_a_pass_came_to() -> None:
    whole = Result(tables.WHOLE, "", times=(1e-4,))
    found = [
        whole,
        Result("fold", "", times=(1.5e-4,)),
        Result("lay", "", wrong=True, problem="off by 1"),
        Result("same", "", problem=tables.UNCHANGED),
    ]
    table = tables.ablation("", [(Race(SMALL), found), (Race(SQUARES), [whole])])
    assert table.rows == (
        ("all passes", "100 µs", "100 µs"),
        ("fold", "1.50", "–"),
        ("lay", "needed", "–"),
        ("same", "no change", "–"),
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(2.5, "2.50 s"), (0.0123, "12.3 ms"), (4.56e-4, "456 µs"), (9.999e-6, "10.0 µs")],
)
def test_durations(seconds: float, words: str) -> None:
    assert tables.duration(seconds) == words


def test_markdown_has_date_machine_and_tables() -> None:
    report = made_up()
    lines = report.markdown().splitlines()
    assert lines[0] == "Measured 2030-01-02, Some CPU, 2 cores: NumPy 2.0."
    assert "| workload | trainer | time | PyTorch | JAX | products alone |" in lines
    assert "| --- | --- | ---: | ---: | ---: | ---: |" in lines
    assert "width 8" not in report.markdown()


def test_figures_are_read_again() -> None:
    report = made_up()
    assert training.Report.read(json.loads(json.dumps(report.record()))) == report


def made_up() -> training.Report:
    curves = [
        (Race(workload), [result("numpy", 1e-5 * n), result("torch", 2e-5 * n)])
        for n in (8, 64)
        for workload in (workloads.wide(n), workloads.deep(n))
    ]
    machine: Mapping[str, object] = {"processor": "Some CPU", "cores": 2, "system": "Linux"}
    parts = {"steps": [OUTCOME], "curves": curves}
    return training.Report("2030-01-02", dict(machine), {"NumPy": "2.0"}, parts)


# --- the picture and the command -----------------------------------------------------------------


def test_points_of_a_line() -> None:
    curves = made_up().parts["curves"]
    assert plot.points(curves, "width", "numpy") == [
        (8, pytest.approx(80)),
        (64, pytest.approx(640)),
    ]
    assert plot.points(curves, "depth", "jax") == []


@pytest.mark.slow
def test_the_picture_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    curves, files = made_up().parts["curves"], [tmp_path / "one.svg", tmp_path / "two.svg"]
    for file in files:
        plot.draw(curves, "2030-01-02, Some CPU", file)
    first, second = (file.read_bytes() for file in files)
    assert first.lstrip().startswith(b"<?xml")
    assert first == second


def test_left_out_passes_come_back() -> None:
    usual = ablation.fast.pipeline, ablation.pipeline.BACKENDS["numpy"]
    race, found = Race(SMALL), {}
    for name, entry in ablation.entries(race, "numpy").items():
        try:
            found[name] = ablation.trainer_text(race, entry, "float32")
        except racing.NotTimedError as error:
            found[name] = str(error).partition(":")[0]
    assert found[tables.WHOLE] == racing.trainer_text(race, ENTRIES["numpy"], "float32")
    assert found["fold_biases"] not in ("needed", "no change", found[tables.WHOLE])
    assert {"needed", "no change"} <= set(found.values())
    assert (ablation.fast.pipeline, ablation.pipeline.BACKENDS["numpy"]) == usual


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "benchmarks/training.py", *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
    )


def test_a_quick_run_of_generated_code_alone(tmp_path: Path) -> None:
    file, page = tmp_path / "figures.json", tmp_path / "page.md"
    words = ["--quick", "--only", "numpy,numpy-fit", "--workload", "W2"]
    files = ["--json", str(file), "--markdown", str(page)]
    ended = run(*words, "--rounds", "1", "--seconds", "0.001", *files)
    assert ended.returncode == 0, ended.stderr
    assert "not timed" not in ended.stdout
    parts = json.loads(file.read_text(encoding="utf-8"))["parts"]
    assert list(parts) == ["steps", "fits"]
    assert all(r["times"] for part in parts.values() for race in part for r in race["results"])
    again = run("--from", str(file))
    assert again.returncode == 0, again.stderr
    assert again.stdout == ended.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--only", "abacus"], "'abacus' is none of"),
        (["--rounds", "0"], "'0' is no number from 1 up"),
        (["--json", "no/such/folder.json"], "there is no folder no/such"),
    ],
)
def test_what_cannot_be_run_is_refused(
    words: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["training.py", *words])
    with pytest.raises(SystemExit) as ended:
        training.main()
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
