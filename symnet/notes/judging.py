r"""A document's equations judged, each under the convention in which its forward equations hold.

A finding is said only where no reading that fits the document makes the formula right: each claim
is tried under every convention under which the forward equations hold, and in every context that
the document may mean. What is left is an error if the formula is one about the network, all of its
symbols are understood, and either an edit is known that makes it right or the convention is beyond
doubt.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from symnet.network.functions import ACTIVATIONS
from symnet.notes import (
    arithmetic,
    by_definitions,
    costs,
    cross_entropy,
    named_functions,
    systems,
    written_out,
)
from symnet.notes.about import (
    at_any_number,
    changed_in,
    has_changes,
    has_functions_of_layers,
    has_numbered_neurons,
    has_quantities,
    is_about,
    is_activation,
    is_claim,
    is_linear_output,
    is_membership,
    is_numbered,
    is_of_functions,
    is_of_means,
    is_of_one_layer,
    is_rounded,
    is_transposed,
    is_turned,
    is_variant,
    needs_of,
    new_symbol,
    step_of,
)
from symnet.notes.candidates import (
    FREQUENT,
    STANDARD,
    Candidate,
    candidates,
    contexts,
    of_book,
    supposed_contexts,
)
from symnet.notes.chain_rule import is_product, without_chains
from symnet.notes.declared import COSTS, NAMES, WEIGHTS, Declared, base_of, declared, slope_of
from symnet.notes.document import Document, Prose
from symnet.notes.findings import (
    CLAIM,
    DEFINITION,
    MENTION,
    OTHER,
    RULES,
    UNREAD,
    Edit,
    Equation,
    Finding,
)
from symnet.notes.statements import (
    Statement,
    last_letter,
    left_to_right,
    statements,
    width_letter,
)
from symnet.notes.systems import System
from symnet.paper.books.page_notation import OTHER as OTHER_BOOK
from symnet.paper.claims.verdicts import ILL_FORMED, PROVED, REFUTED, UNKNOWN, Verdict
from symnet.paper.formula import syntax as s
from symnet.paper.meaning.elaboration import PRODUCTS_FIRST
from symnet.paper.verify import SIGN, verify

# A formula, a convention, a context, and whether an edit is looked for that makes it right.
Judge = Callable[[str, str, Mapping[str, Any], bool], Verdict]
WRONG = (REFUTED, ILL_FORMED)
DEFINITIONS = "definitions"  # instead of a convention: what the document itself defines
SURE = 3  # equations that hold, for a convention to be beyond doubt
NEAR = 5  # verdicts before and behind another that speak for its convention, or against it
PRINTED = ("sigmoid", "tanh", "ReLU", "softplus")  # activations as the reader knows them
MOST_ANCHORS = 6  # forward equations by which a convention is found
MOST_FITTING = 2  # conventions in which a claim is tried
MOST_SUPPOSED = 2  # conventions in which a claim may hold by what is only mentioned
MOST_REPAIRS = 3  # readings of a wrong formula in which an edit is looked for


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is made of one statement."""

    statement: Statement
    role: str
    verdict: Verdict | None = None
    supposed: tuple[tuple[str, str], ...] = ()  # what it holds for: activation, output, cost
    system: System | None = None  # by whose definitions it is judged, instead of a convention's
    alone: str = ""  # the rule that it breaks, whatever the network is

    @property
    def holds(self) -> bool:
        return self.verdict is not None and self.verdict.holds

    @property
    def is_settled(self) -> bool:
        """Whether nothing more is asked: it holds, or it says nothing that could be judged."""
        return self.verdict is None or self.verdict.holds


@dataclass(frozen=True, slots=True)
class Judged:
    """A document's statements, each with its judgement, and what they were judged by."""

    known: Declared
    candidate: Candidate
    judgements: tuple[Judgement, ...]
    wanted: bool = False  # whether somebody said that it is this convention
    forward: int = 0  # forward equations that hold under it

    @property
    def is_in_a_book(self) -> bool:
        """Whether a convention was needed: not all that was judged follows from definitions."""
        judged = [x for x in self.judgements if x.verdict is not None]
        return self.wanted or not judged or any(x.system is None for x in judged)

    @property
    def fits(self) -> bool:
        """Whether the convention is wanted, or a forward equation holds under it."""
        return self.wanted or self.forward > 0


def verdict(text: str, convention: str, context: Mapping[str, Any], repair: bool) -> Verdict:
    """The judge that everything here asks: by a book, or by a document's own definitions."""
    if convention == DEFINITIONS:
        return by_definitions.verdict(text, context, repair)
    return verify(text, convention, context, repair=repair)


