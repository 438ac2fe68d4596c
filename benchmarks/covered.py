"""What of the generated trainers no test executes, all trainers taken together.

    python benchmarks/covered.py [FILE]    after make coverage; FILE is its .coverage

Tests generate many trainers, and what one of them never does another one did. So a line counts as
executed if it was in any trainer that has it, in the same function and in the same words, and a
branch likewise. A function is complete if all its lines and branches were executed somewhere.
"""

import ast
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import coverage
from coverage.python import PythonParser

Place = tuple[str, str, int]  # function, words of the line, which of those that say the same


def main() -> int:
    file = sys.argv[1] if len(sys.argv) > 1 else ".coverage"
    measured = coverage.Coverage(data_file=file)
    measured.load()
    lines: dict[Place, bool] = defaultdict(bool)
    branches: dict[tuple[Place, Place], bool] = defaultdict(bool)
    data = measured.get_data()
    trainers = [Path(f) for f in data.measured_files() if Path(f).name.startswith("net_")]
    for path in filter(Path.exists, trainers):
        text = path.read_text(encoding="utf-8")
        places = dict(named(text))
        parser = PythonParser(text=text, filename=str(path), exclude="pragma: no cover")
        parser.parse_source()
        executed = parser.translate_lines(data.lines(str(path)) or ())
        for line in parser.statements:
            lines[places[line]] |= line in executed
        arcs = set(parser.translate_arcs(data.arcs(str(path)) or ()))
        ways = Counter(start for start, _ in parser.arcs())
        for start, end in parser.arcs():
            if ways[start] > 1 and start > 0:
                there = places.get(end, ("", "leaves", 0))
                branches[places[start], there] |= (start, end) in arcs
    report(lines, branches, len(trainers))
    return 0


def named(text: str) -> Iterator[tuple[int, Place]]:
    """Each line by its function and its words."""
    owners = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                owners[line] = f"{owners[line]}.{node.name}" if line in owners else node.name
    seen = Counter[tuple[str, str]]()
    for number, line in enumerate(text.splitlines(), 1):
        what = owners.get(number, ""), line.strip()
        seen[what] += 1
        yield number, (*what, seen[what])


def report(
    lines: dict[Place, bool], branches: dict[tuple[Place, Place], bool], trainers: int
) -> None:
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    for (owner, words, _), done in lines.items():
        totals[owner]["done" if done else "missed"] += 1
        if not done:
            print(f"never executed  {owner or 'module'}: {words}")
    for ((owner, words, _), (_, there, _)), done in branches.items():
        totals[owner]["done" if done else "missed"] += 1
        if not done:
            print(f"never taken     {owner or 'module'}: {words}  ->  {there}")
    done = sum(counts["done"] for counts in totals.values())
    every = sum(counts.total() for counts in totals.values())
    whole = sum(not counts["missed"] for counts in totals.values())
    print(
        f"{trainers} trainers: {100 * done / max(1, every):.2f} % of {every} lines and branches; "
        f"{whole} of {len(totals)} functions are complete"
    )


if __name__ == "__main__":
    sys.exit(main())
