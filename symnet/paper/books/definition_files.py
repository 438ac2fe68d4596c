"""Pages of definitions as files: what a book declares, in its own LaTeX and words.

`[convention]` has the name, the source and equations that a test requires to be proved, as for
layers (`convention_files.py`); `[declared]` says symbol by symbol what is meant, as a context does.

>>> definitions("batchnorm").declared["y_i"]
'\\\\gamma\\\\hat x_i+\\\\beta'
>>> definitions("nielsen").declared
{}
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from symnet import tables
from symnet.errors import SymnetError
from symnet.paper.books.convention_files import FOLDER


@dataclass(frozen=True, slots=True)
class Definitions:
    """What a book declares of quantities that are no layers."""

    name: str
    source: str = ""
    declared: Mapping[str, str] = field(default_factory=dict)
    equations: tuple[str, ...] = ()


def names() -> tuple[str, ...]:
    """The pages of definitions that come with symnet."""
    return tuple(
        sorted(path.stem for path in FOLDER.glob("*.toml") if definitions(path.stem).declared)
    )


@lru_cache(maxsize=64)
def definitions(name: str) -> Definitions:
    """What a convention declares by its name; nothing where it has no such file."""
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    if not path.is_file() or (path.parent != FOLDER and not name.endswith(".toml")):
        return Definitions(name)
    return from_toml(path.read_text("utf-8-sig"), name)


def from_toml(text: str, name: str) -> Definitions:
    """What a file declares. Raises SymnetError for what is no such file."""
    try:
        data: dict[str, Any] = tables.loads(text)
    except tables.TableError as error:
        raise SymnetError(f"{name}: {error}") from None
    head, declared = data.get("convention", {}), data.get("declared", {})
    return Definitions(
        str(head.get("name", name)),
        str(head.get("source", "")),
        {str(key): str(said) for key, said in declared.items()},
        tuple(map(str, head.get("equations", ()))),
    )
