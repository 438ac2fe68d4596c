r"""What letters are by habit: J is the cost, L any layer where a page says so.

>>> from symnet.paper.books.convention_files import convention
>>> from symnet.paper.formula.reader import read
>>> display = read(r"\frac{\partial \mathcal{L}}{\partial b^l} = \delta^l")
>>> s.spell(costs(Usual(display, {}), convention("nielsen")).display)
'frac({\\partial C}; {\\partial b^{l}}) = \\delta^{l}'
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from symnet.paper.books.convention_files import Convention
from symnet.paper.formula import syntax as s
from symnet.paper.habits.notes import SAMPLE, TABLES, Usual, as_display, declared, known_letters
from symnet.paper.signs.notation import spelled_out
from symnet.paper.signs.scripts import layer_of, mapped

# Letters and words for the cost, where nobody says what else they are.
COSTS = frozenset({
    "J", "E", "L", "C", r"\ell", "mathcal:L", "mathcal:J", "mathcal:E", "mathcal:C", "mathcal:S",
    "mathscr:L", "mathscr:J", "mathscr:E", "mathscr:C", "Loss", "loss", "Cost", "cost", "Err",
})  # fmt: skip
ANY_LAYER = re.compile(r"\b(any|arbitrary|some|general|every|each|current|a)\b.*\blayer\b")


# --- L, an arbitrary layer ------------------------------------------------------------------


def any_layer(found: Usual, book: Convention) -> Usual:
    """L: an arbitrary layer. It is called l, unless the formula says that it is the last."""
    said = declared(found.context).get("L", "")
    if not ANY_LAYER.search(said) or re.search(r"\b(last|output|final)\b", said):
        return found
    context = dict(found.context)
    for table in TABLES:
        if isinstance(context.get(table), Mapping):
            context[table] = {k: v for k, v in context[table].items() if k != "L"}
    if _is_of_the_output(found.display):
        return replace(found, context=context)
    letters = {x.text for x in s.walk(found.display) if isinstance(x, s.Name)}
    own = "q" if "l" in letters else "l"

    def renamed(node: s.Node) -> s.Node:
        if isinstance(node, s.Scripted) and node.sup is not None:
            node = replace(node, sup=_with_letter(node.sup, own))
        return mapped(node, renamed)

    for table in TABLES:
        if isinstance(context.get(table), Mapping):
            context[table] = {
                _lettered(str(k)): _lettered(str(v)) for k, v in context[table].items()
            }
    note = f"L: {said}"
    return Usual(as_display(renamed(found.display)), context, (*found.assumptions, note))


def _lettered(text: str) -> str:
    return re.sub(r"(?<![A-Za-z\\])L(?![A-Za-z])", "l", text)


def _with_letter(node: s.Node, own: str) -> s.Node:
    if isinstance(node, s.Name) and node.text == "L":
        return replace(node, text=own)
    return mapped(node, lambda child: _with_letter(child, own))


def _is_of_the_output(display: s.Display) -> bool:
    """Whether y or ∇_a C stands in a formula: that is said of the last layer alone."""
    for node in s.walk(display):
        match node:
            case s.Name(text="y" | "t"):
                return True
            case s.Scripted(base=s.Name(text=r"\nabla"), sub=s.Name(text="a")):
                return True
    return False


# --- letters for the cost -------------------------------------------------------------------


def costs(found: Usual, book: Convention) -> Usual:
    r"""∂\mathcal{L}/∂z, ∇_W J: what is derived by weights is the cost, whatever its letter."""
    known = known_letters(found.context, book)
    several = {spelled_out(x): x for x in _derived(found.display)}
    new = {k: x for k, x in several.items() if k in COSTS - known}
    if len(new) != 1 or any(k not in new and k in COSTS for k in several):
        return found
    ((spelled, _name),) = new.items()
    samples = {_sample(x) for x in s.walk(found.display) if _is_scripted(x, spelled)}
    bare = sum(isinstance(x, s.Name) and spelled_out(x) == spelled for x in s.walk(found.display))
    scripted = sum(_is_scripted(x, spelled) for x in s.walk(found.display))
    if samples - {None} and (bare != scripted or len(samples) > 1):
        return found  # both the cost of one sample and that of all
    if None in samples:
        return found

    def put(node: s.Node, whole: bool) -> s.Node:
        place: dict[str, Any] = {"start": node.start, "end": node.end}
        if _is_scripted(node, spelled):
            return s.Name("C", **place)
        if isinstance(node, s.Name) and spelled_out(node) == spelled and whole:
            return s.Name("C", **place)
        if isinstance(node, s.Scripted) and spelled == "L":
            # Above other letters L is still the last layer.
            below = mapped(replace(node, sup=None), lambda x: put(x, whole))
            assert isinstance(below, s.Scripted)
            return replace(below, sup=node.sup)
        return mapped(node, lambda x: put(x, whole))

    *styles, text = spelled.split(":")
    printed = rf"\{styles[0]}{{{text}}}" if styles else text
    note = f"{printed}: the cost"
    return replace(
        found,
        display=as_display(put(found.display, whole=True)),
        assumptions=(*found.assumptions, note),
    )


def _is_scripted(node: s.Node, spelled: str) -> bool:
    return (
        isinstance(node, s.Scripted)
        and isinstance(node.base, s.Name)
        and spelled_out(node.base) == spelled
    )


def _sample(node: s.Node) -> str | None:
    """The sample that a cost is of, C_x or J^{(i)}; None if its script says something else."""
    assert isinstance(node, s.Scripted)
    scripts = [x for x in (node.sub, node.sup) if x is not None]
    if len(scripts) != 1 or node.primes:
        return None
    inside = scripts[0].body if isinstance(scripts[0], s.Bracketed) else scripts[0]
    match inside:
        case s.Name(text=text) if text in SAMPLE:
            return text
        case s.Number(text="0"):
            return "0"
    return None


def _derived(display: s.Display) -> Iterator[s.Name]:
    """What is derived: the letters after ∂ above a line, and after ∇."""
    for node in s.walk(display):
        match node:
            case s.Fraction(above=s.Product(factors=(sign, of, *rest)), below=below) if (
                _is_sign(sign) and _begins_with_sign(below) and all(_is_bracket(x) for x in rest)
            ):
                base = of.base if isinstance(of, s.Scripted) else of
                if isinstance(base, s.Name):
                    yield base
            case s.Fraction(above=sign, below=below) if _is_sign(sign):
                pass
            case s.Product(factors=factors):
                for sign, of in itertools.pairwise(factors):
                    nabla = sign.base if isinstance(sign, s.Scripted) else sign
                    base = of.base if isinstance(of, s.Scripted) else of
                    if isinstance(nabla, s.Name) and nabla.text == r"\nabla":
                        yield from (x for x in (base,) if isinstance(x, s.Name))


def _is_sign(node: s.Node) -> bool:
    return isinstance(node, s.Name) and node.text in (r"\partial", "d")


def _is_bracket(node: s.Node) -> bool:
    return isinstance(node, s.Bracketed)


def _begins_with_sign(node: s.Node) -> bool:
    return isinstance(node, s.Product) and _is_sign(node.factors[0])


def word_for_cost(found: Usual, book: Convention) -> Usual:
    """cost (J) = …, Loss = …: a word for the cost as the whole left side."""
    statements = []
    for statement in found.display.statements:
        match statement:
            case s.Chain(sides=(left, *rest)):
                letter = _cost_in_words(left, book)
                if letter:
                    place: dict[str, Any] = {"start": left.start, "end": left.end}
                    statement = replace(statement, sides=(s.Name(letter, **place), *rest))
        statements.append(statement)
    return replace(found, display=replace(found.display, statements=tuple(statements)))


def _cost_in_words(node: s.Node, book: Convention) -> str:
    factors = list(node.factors) if isinstance(node, s.Product) else [node]
    last = factors[-1]
    inside = factors.pop().body if isinstance(last, s.Bracketed) else None  # type: ignore[union-attr]
    if not all(isinstance(x, s.Name) for x in factors):
        return ""
    word = "".join(x.text for x in factors if isinstance(x, s.Name)).lower()
    if word not in ("cost", "loss", "error", "costfunction", "lossfunction"):
        return ""
    own = inside.text if isinstance(inside, s.Name) else "J"
    return own if own in book.translation.by_name else "C"


# --- layers and samples ---------------------------------------------------------------------


def layers_of_functions(found: Usual, book: Convention) -> Usual:
    r"""\sigma'^{(l)}(z^{(l)}): a function of layer l, as \sigma^{[l]}."""
    functions = book.translation.functions | {r"\sigma"}

    def changed(node: s.Node) -> s.Node:
        match node:
            case s.Scripted(
                base=s.Name(text=text), sup=s.Bracketed(open="(", body=body) as sup
            ) if text in functions and _is_layer(body):
                return replace(node, sup=replace(sup, open="[", close="]"))
        return mapped(node, changed)

    return replace(found, display=as_display(changed(found.display)))


