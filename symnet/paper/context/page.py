"""What a claim is about: the notation of its page, its network, the widths to try it at.

A context's fields are those of interface section 5. What cannot be read becomes an assumption;
where that could change whether a formula holds, `unread` says so, and nothing is said of it.
"""

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

import sympy

from symnet.calculus.counterexample import Setting
from symnet.errors import SymnetError
from symnet.network.functions import (
    ACTIVATIONS,
    COSTS,
    A,
    Activation,
    Cost,
    Y,
    typed_activation,
    typed_cost,
)
from symnet.paper.books.convention_files import Convention, convention
from symnet.paper.books.translation import rule, translated
from symnet.paper.books.unit_layers import Layered, with_layers
from symnet.paper.context.books import (
    ELSEWHERE,
    accumulates,
    put_in,
    with_accumulators,
    with_examples_of_costs,
)
from symnet.paper.context.declarations import (
    Declarations,
    cost_of,
    formula_of,
    is_prose,
    names_of,
    symbols_of,
    with_declarations,
    with_family,
)
from symnet.paper.context.outputs import PER_LAYER, SOFTMAX, cost_name, parted, target
from symnet.paper.context.samples import (
    for_display,
    is_assumed,
    is_of_all,
    read_batch,
    with_usual_penalty,
)
from symnet.paper.context.units import (
    by_kind_of_unit,
    check_examples,
    joined,
    with_abbreviations,
    without_counts,
    without_sets,
)
from symnet.paper.context.vectors import (
    is_of_vectors,
    reached,
    says_vectors,
    with_losses,
    with_vectors,
    without_network,
)
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.habits.usual import usual
from symnet.paper.signs.examples import with_examples
from symnet.paper.signs.indicators import in_one_way
from symnet.paper.signs.notation import LETTERS, NIELSEN, Notation, spelled_out
from symnet.paper.signs.scripts import (
    is_transpose,
    layer_and_transpose,
    layer_of,
    put_for,
    subscripts,
)
from symnet.term import ARGUMENT

