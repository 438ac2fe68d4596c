"""Edits of terms and factors: signs, numbers, products, what is missing or too much."""

import re
from collections.abc import Iterator

from symnet.paper.formula import syntax as s
from symnet.paper.repair.places import (
    Edit,
    Place,
    as_factor,
    calls_of,
    in_script,
    is_within,
    layer_at,
    quantities,
    scripts_of,
    whole_side,
)
from symnet.paper.signs.function_names import function_of
from symnet.paper.signs.notation import Notation
from symnet.paper.signs.scripts import subscripts
from symnet.term import LayerNumber


def signs(place: Place) -> Iterator[Edit]:
    """The sign of a term, of an argument or of the whole."""
    yield whole_side(place, "sign", rf"-\left({place.of(place.node)}\right)")
    scripts = scripts_of(place.node)
    for part in s.walk(place.node):
        if isinstance(part, s.Additive) and not is_within(part, scripts):
            for at, term in enumerate(part.terms):
                before = part.terms[at - 1].end if at else part.start
                gap = place.text[before : term.start]
                where = before + max(gap.rfind("+"), gap.rfind("-"))
                if where >= before and place.text[where] in "+-":
                    other = "-" if place.text[where] == "+" else "+"
                    yield Edit("sign", where, where + 1, other)
    for part in s.walk(place.node):
        match part:
            case s.Scripted(base=s.Name(text="e" | "exp"), sup=sup) if sup is not None:
                inside = in_script(place, sup, f"-({place.of(sup)})")
                yield Edit("sign", sup.start, sup.end, inside)
    for _, argument in calls_of(place):
        if place.node.start <= argument.start and isinstance(argument, s.Bracketed):
            body = argument.body
            yield Edit("sign", body.start, body.end, f"-({place.of(body)})")


def factors_changed(place: Place) -> Iterator[Edit]:
    """A 2, a ½, a 1/n too many or too few; a factor that does not belong there."""
    for part in s.walk(place.node):
        if isinstance(part, s.Product):
            for at, factor in enumerate(part.factors):
                if _is_constant(factor, place.notation):
                    end = part.factors[at + 1].start if at + 1 < len(part.factors) else factor.end
                    start = factor.start if at + 1 < len(part.factors) else part.factors[at - 1].end
                    yield Edit("factor", start, end, " ")
    for times in ("2", r"\frac{1}{2}", r"\frac{1}{4}"):
        yield whole_side(place, "factor", rf"{times}\left({place.of(place.node)}\right)")
    for _, argument in calls_of(place):
        if place.node.start <= argument.start:
            body = argument.body if isinstance(argument, s.Bracketed) else argument
            for times in ("2", r"\tfrac12"):
                yield Edit("factor", body.start, body.end, f"{times} {place.of(body)}")
    for part in s.walk(place.node):
        match part:
            case s.Scripted(base=base, sup=s.Number(), sub=None) if not isinstance(
                base, s.Name
            ) or not place.notation.has_layers(base):
                yield Edit("factor", part.start, part.end, place.of(base))


def _is_constant(node: s.Node, notation: Notation) -> bool:
    """2, 1/2, 1/n_l, η."""
    if isinstance(node, s.Fraction):
        return _is_constant(node.above, notation) and _is_constant(node.below, notation)
    match node:
        case s.Number():
            return True
        case s.Name(text=text):
            return text in notation.sizes or text in notation.scalars
        case s.Scripted(base=s.Name(text=text)):
            return text in notation.sizes
    return False


def factors_dropped(place: Place) -> Iterator[Edit]:
    """A factor too many."""
    for part in s.walk(place.node):
        if not isinstance(part, s.Product):
            continue
        for at, factor in enumerate(part.factors):
            if isinstance(factor, s.Big) or part.operators[at] == "/":
                continue
            end = part.factors[at + 1].start if at + 1 < len(part.factors) else factor.end
            start = factor.start if at + 1 < len(part.factors) else part.factors[at - 1].end
            yield Edit("factor", start, end, " ")


def tails_dropped(place: Place) -> Iterator[Edit]:
    """Several factors too many, at the end of a product."""
    for part in s.walk(place.node):
        if isinstance(part, s.Product) and not is_within(part, scripts_of(place.node)):
            for at in range(1, len(part.factors) - 1):
                yield Edit("factor", part.factors[at - 1].end, part.factors[-1].end, "")


def sums_regrouped(place: Place) -> Iterator[Edit]:
    """Σ (x + b) instead of Σ x + b."""
    for part in s.walk(place.node):
        if isinstance(part, s.Product) and isinstance(part.factors[0], s.Big):
            last = part.factors[-1]
            if isinstance(last, s.Bracketed) and isinstance(last.body, s.Additive):
                text = place.text[part.start : last.start] + place.of(last.body)
                yield Edit("factor", part.start, part.end, text)


