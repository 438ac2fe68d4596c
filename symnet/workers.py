"""Processes that judge side by side: they end with their parent, and leave Ctrl-C to it.

>>> with pool(1) as workers:
...     workers is None  # one process is the one that asks
True
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager


@contextmanager
def pool(jobs: int) -> Iterator[ProcessPoolExecutor | None]:
    """Several processes, started when they are first given something; None for one job."""
    if jobs <= 1:
        yield None
        return
    # Processes of their own from the start: a copy of one with threads may never wake up.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _end_with, (os.getpid(),)) as workers:
        try:
            yield workers
        except BaseException:
            workers.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Processes that start in here do not hear of Ctrl-C: it is for their parent to end them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with(parent: int) -> None:
    """A worker ends when its parent is gone, however that ended."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
