r"""What is wrong with a formula: the one edit that would make it right.

Edits are made in the author's own text, at the places that the syntax tree names; those of the
right side come first. The kind of the first edit after which the formula holds is the kind of the
error, and the edited text a suggestion. Which edits there are is a table, `EDITS`: the mistakes
that people make, the likely ones first.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from symnet.paper import syntax as s
from symnet.paper.conventions import Notation
from symnet.paper.derivative_signs import gradient_by
from symnet.paper.function_names import Function, function_of
from symnet.paper.scripts import layer_and_transpose, layer_of, subscripts
from symnet.paper.statements import Claim
from symnet.term import LayerNumber


@dataclass(frozen=True, slots=True)
class Edit:
    """Text in place of other text, what kind of error it mends, and the place."""

    kind: str
    start: int
    end: int
    text: str

    def applied(self, text: str) -> str:
        """The whole text with the edit made."""
        return text[: self.start] + self.text + text[self.end :]


@dataclass(frozen=True, slots=True)
class Place:
    """A side of a claim that may be edited, and what is around it."""

    text: str
    node: s.Node
    kept: s.Node
    notation: Notation

    def of(self, node: s.Node) -> str:
        """A node as it is printed."""
        return self.text[node.start : node.end]


def edits(text: str, claim: Claim, notation: Notation) -> Iterator[Edit]:
    """All edits of a claim, the likely ones first, none twice; the left side comes last."""
    if claim.right is None:
        return
    seen = {text}
    right, left = (claim.right, claim.left), (claim.left, claim.right)
    for (node, kept), table in ((right, EDITS), (left, EDITS_OF_THE_LEFT)):
        place = Place(text, node, kept, notation)
        for kind in table:
            for edit in kind(place):
                changed = edit.applied(text)
                if changed not in seen:
                    seen.add(changed)
                    yield edit


# --- parts ---------------------------------------------------------------------------------


def _quantities(place: Place, node: s.Node | None = None) -> Iterator[s.Scripted]:
    """The quantities of a side that have a layer."""
    for part in s.walk(place.node if node is None else node):
        match part:
            case s.Scripted(base=s.Name() as base, sup=sup) if sup is not None:
                if place.notation.has_layers(base):
                    yield part


def _layer_node(quantity: s.Scripted) -> s.Node | None:
    found, _ = layer_and_transpose(quantity.sup)
    while isinstance(found, s.Bracketed):
        found = found.body
    return found


def _script(place: Place, node: s.Node, text: str) -> str:
    """A new script in place of an old one, in braces where it needs them and has none."""
    inside = place.text[: node.start].rstrip()[-1:] in "{(["
    return text if inside or len(text) == 1 else f"{{{text}}}"


def shown(layer: LayerNumber) -> str:
    """A layer as it is written in a script."""
    return str(layer)


def _letters(place: Place) -> list[str]:
    """The letters for neurons of a claim."""
    found: dict[str, None] = {}
    for side in (place.kept, place.node):
        for part in s.walk(side):
            if isinstance(part, s.Scripted) and part.sub is not None:
                for letter in subscripts(part.sub) or ():
                    if letter.last is None and not letter.text.isdigit():
                        found[letter.text] = None
    return list(found)


def _letter_nodes(node: s.Node | None) -> Iterator[s.Name]:
    if isinstance(node, s.Name):
        yield node
    elif isinstance(node, s.Product | s.Listed):
        for child in s.children(node):
            yield from _letter_nodes(child)


def _wrapped(place: Place, node: s.Node) -> str:
    """A side as one factor."""
    text = place.of(node)
    return rf"\left({text}\right)" if isinstance(node, s.Additive) else text


def _whole(place: Place, kind: str, text: str) -> Edit:
    return Edit(kind, place.node.start, place.node.end, text)


# --- the edits -----------------------------------------------------------------------------


def subscripts_swapped(place: Place) -> Iterator[Edit]:
    """w_jk instead of w_kj."""
    for quantity in _quantities(place):
        sub = quantity.sub
        if isinstance(sub, s.Product | s.Listed):
            items = list(s.children(sub))
            if len(items) == 2:
                one, other = items
                between = place.text[one.end : other.start]
                text = place.of(other) + between + place.of(one)
                yield Edit("index-swap", sub.start, sub.end, text)
        elif isinstance(sub, s.Number) and len(sub.text) == 2:
            yield Edit("index-swap", sub.start, sub.end, sub.text[::-1])


def transposes(place: Place) -> Iterator[Edit]:
    """A transpose too many, one too few, or an inverse in its place."""
    for part in s.walk(place.node):
        match part:
            case s.Scripted(
                base=base, sup=s.Name(text=("T" | r"\top" | r"\intercal" | r"\mathsf{T}"))
            ):
                yield Edit("transpose", part.start, part.end, place.of(base))
            case s.Scripted(base=base, sup=s.Additive(signs=("-",))):
                yield Edit("transpose", part.start, part.end, place.of(base) + "^T")
    for quantity in _quantities(place):
        if quantity.sub is None:
            layer, transposed = layer_and_transpose(quantity.sup)
            if not transposed:
                text = f"({place.of(quantity)})^T"
                yield Edit("transpose", quantity.start, quantity.end, text)
            elif layer is not None:
                text = f"{place.of(quantity.base)}^{{{place.of(layer)}}}"
                yield Edit("transpose", quantity.start, quantity.end, text)
    for part in s.walk(place.node):
        if isinstance(part, s.Array):
            yield Edit("transpose", part.start, part.end, f"{place.of(part)}^T")


def layers_moved(place: Place) -> Iterator[Edit]:
    """A layer too high or too low."""
    for quantity in _quantities(place):
        node = _layer_node(quantity)
        layer = layer_of(node) if node is not None else None
        if layer is None or node is None:
            continue
        for by in (-1, 1):
            text = _script(place, node, shown(layer.shift(by)))
            yield Edit("layer-offset", node.start, node.end, text)


def letters_exchanged(place: Place) -> Iterator[Edit]:
    """Another letter at one place of a subscript, or under a sum."""
    letters = _letters(place)
    for part in s.walk(place.node):
        subs: Iterator[s.Name] = iter(())
        if isinstance(part, s.Scripted) or (isinstance(part, s.Big) and part.operator == "sum"):
            subs = _letter_nodes(part.sub)
        for name in subs:
            for letter in letters:
                if letter != name.text:
                    yield Edit("index-swap", name.start, name.end, _script(place, name, letter))


def primes(place: Place) -> Iterator[Edit]:
    """σ instead of σ', or σ' instead of σ."""
    for part in s.walk(place.node):
        if isinstance(part, s.Scripted) and part.primes and _function(part, place) is not None:
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
    values = [other for one, other in _calls(place, place.node) if not _order(one, place)]
    names = [
        part
        for part in s.walk(place.node)
        if isinstance(part, s.Name) and part.text in exchanged and part.end - part.start == 1
    ]
    for name in names:
        kind = "wrong-derivative-argument"
        if any(x.below.start <= name.start < x.below.end for x in derivatives) or _within(
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
            yield _whole(place, "wrong-derivative-argument", whole)


def _function(node: s.Node, place: Place) -> Function | None:
    return function_of(node, place.notation) if isinstance(node, s.Name | s.Scripted) else None


def _order(node: s.Node, place: Place) -> int:
    found = _function(node, place)
    return found.order if found is not None else 0


def _calls(place: Place, only: s.Node | None = None) -> Iterator[tuple[s.Node, s.Node]]:
    """Functions and what they are applied to, on both sides or on one."""
    for side in (place.node, place.kept) if only is None else (only,):
        for part in s.walk(side):
            if isinstance(part, s.Product):
                for one, other in zip(part.factors, part.factors[1:], strict=False):
                    if _function(one, place) is not None:
                        yield one, other


def plain_variables(place: Place) -> Iterator[Edit]:
    """tanh'(z) = 1 - z² where 1 - tanh(z)² is meant."""
    for whole, argument in _calls(place):
        called = whole.base if isinstance(whole, s.Scripted) else whole
        body = argument.body if isinstance(argument, s.Bracketed) else argument
        if not isinstance(body, s.Name):
            continue
        for part in s.walk(place.node):
            if isinstance(part, s.Name) and part.text == body.text:
                text = rf"{{{place.of(called)}({body.text})}}"
                yield Edit("wrong-derivative-argument", part.start, part.end, text)


