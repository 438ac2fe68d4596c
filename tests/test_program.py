"""The program of a generated trainer: its files of data, its checkpoints, its pictures.

Files that are mapped give what arrays in memory give, bit for bit; a table means the same in every
dialect; and whatever goes wrong is said in words, while what was saved stays.
"""

import os
import re
import resource
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import fuzz_program
import numpy as np
import pytest
import test_trainer
from test_trainer import BINARY, REGRESSOR, RELU, SCALAR, SOFTMAX, WIDE, Net, same, write_csv

_shared_folder = test_trainer._shared_folder

NETS = [REGRESSOR, WIDE, BINARY, SOFTMAX, RELU, SCALAR]
each_net = pytest.mark.parametrize("net", NETS, ids=lambda net: net.name)


def loaded(net: Net, path: Path) -> Any:
    return net.module.Trainer().load(path)


# --- data that is not copied ---------------------------------------------------------------------


def little_is_large(net: Net, patch: pytest.MonkeyPatch, mixed: int = 16) -> None:
    """Limits as if a few samples were millions."""
    for name, value in (("MAPPED", 8), ("MIXED", mixed), ("BLOCK", 4), ("CHECKED", 20)):
        patch.setattr(net.module, name, value)


@each_net
@pytest.mark.parametrize("shuffle", ["--shuffle", "--no-shuffle"])
@pytest.mark.parametrize("more", [[], ["--validation-fraction", "0.3"], ["--standardize"]], ids=str)
def test_a_mapped_file_gives_what_its_arrays_give(
    net: Net, shuffle: str, more: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y = net.data(71)
    little_is_large(net, monkeypatch)
    np.save(tmp_path / "table.npy", np.column_stack([X, y]))
    np.savez(tmp_path / "arrays.npz", X=X, y=y)
    options = ["--epochs", 3, "--random-state", 1, "--batch-size", 4, shuffle, *more]
    options += ["--learning-rate", 0.05]
    results = []
    for file, limit in (("table.npy", 8), ("arrays.npz", 8), ("table.npy", 10**6)):
        monkeypatch.setattr(net.module, "MAPPED", limit)
        is_mapped = isinstance(net.module._read(str(tmp_path / file), None)[0], np.memmap)
        assert (
            is_mapped == (limit == 8 and X.size > 8 and file == "table.npy") or file != "table.npy"
        )
        printed = net.run("fit", file, *options, cwd=tmp_path)
        results.append((printed.splitlines()[-1], (tmp_path / "weights.npz").read_bytes()))
    assert results[0] == results[1] == results[2]
    if shuffle == "--shuffle" and not more:
        lines = [net.run("predict", f, cwd=tmp_path) for f in ("table.npy", "arrays.npz")]
        assert lines[0] == lines[1]
        assert lines[0].count("\n") == 71


def test_columns_of_a_mapped_table_may_stand_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y = BINARY.data(50)
    np.save(tmp_path / "table.npy", np.column_stack([X[:, 0], y, X[:, 1:]]))
    options = ["--epochs", 2, "--random-state", 1, "--target", 2]
    BINARY.run("fit", "table.npy", *options, cwd=tmp_path)
    small = (tmp_path / "weights.npz").read_bytes()
    monkeypatch.setattr(BINARY.module, "MAPPED", 8)
    BINARY.run("fit", "table.npy", *options, cwd=tmp_path)
    assert (tmp_path / "weights.npz").read_bytes() == small


@each_net
def test_what_is_wrong_in_a_mapped_file_is_found(
    net: Net, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y = net.data(71)
    little_is_large(net, monkeypatch)
    table = np.column_stack([X, y])
    table[66, 1] = np.nan
    np.save(tmp_path / "table.npy", table)
    printed = net.run("fit", "table.npy", cwd=tmp_path, code=2)
    assert re.search(r"among the samples from \d+ on, X\[\d, 1\] is NaN", printed)
    if net.classifies:
        table[66, 1], table[69, -1] = 0, 77
        np.save(tmp_path / "table.npy", table)
        printed = net.run("fit", "table.npy", cwd=tmp_path, code=2)
        assert re.search("label", printed)
    with pytest.raises(ValueError, match="X has 71 samples, but y has 70"):
        net.trainer().fit(np.load(tmp_path / "table.npy", mmap_mode="r")[:, : X.shape[1]], y[:-1])


@pytest.mark.parametrize("count", [17, 64, 71, 1000])
def test_an_order_in_blocks_takes_every_sample_once(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    little_is_large(REGRESSOR, monkeypatch)
    order = REGRESSOR.module._order(count, np.random.default_rng(0))
    whole = order(0, count)
    assert sorted(whole) == list(range(count))
    assert whole.tolist() != list(range(count))
    for first, last in ((0, 1), (3, 20), (15, 17), (count - 3, count)):
        assert order(first, last).tolist() == whole[first:last].tolist()
    assert (
        REGRESSOR.module._order(count, np.random.default_rng(1))(0, count).tolist()
        != whole.tolist()
    )


def test_a_sample_may_come_anywhere_in_an_order_of_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    little_is_large(REGRESSOR, monkeypatch)
    random = np.random.default_rng(0)
    places = [REGRESSOR.module._order(70, random)(0, 70).tolist() for _ in range(2000)]
    for sample in (0, 1, 35, 69):
        found = np.array([order.index(sample) for order in places])
        assert abs(found.mean() - 34.5) < 2
        assert {*range(0, 70, 10)} <= {*(found // 10 * 10)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "rows", "columns"),
    [("783-16:relu-1", 640_000, 784), ("4-8:relu-1", 100_000_000, 5)],
)
def test_four_gigabytes_take_little_memory(
    network: str, rows: int, columns: int, tmp_path: Path
) -> None:
    """A sparse file; after some epochs' time the program is told to end."""
    net = Net(network, "cross_entropy")
    with (tmp_path / "table.npy").open("wb") as file:
        said = {"descr": "<f8", "fortran_order": False, "shape": (rows, columns)}
        np.lib.format.write_array_header_1_0(file, said)
        file.truncate(file.tell() + rows * columns * 8)
    table = np.load(tmp_path / "table.npy", mmap_mode="r+")
    table[:500] = np.random.default_rng(0).normal(size=(500, columns))
    table[:500, -1] = np.arange(500) % 2
    table.flush()
    command = [sys.executable, str(net.path), "fit", "table.npy", "--batch-size", "1000"]
    with subprocess.Popen(
        [*command, "--epochs", "1"], cwd=tmp_path, stderr=subprocess.DEVNULL
    ) as run:
        most, begun, told = 0, time.monotonic(), False
        while run.poll() is None:
            status = Path(f"/proc/{run.pid}/status").read_text(encoding="utf-8")
            most = max([most, *(int(kb) for kb in re.findall(r"RssAnon:\s+(\d+)", status))])
            if time.monotonic() - begun > 60 and not told:
                run.terminate()  # once: a second time would end it without a word
                told = True
            time.sleep(0.05)
    assert run.returncode in (0, 143)
    assert 0 < most < 300_000


# --- standardized inputs -------------------------------------------------------------------------


@each_net
def test_standardized_inputs_are_standardized_everywhere(net: Net, tmp_path: Path) -> None:
    X, y = net.data(40)
    far = X * 1e3 + 1e6
    far[:, 0] = 7  # a constant stays one
    centred = (far - far.mean(axis=0)) / np.where(far.std(axis=0) > 0, far.std(axis=0), 1)
    plain = net.trainer(learning_rate=0.05).fit(centred, y)
    trainer = net.trainer(learning_rate=0.05).standardize(far).fit(far, y)
    tolerance = {"rtol": 1e-4, "atol": 1e-4}
    for name, array in trainer.weights.items():
        np.testing.assert_allclose(array, plain.weights[name], **tolerance)
    trainer.save(tmp_path / "w.npz")
    again = loaded(net, tmp_path / "w.npz")
    assert np.array_equal(again.predict(far), trainer.predict(far))
    assert again.cost(far, y) == trainer.cost(far, y)
    assert again.score(far, y) == trainer.score(far, y)
    assert not np.array_equal(again.mean_, np.zeros(X.shape[1]))
    plain.save(tmp_path / "w.npz")
    assert again.load(tmp_path / "w.npz").mean_ is None


def test_the_program_standardizes(tmp_path: Path) -> None:
    X, y = SOFTMAX.data(40)
    write_csv(tmp_path / "data.csv", X * 50 + 1e4, y)
    options = ["--epochs", 3, "--random-state", 1]
    SOFTMAX.run("fit", "data.csv", "--standardize", *options, cwd=tmp_path)
    first = loaded(SOFTMAX, tmp_path / "weights.npz")
    expected = SOFTMAX.trainer().standardize(X * 50 + 1e4).fit(X * 50 + 1e4, y)
    assert same(first.weights, expected.weights)
    resume = ["--resume", "weights.npz", "--epochs", 1]
    SOFTMAX.run("fit", "data.csv", "--standardize", *resume, cwd=tmp_path)
    assert np.array_equal(loaded(SOFTMAX, tmp_path / "weights.npz").mean_, first.mean_)
    SOFTMAX.run("fit", "data.csv", *options, cwd=tmp_path)
    printed = SOFTMAX.run("fit", "data.csv", "--standardize", *resume, cwd=tmp_path, code=2)
    assert "was trained on inputs that are not standardized" in printed


def test_what_cannot_be_standardized_is_refused() -> None:
    X, _ = REGRESSOR.data()
    trainer = REGRESSOR.trainer()
    for wrong in (X[:, :1], X * np.nan, X.astype(complex), X[:0], X * 1e307 * [1, 0]):
        with pytest.raises((TypeError, ValueError)):
            trainer.standardize(wrong)
        assert trainer.mean_ is None


# --- dialects of tables --------------------------------------------------------------------------

DIALECTS = {
    "semicolons": lambda text: text.replace(",", ";"),
    "decimal commas": lambda text: text.replace(",", ";").replace(".", ","),
    "tabs": lambda text: text.replace(",", "\t"),
    "tabs and decimal commas": lambda text: text.replace(",", "\t").replace(".", ","),
    "a header": lambda text: "größe,b,label\n" + text,
    "a header and semicolons": lambda text: ("größe,b,label\n" + text).replace(",", ";"),
    "lines of Windows": lambda text: text.replace("\n", "\r\n"),
    "quotes": lambda text: re.sub(r"[^,\n]+", r'"\g<0>"', text),
    "no last line end": lambda text: text.rstrip("\n"),
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_table_means_the_same_in_every_dialect(
    dialect: str, encoding: str, tmp_path: Path
) -> None:
    net = Net("2-4:relu-3:softmax", "log_likelihood")
    X, y = net.data()
    names = np.array(["grün", "rot, hell" if dialect == "quotes" else "rot", "blau"])[y]
    rows = zip(X.round(3).tolist(), names, strict=True)
    text = "".join(",".join([*map(repr, x), name]) + "\n" for x, name in rows)
    if dialect == "quotes":
        text = "".join(
            f'"{a}","{b}","{c}"\n' for (a, b), c in zip(X.round(3).tolist(), names, strict=True)
        )
    else:
        text = DIALECTS[dialect](text)
    (tmp_path / "data.csv").write_bytes(text.encode(encoding))
    net.run("fit", "data.csv", "--epochs", 2, "--random-state", 1, cwd=tmp_path)
    trainer = loaded(net, tmp_path / "weights.npz")
    expected = net.module.Trainer(epochs=2, random_state=1).fit(X.round(3), names)
    assert same(trainer.weights, expected.weights)
    assert trainer.classes_.tolist() == sorted(set(names.tolist()))


def test_a_decimal_comma_among_commas_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text('1,"1,5",3\n1,2,3\n', encoding="utf-8")
    printed = REGRESSOR.run("fit", "data.csv", cwd=tmp_path, code=2)
    assert "data.csv, row 1, column 2: '1,5' is not a number" in printed


# --- checkpoints of the program ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("every", "saves"), [("never", 1), ("1", 19), ("5", 4), ("0s", 4), ("99s", 1)]
)
def test_checkpoints_come_when_they_should(
    every: str, saves: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three epochs of six steps are one piece each here, where nothing else cuts them."""
    write_csv(tmp_path / "data.csv", *REGRESSOR.data(23))
    written: list[str] = []
    write = REGRESSOR.module._write
    monkeypatch.setattr(
        REGRESSOR.module, "_write", lambda path, parts: written.append(path) or write(path, parts)
    )
    options = ["--epochs", 3, "--batch-size", 4, "--checkpoint-every", every]
    REGRESSOR.run("fit", "data.csv", *options, cwd=tmp_path)
    assert set(written) == {"weights.npz"}
    assert len(written) in (saves, saves + 3)  # the last batch, which is smaller, is its own piece


@pytest.mark.parametrize("every", ["0", "-1", "x", "1.5", "-1s", "nans", "s", ""])
def test_bad_moments_are_refused(every: str, tmp_path: Path) -> None:
    printed = REGRESSOR.run("fit", "d.csv", f"--checkpoint-every={every}", cwd=tmp_path, code=2)
    assert "--checkpoint-every" in printed


def test_a_disk_that_is_full_for_a_while_is_reported_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_csv(tmp_path / "data.csv", *REGRESSOR.data(23))
    write, calls = REGRESSOR.module._write, iter(range(100))

    def full(path: str, parts: Any) -> None:
        if 3 <= next(calls) < 8:
            raise OSError(28, "No space left on device")
        write(path, parts)

    monkeypatch.setattr(REGRESSOR.module, "_write", full)
    options = ["--epochs", 3, "--batch-size", 4, "--checkpoint-every", 1, "--random-state", 1]
    printed = REGRESSOR.run("fit", "data.csv", *options, cwd=tmp_path)
    assert printed.count("weights.npz cannot be written (No space left on device)") == 1
    assert printed.count("weights.npz is written again") == 1
    expected = REGRESSOR.trainer(batch_size=4).fit(*REGRESSOR.data(23))
    assert same(loaded(REGRESSOR, tmp_path / "weights.npz").weights, expected.weights)


def test_what_cannot_be_saved_in_the_end_goes_among_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_csv(tmp_path / "data.csv", *REGRESSOR.data(23))
    write = REGRESSOR.module._write

    def full(path: str, parts: Any) -> None:
        if path == "weights.npz":
            raise OSError(28, "No space left on device")
        write(path, parts)

    monkeypatch.setattr(REGRESSOR.module, "_write", full)
    monkeypatch.setattr(REGRESSOR.module.tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    options = ["--epochs", 3, "--random-state", 1]
    printed = REGRESSOR.run("fit", "data.csv", *options, cwd=tmp_path, code=1)
    (spare,) = (tmp_path / "tmp").iterdir()
    assert f"trying {spare}" in printed
    expected = REGRESSOR.trainer().fit(*REGRESSOR.data(23))
    assert same(loaded(REGRESSOR, spare).weights, expected.weights)


def test_a_real_limit_of_a_file_is_no_traceback(tmp_path: Path) -> None:
    """RLIMIT_FSIZE in a process of its own, as a disk that is full."""
    write_csv(tmp_path / "data.csv", *REGRESSOR.data(23))
    (tmp_path / "weights.npz").write_text("old")

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))

    command = [sys.executable, "-B", str(REGRESSOR.path), "fit", "data.csv", "--epochs", "2"]
    done = subprocess.run(
        [*command, "--checkpoint-every", "1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        preexec_fn=limit,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.count("weights.npz cannot be written (File too large); training") == 1
    assert (tmp_path / "weights.npz").read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["data.csv", "weights.npz"]


def test_two_trainings_do_not_write_to_one_file(tmp_path: Path) -> None:
    write_csv(tmp_path / "data.csv", *REGRESSOR.data(23))
    (tmp_path / "weights.npz.lock").write_text("left by a killed program")
    command = [sys.executable, str(REGRESSOR.path), "fit", "data.csv", "--epochs", "1000000"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE) as run:
        while not (tmp_path / "weights.npz").exists():
            printed = REGRESSOR.run("evaluate", "data.csv", cwd=tmp_path, code=2)
            time.sleep(0.2)
            if time.monotonic() and (tmp_path / "weights.npz.lock").stat().st_size == 0:
                break
            with (tmp_path / "weights.npz.lock").open("a") as file:
                try:
                    REGRESSOR.module._lock(file)
                except OSError:
                    break
        assert "No such file" in printed
        printed = REGRESSOR.run("fit", "data.csv", cwd=tmp_path, code=2)
        assert "weights.npz is being written by another training" in printed
        REGRESSOR.run("fit", "data.csv", "--save", "v.npz", "--epochs", 1, cwd=tmp_path)
        run.kill()
    REGRESSOR.run("fit", "data.csv", "--epochs", 1, cwd=tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["data.csv", "v.npz", "weights.npz"]


def test_what_a_killed_program_left_is_cleared_away(tmp_path: Path) -> None:
    write_csv(tmp_path / "data.csv", *REGRESSOR.data(23))
    for name in ("weights.npz.12.part", "weights.npz.lock", "w.npz.12.part"):
        (tmp_path / name).write_text("half")
    REGRESSOR.run("fit", "data.csv", "--epochs", 1, cwd=tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["data.csv", "w.npz.12.part", "weights.npz"]


def test_a_finished_training_goes_on_only_if_told_how_long(tmp_path: Path) -> None:
    X, y = REGRESSOR.data(23)
    write_csv(tmp_path / "data.csv", X, y)
    options = ["--epochs", 3, "--random-state", 1]
    REGRESSOR.run("fit", "data.csv", *options, cwd=tmp_path)
    before = (tmp_path / "weights.npz").read_bytes()
    printed = REGRESSOR.run("fit", "data.csv", "--resume", "weights.npz", cwd=tmp_path)
    assert "is of a finished training; --epochs trains more" in printed
    assert (tmp_path / "weights.npz").read_bytes() == before
    REGRESSOR.run("fit", "data.csv", "--resume", "weights.npz", "--epochs", 2, cwd=tmp_path)
    whole = REGRESSOR.trainer().fit(X, y, epochs=5)
    assert same(loaded(REGRESSOR, tmp_path / "weights.npz").weights, whole.weights)
    (tmp_path / "data.csv").unlink()


def test_an_interrupted_training_wants_its_data_and_more_epochs(tmp_path: Path) -> None:
    X, y = REGRESSOR.data(23)
    write_csv(tmp_path / "data.csv", X, y)
    write_csv(tmp_path / "other.csv", X + 1, y)

    def between(trainer: Any, count: int) -> None:
        if trainer.n_iter_ == 2:
            trainer.save(tmp_path / "w.npz")

    trainer = REGRESSOR.trainer(epochs=6)
    trainer._between = between
    trainer.fit(X, y)
    resume = ["--resume", "w.npz"]
    printed = REGRESSOR.run("fit", "other.csv", *resume, cwd=tmp_path, code=2)
    assert "the interrupted training was on other data" in printed
    printed = REGRESSOR.run("fit", "data.csv", *resume, "--epochs", 2, cwd=tmp_path, code=2)
    assert "w.npz has 2 epochs already: give more --epochs" in printed
    REGRESSOR.run("fit", "data.csv", *resume, "--save", "v.npz", cwd=tmp_path)
    assert same(loaded(REGRESSOR, tmp_path / "v.npz").weights, trainer.weights)
    abandon = [*resume, "--abandon", "--epochs", 3]
    REGRESSOR.run("fit", "other.csv", *abandon, cwd=tmp_path)
    assert loaded(REGRESSOR, tmp_path / "w.npz").n_iter_ == 5


def test_validation_and_patience_are_options(tmp_path: Path) -> None:
    X, y = SOFTMAX.data(60)
    write_csv(tmp_path / "data.csv", X, y)
    write_csv(tmp_path / "held.csv", *SOFTMAX.data(30, seed=3))
    options = ["--epochs", 400, "--learning-rate", 2, "--random-state", 1, "--patience", 3]
    printed = SOFTMAX.run("fit", "data.csv", *options, "--validation", "held.csv", cwd=tmp_path)
    assert "no lower cost in 3 epochs; the best weights are kept" in printed
    trainer = loaded(SOFTMAX, tmp_path / "weights.npz")
    assert len(trainer.validation_curve_) == trainer.n_iter_ < 400
    SOFTMAX.run("fit", "data.csv", *options, "--validation-fraction", 0.2, cwd=tmp_path)


# --- pictures ------------------------------------------------------------------------------------


def test_plot_draws_both_curves(tmp_path: Path) -> None:
    X, y = SOFTMAX.data(60)
    trainer = SOFTMAX.trainer(epochs=12, validation_fraction=0.3).fit(X, y)
    trainer.save(tmp_path / "weights.npz")
    SOFTMAX.run("plot", cwd=tmp_path)
    SOFTMAX.run("plot", "weights.npz", "-o", "other.svg", cwd=tmp_path)
    assert (tmp_path / "loss.svg").read_bytes() == (tmp_path / "other.svg").read_bytes()
    svg = ET.parse(tmp_path / "loss.svg").getroot()
    lines = svg.findall("{*}polyline")
    assert [line.get("class") for line in lines] == ["training", "validation"]
    for line in lines:
        points = [tuple(map(float, point.split(","))) for point in line.get("points", "").split()]
        assert len(points) == 12
        assert all(80 <= x <= 620 and 50 <= y <= 350 for x, y in points)
    texts = [text.text for text in svg.findall("{*}text")]
    assert SOFTMAX.module.NETWORK in texts
    assert {"epoch", "cost", "5", "10"} <= set(texts)


@pytest.mark.parametrize(
    "curve",
    [
        [0.0, 0.0],
        [5.0],
        [1e-300, 1e300],
        [-1.0, -2.0],
        [0.0, 1e-20],
        [1.0, float("inf")],
        [float("inf")],
        [3.0 * 0.5**k for k in range(60)],
        [0.7 + 1e-9 * k for k in range(5)],
    ],
    ids=str,
)
def test_any_curve_can_be_drawn(curve: list[float]) -> None:
    text = REGRESSOR.module._picture({"training": curve})
    svg = ET.fromstring(text)
    assert "nan" not in text
    texts = [x.text or "" for x in svg.findall("{*}text") if x.get("x") == "72"]
    ticks = [float(text) for text in texts if text != "cost"]
    assert 2 <= len(ticks) <= 16
    assert len(set(ticks)) == len(ticks) == len(sorted(ticks))


def test_a_file_without_epochs_is_not_drawn(tmp_path: Path) -> None:
    REGRESSOR.trainer().save(tmp_path / "weights.npz")
    assert "has no whole epoch yet" in REGRESSOR.run("plot", cwd=tmp_path, code=2)


# --- chance --------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")
def test_nothing_that_chance_writes_is_a_traceback() -> None:
    figures = fuzz_program.run(1000, 0)
    assert figures["tracebacks"] == 0
    assert figures["exit 0"] > 100


# --- what seldom happens -------------------------------------------------------------------------


def test_a_forged_standardization_is_refused(tmp_path: Path) -> None:
    X, _ = REGRESSOR.data()
    trainer = REGRESSOR.trainer().standardize(X)
    for scale in (np.zeros(2), np.array([1, np.nan])):
        trainer.scale_ = scale
        trainer.save(tmp_path / "w.npz")
        with pytest.raises(ValueError, match="holds no way to standardize inputs"):
            REGRESSOR.trainer().load(tmp_path / "w.npz")


def test_a_lock_whose_file_was_just_removed_is_taken_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the one who had it removed it between opening and locking."""
    answers = iter([False, True])
    monkeypatch.setattr(REGRESSOR.module.os.path, "samestat", lambda *_: next(answers))
    with REGRESSOR.module._locked(tmp_path / "w.npz"):
        assert os.listdir(tmp_path) == ["w.npz.lock"]
    assert os.listdir(tmp_path) == []


def test_windows_locks_in_its_own_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []
    windows = type(sys)("msvcrt")
    windows.__dict__.update(LK_NBLCK=2, locking=lambda *given: asked.append(given))
    monkeypatch.setitem(sys.modules, "msvcrt", windows)
    with (tmp_path / "lock").open("a") as file, monkeypatch.context() as patch:
        patch.setattr(REGRESSOR.module.os, "name", "nt")
        REGRESSOR.module._lock(file)
        assert asked == [(file.fileno(), 2, 1)]
        (tmp_path / "w").write_bytes(b"old")
    assert sorted(os.listdir(tmp_path)) == ["lock", "w"]


def test_a_long_epoch_is_shown_before_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_csv(tmp_path / "data.csv", *REGRESSOR.data(23))
    clock = iter(range(0, 10**6, 61))
    monkeypatch.setattr(REGRESSOR.module.time, "monotonic", lambda: next(clock))
    options = ["--epochs", 2, "--batch-size", 4, "--checkpoint-every", 2]
    printed = REGRESSOR.run("fit", "data.csv", *options, "--validation-fraction", 0.2, cwd=tmp_path)
    assert re.search(r"epoch 1 of 2, cost [\d.]+, \d+ steps/s, \d+:\d\d:\d\d left", printed)
    assert re.search(r"epoch 2 of 2, cost [\d.]+, in validation 0\.", printed)
