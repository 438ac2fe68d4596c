"""What `symnet lint` does with its options: settings, the report, repairs, the exit code.

>>> print(rules().splitlines()[0])
refuted              error    a formula that fails in some network, with the numbers
"""

import difflib
import os
import sys
from dataclasses import dataclass, replace
from glob import has_magic
from pathlib import Path

import click

from symnet.errors import SymnetError
from symnet.linter import AUTO, Progress, lint_documents, standard_input
from symnet.loading import load_whole
from symnet.notes import baseline as baselines
from symnet.notes import github, json_report, page, repairs, sarif, text_report
from symnet.notes.document import Document
from symnet.notes.files import decoded, encoded, found, read_document
from symnet.notes.findings import ERROR, RULES, Report
from symnet.notes.settings import Settings, settings_for
from symnet.notes.summary import counted
from symnet.streams import counting, write

STANDARD_INPUT, UNNAMED = "-", "<stdin>"


@dataclass(frozen=True, slots=True)
class Choice:
    """The options of a run; None and empty where the settings of the project count."""

    notes: tuple[str, ...]
    convention: str | None
    form: str
    jobs: int | None
    require_coverage: float | None
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    baseline: Path | None
    cached: bool


def rules() -> str:
    """All rules, each with its level and what it finds."""
    return "".join(f"{name:20} {level:8} {what}\n" for name, (level, what) in RULES.items())


def run(
    choice: Choice, *, fix: bool, diff: bool, write_baseline: Path | None, output: Path | None
) -> int:
    """Lint, print, perhaps repair; the exit code."""
    _refuse_formulas(choice.notes)
    settings = _settings(choice)
    if write_baseline is not None:
        settings = replace(settings, baseline=None)  # what is known already belongs to the new one
    given = sys.stdin.buffer.read() if STANDARD_INPUT in choice.notes else b""
    with counting("lint") as progress:
        documents, unread = _documents(choice, settings, given)
        report = _report(documents, choice, settings, progress)
        done, mended = "", given
        if fix:
            files, typed = _parted(report)
            written = repairs.write_fixed(files)
            mended = _mended(typed, given)
            if written.applied or mended != given:
                # What is left is found by linting what is written now.
                documents, unread = _documents(choice, settings, mended)
                report = _report(documents, choice, settings, progress)
            if files.notes:
                done = _said_of(written)
    if write_baseline is not None:
        write(baselines.dumps(report.findings), write_baseline)
        done = f"{counted(len(report.findings), 'finding')} written into {write_baseline}"
    if diff:
        _write_bytes(_difference(report), output)
    elif fix and STANDARD_INPUT in choice.notes:
        # As editors want it: the note goes through, and what is said of it goes beside.
        _write_bytes(mended, output)
        click.echo(_printed(report, choice.form, coloured=sys.stderr.isatty()), nl=False, err=True)
    else:
        coloured = output is None and sys.stdout.isatty()
        write(_printed(report, choice.form, coloured), output)
    for line in (*unread, *filter(None, [done])):
        click.echo(f"symnet: {line}", err=True)
    return max(_code(report, settings), 2 * bool(unread))


def _code(report: Report, settings: Settings) -> int:
    """1 for an error, and for less coverage than is required."""
    if settings.require_coverage is not None and report.coverage < settings.require_coverage:
        least = f"{100 * settings.require_coverage:.0f} %"
        said = f"{100 * report.coverage:.1f} % of the equations about a network are understood"
        click.echo(f"symnet: {said}, and {least} are required", err=True)
        return 1
    return int(any(finding.level == ERROR for finding in report.findings))


def _report(
    documents: list[Document], choice: Choice, settings: Settings, progress: Progress | None
) -> Report:
    return lint_documents(
        documents,
        settings.convention or AUTO,
        jobs=settings.jobs or 1,
        cached=choice.cached,
        settings=settings,
        progress=progress,
    )


