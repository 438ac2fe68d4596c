r"""A convention from the forward equations of a page: which letters are weights, what they lead to.

From z_j^l = Σ_i w_{ij}^l a_i^{l-1} + b_j^l it follows that w_{ij} leads from i to j; from
a^l = σ(a^{l-1} W^l + b^l) that vectors are rows, from h^{(l)} = f(W^{(l)} h^{(l-1)} + b^{(l)}) that
W^{(l)} leads into layer l and that h is what a is elsewhere. The rules that say so are those of a
convention's file; that the equations hold under them is required of whoever takes them.

>>> found = book({"z_j^l": r"\sum_i w_{ij}^l a_i^{l-1} + b_j^l"})
>>> [(s.spell(x.key), s.spell(x.meaning)) for x in found.translation.rules][:2]
[('w_{{i j}}^{l}', 'w_{{j i}}^{l}'), ('w^{l}', '(w^{l})^{T}')]
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from symnet.errors import SymnetError
from symnet.paper.books.convention_files import Convention
from symnet.paper.books.rules import Rule, Translation, rule
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.signs.notation import spelled_out
from symnet.paper.signs.scripts import is_transpose, layer_and_transpose, layer_of, subscripts
from symnet.term import LayerNumber

WEIGHTS = frozenset({"w", "W", r"\omega", r"\theta", r"\Theta", "u", "U", "v", "V"})
OTHER_CASE = {"w": "W", "W": "w", r"\theta": r"\Theta", r"\Theta": r"\theta"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A symbol as it stands in an equation."""

    base: str
    layer: LayerNumber | None = None
    letters: tuple[str, ...] = ()
    transposed: bool = False
    lowered: bool = False  # whether the layer is a subscript, W_l

    @property
    def latex(self) -> str:
        """The letter alone."""
        *styles, text = self.base.split(":")
        text = rf"\mathrm{{{text}}}" if len(text) > 1 and text[0] != "\\" else text
        for style in reversed(styles):
            text = rf"\{style}{{{text}}}"
        return text


@dataclass(frozen=True, slots=True)
class Forward:
    """One forward equation: what is given, by which function of which sum."""

    given: Seen
    function: str = ""
    weight: Seen | None = None
    before: Seen | None = None
    bias: Seen | None = None
    weighted: Seen | None = None  # the z of a = f(z)
    rows: bool = False


def seen(node: s.Node) -> Seen | None:
    """A symbol with its layer and letters, and whether it is transposed; None if it is none."""
    match node:
        case s.Bracketed(open="(" | "[", body=body):
            return seen(body)
        case s.Name():
            return Seen(spelled_out(node))
        case s.Scripted(base=s.Name() as base, sub=sub, sup=sup, primes=0) if (
            sub is not None and _is_layer(sub) and (sup is None or is_transpose(sup))
        ):
            return Seen(spelled_out(base), layer_of(sub), (), sup is not None, lowered=True)
        case s.Scripted(base=s.Name() as base, sub=sub, sup=sup, primes=0):
            letters = subscripts(sub) if sub is not None else []
            layer_node, transposed = layer_and_transpose(sup)
            layer = layer_of(layer_node) if layer_node is not None else None
            if letters is None or (layer_node is not None and layer is None):
                return None
            return Seen(spelled_out(base), layer, tuple(x.text for x in letters), transposed)
        case s.Scripted(base=inner, sub=None, sup=sup, primes=0) if sup and is_transpose(sup):
            found = seen(inner)
            return None if found is None else replace(found, transposed=not found.transposed)
    return None


def _is_layer(sub: s.Node) -> bool:
    """Whether a subscript counts layers, not units: l, l-1."""
    found = layer_of(sub)
    return found is not None and found.name == "l"


