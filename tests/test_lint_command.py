"""`symnet lint` and `symnet.lint` as people use them: words in, exit codes, reports, files out."""

import codecs
import io
import json
import os
import pickle
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

import symnet
from symnet import cli, linter
from symnet.notes import judging
from symnet.notes.findings import RULES

ROOT = Path(__file__).parent.parent
DATA = Path(__file__).parent / "data"
SAMPLES = Path(__file__).parent / "notes"

FORWARD = r"z^l = W^l a^{l-1} + b^l"
BACKWARD = r"\delta^l = ((W^{l+1})^T \delta^{l+1}) \odot \sigma'(z^l)"
WRONG = r"\delta^l = (W^{l+1} \delta^{l+1}) \odot \sigma'(z^l)"
UNFIT = r"\frac{\partial C}{\partial W^l} = \delta^l (a^l)^T"
CLEAN = f"# Backpropagation\n\n$${FORWARD}$$\n\n$${BACKWARD}$$\n"
NOTE = f"# Backpropagation\n\n$${FORWARD}$$\n\n$${WRONG}$$\n"
OBSCURE = CLEAN + "\n$\\qux{\\delta^l} = \\frac{\\partial C}{\\partial b^l}$\n"
AMBIGUOUS = f"$${FORWARD}$$\n\n$$\\delta^l = (W^{{l+1}})^T \\delta^{{l+1}} \\odot \\sigma'(z^l)$$\n"
UNUSED = f"{CLEAN}\n<!-- symnet: ignore[refuted] no reason -->\n$b^l = b^l$\n"


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    stdout: bytes
    err: str

    @property
    def out(self) -> str:
        return self.stdout.decode()


Lint = Callable[..., Ran]


