"""One quantity of a network on a page: how it is derived, and what it comes to.

A derivative by a weight in the middle needs the error of its neuron, which needs those of the layer
above, and so on up to the output. The page goes this way and then puts everything together.

>>> from symnet.calculus.derivation import derive
>>> from symnet.paper.writing.alphabet import TEXT
>>> page = answer(derive("2-3-4-1"), r"∂C/∂w_{21}^3", TEXT)
>>> [section.title for section in page.sections]
['The derivation', 'The errors it needs', 'All together']
>>> page.sections[-1].blocks[-1].lines[-1].right[0]
'a₁² w₁₂⁴ (a₁⁴ − y₁) a₁⁴ (1 − a₁⁴) a₂³ (1 − a₂³)'
"""

from collections.abc import Iterator
from dataclasses import replace

from symnet.calculus.derivation import Backpropagation, Derivation, Step, numbers, work_out
from symnet.calculus.rules import Given
from symnet.errors import NotYet
from symnet.network import equations
from symnet.network import notation as n
from symnet.network.architecture import Network
from symnet.paper.writing import writer
from symnet.paper.writing.alphabet import TEXT, Alphabet
from symnet.paper.writing.blocks import LONGEST, at_neuron, chain, neurons, said_of, with_matrices
from symnet.paper.writing.entries import as_input, at_number, neuron, term_written_out, written_out
from symnet.paper.writing.latex_reader import quantity
from symnet.paper.writing.page import (
    Block,
    Page,
    Paragraph,
    Said,
    Section,
    lines,
    prose,
    say,
    table,
)
from symnet.paper.writing.report import about, named
from symnet.paper.writing.typesetting import typeset
from symnet.term import (
    LETTERS,
    Equation,
    Partial,
    Sum,
    Symbol,
    Term,
    at_layer,
    equation_at,
    relettered,
    rename,
    walk,
)

MOST_LAYERS = 3  # errors of more layers than that are not put into each other


def render_answer(derived: Backpropagation, text: str, form: str, *, fragment: bool = False) -> str:
    """The page of one quantity in one of FORMS. Raises EquationError with the place."""
    return typeset(lambda to: answer(derived, text, to), form, fragment=fragment)


def answer(derived: Backpropagation, text: str, to: Alphabet) -> Page:
    """The page of one quantity, such as ∂C/∂w_{21}^3. Raises EquationError with the place."""
    if not derived.network.plain:
        raise NotYet(
            "a single quantity of a network with layers of one's own cannot be asked for yet; "
            "without --of, all its formulas are derived"
        )
    wanted = _as_error(quantity(text, derived.network))
    name = writer.term(as_input(wanted), to)
    title = say(f"{{}} in {named(derived.network)}", to, name)
    intro = "Each line follows from the one before by the rule that is named with it."
    sections = tuple(_sections(wanted, derived, to))
    return Page(title, prose(intro, to), sections, True, (), (*about(derived), ("of", text)))


def _sections(
    wanted: Symbol | Partial, derived: Backpropagation, to: Alphabet
) -> Iterator[Section]:
    if isinstance(wanted, Symbol) and wanted.name != "δ":
        yield _definition(wanted, derived.network, to)
        return
    last = derived.network.L
    if _number(wanted) == last and _symbol(wanted).name == "δ":
        yield Section("The cost", tuple(_cost(derived, to)))
    derivations = [
        _at(derivation, wanted, derived.network) for derivation in _derivations(wanted, derived)
    ]
    blocks = [block for each in derivations for block in chain(each, to, reasons=True)]
    if _whole(wanted):
        blocks += with_matrices(derivations[-1].result, derived.network, _number(wanted), to)
    yield Section("The derivation", tuple(blocks))
    result = derivations[-1].result
    above = _errors(result.right)
    if above:
        needed = tuple(_needed(result, derived, to))
        yield Section("The errors it needs", needed)
    if above and derived.network.L - _number(above[0]) < MOST_LAYERS:
        yield _together(result, derived, to)


def _as_error(wanted: Symbol | Partial) -> Symbol | Partial:
    """∂C/∂z is δ."""
    if isinstance(wanted, Partial) and wanted.by.name == "z":
        return Symbol("δ", wanted.by.layer, wanted.by.indices)
    return wanted


def _symbol(wanted: Symbol | Partial) -> Symbol:
    return wanted.by if isinstance(wanted, Partial) else wanted


def _number(wanted: Symbol | Partial) -> int:
    """The layer of a quantity."""
    layer = _symbol(wanted).layer
    assert layer is not None
    return layer.offset


def _whole(wanted: Symbol | Partial) -> bool:
    """Whether all neurons of the layer are meant."""
    return not any(index.name.isdigit() for index in _symbol(wanted).indices)


def _definition(wanted: Symbol, network: Network, to: Alphabet) -> Section:
    """The forward equation of a z or an a; w and b are given."""
    number = _number(wanted)
    if wanted.name in ("w", "b") or number == 1:
        given = "the input" if number == 1 else "a parameter of the network"
        return Section("What it is", (Paragraph(prose(f"It is given: {given}.", to)),))
    layer = network.layer(number)
    z, a = layer.definition.equations
    of = z if wanted.name == "z" else equations.arbitrary(a)
    here = neuron(at_number(of, network, number), *(index.name for index in wanted.indices))
    shown = written_out(here, network, to).removeprefix(f"{writer.term(here.left, to)} = ")
    why = prose(f"the equation that defines it; the activation here is {layer.name}", to)
    said = [Said(writer.term(here.left, to), shown, "equation", why, here)]
    blocks: list[Block] = [lines(said, to, reasons=True)]
    if _whole(wanted):
        blocks += with_matrices(here, network, number, to)
    return Section("What it is", tuple(blocks))


