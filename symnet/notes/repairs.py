r"""Proved repairs, put into the files as they are written; nothing else of a file changes.

>>> source = Source("note.html", "<p>$a &lt; b$</p>", "$a < b$", (3, 4, 5, 6, 10, 11, 12, 13, 17),
...                 written=HTML)
>>> changes(Edit(source, 1, 6, "b < a & c"))
(Change(start=4, end=5, text='b'), Change(start=11, end=12, text='a &amp; c'))
"""

import difflib
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from symnet.errors import SymnetError
from symnet.files import replace
from symnet.notes.files import decoded, encoded
from symnet.notes.findings import Edit, Report
from symnet.notes.source import HTML, JSON, PLAIN, Source

LONGEST_ENTITY = 34  # signs of an entity such as &CounterClockwiseContourIntegral;
MOST_COMPARED = 40_000  # pairs of words of a formula and its repair
LONGEST_ADDRESS = 2000  # signs before a formula in which the address that holds it is looked for

_JSON_SIGN = re.compile(r'\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u[\da-fA-F]{4}|\\.|[^"\\]')


@dataclass(frozen=True, slots=True)
class Change:
    """New text in place of a part of the raw text of a file."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Repairs:
    """The new texts of the files that change, and of how many fixes they are made."""

    old: Mapping[str, str]
    new: Mapping[str, str]
    applied: int
    left_out: int  # overlapping, or in a place that is written otherwise than it is seen


def repairs(report: Report) -> Repairs:
    """All fixes of a report that can be made together; of two that overlap, the first is made."""
    old: dict[str, str] = {}
    made: dict[str, list[tuple[Edit, tuple[Change, ...]]]] = {}
    left_out = applied = 0
    for edit in (finding.fix for finding in report.findings if finding.fix is not None):
        source = edit.source
        before = made.setdefault(source.path, [])
        if any(_same(edit, other) for other, _ in before):
            continue  # a file that two documents include
        found = changes(edit)
        if (
            found is None
            or old.setdefault(source.path, source.raw) != source.raw
            or any(_overlap(edit, other) for other, _ in before)
        ):
            left_out += 1
            continue
        before.append((edit, found))
        applied += 1
    new = {
        path: _changed(old[path], [change for _, found in edits for change in found])
        for path, edits in made.items()
        if any(found for _, found in edits)
    }
    return Repairs({path: old[path] for path in new}, new, applied, left_out)


def fixed(report: Report) -> dict[str, str]:
    """The new raw text of each file that the fixes of a report change."""
    return dict(repairs(report).new)


def write_fixed(report: Report) -> Repairs:
    """Writes the repaired files, each at once and in its own encoding."""
    found = repairs(report)
    contents = {path: _content(path, found.old[path], text) for path, text in found.new.items()}
    for path, content in contents.items():
        replace(Path(path).resolve(), content)  # a link stays one
    return found


def difference(report: Report) -> str:
    """What `write_fixed` would change, as `diff -u` prints it."""
    found = repairs(report)
    parts = (_difference(path, found.old[path], text) for path, text in found.new.items())
    return "".join(line for part in parts for line in part)


def difference_in_bytes(report: Report) -> bytes:
    """The same for `patch`: each file in its own encoding, with its byte order mark."""
    found = repairs(report)
    shown = b""
    for path, text in found.new.items():
        content, encoding = _stored(path, found.old[path])
        mark = encoded("", content).decode(encoding)
        old, new = (mark + _unmarked(x) for x in (found.old[path], text))
        head, *rest = _difference(path, old, new)
        shown += head.encode() + "".join(rest).encode(encoding, errors="replace")
    return shown


# --- from the visible text to the raw text --------------------------------------------------------


def changes(edit: Edit) -> tuple[Change, ...] | None:
    """The changes of the raw text that an edit is, the smallest that make it.

    None where the file does not hold the visible text: delimiters that nobody wrote, addresses.
    """
    source = edit.source
    spelled = [_spelled(source, at) for at in range(edit.start, edit.end)]
    unseen = {at for at, length in enumerate(spelled, edit.start) if length is None}
    if any(not source.visible[at].isspace() for at in unseen) or _in_address(source, edit.start):
        return None
    ends = [source.place(at) + (length or 1) for at, length in enumerate(spelled, edit.start)]
    found: list[Change] = []
    for start, end, text in _smallest(edit):
        if not unseen.isdisjoint(range(start, end)):
            return None  # a comment stands there, which is blank for the reader
        runs = list(_runs(source, start, end, ends[start - edit.start : end - edit.start]))
        broken = "\n" in source.visible[start:end] or "\n" in text
        if len(runs) > 1 and source.written == PLAIN and broken:
            return None  # between its lines stand signs of the file, as > of a quotation
        if not runs:
            at = ends[start - edit.start - 1] if start > edit.start else source.place(start)
            runs = [(at, at)]
        first, *others = runs
        found.append(Change(*first, _written(text, source, first[0])))
        found += [Change(*run, "") for run in others]
    return tuple(found)


def _smallest(edit: Edit) -> Iterator[tuple[int, int, str]]:
    """The parts of the visible text that an edit changes, in words, and what stands there then."""
    words = re.compile(r"\\?[A-Za-z]+|\s+|.", re.DOTALL)
    old = words.findall(edit.source.visible[edit.start : edit.end])
    new = words.findall(edit.text)
    at = [edit.start]
    for word in old:
        at.append(at[-1] + len(word))
    head = _alike(old, new)
    tail = _alike(old[head:][::-1], new[head:][::-1])
    middle, then = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(middle) * len(then) > MOST_COMPARED:
        yield at[head], at[head + len(middle)], "".join(then)
        return
    matcher = difflib.SequenceMatcher(None, middle, then, autojunk=False)
    for kind, i, j, k, m in matcher.get_opcodes():
        if kind != "equal":
            yield at[head + i], at[head + j], "".join(then[k:m])


def _alike(left: list[str], right: list[str]) -> int:
    """How many words two lists begin with alike."""
    pairs = enumerate(zip(left, right, strict=False))
    return next((i for i, (x, y) in pairs if x != y), min(len(left), len(right)))


def _runs(source: Source, start: int, end: int, ends: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The stretches of the raw text that the visible signs from start to end are written in."""
    run: tuple[int, int] | None = None
    for at, last in zip(range(start, end), ends, strict=True):
        first = source.place(at)
        if run is not None and run[1] == first:
            run = (run[0], last)
            continue
        if run is not None:
            yield run
        run = (first, last)
    if run is not None:
        yield run


