"""The notation of a page: what its letters, signs and functions stand for.

`NIELSEN` is that of the lecture note and of Nielsen's book: w^l from layer l-1 to l, columns, one
sample. `context/declarations.py` adds what a page declares.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import sympy

from symnet.network.functions import ACTIVATIONS, SGN
from symnet.paper.formula import syntax as s
from symnet.term import ARGUMENT

LETTERS = {"w": "w", "W": "w", r"\omega": "w", "b": "b", "z": "z", "a": "a", r"\delta": "δ"}

# Functions by the names under which they are printed. σ is the network's own.
_FORMULAS: dict[str, sympy.Expr] = {
    name: getattr(sympy, name)(ARGUMENT)
    for name in (
        *("exp", "sin", "cos", "tan", "sinh", "cosh", "tanh"),
        *("asin", "acos", "atan", "erf", "log"),
    )
} | {
    "ln": sympy.log(ARGUMENT),
    "arctan": sympy.atan(ARGUMENT),
    "sech": 1 / sympy.cosh(ARGUMENT),
    "coth": sympy.cosh(ARGUMENT) / sympy.sinh(ARGUMENT),
    "sigmoid": ACTIVATIONS["sigmoid"].formula,
    "sigm": ACTIVATIONS["sigmoid"].formula,
    "logistic": ACTIVATIONS["sigmoid"].formula,
    "ReLU": ACTIVATIONS["relu"].formula,
    "relu": ACTIVATIONS["relu"].formula,
    "softplus": ACTIVATIONS["softplus"].formula,
    "sgn": SGN,
    "sign": SGN,
}  # fmt: skip
_MATRIX_FUNCTIONS = {
    "diag": "diag", "Diag": "diag", "tr": "tr", "Tr": "tr", "trace": "tr", "vec": "vec",
    "max": "max", "min": "min", "exp": "exp",
    "softmax": "softmax", "Softmax": "softmax", "SoftMax": "softmax",
    "LSE": "lse", "lse": "lse", "logsumexp": "lse", "LogSumExp": "lse",
    "logsoftmax": "logsoftmax", "LogSoftmax": "logsoftmax",
}  # fmt: skip


# Decorations that make another symbol of a letter; bold and slanted letters are the letter.
DISTINGUISHING = frozenset({
    "hat", "widehat", "tilde", "widetilde", "bar", "overline", "check", "breve", "mathring", "dot",
    "ddot", "mathcal", "mathscr", "mathfrak", "mathbb",
})  # fmt: skip

# Nobody writes these for vectors: an undeclared \tilde{\delta} is something else than δ.
UNSAID = frozenset({"hat", "widehat", "tilde", "widetilde", "check", "breve", "mathring"})

# A decoration that is only wider makes no other symbol.
SAME_MARK = {"widehat": "hat", "widetilde": "tilde", "overline": "bar"}


def spelled_out(name: s.Name) -> str:
    r"""A letter with the decorations that make another symbol of it: \hat y is "hat:y"."""
    kept = [SAME_MARK.get(style, style) for style in name.style if style in DISTINGUISHING]
    return ":".join([*kept, name.text])


@dataclass(frozen=True, slots=True)
class Family:
    """What a symbol is at each layer, and for each neuron that its subscripts name."""

    layer: str
    letters: tuple[str, ...]
    body: s.Node


@dataclass(frozen=True, slots=True)
class Batch:
    """How a page speaks of several samples.

    `letters` stand for a sample, `counts` for how many there are, `bounds` are those of them that
    the page declares: sums that end with them are over samples. `matrices` have the samples as
    their columns, by the quantity that they hold; in `columns` are quantities that are such
    matrices themselves. `total` says whether C is the mean of the C_x, their sum, or not said;
    `on` whether the formula speaks of several samples. With `slopes_of_mean` δ is ∂C/∂z of the
    mean, not of each sample's own cost. With `spread` a column is added to every sample.
    """

    letters: frozenset[str] = frozenset({"x"})
    counts: frozenset[str] = frozenset()
    bounds: frozenset[str] = frozenset()
    matrices: Mapping[str, str] = field(default_factory=dict)
    columns: frozenset[str] = frozenset()
    total: str = ""
    on: bool = False
    slopes_of_mean: bool = False
    spread: bool = False


@dataclass(frozen=True, slots=True)
class Notation:
    """What stands for what on a page.

    `letters` are quantities that have layers; `functions` have a formula, None where it is
    arbitrary; `vectors` have an axis of their own, by its name; `changed` are the quantities of
    whose small changes the page speaks, and `changes` what those changes are said to be.
    """

    letters: Mapping[str, str] = field(default_factory=lambda: dict(LETTERS))
    costs: frozenset[str] = frozenset({"C"})
    input: str = "x"
    target: str = "y"
    functions: Mapping[str, str] = field(default_factory=lambda: {r"\sigma": "σ"})
    formulas: Mapping[str, sympy.Expr | None] = field(default_factory=dict)
    diagonals: frozenset[str] = frozenset()
    scalars: frozenset[str] = frozenset()
    constants: Mapping[str, Fraction] = field(default_factory=dict)
    vectors: Mapping[str, str] = field(default_factory=dict)
    lengths: Mapping[str, s.Node] = field(default_factory=dict)  # layers with as many neurons
    cost: sympy.Expr | None = None  # of one output, where the page says what C is
    positive: frozenset[str] = frozenset()  # scalars that are no others
    aliases: Mapping[str, s.Node] = field(default_factory=dict)
    sizes: frozenset[str] = frozenset({"n"})
    iterations: frozenset[str] = frozenset()
    entrywise: frozenset[str] = frozenset()
    otimes: str = "outer"
    layout: str = "numerator"
    changed: tuple[s.Node, ...] = ()
    changes: Mapping[str, s.Node] = field(default_factory=dict)
    rate: str | None = None
    kronecker: bool = False
    written: Mapping[str, tuple[str, s.Node]] = field(default_factory=dict)  # with parameters
    variable: str | None = "argument"  # where functions without arguments are taken
    first_order: bool = False  # ≈ is equality to first order
    families: Mapping[str, Family] = field(default_factory=dict)
    decorated: frozenset[str] = frozenset()  # letters that stand with and without decorations
    unread: frozenset[str] = frozenset()
    entrywise_first: bool = False  # whether ⊙ binds tighter than matrix products
    rows: bool = False  # whether a row of a matrix, w_{j·}, is a row vector
    one_hot: bool = False  # whether y is 1 for one class, and 0 for the others
    coupled: bool = False  # whether the output layer has a function of all its z
    per_layer: bool = False  # whether each layer has a σ of its own, g^{[l]}
    normalised: bool = False  # whether Σ y = 1
    own: bool = False  # whether the page says itself what a, z or C are
    numbered: bool = True  # whether quantities of the formula have layers at all
    batch: Batch = field(default_factory=Batch)
    totals: Mapping[str, s.Node] = field(default_factory=dict)  # costs with what they add up
    descends: str = "C"  # the cost that steps of gradient descent are taken on
    neuron: str = ""  # "several" or "one": how many inputs the one neuron of the page has

    @property
    def is_of_vectors(self) -> bool:
        """Whether a formula is about vectors of one length, with no network around them."""
        return bool(self.lengths) and not self.letters

    def has_layers(self, name: s.Name) -> bool:
        """Whether a letter stands for a quantity of a layer."""
        return name.text in self.letters

    def is_cost(self, name: s.Name) -> bool:
        """Whether a letter is the cost."""
        return name.text in self.costs

    def function(self, text: str) -> str | None:
        """The function that a name stands for."""
        if text in self.functions:
            return self.functions[text]
        if text in self.scalars or text in self.letters:
            return None
        if text in _MATRIX_FUNCTIONS:
            return _MATRIX_FUNCTIONS[text]
        return text if text in _FORMULAS else None

    def formula(self, name: str) -> sympy.Expr | None:
        """The formula of a function; None if it is arbitrary."""
        if name in self.formulas:
            return self.formulas[name]
        return _FORMULAS.get(name)

    def is_iteration(self, node: s.Node) -> bool:
        """Whether a script counts steps of training: t, t+1."""
        match node:
            case s.Name(text=text):
                return text in self.iterations
            case s.Additive(terms=(s.Name(text=text), s.Number())):
                return text in self.iterations
            case s.Bracketed(body=body):
                return self.is_iteration(body)
        return False


NIELSEN = Notation()
