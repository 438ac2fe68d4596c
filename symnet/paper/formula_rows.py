r"""A level of a formula, whose arguments are finished, gets its brackets, rows and words right.

Visible brackets and bars are matched; &, \\ and \quad become separators, cells or nothing, as their
place has it; words are names of functions or prose.

>>> one, two = Sign("BAR", "|", 0, 1), Sign("BAR", "|", 2, 3)
>>> [sign.kind for sign in finish("|x|", [one, Sign("NAME", "x", 1, 2), two], "display")]
['OPEN', 'NAME', 'CLOSE']
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NoReturn

from symnet.paper.formula_alphabet import PARTNERS
from symnet.paper.formula_tokens import Sign, refuse, unbalanced

DEEPEST = 60  # braces, brackets and environments within each other

# Words that say something about a formula; any other single word before a bracket is a function.
_PROSE = frozenset(
    [
        "if",
        "for",
        "and",
        "or",
        "where",
        "with",
        "otherwise",
        "when",
        "as",
        "is",
        "so",
        "since",
        "then",
        "let",
        "of",
        "in",
        "on",
        "at",
        "by",
        "else",
        "to",
        "from",
        "the",
        "that",
        "such",
        "because",
        "thus",
        "hence",
        "therefore",
        "any",
        "all",
        "i.e",
        "e.g",
        "st",
        "s.t",
        "via",
        "using",
    ]
)


@dataclass(frozen=True, slots=True)
class Piece:
    """Finished tokens that stand together: an atom, or a script with its content."""

    kind: str
    tokens: tuple[Sign, ...]
    start: int
    end: int
    text: str = ""


Item = Sign | Piece


def alone(text: str, sign: Sign) -> NoReturn:
    """Raise UnbalancedError for a bracket without a partner."""
    unbalanced(text, sign, f"{text[sign.start : sign.end] or sign.text} has no partner")


def too_deep(text: str, item: Item) -> NoReturn:
    """Raise LatexError where the nesting is past its bound."""
    message = f"more than {DEEPEST} brackets within each other are not read"
    refuse(text, item.start, item.end, message)


def finish(text: str, items: list[Item], context: str) -> list[Sign]:
    """The tokens of a level; it is a display, a script, a group, or the cells of a table."""
    return _Finish(text, items, context).tokens()


class _Finish:
    """A level whose brackets are matched and whose &, \\\\, spaces and words get their meaning."""

    def __init__(self, text: str, items: list[Item], context: str) -> None:
        self.text = text
        self.context = context
        self.items = items
        self.made: list[Sign] = []
        self._match()
        self.following = self._look_ahead()

    def _match(self) -> None:
        """Visible brackets; for every item the number of brackets around it."""
        waiting: list[int] = []
        matched: list[Item] = []
        self.depth: list[int] = []
        for i, item in enumerate(self.items):
            if (item.kind == "CLOSE" and item.text == "|") or item.text == r"\mid":
                item = self._taken(i, item, [matched[k] for k in waiting], matched)
            if item.kind == "BAR":
                item = self._bar(i, item, [matched[k] for k in waiting], matched)
            if item.kind in ("CLOSE", "RIGHT_BAR"):
                self._close(item, waiting, matched)
            self.depth.append(len(waiting))
            if item.kind in ("OPEN", "LEFT_OF_BAR"):
                waiting.append(i)
                if len(waiting) > DEEPEST:
                    too_deep(self.text, item)
            matched.append(item)
        if waiting:
            alone(self.text, _sign(matched[waiting[-1]]))
        self.items = matched

    def _close(self, item: Item, waiting: list[int], matched: list[Item]) -> None:
        def fits(k: int) -> bool:
            opened = matched[k]
            if item.kind == "RIGHT_BAR" or opened.kind == "LEFT_OF_BAR":
                return item.kind == "RIGHT_BAR" and opened.kind == "LEFT_OF_BAR"
            return PARTNERS.get(opened.text) == item.text

        if not waiting or not any(fits(k) for k in waiting):
            if waiting and self._interval(waiting[-1], item, matched):
                waiting.pop()
                return
            alone(self.text, _sign(item))
        if not fits(waiting[-1]):
            alone(self.text, _sign(matched[waiting[-1]]))
        waiting.pop()

    def _taken(self, i: int, bar: Item, opened: list[Item], matched: list[Item]) -> Item:
        r"""\rvert and \mid with a subscript and nothing to close: something taken at a place."""
        after = self.items[i + 1] if i + 1 < len(self.items) else None
        at = after is not None and after.kind == "SCRIPT" and after.text == "SUB"
        closes = bar.kind == "CLOSE" and any(item.text == "|" for item in opened)
        if at and matched and _ends(matched[-1]) and not closes:
            return Sign("BAR_AT", "|", bar.start, bar.end)
        return bar

    @staticmethod
    def _interval(k: int, item: Item, matched: list[Item]) -> bool:
        """[0, 1) and (0, 1]: half-open, with one comma inside."""
        commas = [each for each in matched[k:] if each.kind == "SEPARATOR" and each.text == ","]
        return {matched[k].text, item.text} in ({"(", "]"}, {"[", ")"}) and len(commas) == 1

    def _bar(self, i: int, bar: Item, opened: list[Item], matched: list[Item]) -> Item:
        """A bar opens, closes, parts (y | x), or says where something is taken."""
        place = bar.start, bar.end
        after = self.items[i + 1] if i + 1 < len(self.items) else None
        beside = (matched[-1] if matched else None, after)
        kinds = {None if item is None else item.kind for item in beside}
        if self.context == "cell" and kinds <= {None, "CELL", "NEWROW"}:
            return Sign("DOTS", "…", *place)  # a column goes on
        at = after is not None and after.kind == "SCRIPT" and after.text == "SUB"
        if opened and opened[-1].text == bar.text and _ends(matched[-1]):
            return Sign("CLOSE", bar.text, *place)
        if at and matched and _ends(matched[-1]):
            return Sign("BAR_AT", bar.text, *place)
        depth = 0
        for item in self.items[i + 1 :]:
            depth += {"OPEN": 1, "CLOSE": -1}.get(item.kind, 0)
            if depth < 0:
                break
            if depth == 0 and item.kind == "BAR" and item.text == bar.text:
                return Sign("OPEN", bar.text, *place)
        if opened or self.context in ("script", "group"):
            return Sign("SEPARATOR", r"\mid", *place)
        alone(self.text, _sign(bar))

    def tokens(self) -> list[Sign]:
        i = 0
        while i < len(self.items):
            item = self.items[i]
            where = self.context if self.depth[i] == 0 else "bracket"
            if item.kind in ("NEWROW", "CELL", "QUAD"):
                self._space(i, where)
            elif item.kind == "TEXT":
                i = self._text(i, where)
            elif isinstance(item, Piece):
                self._piece(item)
            elif item.kind == "PRIME" and not self._operand():
                kind = ("NAME", r"\prime") if where == "script" else ("EMPTY", "")
                self.made.append(Sign(*kind, item.start, item.end))
                if where != "script":
                    self.made.append(item)
            elif (
                item.kind in ("OPERATOR", "SIGN", "RELATION") and self._stands_alone(i, where)
            ) or (item.kind == "SEPARATOR" and item.text == ":" and self._slice(i, where)):
                self.made.append(replace(item, kind="NAME"))
            elif item.kind == "BAR_AT" and isinstance(after := self.items[i + 1], Piece):
                self.made += [item, *after.tokens[1:]]
                i += 1
            else:
                self.made.append(item)
            i += 1
        return self.made

    def _operand(self) -> bool:
        return bool(self.made) and _ends(self.made[-1])

    def _next(self, i: int) -> Item | None:
        """The next item but for alignment and wide space."""
        return self.following[i]

    def _look_ahead(self) -> list[Item | None]:
        following: list[Item | None] = []
        item: Item | None = None
        for before in reversed(self.items):
            following.append(item)
            item = item if before.kind in ("CELL", "QUAD") else before
        return following[::-1]

    def _piece(self, item: Piece) -> None:
        if item.kind == "SCRIPT" and not self._operand():
            self.made.append(Sign("EMPTY", "", item.start, item.start))
        self.made += item.tokens

    def _stands_alone(self, i: int, where: str) -> bool:
        """An operator that is itself meant: W^+, w_{j\\cdot}, \\sigma(\\cdot)."""
        item = self.items[i]
        after = self.items[i + 1] if i + 1 < len(self.items) else None
        ends = after is None or after.kind in ("CLOSE", "SEPARATOR")
        begins = not self.made or self.made[-1].kind in ("OPEN", "SEPARATOR")
        if i > 0 and not begins:
            begins = False
        if where == "script":
            return (begins and ends) or (
                item.kind == "OPERATOR" and item.text != "/" and (begins or ends)
            )
        inside = where == "bracket" and bool(self.made)
        return inside and begins and ends and item.kind == "OPERATOR"

    def _slice(self, i: int, where: str) -> bool:
        after = self.items[i + 1] if i + 1 < len(self.items) else None
        ends = after is None or after.kind in ("CLOSE", "SEPARATOR")
        begins = not self.made or self.made[-1].kind in ("OPEN", "SEPARATOR")
        return where == "script" or (where == "bracket" and (begins or ends))

    def _space(self, i: int, where: str) -> None:
        """What &, \\\\ and \\quad are: a separator, a cell, or nothing."""
        item = self.items[i]
        kind = item.kind
        if where in ("cell", "cases") and kind != "QUAD":
            self.made.append(_named(item, "ROW" if kind == "NEWROW" else "CELL"))
            return
        if where in ("cell", "group", "script", "bracket"):
            if kind == "NEWROW" and where == "script":
                self.made.append(Sign("SEPARATOR", ",", item.start, item.end))
            elif kind == "NEWROW" and not self._goes_on(i):
                refuse(
                    self.text, item.start, item.end, "a new row inside brackets is not understood"
                )
            return
        after = self._next(i)
        before = self.made[-1] if self.made else None
        if before is None or (not _ends(before) and before.kind != "SEPARATOR"):
            return
        if kind == "NEWROW" and self._goes_on(i):
            return
        related = after is None or after.kind in ("RELATION", "OPERATOR", "SIGN", "NEWROW")
        if kind != "NEWROW" and (related or (after is not None and after.kind == "BAR_AT")):
            return
        text = {"NEWROW": r"\\", "CELL": "&", "QUAD": r"\quad"}[kind]
        self.made.append(Sign("SEPARATOR", text, item.start, item.end))

    def _goes_on(self, i: int) -> bool:
        """Whether the next row continues a sum or a product."""
        before = self.made[-1] if self.made else None
        if before is not None and before.kind in ("OPERATOR", "SIGN", "RELATION", "BIG"):
            return True
        after = self._next(i)
        if after is None:
            return False
        shifted = self.items[i + 1].kind in ("CELL", "QUAD")
        return after.kind == "OPERATOR" or (after.kind == "SIGN" and (after.text == "+" or shifted))

    def _text(self, i: int, where: str) -> int:
        """Words: a function's name before a bracket, else prose, which parts statements."""
        item = self.items[i]
        after = self.items[i + 1] if i + 1 < len(self.items) else None
        word = item.text.strip()
        named = word.isalpha() and word.lower() not in _PROSE and item.text == word
        bound = after is not None and after.kind in ("OPEN", "SCRIPT", "PRIME", "OPERATOR")
        bound |= bool(self.made) and self.made[-1].kind in ("OPERATOR", "SIGN")
        if named and (len(word) == 1 or bound):
            name = Sign("NAME", word, item.start, item.end)
            if len(word) > 1:
                self.made.append(name)
            else:
                style = Sign("STYLE", "mathrm", item.start, item.start)
                brace = Sign("LBRACE", "{", item.start, item.start)
                self.made += [style, brace, name, Sign("RBRACE", "}", item.end, item.end)]
            return i
        if where not in ("display", "cases") or (bound and after is not None and (
            after.kind != "OPEN"
        )):  # fmt: skip
            self.made.append(_sign(item))
            return i
        related = bool(self.made) and self.made[-1].kind == "RELATION"
        if related:
            i, item = self._prose(i)
            after = self.items[i + 1] if i + 1 < len(self.items) else None
        standing = self._operand()
        if standing:
            self.made.append(Sign("SEPARATOR", "text", item.start, item.start))
        self.made.append(_sign(item))
        if after is not None and (standing or related or after.kind != "RELATION"):
            self.made.append(Sign("SEPARATOR", "text", item.end, item.end))
        return i

    def _prose(self, i: int) -> tuple[int, Sign]:
        """After an arrow, all up to the last words before the next statement is one Text."""
        last = i
        for k in range(i + 1, len(self.items)):
            kind = self.items[k].kind
            if kind in ("SEPARATOR", "NEWROW", "CELL", "QUAD", "RELATION"):
                break
            if kind == "TEXT":
                last = k
        parts = self.items[i : last + 1]
        words = "".join(
            part.text if part.kind == "TEXT" else self.text[part.start : part.end] for part in parts
        )
        return last, Sign("TEXT", words, parts[0].start, parts[-1].end)


def piece(kind: str, made: Iterable[Sign], text: str = "") -> Piece:
    found = tuple(made)
    return Piece(
        kind, found, min(token.start for token in found), max(token.end for token in found), text
    )


def _sign(item: Item) -> Sign:
    return item if isinstance(item, Sign) else Sign(item.kind, item.text, item.start, item.end)


def _named(item: Item, kind: str) -> Sign:
    return Sign(kind, item.text, item.start, item.end)


def _ends(item: Item) -> bool:
    """Whether an operand can end with this: an operator or a script may follow."""
    return item.kind in (
        "NAME", "NUMBER", "TEXT", "DOTS", "CLOSE", "RBRACE", "PRIME", "BIG", "END", "ATOM",
        "SCRIPT", "EMPTY", "RIGHT_BAR",
    )  # fmt: skip
