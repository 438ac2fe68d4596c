r"""The conventions that a document may be written in, and what each takes for known.

Each candidate is a convention of `verify` with a context. The document's own forward equations make
one; the books make the others. Contexts go from general to special: what holds for any σ and any C
needs no more; what does not may hold under what the document declares, or else mentions.

>>> from symnet.notes.declared import Declared
>>> found = candidates(Declared(forward={"z^l": "W^l a^{l-1} + b^l"}))
>>> [each.convention for each in found][:3]
['nielsen', 'other', 'input-by-output']
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from symnet.network.functions import ACTIVATIONS
from symnet.notes.declared import Declared, cost_name
from symnet.paper.books.convention_files import convention
from symnet.paper.books.page_notation import OTHER

# Those of whose letters a document may make use without saying so, likely ones first.
BOOKS = (
    "nielsen", "input-by-output", "ng", "ufldl", "bishop", "haykin", "coursera-ml", "rhw1986",
    "wikipedia", "esl",
)  # fmt: skip
NIELSENS = ("nielsen", "input-by-output")
NUMBERED = (*NIELSENS, "ng")  # whose last weights have the number of the last layer
STANDARD = {"z^l": "w^l a^{l-1} + b^l", "a^l": r"\sigma(z^l)", r"\delta^l": "dC/dz^l"}
WORDS = {
    "nielsen": "Nielsen's: w_jk^l leads from neuron k of layer l−1 to neuron j of layer l",
    "input-by-output": "Nielsen's letters, with weights as inputs by outputs",
    "ng": "A. Ng's: layers 0 to L in square brackets, examples as columns",
    "ufldl": "UFLDL's: weights are numbered by the layer they leave",
    "bishop": "Bishop's: a_j = Σ_i w_ji z_i",
    "haykin": "Haykin's: v_j = Σ_i w_ji y_i, δ is the negative slope",
    "coursera-ml": "Coursera's Machine Learning: Θ^{(l)} leads out of layer l",
    "rhw1986": "that of Rumelhart, Hinton and Williams",
    "wikipedia": "Wikipedia's: w_ij leads from i to j",
    "esl": "that of The Elements of Statistical Learning",
}
FREQUENT = ("sigmoid", "tanh", "relu")  # activations that a σ' may be of
MOST_SPECIAL = 14  # special contexts that a claim is tried in


@dataclass(frozen=True, slots=True)
class Candidate:
    """A convention for a document; `definitions` are what it declares beyond it."""

    convention: str
    words: str
    definitions: Mapping[str, str] = field(default_factory=dict)


def candidates(known: Declared, wanted: str = "auto") -> list[Candidate]:
    """The conventions that a document may be in, likely ones first; just one if it is wanted."""
    own = {**known.forward, **known.errors}
    if wanted == OTHER:
        return [Candidate(OTHER, _own_words(known), own)]
    if wanted != "auto":
        return [of_book(wanted)]
    if known.first not in (None, convention("nielsen").translation.first):
        found = [Candidate(OTHER, _own_words(known), own)] if known.forward else []
        books = [x for x in BOOKS if convention(x).translation.first == known.first]
        return [*found, *map(of_book, books)]
    found = [of_book("nielsen")]
    if known.forward:
        found.append(Candidate(OTHER, _own_words(known), own))
    return [*found, *(of_book(name) for name in BOOKS if name != "nielsen")]


def of_book(name: str) -> Candidate:
    """The convention of a book, as the book has it."""
    return Candidate(name, WORDS.get(name, name), STANDARD if name in NIELSENS else {})


def _own_words(known: Declared) -> str:
    shown = ", ".join(f"{left} = {right}" for left, right in list(known.forward.items())[:2])
    return f"its own: {shown}" if shown else "its own"


def contexts(candidate: Candidate, known: Declared, numbered: bool) -> Iterator[dict[str, Any]]:
    """What may be known besides, from general to special: nothing, or what is declared."""
    costs = costs_of(known, candidate)
    general = {"activation": _activation(candidate, known), "cost": _cost(candidate, known)}
    for special in (general, *declared_contexts(known, costs)):
        yield from _with_widths(special, candidate, known, numbered)


def _activation(candidate: Candidate, known: Declared) -> str:
    """How a context says that σ is any function: with its letter, where that is not the book's."""
    return (
        " ".join(known.letters) if candidate.convention == OTHER and known.letters else "abstract"
    )


def _cost(candidate: Candidate, known: Declared) -> str:
    """The same of C."""
    letter = known.cost_letter if candidate.convention == OTHER else ""
    return f"{letter}, abstract" if letter else "abstract"


def supposed_contexts(candidate: Candidate, known: Declared) -> Iterator[dict[str, Any]]:
    """Contexts of which the document says nothing for certain: a claim may hold in one of them."""
    for special in _supposed(known, costs_of(known, candidate)):
        yield from _with_widths(special, candidate, known, numbered=False)


