r"""Formulas about vectors, with no network around them: \partial_{z_j} p_i = p_i([i=j] - p_j).

Where exponentials are summed, or softmax is taken, and no quantity has a layer, letters with an
index are the entries of vectors of one length. That length is counted as the neurons of a last
layer are, so that y is what it always is.

>>> from symnet.paper.signs.notation import NIELSEN
>>> from symnet.paper.formula.reader import read
>>> found = with_vectors(NIELSEN, read(r"\nabla_z \log\sum_j e^{z_j/T} = \mathrm{softmax}(z/T)/T"))
>>> sorted(found.lengths), sorted(found.scalars)
(['z'], ['T'])
"""

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from symnet.errors import SymnetError
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.signs.function_names import is_one
from symnet.paper.signs.indicators import has_layers, is_vector_function
from symnet.paper.signs.misfits import Unclear
from symnet.paper.signs.notation import Notation, spelled_out
from symnet.paper.signs.scripts import binder_names, is_transpose, plainly, subscripts

SIGNS = frozenset({"e", "d", r"\partial", r"\nabla", "1", "0", "I", r"\pi", r"\infty", r"\mathbb"})
PARAMETERS = frozenset({"w", "W", "b", r"\omega"})
NUMBERS = frozenset({
    "T", "K", "c", "t", "n", "N", "k", "m", r"\tau", r"\beta", r"\alpha", r"\lambda", r"\epsilon",
    r"\varepsilon", r"\gamma", r"\theta",
})  # fmt: skip
FREE = frozenset({"u", "v"})  # any vectors
OF = re.compile(
    r"^(?:the )?(?:\\mathrm\{)?softmax\}? of (?:the )?(?:vector |scores |logits )?\$?(\\?\w+)\$?$"
)
LOSS = re.compile(
    r"(the )?(categorical )?cross.?entropy( loss| cost| error)?( of \S+ and \S+)?", re.IGNORECASE
)
OWN = "vector "  # what begins the name of x, which elsewhere is the input of the network


@dataclass(slots=True)
class Letters:
    """The letters of a formula by where they stand."""

    entries: set[str] = field(default_factory=set)  # with one index
    whole: set[str] = field(default_factory=set)  # in softmax(z), under ∇
    inside: set[str] = field(default_factory=set)  # somewhere in softmax(…) or in e^{…}
    called: set[str] = field(default_factory=set)  # before a bracket
    numerals: set[str] = field(default_factory=set)  # as indices
    sums: bool = False
    bare: set[str] = field(default_factory=set)
    indices: set[str] = field(default_factory=set)


def with_vectors(notation: Notation, display: s.Display) -> Notation | None:
    """The notation of a formula about vectors; None where it is about something else.

    Raises Unclear where it is about vectors of which too little is said.
    """
    notation = _with_name_of_softmax(notation, display)
    nodes = [display, *reached(notation, display)]
    if not any(is_of_vectors(node, notation) for node in nodes):
        return None
    if any(has_layers(node, notation) for node in nodes):
        return None
    found = Letters()
    for node in nodes:
        _survey(node, notation, found)
    known = notation.constants.keys() | notation.scalars
    entries = found.entries - known
    vectors = entries | (found.whole - known - NUMBERS) | (found.bare & notation.vectors.keys())
    numbers = found.bare - vectors - known - found.indices
    if (vectors | numbers | found.bare) & PARAMETERS or r"\delta" in vectors | numbers:
        return None
    if not vectors or notation.costs & (vectors | numbers):
        return None
    if "t" in entries and notation.target not in vectors:
        notation = replace(notation, target="t")  # where y is what comes out
    _check_said(found, vectors, numbers, notation, display)
    aliases = dict(notation.aliases)
    place = {"start": display.start, "end": display.start}
    if notation.input in vectors:
        aliases[notation.input] = s.Name(OWN + notation.input, (), **place)
        vectors = vectors - {notation.input} | {OWN + notation.input}
    lengths = {**notation.lengths, **dict.fromkeys(sorted(vectors), s.Name("L", (), **place))}
    return replace(
        notation,
        letters={},
        lengths=lengths,
        aliases=aliases,
        scalars=notation.scalars | numbers,
        input="",
        variable=None,
    )


def _check_said(
    found: Letters, vectors: Set[str], numbers: Set[str], notation: Notation, display: s.Display
) -> None:
    """Raises Unclear for letters that stand for something, and nobody says for what."""
    known = found.inside | notation.vectors.keys() | {notation.target} | FREE
    for statement in display.statements:
        name = _defined_by(statement, notation)
        if name is not None and name in vectors:
            raise Unclear(f"this says what {plainly(name)} is, and nothing is known of it", display)
    for text in sorted((vectors - known) | (numbers - NUMBERS) | (numbers & found.called)):
        raise Unclear(f"what is {plainly(text)} here?", display)
    if found.numerals and (found.sums or not found.numerals <= set("123")):
        # p_1 = σ(z_1 - z_2) says that there are two, and σ(z_1) that there is one more, at least.
        raise Unclear("how many entries do these vectors have?", display)


