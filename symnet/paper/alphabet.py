"""How the letters and signs of a formula are printed: as Unicode text and as LaTeX.

An alphabet is data and a handful of small functions; `writer.py` walks a term once and asks it.

>>> print(TEXT.scripts("w", "jk", "l+1"), LATEX.scripts("w", "jk", "l+1"))
wⱼₖˡ⁺¹ w_{jk}^{l+1}
>>> print(TEXT.scripts("z", "1,12", "2"), TEXT.scripts("z", "q", "2"))
z₁,₁₂² z_q²
"""

from collections.abc import Callable
from dataclasses import dataclass

_SUPER = dict(zip("0123456789+-lLTn′", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ˡᴸᵀⁿ′", strict=True))
_SUB = dict(zip("0123456789+-jkpirsthmlLaen,′", "₀₁₂₃₄₅₆₇₈₉₊₋ⱼₖₚᵢᵣₛₜₕₘₗLₐₑₙ,′", strict=True))


@dataclass(frozen=True, slots=True)
class Alphabet:
    """A way to print: text and LaTeX differ in nothing else."""

    name: str
    letters: dict[str, str]
    scripts: Callable[[str, str, str], str]  # letter, subscript, superscript
    fraction: Callable[[str, str], str]
    sum: Callable[[str, str, str], str]  # index, its last value, body
    transpose: Callable[[str], str]
    brackets: Callable[[str], str]
    times: str  # between a number and what follows
    hadamard: str
    minus: str
    partial: str
    dots: str


def _script(text: str, table: dict[str, str], mark: str) -> str:
    if not text:
        return ""
    if all(letter in table for letter in text):
        return "".join(table[letter] for letter in text)
    return mark + (text if len(text) == 1 else f"({text})")


def _text_scripts(letter: str, sub: str, sup: str) -> str:
    return letter + _script(sub, _SUB, "_") + _script(sup, _SUPER, "^")


def _latex_scripts(letter: str, sub: str, sup: str) -> str:
    sub = sub.replace("′", "'")
    return letter + (f"_{{{sub}}}" if sub else "") + (f"^{{{sup}}}" if sup else "")


def _text_fraction(above: str, below: str) -> str:
    def closed(part: str) -> str:
        # A leading minus needs no brackets: −y / a.
        return f"({part})" if any(sign in part[1:] for sign in " +−/") else part

    return f"{closed(above)} / {closed(below)}"


TEXT = Alphabet(
    name="text",
    letters={},
    scripts=_text_scripts,
    fraction=_text_fraction,
    sum=lambda index, last, body: f"Σ{_script(index, _SUB, '_')} {body}",
    transpose=lambda matrix: f"({matrix})ᵀ",
    brackets=lambda inside: f"({inside})",
    times=" ",
    hadamard=" ⊙ ",
    minus="−",
    partial="∂",
    dots="…",
)

LATEX = Alphabet(
    name="latex",
    letters={"δ": r"\delta", "σ": r"\sigma", "∇": r"\nabla", "η": r"\eta"},
    scripts=_latex_scripts,
    fraction=lambda above, below: rf"\frac{{{above}}}{{{below}}}",
    sum=lambda index, last, body: rf"\sum_{{{index}=1}}^{{{last}}} {body}",
    transpose=lambda matrix: rf"({matrix})^T",
    brackets=lambda inside: rf"\left({inside}\right)",
    times=r"\,",
    hadamard=r" \odot ",
    minus="-",
    partial=r"\partial ",
    dots=r"\dots",
)
