r"""From files and texts to documents: which format a file has, and which files a command means.

>>> document = document_of("Then $a = b$.")
>>> [formula.text for formula in document.formulas]
['a = b']
"""

import glob
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from symnet.errors import SymnetError
from symnet.notes import html_pages, latex_files, markdown, notebooks, plain_notes
from symnet.notes.document import Document, Piece, Suppression
from symnet.notes.macros import definitions
from symnet.notes.mathematics import pieces
from symnet.notes.source import Source, all_blanked

PLAIN, LATEX, MARKDOWN, NOTEBOOK, HTML = "plain", "latex", "markdown", "notebook", "html"
RESTRUCTURED = "restructured"

# The endings of the notes that a folder is searched for.
ENDINGS = {
    ".tex": LATEX,
    ".ltx": LATEX,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".qmd": MARKDOWN,
    ".rmd": MARKDOWN,
    ".rst": RESTRUCTURED,
    ".txt": PLAIN,
    ".ipynb": NOTEBOOK,
    ".html": HTML,
    ".htm": HTML,
}
LARGEST = 20_000_000  # bytes
_Opened = tuple[Source, PurePosixPath, int, Iterator[latex_files.Inclusion]]
_DEEPEST, _MOST_FILES = 20, 500  # what a LaTeX file reads

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_LATEX = re.compile(r"^[^%\n]*\\(?:documentclass\b|begin\s*\{document\})", re.MULTILINE)
_HTML = re.compile(r"(?:<!--[^>]{0,500}-->\s*)?<(?:!doctype\s+html|html)\b", re.IGNORECASE)

# What a reader of the note sees of it, and what its comments say, by its format.
_VISIBLE: dict[str, Callable[[str, str], Source]] = {
    PLAIN: plain_notes.visible_text,
    RESTRUCTURED: plain_notes.visible_restructured,
    LATEX: latex_files.visible_text,
    MARKDOWN: markdown.visible_text,
    NOTEBOOK: notebooks.visible_text,
    HTML: html_pages.visible_text,
}
_SUPPRESSIONS: dict[str, Callable[[Source], tuple[Suppression, ...]]] = {
    PLAIN: plain_notes.suppressions,
    RESTRUCTURED: plain_notes.suppressions,
    LATEX: latex_files.suppressions,
    MARKDOWN: markdown.suppressions,
    NOTEBOOK: notebooks.suppressions,
    HTML: html_pages.suppressions,
}


def document_of(text: str, path: str = "<stdin>", kind: str | None = None) -> Document:
    """The document that a text is; no other file is read, whatever it names."""
    kind = kind or _kind(text, path)
    source, macros = _defined(_VISIBLE[kind](text, path))
    stretches = [(source, 0, len(source.visible))]
    return _document(path, kind, stretches, [macros])


def read_document(path: str | Path) -> Document:
    """The document in a file, with what a LaTeX file reads from its own folder."""
    file = Path(path)
    text = read(file)
    kind = _kind(text, str(path))
    if kind != LATEX:
        return document_of(text, str(path), kind)
    source, macros = _defined(latex_files.visible_text(text, str(path)))
    folder = _Folder(file.parent, {file.name}, [macros])
    return _document(
        str(path), kind, list(folder.stretches(source, PurePosixPath())), folder.macros
    )


def _document(
    path: str, kind: str, stretches: Sequence[tuple[Source, int, int]], macros: Iterable[str]
) -> Document:
    """The document of stretches of visible texts in reading order."""
    found: list[Piece] = []
    for source, start, end in stretches:
        found += pieces(source, start, end, tex=kind == LATEX)
    sources = {id(source): source for source, _, _ in stretches}.values()
    ignored = [each for source in sources for each in _SUPPRESSIONS[kind](source)]
    return Document(path, tuple(found), "\n".join(filter(None, macros)), tuple(ignored))


def _defined(source: Source) -> tuple[Source, str]:
    """A source without the definitions of its macros, and these."""
    places = list(definitions(source.visible))
    macros = "\n".join(source.visible[start:end] for start, end in places)
    return replace(source, visible=all_blanked(source.visible, places)), macros


