r"""Cross-entropies judged by what a cost is for: to be least where the output is the target.

In y log a + (1 - y) log(1 - a) the first term speaks where y is 1, the second where y is 0. As a
grows one of them has to fall and the other to rise, and log a has to stand where y is 1. Nothing
has to be known of the network: what is found wrong is wrong for all numbers 0 < a < 1.

>>> from symnet.paper.formula.reader import read
>>> text = r"L = -(y \log a + (1 - y) \log a)"
>>> found = verdict(text, read(text).statements[0])
>>> found.reason
'no cross-entropy: where y is 0 it goes the same way with a as where y is 1'
>>> found.suggestion
'L = -(y \\log a + (1 - y) \\log (1 - a))'
>>> verdict("L = -y \\log a - (1 - y) \\log(1 - a)", read("L = 1").statements[0]) is None
True
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from symnet.errors import SymnetError
from symnet.notes.statements import Statement
from symnet.paper.claims.verdicts import REFUTED, Verdict
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.signs.scripts import is_transpose

LOGARITHMS = frozenset({"log", "ln"})
NONE = "no cross-entropy"
_LOGARITHM = re.compile(r"log|ln")


@dataclass(frozen=True, slots=True)
class Share:
    """What a formula is a share of: p itself, or 1 - p; and the sign before it."""

    of: str  # without blanks
    rest: bool  # whether it is 1 - p
    sign: int = 1
    said: str = ""  # p as it is written
    odd: bool = False  # whether it is 1 + p, which no share is


@dataclass(frozen=True, slots=True)
class Term:
    """± weight · log(argument), or ± weight · (1 - log(argument)), which is seldom meant."""

    sign: int  # with that of y - 1 in place of 1 - y
    weight: Share
    argument: Share
    place: tuple[int, int]  # of the argument, or of (1 - log a)
    at: int  # where the term begins
    log: str  # how the logarithm is written, where it has to be written anew
    less: bool = False  # whether it is 1 - log a

    @property
    def slope(self) -> int:
        """Whether it grows (1) or falls (-1) with the number in the logarithm."""
        return self.sign * (-1 if self.argument.rest else 1) * (-1 if self.less else 1)


def verdict(text: str, node: s.Node) -> Verdict | None:
    """What is wrong with a cross-entropy in a formula; None if nothing is, or there is none."""
    for additive in (x for x in s.walk(node) if isinstance(x, s.Additive)):
        pair = _pair(additive, text)
        if pair is None or (reason := _wrong(*pair)) is None:
            continue
        mended, kind = _mended(text, additive, *pair)
        span = pair[1].place if kind != "sign" else (pair[1].at, pair[1].place[1])
        return Verdict(REFUTED, reason, kind, span, mended)
    return None


def told(statements: Iterable[Statement]) -> Mapping[tuple[str, int], Verdict]:
    """The cross-entropies of a document that are none, by their places."""
    found = {}
    for each in statements:
        if each.node is None or len(_LOGARITHM.findall(each.printed)) < 2:
            continue
        try:
            display = read(each.printed)
        except SymnetError:  # a row that is no formula by itself
            continue
        if (wrong := verdict(each.printed, display)) is not None:
            found[each.place] = wrong
    return found


def _pair(additive: s.Additive, text: str) -> tuple[Term, Term] | None:
    """Its two terms with logarithms, if they are of one target and one output."""
    found = [
        (term, node)
        for node, sign in zip(additive.terms, additive.signs, strict=True)
        if (term := _term(node, sign, text)) is not None
    ]
    if len(found) != 2 or sum(_has_logarithm(x) for x in additive.terms) != 2:
        return None
    (one, first), (other, _) = found
    if _is_summed(first) and sum(map(_is_summed, additive.terms)) == 1:
        one = replace(one, sign=abs(one.sign) * one.weight.sign)  # -Σ y log a + … is of both
    same = one.weight.of == other.weight.of and one.argument.of == other.argument.of
    if not same or one.weight.of == one.argument.of or one.weight.rest == other.weight.rest:
        return None
    return one, other


def _wrong(one: Term, other: Term) -> str | None:
    """Why the two are no cross-entropy, and no likelihood."""
    y, a = one.weight.said, one.argument.said
    if one.argument.odd or other.argument.odd:
        return f"{NONE}: log(1 - {a}) has to stand where {y} is 0"
    if one.slope == other.slope:
        return f"{NONE}: where {y} is 0 it goes the same way with {a} as where {y} is 1"
    if one.less or other.less:
        return f"{NONE}: 1 - log({a}) stands for log(1 - {a})"
    if any(x.weight.rest != x.argument.rest for x in (one, other)):
        return f"{NONE}: log({a}) has to stand where {y} is 1, and log(1 - {a}) where it is 0"
    return None


def _is_summed(node: s.Node) -> bool:
    return isinstance(node, s.Product) and any(isinstance(x, s.Big) for x in node.factors)


def _has_logarithm(node: s.Node) -> bool:
    return any(_is_logarithm(x) for x in s.walk(node))


def _is_logarithm(node: s.Node) -> bool:
    if isinstance(node, s.Scripted):  # log_e
        return node.sup is None and _is_logarithm(node.base)
    return isinstance(node, s.Name) and node.text.removeprefix("\\") in LOGARITHMS


def _term(node: s.Node, sign: str, text: str) -> Term | None:
    """A term of a sum as a share of a target times a logarithm; None if it is none."""
    if not isinstance(node, s.Product):
        return None
    factors = [x for x in node.factors if not isinstance(x, s.Big | s.Fraction | s.Number)]
    if len(factors) == 2 and isinstance(factors[1], s.Bracketed):
        least = _one_less(factors[1].body)
        if least is not None and (found := _logarithm(least)) is not None:
            return _made(sign, factors[0], *found, factors[1], text, less=True)
    for at in (1, 0):  # y log a, (log a) y
        behind = factors[at:]
        if at == 1 and len(factors) > 2 and _is_logarithm(factors[1]):
            return _made(sign, factors[0], factors[1], behind[1:], None, text)
        if at == 0 and len(factors) == 3 and _is_logarithm(factors[0]):
            log, argument, weight = factors
            return _made(sign, weight, log, [argument], None, text)
    return None


def _one_less(node: s.Node) -> s.Node | None:
    """x of 1 - x."""
    match node:
        case s.Additive(terms=(s.Number(text="1"), other), signs=("+", "-")):
            return other
    return None


def _logarithm(node: s.Node) -> tuple[s.Node, Sequence[s.Node]] | None:
    match node:
        case s.Product(factors=(log, *argument)) if _is_logarithm(log) and argument:
            return log, argument
    return None


def _made(
    sign: str,
    weight: s.Node,
    log: s.Node,
    argument: Sequence[s.Node],
    whole: s.Node | None,
    text: str,
    less: bool = False,
) -> Term | None:
    if any(map(_has_logarithm, argument)):
        return None
    share = _share((weight,), text)
    inside = _share(argument, text)
    if share is None or inside is None or share.odd:
        return None
    inside = replace(inside, odd=inside.odd or inside.sign < 0)
    start, end = argument[0].start, argument[-1].end
    place = (whole.start, whole.end) if whole is not None else (start, end)
    named = text[log.start : log.end]
    own = (-1 if sign == "-" else 1) * share.sign
    return Term(own, share, inside, place, weight.start, named, less)


def _share(nodes: Sequence[s.Node], text: str) -> Share | None:
    """p, 1 - p or p - 1, where p is a symbol or a function of something; or its transpose."""
    if len(nodes) == 1 and isinstance(nodes[0], s.Scripted) and nodes[0].sub is None:
        base, raised = nodes[0].base, nodes[0].sup
        if raised is not None and is_transpose(raised) and not nodes[0].primes:
            return _share((base,), text)
    if len(nodes) == 1 and isinstance(nodes[0], s.Bracketed):
        body = nodes[0].body
        if (other := _one_less(body)) is not None:
            found = _share((other,), text)
            return None if found is None or found.rest else Share(found.of, True, 1, found.said)
        match body:
            case s.Additive(terms=(other, s.Number(text="1")), signs=("+", "-")):
                found = _share((other,), text)
                if found is None or found.rest:
                    return None
                return Share(found.of, True, -1, found.said)
            case s.Additive(terms=(s.Number(text="1"), other), signs=("+", "+")):
                found = _share((other,), text)
                return None if found is None else replace(found, rest=True, odd=True)
        return _share((body,), text)
    if len(nodes) == 1 and isinstance(nodes[0], s.Product):
        return _share(nodes[0].factors, text)
    if not nodes or not all(isinstance(x, s.Name | s.Scripted | s.Bracketed) for x in nodes):
        return None
    if len(nodes) > 2 or (len(nodes) == 2 and not isinstance(nodes[1], s.Bracketed)):
        return None
    if isinstance(nodes[0], s.Bracketed):
        return None
    said = text[nodes[0].start : nodes[-1].end].strip()
    return Share(re.sub(r"\s+|\\[,;!]", "", said), False, 1, said)


def _mended(text: str, additive: s.Additive, one: Term, other: Term) -> tuple[str | None, str]:
    """The formula with the fewest changes that make it a cross-entropy, and what was wrong."""
    for changed, kind in _edits(text, additive, one, other):
        try:
            node = read(changed).statements[0]
        except SymnetError:
            continue
        pairs = [
            pair
            for x in s.walk(node)
            if isinstance(x, s.Additive) and (pair := _pair(x, changed)) is not None
        ]
        if pairs and all(_wrong(*pair) is None for pair in pairs):
            return changed, kind
    return None, "other"


def _edits(text: str, additive: s.Additive, one: Term, other: Term) -> Iterator[tuple[str, str]]:
    """The formula with one logarithm or one sign changed, or both logarithms."""
    for each in (other, one):
        yield _with_argument(text, each, each.weight.rest), "argument"
    places = [x.start for x in additive.terms]
    at = max((n for n, start in enumerate(places) if start <= other.at), default=0)
    if at > 0:
        before = text[: places[at]].rstrip()
        if before[-1:] in "+-":
            sign = "-" if before[-1] == "+" else "+"
            yield f"{before[:-1]}{sign}{text[len(before) :]}", "sign"
    last, first = sorted((one, other), key=lambda x: -x.place[0])
    both = _with_argument(_with_argument(text, last, last.weight.rest), first, first.weight.rest)
    yield both, "argument"


def _with_argument(text: str, term: Term, rest: bool) -> str:
    start, end = term.place
    inside = term.argument.said
    made = f"(1 - {inside})" if rest else (f"({inside})" if "(" in text[start:end] else inside)
    if term.less:
        made = rf"{term.log}{made}" if made[0] == "(" else f"{term.log} {made}"
    return text[:start] + made + text[end:]