@pytest.fixture
def lint(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Lint:
    """`symnet lint` with words, run in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def go(*words: object, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        capfdbinary.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main(["lint", *map(str, words)])
        shown = capfdbinary.readouterr()
        found = Ran(int(ended.value.code or 0), shown.out, shown.err.decode())
        assert "Traceback" not in found.err
        assert b"\x1b" not in found.stdout, "colours belong on a terminal"
        return found

    return go


def put(**files: str | bytes) -> None:
    """Files in the folder of the moment; in names __ stands for a dot."""
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        Path(name.replace("__", ".")).write_bytes(data)


def heads(text: str) -> list[str]:
    """The first line of each finding in a report for a terminal."""
    return [line for line in text.splitlines() if re.match(r"[^ :]+:\d+:\d+: ", line)]


# --- exit codes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words", "code"),
    [
        (CLEAN, (), 0),
        ("No formula at all.\n", (), 0),
        ("", (), 0),
        (AMBIGUOUS, (), 0),  # a note
        (UNUSED, (), 0),  # a warning
        (NOTE, (), 1),
        (NOTE, ("--ignore", "ill-formed"), 0),
        (NOTE, ("--select", "refuted"), 0),
        (NOTE, ("--select", "refuted", "--select", "ill-formed"), 1),
        (NOTE, ("--diff",), 1),
        (NOTE, ("--fix",), 0),  # nothing is left
        (OBSCURE, (), 0),
        (OBSCURE, ("--require-coverage", "0.6"), 0),
        (OBSCURE, ("--require-coverage", "0.9"), 1),
        (OBSCURE, ("--require-coverage", "90%"), 1),
        (CLEAN, ("--require-coverage", "1"), 0),
    ],
)
def test_exit_codes(lint: Lint, content: str, words: tuple[str, ...], code: int) -> None:
    put(note__md=content)
    assert lint("note.md", *words).code == code


def test_coverage_that_is_too_small_is_said_in_words(lint: Lint) -> None:
    put(note__md=OBSCURE)
    found = lint("note.md", "--require-coverage", "0.9")
    assert "symnet: 66.7 % of the equations about a network are understood, and 90 %" in found.err
    assert "2 of 3 equations about the network understood (66 %)" in found.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Give a note, such as chapter.tex, a folder, or -."),
        (("missing.tex",), "missing.tex: no such file or folder"),
        (("note.md", "missing.tex"), "missing.tex: no such file or folder"),
        (("empty",), "empty: no notes there\nNotes end in .tex"),
        (("*.rst",), "*.rst: no notes there"),
        (("z^l = W^l a^l",), "symnet verify takes one"),
        (("binary.md",), "binary.md: a binary file, no text"),
        (("paper.pdf",), "paper.pdf: a PDF, no text\nGive its source"),
        (("damaged.ipynb",), "damaged.ipynb"),
        (("note.md", "--convention", "nielson"), "did you mean nielsen?"),
        (("note.md", "--convention", "mine.toml"), "mine.toml"),
        (("note.md", "--select", "refutd"), "there is no rule 'refutd'; did you mean refuted?"),
        (("note.md", "--ignore", "E501"), "`symnet lint --rules` lists them"),
        (("note.md", "--fix", "--diff"), "--diff shows what --fix would do"),
        (("note.md", "--diff", "--format", "json"), "--diff prints a difference and no json"),
        (("note.md", "--format", "pdf"), "'pdf' is not one of"),
        (("note.md", "--jobs", "0"), "0 is not in the range"),
        (("note.md", "--require-coverage", "2"), "2.0 is not in the range"),
        (("note.md", "--require-coverage", "much"), "number such as 0.9 or 90%"),
        (("note.md", "--baseline", "none.json"), "none.json: no such file\n--write-baseline"),
        (("note.md", "--baseline", "note.md"), "note.md: this is no JSON"),
        (("note.md", "-o", "none/report.txt"), "none"),
        (("a\0b\x1b",), "a�b�: no such file or folder"),
        (("note.md", "--fixx"), "Did you mean '--fix'?"),
    ],
)
def test_wrong_usage_is_2_and_says_what_would_be_right(
    lint: Lint, words: tuple[str, ...], said: str
) -> None:
    put(note__md=NOTE, binary__md=b"\x00\x01\x02", paper__pdf=b"%PDF-1.4", damaged__ipynb='{"ce')
    Path("empty").mkdir()
    found = lint(*words)
    assert found.code == 2
    assert said in found.err
    assert Path("note.md").read_text(encoding="utf-8") == NOTE


def test_a_note_that_cannot_be_read_does_not_hide_the_others(lint: Lint) -> None:
    put(a__md=NOTE, b__md=b"%PDF-1.4", c__ipynb="{", d__md=NOTE)
    found = lint(".")
    assert found.code == 2
    assert [line.split(":")[0] for line in heads(found.out)] == ["a.md", "d.md"]
    assert "symnet: b.md: a PDF, no text" in found.err
    assert "symnet: c.ipynb" in found.err


def test_rules_are_listed_without_a_note(lint: Lint) -> None:
    found = lint("--rules")
    assert found.code == 0
    assert [line.split()[:2] for line in found.out.splitlines()] == [
        [name, level] for name, (level, _) in RULES.items()
    ]


# --- every format, read back ----------------------------------------------------------------------


def test_text(lint: Lint) -> None:
    put(note__md=NOTE)
    found = lint("note.md")
    assert found.err == ""
    assert found.out.splitlines()[:4] == [
        "note.md:5:15: error ill-formed these shapes cannot be multiplied:"
        " n_l+1 × n_l and n_l+1 × 1",
        f"    $${WRONG}$$",
        "                  ^^^^^^^",
        f"    help: this would hold: {WRONG.replace('W^{l+1}', '(W^{l+1})^T')}",
    ]
    assert "1 proved repair can be written with --fix." in found.out


def test_json_is_one_document_with_the_fields_of_the_interface(lint: Lint) -> None:
    put(a__md=NOTE, b__md=CLEAN)
    found = lint("a.md", "b.md", "--format", "json")
    assert (found.code, found.err) == (1, "")
    data = json.loads(found.out)
    assert [document["path"] for document in data["documents"]] == ["a.md", "b.md"]
    (said,) = data["findings"]
    assert said["rule"] == "ill-formed"
    assert (said["level"], said["file"], said["line"], said["column"]) == ("error", "a.md", 5, 15)
    assert said["verdict"] == "ill-formed"
    assert "(W^{l+1})^T" in said["suggestion"]
    assert data["coverage"] == 1
    assert data["summary"] == {"errors": 1, "warnings": 0, "notes": 0}
    assert {each["role"] for each in data["documents"][0]["equations"]} == {"definition", "claim"}


def test_sarif_keeps_to_its_schema(lint: Lint) -> None:
    put(a__md=NOTE)
    found = lint("a.md", "--format", "sarif")
    data = json.loads(found.out)
    schema = json.loads((DATA / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(schema).validate(data)
    (result,) = data["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert (result["ruleId"], result["level"]) == ("ill-formed", "error")
    assert place["artifactLocation"]["uri"] == "a.md"
    assert place["region"]["startLine"] == 5
    assert data["runs"][0]["tool"]["driver"]["version"] == symnet.__version__


def test_annotations_of_github(lint: Lint) -> None:
    put(a__md=NOTE)
    found = lint("a.md", "--format", "github")
    lines = [line for line in found.out.splitlines() if line.startswith("::")]
    assert len(lines) == 1
    assert lines[0].startswith("::error ")
    for part in ("file=a.md", "line=5", "col=15", "ill-formed"):
        assert part in lines[0]


class Tags(HTMLParser):
    """The tags of a page, and what they load."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loaded: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loaded += [value for name, value in attrs if name in ("src", "srcset", "data")]


def test_html_is_one_page_that_loads_nothing(lint: Lint) -> None:
    put(a__md=NOTE)
    found = lint("a.md", "--format", "html", "-o", "page.html")
    assert (found.code, found.out) == (1, "")
    page = Path("page.html").read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(page)
    assert "math" in tags.tags
    assert not {"script", "link", "iframe", "object", "embed"} & set(tags.tags)
    assert not tags.loaded
    assert "these shapes cannot be multiplied" in page


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github", "html"])
def test_an_output_file_holds_what_would_be_printed(lint: Lint, form: str) -> None:
    put(a__md=NOTE)
    printed = lint("a.md", "--format", form).stdout
    lint("a.md", "--format", form, "-o", "report")
    assert Path("report").read_bytes() == printed
    assert printed.endswith(b"\n") or not printed


# --- what is linted -------------------------------------------------------------------------------

TEX = (
    "\\documentclass{article}\n\\begin{document}\n\\[" + FORWARD + "\\]\n"
    "\\begin{equation}\n" + WRONG + "\n\\end{equation}\n\\end{document}\n"
)
PAGE = (
    f"<!doctype html>\n<html><body>\n<p>\\({FORWARD}\\)</p>\n"
    f"<p>\\[{WRONG.replace(chr(39), '&#39;')}\\]</p></body></html>\n"
)
NOTEBOOK = json.dumps(
    {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {"cell_type": "markdown", "id": "a", "metadata": {}, "source": [NOTE]},
            {
                "cell_type": "code",
                "id": "b",
                "metadata": {},
                "source": ["# $W = 1$"],
                "outputs": [],
                "execution_count": None,
            },
        ],
    }
)
KINDS = {"md": NOTE, "tex": TEX, "html": PAGE, "ipynb": NOTEBOOK, "txt": NOTE, "rst": NOTE}


