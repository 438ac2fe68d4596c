"""The command line: what each command prints, its exit codes, and what it says of bad input.

Nothing here waits for a proof: that is replaced by one that trusts the rules, but for one command.
"""

import io
import os
import re
import shlex
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from test_pipeline import trusting

import symnet
from symnet import cli, pipeline
from symnet.backends import fast
from symnet.calculus import proof
from symnet.network.architecture import Network
from symnet.network.functions import ACTIVATIONS, COSTS
from symnet.network.optimizers import OPTIMIZERS, Training
from symnet.program import passes

ROOT = Path(__file__).parent.parent

COMMANDS = (
    *("derive", "prove", "check-certificate", "verify", "lint", "generate", "show", "demo"),
    *("samples", "backends", "completion"),
)


@pytest.fixture(scope="module", autouse=True)
def _no_waiting() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proof, "prove", trusting)
        patch.setattr(pipeline, "prove", trusting)
        yield


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Run:
    """A command run in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def go(*arguments: object, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        capfdbinary.readouterr()
        with pytest.raises(SystemExit) as exit_:
            cli.main([str(argument) for argument in arguments])
        shown = capfdbinary.readouterr()
        found = Ran(int(exit_.value.code or 0), shown.out.decode(), shown.err.decode())
        assert "Traceback" not in found.err + found.out
        assert "\x1b" not in found.out + found.err, "colours belong on a terminal"
        return found

    return go


# --- what commands print -------------------------------------------------------------------------


def test_derive(run: Run) -> None:
    found = run("derive", "2-3-1")
    assert (found.code, found.err) == (0, "")
    assert found.out.startswith("Backpropagation for 2-3-1\n====")
    assert "∎ δˡ = (Wˡ⁺¹)ᵀ δˡ⁺¹ ⊙ σ'(zˡ)" in found.out
    latex = run("derive", "2-3-1", "--format", "latex").out
    assert latex.startswith("\\documentclass")
    assert latex.endswith("\\end{document}\n")


def test_prove(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    found = run("prove", "1-1")
    assert (found.code, found.err) == (0, "")
    assert found.out.startswith("1-1, cost quadratic\n  proved  BP1  l = 2")
    assert found.out.count("proved  BP") == 3


def test_a_file_that_is_something_else_is_said_to_be(run: Run, tmp_path: Path) -> None:
    (tmp_path / "net.tml").write_text("[network]\ninputs = 3\n", encoding="utf-8")
    found = run("prove", "net.tml")
    assert (found.code, found.err) == (
        2,
        "symnet: net.tml: a file of layers has the ending .toml\n",
    )
    found = run("check-certificate", "net.tml")
    assert found.code == 2
    assert "no JSON, line 1 column 2\nsymnet prove NET --certificate FILE writes one" in found.err


def test_a_network_may_be_longer_than_the_name_of_a_file(run: Run) -> None:
    net = "-".join(["3", *["4:tanh"] * 40, "2:softmax"])
    found = run("show", net, "--after", "lower")
    assert (found.code, found.err) == (0, "")
    assert "w42[n42,n41]" in found.out


def test_a_certificate_says_what_it_takes_for_granted(run: Run) -> None:
    own = ("--activation", "z**3 + z", "--cost", "(a - y)**4")
    for network, given in (
        (("2-3-1",), []),
        (("2-3-2:softmax",), ["the y of a sample add up to 1"]),
        (("2-3-1", *own), ["custom = z**3 + z", "cost custom = (a - y)**4 of each output"]),
    ):
        run("prove", *network, "--certificate", "proof.json")
        found = run("check-certificate", "proof.json")
        lines = [x for x in found.out.splitlines() if x.startswith("  given")]
        assert (found.code, lines) == (0, [f"  given     {each}" for each in given])


def test_generate_prints_or_writes_the_same(run: Run, tmp_path: Path) -> None:
    printed = run("generate", "2-1", "--dtype", "float32")
    assert (printed.code, printed.err) == (0, "")
    assert "Made by: symnet generate 2-1 --dtype float32\n" in printed.out
    written = run("generate", "2-1", "--dtype", "float32", "-o", "trainer.py")
    assert (written.code, written.out, written.err) == (0, "", "")
    assert (tmp_path / "trainer.py").read_bytes() == printed.out.encode()


def test_show(run: Run) -> None:
    found = run("show", "2-1")
    assert (found.code, found.err) == (0, "")
    stages = re.findall(r"^── (\w+)", found.out, re.MULTILINE)
    taken = fast.pipeline(Network("2-1"), Training(OPTIMIZERS["sgd"]), "numpy")
    assert stages == ["lower", *(rewrite.__name__ for rewrite in (*passes.PIPELINE, *taken))]
    assert "── lower: one sample, no pass yet\n" in found.out
    for stage in stages:
        alone = run("show", "2-1", "--after", stage).out
        assert re.findall(r"^── (\w+)", alone, re.MULTILINE) == [stage]
        assert alone.rstrip() in found.out
    assert set(stages) < set(pipeline.STAGES)
    refused = run("show", "2-1", "--after", "accumulate")
    assert refused.code == 2
    assert "accumulate has no part in such a trainer" in refused.err
    assert "── accumulate: " in run("show", "2-1", "--after", "accumulate", "--blas", "scipy").out


def test_show_what_a_step_costs(run: Run) -> None:
    """--cost alone asks for it, with a name it is the cost of the network."""
    plain = run("show", "5-4-3", "--cost").out
    assert "calls" in plain
    assert plain == run("show", "--cost", "5-4-3").out
    named = run("show", "5-4-3", "--cost", "huber", "--cost", "--batch", "50")
    assert (named.code, "50 samples" in named.out) == (0, True)
    assert "huber" not in run("show", "5-4-3", "--cost", "huber", "--after", "lower").err
    formula = run("show", "--cost", "2*(a - y)**2", "5-4-3", "--after", "lower")
    assert (formula.code, "program for 5-4-3" in formula.out) == (0, True)
    assert run("show", "5-n-3", "--cost").code == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("2-3-1",), "scalar style, which makes no arrays"),
        (("2-3-1", "--optimizer", "adamw"), "scalar style, which makes no arrays"),
        (("2-3-1", "--clip-norm", "1"), "array style, as the trainer clips gradients."),
        (("2-3-1", "--blas", "scipy"), "array style, as the trainer asks for the BLAS of SciPy."),
        (("2-3-1", "--dtype", "float32"), "array style, as the trainer computes in float32"),
        (("20-30-2",), "array style."),
    ],
)
def test_the_style_that_show_names_is_that_of_the_trainer(
    run: Run, options: tuple[str, ...], said: str
) -> None:
    for table in ("--cost", "--memory"):
        assert f"\n\nStyle auto is the {said}" in run("show", *options, table).out
    scalar = "def _scalar():" in run("generate", *options).out
    assert scalar is said.startswith("scalar")


def test_show_where_arrays_lie(run: Run) -> None:
    found = run("show", "5-4-3", "--memory", "--optimizer", "adam", "--dtype", "float32").out
    words = {line.split()[0]: line.split()[1] for line in found.splitlines() if line}
    assert words["theta"] == words["gradient"] == words["m1"] == words["s"] == "39"
    assert int(words["together"]) == 4 * 39 + int(words["block"])
    assert run("show", "5-n-3", "--memory").code == 2


def test_backends(run: Run) -> None:
    assert run("backends").out == "numpy     numpy/trainer.py.jinja\n"


def test_version(run: Run) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = run("--version")
    assert (found.code, found.out) == (0, f"symnet {project['version']}\n")
    assert symnet.__version__ == project["version"]


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_lists_every_command_whole(run: Run, flag: str) -> None:
    found = run(flag)
    assert found.code == 0
    for command in COMMANDS:
        (line,) = re.findall(rf"^  {command} +(.*)$", found.out, re.MULTILINE)
        assert line.endswith("."), f"cut short: {line}"
    assert list(cli.cli.commands) == list(COMMANDS)
    assert "symnet generate 64-30-10:softmax -o trainer.py" in found.out


def examples(text: str) -> list[str]:
    """The lines of a help text that can be typed, each with the comment behind it."""
    return re.findall(r"^ +((?:symnet|python|echo|eval) .*)$", text, re.MULTILINE)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_each_help_has_examples_that_run(run: Run, tmp_path: Path, command: str) -> None:
    """From top to bottom in one folder, as they are printed."""
    found = run(*command.split(), "--help")
    assert (found.code, found.err) == (0, "")
    assert found.out.startswith(f"Usage: symnet {command}".rstrip() + " ")
    shown = examples(found.out)
    assert any(line.startswith(f"symnet {command}") for line in shown)
    (tmp_path / "claims.jsonl").write_text('{"latex": "z = z"}\n', encoding="utf-8")
    (tmp_path / "notes").mkdir()
    for note in ("chapter.tex", "notes/chapter.md"):
        (tmp_path / note).write_text("$z^l = W^l a^{l-1} + b^l$\n", encoding="utf-8")
    for line in shown:
        words = shlex.split(line, comments=True)
        if words[0] == "symnet" and words[1] in ("demo", "samples"):
            continue  # tests/test_demo.py and tests/test_samples.py
        if words[0] == "symnet":
            ran = run(*words[1:])
            # verify is shown wrong formulas, too: 1 is a verdict, 2 would be a mistake of ours.
            assert ran.code <= (words[1] == "verify"), line
            assert not ran.code or ran.err == "", line
        elif words[0] == "python":
            (tmp_path / "data.csv").write_text(table(tmp_path / "trainer.py"), encoding="utf-8")
            trained = start(*words[1:], cwd=tmp_path)
            _, err = trained.communicate(timeout=60)
            assert trained.returncode == 0, f"{line}\n{err.decode()}"
        else:
            assert command == "completion", f"tests/test_completion.py does not run {line}"


def table(trainer: Path) -> str:
    """A few samples that a trainer can be trained with, a label or numbers in the last columns."""
    network = re.search(r'^NETWORK = "(.*)"$', trainer.read_text(encoding="utf-8"), re.MULTILINE)
    assert network
    inputs, *_, last = network[1].split("-")
    size, activation = last.split(":")
    outputs = 1 if activation == "softmax" else int(size)
    rows = ([0.1 * row] * int(inputs) + [row % int(size)] * outputs for row in range(20))
    return "".join(",".join(map(str, row)) + "\n" for row in rows)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_a_terminal_and_leaves_nothing_unsaid(run: Run, command: str) -> None:
    text = run(*command.split(), "--help").out
    assert max(map(len, text.splitlines())) <= 80
    for line in examples(text):
        assert "  # " in line, f"what does it do? {line}"
    known = cli.cli.commands[command] if command else cli.cli
    for parameter in known.params:
        assert isinstance(parameter, cli.click.Argument) or getattr(parameter, "help", None), (
            f"{command} {parameter.opts[-1]} is not explained"
        )


def test_help_names_what_can_be_chosen(run: Run) -> None:
    text = run("prove", "--help").out
    for name in (*ACTIVATIONS, *COSTS):
        assert re.search(rf"\b{name}\b", text), name


def test_without_a_command_there_is_help(run: Run) -> None:
    found = run()
    assert found.code == 2
    assert "Usage: symnet" in found.out + found.err


# --- bad input -----------------------------------------------------------------------------------

# Arguments, what is said, and the place under the caret, if there is one.
BAD = [
    (["prove", "--", "2--3"], "expected a width", 2),
    (["prove", "2-3-"], "expected a width", 4),
    (["prove", "--", "-2-3"], "expected a width", 0),
    (["prove", "2-x1"], "expected a width", 2),
    (["prove", "2 3"], "expected a width", 1),
    (["prove", "2-3:"], "expected", 4),
    (["prove", "2-3.5"], "expected a width", 3),
    (["prove", "2-1e3"], "expected a width", 3),
    (["prove", "2-٣"], "expected a width", 2),
    (["prove", ""], "", None),
    (["prove", "2"], "at least an input and an output", 1),
    (["prove", "2-0"], "at least 1", 2),
    (["prove", "0-2"], "at least 1", 0),
    (["prove", "2-" + "9" * 50], "at most", 2),
    (["prove", "2:relu-3"], "the input layer has no activation", 0),
    (["prove", "2-3:rleu"], "unknown activation 'rleu'; did you mean 'relu'?", 4),
    (["prove", "2-3:os.system"], "expected", 6),
    (["prove", "2-1:softmax"], "a single neuron", 2),
    (["prove", "2-3", "--activation", "swish"], "unknown activation 'swish'", None),
    (["prove", "2-3", "--cost", "qudratic"], "did you mean 'quadratic'?", None),
    (["generate", "2-3:tanh", "--cost", "cross_entropy"], "takes the logarithm of", None),
    (["generate", "2-3:identity", "--cost", "log_likelihood"], "takes the logarithm of a", None),
    (["generate", "2-3", "--optimizer", "adm"], "unknown optimizer 'adm'", None),
    (["generate", "2-3", "--dtype", "float16"], "did you mean 'float64'?", None),
    (["generate", "2-3", "--backend", "fortran"], "unknown backend 'fortran'", None),
    (["generate", "n-3", "--style", "scalar"], "takes widths from its data", None),
    (["show", "2-3", "--optimizer", "adm"], "unknown optimizer 'adm'", None),
    (["show", "2-3", "--after", "over_bach"], "did you mean 'over_batch'?", None),
    (["derive", "2-3", "--format", "pdf"], "'pdf' is not one of", None),
    (["derive"], "Missing argument 'NET'. Give a network, such as 784-30-10.", None),
    (["derive", "2-3", "page.txt"], "unexpected extra argument (page.txt)\n", None),
    (["derive", "2-3", "4"], "unexpected extra argument (4); did you mean '2-3-4'?", None),
    (["derive", "2", "-", "3", "-", "1"], "(- 3 - 1); did you mean '2-3-1'?", None),
    (["prove", "2,", "3,", "1", "--cost", "quadratic"], "unexpected extra argument", None),
    (["generate", "-2-3-1"], "did you mean '2-3-1'?", None),
    (["prove", "2-3", "--cots", "quadratic"], "Did you mean", None),
    (["prove", "2–3–1"], "expected a width", 1),
    (["prove", "2 - 3 - 1"], "did you mean '2-3-1'?", 1),
    (["derive", "2-3", "--bogus"], "No such option", None),
    (["deriv", "2-3"], "No such command 'deriv'. Did you mean 'derive'?", None),
    (["gen", "2-3"], "No such command 'gen'. Did you mean 'generate'?", None),
    (["Prove", "2-3"], "Did you mean 'prove'?", None),
    (["2-3-1"], "No such command '2-3-1'. There are derive, prove, check-certificate", None),
    (["completion", "bsh"], "'bsh' is not one of 'bash', 'zsh', 'fish'", None),
    (["generate", "2-3", "-o", "no/x"], "There is no folder 'no'; make it first.", None),
    (["samples", "--folder", "file"], "is a file", None),
    (["samples", "--folder", "no/such/place"], "No such file or directory", None),
    (["demo", "--folder", "file"], "is a file", None),
]


@pytest.mark.parametrize(
    ("arguments", "words", "place"), BAD, ids=[" ".join(row[0])[:60] for row in BAD]
)
def test_bad_input_is_one_clear_message(
    run: Run, tmp_path: Path, arguments: list[str], words: str, place: int | None
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    found = run(*arguments)
    assert found.code == 2
    assert found.out == ""
    assert words in found.err
    assert len(found.err.splitlines()) <= 6
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    if place is not None:
        message, shown, caret, *hint = found.err.splitlines()
        assert all(re.fullmatch("did you mean '.*'[?]", line) for line in hint)
        assert re.search(r", column \d+:$", message)
        assert message.startswith("symnet: ")
        assert shown[4:] == next(a for a in arguments if shown[4:] == a)
        assert caret.index("^") == 4 + place


@pytest.mark.parametrize("command", ["derive", "generate"])
@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("no/such/folder/x", "no folder 'no/such/folder'"),
        (".", "is a directory"),
        ("folder", "is a directory"),
        ("file/x", "no folder 'file'"),
        ("/proc/symnet", "/proc/symnet: "),
        ("x" * 300, "x: "),
    ],
)
def test_where_nothing_can_be_written(
    run: Run, tmp_path: Path, command: str, output: str, words: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("kept", encoding="utf-8")
    found = run(command, "1-1", "-o", output)
    assert (found.code, found.out) == (2, "")
    assert words in found.err
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder"]
    assert (tmp_path / "file").read_text(encoding="utf-8") == "kept"


def test_a_folder_that_may_not_be_written(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is named, not the temporary one that could not be made."""

    def refused(**_: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path / ".x.abcdef"))

    monkeypatch.setattr(tempfile, "mkstemp", refused)
    found = run("derive", "1-1", "-o", "x")
    assert (found.code, found.out) == (2, "")
    assert found.err == "symnet: x: Permission denied\n"


