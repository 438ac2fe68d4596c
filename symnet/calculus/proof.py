"""prove(network): one obligation per formula and layer, each put before two judges.

(a) *General widths*: the derivation by the rules and the textbook's formula have one normal form,
    for arbitrary σ and C, and again for this network's σ and C; sizes stay symbols throughout.
(b) *Components*: entry by entry, with every quantity an unknown: the derived and the textbook's
    formula must be what dual numbers give, for arbitrary σ and C; and at numbers the formula for
    this σ and C must be the difference quotient.

The judges share the records of formulas and nothing else. Only this module says "proved".

>>> from symnet.network.architecture import Network
>>> proof = prove(Network("3-2:tanh-2"))
>>> proof.holds, [f"{o.label} l={o.layer}" for o in proof.obligations]
(True, ['BP1 l=3', 'BP2 l=2', 'BP3 l=2', 'BP3 l=3', 'BP4 l=2', 'BP4 l=3'])
"""

from dataclasses import dataclass

from symnet.calculus import checker, components, normal, textbook
from symnet.calculus.certificate import Certificate, Chapter, Line
from symnet.calculus.derivation import (
    SPECIALISE,
    TIDY,
    WORK_OUT,
    Backpropagation,
    Derivation,
    Formula,
    derive,
    numbers,
    work_out,
)
from symnet.calculus.rules import Given
from symnet.errors import NotYet, SymnetError
from symnet.network.architecture import Network
from symnet.term import (
    Apply,
    Delta,
    Equation,
    Partial,
    ScalarFunction,
    Symbol,
    Term,
    equation_at,
    free_indices,
    spell,
    walk,
)

GENERAL, COMPONENTS = "general widths", "components"
AT_SMALL = " at small widths"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one judge found: `on` says what it looked at, `difference` is empty if it agreed."""

    judge: str
    on: str
    difference: str

    @property
    def holds(self) -> bool:
        """Whether the judge found no difference."""
        return not self.difference


@dataclass(frozen=True, slots=True)
class Obligation:
    """One formula at one layer: what is claimed, and what the judges found."""

    label: str
    layer: int
    claim: Equation
    judgements: tuple[Judgement, ...]

    @property
    def holds(self) -> bool:
        """Whether both judges agree with the claim."""
        found = {judgement.judge for judgement in self.judgements}
        return found == {GENERAL, COMPONENTS} and all(j.holds for j in self.judgements)


@dataclass(frozen=True, slots=True)
class Proof:
    """All obligations of a network, and the derivation that they are about."""

    network: Network
    derived: Backpropagation | None
    obligations: tuple[Obligation, ...]
    certificate: Certificate | None = None
    refusal: str = "there is no certificate"

    @property
    def holds(self) -> bool:
        """Whether every formula of every layer is proved, and the checker says so too."""
        proved = bool(self.obligations) and all(o.holds for o in self.obligations)
        return proved and self.certificate is not None and not self.refusal

    @property
    def record(self) -> dict[str, object]:
        """The proof as plain data: network, whether it holds, each obligation, the certificate."""
        return {
            "network": str(self.network),
            "cost": self.network.cost.name,
            "holds": self.holds,
            "obligations": [
                {
                    "label": o.label,
                    "layer": o.layer,
                    "claim": f"{spell(o.claim.left)} = {spell(o.claim.right)}",
                    "holds": o.holds,
                    "judgements": [
                        {"judge": j.judge, "on": j.on, "holds": j.holds, "difference": j.difference}
                        for j in o.judgements
                    ],
                }
                for o in self.obligations
            ],
            "certificate": None if self.certificate is None else self.certificate.digest,
            "refusal": self.refusal,
        }

    @property
    def remark(self) -> str:
        """What the second judge looked at."""
        own = not any(AT_SMALL in j.on for o in self.obligations for j in o.judgements)
        if own:
            return "components: every entry of every layer"
        return (
            "components: every entry, at small widths where a layer has more than "
            f"{components.MOST_ENTRIES} parameters or an open width"
        )

    def __str__(self) -> str:
        lines = [f"{self.network}, cost {self.network.cost.name}"]
        for o in self.obligations:
            judges = "   ".join(
                f"{j.judge} {'✓' if j.holds else '✗'} ({j.on})" for j in o.judgements
            )
            lines.append(
                f"  {'proved' if o.holds else 'FAILED'}  {o.label}  l = {o.layer}   {judges}"
            )
            lines += [f"      {j.judge}: {j.difference}" for j in o.judgements if not j.holds]
        done = sum(o.holds for o in self.obligations)
        lines.append(f"  {done} of {len(self.obligations)} obligations proved; {self.remark}")
        if self.certificate is not None and not self.refusal:
            steps = sum(len(c.general) + len(c.special) for c in self.certificate.chapters)
            lines.append(f"  certificate {self.certificate.digest[:12]}: {steps} lines replayed")
        elif self.certificate is not None:
            lines.append(f"  certificate REFUSED: {self.refusal}")
        return "\n".join(lines)


def prove(network: Network | str) -> Proof:
    """Prove BP1 to BP4 of every layer of a network, for arbitrary and for its own σ and C."""
    network = network if isinstance(network, Network) else Network(network)
    try:
        derived = derive(network)
    except NotYet:
        # A formula that we cannot derive is no failed proof: the reader is told so.
        raise
    except SymnetError as error:
        return Proof(network, None, _failed(network, str(error)))
    obligations = []
    for formula in derived.formulas:
        claim = _claim(network, formula)
        difference = _by_normal_form(formula, claim)
        for layer in formula.layers:
            at = numbers(network, layer)
            general = Judgement(GENERAL, "n₁ … n_L arbitrary", difference)
            written = _by_components(network, formula, claim, layer)
            obligations.append(
                Obligation(formula.label, layer, equation_at(claim, at), (general, written))
            )
    certificate = certify(derived)
    return Proof(network, derived, tuple(obligations), certificate, checker.check(certificate))


def certify(derived: Backpropagation) -> Certificate:
    """The derivations as data that others can check."""
    chapters = []
    for formula in derived.formulas:
        goal = formula.general.goal
        sought = goal.by if isinstance(goal, Partial) else Symbol("z", goal.layer, goal.indices)
        special = () if formula.special is formula.general else _lines(formula.special)
        chapters.append(
            Chapter(formula.label, formula.layers, sought, goal, _lines(formula.general), special)
        )
    return Certificate(derived.network, _lines(derived.cost), tuple(chapters))


def _lines(derivation: Derivation) -> tuple[Line, ...]:
    return tuple(Line(step.rule, step.after) for step in derivation.steps)


def _claim(network: Network, formula: Formula) -> Equation:
    """What the books say, or, of a layer of one's own, what was derived."""
    if formula.label not in textbook.STATED:
        return formula.general.result
    activation = formula.given.equations[0]
    claim = textbook.state(formula.label, textbook.couples(activation))
    if formula.label == "BP3" and network.penalties:
        return textbook.with_penalties(claim, network.penalties)
    return claim


