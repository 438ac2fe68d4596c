r"""From signs to the tokens of formula.lark: what LaTeX means by its braces, and what is only looks.

Brackets are matched, every argument stands in braces, sizes, colours and braces around nothing
special are gone, & and \\ are what they mean where they stand.

>>> [token.kind for token in tokens(r"{\bf W}^l \big( a + \textcolor{red}{b} \big)")]
['LBRACE', 'STYLE', 'LBRACE', 'NAME', 'RBRACE', 'RBRACE', 'SUP', 'LBRACE', 'NAME', 'RBRACE', 'OPEN', 'NAME', 'SIGN', 'NAME', 'CLOSE']
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NoReturn

from symnet.errors import DanglingError
from symnet.paper.formula_alphabet import (
    COMMANDS,
    DISPLAYS,
    LETTERS,
    LOOKS,
    PARTNERS,
    SIZES,
    STYLES,
    SWITCHES,
    TABLES,
    UNSEEN,
    UPRIGHT,
)
from symnet.paper.formula_tokens import Sign, refuse, signs, unbalanced

DEEPEST = 60  # braces, brackets and environments within each other

_FRACTIONS = {"frac", "dfrac", "tfrac", "cfrac", "sfrac", "nicefrac"}
_BRACES = {"underbrace": "SUB", "overbrace": "SUP", "underbracket": "SUB", "overbracket": "SUP"}
_LABELLED = {"underset", "overset", "stackrel"}
_ARROWS = {
    "xrightarrow": r"\to", "xleftarrow": r"\leftarrow", "xlongequal": "=", "xmapsto": r"\mapsto",
    "xRightarrow": r"\Rightarrow", "xlongrightarrow": r"\to",
}  # fmt: skip
_NEGATED = {"=": r"\ne", r"\in": r"\notin", r"\equiv": r"\ne"}
_WITH_COLUMNS = {"array", "tabular", "alignat", "alignedat", "subarray", "IEEEeqnarray"}
_OPTIONED = {"array", "aligned", "gathered", "split", "matrix", "alignedat", "multlined"}
_DIRECTED = {"l": "OPEN", "r": "CLOSE"}
_TEX_CLOSERS = {"RBRACE": "LBRACE", "RIGHT": "LEFT", "END": "BEGIN"}
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


def tokens(text: str) -> list[Sign]:
    """The tokens of a formula, as formula.lark wants them; raises LatexError with the place."""
    layout = _Layout(text, signs(text))
    return layout.finish(layout.level(0, len(layout.signs), "display"), "display")


class _Layout:
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
        """Braces, \\left and \\right, \\begin and \\end: strictly within each other, as TeX has it."""
        waiting: list[int] = []
        for i, sign in enumerate(self.signs):
            if sign.kind in ("LBRACE", "LEFT", "BEGIN"):
                waiting.append(i)
                if len(waiting) > DEEPEST:
                    self._too_deep(sign)
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
                    self._alone(self.signs[waiting[-1]] if any(fits) else sign)
        if waiting:
            self._alone(self.signs[waiting[-1]])

    def _alone(self, sign: Sign) -> NoReturn:
        shown = self.text[sign.start : sign.end] or sign.text
        unbalanced(self.text, sign, f"{shown} has no partner")

    def refuse(self, sign: Item, message: str) -> NoReturn:
        refuse(self.text, sign.start, sign.end, message)

    # One level: everything between two partners.

    def level(self, i: int, stop: int, context: str) -> list[Item]:
        """The items from i up to stop; what is inside arguments is finished."""
        self.within += 1
        if self.within > 2 * DEEPEST:
            self._too_deep(self.signs[min(i, len(self.signs) - 1)])
        items = self._over(self._items(i, stop, context))
        self.within -= 1
        return items

    def _too_deep(self, sign: Item) -> NoReturn:
        self.refuse(sign, f"more than {DEEPEST} brackets within each other are not read")

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
        return [_piece("ATOM", [head, *sides[0], *sides[1]])]

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
                items.append(_piece("SCRIPT", [sign, *argument], text=sign.kind))
                return after
            case "NOTHING" | "THIN":
                return i + 1
            case "STRANGE" | "PARAMETER" | "MIDDLE":
                self.refuse(sign, f"{self.text[sign.start : sign.end]} is not understood")
            case "QUAD":
                items.append(sign)
                return self._skip(i + 1, stop, 1) if self._shown(sign)[1:2] == "h" else i + 1
        items.append(sign)
        return i + 1

    def _shown(self, sign: Item) -> str:
        return self.text[sign.start : sign.end]

    def _after(self, i: int, stop: int) -> int:
        while i < stop and self.signs[i].kind in ("THIN", "NOTHING"):
            i += 1
        return i

    def _group(self, i: int, stop: int, items: list[Item], context: str) -> int:
        """{…}: seen only by what stands behind it, so without a script the braces go."""
        close = self.partner[i]
        inner = self.level(i + 1, close, context)
        after = self._after(close + 1, stop)
        if after < stop and self.signs[after].kind in ("SUB", "SUP", "PRIME"):
            made = [self.signs[i], *self.finish(inner, "group"), self.signs[close]]
            items.append(_piece("ATOM", made))
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
            self._too_deep(sign)
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
        sign = self.signs[i]
        name = sign.text
        after = i + 1
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
            items.append(_piece("ATOM", [replace(sign, kind="FRACTION"), *above, *below]))
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
        elif name == "over":
            items.append(replace(sign, kind="OVER"))
        elif name == "not" and after < stop and self.signs[after].text in _NEGATED:
            text = _NEGATED[self.signs[after].text]
            items.append(Sign("RELATION", text, sign.start, self.signs[after].end))
            after += 1
        else:
            self.refuse(sign, f"\\{name} is not understood")
        return after

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

    def _root(self, i: int, stop: int, items: list[Item]) -> int:
        sign = self.signs[i]
        after = self._after(i + 1, stop)
        past = self._past_option(after, stop)
        if past == after:
            body, after = self._argument(after, stop, sign)
            items.append(_piece("ATOM", [replace(sign, kind="ROOT"), *body]))
            return after
        close = self._closer(after, stop)
        inner = self.finish(self.level(after + 1, close, "group"), "group")
        degree = [
            replace(self.signs[after], kind="LBRACE"), *inner,
            replace(self.signs[close], kind="RBRACE"),
        ]  # fmt: skip
        body, after = self._argument(past, stop, sign)
        items.append(_piece("ATOM", [replace(sign, kind="DEGREE_ROOT"), *degree, *body]))
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
                items.append(_piece("ATOM", body))
                return after
            label, after = self._argument(there + 1, stop, sign, script=True)
        else:
            if under := self._relation_under(i, stop):
                items.append(under[0])
                return under[1]
            label, after = self._argument(i + 1, stop, sign, script=True)
            body, after = self._argument(after, stop, sign)
        inside = body[1:-1]
        if inside and inside[0].kind == "BIG":
            kind = "SUP" if sign.text != "underset" else "SUB"
            items.append(_piece("ATOM", inside))
            items.append(_piece("SCRIPT", [replace(sign, kind=kind), *label], text=kind))
        else:
            items.append(_piece("ATOM", [replace(sign, kind="ANNOTATE"), *body, *label]))
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
        letters = []
        upright = sign.text in UPRIGHT or sign.text.startswith("operatorname")
        if upright and first < stop and self.signs[first].kind == "LBRACE":
            close = self.partner[first]
            letters = [
                s for s in self.signs[first + 1 : close] if s.kind not in ("THIN", "NOTHING")
            ]
            if len(letters) > 1 and all(
                (s.kind == "NAME" and len(s.text) == 1) or s.text == "-" for s in letters
            ):
                word = "".join(s.text for s in letters)
                items.append(Sign("NAME", word, sign.start, self.signs[close].end))
                return close + 1
        body, after = self._argument(first, stop, sign)
        if len(body) == 3 and len(body[1].text) > 1 and upright and body[1].kind == "NAME":
            items.append(replace(body[1], start=sign.start, end=max(body[-1].end, sign.end)))
        else:
            style = "mathrm" if sign.text.startswith("operatorname") else sign.text
            items.append(_piece("ATOM", [Sign("STYLE", style, sign.start, sign.end), *body]))
        return after

    def _switched(self, sign: Sign, items: list[Item]) -> list[Item]:
        style = SWITCHES[sign.text]
        names = [item for item in items if isinstance(item, Sign) and item.kind == "NAME"]
        if style in UPRIGHT and len(names) == len(items) > 1:
            word = "".join(item.text for item in names)
            return [Sign("NAME", word, names[0].start, names[-1].end)]
        return [
            _piece("ATOM", [Sign("STYLE", style, item.start, item.start),
                            Sign("LBRACE", "{", item.start, item.start), item,
                            Sign("RBRACE", "}", item.end, item.end)])
            if isinstance(item, Sign) and item.kind in ("NAME", "NUMBER") else item
            for item in items
        ]  # fmt: skip

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
            inner = self.level(after, close, "cell")
            if context == "display" and self._says(name, inner, items):
                items += [edge[0], *self.level(after, close, context), edge[1]]
            else:
                made = self.finish(inner, "cases" if TABLES[name] == "cases" else "cell")
                head = Sign("BEGIN", TABLES[name], sign.start, sign.end)
                items.append(_piece("ATOM", [head, *made, self.signs[close]]))
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
            return begins and related and all(item.kind != "CELL" for item in inner)
        return not TABLES[name] and begins and related

    # Finishing a level.

    def finish(self, items: list[Item], context: str) -> list[Sign]:
        return _Finish(self, items, context).tokens()


class _Finish:
    """A level whose brackets are matched and whose &, \\\\, spaces and words get their meaning."""

    def __init__(self, layout: _Layout, items: list[Item], context: str) -> None:
        self.layout = layout
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
            if item.kind == "BAR":
                item = self._bar(i, item, [matched[k] for k in waiting], matched)
            if item.kind in ("CLOSE", "RIGHT_BAR"):
                self._close(item, waiting, matched)
            self.depth.append(len(waiting))
            if item.kind in ("OPEN", "LEFT_OF_BAR"):
                waiting.append(i)
                if len(waiting) > DEEPEST:
                    self.layout._too_deep(item)
            matched.append(item)
        if waiting:
            self.layout._alone(_sign(matched[waiting[-1]]))
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
            self.layout._alone(_sign(item))
        if not fits(waiting[-1]):
            self.layout._alone(_sign(matched[waiting[-1]]))
        waiting.pop()

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
        self.layout._alone(_sign(bar))

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
                self.layout.refuse(item, "a new row inside brackets is not understood")
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
            part.text if part.kind == "TEXT" else self.layout._shown(part) for part in parts
        )
        return last, Sign("TEXT", words, parts[0].start, parts[-1].end)


def _piece(kind: str, made: Iterable[Sign], text: str = "") -> Piece:
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
