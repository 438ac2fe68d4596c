r"""Visible brackets and bars: which belong together, and what a bar is.

>>> text = "|x|"
>>> bars = [Sign("BAR", "|", 0, 1), Sign("NAME", "x", 1, 2), Sign("BAR", "|", 2, 3)]
>>> [item.kind for item in Matched(text, bars, "display").items]
['OPEN', 'NAME', 'CLOSE']
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from symnet.paper.formula.commands import PARTNERS
from symnet.paper.formula.tokens import Sign, refuse, unbalanced

DEEPEST = 60  # braces, brackets and environments within each other


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


class Matched:
    """A level of a formula and, for each of its items, the number of brackets around it."""

    def __init__(self, text: str, items: list[Item], context: str) -> None:
        self.text = text
        self.context = context
        self.items = items
        self._match()

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
            alone(self.text, as_sign(matched[waiting[-1]]))
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
            alone(self.text, as_sign(item))
        if not fits(waiting[-1]):
            alone(self.text, as_sign(matched[waiting[-1]]))
        waiting.pop()

    def _taken(self, i: int, bar: Item, opened: list[Item], matched: list[Item]) -> Item:
        r"""\rvert and \mid with a subscript and nothing to close: something taken at a place."""
        after = self.items[i + 1] if i + 1 < len(self.items) else None
        at = after is not None and after.kind == "SCRIPT" and after.text == "SUB"
        closes = bar.kind == "CLOSE" and any(item.text == "|" for item in opened)
        if at and matched and ends(matched[-1]) and not closes:
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
        if opened and opened[-1].text == bar.text and ends(matched[-1]):
            return Sign("CLOSE", bar.text, *place)
        if at and matched and ends(matched[-1]):
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
        alone(self.text, as_sign(bar))


def piece(kind: str, made: Iterable[Sign], text: str = "") -> Piece:
    found = tuple(made)
    return Piece(
        kind, found, min(token.start for token in found), max(token.end for token in found), text
    )


def as_sign(item: Item) -> Sign:
    return item if isinstance(item, Sign) else Sign(item.kind, item.text, item.start, item.end)


def ends(item: Item) -> bool:
    """Whether an operand can end with this: an operator or a script may follow."""
    return item.kind in (
        "NAME", "NUMBER", "TEXT", "DOTS", "CLOSE", "RBRACE", "PRIME", "BIG", "END", "ATOM",
        "SCRIPT", "EMPTY", "RIGHT_BAR",
    )  # fmt: skip
