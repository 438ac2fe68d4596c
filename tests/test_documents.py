"""From files to documents: every format, each formula with its place, and whatever is hostile."""

import json
import os
import time
from collections.abc import Callable
from html import escape
from pathlib import Path

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pylatexenc.latexwalker import LatexMathNode, LatexWalker

from symnet.errors import SymnetError
from symnet.notes.document import Document, Formula, Prose
from symnet.notes.files import decoded, document_of, encoded, found, read_document
from symnet.notes.findings import RULES
from symnet.notes.mathematics import ENVIRONMENTS

KINDS = ("plain", "latex", "markdown", "notebook", "html")
ALL_KINDS = (*KINDS, "restructured")


def formulas(text: str, kind: str) -> list[str]:
    return [formula.text for formula in document_of(text, "note", kind).formulas]


def notebook(*cells: str, kind: str = "markdown") -> str:
    made = [{"cell_type": kind, "metadata": {}, "source": cell} for cell in cells]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})


# ---------------------------------------------------------------- laws

WRAPPED = {  # how a formula is delimited, and in which formats
    "${}$": KINDS,
    "$${}$$": KINDS,
    "$$\n{}\n$$": KINDS,
    r"\({}\)": KINDS,
    r"\[{}\]": KINDS,
    r"\\({}\\)": ("plain", "markdown", "notebook", "html"),
    r"\\[{}\\]": ("plain", "markdown", "notebook", "html"),
    "\n```math\n{}\n```\n": ("plain", "markdown", "notebook"),
    ":math:`{}`": ("plain", "markdown", "notebook"),
    "$`{}`$": ("plain", "markdown", "notebook"),
    "[latex]{}[/latex]": ("plain", "markdown", "notebook", "html"),
    "{{% katex %}}{}{{% endkatex %}}": ("plain", "markdown", "notebook", "html"),
    r"\f${}\f$": ("plain", "markdown", "notebook"),
    r"\f[{}\f]": ("plain", "markdown", "notebook"),
}
FORMULAS = st.lists(
    st.sampled_from(
        [
            *"abWxz0+=-'",
            r"\sigma",
            r"\odot ",
            "^{l}",
            "_{jk}",
            r"\frac{a}{b}",
            r"\{",
            " < ",
            "é",
            "σ",
        ]
    ),
    min_size=1,
    max_size=8,
).map(lambda parts: "x" + "".join(parts) + "y")
WORDS = st.text(st.sampled_from("abc ,.;:?()éλ🎓\n"), max_size=30).map(lambda x: x.strip(" \n"))
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def written(text: str, kind: str) -> str:
    """The text of a note as it stands in a file of a format."""
    if kind == "notebook":
        return notebook(text)
    if kind == "html":
        return f"<html><p>{escape(text)}</p></html>"
    return f"\\documentclass{{a}}\\begin{{document}}\n{text}" if kind == "latex" else text


@settings(max_examples=400, deadline=None)
@given(st.data(), st.sampled_from(KINDS), st.lists(FORMULAS, min_size=1, max_size=4), ENDS)
def test_delimited_formulas_are_found_where_they_stand(
    data: st.DataObject, kind: str, bodies: list[str], end: str
) -> None:
    wraps = [wrap for wrap, kinds in WRAPPED.items() if kind in kinds]
    text = ""
    for body in bodies:
        words = data.draw(WORDS)
        if kind == "markdown":
            words = words.replace("\n", " ")
        text += f"{words} {data.draw(st.sampled_from(wraps)).format(body)} "
    raw = written(text, kind)
    if kind != "notebook":
        raw = raw.replace("\n", end)
    document = document_of(raw, "note", kind)
    assert [formula.text.strip() for formula in document.formulas] == bodies
    at = 0
    for formula, body in zip(document.formulas, bodies, strict=True):
        lead = len(formula.text) - len(formula.text.lstrip())
        first = (json.dumps(body)[1:-1] if kind == "notebook" else body)[0]
        if kind == "html":
            inside = escape(body)
        else:
            inside = json.dumps(body)[1:-1] if kind == "notebook" else body
        at = raw.index(inside, at)
        lines = raw[:at].replace("\r\n", "\n").replace("\r", "\n")
        expected = lines.count("\n") + 1, len(lines) - lines.rfind("\n")
        assert formula.source.line_and_column(formula.start + lead) == expected
        assert raw[formula.source.place(formula.start + lead)] == first
        at += len(inside)


