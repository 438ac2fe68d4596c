r"""A formula of a page of notes on its way to what is meant: what habits start from.

>>> sorted(declared({"definitions": {"z^l": "w^l a^{l-1}"}, "cost": "abstract"}))
['z^l']
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from symnet.errors import SymnetError
from symnet.paper.books.convention_files import Convention
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.signs.notation import spelled_out

TABLES = ("definitions", "declared")
SAMPLE = frozenset("intkpsqx")  # letters for one example of many


@dataclass(frozen=True, slots=True)
class Usual:
    """A formula and the context of its page with what is usual said, and what was assumed."""

    display: s.Display
    context: Mapping[str, Any]
    assumptions: tuple[str, ...] = ()


def known_letters(context: Mapping[str, Any], book: Convention) -> set[str]:
    """Letters that the page or its book has a meaning for."""
    known = set(book.translation.by_name) | book.translation.functions | {"C"}
    for key in declared(context):
        try:
            known |= {spelled_out(x) for x in s.walk(read(key)) if isinstance(x, s.Name)}
        except SymnetError:
            known |= set(re.findall(r"\\?[A-Za-z]+", key))
    return known


def declared(context: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for table in (*TABLES, "local"):
        said = context.get(table)
        if isinstance(said, Mapping):
            found |= {str(k): str(v) for k, v in said.items()}
    return found


def as_display(node: s.Node) -> s.Display:
    assert isinstance(node, s.Display)
    return node
