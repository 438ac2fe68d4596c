r"""Notes that try to fool lint or to hold it up: macros, sizes, the cache, repairs, processes."""

import time

import pytest

from symnet.linter import lint
from symnet.notes import expansion

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
    assert time.process_time() - start < 2