@pytest.mark.parametrize("kind", ["md", "tex", "html", "ipynb", "txt"])
def test_standard_input_tells_its_kind_by_what_it_says(lint: Lint, kind: str) -> None:
    found = lint("-", stdin=KINDS[kind].encode())
    assert found.code == 1
    (head,) = heads(found.out)
    assert head.startswith("<stdin>:")
    assert "error ill-formed" in head


@pytest.mark.parametrize("kind", ["md", "tex", "html", "ipynb", "txt"])
def test_standard_input_goes_through_fix(lint: Lint, kind: str) -> None:
    found = lint("-", "--fix", stdin=KINDS[kind].encode())
    assert found.code == 0
    mended = found.out
    assert len(mended) == len(KINDS[kind]) + len("()^T")
    assert "(W^{l+1})^T" in mended
    assert "Nothing to report" in found.err
    shown = lint("-", "--diff", stdin=KINDS[kind].encode())
    assert shown.code == 1
    assert shown.out.startswith("--- <stdin>\n+++ <stdin>\n@@ ")


def test_standard_input_beside_files(lint: Lint) -> None:
    put(a__md=NOTE)
    found = lint("-", "a.md", stdin=NOTE.encode())
    assert [head.split(":")[0] for head in heads(found.out)] == ["<stdin>", "a.md"]
    found = lint("-", "a.md", "--fix", stdin=NOTE.encode())
    assert found.out == Path("a.md").read_text(encoding="utf-8") != NOTE


