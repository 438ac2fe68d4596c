r"""What scripts, primes and styles make of what they are put on.

>>> w = s.Name("w", start=8, end=9)
>>> styled("mathbf", w, {"start": 0, "end": 10}).style
('mathbf',)
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from lark import Token

from symnet.errors import LatexError
from symnet.paper.formula import syntax as s

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


@dataclass
class Refused(Exception):  # noqa: N818 - carries a place until the text is at hand
    kind: type[LatexError]
    message: str
    start: int
    end: int

    def error(self, text: str) -> LatexError:
        length = max(1, self.end - self.start)
        return self.kind(self.message, text=text or " ", start=self.start, length=length)


def span(parts: Iterable[Any]) -> dict[str, Any]:
    """From the first to the last of tokens and nodes; a macro's parts may overlap."""
    starts, ends = [], []
    for part in parts:
        if isinstance(part, Token):
            starts.append(part.start_pos or 0)
            ends.append(part.end_pos or 0)
        elif isinstance(part, list | tuple):
            if part:
                inner = span(part)
                starts.append(inner["start"])
                ends.append(inner["end"])
        else:
            starts.append(part.start)
            ends.append(part.end)
    return {"start": min(starts, default=0), "end": max(ends, default=0)}


def scripted(base: s.Node, scripts: list[Any]) -> s.Node:
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


def hangs(node: s.Node) -> bool:
    """Whether this is a script on empty braces, which belongs to what stands before: W^{l}{}^T."""
    while isinstance(node, s.Scripted):
        node = node.base
    return isinstance(node, s.Empty)


def rehung(before: s.Node, node: s.Node) -> s.Node:
    if not isinstance(node, s.Scripted):
        return before
    return replace(node, base=rehung(before, node.base), start=before.start)


def styled(style: str, node: s.Node, place: dict[str, Any]) -> s.Node:
    """The style goes to the letter; over more than one, an accent says what we do not know."""
    match node:
        case s.Name():
            return replace(node, style=(style, *node.style), **place)
        case s.Number():
            return s.Name(node.text, (style,), **place)
        case s.Scripted():
            inner = {"start": node.base.start, "end": node.base.end}
            return replace(node, base=styled(style, node.base, inner), **place)
    if style in _ACCENTS:
        message = f"\\{style} over more than one letter is not understood"
        raise Refused(LatexError, message, place["start"], place["end"])
    return _each(style, node)


def _each(style: str, node: s.Node) -> s.Node:
    """\\mathbf over several letters makes each of them bold."""
    place = {"start": node.start, "end": node.end}
    match node:
        case s.Name() | s.Number() | s.Scripted():
            return styled(style, node, place)
        case s.Product():
            return replace(node, factors=tuple(_each(style, part) for part in node.factors))
        case s.Additive():
            return replace(node, terms=tuple(_each(style, part) for part in node.terms))
        case s.Bracketed():
            return replace(node, body=_each(style, node.body))
    return node
