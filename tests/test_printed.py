"""What a derivation prints is true, line by line: of fractions, of measured numbers, by the rules.

Each page is read as a reader would read it, text and LaTeX (tests/printed.py). A line has to hold
exactly on a network of fractions and to twelve places on one that is measured, at each layer and
neuron that it speaks of (tests/instances.py); the string has to be the equation that the line was
printed from; and that equation has to lead, by the rules, to the formula of the textbook. Lines
with wrong signs, indices, layers and slopes are planted to see that this is noticed.
"""

import collections
import functools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest
import sympy
from instances import COST, Anyhow, Exactly, Nearly, Reading, Terms, WrongError
from meaning import loose, value
from printed import Said, holds, read, said, says, strings
from reading import Node, nodes

from symnet.calculus import normal, textbook
from symnet.calculus.derivation import (
    SPECIALISE,
    TIDY,
    WORK_OUT,
    Backpropagation,
    Formula,
    derive,
    numbers,
    work_out,
)
from symnet.calculus.rules import Given
from symnet.network import equations
from symnet.network import notation as n
from symnet.network.architecture import Network
from symnet.network.functions import ZS, A, Activation, Cost, J, N, P, Y, Z
from symnet.paper.writing.alphabet import LATEX, MARKDOWN, TEXT
from symnet.paper.writing.answer import answer
from symnet.paper.writing.report import DETAILS, derivation, render_derivation
from symnet.term import (
    Apply,
    Equation,
    Index,
    LayerNumber,
    Partial,
    Sum,
    Symbol,
    Term,
    children,
    equation_at,
    from_sympy,
    map_children,
    mul,
    rename,
    walk,
)
from symnet.term import number as one

SQUARE = Activation("square", Z**2)
LEAKY = Activation("leaky", sympy.Piecewise((Z / 5, Z <= 0), (Z, True)))
NORMED = Activation("normed", ZS[J] / (1 + sympy.Sum(ZS[P] ** 2, (P, 1, N))))
CENTRED = Activation("centred", ZS[J] - sympy.Sum(ZS[P], (P, 1, N)) / N)
QUARTIC = Cost("fourth_power", (A - Y) ** 4 / 4)

NETWORKS: dict[str, Callable[[], Network]] = {
    "2-3-4-1": lambda: Network("2-3-4-1"),
    "1-1": lambda: Network("1-1"),
    "3-2": lambda: Network("3-2"),
    "2-2-2-2": lambda: Network("2-2-2-2"),
    "2-3:softmax": lambda: Network("2-3:softmax"),
    "4-3:softmax-2": lambda: Network("4-3:softmax-2"),
    "three kinds": lambda: Network("2-3:tanh-2:relu-2:identity"),
    "cross_entropy": lambda: Network("4-3:relu-2", cost="cross_entropy"),
    "squares": lambda: Network([2, 3, 2], activation=SQUARE, cost=QUARTIC),
    "leaky": lambda: Network([2, 3, 2], activation=LEAKY, cost=QUARTIC),
    "polynomials": lambda: Network("2-2-3-2", SQUARE, cost="quadratic"),
    "centred": lambda: Network("1-3-2", CENTRED, cost="quadratic"),
    "normed": lambda: Network("2-3-2", NORMED, cost="quadratic"),
}

every_network = pytest.mark.parametrize("name", NETWORKS)


@functools.cache
def derived(name: str) -> Backpropagation:
    return derive(NETWORKS[name]() if name in NETWORKS else Network(name))


@functools.cache
def page(name: str, detail: str) -> tuple[Said, ...]:
    """All equations of a page in which no dots stand."""
    return tuple(line for line in whole_page(name, detail) if not line.dots)


def whole_page(name: str, detail: str) -> Iterator[Said]:
    found = derived(name)
    pages = (derivation(found, to, detail) for to in (TEXT, LATEX))
    return said(*pages, found.network)


@functools.cache
def pages(name: str) -> tuple[Said, ...]:
    """What stands on any of the pages, each line once."""
    return tuple(dict.fromkeys(line for detail in DETAILS[::-1] for line in page(name, detail)))


