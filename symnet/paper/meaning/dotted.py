r"""Products, sums and matrices of which only the ends are printed.

What the dots stand for is said by `signs/repetition.py`; here it gets its meaning, as a product
over layers, as a sum, or as the general entry of a matrix.
"""

from collections.abc import Sequence
from typing import Any

from symnet.paper.formula import syntax as s
from symnet.paper.meaning.arrays import Array, Value
from symnet.paper.meaning.batches import Batches
from symnet.paper.signs.misfits import Misfit, Missing, Unclear
from symnet.paper.signs.repetition import (
    before_dots,
    general_cell,
    generalised,
    goes_down,
    is_diagonal,
    layers_moved,
    period,
    script_of,
)
from symnet.paper.signs.scripts import with_split_digits
from symnet.term import Index, LayerNumber, mul, number, rename


class Dotted(Batches):
    """What is printed with dots."""

    __slots__ = ()

    def _dotted_product(
        self, factors: list[s.Node], operators: list[str]
    ) -> tuple[list[s.Node], list[str]]:
        """A(l) B(l+1) … A(L-1) B(L) x: the factors between are those of the layers between."""
        places = [at for at, factor in enumerate(factors) if isinstance(factor, s.Dots)]
        if not places:
            return factors, operators
        (dots,) = places if len(places) == 1 else (None,)
        if dots is None:
            raise Unclear("only one row of dots is understood", factors[places[1]])
        found = period(factors[:dots], factors[dots + 1 :])
        if found is not None:
            start, length, stop, first, last = found
            # What is printed of later periods before the dots is part of the product.
            head, pattern = factors[:start], factors[start : start + length]
            tail = factors[dots + 1 + stop :]
            return self._closed(head, tail, pattern, first, last, operators)
        raise Unclear("what do the dots stand for?", factors[dots])

    def _closed(
        self,
        head: list[s.Node],
        tail: list[s.Node],
        pattern: list[s.Node],
        first: LayerNumber,
        last: LayerNumber,
        operators: list[str],
    ) -> tuple[list[s.Node], list[str]]:
        """P(l) … P(L-1) as a product over the layers from l to L-1."""
        place: dict[str, Any] = {"start": pattern[0].start, "end": pattern[-1].end}
        letter = s.Name("ι", **place)
        sub = s.Chain((letter, script_of(first, place)), ("=",), **place)
        big = s.Big("prod", sub, script_of(last, place), **place)
        general = [layers_moved(x, first, LayerNumber("ι")) for x in pattern]
        between = operators[len(head) + 1 : len(head) + len(pattern)]
        inner = s.Product((big, *general), ("", "", *between), **place)
        start, stop = self.layers.number(first), self.layers.number(last)
        behind = (start.offset - stop.offset) * (-1 if goes_down(first, last) else 1)
        if start.name == stop.name and behind > 1:
            raise Missing("the dots run backwards", pattern[0], "wrong-range")
        closed = s.Bracketed("(", inner, ")", **place)
        kept = [*operators[: len(head)], operators[len(head)] if head else ""]
        kept += operators[len(operators) - len(tail) :] if tail else []
        return [*head, closed, *tail], kept

    def _dotted_sum(self, terms: Sequence[s.Node], signs: Sequence[str]) -> Value | None:
        """x_1 + x_2 + … + x_n: the sum over the index that runs from 1 to n."""
        places = [at for at, term in enumerate(terms) if isinstance(term, s.Dots)]
        if not places:
            return None
        if len(places) > 1 or places[0] == 0 or places[0] == len(terms) - 1:
            raise Unclear("what do these dots stand for?", terms[places[0]])
        at = places[0]
        last = terms[at + 1]
        first_at = at - 1
        while first_at >= 0:
            letter = generalised(terms[first_at], last)
            if letter is None:
                break
            first_at -= 1
        first_at += 1
        if first_at == at:
            raise Unclear("what do these dots stand for?", terms[at])
        first = terms[first_at]
        whole = generalised(first, last)
        assert whole is not None
        general, low = whole
        if low != 1:
            raise Unclear("these dots do not begin at 1", first)
        if any(signs[i] != signs[first_at] for i in (*range(first_at, at), at + 1)):
            raise Unclear("the signs differ around these dots", terms[at])
        self.value(last)  # what the last one says has to fit
        big = s.Big(
            "sum", s.Name("ι", start=first.start, end=first.end), None,
            start=first.start, end=last.end,
        )  # fmt: skip
        total = self._big(big, general)
        if signs[first_at] == "-":
            total = self.arrays.map(total, lambda x: mul(number(-1), x))
        for i in (*range(first_at), *range(at + 2, len(terms))):
            value = self.value(terms[i])
            if signs[i] == "-":
                value = self.arrays.map(value, lambda x: mul(number(-1), x))
            total = self.arrays.add(total, value)
        return total

    def _dotted_table(self, node: s.Node, rows: Sequence[Sequence[s.Node]]) -> Value:
        """A matrix with dots: its first and last entries say the general one, the last the size."""
        if len({len(row) for row in rows}) != 1:
            raise Misfit("the rows of this matrix are not of one length", node)
        grid = [[with_split_digits(cell, self.notation) for cell in row] for row in rows]
        if is_diagonal(grid):
            return self._dotted_diagonal(node, grid)
        across = [all(isinstance(x, s.Dots) for x in row) for row in grid]
        down = [all(isinstance(x, s.Dots) for x in column) for column in zip(*grid, strict=True)]
        kept = [
            [cell for cell, dots in zip(row, down, strict=True) if not dots]
            for row, dots in zip(grid, across, strict=True)
            if not dots
        ]
        if not kept or not kept[0] or any(isinstance(x, s.Dots | s.Empty) for r in kept for x in r):
            raise Unclear("the dots of this matrix are not understood", node)
        general = general_cell(kept, before_dots(across), before_dots(down))
        if general is None:
            raise Unclear("the dots of this matrix are not understood", node)
        for row in kept:
            for cell in row:
                self.number(cell)  # what is printed has to exist, the last ones too
        names = [x for x, dotted in (("ρ", any(across)), ("κ", any(down))) if dotted]
        with self._bound([(name, None, node) for name in names]) as slots:
            term = self.number(general)
        sides: list[tuple[Index, ...]] = []
        for name in ("ρ", "κ"):
            slot = next((x for x in slots if x.name == name), None)
            if slot is None:
                sides.append(())
                continue
            if slot.axis is None:
                raise Unclear("the dots of this matrix are not understood", node)
            fresh = self.arrays.fresh(slot.axis)
            term = rename(term, {Index(name, slot.axis): fresh})
            sides.append((fresh,))
        return Array(sides[0], sides[1], term)

    def _dotted_diagonal(self, node: s.Node, grid: Sequence[Sequence[s.Node]]) -> Value:
        kept = [row[at] for at, row in enumerate(grid) if not isinstance(row[at], s.Dots)]
        general = general_cell([[x] for x in kept], len(kept) - 1, None)
        if general is None:
            raise Unclear("the dots of this matrix are not understood", node)
        for cell in kept:
            self.number(cell)
        with self._bound([("ρ", None, node)]) as (slot,):
            term = self.number(general)
        if slot.axis is None:
            raise Unclear("the dots of this matrix are not understood", node)
        row = self.arrays.fresh(slot.axis)
        term = rename(term, {Index("ρ", slot.axis): row})
        return self.arrays.diagonal(Array((row,), (), term))
