r"""Macros of a document put into its formulas, where they are quoted elsewhere.

>>> expanded(r"\D{l} = \x", r"\newcommand{\D}[1]{\delta^{#1}}\def\x{a^L - y}")
'\\delta^{l} = a^L - y'
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from symnet.notes.macros import definitions

_HEAD = re.compile(
    r"\\(?:(?P<new>(?:re)?newcommand|providecommand|DeclareRobustCommand)\*?"
    r"|(?P<def>(?:(?:global|long)\s*)?[gex]?def)|(?P<operator>DeclareMathOperator)\*?|(?P<let>let))"
    r"\s*\{?\s*(?P<name>\\(?:[A-Za-z@]+|.))\s*\}?\s*"
)
_COUNT = re.compile(r"(?:\[(\d)\])?\s*")
_PARAMETERS = re.compile(r"(?:#\d)*\s*")
_TARGET = re.compile(r"=?\s*(\\[A-Za-z]+|[^\s\\{}])")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
MOST = 2000  # uses of macros in one formula
LONGEST = 20_000  # characters of a formula in which macros are put in
UNCLEAR = r"\UnclearMacro"  # what a macro becomes if it cannot be known what it becomes


def _group(text: str, start: int) -> int:
    """The end of the group or the sign that begins at a place."""
    if start >= len(text):
        return start
    if text[start] != "{":
        found = _COMMAND.match(text, start)
        return found.end() if found else start + 1
    depth = 0
    for brace in _BRACE.finditer(text, start):
        depth += (brace[0] == "{") - (brace[0] == "}")
        if depth == 0:
            return brace.end()
    return len(text)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a macro becomes. One made by \\let has the meaning that another macro had then."""

    count: int  # of arguments
    body: str
    let: bool = False


@lru_cache(maxsize=32)
def _meanings(macros: str) -> Mapping[str, tuple[Meaning | None, ...]]:
    """All different meanings of each macro, in their order; None for one that is not read.

    That is one with an argument that may be left out, or with other signs between its arguments.
    """
    found: dict[str, dict[Meaning | None, None]] = {}
    for start, end in definitions(macros):
        head = _HEAD.match(macros, start, end)
        if head is not None:
            made = found.setdefault(head["name"], {})
            meaning = _meaning(macros, head, end)
            made.pop(meaning, None)
            made[meaning] = None
    return {name: tuple(each) for name, each in found.items()}


def _meaning(macros: str, head: re.Match[str], end: int) -> Meaning | None:
    at, count = head.end(), 0
    if head["let"]:
        target = _TARGET.match(macros, at, end)
        return Meaning(0, target[1], let=True) if target else None
    if head["new"] and (said := _COUNT.match(macros, at, end)):
        at, count = said.end(), int(said[1] or 0)
    elif head["def"] and (said := _PARAMETERS.match(macros, at, end)):
        at, count = said.end(), said[0].count("#")
    if macros[at : at + 1] != "{":
        return None
    body = macros[at + 1 : end - 1]
    return Meaning(0, rf"\operatorname{{{body}}}") if head["operator"] else Meaning(count, body)


@lru_cache(maxsize=32)
def defined(macros: str) -> Mapping[str, Meaning]:
    """Each macro that is read, by its name; of several meanings the last counts."""
    return {name: each[-1] for name, each in _meanings(macros).items() if each[-1] is not None}


@lru_cache(maxsize=32)
def _certain(macros: str) -> Mapping[str, Meaning]:
    r"""Each macro, with \UnclearMacro as what it becomes where that is not certain.

    Which of two meanings counts for a formula depends on where that stands; and a \delta that is no
    longer the usual one must not be taken for it.
    """
    every = _meanings(macros)
    return {
        name: meaning
        if meaning is not None and not others and not (meaning.let and meaning.body in every)
        else Meaning(0, UNCLEAR)
        for name, (meaning, *others) in every.items()
    }


def used(text: str, macros: str) -> str:
    """Of all macros of a document those that a formula needs, each in one form."""
    known = _certain(macros) if macros else {}
    wanted = set(_COMMAND.findall(text)) & known.keys()
    waiting = list(wanted)
    while waiting:
        more = set(_COMMAND.findall(known[waiting.pop()].body)) & known.keys() - wanted
        wanted |= more
        waiting += more
    if not wanted:
        return ""
    pieces = []
    for name in sorted(wanted):
        meaning = known[name]
        head = rf"\newcommand{{{name}}}" + (f"[{meaning.count}]" if meaning.count else "")
        pieces.append(f"{head}{{{meaning.body}}}")
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
        if found[0] not in known or uses >= MOST or len(text) - at > LONGEST:
            made.append(found[0])
            continue
        uses += 1
        body = known[found[0]].body
        given = []
        for _ in range(known[found[0]].count):
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
        if len(body) + len(text) - at > LONGEST:
            made.append(found[0])
            continue
        text, at = body + text[at:], 0
    return "".join([*made, text[at:]])
