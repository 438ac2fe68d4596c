r"""Functions as they are named: σ, σ', \dot σ, \tanh^2, and what they can be applied to.

>>> from symnet.paper.signs.notation import NIELSEN
>>> from symnet.paper.formula.reader import read
>>> function_of(read(r"\tanh''").statements[0], NIELSEN)
Function(name='tanh', order=2, power=None, diagonal=False, layer=None)
"""

from dataclasses import dataclass, replace
from fractions import Fraction

from symnet.paper.formula import syntax as s
from symnet.paper.signs.notation import Notation
from symnet.paper.signs.scripts import digits_of, layer_of

SAMENESS = frozenset({"=", r"\ne", r"\neq"})


@dataclass(frozen=True, slots=True)
class Function:
    """A function with its primes and the power that is written at its name."""

    name: str
    order: int = 0
    power: Fraction | None = None
    diagonal: bool = False
    layer: s.Node | None = None  # of g^{[l]}


def function_of(node: s.Name | s.Scripted, notation: Notation) -> Function | None:
    """σ, σ', \\dot σ, tanh^2: a name of a function with primes, dots and a power."""
    if isinstance(node, s.Name):
        meaning = notation.function(node.text)
        if meaning is None:
            return None
        dots = sum(style == "dot" for style in node.style)
        dots += 2 * sum(style == "ddot" for style in node.style)
        diagonal = node.text in notation.diagonals
        return Function(meaning, dots, None, diagonal)
    if not isinstance(node.base, s.Name | s.Scripted):
        return None
    inner = function_of(node.base, notation)
    if inner is None:
        return None
    found = replace(inner, order=inner.order + node.primes)
    if node.sub is not None:
        if notation.per_layer and found.name == "σ" and is_of_a_layer(node.sub):
            return replace(found, layer=node.sub) if node.sup is None else None
        return None
    if node.sup is not None:
        digits = digits_of(node.sup)
        if digits is None:
            if notation.per_layer and found.name == "σ" and layer_of(node.sup) is not None:
                return replace(found, layer=node.sup)
            match node.sup:
                case s.Bracketed(open="(", body=body) if digits_of(body):
                    return replace(found, order=found.order + int(digits_of(body) or 0))
            return None
        found = replace(found, power=Fraction(digits))
    return found


def is_of_a_layer(node: s.Node | None) -> bool:
    """Whether what stands at a function is a layer, l+1 or L, which no neuron is called."""
    layer = layer_of(node) if node is not None else None
    return layer is not None and layer.name in ("l", "L")


def is_one(node: s.Node) -> bool:
    """A 1 in another type: a vector of ones, or an indicator."""
    return isinstance(node, s.Name) and node.text == "1" and bool(node.style)


def is_word(node: s.Node) -> bool:
    """Whether a function is named by a word, as ln, which is nothing without an argument."""
    while isinstance(node, s.Scripted):
        node = node.base
    return isinstance(node, s.Name) and len(node.text) > 1 and node.text[0] != "\\"


def is_bracket(node: s.Node) -> bool:
    """(…) or (…)^2: what a function can be applied to."""
    while isinstance(node, s.Scripted):
        node = node.base
    return isinstance(node, s.Bracketed)


def is_otherwise(node: s.Node) -> bool:
    return isinstance(node, s.Text) and any(
        word in node.words for word in ("otherwise", "else", "sonst")
    )


def without_words(node: s.Node) -> list[s.Node]:
    """A cell of a case without its "if": the condition alone."""
    if isinstance(node, s.Display):
        kept = [x for x in node.statements if not (isinstance(x, s.Text) and _is_if(x))]
        return kept if len(kept) == 1 else [node]
    return [node]


def _is_if(node: s.Text) -> bool:
    return node.words.strip().strip(",:").lower() in IF


# "If", in the languages that people write notes in.
IF = frozenset({
    "if", "for", "when", "where", "falls", "wenn", "für", "ha", "si", "se", "als", "om", "pour",
    "para", "jeśli", "gdy", "eğer", "если", "при", "若", "当", "如果", "if and only if",
})  # fmt: skip
MATRIX_FUNCTIONS = frozenset({
    "diag", "tr", "vec", "max", "min", "softmax", "lse", "logsoftmax"
})  # fmt: skip
