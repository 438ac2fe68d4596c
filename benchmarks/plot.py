"""The picture of time per step against width and against depth."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from contenders import ENTRIES
from tables import Outcome, timed
from workloads import Workload, deep, wide

WIDTHS = (8, 16, 32, 64, 128, 256, 512, 1024, 2048)
DEPTHS = (1, 2, 4, 8, 16, 24, 40)
QUICK_WIDTHS, QUICK_DEPTHS = (8, 128, 1024), (1, 8, 40)
PANELS = {  # by the first word of a workload: what it is, and its axis
    "width": ("784-n-10, relu and softmax, batch 64", "neurons n"),
    "depth": ("64-(32×d)-10, tanh and softmax, batch 32", "hidden layers d"),
}


@dataclass(frozen=True)
class Line:
    """How a contender is drawn: told apart by colour, by marker, and by dashes."""

    name: str
    colour: str
    marker: str
    dashes: str = "-"


# The colours of Okabe and Ito, which look different to everybody.
LINES = (
    Line("torch", "#D55E00", "s"),
    Line("jax", "#009E73", "^"),
    Line("numpy", "#0072B2", "o"),
    Line("scipy", "#56B4E9", "P"),
    Line("products", "#000000", "x", ":"),
)


def workloads(quick: bool) -> list[Workload]:
    widths, depths = (QUICK_WIDTHS, QUICK_DEPTHS) if quick else (WIDTHS, DEPTHS)
    return [*map(wide, widths), *map(deep, depths)]


def points(outcomes: Sequence[Outcome], panel: str, contender: str) -> list[tuple[int, float]]:
    """Where the line of a contender goes: (neurons or layers, µs a step)."""
    found = []
    for race, results in outcomes:
        axis, number = race.workload.name.split()
        of = timed(results)
        if axis == panel and contender in of:
            found.append((int(number), 1e6 * of[contender].median))
    return sorted(found)


def draw(outcomes: Sequence[Outcome], caption: str, file: Path) -> None:
    """Two panels with logarithmic axes. The same figures give the same bytes."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    matplotlib.rcParams.update({"svg.hashsalt": "symnet", "font.size": 10})
    figure, panels = pyplot.subplots(1, len(PANELS), figsize=(11, 5.2), layout="constrained")
    for panel, (name, (title, label)) in zip(panels, PANELS.items(), strict=True):
        for line in LINES:
            if where := points(outcomes, name, line.name):
                panel.plot(
                    *zip(*where, strict=True),
                    color=line.colour,
                    marker=line.marker,
                    linestyle=line.dashes,
                    label=ENTRIES[line.name].title,
                )
        panel.set(title=title, xlabel=label, ylabel="µs a step", xscale="log", yscale="log")
        mark(panel)
    panels[0].legend(frameon=False)
    figure.suptitle(f"Time of a training step\n{caption}", fontsize=10)
    figure.savefig(file, dpi=150, metadata={"Date": None} if file.suffix == ".svg" else None)
    pyplot.close(figure)


def mark(panel: object) -> None:
    """A tick at each measured width, and plain numbers on both axes."""
    from matplotlib.axes import Axes
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

    assert isinstance(panel, Axes)
    measured = {float(number) for line in panel.lines for number in line.get_xdata()}
    number = FuncFormatter(lambda value, _: f"{value:g}")
    panel.xaxis.set_major_locator(FixedLocator(sorted(measured)))
    panel.xaxis.set_major_formatter(number)
    panel.xaxis.set_minor_locator(NullLocator())
    panel.yaxis.set_major_formatter(number)
    panel.yaxis.set_minor_formatter(NullFormatter())
    panel.grid(which="major", color="0.85")
    panel.set_axisbelow(True)
