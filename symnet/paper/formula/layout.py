r"""From signs to the tokens of formula.lark: what braces and commands mean, what is only looks.

Brackets are matched, every argument stands in braces, sizes, colours and braces around nothing
special are gone, & and \\ are what they mean where they stand.

>>> " ".join(token.kind for token in tokens(r"w^l \big( a + \textcolor{red}{b} \big)"))
'NAME SUP LBRACE NAME RBRACE OPEN NAME SIGN NAME CLOSE'
"""

from collections.abc import Sequence
from dataclasses import replace

from symnet.paper.formula.brackets import Item, piece
from symnet.paper.formula.commands import (
    FUNCTIONS,
    LOOKS,
    SIZES,
    STYLES,
    SWITCHES,
    TABLES,
    UNSEEN,
    UPRIGHT,
)
from symnet.paper.formula.groups import Groups
from symnet.paper.formula.tokens import Sign, signs

_FRACTIONS = {"frac", "dfrac", "tfrac", "cfrac", "sfrac", "nicefrac"}
_BRACES = {"underbrace": "SUB", "overbrace": "SUP", "underbracket": "SUB", "overbracket": "SUP"}
_LABELLED = {"underset", "overset", "stackrel"}
_ARROWS = {
    "xrightarrow": r"\to", "xleftarrow": r"\leftarrow", "xlongequal": "=", "xmapsto": r"\mapsto",
    "xRightarrow": r"\Rightarrow", "xlongrightarrow": r"\to",
}  # fmt: skip
_MATRICES = {"matrix", "pmatrix", "bmatrix", "vmatrix", "cases"}  # with their rows in braces
# Brackets and derivatives as the package physics has them.
_PAIRED = {"norm": ("‖", "‖"), "abs": ("|", "|"), "set": (r"\{", r"\}")}
_SLOPES = {
    "pdv": r"\partial", "pderivative": r"\partial", "partialderivative": r"\partial",
    "diffp": r"\partial", "dv": "d", "derivative": "d",
}  # fmt: skip
_SAME_STYLE = {"mathds": "mathbb", "mathbbm": "mathbb"}
_NEGATED = {"=": r"\ne", r"\in": r"\notin", r"\equiv": r"\ne"}
_DIRECTED = {"l": "OPEN", "r": "CLOSE"}


def tokens(text: str) -> list[Sign]:
    """The tokens of a formula, as formula.lark wants them; raises LatexError with the place."""
    layout = _Layout(text, signs(text))
    return layout.finish(layout.level(0, len(layout.signs), "display"), "display")