# --- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("failing", ["replace", "chmod", "fdopen"])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    file = tmp_path / "page.txt"
    file.write_text("old", encoding="utf-8")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cli.os, failing, full)
    found = run("derive", "1-1", "-o", file)
    monkeypatch.undo()
    assert found.code == 2
    assert found.err == f"symnet: {file}: No space left on device\n"
    assert file.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["page.txt"]


def test_an_interrupted_write_leaves_the_old_file_too(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "page.txt").write_text("old", encoding="utf-8")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.os, "replace", interrupted)
    assert run("derive", "1-1", "-o", "page.txt").code == 130
    assert [path.name for path in tmp_path.iterdir()] == ["page.txt"]
    assert (tmp_path / "page.txt").read_text(encoding="utf-8") == "old"


def test_a_file_is_written_over_with_its_mode_kept(run: Run, tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        assert run("derive", "1-1", "-o", "new.txt").code == 0
        assert stat.S_IMODE((tmp_path / "new.txt").stat().st_mode) == 0o640
        (tmp_path / "new.txt").chmod(0o755)
        assert run("derive", "2-1", "-o", "new.txt").code == 0
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "new.txt").stat().st_mode) == 0o755
    assert (tmp_path / "new.txt").read_text("utf-8").startswith("Backpropagation for 2-1")