@functools.cache
def kernel(name: str) -> "Kernel":
    return Kernel(derived(name))


@functools.cache
def exactly(name: str) -> Exactly:
    return Exactly(derived(name).network)


@functools.cache
def nearly(name: str) -> Nearly:
    return Nearly(derived(name).network)


@functools.cache
def anyhow(name: str) -> Anyhow:
    return Anyhow(derived(name).network)


# --- each line is true ---------------------------------------------------------------------------


@every_network
def test_each_printed_line_holds_exactly(name: str) -> None:
    for line in pages(name):
        holds(line, exactly(name))


@every_network
def test_each_printed_line_holds_where_it_is_measured(name: str) -> None:
    for line in pages(name):
        holds(line, nearly(name))


@pytest.mark.parametrize("form", ["text", "latex", "markdown"])
@pytest.mark.parametrize("detail", DETAILS)
def test_what_is_read_here_is_what_is_rendered(form: str, detail: str) -> None:
    """The lines that the other tests read stand on the rendered page, whole and in their order."""
    found = derived("4-3:softmax-2")
    rendered = " ".join(render_derivation(found, form, detail).split())
    alphabet = {"text": TEXT, "latex": LATEX, "markdown": MARKDOWN}[form]
    at = 0
    for string in strings(derivation(found, alphabet, detail)):
        squeezed = " ".join(string.split())
        assert squeezed in rendered[at:], string
        at = rendered.index(squeezed, at) + len(squeezed)


# --- each line is its equation, and follows by the rules -----------------------------------------


@every_network
def test_each_printed_line_is_the_equation_of_its_record(name: str) -> None:
    without = set()
    for line in pages(name):
        if line.equation is None:
            without.add((line.relation, line.kind))
        else:
            says(line, line.equation, anyhow(name))
    # The step to new values is no equation, and σ(z) = ... is one of functions.
    assert without <= {("←", "step"), ("=", "function"), ("=", "table")}


@every_network
def test_each_printed_equation_leads_to_the_textbook(name: str) -> None:
    """Worked on by the rules, each line and what the textbook claims have one normal form."""
    for line in pages(name):
        if line.form == "text" and line.equation is not None and line.relation == "=":
            assert kernel(name).agrees(line.equation, line.layers), line.whole


