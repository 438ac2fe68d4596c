"""The whole road on real data: derive, prove, generate, train on handwritten digits.

The network is 64-30:sigmoid-10:softmax; a fifth of the 1,797 digits is held out. Everything that
is made lands in one folder, to read and to run by hand.
"""

import importlib.util
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from symnet import digits
from symnet.errors import SymnetError
from symnet.network.architecture import Network
from symnet.paper.writing.alphabet import TEXT
from symnet.paper.writing.matrices import best
from symnet.paper.writing.report import render_derivation
from symnet.pipeline import computed, generate, proved

NETWORK = "64-30:sigmoid-10:softmax"
SETTINGS = {"learning_rate": 1.0, "epochs": 40, "batch_size": 10, "random_state": 0}
HEIGHT, WIDTH = 8, 56  # of the picture of the loss curve, in characters
EIGHTHS = " ▁▂▃▄▅▆▇█"


def run(folder: Path, console: Console, **settings: float) -> float:
    """Run the demo into a folder; the accuracy on the held-out fifth. Raises NotProved, OSError.

    `settings` take the place of SETTINGS.
    """
    start = time.perf_counter()
    settings = SETTINGS | settings
    folder.mkdir(parents=True, exist_ok=True)
    network = Network(NETWORK)
    proof = proved(network)
    assert proof.derived is not None
    console.print(f"[bold]{NETWORK}[/bold], {network.cost.name} cost: derived")
    for each in computed(proof):
        console.print(f"    {best(each, TEXT)}", highlight=False)
    console.print("\n[bold]Proof[/bold]")
    console.print(str(proof), highlight=False, markup=False, soft_wrap=True)

    page = folder / "derivation.tex"
    page.write_text(render_derivation(proof.derived, "latex"), encoding="utf-8")
    file = folder / "trainer.py"
    file.write_text(generate(network), encoding="utf-8", newline="\n")
    place = escape(str(file))
    console.print(f"\n[bold]Trainer[/bold] written to {place}; its check:", soft_wrap=True)
    check = subprocess.run([sys.executable, str(file), "check"], capture_output=True, text=True)
    if check.returncode != 0:
        raise SymnetError(f"{file} fails its own check:\n{check.stdout}{check.stderr}")
    console.print(check.stdout.strip().splitlines()[-1], highlight=False)

    X, y, X_held, y_held = digits.load()
    held = folder / "held_out.csv"
    table = np.column_stack([X_held, y_held])
    np.savetxt(held, table, delimiter=",", fmt=["%.4g"] * X.shape[1] + ["%d"])
    console.print(f"\n[bold]Training[/bold] on {len(y)} digits, {len(y_held)} held out")
    trainer = _load(file).Trainer(**settings)
    with Progress(
        TextColumn("epoch {task.completed}/{task.total}"),
        BarColumn(),
        TextColumn("cost {task.fields[cost]}"),
        TimeRemainingColumn(),
        console=console,
    ) as progress:
        task = progress.add_task("training", total=settings["epochs"], cost="-")

        def show(_: object, epoch: int, cost: float) -> None:
            progress.update(task, completed=epoch, cost=f"{cost:.4f}")

        trainer.fit(X, y, callback=show)
    weights = folder / "weights.npz"
    trainer.save(weights)

    console.print(f"\n{picture(trainer.loss_curve_)}", highlight=False)
    accuracy = float(trainer.score(X_held, y_held))
    console.print(f"\n[bold]accuracy {accuracy:.4f}[/bold] on the held-out fifth", highlight=False)
    console.print(f"\nFiles in {escape(str(folder))}:", soft_wrap=True)
    for path, words in (
        (file, "the trainer; python trainer.py --help"),
        (weights, "what it learned"),
        (
            held,
            "the held-out digits; python trainer.py evaluate held_out.csv --weights weights.npz",
        ),
        (page, "the derivation, for pdflatex"),
    ):
        console.print(f"    {path.name:16}{words}", highlight=False, soft_wrap=True)
    console.print(f"{time.perf_counter() - start:.1f} s in all", highlight=False)
    return accuracy


def _load(file: Path) -> ModuleType:
    """The trainer as a module, from its file."""
    spec = importlib.util.spec_from_file_location("symnet_demo_trainer", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # The folder is for people to look at: no compiled files in it.
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = writes
    return module


def picture(costs: list[float]) -> str:
    """The loss curve as a small picture of block characters, first epoch to the left."""
    values: NDArray[np.float64] = np.asarray(costs, dtype=float)
    columns = min(WIDTH, len(values))
    at = np.linspace(0, len(values) - 1, columns).round().astype(int)
    shown = values[at] / max(values.max(), 1e-300)
    eighths = np.maximum(np.round(shown * HEIGHT * 8), 1).astype(int)
    rows = []
    for row in range(HEIGHT - 1, -1, -1):
        line = "".join(EIGHTHS[int(np.clip(level - row * 8, 0, 8))] for level in eighths)
        label = f"{values.max() * (row + 1) / HEIGHT:8.3f}"
        rows.append(f"{label} │{line}")
    rows.append(" " * 9 + "└" + "─" * columns)
    rows.append(" " * 10 + f"cost after epoch 1 to {len(values)}; last {values[-1]:.4f}")
    return "\n".join(rows)
