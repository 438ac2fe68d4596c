"""The checker: replays a certificate from the equations of the network alone.

It knows what a derivative is (`derivative`, the chain rule in `_Meaning`) and exact algebra
(`algebra.py`), and shares neither rules nor normal form with what made the certificate. Every line
must mean what is sought: with all derivatives worked out here, nothing may be left of its
difference to the goal. Formulas with branches are compared on each stretch between their kinks.

A formula is checked once for all the layers that it covers, after it was seen that they all have
the same equations: that is the step of the induction over l, and BP1 its beginning.
"""

from dataclasses import dataclass, replace
from itertools import pairwise, product

import sympy

from symnet.calculus import textbook
from symnet.calculus.algebra import (
    KINKED,
    UndecidedError,
    applied,
    canonical,
    form,
    holds_bound,
    slope,
    summands,
    vanishes,
)
from symnet.calculus.certificate import Certificate, Chapter
from symnet.errors import SymnetError
from symnet.network import equations
from symnet.network import notation as n
from symnet.network.architecture import Network
from symnet.term import (
    ARGUMENT,
    ZERO,
    Addition,
    Apply,
    Delta,
    Equation,
    LayerNumber,
    Number,
    Partial,
    Power,
    Product,
    ScalarFunction,
    Size,
    Sum,
    Symbol,
    Term,
    add,
    apart,
    at_layer,
    equation_at,
    free_indices,
    fresh,
    map_children,
    mentions,
    mul,
    number,
    power,
    rename,
    spell,
    walk,
)


class RefusedError(SymnetError):
    """A certificate does not prove what it says."""


@dataclass(frozen=True, slots=True)
class Context:
    """The equations through which C depends on what is sought, and what stands for itself."""

    equations: tuple[Equation, ...]
    known: tuple[tuple[str, LayerNumber], ...]
    functions: tuple[ScalarFunction, ...] = ()
    facts: frozenset[str] = frozenset()