# Small networks whose widths differ from layer to layer, and small ones whose widths are equal.
RECTANGULAR = ((3, 2, 4), (2, 4, 3, 5), (2, 3, 5, 4, 6))
OF_ONE_NEURON = ((3, 1), (2, 1), (4, 1))
EQUAL = ((2, 2, 2), (2, 2, 2, 2), (3, 3, 3), (2, 2, 2, 2, 2))
NUMBERS = ("one", "two", "three")
HIDDEN = re.compile(r"\b(one|two|three) hidden layers?\b", re.IGNORECASE)
EXACT_DEPTH = re.compile(r"L\s*=\s*(\d+)|^(\d+) layers")
MOST_LAYERS = 30  # of a literal network
SOFTMAX_FORMULA = ACTIVATIONS["softmax"].formula
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
    book = _with_logistic(book, context)
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
        network = {*_letters_for("a", book), *_letters_for("z", book)}
        strange = [k for k, v in said.items() if set(heads_of(str(k))) & network and "^" in str(k)
                   and not is_prose(str(v))]  # fmt: skip
        display, said = put_in(display, said, letters, _derived(book))
        display, said, summed = _with_accumulators(display, said, book)
    layered = _layered(display, book, said, _last(str(context.get("depth", ""))))
    display = layered.display
    several = read_batch(notation_of(book), said, context, lambda each: in_nielsens(each, book))
    penalised = summed and r"\lambda" in names_in(display) and not any(
        r"\lambda" in f"{k} {v}" for k, v in declared.items()
    )  # fmt: skip
    if penalised:
        several = replace(several, notation=with_usual_penalty(several.notation))
    if book.translation.rules:
        several = replace(several, rest=_in_words(several.rest, book))
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
    setting, more = _setting(context, display)
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
    setting, notation, display, taken, left = _with_output(setting, notation, display, context)
    if setting.couples and is_of_vectors(display, notation) and _has_free_units(printed, display):
        display = _at_output(display)
    assumptions += taken
    unread += left
    formula = notation.formulas.get("σ")
    if formula is not None and setting.activation is None:
        setting = replace(setting, activation=formula)
    # σ' and its like have the network's formula, where it has one.
    notation = replace(notation, formulas={**notation.formulas, "σ": setting.activation})
    if "rule" in context and notation.rate is None:
        notation = _with_rate(notation, display)
    if notation.rate is None and r"\eta" in names_in(display) - notation.scalars:
        # η that nobody declares is the learning rate, as everywhere.
        assumptions.append(r"\eta: learning rate of gradient descent on C")
        scalars, positive = notation.scalars | {r"\eta"}, notation.positive | {r"\eta"}
        notation = replace(notation, rate=r"\eta", scalars=scalars, positive=positive)
    notation = _with_abbreviations(notation, display)
    if "target" not in context and not setting.normalised:
        vectors = with_vectors(notation, display)
        if vectors is not None and notation.target in vectors.lengths:
            # As after a softmax: -Σ y ln p is a log-likelihood.
            setting = replace(setting, normalised=True)
            assumptions.append(f"the entries of {notation.target} have the sum 1")
    base = _with_decorations(notation, display)
    setting, said_here = _said(base, setting, display)
    unread += said_here
    base = replace(base, formulas={**base.formulas, "σ": setting.activation})
    notation = plain(base, display)
    notation = replace(_with_changes(notation, display), numbered=_is_numbered(notation, display))
    if is_assumed(notation, display):
        unread.append("the cost of several samples")
    if is_of_all(notation, display):
        unread.append("of which sample its quantities are")
    widths, general, equal = _widths(context.get("widths", "arbitrary"))
    widths = OF_ONE_NEURON if notation.neuron else widths
    depth = str(context.get("depth", "")) or _depth_of(display, notation)
    if not depth and layered.last is not None:
        depth = f"L = {layered.last}"
    widths = _of_depth(widths, depth, book)
    if not widths:
        raise SymnetError(f"no network has the depth {context.get('depth')!r}")
    seeds = 1 if general else 3
    if not notation.letters:
        widths, seeds = widths[:1], 12 if notation.own else 5
    return Page(
        display, source_of(book, notation, printed), notation, setting,
        widths, general, equal, seeds, tuple(assumptions), ", ".join(unread),
        base, all(x.startswith("the cost") for x in unread), "rule" in context,
        bool(book.units) and _has_free_units(printed, display),
    )  # fmt: skip


def _with_logistic(book: Convention, context: Mapping[str, Any]) -> Convention:
    """σ of outputs is the logistic function, in a book with another letter for its activation."""
    known = book.translation.functions
    outputs = _activation(context.get("output_activation", ""))
    logistic = outputs is not None and outputs[0] == ACTIVATIONS["sigmoid"].formula
    if not logistic or not known or r"\sigma" in known or r"\sigma" in book.translation.by_name:
        return book
    own = rule(r"\sigma", r"\mathrm{sigmoid}")
    translation = replace(book.translation, rules=(*book.translation.rules, own))
    return replace(book, translation=translation)


def _with_accumulators(
    display: s.Display, said: dict[Any, Any], book: Convention
) -> tuple[s.Display, dict[Any, Any], bool]:
    r"""A display without \Delta^{(l)} in which gradients are added up; whether there were such."""
    weights = _letters_for("w", book)
    costs = _letters_for("C", book)
    if book.samples or not weights or not costs or not accumulates(said):
        return display, said, False
    made = with_accumulators(display, weights[0], costs[0])
    if r"\Delta" in names_in(made):
        return display, said, False
    rest = {k: v for k, v in said.items() if r"\Delta" not in k}
    return made, rest, len(rest) < len(said) or s.spell(made) != s.spell(display)


def _in_words(said: Mapping[str, str], book: Convention) -> dict[str, str]:
    """What is declared of a book's own symbols in its own letters is not read in Nielsen's."""
    functions = book.translation.functions

    def is_untold(key: str, words: str) -> bool:
        own = is_of_book(key, book) and not set(heads_of(key)) & functions
        return own and not is_prose(words)

    return {k: f"{v} {ELSEWHERE}" if is_untold(str(k), str(v)) else v for k, v in said.items()}


