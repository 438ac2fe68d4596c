"""One race: a process for each contender, checked first, then timed in turns on the same cores.

Each contender does the first steps from the same start values, in float64 and as it is timed, and
what comes of them is held against PyTorch in float64. Those that agree are timed in rounds:
everybody once in a round, for about as long, in another order each time. A machine that is busy for
a while is so for all of them; what comes and goes within a round spreads the times.
"""

import importlib.metadata
import importlib.util
import json
import math
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from contenders import KINDS, Entry
from workloads import CHECKED, Array, Race, Weights, samples, start

import symnet

# In float64, whatever is timed. In float32 rounding puts sums that are almost 0 on the other side
# of a relu, whoever adds them up: at W5 PyTorch itself ends 1.4 % of the way from its float64.
EXACT, ROUGH = 1e-12, 0.05
DTYPES = ("float64", "float32")

# Before this process steps aside; none where a process cannot be tied to cores.
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []
T = TypeVar("T")
Text = Callable[[Race, Entry, str], str]  # the trainer of an entry in a dtype


@dataclass(frozen=True)
class Pace:
    """How long is measured: so many rounds, about so many seconds each."""

    rounds: int
    seconds: float


@dataclass(frozen=True)
class Result:
    """What one contender did in one race; `times` are seconds of a step, a fit's divided too."""

    contender: str
    title: str
    difference: float | None = None  # in float64, the largest from PyTorch's; None: not compared
    times: tuple[float, ...] = ()
    problem: str = ""  # why it was not timed
    wrong: bool = False  # it computed something else

    @property
    def median(self) -> float:
        return statistics.median(self.times)


# --- who takes part ------------------------------------------------------------------------------


def installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def missing(entries: Sequence[Entry]) -> list[str]:
    """The packages that these need and that are not there."""
    needed = dict.fromkeys(package for entry in entries for package in entry.needs)
    return [package for package in needed if not installed(package)]


@cache
def trainer_text(race: Race, entry: Entry, dtype: str) -> str:
    """The trainer that symnet writes. Raises SymnetError where it cannot."""
    work = race.workload
    net = symnet.Network(work.network, cost=work.cost)
    options: dict[str, Any] = dict(entry.options)
    return symnet.generate(net, race.optimizer, dtype, **options)


# --- their processes -----------------------------------------------------------------------------


class NotTimedError(Exception):
    """A contender that is not timed, and why."""


