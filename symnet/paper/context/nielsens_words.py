r"""Whether what a page says in words of Nielsen's symbols is what they are anyway.

"weights from layer l-1 to l", "bias vector", "error of neuron j in layer l" say nothing new of w^l,
b^l and δ^l; "weights from layer l to l+1" does, and words that are not known may.

>>> agrees("w^l", "weights from layer l-1 to layer l"), agrees("w^l", "weights from layer l to l+1")
(True, False)
>>> agrees("w_{jk}^l", "from neuron j in layer l-1 to neuron k in layer l")
False
>>> agrees("a^l", "outputs of layer l, a row vector")
False
"""

import re

from symnet.errors import SymnetError
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.signs.notation import LETTERS
from symnet.paper.signs.scripts import layer_of, subscripts

# Letters of which nothing but what they count or stand for is said.
OTHERS = frozenset({
    "C", "x", "y", "t", "l", "L", "j", "k", "i", "n", "m", r"\ell", r"\nabla", r"\sigma", r"\odot",
})  # fmt: skip
_LAYER = r"(?:layer )?(?:the )?\$?(?P<{}>\(?[lL](?: ?[-+] ?1)?\)?)\$?(?:-?th)?(?: layer)?"
_UNIT = (
    r"(?:the )?(?:neuron |unit |node )?\$?(?P<{}>[a-z])\$?(?:-?th (?:neuron|unit|node))?"
    r"(?:,? (?:in|of) " + _LAYER + r"|,? \(" + _LAYER.replace("{}", "{}b") + r"\))?"
)
_LAYERS = re.compile(
    r"\bfrom " + _LAYER.format("below") + r",? (?:in)?to " + _LAYER.format("above")
)
_UNITS = re.compile(
    r"\bfrom "
    + _UNIT.format("below", "low", "lowb")
    + r",? (?:in)?to "
    + _UNIT.format("above", "high", "highb")
)
# "vector of ∂C/∂a_j^L": what ∇_a C is.
_SLOPES = re.compile(r"\b(?:d|\\partial )C ?/ ?(?:d|\\partial )a(?:_j|\^L|\^\{L\}|_\{j\})*")
_WORDS = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "in",
        "at",
        "for",
        "on",
        "is",
        "are",
        "its",
        "and",
        "or",
        "to",
        "with",
        "by",
        "each",
        "all",
        "one",
        "any",
        "single",
        "activation",
        "activations",
        "output",
        "outputs",
        "input",
        "inputs",
        "layer",
        "layers",
        "neuron",
        "neurons",
        "unit",
        "units",
        "node",
        "nodes",
        "network",
        "net",
        "vector",
        "vectors",
        "column",
        "columns",
        "matrix",
        "matrices",
        "scalar",
        "number",
        "value",
        "values",
        "weight",
        "weights",
        "bias",
        "biases",
        "weighted",
        "sum",
        "pre-activation",
        "preactivation",
        "pre",
        "activated",
        "linear",
        "combination",
        "affine",
        "logit",
        "logits",
        "error",
        "errors",
        "local",
        "sensitivity",
        "signal",
        "term",
        "cost",
        "loss",
        "objective",
        "function",
        "target",
        "desired",
        "label",
        "labels",
        "correct",
        "expected",
        "true",
        "total",
        "count",
        "size",
        "index",
        "indices",
        "counter",
        "last",
        "final",
        "first",
        "hidden",
        "previous",
        "current",
        "general",
        "arbitrary",
        "derivative",
        "derivatives",
        "partial",
        "gradient",
        "sigmoid",
        "elementwise",
        "element-wise",
        "entrywise",
        "componentwise",
        "hadamard",
        "product",
        "elements",
        "entry",
        "entries",
        "element",
        "training",
        "example",
        "sample",
        "data",
        "pattern",
        "ground",
        "truth",
        "respect",
        "l",
        "j",
        "k",
        "i",
        "th",
    ]
)


def agrees(key: str, said: str) -> bool:
    """Whether words about a symbol leave it what it is in Nielsen's notation."""
    try:
        (node,) = read(key).statements
    except (SymnetError, ValueError):
        return False
    base = node.base if isinstance(node, s.Scripted) else node
    if isinstance(node, s.Product):
        first = node.factors[0]
        base = first.base if isinstance(first, s.Scripted) else first
    if not isinstance(base, s.Name) or base.style or base.text not in {*LETTERS, *OTHERS}:
        return False
    if said.startswith(rf"{key} = "):
        said = said[len(key) + 3 :]
    rest = re.sub(_SLOPES, " ", said.strip().strip(".")).lower()
    weight = LETTERS.get(base.text) == "w"
    units = _UNITS.search(rest)
    if units is not None and _are_letters(units["below"], units["above"]):
        if not weight or _ends(node) != (units["above"], units["below"]):
            return False
        if not _one_below(units["low"] or units["lowb"], units["high"] or units["highb"]):
            return False
        rest = rest.replace(units[0], " ")
    layers = _LAYERS.search(rest)
    if layers is not None:
        if not weight or not _one_below(layers["below"], layers["above"]):
            return False
        rest = rest.replace(layers[0], " ")
    if re.search(r"\bfrom\b", rest):
        return False
    return all(x in _WORDS for x in re.findall(r"[^\s,;:()$]+", rest))


def _are_letters(*texts: str) -> bool:
    return all(len(x) == 1 and x not in "lL" for x in texts)


def _one_below(below: str | None, above: str | None) -> bool:
    """Whether a layer is l and the other l - 1; nothing said is right, too."""
    if below is None and above is None:
        return True
    try:
        one, other = (layer_of(read(x or "?").statements[0]) for x in (below, above))
    except (SymnetError, IndexError):
        return False
    return (
        one is not None
        and other is not None
        and one.name == other.name
        and (one.offset, other.offset) == (-1, 0)
    )


def _ends(node: s.Node) -> tuple[str, str] | None:
    """Where a weight leads to and from."""
    letters = subscripts(node.sub) if isinstance(node, s.Scripted) and node.sub else None
    return (letters[0].text, letters[1].text) if letters and len(letters) == 2 else None
