r"""Methods of optimization: recurrences as a file prints them, and what their letters stand for.

The file is conventions/methods.toml; it is read by the reader of claims. A page that has other
letters says in words what they are, or uses one of the usual ones: `assignments` has the ways to
take its letters for those of the file.

>>> [form] = [form for form in methods() if form.name == "adamw"]
>>> form.source.partition(",")[0]
'Loshchilov and Hutter 2019'
>>> sorted(name for name, at in form.iterates.system.starts)[:2]
['\\theta', 'm']
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import islice

from symnet.calculus.iterates import Iterates
from symnet.calculus.recurrences import TIME, System
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.steps.signs import GRADIENT, Signs, shift_to_now
from symnet.term import Apply, ScalarFunction, Symbol, Term, map_children

SEQUENCES = {
    "parameters", "gradient", "velocity", "first_moment", "second_moment", "corrected_first",
    "corrected_second", "lookahead", "lookahead_gradient",
}  # fmt: skip
MOST_WAYS = 24
STORED = r"stored|look-?ahead point"
FIRST = Symbol("the first parameters")  # those of step 0


@dataclass(frozen=True)
class Form:
    """One printed form of a method."""

    name: str
    words: str
    symbols: Mapping[str, str]  # its letters, and their roles
    iterates: Iterates
    source: str
    stored: bool = False

    @property
    def sequences(self) -> frozenset[str]:
        """Its letters that change from step to step."""
        return frozenset(key for key, role in self.symbols.items() if role in SEQUENCES)


@dataclass(frozen=True)
class Role:
    """How a page says that a letter is a rate, a velocity …, and which letters are usual."""

    words: str
    letters: tuple[str, ...]


@cache
def _file() -> Mapping[str, object]:
    text = resources.files("symnet.conventions").joinpath("methods.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def roles() -> Mapping[str, Role]:
    """The roles of letters."""
    table = _file()["roles"]
    assert isinstance(table, dict)
    return {name: Role(words, tuple(letters)) for name, (words, letters) in table.items()}


@cache
def methods() -> tuple[Form, ...]:
    """All forms of all methods."""
    table = _file()["method"]
    assert isinstance(table, list)
    return tuple(
        Form(
            each["name"],
            each["words"],
            each["symbols"],
            _iterates(each),
            each["source"],
            each.get("stored", False),
        )
        for each in table
    )


def _iterates(entry: Mapping[str, object]) -> Iterates:
    symbols, equations, initial = entry["symbols"], entry["equations"], entry["initial"]
    assert isinstance(symbols, dict)
    assert isinstance(equations, list)
    assert isinstance(initial, list)
    signs = Signs(frozenset(key for key, role in symbols.items() if role in SEQUENCES))
    rules: dict[str, Term] = {}
    for text in equations:
        left, right = _sides(text, signs)
        left, right = shift_to_now((left, right))
        rules[left.name] = right
    starts: dict[tuple[str, int], Term] = {}
    for text in initial:
        left, right = _sides(text, signs)
        assert left.layer is not None
        starts[left.name, left.layer.offset] = right
    seen = signs.term(read(str(entry["iterates"])).statements[0])
    assert isinstance(seen, Symbol)
    starts[seen.name, 0] = FIRST
    return Iterates(System(rules, starts).joined(signs.system), seen)


def _sides(text: str, signs: Signs) -> tuple[Symbol, Term]:
    (chain,) = read(text).statements
    assert isinstance(chain, s.Chain)
    left, right = map(signs.term, chain.sides)
    assert isinstance(left, Symbol)
    return left, right


def named(words: str, convention: str = "") -> tuple[Form, ...]:
    """The forms of the method that words name."""
    if not words.strip():
        return ()
    said = f"{words} {convention}"
    found = [form for form in methods() if re.search(form.words, said, re.IGNORECASE)]
    if any(form.stored and re.search(STORED, words, re.IGNORECASE) for form in found):
        found = [form for form in found if form.stored]
    # Adam is a word of what is said of AdamW, and momentum of what is said of Nesterov's.
    for special in ("adamw", "nesterov", "adam", "rmsprop", "adagrad", "momentum", "sgd"):
        own = [form for form in found if form.name == special]
        if own and re.search(own[0].words, words, re.IGNORECASE):
            return tuple(own)
    return ()


# --- the letters of a page -----------------------------------------------------------------


def assignments(
    keys: Mapping[str, bool], said: Mapping[str, str], form: Form
) -> Iterator[dict[str, str]]:
    """The ways to take the letters of a page for those of a form: page's letter → form's letter.

    `keys` says of each letter of the page whether it is a sequence. Letters that stand for nothing
    in the form have no entry. What the page declares in words goes before what is usual.
    """
    of_role = {role: key for key, role in form.symbols.items()}
    choices: list[list[tuple[str, str | None]]] = []
    for key, is_sequence in keys.items():
        fitting = [role for role in of_role if (role in SEQUENCES) == is_sequence]
        usual = [role for role in fitting if key in roles()[role].letters]
        if key in said:
            declared = [r for r in fitting if re.search(roles()[r].words, said[key], re.IGNORECASE)]
            both = [role for role in declared if role in usual]
            taken = both or declared
        else:
            taken = [form.symbols[key]] if form.symbols.get(key) in fitting else usual
        choices.append([(key, of_role[role]) for role in taken] or [(key, None)])
    yield from islice(_ways(choices, {}), MOST_WAYS)


def _ways(
    choices: Sequence[list[tuple[str, str | None]]], taken: dict[str, str]
) -> Iterator[dict[str, str]]:
    """One letter for each, no letter for two."""
    if not choices:
        yield dict(taken)
        return
    for key, letter in choices[0]:
        if letter is None:
            yield from _ways(choices[1:], taken)
        elif letter not in taken.values():
            yield from _ways(choices[1:], {**taken, key: letter})


# --- the objective -------------------------------------------------------------------------


def same_at_all_steps(iterates: Iterates) -> Iterates:
    """The method for an objective that does not change from step to step."""
    return _of_objective(iterates, ScalarFunction(GRADIENT, None))


def other_at_each_step(iterates: Iterates) -> Iterates:
    """The method for an objective f_t: the step t is taken by its gradient."""
    return _of_objective(iterates, ScalarFunction(GRADIENT, None, TIME))


def _of_objective(iterates: Iterates, gradient: ScalarFunction) -> Iterates:
    def go(term: Term) -> Term:
        if isinstance(term, Apply):
            function = term.function
            if function.formula is None and function.name == GRADIENT:
                function = gradient
            return Apply(function, go(term.argument))
        return map_children(term, go)

    system = iterates.system
    rules = {name: go(rule) for name, rule in system.rules.items()}
    return Iterates(System(rules, system.starts, system.totals), go(iterates.seen))
