r"""Which neuron ∂C/∂b = δ is about, what is added up, and by what rule Δw is a step.

>>> from symnet.paper.books.convention_files import convention
>>> display = read(r"\frac{\partial C}{\partial b} = \delta")
>>> s.spell(one_neuron(Usual(display, {}), convention("nielsen")).display)
'frac({\\partial C}; {\\partial b_{j}^{l}}) = \\delta_{j}^{l}'
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from symnet.paper.books.convention_files import Convention
from symnet.paper.books.inferred import WEIGHTS
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.habits.notes import Usual, as_display, known_letters
from symnet.paper.signs.notation import LETTERS
from symnet.paper.signs.scripts import mapped

ASSIGNS = frozenset({r"\leftarrow", ":=", r"\gets", "<-"})

OF_ONE = {"w": "w_{jk}^l", "b": "b_j^l", "z": "z_j^l", r"\delta": r"\delta_j^l"}
IN_OUT = {"in": "a_k^{l-1}", "out": "a_j^l"}
OF_ALL = {"w": "w^l", "W": "W^l", "b": "b^l", "a": "a^{l-1}", "z": "z^l"}


def one_neuron(found: Usual, book: Convention) -> Usual:
    r"""∂C/∂b = δ, ∂C/∂w = a_in δ_out, a' = σ(w a + b): of which neuron or layer is clear."""
    if book.translation.rules:
        return found
    names = [x for x in s.walk(found.display) if isinstance(x, s.Name)]
    spelled = {x.text for x in names}
    quantities = spelled & LETTERS.keys()
    raised = any(isinstance(x, s.Scripted) and x.sup is not None for x in s.walk(found.display))
    if raised or not quantities & {"w", "W", "b"} or spelled & {"l", "L", "x", "y"}:
        return found
    if "C" in spelled and r"\partial" in spelled and quantities <= {*OF_ONE, "a"}:
        made = _replaced(found.display, _of_one)
        note = "w, b and δ: those of one neuron, which is left out"
    elif _is_new_activation(found.display) and quantities <= OF_ALL.keys():
        made = _replaced(found.display, _of_all)
        note = "a' and a: the activations of a layer and of the one below"
    else:
        return found
    if made is None:
        return found
    return replace(found, display=made, assumptions=(*found.assumptions, note))


def _is_new_activation(display: s.Display) -> bool:
    match display.statements:
        case (
            s.Chain(sides=(s.Scripted(base=s.Name(text="a"), sub=None, sup=None, primes=1), *_)),
        ):
            return True
    return False


def _of_one(node: s.Node) -> str | None:
    match node:
        case s.Scripted(base=s.Name(text="a"), sub=sub, primes=0) if sub is not None:
            return IN_OUT.get(_word(sub))
        case s.Scripted(base=s.Name(text=r"\delta"), sub=sub, primes=0) if sub is not None:
            return OF_ONE[r"\delta"] if _word(sub) == "out" else None
        case s.Name(text=text):
            return OF_ONE.get(text)
    return None


def _word(node: s.Node) -> str:
    """A subscript in letters: in, out."""
    letters = node.factors if isinstance(node, s.Product) else (node,)
    return "".join(x.text for x in letters if isinstance(x, s.Name))


def _of_all(node: s.Node) -> str | None:
    match node:
        case s.Scripted(base=s.Name(text="a"), sub=None, sup=None, primes=1):
            return "a^l"
        case s.Name(text=text):
            return OF_ALL.get(text)
    return None


def _replaced(display: s.Display, meant: Callable[[s.Node], str | None]) -> s.Display | None:
    """A display with the symbols that are meant, at the places of those printed."""
    strange = False

    def changed(node: s.Node) -> s.Node:
        nonlocal strange
        latex = meant(node)
        if latex is not None:
            return _moved(read(latex).statements[0], node)
        if isinstance(node, s.Scripted) and isinstance(node.base, s.Name):
            strange = strange or node.base.text in LETTERS
        if isinstance(node, s.Name) and node.text in LETTERS:
            strange = True
        return mapped(node, changed)

    made = as_display(changed(display))
    return None if strange else made


def _moved(node: s.Node, to: s.Node) -> s.Node:
    """A node at the place of another."""
    return mapped(replace(node, start=to.start, end=to.end), lambda child: _moved(child, to))


