r"""What a page declares in a book's own notation, put in where it is used, before the book is read.

\Delta W^{(l)}, declared as a sum of gradients, is that sum wherever it stands with the same
scripts; J(W,b;x^{(i)},y^{(i)}) is the cost of one example, C_x of those that are summed over.

>>> from symnet.paper.formula.reader import read
>>> said = {"D_{ij}^{(l)}": r"\frac{1}{m}\Delta_{ij}^{(l)}", "m": "number of examples"}
>>> made, left = put_in(read(r"D_{ij}^{(l)} = 0"), said, frozenset({"D", r"\Delta"}))
>>> s.spell(made), list(left)
('({frac(1; m) \\Delta_{{i j}}^{(l)}}) = 0', ['m'])
"""

import re
from collections.abc import Mapping, Set
from dataclasses import replace
from typing import Any

from symnet.errors import SymnetError
from symnet.paper.context.declarations import is_prose
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.signs.derivatives import derivative_of
from symnet.paper.signs.notation import spelled_out
from symnet.paper.signs.scripts import mapped

COST = "C"
EXAMPLE = "x"  # the letter of an example in Nielsen's notation
ELSEWHERE = "(which was not read here)"
OF_EXAMPLES = frozenset({"x", "y", "a", "z"})


def put_in(
    display: s.Display,
    said: Mapping[str, str],
    own: Set[str],
    fixed: Set[str] = frozenset(),
) -> tuple[s.Display, dict[str, str]]:
    """A display with what is declared in LaTeX of the book's letters, and what is left to read.

    What `fixed` letters are follows from the network: only that one is a derivative is put in for
    them, which the network decides, too.
    """
    left = dict(said)
    meant: dict[str, s.Node] = {}
    for key, words in said.items():
        pair = _definition(key, words, own, fixed)
        if pair is not None:
            meant[s.spell(pair[0])] = pair[1]
            del left[key]
    for _ in meant:  # one may be said by another
        display = _replaced(display, meant)  # type: ignore[assignment]
    met = {x.text for x in s.walk(display) if isinstance(x, s.Name)}
    for key in said.keys() - left.keys():
        if _letters(key) & met - own:
            # At another layer than it is declared for: no notation but the book's may read it.
            left[key] = f"{said[key]} {ELSEWHERE}"
    return display, left


def _letters(key: str) -> set[str]:
    return {x.text for node in read(key).statements for x in s.walk(_head(node))
            if isinstance(x, s.Name)}  # fmt: skip


def _head(node: s.Node) -> s.Node:
    last = node.factors[-1] if isinstance(node, s.Product) else node
    return last.base if isinstance(last, s.Scripted) else last


def _definition(
    key: str, said: str, own: Set[str], fixed: Set[str]
) -> tuple[s.Node, s.Node] | None:
    """Both sides of a definition of a symbol with scripts, by letters of the book."""
    if is_prose(said):
        return None
    try:
        keys, bodies = read(key).statements, read(said).statements
    except SymnetError:
        return None
    if len(keys) != 1 or len(bodies) != 1 or isinstance(bodies[0], s.Chain | s.Text):
        return None
    match keys[0]:
        case s.Scripted(base=s.Name() as base) if spelled_out(base) not in fixed or _is_slope(
            bodies[0]
        ):
            pass
        case s.Product(
            factors=(s.Name(text=r"\Delta" | r"\nabla"), s.Scripted(base=s.Name())),
            operators=("", ""),
        ):
            pass
        case _:
            return None
    names = {x.text for x in s.walk(bodies[0]) if isinstance(x, s.Name)}
    return (keys[0], bodies[0]) if names & own else None


def _is_slope(node: s.Node) -> bool:
    """∂E/∂net, with a sign or without."""
    if isinstance(node, s.Additive) and len(node.terms) == 1:
        node = node.terms[0]
    return isinstance(node, s.Fraction) and derivative_of(node) is not None


def _replaced(node: s.Node, meant: Mapping[str, s.Node]) -> s.Node:
    if isinstance(node, s.Product):
        return _in_product(node, meant)
    if isinstance(node, s.Chain | s.Additive) or not isinstance(node, s.Scripted):
        return mapped(node, lambda child: _replaced(child, meant))
    body = meant.get(s.spell(node))
    return node if body is None else _bracketed(body, node)


def _in_product(node: s.Product, meant: Mapping[str, s.Node]) -> s.Node:
    factors: list[s.Node] = []
    operators: list[str] = []
    at = 0
    while at < len(node.factors):
        one, two = node.factors[at], node.factors[at : at + 2]
        operators.append(node.operators[at])
        if len(two) == 2 and not node.operators[at + 1]:
            place: dict[str, Any] = {"start": one.start, "end": two[1].end}
            pair = s.Product(two, ("", ""), **place)
            body = meant.get(s.spell(pair))
            if body is not None:
                factors.append(_bracketed(body, pair))
                at += 2
                continue
        factors.append(_replaced(one, meant))
        at += 1
    if len(factors) == 1:
        return factors[0]
    return replace(node, factors=tuple(factors), operators=tuple(operators))


def _bracketed(body: s.Node, at: s.Node) -> s.Node:
    """A body at the place of what it stands for."""
    place: dict[str, Any] = {"start": at.start, "end": at.end}

    def moved(node: s.Node) -> s.Node:
        return mapped(replace(node, **place), moved)

    return s.Bracketed("(", moved(body), ")", **place)


# --- costs of one example ------------------------------------------------------------------


def with_examples_of_costs(display: s.Display) -> s.Display:
    """C(W, b; x^{(i)}, y^{(i)}) as C_x under its sum, C(W, b; x, y) as the cost without more."""
    made = _costs(display)
    if not any(_is_cost_of_one(x) for x in s.walk(display) if isinstance(x, s.Product)):
        return display
    assert isinstance(made, s.Display)
    return made


