"""How fast generated trainers train, beside PyTorch, JAX, scikit-learn and NumPy by hand.

`make bench`, or `python benchmarks/training.py` where the extra `bench` is installed, prints the
tables and draws a picture; README.md beside this file says what is counted. It ends with 1 if a
contender computed something else than PyTorch did in float64.
"""

import argparse
import datetime
import json
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import ablation
import optimizers
import plot
import racing
import tables
from contenders import ENTRIES, PACKAGES, Entry, roster
from optimizers import Differences
from racing import Pace, Result
from tables import Outcome, Table
from workloads import EPOCHS, WORKLOADS, Race

FULL, QUICK = Pace(rounds=21, seconds=0.1), Pace(rounds=5, seconds=0.04)
STEPS = (
    Race(WORKLOADS["W1"], "float64"),
    *(Race(WORKLOADS[name]) for name in ("W2", "W3", "W4", "W5", "W6")),
    Race(WORKLOADS["W3"], optimizer="adam"),
)
FITS = tuple(Race(WORKLOADS[name], epochs=EPOCHS) for name in ("W2", "W3", "W4"))
PARALLEL = tuple(Race(WORKLOADS[name], threads=2) for name in ("W4", "W5"))
LONG = ("W4", "W5")  # left out of a quick run
ABLATION = tuple(f"ablation {blas}" for blas in ablation.OPTIONS)


@dataclass(frozen=True)
class Report:
    """All that was measured in a run, by the part of it, and where."""

    date: str
    machine: dict[str, Any]
    versions: dict[str, str]
    parts: dict[str, list[Outcome]]
    optimizers: Differences = field(default_factory=dict)

    @property
    def where(self) -> str:
        """When and on which machine, in a line."""
        return f"{self.date}, {self.machine['processor']}, {self.machine['cores']} cores"

    @property
    def software(self) -> str:
        return ", ".join(f"{name} {version}" for name, version in self.versions.items())

    def tables(self) -> list[Table]:
        """A table for each part, and one of what was computed."""
        found = [
            tables.ablation(ablation_title(part), outcomes)
            if part in ABLATION
            else tables.PARTS[part](outcomes)
            for part, outcomes in self.parts.items()
        ]
        compared = [each for part in COMPARED for each in self.parts.get(part, [])]
        if compared:
            judge = "PyTorch" if "PyTorch" in self.versions else ENTRIES["by-hand"].title
            found.append(tables.correctness(compared, judge))
        if self.optimizers:
            found.append(tables.optimizers(self.optimizers))
        return found

    def markdown(self) -> str:
        """The tables for a page; the points of the picture are left to the picture."""
        parts = {name: outcomes for name, outcomes in self.parts.items() if name != "curves"}
        shown = replace(self, parts=parts).tables()
        head = f"Measured {self.where}: {self.software}."
        return "\n\n".join([head, *map(tables.markdown, shown)]) + "\n"

    def record(self) -> dict[str, Any]:
        """As JSON."""
        parts = {
            name: [
                {"race": asdict(race), "results": [*map(asdict, results)]}
                for race, results in outcomes
            ]
            for name, outcomes in self.parts.items()
        }
        return {
            "date": self.date,
            "machine": self.machine,
            "versions": self.versions,
            "parts": parts,
            "optimizers": self.optimizers,
        }

    @classmethod
    def read(cls, record: dict[str, Any]) -> "Report":
        parts = {
            name: [
                (
                    Race.read(each["race"]),
                    [Result(**{**r, "times": tuple(r["times"])}) for r in each["results"]],
                )
                for each in outcomes
            ]
            for name, outcomes in record["parts"].items()
        }
        return cls(**{**record, "parts": parts})


COMPARED = ("steps", "fits", "parallel")


def ablation_title(part: str) -> str:
    blas = part.split()[1]
    return (
        f"Time per step without a pass, as a multiple of the time with all, --blas {blas}, float32"
    )


# --- what is asked for ---------------------------------------------------------------------------


def names(known: Sequence[str]) -> Callable[[str], list[str]]:
    """Reads a,b,c; names that are not known are refused with those that are."""

    def read(text: str) -> list[str]:
        found = [word.strip() for word in text.split(",") if word.strip()]
        if strange := [word for word in found if word not in known]:
            raise argparse.ArgumentTypeError(f"{strange[0]!r} is none of {', '.join(known)}")
        return found

    return read


