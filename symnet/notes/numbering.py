r"""Which forward equations stand for all layers of a document, and how it numbers them.

A note may begin with one neuron, z = w x + b, and go on with layers, z^l = W^l a^{l-1} + b^l: then
these are its network. Whether its inputs are layer 0 or layer 1 it says itself, if at all: a^0 = x.

>>> found = of_layers({"z": "w x + b", "z^1": "W^1 x + b^1", "z^l": "W^l a^{l-1} + b^l"})
>>> list(found), first_layer(found, ())
(['z^l', 'z^1'], 0)
"""

from collections.abc import Iterable, Mapping

from symnet.paper.books import inferred
from symnet.paper.books.inferred import Forward, Seen
from symnet.paper.books.numbered_pages import number_of

INPUTS = frozenset({"x", "X"})


def of_layers(said: Mapping[str, str]) -> dict[str, str]:
    """The forward equations of a document that are about its layers, those of any layer first.

    What has no layer stands for one neuron where others have one; where none has, it is all.
    """
    found = {key: inferred.forward(key, text) for key, text in said.items()}
    general = [key for key, each in found.items() if each is not None and _is_general(each)]
    numbered = [key for key, each in found.items() if each is not None and _is_numbered(each)]
    if not general and not any(_has_weight(found[key]) for key in numbered):
        return dict(said)
    kept = [*general, *(key for key in numbered if key not in general)]
    if general:
        # Else h = σ(W_1 x + b_1) is the first of several layers, each with its own equation.
        kept = [key for key in kept if _is_layered(found[key])]
    return {key: said[key] for key in kept}


def first_layer(said: Mapping[str, str], same: Iterable[tuple[Seen, Seen]]) -> int | None:
    """The number of the layer of inputs; None where a document does not say it, or says two.

    `same` are symbols that are said to be equal, a^0 = x.
    """
    sums = [x for x in (inferred.forward(k, v) for k, v in said.items()) if x is not None]
    sums = [x for x in sums if x.weight is not None]
    outputs = {x.before.base for x in sums if x.before is not None} - INPUTS
    # z_1 = W_1 x: where the layers of matrices have numbers below, those of all do.
    lowered = bool(sums) and all(_has_weight(x) for x in sums)
    numbers = set()
    for one, other in same:
        for symbol, given in ((one, other), (other, one)):
            at = _at(symbol, lowered)
            if symbol.base in outputs and at is not None and _is_input(given):
                numbers.add(at)
    for each in sums:
        assert each.before is not None
        at, below = _at(each.given, lowered), _at(each.before, lowered)
        if at is not None and _is_input(each.before):
            numbers.add(at - 1)
        elif below == 0:
            numbers.add(0)
    # h = σ(W^{(1)} x + b^{(1)}), where W^{(l)} goes with a^{(l-1)} or with a^{(l)}.
    for step in {_step(x) for x in sums if _is_general(x)} - {None}:
        assert step is not None
        for each in sums:
            assert each.weight is not None
            assert each.before is not None
            at = number_of(each.weight)
            if at is not None and _is_input(each.before) and _at(each.given, lowered) is None:
                numbers.add(at - step)
    return numbers.pop() if len(numbers) == 1 else None


def _at(symbol: Seen, lowered: bool) -> int | None:
    """The number that stands where layers do."""
    if lowered:
        return number_of(symbol)
    layer = symbol.layer
    return layer.offset if layer is not None and not layer.name else None


def _step(each: Forward) -> int | None:
    """By how much the number of a matrix is above that of what comes in."""
    weight, below = each.weight, each.before
    if weight is None or below is None or weight.layer is None or below.layer is None:
        return None
    same = weight.layer.name == below.layer.name
    return weight.layer.offset - below.layer.offset if same else None


def _is_input(symbol: Seen) -> bool:
    return symbol.base in INPUTS and symbol.layer is None


def _symbols(each: Forward) -> list[Seen]:
    found = (each.given, each.weight, each.before, each.weighted)
    return [x for x in found if x is not None]


def _is_general(each: Forward) -> bool:
    """Whether an equation is one of any layer l, or of the last, L."""
    return any(x.layer is not None and x.layer.name for x in _symbols(each))


def _is_numbered(each: Forward) -> bool:
    """Whether a layer or a matrix in an equation has a number."""
    return any(number_of(x) is not None for x in _symbols(each))


def _has_weight(each: Forward | None) -> bool:
    return each is not None and each.weight is not None and number_of(each.weight) is not None


def _is_layered(each: Forward | None) -> bool:
    return each is not None and each.given.layer is not None
