r"""Functions that everybody knows by their names: whether a formula given of one is it.

>>> from symnet.notes.source import Source
>>> from symnet.notes.document import Formula
>>> from symnet.notes.statements import statements
>>> from symnet.paper.verify import verify
>>> text = r"The sigmoid function \sigma(z) = \frac{1}{1 + e^{z}}"
>>> said = statements(Formula(Source("", text, text), text.index("\\"), len(text)))
>>> found = told(said, lambda text, *others: verify(text, "nielsen"))
>>> [each.suggestion for each in found.values()]
['\\sigma(z) = \\frac{1}{1 + e^{-(z)}}']
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from symnet.notes.statements import EQUALITIES, Statement
from symnet.paper.claims.verdicts import REFUTED, Verdict
from symnet.paper.formula import syntax as s

NAMES = {"sigmoid": "sigmoid", "tanh": "tanh", "relu": "ReLU", "softplus": "softplus"}
WORDS = {
    "sigmoid": "sigmoid", "logistic": "sigmoid", "logistic sigmoid": "sigmoid", "tanh": "tanh",
    "hyperbolic tangent": "tanh", "relu": "ReLU", "rectified linear": "ReLU",
    "softplus": "softplus",
}  # fmt: skip
LETTERS = frozenset({r"\sigma", "g", "f", r"\varphi", r"\phi", "S"})
# "The sigmoid function is defined as": nothing else may stand between the name and the formula, and
# a leaky ReLU or a scaled tanh is none.
_LEADS = re.compile(
    r"(?i)(?:^|[.:;(\n>*#]\s*|\b(?:the|an?|our|use|take|standard|usual|la|le|el|die|der)\s+)"
    rf"[*_`]*({'|'.join(sorted(WORDS, key=len, reverse=True))})"
    r"(?:[\s:*_`$(\[\\{]|\b(?:activation|function|is|given|by|defined|as|follows|be|curve|unit|"
    r"funktion|ist|fonction|est|función|es)\b)*$"
)
_SIGMOID = r"\\mathrm{sigmoid}"
_ARBITRARY = re.compile(r"(?:\\sigma|\\varphi|\\phi|(?<![A-Za-z\\])[gf])\s*(?:\\left)?\(")
# In such a sentence another function than that is meant.
_OTHER = re.compile(r"(?i)\b(?:derivative|gradient|slope|than|unlike|instead|contrast|not|vs|of)\b")
BESIDE = 160  # signs of prose in which a formula's function is named


def told(
    statements: Iterable[Statement],
    ask: Callable[[str, str, Mapping[str, Any], bool], Verdict],
    logistic: Collection[str] = (),
) -> Mapping[tuple[str, int], Verdict]:
    """The formulas that are not the function that they are called, by their places.

    `logistic` are the letters of the document for the sigmoid; any other function is arbitrary.
    """
    found = {}
    for each in statements:
        called = _called(each)
        if called is None:
            continue
        start, end, name = called
        behind = each.printed[end:]
        for letter in logistic:
            behind = re.sub(rf"(?<![A-Za-z\\]){re.escape(letter)}(?=\s*[({{\\])", _SIGMOID, behind)
        if _ARBITRARY.search(behind):
            continue
        text = f"{each.printed[:start]}\\mathrm{{{name}}}{behind}"
        wrong = ask(text, "nielsen", {}, True)
        if wrong.verdict != REFUTED:
            continue
        own, written = each.printed[start:end], f"\\mathrm{{{name}}}"
        mended = wrong.suggestion and wrong.suggestion.replace(written, own, 1)
        if behind != each.printed[end:] or written in (mended or ""):
            mended = None  # it has names instead of what the author writes
        reason = f"this is not {name}: {wrong.reason}"
        found[each.place] = replace(wrong, reason=reason, span=None, suggestion=mended)
    return found


def _called(statement: Statement) -> tuple[int, int, str] | None:
    """Where the function of f(z) = … stands, and what it is called there, or in words beside it."""
    match statement.node:
        case s.Chain(
            sides=(s.Product(factors=(function, s.Bracketed(body=argument))), right, *_),
            relations=relations,
        ) if set(relations) <= EQUALITIES and not isinstance(argument, s.Listed):
            pass
        case _:
            return None
    given = {s.spell(argument)}
    if not any(s.spell(x) in given for x in s.walk(right)):
        return None
    start = statement.printed.find(statement.said(function))
    end = start + len(statement.said(function))
    if start < 0:
        return None
    if isinstance(function, s.Text | s.Name):
        said = function.words if isinstance(function, s.Text) else function.text
        name = NAMES.get(said.strip().lstrip("\\").lower())
        if name is not None:
            return start, end, name
    if not (isinstance(function, s.Name) and function.text in LETTERS):
        return None
    name = _beside(statement)
    return None if name is None else (start, end, name)


def _beside(statement: Statement) -> str | None:
    """What the sentence that leads to a formula calls its function, if it names just one."""
    visible = statement.formula.source.visible
    before = visible[max(0, statement.formula.start - BESIDE) : statement.formula.start]
    found = _LEADS.search(before)
    if found is None or _OTHER.search(re.split(r"[.;:]\s|\n\s*\n", before[: found.start()])[-1]):
        return None
    return WORDS[found[1].lower()]
