r"""Commands and signs of printed mathematics, against lists that were not made by the reader.

What a letter or a sign is called is said by the Unicode database; what a command prints, by
pylatexenc; which commands are synonyms, or not seen, by the lists below, made from the manuals of
LaTeX, amsmath and MathJax.
"""

import re
import unicodedata
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from pylatexenc.latex2text import LatexNodes2Text

from symnet.paper.formula.commands import COMMANDS, LETTERS, LOWERED, RAISED
from symnet.paper.formula.reader import read


def said(text: str) -> Any:
    """What a formula says, without the places of its parts."""

    def bare(node: Any) -> Any:
        if is_dataclass(node):
            kept = [x.name for x in fields(node) if x.name not in ("start", "end")]
            return (type(node).__name__, *(bare(getattr(node, name)) for name in kept))
        return tuple(map(bare, node)) if isinstance(node, tuple) else node

    return bare(read(text))


GREEK = {
    name.lower() if "SMALL" in full else name.capitalize(): chr(code)
    for code in range(0x370, 0x400)
    if (full := unicodedata.name(chr(code), "")).startswith("GREEK")
    and (found := re.fullmatch(r"GREEK (?:SMALL|CAPITAL) LETTER ([A-Z]+)", full))
    and (name := found[1]) not in ("OMICRON", "DIGAMMA", "HETA", "SHO", "SAN", "YOT")
    and len(name) < 8
}
SPELLED = {"lamda": "lambda", "Lamda": "Lambda"}  # as Unicode has it
# Capitals that look like Latin letters have no command; φ and ϕ, ε and ϵ changed their places.
LATIN = {"Alpha", "Beta", "Epsilon", "Zeta", "Eta", "Iota", "Kappa", "Mu", "Nu", "Rho", "Tau",
         "Chi", "Koppa", "koppa", "Sampi", "sampi", "Stigma", "stigma", "Archaic", "epsilon",
         "phi"}  # fmt: skip


@pytest.mark.parametrize("name", sorted(GREEK.keys() - LATIN))
def test_greek_letters_are_called_as_in_unicode(name: str) -> None:
    command = SPELLED.get(name, name)
    assert said(f"\\{command}") == said(GREEK[name])
    [node] = read(GREEK[name]).statements
    assert node.text == f"\\{command}"


PRINTED = {
    name: sign
    for name in COMMANDS
    if name.isalpha()
    and len(sign := LatexNodes2Text().latex_to_text(f"\\{name} ").strip()) == 1
    and sign in LETTERS
    and not sign.isascii()
}


def test_enough_commands_print_a_sign_that_is_read() -> None:
    assert len(PRINTED) > 60


# pylatexenc prints these as others do not: \phi as φ, \epsilon as ε, \star as ⋆
OTHERWISE = {"phi", "varphi", "epsilon", "varepsilon", "simeq", "cong"}


@pytest.mark.parametrize("name", sorted(PRINTED.keys() - OTHERWISE))
def test_a_command_says_what_the_sign_says_that_it_prints(name: str) -> None:
    kind = COMMANDS[name][0]
    frame = {"OPEN": "{} a \\rangle", "CLOSE": "\\langle a {}", "BIG": "{}_i a", "NAME": "{} = a"}
    pattern = frame.get(kind, "a {} b")
    if kind in ("OPEN", "CLOSE", "BAR"):
        assert COMMANDS[name][1] == LETTERS[PRINTED[name]][1]
        return
    assert said(pattern.format(f"\\{name} ")) == said(pattern.format(PRINTED[name]))


