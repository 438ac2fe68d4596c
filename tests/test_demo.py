"""The demo: the whole road on real data, and a picture of how it went."""

import contextlib
import functools
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from symnet import demo, digits, pipeline
from symnet.calculus import proof
from symnet.calculus.derivation import derive
from symnet.errors import SymnetError
from symnet.network.architecture import Network
from symnet.paper.writing.report import render_derivation

FILES = {"derivation.tex", "held_out.csv", "trainer.py", "weights.npz"}


@pytest.fixture(scope="module", autouse=True)
def _one_proof() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "prove", functools.lru_cache(proof.prove))
        yield


@dataclass(frozen=True)
class Ran:
    folder: Path
    accuracy: float
    said: str


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The demo as its users see it, once."""
    folder = tmp_path_factory.mktemp("demo") / "new" / "place"
    said = io.StringIO()
    accuracy = demo.run(folder, Console(file=said, width=100))
    return Ran(folder, accuracy, said.getvalue())


@pytest.fixture(scope="module")
def trainer(ran: Ran) -> ModuleType:
    made = ModuleType("trainer")
    exec(compile((ran.folder / "trainer.py").read_text("utf-8"), "t.py", "exec"), made.__dict__)
    return made


def test_it_reads_digits_that_it_has_not_seen(ran: Ran) -> None:
    assert ran.accuracy >= 0.96
    assert f"accuracy {ran.accuracy:.4f} on the held-out fifth" in ran.said


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_accuracy_is_no_luck(seed: int, trainer: ModuleType) -> None:
    X, y, X_held, y_held = digits.load()
    again = trainer.Trainer(**{**demo.SETTINGS, "random_state": seed}).fit(X, y)
    assert again.score(X_held, y_held) >= 0.96


def test_every_file_it_names_is_there_and_no_other(ran: Ran) -> None:
    assert {path.name for path in ran.folder.iterdir()} == FILES
    listed = ran.said.partition("Files in ")[2]
    assert all(f"    {name} " in listed for name in FILES)
    assert str(ran.folder) in ran.said


def test_it_shows_the_derivation_the_proof_and_the_check(ran: Ran) -> None:
    assert ran.said.startswith("64-30:sigmoid-10:softmax, log_likelihood cost: derived\n")
    assert "    δ² = (W³)ᵀ δ³ ⊙ a² ⊙ (1 − a²)\n" in ran.said
    assert "6 of 6 obligations proved" in ran.said
    assert "gradient check: largest relative error" in ran.said
    assert "1438 digits, 359 held out" in ran.said
    assert "epoch 40/40" in ran.said
    assert "FAILED" not in ran.said


def test_the_files_are_what_the_commands_make(ran: Ran) -> None:
    network = Network(demo.NETWORK)
    assert (ran.folder / "trainer.py").read_text("utf-8") == pipeline.generate(network)
    page = render_derivation(derive(network), "latex")
    assert (ran.folder / "derivation.tex").read_text("utf-8") == page


def test_the_weights_and_the_held_out_digits_give_the_same_accuracy(
    ran: Ran, trainer: ModuleType
) -> None:
    """As the demo's last lines tell the user to do."""
    with contextlib.chdir(ran.folder), contextlib.redirect_stdout(io.StringIO()) as out:
        assert trainer.main(["evaluate", "held_out.csv", "--weights", "weights.npz"]) == 0
    assert f"accuracy {ran.accuracy:.4f} on 359 samples" in out.getvalue()


def test_it_is_the_same_again(ran: Ran, trainer: ModuleType) -> None:
    X, y, X_held, y_held = digits.load()
    again = trainer.Trainer(**demo.SETTINGS).fit(X, y)
    assert again.score(X_held, y_held) == ran.accuracy
    saved = trainer.Trainer().load(ran.folder / "weights.npz")
    for name, value in saved.weights.items():
        assert np.array_equal(value, again.weights[name])


def test_settings_can_be_given(tmp_path: Path) -> None:
    said = io.StringIO()
    accuracy = demo.run(tmp_path, Console(file=said, width=80), epochs=2, random_state=5)
    assert 0.8 < accuracy < 1
    assert "epoch 2/2" in said.getvalue()
    # Into a folder that is there already, and with brackets that are no markup.
    folder = tmp_path / "[red]"
    demo.run(folder, Console(file=said, width=80), epochs=1)
    assert str(folder) in said.getvalue().replace("\n", "")


