r"""Equations that stand in prose as they are typed, without delimiters: ∂L/∂w = (a - y) * x.

A text is looked through only where it has slopes so written. A line of it is an equation if it
begins with a symbol or a slope and nothing in it is a word.

>>> from symnet.notes.source import changed
>>> text = "∂L/∂W_hy = (y - t) * h.T  <-- we see\n∂L/∂b = y - t\n"
>>> print(changed(text, formulas(text)).text)
\(\frac{\partial L}{\partial W_{hy}} = (y - t) * h.T\)  <-- we see
\(\frac{\partial L}{\partial b} = y - t\)
<BLANKLINE>
"""

import re
from bisect import bisect_right
from collections.abc import Iterator

from symnet.notes.document import Formula
from symnet.notes.mathematics import pieces
from symnet.notes.source import Source

Change = tuple[int, int, str]

FEWEST = 2  # slopes so written, for a text to be one that types its equations
LONGEST = 400  # characters of a line
_FUNCTIONS = {
    "tanh": r"\tanh", "exp": r"\exp", "log": r"\log", "ln": r"\ln", "max": r"\max",
    "softmax": r"\mathrm{softmax}", "sigmoid": r"\mathrm{sigmoid}", "relu": r"\mathrm{ReLU}",
    "ReLU": r"\mathrm{ReLU}", "diag": r"\mathrm{diag}",
}  # fmt: skip
_NAME = (
    r"(?:[A-Za-zα-ωΑ-Ω]{1,3}\d{0,2}(?:_(?:\{[^{}\n]{1,20}\}|[A-Za-z0-9]{1,6})|\^\{[^{}\n]{1,20}\}"
    r"|[⁰-⁹ᴸˡᵀ₀-ₜⱼ]){0,3}(?:\[\w\])?)"
)
_SLOPE = re.compile(rf"∂(?={_NAME}\s?/\s?∂{_NAME})")
_BETWEEN = re.compile(r"\s?/\s?∂")
_LINE = re.compile(
    rf"^[ \t]*(?:[-+*][ \t]+|\d{{1,2}}[.)][ \t]+)?(?P<formula>(?:\*\*)?(?:∂{_NAME}\s?/\s?∂)?{_NAME}"
    rf"(?:\*\*)?[ \t]*(?::?=|←)(?!=)[^\n]{{1,{LONGEST}}})$",
    re.MULTILINE,
)
# What follows an equation on its line: a remark after an arrow or dashes, a comma, spaces.
_ASIDE = re.compile(r"\s*(?:<-{1,}.*|//.*|[,.;]?\s*)$")
_TOKEN = re.compile(
    rf"(?P<slope>∂(?P<above>{_NAME})(?P<between>\s?/\s?∂)(?P<below>{_NAME}))"
    r"|(?P<bold>\*\*)|(?P<at>\s?@\s?)|(?P<transpose>\.T(?![A-Za-z]))"
    rf"|(?P<word>[A-Za-z_]{{2,}}(?=\())|(?P<name>{_NAME})"
    r"|(?P<number>\d+(?:\.\d+)?)|(?P<sign>[-+*/=(),\s·×⊙∘−Σ∑√←≈∇\[\]]|\^(?=[\d({]|\w(?!\w))|:=)"
)
_PARTS = re.compile(r"([A-Za-zα-ωΑ-Ω])([A-Za-z]{0,2}\d{0,2})(?:_([A-Za-z0-9]{2,6})(?!\w))?")


def has_slopes(text: str) -> bool:
    """Whether a text has slopes as they are typed, as no code has them."""
    return _SLOPE.search(text) is not None


def formulas(text: str) -> Iterator[Change]:
    """The changes that make LaTeX with delimiters of the equations that are typed as prose."""
    if len(_SLOPE.findall(text)) < FEWEST:
        return
    source = Source("", text, text)
    given = [x for x in pieces(source, 0, len(text)) if isinstance(x, Formula)]
    for line in _LINE.finditer(text):
        index = bisect_right(given, line.start("formula"), key=lambda formula: formula.start)
        if index and line.start("formula") < given[index - 1].end:
            continue
        aside = _ASIDE.search(line["formula"])
        assert aside is not None
        start, end = line.start("formula"), line.start("formula") + aside.start()
        found = _changes(text, start, end)
        if found is not None and _says(line["formula"]):
            yield from _merged([(start, start, r"\("), *found, (end, end, r"\)")])


def _says(equation: str) -> bool:
    """Whether there is a slope, or a symbol on the right side: not a number that is only set."""
    return has_slopes(equation) or re.search(r"[=←].*[A-Za-zα-ω]", equation) is not None


def _merged(found: list[Change]) -> Iterator[Change]:
    """What is put in at one place is put in at once, in its order."""
    put_in: dict[int, str] = {}
    for start, end, new in found:
        if start == end:
            put_in[start] = put_in.get(start, "") + new
        else:
            yield start, end, new
    yield from ((at, at, new) for at, new in put_in.items())


def _changes(text: str, start: int, end: int) -> list[Change] | None:
    """What becomes LaTeX in a line; None where something in it is no mathematics."""
    found: list[Change] = []
    at = start
    while at < end:
        token = _TOKEN.match(text, at, end)
        if token is None:
            return None
        at = token.end()
        match token.lastgroup:
            case "slope":
                found.append((token.start(), token.start() + 1, r"\frac{\partial "))
                found += _named(text, *token.span("above"))
                found.append((*token.span("between"), r"}{\partial "))
                found += _named(text, *token.span("below"))
                found.append((at, at, "}"))
            case "bold":
                found.append((*token.span(), ""))
            case "at":
                found.append((*token.span(), " "))
            case "word" if token[0] in _FUNCTIONS:
                found.append((*token.span(), _FUNCTIONS[token[0]]))
            case "word":
                found.append((*token.span(), rf"\mathrm{{{token[0].replace('_', '')}}}"))
            case "name" if text[at : at + 1].isalpha():
                return None  # a word
            case "name":
                found += _named(text, *token.span())
    return found


def _named(text: str, start: int, end: int) -> Iterator[Change]:
    """A name of several letters is one letter with a subscript: W_hy, ao1, bh; dW is left."""
    parts = _PARTS.match(text, start, end)
    if parts is None:
        return
    if parts[3]:
        yield parts.end(3), parts.end(3), "}"
        yield parts.start(3), parts.start(3), "{"
    elif parts[2] and not parts[2].isdigit() and parts[1] != "d":
        yield parts.start(2), parts.start(2), "_{"
        yield parts.end(2), parts.end(2), "}"