def _spelled(source: Source, at: int) -> int | None:
    """With how many signs of the file a visible sign is written; None if it is not there."""
    raw, sign, place = source.raw, source.visible[at], source.place(at)
    if source.written == JSON:
        match = _JSON_SIGN.match(raw, place)
        return len(match[0]) if match and _read_json(match[0]) == sign else None
    if sign == "\n" and raw.startswith("\r", place):
        return 2 if raw.startswith("\r\n", place) else 1
    if sign == " " and raw.startswith("\r\n", place):
        return 1
    if source.written == HTML and raw.startswith("&", place):
        end = raw.find(";", place, place + LONGEST_ENTITY) + 1
        if end and html.unescape(raw[place:end]) == sign:
            return end - place
        end = source.place(at + 1)
        if end - place <= LONGEST_ENTITY and html.unescape(raw[place:end]) == sign:
            return end - place
    return 1 if raw.startswith(sign, place) else None


def _read_json(written: str) -> str | None:
    try:
        return str(json.loads(f'"{written}"'))
    except ValueError:
        return None


def _in_address(source: Source, at: int) -> bool:
    """Whether a visible sign stands in an address, as https://example.org/svg?a=b."""
    place = source.place(at)
    word = source.raw[max(0, place - LONGEST_ADDRESS) : place].split()[-1:]
    return bool(word) and place > 0 and not source.raw[place - 1].isspace() and "://" in word[0]


def _written(text: str, source: Source, place: int) -> str:
    """Text as the file has to spell it."""
    if source.written == JSON:
        return json.dumps(text, ensure_ascii=source.raw.isascii())[1:-1]
    if source.written == HTML:
        in_tag = source.raw.rfind("<", 0, place) > source.raw.rfind(">", 0, place)
        text = html.escape(text, quote=in_tag)
    first = source.raw.find("\n")
    if first > 0 and source.raw[first - 1] == "\r":
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    return text


def _same(edit: Edit, other: Edit) -> bool:
    return (edit.start, edit.end, edit.text) == (other.start, other.end, other.text) and (
        edit.source.raw == other.source.raw
    )


def _overlap(edit: Edit, other: Edit) -> bool:
    (start, end), (first, last) = _reach(edit), _reach(other)
    return (start < last and first < end) or start == first


def _reach(edit: Edit) -> tuple[int, int]:
    return edit.source.place(edit.start), edit.source.place(edit.end)


def _changed(raw: str, found: list[Change]) -> str:
    parts, at = [], 0
    for change in sorted(found, key=lambda x: (x.start, x.end)):
        parts += [raw[at : change.start], change.text]
        at = change.end
    return "".join([*parts, raw[at:]])


# --- from the raw text to the file ----------------------------------------------------------------


def _content(path: str, old: str, new: str) -> bytes:
    content, encoding = _stored(path, old)
    try:
        return encoded(_unmarked(new), content)
    except UnicodeEncodeError as error:
        sign = error.object[error.start]
        raise SymnetError(
            f"{path}: the repair needs {sign!r}, which the encoding of the file ({encoding}) lacks;"
            " nothing was changed"
        ) from None


def _stored(path: str, raw: str) -> tuple[bytes, str]:
    """What a file holds, and its encoding, if it still is what was read."""
    content = Path(path).read_bytes()
    text, encoding = decoded(content, path)
    if _unmarked(text) != _unmarked(raw):
        raise SymnetError(
            f"{path}: the file is no longer what was linted; nothing was changed, lint it once more"
        )
    return content, encoding


def _unmarked(text: str) -> str:
    return text.removeprefix("\ufeff")


def _difference(path: str, old: str, new: str) -> Iterator[str]:
    """A head of two lines, then the lines of the difference."""
    name = _file_name(path)
    before, after = (re.findall(r"[^\n]*\n|[^\n]+", text) for text in (old, new))
    lines = difflib.unified_diff(before, after, n=3)
    next(lines)
    next(lines)
    yield f"--- {name}\n+++ {name}\n"
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _file_name(path: str) -> str:
    """A name as `diff` heads its output with it: quoted, or ended by a tab, where it has to be."""
    if path.isprintable() and not set(path) & set('"\\'):
        return f"{path}\t" if " " in path else path
    inner = "".join(
        x if x.isprintable() and x not in '"\\' else "".join(f"\\{byte:03o}" for byte in x.encode())
        for x in path
    )
    return f'"{inner}"'