def check(certificate: Certificate) -> str:
    """Why a certificate is refused, and where; empty if it proves all formulas of its network."""
    network, where = certificate.network, "the cost"
    try:
        _check_coverage(certificate)
        cost = equations.cost(network.cost, network.shared)
        goal = Partial(n.COST, equations.output(network.shared))
        lines = tuple(line.after for line in certificate.cost)
        _replay(goal, goal, lines, _Meaning(Context((cost,), ())), "the cost")
        for chapter in certificate.chapters:
            where = f"{chapter.label}, l = {', '.join(map(str, chapter.layers))}"
            _check_chapter(network, chapter, cost, where)
    except SymnetError as refused:
        return str(refused) if where in str(refused) else f"{where}: {refused}"
    except (
        ArithmeticError,
        AssertionError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as odd:
        # What is read may be anything; what makes no sense is refused.
        return f"{where}: it makes no sense ({odd!r})"[:300]
    return ""


def _check_coverage(certificate: Certificate) -> None:
    """Each quantity and parameter of each layer has one formula."""
    network = certificate.network
    wanted = []
    for layer in range(2, network.L + 1):
        definition = network.layer(layer).definition
        *inner, a = definition.quantities
        named = [a] if a in definition.named else []
        wanted += [(v.name, layer) for v in (*inner, *named, *definition.parameters)]
    found = [(c.sought.name, layer) for c in certificate.chapters for layer in c.layers]
    if sorted(wanted) != sorted(found):
        odd = sorted(set(wanted) ^ set(found)) or found
        raise RefusedError(f"∂C by {odd[0][0]} of layer {odd[0][1]} has not just one formula")


def _check_chapter(network: Network, chapter: Chapter, cost: Equation, where: str) -> None:
    contexts = {_contexts(network, chapter.sought, layer, cost) for layer in chapter.layers}
    if len(contexts) != 1:
        raise RefusedError(f"{where}: the layers have different equations")
    general, special = contexts.pop()
    sought = chapter.sought
    start = Partial(n.COST, sought)
    goal = Symbol("δ", sought.layer, sought.indices) if sought.name == "z" else start
    if chapter.goal != goal:
        raise RefusedError(f"{where}: the goal is {spell(chapter.goal)}, not {spell(goal)}")
    meaning = _Meaning(general)
    result = _replay(start, goal, tuple(x.after for x in chapter.general), meaning, where)
    _check_finished(result, general, where, special=False)
    claim = _claim(network, chapter, general)
    if claim is not None:
        _replay(start, goal, (claim,), meaning, f"{where}, as the book says")
    lines = tuple(line.after for line in chapter.special)
    named = _replay(result, goal, lines, _Meaning(special), f"{where}, special")
    _check_finished(named, special, where, special=True)


def _claim(network: Network, chapter: Chapter, context: Context) -> Term | None:
    """What the books say, where they do."""
    if chapter.label not in textbook.STATED:
        return None
    claim = textbook.state(chapter.label, not isinstance(context.equations[0].right, Apply))
    if chapter.label == "BP3" and network.penalties:
        claim = textbook.with_penalties(claim, network.penalties)
    if claim.left != chapter.goal:
        raise RefusedError(f"{chapter.label} is not about {spell(chapter.goal)}")
    return claim.right


def _contexts(
    network: Network, sought: Symbol, layer: int, cost: Equation
) -> tuple[Context, Context]:
    """What a formula may start from at a layer: for arbitrary σ and C, and for those it has."""
    definition = network.layer(layer).definition
    own = definition.quantities
    v = next((s for s in (*own, *definition.parameters) if s.name == sought.name), None)
    if v is None:
        raise RefusedError(f"layer {layer} has no {sought.name}")
    *_, a = own
    users = definition.users(v)[::-1]
    through = v == a or (a not in definition.named and mentions(definition.activation.right, v))
    at, facts, above = n.l, frozenset[str](), tuple[Equation, ...]()
    known = [(e.left.name, n.l) for e in users if isinstance(e.left, Symbol) and e.left != a]
    known += [(a.name, n.l)] if a in definition.named and definition.activation in users else []
    if through and layer == network.L:
        same = {replace(x, layer=n.L): replace(y, layer=n.L.shift(-1))
                for x, y in definition.same_axes.items()}  # fmt: skip
        at, above = n.L, (equations.on_axes(cost, same),)
        facts = frozenset({"y"} if network.cost.normalised else ())
    elif through:
        up = n.l.shift(1)
        after = network.layer(layer + 1).definition.users(equations.BELOW)
        above = tuple(equation_at(e, {"l": up}) for e in after)
        above = tuple(equations.on_axes(e, definition.same_axes) for e in above)
        known += [(e.left.name, up) for e in above if isinstance(e.left, Symbol)]
    if at_layer(v, {"l": at}) != sought:
        raise RefusedError(f"{spell(sought)} is not what layer {layer} has")
    here = tuple(equation_at(e, {"l": at}) for e in users)
    known_at = tuple((name, at if where == n.l else where) for name, where in known)
    penalty = () if through else equations.penalised(v, network.penalties)
    functions = equations.functions_of(*here, *above)
    plain = tuple(equations.arbitrary(e, here) for e in here)
    beyond = tuple(equations.arbitrary(e, above) for e in above) if at == n.l else ()
    general = Context((*plain, *beyond, *penalty), known_at)
    return general, Context(
        (*plain, *(equations.arbitrary(e, above) for e in above), *penalty),
        known_at,
        functions,
        facts,
    )


def _replay(
    start: Term, goal: Term, lines: tuple[Term, ...], meaning: "_Meaning", where: str
) -> Term:
    """The last line, if each means what the start means."""
    for number_, line in enumerate(lines, 1):
        stray = free_indices(line) - free_indices(goal)
        if stray:
            names = ", ".join(sorted(index.name for index in stray))
            raise RefusedError(f"{where}: line {number_} has the free index {names}")
        try:
            same = _follows(line, start, meaning)
        except UndecidedError as undecided:
            raise RefusedError(f"{where}: line {number_} is not decided: {undecided}") from None
        if not same:
            raise RefusedError(f"{where}: line {number_} does not follow: {spell(line)}")
    return lines[-1] if lines else start


def _follows(line: Term, start: Term, meaning: "_Meaning") -> bool:
    """Whether two lines mean the same: with quantities by their names, or by their equations."""
    for each in (meaning, meaning.unfolding):
        if _same(each.of(line), each.of(start), meaning.context.facts):
            return True
    return False


def _check_finished(result: Term, context: Context, where: str, *, special: bool) -> None:
    for part in walk(result):
        match part:
            case Partial(of, by, False) if of == n.COST and (
                (by.name, by.layer) in context.known or (by.name == "a" and not special)
            ):
                continue
            case Delta() | Partial():
                raise RefusedError(f"{where}: {spell(part)} is not worked out")
            case Apply(ScalarFunction(_, None)) if special:
                raise RefusedError(f"{where}: {spell(part)} is arbitrary")


# --- what a line means ---------------------------------------------------------------------


class _Meaning:
    """Terms with all derivatives worked out; `unfold` puts in what quantities are defined by."""

    def __init__(self, context: Context, *, unfold: bool = False) -> None:
        self.context = context
        self.unfolding = self if unfold else _Meaning(context, unfold=True)
        self.defining = {(e.left.name, e.left.layer): e for e in context.equations
                         if isinstance(e.left, Symbol)}  # fmt: skip
        self.worked: dict[Term, Term] = {}

    def of(self, term: Term) -> Term:
        if term not in self.worked:
            self.worked[term] = self.work(term)
        return self.worked[term]

    def work(self, term: Term) -> Term:
        match term:
            case Symbol("δ", layer, indices):
                if ("z", layer) not in self.context.known:
                    raise RefusedError(f"{spell(term)} is not known there")
                return Partial(n.COST, Symbol("z", layer, indices))
            case Symbol(name, layer, indices):
                equation = self.defining.get((name, layer)) if self.unfolding is self else None
                return term if equation is None or term == n.COST else self.of(_at(equation, term))
            case Partial(of, by, False) if of == n.COST:
                return self.through(by)
            case Partial(Symbol(name, layer) as u, by, False):
                equation = self.defining.get((name, layer))
                if equation is None:
                    raise RefusedError(f"{spell(term)} has no meaning there")
                taken = free_indices(u) | free_indices(by)
                return self.of(derivative(apart(_at(equation, u), taken), by))
            case Partial(of, by, _):
                return self.of(derivative(of, by))
            case Apply(function, argument):
                return self.apply(function, self.of(argument))
            case _:
                return map_children(term, self.of)

    def through(self, v: Symbol) -> Term:
        """∂C/∂v = Σ_u Σ_p ∂C/∂u_p ∂u_p/∂v, over the u whose equations mention v."""
        users = [e for e in self.context.equations if mentions(e.right, v)]
        if (v.name, v.layer) in self.context.known or not users:
            return Partial(n.COST, v)
        owed: list[Term] = []
        for equation in users:
            u, right = equation.left, equation.right
            assert isinstance(u, Symbol)
            taken = free_indices(v) | free_indices(right)
            own = {}
            for index in u.indices:
                own[index] = fresh(index.axis, taken)
                taken |= {own[index]}
            at = Symbol(u.name, u.layer, tuple(own[index] for index in u.indices))
            term: Term = derivative(
                apart(rename(right, own), free_indices(v) | set(own.values())), v
            )
            term = term if u == n.COST else mul(Partial(n.COST, at), term)
            for index in reversed(at.indices):
                term = Sum(index, term)
            owed.append(term)
        return self.of(add(*owed))

    def apply(self, function: ScalarFunction, argument: Term) -> Term:
        if function.formula is None:
            for own in self.context.functions:
                if own.layer == function.layer and function.name in ("σ", own.name):
                    return self.apply(replace(own, order=function.order), argument)
            return Apply(function, argument)
        formula = function.formula
        if formula.has(*KINKED):
            return Apply(ScalarFunction("", formula, None, function.order), argument)
        if function.order > 1:
            raise RefusedError(f"{function.name} is derived {function.order} times")
        return slope(formula, argument) if function.order else applied(formula, argument)


def _at(equation: Equation, symbol: Symbol) -> Term:
    """The right side of an equation at the indices of a symbol."""
    return rename(equation.right, dict(zip(equation.indices, symbol.indices, strict=True)))


def derivative(term: Term, v: Symbol) -> Term:
    """∂term/∂v, where symbols do not depend on each other."""
    match term:
        case Number() | Size() | Delta():
            return ZERO
        case Symbol(name, layer, indices):
            if (name, layer) != (v.name, v.layer):
                return ZERO
            pairs = zip(indices, v.indices, strict=True)
            return mul(*(Delta(p, j) for p, j in pairs), number(1))
        case Apply(function, argument):
            prime = Apply(replace(function, order=function.order + 1), argument)
            return mul(prime, derivative(argument, v))
        case Power(base, exponent):
            return mul(number(exponent), power(base, exponent - 1), derivative(base, v))
        case Product(factors):
            split = ((factors[:i], x, factors[i + 1 :]) for i, x in enumerate(factors))
            return add(*(mul(*left, derivative(x, v), *right) for left, x, right in split))
        case Addition(terms):
            return add(*(derivative(x, v) for x in terms))
        case Sum():
            inside = apart(term, free_indices(v))
            assert isinstance(inside, Sum)
            return Sum(inside.index, derivative(inside.body, v))
    raise RefusedError(f"a derivative of {spell(term)}")


# --- branches ------------------------------------------------------------------------------

NESTED = 4  # functions with branches inside each other
Stretch = tuple[sympy.Expr | None, sympy.Expr | None]  # between two kinks; None is infinity


def _same(left: Term, right: Term, facts: frozenset[str]) -> bool:
    """Whether two terms are equal, off the kinks of functions that have any."""
    return _nothing(canonical(add(left, mul(number(-1), right)), facts), facts, NESTED)


def _nothing(difference: Term, facts: frozenset[str], depth: int) -> bool:
    """Whether a term is 0 on each stretch between the kinks of its innermost functions.

    What is outside of them is looked at in turn, as if its argument could have any value: so
    something true may be refused, and nothing false accepted.
    """
    if _zero(difference, facts):
        return True
    kinked = [x for x in walk(difference) if isinstance(x, Apply) and _kinked(x)]
    if not kinked:
        return False
    # What a sum binds is looked at last, when the sum is taken away: until then it stays whole.
    kinked = [x for x in kinked if not holds_bound(x.argument)]
    if not kinked:
        return _nothing_inside(difference, facts, depth)
    inner: dict[Term, set[sympy.Expr]] = {}
    for each in kinked:
        if not any(x in kinked for x in walk(each.argument)):
            inner.setdefault(each.argument, set()).update(_kinks(each.function.formula))
    ways = [[(u, stretch) for stretch in _stretches(sorted(kinks))] for u, kinks in inner.items()]
    if len(ways) > 3 or not depth:
        raise UndecidedError("too many kinks")
    return all(
        _nothing(canonical(_on(difference, dict(way)), facts), facts, depth - 1)
        for way in product(*ways)
    )


def _nothing_inside(difference: Term, facts: frozenset[str], depth: int) -> bool:
    """Whether what is summed is 0: each summand lies on a stretch of its own."""
    opened = summands(form(difference, facts))
    if opened.keys() <= {()}:
        raise UndecidedError("a sum over functions with branches, inside of something else")
    return all(_nothing(canonical(x), frozenset(), depth) for x in opened.values())


def _zero(term: Term, facts: frozenset[str]) -> bool:
    return vanishes(term, facts) or vanishes(_over_exp(term), facts)


def _over_exp(term: Term) -> Term:
    """tanh and the like by their exponentials."""
    if isinstance(term, Apply) and isinstance(
        term.function.formula, sympy.tanh | sympy.sinh | sympy.cosh
    ):
        return applied(term.function.formula, _over_exp(term.argument), over_exp=True)
    return map_children(term, _over_exp)


def _kinked(applied_: Apply) -> bool:
    formula = applied_.function.formula
    return formula is not None and bool(formula.has(*KINKED))


def _kinks(formula: sympy.Expr) -> set[sympy.Expr]:
    """Where branches may meet: the roots of what is compared, on each stretch where it is a line.

    One too many does no harm: a stretch is then cut in two.
    """
    found: set[sympy.Expr] = set()
    for part in sympy.preorder_traversal(formula):
        for compared in _compared(part):
            inner = _kinks(compared)
            for stretch in _stretches(sorted(inner)):
                m, c = _line(_branch(compared, _inside(stretch)))
                if m == c == 0:
                    raise UndecidedError(f"where {compared} is 0")
                found |= inner | ({-c / m} if m else set())
    return found


def _compared(part: sympy.Basic) -> list[sympy.Expr]:
    """What has its sign looked at."""
    match part:
        case sympy.core.relational.Relational():
            return [part.lhs - part.rhs]
        case sympy.Abs() | sympy.sign() | sympy.Heaviside():
            return [part.args[0]]
        case sympy.Max() | sympy.Min():
            return [x - y for i, x in enumerate(part.args) for y in part.args[:i]]
    return []


def _line(formula: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """m and c of m z + c, both rational."""
    at = [formula.subs(ARGUMENT, k) for k in (0, 1, 2)]
    plain = formula.is_polynomial(ARGUMENT) and all(isinstance(x, sympy.Rational) for x in at)
    if not plain or at[2] - at[1] != at[1] - at[0]:
        raise UndecidedError(f"{formula} is no line")
    return at[1] - at[0], at[0]


def _stretches(kinks: list[sympy.Expr]) -> list[Stretch]:
    return list(pairwise([None, *kinks, None]))


def _inside(stretch: Stretch) -> sympy.Expr:
    low, high = stretch
    if low is None:
        return sympy.Integer(0) if high is None else high - 1
    return low + 1 if high is None else (low + high) / 2


def _branch(formula: sympy.Expr, point: sympy.Expr) -> sympy.Expr:
    """A formula as it reads on the stretch around a point."""

    def go(x: sympy.Expr) -> sympy.Expr:
        if not x.has(*KINKED):
            return x
        match x:
            case sympy.Piecewise():
                there = [v for v, c in x.args if c.subs(ARGUMENT, point) == True]  # noqa: E712
                if not there:
                    raise UndecidedError(f"{x} has no value at {point}")
                return go(there[0])
            case sympy.Abs():
                return go(x.args[0]) * sympy.sign(x.args[0].subs(ARGUMENT, point))
            case sympy.sign():
                return sympy.sign(x.args[0].subs(ARGUMENT, point))
            case sympy.Heaviside():
                return (1 + sympy.sign(x.args[0].subs(ARGUMENT, point))) / 2
            case sympy.Max() | sympy.Min():
                pick = max if isinstance(x, sympy.Max) else min
                return go(pick(x.args, key=lambda y: y.subs(ARGUMENT, point)))
        return x.func(*map(go, x.args))

    return go(formula)


def _on(term: Term, stretches: dict[Term, Stretch]) -> Term:
    """A term where the arguments of its functions with branches lie on these stretches."""
    if not isinstance(term, Apply) or not _kinked(term):
        return map_children(term, lambda part: _on(part, stretches))
    formula, order = term.function.formula, term.function.order
    argument = canonical(term.argument)
    if argument in stretches:
        chosen = _branch(formula, _inside(stretches[argument]))
        return _derived(chosen, order, argument)
    match argument:
        case Apply(function, u) if _kinked(argument) and u in stretches and not function.order:
            inner = _branch(function.formula, _inside(stretches[u]))
            outer = _branch(formula, _beyond(formula, inner, stretches[u]))
            return _derived(outer, order, applied(inner, u))
    inside = canonical(_on(argument, stretches))
    if isinstance(inside, Number):
        value = sympy.Rational(inside.value.numerator, inside.value.denominator)
        return _derived(_branch(formula, value), order, inside)
    return Apply(term.function, inside)


def _derived(formula: sympy.Expr, order: int, at: Term) -> Term:
    if order > 1:
        raise UndecidedError("a second derivative")
    return slope(formula, at) if order else applied(formula, at)


def _beyond(formula: sympy.Expr, inner: sympy.Expr, stretch: Stretch) -> sympy.Expr:
    """A number on the side of the kinks of a formula on which all values of `inner` lie.

    At a kink itself the branch is taken that holds there.
    """
    kinks = sorted(set(_kinks(formula)))
    if not inner.has(ARGUMENT):
        return inner
    sides = [_side_of_quotient(inner, kink, stretch) for kink in kinks]
    above = [kink for kink, side in zip(kinks, sides, strict=True) if side > 0]
    below = [kink for kink, side in zip(kinks, sides, strict=True) if side < 0]
    return _inside((max(above) if above else None, min(below) if below else None))


def _side_of_quotient(formula: sympy.Expr, kink: sympy.Expr, stretch: Stretch) -> int:
    """The sign of x/y - c on all of a stretch: that of (x - c y) y."""
    above, below = sympy.fraction(formula)
    if not below.has(ARGUMENT):
        return _side(formula - kink, stretch)
    return _side(above - kink * below, stretch) * _side(below, stretch)


def _side(formula: sympy.Expr, stretch: Stretch) -> int:
    """The sign that a formula has on all of a stretch: of lines, and of m z + Σ k (e^{rz} - 1)."""
    low, high = stretch
    signs: set[int] = set()
    constant = formula
    for part in sympy.Add.make_args(formula):
        for exponential in part.atoms(sympy.exp):
            k, rate = part / exponential, exponential.args[0].as_coefficient(ARGUMENT)
            if k.has(ARGUMENT) or not isinstance(rate, sympy.Rational) or 0 not in (low, high):
                raise UndecidedError(f"the sign of {formula}")
            constant = constant - k * (exponential - 1)
            signs.add(int(sympy.sign(k * rate)) * (1 if low == 0 else -1))
    m, c = _line(sympy.Add(*sympy.Add.make_args(constant.expand())))
    ends = [m * end + c if end is not None else m * far for end, far in ((low, -1), (high, 1))]
    signs |= {int(sympy.sign(x)) for x in ends if x != 0}
    if len(signs) != 1:
        raise UndecidedError(f"the sign of {formula}")
    return signs.pop()