def _with_widths(
    special: Mapping[str, Any], candidate: Candidate, known: Declared, numbered: bool
) -> Iterator[dict[str, Any]]:
    definitions = dict(candidate.definitions)
    if candidate.convention == OTHER and special["activation"] in ACTIVATIONS and known.letters:
        # The page's own letter for it.
        special = {**special, "activation": " ".join((special["activation"], *known.letters))}
    context: dict[str, Any] = {**special, "definitions": definitions}
    if known.first is not None and candidate.convention == OTHER:
        context["layers"] = f"{known.first}..L"
    if known.aliases and candidate.convention in NIELSENS:
        context["declared"] = {**known.aliases, **special.get("declared", {})}
    least = 1 if candidate.convention == "ng" else 2  # Nielsen's layer 1 is the input
    if known.last > least and not known.widths and candidate.convention in NUMBERED:
        context["depth"] = f"L = {known.last}"
    if numbered and known.widths and candidate.convention in (*NIELSENS, OTHER):
        yield {**context, "widths": list(known.widths)}
    yield context


def costs_of(known: Declared, candidate: Candidate) -> list[str]:
    """The costs that are declared and understood: in a book by name, else with their letters."""
    found = []
    for said in known.costs:
        name = cost_name(said)
        if name:
            found.append(_plain_cost(said) if candidate.convention == OTHER else name)
    return list(dict.fromkeys(found))[:3]


def _plain_cost(said: str) -> str:
    r"""A cost with a letter that words may have: C for \mathcal{E}."""
    letter, _, formula = said.partition(" = ")
    return f"C = {formula}" if letter.startswith("\\") else said


def declared_contexts(known: Declared, costs: list[str]) -> list[dict[str, Any]]:
    """What a document declares of σ and C; one for each cost, if it has several."""
    declared = {**known.functions, **_penalised(known)}
    said = {"declared": declared} if declared else {}
    output = {"output_activation": known.output} if known.output else {}
    found: list[dict[str, Any]] = []
    for cost in ("abstract", *costs):
        if known.hidden or known.output:
            found.append({"activation": known.hidden or "abstract", "cost": cost, **output, **said})
        if said or cost != "abstract":
            found.append({"activation": "abstract", "cost": cost, **said})
    return found


def _penalised(known: Declared) -> dict[str, str]:
    """Costs that are said to be another and a penalty: C = C_0 + λ/2 Σ w²."""
    pairs = (said.split(" = ", 1) for said in known.costs)
    return {key: said for key, said in pairs if r"\lambda" in said and "_0" in said}


# An activation, the last one if it is another, and a cost, that go together in many notes.
USUAL: tuple[dict[str, str], ...] = (
    {"activation": "sigmoid", "cost": "quadratic"},
    {"activation": "sigmoid", "cost": "cross_entropy"},
    {"activation": "abstract", "output_activation": "softmax", "cost": "log_likelihood"},
    {"activation": "abstract", "output_activation": "sigmoid", "cost": "cross_entropy"},
    {"activation": "abstract", "output_activation": "identity", "cost": "quadratic"},
    {"activation": "tanh", "cost": "quadratic"},
    {"activation": "relu", "cost": "quadratic"},
    {"activation": "abstract", "cost": "quadratic"},
    {"activation": "abstract", "cost": "squared_error"},
)


def _goes_with(cost: str, output: str | None, known: Declared) -> bool:
    """Whether a declared cost stands for this last layer: by its nature, or as it is mentioned."""
    if output is None:
        return False
    name = cost_name(cost) or cost
    natural = {"sigmoid": ("cross", "binary"), "softmax": ("log_likelihood", "log-likelihood")}
    mentioned = (*known.activations, *known.outputs)
    if known.hidden or known.functions:
        mentioned = ()  # what is said of all layers holds for the last
    return output in mentioned or any(word in name for word in natural.get(output, ()))


def _supposed(known: Declared, costs: list[str]) -> list[dict[str, Any]]:
    """What is mentioned, in all ways; what is usual, where no cost is said.

    What is declared is not supposed otherwise: neither the cost nor the activation.
    """
    found: list[dict[str, Any]] = []
    unread = bool(known.costs) and not costs  # it has a cost, and which is not understood
    names = () if unread else costs or known.cost_names
    functions = {"declared": dict(known.functions)} if known.functions else {}
    declared = bool(known.functions or known.hidden)
    activations = () if declared else known.activations
    for activation, cost in product(("abstract", *activations), names):
        found.append({"activation": activation, "cost": cost, **functions})
    for each in () if unread else USUAL:
        output = each.get("output_activation")
        if declared and output is None:
            continue
        if output in activations and len(activations) > 1 and each["cost"] in names:
            # "ReLU in the hidden layers, a sigmoid at the end": both are mentioned.
            hidden = [x for x in activations if x != output]
            found += [{**each, "activation": x, **functions} for x in hidden]
        if costs:
            fitting = [cost for cost in costs if _goes_with(cost, output, known)]
            found += [{**each, "cost": cost, **functions} for cost in fitting]
        elif (not names or each["cost"] in names) and (output or not found):
            found.append({**each, **functions})
    if not declared:
        for activation in dict.fromkeys((*activations, *FREQUENT)):
            found.append({"activation": activation, "cost": "abstract"})
    distinct = {repr(sorted(each.items(), key=str)): each for each in found}
    return list(distinct.values())[:MOST_SPECIAL]