def test_files_folders_and_patterns_each_once(lint: Lint) -> None:
    Path("notes/deep").mkdir(parents=True)
    Path("notes/.hidden").mkdir()
    for name in ("notes/a.md", "notes/b.txt", "notes/deep/c.tex", "notes/.hidden/d.md", "e.md"):
        Path(name).write_text(NOTE if not name.endswith("tex") else TEX, encoding="utf-8")
    Path("notes/code.py").write_text("'''$$" + WRONG + "$$'''", encoding="utf-8")

    def linted(*words: str) -> list[str]:
        data = json.loads(lint(*words, "--format", "json").out)
        return [document["path"] for document in data["documents"]]

    assert linted("notes") == ["notes/a.md", "notes/b.txt", "notes/deep/c.tex"]
    assert linted("notes", "notes/a.md", "./notes/a.md") == linted("notes")
    assert linted("notes/*.md", "*.md") == ["e.md", "notes/a.md"]
    assert linted("**/*.tex") == ["notes/deep/c.tex"]
    assert linted("notes/.hidden/d.md") == ["notes/.hidden/d.md"]
    assert linted("notes/code.py") == ["notes/code.py"]  # who is named is read


def test_what_latex_inputs_is_linted_once_in_its_own_file(lint: Lint) -> None:
    shown = TEX.replace("\\end{document}", "\\input{part}\n\\end{document}")
    put(main__tex=shown.replace(WRONG, BACKWARD), part__tex=f"\\[{WRONG}\\]\n")
    for words in (("main.tex",), (".",)):
        (head,) = heads(lint(*words).out)
        assert head.startswith("part.tex:1:")
    found = lint("main.tex", "--fix")
    assert found.code == 0
    assert "(W^{l+1})^T" in Path("part.tex").read_text(encoding="utf-8")


ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "utf-8": lambda text: text.encode(),
    "crlf": lambda text: text.replace("\n", "\r\n").encode(),
    "cr": lambda text: text.replace("\n", "\r").encode(),
    "bom": lambda text: codecs.BOM_UTF8 + text.encode(),
    "latin-1": lambda text: text.encode("latin-1"),
    "utf-16-le": lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
    "utf-16-be": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_is_read_and_kept_by_fix(lint: Lint, encoding: str) -> None:
    encoded = ENCODINGS[encoding]
    text = "Fünf für alle\n\n" + NOTE
    put(a__md=encoded(text))
    found = lint("a.md")
    (head,) = heads(found.out)
    assert head.startswith("a.md:7:15: error ill-formed")
    assert lint("a.md", "--fix").code == 0
    assert Path("a.md").read_bytes() == encoded(
        text.replace("W^{l+1} \\delta", "(W^{l+1})^T \\delta")
    )


# --- repairs --------------------------------------------------------------------------------------


