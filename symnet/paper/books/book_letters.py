r"""Nielsen's quantities in the letters of a book: δ_j^l is `\delta^{(l)}_j` here, -δ_j there.

>>> from symnet.paper.books.convention_files import convention
>>> written("w", LayerNumber("l", 1), ("k", "j"), convention("ufldl"))
'W^{(l)}_{kj}'
>>> written("δ", LayerNumber("l"), ("j",), convention("haykin"))
'-\\delta^{(l)}_{j}'
"""

from collections.abc import Mapping, Sequence

from symnet.paper.books.convention_files import Convention
from symnet.paper.books.rules import Rule
from symnet.paper.formula import syntax as s
from symnet.paper.signs.scripts import layer_of, subscripts
from symnet.term import LayerNumber

NAMES = {"w": ("w", "W"), "b": ("b",), "z": ("z",), "a": ("a",), "δ": (r"\delta",), "y": ("y",)}


def written(
    name: str, layer: LayerNumber | None, letters: Sequence[str], book: Convention
) -> str | None:
    """A quantity of a layer as a book prints it; None where the book has no symbol for it."""
    if not book.translation.rules:
        return _nielsens(name, layer, letters)
    for each in book.translation.rules:
        sign, meant = _parted(each.meaning)
        if meant is None or not isinstance(meant.base, s.Name):
            continue
        if meant.base.text not in NAMES[name] or each.before:
            continue
        found = _filled(each, meant, layer, letters, book)
        if found is not None:
            return f"{sign}{found}"
    known = book.translation.by_name.keys()
    if book.translation.closed or known & set(NAMES[name]):
        return None
    return _nielsens(name, layer, letters)


def cost(book: Convention) -> str:
    """The letter of the cost of one sample."""
    for meaning in ("C_{0}", "C"):
        for each in book.translation.rules:
            if s.spell(each.meaning) == meaning:
                return _latex(each.key, {})
    return "C"


def function(book: Convention) -> str:
    """The letter of the activation."""
    return next(iter(sorted(book.translation.functions)), r"\sigma")


def _nielsens(name: str, layer: LayerNumber | None, letters: Sequence[str]) -> str:
    base = NAMES[name][0]
    raised = "" if layer is None else f"^{{{layer}}}"
    return f"{base}_{{{''.join(letters)}}}{raised}" if letters else f"{base}{raised}"


def _parted(meaning: s.Node) -> tuple[str, s.Scripted | None]:
    """The sign of a meaning and the symbol that it is of."""
    match meaning:
        case s.Additive(terms=(s.Scripted() as one,), signs=(sign,)):
            return sign.removeprefix("+"), one
        case s.Scripted():
            return "", meaning
    return "", None


def _filled(
    each: Rule,
    meant: s.Scripted,
    layer: LayerNumber | None,
    letters: Sequence[str],
    book: Convention,
) -> str | None:
    """The key of a rule with its variables put in; None where it does not fit."""
    own = [x.text for x in subscripts(meant.sub) or ()] if meant.sub is not None else []
    if meant.sub is not None and len(own) != len(letters):
        return None
    if (
        meant.sub is None
        and letters
        and (isinstance(each.key, s.Scripted) and each.key.sub is not None)
    ):
        return None
    values = dict(zip(own, letters, strict=False))
    if (meant.sup is None) != (layer is None):
        return None
    if meant.sup is not None and layer is not None:
        at = layer_of(meant.sup)
        if at is None:
            return None
        if at.name in own:
            pass  # the layer of a unit, which is not printed
        elif at.name in each.variables:
            values[at.name] = _printed(layer.shift(-at.offset), book)
        elif at != layer:
            return None
    text = _latex(each.key, values)
    if letters and meant.sub is None:
        text += f"_{{{''.join(letters)}}}"
    return text


def _printed(layer: LayerNumber, book: Convention) -> str:
    """A layer with the number that the book gives it."""
    if not layer.name:
        return str(layer.offset + book.translation.first - 1)
    name = layer.name
    if name == "L" and book.translation.last:
        name = book.translation.last[0].replace("{", "").replace("}", "")
    return name if not layer.offset else f"{name}{layer.offset:+d}"


def _latex(node: s.Node, values: Mapping[str, str]) -> str:
    """A symbol with its scripts as LaTeX."""
    match node:
        case s.Name(text=text, style=style):
            text = values.get(text, text)
            plain = (
                rf"\mathrm{{{text}}}" if len(text) > 1 and text.isalpha() and not style else text
            )
            for each in reversed(style):
                plain = rf"\{each}{{{plain}}}"
            return plain
        case s.Number(text=text):
            return text
        case s.Scripted(base=base, sub=sub, sup=sup, primes=primes):
            made = _latex(base, {}) + "'" * primes
            made += "" if sup is None else f"^{{{_latex(sup, values)}}}"
            return made if sub is None else f"{made}_{{{_latex(sub, values)}}}"
        case s.Bracketed(open=opening, body=body, close=closing):
            return f"{opening}{_latex(body, values)}{closing}"
        case s.Product(factors=factors):
            return "".join(_latex(x, values) for x in factors)
        case s.Listed(items=items):
            return ", ".join(_latex(x, values) for x in items)
    raise TypeError(f"not a symbol: {s.spell(node)}")