def _failed(network: Network, why: str) -> tuple[Obligation, ...]:
    """No derivation at all: nothing is proved, and the reason stands at the first formula."""
    claim = textbook.state("BP1")
    return (Obligation("BP1", network.L, claim, (Judgement(GENERAL, "no derivation", why),)),)


# --- (a) general widths --------------------------------------------------------------------


def _by_normal_form(formula: Formula, claim: Equation) -> str:
    """The difference between what was derived and what is claimed, for general widths."""
    if claim.left != formula.general.goal:
        return f"the claim is about {spell(claim.left)}, derived was {spell(formula.general.goal)}"
    try:
        stated = claim.right
        if stated != formula.general.result.right:
            stated = _finish(stated, formula.given, (WORK_OUT,))
        difference = _unfinished(formula) or _difference(formula.general, stated)
        if difference:
            return difference
        special = _finish(stated, formula.given_special, (SPECIALISE, TIDY))
        return _difference(formula.special, special)
    except NotYet:
        raise  # a formula too long to be compared is no wrong one
    except SymnetError as error:
        return str(error) or repr(error)


def _unfinished(formula: Formula) -> str:
    """What a derivation should have worked out and did not; ∂C/∂a^L may stay for an arbitrary C."""
    for derivation, special in ((formula.general, False), (formula.special, True)):
        for part in walk(derivation.result.right):
            match part:
                case Partial(Symbol("C"), Symbol("a"), False) if not special:
                    continue
                case Partial(Symbol("C"), by, False) if (by.name, by.layer) in formula.given.known:
                    continue  # another formula's
                case Delta(left, right) if {left, right} <= free_indices(formula.general.goal):
                    continue  # by w_jk, of which only w_jj is used
                case Delta() | Partial():
                    return f"not worked out: {spell(part)}"
                case Apply(ScalarFunction(_, None)) if special:
                    return f"not specialised: {spell(part)}"
    return ""


def _finish(term: Term, given: Given, orders: tuple[tuple[str, ...], ...]) -> Term:
    for order in orders:
        for step in work_out(term, given, order):
            term = step.after
    return term


def _difference(derivation: Derivation, claimed: Term) -> str:
    derived = derivation.result.right
    if normal.equal(derived, claimed):
        return ""
    return f"derived {spell(normal.normalise(derived))}, claimed {spell(normal.normalise(claimed))}"


# --- (b) components ------------------------------------------------------------------------


def _by_components(network: Network, formula: Formula, claim: Equation, layer: int) -> Judgement:
    """The claim and the derived formula entry by entry, and the network's own at numbers."""
    entries, where = 0, ""
    if not components.own_widths(network, layer, formula.general.result):
        where = AT_SMALL
    exact = [claim, formula.general.result]
    # Where σ and C do not enter, there is nothing special.
    plain = formula.special == formula.general
    for equation in dict.fromkeys(exact):
        found = components.judge(network, layer, equation)
        entries += found.entries
        if found.mismatch is not None:
            return _judged(entries, where, found.mismatch)
    if not plain:
        mismatch = components.judge_at_numbers(network, layer, formula.special.result)
        if mismatch is not None:
            return _judged(entries, " at numbers", mismatch)
    return _judged(entries, where, None)


def _judged(entries: int, where: str, mismatch: components.Mismatch | None) -> Judgement:
    on = f"{entries} {'entry' if entries == 1 else 'entries'}{where}"
    if mismatch is None:
        return Judgement(COMPONENTS, on, "")
    place = ", ".join(map(str, mismatch.indices))
    difference = f"derivative {mismatch.derivative}, formula {mismatch.formula}"
    return Judgement(COMPONENTS, on, f"entry ({place}){where}: {difference}")