def test_a_link_stays_a_link(run: Run, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/page.txt").write_text("old", encoding="utf-8")
    (tmp_path / "link.txt").symlink_to("real/page.txt")
    assert run("derive", "1-1", "-o", "link.txt").code == 0
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real/page.txt").read_text("utf-8").startswith("Backpropagation")


def test_a_pipe_is_written_to_and_not_replaced(run: Run, tmp_path: Path) -> None:
    """So is /dev/stdout, and /dev/null stays what it is."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    assert run("derive", "1-1", "-o", pipe).code == 0
    reader.join(10)
    assert got[0].startswith("Backpropagation for 1-1")
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_dash_is_standard_output(run: Run, tmp_path: Path) -> None:
    assert run("derive", "1-1", "-o", "-").out == run("derive", "1-1").out
    assert list(tmp_path.iterdir()) == []


# --- standard input ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [b"2-1", b"2-1\n", b"\xef\xbb\xbf2-1\r\n", b"  2-1  \n\n", b"\r\n2-1"],
    ids=ascii,
)
def test_a_network_from_standard_input(run: Run, given: bytes) -> None:
    found = run("derive", "-", stdin=given)
    assert found.code == 0
    assert found.out == run("derive", "2-1").out


@pytest.mark.parametrize(
    "given",
    [b"", b"\n", b"2-\xe9", b"\xff\xfe2\x00", b"2-3\n4-1", b"2-\x1b[31m3", b"\0"],
    ids=ascii,
)
def test_bad_standard_input(run: Run, given: bytes) -> None:
    found = run("prove", "-", stdin=given)
    assert found.code == 2
    assert found.err.startswith(("symnet: expected a width", "symnet: a network has no NUL"))


# --- as a program --------------------------------------------------------------------------------


def start(*arguments: str, environment: dict[str, str] | None = None, **settings: Any) -> Any:
    command = [sys.executable, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, env=environment, **{**pipes, **settings})


def test_as_a_module(tmp_path: Path) -> None:
    program = start("-m", "symnet", "--version", cwd=tmp_path)
    out, err = program.communicate(timeout=60)
    assert (program.returncode, out, err) == (0, f"symnet {symnet.__version__}\n".encode(), b"")


def test_a_closed_pipe_is_no_error() -> None:
    """As in `symnet derive 784-30-10 | head -1`, where head has gone before derive writes."""
    program = start("-m", "symnet", "derive", "784-30-10")
    program.stdout.close()
    with program:
        assert program.stderr.read() == b""
        assert program.wait(timeout=60) == 1


def test_a_narrow_terminal_encoding_is_no_error() -> None:
    program = start(
        "-m", "symnet", "derive", "1-1", environment={"PYTHONIOENCODING": "latin-1"}
    )  # fmt: skip
    out, err = program.communicate(timeout=60)
    assert (program.returncode, err) == (0, b"")
    assert "∂C/∂wⱼₖˡ" in out.decode("utf-8")


WAITING = """
import sys, time
from symnet import cli
def wait(module):
    print("ready", flush=True)
    time.sleep(60)
cli._load = wait
cli.main(["prove", "2-3"])
"""


def test_ctrl_c_ends_it_without_a_traceback() -> None:
    program = start("-c", WAITING)
    assert program.stdout.readline() == b"ready\n"
    program.send_signal(signal.SIGINT)
    _, err = program.communicate(timeout=60)  # which closes the pipes
    assert program.returncode == 130
    assert err.strip() == b""


def test_ctrl_c_at_any_time(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_load", interrupted)
    found = run("generate", "2-3")
    assert (found.code, found.out, found.err.strip()) == (130, "", "")
