"""Passes that decide how arrays lie in memory, for the function `gradients`.

Their law is that of all passes, what the function computes stays the same; a change of the order of
axes is a change of how arrays are given, and the tests transpose them.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import sympy

from symnet.program.ir import (
    DATA_PART,
    LONGER,
    Accumulate,
    Array,
    Contract,
    Function,
    Instruction,
    Join,
    Map,
    Program,
    ProgramError,
    Reduce,
    Slice,
    arguments,
    plain,
)
from symnet.program.passes import DATA, SAMPLES, WEIGHT, reading, used


def _gradients(program: Program, change: Callable[[Function], Function]) -> Program:
    functions = tuple(
        change(function) if function.name == "gradients" else function
        for function in program.functions
    )
    return replace(program, functions=functions)


# --- means ---------------------------------------------------------------------------------


def leave_sums(program: Program) -> Program:
    """∂C/∂w = (1/m) Σ_m … -> Σ_m …: the update divides its rate by m instead of all gradients."""
    changed = _gradients(program, _leave_sums)
    if changed.function("gradients") == program.function("gradients"):
        return program
    g, m = sympy.Symbol("g", real=True), Array(SAMPLES)

    def update(function: Function) -> Function:
        if function.name != "update":
            return function
        body = [
            replace(line, formula=line.formula.xreplace({g: g / m.symbol}),
                    arguments=(*line.arguments, m))
            if isinstance(line, Map) and g in line.formula.free_symbols else line
            for line in function.body
        ]  # fmt: skip
        arrays = [x for x in function.parameters if x.axes]
        numbers = [x for x in function.parameters if not x.axes]
        return replace(function, parameters=(*arrays, m, *numbers), body=tuple(body))

    return replace(changed, functions=tuple(map(update, changed.functions)))


def _leave_sums(function: Function) -> Function:
    """The results become sums; those with penalties, which are no plain quotients, cannot."""
    m = Array(SAMPLES).symbol
    lines = {line.target.name: line for line in function.body}
    sums: dict[str, Array] = {}
    for result in function.results:
        line = lines[result.name]
        if not isinstance(line, Map) or line.formula * m not in {x.symbol for x in line.arguments}:
            return function
        sums[result.name] = next(x for x in line.arguments if x.symbol == line.formula * m)
    body = []
    for line in function.body:
        if line.target.name in sums:
            continue
        name = line.target.name.removesuffix("_sum")
        body.append(replace(line, equation=name if name in sums else line.equation))
    parameters = tuple(p for p in function.parameters if p.name != SAMPLES)
    return replace(function, parameters=parameters, body=tuple(body), results=tuple(sums.values()))


def means_early(program: Program) -> Program:
    """∂C/∂w = (1/m) Σ_m δ a -> δ^L/m once: all that follows is linear in it."""
    return _gradients(program, _means_early)


def _means_early(function: Function) -> Function:
    m = Array(SAMPLES)
    backward = _backward(function)
    body: list[Instruction] = []
    for line in function.body:
        name = line.target.name
        seed = name in backward and not any(x.name in backward for x in arguments(line))
        if seed and isinstance(line, Map):
            body.append(
                replace(line, formula=line.formula / m.symbol, arguments=(*line.arguments, m))
            )
        elif isinstance(line, Map) and m in line.arguments:
            # x_sum/m: the sum is the mean now
            formula = line.formula.xreplace({m.symbol: sympy.Integer(1)})
            read = tuple(x for x in line.arguments if x != m)
            last = body[-1]
            if formula == last.target.symbol and not isinstance(last, Map):
                body[-1] = replace(last, target=line.target, equation=line.equation)
            else:
                body.append(replace(line, formula=formula, arguments=read))
        elif seed or not _linear(line, backward):
            return function
        else:
            body.append(line)
    return replace(function, body=tuple(body))


def weigh_samples(program: Program) -> Program:
    """δ^L -> s δ^L, s the weight of the sample: all that follows is linear in it.

    In a batch the product is a line of its own, which is left out where samples have no weights.
    """
    return _gradients(program, _weigh_samples)


def _weigh_samples(function: Function) -> Function:
    """Each equation that has y in it, by itself or by its temporaries, times the weight."""
    y = next(x for x in function.parameters if x.name == DATA[1])
    weight = Array(WEIGHT, tuple(axis for axis in y.axes if axis == SAMPLES))
    plain, weighed = {y.name}, set[str]()  # what follows y without a weight, and with one
    body: list[Instruction] = []
    for line in function.body:
        read, target = {x.name for x in arguments(line)}, line.target
        if not read & (plain | weighed):
            body.append(line)
        elif not line.equation and not read & weighed:
            plain.add(target.name)
            body.append(line)
        elif read & weighed:
            if read & plain or not _linear(line, weighed):
                raise ProgramError(f"{line} is not linear in the derivatives of the cost")
            weighed.add(target.name)
            body.append(line)
        else:
            if not set(weight.axes) <= set(target.axes):
                raise ProgramError(f"{line} sums over samples without their weights")
            weighed.add(target.name)
            body += _weighed(line, weight)
    place = function.parameters.index(y) + 1
    parameters = (*function.parameters[:place], weight, *function.parameters[place:])
    return replace(function, parameters=parameters, body=tuple(body))


def _weighed(line: Instruction, weight: Array) -> Iterator[Instruction]:
    if isinstance(line, Map) and not weight.axes:
        formula, read = line.formula * weight.symbol, (*line.arguments, weight)
        yield replace(line, formula=formula, arguments=read)
        return
    whole = Array(f"t_{line.target.name}", line.target.axes)
    yield reading(line, whole, arguments(line))
    yield Map(line.target, whole.symbol * weight.symbol, (whole, weight))


def _backward(function: Function) -> set[str]:
    """What the derivatives of the cost are computed through: all that follows y."""
    found = {"y"}
    for line in function.body:
        if any(array.name in found for array in arguments(line)):
            found.add(line.target.name)
    return found - {"y"}


def _linear(line: Instruction, backward: set[str]) -> bool:
    """Whether a line is linear, without a constant, in what is computed from y."""
    read = [array for array in arguments(line) if array.name in backward]
    if not read:
        return True
    match line:
        case Contract():
            return len(read) == 1
        case Reduce(_, how, _, _):
            return how == "sum"
        case Map(_, formula, _, _):
            if line.target.name.removeprefix(DATA_PART) != line.target.name:
                return True
            if all(x.name.startswith(DATA_PART) for x in read):
                # a penalty is added to what comes from the data
                formula -= formula.xreplace({x.symbol: sympy.Integer(0) for x in read})
            k = sympy.Symbol("k°", positive=True)
            larger = formula.xreplace({x.symbol: k * x.symbol for x in read})
            return bool(sympy.expand(larger - k * formula) == 0)
    return True


# --- the order of axes ---------------------------------------------------------------------


def samples_last(program: Program) -> Program:
    """z[m,n] -> z[n,m]: a sample is a column, so that a bias is a row and a layer one block.

    Only the inputs stay as they come, in rows.
    """

    def turned(array: Array) -> Array:
        if array.name == DATA[0] or SAMPLES not in array.axes:
            return array
        return Array(array.name, (*array.axes[1:], array.axes[0]))

    return _gradients(program, lambda function: _changed(function, turned))


def _changed(function: Function, turned: Callable[[Array], Array]) -> Function:
    """The function with other axes for some arrays, wherever they stand."""
    body = []
    for line in function.body:
        read = tuple(map(turned, arguments(line)))
        body.append(reading(line, turned(line.target), read))
    return replace(
        function,
        parameters=tuple(map(turned, function.parameters)),
        body=tuple(body),
        results=tuple(map(turned, function.results)),
    )


def inputs_first(program: Program) -> Program:
    """w[j,k] -> w[k,j] where Σ_j w_jk δ_j is computed: what it reads then lies in one block."""

    def change(function: Function) -> Function:
        chosen = set(_weights_read_back(function))

        def turned(array: Array) -> Array:
            name = array.name.removeprefix(DATA_PART).removesuffix("_sum")
            if len(array.axes) == 2 and (name in chosen or name.removeprefix("d") in chosen):
                return Array(array.name, array.axes[::-1])
            return array

        return _changed(function, turned)

    return _gradients(program, change)


def _weights_read_back(function: Function) -> Iterable[str]:
    """The parameters with two axes that a product on the way back reads."""
    backward = _backward(function)
    parameters = {x.name for x in function.parameters if len(x.axes) == 2}
    for line in function.body:
        if isinstance(line, Contract) and line.target.name in backward:
            yield from (x.name for x in line.factors if x.name in parameters - set(DATA))


# --- biases as weights ---------------------------------------------------------------------


def fold_biases(program: Program) -> Program:
    """z = W a + b -> z = [W b] [a; 1]: one product computes z, and one ∂C/∂W with ∂C/∂b."""
    axes: dict[str, None] = {}

    def change(function: Function) -> Function:
        return _fold_biases(function, axes)

    changed = _gradients(program, change)
    sizes = dict(program.sizes)
    longer = {f"{axis}{LONGER}": _one_more(sizes[axis]) for axis in axes}
    return replace(changed, sizes=(*program.sizes, *longer.items()))


def _one_more(size: int | str) -> int | str:
    return size + 1 if isinstance(size, int) else f"{size} + 1"


def _fold_biases(function: Function, axes: dict[str, None]) -> Function:
    parameters = {x.name for x in function.parameters} - set(DATA)
    reads: dict[str, list[Instruction]] = {}
    for line in function.body:
        for array in arguments(line):
            reads.setdefault(array.name, []).append(line)
    made = {line.target.name: line for line in function.body}
    taken = parameters | set(made)
    sums = {x.name for x in function.results}
    first: list[Instruction] = []  # W = [w b]
    instead: dict[str, list[Instruction]] = {}  # by the line that they replace
    joined: set[str] = set()  # the a that have their row of ones
    for line in function.body:
        found = _affine(line, parameters, made, reads)
        if found is None:
            continue
        product, w, a, b = found
        dw, db = _slopes(function, w, a, b, sums)
        new = {w.name.upper(), a.name.upper(), f"D{w.name.upper()}"}
        if dw is None or db is None or new & taken:
            continue
        (axis,) = set(w.axes) & set(a.axes)
        axes[axis] = None
        plus = f"{axis}{LONGER}"
        whole = Array(w.name.upper(), tuple(plus if x == axis else x for x in w.axes))
        inputs = Array(a.name.upper(), tuple(plus if x == axis else x for x in a.axes))
        first.append(Join(whole, w, b))
        if a.name not in joined:
            joined.add(a.name)
            join = Join(inputs, a, None)
            if a.name in made:
                instead.setdefault(a.name, [made[a.name]]).append(join)
            else:
                first.append(join)
        order = [whole if x == w else inputs for x in product.factors]
        instead[product.target.name] = []
        instead[line.target.name] = [Contract(line.target, tuple(order), line.equation)]
        total = Array(f"D{whole.name}", whole.axes)
        d = next(x for x in dw.factors if x.name != a.name)
        pair = tuple(inputs if x.name == a.name else d for x in dw.factors)
        instead[dw.target.name] = [
            Contract(total, pair, dw.equation),
            Slice(dw.target, total),
            Slice(db.target, total),
        ]
        instead[db.target.name] = []
    body = [each for line in function.body for each in instead.get(line.target.name, [line])]
    return replace(function, body=(*first, *body))


def _affine(
    line: Instruction,
    parameters: set[str],
    made: dict[str, Instruction],
    reads: dict[str, list[Instruction]],
) -> tuple[Contract, Array, Array, Array] | None:
    """The product, w, a and b of a line z = Σ w a + b."""
    if not isinstance(line, Map) or len(line.arguments) != 2:
        return None
    if line.formula != sympy.Add(*(x.symbol for x in line.arguments)):
        return None
    for b, total in (line.arguments, line.arguments[::-1]):
        product = made.get(total.name)
        if b.name not in parameters or not isinstance(product, Contract):
            continue
        if len(reads[b.name]) > 1 or len(reads[total.name]) > 1 or len(product.factors) != 2:
            continue
        for w, a in (product.factors, product.factors[::-1]):
            shared = set(w.axes) & set(a.axes)
            if w.name in parameters and len(w.axes) == 2 and len(a.axes) == 2 and len(shared) == 1:
                kept = tuple(x for x in w.axes if x not in shared)
                only = all(isinstance(each, Contract) for each in reads[w.name])
                # A square w has n2' as its other axis, of which there is none that is longer.
                named = all(plain(x) == x for x in w.axes)
                if b.axes == kept and a.name not in parameters and only and named:
                    return product, w, a, b
    return None


def _slopes(
    function: Function, w: Array, a: Array, b: Array, sums: set[str]
) -> tuple[Contract | None, Reduce | None]:
    """The lines of Σ_m δ a and Σ_m δ, where they are the results for w and b."""
    dw = db = None
    for line in function.body:
        name = line.target.name.removesuffix("_sum")
        if line.target.name not in sums:
            continue
        if name == f"d{w.name}" and isinstance(line, Contract) and len(line.factors) == 2:
            dw = line
        if name == f"d{b.name}" and isinstance(line, Reduce):
            db = line
    if dw is None or db is None or a.name not in {x.name for x in dw.factors}:
        return None, None
    d = next((x.name for x in dw.factors if x.name != a.name), None)
    return (dw, db) if d == db.argument.name else (None, None)


# --- the update in the product -------------------------------------------------------------


def accumulate(program: Program) -> Program:
    """G = Σ_m δ a, W = W - η/m G -> W = W - η/m Σ_m δ a: one call of BLAS, and no G at all.

    The function `step`, if the update is θ + c g and every gradient a product or a sum over samples
    that is part of one. A W is overwritten after its last reader.
    """
    gradients, update = program.function("gradients"), program.function("update")
    step = _accumulated(gradients, update)
    return program if step is None else replace(program, functions=(*program.functions, step))


def _accumulated(gradients: Function, update: Function) -> Function | None:
    theta, g = (sympy.Symbol(name, real=True) for name in ("theta", "g"))
    if len(update.body) != 1 or not isinstance(update.body[0], Map):
        return None
    change = update.body[0].formula - theta
    factor = change.coeff(g)
    if sympy.expand(change - factor * g) != 0 or factor.has(theta):
        return None
    numbers = tuple(x for x in update.parameters if not x.axes)
    scale = Array("scale")
    wholes = {line.target.name: line.target for line in gradients.body if isinstance(line, Join)}
    slices = [x for x in gradients.body if isinstance(x, Slice)]
    products = {x.whole.name: x for x in slices}
    if {x.name for x in gradients.results} != {x.target.name for x in slices}:
        return None
    body: list[Instruction] = [Map(scale, factor, used(factor, numbers))]
    after: dict[int, list[Instruction]] = {}
    parts = {
        line.target.name: {line.part.name, line.last.name, line.target.name}
        for line in gradients.body
        if isinstance(line, Join) and line.last is not None
    }
    for i, line in enumerate(gradients.body):
        if line.target.name not in products:
            continue
        whole = wholes.get(line.target.name.removeprefix("D"))
        if not isinstance(line, Contract) or whole is None:
            return None
        new = Array(f"{whole.name}_new", whole.axes)
        last = max(
            k
            for k, other in enumerate(gradients.body)
            if k == i or {x.name for x in arguments(other)} & parts[whole.name]
        )
        update_name = f"update {whole.name}"
        added = Accumulate(new, line.factors, scale, whole, update_name)
        after.setdefault(last, []).append(added)
    for i, line in enumerate(gradients.body):
        if line.target.name not in products and line not in slices:
            body.append(line)
        body += after.get(i, [])
    results = []
    for line in slices:
        name = line.target.name.removesuffix("_sum").removeprefix("d")
        target = Array(f"{name}_new", line.target.axes)
        whole = Array(f"{line.whole.name.removeprefix('D')}_new", line.whole.axes)
        body.append(Slice(target, whole))
        results.append(target)
    parameters = (*gradients.parameters, *(x for x in numbers if x not in gradients.parameters))
    pairs = tuple((x.name, x.name.removesuffix("_new")) for x in results)
    return Function("step", parameters, tuple(body), tuple(results), pairs)