# Symbols of a document's own: in which statement, and as what, each is defined.
Own = tuple[int, str]
# What is wrong whatever the network is, by its place: the rule that it breaks, and the verdict.
Alone = Mapping[tuple[str, int], tuple[str, Verdict]]
# Applies a function to many things, perhaps in several processes.
Mapper = Callable[[Callable[[Statement], Judgement], Sequence[Statement]], Iterable[Judgement]]


@dataclass(frozen=True, slots=True)
class Task:
    """All that a statement is judged by; it goes to other processes."""

    known: Declared
    fitting: tuple[Candidate, ...]
    own: Mapping[str, Own]
    systems: Mapping[int, tuple[System, ...]]  # of the statements, by their numbers
    numbers: Mapping[tuple[str, int], int]  # of the statements, by their places
    costs: Mapping[tuple[str, int], Verdict | None]  # what is said of a cost in several ways
    alone: Alone
    judge: Judge = verdict

    def __call__(self, statement: Statement) -> Judgement:
        if statement.place in self.alone:
            rule, wrong = self.alone[statement.place]
            return Judgement(statement, CLAIM, wrong, alone=rule)
        if statement.place in self.costs and statement.place in self.known.defining:
            found = self.costs[statement.place]
            return Judgement(statement, DEFINITION if found is None else CLAIM, found)
        at = self.numbers[statement.place]
        before = {key: said for key, (number, said) in self.own.items() if number < at}
        ask = _remembering(self.judge)
        by_own = _by_definitions(statement, self.systems.get(at, ()), ask)
        if by_own is not None and by_own.is_settled and not self._is_of_a_layer(by_own):
            return by_own
        known = self.known.near(statement.place)
        by_book = _of(statement, self.fitting, known, before, ask)
        if by_own is None or by_book.role == DEFINITION or by_book.holds:
            return by_book
        if by_own.is_settled and (by_book.verdict is None or by_book.verdict.suggestion is None):
            return by_own
        return by_book if by_own.is_settled else by_own

    def _is_of_a_layer(self, found: Judgement) -> bool:
        """Whether it defines nothing: z^3 = W^3 a^2 + b^2, where it is said what every layer is."""
        general = any(not is_of_one_layer(x) for x in self.known.anchors)
        return found.role == DEFINITION and general and is_of_one_layer(found.statement)


def judged(
    document: Document, wanted: str = "auto", judge: Judge = verdict, mapper: Mapper = map
) -> Judged:
    """All statements of a document judged; `wanted` is a convention, or auto."""
    letters = last_letter(document.formulas), width_letter(document.formulas)
    said = [x for each in document.formulas for x in statements(each, document.macros, *letters)]
    prose = " ".join(piece.text for piece in document.pieces if isinstance(piece, Prose))
    ask = _remembering(judge)
    known = _with_names(declared(said, prose), ask)
    alone = _alone(said, known, prose, ask)
    fitting = tuple(_fitting(candidates(known, wanted), said, known, ask))
    own: dict[str, Own] = {}
    for number, statement in enumerate(said):
        if new := new_symbol(statement, known):
            own.setdefault(new[0], (number, new[1]))
    numbers = {x.place: n for n, x in enumerate(said)}
    twice = costs.told(said)
    mended = {place: found.suggestion for place, (_, found) in alone.items() if found.suggestion}
    meant = [x.meaning(mended[x.place]) if x.place in mended else x for x in said]
    of_own = systems.systems(meant, known)
    task = Task(known, fitting, own, of_own, numbers, twice, alone, judge)
    found = tuple(mapper(task, said))
    forward = sum(_first(x, fitting[0], known, ask).holds for x in known.anchors[:MOST_ANCHORS])
    unsure = Judged(known, fitting[0], _consistent(found), wanted != "auto", forward)
    return replace(unsure, judgements=_certain(unsure))


def _alone(said: Sequence[Statement], known: Declared, prose: str, ask: Judge) -> Alone:
    """What is wrong whatever the network is."""
    logistic = {letter for letter, names in known.named.items() if set(names) == {"sigmoid"}}
    if r"\sigma" not in known.named and _LOGISTIC.search(prose):
        logistic.add(r"\sigma")
    found: dict[tuple[str, int], tuple[str, Verdict]] = {}
    for rule, told in (
        ("named-function", named_functions.told(said, ask, logistic)),
        ("arithmetic", arithmetic.told(said, logistic)),
        ("index-order", written_out.told(said)),
        ("cross-entropy", cross_entropy.told(said)),
    ):
        found |= {place: (rule, verdict) for place, verdict in told.items()}
    return found


