"""Proved equations to a program for one sample, layer by layer.

Here, and only here, numbers take the place of the general l. An index becomes an axis by where it
stands: j in w[l, j, k] runs over the neurons of layer l, axis `n2` for l = 2. Sums of products
become Contracts, everything elementwise one Map an equation.

No activation and no cost is known by name. A layer whose activations do not change when all its
weighted inputs are shifted by one number (softmax; the normal form decides it) gets its inputs
shifted by their maximum, so that no exponential overflows.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

import sympy

from symnet.calculus import far_out, normal
from symnet.calculus.derivation import derive
from symnet.errors import ArchitectureError, NotYet
from symnet.network import equations, notation
from symnet.network.architecture import Network
from symnet.network.functions import PENALTIES, THETA, A, Activation, G, Z
from symnet.network.optimizers import CLIPPED, LIMIT, NORM2, Rule, T, Training
from symnet.program import rivals
from symnet.program.ir import (
    DATA_PART,
    Array,
    Contract,
    Function,
    Instruction,
    Map,
    Program,
    Reduce,
    arguments,
    check,
)
from symnet.term import (
    ARGUMENT,
    Addition,
    Apply,
    Axis,
    Delta,
    Equation,
    Index,
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
    apply_formula,
    at_layer,
    children,
    free_indices,
    from_sympy,
    map_children,
    rename,
    spell,
    to_sympy,
    walk,
    with_axes,
)

# The letters of arrays: δ^2 is d2, the derivative by w^2 is dw2.
LETTERS = {"δ": "d", "C": "c", **{sign: option for option, sign in notation.OPTIONS.items()}}


Scalars = Mapping[str, tuple[str, sympy.Expr]]  # a2 is what z2 becomes by a formula


def array_name(left: Term) -> str:
    """The name of the array that a left side is: w2, d3, dw2, y, c."""
    match left:
        case Partial(_, by, _):
            return f"d{array_name(by)}"
        case Symbol(name, layer, _):
            return LETTERS.get(name, name) + (str(layer) if layer else "")
    raise TypeError(f"{left} is not a left side")


def axis_name(axis: Axis) -> str:
    """n2 for the neurons of layer 2."""
    return f"{axis.name}{axis.layer}"


def lower(
    network: Network,
    forward: Iterable[Equation],
    cost: Equation,
    backward: Iterable[Equation],
    training: Training,
) -> Program:
    """A program with the functions forward, cost, loss, gradients, update, and what else it takes.

    For one sample; `loss` is the cost of outputs that are there already, and without penalties. The
    equations stand at literal layers, in the order in which they are computed.
    """
    same = same_axes(network)
    forward, backward = (
        tuple(_on_axes(equation, same) for equation in each) for each in (forward, backward)
    )
    cost = _on_axes(cost, same)
    parameters = tuple(
        Array(array_name(symbol), _axis_names(symbol.indices))
        for number in range(2, network.L + 1)
        for symbol in (with_axes(each, same) for each in _parameters(network, number))
        if isinstance(symbol, Symbol)
    )
    sizes, scalars = _sizes(network, same), scalar_layers(forward)
    up = _lower_all(forward, sizes)
    (made,) = (e for e in forward if array_name(e.left) == f"a{network.L}")
    inputs, target = Array("a1", ("n1",)), Array("y", _axis_names(made.indices))
    output = Array(f"a{network.L}", target.axes)
    split = [part for equation in backward for part in _apart(equation)]
    last = _last_layer(network, made, cost, split[0], up, sizes, scalars)
    down = last.error + _lower_all(split[1:], sizes, len(up) + len(last.error), scalars)
    gradients = tuple(Array(f"d{p.name}", p.axes) for p in parameters)
    costs = _with_penalties(last.cost, network, same)
    begun = len(up) + len(last.leads)
    spent = last.leads + _lower_all(costs, sizes, begun, last.scalars)
    lost = last.leads + _lower_all((last.cost,), sizes, begun, last.scalars)
    strengths = tuple(Array(penalty.name) for penalty in network.penalties)
    given = (*parameters, inputs, target)
    slopes = Function("gradients", (*given, *strengths), (*up, *down), gradients)
    functions = (
        Function("forward", (*parameters, inputs), up, (output,)),
        Function("cost", (*given, *strengths), (*up, *spent), (Array("c"),)),
        Function("loss", (*_outputs(lost, up), target), lost, (Array("c"),)),
        slopes,
        *_penalty(network, same, parameters, strengths, sizes),
        *updates(training),
    )
    widths = (*sizes.items(), (ALL, ALL), (WEIGHTS, WEIGHTS))
    return check(Program(str(network), widths, functions, ("lower",)))


@dataclass(frozen=True, slots=True)
class _LastLayer:
    """δ^L as lines, and the cost as an equation, with the lines that it needs first."""

    error: tuple[Instruction, ...]
    cost: Equation
    scalars: Scalars
    leads: tuple[Instruction, ...] = ()


def _last_layer(
    network: Network,
    made: Equation,
    cost: Equation,
    error: Equation,
    up: tuple[Instruction, ...],
    sizes: Mapping[str, int | str],
    scalars: Scalars,
) -> _LastLayer:
    """As the equations say it; as sigmoids of leads where a machine gets it wrong that way."""
    plain = _lower_all((error,), sizes, len(up), scalars)
    usual = _LastLayer(plain, stable_cost(cost, made), scalars)
    v = rivals.exponent(made)
    if v is None or network.layers[-1].size == 1:
        return usual
    z, y = (Array(name, _axis_names(made.indices)) for name in (f"z{network.L}", "y"))
    (start,) = (i for i, line in enumerate(up) if line.target == z)

    def spent(last: _LastLayer) -> tuple[Instruction, ...]:
        begun = len(up) + len(last.leads)
        return last.leads + _lower_all((last.cost,), sizes, begun, last.scalars)

    def right(sought: Equation, lines: tuple[Instruction, ...]) -> bool:
        return rivals.right(made, sought, (*up[start + 1 :], *lines), z, y)

    def stays(sought: Equation, lines: tuple[Instruction, ...]) -> bool:
        return rivals.finite((*up[start + 1 :], *lines), z, y) or right(sought, lines)

    of_error, of_cost = stays(error, usual.error), stays(cost, spent(usual))
    if of_error and of_cost:
        return usual
    other = _by_leads(network, made, cost, v, z, len(up), sizes)
    if other is None:
        return usual
    found = other if not of_cost and right(cost, spent(other)) else usual
    leads = not of_error and right(error, other.error)
    return replace(found, error=other.error if leads else usual.error)


LOGISTIC = Activation("logistic", 1 / (1 + sympy.exp(-Z)))


def _by_leads(
    network: Network,
    made: Equation,
    cost: Equation,
    v: sympy.Expr,
    z: Array,
    first: int,
    sizes: Mapping[str, int | str],
) -> _LastLayer | None:
    """The last layer as sigmoids of leads; None where the cost cannot stand after a sigmoid."""
    try:
        single = Network([*[1] * (network.L - 1), 2], LOGISTIC, network.cost)
    except ArchitectureError:
        return None
    leads = rivals.Leads(v, z, first)
    before = tuple(leads.body)
    scalars = {array_name(made.left): (leads.lead.name, LOGISTIC.formula)}
    here = next(x for x in walk(made.right) if isinstance(x, Symbol))

    def through(term: Term) -> Term:
        return _replace(term, here, lambda x: Symbol(leads.lead.name, None, x.indices))

    (error, *_) = derive(single).at(network.L)
    by_lead = leads.temporary(z.axes)
    left = Symbol(by_lead.name, None, error.indices)
    slope = Equation("", left, through(error.right))
    lines = _lower_all((slope,), sizes, first + len(leads.body) + 1, scalars)
    leads.body += [replace(line, equation="") for line in lines]
    leads.back(by_lead, Array(f"d{network.L}", z.axes), f"d{network.L}")
    function = ScalarFunction(LOGISTIC.name, LOGISTIC.formula)
    sigmoid = Equation(made.label, made.left, Apply(function, here))
    stable = stable_cost(cost, sigmoid)
    changed = Equation(cost.label, cost.left, through(stable.right))
    return _LastLayer(_needed(leads.body), changed, scalars, before)


def _needed(body: list[Instruction]) -> tuple[Instruction, ...]:
    """The lines that the last one needs, and itself."""
    names = {body[-1].target.name}
    kept: list[Instruction] = []
    for line in reversed(body):
        if line.target.name in names:
            names |= {array.name for array in arguments(line)}
            kept.append(line)
    return tuple(reversed(kept))


def _outputs(lost: tuple[Instruction, ...], up: tuple[Instruction, ...]) -> Iterator[Array]:
    """What the cost reads of the forward pass."""
    made = {line.target.name: line.target for line in up}
    read = {array.name for line in lost for array in arguments(line)}
    return (target for name, target in made.items() if name in read)


def same_axes(network: Network) -> dict[Axis, Axis]:
    """n_l as n_{l-1}, and so on down, where layers have the neurons of the layers before."""
    same: dict[Axis, Axis] = {}
    for number in range(2, network.L + 1):
        to = LayerNumber("", number)
        for axis, below in network.layer(number).definition.same_axes.items():
            before = Axis(below.name, to.shift(-1))
            same[Axis(axis.name, to)] = same.get(before, before)
    return same


def _on_axes(equation: Equation, same: Mapping[Axis, Axis]) -> Equation:
    left = with_axes(equation.left, same)
    assert isinstance(left, Symbol | Partial)
    return Equation(equation.label, left, with_axes(equation.right, same))


def _parameters(network: Network, number: int) -> Iterator[Term]:
    for symbol in network.layer(number).definition.parameters:
        yield at_layer(symbol, {"l": LayerNumber("", number)})


def _sizes(network: Network, same: Mapping[Axis, Axis]) -> dict[str, int | str]:
    axes = [Axis("n", LayerNumber("", number)) for number in range(1, network.L + 1)]
    for number in range(2, network.L + 1):
        own = network.layer(number).definition.axes
        axes += [Axis(name, LayerNumber("", number)) for name, _ in own if name != "n"]
    return {axis_name(axis): network.widths(axis) for axis in axes if axis not in same}


def _axis_names(indices: Iterable[Index]) -> tuple[str, ...]:
    """The names of axes; a second index over one axis gets a prime."""
    names: list[str] = []
    for index in indices:
        name = axis_name(index.axis)
        while name in names:
            name += "'"
        names.append(name)
    return tuple(names)


def _with_penalties(
    cost: Equation, network: Network, same: Mapping[Axis, Axis]
) -> tuple[Equation, ...]:
    """C = E + λ/2 Σ w², over all weights, after the equation of E."""
    symbols = (x for number in range(2, network.L + 1) for x in _parameters(network, number))
    penalised = [
        equation.right
        for symbol in symbols
        if isinstance(symbol, Symbol)
        for equation in equations.penalised(symbol, network.penalties)
    ]
    if not penalised:
        return (cost,)
    data = Symbol(f"{DATA_PART}c")
    terms = [part for right in penalised if isinstance(right, Addition) for part in right.terms]
    added = (with_axes(part, same) for part in terms if part != Symbol("E"))
    return (
        Equation("E", data, cost.right),
        Equation(cost.label, cost.left, add(data, *added)),
    )


def _penalty(
    network: Network,
    same: Mapping[Axis, Axis],
    parameters: tuple[Array, ...],
    strengths: tuple[Array, ...],
    sizes: Mapping[str, int | str],
) -> Iterator[Function]:
    """What the penalties add to the cost, alone."""
    if strengths:
        nothing = Equation("C", Symbol("C"), Number(Fraction(0)))
        *_, whole = _with_penalties(nothing, network, same)
        right = whole.right
        if not isinstance(right, Addition):
            names = " and ".join(strength.name for strength in strengths)
            raise NotYet(f"{names}: the network has no weights that could be penalised")
        added = add(*(term for term in right.terms if term != Symbol(f"{DATA_PART}c")))
        lines = _lower_all((Equation("C", Symbol("C"), added),), sizes)
        yield Function("penalty", (*parameters, *strengths), lines, (Array("c"),))


def _apart(equation: Equation) -> tuple[Equation, ...]:
    """∂C/∂w = ∂E/∂w + λ w, after the equation of ∂E/∂w: only that is a mean over samples."""
    left, right = equation.left, equation.right
    strengths = {notation.OPTIONS[name] for name in PENALTIES}
    if not isinstance(left, Partial) or not isinstance(right, Addition):
        return (equation,)

    def penalty(term: Term) -> bool:
        return any(isinstance(part, Symbol) and part.name in strengths for part in walk(term))

    penalties = [term for term in right.terms if penalty(term)]
    if not penalties:
        return (equation,)
    data = Symbol(f"{DATA_PART}d{left.by.name}", left.by.layer, left.by.indices)
    rest = add(*(term for term in right.terms if not penalty(term)))
    return (Equation("", data, rest), Equation(equation.label, left, add(data, *penalties)))


ALL, WEIGHTS = "p", "q"  # the axes of all parameters, and of the weights alone


def updates(training: Training) -> Iterator[Function]:
    """What moves the parameters, over one long array of all of them, or of all weights.

    `rate` is the learning rate of step t, `clip` shortens the gradient, `decay` is for weights.
    """
    optimizer, schedule = training.optimizer, training.schedule
    if schedule.factor != 1:
        (eta,) = (x for x in optimizer.rules[-1][1].free_symbols if x.name == "learning_rate")
        numbers = [Array(n) for setting in schedule.settings for n in setting.numbers]
        given = (Array(T.name), Array(eta.name), *numbers)
        rate = _real(eta * schedule.factor)
        line = Map(Array("rate"), rate, _used(rate, {x.symbol: x for x in given}), "rate")
        yield Function("rate", given, (line,), (line.target,))
    if training.clip_norm is not None:
        g, square, scale = Array(G.name, (ALL,)), Array(NORM2.name), Array("scale")
        limit = Array(LIMIT.name)
        lines = (
            Contract(square, (g, g)),
            Map(scale, _real(CLIPPED), (square, limit)),
            Map(Array("g_new", (ALL,)), scale.symbol * g.symbol, (scale, g), "clip"),
        )
        yield Function("clip", (g, limit), lines, (lines[-1].target,), (("g_new", g.name),))
    if optimizer.decay is not None:
        yield _update("decay", ((THETA, optimizer.decay),), training, WEIGHTS)
    yield _update("update", optimizer.rules, training, ALL)


def _real(formula: sympy.Expr) -> sympy.Expr:
    """The formula in the symbols of arrays."""
    return formula.xreplace({x: Array(x.name).symbol for x in formula.free_symbols})


def _update(name: str, rules: Iterable[Rule], training: Training, axis: str) -> Function:
    """θ and the state of the optimizer, each overwritten by its formula."""
    optimizer = training.optimizer
    numbers = [n for setting in optimizer.settings for n in setting.numbers]
    entries = (THETA.name, G.name, *(symbol.name for symbol in optimizer.state))
    now = {sympy.Symbol(n, real=True): Array(n, (axis,)) for n in entries}
    read: dict[str, Array] = {}
    body = []
    for symbol, rule in rules:
        used = []
        places = {}
        for each in sorted(rule.free_symbols, key=str):
            array = now.get(each, Array(each.name))
            places[each] = array.symbol
            used.append(array)
            if not array.name.endswith("_new"):
                read[array.name] = array
        target = Array(f"{symbol.name}_new", (axis,))
        body.append(Map(target, rule.xreplace(places), tuple(used), symbol.name))
        now[symbol] = target
    order = [*entries, "t", *numbers]
    return Function(
        name,
        tuple(sorted(read.values(), key=lambda array: order.index(array.name))),
        tuple(body),
        tuple(line.target for line in body),
        tuple((line.target.name, line.target.name.removesuffix("_new")) for line in body),
    )


def _named_errors(term: Term) -> Term:
    """∂C/∂a, where it has a formula of its own, as the array da."""
    if isinstance(term, Partial):
        return Symbol(array_name(term), None, term.by.indices)
    return map_children(term, _named_errors)


# --- one equation --------------------------------------------------------------------------


def scalar_layers(forward: Iterable[Equation]) -> Scalars:
    """The arrays that are a function of another one, entry by entry."""
    found = {}
    for equation in forward:
        match equation.left, equation.right:
            case Symbol() as a, Apply(ScalarFunction(_, formula, _, 0), Symbol() as z) if (
                formula is not None and a.indices == z.indices
            ):
                found[array_name(a)] = array_name(z), formula
    return found


def _lower_all(
    equations: Iterable[Equation],
    sizes: Mapping[str, int | str],
    first_temporary: int = 0,
    scalars: Scalars | None = None,
) -> tuple[Instruction, ...]:
    lines: list[Instruction] = []
    for equation in equations:
        lowering = _Lowering(equation, sizes, first_temporary + len(lines), scalars or {})
        lines += lowering.lines()
    return tuple(lines)


@dataclass
class _Lowering:
    """The lines of one equation; temporaries are numbered on from `first`."""

    equation: Equation
    sizes: Mapping[str, int | str]
    first: int
    scalars: Scalars
    body: list[Instruction] = field(default_factory=list)

    def lines(self) -> list[Instruction]:
        indices = self.equation.indices
        axes = dict(zip(indices, _axis_names(indices), strict=True))
        target = Array(array_name(self.equation.left), tuple(axes.values()))
        label = "" if target.name.startswith(DATA_PART) else target.name  # a part has no equation
        right = steady(_named_errors(self.equation.right), self._top)
        if isinstance(right, Product) and all(isinstance(f, Symbol) for f in right.factors):
            # δ_j a_k: a product of arrays over different axes
            factors = tuple(self._array(f, axes) for f in right.factors if isinstance(f, Symbol))
            self.body.append(Contract(target, factors, label))
            return self.body
        formula, read = self._formula(right, axes)
        match self.body[-1:], formula:
            case [(Contract() | Reduce()) as last], sympy.Symbol() if formula == last.target.symbol:
                # The equation is a single sum: it needs no copy.
                self.body[-1] = _retarget(last, target, label)
            case _:
                used = _used(formula, read)
                if set(target.axes) - {axis for array in used for axis in array.axes}:
                    raise NotYet(
                        f"{target.name} is the same for every neuron of its layer; such an "
                        "equation cannot become code yet"
                    )
                self.body.append(Map(target, formula, used, label))
        return self.body

    def _formula(
        self, term: Term, axes: dict[Index, str]
    ) -> tuple[sympy.Expr, dict[sympy.Symbol, Array]]:
        """A term as a scalar formula over arrays; sums in it become lines of their own."""
        read: dict[sympy.Symbol, Array] = {}

        def go(term: Term) -> sympy.Expr:
            match term:
                case Number(value):
                    return sympy.Rational(value.numerator, value.denominator)
                case Symbol():
                    array = self._array(term, axes)
                    read[array.symbol] = array
                    return array.symbol
                case Apply(function, argument):
                    if function.formula is not None:
                        steadier = far_out.steady(function.formula)
                        return steadier.subs(ARGUMENT, go(argument))
                    return apply_formula(function, go(argument))
                case Power(base, exponent):
                    return go(base) ** sympy.Rational(exponent.numerator, exponent.denominator)
                case Product(factors):
                    return sympy.Mul(*map(go, factors))
                case Addition(terms):
                    return sympy.Add(*map(go, terms))
                case Sum():
                    array = self._sum(term, axes)
                    read[array.symbol] = array
                    return array.symbol
                case Size(axis):
                    return sympy.Integer(self._size(axis_name(axis)))
                case Delta(left, right):
                    raise NotYet(f"no code can be made yet of [{left.name} = {right.name}]")
            raise TypeError(f"{term} cannot be lowered")

        return self._holding_up(go(term), read), read

    def _holding_up(self, formula: sympy.Expr, read: dict[sympy.Symbol, Array]) -> sympy.Expr:
        """The formula in a, z and what else it reads, so that it is right also far out."""
        for a, (z, activation) in self.scalars.items():
            places = {x.axes for x in read.values() if x.name in (a, z)}
            if len(places) != 1:
                continue
            (axes,) = places
            here, there = Array(a, axes), Array(z, axes)
            standing = {here.symbol: A, there.symbol: Z}
            changed = far_out.in_products(formula.xreplace(standing), activation)
            formula = changed.xreplace({y: x for x, y in standing.items()})
            read |= {x.symbol: x for x in (here, there) if x.symbol in formula.free_symbols}
        return formula

    def _size(self, axis: str) -> int:
        size = self.sizes[axis]
        if isinstance(size, str):
            raise NotYet(f"the formula needs the width {size}, which is open")
        return size

    def _sum(self, term: Sum, axes: dict[Index, str]) -> Array:
        """A line for Σ; its target keeps the axes that the body has beside the bound ones."""
        inner = dict(axes)
        bound = []
        body: Term = term
        while isinstance(body, Sum):
            name = axis_name(body.index.axis)
            while name in inner.values():
                name += "'"
            inner[body.index] = name
            bound.append(body.index)
            body = body.body
        free = tuple(axis for index, axis in axes.items() if index in free_indices(term))
        factors = body.factors if isinstance(body, Product) else (body,)
        plain = [self._array(f, inner) for f in factors if isinstance(f, Symbol)]
        rest: list[Term] = [f for f in factors if not isinstance(f, Symbol)]
        if rest:
            plain.append(self._temporary_map(rest, inner))
        target = Array(self._temporary(), free)
        if len(plain) == 1:
            self.body.append(Reduce(target, "sum", plain[0]))
        else:
            self.body.append(Contract(target, tuple(plain)))
        return target

    def _temporary_map(self, factors: list[Term], axes: dict[Index, str]) -> Array:
        """A line for the factors of a sum that are no plain symbols."""
        product = factors[0] if len(factors) == 1 else Product(tuple(factors))
        used = {index: axis for index, axis in axes.items() if index in free_indices(product)}
        # On its own the temporary needs no second names of axes: n3' alone is n3.
        alone = {index: axis_name(index.axis) for index in used}
        names = alone if len(set(alone.values())) == len(alone) else used
        formula, read = self._formula(product, names)
        target = Array(self._temporary(), tuple(names.values()))
        self.body.append(Map(target, formula, _used(formula, read)))
        return Array(target.name, tuple(used.values()))

    def _array(self, symbol: Symbol, axes: dict[Index, str]) -> Array:
        return Array(array_name(symbol), tuple(axes[index] for index in symbol.indices))

    def _temporary(self) -> str:
        return f"t{self.first + len(self.body) + 1}"

    def _top(self, z: Symbol) -> Symbol:
        """A line for max_p z_p, and one for z minus it."""
        (index,) = z.indices
        axis = axis_name(index.axis)
        source = Array(array_name(z), (axis,))
        top = Array(self._temporary())
        self.body.append(Reduce(top, "max", source))
        shifted = Array(self._temporary(), (axis,))
        self.body.append(Map(shifted, source.symbol - top.symbol, (source, top)))
        return Symbol(shifted.name, None, (index,))


def _used(formula: sympy.Expr, read: Mapping[sympy.Symbol, Array]) -> tuple[Array, ...]:
    return tuple(array for array in read.values() if array.symbol in formula.free_symbols)


def _retarget(line: Contract | Reduce, target: Array, equation: str) -> Instruction:
    if isinstance(line, Contract):
        return Contract(target, line.factors, equation)
    return Reduce(target, line.how, line.argument, equation)


# --- stable forms --------------------------------------------------------------------------


def steady(term: Term, shifted: Callable[[Symbol], Symbol]) -> Term:
    """The term in z - max z, if it is the same for z + c as for z, whatever c is.

    Only where sums run over exponentials of z: elsewhere there is nothing to gain.
    """
    c = Symbol("c°")
    for z in sorted(_summed_inputs(term), key=spell):
        if normal.equal(_replace(term, z, lambda x: add(x, c)), term):
            name = shifted(z).name
            return _replace(term, z, lambda x: Symbol(name, None, x.indices))  # noqa: B023
    return term


def stable_cost(cost: Equation, output: Equation) -> Equation:
    """The cost with ln a written through z, where the logarithm of a quotient comes apart.

    ln a_j = z_j - ln Σ_p e^{z_p} for softmax, ln a = -ln(1 + e^{-z}) for sigmoid: right also where
    a itself is rounded to 0 or 1. What does not come apart stays as it is, and so does what is no
    better for it: ln a = ln ln(1 + e^z) for softplus, which is cut off where it needs it.
    """

    def unfold(term: Term) -> Term:
        if isinstance(term, Sum):
            body = unfold(term.body)
            if body == term.body:
                return term
            # Collected only where no sum inside would lose its shift by the maximum.
            coupled = any(isinstance(part, Sum) for part in walk(body))
            return Sum(term.index, body if coupled else normal.normalise(body))
        if isinstance(term, Apply) and term.function.is_log:
            inside = _through_z(term.argument, output)
            if inside is None:
                return term
            apart = normal.normalise(Apply(term.function, inside))
            return apart if _gains(apart, output) else term
        return map_children(term, unfold)

    return Equation(cost.label, cost.left, unfold(cost.right))


def _gains(apart: Term, output: Equation) -> bool:
    """Whether a logarithm through z is right far out, where it is one of a single z."""
    if not isinstance(output.right, Apply):
        return True
    formula = to_sympy(apart, lambda _: sympy.Integer(0), lambda _: Z)
    return far_out.holds_up(formula, formula, Z)


def _through_z(term: Term, output: Equation) -> Term | None:
    """A term in a_j^L alone as a term in z^L, as a single quotient; None if it is not one."""
    made, a = output.right, output.left
    found = {x for x in walk(term) if isinstance(x, Symbol)}
    if len(found) != 1 or not isinstance(a, Symbol):
        return None
    (used,) = found
    if (used.name, used.layer) != (a.name, a.layer):
        return None
    to = dict(zip(a.indices, used.indices, strict=True))
    if not isinstance(made, Apply):
        return rename(made, to) if term == used else None
    if made.function.formula is None or made.function.formula.has(sympy.Piecewise):
        return None
    whole = to_sympy(term, lambda _: sympy.Integer(0), lambda _: made.function.formula)
    quotient = sympy.together(whole.rewrite(sympy.exp))
    return from_sympy(quotient, {ARGUMENT.name: rename(made.argument, to)})


def _summed_inputs(term: Term) -> set[Symbol]:
    """The symbols that stand as arguments of functions inside a sum."""
    if isinstance(term, Sum):
        inside = (x.argument for x in walk(term.body) if isinstance(x, Apply))
        return {y for argument in inside for y in walk(argument) if isinstance(y, Symbol)}
    return set().union(*map(_summed_inputs, children(term)))


def _replace(term: Term, symbol: Symbol, by: Callable[[Symbol], Term]) -> Term:
    if isinstance(term, Symbol):
        same = (term.name, term.layer) == (symbol.name, symbol.layer)
        return by(term) if same else term
    return map_children(term, lambda part: _replace(part, symbol, by))
