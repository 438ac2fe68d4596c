"""Whether words about a book's own symbols say what the book says of them anyway.

Weights "from layer l to l+1" connect other layers in one book than in another, and so do "from unit
i to unit j"; words that say nothing of this say nothing against the book.
"""

import re
from collections.abc import Mapping

from symnet.errors import SymnetError
from symnet.paper.books.convention_files import Convention
from symnet.paper.books.translation import translated
from symnet.paper.context.books import ELSEWHERE
from symnet.paper.context.declarations import is_prose, symbols_of
from symnet.paper.context.in_nielsens import in_nielsens
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.signs.notation import spelled_out
from symnet.paper.signs.scripts import layer_and_transpose, layer_of, subscripts


def in_words(said: Mapping[str, str], book: Convention) -> dict[str, str]:
    """What is declared of a book's own symbols in its own letters is not read in Nielsen's."""
    functions = book.translation.functions

    def is_untold(key: str, words: str) -> bool:
        own = is_of_book(key, book) and not set(heads_of(key)) & functions
        return own and not is_prose(words)

    return {k: f"{v} {ELSEWHERE}" if is_untold(str(k), str(v)) else v for k, v in said.items()}


def heads_of(key: str) -> list[str]:
    """The letters that a declaration is about, one for each symbol of its key."""
    return [_head(item) for item in symbols_of(key)]


def is_of_book(key: str, book: Convention) -> bool:
    """Whether all symbols of a key are the book's own."""
    own = book.translation.by_name.keys() | book.translation.functions | book.iterations
    own |= {_head(x.key) for x in book.translation.phrases} | book.sets
    heads = heads_of(key)
    return bool(heads) and all(head in own or f"mathcal:{head}" in own for head in heads)


def is_said_alike(key: str, said: str, book: Convention) -> bool:
    """Whether words say nothing against the book: weights that connect the same layers or units."""
    if key in book.sets and not ABOVE.search(said):
        return False
    if _is_kronecker(key, book) and not IDENTITY.search(said):
        return False
    units = UNITS.search(said)
    if units is not None:
        return _ends(key, book) in (None, (units[2], units[1]))
    return _connects(said) in (None, *(_offset(head, book) for head in heads_of(key)))


UNITS = re.compile(
    r"\bfrom (?:unit |neuron )?([a-z])(?: \([^()]*\))? to (?:unit |neuron )?([a-z])(?![a-z])"
)
# Sets of units: those that a unit feeds, or those of the last layer.
ABOVE = re.compile(r"fed by|receiv\w* (input )?from|downstream|output|next layer|layer above")
IDENTITY = re.compile(r"kronecker|identity", re.IGNORECASE)


def _is_kronecker(key: str, book: Convention) -> bool:
    """Whether a symbol is 1 for a unit and itself, else 0."""
    try:
        made = translated(read(key), book.translation)
    except SymnetError:
        return False
    match made.statements:
        case (s.Scripted(base=s.Name(text=r"\delta"), sub=sub, sup=None),) if sub is not None:
            return len(subscripts(sub) or ()) == 2
    return False


def _ends(key: str, book: Convention) -> tuple[str, str] | None:
    """Where a weight leads to and from: i and j of w_{ij}, as the book has it."""
    for node in s.walk(in_nielsens(read(key), book)):
        match node:
            case s.Scripted(base=s.Name(text="w" | "W"), sub=sub) if sub is not None:
                letters = subscripts(sub) or []
                if len(letters) == 2:
                    return letters[0].text, letters[1].text
    return None


def _head(node: s.Node) -> str:
    """The letter that a declaration is about: h of h_{W,b}(x), dZ of dZ^{[l]}."""
    if isinstance(node, s.Product):
        names = []
        for factor in node.factors:
            base = factor.base if isinstance(factor, s.Scripted) else factor
            if not isinstance(base, s.Name):
                break
            names.append(spelled_out(base))
            if isinstance(factor, s.Scripted):
                break
        return names[-1] if names else ""
    base = node.base if isinstance(node, s.Scripted) else node
    return spelled_out(base) if isinstance(base, s.Name) else ""


LINKS = re.compile(r"from (?:layer|unit|neuron) (\S+?) to (?:layer |unit |neuron )?([^\s,;.]+)")


def _connects(said: str) -> int | None:
    """How far above the symbol's own letter the weights lead: 1, if from l to l+1."""
    found = LINKS.search(said)
    if found is None:
        return None
    try:
        one, other = (layer_of(read(x).statements[0]) for x in found.groups())
    except SymnetError:
        return None
    if one is None or other is None or (one.name, other.name) != ("l", "l"):
        return None
    return other.offset if other.offset == one.offset + 1 else -99


def _offset(head: str, book: Convention) -> int | None:
    """The same for a symbol of the book."""
    for each in book.translation.by_name.get(head, ()):
        for node in s.walk(each.meaning):
            match node:
                case s.Scripted(base=s.Name(text="w" | "W"), sup=sup) if sup is not None:
                    layer, _ = layer_and_transpose(sup)
                    at = layer_of(layer) if layer is not None else None
                    if at is not None and at.name:
                        return at.offset
    return None
