r"""Jupyter notebooks: their cells of Markdown, each character with its place in the file.

nbformat gives the cells and not their places, so the strings are found here; the tests hold both
against each other. Cells of code and what they print are left out.

>>> raw = '{"cells": [{"cell_type": "markdown", "source": ["$\\\\sigma$"]}], "nbformat": 4}'
>>> source = visible_text(raw, "note.ipynb")
>>> source.visible, source.part(1), source.line_and_column(2)
('$\\sigma$\n\n', 'cell 1', (1, 53))
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from symnet.errors import SymnetError
from symnet.notes import markdown
from symnet.notes.document import Suppression
from symnet.notes.plain_notes import comments, suppression
from symnet.notes.source import JSON, Placed, Source, changed

_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\],:]|[^\s"{}\[\],:]++', re.DOTALL)
_ESCAPE = re.compile(r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u....|\\.")
_TEXT_CELLS = ("markdown", "heading")  # the latter in version 3


def visible_text(raw: str, path: str) -> Source:
    """The cells of Markdown, one after the other, as Markdown is seen."""
    texts: list[str] = []
    places: list[int] = []
    parts = []
    for number, cell in _cells(raw, path):
        seen = markdown.seen_text(cell.text).within(cell)
        parts.append((len(places), f"cell {number}"))
        texts += seen.text, "\n\n"
        places += [*seen.places, seen.places[-1]]
    places.append(max(places[-1:], default=len(raw)))
    return Source(path, raw, "".join(texts), tuple(places), tuple(parts), JSON)


def suppressions(source: Source) -> tuple[Suppression, ...]:
    """What the comments `<!-- symnet: ignore[rule] reason -->` of its cells ask not to be told."""
    if "symnet:" not in source.raw:
        return ()
    found = []
    for _, cell in _cells(source.raw, source.path):
        text = markdown.without_code(cell.text)
        for start, end in comments(text):
            at, to = cell.places[start], cell.places[end]
            found.append(suppression(source, at, to, text[start + 4 : end - 3]))
    return tuple(each for each in found if each)


def _cells(raw: str, path: str) -> Iterator[tuple[int, Placed]]:
    """The cells of text and their numbers, counted from 1 over cells of all kinds."""
    try:
        json.loads(raw)
    except RecursionError:
        raise SymnetError(f"{path}: no notebook: nested too deeply") from None
    except ValueError as error:
        raise SymnetError(f"{path}: no notebook: {error}") from None
    book = _structure(raw)
    if not isinstance(book, dict) or not ("cells" in book or "worksheets" in book):
        raise SymnetError(f"{path}: no notebook: it has no cells")
    sheets = [book, *_list(book.get("worksheets"))]
    cells = [
        cell for sheet in sheets if isinstance(sheet, dict) for cell in _list(sheet.get("cells"))
    ]
    for number, cell in enumerate(cells, start=1):
        if isinstance(cell, dict) and _text(raw, cell.get("cell_type")) in _TEXT_CELLS:
            source = cell.get("source")
            spans = source if isinstance(source, list) else [source]
            yield number, _joined(raw, [span for span in spans if isinstance(span, tuple)])


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(raw: str, value: Any) -> str:
    return raw[value[0] : value[1]] if isinstance(value, tuple) else ""


def _structure(raw: str) -> Any:
    """The objects and arrays of a JSON text that is well formed; a string is the place of its text.

    Numbers and the like, which no note is written in, become None.
    """
    top: list[Any] = []
    open_values: list[list[Any] | dict[str, Any]] = [top]
    keys: list[str | None] = [None]
    for match in _TOKEN.finditer(raw):
        sign = match[0][0]
        if sign in "}]":
            open_values.pop()
            keys.pop()
        elif sign not in ",:":
            inner = open_values[-1]
            value: Any = None
            if sign == '"':
                value = (match.start() + 1, match.end() - 1)
                if isinstance(inner, dict) and keys[-1] is None:
                    keys[-1] = json.loads(match[0], strict=False)
                    continue
            elif sign in "{[":
                value = {} if sign == "{" else []
            if isinstance(inner, list):
                inner.append(value)
            else:
                inner[keys[-1] or ""] = value
                keys[-1] = None
            if sign in "{[":
                open_values.append(value)
                keys.append(None)
    return top[0] if top else None


def _joined(raw: str, spans: list[tuple[int, int]]) -> Placed:
    """The strings one after the other, without the escapes of JSON."""
    texts: list[str] = []
    places: list[int] = []
    for start, end in spans:
        written = raw[start:end]
        decoded = changed(
            written,
            [
                (match.start(), match.end(), _unescaped(match[0]))
                for match in _ESCAPE.finditer(written)
            ],
        )
        texts.append(decoded.text)
        places += [start + place for place in decoded.places[:-1]]
    places.append(spans[-1][1] if spans else 0)
    return Placed("".join(texts), places)


def _unescaped(escape: str) -> str:
    """The character that an escape stands for; half of a pair stands for none."""
    character: str = json.loads(f'"{escape}"')
    return character if not "\ud800" <= character <= "\udfff" else "\ufffd"
