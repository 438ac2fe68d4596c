r"""Printed mathematics becomes a syntax tree: every construct of a formula with its place.

>>> from symnet.paper.syntax import spell
>>> spell(read(r"\delta^l_j = (W^{l+1})^T \delta"))
'\\delta_{j}^{l} = ([W^{l + 1}])^{T} \\delta'
>>> read(r"z = (W a")
Traceback (most recent call last):
    ...
symnet.errors.UnbalancedError: ( has no partner, column 5:
    z = (W a
        ^
"""

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from importlib import resources
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedInput
from lark.lexer import Lexer

from symnet.errors import DanglingError, LatexError
from symnet.paper import syntax as s
from symnet.paper.formula_layout import tokens
from symnet.paper.formula_tokens import Sign

_DEEPEST = 250  # nodes within each other: a bound for all that walks a tree
_MANY_SIGNS = 3  # - - - x

# Where several separators meet, the one that says most.
_STRENGTH = ("", r"\quad", "text", ":", ",", ";", ".", "&", r"\\", r"\mid", r"\forall", r"\exists",
             r"\because", r"\Leftarrow", r"\Rightarrow", r"\iff")  # fmt: skip
_CONCLUDES = (r"\Rightarrow", r"\iff", r"\Leftarrow", r"\because", r"\forall", r"\exists")
_BIG_NAMES = ("max", "min", "argmax", "argmin", "sup", "inf")
_ACCENTS = frozenset(
    [
        "vec",
        "overrightarrow",
        "bar",
        "overline",
        "hat",
        "widehat",
        "tilde",
        "widetilde",
        "dot",
        "ddot",
        "check",
        "breve",
        "acute",
        "grave",
        "mathring",
    ]
)


def read(text: str) -> s.Display:
    r"""The tree of a formula; raises LatexError, UnbalancedError or DanglingError with the place.

    >>> read("w + ").statements
    Traceback (most recent call last):
        ...
    symnet.errors.DanglingError: nothing stands after +, column 3:
        w +�
          ^
    """
    found = tokens(text)
    try:
        display = _parse(found, text)
    except _Refused as refused:
        raise refused.error(text) from None
    if not display.statements:
        raise LatexError("there is no formula", text=text or " ", start=0)
    _measure(display, text)
    return display


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
        items = parser.feed_eof()
    except UnexpectedInput:
        raise _unexpected(Sign("$END", "", end, end), before) from None
    return _display(items)


@dataclass
class _Refused(Exception):  # noqa: N818 - carries a place until the text is at hand
    kind: type[LatexError]
    message: str
    start: int
    end: int

    def error(self, text: str) -> LatexError:
        length = max(1, self.end - self.start)
        return self.kind(self.message, text=text or " ", start=self.start, length=length)


def _unexpected(sign: Sign, before: Sign | None) -> _Refused:
    for place, side in ((before, "after"), (sign, "before")):
        if place is not None and place.kind in ("OPERATOR", "SIGN", "RELATION"):
            message = f"nothing stands {side} {place.text}"
            return _Refused(DanglingError, message, place.start, place.end)
    shown = sign.text or {"NEWROW": r"\\", "$END": "the end"}.get(sign.kind, sign.kind.lower())
    return _Refused(LatexError, f"{shown} is not understood here", sign.start, sign.end)


def _measure(display: s.Display, text: str) -> None:
    """No tree is deeper than what walks it can go."""
    level: list[s.Node] = [display]
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
    grammar = resources.files("symnet.paper").joinpath("formula.lark").read_text(encoding="utf-8")
    return Lark(
        grammar, parser="lalr", lexer=_NoLexer, transformer=_Builder(), maybe_placeholders=False
    )


# The order of things between separators, and where they are.
_Items = list[Any]  # of Node and of SEPARATOR tokens


def _place(parts: Iterable[Any]) -> dict[str, int]:
    """From the first to the last of tokens and nodes; a macro's parts may overlap."""
    starts, ends = [], []
    for part in parts:
        if isinstance(part, Token):
            starts.append(part.start_pos or 0)
            ends.append(part.end_pos or 0)
        elif isinstance(part, list | tuple):
            if part:
                inner = _place(part)
                starts.append(inner["start"])
                ends.append(inner["end"])
        else:
            starts.append(part.start)
            ends.append(part.end)
    return {"start": min(starts, default=0), "end": max(ends, default=0)}


@dataclass
class _Script:
    kind: str
    node: Any
    start: int
    end: int


@dataclass
class _Argument:
    """What stands between braces: its node, and the place with the braces."""

    node: Any
    start: int
    end: int