SIGNS = r"""
    $ $$ \( \) \[ \] \\( \\) ``` ` > - < & &lt; \begin{align} \end{align} \text{ { } % #
    <!-- --> \n <p> </p> <script> <math> :math:` [latex] \f$ --- \def\a{ \verb| \iffalse \fi
    \end{document} \input{x} <img~alt="$x$"> <pre> ~~~ \newcommand{\a}[1]{
    ![](https://latex.codecogs.com/svg.latex?%2B ) <a~href="
"""
TEXTS = st.lists(
    st.one_of(
        st.text(max_size=8),
        st.sampled_from(SIGNS.split()).map(lambda x: x.replace(r"\n", "\n\n").replace("~", " ")),
    ),
    max_size=30,
).map("".join)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS, st.sampled_from(ALL_KINDS))
def test_whatever_is_written_each_character_has_its_place(text: str, kind: str) -> None:
    raw = notebook(text, text) if kind == "notebook" else text
    document = document_of(raw, "note", kind)
    at: dict[int, int] = {}
    for piece in document.pieces:
        source = piece.source
        assert at.get(id(source), 0) <= piece.start < piece.end <= len(source.visible)
        at[id(source)] = piece.end
        if source.places is not None:
            assert len(source.places) == len(source.visible) + 1
            assert list(source.places) == sorted(source.places)
            assert source.places[0] >= 0
            assert source.places[-1] <= len(raw)
        if kind in ("plain", "latex", "restructured"):
            assert len(source.visible) == len(raw)
            pairs = zip(source.visible, raw, strict=True)
            assert all(seen == there or seen in " \n" for seen, there in pairs)
        source.line_and_column(piece.start)
    for ignored in document.suppressions:
        assert 0 <= ignored.start < ignored.end <= len(raw)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([".tex", ".md", ".ipynb", ".html", ".txt", ".x"]))
def test_random_bytes_are_read_or_refused_in_words(data: bytes, ending: str) -> None:
    said = "note"
    try:
        text, _ = decoded(data, "note")
        document_of(text, f"note{ending}")
    except SymnetError as error:
        said = str(error)
    assert said.startswith("note")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"]))
def test_what_was_decoded_is_encoded_alike(text: str, encoding: str) -> None:
    try:
        data = text.encode(encoding)
        read = decoded(data, "note")[0]
    except (UnicodeEncodeError, SymnetError):
        return
    assert encoded(read, data) == data


@pytest.mark.parametrize("name", sorted(ENVIRONMENTS))
def test_a_bare_environment_is_a_formula_with_its_begin_and_end(name: str) -> None:
    for star in ("", "*"):
        body = f"\\begin{{{name}{star}}}\na &= b \\\\[2pt]\n\nc &= d\n\\end{{{name}{star}}}"
        for kind in ("plain", "latex", "markdown"):
            assert formulas(f"Then\n{body}\nholds.", kind) == [body]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(WORDS, FORMULAS), max_size=5))
def test_pylatexenc_sees_the_same_formulas(parts: list[tuple[str, str]]) -> None:
    text = "".join(f"{words} ${body}$ \\[{body}\\] % $no$\n" for words, body in parts)
    nodes, _, _ = LatexWalker(text).get_latex_nodes()
    theirs = [node.latex_verbatim() for node in nodes if isinstance(node, LatexMathNode)]
    assert formulas(text, "latex") == [x[1:-1] if x[0] == "$" else x[2:-2] for x in theirs]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.booleans(), WORDS, FORMULAS), max_size=4), st.booleans())