def _is_layer(node: s.Node) -> bool:
    layer = layer_of(node)
    return layer is not None and layer.name in ("l", "L", "k")


def one_sample(found: Usual, book: Convention) -> Usual:
    """a^{(L)} - y^{(i)}: where y alone names the sample, all is of that sample."""
    if book.samples or any(isinstance(x, s.Big) for x in s.walk(found.display)):
        return found
    letters = [x.text for x in s.walk(found.display) if isinstance(x, s.Name)]

    def changed(node: s.Node) -> s.Node:
        match node:
            case s.Scripted(base=s.Name(text="y" | "x"), sup=s.Bracketed(open="(", body=body)) if (
                isinstance(body, s.Name) and body.text in SAMPLE and letters.count(body.text) == 1
            ):
                bare = replace(node, sup=None)
                return bare if node.sub is not None or node.primes else node.base
        return mapped(node, changed)

    return replace(found, display=as_display(changed(found.display)))


def one_case(found: Usual, book: Convention) -> Usual:
    """a^{[1]} = g^{[1]}(Z^{[1]}): where one letter is small, all are of one sample."""
    names = {x.text for x in s.walk(found.display) if isinstance(x, s.Name)}
    several = any(isinstance(x, s.Big) for x in s.walk(found.display)) or names & {"m", "i", "np"}
    small, capital = names & {"a", "z", "x"}, names & {"A", "Z", "X"}
    if not book.samples or several or not small or not capital:
        return found

    def changed(node: s.Node) -> s.Node:
        if isinstance(node, s.Name) and node.text in capital:
            return replace(node, text=node.text.lower())
        return mapped(node, changed)

    note = "capitals and small letters in one formula are read as of one sample"
    made = as_display(changed(found.display))
    return replace(found, display=made, assumptions=(*found.assumptions, note))
