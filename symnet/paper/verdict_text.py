"""A verdict for people: the formula with the place underlined, the reason, the counterexample.

>>> from symnet.paper.verify import verify
>>> print(text_of(verify(r"\\delta^L = \\nabla_a C"), r"\\delta^L = \\nabla_a C"))
refuted  missing-derivative
    \\delta^L = \\nabla_a C
               ^^^^^^^^^^
...
"""

import unicodedata
from collections.abc import Callable

from symnet.paper.claims.verdicts import ILL_FORMED, PROVED, REFUTED, UNKNOWN, Verdict

COLOURS = {PROVED: "green", REFUTED: "red", ILL_FORMED: "red", UNKNOWN: "yellow"}
WIDEST = 100  # signs of a formula that are shown at once

KINDS = {
    "transpose": "a transpose is missing or does not belong there",
    "missing-derivative": "a derivative is missing, or one does not belong there",
    "wrong-derivative-argument": "a function is taken at the wrong place",
    "layer-offset": "a quantity of the wrong layer",
    "index-swap": "indices are exchanged",
    "factor": "a factor is wrong",
    "sign": "a sign is wrong",
    "shape": "shapes do not fit",
    "missing-term": "something is missing",
    "wrong-product": "the wrong kind of product",
    "wrong-range": "the range is wrong",
    "overloaded-symbol": "one symbol is used for two things",
    "unbalanced": "brackets do not match",
    "other": "it does not hold",
}

Style = Callable[[str, str], str]  # text and colour


def plain(text: str, _: str) -> str:
    """Text without colours."""
    return text


def text_of(verdict: Verdict, latex: str, style: Style = plain) -> str:
    """A verdict in lines, for a terminal."""
    kind = f"  {verdict.error_kind}" if verdict.error_kind else ""
    lines = [style(verdict.verdict, COLOURS[verdict.verdict]) + kind]
    lines += _marked(latex, verdict.span)
    if verdict.error_kind is not None:
        lines.append(f"  {KINDS[verdict.error_kind]}: {verdict.reason}")
    elif verdict.reason:
        lines.append(f"  {verdict.reason}")
    if verdict.suggestion is not None:
        lines.append(f"  this would hold: {verdict.suggestion}")
    lines += [f"  note: {note}" for note in verdict.notes]
    lines += [f"  assumed: {each}" for each in verdict.assumptions]
    # What is quoted may hold signs that a terminal obeys; only our own colours are for it.
    return "\n".join([lines[0], *(_shown(line) for each in lines[1:] for line in each.split("\n"))])


def _marked(latex: str, span: tuple[int, int] | None) -> list[str]:
    """The formula, line by line, with a place of it underlined."""
    start, end = span if span is not None else (0, 0)
    lines, at = [], 0
    for row in latex.splitlines() or [""]:
        left, right = max(start - at, 0), min(end - at, len(row))
        at += len(row) + 1
        if right > left:
            first = max(0, min(left - 20, len(row) - WIDEST))
            window = row[first : first + WIDEST]
            lines.append("    " + _shown(window))
            under = window[left - first : right - first]
            lines.append(
                "    " + " " * _cells(window[: left - first]) + "^" * max(1, _cells(under))
            )
        else:
            lines.append("    " + _shown(row[:WIDEST]))
    return lines


def _shown(text: str) -> str:
    return "".join(x if x.isprintable() else " " for x in text)


def _cells(text: str) -> int:
    """How wide a text is on a terminal."""
    return sum(2 if unicodedata.east_asian_width(x) in "WF" else 1 for x in text)
