"""Trainings that are killed at random moments, also while they save, and what became of them.

A generated program trains, saving after every few steps. It is killed with SIGKILL, and what lies
on the disk is continued to the end, which has to be the file of a training that nobody disturbed,
byte for byte. The next program goes on from there, and is killed in turn.

    python tests/chaos.py --kills 200 --seed 1
"""

import argparse
import importlib.util
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import symnet


@dataclass(frozen=True)
class Kind:
    """A trainer and how it trains."""

    network: str
    style: str
    optimizer: str
    options: tuple[str, ...] = ()


KINDS = (
    Kind("3-5:tanh-2", "array", "adam", ("--validation-fraction", "0.2", "--patience", "400")),
    Kind("3-4-1", "scalar", "sgd", ("--batch-size", "1")),
    Kind("3-5:tanh-2", "array", "momentum", ("--no-shuffle", "--checkpoint-every", "0s")),
    Kind("3-4-1", "scalar", "adamw", ("--validation-fraction", "0.2", "--patience", "300")),
    Kind("3-8:relu-2", "array", "sgd", ("--workers", "2", "--batch-size", "8")),
)
EPOCHS = 150


def as_it_is(text: str) -> str:
    """The program as it is generated."""
    return text


def write_in_place(text: str) -> str:
    """A planted error: the file itself is written, a piece at a time."""
    a, b = text.index("    part = Path(f"), text.index("def _packed(")
    body = """    content = b"".join(parts)
    with open(path, "wb", buffering=0) as file:
        for start in range(0, len(content), 64):
            file.write(content[start : start + 64])


"""
    return text[:a] + body + text[b:]


class Chain:
    """Programs of one kind, each killed and continued by the next."""

    def __init__(self, kind: Kind, folder: Path, change: Callable[[str], str]) -> None:
        self.kind, self.folder = kind, folder
        folder.mkdir(parents=True)
        network = symnet.Network(kind.network, cost="quadratic")
        text = symnet.generate(network, style=kind.style, optimizer=kind.optimizer)
        (folder / "trainer.py").write_text(change(text), encoding="utf-8")
        rng = np.random.default_rng(0)
        self.X = rng.normal(size=(40, 3))
        y = np.tanh(self.X @ rng.normal(size=(3, network.sizes[-1])))
        self.y = 0.5 + 0.4 * (y if y.shape[1] > 1 else y[:, 0])
        np.savez(folder / "data.npz", X=self.X, y=self.y)
        spec = importlib.util.spec_from_file_location("killed", folder / "trainer.py")
        assert spec is not None
        assert spec.loader is not None
        self.module: Any = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.module)
        self.file = folder / "w.npz"
        begin = ["--random-state", "1", "--epochs", str(EPOCHS), *kind.options]
        subprocess.run(
            self.command("--save", "whole.npz", *begin, "--checkpoint-every", "never"),
            cwd=folder,
            check=True,
            capture_output=True,
        )
        self.whole = (folder / "whole.npz").read_bytes()
        every = () if "--checkpoint-every" in kind.options else ("--checkpoint-every", "1")
        self.begin = self.command("--save", "w.npz", *begin, *every)
        self.resume = self.command("--resume", "w.npz", *(every or kind.options[-2:]))

    def command(self, *options: str) -> list[str]:
        return [sys.executable, "trainer.py", "fit", "data.npz", *options]

    def kill(self, delay: float) -> bool | None:
        """Kill a program after a while: whether nothing is lost, or None if it had ended."""
        exists = self.file.exists()
        with subprocess.Popen(
            self.resume if exists else self.begin,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as run:
            time.sleep(delay)
            run.kill()
            errors = run.stderr.read() if run.stderr else ""
        if run.returncode == 0:
            ended = self.file.read_bytes() == self.whole
            self.file.unlink()
            return None if ended else False
        if run.returncode > 0:
            return self.give_up(f"{self.kind} ended by itself: {errors}")
        if not self.file.exists():
            return True if not exists else self.give_up(f"{self.kind}: the file is gone")
        try:
            trainer = self.module.Trainer().load(self.file)
        except ValueError as error:
            return self.give_up(str(error))
        if trainer._run is None:  # it was about to end
            self.file.unlink()
            return trainer_bytes(trainer, self.folder) == self.whole
        trainer.fit(self.X, self.y)
        if trainer_bytes(trainer, self.folder) != self.whole:
            return self.give_up(f"{self.kind}: another result")
        return True

    def give_up(self, why: str) -> bool:
        print(why, file=sys.stderr)
        self.file.unlink(missing_ok=True)
        return False


def trainer_bytes(trainer: Any, folder: Path) -> bytes:
    trainer.save(folder / "continued.npz")
    return (folder / "continued.npz").read_bytes()


def run(
    kills: int, seed: int, folder: Path, change: Callable[[str], str] = as_it_is
) -> dict[str, int]:
    """So many kills, and how many lost something."""
    chance = random.Random(seed)
    chains = [Chain(kind, folder / str(k), change) for k, kind in enumerate(KINDS)]
    figures = {"kills": 0, "lost": 0, "ended": 0, "during": 0}
    while figures["kills"] < kills:
        chain = chains[figures["kills"] % len(chains)]
        kept = chain.kill(chance.uniform(0.15, 0.7))
        if kept is None:
            figures["ended"] += 1
            continue
        figures["kills"] += 1
        figures["lost"] += not kept
        figures["during"] += bool(list(chain.folder.glob("w.npz.*.part")))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    try:
        figures = run(arguments.kills, arguments.seed, folder)
    finally:
        shutil.rmtree(folder)
    print(", ".join(f"{value} {name}" for name, value in figures.items()))
    sys.exit(figures["lost"] > 0)


if __name__ == "__main__":
    main()
