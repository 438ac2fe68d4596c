"""The options that commands share, and what is said of words that are none of them."""

import difflib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from symnet.loading import load


class Command(click.Command):
    """A command that knows how a network is written, and says so where it was not written so."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        words = list(args)  # click empties the list that it reads
        try:
            return super().parse_args(ctx, args)
        except ValueError as error:  # of the system, about a path that it cannot have
            raise click.UsageError(f"A path is no path: {error}.", ctx) from None
        except click.UsageError as error:
            if all(parameter.name != "net" for parameter in self.params):
                raise
            if isinstance(error, click.MissingParameter):
                hint = "Give a network, such as 784-30-10."
                raise click.MissingParameter(hint, ctx, error.param) from None
            near = _one_word(error, words)
            if not near:
                raise
            said = error.format_message().rstrip(".")
            raise click.UsageError(f"{said}; did you mean '{near}'?", ctx) from None


def _one_word(error: click.UsageError, words: list[str]) -> str:
    """The network that was given in several words, or with a - in front, as in `2 - 3 - 1`."""
    too_many = type(error) is click.UsageError
    digit = isinstance(error, click.NoSuchOption) and error.option_name.lstrip("-")[:1].isdigit()
    if not too_many and not digit:
        return ""
    given = " ".join(word for word in words if not re.match(r"--?[A-Za-z]", word))
    return str(load("network.architecture").meant(given))


class Show(Command):
    """A command whose --cost may stand alone, also in front of the network."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        for i, word in enumerate(args[:-1]):
            network = r"\d+(:\w+)?(-\w+(:\w+)?)+$|.*\.toml$|-$"
            if word == "--cost" and re.match(network, args[i + 1]):
                args = [*args[:i], f"--cost={ESTIMATE}", *args[i + 1 :]]
        return super().parse_args(ctx, args)


class Share(click.FloatRange):
    """A part of one, such as 0.9 or 90%."""

    name = "number such as 0.9 or 90%"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> Any:
        if isinstance(value, str) and value.rstrip().endswith("%"):
            try:
                value = float(value.rstrip().removesuffix("%")) / 100
            except ValueError:
                self.fail(f"{value!r} is not a valid {self.name}.", parameter, context)
        return super().convert(value, parameter, context)


class Group(click.Group):
    """Commands in the order of the road, and the nearest name for a mistyped one."""

    command_class = Command

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it; but what is said of a name that does not exist depends on its age."""
        name = args[0]
        if name in self.commands or name.startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        begun = [command for command in self.commands if command.startswith(name.lower())]
        near = begun or difflib.get_close_matches(name.lower(), self.commands, 1)
        hint = f"Did you mean '{near[0]}'?" if near else f"There are {', '.join(self.commands)}."
        raise click.UsageError(f"No such command '{name[:40]}'. {hint}", ctx)


def names_of(module: str, table: str) -> Callable[..., list[str]]:
    """For Tab: the names of a table. Its module is loaded when they are asked for, not before."""

    def complete(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
        found = getattr(load(module), table)
        return [name for name in (found() if callable(found) else found) if name.startswith(begun)]

    return complete


ESTIMATE = " "  # what --cost is where no name follows it

COST: dict[str, Any] = {
    "metavar": "NAME",
    "shell_complete": names_of("network.functions", "COSTS"),
    "help": "quadratic, squared_error, absolute_error, huber, log_cosh, cross_entropy, "
    "log_likelihood, hinge or poisson; or a formula in a and y, such as '(a - y)**4 / 4'. "
    "By default what fits the output.",
}


def network_argument(command: Callable[..., None]) -> Callable[..., None]:
    """NET with --activation and --cost, as every command on a network takes them."""
    return network_alone(click.option("--cost", **COST)(command))


def network_alone(command: Callable[..., None]) -> Callable[..., None]:
    """NET with --activation."""
    for decorate in (
        click.option(
            "--activation",
            metavar="NAME",
            default="sigmoid",
            show_default=True,
            shell_complete=names_of("network.functions", "ACTIVATIONS"),
            help="For layers that name none: identity, sigmoid, tanh, relu, leaky_relu, elu, selu, "
            "softplus, softsign, silu, mish, gelu, gelu_tanh, hard_sigmoid, hard_tanh or softmax; "
            "or a formula in z, such as 'z / (1 + exp(-z))'.",
        ),
        click.argument("net"),
    ):
        command = decorate(command)
    return command


def cost_or_estimate(command: Callable[..., None]) -> Callable[..., None]:
    """--cost NAME as always; alone it asks what a step costs."""
    told = f"What a step costs. With a name, the cost of the network: {COST['help']}"
    return click.option(
        "--cost", **{**COST, "help": told, "is_flag": False, "flag_value": ESTIMATE}
    )(command)


def training_options(command: Callable[..., None]) -> Callable[..., None]:
    """--optimizer, --schedule and --clip-norm, for the commands that make a program."""
    decorators = (
        click.option(
            "--optimizer",
            metavar="NAME",
            shell_complete=names_of("network.optimizers", "OPTIMIZERS"),
            help="How parameters follow their gradients: sgd, momentum, nesterov, adagrad, "
            "rmsprop, adam or adamw.  [default: that of the file, else sgd]",
        ),
        click.option(
            "--schedule",
            metavar="NAME",
            shell_complete=names_of("network.optimizers", "SCHEDULES"),
            help="How the learning rate changes: constant, step, cosine or warmup.  "
            "[default: constant]",
        ),
        click.option(
            "--clip-norm",
            metavar="R",
            type=float,
            help="Shorten gradients that are longer than R.",
        ),
    )
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


def dtype_option(command: Callable[..., None]) -> Callable[..., None]:
    """--dtype NAME, of the numbers of a trainer."""
    return click.option(
        "--dtype",
        metavar="NAME",
        default="float64",
        show_default=True,
        shell_complete=names_of("pipeline", "DTYPES"),
        help="Or float32: half the memory, faster, fewer digits.",
    )(command)


def blas_option(command: Callable[..., None]) -> Callable[..., None]:
    """--blas NAME, whose matrix products a trainer calls."""
    return click.option(
        "--blas",
        type=click.Choice(["numpy", "scipy"]),
        default="numpy",
        show_default=True,
        help="Whose matrix products; SciPy's add to the weights in place: faster with sgd.",
    )(command)


def output_option(command: Callable[..., None]) -> Callable[..., None]:
    """-o FILE, written whole or not at all."""
    return click.option(
        "-o",
        "--output",
        metavar="FILE",
        type=click.Path(path_type=Path, dir_okay=False, writable=True, allow_dash=True),
        callback=output_file,
        help="Write to FILE.",
    )(command)


def output_file(_: click.Context, __: click.Parameter, file: Path | None) -> Path | None:
    """The file, if it can be one, before any work is done for it; - is standard output."""
    if file is None or str(file) == "-":
        return None
    if not file.parent.is_dir():
        raise click.BadParameter(f"There is no folder '{file.parent}'; make it first.")
    return file
