"""Derivations as pages: what they say as text and as LaTeX, and that LaTeX can be set."""

import functools
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import sympy

from symnet.calculus.derivation import Backpropagation, derive
from symnet.network.architecture import Network
from symnet.network.functions import Activation, Cost, Z
from symnet.paper import writer
from symnet.paper.alphabet import LATEX, TEXT, Alphabet
from symnet.paper.report import WIDTH, broken, derivation, prose, render_derivation

Y, A = sympy.symbols("y a", real=True)

LEAKY = Activation("very_leaky", sympy.Piecewise((Z / 5, Z <= 0), (Z, True)))
SOFTPLUS = Activation("softplus", sympy.log(1 + sympy.exp(Z)))
QUARTIC = Cost("fourth_power", (A - Y) ** 4 / 4)

NETWORKS = {
    "2-3-4-1": lambda: Network("2-3-4-1"),
    "784-30-10": lambda: Network("784-30-10"),
    "64-30-10:softmax": lambda: Network("64-30-10:softmax"),
    "4-3:softmax-2": lambda: Network("4-3:softmax-2"),
    "4-3:relu-2, cross_entropy": lambda: Network("4-3:relu-2", cost="cross_entropy"),
    "n-30-k": lambda: Network("n-30-k"),
    "three kinds": lambda: Network("2-3:tanh-3:softmax-4:relu-2:identity"),
    "20 layers": lambda: Network("-".join(["7"] * 20)),
    "40 layers": lambda: Network("-".join(["123:relu"] * 40).replace(":relu", "", 1)),
    "formulas of one's own": lambda: Network([2, 3, 2], activation=LEAKY, cost=QUARTIC),
    "softplus": lambda: Network([2, 3, 1], activation=SOFTPLUS),
}
GOLDEN = list(NETWORKS)[:5]

every_network = pytest.mark.parametrize("name", NETWORKS)
both_forms = pytest.mark.parametrize("to", [TEXT, LATEX], ids=lambda to: to.name)


@functools.cache
def derived(name: str) -> Backpropagation:
    return derive(NETWORKS[name]())


@functools.cache
def page(name: str, form: str) -> str:
    return render_derivation(derived(name), form)


def file(name: str) -> str:
    return re.sub(r"[^0-9a-z]+", "-", name)


# --- as text -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GOLDEN)
def test_text(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"derivation-{file(name)}.txt", page(name, "text"))


@every_network
def test_text_stays_on_its_page(name: str) -> None:
    for line in page(name, "text").splitlines():
        assert len(line) <= WIDTH, line
        assert line == line.rstrip(), f"blanks at the end of {line!r}"
    assert page(name, "text").endswith("\n")
    assert "\n\n\n" not in page(name, "text")


@every_network
def test_chains_stand_in_columns(name: str) -> None:
    """All = of a chain stand below each other, and so do the rules."""
    rules = {rule for rule, _ in derivation(derived(name), TEXT).rules}
    for section in derivation(derived(name), TEXT).sections:
        for chain in section.chains:
            assert all(len(line.left) == len(chain.lines[0].left) for line in chain.lines)
            assert not any(line.left.strip() for line in chain.lines[1:])
            assert {line.rule for line in chain.lines} <= rules
            assert all(len(line.right[-1]) <= chain.width for line in chain.lines)


@every_network
@both_forms
def test_a_page_tells_the_whole_derivation(name: str, to: Alphabet) -> None:
    """Every step of every derivation stands there, and what each arrives at."""
    backpropagation = derived(name)
    shown = derivation(backpropagation, to)
    chains = [backpropagation.cost]
    for formula in backpropagation.formulas:
        chains.append(formula.general)
        if formula.special.result != formula.general.result:
            chains.append(formula.special)
    on_page = [chain for section in shown.sections for chain in section.chains]
    for found, wanted in zip(on_page, chains, strict=True):
        assert found.lines[0].left == writer.term(wanted.goal, to)
        for line, step in zip(found.lines, wanted.steps, strict=True):
            whole = " ".join(piece.strip() for piece in line.right)
            assert whole == writer.term(step.after, to)
            assert line.rule == prose(step.rule, to)
        result = writer.matrix_form(wanted.result, to) or writer.equation(wanted.result, to)
        assert found.result == result
    reasons = dict(shown.rules)
    for chain in chains:
        for step in chain.steps:
            assert prose(step.because, to) in reasons[prose(step.rule, to)]


@every_network
def test_the_page_has_a_section_for_each_formula_and_kind_of_layer(name: str) -> None:
    backpropagation = derived(name)
    titles = [section.title for section in derivation(backpropagation, TEXT).sections]
    assert titles[:2] == ["The network", "The cost"]
    assert titles[-1] == "In short"
    labels = [title.partition(":")[0] for title in titles[2:-1]]
    assert labels == [formula.label for formula in backpropagation.formulas]


