r"""Quantities that a note writes entry by entry, p_i, w_{jk}: how many there are of which.

Two letters count the same if they stand at the same place of the same quantity: z_i and z_k. Where
weights stand with two pairs of letters, w_{ij} and w_{jk}, the letters tell the layers: that is
another notation, and nothing is said of such weights here.

>>> from symnet.paper.formula.reader import read
>>> found = families([read(r"p_i = e^{z_i} / \sum_{k=1}^K e^{z_k}").statements[0]], {"p"})
>>> found["z_i"], found["z_k"], "p_i" in found
('i = 1, \\dots, K', 'k = 1, \\dots, K', False)
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from symnet.notes.own_definitions import SIGNS, counting, printed
from symnet.paper.formula import syntax as s
from symnet.paper.signs.notation import spelled_out

SIZES = "KNMPQRSJGH"  # for how many there are, where the note has no letter for it
MOST_LETTERS = 2


def entry_of(node: s.Node) -> tuple[str, tuple[str, ...]] | None:
    """The quantity and the letters of an entry, w and (j, k) of w_{jk}; None for anything else."""
    match node:
        case s.Scripted(base=s.Name() as base, sub=sub) if (
            sub is not None and base.text not in SIGNS
        ):
            letters = counting(sub)
            if letters and len(letters) <= MOST_LETTERS:
                return spelled_out(base), letters
    return None


def families(nodes: Sequence[s.Node], defined: set[str]) -> dict[str, str]:
    """What is to be declared of the entries of quantities that no formula gives."""
    entries = [x for node in nodes for x in map(entry_of, s.walk(node)) if x is not None]
    used: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for base, letters in entries:
        used[base].add(letters)
    kept = {base: pairs for base, pairs in used.items() if _is_one(pairs)}
    same: dict[str, str] = {}
    for pairs in kept.values():
        for at in range(len(next(iter(pairs)))):
            first, *others = sorted({letters[at] for letters in pairs})
            for other in others:
                same[_find(other, same)] = _find(first, same)
    sizes = _sizes(nodes, {letter for pairs in kept.values() for x in pairs for letter in x}, same)
    found: dict[str, str] = {}
    for base, pairs in kept.items():
        if base in defined or base == r"\delta":
            continue
        for letters in sorted(pairs):
            counts = (rf"{x} = 1, \dots, {sizes[_find(x, same)]}" for x in letters)
            found[f"{printed(base)}_{_script(letters)}"] = "; ".join(counts)
    return found


def _is_one(pairs: set[tuple[str, ...]]) -> bool:
    """Whether all letters of a quantity count the same things: of two letters only one pair."""
    return len({len(x) for x in pairs}) == 1 and (len(next(iter(pairs))) == 1 or len(pairs) == 1)


def _script(letters: tuple[str, ...]) -> str:
    return letters[0] if len(letters) == 1 else f"{{{''.join(letters)}}}"


def _find(letter: str, same: dict[str, str]) -> str:
    while same.get(letter, letter) != letter:
        letter = same[letter]
    return letter


def _sizes(nodes: Sequence[s.Node], letters: set[str], same: dict[str, str]) -> dict[str, str]:
    """How many things each class of letters counts, as sums say it, or by a free letter."""
    found: dict[str, str] = {}
    for letter, size in _limits(nodes):
        if letter in letters:
            found.setdefault(_find(letter, same), size)
    names = {x.text for node in nodes for x in s.walk(node) if isinstance(x, s.Name)}
    free = (x for x in SIZES if x not in names and x not in found.values())
    for letter in sorted(letters):
        if _find(letter, same) not in found:
            found[_find(letter, same)] = next(free, "U")
    return found


def _limits(nodes: Sequence[s.Node]) -> Iterator[tuple[str, str]]:
    r"""k and K of \sum_{k=1}^K."""
    for node in nodes:
        for part in s.walk(node):
            match part:
                case s.Big(
                    sub=s.Chain(sides=(s.Name(text=letter), s.Number(text="1"))),
                    sup=s.Name(text=size),
                ) if len(size) == 1 and size.isalpha():
                    yield letter, size
