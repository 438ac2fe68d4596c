"""A training step for one sample as one function, made for code that has no arrays.

    step(w2, …, m1_w2, …, a1, y, l2, t, learning_rate, …) -> …, w2_new, …, a4

The gradients and the rule of the optimizer stand together, parameter by parameter. What several
lines compute is computed once; so is what would be computed for each entry of a matrix but depends
on fewer indices: η δ_j of w_jk - η δ_j a_k for each j, and 1 - β once for all.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import combinations

import sympy

from symnet.program import passes
from symnet.program.bounds import LARGEST, Bounds, Interval, branches
from symnet.program.ir import (
    Array,
    Contract,
    Function,
    Instruction,
    Map,
    Program,
    ProgramError,
    arguments,
    check,
    plain,
)

MOST_FACTORS = 4  # a higher power is no product
KEPT = 0.5  # what it costs to keep a number and read it again, in multiplications
DIVISION, CONDITION, FUNCTION = 1.5, 1.0, 3.0  # likewise
MANY = 100  # entries along an axis without a size

THETA, GRADIENT = sympy.symbols("theta g", real=True)


def one_sample(program: Program) -> Program:
    """The functions step, gradients, update and decay of a program for one sample, optimised.

    The program may come from `lower`, or from the passes but for `over_batch`.
    """
    if any(axis == passes.SAMPLES for axis, _ in program.sizes):
        raise ProgramError("the program is one for batches already")
    kept = [f for f in program.functions if f.name in ("update", "decay")]
    functions = (step(program), gradients(program), *kept)
    made = check(replace(program, functions=functions))
    return passes.optimize(made, PASSES)


def outputs(program: Program) -> tuple[Array, ...]:
    """The arrays of the forward pass from which the cost follows."""
    return tuple(x for x in program.function("loss").parameters if x.axes and x.name != "y")


def parameters(program: Program) -> tuple[Array, ...]:
    """The arrays that are trained."""
    function = program.function("gradients")
    trained = {result.name.removeprefix("d") for result in function.results}
    return tuple(x for x in function.parameters if x.name in trained)


def gradients(program: Program) -> Function:
    """The gradients, and beside them the outputs."""
    function = program.function("gradients")
    made = {line.target.name for line in function.body}
    missing = [x.name for x in outputs(program) if x.name not in made]
    if missing:
        raise ProgramError(f"{', '.join(missing)} is not computed on the way to the gradients")
    return replace(function, results=(*function.results, *outputs(program)))


# --- the step ------------------------------------------------------------------------------


def step(program: Program) -> Function:
    """w2_new = the rule of the optimizer, with w2 for θ and dw2 for g; decay is put into it."""
    function, update = gradients(program), program.function("update")
    trained = parameters(program)
    decays = [f for f in program.functions if f.name == "decay"]
    states = [old for _, old in update.overwrites if old != THETA.name]
    numbers = {x.name: Array(number_name(x.name, program)) for x in optimizer_numbers(program)}
    body = list(function.body)
    results: list[Array] = []
    overwrites = []
    for array in trained:
        kept = {THETA.name: array, GRADIENT.name: Array(f"d{array.name}", array.axes)}
        kept |= {state: Array(state_name(state, array.name), array.axes) for state in states}
        for line in update.body:
            assert isinstance(line, Map)
            formula = line.formula
            if decays and len(array.axes) > 1 and line.target.name == "theta_new":
                (decay,) = decays[0].body
                assert isinstance(decay, Map)
                formula = formula.xreplace({THETA: decay.formula})
            old = line.target.name.removesuffix("_new")
            target = Array(f"{kept[old].name}_new", array.axes)
            whole = [x for f in (update, *decays) for x in f.parameters]
            read = {
                x.symbol: kept.get(x.name, numbers.get(x.name, x))
                for x in (*whole, *line.arguments)
            }
            places = {symbol: x.symbol for symbol, x in read.items()}
            formula = formula.xreplace(places)
            used = passes.used(formula, dict.fromkeys(read.values()))
            body.append(Map(target, formula, used, said(old, array.name)))
            results.append(target)
            overwrites.append((target.name, kept[old].name))
            kept[line.target.name] = target
    own = [
        Array(state_name(state, array.name), array.axes) for state in states for array in trained
    ]
    given = [x for x in function.parameters if x not in trained]
    return Function(
        "step",
        (*trained, *own, *given, *numbers.values()),
        tuple(body),
        (*results, *outputs(program)),
        tuple(overwrites),
    )


def optimizer_numbers(program: Program) -> tuple[Array, ...]:
    """What the rules of the optimizer read beside arrays: its numbers, and t."""
    functions = [f for name in ("update", "decay") for f in program.functions if f.name == name]
    return tuple(dict.fromkeys(x for f in functions for x in f.parameters if not x.axes))


def number_name(number: str, program: Program) -> str:
    """The number's name beside the parameters, of which one may be called beta2, too."""
    function = program.function("gradients")
    taken = {x.name for x in (*function.parameters, *(line.target for line in function.body))}
    while number in taken:
        number += "_"
    return number


