"""Which activation, cost and last layer a page has: said by its context, or by the formula itself.

What cannot be read is listed as unread; what is arbitrary stays None.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sympy

from symnet.calculus.counterexample import Setting
from symnet.errors import SymnetError
from symnet.network.functions import (
    ACTIVATIONS,
    COSTS,
    Activation,
    Cost,
    typed_activation,
    typed_cost,
)
from symnet.paper.books.convention_files import Convention
from symnet.paper.books.rules import rule
from symnet.paper.context.declarations import cost_of, formula_of
from symnet.paper.context.letters import names_in
from symnet.paper.context.outputs import PER_LAYER, SOFTMAX, cost_name, parted, target
from symnet.paper.context.vectors import is_of_vectors
from symnet.paper.formula import syntax as s
from symnet.paper.signs.function_names import is_of_a_layer
from symnet.paper.signs.indicators import in_one_way
from symnet.paper.signs.notation import Notation
from symnet.paper.signs.scripts import layer_of, subscripts

SOFTMAX_FORMULA = ACTIVATIONS["softmax"].formula


def with_logistic(book: Convention, context: Mapping[str, Any]) -> Convention:
    """σ of outputs is the logistic function, in a book with another letter for its activation."""
    known = book.translation.functions
    outputs = _activation(context.get("output_activation", ""))
    logistic = outputs is not None and outputs[0] == ACTIVATIONS["sigmoid"].formula
    if not logistic or not known or r"\sigma" in known or r"\sigma" in book.translation.by_name:
        return book
    own = rule(r"\sigma", r"\mathrm{sigmoid}")
    translation = replace(book.translation, rules=(*book.translation.rules, own))
    return replace(book, translation=translation)


def said_by_statements(
    notation: Notation, setting: Setting, display: s.Display
) -> tuple[Setting, list[str]]:
    """σ(z) = tanh z ⇒ …, C = ½‖a - y‖² ⇒ …: what is arbitrary so far, said by a statement."""
    # Said alone it is a definition of the page, which we have nothing to hold against.
    alone = len(display.statements) < 2
    unread = []
    for statement in display.statements if alone else display.statements[:-1]:
        match statement:
            case s.Chain(
                sides=(
                    s.Product(factors=(s.Name() as name, s.Bracketed(body=s.Name(text=z)))),
                    meant,
                ),
                relations=("=" | ":=" | r"\equiv",),
            ) if setting.activation is None and notation.function(name.text) == "σ":
                try:
                    formula = formula_of(notation, z, meant)
                except SymnetError:
                    formula = None
                if formula is None or alone:
                    unread.append("what σ is")
                else:
                    setting = replace(setting, activation=formula)
            case s.Chain(sides=(s.Name() as name, *_), relations=("=" | ":=" | r"\equiv", *_)):
                said = name.text in notation.totals or notation.batch.total
                if setting.cost is None and notation.is_cost(name) and not said:
                    cost = cost_of(notation, statement.sides[1])
                    if cost is None or alone:
                        unread.append("what C is")
                    else:
                        setting = replace(setting, cost=cost)
    return setting, unread


def setting_of(context: Mapping[str, Any], display: s.Display) -> tuple[Setting, list[str]]:
    unread = []
    below, last = parted(str(context.get("activation", "abstract")))
    said_last = re.search(r"\b(output|last|final|top)\b", str(context.get("activation", "")))
    if last and not below and not said_last and names_in(display) & {"l", r"\ell"}:
        unread.append("which layers have the activation 'softmax'")
    activation = _activation(below or "abstract")
    if activation is None:
        unread.append(f"the activation {context['activation']!r}")
    output_said = str(context.get("output_activation", last))
    softmax = bool(SOFTMAX.fullmatch(output_said))
    cost = _cost(context.get("cost", "abstract"), softmax=softmax)
    if cost is None:
        unread.append(f"the cost {context['cost']!r}")
    output = None
    if output_said:
        output = (SOFTMAX_FORMULA,) if softmax else _activation(output_said)
        if output is None:
            unread.append(f"the output activation {output_said!r}")
    return (
        Setting(
            activation[0] if activation else None,
            cost.formula if isinstance(cost, Cost) else None,
            output[0] if output else None,
            output is not None,
            isinstance(cost, Cost) and cost.normalised,
        ),
        unread,
    )


def with_output(
    setting: Setting, notation: Notation, display: s.Display, context: Mapping[str, Any]
) -> tuple[Setting, Notation, s.Display, list[str], list[str]]:
    """What is known of the last layer: whether it is a softmax, what y is; what was not read."""
    assumptions: list[str] = []
    unread: list[str] = []
    if not setting.has_output and setting.activation is None and _says_softmax(display, notation):
        setting = replace(setting, output=SOFTMAX_FORMULA, has_output=True)
        assumptions.append("the last layer is a softmax")
    if context.get("per_layer_activation") is True or _has_own_functions(display):
        # Each layer has a function of its own, whether its formula is known or not.
        setting = replace(setting, per_layer=setting.activation is None)
        notation = replace(notation, per_layer=True)
    own = PER_LAYER.match(str(context.get("activation", "")))
    if own is not None and setting.activation is None and own[1] not in notation.letters:
        # g^{[l]}: each layer has one of its own.
        setting = replace(setting, per_layer=True)
        functions = {**notation.functions, own[1]: "σ"}
        notation = replace(notation, functions=functions, per_layer=True)
    if (
        setting.couples
        and str(context.get("cost", "")).lower().replace("_", "-") == "cross-entropy"
    ):
        assumptions.append("cross-entropy after softmax: C = -Σ y ln a")
        if _has_complements(display):
            unread.append("the cost, of which there are two kinds of this name")
    likelihood = COSTS["log_likelihood"].formula
    if setting.couples and setting.cost == likelihood and not setting.normalised:
        setting = replace(setting, normalised=True)
        assumptions.append("the entries of y have the sum 1")
    if "target" in context:
        found = target(str(context["target"]))
        if found is not None:
            setting = replace(setting, normalised=found[0])
            notation = replace(notation, one_hot=notation.one_hot or found[1])
    if notation.one_hot or notation.normalised:
        setting = replace(setting, normalised=True)
    if not notation.one_hot and setting.normalised and _has_class(display, notation):
        notation = replace(notation, one_hot=True)
    notation = replace(notation, coupled=setting.couples)
    if notation.one_hot and notation.batch.on:
        # Each sample has a class of its own: of y it is proved with no more than its sum.
        notation, setting = replace(notation, one_hot=False), replace(setting, one_hot=True)
    if notation.one_hot:
        notation = replace(notation, cost=setting.cost)
    display = in_one_way(display, notation)
    return setting, notation, display, assumptions, unread


def _has_own_functions(display: s.Display) -> bool:
    """Whether σ has a layer anywhere, as g^{[l]} of a book, σ_l or σ'^l."""
    return any(
        isinstance(x, s.Scripted)
        and isinstance(x.base, s.Name)
        and x.base.text == r"\sigma"
        and (
            (isinstance(x.sup, s.Bracketed) and x.sup.open == "[")
            or is_of_a_layer(x.sup)
            or (x.sup is None and is_of_a_layer(x.sub))
        )
        for x in s.walk(display)
    )


