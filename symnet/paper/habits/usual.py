r"""What notes leave unsaid: J is the cost, L any layer, ∂C/∂b = δ is about one neuron.

Each habit is read off the formula and what the page declares, before the formula is translated, and
is an assumption of the verdict. A letter that the page or its book has a meaning for keeps it.

>>> from symnet.paper.books.convention_files import convention
>>> from symnet.paper.formula.reader import read
>>> display = read(r"\frac{\partial \mathcal{L}}{\partial b} = \delta")
>>> page = {"definitions": {"z^l": "w^l a^{l-1} + b^l"}}
>>> found = usual(display, convention("nielsen"), page)
>>> s.spell(found.display)
'frac({\\partial C}; {\\partial b_{j}^{l}}) = \\delta_{j}^{l}'
>>> found.assumptions[0]
'\\mathcal{L}: the cost'
"""

from collections.abc import Mapping
from typing import Any

from symnet.paper.books.convention_files import Convention
from symnet.paper.formula import syntax as s
from symnet.paper.habits.branches import branches_of_functions
from symnet.paper.habits.letters import (
    any_layer,
    costs,
    layers_of_functions,
    one_case,
    one_sample,
    word_for_cost,
)
from symnet.paper.habits.neurons import descent, one_neuron, rate, results
from symnet.paper.habits.notes import Usual
from symnet.paper.habits.typed import blanks, left_scripts, units

HABITS = (
    blanks, left_scripts, units, one_case, word_for_cost, any_layer, costs, layers_of_functions,
    one_sample, one_neuron, results, descent, rate, branches_of_functions,
)  # fmt: skip


def is_of_notes(book: Convention, context: Mapping[str, Any]) -> bool:
    """Whether a formula stands on a page with definitions of its own; else nothing is habit."""
    return not book.name or "definitions" in context


def usual(display: s.Display, book: Convention, context: Mapping[str, Any]) -> Usual:
    """A display with what its page leaves to habit."""
    found = Usual(display, context)
    if not is_of_notes(book, context):
        return found
    for habit in HABITS:
        found = habit(found, book)
    return found
