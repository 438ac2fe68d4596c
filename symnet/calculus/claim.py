"""Whether left = right holds: for all widths, all values and all layers at which the symbols exist.

Both sides are worked out through the equations of a general layer (`total.py`) and compared, twice:
by the rules and the normal form of the kernel, and by the derivative and the algebra of the
checker. Only what both find equal is proved; nothing is ever tried at numbers.

>>> from symnet.term import mul
>>> l, j, k = n.l, n.on("j", n.l), n.below("k", n.l)
>>> setting = Setting()
>>> bp3 = Partial(n.COST, Symbol("w", l, (j, k)))
>>> holds(bp3, mul(n.a(l.shift(-1), "k"), n.delta(l, "j")), setting)
''
>>> holds(bp3, mul(n.a(l, "j"), n.delta(l, "j")), setting)[:3]
'not'
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise, product

import sympy

from symnet.calculus import algebra, checker, normal, scalar
from symnet.calculus.derivation import work_out
from symnet.calculus.rules import RULES, Given, apply
from symnet.calculus.total import Derivative, GiveUpError, Window, Worked, window
from symnet.errors import SymnetError
from symnet.network import equations
from symnet.network import notation as n
from symnet.network.functions import Cost, left_closed
from symnet.term import (
    ARGUMENT,
    ONE,
    ZERO,
    Apply,
    Axis,
    Delta,
    Equation,
    Index,
    LayerNumber,
    Number,
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
    from_sympy,
    map_children,
    mul,
    number,
    power,
    rename,
    spell,
    walk,
)


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known beside the claim: σ in z, c(a, y) of one output, and σ of the output layer."""

    activation: sympy.Expr | None = None
    cost: sympy.Expr | None = None
    output: sympy.Expr | None = None
    has_output: bool = False
    normalised: bool = False


MINUS = number(-1)
Formulas = dict[str, sympy.Expr]  # of functions, by the names that they have while one derives


@dataclass(frozen=True, slots=True)
class Judge:
    """One way to differentiate and to compare; `written` puts the formula in for a function."""

    name: str
    derivative: Derivative
    written: Callable[[sympy.Expr, int, Term], Term]
    vanishes: Callable[[Term, Setting, LayerNumber], bool]


def holds(left: Term, right: Term, setting: Setting, widths: Sequence[int] = ()) -> str:
    """Empty if left = right is proved, else why it was not.

    With `widths` the network is this one: L is its last layer, and sums are written out.
    """
    return _tried(lambda: _differs((left, right), setting, widths, None))


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
    step = _tried(lambda: _differs((step_left, step_right), setting, widths, hypothesis))
    return f"from one layer to the next: {step}" if step else ""


def _tried(decide: Callable[[], str]) -> str:
    try:
        return decide()
    except SymnetError as error:
        return str(error) or repr(error)
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as odd:
        return f"it makes no sense ({odd!r})"[:300]


def _differs(
    sides: tuple[Term, Term],
    setting: Setting,
    widths: Sequence[int],
    hypothesis: tuple[Term, Term] | None,
) -> str:
    formulas: Formulas = {}
    last = LayerNumber("", len(widths)) if widths else n.L
    read = [
        _abstract(_input_as_activation(at_layer(x, {"L": last})), formulas)
        for x in (*sides, *(hypothesis or ()))
    ]
    cost = None
    if setting.cost is not None:
        cost = equations.cost(Cost("c", setting.cost)).right
        cost = _abstract(at_layer(cost, {"L": last}), formulas)
    seen = window(_mentioned(read, cost), last, _activations(setting, formulas), cost)
    for judge in JUDGES:
        worked = Worked(seen, judge.derivative)
        left, right, *rest = map(worked.of, read)
        if rest:
            left, right = (_replaced(x, rest[0], rest[1]) for x in (left, right))
        difference = worked.to_bottom(add(left, mul(MINUS, right)))
        if not _vanishes(difference, judge, formulas, setting, widths, last):
            return f"not equal for the {judge.name}"
    return ""


def _mentioned(terms: Iterable[Term], cost: Term | None) -> list[Term]:
    """The terms, and the cost where it stands for itself."""
    terms = list(terms)

    def bare(term: Term) -> bool:
        if isinstance(term, Partial) and term.of == n.COST:
            return False
        return term == n.COST or any(map(bare, children(term)))

    return [*terms, cost] if cost is not None and any(map(bare, terms)) else terms


