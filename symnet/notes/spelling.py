r"""How notes spell what books spell otherwise, put right before a formula is read.

Each character of the new text knows where it stood, so that a place in it is a place in the note.

>>> respelled(r"\text{net}_j = 1")[0]
'\\mathrm{net}_j = 1'
>>> respelled("net_j = 1")[1][12:15]  # the _, the j, a space
(3, 4, 5)
"""

import re
from dataclasses import dataclass
from functools import lru_cache

# Names of several letters, printed as words.
_NAMES = "net|in|out|softmax|sigmoid|ReLU|relu|diag|input|output|pre|act|logistic|Softmax"
_COSTS = "Err|MSE|Loss|loss|Cost|cost|BCE|CE|SSE|Error|error|Erreur"
_STYLES = "text|textrm|textit|mathit|textup|mbox|rm|hbox"
_LAYOUT = "qedhere|qed|blacksquare|hfill|noindent|null|medskip|smallskip|protect"
_LINKS = "eqref|ref|cite|footnote|cref|autoref|footnotemark"
_WORDS = rf"(?:{_STYLES}|mathrm|operatorname\*?|tag\*?|label|color|begin|end|[hv]space\*?)"
_LEFT_ALONE = rf"(?P<kept>\\(?:{_WORDS}|{_LINKS})\s*\{{[^{{}}]*\}})"
_PRIME = r"'|\^\s*\{?\s*\\prime\s*\}?"
_NUMBER = r"[lL](?:\s*[-+]\s*\d)?"  # of a layer


def _word(word: str) -> str:
    """A word in a script: {new}, {\\text{new}}, \\text{new}."""
    styled = rf"\\(?:{_STYLES}|mathrm)\s*\{{\s*(?:{word})\s*\}}"
    return rf"(?:\{{\s*(?:{word}|{styled})\s*\}}|{styled})"