class _Builder(Transformer[Token, Any]):
    """One method for each rule of formula.lark."""

    def start(self, parts: list[Any]) -> _Items:
        (items,) = parts
        return items  # type: ignore[no-any-return]

    def items(self, parts: list[Any]) -> _Items:
        return parts

    def chain(self, parts: list[Any]) -> s.Node:
        if len(parts) == 1:
            return parts[0]  # type: ignore[no-any-return]
        return s.Chain(tuple(parts[::2]), tuple(map(str, parts[1::2])), **_place(parts))

    def continued(self, parts: list[Any]) -> s.Node:
        start = parts[0].start_pos
        sides = (s.Empty(start=start, end=start), *parts[1::2])
        return s.Chain(sides, tuple(map(str, parts[::2])), **_place(parts))

    def sum(self, parts: list[Any]) -> s.Node:
        terms, signs = list(parts[::2]), ["+", *map(str, parts[1::2])]
        if isinstance(terms[0], _Negated):
            signs[0], terms[0] = terms[0].sign, terms[0].node
        elif len(terms) == 1:
            return terms[0]  # type: ignore[no-any-return]
        place = _place(parts)
        return s.Additive(tuple(_plain(term) for term in terms), tuple(signs), **place)

    def signed(self, parts: list[Any]) -> Any:
        return parts[0]

    def negated(self, parts: list[Any]) -> "_Negated":
        sign, node = parts
        depth = 1 + (node.depth if isinstance(node, _Negated) else 0)
        if depth > _MANY_SIGNS:
            raise _Refused(LatexError, "so many signs in a row", sign.start_pos, sign.end_pos)
        return _Negated(str(sign), _plain(node), depth, **_place([sign, node]))

    def operand(self, parts: list[Any]) -> Any:
        return parts[0]

    def product(self, parts: list[Any]) -> s.Node:
        factors: list[Any] = []
        operators: list[str] = []
        operator = ""
        for part in parts:
            if isinstance(part, Token):
                operator = str(part)
                continue
            node = _plain(part)
            if factors and operator == "" and _hangs(node) and not isinstance(factors[-1], s.Big):
                factors[-1] = _rehung(factors[-1], node)
                continue
            factors.append(node)
            operators.append(operator)
            operator = ""
        if isinstance(factors[-1], s.Big) and factors[-1].operator in ("sum", "prod"):
            big = factors[-1]
            message = (
                "nothing stands after this sum"
                if big.operator == "sum"
                else ("nothing stands after this product")
            )
            raise _Refused(DanglingError, message, big.start, big.end)
        if len(factors) == 1:
            return factors[0]  # type: ignore[no-any-return]
        return s.Product(tuple(factors), tuple(operators), **_place(parts))

    def factor(self, parts: list[Any]) -> s.Node:
        base = parts[0]
        return _scripted(_atom(base), parts[1:])

    def sub(self, parts: list[Any]) -> _Script:
        return _Script("sub", _script(parts[1]), **_place([parts[0], parts[1]]))

    def sup(self, parts: list[Any]) -> _Script:
        return _Script("sup", _script(parts[1]), **_place([parts[0], parts[1]]))

    def here(self, parts: list[Any]) -> _Script:
        return _Script("here", _one(parts[1]), **_place([parts[0], parts[1]]))

    def argument(self, parts: list[Any]) -> _Argument:
        opened, items, closed = parts
        place = _place([opened, items, closed])
        return _Argument(_grouped(items, place), **place)

    def bracketed(self, parts: list[Any]) -> s.Node:
        opened, items, closed = parts
        place = _place([opened, items, closed])
        inside = {"start": opened.end_pos, "end": opened.end_pos}
        body = _grouped(items, inside)
        if isinstance(body, s.Array) and not body.brackets and len(items) == 1:
            brackets = str(opened).lstrip("\\") + str(closed).lstrip("\\")
            return replace(body, brackets=brackets, **place)
        return s.Bracketed(str(opened), body, str(closed), **place)

    def evaluated(self, parts: list[Any]) -> s.Node:
        place = _place(parts)
        inside = {"start": parts[0].end_pos, "end": parts[0].end_pos}
        return s.Evaluated(_grouped(parts[1], inside), _one(parts[4]), **place)

    def fraction(self, parts: list[Any]) -> s.Node:
        return s.Fraction(_one(parts[1]), _one(parts[2]), **_place(parts))

    def root(self, parts: list[Any]) -> s.Node:
        degree = _one(parts[1]) if len(parts) == 3 else None
        return s.Root(_one(parts[-1]), degree, **_place(parts))

    def annotated(self, parts: list[Any]) -> s.Node:
        return s.Annotated(_one(parts[1]), _one(parts[2]), **_place(parts))

    def styled(self, parts: list[Any]) -> s.Node:
        style, argument = parts
        return _styled(str(style), argument.node, _place(parts))

    def table(self, parts: list[Any]) -> s.Node:
        opened, rows = parts[0], [part for part in parts[1:] if not isinstance(part, Token)]
        if rows and all(isinstance(cell, s.Empty) for cell in rows[-1]):
            rows.pop()
        place = _place([opened, parts[-1]])
        place = _place([parts[0], *rows, parts[-1]])
        if str(opened) == "cases":
            return s.Cases(tuple(rows), **place)
        return s.Array(tuple(rows), str(opened), **place)

    def row(self, parts: list[Any]) -> tuple[s.Node, ...]:
        cells = []
        end = 0
        for part in parts:
            if isinstance(part, Token):
                end = part.end_pos or 0
            else:
                cells.append(_cell(part, end))
        return tuple(cells)


