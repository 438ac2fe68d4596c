"""What the tests would not notice: small planted errors, one at a time, and who finds them.

    mutants.py --collect       find out which tests touch which lines (once, and long)
    mutants.py --sample 440    plant so many, drawn by --seed; an interrupted run goes on
    mutants.py --survivors     plant those again that survived, before all tests that touch them
    mutants.py --show ID       one mutant as a diff, and what became of it
    mutants.py --only ID       the same, planted anew
    mutants.py --report        the figures, and the survivors

A mutant lives in a copy of the tree, in a process forked from one that has imported everything but
symnet. The tests that touch its line are tried, the quick and the special ones first, those that
compare with accepted text last; what only these notice is counted apart. A survivor may have been
spared some of its tests: then it says of how many.

`mutants.toml` beside this file holds what is known of survivors: why no test could tell, or why it
does not matter. benchmarks/README.md has the figures.
"""

import argparse
import ast
import difflib
import json
import random
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import planting  # noqa: E402
from mutations import Mutant, mutants  # noqa: E402
from touched import Test, Touched  # noqa: E402

# What is mutated, and how much of a sample each has: code, tables, templates, data files.
PATHS = (
    "symnet/calculus",
    "symnet/paper",
    "symnet/program",
    "symnet/backends",
    "symnet/conventions",
    "templates/numpy",
)
SHARES = {"code": 0.68, "table": 0.14, "template": 0.12, "data": 0.06}
ENDINGS = (".py", ".jinja", ".toml", ".lark")
LIMIT = 45.0  # seconds that the tests of a survivor may take
NOTICED = ("killed", "timeout", "accepted text")
LEFT = ("survived", "untouched", "unclear")


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("paths", nargs="*", default=list(PATHS), help="files and folders to mutate")
    parser.add_argument("--root", type=Path, default=HERE.parent, help="the project")
    parser.add_argument("--build", type=Path, help="where all is kept [build/mutants]")
    parser.add_argument("--collect", action="store_true", help="find out which tests touch what")
    parser.add_argument("--tests", nargs="*", default=[], help="just these, when collecting")
    parser.add_argument("--sample", type=int, help="so many, drawn; without it, all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", metavar="ID", nargs="*", help="just these")
    parser.add_argument("--show", metavar="ID", nargs="*", help="just show these")
    parser.add_argument("--survivors", action="store_true", help="survivors, before more tests")
    parser.add_argument("--report", action="store_true", help="figures of what was run before")
    parser.add_argument("--workers", type=int, default=1, metavar="N")
    parser.add_argument(
        "--limit", type=float, default=LIMIT, help="seconds of tests for a survivor"
    )
    options = parser.parse_args(words)
    root = options.root.resolve()
    build = (options.build or root / "build" / "mutants").resolve()
    build.mkdir(parents=True, exist_ok=True)
    results = build / "results.jsonl"
    if options.collect:
        planting.collect(root, build, options.tests, options.workers)
        return 0
    drawn = draw(root, options.paths, options.sample, options.seed)
    if options.only is not None or options.show is not None:
        wanted = set(options.only or options.show or ())
        drawn = [m for m in every(root, options.paths) if m.id in wanted]
        for mutant in drawn:
            print(shown(root, mutant), read(results).get(mutant.id, ""), sep="\n")
        if options.show is not None:
            return 0
    before = read(results)
    if options.report:
        report(drawn, before, notes())
        return 0
    if options.survivors:
        left = [m for m in drawn if before.get(m.id, {}).get("status") in LEFT]
        left = [m for m in left if m.id not in notes()]
        options.limit = max(options.limit, 900.0)
    else:
        left = drawn if options.only else [m for m in drawn if m.id not in before]
    if left:
        run(root, build, left, options, results)
    report(drawn, read(results), notes())
    return 0


def run(
    root: Path, build: Path, left: list[Mutant], options: argparse.Namespace, results: Path
) -> None:
    """Plant them all; each result is written at once, so that a run can be interrupted."""
    touched = planting.known(build)
    if touched is None:
        raise SystemExit("first: python benchmarks/mutants.py --collect")
    ways = ((m, (root / m.file).read_text("utf-8"), chosen(m, touched, root)) for m in left)
    planted = planting.plant(root, ways, touched, options.workers, options.limit)
    made = []
    for number, (mutant, outcome) in enumerate(planted, 1):
        line = {"id": mutant.id, "file": mutant.file, "line": mutant.line, "kind": mutant.kind}
        line |= {"before": mutant.before.strip(), "after": mutant.after.strip(), **asdict(outcome)}
        made.append(line)
        write(results, line)
        said = f"{number:4}/{len(left)} {outcome.status:13} {outcome.seconds:5.1f} s {mutant.id}"
        print(f"{said} {mutant.file}:{mutant.line} {outcome.by[:90]}", flush=True)

    unsure = planting.spoilt(root, touched, {line["by"] for line in made})
    for line in made:
        if line["by"] in unsure:
            print(f"{line['id']} is unclear: {line['by']} fails where nothing is planted, too")
            write(results, {**line, "status": "unclear"})


