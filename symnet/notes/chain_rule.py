r"""The chain rule as it is written, ∂L/∂W = ∂L/∂z · ∂z/∂W, with arrays of any number of axes.

Its factors are Jacobians, contracted over what stands below one and above the next; in which order
their axes are laid out is left open by everybody, so that no strict product of matrices is meant.
It holds if each quantity between lies on all ways from the last to the first.

>>> from symnet.paper.formula.reader import read
>>> (chain,) = read(r"\frac{dL}{dW} = \frac{dL}{dz} \frac{dz}{dW}").statements
>>> uses = {"L": {"a"}, "a": {"z"}, "z": {"W", "x"}}
>>> holds(chain.sides[0], chain.sides[1], uses)
True
>>> holds(chain.sides[0], chain.sides[1], {**uses, "L": {"a", "W"}})  # a penalty: another way
False
"""

from collections.abc import Mapping, Set
from itertools import pairwise

from symnet.notes.declared import slope_of
from symnet.paper.definitions.names import key_of
from symnet.paper.formula import syntax as s

Slope = tuple[str, str]  # what is derived, and by what


def slopes_of(side: s.Node) -> list[Slope] | None:
    """The factors of a product of derivatives and nothing else; None for anything else."""
    match side:
        case s.Bracketed(body=body):
            return slopes_of(body)
        case s.Product(factors=factors, operators=operators) if slope_of(side) is None:
            if not set(operators) <= {"", r"\cdot", r"\times", "*", r"\odot", r"\circ"}:
                return None
            parts: tuple[s.Node, ...] = factors
        case _:
            parts = (side,)
    found = []
    for part in parts:
        slope = slope_of(part)
        keys = (key_of(slope[1]), key_of(slope[2])) if slope is not None and not slope[0] else ()
        if len(keys) != 2 or keys[0] is None or keys[1] is None:
            return None
        found.append((keys[0], keys[1]))
    return found


def is_product(side: s.Node) -> bool:
    """Whether a side is a product of two or more derivatives and nothing else."""
    found = slopes_of(side)
    return found is not None and len(found) > 1


def holds(left: s.Node, side: s.Node, uses: Mapping[str, Set[str]]) -> bool:
    """Whether a derivative is such a product, where it is known what each quantity is made of."""
    whole, factors = slopes_of(left), slopes_of(side)
    if whole is None or factors is None or len(whole) != 1 or len(factors) < 2:
        return False
    for ordered in (factors, factors[::-1]):
        if any(below != above for (_, below), (above, _) in pairwise(ordered)):
            continue
        if (ordered[0][0], ordered[-1][1]) != whole[0]:
            continue
        between = [below for _, below in ordered[:-1]]
        ways = [*pairwise([whole[0][0], *between, whole[0][1]])]
        return all(_reaches(above, below, uses, "") for above, below in ways) and not any(
            _reaches(*whole[0], uses, each) for each in between
        )
    return False


def _reaches(above: str, below: str, uses: Mapping[str, Set[str]], but: str) -> bool:
    """Whether a quantity depends on another, on a way that leaves one out."""
    waiting, seen = [above], {above}
    while waiting:
        for each in uses.get(waiting.pop(), ()):
            if each == below:
                return True
            if each not in seen and each != but:
                seen.add(each)
                waiting.append(each)
    return False
