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


def page(
    book: Convention,
    context: Mapping[str, Any],
    display: s.Display,
    agreed: Set[str] = frozenset(),
) -> Page:
    """What a claim is about. Raises SymnetError for a context that cannot be read.

    `agreed` are the keys of what is declared as the convention has it anyway.
    """
    habits = usual(display, book, context)
    printed = display = habits.display
    context = habits.context
    book = with_logistic(book, context)
    said: dict[Any, Any] = {}
    for table in ("definitions", "declared"):
        entries = context.get(table) or {}
        if not isinstance(entries, Mapping):
            raise SymnetError(f"{table!r} is a table of symbols, not {entries!r}"[:200])
        said |= entries
    said = with_losses(said)
    own = {str(k): str(v) for k, v in said.items() if k not in agreed}
    if says_vectors(own, printed, NIELSEN):
        book = convention("nielsen")  # its letters are its own
    said = {k: v for k, v in said.items() if not _is_standard(str(k), str(v))}
    declared = said
    known = [k for k in declared if k in agreed]
    said = {k: v for k, v in said.items() if k not in known}
    summed, strange = False, list[str]()
    if book.translation.rules:
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
    notation, assumptions = found.notation, [*habits.assumptions, *found.assumptions]
    assumptions += [f"{k}: {declared[k]}" for k in known]
    notation = for_display(notation, display)
    display = with_examples(display, notation)
    unread = _strangers(several.rest, found, display, printed)
    unread += [f"{key!r}" for key in strange if f"{key!r}" not in unread]
    if str(context.get("layout", "")).startswith("denominator"):
        notation = replace(notation, layout="denominator")
    setting, more = setting_of(context, display)
    unread += more
    habit = "absorbed" if book.absorbed_bias else "separate"
    bias = str(context.get("bias", habit)).strip()
    if bias in ("absorbed", "none"):
        setting = replace(setting, bias=False)
        kept = {k: v for k, v in notation.letters.items() if v != "b"}
        unknown = notation.unread | (notation.letters.keys() - kept.keys())
        notation = replace(notation, letters=kept, unread=unknown)
    elif bias != "separate":
        unread.append(f"the bias {bias!r}")
    if penalised:
        assumptions.append(
            "the cost is the mean over m examples, and λ/2m times all squared weights"
        )
        unread.append("the cost, of whose λ nothing is said,")
    if not several.rule and not summed:
        unread.append("the rule of the update")
    if "layers" in context and not _are_layers(str(context["layers"]), book):
        unread.append("'layers'")
    if "target" in context and target(str(context["target"])) is None:
        unread.append(f"the target {context['target']!r}")
    if not several.shapes:
        assumptions.append(f"shapes: {context['shapes']}")
        unread.append("'shapes'")
    for key in sorted(set(context) - KNOWN):
        assumptions.append(f"{key}: {context[key]}")
        unread.append(f"{key!r}")
    if several.cost is not None and setting.cost is None:
        setting = replace(setting, cost=several.cost)
    if notation.cost is not None and setting.cost is None:
        setting = replace(setting, cost=notation.cost)
    setting, notation, display, taken, left = with_output(setting, notation, display, context)
    if setting.couples and is_of_vectors(display, notation) and has_free_units(printed, display):
        display = at_output(display)
    assumptions += taken
    unread += left
    formula = notation.formulas.get("σ")
    if formula is not None and setting.activation is None:
        setting = replace(setting, activation=formula)
    # σ' and its like have the network's formula, where it has one.
    notation = replace(notation, formulas={**notation.formulas, "σ": setting.activation})
    if "rule" in context and notation.rate is None:
        notation = with_rate(notation, display)
    if notation.rate is None and r"\eta" in names_in(display) - notation.scalars:
        # η that nobody declares is the learning rate, as everywhere.
        assumptions.append(r"\eta: learning rate of gradient descent on C")
        scalars, positive = notation.scalars | {r"\eta"}, notation.positive | {r"\eta"}
        notation = replace(notation, rate=r"\eta", scalars=scalars, positive=positive)
    notation = with_aliases(notation, display)
    if "target" not in context and not setting.normalised:
        vectors = with_vectors(notation, display)
        if vectors is not None and notation.target in vectors.lengths:
            # As after a softmax: -Σ y ln p is a log-likelihood.
            setting = replace(setting, normalised=True)
            assumptions.append(f"the entries of {notation.target} have the sum 1")
    base = with_decorations(notation, display)
    setting, said_here = said_by_statements(base, setting, display)
    unread += said_here
    base = replace(base, formulas={**base.formulas, "σ": setting.activation})
    notation = plain(base, display)
    notation = replace(with_changes(notation, display), numbered=is_numbered(notation, display))
    if is_assumed(notation, display):
        unread.append("the cost of several samples")
    if is_of_all(notation, display):
        unread.append("of which sample its quantities are")
    widths, general, equal = widths_of(context.get("widths", "arbitrary"))
    widths = OF_ONE_NEURON if notation.neuron else widths
    depth = str(context.get("depth", "")) or depth_of(display, notation)
    if not depth and layered.last is not None:
        depth = f"L = {layered.last}"
    widths = of_depth(widths, depth, book)
    if not widths:
        raise SymnetError(f"no network has the depth {context.get('depth')!r}")
    seeds = 1 if general else 3
    if not notation.letters:
        widths, seeds = widths[:1], 12 if notation.own else 5
    return Page(
        display, source_of(book, notation, printed), notation, setting,
        widths, general, equal, seeds, tuple(assumptions), ", ".join(unread),
        base, all(x.startswith("the cost") for x in unread), "rule" in context,
        bool(book.units) and has_free_units(printed, display),
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
