r"""Sums that are written out, z_1 = w_{11} x_1 + w_{12} x_2: whether their numbers run alike.

A weight has two numbers, that of the neuron it leads to and that of the input it comes from, in
one order throughout a document. Where all terms but a few keep one order, these few are wrong.

>>> from symnet.notes.source import Source
>>> from symnet.notes.document import Formula
>>> from symnet.notes.statements import statements
>>> text = r"z_1 = w_{11} x_1 + w_{12} x_2, z_2 = w_{21} x_1 + w_{12} x_2"
>>> found = told(statements(Formula(Source("", text, text), 0, len(text))))
>>> [each.reason for each in found.values()]
['w_{12} x_2 stands in the sum of 2: as all others are numbered it is w_{22} x_2']
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from symnet.errors import SymnetError
from symnet.notes.own_definitions import WEIGHTS
from symnet.notes.statements import Statement
from symnet.paper.claims.verdicts import ILL_FORMED, Verdict
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read

LEAST = 3  # terms that keep an order
SHARE = 0.75  # of all terms
Place = tuple[int, int]
FORWARD, BACKWARD = "to, from", "from, to"  # which of the two numbers is that of the sum


@dataclass(frozen=True, slots=True)
class Term:
    """w_{to,from} x_{from} in the sum of neuron `of`, all as they are printed."""

    of: str
    first: str
    second: str
    signal: str
    places: tuple[Place, Place, Place]  # of these three numbers
    place: Place  # of the whole term
    raised: str = ""  # the layer of the signal, if it is not its power

    def keeps(self, order: str) -> bool:
        return self.numbers(order) == (self.of, self.signal)

    def numbers(self, order: str) -> tuple[str, str]:
        return (self.first, self.second) if order == FORWARD else (self.second, self.first)


def told(statements: Iterable[Statement]) -> Mapping[tuple[str, int], Verdict]:
    """What breaks the order of the indices in a document, by its places."""
    sums = [
        (each, terms)
        for each in statements
        if each.node is not None and (terms := tuple(_terms(each.printed)))
    ]
    every = [term for _, terms in sums for term in terms]
    kept = {order: sum(x.keeps(order) for x in every) for order in (FORWARD, BACKWARD)}
    order = max(kept, key=lambda x: kept[x])
    if kept[order] < LEAST or kept[order] < SHARE * len(every):
        return {}
    found = {}
    for statement, terms in sums:
        wrong = [x for x in terms if not x.keeps(order)]
        other = BACKWARD if order == FORWARD else FORWARD
        if wrong and not all(x.keeps(other) for x in terms):  # else it is another layer's order
            found[statement.place] = _verdict(statement.printed, terms, wrong[0], order)
    return found


def _verdict(text: str, terms: Sequence[Term], wrong: Term, order: str) -> Verdict:
    said = text[slice(*wrong.place)].strip()
    offered = [
        (made, *change)
        for made, change in _mended(text, wrong, order)
        if len({x.signal for x in terms if x is not wrong} | {made}) == len(terms)
    ]
    all_else = all(x.keeps(order) for x in terms if x is not wrong)
    reason = f"{said} stands in the sum of {wrong.of}: its numbers run otherwise than all others"
    if len(offered) != 1:
        return Verdict(ILL_FORMED, reason, "index", wrong.place)
    _, mended, meant = offered[0]
    reason = f"{said} stands in the sum of {wrong.of}: as all others are numbered it is {meant}"
    return Verdict(ILL_FORMED, reason, "index", wrong.place, mended if all_else else None)


def _mended(text: str, wrong: Term, order: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """The signal, the text and the term if the weight is wrong, and if the signal is."""
    to, source = wrong.numbers(order)
    one, other = (wrong.of, wrong.signal) if order == FORWARD else (wrong.signal, wrong.of)
    (start, middle), (behind, end), of_signal = wrong.places
    weight = f"{one}{text[middle:behind]}{other}"
    changes = [(wrong.signal, (start, end), weight)]
    if to == wrong.of and source != wrong.signal:
        changes.append((source, of_signal, source))
    first, last = wrong.place
    for signal, (begin, finish), made in changes:
        meant = text[first:begin] + made + text[finish:last]
        yield signal, (text[:begin] + made + text[finish:], meant.strip())


def _terms(text: str) -> Iterator[Term]:
    """The products of a weight with two numbers and a signal with one, in the sums of a formula."""
    if len(_NUMBERED.findall(text)) < 2:
        return
    try:
        display = read(text)
    except SymnetError:  # a row that is no formula by itself
        return
    for chain in (x for x in display.statements if isinstance(x, s.Chain)):
        of = _number(chain.sides[0])
        if of is None:
            continue
        for side in chain.sides[1:]:
            for each in s.walk(side):
                if isinstance(each, s.Additive) and len(each.terms) > 1:
                    found = [_term(x, of[0], text) for x in each.terms]
                    terms = [x for x in found if x is not None]
                    if len(terms) > 1 and len({x.raised for x in terms}) == 1:
                        yield from terms
                        break


_NUMBERED = re.compile(r"_\{?\s*\d")


def _term(node: s.Node, of: str, text: str) -> Term | None:
    if not isinstance(node, s.Product):
        return None
    factors = [x for x in node.factors if isinstance(x, s.Scripted)]
    if len(factors) != 2 or len(node.factors) != 2:
        return None
    weight, signal = factors
    numbers, own = _numbers(weight, text), _number(signal)
    if numbers is None:
        weight, signal = signal, weight
        numbers, own = _numbers(weight, text), _number(signal)
    if numbers is None or own is None:
        return None
    first, second, places = numbers
    raised = s.spell(signal.sup) if signal.sup is not None else ""
    return Term(of, first, second, own[0], (*places, own[1]), (node.start, node.end), raised)


def _number(node: s.Node) -> tuple[str, tuple[int, int]] | None:
    """The number of x_1, z_1^{(2)} or net_{h1}, and where it stands."""
    match node:
        case s.Scripted(sub=s.Number() as sub, primes=0) if sub.text.isdecimal():
            return sub.text, (sub.start, sub.end)
    return None


def _numbers(node: s.Scripted, text: str) -> tuple[str, str, tuple[Place, Place]] | None:
    """The two numbers of w_{12} or w_{1,2}^{(1)}, and where they stand."""
    if not (isinstance(node.base, s.Name) and node.base.text in WEIGHTS) or node.primes:
        return None
    match node.sub:
        case s.Number(start=at) if re.fullmatch(r"\d\d", text[at : node.sub.end]):
            return text[at], text[at + 1], ((at, at + 1), (at + 1, at + 2))
        case (
            s.Listed(items=(s.Number() as one, s.Number() as other))
            | s.Product(factors=(s.Number() as one, s.Number() as other))
        ):
            return one.text, other.text, ((one.start, one.end), (other.start, other.end))
    return None