@dataclass(frozen=True, slots=True)
class _Negated(s.Placed):
    """A sign before a factor or a term, until it is known whether it is the first of a sum."""

    sign: str
    node: Any
    depth: int


def _plain(node: Any) -> Any:
    """A sign that stands inside a term is a sum of one term."""
    if isinstance(node, _Negated):
        return s.Additive((node.node,), (node.sign,), start=node.start, end=node.end)
    return node


def _one(argument: Any) -> Any:
    return argument.node if isinstance(argument, _Argument) else argument


def _script(argument: _Argument) -> Any:
    return argument.node


def _grouped(items: _Items, place: dict[str, int]) -> s.Node:
    """One thing, or a list, or nothing."""
    nodes = [part for part in items if not isinstance(part, Token)]
    if not nodes:
        return s.Empty(start=place["start"], end=place["start"])
    return nodes[0] if len(nodes) == 1 else s.Listed(tuple(nodes), **_place(nodes))


def _cell(items: _Items, at: int) -> s.Node:
    nodes = [part for part in items if not isinstance(part, Token)]
    if not nodes:
        return s.Empty(start=at, end=at)
    return nodes[0] if len(nodes) == 1 else _display(items)


_LEAVES: dict[str, Callable[..., s.Node]] = {
    "NUMBER": s.Number, "NAME": s.Name, "TEXT": lambda words, **place: s.Text(words.strip(), **place), "BIG": s.Big,
    "DOTS": lambda _, **place: s.Dots(**place), "EMPTY": lambda _, **place: s.Empty(**place),
}  # fmt: skip


def _atom(part: Any) -> s.Node:
    if isinstance(part, Token):
        return _LEAVES[part.type](str(part), start=part.start_pos, end=part.end_pos)
    return _one(part)  # type: ignore[no-any-return]


def _scripted(base: s.Node, scripts: list[Any]) -> s.Node:
    """A second script of a kind stands around what came before: x^a^b."""
    node = base
    found: dict[str, Any] = {}
    primes = 0
    end = base.end
    for script in scripts:
        if isinstance(script, Token):
            primes, end = primes + len(script), max(end, script.end_pos or 0)
            continue
        content, inner = (script.node, 0) if script.kind == "here" else _primes(script.node)
        if script.kind == "here" or (content is not None and script.kind in found):
            node, found, primes = _wrapped(node, found, primes, end), {}, 0
        end = max(end, script.end)
        primes += inner
        if script.kind == "here":
            node = s.Evaluated(node, content, start=base.start, end=end)
        elif content is not None:
            found[script.kind] = content
    return _wrapped(node, found, primes, end)


def _wrapped(node: s.Node, found: dict[str, Any], primes: int, end: int) -> s.Node:
    if not found and not primes:
        return node
    place = {"start": min([node.start, *(part.start for part in found.values())]), "end": end}
    if isinstance(node, s.Big) and not primes and node.sub is None and node.sup is None:
        return replace(node, **found, **place)
    if isinstance(node, s.Name) and node.text in ("max", "min") and list(found) == ["sub"]:
        return s.Big(node.text, sub=found["sub"], **place)
    return s.Scripted(node, found.get("sub"), found.get("sup"), primes, **place)


