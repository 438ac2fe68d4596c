"""Backpropagation, derived: ∂C/∂w and ∂C/∂b of every layer by the rules, step by step.

A derivation is made once for a general layer l and an arbitrary σ (`general`), then specialised to
the activation and the cost at hand (`special`); layers that share an activation share it. So the
work does not depend on the widths, and hardly on the depth.

>>> from symnet.network.architecture import Network
>>> from symnet.term import spell
>>> derived = derive(Network("2-3-4-1"))
>>> spell(derived.formula("BP3", 3).right)
'a2[k:n2]·δ3[j:n3]'
>>> spell(derived.formula("BP1", 4).right)
'(a4[j:n4] + -1·y[j:n4])·a4[j:n4]·(1 + -1·a4[j:n4])'
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sympy

from symnet.calculus.rules import RULES, Given, apply, computes_like, place
from symnet.errors import SymnetError
from symnet.network import equations
from symnet.network import notation as n
from symnet.network.architecture import Network
from symnet.network.functions import Activation, Cost
from symnet.term import (
    Apply,
    Equation,
    LayerNumber,
    Partial,
    Power,
    ScalarFunction,
    Sum,
    Symbol,
    Term,
    apart,
    children,
    equation_at,
    free_indices,
)

# The order in which rules are tried; after each success the search starts again at the front.
WORK_OUT = (
    "definition of δ", "lemma", "equation", "constant", "sum rule", "product rule", "power rule",
    "scalar chain rule", "same symbol", "collect", "fold", "chain rule",
)  # fmt: skip
SPECIALISE = ("activation", "slope", "lemma")
TIDY = ("collect", "fact")

# More steps than any derivation of a layer takes; a rule that never ends is reported, not run.
MOST_STEPS = 200


class DerivationError(SymnetError):
    """The rules did not lead to a formula; with the rules as they are, this does not happen."""


@dataclass(frozen=True, slots=True)
class Step:
    """One rewrite of the whole right-hand side.

    `because` is what the rule says; `place` is the first part that it rewrote, and into what.
    """

    rule: str
    before: Term
    after: Term
    because: str
    place: tuple[Term, Term] | None = None


@dataclass(frozen=True, slots=True)
class Derivation:
    """From `goal`, what is sought, to the last step's right-hand side."""

    label: str
    goal: Symbol | Partial
    steps: tuple[Step, ...]

    @property
    def result(self) -> Equation:
        """goal = what the last step arrived at."""
        return Equation(self.label, self.goal, _last(self.goal, self.steps))


@dataclass(frozen=True, slots=True)
class Formula:
    """One of the formulas, for all the layers it covers: for arbitrary σ and C, then for this σ.

    `given` is what the general derivation started from, `given_special` what was known beyond.
    """

    label: str
    layers: tuple[int, ...]
    general: Derivation
    special: Derivation
    given: Given
    given_special: Given


