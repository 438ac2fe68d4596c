"""A derivation as a page to read: sections of equations, each line with the rule that led to it.

The page is made once, in records of strings; templates/report/ prints them.

>>> from symnet.calculus.derivation import derive
>>> from symnet.paper.writing.alphabet import TEXT
>>> page = derivation(derive("3-2"), TEXT)
>>> [section.title for section in page.sections][:2]
['The network', 'The cost']
>>> page.sections[1].blocks[-1].shown
'∂C/∂aᴸ = aᴸ − y'
"""

from collections.abc import Iterable, Iterator, Sequence

from symnet.calculus.derivation import Backpropagation, Formula, Step, numbers, work_out
from symnet.calculus.normal import normalise
from symnet.calculus.rules import Given
from symnet.network import equations
from symnet.network import notation as n
from symnet.network.architecture import Network
from symnet.network.equations import Definition
from symnet.network.functions import Activation
from symnet.paper.writing import matrices, writer
from symnet.paper.writing.alphabet import LATEX, Alphabet
from symnet.paper.writing.blocks import adds_to_every_entry, chain, neurons, said_of, with_matrices
from symnet.paper.writing.page import (
    Block,
    Page,
    Paragraph,
    Result,
    Section,
    beside,
    lines,
    prose,
    say,
    table,
)
from symnet.paper.writing.typesetting import typeset
from symnet.term import ARGUMENT, Equation, Partial, Symbol, equation_at, walk

DETAILS = ("summary", "steps", "full")

MOST_SIZES = 8  # as many widths are listed one by one
MOST_LAYERS = 12  # as many layers are written out one by one
LONGEST_NAME = 60  # as many characters of a network fit into a heading


def render_derivation(
    derived: Backpropagation, form: str, detail: str = "steps", *, fragment: bool = False
) -> str:
    """The derivation in one of FORMS, with as much in it as one of DETAILS says."""
    return typeset(lambda to: derivation(derived, to, detail), form, fragment=fragment)


def formulas_in_latex(derived: Backpropagation) -> str:
    """The cost and the four formulas, one below the other, between dollars."""
    results = [derived.cost.result, *(formula.special.result for formula in derived.formulas)]
    rows = [matrices.best(result, LATEX).replace(" = ", " &= ", 1) for result in results]
    return "$$\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}$$"


def derivation(derived: Backpropagation, to: Alphabet, detail: str = "steps") -> Page:
    """The page of a derivation: the network, the cost, then BP1 to BP4, then all in short."""
    full = detail == "full"
    formulas = [_formula(formula, derived, to, full=full) for formula in derived.formulas]
    sections = {
        "summary": lambda: [_network(derived.network, to), _in_short(derived, to, cost=True)],
        "steps": lambda: [
            _network(derived.network, to),
            _cost(derived, to, full=False),
            *formulas,
            _gradient_step(derived, to, full=False),
            _in_short(derived, to),
        ],
        "full": lambda: [
            _network(derived.network, to),
            *([] if derived.network.plain else _own_forward(derived.network, to)),
            *(_forward(derived.network, to) if derived.network.plain else []),
            _cost(derived, to, full=True),
            _definition(derived.network, to),
            *formulas,
            _gradient_step(derived, to, full=True),
            _in_short(derived, to),
        ],
    }[detail]()
    intro = {
        "summary": "What is computed, without the derivation.",
        "steps": "Each line follows from the one before by the rule at its right. "
        "The rules are listed at the end.",
        "full": "Each line follows from the one before by the rule that is named with it.",
    }[detail]
    rules = tuple(_rules(derived, to)) if detail == "steps" else ()
    title = prose(f"Backpropagation for {named(derived.network)}", to)
    intro = prose(intro, to)
    return Page(title, intro, tuple(sections), full, rules, (*about(derived), ("detail", detail)))


def about(derived: Backpropagation) -> tuple[tuple[str, object], ...]:
    """What a program may want to know of a page: the network, its widths, functions and cost."""
    network = derived.network
    return (
        ("network", str(network)),
        ("widths", network.sizes),
        ("activations", tuple(layer.name for layer in network.layers)),
        ("cost", network.cost.name),
    )


