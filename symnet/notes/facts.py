r"""What the forward equations of a document fix, as far as words can be held against it.

>>> from symnet.notes.declared import Declared
>>> found = facts_of(Declared(forward={"z_i^{l+1}": r"\sum_j w_{ij}^l a_j^l + b_i^l"}))
>>> found.target_first, found.weight_layer, found.first_weight_layer
(True, 'from', 1)
"""

from symnet.notes.contradictions import Facts
from symnet.notes.declared import Declared
from symnet.paper.books import inferred

# What the matrix form of a book says of its weights: where the layer of w^l stands, and the first.
BOOKS = {
    "nielsen": ("to", 2), "input-by-output": ("to", 2), "ng": ("to", 1), "ufldl": ("from", 1),
    "coursera-ml": ("from", 1),
}  # fmt: skip


def first_of(known: Declared, book: str) -> int:
    """The number of the layer of inputs, as the document has it or else its book."""
    if known.first is not None:
        return known.first
    return 0 if book == "ng" else 1


def facts_of(known: Declared, book: str = "") -> Facts:
    """What is known of the weights, where the equations say it: None where they leave it open."""
    target_first: bool | None = None
    layer, first = BOOKS.get(book, (None, None)) if known.forward else (None, None)
    letters: list[str] = []
    for key, said in known.forward.items():
        found = inferred.forward(key, said)
        if found is None or found.weight is None or found.before is None:
            continue
        letters.append(found.weight.base)
        weight, given, before = found.weight, found.given, found.before
        if len(weight.letters) == 2 and len(given.letters) == 1 == len(before.letters):
            if weight.letters == (given.letters[0], before.letters[0]):
                target_first = True
            elif weight.letters == (before.letters[0], given.letters[0]):
                target_first = False
        if (
            weight.layer is not None
            and given.layer is not None
            and weight.layer.name == given.layer.name == "l"
        ):
            raised = given.layer.offset - weight.layer.offset
            layer = {0: "to", 1: "from"}.get(raised)
            first = {"from": 1}.get(layer or "", first)
    widths = known.widths if book in ("nielsen", "input-by-output") else ()
    return Facts(
        target_first, layer, first, widths, first_of(known, book),
        len(widths) if widths else None, tuple(dict.fromkeys(letters)) or ("w", "W"),
    )  # fmt: skip
