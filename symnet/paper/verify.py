"""verify: a printed formula in, a verdict out.

The formula is read, its statements are separated from the ranges they hold for, and each is given a
meaning at numbered layers of small networks whose widths differ from layer to layer. No shape fits:
ill-formed. A value differs: refuted, with the numbers. Else it is given its meaning once more for
general layers, and only what the kernel and the checker both prove there is `proved`; the rest is
`unknown`.
"""

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from symnet.errors import DanglingError, SymnetError, UnbalancedError
from symnet.paper.books import definition_files
from symnet.paper.books.convention_files import Convention, convention, names
from symnet.paper.books.page_notation import OTHER, understood
from symnet.paper.books.translation import KERNEL
from symnet.paper.claims.agreement import agrees
from symnet.paper.claims.proofs import proof
from symnet.paper.claims.statements import IN, Claim, claims_of
from symnet.paper.claims.trials import cases_of, difference, has_kinks, weights_of
from symnet.paper.claims.verdicts import (
    ILL_FORMED,
    PROVED,
    REFUTED,
    UNKNOWN,
    Counterexample,
    Trial,
    Verdict,
)
from symnet.paper.context.declarations import is_prose
from symnet.paper.context.page import (
    UNITS,
    Page,
    heads_of,
    in_nielsens,
    is_of_book,
    is_said_alike,
    page,
)
from symnet.paper.definitions.claims import verdict_by_definitions
from symnet.paper.definitions.own_layers import verdict_by_own_layers
from symnet.paper.formula import syntax as s
from symnet.paper.formula.plain_math import as_latex
from symnet.paper.formula.reader import read
from symnet.paper.habits.lenient import meant
from symnet.paper.habits.usual import is_of_notes
from symnet.paper.meaning.elaboration import PRODUCTS_FIRST, Elaborator
from symnet.paper.meaning.reading import Layers
from symnet.paper.repair.edits import edits, is_overloaded
from symnet.paper.repair.frames import brackets, ranges, steps_named, tails
from symnet.paper.repair.places import Edit
from symnet.paper.signs.misfits import Misfit, Missing, Unclear
from symnet.paper.signs.notation import LETTERS, spelled_out
from symnet.paper.steps.claims import steps_page
from symnet.paper.steps.momentum import DECLARED, as_steps
from symnet.paper.steps.repairs import repaired

__all__ = [
    "ILL_FORMED",
    "PROVED",
    "REFUTED",
    "UNKNOWN",
    "Counterexample",
    "Trial",
    "Verdict",
    "judge",
    "verify",
]

BROKEN = "something went wrong inside symnet, please report it"
INSIDE = (
    ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, NameError,
    NotImplementedError, SymnetError, TypeError, ValueError,
)  # fmt: skip
LAYERLESS = re.compile(r"^there is no .* at layer")
IMPLICATIONS = {r"\Rightarrow", r"\implies", r"\Longrightarrow", r"\iff"}
SETTING = ("activation", "cost", "output_activation", "depth", "bias")
# "activation h(a_j)": what comes before the formula.
WORDS_BEFORE = re.compile(
    r"^(?:[A-Za-z][A-Za-z-]+,? )+(?=[^ ]*[\\(_^])|\s+at (?:the|an) output\w*(?: unit)?s?$"
)
SHAPE = re.compile(
    r"^(?:an? )?\(?([^\s()]+)\)? (?:by|x|×|\\times) \(?([^\s()]+?)(\+1)?\)?(?: (?:array|matrix))?$"
)
SIZES = re.compile(r"\b[sSmMdDN]_(?=[{l])")
OF_BIAS = re.compile(r"(the )?bias( (row|column|unit|weight)s?)?", re.IGNORECASE)
ORDER = "w_jk is read as leading from k to j, which the page does not say: w_kj has no meaning"
SIGN = "δ is read as the negative derivative of the cost, which the page does not say"
PLACEHOLDER = ("dX", "dJ/dX")  # whatever X is, as the book has it
SWAPPED = "a weight has its subscripts exchanged: it does not lead from the one unit to the other"
LATE = "the time for one formula is over"
MOST_NODES = 4000  # signs and groups of a formula
BUDGET = 6.0  # seconds, after which the search ends
REPAIR = 0.4  # seconds, after which no more edits are tried
MOST_ENTRIES = 400  # weights of a network that a formula is tried in
BEFORE_PROOF = 2  # networks in which a claim is tried before a proof is sought
BEFORE_REPAIR = 4  # networks in which an edit is tried


