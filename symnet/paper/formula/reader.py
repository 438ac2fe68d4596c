r"""Printed mathematics becomes a syntax tree: every construct of a formula with its place.

>>> from symnet.paper.formula.syntax import spell
>>> spell(read(r"\delta^l_j = (W^{l+1})^T \delta"))
'\\delta_{j}^{l} = {(W^{{l + 1}})^{T} \\delta}'
>>> read(r"z = (W a")
Traceback (most recent call last):
    ...
symnet.errors.UnbalancedError: ( has no partner, column 5:
    z = (W a
        ^
"""

import functools
from collections.abc import Iterator
from importlib import resources
from typing import Any

from lark import Lark, Token, UnexpectedInput
from lark.lexer import Lexer

from symnet.errors import DanglingError, LatexError
from symnet.paper.formula import syntax as s
from symnet.paper.formula.displays import display
from symnet.paper.formula.layout import tokens
from symnet.paper.formula.nodes import Refused
from symnet.paper.formula.tokens import Sign
from symnet.paper.formula.tree import Builder

_REMEMBERED = 4096  # formulas: what a page declares is read again for each of its claims
_DEEPEST = 250  # nodes within each other: a bound for all that walks a tree


@functools.lru_cache(maxsize=_REMEMBERED)
def read(text: str) -> s.Display:
    r"""The tree of a formula; raises LatexError, UnbalancedError or DanglingError with the place.

    >>> read(r"\odot w")
    Traceback (most recent call last):
        ...
    symnet.errors.DanglingError: nothing stands before \odot, column 1:
        \odot w
        ^^^^^
    """
    found = tokens(text)
    try:
        tree = _parse(found, text)
    except Refused as refused:
        raise refused.error(text) from None
    if not tree.statements:
        raise LatexError("there is no formula", text=text or " ", start=0)
    _measure(tree, text)
    return tree


def _parse(found: list[Sign], text: str) -> s.Display:
    parser = _lark().parse_interactive("")
    before: Sign | None = None
    for sign in found:
        token = Token(sign.kind, sign.text)
        token.start_pos, token.end_pos = sign.start, sign.end
        try:
            parser.feed_token(token)
        except UnexpectedInput:
            raise _unexpected(sign, before) from None
        before = sign
    end = found[-1].end if found else 0
    try:
        items: list[Any] = parser.feed_eof()  # type: ignore[no-untyped-call]
    except UnexpectedInput:
        raise _unexpected(Sign("$END", "", end, end), before) from None
    return display(items)


def _unexpected(sign: Sign, before: Sign | None) -> Refused:
    for place, side in ((before, "after"), (sign, "before")):
        if place is not None and place.kind in ("OPERATOR", "SIGN", "RELATION"):
            message = f"nothing stands {side} {place.text}"
            return Refused(DanglingError, message, place.start, place.end)
    shown = sign.text or {"NEWROW": r"\\", "$END": "the end"}.get(sign.kind, sign.kind.lower())
    return Refused(LatexError, f"{shown} is not understood here", sign.start, sign.end)


def _measure(tree: s.Display, text: str) -> None:
    """No tree is deeper than what walks it can go."""
    level: list[s.Node] = [tree]
    for _ in range(_DEEPEST):
        level = [child for node in level for child in s.children(node)]
        if not level:
            return
    start, end = level[0].start, level[0].end
    message = "too much within each other is not read"
    raise LatexError(message, text=text, start=start, length=max(1, end - start))


class _NoLexer(Lexer):
    """The tokens come from formula_layout."""

    def __init__(self, configuration: object) -> None: ...

    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[Token]:
        return iter(())


@functools.cache
def _lark() -> Lark:
    grammar = resources.files("symnet.paper.formula").joinpath("formula.lark").read_text("utf-8")
    return Lark(
        grammar, parser="lalr", lexer=_NoLexer, transformer=Builder(), maybe_placeholders=False
    )