def colours(shown: str) -> set[int]:
    """The codes of colours among a terminal's escapes: 30 to 49 and 90 to 107."""
    codes = re.findall(r"\x1b\[([\d;]*)m", shown)
    numbers = {int(number) for code in codes for number in code.split(";") if number}
    return {number for number in numbers if 30 <= number < 50 or number >= 90}


def test_no_color(tmp_path: Path) -> None:
    """NO_COLOR leaves no colour on a terminal; in a pipe there are no escapes at all."""

    def shown(**settings: Any) -> str:
        file = io.StringIO()
        demo.run(tmp_path, Console(file=file, width=80, **settings), epochs=1)
        return file.getvalue()

    assert colours(shown(force_terminal=True, _environ={"TERM": "xterm"}))
    assert not colours(shown(force_terminal=True, _environ={"TERM": "xterm", "NO_COLOR": "1"}))
    assert "\x1b" not in shown()


def test_a_trainer_that_fails_its_check_is_not_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = "import sys\nprint('gradient check: WRONG')\nsys.exit(1)\n"
    monkeypatch.setattr(demo, "generate", lambda network: wrong)
    with pytest.raises(SymnetError, match=r"fails its own check:\ngradient check: WRONG"):
        demo.run(tmp_path, Console(file=io.StringIO()))
    assert not (tmp_path / "weights.npz").exists()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OSError, match="file"):
        demo.run(tmp_path / "file" / "folder", Console(file=io.StringIO()))


# --- the picture ---------------------------------------------------------------------------------


def columns(costs: list[float]) -> list[float]:
    """How high each column of the picture is, in rows."""
    rows = demo.picture(costs).splitlines()[: demo.HEIGHT]
    bars = [row.partition("│")[2] for row in rows]
    assert len({len(bar) for bar in bars}) == 1
    return [
        sum(demo.EIGHTHS.index(bar[column]) for bar in bars) / 8 for column in range(len(bars[0]))
    ]


@pytest.mark.parametrize(
    "costs",
    [
        [1.0],
        [3.0, 2.0, 1.0],
        [1.0, 1.0],
        [0.5, 2.0, 0.25, 4.0],
        list(np.exp(-np.arange(200) / 30)),
        [1e-9, 2e-9],
        [1e9, 1.0],
    ],
    ids=lambda costs: f"{len(costs)} from {costs[0]:g}",
)
def test_heights_are_the_costs(costs: list[float]) -> None:
    shown = columns(costs)
    assert len(shown) == min(len(costs), demo.WIDTH)
    at = np.linspace(0, len(costs) - 1, len(shown)).round().astype(int)
    wanted = np.array(costs)[at] / max(costs) * demo.HEIGHT
    assert np.abs(np.array(shown) - wanted).max() <= 1 / 8
    assert min(shown) > 0, "a cost of next to nothing is still a dot"


def test_the_scale_and_the_caption() -> None:
    picture = demo.picture([8.0, 4.0, 1.0])
    assert picture.splitlines()[0] == "   8.000 │█  "
    assert picture.splitlines()[4] == "   4.000 │██ "
    assert picture.splitlines()[7] == "   1.000 │███"
    assert picture.splitlines()[8] == "         └───"
    assert picture.endswith("cost after epoch 1 to 3; last 1.0000")
    assert all(len(line) <= 80 for line in demo.picture([1.0] * 500).splitlines())


@pytest.mark.parametrize("costs", [[0.0], [0.0, 0.0, 0.0]])
def test_a_cost_of_nothing_has_a_picture_too(costs: list[float]) -> None:
    assert "last 0.0000" in demo.picture(costs)


def test_the_digits_are_what_they_are_said_to_be() -> None:
    X, y, _, y_held = digits.load()
    assert (len(y), len(y_held)) == (1438, 359)
    assert X.min() == 0
    assert X.max() == 1
    assert set(y) == set(y_held) == set(range(10))