def named(network: Network) -> str:
    """What to call a network in a heading."""
    name = str(network)
    return name if len(name) <= LONGEST_NAME else f"a network of {network.L} layers"


# --- the network and its forward pass ------------------------------------------------------


def _network(network: Network, to: Alphabet) -> Section:
    text = say(
        "Layer 1 is the input, {}, and layer {} is the output; {}.",
        to,
        _input(to),
        f"L = {network.L}",
        _sizes(network, to),
    )
    text += " " + (_meaning(network, to) if network.plain else OWN)
    if named(network) != str(network):
        text = f"{prose(str(network), to)}. {text}"
    general, functions = _general(network), list(_functions(network, to))
    rows = [(writer.equation(each, to), matrices.matrix_form(each, to) or "") for each in general]
    for numbered, definition in _own_kinds(network).items():
        at = f"l = {_list(numbered, to)}"
        rows += [
            (writer.equation(each, to), "" if i else beside("", to, at))
            for i, each in enumerate(definition.equations)
        ]
        general = [*general, *definition.equations]
    if len(general) > 1 and len(_plain(network)) < len(network.layers) and network.plain:
        layers = f"l = {_list(_plain(network), to)}"
        text += say(" For {} it depends on this input alone, by {}.", to, layers, to.letter("σ"))
    return Section("The network", (Paragraph(text), table([*rows, *functions], general)))


OWN = (
    "Layers of one's own stand with their equations. A sum runs over all values of its index; what "
    "an array is indexed by says which those are."
)


def _meaning(network: Network, to: Alphabet) -> str:
    return say(
        "The weight {} goes from neuron "
        "{} of layer {} to neuron {} of layer {}, and the bias {} belongs to neuron {} of layer "
        "{}, for {}. The weighted input of the neuron is {}, its activation {}. A sum runs over "
        "all neurons of the layer that its index belongs to.",
        to,
        writer.term(n.w(n.l, n.J, n.below(n.K, n.l)), to),
        *("k", f"l {to.minus} 1", "j", "l"),
        writer.term(n.b(n.l, n.J), to),
        *("j", "l"),
        f"l = {_list(range(2, network.L + 1), to)}",
        writer.term(n.z(n.l, n.J), to),
        writer.term(n.a(n.l, n.J), to),
    )


def _input(to: Alphabet) -> str:
    return f"{to.scripts('a', '', '1')} = x"


def _general(network: Network) -> list[Equation]:
    """The equations of a layer l: of z, of a = σ(z), and of each activation that couples."""
    kinds = _kinds(network)
    if not kinds:
        return []
    found = [equations.weighted_input(n.l)]
    if any(not kind.couples_neurons for kind in kinds):
        plain = next(kind for kind in kinds if not kind.couples_neurons)
        found.append(equations.activation(plain, n.l, arbitrary=True))
    return found


def _plain(network: Network) -> list[int]:
    """The layers whose activation is σ of one number."""
    return [
        number
        for number in range(2, network.L + 1)
        if _elementwise(network.layer(number).activation)
    ]


def _own_kinds(network: Network) -> dict[tuple[int, ...], Definition]:
    """The definitions of one's own, by the layers that have them."""
    kinds: dict[Definition, list[int]] = {}
    for number in range(2, network.L + 1):
        if network.layer(number).own is not None:
            kinds.setdefault(network.layer(number).definition, []).append(number)
    return {tuple(layers): definition for definition, layers in kinds.items()}


def _functions(network: Network, to: Alphabet) -> Iterator[tuple[str, str]]:
    """Each activation with the layers that have it."""
    for kind, layers in _kinds(network).items():
        if kind.couples_neurons:
            of = writer.equation(equations.activation(kind, n.l), to)
        else:
            # Where σ is another function in another layer, σ(z) = … would be said twice.
            z = writer.term(n.z(n.l, n.J), to) if _mixed(network) else str(ARGUMENT)
            own = writer.term(n.a(n.l, n.J), to) if _mixed(network) else to.function("σ", "", z)
            of = f"{own} = {writer.formula(kind.formula, z, to)}"
        yield of, beside(f"{kind.name}, ", to, f"l = {_list(layers, to)}")