def signs(place: Place) -> Iterator[Edit]:
    """The sign of a term, of an argument or of the whole."""
    yield _whole(place, "sign", rf"-\left({place.of(place.node)}\right)")
    scripts = _scripts(place.node)
    for part in s.walk(place.node):
        if isinstance(part, s.Additive) and not _within(part, scripts):
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
                inside = _script(place, sup, f"-({place.of(sup)})")
                yield Edit("sign", sup.start, sup.end, inside)
    for _, argument in _calls(place):
        if place.node.start <= argument.start and isinstance(argument, s.Bracketed):
            body = argument.body
            yield Edit("sign", body.start, body.end, f"-({place.of(body)})")


def _scripts(node: s.Node) -> list[s.Node]:
    """All that is raised or lowered, and the limits of sums."""
    parts = [x for x in s.walk(node) if isinstance(x, s.Scripted | s.Big)]
    return [x for part in parts for x in (part.sub, part.sup) if x is not None]


def _within(node: s.Node, others: Sequence[s.Node]) -> bool:
    return any(x.start <= node.start and node.end <= x.end for x in others)


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
        yield _whole(place, "factor", rf"{times}\left({place.of(place.node)}\right)")
    for _, argument in _calls(place):
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


def sums_regrouped(place: Place) -> Iterator[Edit]:
    """Σ (x + b) instead of Σ x + b."""
    for part in s.walk(place.node):
        if isinstance(part, s.Product) and isinstance(part.factors[0], s.Big):
            last = part.factors[-1]
            if isinstance(last, s.Bracketed) and isinstance(last.body, s.Additive):
                text = place.text[part.start : last.start] + place.of(last.body)
                yield Edit("factor", part.start, part.end, text)