def _input_as_activation(term: Term) -> Term:
    """x_k as a_k^1, where it runs over the neurons of layer 1."""
    match term:
        case Symbol("x", None, (index,)) if index.axis == n.neurons(LayerNumber("", 1)):
            return Symbol("a", index.axis.layer, (index,))
    return map_children(term, _input_as_activation)


# --- functions -----------------------------------------------------------------------------


def _abstract(term: Term, formulas: Formulas) -> Term:
    """Functions without their formulas, which are noted: they are put in at the end."""
    if isinstance(term, Apply):
        function, argument = term.function, _abstract(term.argument, formulas)
        name = "σ"
        if function.name != "σ" or function.layer is not None:
            name = f"{function.name}{function.layer or ''}"
            if function.formula is not None:
                name = f"<{function.formula}>"
        if function.formula is not None:
            formulas.setdefault(name, function.formula)
        return Apply(ScalarFunction(name, None, None, function.order), argument)
    return map_children(term, lambda part: _abstract(part, formulas))


def _activations(setting: Setting, formulas: Formulas) -> tuple[ScalarFunction, ScalarFunction]:
    """σ of all layers, and of the output layer."""
    function = output = ScalarFunction("σ", None)
    if setting.activation is not None:
        formulas.setdefault("σ", setting.activation)
    if setting.has_output:
        output = ScalarFunction("σ_L", None)
        if setting.output is not None:
            formulas.setdefault("σ_L", setting.output)
    return function, output


def _with_formulas(term: Term, judge: Judge, formulas: Formulas) -> Term:
    if isinstance(term, Apply) and term.function.name in formulas:
        argument = _with_formulas(term.argument, judge, formulas)
        return judge.written(formulas[term.function.name], term.function.order, argument)
    return map_children(term, lambda part: _with_formulas(part, judge, formulas))


# --- numerals, and widths that are known ---------------------------------------------------


def _vanishes(
    difference: Term,
    judge: Judge,
    formulas: Formulas,
    setting: Setting,
    widths: Sequence[int],
    last: LayerNumber,
) -> bool:
    def zero(term: Term) -> bool:
        return judge.vanishes(_with_formulas(term, judge, formulas), setting, last)

    written = _decided(_written_out(difference, widths))
    if zero(written):
        return True
    letters = [i for i in free_indices(written) if not i.name.isdigit() and _width(i.axis, widths)]
    ways = [range(1, _width(i.axis, widths) + 1) for i in letters]
    if not letters or len(list(product(*ways))) > MOST_WAYS:
        return False
    return all(zero(_decided(rename(written, _numerals(letters, way)))) for way in product(*ways))


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


def _decided(term: Term) -> Term:
    """[1 = 2] is 0, and [1 = 1] is 1."""
    match term:
        case Delta(left, right) if left == right:
            return ONE
        case Delta(left, right) if left.name.isdigit() and right.name.isdigit():
            return ZERO
    return map_children(term, _decided)


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


# --- the kernel as a judge -----------------------------------------------------------------

DIRECT = ("constant", "sum rule", "product rule", "power rule", "scalar chain rule", "same symbol")
HYPERBOLIC = (sympy.tanh, sympy.sinh, sympy.cosh, sympy.coth, sympy.sech, sympy.csch)
NOTHING = Given(())
STEP = "step"


def _by_rules(of: Term, v: Symbol) -> Term:
    steps = work_out(Partial(of, v, direct=True), NOTHING, DIRECT)
    return steps[-1].after


def _for_kernel(formula: sympy.Expr, order: int, argument: Term) -> Term:
    total: list[Term] = []
    for kink, piece in _pieces(formula, order):
        try:
            value = from_sympy(piece, {ARGUMENT.name: argument})
        except TypeError:
            value = Apply(ScalarFunction("f", piece), argument)
        total.append(value if kink is None else mul(_step(kink, argument), value))
    return add(*total)


def _step(kink: sympy.Expr, argument: Term) -> Term:
    """[z > c]."""
    return Apply(ScalarFunction(STEP, sympy.Heaviside(ARGUMENT - kink)), argument)