_LOGISTIC = re.compile(r"(?i)sigmoid|logistic|sigmoïd|逻辑")


def _with_names(known: Declared, ask: Judge) -> Declared:
    """What is declared, with the names of the activations that formulas are given of."""
    named: dict[str, tuple[str, ...]] = {}
    for letter, argument, formula in known.formulas:
        found = [
            NAMES[name]
            for name in PRINTED
            if ask(rf"{formula} = \mathrm{{{name}}}({argument})", "nielsen", {}, False).holds
        ]
        named[letter] = (*named.get(letter, ()), *found[:1])
    names = [name for several in named.values() for name in several]
    if known.hidden:
        hidden, others = known.hidden, names
    else:
        hidden, others = (names[0] if names else ""), names[1:]
    output = known.output or (others[0] if len({*others, hidden} - {""}) == 2 else "")
    return replace(known, named=named, hidden=hidden, output=output)


def _consistent(found: tuple[Judgement, ...]) -> tuple[Judgement, ...]:
    """Claims that hold for an activation or a cost that others exclude are not understood."""
    counts = Counter(x.supposed for x in found if x.supposed)
    kept: dict[str, str] = {}
    for supposed, _ in counts.most_common():
        said = dict(supposed)
        if all(kept.get(key, value) == value for key, value in said.items()):
            kept |= said
    return tuple(
        replace(x, role=UNREAD, verdict=NOT_SUPPOSED)
        if any(kept.get(key, value) != value for key, value in x.supposed)
        else x
        for x in found
    )


def _certain(judged: Judged) -> tuple[Judgement, ...]:
    """What is wrong only as far as it was read is not understood, and no error.

    A formula is one if an edit is known that makes it right; or if most of what the document says
    holds as it was read, so that its convention is beyond doubt.
    """
    known = judged.known
    slopes = {x.place for x in known.slopes}
    defined = [x for x in judged.judgements if x.statement.place in slopes]
    if any(not _is_settled(x) and not is_variant(x.statement) for x in defined):
        # What δ is was not understood: then nothing is known of it.
        known = replace(known, odd=known.odd | {"δ"})
    found = tuple(
        replace(x, role=UNREAD, verdict=NOT_JUDGED) if _is_odd(x, known) else x
        for x in judged.judgements
    )
    # What holds by the document's own definitions says nothing of a convention, and the forward
    # equations hold by both.
    anchored = known.anchored
    by_book = [
        (at, x.verdict)
        for at, x in enumerate(found)
        if x.verdict is not None
        and x.role != OTHER
        and not x.alone
        and (x.system is None or x.statement.place in anchored)
    ]
    others = [x for at, x in by_book if found[at].statement.place not in anchored]
    holds = judged.forward + sum(x.holds for x in others)

    def is_sure(at: int) -> bool:
        """Whether the convention is beyond doubt there: a section may have one of its own."""
        before = [x for where, x in by_book if where <= at][-NEAR:]
        near = [*before, *[x for where, x in by_book if where > at][:NEAR]]
        wrong = sum(x.verdict in WRONG and not _is_never_sure(x) for x in near)
        fits = judged.fits and holds >= SURE
        return judged.wanted or (fits and sum(x.holds for x in near) >= wrong)

    return tuple(
        replace(x, role=UNREAD)
        if x.role == CLAIM
        and not x.alone
        and x.statement.node is not None
        and x.verdict is not None
        and x.verdict.verdict in WRONG
        and not _is_understood(x, x.verdict, is_sure(at), judged)
        else x
        for at, x in enumerate(found)
    )


def _is_settled(found: Judgement) -> bool:
    """Whether a definition holds under the convention, or is told to be wrong."""
    if found.verdict is None:
        return False
    return found.verdict.holds or (found.role == CLAIM and found.verdict.verdict in WRONG)