def slopes_added(place: Place) -> Iterator[Edit]:
    """A slope that is missing."""
    for text in _slopes(place):
        yield _whole(place, "missing-derivative", f"{_wrapped(place, place.node)} {text}")


def slopes_for_values(place: Place) -> Iterator[Edit]:
    """a where σ' is meant."""
    for quantity in _quantities(place):
        if isinstance(quantity.base, s.Name) and quantity.base.text == "a":
            scripts = place.text[quantity.base.end : quantity.end]
            text = rf"\sigma'(z{scripts})"
            yield Edit("missing-derivative", quantity.start, quantity.end, text)


def _slopes(place: Place) -> Iterator[str]:
    name = next((key for key, value in place.notation.functions.items() if value == "σ"), r"\sigma")
    layers: dict[str, None] = {}
    subs: dict[str, None] = {}
    for side in (place.kept, place.node):
        for quantity in _quantities(place, side):
            node = _layer_node(quantity)
            layer = layer_of(node) if node is not None else None
            if layer is not None:
                layers[shown(layer)] = None
            for letter in subscripts(quantity.sub) or () if quantity.sub is not None else ():
                if letter.last is None:
                    subs[letter.text] = None
    for number in layers:
        if subs:
            for sub in subs:
                yield rf"{name}'(z_{{{sub}}}^{{{number}}})"
        else:
            yield rf"\odot {name}'(z^{{{number}}})"


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
                yield _whole(place, "layer-offset", f"{rest} {slope}")
            yield Edit("factor", start, end, " ")


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
            elif not _within(part, _scripts(place.node)):
                yield Edit("wrong-product", one.end, other.start, " ")
                yield Edit("wrong-product", one.start, other.end, f"{left} ({right})^T")
                yield Edit("wrong-product", one.start, other.end, f"({left})^T {right}")


