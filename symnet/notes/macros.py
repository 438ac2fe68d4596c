r"""The macros of a note put into a formula, with a bound on how long it may become.

>>> expanded(r"\W^{l} x_\half", r"\newcommand{\W}{\mathbf{W}} \def\half{\frac12}")
'\\mathbf{W}^{l} x_{\\frac12}'
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LONGEST = 20_000  # signs of a formula, its macros put in
LONGEST_OPTION = 200  # signs of an argument in brackets
DEEPEST = 20  # macros within macros

_SIGN = re.compile(r"\\[A-Za-z@]+|\\.|[^\\]", re.DOTALL)
_DEFINING = {
    "\\newcommand", "\\renewcommand", "\\providecommand", "\\DeclareRobustCommand", "\\def",
    "\\gdef", "\\DeclareMathOperator",
}  # fmt: skip
_HOLE = re.compile(r"#([1-9])")


@dataclass(frozen=True, slots=True)
class Macro:
    """What a command stands for; `default` is its first argument where none is in brackets."""

    body: str
    arguments: int = 0
    default: str | None = None


def expanded(latex: str, macros: str | Mapping[str, Macro]) -> str | None:
    """A formula without macros; None if it would become too long or goes round in a circle."""
    known = macros if isinstance(macros, Mapping) else definitions(macros)
    if not known:
        return latex
    signs = _SIGN.findall(latex)
    for _ in range(DEEPEST):
        if not any(sign in known for sign in signs):
            return "".join(signs)
        text = _once(signs, known)
        if text is None:
            return None
        signs = _SIGN.findall(text)
    return None


def _once(signs: Sequence[str], known: Mapping[str, Macro]) -> str | None:
    """A formula whose macros are put in once; None if it becomes too long."""
    parts: list[str] = []
    length = at = 0
    while at < len(signs):
        sign = signs[at]
        at += 1
        if sign in known:
            macro = known[sign]
            arguments, at = _arguments(signs, at, macro)
            body = _filled(macro.body, arguments)
            # A group of its own after a sign of a script; elsewhere spaces and brackets are kept.
            before = "".join(parts[-2:]).rstrip()[-1:]
            sign = f"{{{body}}}" if before in {"_", "^"} else body
            if at < len(signs) and signs[at].isalpha() and re.search(r"\\[A-Za-z]+$", sign):
                sign += " "
        parts.append(sign)
        length += len(sign)
        if length > LONGEST:
            return None
    return "".join(parts)


def _filled(body: str, arguments: Sequence[str]) -> str:
    def argument(hole: re.Match[str]) -> str:
        number = int(hole[1])
        return arguments[number - 1] if number <= len(arguments) else ""

    return _HOLE.sub(argument, body)


def _arguments(signs: Sequence[str], at: int, macro: Macro) -> tuple[list[str], int]:
    found = []
    if macro.default is not None:
        inside, after = _bracketed(signs, _after_blanks(signs, at))
        found.append(macro.default if inside is None else inside)
        at = after if inside is not None else at
    while len(found) < macro.arguments:
        inside, at = _group(signs, _after_blanks(signs, at))
        found.append(inside)
    return found, at


def _after_blanks(signs: Sequence[str], at: int) -> int:
    while at < len(signs) and signs[at].isspace():
        at += 1
    return at


def _group(signs: Sequence[str], at: int) -> tuple[str, int]:
    """What stands in braces from a place on, or the one sign there, and the place after it."""
    if at >= len(signs):
        return "", at
    if signs[at] != "{":
        return signs[at], at + 1
    depth = 0
    for end in range(at, len(signs)):
        depth += (signs[end] == "{") - (signs[end] == "}")
        if depth == 0:
            return "".join(signs[at + 1 : end]), end + 1
    return "".join(signs[at + 1 :]), len(signs)


def _bracketed(signs: Sequence[str], at: int) -> tuple[str | None, int]:
    near = signs[at : at + LONGEST_OPTION]
    if near and near[0] == "[" and "]" in near:
        end = near.index("]")
        return "".join(near[1:end]), at + end + 1
    return None, at


def definitions(text: str) -> dict[str, Macro]:
    """The macros that a text defines, by their names with the backslash."""
    signs = _SIGN.findall(text)
    known: dict[str, Macro] = {}
    at = 0
    while at < len(signs):
        command = signs[at]
        at += 1
        if command not in _DEFINING:
            continue
        operator = "operatorname"
        if at < len(signs) and signs[at] == "*":
            at += 1
            operator = "operatorname*"
        name, at = _group(signs, _after_blanks(signs, at))
        arguments, default = 0, None
        if command in {"\\def", "\\gdef"}:
            while at < len(signs) and signs[at] != "{":
                arguments += signs[at] == "#"
                at += 1
        else:
            number, at = _bracketed(signs, _after_blanks(signs, at))
            arguments = int(number) if number and re.fullmatch("[1-9]", number.strip()) else 0
            default, at = _bracketed(signs, _after_blanks(signs, at))
        body, at = _group(signs, _after_blanks(signs, at))
        if command == "\\DeclareMathOperator":
            body = f"\\{operator}{{{body}}}"
        if re.fullmatch(r"\\(?:[A-Za-z@]+|.)", name.strip()):
            known[name.strip()] = Macro(body, arguments, default)
    return known
