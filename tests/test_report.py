"""Derivations as pages: what they say as text and as LaTeX, and that LaTeX can be set."""

import functools
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sympy

from symnet.calculus.derivation import Backpropagation, derive
from symnet.network.architecture import Network
from symnet.network.functions import Activation, Cost, Z
from symnet.paper.writing import matrices, writer
from symnet.paper.writing.alphabet import LATEX, MARKDOWN, TEXT, Alphabet
from symnet.paper.writing.answer import render_answer
from symnet.paper.writing.page import WIDTH, Line, Lines, Page, Result, broken, prose
from symnet.paper.writing.report import DETAILS, derivation, render_derivation

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
every_detail = pytest.mark.parametrize("detail", DETAILS)


@functools.cache
def derived(name: str) -> Backpropagation:
    return derive(NETWORKS[name]())


@functools.cache
def page(name: str, form: str, detail: str = "steps") -> str:
    return render_derivation(derived(name), form, detail)


def blocks(shown: Page, kind: type) -> list[Any]:
    """The blocks of a kind, in their order."""
    return [block for each in shown.sections for block in each.blocks if isinstance(block, kind)]


def lines(shown: Page) -> list[Line]:
    return [line for block in blocks(shown, Lines) for line in block.lines]


def file(name: str) -> str:
    return re.sub(r"[^0-9a-z]+", "-", name)


# --- as text -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GOLDEN)
def test_text(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"derivation-{file(name)}.txt", page(name, "text"))


@pytest.mark.parametrize("name", ["2-3-4-1", "784-30-10"])
def test_text_in_full(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"derivation-{file(name)}-full.txt", page(name, "text", "full"))


def test_text_in_short(golden: Callable[[str, str], None]) -> None:
    golden("derivation-2-3-4-1-summary.txt", page("2-3-4-1", "text", "summary"))


@every_network
@every_detail
def test_text_stays_on_its_page(name: str, detail: str) -> None:
    for line in page(name, "text", detail).splitlines():
        assert len(line) <= WIDTH, line
        assert line == line.rstrip(), f"blanks at the end of {line!r}"
    assert page(name, "text", detail).endswith("\n")
    assert "\n\n\n" not in page(name, "text", detail)


@every_network
@every_detail
def test_lines_stand_in_columns(name: str, detail: str) -> None:
    """All = of a chain stand below each other, and so do the rules."""
    shown = derivation(derived(name), TEXT, detail)
    known = {rule for rule, _ in shown.rules}
    for block in blocks(shown, Lines):
        assert len({len(line.left) for line in block.lines}) == 1
        assert all(len(line.right[-1]) <= block.width for line in block.lines)
        if detail == "steps":
            assert not any(line.left.strip() for line in block.lines[1:])
            assert {line.rule for line in block.lines} <= known


@every_network
@both_forms
@pytest.mark.parametrize("detail", ["steps", "full"])
def test_a_page_tells_the_whole_derivation(name: str, to: Alphabet, detail: str) -> None:
    """Every step of every derivation stands there in its order, and what each arrives at."""
    backpropagation = derived(name)
    shown = derivation(backpropagation, to, detail)
    chains = [backpropagation.cost]
    for formula in backpropagation.formulas:
        chains.append(formula.general)
        if formula.special.result != formula.general.result:
            chains.append(formula.special)
    on_page = iter(blocks(shown, Lines))
    results = iter(blocks(shown, Result))
    for wanted in chains:
        goal = writer.term(wanted.goal, to)
        found = next(block for block in on_page if block.lines[0].left.strip() == goal)
        for line, step in zip(found.lines, wanted.steps, strict=True):
            whole = " ".join(piece.strip() for piece in line.right)
            assert whole == writer.term(step.after, to)
            assert line.rule == prose(step.rule, to)
            assert line.equation is not None
            assert (line.equation.left, line.equation.right) == (wanted.goal, step.after)
        result = next(results)
        assert result.equation == wanted.result
        assert result.shown == matrices.best(wanted.result, to)
    reasons = dict(shown.rules)
    for step in (step for wanted in chains for step in wanted.steps):
        assert detail == "full" or prose(step.because, to) in reasons[prose(step.rule, to)]


