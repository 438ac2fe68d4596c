"""From `784-30-10` to a network, and back.

>>> net = Network("2-3-4-1")
>>> net.sizes, net.L, str(net), net.cost.name
((2, 3, 4, 1), 4, '2-3-4-1', 'quadratic')
>>> str(Network("64-30-10:softmax")), Network("64-30-10:softmax").cost.name
('64-30-10:softmax', 'log_likelihood')
>>> from sympy.abc import j, k
>>> net.w(2)[j, k], net.z(2)[j]
(w^2[j, k], z^2[j])
>>> net.forward(2)[0]
Eq(z^2[j], b^2[j] + Sum(a^1[k]*w^2[j, k], (k, 1, 2)))
"""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import sympy

from symnet.errors import ArchitectureError, SymnetError
from symnet.network import document, equations
from symnet.network.functions import (
    ACTIVATIONS,
    COSTS,
    PENALTIES,
    TYPED,
    Activation,
    Cost,
    Penalty,
    bad_logarithm,
    typed_activation,
    typed_cost,
)
from symnet.network.layers import define, width
from symnet.network.notation import EVERYWHERE, L
from symnet.term import (
    Axis,
    Equation,
    LayerNumber,
    Partial,
    Symbol,
    at_layer,
    equation_at,
    to_sympy,
)

Size = int | str  # a width: a number, or a letter that stands for any number

MAX_WIDTH = 10**9
MAX_LAYERS = 1000  # of which a proof takes two seconds


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of neurons: how many (a letter stands for any number), and what they compute.

    That is the weighted input and an activation, or a definition of one's own.
    """

    size: Size
    activation: Activation | None
    own: equations.Definition | None = None

    @property
    def name(self) -> str:
        """The name of the activation; `own` of a layer with equations of one's own."""
        return "own" if self.activation is None else self.activation.name

    @property
    def definition(self) -> equations.Definition:
        """The equations of the layer, for a general l."""
        if self.own is not None:
            return self.own
        assert self.activation is not None
        return equations.dense(self.activation)


