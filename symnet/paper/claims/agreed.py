"""What a page declares that is so anyway: in words that the convention says, or proved in LaTeX."""

import re
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from symnet.errors import SymnetError
from symnet.paper.books.convention_files import Convention
from symnet.paper.books.translation import KERNEL
from symnet.paper.claims.judging import judge
from symnet.paper.claims.verdicts import PROVED
from symnet.paper.context.book_words import UNITS, heads_of, is_of_book, is_said_alike
from symnet.paper.context.declarations import is_prose
from symnet.paper.context.nielsens_words import agrees
from symnet.paper.context.page import page
from symnet.paper.formula import syntax as s
from symnet.paper.formula.plain_math import as_latex
from symnet.paper.formula.reader import read
from symnet.paper.signs.notation import LETTERS, spelled_out

SETTING = ("activation", "cost", "output_activation", "depth", "bias")
# "activation h(a_j)": what comes before the formula.
WORDS_BEFORE = re.compile(
    r"^(?:[A-Za-z][A-Za-z-]+,? )+(?=[^ ]*[\\(_^])|\s+at (?:the|an) output\w*(?: unit)?s?$"
)
SHAPE = re.compile(
    r"^(?:an? )?\(?([^\s()]+)\)? (?:by|x|×|\\times) \(?([^\s()]+?)(\+1)?\)?(?: (?:array|matrix))?$"
)
SIZES = re.compile(r"\b[sSmMdDN]_(?=[{l])")
OF_BIAS = re.compile(r"(the )?bias( (row|column|unit|weight)s?)?", re.IGNORECASE)
PLACEHOLDER = ("dX", "dJ/dX")  # whatever X is, as the book has it


def agreed(book: Convention, context: Mapping[str, Any]) -> frozenset[str]:
    """The keys of what is declared as the convention has it: in words, or proved in LaTeX."""
    setting = {k: context[k] for k in SETTING if k in context}
    if not book.translation.rules:
        return _agreed_with_nielsen(book, context, tuple(sorted(setting.items())))
    # z_j = h(a_j) is said of hidden units, where outputs are said to be others.
    hidden = {k: v for k, v in setting.items() if k != "output_activation"}
    settings = [tuple(sorted(x.items())) for x in (setting, hidden)]
    found = set()
    for table in ("definitions", "declared"):
        entries = context.get(table) or {}
        for key, said in entries.items() if isinstance(entries, Mapping) else ():
            if ((key, said) == PLACEHOLDER and book.samples) or (
                book.absorbed_bias and OF_BIAS.fullmatch(str(key)) and is_prose(str(said))
            ):
                found.add(key)
            if not is_of_book(str(key), book) or not is_said_alike(str(key), str(said), book):
                continue
            if (is_prose(str(said)) and not re.search(r"[\\=_^]", str(said))) or all(
                is_prose(part)
                or UNITS.search(part)
                or any(_is_proved(part, book, x) for x in dict.fromkeys(settings))
                for part in _parts(str(key), str(said), book.absorbed_bias)
            ):
                found.add(key)
    return frozenset(found)


def _agreed_with_nielsen(
    book: Convention, context: Mapping[str, Any], setting: tuple[tuple[str, Any], ...]
) -> frozenset[str]:
    """The same for Nielsen's own symbols, of which less is said in words."""
    found = set()
    for key, said in declared_in(context):
        if re.fullmatch(r"[a]\^\{?\(?[01]\)?\}?", key) and said.strip() in (
            "x",
            "input",
            "the input",
        ):
            found.add(key)  # how layers are counted; a formula with numbers is read as Nielsen's
        if (heads_of(key) and all(x in LETTERS for x in heads_of(key))) or agrees(key, said):
            sizes = re.fullmatch(r"\(([^,()]+), ?([^,()]+)\)", said.strip())
            shape = f"{sizes[1]} x {sizes[2]}" if sizes else said
            parts = list(_parts(key, shape, absorbed=False))
            if all(agrees(key, x) or _is_proved(as_latex(x), book, setting) for x in parts):
                found.add(key)
    return frozenset(found)


def declared_in(context: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for table in ("definitions", "declared"):
        entries = context.get(table) or {}
        if isinstance(entries, Mapping):
            for key, said in entries.items():
                yield str(key), str(said)


def is_new(key: str, book: Convention) -> bool:
    """Whether a page may define a symbol as it likes: a change Δw, or a letter without a meaning.

    What ∂C/∂w or δ is follows from the network, whatever a page says.
    """
    try:
        (node,) = read(key).statements
    except (SymnetError, ValueError):
        return False
    match node:
        case s.Product(
            factors=(s.Name(text=r"\Delta"), s.Name() | s.Scripted()), operators=("", "")
        ):
            return True
    base = node.base if isinstance(node, s.Scripted) else node
    known = book.translation.by_name.keys() | KERNEL | book.translation.functions
    return isinstance(base, s.Name) and spelled_out(base) not in known


def is_declared_so(display: s.Display, key: str, said: str) -> bool:
    """Whether a formula is an equation that the page declares, sign by sign but for dots."""
    try:
        stated = read(f"{key} = {said}")
    except SymnetError:
        return False
    one, other = (re.sub(r"\\cdot ", "", s.spell(x)) for x in (display, stated))
    return one == other


def without_known_shapes(book: Convention, context: Mapping[str, Any]) -> Mapping[str, Any]:
    """The context without the shapes that follow from what the book says."""
    shapes = context.get("shapes")
    if not isinstance(shapes, Mapping) or not book.translation.rules:
        return context
    setting = tuple(sorted((k, context[k]) for k in SETTING if k in context))
    left = {}
    for keys, shape in shapes.items():
        sides = re.fullmatch(r"\(([^,()]+),([^,()]+)\)", str(shape).strip())
        for key in str(keys).split(","):
            formula = rf"{key} \in \mathbb{{R}}^{{{sides[1]} \times {sides[2]}}}" if sides else ""
            if not formula or not _is_proved(formula, book, setting):
                left[key] = shape
    rest = {k: v for k, v in context.items() if k != "shapes"}
    return {**rest, "shapes": left} if left else rest


def _parts(key: str, said: str, absorbed: bool) -> Iterator[str]:
    """What is declared of a symbol, part by part: words as they are, formulas as equations."""
    parts, keys = (re.split(r",(?![^{(]*[})])", x) for x in (said, key))
    for at, part in enumerate(parts):
        key = keys[at] if len(keys) == len(parts) else keys[0]
        formula = re.sub(WORDS_BEFORE, "", part.strip())
        shape = SHAPE.match(part.strip())
        if UNITS.search(part):
            yield part  # of whom `is_said_alike` has judged
        elif shape is not None:
            one, other = (SIZES.sub("n_", x) for x in shape.groups()[:2])
            # A column more for the biases is left out.
            other += "" if shape[3] is None or absorbed else shape[3]
            yield rf"{key} \in \mathbb{{R}}^{{{one} \times {other}}}"
        elif is_prose(formula) or "=" in re.sub(r"\{[^{}]*\}", "", formula):
            yield formula
        else:
            yield f"{key} = {formula}"


@lru_cache(maxsize=1000)
def _is_proved(latex: str, book: Convention, setting: tuple[tuple[str, Any], ...]) -> bool:
    try:
        display = read(latex)
        about = page(book, dict(setting), display)
        verdict, _ = judge(about.display, about, time.perf_counter() + 1)
    except SymnetError:
        return False
    return verdict.verdict == PROVED