# What is no error of the formula, or may be none: "= f(x)" goes on with what stands above it, and
# x_{ij} may be entry j of sample i where x_j is entry j elsewhere.
NEVER_SURE = (
    "not declared", "would have to count", "one side of this is missing", "has one index",
    "more than two axes", "has no layer here",
)  # fmt: skip
# A layer with a number may be the last one, and a network that is not described has any widths.
_OF_A_WIDTH = re.compile(
    r"n_\w+ × 1, the right side is \d+ × 1"
    r"|n_\d+ × 1 and n_L |n_L × 1 and n_\d+ |left side is \d+ and the right side \d+ in a network"
)
# ∂a/∂z of a function taken entry by entry is often written as the row of its slopes.
_JACOBIAN = re.compile(r"left side is (n_[\w+-]+) × \1, the right side is (1 × \1|\1 × 1)$")
# ∂z/∂x of two vectors is laid out in rows by some and in columns by others.
_TURNED = re.compile(r"left side is (\S+) × (\S+), the right side is \2 × \1$")
# ∂z/∂b = 1 is said of the identity.
_IDENTITY = re.compile(r"left side is (n_[\w+-]+) × \1, the right side is a number$")
NOT_SUPPOSED = Verdict(
    UNKNOWN, "it holds for an activation or a cost of which the document does not say that it is so"
)
UPHILL = Verdict(REFUTED, by_definitions.UPHILL, "sign")
STEP = Verdict(PROVED, "it is a step of gradient descent")
LEFT_TO_RIGHT = "the products are read from left to right: matrix products before ⊙ do not fit"
THROUGH_LAYERS = Verdict(PROVED, "it is the chain rule, as it is written, through whole layers")
NOT_JUDGED = Verdict(UNKNOWN, "it is about something that the document defines in its own way")


def _is_odd(found: Judgement, known: Declared) -> bool:
    """Whether a claim is about what the document defines otherwise than it can be judged."""
    if found.role not in (CLAIM, DEFINITION) or found.statement.node is None or not known.odd:
        return False
    if found.verdict is None or found.statement.place in known.anchored:
        return False
    nodes = tuple(s.walk(found.statement.node))
    letters = {base_of(x) for x in nodes if isinstance(x, s.Name | s.Scripted)}
    if "network" in known.odd and letters & {r"\delta", r"\partial", r"\nabla"}:
        return True
    if "δ" in known.odd and r"\delta" in letters:
        return True
    return "penalty" in known.odd and bool(letters & WEIGHTS & changed_in(found.statement))


def _is_of_vectors(statement: Statement) -> bool:
    """Whether it says what the derivative of a vector by a vector is."""
    slope = slope_of(statement.sides[0]) if statement.sides else None
    return slope is not None and base_of(slope[1]) not in COSTS and base_of(slope[2]) not in WEIGHTS


_TARGET = re.compile(r"(?<![A-Za-z\\])[yt]_\{?([a-z])\}?")


def _is_of_outputs(statement: Statement, judged: Judged) -> bool:
    """Whether it has the error of outputs, k of y_k - t_k, where only this letter says so."""
    if judged.candidate.convention != OTHER_BOOK or any("^" in x for x in judged.known.forward):
        return False
    letters = {x for cost in judged.known.costs for x in _TARGET.findall(cost)}
    return any(
        isinstance(x, s.Name) and x.text in letters
        for node in (s.walk(statement.node) if statement.node is not None else ())
        if isinstance(node, s.Scripted) and node.sub is not None and base_of(node) == r"\delta"
        for x in s.walk(node.sub)
    )


def _is_never_sure(verdict: Verdict) -> bool:
    return any(each in verdict.reason for each in NEVER_SURE)


def _is_understood(found: Judgement, verdict: Verdict, sure: bool, judged: Judged) -> bool:
    """Whether what is wrong is the formula, and not how it was read."""
    statement, known = found.statement, judged.known.near(found.statement.place)
    if verdict.suggestion is None and _JACOBIAN.search(verdict.reason):
        return False
    if _IDENTITY.search(verdict.reason) and re.search(r"=\s*1\s*$", statement.text):
        return False
    if _TURNED.search(verdict.reason) and _is_of_vectors(statement):
        return False
    if found.system is not None:
        closed = systems.is_closed(statement, found.system.declared)
        proved = sum(
            x.holds and x.role == CLAIM and x.system is not None for x in judged.judgements
        )
        # No σ and no C make matrices fit; what is one number is not always said.
        clash = verdict.verdict == ILL_FORMED and "a number" not in verdict.reason
        certain = clash or (closed and verdict.verdict == REFUTED)
        return verdict.suggestion is not None or (certain and proved >= SURE)
    if _is_never_sure(verdict):
        return False
    if statement.place in known.anchored and verdict.suggestion is None:
        return False  # how a layer works is said in another way here
    numbered = judged.known.anchors and all(map(is_of_one_layer, judged.known.anchors))
    if judged.candidate.convention == OTHER_BOOK and numbered and not is_of_one_layer(statement):
        return False  # layers by their numbers do not say what every layer is
    if verdict.suggestion is None and _OF_A_WIDTH.search(verdict.reason) and not known.widths:
        return False  # how wide its layers are, and how many there are, is not said
    if "has no neuron" in verdict.reason and not known.widths:
        return False  # how many there are is not said
    if is_of_means(statement):
        return False
    needs = needs_of(statement)
    if is_of_functions(statement):
        # σ' = σ(1 - σ) is right or wrong where somebody says which σ it is.
        declared = bool(known.functions or known.hidden)
        return needs <= known.kinds and (declared or verdict.suggestion is not None)
    if verdict.error_kind == "unbalanced":
        return True
    if verdict.error_kind == "wrong-range":
        return judged.fits  # else layers may be numbered otherwise
    if is_membership(statement) and r"\times" not in statement.text:
        return False  # h of R^h may be any size
    if is_transposed(statement) and not judged.wanted:
        return False  # z = W^T a + b may be how the document has its weights
    if verdict.suggestion is not None:
        # An edit for another cost is none.
        return known.cost_is_read or "cost" not in needs or verdict.verdict == ILL_FORMED
    if _is_of_outputs(statement, judged):
        return False
    # Numbers can only speak against what says nothing of a certain σ or C that is not declared, nor
    # of a network that is drawn and not described.
    if verdict.verdict == REFUTED and not has_quantities(statement):
        return False
    if "side is a number" in verdict.reason:
        return False  # y may be that of one neuron, and ReLU'(z^l) = 1 is said of each
    if verdict.verdict == REFUTED and has_numbered_neurons(statement) and not known.widths:
        return False
    return sure and (verdict.verdict == ILL_FORMED or needs <= known.kinds)