# --- the derivation of one quantity --------------------------------------------------------


def _derivations(wanted: Symbol | Partial, derived: Backpropagation) -> Iterator[Derivation]:
    """The derivations of a quantity: for arbitrary σ and C, then for those of the network."""
    number, last, symbol = _number(wanted), derived.network.L, _symbol(wanted)
    if symbol.name == "a":
        yield derived.cost if number == last else _by_activation()
        return
    label = {"w": "BP3", "b": "BP4"}.get(symbol.name, "BP1" if number == last else "BP2")
    formula = next(f for f in derived.formulas if f.label == label and number in f.layers)
    yield formula.general
    if formula.special.result != formula.general.result:
        yield formula.special


def _by_activation() -> Derivation:
    """∂C/∂a_j^l of a layer below the output, from the errors of the layer above."""
    above = n.l.shift(1)
    goal = Partial(n.COST, n.a(n.l, n.J))
    next_input = equation_at(equations.weighted_input(n.l), {"l": above})
    return Derivation("C", goal, work_out(goal, Given((next_input,), known=(("z", above),))))


def _at(derivation: Derivation, wanted: Symbol | Partial, network: Network) -> Derivation:
    """A derivation for a general layer and neuron, at those of a quantity."""
    layers = numbers(network, _number(wanted))
    letters = _letters_apart(derivation, wanted)
    goal = relettered(at_layer(derivation.goal, layers), letters)
    assert isinstance(goal, Symbol | Partial)
    neuron = dict(zip(_symbol(goal).indices, _symbol(wanted).indices, strict=True))

    def here(term: Term) -> Term:
        return rename(as_input(relettered(at_layer(term, layers), letters)), neuron)

    steps = tuple(
        replace(
            step,
            before=here(step.before),
            after=here(step.after),
            place=step.place and (here(step.place[0]), here(step.place[1])),
        )
        for step in derivation.steps
    )
    return Derivation(derivation.label, wanted, steps)


def _letters_apart(derivation: Derivation, wanted: Symbol | Partial) -> dict[str, str]:
    """Other letters for those of a derivation that the quantity wants for itself."""
    used = {
        index.name
        for step in derivation.steps
        for part in walk(step.after)
        for index in (part.indices if isinstance(part, Symbol) else ())
    }
    wanted_letters = {index.name for index in _symbol(wanted).indices}
    free = (letter for letter in LETTERS if letter not in used | wanted_letters)
    return {letter: next(free) for letter in sorted(used & wanted_letters)}


# --- the errors it needs -------------------------------------------------------------------


def _errors(of: Term) -> list[Symbol]:
    """The errors that stand in a term."""
    return [part for part in walk(of) if isinstance(part, Symbol) and part.name == "δ"]


def _needed(of: Equation, derived: Backpropagation, to: Alphabet) -> Iterator[Block]:
    """The errors of the layers from this one up to the output, at the neurons that are needed."""
    yield Paragraph(
        "The formulas of the errors, BP1 at the output and BP2 below it, with this cost:"
    )
    yield from _cost(derived, to)
    error = _errors(of.right)[0]
    only = [index for index in error.indices if index.name.isdigit()]
    for number in range(_number(error), derived.network.L + 1):
        label = "BP1" if number == derived.network.L else "BP2"
        equation = derived.formula(label, number)
        why = prose("the formula of the error at this neuron, with its sum written out", to)
        if only and number == _number(error):
            here = neuron(at_number(equation, derived.network, number), only[0].name)
            yield lines([at_neuron(here, derived.network, label, why, to)], to, reasons=True)
        else:
            yield neurons(equation, derived.network, number, label, why, to)


def _cost(derived: Backpropagation, to: Alphabet) -> Iterator[Block]:
    """The cost, and its derivative by an output."""
    cost = equations.cost(derived.network.cost)
    shown = [cost, derived.cost.result]
    yield table([(writer.equation(each, to), "") for each in shown], shown)


def _together(of: Equation, derived: Backpropagation, to: Alphabet) -> Section:
    """The errors put in, one layer after the other, until none is left."""
    term = of.right
    steps: list[Step] = []
    while errors := _errors(term):
        number = _number(errors[0])
        label = "BP1" if number == derived.network.L else "BP2"
        lemma = at_number(derived.formula(label, number), derived.network, number)
        steps += work_out(term, Given((), lemmas=(lemma,)), ("lemma",))
        term = steps[-1].after
    left = writer.term(of.left, to)
    said = [
        said_of(step, "" if number else left, Equation(of.label, of.left, step.after), to)
        for number, step in enumerate(steps)
    ]
    sums = any(isinstance(part, Sum) for part in walk(term))
    in_text = term_written_out(term, derived.network, TEXT)
    if sums and len(in_text) <= LONGEST:
        shown = term_written_out(term, derived.network, to)
        why = "the sums are written out"
        said.append(Said("", shown, "written out", why, Equation(of.label, of.left, term)))
    return Section("All together", (lines(said, to, reasons=True),))
