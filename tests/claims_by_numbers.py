r"""Whether a printed formula holds, by numbers alone: a judge that shares no code with `verify`.

plain_latex.py reads it, chance_networks.py runs small networks, and both sides are compared.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, product
from typing import Any

import mpmath
from chance_networks import (
    Network,
    NoLayerError,
    NoShapeError,
    Number,
    UnclearError,
    constant,
    tanh,
)
from plain_latex import TOKEN, Reader, Tree

HOLDS, DIFFERS, NO_SHAPE, NO_LAYER, UNCLEAR = "holds", "differs", "no shape", "no layer", "unclear"
RECTANGULAR = ((3, 2, 4), (4, 2, 3, 5), (2, 4, 3, 5, 6))
EQUAL = ((2, 2, 2), (3, 3, 3), (2, 2, 2, 2), (2, 2, 2, 2, 2))

# --- values -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Array:
    """Rows of numbers; `scalar` if it is a number and no 1-by-1 array."""

    rows: tuple[tuple[Number, ...], ...]
    scalar: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.rows), len(self.rows[0])

    @property
    def single(self) -> bool:
        return self.shape == (1, 1)

    @property
    def value(self) -> Number:
        if not self.single:
            raise NoShapeError("a number is wanted")
        return self.rows[0][0]

    def map(self, change: Callable[[Number], Number]) -> "Array":
        return Array(tuple(tuple(change(x) for x in row) for row in self.rows), self.scalar)

    def both(self, other: "Array", join: Callable[[Number, Number], Number]) -> "Array":
        if self.shape != other.shape:
            raise NoShapeError(f"{self.shape} and {other.shape}")
        rows = tuple(
            tuple(join(x, y) for x, y in zip(one, two, strict=True))
            for one, two in zip(self.rows, other.rows, strict=True)
        )
        return Array(rows, self.scalar and other.scalar)


def number(value: Number) -> Array:
    return Array(((value,),), True)


def multiplied(x: Array, y: Array) -> Array:
    if x.single or y.single:
        many, one = (y, x) if x.single else (x, y)
        found = many.map(lambda entry: entry * one.value)
        return Array(found.rows, x.scalar and y.scalar)
    if x.shape[1] != y.shape[0]:
        raise NoShapeError(f"{x.shape} times {y.shape}")
    columns = list(zip(*y.rows, strict=True))
    return Array(tuple(tuple(dot(row, column) for column in columns) for row in x.rows))


def dot(x: Sequence[Number], y: Sequence[Number]) -> Number:
    found = constant(0)
    for one, two in zip(x, y, strict=True):
        found = found + one * two
    return found


LAYERED = {"w", "b", "z", "a", "δ"}


@dataclass
class Evaluator:
    """The value of a tree in a network, at a layer l, at numbers of unit letters."""

    network: Network
    layers: dict[str, int]
    changed: frozenset[tuple[tuple[Any, ...], int]] = frozenset()
    kronecker: bool = False

    def at(self, layer: Tree) -> int:
        _, letter, offset = layer
        if letter and letter not in self.layers:
            raise UnclearError(f"no layer is called {letter}")
        return (self.layers[letter] if letter else 0) + int(offset)

    def with_(self, **layers: int) -> "Evaluator":
        return Evaluator(self.network, {**self.layers, **layers}, self.changed, self.kronecker)

    # The ranges of unit letters: one letter may count only the units of one layer.

    def axes(self, symbol: Tree) -> tuple[int, ...]:
        _, name, layer, _ = symbol
        network = self.network
        if name in ("C", "n", "η"):
            return ()
        if name in ("x", "y"):
            return (network.size(1 if name == "x" else network.depth),)
        if layer is None:
            raise NoShapeError(f"{name} has no layer")
        at = self.at(layer)
        if at == 1 and name != "a":
            raise NoLayerError(f"{name}^1")
        return (network.size(at), network.size(at - 1)) if name == "w" else (network.size(at),)

    def ranges(self, tree: Any, bound: frozenset[str] = frozenset()) -> dict[str, set[int]]:
        """The sizes of the layers whose units each free letter counts; two do not fit."""
        found: dict[str, set[int]] = {}

        def note(letters: Sequence[str], sizes: Sequence[int]) -> None:
            if letters and len(letters) != len(sizes):
                raise NoShapeError(f"{letters} and {sizes}")
            for letter, size in zip(letters, sizes, strict=False):
                if letter.isdigit():
                    if int(letter) > size:
                        raise NoShapeError(f"unit {letter} of {size}")
                elif letter not in bound:
                    found.setdefault(letter, set()).add(size)

        if not isinstance(tree, tuple):
            return found
        if tree and tree[0] == "symbol":
            if tree[1] == "δ" and len(tree[3]) == 2 and tree[2] is None and self.kronecker:
                return found
            note(tree[3], self.axes(tree))
            return found
        if tree and tree[0] == "entry":
            note(tree[2], (self.value(tree[1], {}).shape[0],))
            return found
        if tree and tree[0] in ("sum", "prod"):
            inside = self if tree[0] == "sum" else None
            if inside is None or tree[1] == "m":
                return found
            bound = bound | {tree[1]}
            tree = tree[4]
            parts: Sequence[Any] = (tree,)
        else:
            parts = tree
        for part in parts:
            for letter, sizes in self.ranges(part, bound).items():
                if letter not in bound:
                    found.setdefault(letter, set()).update(sizes)
        return found

    def range_of(self, letter: str, tree: Tree) -> range:
        sizes = self.ranges(tree).get(letter, set())
        if len(sizes) != 1:
            raise NoShapeError(f"{letter} counts {sorted(sizes)}")
        return range(1, sizes.pop() + 1)

    def value(self, tree: Tree, units: Mapping[str, int]) -> Array:
        meaning = getattr(self, "of_" + tree[0], None)
        if meaning is None:
            raise UnclearError(f"{tree[0]} is not known here")
        return meaning(tree, units)  # type: ignore[no-any-return]

    def of_number(self, tree: Tree, units: Mapping[str, int]) -> Array:
        exact = self.network.exact
        return number(constant(tree[1] if exact else mpmath.mpf(tree[1])))

    def of_group(self, tree: Tree, units: Mapping[str, int]) -> Array:
        return self.value(tree[1], units)

    def of_negative(self, tree: Tree, units: Mapping[str, int]) -> Array:
        return self.value(tree[1], units).map(lambda x: -x)

    def of_plus(self, tree: Tree, units: Mapping[str, int]) -> Array:
        terms = [
            (self.value(x, units), x in (("number", 1), ("negative", ("number", 1))))
            for x in tree[1:]
        ]
        shapes = {x.shape for x, ones in terms if not ones and not x.scalar}
        wide = next(iter(shapes)) if len(shapes) == 1 else None
        found: Array | None = None
        for x, ones in terms:
            if ones and wide is not None:
                if wide[1] != 1 and wide[0] != 1:
                    raise UnclearError("1 and a matrix")
                x = Array(tuple((x.value,) * wide[1] for _ in range(wide[0])))
            found = x if found is None else found.both(x, lambda p, q: p + q)
        assert found is not None
        return found

    def of_times(self, tree: Tree, units: Mapping[str, int]) -> Array:
        parts = [self.value(x, units) for x in tree[1:]]
        try:
            found = parts[0]
            for part in parts[1:]:
                found = multiplied(found, part)
        except NoShapeError:
            if any(True for _ in bracketed(parts)):
                raise UnclearError("a product that fits only in other brackets") from None
            raise
        return found

    def of_entrywise(self, tree: Tree, units: Mapping[str, int]) -> Array:
        parts = [self.value(x, units) for x in tree[1:]]
        if len({x.single for x in parts}) > 1:
            raise UnclearError("a number, entry by entry")
        found = parts[0]
        for part in parts[1:]:
            found = found.both(part, lambda p, q: p * q)
        return found

    def of_over(self, tree: Tree, units: Mapping[str, int]) -> Array:
        by = self.value(tree[2], units).value.inverse()
        return self.value(tree[1], units).map(lambda x: x * by)

    def of_square(self, tree: Tree, units: Mapping[str, int]) -> Array:
        base = self.value(tree[1], units)
        if not base.single and tree[1][0] != "function":
            raise UnclearError("a power of an array")
        return base.map(lambda x: x * x)

    def of_norm(self, tree: Tree, units: Mapping[str, int]) -> Array:
        found = self.value(tree[1], units)
        return number(dot(sum(found.rows, ()), sum(found.rows, ())))

    def of_transpose(self, tree: Tree, units: Mapping[str, int]) -> Array:
        found = self.value(tree[1], units)
        if found.scalar:
            raise UnclearError("a number transposed")
        return Array(tuple(zip(*found.rows, strict=True)))

    def of_diag(self, tree: Tree, units: Mapping[str, int]) -> Array:
        found = self.value(tree[1], units)
        if found.scalar or found.shape[1] != 1:
            raise UnclearError("diag of no column")
        entries = [row[0] for row in found.rows]
        size = range(len(entries))
        return Array(
            tuple(tuple(entries[i] if i == j else constant(0) for j in size) for i in size)
        )

    def of_tr(self, tree: Tree, units: Mapping[str, int]) -> Array:
        found = self.value(tree[1], units)
        if found.shape[0] != found.shape[1]:
            raise NoShapeError("a trace")
        return number(
            dot([row[i] for i, row in enumerate(found.rows)], [constant(1)] * found.shape[0])
        )

    def of_matrix(self, tree: Tree, units: Mapping[str, int]) -> Array:
        rows = tuple(tuple(self.value(x, units).value for x in row) for row in tree[1])
        if len({len(row) for row in rows}) > 1:
            raise NoShapeError("rows of different lengths")
        return Array(rows)

    def of_entry(self, tree: Tree, units: Mapping[str, int]) -> Array:
        base = self.value(tree[1], units)
        if base.scalar or len(tree[2]) != 1 or base.shape[1] != 1:
            raise NoShapeError("an entry of no vector")
        return number(base.rows[self.unit(tree[2][0], units) - 1][0])

    def of_function(self, tree: Tree, units: Mapping[str, int]) -> Array:
        _, name, order, argument = tree
        free = 1 + max((change for _, change in self.changed), default=0)
        if name == "tanh":
            if order:
                raise UnclearError("tanh'")
            return self.value(argument, units).map(tanh)
        return self.value(argument, units).map(lambda x: self.network.sloped(x, order, free))

    def of_sum(self, tree: Tree, units: Mapping[str, int]) -> Array:
        _, letter, low, high, body = tree
        if letter == "m":
            steps = [self.with_(m=at) for at in self.span(low, high)]
            values = [step.value(body, units) for step in steps]
        else:
            over = self.range_of(letter, body)
            if low is not None and high is not None:
                asked = self.span(low, high)
                if asked != over:
                    raise NoShapeError(f"{asked} where there are {over}")
            elif high is not None or low is not None:
                raise UnclearError("half a range")
            values = [self.value(body, {**units, letter: at}) for at in over]
        if not values:
            raise UnclearError("an empty sum")
        found = values[0]
        for value in values[1:]:
            found = found.both(value, lambda p, q: p + q)
        return found

    def of_prod(self, tree: Tree, units: Mapping[str, int]) -> Array:
        _, letter, low, high, body = tree
        if letter != "m" or low is None or high is None:
            raise UnclearError("a product over units")
        values = [self.with_(m=at).value(body, units) for at in self.span(low, high)]
        if not values:
            raise UnclearError("an empty product")
        found = values[0]
        for value in values[1:]:
            found = multiplied(found, value)
        return found

    def span(self, low: Sequence[str], high: Sequence[str] | None) -> range:
        if high is None or low is None:
            raise UnclearError("half a range")
        ends = []
        for tokens in (low, high):
            if tokens[:2] == ["n", "_"]:
                ends.append(
                    self.network.size(
                        self.at(Reader("").layer([t for t in tokens[2:] if t not in "{}"]))
                    )
                )
            else:
                ends.append(self.at(Reader("").layer(tokens)))
        if not 1 <= ends[0] <= ends[1]:
            raise NoLayerError("an empty or descending range")
        return range(ends[0], ends[1] + 1)

    def unit(self, letter: str, units: Mapping[str, int]) -> int:
        if letter.isdigit():
            return int(letter)
        if letter not in units:
            raise UnclearError(f"no unit {letter}")
        return units[letter]

    def keys(self, symbol: Tree, units: Mapping[str, int]) -> list[list[tuple[Any, ...]]]:
        """The quantities a symbol stands for, in rows."""
        _, name, layer, letters = symbol
        axes = self.axes(symbol)
        if letters and len(letters) != len(axes):
            raise NoShapeError(f"{name} with {letters}")
        head = (name, self.at(layer)) if layer is not None else (name,)
        if name == "x":
            head = ("a", 1)
        choices = [
            [self.unit(letter, units)] if letters else list(range(1, size + 1))
            for letter, size in zip(letters or axes, axes, strict=True)
        ]
        if any(x > size for xs, size in zip(choices, axes, strict=True) for x in xs):
            raise NoShapeError("a unit that is not there")
        if not choices:
            return [[head]]
        if len(choices) == 1:
            return [[(*head, j)] for j in choices[0]]
        return [[(*head, j, k) for k in choices[1]] for j in choices[0]]

    def of_symbol(self, tree: Tree, units: Mapping[str, int]) -> Array:
        _, name, layer, letters = tree
        exact = self.network.exact
        if name == "δ" and layer is None and len(letters) == 2 and self.kronecker:
            same = self.unit(letters[0], units) == self.unit(letters[1], units)
            return number(constant(int(same) if exact else mpmath.mpf(int(same))))
        if name == "n":
            if layer is None:
                raise UnclearError("n")
            size = self.network.size(self.at(layer))
            return number(constant(size if exact else mpmath.mpf(size)))
        if name == "η":
            return number(constant(self.network.eta))
        if (name in ("C", "x", "y", "η")) != (layer is None):
            raise NoShapeError(f"{name} and its layer")
        keys = self.keys(tree, units)
        if name == "δ":
            rows = [[self.slope(("C",), ("z", *key[1:])) for key in row] for row in keys]
        elif name == "y":
            rows = [[constant(self.network.target[key[1]]) for key in row] for row in keys]
        else:
            values = self.network.run(self.changed)
            rows = [[values[key] for key in row] for row in keys]
        return Array(tuple(map(tuple, rows)), bool(letters) or name == "C")

    def slope(self, of: tuple[Any, ...], by: tuple[Any, ...]) -> Number:
        change = 1 + max((change for _, change in self.changed), default=0)
        return self.network.run(self.changed | {(by, change)})[of].coefficient(change)

    def of_derivative(self, tree: Tree, units: Mapping[str, int]) -> Array:
        _, of, by = tree
        if by[0] != "symbol" or by[1] not in ("w", "b", "z", "a", "x"):
            raise UnclearError(f"a derivative by {by}")
        if by[2] is None and by[1] != "x":
            raise NoShapeError("a variable without a layer")
        keys = self.keys(by, units)
        change = 1 + max((change for _, change in self.changed), default=0)

        def changed(key: tuple[Any, ...]) -> Array:
            with_ = self.changed | {(key, change)}
            found = Evaluator(self.network, self.layers, with_, self.kronecker).value(of, units)
            return found.map(lambda x: x.coefficient(change))

        found = [[changed(key) for key in row] for row in keys]
        first = found[0][0]
        if first.scalar:
            return Array(tuple(tuple(x.value for x in row) for row in found), bool(by[3]))
        if by[3] or len(found[0]) > 1 or first.shape[1] > 1:
            raise UnclearError("a derivative of an array")
        return Array(
            tuple(tuple(row[0].rows[i][0] for row in found) for i in range(first.shape[0]))
        )


def bracketed(parts: Sequence[Array]) -> Iterator[Array]:
    """The product in every choice of brackets that fits."""
    if len(parts) == 1:
        yield parts[0]
        return
    for cut in range(1, len(parts)):
        for x, y in product(bracketed(parts[:cut]), bracketed(parts[cut:])):
            try:
                yield multiplied(x, y)
            except NoShapeError:
                continue


# --- judging ----------------------------------------------------------------------------------

RANGE = re.compile(
    r",\s*\\quad\s*(?:l\s*=\s*(?P<first>[^,=]+?)\s*,\s*(?:(?P<second>[^,]+?)\s*,\s*)?\\[lc]?dots\s*,\s*(?P<last>[^,]+)"
    r"|(?P<low>[^,\\]+?)\s*\\le\s+l\s*\\le\s+(?P<high>[^,\\]+))$"
)


def judge(text: str, context: Mapping[str, Any]) -> str:
    """holds, differs, no shape, or unclear: of one statement, with or without a range of l."""
    try:
        sides, ends = read(text)
    except (UnclearError, IndexError) as error:
        return f"{UNCLEAR}: {error}"
    widths = context.get("widths", "arbitrary")
    said = {"arbitrary": RECTANGULAR, "equal": EQUAL}
    networks = said[widths] if isinstance(widths, str) else (tuple(widths),)
    activation, cost = context.get("activation", "abstract"), context.get("cost", "abstract")
    found = set()
    for seed, shape in enumerate(networks):
        try:
            with mpmath.workdps(50):
                network = known(shape, activation, cost, seed)
                found.add(in_network(sides, ends, network, context))
        except (UnclearError, IndexError) as error:
            return f"{UNCLEAR}: {error}"
    if found != {NO_LAYER}:  # a network that is too shallow for a formula says nothing of it
        found -= {NO_LAYER}
    if DIFFERS in found:
        return DIFFERS if NO_SHAPE not in found else NO_SHAPE
    if found == {HOLDS}:
        return HOLDS
    return NO_SHAPE if found <= {NO_SHAPE, NO_LAYER} else f"{UNCLEAR}: {sorted(found)}"


@cache
def known(widths: tuple[int, ...], activation: str, cost: str, seed: int) -> Network:
    """One network for all formulas: its runs are remembered."""
    return Network(widths, activation, cost, seed)


def read(text: str) -> tuple[list[Tree], tuple[Tree, Tree] | None]:
    ends = None
    fit = RANGE.search(text)
    if fit:
        one, other = (fit["low"], fit["high"]) if fit["low"] else (fit["first"], fit["last"])
        reader = Reader("")
        ends = (reader.layer(TOKEN.findall(one)), reader.layer(TOKEN.findall(other)))
        text = text[: fit.start()]
    sides = [Reader(side).whole() for side in parted(text)]
    if len(sides) < 2:
        raise UnclearError("nothing is claimed")
    return sides, ends


def parted(text: str) -> list[str]:
    """The sides of a chain of equalities; = in braces is none of its signs."""
    found, depth = [""], 0
    for sign in text:
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if sign == "=" and not depth:
            found.append("")
        else:
            found[-1] += sign
    return found


def in_network(
    sides: list[Tree], ends: tuple[Tree, Tree] | None, network: Network, context: Mapping[str, Any]
) -> str:
    depth = {"L": network.depth}
    kronecker = any("delta_{" in name for name in context.get("declared", {}))
    tried = Evaluator(network, depth, kronecker=kronecker)
    literal = ends is not None or "'l'" not in repr(sides)
    values = range(1, network.depth + 1)
    if ends is not None:
        first, last = sorted(tried.at(end) for end in ends)
        values = range(first, last + 1)
    elif literal:
        values = range(1, 2)
    seen = False
    for l in values:
        try:
            if not at_layer(sides, tried.with_(l=l)):
                return DIFFERS
            seen = True
        except NoLayerError:
            if literal:
                return NO_SHAPE
        except NoShapeError:
            return NO_SHAPE
    return HOLDS if seen else NO_SHAPE if literal else NO_LAYER


def at_layer(sides: list[Tree], evaluator: Evaluator) -> bool:
    """Whether all sides are equal for all units. Raises NoShapeError where they do not fit."""
    for side in sides:
        missing(side, evaluator)
    ranges = evaluator.ranges(("plus", *sides))
    for letter, sizes in ranges.items():
        if len(sizes) > 1:
            raise NoShapeError(f"{letter} counts {sorted(sizes)}")
    letters = sorted(ranges)
    for numbers in product(*(range(1, max(ranges[letter]) + 1) for letter in letters)):
        units = dict(zip(letters, numbers, strict=True))
        values = [evaluator.value(side, units) for side in sides]
        for one, other in pairwise(values):
            if one.shape != other.shape:
                raise NoShapeError(f"{one.shape} = {other.shape}")
            if not all(
                same(x, y)
                for p, q in zip(one.rows, other.rows, strict=True)
                for x, y in zip(p, q, strict=True)
            ):
                return False
    return True


def missing(tree: Any, evaluator: Evaluator) -> None:
    """Raises NoLayerError if some quantity is not there, before any shape is looked at."""
    if not isinstance(tree, tuple) or (tree and tree[0] in ("sum", "prod") and tree[1] == "m"):
        return
    if tree and tree[0] == "symbol":
        if tree[2] is not None:
            evaluator.axes(tree) if tree[1] in LAYERED else evaluator.network.size(
                evaluator.at(tree[2])
            )
        return
    for part in tree:
        missing(part, evaluator)


def same(x: Number, y: Number) -> bool:
    gap = (x - y).plain
    if isinstance(gap, int):
        return gap == 0
    return bool(abs(gap) <= mpmath.mpf(10) ** -35 * (1 + abs(x.plain) + abs(y.plain)))