@every_network
def test_in_full_each_line_has_a_rule_and_a_reason(name: str) -> None:
    for to in (TEXT, LATEX, MARKDOWN):
        shown = derivation(derived(name), to, "full")
        assert not shown.rules
        for line in lines(shown):
            assert line.rule
            assert len(line.reason.split()) > 2
            assert not line.reason.endswith(".")
            assert "{" not in line.reason or to.stacked
    text = page(name, "text", "full")
    for line in lines(derivation(derived(name), TEXT, "full")):
        said = f"{line.rule}: {line.reason}."
        assert said.split() == [word for word in said.split() if word in text]


def test_in_full_each_neuron_and_each_entry_stands_there() -> None:
    """2-3-4-1: all z, a, δ and all entries of W, b, ∂C/∂W and ∂C/∂b, by their names."""
    text = page("2-3-4-1", "text", "full")
    down = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
    up = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
    sizes = (2, 3, 4, 1)
    for number in (2, 3, 4):
        layer = str(number).translate(up)
        for j in range(1, sizes[number - 1] + 1):
            at = str(j).translate(down)
            for name in ("z", "a", "δ"):
                assert f"{name}{at}{layer} = " in text
            assert f"∂C/∂b{at}{layer}" in text
            for k in range(1, sizes[number - 2] + 1):
                both = at + str(k).translate(down)
                assert f"w{both}{layer}" in text
                assert f"∂C/∂w{both}{layer}" in text
    assert "w₁₁⁵" not in text


def test_of_wide_layers_the_first_and_the_last_stand_there() -> None:
    text = re.sub(" +", " ", page("784-30-10", "text", "full"))
    for shown in ("z₁² =", "z₂² =", "z₃₀² =", "w₁,₇₈₄² x₇₈₄", "∂C/∂w₃₀,₇₈₄²", "⋮", "⋱"):
        assert shown in text
    assert "z₃² =" not in text


def test_of_many_layers_the_first_and_the_last_stand_there() -> None:
    titles = [section.title for section in derivation(derived("20 layers"), TEXT, "full").sections]
    assert "From layer 1 to layer 2" in titles
    assert "From layer 19 to layer 20" in titles
    assert "From layer 5 to layer 6" not in titles


@every_network
def test_the_range_of_the_layers_is_said(name: str) -> None:
    text = " ".join(page(name, "text", "full").split())
    last = derived(name).network.L
    wanted = {2: "l = L = 2", 3: "l = 2, …, L"}.get(last, "l = 2, 3, …, L")
    assert f"δⱼˡ = ∂C/∂zⱼˡ {wanted}" in text
    assert wanted in text[text.index("The gradient step") :]


def test_a_coupled_layer_has_no_scalar_function() -> None:
    """σ of z alone is stated for the layers that have one, and for no other."""
    text = " ".join(page("4-3:softmax-2", "text", "full").split())
    assert "aˡ = σ(zˡ) l = 3 " in text
    assert "softmax, l = 2" in text


def test_the_update_has_one_rate_and_an_arrow() -> None:
    for detail in ("steps", "full"):
        text = page("2-3-4-1", "text", detail)
        assert "∎ Wˡ ← Wˡ − η δˡ (aˡ⁻¹)ᵀ" in text
        assert "∎ bˡ ← bˡ − η δˡ" in text
        assert "τ" not in text
    assert r"W^{l} \leftarrow W^{l} - \eta \delta^{l} (a^{l-1})^T" in page("2-3-4-1", "latex")


@every_network
def test_the_page_has_a_section_for_each_formula_and_kind_of_layer(name: str) -> None:
    backpropagation = derived(name)
    titles = [section.title for section in derivation(backpropagation, TEXT).sections]
    assert titles[:2] == ["The network", "The cost"]
    assert titles[-2:] == ["The gradient step", "In short"]
    labels = [title.partition(":")[0] for title in titles[2:-2]]
    assert labels == [formula.label for formula in backpropagation.formulas]


def test_no_rule_is_explained_that_is_not_used() -> None:
    for to in (TEXT, LATEX):
        shown = derivation(derived("64-30-10:softmax"), to)
        used = {line.rule for line in lines(shown)}
        assert {rule for rule, _ in shown.rules} == used
        assert len(shown.rules) == len(used)


