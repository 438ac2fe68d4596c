r"""What stands in braces, between \left and \right, in scripts, arguments and environments.

`Groups` walks over the signs of a formula level by level; formula_layout adds the commands.
"""

import re
from dataclasses import replace
from typing import NoReturn

from symnet.errors import DanglingError
from symnet.paper.formula.brackets import DEEPEST, Item, alone, piece, too_deep
from symnet.paper.formula.commands import COMMANDS, DISPLAYS, LETTERS, TABLES
from symnet.paper.formula.rows import finish
from symnet.paper.formula.tokens import Sign, refuse

WIDE = 6  # points from which a space parts statements
_WITH_COLUMNS = {"array", "tabular", "alignat", "alignedat", "subarray", "IEEEeqnarray", "empheq"}
_OPTIONED = {"array", "aligned", "gathered", "split", "matrix", "alignedat", "multlined"}
_TEX_CLOSERS = {"RBRACE": "LBRACE", "RIGHT": "LEFT", "END": "BEGIN"}


class Groups:
    """`partner` says where a brace, \\left or \\begin is closed."""

    def __init__(self, text: str, found: list[Sign]) -> None:
        self.text = text
        self.signs = [self._known(sign) for sign in found]
        self.partner: dict[int, int] = {}
        self.within = 0  # arguments and groups around what is being read
        self._match()

    def _known(self, sign: Sign) -> Sign:
        if sign.kind != "COMMAND" or sign.text not in COMMANDS:
            return sign
        kind, text = COMMANDS[sign.text]
        return Sign(kind, text, sign.start, sign.end)

    def _match(self) -> None:
        r"""Braces, \left and \right, \begin and \end: strictly within each other."""
        waiting: list[int] = []
        for i, sign in enumerate(self.signs):
            if sign.kind in ("LBRACE", "LEFT", "BEGIN"):
                waiting.append(i)
                if len(waiting) > DEEPEST:
                    too_deep(self.text, sign)
            elif sign.kind in _TEX_CLOSERS:
                wanted = _TEX_CLOSERS[sign.kind]
                fits = [
                    self.signs[j].kind == wanted
                    and (wanted != "BEGIN" or self.signs[j].text == sign.text)
                    for j in waiting
                ]
                if fits and fits[-1]:
                    self.partner[waiting.pop()] = i
                else:
                    alone(self.text, self.signs[waiting[-1]] if any(fits) else sign)
        if waiting:
            alone(self.text, self.signs[waiting[-1]])

    def refuse(self, sign: Item, message: str) -> NoReturn:
        refuse(self.text, sign.start, sign.end, message)

    # One level: everything between two partners.

    def level(self, i: int, stop: int, context: str) -> list[Item]:
        """The items from i up to stop; what is inside arguments is finished."""
        self.within += 1
        if self.within > 2 * DEEPEST:
            too_deep(self.text, self.signs[min(i, len(self.signs) - 1)])
        items = self._over(self._items(i, stop, context))
        self.within -= 1
        return items

    def _items(self, i: int, stop: int, context: str) -> list[Item]:
        items: list[Item] = []
        thin: list[Sign] = []
        while i < stop:
            sign = self.signs[i]
            if sign.kind == "THIN":
                thin.append(sign)
                if len(thin) == 3:  # three spaces set something apart, as \quad does
                    items.append(Sign("QUAD", "", thin[0].start, sign.end))
                i += 1
                continue
            if sign.kind != "NOTHING":
                thin = []
            i = self._item(i, stop, items, context)
        return items

    def _over(self, items: list[Item]) -> list[Item]:
        r"""{a \over b} is a fraction of all that stands before and after."""
        over = [k for k, item in enumerate(items) if item.kind == "OVER"]
        if not over:
            return items
        if len(over) > 1:
            self.refuse(items[over[1]], "a second \\over in one group")
        k = over[0]
        sides = self._braced(items[:k], items[k]), self._braced(items[k + 1 :], items[k])
        head = Sign("FRACTION", "", items[k].start, items[k].end)
        return [piece("ATOM", [head, *sides[0], *sides[1]])]

    def _braced(self, items: list[Item], at: Item) -> list[Sign]:
        inner = self.finish(items, "group")
        start = min([at.start, *(token.start for token in inner)])
        end = max([at.end, *(token.end for token in inner)])
        return [Sign("LBRACE", "{", start, start), *inner, Sign("RBRACE", "}", end, end)]

    def _item(self, i: int, stop: int, items: list[Item], context: str) -> int:
        """Puts what stands at i among the items; says where to go on."""
        sign = self.signs[i]
        match sign.kind:
            case "COMMAND":
                return self._command(i, stop, items, context)
            case "LBRACE":
                return self._group(i, stop, items, context)
            case "LEFT":
                return self._left(i, stop, items, context)
            case "BEGIN":
                return self._environment(i, sign.text, items, context)
            case "SUB" | "SUP":
                argument, after = self._argument(i + 1, stop, sign, script=True)
                items.append(piece("SCRIPT", [sign, *argument], text=sign.kind))
                return after
            case "NOTHING" | "THIN":
                return i + 1
            case "MIDDLE" if sign.text in ("|", r"\vert", r"\mid", r"\|", "∣"):
                items.append(Sign("SEPARATOR", r"\mid", sign.start, sign.end))
                return i + 1
            case "STRANGE" | "PARAMETER" | "MIDDLE":
                self.refuse(sign, f"{self.text[sign.start : sign.end]} is not understood")
            case "QUAD":
                if self._shown(sign)[1:2] != "h":
                    items.append(sign)
                    return i + 1
                after = self._skip(i + 1, stop, 1)
                if _is_wide(self.text[sign.end : self.signs[after - 1].end]):
                    items.append(sign)
                return after
        items.append(sign)
        return i + 1

    def _shown(self, sign: Item) -> str:
        return self.text[sign.start : sign.end]

    def _after(self, i: int, stop: int) -> int:
        while i < stop and self.signs[i].kind in ("THIN", "NOTHING"):
            i += 1
        return i

    def _group(self, i: int, stop: int, items: list[Item], context: str) -> int:
        r"""{…}: not seen, so the braces go. {AB}^T is printed as A B^T, and read so.

        They stay where a script stands on a thing with scripts, {W^l}^T, or on nothing, {}^T.
        """
        close = self.partner[i]
        inner = self.level(i + 1, close, context)
        after = self._after(close + 1, stop)
        scripted = after < stop and self.signs[after].kind in ("SUB", "SUP", "PRIME")
        one = all(item.kind in ("SCRIPT", "PRIME") for item in inner[1:]) and len(inner) != 1
        if scripted and one:
            made = [self.signs[i], *self.finish(inner, "group"), self.signs[close]]
            items.append(piece("ATOM", made))
        else:
            items.extend(inner)
        return close + 1

    def _left(self, i: int, stop: int, items: list[Item], context: str) -> int:
        close = self.partner[i]
        left, right = self.signs[i], self.signs[close]
        after = self._after(close + 1, stop)
        barred = right.text in ("|", r"\vert", r"\rvert", "∣")
        if left.text == "." and barred and after < stop and self.signs[after].kind == "SUB":
            items.append(Sign("LEFT_OF_BAR", ".", left.start, left.end))
            items += self.level(i + 1, close, context)
            items.append(Sign("RIGHT_BAR", "|", right.start, right.end))
            return close + 1
        if left.text in (r"\{", r"\lbrace") and right.text == ".":
            first = self._after(i + 1, close)
            if self.signs[first].kind == "BEGIN" and self.signs[first].text in TABLES:
                return self._branches(first, close, items, context)
            items += self.level(i + 1, close, context)
            return close + 1
        items += self._delimiter(left, "OPEN")
        items += self.level(i + 1, close, context)
        items += self._delimiter(right, "CLOSE")
        return close + 1

    def _branches(self, first: int, close: int, items: list[Item], context: str) -> int:
        end = self._environment(first, "cases", items, context)
        if self._after(end, close) != close:
            self.refuse(self.signs[end], "what stands beside the rows after { is not understood")
        return close + 1

    def _delimiter(self, sign: Sign, kind: str) -> list[Item]:
        if sign.text == ".":
            return []
        named = sign.text[1:] if sign.text.startswith("\\") else ""
        found = COMMANDS.get(named) or LETTERS.get(sign.text) or ("", "")
        text = {"<": "⟨", ">": "⟩"}.get(found[1], found[1])
        if (found[0] not in ("OPEN", "CLOSE", "BAR") and text not in "⟨⟩") or not text:
            self.refuse(sign, f"{self._shown(sign)} is not understood: no bracket follows")
        return [Sign(kind, text, sign.start, sign.end)]

    def _argument(
        self, i: int, stop: int, of: Sign, *, script: bool = False
    ) -> tuple[list[Sign], int]:
        """The argument of a command or a script in braces, and where to go on."""
        i = self._after(i, stop)
        context = "script" if script else "group"
        if i >= stop or self.signs[i].kind in ("SUB", "SUP", "CELL", "NEWROW", "SEPARATOR"):
            error = f"{self._shown(of) or of.text} has nothing to stand with"
            length = max(1, of.end - of.start)
            raise DanglingError(error, text=self.text or " ", start=of.start, length=length)
        sign = self.signs[i]
        if sign.kind == "LBRACE":
            close = self.partner[i]
            inner = self.finish(self.level(i + 1, close, context), context)
            return [sign, *inner, self.signs[close]], close + 1
        self.within += 1
        if self.within > 2 * DEEPEST:
            too_deep(self.text, sign)
        items, after = self._unbraced(i, stop, context, script=script)
        self.within -= 1
        inner = self.finish(items, context)
        start = min((token.start for token in inner), default=sign.start)
        end = max((token.end for token in inner), default=sign.end)
        return [Sign("LBRACE", "{", start, start), *inner, Sign("RBRACE", "}", end, end)], after

    def _unbraced(self, i: int, stop: int, context: str, *, script: bool) -> tuple[list[Item], int]:
        """The one thing that is an argument without braces."""
        sign = self.signs[i]
        items: list[Item] = []
        after = i + 1
        if sign.kind == "NUMBER" and len(sign.text) > 1:
            # x^12 is x^{1}2, and \frac12 is \frac{1}{2}.
            middle = sign.start + 1
            items.append(Sign("NUMBER", sign.text[0], sign.start, middle))
            rest = replace(sign, text=sign.text[1:], start=min(middle, sign.end))
            self.signs[i] = rest
            after = i
        elif script and sign.kind == "OPEN" and (close := self._closer(i, stop)):
            items = self.level(i, close + 1, context)  # W^(l), as people type without braces
            after = close + 1
        else:
            after = self._item(i, stop, items, context)
        return items, after

    def _closer(self, i: int, stop: int) -> int:
        """Where the bracket at i is closed on its own level; 0 if nowhere."""
        depth = 0
        while i < stop:
            depth += {"OPEN": 1, "CLOSE": -1}.get(self.signs[i].kind, 0)
            if depth == 0:
                return i
            i = self.partner.get(i, i) + 1
        return 0

    def _skip(self, i: int, stop: int, count: int) -> int:
        """Past so many arguments, and options in square brackets before them."""
        for _ in range(count):
            i = self._past_option(self._after(i, stop), stop)
            if i < stop:
                i = self.partner.get(i, i) + 1
        return i

    def _past_option(self, i: int, stop: int) -> int:
        if i < stop and self.signs[i].kind == "OPEN" and self.signs[i].text == "[":
            close = self._closer(i, stop)
            return self._after(close + 1, stop) if close else i
        return i

    def _command(self, i: int, stop: int, items: list[Item], context: str) -> int:
        """What the command at i says; see formula_layout."""
        raise NotImplementedError

    def _environment(self, i: int, name: str, items: list[Item], context: str) -> int:
        sign, close = self.signs[i], self.partner[i]
        after = self._after(i + 1, close)
        if self.signs[i].text in _OPTIONED | {"cases"}:
            after = self._position(after, close)
        if self.signs[i].text in _WITH_COLUMNS:
            after = self._skip(after, close, 1)
        edge = (
            Sign("QUAD", "", sign.start, sign.start),
            Sign("QUAD", "", self.signs[close].end, self.signs[close].end),
        )
        if name in DISPLAYS:
            inner = self.level(after, close, context)
            rows = [item for item in inner if item.kind == "NEWROW"]
            if context != "display" and rows:
                self.refuse(sign, f"rows of {name} are not understood here")
            items += [edge[0], *inner, edge[1]]
        elif name not in TABLES:
            self.refuse(sign, f"\\begin{{{name}}} is not understood")
        else:
            kept = self.signs[after:close]  # an argument without braces may be cut: \frac12
            inner = self.level(after, close, "cell")
            self.signs[after:close] = kept
            if context == "display" and self._says(name, inner, items):
                items += [edge[0], *self.level(after, close, context), edge[1]]
            else:
                made = self.finish(inner, "cases" if TABLES[name] == "cases" else "cell")
                head = Sign("BEGIN", TABLES[name], sign.start, sign.end)
                items.append(piece("ATOM", [head, *made, self.signs[close]]))
        return close + 1

    def _position(self, i: int, stop: int) -> int:
        """Past [c], [t] or [b]."""
        if self._past_option(i, stop) != i and self.signs[i + 1].text in ("c", "t", "b", "l"):
            return self._past_option(i, stop)
        return i

    @staticmethod
    def _says(name: str, inner: list[Item], before: list[Item]) -> bool:
        """Whether a table without brackets is rows of statements, not an array or branches."""
        begins = not before or before[-1].kind in ("SEPARATOR", "QUAD", "NEWROW", "CELL", "TEXT")
        related = any(item.kind == "RELATION" for item in inner)
        if TABLES[name] == "cases":
            cells = (
                {before.kind, after.kind}
                for before, cell, after in zip(inner, inner[1:], inner[2:], strict=False)
                if cell.kind == "CELL"
            )
            return begins and related and all("RELATION" in beside for beside in cells)
        return not TABLES[name] and begins and related

    def finish(self, items: list[Item], context: str) -> list[Sign]:
        return finish(self.text, items, context)


def _is_wide(length: str) -> bool:
    """Whether a space parts statements: from some half a quad on. {1mm} is a thin one."""
    found = re.search(r"(-?[\d.]+)\s*(em|cm|mm|in|pt|ex|mu|px)", length)
    if found is None:
        return True
    points = {"em": 10, "cm": 28, "mm": 2.8, "in": 72, "pt": 1, "ex": 4.3, "mu": 0.56, "px": 0.75}
    try:
        return float(found[1]) * points[found[2]] >= WIDE
    except ValueError:
        return True
