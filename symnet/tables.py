"""TOML that anybody may have written, read within limits that keep reading quick.

>>> loads("[network]\\ninputs = 2\\n")
{'network': {'inputs': 2}}
"""

import re
import tomllib
from typing import Any

from symnet.errors import SymnetError

LONGEST = 1_000_000  # characters
MOST_DOTS = 100  # of a line outside of quotes: the time to read a key grows with their square
GREATEST = 10**400  # a whole number beyond is no float, and Python refuses to print it


class TableError(SymnetError):
    """A text that is no TOML, or too much of it; the message goes on from what the file is."""


def loads(text: str) -> dict[str, Any]:
    """What a TOML text says. Raises TableError."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if len(text) > LONGEST:
        raise TableError(f"{len(text)} characters are too many, a file has up to {LONGEST}")
    for number, line in enumerate(text.split("\n"), 1):
        # Quotes are looked at only where there are dots enough.
        if line.count(".") > MOST_DOTS:
            outside = re.sub(r"\"[^\"]*\"|'[^']*'", "", line)
            if outside.count(".") > MOST_DOTS:
                raise TableError(f"line {number} has more than {MOST_DOTS} dots")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TableError(str(error)) from None
    except RecursionError:
        raise TableError("brackets inside each other") from None
    except ValueError:  # of Python, about a number of thousands of digits
        raise TableError("a number is far too long") from None
    _check_numbers(data)
    return data


def _check_numbers(data: Any) -> None:
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, int) and abs(value) > GREATEST:
            raise TableError("a number is far too long")
        if isinstance(value, dict | list):
            waiting += value.values() if isinstance(value, dict) else value