def state_name(state: str, parameter: str) -> str:
    """m1_w2: what an optimizer keeps for the entries of w2."""
    return f"{state}_{parameter}"


def said(symbol: str, parameter: str) -> str:
    """The name of an equation of the optimizer at a parameter: `theta of w2`."""
    return f"{symbol} of {parameter}"


# --- passes --------------------------------------------------------------------------------


def _maps(change: Callable[[sympy.Expr], sympy.Expr]) -> passes.Pass:
    def body(function: Function) -> Iterator[Instruction]:
        for line in function.body:
            if isinstance(line, Map):
                formula = change(line.formula)
                line = replace(
                    line, formula=formula, arguments=passes.used(formula, line.arguments)
                )
            yield line

    def rewrite(program: Program) -> Program:
        functions = (replace(f, body=tuple(body(f))) for f in program.functions)
        return replace(program, functions=tuple(functions))

    return rewrite


def magnitudes(program: Program) -> Program:
    """max(u, -u) -> |u|: one operation."""

    def pair(x: sympy.Expr) -> bool:
        return isinstance(x, sympy.Max) and len(x.args) == 2 and x.args[0] == -x.args[1]

    def positive(x: sympy.Max) -> sympy.Expr:
        return sympy.Abs(next(y for y in x.args if not y.could_extract_minus_sign()))

    return _maps(lambda formula: formula.replace(pair, positive))(program)


def logistics(program: Program) -> Program:
    """f(1/(1 + e^u), 1/(1 + e^u)³) -> s = 1/(1 + e^u), f(s, s³): it stays between 0 and 1."""

    def change(work: "Body", line: Map) -> Map:
        found = {
            1 / x.base: None
            for x in sorted(line.formula.atoms(sympy.Pow), key=sympy.default_sort_key)
            if x.exp.is_Integer and x.exp.is_negative and isinstance(x.base - 1, sympy.exp)
        }
        for logistic in found:
            if logistic == line.formula:
                continue
            s = work.put(logistic, line)

            def power(
                x: sympy.Pow, logistic: sympy.Expr = logistic, s: sympy.Symbol = s.symbol
            ) -> sympy.Expr:
                return s**-x.exp if x.base == 1 / logistic else x

            formula = line.formula.replace(
                lambda x: isinstance(x, sympy.Pow) and x.exp.is_Integer and x.exp.is_negative,
                power,
            )
            line = read_again(line, formula, s)
        return line

    return _each_map(program, change)


def products(program: Program) -> Program:
    """dw2[n2,n1] = a1[n1] d2[n2], a Contract without a sum, as a Map: it can be put into others."""

    def change(function: Function) -> Function:
        body: list[Instruction] = []
        for line in function.body:
            if isinstance(line, Contract) and {
                axis for x in line.factors for axis in x.axes
            } == set(line.target.axes):
                formula = sympy.Mul(*(x.symbol for x in line.factors))
                read = tuple(dict.fromkeys(line.factors))
                line = Map(line.target, formula, read, line.equation)
            body.append(line)
        return replace(function, body=tuple(body))

    return replace(program, functions=tuple(map(change, program.functions)))


def gradients_in_place(program: Program) -> Program:
    """dw = d a, w_new = w - η dw -> w_new = w - η d a: no number for what is read once."""

    def change(function: Function) -> Function:
        body: list[Instruction] = list(function.body)
        for line in function.body:
            readers = [x for x in body if line.target in arguments(x)]
            if isinstance(line, Map) and _is_read_in_place(line, readers, body, function):
                for reader in readers:
                    assert isinstance(reader, Map)
                    formula = reader.formula.xreplace({line.target.symbol: line.formula})
                    first = reader is readers[0] and line.equation
                    equation = f"{line.equation}; {reader.equation}" if first else reader.equation
                    again = replace(reader, equation=equation)
                    body[body.index(reader)] = read_again(again, formula, *line.arguments)
                body.remove(line)
        return replace(function, body=tuple(body))

    changed = (change(f) if f.name == "step" else f for f in program.functions)
    return replace(program, functions=tuple(changed))


