r"""What a page says of a method that goes step by step: its name or recurrences, its letters.

A page names a method in words, prints its recurrences, or both; it declares letters, and sequences
by formulas. `step_page` gathers that, and parts the formula into equations and updates.

>>> from symnet.paper.formula.reader import read
>>> declared = {"method": "heavy ball", r"\mu": "momentum"}
>>> found = step_page("nielsen", {"declared": declared}, read(r"v' = \mu v, \quad w' = w + v'"))
>>> [form.name for form in found.forms][0], sorted(found.sequences)
('momentum', ['v', 'w'])
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from symnet.errors import SymnetError
from symnet.paper.context.declarations import is_prose
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.signs.misfits import Unclear
from symnet.paper.steps.methods import Form, named, roles
from symnet.paper.steps.signs import OBJECTIVES, STEPS, is_expectation, key_of, mean_key, step_of

TO_RIGHT = {r"\to", r"\mapsto"}
ASSIGNS = {r"\leftarrow", ":=", *TO_RIGHT}
EQUALS = {"=", r"\equiv"}
NAMING = ("method", "step", "rule")
HARMLESS = re.compile(
    r"^\W*(where|and|with|then|so that|or|next|set|let|update)?\W*$", re.IGNORECASE
)
PRIMED = {"parameters", "velocity", "first_moment", "second_moment"}


@dataclass(frozen=True)
class Equation:
    """left = right, or what becomes of left; `said` if the page declares it."""

    left: s.Node
    right: s.Node
    assigned: bool = False
    said: bool = False

    @property
    def span(self) -> tuple[int, int]:
        """Its place in the formula."""
        return self.left.start, self.right.end


@dataclass(frozen=True)
class StepPage:
    """Equations that are claimed and that are declared, the method, and what letters are."""

    claims: tuple[Equation, ...]
    declared: tuple[Equation, ...]
    method: tuple[Equation, ...]  # as the page prints it
    after: tuple[Equation, ...]  # the step that is taken with what is claimed
    forms: tuple[Form, ...]  # of the file, where words name a method
    words: Mapping[str, str]  # what letters are said to be
    letters: Mapping[str, str]  # that count steps
    sequences: frozenset[str]
    constants: frozenset[str]
    unread: tuple[str, ...] = ()
    stationary: bool = False  # whether the page says that gradients are
    expects: bool = False  # whether expectations are claimed
    shifts: Mapping[str, int] = field(default_factory=dict)  # of letters that count otherwise


def step_page(
    convention: str, context: Mapping[str, object], display: s.Display
) -> StepPage | None:
    """What a page says of steps; None if it names no method and has no recurrence."""
    said = said_of(context)
    naming = [str(context[key]) for key in NAMING if key in context]
    naming += [said[key] for key in NAMING if key in said]
    words = " ".join(naming)
    forms = named(words, convention)
    if "method" not in context and "method" not in said and all(f.name == "sgd" for f in forms):
        forms = ()
    after = [] if "step" not in said else printed(said["step"])
    method = [
        each
        for key in ("method", "rule")
        for text in (str(context.get(key, "")), said.get(key, ""))
        for each in printed(text)
    ]
    declared, meant, unread = _declared({k: v for k, v in said.items() if k not in NAMING})
    if not forms and not method and not any(_has_step(each) for each in declared):
        return None
    claims = equations_of(display)
    everything = [*claims, *declared, *after, *method]
    letters = _letters(node for each in everything for node in (each.left, each.right))
    sequences, constants = _letters_used(everything, letters, meant)
    if forms:
        sequences |= {k for k in constants if k in forms[0].sequences and k in _lefts(claims)}
    sequences |= _begun(claims, constants, {k for form in forms for k in form.sequences})
    constants -= {f"{key}_{digit}" for key in sequences for digit in "01"}
    return StepPage(
        tuple(claims),
        tuple(declared),
        tuple(method),
        tuple(after),
        forms,
        meant,
        letters,
        frozenset(sequences),
        frozenset(constants - sequences),
        tuple(unread),
        stationary=re.search(
            r"stationary|same for all|identically|i\.i\.d", _all(context, said), re.I
        )
        is not None,
        expects=any(map(_expects, s.walk(display))),
    )


def _begun(claims: Sequence[Equation], keys: set[str], known: set[str]) -> set[str]:
    """The sequences of which only first members stand there: m_1 = (1 - β_1) g_1."""
    found = set()
    for key in keys:
        base, _, digit = key.rpartition("_")
        # w_1 → w_1 - … is about an entry, not about a step.
        entries = any(
            each.assigned or any(key_of(x) == key_of(each.left) for x in s.walk(each.right))
            for each in claims
        )
        if digit in ("0", "1") and base in known and not entries:
            found.add(base)
    return found


def _all(context: Mapping[str, object], said: Mapping[str, str]) -> str:
    return " ".join([*said.values(), *(str(context.get(key, "")) for key in NAMING)])


def _expects(node: s.Node) -> bool:
    return isinstance(node, s.Product) and any(
        is_expectation(one, other) for one, other in pairwise(node.factors)
    )


def said_of(context: Mapping[str, object]) -> dict[str, str]:
    """What a page declares, by what it is about."""
    found: dict[str, str] = {}
    for table in ("definitions", "declared"):
        entries = context.get(table) or {}
        if isinstance(entries, Mapping):
            found |= {str(key): str(value) for key, value in entries.items()}
    return found


# --- statements ----------------------------------------------------------------------------


def equations_of(display: s.Display) -> list[Equation]:
    """The equations and updates of a formula. Raises Unclear for what is neither."""
    found: list[Equation] = []
    for statement in display.statements:
        match statement:
            case s.Text(words=words) if HARMLESS.match(words) or _is_label(words):
                continue
            case s.Empty():
                continue
            case s.Chain() if not _is_range(statement):
                found += _chain(statement)
            case s.Chain() | s.Dots() | s.Number():
                continue
            case _:
                raise Unclear("this is neither an equation nor an update", statement)
    return found


def _is_label(words: str) -> bool:
    """(Update biased first moment estimate): what a line is called, with no condition in it."""
    conditions = r"\b(if|only|unless|except|for|when|while|provided|assum\w*|not|never|once)\b"
    named = re.fullmatch(r"\s*\([A-Za-z ,-]+\)\s*", words) is not None
    return named and not re.search(conditions, words, re.IGNORECASE)


def _is_range(chain: s.Chain) -> bool:
    """t = 1, 2, … and t ≥ 1: for which steps something is said."""
    first = chain.sides[0]
    if not isinstance(first, s.Name) or first.text not in STEPS:
        return False
    match chain:
        case s.Chain(sides=(_, s.Number(text="0" | "1")), relations=(r"\ge",)):
            return True
        case s.Chain(sides=(_, s.Listed(items=(s.Number(text="0" | "1"), *_)))):
            return True
    return False


def _chain(chain: s.Chain) -> Iterator[Equation]:
    sides, relations = list(chain.sides), list(chain.relations)
    left = sides[0]
    for relation, side in zip(relations, sides[1:], strict=True):
        if relation in TO_RIGHT and _is_next(left, side):
            left = side  # v → v' = …
            continue
        if isinstance(side, s.Text) or relation not in ASSIGNS | EQUALS:
            raise Unclear(f"what {relation} says is not read", chain)
        yield Equation(left, side, relation in ASSIGNS)


def _is_next(left: s.Node, side: s.Node) -> bool:
    return (
        isinstance(side, s.Scripted)
        and side.primes > 0
        and side.sub is None
        and key_of(side.base) == key_of(left)
    )


# --- what is said --------------------------------------------------------------------------


def _declared(said: Mapping[str, str]) -> tuple[list[Equation], dict[str, str], list[str]]:
    """Sequences by formulas, letters by words, and what was not read."""
    equations: list[Equation] = []
    words: dict[str, str] = {}
    unread: list[str] = []
    for key, value in said.items():
        try:
            names = _items(read(key))
        except SymnetError:
            unread.append(f"{key}: {value}")
            continue
        if is_prose(value) or not re.search(r"[\\_^0-9=+]", value):
            parts = [part.strip() for part in re.sub(r"\([^)]*\)", "", value).split(",")]
            each = parts if len(parts) == len(names) else [value] * len(names)
            for name, meaning in zip(names, each, strict=True):
                plain = letter_of(name)
                power = isinstance(name, s.Scripted) and isinstance(name.sup, s.Number)
                if plain is not None and not power:
                    words[plain] = meaning
            continue
        try:
            first, *more = read(value).statements
            equations += [Equation(name, first, said=True) for name in names]
            for statement in more:
                if isinstance(statement, s.Chain):
                    equations += [Equation(x.left, x.right, said=True) for x in _chain(statement)]
        except (SymnetError, ValueError):
            unread.append(f"{key}: {value}")
    return equations, words, unread


def letter_of(node: s.Node) -> str | None:
    """The letter of x_t, x', x^{(t)}, \\beta_1."""
    if isinstance(node, s.Scripted):
        letters = dict.fromkeys(STEPS, "t")
        scripts = [x for x in (node.sub, node.sup) if x is not None and not isinstance(x, s.Number)]
        if any(step_of(script, letters) is not None for script in scripts):
            return key_of(node.base)
        if node.primes and node.sub is None and node.sup is None:
            return key_of(node.base)
    return key_of(node)