def _remembering(judge: Judge) -> Judge:
    memory: dict[tuple[str, str, str, bool], Verdict] = {}

    def ask(text: str, convention: str, context: Mapping[str, Any], repair: bool) -> Verdict:
        key = (text, convention, json.dumps(context, sort_keys=True), repair)
        if key not in memory:
            memory[key] = judge(text, convention, context, repair)
        return memory[key]

    return ask


def _fitting(
    offered: Sequence[Candidate], said: Sequence[Statement], known: Declared, ask: Judge
) -> list[Candidate]:
    """The conventions under which the forward equations hold, the best first; at least one."""
    if len(offered) == 1:
        return list(offered)
    anchors: Sequence[Statement] = known.anchors[:MOST_ANCHORS]
    if not known.anchors:
        anchors = [x for x in said if is_about(x) and is_claim(x)][:8]
    scores: list[_Score] = []
    for rank, candidate in enumerate(offered):
        found = [_first(x, candidate, known, ask) for x in anchors]
        if any(x.reason.startswith("no network") for x in found):
            continue
        right = frozenset(n for n, x in enumerate(found) if x.holds)
        # Which activation a layer has speaks for a convention, and never against it; without
        # forward equations, what is refuted may only need a cost or an activation.
        against = WRONG if known.anchors else (ILL_FORMED,)
        firm = [n for n, x in enumerate(anchors) if not known.anchors or not is_activation(x)]
        wrong = sum(found[n].verdict in against for n in firm)
        # What is not even understood under a convention is not written in it; nor is one in which
        # δ is something else than it is said to be.
        strange = sum(found[n].verdict == UNKNOWN for n in firm) if known.anchors else 0
        if known.anchors and not wrong:
            slopes = [_first(x, candidate, known, ask) for x in known.slopes[:2]]
            wrong += 2 * sum(x.verdict in WRONG for x in slopes)
            right |= {-1 - n for n, x in enumerate(slopes) if x.holds}
        scores.append(_Score(wrong, strange, rank, right, candidate))
    if not scores:
        return list(offered[:1])
    best = min(scores, key=lambda x: x.order)
    if best.wrong or not known.anchors:  # the likely one is meant
        return [best.candidate]
    # Another fits as well if it understands as much.
    same = [
        x for x in sorted(scores, key=lambda x: x.order) if x.right >= best.right and not x.wrong
    ]
    return [x.candidate for x in same if x.strange <= best.strange][:MOST_FITTING]


@dataclass(frozen=True, slots=True)
class _Score:
    """How a convention fits: what is wrong or not understood in it, and which equations hold."""

    wrong: int
    strange: int
    rank: int
    right: frozenset[int]
    candidate: Candidate

    @property
    def order(self) -> tuple[int, int]:
        return self.wrong + self.strange - 2 * len(self.right), self.rank


def _first(
    statement: Statement, candidate: Candidate, known: Declared, ask: Judge, repair: bool = False
) -> Verdict:
    """The verdict on a statement where the least is known; with numbers, for its own widths."""
    context = next(contexts(candidate, known, numbered=is_numbered(statement)))
    return ask(statement.printed, candidate.convention, context, repair)