@dataclass(frozen=True, slots=True)
class _Folder:
    """The folder of a LaTeX file: what the file reads is read here and nowhere else, once."""

    root: Path
    seen: set[str]
    macros: list[str]

    def stretches(self, source: Source, inside: PurePosixPath) -> Iterator[tuple[Source, int, int]]:
        """The text of a file, and in it, in place of each \\input, that of the file it names."""
        waiting = [self._opened(source, inside)]
        while waiting:
            current, folder, at, inclusions = waiting[-1]
            inclusion = next(inclusions, None)
            if inclusion is None:
                waiting.pop()
                yield current, at, len(current.visible)
                continue
            if len(waiting) > _DEEPEST or (name := self._name(inclusion.name, folder)) is None:
                continue
            self.seen.add(str(name))
            file = self.root / name
            try:
                text = read(file)
            except SymnetError:
                continue
            yield current, at, inclusion.start
            waiting[-1] = current, folder, inclusion.end, inclusions
            read_in, macros = _defined(latex_files.visible_text(text, str(file)))
            self.macros.append(macros)
            waiting.append(self._opened(read_in, name.parent))

    def _opened(self, source: Source, inside: PurePosixPath) -> _Opened:
        return source, inside, 0, latex_files.inclusions(source)

    def _name(self, name: str, inside: PurePosixPath) -> PurePosixPath | None:
        """The file that a name means, as seen from the folder; None if it is not to be read."""
        if len(self.seen) > _MOST_FILES:
            return None
        for start in dict.fromkeys((PurePosixPath(), inside)):
            for ending in ("", ".tex"):
                found = start / f"{name}{ending}"
                if self._is_inside(found):
                    return None if str(found) in self.seen else found
        return None

    def _is_inside(self, name: PurePosixPath) -> bool:
        """Whether the name is a regular file below the folder, reached without a link."""
        if name.is_absolute() or ".." in name.parts or any(x in str(name) for x in ":\\~\0"):
            return False
        path = self.root
        try:
            for part in name.parts:
                path = path / part
                if path.is_symlink():
                    return False
            return path.is_file()
        except (OSError, ValueError):
            return False


def read(file: Path) -> str:
    """The text of a file, whatever its encoding."""
    return decoded(_bytes(file), str(file))[0]


def decoded(data: bytes, path: str) -> tuple[str, str]:
    """The text of a file without its byte-order mark, and its encoding."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding), encoding
            except UnicodeDecodeError:
                raise SymnetError(f"{path}: begins as {encoding.upper()}, and is not") from None
    if data.startswith(b"%PDF") or b"\x00" in data:
        kind = "a PDF" if data.startswith(b"%PDF") else "a binary file"
        raise SymnetError(
            f"{path}: {kind}, no text", hint="Give its source: LaTeX, Markdown, a notebook, HTML."
        )
    for encoding in ("utf-8", "cp1252"):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), "latin-1"


def encoded(text: str, like: bytes) -> bytes:
    """A text in the encoding of the bytes that a file held, with their byte-order mark."""
    mark = next((mark for mark, _ in _BOMS if like.startswith(mark)), b"")
    return mark + text.encode(decoded(like, "the file")[1])


def _bytes(file: Path) -> bytes:
    try:
        if not file.is_file():
            problem = "is a folder" if file.is_dir() else "no such file"
            if file.exists() and not file.is_dir():
                problem = "is no regular file"
            raise SymnetError(f"{file}: {problem}")
        with file.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SymnetError(f"{file}: cannot be read: {reason}") from None
    if len(data) > LARGEST:
        raise SymnetError(
            f"{file}: larger than {LARGEST // 1_000_000} MB", hint="Split it into several notes."
        )
    return data


def _kind(text: str, path: str) -> str:
    """The format of a text: by the ending of its name, else by what it holds."""
    if kind := ENDINGS.get(Path(path).suffix.lower()):
        return kind
    start = text[:2000].lstrip("\ufeff \t\r\n")
    if start.startswith("{") and '"cells"' in text:
        return NOTEBOOK
    if _LATEX.search(text):
        return LATEX
    return HTML if _HTML.match(start) else PLAIN


def found(words: Sequence[str]) -> list[Path]:
    """The notes that the words of a command mean, files, folders or patterns: sorted, each once."""
    files: dict[str, Path] = {}
    for word in words:
        for file in _meant(word):
            files.setdefault(os.path.normpath(file), file)
    return [files[name] for name in sorted(files)]


def _meant(word: str) -> list[Path]:
    path = Path(word)
    try:
        if path.is_dir():
            files = _below(path)
        elif path.exists():
            return [path]
        elif glob.has_magic(word):
            matched = [Path(name) for name in glob.iglob(word, recursive=True)]
            files = [file for file in matched if file.is_file()]
        else:
            raise SymnetError(f"{word}: no such file or folder")
    except (OSError, ValueError) as error:
        raise SymnetError(f"{word}: cannot be read: {error}") from None
    if not files:
        endings = " ".join(ENDINGS)
        raise SymnetError(f"{word}: no notes there", hint=f"Notes end in {endings}.")
    return files


def _below(folder: Path) -> list[Path]:
    """The notes in a folder, but for hidden ones and for those that another one reads."""
    files: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files += [
            Path(place, name)
            for name in names
            if not name.startswith(".") and Path(name).suffix.lower() in ENDINGS
        ]
    return sorted(set(files) - _included(files))


def _included(files: Sequence[Path]) -> set[Path]:
    """Those of the files that another one reads by \\input and the like."""
    included: set[Path] = set()
    for file in files:
        if ENDINGS.get(file.suffix.lower()) != LATEX:
            continue
        try:
            source = latex_files.visible_text(read(file), str(file))
        except SymnetError:
            continue
        for inclusion in latex_files.inclusions(source):
            for ending in ("", ".tex"):
                name = os.path.normpath(file.parent / f"{inclusion.name}{ending}")
                if name != os.path.normpath(file):
                    included.add(Path(name))
    return included