def _derived(book: Convention) -> frozenset[str]:
    """The letters of a book whose meaning follows from the network: weights, z, a, δ."""
    found = set()
    for each in book.translation.rules:
        meant = next((x for x in s.walk(each.meaning) if isinstance(x, s.Name)), None)
        if meant is not None and meant.text in LETTERS and not each.before:
            found.add(each.base)
    return frozenset(found)


def _letters_for(quantity: str, book: Convention) -> list[str]:
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
    return _layered(display, book, {}).display


def _layered(
    display: s.Display, book: Convention, said: Mapping[Any, Any], last: int | None = None
) -> Layered:
    """A display in Nielsen's notation, and the number of the last layer, where units tell it."""

    def in_letters(part: s.Display) -> s.Display:
        made = translated(part, book.translation)
        return with_examples_of_costs(made) if book.translation.rules else made

    if not book.units:
        return Layered(in_letters(display))
    own = book.translation.by_name.keys() | book.translation.functions | book.iterations
    check_examples(display, frozenset(_letters_for("C", book)))
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


LAYERS = re.compile(r"(\d)\s*(?:\.\.+|to|,\s*\\[lc]?dots,?|-)\s*L\b")


def _are_layers(said: str, book: Convention) -> bool:
    """Whether layers are counted as the book does: 0..L."""
    found = LAYERS.search(said)
    return found is not None and int(found[1]) == book.translation.first


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


def heads_of(key: str) -> list[str]:
    """The letters that a declaration is about, one for each symbol of its key."""
    return [_head(item) for item in symbols_of(key)]


def is_of_book(key: str, book: Convention) -> bool:
    """Whether all symbols of a key are the book's own."""
    own = book.translation.by_name.keys() | book.translation.functions | book.iterations
    own |= {_head(x.key) for x in book.translation.phrases} | book.sets
    heads = heads_of(key)
    return bool(heads) and all(head in own or f"mathcal:{head}" in own for head in heads)


def is_said_alike(key: str, said: str, book: Convention) -> bool:
    """Whether words say nothing against the book: weights that connect the same layers or units."""
    if key in book.sets and not ABOVE.search(said):
        return False
    if _is_kronecker(key, book) and not IDENTITY.search(said):
        return False
    units = UNITS.search(said)
    if units is not None:
        return _ends(key, book) in (None, (units[2], units[1]))
    return _connects(said) in (None, *(_offset(head, book) for head in heads_of(key)))


UNITS = re.compile(
    r"\bfrom (?:unit |neuron )?([a-z])(?: \([^()]*\))? to (?:unit |neuron )?([a-z])(?![a-z])"
)


# Sets of units: those that a unit feeds, or those of the last layer.
ABOVE = re.compile(r"fed by|receiv\w* (input )?from|downstream|output|next layer|layer above")
IDENTITY = re.compile(r"kronecker|identity", re.IGNORECASE)


def _is_kronecker(key: str, book: Convention) -> bool:
    """Whether a symbol is 1 for a unit and itself, else 0."""
    try:
        made = translated(read(key), book.translation)
    except SymnetError:
        return False
    match made.statements:
        case (s.Scripted(base=s.Name(text=r"\delta"), sub=sub, sup=None),) if sub is not None:
            return len(subscripts(sub) or ()) == 2
    return False


def _ends(key: str, book: Convention) -> tuple[str, str] | None:
    """Where a weight leads to and from: i and j of w_{ij}, as the book has it."""
    for node in s.walk(in_nielsens(read(key), book)):
        match node:
            case s.Scripted(base=s.Name(text="w" | "W"), sub=sub) if sub is not None:
                letters = subscripts(sub) or []
                if len(letters) == 2:
                    return letters[0].text, letters[1].text
    return None


def _head(node: s.Node) -> str:
    """The letter that a declaration is about: h of h_{W,b}(x), dZ of dZ^{[l]}."""
    if isinstance(node, s.Product):
        names = []
        for factor in node.factors:
            base = factor.base if isinstance(factor, s.Scripted) else factor
            if not isinstance(base, s.Name):
                break
            names.append(spelled_out(base))
            if isinstance(factor, s.Scripted):
                break
        return names[-1] if names else ""
    base = node.base if isinstance(node, s.Scripted) else node
    return spelled_out(base) if isinstance(base, s.Name) else ""