def _defined_by(statement: s.Node, notation: Notation) -> str | None:
    """y of y_i = e^{z_i}/Σ_j e^{z_j}: a letter that stands alone, and not on the other side."""
    match statement:
        case s.Chain(sides=(s.Scripted(base=s.Name(text=text)) | s.Name(text=text), other)):
            names = {x.text for x in s.walk(other) if isinstance(x, s.Name)}
            return text if text not in names and is_of_vectors(other, notation) else None
    return None


def _with_name_of_softmax(notation: Notation, display: s.Display) -> Notation:
    """The notation with f as a softmax, where f(z)_i stands beside a quotient of exponentials."""
    if not is_of_vectors(display, notation):
        return notation
    for node in s.walk(display):
        if not isinstance(node, s.Product):
            continue
        for one, other in pairwise(node.factors):
            match one, other:
                case (
                    s.Name(text=text),
                    s.Scripted(base=s.Bracketed(open="("), sub=s.Name(), sup=None, primes=0),
                ) if text in (r"\sigma", "S", "s") and notation.formula("σ") is None:
                    functions = {**notation.functions, text: "softmax"}
                    return replace(notation, functions=functions)
    return notation


def reached(notation: Notation, display: s.Node) -> Iterator[s.Node]:
    """What the page declares of the names of a formula, and of the names in that."""
    waiting, seen = [display], set[str]()
    while waiting:
        for node in s.walk(waiting.pop()):
            if not isinstance(node, s.Name) or spelled_out(node) in seen:
                continue
            spelled = spelled_out(node)
            seen.add(spelled)
            body = notation.aliases.get(spelled)
            if spelled in notation.families:
                body = notation.families[spelled].body
            if body is not None:
                waiting.append(body)
                yield body


def is_of_vectors(node: s.Node, notation: Notation) -> bool:
    """Whether softmax or its like is taken in a formula, or exponentials are summed."""
    for part in s.walk(node):
        if is_vector_function(part, notation):
            return True
        if isinstance(part, s.Product):
            sums = [at for at, x in enumerate(part.factors) if isinstance(x, s.Big)]
            for at in sums:
                big = part.factors[at]
                assert isinstance(big, s.Big)
                if big.operator == "sum" and any(map(_has_exp, part.factors[at + 1 :])):
                    return True
        if isinstance(part, s.Additive) and sum(map(_has_exp, part.terms)) > 1:
            return any(_numbered_exp(x) for x in part.terms)
    return False


def _has_exp(node: s.Node) -> bool:
    return any(
        (isinstance(x, s.Name) and x.text == "exp")
        or (isinstance(x, s.Scripted) and isinstance(x.base, s.Name) and x.base.text == "e"
            and x.sup is not None)
        for x in s.walk(node)
    )  # fmt: skip


def _numbered_exp(node: s.Node) -> bool:
    """e^{z_1}: one of two or more exponentials that are added."""
    return _has_exp(node) and any(
        isinstance(x, s.Scripted) and isinstance(x.sub, s.Number) and isinstance(x.base, s.Name)
        for x in s.walk(node)
    )


def _survey(node: s.Node, notation: Notation, found: Letters, whole: bool = False) -> None:
    """Note where the letters of a formula stand."""

    def inside(*parts: s.Node | None, taken: bool = whole) -> None:
        for part in parts:
            if part is not None:
                _survey(part, notation, found, taken)

    match node:
        case s.Name():
            if not _is_known(node, notation):
                found.bare.add(node.text)
                if whole:
                    found.whole.add(node.text)
                    found.inside.add(node.text)
        case s.Scripted(base=s.Name(text=r"\nabla"), sub=sub):
            inside(sub, taken=True)
        case s.Scripted(base=s.Name(text=r"\delta"), sub=sub) if (
            sub is not None and len(subscripts(sub) or ()) == 2
        ):
            found.indices.update(x.text for x in subscripts(sub) or ())
        case s.Scripted(base=s.Name() as name, sub=sub, sup=sup):
            letters = subscripts(sub) if sub is not None else []
            if letters and not _is_known(name, notation):
                found.entries.add(name.text)
                if whole:
                    found.inside.add(name.text)
            elif sub is None:
                inside(name)
            found.indices.update(x.text for x in letters or ())
            found.numerals.update(x.text for x in letters or () if x.text.isdigit())
            if name.text == "e" and sup is not None:
                exponent = Letters()
                _survey(sup, notation, exponent)
                found.inside |= exponent.entries | exponent.bare
                inside(sup)
            elif sup is not None and not is_transpose(sup):
                inside(sup)
        case s.Big(sub=sub, sup=sup):
            found.sums = True
            if isinstance(sup, s.Number):
                found.numerals.add(sup.text)
            first = sub.sides[0] if isinstance(sub, s.Chain) else sub
            found.indices.update((binder_names(first) or ()) if first is not None else ())
        case s.Bracketed(open="[", body=s.Chain(sides=sides)):
            found.indices.update(x.text for side in sides for x in subscripts(side) or ())
        case s.Product(factors=factors):
            for at, factor in enumerate(factors):
                before = factors[at - 1] if at else None
                takes = _takes_vectors(before, notation)
                found.sums |= takes
                if isinstance(before, s.Name) and before.text == "exp":
                    exponent = Letters()
                    _survey(factor, notation, exponent)
                    found.inside |= exponent.entries | exponent.bare
                if isinstance(factor, s.Bracketed) and isinstance(before, s.Name):
                    found.called.add(before.text)
                inside(factor, taken=whole or takes)
        case _:
            inside(*s.children(node))