def verify(
    latex: str, convention: str = "nielsen", context: Mapping[str, Any] | None = None
) -> Verdict:
    """The verdict on a formula as printed, under a convention and what a page declares."""
    started = time.perf_counter()
    try:
        found = _verdict(latex, convention, _in_texts(context or {}), started)
    except RecursionError:
        found = Verdict(UNKNOWN, "the formula is nested too deeply")
    except INSIDE as error:
        # One formula that nobody thought of does not stop a thousand others.
        found = Verdict(UNKNOWN, f"{BROKEN}: {type(error).__name__}: {error}"[:300])
    return replace(found, seconds=time.perf_counter() - started)


def _in_texts(context: Mapping[str, Any]) -> dict[str, Any]:
    """A context whose tables of symbols have texts alone."""
    return {
        key: {str(k): str(v) for k, v in said.items()} if isinstance(said, Mapping) else said
        for key, said in context.items()
    }


def _verdict(latex: str, convention: str, context: Mapping[str, Any], started: float) -> Verdict:
    try:
        display = read(latex)
    except UnbalancedError as error:
        span = (error.start, error.start + error.length)
        unbalanced = Verdict(ILL_FORMED, error.message, "unbalanced", span)
        return _mended(unbalanced, brackets(latex), latex, convention, context)
    except DanglingError as error:
        span = (error.start, error.start + error.length)
        dangling = Verdict(ILL_FORMED, error.message, "other", span)
        return _mended(dangling, tails(latex), latex, convention, context)
    except SymnetError as error:
        span = (error.start, error.start + error.length)
        return Verdict(UNKNOWN, error.message, None, span)
    if sum(1 for _ in s.walk(display)) > MOST_NODES:
        return Verdict(UNKNOWN, "the formula is too long", None, (display.start, display.end))
    by_steps = _of_steps(latex, convention, context, display)
    if by_steps is not None and by_steps.verdict != UNKNOWN:
        return by_steps
    deadline = started + BUDGET
    by_definitions = verdict_by_definitions(latex, display, convention, context, deadline)
    if by_definitions is not None and by_definitions.verdict == PROVED:
        return by_definitions
    if convention == "nielsen":
        by_own_layers = verdict_by_own_layers(display, context, deadline)
        if by_own_layers is not None and by_own_layers.verdict != UNKNOWN:
            return by_own_layers
    other = _of_layers(latex, convention, context, display, started)
    if by_definitions is not None and other.verdict != PROVED:
        return by_definitions if by_definitions.verdict != UNKNOWN else other
    return by_steps if by_steps is not None and other.verdict == UNKNOWN else other


def _of_layers(
    latex: str, convention: str, context: Mapping[str, Any], display: s.Display, started: float
) -> Verdict:
    """The verdict on a claim about a network and its layers."""
    try:
        book, context = understood(convention, context)
        if convention == OTHER and any(
            _is_new(key, book) and _is_declared(display, key, said)
            for key, said in _declared(context)
        ):
            return Verdict(PROVED, "it is how the page defines this symbol")
        context = _without_shapes(book, context)
        about = page(book, context, display, agreed(book, context))
    except Misfit as error:
        return Verdict(ILL_FORMED, str(error), error.kind, error.span)
    except SymnetError as error:
        if convention in definition_files.names():
            return Verdict(UNKNOWN, "not all that it names is declared on this page")
        return Verdict(UNKNOWN, error.message)
    judged, claim = judge(about.display, about, started + BUDGET)
    if judged.verdict == ILL_FORMED and book.otherwise is not None:
        second = _otherwise(book.otherwise, context, display, started, ORDER)
        if second is not None:
            return second
    if judged.verdict == REFUTED and book.opposite is not None:
        second = _otherwise(book.opposite, context, display, started, SIGN)
        if second is not None:
            return second
    if judged.verdict in (ILL_FORMED, UNKNOWN) and is_of_notes(book, context):
        second = _as_meant(about, started)
        if second is not None:
            return second
    if judged.verdict == ILL_FORMED and book.samples and _is_of_one_output(claim, about):
        reason = "it has a meaning for one output, and whether it is about one is not said"
        return Verdict(UNKNOWN, reason, None, judged.span, assumptions=about.assumptions)
    judged = _with_other_reading(judged, about, started)
    if claim is not None and judged.verdict in (REFUTED, ILL_FORMED):
        judged = explained(judged, claim, latex, book, context)
        if judged.verdict == REFUTED and about.every_unit:
            judged = _swapped(latex, about, book, context) or judged
    return replace(judged, assumptions=(*about.assumptions, *judged.assumptions))


