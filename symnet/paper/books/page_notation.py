r"""The notation of a page: a book's, or what the page's own forward equations say.

`other` means that only the context's definitions hold; a page that names a book but has forward
equations of another kind is read by its own.

>>> found, _ = understood("other", {"definitions": {"z^l": "a^{l-1} w^l + b^l (row vectors)"}})
>>> from symnet.paper.formula import syntax as s
>>> [s.spell(x.meaning) for x in found.translation.rules if x.base == "z"]
['z_{j}^{l}', '(z^{l})^{T}']
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from symnet.errors import SymnetError
from symnet.network.functions import ACTIVATIONS
from symnet.paper.books import context_words as words
from symnet.paper.books import inferred, numbered_pages
from symnet.paper.books.convention_files import Convention, convention
from symnet.paper.formula import syntax as s
from symnet.paper.formula.plain_math import as_latex, remarks
from symnet.paper.signs.notation import LETTERS

OTHER = "other"
# Letters for the cost, where a page says of them nothing else.
COSTS = ("J", "E", r"\mathcal{L}", r"\mathcal{C}", r"\mathcal{E}", r"\mathcal{J}")
NAMES = {"logistic": "sigmoid", "sigm": "sigmoid", "linear": "identity"}
TABLES = ("definitions", "declared")
_SLOPE = re.compile(r"^(?P<sign>-?)\s*\\frac\{\\partial (?P<cost>[^{}]*(?:\{\w+\})?)\}\{\\partial ")
_LETTER = re.compile(r"\\?[A-Za-z]+")
_FROM_TO = re.compile(
    r"^(?:weights? )?from (?:unit |neuron )?(\w)(?: \S+)? to (?:unit |neuron )?(\w)\b"
)
_ERROR = re.compile(r"^(?P<name>\\?[A-Za-z]+)[_^]")
_PAIR = re.compile(r"^(\\?[A-Za-z]+)_\{?(\w)(\w)\}?")
_WORD = re.compile(r"(?<![\\_^{A-Za-z])(?!sum|prod|sigma|delta|tanh|softmax|diag)[A-Za-z]{3,}")
# Which number the layer of inputs has.
_FIRST = re.compile(r"(\d)\s*\.\.+\s*L")
_OUTPUT = re.compile(r"\b([A-Za-z])_\w output")


def understood(name: str, context: Mapping[str, Any]) -> tuple[Convention, Mapping[str, Any]]:
    """The convention of a claim, and its context with what is said in words put in order.

    Raises SymnetError where there is no such convention, or no forward equation to infer it from.
    """
    context = dict(context)
    entries = _entries(context)
    local = context.get("local")
    cost = words.cost(str(context.get("cost", "")), local if isinstance(local, Mapping) else None)
    activation, functions = words.activation(str(context.get("activation", "abstract")))
    book = None
    if name == OTHER or _is_of_its_own(entries, convention(name)):
        named = [cost.letters, cost.output, cost.target]
        first = _FIRST.fullmatch(str(context.get("layers", "1..L")))
        number = int(first[1]) if first is not None else 1
        key = json.dumps([entries, str(context.get("activation", "")), named, functions, number])
        several = _numbered(key)
        if several is not None:
            book = several.book
            context.setdefault("depth", f"{several.depth} layers")
            if several.output:
                context.setdefault("output_activation", several.output)
        else:
            book = _inferred(key)
        if book is not None and first is not None:
            context.pop("layers", None)  # its layers are counted so
        if book is None and name == OTHER:
            raise SymnetError("no forward equation of this page was understood")
    if book is None:
        own = convention(name)
        typed = context if own.translation.rules else _typed(context)
        return own, _plainly(typed, activation, functions, cost, own)
    for table in TABLES:
        context.pop(table, None)
    context["declared"] = {as_latex(k): as_latex(v) for k, v in entries.items()}
    if context.pop("local", None) and not cost.target:
        context["local"] = "not understood"
    context["activation"] = _named(book, activation)
    if cost.name is not None:
        context["cost"] = cost.name
    return book, context


def _plainly(
    context: Mapping[str, Any],
    activation: str,
    functions: tuple[str, ...],
    cost: words.Cost,
    book: Convention,
) -> Mapping[str, Any]:
    """A context without the words around the names of activation and cost."""
    said = str(context.get("activation", "abstract"))
    found = dict(context)
    if activation in ("abstract", *ACTIVATIONS) and "max" not in said and activation != said:
        found["activation"] = activation
    if cost.name is not None and (not cost.output or _has_letters(cost, book)):
        found["cost"] = cost.name
    return found


def _has_letters(cost: words.Cost, book: Convention) -> bool:
    """Whether output and target have the letters a and y, and these mean that in the book."""
    meant = {
        letter: next((x for x in s.walk(each.meaning) if isinstance(x, s.Name)), None)
        for letter in "ay"
        for each in book.translation.by_name.get(letter, ())
        if not each.before
    }
    return (cost.output, cost.target) == ("a", "y") and all(
        name is not None and name.text == letter for letter, name in meant.items()
    )


def _named(book: Convention, activation: str) -> str:
    """The activation, where nothing is said of it but its name in the equations: relu(W x + b)."""
    names = {NAMES.get(x.lower(), x.lower()) for x in book.translation.functions}
    known = names & ACTIVATIONS.keys() - {"softmax"}
    return known.pop() if activation == "abstract" and len(known) == 1 else activation


def _typed(context: Mapping[str, Any]) -> dict[str, Any]:
    """A context whose declarations are LaTeX where they are typed as plain text."""
    found = dict(context)
    for table in TABLES:
        entries = found.get(table)
        if isinstance(entries, Mapping):
            found[table] = {
                k if "\\" in str(k) else as_latex(str(k)): _formula(str(v))
                for k, v in entries.items()
            }
    return found


def _formula(said: str) -> str:
    """A formula that is typed as plain text, as LaTeX; words stay as they are."""
    words = _WORD.findall(said)
    is_said = "\\" in said or len(words) > 1 or any(len(x) > 4 or " " in said for x in words)
    return said if is_said else as_latex(said)


def _entries(context: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for table in TABLES:
        said = context.get(table) or {}
        if isinstance(said, Mapping):
            found |= {str(k): str(v) for k, v in said.items()}
    return found


def _is_of_its_own(entries: Mapping[str, str], book: Convention) -> bool:
    """Whether a page has a forward equation in layers that is none of the book's."""
    known = book.translation.by_name.keys() if book.translation.rules else LETTERS
    for key, said in entries.items():
        found = inferred.forward(as_latex(key), as_latex(said))
        if found is None or found.weight is None or found.before is None:
            continue
        if found.given.layer is None or found.weight.layer is None:
            continue
        if found.weight.base not in known or (found.rows and not book.translation.rules):
            return True
    return False


