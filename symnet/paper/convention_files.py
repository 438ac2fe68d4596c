"""Conventions as files: what a book declares, in its own LaTeX and words, with its source.

>>> file = convention("batchnorm")
>>> file.kind, file.declared["y_i"]
('definitions', '\\\\gamma\\\\hat x_i+\\\\beta')
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files

from symnet.errors import SymnetError

DEFINITIONS = "definitions"  # the kind of a convention whose quantities are no layers


@dataclass(frozen=True, slots=True)
class ConventionFile:
    """A convention; `equations` have to be proved under it."""

    name: str
    source: str
    kind: str = ""
    declared: Mapping[str, str] = field(default_factory=dict)
    equations: tuple[str, ...] = ()


@lru_cache(maxsize=64)
def convention(name: str) -> ConventionFile | None:
    """The convention of a name; None if there is no such file."""
    if not name.replace("-", "").isalnum():
        return None
    place = files("symnet") / "conventions" / f"{name}.toml"
    if not place.is_file():
        return None
    return read_convention(place.read_text(encoding="utf-8"))


def read_convention(text: str) -> ConventionFile:
    """A convention from a file's text. Raises SymnetError for what is no such file."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SymnetError(f"this is no TOML: {error}") from None
    head, declared = data.get("convention", {}), data.get("declared", {})
    equations = data.get("equations", declared.pop("equations", []))
    return ConventionFile(
        str(head.get("name", "")),
        str(head.get("source", "")),
        str(head.get("kind", "")),
        {str(key): str(said) for key, said in declared.items()},
        tuple(map(str, equations)),
    )
