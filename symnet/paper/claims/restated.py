r"""Displays said in the words of the convention: layers raised, the steps of updates left out.

>>> from symnet.paper.signs.notation import NIELSEN
>>> from symnet.paper.formula.reader import read
>>> s.spell(without_step(read(r"W^l_{\text{new}}").statements[0], NIELSEN))
'W^{l}'
"""

from dataclasses import replace

from symnet.paper.context.page import Page
from symnet.paper.formula import syntax as s
from symnet.paper.signs.misfits import Unclear
from symnet.paper.signs.notation import Notation
from symnet.paper.signs.scripts import is_transpose, layer_of, mapped

OLD = frozenset({"old", "alt", "t", "k", "n"})
NEW = frozenset({"new", "neu", "+"})


def with_raised_layers(display: s.Display, about: Page) -> s.Display:
    """W_2, z_l, δ_{l+1} as W^2, z^l, δ^{l+1}, where no quantity has a layer otherwise."""
    found = [
        node
        for node in s.walk(display)
        if isinstance(node, s.Scripted)
        and isinstance(node.base, s.Name)
        and about.notation.has_layers(node.base)
    ]
    if not found or not all(_has_low_layer(node) for node in found):
        return display

    def raised(node: s.Node) -> s.Node:
        if isinstance(node, s.Scripted) and node in found:
            sup = node.sub
            if node.sup is not None:
                assert sup is not None
                sup = s.Product((sup, node.sup), ("", ""), start=sup.start, end=node.sup.end)
            return replace(node, sub=None, sup=sup)
        return mapped(node, raised)

    made = raised(display)
    assert isinstance(made, s.Display)
    return made


def _has_low_layer(node: s.Scripted) -> bool:
    """Whether a subscript can only be a layer: a number, l, L, and these with a number added."""
    if node.sub is None or node.primes or (node.sup is not None and not is_transpose(node.sup)):
        return False
    layer = layer_of(node.sub)
    return (
        layer is not None
        and layer.name in ("", "l", "L")
        and (bool(layer.name) or (isinstance(node.sub, s.Number) and len(node.sub.text) == 1))
    )


def without_step(node: s.Node, notation: Notation) -> s.Node:
    """A node without what says that its quantities are the new or the old ones."""
    if (
        isinstance(node, s.Scripted)
        and isinstance(node.base, s.Name)
        and notation.has_layers(node.base)
    ):
        sub, sup, primes = node.sub, node.sup, node.primes
        if sub is not None and _is_age(sub):
            sub = None
        match sup:
            case s.Listed(items=(layer, age)) if _is_age(age):
                sup = layer
            case s.Product(factors=(layer, age)) if _is_age(age):
                sup = layer
            case s.Scripted(base=layer, sub=None, sup=None, primes=1):
                sup = layer
        return replace(node, sub=sub, sup=sup, primes=0)
    match node:
        case s.Scripted(base=s.Bracketed(body=body), sub=sub, sup=sup, primes=primes):
            if (sup is None and sub is None and primes == 1) or (
                primes == 0 and _is_age(sub or sup) and (sub is None or sup is None)
            ):
                return without_step(body, notation)
    return mapped(node, lambda child: without_step(child, notation))


def is_new(node: s.Node, notation: Notation) -> bool:
    """Whether a side is a new value. Raises Unclear if only a part of it is."""
    if not any(_says_new(part, notation) for part in s.walk(node)):
        return False
    inside = node
    while isinstance(inside, s.Bracketed) or (
        isinstance(inside, s.Scripted) and isinstance(inside.base, s.Bracketed)
    ):
        inside = inside.body if isinstance(inside, s.Bracketed) else inside.base
    if isinstance(inside, s.Scripted | s.Name):
        return True
    raise Unclear("a new value among the old ones is not understood", node)


def _says_new(node: s.Node, notation: Notation) -> bool:
    if isinstance(node, s.Text):
        return node.words.strip() in NEW
    if not isinstance(node, s.Scripted):
        return isinstance(node, s.Name) and node.text in ("new", "neu")
    base = node.base
    quantity = isinstance(base, s.Name) and notation.has_layers(base)
    return bool(node.primes) and (
        quantity or isinstance(base, s.Bracketed) or layer_of(base) is not None
    )


def _is_age(node: s.Node | None) -> bool:
    if isinstance(node, s.Text):
        return node.words.strip() in OLD | NEW
    return isinstance(node, s.Name) and node.text in ("new", "old", "neu", "alt", r"\prime")


def is_next_step(node: s.Node, about: Page) -> bool:
    """W_{t+1}: what a parameter is after a step."""
    match node:
        case s.Scripted(sub=s.Additive() as sub):
            return about.notation.is_iteration(sub)
        case s.Product(factors=(s.Scripted(), s.Bracketed(body=s.Additive() as body))):
            return about.notation.is_iteration(body)
    return False


def check_steps(chain: s.Chain, about: Page) -> None:
    """W_{t+1} on the left, all else at t: what else is said of steps is not understood."""
    if not about.notation.iterations:
        return
    first, *rest = [_steps(side, about) for side in chain.sides]
    later = set().union(*rest)
    if len(first | later) <= 1:
        return
    if not (len(first) == len(later) == 1 and first == {step + 1 for step in later}):
        raise Unclear("these steps of training are not understood", chain)


def _steps(node: s.Node, about: Page) -> set[int]:
    """By how much the steps that scripts name are later than t."""
    found = set()
    for part in s.walk(node):
        if isinstance(part, s.Product):
            for factor in part.factors[1:]:
                body = factor.body if isinstance(factor, s.Bracketed) else None
                step = layer_of(body) if body is not None else None
                if body is not None and step is not None and about.notation.is_iteration(body):
                    found.add(step.offset)
        if isinstance(part, s.Scripted):
            for script in (part.sub, part.sup):
                if script is not None and about.notation.is_iteration(script):
                    step = layer_of(script)
                    if step is None:
                        raise Unclear("this step of training is not understood", script)
                    found.add(step.offset)
    return found
