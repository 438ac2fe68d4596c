"""Verdicts that were given before, kept in a file: an unchanged equation is not judged again.

A verdict is found by all that it depends on: the formula, the convention, the context, and the
sources of symnet itself. A cache that is damaged, locked or in a folder that cannot be written is
done without.

>>> import tempfile
>>> cache = Cache(Path(tempfile.mkdtemp()))
>>> from symnet.paper.claims.verdicts import PROVED
>>> cache.keep(("z = z", "nielsen", {}, True), Verdict(PROVED, "both sides are alike"))
>>> cache.find(("z = z", "nielsen", {}, True)).reason
'both sides are alike'
"""

import contextlib
import hashlib
import json
import os
import sqlite3
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from symnet.paper.claims.verdicts import (
    ILL_FORMED,
    PROVED,
    REFUTED,
    UNKNOWN,
    Counterexample,
    Verdict,
)
from symnet.paper.verify import BROKEN

Asked = tuple[str, str, Mapping[str, Any], bool]
PACKAGE = Path(__file__).resolve().parents[1]


def folder() -> Path:
    """Where caches are kept: $SYMNET_CACHE, else where the system has them."""
    if own := os.environ.get("SYMNET_CACHE"):
        return Path(own)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "symnet" / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "symnet"


@lru_cache(maxsize=1)
def sources() -> str:
    """A digest of all that a verdict depends on beside the question."""
    made = hashlib.sha256()
    for file in sorted(PACKAGE.rglob("*")):
        if file.suffix in (".py", ".lark", ".toml"):
            made.update(f"{file.relative_to(PACKAGE)}\0".encode())
            made.update(hashlib.sha256(file.read_bytes()).digest())
    return made.hexdigest()


class Cache:
    """Verdicts by what was asked."""

    def __init__(self, where: Path) -> None:
        self._base: sqlite3.Connection | None = None
        with contextlib.suppress(OSError, sqlite3.Error):
            where.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(where / "verdicts.sqlite", timeout=1.0)
            self._base.execute("pragma journal_mode = wal")
            self._base.execute("create table if not exists said (asked text primary key, verdict)")
            self._base.execute("create table if not exists made_by (sources text)")
            if [row for (row,) in self._base.execute("select sources from made_by")] != [sources()]:
                # Of another version of symnet: nothing of it can be found any more.
                self._base.execute("delete from said")
                self._base.execute("delete from made_by")
                self._base.execute("insert into made_by values (?)", (sources(),))
            self._base.commit()

    def find(self, asked: Asked) -> Verdict | None:
        """The verdict that was given, or None."""
        if self._base is None:
            return None
        with contextlib.suppress(sqlite3.Error, ValueError, KeyError, TypeError):
            rows = self._base.execute("select verdict from said where asked = ?", (_key(asked),))
            for (row,) in rows:
                return _verdict(json.loads(row))
        return None

    def keep(self, asked: Asked, verdict: Verdict) -> None:
        """Remember a verdict; not one that says that something broke or took too long."""
        if self._base is None or verdict.reason.startswith(BROKEN) or verdict.seconds > SLOW:
            return
        with contextlib.suppress(sqlite3.Error):
            row = (_key(asked), json.dumps(verdict.record, ensure_ascii=False))
            self._base.execute("insert or replace into said values (?, ?)", row)
            self._base.commit()


SLOW = 8.0  # seconds: it may have run out of its budget, and could say more on a quieter machine


def _key(asked: Asked) -> str:
    text, convention, context, repair = asked
    said = json.dumps([text, convention, context, repair, sources()], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def _verdict(record: Mapping[str, Any]) -> Verdict:
    """A verdict from its record; raises ValueError, TypeError or KeyError for what is none."""
    example, span = record["counterexample"], record["span"]
    words = [record["error_kind"], record["suggestion"], record["id"]]
    if not (
        record["verdict"] in (PROVED, REFUTED, ILL_FORMED, UNKNOWN)
        and all(isinstance(x, str) for x in (record["reason"], *record["assumptions"]))
        and all(isinstance(x, str) for x in record["notes"])
        and all(x is None or isinstance(x, str) for x in words)
        and isinstance(record["seconds"], int | float)
        and (span is None or [type(x) for x in span] == [int, int])
        and (example is None or isinstance(example["indices"], Mapping))
    ):
        raise ValueError
    return Verdict(
        record["verdict"],
        record["reason"],
        record["error_kind"],
        tuple(span) if span is not None else None,
        record["suggestion"],
        Counterexample(
            tuple(example["widths"]), example["indices"], example["left"], example["right"]
        )
        if example is not None
        else None,
        tuple(record["assumptions"]),
        tuple(record["notes"]),
        record["seconds"],
        record["id"],
    )