class Kernel:
    """Works equations on with the rules and compares them with the textbook and the definitions."""

    def __init__(self, derived: Backpropagation) -> None:
        self.derived, self.network = derived, derived.network

    def agrees(self, equation: Equation, layers: Sequence[int]) -> bool:
        label, number = self.about(equation)
        covered = layers[0] if number is None else number
        right = as_input(equation.right)
        if label not in ("BP1", "BP2", "BP3", "BP4", "cost", "by activation"):
            return normal.equal(right, self.defined(label, covered, equation))
        claim = self.at_neuron(self.claimed(label, covered), equation, covered, number)
        return normal.equal(
            self.finish(right, label, covered, number),
            self.finish(claim, label, covered, number),
        )

    def agrees_together(self, equation: Equation) -> bool:
        """The same, with the errors of the layers above put in on both sides."""
        label, number = self.about(equation)
        assert number is not None
        claim = self.at_neuron(self.claimed(label, number), equation, number, number)
        found = self.finish(claim, label, number, number)
        return normal.equal(self.put_in(equation.right), self.put_in(found))

    def put_in(self, term: Term) -> Term:
        """The errors of all layers in the places of δ."""
        L = self.network.L
        errors = [self.derived.formula("BP1" if l == L else "BP2", l) for l in range(2, L + 1)]
        lemmas = tuple(Equation(e.label, e.left, as_input(e.right)) for e in errors)
        return worked_out(term, Given((), lemmas=lemmas), ("lemma",))

    def about(self, equation: Equation) -> tuple[str, int | None]:
        """What an equation is about, and the number of its layer."""
        left = equation.left
        symbol = left.by if isinstance(left, Partial) else left
        if not isinstance(symbol, Symbol):
            return "fact", None
        layer = symbol.layer or n.L
        number = None if layer.name else layer.offset
        if symbol.name in ("w", "b"):
            return {"w": "BP3", "b": "BP4"}[symbol.name], number
        output = layer == n.L or number == self.network.L
        if symbol.name == "δ":
            return ("δ" if equation.label == "δ" else "BP1" if output else "BP2"), number
        if isinstance(left, Partial):
            return ("cost" if output else "by activation"), number
        return symbol.name, number

    def formula(self, label: str, covered: int) -> Formula:
        return next(f for f in self.derived.formulas if f.label == label and covered in f.layers)

    def claimed(self, label: str, covered: int) -> Equation:
        """What the textbook says, or SymPy of the cost."""
        if label == "cost":
            slope = sympy.diff(self.network.cost.formula, A)
            right = from_sympy(slope, {"a": n.a(n.L, n.J), "y": n.y(n.L, n.J)})
            return Equation("C", Partial(n.COST, n.a(n.L, n.J)), right)
        if label == "by activation":
            k = n.on(n.K, n.l.shift(1))
            weight = Symbol("w", n.l.shift(1), (k, n.on(n.J, n.l)))
            right = Sum(k, mul(weight, n.delta(n.l.shift(1), n.K)))
            return Equation("C", Partial(n.COST, n.a(n.l, n.J)), right)
        return textbook.state(label, self.network.layer(covered).activation.couples_neurons)

    def defined(self, label: str, covered: int, of: Equation) -> Term:
        """The defining equations of the network."""
        if label == "fact":
            return one(1)
        if label == "δ":
            return Partial(n.COST, n.z(n.l, n.J))
        if label == "C":
            return equations.cost(self.network.cost).right
        activation = self.network.layer(covered).activation
        unnamed = (x for x in walk(of.right) if isinstance(x, Apply) and not x.function.formula)
        arbitrary = not activation.couples_neurons and any(unnamed)
        equation = (
            equations.weighted_input(n.l)
            if label == "z"
            else equations.activation(activation, n.l, arbitrary=arbitrary)
        )
        return self.at_neuron(equation, of, covered, self.about(of)[1])

    def at_neuron(self, claim: Equation, of: Equation, covered: int, number: int | None) -> Term:
        """A claim at the layer and the neurons of an equation; a layer 1 is x there."""
        if number is None:
            return claim.right
        here = equation_at(claim, numbers(self.network, covered))
        neurons = dict(zip(here.indices, of.indices, strict=True))
        return as_input(rename(here.right, neurons))

    def finish(self, term: Term, label: str, covered: int, number: int | None) -> Term:
        for given, order in self.stages(label, covered):
            term = worked_out(term, self.given(given, covered, number), order)
        return term

    def stages(self, label: str, covered: int) -> Iterator[tuple[Given, tuple[str, ...]]]:
        if label == "cost":
            given = Given((equations.cost(self.network.cost),))
            yield from ((given, WORK_OUT), (given, ("simplify",)))
        elif label == "by activation":
            above = n.l.shift(1)
            next_input = equation_at(equations.weighted_input(n.l), {"l": above})
            yield Given((next_input,), known=(("z", above),)), WORK_OUT
        else:
            formula = self.formula(label, covered)
            yield formula.given, WORK_OUT
            yield formula.given_special, SPECIALISE
            yield formula.given_special, TIDY

    def given(self, given: Given, covered: int, number: int | None) -> Given:
        """What is given, at a numbered layer."""
        if number is None:
            return given
        to = numbers(self.network, covered)

        def here(all_: Sequence[Equation]) -> tuple[Equation, ...]:
            at = (equation_at(each, to) for each in all_)
            return tuple(Equation(e.label, e.left, as_input(e.right)) for e in at)

        def layer(of: LayerNumber) -> LayerNumber:
            return to[of.name].shift(of.offset) if of.name else of

        return Given(
            here(given.equations),
            tuple((name, layer(at)) for name, at in given.known),
            here(given.lemmas),
            here(given.facts),
            tuple(replace(f, layer=f.layer and layer(f.layer)) for f in given.functions),
        )


@functools.cache
def worked_out(term: Term, given: Given, order: tuple[str, ...]) -> Term:
    """What the rules arrive at."""
    steps = work_out(term, given, order)
    return steps[-1].after if steps else term