def _of(
    statement: Statement,
    fitting: Sequence[Candidate],
    known: Declared,
    own: Mapping[str, str],
    ask: Judge,
) -> Judgement:
    """What is made of a statement."""
    defines = statement.place in known.defining
    forward = statement.place in known.anchored
    about = is_about(statement)
    if statement.node is None:
        verdict = ask(statement.printed, fitting[0].convention, {}, True)
        # "= ∂C/∂z" or "x =" goes on with what stands beside it; brackets speak for themselves.
        if verdict.error_kind == "unbalanced" and (about or "=" in statement.text):
            return Judgement(statement, CLAIM, verdict)
        return Judgement(statement, UNREAD if about else OTHER, verdict)
    claim = is_claim(statement) and not is_rounded(statement)
    if not claim and not about:
        return Judgement(statement, MENTION)
    if not claim:
        # Something is only mentioned: an error if it cannot exist, as ∂C/∂w^l for l = 1.
        verdict = _first(statement, fitting[0], known, ask, repair=True)
        wrong = verdict.verdict == ILL_FORMED and verdict.error_kind == "wrong-range"
        return Judgement(statement, CLAIM if wrong else MENTION, verdict if wrong else None)
    step = step_of(statement)
    if step == "-":
        return Judgement(statement, DEFINITION if defines else CLAIM, STEP)
    if step and statement.printed.count("+") == 1:
        mended = statement.printed.replace("+", "-")
        return Judgement(statement, CLAIM, replace(UPHILL, suggestion=mended))
    rest = without_chains(statement, known)
    if rest is None:
        return Judgement(statement, DEFINITION if defines else CLAIM, THROUGH_LAYERS)
    verdict, supposed = _verdict(rest, fitting, known, own, ask)
    if "entry by entry" in verdict.reason and (meant := left_to_right(rest)) is not None:
        again = _verdict(meant, fitting, known, own, ask)
        if again[0].holds:
            verdict, supposed = replace(again[0], notes=(*again[0].notes, LEFT_TO_RIGHT)), again[1]
    if "cannot be multiplied:" in verdict.reason and any(map(is_product, rest.sides)):
        # How the axes of derivatives are laid out is left to the reader.
        return Judgement(statement, UNREAD, verdict)
    if rest is not statement and verdict.verdict in WRONG:
        # What is mended is not what the author wrote; `sure` says whether it is told.
        verdict = replace(verdict, span=None, suggestion=None)
    if verdict.verdict == PROVED:
        return Judgement(statement, DEFINITION if defines else CLAIM, verdict, supposed)
    if defines and not forward and _is_of_two(statement):
        return Judgement(statement, DEFINITION)
    if forward:
        named = known.hidden and verdict.verdict != ILL_FORMED and is_activation(statement)
        several = len(known.letters) + bool(known.hidden) > 1
        if verdict.verdict == REFUTED and (verdict.suggestion is None or several) and not named:
            return Judgement(statement, UNREAD, verdict)  # perhaps of another activation
        if named or is_turned(statement, known):
            # Which activation a layer has, z = tanh(a); or the same in rows, beside columns.
            return Judgement(statement, DEFINITION)
    if is_linear_output(statement, known) and verdict.verdict == REFUTED:
        return Judgement(statement, DEFINITION)
    if not about:
        return Judgement(statement, OTHER)
    if new_symbol(statement, known) is not None:
        return Judgement(statement, DEFINITION)
    return Judgement(statement, CLAIM if verdict.verdict in WRONG else UNREAD, verdict)


def _by_definitions(
    statement: Statement, offered: Sequence[System], ask: Judge
) -> Judgement | None:
    """What is made of a statement by the definitions of its document; None if they say nothing."""
    if statement.node is None or not is_claim(statement):
        return None
    failed: list[System] = []
    final = False
    for each in offered:
        if each.supposed and final:
            continue
        found = ask(statement.printed, DEFINITIONS, each.declared, False)
        if found.holds:
            role = DEFINITION if each.defines(statement) else CLAIM
            found = replace(found, assumptions=(*found.assumptions, *each.assumptions))
            return Judgement(statement, role, found, each.supposed, each)
        if found.reason == by_definitions.NUMBERS:
            return Judgement(statement, MENTION)
        if found.verdict in WRONG:
            failed.append(each)
        if not each.supposed:
            # No σ and no C can make it right: its shapes do not fit, or a symbol is not known.
            final = found.verdict == ILL_FORMED or found.reason == by_definitions.STRANGE
    if not failed:
        return None
    # Where most is known an edit is found most easily.
    for each in (*failed[1:][-1:], failed[0]):
        found = ask(statement.printed, DEFINITIONS, each.declared, True)
        if found.suggestion is not None:
            return Judgement(statement, CLAIM, found, (), each)
    return Judgement(statement, CLAIM, found, (), failed[0])