LINKS = re.compile(r"from (?:layer|unit|neuron) (\S+?) to (?:layer |unit |neuron )?([^\s,;.]+)")


def _connects(said: str) -> int | None:
    """How far above the symbol's own letter the weights lead: 1, if from l to l+1."""
    found = LINKS.search(said)
    if found is None:
        return None
    try:
        one, other = (layer_of(read(x).statements[0]) for x in found.groups())
    except SymnetError:
        return None
    if one is None or other is None or (one.name, other.name) != ("l", "l"):
        return None
    return other.offset if other.offset == one.offset + 1 else -99


def _offset(head: str, book: Convention) -> int | None:
    """The same for a symbol of the book."""
    for each in book.translation.by_name.get(head, ()):
        for node in s.walk(each.meaning):
            match node:
                case s.Scripted(base=s.Name(text="w" | "W"), sup=sup) if sup is not None:
                    layer, _ = layer_and_transpose(sup)
                    at = layer_of(layer) if layer is not None else None
                    if at is not None and at.name:
                        return at.offset
    return None


def _has_free_units(printed: s.Display, display: s.Display) -> bool:
    """Whether layers are known by units alone: no layer is printed."""
    return not any(
        isinstance(x, s.Scripted) and x.sup is not None and not is_transpose(x.sup)
        for x in s.walk(printed)
    ) and any(isinstance(x, s.Scripted) and x.sup is not None for x in s.walk(display))


def _at_output(display: s.Display) -> s.Display:
    """Units of which no layer is printed as those of layer L, where softmax is spoken of."""
    made = put_for(display, "l", s.Name("L", (), start=display.start, end=display.start))
    assert isinstance(made, s.Display)
    return made


def names_in(display: s.Display) -> set[str]:
    """The letters and names of a formula."""
    return {part.text for part in s.walk(display) if isinstance(part, s.Name)}


def _with_rate(notation: Notation, display: s.Display) -> Notation:
    """The learning rate, where the page does not say which letter it is: η, or the only one."""
    used = names_in(display)
    known = used & notation.scalars
    usual = [x for x in (r"\eta", r"\alpha", r"\epsilon") if x in used - notation.letters.keys()]
    rate = known.pop() if len(known) == 1 else usual[0] if len(usual) == 1 else r"\eta"
    if rate not in used and len(known) != 1 and notation.scalars & used:
        return notation
    scalars, positive = notation.scalars | {rate}, notation.positive | {rate}
    return replace(notation, rate=rate, scalars=scalars, positive=positive)


def _said(notation: Notation, setting: Setting, display: s.Display) -> tuple[Setting, list[str]]:
    """σ(z) = tanh z ⇒ …, C = ½‖a - y‖² ⇒ …: what is arbitrary so far, said by a statement."""
    # Said alone it is a definition of the page, which we have nothing to hold against.
    alone = len(display.statements) < 2
    unread = []
    for statement in display.statements if alone else display.statements[:-1]:
        match statement:
            case s.Chain(
                sides=(
                    s.Product(factors=(s.Name() as name, s.Bracketed(body=s.Name(text=z)))),
                    meant,
                ),
                relations=("=" | ":=" | r"\equiv",),
            ) if setting.activation is None and notation.function(name.text) == "σ":
                try:
                    formula = formula_of(notation, z, meant)
                except SymnetError:
                    formula = None
                if formula is None or alone:
                    unread.append("what σ is")
                else:
                    setting = replace(setting, activation=formula)
            case s.Chain(sides=(s.Name() as name, *_), relations=("=" | ":=" | r"\equiv", *_)):
                said = name.text in notation.totals or notation.batch.total
                if setting.cost is None and notation.is_cost(name) and not said:
                    cost = cost_of(notation, statement.sides[1])
                    if cost is None or alone:
                        unread.append("what C is")
                    else:
                        setting = replace(setting, cost=cost)
    return setting, unread


def _strangers(
    said: Mapping[Any, Any], found: Declarations, display: s.Display, printed: s.Display
) -> list[str]:
    """What is declared, not understood, and matters here: letters of the formula, or all of it."""
    # What is said of w, b, z, a and δ concerns every formula.
    used = names_in(display) | names_in(printed) | set(LETTERS)
    unknown = set(found.assumptions)
    keys = [str(key) for key, words in said.items() if f"{key}: {words}" in unknown]
    return [f"{key!r}" for key in keys if (key.isalpha() and len(key) > 1) or names_of(key) & used]


