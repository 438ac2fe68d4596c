"""Command lines, tables and weights made by chance, for the program of a generated trainer.

Whatever comes, it ends with an exit code of its own and a line of words: no exception leaves
`main`, nothing but 0, 1, 2, 130 and 143 is returned, and a file of weights that is not sound never
changes into one that is.

    python tests/fuzz_program.py --count 1000 --seed 1
"""

import argparse
import contextlib
import importlib.util
import io
import os
import random
import signal
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import symnet

NETWORKS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("2-3:tanh-1", {"style": "array", "optimizer": "adam"}),
    ("2-3-1", {"style": "scalar"}),
    ("2-4:relu-3:softmax", {"style": "array", "dtype": "float32"}),
    ("n-4:relu-k:softmax", {"optimizer": "momentum"}),
)
OPTIONS = [
    *("--epochs", "--batch-size", "--learning-rate", "--random-state", "--workers", "--patience"),
    *("--validation-fraction", "--save", "--resume", "--target", "--standardize", "--shuffle"),
    *("--no-shuffle", "--abandon", "--validation", "--checkpoint-every", "--weights", "-o"),
    *("--help", "--speed", "-h", "--"),
]
VALUES = [
    *("0", "1", "2", "3", "-1", "1e3", "0.1", "0.5", "nan", "inf", "1e400", "x", "", "y", "1_0"),
    *("data.csv", "data.npy", "data.npz", "w.npz", "absent.npz", "out.csv", ".", "/", "\0", "é"),
    *("5", "30s", "0s", "-1s", "never", "99999999999999999999", "folder/w.npz", "other.npz"),
]
TEXTS = ["", "1", "-0.5", "1e5", "nan", "inf", "1,5", "a", '"', '"a', ";", "\t", "é", "1e999", "0"]


class Case:
    """A folder with a program and files that are sound, or nearly."""

    def __init__(self, module: ModuleType, weights: bytes, folder: Path, chance: random.Random):
        self.module, self.folder, self.chance = module, folder, chance
        for file in folder.iterdir():
            if file.is_file():
                file.unlink()
        rows = [
            [chance.uniform(-1, 1) for _ in range(2)] + [k % 3 % self.classes()] for k in range(9)
        ]
        table = np.array(rows)
        self.write(
            "data.csv", self.text(rows).encode(chance.choice(["utf-8", "utf-8-sig", "utf-16"]))
        )
        self.write("data.npy", self.saved(np.save, table))
        arrays = {"X": table[:, :2], "y": table[:, 2]}
        packed = chance.random() < 0.3
        self.write("data.npz", self.saved(np.savez_compressed if packed else np.savez, **arrays))
        self.write("w.npz", weights)
        self.write("other.npz", self.forged(weights))

    def classes(self) -> int:
        return 3 if "softmax" in self.module.NETWORK else 2

    def text(self, rows: list[list[float]]) -> str:
        between = self.chance.choice([",", ";", "\t", ","])
        cells = [[repr(cell) for cell in row] for row in rows]
        if self.chance.random() < 0.4:
            cells.insert(0, ["a", "b", "y"])
        if between != "," and self.chance.random() < 0.5:
            cells = [[cell.replace(".", ",") for cell in row] for row in cells]
        for _ in range(self.chance.choice([0, 0, 1, 3])):
            row = self.chance.choice(cells)
            row[self.chance.randrange(len(row))] = self.chance.choice(TEXTS)
            if self.chance.random() < 0.3:
                row.append("1")
        return self.chance.choice(["\n", "\r\n"]).join(between.join(row) for row in cells)

    def saved(self, save: Any, *arrays: Any, **named: Any) -> bytes:
        file = io.BytesIO()
        save(file, *arrays, **named)
        return self.mutated(file.getvalue()) if self.chance.random() < 0.3 else file.getvalue()

    def mutated(self, content: bytes) -> bytes:
        """Some bytes changed, cut out or doubled."""
        made = bytearray(content)
        for _ in range(self.chance.randint(1, 4)):
            place = self.chance.randrange(len(made) + 1)
            size = self.chance.choice([1, 1, 1, 8, 100])
            match self.chance.randrange(4):
                case 0:
                    made[place : place + 1] = bytes([self.chance.randrange(256)])
                case 1:
                    del made[place : place + size]
                case 2:
                    made[place:place] = made[place : place + size]
                case _:
                    made[place : place + size] = self.chance.randbytes(size)
        return bytes(made)

    def forged(self, weights: bytes) -> bytes:
        """Mutated weights, often with a digest that fits, so that more than the digest is asked."""
        made = self.mutated(weights)
        if self.chance.random() < 0.8:
            digest = self.module.hashlib.sha256(made[:-64]).hexdigest()
            made = made[:-64] + digest.encode()
        return made

    def write(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)

    def arguments(self) -> list[str]:
        chance = self.chance
        command = chance.choice(["fit", "fit", "fit", "predict", "evaluate", "check", "plot", "x"])
        data = chance.choice(["data.csv", "data.npy", "data.npz", *VALUES])
        made = [command, *([data] if command not in ("check", "plot") else [])]
        for _ in range(chance.randint(0, 5)):
            made.append(chance.choice(OPTIONS))
            if chance.random() < 0.9:
                made.append(chance.choice(VALUES))
        if command == "fit":
            made += ["--epochs", "2"]
        elif command in ("predict", "evaluate"):
            made += ["--weights", chance.choice(["w.npz", "other.npz"])]
        elif command == "plot":
            made.insert(1, chance.choice(["w.npz", "other.npz"]))
        return made


def programs(folder: Path) -> list[tuple[ModuleType, bytes]]:
    """The modules of some networks, each with weights that it saved."""
    made = []
    for number, (network, options) in enumerate(NETWORKS):
        path = folder / f"program_{number}.py"
        path.write_text(symnet.generate(network, **options), encoding="utf-8")
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        trainer = module.Trainer(epochs=2, random_state=1)
        X = np.random.default_rng(0).normal(size=(9, 2))
        y = np.arange(9) % 3 if "softmax" in network else np.linspace(0, 1, 9)
        trainer.fit(X, y).save(folder / "w")
        made.append((module, (folder / "w").read_bytes()))
    return made


def run(count: int, seed: int) -> dict[str, int]:
    """So many runs: how they ended, and how many of them by an exception."""
    chance, figures = random.Random(seed), Counter[str]()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "folder"
        folder.mkdir()
        made = programs(Path(place))
        for _ in range(count):
            module, weights = chance.choice(made)
            case = Case(module, weights, folder, chance)
            figures[ended(case)] += 1
    for number, handler in handlers.items():
        signal.signal(number, handler)
    return {"runs": count, "tracebacks": 0, **figures}


def ended(case: Case) -> str:
    """How a run ended."""
    arguments = case.arguments()
    errors = io.StringIO()
    with (
        contextlib.chdir(case.folder),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(errors),
        np.errstate(all="ignore"),
    ):
        try:
            code = case.module.main(arguments)
        except SystemExit as end:
            code = end.code
        except BaseException:
            print(arguments, traceback.format_exc(), file=sys.__stderr__)
            return "tracebacks"
    if code not in (0, 1, 2, 130, 143) or (code and not errors.getvalue().strip()):
        print(arguments, code, errors.getvalue(), file=sys.__stderr__)
        return "tracebacks"
    return f"exit {code}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    figures = run(arguments.count, arguments.seed)
    print(", ".join(f"{value} {name}" for name, value in sorted(figures.items())))
    sys.exit(figures["tracebacks"] > 0)


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