def products_changed(place: Place) -> Iterator[Edit]:
    """⊙ instead of a matrix product, a product instead of a sum."""
    for part in s.walk(place.node):
        if not isinstance(part, s.Product):
            continue
        for at in range(1, len(part.factors)):
            one, other = part.factors[at - 1], part.factors[at]
            if isinstance(one, s.Big) or (
                isinstance(one, s.Name | s.Scripted)
                and function_of(one, place.notation) is not None
            ):
                continue
            operator = part.operators[at]
            left, right = place.of(one), place.of(other)
            if operator in ("", r"\cdot", r"\times"):
                yield Edit("wrong-product", one.end, other.start, r" \odot ")
                yield Edit("wrong-product", one.end, other.start, " + ")
                if isinstance(one, s.Scripted) and isinstance(one.sup, s.Name):
                    text = rf"{place.of(one.base)} \odot {right}"
                    yield Edit("wrong-product", one.start, other.end, text)
            elif not is_within(part, scripts_of(place.node)):
                yield Edit("wrong-product", one.end, other.start, " ")
                yield Edit("wrong-product", one.start, other.end, f"{left} ({right})^T")
                yield Edit("wrong-product", one.start, other.end, f"({left})^T {right}")


def sums_for_products(place: Place) -> Iterator[Edit]:
    """+ where ⊙ or a product is meant."""
    scripts = scripts_of(place.node)
    for part in s.walk(place.node):
        if isinstance(part, s.Additive) and not is_within(part, scripts):
            for one, other, sign in zip(part.terms, part.terms[1:], part.signs[1:], strict=False):
                if sign == "+":
                    for product in (r" \odot ", " "):
                        yield Edit("wrong-product", one.end, other.start, product)


def terms_added(place: Place) -> Iterator[Edit]:
    """A factor or a term that is missing."""
    whole = as_factor(place, place.node)
    for extra in _missing(place):
        yield whole_side(place, "missing-term", f"{whole} {extra}")
    calls = [f"{place.text[one.start : other.end]}" for one, other in calls_of(place)]
    for part in s.walk(place.node):
        terms = part.terms if isinstance(part, s.Additive) else ()
        for term in terms:
            for call in dict.fromkeys(calls):
                yield Edit("missing-term", term.start, term.end, f"{place.of(term)} {call}")


def _missing(place: Place) -> Iterator[str]:
    layers: dict[LayerNumber, None] = {}
    subs: dict[str, None] = {}
    for side in (place.kept, place.node):
        for quantity in quantities(place, side):
            layer = layer_at(quantity)
            if layer is not None:
                layers[layer] = None
            for letter in subscripts(quantity.sub) or () if quantity.sub is not None else ():
                subs[letter.text] = None
    near = list(dict.fromkeys(x for layer in layers for x in (layer, layer.shift(-1))))
    for layer in near:
        at = str(layer)
        if subs:
            for sub in subs:
                yield rf"\delta_{{{sub}}}^{{{at}}}"
                yield f"a_{{{sub}}}^{{{at}}}"
                yield f"(1 - a_{{{sub}}}^{{{at}}})"
                yield f"+ b_{{{sub}}}^{{{at}}}"
        else:
            yield rf"\odot (1 - a^{{{at}}})"
            yield rf"\odot \delta^{{{at}}}"
            yield rf"\odot a^{{{at}}}"
            yield rf"(a^{{{at}}})^T"
            yield f"+ b^{{{at}}}"


def summands_added(place: Place) -> Iterator[Edit]:
    """A summand that was left out: the next of a row, a value, or a factor of one."""
    for part in s.walk(place.node):
        terms = part.terms if isinstance(part, s.Additive) else ()
        shapes = [re.sub(r"\d+", "#", place.of(term)) for term in terms]
        for at in range(len(terms) - 1):
            if shapes[at] != shapes[at + 1]:
                continue
            one, other = place.of(terms[at]), place.of(terms[at + 1])
            yield _row(one, other, +1, terms[at + 1].end)
            yield _row(one, other, -1, terms[0].start)
    calls = dict.fromkeys(place.text[one.start : other.end] for one, other in calls_of(place))
    letters = dict.fromkeys(
        x.text
        for side in (place.node, place.kept)
        for x in s.walk(side)
        if isinstance(x, s.Name) and x.text in place.notation.scalars and len(x.text) == 1
    )
    for extra in (*calls, *letters, "1"):
        yield whole_side(place, "missing-term", f"{place.of(place.node)} + {extra}")
    for part in s.walk(place.node):
        for term in part.terms if isinstance(part, s.Additive) else ():
            for letter in letters:
                yield Edit("missing-term", term.start, term.end, f"{letter} {place.of(term)}")


def _row(one: str, other: str, step: int, where: int) -> Edit:
    """The term after (or before) two of a row, w_{11} a_1 and w_{12} a_2."""
    before, after = (re.findall(r"\d+", x) for x in (one, other))
    moved = iter(
        y if x == y else str(int(y) + 1) if step > 0 else str(int(x) - 1)
        for x, y in zip(before, after, strict=True)
    )
    text = re.sub(r"\d+", lambda _: next(moved), other)
    return Edit("missing-term", where, where, f" + {text}" if step > 0 else f"{text} + ")


def updates(place: Place) -> Iterator[Edit]:
    """A step without its rate, or without what it starts from; half a rate."""
    rate = place.notation.rate
    for part in s.walk(place.node):
        if isinstance(part, s.Fraction) and isinstance(part.below, s.Number):
            yield Edit("factor", part.start, part.end, f"{{{place.of(part.above)}}}")
    if rate is None:
        return
    for part in s.walk(place.node):
        for term in part.terms[1:] if isinstance(part, s.Additive) else ():
            yield Edit("factor", term.start, term.end, f"{rate} {place.of(term)}")
    kept, node = place.of(place.kept), place.of(place.node)
    yield whole_side(place, "missing-term", f"{kept} {node}")
    yield whole_side(place, "missing-term", f"{kept} + {node}")