def _is_numbered(notation: Notation, display: s.Display) -> bool:
    """Whether any quantity of a formula has a layer."""
    return any(
        isinstance(part, s.Scripted)
        and isinstance(part.base, s.Name)
        and notation.has_layers(part.base)
        and part.sup is not None
        and not is_transpose(part.sup)
        for part in s.walk(display)
    )


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


# --- functions -----------------------------------------------------------------------------


def _setting(context: Mapping[str, Any], display: s.Display) -> tuple[Setting, list[str]]:
    unread = []
    below, last = parted(str(context.get("activation", "abstract")))
    said_last = re.search(r"\b(output|last|final|top)\b", str(context.get("activation", "")))
    if last and not below and not said_last and names_in(display) & {"l", r"\ell"}:
        unread.append("which layers have the activation 'softmax'")
    activation = _activation(below or "abstract")
    if activation is None:
        unread.append(f"the activation {context['activation']!r}")
    output_said = str(context.get("output_activation", last))
    softmax = bool(SOFTMAX.fullmatch(output_said))
    cost = _cost(context.get("cost", "abstract"), softmax=softmax)
    if cost is None:
        unread.append(f"the cost {context['cost']!r}")
    output = None
    if output_said:
        output = (SOFTMAX_FORMULA,) if softmax else _activation(output_said)
        if output is None:
            unread.append(f"the output activation {output_said!r}")
    return (
        Setting(
            activation[0] if activation else None,
            cost.formula if isinstance(cost, Cost) else None,
            output[0] if output else None,
            output is not None,
            isinstance(cost, Cost) and cost.normalised,
        ),
        unread,
    )


def _with_output(
    setting: Setting, notation: Notation, display: s.Display, context: Mapping[str, Any]
) -> tuple[Setting, Notation, s.Display, list[str], list[str]]:
    """What is known of the last layer: whether it is a softmax, what y is; what was not read."""
    assumptions: list[str] = []
    unread: list[str] = []
    if not setting.has_output and setting.activation is None and _says_softmax(display, notation):
        setting = replace(setting, output=SOFTMAX_FORMULA, has_output=True)
        assumptions.append("the last layer is a softmax")
    if context.get("per_layer_activation") is True or _has_own_functions(display):
        # Each layer has a function of its own, whether its formula is known or not.
        setting = replace(setting, per_layer=setting.activation is None)
        notation = replace(notation, per_layer=True)
    own = PER_LAYER.match(str(context.get("activation", "")))
    if own is not None and setting.activation is None and own[1] not in notation.letters:
        # g^{[l]}: each layer has one of its own.
        setting = replace(setting, per_layer=True)
        functions = {**notation.functions, own[1]: "σ"}
        notation = replace(notation, functions=functions, per_layer=True)
    if (
        setting.couples
        and str(context.get("cost", "")).lower().replace("_", "-") == "cross-entropy"
    ):
        assumptions.append("cross-entropy after softmax: C = -Σ y ln a")
        if _has_complements(display):
            unread.append("the cost, of which there are two kinds of this name")
    likelihood = COSTS["log_likelihood"].formula
    if setting.couples and setting.cost == likelihood and not setting.normalised:
        setting = replace(setting, normalised=True)
        assumptions.append("the entries of y have the sum 1")
    if "target" in context:
        found = target(str(context["target"]))
        if found is not None:
            setting = replace(setting, normalised=found[0])
            notation = replace(notation, one_hot=notation.one_hot or found[1])
    if notation.one_hot or notation.normalised:
        setting = replace(setting, normalised=True)
    if not notation.one_hot and setting.normalised and _has_class(display, notation):
        notation = replace(notation, one_hot=True)
    notation = replace(notation, coupled=setting.couples)
    if notation.one_hot and notation.batch.on:
        # Each sample has a class of its own: of y it is proved with no more than its sum.
        notation, setting = replace(notation, one_hot=False), replace(setting, one_hot=True)
    if notation.one_hot:
        notation = replace(notation, cost=setting.cost)
    display = in_one_way(display, notation)
    return setting, notation, display, assumptions, unread


