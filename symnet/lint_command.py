"""What `symnet lint` does with its options: settings, the report, repairs, the exit code.

>>> print(rules().splitlines()[0])
refuted              error    a formula that fails in some network, with the numbers
"""

import difflib
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import click

from symnet.errors import SymnetError
from symnet.linter import AUTO, Progress, lint_documents, standard_input
from symnet.loading import load_whole
from symnet.notes import baseline as baselines
from symnet.notes import github, json_report, page, repairs, sarif, text_report
from symnet.notes.document import Document
from symnet.notes.files import decoded, found, read_document
from symnet.notes.findings import ERROR, RULES, Report
from symnet.notes.settings import Settings, settings_for
from symnet.streams import counting, write


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
    settings = _settings(choice)
    documents = _documents(choice, settings)
    with counting("lint") as progress:
        report = _report(documents, choice, settings, progress)
        done = ""
        if fix:
            written = repairs.write_fixed(_of_files(report))
            if written.applied:
                # What is left is found by linting what is written now.
                report = _report(_documents(choice, settings), choice, settings, progress)
            done = _said_of(written)
    if write_baseline is not None:
        write(baselines.dumps(report.findings), write_baseline)
    if diff:
        _print_difference(report, output)
    else:
        write(_printed(report, choice.form, output), output)
    if done:
        click.echo(done, err=True)
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
    first = next((note for note in choice.notes if note != "-"), ".")
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


def _documents(choice: Choice, settings: Settings) -> list[Document]:
    """What is to be linted; files that are named are read even if the settings exclude them."""
    words = [note for note in choice.notes if note != "-"]
    named = {Path(word) for word in words}
    documents = [
        read_document(path)
        for path in (found(words) if words else ())
        if path in named or not settings.excludes(path)
    ]
    if "-" in choice.notes:
        text, _ = decoded(sys.stdin.buffer.read(), "<stdin>")
        documents.insert(0, standard_input(text))
    return documents


def _of_files(report: Report) -> Report:
    """A report without what came on standard input, into which nothing can be written."""
    return Report(tuple(note for note in report.notes if note.document.path != "<stdin>"))


def _printed(report: Report, form: str, output: Path | None) -> str:
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
        coloured = output is None and sys.stdout.isatty() and "NO_COLOR" not in os.environ
        text = text_report.text(report, _styled if coloured else text_report.plain)
    return text if text.endswith("\n") or not text else f"{text}\n"


def _styled(words: str, colour: str) -> str:
    return click.style(words, fg=colour, bold=True)


def _print_difference(report: Report, output: Path | None) -> None:
    """The repairs as `patch` reads them, byte for byte."""
    content = repairs.difference_in_bytes(report)
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        output.write_bytes(content)


def _said_of(written: repairs.Repairs) -> str:
    """How much was repaired, and how much was not."""
    files = len(written.new)
    said = f"repaired {written.applied} in {files} file{'s' * (files != 1)}"
    if written.left_out:
        said += f"; {written.left_out} cannot be written there and are left to you"
    return said
