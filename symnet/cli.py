"""The command line: each command reads its network, walks the road, writes text. Exit codes:
0 done and all true, 1 not proved or stale, 2 wrong usage or a network that was not understood.

Nothing heavy is imported before a command needs it, so that `symnet --help` is quick.
"""

import io
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import click
from click import shell_completion

from symnet.errors import NotProved, SymnetError
from symnet.loading import load as _load
from symnet.loading import load_whole
from symnet.options import (
    ESTIMATE,
    Group,
    Share,
    Show,
    blas_option,
    cost_or_estimate,
    dtype_option,
    names_of,
    network_alone,
    network_argument,
    output_file,
    output_option,
    training_options,
)
from symnet.streams import decoded, progress, read_formula, read_network, write

EXAMPLES = """\b
Examples:
  symnet demo                                     # the whole road, on digits
  symnet derive 784-30-10                         # step by step
  symnet prove 2-3-4-1                            # before two judges
  symnet verify 'z^l = W^l a^l + b^l'             # is this formula right?
  symnet lint chapter.tex                         # is this whole note right?
  symnet generate 64-30-10:softmax -o trainer.py  # one file, needs only NumPy
  python trainer.py check                         # are its gradients right?
  python trainer.py fit data.csv                  # train; see --help

\b
A network is its widths, joined by -, each but the first with an activation if
it is not sigmoid: 784-128:relu-10:softmax. A letter stands for any number:
n-30-k; a trainer takes it from the data, and in hidden layers as a setting.
`symnet completion --help` says how Tab completes all this.
"""