def _has_own_functions(display: s.Display) -> bool:
    """Whether σ has a layer anywhere, as g^{[l]} of a book."""
    return any(
        isinstance(x, s.Scripted)
        and isinstance(x.base, s.Name)
        and x.base.text == r"\sigma"
        and isinstance(x.sup, s.Bracketed)
        and x.sup.open == "["
        for x in s.walk(display)
    )


def _has_complements(display: s.Display) -> bool:
    """1 - y or 1 - a: signs of a sum of cross-entropies, one for each output."""
    return any(
        isinstance(x, s.Additive) and len(x.terms) == 2 and x.signs[1] == "-"
        and isinstance(x.terms[0], s.Number) and x.terms[0].text == "1"
        for x in s.walk(display)
    )  # fmt: skip


def _has_class(display: s.Display, notation: Notation) -> bool:
    """Whether y stands as an index: the number of a class."""
    return any(
        isinstance(x, s.Scripted)
        and x.sub is not None
        and any(letter.text == notation.target for letter in subscripts(x.sub) or ())
        for x in s.walk(display)
    )


def _says_softmax(display: s.Display, notation: Notation) -> bool:
    """a_j^L = e^{z_j^L}/Σ_k e^{z_k^L}: that says what the last layer is."""
    for statement in display.statements:
        if not isinstance(statement, s.Chain) or len(statement.sides) < 2:
            continue
        match statement.sides[0]:
            case s.Scripted(base=s.Name() as name, sup=sup) if (
                sup is not None and notation.letters.get(name.text) == "a"
            ):
                layer = layer_of(sup)
                if layer is not None and (layer.name, layer.offset) == ("L", 0):
                    return is_of_vectors(statement.sides[1], notation)
    return False


def _activation(said: Any) -> tuple[sympy.Expr | None] | None:
    """The formula of an activation in a tuple; (None,) if it is arbitrary, None if unread."""
    text = str(said).strip()
    if re.match(r"abstract|arbitrary", text) or text in ("sigma", r"\sigma"):
        return (None,)
    if PER_LAYER.fullmatch(text):
        return (None,)
    name = text.lower().replace("-", "_").replace(" ", "_")
    name = {"logistic": "sigmoid", "linear": "identity"}.get(name, name)
    found: Activation | None = ACTIVATIONS.get(name)
    if found is None:
        try:
            found = typed_activation(text)
        except SymnetError:
            return None
    return None if found.couples_neurons else (found.formula,)


def _cost(said: Any, *, softmax: bool = False) -> Cost | str | None:
    text = str(said).strip()
    if re.match(r"abstract|arbitrary", text):
        return "abstract"
    name = cost_name(text, softmax=softmax)
    name = {"squared_norm": "squared_error"}.get(name, name)
    if name in COSTS:
        return COSTS[name]
    norm = r"(\|\||\\\|)y-a(\^L)?(\|\||\\\|)\^2|(\|\||\\\|)a(\^L)?-y(\|\||\\\|)\^2"
    squeezed = _of_one_sample(re.sub(r"[\s{}]", "", text).removeprefix("C="))
    if re.fullmatch(rf"(1/2|\\frac12|0\.5)({norm})", squeezed):
        return COSTS["quadratic"]
    if re.fullmatch(norm, squeezed) or squeezed in ("(a-y)^2", "(y-a)^2"):
        return COSTS["squared_error"]
    try:
        return typed_cost(text)
    except SymnetError:
        return None


MEAN = re.compile(r"(?P<half>\(1/2n\)|1/\(2n\)|\\frac12n)|(\(1/n\)|1/n|\\frac1n)")


def _of_one_sample(text: str) -> str:
    """(1/2n) Σ ½‖y - a‖²: C is a mean over the samples, and of one of them what is summed."""
    mean = MEAN.match(text)
    over = re.compile(r"(\\?sum|∑)(_x)?").match(text, mean.end()) if mean is not None else None
    if mean is None or over is None:
        return text
    return ("1/2" if mean["half"] else "") + text[over.end() :]


def of_one_output(formula: sympy.Expr) -> Setting:
    """A network with an arbitrary σ and this cost, in a and y."""
    assert formula.free_symbols <= {A, Y}
    return Setting(None, formula)


