"""A derivation as a page to read: sections of equations, each line with its rule and its reason.

The page is made once, in records of strings; templates/report/ prints it as text or as LaTeX.

>>> from symnet.calculus.derivation import derive
>>> from symnet.network.architecture import Network
>>> page = derivation(derive(Network("3-2")), TEXT)
>>> [section.title for section in page.sections][:2]
['The network', 'The cost']
"""

from dataclasses import dataclass

from symnet.calculus.derivation import Backpropagation, Derivation, Formula
from symnet.network import equations
from symnet.network import notation as n
from symnet.network.architecture import Network
from symnet.network.functions import Activation
from symnet.paper import writer
from symnet.paper.alphabet import LATEX, TEXT, Alphabet
from symnet.templating import render
from symnet.term import ARGUMENT, Equation

TEMPLATES = {"text": "report/derivation.txt.jinja", "latex": "report/derivation.tex.jinja"}
ALPHABETS = {"text": TEXT, "latex": LATEX}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chain of equalities; `left` is empty after the first."""

    left: str
    right: str
    rule: str
    because: str


@dataclass(frozen=True, slots=True)
class Chain:
    """Lines that follow from each other, and what they arrive at: in components and as matrices."""

    lines: tuple[Line, ...]
    results: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, a few sentences, equations, and chains of equalities."""

    title: str
    text: tuple[str, ...]
    equations: tuple[str, ...]
    chains: tuple[Chain, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A derivation in the words of one alphabet: the context of a report template."""

    title: str
    sections: tuple[Section, ...]


def render_derivation(derived: Backpropagation, form: str) -> str:
    """The derivation as text or as a LaTeX document (`form` is "text" or "latex")."""
    return render(TEMPLATES[form], page=derivation(derived, ALPHABETS[form]))


def derivation(derived: Backpropagation, alphabet: Alphabet) -> Page:
    """The page of a derivation: the network, the cost, then BP1 to BP4."""
    network = derived.network
    sections = [
        _network(network, alphabet),
        _cost(derived, alphabet),
        *(_formula(formula, network, alphabet) for formula in derived.formulas),
    ]
    return Page(prose(f"Backpropagation for {network}", alphabet), tuple(sections))


def _network(network: Network, to: Alphabet) -> Section:
    forward = [equations.weighted_input(n.l)]
    kinds: dict[Activation, list[int]] = {}
    for number in range(2, network.L + 1):
        kinds.setdefault(network.layer(number).activation, []).append(number)
    arbitrary = next((kind for kind in kinds if not kind.couples_neurons), None)
    if arbitrary is not None:
        forward.append(equations.activation(arbitrary, n.l, arbitrary=True))
    shown = [form for equation in forward for form in _forms(equation, to)]
    for kind, layers in kinds.items():
        where = f"l = {_list(layers)}"
        if kind.couples_neurons:
            of = writer.equation(equations.activation(kind, n.l), to)
        else:
            letter = to.letters.get("σ", "σ")
            of = f"{letter}(z) = {writer.formula(kind.formula, str(ARGUMENT), to)}"
        shown.append(_aside(of, f"{kind.name}, {where}", to))
    sizes = ", ".join(f"n_{l} = {size}" for l, size in enumerate(network.sizes, 1))
    text = (
        f"Layer 1 is the input, a^1 = x; layer L = {network.L} is the output; {sizes}. "
        "The weight w_jk^l goes from neuron k of layer l-1 to neuron j of layer l, "
        f"for l = 2, ..., {network.L}."
    )
    return Section("The network", (prose(text, to),), tuple(shown), ())


def _cost(derived: Backpropagation, to: Alphabet) -> Section:
    cost = derived.network.cost
    shown = [writer.equation(equations.cost(cost), to)]
    shown += [_aside(writer.equation(fact, to), "given", to) for fact in equations.facts(cost)]
    text = f"The {cost.name.replace('_', ' ')} cost of one sample, and its derivative by an output."
    return Section("The cost", (prose(text, to),), tuple(shown), (_chain(derived.cost, to),))


TITLES = {
    "BP1": "BP1: the error of the output layer",
    "BP2": "BP2: the error of a layer from the layer above",
    "BP3": "BP3: the derivative by a weight",
    "BP4": "BP4: the derivative by a bias",
}


def _formula(formula: Formula, network: Network, to: Alphabet) -> Section:
    activation = network.layer(formula.layers[0]).activation
    words = [f"For l = {_list(sorted(formula.layers))}, with an arbitrary activation and cost:"]
    if activation.couples_neurons and formula.label in ("BP1", "BP2"):
        words = [
            f"For l = {_list(sorted(formula.layers))}, where {activation.name} couples the neurons:"
        ]
    chains = [_chain(formula.general, to)]
    changed = formula.special.result != formula.general.result
    if changed:
        chains.append(_chain(formula.special, to))
    title = TITLES[formula.label]
    return Section(prose(title, to), tuple(prose(word, to) for word in words), (), tuple(chains))


def _chain(of: Derivation, to: Alphabet) -> Chain:
    left = writer.term(of.goal, to)
    lines = []
    for number, step in enumerate(of.steps):
        lines.append(
            Line(
                left if number == 0 else "",
                writer.term(step.after, to),
                prose(step.rule, to),
                prose(step.because, to),
            )
        )
    return Chain(tuple(lines), tuple(_forms(of.result, to)))


def _forms(equation: Equation, to: Alphabet) -> list[str]:
    forms = [writer.equation(equation, to)]
    matrix = writer.matrix_form(equation, to)
    return [*forms, matrix] if matrix is not None else forms


def _aside(formula: str, words: str, to: Alphabet) -> str:
    """A formula with words beside it."""
    if to.name == "latex":
        return rf"{formula} \qquad \text{{({prose(words, to)})}}"
    return f"{formula}    ({words})"


def _list(layers: list[int] | tuple[int, ...]) -> str:
    """2, 3, 4 as 2, ..., 4 where they follow each other."""
    layers = sorted(layers)
    if len(layers) > 3 and layers == list(range(layers[0], layers[-1] + 1)):
        return f"{layers[0]}, ..., {layers[-1]}"
    return ", ".join(map(str, layers))


# What TeX reads otherwise than it stands. Words come from us and from names, which are checked.
_TEX = {
    "δ": r"$\delta$",
    "σ": r"$\sigma$",
    "Σ": r"$\Sigma$",
    "∂": r"$\partial$",
    "−": "$-$",
    "ⁿ⁻¹": "$^{n-1}$",
    "ⁿ": "$^n$",
}


def prose(text: str, to: Alphabet) -> str:
    """A sentence for the alphabet: TeX's own signs escaped, w_jk^l set as mathematics."""
    if to.name != "latex":
        return text
    words = []
    for word in text.split(" "):
        core = word.rstrip(",.;:")
        if ("_" in core and core.split("_")[0] in ("n", "w", "b", "z", "a")) or "^" in core:
            letter, _, rest = core.partition("_")
            sub, _, sup = rest.partition("^")
            if not rest:
                letter, _, sup = core.partition("^")
            words.append(f"${LATEX.scripts(letter, sub, sup)}$" + word[len(core) :])
            continue
        for sign in "&%$#_{}":
            word = word.replace(sign, "\\" + sign)
        for sign, tex in _TEX.items():
            word = word.replace(sign, tex)
        words.append(word)
    return " ".join(words)