def as_input(term: Term) -> Term:
    """a^1 is x."""
    match term:
        case Symbol("a", LayerNumber("", 1), indices):
            return Symbol("x", None, indices)
    return map_children(term, as_input)


# --- one quantity --------------------------------------------------------------------------------

ASKED = ("2-3-4-1", "2-3:relu-2:softmax")


def quantities(network: Network) -> Iterator[str]:
    """Each weight, bias and error, as one asks for it; for the whole layer too."""
    for l in range(2, network.L + 1):
        yield from (f"δ^{l}", f"∂C/∂W^{l}", f"∂C/∂b^{l}", f"∂C/∂a^{l}", f"z^{l}", f"a^{l}")
        for j in range(1, network.sizes[l - 1] + 1):
            yield from (f"δ_{j}^{l}", f"∂C/∂b_{j}^{l}", f"∂C/∂a_{j}^{l}")
            for k in range(1, network.sizes[l - 2] + 1):
                yield f"∂C/∂w_{{{j}{k}}}^{l}"


@functools.cache
def answered(name: str, quantity: str) -> tuple[Said, ...]:
    found = derived(name)
    pages = (answer(found, quantity, to) for to in (TEXT, LATEX))
    return tuple(said(*pages, found.network))


@pytest.mark.parametrize("name", ASKED)
def test_each_line_about_one_quantity_holds(name: str) -> None:
    for quantity in quantities(derived(name).network):
        assert answered(name, quantity)
        for line in answered(name, quantity):
            assert not line.dots
            holds(line, exactly(name))


@pytest.mark.parametrize("name", ASKED)
def test_each_line_about_one_quantity_is_the_equation_of_its_record(name: str) -> None:
    for line in some_answers(name):
        assert line.equation is not None
        says(line, line.equation, anyhow(name))


@pytest.mark.parametrize("name", ASKED)
def test_each_line_about_one_quantity_leads_to_the_textbook(name: str) -> None:
    judge = kernel(name)
    for line in some_answers(name):
        assert line.equation is not None
        if line.form == "text" and line.section == "All together":
            assert judge.agrees_together(line.equation), line.whole
        elif line.form == "text":
            # What has no number of its own, the cost, is about the output.
            assert judge.agrees(line.equation, (judge.network.L,)), line.whole


def some_answers(name: str) -> Iterator[Said]:
    """What is printed of whole layers, and of the last neuron of each."""
    network = derived(name).network
    for l in range(2, network.L + 1):
        j, k = network.sizes[l - 1], network.sizes[l - 2]
        for quantity in (f"δ^{l}", f"∂C/∂W^{l}", f"∂C/∂a_{j}^{l}", f"a^{l}", f"z_{j}^{l}"):
            yield from answered(name, quantity)
        yield from answered(name, f"∂C/∂w_{{{j}{k}}}^{l}")
        yield from answered(name, f"∂C/∂b_{j}^{l}")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "quantity"),
    [(name, quantity) for name in ASKED for quantity in quantities(Network(name))],
)
def test_each_answer_in_every_way(name: str, quantity: str) -> None:
    for line in answered(name, quantity):
        assert line.equation is not None
        holds(line, nearly(name))
        says(line, line.equation, anyhow(name))
        if line.section == "All together":
            assert kernel(name).agrees_together(line.equation), line.whole
        else:
            assert kernel(name).agrees(line.equation, (kernel(name).network.L,)), line.whole


@pytest.mark.parametrize("name", ASKED)
def test_all_together_comes_to_the_derivative_of_the_network(name: str) -> None:
    """The last line names no error any more, and is the difference of two runs."""
    network = derived(name).network
    for quantity in quantities(network):
        found = re.fullmatch(r"∂C/∂([wb])_\{?(\d+)\}?\^(\d)", quantity)
        if found is None:
            continue
        last = [line for line in answered(name, quantity) if line.section == "All together"][-1]
        assert last.form == "latex"
        assert "δ" not in last.right
        # A sum stays where the line would be too long without it.
        assert last.rule != "written out" or "Σ" not in last.right
        key = found[1], int(found[3]), tuple(int(index) - 1 for index in found[2])
        expected = nearly(name).slope(("C", 0, ()), key)
        assert nearly(name).same(Reading(nearly(name)).value(read(last.right), {}), expected)


