"""A network as a TOML file, read into records; what it means is said in `architecture.py`.

    [network]                                [[layer]]
    inputs = 784                             axes = { j = 30 }
    cost = "quadratic"                       parameters = { w = ["j", "k"], g = ["j"] }
    [[layer]]                                equations = ["a[j] = g[j]*tanh(sum(k, w[j,k]*x[k]))"]
    neurons = 128
    activation = "relu"                      [training]
                                             l2 = 1e-4

>>> read('[network]\\ninputs = 2\\n[[layer]]\\nneurons = 1\\n').layers
(Table(neurons=1, activation='', equations=(), parameters=(), axes=()),)
"""

import difflib
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from symnet import tables
from symnet.errors import ArchitectureError

Width = int | str


Value = str | float | tuple[float, ...]  # of a line in [training]


@dataclass(frozen=True, slots=True)
class Table:
    """A layer of the file: neurons and an activation, or equations with parameters and axes."""

    neurons: Width | None
    activation: str
    equations: tuple[str, ...]
    parameters: tuple[tuple[str, tuple[str, ...]], ...]
    axes: tuple[tuple[str, Width], ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A file: the width of the input, the cost if it is named, the layers, how to train."""

    inputs: Width
    cost: str | None
    layers: tuple[Table, ...]
    training: tuple[tuple[str, Value], ...]


MOST_LINES = 100  # equations, parameters or axes of one layer
NETWORK = ("inputs", "cost")
LAYER = ("neurons", "activation", "axes", "parameters", "equations")
MOST_LAYERS = 1000


def read(text: str) -> Document:
    """A file's text as a document. Raises ArchitectureError that says which line or table."""
    try:
        data = tables.loads(text)
    except tables.TableError as error:
        raise ArchitectureError(f"this is no TOML: {error}") from None
    _known(data, ("network", "layer", "training"), "the file")
    network = _table(data.get("network"), "[network]", "inputs = 784")
    _known(network, NETWORK, "[network]")
    if "inputs" not in network:
        raise ArchitectureError("[network] lacks the number of inputs, as in inputs = 784")
    found = data.get("layer")
    if not isinstance(found, list) or not found:
        raise ArchitectureError("a network has at least one [[layer]]")
    if len(found) > MOST_LAYERS:
        raise ArchitectureError(f"{len(found)} layers are more than the {MOST_LAYERS} allowed")
    cost = network.get("cost")
    if cost is not None and not isinstance(cost, str):
        raise ArchitectureError(f"[network]: cost is a name or a formula in quotes, not {cost!r}")
    return Document(
        _width(network["inputs"], "[network]: inputs"),
        cost,
        tuple(_layer(each, f"[[layer]] {i}") for i, each in enumerate(found, 1)),
        _training(data.get("training", {})),
    )


def _layer(table: Any, where: str) -> Table:
    table = _table(table, where, "neurons = 30")
    _known(table, LAYER, where)
    own = "equations" in table
    if own and "activation" in table:
        raise ArchitectureError(f"{where} has equations, which say all; leave out activation")
    for key in ("axes", "parameters"):
        if key in table and not own:
            raise ArchitectureError(f"{where} has {key} but no equations that use them")
    if not own and "neurons" not in table:
        raise ArchitectureError(f"{where} lacks its number of neurons, as in neurons = 30")
    activation = table.get("activation", "sigmoid")
    if not isinstance(activation, str):
        raise ArchitectureError(f"{where}: activation is a name or a formula in quotes")
    equations = table.get("equations", [])
    if own and (not isinstance(equations, list) or not equations or not _texts(equations)):
        raise ArchitectureError(f'{where}: equations is a list such as ["a[j] = tanh(x[j])"]')
    parameters, axes = table.get("parameters", {}), table.get("axes", {})
    if not isinstance(parameters, dict) or not all(map(_letters, parameters.values())):
        raise ArchitectureError(f'{where}: parameters is a table such as {{ w = ["j", "k"] }}')
    if not isinstance(axes, dict):
        raise ArchitectureError(f"{where}: axes is a table such as {{ j = 30 }}")
    for key, lines in (("equations", equations), ("parameters", parameters), ("axes", axes)):
        if len(lines) > MOST_LINES:
            raise ArchitectureError(f"{where}: {len(lines)} {key}; a layer has up to {MOST_LINES}")
    neurons = table.get("neurons")
    return Table(
        None if neurons is None else _width(neurons, f"{where}: neurons"),
        activation if "activation" in table else "",
        tuple(equations),
        tuple((name, tuple(letters)) for name, letters in parameters.items()),
        tuple((name, _width(size, f"{where}: axis {name}")) for name, size in axes.items()),
    )


def _training(table: Any) -> tuple[tuple[str, Value], ...]:
    table = _table(table, "[training]", "learning_rate = 0.1")
    found: list[tuple[str, Value]] = []
    for key, value in table.items():
        if key in ("optimizer", "schedule"):
            if not isinstance(value, str):
                raise ArchitectureError(f"[training]: {key} is a name, not {value!r}")
            found.append((key, value))
        elif isinstance(value, list):
            if not value or not all(map(_is_setting, value)):
                raise ArchitectureError(f"[training]: {key} holds numbers, not {value!r}")
            found.append((key, tuple(value)))
        elif _is_setting(value):
            found.append((key, value))
        else:
            raise ArchitectureError(f"[training]: {key} is a number, at least 0, not {value!r}")
    return tuple(found)


def _is_setting(value: Any) -> bool:
    """A number that a float can be, too: 10^400 is none."""
    number = not isinstance(value, bool) and isinstance(value, int | float)
    return number and value >= 0 and (isinstance(value, float) or value <= sys.float_info.max)


def _table(value: Any, where: str, example: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ArchitectureError(f"the file lacks the table {where}, with lines such as {example}")
    return value


def _known(table: Mapping[str, Any], names: Iterable[str], where: str) -> None:
    """Refuse a key that nobody reads: it is a slip."""
    for key in table:
        if key not in names:
            near = next(iter(difflib.get_close_matches(key, names, 1)), "")
            hint = f"; did you mean {near!r}?" if near else f"; known are {', '.join(names)}"
            raise ArchitectureError(f"{where} has the unknown key {key[:40]!r}{hint}")


def _width(value: Any, where: str) -> Width:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ArchitectureError(f"{where} is a number or a letter, not {value!r}"[:200])
    if isinstance(value, str) and not (len(value) == 1 and value.isascii() and value.isalpha()):
        raise ArchitectureError(f"{where} is a number or a single letter, not {value[:40]!r}")
    if isinstance(value, int) and not 1 <= value <= 10**9:
        raise ArchitectureError(f"{where} is from 1 to 1000000000, not {str(value)[:40]}")
    return value


def _texts(value: list[Any]) -> bool:
    return all(isinstance(each, str) for each in value)


def _letters(value: Any) -> bool:
    """["j", "k"], or the empty list of a single number."""
    return isinstance(value, list) and _texts(value) and all(len(each) == 1 for each in value)