def positive(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 up")
    return int(text)


def parser() -> argparse.ArgumentParser:
    asked = argparse.ArgumentParser(
        prog="training.py", description="Time generated trainers beside those of other libraries."
    )

    def several(option: str, known: Sequence[str], words: str) -> None:
        words = f"{words}, of {', '.join(known)}"
        asked.add_argument(option, type=names(known), metavar="NAMES", help=words)

    add = asked.add_argument
    add("--quick", action="store_true", help="few rounds, and neither W4 nor W5")
    add("--ablation", action="store_true", help="what each pass of the generator gains, alone")
    several("--parts", [*tables.PARTS, "optimizers"], "only these tables")
    several("--workload", [*WORKLOADS], "only these networks, and no picture")
    several("--only", [*ENTRIES], "only these contenders")
    add("--rounds", type=positive, metavar="N", help="how often each is timed")
    add("--seconds", type=float, metavar="S", help="how long a round is for each, about")
    add("--json", type=Path, metavar="FILE", help="write all figures")
    add("--markdown", type=Path, metavar="FILE", help="write the tables for a page")
    add("--plot", type=Path, metavar="FILE", help="draw the picture, as .svg, .png or .pdf")
    add("--from", dest="source", type=Path, metavar="FILE", help="figures of --json, not new ones")
    return asked


def plan(options: argparse.Namespace) -> dict[str, list[Race]]:
    """The races of each part that is asked for."""
    if options.ablation:
        parts: dict[str, Sequence[Race]] = dict.fromkeys(ABLATION, ablation.RACES)
    else:
        curves = [Race(workload) for workload in plot.workloads(options.quick)]
        parts = {"steps": STEPS, "fits": FITS, "parallel": PARALLEL, "curves": curves}
    wanted = options.parts or parts
    found = {
        name: [r for r in parts[name] if chosen(r, options)] for name in parts if name in wanted
    }
    return {name: races for name, races in found.items() if races}


def chosen(race: Race, options: argparse.Namespace) -> bool:
    """Whether a race is asked for, and can be run here."""
    if racing.CORES and race.threads > len(racing.CORES):
        return False
    name = race.workload.name
    if options.workload:
        return name in options.workload
    return not (options.quick and name in LONG)


def entries_of(part: str, race: Race, only: Sequence[str] | None) -> dict[str, Entry]:
    """Who takes part, as far as it is installed."""
    if part in ABLATION:
        found = ablation.entries(race, part.split()[1])
    else:
        found = {name: ENTRIES[name] for name in roster(race) if not only or name in only}
    return {name: entry for name, entry in found.items() if not racing.missing([entry])}


def pace(options: argparse.Namespace) -> Pace:
    usual = QUICK if options.quick else FULL
    return Pace(options.rounds or usual.rounds, options.seconds or usual.seconds)


# --- measuring -----------------------------------------------------------------------------------


class Progress:
    """What goes on, on standard error: one line that changes on a terminal, else a line a race."""

    def __init__(self, races: int) -> None:
        self.races, self.number, self.title = races, 0, ""
        self.terminal = sys.stderr.isatty()

    def begin(self, title: str) -> None:
        self.number += 1
        self.title = f"[{self.number}/{self.races}] {title}"
        if not self.terminal:
            print(self.title, file=sys.stderr, flush=True)

    def say(self, words: str) -> None:
        if self.terminal:
            print(f"\r\x1b[2K{self.title}: {words}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self.terminal:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)


def measure(options: argparse.Namespace) -> Report:
    """All races, one after the other; the figures so far are written after each."""
    today = datetime.date.today().isoformat()
    report = Report(today, racing.machine(), racing.versions(), {})
    planned, speed = plan(options), pace(options)
    progress = Progress(sum(map(len, planned.values())))
    for part, races in planned.items():
        for race in races:
            progress.begin(f"{part}: {race.key}")
            if entries := entries_of(part, race, options.only):
                racing.step_aside(race)
                text = ablation.trainer_text if part in ABLATION else racing.trainer_text
                found = racing.run(race, entries, speed, progress.say, text)
                report.parts.setdefault(part, []).append((race, found))
                write_figures(report, options.json)
            progress.clear()
    if optimizers_wanted(options):
        report = replace(report, optimizers=optimizers.differences())
    return report


def optimizers_wanted(options: argparse.Namespace) -> bool:
    """Whether the optimizers are asked for, by name or with everything, and can be compared."""
    everything = not (options.ablation or options.parts or options.workload or options.only)
    asked = everything or "optimizers" in (options.parts or ())
    return asked and all(map(racing.installed, optimizers.NEEDS))


def absent(options: argparse.Namespace) -> list[str]:
    """The packages that are asked for and not installed."""
    asked = [] if options.ablation or options.source else options.only or ENTRIES
    found = racing.missing([ENTRIES[name] for name in asked])
    if options.plot and not racing.installed("matplotlib"):
        found.append("matplotlib")
    return found


def wrong(report: Report) -> Iterator[str]:
    """Contenders that computed something else. Without a pass, that is what is looked for."""
    for part, outcomes in report.parts.items():
        for race, results in outcomes:
            for result in results:
                if result.wrong and part not in ABLATION:
                    yield f"wrong: {result.title} at {race.key}: {result.problem}"
    for optimizer, builds in report.optimizers.items():
        for build, off in builds.items():
            if not off <= racing.EXACT:
                yield f"wrong: {optimizer}, {build}: off by {off:.1e}"


def write(report: Report, options: argparse.Namespace) -> None:
    """The files that are asked for."""
    write_figures(report, options.json)
    if options.markdown:
        options.markdown.write_text(report.markdown(), encoding="utf-8")
    if options.plot and "curves" in report.parts and racing.installed("matplotlib"):
        software = textwrap.fill(report.software, 110)
        caption = f"{report.where}, one thread, float32, SGD\n{software}"
        plot.draw(report.parts["curves"], caption, options.plot)


def write_figures(report: Report, file: Path | None) -> None:
    if file:
        text = json.dumps(report.record(), ensure_ascii=False, indent=1)
        file.write_text(text + "\n", encoding="utf-8")


def show(report: Report) -> None:
    for table in report.tables():
        print(tables.plain(table), end="\n\n")
    for part, outcomes in report.parts.items():
        if part not in ABLATION:
            for line in tables.untimed(outcomes):
                print(line)
    for line in wrong(report):
        print(line)
    print(f"{report.where}\n{report.software}")


def main() -> None:
    asked = parser()
    options = asked.parse_args()
    for file in (options.json, options.markdown, options.plot):
        if file is not None and not file.parent.is_dir():
            asked.error(f"there is no folder {file.parent}")
    if packages := absent(options):
        print(racing.how_to_install(packages, PACKAGES), file=sys.stderr, flush=True)
    try:
        if options.source:
            report = Report.read(json.loads(options.source.read_text(encoding="utf-8")))
        else:
            report = measure(options)
    except KeyboardInterrupt:
        sys.exit(130)
    write(report, options)
    show(report)
    sys.exit(1 if list(wrong(report)) else 0)


if __name__ == "__main__":
    main()