def results(found: Usual, book: Convention) -> Usual:
    """δ_k ← o_k(1 - o_k)(t_k - o_k) says what δ_k is; Δ := Δ + δ a^T adds up ∂C/∂Θ."""
    assumptions = found.assumptions
    statements = []
    for statement in found.display.statements:
        match statement:
            case s.Chain(sides=(left, right), relations=(relation,)) if (
                relation in ASSIGNS or relation == "="
            ):
                added = _accumulated(left, right, book, found.context)
                if added is not None:
                    slope, rest = added
                    statement = replace(statement, sides=(slope, rest), relations=("=",))
                    note = "what is added up is the derivative of one sample's cost"
                    assumptions = (*assumptions, note)
                elif relation in ASSIGNS and _is_result(left, right):
                    statement = replace(statement, relations=("=",))
        statements.append(statement)
    display = replace(found.display, statements=tuple(statements))
    return replace(found, display=display, assumptions=assumptions)


def _is_result(left: s.Node, right: s.Node) -> bool:
    """Whether something is computed here that is no parameter, and not from itself."""
    base = left.base if isinstance(left, s.Scripted) else left
    if not isinstance(base, s.Name) or base.text in WEIGHTS | {"b", r"\theta", "c"}:
        return False
    return not any(s.spell(x) == s.spell(left) for x in s.walk(right))


def _accumulated(
    left: s.Node, right: s.Node, book: Convention, context: Mapping[str, Any]
) -> tuple[s.Node, s.Node] | None:
    r"""What \Delta^{(l)} grows by: ∂C/∂Θ^{(l)} and what is said to be added."""
    match left, right:
        case (
            s.Scripted(base=s.Name(text=r"\Delta"), sup=sup),
            s.Additive(terms=(first, *rest), signs=("+", "+", *signs)),
        ) if sup is not None and s.spell(first) == s.spell(left):
            pass
        case _:
            return None
    if book.translation.by_name.get(r"\Delta"):
        return None
    used = [x for x in (r"\Theta", r"\theta", "W", "w") if x in book.translation.by_name]
    if not used:
        return None
    assert isinstance(left, s.Scripted)
    place: dict[str, Any] = {"start": left.start, "end": left.end}
    sign = s.Name(r"\partial", **place)
    weight = replace(left, base=s.Name(used[0], **place))
    cost = next((x for x in ("J", "E", "L") if x in book.translation.by_name), "C")
    # The cost of one sample, without a penalty.
    of_one = s.Scripted(s.Name(cost, **place), s.Number("0", **place), None, **place)
    above = s.Product((sign, of_one), ("", ""), **place)
    below = s.Product((sign, weight), ("", ""), **place)
    rest_place: dict[str, Any] = {"start": rest[0].start, "end": rest[-1].end}
    other = rest[0] if len(rest) == 1 else s.Additive(tuple(rest), ("+", *signs), **rest_place)
    return s.Fraction(above, below, **place), other


def descent(found: Usual, book: Convention) -> Usual:
    """Δw = …, where no rule is named: a step of gradient descent."""
    if "rule" in found.context or "method" in found.context:
        return found
    for statement in found.display.statements:
        match statement:
            case s.Chain(sides=(s.Product(factors=(s.Name(text=r"\Delta"), of)), *_)):
                base = of.base if isinstance(of, s.Scripted) else of
                if isinstance(base, s.Name) and base.text in WEIGHTS | {"b"}:
                    context = {**found.context, "rule": "gradient descent"}
                    return replace(found, context=context)
    return found


RATES = (r"\alpha", r"\rho", r"\mu", r"\gamma", r"\epsilon", r"\varepsilon", r"\kappa", r"\nu")


def rate(found: Usual, book: Convention) -> Usual:
    """α before what is taken from a weight, where nobody says what else it is."""
    known = known_letters(found.context, book)
    used = {x.text for x in s.walk(found.display) if isinstance(x, s.Name)}
    new = [x for x in RATES if x in used - known]
    if r"\eta" in used or len(new) != 1 or ("rule" not in found.context and not _is_step(found)):
        return found
    context = dict(found.context)
    declared = context.get("declared")
    said = dict(declared) if isinstance(declared, Mapping) else {}
    context["declared"] = {**said, new[0]: "learning rate"}
    return replace(
        found, context=context, assumptions=(*found.assumptions, f"{new[0]}: learning rate")
    )


def _is_step(found: Usual) -> bool:
    """w ← w - …, and only that."""
    match found.display.statements:
        case (s.Chain(sides=(left, s.Additive(terms=(first, *_)), *_)),):
            return s.spell(left) == s.spell(first)
    return False
