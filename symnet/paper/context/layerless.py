r"""Formulas without layers, about numbers or vectors: σ'(z) = σ(z)(1 - σ(z)) for any z."""

from collections.abc import Set
from dataclasses import replace

from symnet.paper.context.vectors import reached, with_vectors
from symnet.paper.formula import syntax as s
from symnet.paper.signs.notation import Notation


def plain(notation: Notation, display: s.Display) -> Notation:
    """The notation of a formula in which no letter has a layer, about vectors or numbers."""
    found = with_vectors(notation, display)
    if found is not None:
        return found
    if notation.own:
        # What it says of them is about numbers, too.
        display = replace(display, statements=(*display.statements, *reached(notation, display)))
    return _of_numbers(notation, display)


def _of_numbers(notation: Notation, display: s.Display) -> Notation:
    """The notation of a formula about numbers, in which no letter has a layer.

    σ'(z) = σ(z)(1 - σ(z)): z is any number, and z^2 its square.
    """
    bare: set[str] = set()
    layered: set[str] = set()
    others: set[str] = set()
    parents: list[s.Node] = [display]
    for parent in s.walk(display):
        parents.append(parent)
        for child in s.children(parent):
            if not isinstance(child, s.Name):
                continue
            if child.text in notation.letters:
                raised = isinstance(parent, s.Scripted) and parent.base is child and parent.sup
                (layered if raised else bare).add(child.text)
            elif notation.is_cost(child) or child.text == r"\nabla":
                others.add(child.text)
    layered -= bare
    functions = any(
        isinstance(x, s.Name) and notation.function(x.text) is not None for x in s.walk(display)
    )
    if layered or others or not (bare or _has_variable(display) or functions):
        return notation
    if bare & {"w", "W", "b", r"\delta"} or {"a", "z"} <= bare:
        return notation
    letters: dict[str, str] = {}
    names = bare | {
        node.text
        for node in s.walk(display)
        if isinstance(node, s.Name)
        and node.text in VARIABLES
        and notation.function(node.text) is None
    }
    names -= set(notation.constants) | set(notation.vectors) | set(notation.aliases)
    if notation.vectors:
        return notation
    return replace(
        notation,
        letters=letters,
        scalars=notation.scalars | names,
        input="",
        target="",
        variable=_only(names),
    )


def _only(names: Set[str]) -> str | None:
    """The one letter of a formula, where functions without arguments are taken; None of several."""
    if len(names) > 1:
        return None
    return next(iter(names), "argument")


VARIABLES = frozenset("xyztuvs")


def _has_variable(display: s.Display) -> bool:
    return any(isinstance(x, s.Name) and x.text in VARIABLES for x in s.walk(display))
