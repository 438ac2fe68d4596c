"""A contender in a process of its own: orders come in as lines of JSON, an answer goes out to each.

{"race": …, "entry": …, "trainers": …, "results": folder}
                   do the checked steps in float64 and as timed, and write the weights
{"seconds": s}     find out how many steps take about so long
{"time": true}     do them, and say how long a step took
"""

import gc
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from contenders import KINDS, Contender, Entry
from workloads import CHECKED, Array, Race, Weights, rounded, samples, start


@dataclass(frozen=True)
class Work:
    """A contender with what it is given."""

    contender: Contender
    X: Array
    Y: Array
    weights: Weights
    race: Race
    fits: bool

    def check(self) -> None:
        """The first steps. A fit does the same in one epoch of so many batches, in their order."""
        if not self.fits:
            self.contender.run(CHECKED)
            return
        first = np.arange(CHECKED * self.race.workload.batch) % len(self.X)
        self.contender.fit(self.X[first], self.Y[first], epochs=1, shuffle=False)

    def clock(self, steps: int) -> float:
        """The seconds that so many steps take, or a fit."""
        if self.race.epochs:  # setting start values is not timed
            self.contender.set_weights(self.weights)
        started = time.perf_counter()
        if self.fits:
            self.contender.fit(self.X, self.Y, epochs=self.race.epochs, shuffle=True)
        else:
            self.contender.run(steps)
        return time.perf_counter() - started

    def calibrated(self, seconds: float) -> int:
        """As many steps as take about so long; those of a fit are given."""
        if self.race.epochs:
            self.clock(self.race.steps)
            return self.race.steps
        steps, taken = 1, self.clock(1)
        while taken < 0.7 * seconds and steps < 10**7:
            steps = max(steps + 1, round(min(steps * seconds / max(taken, 1e-7), 10 * steps)))
            taken = self.clock(steps)
        return steps


def set_up(race: Race, entry: Entry, trainers: dict[str, str]) -> Work:
    """The contender with data in the dtype of the race."""
    X, Y = (rounded(array, race.dtype) for array in samples(race.workload))
    weights = {name: rounded(array, race.dtype) for name, array in start(race.workload).items()}
    trainer = Path(trainers[race.dtype]) if trainers else None
    contender = KINDS[entry.kind](race, X, Y, weights, entry, trainer)
    work = Work(contender, X, Y, weights, race, entry.fits)
    if race.epochs:
        contender.set_weights(weights)
    return work


def checked(order: dict[str, Any]) -> Work:
    """The contender as it is timed, after the checked steps in float64 and in its own dtype."""
    race = Race.read(order["race"])
    entry = Entry(**{**order["entry"], "options": tuple(map(tuple, order["entry"]["options"]))})
    for each in dict.fromkeys((race.exact, race)):
        work = set_up(each, entry, order["trainers"])
        work.check()
        if work.contender.computes:
            arrays: dict[str, Any] = dict(work.contender.weights())
            np.savez(Path(order["results"]) / f"{each.dtype}.npz", **arrays)
    return work


def answers(orders: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The answer to each order."""
    work, steps = checked(next(orders)), 1
    gc.collect()
    gc.disable()
    yield {}
    for order in orders:
        if "seconds" in order:
            steps = work.calibrated(order["seconds"])
            yield {"steps": steps}
        else:
            yield {"seconds": work.clock(steps) / steps}
        gc.collect()


def main() -> None:
    out, sys.stdout = sys.stdout, sys.stderr  # what libraries print is no answer
    np.seterr(all="ignore")
    for answer in answers(map(json.loads, sys.stdin)):
        print(json.dumps(answer), file=out, flush=True)


if __name__ == "__main__":
    main()