@dataclass(frozen=True, init=False)
class Network:
    """A fully connected network: layer 1 is the input, L the output, parameters for l = 2..L.

    `architecture` is a string such as `784-128:relu-10:softmax` or a list of widths; `activation`
    serves the layers that name none; `cost` is log_likelihood after softmax, else quadratic, unless
    given. Both are names or formulas: "z / (1 + exp(-z))", "(a - y)**4 / 4". Raises
    ArchitectureError or EquationError that points at the place.
    """

    inputs: Size
    layers: tuple[Layer, ...]
    cost: Cost
    shared: tuple[equations.Shared, ...] = ()
    penalties: tuple[Penalty, ...] = ()
    training: tuple[tuple[str, document.Value], ...] = ()

    def __init__(
        self,
        architecture: str | Sequence[Size | str],
        activation: str | Activation = "sigmoid",
        cost: str | Cost | None = None,
    ) -> None:
        if not isinstance(architecture, str):
            if not isinstance(architecture, list | tuple):
                raise ArchitectureError(
                    "an architecture is a string such as '2-3-1' or a list of widths, not "
                    f"{architecture!r}"[:200]
                )
            architecture = "-".join(map(str, architecture))
        default = find_activation(activation)
        inputs, layers = parse(architecture, default)
        object.__setattr__(self, "inputs", inputs)
        object.__setattr__(self, "layers", told_apart(layers))
        object.__setattr__(self, "cost", find_cost(cost, layers[-1].activation))
        object.__setattr__(self, "shared", ())
        object.__setattr__(self, "penalties", ())
        object.__setattr__(self, "training", ())
        check_cost(self)

    @classmethod
    def of(
        cls,
        inputs: Size,
        layers: tuple[Layer, ...],
        cost: Cost,
        shared: tuple[equations.Shared, ...] = (),
        penalties: tuple[Penalty, ...] = (),
        training: tuple[tuple[str, document.Value], ...] = (),
    ) -> "Network":
        """A network of layers that are there already, or a part of one: its cost is not checked.

        `shared` are axes that all layers have, `penalties` what large weights add to the cost,
        `training` the settings that a trainer starts from. Raises ArchitectureError where a name
        stands for two formulas, or a layer is not as wide as its equations make it.
        """
        find_cost(cost, None)
        below = inputs
        for layer in layers:
            if layer.activation is not None:
                find_activation(layer.activation)
            if layer.own is not None and layer.size != width(layer.own, below):
                made = width(layer.own, below)
                raise ArchitectureError(f"a layer of {layer.size} whose equations make {made}")
            below = layer.size
        if told_apart(layers) != layers:
            raise ArchitectureError("two activations have one name")
        network = object.__new__(cls)
        object.__setattr__(network, "inputs", inputs)
        object.__setattr__(network, "layers", layers)
        object.__setattr__(network, "cost", cost)
        object.__setattr__(network, "shared", shared)
        object.__setattr__(network, "penalties", penalties)
        object.__setattr__(network, "training", training)
        return network

    @classmethod
    def from_toml(
        cls,
        source: str | Path,
        activation: str | Activation = "sigmoid",
        cost: str | Cost | None = None,
    ) -> "Network":
        """A network from a TOML file by its path, or from its text if that has several lines.

        `activation` serves the layers that name none, `cost` comes before that of the file.
        Raises ArchitectureError or EquationError that says where the file is not understood.
        """
        if isinstance(source, Path) or "\n" not in source:
            content = _decoded(Path(source).read_bytes())
            return cls.from_toml(content + "\n", activation, cost)
        return build(document.read(source), activation, cost)

    @property
    def L(self) -> int:
        """The number of the output layer."""
        return len(self.layers) + 1

    @property
    def plain(self) -> bool:
        """Whether all layers are a weighted input and an activation, without axes beside theirs."""
        return not self.shared and all(layer.own is None for layer in self.layers)

    @property
    def sizes(self) -> tuple[Size, ...]:
        """The widths n_1..n_L."""
        return (self.inputs, *(layer.size for layer in self.layers))

    def width(self, number: int) -> Size:
        """The width n_l of layer l = 1..L."""
        return self.inputs if number == 1 else self.layers[number - 2].size

    def layer(self, number: int) -> Layer:
        """Layer l, for l = 2..L. Raises ArchitectureError for other numbers."""
        if not 2 <= number <= self.L:
            raise ArchitectureError(
                f"{self} has parameters in layers 2 to {self.L}, not in layer {number}"
            )
        return self.layers[number - 2]

    def __str__(self) -> str:
        """The string that makes this network again; sigmoid, the default, is left out.

        A formula that was typed stands there as `custom`, a name that nothing else may have.
        """
        widths = [str(self.inputs)]
        for layer in self.layers:
            name = layer.name
            widths.append(str(layer.size) if name == "sigmoid" else f"{layer.size}:{name}")
        return "-".join(widths)

    # --- the network in SymPy ---------------------------------------------------------------

    def w(self, number: int) -> sympy.IndexedBase:
        """w^l, indexed [j, k]: from neuron k of layer l-1 to neuron j of layer l."""
        return self.array("w", number)

    def b(self, number: int) -> sympy.IndexedBase:
        """b^l, indexed [j]: the bias of neuron j of layer l."""
        return self.array("b", number)

    def z(self, number: int) -> sympy.IndexedBase:
        """z^l, indexed [j]: the weighted input of neuron j of layer l."""
        return self.array("z", number)

    def a(self, number: int) -> sympy.IndexedBase:
        """a^l, indexed [j]: the activation of neuron j of layer l = 1..L; a^1 is the input x."""
        if not 1 <= number <= self.L:
            raise ArchitectureError(f"{self} has layers 1 to {self.L}, not {number}")
        if number == 1:
            shared = tuple(each.index.axis for each in self.shared)
            return self._base("a", 1, (*shared, Axis("n", LayerNumber("", 1))))
        return self.array("a", number)

    def array(self, name: str, number: int) -> sympy.IndexedBase:
        """A parameter or quantity of layer l = 2..L, by its letter, with its shape."""
        definition = self.layer(number).definition
        known = {s.name: s for s in (*definition.parameters, *definition.quantities)}
        if name not in known:
            raise ArchitectureError(f"layer {number} has {', '.join(known)}, no {name[:40]!r}")
        at = at_layer(known[name], {"l": LayerNumber("", number)})
        assert isinstance(at, Symbol)
        return self._base(name, number, tuple(index.axis for index in at.indices))

    def forward(self, number: int) -> tuple[sympy.Eq, ...]:
        """The defining equations of layer l in SymPy: of z_j^l and of a_j^l."""
        definition = self.layer(number).definition
        at = {"l": LayerNumber("", number)}
        return tuple(self.equation(equation_at(each, at)) for each in definition.equations)

    def equation(self, equation: Equation) -> sympy.Eq:
        """One of our equations at literal layers, as a SymPy equation with this network's sizes."""
        left, right = (
            to_sympy(side, lambda axis: self.size(axis), self._atom)
            for side in (equation.left, equation.right)
        )
        return sympy.Eq(left, right, evaluate=False)

    def size(self, axis: Axis) -> sympy.Expr:
        """The number of values of an axis: 3, or n_2 where the width is open."""
        size = self.widths(axis)
        return sympy.Integer(size) if isinstance(size, int) else _open(size)

    def widths(self, axis: Axis) -> Size:
        """The number of values of an axis as it was given."""
        if axis.layer == EVERYWHERE:
            return next(each.size for each in self.shared if each.letter == axis.name)
        number = self.L if axis.layer == L else axis.layer.offset
        if axis.name == "n":
            return self.width(number)
        return dict(self.layer(number).definition.axes)[axis.name]

    def _base(self, name: str, number: int, axes: tuple[Axis, ...]) -> sympy.IndexedBase:
        shape = tuple(map(self.size, axes))
        return sympy.IndexedBase(f"{name}^{number}", shape=shape, real=True)

    def _atom(self, term: Symbol | Partial) -> sympy.Expr:
        if isinstance(term, Partial):
            assert isinstance(term.of, Symbol)
            of = term.of.name if term.of.layer is None else f"{term.of.name}^{term.of.layer}"
            name, symbol = f"∂{of}/∂{term.by.name}", term.by
        else:
            name, symbol = term.name, term
        if symbol.layer is not None:
            name = f"{name}^{symbol.layer}"
        if not symbol.indices:
            return sympy.Symbol(name, real=True)
        shape = tuple(self.size(index.axis) for index in symbol.indices)
        letters = tuple(sympy.Symbol(index.name, integer=True) for index in symbol.indices)
        return sympy.IndexedBase(name, shape=shape, real=True)[letters]


