"""What stands in generated/: trainers that are committed, compared byte for byte, and run.

`symnet samples` writes them, `symnet samples --check` says whether they are what the generator
makes today, and shows the difference where they are not.
"""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from symnet.network.architecture import Network
from symnet.pipeline import generate


@dataclass(frozen=True, slots=True)
class Sample:
    """A file of generated/ and what makes it."""

    file: str
    network: str
    dtype: str = "float64"
    cost: str | None = None


SAMPLES = (
    Sample("trainer_2_3_4_1.py", "2-3-4-1"),
    Sample("trainer_784_30_10.py", "784-30-10"),
    Sample("trainer_digits.py", "64-30-10:softmax"),
    Sample("trainer_relu.py", "784-128:relu-64:relu-10:softmax", "float32"),
    Sample("trainer_tanh.py", "3-16:tanh-2:identity"),
    Sample("trainer_two_classes.py", "4-8:relu-1:sigmoid", cost="cross_entropy"),
)


def make(sample: Sample) -> str:
    """The text of a sample."""
    return generate(Network(sample.network, cost=sample.cost), dtype=sample.dtype)


def write(folder: Path) -> list[Path]:
    """Write all samples, and give their paths."""
    folder.mkdir(exist_ok=True)
    paths = []
    for sample in SAMPLES:
        path = folder / sample.file
        path.write_text(make(sample), encoding="utf-8", newline="\n")
        paths.append(path)
    return paths


def stale(folder: Path) -> Iterator[str]:
    """A unified diff for each sample that is not up to date, a line for a missing or extra file."""
    for sample in SAMPLES:
        path = folder / sample.file
        new = make(sample)
        if not path.is_file():
            yield f"{path} is missing\n"
        elif path.read_bytes() != new.encode():
            # What editors do not show is shown: the carriage returns of Windows.
            old = path.read_bytes().decode(errors="replace").replace("\r", "␍")
            lines = (old.splitlines(keepends=True), new.splitlines(keepends=True))
            yield "".join(difflib.unified_diff(*lines, f"{path} (committed)", f"{path} (made now)"))
    known = {sample.file for sample in SAMPLES}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name not in known and path.name != "__pycache__":
            yield f"{path} is no sample; symnet/samples.py does not list it\n"