def test_no_rule_is_explained_that_is_not_used() -> None:
    for to in (TEXT, LATEX):
        shown = derivation(derived("64-30-10:softmax"), to)
        used = {
            line.rule
            for section in shown.sections
            for chain in section.chains
            for line in chain.lines
        }
        assert {rule for rule, _ in shown.rules} == used
        assert len(shown.rules) == len(used)


def test_widths_and_layers_are_abbreviated_when_there_are_many() -> None:
    text = " ".join(page("20 layers", "text").split())
    assert "n₁ = 7, n₂ = 7, n₃ = 7, n₄ = 7, …, n₂₀ = 7" in text
    assert "sigmoid, l = 2, …, 20" in text
    assert "n₁ = n, n₂ = 30, n₃ = k" in " ".join(page("n-30-k", "text").split())
    assert "sigmoid, l = 2, 3, 4" in page("2-3-4-1", "text")


def test_a_long_name_is_not_in_the_heading() -> None:
    shown = derivation(derived("40 layers"), TEXT)
    assert shown.title == "Backpropagation for a network of 40 layers"
    assert shown.sections[0].text.startswith("123-123:relu-123:relu-")
    assert derivation(derived("20 layers"), TEXT).title.endswith("-7-7-7")


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("a + b", 10, ["a + b"]),
        ("a b + c d", 7, ["a b", "  + c d"]),
        # Rather between brackets than inside them, rather at + than at / or between factors.
        ("(a + b) (c + d)", 10, ["(a + b)", "  (c + d)"]),
        ("(a + b) + (c + d)", 11, ["(a + b)", "  + (c + d)"]),
        ("a b c / d + e", 10, ["a b c / d", "  + e"]),
        ("a b c / d e", 8, ["a b c", "  / d e"]),
        # Nothing to break at: better too long than torn.
        ("abcdefghijkl", 5, ["abcdefghijkl"]),
        ("(abcdefghijkl)", 5, ["(abcdefghijkl)"]),
    ],
)
def test_long_lines_are_broken_where_they_bind_least(
    text: str, width: int, lines: list[str]
) -> None:
    assert broken(text, width) == lines


# --- as LaTeX ------------------------------------------------------------------------------------


def test_latex(golden: Callable[[str, str], None]) -> None:
    golden("derivation-64-30-10-softmax.tex", page("64-30-10:softmax", "latex"))


@every_network
def test_latex_is_ascii_and_balanced(name: str) -> None:
    text = page(name, "latex")
    assert text.isascii()
    assert text.count("{") == text.count("}")
    assert text.count(r"\left") == text.count(r"\right")
    assert text.count(r"\begin") == text.count(r"\end")
    assert "{{" not in text.replace(r"\frac{{", "")


@pytest.mark.parametrize(
    ("words", "latex"),
    [
        ("100% of a_b & c # $x {y}", r"100\% of a\_b \& c \# \$x \{y\}"),
        ("definition of δ", r"definition of $\delta$"),
        ("the derivative of xⁿ is n xⁿ⁻¹", "the derivative of x$^n$ is n x$^{n-1}$"),
        ("ordinary words", "ordinary words"),
    ],
)
def test_words_are_escaped_for_tex(words: str, latex: str) -> None:
    assert prose(words, LATEX) == latex
    assert prose(words, TEXT) == words


@pytest.fixture(scope="module")
def set_page(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, str]]:
    """A page as PDF, and what pdflatex had to say."""
    for program in ("pdflatex", "pdftotext"):
        if shutil.which(program) is None:
            pytest.skip(f"there is no {program} here; .ci/run installs it")
    folder = tmp_path_factory.mktemp("tex")

    def run(name: str) -> tuple[Path, str]:
        source = folder / f"{file(name)}.tex"
        source.write_text(page(name, "latex"), encoding="utf-8")
        done = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", source.name],
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
        )
        assert done.returncode == 0, done.stdout[-2000:]
        return source.with_suffix(".pdf"), source.with_suffix(".log").read_text(errors="replace")

    return run


@every_network
def test_latex_is_set_without_a_complaint(
    name: str, set_page: Callable[[str], tuple[Path, str]]
) -> None:
    pdf, log = set_page(name)
    complaints = [
        line
        for line in log.splitlines()
        if re.match(r"!|Overfull|Underfull|.*(Warning|Error):", line)
    ]
    assert not complaints
    run = ["pdftotext", "-layout", str(pdf), "-"]
    said = subprocess.run(run, capture_output=True, text=True, check=True, timeout=60).stdout
    title = derivation(derived(name), TEXT).title
    pages = said.split("\f")[:-1]
    # The title as a heading, and above each page with the number of the page.
    assert said.count(title) >= 1 + len(pages)
    for number, shown in enumerate(pages, start=1):
        assert re.match(rf"\s*{re.escape(title)}\s+{number}\n", shown), shown[:200]
    for rule, _ in derivation(derived(name), TEXT).rules:
        assert rule in said