def _is_of_one_output(claim: Claim | None, about: Page) -> bool:
    """Whether a claim says what the cost is, by a formula without neurons: 𝓛(ŷ, y) = …"""
    if claim is None or claim.right is None:
        return False
    names = [x for x in s.walk(claim.left) if isinstance(x, s.Name)]
    letters = {x.text for x in s.walk(claim.right) if isinstance(x, s.Name)}
    says = bool(names) and about.notation.is_cost(names[0])
    return says and about.notation.target in letters


def _with_other_reading(judged: Verdict, about: Page, started: float) -> Verdict:
    """The verdict with a note on what it would be if ⊙ were taken before matrix products."""
    if PRODUCTS_FIRST not in judged.notes or judged.verdict not in (PROVED, REFUTED):
        return judged
    notation = replace(about.notation, entrywise_first=True)
    other, _ = judge(about.display, replace(about, notation=notation), started + BUDGET)
    if other.verdict not in (PROVED, REFUTED) or other.verdict == judged.verdict:
        return judged
    note = f"if ⊙ were taken before matrix products it would be {other.verdict}"
    return replace(judged, notes=(*judged.notes, note))


def _of_steps(
    latex: str, name: str, context: Mapping[str, Any], display: s.Display
) -> Verdict | None:
    """The verdict on a claim about a method's steps or about expectations; None if it is none."""
    made = _of_momentum(name, context, display)
    if made is not None:
        # Of a weight that moves with momentum: as that of a parameter that has no units.
        claim = steps_page("nielsen", made[1], made[0])
        return claim.verdict() if claim is not None else None
    claim = steps_page(name, context, display)
    if claim is None:
        return None
    judged = claim.verdict()
    if judged.verdict != REFUTED:
        return judged
    found = repaired(latex, name, context)
    if found is None:
        return judged
    edit = found.edit
    span = (edit.start, max(edit.end, edit.start + 1))
    return replace(judged, error_kind=edit.kind, span=span, suggestion=found.text)


MOMENTUM = re.compile(r"momentum", re.IGNORECASE)


def _of_momentum(
    name: str, context: Mapping[str, Any], display: s.Display
) -> tuple[s.Display, Mapping[str, Any]] | None:
    """A claim of a book of units about momentum, and its context; None if it is of another kind."""
    said = dict(_declared(context))
    words = " ".join([*said.values(), str(context.get("rule", "")), str(context.get("method", ""))])
    if not MOMENTUM.search(words) or name == "other" or name not in names():
        return None
    made = as_steps(display, convention(name))
    if made is None:
        return None
    letters = {x.text for x in s.walk(display) if isinstance(x, s.Name)}
    kept = {k: v for k, v in said.items() if k in letters}
    method = {"method": "gradient descent with momentum"}
    return made, {"declared": {**kept, **DECLARED, **method}}


def agreed(book: Convention, context: Mapping[str, Any]) -> frozenset[str]:
    """The keys of what is declared as the convention has it: in words, or proved in LaTeX."""
    setting = {k: context[k] for k in SETTING if k in context}
    if not book.translation.rules:
        return _agreed_with_nielsen(book, context, tuple(sorted(setting.items())))
    # z_j = h(a_j) is said of hidden units, where outputs are said to be others.
    hidden = {k: v for k, v in setting.items() if k != "output_activation"}
    settings = [tuple(sorted(x.items())) for x in (setting, hidden)]
    found = set()
    for table in ("definitions", "declared"):
        entries = context.get(table) or {}
        for key, said in entries.items() if isinstance(entries, Mapping) else ():
            if ((key, said) == PLACEHOLDER and book.samples) or (
                book.absorbed_bias and OF_BIAS.fullmatch(str(key)) and is_prose(str(said))
            ):
                found.add(key)
            if not is_of_book(str(key), book) or not is_said_alike(str(key), str(said), book):
                continue
            if (is_prose(str(said)) and not re.search(r"[\\=_^]", str(said))) or all(
                is_prose(part)
                or UNITS.search(part)
                or any(_is_proved(part, book, x) for x in dict.fromkeys(settings))
                for part in _parts(str(key), str(said), book.absorbed_bias)
            ):
                found.add(key)
    return frozenset(found)


