"""The command line: each command reads its network, walks the road, writes text. Exit codes:
0 done and all true, 1 not proved or stale, 2 wrong usage or a network that was not understood.

Nothing heavy is imported before a command needs it, so that `symnet --help` is quick.
"""

import contextlib
import importlib
import io
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from symnet.errors import NotProved, SymnetError

EXAMPLES = """\b
Examples:
  symnet demo                                   the whole road on handwritten digits
  symnet derive 784-30-10                       the derivation, step by step
  symnet prove 2-3-4-1                          every formula before two judges
  symnet generate 64-30-10:softmax -o trainer.py
  python trainer.py fit data.csv                train; python trainer.py --help

\b
A network is written as its widths, joined by -, each but the first with an activation if it
is not sigmoid: 784-128:relu-10:softmax. A letter is a width that can be any number: n-30-k.
"""


class _Group(click.Group):
    """Commands in the order of the road, and the nearest name for a mistyped one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_Group, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(importlib.import_module("symnet").__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Derive backpropagation for a network, prove it, print it, and generate a NumPy trainer."""


def network_argument(command: Callable[..., None]) -> Callable[..., None]:
    """NET with --activation and --cost, as every command on a network takes them."""
    for decorate in (
        click.option("--cost", metavar="NAME", help="quadratic, cross_entropy or log_likelihood."),
        click.option(
            "--activation",
            metavar="NAME",
            default="sigmoid",
            show_default=True,
            help="For layers that name none.",
        ),
        click.argument("net"),
    ):
        command = decorate(command)
    return command


def output_option(command: Callable[..., None]) -> Callable[..., None]:
    """-o FILE, written whole or not at all."""
    return click.option(
        "-o",
        "--output",
        metavar="FILE",
        type=click.Path(path_type=Path, dir_okay=False, writable=True, allow_dash=True),
        callback=_output,
        help="Write to FILE.",
    )(command)


def _output(_: click.Context, __: click.Parameter, file: Path | None) -> Path | None:
    """The file, if it can be one, before any work is done for it; - is standard output."""
    if file is None or str(file) == "-":
        return None
    if not file.parent.is_dir():
        raise click.BadParameter(f"There is no folder '{file.parent}'.")
    return file


@cli.command()
@network_argument
@click.option(
    "--format", "form", type=click.Choice(["text", "latex"]), default="text", show_default=True
)
@output_option
def derive(net: str, activation: str, cost: str | None, form: str, output: Path | None) -> None:
    """Print the derivation of ∂C/∂w and ∂C/∂b, step by step.

    Each line has the rule beside it that leads there; a list of the rules ends the page.

    \b
    symnet derive 784-30-10
    symnet derive 2-3-4-1 --format latex -o derivation.tex
    """
    network = _network(net, activation, cost)
    derived = _load("calculus.derivation").derive(network)
    _write(_load("paper.report").render_derivation(derived, form), output)


@cli.command()
@network_argument
def prove(net: str, activation: str, cost: str | None) -> None:
    """Prove each formula of each layer before two judges.

    One for general widths, by the index calculus; one entry by entry, with SymPy's derivatives.
    Exit code 1, with the difference, if a formula is not proved.

    \b
    symnet prove 2-3-4-1
    symnet prove n-30-k --cost quadratic
    """
    proof = _load("calculus.proof").prove(_network(net, activation, cost))
    _write(f"{proof}\n", None)
    if not proof.holds:
        sys.exit(1)


@cli.command()
@network_argument
@click.option("--optimizer", metavar="NAME", default="sgd", show_default=True)
@click.option("--dtype", metavar="NAME", default="float64", show_default=True, help="Or float32.")
@click.option("--backend", metavar="NAME", default="numpy", show_default=True)
@output_option
def generate(
    net: str,
    activation: str,
    cost: str | None,
    optimizer: str,
    dtype: str,
    backend: str,
    output: Path | None,
) -> None:
    """Write a standalone trainer that needs NumPy alone.

    Only proved equations become code: exit code 1, with the difference, where a proof fails.

    \b
    symnet generate 2-3-4-1 -o trainer.py
    python trainer.py check
    python trainer.py fit data.csv
    """
    network = _network(net, activation, cost)
    text = _load("pipeline").generate(network, optimizer=optimizer, dtype=dtype, backend=backend)
    _write(text, output)


