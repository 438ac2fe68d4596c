"""What commands read and write: networks, formulas, files that are whole or as they were."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from symnet.errors import ArchitectureError
from symnet.files import replace
from symnet.loading import load, load_whole


def read_network(net: str, activation: str, cost: str | None) -> Any:
    """A network as it is typed, of a TOML file, or on standard input."""
    network = load("network.architecture").Network
    if net == "-":
        given = sys.stdin.buffer.read()
        net = given.decode("utf-8-sig", errors="replace").strip()
        if "[network]" in net:
            return network.from_toml(f"{net}\n", activation, cost)
    if "\0" in net:
        raise ArchitectureError("a network has no NUL character in it", text=net)
    if net.lower().endswith(".toml"):
        return network.from_toml(Path(net), activation, cost)
    if os.path.isfile(net):  # Path.is_file raises an error for a network longer than a name may be
        raise ArchitectureError(f"{net}: a file of layers has the ending .toml")
    return network(net, activation=activation, cost=cost)


def write(text: str, output: Path | None) -> None:
    """To standard output, or to a file that is afterwards its old self or complete."""
    # What is no character, as of bytes in an argument that are no UTF-8, is written as ?.
    content = text.encode(errors="replace")
    if output is None:
        click.echo(content, nl=False)
        return
    try:
        with contextlib.suppress(FileNotFoundError):
            output.stat()  # a link to itself is said to be one
        if output.exists() and not output.is_file():
            output.write_bytes(content)  # a device such as /dev/stdout
        else:
            replace(output.resolve(), content)  # a link stays one
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(output)) from error


def read_formula(text: str) -> str:
    """A formula, or what is on standard input; dollars around it fall away."""
    if text == "-":
        text = decoded(sys.stdin.buffer.read())
    elif not text.isascii():
        text = decoded(os.fsencode(text))  # Latin-1 in an argument comes as half characters
    stripped = text.strip()
    for dollars in ("$$", "$"):
        inside = stripped.removeprefix(dollars).removesuffix(dollars)
        if len(inside) == len(stripped) - 2 * len(dollars):
            return inside.strip()
    return stripped


def decoded(content: bytes) -> str:
    """Text in UTF-8, with or without a mark, else in Latin-1."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


@contextlib.contextmanager
def progress(name: str, total: int) -> Iterator[Callable[[], object]]:
    """Shows on a terminal how many of several things are done; yields what counts one more."""
    if not sys.stderr.isatty() or total <= 1:
        yield lambda: None
        return
    console = load_whole("rich.console").Console(stderr=True)
    with load_whole("rich.progress").Progress(console=console, transient=True) as shown:
        task = shown.add_task(name, total=total)
        yield lambda: shown.advance(task)


@contextlib.contextmanager
def counting(name: str) -> Iterator[Callable[[str, int, int], object] | None]:
    """Shows on a terminal what is worked at, and how far; yields what takes both, or None."""
    if not sys.stderr.isatty():
        yield None
        return
    console = load_whole("rich.console").Console(stderr=True)
    with load_whole("rich.progress").Progress(console=console, transient=True) as shown:
        task = shown.add_task(name, total=None)

        def count(what: str, number: int, total: int) -> None:
            label = what if len(what) <= 40 else f"…{what[-39:]}"
            shown.update(task, description=f"{name} {label}", completed=number, total=total)

        yield count