def _takes_vectors(node: s.Node | None, notation: Notation) -> bool:
    return node is not None and is_vector_function(node, notation)


def _is_known(name: s.Name, notation: Notation) -> bool:
    spelled = spelled_out(name)
    return (
        name.text in SIGNS
        or is_one(name)
        or spelled in notation.aliases
        or spelled in notation.families
        or notation.function(name.text) is not None
    )


# --- what a page declares of letters that are otherwise the network's ------------------------


def with_losses(said: Mapping[Any, Any]) -> dict[Any, Any]:
    """What is declared, with "the cross-entropy" as the formula that it is for what is a softmax.

    >>> with_losses({"p": r"\\mathrm{softmax}(z)", "L": "cross-entropy loss"})["L"]
    '-\\\\sum_{q} y_{q}\\\\log p_{q}'
    """
    said = {key: _spelled(str(words)) for key, words in said.items()}
    softmaxes = [str(key) for key, words in said.items() if "softmax" in str(words)]
    if len(softmaxes) != 1 or "^" in softmaxes[0]:
        return dict(said)
    output = softmaxes[0].partition("_")[0].strip()
    targets = "t" if output == "y" else "y"
    formula = rf"-\sum_{{q}} {targets}_{{q}}\log {output}_{{q}}"
    return {
        key: formula if LOSS.fullmatch(str(words).strip()) else words for key, words in said.items()
    }


def _spelled(words: str) -> str:
    """softmax(z), and "the softmax of z", in LaTeX."""
    words = OF.sub(r"\\mathrm{softmax}(\1)", words.strip())
    return re.sub(r"(?<![\\{A-Za-z])softmax(?=\()", r"\\mathrm{softmax}", words)


def says_vectors(said: Mapping[str, str], display: s.Display, notation: Notation) -> bool:
    """Whether a page without layers says itself what its vectors are."""
    if has_layers(display, notation):
        return False
    for words in said.values():
        try:
            body = read(words)
        except SymnetError:
            continue
        if is_of_vectors(body, notation) and not has_layers(body, notation):
            return True
    return False


def without_network(notation: Notation, said: Mapping[str, str], display: s.Display) -> Notation:
    """The notation without the letters and costs that a page about vectors says itself.

    a_j := e^{z_j}/Σ_k e^{z_k} and C := -Σ_j y_j ln a_j, where the formula prints no layer.
    """
    if has_layers(display, notation):
        return notation
    bodies: dict[str, s.Node] = {}
    for key, words in said.items():
        try:
            (left,), (right,) = read(key).statements, read(words).statements
        except (SymnetError, ValueError):
            continue
        name = left.base if isinstance(left, s.Scripted) and left.sup is None else left
        if isinstance(name, s.Name):
            bodies[name.text] = right
    own: set[str] = set()
    if not any(map(_has_indices, (display, *bodies.values()))) and bodies.keys() & notation.costs:
        # C := -[y ln a + (1 - y) ln(1 - a)], and all else are numbers, too.
        own = {text for text in bodies if text in notation.letters or text in notation.costs}
    while True:
        new = {
            text
            for text, body in bodies.items()
            if text not in own
            and (is_of_vectors(body, notation) or own & {x.text for x in s.walk(body)
                                                         if isinstance(x, s.Name)})
        }  # fmt: skip
        if not new:
            break
        own |= new
    letters = {k: v for k, v in notation.letters.items() if k not in own}
    if len(letters) == len(notation.letters) and not own & notation.costs:
        return notation
    return replace(notation, letters=letters, costs=notation.costs - own, own=True)


def _has_indices(node: s.Node) -> bool:
    return any(
        isinstance(x, s.Big) or (isinstance(x, s.Scripted) and x.sub is not None)
        for x in s.walk(node)
    )
