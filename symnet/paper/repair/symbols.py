r"""Edits of what stands for what: other letters of the book, numbers, squares, factors in a row.

>>> from symnet.paper.signs.notation import NIELSEN
>>> from symnet.paper.formula.reader import read
>>> text = r"\delta^l = 2 a^l"
>>> (claim,) = read(text).statements
>>> place = Place(text, claim.sides[1], claim.sides[0], NIELSEN)
>>> [edit.applied(text) for edit in letters_replaced(place)][:2]
['\\delta^l = 2 \\delta^l', '\\delta^l = 2 z^l']
"""

from collections.abc import Iterator

from symnet.paper.formula import syntax as s
from symnet.paper.repair.places import (
    Edit,
    Place,
    is_within,
    letters_of,
    quantities,
    scripts_of,
    whole_side,
)
from symnet.paper.signs.derivatives import derivative_of, gradient_by
from symnet.paper.signs.notation import spelled_out

ALIKE = ("a", "z", "δ")  # kinds of one shape


def letters_replaced(place: Place) -> Iterator[Edit]:
    """Another quantity of the same layer: dA where dZ is meant, a unit's output for its input."""
    letters = place.notation.letters
    names: dict[str, None] = {}
    for side in (place.kept, place.node):
        for quantity in quantities(place, side):
            names[place.of(quantity.base)] = None
    for quantity in quantities(place):
        base = quantity.base
        if not isinstance(base, s.Name) or letters.get(base.text) not in ALIKE:
            continue
        own = place.of(base)
        others = [k for k, v in letters.items() if v in ALIKE and k.isupper() == own.isupper()]
        for other in dict.fromkeys([*(x for x in names if x in others), *others]):
            if other != own and spelled_out(base) != other:
                yield Edit("other", base.start, base.end, other)


def differentials_replaced(place: Place) -> Iterator[Edit]:
    """dZ where dA is meant: what is named by several letters."""
    for part in s.walk(place.node):
        if not isinstance(part, s.Product):
            continue
        for one, other in zip(part.factors, part.factors[1:], strict=False):
            base = other.base if isinstance(other, s.Scripted) else other
            if not (isinstance(one, s.Name) and one.text == "d" and isinstance(base, s.Name)):
                continue
            for new in {"A": "Z", "Z": "A", "a": "z", "z": "a"}.get(base.text, ""):
                yield Edit("missing-derivative", base.start, base.end, new)


def numbers_changed(place: Place) -> Iterator[Edit]:
    """A 2 in a fraction too many, λ/2m for λ/m; a term twice or half."""
    for part in s.walk(place.node):
        if isinstance(part, s.Fraction):
            for inside in (part.above, part.below):
                factors = inside.factors if isinstance(inside, s.Product) else ()
                for at, factor in enumerate(factors):
                    if isinstance(factor, s.Number) and len(factors) > 1:
                        end = factors[at + 1].start if at + 1 < len(factors) else factor.end
                        yield Edit("factor", factor.start, end, "")
            if not isinstance(part.below, s.Number) and derivative_of(part) is None:
                yield Edit("factor", part.below.start, part.below.start, "2 ")
    scripts = scripts_of(place.node)
    for part in s.walk(place.node):
        if isinstance(part, s.Additive) and not is_within(part, scripts):
            for term in part.terms:
                for times in ("2", r"\frac{1}{2}"):
                    yield Edit("factor", term.start, term.start, f"{times} ")


def scalars_multiplied(place: Place) -> Iterator[Edit]:
    """1/m, m, η, λ … as a factor of the whole, or of a term."""
    counts = sorted(place.notation.batch.counts)
    scalars = sorted(x for x in place.notation.scalars if x.isalpha() or x.startswith("\\"))
    texts = [x for count in counts for x in (rf"\frac{{1}}{{{count}}}", count)]
    texts += [x for scalar in scalars for x in (scalar, rf"\frac{{1}}{{{scalar}}}")]
    body = place.of(place.node)
    whole = rf"\left({body}\right)" if isinstance(place.node, s.Additive) else body
    for text in texts:
        yield whole_side(place, "factor", f"{text} {whole}")
    scripts = scripts_of(place.node)
    for part in s.walk(place.node):
        if isinstance(part, s.Additive) and not is_within(part, scripts):
            for term in part.terms:
                for text in texts:
                    yield Edit("factor", term.start, term.start, f"{text} ")


def derived_appended(place: Place) -> Iterator[Edit]:
    """λ where λ W is meant: a term without what the derivative is taken by."""
    by = None
    for part in s.walk(place.kept):
        if isinstance(part, s.Fraction) and (found := derivative_of(part)) is not None:
            by = by or found[1]
        by = by or gradient_by(part)
    by = by or place.kept
    scripts = scripts_of(place.node)
    for part in s.walk(place.node):
        if isinstance(part, s.Additive) and not is_within(part, scripts):
            for term in part.terms:
                yield Edit("missing-term", term.end, term.end, f" {place.of(by)}")


def squares(place: Place) -> Iterator[Edit]:
    """a where a² is meant, 1 - a where 1 - a²; a root too few or too many."""
    for part in s.walk(place.node):
        if not isinstance(part, s.Additive):
            continue
        for term in part.terms:
            match term:
                case s.Scripted() | s.Name():
                    yield Edit("other", term.start, term.end, f"({place.of(term)})^2")
                    yield Edit("other", term.start, term.end, rf"\sqrt{{{place.of(term)}}}")
                case s.Root(body=body):
                    yield Edit("other", term.start, term.end, place.of(body))


