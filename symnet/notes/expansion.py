r"""Macros of a document put into its formulas, where they are quoted elsewhere.

>>> expanded(r"\D{l} = \x", r"\newcommand{\D}[1]{\delta^{#1}}\def\x{a^L - y}")
'\\delta^{l} = a^L - y'
"""

import re
from collections.abc import Mapping
from functools import lru_cache

_NEW = re.compile(
    r"\\(?:re)?(?:new|provide)command\*?\s*\{?\s*(\\[A-Za-z]+)\s*\}?\s*(?:\[(\d)\])?(\[[^\]]*\])?\s*(?=\{)"
)
_DEF = re.compile(r"\\g?def\s*(\\[A-Za-z]+)\s*((?:#\d)*)\s*(?=\{)")
_OPERATOR = re.compile(r"\\DeclareMathOperator\*?\s*\{?\s*(\\[A-Za-z]+)\s*\}?\s*(?=\{)")
_COMMAND = re.compile(r"\\[A-Za-z]+")
MOST = 2000  # uses of macros in one formula


def _group(text: str, start: int) -> int:
    """The end of the group or the sign that begins at a place."""
    if start >= len(text):
        return start
    if text[start] != "{":
        found = _COMMAND.match(text, start)
        return found.end() if found else start + 1
    depth = 0
    for at in range(start, len(text)):
        escaped = at and text[at - 1] == "\\"
        depth += (text[at] == "{" and not escaped) - (text[at] == "}" and not escaped)
        if depth == 0:
            return at + 1
    return len(text)


@lru_cache(maxsize=32)
def defined(macros: str) -> Mapping[str, tuple[int, str]]:
    """Each macro by its name: how many arguments it takes, and what it becomes."""
    found: dict[str, tuple[int, str]] = {}
    for pattern in (_NEW, _DEF, _OPERATOR):
        for each in pattern.finditer(macros):
            end = _group(macros, each.end())
            body = macros[each.end() + 1 : end - 1]
            if pattern is _OPERATOR:
                found[each[1]] = (0, rf"\operatorname{{{body}}}")
            elif pattern is _DEF:
                found[each[1]] = (each[2].count("#"), body)
            elif not each[3]:  # one with an argument that may be left out is left as it is
                found[each[1]] = (int(each[2] or 0), body)
    return found


def used(text: str, macros: str) -> str:
    """Of all macros of a document those that a formula needs, as their author wrote them."""
    known = defined(macros) if macros else {}
    wanted = set(_COMMAND.findall(text)) & known.keys()
    waiting = list(wanted)
    while waiting:
        more = set(_COMMAND.findall(known[waiting.pop()][1])) & known.keys() - wanted
        wanted |= more
        waiting += more
    if not wanted:
        return ""
    pieces = []
    for name in sorted(wanted):
        count, body = known[name]
        head = rf"\newcommand{{{name}}}" + (f"[{count}]" if count else "")
        pieces.append(f"{head}{{{body}}}")
    return "".join(pieces)


def expanded(text: str, macros: str) -> str:
    """A formula with what its macros become; one that calls itself stays as it is."""
    known = defined(macros) if macros else {}
    if not known:
        return text
    made, at, uses = [], 0, 0
    while found := _COMMAND.search(text, at):
        made.append(text[at : found.start()])
        at = found.end()
        if found[0] not in known or uses >= MOST:
            made.append(found[0])
            continue
        uses += 1
        count, body = known[found[0]]
        given = []
        for _ in range(count):
            while at < len(text) and text[at].isspace():
                at += 1
            end = _group(text, at)
            inside = text[at:end]
            given.append(inside[1:-1] if inside.startswith("{") else inside)
            at = end
        for number, each in enumerate(given, 1):
            body = body.replace(f"#{number}", each)
        if body[-1:].isalpha() and _COMMAND.fullmatch(body[body.rfind("\\") :] or "x"):
            body += " "  # \x y must not become \xy
        if len(body) + len(text) - at > 20_000:
            made.append(found[0])
            continue
        text, at = body + text[at:], 0
    return "".join([*made, text[at:]])