def _mixed(network: Network) -> bool:
    """Whether σ stands for different functions in different layers."""
    return sum(not kind.couples_neurons for kind in _kinds(network)) > 1


def _elementwise(activation: Activation | None) -> bool:
    return activation is not None and not activation.couples_neurons


def _kinds(network: Network) -> dict[Activation, list[int]]:
    """The activations of a network, each with its layers."""
    kinds: dict[Activation, list[int]] = {}
    for number in range(2, network.L + 1):
        activation = network.layer(number).activation
        if activation is not None:
            kinds.setdefault(activation, []).append(number)
    return kinds


def _forward(network: Network, to: Alphabet) -> Iterator[Section]:
    """Layer by layer in components and with matrices; in short; and for a general l."""
    for number in _few(range(2, network.L + 1)):
        if number is not None:
            section = _layer(network, number, to)
            if number == 3 and network.L - 1 > MOST_LAYERS:
                more = Paragraph(f"The layers from 4 to {network.L - 1} follow likewise.")
                section = Section(section.title, (*section.blocks, more))
            yield section
    rows: list[tuple[str, str]] = []
    shown: list[Equation] = []
    for number in _few(range(2, network.L + 1)):
        if number is None:
            rows.append((to.column_dots, ""))
            continue
        rows.append(_whole_layer(network, number, to))
        shown += _layer_equations(network, number)
    yield Section("The forward pass in short", (table(rows, shown),))
    general = _general(network)
    rows = [(matrices.best(each, to), _every(network, to)) for each in general]
    if len(general) > 1 and len(_plain(network)) < len(network.layers):
        rows[1] = (rows[1][0], f"l = {_list(_plain(network), to)}")
    rows += _functions(network, to)
    text = say(
        "One equation for all layers, where {} and {} is the input:",
        to,
        "l > 1",
        f"{to.scripts('a', '', '1')} = x",
    )
    yield Section("The forward pass in general", (Paragraph(text), table(rows, general)))


def _whole_layer(network: Network, number: int, to: Alphabet) -> tuple[str, str]:
    """z = W a + b and a = σ(z) of a layer."""
    z, a = _layer_equations(network, number)
    return matrices.best(z, to), matrices.best(a, to)


def _layer_equations(network: Network, number: int) -> tuple[Equation, Equation]:
    z, a = network.layer(number).definition.equations
    if not _mixed(network):
        a = equations.arbitrary(a)
    at = numbers(network, number)
    return equation_at(z, at), equation_at(a, at)


def _layer(network: Network, number: int, to: Alphabet) -> Section:
    """z and a of one layer: each neuron, all entries of the matrices, the layer as a whole."""
    z, a = _layer_equations(network, number)
    below, name = number - 1, network.layer(number).name
    weighs = (
        f"Each neuron of layer {number} weighs what comes from layer {below} and adds its bias:"
    )
    parts = (
        (
            z,
            weighs,
            f"the equation of z at each neuron, with the sum over layer {below} written out",
        ),
        (a, "Then the activation is applied:", f"the equation of a at each neuron, here {name}"),
    )
    blocks: list[Block] = []
    for each, words, why in parts:
        blocks.append(Paragraph(words))
        blocks.append(neurons(each, network, number, "component", prose(why, to), to))
        blocks += with_matrices(each, network, number, to)
    blocks.append(Paragraph("Layer-wise:"))
    blocks.append(table([_whole_layer(network, number, to)], (z, a)))
    return Section(f"From layer {below} to layer {number}", tuple(blocks))


def _own_forward(network: Network, to: Alphabet) -> Iterator[Section]:
    """The defining equations of each layer."""
    for number in _few(range(2, network.L + 1)):
        if number is not None:
            own = network.layer(number).definition.equations
            here = [equation_at(each, numbers(network, number)) for each in own]
            rows = [(writer.equation(each, to), "") for each in here]
            yield Section(f"From layer {number - 1} to layer {number}", (table(rows, here),))


