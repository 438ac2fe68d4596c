r"""How a project wants its notes linted: `[tool.symnet.lint]` of pyproject.toml, or symnet.toml.

    [lint]                                    # of symnet.toml
    convention = "nielsen"
    ignore = ["not-understood"]
    exclude = ["drafts/*"]
    require-coverage = 0.9
    per-file-ignores = { "old/*.md" = ["symbol-change"] }
    jobs = 2
    baseline = "baseline.json"                # beside the file

>>> read('[lint]\njobs = 2\n', SYMNET).jobs
2
>>> read('[lint]\nselekt = ["refuted"]\n', SYMNET)
Traceback (most recent call last):
    ...
symnet.errors.SymnetError: symnet.toml, line 2: unknown key 'selekt'; did you mean 'select'?
"""

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from symnet import tables
from symnet.errors import SymnetError
from symnet.notes.findings import RULES

SYMNET, PYPROJECT = "symnet.toml", "pyproject.toml"
_TABLES = {SYMNET: ("lint",), PYPROJECT: ("tool", "symnet", "lint")}
_MOST_JOBS = 1000


@dataclass(frozen=True, slots=True)
class Settings:
    """What is set; None and empty where nothing is. Patterns and paths count from `folder`."""

    convention: str | None = None
    select: tuple[str, ...] = ()  # empty: all
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    require_coverage: float | None = None
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    jobs: int | None = None
    baseline: Path | None = None
    folder: Path | None = None

    def excludes(self, path: str | Path) -> bool:
        """Whether a file is left out."""
        return any(self._matches(path, pattern) for pattern in self.exclude)

    def wants(self, rule: str, path: str | Path) -> bool:
        """Whether a finding of a rule in a file is to be told."""
        if rule in self.ignore or (self.select and rule not in self.select):
            return False
        return not any(
            rule in rules and self._matches(path, pattern)
            for pattern, rules in self.per_file_ignores
        )

    def _matches(self, path: str | Path, pattern: str) -> bool:
        """A pattern is about a path from the folder of the settings, a name, or a folder."""
        file = Path(path)
        if self.folder is not None:
            try:
                file = file.resolve().relative_to(self.folder)
            except (OSError, ValueError):
                file = Path(path)
        pattern = pattern.removeprefix("./").rstrip("/")
        parents = [each.as_posix() for each in (file, *file.parents) if each.name]
        if "/" in pattern:
            return any(fnmatchcase(each, pattern) for each in parents)
        return any(fnmatchcase(each, pattern) for each in file.parts)


def settings_for(path: str | Path) -> Settings:
    """The settings of the nearest folder above that has some; those of symnet.toml come first."""
    try:
        place = Path(path).resolve()
        folders = [place, *place.parents] if place.is_dir() else list(place.parents)
    except (OSError, ValueError):  # a path that the system cannot have is refused when it is read
        return Settings()
    for folder in folders:
        for name in (SYMNET, PYPROJECT):
            text = _text(folder / name)
            # Many projects have a pyproject.toml that is not about symnet, and may hold anything.
            if text is None or (name == PYPROJECT and "symnet" not in text):
                continue
            if name == SYMNET or _table(text, folder / name) is not None:
                return read(text, folder / name)
    return Settings()


def read(text: str, file: str | Path) -> Settings:
    """The settings in the text of a file. Raises SymnetError that names the file and its line."""
    file = Path(file)
    table = _table(text, file)
    if table is None:
        return Settings(folder=file.parent)
    found: dict[str, Any] = {}
    for key, value in table.items():
        where = f"{file}, line {_line(text, file, key)}"
        if key not in _KEYS:
            raise SymnetError(f"{where}: unknown key {key[:40]!r}{_near(key, _KEYS)}")
        try:
            found[key.replace("-", "_")] = _KEYS[key](value)
        except _Wrong as wrong:
            raise SymnetError(f"{where}: {key} {wrong}") from None
    if "baseline" in found:
        found["baseline"] = file.parent / found["baseline"]
    if found.get("convention", "").endswith(".toml"):
        found["convention"] = str(file.parent / found["convention"])
    return Settings(**found, folder=file.parent)


