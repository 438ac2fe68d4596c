"""How long deriving and proving takes, as ratios to a peer that is measured in the same run.

`python benchmarks/kernel.py` prints the table; README.md beside this file says what is counted.
Seconds belong to a machine, ratios hardly do: so each row has its peer, SymPy's `diff` on the
network written out (tests/written_out.py) or a smaller network of our own.
"""

import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from written_out import WrittenOut, compare  # noqa: E402

from symnet import term  # noqa: E402
from symnet.calculus import (  # noqa: E402
    algebra,
    branches,
    checker,
    components,
    derivation,
    dual,
    meaning,
    normal,
    proof,
    rules,
    scalar,
)
from symnet.calculus.derivation import derive, numbers  # noqa: E402
from symnet.calculus.proof import prove  # noqa: E402
from symnet.network.architecture import Network  # noqa: E402
from symnet.term import equation_at  # noqa: E402

OURS = (
    *(term, normal, rules, derivation, components, dual, proof),
    *(algebra, branches, meaning, checker),
)
JUDGE = ("judge", "judge_at_numbers", "own_widths")  # the second judge, whose time counts apart
FUNCTIONS = ("sigmoid", "tanh", "relu")


def deep(layers: int) -> str:
    """Layers of alternating activations and widths."""
    kinds = [f"{2 + i % 4}:{FUNCTIONS[i % 3]}" for i in range(layers - 1)]
    return "-".join(["3", *kinds])


def forget(*, formulas_too: bool = False) -> None:
    """Empty our caches, so that no answer is remembered; SymPy's own stay.

    `scalar` holds what SymPy said of formulas in one variable, σ' of a sigmoid for one: that is
    warm as SymPy's own cache is, unless `formulas_too`.
    """
    for module in (*OURS, scalar) if formulas_too else OURS:
        for function in vars(module).values():
            if hasattr(function, "cache_clear"):
                function.cache_clear()


class Clock:
    """CPU seconds of what is run, and apart from them those of the second judge."""

    def __init__(self) -> None:
        self.judged = 0.0
        self.inside = False

    @contextmanager
    def watching(self) -> Iterator[None]:
        """The second judge's doors with a stopwatch at each."""
        doors = {name: getattr(components, name) for name in JUDGE}
        for name, door in doors.items():
            setattr(components, name, self.timed(door))
        try:
            yield
        finally:
            for name, door in doors.items():
                setattr(components, name, door)

    def timed(self, door: Callable[..., object]) -> Callable[..., object]:
        def through(*arguments: object) -> object:
            if self.inside:
                return door(*arguments)
            self.inside, started = True, time.process_time()
            try:
                return door(*arguments)
            finally:
                self.judged += time.process_time() - started
                self.inside = False

        return through


def measured(
    run: Callable[[], object], times: int, *, formulas_too: bool = False
) -> tuple[float, float]:
    """The least CPU time of several runs without the second judge, and the judge's least."""
    without, judged = [], []
    for _ in range(times):
        forget(formulas_too=formulas_too)
        gc.collect()
        clock = Clock()
        with clock.watching():
            started = time.process_time()
            run()
            all_of_it = time.process_time() - started
        without.append(all_of_it - clock.judged)
        judged.append(clock.judged)
    return min(without), min(judged)


def proved(text: str) -> Callable[[], object]:
    """derive, prove, certify and check, as `symnet prove` does; what fails is no measurement."""

    def run() -> object:
        found = prove(text)
        assert found.holds, str(found)
        return found

    return run


def claims(text: str) -> list[tuple[int, term.Equation]]:
    """The derived formulas for arbitrary σ and C of all layers: what both judges are asked."""
    return [
        (layer, formula.general.result)
        for formula in derive(text).formulas
        for layer in formula.layers
    ]


def judged(text: str) -> Callable[[], object]:
    """The second judge on all formulas."""
    network, asked = Network(text), claims(text)

    def run() -> object:
        for layer, claim in asked:
            assert components.judge(network, layer, claim).mismatch is None
        return None

    return run


def by_diff(text: str) -> float:
    """The same formulas by SymPy's `diff` on the network written out, once: it takes seconds."""
    network, asked = Network(text), claims(text)
    started = time.process_time()
    for layer, claim in asked:
        _, mismatch = compare(
            equation_at(claim, numbers(network, layer)), layer, WrittenOut(network, network.L)
        )
        assert mismatch is None
    return time.process_time() - started


