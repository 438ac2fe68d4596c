"""Suppressions, the baseline and the settings of `symnet lint`."""

import json
from pathlib import Path

import pytest

from symnet.errors import SymnetError
from symnet.notes import baseline, settings
from symnet.notes.document import Document
from symnet.notes.files import LATEX, MARKDOWN, document_of
from symnet.notes.findings import ERROR, Finding
from symnet.notes.suppressions import applied


def found(document: Document, text: str, rule: str = "refuted") -> Finding:
    source = document.sources[0]
    start = source.visible.index(text)
    return Finding(rule, ERROR, "…", source, start, start + len(text))


def left(note: str, kind: str = MARKDOWN, rule: str = "refuted") -> list[str]:
    document = document_of(note, "n", kind)
    return [each.rule for each in applied((found(document, "a = b", rule),), document)]


# ---- suppressions --------------------------------------------------------------------------------

COVERED = [
    (MARKDOWN, "<!-- symnet: ignore[refuted] known -->\n$a = b$\n"),
    (MARKDOWN, "<!-- symnet: ignore -->\n$$\na = b\n$$\n"),
    (MARKDOWN, "<!-- symnet: ignore -->\n\nA paragraph,\nand more: $a = b$.\n"),
    (MARKDOWN, "Here $a = b$ stands. <!-- symnet: ignore[refuted] -->\n"),
    (MARKDOWN, "<!-- symnet: ignore[refuted, example] -->\n<!-- note -->\n$a = b$ \n"),
    (LATEX, "% symnet: ignore[refuted] known\n\\[\n a = b\n\\]\n"),
    (LATEX, "\\[ a = b \\] % symnet: ignore[refuted]\n"),
    (LATEX, "\\begin{align}\n x &= y \\\\\n a = b \\\\ % symnet: ignore[refuted]\n\\end{align}\n"),
    (LATEX, "% symnet: ignore\n\\begin{equation}\n  a = b\n\\end{equation}\n"),
]


@pytest.mark.parametrize(("kind", "note"), COVERED)
def test_a_comment_covers_what_it_is_about(kind: str, note: str) -> None:
    assert [x for x in left(note, kind) if x == "refuted"] == []


NOT_COVERED = [
    (MARKDOWN, "<!-- symnet: ignore[refuted] -->\nFirst paragraph.\n\n$a = b$\n"),
    (MARKDOWN, "<!-- symnet: ignore[refuted] -->\n$$c = d$$\nthen $a = b$\n"),
    (MARKDOWN, "Text. <!-- symnet: ignore[refuted] -->\n$a = b$\n"),
    (MARKDOWN, "$a = b$\n<!-- symnet: ignore[refuted] -->\n"),
    (MARKDOWN, "<!-- symnet: ignore[example] -->\n$a = b$\n"),
    (LATEX, "\\[ a = b \\]\n% symnet: ignore[refuted]\n"),
]


@pytest.mark.parametrize(("kind", "note"), NOT_COVERED)
def test_a_comment_covers_no_more(kind: str, note: str) -> None:
    assert left(note, kind) == ["refuted", "unused-suppression"]


def test_a_comment_that_names_no_rule_is_told_with_the_near_miss() -> None:
    document = document_of("x\n\n<!-- symnet: ignore[refutd] -->\n$a = b$\n", "n", MARKDOWN)
    (told,) = applied((), document)
    assert (told.rule, told.level, told.line, told.column) == (
        "unused-suppression", "warning", 3, 1,
    )  # fmt: skip
    assert "'refutd'; did you mean 'refuted'" in told.message


def test_of_two_rules_the_one_that_nothing_answers_to_is_told() -> None:
    note = "<!-- symnet: ignore[refuted, example] -->\n$a = b$\n"
    document = document_of(note, "n", MARKDOWN)
    (told,) = applied((found(document, "a = b"),), document)
    assert "'example'" in told.message


def test_without_comments_nothing_changes() -> None:
    document = document_of("$a = b$", "n", MARKDOWN)
    given = (found(document, "a = b"),)
    assert applied(given, document) == given


# ---- the baseline --------------------------------------------------------------------------------


def test_a_baseline_stays_when_lines_are_written_above() -> None:
    before = document_of("$a = b$ and $c = d$", "n", MARKDOWN)
    known = baseline.read(baseline.dumps([found(before, "a = b"), found(before, "c = d")]))
    after = document_of("# More\n\n\n$c\n= d$, then $a  =  b$", "n", MARKDOWN)
    assert baseline.without([found(after, "a  =  b"), found(after, "c\n= d")], known) == ()
    other = found(after, "a  =  b", "ill-formed")
    assert baseline.without([other], known) == (other,)


def test_more_of_the_same_is_new() -> None:
    document = document_of("$a = b$ $a = b$", "n", MARKDOWN)
    one = found(document, "a = b")
    known = baseline.read(baseline.dumps([one]))
    assert baseline.without([one, one], known) == (one,)


def test_the_same_findings_give_the_same_bytes(tmp_path: Path) -> None:
    document = document_of("$a = b$ $δ = d$", "n", MARKDOWN)
    one, other = found(document, "a = b"), found(document, "δ = d")
    text = baseline.dumps([one, other])
    assert text == baseline.dumps([other, one])
    file = tmp_path / "b.json"
    file.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert baseline.without([one, other], baseline.load(file)) == ()