_SPELLINGS = (
    # A blank that the reader is to fill says nothing.
    (r"\s*=\s*\?(?=\s*(?:\\\\|\\end(?![A-Za-z])|$))", ""),
    # Words of a language without TeX, in the middle of a formula.
    (rf"{_LEFT_ALONE}|([\u0400-\u04ff\u3041-\u30ff\u4e00-\u9fff\uac00-\ud7a3]+)", r"\\text{ \2 }"),
    # Products as they are typed.
    (r"\\cdot\s*\*|(?<=[\w})\]])\s*\.\s+\*(?=\s*[\w\\({\[])", r"\\odot "),
    (
        r"(?<=[\w})\]'])\s+\.\s+(?!(?:and|or|where|if|for|with)(?![A-Za-z]))"
        # After the end of a sentence another one begins: s = 1 . v = 2.
        r"(?!\\?[A-Za-z]+(?:[_^](?:\{[^{}]*\}|\w))*\s*&?\s*=)"
        r"(?=[A-Za-z({]|\\(?:[dt]?frac|sum|partial|nabla|left|hat|mathbf|boldsymbol|mathrm|[A-Za-z]{2,7}"
        r"[_^'(]))",
        r" \\cdot ",
    ),
    # Functions without a backslash: log(h), exp(-z).
    (rf"{_LEFT_ALONE}|(?<![A-Za-z\\.])(log|ln|exp|tanh)(?=\s*(?:\\left)?\()", r"\\\2"),
    # A Greek letter that sums: it has a range, or its index is one of what follows.
    (
        r"\\Sigma(?=\s*_\s*\{\s*[a-z]\s*=|\s*_\s*\{?\s*([a-z])\s*\}?(?!\s*\^)[^=]{0,80}?_\s*(?:\{[^{}]{0,20})?\1)",
        r"\\sum",
    ),
    (r"\\dot\s*\{\s*=\s*\}", ":="),
    (r"\\Reals?(?![A-Za-z])", r"\\mathbb{R}"),
    # A letter with a number beside it has it as its subscript: w5, dZ2, \hat{y1}, w1x1.
    (
        rf"{_LEFT_ALONE}|(?<![A-Za-z\\\d._])(?<!_\{{)(?<!\d[xX])(d?[A-Za-z]|\\(?:delta|theta))(\d+)"
        r"(?![\d.]*[\d.]\w)",
        r"\2_{\3}",
    ),
    (r"(?<=_\{\d\})([A-Za-z])(\d+)", r"\1_{\2}"),
    # The costs and the parameters before and after something.
    (rf"(?<![A-Za-z\\])([CEJL])_{_word('total|Total|tot')}", r"\1"),
    (
        rf"(?<![A-Za-z\\])([wWbB]|\\theta)_{_word('new')}\s*(?::?=)"
        r"(?=[^=]{0,80}-[^=]{0,80}\\partial)",
        r"\1 \\leftarrow ",
    ),
    (rf"(?<![A-Za-z\\])([wWbB]|\\theta)_{_word('old')}", r"\1"),
    # What has the layer of its argument as its own: \sigma_l'(z^l).
    (
        rf"(\\(?:sigma|phi|varphi|psi)|(?<![A-Za-z\\])[fg])({_PRIME})?\s*[_^]\s*(?:(?P<open>\{{)\s*)?"
        rf"(?P<round>\()?(?P<layer>{_NUMBER})(?(round)\))(?:(?(open)\s*\}}))({_PRIME})?"
        r"(?=\s*(?:\\left\s*)?\([^()=]{0,99}?[\^_]\s*(?:\{\s*\(?(?P=layer)\)?\s*\}|(?P=layer)(?!\w)))",
        r"\1\2\6",
    ),
    (r"(?<=[A-Za-z}])\s*\\prime(?![A-Za-z])", "'"),
    # A transpose on the layer, and a layer on the transpose.
    (rf"\^\s*\{{\s*({_NUMBER})\s*\^\s*\{{?\s*(T|\\top)\s*\}}?\s*\}}", r"^{(\1)\2}"),
    (rf"\^\s*\{{\s*(\({_NUMBER}\))\s*\^\s*\{{?\s*(T|\\top)\s*\}}?\s*\}}", r"^{\1\2}"),
    (rf"\^\s*\{{\s*(T|\\top)\s*\^\s*\{{?\s*({_NUMBER})\s*\}}?\s*\}}", r"^{(\2)\1}"),
    # What is wanted has no layer: a^L - y^L.
    (
        r"((?<![A-Za-z\\])a(?:_\w|_\{[^{}]*\})?\^(L|\{\s*\(?L\)?\s*\})\s*-\s*y(?:_\w|_\{[^{}]*\})?)\^\2",
        r"\1",
    ),
    # A thin space that lost its backslash.
    (
        r"(-\s*\\(?:eta|alpha|epsilon|gamma))\s*,\s*(?=\\(?:[dt]?frac|delta|nabla|partial|sum))",
        r"\1 ",
    ),
    (rf"\\(?:{_STYLES})\s*\{{\s*({_NAMES})\s*\}}", r"\\mathrm{\1}"),
    (r"(?<![A-Za-z\\{])(net|out|in)(?=_|\^|\()", r"\\mathrm{\1}"),
    # Costs with names of several letters.
    (rf"\\(?:{_STYLES}|mathrm|operatorname|mathbf)\s*\{{\s*({_COSTS})\s*\}}", r"\\mathcal{C}"),
    (rf"(?<![A-Za-z\\{{])({_COSTS})(?![A-Za-z])", r"\\mathcal{C}"),
    (r"\\newline(?![A-Za-z])", r"\\\\"),
    # Of what shape something is, written below it.
    (
        r"\\underset\s*\{(?:[^{}]|\{[^{}]*\})*\\times(?:[^{}]|\{[^{}]*\})*\}"
        r"\s*\{((?:[^{}]|\{[^{}]*\})*)\}",
        r" \1",
    ),
    # A dot with spaces on both sides, between two factors, is a product.
    # Rows that end as Hugo and Jekyll want it; a backslash at the end of a line is a space.
    (r"\\{3,}(?=\s*(?:\n|$))", r"\\\\"),
    (r"(?<!\\)\\(?=\r?\n)", " "),
    # \hat{y_k} is \hat{y}_k.
    (
        r"\\(hat|tilde|bar|vec|mathbf|boldsymbol|bm)\s*\{\s*([A-Za-z]|\\[a-z]+)\s*_\s*"
        r"(\{[^{}]*\}|\w)\s*\}",
        r"\\\1{\2}_\3",
    ),
    (r"(?<![.\d])(?:\.\s?){3,}(?!\d)|\.*…+\.*", r"\\dots "),
    (r"(?<=[\w}])\s*\*(?=\s*(?:[=,).;]|$))", r"^{*}"),
    (rf"\\(?:{_LAYOUT})(?![A-Za-z])", ""),
    (rf"\\(?:{_LINKS})\s*\{{[^{{}}]*\}}", ""),
    (r"\\(?:text|textrm|mathrm|operatorname)\s*\{\s*np\.(\w+)\s*\}", r"np.\1"),
    (r"\\text(?:rm)?\s*\{\s*(axis|keepdims|True|False)\s*\}", r"\1"),
    (r"\\max\s*(\\left)?\(\s*0\s*,", r"\\mathrm{ReLU}\1("),
)
SPELLINGS = tuple((re.compile(pattern), wanted) for pattern, wanted in _SPELLINGS)