# --- the cost and the four formulas --------------------------------------------------------


def _cost(derived: Backpropagation, to: Alphabet, *, full: bool) -> Section:
    cost, shared = derived.network.cost, derived.network.shared
    defining, facts = equations.cost(cost, shared), equations.facts(cost, shared)
    rows = [(writer.equation(defining, to), "")]
    rows += [(writer.equation(fact, to), beside("by the choice of y", to)) for fact in facts]
    name = prose(cost.name.replace("_", "-"), to)
    text = f"The {name} cost of one sample, and its derivative by an output:"
    shown = table(rows, (defining, *facts))
    blocks: list[Block] = [Paragraph(text), shown, *chain(derived.cost, to, reasons=full)]
    if derived.network.penalties:
        blocks += _penalties(derived.network, to)
    return Section("The cost", tuple(blocks))


def _penalties(network: Network, to: Alphabet) -> Iterator[Block]:
    """C = E + λ/2 Σ w², for each kind of weights."""
    found = (equations.penalised(p, network.penalties) for p in _parameters(network))
    shown = [equation for each in found for equation in each]
    text = say(
        "With {} for this cost, large weights are penalised; of layer {} there is:", to, "E", "l"
    )
    yield Paragraph(text)
    yield table([(writer.equation(each, to), "") for each in shown], shown)


def _definition(network: Network, to: Alphabet) -> Section:
    error = Equation("δ", n.delta(n.l, n.J), _derivative_by_z())
    rows = [(writer.equation(error, to), _every(network, to))]
    text = say(
        "The error {} of a neuron is the derivative of the cost by its weighted input {}, not by "
        "its output {}. All derivatives follow from the errors, and the errors of a layer from "
        "those of the layer above: from the output back to the input.",
        to,
        writer.term(n.delta(n.l, n.J), to),
        writer.term(n.z(n.l, n.J), to),
        writer.term(n.a(n.l, n.J), to),
    )
    return Section("The error of a neuron", (Paragraph(text), table(rows, (error,))))


def _derivative_by_z() -> Partial:
    return Partial(n.COST, n.z(n.l, n.J))


TITLES = {
    "BP1": "BP1: the error of the output layer",
    "BP2": "BP2: the error of a layer from the layer above",
    "BP3": "BP3: the derivative by a weight",
    "BP4": "BP4: the derivative by a bias",
}


def _formula(formula: Formula, derived: Backpropagation, to: Alphabet, *, full: bool) -> Section:
    network = derived.network
    layer = network.layer(formula.layers[0])
    couples = layer.activation is not None and layer.activation.couples_neurons
    errors = formula.label in ("BP1", "BP2")
    layers = f"l = {_list(formula.layers, to, down=formula.label == 'BP2')}"
    text = say("For {}:", to, layers)
    if errors and couples:
        words = f"For {{}}, where {layer.name} couples the neurons of the layer:"
        text = say(words, to, layers)
    elif not errors and _activations(formula):
        words = "For {}, first with arbitrary activations:"
        text = say(words, to, layers)
    elif errors:
        arbitrary = "activation {} and cost {}:" if formula.label == "BP1" else "activation {}:"
        letters = [to.letter(letter) for letter in ("σ", "C")[: arbitrary.count("{}")]]
        text = say(f"For {{}}, first with an arbitrary {arbitrary}", to, layers, *letters)
    blocks: list[Block] = [Paragraph(text)]
    if formula.general.steps:  # ∂C/∂a of the outputs is what it is for an arbitrary C
        blocks += chain(formula.general, to, reasons=full)
        blocks += _notes(formula.general.result, to, first=formula.label == "BP1")
    if _specialised(formula):
        named = [f"the activation {name}" for name in _activations(formula)]
        named += ["the cost above"] if formula.given_special.lemmas else []
        blocks.append(Paragraph(prose(f"With {' and '.join(named)}:", to)))
        blocks += chain(formula.special, to, reasons=full)
        blocks += _notes(formula.special.result, to)
    if full and network.plain:
        for number in _few(sorted(formula.layers, reverse=True)):
            blocks += _at_layer(formula.label, derived, number, to)
    return Section(_title(formula, to), tuple(blocks))


