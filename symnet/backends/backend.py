"""What a template may see, and how a program becomes a file.

A `Backend` is a target language as data; a `Listing` is a program in the words of that language:
strings, numbers and tuples only, so that a template can do nothing but print. `emit` puts the two
together.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from symnet.templating import render


@dataclass(frozen=True, slots=True)
class Line:
    """One computing line (`code` may hold several physical ones) under its equation.

    An empty equation: the line belongs to the one above.
    """

    equation: str
    code: str


@dataclass(frozen=True, slots=True)
class FunctionText:
    """A derived function; `signature` is all of `def …:`, `returns` all of `return …` or ''.

    `ignored` are the floating-point errors that are none here, as NumPy's errstate takes them.
    """

    name: str
    signature: str
    docstring: str
    lines: tuple[Line, ...]
    returns: str
    ignored: str


@dataclass(frozen=True, slots=True)
class View:
    """A name and what it stands for, once and for all: `W2 = theta[0:23550].reshape(30, 785)`."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class BufferedText:
    """A function that fills arrays which its setup has made, and allocates nothing itself.

    `rows` are those of the block that it works in, a column for each sample; `whole` says that it
    reads numbers by their bits, `spare` how many arrays it needs beside those given.
    """

    rows: str
    setup: tuple[View, ...]
    arguments: tuple[str, ...]
    lines: tuple[Line, ...]
    returns: tuple[str, ...]
    whole: bool
    spare: int = 0


@dataclass(frozen=True, slots=True)
class StepText:
    """A training step on arrays that are made once.

    `views` are the parameters in a long array of `size` numbers, the first `weights` of them
    weights; `folded` says that biases stand with the weights, `sums` that the gradients are sums
    and no means. Without workers BLAS itself may be called: for the gradients `alone`, or for both
    them and the update in one function, `fused`.
    """

    views: tuple[View, ...]
    size: str
    weights: str
    folded: bool
    sums: bool
    gradient: BufferedText
    clip: BufferedText | None
    decay: BufferedText | None
    update: BufferedText
    fused: BufferedText | None
    alone: BufferedText | None


@dataclass(frozen=True, slots=True)
class ScalarText:
    """The functions of one sample, as templates/numpy/scalar.jinja prints them.

    A step takes, beside its rows, `arguments`: the strengths of the penalties, then the numbers of
    the optimizer. Inside it they are called `given`, those of the optimizer `moved`. What is `bold`
    or `risky` may raise an error of arithmetic, on the way to the gradients or in the update.
    `lists` are the long lists of `numbers` and `assign`: theta, and one for each state. `views` are
    the parameters in an array of all, `flat`.
    """

    imports: tuple[str, ...]
    helpers: tuple[View, ...]
    size: int
    lists: tuple[str, ...]
    strengths: tuple[str, ...]
    numbers: tuple[str, ...]
    arguments: tuple[str, ...]
    given: tuple[str, ...]
    moved: tuple[str, ...]
    variables: tuple[str, ...]
    owned: tuple[str, ...]
    row: str
    each_row: str
    forward: tuple[Line, ...]
    moves: tuple[Line, ...]
    outputs: tuple[str, ...]
    seen: str
    bold: bool
    risky: bool
    sums: tuple[str, ...]
    before: tuple[Line, ...]
    sample: tuple[Line, ...]
    after: tuple[Line, ...]
    gradient: tuple[str, ...]
    rates: tuple[Line, ...]
    decayed: str
    decay: tuple[Line, ...]
    rules: tuple[Line, ...]
    listed: tuple[str, ...]
    taken: tuple[str, ...]
    views: tuple[View, ...]


@dataclass(frozen=True, slots=True)
class ParameterText:
    """A parameter array: `w2`, `(3, 2)`, its start values' variance (`1 / 2`), its meaning."""

    name: str
    shape: str
    variance: str
    meaning: str


@dataclass(frozen=True, slots=True)
class OpenWidth:
    """A width that is a letter: `n_1`, and where a trainer finds it.

    It is the number of inputs, of outputs or of both (`ends`), else a setting by its `letter`; in
    given weights it is the length of `parameter` along `axis`.
    """

    name: str
    letter: str
    ends: tuple[str, ...]
    parameter: str
    axis: int


@dataclass(frozen=True, slots=True)
class Option:
    """A number that training takes, or `numbers` of them: name, default, meaning.

    All are from `least` up and less than `below`. The meaning is a few words in ASCII: it is also a
    help text of the program.
    """

    name: str
    default: str
    meaning: str
    numbers: int = 1
    least: int = 0
    below: str = "np.inf"