def _is_cost_of_one(node: s.Product) -> bool:
    return any(
        _example(one, other) is not None
        for one, other in zip(node.factors, node.factors[1:], strict=False)
    )


def _example(name: s.Node, given: s.Node) -> str | None:
    """i of C(W, b; x^{(i)}, y^{(i)}), nothing of C(W, b; x, y); None of other costs."""
    if not (isinstance(name, s.Name) and name.text == COST and isinstance(given, s.Bracketed)):
        return None
    items = given.body.items if isinstance(given.body, s.Listed) else ()
    found: set[str] = set()
    for item in items:
        base = item.base if isinstance(item, s.Scripted) else item
        if not isinstance(base, s.Name) or base.text not in OF_EXAMPLES:
            continue
        letter = ""
        for script in (item.sup, item.sub) if isinstance(item, s.Scripted) else ():
            inside = script.body if isinstance(script, s.Bracketed) else script
            letter = inside.text if isinstance(inside, s.Name) else letter
        found.add(letter)
    return found.pop() if len(found) == 1 else None


def _costs(node: s.Node) -> s.Node:
    if not isinstance(node, s.Product):
        return mapped(node, _costs)
    factors: list[s.Node] = []
    operators: list[str] = []
    skip = False
    letters: set[str] = set()
    for at, factor in enumerate(node.factors):
        if skip:
            skip = False
            continue
        operators.append(node.operators[at])
        following = node.factors[at + 1] if at + 1 < len(node.factors) else None
        example = None if following is None else _example(factor, following)
        if example is None or following is None:
            factors.append(_costs(factor))
            continue
        skip = True
        place: dict[str, Any] = {"start": factor.start, "end": following.end}
        sub: s.Node = s.Name(EXAMPLE, **place) if example else s.Number("0", **place)
        factors.append(s.Scripted(factor, sub, None, **place))
        letters |= {example} - {""}
    for at, factor in enumerate(factors):
        # The letter of the sum is that of its examples, whatever else has this letter outside.
        if isinstance(factor, s.Big) and isinstance(factor.sub, s.Chain):
            first = factor.sub.sides[0]
            if isinstance(first, s.Name) and first.text in letters:
                sides = (replace(first, text=EXAMPLE), *factor.sub.sides[1:])
                factors[at] = replace(factor, sub=replace(factor.sub, sides=sides))
    return replace(node, factors=tuple(factors), operators=tuple(operators))


# --- accumulators --------------------------------------------------------------------------


def accumulates(said: Mapping[str, str]) -> bool:
    """Whether nothing is said of \\Delta but that gradients are added up in it."""
    about = [words for key, words in said.items() if r"\Delta" in key]
    return all(is_prose(words) and re.search(r"accumul|\bsum", words) for words in about)


def with_accumulators(display: s.Display, weight: str, cost: str) -> s.Display:
    """Δ^{(l)} as the sum of the gradients of all examples, D^{(l)} as the gradient of the cost.

    `weight` and `cost` are the letters of the book.
    """

    def gradient(at: s.Scripted, of: tuple[s.Node, ...]) -> s.Fraction:
        place: dict[str, Any] = {"start": at.start, "end": at.end}
        sign = s.Name(r"\partial", **place)
        by = s.Scripted(s.Name(weight, **place), at.sub, at.sup, **place)
        above: s.Node = s.Product((sign, *of), ("",) * (1 + len(of)), **place) if of else sign
        return s.Fraction(above, s.Product((sign, by), ("", ""), **place), **place)

    def whole(node: s.Scripted) -> s.Node:
        return gradient(node, (s.Name(cost, start=node.start, end=node.end),))

    def one(node: s.Scripted) -> s.Node:
        place: dict[str, Any] = {"start": node.start, "end": node.end}
        of_one = s.Scripted(s.Name(cost, **place), s.Number("0", **place), None, **place)
        return gradient(node, (of_one,))

    def go(node: s.Node) -> s.Node:
        match node:
            case s.Chain(
                sides=(s.Scripted() as left, s.Additive(terms=(first, *rest), signs=("+", *signs)))
            ) if _is_summed(left) and s.spell(left) == s.spell(first) and signs[:1] == ["+"]:
                # Δ := Δ + R says that R is the gradient of one example.
                place: dict[str, Any] = {"start": rest[0].start, "end": rest[-1].end}
                added = s.Additive(tuple(map(go, rest)), tuple(signs), **place)
                plain = go(rest[0]) if len(rest) == 1 else added
                return replace(node, sides=(one(left), plain), relations=("=",))
            case s.Scripted() if _is_summed(node):
                return _total_of(node, gradient(node, ()), cost)
            case s.Scripted(base=s.Name(text="D"), sup=s.Bracketed()):
                return whole(node)
        return mapped(node, go)

    made = go(display)
    assert isinstance(made, s.Display)
    return made


def _is_summed(node: s.Scripted) -> bool:
    return (
        isinstance(node.base, s.Name)
        and node.base.text == r"\Delta"
        and isinstance(node.sup, s.Bracketed)
        and not node.primes
    )


def _total_of(node: s.Scripted, slope: s.Fraction, cost: str) -> s.Node:
    place: dict[str, Any] = {"start": node.start, "end": node.end}
    example = s.Name(EXAMPLE, **place)
    big = s.Big("sum", example, None, **place)
    of_one = s.Scripted(s.Name(cost, **place), example, None, **place)
    total = s.Product((big, slope, of_one), ("", "", ""), **place)
    return s.Bracketed("(", total, ")", **place)
