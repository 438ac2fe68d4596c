"""What is said of the races: tables of words, in columns for a terminal and as Markdown."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from contenders import ENTRIES, FITTED, OURS, PARALLEL, PEERS
from optimizers import STEPS, Differences
from racing import Result
from workloads import CHECKED, Race

Outcome = tuple[Race, list[Result]]


@dataclass(frozen=True)
class Table:
    """A title, the names of the columns, rows of words, and lines below them."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def plain(table: Table) -> str:
    """The table in columns of spaces, words on the left and numbers on the right."""
    words = [*zip(table.columns, *(map(bare, row) for row in table.rows), strict=True)]
    widths = [max(map(len, column)) for column in words]
    lines = [table.title]
    for cells in zip(*words, strict=True):
        first, *others = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        turned = [
            cell if left else cell.strip().rjust(len(cell))
            for cell, left in zip(others, named(table)[1:], strict=True)
        ]
        lines.append("  " + "  ".join([first, *turned]).rstrip())
    return "\n".join([*lines, *(f"  {note}" for note in table.notes)])


def markdown(table: Table) -> str:
    rules = [" --- " if left else " ---: " for left in named(table)]
    lines = [f"| {' | '.join(row)} |" for row in (table.columns, *table.rows)]
    text = [f"**{table.title}**", "", lines[0], f"|{'|'.join(rules)}|", *lines[1:]]
    for note in table.notes:
        text += ["", note]
    return "\n".join(text)


def named(table: Table) -> list[bool]:
    """Which columns hold names, not numbers."""
    return [column in NAMES for column in table.columns]


NAMES = ("workload", "trainer", "contender", "optimizer", "pass")


def bare(cell: str) -> str:
    return cell.replace("**", "")


# --- numbers as words ----------------------------------------------------------------------------


def duration(seconds: float) -> str:
    """Three digits and a unit."""
    unit, factor = ("s", 1.0) if seconds >= 1 else ("ms", 1e3) if seconds >= 1e-3 else ("µs", 1e6)
    return f"{three_digits(factor * seconds)} {unit}"


def three_digits(number: float) -> str:
    return f"{number:.{2 if number < 9.995 else 1 if number < 99.95 else 0}f}"


def ratio(peer: Result | None, ours: Result) -> float | None:
    """How many times as long as we a peer takes."""
    return peer.median / ours.median if peer and peer.times and ours.times else None


def ratio_text(number: float | None) -> str:
    """A ratio; bold where we lose."""
    if number is None:
        return ""
    return f"**{three_digits(number)}**" if number < 1 else three_digits(number)


# --- the tables ----------------------------------------------------------------------------------


def steps(outcomes: Sequence[Outcome]) -> Table:
    """Time per step: each of our builds, and its peers as multiples of it."""
    title = "Time per step, one thread; peers as multiples of the generated trainer's time"
    return against(title, outcomes, OURS, PEERS)


def curves(outcomes: Sequence[Outcome]) -> Table:
    """The same for the points of the picture."""
    title = "Time per step against width and depth, one thread, float32"
    return against(title, outcomes, OURS, PEERS)


def parallel(outcomes: Sequence[Outcome]) -> Table:
    """workers=2 and who else uses two cores."""
    title = "Time per step on two cores; others as multiples of the time of workers=2"
    return against(title, outcomes, ("workers-2",), PARALLEL)


def against(
    title: str, outcomes: Sequence[Outcome], ours: Sequence[str], peers: Sequence[str]
) -> Table:
    present = [name for name in peers if any(name in timed(found) for _, found in outcomes)]
    rows = []
    for race, found in outcomes:
        of = timed(found)
        for build in (of[name] for name in ours if name in of):
            ratios = [ratio_text(ratio(of.get(name), build)) for name in present]
            rows.append((race.key, build.title, duration(build.median), *ratios))
    columns = ("workload", "trainer", "time", *(ENTRIES[name].title for name in present))
    return Table(title, columns, tuple(rows), tuple(losses(outcomes, ours, present)))


