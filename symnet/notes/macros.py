r"""The definitions of macros in a note: where they stand, whatever the format.

>>> text = r"Let \newcommand{\R}{\mathbb R} and \def\x#1{x_{#1}} be."
>>> [text[start:end] for start, end in definitions(text)]
['\\newcommand{\\R}{\\mathbb R}', '\\def\\x#1{x_{#1}}']
"""

import re
from collections.abc import Iterator

_NAME = r"(?:\{\s*\\(?:[A-Za-z@]+|.)\s*\}|\\(?:[A-Za-z@]+|.))"
_OPTION = r"(?:\s*\[[^\[\]{}\n]{0,200}\])"
_DEFINITION = re.compile(
    r"\\\\"
    rf"|(?P<let>\\let\s*\\(?:[A-Za-z@]+|.)\s*=?\s*(?:\\(?:[A-Za-z@]+|.)|[^\s\\{{}}]))"
    rf"|(?P<command>\\(?:newcommand|renewcommand|providecommand|DeclareRobustCommand)\*?\s*{_NAME}"
    rf"{_OPTION}{{0,2}}\s*(?=\{{))"
    rf"|(?P<operator>\\DeclareMathOperator\*?\s*{_NAME}\s*(?=\{{))"
    r"|(?P<def>\\(?:global\s*|long\s*)?[gex]?def\s*\\(?:[A-Za-z@]+|.)[^{}\\\n]{0,200}(?=\{))"
)
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)


def definitions(text: str) -> Iterator[tuple[int, int]]:
    """Where each \\newcommand, \\def, \\DeclareMathOperator and \\let begins and ends."""
    matches = [match for match in _DEFINITION.finditer(text) if match.lastgroup]
    partners = closing_braces(text) if matches else {}
    reached = 0
    for match in matches:
        end: int | None = match.end()
        if match.lastgroup != "let":
            end = partners.get(match.end())
        if match.start() >= reached and end is not None:
            yield match.start(), end
            reached = end


def closing_braces(text: str) -> dict[int, int]:
    """Where each brace opens -> the place after the one that closes it."""
    partners: dict[int, int] = {}
    opened: list[int] = []
    for match in _BRACE.finditer(text):
        if match[0] == "{":
            opened.append(match.start())
        elif match[0] == "}" and opened:
            partners[opened.pop()] = match.end()
    return partners