@lru_cache(maxsize=200)
def _numbered(key: str) -> numbered_pages.Numbered | None:
    entries, _, (letters, _, target), functions, _ = json.loads(key)
    texts = {as_latex(k): as_latex(v) for k, v in entries.items()}
    rows = any("row" in remark for said in entries.values() for remark in remarks(said))
    cost = letters[0] if letters else "C"
    return numbered_pages.numbered(texts, cost, functions, rows=rows, target=target)


@lru_cache(maxsize=200)
def _inferred(key: str) -> Convention | None:
    entries, activation, (letters, output, target), functions, number = json.loads(key)
    texts = {as_latex(k): as_latex(v) for k, v in entries.items()}
    rows = any("row" in remark for said in entries.values() for remark in remarks(said))
    first = next((x for x in (inferred.forward(k, v) for k, v in texts.items()) if _sums(x)), None)
    if first is None:
        linked = _by_links(texts, activation)
        if linked is None:
            return None
        texts |= linked
        first = next((x for x in (inferred.forward(k, v) for k, v in linked.items()) if x), None)
    assert first is not None
    rows = rows or first.rows
    given = {**_slopes(texts, first, rows), **_defaults(first, rows)}
    units = {x.given.base for x in (inferred.forward(k, v) for k, v in texts.items()) if x}
    given |= _costs(letters, output if output not in units else "", target, first, rows)
    known = {*given, first.given.base, first.weight.base if first.weight else ""}
    # E beside E_n is the cost of all samples.
    given |= {
        x: "C" for x in COSTS if x not in known and not any(k.startswith(f"{x}_") for k in known)
    }
    book = inferred.book(texts, rows=rows, given=given, functions=functions, first=number)
    if book is None or any(key.startswith((r"\delta", r"\Delta")) for key in texts):
        return book
    turned = {k: f"-{v}" if k.startswith(r"\delta") else v for k, v in given.items()}
    opposite = inferred.book(texts, rows=rows, given=turned, functions=functions, first=number)
    return replace(book, opposite=opposite)