def _items(display: s.Display) -> list[s.Node]:
    found: list[s.Node] = []
    for statement in display.statements:
        found += statement.items if isinstance(statement, s.Listed) else [statement]
    return found


_LEFT = re.compile(r"((\\(hat|tilde|bar|mathbf|boldsymbol|Delta)\s*)?\S+)\s*$")
_WORDS_AFTER = re.compile(r"(?<![\\{A-Za-z])\b(with|where|for|in|giving|then|so|when|per)\b[ ].*$")


def printed(text: str) -> list[Equation]:
    """The recurrences that words have in them: heavy ball: w_{t+1} = …"""
    at = min((text.find(sign) for sign in ("=", r"\leftarrow", r"\to") if sign in text), default=-1)
    if at < 0:
        return []
    left = _LEFT.search(text[:at])
    if left is None:
        return []
    formula = _WORDS_AFTER.sub("", text[left.start() :])
    try:
        return [Equation(x.left, x.right, x.assigned, True) for x in equations_of(read(formula))]
    except SymnetError:
        return []


def _has_step(equation: Equation) -> bool:
    letters = _letters((equation.left, equation.right))
    return any(
        isinstance(x, s.Scripted) and x.sub is not None and step_of(x.sub, letters) is not None
        and not isinstance(x.sub, s.Number)
        for node in (equation.left, equation.right)
        for x in s.walk(node)
    )  # fmt: skip