def _settings(choice: Choice) -> Settings:
    """The settings of the project, and what the options say otherwise."""
    first = next((note for note in choice.notes if note != STANDARD_INPUT), ".")
    settings = settings_for(first)
    for rule in (*choice.select, *choice.ignore):
        if rule not in RULES:
            near = difflib.get_close_matches(rule, RULES, 1)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise SymnetError(f"there is no rule {rule!r}{meant} `symnet lint --rules` lists them")
    return replace(
        settings,
        convention=choice.convention or settings.convention,
        jobs=choice.jobs or settings.jobs,
        require_coverage=settings.require_coverage
        if choice.require_coverage is None
        else choice.require_coverage,
        select=choice.select or settings.select,
        ignore=(*settings.ignore, *choice.ignore),
        baseline=choice.baseline or settings.baseline,
    )


def _refuse_formulas(notes: tuple[str, ...]) -> None:
    """A formula in place of a file is a slip that everybody makes once."""
    for note in notes:
        if set(note) & set("=$^") and not os.path.exists(note) and not has_magic(note):
            raise SymnetError(
                f"{note}: no such file or folder",
                hint="If it is a formula: symnet verify takes one, symnet lint whole notes.",
            )


def _documents(
    choice: Choice, settings: Settings, given: bytes
) -> tuple[list[Document], tuple[str, ...]]:
    """What is to be linted, and what is said of files that cannot be read.

    Files that are named are read even if the settings exclude them.
    """
    words = [note for note in choice.notes if note != STANDARD_INPUT]
    named = {Path(word) for word in words}
    documents, unread = [], []
    if STANDARD_INPUT in choice.notes:
        documents.append(standard_input(decoded(given, UNNAMED)[0], UNNAMED))
    for path in found(words) if words else ():
        if path in named or not settings.excludes(path):
            try:
                documents.append(read_document(path))
            except SymnetError as error:  # the other notes are linted all the same
                unread.append(str(error))
    return documents, tuple(unread)


def _parted(report: Report) -> tuple[Report, Report]:
    """What is in files, and what came on standard input, into which nothing can be written."""
    files = tuple(note for note in report.notes if note.document.path != UNNAMED)
    typed = tuple(note for note in report.notes if note.document.path == UNNAMED)
    return Report(files), Report(typed)


def _mended(typed: Report, given: bytes) -> bytes:
    """Standard input with its repairs, in its own encoding."""
    for text in repairs.fixed(typed).values():
        try:
            return encoded(text, given)
        except UnicodeEncodeError as error:
            sign = error.object[error.start]
            raise SymnetError(f"the repair needs {sign!r}, which its encoding lacks") from None
    return given


def _difference(report: Report) -> bytes:
    """The repairs as `patch` reads them; those of files byte for byte."""
    files, typed = _parted(report)
    return repairs.difference(typed).encode() + repairs.difference_in_bytes(files)


def _printed(report: Report, form: str, coloured: bool) -> str:
    if form == "json":
        text = json_report.json_text(report)
    elif form == "sarif":
        version = load_whole("symnet").__version__
        text = sarif.sarif(report, version, root=os.getcwd())
    elif form == "github":
        text = github.annotations(report)
    elif form == "html":
        text = page.page(report)
    else:
        plain = not coloured or "NO_COLOR" in os.environ
        text = text_report.text(report, text_report.plain if plain else _styled)
    return text if text.endswith("\n") or not text else f"{text}\n"


def _styled(words: str, colour: str) -> str:
    return click.style(words, fg=colour, bold=True)


def _write_bytes(content: bytes, output: Path | None) -> None:
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        output.write_bytes(content)


def _said_of(written: repairs.Repairs) -> str:
    """How much was repaired, and how much was not."""
    if not written.applied and not written.left_out:
        return "nothing to repair: no finding has a repair that is proved"
    files = counted(len(written.new), "file")
    said = f"{counted(written.applied, 'repair')} written into {files}"
    if written.left_out:
        said += f"; {written.left_out} cannot be written there and are left to you"
    return said
