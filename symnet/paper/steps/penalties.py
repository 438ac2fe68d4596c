r"""Decay and penalty: the weight of a penalty with which gradient descent takes a decay's steps.

A page declares a step in LaTeX, θ_{t+1} = (1 - λ) θ_t - α ∇f, and in words the weight λ' of a
penalty with which plain gradient descent takes the same steps. A claim λ' = … is put into both.

>>> from symnet.paper.formula.reader import read
>>> said = {r"\alpha": "learning rate",
...     r"\lambda": r"decoupled decay per step: \theta_{t+1}=(1-\lambda)\theta_t-\alpha\nabla f",
...     r"\lambda'": r"weight of the penalty \frac{\lambda'}{2}\|\theta\|^2 in plain SGD giving "
...         "the same steps"}
>>> for text in (r"\lambda' = \lambda/\alpha", r"\lambda' = \alpha\lambda"):
...     print(penalty_page({"declared": said}, read(text)).verdict().verdict)
proved
refuted
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from symnet.calculus.judges import JUDGES
from symnet.calculus.nilpotent import IrrationalError, NoValueError
from symnet.calculus.recurrences import MINUS, TIME, System, put_in, vanishes
from symnet.calculus.runs import Run, differ
from symnet.errors import SymnetError
from symnet.paper.claims.verdicts import PROVED, REFUTED, UNKNOWN, Counterexample, Verdict
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.signs.misfits import Unclear
from symnet.paper.steps.methods import roles
from symnet.paper.steps.pages import letter_of, printed, said_of
from symnet.paper.steps.signs import Signs, key_of, shift_to_now
from symnet.term import Symbol, Term, add, mul

PENALTY = re.compile(r"penalt|regulari[sz]", re.IGNORECASE)
DESCENT = re.compile(r"\bsgd\b|gradient descent", re.IGNORECASE)
SAME = re.compile(r"same (step|update|iterate|trajector)|equivalent", re.IGNORECASE)


@dataclass(frozen=True)
class Penalties:
    """Both steps of the parameters, and what is claimed of the constants in them."""

    decay: Term
    descent: tuple[Term, ...]  # by the derivative of each judge
    left: Symbol
    right: Term
    span: tuple[int, int]

    def verdict(self) -> Verdict:
        """Whether both steps are the same with what is claimed."""
        steps = [put_in(x, self.left, self.right) for x in (self.decay, *self.descent)]
        try:
            for seed in (1, 2, 3):
                run = Run(System({}, {}), seed)
                one, other = (run.value(x, 1) for x in steps[:2])
                if differ(one, other):
                    met = Counterexample((), {"t": 1}, str(one), str(other))
                    reason = "with it both steps are not the same"
                    return Verdict(REFUTED, reason, "factor", self.span, counterexample=met)
            why = next(
                filter(None, (vanishes(add(steps[0], mul(MINUS, x))) for x in steps[1:])), ""
            )
        except (SymnetError, NoValueError, IrrationalError, ArithmeticError) as error:
            return Verdict(UNKNOWN, str(error), None, self.span)
        if why:
            return Verdict(UNKNOWN, f"no counterexample, and no proof: {why}", None, self.span)
        return Verdict(PROVED, "with it both steps are the same, whatever the gradient")


def penalty_page(context: Mapping[str, object], display: s.Display) -> Penalties | None:
    """A claim about the weight of a penalty; None if it is none, or not enough is said."""
    match display.statements:
        case (s.Chain(sides=(left, right), relations=("=",)) as chain,):
            pass
        case _:
            return None
    said = said_of(context)
    penalised = [k for k, v in said.items() if PENALTY.search(v) and DESCENT.search(v)]
    if len(penalised) != 1 or not SAME.search(said[penalised[0]]):
        return None
    weight = said[penalised[0]]
    steps = [each for key, value in said.items() if key != penalised[0] for each in printed(value)]
    rates = [k for k, v in said.items() if re.search(roles()["rate"].words, v, re.IGNORECASE)
             and not printed(v)]  # fmt: skip
    formula = _formula(weight)
    if len(steps) != 1 or len(rates) != 1 or formula is None:
        return None
    parameter = letter_of(steps[0].left)
    if parameter is None:
        return None
    try:
        now = Symbol(parameter, TIME.shift(-1))
        signs = Signs(frozenset({parameter}), now=lambda key: -1, argument=now)
        late = Signs(frozenset({parameter}), argument=Symbol(parameter, TIME))
        target = late.term(steps[0].left)
        if not isinstance(target, Symbol):
            return None
        _, decay = shift_to_now((target, late.term(steps[0].right)))
        penalty = signs.term(formula)
        rate = signs.term(read(rates[0]).statements[0])
        gradient = late.objective_at(now)
        descent = tuple(
            add(now, mul(MINUS, rate, add(gradient, judge.derivative(penalty, now))))
            for judge in JUDGES
        )
        claimed, value = signs.term(left), signs.term(right)
    except (Unclear, SymnetError):
        return None
    if not isinstance(claimed, Symbol) or key_of(left) == parameter:
        return None
    return Penalties(decay, descent, claimed, value, (chain.start, chain.end))


def _formula(said: str) -> s.Node | None:
    r"""The formula that stands among words: \frac{\lambda'}{2}\|\theta\|^2."""
    found = re.search(r"penalty\s+(\S*\\\S+(?:\s+\\\S+)*)", said)
    if found is None:
        return None
    try:
        (statement,) = read(found[1]).statements
    except (SymnetError, ValueError):
        return None
    return statement
