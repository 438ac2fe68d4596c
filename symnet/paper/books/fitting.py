"""Whether a symbol fits the pattern of a rule, and what the rule makes of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from symnet.paper.books.rules import Phrase, Translation
from symnet.paper.formula import syntax as s
from symnet.paper.signs.notation import spelled_out
from symnet.paper.signs.scripts import layer_as_node, layer_of, mapped


def fits(
    pattern: s.Node, node: s.Node, variables: frozenset[str], bound: dict[str, s.Node]
) -> bool:
    """Whether a script is that of a pattern, up to its variables: (i) is no [l]."""
    both = isinstance(pattern, s.Bracketed) and isinstance(node, s.Bracketed)
    if both and pattern.open != node.open:  # type: ignore[union-attr]
        return False
    pattern, node = _bare(pattern), _bare(node)
    match pattern:
        case s.Name(text=text) if text in variables:
            return s.spell(bound.setdefault(text, node)) == s.spell(node)
        case s.Name():
            return isinstance(node, s.Name) and spelled_out(pattern) == spelled_out(node)
        case s.Product(factors=parts) | s.Listed(items=parts):
            others = (
                node.factors
                if isinstance(node, s.Product)
                else node.items if isinstance(node, s.Listed) else ()
            )  # fmt: skip
            return len(parts) == len(others) and all(
                fits(x, y, variables, bound) for x, y in zip(parts, others, strict=True)
            )
        case s.Scripted(base=base, sub=sub, sup=sup, primes=primes):
            return (
                isinstance(node, s.Scripted)
                and node.primes == primes
                and fits(base, node.base, variables, bound)
                and _fits_if(sub, node.sub, variables, bound)
                and _fits_if(sup, node.sup, variables, bound)
            )
    return s.spell(pattern) == s.spell(node)


def _fits_if(
    pattern: s.Node | None,
    node: s.Node | None,
    variables: frozenset[str],
    bound: dict[str, s.Node],
) -> bool:
    if pattern is None or node is None:
        return pattern is node
    return fits(pattern, node, variables, bound)


def fits_sub(
    pattern: s.Node, node: s.Node, variables: frozenset[str], bound: dict[str, s.Node]
) -> bool:
    """The same for what stands below."""
    if isinstance(node, s.Number) and len(node.text) > 1 and isinstance(pattern, s.Product):
        # w_{12} has two subscripts where w_{jk} has.
        place: dict[str, Any] = {"start": node.start, "end": node.end}
        digits = tuple(s.Number(x, **place) for x in node.text)
        node = s.Product(digits, ("",) * len(digits), **place)
    return fits(pattern, node, variables, bound)


def filled_in(
    meaning: s.Node,
    bound: Mapping[str, s.Node],
    node: s.Name | s.Scripted | s.Additive,
    by: Translation,
) -> s.Node:
    """The meaning with its variables put in, at the place of the symbol."""
    place: dict[str, Any] = {"start": node.start, "end": node.end}

    def filled(part: s.Node, raised: bool = False) -> s.Node:
        match part:
            case s.Name(text=text) if text in bound:
                return bound[text]
            case s.Scripted(base=s.Name(text="n"), sub=size, sup=None) if size is not None:
                new = _raised(size, bound, by)
                return replace(part, sub=filled(size) if new is None else new, **place)
            case s.Scripted(sup=sup) if sup is not None:
                new = _raised(sup, bound, by)
                inside = mapped(replace(part, sup=None, **place), filled)
                assert isinstance(inside, s.Scripted)
                return replace(inside, sup=new if new is not None else filled(sup))
        return mapped(replace(part, **place), filled)

    found = filled(meaning)
    return (
        s.Bracketed("(", found, ")", **place)
        if isinstance(found, s.Additive | s.Product)
        else found
    )


def _raised(sup: s.Node, bound: Mapping[str, s.Node], by: Translation) -> s.Node | None:
    """l+1 of the meaning, where l is what the symbol has: one layer, worked out.

    Of several things that are raised the layer is the last: i, l.
    """
    if isinstance(sup, s.Listed):
        last = _raised(sup.items[-1], bound, by)
        rest = tuple(bound.get(x.text, x) if isinstance(x, s.Name) else x for x in sup.items)
        rest = tuple(_bare(x) for x in rest[:-1])
        return None if last is None else replace(sup, items=(*rest, last))
    layer = layer_of(sup)
    if layer is None or not layer.name or layer.name not in bound:
        return None
    own = bound[layer.name]
    if isinstance(own, s.Name) and own.text == r"\ell" and not layer.offset:
        return own  # it may count units, as l does elsewhere
    here = by.layer(own)
    return None if here is None else layer_as_node(here.shift(layer.offset), own)


def fits_sum(each: Phrase, node: s.Additive, bound: dict[str, s.Node]) -> bool:
    """Whether a sum is that of a phrase, term by term."""
    key = each.key
    return (
        isinstance(key, s.Additive)
        and key.signs == node.signs
        and all(
            fits(x, y, each.variables, bound) for x, y in zip(key.terms, node.terms, strict=True)
        )
    )


def _bare(node: s.Node) -> s.Node:
    while isinstance(node, s.Bracketed) and node.open in "([":
        node = node.body
    return node
