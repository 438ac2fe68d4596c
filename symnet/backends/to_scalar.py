"""A step without arrays, for the smallest networks: every weight is a variable, every sum stands.

    w12_2 -= t1_1 * x2                      w_12^2 ← w_12^2 − η δ_1^2 x_2

A call of NumPy costs as much as some forty multiplications of Python's own numbers, so that a
network with a few dozen weights that sees one sample at a time is best without it. Every index is
written out: w[1,2] of layer 3 is w12_3, and w1_12_3 is w[1,12], where one counts beyond 9.

Python's numbers raise where NumPy goes on with inf or nan. A step tries the plain formulas; where
they raise (e^710), `gradients` takes its place, whose formulas do not: e^u has a limit where u has
none, and what `bounds` cannot exclude asks NumPy. An update that fails (0/0, where eps is 0) leaves
nan in all parameters.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from symnet.backends.backend import Line, ScalarText, View
from symnet.backends.python_text import ATOM, WIDTH
from symnet.backends.scalar_formulas import Formulas
from symnet.backends.unrolling import INDENT, Unrolled, change, comment, scalars
from symnet.errors import NotYet
from symnet.program import layout, passes
from symnet.program.bounds import Bounds
from symnet.program.ir import Array, Function, Map, Program, extent, plain
from symnet.program.one_sample import (
    number_name,
    one_sample,
    optimizer_numbers,
    outputs,
    parameters,
    state_name,
)

MOST = 5_000  # entries of parameters: a text of more lines helps nobody


def scalar_text(
    program: Program,
    comments: Mapping[str, str],
    rules: Mapping[str, str],
    order: Sequence[str] = (),
) -> ScalarText:
    """The text of a program for one sample, before `over_batch`.

    `comments` has a line for each equation, `rules` one for each symbol of the optimizer, and for
    `decay`. The parameters lie in theta in the given order of their names, or in the program's.
    Raises NotYet for so many weights that nobody would read them.
    """
    trained = parameters(program)
    if order:
        trained = tuple(sorted(trained, key=lambda x: list(order).index(x.name)))
    sizes = {axis: size for axis, size in program.sizes if isinstance(size, int)}
    size = sum(extent(x.axes, sizes) for x in trained)
    if size > MOST:
        raise NotYet(f"{size} parameters are too many for a text that has each by its name")
    made = one_sample(passes.apply(layout.weigh_samples, program))
    if all(function.name != "decay" for function in made.functions):
        rules = {name: rule for name, rule in rules.items() if name != "decay"}
    kept = [x.name for x in outputs(program)]
    states = [old for _, old in program.function("update").overwrites if old != "theta"]
    given = program.function("gradients").parameters
    strengths = [x.name for x in given if not x.axes and x.name != passes.WEIGHT]
    step = Unrolled(made.function("step"), sizes, comments, rules)
    gradients = Unrolled(made.function("gradients"), sizes, comments, rules)
    update = _Update(made, rules)
    numbers = [x.name for x in optimizer_numbers(program)]
    moved = [number_name(x, program) for x in numbers]
    forward, moves = step.sections()
    before, sample, after = gradients.batch_sections()
    spans = list(_spans(trained, sizes))
    names = {
        state: [
            (state_name(state, x.name) if state != "theta" else x.name, span) for x, span in spans
        ]
        for state in ("theta", *states)
    }
    own = [step.entries(name) for pairs in names.values() for name, _ in pairs]
    seen, shown = _tuple("seen", [x for name in kept for x in step.entries(name)])
    printed = (step.formulas, gradients.formulas, update.formulas)
    used = set().union(*(x.functions for x in printed))
    helpers = gradients.formulas.helpers
    risky = step.formulas.risky or update.formulas.risky
    return ScalarText(
        imports=_imports(used | ({"nan"} if risky else set()), helpers),
        helpers=tuple(View(name, helpers[name]) for name in sorted(helpers)),
        size=size,
        lists=("theta", *states),
        strengths=tuple(strengths),
        numbers=tuple(numbers),
        arguments=(*strengths, *numbers),
        given=(*strengths, *moved),
        moved=tuple(moved),
        variables=tuple(line for group in own for line in _chained(group)),
        owned=tuple(_many("nonlocal ", [x for group in own for x in group])),
        row=step.row("", " = rows[0]"),
        each_row=gradients.row("for ", " in rows:"),
        forward=tuple(forward),
        moves=tuple(moves),
        outputs=tuple(seen),
        seen=shown,
        bold=step.bold,
        risky=risky,
        sums=tuple(line for x in gradients.averaged for line in _chained(gradients.entries(x))),
        before=tuple(before),
        sample=tuple(sample),
        after=tuple(after),
        gradient=tuple(
            _listed("gradient", [p for x in trained for p in gradients.means(f"d{x.name}")])
        ),
        rates=tuple(update.rates),
        decayed=_ranges(span for x, span in spans if len(x.axes) > 1),
        decay=tuple(update.decay),
        rules=tuple(update.rules),
        listed=tuple(
            line
            for name, pairs in names.items()
            for line in _listed(name, [x for array, _ in pairs for x in step.entries(array)])
        ),
        taken=tuple(
            line
            for name, pairs in names.items()
            for array, span in pairs
            for line in _taken(step.entries(array), name, span[0])
        ),
        views=tuple(View(x.name, _view(x, span, sizes)) for x, span in spans),
    )


def _spans(
    trained: Iterable[Array], sizes: Mapping[str, int]
) -> Iterator[tuple[Array, tuple[int, int]]]:
    """Each parameter with the places of its first entry in theta and of what comes after."""
    first = 0
    for array in trained:
        yield array, (first, first + extent(array.axes, sizes))
        first += extent(array.axes, sizes)


def _view(array: Array, span: tuple[int, int], sizes: Mapping[str, int]) -> str:
    text = f"flat[{span[0]}:{span[1]}]"
    if len(array.axes) == 1:
        return text
    return f"{text}.reshape({', '.join(str(sizes[plain(a)]) for a in array.axes) or '()'})"


def _ranges(spans: Iterable[tuple[int, int]]) -> str:
    """What `for i in …` runs over; neighbours are one range."""
    joined: list[tuple[int, int]] = []
    for first, last in spans:
        if joined and joined[-1][1] == first:
            first = joined.pop()[0]
        joined.append((first, last))
    texts = [f"range({b})" if a == 0 else f"range({a}, {b})" for a, b in joined]
    return texts[0] if len(texts) == 1 else f"({', '.join(f'*{text}' for text in texts)})"


def _imports(used: set[str], helpers: Mapping[str, str]) -> tuple[str, ...]:
    """The lines that import what is used of Python's own functions."""
    plain_names = sorted(used - {"pow"})
    lines = [f"from math import {', '.join(plain_names)}"] if plain_names else []
    if "pow" in used:
        lines.append("from math import pow as power")
    return tuple(lines)


