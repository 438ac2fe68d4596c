"""What lint prints: text, JSON, SARIF, annotations of GitHub, and files with their repairs."""

import codecs
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st
from notes_by_hand import html_source, linted, notebook_source, report

from symnet.errors import SymnetError
from symnet.notes import github, json_report, repairs, sarif, text_report
from symnet.notes.document import Document
from symnet.notes.findings import (
    DEFINITION,
    ERROR,
    MENTION,
    OTHER,
    RULES,
    Edit,
    Finding,
    Linted,
    Report,
)
from symnet.notes.fingerprints import of_report
from symnet.notes.source import HTML, JSON, Source, lines_alike

DATA = Path(__file__).parent / "data"

NOTE_TEXT = r"""# Backpropagation

The error of the last layer is
$$\delta^L = \nabla_a C \odot \sigma'(z^L)$$
and of the others
$$\delta^l = W^{l+1} \delta^{l+1} \odot \sigma'(z^l)$$
with $\frac{\partial C}{\partial b_j^l} = \delta_j^l$ and, für alle,
$\delta^L = \nabla_a C$; also $E = mc^2$, and $\frac{\partial C}{\partial b^l} = \qux{\delta^l}$.
"""
MENDED = NOTE_TEXT.replace(r"W^{l+1} \delta", r"(W^{l+1})^T \delta").replace(
    r"\nabla_a C$", r"\nabla_a C \odot \sigma'(z^{L})$"
)
ROLES = {"E = mc^2": OTHER}


def sample(path: str = "notes/ch 1.md", text: str = NOTE_TEXT) -> Report:
    return report(linted(path, text, ROLES))


def said(
    text: str, start: int, end: int, message: str = "it fails", path: str = "n.md", **more: Any
) -> Finding:
    source = Source(path, text, text)
    return Finding(more.pop("rule", "refuted"), ERROR, message, source, start, end, **more)


def of(*findings: Finding) -> Report:
    return Report((Linted(Document("n.md", ()), "", (), findings),))


# --- text ----------------------------------------------------------------------------------------


def test_text(golden: Callable[[str, str], None]) -> None:
    golden("lint-report.txt", text_report.text(sample()))


def test_the_summary_counts() -> None:
    one = linted(
        "a.md", "$a^1 = x$ $b$ $c$ $e = f$", {"b": DEFINITION, "c": MENTION, "e = f": OTHER}
    )
    end = text_report.text(report(one, one)).splitlines()[-1]
    assert end == (
        "Nothing to report in 2 documents; 4 of 4 equations about the network understood (100 %);"
        " 2 about something else left alone."
    )


def test_almost_everything_is_not_everything() -> None:
    texts = " ".join(["$a^1 = x$"] * 299 + [r"$\qux{w_{jk}^l} = 1$"])
    assert "299 of 300 equations about the network understood (99 %)" in text_report.text(
        report(linted("a.md", texts))
    )


def test_of_nothing() -> None:
    assert text_report.text(Report(())) == (
        "Nothing to report in 0 documents; no equation about a network.\n"
    )


def test_documents_are_named_by_their_convention() -> None:
    notes = [linted(f"{name}.md", "$a^1 = x$") for name in "abcde"]
    assert "a.md, b.md, c.md and 2 more: read as Nielsen's convention." in text_report.text(
        report(*notes)
    )


def test_colours_are_asked_for() -> None:
    shown = text_report.block(
        said("so a = b", 3, 8, suggestion="a = c"), lambda words, colour: f"<{colour}:{words}>"
    )
    assert shown.splitlines() == [
        "n.md:1:4: <red:error> refuted it fails",
        "    so a = b",
        "       <red:^^^^^>",
        "    <green:help:> this would hold: a = c",
    ]


def lines(finding: Finding) -> list[str]:
    return text_report.block(finding, text_report.plain).splitlines()[1:]


def test_a_long_line_is_cut_to_its_place() -> None:
    text = "x" * 500 + "HERE" + "y" * 500
    shown, under = lines(said(text, 500, 504))
    assert shown.strip().startswith("…x")
    assert shown.endswith("y…")
    assert len(shown) <= 106
    assert shown[under.index("^") : under.rindex("^") + 1] == "HERE"


def test_the_end_of_a_long_line_is_shown_in_full() -> None:
    text = "x" * 500 + "HERE"
    shown, under = lines(said(text, 500, 504))
    assert shown.endswith("xHERE")
    assert len(shown) == 4 + 1 + text_report.WIDEST
    assert under.endswith("^^^^")
    assert len(under) == len(shown)