@dataclass(frozen=True, slots=True)
class Listing:
    """A trainer in the words of one language: all that its template may see.

    `equations` are the lines of the head and `proof` is the sentence after them. A `classifier`
    takes labels; `gains` are the parameters that start at 1, `penalties` the options on which the
    cost depends; `normalised` says that the derivation took Σ y = 1 for granted, `complex_step`
    that the functions also hold for complex numbers, `error_function` that they need erf. A
    classifier's outputs are to be `low` or `high`; only if these are 0 and 1 are they
    probabilities.

    A step is made of arrays (`step`) or without any (`scalar`). `state` is what the optimizer keeps
    beside the parameters, `scales` what each of these is divided by, if any is by other than 1, and
    `spoken` how its numbers are said in the class; `scheduled` says that the learning rate is a
    function of t, `planned` that this needs to know how long training will be.
    From `seen` numbers of each of some arrays follows the cost of a sample.
    """

    command: str
    network: str
    cost: str
    optimizer: str
    dtype: str
    equations: tuple[str, ...]
    proof: str
    inputs: int | str
    outputs: int | str
    open: tuple[OpenWidth, ...]
    classifier: bool
    normalised: bool
    low: int
    high: int
    complex_step: bool
    error_function: bool
    parameters: tuple[ParameterText, ...]
    gains: tuple[str, ...]
    options: tuple[Option, ...]
    penalties: tuple[str, ...]
    functions: tuple[FunctionText, ...]
    state: tuple[str, ...]
    scales: tuple[str, ...]
    spoken: Mapping[str, str]
    scheduled: tuple[str, ...]
    planned: bool
    seen: tuple[str, ...]
    step: StepText | None
    scalar: ScalarText | None

    @property
    def single(self) -> bool:
        """Whether there is one output: of a classifier, the one for the second of two classes."""
        return self.outputs == 1

    @property
    def several(self) -> bool:
        """Whether each class has an output of its own."""
        return self.classifier and not self.single

    @property
    def probable(self) -> bool:
        """Whether the outputs of a classifier are probabilities."""
        return (self.low, self.high) == (0, 1)

    @property
    def scores(self) -> str:
        """The method that gives the outputs for the classes."""
        return "predict_proba" if self.probable else "decision_function"

    @property
    def middle(self) -> str:
        """Above this a single output is the second class."""
        return str((self.low + self.high) / 2 if self.probable else (self.low + self.high) // 2)

    @property
    def widths(self) -> str:
        """The open widths as further arguments of a function: `, n_1, n_3`."""
        return "".join(f", {width.name}" for width in self.open)

    @property
    def own_widths(self) -> str:
        """The same in the class."""
        return ", *self._widths" if self.open else ""

    @property
    def unpacked_ends(self) -> str:
        """The open widths of inputs and outputs on the left of an assignment."""
        return self._unpacked([width.name for width in self.open if width.ends])

    @property
    def unpacked_sizes(self) -> str:
        """Likewise those on which depends what a sample's cost follows from; or nothing."""
        words = {word for text in self.seen for word in re.split(r"\W", text)}
        found = [x.name for x in self.open if x.name in words]
        return self._unpacked(found) if found else ""

    def _unpacked(self, wanted: list[str]) -> str:
        names = ", ".join(x.name if x.name in wanted else "_" for x in self.open)
        return f"({names},)" if len(self.open) == 1 else names

    @property
    def classes(self) -> str:
        """The number of classes in the class."""
        ends = [width.ends for width in self.open]
        known = [f"self._widths[{i}]" for i, end in enumerate(ends) if "outputs" in end]
        return known[0] if known else "CLASSES"

    @property
    def tried(self) -> str:
        """The same where gradients are checked."""
        return ", *TRIED" if self.open else ""

    @property
    def shapes(self) -> str:
        """The parameters by name in the class, each with its shape and its variance."""
        return "_parameters(*self._widths)" if self.open else "PARAMETERS"

    @property
    def names(self) -> str:
        """The list of the parameters, in as many lines as it needs."""
        names = [f'"{parameter.name}"' for parameter in self.parameters]
        line = f"[{', '.join(names)}]"
        if len(line) <= 80:
            return line
        return "\n".join(["[", *(f"    {name}," for name in names), "]"])

    @property
    def size(self) -> str:
        """The numbers in all parameters."""
        return self.step.size if self.step else str(self.scalar.size if self.scalar else 0)

    @property
    def samples(self) -> str:
        """The shape of y where it holds numbers."""
        return f"(samples, {self.outputs})"

    @property
    def strengths(self) -> str:
        """The strengths of the penalties as further arguments."""
        return "".join(f", self.{name}" for name in self.penalties)

    @property
    def checked(self) -> str:
        """The strengths with which gradients are checked, likewise."""
        return ", *STRENGTHS" if self.penalties else ""


@dataclass(frozen=True, slots=True)
class Backend:
    """A target language, as data: its page, its passes, and how a program becomes text."""

    name: str
    template: str
    suffix: str
    passes: tuple[Callable[..., Any], ...]
    functions: Callable[..., tuple[FunctionText, ...]]


def emit(listing: Listing, backend: Backend) -> str:
    """The text of the generated file."""
    return render(backend.template, listing=listing)