def forward(key: str, said: str) -> Forward | None:
    """The forward equation key = said, if it is one."""
    try:
        (left,) = read(key).statements
        (right,) = read(said).statements
    except (SymnetError, ValueError):
        return None
    given = seen(left)
    if given is None or given.transposed:
        return None
    function, inside = _called(right)
    alone = seen(inside)
    if alone is not None:
        return Forward(given, function, weighted=alone) if function else None
    terms = inside.terms if isinstance(inside, s.Additive) else (inside,)
    signs = inside.signs if isinstance(inside, s.Additive) else ("+",)
    if set(signs) != {"+"}:
        return None
    products = [_factors(term) for term in terms]
    sums = [found for found in products if found is not None and len(found) == 2]
    biases = [found[0] for found in products if found is not None and len(found) == 1]
    if len(sums) != 1 or len(sums) + len(biases) != len(terms) or len(biases) > 1:
        return None
    one, other = sums[0]
    if _is_weight(one, given, other):
        weight, before, rows = one, other, False
    elif _is_weight(other, given, one):
        weight, before = other, one
        rows = not one.letters  # with subscripts the order of factors says nothing
    else:
        return None
    if before.transposed:
        return None
    return Forward(given, function, weight, before, biases[0] if biases else None, None, rows)


def _called(node: s.Node) -> tuple[str, s.Node]:
    """The function that a side begins with, and its argument."""
    match node:
        case s.Product(
            factors=(s.Name() | s.Scripted() as called, s.Bracketed(body=body)), operators=("", "")
        ):
            base = called.base if isinstance(called, s.Scripted) else called
            if isinstance(base, s.Name):
                return spelled_out(base), body
    return "", node


def _factors(node: s.Node) -> list[Seen] | None:
    """The symbols of a product, sums left out; None where there is something else."""
    factors = node.factors if isinstance(node, s.Product) else (node,)
    found = []
    for factor in factors:
        if isinstance(factor, s.Big) and factor.operator == "sum":
            continue
        if isinstance(factor, s.Product):
            inner = _factors(factor)
            if inner is None:
                return None
            found += inner
            continue
        symbol = seen(factor)
        if symbol is None:
            return None
        found.append(symbol)
    return found


def _is_weight(one: Seen, given: Seen, other: Seen) -> bool:
    """Whether the one of two factors is the weight and the other what comes from below."""
    if other.base == given.base:
        return True
    if len(one.letters) == 2 and len(other.letters) < 2:
        return True
    if len(one.letters) == 2 and one.letters == other.letters and other.layer is None:
        return one.base in WEIGHTS and other.base not in WEIGHTS  # Mitchell's x_{ji}
    return one.base in WEIGHTS and other.base not in WEIGHTS and len(other.letters) < 2


def book(
    said: Mapping[str, str],
    *,
    rows: bool = False,
    given: Mapping[str, str] | None = None,
    functions: Iterable[str] = (),
    first: int = 1,
) -> Convention | None:
    """A convention by its forward equations; None if there is none among what is said.

    `given` are further rules, symbol by symbol, that the page says otherwise; `first` is the number
    of the layer of inputs.
    """
    equations = {key: forward(key, text) for key, text in said.items()}
    found = [x for x in equations.values() if x is not None]
    sums = [x for x in found if x.weight is not None]
    if not sums:
        return None
    main = sums[0]
    named = {x.function for x in found if x.function} | set(functions)
    rows = rows or main.rows
    pairs = dict(_rules(main, found, rows))
    assert main.before is not None
    first += _above(main.before, main.given, -1)  # a^l may be the input of the layer that is l
    pairs |= given or {}
    try:
        rules: list[Rule] = [rule(key, meaning) for key, meaning in pairs.items()]
    except (SymnetError, ValueError):
        return None
    closed = main.given.layer is None
    # No letter has a habit: the first unit of a formula is one of layer l.
    units = {"a unit": 0} if closed else {}
    assert main.weight is not None
    otherwise = None
    if not main.weight.letters and not closed:
        # A matrix W says nothing of the order of subscripts of w: it may be that of everybody else.
        own = f"{main.weight.base}_"
        usual = [
            rule(x, pairs[x].replace("_{ji}", "_{ij}"))
            if "_{ij}" in x and not x.startswith(own)
            else rule(x, pairs[x])
            for x in pairs
        ]
        if [x.meaning for x in usual] != [x.meaning for x in rules]:
            named_ = frozenset(named - {r"\sigma"})
            otherwise = Convention(
                "",
                "",
                Translation(tuple(usual), named_, first),
                {},
                absorbed_bias=main.bias is None,
            )
    # On a page whose weights have another letter, w is what nobody said.
    closed = closed or main.weight.base not in ("w", "W")
    translation = Translation(tuple(rules), frozenset(named - {r"\sigma"}), first, closed=closed)
    return Convention(
        "", "", translation, units,
        absorbed_bias=main.bias is None,
        equations=tuple(f"{k} = {v}" for k, v in said.items() if equations[k] is not None),
        otherwise=otherwise,
    )  # fmt: skip