@cli.command()
@network_argument
@click.option("--optimizer", metavar="NAME", default="sgd", show_default=True)
@click.option("--after", metavar="PASS", help="Only the program after this pass (or after lower).")
def show(net: str, activation: str, cost: str | None, optimizer: str, after: str | None) -> None:
    """Print the program as index equations, pass by pass.

    \b
    symnet show 2-3-4-1
    symnet show 2-3-4-1 --after over_batch
    """
    pipeline, passes = _load("pipeline"), _load("program.passes")
    stages = ["lower", *(rewrite.__name__ for rewrite in passes.PIPELINE)]
    if after is not None and after not in stages:
        raise click.UsageError(_load("network.architecture").unknown("pass", after, tuple(stages)))
    network = _network(net, activation, cost)
    program = pipeline.program_of(pipeline.proved(network), pipeline.find_optimizer(optimizer))
    shown = []
    for stage, rewrite in zip(stages, (None, *passes.PIPELINE), strict=True):
        program = program if rewrite is None else passes.apply(rewrite, program)
        if after in (None, stage):
            # The first line of a pass's docstring is its rewrite, as a formula.
            rule = (
                f": {rewrite.__doc__.splitlines()[0]}" if rewrite else ": one sample, no pass yet"
            )
            shown.append(f"── {stage}{rule}\n\n{program}\n")
    _write("\n".join(shown), None)


@cli.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("symnet-demo"),
    show_default=True,
    help="Where the files go.",
)
def demo(folder: Path) -> None:
    """Go the whole road on 1,797 handwritten digits, in seconds.

    Derives, proves and prints backpropagation for a network, generates its trainer, trains it and
    shows how well it reads digits that it has not seen.

    \b
    symnet demo
    symnet demo --folder elsewhere
    """
    console = _rich("console").Console()
    _load("demo").run(folder, console)


@cli.command()
@click.option("--check", is_flag=True, help="Only compare; exit code 1 and a diff if stale.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("generated"),
    show_default=True,
)
def samples(check: bool, folder: Path) -> None:
    """Write or check the sample trainers of generated/.

    \b
    symnet samples
    symnet samples --check
    """
    made = _load("samples")
    if not check:
        for path in made.write(folder):
            click.echo(path)
        return
    differences = list(made.stale(folder))
    for difference in differences:
        click.echo(difference, nl=False)
    if differences:
        click.echo("stale; `symnet samples` writes them anew", err=True)
        sys.exit(1)


@cli.command()
def backends() -> None:
    """List the languages that trainers can be generated in.

    \b
    symnet backends
    """
    for backend in _load("pipeline").BACKENDS.values():
        click.echo(f"{backend.name:10}{backend.template}")


# --- reading and writing -------------------------------------------------------------------


def _network(net: str, activation: str, cost: str | None) -> Any:
    if net == "-":
        given = sys.stdin.buffer.read()
        net = given.decode("utf-8-sig", errors="replace").strip()
    return _load("network.architecture").Network(net, activation=activation, cost=cost)


def _write(text: str, output: Path | None) -> None:
    """To standard output, or to a file that is afterwards its old self or complete."""
    content = text.encode()
    if output is None:
        click.echo(content, nl=False)
        return
    try:
        if output.exists() and not output.is_file():
            output.write_bytes(content)  # a device such as /dev/stdout
        else:
            _replace(output.resolve(), content)  # a link stays one
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(output)) from error


def _replace(file: Path, content: bytes) -> None:
    handle, part = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        # A temporary file is private; the finished one is as open as its old self or any other.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(part, file.stat().st_mode if file.exists() else 0o666 & ~mask)
        os.replace(part, file)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise


def _load(module: str) -> Any:
    return importlib.import_module(f"symnet.{module}")


def _rich(module: str) -> Any:
    return importlib.import_module(f"rich.{module}")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; errors of ours are a message and an exit code, never a traceback."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without ∂ shows ?
    try:
        code = cli.main(args=arguments, prog_name="symnet", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except click.Abort:
        code = 128 + signal.SIGINT
    except NotProved as error:
        click.echo(f"symnet: {error}", err=True)
        code = 1
    except SymnetError as error:
        click.echo(f"symnet: {error}", err=True)
        code = 2
    except BrokenPipeError:  # as in `symnet derive 2-3 | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        click.echo(f"symnet: {place}{error.strerror or error}", err=True)
        code = 2
    sys.exit(code)
