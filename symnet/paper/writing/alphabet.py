"""How the letters and signs of a formula are printed: as Unicode text and as LaTeX.

An alphabet is data and a handful of small functions; `writer.py` walks a term once and asks it.

>>> print(TEXT.scripts("w", "jk", "l+1"), LATEX.scripts("w", "jk", "l+1"))
wⱼₖˡ⁺¹ w_{jk}^{l+1}
>>> print(TEXT.scripts("z", "1,12", "2"), TEXT.scripts("z", "q", "2"))
z₁,₁₂² z_q²
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

# Unicode has no raised or lowered form of every letter: no lowered L, b or q, among others.
_SUPER = dict(zip("0123456789+-lLTn′", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ˡᴸᵀⁿ′", strict=True))
_SUB = dict(zip("0123456789+-jkpirsthmlaenxuvo,′", "₀₁₂₃₄₅₆₇₈₉₊₋ⱼₖₚᵢᵣₛₜₕₘₗₐₑₙₓᵤᵥₒ,′", strict=True))


@dataclass(frozen=True, slots=True)
class Alphabet:
    """A way to print: text and LaTeX differ in nothing else.

    `stacked`: a fraction is set one above the other, so that it needs no brackets.
    """

    name: str
    stacked: bool
    letter: Callable[[str], str]
    scripts: Callable[[str, str, str], str]  # letter, subscript, superscript
    fraction: Callable[[str, str], str]
    root: Callable[[str], str]
    sum: Callable[[str, str, str], str]  # index, its last value, body
    function: Callable[[str, str, str], str]  # name, primes, argument
    exponential: Callable[[str], str]
    cases: Callable[[tuple[tuple[str, str], ...], str], str]  # (value, condition) ..., otherwise
    row: Callable[[list[str]], str]  # factors side by side
    transpose: Callable[[str], str]
    brackets: Callable[[str], str]
    magnitude: Callable[[str], str]
    times: str  # before a factor that begins with a digit
    hadamard: str
    minus: str
    partial: str
    dots: str
    row_dots: str  # between entries of a matrix: along a row, down a column, across both
    column_dots: str
    diagonal_dots: str
    arrow: str
    new_row: str  # between the rows of a matrix
    words: Callable[[str], str]  # prose, with what would be read as a command escaped
    relations: dict[str, str]


def _script(text: str, table: dict[str, str], mark: str) -> str:
    if not text:
        return ""
    if all(letter in table for letter in text):
        return "".join(table[letter] for letter in text)
    return mark + (text if len(text) == 1 else f"({text})")


def _text_scripts(letter: str, sub: str, sup: str) -> str:
    return letter + _script(sub, _SUB, "_") + _script(sup, _SUPER, "^")


def _text_cases(branches: tuple[tuple[str, str], ...], otherwise: str) -> str:
    conditional = (f"{value} if {condition}, " for value, condition in branches)
    return f"{''.join(conditional)}else {otherwise}"


_LATEX_LETTERS = {
    "δ": r"\delta",
    "σ": r"\sigma",
    "∇": r"\nabla",
    "η": r"\eta",
    "θ": r"\theta",
    "π": r"\pi",
}

# The functions that TeX has a name for.
_LATEX_NAMES = {"sin", "cos", "tan", "sinh", "cosh", "tanh", "ln", "arctan", "arcsin", "arccos"}
_LATEX_NAMES |= {"max", "min"}


def _latex_letter(name: str) -> str:
    if len(name) == 1:
        return _LATEX_LETTERS.get(name, name)
    return rf"\mathit{{{_escaped(name)}}}"


def _latex_scripts(letter: str, sub: str, sup: str) -> str:
    # A name may hold a _ of its own; the size n_{l} as an index brings its braces.
    sub, sup = (re.sub(r"_(?!\{)", r"\\_", script.replace("′", "'")) for script in (sub, sup))
    return letter + (f"_{{{sub}}}" if sub else "") + (f"^{{{sup}}}" if sup else "")


def _latex_function(name: str, primes: str, argument: str) -> str:
    if name in _LATEX_NAMES:
        shown = f"\\{name}"
    elif len(name) == 1:
        shown = _latex_letter(name)
    else:
        shown = rf"\operatorname{{{_escaped(name)}}}"
    # Brackets of the size of what they hold; plain ones where that is one line high anyway.
    # A letter of private use stands for a matrix yet to be set.
    high = (r"\frac", r"\sum", r"\left", r"\begin")
    tall = any(sign in argument for sign in high) or any(sign >= "\ue000" for sign in argument)
    return rf"{shown}{primes}\left({argument}\right)" if tall else f"{shown}{primes}({argument})"


def _latex_row(factors: list[str]) -> str:
    """A thin space around fractions and [j = k]; TeX sets one around \\left and \\right."""
    text = factors[0]
    for before, factor in pairwise(factors):
        apart = (
            before.startswith(r"\frac")
            or before.endswith("]")
            or factor.startswith((r"\frac", "["))
        )
        apart = apart and not before.endswith(r"\right)") and not factor.startswith(r"\left")
        text += (r" \, " if apart else " ") + factor
    return text


def _latex_cases(branches: tuple[tuple[str, str], ...], otherwise: str) -> str:
    rows = [rf"{value} & \text{{if }} {condition}" for value, condition in branches]
    rows.append(rf"{otherwise} & \text{{otherwise}}")
    return r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}"


# What TeX reads otherwise than it stands. Words come from us and from names, which are checked.
_TEX = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "δ": r"$\delta$",
    "η": r"$\eta$",
    "σ": r"$\sigma$",
    "⊙": r"$\odot$",
    "Σ": r"$\Sigma$",
    "∂": r"$\partial$",
    "−": "$-$",
    "ⁿ⁻¹": "$^{n-1}$",
    "ⁿ": "$^n$",
}


def _latex_words(text: str) -> str:
    for sign, tex in _TEX.items():
        text = text.replace(sign, tex)
    return text


def _markdown_words(text: str) -> str:
    return re.sub(r"([_*<>#$\\`\[\]])", r"\\\1", text)


def _escaped(name: str) -> str:
    return name.replace("_", r"\_")


TEXT = Alphabet(
    name="text",
    stacked=False,
    letter=lambda name: name,
    scripts=_text_scripts,
    fraction=lambda above, below: f"{above} / {below}",
    root=lambda inside: f"√({inside})",
    sum=lambda index, last, body: f"Σ{_script(index, _SUB, '_')} {body}",
    function=lambda name, primes, argument: f"{name}{primes}({argument})",
    exponential=lambda argument: f"exp({argument})",
    cases=_text_cases,
    row=" ".join,
    transpose=lambda matrix: f"{matrix}ᵀ",
    brackets=lambda inside: f"({inside})",
    magnitude=lambda inside: f"|{inside}|",
    times="· ",
    hadamard=" ⊙ ",
    minus="−",
    partial="∂",
    dots="…",
    row_dots="…",
    column_dots="⋮",
    diagonal_dots="⋱",
    arrow="←",
    new_row="\n",
    words=lambda text: text,
    relations={"<": "<", "<=": "≤", ">": ">", ">=": "≥", "==": "=", "!=": "≠"},
)

LATEX = Alphabet(
    name="latex",
    stacked=True,
    letter=_latex_letter,
    scripts=_latex_scripts,
    fraction=lambda above, below: rf"\frac{{{above}}}{{{below}}}",
    root=lambda inside: rf"\sqrt{{{inside}}}",
    sum=lambda index, last, body: rf"\sum_{{{index}=1}}^{{{last}}} {body}",
    function=_latex_function,
    exponential=lambda argument: f"e^{{{argument}}}",
    cases=_latex_cases,
    row=_latex_row,
    transpose=lambda matrix: rf"{matrix}^T",
    brackets=lambda inside: rf"\left({inside}\right)",
    magnitude=lambda inside: rf"\left|{inside}\right|",
    times=r"\cdot ",
    hadamard=r" \odot ",
    minus="-",
    partial=r"\partial ",
    dots=r"\dots",
    row_dots=r"\cdots",
    column_dots=r"\vdots",
    diagonal_dots=r"\ddots",
    arrow=r"\leftarrow",
    new_row=r" \\ ",
    words=_latex_words,
    relations={"<": "<", "<=": r"\le", ">": ">", ">=": r"\ge", "==": "=", "!=": r"\ne"},
)

# Formulas as in LaTeX, words as they are: Unicode needs no commands there.
MARKDOWN = replace(
    LATEX,
    name="markdown",
    words=_markdown_words,
    # Some renderers know no \\operatorname, and take \\, for an escaped comma.
    function=lambda *parts: _latex_function(*parts).replace(r"\operatorname", r"\mathrm"),
    row=lambda factors: _latex_row(factors).replace(r"\,", r"\thinspace"),
    new_row=" \\\\\n",  # a backslash before anything but a line's end may be taken for an escape
)