def write(results: Path, line: dict[str, Any]) -> None:
    with results.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def read(results: Path) -> dict[str, dict[str, Any]]:
    """What is known of each mutant: the last that was found out."""
    if not results.exists():
        return {}
    lines = map(json.loads, results.read_text(encoding="utf-8").splitlines())
    return {line["id"]: line for line in lines}


def notes() -> dict[str, str]:
    """What is said of survivors, by their ids."""
    file = HERE / "mutants.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def report(drawn: list[Mutant], found: dict[str, dict[str, Any]], said: dict[str, str]) -> None:
    """How many of each folder and part are noticed, and what is not."""
    rows: dict[str, Counter[str]] = {}
    survivors = []
    for mutant in drawn:
        if mutant.id not in found:
            continue
        status = found[mutant.id]["status"]
        if status not in NOTICED:
            survivors.append(mutant)
            status = "noted" if mutant.id in said else status
        folder = "/".join(mutant.file.split("/")[:2])
        for row in ("all", folder, f"part: {mutant.part}"):
            rows.setdefault(row, Counter())[status] += 1
    for mutant in survivors:
        what = found[mutant.id]
        spared = f", of {what['of']} tests {what['ran']}" if what["ran"] < what["of"] else ""
        print(f"\n{mutant.id}  {mutant.file}:{mutant.line}  {mutant.kind}{spared}")
        print(f"  - {what['before']}\n  + {what['after']}")
        if mutant.id in said:
            print(f"  note: {said[mutant.id]}")
    print(f"\n{'':24}{'made':>6}{'noticed':>9}{'':7}{'by accepted text alone':>24}{'equal':>7}")
    for row in sorted(rows, key=lambda row: (row == "all", row.startswith("part"), row)):
        counts = rows[row]
        made = counts.total() - counts["noted"]
        noticed = sum(counts[status] for status in NOTICED)
        share = f"{100 * noticed / made:.1f} %" if made else ""
        accepted = counts["accepted text"]
        print(f"{row:24}{made:6}{noticed:9}{share:>9}{accepted:22}{counts['noted']:7}")


# --- which mutants --------------------------------------------------------------------------------


def every(root: Path, paths: Sequence[str]) -> Iterator[Mutant]:
    for path in paths:
        files = [root / path] if (root / path).is_file() else sorted((root / path).rglob("*"))
        for file in files:
            if file.suffix in ENDINGS:
                name = file.relative_to(root).as_posix()
                yield from mutants(name, file.read_text(encoding="utf-8"))


def draw(root: Path, paths: Sequence[str], size: int | None, seed: int) -> list[Mutant]:
    """A sample: of each part of the sources its share, of one part every mutant alike."""
    everything = list(every(root, paths))
    if size is None:
        return [m for m in everything if sound(root, m)]
    parts = {part: [m for m in everything if m.part == part] for part in SHARES}
    whole = sum(SHARES[part] for part, members in parts.items() if members)
    drawn = []
    for part, members in parts.items():
        # Drawn by their names, so that a change of one file changes little of the sample.
        members.sort(key=lambda m: random.Random(f"{seed}{m.id}").random())
        left = round(size * SHARES[part] / whole)
        for mutant in members:
            if left and sound(root, mutant):
                drawn.append(mutant)
                left -= 1
    return drawn


def sound(root: Path, mutant: Mutant) -> bool:
    """Whether it can be compiled, and is not the same program."""
    if not mutant.file.endswith(".py"):
        return True
    source = (root / mutant.file).read_text(encoding="utf-8")
    try:
        changed = ast.parse(mutant.applied(source))
    except SyntaxError:
        return False
    return ast.dump(changed) != ast.dump(ast.parse(source))


