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

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import sympy

from symnet.calculus.rules import RULES, Given, apply, computes_like
from symnet.errors import EquationError, SymnetError
from symnet.network import equations
from symnet.network import notation as n
from symnet.network.architecture import Network
from symnet.network.equations import Definition, Shared
from symnet.network.functions import Cost, Penalty
from symnet.term import (
    Apply,
    Equation,
    LayerNumber,
    Partial,
    Power,
    Sum,
    Symbol,
    Term,
    apart,
    at_layer,
    children,
    equation_at,
    free_indices,
    mentions,
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

    def at(self, layer: int) -> tuple[Equation, ...]:
        """All formulas of a layer, specialised: errors first, then derivatives by parameters."""
        definition = self.network.layer(layer).definition
        order = [v.name for v in (*definition.quantities[::-1], *definition.parameters)]

        def place(formula: Formula) -> int:
            return order.index(_sought(formula.general.goal).name)

        found = sorted((f for f in self.formulas if layer in f.layers), key=place)
        to = numbers(self.network, layer)
        return tuple(equation_at(formula.special.result, to) for formula in found)

    def by(self, name: str, layer: int) -> Equation:
        """∂C by a quantity or a parameter of a layer, by its letter; that by z is δ.

        Raises EquationError for a letter that the layer lacks.
        """
        self.network.layer(layer)
        for formula in self.formulas:
            if layer in formula.layers and _sought(formula.general.goal).name == name:
                return equation_at(formula.special.result, numbers(self.network, layer))
        known = dict.fromkeys(
            _sought(f.general.goal).name for f in self.formulas if layer in f.layers
        )
        raise EquationError(f"layer {layer} has ∂C by {', '.join(known)}, not by {name[:40]!r}")

    def delta(self, layer: int) -> sympy.Eq:
        """δ_j^l in SymPy, for l = 2..L."""
        return self.network.equation(self.by("z", layer))

    def dC(self, name: str, layer: int) -> sympy.Eq:
        """∂C by a parameter or quantity of one's own, by its letter, in SymPy."""
        return self.network.equation(self.by(name, layer))

    def dC_dw(self, layer: int) -> sympy.Eq:
        """∂C/∂w_jk^l in SymPy, for l = 2..L."""
        return self.dC("w", layer)

    def dC_db(self, layer: int) -> sympy.Eq:
        """∂C/∂b_j^l in SymPy, for l = 2..L."""
        return self.dC("b", layer)


def _sought(goal: Symbol | Partial) -> Symbol:
    """By what C is derived: z of the goal δ, w of ∂C/∂w."""
    return goal.by if isinstance(goal, Partial) else Symbol("z", goal.layer, goal.indices)


def derive(network: Network | str) -> Backpropagation:
    """Derive ∂C by every quantity and parameter of a network from its equations: BP1 to BP4.

    Layers whose formula follows from the same equations share the derivation.
    """
    network = network if isinstance(network, Network) else Network(network)
    cost = derive_cost(network.cost, network.shared)
    tasks: dict[_Task, list[int]] = {}
    for number in range(network.L, 1, -1):
        for task in _errors(network, number, cost):
            tasks.setdefault(task, []).append(number)
    definitions = {n: network.layer(n).definition for n in range(2, network.L + 1)}
    for name in dict.fromkeys(p.name for d in definitions.values() for p in d.parameters):
        for number, definition in definitions.items():
            for parameter in definition.parameters:
                if parameter.name == name:
                    task = _inside(definition, parameter, network.penalties)
                    tasks.setdefault(task, []).append(number)
    formulas = tuple(_formula(task, tuple(layers)) for task, layers in tasks.items())
    return Backpropagation(network, cost, formulas)


def derive_cost(cost: Cost, shared: tuple[Shared, ...] = ()) -> Derivation:
    """∂C/∂a_j^L from the formula of the cost."""
    defining = equations.cost(cost, shared)
    goal = Partial(n.COST, equations.output(shared))
    given = Given((defining,))
    steps = work_out(goal, given)
    return Derivation("C", goal, (*steps, *work_out(_last(goal, steps), given, ("simplify",))))


@dataclass(frozen=True, slots=True)
class _Task:
    """∂C by what is sought, from the equations in which it stands, for arbitrary and given σ."""

    label: str
    sought: Symbol
    given: Given
    special: Given | None  # if σ and C enter at all


def _errors(network: Network, number: int, cost: Derivation) -> Iterator[_Task]:
    """∂C by the quantities of a layer, from the last back to the first."""
    definition = network.layer(number).definition
    *inner, a = definition.quantities
    if a in definition.named:
        yield _through_a(network, number, a, cost)
    for u in reversed(inner):
        through = a not in definition.named and mentions(definition.activation.right, u)
        yield _through_a(network, number, u, cost) if through else _inside(definition, u)


def _through_a(network: Network, number: int, u: Symbol, cost: Derivation) -> _Task:
    """∂C/∂u through a^l, or by a^l itself: from the cost at the output, else from the next layer.

    BP1 and BP2 are of this kind.
    """
    definition = network.layer(number).definition
    own = definition.users(u)[::-1]  # a^l is the last
    known = _known((e for e in own if e.left in definition.named), n.l)
    functions = equations.functions_of(*own)
    own = tuple(equations.arbitrary(e, own) for e in own)
    if number == network.L:
        known = tuple((name, n.L) for name, _ in known)
        given = Given(tuple(equation_at(e, {"l": n.L}) for e in own), known)
        special = Given(
            given.equations,
            given.known,
            lemmas=(cost.result,),
            facts=equations.facts(network.cost, network.shared),
            functions=tuple(replace(f, layer=n.L) for f in functions),
        )
        sought = at_layer(u, {"l": n.L})
        assert isinstance(sought, Symbol)
        return _Task(_label(sought, given, "BP1"), sought, given, special)
    above, up = network.layer(number + 1).definition.users(equations.BELOW), n.l.shift(1)
    known += _known(above, up)
    functions += tuple(replace(f, layer=up) for f in equations.functions_of(*above))
    above = tuple(equation_at(equations.arbitrary(e, above), {"l": up}) for e in above)
    above = tuple(equations.on_axes(e, definition.same_axes) for e in above)
    given = Given((*own, *above), known)
    return _Task(_label(u, given, "BP2"), u, given, replace(given, functions=functions))


def _known(defining: Iterable[Equation], at: LayerNumber) -> tuple[tuple[str, LayerNumber], ...]:
    return tuple((e.left.name, at) for e in defining if isinstance(e.left, Symbol))


def _inside(definition: Definition, v: Symbol, penalties: tuple[Penalty, ...] = ()) -> _Task:
    """∂C/∂v from the equations of its own layer alone; BP3 and BP4 are of this kind."""
    own = definition.users(v)
    given = Given(tuple(equations.arbitrary(e, own) for e in own), _known(own, n.l))
    label = _label(v, given, {"w": "BP3", "b": "BP4"}.get(v.name, ""))
    given = replace(given, equations=given.equations + equations.penalised(v, penalties))
    functions = equations.functions_of(*own)
    return _Task(label, v, given, replace(given, functions=functions) if functions else None)


def _label(sought: Symbol, given: Given, book: str) -> str:
    """BP1 to BP4 where the equations are those of the books, else ∂C by what is sought."""
    z = equations.weighted_input(n.l)
    match book:
        case "BP1" | "BP2":
            at = n.L if book == "BP1" else n.l
            rest = () if book == "BP1" else (equation_at(z, {"l": n.l.shift(1)}),)
            activation = given.equations[:1]
            named = [e.left for e in activation] == [n.a(at, n.J)] and sought == n.z(at, n.J)
            books = named and given.equations[1:] == rest and _of_books(activation[0].right, sought)
        case "BP3" | "BP4":
            books = given.equations == (z,)
        case _:
            books = False
    return book if books else f"∂C/∂{sought.name}"


def _of_books(activation: Term, z: Symbol) -> bool:
    """Whether a is σ(z), or couples neurons; a function that is written out has no σ' in books."""
    if not isinstance(activation, Apply):
        return True
    return activation.function.formula is None and activation.argument == z


def _formula(task: _Task, layers: tuple[int, ...]) -> Formula:
    sought = task.sought
    start = Partial(n.COST, sought)
    goal: Symbol | Partial = start
    steps: tuple[Step, ...] = ()
    if sought.name == "z":
        goal = Symbol("δ", sought.layer, sought.indices)
        steps = (Step("definition of δ", goal, start, "δ is defined as this derivative"),)
    steps += work_out(start, task.given)
    general = Derivation(task.label, goal, steps)
    if task.special is None:
        return Formula(task.label, layers, general, general, task.given, task.given)
    special = Derivation(task.label, goal, specialise(_last(start, steps), task.special))
    return Formula(task.label, layers, general, special, task.given, task.special)


# --- applying the rules --------------------------------------------------------------------


def work_out(term: Term, given: Given, order: Sequence[str] = WORK_OUT) -> tuple[Step, ...]:
    """Apply the rules in their order until none changes anything."""
    steps: list[Step] = []
    free = free_indices(term)
    still: dict[str, set[Term]] = {name: set() for name in order}
    while True:
        for name in order:
            rule = RULES[name]
            after, place = apply(rule, term, given, still[name])
            if place is not None and after != term:
                # Bound letters as they are printed, so that reasons can name them.
                after = apart(after, free)
                steps.append(Step(name, term, after, rule.because, place))
                term = after
                if rule.once:
                    still[name].add(term)
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
    ways = [way for way in ways if computes_like(_last(named, way), named, special)]
    tidied = min(ways, key=lambda way: effort(_last(named, way)), default=())
    if tidied and effort(_last(named, tidied)) < effort(named):
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
