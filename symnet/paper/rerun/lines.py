"""The lines of a script: arrays of numbers, and what is too long for one line.

>>> array((Fraction(1), Fraction(-2)))
'np.array([1.0, -2.0])'
"""

import textwrap
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from symnet.paper.rerun.formulas import number_text

LINE = 100  # characters of a line


def array(values: Any) -> str:
    """Numbers in tuples of tuples as an array; one of whole numbers has points."""
    if not isinstance(values, tuple):
        return number_text(values)
    return f"np.array({_bracketed(values, '.0' if _is_whole(values) else '')})"


def rows(values: Iterable[tuple[Fraction, ...]]) -> list[str]:
    """The rows of a matrix, each in its brackets."""
    return [_bracketed(row, ".0" if _is_whole(row) else "") for row in values]


def _bracketed(values: Any, point: str) -> str:
    if isinstance(values, tuple):
        return f"[{', '.join(_bracketed(part, point) for part in values)}]"
    return number_text(values) + point


def _is_whole(values: Any) -> bool:
    if isinstance(values, tuple):
        return all(map(_is_whole, values))
    return bool(values.denominator == 1)


def table(head: str, items: list[str], tail: str) -> list[str]:
    """Items beside each other, as many as a line has room for."""
    lines, indent = [head], " " * len(head)
    for at, each in enumerate(items):
        item = each + (tail if at == len(items) - 1 else ",")
        between = " " if at and lines[-1] != indent else ""
        if at and len(lines[-1] + between + item) > LINE:
            lines.append(indent)
            between = ""
        first, *others = textwrap.wrap(item, LINE - len(head), break_long_words=False)
        lines[-1] += between + first
        lines += [indent + other for other in others]
    return lines


def wrapped(line: str) -> list[str]:
    """A line, over several in brackets where it is too long, its comment above it."""
    if len(line) <= LINE:
        return [line]
    line, _, note = line.partition("  # ")
    above = [f"# {note}"] if note else []
    if len(line) <= LINE:
        return [*above, line]
    name, _, text = line.partition(" = ")
    lines = textwrap.wrap(text, LINE - 4, break_long_words=False, break_on_hyphens=False)
    return [*above, f"{name} = (", *(f"    {each}" for each in lines), ")"]
