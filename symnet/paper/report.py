"""A derivation as a page to read: sections of equations, each line with the rule that led to it.

The page is made once, in records of strings; templates/report/ prints it as text or as LaTeX.

>>> from symnet.calculus.derivation import derive
>>> from symnet.network.architecture import Network
>>> page = derivation(derive(Network("3-2")), TEXT)
>>> [section.title for section in page.sections][:2]
['The network', 'The cost']
>>> print(page.sections[1].chains[0].result)
∂C/∂aᴸ = aᴸ − y
"""

from collections.abc import Iterable, Iterator, Sequence
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

WIDTH = 110  # the columns of a page of text
INDENT = 4
MOST_SIZES = 8  # as many widths are listed one by one
LONGEST_NAME = 60  # as many characters of a network fit into a heading


@dataclass(frozen=True, slots=True)
class Line:
    """left = right, by a rule; `left` is blank after the first line of a chain.

    A right side too long for a line of text comes in several pieces.
    """

    left: str
    right: tuple[str, ...]
    rule: str


@dataclass(frozen=True, slots=True)
class Chain:
    """Lines that follow from each other, and what they arrive at (as matrices if it can be).

    `width` is the length of the longest last piece of a line: rules stand beyond it.
    """

    text: str
    lines: tuple[Line, ...]
    result: str
    width: int


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, sentences, equations with what stands beside each, and chains of equalities.

    `width` is the length of the longest equation that has something beside it.
    """

    title: str
    text: str
    equations: tuple[tuple[str, str], ...]
    chains: tuple[Chain, ...]
    width: int


@dataclass(frozen=True, slots=True)
class Page:
    """A derivation in the words of one alphabet: the context of a report template.

    `rules` are the rules that the page uses, each with what it says.
    """

    title: str
    sections: tuple[Section, ...]
    rules: tuple[tuple[str, str], ...]


def render_derivation(derived: Backpropagation, form: str) -> str:
    """The derivation as text or as a LaTeX document (`form` is "text" or "latex")."""
    return render(TEMPLATES[form], page=derivation(derived, ALPHABETS[form]))


def derivation(derived: Backpropagation, alphabet: Alphabet) -> Page:
    """The page of a derivation: the network, the cost, then BP1 to BP4, then all in short."""
    sections = [
        _network(derived.network, alphabet),
        _cost(derived, alphabet),
        *(_formula(formula, derived.network, alphabet) for formula in derived.formulas),
        _in_short(derived, alphabet),
    ]
    title = prose(f"Backpropagation for {_named(derived.network)}", alphabet)
    return Page(title, tuple(sections), tuple(_rules(derived, alphabet)))


def _named(network: Network) -> str:
    """What to call a network in a heading."""
    name = str(network)
    return name if len(name) <= LONGEST_NAME else f"a network of {network.L} layers"


# --- sections ------------------------------------------------------------------------------


def _network(network: Network, to: Alphabet) -> Section:
    kinds: dict[Activation, list[int]] = {}
    for number in range(2, network.L + 1):
        kinds.setdefault(network.layer(number).activation, []).append(number)
    shown = [_both(equations.weighted_input(n.l), to)]
    plain = [kind for kind in kinds if not kind.couples_neurons]
    if plain:
        shown.append(_both(equations.activation(plain[0], n.l, arbitrary=True), to))
    for kind, layers in kinds.items():
        if kind.couples_neurons:
            of = writer.equation(equations.activation(kind, n.l), to)
        else:
            sigma = to.function("σ", "", str(ARGUMENT))
            of = f"{sigma} = {writer.formula(kind.formula, str(ARGUMENT), to)}"
        shown.append((of, _beside(f"{kind.name}, {{}}", to, f"l = {_list(layers, to)}")))
    every = list(range(2, network.L + 1))
    text = _say(
        "Layer 1 is the input, {}, and layer {} is the output; {}. The weight {} goes from neuron "
        "{} of layer {} to neuron {} of layer {}, and the bias {} belongs to neuron {} of layer "
        "{}, for {}.",
        to,
        f"{to.scripts('a', '', '1')} = x",
        f"L = {network.L}",
        _sizes(network, to),
        writer.term(n.w(n.l, n.J, n.below(n.K, n.l)), to),
        *("k", f"l {to.minus} 1", "j", "l"),
        writer.term(n.b(n.l, n.J), to),
        *("j", "l"),
        f"l = {_list(every, to)}",
    )
    if _named(network) != str(network):
        text = f"{prose(str(network), to)}. {text}"
    return _section("The network", text, shown, (), to)


def _cost(derived: Backpropagation, to: Alphabet) -> Section:
    cost = derived.network.cost
    shown = [(writer.equation(equations.cost(cost), to), "")]
    shown += [
        (writer.equation(fact, to), _beside("by the choice of y", to))
        for fact in equations.facts(cost)
    ]
    name = prose(cost.name.replace("_", "-"), to)
    text = f"The {name} cost of one sample, and its derivative by an output:"
    return _section("The cost", text, shown, [_chain(derived.cost, "", to)], to)


TITLES = {
    "BP1": "BP1: the error of the output layer",
    "BP2": "BP2: the error of a layer from the layer above",
    "BP3": "BP3: the derivative by a weight",
    "BP4": "BP4: the derivative by a bias",
}


def _formula(formula: Formula, network: Network, to: Alphabet) -> Section:
    activation = network.layer(formula.layers[0]).activation
    errors = formula.label in ("BP1", "BP2")
    text = _say("For {}:", to, f"l = {_list(formula.layers, to)}")
    if errors and activation.couples_neurons:
        text = _say(
            f"For {{}}, where {activation.name} couples the neurons of the layer:",
            to,
            f"l = {_list(formula.layers, to)}",
        )
    elif errors:
        arbitrary = "activation {} and cost {}:" if formula.label == "BP1" else "activation {}:"
        letters = [to.letter(letter) for letter in ("σ", "C")[: arbitrary.count("{}")]]
        text = _say(
            f"For {{}}, first with an arbitrary {arbitrary}",
            to,
            f"l = {_list(formula.layers, to)}",
            *letters,
        )
    chains = [_chain(formula.general, "", to)]
    if _specialised(formula):
        named = [] if activation.couples_neurons else [f"the activation {activation.name}"]
        named += ["the cost above"] if formula.label == "BP1" else []
        chains.append(_chain(formula.special, prose(f"With {' and '.join(named)}:", to), to))
    return _section(TITLES[formula.label], text, (), chains, to)


def _specialised(formula: Formula) -> bool:
    """Whether the choice of σ and C changes a formula."""
    return formula.special.result != formula.general.result


def _in_short(derived: Backpropagation, to: Alphabet) -> Section:
    """The four formulas as they are computed."""
    shown = [
        (
            _best(formula.special.result, to),
            _beside(f"{formula.label}, {{}}", to, f"l = {_list(formula.layers, to)}"),
        )
        for formula in derived.formulas
    ]
    text = "All formulas of this network; a gradient step needs no others:"
    return _section("In short", text, shown, (), to)


def _section(
    title: str,
    text: str,
    shown: Sequence[tuple[str, str]],
    chains: Sequence[Chain],
    to: Alphabet,
) -> Section:
    width = max((len(equation) for equation, beside in shown if beside), default=0)
    return Section(prose(title, to), text, tuple(shown), tuple(chains), width)


def _chain(of: Derivation, text: str, to: Alphabet) -> Chain:
    left = writer.term(of.goal, to)
    blank = "" if to.stacked else " " * len(left)
    rules = [prose(step.rule, to) for step in of.steps]
    room = WIDTH - INDENT - len(f"{left} = ") - len("    ") - max(map(len, rules))
    lines = []
    for number, (step, rule) in enumerate(zip(of.steps, rules, strict=True)):
        right = writer.term(step.after, to)
        pieces = (right,) if to.stacked else tuple(broken(right, room))
        lines.append(Line(blank if number else left, pieces, rule))
    width = max(len(line.right[-1]) for line in lines)
    return Chain(text, tuple(lines), _best(of.result, to), width)


def _rules(derived: Backpropagation, to: Alphabet) -> Iterator[tuple[str, str]]:
    """The rules in the order of their first use, each with its reasons."""
    shown = [derived.cost]
    for formula in derived.formulas:
        shown += [formula.general, formula.special] if _specialised(formula) else [formula.general]
    reasons: dict[str, list[str]] = {}
    for step in (step for chain in shown for step in chain.steps):
        said = reasons.setdefault(step.rule, [])
        if step.because not in said:
            said.append(step.because)
    for rule, said in reasons.items():
        yield prose(rule, to), prose("; ".join(said), to)


# --- pieces --------------------------------------------------------------------------------


def _both(equation: Equation, to: Alphabet) -> tuple[str, str]:
    """An equation in components, and beside it as matrices."""
    return writer.equation(equation, to), writer.matrix_form(equation, to) or ""


def _best(equation: Equation, to: Alphabet) -> str:
    return writer.matrix_form(equation, to) or writer.equation(equation, to)


def _list(layers: Iterable[int], to: Alphabet) -> str:
    """2, 3, 4 as it stands; 2, …, 9 where more follow each other."""
    layers = sorted(layers)
    if len(layers) > 3 and layers == list(range(layers[0], layers[-1] + 1)):
        return f"{layers[0]}, {to.dots}, {layers[-1]}"
    return ", ".join(map(str, layers))


def _sizes(network: Network, to: Alphabet) -> str:
    """n_1 = 2, n_2 = 3, …"""
    shown = [f"{to.scripts('n', str(l), '')} = {size}" for l, size in enumerate(network.sizes, 1)]
    if len(shown) > MOST_SIZES:
        shown[MOST_SIZES // 2 : -1] = [to.dots]
    # Separate formulas have wider gaps between them than the parts of one.
    return ("$, $" if to.stacked else ", ").join(shown)


def _beside(words: str, to: Alphabet, *formulas: str) -> str:
    """Words beside a formula, where LaTeX is in its mathematical mode."""
    said = _say(words, to, *formulas)
    return rf"\text{{{said}}}" if to.stacked else said


def _say(words: str, to: Alphabet, *formulas: str) -> str:
    """A sentence with formulas in the places of {}."""
    first, *rest = (prose(part, to) for part in words.split("{}"))
    mark = "$" if to.stacked else ""
    return first + "".join(
        f"{mark}{formula}{mark}{part}" for formula, part in zip(formulas, rest, strict=True)
    )


# What TeX reads otherwise than it stands. Words come from us and from names, which are checked.
_TEX = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "δ": r"$\delta$",
    "σ": r"$\sigma$",
    "Σ": r"$\Sigma$",
    "∂": r"$\partial$",
    "−": "$-$",
    "ⁿ⁻¹": "$^{n-1}$",
    "ⁿ": "$^n$",
}


def prose(text: str, to: Alphabet) -> str:
    """Words for the alphabet: what TeX would read as a command is escaped."""
    if to.stacked:
        for sign, tex in _TEX.items():
            text = text.replace(sign, tex)
    return text


def broken(text: str, width: int) -> list[str]:
    """A formula in lines of at most this length, broken where it binds least, then indented.

    >>> print("\\n".join(broken("Σₖ yₖ (exp(zₖ) / S − exp(zₖ) Σₚ exp(zₚ) [p = j] / S²)", 40)))
    Σₖ yₖ (exp(zₖ) / S
      − exp(zₖ) Σₚ exp(zₚ) [p = j] / S²)
    """
    lines = []
    while len(text) > width:
        depth, places = 0, []
        for at, sign in enumerate(text[: width + 1]):
            depth += (sign in "([") - (sign in ")]")
            if sign == " " and at >= width // 3 and text[:at].strip():
                looseness = next(
                    (i for i, signs in enumerate("+−⊙/") if text[at + 1] in signs), len("+−⊙/")
                )
                places.append((depth, looseness, -at))
        if not places:
            break
        at = -min(places)[2]
        lines.append(text[:at])
        text = f"  {text[at + 1 :]}"
    return [*lines, text]
