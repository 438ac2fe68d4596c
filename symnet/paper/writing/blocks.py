"""Blocks of a page: the lines of a derivation, an equation at each neuron, its matrices."""

from collections.abc import Iterator

from symnet.calculus.derivation import Derivation, Step
from symnet.network.architecture import Network
from symnet.paper.writing import matrices, writer
from symnet.paper.writing.alphabet import TEXT, Alphabet
from symnet.paper.writing.entries import (
    at_number,
    matrices_written_out,
    neuron,
    values,
    written_out,
)
from symnet.paper.writing.page import (
    WIDTH,
    Block,
    Lines,
    Matrices,
    Result,
    Said,
    lines,
    prose,
    say_of,
)
from symnet.paper.writing.reasons import reason
from symnet.term import Addition, Apply, Equation, Number, Product, Sum, Symbol, free_indices, walk

LONGEST = 90  # as many letters a line may have with its sums written out


def chain(of: Derivation, to: Alphabet, *, reasons: bool) -> Iterator[Block]:
    """The lines of a derivation, and what it arrives at."""
    left = writer.term(of.goal, to)
    said = [
        said_of(step, "" if number else left, Equation(of.label, of.goal, step.after), to)
        for number, step in enumerate(of.steps)
    ]
    yield lines(said, to, reasons=reasons)
    yield Result(matrices.best(of.result, to), of.result)


def said_of(
    step: Step, left: str, equation: Equation | None, to: Alphabet, relation: str = "="
) -> Said:
    """The line of a step: what it leads to, its rule, and the reason here."""
    words, terms = reason(step)
    right, rule = writer.term(step.after, to), prose(step.rule, to)
    return Said(left, right, rule, say_of(words, to, terms), equation, relation)


def neurons(
    of: Equation, network: Network, number: int, rule: str, why: str, to: Alphabet
) -> Lines:
    """An equation at each neuron of a layer, or at a few with dots."""
    said = []
    at = at_number(of, network, number)
    for value in values(at.indices[0].axis, network):
        if value is None:
            said.append(Said(to.column_dots, "", rule, why, None, ""))
            continue
        said.append(at_neuron(neuron(at, value), network, rule, why, to))
    return lines(said, to, reasons=True)


def at_neuron(here: Equation, network: Network, rule: str, why: str, to: Alphabet) -> Said:
    """An equation at one neuron; its sums are written out unless that makes too long a line."""
    left = writer.term(here.left, to)
    long = len(written_out(here, network, TEXT)) > LONGEST
    shown = writer.equation(here, to) if long else written_out(here, network, to)
    return Said(left, shown.removeprefix(f"{left} = "), rule, why, here)


def with_matrices(of: Equation, network: Network, number: int, to: Alphabet) -> Iterator[Matrices]:
    """An equation with all entries of its matrices, where it has such a form."""
    at = at_number(of, network, number)
    rows = matrices_written_out(at, network, to)
    in_text = matrices_written_out(at, network, TEXT)
    if rows is not None and in_text is not None and len(in_text[0]) <= WIDTH:
        yield Matrices(rows, "matrix form", prose("; ".join(_array_rules(of)), to), at)


def _array_rules(of: Equation) -> Iterator[str]:
    """How the matrix form of an equation is read."""
    if len(of.indices) == 2:
        yield "row j and column k of a column times a row is the product of their entries j and k"
    sums = any(isinstance(part, Sum) for part in walk(of.right))
    if sums:
        yield "row j of a matrix times a column is the sum over k"
    if isinstance(of.right, Product) and len(of.indices) == 1:
        yield "⊙ multiplies entry by entry"
    if isinstance(of.right, Apply):
        yield "a function acts on each entry"
    if adds_to_every_entry(of):
        yield "a number is added to or taken from every entry of a vector"
    if isinstance(of.right, Symbol | Addition) and len(of.indices) == 1 and not sums:
        yield "entry j of the one side is entry j of the other"


def adds_to_every_entry(of: Equation) -> bool:
    """Whether a number stands beside a vector in a sum, other than 1 − a, as everybody reads it."""
    over = frozenset(of.indices)
    sums = [part.terms for part in walk(of.right) if isinstance(part, Addition)]
    return any(
        any(free_indices(term) & over for term in terms)
        and any(not free_indices(term) & over and not isinstance(term, Number) for term in terms)
        for terms in sums
    )
