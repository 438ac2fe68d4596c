"""Checkpoints: what is saved at any moment goes on bit for bit, and nothing else is taken for one.

The laws: a training that is saved between any two steps, loaded elsewhere and finished ends with
the same file as one that nobody disturbed; when and how often it is saved changes nothing; and a
file that is not just what `save` wrote is refused before anything changes.
"""

import hashlib
import io
import itertools
import json
import os
import resource
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chaos
import numpy as np
import pytest
import test_trainer
from test_trainer import DECAYING, REGRESSOR, RELU, SCALAR, SOFTMAX, Net, copy, memory, same

_shared_folder = test_trainer._shared_folder

OPTIMIZERS = ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"]
EACH = [
    Net("3-5:tanh-2", "quadratic", style=style, optimizer=optimizer)
    for style in ("array", "scalar")
    for optimizer in OPTIMIZERS
]
EACH += [RELU, SOFTMAX, DECAYING]
each_net = pytest.mark.parametrize("net", EACH, ids=lambda net: net.name)

SETTINGS: dict[str, Any] = {"learning_rate": 0.05, "batch_size": 4, "random_state": 3, "epochs": 5}


def saved(trainer: Any, folder: Path, name: str = "w.npz") -> bytes:
    """The bytes of the file that this trainer saves."""
    trainer.save(folder / name)
    return (folder / name).read_bytes()


# --- going on ------------------------------------------------------------------------------------