# --- reasons -------------------------------------------------------------------------------------

ABSENT = re.compile("(.*) does not contain (.*), so its derivative is 0")
PRESENT = re.compile("only (.*) contains (.*); the other factors stay as they are")
NAMED = re.compile("by definition (.*) is the error (.*)")
EQUAL = re.compile("(.*) is (.*), (?:the slope .*|by the .*)")
SAME = re.compile("the derivative of (.*) by (.*) is 1 if the indices agree and 0 if not")
THROUGH = re.compile("C depends on (.*) only through (.*)")


@every_network
def test_what_reasons_say_of_symbols_is_true(name: str) -> None:
    """Where a reason claims something of the symbols in it, that is so on the network."""
    checked = collections.Counter[str]()
    lines = [line for line in pages(name) if line.form == "text" and line.reason]
    lines += [line for q in ("∂C/∂w_{11}^2", "δ^2") for line in answers(name, q)]
    for line in lines:
        for rule, pattern, check in REASONS:
            found = pattern.fullmatch(line.reason)
            if line.rule == rule and found is not None:
                for l in line.layers or (None,):
                    assert check(read(found[1]), read(found[2]), Reading(exactly(name), l)), line
                checked[rule] += 1
    assert {rule for rule, *_ in REASONS} - {"slope", "fact", "constant"} <= set(checked)


def answers(name: str, quantity: str) -> Iterator[Said]:
    return (line for line in answered(name, quantity) if line.form == "text")


def whole_name(node: Node) -> tuple[str, str]:
    """w and l of w_jk^l."""
    return node[1], node[3]


def is_absent(inside: Node, symbol: Node, at: Reading) -> bool:
    return not is_present(inside, symbol, at)


def is_present(inside: Node, symbol: Node, at: Reading) -> bool:
    symbols = (part for part in nodes(inside) if part[0] == "symbol")
    return any(whole_name(part) == whole_name(symbol) for part in symbols)


def is_equal(left: Node, right: Node, at: Reading) -> bool:
    return all(at.value(left, place) == at.value(right, place) for place in at.places(left, right))


def is_one_at_equal_indices(of: Node, by: Node, at: Reading) -> bool:
    derivative = ("partial", of, by)
    return all(
        at.value(derivative, place) == (at.key(of, place) == at.key(by, place))
        for place in at.places(of, by)
    )


def is_the_only_way(by: Node, through: Node, at: Reading) -> bool:
    """Σ_p ∂C/∂u_p ∂u_p/∂v, over all of u, is ∂C/∂v."""
    instance = at.instance
    layer = at.layer(through[3])
    for place in at.places(by):
        key = at.key(by, place)
        ways = [(through[1], layer, (p,)) for p in range(instance.sizes[layer - 1])]
        total = sum(instance.slope(COST, u) * instance.slope(u, key) for u in ways)
        if total != instance.slope(COST, key):
            return False
    return True


REASONS = (
    ("constant", ABSENT, is_absent),
    ("product rule", PRESENT, is_present),
    ("definition of δ", NAMED, is_equal),
    ("slope", EQUAL, is_equal),
    ("fact", EQUAL, is_equal),
    ("same symbol", SAME, is_one_at_equal_indices),
    ("chain rule", THROUGH, is_the_only_way),
)


# --- errors that are planted ---------------------------------------------------------------------

SLOPE = re.compile(
    r" (⊙ )?((σ|sigmoid)'\([^)]*\)|a[₀-₉ⱼₖ]*[ˡᴸ²³⁴] (⊙ )?\(1 − [^)]*\)|∂a\S+/∂z\S+|\[\S+ > 0\])"
)
SYMBOL = re.compile(r"([wabzδWA])([₀-₉ⱼₖₚᵢ]*)([²³⁴]|[ˡᴸ]([⁺⁻]¹)?)")
OTHER_LAYER = {"²": "³", "³": "⁴", "⁴": "³", "ˡ": "ˡ⁺¹", "ˡ⁺¹": "ˡ", "ˡ⁻¹": "ˡ", "ᴸ": "ᴸ⁻¹"}