MEMORY = """
import resource, sys
sys.path.insert(0, {root!r})
import symnet.calculus.proof as proof
{work}
try:
    lines = open("/proc/self/status").read().splitlines()
    print(next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")))
except (OSError, StopIteration):
    unit = 2**20 if sys.platform == "darwin" else 2**10
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)
"""


def megabytes(work: str) -> float:
    """Peak memory of a fresh process that imports symnet and does some work.

    On Linux not by `getrusage`, whose peak begins with that of the process which started this one.
    """
    program = MEMORY.format(root=str(ROOT), work=work)
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return float(run.stdout)


def rows(quick: bool = False) -> Iterator[dict[str, object]]:
    """What is measured, its figure, its peer's, the ratio, and what is aimed at."""

    def row(
        what: str, ours: float, peer: str, theirs: float, target: str, holds: bool, unit: str = "s"
    ) -> dict[str, object]:
        ratio = ours / theirs
        shown = {"what": what, "ours": ours, "peer": peer, "theirs": theirs, "unit": unit}
        return {**shown, "ratio": ratio, "target": target, "holds": holds}

    times = 3 if quick else 15
    for text in ("2-3-4-1", "784-4096-4096-10", deep(100)):
        prove(text)  # imports and SymPy's caches are warm
    diff = by_diff("2-3-4-1")
    small, small_judge = measured(proved("2-3-4-1"), times)
    yield row("2-3-4-1", small, "diff, 2-3-4-1", diff, "≤ 20 ms", small <= 0.020)
    cold, _ = measured(proved("2-3-4-1"), times, formulas_too=True)
    yield row("2-3-4-1, scalar formulas too", cold, "2-3-4-1", small, "told", True)
    only, _ = measured(lambda: derive("2-3-4-1"), times)
    yield row("2-3-4-1, derive alone", only, "2-3-4-1", small, "told", True)
    certificate = proof.certify(derive("2-3-4-1"))
    replay, _ = measured(lambda: checker.check(certificate), times)
    yield row("2-3-4-1, checker alone", replay, "2-3-4-1", small, "told", True)
    yield row("2-3-4-1, second judge", small_judge, "2-3-4-1", small, "told", True)
    wide, _ = measured(proved("784-4096-4096-10"), times)
    yield row("784-4096-4096-10", wide, "2-3-4-1", small, "≤ 1.3 ×", wide <= 1.3 * small)
    hundred, judge = measured(proved(deep(100)), 2 if quick else 5)
    yield row("100 layers", hundred, "2-3-4-1", small, "≤ 1.5 s", hundred <= 1.5)
    yield row("100 layers, second judge", judge, "100 layers", hundred, "told", True)
    four, four_judge = measured(proved(deep(400)), 1 if quick else 3)
    yield row("400 layers", four, "100 layers", hundred, "≤ 5 ×", four <= 5 * hundred)
    yield row("400 layers, second judge", four_judge, "of 100 layers", judge, "told", True)
    if not quick:
        ours = measured(judged("8-16-4"), 5)[1]
        theirs = by_diff("8-16-4")
        yield row("judge 8-16-4", ours, "diff, 8-16-4", theirs, "≤ 1/100", 100 * ours <= theirs)
    base, peak = megabytes(""), megabytes(f"assert proof.prove({deep(400)!r}).holds")
    yield row("memory, 400 layers", peak, "import only", base, "< 300 MB", peak < 300, "MB")


def shown(amount: float, unit: str) -> str:
    if unit == "MB":
        return f"{amount:.0f} MB"
    return f"{1000 * amount:.1f} ms" if amount < 1 else f"{amount:.2f} s"


def main() -> None:
    """Print the table; with --json, as records; with --quick, without what takes seconds."""
    if "--json" in sys.argv:
        print(json.dumps(list(rows("--quick" in sys.argv)), ensure_ascii=False, indent=1))
        return
    line = "{:<30} {:>10}   {:<15} {:>10} {:>9}   {:<9} {}".format
    print(line("measured", "", "peer", "", "ratio", "target", ""))
    missed = []
    for r in rows("--quick" in sys.argv):
        unit, ratio = str(r["unit"]), float(str(r["ratio"]))
        ours, theirs = (shown(float(str(r[of])), unit) for of in ("ours", "theirs"))
        ratio_ = f"{ratio:.2f}" if ratio >= 0.1 else f"1/{1 / ratio:.0f}"
        verdict = "" if r["target"] == "told" else "holds" if r["holds"] else "MISSED"
        print(line(r["what"], ours, r["peer"], theirs, ratio_, r["target"], verdict), flush=True)
        missed += [] if r["holds"] else [r["what"]]
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