@each_net
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"shuffle": False},
        {"validation_fraction": 0.2, "patience": 1},
        {"patience": 2, "learning_rate": 0.2},
        {"workers": 2},
    ],
    ids=str,
)
def test_a_checkpoint_between_any_two_steps_goes_on_bit_for_bit(
    net: Net, more: dict[str, Any], tmp_path: Path
) -> None:
    X, y = net.data()
    settings = SETTINGS | more
    if "cosine" in net.name:
        settings |= {"total_steps": 30}
    whole = net.module.Trainer(**settings).fit(X, y)
    expected = saved(whole, tmp_path)
    watched = net.module.Trainer(**settings)
    files: list[bytes] = []
    watched._between = lambda trainer, count: files.append(saved(trainer, tmp_path, "part.npz"))
    watched._every = 2
    watched.fit(X, y)
    assert saved(watched, tmp_path) == expected  # that it was saved changes nothing
    assert len(files) > 2 * whole.n_iter_
    for content in files[:: max(1, len(files) // 6)]:
        (tmp_path / "part.npz").write_bytes(content)
        resumed = net.module.Trainer(epochs=77).load(tmp_path / "part.npz").fit(X, y)
        assert resumed.epochs == 77
        assert saved(resumed, tmp_path) == expected
        assert resumed.loss_curve_ == whole.loss_curve_
        assert resumed.validation_curve_ == whole.validation_curve_


@each_net
def test_what_a_callback_saves_goes_on_too(net: Net, tmp_path: Path) -> None:
    """Also after the last epoch, when there is nothing left to do."""
    X, y = net.data()
    files: list[bytes] = []

    def callback(trainer: Any, epoch: int, cost: float) -> None:
        files.append(saved(trainer, tmp_path))

    settings = SETTINGS | {"validation_fraction": 0.3, "patience": 3}
    expected = saved(net.module.Trainer(**settings).fit(X, y, callback=callback), tmp_path)
    for content in files:
        (tmp_path / "part.npz").write_bytes(content)
        resumed = net.module.Trainer().load(tmp_path / "part.npz").fit(X, y)
        assert saved(resumed, tmp_path) == expected


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    X, y = SOFTMAX.data()
    first, second = (saved(SOFTMAX.trainer().fit(X, y), tmp_path) for _ in range(2))
    assert first == second


def test_a_batch_size_may_change_between_and_epochs_be_given(tmp_path: Path) -> None:
    X, y = REGRESSOR.data()
    trainer = interrupted(REGRESSOR, tmp_path, after=3)
    trainer.set_params(batch_size=5).fit(X, y, epochs=1)
    assert trainer.n_iter_ == 1
    assert trainer._run is None


def interrupted(net: Net, folder: Path, after: int, **settings: Any) -> Any:
    """A trainer that was loaded from what was saved after so many steps."""
    steps = itertools.count(1)
    trainer = net.module.Trainer(**SETTINGS | settings)
    trainer._every = 1

    def between(trainer: Any, count: int) -> None:
        if next(steps) == after:
            trainer.save(folder / "interrupted.npz")

    trainer._between = between
    trainer.fit(*net.data())
    return net.module.Trainer().load(folder / "interrupted.npz")


def test_an_interrupted_training_goes_on_with_its_own_data_alone(tmp_path: Path) -> None:
    X, y = REGRESSOR.data()
    trainer = interrupted(REGRESSOR, tmp_path, after=8)
    before = memory(trainer)
    for wrong in ((X[1:], y[1:]), (X + 1e-9, y), (X, y[::-1])):
        with pytest.raises(ValueError, match=r"was on other data.*; abandon\(\) ends it"):
            trainer.fit(*wrong)
        assert memory(trainer) == before
    with pytest.raises(ValueError, match="put other samples aside"):
        trainer.fit(X, y, validation=(X, y))
    assert memory(trainer) == before
    curve = list(trainer.loss_curve_)
    trainer.abandon().fit(X + 1e-9, y, epochs=2)
    assert trainer.loss_curve_[:-2] == curve
    finished = REGRESSOR.trainer().fit(X, y)
    finished.save(tmp_path / "w.npz")
    REGRESSOR.module.Trainer().load(tmp_path / "w.npz").fit(X[1:], y[1:])


# --- validation and early stopping ---------------------------------------------------------------


@pytest.mark.parametrize("net", [REGRESSOR, SCALAR, SOFTMAX, RELU], ids=lambda net: net.name)
def test_the_best_weights_are_kept(net: Net) -> None:
    X, y = net.data(60)
    Xv, yv = net.data(30, seed=5)
    seen: list[Any] = []

    def callback(trainer: Any, epoch: int, cost: float) -> None:
        seen.append((copy(trainer.weights), trainer.cost(Xv, yv)))

    rate = 0.1 if net is RELU else 1.2
    settings = {"learning_rate": rate, "batch_size": 3, "epochs": 60, "patience": 4}
    trainer = net.trainer(**settings).fit(X, y, validation=(Xv, yv), callback=callback)
    costs = [cost for _, cost in seen]
    assert trainer.validation_curve_ == pytest.approx(costs, rel=1e-6)
    best = int(np.argmin(trainer.validation_curve_))
    assert same(trainer.weights, seen[best][0])
    assert trainer.n_iter_ == len(costs) == best + 1 + 4 < 60


def test_without_validation_the_cost_in_training_counts() -> None:
    X, y = REGRESSOR.data()
    trainer = REGRESSOR.trainer(learning_rate=0.0, epochs=50, patience=3, shuffle=False).fit(X, y)
    assert trainer.n_iter_ == 4
    assert list(trainer.validation_curve_) == []


@pytest.mark.parametrize("net", [REGRESSOR, SCALAR, SOFTMAX], ids=lambda net: net.name)
def test_a_share_put_aside_is_not_trained_on(net: Net) -> None:
    X, y = net.data(40)
    trainer = net.trainer(validation_fraction=0.25, shuffle=False, epochs=2)
    taken: list[int] = []
    plain = net.module._fingerprint
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(net.module, "_fingerprint", lambda *a: taken.extend(map(len, a)) or plain(*a))
        trainer.fit(X, y)
    assert taken == [30, 30, 10, 10]
    assert len(trainer.validation_curve_) == 2
    for fraction in (0.001, 0.999):
        before = memory(trainer)
        with pytest.raises(ValueError, match="leaves none to train on, or to measure"):
            trainer.set_params(validation_fraction=fraction).fit(X, y)
        assert memory(trainer.set_params(validation_fraction=0.25)) == before


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"validation_fraction": 1.0}, "validation_fraction must be a number from 0 up and less"),
        ({"validation_fraction": -0.1}, "validation_fraction"),
        ({"patience": 0}, "patience must be a whole number from 1 up, not 0"),
        ({"patience": 1.5}, "patience"),
    ],
)
def test_bad_settings_of_validation_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        REGRESSOR.trainer(**settings).fit(*REGRESSOR.data())


