r"""A level of a formula, whose arguments are finished, gets its brackets, rows and words right.

Visible brackets and bars are matched; &, \\ and \quad become separators, cells or nothing, as their
place has it; words are names of functions or prose.

>>> one, two = Sign("BAR", "|", 0, 1), Sign("BAR", "|", 2, 3)
>>> [sign.kind for sign in finish("|x|", [one, Sign("NAME", "x", 1, 2), two], "display")]
['OPEN', 'NAME', 'CLOSE']
"""

from dataclasses import replace

from symnet.paper.formula.brackets import Item, Matched, Piece, as_sign, ends
from symnet.paper.formula.tokens import Sign, refuse

# Words that say something about a formula; any other single word before a bracket is a function.
_PROSE = frozenset([
    "if", "for", "and", "or", "where", "with", "otherwise", "when", "as", "is", "so", "since",
    "then", "let", "of", "in", "on", "at", "by", "else", "to", "from", "the", "that", "such",
    "because", "thus", "hence", "therefore", "any", "all", "i.e", "e.g", "st", "s.t", "via",
    "using",
])  # fmt: skip


def finish(text: str, items: list[Item], context: str) -> list[Sign]:
    """The tokens of a level; it is a display, a script, a group, or the cells of a table."""
    return _Finish(text, items, context).tokens()


class _Finish(Matched):
    """A matched level whose &, \\\\, spaces and words get their meaning."""

    def __init__(self, text: str, items: list[Item], context: str) -> None:
        super().__init__(text, items, context)
        self.made: list[Sign] = []
        self.following = self._look_ahead()

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
        return bool(self.made) and ends(self.made[-1])

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
        if before is None or (not ends(before) and before.kind != "SEPARATOR"):
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
        if not word and where == "display":
            return i  # \text{ } is a space
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
            self.made.append(as_sign(item))
            return i
        related = bool(self.made) and self.made[-1].kind == "RELATION"
        if related:
            i, item = self._prose(i)
            after = self.items[i + 1] if i + 1 < len(self.items) else None
        standing = self._operand()
        if standing:
            self.made.append(Sign("SEPARATOR", "text", item.start, item.start))
        self.made.append(as_sign(item))
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


def _named(item: Item, kind: str) -> Sign:
    return Sign(kind, item.text, item.start, item.end)
