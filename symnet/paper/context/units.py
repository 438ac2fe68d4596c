r"""Pages that count units, before layers are known: their abbreviations, sets of units, two cases.

M_{kk'}, which a page declares, is put in; Σ_{ℓ∈L} sums over the units that a unit feeds, whichever
layer they are in; what is said of output units and of hidden ones is said twice.

>>> from symnet.paper.formula.reader import read
>>> display, known = with_abbreviations(read(r"J_{ki} + 1"), {r"J_{ki}": r"b_k c_i"}, frozenset())
>>> s.spell(display), known
('{({b_{k} c_{i}}) + 1}', frozenset({'J_{ki}'}))
>>> s.spell(without_sets(read(r"\sum_{k \in L} w_{jk}"), frozenset({"L"})))
'{sum_{k} w_{{j k}}}'
"""

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace

from symnet.errors import SymnetError
from symnet.paper.books.rules import Translation, rule
from symnet.paper.books.translation import translated
from symnet.paper.context.declarations import is_prose
from symnet.paper.formula import syntax as s
from symnet.paper.signs.misfits import Unclear
from symnet.paper.signs.notation import LETTERS
from symnet.paper.signs.scripts import binder_names, mapped

OUTPUT = re.compile(r"\b(an?|the) output\b")
HIDDEN = re.compile(r"\b(inner|hidden|internal)\b|\bnot an? output\b")


@dataclass(frozen=True, slots=True)
class Part:
    """Statements whose units are counted together; `outputs` are letters for output units."""

    display: s.Display
    outputs: frozenset[str] = frozenset()


def with_abbreviations(
    display: s.Display, said: Mapping[str, str], own: Set[str]
) -> tuple[s.Display, frozenset[str]]:
    """A display with what a page declares put in, and the keys of that; `own` are a book's."""
    used = _letters(display)
    rules, keys = [], set()
    for key, meaning in said.items():
        try:
            found = rule(str(key), str(meaning))
        except (SymnetError, ValueError):
            continue
        taken = own | LETTERS.keys()
        if is_prose(str(meaning)) or found.before or not found.base or found.base in taken:
            continue
        if not isinstance(found.key, s.Scripted) or found.key.sub is None or found.key.sup:
            continue
        if found.base in used and not _bound(found.meaning) & used:
            rules.append(found)
            keys.add(str(key))
    if not rules:
        return display, frozenset()
    return translated(display, Translation(tuple(rules))), frozenset(keys)


def _letters(node: s.Node) -> set[str]:
    return {x.text for x in s.walk(node) if isinstance(x, s.Name)}


def _bound(node: s.Node) -> set[str]:
    """Letters that sums bind: put in elsewhere they could be taken for others."""
    return {
        name
        for x in s.walk(node)
        if isinstance(x, s.Big) and x.sub is not None
        for name in binder_names(x.sub.sides[0] if isinstance(x.sub, s.Chain) else x.sub) or ()
    }


def check_examples(display: s.Display, costs: Set[str]) -> None:
    """Raises Unclear where costs E_n of several examples are added up: E_n is read as one cost."""
    bound = _bound(display)
    for node in s.walk(display):
        match node:
            case s.Scripted(base=s.Name(text=text), sub=s.Name(text=letter)) if letter in bound:
                if text in costs:
                    raise Unclear("costs of several examples", node)


def without_sets(node: s.Node, sets: Set[str]) -> s.Node:
    """Sums over sets of units as sums over all units of a layer: weights say of which."""
    match node:
        case s.Big(sub=s.Chain(sides=(one, s.Name(text=text)), relations=(r"\in",))):
            if text in sets:
                return replace(node, sub=one)
    return mapped(node, lambda child: without_sets(child, sets))


def without_counts(display: s.Display, known: Set[str]) -> s.Node:
    """Sums from the first unit to the m-th, of which nobody says more, as sums over all units."""
    found = [x.text for x in s.walk(display) if isinstance(x, s.Name)]

    def changed(node: s.Node) -> s.Node:
        match node:
            case s.Big(
                operator="sum",
                sub=s.Chain(sides=(s.Name() as one, s.Number(text="0" | "1")), relations=("=",)),
                sup=s.Name(text=text),
            ) if text not in known and _is_only_a_limit(text, display, found):
                return replace(node, sub=one, sup=None)
        return mapped(node, changed)

    return changed(display)


def _is_only_a_limit(text: str, display: s.Display, found: list[str]) -> bool:
    """Whether a letter stands nowhere but above sums, and is not the H of units h."""
    if text.isupper() and text.lower() in found:
        return False
    limits = [x.sup for x in s.walk(display) if isinstance(x, s.Big)]
    above = sum(isinstance(x, s.Name) and x.text == text for x in limits)
    return len(text) == 1 and found.count(text) == above


def by_kind_of_unit(display: s.Display) -> list[Part]:
    """The statements of a display; δ_j = {…, if j is an output unit; …, if it is hidden} twice."""
    parts: list[Part] = []
    others: list[s.Node] = []
    for statement in display.statements:
        branches = _branches(statement)
        if branches is None:
            others.append(statement)
        else:
            parts += branches
    if not parts:
        return [Part(display)]
    if others:
        parts.insert(0, Part(_of(others, display)))
    return parts


def joined(displays: list[s.Display], display: s.Display) -> s.Display:
    """Displays as one."""
    return _of([x for each in displays for x in each.statements], display)


def _of(statements: list[s.Node], display: s.Display) -> s.Display:
    separators = (",",) * (len(statements) - 1) + ("",)
    return replace(display, statements=tuple(statements), separators=separators)


def _branches(statement: s.Node) -> list[Part] | None:
    if not isinstance(statement, s.Chain):
        return None
    cases = [x for x in statement.sides if isinstance(x, s.Cases)]
    if len(cases) != 1:
        return None
    found = []
    for row in cases[0].rows:
        if len(row) != 2:
            return None
        value, condition = row
        words = " ".join(x.words for x in s.walk(condition) if isinstance(x, s.Text))
        letters = [x.text for x in s.walk(condition) if isinstance(x, s.Name)]
        outputs: frozenset[str]
        if HIDDEN.search(words):
            outputs = frozenset()
        elif OUTPUT.search(words) and len(letters) == 1:
            outputs = frozenset(letters)
        else:
            return None
        sides = tuple(value if x is cases[0] else x for x in statement.sides)
        one = replace(statement, sides=sides)
        place = {"start": statement.start, "end": statement.end}
        found.append(Part(s.Display((one,), ("",), **place), outputs))
    return found