class _Layout(Groups):
    """The commands: each says what becomes of its arguments."""

    def _command(self, i: int, stop: int, items: list[Item], context: str) -> int:
        sign = self.signs[i]
        name = sign.text
        after = i + 1
        if name == "mathrel" and (counted := self._counted(i, stop)):
            items.append(counted[0])
            return counted[1]
        if name in SIZES:
            return self._sized(i, stop, items)
        if name in UNSEEN:
            return self._skip(after, stop, UNSEEN[name])
        if name in LOOKS or name == "substack":
            after = self._skip(after, stop, LOOKS.get(name, 0))
            return self._past_option(self._after(after, stop), stop)
        if name in _FRACTIONS:
            above, after = self._argument(after, stop, sign)
            below, after = self._argument(after, stop, sign)
            items.append(piece("ATOM", [replace(sign, kind="FRACTION"), *above, *below]))
        elif name == "sqrt":
            after = self._root(i, stop, items)
        elif name in _BRACES or name in _LABELLED:
            after = self._annotated(i, stop, items, context)
        elif name in _ARROWS:
            kind = "SEPARATOR" if _ARROWS[name] == r"\Rightarrow" else "RELATION"
            after = self._skip(after, stop, 1)
            items.append(Sign(kind, _ARROWS[name], sign.start, self.signs[after - 1].end))
        elif name in UPRIGHT or name.startswith("operatorname") or name in STYLES:
            after = self._styled(i, stop, items)
        elif name in SWITCHES:
            items += self._switched(sign, self.level(after, stop, context))
            after = stop
        elif name in _MATRICES and self._braced_at(after, stop):
            after = self._matrix(sign, self._after(after, stop), items)
        elif name in _PAIRED and self._braced_at(after, stop):
            after = self._paired(sign, self._after(after, stop), items)
        elif name in _SLOPES and self._braced_at(after, stop):
            after = self._slope(sign, after, stop, items)
        elif name == "over":
            items.append(replace(sign, kind="OVER"))
        elif name == "not" and after < stop and self.signs[after].text in _NEGATED:
            text = _NEGATED[self.signs[after].text]
            items.append(Sign("RELATION", text, sign.start, self.signs[after].end))
            after += 1
        else:
            self.refuse(sign, f"\\{name} is not understood")
        return after

    def _counted(self, i: int, stop: int) -> tuple[Sign, int] | None:
        r"""The relation of \mathrel{-}=, which is -=, and where to go on."""
        shown = [sign.text for sign in self.signs[i + 1 : i + 5]]
        if i + 4 >= stop or shown[0] != "{" or shown[1] not in "+-" or shown[2:] != ["}", "="]:
            return None
        start, end = self.signs[i].start, self.signs[i + 4].end
        return Sign("RELATION", f"{shown[1]}=", start, end), i + 5

    def _sized(self, i: int, stop: int, items: list[Item]) -> int:
        """\\bigl| opens, \\bigr| closes; for the rest the size says nothing."""
        i, name = self._after(i + 1, stop), self.signs[i].text
        if i < stop and self.signs[i].text == "." and self.signs[i].kind == "SEPARATOR":
            return i + 1
        after = self._after(i + 1, stop)
        at = after < stop and self.signs[after].kind == "SUB"
        if i < stop and self.signs[i].kind == "BAR" and name[-1] in _DIRECTED and not at:
            items.append(replace(self.signs[i], kind=_DIRECTED[name[-1]]))
            return i + 1
        return i

    def _braced_at(self, i: int, stop: int) -> bool:
        i = self._after(i, stop)
        return i < stop and self.signs[i].kind == "LBRACE"

    def _paired(self, sign: Sign, first: int, items: list[Item]) -> int:
        r"""\norm{w} is ‖w‖."""
        left, right = _PAIRED[sign.text]
        close = self.partner[first]
        inner = self.level(first + 1, close, "group")
        last = self.signs[close]
        items += [Sign("OPEN", left, sign.start, sign.end), *inner]
        items.append(Sign("CLOSE", right, last.start, last.end))
        return close + 1

    def _slope(self, sign: Sign, after: int, stop: int, items: list[Item]) -> int:
        r"""\pdv{C}{w} is a fraction of differentials; \pdv{w} has nothing above."""
        letter = Sign("NAME", _SLOPES[sign.text], sign.start, sign.end)
        below, after = self._argument(after, stop, sign)
        above = [below[0], below[-1]]
        if self._braced_at(after, stop):
            above = below
            below, after = self._argument(after, stop, sign)
        head = replace(sign, kind="FRACTION")
        parts = [above[0], letter, *above[1:], below[0], letter, *below[1:]]
        items.append(piece("ATOM", [head, *parts]))
        return after

    def _matrix(self, sign: Sign, first: int, items: list[Item]) -> int:
        r"""\pmatrix{a \cr b}, as plain TeX has it; around one thing its brackets are brackets."""
        close = self.partner[first]
        inner = self.level(first + 1, close, "cell")
        one = all(item.kind not in ("CELL", "NEWROW") for item in inner)
        place = self.signs[close].start, self.signs[close].end
        if one and sign.text == "pmatrix":
            items += [Sign("OPEN", "(", sign.start, sign.end), *inner, Sign("CLOSE", ")", *place)]
        else:
            made = self.finish(inner, "cases" if sign.text == "cases" else "cell")
            head = Sign("BEGIN", TABLES[sign.text], sign.start, sign.end)
            items.append(piece("ATOM", [head, *made, Sign("END", sign.text, *place)]))
        return close + 1

    def _root(self, i: int, stop: int, items: list[Item]) -> int:
        sign = self.signs[i]
        after = self._after(i + 1, stop)
        past = self._past_option(after, stop)
        if past == after:
            body, after = self._argument(after, stop, sign)
            items.append(piece("ATOM", [replace(sign, kind="ROOT"), *body]))
            return after
        close = self._closer(after, stop)
        inner = self.finish(self.level(after + 1, close, "group"), "group")
        degree = [
            replace(self.signs[after], kind="LBRACE"), *inner,
            replace(self.signs[close], kind="RBRACE"),
        ]  # fmt: skip
        body, after = self._argument(past, stop, sign)
        items.append(piece("ATOM", [replace(sign, kind="DEGREE_ROOT"), *degree, *body]))
        return after

    def _annotated(self, i: int, stop: int, items: list[Item], context: str) -> int:
        """Labels over and under; over a relation or under a sum they are no label."""
        sign = self.signs[i]
        if sign.text in _BRACES:
            first = self._after(i + 1, stop)
            braced = first < stop and self.signs[first].kind == "LBRACE"
            there = self._after(self.partner[first] + 1, stop) if braced else first
            if braced and (there >= stop or self.signs[there].kind != _BRACES[sign.text]):
                items += self.level(first + 1, self.partner[first], context)
                return self.partner[first] + 1
            body, after = self._argument(first, stop, sign)
            there = self._after(after, stop)
            if there >= stop or self.signs[there].kind != _BRACES[sign.text]:
                items.append(piece("ATOM", body))
                return after
            label, after = self._argument(there + 1, stop, sign, script=True)
        else:
            if under := self._relation_under(i, stop):
                items.append(under[0])
                return under[1]
            label, after = self._argument(i + 1, stop, sign, script=True)
            body, after = self._argument(after, stop, sign)
        inside = body[1:-1]
        if _is_big(inside):
            kind = "SUP" if sign.text != "underset" else "SUB"
            items.append(piece("ATOM", inside))
            items.append(piece("SCRIPT", [replace(sign, kind=kind), *label], text=kind))
        else:
            items.append(piece("ATOM", [replace(sign, kind="ANNOTATE"), *body, *label]))
        return after

    def _relation_under(self, i: int, stop: int) -> tuple[Sign, int] | None:
        r"""The = of \overset{!}{=} and where to go on: it stays a relation."""
        body = self._after(self._skip(i + 1, stop, 1), stop)
        braced = body < stop and self.signs[body].kind == "LBRACE"
        after = self.partner[body] + 1 if braced else body + 1
        body = self._after(body + 1, stop) if braced else body
        if body >= stop or self.signs[body].kind != "RELATION":
            return None
        if braced and self._after(body + 1, stop) != after - 1:
            return None
        start, end = self.signs[i].start, self.signs[after - 1].end
        return Sign("RELATION", self.signs[body].text, start, end), after

    def _styled(self, i: int, stop: int, items: list[Item]) -> int:
        """\\mathrm{tr} is a word; \\mathbf{W} a letter with a style."""
        sign = self.signs[i]
        first = self._after(i + 1, stop)
        upright = sign.text in UPRIGHT or sign.text.startswith("operatorname")
        word = self._word(first, stop)
        if len(word) > 1 and (upright or word in FUNCTIONS):
            close = self.partner[first]
            items.append(Sign("NAME", word, sign.start, self.signs[close].end))
            return close + 1
        body, after = self._argument(first, stop, sign)
        if len(body) == 3 and len(body[1].text) > 1 and upright and body[1].kind == "NAME":
            items.append(replace(body[1], start=sign.start, end=max(body[-1].end, sign.end)))
        else:
            style = "mathrm" if sign.text.startswith("operatorname") else sign.text
            style = _SAME_STYLE.get(style, style)
            items.append(piece("ATOM", [Sign("STYLE", style, sign.start, sign.end), *body]))
        return after

    def _word(self, i: int, stop: int) -> str:
        """The word that stands in the braces at i, if it is one."""
        if i >= stop or self.signs[i].kind != "LBRACE":
            return ""
        inside = self.signs[i + 1 : self.partner[i]]
        letters = [sign for sign in inside if sign.kind not in ("THIN", "NOTHING")]
        named = all(
            (sign.kind == "NAME" and len(sign.text) == 1)
            or sign.kind == "NUMBER"
            or sign.text == "-"
            for sign in letters
        )
        word = "".join(sign.text for sign in letters)
        return word if named and word[:1].isalpha() else ""

    def _switched(self, sign: Sign, items: list[Item]) -> list[Item]:
        style = SWITCHES[sign.text]
        names = [item for item in items if isinstance(item, Sign) and item.kind == "NAME"]
        if style in UPRIGHT and len(names) == len(items) > 1:
            word = "".join(item.text for item in names)
            return [Sign("NAME", word, names[0].start, names[-1].end)]
        return [
            piece("ATOM", [Sign("STYLE", style, item.start, item.start),
                            Sign("LBRACE", "{", item.start, item.start), item,
                            Sign("RBRACE", "}", item.end, item.end)])
            if isinstance(item, Sign) and item.kind in ("NAME", "NUMBER") else item
            for item in items
        ]  # fmt: skip


def _is_big(inside: Sequence[Item]) -> bool:
    """Whether something is the sign of a sum or a product alone, perhaps with limits already."""
    if not inside or inside[0].kind != "BIG":
        return False
    depth, limit = 0, False
    for item in inside[1:]:
        depth += (item.kind == "LBRACE") - (item.kind == "RBRACE")
        if not depth and item.kind not in ("SUB", "SUP", "RBRACE") and not limit:
            return False
        limit = item.kind in ("SUB", "SUP")
    return True