def factors_exchanged(place: Place) -> Iterator[Edit]:
    """Two factors of a matrix product the other way round."""
    scripts = scripts_of(place.node)
    for part in s.walk(place.node):
        if not isinstance(part, s.Product) or is_within(part, scripts):
            continue
        for at in range(1, len(part.factors)):
            if part.operators[at] not in ("", r"\cdot", r"\times"):
                continue
            one, other = part.factors[at - 1], part.factors[at]
            if isinstance(one, s.Big | s.Name):
                continue  # a sum, or a function before its argument
            # A function and its argument move together.
            end = other.end
            after = part.factors[at + 1] if at + 1 < len(part.factors) else None
            called = isinstance(other, s.Name) and isinstance(after, s.Bracketed)
            if after is not None and called and not part.operators[at + 1]:
                end = after.end
            between = place.text[one.end : other.start] or " "
            text = f"{place.text[other.start : end]}{between}{place.of(one)}"
            yield Edit("transpose", one.start, end, text)
            turned = f"{place.text[other.start : end]}^T{between}{place.of(one)}"
            yield Edit("transpose", one.start, end, turned)
            turned = f"{place.text[other.start : end]}{between}({place.of(one)})^T"
            yield Edit("transpose", one.start, end, turned)
            grouped = rf"{place.text[other.start : end]} \left({place.of(one)}\right)^T"
            yield Edit("transpose", one.start, end, grouped)


def layers_exchanged(place: Place) -> Iterator[Edit]:
    """W^L and W^{L-1} in each other's place."""
    scripted = list(quantities(place))
    for at, one in enumerate(scripted):
        for other in scripted[at + 1 :]:
            same = place.of(one.base) == place.of(other.base)
            if not same or one.sup is None or other.sup is None or place.of(one) == place.of(other):
                continue
            text = (
                place.text[place.node.start : one.sup.start]
                + place.of(other.sup)
                + place.text[one.sup.end : other.sup.start]
                + place.of(one.sup)
                + place.text[other.sup.end : place.node.end]
            )
            yield whole_side(place, "layer-offset", text)


def axes_exchanged(place: Place) -> Iterator[Edit]:
    """axis=0 where axis=1 is meant."""
    for part in s.walk(place.node):
        match part:
            case s.Chain(sides=(s.Name(text="axis"), s.Number(text=text) as number)):
                if text in "01":
                    yield Edit("shape", number.start, number.end, "1" if text == "0" else "0")


def units_swapped(place: Place) -> Iterator[Edit]:
    """w_{ij} where w_{ji} is meant, in a book that prints no layers."""
    for part in s.walk(place.node):
        match part:
            case s.Scripted(base=s.Name() as base, sub=s.Product() | s.Listed() as sub) if (
                place.notation.letters.get(base.text) == "w"
            ):
                items = list(s.children(sub))
                if len(items) == 2:
                    between = place.text[items[0].end : items[1].start]
                    text = place.of(items[1]) + between + place.of(items[0])
                    yield Edit("index-swap", sub.start, sub.end, text)


def identities(place: Place) -> Iterator[Edit]:
    r"""1 where δ_{jk} is meant, or the identity matrix."""
    letters = list(dict.fromkeys(letters_of(place)))
    if isinstance(place.node, s.Number) and place.node.text == "1":
        yield whole_side(place, "shape", "I")
    for part in s.walk(place.node):
        for term in part.terms if isinstance(part, s.Additive) else ():
            if isinstance(term, s.Number) and term.text == "1":
                for at, one in enumerate(letters):
                    for other in letters[at + 1 :]:
                        text = rf"\delta_{{{one}{other}}}"
                        yield Edit("missing-term", term.start, term.end, text)


def binders_renamed(place: Place) -> Iterator[Edit]:
    """Σ_j a_j w_{jk} where Σ_k a_k w_{jk} is meant: the letter of a sum and of what it counts."""
    letters = letters_of(place)
    for part in s.walk(place.node):
        if not isinstance(part, s.Product):
            continue
        for big in part.factors:
            if not (isinstance(big, s.Big) and isinstance(big.sub, s.Name)):
                continue
            own = big.sub.text
            single = [
                x.sub
                for x in s.walk(part)
                if isinstance(x, s.Scripted) and isinstance(x.sub, s.Name) and x.sub.text == own
            ]
            for new in letters:
                if new != own:
                    places = [big.sub, *single]
                    yield _all_replaced(place, places, new, "index-swap")


def _all_replaced(place: Place, nodes: list[s.Name], new: str, kind: str) -> Edit:
    start, end = min(x.start for x in nodes), max(x.end for x in nodes)
    text = place.text[start:end]
    for node in sorted(nodes, key=lambda x: x.start, reverse=True):
        text = text[: node.start - start] + new + text[node.end - start :]
    return Edit(kind, start, end, text)


def swapped_on_both_sides(place: Place) -> Iterator[Edit]:
    """w_{jk} on both sides where w_{kj} is meant."""
    swaps = []
    for side in (place.kept, place.node):
        for part in s.walk(side):
            match part:
                case s.Scripted(base=s.Name() as base, sub=s.Product() | s.Listed() as sub) if (
                    place.notation.letters.get(base.text) == "w"
                ):
                    items = list(s.children(sub))
                    if len(items) == 2:
                        between = place.text[items[0].end : items[1].start]
                        new = place.of(items[1]) + between + place.of(items[0])
                        swaps.append((sub.start, sub.end, new))
    left = [x for x in swaps if place.kept.start <= x[0] < place.kept.end]
    for chosen in (swaps, left):
        if not chosen:
            continue
        start, end = min(x[0] for x in chosen), max(x[1] for x in chosen)
        text = place.text[start:end]
        for one, other, new in sorted(chosen, reverse=True):
            text = text[: one - start] + new + text[other - start :]
        yield Edit("index-swap", start, end, text)
