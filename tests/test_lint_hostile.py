r"""Notes that try to fool lint or to hold it up: macros, sizes, the cache, repairs, processes."""

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from symnet.linter import lint
from symnet.notes import expansion, repairs
from symnet.notes.cache import Cache
from symnet.notes.findings import ERROR
from symnet.paper.claims.verdicts import REFUTED, Verdict

NETWORK = r"""We have $z^l = W^l a^{l-1} + b^l$ and $a^l = \sigma(z^l)$.

$$C = \frac12 \|a^L - y\|^2, \quad \delta^l = \frac{\partial C}{\partial z^l}$$

"""


def verdicts(text: str) -> list[str]:
    """What is said of the displays after the first one, in their order."""
    (note,) = lint(text, cached=False).notes
    levels = {x.line: x.level for x in note.findings}
    return [
        levels.get(x.formula.source.line_and_column(x.start)[0], x.verdict.verdict)
        for x in note.equations
        if x.formula.display and x.start > text.index("partial z") and x.verdict is not None
    ]


# --- macros -------------------------------------------------------------------------------------


def test_a_macro_with_two_meanings_is_not_judged() -> None:
    text = (
        r"\newcommand{\err}{(a^L-y)}"
        + NETWORK
        + "$$\\delta^L = \\err \\odot \\sigma'(z^L)$$\n\n\\renewcommand{\\err}{(y-a^L)}\n\n"
        "$$\\delta^L = \\err \\odot \\sigma'(z^L)$$\n"
    )
    assert verdicts(text) == ["note", "note"]


@pytest.mark.parametrize(
    "macro",
    [
        r"\renewcommand{\delta}[1][l]{a^{#1}}",
        r"\let\delta=a",
        r"\def\delta(#1){a}",
        r"\let\delta\sigma",
        r"\def\delta{a}",
    ],
)
def test_a_delta_that_is_another_is_not_proved(macro: str) -> None:
    assert "proved" not in verdicts(
        macro + "\n" + NETWORK + r"$$\frac{\partial C}{\partial b^l} = \delta^l$$"
    )


def test_let_gives_another_name() -> None:
    text = r"\let\d\delta \let\s=\sigma" + "\n\n" + NETWORK
    assert verdicts(text + r"$$\d^L = (a^L - y) \odot \s'(z^L)$$") == ["proved"]
    assert verdicts(text + r"$$\d^L = (y - a^L) \odot \s'(z^L)$$") == ["error"]


def test_a_line_end_before_a_closing_brace_ends_a_macro() -> None:
    assert expansion.expanded(r"\x b", r"\newcommand{\x}{a \\}\newcommand{\y}{c}") == r"a \\ b"


def test_a_macro_that_calls_itself_ends() -> None:
    text = r"\newcommand{\x}{\x\x}\newcommand{\y}{\z}\newcommand{\z}{\y}" + NETWORK
    assert set(verdicts(text + r"$$\delta^L = \x$$" + "\n\n" + r"$$\delta^L = \y$$")) <= {
        "note",
        "error",
    }


SLOW_MACROS = {
    "blanks": "\\newcommand{\\x}{\\newcommand" + " " * 40_000 + "}",
    "nested": "\\newcommand{\\a}{" * 3000 + "}" * 3000,
    "never closed": "\\newcommand{\\a}{" * 3000,
    "many": "".join(
        rf"\newcommand{{\a{chr(97 + n // 26 % 26)}{chr(97 + n % 26)}}}{{x}}" for n in range(2000)
    ),
    "arguments": "\\def\\a" + "#1" * 20_000 + "{x}",
}


@pytest.mark.parametrize("name", SLOW_MACROS)
def test_macros_are_read_in_one_go(name: str) -> None:
    start = time.process_time()
    expansion.used(r"\a \x \ab", SLOW_MACROS[name])
    expansion.expanded(r"\a{\a{\x}}", SLOW_MACROS[name])
    assert time.process_time() - start < 8  # quadratic scans took 15 and more


# --- what a note says binds -------------------------------------------------------------------

