"""README.md and docs/ say what is true: their commands run, and print what is shown.

Each page runs in one empty folder, from top to bottom:

- In a ```console or ```bash block a line `$ command` is run and must exit with 0, or with n if it
  ends in `# exit n`. Lines `> more` after it, or after a backslash, belong to the command. A bash
  block without `$` holds commands alone.
- What follows a command is its output (standard error included), complete. `...` or `…` alone on a
  line stands for any lines, inside a line for any text. Nothing shown, nothing compared.
- What no two runs agree on is not compared: seconds, rates per second, and numbers below 1e-6,
  which are rounding errors.
- Commands of TOOLS are not run, since they install or test a checkout; targets of `make` must
  exist.
- A ```python block runs as a doctest if it has a prompt, else as it stands; the blocks of a page
  share their names.
"""

import contextlib
import difflib
import doctest
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TOOLS = {"git", "cd", "pip", "pipx", "uvx", "source", ".", "pytest", "ruff", "mypy", ".ci/run"}

UNSTEADY = [
    (re.compile(r" *\b\d[\d,.]*(e[-+]?\d+)? ?(s|ms|µs|seconds)\b"), " <time>"),
    (re.compile(r" *\b\d[\d,.]*[kM]? ?(\w+/s)\b"), r" <rate> \1"),
    (re.compile(r" *\b\d(\.\d+)?e-(0[7-9]|[1-9]\d)\b"), " <tiny>"),
]
DOTS = re.compile(r"\.\.\.|…")


@dataclass(frozen=True)
class Block:
    """A fenced block: the page's line where it begins, its language and its text."""

    line: int
    language: str
    text: str


@dataclass(frozen=True)
class Command:
    """One command, the output shown for it, and the exit code it announces."""

    text: str
    shown: str = ""
    code: int = 0


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a page that this test knows how to run, in order."""
    fence = re.compile(r"^( *)(`{3,})(\w+)[^\n]*\n(.*?)^\1\2 *$", re.MULTILINE | re.DOTALL)
    for match in fence.finditer(page):
        line = page.count("\n", 0, match.start()) + 1
        # Another name for the same would hide a block from this test.
        assert match[3] not in {"sh", "shell", "py", "pycon"}, f"line {line}: console, bash, python"
        if match[3] in {"console", "bash", "python"}:
            text = re.sub(rf"^{match[1]}", "", match[4], flags=re.MULTILINE)
            yield Block(line, match[3], text)


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console or bash block, each with what is shown below it."""
    lines = block.text.splitlines()
    bare = block.language == "bash" and not any(line.startswith("$ ") for line in lines)
    found: list[tuple[list[str], list[str]]] = []
    for line in lines:
        command, shown = found[-1] if found else ([""], [])
        if not shown and (line == ">" or line.startswith("> ") or command[-1].endswith("\\")):
            command.append(line.removeprefix(">").removeprefix(" "))
        elif bare and (not line.strip() or line.startswith("#")):
            continue
        elif bare or line.startswith("$ "):
            found.append(([line.removeprefix("$ ")], []))
        else:
            assert found, f"line {block.line}: output before any command: {line}"
            shown.append(line)
    for command, shown in found:
        text = "\n".join(command)
        announced = re.search(r"# exit (\d+)$", text)
        yield Command(text, "\n".join(shown), int(announced[1]) if announced else 0)


def normal(output: str) -> list[str]:
    """Lines without what varies from run to run; no blanks at line ends, no blank lines around."""
    for pattern, name in UNSTEADY:
        output = pattern.sub(name, output)
    return [line.rstrip() for line in output.strip("\n").splitlines()]


def agrees(shown: str, output: str) -> bool:
    """Is the output what is shown, with dots for what was left out?"""
    pattern = ""
    for line in normal(shown):
        if line.strip() in {"...", "…"}:
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*".join(re.escape(part) for part in DOTS.split(line)) + r"\n"
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in normal(output))) is not None


def make_targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([\w-]+):(?!=)", makefile, re.MULTILINE))


def run(command: Command, folder: Path, environment: dict[str, str]) -> str:
    """What is wrong with one command of a page; nothing if all is well."""
    words = command.text.partition("#")[0].split()
    if words[0] == "make":
        targets = {word for word in words[1:] if "=" not in word and not word.startswith("-")}
        unknown = sorted(targets - make_targets())
        return f"no target of the Makefile: {', '.join(unknown)}" if unknown else ""
    if words[0] in TOOLS:
        return ""
    done = subprocess.run(
        ["sh", "-c", command.text],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=300,
    )
    if done.returncode != command.code:
        return f"exit code {done.returncode}, not {command.code}\n{done.stdout}"
    if command.shown.strip() and not agrees(command.shown, done.stdout):
        diff = difflib.unified_diff(
            normal(command.shown), normal(done.stdout), "shown", "printed", lineterm=""
        )
        return "\n".join(diff)
    return ""


