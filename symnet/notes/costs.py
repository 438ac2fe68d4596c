r"""Costs that are said in several ways, or twice: whether what is said agrees.

A formula of a cost defines it. Where it has several sides, ½‖y - a‖² = 1/(2n) Σ_j (y_j - a_j)²,
the last ones are claims: the square of a length is the sum of the squares, so that the numbers
before both are the same, whatever the letters stand for.

>>> found = side(r"\frac{1}{2n} \sum_j \| y_j - a_j^L \|^2")
>>> found
Side(factor='\\frac{1}{2n}', sums=('j',), summand='(y-a)^2', long=True, indexed=True)
>>> sorted(found.counts), sorted(side(r"\frac12 \| y - a^L \|^2").counts)
([1, 2], [1])
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from symnet.notes.declared import COSTS, base_of, is_partial, plainly, slope_of
from symnet.notes.statements import Statement
from symnet.paper.claims.verdicts import REFUTED, Verdict
from symnet.paper.formula import syntax as s

LENGTHS = "the square of a length is the sum of the squares: here the two differ by a factor"
MEANS = "above it is the mean, as the slopes beside it are: here it is the sum"

_FRACTION = r"\\frac(?:\{[^{}]*\}|\w)(?:\{[^{}]*\}|\w)|\(?1/\d\w?\)?|1/\(\d?\w\)"
_SUM = r"\\sum(?:_(?:\{(?P<many>[^{}]*)\}|(?P<one>\w)))?(?:\^(?:\{(?:[^{}]|\{[^{}]*\})*\}|\w))?"
_SIDE = re.compile(rf"(?P<sign>-?)(?P<factor>{_FRACTION}|)(?:\\cdot|\\,)?(?P<rest>.*)")
_SCRIPTS = re.compile(r"(?:_|\^)(?:\{(?:[^{}]|\{[^{}]*\})*\}|\\?\w)(?!\w*\))")
_LONG = re.compile(r"(?:\\\||\|\||∥|\\lVert)(?P<of>[^|∥]*?)(?:\\\||\|\||∥|\\rVert)(?:_2)?\^\{?2\}?")
_SQUARE = re.compile(r"\{?\(?\((?P<of>[^()]*)\)\^\{?2\}?\)?\}?")
_NUMBER = re.compile(r"_\{?(\d+)\}?")
_OUTPUT = re.compile(r"\\hat\{?y\}?|h\(x\)")
_CALLED = re.compile(r"(?:\\(?:text|mathrm)\{)?[A-Za-z]{3,}\}?(?:\([^()]*\))?")
_MEAN = re.compile(r"\\frac\{1\}\{[A-Za-z]\}|\\frac1[A-Za-z]|1/[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Side:
    """A formula of a cost: the number before its sums, what these run over, and what is summed."""

    factor: str
    sums: tuple[str, ...]
    summand: str  # without scripts
    long: bool = False  # whether it is a squared length, which is a sum by itself
    indexed: bool = False  # whether it is |y_j - a_j|², which may be that of a number

    @property
    def counts(self) -> frozenset[int]:
        """How many sums there may be, with that of a length."""
        least = len(self.sums)
        if not self.long:
            return frozenset({least})
        return frozenset({least, least + 1} if self.indexed else {least + 1})


def side(said: str) -> Side:
    """A side of a cost's formula, taken apart."""
    text = re.sub(r"\s+|\\,", "", plainly(said))
    found = _SIDE.match(text)
    assert found is not None
    rest, sums = _without_braces(found["rest"]), []
    while (next_sum := re.match(_SUM, rest)) is not None:
        sums.append((next_sum["many"] or next_sum["one"] or "").partition("=")[0])
        rest = _without_braces(rest[next_sum.end() :])
    factor = found["sign"] + found["factor"].strip("()")
    square, long = _SQUARE.fullmatch(rest), _LONG.fullmatch(rest)
    written = [_SQUARE.fullmatch(each) for each in rest.split("+")]
    if len(written) > 1 and not sums and _are_numbered(written):
        assert written[0] is not None
        return Side(factor, ("",), f"({_bare(written[0]['of'])})^2")
    if long is not None:
        indexed = bool(sums) and f"_{sums[-1]}" in long["of"]
        return Side(factor, tuple(sums), f"({_bare(long['of'])})^2", True, indexed)
    if square is not None:
        return Side(factor, tuple(sums), f"({_bare(square['of'])})^2")
    return Side(factor, tuple(sums), rest)


def _without_braces(said: str) -> str:
    """A group of braces without these, where it is all there is."""
    inside = said[1:-1]
    whole = said[:1] == "{" and said[-1:] == "}" and inside.count("{") == inside.count("}")
    return inside if whole and inside.find("}") >= inside.find("{") else said


