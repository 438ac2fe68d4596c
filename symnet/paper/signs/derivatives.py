r"""How derivatives are written: \frac{\partial C}{\partial w}, d/dz, \nabla_w, \partial_w, Δ.

>>> from symnet.paper.formula.reader import read
>>> of, by, order = derivative_of(read(r"\frac{\partial C}{\partial w_{jk}^l}").statements[0])
>>> s.spell(of), s.spell(by), order
('C', 'w_{{j k}}^{l}', 1)
"""

from typing import Any

from symnet.paper.formula import syntax as s
from symnet.paper.signs.scripts import digits_of, in_a_row


def _is_partial(node: s.Node) -> bool:
    return isinstance(node, s.Name) and node.text == r"\partial"


def _is_d(node: s.Node) -> bool:
    return isinstance(node, s.Name) and (node.text in ("d", r"\partial"))


def is_nabla(node: s.Node) -> bool:
    return isinstance(node, s.Name) and node.text in (r"\nabla", r"\triangledown")


def is_change_sign(node: s.Node) -> bool:
    return isinstance(node, s.Name) and (
        node.text == r"\Delta" or (node.text == "d" and "mathrm" in node.style)
    )


def gradient_by(node: s.Node) -> s.Node | None:
    r"""v of \nabla_v, \nabla_v^2 and \partial_v."""
    match node:
        case s.Scripted(base=base, sub=sub, sup=s.Number(text="2"), primes=0) if is_nabla(base):
            return sub
        case s.Scripted(base=base, sub=sub, sup=None, primes=0) if sub is not None:
            if is_nabla(base) or _is_partial(base):
                return sub
    return None


def mixed_by(node: s.Fraction) -> list[s.Node] | None:
    r"""u and v of \frac{\partial^2}{\partial u \partial v} before what it is taken of."""
    found = derivative_of(node)
    if found is None or found[0] is not None or not isinstance(node.below, s.Product):
        return None
    parts = _several(list(node.below.factors[1:]))
    return parts if parts is not None and len(parts) > 1 else None


def derivative_of(node: s.Fraction) -> tuple[s.Node | None, s.Node, int] | None:
    r"""What is derived, by what, how often: \frac{\partial C}{\partial w}, \frac{d}{dx}."""
    above, below = node.above, node.below
    order = 1
    first, *rest = above.factors if isinstance(above, s.Product) else (above,)
    if isinstance(first, s.Scripted) and _is_d(first.base) and first.sup is not None:
        digits = digits_of(first.sup)
        if digits is None or first.sub is not None:
            return None
        order, first = int(digits), first.base
    if not _is_d(first) or not isinstance(below, s.Product) or not _is_d(below.factors[0]):
        return None
    if isinstance(above, s.Product) and any(above.operators[2:]):
        return None
    of: s.Node | None = in_a_row(rest, [""] * len(rest)) if rest else None
    by = list(below.factors[1:])
    if order == 1:
        return (of, in_a_row(by, list(below.operators[1:])), 1) if by else None
    parts = _several(by)
    if parts is None:
        return None
    if len(parts) == 1:
        (one,) = parts
        match one:
            case s.Scripted(base=base, sup=sup, sub=None) if sup and digits_of(sup) == str(order):
                inside = base.body if isinstance(base, s.Bracketed) else base
                return of, inside, order
        return None
    # ∂²C/∂u∂v is ∂/∂u of ∂C/∂v.
    outer, inner = parts[0], parts[1:]
    for by_ in reversed(inner):
        of = _fraction_of(of, by_, node)
    return of, outer, 1


def _fraction_of(of: s.Node | None, by: s.Node, node: s.Fraction) -> s.Node | None:
    if of is None:
        return None
    place: dict[str, Any] = {"start": node.start, "end": node.end}
    d = s.Name(r"\partial", **place)
    return s.Fraction(
        s.Product((d, of), ("", ""), **place), s.Product((d, by), ("", ""), **place), **place
    )


def _several(by: list[s.Node]) -> list[s.Node] | None:
    """u, v of ∂u ∂v."""
    parts: list[list[s.Node]] = [[]]
    for factor in by:
        if _is_d(factor):
            parts.append([])
        else:
            parts[-1].append(factor)
    if any(len(part) != 1 for part in parts):
        return None
    return [part[0] for part in parts]


def slashed_derivatives(
    factors: list[s.Node], operators: list[str]
) -> tuple[list[s.Node], list[str]]:
    r"""\partial C / \partial w as a fraction."""
    for at in range(len(factors) - 3):
        if (
            _is_partial(factors[at])
            and not operators[at + 1]
            and operators[at + 2] == "/"
            and _is_partial(factors[at + 2])
        ):
            # Up to the first operator the denominator is one quantity.
            above = s.Product(
                (factors[at], factors[at + 1]), ("", ""),
                start=factors[at].start, end=factors[at + 1].end,
            )  # fmt: skip
            below = s.Product(
                (factors[at + 2], factors[at + 3]), ("", ""),
                start=factors[at + 2].start, end=factors[at + 3].end,
            )  # fmt: skip
            made = s.Fraction(above, below, start=above.start, end=below.end)
            return slashed_derivatives(
                [*factors[:at], made, *factors[at + 4 :]],
                [*operators[: at + 1], *operators[at + 4 :]],
            )
    return factors, operators
