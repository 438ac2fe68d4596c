"""Formulas one by one or by the thousand: what `symnet verify` does with what it is given.

>>> from symnet.verification import context_of
>>> context_of(["cost=quadratic", "widths=[2, 3, 1]", "declared.x=a^1"])
{'cost': 'quadratic', 'widths': [2, 3, 1], 'declared': {'x': 'a^1'}}
"""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import click
import sympy

from symnet import workers
from symnet.errors import SymnetError
from symnet.network.architecture import Network
from symnet.paper.books import convention_files, definition_files
from symnet.paper.books.page_notation import OTHER
from symnet.paper.rerun.script import numpy_lines
from symnet.paper.verdict_text import text_of
from symnet.paper.verify import PROVED, UNKNOWN, Verdict
from symnet.paper.verify import verify as verify_printed

AHEAD = 8  # lines that a process has waiting


def verify(
    formula: "str | sympy.Eq",
    convention: str = "nielsen",
    context: Mapping[str, Any] | None = None,
    *,
    net: "Network | str | None" = None,
) -> Verdict:
    r"""The verdict on a formula in LaTeX, or on a SymPy equation in the symbols of a network.

    `context` says what the page declares: activation, cost, widths, declared (symbols and what they
    are). `net` gives widths, activation and cost; a SymPy equation needs it. Never raises for a
    formula, whatever it says.

    >>> verify(r"\delta^L = \nabla_a C \odot \sigma'(z^L)").verdict
    'proved'
    >>> net = Network("2-3-1")
    >>> verify(net.forward(2)[0], net=net).verdict
    'proved'
    """
    if isinstance(net, str):
        net = Network(net)
    if context is not None and not isinstance(context, Mapping):
        raise SymnetError(f"a context is a table such as {{'cost': 'quadratic'}}, not {context!r}")
    if not isinstance(formula, str) and net is None:
        return Verdict(UNKNOWN, "a SymPy equation needs its network: verify(equation, net=net)")
    about = {**(_context(net) if net is not None else {}), **(context or {})}
    text = formula if isinstance(formula, str) else _printed(formula)
    return verify_printed(text, convention, about)


def conventions() -> list[str]:
    """The names of all conventions: of books with layers, of pages with definitions, and `other`.

    >>> {"nielsen", "ng", "batchnorm", "other"} <= set(conventions())
    True
    """
    return sorted({*convention_files.names(), *definition_files.names(), OTHER})


def checked_convention(name: str) -> str:
    """A convention's name, or the path of a file, if there is one. Raises SymnetError if not."""
    if name.endswith(".toml"):
        convention_files.convention(name)  # says what is wrong with the file
    elif name not in conventions():
        near = difflib.get_close_matches(name, conventions(), 1)
        meant = f"; did you mean {near[0]}?" if near else ""
        known = ", ".join(conventions())
        raise SymnetError(
            f"there is no convention {name!r}{meant} There are {known}, and files of your own,"
            " as --convention mine.toml"
        )
    return name


def _context(net: Network) -> dict[str, Any]:
    """What a network says about itself. Raises SymnetError where its layers have several σ."""
    names = [None if x.activation is None else x.activation.name for x in net.layers]
    hidden = set(names[:-1]) or {names[-1]}
    if None in names or len(hidden) > 1:
        raise SymnetError(f"verify knows networks with one activation so far, not {net}")
    context: dict[str, Any] = {"activation": hidden.pop(), "cost": net.cost.name}
    if names[-1] != context["activation"]:
        context["output_activation"] = names[-1]
    if not all(isinstance(size, int) for size in net.sizes):
        raise SymnetError(f"verify knows networks of given widths so far, not {net}")
    return {**context, "widths": list(net.sizes)}


def _printed(equation: "sympy.Eq") -> str:
    """A SymPy equation as LaTeX; the derivatives of a network have names that say what they are."""
    text = str(sympy.latex(equation))
    entry = r"\{∂C/∂(\w)\^\{(\w+)\}\}_\{([^{}]*)\}"
    return re.sub(entry, r"\\frac{\\partial C}{\\partial \1_{\3}^{\2}}", text)


def context_of(pairs: Sequence[str]) -> dict[str, Any]:
    """KEY=VALUE pairs as a context; a value is JSON or a text, KEY.NAME=VALUE an entry of a table.

    Raises SymnetError for what is no pair.
    """
    context: dict[str, Any] = {}
    for pair in pairs:
        key, equals, said = pair.partition("=")
        if not equals or not key.strip():
            raise SymnetError(f"--context needs KEY=VALUE, such as cost=quadratic, not {pair!r}")
        try:
            value = json.loads(said)
        except ValueError:
            value = said
        table, dot, name = key.strip().partition(".")
        if dot:
            entries = context.setdefault(table, {})
            if not isinstance(entries, dict):
                raise SymnetError(f"--context {table} is given as a text and as a table")
            entries[name] = said
        else:
            context[table] = value
    return context


def block_of(verdict: Verdict, text: str, rerun: bool) -> str:
    """A verdict on a formula as a block of text, with lines of NumPy if they are wanted."""

    def style(words: str, colour: str) -> str:
        return click.style(words, fg=colour, bold=True)

    block = text_of(verdict, text, style)
    if rerun and verdict.trial is not None:
        block += f"\n\n{numpy_lines(verdict.trial)}"
    elif rerun and verdict.counterexample is not None:
        block += (
            "\n\n# Both values above are exact or to 30 digits; for claims about several samples,"
            "\n# definitions or steps there are no lines of NumPy yet."
        )
    elif rerun and verdict.verdict != PROVED:
        block += (
            "\n\n# There are no numbers to show: it has no value in any network, or was not read."
        )
    return block.rstrip("\n")


def _refuse(constant: str) -> None:
    """Python reads NaN and Infinity in JSON, and would write them back where others cannot."""
    raise ValueError(f"{constant} is not a value of JSON")


def verdict_of(line: str, number: int = 1) -> Verdict:
    """The verdict on a claim as a line of JSON; what is no claim is unknown, and says why."""
    try:
        data = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        return Verdict(UNKNOWN, f"line {number} is no JSON: {error}"[:200])
    if not isinstance(data, dict) or not isinstance(data.get("latex"), str):
        name = data.get("id") if isinstance(data, dict) else None
        return Verdict(UNKNOWN, f"line {number} has no field 'latex' with a formula", id=name)
    context = data.get("context") or {}
    convention = data.get("convention") or "nielsen"
    name = data.get("id")
    if not isinstance(context, dict) or not isinstance(convention, str):
        return Verdict(
            UNKNOWN, f"line {number}: 'context' is a table, 'convention' a name", id=name
        )
    found = verify_printed(data["latex"], convention, context)
    return replace(found, id=name, trial=None)


def verdicts(lines: Iterable[str], jobs: int = 1) -> Iterator[Verdict]:
    """The verdicts on claims as lines of JSON, in their order, as they are ready."""
    wanted = ((line, number) for number, line in enumerate(lines, 1) if line.strip())
    if jobs <= 1:
        yield from (verdict_of(line, number) for line, number in wanted)
        return
    with workers.pool(jobs) as pool:
        assert pool is not None
        waiting: list[Any] = []
        try:
            for line, number in wanted:
                with workers.uninterrupted():
                    waiting.append(pool.submit(verdict_of, line, number))
                while waiting and (waiting[0].done() or len(waiting) >= AHEAD * jobs):
                    yield waiting.pop(0).result()
            while waiting:
                yield waiting.pop(0).result()
        finally:
            for each in waiting:
                each.cancel()
