"""What a template may see, and how a program becomes a file.

A `Backend` is a target language as data; a `Listing` is a program in the words of that language:
strings, numbers and tuples only, so that a template can do nothing but print. `emit` puts the two
together.
"""

from collections.abc import Callable
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
class ParameterText:
    """A parameter array: `w2`, `(3, 2)`, its start values' variance (`1 / 2`), its meaning."""

    name: str
    shape: str
    variance: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Option:
    """A number, 0 or more, that the optimizer takes: its name, default, and meaning.

    The meaning is a few words in ASCII: it is also a help text of the program.
    """

    name: str
    default: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A trainer in the words of one language: all that its template may see.

    `equations` are the lines of the head and `proof` is the sentence after them. A `classifier`
    takes labels; `gains` are the parameters that start at 1, `penalties` the options on which the
    cost depends; `normalised` says that the derivation took Σ y = 1 for granted, `complex_step`
    that the functions also hold for complex numbers, `error_function` that they need erf. A
    classifier's outputs are to be `low` or `high`; only if these are 0 and 1 are they
    probabilities.
    """

    command: str
    network: str
    cost: str
    optimizer: str
    dtype: str
    equations: tuple[str, ...]
    proof: str
    inputs: int
    outputs: int
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