class _Wrong(Exception):  # noqa: N818 - it is caught where file and line are known
    """A value that is none; what would be right, said after the key."""


def _text(file: Path) -> str | None:
    try:
        with open(file, encoding="utf-8-sig", newline="") as opened:
            return opened.read(tables.LONGEST + 1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError):
        return None
    except UnicodeDecodeError as error:
        if file.name == PYPROJECT:  # not known to be about symnet
            return None
        raise SymnetError(f"{file}: byte {error.start + 1} is not UTF-8") from None
    except OSError as error:
        raise SymnetError(f"{file}: {error.strerror or error}") from None


def _table(text: str, file: Path) -> dict[str, Any] | None:
    """The table of a file; None where it has none."""
    try:
        found: Any = tables.loads(text)
    except tables.TableError as error:
        raise SymnetError(f"{file}: this is no TOML: {error}") from None
    names = _TABLES[PYPROJECT if file.name == PYPROJECT else SYMNET]
    for i, name in enumerate(names):
        if not isinstance(found, dict):
            raise SymnetError(f"{file}: {'.'.join(names[:i])} must be a table")
        if i == 0 and file.name != PYPROJECT:
            for other in found:
                if other not in names:
                    line = _line_at_top(text, other)
                    raise SymnetError(
                        f"{file}, line {line}: unknown key {other[:40]!r}{_near(other, names)}"
                    )
        if name not in found:
            return None
        found = found[name]
    if not isinstance(found, dict):
        raise SymnetError(f"{file}: {'.'.join(names)} must be a table, as in [{'.'.join(names)}]")
    return found


def _near(key: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(key.replace("_", "-"), list(names), 1)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(names)}"


def _line_at_top(text: str, name: str) -> int:
    """The line, counted from 1, of a [table] or of a key above all tables."""
    for number, line in enumerate(text.split("\n"), 1):
        said = re.sub(r"[\s\"'\[]", "", line.partition("#")[0].partition("=")[0])
        if said.partition("]")[0].partition(".")[0] == name:
            return number
    return 1


def _line(text: str, file: Path, key: str) -> int:
    """The line on which a key stands: below the header of the table, or written in dots."""
    header = ".".join(_TABLES[PYPROJECT if file.name == PYPROJECT else SYMNET])
    inside, begun = False, 1
    for number, line in enumerate(text.split("\n"), 1):
        bare = re.sub(r"[\s\"']", "", line.partition("=")[0].partition("#")[0])
        if bare.startswith("["):
            name = bare.strip("[]")
            inside = name == header
            begun = number if inside else begun
            if name.startswith(f"{header}.{key}"):
                return number
        elif (inside and bare.partition(".")[0] == key) or bare.endswith(f"lint.{key}"):
            return number
    return begun


# ---- what each key may hold ----------------------------------------------------------------------


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _Wrong(f"must be a name in quotes, not {_shown(value)}")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise _Wrong(f'must be a list such as ["drafts/*"], not {_shown(value)}')
    return tuple(value)


def _rules(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise _Wrong(f'must be a list of rules such as ["refuted"], not {_shown(value)}')
    for rule in value:
        if rule not in RULES:
            raise _Wrong(f"has the unknown rule {rule[:40]!r}{_near(rule, RULES)}")
    return tuple(value)


def _share(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise _Wrong(f"must be a number from 0 to 1, such as 0.9, not {_shown(value)}")
    return float(value)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST_JOBS:
        raise _Wrong(f"must be a whole number from 1 to {_MOST_JOBS}, not {_shown(value)}")
    return value


def _by_file(value: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not isinstance(value, dict):
        raise _Wrong(f'must be a table such as {{ "old/*.md" = ["refuted"] }}, not {_shown(value)}')
    return tuple((pattern, _rules(rules)) for pattern, rules in value.items())


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


_KEYS: dict[str, Callable[[Any], Any]] = {
    "convention": _name,
    "select": _rules,
    "ignore": _rules,
    "exclude": _texts,
    "require-coverage": _share,
    "per-file-ignores": _by_file,
    "jobs": _count,
    "baseline": _name,
}