def _rules(first: Forward, found: list[Forward], rows: bool) -> Iterator[tuple[str, str]]:
    """The rules of a forward equation, as pairs of LaTeX."""
    weight, before, given = first.weight, first.before, first.given
    assert weight is not None
    assert before is not None
    layered = given.layer is not None
    turned = rows != weight.transposed
    yield from _weight_rules(weight, given, turned, layered, rows)
    for each in found:
        if each.weighted is not None:
            yield from _vector_rules(each.weighted, "z", rows, layered)
            yield from _vector_rules(each.given, "a", rows, layered)
    if not any(x.weighted for x in found):
        kind = "a" if first.function else "z"
        yield from _vector_rules(given, kind, rows, layered)
    if len(before.letters) == 2:
        own = given.letters[0] if given.letters else before.letters[0]
        yield f"{before.latex}_{{{'ij' if before.letters[0] != own else 'ji'}}}", "a_i^i"
    else:
        yield from _vector_rules(before, "a", rows, layered, _above(before, given, -1))
    for each in found:
        # The same once more in other letters, z^l beside Z^l.
        if each is not first and each.weight is not None and each.weight.base == weight.base:
            assert each.before is not None
            kind = "a" if each.function else "z"
            yield from _vector_rules(each.given, kind, rows, layered)
            yield from _vector_rules(
                each.before, "a", rows, layered, _above(each.before, given, -1)
            )
    if first.bias is not None:
        yield from _vector_rules(first.bias, "b", rows, layered, _above(first.bias, given, 0))


def _above(symbol: Seen, given: Seen, wanted: int) -> int:
    """By how much the letter of a symbol is to be raised to be Nielsen's."""
    if symbol.layer is None or given.layer is None or symbol.layer.name != given.layer.name:
        return 0
    return given.layer.offset + wanted - symbol.layer.offset


def _weight_rules(
    weight: Seen, given: Seen, turned: bool, layered: bool, rows: bool
) -> Iterator[tuple[str, str]]:
    if weight.letters:
        own = given.letters[0] if given.letters else weight.letters[0]
        turned = weight.letters[0] != own
    up = _above(weight, given, 0)
    names = [weight.latex]
    if weight.base in OTHER_CASE:
        names.append(OTHER_CASE[weight.base])
    for name in names:
        entry = "ij" if turned else "ji"
        if layered:
            matrix = f"w^{_raised(up)}"
            if weight.lowered:
                yield f"{name}_l", f"({matrix})^T" if turned else matrix
                continue
            yield f"{name}_{{{entry}}}^l", f"w_{{ji}}^{_raised(up)}"
            yield f"{name}^l", f"({matrix})^T" if turned else matrix
        else:
            yield f"{name}_{{{entry}}}", "w_{ji}^j"


def _vector_rules(
    symbol: Seen, kind: str, rows: bool, layered: bool, up: int = 0
) -> Iterator[tuple[str, str]]:
    name = symbol.latex
    if symbol.layer is None and not symbol.letters:
        return
    if layered:
        whole = f"{kind}^{_raised(up)}"
        if symbol.lowered:
            yield f"{name}_l", f"({whole})^T" if rows else whole
            return
        yield f"{name}_j^l", f"{kind}_j^{_raised(up)}"
        yield f"{name}^l", f"({whole})^T" if rows else whole
    else:
        yield f"{name}_j", f"{kind}_j^j"


def _raised(up: int) -> str:
    return "l" if not up else f"{{l{up:+d}}}"