def shown(root: Path, mutant: Mutant) -> str:
    source = (root / mutant.file).read_text(encoding="utf-8")
    one, other = source.splitlines(), mutant.applied(source).splitlines()
    diff = difflib.unified_diff(one, other, mutant.file, mutant.id, lineterm="", n=2)
    return "\n".join([f"{mutant.id}  {mutant.kind}", *diff])


# --- which tests ----------------------------------------------------------------------------------


def chosen(mutant: Mutant, touched: Touched, root: Path) -> list[Test]:
    """The tests that might notice, in the order in which they are tried."""
    source = (root / mutant.file).read_text(encoding="utf-8")
    if mutant.part == "template":
        found = _of_template(mutant, touched, source)
    elif mutant.part == "data":
        found = _of_data(mutant, touched, root)
    elif mutant.names:
        found = _of_names(mutant, touched, root)
    else:
        span = set(range(mutant.line, mutant.last + 1))
        found = touched.by(mutant.file, span)
        found = found or touched.by(mutant.file, _statement(source, mutant.line))
    if not found:
        return []
    tests = [touched.tests[name] for name in found]
    # Quick ones first, and among them those that are about this file and little else.
    tests.sort(
        key=lambda t: (
            t.accepting,
            (t.seconds + 0.05) / (0.03 + found[t.name] / max(1, t.touched)),
            t.name,
        )
    )
    return tests


def _statement(source: str, line: int) -> set[int]:
    """The lines of the smallest statement around a line."""
    around = [
        (node.end_lineno - node.lineno, node.lineno, node.end_lineno)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.stmt)
        and node.end_lineno is not None
        and node.lineno <= line <= node.end_lineno
    ]
    if not around:
        return {line}
    _, first, last = min(around)
    return set(range(first, last + 1))


def _of_names(mutant: Mutant, touched: Touched, root: Path) -> dict[str, int]:
    """For a table: the tests that execute a line in which it is mentioned."""
    found = {}
    names = _made_of((root / mutant.file).read_text(encoding="utf-8"), set(mutant.names))
    word = re.compile(rf"\b({'|'.join(map(re.escape, sorted(names)))})\b")
    private = all(name.startswith("_") for name in names)
    for file in [root / mutant.file] if private else sorted(root.rglob("symnet/**/*.py")):
        text = file.read_text(encoding="utf-8")
        if word.search(text):
            lines = {n for n, x in enumerate(text.splitlines(), 1) if word.search(x)}
            name = file.relative_to(root).as_posix()
            found.update(dict.fromkeys(touched.by(name, lines), 1))
    own = touched.by(mutant.file)
    return {name: own.get(name, 1) for name in found} or own


def _made_of(source: str, names: set[str]) -> set[str]:
    """Names of a module with those of the tables that are made of them."""
    tables = [x for x in ast.parse(source).body if isinstance(x, ast.Assign | ast.AnnAssign)]
    before: set[str] = set()
    while before != names:
        before = set(names)
        for table in tables:
            used = {x.id for x in ast.walk(table) if isinstance(x, ast.Name)}
            targets = table.targets if isinstance(table, ast.Assign) else [table.target]
            if used & names:
                names = names | {x.id for x in targets if isinstance(x, ast.Name)}
    return names


def _of_template(mutant: Mutant, touched: Touched, source: str) -> dict[str, int]:
    """The tests that execute what the line becomes, or if there is no such line, all that emit."""
    lines = source.splitlines()
    for line in lines[mutant.line - 1 : mutant.line + 6]:
        pieces = re.split(r"\{\{.*?\}\}|\{%.*?%\}", line.strip())
        if sum(map(len, pieces)) >= 6:
            found = touched.by_text(re.compile(".*".join(map(re.escape, pieces))))
            if found:
                return found
    return touched.by("symnet/backends/trainer.py")


def _of_data(mutant: Mutant, touched: Touched, root: Path) -> dict[str, int]:
    """The tests whose name or file mentions the file, else all that read formulas."""
    stem = Path(mutant.file).stem
    mentions = {
        f"tests/{file.name}"
        for file in (root / "tests").glob("*.py")
        if re.search(rf"\b{re.escape(stem)}\b", file.read_text(encoding="utf-8"))
    }
    found = {}
    for name, test in touched.tests.items():
        if re.search(rf"(?<![a-z]){re.escape(stem)}(?![a-z])", name):
            found[name] = test.touched
        elif test.file in mentions or "convention" in test.file or stem in ("formula", "methods"):
            found[name] = 1
    return found


if __name__ == "__main__":
    sys.exit(main())