@lru_cache(maxsize=1000)
def _pieces(formula: sympy.Expr, order: int) -> tuple[tuple[sympy.Expr | None, sympy.Expr], ...]:
    """f as f₀(z) + Σ_c [z > c] f_c(z), over its kinks c; derived off the kinks."""
    formula = left_closed(formula)
    relations = formula.atoms(sympy.core.relational.Relational)
    kinks: set[sympy.Expr] = set()
    for relation in relations:
        roots = sympy.solveset(relation.lhs - relation.rhs, ARGUMENT, sympy.S.Reals)
        if not isinstance(roots, sympy.FiniteSet) or not all(root.is_number for root in roots):
            raise GiveUpError(f"where the branches of {formula} meet")
        kinks |= set(roots)
    if not kinks:
        return ((None, _smooth(formula, order)),)
    ordered = sorted(kinks)
    inside = [ordered[0] - 1, *((x + y) / 2 for x, y in pairwise(ordered)), ordered[-1] + 1]
    smooth = [_smooth(_branch(formula, point), order) for point in inside]
    beyond = [(c, y - x) for c, (x, y) in zip(ordered, pairwise(smooth), strict=True)]
    return (None, smooth[0]), *((c, x) for c, x in beyond if x != 0)


def _branch(formula: sympy.Expr, point: sympy.Expr) -> sympy.Expr:
    """The formula as it reads around a point that is no kink."""

    def pick(piecewise: sympy.Piecewise) -> sympy.Expr:
        return next(v for v, c in piecewise.args if c.subs(ARGUMENT, point) == sympy.true)

    while formula.has(sympy.Piecewise):
        formula = formula.replace(lambda x: isinstance(x, sympy.Piecewise), pick)
    return formula


def _smooth(formula: sympy.Expr, order: int) -> sympy.Expr:
    for _ in range(order):
        formula = scalar.slope_in_z(formula)
    return formula.rewrite(HYPERBOLIC, sympy.exp) if formula.has(*HYPERBOLIC) else formula


def _normal_vanishes(difference: Term, setting: Setting, last: LayerNumber) -> bool:
    facts: tuple[Equation, ...] = ()
    if setting.normalised:
        index = n.on(n.J, last)
        facts = (Equation("Σ y = 1", Sum(index, Symbol("y", None, (index,))), ONE),)
    left = _decided(normal.normalise(difference))
    if facts:
        left = apply(RULES["fact"], left, Given((), facts=facts))
    if any(isinstance(x, Apply) and x.function.name == STEP for x in walk(left)):
        left = _steps_merged(left)
    return _nothing(left)


def _nothing(term: Term) -> bool:
    """Whether a term is 0, or what is summed is, sums over the same indices taken together."""
    if normal.equal(term, ZERO):
        return True
    groups: dict[tuple[Index, ...], list[Term]] = {}
    for monomial in normal.normal(term):
        free = {i: Index(f"·{i.name}", i.axis) for i in monomial.bound}
        factors = (power(rename(x, free), e) for x, e in monomial.factors)
        groups.setdefault(monomial.bound, []).append(mul(Number(monomial.coefficient), *factors))
    if () in groups:
        return False
    return all(normal.equal(add(*terms), ZERO) for terms in groups.values())


def _steps_merged(term: Term) -> Term:
    """[z > c] [z > d] is [z > d] for c ≤ d."""
    merged = []
    for monomial in normal.normal(term):
        highest: dict[Term, sympy.Expr] = {}
        rest: dict[Term, Fraction] = {}
        for x, e in monomial.factors:
            if isinstance(x, Apply) and x.function.name == STEP and e > 0:
                kink = ARGUMENT - x.function.formula.args[0]
                highest[x.argument] = max(kink, highest.get(x.argument, kink))
            else:
                rest[x] = e
        for argument, kink in highest.items():
            rest[_step(kink, argument)] = Fraction(1)
        merged.append(replace(monomial, factors=tuple(rest.items())))
    return normal.as_term(merged, free_indices(term))


# --- the checker as a judge ----------------------------------------------------------------


def _for_checker(formula: sympy.Expr, order: int, argument: Term) -> Term:
    while order > 1:
        formula, order = sympy.diff(formula, ARGUMENT), order - 1
    if formula.has(*algebra.KINKED):
        return Apply(ScalarFunction("", formula, None, order), argument)
    if order:
        return algebra.slope(formula, argument, over_exp=True)
    return algebra.applied(formula, argument, over_exp=True)


def _checker_vanishes(difference: Term, setting: Setting, last: LayerNumber) -> bool:
    facts = frozenset({"y"} if setting.normalised else ())
    return checker._same(_decided(algebra.canonical(difference, facts)), ZERO, facts)


JUDGES = (
    Judge("kernel", _by_rules, _for_kernel, _normal_vanishes),
    Judge("checker", checker.derivative, _for_checker, _checker_vanishes),
)