def _open(letter: str) -> sympy.Symbol:
    return sympy.Symbol(letter, integer=True, positive=True)


def _decoded(content: bytes) -> str:
    """Text as UTF-8, or as Latin-1 where it is none."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def build(
    read: document.Document,
    activation: str | Activation = "sigmoid",
    cost: str | Cost | None = None,
) -> Network:
    """The network that a TOML document describes."""
    default = find_activation(activation)
    layers: list[Layer] = []
    size = read.inputs
    for number, table in enumerate(read.layers, 1):
        try:
            layer = _built(table, size, default)
        except SymnetError as error:
            error.message = f"[[layer]] {number}: {error.message}"
            raise
        layers.append(layer)
        size = layer.size
    training = dict(read.training)
    penalties = tuple(PENALTIES[name] for name in PENALTIES if training.get(name))
    found = find_cost(read.cost if cost is None else cost, layers[-1].activation)
    made = Network.of(read.inputs, told_apart(layers), found, (), penalties, read.training)
    check_cost(made)
    return made


def _built(table: document.Table, inputs: Size, default: Activation) -> Layer:
    if not table.equations:
        assert table.neurons is not None
        activation = find_activation(table.activation) if table.activation else default
        _check_coupled(activation, table.neurons)
        return Layer(table.neurons, activation)
    axes = dict(table.axes)
    definition = define(table.equations, dict(table.parameters), axes=axes, inputs=inputs)
    size = width(definition, inputs)
    if table.neurons not in (None, size):
        raise ArchitectureError(f"neurons = {table.neurons}, but a has {size}; leave out neurons")
    return Layer(size, None, definition)


# --- reading -------------------------------------------------------------------------------

_WIDTH = re.compile(r"(?P<size>[0-9]+|[A-Za-z])(?::(?P<activation>[A-Za-z_][A-Za-z_0-9]*))?\Z")


def parse(text: str, default: Activation) -> tuple[Size, tuple[Layer, ...]]:
    """`2-3:tanh-1` as the number of inputs and the layers; errors point at the place."""
    try:
        return _parse(text, default)
    except ArchitectureError as error:
        near = meant(text)
        if not near:
            raise
        raise ArchitectureError(
            error.message,
            text=error.text,
            start=error.start,
            length=error.length,
            hint=f"did you mean {near!r}?",
        ) from None


def meant(text: str) -> str:
    """The network that a text is but for its punctuation; nothing if it is written well, or none.

    >>> meant("2–3–1"), meant("(2, 3, 1)"), meant("2x3x1"), meant("2-3 : Relu-1:")
    ('2-3-1', '2-3-1', '2-3-1', '2-3:relu-1')
    >>> meant("2-3-1"), meant("2-x4"), meant("2-3.5")
    ('', '', '')
    """
    if len(text) > 200:  # nobody's slip
        return ""
    mended = re.sub(r"\s*:\s*", ":", text)
    mended = re.sub(r"(?<=[0-9])[xX](?=[0-9])", "-", mended)
    mended = re.sub(r":+(?=[^\w:]|\Z)", "", mended)
    # What is no part of a word stands between widths; a dot may be a part of a number.
    mended = re.sub(r"[^\w.:]+", "-", mended).strip("-")
    if mended == text:
        return ""
    mended = re.sub(r"(?<=:)\w+", lambda name: nearest(name[0], tuple(ACTIVATIONS)), mended)
    try:
        _parse(mended, ACTIVATIONS["sigmoid"])
    except ArchitectureError:
        return ""
    return mended


def _parse(text: str, default: Activation) -> tuple[Size, tuple[Layer, ...]]:
    sizes: list[Size] = []
    layers: list[Layer] = []
    start = 0
    pieces = text.split("-")
    if len(pieces) > MAX_LAYERS:
        raise ArchitectureError(f"{len(pieces)} layers are more than the {MAX_LAYERS} allowed")
    for piece in pieces:
        size, activation = _parse_piece(text, piece, start, default)
        if layers or sizes:
            layers.append(Layer(size, activation or default))
        elif activation is not None:
            raise ArchitectureError(
                "the input layer has no activation; write its width alone",
                text=text,
                start=start,
                length=len(piece),
            )
        sizes.append(size)
        if len(sizes) > 1:
            _check_coupled(layers[-1].activation, size, text, start, len(piece))
        start += len(piece) + 1
    if not layers:
        raise ArchitectureError(
            "a network has at least an input and an output, as in 3-1", text=text, start=len(text)
        )
    return sizes[0], tuple(layers)


def _check_coupled(
    activation: Activation | None, size: Size, text: str = "", start: int = 0, length: int = 1
) -> None:
    if size == 1 and activation is not None and activation.couples_neurons:
        raise ArchitectureError(
            f"{activation.name} of a single neuron is always the same number; "
            "give the layer two neurons or more, or another activation",
            text=text,
            start=start,
            length=length,
        )


def _parse_piece(
    text: str, piece: str, start: int, default: Activation
) -> tuple[Size, Activation | None]:
    match = _WIDTH.match(piece)
    if match is None:
        # The caret goes to the first character that cannot stand there.
        good = re.match(r"(([0-9]+|[A-Za-z](?![A-Za-z0-9]))(:([A-Za-z_][A-Za-z_0-9]*)?)?)?", piece)
        offset = good.end() if good else 0
        raise ArchitectureError(
            "expected a width, a positive integer such as 30 or a letter, optionally with an "
            "activation as in 30:relu",
            text=text,
            start=start + offset,
        )
    width = match["size"]
    size: Size = width
    if width.isdigit():
        # The length is checked before the number is made: a million digits cost nothing.
        size = int(width) if len(width.lstrip("0")) <= len(str(MAX_WIDTH)) else MAX_WIDTH + 1
        if not 1 <= size <= MAX_WIDTH:
            raise ArchitectureError(
                "a width is at least 1" if size == 0 else f"a width is at most {MAX_WIDTH}",
                text=text,
                start=start,
                length=len(width),
            )
    name = match["activation"]
    if name is None:
        return size, None
    return size, find_activation(name, text, start + match.start("activation"))


def find_activation(name: str | Activation, text: str = "", start: int = 0) -> Activation:
    """An activation by its name or its formula.

    Raises ArchitectureError with the nearest name and the list, EquationError with the place.
    """
    if isinstance(name, Activation):
        if ACTIVATIONS.get(name.name, name) != name:
            raise ArchitectureError(
                f"{name.name} is the name of another activation; give yours a name of its own"
            )
        return name
    if not isinstance(name, str):
        raise ArchitectureError(
            f"an activation is a name or a symnet.Activation, not {name!r}"[:200]
        )
    if name in ACTIVATIONS:
        return ACTIVATIONS[name]
    if _is_formula(name, tuple(ACTIVATIONS)):
        return typed_activation(name)
    raise ArchitectureError(
        unknown("activation", name, tuple(ACTIVATIONS)), text=text, start=start, length=len(name)
    )


def _is_formula(text: str, known: tuple[str, ...]) -> bool:
    """Whether a text is meant as a formula: no name, nor a known one but for its punctuation."""
    if not text.strip() or re.fullmatch(r"\s*\w+\s*", text):
        return False
    slip = re.fullmatch(r"[\w\s-]+", text) and not re.fullmatch(r"\W*[zay]\b.*", text)
    return not (slip and nearest(re.sub(r"[\s-]+", "_", text.strip()), known))


def told_apart(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The layers with typed activations numbered where there are several: custom, custom2, …"""
    used = (layer.activation for layer in layers if layer.activation is not None)
    typed = list(dict.fromkeys(each for each in used if each.name == TYPED))

    def named(layer: Layer) -> Layer:
        if layer.activation is None or layer.activation not in typed[1:]:
            return layer
        name = f"{TYPED}{typed.index(layer.activation) + 1}"
        return replace(layer, activation=replace(layer.activation, name=name))

    return tuple(map(named, layers))


