r"""The actions of formula.lark: each rule becomes a node with its place."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from lark import Token, Transformer

from symnet.errors import DanglingError, LatexError
from symnet.paper.formula import syntax as s
from symnet.paper.formula.displays import display
from symnet.paper.formula.nodes import Refused, hangs, rehung, scripted, span, styled

_MANY_SIGNS = 3  # - - - x
# The things between separators, in their order: nodes and SEPARATOR tokens.
_Items = list[Any]


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


class Builder(Transformer[Token, Any]):
    """One method for each rule of formula.lark."""

    def start(self, parts: list[Any]) -> _Items:
        (items,) = parts
        return items  # type: ignore[no-any-return]

    def items(self, parts: list[Any]) -> _Items:
        return parts

    def chain(self, parts: list[Any]) -> s.Node:
        if len(parts) == 1:
            return parts[0]  # type: ignore[no-any-return]
        return s.Chain(tuple(parts[::2]), tuple(map(str, parts[1::2])), **span(parts))

    def continued(self, parts: list[Any]) -> s.Node:
        start = parts[0].start_pos
        sides = (s.Empty(start=start, end=start), *parts[1::2])
        return s.Chain(sides, tuple(map(str, parts[::2])), **span(parts))

    def sum(self, parts: list[Any]) -> s.Node:
        terms, signs = _with_signed_summands(parts[::2], ["+", *map(str, parts[1::2])])
        if isinstance(terms[0], _Negated):
            signs[0], terms[0] = terms[0].sign, terms[0].node
        elif len(terms) == 1:
            return terms[0]  # type: ignore[no-any-return]
        if len(terms) == 1 and signs == ["+"]:
            return _plain(terms[0])  # type: ignore[no-any-return]
        place = span(parts)
        return s.Additive(tuple(_plain(term) for term in terms), tuple(signs), **place)

    def signed(self, parts: list[Any]) -> Any:
        return parts[0]

    def negated(self, parts: list[Any]) -> "_Negated":
        sign, node = parts
        depth = 1 + (node.depth if isinstance(node, _Negated) else 0)
        if depth > _MANY_SIGNS:
            raise Refused(LatexError, "so many signs in a row", sign.start_pos, sign.end_pos)
        return _Negated(str(sign), _plain(node), depth, **span([sign, node]))

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
            if factors and operator == "" and hangs(node) and not isinstance(factors[-1], s.Big):
                factors[-1] = rehung(factors[-1], node)
                continue
            factors.append(node)
            operators.append(operator)
            operator = ""
        if len(factors) == 1:
            return factors[0]  # type: ignore[no-any-return]
        return s.Product(tuple(factors), tuple(operators), **span(parts))

    def factor(self, parts: list[Any]) -> s.Node:
        base = parts[0]
        return scripted(_atom(base), parts[1:])

    def sub(self, parts: list[Any]) -> _Script:
        return _Script("sub", _one(parts[1]), **span([parts[0], parts[1]]))

    def sup(self, parts: list[Any]) -> _Script:
        return _Script("sup", _one(parts[1]), **span([parts[0], parts[1]]))

    def here(self, parts: list[Any]) -> _Script:
        return _Script("here", _one(parts[1]), **span([parts[0], parts[1]]))

    def argument(self, parts: list[Any]) -> _Argument:
        opened, items, closed = parts
        place = span([opened, items, closed])
        return _Argument(_grouped(items, place), **place)

    def bracketed(self, parts: list[Any]) -> s.Node:
        opened, items, closed = parts
        place = span([opened, items, closed])
        inside = {"start": opened.end_pos, "end": opened.end_pos}
        body = _grouped(items, inside)
        if isinstance(body, s.Array) and not body.brackets and len(items) == 1:
            brackets = str(opened).lstrip("\\") + str(closed).lstrip("\\")
            return replace(body, brackets=brackets, **place)
        return s.Bracketed(str(opened), body, str(closed), **place)

    def evaluated(self, parts: list[Any]) -> s.Node:
        place = span(parts)
        inside = {"start": parts[0].end_pos, "end": parts[0].end_pos}
        return s.Evaluated(_grouped(parts[1], inside), _one(parts[4]), **place)

    def fraction(self, parts: list[Any]) -> s.Node:
        return s.Fraction(_one(parts[1]), _one(parts[2]), **span(parts))

    def root(self, parts: list[Any]) -> s.Node:
        degree = _one(parts[1]) if len(parts) == 3 else None
        return s.Root(_one(parts[-1]), degree, **span(parts))

    def annotated(self, parts: list[Any]) -> s.Node:
        return s.Annotated(_one(parts[1]), _one(parts[2]), **span(parts))

    def styled(self, parts: list[Any]) -> s.Node:
        style, argument = parts
        return styled(str(style), argument.node, span(parts))

    def table(self, parts: list[Any]) -> s.Node:
        opened, rows = parts[0], [part for part in parts[1:] if not isinstance(part, Token)]
        if rows and all(isinstance(cell, s.Empty) for cell in rows[-1]):
            rows.pop()
        place = span([parts[0], *rows, parts[-1]])
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
    if isinstance(node, _Negated) and node.sign == "+":
        return node.node
    if isinstance(node, _Negated):
        return s.Additive((node.node,), (node.sign,), start=node.start, end=node.end)
    return node


def _one(argument: Any) -> Any:
    return argument.node if isinstance(argument, _Argument) else argument


def _grouped(items: _Items, place: dict[str, Any]) -> s.Node:
    """One thing, or a list, or nothing."""
    nodes = [part for part in items if not isinstance(part, Token)]
    if not nodes:
        return s.Empty(start=place["start"], end=place["start"])
    return nodes[0] if len(nodes) == 1 else s.Listed(tuple(nodes), **span(nodes))


def _cell(items: _Items, at: int) -> s.Node:
    nodes = [part for part in items if not isinstance(part, Token)]
    if not nodes:
        return s.Empty(start=at, end=at)
    return nodes[0] if len(nodes) == 1 else display(items)


_LEAVES: dict[str, Callable[..., s.Node]] = {
    "NUMBER": s.Number,
    "NAME": s.Name,
    "BIG": s.Big,
    "TEXT": lambda words, **place: s.Text(words.strip(), **place),
    "DOTS": lambda _, **place: s.Dots(**place),
    "EMPTY": lambda _, **place: s.Empty(**place),
}


def _atom(part: Any) -> s.Node:
    if isinstance(part, Token):
        return _LEAVES[part.type](str(part), start=part.start_pos, end=part.end_pos)
    return _one(part)  # type: ignore[no-any-return]


def _with_signed_summands(terms: list[Any], signs: list[str]) -> tuple[list[Any], list[str]]:
    """A minus right after a sum sign belongs to what is summed: Σ_i -2x_i. Refuses bare sums."""
    kept: list[Any] = []
    kept_signs: list[str] = []
    for term, sign in zip(terms, signs, strict=True):
        if kept and sign == "-" and _bare_sum(_inside(kept[-1])) is not None:
            summand = s.Additive((_plain(term),), (sign,), start=term.start, end=term.end)
            kept[-1] = _joined(kept[-1], summand)
        else:
            kept.append(term)
            kept_signs.append(sign)
    for term in kept:
        bare = _bare_sum(_inside(term))
        if bare is not None:
            what = "sum" if bare.operator == "sum" else "product"
            raise Refused(DanglingError, f"nothing stands after this {what}", bare.start, bare.end)
    return kept, kept_signs


def _inside(term: Any) -> s.Node:
    node = term.node if isinstance(term, _Negated) else term
    while isinstance(node, s.Additive) and len(node.terms) == 1:
        node = node.terms[0]
    return node  # type: ignore[no-any-return]


def _bare_sum(node: s.Node) -> s.Big | None:
    """A sum or product sign at the end of a row of factors."""
    last = node.factors[-1] if isinstance(node, s.Product) else node
    return last if isinstance(last, s.Big) and last.operator in ("sum", "prod") else None


def _joined(term: Any, summand: s.Node) -> Any:
    if isinstance(term, _Negated):
        return replace(term, node=_joined(term.node, summand))
    if isinstance(term, s.Additive) and len(term.terms) == 1:
        return replace(term, terms=(_joined(term.terms[0], summand),), end=summand.end)
    factors = term.factors if isinstance(term, s.Product) else (term,)
    operators = term.operators if isinstance(term, s.Product) else ("",)
    return s.Product((*factors, summand), (*operators, ""), start=term.start, end=summand.end)