def sums_for_products(place: Place) -> Iterator[Edit]:
    """+ where ⊙ or a product is meant."""
    scripts = _scripts(place.node)
    for part in s.walk(place.node):
        if isinstance(part, s.Additive) and not _within(part, scripts):
            for one, other, sign in zip(part.terms, part.terms[1:], part.signs[1:], strict=False):
                if sign == "+":
                    for product in (r" \odot ", " "):
                        yield Edit("wrong-product", one.end, other.start, product)


def places_exchanged(place: Place) -> Iterator[Edit]:
    """Another neuron of another layer: z_k^{l+1} where z_j^l is meant."""
    seen: dict[tuple[str, LayerNumber], None] = {}
    single: list[s.Scripted] = []
    for side in (place.kept, place.node):
        for quantity in _quantities(place, side):
            node = _layer_node(quantity)
            layer = layer_of(node) if node is not None else None
            letters = subscripts(quantity.sub) if quantity.sub is not None else None
            if layer is None or not letters:
                continue
            for at, letter in enumerate(letters[:2]):
                if letter.last is None:
                    seen[letter.text, layer.shift(-at)] = None
            if len(letters) == 1 and side is place.node:
                single.append(quantity)
    for quantity in single:
        base = place.of(quantity.base)
        for name, layer in seen:
            text = f"{base}_{{{name}}}^{{{shown(layer)}}}"
            yield Edit("layer-offset", quantity.start, quantity.end, text)


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
    yield _whole(place, "missing-term", f"{kept} {node}")
    yield _whole(place, "missing-term", f"{kept} + {node}")


def terms_added(place: Place) -> Iterator[Edit]:
    """A factor or a term that is missing."""
    whole = _wrapped(place, place.node)
    for extra in _missing(place):
        yield _whole(place, "missing-term", f"{whole} {extra}")
    calls = [f"{place.text[one.start : other.end]}" for one, other in _calls(place)]
    for part in s.walk(place.node):
        terms = part.terms if isinstance(part, s.Additive) else ()
        for term in terms:
            for call in dict.fromkeys(calls):
                yield Edit("missing-term", term.start, term.end, f"{place.of(term)} {call}")


def _missing(place: Place) -> Iterator[str]:
    layers: dict[LayerNumber, None] = {}
    subs: dict[str, None] = {}
    for side in (place.kept, place.node):
        for quantity in _quantities(place, side):
            node = _layer_node(quantity)
            layer = layer_of(node) if node is not None else None
            if layer is not None:
                layers[layer] = None
            for letter in subscripts(quantity.sub) or () if quantity.sub is not None else ():
                subs[letter.text] = None
    near = list(dict.fromkeys(x for layer in layers for x in (layer, layer.shift(-1))))
    for layer in near:
        at = shown(layer)
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


def functions_changed(place: Place) -> Iterator[Edit]:
    """A function not applied, applied twice, or its square missing; a sum too many."""
    name = next((key for key, value in place.notation.functions.items() if value == "σ"), r"\sigma")
    yield _whole(place, "other", rf"{name}\left({place.of(place.node)}\right)")
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
    for quantity in _quantities(place):
        if quantity.sub is not None:
            yield Edit("other", quantity.start, quantity.end, f"({place.of(quantity)})^2")


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


