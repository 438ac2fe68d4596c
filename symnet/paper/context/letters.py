r"""What a formula tells of its letters: which have layers, which is the rate, which is short.

In f'(x) = \tanh(s) + …, s = \ln(1 + e^x) s is short for what the later statement says.
"""

from dataclasses import replace

from symnet.paper.context.declarations import with_family
from symnet.paper.context.vectors import is_of_vectors
from symnet.paper.formula import syntax as s
from symnet.paper.signs.notation import Notation, spelled_out
from symnet.paper.signs.scripts import is_transpose, put_for


def has_free_units(printed: s.Display, display: s.Display) -> bool:
    """Whether layers are known by units alone: no layer is printed."""
    return not any(
        isinstance(x, s.Scripted) and x.sup is not None and not is_transpose(x.sup)
        for x in s.walk(printed)
    ) and any(isinstance(x, s.Scripted) and x.sup is not None for x in s.walk(display))


def at_output(display: s.Display) -> s.Display:
    """Units of which no layer is printed as those of layer L, where softmax is spoken of."""
    made = put_for(display, "l", s.Name("L", (), start=display.start, end=display.start))
    assert isinstance(made, s.Display)
    return made


def names_in(display: s.Display) -> set[str]:
    """The letters and names of a formula."""
    return {part.text for part in s.walk(display) if isinstance(part, s.Name)}


def with_rate(notation: Notation, display: s.Display) -> Notation:
    """The learning rate, where the page does not say which letter it is: η, or the only one."""
    used = names_in(display)
    known = used & notation.scalars
    usual = [x for x in (r"\eta", r"\alpha", r"\epsilon") if x in used - notation.letters.keys()]
    rate = known.pop() if len(known) == 1 else usual[0] if len(usual) == 1 else r"\eta"
    if rate not in used and len(known) != 1 and notation.scalars & used:
        return notation
    scalars, positive = notation.scalars | {rate}, notation.positive | {rate}
    return replace(notation, rate=rate, scalars=scalars, positive=positive)


def is_numbered(notation: Notation, display: s.Display) -> bool:
    """Whether any quantity of a formula has a layer."""
    return any(
        isinstance(part, s.Scripted)
        and isinstance(part.base, s.Name)
        and notation.has_layers(part.base)
        and part.sup is not None
        and not is_transpose(part.sup)
        for part in s.walk(display)
    )


def with_decorations(notation: Notation, display: s.Display) -> Notation:
    r"""Letters that stand both with and without a decoration, as in \hat y - y, are two symbols."""
    found: dict[str, set[str]] = {}
    for node in s.walk(display):
        if isinstance(node, s.Name):
            found.setdefault(node.text, set()).add(spelled_out(node))
    functions = {"dot", "ddot"}
    several = {
        text
        for text, spelled in found.items()
        if (len(spelled) > 1 or any(x.startswith("d") and ":" in x for x in spelled))
        and not (
            notation.function(text) and all(x.split(":")[0] in functions | {text} for x in spelled)
        )
    }
    fixed = {notation.input, notation.target}
    hatted = {text for text, spelled in found.items() if text in fixed and spelled != {text}}
    return replace(notation, decorated=frozenset(several | hatted))


def with_aliases(notation: Notation, display: s.Display) -> Notation:
    """f'(x) = tanh(s) + …, s = ln(1 + e^x): a letter that a later statement says."""
    for at, statement in enumerate(display.statements):
        match statement:
            case s.Chain(sides=(s.Name(text=text) as name, meant), relations=("=",)) if (
                at or is_of_vectors(meant, notation)
            ):
                known = notation.letters.keys() | notation.scalars | notation.vectors.keys()
                known |= {notation.input, notation.target} | notation.constants.keys()
                known |= notation.aliases.keys() | notation.costs | {"l", "L"}
                if is_of_vectors(meant, notation):
                    known -= {"l", "L"}
                others = [x for i, x in enumerate(display.statements) if i != at]
                used = {x.text for other in others for x in s.walk(other) if isinstance(x, s.Name)}
                if text in used - known and notation.function(text) is None:
                    aliases = {**notation.aliases, spelled_out(name): meant}
                    notation = replace(notation, aliases=aliases)
            case s.Chain(
                sides=(s.Scripted(base=s.Name() as base) as key, meant),
                relations=("=" | r"\equiv" | ":=",),
            ) if not _is_known(base, notation) and len(display.statements) > 1:
                found = with_family(notation, base, key, meant)
                names = notation.unread | {base.text}
                notation = found if found is not None else replace(notation, unread=names)
    return notation


def _is_known(name: s.Name, notation: Notation) -> bool:
    known = notation.letters.keys() | notation.scalars | notation.vectors.keys() | notation.costs
    known |= {notation.input, notation.target, "n"} | notation.constants.keys()
    return name.text in known or notation.function(name.text) is not None


def with_changes(notation: Notation, display: s.Display) -> Notation:
    """Δv = -η∇C, and more after it: said of Δv, for what follows."""
    if len(display.statements) < 2:
        return notation
    for statement in display.statements:
        match statement:
            case s.Chain(
                sides=(s.Product(factors=(s.Name(text=r"\Delta"), s.Name(text=text))), step),
                relations=("=",),
            ) if text in notation.vectors:
                return replace(notation, changes={**notation.changes, text: step})
    return notation