def swapped_indices(line: Said) -> Iterator[Said]:
    for found in re.finditer(r"(?<=w)([₀-₉ⱼₖₚᵢ])([₀-₉ⱼₖₚᵢ])", line.right):
        if found[1] != found[2]:
            yield changed(line, found.span(), found[2] + found[1])


def dropped_slopes(line: Said) -> Iterator[Said]:
    for found in SLOPE.finditer(line.right):
        yield changed(line, found.span(), "")


def shifted_layers(line: Said) -> Iterator[Said]:
    for found in SYMBOL.finditer(line.right):
        yield changed(line, found.span(3), OTHER_LAYER[found[3]])
    left, _, names = line.names.partition(" = ")
    for found in SYMBOL.finditer(names):
        a, b = found.span(3)
        yield replace(line, names=f"{left} = {names[:a]}{OTHER_LAYER[found[3]]}{names[b:]}")


def wrong_signs(line: Said) -> Iterator[Said]:
    for found in re.finditer("[+−](?= )", line.right):
        yield changed(line, found.span(), "−" if found[0] == "+" else "+")
    if line.kind != "matrices" and line.right.startswith("−"):
        yield replace(line, right=line.right[1:])
    elif line.kind != "matrices" and " ⊙ " not in line.right:
        yield replace(line, right=f"−({line.right})")


def transposed_matrices(line: Said) -> Iterator[Said]:
    for number, array in enumerate(line.arrays):
        if len(array) > 1 or len(array[0]) > 1:
            turned = tuple(zip(*array, strict=True))
            others = line.arrays[:number], line.arrays[number + 1 :]
            yield replace(line, arrays=(*others[0], turned, *others[1]))
    for found in re.finditer(r"\((\w+)\)ᵀ", line.names):
        yield replace(line, names=line.names.replace(found[0], found[1]))
    for found in re.finditer(r"(?<![∂(])W[²³⁴]", line.names):
        yield replace(line, names=line.names.replace(found[0], f"({found[0]})ᵀ"))


def changed(line: Said, span: tuple[int, int], to: str) -> Said:
    a, b = span
    return replace(line, right=line.right[:a] + to + line.right[b:])


PLANTED = {
    swapped_indices: 70,
    dropped_slopes: 40,
    shifted_layers: 400,
    wrong_signs: 200,
    transposed_matrices: 40,
}


@pytest.mark.parametrize("name", ["2-3-4-1", "4-3:softmax-2"])
@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_error_is_found(name: str, plant: Callable[[Said], Iterator[Said]]) -> None:
    """Each alone, at each place of a page where it can be made.

    A few leave the line true, since ∂b/∂a is 0 with either sign: these are not what the record
    says. All others are false of numbers.
    """
    lines = [line for line in page(name, "full") if line.form == "text" and line.equation]
    lines += answered("2-3-4-1", "∂C/∂w_{21}^2") if name == "2-3-4-1" else ()
    count = still_true = 0
    for line in lines:
        for wrong in plant(line) if line.form == "text" and line.relation == "=" else ():
            count += 1
            try:
                holds(wrong, exactly(name))
                still_true += 1
            except WrongError:
                continue
            assert wrong.equation is not None
            with pytest.raises(WrongError):
                says(wrong, wrong.equation, anyhow(name))
    assert count >= (PLANTED[plant] if name == "2-3-4-1" else 10)
    assert still_true <= count / 10


# --- dots ----------------------------------------------------------------------------------------


def dotted(side: Node) -> Iterator[tuple[Node, Node, Node]]:
    """What stands before the dots of a sum, and after them."""
    for part in nodes(side):
        if part[0] == "add":
            for a, b, dots, c in zip(part[1:], part[2:], part[3:], part[4:], strict=False):
                if dots[1] == ("dots",):
                    yield a[1], b[1], c[1]


