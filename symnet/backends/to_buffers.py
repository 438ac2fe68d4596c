"""A step as NumPy runs it best: every array is made once, every line is one call that fills one.

What takes memory stands in the setup of a function that is called once for a size of batch; it
returns another that allocates nothing. Each line of that is an operation of `elementary`, written
into the place that `program/memory.py` chose.

One trick belongs to the language and not to the formulas. The bits of a positive number, read as a
whole number, are positive too; of their negative the sign, shifted over all bits, is a mask. So a
step [u > 0] is two quick operations, and a product with it an `and`.
"""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import sympy

from symnet.backends.backend import Line
from symnet.backends.python_text import (
    ATOM,
    FUNCTIONS,
    WIDTH,
    call,
    in_parts,
    piece,
    size_text,
    span,
)
from symnet.errors import NotYet
from symnet.program.ir import (
    Accumulate,
    Array,
    Contract,
    Function,
    Instruction,
    Join,
    Map,
    ProgramError,
    Reduce,
    Size,
    Slice,
    arguments,
    plain,
)
from symnet.program.memory import Rows, spread
from symnet.program.passes import SAMPLES, WEIGHT

ALONE = {function: name.removeprefix("np.") for function, name in FUNCTIONS.items()}
ALONE[sympy.Abs] = "absolute"  # a variable abs would hide Python's own
WORDS = {0: "zero", 1: "one", 2: "two", 3: "three", -1: "minus_one", sympy.Rational(1, 2): "half"}
GIVEN = ("x", "xT", "y", "weights")  # what comes with each call
At = Callable[[sympy.Expr], str]
INDENT = 8  # of the lines, which stand in a function inside a function