def _agreed_with_nielsen(
    book: Convention, context: Mapping[str, Any], setting: tuple[tuple[str, Any], ...]
) -> frozenset[str]:
    """The same for Nielsen's own symbols, of which less is said in words."""
    found = set()
    for key, said in _declared(context):
        if re.fullmatch(r"[a]\^\{?\(?[01]\)?\}?", key) and said.strip() in (
            "x",
            "input",
            "the input",
        ):
            found.add(key)  # how layers are counted; a formula with numbers is read as Nielsen's
        if (heads_of(key) and all(x in LETTERS for x in heads_of(key))) or agrees(key, said):
            sizes = re.fullmatch(r"\(([^,()]+), ?([^,()]+)\)", said.strip())
            shape = f"{sizes[1]} x {sizes[2]}" if sizes else said
            parts = list(_parts(key, shape, absorbed=False))
            if all(agrees(key, x) or _is_proved(as_latex(x), book, setting) for x in parts):
                found.add(key)
    return frozenset(found)


def _otherwise(
    book: Convention, context: Mapping[str, Any], display: s.Display, started: float, note: str
) -> Verdict | None:
    """The verdict if a page that has no meaning one way is proved the other way."""
    try:
        about = page(book, context, display, agreed(book, context))
    except SymnetError:
        return None
    judged, _ = judge(about.display, about, started + BUDGET)
    if judged.verdict != PROVED:
        return None
    return replace(judged, notes=(*judged.notes, note), assumptions=about.assumptions)


def _as_meant(about: Page, started: float) -> Verdict | None:
    """The verdict if a formula whose products have no shape is proved as it is meant."""
    found = meant(about.display)
    if found is None:
        return None
    judged, _ = judge(found.display, replace(about, display=found.display), started + BUDGET)
    if judged.verdict != PROVED:
        return None
    notes = (*judged.notes, *found.notes)
    return replace(judged, notes=notes, assumptions=about.assumptions)