def test_nbformat_sees_the_same_cells(cells: list[tuple[bool, str, str]], old: bool) -> None:
    book = nbformat.v4.new_notebook()
    for code, words, body in cells:
        new = nbformat.v4.new_code_cell if code else nbformat.v4.new_markdown_cell
        book.cells.append(new(f"{words}\n\n${body}$\n"))
    raw = nbformat.writes(nbformat.convert(book, 3) if old else book)
    theirs = nbformat.reads(raw, as_version=4).cells
    expected = [
        (f"cell {number}", body)
        for number, (cell, (_, _, body)) in enumerate(zip(theirs, cells, strict=True), start=1)
        if cell.cell_type == "markdown"
    ]
    ours = document_of(raw, "note.ipynb").formulas
    assert [(each.source.part(each.start), each.text) for each in ours] == expected


# ---------------------------------------------------------------- delimiters


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It costs $5 and $10.", []),
        ("Between $5-$10, or 5$ and 10$.", []),
        (r"A \$x\$ of $y$.", ["y"]),
        ("An open $x and\n\nthen $y$.", ["y"]),
        ("An open $$x and\n\nthen $y$.", ["y"]),
        ("A price of $5 and $x$ here.", ["x"]),
        ("With blanks $ x_1 $ in it.", [" x_1 "]),
        ("权重$w_1 $和$ w_2$。", ["w_1 ", " w_2"]),
        ("An open $x_1 and $\\beta$ of $z$.", ["\\beta", "z"]),
        ("Pay $5 for x_1 = 2 $ here, or 5$ for x_1$.", []),
        ("$$a\n= b$$", ["a\n= b"]),
        ("$$\n\na = b\n\n$$", ["\n\na = b\n\n"]),
        ("$a$$b$", ["a", "b"]),
        (r"$\text{if $x$ is}$ and $y$", [r"\text{if $x$ is}", "y"]),
        (r"\[ a \\[2pt] b \]", [r" a \\[2pt] b "]),
        (r"\[ open and \[ closed \]", [" closed "]),
        (r"\\(x\\) and \\[y \\\\ z\\]", ["x", r"y \\\\ z"]),
        (r"A line \\ and \(x\).", ["x"]),
        ("$latex x^2$", ["x^2"]),
        ("{% katex display %}x{% endkatex %}", ["x"]),
        (r"\f{align}{x\f}", ["x"]),
        (r"\begin{align} open, $x$", ["x"]),
        (r"\begin{itemize} $x$ \end{itemize}", ["x"]),
        ("$$$ $$$$ $$", []),
        (r" w_{jk}^l → weight from k" + "\n" + r"\odot : elementwise", []),
        (".. math:: a = b\n\nThen.", ["a = b"]),
        (".. math::\n   :label: e\n\n   a\n   b\n\n   c\n\nThen.", ["a\n   b", "c"]),
        ("```math\nx\n```", ["x\n"]),
        ("```python\n$x$\n```\n$y$", ["y"]),
        ("<!-- $x$ --> $y$", ["y"]),
    ],
)
def test_delimiters_of_plain_notes(text: str, expected: list[str]) -> None:
    assert formulas(text, "plain") == expected


def test_what_stands_between_formulas_is_prose() -> None:
    document = document_of("Let $x$ be, $$y$$", "note", "plain")
    assert [(type(piece), piece.text) for piece in document.pieces] == [
        (Prose, "Let "),
        (Formula, "x"),
        (Prose, " be, "),
        (Formula, "y"),
    ]
    assert [formula.display for formula in document.formulas] == [False, True]
    inline = document_of("Let $$y$$ be.", "note", "plain").formulas
    assert [formula.display for formula in inline] == [False]