@dataclass
class Buffers:
    """The text of one function; its parts are collected as they are needed."""

    function: Function
    sizes: Mapping[str, Size]
    rows: Mapping[str, Rows]
    places: dict[str, str]  # arrays that have a name or a place outside the block
    order: tuple[tuple[Instruction, ...], ...]
    comments: Mapping[str, str]
    batched: bool = True  # whether it is made for a number of samples
    blas: bool = False  # whether BLAS itself is called for products, which is quicker
    names: dict[str, str] = field(default_factory=dict)
    setup: dict[str, str] = field(default_factory=dict)  # name = text, in order
    marks: Mapping[Size, sympy.Symbol] = field(default_factory=dict)  # rows that have a name
    functions: dict[str, None] = field(default_factory=dict)  # of NumPy, bound once
    masks: set[str] = field(default_factory=set)
    positive: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.lines = {line.target.name: line for line in self.function.body}
        self.arrays = {
            **{x.name: x for x in self.function.parameters},
            **{line.target.name: line.target for line in self.function.body},
        }
        self.readers: dict[str, list[Instruction]] = {}
        for line in self.function.body:
            for array in arguments(line):
                self.readers.setdefault(array.name, []).append(line)

    # names

    def name(self, array: str) -> str:
        """The variable for an array; what makes it is put into the setup at the first use."""
        if array in self.names:
            return self.names[array]
        if array in self.places:
            text = self.places[array]
            self.names[array] = text if text.isidentifier() else self.view(array, text)
        elif array in self.rows:
            self.names[array] = self._in_block(array)
        elif (line := self.lines.get(array)) is not None and isinstance(line, Slice):
            self.names[array] = array
            self.setup[array] = self._slice(line)
        elif self.arrays[array].axes:
            shape = ", ".join(size_text(self.sizes[plain(a)]) for a in self.arrays[array].axes)
            self.names[array] = array
            self.setup[array] = f"np.empty(({shape},), dtype)" if "," not in shape else (
                f"np.empty(({shape}), dtype)")  # fmt: skip
        else:
            self.names[array] = array
        return self.names[array]

    def _row(self, place: Size) -> Size:
        return self.marks.get(place, place)

    def _span(self, start: Size, stop: Size) -> str:
        return span(self._row(start), self._row(stop))

    def view(self, name: str, text: str) -> str:
        """The name of a view that is made once; what comes with a call is viewed in the call."""
        if re.split(r"\W", text, maxsplit=1)[0] in GIVEN:
            return text
        self.setup.setdefault(name, text)
        return name

    def _slice(self, line: Slice) -> str:
        before = [":"] * line.axis
        return f"{self.name(line.whole.name)}[{', '.join([*before, '-1' if line.last else ':-1'])}]"

    def _in_block(self, array: str) -> str:
        """A temporary goes by the name of what it becomes in the same rows."""
        mine = self.rows[array]
        if array.startswith("t"):
            found = False
            for gang in self.order:
                for line in gang:
                    name = line.target.name
                    found = found or name == array
                    later = found and name != array and self.rows.get(name) == mine
                    later = later and self._inner(name) == self._inner(array)
                    if later and not (name.startswith("t") or isinstance(line, Join)):
                        return self.name(name)
        inner = self._inner(array)
        place = self._span(mine.start, mine.stop) if inner else size_text(self._row(mine.start))
        text = f"rows[{place}]"
        if len(inner) > 1:
            text += f".reshape({', '.join(map(size_text, inner))}, m)"
        self.setup[array] = text
        return array

    def _inner(self, array: str) -> list[Size]:
        """The lengths of an array's axes but for the samples."""
        return [self.sizes[plain(a)] for a in self.arrays[array].axes if a != SAMPLES]

    def bits(self, variable: str) -> str:
        """The same memory as whole numbers."""
        return self.view(f"{variable}_bits", f"{variable}.view(whole)")

    def constant(self, value: sympy.Expr) -> str:
        """A number as an array without axes: faster than Python's own."""
        name = WORDS.get(value)
        if name is None:
            numbers = [n for n in self.setup if n.startswith("c") and n[1:].isdigit()]
            text = f"np.array({piece(value, {})[0]}, dtype)"
            name = next((n for n in numbers if self.setup[n] == text), f"c{len(numbers) + 1}")
        self.setup.setdefault(name, f"np.array({piece(value, {})[0]}, dtype)")
        return name

    def last_bit(self) -> str:
        """By how many bits a whole number is shifted so that its sign alone is left."""
        self.setup.setdefault("last_bit", "np.array(8 * whole.itemsize - 1, whole)")
        return "last_bit"

    def transposed(self, variable: str) -> str:
        if variable in ("x", "xT"):
            return "x" if variable == "xT" else "xT"
        return self.view(f"{variable}T", f"{variable}.T")

    def operand(self, array: Array, target: Array) -> str:
        """An array as it must stand to be broadcast over the target's axes."""
        text = self.name(array.name)
        if not array.axes:
            return text
        ordered = tuple(axis for axis in target.axes if axis in array.axes)
        if ordered != array.axes:
            if ordered != array.axes[::-1]:
                raise ProgramError(f"{array} cannot be laid out as {target}")
            text = self.transposed(text)
        first = next(i for i, axis in enumerate(target.axes) if axis in array.axes)
        missing = [axis not in array.axes for axis in target.axes[first:]]
        if any(missing):
            index = ", ".join("None" if gap else ":" for gap in missing)
            name = f"{text}_{'column' if missing == [False, True] else 'spread'}"
            return self.view(name, f"{text}[{index}]")
        return text

    def numpy(self, name: str) -> str:
        """A function of NumPy, by a name that is looked up once."""
        self.functions.setdefault(name)
        return name

    # lines

    def text(self) -> Iterator[Line]:
        """All lines, each under its equation."""
        pending: list[str] = []
        said = ""
        for gang in self.order:
            codes = list(self.call(gang))
            equation = gang[-1].equation
            pending += codes
            if not equation or not pending:
                continue
            comment = self.comments.get(equation, "")
            yield Line(comment if comment != said else "", "\n".join(map(fitted, pending)))
            said, pending = comment, []
        if pending:
            yield Line("", "\n".join(map(fitted, pending)))

    def call(self, gang: tuple[Instruction, ...]) -> Iterator[str]:
        line = gang[0]
        if len(gang) > 1:
            yield from self.gang(gang)
            return
        match line:
            case Join() | Slice():
                return
            case Contract():
                yield self.product(line)
            case Accumulate():
                yield self.accumulation(line)
            case Reduce():
                yield self.reduction(line)
            case Map() if not line.target.axes:
                yield from self.scalar(line)
            case Map() if any(x.name == WEIGHT for x in line.arguments):
                yield from self.weighed(line)
            case Map():
                yield from self.operation(line)

    def weighed(self, line: Map) -> Iterator[str]:
        """In place, and only where samples have weights."""
        (whole,) = (x for x in line.arguments if x.name != WEIGHT)
        if self.name(whole.name) != self.name(line.target.name):
            raise ProgramError(f"{line} is not computed in place")
        yield "if weights is not None:"
        yield from (f"    {text}" for text in self.operation(line))

    def scalar(self, line: Map) -> Iterator[str]:
        """A number that is computed once a step; once for all steps if it depends on none."""
        scalars = frozenset(x.symbol for x in line.arguments)
        name = line.target.name
        to = {Array(SAMPLES).symbol: ("samples", ATOM)}
        room = WIDTH - INDENT - len(f"{name}[...] = ")
        *before, (_, last) = in_parts(
            line.formula,
            lambda x: len(piece(x, to, scalars | x.free_symbols)[0]),
            room,
            (f"{name}_{i}" for i in itertools.count(1)),
        )
        for part, formula in before:
            scalars |= {part}
            yield f"{part} = {piece(formula, to, scalars)[0]}"
        text = piece(last, to, scalars)[0]
        fixed = self.batched and all(x.name == SAMPLES for x in line.arguments)
        if any(isinstance(x, Accumulate) for x in self.readers.get(name, [])):
            yield f"{name} = {text}"
            return
        self.names[name] = name
        if fixed:
            self.setup[name] = f"np.array({text}, dtype)"
            return
        used_by = [x for x in self.readers.get(name, []) if x.target.axes]
        if used_by:
            self.setup[name] = "np.empty((), dtype)"
            yield f"{name}[...] = {text}"
        else:
            yield f"{name} = {text}"

    def gang(self, gang: tuple[Instruction, ...]) -> Iterator[str]:
        """One call for several arrays that lie side by side."""
        arrays: dict[str, str] = {}
        for place in zip(*((x.target, *arguments(x)) for x in gang), strict=True):
            if not place[0].axes:
                continue
            first, last = self.rows[place[0].name], self.rows[place[-1].name]
            names = [self.name(x.name) for x in place]
            name = f"{names[0]}_{names[-1]}"
            self.setup.setdefault(name, f"rows[{self._span(first.start, last.stop)}]")
            arrays[place[0].name] = name
        head = gang[0]
        assert isinstance(head, Map)
        kept = dict(self.names)
        self.names |= arrays
        yield from self.operation(head)
        self.names = kept
        for line in gang[1:]:
            if head.target.name in self.masks:
                self.masks.add(line.target.name)

    def product(self, line: Contract) -> str:
        """x.dot(y, out), where one axis is summed and no other is in both."""
        if not line.target.axes and len(line.factors) == 2 and line.factors[0].axes:
            x, y = line.factors
            if len(x.axes) == 1 and x.axes == y.axes:
                return (
                    f"{self.name(line.target.name)} = {self.name(x.name)}.dot({self.name(y.name)})"
                )
        out = self.name(line.target.name)
        if len(line.factors) == 2:
            x, y = line.factors
            shared = set(x.axes) & set(y.axes)
            small = max(len(x.axes), len(y.axes)) <= 2
            if len(shared) == 1 and not shared & set(line.target.axes) and small:
                (axis,) = shared
                rest = tuple(a for a in x.axes if a != axis)
                if rest != line.target.axes[: len(rest)] or not rest:
                    x, y = y, x
                if tuple(a for z in (x, y) for a in z.axes if a != axis) == line.target.axes:
                    left, right = self.name(x.name), self.name(y.name)
                    if self.blas and len(x.axes) == len(y.axes) == 2:
                        turned = int(y.axes[0] != axis), int(x.axes[1] != axis)
                        scale = str(float(line.scale))
                        return self.gemm(scale, right, left, turned, "0.0", out)
                    if len(x.axes) == 2 and x.axes[0] == axis:
                        left = self.transposed(left)
                    if len(y.axes) == 2 and y.axes[1] == axis:
                        right = self.transposed(right)
                    return f"{left}.dot({right}, {out})"
        axes = dict.fromkeys(a for x in line.factors for a in x.axes)
        letters = {a: chr(ord("a") + i) for i, a in enumerate(axes)}
        spelled = ["".join(letters[a] for a in x.axes) for x in (*line.factors, line.target)]
        names = ", ".join(self.name(x.name) for x in line.factors)
        return f'np.einsum("{",".join(spelled[:-1])}->{spelled[-1]}", {names}, out={out})'

    def accumulation(self, line: Accumulate) -> str:
        """c += scale a b by BLAS, which reads arrays by columns: all stand transposed, b aᵀ."""
        x, y = line.factors
        i, k = line.target.axes
        if i in y.axes:
            x, y = y, x
        turned = int(y.axes[0] == k), int(x.axes[1] == i)
        out = self.name(line.onto.name)
        self.names[line.target.name] = out
        scale = self.name(line.scale.name)
        return self.gemm(scale, self.name(y.name), self.name(x.name), turned, "1.0", out)

    def gemm(self, scale: str, y: str, x: str, turned: tuple[int, int], kept: str, out: str) -> str:
        """out = kept out + scale x y, each array as BLAS reads it, and whether it is turned."""
        arrays = f"{self.transposed(y)}, {self.transposed(x)}, {kept}, {self.transposed(out)}"
        return f"gemm({scale}, {arrays}, {turned[0]}, {turned[1]}, 1)"

    def reduction(self, line: Reduce) -> str:
        out, source = self.name(line.target.name), self.name(line.argument.name)
        axes = line.argument.axes
        lost = [i for i, axis in enumerate(axes) if axis not in line.target.axes]
        kept = tuple(axis for axis in axes if axis in line.target.axes)
        if kept != line.target.axes:
            raise ProgramError(f"{line} would need a transposition")
        if line.how == "sum" and len(axes) == 2 and len(lost) == 1:
            if axes[lost[0]] == SAMPLES:
                self.setup.setdefault("ones", "np.ones(m, dtype)")
                return f"{source}.dot(ones, {out})"
            if lost == [0]:
                rows = self.sizes[plain(axes[0])]
                self.setup.setdefault(f"ones_{rows}", f"np.ones({rows}, dtype)")
                return f"ones_{rows}.dot({source}, {out})"
        axis = str(lost[0]) if len(lost) == 1 else f"({', '.join(map(str, lost))})"
        function = {"sum": "np.add.reduce", "max": "np.maximum.reduce"}[line.how]
        return f"{function}({source}, {axis}, None, {out})"

    # one operation

    def operation(self, line: Map) -> Iterator[str]:
        target, formula = line.target, line.formula
        out = self.name(target.name)
        read = {x.symbol: x for x in line.arguments}
        lacking = spread(line)
        if lacking is not None:
            yield f"{self.numpy('copyto')}({out}, {self.operand(lacking, target)})"

        def at(x: sympy.Expr) -> str:
            if isinstance(x, sympy.Symbol):
                return out if read[x] == lacking else self.operand(read[x], target)
            if x.is_number:
                return self.constant(x)
            raise ProgramError(f"{line} is more than one operation")

        match formula:
            case sympy.Symbol() | sympy.Number():
                yield f"{self.numpy('copyto')}({out}, {at(formula)})"
            case sympy.Add():
                yield self._added(formula, out, at)
            case sympy.Mul():
                yield self._multiplied(line, formula, out, at)
            case sympy.exp():
                yield f"{self.numpy('exp')}({at(formula.args[0])}, {out})"
            case sympy.Pow():
                yield self._power(formula, out, at)
            case sympy.Max() | sympy.Min():
                yield self._extreme(line, formula, out, at)
            case sympy.Heaviside():
                yield from self._step(line, formula.args[0], out, read)
            case sympy.Piecewise():
                yield from self._branches(line, formula, out, at)
            case sympy.Function() if type(formula) in ALONE:
                name = ALONE[type(formula)]
                name = name if name[0] == "_" else self.numpy(name)
                yield f"{name}({at(formula.args[0])}, {out})"
            case _ if formula.is_number:
                yield f"{self.numpy('copyto')}({out}, {at(formula)})"
            case _:
                raise NotYet(f"NumPy has no function for {formula}")

    def _added(self, x: sympy.Add, out: str, at: At) -> str:
        plus = [y for y in x.args if not _negated(y)]
        minus = [y for y in x.args if _negated(y)]
        names = [y for y in plus if not y.is_number] + [y for y in plus if y.is_number]
        if not minus and len(names) == 2 and names[1].is_number and names[1] < 0:
            return f"{self.numpy('subtract')}({at(names[0])}, {at(-names[1])}, {out})"
        if len(names) == 2:
            return f"{self.numpy('add')}({at(names[0])}, {at(names[1])}, {out})"
        if len(names) == 1 and len(minus) == 1:
            return f"{self.numpy('subtract')}({at(names[0])}, {at(-minus[0])}, {out})"
        raise ProgramError(f"{x} is more than one operation")

    def _multiplied(self, line: Map, x: sympy.Mul, out: str, at: At) -> str:
        mask = next((y for y in line.arguments if y.name in self.masks), None)
        if mask is not None:
            (other,) = (y for y in line.arguments if y != mask)
            left = self.operand(other, line.target)
            right = self.operand(mask, line.target)
            names = (self.bits(each) for each in (left, right, out))
            return f"{self.numpy('bitwise_and')}({', '.join(names)})"
        factors = list(x.args)
        below = next((y for y in factors if isinstance(y, sympy.Pow) and y.exp == -1), None)
        if below is not None:
            factors.remove(below)
            top = sympy.Mul(*factors)
            return f"{self.numpy('divide')}({at(top)}, {at(below.base)}, {out})"
        factors.sort(key=lambda y: bool(y.is_number))
        if factors[1] == -1:
            return f"{self.numpy('negative')}({at(factors[0])}, {out})"
        if len(factors) != 2:
            raise ProgramError(f"{line} is more than one operation")
        return f"{self.numpy('multiply')}({at(factors[0])}, {at(factors[1])}, {out})"

    def _power(self, x: sympy.Pow, out: str, at: At) -> str:
        base = at(x.base)
        if x.exp == 2:
            return f"{self.numpy('multiply')}({base}, {base}, {out})"
        if x.exp == -1:
            return f"{self.numpy('reciprocal')}({base}, {out})"
        if x.exp == sympy.Rational(1, 2):
            return f"{self.numpy('sqrt')}({base}, {out})"
        return f"{self.numpy('power')}({base}, {at(x.exp)}, {out})"

    def _extreme(self, line: Map, x: sympy.Expr, out: str, at: At) -> str:
        name = "maximum" if isinstance(x, sympy.Max) else "minimum"
        one, other = sorted(x.args, key=lambda y: bool(y.is_number))
        if other == 0 and name == "maximum":
            self.positive.add(line.target.name)
        return f"{self.numpy(name)}({at(one)}, {at(other)}, out={out})"

    def _step(
        self, line: Map, x: sympy.Symbol, out: str, read: Mapping[sympy.Symbol, Array]
    ) -> Iterator[str]:
        """1 where x > 0: all bits, if it is only multiplied by; else the bits of 1."""
        source, to = self.bits(self.operand(read[x], line.target)), self.bits(out)
        if read[x].name not in self.positive:
            positive = f"{self.numpy('maximum')}({self.operand(read[x], line.target)}, "
            yield f"{positive}{self.constant(sympy.Integer(0))}, out={out})"
            source = to
        yield f"{self.numpy('negative')}({source}, {to})"
        yield f"{self.numpy('right_shift')}({to}, {self.last_bit()}, {to})"
        name = line.target.name
        readers = self.readers.get(name, [])
        product = all(
            isinstance(r, Map)
            and isinstance(r.formula, sympy.Mul)
            and len(r.arguments) == 2
            and r.formula == sympy.Mul(*(y.symbol for y in r.arguments))
            and all(y.axes == r.target.axes for y in r.arguments)
            for r in readers
        )
        if product:
            self.masks.add(name)
        else:
            one = self.constant(sympy.Integer(1))
            yield f"{self.numpy('bitwise_and')}({to}, {self.bits(one)}, {to})"

    def _branches(self, line: Map, x: sympy.Piecewise, out: str, at: At) -> Iterator[str]:
        """Each branch over what stands there, the last one first."""
        *conditional, (last, _) = x.args
        yield f"{self.numpy('copyto')}({out}, {at(last)})"
        for value, holds in reversed(conditional):
            yield from self._condition(holds, f"where_{out}", out, at)
            yield f"{self.numpy('copyto')}({out}, {at(value)}, where=where_{out})"

    def _condition(self, holds: sympy.Basic, name: str, like: str, at: At) -> Iterator[str]:
        compare = {
            "<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal",
            "==": "equal", "!=": "not_equal",
        }  # fmt: skip
        self.setup.setdefault(name, f"np.empty({like}.shape, bool)")
        if isinstance(holds, sympy.core.relational.Relational):
            left, right = at(holds.lhs), at(holds.rhs)
            yield f"{self.numpy(compare[holds.rel_op])}({left}, {right}, {name})"
        elif isinstance(holds, sympy.And | sympy.Or):
            join = "logical_and" if isinstance(holds, sympy.And) else "logical_or"
            first, *others = holds.args
            yield from self._condition(first, name, like, at)
            for other in others:
                yield from self._condition(other, f"{name}_and", like, at)
                yield f"{self.numpy(join)}({name}, {name}_and, {name})"
        elif holds == sympy.true:
            yield f"{name}[...] = True"
        else:
            raise NotYet(f"NumPy has no expression for {holds}")


def _negated(x: sympy.Expr) -> bool:
    return isinstance(x, sympy.Mul) and x.args[0] == -1 and len(x.args) == 2


def fitted(code: str) -> str:
    """A call, with an argument a line where it is too long for one."""
    if len(code) + INDENT <= WIDTH or "(" not in code:
        return code
    head, _, rest = code.partition("(")
    return call(head, tuple(_apart(rest.removesuffix(")"))), indent=INDENT)


def _apart(text: str) -> Iterator[str]:
    """The arguments of a call."""
    depth, start = 0, 0
    for i, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if depth == 0 and text[i : i + 2] == ", ":
            yield text[start:i]
            start = i + 2
    yield text[start:]
