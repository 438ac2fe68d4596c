r"""Activations in two branches: ELU, leaky ReLU and their like, branch by branch.

>>> from symnet.paper.books.convention_files import convention
>>> text = r"\mathrm{ELU}(x) = \begin{cases} x & x > 0 \\ \alpha(e^x - 1) & x \le 0 \end{cases}"
>>> found = branches_of_functions(Usual(read(text), {}), convention("nielsen"))
>>> [s.spell(x.sides[1]) for x in found.display.statements]
['{\\alpha ({e^{x} - 1})}', 'x']
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from symnet.paper.books.convention_files import Convention
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.habits.notes import Usual
from symnet.paper.signs.function_names import is_otherwise, without_words
from symnet.paper.signs.scripts import mapped

# What activations with a parameter are below and above 0; and their derivatives.
BRANCHES = {
    ("elu", 0): (r"\alpha (e^x - 1)", "x"), ("elu", 1): (r"\alpha e^x", "1"),
    ("leakyrelu", 0): (r"\alpha x", "x"), ("leakyrelu", 1): (r"\alpha", "1"),
    ("prelu", 0): (r"\alpha x", "x"), ("prelu", 1): (r"\alpha", "1"),
    ("selu", 0): (r"\lambda \alpha (e^x - 1)", r"\lambda x"),
    ("selu", 1): (r"\lambda \alpha e^x", r"\lambda"),
}  # fmt: skip


def branches_of_functions(found: Usual, book: Convention) -> Usual:
    r"""\mathrm{ELU}(x) = \begin{cases} …: what it is below 0, and above."""
    match found.display.statements:
        case (
            s.Chain(
                sides=(s.Product(factors=(called, s.Bracketed(body=inside))), cases),
                relations=("=",),
            ),
        ) if isinstance(cases, s.Cases):
            pass
        case _:
            return found
    base = called.base if isinstance(called, s.Scripted) else called
    order = called.primes if isinstance(called, s.Scripted) else 0
    items = inside.items if isinstance(inside, s.Listed) else (inside,)
    names = [x.text for x in items if isinstance(x, s.Name)]
    if not isinstance(base, s.Name) or len(names) != len(items) or len(names) > 2:
        return found
    known = BRANCHES.get((re.sub(r"[^a-z]", "", base.text.lower()), order))
    rows = _signed(cases, names)
    if known is None or rows is None:
        return found
    variable, branches = rows
    others = {x.text for row in branches for x in s.walk(row) if isinstance(x, s.Name)} - {
        variable,
        "e",
        "exp",
    }
    parameters = set(names) - {variable} | others
    wanted = {x for side in known for x in re.findall(r"\\[a-z]+", side)}
    if len(parameters) > len(wanted) or (len(wanted) > 1 and parameters != wanted):
        return found
    letters = {r"\alpha": next(iter(parameters))} if len(wanted) == 1 and parameters else {}
    if wanted and not parameters:
        return found

    def put(node: s.Node, at: s.Node) -> s.Node:
        made = mapped(replace(node, start=at.start, end=at.end), lambda x: put(x, at))
        if isinstance(made, s.Name):
            text = variable if made.text == "x" else letters.get(made.text, made.text)
            return replace(made, text=text)
        return made

    statements = []
    for side, row in zip(known, branches, strict=True):
        meant = put(read(side).statements[0], row)
        place: dict[str, Any] = {"start": row.start, "end": row.end}
        statements.append(s.Chain((meant, row), ("=",), **place))
    context = dict(found.context)
    declared = context.get("declared")
    said = dict(declared) if isinstance(declared, Mapping) else {}
    context["declared"] = said | dict.fromkeys(sorted(parameters), "a constant scalar")
    display = replace(found.display, statements=tuple(statements), separators=(",", ""))
    note = f"{base.text} is read branch by branch, away from 0"
    return Usual(display, context, (*found.assumptions, note))


def _signed(cases: s.Cases, names: list[str]) -> tuple[str, tuple[s.Node, s.Node]] | None:
    """The variable of two branches, and what stands in the one below 0 and in the one above."""
    below = above = None
    variable = ""
    for row in cases.rows:
        cells: list[s.Node] = [x for cell in row for x in without_words(cell)]
        if variable and len(cells) == 2 and is_otherwise(cells[1]):
            if below is None:
                below = cells[0]
            elif above is None:
                above = cells[0]
            continue
        match cells:
            case [
                value,
                s.Chain(sides=(s.Name(text=text), s.Number(text="0")), relations=(order,)),
            ]:
                pass
            case _:
                return None
        if text not in names or variable not in ("", text):
            return None
        variable = text
        if order in ("<", r"\le", r"\leq"):
            below = value
        elif order in (">", r"\ge", r"\geq"):
            above = value
    if len(cases.rows) != 2 or below is None or above is None:
        return None
    return variable, (below, above)
