"""The step of a trainer as text: gradients into one long array, and the update of another.

    gradients(theta, ...) -> gradient        update(theta, gradient, state, ...)

The parameters lie in one array `theta`, one after the other, so that an optimizer goes over all of
them in a handful of calls, and the gradients in another like it. Weights whose biases are folded in
stand with them; of the others the weights come first.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import sympy

from symnet.backends.backend import BufferedText, View
from symnet.backends.python_text import WIDTH, size_text, span
from symnet.backends.to_buffers import Buffers
from symnet.network.architecture import Network
from symnet.network.optimizers import Training
from symnet.program import arithmetic, layout, memory, passes
from symnet.program.ir import (
    Array,
    Contract,
    Function,
    Join,
    Map,
    Program,
    ProgramError,
    Reduce,
    Size,
    arguments,
    extent,
    layer_sizes,
    plain,
)

Pass = Callable[[Program], Program]
LONGEST = 64  # of a slice that is written out, so that its line has room for its names


PASSES: tuple[Pass, ...] = (
    layout.leave_sums,
    layout.means_early,
    layout.weigh_samples,
    layout.samples_last,
    layout.inputs_first,
    layout.fold_biases,
    layout.accumulate,
    arithmetic.without_branches,
    arithmetic.logistic_by_tanh,
    arithmetic.slopes_apart,
    arithmetic.scale_states,
    arithmetic.elementary,
    arithmetic.scale_products,
)


def pipeline(network: Network, training: Training, blas: str) -> tuple[Pass, ...]:
    """Those of PASSES that make a program a fast one, after `passes.PIPELINE`.

    A single division by m is best left to the update, which has a rate to divide; where the update
    has more to do with g, or the gradient with the parameters, the error is divided. Biases stand
    with the weights but where these are treated differently.
    """
    sums = not (training.optimizer.state or training.clip_norm is not None or network.penalties)
    folded = not (network.penalties or training.optimizer.decay)
    left_out = {
        layout.means_early if sums else layout.leave_sums,
        *(() if folded else (layout.fold_biases,)),
        *(() if blas == "scipy" and sums else (layout.accumulate, arithmetic.scale_products)),
    }
    return tuple(each for each in PASSES if each not in left_out)


@dataclass(frozen=True, slots=True)
class Part:
    """One array of the long one: its name and axes in memory, from where to where."""

    array: Array
    start: Size
    stop: Size
    length: str = ""  # what `end_` and its name stand for, where the stop is no number


def parts(gradients: Function, sizes: Mapping[str, Size]) -> tuple[Part, ...]:
    """How the parameters lie in the long array: W with its biases, or all w and then all b."""
    joins = [x for x in gradients.body if isinstance(x, Join) and x.last is not None]
    inside = {x.name for line in joins for x in (line.part, line.last) if x is not None}
    trained = _trained(gradients)
    alone = [x for x in gradients.parameters if x.name in trained and x.name not in inside]
    matrices = [x for x in alone if len(x.axes) > 1]
    others = [x for x in alone if len(x.axes) < 2]
    found = []
    start: Size = 0
    for array in (*matrices, *(line.target for line in joins), *others):
        size = extent(array.axes, sizes)
        stop = start + size
        length = "" if isinstance(stop, int) else size_text(stop)
        found.append(Part(array, start, stop, length))
        # where widths are open, what lies behind starts at a name
        start = stop if isinstance(stop, int) else sympy.Symbol(f"end_{array.name}")
    return tuple(found)


def _trained(gradients: Function) -> list[str]:
    if gradients.overwrites:
        return [old for _, old in gradients.overwrites]
    return [x.name.removesuffix("_sum").removeprefix("d") for x in gradients.results]


def views(
    gradients: Function, sizes: Mapping[str, Size], shapes: Mapping[str, Array]
) -> Iterator[View]:
    """Each parameter as a view of a long array, in the order of axes that users know."""
    joins = {x.target.name: x for x in gradients.body if isinstance(x, Join)}
    for part in parts(gradients, sizes):
        name = part.array.name
        if part.length:
            yield View(f"end_{name}", part.length)
        text = _span("flat", part, sizes)
        join = joins.get(name)
        if join is None:
            yield View(name, text + _turn(part.array, shapes[name]))
            continue
        yield View(name, text)
        for x, where in _inside(join):
            turn = _turn(x, shapes[x.name]) if len(x.axes) > 1 else ""
            yield View(x.name, f"{name}[{where}]{turn}")


def _span(flat: str, part: Part, sizes: Mapping[str, Size]) -> str:
    stop = sympy.Symbol(f"end_{part.array.name}") if part.length else part.stop
    text = f"{flat}[{span(part.start, stop)}]"
    if len(part.array.axes) > 1:
        text += f".reshape({', '.join(size_text(sizes[plain(a)]) for a in part.array.axes)})"
    return text


def _inside(join: Join) -> Iterator[tuple[Array, str]]:
    """What is joined, each with its index in the whole."""
    before = ":, " * join.axis
    yield join.part, f"{before}:-1"
    if join.last is not None:
        yield join.last, f"{before}-1"


def _turn(array: Array, shape: Array) -> str:
    return ".T" if array.axes != shape.axes else ""


# --- gradients -----------------------------------------------------------------------------


def gradient_text(
    program: Program, comments: Mapping[str, str], name: str = "gradients", *, blas: bool = False
) -> BufferedText:
    """The function that leaves the gradients of a batch in the long array `gradient`.

    Or `step`, which adds their multiples to the parameters; `blas`: with calls of BLAS itself.
    """
    function = program.function(name)
    sizes = layer_sizes(program)
    outputs = [x.name for x in program.function("loss").parameters]
    kept = [x for x in outputs if any(line.target.name == x for line in function.body)]
    plan = memory.plan(function, sizes, kept)
    places = _places(function, sizes)
    marks, named = _marks(plan)
    buffers = Buffers(
        function, sizes, plan.rows, places, plan.order, comments, blas=blas, marks=marks
    )
    ends = {f"end_{x.array.name}": x.length for x in parts(function, sizes) if x.length}
    buffers.setup |= ends | named
    numbers = [x.name for x in function.parameters if not x.axes]
    if not function.overwrites:
        numbers = [x for x in numbers if x != passes.SAMPLES]
    lines = tuple(buffers.text())
    returned = [buffers.name(x) for x in kept]
    return BufferedText(
        rows="" if plan.total == 0 else size_text(plan.total),
        setup=tuple(_setup(buffers, [*(x.code for x in lines), *returned])),
        arguments=(
            "x",
            "xT",
            "y",
            "weights",
            *("samples" if x == passes.SAMPLES else x for x in numbers),
        ),
        lines=lines,
        returns=tuple(returned),
        whole=any("whole" in text for text in buffers.setup.values()),
    )


def _marks(plan: memory.Plan) -> tuple[dict[Size, sympy.Symbol], dict[str, str]]:
    """Names of rows where their numbers would be long formulas, and what each stands for.

    Each is said by the one before: row_3 = n_4 + row_2.
    """
    spans = [span(x.start, x.stop) for x in plan.rows.values()]
    if max(map(len, spans), default=0) <= LONGEST:
        return {}, {}
    order: dict[Size, Size] = {}
    for name, numbers in memory.numbered(plan).rows.items():
        rows = plan.rows[name]
        order |= {rows.start: numbers.start, rows.stop: numbers.stop}
    found, named, before = dict[Size, sympy.Symbol](), dict[str, str](), sympy.Integer(0)
    for place in sorted(order, key=order.__getitem__):
        if not isinstance(place, int):
            mark = sympy.Symbol(f"row_{len(found) + 1}")
            named[mark.name] = size_text(found.get(before, before) + place - before)
            found[place], before = mark, place
    return found, named


def _places(function: Function, sizes: Mapping[str, Size]) -> dict[str, str]:
    """Where the arrays of the function are that do not lie in its own block."""
    found = {passes.SAMPLES: "samples", "y": "y", passes.WEIGHT: "weights"}
    lines = {line.target.name: line for line in function.body}
    ones = [x for x in function.body if isinstance(x, Join) and x.last is None]
    inputs = next((x for x in ones if x.part.name == "a1"), None)
    if inputs is None:
        found["a1"] = "x"
    else:
        found |= {inputs.target.name: "x", "a1": "x[:, :-1]"}
    joins = {x.target.name: x for x in function.body if isinstance(x, Join)}
    results = {
        x.name.removesuffix("_sum").removesuffix("_new").removeprefix("d"): x.name
        for x in function.results
    }
    for part in parts(function, sizes):
        name = part.array.name
        found[name] = _span("theta", part, sizes)
        join = joins.get(name)
        if join is None:
            _result(found, lines, function, results[name], _span("gradient", part, sizes))
        else:
            found |= {x.name: f"{name}[{where}]" for x, where in _inside(join)}
            found[f"D{name}"] = _span("gradient", part, sizes)
    return found


def _result(
    found: dict[str, str], lines: Mapping[str, object], function: Function, name: str, place: str
) -> None:
    """The place of a result, and of what it is computed from in place."""
    found[name] = place
    line = lines[name]
    while isinstance(line, Map) and not line.formula.has(sympy.Piecewise):
        reads = {x.name: sum(x in arguments(y) for y in function.body) for x in line.arguments}
        same = [
            x
            for x in line.arguments
            if x.axes == line.target.axes and reads[x.name] == 1 and x.name in lines
        ]
        into = next(
            (x for x in same if isinstance(lines[x.name], Contract | Reduce)), None
        ) or next(iter(same), None)
        if into is None or into.name in found:
            return
        found[into.name] = name
        line = lines[into.name]


# --- updates -------------------------------------------------------------------------------


def update_text(program: Program, name: str, comments: Mapping[str, str]) -> BufferedText:
    """An update of the optimizer over the long arrays, in place."""
    function = program.function(name)
    axis = next(x.axes[0] for x in function.parameters if x.axes)
    places = {x.name: x.name for x in function.parameters if x.axes}
    if "g" in places:
        places["g"] = "gradient"
    for new, old in function.overwrites:
        places[new] = places[old]
    spare = _in_place(function, places)
    order = tuple((x,) for x in function.body)
    buffers = Buffers(function, {axis: 0}, {}, places, order, comments, batched=False)
    buffers.setup |= {name: f"spare[{i}]" for i, name in enumerate(spare)}
    lines = tuple(buffers.text())
    numbers = [x.name for x in function.parameters if not x.axes]
    return BufferedText(
        rows="",
        setup=tuple(_setup(buffers, [x.code for x in lines])),
        arguments=tuple("samples" if n == passes.SAMPLES else n for n in numbers),
        lines=lines,
        returns=(),
        whole=any("whole" in text for text in buffers.setup.values()),
        spare=len(spare),
    )


def _in_place(function: Function, places: dict[str, str]) -> list[str]:
    """Each temporary over what is read for the last time, the gradient above all.

    What it gives are the names of arrays that are needed beside.
    """
    last: dict[str, int] = {}
    for i, line in enumerate(function.body):
        for array in arguments(line):
            last[array.name] = i
    kept = {places[old] for _, old in function.overwrites}
    holds = {place: name for name, place in places.items() if not name.endswith("_new")}
    spare: list[str] = []
    for i, line in enumerate(function.body):
        target = line.target
        if not target.axes:
            continue
        dying = {places[x.name] for x in arguments(line) if x.axes and last[x.name] == i}
        if target.name in places:
            place = places[target.name]
            if place not in dying and last.get(holds.get(place, ""), -1) >= i:
                raise ProgramError(f"{target.name} would be written over {holds[place]}")
        else:
            # Where it will end, if it goes there directly; else what is free now.
            ends = _end(function, i, places)
            free = sorted(
                place
                for place, held in holds.items()
                if place not in kept and (place in dying or last.get(held, -1) < i)
            )
            if ends in dying:
                place = ends
            elif free:
                place = free[0]
            else:
                place = f"spare{len(spare) + 1}"
                spare.append(place)
        places[target.name] = place
        holds[place] = target.name
    return spare


def _end(function: Function, i: int, places: Mapping[str, str]) -> str:
    """The place of what a line is the first part of."""
    name = function.body[i].target.name
    later = function.body[i + 1 :]
    reader = next((x for x in later if name in {a.name for a in arguments(x)}), None)
    return "" if reader is None else places.get(reader.target.name, "")


# --- what is made once ---------------------------------------------------------------------


def _setup(buffers: Buffers, lines: Iterable[str]) -> Iterator[View]:
    """What is made once: functions of NumPy by their names, then arrays and views of them.

    Names of one place stand together, z2 = a2 = rows[0:30]; what no line mentions is left out.
    """
    setup = buffers.setup
    needed: dict[str, None] = {}

    def need(text: str) -> None:
        for name in _words(text):
            if name in setup and name not in needed:
                needed[name] = None
                need(setup[name])

    for line in lines:
        need(line)
    yield from _bound(buffers.functions)
    used = {name: text for name, text in setup.items() if name in needed}
    yield from _together([(name, used[name]) for name in _ordered(used)])


def _together(ordered: Iterable[tuple[str, str]]) -> Iterator[View]:
    """Each place once, with as many names of it as there is room for in a line."""
    lines: list[tuple[list[str], str]] = []
    last: dict[str, list[str]] = {}  # the names in the last line of a place
    for name, text in ordered:
        names = last.get(text, []) if text.startswith("rows[") else []
        if names and len(" = ".join([*names, name, text])) + 4 <= WIDTH:
            names.append(name)
        else:
            last[text] = [name]
            lines.append((last[text], text))
    for names, text in lines:
        yield View(" = ".join(names), text)


def _bound(functions: Iterable[str]) -> Iterator[View]:
    """add, exp = np.add, np.exp, as many in a line as there is room for."""
    group: list[str] = []
    for name in sorted(functions):
        length = sum(2 * len(x) + len(", np., ") for x in (*group, name))
        if length > WIDTH - len("     = "):
            yield _names(group)
            group = []
        group.append(name)
    if group:
        yield _names(group)


def _names(group: Iterable[str]) -> View:
    return View(", ".join(group), ", ".join(f"np.{name}" for name in group))


def _ordered(setup: Mapping[str, str]) -> Iterator[str]:
    """Each name after those that its text mentions."""
    done: set[str] = set()

    def visit(name: str) -> Iterator[str]:
        if name in done:
            return
        done.add(name)
        for other in _words(setup[name]):
            if other in setup and other != name:
                yield from visit(other)
        yield name

    for name in setup:
        yield from visit(name)


def _words(text: str) -> Iterator[str]:
    word = ""
    for letter in text + " ":
        if letter.isalnum() or letter == "_":
            word += letter
        elif word:
            yield word
            word = ""