class Worker:
    """A contender in its own process, with a folder of its own."""

    def __init__(self, race: Race, entry: Entry, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        threads = entry.threads or race.threads
        with (folder / "errors").open("w", encoding="utf-8") as errors, tied_to(timed(race)):
            self.process = subprocess.Popen(
                [sys.executable, "-W", "ignore", str(Path(__file__).with_name("worker.py"))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                encoding="utf-8",
                env=environment(threads),
            )

    def ask(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to an order. Raises NotTimedError with its last words."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        line = ""
        self.signal("SIGCONT")
        with suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(order) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        if not line:
            said = (self.folder / "errors").read_text(encoding="utf-8", errors="replace")
            last = [words for words in said.splitlines() if words.strip()][-1:]
            raise NotTimedError(last[0][:200] if last else "it ended without a word")
        # While others are timed, threads that wait by spinning would share their core.
        self.signal("SIGSTOP")
        return dict(json.loads(line))

    def signal(self, name: str) -> None:
        """Stop the process, or let it go on, where the system can."""
        number = getattr(signal, name, None)
        if number is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def end(self) -> None:
        self.process.kill()
        with suppress(BrokenPipeError):
            self.process.communicate()


def environment(threads: int) -> dict[str, str]:
    """So many threads in every library, and no settings of somebody else's for its kernels."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    for name in ("OPENBLAS_NUM", "OMP_NUM", "MKL_NUM", "VECLIB_MAXIMUM"):
        kept[f"{name}_THREADS"] = str(threads)
    if threads == 1:
        kept["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    return kept | {"JAX_PLATFORMS": "cpu", "PYTHONUTF8": "1"}


def timed(race: Race) -> list[int]:
    """The cores that are timed on, the last ones."""
    return CORES[-race.threads :]


def step_aside(race: Race) -> None:
    """Leave the cores that are timed on to those that are timed, if there are others."""
    if CORES:
        os.sched_setaffinity(0, CORES[: -race.threads] or CORES)


@contextmanager
def tied_to(cores: Sequence[int]) -> Iterator[None]:
    """A process that is started in here inherits these cores, with all its threads."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


# --- what they computed --------------------------------------------------------------------------


@lru_cache(maxsize=4)
def reference(race: Race) -> Weights:
    """The weights after the checked steps, by PyTorch in float64; without it, by NumPy by hand."""
    kind = "Torch" if installed("torch") else "ByHand"
    X, Y = samples(race.workload)
    exact = replace(race.exact, threads=1, epochs=0)
    judge = KINDS[kind](exact, X, Y, start(race.workload), Entry("reference", kind), None)
    judge.run(CHECKED)
    return judge.weights()


def difference(race: Race, dtype: str, folder: Path) -> float | None:
    """How far the weights are from the reference; None if there are none.

    In float64 it is the largest difference. In float32 it is the length of all of them, as a share
    of the way from the start values.
    """
    file = folder / f"{dtype}.npz"
    if not file.exists():
        return None
    expected = reference(race)
    with np.load(file) as found:
        off = [found[name] - array for name, array in expected.items()]
    if dtype == "float64":
        return float(np.max([np.max(np.abs(each)) for each in off]))  # `max` would lose a NaN
    first = start(race.workload)
    return length(off) / length([array - first[name] for name, array in expected.items()])


def length(arrays: Sequence[Array]) -> float:
    return math.sqrt(sum(float(np.sum(each * each)) for each in arrays))


# --- the race ------------------------------------------------------------------------------------


class Lane:
    """One contender on its way through a race."""

    def __init__(self, name: str, race: Race, entry: Entry) -> None:
        self.race, self.entry = race, entry
        self.worker: Worker | None = None
        self.result = Result(name, entry.title)

    def start(self, folder: Path, text: Text) -> None:
        """Let it do the checked steps, and hold them against the reference."""
        trainers = {}
        with self.failing(symnet.SymnetError, NotTimedError):
            for dtype in DTYPES if self.entry.kind == "Generated" else ():
                if dtype in ("float64", self.race.dtype):
                    file = folder.with_name(f"{folder.name}-{dtype}.py")
                    file.write_text(text(self.race, self.entry, dtype), encoding="utf-8")
                    trainers[dtype] = str(file)
            self.worker = Worker(self.race, self.entry, folder)
            order = {"race": asdict(self.race), "entry": asdict(self.entry)}
            self.worker.ask({**order, "trainers": trainers, "results": str(folder)})
            self.check(folder)

    def check(self, folder: Path) -> None:
        for dtype in dict.fromkeys(("float64", self.race.dtype)):
            found = difference(self.race, dtype, folder)
            if dtype == "float64":
                self.result = replace(self.result, difference=found)
            if found is not None and not found <= (EXACT if dtype == "float64" else ROUGH):
                self.result = replace(self.result, wrong=True)
                raise NotTimedError(f"in {dtype} its weights are off by {found:.1e}")

    def calibrate(self, seconds: float) -> None:
        with self.failing(NotTimedError):
            if self.worker:
                self.worker.ask({"seconds": seconds})

    def clock(self) -> None:
        with self.failing(NotTimedError):
            if self.worker:
                seconds = self.worker.ask({"time": True})["seconds"]
                self.result = replace(self.result, times=(*self.result.times, seconds))

    @contextmanager
    def failing(self, *errors: type[Exception]) -> Iterator[None]:
        """Errors take it out of the race."""
        try:
            yield
        except errors as error:
            problem = str(error).partition("\n")[0] or type(error).__name__
            self.result = replace(self.result, problem=problem, times=())
            self.end()

    def end(self) -> None:
        if self.worker:
            self.worker.end()
        self.worker = None


def in_turn(racers: Sequence[T], round_: int) -> list[T]:
    """Another one begins in each round, and every other round goes backwards."""
    first = round_ % len(racers) if racers else 0
    order = [*racers[first:], *racers[:first]]
    return order[::-1] if round_ % 2 else order


def run(
    race: Race,
    entries: Mapping[str, Entry],
    pace: Pace,
    say: Callable[[str], None],
    text: Text = trainer_text,
) -> list[Result]:
    """What each of them did, in their order."""
    lanes = [Lane(name, race, entry) for name, entry in entries.items()]
    with tempfile.TemporaryDirectory(prefix="symnet-bench-") as folder, ExitStack() as stack:
        for lane in lanes:
            stack.callback(lane.end)
            say(f"checking {lane.entry.title}")
            lane.start(Path(folder) / lane.result.contender, text)
        for lane in lanes:
            say(f"warming up {lane.entry.title}")
            lane.calibrate(pace.seconds)
        for round_ in range(pace.rounds):
            say(f"round {round_ + 1} of {pace.rounds}")
            for lane in in_turn(lanes, round_):
                lane.clock()
    return [lane.result for lane in lanes]


# --- where it ran --------------------------------------------------------------------------------


def processor() -> str:
    """The name of the processor, as far as the system tells it."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    if sys.platform == "darwin":
        asked = ["sysctl", "-n", "machdep.cpu.brand_string"]
        with suppress(OSError):
            return subprocess.run(asked, capture_output=True, text=True).stdout.strip()
    return platform.processor() or platform.machine()


def machine() -> dict[str, Any]:
    return {"processor": processor(), "cores": os.cpu_count(), "system": platform.system()}


def versions() -> dict[str, str]:
    """Python, the packages that take part, and the BLAS of NumPy and of SciPy."""
    found = {"Python": platform.python_version()}
    for name in ("NumPy", "SciPy", "torch", "JAX", "scikit-learn"):
        with suppress(importlib.metadata.PackageNotFoundError):
            found[PYTORCH.get(name, name)] = importlib.metadata.version(name.lower())
    if installed("threadpoolctl"):
        asked = [sys.executable, "-c", BLAS]
        run = subprocess.run(asked, capture_output=True, text=True, env=environment(1))
        found |= dict(line.split(": ", 1) for line in run.stdout.splitlines())
    return found


PYTORCH = {"torch": "PyTorch"}

# Asked in the environment of a contender, which decides which kernels a BLAS takes.
BLAS = """
import threadpoolctl
seen = []
for package in ("numpy", "scipy.linalg"):
    try:
        __import__(package)
    except ImportError:
        continue
    for each in threadpoolctl.threadpool_info():
        if each["user_api"] == "blas" and each["filepath"] not in seen:
            seen.append(each["filepath"])
            name = {"openblas": "OpenBLAS"}.get(each["internal_api"], each["internal_api"])
            owner = {"numpy": "NumPy"}.get(package, "SciPy")
            print(f"BLAS of {owner}: {name} {each['version']} {each.get('architecture', '')}")
"""


def how_to_install(packages: Sequence[str], names: Mapping[str, str]) -> str:
    """The one line about what is not installed."""
    absent = ", ".join(names[package] for package in packages)
    return f'not installed and left out: {absent}; to have them: pip install -e ".[bench]"'
