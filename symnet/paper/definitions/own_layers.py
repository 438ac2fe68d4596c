r"""Pages with a layer equation of their own: a^l = r^l ⊙ σ(z^l), a^l = a^{l-1} + σ(z^l).

A claim about layers l-1 to l+1 is one about a few quantities: a^{l-1} is any vector, each layer
above follows from the page's own equations, and C is any function of what the highest one gives.
That is a page of definitions, which `claims.py` judges. Where the page has its equation for
hidden layers only, the highest layer is once a hidden one, and once the last.

>>> import time
>>> from symnet.paper.formula.reader import read
>>> said = {"r^l": "0/1 mask", "a^l": r"r^l \odot \sigma(z^l)"}
>>> text = r"\delta^l = (w^{l+1})^T \delta^{l+1} \odot r^l \odot \sigma'(z^l)"
>>> verdict_by_own_layers(read(text), {"declared": said}, time.perf_counter() + 5).verdict
'proved'
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from symnet.errors import SymnetError
from symnet.paper.claims.verdicts import PROVED, REFUTED, Verdict
from symnet.paper.context.declarations import is_prose
from symnet.paper.definitions.claims import judged
from symnet.paper.definitions.pages import page_of
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.signs.notation import LETTERS
from symnet.paper.signs.scripts import layer_and_transpose, layer_of, mapped
from symnet.term import LayerNumber

OWN = re.compile(r"^\\?(a|z|h)\^\{?[(\[]?l[)\]]?\}?$")
HIDDEN = re.compile(r"[,;]?\s*\(?\b(for|at|in)( all| the)? hidden (l|layers?)\b\)?\s*$")
MASK = re.compile(r"^(an? |the )?(0/1|0-1|binary|bernoulli|dropout) ?(mask|vector)?", re.IGNORECASE)
SCALAR = re.compile(
    r"^(an? |the )?(constant|scalar|scale|factor|keep probability)\b", re.IGNORECASE
)
SIZES = ("p", "q", "u", "v", "g")
MOST = 4  # layers of a window
READ = {"activation", "cost", "widths", "declared", "definitions", "bias"}
HARMLESS = re.compile(r"^(abstract|arbitrary)")


@dataclass(frozen=True, slots=True)
class OwnLayers:
    """What a page says of its layers: its equations in a^{l-1}, masks, scalars."""

    activation: s.Node
    weighted: s.Node | None
    masks: frozenset[str]
    scalars: frozenset[str]
    hidden: bool  # whether the equations are those of hidden layers
    equal: bool  # whether all layers have as many neurons
    bias: bool


def verdict_by_own_layers(
    display: s.Display, context: Mapping[str, Any], deadline: float
) -> Verdict | None:
    """The verdict on a claim of such a page; None if it is none, or not about a few layers."""
    own = own_layers(context)
    if own is None:
        return None
    found = _mentioned(display, own)
    if not found or len({x.name for _, x in found}) != 1 or found[0][1].name not in ("l", "L"):
        return None
    low = min(x.offset - (letter not in ("a",)) for letter, x in found)
    high = max(x.offset for _, x in found)
    if high - low > MOST or high == low:
        return None
    last = found[0][1].name == "L"
    if last and high != 0:
        return None
    renamed = _renamed(display, own, low)
    masked = any(letter in own.masks and x.offset == high for letter, x in found)
    kinds = [False] if not own.hidden else [True] if last else [False] if masked else [False, True]
    verdicts = []
    for plain in kinds:
        said = _declared(own, high - low, plain)
        about = page_of("nielsen", {"declared": said}, renamed)
        if about is None or about.unread:
            return None
        verdict, _ = judged(renamed, about, deadline)
        if verdict.verdict != PROVED:
            kind = verdict.error_kind or ("other" if verdict.verdict == REFUTED else None)
            return replace(verdict, error_kind=kind)
        verdicts.append(verdict)
    return replace(verdicts[0], reason="it follows from the page's own layers, for all widths")


def own_layers(context: Mapping[str, Any]) -> OwnLayers | None:
    """The layer equations of a page; None without one, or with what is not understood."""
    said: dict[str, str] = {}
    for table in ("definitions", "declared"):
        entries = context.get(table) or {}
        if not isinstance(entries, Mapping):
            return None
        said |= {str(k): str(v) for k, v in entries.items()}
    if set(context) - READ or not HARMLESS.match(str(context.get("cost", "abstract"))):
        return None
    if not HARMLESS.match(str(context.get("activation", "abstract"))):
        return None
    widths = context.get("widths", "arbitrary")
    if widths not in ("arbitrary", "equal"):
        return None
    equations: dict[str, s.Node] = {}
    masks, scalars, hidden = set(), set(), False
    for key, meaning in said.items():
        named = OWN.match(key)
        try:
            (node,) = read(key).statements
        except (SymnetError, ValueError):
            return None
        if named is not None:
            formula = HIDDEN.sub("", meaning)
            hidden = hidden or (formula != meaning and named[1] == "a")
            try:
                (equations[named[1]],) = read(formula).statements
            except (SymnetError, ValueError):
                return None
        elif MASK.match(meaning) and isinstance(node, s.Scripted) and isinstance(node.base, s.Name):
            masks.add(node.base.text)
        elif SCALAR.match(meaning) and isinstance(node, s.Name):
            scalars.add(node.text)
        elif not is_prose(meaning) or node is None:
            return None
    if len(masks) > 1 or "a" not in equations or (masks | scalars) & LETTERS.keys():
        return None
    a, z = equations["a"], equations.get("z")
    if _is_standard(a):
        return None
    skips = any(
        isinstance(x, s.Scripted) and isinstance(x.base, s.Name) and x.base.text == "a"
        for x in s.walk(a)
    )
    return OwnLayers(
        a, z, frozenset(masks), frozenset(scalars), hidden,
        skips or widths == "equal", context.get("bias", "separate") == "separate",
    )  # fmt: skip


def _is_standard(node: s.Node) -> bool:
    """σ(z^l), as everywhere."""
    return re.sub(r"[{}() ]", "", s.spell(node)) == r"\sigmaz^l"


def _mentioned(node: s.Node, own: OwnLayers) -> list[tuple[str, LayerNumber]]:
    """The layers of a formula, with the quantity that is said to be there."""
    found = []
    for part in s.walk(node):
        if isinstance(part, s.Scripted) and isinstance(part.base, s.Name) and part.sup is not None:
            text = part.base.text
            layer, _ = layer_and_transpose(part.sup)
            number = layer_of(layer) if layer is not None else None
            if number is not None and (text in LETTERS or text in own.masks):
                found.append((LETTERS.get(text, text), number))
    return found


def _renamed(node: s.Node, own: OwnLayers, low: int) -> s.Display:
    """A formula with numbers for layers: z^{(1)} is the lowest that has a z."""

    def changed(part: s.Node) -> s.Node:
        if isinstance(part, s.Scripted) and isinstance(part.base, s.Name) and part.sup is not None:
            text = part.base.text
            layer, transposed = layer_and_transpose(part.sup)
            number = layer_of(layer) if layer is not None else None
            if number is not None and (text in LETTERS or text in own.masks):
                place: dict[str, Any] = {"start": part.start, "end": part.end}
                digits = s.Number(str(number.offset - low), **place)
                sub = None if part.sub is None else changed(part.sub)
                name = "w" if LETTERS.get(text) == "w" else text
                base = replace(part.base, text=name, style=())
                sup = s.Bracketed("(", digits, ")", **place)
                made: s.Node = s.Scripted(base, sub, sup, part.primes, **place)
                if LETTERS.get(text) == "δ":
                    # It is what it is said to be: the slope of C by z.
                    z = s.Scripted(s.Name("z", **place), sub, sup, **place)
                    d = s.Name(r"\partial", **place)
                    upper = s.Product((d, s.Name("C", **place)), ("", ""), **place)
                    lower = s.Product((d, z), ("", ""), **place)
                    made = s.Fraction(upper, lower, **place)
                if not transposed:
                    return made
                inside = s.Bracketed("(", made, ")", **place)
                return s.Scripted(inside, None, s.Name("T", **place), **place)
        return mapped(part, changed)

    made = changed(node)
    if isinstance(made, s.Display):
        return made
    return s.Display((made,), ("",), start=made.start, end=made.end)


def _declared(own: OwnLayers, count: int, plain: bool) -> dict[str, str]:
    """The window as definitions in LaTeX: layers 1 to `count`; a `plain` last one has a = σ(z)."""
    sizes = [SIZES[0] if own.equal else SIZES[k] for k in range(count + 1)]
    said = {r"\sigma": "activation function", "a^{(0)}": f"vector of length {sizes[0]}"}
    for name in sorted(own.scalars):
        said[name] = "scalar"
    for k in range(1, count + 1):
        said[f"w^{{({k})}}"] = f"{sizes[k]} by {sizes[k - 1]}"
        said[f"b^{{({k})}}"] = f"vector of length {sizes[k]}"
        for mask in own.masks:
            # Whatever numbers these are, a mask is 0 or 1.
            free = f"t^{{({k})}}"
            said[free] = f"vector of length {sizes[k]}"
            said[f"{mask}^{{({k})}}"] = rf"\mathbb{{1}}({free} > 0)"
        z = rf"w^{{({k})}} a^{{({k - 1})}}" + (rf" + b^{{({k})}}" if own.bias else "")
        if own.weighted is not None:
            z = _at(own.weighted, own, k)
        said[f"z^{{({k})}}"] = z
        a = rf"\sigma(z^{{({k})}})" if plain and k == count else _at(own.activation, own, k)
        said[f"a^{{({k})}}"] = a
    said["C"] = rf"L(a^{{({count})}})"
    return said


def _at(node: s.Node, own: OwnLayers, k: int) -> str:
    """An equation at layer k as LaTeX."""
    return latex(_renamed(node, own, -k).statements[0])


def latex(node: s.Node) -> str:
    """A formula of sums, products and scripts as LaTeX. Raises SymnetError for others."""
    match node:
        case s.Number(text=text) | s.Name(text=text):
            return text
        case s.Bracketed(open=opened, body=body, close=closed) if opened in "([":
            return f"{opened}{latex(body)}{closed}"
        case s.Scripted(base=base, sub=sub, sup=sup, primes=primes):
            below = "" if sub is None else f"_{{{latex(sub)}}}"
            above = "" if sup is None else f"^{{{latex(sup)}}}"
            inside = latex(base) + "'" * primes
            return (inside if isinstance(base, s.Name) else f"{{{inside}}}") + below + above
        case s.Product(factors=factors, operators=operators):
            parts = (f"{sign} {latex(x)}" for x, sign in zip(factors, operators, strict=True))
            return " ".join(parts).strip()
        case s.Additive(terms=terms, signs=signs):
            parts = (f"{sign} {latex(x)}" for x, sign in zip(terms, signs, strict=True))
            return " ".join(parts).removeprefix("+ ")
        case s.Fraction(above=above_, below=below_):
            return rf"\frac{{{latex(above_)}}}{{{latex(below_)}}}"
    raise SymnetError("a layer equation that is not understood")
