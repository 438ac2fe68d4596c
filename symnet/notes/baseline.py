r"""Findings that a project knows of already: a file of them, and a report without them.

A finding is known by its rule and by the text that it is about, not by its line: it stays known
when something is written above it. Where the same is found more often than before, the rest is new.

>>> from symnet.notes.findings import ERROR, Finding
>>> from symnet.notes.source import Source
>>> before = Finding("refuted", ERROR, "…", Source("a.md", "$a = b$", "$a = b$"), 1, 6)
>>> text = "More.\n\n$a  = b$"
>>> after = Finding("refuted", ERROR, "…", Source("a.md", text, text), 8, 14)
>>> without((after,), read(dumps((before,))))
()
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from symnet.errors import SymnetError
from symnet.notes.findings import Finding

VERSION = 1
_LARGEST = 20_000_000  # bytes
_LONGEST = 2000  # characters of a text that is kept
_NAME, _ENTRIES = "symnet-baseline", "findings"
_KEYS = frozenset({"rule", "text", "count"})

Baseline = Mapping[tuple[str, str], int]


def fingerprint(finding: Finding) -> tuple[str, str]:
    """The rule, and the text of the place without its spaces; that of the line where it is empty.

    The text of a file is not trusted to stay the same in its white space: it is wrapped anew.
    """
    text = finding.source.visible[finding.start : finding.end]
    if not text.strip():
        start = finding.source.visible.rfind("\n", 0, finding.start) + 1
        end = finding.source.visible.find("\n", finding.start)
        text = finding.source.visible[start : end if end >= 0 else None]
    return finding.rule, "".join(text.split())[:_LONGEST]


def dumps(findings: Iterable[Finding]) -> str:
    """The file: the same findings give the same bytes."""
    counts = Counter(fingerprint(each) for each in findings)
    entries = [
        {"rule": rule, "text": text, "count": count}
        for (rule, text), count in sorted(counts.items())
    ]
    content = {_NAME: VERSION, _ENTRIES: entries}
    # A lone surrogate of a damaged note has no UTF-8; in ASCII it is an escape.
    return json.dumps(content, ensure_ascii=True, indent=1) + "\n"


def load(path: str | Path) -> Baseline:
    """What a file knows of. Raises SymnetError that names the file and the place in it."""
    try:
        with open(path, "rb") as file:
            data = file.read(_LARGEST + 1)
    except FileNotFoundError:
        raise SymnetError(
            f"{path}: no such file", hint=f"--write-baseline {path} makes it of what is found now."
        ) from None
    except OSError as error:
        raise SymnetError(f"{path}: {error.strerror or error}") from None
    except ValueError as error:  # of the system, about a path that it cannot have
        raise SymnetError(f"{path!r}: {error}") from None
    if len(data) > _LARGEST:
        raise SymnetError(f"{path}: this is larger than {_LARGEST} bytes, and no baseline")
    try:
        return read(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SymnetError(f"{path}: byte {error.start + 1} is not UTF-8") from None
    except SymnetError as error:
        raise SymnetError(f"{path}: {error.message}") from None


def read(text: str) -> Baseline:
    """The same from the text of the file."""
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        message = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise SymnetError(f"this is no JSON: {message}; write the baseline anew") from None
    except (RecursionError, ValueError):  # brackets in each other, or thousands of digits
        raise SymnetError("this is no baseline; write it anew") from None
    if not isinstance(content, dict) or content.get(_NAME) is None:
        raise SymnetError(f'this is no baseline: the key "{_NAME}" is missing; write it anew')
    if content[_NAME] != VERSION:
        shown = str(content[_NAME])[:20]
        raise SymnetError(f"a baseline of version {shown} is not understood, only {VERSION}")
    entries = content.get(_ENTRIES)
    if not isinstance(entries, list):
        raise SymnetError(f'"{_ENTRIES}" must be a list; write the baseline anew')
    found: Counter[tuple[str, str]] = Counter()
    for number, entry in enumerate(entries, 1):
        rule, said, count = _entry(entry, number)
        found[rule, said] += count
    return found


def _entry(entry: Any, number: int) -> tuple[str, str, int]:
    where = f"finding {number} of the list"
    if not isinstance(entry, dict) or entry.keys() != _KEYS:
        raise SymnetError(f"{where} must have rule, text and count, and nothing else")
    rule, text, count = entry["rule"], entry["text"], entry["count"]
    if not isinstance(rule, str) or not isinstance(text, str):
        raise SymnetError(f"{where}: rule and text must be in quotes")
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 10**9:
        raise SymnetError(f"{where}: count must be a whole number from 1 on")
    return rule, text, count


def without(findings: Iterable[Finding], baseline: Baseline) -> tuple[Finding, ...]:
    """The findings that are new: of several alike, those that come last."""
    left = dict(baseline)
    kept = []
    for finding in findings:
        key = fingerprint(finding)
        if left.get(key, 0) > 0:
            left[key] -= 1
        else:
            kept.append(finding)
    return tuple(kept)
