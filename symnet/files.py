"""Files that are afterwards their old self or complete.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     file = Path(folder, "note.md")
...     replace(file, b"whole")
...     file.read_bytes()
b'whole'
"""

import contextlib
import os
import tempfile
from pathlib import Path


def replace(file: Path, content: bytes) -> None:
    """Gives a file a new content, all of it or nothing; the file need not exist."""
    handle, part = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        # A temporary file is private; the finished one is as open as its old self or any other.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(part, file.stat().st_mode if file.exists() else 0o666 & ~mask)
        os.replace(part, file)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise
