"""What is trained for the clock: networks, start values and samples, the same for everybody.

Weights are kept as symnet has them, w2 over (n_2, n_1) and b2 over (n_2,), in one dict.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby, pairwise
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Weights = dict[str, Array]

CHECKED = 20  # steps, after which parameters are compared
EPOCHS = 5  # of a fit


@dataclass(frozen=True)
class Workload:
    """A network with sigmoid, tanh or relu neurons, and the batches that it is trained on."""

    name: str
    widths: tuple[int, ...]
    hidden: str
    output: str
    batch: int
    learning_rate: float
    batches: int  # as many are made; steps go round them in their order

    @property
    def cost(self) -> str:
        return "log_likelihood" if self.output == "softmax" else "quadratic"

    @property
    def network(self) -> str:
        """The network as `symnet generate` reads it."""
        inner = [f"{n}:{self.hidden}" for n in self.widths[1:-1]]
        return "-".join([str(self.widths[0]), *inner, f"{self.widths[-1]}:{self.output}"])

    @property
    def shape(self) -> str:
        """The widths; many equal ones that follow each other stand once: 64-(32×20)-10."""
        runs = [(width, len(list(run))) for width, run in groupby(self.widths)]
        parts = [
            f"({width}×{count})" if count > 4 else "-".join([str(width)] * count)
            for width, count in runs
        ]
        return "-".join(parts)

    @property
    def title(self) -> str:
        functions = dict.fromkeys((self.hidden, self.output))
        return f"{self.shape} {', '.join(functions)}, batch {self.batch}"

    def slices(self) -> Iterator[slice]:
        """The samples of each batch."""
        return (slice(i * self.batch, (i + 1) * self.batch) for i in range(self.batches))


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("W1", (2, 3, 4, 1), "sigmoid", "sigmoid", 1, 0.5, 1000),
        Workload("W2", (784, 30, 10), "sigmoid", "sigmoid", 10, 0.5, 300),
        Workload("W3", (784, 128, 64, 10), "relu", "softmax", 64, 0.1, 60),
        Workload("W4", (784, 512, 512, 10), "relu", "softmax", 256, 0.1, 12),
        Workload("W5", (1024, 1024, 1024, 1024, 10), "relu", "softmax", 1024, 0.1, 4),
        Workload("W6", (64, *[32] * 20, 10), "tanh", "softmax", 32, 0.05, 100),
    )
}


def wide(width: int) -> Workload:
    """784-n-10, for the picture of time against width."""
    return Workload(f"width {width}", (784, width, 10), "relu", "softmax", 64, 0.1, 30)


def deep(layers: int) -> Workload:
    """64-(32×d)-10, for the picture of time against depth."""
    return Workload(f"depth {layers}", (64, *[32] * layers, 10), "tanh", "softmax", 32, 0.05, 30)


@dataclass(frozen=True)
class Race:
    """A workload with all that its time depends on; with `epochs`, whole fits are timed."""

    workload: Workload
    dtype: str = "float32"
    optimizer: str = "sgd"
    threads: int = 1
    epochs: int = 0

    @property
    def learning_rate(self) -> float:
        return self.workload.learning_rate if self.optimizer == "sgd" else 1e-3

    @property
    def key(self) -> str:
        """A few words that tell it from the other races of a table."""
        words = [self.workload.name]
        if self.optimizer == "adam":
            words.append("Adam")
        if self.dtype != "float32":
            words.append(self.dtype)
        return " ".join(words)

    @property
    def softmax(self) -> bool:
        return self.workload.output == "softmax"

    @property
    def steps(self) -> int:
        """The steps of a fit."""
        return self.epochs * self.workload.batches

    @property
    def exact(self) -> "Race":
        """The same in float64."""
        return replace(self, dtype="float64")

    @classmethod
    def read(cls, record: dict[str, Any]) -> "Race":
        """What `dataclasses.asdict` and JSON made of one."""
        workload = {**record["workload"], "widths": tuple(record["workload"]["widths"])}
        return cls(**{**record, "workload": Workload(**workload)})


@lru_cache(maxsize=1)
def samples(workload: Workload) -> tuple[Array, Array]:
    """X and Y in float64, samples as rows; Y over (samples, n_L), one 1 in each row of labels."""
    random = np.random.default_rng(1)
    number, (inputs, *_, outputs) = workload.batch * workload.batches, workload.widths
    X = random.standard_normal((number, inputs))
    if inputs >= 500:  # as images are: bright in a quarter of the pixels
        X = random.random((number, inputs)) * (random.random((number, inputs)) < 0.25)
    if outputs == 1:
        return X, random.random((number, 1))
    labels = random.integers(0, outputs, number)
    labels[:outputs] = range(outputs)  # each is there
    return X, np.eye(outputs)[labels]


def start(workload: Workload) -> Weights:
    """The weights that everybody begins with, in float64."""
    random = np.random.default_rng(2)
    gain = 2 if workload.hidden == "relu" else 1
    weights = {}
    for l, (before, width) in enumerate(pairwise(workload.widths), 2):
        weights[f"w{l}"] = random.standard_normal((width, before)) * (gain / before) ** 0.5
        weights[f"b{l}"] = random.standard_normal(width) * 0.1
    return weights


def rounded(array: Array, dtype: str) -> Array:
    """An array of this dtype, as rows of C; a copy."""
    return np.array(array, dtype=dtype, order="C")