def test_wide_signs_take_two_cells() -> None:
    assert lines(said("神经a = 神b", 2, 7)) == ["    神经a = 神b", "        ^^^^^^"]
    assert lines(said("e\u0301 = b", 0, 2)) == ["    e\u0301 = b", "    ^"]


@given(st.text(max_size=300), st.integers(0, 300), st.integers(0, 300))
def test_no_text_upsets_the_terminal(text: str, start: int, length: int) -> None:
    start = min(start, len(text))
    end = min(start + length, len(text))
    shown = text_report.block(said(text, start, end, text, path=text), text_report.plain)
    assert all(x == "\n" or x.isprintable() for x in shown)
    assert shown.count("\n") <= 2 * text_report.MOST_LINES + 1


def test_what_a_terminal_obeys_is_made_harmless() -> None:
    shown = text_report.block(
        said("a\x1b[31m\u202e\x9b1m", 0, 3, "m\x07\r\n", path="\x1b]0;n"), text_report.plain
    )
    assert not set(shown) & set("\x1b\x07\r\x9b\u202e")


def test_a_place_of_several_lines() -> None:
    assert lines(said("$$\n  a\n  = b\n$$", 2, 13)) == [
        "      a",
        "      ^",
        "      = b",
        "      ^^^",
    ]
    assert lines(said("\n".join("abcdefgh"), 0, 15))[-1] == "    …"


def test_the_cell_of_a_notebook() -> None:
    source = notebook_source("n.ipynb", ["nothing", r"$\delta^L = \nabla_a C$"])
    head, shown, under, _ = text_report.text(report(linted("n.ipynb", source))).splitlines()[:4]
    assert head.startswith("n.ipynb:14:")
    assert head.endswith("(cell 2)")
    assert shown == r"    $\delta^L = \nabla_a C$"
    assert shown[under.index("^") :].startswith(r"\nabla_a C")


# --- JSON ----------------------------------------------------------------------------------------


def test_json() -> None:
    found = json.loads(json_report.json_text(sample()))
    assert found["summary"] == {"errors": 2, "warnings": 0, "notes": 1}
    assert found["coverage"] == pytest.approx(4 / 5)
    (document,) = found["documents"]
    assert document["path"] == "notes/ch 1.md"
    assert document["findings"] == found["findings"]
    assert [x["role"] for x in document["equations"]] == [*["claim"] * 4, "other", "unread"]
    assert document["equations"][1] | {"verdict": None} == {
        "file": "notes/ch 1.md",
        "line": 6,
        "column": 3,
        "end_line": 6,
        "end_column": 53,
        "latex": r"\delta^l = W^{l+1} \delta^{l+1} \odot \sigma'(z^l)",
        "role": "claim",
        "verdict": None,
    }
    assert document["equations"][1]["verdict"]["verdict"] == "ill-formed"
    assert document["equations"][4]["verdict"] is None


def test_json_of_what_is_no_character() -> None:
    text = json_report.json_text(of(said("\ud800", 0, 1, "\ud800")))
    text.encode("ascii")
    json.loads(text)


# --- SARIF ---------------------------------------------------------------------------------------


def valid(found: Report, root: str = "") -> dict[str, Any]:
    text = sarif.sarif(found, "0.1.0", root)
    schema = json.loads((DATA / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
    jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker()).validate(
        json.loads(text)
    )
    run: dict[str, Any] = json.loads(text)["runs"][0]
    return run


def test_sarif_is_what_its_schema_says() -> None:
    run = valid(sample())
    assert [x["id"] for x in run["tool"]["driver"]["rules"]] == list(RULES)
    first, second, third = run["results"]
    assert first["ruleId"] == "ill-formed"
    assert first["ruleIndex"] == 1
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "notes/ch%201.md", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 6, "startColumn": 14, "endLine": 6, "endColumn": 21},
    }
    assert "fixes" in second
    assert "fixes" not in third
    assert third["level"] == "note"


def test_sarif_of_anything() -> None:
    notebook = linted("n.ipynb", notebook_source("n.ipynb", ["x", r"$\delta^L = \nabla_a C$"]))
    strange = of(
        *(
            said("\ud800\r\n\U0001f600", 0, 4, "[a](javascript:b)", "c:/ä%\ud800\n.md", rule=rule)
            for rule in [*RULES, "something-new"]
        )
    )
    run = valid(Report((*sample().notes, notebook, *strange.notes)))
    assert "](" not in run["results"][-1]["message"]["text"]
    valid(Report(()))