def test_bad_validation_changes_nothing() -> None:
    X, y = SOFTMAX.data()
    trainer = SOFTMAX.trainer().fit(X, y)
    before = memory(trainer)
    for wrong in ((X[:, 1:], y), (X, y[1:]), (X, y + 5), (X,)):
        with pytest.raises((TypeError, ValueError)):
            trainer.fit(X, y, validation=wrong)
        assert memory(trainer) == before


def test_a_second_training_has_a_validation_curve_of_its_own() -> None:
    X, y = REGRESSOR.data()
    trainer = REGRESSOR.trainer(validation_fraction=0.3).fit(X, y)
    trainer.set_weights(trainer.weights)
    assert len(trainer.set_params(validation_fraction=0.0).fit(X, y).validation_curve_) == 0


# --- divergence ----------------------------------------------------------------------------------


@pytest.mark.parametrize("net", [RELU, Net("2-3:relu-1:identity", "quadratic", style="scalar")])
@pytest.mark.parametrize("batch_size", [1, 5])
def test_divergence_names_the_step_and_keeps_what_was_good(net: Net, batch_size: int) -> None:
    X, y = net.data(300)
    bad = 203  # X explodes there
    X[bad] = 1e30 if net.dtype == "float32" else 1e200
    settings = {"batch_size": batch_size, "shuffle": False, "learning_rate": 0.01}
    trainer = net.trainer(**settings)
    with pytest.raises(FloatingPointError) as caught:
        trainer.fit(X, y)
    told = str(caught.value)
    step = bad // batch_size + 1
    assert f"in step {step}, in epoch 1; the parameters after step " in told
    assert "try a smaller learning_rate, or inputs of mean 0 and deviation 1" in told
    assert ("float64" in told) == (net.dtype == "float32")
    kept = int(told.split("after step ")[1].split()[0])
    assert 0 <= kept < step
    by_hand = net.trainer(**settings)
    for first in range(0, kept * batch_size, batch_size):
        by_hand.step(X[first : first + batch_size], y[first : first + batch_size])
    assert same(trainer.weights, by_hand.weights)
    trainer.partial_fit(X[:50], y[:50])


# --- files that are refused ----------------------------------------------------------------------


def refused(net: Net, path: Path, content: bytes, message: str = ".") -> None:
    """A trainer refuses this file, with these words, and is what it was."""
    trainer = net.trainer().fit(*net.data())
    before = memory(trainer)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        trainer.load(path)
    assert memory(trainer) == before


def test_a_flipped_bit_anywhere_is_noticed(tmp_path: Path) -> None:
    net, path = SCALAR, tmp_path / "w.npz"
    content = bytearray(saved(net.trainer().fit(*net.data()), tmp_path))
    trainer, random = net.trainer(), np.random.default_rng(0)
    for place in range(len(content)):
        content[place] ^= 1 << (bit := int(random.integers(8)))
        path.write_bytes(content)
        with pytest.raises(ValueError, match="it is damaged"):
            trainer.load(path)
        content[place] ^= 1 << bit
    path.write_bytes(content)
    trainer.load(path)


def test_a_file_cut_anywhere_is_noticed(tmp_path: Path) -> None:
    content = saved(SCALAR.trainer(), tmp_path)
    trainer = SCALAR.trainer()
    for size in {*range(0, len(content), 97), len(content) - 1}:
        (tmp_path / "w.npz").write_bytes(content[:size])
        with pytest.raises(ValueError, match="it is damaged"):
            trainer.load(tmp_path / "w.npz")
    (tmp_path / "w.npz").write_bytes(content + b"0")
    with pytest.raises(ValueError, match="it is damaged"):
        trainer.load(tmp_path / "w.npz")


