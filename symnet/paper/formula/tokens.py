r"""From the letters of a formula to its signs, each with its place; user macros are put in.

>>> [sign.text for sign in signs(r"w^2 \cdot x")]
['w', '^', '2', 'cdot', 'x']
>>> [(sign.text, sign.start, sign.end) for sign in signs(r"\def\d#1{\delta^{#1}} \d{l}")][:3]
[('delta', 22, 27), ('^', 22, 27), ('{', 22, 27)]
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from symnet.errors import LatexError, UnbalancedError
from symnet.paper.formula.commands import LETTERS, LOWERED, RAISED, WORDS

LONGEST = 20_000  # characters; no formula is longer, a document is cut into its formulas first
_MOST_SIGNS = 20_000  # after macros


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign: its kind, what it says, and its place."""

    kind: str
    text: str
    start: int
    end: int


_PATTERN = re.compile(
    r"""
    (?P<space>[\s\u200b\u2061-\u2064\ufeff]+|(?<!\\)%[^\n]*(?:\n|\Z))
  | \\(?P<edge>begin|end)\s*\{\s*(?P<environment>[A-Za-z]+)\*?\s*\}
  | (?P<newrow>\\\\\*?(?:\s*\[\s*-?[\d.]+\s*(?:pt|em|ex|mm|cm|in|mu|sp|bp)\s*\])?)
  | \\(?P<side>left|right|middle)(?![A-Za-z])\s*(?P<delimiter>\\[A-Za-z]+|\\[{}|]|[^\sA-Za-z\d\\]|)
  | \\(?P<command>(?:tag|operatorname|[hv]space|newcommand|DeclareMathOperator)\*
      |[A-Za-z]+|[^A-Za-z])
  | (?P<np>(?:np|numpy)(?:\.[a-z_]+)+)
  | (?P<keyword>(?:axis|keepdims)(?=\s*=)|(?<==)\s*(?:True|False))
  | (?P<number>\d+(?:(?:\{,\}\d{3})+(?!\d))?(?:\.\d+)?|(?<![\w)\]}])\.\d+)
  | (?P<dots>\.\.\.)
  | (?P<transpose>\.T\b)
  | (?P<double>(?<![\^_])[-+]=|:=|<=|>=|!=|==|->|=>|\.\*|\./)
  | (?P<parameter>\#\d)
  | (?P<raised>[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ᴸˡᵀⁿᵐⁱʲᵏᵃᵇᶜᵈᵉᵗʳᵖ]+)
  | (?P<lowered>[₀₁₂₃₄₅₆₇₈₉₊₋₍₎ⱼₖᵢₗₘₙₐₑₓₚₜᵣₛ]+)
  | (?P<letter>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_BOLD = re.compile(r"\s*\{\s*[A-Za-z]\s*\}")
_DOUBLE = {
    "+=": ("RELATION", "+="), "-=": ("RELATION", "-="),
    ":=": ("RELATION", ":="), "<=": ("RELATION", r"\le"), ">=": ("RELATION", r"\ge"),
    "!=": ("RELATION", r"\ne"), "==": ("RELATION", "="), "->": ("RELATION", r"\to"),
    "=>": ("SEPARATOR", r"\Rightarrow"), ".*": ("OPERATOR", ".*"), "./": ("OPERATOR", r"\oslash"),
}  # fmt: skip
_DEFINING = {
    "newcommand", "newcommand*", "renewcommand", "providecommand", "def", "gdef", "let",
    "DeclareMathOperator", "DeclareMathOperator*",
}  # fmt: skip


def refuse(text: str, start: int, end: int, message: str) -> NoReturn:
    """Raise LatexError for a place; at the end of the text the last letter is shown."""
    raise LatexError(message, text=text or " ", start=start, length=max(1, end - start))


def unbalanced(text: str, sign: Sign, message: str) -> NoReturn:
    raise UnbalancedError(
        message, text=text, start=sign.start, length=max(1, sign.end - sign.start)
    )


def signs(text: str) -> list[Sign]:
    """The signs of a formula without spaces, comments and the macros that it defines."""
    if len(text) > LONGEST:
        message = f"{len(text)} characters are too many for one formula; the limit is {LONGEST}"
        raise LatexError(message)
    return _Macros(text).put_in(list(_raw(text)))


def _raw(text: str) -> Iterator[Sign]:
    position = 0
    while position < len(text):
        found = _PATTERN.match(text, position)
        assert found is not None
        assert found.lastgroup is not None
        start, end = position, found.end()
        position = end
        group = found.lastgroup
        if group in ("letter", "command", "number", "newrow"):
            yield from _common(group, found[group], start, end, text)
            bold = found[group] == "textbf" and _BOLD.match(text, end)
            if group == "command" and found[group] in WORDS and not bold:
                words, position = _words(text, start, end)
                yield words
        elif group == "environment":
            yield Sign(found["edge"].upper(), found["environment"], start, end)
        elif group == "delimiter":
            yield Sign(found["side"].upper(), found["delimiter"], start, end)
        elif group in ("raised", "lowered"):
            yield from _script(group, found[group], start, end)
        elif group != "space":
            yield from _rare(group, found[group], start, end)


def _common(group: str, shown: str, start: int, end: int, text: str) -> Iterator[Sign]:
    if group == "number":
        yield Sign("NUMBER", shown.replace("{,}", ""), start, end)
    elif group == "newrow":
        yield Sign("NEWROW", "", start, end)
    elif group == "command":
        if shown not in WORDS:
            yield Sign("COMMAND", shown, start, end)
        elif shown == "textbf" and _BOLD.match(text, end):
            yield Sign("COMMAND", "mathbf", start, end)  # \textbf{b} is a vector, not words
    elif shown.isascii() and shown.isalpha():
        yield Sign("NAME", shown, start, end)
    elif shown == "Σ" and _sums(text, end):
        yield Sign("BIG", "sum", start, end)
    elif shown in LETTERS:
        yield Sign(*LETTERS[shown], start, end)
    else:
        plain = unicodedata.normalize("NFKC", shown)
        if len(plain) == 1 and (plain in LETTERS or (plain.isascii() and plain.isalnum())):
            yield Sign(*LETTERS.get(plain, ("NAME" if plain.isalpha() else "NUMBER", plain)),
                       start, end)  # fmt: skip
        else:
            yield Sign("STRANGE", shown, start, end)


def _sums(text: str, end: int) -> bool:
    """Whether a Greek Sigma is meant as the sign of a sum: it has a limit or a summand."""
    return re.match(r"_|[₀-₉ⱼₖᵢ]|\s*[A-Za-z\\(\[]", text[end : end + 9]) is not None


def _script(group: str, shown: str, start: int, end: int) -> Iterator[Sign]:
    """ᵀ is ^{T}; every part has its own place."""
    table = RAISED if group == "raised" else LOWERED
    yield Sign(*LETTERS["^" if group == "raised" else "_"], start, start)
    yield Sign("LBRACE", "{", start, start)
    for found in re.finditer(r"\d+|.", "".join(table[letter] for letter in shown)):
        place = start + found.start(), start + found.end()
        if found[0].isdigit():
            yield Sign("NUMBER", found[0], *place)
        else:
            yield Sign(*LETTERS.get(found[0], ("NAME", found[0])), *place)
    yield Sign("RBRACE", "}", end, end)


def _rare(group: str, shown: str, start: int, end: int) -> Iterator[Sign]:
    if group == "transpose":
        yield Sign("SUP", "^", start, start + 1)
        yield Sign("LBRACE", "{", start + 1, start + 1)
        yield Sign("NAME", "T", start + 1, end)
        yield Sign("RBRACE", "}", end, end)
    elif group == "double":
        yield Sign(*_DOUBLE[shown], start, end)
    elif group in ("np", "keyword"):
        yield Sign("NAME", shown.strip().replace("numpy", "np"), start, end)
    else:
        yield Sign("DOTS" if group == "dots" else "PARAMETER", shown, start, end)


def _words(text: str, start: int, end: int) -> tuple[Sign, int]:
    r"""The words of \text{…}, with the braces and dollars inside left as they are."""
    while end < len(text) and text[end].isspace():
        end += 1
    if end == len(text):
        refuse(text, start, end, f"{text[start:end].strip()} lacks its words")
    if text[end] != "{":
        if text[end] == "}":
            refuse(text, start, end, f"{text[start:end].strip()} lacks its words")
        return Sign("TEXT", text[end], start, end + 1), end + 1
    depth = 0
    for position in range(end, len(text)):
        escaped = text[position - 1] == "\\" and text[position - 2] != "\\"
        depth += 0 if escaped else {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return Sign("TEXT", text[end + 1 : position], start, position + 1), position + 1
    unbalanced(text, Sign("LBRACE", "{", end, end + 1), "this { has no }")


class _Macros:
    """The macros that a formula defines, and their use."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.known: dict[str, tuple[int, list[Sign] | None, list[Sign]]] = {}

    def put_in(self, raw: list[Sign]) -> list[Sign]:
        waiting = raw[::-1]  # the next sign is the last one
        done: list[Sign] = []
        made = 0
        while waiting:
            sign = waiting.pop()
            if sign.kind != "COMMAND":
                done.append(sign)
            elif sign.text in _DEFINING and (sign.text != "def" or self._defines(waiting)):
                self._define(sign, waiting)
            elif sign.text in self.known:
                body = self._use(sign, waiting)
                made += len(body) + 1
                if made > _MOST_SIGNS:
                    refuse(self.text, sign.start, sign.end, f"\\{sign.text} expands without end")
                waiting.extend(reversed(body))
            else:
                done.append(sign)
        return done

    @staticmethod
    def _defines(waiting: list[Sign]) -> bool:
        return bool(waiting) and waiting[-1].kind == "COMMAND"

    def _define(self, sign: Sign, waiting: list[Sign]) -> None:
        named, _ = self._argument(sign, waiting)
        if len(named) != 1 or named[0].kind != "COMMAND":
            refuse(self.text, sign.start, sign.end, f"\\{sign.text} does not say which macro")
        count, default = 0, None
        if sign.text == "let":
            if waiting and waiting[-1].text == "=":
                waiting.pop()
            self.known[named[0].text] = (0, None, self._argument(sign, waiting)[0])
            return
        while waiting and waiting[-1].kind == "PARAMETER":
            count = max(count, int(waiting.pop().text[1:]))
        if sign.text.endswith(("command", "command*")):
            given = self._option(waiting)
            if given:
                count = int(given[0].text) if given[0].text in list("123456789") else 0
            default = self._option(waiting) if given else None
        body, _ = self._argument(sign, waiting)
        if sign.text.startswith("Declare"):
            place = sign.start, sign.end
            word = "".join(part.text for part in body if part.kind in ("NAME", "NUMBER"))
            body = [Sign("NAME", word or "?", *place)]
        self.known[named[0].text] = (count, default, body)

    def _use(self, sign: Sign, waiting: list[Sign]) -> list[Sign]:
        count, default, body = self.known[sign.text]
        given: list[list[Sign]] = []
        end = sign.end
        if default is not None:
            option = self._option(waiting)
            given.append(default if option is None else option)
        while len(given) < count:
            argument, last = self._argument(sign, waiting)
            given.append(argument)
            end = max(end, last)
        made: list[Sign] = []
        for part in body:
            if part.kind == "PARAMETER":
                number = int(part.text[1:])
                if not 1 <= number <= count:
                    message = f"\\{sign.text} has {count} arguments, not {part.text}"
                    refuse(self.text, sign.start, sign.end, message)
                made += given[number - 1]
            else:
                made.append(self._filled(part, given, sign.start, end))
            if len(made) > _MOST_SIGNS:
                refuse(self.text, sign.start, sign.end, f"\\{sign.text} expands without end")
        return made

    def _filled(self, part: Sign, given: list[list[Sign]], start: int, end: int) -> Sign:
        words = part.text
        if part.kind == "TEXT" and "#" in words:
            for number, argument in enumerate(given, start=1):
                shown = "".join(
                    f"\\{sign.text}" if sign.kind == "COMMAND" else sign.text for sign in argument
                )
                words = words.replace(f"#{number}", shown)
        if len(words) > _MOST_SIGNS:
            refuse(self.text, start, end, "this macro expands without end")
        return Sign(part.kind, words, start, end)

    def _argument(self, sign: Sign, waiting: list[Sign]) -> tuple[list[Sign], int]:
        """The next sign, or all between the next braces, without them."""
        if not waiting:
            refuse(self.text, sign.start, sign.end, f"\\{sign.text} lacks an argument")
        first = waiting.pop()
        if first.kind != "LBRACE":
            return [first], first.end
        taken: list[Sign] = []
        depth = 1
        while waiting:
            part = waiting.pop()
            depth += {"LBRACE": 1, "RBRACE": -1}.get(part.kind, 0)
            if depth == 0:
                return taken, part.end
            taken.append(part)
        unbalanced(self.text, first, "this { has no }")

    def _option(self, waiting: list[Sign]) -> list[Sign] | None:
        """What stands between [ and ], if that comes next."""
        if not waiting or waiting[-1].text != "[" or waiting[-1].kind != "OPEN":
            return None
        opened = waiting.pop()
        taken: list[Sign] = []
        while waiting:
            part = waiting.pop()
            if part.kind == "CLOSE" and part.text == "]":
                return taken
            taken.append(part)
        unbalanced(self.text, opened, "this [ has no ]")
