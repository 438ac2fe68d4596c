"""Completion by Tab: what a shell asks symnet, what it is told, and that a real bash is content."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from symnet import cli, pipeline
from symnet.network.functions import ACTIVATIONS, COSTS
from symnet.network.optimizers import OPTIMIZERS
from symnet.pipeline import BACKENDS, DTYPES

ROOT = Path(__file__).parent.parent
SHELLS = ("bash", "zsh", "fish")
STAGES = [*pipeline.STAGES]

Complete = Callable[..., list[tuple[str, str]]]


def asked(shell: str, words: tuple[str, ...]) -> dict[str, str]:
    """The variables in which a shell's script tells what was typed; Tab is pressed at its end."""
    place = words[-1] if shell == "fish" else str(len(words) - 1)
    line = " ".join(words)
    return {"_SYMNET_COMPLETE": f"{shell}_complete", "COMP_WORDS": line, "COMP_CWORD": place}


def answered(shell: str, text: str) -> list[tuple[str, str]]:
    """(kind, word) for each completion, in the form of that shell."""
    lines = text.strip("\n").splitlines()
    if shell == "zsh":  # three lines each, the third a description
        return list(zip(lines[::3], lines[1::3], strict=True))
    pairs = (line.partition("\t")[0].split(",") for line in lines)
    return [(kind, word) for kind, word in pairs]


@pytest.fixture
def complete(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Complete:
    """What a shell is told, by a command line that runs in this process."""

    def go(*words: str, shell: str = "bash") -> list[tuple[str, str]]:
        with monkeypatch.context() as patch:
            for name, value in asked(shell, ("symnet", *words)).items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as exit_:
                cli.main([])
        out, err = capfd.readouterr()
        assert (exit_.value.code, err) == (0, "")
        return answered(shell, out)

    return go


COMPLETED = [
    (("",), [*cli.cli.commands]),
    (("de",), ["derive", "demo"]),
    (("x",), []),
    (("--v",), ["--version"]),
    (("prove", "--"), ["--activation", "--cost", "--json", "--certificate", "--help"]),
    (("prove", "2-3:relu-1", "--c"), ["--cost", "--certificate"]),
    (("prove", "--activation", ""), [*ACTIVATIONS]),
    (
        ("prove", "--activation", "s"),
        ["sigmoid", "selu", "softplus", "softsign", "silu", "softmax"],
    ),
    (("generate", "2-3", "--cost", ""), [*COSTS]),
    (("generate", "2-3", "--cost", "log"), ["log_cosh", "log_likelihood"]),
    (("generate", "--optimizer", ""), [*OPTIMIZERS]),
    (("show", "--optimizer", ""), [*OPTIMIZERS]),
    (("generate", "--dtype", ""), [*DTYPES]),
    (("generate", "--backend", ""), [*BACKENDS]),
    (("show", "2-3", "--after", ""), STAGES),
    (("show", "2-3", "--after", "over"), ["over_batch"]),
    (("derive", "--format", "la"), ["latex"]),
    (("completion", ""), [*SHELLS]),
    (("prove", "2-3"), []),  # a network: nothing to choose from, and no file either
]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("words", "expected"), COMPLETED, ids=lambda x: "_".join(x)[:40])
def test_words_are_completed(
    complete: Complete, shell: str, words: tuple[str, ...], expected: list[str]
) -> None:
    assert complete(*words, shell=shell) == [("plain", word) for word in expected]


def test_every_option_that_takes_a_name_completes_it(complete: Complete) -> None:
    """An option that is added later is no exception."""
    for name, command in cli.cli.commands.items():
        for option in command.params:
            if option.metavar in ("NAME", "PASS"):
                assert complete(name, option.opts[-1], ""), f"{name} {option.opts[-1]}"


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("derive", "2-3", "-o", ""), "file"),
        (("generate", "2-3", "--output", "t"), "file"),
        (("demo", "--folder", ""), "dir"),
        (("samples", "--folder", ""), "dir"),
    ],
)
def test_files_and_folders_are_left_to_the_shell(
    complete: Complete, words: tuple[str, ...], kind: str
) -> None:
    assert complete(*words) == [(kind, words[-1])]


def test_nothing_heavy_is_loaded_until_a_name_is_wanted() -> None:
    program = """\
import sys
from symnet import cli
try:
    cli.main([])
finally:
    print("heavy:", sorted({"sympy", "numpy", "jinja2"} & sys.modules.keys()))
"""
    for words in (("symnet", "pr"), ("symnet", "prove", "--"), ("symnet", "prove", "2-3")):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, **asked("bash", words), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert "heavy: []" in done.stdout, done.stdout + done.stderr


# --- in a shell ----------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a program symnet in it, and the folder that fish makes."""
    program = tmp_path / "bin" / "symnet"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m symnet "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    (tmp_path / ".config" / "fish").mkdir(parents=True)
    return tmp_path


def bash(home: Path, script: str) -> str:
    shell = shutil.which("bash")
    if shell is None:
        pytest.skip("there is no bash")
    done = subprocess.run(
        [shell, "--norc", "-c", script],
        env={
            "HOME": str(home),
            "PATH": f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PYTHONUTF8": "1",
        },
        cwd=home,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout


def tab(*words: str) -> str:
    """What bash does when Tab is pressed behind these words: it calls the function it was given."""
    typed = " ".join(map(shlex.quote, words))
    return f"""
function=$(complete -p symnet | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; COMPREPLY=()
$function symnet
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.mark.parametrize("shell", SHELLS)
def test_the_command_prints_the_script_of_the_shell(home: Path, shell: str) -> None:
    printed = bash(home, f"symnet completion {shell}")
    assert printed.rstrip() == bash(home, f"_SYMNET_COMPLETE={shell}_source symnet").rstrip()
    assert f"_SYMNET_COMPLETE={shell}_complete" in printed
    assert str(home) not in printed


def test_bash_completes_after_the_line_of_the_help(home: Path) -> None:
    """A network is cut at each : before symnet sees it."""
    text = bash(home, "symnet completion --help")
    once, *always = re.findall(r"^ +((?:eval|echo) .*)$", text, re.MULTILINE)
    assert len(always) == len(SHELLS)
    assert bash(home, once + tab("symnet", "der")) == "derive\n"
    for line in always:
        assert bash(home, line) == ""
    written = {str(f.relative_to(home)) for f in home.rglob(".*rc")} | {".config/fish/config.fish"}
    assert written == {".bashrc", ".zshrc", ".config/fish/config.fish"}
    assert "symnet completion fish" in (home / ".config/fish/config.fish").read_text("utf-8")
    for words, expected in (
        (("symnet", "der"), "derive"),
        (("symnet", "prove", "2-3", ":", "relu", "--co"), "--cost"),
        (("symnet", "prove", "2-3", ":", "relu", "--activation", "softm"), "softmax"),
    ):
        assert bash(home, "source ~/.bashrc" + tab(*words)) == f"{expected}\n"