def entries_of(content: bytes) -> dict[str, Any]:
    with np.load(io.BytesIO(content)) as file:
        return dict(file)


def forged(net: Net, content: bytes, **changes: Any) -> bytes:
    """A file with a right digest, in which some arrays, or parts of the state, are others."""
    entries = entries_of(content)
    state = json.loads(entries["state"].item())
    for name, value in changes.items():
        if name in state:
            state[name] = value
        elif value is None:
            del entries[name]
        else:
            entries[name] = value
    if "state" not in changes:
        entries["state"] = np.array(json.dumps(state))
    return bytes(net.module._packed(entries))


FORGED: list[tuple[dict[str, Any], str]] = [
    ({"w2": None}, "it lacks 'w2'"),
    ({"w2": np.ones((3, 3))}, r"w2 must have the shape \(3, 2\), not \(3, 3\)"),
    ({"w2": np.full((3, 2), np.nan)}, r"w2\[0, 0\] is NaN"),
    ({"w2": np.ones((3, 2), np.float32)}, "an array is float32"),
    ({"w2": np.ones((3, 2), complex)}, "an array is complex128"),
    ({"mean.w2": np.ones((2, 2))}, "."),
    ({"w9": np.ones(3)}, "it holds w9, which is nothing here"),
    ({"../w9": np.ones(3)}, "it holds ../w9"),
    ({"loss_curve": np.array(["a"])}, "an array is <U1"),
    ({"loss_curve": np.ones((2, 2))}, "."),
    ({"state": np.array("{")}, "Expecting property name"),
    ({"state": np.array("[]")}, "."),
    ({"state": np.array("[" * 9000)}, "."),
    ({"state": np.ones(2)}, "an array is float64"),
    ({"network": "5-4"}, "holds the network 5-4, not 2-3"),
    ({"network": None}, "holds the network None"),
    ({"optimizer": "sgd"}, "holds the optimizer sgd, not adam"),
    ({"settings": {"speed": 1}}, "unknown"),
    ({"settings": {"learning_rate": "fast"}}, "learning_rate"),
    ({"settings": {"batch_size": 1e9}}, "batch_size"),
    ({"settings": 5}, "."),
    ({"random": {}}, "."),
    ({"random": {"bit_generator": "MT19937"}}, "."),
    ({"steps": -1}, "it holds -1 where a whole number should be"),
    ({"steps": 2**70}, "where a whole number should be"),
    ({"steps": "many"}, "it holds 'many'"),
    ({"steps": True}, "it holds True"),
    ({"position": 1.5}, "it holds 1.5"),
    ({"spent": "much"}, "it holds 'much' where a number should be"),
    ({"spent": float("nan")}, "it holds nan"),
    ({"run": {"from": 0}}, "it lacks 'to'"),
    ({"run": "always"}, "."),
    ({"best": {"cost": 1}}, "."),
    ({"split": "x"}, "it holds 'x'"),
    ({"target": 5}, "."),
    ({"scales": [1]}, "."),
    ({"scales": [1, 2, 3]}, "it holds 3 scales"),
]


