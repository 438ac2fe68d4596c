r"""How notes spell what books spell otherwise, put right before a formula is read.

Each character of the new text knows where it stood, so that a place in it is a place in the note.

>>> respelled(r"\text{net}_j = 1")[0]
'\\mathrm{net}_j = 1'
>>> respelled("net_j = 1")[1][12:15]  # the _, the j, a space
(3, 4, 5)
"""

import re

# Names of several letters, printed as words.
_NAMES = "net|in|out|softmax|sigmoid|ReLU|relu|diag|input|output|pre|act|logistic|Softmax"
_COSTS = "Err|MSE|Loss|loss|Cost|cost|BCE|CE|SSE|Error|error|Erreur"
_STYLES = "text|textrm|textit|mathit|textup|mbox|rm|hbox"
_LAYOUT = "qedhere|qed|blacksquare|hfill|noindent|null|medskip|smallskip|protect"
_LINKS = "eqref|ref|cite|footnote|cref|autoref|footnotemark"
_SPELLINGS = (
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
    (r"(?<=[\w})\]]) \.(?= (?:[a-z(]|\\(?:frac|delta|sigma|sum|partial|left|nabla)))", r" \\cdot"),
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
# Words in plain letters part statements.
PARTING = (re.compile(r"(?<=[\s}])(and|or|where|if|for)(?=\s)"), r"\\text{ \1 }")


def respelled(text: str) -> tuple[str, tuple[int, ...]]:
    """A formula as books spell it, and for each of its characters, and the end, the old place."""
    places = tuple(range(len(text) + 1))
    spellings = SPELLINGS if r"\text" in text else (*SPELLINGS, PARTING)
    for pattern, wanted in spellings:
        if not pattern.search(text):
            continue
        made: list[str] = []
        moved: list[int] = []
        at = 0
        for found in pattern.finditer(text):
            new = found.expand(wanted)
            made += [text[at : found.start()], new]
            moved += [*places[at : found.start()], *[places[found.start()]] * len(new)]
            at = found.end()
        text = "".join([*made, text[at:]])
        places = (*moved, *places[at:])
    return text, places