def test_columns_are_code_points() -> None:
    text = "\U0001f600 and \u00e4 $\\delta^L = \\nabla_a C$"
    (result,) = valid(report(linted("a.md", text)))["results"]
    region = result["locations"][0]["physicalLocation"]["region"]
    assert region["startColumn"] == text.index(r"\nabla") + 1


def apply(raw: str, fix: dict[str, Any]) -> str:
    """A fix of SARIF applied to a file as its standard says."""
    starts = [0]
    for line in raw.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    (change,) = fix["artifactChanges"]
    for each in reversed(change["replacements"]):
        region = each["deletedRegion"]
        start = starts[region["startLine"] - 1] + region["startColumn"] - 1
        end = starts[region["endLine"] - 1] + region["endColumn"] - 1
        raw = raw[:start] + each["insertedContent"]["text"] + raw[end:]
    return raw


def test_the_fixes_of_sarif_mend_the_file() -> None:
    text = NOTE_TEXT
    for result in reversed(valid(sample())["results"]):
        for fix in result.get("fixes", []):
            text = apply(text, fix)
    assert text == MENDED


@pytest.mark.parametrize(
    ("path", "root", "uri"),
    [
        ("a/b.md", "", "a/b.md"),
        ("./a/../b.md", "", "b.md"),
        ("/home/me/a.md", "/home/me", "a.md"),
        ("/home/me/a.md", "/home/me/", "a.md"),
        ("/home/mean/a.md", "/home/me", "file:///home/mean/a.md"),
        ("ä #?.md", "", "%C3%A4%20%23%3F.md"),
        ("a:b.md", "", "a%3Ab.md"),
        ("<stdin>", "", "%3Cstdin%3E"),
    ],
)
def test_addresses(path: str, root: str, uri: str) -> None:
    (result,) = valid(of(said("a", 0, 1, path=path)), root)["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_fingerprints_stay_when_lines_move() -> None:
    old = of_report(sample())
    assert len(set(old)) == len(old)
    assert of_report(sample(text="More.\n\n$$x = 3$$\n\n" + NOTE_TEXT))[-3:] == old
    assert of_report(sample(text=NOTE_TEXT.replace("W^{l+1} ", "W^{ l + 1 }  "))) == old
    assert of_report(sample(text=NOTE_TEXT.replace("W^{l+1} ", "V^{l+1} ")))[0] != old[0]


def test_fingerprints_tell_repetitions_apart() -> None:
    prints = of_report(sample(text=NOTE_TEXT + NOTE_TEXT))
    assert len(set(prints)) == 6
    assert prints[:3] == of_report(sample())


# --- GitHub --------------------------------------------------------------------------------------


def test_github() -> None:
    first, *_, last = github.annotations(sample()).splitlines()
    assert first == (
        "::error file=notes/ch 1.md,line=6,col=14,endLine=6,endColumn=21,title=symnet ill-formed::"
        "these shapes cannot be multiplied: n_l+1 × n_l and n_l+1 × 1"
        r"%0AThis would hold: \delta^l = (W^{l+1})^T \delta^{l+1} \odot \sigma'(z^l)"
    )
    assert last.startswith("::notice ")


def test_github_is_escaped() -> None:
    shown = github.annotations(of(said("a\nb", 0, 3, "100%\r\n::error::x", "a,b:c%\n.md")))
    assert shown == (
        "::error file=a%2Cb%3Ac%25%0A.md,line=1,endLine=2,title=symnet refuted"
        "::100%25%0D%0A::error::x\n"
    )


# --- repairs -------------------------------------------------------------------------------------


def test_fixed() -> None:
    assert repairs.fixed(sample()) == {"notes/ch 1.md": MENDED}


def test_nothing_to_mend() -> None:
    clean = report(linted("a.md", "$a^1 = x$"))
    assert repairs.fixed(clean) == {}
    assert repairs.difference(clean) == ""


ENCODINGS = {
    "utf-8": (b"", "utf-8"),
    "utf-8 with a mark": (codecs.BOM_UTF8, "utf-8"),
    "latin-1": (b"", "latin-1"),
    "utf-16": (codecs.BOM_UTF16_LE, "utf-16-le"),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("end", ["", "\n"])
def test_written_as_it_was(tmp_path: Path, encoding: str, newline: str, end: str) -> None:
    mark, name = ENCODINGS[encoding]
    file = tmp_path / "note ü.md"

    def stored(text: str) -> bytes:
        return mark + (text.strip() + end).replace("\n", newline).encode(name)

    file.write_bytes(stored(NOTE_TEXT))
    file.chmod(0o640)
    found = sample(str(file), stored(NOTE_TEXT)[len(mark) :].decode(name))
    made = repairs.write_fixed(found)
    assert (made.applied, made.left_out) == (2, 0)
    assert file.read_bytes() == stored(MENDED)
    assert file.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [file]


def test_what_is_read_with_its_mark_keeps_it(tmp_path: Path) -> None:
    file = tmp_path / "note.md"
    file.write_bytes(codecs.BOM_UTF8 + NOTE_TEXT.encode())
    repairs.write_fixed(sample(str(file), "\ufeff" + NOTE_TEXT))
    assert file.read_bytes() == codecs.BOM_UTF8 + MENDED.encode()


def test_a_link_stays_one(tmp_path: Path) -> None:
    file, link = tmp_path / "note.md", tmp_path / "link.md"
    file.write_text(NOTE_TEXT, encoding="utf-8")
    link.symlink_to(file)
    repairs.write_fixed(sample(str(link)))
    assert link.is_symlink()
    assert file.read_text(encoding="utf-8") == MENDED


def test_a_file_that_changed_is_left_alone(tmp_path: Path) -> None:
    one, two = tmp_path / "one.md", tmp_path / "two.md"
    one.write_text(NOTE_TEXT, encoding="utf-8")
    two.write_text(NOTE_TEXT + "more", encoding="utf-8")
    both = report(*sample(str(one)).notes, *sample(str(two)).notes)
    with pytest.raises(SymnetError, match=r"two\.md: the file is no longer what was linted"):
        repairs.write_fixed(both)
    assert one.read_text(encoding="utf-8") == NOTE_TEXT


def test_what_an_encoding_lacks_is_said(tmp_path: Path) -> None:
    file = tmp_path / "note.md"
    file.write_bytes("ü a".encode("latin-1"))
    edit = Edit(Source(str(file), "ü a", "ü a"), 2, 3, "⊙")
    with pytest.raises(SymnetError, match=r"note\.md: the repair needs '⊙', which the encoding"):
        repairs.write_fixed(of(said("a", 0, 1, fix=edit)))


def fix(source: Source, old: str, new: str) -> Finding:
    start = source.visible.index(old)
    edit = Edit(source, start, start + len(old), new)
    return Finding("refuted", ERROR, "", source, start, start + len(old), fix=edit)


def test_of_two_that_overlap_the_first_is_made() -> None:
    source = Source("n.md", "abcdef", "abcdef")
    made = repairs.repairs(of(fix(source, "abcd", "ABCD"), fix(source, "cdef", "XX")))
    assert made.new == {"n.md": "ABCDef"}
    assert (made.applied, made.left_out) == (1, 1)


def test_a_file_that_two_documents_include_is_mended_once() -> None:
    made = repairs.repairs(Report((*sample().notes, *sample().notes)))
    assert made.new == {"notes/ch 1.md": MENDED}
    assert (made.applied, made.left_out) == (2, 0)


def test_html() -> None:
    raw = "<p>ü &amp; $a &lt; b&#39; + c$</p>"
    source = html_source("n.html", raw)
    assert repairs.fixed(of(fix(source, "a < b' + c", "a < b' & c"))) == {
        "n.html": "<p>ü &amp; $a &lt; b&#39; &amp; c$</p>"
    }
    assert repairs.fixed(of(fix(source, "b' + c", "<b> + c"))) == {
        "n.html": "<p>ü &amp; $a &lt; &lt;b&gt; + c$</p>"
    }


def test_tags_within_a_formula_stay() -> None:
    source = html_source("n.html", "$a<sub>b</sub>c d$")
    (text,) = repairs.fixed(of(fix(source, "abc d", "x + y d"))).values()
    assert text == "$x + y<sub></sub> d$"


def test_in_an_attribute_quotes_are_escaped() -> None:
    raw = """<img alt="a = b">"""
    source = Source("n.html", raw, "a = b", (10, 11, 12, 13, 14, 15), written=HTML)
    assert repairs.fixed(of(fix(source, "a = b", "a = f'\""))) == {
        "n.html": """<img alt="a = f&#x27;&quot;">"""
    }


def test_a_notebook() -> None:
    cells = ["Ü\n", 'Say "so":\n$$\n\\delta^l = W^{l+1} \\delta^{l+1}\n\\odot \\sigma\'(z^l)\n$$\n']
    source = notebook_source("n.ipynb", cells)
    (text,) = repairs.fixed(report(linted("n.ipynb", source))).values()
    assert json.loads(text)["cells"][1]["source"][2:4] == [
        "\\delta^l = (W^{l+1})^T \\delta^{l+1}\n",
        "\\odot \\sigma'(z^l)\n",
    ]
    before, after = source.raw.splitlines(), text.splitlines()
    assert [i for i, (x, y) in enumerate(zip(before, after, strict=True)) if x != y] == [15]


def test_lines_of_windows_and_comments() -> None:
    raw = "$$a = b % c\r\n + c$$\r\n"
    visible = lines_alike(raw).replace("% c", "   ")
    source = Source("n.tex", raw, visible)
    assert repairs.fixed(of(fix(source, visible[2:-4], visible[2:-4].replace("+", "-")))) == {
        "n.tex": raw.replace("+", "-")
    }
    made = repairs.repairs(of(fix(source, visible[2:-4], "a = d")))
    assert made.new == {}
    assert made.left_out == 1


def test_text_that_json_escapes() -> None:
    raw = json.dumps(["a = b\U0001f600"])
    places = (*range(2, 7), 7, 19)
    source = Source("n.ipynb", raw, "a = b\U0001f600", places, written=JSON)
    (text,) = repairs.fixed(of(fix(source, "a = b\U0001f600", 'a = "\\n\n"'))).values()
    assert json.loads(text) == ['a = "\\n\n"']


@pytest.mark.parametrize(
    ("raw", "visible", "places"),
    [
        ("\\(a = b\\)", "$a = b$", (0, 2, 3, 4, 5, 6, 7, 9)),
        ("![](https://x.org/svg?a%20=%20b)", "a = b", (22, 23, 26, 27, 30, 31)),
        ("![](https://x.org/svg?a=b)", "a=b", (22, 23, 24, 25)),
        ("> a =\n> b", "a =\nb", (2, 3, 4, 5, 8, 9)),
    ],
)
def test_what_the_file_does_not_hold_is_left_out(
    raw: str, visible: str, places: tuple[int, ...]
) -> None:
    source = Source("n.md", raw, visible, places)
    made = repairs.repairs(of(fix(source, visible, "$a = c + d$")))
    assert made.new == {}
    assert (made.applied, made.left_out) == (0, 1)


WORDS = st.text(alphabet="ab\\{}\n &<", max_size=40)


@given(WORDS, WORDS, st.sampled_from(["\n", "\r\n"]))
def test_an_edit_makes_its_text(old: str, new: str, newline: str) -> None:
    raw = f"x{old}y\n".replace("\n", newline)
    source = Source("n.md", raw, raw)
    edit = Edit(source, 1, len(raw) - len(newline) - 1, new)
    (text,) = repairs.fixed(of(said("", 0, 0, fix=edit))).values() or (raw,)
    assert text == f"x{new}y\n".replace("\n", newline)


# --- the difference ------------------------------------------------------------------------------


# For `patch`, UTF-16 is no text.
@pytest.mark.parametrize("encoding", list(ENCODINGS)[:3])
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_patch_accepts_the_difference(tmp_path: Path, encoding: str, end: str) -> None:
    if shutil.which("patch") is None:
        pytest.skip("there is no `patch`")
    mark, name = ENCODINGS[encoding]
    newline = end or "\n"
    before, after = (x.strip().replace("\n", newline) + end for x in (NOTE_TEXT, MENDED))
    file = tmp_path / 'note "ü" 1.md'
    file.write_bytes(mark + before.encode(name))
    found = sample(str(file), before)
    change = repairs.difference_in_bytes(found).replace(str(tmp_path).encode() + b"/", b"")
    done = subprocess.run(
        ["patch", "-p0", "--binary"], cwd=tmp_path, input=change, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert file.read_bytes() == mark + after.encode(name)
    assert sorted(x.name for x in tmp_path.iterdir()) == [file.name]


def test_the_difference_is_that_of_diff(tmp_path: Path) -> None:
    if shutil.which("diff") is None:
        pytest.skip("there is no `diff`")
    for name, text in (("old", NOTE_TEXT.strip()), ("new", MENDED.strip())):
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["diff", "-u", "old", "new"], cwd=tmp_path, capture_output=True, text=True
    )
    shown = repairs.difference(sample("old", NOTE_TEXT.strip()))
    assert shown.splitlines()[:2] == ["--- old", "+++ old"]
    assert shown.splitlines(keepends=True)[2:] == done.stdout.splitlines(keepends=True)[2:]
    assert "\\ No newline at end of file\n" in shown