def _primes(node: Any) -> tuple[Any, int]:
    r"""What is raised without its primes, and their number: ^{[l]\prime} is ^{[l]} and one."""
    match node:
        case s.Empty():
            return None, 0
        case s.Name(text=r"\prime"):
            return None, 1
        case s.Scripted(base=s.Name(text=r"\prime"), sub=None, sup=None, primes=count):
            return None, 1 + count
        case s.Scripted(base=s.Bracketed() as base, sub=None, sup=None, primes=count):
            return base, count
        case s.Product(factors=factors, operators=operators) if operators[-1] == "":
            last, count = _primes(factors[-1])
            if count and last is not None:
                return replace(node, factors=(*factors[:-1], last)), count
    return node, 0


def _hangs(node: s.Node) -> bool:
    """Whether this is a script on empty braces, which belongs to what stands before: W^{l}{}^T."""
    while isinstance(node, s.Scripted):
        node = node.base
    return isinstance(node, s.Empty)


def _rehung(before: s.Node, node: s.Node) -> s.Node:
    if not isinstance(node, s.Scripted):
        return before
    return replace(node, base=_rehung(before, node.base), start=before.start)


def _styled(style: str, node: s.Node, place: dict[str, int]) -> s.Node:
    """The style goes to the letter; over more than one, an accent says what we do not know."""
    match node:
        case s.Name():
            return replace(node, style=(style, *node.style), **place)
        case s.Number():
            return s.Name(node.text, (style,), **place)
        case s.Scripted():
            inner = {"start": node.base.start, "end": node.base.end}
            return replace(node, base=_styled(style, node.base, inner), **place)
    if style in _ACCENTS:
        message = f"\\{style} over more than one letter is not understood"
        raise _Refused(LatexError, message, place["start"], place["end"])
    return _each(style, node)


def _each(style: str, node: s.Node) -> s.Node:
    """\\mathbf over several letters makes each of them bold."""
    place = {"start": node.start, "end": node.end}
    match node:
        case s.Name() | s.Number() | s.Scripted():
            return _styled(style, node, place)
        case s.Product():
            return replace(node, factors=tuple(_each(style, part) for part in node.factors))
        case s.Additive():
            return replace(node, terms=tuple(_each(style, part) for part in node.terms))
        case s.Bracketed():
            return replace(node, body=_each(style, node.body))
    return node


def _display(items: _Items) -> s.Display:
    """Statements and separators; a row that begins with a relation goes on with the chain above."""
    statements: list[s.Node] = []
    separators: list[str] = []
    for part in items:
        if not isinstance(part, Token):
            statements.append(part)
            separators.append("")
        elif statements:
            separators[-1] = max(separators[-1], str(part), key=_STRENGTH.index)
        elif part in (r"\forall", r"\exists"):
            statements.append(s.Empty(start=part.start_pos or 0, end=part.start_pos or 0))
            separators.append(str(part))
    if separators and separators[-1] in _CONCLUDES:
        last = next(part for part in reversed(items) if part == separators[-1])
        message = f"nothing stands after {last}"
        raise _Refused(DanglingError, message, last.start_pos, last.end_pos)
    i = 1
    while i < len(statements):
        i = _joined(i, statements, separators)
    separators[-1:] = [""] if separators else []
    return s.Display(tuple(statements), tuple(separators), **_place(items))


def _joined(i: int, statements: list[s.Node], separators: list[str]) -> int:
    """Joins statement i to the chain that it continues, if it does; the next one to look at."""
    this = statements[i]
    if not (isinstance(this, s.Chain) and isinstance(this.sides[0], s.Empty)):
        return i + 1
    if separators[i - 1] not in (r"\\", "&", "text", r"\quad"):
        return i + 1
    target = _continued(i, statements, separators)
    if target is None:
        return i + 1
    before = statements[target]
    sides, relations = (
        (before.sides, before.relations) if isinstance(before, s.Chain) else ((before,), ())
    )
    statements[target] = s.Chain(
        (*sides, *this.sides[1:]), (*relations, *this.relations), **_place([before, this])
    )
    separators[i - 1] = separators[i]
    del statements[i], separators[i]
    return i


def _continued(i: int, statements: list[s.Node], separators: list[str]) -> int | None:
    """The first statement of the row above that is no words: what stands beside it is a remark."""
    best = None
    for j in range(i - 1, -1, -1):
        if not isinstance(statements[j], s.Text):
            best = j
        elif j > 0 and separators[j - 1] == r"\\":
            continue
        beside = j > 0 and (
            separators[j - 1] in ("&", "text")
            or (separators[j - 1] == r"\quad" and isinstance(statements[j], s.Bracketed | s.Text))
        )
        if not beside:
            break
    return best