# --- the update of all parameters by a list ------------------------------------------------


class _Update:
    """The rules of the optimizer for the i-th entries of long lists."""

    def __init__(self, program: Program, rules: Mapping[str, str]) -> None:
        self.said = rules
        update = program.function("update")
        self.formulas = Formulas(Bounds(()), scalars(update))
        self.rates: list[Line] = []
        self.temporaries = 0
        self.rules = list(self._lines(update, ""))
        decays = [f for f in program.functions if f.name == "decay"]
        self.decay = [line for f in decays for line in self._lines(f, "decay")]

    def _lines(self, function: Function, rule: str) -> Iterator[Line]:
        """The lines of entries; what holds for all of them goes to the rates."""
        own = {x.name: f"{x.name}[i]" for x in function.parameters if x.axes and x.name != "g"}
        own |= {new: own[old] for new, old in function.overwrites}
        for line in function.body:
            assert isinstance(line, Map)
            name = line.target.name
            parts = {x.symbol: (own.get(x.name, x.name), ATOM) for x in line.arguments}
            if name not in own:
                self.temporaries += 1
                own[name] = f"t{self.temporaries}"
            old = dict(function.overwrites).get(name)
            sign, formula = change(line, old)
            text = f"{own[name]} {sign or '='} {self.formulas.text(formula, parts, exact=False)[0]}"
            if line.target.axes:
                yield Line(comment([self.said.get(rule or str(old), "")]), text)
            else:
                self.rates.append(Line("", text))


# --- statements of many names --------------------------------------------------------------


def _groups(names: Sequence[str], room: int, between: str = ", ") -> Iterator[list[str]]:
    """Names, as many in a group as there is room for."""
    group: list[str] = []
    for name in names:
        if group and len(between.join([*group, name])) > room:
            yield group
            group = []
        group.append(name)
    yield group


def _many(head: str, names: Sequence[str]) -> Iterator[str]:
    """head a, b, c on as many lines as it takes."""
    for group in _groups(names, WIDTH - INDENT - len(head)):
        yield f"{head}{', '.join(group)}"


def _chained(names: Sequence[str]) -> Iterator[str]:
    """a = b = c = 0.0"""
    for group in _groups(names, WIDTH - INDENT - len(" = 0.0"), " = "):
        yield f"{' = '.join(group)} = 0.0"


def _listed(name: str, items: Sequence[str]) -> Iterator[str]:
    """name = [a, b], name += [c, d]"""
    sign = "="
    for group in _groups(items, WIDTH - INDENT - len(f"{name} += []")):
        yield f"{name} {sign} [{', '.join(group)}]"
        sign = "+="


def _tuple(name: str, items: Sequence[str]) -> tuple[list[str], str]:
    """Statements that make a tuple, and what stands for it: the tuple itself, if it is short."""
    comma = "," if len(items) == 1 else ""
    text = f"({', '.join(items)}{comma})"
    if len(f"outputs.append({text})") + INDENT <= WIDTH:
        return [], text
    groups = list(_groups(items, WIDTH - INDENT - len(f"{name} += (,)")))
    signs = ["=", *["+="] * (len(groups) - 1)]
    lines = [
        f"{name} {sign} ({', '.join(group)}{',' if len(group) == 1 else ''})"
        for sign, group in zip(signs, groups, strict=True)
    ]
    return lines, name


def _taken(names: Sequence[str], source: str, first: int) -> Iterator[str]:
    """a, b = theta[0:2]"""
    room = WIDTH - INDENT - len(f" = {source}[{first + len(names)}:{first + len(names)}]")
    for group in _groups(names, room):
        last = first + len(group)
        if len(group) == 1:
            yield f"{group[0]} = {source}[{first}]"
        else:
            yield f"{', '.join(group)} = {source}[{first}:{last}]"
        first = last