# ---------------------------------------------------------------- LaTeX


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$a$ % $b$\n\\% $c$ \\\\% $d$", ["a", "c"]),
        ("\\begin{verbatim}$a$\\end{verbatim}$b$", ["b"]),
        ("\\begin{lstlisting}[x]\n$a$\n\\end{lstlisting}$b$", ["b"]),
        ("\\begin{comment}$a$\\end{comment}$b$\\begin{minted}{c}$c$\\end{minted}", ["b"]),
        ("\\verb|$a$| \\verb*+$+ $b$", ["b"]),
        ("\\iffalse $a$ \\ifx $b$ \\fi \\else $c$ \\fi $d$", ["c", "d"]),
        ("$a \\iff b$", ["a \\iff b"]),
        ("$a$ \\end{document} $b$", ["a"]),
        ("$ a $ and $b$2", [" a ", "b"]),
        ("$a\n\nb$ c", []),
        ("\\documentclass{a}\n$p$\n\\begin{document}$b$", ["b"]),
        ("$a % c\nb$", ["a    \nb"]),
        (r"text \\(a) $b$", ["b"]),
        (r"\begin{subequations}\begin{align}a\end{align}\end{subequations}",
         [r"\begin{align}a\end{align}"]),
    ],
)  # fmt: skip
def test_what_latex_prints(text: str, expected: list[str]) -> None:
    assert formulas(text, "latex") == expected


@pytest.mark.parametrize("kind", KINDS)
def test_macros_are_gathered_and_not_read(kind: str) -> None:
    macros = [
        r"\newcommand{\R}{\mathbb{R}}",
        r"\renewcommand*\v[1][x]{\mathbf{#1}}",
        r"\def\d#1{\delta^{#1}}",
        r"\DeclareMathOperator{\tr}{tr}",
        r"\let\s=\sigma",
    ]
    raw = written("\n".join(macros) + "\n\nThen $x$.", kind)
    document = document_of(raw, "note", kind)
    assert document.macros.splitlines() == macros
    assert [formula.text for formula in document.formulas] == ["x"]
    assert not any("\\" in piece.text for piece in document.pieces)


def test_macros_of_the_preamble_and_within_formulas() -> None:
    text = r"\documentclass{a}\newcommand{\x}{$y$}" + "\n" + r"\begin{document}\x"
    document = document_of(text)
    assert document.macros == r"\newcommand{\x}{$y$}"
    assert not list(document.formulas)
    document = document_of(r"$$\newcommand{\x}{y}$$ and $\def\z{q} \z$", "note.md")
    assert [formula.text.strip() for formula in document.formulas] == [r"\z"]