SYNONYMS = r"""
    \ne \neq ≠ !=
    = ==
    +=
    -=
    .*
    \approx \simeq \cong \approxeq ≈ ≃
    \coloneqq \coloneq \doteq \eqdef := ≔ ≝
    \leftarrow \gets \longleftarrow ← ⟵
    \to \rightarrow \longrightarrow \rightsquigarrow \hookrightarrow \leadsto → ⟶ ->
    \mapsto \longmapsto ↦
    \le \leq \leqslant \leqq ≤ ⩽ <=
    \ge \geq \geqslant \geqq ≥ ⩾ >=
    \lt <
    \gt >
    \ll ≪
    \gg ≫
    \in ∈
    \notin ∉
    \propto ∝
    \sim ∼
    \equiv ≡
    \triangleq ≜
    \cdot \centerdot \cdotp · ⋅
    \times ×
    \ast * ∗
    \odot \circledast \bigodot ⊙
    \circ ∘ ○
    \bullet • ∙
    \star ⋆ ★
    \otimes \bigotimes ⊗
    \oslash ⊘ ./
    \div \slash / ÷ ∕
    \Rightarrow \implies \Longrightarrow \therefore ⇒ ⟹ ∴ =>
    \iff \Leftrightarrow \Longleftrightarrow ⇔ ⟺
    \Leftarrow \impliedby \Longleftarrow ⇐
    \because ∵
    \pm ±
    \mp ∓
    - − –
    \leftrightarrow
    \subset
    \subseteq
    \models
    \ni
"""
FAMILIES = [row.split() for row in SYNONYMS.split("\n") if row.strip()]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family[0])
def test_synonyms_say_the_same(family: list[str]) -> None:
    first, *others = (said(f"a {each} b") for each in family)
    assert all(each == first for each in others)


def test_what_is_no_synonym_says_something_else() -> None:
    distinct = {repr(said(f"a {family[0]} b")) for family in FAMILIES}
    assert len(distinct) == len(FAMILIES)


ARROWS = {"xrightarrow": r"\to", "xleftarrow": r"\leftarrow", "xlongequal": "=",
          "xmapsto": r"\mapsto", "xRightarrow": r"\Rightarrow",
          "xlongrightarrow": r"\to"}  # fmt: skip


@pytest.mark.parametrize("name", ARROWS)
def test_arrows_with_words_above_are_arrows(name: str) -> None:
    assert said(rf"a \{name}{{\text{{so}}}} b") == said(f"a {ARROWS[name]} b")