def _declared(context: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for table in ("definitions", "declared"):
        entries = context.get(table) or {}
        if isinstance(entries, Mapping):
            for key, said in entries.items():
                yield str(key), str(said)


def _is_new(key: str, book: Convention) -> bool:
    """Whether a page may define a symbol as it likes: a change Δw, or a letter without a meaning.

    What ∂C/∂w or δ is follows from the network, whatever a page says.
    """
    try:
        (node,) = read(key).statements
    except (SymnetError, ValueError):
        return False
    match node:
        case s.Product(
            factors=(s.Name(text=r"\Delta"), s.Name() | s.Scripted()), operators=("", "")
        ):
            return True
    base = node.base if isinstance(node, s.Scripted) else node
    known = book.translation.by_name.keys() | KERNEL | book.translation.functions
    return isinstance(base, s.Name) and spelled_out(base) not in known


def _is_declared(display: s.Display, key: str, said: str) -> bool:
    """Whether a formula is an equation that the page declares, sign by sign but for dots."""
    try:
        stated = read(f"{key} = {said}")
    except SymnetError:
        return False
    one, other = (re.sub(r"\\cdot ", "", s.spell(x)) for x in (display, stated))
    return one == other


def _without_shapes(book: Convention, context: Mapping[str, Any]) -> Mapping[str, Any]:
    """The context without the shapes that follow from what the book says."""
    shapes = context.get("shapes")
    if not isinstance(shapes, Mapping) or not book.translation.rules:
        return context
    setting = tuple(sorted((k, context[k]) for k in SETTING if k in context))
    left = {}
    for keys, shape in shapes.items():
        sides = re.fullmatch(r"\(([^,()]+),([^,()]+)\)", str(shape).strip())
        for key in str(keys).split(","):
            formula = rf"{key} \in \mathbb{{R}}^{{{sides[1]} \times {sides[2]}}}" if sides else ""
            if not formula or not _is_proved(formula, book, setting):
                left[key] = shape
    rest = {k: v for k, v in context.items() if k != "shapes"}
    return {**rest, "shapes": left} if left else rest


def _parts(key: str, said: str, absorbed: bool) -> Iterator[str]:
    """What is declared of a symbol, part by part: words as they are, formulas as equations."""
    parts, keys = (re.split(r",(?![^{(]*[})])", x) for x in (said, key))
    for at, part in enumerate(parts):
        key = keys[at] if len(keys) == len(parts) else keys[0]
        formula = re.sub(WORDS_BEFORE, "", part.strip())
        shape = SHAPE.match(part.strip())
        if UNITS.search(part):
            yield part  # of whom `is_said_alike` has judged
        elif shape is not None:
            one, other = (SIZES.sub("n_", x) for x in shape.groups()[:2])
            # A column more for the biases is left out.
            other += "" if shape[3] is None or absorbed else shape[3]
            yield rf"{key} \in \mathbb{{R}}^{{{one} \times {other}}}"
        elif is_prose(formula) or "=" in re.sub(r"\{[^{}]*\}", "", formula):
            yield formula
        else:
            yield f"{key} = {formula}"


@lru_cache(maxsize=1000)
def _is_proved(latex: str, book: Convention, setting: tuple[tuple[str, Any], ...]) -> bool:
    try:
        display = read(latex)
        about = page(book, dict(setting), display)
        verdict, _ = judge(about.display, about, time.perf_counter() + 1)
    except SymnetError:
        return False
    return verdict.verdict == PROVED


# --- judging -------------------------------------------------------------------------------


def judge(display: s.Display, about: Page, deadline: float) -> tuple[Verdict, Claim | None]:
    """The verdict on a formula that has been read, and the claim that it is about."""
    try:
        found = claims_of(display, about)
    except Unclear as error:
        return Verdict(UNKNOWN, str(error), None, error.span), None
    except Misfit as error:
        return Verdict(ILL_FORMED, str(error), error.kind, error.span), None
    if not found:
        nothing = (display.start, display.end)
        return Verdict(UNKNOWN, "nothing is claimed here", None, nothing), None
    notes: list[str] = []
    unclear: Verdict | None = None
    for claim in found:
        if time.perf_counter() > deadline:
            return Verdict(UNKNOWN, LATE, None, claim.span), None
        verdict = _judged(claim, about, deadline, notes)
        if verdict.verdict == REFUTED and claim.relation == IN:
            # That something has another shape is a clash of shapes.
            verdict = replace(verdict, verdict=ILL_FORMED, error_kind="shape", counterexample=None)
        if verdict.verdict in (REFUTED, ILL_FORMED):
            if claim is not found[-1] and _is_premise(claim, display):
                reason = "what follows holds under a condition, which is not judged"
                return Verdict(UNKNOWN, reason, None, verdict.span, notes=tuple(notes)), claim
            if claim.restricted:
                reason = "it does not always hold, and not all that stands beside it was understood"
                return Verdict(UNKNOWN, reason, None, verdict.span, notes=tuple(notes)), claim
            # What C is changes no shape.
            if about.unread and not (about.for_all and verdict.verdict == ILL_FORMED):
                reason = f"it does not hold as far as it was read, but {about.unread} was not read"
                return Verdict(UNKNOWN, reason, None, verdict.span, notes=tuple(notes)), claim
            return replace(verdict, notes=tuple(dict.fromkeys(notes))), claim
        if verdict.verdict == UNKNOWN:
            unclear = unclear or verdict
    if unclear is not None:
        return replace(unclear, notes=tuple(dict.fromkeys(notes))), None
    if about.unread and not about.for_all:
        reason = f"it holds as far as it was read, but {about.unread} was not read"
        return Verdict(UNKNOWN, reason, None, notes=tuple(dict.fromkeys(notes))), None
    how = "it holds for all widths" if about.general else "it holds for these widths"
    if not about.notation.letters:
        how = "it holds wherever both sides have a value"
    return Verdict(PROVED, how, notes=tuple(dict.fromkeys(notes))), None


def _is_premise(claim: Claim, display: s.Display) -> bool:
    """δ = 0 ⇒ …: that a quantity is a number is no claim about networks."""
    implies = any(sign in IMPLICATIONS for sign in display.separators)
    return implies and isinstance(claim.right, s.Number | s.Name)


def explained(
    judged: Verdict, claim: Claim, latex: str, book: Convention, context: Mapping[str, Any]
) -> Verdict:
    """The verdict with the kind of the error and its place: those of the edit that mends it."""
    known = agreed(book, context)
    about = page(book, context, read(latex), known)
    fixed = judged.error_kind if judged.error_kind in ("missing-term", "other") else None
    if is_overloaded(claim, about.notation):
        judged, fixed = replace(judged, error_kind="overloaded-symbol"), "overloaded-symbol"
    if judged.error_kind == "wrong-range" and claim.ranges:
        fixed = "wrong-range"
    at = claims_of(about.display, about).index(claim)
    # The time of this process: what is found must not depend on how busy the machine is.
    deadline = time.process_time() + REPAIR
    for edit in _edits(latex, as_printed(claim, latex), about, fixed):
        if time.process_time() > deadline:
            break
        text = edit.applied(latex)
        around = edit.kind in ("wrong-range", "overloaded-symbol") and fixed is not None
        if not (around or _may_hold(text, at, book, about)):
            continue
        if not _is_right(text, book, context, known):
            continue
        kind = fixed or edit.kind
        if judged.verdict == ILL_FORMED and kind in ("factor", "other") and fixed is None:
            kind = "shape"
        # What nobody declared, or what is missing, is where it was met.
        span = judged.span if fixed in ("missing-term", "other") else _span(edit, latex)
        return replace(judged, error_kind=kind, span=span, suggestion=text)
    if fixed is not None:
        return replace(judged, error_kind=fixed)
    kind = judged.error_kind or "other"
    if kind == "wrong-range" and LAYERLESS.search(judged.reason):
        kind = "layer-offset"
    return replace(judged, error_kind=kind, reason=judged.reason + _hint(about, latex, context))


def _swapped(
    latex: str, about: Page, book: Convention, context: Mapping[str, Any]
) -> Verdict | None:
    """The verdict on a formula that holds once the subscripts of a weight are exchanged.

    Where layers are known by letters alone, those of the formula that holds are meant, and there
    the weight has no such entry.
    """
    places = []
    for node in s.walk(read(latex)):
        match node:
            case s.Scripted(
                base=s.Name(text=base),
                sub=s.Product(factors=(one, other)) | s.Listed(items=(one, other)),
            ) if about.source.letters.get(base) == "w":
                places.append((one, other))
    places = list(dict.fromkeys(places))
    known = agreed(book, context)
    for chosen in [[x] for x in places] + [places]:
        text = latex
        for one, other in sorted(chosen, key=lambda x: -x[0].start):
            text = (
                text[: one.start]
                + text[other.start : other.end]
                + text[one.end : other.start]
                + text[one.start : one.end]
                + text[other.end :]
            )
        try:
            right = page(book, context, read(text), known)
        except SymnetError:
            continue
        judged, _ = judge(right.display, right, time.perf_counter() + REPAIR)
        if judged.verdict == PROVED:
            span = (chosen[0][0].start, chosen[0][1].end)
            return Verdict(ILL_FORMED, SWAPPED, "index-swap", span, suggestion=text)
    return None


def _edits(latex: str, claim: Claim, about: Page, fixed: str | None) -> Iterator[Edit]:
    """The edits to try: of what is around a claim first, where the error is there."""
    if fixed == "overloaded-symbol" and claim.right is not None:
        between = latex[claim.left.end : claim.right.start]
        yield from steps_named(claim.left, latex, claim.left.end + len(between))
    if fixed == "wrong-range":
        yield from ranges(latex)
    yield from edits(latex, claim, about.source)


def _span(edit: Edit, latex: str) -> tuple[int, int]:
    """The place of an edit without the space around it."""
    inside = latex[edit.start : edit.end]
    start = edit.start + len(inside) - len(inside.lstrip())
    return start, max(start + len(inside.strip()), start + 1)


def _mended(
    judged: Verdict,
    tried: Iterator[Edit],
    latex: str,
    convention: str,
    context: Mapping[str, Any],
) -> Verdict:
    """The verdict on what cannot be read, with the first edit that makes it readable and proved."""
    deadline = time.process_time() + REPAIR
    for edit in tried:
        if time.process_time() > deadline:
            break
        text = edit.applied(latex)
        try:
            display = read(text)
            book, said = understood(convention, context)
        except SymnetError:
            continue
        del display
        if _is_right(text, book, said, agreed(book, said)):
            return replace(judged, suggestion=text)
    return judged


def _may_hold(text: str, at: int, book: Convention, about: Page) -> bool:
    """Whether a claim of an edited formula has a meaning and holds at numbers, as far as tried."""
    try:
        found = claims_of(in_nielsens(read(text), book), about)
    except SymnetError:
        return False
    return len(found) > at and _seems_right(found[at], about)


def _is_right(
    text: str, book: Convention, context: Mapping[str, Any], known: frozenset[str]
) -> bool:
    """Whether an edited formula is proved, all that it says."""
    try:
        display = read(text)
        about = page(book, context, display, known)
    except SymnetError:
        return False
    verdict, _ = judge(about.display, about, time.perf_counter() + BUDGET)
    return verdict.verdict == PROVED


def as_printed(claim: Claim, latex: str) -> Claim:
    """A claim with the author's own nodes, found again by their places."""
    nodes: dict[tuple[int, int], s.Node] = {}
    for node in s.walk(read(latex)):
        nodes.setdefault((node.start, node.end), node)
    left = nodes.get((claim.left.start, claim.left.end), claim.left)
    right = claim.right and nodes.get((claim.right.start, claim.right.end), claim.right)
    return replace(claim, left=left, right=right)


def _hint(about: Page, latex: str, context: Mapping[str, Any]) -> str:
    """What a reader may have left out: a formula of one cost does not hold for every cost."""
    setting = about.setting
    if "cost" not in context and setting.cost is None and re.search(r"(?<![a-zA-Z\\])y", latex):
        return "; C is arbitrary here: with another cost, declare it, such as cost=quadratic"
    if "activation" not in context and setting.activation is None and "sigma" in latex:
        return "; σ is arbitrary here: with another σ, declare it, such as activation=sigmoid"
    return ""


def _seems_right(claim: Claim, about: Page) -> bool:
    """Whether a claim has a meaning in the first networks, and holds there."""
    try:
        for at, case in enumerate(cases_of(claim, about, [])):
            if at >= BEFORE_REPAIR:
                break
            if difference(claim, about, case, surely=False) is not None:
                return False
    except (Misfit, Unclear):
        return False
    return True


def _judged(claim: Claim, about: Page, deadline: float, notes: list[str]) -> Verdict:
    """First shapes in all networks, then numbers in one or two, a proof, and more numbers."""
    try:
        cases = list(cases_of(claim, about, notes))
    except Missing as error:
        return Verdict(ILL_FORMED, str(error), "wrong-range", error.span)
    except Misfit as error:
        general = _general_misfit(claim, about) or error
        return Verdict(ILL_FORMED, str(general), error.kind, error.span)
    except Unclear as error:
        return Verdict(UNKNOWN, str(error), None, error.span)
    why = "nothing is known of it"
    if any(weights_of(case.layers.widths or ()) > MOST_ENTRIES for case in cases):
        if proof(claim, about):
            reason = "these widths are too large to try it at numbers, and no proof was found"
            return Verdict(UNKNOWN, reason, None, claim.span)
        return Verdict(PROVED, "")
    for at, case in enumerate(cases):
        if time.perf_counter() > deadline:
            return Verdict(UNKNOWN, LATE, None, claim.span)
        met = difference(claim, about, case)
        if met is not None:
            return replace(met, span=claim.span)
        if at == min(BEFORE_PROOF, len(cases)) - 1:
            why = proof(claim, about)
            if not why:
                if any(has_kinks(case) for case in cases[:1]):
                    notes.append("functions with kinks are compared off their kinks")
                return Verdict(PROVED, "")
    return Verdict(UNKNOWN, f"no counterexample was found, and no proof: {why}", None, claim.span)


def _general_misfit(claim: Claim, about: Page) -> Misfit | None:
    """The same clash in the letters of the formula: n_l and n_{l+1}, not 2 and 4."""
    if not about.general:
        return None
    try:
        claim.sides(Elaborator(claim.notation or about.notation, Layers()))
    except Misfit as misfit:
        return misfit
    except Unclear:
        return None
    return None