def _is_of_two(statement: Statement) -> bool:
    """Whether a statement says no more than what something is: δ = ∂C/∂z = a - y says more."""
    return not isinstance(statement.node, s.Chain) or len(statement.node.sides) == 2


Supposed = tuple[tuple[str, str], ...]


def _verdict(
    statement: Statement,
    fitting: Sequence[Candidate],
    known: Declared,
    own: Mapping[str, str],
    ask: Judge,
) -> tuple[Verdict, Supposed]:
    """Proved, if it is under a convention and in a context that fit; else the best failure.

    Also what had to be supposed of the activation and of the cost.
    """
    if is_of_functions(statement) and (named := _of_named_function(statement, known, ask)):
        return named
    plain = at_any_number(statement)
    if plain and (named := _of_named_function(plain, known, ask)) and named[0].holds:
        return named
    numbered = is_numbered(statement)
    failures: list[_Failure] = []
    per_layer = has_functions_of_layers(statement)
    if has_changes(statement) and not any(each.convention == "ng" for each in fitting):
        fitting = [of_book("ng"), *fitting]  # dZ^{[l]} is a letter of A. Ng's
    for number, candidate in enumerate(fitting):
        tried = [(each, False) for each in contexts(candidate, known, numbered)]
        if number < MOST_SUPPOSED:
            tried += [(each, True) for each in supposed_contexts(candidate, known)]
        for context, supposed in tried:
            if supposed and all(_is_final(each.verdict) for each in failures):
                break
            if per_layer and context["activation"].split(" ")[0] in ACTIVATIONS:
                continue  # σ_l and σ_{l+1} are different functions
            context = _with_own(statement, context, own)
            text = _in_letters(statement, candidate, known)
            found = ask(text, candidate.convention, context, False)
            if found.holds and SIGN in found.notes and known.signed:
                continue  # δ is the slope itself everywhere else
            if found.holds and supposed:
                said = f"{context['activation']} activation and {context['cost']} cost"
                found = replace(found, assumptions=(*found.assumptions, said))
                return found, _supposed_in(context)
            if found.holds:
                return found, ()
            failures.append(_Failure(found, text, candidate.convention, context))
            if found.error_kind == "wrong-range" and number == 0:
                return _explained(statement, failures, ask), ()
    if not failures:
        return Verdict(UNKNOWN, "δ would be the negative slope of the cost here"), ()
    return _explained(statement, failures, ask), ()


def _in_letters(statement: Statement, candidate: Candidate, known: Declared) -> str:
    """A statement in the letters of a book: of the activation, where the document has another."""
    if candidate.convention != "ng" or len(known.letters) != 1 or known.letters[0] == "g":
        return statement.printed
    letter = re.escape(known.letters[0])
    return re.sub(rf"(?<![A-Za-z\\]){letter}(?![A-Za-z])", "g", statement.printed)


def _supposed_in(context: Mapping[str, Any]) -> Supposed:
    """What a context says of the activations and the cost, as far as it says something."""
    keys = ("activation", "output_activation", "cost")
    pairs = ((key, str(context.get(key, "abstract")).split(" ")[0]) for key in keys)
    return tuple((key, said) for key, said in pairs if said != "abstract")


def _of_named_function(
    statement: Statement, known: Declared, ask: Judge
) -> tuple[Verdict, Supposed] | None:
    """Proved, if a statement holds for one of the usual activations: f'(z) = f(z)(1 - f(z)).

    Of a letter that the document gives a formula for, only what it gives is tried.
    """
    assert statement.node is not None
    letters = dict.fromkeys(
        base_of(x) for x in s.walk(statement.node) if isinstance(x, s.Scripted) and x.primes
    )
    if letters and all(letter in NAMES for letter in letters):
        # tanh' needs nobody to say what it is.
        said = {"activation": "abstract", "cost": "abstract", "definitions": STANDARD}
        return ask(statement.printed, "nielsen", said, True), ()
    for letter in letters:
        if letter != r"\sigma" and r"\sigma" in statement.printed:
            continue  # σ is something else beside it
        pattern = rf"(?<![A-Za-z\\]){re.escape(letter)}(?![A-Za-z])"
        text = re.sub(pattern, r"\\sigma", statement.printed)
        declared = letter in known.named
        for name in known.named[letter] if declared else FREQUENT:
            said = {"activation": name, "cost": "abstract", "definitions": STANDARD}
            found = ask(text, "nielsen", said, False)
            if found.verdict == PROVED:
                found = replace(found, assumptions=(*found.assumptions, f"{letter} is {name}"))
                own = letter in (known.letters or (r"\sigma",))
                key = "activation" if own else f"activation {letter}"
                return found, () if declared else ((key, name),)
    return None