# --- letters -------------------------------------------------------------------------------


def _letters(nodes: Iterable[s.Node]) -> dict[str, str]:
    """Which letters count steps: those in scripts with ± a number, else t; not those of sums."""
    nodes = list(nodes)
    parts = [x for node in nodes for x in s.walk(node)]
    bound = {
        x.sub.sides[0].text
        for x in parts
        if isinstance(x, s.Big)
        and isinstance(x.sub, s.Chain)
        and isinstance(x.sub.sides[0], s.Name)
    }
    found = dict.fromkeys(["t"] if "t" not in bound else [])
    for part in parts:
        if isinstance(part, s.Scripted):
            for script in (part.sub, part.sup):
                inner = script.body if isinstance(script, s.Bracketed) else script
                if isinstance(inner, s.Additive) and isinstance(inner.terms[0], s.Name):
                    letter = inner.terms[0].text
                    counts = script is part.sub or isinstance(script, s.Bracketed)
                    fits = letter in STEPS and letter not in bound and counts
                    if fits and step_of(inner, {letter: "t"}):
                        found[letter] = None
    return dict.fromkeys(found, "t")


def _letters_used(
    equations: Sequence[Equation], letters: Mapping[str, str], words: Mapping[str, str]
) -> tuple[set[str], set[str]]:
    """The letters of formulas: those that are sequences, and all others."""
    sequences: set[str] = set()
    others: set[str] = set()
    bound = dict.fromkeys((*STEPS,), "t")
    for equation in equations:
        key = letter_of(equation.left)
        if equation.assigned and key is not None:
            sequences.add(key)
        on_right = any(key_of(x) == key for x in s.walk(equation.right))
        named = key is not None and isinstance(equation.left, s.Name)
        if key is not None and named and on_right and _can_be_next(key, words):
            sequences.add(key)
        for node in (equation.left, equation.right):
            for x in _outside_derivatives(node):
                found = _member_letter(x, letters, bound, words)
                if found is not None:
                    sequences.add(found)
                elif isinstance(x, s.Name | s.Scripted):
                    plain = key_of(x)
                    if plain is not None:
                        others.add(plain)
    first = {f"{key}_{digit}" for key in sequences for digit in "01"}
    others = {x for x in others if x not in letters and x not in OBJECTIVES}
    return sequences, others - NOT_LETTERS - first