def test_fix_then_clean(lint: Lint) -> None:
    put(a__md=NOTE, b__md=NOTE, c__md=CLEAN)
    found = lint(".", "--fix")
    assert found.code == 0
    assert found.err == "symnet: 2 repairs written into 2 files\n"
    assert "Nothing to report in 3 documents" in found.out
    assert Path("c.md").read_text(encoding="utf-8") == CLEAN
    again = lint(".", "--fix")
    assert again.err == "symnet: nothing to repair: no finding has a repair that is proved\n"


def test_fix_leaves_alone_what_is_ignored(lint: Lint) -> None:
    put(a__md=NOTE)
    lint("a.md", "--fix", "--ignore", "ill-formed")
    assert Path("a.md").read_text(encoding="utf-8") == NOTE


def test_diff_changes_nothing_and_patch_accepts_it(lint: Lint) -> None:
    if shutil.which("patch") is None:
        pytest.skip("patch is not installed")
    names = ("a.md", "b.tex", "c.html", "d.ipynb")
    for name in names:
        Path(name).write_text(KINDS[name.split(".")[1]], encoding="utf-8")
    found = lint(".", "--diff")
    assert [Path(name).read_text("utf-8") for name in names] == [
        KINDS[name.split(".")[1]] for name in names
    ]
    subprocess.run(["patch", "-p0", "--quiet"], input=found.stdout, check=True, timeout=60)
    patched = [Path(name).read_bytes() for name in names]
    for name in names:
        Path(name).write_text(KINDS[name.split(".")[1]], encoding="utf-8")
    assert lint(".", "--fix").code == 0
    assert patched == [Path(name).read_bytes() for name in names]


# --- what is not to be told -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "comment"),
    [
        ("a.md", "<!-- symnet: ignore[ill-formed] as in the book -->\n"),
        ("a.md", "<!-- symnet: ignore as in the book -->\n"),
        ("a.tex", "% symnet: ignore[ill-formed] as in the book\n"),
        ("a.html", "<!-- symnet: ignore[ill-formed] as in the book -->\n"),
    ],
)
def test_a_comment_suppresses_what_follows(lint: Lint, name: str, comment: str) -> None:
    text = KINDS[name.split(".")[1]]
    opening = {"md": f"$${WRONG}", "tex": "\\begin{equation}", "html": "<p>\\["}[name.split(".")[1]]
    Path(name).write_text(text.replace(opening, comment + opening), encoding="utf-8")
    found = lint(name)
    assert (found.code, heads(found.out)) == (0, [])


def test_a_comment_that_nothing_answers_to_is_told(lint: Lint) -> None:
    put(a__md=UNUSED)
    (head,) = heads(lint("a.md").out)
    assert "warning unused-suppression nothing is found here by the rule 'refuted'" in head


def test_a_baseline_is_written_and_used(lint: Lint) -> None:
    put(a__md=NOTE)
    found = lint("a.md", "--write-baseline", "known.json")
    assert found.code == 1
    assert found.err == "symnet: 1 finding written into known.json\n"
    assert lint("a.md", "--baseline", "known.json").code == 0
    put(a__md="Above it a line.\n\n" + NOTE + f"\n$${UNFIT}$$\n")
    found = lint("a.md", "--baseline", "known.json")
    (head,) = heads(found.out)
    assert (found.code, head.split(":")[1]) == (1, "9")


def test_a_baseline_of_the_settings_can_begin_and_be_written_anew(lint: Lint) -> None:
    put(a__md=NOTE, symnet__toml='[lint]\nbaseline = "known.json"\n')
    assert lint("a.md").code == 2
    for _ in range(2):  # the second one loses nothing that the first one knew
        assert lint("a.md", "--write-baseline", "known.json").code == 1
        assert lint("a.md").code == 0