def _sums(found: inferred.Forward | None) -> bool:
    return found is not None and found.weight is not None


def _by_links(texts: Mapping[str, str], activation: str) -> dict[str, str] | None:
    """Σ_i w_{ji} o_i from the words "w_{ji}: from i to j"."""
    for key, said in texts.items():
        pair, link = _PAIR.match(key), _FROM_TO.match(said)
        if pair is None or link is None or {pair[2], pair[3]} != {link[1], link[2]}:
            continue
        output = _OUTPUT.search(activation)
        unit = output[1] if output else "o"
        below, above = link[1], link[2]
        weight = f"{pair[1]}_{{{pair[2]}{pair[3]}}}"
        return {rf"\mathrm{{net}}_{above}": rf"\sum_{below} {weight} {unit}_{below}"}
    return None


def _slopes(texts: Mapping[str, str], first: inferred.Forward, rows: bool) -> dict[str, str]:
    """The rules for δ, by its definition as a derivative with its sign, and the cost's letter.

    Whatever is said to be a derivative of the cost by what comes in is δ: Err_j, e^l. By what goes
    out of a neuron it is that derivative, at every layer.
    """
    layered, lowered = first.given.layer is not None, first.given.lowered
    rules: dict[str, str] = {}
    slopes = {r"\delta": (r"\delta", "")}
    outputs = _outputs(texts)
    for key, said in texts.items():
        found = _SLOPE.match(said)
        base = _ERROR.match(key)
        if found is not None and base is not None:
            name = base["name"]
            by = _LETTER.match(said[found.end() :])
            meant = r"\delta" if by is None or by[0] not in outputs else ""
            slopes[name if len(name) == 1 or name[0] == "\\" else rf"\mathrm{{{name}}}"] = (
                meant,
                found["sign"],
            )
            rules[found["cost"]] = "C"
    for name, (meant, sign) in slopes.items():
        whole, entry, unit = (
            (rf"{meant}^l", rf"{meant}_j^l", rf"{meant}_j^j")
            if meant
            else tuple(rf"\frac{{\partial C}}{{\partial {x}}}" for x in ("a^l", "a_j^l", "a_j^j"))
        )
        whole = f"{sign}({whole})^T" if rows else f"{sign}{whole}"
        if lowered:
            rules[rf"{name}_l"] = whole
        elif layered:
            rules[rf"{name}_j^l"] = f"{sign}{entry}"
            rules[rf"{name}^l"] = whole
        else:
            rules[rf"{name}_j"] = f"{sign}{unit}"
    return rules


def _outputs(texts: Mapping[str, str]) -> frozenset[str]:
    """The letters of what goes out of a neuron: a of a = f(z), where z has a letter of its own."""
    found = [x for x in (inferred.forward(k, v) for k, v in texts.items()) if x is not None]
    return frozenset(
        x.given.base for x in found if x.weighted is not None and x.weighted.base != x.given.base
    )


def _defaults(first: inferred.Forward, rows: bool) -> dict[str, str]:
    """What pages do not say: z, x and y as everywhere, rows where vectors are rows."""
    if first.given.layer is None:
        return {}
    rules: dict[str, str] = {}
    if first.given.base != "z" and first.before is not None and first.before.base != "z":
        whole = "(z^l)^T" if rows else "z^l"
        rules |= {"z_l": whole} if first.given.lowered else {"z_j^l": "z_j^l", "z^l": whole}
    if rows:
        rules |= {"x_j": "x_j", "y_j": "y_j", "x": "x^T", "y": "y^T"}
    return rules


def _costs(
    letters: list[str], output: str, target: str, first: inferred.Forward, rows: bool
) -> dict[str, str]:
    """Rules for the cost's letters, and for output and target where they have names."""
    rules = dict.fromkeys(letters, "C")
    before = first.before.base if first.before is not None else ""
    if target and (target != "y" or first.given.layer is None):
        rules |= {f"{target}_j": "y_j", target: "y^T" if rows else "y"}
    if output and output != "a" and output not in (before, first.given.base):
        rules |= {f"{output}_j": "a_j^L", output: "(a^L)^T" if rows else "a^L"}
    return rules