def _has_complements(display: s.Display) -> bool:
    """1 - y or 1 - a: signs of a sum of cross-entropies, one for each output."""
    return any(
        isinstance(x, s.Additive) and len(x.terms) == 2 and x.signs[1] == "-"
        and isinstance(x.terms[0], s.Number) and x.terms[0].text == "1"
        for x in s.walk(display)
    )  # fmt: skip


def _has_class(display: s.Display, notation: Notation) -> bool:
    """Whether y stands as an index: the number of a class."""
    return any(
        isinstance(x, s.Scripted)
        and x.sub is not None
        and any(letter.text == notation.target for letter in subscripts(x.sub) or ())
        for x in s.walk(display)
    )


def _says_softmax(display: s.Display, notation: Notation) -> bool:
    """a_j^L = e^{z_j^L}/Σ_k e^{z_k^L}: that says what the last layer is."""
    for statement in display.statements:
        if not isinstance(statement, s.Chain) or len(statement.sides) < 2:
            continue
        match statement.sides[0]:
            case s.Scripted(base=s.Name() as name, sup=sup) if (
                sup is not None and notation.letters.get(name.text) == "a"
            ):
                layer = layer_of(sup)
                if layer is not None and (layer.name, layer.offset) == ("L", 0):
                    return is_of_vectors(statement.sides[1], notation)
    return False


def _activation(said: Any) -> tuple[sympy.Expr | None] | None:
    """The formula of an activation in a tuple; (None,) if it is arbitrary, None if unread."""
    text = str(said).strip()
    if re.match(r"abstract|arbitrary", text) or text in ("sigma", r"\sigma"):
        return (None,)
    if PER_LAYER.fullmatch(text):
        return (None,)
    name = text.lower().replace("-", "_").replace(" ", "_")
    name = {"logistic": "sigmoid", "linear": "identity"}.get(name, name)
    found: Activation | None = ACTIVATIONS.get(name)
    if found is None:
        try:
            found = typed_activation(text)
        except SymnetError:
            return None
    return None if found.couples_neurons else (found.formula,)


def _cost(said: Any, *, softmax: bool = False) -> Cost | str | None:
    text = str(said).strip()
    if re.match(r"abstract|arbitrary", text):
        return "abstract"
    name = cost_name(text, softmax=softmax)
    name = {"squared_norm": "squared_error"}.get(name, name)
    if name in COSTS:
        return COSTS[name]
    norm = r"(\|\||\\\|)y-a(\^L)?(\|\||\\\|)\^2|(\|\||\\\|)a(\^L)?-y(\|\||\\\|)\^2"
    squeezed = _of_one_sample(re.sub(r"[\s{}]", "", text).removeprefix("C="))
    if re.fullmatch(rf"(1/2|\\frac12|0\.5)({norm})", squeezed):
        return COSTS["quadratic"]
    if re.fullmatch(norm, squeezed) or squeezed in ("(a-y)^2", "(y-a)^2"):
        return COSTS["squared_error"]
    try:
        return typed_cost(text)
    except SymnetError:
        return None


MEAN = re.compile(r"(?P<half>\(1/2n\)|1/\(2n\)|\\frac12n)|(\(1/n\)|1/n|\\frac1n)")


def _of_one_sample(text: str) -> str:
    """(1/2n) Σ ½‖y - a‖²: C is a mean over the samples, and of one of them what is summed."""
    mean = MEAN.match(text)
    over = re.compile(r"(\\?sum|∑)(_x)?").match(text, mean.end()) if mean is not None else None
    if mean is None or over is None:
        return text
    return ("1/2" if mean["half"] else "") + text[over.end() :]