@dataclass(frozen=True, slots=True)
class Backpropagation:
    """All formulas of a network. `formulas` in the order in which a book proves them."""

    network: Network
    cost: Derivation
    formulas: tuple[Formula, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every step of every derivation, in reading order."""
        chapters = [self.cost]
        for formula in self.formulas:
            chapters += [formula.general, formula.special]
        return tuple(step for chapter in chapters for step in chapter.steps)

    def formula(self, label: str, layer: int) -> Equation:
        """BP1 to BP4 of this network at a layer, specialised to its activation and cost."""
        self.network.layer(layer)
        found = next(f for f in self.formulas if f.label == label and layer in f.layers)
        return equation_at(found.special.result, numbers(self.network, layer))

    def delta(self, layer: int) -> sympy.Eq:
        """δ_j^l in SymPy, for l = 2..L."""
        return self.network.equation(
            self.formula("BP1" if layer == self.network.L else "BP2", layer)
        )

    def dC_dw(self, layer: int) -> sympy.Eq:
        """∂C/∂w_jk^l in SymPy, for l = 2..L."""
        return self.network.equation(self.formula("BP3", layer))

    def dC_db(self, layer: int) -> sympy.Eq:
        """∂C/∂b_j^l in SymPy, for l = 2..L."""
        return self.network.equation(self.formula("BP4", layer))


def derive(network: Network | str) -> Backpropagation:
    """Derive BP1 to BP4 of a network from its equations."""
    network = network if isinstance(network, Network) else Network(network)
    output = network.layers[-1].activation
    cost = derive_cost(network.cost)
    formulas = [_bp1(network, output, network.cost, cost)]
    hidden: dict[Activation, list[int]] = {}
    for number in range(network.L - 1, 1, -1):
        hidden.setdefault(network.layer(number).activation, []).append(number)
    formulas += [_bp2(activation, tuple(layers)) for activation, layers in hidden.items()]
    every = tuple(range(2, network.L + 1))
    formulas += [_parameter("BP3", n.w(n.l, n.J, n.below(n.K, n.l)), every)]
    formulas += [_parameter("BP4", n.b(n.l, n.J), every)]
    return Backpropagation(network, cost, tuple(formulas))


def derive_cost(cost: Cost) -> Derivation:
    """∂C/∂a_j^L from the formula of the cost."""
    goal = Partial(n.COST, n.a(n.L, n.J))
    given = Given((equations.cost(cost),))
    steps = work_out(goal, given)
    return Derivation("C", goal, (*steps, *work_out(_last(goal, steps), given, ("simplify",))))


def _bp1(network: Network, output: Activation, cost: Cost, derived: Derivation) -> Formula:
    """BP1: δ_j^L from ∂C/∂a^L."""
    given = Given((equations.activation(output, n.L, arbitrary=True),))
    special = Given(
        given.equations,
        lemmas=(derived.result,),
        facts=equations.facts(cost),
        functions=_function(output, n.L),
    )
    return _error("BP1", n.L, (network.L,), given, special)


def _bp2(activation: Activation, layers: tuple[int, ...]) -> Formula:
    """BP2: δ_j^l from δ^{l+1}, for every l < L with this activation."""
    above = n.l.shift(1)
    given = Given(
        (
            equations.activation(activation, n.l, arbitrary=True),
            equation_at(equations.weighted_input(n.l), {"l": above}),
        ),
        errors=(above,),
    )
    special = Given(given.equations, given.errors, functions=_function(activation, n.l))
    return _error("BP2", n.l, layers, given, special)


def _function(activation: Activation, at: LayerNumber) -> tuple[ScalarFunction, ...]:
    """σ of a layer for `Given.functions`; a coupled activation stands in the equations already."""
    return () if activation.couples_neurons else (equations.scalar_function(activation, at),)


def _error(
    label: str, at: LayerNumber, layers: tuple[int, ...], given: Given, special: Given
) -> Formula:
    goal = n.delta(at, n.J)
    start = Partial(n.COST, n.z(at, n.J))
    definition = Step("definition of δ", goal, start, "δ is defined as this derivative")
    general = (definition, *work_out(start, given))
    return Formula(
        label,
        layers,
        Derivation(label, goal, general),
        Derivation(label, goal, specialise(general[-1].after, special)),
        given,
        special,
    )


def _parameter(label: str, symbol: Symbol, layers: tuple[int, ...]) -> Formula:
    """BP3 and BP4: the derivative by a parameter of layer l, from δ^l."""
    given = Given((equations.weighted_input(n.l),), errors=(n.l,))
    goal = Partial(n.COST, symbol)
    general = Derivation(label, goal, work_out(goal, given))
    return Formula(label, layers, general, general, given, given)


# --- applying the rules --------------------------------------------------------------------


def work_out(term: Term, given: Given, order: Sequence[str] = WORK_OUT) -> tuple[Step, ...]:
    """Apply the rules in their order until none changes anything."""
    steps: list[Step] = []
    free = free_indices(term)
    while True:
        for name in order:
            rule = RULES[name]
            after = apply(rule, term, given)
            if after != term:
                # Bound letters as they are printed, so that reasons can name them.
                after = apart(after, free)
                steps.append(Step(name, term, after, rule.because, place(rule, term, given)))
                term = after
                break
        else:
            return tuple(steps)
        if len(steps) > MOST_STEPS:
            raise DerivationError(f"the rules {', '.join(order)} do not come to an end")


def specialise(term: Term, special: Given) -> tuple[Step, ...]:
    """From the general formula to this σ and C; tidied up only if that makes it cheaper."""
    steps = work_out(term, special, SPECIALISE)
    named = _last(term, steps)
    collected = work_out(named, special, TIDY)
    collected += work_out(_last(named, collected), special, ("simplify",))
    # One step that does the same is better than several.
    ways = [work_out(named, special, ("simplify",)), collected]
    ways = [way for way in ways if computes_like(_last(named, way), named, special)] or [()]
    tidied = min(ways, key=lambda way: effort(_last(named, way)))
    if effort(_last(named, tidied)) < effort(named):
        steps += tidied
    return steps or (Step("no change", term, term, "nothing in it depends on the choice of σ"),)


def effort(term: Term) -> int:
    """What a term costs to compute, in operations, a sum counted as ten of its bodies."""
    inner = sum(map(effort, children(term)))
    match term:
        case Sum():
            return 10 * (inner + 1)
        case Power(_, exponent) if exponent.denominator == 1 and exponent > 0:
            return inner + int(exponent) - 1
        case Apply() | Power():
            return inner + 4
        case _:
            return inner + max(0, len(children(term)) - 1)


def _last(start: Term, steps: tuple[Step, ...]) -> Term:
    return steps[-1].after if steps else start


def numbers(network: Network, layer: int) -> dict[str, LayerNumber]:
    """What l and L are, at a layer of a network: for `at_layer`."""
    return {"l": LayerNumber("", layer), "L": LayerNumber("", network.L)}