# --- widths --------------------------------------------------------------------------------


def _widths(said: Any) -> tuple[tuple[tuple[int, ...], ...], bool, bool]:
    numbered = isinstance(said, list | tuple) and 2 <= len(said) <= MOST_LAYERS
    if numbered and all(type(x) is int and 0 < x <= 10**9 for x in said):
        return (tuple(said),), False, False
    if said == "equal":
        return EQUAL, False, True
    if said == "arbitrary":
        return RECTANGULAR, True, False
    raise SymnetError(f"the widths {said!r} are not understood")


def _last(said: str) -> int | None:
    """The number of the last layer, where a page says it."""
    exact, hidden = EXACT_DEPTH.search(said), HIDDEN.search(said)
    if hidden:
        return NUMBERS.index(hidden[1].lower()) + 3
    return int(exact[1] or exact[2]) if exact else None


def _of_depth(
    widths: tuple[tuple[int, ...], ...], said: str, book: Convention
) -> tuple[tuple[int, ...], ...]:
    """The networks with as many layers as is said; a book may count from 0."""
    if not said:
        return widths
    last = "|".join(["L", *(re.escape(re.sub("[{}]", "", x)) for x in book.translation.last)])
    exact = re.search(rf"(?:{last})\s*=\s*(\d+)|^(\d+) layers", said)
    least = re.search(rf"(?:{last})\s*(?:>=|≥|\\geq?)\s*(\d+)", said)
    hidden = HIDDEN.search(said)
    # Where layers are known by units, those of a page are counted from 1, as everywhere.
    before = 0 if book.units else 1 - book.translation.first
    if exact:
        depth = int(exact[2]) if exact[1] is None else int(exact[1]) + before
        return tuple(w for w in widths if len(w) == depth)
    if least:
        return tuple(w for w in widths if len(w) >= int(least[1]) + before)
    if hidden:
        depth = NUMBERS.index(hidden[1].lower()) + 3
        return tuple(w for w in widths if len(w) == depth)
    raise SymnetError(f"the depth {said!r} is not understood")


def _depth_of(display: s.Display, notation: Notation) -> str:
    """Of layers with numbers alone the highest is the last, where y stands beside them."""
    found = set()
    target = False
    for node in s.walk(display):
        target = target or (isinstance(node, s.Name) and node.text == notation.target)
        base = node.base if isinstance(node, s.Scripted) else None
        if not isinstance(base, s.Name) or not notation.has_layers(base):
            continue
        layer, _ = layer_and_transpose(node.sup) if isinstance(node, s.Scripted) else (None, False)
        if layer is not None:
            at = layer_of(layer)
            if at is None or at.name:
                return ""
            found.add(at.offset)
    known = {len(widths) for widths in RECTANGULAR}
    return f"L = {max(found)}" if target and found and max(found) in known else ""


# --- formulas without layers ---------------------------------------------------------------


def plain(notation: Notation, display: s.Display) -> Notation:
    """The notation of a formula in which no letter has a layer, about vectors or numbers."""
    found = with_vectors(notation, display)
    if found is not None:
        return found
    if notation.own:
        # What it says of them is about numbers, too.
        display = replace(display, statements=(*display.statements, *reached(notation, display)))
    return _of_numbers(notation, display)


def _of_numbers(notation: Notation, display: s.Display) -> Notation:
    """The notation of a formula about numbers, in which no letter has a layer.

    σ'(z) = σ(z)(1 - σ(z)): z is any number, and z^2 its square.
    """
    bare: set[str] = set()
    layered: set[str] = set()
    others: set[str] = set()
    parents: list[s.Node] = [display]
    for parent in s.walk(display):
        parents.append(parent)
        for child in s.children(parent):
            if not isinstance(child, s.Name):
                continue
            if child.text in notation.letters:
                raised = isinstance(parent, s.Scripted) and parent.base is child and parent.sup
                (layered if raised else bare).add(child.text)
            elif notation.is_cost(child) or child.text == r"\nabla":
                others.add(child.text)
    layered -= bare
    functions = any(
        isinstance(x, s.Name) and notation.function(x.text) is not None for x in s.walk(display)
    )
    if layered or others or not (bare or _has_variable(display) or functions):
        return notation
    if bare & {"w", "W", "b", r"\delta"} or {"a", "z"} <= bare:
        return notation
    letters: dict[str, str] = {}
    names = bare | {
        node.text
        for node in s.walk(display)
        if isinstance(node, s.Name)
        and node.text in VARIABLES
        and notation.function(node.text) is None
    }
    names -= set(notation.constants) | set(notation.vectors) | set(notation.aliases)
    if notation.vectors:
        return notation
    return replace(
        notation,
        letters=letters,
        scalars=notation.scalars | names,
        input="",
        target="",
        variable=_only(names),
    )