@dataclass(frozen=True, slots=True)
class _Failure:
    """A statement that does not hold, as it was asked."""

    verdict: Verdict
    text: str
    convention: str
    context: dict[str, Any]


def _explained(statement: Statement, failures: list[_Failure], ask: Judge) -> Verdict:
    """The failure that says most, with the edit that makes the formula right, if there is one."""
    # Where most is known an edit is found most easily.
    failures = sorted(
        failures, key=lambda x: (x.verdict.verdict not in WRONG, "abstract" in x.context["cost"])
    )
    for each in failures[:MOST_REPAIRS]:
        if each.verdict.verdict in WRONG and each.text == statement.printed:
            mended = ask(each.text, each.convention, each.context, True)
            if mended.suggestion is not None:
                return mended
    first = failures[0]
    if first.text == statement.printed:
        return ask(first.text, first.convention, first.context, True)
    return replace(first.verdict, span=None, suggestion=None)  # in other letters than the author's


def _with_own(
    statement: Statement, context: dict[str, Any], own: Mapping[str, str]
) -> dict[str, Any]:
    """A context with those of the document's own symbols that stand in a statement."""
    defined = _left(statement)
    used = {k: v for k, v in own.items() if k != defined and _stands_in(k, statement.text)}
    return {**context, "declared": {**used, **context.get("declared", {})}} if used else context


def _left(statement: Statement) -> str:
    chain = statement.node
    return statement.said(chain.sides[0]).strip() if isinstance(chain, s.Chain) else ""


def _stands_in(symbol: str, text: str) -> bool:
    """Whether a symbol stands in a formula, and not only its letter in a longer name."""
    pattern = rf"(?<![A-Za-z\\]){re.escape(symbol)}(?![A-Za-z])"
    return re.search(pattern, text) is not None


def _is_final(verdict: Verdict) -> bool:
    """Whether no σ and no C can make a statement right: its shapes do not fit."""
    return verdict.verdict == ILL_FORMED and "not declared" not in verdict.reason


# --- findings -------------------------------------------------------------------------------------


def equations(found: Judged) -> tuple[Equation, ...]:
    """The equations of a document, each with what it is."""
    return tuple(
        Equation(x.statement.formula, x.statement.start, x.statement.end, x.role, x.verdict)
        for x in found.judgements
    )


def findings(found: Judged) -> tuple[Finding, ...]:
    """What is to be said of the equations of a document."""
    made: list[Finding] = []
    for each in found.judgements:
        if each.role == CLAIM and each.verdict is not None and each.verdict.verdict in WRONG:
            made.append(_wrong(each.statement, each.verdict, each.alone))
        elif each.role == UNREAD and each.verdict is not None:
            made.append(_finding("not-understood", each.statement, each.verdict))
        if each.verdict is not None and PRODUCTS_FIRST in each.verdict.notes:
            made.append(_ambiguous(each.statement, each.verdict))
    return tuple(made)


def _wrong(statement: Statement, verdict: Verdict, alone: str) -> Finding:
    rule = alone or verdict.verdict
    if verdict.error_kind in ("unbalanced", "wrong-range"):
        rule = verdict.error_kind
    fix = None
    suggestion = verdict.suggestion
    if suggestion is not None and not suggestion.startswith(statement.prefix):
        suggestion = None  # it mends a macro, which has other uses
    if suggestion is not None:
        mended = statement.written(suggestion)
        suggestion = mended or suggestion.removeprefix(statement.prefix)
        if mended not in (None, statement.text) and by_definitions.NUMBERS not in verdict.notes:
            fix = Edit(statement.formula.source, statement.start, statement.end, suggestion)
    return replace(_finding(rule, statement, verdict), suggestion=suggestion, fix=fix)


def _finding(rule: str, statement: Statement, verdict: Verdict) -> Finding:
    start, end = statement.start, statement.end
    if verdict.span is not None:
        first, last = (statement.places[min(x, len(statement.places) - 1)] for x in verdict.span)
        if first < last:
            start, end = first, last
    return Finding(
        rule, RULES[rule][0], verdict.reason, statement.formula.source, start, end,
        verdict.verdict, None, verdict.error_kind,
    )  # fmt: skip


def _ambiguous(statement: Statement, verdict: Verdict) -> Finding:
    message = "without brackets this is read as (Wᵀδ) ⊙ σ'(z): matrix products before ⊙"
    return replace(
        _finding("ambiguous-product", statement, replace(verdict, span=None)), message=message
    )
