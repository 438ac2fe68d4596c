"""A page of another book in Nielsen's notation, and how the book's own letters are told."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from symnet.paper.books.convention_files import Convention
from symnet.paper.books.translation import translated
from symnet.paper.books.unit_layers import Layered, with_layers
from symnet.paper.context.books import accumulates, with_accumulators, with_examples_of_costs
from symnet.paper.context.letters import names_in
from symnet.paper.context.units import (
    by_kind_of_unit,
    check_examples,
    joined,
    without_counts,
    without_sets,
)
from symnet.paper.formula import syntax as s
from symnet.paper.signs.notation import LETTERS, NIELSEN, Notation


def without_accumulators(
    display: s.Display, said: dict[Any, Any], book: Convention
) -> tuple[s.Display, dict[Any, Any], bool]:
    r"""A display without \Delta^{(l)} in which gradients are added up; whether there were such."""
    weights = letters_for("w", book)
    costs = letters_for("C", book)
    if book.samples or not weights or not costs or not accumulates(said):
        return display, said, False
    made = with_accumulators(display, weights[0], costs[0])
    if r"\Delta" in names_in(made):
        return display, said, False
    rest = {k: v for k, v in said.items() if r"\Delta" not in k}
    return made, rest, len(rest) < len(said) or s.spell(made) != s.spell(display)


def derived_letters(book: Convention) -> frozenset[str]:
    """The letters of a book whose meaning follows from the network: weights, z, a, δ."""
    found = set()
    for each in book.translation.rules:
        meant = next((x for x in s.walk(each.meaning) if isinstance(x, s.Name)), None)
        if meant is not None and meant.text in LETTERS and not each.before:
            found.add(each.base)
    return frozenset(found)


def letters_for(quantity: str, book: Convention) -> list[str]:
    """The plain letters of a book for w, for C."""
    found = []
    for each in book.translation.rules:
        meant = each.meaning.base if isinstance(each.meaning, s.Scripted) else each.meaning
        plain = isinstance(meant, s.Name) and meant.text == quantity and ":" not in each.base
        if plain and not each.before and each.base:
            found.append(each.base)
    return found


def in_nielsens(display: s.Display, book: Convention) -> s.Display:
    """A display of a book in Nielsen's notation. Raises Misfit where units have no layers."""
    return in_layers(display, book, {}).display


def in_layers(
    display: s.Display, book: Convention, said: Mapping[Any, Any], last: int | None = None
) -> Layered:
    """A display in Nielsen's notation, and the number of the last layer, where units tell it."""

    def in_letters(part: s.Display) -> s.Display:
        made = translated(part, book.translation)
        return with_examples_of_costs(made) if book.translation.rules else made

    if not book.units:
        return Layered(in_letters(display))
    own = book.translation.by_name.keys() | book.translation.functions | book.iterations
    check_examples(display, frozenset(letters_for("C", book)))
    counted = without_counts(display, {*map(str, said), *own})
    # What a page says otherwise of a set is not known here.
    full = without_sets(counted, book.sets - set(map(str, said)))
    assert isinstance(full, s.Display)
    found = [
        with_layers(in_letters(x.display), book.units, last, x.outputs)
        for x in by_kind_of_unit(full)
    ]
    if len(found) == 1:
        return found[0]
    lasts = {x.last for x in found}
    whole = joined([x.display for x in found], full)
    return Layered(whole, lasts.pop() if len(lasts) == 1 else None)


def notation_of(book: Convention) -> Notation:
    """Nielsen's notation with what else is a book's habit."""
    batch, letters = NIELSEN.batch, dict(NIELSEN.letters)
    if book.samples:
        matrices = {"A": "a", "Z": "z", r"\Delta": "δ", "y": "y"}
        counts = frozenset({book.count})
        batch = replace(
            batch, letters=book.examples, counts=counts, bounds=counts, matrices=matrices,
            total="mean", spread=True,
        )  # fmt: skip
        letters |= {k: v for k, v in matrices.items() if v != "y"}
    elif book.examples:
        counts = frozenset({book.count} - {""})
        batch = replace(
            batch, letters=book.examples, counts=counts, bounds=counts, total=book.total
        )
    return replace(
        NIELSEN,
        batch=batch,
        letters=letters,
        iterations=NIELSEN.iterations | book.iterations,
        entrywise=NIELSEN.entrywise | book.entrywise,
    )


def source_of(book: Convention, notation: Notation, display: s.Display) -> Notation:
    """How the author's own letters are told: which have layers, which are functions."""
    if not book.translation.rules and not book.translation.functions:
        return notation
    letters = {}
    for each in book.translation.rules:
        meant = next((x for x in s.walk(each.meaning) if isinstance(x, s.Name)), None)
        kind = notation.letters.get(meant.text) if meant is not None else None
        if kind is not None and not each.before:
            letters[each.base.split(":")[-1]] = kind
    functions = {**notation.functions, **dict.fromkeys(book.translation.functions, "σ")}
    return replace(notation, letters=letters, functions=functions)
