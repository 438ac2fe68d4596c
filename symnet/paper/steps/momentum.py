r"""Momentum as books of units print it: Δw_{ji}(n) = α Δw_{ji}(n-1) + η δ_j(n) y_i(n).

The change of a weight is w(n+1) - w(n), and a product of error and activation is the slope of the
cost by the weight, up to its sign, which the book says by its δ. What is left is about one
parameter and its gradient, and is judged as any other method that goes step by step.

>>> from symnet.paper.books.convention_files import convention
>>> from symnet.paper.formula.reader import read
>>> text = r"\Delta w_{ji}(n) = \alpha \Delta w_{ji}(n-1) + \eta \delta_j(n) y_i(n)"
>>> print(s.spell(as_steps(read(text), convention("haykin"))))
({w_{{t + 1}} - w_{t}}) = {{\alpha ({w_{t} - w_{{t - 1}}})} + {\eta ({- g_{t}})}}
"""

from collections.abc import Mapping, Sequence
from typing import Any

from symnet.paper.books.convention_files import Convention
from symnet.paper.formula import syntax as s
from symnet.paper.signs.misfits import Unclear
from symnet.paper.signs.scripts import digits_of, mapped, subscripts

STEP = "t"  # counts steps in what is made
DECLARED = {"g_t": "gradient at step t"}


def as_steps(display: s.Display, book: Convention) -> s.Display | None:
    """A display about one parameter and its gradient; None if it is of another kind."""
    weights, errors = _letters(book, "w"), _letters(book, r"\delta")
    outputs, costs = _letters(book, "a"), _letters(book, "C")
    if not book.units or not book.iterations or not weights or not errors:
        return None
    if any(isinstance(x, s.Big) for x in s.walk(display)):
        return None  # from which step a sum begins to count, books do not agree
    changer = _Changer(book, weights, errors, outputs, costs)
    try:
        made = changer.node(display)
    except Unclear:
        return None
    assert isinstance(made, s.Display)
    return made if changer.changes else None


def _letters(book: Convention, meant: str) -> Mapping[str, int]:
    """The letters of a book for a quantity, with their sign."""
    found = {}
    for each in book.translation.rules:
        body, sign = each.meaning, 1
        if isinstance(body, s.Additive) and body.signs == ("-",):
            body, sign = body.terms[0], -1
        base = body.base if isinstance(body, s.Scripted) else body
        if isinstance(base, s.Name) and base.text == meant:
            found[each.base.split(":")[-1]] = sign
    return found