def _are_numbered(squares: Sequence[re.Match[str] | None]) -> bool:
    """Whether they are (a_1 - y_1)² + (a_2 - y_2)²: a sum that is written out."""
    numbers = [set(_NUMBER.findall(each["of"])) for each in squares if each is not None]
    summands = {_bare(each["of"]) for each in squares if each is not None}
    wanted = [{str(n)} for n in range(1, len(squares) + 1)]
    return numbers == wanted and len(summands) == 1


def _bare(said: str) -> str:
    """A difference without scripts, and what goes out of the network by one name."""
    inside = said[1:-1] if said[:1] == "(" and said[-1:] == ")" else said
    return _OUTPUT.sub("a", _SCRIPTS.sub("", inside))


def told(statements: Iterable[Statement]) -> Mapping[tuple[str, int], Verdict | None]:
    """The formulas of costs that say more than what each is, by their places.

    With a verdict where they contradict themselves or the rest; with none where all sides agree.
    """
    statements = tuple(statements)
    found: dict[tuple[str, int], Verdict | None] = {}
    for at, statement in enumerate(statements):
        sides = _sides(statement)
        if sides and len(getattr(statement.node, "sides", ())) > 2:
            several = _of_several(statement, sides)
            if several is not None:
                found[statement.place] = several[0]
        elif sides and (wrong := _of_twice(statement, sides[0], statements, at)) is not None:
            found[statement.place] = wrong
    return found


def _sides(statement: Statement) -> list[str]:
    """The formulas that a statement gives of a cost; none if it is about something else."""
    match statement.node:
        case s.Chain(sides=(first, *others), relations=relations) if (
            set(relations) <= {"=", ":=", r"\equiv"} and base_of(first) in COSTS
        ):
            if any(is_partial(each) for each in others):
                return []
            said = [statement.said(each) for each in others if not _is_name(each)]
            return [each for each in said if not _CALLED.fullmatch(each.strip())]
    return []


def _is_name(node: s.Node) -> bool:
    r"""\text{MSE}: what it is called."""
    return isinstance(node, s.Text) or base_of(node) in COSTS


def _of_several(statement: Statement, said: list[str]) -> tuple[Verdict | None] | None:
    """Whether the sides agree: a verdict if they do not, None in a tuple if they do."""
    sides = [side(each) for each in said]
    agree = True
    for (one, other), (_, text) in zip(pairwise(sides), pairwise(said), strict=True):
        if _is_of_sample(one) and other.sums and one.factor == other.factor.removeprefix("-"):
            continue  # Σ C_x says nothing of what is summed
        if one.summand != other.summand or not one.counts & other.counts:
            return None
        if one.factor == other.factor:
            continue
        agree = False
        summed = one.long and not one.indexed and one.sums == other.sums[:-1]
        by_neuron = f"_{other.sums[-1]}" in text if other.sums and other.sums[-1] else False
        if summed and by_neuron and (other.indexed or not other.long) and other.factor:
            mended = statement.printed.replace(text, _with_factor(text, other, one), 1)
            changed = mended if mended != statement.printed else None
            return (Verdict(REFUTED, LENGTHS, "factor", suggestion=changed),)
    return (None,) if agree else None


def _is_of_sample(found: Side) -> bool:
    """Whether it is a sum of costs, one for each sample: 1/n Σ C_x."""
    return len(found.sums) == 1 and _bare(found.summand) in COSTS


def _with_factor(text: str, found: Side, wanted: Side) -> str:
    """A side with the number of another before it."""
    digits = r"\s*".join(map(re.escape, found.factor))
    return re.sub(digits, lambda _: wanted.factor, text, count=1)


def _of_twice(
    statement: Statement, said: str, statements: tuple[Statement, ...], at: int
) -> Verdict | None:
    """C = Σ C_x, where C = 1/n Σ C_x stands above and ∂C/∂w = 1/n Σ ∂C_x/∂w below it."""
    own = side(said)
    if own.factor or not _is_of_sample(own):
        return None
    means = [
        text
        for each in statements[:at]
        for text in _sides(each)[:1]
        if _is_mean(side(text)) and replace(side(text), factor="") == own
    ]
    slopes = (_mean_of_slopes(each, own.summand) for each in statements[at + 1 : at + 4])
    if not means or side(means[-1]).factor not in slopes:
        return None
    mended = statement.printed.replace(said, means[-1], 1)
    return Verdict(REFUTED, MEANS, "factor", suggestion=mended)


def _is_mean(found: Side) -> bool:
    return _MEAN.fullmatch(found.factor) is not None


def _mean_of_slopes(statement: Statement, summand: str) -> str:
    r"""1/n of \partial C/\partial w = 1/n Σ \partial C_x/\partial w; empty if it is none."""
    match statement.node:
        case s.Chain(sides=(left, right), relations=("=",)) if (
            slope := slope_of(left)
        ) is not None and base_of(slope[1]) in COSTS:
            found = side(statement.said(right))
            begins = found.summand.replace("{", "").replace("}", "")
            derived = r"\frac\partial" + summand.replace("{", "").replace("}", "")
            if _is_mean(found) and len(found.sums) == 1 and begins.startswith(derived):
                return found.factor
    return ""