def test_widths_and_layers_are_abbreviated_when_there_are_many() -> None:
    text = " ".join(page("20 layers", "text").split())
    assert "n₁ = 7, n₂ = 7, n₃ = 7, n₄ = 7, …, n₂₀ = 7" in text
    assert "sigmoid, l = 2, …, 20" in text
    # A width's letter is no symbol of the formulas: k is an index there.
    assert "n₁ arbitrary, n₂ = 30, n₃ arbitrary" in " ".join(page("n-30-k", "text").split())
    same = render_derivation(derive(Network("a-3-a")), "text")
    assert "n₁ arbitrary, n₂ = 3, n₃ = n₁" in " ".join(same.split())
    assert "sigmoid, l = 2, 3, 4" in page("2-3-4-1", "text")


def test_a_long_name_is_not_in_the_heading() -> None:
    shown = derivation(derived("40 layers"), TEXT)
    assert shown.title == "Backpropagation for a network of 40 layers"
    assert shown.sections[0].blocks[0].text.startswith("123-123:relu-123:relu-")
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


def test_latex_in_full(golden: Callable[[str, str], None]) -> None:
    golden("derivation-2-3-4-1-full.tex", page("2-3-4-1", "latex", "full"))


@every_network
@every_detail
def test_latex_is_ascii_and_balanced(name: str, detail: str) -> None:
    text = page(name, "latex", detail)
    assert text.isascii()
    assert text.count("{") == text.count("}")
    left, right = (len(re.findall(rf"\\{side}(?![a-z])", text)) for side in ("left", "right"))
    assert left == right
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
def set_page(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], tuple[Path, str]]:
    """A LaTeX document as PDF, and what pdflatex had to say."""
    for program in ("pdflatex", "pdftotext"):
        if shutil.which(program) is None:
            pytest.skip(f"there is no {program} here; .ci/run installs it")
    folder = tmp_path_factory.mktemp("tex")

    def run(name: str, text: str) -> tuple[Path, str]:
        source = folder / f"{file(name)}.tex"
        source.write_text(text, encoding="utf-8")
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


def complaints(log: str) -> list[str]:
    return [
        line
        for line in log.splitlines()
        if re.match(r"!|Overfull|Underfull|.*(Warning|Error):", line)
    ]


def said(pdf: Path) -> str:
    """The words on the pages."""
    run = ["pdftotext", "-layout", str(pdf), "-"]
    return subprocess.run(run, capture_output=True, text=True, check=True, timeout=60).stdout


@every_network
@every_detail
def test_latex_is_set_without_a_complaint(
    name: str, detail: str, set_page: Callable[[str, str], tuple[Path, str]]
) -> None:
    pdf, log = set_page(f"{name} {detail}", page(name, "latex", detail))
    assert not complaints(log)
    shown = derivation(derived(name), TEXT, detail)
    pages = said(pdf).split("\f")[:-1]
    # The title as a heading, and above each page with the number of the page.
    assert said(pdf).count(shown.title) >= 1 + len(pages)
    for number, text in enumerate(pages, start=1):
        assert re.match(rf"\s*{re.escape(shown.title)}\s+{number}\n", text), text[:200]
        assert len(text.split()) > 20, "a page that is all but empty"
    for rule, _ in shown.rules:
        assert rule in said(pdf)


def test_a_fragment_goes_into_a_document_of_ones_own(
    set_page: Callable[[str, str], tuple[Path, str]],
) -> None:
    for detail in DETAILS:
        fragment = render_derivation(derived("2-3-4-1"), "latex", detail, fragment=True)
        assert "documentclass" not in fragment
        assert r"\begin{document}" not in fragment
        packages = "".join(rf"\usepackage{{{name}}}" for name in ("amsmath", "amssymb", "graphicx"))
        # Twice, since a chapter may have several networks.
        head = rf"\documentclass{{article}}{packages}"
        document = rf"{head}\begin{{document}}{fragment}{fragment}\end{{document}}"
        _, log = set_page(f"fragment {detail}", document)
        # Nothing is cut off at the end of a page; lines may be longer than those of a narrow class.
        assert not re.findall(r"^(?:!|Overfull \\vbox).*", log, re.MULTILINE)


# --- as Markdown and as JSON ---------------------------------------------------------------------


def test_markdown(golden: Callable[[str, str], None]) -> None:
    golden("derivation-2-3-4-1-full.md", page("2-3-4-1", "markdown", "full"))