def _activations(formula: Formula) -> list[str]:
    """The activations that a formula is specialised to."""
    return list(dict.fromkeys(function.name for function in formula.given_special.functions))


def _title(formula: Formula, to: Alphabet) -> str:
    if formula.label in TITLES:
        return prose(TITLES[formula.label], to)
    goal = formula.general.goal
    if isinstance(goal, Partial):
        return say("The derivative by {}", to, writer.term(goal.by, to))
    return say("The error {}", to, writer.term(goal, to))


def _notes(of: Equation, to: Alphabet, *, first: bool = False) -> Iterator[Paragraph]:
    """What has to be known to read a matrix form, the first of a page above all."""
    shown = matrices.matrix_form(of, to)
    if shown is None:
        return
    if any(part == Partial(n.COST, n.a(n.L, n.J)) for part in walk(of.right)):
        gradient = to.scripts(to.letter("∇"), "a", "") + " C"
        entry = writer.term(Partial(n.COST, n.a(n.L, n.J)), to)
        yield Paragraph(say("{} is the vector of all {}.", to, gradient, entry))
    if first and to.hadamard.strip() in shown:
        yield Paragraph(prose("⊙ multiplies vectors entry by entry.", to))
    if adds_to_every_entry(of):
        yield Paragraph("A number is taken from, or added to, every entry of a vector.")


def _at_layer(
    label: str, derived: Backpropagation, number: int | None, to: Alphabet
) -> Iterator[Block]:
    """A formula at a numbered layer: for each neuron, and with all entries of the matrices."""
    if number is None:
        yield Paragraph("The layers between follow likewise.")
        return
    equation = derived.formula(label, number)
    yield Paragraph(f"In layer {number}:")
    if label in ("BP1", "BP2"):
        why = say("the formula above for each neuron of the layer, sums written out", to)
        yield neurons(equation, derived.network, number, label, why, to)
    yield from with_matrices(equation, derived.network, number, to)


def _specialised(formula: Formula) -> bool:
    """Whether the choice of σ and C changes a formula."""
    return formula.special.result != formula.general.result


def _gradient_step(derived: Backpropagation, to: Alphabet, *, full: bool) -> Section:
    """w ← w − η ∂C/∂w with what ∂C/∂w is, in components and layer by layer."""
    blocks: list[Block] = [
        Paragraph(
            say(
                "The arrow puts the new value in the place of the old one; the layer {} stays the "
                "same. The learning rate {} says how far to go against the gradient. For {}:",
                to,
                "l",
                to.letter(n.RATE),
                _every(derived.network, to),
            )
        )
    ]
    formulas = _by_parameters(derived)
    names = [goal.by.name for _, goal in formulas]
    for formula, goal in formulas:
        if names.count(goal.by.name) > 1:
            blocks.append(Paragraph(beside("For ", to, f"l = {_list(formula.layers, to)}") + ":"))
        known = Given((), lemmas=(formula.special.result,))
        moved = normalise(equations.descent(goal.by))
        why = "against the gradient the cost falls fastest"
        steps = [Step("gradient step", goal.by, moved, why), *work_out(moved, known, ("lemma",))]
        left = writer.term(goal.by, to)
        said = [
            said_of(step, "" if number else left, None, to, "=" if number else to.arrow)
            for number, step in enumerate(steps)
        ]
        blocks.append(lines(said, to, reasons=full))
        arrived = Equation("step", goal.by, steps[-1].after)
        shown = matrices.matrix_form(arrived, to, to.arrow)
        shown = shown or f"{left} {to.arrow} {writer.term(arrived.right, to)}"
        blocks.append(Result(shown, arrived))
    return Section("The gradient step", tuple(blocks))


def _parameters(network: Network) -> list[Symbol]:
    """The parameters of all layers, each kind once."""
    layers = (network.layer(number) for number in range(2, network.L + 1))
    return list(dict.fromkeys(p for layer in layers for p in layer.definition.parameters))


