"""Whether left = right holds: for all widths, all values and all layers at which the symbols exist.

Both sides are worked out through the equations of a general layer (`total.py`) and compared, twice:
by the rules and the normal form of the kernel, and by the derivative and the algebra of the
checker. Only what both find equal is proved; nothing is ever tried at numbers.

>>> from symnet.term import mul
>>> l, j, k = n.l, n.on("j", n.l), n.below("k", n.l)
>>> setting = Setting(None, None)
>>> bp3 = Partial(n.COST, Symbol("w", l, (j, k)))
>>> holds(bp3, mul(n.a(l.shift(-1), "k"), n.delta(l, "j")), setting)
''
>>> holds(bp3, mul(n.a(l, "j"), n.delta(l, "j")), setting)[:3]
'not'
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import product

import sympy

from symnet.calculus import coupled
from symnet.calculus.counterexample import Setting
from symnet.calculus.judges import JUDGES, Formulas, Judge, Way, decided
from symnet.calculus.total import GiveUpError, Worked, at_sample, window
from symnet.errors import SymnetError
from symnet.network import equations
from symnet.network import notation as n
from symnet.network.functions import Cost
from symnet.term import (
    Apply,
    Axis,
    Index,
    LayerNumber,
    Partial,
    ScalarFunction,
    Size,
    Sum,
    Symbol,
    Term,
    add,
    at_layer,
    children,
    free_indices,
    map_children,
    mul,
    number,
    rename,
    spell,
    walk,
)

ODD = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
)
MINUS = number(-1)
FIRST_LAYER = LayerNumber("", 1)
OUTPUT = "σ of the last layer"


def holds(
    left: Term,
    right: Term,
    setting: Setting,
    widths: Sequence[int] = (),
    *,
    last: LayerNumber = n.L,
) -> str:
    """Empty if left = right is proved, else why it was not.

    With `widths` the network is this one: L is its last layer, and sums are written out. `last` is
    the number of the last layer where only that is known.
    """
    last = LayerNumber("", len(widths)) if widths else last
    return _tried(lambda: _differs((left, right), setting, widths, None, last))


def holds_by_induction(
    step_left: Term,
    step_right: Term,
    base_left: Term,
    base_right: Term,
    hypothesis: tuple[Term, Term],
    setting: Setting,
    widths: Sequence[int] = (),
) -> str:
    """Empty if a claim about every l from L downwards is proved, else why it was not.

    It holds at l = L, the base; and if the hypothesis, which is the claim at l+1, holds, then it
    holds at l, the step. The hypothesis' left side is one quantity, wherever that stands.
    """
    base = holds(base_left, base_right, setting, widths)
    if base:
        return f"at the last layer: {base}"
    last = LayerNumber("", len(widths)) if widths else n.L
    step = _tried(lambda: _differs((step_left, step_right), setting, widths, hypothesis, last))
    return f"from one layer to the next: {step}" if step else ""


def _tried(decide: Callable[[], str]) -> str:
    try:
        return decide()
    except SymnetError as error:
        return str(error) or repr(error)
    except ODD as odd:
        return f"it makes no sense ({odd!r})"[:300]


def _differs(
    sides: tuple[Term, Term],
    setting: Setting,
    widths: Sequence[int],
    hypothesis: tuple[Term, Term] | None,
    last: LayerNumber,
) -> str:
    formulas: Formulas = {}
    read = [
        _abstract(_input_as_activation(at_layer(x, {"L": last})), formulas)
        for x in (*sides, *(hypothesis or ()))
    ]
    _note("σ", setting.activation, formulas)
    coupling = None
    if setting.couples:
        coupling = coupled.equation(setting.output, last)
        coupling = replace(coupling, right=_abstract(coupling.right, formulas))
    else:
        _note(OUTPUT, setting.output, formulas)
    cost = None
    if setting.cost is not None:
        cost = equations.cost(Cost("c", setting.cost)).right
        cost = _abstract(at_layer(cost, {"L": last}), formulas)
    output = OUTPUT if setting.has_output else ""
    per_layer = setting.per_layer and "σ" not in formulas
    seen = window(
        _mentioned(read, cost),
        last,
        cost,
        output,
        per_layer=per_layer,
        coupled=coupling,
        bias=setting.bias,
    )
    ways = [Way({}), *([Way(formulas, through_values=True), Way(formulas)] if formulas else [])]
    for judge in JUDGES:
        worked = Worked(seen, judge.derivative)
        left, right, *rest = map(worked.of, read)
        if rest:
            left, right = (_replaced(x, rest[0], rest[1]) for x in (left, right))
        difference = add(left, mul(MINUS, right))
        vanishes = partial(_vanishes, judge, setting, widths, last)
        differences = [worked.by_name(difference), worked.to_bottom(difference)]
        if coupling is not None:
            differences.append(worked.opened(difference))
        if not _equal(differences, vanishes, ways):
            return f"not equal for the {judge.name}"
    return ""


def _equal(
    differences: Sequence[Term], vanishes: Callable[[Term, Way], bool], ways: Sequence[Way]
) -> bool:
    """Whether nothing is left of a difference.

    What vanishes with z of each layer as a quantity of its own, or for every σ, or for all that
    have σ' = p(σ), vanishes all the more with what they are.
    """
    for term in dict.fromkeys(differences):
        for way in ways:
            if way.formulas and not way.through_values and _independent(term):
                continue
            with suppress(SymnetError):
                if vanishes(term, way):
                    return True
    return False


def _independent(term: Term) -> bool:
    """Whether only one function stands in a term, and at quantities that have nothing in common.

    Between its values there is no equation then, so that a formula tells no more than its slope;
    σ(-x) = 1 - σ(x) is another matter.
    """
    applied = [x for x in walk(term) if isinstance(x, Apply)]
    free = all(
        (isinstance(x.argument, Symbol) and x.argument.name == "z")
        or any(isinstance(part, Symbol) and part.name == "b" for part in walk(x.argument))
        for x in applied
    )
    return free and {x.function.name for x in applied} == {"σ"}


def _mentioned(terms: Iterable[Term], cost: Term | None) -> list[Term]:
    """The terms, and the cost where it stands for itself."""
    terms = list(terms)

    def bare(term: Term) -> bool:
        if isinstance(term, Partial) and n.is_cost(term.of):
            return False
        return n.is_cost(term) or any(map(bare, children(term)))

    costs = {x for term in terms for x in walk(term) if isinstance(x, Symbol) and n.is_cost(x)}
    if cost is None or not any(map(bare, terms)):
        return terms
    return [*terms, *(at_sample(cost, n.sample_of(each)) for each in costs)]


def _input_as_activation(term: Term) -> Term:
    """x_k as a_k^1, where it runs over the neurons of layer 1."""
    match term:
        case Symbol("x", None, (index, *_) as indices) if index.axis == n.neurons(FIRST_LAYER):
            return Symbol("a", FIRST_LAYER, indices)
    return map_children(term, _input_as_activation)


# --- functions -----------------------------------------------------------------------------


def _abstract(term: Term, formulas: Formulas) -> Term:
    """Functions without their formulas, which are noted: they are put in at the end."""
    if isinstance(term, Apply):
        function, argument = term.function, _abstract(term.argument, formulas)
        name, layer = function.name, function.layer
        if name == "σ" and layer is None:
            _note(name, function.formula, formulas)
        elif function.formula is not None:
            name, layer = f"<{function.formula}>", None
            _note(name, function.formula, formulas)
        elif name != "σ":
            name, layer = f"{name} of {layer or 'no layer'}", None
        return Apply(ScalarFunction(name, None, layer, function.order), argument)
    return map_children(term, lambda part: _abstract(part, formulas))


def _note(name: str, formula: sympy.Expr | None, formulas: Formulas) -> None:
    if formula is not None and formulas.setdefault(name, formula) != formula:
        raise GiveUpError(f"{name} is {formulas[name]} and {formula}")


# --- numerals, and widths that are known ---------------------------------------------------


def _vanishes(
    judge: Judge,
    setting: Setting,
    widths: Sequence[int],
    last: LayerNumber,
    difference: Term,
    way: Way,
) -> bool:
    def zero(term: Term) -> bool:
        return judge.vanishes(way.put_in(term, judge), setting.normalised, last)

    written = decided(_written_out(difference, widths))
    if zero(written):
        return True
    letters = [i for i in free_indices(written) if not i.name.isdigit() and _width(i.axis, widths)]
    ways = [range(1, _width(i.axis, widths) + 1) for i in letters]
    if not letters or len(list(product(*ways))) > MOST_WAYS:
        return False
    return all(zero(decided(rename(written, _numerals(letters, way)))) for way in product(*ways))


MOST_WAYS = 64


def _numerals(letters: Sequence[Index], values: Sequence[int]) -> dict[Index, Index]:
    return {i: Index(str(v), i.axis) for i, v in zip(letters, values, strict=True)}


def _width(axis: Axis, widths: Sequence[int]) -> int:
    """How many values an axis has, or 0 if that is not said."""
    layer = axis.layer
    known = axis.name == "n" and not layer.name and 1 <= layer.offset <= len(widths)
    return widths[layer.offset - 1] if known else 0


def _written_out(term: Term, widths: Sequence[int]) -> Term:
    """Sums over axes whose widths are known, as additions over numerals."""
    match term:
        case Sum(index, body) if width := _width(index.axis, widths):
            body = _written_out(body, widths)
            return add(*(rename(body, _numerals([index], (v,))) for v in range(1, width + 1)))
        case Size(axis) if width := _width(axis, widths):
            return number(width)
    return map_children(term, lambda part: _written_out(part, widths))


# --- induction -----------------------------------------------------------------------------


def _replaced(term: Term, left: Term, right: Term) -> Term:
    """The term with the hypothesis' left side, at whatever indices, replaced by its right side."""
    match left:
        case Symbol(name, layer, indices) if (
            layer is not None
            and len(set(indices)) == len(indices)
            and not any(i.name.isdigit() for i in indices)
        ):
            if not free_indices(right) <= set(indices):
                raise GiveUpError("the hypothesis has indices on its right side alone")
        case _:
            raise GiveUpError(f"{spell(left)} of the hypothesis is no quantity of its own")

    def go(part: Term) -> Term:
        if isinstance(part, Symbol) and (part.name, part.layer) == (name, layer):
            return rename(right, dict(zip(indices, part.indices, strict=True)))
        return map_children(part, go)

    return go(term)