def formulas(markdown: str) -> list[str]:
    """What stands between dollars."""
    parts = re.split(r"(?<!\\)\$\$", markdown)
    inside = parts[1::2]
    for part in parts[::2]:
        inside += re.split(r"(?<!\\)\$", part)[1::2]
    return inside


@every_network
@every_detail
def test_markdown_is_what_renderers_read(name: str, detail: str) -> None:
    """Displays stand alone between blank lines, no dollar inside; words need no LaTeX."""
    text = page(name, "markdown", detail)
    assert text.startswith("# Backpropagation for ")
    assert "\n\n\n" not in text
    assert len(re.findall(r"(?<!\\)\$", text)) % 2 == 0
    inside = False
    rows = ["", *text.splitlines(), ""]
    for before, line, after in zip(rows, rows[1:], rows[2:], strict=False):
        if line == "$$":
            inside = not inside
            assert (before == "") if inside else (after == ""), "a blank line around a display"
        elif inside:
            assert "$" not in line
        else:
            assert "\\begin" not in line
    assert not inside
    for formula in formulas(text):
        assert not re.search(r"@\{|\\fit|\\by|\\tag|resizebox", formula)


@pytest.mark.parametrize("detail", ["steps", "full"])
def test_the_formulas_of_markdown_can_be_set(
    detail: str, set_page: Callable[[str, str], tuple[Path, str]]
) -> None:
    for name in ("2-3-4-1", "64-30-10:softmax", "n-30-k"):
        found = formulas(page(name, "markdown", detail))
        assert len(found) > 20
        body = "\n\n".join(rf"\[{formula.strip()}\]" for formula in found)
        document = (
            r"\documentclass{article}\usepackage[utf8]{inputenc}\usepackage{amsmath,amssymb}"
            r"\DeclareUnicodeCharacter{3B4}{\ensuremath\delta}"
            rf"\begin{{document}}{body}\end{{document}}"
        )
        _, log = set_page(f"markdown {name} {detail}", document)
        assert not re.findall("^!.*", log, re.MULTILINE)


@every_network
@every_detail
def test_json_says_what_the_page_says(name: str, detail: str) -> None:
    data = json.loads(page(name, "json", detail))
    text, latex = (derivation(derived(name), to, detail) for to in (TEXT, LATEX))
    assert data["title"] == text.title
    network = derived(name).network
    assert data["widths"] == list(network.sizes)
    assert data["activations"] == [layer.activation.name for layer in network.layers]
    assert (data["cost"], data["detail"]) == (network.cost.name, detail)
    assert [section["title"] for section in data["sections"]] == [x.title for x in text.sections]
    said = [
        line
        for section in data["sections"]
        for block in section["blocks"]
        for line in block.get("lines", ())
    ]
    for line, one, other in zip(said, lines(text), lines(latex), strict=True):
        assert set(line) == {"text", "latex", "left", "relation", "right", "rule", "reason"}
        assert line["right"]["latex"] == other.right[0]
        assert line["text"].endswith(" ".join(piece.strip() for piece in one.right))
        assert line["latex"].endswith(other.right[0])
        assert (line["rule"], line["reason"]) == (one.rule, one.reason)


# --- one quantity --------------------------------------------------------------------------------


@pytest.mark.parametrize("formula", ["∂C/∂w_{21}^3", "δ^2", "∂C/∂b_1^4", "∂C/∂a^2", "z_1^2"])
def test_one_quantity(formula: str, golden: Callable[[str, str], None]) -> None:
    shown = render_answer(derived("2-3-4-1"), formula, "text")
    golden(f"answer-{file(formula)}.txt", shown)


@every_network
@pytest.mark.parametrize("formula", ["∂C/∂w_{21}^2", "∂C/∂W^2", "δ^2", "∂C/∂b_1^2", "∂C/∂z_1^L"])
def test_one_quantity_in_every_form(
    name: str, formula: str, set_page: Callable[[str, str], tuple[Path, str]]
) -> None:
    text = render_answer(derived(name), formula, "text")
    assert all(len(line) <= WIDTH for line in text.splitlines())
    assert "\n\n\n" not in text
    assert json.loads(render_answer(derived(name), formula, "json"))["title"] in text
    assert render_answer(derived(name), formula, "markdown").startswith("# $")
    _, log = set_page(f"{name} of {formula}", render_answer(derived(name), formula, "latex"))
    assert not complaints(log)
