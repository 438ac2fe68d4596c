r"""What says nothing of a formula: blanks, the sample before E, sets of units.

>>> from symnet.paper.books.convention_files import convention
>>> from symnet.paper.formula.reader import read
>>> s.spell(left_scripts(Usual(read("{}^p E = 1"), {}), convention("nielsen")).display)
'E = 1'
"""

from dataclasses import replace

from symnet.paper.books.convention_files import Convention
from symnet.paper.formula import syntax as s
from symnet.paper.habits.notes import SAMPLE, Usual, as_display
from symnet.paper.signs.scripts import mapped

UNITS = frozenset("HJKM")  # letters for the set of the units of a layer


def blanks(found: Usual, book: Convention) -> Usual:
    r"""w - \eta \text{ } dw: words without words are space."""
    statements = found.display.statements
    blank = [isinstance(x, s.Text) and not x.words.strip() for x in statements]
    if not any(blank):
        return found
    made: list[s.Node] = []
    joins = False
    for node, empty in zip(statements, blank, strict=True):
        if empty:
            joins = bool(made)
            continue
        if joins and not isinstance(node, s.Chain | s.Additive | s.Text):
            made[-1] = _followed(made[-1], node)
        else:
            made.append(node)
        joins = False
    separators = ("",) * len(made)
    display = replace(found.display, statements=tuple(made), separators=separators)
    return replace(found, display=display)


def _followed(node: s.Node, by: s.Node) -> s.Node:
    """A statement whose last product goes on."""
    match node:
        case s.Chain(sides=(*front, last)):
            return replace(node, sides=(*front, _followed(last, by)), end=by.end)
        case s.Additive(terms=(*front, last)):
            return replace(node, terms=(*front, _followed(last, by)), end=by.end)
    factors = node.factors if isinstance(node, s.Product) else (node,)
    operators = node.operators if isinstance(node, s.Product) else ("",)
    more = by.factors if isinstance(by, s.Product) else (by,)
    between = by.operators if isinstance(by, s.Product) else ("",)
    return s.Product((*factors, *more), (*operators, *between), start=node.start, end=by.end)


def left_scripts(found: Usual, book: Convention) -> Usual:
    r"""^p E: the sample that E is of, raised before it."""

    def changed(node: s.Node) -> s.Node:
        node = mapped(node, changed)
        if isinstance(node, s.Product) and len(node.factors) > 1:
            pairs = list(zip(node.factors, node.operators, strict=True))
            kept = [x for x in pairs if not _is_left_script(x[0])]
            if kept and len(kept) < len(pairs):
                if len(kept) == 1:
                    return replace(kept[0][0], start=node.start)
                factors, operators = zip(*kept, strict=True)
                return replace(node, factors=factors, operators=("", *operators[1:]))
        return node

    return replace(found, display=as_display(changed(found.display)))


def _is_left_script(node: s.Node) -> bool:
    match node:
        case s.Scripted(base=s.Empty(), sub=None, sup=s.Name(text=text), primes=0):
            return text in SAMPLE
    return False


def units(found: Usual, book: Convention) -> Usual:
    r"""\sum_{l=1}^L where units have no layers: L is how many units l counts."""
    raised = any(
        isinstance(x, s.Scripted) and x.sup is not None and isinstance(x.base, s.Name)
        for x in s.walk(found.display)
    )
    if not book.units or raised:
        return found

    def changed(node: s.Node) -> s.Node:
        match node:
            case s.Big(operator="sum", sup=s.Name(text="L") as sup):
                return replace(node, sup=replace(sup, text="N"))
            case s.Big(
                operator="sum", sub=s.Chain(sides=(own, s.Name(text=text)), relations=(r"\in",))
            ) if text in UNITS:
                return replace(node, sub=own)
        return mapped(node, changed)

    return replace(found, display=as_display(changed(found.display)))