def tree(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder / next(iter(files))


def texts(document: Document) -> list[str]:
    return [piece.text.strip() for piece in document.pieces if piece.text.strip()]


def test_input_is_read_in_its_place(tmp_path: Path) -> None:
    main = tree(
        tmp_path,
        {
            "main.tex": "one \\input{a} two \\include{parts/b} three \\subfile{parts/d.tex} "
            "%\\input{e}",
            "a.tex": "\\newcommand{\\x}{y} $a$",
            "parts/b.tex": "$b$ \\input{c}",
            "parts/c.tex": "$c$",
            "parts/d.tex": "\\documentclass{subfiles}\\begin{document}$d$\\end{document}",
            "e.tex": "$e$",
        },
    )
    document = read_document(main)
    assert texts(document) == ["one", "a", "two", "b", "c", "three", "d"]
    assert document.macros == "\\newcommand{\\x}{y}"
    names = [Path(source.path).name for source in document.sources]
    assert names == ["main.tex", "a.tex", "b.tex", "c.tex", "d.tex"]
    assert [path.name for path in found([str(tmp_path)])] == ["e.tex", "main.tex"]


def test_input_never_leaves_its_folder(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    secret = tmp_path / "x.tex"
    secret.parent.mkdir(exist_ok=True)
    secret.write_text("$secret$")
    ways = ["../x", "x", "y/x", "a/../../x", "/etc/passwd", str(secret), "~/x", "..\\x", "./../x"]
    main = tree(inner, {"main.tex": " ".join(rf"$a$ \input{{{way}}}" for way in ways)})
    (inner / "x.tex").symlink_to(secret)
    (inner / "y").symlink_to(tmp_path)
    document = read_document(main)
    assert {formula.text for formula in document.formulas} == {"a"}
    assert len(document.sources) == 1


def test_input_in_circles_and_without_end(tmp_path: Path) -> None:
    files = {"main.tex": r"$a$ \input{main} \input{b} \input{b}", "b.tex": r"$b$ \input{main.tex}"}
    files |= {f"c{i}.tex": rf"$c$ \input{{c{i + 1}}} \input{{c{i + 1}}}" for i in range(100)}
    files["main.tex"] += r" \input{c0}"
    begun = time.perf_counter()
    document = read_document(tree(tmp_path, files))
    assert time.perf_counter() - begun < HANGS
    assert [formula.text for formula in document.formulas][:3] == ["a", "b", "c"]


# ---------------------------------------------------------------- Markdown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("---\ntitle: $t$\n---\n$a$", ["a"]),
        ("`$a$` ``$`b`$`` $c$ :math:`d` $`e`$", ["c", "d", "e"]),
        ("x\n\n    $a$\n\n- item\n\n      $b$\n\n  $c$", ["c"]) ,
        ("~~~\n$a$\n~~~\n```math\nb\n```", ["b\n"]),
        ("> $$\n> a\n> $$\n", ["\n  a\n  "]),
        ("> x\n\n$$\na\n> b\n$$", ["\na\n> b\n"]),
        ("$w\\_{jk} x\\_i d\\_model a^\\*$", ["w_{jk} x_i d\\_model a^*"]),
        ("$$a \\\\\\\\ b$$", ["a \\\\ b"]),
        ("$a &lt; b$", ["a < b"]),
        ("<pre>$a$</pre> <code>$b$</code> $c$", ["c"]),
        ("{% highlight c %}\n$a$\n{% endhighlight %} $b$", ["b"]),
        ("![q](https://latex.codecogs.com/svg.latex?a_1&space;=&space;b&plus;c)", ["a_1 = b+c"]),
        ("![](https://render.githubusercontent.com/render/math?math=a%2Bb(c)) d", ["a+b(c)"]),
        ("<img src='https://latex.codecogs.com/gif.latex?\\dpi{110}&space;a+b'>", ["a+b"]),
        ("![](https://www.zhihu.com/equation?tex=a+%3D+%5Csigma)", ["a = \\sigma"]),
        ("![](http://latex.codecogs.com/svg.latex?\\Delta(x)= y) $w$", ["\\Delta(x)= y", "w"]),
        ("$\\\\delta^l = \\nabla\\_a C$", ["\\\\delta^l = \\nabla_a C"]),
        ("$$\\\\delta^l\\_j = \\\\frac{a}{b} \\\\\\\\ c$$", ["\\delta^l_j = \\frac{a}{b} \\\\ c"]),
        ("$$\\sum\\_{k\\<l} \\[a\\] \\> b$$", ["\\sum_{k<l} [a] \\> b"]),
        ("\\[latex\\]a\\[/latex\\]", ["a"]),
        ("<a href='x$y$'>$b$</a> <img alt='$c$' src='d.png'> $a<b$, $c>d$", ["b", "a<b", "c>d"]),
        ("| a | $b$ |\n|---|---|\n| `$` | $c$ |", ["b", "c"]),
    ],
)  # fmt: skip
def test_what_markdown_shows(text: str, expected: list[str]) -> None:
    assert formulas(text, "markdown") == expected
    assert formulas(notebook(text), "notebook") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See :math:`a` and ``:math:`b```.", ["a"]),
        (
            ".. code-block:: python\n\n   $a$\n\n.. math::\n\n   b\n\nThen::\n\n  $c$\n\n$d$",
            ["b", "d"],
        ),
        (".. a comment with $a$\n   and $b$\n\n.. _label:\n\n$c$", ["c"]),
        (".. note::\n\n   .. math:: a\n", ["a"]),
    ],
)
def test_what_restructured_text_shows(text: str, expected: list[str]) -> None:
    assert formulas(text, "restructured") == expected


# ---------------------------------------------------------------- notebooks


