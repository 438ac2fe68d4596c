r"""What a page declares, read into a `System`: definitions in LaTeX, shapes and losses in words.

>>> system = declared({"X": "N by D", "W": "D by K", "Y": "XW", "L": "scalar loss"})
>>> [each.name for each in system.definitions], sorted(system.unread)
(['‹Y›', '‹L›'], [])
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

import sympy

from symnet.calculus.graph import Definition
from symnet.errors import SymnetError
from symnet.paper.context.declarations import is_prose, symbols_of
from symnet.paper.definitions.elaboration import LOSSES, SOFTMAX, SystemElaborator
from symnet.paper.definitions.names import index_letters, key_of, ways_of
from symnet.paper.definitions.system import Quantity, System, named
from symnet.paper.definitions.words import defined_as, is_class, is_loss, said_of
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.meaning.arrays import Array, Value, scalar
from symnet.paper.meaning.formulas_of_one import as_formula
from symnet.paper.meaning.reading import Slot
from symnet.paper.signs.misfits import Misfit, Unclear
from symnet.paper.signs.notation import spelled_out
from symnet.term import Index, Partial, Symbol, rename

# What may stand behind a formula, and says no more than the formula or than a choice of ours.
ROWWISE = re.compile(r"^(per|for (each|every)|along|over( the)?) rows?$|^row-?wise$", re.I)
NOTHING = re.compile(
    r"^(no (gain|bias|gain or bias|affine.*)|without .*(gain|bias).*|for (all|every|each) \w+|"
    r"entry-?wise|element-?wise|component-?wise)$", re.I,
)  # fmt: skip
ENTRYWISE = re.compile(r"(entry|element|component).?wise (product|multipl)|hadamard", re.I)
OPERATORS = re.compile(r"\\(?:odot|circ|star|bullet|cdot|times|ast)\b|\.\*|\*")
ZERO = re.compile(r"^\\?[a-z]+ ?= ?0$")


def declared(
    said: Mapping[str, str], system: System | None = None, own: frozenset[str] = frozenset()
) -> System:
    """The system of a page. `own` are the keys of the claim's page, among those of a convention.

    A definition may use what is declared after it; a loss of which no more is said comes last.
    """
    system = system or System()
    # What numbers classes is known first: it says which letters number examples.
    waiting = dict(sorted(said.items(), key=lambda pair: not is_class(pair[1])))
    losses: dict[str, str] = {}
    for key in said:
        match symbols_of(key):
            case [s.Product(factors=(s.Name(), s.Bracketed(body=s.Listed()) as given))]:
                keys = frozenset(x for other in said for x in bases_of(other) if other != key)
                system = _with_arguments(system, given, keys)
    while waiting:
        before = len(waiting)
        for key, words in list(waiting.items()):
            if is_loss(words):
                losses[key] = waiting.pop(key)
                continue
            pending = frozenset(x for other in waiting if other != key for x in bases_of(other))
            changed = _declared(system, key, words, pending)
            if changed is not None:
                system = changed
                del waiting[key]
        if len(waiting) == before and losses:
            key = next(iter(losses))
            changed = _declared(system, key, losses.pop(key), frozenset())
            system = changed if changed is not None else _unread(system, key, said[key])
        elif len(waiting) == before:
            break
        if not waiting:
            waiting, losses = losses, {}
            if all(map(is_loss, waiting.values())):
                for key, words in waiting.items():
                    changed = _declared(system, key, words, frozenset())
                    system = changed if changed is not None else _unread(system, key, words)
                waiting = {}
    for key, words in waiting.items():
        system = _unread(system, key, words)
    return system


def _unread(system: System, key: str, words: str) -> System:
    return replace(
        system,
        assumptions=(*system.assumptions, f"{key}: {words}"),
        unread=system.unread | frozenset(bases_of(key)),
    )


def bases_of(key: str) -> set[str]:
    """The letters that a declaration is about, with their decorations."""
    items = symbols_of(key)
    found = set() if items else set(re.findall(r"\\?[A-Za-z]+", key))
    for item in items:
        whole = key_of(item)
        base = item.base if isinstance(item, s.Scripted) else item
        if isinstance(base, s.Name):
            found.add(spelled_out(base))
        if whole is not None:
            found.add(whole)
    return found


def wholes_of(key: str) -> frozenset[str]:
    """The symbols that a declaration is about, each with all its scripts."""
    items = symbols_of(key)
    if not items:
        return frozenset({key})
    found = (key_of(item) for item in items)
    return frozenset(x if x is not None else s.spell(item)
                     for x, item in zip(found, items, strict=True))  # fmt: skip


def parts_of(said: str) -> list[str]:
    """What commas part, outside of brackets."""
    parts, depth = [""], 0
    for sign in said:
        depth += (sign in "([{") - (sign in ")]}")
        if sign in ",;" and not depth:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts]


def _declared(system: System, key: str, said: str, pending: frozenset[str]) -> System | None:
    keys = symbols_of(key)
    head, *remarks = parts_of(said)
    if ENTRYWISE.search(said):
        signs = frozenset(OPERATORS.findall(key))
        return replace(system, entrywise=system.entrywise | signs) if signs else None
    if not is_prose(head) and len(keys) == 1:
        defined = _with_formula(system, keys[0], head, remarks, pending)
        if defined is not None:
            return defined
    return said_of(system, keys, said) if keys else None


def _with_formula(
    system: System, key: s.Node, head: str, remarks: list[str], pending: frozenset[str]
) -> System | None:
    """A definition in LaTeX; None where something in it is not known, or no formula at all."""
    if re.fullmatch(r"\w ?(by|x|×|\\times) ?\w", head):
        return None
    for remark in remarks:
        if ROWWISE.match(remark):
            system = replace(system, along="rows")
        elif not NOTHING.match(remark) and not ZERO.match(remark):
            return None
    try:
        display = read(head)
    except SymnetError:
        return None
    if len(display.statements) != 1 or isinstance(display.statements[0], s.Chain | s.Text):
        return None
    (body,) = display.statements
    match key:
        case s.Product(factors=(s.Name() as name, s.Bracketed() as given), operators=("", "")) if (
            isinstance(given.body, s.Listed) or spelled_out(name) in LOSSES
        ):
            # What it depends on is no factor, wherever it is named.
            try:
                found = _defined(_with_arguments(system, given, pending), name, body, pending)
            except (Misfit, Unclear):
                return None
            if found is None:
                return None
            return replace(found, called={**found.called, spelled_out(name): s.spell(given)})
        case s.Product(
            factors=(s.Name() as name, s.Bracketed(body=s.Name() as variable)), operators=("", "")
        ):
            formula = _of_a_number(variable, body, system)
            if formula is not None:
                own = {spelled_out(name): formula}
                return replace(
                    system,
                    functions={**system.functions, **own},
                    formulas={**system.formulas, **{k: spelled_out(variable) for k in own}},
                )
            if not _is_of_vector(body, variable):
                return None  # a function of a number, such as f(x) = tanh x
            maps = {**system.maps, spelled_out(name): (spelled_out(variable), body)}
            return replace(system, maps=maps)
    try:
        return _defined(system, key, body, pending)
    except (Misfit, Unclear):
        return None


def _with_arguments(system: System, given: s.Bracketed, pending: frozenset[str]) -> System:
    """f(x, y, z): letters that nothing else is said of are numbers."""
    items = given.body.items if isinstance(given.body, s.Listed) else ()
    for item in items:
        if isinstance(item, s.Name) and not item.style and spelled_out(item) not in pending:
            key = spelled_out(item)
            if key not in system.quantities and key not in system.sizes:
                system = system.with_quantity(key, Quantity(named(key)))
    return system


def _needs_vector(variable: str, body: s.Node) -> bool:
    """Whether what f(x) is makes sense of a vector alone: sums, norms, entries, a mean of x."""
    for node in s.walk(body):
        if isinstance(node, s.Big) or (isinstance(node, s.Bracketed) and node.open == "‖"):
            return True
        if isinstance(node, s.Name) and spelled_out(node) == f"bar:{variable}":
            return True
        if isinstance(node, s.Scripted) and node.sub is not None:
            return True
    return False


def _of_a_number(variable: s.Name, body: s.Node, system: System) -> sympy.Expr | None:
    """What f(x) is as a formula in x alone, where nothing in it needs x to be a vector."""
    if _needs_vector(spelled_out(variable), body):
        return None
    key = spelled_out(variable)
    elaborator = SystemElaborator(replace(system, quantities={}, sizes={}))
    elaborator.locals = {key: scalar(Symbol(named(key)))}
    try:
        value = elaborator.value(body)
    except (Misfit, Unclear):
        return None
    if not isinstance(value, Array) or not value.is_number:
        return None
    return as_formula(value.term, named(key))


def _is_of_vector(body: s.Node, variable: s.Name) -> bool:
    """Whether a formula speaks of the entries or of the mean of what it is a function of."""
    for part in s.walk(body):
        match part:
            case s.Scripted(base=s.Name(text=text), sub=sub) if text == variable.text and sub:
                return True
            case s.Name(text=text) if text == variable.text:
                if spelled_out(part) != spelled_out(variable):
                    return True
    return False


def _defined(system: System, key: s.Node, body: s.Node, pending: frozenset[str]) -> System | None:
    elaborator = Defining(system, pending)
    letters: list[str] = []
    name = key_of(key)
    if isinstance(key, s.Scripted) and isinstance(key.base, s.Name) and key.sup is None:
        labels = {x for each in system.classes for x in labels_in(each)}
        found = index_letters(key.sub)
        if found and not set(found) & labels:
            letters, name = found, spelled_out(key.base)
    if name is None:
        return None
    for letter in letters:
        # A letter that counts nothing so far counts what its quantity in the body has.
        elaborator.scope[letter] = Slot(letter, system.letters.get(letter))
    value = elaborator.value(body)
    for letter in letters:
        slot = elaborator.scope[letter]
        slot.axis = slot.axis or elaborator._axis_of(letter)
    if not isinstance(value, Array):
        return None
    system = elaborator.system
    if letters:
        if not value.is_number:
            return None
        slots = [elaborator.scope[letter] for letter in letters]
        indices = tuple(Index(slot.name, slot.axis) for slot in slots if slot.axis is not None)
        if isinstance(value.term, Partial):
            own = tuple(elaborator.arrays.fresh(i.axis) for i in indices)
            alias = Array(own, (), rename(value.term, dict(zip(indices, own, strict=True))))
            return system.with_quantity(name, Quantity(named(name), alias=alias))
        quantity = Quantity(named(name), tuple(i.axis for i in indices), (), plain=True)
        system = system.with_quantity(name, quantity)
        return system.with_definition(Definition(named(name), indices, value.term))
    if isinstance(value.term, Partial):
        return system.with_quantity(name, Quantity(named(name), alias=value))
    return defined_as(system, name, value, is_softmax=_is_softmax(body))


def labels_in(key: str) -> set[str]:
    """The letters that number examples: i of the class y_i."""
    return set(re.findall(r"_\{?([a-z])\}?", key))


def _is_softmax(body: s.Node) -> bool:
    match body:
        case s.Product(factors=(s.Name(text=text), s.Bracketed()), operators=("", "")):
            return text == SOFTMAX
    return False


class Defining(SystemElaborator):
    """A definition being read: what the page declares later is not guessed at."""

    def __init__(self, system: System, pending: frozenset[str]) -> None:
        super().__init__(system, inferring=True)
        self.pending = pending

    def _unknown(self, node: s.Name | s.Scripted, name: s.Name) -> Value:
        if spelled_out(name) in self.pending or any(w.key in self.pending for w in ways_of(node)):
            raise Unclear("this is declared later", node)
        return super()._unknown(node, name)


def mentioned(text: str) -> Iterator[str]:
    """The keys under which names of a formula may be declared."""
    try:
        display = read(text)
    except SymnetError:
        return
    for node in s.walk(display):
        if isinstance(node, s.Name | s.Scripted):
            for way in ways_of(node):
                yield way.key