@pytest.mark.parametrize(
    ("name", "head"), [("symnet.toml", "[lint]"), ("pyproject.toml", "[tool.symnet.lint]")]
)
def test_settings_are_found_upward(lint: Lint, name: str, head: str) -> None:
    Path("book/one").mkdir(parents=True)
    Path("book/drafts").mkdir()
    for note in ("book/one/a.md", "book/one/old.md", "book/drafts/b.md"):
        Path(note).write_text(NOTE, encoding="utf-8")
    Path(name).write_text(
        f'{head}\nexclude = ["drafts"]\n'
        'per-file-ignores = { "book/one/old.md" = ["ill-formed"] }\n',
        encoding="utf-8",
    )
    for words in (("book",), ("book/one", "book/drafts")):
        found = lint(*words)
        assert [line.split(":")[0] for line in heads(found.out)] == ["book/one/a.md"]
    assert lint("book/one/old.md").code == 0
    assert lint("book/drafts/b.md").code == 1  # who is named is read
    Path(name).write_text(f'{head}\nignore = ["ill-formed"]\n', encoding="utf-8")
    assert lint("book").code == 0
    Path(name).write_text(f'{head}\nselect = ["refuted"]\n', encoding="utf-8")
    assert lint("book").code == 0
    assert lint("book", "--select", "ill-formed").code == 1  # an option is above the settings
    Path(name).write_text(f"{head}\nrequire-coverage = 1.0\n", encoding="utf-8")
    Path("book/one/a.md").write_text(OBSCURE, encoding="utf-8")
    assert lint("book/one/a.md").code == 1
    Path(name).write_text(f'{head}\nselekt = ["refuted"]\n', encoding="utf-8")
    found = lint("book")
    assert found.code == 2
    assert f"{name}, line 2: unknown key 'selekt'; did you mean 'select'?" in found.err


def test_a_convention_of_the_settings_and_of_the_options(lint: Lint) -> None:
    note = f"$$z^l = (W^l)^T a^{{l-1}} + b^l$$\n$${WRONG}$$\n"
    put(a__md=note, symnet__toml='[lint]\nconvention = "input-by-output"\n')
    assert lint("a.md").code == 0
    assert lint("a.md", "--convention", "nielsen").code == 1


def test_a_convention_of_ones_own_lies_beside_the_settings(lint: Lint) -> None:
    Path("book").mkdir()
    Path("book/a.md").write_text(NOTE, encoding="utf-8")
    shutil.copy(ROOT / "symnet/conventions/input-by-output.toml", "book/mine.toml")
    Path("book/symnet.toml").write_text('[lint]\nconvention = "mine.toml"\n', encoding="utf-8")
    found = lint("book/a.md")
    assert [head.split(":")[1] for head in heads(found.out)] == ["3"]  # here W z is wrong, Wδ right
    Path("book/mine.toml").unlink()
    found = lint("book/a.md")
    assert (found.code, "book/mine.toml" in found.err) == (2, True)


# --- processes, the cache, terminals --------------------------------------------------------------