class _Changer:
    def __init__(
        self,
        book: Convention,
        weights: Mapping[str, int],
        errors: Mapping[str, int],
        outputs: Mapping[str, int],
        costs: Mapping[str, int],
    ) -> None:
        self.book = book
        self.weights, self.errors, self.outputs, self.costs = weights, errors, outputs, costs
        self.changes = 0  # changes of weights, and weights of earlier steps
        self.entry = ""  # the subscripts of the weight

    def node(self, node: s.Node) -> s.Node:
        match node:
            case s.Product():
                return self._product(node)
            case s.Fraction(above=s.Product(factors=above), below=s.Product(factors=below)):
                found = self._slope([*above, *below], len(above), node)
                if found is not None:
                    return found
        return mapped(node, self.node)

    def _product(self, node: s.Product) -> s.Node:
        factors, operators = list(node.factors), list(node.operators)
        made: list[tuple[s.Node, str]] = []
        at = 0
        while at < len(factors):
            found, used = self._at(factors, operators, at, node)
            made.append((found, operators[at]))
            at += used
        if len(made) == 1:
            return made[0][0]
        place: dict[str, Any] = {"start": node.start, "end": node.end}
        return s.Product(tuple(x for x, _ in made), tuple(x for _, x in made), **place)

    def _at(
        self, factors: Sequence[s.Node], operators: Sequence[str], at: int, node: s.Node
    ) -> tuple[s.Node, int]:
        """What begins at a factor, and how many factors it has."""
        rest = factors[at:]
        if _is(rest[0], r"\Delta") and len(rest) > 1 and self._is(rest[1], self.weights):
            shift = self._shift(rest[2]) if len(rest) > 2 else None
            if shift is None:
                raise Unclear("a change without its step", node)
            self._is_entry(rest[1])
            self.changes += 1
            both = (_member("w", shift + 1, node), _member("w", shift, node))
            return _bracketed(s.Additive(both, ("+", "-"), **_place(node)), node), 3
        if _is(rest[0], r"\partial"):
            slash = next((k for k, x in enumerate(operators[at:]) if x == "/"), None)
            if slash is not None:
                for end in (len(rest), slash + 3, slash + 2):
                    found = self._slope(rest[:end], slash, node) if end <= len(rest) else None
                    if found is not None:
                        return found, end
        if len(rest) > 1 and self._is(rest[0], self.weights):
            shift = self._shift(rest[1])
            if shift is not None:
                self._is_entry(rest[0])
                self.changes += shift < 0
                return _member("w", shift, node), 2
        if len(rest) > 3:
            shift, other = self._shift(rest[1]), self._shift(rest[3])
            for error, output in ((rest[0], rest[2]), (rest[2], rest[0])):
                if shift is not None and shift == other and self._feeds(output, error):
                    sign = self.errors[_base(error)]
                    gradient = _member("g", shift, node)
                    if sign > 0:
                        return gradient, 4
                    return _bracketed(s.Additive((gradient,), ("-",), **_place(node)), node), 4
        return mapped(factors[at], self.node), 1

    def _slope(self, parts: Sequence[s.Node], above: int, node: s.Node) -> s.Node | None:
        """∂E/∂w(t), ∂E(n)/∂w_{ji}(n)."""
        upper, lower = list(parts[:above]), list(parts[above:])
        if not (
            len(upper) in (2, 3)
            and len(lower) == 3
            and _is(upper[0], r"\partial")
            and _is(lower[0], r"\partial")
            and self._is(upper[1], self.costs)
            and self._is(lower[1], self.weights)
        ):
            return None
        shift = self._shift(lower[2])
        if shift is None or (len(upper) == 3 and self._shift(upper[2]) != shift):
            return None
        self._is_entry(lower[1])
        return _member("g", shift, node)

    def _shift(self, node: s.Node) -> int | None:
        """1 of (n+1)."""
        match node:
            case s.Bracketed(open="(", body=s.Name(text=text)) if text in self.book.iterations:
                return 0
            case s.Bracketed(
                open="(", body=s.Additive(terms=(s.Name(text=text), number), signs=("+", sign))
            ) if text in self.book.iterations and (digits := digits_of(number)):
                return int(digits) if sign == "+" else -int(digits)
        return None

    def _is(self, node: s.Node, letters: Mapping[str, int]) -> bool:
        if isinstance(node, s.Scripted) and (node.sup is not None or node.primes):
            return False
        return _base(node) in letters

    def _is_entry(self, node: s.Node) -> None:
        """Raises Unclear where weights with other subscripts stand beside this one."""
        entry = s.spell(node)
        if self.entry and entry != self.entry:
            raise Unclear("several weights", node)
        self.entry = entry

    def _feeds(self, output: s.Node, error: s.Node) -> bool:
        """Whether error and activation are those at the ends of the weight."""
        if not (self._is(error, self.errors) and self._is(output, self.outputs)):
            return False
        ends = [x.sub for x in (error, output) if isinstance(x, s.Scripted)]
        letters = [(subscripts(x) or []) if x is not None else [] for x in ends]
        if [len(x) for x in letters] != [1, 1]:
            return False
        one, other = letters[0][0].text, letters[1][0].text
        for each in self.book.translation.rules:
            # w_{ji} of the book as w_{ji}^j: which end comes first.
            if each.base in self.weights and not each.before and isinstance(each.key, s.Scripted):
                key = subscripts(each.key.sub) if each.key.sub is not None else None
                body = each.meaning
                meant = subscripts(body.sub) if isinstance(body, s.Scripted) and body.sub else None
                if key and meant and len(key) == len(meant) == 2:
                    to_first = key[0].text == meant[0].text
                    wanted = (one, other) if to_first else (other, one)
                    name = f"{each.base}_{{{{{wanted[0]} {wanted[1]}}}}}"
                    self._same_entry(name, error)
                    return True
        return False

    def _same_entry(self, entry: str, node: s.Node) -> None:
        if self.entry and entry != self.entry:
            raise Unclear("several weights", node)
        self.entry = entry


def _base(node: s.Node) -> str:
    base = node.base if isinstance(node, s.Scripted) else node
    return base.text if isinstance(base, s.Name) else ""


def _is(node: s.Node, text: str) -> bool:
    return isinstance(node, s.Name) and node.text == text


def _place(node: s.Node) -> dict[str, Any]:
    return {"start": node.start, "end": node.end}


def _bracketed(node: s.Node, at: s.Node) -> s.Node:
    return s.Bracketed("(", node, ")", **_place(at))


def _member(letter: str, shift: int, at: s.Node) -> s.Node:
    """w_{t+1}."""
    place = _place(at)
    step: s.Node = s.Name(STEP, **place)
    if shift:
        number = s.Number(str(abs(shift)), **place)
        step = s.Additive((step, number), ("+", "+" if shift > 0 else "-"), **place)
    return s.Scripted(s.Name(letter, **place), step, None, **place)