NOT_LETTERS = {"E", r"\nabla", r"\partial", "sqrt", r"\Delta"}


def _outside_derivatives(node: s.Node) -> Iterator[s.Node]:
    """All parts of a formula, without what stands in the scripts of names or in ∂C/∂w."""
    yield node
    match node:
        case s.Scripted(base=base, sub=sub, sup=sup):
            name = base.base if isinstance(base, s.Scripted) else base
            if isinstance(name, s.Name):
                if sup is not None and not isinstance(sup, s.Number):
                    yield from s.walk(sup)
                if sup is not None and sub is not None:
                    yield s.Scripted(base, sub=sub, start=node.start, end=node.end)
                elif sup is not None and not isinstance(base, s.Name):
                    yield from _outside_derivatives(base)
                return
        case s.Fraction(above=above):
            signs = [x for x in s.walk(above) if isinstance(x, s.Name)]
            if signs and signs[0].text in (r"\partial", "d"):
                return
        case s.Product(factors=factors):
            skipped = -1
            for at, factor in enumerate(factors):
                if isinstance(factor, s.Name) and factor.text == r"\Delta":
                    skipped = at + 1
                    continue
                base = factor.base if isinstance(factor, s.Scripted) else factor
                if isinstance(base, s.Name) and base.text == r"\nabla":
                    skipped = at + 1
                    continue
                if at == skipped:
                    if factors[at - 1] is not None and _is_delta(factors[at - 1]):
                        yield s.Product(
                            (factors[at - 1], factor), ("", ""), start=node.start, end=node.end
                        )
                    continue
                if at + 1 < len(factors) and mean_key(factor, factors[at + 1]):
                    yield s.Product(
                        (factor, factors[at + 1]), ("", ""), start=node.start, end=node.end
                    )
                    skipped = at + 1
                    continue
                yield from _outside_derivatives(factor)
            return
        case s.Big(sub=sub, sup=sup):
            return
    for child in s.children(node):
        yield from _outside_derivatives(child)


def _is_delta(node: s.Node) -> bool:
    return isinstance(node, s.Name) and node.text == r"\Delta"


def _member_letter(
    node: s.Node, letters: Mapping[str, str], bound: Mapping[str, str], words: Mapping[str, str]
) -> str | None:
    """The letter of x_{t-1}, x^{(t)}, x_i under a sum, x', Δw_t, E[g²]_t."""
    if isinstance(node, s.Product) and len(node.factors) == 2:
        if _is_delta(node.factors[0]):
            plain = letter_of(node.factors[1])
            return None if plain is None else rf"\Delta {plain}"
        return mean_key(*node.factors)
    if not isinstance(node, s.Scripted):
        return None
    key = key_of(node.base)
    if key is None or key == r"\nabla":
        return None
    if node.sub is not None and not isinstance(node.sub, s.Number):
        step = step_of(node.sub, {**bound, **letters})
        if step is not None and step.name:
            return key
    if isinstance(node.sup, s.Bracketed) and step_of(node.sup, letters) is not None:
        return key_of(node.base)
    if node.primes and node.sub is None and node.sup is None and _can_be_next(key, words):
        return key
    return None


def _can_be_next(key: str, words: Mapping[str, str]) -> bool:
    """Whether x' can be the next x: of a weight or a velocity, not of a constant."""
    table = roles()
    if key in words:
        return any(re.search(table[role].words, words[key], re.IGNORECASE) for role in PRIMED)
    return any(key in table[role].letters for role in PRIMED)


def _lefts(equations: Iterable[Equation]) -> set[str]:
    return {key for each in equations if (key := letter_of(each.left)) is not None}