def _by_parameters(derived: Backpropagation) -> list[tuple[Formula, Partial]]:
    """The formulas by which parameters are moved; layers of several kinds have one each."""
    parameters = set(_parameters(derived.network))
    goals = ((formula, formula.general.goal) for formula in derived.formulas)
    return [(f, goal) for f, goal in goals if isinstance(goal, Partial) and goal.by in parameters]


def _in_short(derived: Backpropagation, to: Alphabet, *, cost: bool = False) -> Section:
    """The four formulas as they are computed."""
    shown = [
        (
            matrices.best(formula.special.result, to),
            beside(f"{formula.label}, ", to, f"l = {_list(formula.layers, to)}"),
        )
        for formula in derived.formulas
    ]
    results = [formula.special.result for formula in derived.formulas]
    if cost:
        by_outputs = derived.cost.result
        defining = equations.cost(derived.network.cost, derived.network.shared)
        shown.insert(0, (writer.equation(defining, to), ""))
        shown.insert(1, (matrices.best(by_outputs, to), ""))
        results = [defining, by_outputs, *results]
    text = "All formulas of this network; a gradient step needs no others:"
    return Section("In short", (Paragraph(text), table(shown, results)))


def _rules(derived: Backpropagation, to: Alphabet) -> Iterator[tuple[str, str]]:
    """The rules in the order of their first use, each with its reasons."""
    shown = [derived.cost]
    for formula in derived.formulas:
        shown += [formula.general, formula.special] if _specialised(formula) else [formula.general]
    reasons: dict[str, list[str]] = {}
    for step in (step for derivation in shown for step in derivation.steps):
        said = reasons.setdefault(step.rule, [])
        if step.because not in said:
            said.append(step.because)
    reasons["gradient step"] = ["against the gradient the cost falls fastest"]
    for rule, said in reasons.items():
        yield prose(rule, to), prose("; ".join(said), to)


# --- pieces --------------------------------------------------------------------------------


def _list(layers: Iterable[int], to: Alphabet, *, down: bool = False) -> str:
    """2, 3, 4 as it stands; 2, …, 9 where more follow each other; 4, 3, 2 where one goes down."""
    layers = sorted(layers)
    if down and len(layers) > 1:
        upwards = _list(layers, to).split(", ")
        return ", ".join(reversed(upwards))
    if len(layers) > 3 and layers == list(range(layers[0], layers[-1] + 1)):
        return f"{layers[0]}, {to.dots}, {layers[-1]}"
    return ", ".join(map(str, layers))


def _every(network: Network, to: Alphabet) -> str:
    """The layers that have parameters: l = 2, 3, …, L."""
    if network.L == 2:
        return "l = L = 2"
    return f"l = 2, {to.dots}, L" if network.L == 3 else f"l = 2, 3, {to.dots}, L"


def _few(layers: Sequence[int]) -> list[int | None]:
    """The layers, or the first two and the last with None between."""
    if len(layers) <= MOST_LAYERS:
        return list(layers)
    return [*layers[:2], None, layers[-1]]


def _size(network: Network, number: int, to: Alphabet) -> str:
    """n_1 = 2; an open width is any number, or that of the layer with the same letter before."""
    size, own = network.sizes[number - 1], to.scripts("n", str(number), "")
    if isinstance(size, int):
        return f"{own} = {size}"
    first = network.sizes.index(size) + 1
    if first < number:
        return f"{own} = {to.scripts('n', str(first), '')}"
    return rf"{own} \text{{ arbitrary}}" if to.stacked else f"{own} arbitrary"


def _sizes(network: Network, to: Alphabet) -> str:
    """n_1 = 2, n_2 = 3, …"""
    shown = [_size(network, number, to) for number in range(1, network.L + 1)]
    if len(shown) > MOST_SIZES:
        shown[MOST_SIZES // 2 : -1] = [to.dots]
    # Separate formulas have wider gaps between them than the parts of one.
    return ("$, $" if to.stacked else ", ").join(shown)