NAMES = {
    "part": r"\partial", "triangledown": r"\nabla", "bigtriangledown": r"\nabla",
    "vartriangle": r"\Delta", "triangle": r"\Delta", "bigtriangleup": r"\Delta",
    "varDelta": r"\Delta", "varSigma": r"\Sigma", "imath": "i", "jmath": "j",
    "varnothing": r"\emptyset", "transpose": r"\top",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_other_names(name: str) -> None:
    assert said(rf"a_{{\{name}}} = b") == said(rf"a_{{{NAMES[name]}}} = b")


UNSEEN = """
    tag{1} tag*{1} label{eq:a} ref{a} eqref{a} nonumber notag color{red} phantom{x} hphantom{x}
    vphantom{x} displaystyle textstyle scriptstyle scriptscriptstyle strut mathstrut vspace{1em}
    normalsize small large Large centering noindent allowbreak nobreak relax rule{1pt}{2pt} protect
    footnotesize begingroup endgroup displaybreak pagebreak cite{a} setlength{a}{1pt} eqno leqno
    hfil mathsurround arraystretch quad qquad , : ; > ! thinspace medspace negthinspace enspace
    hfill nobreakspace
""".split()  # noqa: SIM905


@pytest.mark.parametrize("command", UNSEEN)
def test_what_is_not_seen_says_nothing(command: str) -> None:
    assert said(f"a = b + c \\{command} ") == said("a = b + c")


LOOKS = """
    boxed{} fbox{} framebox{} smash{} mathrel{} mathbin{} mathord{} mathinner{} mathclap{}
    ensuremath{} emph{} textcolor{red}{} colorbox{red}{} mathcolor{red}{} uline{} raisebox{1pt}{}
    cancel{} bcancel{} xcancel{} cancelto{0}{} enclose{box}{} class{a}{} cssId{a}{} htmlClass{a}{}
    htmlId{a}{} displaylines{} eqalign{}
""".split()  # noqa: SIM905


@pytest.mark.parametrize("command", LOOKS)
def test_what_changes_the_look_changes_nothing_else(command: str) -> None:
    text = rf"\{command.removesuffix('{}')}{{w}}"
    assert said(f"a = {text} x") in (said("a = w x"), said("a = {w} x"))


DISPLAYS = """
    aligned align alignat{2} alignedat{2} flalign eqnarray split gather gathered equation
    displaymath multline multlined math IEEEeqnarray{rl} empheq{align} dmath subequations
    align* gather* equation* multline* eqnarray* flalign*
""".split()  # noqa: SIM905


@pytest.mark.parametrize("name", DISPLAYS)
def test_displays_have_rows_of_statements(name: str) -> None:
    bare, brace, rest = name.partition("{")
    text = rf"\begin{{{bare}}}{brace}{rest} a = b \\ c = d \end{{{bare}}}"
    assert said(text) == said(r"\begin{align} a = b \\ c = d \end{align}")


TABLES = {
    "array{cc}": "", "matrix": "", "smallmatrix": "", "bmatrix": "[]", "pmatrix": "()",
    "vmatrix": "||", "Vmatrix": "‖‖", "Bmatrix": "{}", "tabular{cc}": "", "bsmallmatrix": "[]",
    "psmallmatrix": "()",
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_tables_have_the_brackets_that_they_print(name: str) -> None:
    bare, brace, rest = name.partition("{")
    found = read(rf"\begin{{{bare}}}{brace}{rest} a & b \\ c & d \end{{{bare}}}").statements[0]
    assert (found.brackets, [len(row) for row in found.rows]) == (TABLES[name], [2, 2])


SIZES = "big Big bigg Bigg bigl Bigl biggl Biggl bigm Bigm biggm Biggm".split()  # noqa: SIM905


@pytest.mark.parametrize("name", SIZES)
def test_sizes_of_brackets_say_nothing(name: str) -> None:
    close = name.replace("l", "r") if name.endswith("l") else name
    assert said(rf"a \{name}( b + c \{close})") == said("a ( b + c )")


SWITCHES = {"bf": "mathbf", "cal": "mathcal", "rm": "mathrm", "it": "mathit", "sf": "mathsf",
            "tt": "mathtt", "bfseries": "mathbf", "boldmath": "boldsymbol"}  # fmt: skip


@pytest.mark.parametrize("name", SWITCHES)
def test_old_switches_are_styles(name: str) -> None:
    assert said(rf"a = {{\{name} W}} x") == said(rf"a = \{SWITCHES[name]}{{W}} x")


STYLES = """
    mathbf boldsymbol bm pmb mathcal mathbb mathfrak mathscr mathnormal symbf vec overrightarrow
    underline bar overline hat widehat tilde widetilde dot ddot check breve acute grave mathring
    mathds mathbbm symbfit
""".split()  # noqa: SIM905


@pytest.mark.parametrize("name", STYLES)
def test_a_style_is_part_of_a_name(name: str) -> None:
    [node] = read(rf"\{name}{{W}}").statements
    assert node.text == "W"
    same = {"mathds": "mathbb", "mathbbm": "mathbb"}
    assert node.style[:1] == (same.get(name, name),)


WORDS = """
    text textrm textbf textit textnormal textsf texttt textsc textup mbox hbox
""".split()  # noqa: SIM905


@pytest.mark.parametrize("name", WORDS)
def test_words_are_words(name: str) -> None:
    assert said(rf"a = b \{name}{{ so far}}") == said(r"a = b \text{ so far}")


FUNCTIONS = """
    ln log exp sin cos tan sinh cosh tanh coth sec csc cot arcsin arccos arctan max min sup inf
    arg det dim ker deg gcd Pr
""".split()  # noqa: SIM905


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_called_as_their_commands(name: str) -> None:
    assert (
        said(rf"\{name}(x)")
        == said(rf"\mathrm{{{name}}}(x)")
        == said(rf"\operatorname{{{name}}}(x)")
    )


@pytest.mark.parametrize(("table", "mark"), [(RAISED, "^"), (LOWERED, "_")], ids=["above", "below"])
def test_small_signs_are_those_that_unicode_says(table: dict[str, str], mark: str) -> None:
    assert len(table) > 25
    for sign, plain in table.items():
        expected = unicodedata.normalize("NFKD", sign).replace("−", "-")
        assert plain == expected
        if plain.isalnum():
            assert said(f"a{sign} = b") == said(f"a{mark}{plain} = b")
