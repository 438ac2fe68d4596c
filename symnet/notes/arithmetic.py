r"""Numbers of an example: whether they come out, as far as they are printed.

A decimal number stands for all that is printed like it, rounded or cut; so both sides of
σ(0.38) = 0.59 are ranges. Where two ranges have nothing in common no digits that were left out can
make the sides equal.

>>> from symnet.paper.formula.reader import read
>>> text = r"h = \tanh(-0.15) \approx -0.1583"
>>> found = verdict(text, read(text).statements[0])
>>> found.reason, found.suggestion
('the left side is -0.1489', 'h = \\tanh(-0.15) \\approx -0.1489')
>>> text = r"h = \tanh(-0.15) \approx -0.149"
>>> verdict(text, read(text).statements[0]) is None
True
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from mpmath import iv

from symnet.errors import SymnetError
from symnet.notes.statements import Statement
from symnet.paper.claims.verdicts import REFUTED, Verdict
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.signs.scripts import is_transpose

EQUAL = frozenset({"=", r"\approx", r"\simeq", r"\cong", r"\sim", ":="})
TIMES = frozenset({"", r"\cdot", r"\times", "*"})
LOGISTIC = frozenset({"sigmoid", "logistic", r"\sigmoid"})
LARGEST = 1000  # of a number that is raised to a power, or is one
DIGITS = 4  # of what is said to be right, where nothing says how many

Interval = Any  # of mpmath, which has no types
Table = tuple[tuple[Interval, ...], ...]


@dataclass(frozen=True, slots=True)
class _Reader:
    """What a formula is in numbers; None where it is not, or not certainly."""

    logistic: Collection[str]
    base: int = 0  # of log: 0 is e
    exact: bool = False  # whether numbers are as they are printed
    cut: bool = False  # whether they may have been cut, however few digits they have

    def __call__(self, node: s.Node) -> Table | None:
        match node:
            case s.Number(text=text):
                return _number(text, self.exact, self.cut)
            case s.Bracketed(open="(" | "[" | r"\{" | "{", body=s.Listed(items=items)):
                row = [self._one(x) for x in items]
                return None if None in row else (tuple(row),)
            case s.Bracketed(open="(" | "[" | r"\{" | "{", body=body):
                return self(body)
            case s.Array(rows=rows):
                found = [tuple(self._one(x) for x in row) for row in rows]
                whole = not any(None in row or len(row) != len(found[0]) for row in found)
                return tuple(found) if whole else None
            case s.Fraction(above=above, below=below):
                return self._divided(self(above), self._one(below))
            case s.Root(body=body, degree=None):
                inside = self._one(body)
                return None if inside is None or inside.a < 0 else ((iv.sqrt(inside),),)
            case s.Scripted(sub=None, sup=sup, primes=0) if sup is not None:
                return self._raised(node.base, sup)
            case s.Additive(terms=terms, signs=signs):
                return self._added(terms, signs)
            case s.Product(factors=factors, operators=operators):
                return self._multiplied(list(factors), list(operators))
        return None

    def _one(self, node: s.Node) -> Interval | None:
        found = self(node)
        return found[0][0] if found is not None and len(found) == len(found[0]) == 1 else None

    def _divided(self, above: Table | None, below: Interval | None) -> Table | None:
        if above is None or below is None or 0 in below:
            return None
        return _each(lambda x: x / below, above)

    def _raised(self, base: s.Node, sup: s.Node) -> Table | None:
        if is_transpose(sup):
            found = self(base)
            return None if found is None else tuple(zip(*found, strict=True))
        power = self._one(sup)
        if power is None or max(abs(power.a), abs(power.b)) > LARGEST:
            return None
        if isinstance(base, s.Name) and base.text == "e":
            return ((iv.exp(power),),)
        inside = self._one(base)
        if inside is None or max(abs(inside.a), abs(inside.b)) > LARGEST:
            return None
        whole = int(power.a) if power.a == power.b and power.a == int(power.a) else None
        if whole is not None and abs(whole) <= 20 and not (whole < 0 and 0 in inside):
            return ((inside**whole,),)
        return ((iv.exp(power * iv.log(inside)),),) if inside.a > 0 else None

    def _added(self, terms: Sequence[s.Node], signs: Sequence[str]) -> Table | None:
        total: Table | None = None
        for term, sign in zip(terms, signs, strict=True):
            found = self(term)
            if found is None or sign not in ("+", "-"):
                return None
            signed = _each(lambda x: -x, found) if sign == "-" else found
            total = signed if total is None else _both(lambda x, y: x + y, total, signed)
            if total is None:
                return None
        return total

    def _multiplied(self, factors: list[s.Node], operators: list[str]) -> Table | None:
        product: Table | None = None
        at = 0
        while at < len(factors):
            operator = operators[at] if at else ""
            found, used = self._applied(factors[at:])
            bare = isinstance(factors[at], s.Number) and at > 0 and not operator
            if found is None or bare:  # 2 3 is no product that anybody would write
                return None
            if product is None:
                product = found
            elif operator in (r"\odot", r"\circ"):
                product = _both(lambda x, y: x * y, product, found)
            elif operator in TIMES:
                product = _times(product, found)
            elif operator in ("/", r"\div"):
                product = self._divided(product, found[0][0]) if _is_one(found) else None
            else:
                return None
            if product is None:
                return None
            at += used
        return product

    def _applied(self, factors: Sequence[s.Node]) -> tuple[Table | None, int]:
        """A function of what stands behind it, or a factor; and how many factors that takes."""
        first = factors[0]
        name = _name(first)
        if name is None:
            return self(first), 1
        if len(factors) < 2:
            return None, 1
        if name == "max" and isinstance(factors[1], s.Bracketed):
            found = self(factors[1])
            if found is None or len(found) != 1:
                return None, 2
            row = found[0]
            return ((iv.mpf([max(x.a for x in row), max(x.b for x in row)]),),), 2
        found = self(factors[1])
        if found is None or not (isinstance(factors[1], s.Bracketed) or len(factors) == 2):
            return None, 2
        return self._function(name, found), 2

    def _function(self, name: str, given: Table) -> Table | None:
        if name in self.logistic:
            return _each(lambda x: 1 / (1 + iv.exp(-x)), given)
        match name:
            case "exp":
                return _each(iv.exp, given)
            case "tanh":
                return _each(lambda x: 1 - 2 / (1 + iv.exp(2 * x)), given)
            case "relu":
                return _each(lambda x: iv.mpf([max(x.a, 0), max(x.b, 0)]), given)
            case "softmax":
                powers = _each(iv.exp, given)
                total = sum(x for row in powers for x in row)
                return _each(lambda x: x / total, powers)
            case "log" | "ln" if all(x.a > 0 for row in given for x in row):
                scale = iv.log(self.base) if self.base and name == "log" else iv.mpf(1)
                return _each(lambda x: iv.log(x) / scale, given)
        return None


def verdict(text: str, node: s.Node, logistic: Collection[str] = LOGISTIC) -> Verdict | None:
    """What does not come out in a chain of equations; None if all does, or nothing is said."""
    match node:
        case s.Chain(sides=sides, relations=relations) if set(relations) <= EQUAL:
            pass
        case _:
            return None
    if not any(isinstance(x, s.Number) and "." in x.text for x in s.walk(node)):
        return None
    if any(isinstance(x, s.Text) and not _is_function(x) for x in s.walk(node)):
        return None  # units
    readers = [_Reader({*LOGISTIC, *logistic}, base) for base in (0, 10, 2)]
    values = [(side, [replace(x, cut=_is_result(side))(side) for x in readers]) for side in sides]
    numeric = [(side, found) for side, found in values if found[0] is not None]
    for (left, one), (right, other) in pairwise(numeric):
        if _is_result(left) and _is_result(right):
            continue  # 1500 = 1.5, in other units
        if all(map(_apart, one, other)):
            return _verdict(text, replace(readers[0], exact=True)(left), right)
    return None


def _is_result(side: s.Node) -> bool:
    """Whether nothing is left to be computed: 0.66, or a row of such numbers."""
    plain = s.Number | s.Bracketed | s.Listed | s.Array
    return all(
        isinstance(x, plain) or (isinstance(x, s.Additive) and len(x.terms) == 1)
        for x in s.walk(side)
    )


def _verdict(text: str, left: Table | None, right: s.Node) -> Verdict:
    assert left is not None
    printed = text[right.start : right.end]
    decimals = [len(x) for x in re.findall(r"\d\.(\d+)", printed)]
    digits = max(decimals, default=DIGITS)
    rounded = [[f"{float(x.mid):.{digits}f}" for x in row] for row in left]
    shown = rounded[0][0] if _is_one(left) else str(rounded).replace("'", "")
    number = re.fullmatch(r"\s*-?\s*\d*\.?\d+\s*", printed)
    mended = None
    if number and _is_one(left):
        mended = f"{text[: right.start]}{shown}{text[right.end :]}"
    return Verdict(REFUTED, f"the left side is {shown}", "number", (right.start, right.end), mended)


def told(
    statements: Iterable[Statement], logistic: Collection[str]
) -> Mapping[tuple[str, int], Verdict]:
    """What does not come out in a document, by its places; `logistic` are its names of σ."""
    found = {}
    for each in statements:
        if each.node is None or not re.search(r"\d\.\d", each.printed):
            continue
        try:
            display = read(each.printed)
        except SymnetError:  # a row that is no formula by itself
            continue
        if any(isinstance(x, s.Text) for x in display.statements):
            continue  # units, or a condition
        for chain in display.statements:
            wrong = verdict(each.printed, chain, logistic)
            if wrong is not None:
                found[each.place] = wrong
                break
    return found


def _number(text: str, exact: bool, cut: bool) -> Table | None:
    """The range of what is printed like a number."""
    if not re.fullmatch(r"\d+(\.\d+)?|\.\d+", text):
        return None
    decimals = len(text.partition(".")[2])
    if exact or not decimals:
        return ((iv.mpf(text),),)
    # 0.5 is rounded, if it is not exact; what has more digits may have been cut.
    slack = iv.mpf(f"1e-{decimals}" if decimals > 2 or cut else f"5e-{decimals + 1}")
    return ((iv.mpf(text) + slack * iv.mpf([-1, 1]),),)


def _name(node: s.Node) -> str | None:
    if isinstance(node, s.Text):
        return node.words.strip().lower()
    if isinstance(node, s.Name):
        return node.text if node.text == r"\sigma" else node.text.lstrip("\\").lower()
    return None


def _is_function(node: s.Text) -> bool:
    return node.words.strip().lower() in {"max", "exp", "tanh", "relu", "softmax", "log", *LOGISTIC}


def _is_one(found: Table) -> bool:
    return len(found) == len(found[0]) == 1


def _each(function: Any, found: Table) -> Table:
    return tuple(tuple(function(x) for x in row) for row in found)


def _both(function: Any, one: Table, other: Table) -> Table | None:
    if (len(one), len(one[0])) != (len(other), len(other[0])):
        return None
    return tuple(
        tuple(function(x, y) for x, y in zip(*rows, strict=True))
        for rows in zip(one, other, strict=True)
    )


def _times(one: Table, other: Table) -> Table | None:
    """The product of numbers or of matrices; a product of two rows is none."""
    if _is_one(one) or _is_one(other):
        factor, table = (one[0][0], other) if _is_one(one) else (other[0][0], one)
        return _each(lambda x: factor * x, table)
    if len(one[0]) != len(other):
        return None
    columns = tuple(zip(*other, strict=True))
    return tuple(
        tuple(
            sum((x * y for x, y in zip(row, column, strict=True)), iv.mpf(0)) for column in columns
        )
        for row in one
    )


def _apart(one: Table | None, other: Table | None) -> bool:
    """Whether two tables of ranges have nothing in common."""
    if one is None or other is None:
        return False
    same = (len(one), len(one[0])) == (len(other), len(other[0]))
    if not same:
        return False
    pairs = [(x, y) for rows in zip(one, other, strict=True) for x, y in zip(*rows, strict=True)]
    return any(x.b < y.a or y.b < x.a for x, y in pairs)
