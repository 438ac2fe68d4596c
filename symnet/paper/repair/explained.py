"""A verdict with the kind of the error and its place: those of the edit that mends the formula."""

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from symnet.errors import SymnetError
from symnet.paper.books.convention_files import Convention
from symnet.paper.books.page_notation import understood
from symnet.paper.claims.agreed import agreed
from symnet.paper.claims.judging import BUDGET, judge
from symnet.paper.claims.statements import Claim, claims_of
from symnet.paper.claims.trials import cases_of, difference
from symnet.paper.claims.verdicts import ILL_FORMED, PROVED, Verdict
from symnet.paper.context.in_nielsens import in_nielsens
from symnet.paper.context.page import Page, page
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.repair.edits import edits, is_overloaded
from symnet.paper.repair.frames import ranges, steps_named
from symnet.paper.repair.places import Edit
from symnet.paper.signs.misfits import Misfit, Unclear

LAYERLESS = re.compile(r"^there is no .* at layer")
SWAPPED = "a weight has its subscripts exchanged: it does not lead from the one unit to the other"
REPAIR = 0.4  # seconds, after which no more edits are tried
BEFORE_REPAIR = 4  # networks in which an edit is tried


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


def swapped(
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


def mended(
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