def test_a_notebook_of_version_3() -> None:
    cells = [
        {"cell_type": "code", "input": ["$a$"], "outputs": []},
        {"cell_type": "heading", "level": 1, "source": "$b$"},
        {"cell_type": "markdown", "source": ["line\n", "$c$"]},
    ]
    raw = json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}, indent=1)
    document = document_of(raw)
    assert [(x.text, x.source.part(x.start)) for x in document.formulas] == [
        ("b", "cell 2"),
        ("c", "cell 3"),
    ]
    last = list(document.formulas)[-1]
    line = raw[: raw.index("$c$")].count("\n") + 1
    assert last.source.line_and_column(last.start)[0] == line
    assert last.source.written == "json"


def test_escapes_of_json() -> None:
    raw = (
        '{"cells": [{"cell_type": "markdown", "source": "\\ud83c\\udf93 \\u0024\\\\sigma\\u0024"}]}'
    )
    (formula,) = document_of(raw).formulas
    assert formula.text == "\\sigma"
    assert raw[formula.source.place(formula.start) :].startswith("\\\\sigma")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "{}", '{"cells": 3', "[" * 100_000, '{"a":' * 100_000]
)
def test_what_is_no_notebook_is_said(text: str) -> None:
    with pytest.raises(SymnetError, match="no notebook"):
        document_of(text, "note.ipynb")


@pytest.mark.parametrize(
    "text",
    [
        '{"cells": 3}',
        '{"cells": [3, null, "a", [], {}, {"cell_type": 1, "source": 2}]}',
        '{"cells": [{"cell_type": "markdown", "source": {"a": "b"}}]}',
        '{"cells": [{"cell_type": "markdown", "source": [1, [], "a"]}]}',
        '{"worksheets": [{}, 3], "cells": null}',
        '{"cells": [{"cell_type": "markdown", "source": "\\ud800 $a$"}]}',
    ],
)
def test_odd_notebooks_are_read(text: str) -> None:
    assert len(list(document_of(text).formulas)) <= 1


# ---------------------------------------------------------------- HTML

WIKIPEDIA = (
    '<span class="mwe-math-element"><span style="display: none;">'
    '<math alttext="{\\displaystyle a=b}">'
    "<semantics><mrow><mi>a</mi></mrow>"
    '<annotation encoding="application/x-tex">{\\displaystyle a=b}</annotation></semantics></math>'
    '</span><img src="https://wikimedia.org/api/rest_v1/media/math/render/svg/1f" '
    'class="mwe-math-fallback-image-inline" alt="{\\displaystyle a=b}"></span>'
)
KATEX = (
    '<span class="katex"><span class="katex-mathml"><math><semantics><mi>a</mi><annotation '
    'encoding="application/x-tex">a &lt; b</annotation></semantics></math></span>'
    '<span class="katex-html" aria-hidden="true"><span>a</span>&lt;<span>b</span></span></span>'
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<p>$a &amp; b &lt; c&#39;$</p>", ["a & b < c'"]),
        ("<script>$a$</script><style>$b$</style><pre>$c$</pre><!--$e$-->$f$", ["f"]),
        ("<code>$a$</code>$b$", ["b"]),
        ('<script type="math/tex">a<b</script>', ["a<b"]),
        ('<script type="math/tex; mode=display">a</script>', ["a"]),
        (WIKIPEDIA, ["a=b"]),
        (WIKIPEDIA + " and " + WIKIPEDIA, ["a=b", "a=b"]),
        (KATEX, ["a < b"]),
        ('<img src="https://latex.codecogs.com/gif.latex?a&amp;space;%2B&amp;space;b">', ["a + b"]),
        ('<img src="//s0.wp.com/latex.php?latex=a+%3D+b&#038;bg=ffffff" alt="a = b" class="latex">',
         ["a = b"]),
        ('<IMG ALT="$ x_1 $" SRC="img1.png"> <img src="cat.png" alt="a cat">', [" x_1 "]),
        ("<p>open $x</p><p>y$ $z$</p>", ["z"]),
        ("<td>$a$</td><td>$b$</td>", ["a", "b"]),
        ("$a_1<em>b</em>$", ["a_1b"]),
        ("$a < b$ and $c<d$", ["a < b", "c<d"]),
        ("<p>$$a\n\n= b$$</p>", ["a \n= b"]),
        ("<!-- open $x$", ["x"]),
        ("<pre>$a$", []),
    ],
)  # fmt: skip
def test_what_a_page_shows(text: str, expected: list[str]) -> None:
    assert formulas(text, "html") == expected


