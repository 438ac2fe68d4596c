"""lint() for people: files and folders in, a report out; verdicts that are known are not sought.

>>> report = lint("$$z^l = W^l a^{l-1} + b^l$$\\n$$z^l = W^l a^l + b^l$$\\n", cached=False)
>>> [(x.rule, x.line) for x in report.findings], report.coverage
([('ill-formed', 2)], 1.0)
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from symnet import workers
from symnet.errors import SymnetError
from symnet.notes import baseline as baselines
from symnet.notes import cache
from symnet.notes.document import Document
from symnet.notes.files import document_of, found, read_document
from symnet.notes.findings import Finding, Report
from symnet.notes.judging import Judgement, Mapper, verdict
from symnet.notes.linting import linted
from symnet.notes.settings import Settings, settings_for
from symnet.notes.statements import Statement
from symnet.paper.claims.verdicts import Verdict
from symnet.verification import checked_convention

AUTO = "auto"
FEW = 12  # statements for which no processes are started
Progress = Callable[[str, int, int], object]  # a document, how many are judged, and of how many


def lint(
    notes: "str | Path | Sequence[str | Path]",
    convention: str | None = None,
    *,
    jobs: int | None = None,
    cached: bool = True,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Report:
    """The report on notes: paths of files, folders or patterns, or the text of one.

    A text is what has more than one line. `convention` is the name of one, a TOML file of your own,
    or auto: that in which the forward equations hold. Settings are those of the project, unless
    they are given. Raises SymnetError for what cannot be read.
    """
    if isinstance(notes, str) and "\n" in notes:
        settings = settings or Settings()
        documents = [document_of(notes)]
    else:
        words = [notes] if isinstance(notes, str | Path) else list(notes)
        if not words:
            raise SymnetError("no notes to lint: give a path, several, or a text")
        paths = found([str(word) for word in words])
        settings = settings or settings_for(paths[0])
        named = {str(Path(word)) for word in words}
        kept = settings
        documents = [
            read_document(path) for path in paths if str(path) in named or not kept.excludes(path)
        ]
    return lint_documents(
        documents,
        convention or settings.convention or AUTO,
        jobs=jobs or settings.jobs or 1,
        cached=cached,
        settings=settings,
        progress=progress,
    )


def lint_documents(
    documents: Iterable[Document],
    convention: str = AUTO,
    *,
    jobs: int = 1,
    cached: bool = True,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Report:
    """The same for documents that are read."""
    settings = settings or Settings()
    if convention != AUTO:
        checked_convention(convention)
    known = baselines.load(settings.baseline) if settings.baseline is not None else None
    judge = remembered if cached else verdict
    made = []
    with workers.pool(jobs) as pool:
        for document in documents:
            note = linted(document, convention, judge, _mapper(pool, document, progress))
            wanted = [x for x in note.findings if settings.wants(x.rule, x.file)]
            told: Sequence[Finding] = wanted
            if known is not None:
                told = baselines.without(wanted, known)
            made.append(replace(note, findings=tuple(told)))
    return Report(tuple(made))


def standard_input(text: str, name: str = "<stdin>") -> Document:
    """The document on standard input; its kind is told by what it says."""
    return document_of(text, name)


@lru_cache(maxsize=1)
def _cache() -> cache.Cache:
    return cache.Cache(cache.folder())


def remembered(text: str, convention: str, context: Mapping[str, Any], repair: bool) -> Verdict:
    """A verdict that was given before, or a new one."""
    # The cache knows a convention of one's own by its text, not by its path.
    said = Path(convention).read_text("utf-8") if convention.endswith(".toml") else convention
    asked = (text, said, context, repair)
    known = _cache().find(asked)
    if known is None:
        known = verdict(text, convention, context, repair)
        _cache().keep(asked, known)
    return known


# --- several processes ----------------------------------------------------------------------------


def _mapper(
    pool: ProcessPoolExecutor | None, document: Document, progress: Progress | None
) -> Mapper:
    """How the statements of a document are judged: one after the other, or side by side."""

    def mapper(
        task: Callable[[Statement], Judgement], said: Sequence[Statement]
    ) -> Iterator[Judgement]:
        several = pool is not None and len(said) > FEW
        if pool is not None and several:
            with workers.uninterrupted():
                made = pool.map(task, said, chunksize=4)
        else:
            made = map(task, said)
        for number, (judgement, statement) in enumerate(zip(made, said, strict=True), 1):
            if progress is not None:
                progress(document.path, number, len(said))
            yield replace(judgement, statement=statement)

    return mapper