@pytest.mark.parametrize("name", ["4-7-2", "7-2", "2-7:softmax-6", "6-2:tanh-8:relu-2"])
def test_dots_stand_between_the_first_two_and_the_last(name: str) -> None:
    counted = collections.Counter[str]()
    everything = list(whole_page(name, "full"))
    for line in everything:
        if not line.dots:
            holds(line, exactly(name))
        elif line.kind == "matrices":
            counted["matrices"] += 1
            assert_corners(line, Reading(exactly(name)))
        elif line.left in ("⋮", r"\vdots"):
            counted["neurons"] += 1
        else:
            counted["sums"] += 1
            assert_ends(line, name)
    assert counted["matrices"] >= 4
    assert counted["sums"] > 1
    for form in ("text", "latex"):
        neurons = [x.left for x in everything if x.kind == "neuron" and x.form == form]
        for before, above, dots, below in zip(
            neurons, neurons[1:], neurons[2:], neurons[3:], strict=False
        ):
            if dots == "⋮":
                counted["lists"] += 1
                ends = [read(left)[2] for left in (before, above, below)]
                layer = int(read(before)[3])
                assert ends == [("1",), ("2",), (str(derived(name).network.sizes[layer - 1]),)]
    assert counted["neurons"] == counted["lists"]


def assert_ends(line: Said, name: str) -> None:
    """Each sum with dots is a sum of the equation: its first two terms and its last."""
    assert line.equation is not None
    instance = anyhow(name)
    reading, world = Reading(instance), Terms(instance)
    # A sum may have another around it, of which the ends are looked at too.
    expected: list[tuple[object, ...]] = []
    right = line.equation.right
    fixed = {index: int(index.name) - 1 for index in loose(right)}
    for part, at in bodies(right, fixed, instance):
        size = world.size(part.index.axis)
        ends = [value(part.body, world, {**at, part.index: v}) for v in (0, 1, size - 1)]
        expected.append(tuple(ends))
    found = list(dotted(read(line.right)))
    assert found
    for three in found:
        if not any(part == ("dots",) for end in three for part in nodes(end)):
            assert tuple(reading.value(end, {}) for end in three) in expected, line.whole


def bodies(
    term: Term, at: dict[Index, int], instance: Exactly
) -> Iterator[tuple[Sum, dict[Index, int]]]:
    """Each sum of a term, at each value of the indices around it."""
    if isinstance(term, Sum):
        yield term, at
        for v in range(instance.sizes[term.index.axis.layer.offset - 1]):
            yield from bodies(term.body, {**at, term.index: v}, instance)
    else:
        for part in children(term):
            yield from bodies(part, at, instance)


def assert_corners(line: Said, reading: Reading) -> None:
    """The entries are those of the array that is named below, but for what the dots leave out."""
    whole = reading.array(read(line.names.partition(" = ")[0]))
    rows, columns = ([0, 1, size - 1] if size > 5 else list(range(size)) for size in whole.shape)
    shown = [row for row in line.arrays[0] if not set("".join(row)) <= set("⋮⋱")]
    assert len(shown) == len(rows)
    for row, i in zip(shown, rows, strict=True):
        entries = [entry for entry in row if entry not in "…"]
        assert len(entries) == len(columns)
        for entry, k in zip(entries, columns, strict=True):
            assert reading.value(read(entry), {}) == whole[i, k]


# --- how much is checked -------------------------------------------------------------------------


def test_how_many_printed_lines_are_checked() -> None:
    """pytest -s tests/test_printed.py -k how_many says how many of each kind."""
    counted = collections.Counter[str]()
    for name in NETWORKS:
        counted.update(f"{line.kind}, {line.form}" for line in pages(name))
    for name in ASKED:
        for quantity in quantities(derived(name).network):
            counted.update(f"one quantity, {line.form}" for line in answered(name, quantity))
    print(f"\n{sum(counted.values())} printed lines")
    print(*(f"  {kind}: {count}" for kind, count in sorted(counted.items())), sep="\n")
    assert counted["step, text"] >= 500
    assert counted["neuron, text"] >= 100
    assert counted["matrices, text"] >= 100
    assert counted["one quantity, text"] >= 1000
    assert all(counted[f"{kind}, latex"] for kind in ("step", "neuron", "matrices", "result"))