def run_python(block: Block, names: dict[str, Any]) -> str:
    """What is wrong with a python block of a page; nothing if all is well."""
    if ">>>" not in block.text:
        exec(compile(block.text, f"<block at line {block.line}>", "exec"), names)
        return ""
    test = doctest.DocTestParser().get_doctest(block.text, names, "block", None, block.line)
    test.globs = names  # not the copy: what one block defines, the next one uses
    told: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(test, out=told.append, clear_globs=False)
    return "".join(told)


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    """As if Python had been started in this folder: it is current, and first in the path."""
    sys.path.insert(0, str(folder))
    with contextlib.chdir(folder):
        try:
            yield
        finally:
            sys.path.remove(str(folder))
            for name, module in list(sys.modules.items()):
                if folder in Path(getattr(module, "__file__", None) or "/").parents:
                    del sys.modules[name]


def run_page(page: str, folder: Path, environment: dict[str, str]) -> list[str]:
    """All that is wrong with a page, each with its line."""
    problems = []
    names: dict[str, Any] = {"__name__": "page"}
    with inside(folder):
        for block in blocks(page):
            if block.language == "python":
                found = [("python", run_python(block, names))]
            else:
                found = [(c.text, run(c, folder, environment)) for c in commands(block)]
            problems += [f"block at line {block.line}: {text}\n{p}" for text, p in found if p]
    return problems


@pytest.fixture
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of a plain terminal in which `symnet` and `python` are those under test."""
    programs = tmp_path_factory.mktemp("bin")
    for name, words in (("symnet", "-m symnet"), ("python", ""), ("python3", "")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        program.chmod(0o755)
    return os.environ | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
        "COLUMNS": "80",
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_page(page: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    problems = run_page(page.read_text(encoding="utf-8"), tmp_path, environment)
    assert not problems, "\n\n".join(["", *problems])


# --- the test tested, on a small page -----------------------------------------------------------

RIGHT = """\
# A page

```console
$ make demo
anything at all
$ git clone somewhere
$ echo one; echo two; echo three >&2
one
...
three
$ echo accuracy 0.97 in 1.25 s, off by 3.1e-11, 12,000 samples/s
accuracy 0.9… in 0.4 s, off by 2e-10, 9,500 samples/s
$ false  # exit 1
$ cat > note.txt <<END
> from
>
> here
> END
$ cat \\
    note.txt
from

here
```

1. In a list:

   ```bash
   # a comment
   cat note.txt | tail -n 1
   echo 'lines = 3' \\
       > poem.py
   ```

```python
from pathlib import Path
text = Path("note.txt").read_text()
```

```python
>>> text
'from\\n\\nhere\\n'
>>> again = text
```

```python
import poem
assert len(again.splitlines()) == poem.lines
```

```text
$ this is not run
```
"""


def test_a_right_page_passes(tmp_path: Path, environment: dict[str, str]) -> None:
    assert run_page(RIGHT, tmp_path, environment) == []
    assert [len(list(commands(b))) for b in blocks(RIGHT) if b.language != "python"] == [7, 2]


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ("```console\n$ false\n```", "exit code 1"),
        ("```console\n$ true  # exit 2\n```", "exit code 0, not 2"),
        ("```console\n$ no-such-program\n```", "exit code 127"),
        ("```console\n$ make coffee\n```", "no target of the Makefile: coffee"),
        ("```console\n$ echo one; echo two\ntwo\n```", "+one"),  # a line left out without dots
        ("```console\n$ echo one; echo two\none\n```", "+two"),
        ("```console\n$ echo one; echo two\ntwo\n...\none\n```", "+one"),  # the other order
        ("```console\n$ echo accuracy 0.85\naccuracy 0.9…\n```", "-accuracy 0.9…"),
        ("```console\n$ echo 2 s\n2 m\n```", "-2 m"),
        ("```python\n>>> 1 + 1\n3\n```", "Expected:\n    3"),
    ],
)
def test_a_wrong_page_fails(
    block: str, problem: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    assert problem in "\n".join(run_page(block + "\n", tmp_path, environment))


def test_a_page_whose_code_raises_fails(tmp_path: Path, environment: dict[str, str]) -> None:
    before = Path.cwd(), list(sys.path)
    with pytest.raises(ZeroDivisionError):
        run_page("```python\n1 / 0\n```\n", tmp_path, environment)
    assert (Path.cwd(), sys.path) == before
