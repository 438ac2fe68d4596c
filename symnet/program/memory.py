"""Where arrays lie: in one block of rows, one sample a column, each row used again when it is free.

An operation writes over what it reads for the last time. Operations of one kind on several layers
(`gangs`) become one call, so their arrays lie side by side. `plan` decides all that, and `check`
says by itself, line by line, whether nothing is overwritten that is still needed.
"""

import functools
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy

from symnet.program.ir import (
    Array,
    Function,
    Instruction,
    Join,
    Map,
    ProgramError,
    Size,
    Slice,
    arguments,
    extent,
)
from symnet.program.passes import SAMPLES, WEIGHT

ODD = tuple(map(sympy.Integer, range(7, 999, 2)))  # open widths in the plan that is checked
MOST_ROWS = 1000  # of arrays that lie side by side for one call: larger ones are better near by


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows [start, stop) of the block."""

    start: Size
    stop: Size


@dataclass(frozen=True, slots=True)
class Plan:
    """The rows of each array with samples, by name, and how many there are in all.

    `order` are the lines as they are run, those that are one call together.
    """

    rows: dict[str, Rows]
    total: Size
    order: tuple[tuple[Instruction, ...], ...]


def plan(function: Function, sizes: Mapping[str, Size], kept: Iterable[str] = ()) -> Plan:
    """The places of all arrays that have a column for each sample; `kept` outlive the function."""
    alone: set[str] = set()
    while True:
        order = _ordered(function, sizes, alone)
        try:
            made = _Places(function, order, sizes, set(kept)).plan()
        except _CrowdedError as crowded:
            # Its arrays cannot lie side by side, because others lie beside them: a call for each.
            alone |= crowded.targets
            continue
        check(numbered(made), function, kept)
        return made


def numbered(made: Plan) -> Plan:
    """The plan where open widths are numbers, different and odd ones."""
    stops = [row.stop for row in made.rows.values()]
    found = {x for stop in stops if not isinstance(stop, int) for x in stop.free_symbols}
    at = dict(zip(sorted(found, key=str), ODD, strict=False))

    def number(x: Size) -> int:
        return x if isinstance(x, int) else int(x.xreplace(at))

    numbered = {name: Rows(number(x.start), number(x.stop)) for name, x in made.rows.items()}
    return Plan(numbered, number(made.total), made.order)


class _CrowdedError(Exception):
    """A gang whose arrays find no place side by side."""

    def __init__(self, gang: Iterable[Instruction]) -> None:
        super().__init__()
        self.targets = {line.target.name for line in gang}


# --- gangs ---------------------------------------------------------------------------------


def _ordered(
    function: Function, sizes: Mapping[str, Size], alone: set[str]
) -> tuple[tuple[Instruction, ...], ...]:
    """The lines, neighbours of one kind together, but for those that are to be alone."""
    order: list[tuple[Instruction, ...]] = []
    run: list[Map] = []
    known = {array.name for array in function.parameters}
    given = {array.name for array in function.parameters if array.axes}

    def flush() -> None:
        for gang in _gangs(run, known, sizes, alone | given):
            order.append(gang)
            known.update(line.target.name for line in gang)
        run.clear()

    for line in function.body:
        if isinstance(line, Map) and SAMPLES in line.target.axes:
            run.append(line)
            continue
        flush()
        order.append((line,))
        known.add(line.target.name)
    flush()
    return tuple(order)


def _gangs(
    run: Sequence[Map], known: set[str], sizes: Mapping[str, Size], outside: set[str]
) -> Iterable[tuple[Map, ...]]:
    """Lines of one formula on different arrays, where all that they read is there in time.

    Arrays `outside` of the block cannot lie side by side.
    """
    done = set(known)
    left = list(run)
    while left:
        line = left[0]
        same = [x for x in left if _alike(x, line) and not _names(x) & outside]
        ready = [x for x in same if all(a.name in done for a in x.arguments)]
        height = sum(_height(x.target, sizes) for x in ready)
        tall = not isinstance(height, int) or height > MOST_ROWS
        if line not in ready or len(ready) < 2 or tall or not _apart(ready):
            ready = [line]
        yield tuple(ready)
        done |= {x.target.name for x in ready}
        left = [x for x in left if x not in ready]


def _names(line: Map) -> set[str]:
    return {line.target.name, *(array.name for array in line.arguments)}


def _alike(x: Map, y: Map) -> bool:
    """Whether two lines differ by the names of arrays alone, each with one axis and the samples."""
    if x.equation or y.equation:  # what is named is read under its own equation
        return x == y
    if len(x.arguments) != len(y.arguments):
        return False
    for line in (x, y):
        if any(a.axes and a.axes != line.target.axes for a in line.arguments):
            return False
    if len(x.target.axes) != 2 or len(y.target.axes) != 2:
        return False
    to = {a.symbol: b.symbol for a, b in zip(x.arguments, y.arguments, strict=True)}
    if any(bool(a.axes) != bool(b.axes) or (not a.axes and a != b)
           for a, b in zip(x.arguments, y.arguments, strict=True)):  # fmt: skip
        return False
    return bool(x.formula.xreplace(to) == y.formula)


def spread(line: Map) -> Array | None:
    """The argument that one operation spreads over axes it lacks, beside one that lacks none.

    NumPy would take buffers for that: it is copied into the target first, which then is an operand.
    """
    if any(x.name == WEIGHT for x in line.arguments):
        return None  # seldom there, and then in place
    arrays = [x for x in line.arguments if x.axes]
    fewer = [x for x in arrays if x.axes != line.target.axes]
    if len(arrays) != 2 or len(fewer) != 1 or set(fewer[0].axes) >= set(line.target.axes):
        return None
    return fewer[0]


def _apart(gang: Sequence[Map]) -> bool:
    """Whether each place of the formula has another array in each line."""
    places = zip(*(x.arguments for x in gang), strict=True)
    return all(len({a.name for a in place}) == len(gang) for place in places if place[0].axes)


def _height(array: Array, sizes: Mapping[str, Size]) -> Any:
    """How many rows an array with samples takes."""
    return extent((axis for axis in array.axes if axis != SAMPLES), sizes)


def _higher(x: Any, y: Any) -> Any:
    """The larger of two heights; open ones differ by numbers alone."""
    return x if x - y >= 0 else y


# --- places --------------------------------------------------------------------------------


class _Places:
    """Arrays that share memory are one class; classes that lie side by side are one unit."""

    def __init__(
        self,
        function: Function,
        order: tuple[tuple[Instruction, ...], ...],
        sizes: Mapping[str, Size],
        kept: set[str],
    ) -> None:
        self.order, self.sizes, self.kept = order, sizes, kept
        self.at: dict[str, int] = {}  # when an array is made, counted in calls
        self.until: dict[str, int] = {}  # when it is read for the last time
        self.arrays: dict[str, Array] = {}
        self.joins: dict[str, str] = {}  # what has a row of ones behind it, by the two together
        given = {x.name for x in function.parameters}
        for i, gang in enumerate(order):
            for line in gang:
                self.until |= dict.fromkeys((x.name for x in arguments(line)), i)
                target = line.target
                if SAMPLES not in target.axes or isinstance(line, Slice):
                    continue
                if not isinstance(line, Join):
                    self.arrays[target.name] = target
                    self.at[target.name] = i
                elif line.part.name not in given:
                    self.joins[target.name] = line.part.name
        self.padded = set(self.joins.values())
        for whole, part in self.joins.items():
            # Whoever reads the whole reads the part.
            self.until[part] = max(self.until.get(part, 0), self.until.get(whole, 0))
        self.ganged = {
            x.name
            for gang in order
            if len(gang) > 1
            for line in gang
            for x in (line.target, *arguments(line))
        }
        self.owner = {name: name for name in self.arrays}
        self.top: Any = 0  # how many rows are taken

    def find(self, name: str) -> str:
        while self.owner[name] != name:
            name = self.owner[name]
        return name

    def members(self, root: str) -> list[str]:
        return [name for name in self.arrays if self.find(name) == root]

    def plan(self) -> Plan:
        for i, gang in enumerate(self.order):
            for line in gang:
                if isinstance(line, Map) and line.target.name in self.arrays:
                    self._in_place(line, i)
        starts = self._allocate(self._units())
        rows: dict[str, Rows] = {}
        for name, array in self.arrays.items():
            start = starts[self.find(name)]
            rows[name] = Rows(start, start + _height(array, self.sizes))
        for whole, part in self.joins.items():
            rows[whole] = Rows(rows[part].start, rows[part].stop + 1)
        stops = [x.stop for x in rows.values()]
        closed = all(isinstance(stop, int) for stop in stops)
        return Plan(rows, max(stops, default=0) if closed else self.top, self.order)

    def _in_place(self, line: Map, i: int) -> None:
        """The target over an argument that is read here for the last time."""
        if line.formula.has(sympy.Piecewise) or spread(line):
            return  # several calls, which read again what the first would have overwritten
        dying = [
            x
            for x in line.arguments
            if x.name in self.arrays
            and x.axes == line.target.axes
            and self.until[x.name] == i
            and x.name not in self.kept
            and x.name not in self.padded
        ]
        dying.sort(key=lambda x: x.name in self.ganged and line.target.name not in self.ganged)
        if dying and (line.target.name in self.ganged or dying[0].name not in self.ganged):
            self.owner[line.target.name] = self.find(dying[0].name)

    def _heights(self) -> dict[str, Any]:
        """How many rows each class takes, with a row of ones where one stands behind."""
        found: dict[str, Any] = {}
        for name, array in self.arrays.items():
            root = self.find(name)
            height = _height(array, self.sizes) + int(name in self.padded)
            found[root] = _higher(height, found.get(root, 0))
        return found

    def _units(self) -> list[list[tuple[str, Any]]]:
        """Lists of classes side by side, each with the rows it takes there."""
        height = self._heights()
        unit_of: dict[str, int] = {}
        units: list[list[tuple[str, Any]]] = []
        for gang in self.order:
            if len(gang) < 2:
                continue
            places = self._side_by_side(gang)
            extents = [
                functools.reduce(_higher, (height[place[k]] for place in places))
                for k in range(len(gang))
            ]
            for place in dict.fromkeys(places):
                held = {unit_of.get(root) for root in place}
                if held == {None}:
                    unit_of |= dict.fromkeys(place, len(units))
                    units.append(list(zip(place, extents, strict=True)))
                elif len(held) > 1 or [r for r, _ in units[unit_of[place[0]]]] != list(place):
                    raise _CrowdedError(gang)
        roots = dict.fromkeys(map(self.find, self.arrays))
        return [*units, *([(root, height[root])] for root in roots if root not in unit_of)]

    def _side_by_side(self, gang: Sequence[Instruction]) -> list[tuple[str, ...]]:
        """The classes of each place of the formula, over the lines of one call."""
        arrays = ((x.target, *(a for a in arguments(x) if a.axes)) for x in gang)
        places = list(zip(*arrays, strict=True))
        if not all(array.name in self.arrays for place in places for array in place):
            raise _CrowdedError(gang)
        return [tuple(self.find(array.name) for array in place) for place in places]

    def _life(self, root: str) -> tuple[int, float]:
        """From when to when a class is needed; a row of ones is needed for ever."""
        members = self.members(root)
        start = min(self.at[name] for name in members)
        if any(name in self.padded for name in members):
            return -1, float("inf")
        stop = max(self.until.get(name, self.at[name]) for name in members)
        return start, float("inf") if self.kept & set(members) else stop

    def _allocate(self, units: list[list[tuple[str, Any]]]) -> dict[str, Any]:
        """Where each class starts: each unit as low as it can lie.

        Where a width is open, nobody knows what fits where: then each unit lies behind the others.
        """
        closed = all(isinstance(rows, int) for unit in units for _, rows in unit)
        placed: list[tuple[Any, Any, int, float]] = []  # start, stop, from when, to when
        starts: dict[str, Any] = {}
        lives = [[self._life(root) for root, _ in unit] for unit in units]
        ordered = sorted(
            zip(units, lives, strict=True), key=lambda x: (min(a for a, _ in x[1]), -len(x[0]))
        )
        for unit, life in ordered:
            size = sum(rows for _, rows in unit)
            born, gone = min(a for a, _ in life), max(b for _, b in life)
            busy = ((start, stop) for start, stop, a, b in placed if a <= gone and born <= b)
            start: Any = _lowest(sorted(busy), size) if closed else self.top
            placed.append((start, start + size, born, gone))
            self.top = max(self.top, start + size) if closed else start + size
            for root, rows in unit:
                starts[root] = start
                start += rows
        return starts


def _lowest(busy: Iterable[tuple[int, int]], size: Any) -> int:
    """The first row of the lowest gap of this size between what is taken, in rising order."""
    start = 0
    for low, high in busy:
        if low - start >= size:
            break
        start = max(start, high)
    return start


# --- the judge -----------------------------------------------------------------------------


def check(made: Plan, function: Function, kept: Iterable[str] = ()) -> None:
    """Raise ProgramError if a line reads a row that something else was written to since.

    It looks at rows and lines alone, not at how the plan was found.
    """
    judge = _Judge(made, function)
    for gang in made.order:
        judge.call(gang)
    for name in kept:
        judge.read(name)


class _Judge:
    """What each row holds while the calls are gone through.

    Rows between two neighbouring bounds of arrays fare alike, so that one stands for all of them:
    a layer of a million neurons takes no longer than one of three.
    """

    def __init__(self, made: Plan, function: Function) -> None:
        self.rows = made.rows
        self.holds: dict[int, set[str]] = {}
        self.ones = {
            made.rows[line.target.name].stop - 1
            for line in function.body
            if isinstance(line, Join) and line.target.name in made.rows
        }
        ends = {end for x in made.rows.values() for end in (x.start, x.stop)}
        self.bounds = sorted(ends | self.ones | {row + 1 for row in self.ones})
        if Counter(line for gang in made.order for line in gang) != Counter(function.body):
            raise ProgramError(f"the calls are not the lines of {function.name}")
        if any(not 0 <= x.start < x.stop <= made.total for x in made.rows.values()):
            raise ProgramError("an array lies outside of the block")

    def call(self, gang: Sequence[Instruction]) -> None:
        """One call: it reads all that it reads, and then writes, also between its targets."""
        for line in gang:
            for array in arguments(line):
                self.read(array.name)
        head = gang[0]
        targets = [x.target.name for x in gang if x.target.name in self.rows]
        if isinstance(head, Join):
            self._join(head)
        elif targets:
            self._check_spacing(gang)
            self._check_overlap(gang)
            self._write(targets)

    def stretches(self, start: int, stop: int) -> list[int]:
        """The first rows of the stretches from `start` up to `stop`, both of them bounds."""
        return self.bounds[bisect_left(self.bounds, start) : bisect_left(self.bounds, stop)]

    def read(self, name: str) -> None:
        if name in self.rows:
            for row in self.stretches(self.rows[name].start, self.rows[name].stop):
                if name not in self.holds.get(row, ()):
                    raise ProgramError(f"row {row} of {name} holds {self.holds.get(row)}")

    def _write(self, targets: Sequence[str]) -> None:
        first, last = self.rows[targets[0]], self.rows[targets[-1]]
        for row in self.stretches(first.start, last.stop):
            if row in self.ones:
                raise ProgramError(f"{targets} are written over a row of ones")
            self.holds[row] = set()
        for name in targets:
            for row in self.stretches(self.rows[name].start, self.rows[name].stop):
                if self.holds.get(row) != set():
                    raise ProgramError(f"{name} is written over another array, or beside its call")
                self.holds[row] = {name}

    def _join(self, line: Join) -> None:
        """The row of ones behind an array; nothing is written."""
        whole, part = self.rows.get(line.target.name), self.rows.get(line.part.name)
        if whole is None:
            return  # it lies outside of the block
        if part is None or whole != Rows(part.start, part.stop + 1):
            raise ProgramError(f"{line.target.name} does not lie as {line.part.name} and one row")
        self.holds.setdefault(whole.stop - 1, set())
        for row in self.stretches(whole.start, whole.stop):
            self.holds[row].add(line.target.name)

    def _check_spacing(self, gang: Sequence[Instruction]) -> None:
        """That the arrays of one call lie alike in each place of the formula."""
        if len(gang) < 2:
            return
        targets = [self.rows[x.target.name].start for x in gang]
        for place in zip(*(arguments(x) for x in gang), strict=True):
            if place[0].axes:
                starts = [self.rows[x.name].start for x in place]
                if len({x - y for x, y in zip(starts, targets, strict=True)}) > 1:
                    raise ProgramError(
                        f"{place[0].name} does not lie as {gang[0].target.name} does"
                    )

    def _check_overlap(self, gang: Sequence[Instruction]) -> None:
        """That what is read and written lies apart, or is one: entry by entry that does no harm.

        A product reads on after it has written, and so do branches and what spreads an argument,
        which are several calls.
        """
        head = gang[0]
        several = isinstance(head, Map) and (head.formula.has(sympy.Piecewise) or spread(head))
        alike = isinstance(head, Map) and not several
        target = self._span([x.target for x in gang])
        for place in zip(*(arguments(x) for x in gang), strict=True):
            if place[0].name in self.rows:
                read = self._span(place)
                apart = read.stop <= target.start or target.stop <= read.start
                if not apart and not (alike and read == target):
                    raise ProgramError(f"{gang[0].target.name} is written over what it reads")

    def _span(self, place: Sequence[Array]) -> Rows:
        return Rows(self.rows[place[0].name].start, self.rows[place[-1].name].stop)
