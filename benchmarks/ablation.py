"""What each pass gains: trainers that are generated with one pass left out, beside the whole one.

A pass is called needed where no trainer comes of the program without it, or one that is wrong.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache

import racing
from contenders import NUMPY, SCIPY, Entry
from tables import NEEDED, UNCHANGED, WHOLE
from workloads import WORKLOADS, Race

import symnet
from symnet import pipeline
from symnet.backends import fast
from symnet.network.optimizers import Training
from symnet.program import passes

RACES = (
    *(Race(WORKLOADS[name]) for name in ("W2", "W3", "W6")),
    Race(WORKLOADS["W3"], "float32", "adam"),
)
OPTIONS = {"numpy": NUMPY, "scipy": SCIPY}


def entries(race: Race, blas: str) -> dict[str, Entry]:
    """The whole trainer, and one without each of its passes."""
    network = symnet.Network(race.workload.network, cost=race.workload.cost)
    training = pipeline.training_of(network, race.optimizer)
    needs = ("scipy",) if blas == "scipy" else ()
    whole = Entry(WHOLE, "Generated", needs, OPTIONS[blas])
    through = (*passes.PIPELINE, *fast.pipeline(network, training, blas))
    names = [each.__name__ for each in through]
    without = {n: replace(whole, title=f"without {n}", without=n) for n in names}
    return {WHOLE: whole, **without}


@cache
def trainer_text(race: Race, entry: Entry, dtype: str) -> str:
    """The trainer without a pass. Raises NotTimedError where it is the same, or none."""
    whole = racing.trainer_text(race, replace(entry, title=WHOLE, without=""), dtype)
    if not entry.without:
        return whole
    try:
        with left_out(entry.without):
            text = racing.trainer_text.__wrapped__(race, entry, dtype)
    except Exception as error:  # whatever a program ends in that was never meant to be
        raise racing.NotTimedError(f"{NEEDED}: {type(error).__name__}") from error
    if text == whole:
        raise racing.NotTimedError(UNCHANGED)
    return text


@contextmanager
def left_out(name: str) -> Iterator[None]:
    """In here the generator does without a pass."""
    backend, usual = pipeline.BACKENDS["numpy"], fast.pipeline

    def fewer(network: symnet.Network, training: Training, blas: str) -> tuple[fast.Pass, ...]:
        return tuple(each for each in usual(network, training, blas) if each.__name__ != name)

    left = tuple(each for each in backend.passes if each.__name__ != name)
    pipeline.BACKENDS["numpy"] = replace(backend, passes=left)
    fast.pipeline = fewer
    try:
        yield
    finally:
        pipeline.BACKENDS["numpy"], fast.pipeline = backend, usual