FORWARD = r"We have $z^l = W^l a^{l-1} + b^l$ and $a^l = \sigma(z^l)$. "
SQUARES = r"$C = \frac12 \|a^L - y\|^2$. "
SLOPE = r"$\delta^l = \frac{\partial C}{\partial z^l}$. "
TANH = FORWARD.replace(r"\sigma", r"\tanh")
# What a note says, and lines of which not all can hold: as many as that may be proved.
FOOLED = {
    "δ is the negative slope, entry by entry": (
        r"$z_j^l = \sum_k w_{jk}^l a_k^{l-1} + b_j^l$, $a_j^l = \sigma(z_j^l)$, "
        r"$C = \frac12 \sum_j (a_j^L - y_j)^2$. $\delta_j^l = -\frac{\partial C}{\partial z_j^l}$.",
        (
            r"\delta_j^L = (a_j^L - y_j) \sigma'(z_j^L)",
            r"w_{jk}^l \leftarrow w_{jk}^l - \eta \delta_j^l a_k^{l-1}",
            r"\frac{\partial C}{\partial b_j^l} = \delta_j^l",
        ),
        0,
    ),
    "the sign of δ is declared": (
        FORWARD + SQUARES + SLOPE.replace("= ", "= -"),
        (r"\delta^L = (a^L - y) \odot \sigma'(z^L)", r"\frac{\partial C}{\partial b^l} = \delta^l"),
        0,
    ),
    "δ is another slope": (
        FORWARD + SQUARES + SLOPE.replace("z^l", "a^l"),
        (
            r"\delta^L = (a^L - y) \odot \sigma'(z^L)",
            r"\frac{\partial C}{\partial b^l} = \delta^l",
            r"\delta^l = (W^{l+1})^T \delta^{l+1}",
        ),
        0,
    ),
    "a cost that nobody knows": (
        FORWARD + r"$C = \frac14 \sum_j (a_j^L - y_j)^4$. " + SLOPE,
        (r"\delta^L = a^L - y", r"\delta^L = (a^L - y) \odot \sigma'(z^L)"),
        0,
    ),
    "a penalty": (
        FORWARD + SQUARES[:-3] + r" + \frac{\lambda}{2} \sum_l \|W^l\|^2$. " + SLOPE,
        (r"\frac{\partial C}{\partial W^l} = \delta^l (a^{l-1})^T",),
        0,
    ),
    "skips": (
        FORWARD.replace(r"\sigma(z^l)", r"\sigma(z^l) + a^{l-1}") + SQUARES + SLOPE,
        (r"\delta^l = ((W^{l+1})^T \delta^{l+1}) \odot \sigma'(z^l)",),
        0,
    ),
    "tanh, unlike the sigmoid": (
        TANH + SQUARES + SLOPE + "Unlike the sigmoid, it is odd.",
        (r"\delta^L = (a^L - y) \odot a^L \odot (1 - a^L)",),
        0,
    ),
    "tanh, unlike linear units": (
        TANH + SQUARES + SLOPE + "Linear units and regression are another thing.",
        (r"\delta^L = a^L - y",),
        0,
    ),
    "tanh by its formula": (
        FORWARD + r"Here $\sigma(z) = \tanh z$. " + SQUARES + SLOPE + "The sigmoid is another.",
        (r"\sigma'(z) = \sigma(z) (1 - \sigma(z))",),
        0,
    ),
    "two functions for one letter": (
        FORWARD + r"Here $\sigma$ is the sigmoid; tanh is another. " + SQUARES + SLOPE,
        (r"\sigma'(z) = \sigma(z) (1 - \sigma(z))", r"\sigma'(z) = 1 - \sigma(z)^2"),
        1,
    ),
    "a cost by another letter": (
        FORWARD + r"$Q = \sum_j |a_j^L - y_j|$. " + SLOPE.replace("C", "Q"),
        (r"\delta^L = (a^L - y) \odot \sigma'(z^L)",),
        0,
    ),
    "the sign of δ is not declared": (
        FORWARD + SQUARES,
        (r"\delta^L = (y - a^L) \odot \sigma'(z^L)", r"\frac{\partial C}{\partial b^l} = \delta^l"),
        1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FOOLED)
def test_what_a_note_says_outdoes_what_is_usual(name: str) -> None:
    said, lines, most = FOOLED[name]
    (note,) = lint(said + "\n\n" + "\n\n".join(f"$${x}$$" for x in lines), cached=False).notes
    proved = [
        x.text
        for x in note.equations
        if x.text in lines and x.verdict is not None and x.verdict.verdict == "proved"
    ]
    assert len(proved) <= most, proved


def test_what_goes_on_after_a_definition_is_judged() -> None:
    slope = r"$$\delta^L = \frac{\partial C}{\partial z^L} = (y - a^L) \odot \sigma'(z^L)$$"
    text = FORWARD + SQUARES + "\n\n" + slope
    rest = r"$$\frac{\partial C}{\partial b^l} = \delta^l$$"
    (note,) = lint(text + "\n\n" + rest, cached=False).notes
    assert [(x.rule, x.line) for x in note.findings if x.level == ERROR] == [("refuted", 3)]


# --- the cache ------------------------------------------------------------------------------------

ASKED: tuple[str, str, dict[str, Any], bool] = ("z = a", "nielsen", {}, True)
KEPT = Verdict(REFUTED, "both differ", span=(1, 2))


@pytest.mark.parametrize(
    "changed",
    [
        {"verdict": "true"},
        {"verdict": ["proved"]},
        {"reason": 7},
        {"assumptions": [None]},
        {"notes": 3},
        {"span": ["a", "b"]},
        {"span": 5},
        {"seconds": "long"},
        {"suggestion": {}},
        {"counterexample": 1},
        {"counterexample": {"widths": [1], "indices": 2, "left": 3, "right": 4}},
    ],
)
def test_what_is_no_verdict_is_not_answered_from_the_cache(
    tmp_path: Path, changed: dict[str, Any]
) -> None:
    cache = Cache(tmp_path)
    cache.keep(ASKED, KEPT)
    assert cache.find(ASKED) == KEPT
    with sqlite3.connect(tmp_path / "verdicts.sqlite") as base:
        base.execute("update said set verdict = ?", (json.dumps({**KEPT.record, **changed}),))
    assert cache.find(ASKED) is None


@pytest.mark.parametrize("row", ["null", "[]", "7", '"proved"', "{", b"\xff\xfe"])
def test_what_is_no_record_is_not_answered_from_the_cache(tmp_path: Path, row: str | bytes) -> None:
    cache = Cache(tmp_path)
    cache.keep(ASKED, KEPT)
    with sqlite3.connect(tmp_path / "verdicts.sqlite") as base:
        base.execute("update said set verdict = ?", (row,))
    assert cache.find(ASKED) is None


def test_a_folder_that_is_none_and_a_base_that_is_none_are_done_without(tmp_path: Path) -> None:
    (tmp_path / "verdicts.sqlite").write_bytes(b"no database" * 500)
    (tmp_path / "file").write_text("")
    for where in (tmp_path, tmp_path / "file", Path("/proc/none")):
        cache = Cache(where)
        cache.keep(ASKED, KEPT)
        assert cache.find(ASKED) is None


# --- repairs --------------------------------------------------------------------------------------

BROKEN = (
    NETWORK
    + r"""Then $\delta^l = (W^{l+1} \delta^{l+1}) \odot \sigma'(z^l)$, as is known; 😀 ä.

\begin{align}
\delta^L &= (a^L + y) \odot \sigma'(z^L) \\ % kept
W^l &\leftarrow W^l + \eta \delta^l (a^{l-1})^T
\end{align}
<!-- $\delta^l = 0$ -->
"""
)


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_what_is_repaired_is_right_and_nothing_else_changes(tmp_path: Path, ends: str) -> None:
    file = tmp_path / "note.md"
    file.write_bytes(BROKEN.replace("\n", ends).encode())
    report = lint(str(file), cached=False)
    errors = [x for x in report.findings if x.level == "error"]
    assert len(errors) == 3
    written = repairs.write_fixed(report)
    fixed = {x.line for x in errors if x.fix is not None}
    assert written.applied == len(fixed) == 3
    before, after = BROKEN.split("\n"), file.read_bytes().decode().split(ends)
    changed = {
        n for n, (one, other) in enumerate(zip(before, after, strict=True), 1) if one != other
    }
    assert changed == fixed
    assert "% kept" in "".join(after)
    again = lint(str(file), cached=False)
    assert not [x for x in again.findings if x.level == "error"]


@pytest.mark.slow
def test_two_processes_say_the_same_as_one() -> None:
    text = NETWORK + "".join(
        f"$$\\delta^L = {n} (a^L - y) \\odot \\sigma'(z^L)$$\n\n" for n in range(1, 16)
    )
    one, two = (lint(text, jobs=jobs, cached=False) for jobs in (1, 2))
    assert [x.record for x in one.findings] == [x.record for x in two.findings]
    assert [x.role for x in one.notes[0].equations] == [x.role for x in two.notes[0].equations]
