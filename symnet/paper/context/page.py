"""What a claim is about: the notation of its page, its network, the widths to try it at.

A context's fields are those of interface section 5. What cannot be read becomes an assumption;
where that could change whether a formula holds, `unread` says so, and nothing is said of it.
"""

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

from symnet.calculus.counterexample import Setting
from symnet.errors import SymnetError
from symnet.paper.books.convention_files import Convention, convention
from symnet.paper.context.book_words import heads_of, in_words
from symnet.paper.context.books import put_in
from symnet.paper.context.declarations import Declarations, is_prose, names_of, with_declarations
from symnet.paper.context.functions import (
    said_by_statements,
    setting_of,
    with_logistic,
    with_output,
)
from symnet.paper.context.in_nielsens import (
    derived_letters,
    in_layers,
    in_nielsens,
    letters_for,
    notation_of,
    source_of,
    without_accumulators,
)
from symnet.paper.context.layerless import plain
from symnet.paper.context.letters import (
    at_output,
    has_free_units,
    is_numbered,
    names_in,
    with_aliases,
    with_changes,
    with_decorations,
    with_rate,
)
from symnet.paper.context.outputs import target
from symnet.paper.context.samples import (
    Found,
    for_display,
    is_assumed,
    is_of_all,
    read_batch,
    with_usual_penalty,
)
from symnet.paper.context.units import with_abbreviations
from symnet.paper.context.vectors import (
    is_of_vectors,
    says_vectors,
    with_losses,
    with_vectors,
    without_network,
)
from symnet.paper.context.widths import OF_ONE_NEURON, depth_of, last_layer, of_depth, widths_of
from symnet.paper.formula import syntax as s
from symnet.paper.habits.usual import usual
from symnet.paper.signs.examples import with_examples
from symnet.paper.signs.notation import LETTERS, NIELSEN, Notation