@click.group(cls=Group, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(load_whole("symnet").__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Derive backpropagation for a network, prove it, print it, check the formulas of others, and
    generate a NumPy trainer."""


@cli.command()
@network_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "latex", "markdown", "json"]),
    default="text",
    show_default=True,
    help="Text for a terminal, LaTeX for pdflatex, Markdown with $ for the web, JSON for programs.",
)
@click.option(
    "--detail",
    type=click.Choice(["summary", "steps", "full"]),
    default="steps",
    show_default=True,
    help="The formulas alone; each step with its rule; or all, each neuron and matrix written out.",
)
@click.option(
    "--of",
    "formula",
    metavar="FORMULA",
    help="One quantity alone, worked out to the end, such as '∂C/∂w_{21}^3' or δ_1^2.",
)
@click.option("--fragment", is_flag=True, help="LaTeX without preamble, for a document of yours.")
@click.option(
    "--convention",
    type=click.Choice(["nielsen"]),
    default="nielsen",
    show_default=True,
    help="Whose letters: w_jk^l leads to neuron j of layer l from neuron k of layer l − 1.",
)
@output_option
def derive(
    net: str,
    activation: str,
    cost: str | None,
    form: str,
    detail: str,
    formula: str | None,
    fragment: bool,
    convention: str,
    output: Path | None,
) -> None:
    """Print the derivation of ∂C/∂w and ∂C/∂b, step by step.

    Each line has the rule beside it that leads there. With --detail full, each neuron and each
    matrix is written out and each line has its reason.

    \b
    symnet derive 784-30-10                                  # on the terminal
    symnet derive 2-3-4-1 --detail full                      # like a lecture
    symnet derive 2-3-4-1 --of "∂C/∂w_{21}^3"                # one weight
    symnet derive 2-3-4-1 --format latex -o derivation.tex   # for pdflatex
    """
    if fragment and form != "latex":
        raise click.UsageError("--fragment goes with --format latex.")
    network = read_network(net, activation, cost)
    derived = _load("calculus.derivation").derive(network)
    if formula is None:
        render = _load("paper.writing.report").render_derivation
        text = render(derived, form, detail, fragment=fragment)
    else:
        render = _load("paper.writing.answer").render_answer
        text = render(derived, formula, form, fragment=fragment)
    write(text, output)


def _certificate_file(
    ctx: click.Context, parameter: click.Parameter, file: Path | None
) -> Path | None:
    """A file for a certificate; standard output has the proof already."""
    if file is not None and str(file) == "-":
        raise click.BadParameter("The proof is on standard output; give the certificate a file.")
    return output_file(ctx, parameter, file)


@cli.command()
@network_argument
@click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")
@click.option(
    "--certificate",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False, writable=True, allow_dash=True),
    callback=_certificate_file,
    help="Write all lines of the proof to FILE, for check-certificate.",
)
def prove(
    net: str, activation: str, cost: str | None, as_json: bool, certificate: Path | None
) -> None:
    """Prove each formula of each layer before two judges, and let a checker replay the proof.

    One judge for general widths, by the index calculus; one entry by entry, by dual numbers and
    then at numbers. Exit code 1, with the difference, if a formula is not proved.

    \b
    symnet prove 2-3-4-1                     # for every width, and each entry
    symnet prove n-30-k                      # whatever n and k are
    symnet prove 2-3:relu-2:softmax          # its cost is log_likelihood
    symnet prove 2-3-1 --cost cross_entropy  # another cost
    symnet prove 2-3-1 --certificate proof.json  # all lines, for others
    symnet check-certificate proof.json          # and their verdict
    """
    proof = _load("calculus.proof").prove(read_network(net, activation, cost))
    if certificate is not None and proof.certificate is not None:
        write(_load("calculus.certificate").dumps(proof.certificate), certificate)
    write(f"{json.dumps(proof.record, ensure_ascii=False) if as_json else proof}\n", None)
    if not proof.holds:
        sys.exit(1)


def _given(network: Any) -> list[str]:
    """What a certificate takes for granted beyond names that everybody knows."""
    functions = _load("network.functions")
    used = dict.fromkeys(layer.activation for layer in network.layers if layer.activation)
    cost = network.cost
    given = [f"{f.name} = {f.formula}" for f in used if f.name not in functions.ACTIVATIONS]
    if cost.name not in functions.COSTS:
        given.append(f"cost {cost.name} = {cost.formula} of each output")
    if cost.normalised:
        given.append("the y of a sample add up to 1")
    return [f"  given     {each}" for each in given]


@cli.command("check-certificate")
@click.argument("file", metavar="FILE")
def check_certificate(file: str) -> None:
    """Replay the certificate of a proof, from the equations of its network alone.

    Exit code 0 if each line follows and every formula of every layer is there, 1 if it is refused,
    with the place and the reason, 2 if the file is no certificate. - is standard input.

    \b
    symnet prove 2-3-4-1 --certificate proof.json  # it is made once
    symnet check-certificate proof.json            # and replayed at any time
    """
    content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    certificate = _load("calculus.certificate").loads(decoded(content))
    refusal = _load("calculus.checker").check(certificate)
    network = certificate.network
    lines = [f"{network}, cost {network.cost.name}", *_given(network)]
    if refusal:
        lines.append(f"  REFUSED  {refusal}")
    else:
        for chapter in certificate.chapters:
            layers = ", ".join(map(str, chapter.layers))
            count = len(chapter.general) + len(chapter.special)
            lines.append(f"  replayed  {chapter.label}  l = {layers}   {count} lines")
        lines.append(f"  certificate {certificate.digest[:12]}: every line follows")
    write("\n".join(lines) + "\n", None)
    if refusal:
        sys.exit(1)


@cli.command()
@click.argument("formulas", metavar="FORMULA...", nargs=-1)
@click.option(
    "--convention",
    metavar="NAME|FILE",
    default="nielsen",
    show_default=True,
    shell_complete=names_of("verification", "conventions"),
    help="Whose notation the formula is in: nielsen, ng, ufldl, bishop, haykin, wikipedia … a TOML "
    "file of your own, or other: only what --context declares.",
)
@click.option(
    "--context",
    "pairs",
    metavar="KEY=VALUE",
    multiple=True,
    help="What the page declares: activation=tanh, cost=quadratic, widths=equal or "
    "'widths=[2, 3, 1]', declared.x=a^1. May be given several times.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")
@click.option(
    "--show-counterexample",
    "rerun",
    is_flag=True,
    help="A few lines of NumPy with which anyone can see it fail.",
)
@click.option(
    "--jsonl",
    "claims",
    metavar="FILE",
    type=click.Path(path_type=Path, allow_dash=True),
    help="A claim a line in, a verdict a line out, in the same order. - is standard input.",
)
@click.option(
    "--jobs", metavar="N", type=click.IntRange(1, 256), default=1, help="Processes for --jsonl."
)
def verify(
    formulas: tuple[str, ...],
    convention: str,
    pairs: tuple[str, ...],
    as_json: bool,
    rerun: bool,
    claims: Path | None,
    jobs: int,
) -> None:
    """Prove or refute a formula as it is printed in a book, in LaTeX.

    The verdict is proved, refuted (with widths and numbers where both sides differ), ill-formed (no
    shapes fit) or unknown. Exit code 0 if all are proved, else 1. - is a formula on standard input;
    put -- before one that begins with a minus.

    \b
    symnet verify '\\delta^L = \\nabla_a C \\odot \\sigma'"'"'(z^L)'  # BP1
    symnet verify 'z^l = W^l a^l + b^l'                  # a wrong layer
    symnet verify 'C = y' --context cost=quadratic       # with a cost
    symnet verify --convention ng 'dA^{[l]} = W^{[l]} dZ^{[l]}'  # of a book
    symnet verify --jsonl claims.jsonl --jobs 2          # by the thousand
    """
    verification = _load("verification")
    if claims is not None:
        if formulas or pairs or rerun:
            raise click.UsageError("--jsonl takes claims from its file alone.")
        sys.exit(_verify_lines(verification, claims, jobs))
    if not formulas:
        raise click.UsageError("Give a formula, such as 'z^l = W^l a^l + b^l', or --jsonl FILE.")
    verification.checked_convention(convention)
    context = verification.context_of(pairs)
    texts = [read_formula(text) for text in formulas]
    found = [_load("paper.verify").verify(text, convention, context) for text in texts]
    if as_json:
        records = [verdict.record for verdict in found]
        data = records[0] if len(records) == 1 else records
        write(f"{json.dumps(data, ensure_ascii=False)}\n", None)
    else:
        blocks = [
            verification.block_of(v, text, rerun) for v, text in zip(found, texts, strict=True)
        ]
        click.echo("\n\n".join(blocks), color=False if "NO_COLOR" in os.environ else None)
    if any(verdict.verdict != "proved" for verdict in found):
        sys.exit(1)


@cli.command()
@click.argument("notes", metavar="NOTES...", nargs=-1)
@click.option(
    "--convention",
    metavar="NAME|FILE",
    shell_complete=names_of("verification", "conventions"),
    help="Whose notation the notes are in, such as nielsen; else that in which their own forward "
    "equations hold.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "github", "html"]),
    default="text",
    show_default=True,
    help="For a terminal, for programs, for code scanning, as annotations, or the notes as a page.",
)
@click.option("--fix", is_flag=True, help="Write the repairs that are proved into the notes.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, and change nothing.")
@click.option("--jobs", metavar="N", type=click.IntRange(1, 256), help="Judge in N processes.")
@click.option(
    "--require-coverage",
    metavar="SHARE",
    type=Share(0, 1),
    help="Exit code 1 if less of the equations about a network is understood, such as 0.9.",
)
@click.option(
    "--select",
    metavar="RULE",
    multiple=True,
    shell_complete=names_of("notes.findings", "RULES"),
    help="This rule and no other; may be repeated.",
)
@click.option(
    "--ignore",
    metavar="RULE",
    multiple=True,
    shell_complete=names_of("notes.findings", "RULES"),
    help="Not this rule; may be repeated.",
)
@click.option(
    "--baseline",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Leave out the findings that this file lists.",
)
@click.option(
    "--write-baseline",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="List all that is found in FILE, for --baseline.",
)
@click.option(
    "--no-cache", "cached", flag_value=False, default=True, type=bool, help="Judge everything anew."
)
@click.option("--rules", "show_rules", is_flag=True, help="List the rules, and end.")
@output_option
def lint(
    notes: tuple[str, ...],
    convention: str | None,
    form: str,
    fix: bool,
    diff: bool,
    jobs: int | None,
    require_coverage: float | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    baseline: Path | None,
    write_baseline: Path | None,
    cached: bool,
    show_rules: bool,
    output: Path | None,
) -> None:
    """Check every equation of whole notes, in place, the way a linter checks code.

    Notes are LaTeX, Markdown, Jupyter notebooks, HTML, reStructuredText or plain text: files,
    folders, patterns, or - for standard input. Exit code 0 without errors, 1 with one, 2 if a file
    cannot be read. Repairs are offered only where they are proved.

    A comment in a note silences a finding there, and settings are kept in [tool.symnet.lint] of
    pyproject.toml or in [lint] of symnet.toml: convention, select, ignore, exclude,
    require-coverage and more.

    \b
    % symnet: ignore[refuted] the reason            in LaTeX
    <!-- symnet: ignore[refuted] the reason -->     in Markdown and HTML

    \b
    symnet lint chapter.tex                         # findings, each in its place
    symnet lint notes/ --format html -o page.html   # the notes as a page
    symnet lint chapter.tex --diff                  # repairs that are proved
    symnet lint chapter.tex --fix                   # the same, written
    symnet lint notes/*.md --format github          # in GitHub Actions
    """
    door = _load("lint_command")
    if show_rules:
        write(door.rules(), None)
        return
    if not notes:
        raise click.UsageError("Give a note, such as chapter.tex, a folder, or -.")
    if fix and diff:
        raise click.UsageError("--diff shows what --fix would do; take one of them.")
    if diff and form != "text":
        raise click.UsageError(f"--diff prints a difference and no {form}; take one of them.")
    choice = door.Choice(
        notes, convention, form, jobs, require_coverage, select, ignore, baseline, cached
    )
    sys.exit(door.run(choice, fix=fix, diff=diff, write_baseline=write_baseline, output=output))


def _verify_lines(verification: Any, claims: Path, jobs: int) -> int:
    """Verdicts as lines, each as soon as it is ready; how far, on a terminal."""
    code, total = 0, 0
    if str(claims) == "-":
        # Whoever writes may wait for the verdict on what is written.
        lines = map(decoded, sys.stdin.buffer)
    else:
        whole = claims.read_bytes().split(b"\n")
        lines, total = map(decoded, whole), sum(bool(line.strip()) for line in whole)
    with progress("verify", total) as advance:
        for verdict in verification.verdicts(lines, jobs):
            click.echo(json.dumps(verdict.record, ensure_ascii=False))
            code = max(code, int(verdict.verdict != "proved"))
            advance()
    return code


@cli.command()
@network_argument
@training_options
@dtype_option
@click.option(
    "--backend",
    metavar="NAME",
    default="numpy",
    show_default=True,
    shell_complete=names_of("pipeline", "BACKENDS"),
    help="The language; `symnet backends` lists them.",
)
@blas_option
@click.option(
    "--style",
    type=click.Choice(["auto", "array", "scalar"]),
    default="auto",
    show_default=True,
    help="Arrays, or a variable for each weight, which is faster for a few dozen of them.",
)
@output_option
def generate(
    net: str,
    activation: str,
    cost: str | None,
    optimizer: str | None,
    schedule: str | None,
    clip_norm: float | None,
    dtype: str,
    backend: str,
    blas: str,
    style: str,
    output: Path | None,
) -> None:
    """Write a standalone trainer that needs NumPy alone.

    Only proved equations become code: exit code 1, with the difference, where a proof fails.

    \b
    symnet generate 2-3-4-1                             # print it
    symnet generate 2-3-4-1 -o trainer.py               # write it to a file
    python trainer.py check                             # is every slope right?
    python trainer.py fit data.csv                      # train; see --help
    symnet generate n-16:relu-k:softmax                 # widths from the data
    symnet generate 4-8:relu-3:softmax --dtype float32  # a fast classifier
    """
    network = read_network(net, activation, cost)
    source: tuple[str, ...] = ()
    if net.lower().endswith(".toml"):
        source = (Path(net).name,)
        source += ("--activation", activation) if activation != "sigmoid" else ()
        source += ("--cost", cost) if cost else ()
    text = _load("pipeline").generate(
        network,
        optimizer=optimizer,
        schedule=schedule,
        clip_norm=clip_norm,
        dtype=dtype,
        backend=backend,
        blas=blas,
        style=style,
        source=source,
    )
    write(text, output)


@cli.command(cls=Show)
@network_alone
@cost_or_estimate
@training_options
@dtype_option
@blas_option
@click.option(
    "--after",
    metavar="PASS",
    shell_complete=lambda _, __, begun: [name for name in _stages() if name.startswith(begun)],
    help="Only the program after this pass (or after lower).",
)
@click.option("--memory", is_flag=True, help="Where arrays lie, and how much memory that takes.")
@click.option(
    "--batch",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    help="The samples of a step, for --cost and --memory.",
)
def show(
    net: str,
    activation: str,
    cost: str | None,
    optimizer: str | None,
    schedule: str | None,
    clip_norm: float | None,
    dtype: str,
    blas: str,
    after: str | None,
    memory: bool,
    batch: int,
) -> None:
    """Print the program as index equations, pass by pass.

    \b
    symnet show 2-3-4-1                     # before and after each pass
    symnet show 2-3-4-1 --after lower       # as first written, for one sample
    symnet show 2-3-4-1 --after over_batch  # for a batch of samples
    symnet show 784-30-10 --cost            # what a step costs
    symnet show 784-30-10 --memory          # which rows each array takes
    """
    pipeline = _load("pipeline")
    costs = cost == ESTIMATE
    network = read_network(net, activation, None if costs else cost)
    training = pipeline.training_of(network, optimizer, schedule, clip_norm)
    stages = pipeline.stages(network, training, dtype, blas)
    if costs or memory:
        pipeline.closed(network)
        if letters := [size for size in network.sizes if isinstance(size, str)]:
            wanted = f"--{'cost' if costs else 'memory'} counts, and needs a number"
            raise _load("errors").NotYet(f"{wanted} in place of {letters[0]} in {network}")
        (_, _, lowered), *_, (_, _, program) = stages
        model = _load("program.cost_model")
        tables = [model.table] if costs else []
        tables += [model.memory_table] if memory else []
        said = [table(program, dtype, batch) for table in tables]
        said.append(pipeline.said_style(lowered, training, dtype, blas))
        write("\n\n".join(said) + "\n", None)
        return
    if after is not None and after not in _stages():
        raise click.UsageError(_load("network.architecture").unknown("pass", after, _stages()))
    shown = [
        f"── {name}: {rule}\n\n{program}\n"
        for name, rule, program in stages
        if after in (None, name)
    ]
    if not shown:
        raise click.UsageError(f"{after} has no part in such a trainer")
    write("\n".join(shown), None)


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
    symnet demo                     # leaves its files in symnet-demo
    symnet demo --folder elsewhere  # or in a folder of your choice
    """
    console = load_whole("rich.console").Console()
    _load("demo").run(folder, console)


@cli.command()
@click.option("--check", is_flag=True, help="Only compare; exit code 1 and a diff if stale.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("generated"),
    show_default=True,
    help="Where the samples are.",
)
def samples(check: bool, folder: Path) -> None:
    """Write or check the sample trainers of generated/.

    \b
    symnet samples          # write them anew
    symnet samples --check  # are they what symnet would write now?
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
    symnet backends  # each with its template
    """
    for backend in _load("pipeline").BACKENDS.values():
        click.echo(f"{backend.name:10}{backend.template}")


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that lets a shell complete words by Tab.

    It completes commands, options, files, and the names of activations, costs, optimizers,
    backends and passes. Of the last three lines, one makes it last: the one for your shell. It
    works in every terminal that is opened afterwards.

    \b
    symnet completion bash            # look at it
    eval "$(symnet completion bash)"  # in this terminal only (bash 4.4 or newer)
    \b
    echo 'eval "$(symnet completion bash)"' >> ~/.bashrc  # bash
    echo 'eval "$(symnet completion zsh)"' >> ~/.zshrc    # zsh, below compinit
    echo 'symnet completion fish | source' >> ~/.config/fish/config.fish  # fish
    """
    kind = shell_completion.get_completion_class(shell)
    assert kind is not None
    click.echo(kind(cli, {}, "symnet", "_SYMNET_COMPLETE").source().rstrip())


# --- reading and writing -------------------------------------------------------------------


def _stages() -> tuple[str, ...]:
    """What `show --after` can stop at: the program as lowered, and each pass."""
    return tuple(_load("pipeline").STAGES)


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
        # The name of a file may hold what a terminal would obey.
        said = "".join(x if x.isprintable() or x == "\n" else "�" for x in str(error))
        click.echo(f"symnet: {said}", err=True)
        code = 2
    except BrokenPipeError:  # as in `symnet derive 2-3 | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        click.echo(f"symnet: {place}{error.strerror or error}", err=True)
        code = 2
    sys.exit(code)
