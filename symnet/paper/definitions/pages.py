r"""Whether a claim is about a page's own system of definitions, and which system that is.

A claim is, where all that it names is declared, no layer among it, and something of it is defined
by the page or by its convention. What the claim's page declares goes before its convention.

>>> from symnet.paper.formula.reader import read
>>> found = page_of("batchnorm", {}, read(r"\sum_{i=1}^m \frac{\partial \ell}{\partial x_i} = 0"))
>>> sorted(found.system.quantities)[-3:]
['hat:x', 'x', 'y']
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from symnet.network.functions import ACTIVATIONS
from symnet.paper.books.definition_files import definitions
from symnet.paper.context.declarations import is_prose, symbols_of
from symnet.paper.definitions.declarations import bases_of, declared, mentioned, wholes_of
from symnet.paper.definitions.elaboration import (
    EXPECTATIONS,
    INDICATORS,
    LENGTHS,
    MEANS,
    SOFTMAX,
    SUMS,
    SystemElaborator,
)
from symnet.paper.definitions.names import index_letters, key_of, ways_of
from symnet.paper.definitions.system import Quantity, System, axis, named
from symnet.paper.formula import syntax as s
from symnet.paper.meaning.numpy_calls import is_call
from symnet.paper.signs.function_names import is_one
from symnet.paper.signs.notation import spelled_out
from symnet.paper.signs.scripts import is_transpose

SIGNS = frozenset({
    r"\partial", "d", r"\nabla", "e", "T", r"\top", r"\intercal", "I", "axis", "keepdims", "True",
    "False", r"\cdot", r"\pi", SOFTMAX,
}) | SUMS | MEANS  # fmt: skip
SAID = ("definitions", "declared")
READ = {"activation", "cost", "widths", "bias", "depth", "output_activation", *SAID}
LAYER = re.compile(r"\^\{?[(\[]?\s*(l|L|\\ell)\s*([+-]\s*1)?\s*[)\]]?\}?")


@dataclass(frozen=True, slots=True)
class SystemPage:
    """The system, how its symbols are printed, and what of the context was not understood."""

    system: System
    printed: Mapping[str, str]
    assumptions: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def page_of(convention: str, context: Mapping[str, Any], display: s.Display) -> SystemPage | None:
    """The page of definitions that a claim is about; None if it is not about one."""
    own = said_in(context)
    if own is None or any(LAYER.search(text) for pair in own.items() for text in pair):
        return None
    book = definitions(convention).declared
    if not own and not book:
        return None
    used = {way.key for node in _names(display) for way in ways_of(node)}
    said = _merged(own, book, used)
    start = System(functions=_functions(said, context))
    system = declared(said, start)
    system = _with_variables(system, display)
    if any(True for _ in strangers(display, system)):
        return None
    # Of functions of a number alone what knows layers knows more, where it is asked.
    of_numbers = frozenset(system.formulas) if book else frozenset()
    if not _is_about(system, used, of_numbers):
        return None
    unread = [f"{key!r}" for key in own if bases_of(key) & system.unread]
    unread += [f"{key!r}" for key in sorted(set(context) - READ)]
    return SystemPage(system, _printed(said, system), system.assumptions, tuple(unread))


def _printed(said: Mapping[str, str], system: System) -> dict[str, str]:
    """Symbols as the page prints them, without the letters that count entries."""
    found = {}
    for key in said:
        for item in symbols_of(key):
            base = item.base if isinstance(item, s.Scripted) else item
            for node in (item, base):
                name = key_of(node)
                if name is not None and name in system.quantities:
                    found[name] = key[node.start : node.end]
                    break
    known = ((q, q) for q in system.quantities if re.fullmatch(r"\\[a-z]+|[A-Za-z]", q))
    return {**dict(known), **found}


def said_in(context: Mapping[str, Any]) -> dict[str, str] | None:
    """What a context declares; None if that is no table."""
    said: dict[str, str] = {}
    for table in SAID:
        entries = context.get(table) or {}
        if not isinstance(entries, Mapping):
            return None
        said |= {str(key): str(meaning) for key, meaning in entries.items()}
    return said


def _merged(own: Mapping[str, str], book: Mapping[str, str], used: set[str]) -> dict[str, str]:
    """What both declare. Of the convention only what is needed, if the page declares other things.

    What the page says of a symbol goes before what the convention says, but where it only describes
    in words what the convention has in LaTeX.
    """
    latex = {x for key, said in book.items() if not is_prose(said) for x in wholes_of(key)}
    taken = {
        key: said
        for key, said in own.items()
        if not (is_prose(said) and wholes_of(key) <= latex and _describes(said))
    }
    stated = {x for key in taken for x in (*wholes_of(key), *_arguments_of(key))}
    rest = {key: said for key, said in book.items() if not wholes_of(key) & stated}
    known = {x for key in book for x in wholes_of(key)}
    if all(wholes_of(key) <= known for key in own):
        return {**rest, **taken}
    needed, before = set(used), -1
    for said in taken.values():
        needed |= set(mentioned(said))
    while len(needed) != before:
        before = len(needed)
        for key, said in rest.items():
            if (wholes_of(key) | bases_of(key)) & (needed - stated):
                needed |= set(mentioned(said)) | wholes_of(key)
    kept = {k: v for k, v in rest.items() if (wholes_of(k) | bases_of(k)) & (needed - stated)}
    return {**kept, **taken}


def _arguments_of(key: str) -> Iterator[str]:
    """x, y, z of f(x, y, z)."""
    for item in symbols_of(key):
        match item:
            case s.Product(factors=(s.Name(), s.Bracketed(body=s.Listed(items=parts)))):
                yield from (x for x in map(key_of, parts) if x is not None)


DESCRIPTIONS = frozenset({
    "the", "a", "an", "its", "of", "and", "over", "in", "mini", "minibatch", "batch", "sample",
    "biased", "mean", "average", "variance", "input", "inputs", "output", "outputs", "hidden",
    "layer", "units", "normalised", "normalized", "value", "values", "prediction",
    "predictions", "score", "scores", "logits", "pre-activation", "preactivation", "activation",
    "activations", "scaled", "shifted", "objective", "regularised", "regularized", "penalty",
})  # fmt: skip


def _describes(said: str) -> bool:
    """Whether words may well describe what a convention defines."""
    return set(re.findall(r"[a-z-]+", said.lower().replace("mini-batch", "batch"))) <= DESCRIPTIONS


def _functions(said: Mapping[str, str], context: Mapping[str, Any]) -> dict[str, Any]:
    """The activation of the page by its letter, with its formula if the context has one."""
    found = {}
    for key, words in said.items():
        if is_prose(words) and re.search(r"activation|nonlinearity|element-?wise function", words):
            name = str(context.get("activation", "abstract")).lower()
            known = ACTIVATIONS.get({"logistic": "sigmoid"}.get(name, name))
            formula = None if known is None or known.couples_neurons else known.formula
            for base in bases_of(key):
                found[base] = formula
    return found


def _names(node: s.Node) -> Iterator[s.Name | s.Scripted]:
    for part in s.walk(node):
        if isinstance(part, s.Name | s.Scripted):
            yield part


def _is_about(system: System, used: set[str], functions: frozenset[str]) -> bool:
    """Whether a claim names something that is defined."""
    defined = {each.name for each in system.definitions} | system.drawn.keys()
    return any(
        (key in system.quantities and _is_defined(system.quantities[key], defined))
        or key in system.maps
        or key in functions
        for key in used
    )


def _is_defined(quantity: Quantity, defined: set[str]) -> bool:
    return quantity.alias is not None or quantity.name in defined


def _with_variables(system: System, display: s.Display) -> System:
    """LN(αx + β1): functions of a whole vector are taken of any vector, and α is any number."""
    called = {
        spelled_out(factor)
        for part in s.walk(display) if isinstance(part, s.Product)
        for factor in part.factors[:-1]
        if isinstance(factor, s.Name)
    }  # fmt: skip
    for name in called & system.formulas.keys():
        variable = system.formulas[name]
        if variable not in system.quantities:
            system = system.with_quantity(variable, Quantity(named(variable)))
    used = called & system.maps.keys()
    if not used:
        return system
    for name in used:
        variable, body = system.maps[name]
        if variable not in system.quantities:
            along = axis(f"length of {variable}")
            system = system.with_quantity(variable, Quantity(named(variable), (along,)))
            counts = {x.text for x in s.walk(body) if isinstance(x, s.Name)} & set(LENGTHS)
            new = dict.fromkeys(counts - system.quantities.keys() - system.sizes.keys(), along)
            system = replace(system, sizes={**system.sizes, **new})
    for node in _names(display):
        greek = isinstance(node, s.Name) and re.fullmatch(r"\\[a-z]+", node.text)
        known = any(way.key in system.quantities for way in ways_of(node))
        if greek and not known and isinstance(node, s.Name) and node.text not in SIGNS:
            key = spelled_out(node)
            system = system.with_quantity(key, Quantity(named(key)))
    return system


def strangers(node: s.Node, system: System) -> Iterator[s.Node]:
    """What is named in a formula, and not declared."""
    match node:
        case s.Name():
            if not _is_known(node, system):
                yield node
            return
        case s.Scripted(base=s.Name(text=r"\delta"), sub=sub, sup=None, primes=0) if (
            len(index_letters(sub) or ()) == 2
        ):
            return  # Kronecker's, where it is not declared as something else
        case s.Scripted(base=s.Name() as base):
            if any(_is_key(way.key, system) for way in ways_of(node)):
                if node.sup is not None and not is_transpose(node.sup) and node.base == base:
                    yield from _in_script(node.sup, system)
                return
            if _is_known(base, system):
                if node.sup is not None and not is_transpose(node.sup):
                    yield from strangers(node.sup, system)
                return
            yield node
            return
        case s.Scripted(base=base, sup=sup):
            # An entry of what stands in brackets: the letter counts it.
            yield from strangers(base, system)
            if sup is not None and not is_transpose(sup):
                yield from strangers(sup, system)
            return
        case s.Big():
            return
        case s.Product(factors=factors):
            skipped = False
            for at, factor in enumerate(factors):
                if skipped:
                    skipped = False
                    continue
                following = factors[at + 1] if at + 1 < len(factors) else None
                if isinstance(factor, s.Name) and following is not None:
                    skipped = system.called.get(spelled_out(factor)) == s.spell(following)
                    if skipped:
                        continue
                if _is_indicator(factor) and isinstance(following, s.Bracketed):
                    skipped = isinstance(following.body, s.Chain)
                    continue
                if isinstance(factor, s.Name) and factor.text in EXPECTATIONS and system.drawn:
                    continue
                if isinstance(factor, s.Name) and factor.text == "d" and following is not None:
                    key = key_of(following)
                    skipped = key is not None and _is_key(f"d{key}", system)
                    if skipped:
                        continue
                yield from strangers(factor, system)
            return
    for child in s.children(node):
        yield from strangers(child, system)


def _in_script(node: s.Node, system: System) -> Iterator[s.Node]:
    """A name inside a script of a known name may be part of it."""
    if not isinstance(node, s.Name | s.Number | s.Bracketed):
        yield from strangers(node, system)


def _is_key(key: str, system: System) -> bool:
    return (
        key in system.quantities or key in system.sizes or key in system.classes
        or key in system.maps or key in system.functions
    )  # fmt: skip


def _is_known(name: s.Name, system: System) -> bool:
    if _is_key(spelled_out(name), system) or name.text in SIGNS or _is_indicator(name):
        return True
    if is_call(name):
        return True
    return SystemElaborator(system).notation.function(name.text) is not None


def _is_indicator(node: s.Node) -> bool:
    return is_one(node) or (
        isinstance(node, s.Name) and node.text in INDICATORS and bool(node.style)
    )


def without_trivia(display: s.Display) -> s.Display:
    """A display without conditions that exclude single numbers: α ≠ 0."""
    kept = [
        at
        for at, each in enumerate(display.statements)
        if not (
            isinstance(each, s.Chain)
            and each.relations in ((r"\ne",), (r"\neq",))
            and isinstance(each.sides[1], s.Number)
        )
    ]
    if len(kept) == len(display.statements):
        return display
    return replace(
        display,
        statements=tuple(display.statements[at] for at in kept),
        separators=(*(display.separators[at] for at in kept[:-1]), ""),
    )