KNOWN = {
    "activation", "output_activation", "cost", "widths", "declared", "definitions", "rule",
    "depth", "layout", "per_layer_activation", "bias", "target", "shapes", "local",
    "layers",
}  # fmt: skip
STANDARD = {
    "z^l": ("w^la^l-1+b^l", "w^l*a^l-1+b^l", "w^l.a^l-1+b^l"),
    "a^l": ("sigmaz^l", "sigmaw^la^l-1+b^l"),
    "delta^l": ("dc/dz^l",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """The notation, the network, the widths to try; `general` if widths are arbitrary.

    `display` is the claim in Nielsen's notation, `source` how the author's own letters are told.
    """

    display: s.Display
    source: Notation
    notation: Notation
    setting: Setting
    widths: tuple[tuple[int, ...], ...]
    general: bool
    equal: bool
    seeds: int
    assumptions: tuple[str, ...] = ()
    unread: str = ""
    base: Notation | None = None  # before it was known whether quantities have layers
    for_all: bool = True  # whether what is proved holds whatever the unread was
    updates: bool = False
    every_unit: bool = False  # what is said of a unit is said of those of every layer


@dataclass(frozen=True, slots=True)
class _Draft:
    """A page as far as it is read: what is known, what was assumed, what was not read."""

    book: Convention
    context: Mapping[str, Any]
    printed: s.Display
    display: s.Display
    notation: Notation
    setting: Setting
    several: Found
    summed: bool  # whether gradients are added up, in a letter of their own
    penalised: bool
    last: int | None  # the number of the last layer, where units tell it
    assumptions: tuple[str, ...]
    unread: tuple[str, ...]
    base: Notation | None = None

    def assuming(self, *said: str) -> "_Draft":
        return replace(self, assumptions=(*self.assumptions, *said))

    def not_reading(self, *what: str) -> "_Draft":
        return replace(self, unread=(*self.unread, *what))


def page(
    book: Convention,
    context: Mapping[str, Any],
    display: s.Display,
    agreed: Set[str] = frozenset(),
) -> Page:
    """What a claim is about. Raises SymnetError for a context that cannot be read.

    `agreed` are the keys of what is declared as the convention has it anyway.
    """
    draft = _begun(book, context, display, agreed)
    for stage in STAGES:
        draft = stage(draft)
    return _finished(draft)


def _begun(
    book: Convention, context: Mapping[str, Any], display: s.Display, agreed: Set[str]
) -> _Draft:
    """A display in Nielsen's notation, with what its page declares of the letters."""
    habits = usual(display, book, context)
    printed, context = habits.display, habits.context
    book = with_logistic(book, context)
    said = with_losses(_said_in(context))
    own = {str(k): str(v) for k, v in said.items() if k not in agreed}
    if says_vectors(own, printed, NIELSEN):
        book = convention("nielsen")  # its letters are its own
    declared = {k: v for k, v in said.items() if not _is_standard(str(k), str(v))}
    known = [k for k in declared if k in agreed]
    said = {k: v for k, v in declared.items() if k not in known}
    display, said, summed, strange = _without_own_signs(printed, said, book)
    layered = in_layers(display, book, said, last_layer(str(context.get("depth", ""))))
    display = layered.display
    several = read_batch(notation_of(book), said, context, lambda each: in_nielsens(each, book))
    penalised = summed and r"\lambda" in names_in(display) and not any(
        r"\lambda" in f"{k} {v}" for k, v in declared.items()
    )  # fmt: skip
    if penalised:
        several = replace(several, notation=with_usual_penalty(several.notation))
    if book.translation.rules:
        several = replace(several, rest=in_words(several.rest, book))
    start = without_network(several.notation, several.rest, display)
    found = with_declarations(start, several.rest)
    notation = for_display(found.notation, display)
    display = with_examples(display, notation)
    unread = _strangers(several.rest, found, display, printed)
    unread += [f"{key!r}" for key in strange if f"{key!r}" not in unread]
    setting, more = setting_of(context, display)
    assumptions = (*habits.assumptions, *found.assumptions, *(f"{k}: {declared[k]}" for k in known))
    return _Draft(
        book, context, printed, display, notation, setting, several, summed, penalised,
        layered.last, assumptions, (*unread, *more),
    )  # fmt: skip


def _said_in(context: Mapping[str, Any]) -> dict[Any, Any]:
    """What the page says of symbols, in either table."""
    said: dict[Any, Any] = {}
    for table in ("definitions", "declared"):
        entries = context.get(table) or {}
        if not isinstance(entries, Mapping):
            raise SymnetError(f"{table!r} is a table of symbols, not {entries!r}"[:200])
        said |= entries
    return said


def _without_own_signs(
    display: s.Display, said: dict[Any, Any], book: Convention
) -> tuple[s.Display, dict[Any, Any], bool, list[str]]:
    """A display with what a page of a book declares put in, and what is left of that.

    Also whether gradients were added up, and what is said of z and a otherwise than by the book.
    """
    if not book.translation.rules:
        return display, said, False, []
    letters = book.translation.by_name.keys() | book.translation.functions
    if book.units:
        display, abbreviations = with_abbreviations(display, said, letters | book.iterations)
        said = {k: v for k, v in said.items() if k not in abbreviations}
    # What a page says of z and a otherwise than the book makes another network.
    network = {*letters_for("a", book), *letters_for("z", book)}
    strange = [k for k, v in said.items() if set(heads_of(str(k))) & network and "^" in str(k)
               and not is_prose(str(v))]  # fmt: skip
    display, said = put_in(display, said, letters, derived_letters(book))
    display, said, summed = without_accumulators(display, said, book)
    return display, said, summed, strange


def _with_layout(draft: _Draft) -> _Draft:
    """How derivatives are laid out, and whether there is a bias."""
    notation, setting = draft.notation, draft.setting
    if str(draft.context.get("layout", "")).startswith("denominator"):
        notation = replace(notation, layout="denominator")
    habit = "absorbed" if draft.book.absorbed_bias else "separate"
    bias = str(draft.context.get("bias", habit)).strip()
    if bias in ("absorbed", "none"):
        setting = replace(setting, bias=False)
        kept = {k: v for k, v in notation.letters.items() if v != "b"}
        unknown = notation.unread | (notation.letters.keys() - kept.keys())
        notation = replace(notation, letters=kept, unread=unknown)
    elif bias != "separate":
        draft = draft.not_reading(f"the bias {bias!r}")
    return replace(draft, notation=notation, setting=setting)


def _with_remainder(draft: _Draft) -> _Draft:
    """What of a context is not understood, or said by habit alone."""
    context = draft.context
    if draft.penalised:
        draft = draft.assuming(
            "the cost is the mean over m examples, and λ/2m times all squared weights"
        ).not_reading("the cost, of whose λ nothing is said,")
    if not draft.several.rule and not draft.summed:
        draft = draft.not_reading("the rule of the update")
    if "layers" in context and not _are_layers(str(context["layers"]), draft.book):
        draft = draft.not_reading("'layers'")
    if "target" in context and target(str(context["target"])) is None:
        draft = draft.not_reading(f"the target {context['target']!r}")
    if not draft.several.shapes:
        draft = draft.assuming(f"shapes: {context['shapes']}").not_reading("'shapes'")
    for key in sorted(set(context) - KNOWN):
        draft = draft.assuming(f"{key}: {context[key]}").not_reading(f"{key!r}")
    return draft


def _with_functions(draft: _Draft) -> _Draft:
    """The cost, the last layer and σ, as far as the page says them."""
    setting, notation = draft.setting, draft.notation
    for cost in (draft.several.cost, notation.cost):
        if cost is not None and setting.cost is None:
            setting = replace(setting, cost=cost)
    setting, notation, display, taken, left = with_output(
        setting, notation, draft.display, draft.context
    )
    free = has_free_units(draft.printed, display)
    if setting.couples and is_of_vectors(display, notation) and free:
        display = at_output(display)
    formula = notation.formulas.get("σ")
    if formula is not None and setting.activation is None:
        setting = replace(setting, activation=formula)
    # σ' and its like have the network's formula, where it has one.
    notation = replace(notation, formulas={**notation.formulas, "σ": setting.activation})
    draft = replace(draft, setting=setting, notation=notation, display=display)
    return draft.assuming(*taken).not_reading(*left)


def _with_learning_rate(draft: _Draft) -> _Draft:
    notation, display = draft.notation, draft.display
    if "rule" in draft.context and notation.rate is None:
        notation = with_rate(notation, display)
    if notation.rate is None and r"\eta" in names_in(display) - notation.scalars:
        # η that nobody declares is the learning rate, as everywhere.
        draft = draft.assuming(r"\eta: learning rate of gradient descent on C")
        scalars, positive = notation.scalars | {r"\eta"}, notation.positive | {r"\eta"}
        notation = replace(notation, rate=r"\eta", scalars=scalars, positive=positive)
    return replace(draft, notation=notation)


def _with_own_words(draft: _Draft) -> _Draft:
    """What the formula says itself: short names, sums of 1, σ and C, what has layers."""
    setting, display = draft.setting, draft.display
    notation = with_aliases(draft.notation, display)
    if "target" not in draft.context and not setting.normalised:
        vectors = with_vectors(notation, display)
        if vectors is not None and notation.target in vectors.lengths:
            # As after a softmax: -Σ y ln p is a log-likelihood.
            setting = replace(setting, normalised=True)
            draft = draft.assuming(f"the entries of {notation.target} have the sum 1")
    base = with_decorations(notation, display)
    setting, said_here = said_by_statements(base, setting, display)
    draft = draft.not_reading(*said_here)
    base = replace(base, formulas={**base.formulas, "σ": setting.activation})
    notation = plain(base, display)
    notation = replace(with_changes(notation, display), numbered=is_numbered(notation, display))
    if is_assumed(notation, display):
        draft = draft.not_reading("the cost of several samples")
    if is_of_all(notation, display):
        draft = draft.not_reading("of which sample its quantities are")
    return replace(draft, setting=setting, notation=notation, base=base)


STAGES = (_with_layout, _with_remainder, _with_functions, _with_learning_rate, _with_own_words)


def _finished(draft: _Draft) -> Page:
    """The page, with the networks that fit it."""
    book, context, notation, display = draft.book, draft.context, draft.notation, draft.display
    widths, general, equal = widths_of(context.get("widths", "arbitrary"))
    widths = OF_ONE_NEURON if notation.neuron else widths
    depth = str(context.get("depth", "")) or depth_of(display, notation)
    if not depth and draft.last is not None:
        depth = f"L = {draft.last}"
    widths = of_depth(widths, depth, book)
    if not widths:
        raise SymnetError(f"no network has the depth {context.get('depth')!r}")
    seeds = 1 if general else 3
    if not notation.letters:
        widths, seeds = widths[:1], 12 if notation.own else 5
    return Page(
        display, source_of(book, notation, draft.printed), notation, draft.setting,
        widths, general, equal, seeds, draft.assumptions, ", ".join(draft.unread),
        draft.base, all(x.startswith("the cost") for x in draft.unread), "rule" in context,
        bool(book.units) and has_free_units(draft.printed, display),
    )  # fmt: skip


LAYERS = re.compile(r"(\d)\s*(?:\.\.+|to|,\s*\\[lc]?dots,?|-)\s*L\b")


def _are_layers(said: str, book: Convention) -> bool:
    """Whether layers are counted as the book does: 0..L."""
    found = LAYERS.search(said)
    return found is not None and int(found[1]) == book.translation.first


def _strangers(
    said: Mapping[Any, Any], found: Declarations, display: s.Display, printed: s.Display
) -> list[str]:
    """What is declared, not understood, and matters here: letters of the formula, or all of it."""
    # What is said of w, b, z, a and δ concerns every formula.
    used = names_in(display) | names_in(printed) | set(LETTERS)
    unknown = set(found.assumptions)
    keys = [str(key) for key, words in said.items() if f"{key}: {words}" in unknown]
    return [f"{key!r}" for key in keys if (key.isalpha() and len(key) > 1) or names_of(key) & used]


def _is_standard(key: str, said: str) -> bool:
    squeezed = re.sub(
        r"^(?:d|partial|fracpartial)(?:c|l|j|e|loss|cost)(?:/d|/partial|partial)(?=z)",
        "dc/d",
        _squeezed(said).replace("mathcal", ""),
    )
    return squeezed in STANDARD.get(_squeezed(key), ())


def _squeezed(text: str) -> str:
    """A formula without what sets z^{[l]} and z^l apart."""
    return re.sub(r"[\s\\{}\[\]()]", "", text).lower()
