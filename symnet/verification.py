"""Formulas one by one or by the thousand: what `symnet verify` does with what it is given.

>>> from symnet.verification import context_of
>>> context_of(["cost=quadratic", "widths=[2, 3, 1]", "declared.x=a^1"])
{'cost': 'quadratic', 'widths': [2, 3, 1], 'declared': {'x': 'a^1'}}
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import Any

from symnet.errors import SymnetError
from symnet.paper.claims import UNKNOWN, Verdict, verify

AHEAD = 8  # lines that a process has waiting


def context_of(pairs: Sequence[str]) -> dict[str, Any]:
    """KEY=VALUE pairs as a context; a value is JSON or a text, KEY.NAME=VALUE an entry of a table.

    Raises SymnetError for what is no pair.
    """
    context: dict[str, Any] = {}
    for pair in pairs:
        key, equals, said = pair.partition("=")
        if not equals or not key.strip():
            raise SymnetError(f"--context needs KEY=VALUE, such as cost=quadratic, not {pair!r}")
        try:
            value = json.loads(said)
        except ValueError:
            value = said
        table, dot, name = key.strip().partition(".")
        if dot:
            entries = context.setdefault(table, {})
            if not isinstance(entries, dict):
                raise SymnetError(f"--context {table} is given as a text and as a table")
            entries[name] = said
        else:
            context[table] = value
    return context


def verdict_of(line: str) -> Verdict:
    """The verdict on a claim as a line of JSON; what is no claim is unknown, and says why."""
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Verdict(UNKNOWN, f"this line is no JSON: {error}"[:200])
    if not isinstance(data, dict) or not isinstance(data.get("latex"), str):
        return Verdict(UNKNOWN, "this line has no field 'latex' with a formula")
    context = data.get("context") or {}
    convention = data.get("convention") or "nielsen"
    name = data.get("id")
    if not isinstance(context, dict) or not isinstance(convention, str):
        return Verdict(UNKNOWN, "'context' is a table and 'convention' a name", id=name)
    return replace(verify(data["latex"], convention, context), id=name, trial=None)


def verdicts(lines: Iterable[str], jobs: int = 1) -> Iterator[Verdict]:
    """The verdicts on claims as lines of JSON, in their order, as they are ready."""
    wanted = (line for line in lines if line.strip())
    if jobs <= 1:
        yield from map(verdict_of, wanted)
        return
    with ProcessPoolExecutor(jobs) as pool:
        waiting: list[Any] = []
        try:
            for line in wanted:
                waiting.append(pool.submit(verdict_of, line))
                if len(waiting) >= AHEAD * jobs:
                    yield waiting.pop(0).result()
            while waiting:
                yield waiting.pop(0).result()
        finally:
            for each in waiting:
                each.cancel()