def _is_read_in_place(
    line: Map, readers: list[Instruction], body: list[Instruction], function: Function
) -> bool:
    """Whether a gradient is read once, or is another array, by updates that do not overwrite it."""
    if line.target in function.results or not line.target.name.startswith("d"):
        return False
    if not readers or not all(isinstance(x, Map) and " of " in x.equation for x in readers):
        return False
    reads = sum(_count(x.formula, line.target) for x in readers if isinstance(x, Map))
    if reads > 1 and not isinstance(line.formula, sympy.Symbol):
        return False
    between = {x.target.name for x in body[body.index(line) : body.index(readers[-1])]}
    gone = {old for new, old in function.overwrites if new in between}
    return not gone & {x.name for x in line.arguments}


def _count(formula: sympy.Expr, array: Array) -> int:
    return sum(x == array.symbol for x in sympy.preorder_traversal(formula))


def name_operands(program: Program) -> Program:
    """(a - y)² -> u = a - y, u u; e^u likewise where it may overflow: what is written twice."""

    def change(work: "Body", line: Map) -> Map:
        bounds = Bounds(work.done, work.sizes)
        while True:
            part = next(_operands(line.formula, bounds, {}), None)
            if part is None:
                return line
            made = work.put(part, line)
            bounds = Bounds(work.done, work.sizes)
            line = read_again(line, line.formula.xreplace({part: made.symbol}), made)

    return _each_map(program, change)


def _operands(
    x: sympy.Basic, bounds: Bounds, known: Mapping[sympy.Symbol, Interval]
) -> Iterator[sympy.Expr]:
    """The parts of a formula that its text has more than once, the inner ones first."""
    if isinstance(x, sympy.Piecewise):
        for value, here in branches(x, bounds.known | dict(known)):
            yield from _operands(value, bounds, here)
        for _, condition in x.args:
            yield from _operands(condition, bounds, known)
        return
    for part in x.args:
        yield from _operands(part, bounds, known)
    match x:
        case sympy.exp():
            if linear(x.args[0]) is None and bounds.of(x.args[0], known)[1] > LARGEST:
                yield x.args[0]
        case sympy.Pow() if x.exp.is_Integer and 2 <= abs(x.exp) <= MOST_FACTORS:
            if not isinstance(x.base, sympy.Symbol):
                yield x.base
        case sympy.Max() | sympy.Min():
            yield from (y for y in x.args if not (y.is_number or isinstance(y, sympy.Symbol)))
        case sympy.sign():
            if not isinstance(x.args[0], sympy.Symbol):
                yield x.args[0]


def linear(x: sympy.Expr) -> tuple[sympy.Expr, sympy.Symbol] | None:
    """c and u of c u."""
    c, u = x.as_coeff_Mul()
    return (c, u) if isinstance(u, sympy.Symbol) else None


def share(program: Program) -> Program:
    """w_jk - η δ_j a_k, b_j - η δ_j -> t_j = η δ_j, w_jk - t_j a_k, b_j - t_j: computed once.

    The part that saves most comes first. What stands in a branch alone stays there.
    """

    def change(function: Function) -> Function:
        while True:
            shorter = _share_one(function, dict(program.sizes))
            if shorter is None:
                return function
            function = shorter

    return replace(program, functions=tuple(map(change, program.functions)))


def _share_one(function: Function, sizes: Mapping[str, int | str]) -> Function | None:
    work = Body(function, sizes)
    known = {x.symbol: x for line in function.body for x in (*arguments(line), line.target)}
    found: dict[sympy.Expr, float] = {}
    for line in function.body:
        if isinstance(line, Map):
            for part, count in _parts(line.formula):
                found[part] = found.get(part, 0.0) + count * work.entries(line.target.axes)
    best, most = None, 0.0
    for part, total in found.items():
        axes = {axis for symbol in part.free_symbols for axis in known[symbol].axes}
        own = work.entries(axes)
        saved = cost(part) * (total - own) - KEPT * own
        second = any(axis.endswith("'") for axis in axes)
        if not second and (saved > most or (saved == most > 0 and str(part) < str(best))):
            best, most = part, saved
    if best is None:
        return None
    made: Array | None = None
    for line in function.body:
        if isinstance(line, Map) and best in dict(_parts(line.formula)):
            if made is None:
                made = work.put(best, line)
            line = read_again(line, _without(line.formula, best, made.symbol), made)
        work.done.append(line)
    return replace(function, body=tuple(work.done))