@dataclass(frozen=True, slots=True)
class Habit:
    """What is spelled otherwise only where a document does so; `unless` is what it must lack."""

    where: re.Pattern[str]
    unless: re.Pattern[str]
    spellings: tuple[tuple[re.Pattern[str], str], ...]


_NEVER = r"(?!)"
_BRACKETED = rf"(?<![A-Za-z\\_^])(d?[A-Za-z])\[\s*({_NUMBER}|\d+)\s*\]"
_HABITS = (
    # Layers in brackets without a caret: W[l], dZ[l+1]^T.
    (
        r"(?<![A-Za-z\\_^])d?[A-Za-z]\[\s*[lL](?:\s*[-+]\s*1)?\s*\]",
        _NEVER,
        ((rf"{_BRACKETED}(?=\s*\^)", r"(\1^{[\2]})"), (_BRACKETED, r"\1^{[\2]}")),
    ),
    # What is predicted, and what is true.
    (
        rf"\A(?=[\s\S]*?y_{_word('true|actual')})(?=[\s\S]*?y_{_word('pred|predicted')})",
        r"(?<![A-Za-z\\])y(?![A-Za-z_])|\\hat\s*\{?\s*y",
        (
            (rf"(?<![A-Za-z\\])y_{_word('true|actual')}", "y"),
            (rf"(?<![A-Za-z\\])y_{_word('pred|predicted')}", r"\\hat{y}"),
        ),
    ),
)
HABITS = tuple(
    Habit(
        re.compile(where),
        re.compile(unless),
        tuple((re.compile(pattern), wanted) for pattern, wanted in spellings),
    )
    for where, unless, spellings in _HABITS
)
# Words in plain letters part statements.
PARTING = (re.compile(r"(?<=[\s}])(and|or|where|if|for)(?=\s)"), r"\\text{ \1 }")


@lru_cache(maxsize=32)
def habits(document: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """How this document spells otherwise than others."""
    return tuple(
        spelling
        for habit in HABITS
        if habit.where.search(document) and not habit.unless.search(document)
        for spelling in habit.spellings
    )


def respelled(text: str, document: str = "") -> tuple[str, tuple[int, ...]]:
    """A formula as books spell it, and for each of its characters, and the end, the old place."""
    places = tuple(range(len(text) + 1))
    spellings = (*habits(document), *SPELLINGS)
    spellings = spellings if r"\text" in text else (*spellings, PARTING)
    for pattern, wanted in spellings:
        if not pattern.search(text):
            continue
        made: list[str] = []
        moved: list[int] = []
        at = 0
        for found in pattern.finditer(text):
            new = found[0] if found.lastgroup == "kept" else found.expand(wanted)
            made += [text[at : found.start()], new]
            moved += [*places[at : found.start()], *[places[found.start()]] * len(new)]
            at = found.end()
        text = "".join([*made, text[at:]])
        places = (*moved, *places[at:])
    return text, places
