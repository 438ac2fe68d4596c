r"""A display is its statements and what stands between them; rows that go on become one chain.

>>> a, b = s.Name("a", start=0, end=1), s.Name("b", start=2, end=3)
>>> display([a, b]).statements == (a, b)
True
"""

from typing import Any

from lark import Token

from symnet.errors import DanglingError
from symnet.paper.formula import syntax as s
from symnet.paper.formula.nodes import Refused, span

# Where several separators meet, the one that says most.
_STRENGTH = ("", r"\quad", "text", ":", ",", ";", ".", "&", r"\\", r"\mid", r"\forall", r"\exists",
             r"\because", r"\Leftarrow", r"\Rightarrow", r"\iff")  # fmt: skip
_CONCLUDES = (r"\Rightarrow", r"\iff", r"\Leftarrow", r"\because", r"\forall", r"\exists")


def display(items: list[Any]) -> s.Display:
    """Statements and separators; a row that begins with a relation goes on with the chain above."""
    statements: list[s.Node] = []
    separators: list[str] = []
    for part in items:
        if not isinstance(part, Token):
            statements.append(part)
            separators.append("")
        elif statements:
            separators[-1] = max(separators[-1], str(part), key=_STRENGTH.index)
        elif part in (r"\forall", r"\exists"):
            statements.append(s.Empty(start=part.start_pos or 0, end=part.start_pos or 0))
            separators.append(str(part))
    if separators and separators[-1] in _CONCLUDES:
        last = next(part for part in reversed(items) if part == separators[-1])
        message = f"nothing stands after {last}"
        raise Refused(DanglingError, message, last.start_pos, last.end_pos)
    i = 1
    while i < len(statements):
        i = _joined(i, statements, separators)
    separators[-1:] = [""] if separators else []
    return s.Display(tuple(statements), tuple(separators), **span(items))


def _joined(i: int, statements: list[s.Node], separators: list[str]) -> int:
    """Joins statement i to the chain that it continues, if it does; the next one to look at."""
    this = statements[i]
    if not (isinstance(this, s.Chain) and isinstance(this.sides[0], s.Empty)):
        return i + 1
    if separators[i - 1] not in (r"\\", "&", "text", r"\quad"):
        return i + 1
    target = _continued(i, statements, separators)
    if target is None:
        return i + 1
    before = statements[target]
    sides, relations = (
        (before.sides, before.relations) if isinstance(before, s.Chain) else ((before,), ())
    )
    statements[target] = s.Chain(
        (*sides, *this.sides[1:]), (*relations, *this.relations), **span([before, this])
    )
    separators[i - 1] = separators[i]
    del statements[i], separators[i]
    return i


def _continued(i: int, statements: list[s.Node], separators: list[str]) -> int | None:
    """The first statement of the row above that is no words: what stands beside it is a remark."""
    best = None
    for j in range(i - 1, -1, -1):
        if not isinstance(statements[j], s.Text):
            best = j
        elif j > 0 and separators[j - 1] == r"\\":
            continue
        beside = j > 0 and (
            separators[j - 1] in ("&", "text")
            or (separators[j - 1] == r"\quad" and isinstance(statements[j], s.Bracketed | s.Text))
        )
        if not beside:
            break
    return best
