r"""Names of quantities with what belongs to them: W_2, \mathbf{W}^{(1)}, \sigma_\mathcal{B}^2.

On a page with definitions of its own a digit, a capital or a word in a script is part of a name,
and a small letter counts entries, unless the page has declared it otherwise.

>>> from symnet.paper.formula.reader import read
>>> key_of(read(r"\mathbf{W}^{(1)}").statements[0])
'W^1'
>>> [way.key for way in ways_of(read(r"W_2^T").statements[0])]
['W_2^T', 'W_2', 'W^T', 'W']
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from symnet.paper.formula import syntax as s
from symnet.paper.signs.notation import DISTINGUISHING, spelled_out
from symnet.paper.signs.scripts import layer_and_transpose, mapped


@dataclass(frozen=True, slots=True)
class Way:
    """One way to read a name: what belongs to it, and which scripts are left."""

    key: str
    sub: s.Node | None = None
    sup: s.Node | None = None


def _bare(node: s.Node) -> s.Node:
    """A script without brackets and without types of letters that make no other symbol of it."""
    if isinstance(node, s.Bracketed) and node.open in "([":
        return _bare(node.body)
    if isinstance(node, s.Name):
        return replace(node, style=tuple(x for x in node.style if x in DISTINGUISHING))
    if isinstance(node, s.Text):
        return s.Name(node.words.strip(), (), start=node.start, end=node.end)
    return mapped(node, _bare)


def _spelled(node: s.Node | None, sign: str) -> str:
    if node is None:
        return ""
    text = s.spell(_bare(node))
    return sign + (text if len(text) == 1 or text.isalnum() else f"{{{text}}}")


def key_of(node: s.Node) -> str | None:
    """A name with all its scripts, spelled one to one; None if it is no name."""
    match node:
        case s.Name():
            return spelled_out(node)
        case s.Scripted(base=s.Name() as base, primes=0):
            return spelled_out(base) + _spelled(node.sub, "_") + _spelled(node.sup, "^")
        case s.Bracketed(body=body) if node.open in "([":
            return key_of(body)
        case s.Product(factors=(s.Name(text="d"), of), operators=("", "")):
            # dW: a gradient, in programs.
            inner = key_of(of)
            return None if inner is None else f"d{inner}"
    return None


def ways_of(node: s.Name | s.Scripted, prefix: str = "") -> Iterator[Way]:
    """How a name may be read, the most that may belong to it first."""
    if isinstance(node, s.Name):
        yield Way(prefix + spelled_out(node))
        return
    if not isinstance(node.base, s.Name) or node.primes:
        return
    base = prefix + spelled_out(node.base)
    layer, turned = layer_and_transpose(node.sup)
    if turned and layer is not None and isinstance(node.sup, s.Product):
        # W^{(2)T}: the last is no part of the name.
        transpose = node.sup.factors[-1]
        for way in ways_of(replace(node, sup=layer), prefix):
            if way.sup is None:
                yield replace(way, sup=transpose)
    sub, sup = _spelled(node.sub, "_"), _spelled(node.sup, "^")
    if sub and sup:
        yield Way(base + sub + sup)
    if sub:
        yield Way(base + sub, None, node.sup)
    if sup:
        yield Way(base + sup, node.sub, None)
    yield Way(base, node.sub, node.sup)


def index_letters(sub: s.Node | None) -> list[str] | None:
    """The small letters of a subscript that count entries; None if it is something else."""
    match sub:
        case None:
            return []
        case s.Name(text=text, style=style) if len(text) == 1 and text.islower() and not style:
            return [text]
        case s.Listed(items=parts) | s.Product(factors=parts):
            found = [index_letters(part) for part in parts]
            if all(found):
                return [letter for each in found for letter in each or ()]
    return None
