r"""Of what a claim has small changes: the W of dC = tr(δᵀ dW a), the z_j of ΔC ≈ δ_j Δz_j.

Where the left side is the change of one thing, it follows those that stand on the right; elsewhere
all changes are free. Letters that a sum binds stand for all neurons; one that is free for one.
"""

from collections.abc import Iterator
from dataclasses import replace

from symnet.paper.formula import syntax as s
from symnet.paper.meaning.elaboration import Elaborator
from symnet.paper.signs.derivatives import is_change_sign
from symnet.paper.signs.misfits import Unclear
from symnet.paper.signs.scripts import binder_names, subscripts


def moved_in(left: s.Node, right: s.Node, elaborator: Elaborator) -> tuple[s.Node, ...]:
    """The quantities whose changes are free. Raises Unclear where that cannot be told."""
    alone = _changed_alone(left)
    sides = (right,) if alone is not None else (left, right)
    found = [x for side in sides for x in _moved(side, frozenset(), elaborator)]
    return tuple(x for x in found if not _is_cost(x, elaborator))


def has_changes(node: s.Node) -> bool:
    """Whether a small change stands in an expression."""
    return any(
        is_change_sign(factor)
        for part in s.walk(node)
        if isinstance(part, s.Product)
        for factor in part.factors[:-1]
    )


def _changed_alone(node: s.Node) -> s.Node | None:
    """X of dX."""
    match node:
        case s.Product(factors=(sign, of), operators=("", "")) if is_change_sign(sign):
            return of
    return None


def _is_cost(node: s.Node, elaborator: Elaborator) -> bool:
    return isinstance(node, s.Name) and elaborator.notation.is_cost(node)


def _moved(node: s.Node, bound: frozenset[str], elaborator: Elaborator) -> Iterator[s.Node]:
    if not isinstance(node, s.Product):
        for child in s.children(node):
            yield from _moved(child, bound, elaborator)
        return
    for at, factor in enumerate(node.factors):
        if isinstance(factor, s.Big) and factor.sub is not None:
            bound |= _bound_by(factor.sub)
        after = node.factors[at + 1] if at + 1 < len(node.factors) else None
        plain = at + 1 < len(node.factors) and not node.operators[at + 1]
        if is_change_sign(factor) and plain and after is not None:
            yield _whole(after, bound)
        else:
            yield from _moved(factor, bound, elaborator)


def _bound_by(sub: s.Node) -> frozenset[str]:
    first = sub.sides[0] if isinstance(sub, s.Chain) else sub
    return frozenset(binder_names(first) or ())


def _whole(node: s.Node, bound: frozenset[str]) -> s.Node:
    """All of a quantity, where a sum goes over its entries."""
    if not isinstance(node, s.Scripted) or node.sub is None:
        return node
    letters = {letter.text for letter in subscripts(node.sub) or ()}
    if not letters & bound:
        return node
    if letters <= bound:
        return replace(node, sub=None)
    raise Unclear("of which entries is this the change?", node)
