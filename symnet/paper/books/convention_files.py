r"""Conventions as data: a small TOML file says what the symbols of a book are in Nielsen's.

`[convention]` has the name, the source and the defining equations in the book's own LaTeX, which a
test requires to be proved; `[symbols]` says symbol by symbol what is meant, `[samples]` what a
cost is that is derived by a matrix of samples. A user's own file has the same form.

>>> convention("ufldl").translation.rules[0].base
'W'
>>> "bishop" in names()
True
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from symnet import tables
from symnet.errors import SymnetError
from symnet.paper.books.rules import Phrase, Rule, Translation, phrase, rule
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read

FOLDER = Path(__file__).resolve().parents[2] / "conventions"
KEYS = frozenset({
    "name", "source", "functions", "first", "last", "closed", "bias", "iterations", "units",
    "right_to_left", "equations", "entrywise", "samples", "examples", "count",
    "total", "sets", "row_slopes",
})  # fmt: skip
TABLES = frozenset({"convention", "symbols", "samples", "declared", "phrases"})
SAMPLES = ("columns", "rows")


@dataclass(frozen=True, slots=True, eq=False)
class Convention:
    """A book's notation: how it is turned into Nielsen's, and what else is its habit.

    `units` are letters for neurons with the layer, relative to a free one, that they count by
    habit where layers are not printed; `samples` says how a batch is laid out, `examples` are
    letters for one example and `count` says how many there are; `total` says what the cost of all
    examples is, and `sets` are names for units that a unit feeds, or for those of the last layer.
    Where what a page says leaves it open how a symbol is meant, `otherwise` is the other way.
    """

    name: str
    source: str = ""
    translation: Translation = field(default_factory=Translation)
    units: Mapping[str, int] = field(default_factory=dict)
    iterations: frozenset[str] = frozenset()
    entrywise: frozenset[str] = frozenset()
    absorbed_bias: bool = False
    samples: str = ""
    total: str = ""
    examples: frozenset[str] = frozenset()
    count: str = ""
    equations: tuple[str, ...] = ()
    sets: frozenset[str] = frozenset()
    otherwise: "Convention | None" = None
    opposite: "Convention | None" = None  # δ of the other sign, where a page does not say which


def names() -> tuple[str, ...]:
    """The conventions that come with symnet."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml") if _is_layered(path)))


def _is_layered(path: Path) -> bool:
    return "symbols" in tables.loads(path.read_text("utf-8")) or path.stem == "nielsen"


@lru_cache(maxsize=64)
def convention(name: str) -> Convention:
    """A convention by its name, or by the path of a file. Raises SymnetError."""
    if name in names():
        path = FOLDER / f"{name}.toml"
    elif name.endswith(".toml"):
        path = Path(name)
    else:
        known = ", ".join(names())
        raise SymnetError(f"the convention {name!r} is not known; known are {known}, or a file")
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise SymnetError(f"{name} cannot be read: {why}") from None
    return from_toml(text, name)


def from_toml(text: str, name: str = "convention") -> Convention:
    """A convention from the text of its file. Raises SymnetError that says what is wrong."""
    try:
        data = tables.loads(text)
    except tables.TableError as error:
        raise SymnetError(f"{name}: {error}") from None
    head = data.get("convention", {})
    symbols = data.get("symbols", {})
    if not isinstance(head, dict) or not isinstance(symbols, dict):
        raise SymnetError(f"{name}: [convention] and [symbols] are tables")
    strange = sorted(set(head) - KEYS) + sorted(set(data) - TABLES)
    if strange:
        raise SymnetError(
            f"{name}: {strange[0]!r} is not known; known are {', '.join(sorted(KEYS))}"
        )
    translation = Translation(
        _rules(symbols, name),
        frozenset(_texts(head, "functions", name)),
        _whole(head, "first", 1, name),
        tuple(_spelled(x) for x in _texts(head, "last", name)),
        bool(head.get("closed", False)),
        frozenset(_texts(head, "iterations", name)),
        bool(head.get("right_to_left", False)),
        phrases=_phrases(data.get("phrases", {}), name),
        row_slopes=bool(head.get("row_slopes", False)),
        of_samples=_rules(data.get("samples", {}), name),
    )
    if head.get("samples", "") not in ("", *SAMPLES):
        raise SymnetError(f"{name}: samples are laid out as {' or '.join(SAMPLES)}")
    return Convention(
        str(head.get("name", name)),
        str(head.get("source", "")),
        translation,
        {_spelled(k): _whole(head["units"], k, 0, name) for k in head.get("units", {})},
        frozenset(_texts(head, "iterations", name)),
        frozenset(_texts(head, "entrywise", name)),
        head.get("bias") == "absorbed",
        str(head.get("samples", "")),
        str(head.get("total", "")),
        frozenset(_texts(head, "examples", name)),
        str(head.get("count", "")),
        tuple(_texts(head, "equations", name)),
        frozenset(_texts(head, "sets", name)),
    )


def _rules(symbols: Mapping[str, Any], name: str) -> tuple[Rule, ...]:
    rules = []
    for key, meaning in symbols.items():
        try:
            rules.append(rule(key, str(meaning)))
        except (SymnetError, ValueError) as error:
            raise SymnetError(f"{name}: {key} = {meaning}: {error}") from None
    return tuple(rules)


def _phrases(table: Any, name: str) -> tuple[Phrase, ...]:
    if not isinstance(table, dict):
        raise SymnetError(f"{name}: [phrases] is a table")
    found = []
    for key, meaning in table.items():
        try:
            found.append(phrase(key, str(meaning)))
        except (SymnetError, ValueError) as error:
            raise SymnetError(f"{name}: {key} = {meaning}: {error}") from None
    return tuple(found)


def _texts(head: Mapping[str, Any], key: str, name: str) -> list[str]:
    found = head.get(key, [])
    if not isinstance(found, list) or not all(isinstance(x, str) for x in found):
        raise SymnetError(f"{name}: {key} is a list of texts")
    return found


def _whole(head: Mapping[str, Any], key: str, default: int, name: str) -> int:
    found = head.get(key, default)
    if type(found) is not int:
        raise SymnetError(f"{name}: {key} is a whole number")
    return found


def _spelled(text: str) -> str:
    (node,) = read(text).statements
    return s.spell(node)
