"""Layers of one's own: their defining index equations, as people type them.

    z[j] = sum(k, w[j,k]*x[k]) + b[j]        a[j] = g[j]*tanh(z[j])

x is the a of the layer before; the last equation defines a. An index runs over the axis of the
array in whose place it stands: axes with sizes are the layer's own, the others are those of x.
Activations (`tanh(z[j])`) stay functions of the layer, of which the derivation assumes nothing;
other functions are what they are.

>>> from symnet.term import spell
>>> gated = define(
...     ["u[j] = sum(k, v[j,k]*x[k])", "z[j] = sum(k, w[j,k]*x[k])", "a[j] = u[j]*sigmoid(z[j])"],
...     {"v": "jk", "w": "jk"},
...     axes={"j": 30},
...     inputs=7,
... )
>>> spell(gated.activation.right)
'ul[j:nl]·sigmoid<1/(1 + exp(-z))>l(zl[j:nl])'
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from symnet.errors import EquationError, NotYet
from symnet.network import expression as e
from symnet.network import notation as n
from symnet.network.equations import BELOW, SHIFT, Definition, Shared
from symnet.network.functions import ACTIVATIONS, Z, left_closed
from symnet.term import (
    Addition,
    Apply,
    Axis,
    Equation,
    Index,
    Number,
    Product,
    ScalarFunction,
    Size,
    Sum,
    Symbol,
    Term,
    add,
    apart,
    free_indices,
    map_children,
    mul,
    number,
    power,
    with_axes,
)

Width = int | str
Axes = Sequence[str]  # the letters of an array's axes, ["j", "k"] or "jk"

INPUT = "x"  # what a layer gets, in its own equations
NAMES = re.compile(f"[{e.LETTERS}]{{1,20}}")
LETTER = re.compile(f"[{e.LETTERS}]")
WRITTEN = "up to 20 letters, Latin or Greek"
RESERVED = {
    "y": "the desired value",
    "C": "the cost",
    "E": "the cost without penalties",
    "δ": "the error ∂C/∂z",
    "x": "what the layer gets",
    "m": "the number of samples",
    "c": "the cost, in code",
    "d": "the errors, in code",
    "t": "temporaries, in code",
    "l": "penalties, in code",
    SHIFT: "index arithmetic",
}


def define(
    equations: Sequence[str],
    parameters: Mapping[str, Axes],
    *,
    axes: Mapping[str, Width] | None = None,
    inputs: Width = "",
    given: Mapping[str, Axes] | None = None,
    shared: Sequence[Shared] = (),
) -> Definition:
    """A layer by its equations; errors point at the place in them.

    `parameters` and `given` arrays (a dropout mask) are named with the letters of their axes,
    `axes` are the layer's own axes with their sizes, that of a^l among them; `inputs` is the width
    of the layer before. `shared` are axes of the whole network, which x and a have in front.
    Raises EquationError.
    """
    return _Reader(
        tuple(equations),
        dict(axes or {}),
        inputs,
        tuple(shared),
        dict(parameters),
        dict(given or {}),
    ).definition()


def width(definition: Definition, inputs: Width) -> Width:
    """How many neurons a layer has: the size of the last axis of a^l."""
    axis = definition.activation.indices[-1].axis
    return inputs if axis == n.neurons(n.l.shift(-1)) else dict(definition.axes)[axis.name]


@dataclass(slots=True)
class _Reader:
    """What is known of a layer while its equations are read."""

    texts: tuple[str, ...]
    sizes: dict[str, Width]
    inputs: Width
    shared: tuple[Shared, ...]
    parameters: dict[str, Axes]
    given: dict[str, Axes]
    arrays: dict[str, tuple[Axis, ...]] = field(default_factory=dict)
    later: dict[str, int] = field(default_factory=dict)
    last: str = ""
    met: set[Axis] = field(default_factory=set)

    def definition(self) -> Definition:
        trees = [e.read_definition(text) for text in self.texts]
        if not trees:
            raise EquationError("a layer has at least one equation, that of a")
        self.check_names(trees)
        self.last = self.own_axis(trees[-1])
        below = n.neurons(n.l.shift(-1))
        self.arrays[INPUT] = (*(each.index.axis for each in self.shared), below)
        for name, letters in (self.parameters | self.given).items():
            self.arrays[name] = tuple(map(self.declared, letters))
        made = [self.equation(text, tree) for text, tree in zip(self.texts, trees, strict=True)]
        parameters, given = (
            tuple(self.array(name, letters) for name, letters in each.items())
            for each in (self.parameters, self.given)
        )
        self.check_use(made, (*parameters, *given))
        return self.merged(made, parameters, given)

    # --- names and axes ---

    def check_names(self, trees: Sequence[e.Definition]) -> None:
        """Each quantity is defined once, before it is used, and has a name of its own."""
        for name in (*self.parameters, *self.given):
            if not NAMES.fullmatch(name):
                raise EquationError(f"{name[:40]!r} is no name of an array; use {WRITTEN}")
            if name in RESERVED or name in ("a", "z"):
                meaning = RESERVED.get(name, "a quantity of the layer")
                raise EquationError(f"{name} stands for {meaning}; take another letter")
        for letter in self.sizes:
            if not LETTER.fullmatch(letter):
                raise EquationError(f"an axis is one letter, not {letter!r}")
        for number_, (text, tree) in enumerate(zip(self.texts, trees, strict=True)):
            name = tree.left.name
            if name in self.parameters or name in self.given:
                e.fail(f"{name} is given and cannot be defined", text, tree.left)
            if name in self.later:
                e.fail(f"{name} is defined twice", text, tree.left)
            if name in RESERVED or name in e.FUNCTIONS or name in ACTIVATIONS:
                meaning = RESERVED.get(name, "a function")
                e.fail(f"{name} stands for {meaning}; take another letter", text, tree.left)
            if not NAMES.fullmatch(name):
                e.fail(f"a quantity is named by {WRITTEN}", text, tree.left)
            if name[0] == "d" and name[1:] in (*self.parameters, *self.later):
                e.fail(f"{name} is the name of a derivative; take another", text, tree.left)
            self.later[name] = number_
        if trees[-1].left.name != "a":
            e.fail("the last equation defines a", self.texts[-1], trees[-1].left)

    def own_axis(self, tree: e.Definition) -> str:
        """The letter of the neurons: the last index of a."""
        left = tree.left
        if not isinstance(left, e.Indexed) or not isinstance(left.indices[-1], e.Name):
            e.fail("a has an index, as in a[j]", self.texts[-1], left)
        return left.indices[-1].name

    def axis(self, letter: str) -> Axis:
        """The axis of a letter with a size: the neurons of the layer, or an axis of its own."""
        if letter == self.last:
            return n.neurons(n.l)
        return Axis("nn" if letter == "n" else letter, n.l)

    def declared(self, letter: str) -> Axis:
        """The axis of a letter in a declaration; one without a size is the axis of x."""
        for each in self.shared:
            if each.letter == letter:
                return each.index.axis
        return self.axis(letter) if letter in self.sizes else n.neurons(n.l.shift(-1))

    def array(self, name: str, letters: Axes) -> Symbol:
        """A parameter or given array with different letters for its axes."""
        names: list[str] = []
        for letter in letters:
            while letter in names:
                letter += "′"
            names.append(letter)
        indices = map(Index, names, map(self.declared, letters))
        return Symbol(name, n.l, tuple(indices))

    def size(self, axis: Axis) -> Width | None:
        sizes = {self.axis(letter): size for letter, size in self.sizes.items()}
        return sizes.get(axis, self.inputs if axis == n.neurons(n.l.shift(-1)) else None)

    def merged(self, made: Sequence[Equation], *arrays: tuple[Symbol, ...]) -> Definition:
        """An axis that is as long as x and meets it (a[j] = z[j] + x[j]) is the axis of x."""
        below = n.neurons(n.l.shift(-1))
        same = dict.fromkeys(self.met, below)
        equations = tuple(
            Equation(
                each.label,
                _symbol(with_axes(each.left, same)),
                with_axes(each.right, same),
            )
            for each in made
        )
        parameters, given = (
            tuple(_symbol(with_axes(symbol, same)) for symbol in each) for each in arrays
        )
        names = {axis.name for axis in same}
        own = {self.axis(letter).name: size for letter, size in self.sizes.items()}
        axes = tuple((name, size) for name, size in own.items() if name not in names)
        return Definition(equations, parameters, given, axes)

    # --- equations ---

    def equation(self, text: str, tree: e.Definition) -> Equation:
        letters = self.letters(text, tree)
        name = tree.left.name
        at = tree.left.indices if isinstance(tree.left, e.Indexed) else ()
        left: list[Index] = []
        for node in at:
            if not isinstance(node, e.Name):
                e.fail("on the left, an index is a letter", text, node)
            if node.name in {index.name for index in left}:
                e.fail(f"{node.name} stands twice on the left", text, node)
            left.append(Index(node.name, letters.get(node.name) or self.declared(node.name)))
        right = _Terms(self, text, {index.name: index for index in left}, letters).of(tree.right)
        self.arrays[name] = tuple(index.axis for index in left)
        return Equation(name, Symbol(name, n.l, tuple(left)), apart(right, free_indices(right)))

    def letters(self, text: str, tree: e.Definition) -> dict[str, Axis]:
        """The axis of each letter, from where it stands."""
        found: dict[str, Axis] = {}
        places = [node for node in e.nodes(tree.right) if isinstance(node, e.Indexed)]
        for node in places:
            if node.name not in self.arrays:
                self.unknown(text, node)
            axes = self.arrays[node.name]
            if len(axes) != len(node.indices):
                e.fail(
                    f"{node.name} has {len(axes)} {'index' if len(axes) == 1 else 'indices'}, "
                    f"not {len(node.indices)}",
                    text, node,
                )  # fmt: skip
            for letter, axis in zip(node.indices, axes, strict=True):
                if isinstance(letter, e.Name):
                    self.meet(text, letter, found, axis)
        for node in places:
            for index in node.indices:
                for inner in e.nodes(index):
                    if isinstance(inner, e.Name) and inner.name not in found:
                        found[inner.name] = self.declared(inner.name)
        for each in e.nodes(tree.right):
            match each:
                case e.Summation(letter, _) | e.Call("mean", (e.Name() as letter, _)):
                    pass
                case _:
                    continue
            if letter.name not in found:
                if letter.name not in self.sizes:
                    e.fail(f"nothing says what {letter.name} runs over", text, letter)
                found[letter.name] = self.axis(letter.name)
        return found

    def meet(self, text: str, letter: e.Name, found: dict[str, Axis], axis: Axis) -> None:
        known = found.setdefault(letter.name, axis)
        if known == axis:
            return
        sizes = self.size(known), self.size(axis)
        below = n.neurons(n.l.shift(-1))
        own = {known, axis} - {below}
        if None not in sizes and sizes[0] == sizes[1] and len(own) == 1:
            self.met |= own
            found[letter.name] = below
            return
        said = " and ".join(f"1..{size}" if size else "another axis" for size in sizes)
        e.fail(f"the index {letter.name} is used with two ranges, {said}", text, letter)

    def unknown(self, text: str, node: e.Indexed | e.Name) -> None:
        name = node.name
        if name in self.later:
            recursive = self.texts[self.later[name]] == text
            why = "defined by itself" if recursive else "used before it is defined"
            e.fail(f"{name} is {why}", text, node)
        known = ", ".join(self.arrays)
        e.fail(f"undeclared symbol {name[:40]!r}; known are {known}", text, node)

    def check_use(self, made: Sequence[Equation], symbols: Sequence[Symbol]) -> None:
        """What is declared or defined and never used is a slip."""
        if not any(_stands(each.right, BELOW) for each in made):
            raise EquationError("a does not depend on x", text=self.texts[-1])
        for symbol in symbols:
            if not any(_stands(each.right, symbol) for each in made):
                raise EquationError(f"{symbol.name} is declared, but stands in no equation")
        for number_, each in enumerate(made[:-1]):
            assert isinstance(each.left, Symbol)
            if not any(_stands(later.right, each.left) for later in made[number_ + 1 :]):
                raise EquationError(
                    f"{each.left.name} is defined, but a does not depend on it",
                    text=self.texts[number_],
                )


def _stands(term: Term, symbol: Symbol) -> bool:
    if isinstance(term, Symbol):
        return (term.name, term.layer) == (symbol.name, symbol.layer)
    stands = False

    def look(part: Term) -> Term:
        nonlocal stands
        stands = stands or _stands(part, symbol)
        return part

    map_children(term, look)
    return stands


def _symbol(term: Term) -> Symbol:
    assert isinstance(term, Symbol)
    return term


@dataclass(slots=True)
class _Terms:
    """The right side of one equation, as a term."""

    reader: _Reader
    text: str
    free: dict[str, Index]
    letters: dict[str, Axis]

    def of(self, node: e.Node) -> Term:
        return self.term(node, self.free)

    def term(self, node: e.Node, at: Mapping[str, Index]) -> Term:
        match node:
            case e.Number(value):
                return number(value)
            case e.Name(name):
                return self.name(node, name, at)
            case e.Indexed(name, indices):
                return self.array(node, name, indices, at)
            case e.Summation(letter, body):
                return self.total(letter, body, at)
            case e.Negative(of):
                return mul(number(-1), self.term(of, at))
            case e.Binary("+", left, right):
                return add(self.term(left, at), self.term(right, at))
            case e.Binary("-", left, right):
                return add(self.term(left, at), mul(number(-1), self.term(right, at)))
            case e.Binary("*", left, right):
                return mul(self.term(left, at), self.term(right, at))
            case e.Binary("/", left, right):
                below = self.term(right, at)
                if below == number(0):
                    e.fail("a division by 0", self.text, node)
                return mul(self.term(left, at), power(below, -1))
            case e.Binary("**", left, right):
                return self.power(node, left, right, at)
            case e.Call("mean", (e.Name() as letter, body)):
                total = self.total(letter, body, at)
                return mul(power(Size(self.letters[letter.name]), -1), total)
            case e.Call("size", (e.Name() as letter,)):
                if letter.name not in self.letters:
                    self.letters[letter.name] = self.reader.declared(letter.name)
                return Size(self.letters[letter.name])
            case e.Call(name, arguments):
                return self.call(node, name, arguments, at)
        raise TypeError(node)

    def name(self, node: e.Name, name: str, at: Mapping[str, Index]) -> Term:
        reader = self.reader
        if name in reader.arrays and not reader.arrays[name]:
            return Symbol(name, n.l)
        if name in reader.arrays:
            e.fail(f"{name} needs {len(reader.arrays[name])} indices", self.text, node)
        if name in self.letters or name in at:
            e.fail(f"{name} is an index and no number to compute with", self.text, node)
        if name in e.CONSTANTS:
            constant = ScalarFunction(name, e.CONSTANTS[name])
            raise NotYet(f"the constant {constant.name} in an equation of a layer")
        reader.unknown(self.text, node)
        raise AssertionError(node)

    def array(
        self, node: e.Indexed, name: str, indices: Sequence[e.Node], at: Mapping[str, Index]
    ) -> Term:
        axes = self.reader.arrays[name]
        found: list[Index] = []
        shifts: list[tuple[Index, Symbol]] = []
        taken = dict(at)
        for letter, axis in zip(indices, axes, strict=True):
            match letter:
                case e.Name(own):
                    found.append(self.index(letter, own, at))
                case e.Binary("+", e.Name(t) as first, e.Name(s) as second):
                    parts = (self.index(first, t, at), self.index(second, s, at))
                    self.check_shift(letter, axis, parts)
                    name_ = next(x for x in "urvqh" if x not in taken)
                    index = Index(name_, axis)
                    taken[name_] = index
                    found.append(index)
                    shifts.append((index, Symbol(SHIFT, n.l, (index, *parts))))
                case _:
                    e.fail("an index is a letter, or the sum of two as in t+s", self.text, letter)
        whole: Term = Symbol(name, n.l, tuple(found))
        if name == INPUT:
            whole = replace(BELOW, indices=tuple(found))
        for index, shift in shifts:
            whole = Sum(index, mul(shift, whole))
        return whole

    def check_shift(self, node: e.Node, axis: Axis, parts: tuple[Index, Index]) -> None:
        """x[t+s] stays inside x: from 0, t + s goes up to T + S - 2."""
        t, s = (self.reader.size(index.axis) for index in parts)
        whole = self.reader.size(axis)
        if (
            isinstance(t, int)
            and isinstance(s, int)
            and isinstance(whole, int)
            and whole < t + s - 1
        ):
            e.fail(
                f"this index goes up to {t} + {s} - 1 = {t + s - 1}, but the axis has {whole}",
                self.text, node,
            )  # fmt: skip

    def index(self, node: e.Node, letter: str, at: Mapping[str, Index]) -> Index:
        if letter not in at:
            e.fail(
                f"the index {letter} stands on one side only; sum over it, as in "
                f"sum({letter}, …), or put it on the left",
                self.text, node,
            )  # fmt: skip
        return at[letter]

    def total(self, letter: e.Name, body: e.Node, at: Mapping[str, Index]) -> Term:
        if letter.name in at:
            e.fail(f"{letter.name} is an index already; take another letter", self.text, letter)
        index = Index(letter.name, self.letters[letter.name])
        return Sum(index, self.term(body, {**at, letter.name: index}))

    def power(self, node: e.Node, left: e.Node, right: e.Node, at: Mapping[str, Index]) -> Term:
        exponent = self.term(right, at)
        value = _value(exponent)
        if value is None:
            e.fail("an exponent is a number here", self.text, right)
        if abs(value) > e.GREATEST_EXPONENT or value.denominator > e.GREATEST_EXPONENT:
            e.fail(f"an exponent goes up to {e.GREATEST_EXPONENT}", self.text, right)
        base = self.term(left, at)
        if base == number(0) and value <= 0:
            e.fail("0 to this power has no value", self.text, node)
        return power(base, value)

    def call(
        self, node: e.Call, name: str, arguments: Sequence[e.Node], at: Mapping[str, Index]
    ) -> Term:
        if name in ACTIVATIONS:
            function = ACTIVATIONS[name]
            if function.couples_neurons:
                e.fail(f"{name} couples neurons; write its sums out", self.text, node)
            if len(arguments) != 1:
                e.fail(f"{name} takes one argument", self.text, node)
            applied = ScalarFunction(name, function.formula, n.l)
            return Apply(applied, self.term(arguments[0], at))
        terms = [self.term(argument, at) for argument in arguments]
        if name in ("max", "min") and len(terms) == 2 and all(_value(x) is None for x in terms):
            # max(u, v) = v + max(u - v, 0)
            first, second = terms
            zero = e.Call(name, (e.Name("z"), e.Number(Fraction(0))))
            difference = add(first, mul(number(-1), second))
            return add(second, Apply(self.function(name, zero), difference))
        varied = [i for i, term in enumerate(terms) if _value(term) is None]
        stand_ins: list[e.Node] = list(arguments)
        for i in varied:
            stand_ins[i] = e.Name("z", arguments[i].start, arguments[i].end)
        plain = replace(node, arguments=tuple(stand_ins))
        function_ = self.function(name, plain)
        if len(varied) > 1:
            e.fail(f"{name} of several variables is not known here", self.text, node)
        if name == "sqrt":
            return power(terms[0], Fraction(1, 2))
        if not varied:
            assert function_.formula is not None
            if not function_.formula.is_Rational:
                raise NotYet(f"the number {function_.formula} in an equation of a layer")
            return number(Fraction(int(function_.formula.p), int(function_.formula.q)))
        return Apply(function_, terms[varied[0]])

    def function(self, name: str, plain: e.Call) -> ScalarFunction:
        formula = e.to_sympy(plain, {"z": Z}, text=self.text)
        return ScalarFunction(name, left_closed(formula) if formula.has(Z) else formula)


def _value(term: Term) -> Fraction | None:
    """The value of a term without symbols."""
    match term:
        case Number(value):
            return value
        case Product(parts) | Addition(parts):
            values = [value for value in map(_value, parts) if value is not None]
            if len(values) < len(parts):
                return None
            if isinstance(term, Product):
                return math.prod(values, start=Fraction(1))
            return sum(values, start=Fraction(0))
    return None