def find_cost(name: str | Cost | None, output: Activation | None) -> Cost:
    """A cost by its name or its formula; by default the one that fits the output's activation."""
    if isinstance(name, Cost):
        if COSTS.get(name.name, name) != name:
            raise ArchitectureError(
                f"{name.name} is the name of another cost; give yours a name of its own"
            )
        return name
    if name is not None and not isinstance(name, str):
        raise ArchitectureError(f"a cost is a name or a symnet.Cost, not {name!r}"[:200])
    if name is None:
        name = "quadratic"
        if output is not None and output.couples_neurons:
            fits = bad_logarithm(COSTS["log_likelihood"], output) is None
            name = "log_likelihood" if fits else name
    if name in COSTS:
        return COSTS[name]
    if _is_formula(name, tuple(COSTS)):
        return typed_cost(name)
    raise ArchitectureError(unknown("cost", name, tuple(COSTS)))


def unknown(kind: str, name: str, known: tuple[str, ...]) -> str:
    """What to say of a name that does not exist: the nearest one, and all that do."""
    name = name if len(name) <= 40 else name[:40] + "…"
    near = nearest(name, known)
    hint = f"did you mean {near!r}? " if near else ""
    return f"unknown {kind} {name!r}; {hint}known are {', '.join(known)}"