# ---------------------------------------------------------------- suppressions

COMMENTS: dict[str, Callable[[str], str]] = {
    "latex": lambda said: f"$a$ % {said}\n",
    "markdown": lambda said: f"$a$\n\n<!-- {said} -->\n",
    "plain": lambda said: f"<!-- {said} --> $a$",
    "html": lambda said: f"<p><!-- {said} --> $a$",
    "notebook": lambda said: notebook("first", f"<!-- {said} -->\n$a$"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_comments_suppress(kind: str) -> None:
    first, second = list(RULES)[:2]
    for said, rules, reason in [
        (f"symnet: ignore[{first}, {second}] as in the book", (first, second), "as in the book"),
        ("symnet: ignore", (), ""),
        (f"symnet:ignore [{first}]: why", (first,), "why"),
    ]:
        raw = COMMENTS[kind](said)
        document = document_of(raw, "note", kind)
        (ignored,) = document.suppressions
        assert (ignored.rules, ignored.reason) == (rules, reason)
        assert said in raw[ignored.start : ignored.end]
        assert [formula.text for formula in document.formulas] == ["a"]
    for said in ("symnet: ignored", "symnet: forget", "ignore", "about symnet: ignore"):
        assert not document_of(COMMENTS[kind](said), "note", kind).suppressions


def test_comments_in_code_suppress_nothing() -> None:
    comment = "<!-- symnet: ignore -->"
    assert not document_of(f"```\n{comment}\n```\n`{comment}`", "note.md").suppressions
    assert not document_of(f"<pre>{comment}</pre>", "note.html").suppressions
    code = "\\begin{verbatim}\n% symnet: ignore\n\\end{verbatim}"
    assert not document_of(code, "note.tex").suppressions


# ---------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\\documentclass{a}\n\\begin{document}\n`$a$` $ b $2\\end{document}", ["a", " b "]),
        ("% a comment\n\\begin{document} $a$2", ["a"]),
        ("<!DOCTYPE html><p>$a &lt; b$", ["a < b"]),
        (notebook("$a$"), ["a"]),
        ("$a$ and \\begin{align}b\\end{align}", ["a", "\\begin{align}b\\end{align}"]),
    ],
)
def test_a_text_without_a_name_says_its_format(text: str, expected: list[str]) -> None:
    assert [formula.text for formula in document_of(text).formulas] == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_ends_of_lines(tmp_path: Path, encoding: str, end: str) -> None:
    file = tmp_path / "note.txt"
    file.write_bytes(end.join(["Größe", "", "né $a$", "$$b", "c$$"]).encode(encoding))
    document = read_document(file)
    places = [(x.source.line_and_column(x.start)) for x in document.formulas]
    assert places == [(3, 5), (4, 3)]
    assert document.pieces[0].text.startswith("Größe")
    (source,) = document.sources
    assert source.raw.count(end) == 4


def test_lines_are_counted_quickly() -> None:
    source = document_of("a $b$\r" * 50_000, "note.txt").sources[0]
    begun = time.perf_counter()
    assert [source.line_and_column(i * 6)[0] for i in range(50_000)] == [*range(1, 50_001)]
    assert time.perf_counter() - begun < HANGS


def test_which_files_are_meant(tmp_path: Path) -> None:
    tree(
        tmp_path,
        {
            "b.md": "",
            "a.txt": "",
            "c.py": "",
            "deep/d.ipynb": "",
            "deep/.hidden/e.md": "",
            ".f.md": "",
            "deep/g.HTML": "",
        },
    )
    here = str(tmp_path)
    names = [path.relative_to(tmp_path).as_posix() for path in found([here, f"{here}/b.md"])]
    assert names == ["a.txt", "b.md", "deep/d.ipynb", "deep/g.HTML"]
    assert [path.name for path in found([f"{here}/*.md", f"{here}/./b.md"])] == ["b.md"]
    assert [path.name for path in found([f"{here}/c.py"])] == ["c.py"]
    (tmp_path / "empty").mkdir()
    for word in ("nothing.md", "*.rst", "empty", "a\0b"):
        with pytest.raises(SymnetError, match=r"no such file|no notes|cannot be read"):
            found([f"{here}/{word}"])


