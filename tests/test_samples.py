"""generated/ is what the generator makes today, byte for byte, and every file of it works."""

import contextlib
import functools
import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import reference
from test_pipeline import trusting

from symnet import cli, demo, pipeline, samples
from symnet.network.architecture import Network
from symnet.samples import SAMPLES, Sample, stale, write

GENERATED = Path(__file__).parent.parent / "generated"

every_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.file)


@pytest.fixture(scope="module", autouse=True)
def _each_sample_is_made_once() -> Iterator[None]:
    """And without waiting for its proof, which tests/test_proof.py is about."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "prove", trusting)
        patch.setattr(samples, "make", functools.lru_cache(samples.make))
        yield


@functools.cache
def module(sample: Sample) -> ModuleType:
    """The committed file as a module."""
    made = ModuleType(sample.file.removesuffix(".py"))
    path = GENERATED / sample.file
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), made.__dict__)
    return made


def network(sample: Sample) -> Network:
    return Network(sample.network, cost=sample.cost)


# --- up to date ----------------------------------------------------------------------------------


@every_sample
def test_the_committed_file_is_what_is_generated(sample: Sample) -> None:
    """`symnet samples` writes them anew."""
    assert (GENERATED / sample.file).read_bytes() == samples.make(sample).encode()


def test_nothing_else_stands_there() -> None:
    assert list(stale(GENERATED)) == []


def test_the_promised_networks_are_among_them() -> None:
    files = [sample.file for sample in SAMPLES]
    assert len(set(files)) == len(files)
    networks = {str(network(sample)) for sample in SAMPLES}
    assert {"2-3-4-1", "784-30-10", str(Network(demo.NETWORK))} <= networks
    assert {sample.dtype for sample in SAMPLES} == {"float32", "float64"}


def test_what_was_written_is_up_to_date(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    paths = write(folder)
    assert [path.name for path in paths] == [sample.file for sample in SAMPLES]
    assert sorted(folder.iterdir()) == sorted(paths)
    assert list(stale(folder)) == []
    assert write(folder) == paths, "written over what is there"
    # A run of a sample leaves this behind.
    (folder / "__pycache__").mkdir()
    assert list(stale(folder)) == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path)
    return tmp_path


def check(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as exit_:
        cli.main(["samples", "--check", "--folder", str(folder)])
    shown = capsys.readouterr()
    return int(exit_.value.code or 0), shown.out, shown.err


def test_check_is_silent_when_all_is_well(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(folder, capsys) == (0, "", "")


def test_check_shows_a_change(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / SAMPLES[0].file
    changed = file.read_text("utf-8").replace("numbers = ", "numbers = 2 * ")
    file.write_text(changed, encoding="utf-8")
    code, out, err = check(folder, capsys)
    assert code == 1
    assert out.startswith(f"--- {file} (committed)\n+++ {file} (made now)\n")
    assert out.count("\n-    numbers = 2 * ") == out.count("\n+    numbers = ") > 0
    assert err == "stale; `symnet samples` writes them anew\n"
    assert len(list(stale(folder))) == 1


def test_check_sees_every_byte(folder: Path) -> None:
    """Line ends of another system, a byte-order mark, what is no UTF-8, one blank."""
    file = folder / SAMPLES[1].file
    right = file.read_bytes()
    for wrong in (
        right.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + right,
        right + b"\n",
        right[:-1],
        right.replace(b"import", b"imp\xffort", 1),
        b"",
    ):
        file.write_bytes(wrong)
        (difference,) = stale(folder)
        assert f"--- {file} (committed)\n" in difference
        assert len(difference.splitlines()) > 3


def test_check_sees_a_missing_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / SAMPLES[2].file).unlink()
    code, out, _ = check(folder, capsys)
    assert (code, out) == (1, f"{folder / SAMPLES[2].file} is missing\n")


def test_check_sees_an_extra_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "old.py").write_text("", encoding="utf-8")
    (folder / "sub").mkdir()
    code, out, _ = check(folder, capsys)
    assert code == 1
    assert out.splitlines() == [
        f"{folder / name} is no sample; symnet/samples.py does not list it"
        for name in ("old.py", "sub")
    ]


def test_check_of_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = check(tmp_path / "nowhere", capsys)
    assert code == 1
    assert out.count("is missing") == len(SAMPLES)
    assert not (tmp_path / "nowhere").exists()


def test_writing_by_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        cli.main(["samples", "--folder", str(tmp_path / "new")])
    assert not exit_.value.code
    names = [str(tmp_path / "new" / sample.file) for sample in SAMPLES]
    assert capsys.readouterr().out.split() == names


# --- at work -------------------------------------------------------------------------------------


@every_sample
def test_its_own_check_passes(sample: Sample) -> None:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert module(sample).main(["check"]) == 0
    assert out.getvalue().strip().endswith("ok")


def test_a_sample_is_a_program(tmp_path: Path) -> None:
    """From another folder, with nothing but NumPy in sight, where a warning is an error."""
    run = subprocess.run(
        [sys.executable, "-I", "-W", "error", str(GENERATED / SAMPLES[0].file), "check"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert "ok" in run.stdout
    assert run.stderr == ""


def data(net: Network, m: int) -> tuple[Any, Any]:
    """Samples and what the outputs should be, where every output depends on the inputs."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(m, int(net.inputs)))
    mixed = np.tanh(X @ rng.normal(size=(X.shape[1], int(net.sizes[-1]))) / np.sqrt(X.shape[1]))
    if net.cost.classifies:
        return X, mixed.argmax(axis=1) if mixed.shape[1] > 1 else (mixed[:, 0] > 0).astype(int)
    return X, 0.5 + 0.4 * np.sign(mixed)


@every_sample
def test_it_learns(sample: Sample) -> None:
    net = network(sample)
    X, y = data(net, 40)
    rate = 3.0 if net.layers[-1].activation.name == "sigmoid" and not net.cost.classifies else 0.1
    trainer = module(sample).Trainer(random_state=0, epochs=100, learning_rate=rate)
    trainer.fit(X, y)
    assert trainer.loss_curve_[-1] < 0.5 * trainer.loss_curve_[0]
    assert trainer.score(X, y) > (0.9 if net.cost.classifies else 0.4)


@every_sample
def test_its_gradients_are_those_of_the_textbook(sample: Sample) -> None:
    net = network(sample)
    X, y = data(net, 2)
    trainer = module(sample).Trainer(random_state=1)
    if net.cost.classifies:
        y = np.eye(int(net.sizes[-1]))[y] if net.sizes[-1] != 1 else np.array(y, float)[:, None]
    activations = [layer.activation.name for layer in net.layers]
    weights = {name: np.array(value, float) for name, value in trainer.weights.items()}
    wanted = reference.gradients(reference.layers(weights, activations), X, y, net.cost.name)
    limit = 1e-10 if sample.dtype == "float64" else 1e-4
    for name, gradient in trainer.gradients(X, y).items():
        assert gradient.dtype == np.dtype(sample.dtype)
        np.testing.assert_allclose(gradient, wanted[name], limit, limit, err_msg=name)