def _only(names: Set[str]) -> str | None:
    """The one letter of a formula, where functions without arguments are taken; None of several."""
    if len(names) > 1:
        return None
    return next(iter(names), "argument")


def _with_decorations(notation: Notation, display: s.Display) -> Notation:
    r"""Letters that stand both with and without a decoration, as in \hat y - y, are two symbols."""
    found: dict[str, set[str]] = {}
    for node in s.walk(display):
        if isinstance(node, s.Name):
            found.setdefault(node.text, set()).add(spelled_out(node))
    functions = {"dot", "ddot"}
    several = {
        text
        for text, spelled in found.items()
        if (len(spelled) > 1 or any(x.startswith("d") and ":" in x for x in spelled))
        and not (
            notation.function(text) and all(x.split(":")[0] in functions | {text} for x in spelled)
        )
    }
    fixed = {notation.input, notation.target}
    hatted = {text for text, spelled in found.items() if text in fixed and spelled != {text}}
    return replace(notation, decorated=frozenset(several | hatted))


def _with_abbreviations(notation: Notation, display: s.Display) -> Notation:
    """f'(x) = tanh(s) + …, s = ln(1 + e^x): a letter that a later statement says."""
    for at, statement in enumerate(display.statements):
        match statement:
            case s.Chain(sides=(s.Name(text=text) as name, meant), relations=("=",)) if (
                at or is_of_vectors(meant, notation)
            ):
                known = notation.letters.keys() | notation.scalars | notation.vectors.keys()
                known |= {notation.input, notation.target} | notation.constants.keys()
                known |= notation.aliases.keys() | notation.costs | {"l", "L"}
                if is_of_vectors(meant, notation):
                    known -= {"l", "L"}
                others = [x for i, x in enumerate(display.statements) if i != at]
                used = {x.text for other in others for x in s.walk(other) if isinstance(x, s.Name)}
                if text in used - known and notation.function(text) is None:
                    aliases = {**notation.aliases, spelled_out(name): meant}
                    notation = replace(notation, aliases=aliases)
            case s.Chain(
                sides=(s.Scripted(base=s.Name() as base) as key, meant),
                relations=("=" | r"\equiv" | ":=",),
            ) if not _is_known(base, notation) and len(display.statements) > 1:
                found = with_family(notation, base, key, meant)
                names = notation.unread | {base.text}
                notation = found if found is not None else replace(notation, unread=names)
    return notation


def _is_known(name: s.Name, notation: Notation) -> bool:
    known = notation.letters.keys() | notation.scalars | notation.vectors.keys() | notation.costs
    known |= {notation.input, notation.target, "n"} | notation.constants.keys()
    return name.text in known or notation.function(name.text) is not None


def _with_changes(notation: Notation, display: s.Display) -> Notation:
    """Δv = -η∇C, and more after it: said of Δv, for what follows."""
    if len(display.statements) < 2:
        return notation
    for statement in display.statements:
        match statement:
            case s.Chain(
                sides=(s.Product(factors=(s.Name(text=r"\Delta"), s.Name(text=text))), step),
                relations=("=",),
            ) if text in notation.vectors:
                return replace(notation, changes={**notation.changes, text: step})
    return notation


VARIABLES = frozenset("xyztuvs")


def _has_variable(display: s.Display) -> bool:
    return any(isinstance(x, s.Name) and x.text in VARIABLES for x in s.walk(display))


def is_variable(name: str) -> bool:
    """Whether a letter can be any number."""
    return name in VARIABLES or name == str(ARGUMENT)