def test_unreadable_files_are_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "binary.md").write_bytes(b"\x89PNG\r\n\0\0")
    (tmp_path / "book.pdf").write_bytes(b"%PDF-1.4")
    with (tmp_path / "large.md").open("wb") as file:
        file.truncate(20_000_001)
    os.mkfifo(tmp_path / "pipe.md")
    for name, said in {
        "binary.md": "binary",
        "book.pdf": "PDF",
        "large.md": "larger than 20 MB",
        "none.md": "no such file",
        ".": "folder",
        "pipe.md": "no regular file",
    }.items():
        with pytest.raises(SymnetError, match=said):
            read_document(tmp_path / name)


# ---------------------------------------------------------------- hostile

# Seconds that nothing takes but what would never end: a quadratic scan of such texts takes minutes.
HANGS = 30
HOSTILE = [
    "$" * 50_000,
    "$ " * 50_000,
    "$a " * 50_000,
    "$a\n" * 30_000,
    "$$ a " * 30_000,
    "$$\n\n" * 15_000,
    r"\(" * 50_000,
    r"\[" * 50_000,
    r"\\(" * 30_000,
    r"\begin{align}" * 10_000,
    r"\begin{align}" * 5_000 + r"\end{align}" * 5_000,
    r"\begin{verbatim}" * 10_000,
    r"$\text{" * 15_000,
    r"$\text{$" * 15_000,
    r"$\text{$\text{$ " * 10_000,
    r"\newcommand{\a}{" * 6_000,
    r"\def\a" * 10_000,
    r"\def\a{{" * 10_000,
    r"\verb|a\verb+b" * 5_000,
    r"\iffalse " * 10_000,
    r"\input{a}" * 5_000,
    "{" * 100_000,
    "\\" * 100_000,
    "`" * 50_000,
    "` `` ``` " * 8_000,
    "```\n" * 20_000,
    "```math\n" * 10_000,
    ":math:`" * 15_000,
    ".. math::\n" * 10_000,
    "{% katex " * 10_000,
    "{% katex %}" * 8_000,
    r"\f{a}" * 15_000,
    "[latex]" * 15_000,
    ">" * 50_000,
    "> " * 50_000,
    "- " * 50_000,
    "\n" * 50_000,
    " " * 100_000,
    "<!--" * 25_000,
    "<!-- symnet: ignore[" * 5_000,
    "% symnet: ignore[a" * 5_000,
    "<a " * 30_000,
    "<a" + " b" * 50_000,
    "<a " + "b" * 100_000 + ">",
    "<a b='" * 20_000,
    "<a b=\"'" * 20_000,
    "<" * 100_000,
    "<script>" * 12_000,
    "<pre>" * 20_000,
    "<div>" * 20_000,
    "<math>" * 15_000,
    '<annotation encoding="application/x-tex">' * 3_000,
    "&" * 100_000,
    "&lt" * 30_000,
    "![" * 50_000,
    "](https://latex.codecogs.com/svg.latex?" * 3_000,
    "https://latex.codecogs.com/svg.latex?%2B" * 3_000,
    '"https://latex.codecogs.com/svg.latex?a ' * 3_000,
    "---\n" * 20_000,
    "<img alt='$" * 10_000,
    "{\\displaystyle " * 6_000,
    '<img class="math" alt="{\\displaystyle ' * 3_000,
]


@pytest.mark.parametrize("kind", ALL_KINDS)
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:18]))
def test_hostile_texts_are_read_at_once(text: str, kind: str) -> None:
    raw = notebook(text) if kind == "notebook" else text
    begun = time.process_time()
    document_of(raw, "note", kind)
    assert time.process_time() - begun < HANGS
