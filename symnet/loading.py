"""What is imported only when it is needed, so that `symnet --help` is quick."""

import importlib
from typing import Any


def load(module: str) -> Any:
    """A module of symnet by its name below `symnet`."""
    return importlib.import_module(f"symnet.{module}")


def load_whole(name: str) -> Any:
    """Any module by its whole name."""
    return importlib.import_module(name)