def ranges_moved(place: Place) -> Iterator[Edit]:
    """A sum or a product that ends too early or too late."""
    for part in s.walk(place.node):
        if not isinstance(part, s.Big):
            continue
        ends: list[s.Node] = []
        if isinstance(part.sub, s.Chain):
            ends.append(part.sub.sides[-1])
        if part.sup is not None:
            inside = part.sup.sub if isinstance(part.sup, s.Scripted) else part.sup
            if inside is not None:
                ends.append(inside)
        for end in ends:
            layer = layer_of(end)
            if layer is not None:
                for by in (-1, 1):
                    text = _script(place, end, shown(layer.shift(by)))
                    yield Edit("wrong-range", end.start, end.end, text)


def everywhere(place: Place) -> Iterator[Edit]:
    """One mistake made at every place: all subscripts swapped, all layers too high or too low."""
    yield from _all_at_once(place, list(subscripts_swapped(place)))
    known = _letters(place)
    for at, one in enumerate(known):
        for other in known[at + 1 :]:
            yield from _all_at_once(place, list(_exchanged(place, one, other)))
    for letter in ("", "w", "W", "b", "z", "a", r"\delta"):
        own = [
            x for x in _quantities(place) if isinstance(x.base, s.Name) and x.base.text == letter
        ]
        for by in (-1, 1):
            moved = []
            for quantity in own:
                node = _layer_node(quantity)
                layer = layer_of(node) if node is not None else None
                if node is not None and layer is not None:
                    text = _script(place, node, shown(layer.shift(by)))
                    moved.append(Edit("layer-offset", node.start, node.end, text))
            yield from _all_at_once(place, moved)


def _exchanged(place: Place, one: str, other: str) -> Iterator[Edit]:
    """Two letters exchanged, wherever they stand."""
    to = {one: other, other: one}
    for script in _scripts(place.node):
        for name in _letter_nodes(script):
            if name.text in to:
                text = _script(place, name, to[name.text])
                yield Edit("index-swap", name.start, name.end, text)


def _all_at_once(place: Place, several: Sequence[Edit]) -> Iterator[Edit]:
    if len(several) < 2:
        return
    text = place.text
    for edit in sorted(several, key=lambda x: x.start, reverse=True):
        text = edit.applied(text)
    grown = len(text) - len(place.text)
    yield _whole(place, several[0].kind, text[place.node.start : place.node.end + grown])


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
    calls = dict.fromkeys(place.text[one.start : other.end] for one, other in _calls(place))
    letters = dict.fromkeys(
        x.text
        for side in (place.node, place.kept)
        for x in s.walk(side)
        if isinstance(x, s.Name) and x.text in place.notation.scalars and len(x.text) == 1
    )
    for extra in (*calls, *letters, "1"):
        yield _whole(place, "missing-term", f"{place.of(place.node)} + {extra}")
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


# The mistakes that people make, the likely ones first.
EDITS: Sequence[Callable[[Place], Iterator[Edit]]] = (
    ranges_moved,
    layers_moved,
    transposes,
    subscripts_swapped,
    letters_exchanged,
    primes,
    arguments,
    signs,
    factors_changed,
    sums_regrouped,
    slopes_added,
    products_changed,
    sums_for_products,
    places_exchanged,
    terms_added,
    slopes_for_values,
    everywhere,
    summands_added,
    updates,
    functions_changed,
    slopes_moved,
    slopes_inserted,
    factors_dropped,
    plain_variables,
)


# Of the left side, which says what the formula is about, only slips.
EDITS_OF_THE_LEFT = (layers_moved, arguments, subscripts_swapped, transposes)


def is_overloaded(claim: Claim, notation: Notation) -> bool:
    """W^{l+1} = W^l - …: the number of the layer is used as the number of a step."""
    match claim.left, claim.right:
        case (
            s.Scripted(base=s.Name(text=name), sup=after),
            s.Additive(terms=(s.Scripted(base=s.Name(text=other), sup=before), *_)),
        ) if name == other and notation.letters.get(name) in ("w", "b") and after and before:
            one, two = layer_of(after), layer_of(before)
            return one is not None and two is not None and one == two.shift(1)
    return False
