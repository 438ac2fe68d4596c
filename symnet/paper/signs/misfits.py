"""Why a formula has no meaning: what cannot mean anything, and what was not understood.

Both carry their place in the text. Of what is a `Misfit`, no network could make sense; an `Unclear`
says that we could not, and nothing of the formula.
"""

from symnet.errors import SymnetError
from symnet.paper.formula import syntax as s
from symnet.term import LayerNumber


class Misfit(SymnetError):  # noqa: N818 - what the formula is, not a failure of ours
    """No meaning is possible: shapes that clash, symbols nobody declared. Its kind and place."""

    def __init__(self, message: str, node: s.Node, kind: str = "shape") -> None:
        super().__init__(message)
        self.span, self.kind = (node.start, node.end), kind


class Missing(Misfit):
    """A quantity that no layer has: w^1, z^1, δ^{L+1}; `below`: because its layer is too low."""

    def __init__(self, message: str, node: s.Node, kind: str = "shape", below: bool = False):
        super().__init__(message, node, kind)
        self.below = below


def missing(name: str, layer: LayerNumber, node: s.Node) -> Missing:
    """That there is no such quantity at a layer."""
    below = not layer.name and layer.offset < 2
    return Missing(f"there is no {name} at layer {layer}", node, "wrong-range", below)


class Unclear(SymnetError):  # noqa: N818 - as above
    """Something that was not understood, and where."""

    def __init__(self, message: str, node: s.Node) -> None:
        super().__init__(message)
        self.span = (node.start, node.end)


class General(Unclear):
    """A product over layers has no terms while its ends are general."""

    def __init__(
        self, node: s.Node, name: str, start: LayerNumber, stop: LayerNumber, down: bool
    ) -> None:
        super().__init__("a product over a general number of layers", node)
        self.name, self.first, self.last, self.down = name, start, stop, down


class Tensor(Unclear):
    """An array of more than two axes."""