def losses(outcomes: Sequence[Outcome], ours: Sequence[str], peers: Sequence[str]) -> Iterator[str]:
    """Who is quicker than which build, in a line each. The products are no trainer."""
    rivals = [name for name in peers if name != "products"]
    for build in ours:
        found = []
        for race, results in outcomes:
            of = timed(results)
            if build in of:
                ratios = ((name, ratio(of.get(name), of[build])) for name in rivals)
                found += [
                    f"{ENTRIES[name].title} at {race.key} ({three_digits(number)})"
                    for name, number in ratios
                    if number is not None and number < 1
                ]
        if any(build in timed(results) for _, results in outcomes) and rivals:
            yield f"Quicker than {ENTRIES[build].title}: {', '.join(found) or 'none of them'}."


def fits(outcomes: Sequence[Outcome]) -> Table:
    """Whole fits: the time, scikit-learn's as a multiple, and what a fit costs beside its steps."""
    title = (
        "Whole fits of the same epochs; scikit-learn as a multiple of the generated trainer's time"
    )
    rows = []
    for race, found in outcomes:
        of = timed(found)
        for name in FITTED:
            if name not in of:
                continue
            stepping = of.get(name.removesuffix("-fit"))
            rows.append(
                (
                    race.key,
                    of[name].title.removesuffix(", fit"),
                    str(race.epochs),
                    duration(of[name].median * race.steps),
                    ratio_text(ratio(of.get("sklearn"), of[name])),
                    three_digits(of[name].median / stepping.median) if stepping else "",
                )
            )
    columns = ("workload", "trainer", "epochs", "fit", "scikit-learn", "fit ÷ its steps")
    other = [race.key for race, of in outcomes if "sklearn" in timed(of) and not race.softmax]
    note = "scikit-learn has no sigmoid with the quadratic cost; its last layer is the identity"
    return Table(title, columns, tuple(rows), (f"{note} at {', '.join(other)}.",) if other else ())


def correctness(outcomes: Sequence[Outcome], judge: str) -> Table:
    """How far the float64 build of what is timed is from the reference."""
    title = f"Largest difference of a parameter from {judge} in float64 after {CHECKED} steps"
    races = list(dict.fromkeys(key_of(race) for race, _ in outcomes))
    cells: dict[str, dict[str, str]] = {}
    for race, found in outcomes:
        for result in found:
            if result.difference is not None:
                cells.setdefault(result.title, {})[key_of(race)] = small(result.difference)
    rows = [(title, *(of.get(key, "") for key in races)) for title, of in cells.items()]
    return Table(title, ("contender", *races), tuple(rows))


def small(difference: float) -> str:
    return f"{difference:.0e}" if difference else "0"


def optimizers(found: Differences) -> Table:
    """The same for each optimizer."""
    title = f"Largest difference from PyTorch's optimizers in float64 after {STEPS} steps"
    builds = list(dict.fromkeys(build for of in found.values() for build in of))
    rows = [(name, *(small(of[build]) for build in builds)) for name, of in found.items()]
    return Table(title, ("optimizer", *builds), tuple(rows))


def key_of(race: Race) -> str:
    """The races of one network and optimizer do the same in float64."""
    return race.key.removesuffix(" float64")


def ablation(title: str, outcomes: Sequence[Outcome]) -> Table:
    """How many times as long a step takes without each pass."""
    passes = dict.fromkeys(r.contender for _, found in outcomes for r in found)
    rows = []
    for name in passes:
        cells = []
        for _, found in outcomes:
            of = {result.contender: result for result in found}
            cells.append(gain(of.get(name), of[WHOLE]))
        rows.append((name, *cells))
    return Table(title, ("pass", *(race.key for race, _ in outcomes)), tuple(rows))


def gain(without: Result | None, whole: Result) -> str:
    """What leaving a pass out came to, in a word or a ratio."""
    if without is None:
        return "–"  # no pass of this trainer
    if without is whole:
        return duration(whole.median) if whole.times else whole.problem
    number = ratio(without, whole)
    return UNCHANGED if without.problem == UNCHANGED else three_digits(number) if number else NEEDED


WHOLE, UNCHANGED, NEEDED = "all passes", "no change", "needed"


def timed(results: Sequence[Result]) -> dict[str, Result]:
    return {result.contender: result for result in results if result.times}


def untimed(outcomes: Sequence[Outcome]) -> list[str]:
    """Who was not timed, and why."""
    return [
        f"not timed: {result.title} at {race.key}: {result.problem}"
        for race, found in outcomes
        for result in found
        if result.problem
    ]


PARTS: dict[str, Callable[[Sequence[Outcome]], Table]] = {
    "steps": steps,
    "fits": fits,
    "parallel": parallel,
    "curves": curves,
}