@pytest.mark.parametrize(("changes", "message"), FORGED, ids=lambda value: str(value)[:60])
def test_a_forged_file_is_refused(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    net = Net("2-3-4-1", "quadratic", optimizer="adam")
    content = saved(net.trainer().fit(*net.data()), tmp_path)
    assert net.module.Trainer().load(tmp_path / "w.npz").n_iter_ == 3
    refused(net, tmp_path / "w.npz", forged(net, content, **changes), f"w.npz cannot be.*{message}")


def test_forged_classes_are_refused(tmp_path: Path) -> None:
    content = saved(SOFTMAX.trainer(), tmp_path)
    for classes in (np.array([2, 1, 0]), np.arange(4), np.arange(3) + 0j, np.zeros(3)):
        refused(SOFTMAX, tmp_path / "w.npz", forged(SOFTMAX, content, classes=classes))


def signed(content: bytes) -> bytes:
    """A zip archive with a comment of 64 bytes, which becomes its digest."""
    return content[:-64] + hashlib.sha256(content[:-64]).hexdigest().encode()


def archive(*members: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        for name, content in members:
            made.writestr(name, content)
        made.comment = bytes(64)
    return signed(file.getvalue())


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def header(text: str, version: int = 1) -> bytes:
    """An .npy file that says this of itself, and holds eight bytes."""
    size = len(text).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + size + text.encode() + bytes(8)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_hostile_archives_are_refused_in_little_memory(tmp_path: Path) -> None:
    said = "{'descr': '<f8', 'fortran_order': False, 'shape': (%s,), }\n"
    for members, message in [
        ([("w2.npy", npy(np.array([print], dtype=object)))], "Python objects"),
        ([("w2.npy", npy(np.ones(3))), ("w2.npy", npy(np.ones(3)))], "two of its arrays"),
        ([("w2.npy", npy(np.ones(3))), ("w2", npy(np.ones(3)))], "two of its arrays"),
        ([("w2.npy", b"text")], "."),
        ([("w2.npy", header(said % 10**12))], "which is not float64"),
        ([("w2.npy", header(said % -1))], "which is not float64"),
        ([("w2.npy", header(said % 1, version=3))], r"unknown version \(3, 0\)"),
        ([("w2.npy", header("(" * 60000))], "."),
        ([("w2.npy", header("(" * 10**6, version=2))], "."),
        ([("w2.npy", header("__import__('os').abort()"))], "."),
    ]:
        refused(SCALAR, tmp_path / "w.npz", archive(*members), message)
    bomb = archive(("w2.npy", bytes(10**7)), method=zipfile.ZIP_DEFLATED)
    refused(SCALAR, tmp_path / "w.npz", bomb, "w2 has 10000000 bytes, packed in")
    refused(SCALAR, tmp_path / "w.npz", signed(bytes(500)), "not a zip")


def test_a_file_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    with path.open("wb") as file:
        file.truncate(2**36)
    with pytest.raises(ValueError, match="bytes, too many for this network"):
        SCALAR.trainer().load(path)


# --- writing -------------------------------------------------------------------------------------


def test_a_save_reaches_the_disk_before_the_old_file_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File, rename, folder: in any other order a loss of power could leave neither old nor new."""
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(handle: int) -> None:
        done.append("folder" if os.path.isdir(f"/proc/self/fd/{handle}") else "file")
        fsync(handle)

    def replaced(path: Path, target: Any) -> Any:
        done.append("rename")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    REGRESSOR.trainer().save(tmp_path / "w.npz")
    assert done == ["file", "rename", "folder"]


@pytest.fixture
def limited() -> Iterator[None]:
    """Nothing longer than 1,000 bytes can be written, as on a disk that is full."""
    old, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.getsignal(signal.SIGXFSZ)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, old[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, old)
    signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, limited: None) -> None:
    (tmp_path / "w.npz").write_bytes(b"old")
    with pytest.raises(OSError, match="File too large"):
        REGRESSOR.trainer().save(tmp_path / "w.npz")
    assert os.listdir(tmp_path) == ["w.npz"]
    assert (tmp_path / "w.npz").read_bytes() == b"old"


# --- chaos ---------------------------------------------------------------------------------------


def test_killed_programs_lose_nothing(tmp_path: Path) -> None:
    figures = chaos.run(20, 0, tmp_path)
    assert figures["lost"] == 0
    assert figures["kills"] == 20


def test_a_save_that_is_no_rename_loses_something(tmp_path: Path) -> None:
    """The judge judges: with a save that writes in place, kills leave files that are no files."""
    figures = chaos.run(15, 1, tmp_path, change=chaos.write_in_place)
    assert figures["lost"] > 0
