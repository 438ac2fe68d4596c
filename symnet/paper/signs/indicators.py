r"""Signs that say one thing in several ways, in one way: indicators, softmax_i(z), quantities of L.

1\{i=j\}, \mathbb{1}_{\{i=j\}} and I(y_i = k) become [i=j]; \mathrm{softmax}_i(z) becomes
\mathrm{softmax}(z)_i; on a page about a softmax output a_j without a layer is a_j^L.

>>> from symnet.paper.signs.notation import NIELSEN
>>> from symnet.paper.formula.reader import read
>>> s.spell(in_one_way(read(r"\mathbf{1}\{y_i=k\}"), NIELSEN).statements[0])
'[y_{i} = k]'
"""

from dataclasses import replace

from symnet.paper.formula import syntax as s
from symnet.paper.signs.function_names import SAMENESS
from symnet.paper.signs.notation import Notation
from symnet.paper.signs.scripts import is_transpose, mapped, subscripts

VECTOR_FUNCTIONS = frozenset({"softmax", "lse", "logsoftmax"})
ONES = frozenset({"1", "I", r"\mathbb"})
BRACKETS = frozenset({"(", "[", r"\{"})


def in_one_way(display: s.Display, notation: Notation) -> s.Display:
    """A display with its indicators as [j = k], and so on."""
    made = _with_indicators(display, notation)
    assert isinstance(made, s.Display)
    return at_last_layer(made, notation) if notation.coupled else made


def is_vector_function(node: s.Node, notation: Notation) -> bool:
    """Whether a name is that of softmax or of its like."""
    return isinstance(node, s.Name) and notation.function(node.text) in VECTOR_FUNCTIONS


def _with_indicators(node: s.Node, notation: Notation) -> s.Node:
    node = mapped(node, lambda child: _with_indicators(child, notation))
    match node:
        case s.Scripted(base=base, sub=sub, sup=None, primes=0) if (
            _is_one(base) and (inside := _sameness(sub)) is not None
        ):
            return _bracket(node, inside)
        case s.Scripted(base=s.Name(text=r"\delta" | "I"), sub=sub, sup=None, primes=0) if (
            sub is not None and not notation.letters
        ):
            both = _two(sub)
            return node if both is None else _bracket(node, both)
        case s.Product(factors=factors, operators=operators):
            return _in_a_product(node, list(factors), list(operators), notation)
    return node


def _is_one(node: s.Node) -> bool:
    """1 or I in any type, which with a condition is an indicator."""
    return (isinstance(node, s.Number) and node.text == "1") or (
        isinstance(node, s.Name) and node.text in ONES
    )


def _sameness(node: s.Node | None) -> s.Chain | None:
    match node:
        case s.Chain(relations=(relation,)) if relation in SAMENESS:
            return node
        case s.Bracketed(body=s.Chain(relations=(relation,)) as chain) if (
            relation in SAMENESS and node.open in BRACKETS
        ):
            return chain
    return None


def _two(sub: s.Node) -> s.Chain | None:
    """The i and j of δ_{ij}."""
    items = sub.items if isinstance(sub, s.Listed) else ()
    if isinstance(sub, s.Product) and not any(sub.operators):
        items = sub.factors
    if len(items) != 2 or any(len(subscripts(item) or ()) != 1 for item in items):
        return None
    return s.Chain(tuple(items), ("=",), start=sub.start, end=sub.end)


def _bracket(node: s.Node, chain: s.Chain) -> s.Bracketed:
    return s.Bracketed("[", chain, "]", start=node.start, end=node.end)


def _in_a_product(
    node: s.Product, factors: list[s.Node], operators: list[str], notation: Notation
) -> s.Node:
    kept: list[s.Node] = []
    signs: list[str] = []
    at = 0
    while at < len(factors):
        one = factors[at]
        following = factors[at + 1] if at + 1 < len(factors) and not operators[at + 1] else None
        made = None
        if isinstance(following, s.Bracketed):
            made = _joined(one, following, notation)
        kept += made or [one]
        signs += [operators[at], ""] if made is not None and len(made) > 1 else [operators[at]]
        at += 2 if made is not None else 1
    if len(kept) == 1:
        return kept[0]
    return replace(node, factors=tuple(kept), operators=tuple(signs))


def _joined(one: s.Node, bracket: s.Bracketed, notation: Notation) -> list[s.Node] | None:
    """1(i = j) as [i = j], softmax_i(z) as softmax(z)_i."""
    chain = _sameness(bracket)
    if _is_one(one) and chain is not None:
        return [replace(_bracket(bracket, chain), start=one.start)]
    match one:
        case s.Scripted(base=base, sub=sub, sup=None, primes=0) if sub is not None:
            if is_vector_function(base, notation):
                raised = s.Scripted(bracket, sub, None, start=bracket.start, end=bracket.end)
                return [base, raised]
    return None


# --- quantities without a layer ------------------------------------------------------------


def at_last_layer(display: s.Display, notation: Notation) -> s.Display:
    """a_j, z_j and δ_j as those of layer L, where no layer is printed and no weight stands."""
    named = [x for x in s.walk(display) if isinstance(x, s.Name) and notation.has_layers(x)]
    quantities = {notation.letters[x.text] for x in named}
    if not quantities & {"a", "δ"} or quantities & {"w", "b"} or has_layers(display, notation):
        return display
    functions = (notation.function(x.text) for x in s.walk(display) if isinstance(x, s.Name))
    if "σ" in functions:
        return display  # of which layer it speaks, nobody says
    made = _at_last(display, notation)
    assert isinstance(made, s.Display)
    return made


def has_layers(node: s.Node, notation: Notation) -> bool:
    """Whether a layer is printed at any quantity."""
    return any(
        isinstance(x, s.Scripted)
        and isinstance(x.base, s.Name)
        and notation.has_layers(x.base)
        and x.sup is not None
        and not is_transpose(x.sup)
        for x in s.walk(node)
    )


def _at_last(node: s.Node, notation: Notation) -> s.Node:
    match node:
        case s.Name() if notation.has_layers(node):
            return s.Scripted(node, None, _last(node), start=node.start, end=node.end)
        case s.Scripted(base=s.Name() as name, sub=sub, sup=sup, primes=0) if notation.has_layers(
            name
        ):
            if name.text == r"\delta" and sub is not None and len(subscripts(sub) or ()) == 2:
                return node  # Kronecker's
            layer: s.Node = _last(node)
            if sup is not None:
                layer = s.Product((layer, sup), ("", ""), start=node.start, end=node.end)
            return replace(node, sup=layer)
        case s.Scripted(base=s.Name(text=text), sub=sub) if sub is not None and text not in (
            r"\nabla",
            r"\partial",
        ):
            return node
        case s.Big():
            return node
    return mapped(node, lambda child: _at_last(child, notation))


def _last(node: s.Node) -> s.Name:
    return s.Name("L", (), start=node.start, end=node.end)
