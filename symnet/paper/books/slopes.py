"""Derivatives as books lay them out: quotients in a row, rows and columns, diag(f')."""

from dataclasses import replace
from typing import Any

from symnet.paper.formula import syntax as s
from symnet.paper.signs.scripts import is_transpose, layer_and_transpose


def layer_under_transpose(sup: s.Node | None) -> tuple[s.Node | None, bool]:
    """The layer of what is raised, and whether it is transposed: {l}^T as well as lT."""
    match sup:
        case s.Scripted(base=base, sub=None, sup=raised, primes=0) if (
            raised is not None and is_transpose(raised)
        ):
            return base, True
    return layer_and_transpose(sup)


def by_difference(node: s.Node) -> s.Node:
    """∂X/∂(y_j - a_j) is -∂X/∂a_j: what is desired does not change."""
    match node:
        case s.Fraction(
            below=s.Product(
                factors=(
                    d,
                    s.Bracketed(
                        body=s.Additive(
                            terms=(
                                s.Scripted(base=s.Name(text="y")),
                                s.Scripted(base=s.Name(text="a")) as by,
                            ),
                            signs=("+", "-"),
                        )
                    ),
                )
            ) as below
        ):
            place: dict[str, Any] = {"start": node.start, "end": node.end}
            slope = replace(node, below=replace(below, factors=(d, by)))
            return s.Bracketed("(", s.Additive((slope,), ("-",), **place), ")", **place)
    return node


def begins_a_row(node: s.Node) -> bool:
    """Whether a product begins with a row: dC/da^L, (δ^{l+1})^T, and not with (W^l)^T or ∇C."""
    if isinstance(node, s.Fraction):
        return is_of_cost(node)
    sup = node.sup if isinstance(node, s.Scripted) else None
    _, transposed = layer_under_transpose(sup)
    names = [x.text for x in s.walk(node) if isinstance(x, s.Name)]
    return transposed and not set(names) & {"W", "w"}


def is_bracketed(node: s.Node) -> bool:
    """(f^l)' and the like."""
    return isinstance(node, s.Scripted) and isinstance(node.base, s.Bracketed) and node.primes > 0


def is_of_cost(node: s.Fraction) -> bool:
    """dC/dx, with a plain d: a total derivative of what has one letter and no scripts."""
    match node:
        case s.Fraction(
            above=s.Product(factors=(s.Name(text="d"), s.Name())),
            below=s.Product(factors=(s.Name(text="d"), *_)),
        ):
            return True
    return False


def turned(node: s.Node) -> s.Node:
    """A row as a column, a column as a row."""
    place: dict[str, Any] = {"start": node.start, "end": node.end}
    return s.Scripted(s.Bracketed("(", node, ")", **place), None, s.Name("T", **place), **place)


def with_quotients(node: s.Product) -> s.Product:
    """dy/dx in a row as a fraction."""
    factors, operators = list(node.factors), list(node.operators)
    for at in range(len(factors) - 3):
        if (
            all(isinstance(x, s.Name) and x.text == "d" for x in (factors[at], factors[at + 2]))
            and not any(isinstance(factors[k], s.Big | s.Fraction) for k in (at + 1, at + 3))
            and (operators[at + 1], operators[at + 2], operators[at + 3]) == ("", "/", "")
        ):
            place: dict[str, Any] = {"start": factors[at].start, "end": factors[at + 3].end}
            above, below = (
                s.Product((one, other), ("", ""), start=one.start, end=other.end)
                for one, other in (factors[at : at + 2], factors[at + 2 : at + 4])
            )
            factors[at : at + 4] = [s.Fraction(above, below, **place)]
            operators[at + 1 : at + 4] = []
            return with_quotients(replace(node, factors=tuple(factors), operators=tuple(operators)))
    return node


def diagonal(node: s.Node) -> s.Node:
    """A vector as the matrix that has it on its diagonal."""
    place: dict[str, Any] = {"start": node.start, "end": node.end}
    inside = node if isinstance(node, s.Bracketed) else s.Bracketed("(", node, ")", **place)
    return s.Product((s.Name("diag", **place), inside), ("", ""), **place)


def is_derivative(node: s.Fraction) -> bool:
    """Whether above and below begin with the sign of a derivative."""

    def begins(part: s.Node) -> bool:
        first = part.factors[0] if isinstance(part, s.Product) else part
        first = first.base if isinstance(first, s.Scripted) else first
        return isinstance(first, s.Name) and first.text in ("d", r"\partial")

    return begins(node.above) and begins(node.below)
