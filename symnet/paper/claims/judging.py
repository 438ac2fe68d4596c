"""The verdict on a formula that has been read: claim by claim, first at numbers, then in general.

No shape fits in some network: ill-formed. A value differs: refuted, with the numbers. Else it is
`proved` if a proof is found for general layers, and `unknown` if not.
"""

import time
from dataclasses import replace

from symnet.paper.claims.proofs import proof
from symnet.paper.claims.statements import IN, Claim, claims_of
from symnet.paper.claims.trials import cases_of, difference, has_kinks, weights_of
from symnet.paper.claims.verdicts import ILL_FORMED, PROVED, REFUTED, UNKNOWN, Verdict
from symnet.paper.context.page import Page
from symnet.paper.formula import syntax as s
from symnet.paper.meaning.elaboration import Elaborator
from symnet.paper.meaning.reading import Layers
from symnet.paper.signs.misfits import Misfit, Missing, Unclear

IMPLICATIONS = {r"\Rightarrow", r"\implies", r"\Longrightarrow", r"\iff"}
LATE = "the time for one formula is over"
BUDGET = 6.0  # seconds, after which the search ends
MOST_ENTRIES = 400  # weights of a network that a formula is tried in
BEFORE_PROOF = 2  # networks in which a claim is tried before a proof is sought


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
