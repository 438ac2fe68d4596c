r"""Reports built by hand for the tests of what lint prints: real verdicts, places that are known.

>>> one = linted("a.md", "so $a^1 = x$ and $c$")
>>> [x.text for x in one.equations], len(one.document.pieces)
(['a^1 = x', 'c'], 4)
"""

import functools
import html
import json
import re
from collections.abc import Mapping
from typing import Any

from symnet.notes.document import Document, Formula, Piece, Prose
from symnet.notes.findings import (
    CLAIM,
    ERROR,
    NOTE,
    OTHER,
    RULES,
    UNREAD,
    Edit,
    Equation,
    Finding,
    Linted,
    Report,
)
from symnet.notes.source import HTML, JSON, Source
from symnet.paper.verify import ILL_FORMED, PROVED, REFUTED, UNKNOWN, Verdict, verify

RULE = {REFUTED: "refuted", ILL_FORMED: "ill-formed", UNKNOWN: "not-understood"}
LEVEL = {REFUTED: ERROR, ILL_FORMED: ERROR, UNKNOWN: NOTE}

_FORMULA = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$", re.DOTALL)
_ENTITY = re.compile(r"&[a-z]+;|&#\d+;|<[^>]*>|.", re.DOTALL)


@functools.cache
def verdict(latex: str) -> Verdict:
    """The verdict on a formula in Nielsen's convention."""
    return verify(latex.strip())


def html_source(path: str, raw: str) -> Source:
    """What is seen of HTML without comments and scripts: tags fall away, entities are decoded."""
    visible, places = "", list[int]()
    for match in _ENTITY.finditer(raw):
        if not re.fullmatch(r"<[^>]*>", match[0]):
            visible += html.unescape(match[0])
            places.append(match.start())
    return Source(path, raw, visible, (*places, len(raw)), written=HTML)


def notebook_source(path: str, cells: list[str]) -> Source:
    """A notebook as nbformat writes it, its cells one after the other."""
    notebook = {
        "cells": [
            {"cell_type": "markdown", "metadata": {}, "source": cell.splitlines(keepends=True)}
            for cell in cells
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    raw = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    visible, places, parts = "", list[int](), []
    at = 0
    for number, cell in enumerate(cells, start=1):
        parts.append((len(visible), f"cell {number}"))
        for line in cell.splitlines(keepends=True):
            at = raw.index(json.dumps(line, ensure_ascii=False), at) + 1
            for sign in line:
                places.append(at)
                visible += sign
                at += len(json.dumps(sign, ensure_ascii=False)) - 2
        places.append(at)
        visible += "\n"
    return Source(path, raw, visible, (*places, len(raw)), tuple(parts), JSON)


def linted(
    path: str,
    text: str | Source,
    roles: Mapping[str, str] = {},
    verdicts: Mapping[str, Verdict] = {},
) -> Linted:
    """A note whose formulas in dollars are claims, but for those that `roles` says more of."""
    source = Source(path, text, text) if isinstance(text, str) else text
    pieces, equations, findings = list[Piece](), list[Equation](), list[Finding]()
    at = 0
    for match in _FORMULA.finditer(source.visible):
        display = match[1] is not None
        start, end = match.span(1 if display else 2)
        dollars = 2 if display else 1
        if match.start() > at:
            pieces.append(Prose(source, at, match.start()))
        formula = Formula(source, start, end, display)
        pieces.append(formula)
        at = end + dollars
        role = roles.get(formula.text.strip(), CLAIM if "=" in formula.text else OTHER)
        found = verdicts.get(formula.text) or (verdict(formula.text) if role == CLAIM else None)
        if found is not None and found.verdict == UNKNOWN:
            role = UNREAD
        equations.append(Equation(formula, start, end, role, found))
        if found is not None and found.verdict != PROVED:
            findings.append(finding(source, start, end, found))
    if at < len(source.visible):
        pieces.append(Prose(source, at, len(source.visible)))
    return Linted(
        Document(path, tuple(pieces)), "Nielsen's convention", tuple(equations), tuple(findings)
    )


def finding(source: Source, start: int, end: int, found: Verdict) -> Finding:
    """What a linter says of a formula that is not proved."""
    inside = source.visible[start:end]
    shift = start + len(inside) - len(inside.lstrip())
    first, last = found.span or (0, len(inside.strip()))
    stripped_end = start + len(inside.rstrip())
    fix = None
    if found.suggestion is not None:
        fix = Edit(source, shift, stripped_end, found.suggestion)
    rule = RULE[found.verdict]
    return Finding(
        rule if rule in RULES else "refuted",
        LEVEL[found.verdict],
        found.reason,
        source,
        shift + first,
        shift + last,
        found.verdict,
        found.suggestion,
        found.error_kind,
        fix,
    )


def report(*notes: Linted) -> Report:
    return Report(notes)


def facts(found: Report) -> list[tuple[str, int, int, Any]]:
    return [(x.rule, x.line, x.column, x.suggestion) for x in found.findings]