def start(*words: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **variables}
    return subprocess.run(
        [sys.executable, "-m", "symnet", "lint", *words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        timeout=300,
    )


def test_two_processes_say_the_same_as_one(tmp_path: Path) -> None:
    many = [
        rf"$$\frac{{\partial C}}{{\partial b^{{{i}}}}} = \delta^{{{i}}}$$" for i in range(2, 16)
    ]
    (tmp_path / "a.md").write_text("\n\n".join([NOTE, *many]), encoding="utf-8")
    words = ("a.md", "--no-cache", "--format", "sarif")
    one, two = (start(*words, "--jobs", jobs, cwd=tmp_path) for jobs in ("1", "2"))
    assert (one.returncode, one.stderr) == (1, b"")
    assert (two.returncode, two.stdout, two.stderr) == (one.returncode, one.stdout, one.stderr)


def test_what_was_judged_is_not_judged_again(
    lint: Lint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str] = []
    genuine = judging.verdict

    def counted(text: str, *rest: Any) -> Any:
        asked.append(text)
        return genuine(text, *rest)

    monkeypatch.setenv("SYMNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(linter, "verdict", counted)
    linter._cache.cache_clear()
    try:
        put(a__md=NOTE)
        first = lint("a.md")
        assert asked
        judged = len(asked)
        assert lint("a.md").stdout == first.stdout
        assert len(asked) == judged
        put(a__md="More above.\n\n" + NOTE)  # the lines move, the equations do not change
        lint("a.md")
        assert len(asked) == judged
        put(a__md=NOTE + "\n$$\\frac{\\partial C}{\\partial b^l} = \\delta^l$$\n")
        lint("a.md")
        assert len(asked) > judged
        put(a__md=NOTE)
        judged = len(asked)
        assert lint("a.md", "--no-cache").stdout == first.stdout
        assert len(asked) > judged
    finally:
        linter._cache.cache_clear()


def test_a_cache_that_cannot_be_written_is_done_without(
    lint: Lint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "a.md").write_text(NOTE, encoding="utf-8")
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "verdicts.sqlite").write_bytes(b"no data base" * 100)
    plain = lint("a.md", "--no-cache")
    for cache in ("file", "broken"):
        monkeypatch.setenv("SYMNET_CACHE", str(tmp_path / cache))
        linter._cache.cache_clear()
        assert lint("a.md") == plain
    linter._cache.cache_clear()


def on_a_terminal(cwd: Path, *words: str, **variables: str) -> str:
    """All that a terminal shows of the command."""
    ours, theirs = pty.openpty()
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "TERM": "xterm", **variables}
    with subprocess.Popen(
        [sys.executable, "-m", "symnet", "lint", *words],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # Linux: the other end is closed
                break
            if not part:
                break
            shown += part
        process.wait(timeout=300)
    os.close(ours)
    return shown.decode()


def test_progress_and_colours_on_a_terminal_silence_in_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(NOTE, encoding="utf-8")
    shown = on_a_terminal(tmp_path, "a.md", "--no-cache")
    assert "lint a.md" in shown
    assert "\x1b[31m\x1b[1merror" in shown
    assert ": error ill-formed" in on_a_terminal(tmp_path, "a.md", NO_COLOR="1")
    piped = start("a.md", cwd=tmp_path)
    assert piped.stderr == b""
    assert b"\x1b" not in piped.stdout


# --- what is said of it elsewhere -----------------------------------------------------------------


def test_the_page_on_lint_has_all_rules() -> None:
    page = (ROOT / "docs" / "lint.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \| (\w+) \| (.+) \|$", page, re.MULTILINE)
    assert rows == [(name, level, what) for name, (level, what) in RULES.items()]


def test_the_hook_of_pre_commit_is_a_command(lint: Lint) -> None:
    text = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    lines = [re.fullmatch(r"(?:- |  )([a-z_]+): (.+)", line) for line in text.splitlines()]
    hook = {match[1]: match[2] for match in lines if match}
    assert len(hook) == len(lines), "a hook of one line a key"
    assert (hook["id"], hook["language"]) == ("symnet-lint", "python")
    assert hook["types_or"] == "[tex, markdown, jupyter, html, rst]"
    program, command, *words = hook["entry"].split()
    assert (program, command) == ("symnet", "lint")
    put(a__md=NOTE, b__md=CLEAN)
    assert lint(*words, "a.md", "b.md").code == 1  # pre-commit gives the files


# --- from Python ----------------------------------------------------------------------------------


def test_lint_takes_a_path_a_list_or_a_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    put(a__md=NOTE, b__md=CLEAN)
    several: list[str | Path] = [Path("a.md"), "b.md"]
    ways: tuple[Any, ...] = ("a.md", Path("a.md"), ["a.md"], several, ".", "*.md", NOTE)
    for notes in ways:
        (said,) = symnet.lint(notes).findings
        assert (said.rule, said.level, said.line, said.column) == ("ill-formed", "error", 5, 15)
        assert said.file == ("<stdin>" if notes == NOTE else "a.md")
        assert said.message.startswith("these shapes cannot be multiplied")
        assert said.verdict == "ill-formed"
        assert said.suggestion is not None
        assert "(W^{l+1})^T" in said.suggestion
    report = symnet.lint(["a.md", "b.md"])
    assert [note.document.path for note in report.notes] == ["a.md", "b.md"]
    assert report.coverage == 1
    bad: tuple[Any, ...] = ("missing.md", [], Path("empty.md"), "a\0b")
    for wrong in bad:
        with pytest.raises(symnet.SymnetError):
            symnet.lint(wrong)
    with pytest.raises(symnet.SymnetError, match="nielsen"):
        symnet.lint("a.md", "nielson")


def test_a_report_can_be_sent_to_another_process() -> None:
    report = symnet.lint(NOTE)
    again = pickle.loads(pickle.dumps(report))
    assert again == report
    assert [x.record for x in again.findings] == [x.record for x in report.findings]


# --- the lecture note -----------------------------------------------------------------------------

MISPRINTED = {30, 65, 67, 69, 74, 87, 91, 131, 133}
CORRECT = {35, 39, 41, 45, 49, 51, 55, 57, 61, 97, 101, 113, 115, 121, 123}
WITHOUT_BRACKETS = {109, 129}


def test_the_lecture_note() -> None:
    report = symnet.lint(DATA / "ch3_4_neural_networks.txt")
    lines: dict[str, set[int]] = {"error": set(), "warning": set(), "note": set()}
    for each in report.findings:
        lines[each.level].add(each.line)
    assert lines["error"] | lines["warning"] == MISPRINTED
    assert lines["note"] == WITHOUT_BRACKETS
    rules = {(each.line, each.rule) for each in report.findings}
    assert rules >= {
        (30, "example"), (65, "ill-formed"), (74, "ill-formed"), (87, "wrong-range"),
        (91, "output-for-input"), (91, "undeclared-index"), (109, "ambiguous-product"),
        (131, "layer-as-iteration"), (131, "symbol-change"), (133, "layer-as-iteration"),
    }  # fmt: skip
    known = {line for line in CORRECT if line in {x.line for x in report.findings}}
    assert not known
    assert report.coverage >= 0.9


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_ends_it_in_silence(tmp_path: Path, jobs: str) -> None:
    """Many wrong lines take minutes; the note stays as it was."""
    lines = [rf"$$\delta^{{{n}}} = W^{{{n}}} \delta^{{{n + 1}}} + {n}$$" for n in range(3, 900)]
    note = tmp_path / "long.md"
    note.write_text("\n\n".join(lines), encoding="utf-8")
    before = note.read_bytes()
    command = [sys.executable, "-m", "symnet", "lint", str(note), "--fix", "--jobs", jobs]
    environment = {**os.environ, "SYMNET_CACHE": str(tmp_path / "cache")}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
        start_new_session=True,
    ) as program:  # fmt: skip
        cache = tmp_path / "cache" / "verdicts.sqlite"
        while not cache.exists() and program.poll() is None:
            time.sleep(0.1)  # from here on it judges
        time.sleep(1)
        os.killpg(program.pid, signal.SIGINT)
        said, complaint = program.communicate(timeout=120)
    assert program.returncode == 130, complaint
    assert said == b""
    assert b"Traceback" not in complaint
    assert note.read_bytes() == before


def test_what_is_included_and_not_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "main").mkdir()
    (tmp_path / "outside.tex").write_text(r"$$z^l = W^l a^l + b^l$$", encoding="utf-8")
    (tmp_path / "main" / "inside.tex").write_text(r"$$a^l = \sigma(z^l)$$", encoding="utf-8")
    text = "$$z^l = W^l a^{l-1} + b^l$$\n\\input{inside}\n\\input{../outside}\n\\include{none}\n"
    file = tmp_path / "main" / "note.tex"
    file.write_text(text, encoding="utf-8")
    report = symnet.lint(file, cached=False)
    found = [(x.rule, x.level, x.line) for x in report.findings]
    assert found == [("not-read", "note", 3), ("not-read", "note", 4)]
    assert "../outside" in report.findings[0].message
