r"""Formulas inside the addresses of images, as services that draw formulas take them.

>>> from symnet.notes.source import changed
>>> text = '<img src="https://latex.codecogs.com/svg.latex?a&space;%3D&space;b">'
>>> changed(text, formulas(text)).text
'<img src="\\(a = b\\)">'
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote

# Where the formula begins in the address of each service; of the query of the first a plus sign is
# one, that of the others is a form, in which it is a blank.
_RAW = r"latex\.codecogs\.com/(?:[a-z]+[./])?[a-z]+\?|latex\.codecogs\.com/(?:gif|png|svg)\?"
_FORM = (
    r"render\.githubusercontent\.com/render/math\?(?:[^\s\"'<>)]{0,80}&(?:amp;)?)?math="
    r"|chart\.(?:apis\.)?google(?:apis)?\.com/chart\?[^\s\"'<>)]{0,80}?chl="
    r"|(?:[a-z0-9]+\.)?(?:wp|wordpress)\.com/latex\.php\?(?:[^\s\"'<>)]{0,80}&(?:amp;)?)?latex="
    r"|www\.zhihu\.com/equation\?tex="
    r"|math\.vercel\.app/?\?(?:[^\s\"'<>)]{0,80}&(?:amp;)?)?from="
    r"|(?:i\.upmath\.me|tex\.s2cms\.ru)/(?:svg|png)/"
)
_ADDRESS = re.compile(
    rf"(?P<quote>[\"']?)(?P<address>(?:https?:)?//(?:(?P<raw>{_RAW})|(?P<form>{_FORM})))"
)
_SETTINGS = re.compile(
    r"(?:(?:\\|%5[Cc])(?:dpi(?:\{|%7[Bb])\d+(?:\}|%7[Dd])|(?:bg|fn)_[a-z]+|inline|displaystyle"
    r"|tiny|small|large|LARGE|huge)(?![A-Za-z])(?:&(?:amp;)?space;|%20|[ ]|\{\})*)*"
)
_SIGN = re.compile(
    r"&(?:amp;)?(?P<name>space|plus|hash|lt|gt|amp|quot|#39|#x27|nbsp);"
    r"|(?P<octets>(?:%[0-9A-Fa-f]{2})+)|(?P<plus>\+)"
)
_NAMED = {"space": " ", "plus": "+", "hash": "#", "lt": "<", "gt": ">", "amp": "&", "quot": '"',
          "#39": "'", "#x27": "'", "nbsp": " "}  # fmt: skip
_NEXT_FIELD = re.compile(r"&(?:amp;|#0?38;)?[a-z]{1,12}=")
_ENDS = re.compile(r"[\"'<>\s)]")
_BRACKETS = re.compile(r"[()\n]|\s+[\"']")
_LONGEST = 5000


def formulas(text: str, at: int = 0, bound: int | None = None) -> Iterator[tuple[int, int, str]]:
    r"""The changes that turn each such address into its formula between \( and \)."""
    bound = len(text) if bound is None else bound
    while match := _ADDRESS.search(text, at, bound):
        settings = _SETTINGS.match(text, match.end(), bound)
        start = settings.end() if settings else match.end()
        end = _end(text, match, bound)
        at = max(match.end(), end)
        if not text[start:end].strip():
            continue
        yield match.start("address"), start, r"\("
        inside = text[start:end]
        blank = match["form"] is not None or "%2B" in inside.upper() or "&plus;" in inside
        blank = blank or "+=" in inside
        for sign in _SIGN.finditer(text, start, end):
            if sign["name"]:
                yield sign.start(), sign.end(), _NAMED[sign["name"]]
            elif sign["octets"]:
                yield sign.start(), sign.end(), unquote(sign["octets"])
            elif blank:
                yield sign.start(), sign.end(), " "
        yield end, end, r"\)"


def _end(text: str, match: re.Match[str], bound: int) -> int:
    """Where the formula of an address ends: at its quote, or where an address without one does."""
    start = match.end()
    limit = min(bound, start + _LONGEST)
    if quote := match["quote"]:
        end = text.find(quote, start, limit)
    elif text[match.start() - 1 : match.start()] == "(":
        end = _closing(text, start, limit)
    else:
        found = _ENDS.search(text, start, limit)
        end = found.start() if found else limit
    end = start if end < 0 else end
    if match["form"] and (field := _NEXT_FIELD.search(text, start, end)):
        end = field.start()
    return end


def _closing(text: str, start: int, limit: int) -> int:
    """Where Markdown's bracket around an address closes, or its title begins; -1 if nowhere."""
    depth = 0
    for sign in _BRACKETS.finditer(text, start, limit):
        depth += {"(": 1, ")": -1}.get(sign[0], 0)
        if depth < 0 or sign[0] not in "()":
            return -1 if sign[0] == "\n" else sign.start()
    return -1