def nearest(name: str, known: tuple[str, ...]) -> str:
    """The known name, all of them in small letters, that is most like this one; nothing if none is.

    >>> nearest("ReLU", ("relu", "tanh")), nearest("swish", ("relu", "tanh"))
    ('relu', '')
    """
    return next(iter(difflib.get_close_matches(name.lower(), known, 1)), "")


def _fitting(cost: Cost) -> str:
    """Which activations may stand at the output, because no logarithm in a cost meets 0 or less."""
    names = [name for name, each in ACTIVATIONS.items() if bad_logarithm(cost, each) is None]
    return f"an output activation with which it cannot ({', '.join(names)}), or " if names else ""


def check_cost(network: Network) -> None:
    """Refuse a cost that the outputs do not fit: ln of what can be ≤ 0, Σ y = 1 over one y."""
    activation = network.layers[-1].activation
    if network.cost.normalised and network.layers[-1].size == 1:
        raise ArchitectureError(
            f"the cost {network.cost.name} takes Σ y = 1 for granted, which one output cannot "
            "keep; use the cost cross_entropy, or two outputs"
        )
    if activation is None:
        return  # equations of one's own: what a can be is the user's to know
    argument = bad_logarithm(network.cost, activation)
    if argument is not None:
        raise ArchitectureError(
            f"the cost {network.cost.name} takes the logarithm of {argument}, and with the output "
            f"activation {activation.name} that can be 0 or negative; use {_fitting(network.cost)}"
            "the quadratic cost"
        )
