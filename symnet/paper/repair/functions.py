"""Edits of functions: primes, slopes, and what functions are applied to."""

from collections.abc import Iterator

from symnet.paper.formula import syntax as s
from symnet.paper.repair.places import (
    Edit,
    Place,
    as_factor,
    calls_of,
    function_at,
    is_within,
    layer_at,
    quantities,
    whole_side,
)
from symnet.paper.signs.derivatives import gradient_by
from symnet.paper.signs.function_names import function_of
from symnet.paper.signs.scripts import subscripts


def primes(place: Place) -> Iterator[Edit]:
    """σ instead of σ', or σ' instead of σ."""
    for part in s.walk(place.node):
        if isinstance(part, s.Scripted) and part.primes and function_at(part, place) is not None:
            yield Edit("missing-derivative", part.start, part.end, place.of(part.base))
    for name in _functions(place):
        yield Edit("missing-derivative", name.start, name.end, place.of(name) + "'")


def _functions(place: Place) -> Iterator[s.Name]:
    for part in s.walk(place.node):
        if isinstance(part, s.Product):
            for factor in part.factors:
                if isinstance(factor, s.Name) and function_of(factor, place.notation) is not None:
                    yield factor


def arguments(place: Place) -> Iterator[Edit]:
    """z where a is meant, a where z is meant, or a derivative by the other."""
    exchanged = {"z": "a", "a": "z"}
    derivatives = [part for part in s.walk(place.node) if isinstance(part, s.Fraction)]
    gradients = [x for part in s.walk(place.node) if (x := gradient_by(part)) is not None]
    values = [other for one, other in calls_of(place, place.node) if not _order(one, place)]
    names = [
        part
        for part in s.walk(place.node)
        if isinstance(part, s.Name) and part.text in exchanged and part.end - part.start == 1
    ]
    for name in names:
        kind = "wrong-derivative-argument"
        if any(x.below.start <= name.start < x.below.end for x in derivatives) or is_within(
            name, gradients
        ):
            kind = "missing-derivative"
        elif any(x.start <= name.start < x.end for x in values):
            kind = "other"
        yield Edit(kind, name.start, name.end, exchanged[name.text])
    for letter in exchanged:
        own = [name for name in names if name.text == letter]
        if len(own) > 1:
            new = place.text
            for name in reversed(own):
                new = new[: name.start] + exchanged[letter] + new[name.end :]
            whole = new[place.node.start : place.node.end]
            yield whole_side(place, "wrong-derivative-argument", whole)


def _order(node: s.Node, place: Place) -> int:
    found = function_at(node, place)
    return found.order if found is not None else 0


def plain_variables(place: Place) -> Iterator[Edit]:
    """tanh'(z) = 1 - z² where 1 - tanh(z)² is meant."""
    for whole, argument in calls_of(place):
        called = whole.base if isinstance(whole, s.Scripted) else whole
        body = argument.body if isinstance(argument, s.Bracketed) else argument
        if not isinstance(body, s.Name):
            continue
        for part in s.walk(place.node):
            if isinstance(part, s.Name) and part.text == body.text:
                text = rf"{{{place.of(called)}({body.text})}}"
                yield Edit("wrong-derivative-argument", part.start, part.end, text)


def slopes_added(place: Place) -> Iterator[Edit]:
    """A slope that is missing."""
    for text in _slopes(place):
        yield whole_side(place, "missing-derivative", f"{as_factor(place, place.node)} {text}")


def slopes_for_values(place: Place) -> Iterator[Edit]:
    """a where σ' is meant."""
    for quantity in quantities(place):
        if isinstance(quantity.base, s.Name) and quantity.base.text == "a":
            scripts = place.text[quantity.base.end : quantity.end]
            text = rf"\sigma'(z{scripts})"
            yield Edit("missing-derivative", quantity.start, quantity.end, text)


def slopes_inserted(place: Place) -> Iterator[Edit]:
    """A slope that is missing inside: in a sum, or between two matrices."""
    slopes = list(_slopes(place))
    diagonals = [rf"\operatorname{{diag}}({x.removeprefix(chr(92) + 'odot ')})" for x in slopes]
    for part in s.walk(place.node):
        if not isinstance(part, s.Product):
            continue
        for slope in slopes:
            yield Edit("missing-derivative", part.end, part.end, f" {slope}")
        for factor in part.factors[1:]:
            for diagonal in diagonals if "odot" in "".join(slopes) else ():
                yield Edit("missing-derivative", factor.start, factor.start, f"{diagonal} ")


def slopes_moved(place: Place) -> Iterator[Edit]:
    """The slope of one layer where that of another is meant, at another place."""
    slopes = list(_slopes(place))
    diagonals = [rf"\operatorname{{diag}}({x.removeprefix(chr(92) + 'odot ')})" for x in slopes]
    for part in s.walk(place.node):
        if not isinstance(part, s.Product):
            continue
        for at, (one, other) in enumerate(zip(part.factors, part.factors[1:], strict=False)):
            if not isinstance(one, s.Name | s.Scripted) or not isinstance(other, s.Bracketed):
                continue
            function = function_of(one, place.notation)
            if function is None or not (function.order or function.name == "diag"):
                continue
            start = part.factors[at - 1].end if at else one.start
            end = other.end
            if not at and at + 2 < len(part.factors):
                end = part.factors[at + 2].start
            rest = place.text[place.node.start : start] + " " + place.text[end : place.node.end]
            for slope in diagonals if function.name == "diag" else slopes:
                yield whole_side(place, "layer-offset", f"{rest} {slope}")
            yield Edit("factor", start, end, " ")


def _slopes(place: Place) -> Iterator[str]:
    name = next((key for key, value in place.notation.functions.items() if value == "σ"), r"\sigma")
    layers: dict[str, None] = {}
    subs: dict[str, None] = {}
    for side in (place.kept, place.node):
        for quantity in quantities(place, side):
            layer = layer_at(quantity)
            if layer is not None:
                layers[str(layer)] = None
            for letter in subscripts(quantity.sub) or () if quantity.sub is not None else ():
                if letter.last is None:
                    subs[letter.text] = None
    for number in layers:
        if subs:
            for sub in subs:
                yield rf"{name}'(z_{{{sub}}}^{{{number}}})"
        else:
            yield rf"\odot {name}'(z^{{{number}}})"


def functions_changed(place: Place) -> Iterator[Edit]:
    """A function not applied, applied twice, or its square missing; a sum too many."""
    name = next((key for key, value in place.notation.functions.items() if value == "σ"), r"\sigma")
    yield whole_side(place, "other", rf"{name}\left({place.of(place.node)}\right)")
    for part in s.walk(place.node):
        if isinstance(part, s.Product):
            for at, (one, other) in enumerate(zip(part.factors, part.factors[1:], strict=False)):
                if isinstance(one, s.Name) and function_of(one, place.notation) is not None:
                    yield Edit("other", one.end, one.end, "^2")
                    if isinstance(other, s.Bracketed):
                        yield Edit("other", one.start, one.end, "")
                if isinstance(one, s.Big) and not at:
                    yield Edit("other", one.start, one.end, "")
        if isinstance(part, s.Bracketed) and part.open == "‖":
            yield Edit("other", part.end, part.end, "^2")
        elif isinstance(part, s.Bracketed) and isinstance(part.body, s.Additive):
            yield Edit("other", part.start, part.start, f"{name}")
    for quantity in quantities(place):
        if quantity.sub is not None:
            yield Edit("other", quantity.start, quantity.end, f"({place.of(quantity)})^2")
