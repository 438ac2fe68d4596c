r"""What is wrong with a formula: the one edit that would make it right.

Edits are made in the author's own text, at the places that the syntax tree names; those of the
right side come first. The kind of the first edit after which the formula holds is the kind of the
error, and the edited text a suggestion. Which edits there are is a table, `EDITS`: the mistakes
that people make, the likely ones first.
"""

from collections.abc import Callable, Iterator, Sequence

from symnet.paper.claims.statements import Claim
from symnet.paper.formula import syntax as s
from symnet.paper.repair import frames, functions, scripts, symbols, terms
from symnet.paper.repair.places import Edit, Place
from symnet.paper.signs.notation import Notation
from symnet.paper.signs.scripts import layer_of

# The mistakes that people make, the likely ones first.
EDITS: Sequence[Callable[[Place], Iterator[Edit]]] = (
    scripts.ranges_moved,
    scripts.layers_moved,
    scripts.transposes,
    scripts.subscripts_swapped,
    symbols.units_swapped,
    symbols.axes_exchanged,
    symbols.identities,
    symbols.binders_renamed,
    symbols.differentials_replaced,
    scripts.letters_exchanged,
    symbols.swapped_on_both_sides,
    scripts.everywhere,
    functions.primes,
    functions.arguments,
    terms.signs,
    symbols.numbers_changed,
    symbols.scalars_multiplied,
    terms.factors_changed,
    terms.sums_regrouped,
    functions.slopes_added,
    terms.products_changed,
    symbols.factors_exchanged,
    symbols.layers_exchanged,
    symbols.squares,
    symbols.letters_replaced,
    symbols.derived_appended,
    terms.sums_for_products,
    scripts.places_exchanged,
    terms.terms_added,
    functions.slopes_for_values,
    terms.summands_added,
    terms.updates,
    functions.functions_changed,
    functions.slopes_moved,
    functions.slopes_inserted,
    terms.factors_dropped,
    functions.plain_variables,
    frames.undeclared,
    frames.layers_given,
    frames.weights_for_sums,
    frames.subscripts_given,
    terms.tails_dropped,
)


# Of the left side, which says what the formula is about, only slips.
EDITS_OF_THE_LEFT = (
    scripts.layers_moved,
    functions.arguments,
    scripts.subscripts_swapped,
    scripts.transposes,
    symbols.units_swapped,
)


def edits(text: str, claim: Claim, notation: Notation) -> Iterator[Edit]:
    """All edits of a claim, the likely ones first, none twice; the left side comes last."""
    if claim.right is None:
        return
    seen = {text}
    right, left = (claim.right, claim.left), (claim.left, claim.right)
    for (node, kept), table in ((right, EDITS), (left, EDITS_OF_THE_LEFT)):
        place = Place(text, node, kept, notation)
        for kind in table:
            for edit in kind(place):
                changed = edit.applied(text)
                if changed not in seen:
                    seen.add(changed)
                    yield edit


def is_overloaded(claim: Claim, notation: Notation) -> bool:
    """W^{l+1} = W^l - …: the number of the layer is used as the number of a step."""
    match claim.left, claim.right:
        case (
            s.Scripted(base=s.Name(text=name), sup=after),
            s.Additive(terms=(s.Scripted(base=s.Name(text=other), sup=before), *_)),
        ) if name == other and notation.letters.get(name) in ("w", "b") and after and before:
            one, two = layer_of(after), layer_of(before)
            return one is not None and two is not None and one == two.shift(1)
    return False