@lru_cache(maxsize=10_000)
def _parts(formula: sympy.Expr) -> tuple[tuple[sympy.Expr, int], ...]:
    """The parts of a formula that could be computed apart, and how often each stands there."""
    counts: Counter[sympy.Expr] = Counter()
    sure: set[sympy.Expr] = set()

    def visit(x: sympy.Basic, always: bool) -> None:
        found: list[sympy.Expr] = []
        if isinstance(x, sympy.Mul):
            factors = [y for y in x.args if not y.is_number]
            for y, z in combinations(factors, 2):
                if not (_below(y) and _below(z)) and sympy.Mul(y, z) != formula:
                    found.append(sympy.Mul(y, z))
            number = sympy.Mul(*(y for y in x.args if y.is_number))
            if abs(number) != 1 and len(factors) == 1 and x != formula:
                found.append(x)
        elif _is_operation(x) and x != formula:
            found.append(x)
        counts.update(found)
        if always:
            sure.update(found)
        if isinstance(x, sympy.Piecewise):
            for value, condition in x.args:
                visit(value, always=False)
                visit(condition, always)
        else:
            for part in x.args:
                visit(part, always)

    visit(formula, always=True)
    ordered = sorted(sure, key=sympy.default_sort_key)
    return tuple((part, counts[part]) for part in ordered)


def _is_operation(x: sympy.Basic) -> bool:
    """A part with a value of its own; 1/x is none, since x/y and 1/x cost the same."""
    if not isinstance(x, sympy.Expr) or not x.args or x.is_number:
        return False
    return not _below(x) or isinstance(x.base - 1, sympy.exp)


def _below(x: sympy.Expr) -> bool:
    return isinstance(x, sympy.Pow) and bool(x.exp == -1)


def _without(formula: sympy.Expr, part: sympy.Expr, name: sympy.Symbol) -> sympy.Expr:
    """The formula with a name for a part, also where it is two factors among others."""
    formula = formula.xreplace({part: name})
    if not isinstance(part, sympy.Mul):
        return formula
    pair = set(part.args)

    def shorter(x: sympy.Mul) -> sympy.Expr:
        return sympy.Mul(name, *(y for y in x.args if y not in pair))

    return formula.replace(lambda x: isinstance(x, sympy.Mul) and pair <= set(x.args), shorter)


def cost(x: sympy.Basic) -> float:
    """What a formula costs, in multiplications of numbers."""
    inside = math.fsum(map(cost, x.args))
    match x:
        case sympy.Add():
            return inside + len(x.args) - 1
        case sympy.Mul():
            return inside + len(x.args) - 1 - sum(bool(y == -1) for y in x.args)
        case sympy.exp() | sympy.Function():
            return inside + FUNCTION
        case sympy.Pow() if x.exp == -1:
            return inside + DIVISION
        case sympy.Pow() if x.exp.is_Integer and 2 <= x.exp <= MOST_FACTORS:
            return inside + int(x.exp) - 1
        case sympy.Pow():
            return inside + FUNCTION
        case sympy.Piecewise():
            return inside + CONDITION * len(x.args)
    return inside


PASSES: tuple[passes.Pass, ...] = (
    *(rewrite for rewrite in passes.PIPELINE if rewrite is not passes.over_batch),
    magnitudes,
    logistics,
    products,
    passes.merge_equal,
    gradients_in_place,
    share,
    name_operands,
    share,
    passes.drop_dead,
)


# --- lines of its own for parts ------------------------------------------------------------


@dataclass
class Body:
    """The lines of a function, as far as they are rewritten; new ones are put before the next."""

    function: Function
    all_sizes: Mapping[str, int | str]
    done: list[Instruction] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.names = {x.name for x in self.function.parameters}
        self.names |= {line.target.name for line in self.function.body}
        self.sizes = {axis: n for axis, n in self.all_sizes.items() if isinstance(n, int)}

    def entries(self, axes: Iterable[str]) -> int:
        """How many entries there are over these axes."""
        total = 1
        for axis in axes:
            total *= self.sizes.get(plain(axis), MANY)
        return total

    def put(self, part: sympy.Expr, line: Map) -> Array:
        """A line for a part of this one, over the axes that it depends on."""
        read = passes.used(part, line.arguments)
        axes = {axis for x in read for axis in x.axes}
        number = 1
        while f"t{number}" in self.names:
            number += 1
        target = Array(f"t{number}", tuple(axis for axis in line.target.axes if axis in axes))
        self.names.add(target.name)
        self.done.append(Map(target, part, read))
        return target


def read_again(line: Map, formula: sympy.Expr, *more: Array) -> Map:
    """The line with another formula, in which other arrays may be read."""
    read = dict.fromkeys((*line.arguments, *more))
    return replace(line, formula=formula, arguments=passes.used(formula, read))


def _each_map(program: Program, change: Callable[[Body, Map], Map]) -> Program:
    """The program with every Map rewritten, and before it the lines that it needs."""

    def rewritten(function: Function) -> Function:
        work = Body(function, dict(program.sizes))
        for line in function.body:
            work.done.append(change(work, line) if isinstance(line, Map) else line)
        return replace(function, body=tuple(work.done))

    return replace(program, functions=tuple(map(rewritten, program.functions)))