GOOD = {"symnet-baseline": 1, "findings": [{"rule": "refuted", "text": "a=b", "count": 1}]}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "line 1, column 1"),
        ('{"symnet-baseline": 1,\n "findings": [}', "line 2"),
        ("[]", "symnet-baseline"),
        ("3", "symnet-baseline"),
        ("[" * 100000, "baseline"),
        ("1" * 5000, "baseline"),
        (json.dumps({**GOOD, "symnet-baseline": 2}), "version 2"),
        (json.dumps({**GOOD, "findings": {}}), "must be a list"),
        (json.dumps({**GOOD, "findings": [GOOD["findings"], 3]}), "finding 1"),
        (json.dumps({**GOOD, "findings": [{"rule": 1, "text": "", "count": 1}]}), "in quotes"),
        (json.dumps({**GOOD, "findings": [{"rule": "x", "text": "", "count": 0}]}), "count"),
        (json.dumps({**GOOD, "findings": [{"rule": "x", "text": "", "count": True}]}), "count"),
        (b"\xff\xfe\x00", "not UTF-8"),
    ],
    ids=range(13),
)  # fmt: skip
def test_a_damaged_baseline_is_refused_in_words(
    content: str | bytes, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "b.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SymnetError) as caught:
        baseline.load(file)
    assert said in str(caught.value)
    assert "b.json" in str(caught.value)


@pytest.mark.parametrize("name", ["none.json", "", "a\0b"])
def test_a_baseline_that_is_no_file(name: str, tmp_path: Path) -> None:
    with pytest.raises(SymnetError):
        baseline.load(f"{tmp_path}/{name}")


# ---- settings ------------------------------------------------------------------------------------

ALL = """\
convention = "nielsen"
select = ["refuted", "example"]
ignore = ["example"]
exclude = ["drafts/*", "old.md"]
require-coverage = 0.9
jobs = 2
baseline = "b.json"
per-file-ignores = { "week1/*.md" = ["refuted"] }
"""


@pytest.mark.parametrize(
    ("name", "head"), [("symnet.toml", "[lint]\n"), ("pyproject.toml", "[tool.symnet.lint]\n")]
)
def test_all_keys(name: str, head: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(head + ALL)
    (tmp_path / "week1").mkdir()
    read = settings.settings_for(tmp_path / "week1" / "n.md")
    assert read == settings.Settings(
        "nielsen", ("refuted", "example"), ("example",), ("drafts/*", "old.md"), 0.9,
        (("week1/*.md", ("refuted",)),), 2, tmp_path / "b.json", tmp_path,
    )  # fmt: skip
    assert not read.wants("refuted", tmp_path / "week1" / "n.md")
    assert read.wants("refuted", tmp_path / "n.md")
    assert not read.wants("example", tmp_path / "n.md")
    assert not read.wants("meaning", tmp_path / "n.md")
    assert read.excludes(tmp_path / "drafts" / "x.md")
    assert read.excludes(tmp_path / "sub" / "old.md")
    assert not read.excludes(tmp_path / "n.md")


def test_the_nearest_file_counts_and_a_foreign_pyproject_is_passed_over(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "symnet.toml").write_text("[lint]\njobs = 1\n")
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.other]\nx = 1\n# " + "." * 200)
    assert settings.settings_for(inner / "n.md").jobs == 1
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.symnet.lint]\njobs = 2\n")
    assert settings.settings_for(inner / "n.md").jobs == 2
    (tmp_path / "a" / "symnet.toml").write_text("[lint]\njobs = 3\n")
    assert settings.settings_for(inner).jobs == 3


def test_without_a_file_nothing_is_set(tmp_path: Path) -> None:
    assert settings.settings_for(tmp_path / "n.md") == settings.Settings()
    assert settings.settings_for("a\0b") == settings.Settings()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[lint]\njobs = 1\nselekt = []\n", "line 3: unknown key 'selekt'; did you mean 'select'"),
        ("[lint]\nrequire_coverage = 1\n", "line 2: unknown key 'require_coverage'; did you mean"),
        ("[lint]\nselect = 'refuted'\n", "line 2: select must be a list of rules"),
        ("[lint]\n\nignore = ['refute']\n", "line 3: ignore has the unknown rule 'refute'; did"),
        ("[lint]\nrequire-coverage = 90\n", "line 2: require-coverage must be a number from 0 to"),
        ("[lint]\nrequire-coverage = nan\n", "line 2: require-coverage"),
        ("[lint]\njobs = 0\n", "line 2: jobs must be a whole number from 1"),
        ("[lint]\njobs = true\n", "line 2: jobs must be"),
        ("[lint]\nbaseline = 3\n", "line 2: baseline must be"),
        ("[lint]\nexclude = [1]\n", "line 2: exclude must be"),
        ("[lint]\nconvention = ''\n", "line 2: convention must be"),
        ("[lint]\n[lint.per-file-ignores]\n'a' = 3\n", "line 2: per-file-ignores must be"),
        ("lint = 3\n", "lint must be a table"),
        ("[lnt]\n", "line 1: unknown key 'lnt'; did you mean 'lint'"),
        ("x = 1\n[lint]\n", "line 1: unknown key 'x'"),
        ("[lint\n", "no TOML"),
        ("lint.jobs = 0\n", "line 1: jobs must be"),
    ],
)
def test_a_wrong_setting_is_told_with_its_line(text: str, said: str) -> None:
    with pytest.raises(SymnetError) as caught:
        settings.read(text, "symnet.toml")
    assert said in str(caught.value)
    assert "symnet.toml" in str(caught.value)


def test_the_line_in_a_pyproject() -> None:
    text = "[project]\nignore = 1\n\n[tool.symnet.lint]\nignore = 1\n"
    with pytest.raises(SymnetError, match="line 5: ignore must be"):
        settings.read(text, "pyproject.toml")
