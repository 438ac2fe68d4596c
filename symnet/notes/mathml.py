r"""A formula of a note as MathML that is safe to show, or nothing where it cannot be.

Only elements and attributes of the tables below pass, whatever the formula asks for.

>>> formula = mathml(r"\delta^l", display=False)
>>> formula.tag, formula.children[0].children[0].tag
('math', 'msup')
>>> mathml(r"\href{javascript:alert(1)}{x}", display=False) is None
True
"""

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element as Tree

from latex2mathml.converter import convert_to_element

from symnet.notes.expansion import expanded

LONGEST = 5000  # signs of a formula that is typeset
DEEPEST = 60  # elements within elements

# Each element that may pass, and how many children it must have; None: any number.
ELEMENTS: dict[str, int | None] = {
    "math": None, "mrow": None, "mi": 0, "mn": 0, "mo": 0, "mtext": 0, "ms": 0, "mspace": 0,
    "mfrac": 2, "msqrt": None, "mroot": 2, "mstyle": None, "mpadded": None, "mphantom": None,
    "msub": 2, "msup": 2, "msubsup": 3, "munder": 2, "mover": 2, "munderover": 3,
    "mtable": None, "mtr": None, "mtd": None,
}  # fmt: skip
FRAMES = {("[", "]"): "square", ("(", ")"): "round", ("|", "|"): "bars"}
PRIMES = "′″‴⁗"

_WORD = re.compile(r"[a-z-]{1,12}(?: [a-z-]{1,12}){0,20}")
_LENGTHS = re.compile(r"-?\d{0,2}(?:\.\d{1,4})?(?:em|ex|pt|px)?(?: \d{0,2}(?:\.\d{1,4})?em){0,20}")
ATTRIBUTES: dict[str, re.Pattern[str]] = {
    **dict.fromkeys(
        ("stretchy", "fence", "form", "separator", "accent", "accentunder", "displaystyle",
         "movablelimits", "symmetric", "largeop", "columnalign", "display"),
        _WORD,
    ),
    **dict.fromkeys(
        ("linethickness", "lspace", "rspace", "width", "minsize", "maxsize", "scriptlevel",
         "rowspacing", "columnspacing"),
        _LENGTHS,
    ),
}  # fmt: skip

# What a formula is written with that says nothing of how it looks.
_UNSEEN = re.compile(
    r"\\(?:label|tag\*?|eqref|cite)\s*\{[^{}]*\}|\\(?:nonumber|notag|displaystyle|limits|nolimits|hfill)(?![A-Za-z])"
)
# Environments under names that the converter knows, without numbers of its own.
_ENVIRONMENT = re.compile(
    r"\\(begin|end)\s*\{(align|aligned|alignat|gather|gathered|multline|split|eqnarray|equation"
    r"|displaymath|math|flalign|IEEEeqnarray)\*?\}(?:\s*\{(?:\d+|[rclRCL?s\s]+)\})?"
)
_OPERATOR = re.compile(r"\\operatorname\*?\s*\{([^{}]*)\}")
_BLANK = re.compile(r"\\[,;:! ]|~|\s")
_NESTING = re.compile(r"\\(?:begin|end|left|right)(?![A-Za-z])|\\.|[&{}]", re.DOTALL)
_FRAMES = {"equation", "displaymath", "math"}
_ONE_COLUMN = {"gather", "gathered", "multline"}
# What builds macros, names files, or is not for a page. Such formulas are shown as LaTeX.
_REFUSED = re.compile(
    r"\\(?:href|url|html[A-Za-z]*|class|cssId|style|data|script|includegraphics|require|unicode"
    r"|def|gdef|edef|xdef|let|newcommand|renewcommand|providecommand|newenvironment|input|verb"
    r"|DeclareMathOperator|catcode|csname|expandafter|color|textcolor|colorbox|fcolorbox)(?![A-Za-z])"
)


@dataclass(frozen=True, slots=True)
class Element:
    """An element of MathML: its children, or its text."""

    tag: str
    attributes: tuple[tuple[str, str], ...] = ()
    text: str = ""
    children: tuple["Element", ...] = ()


class _NotShownError(Exception):
    """A formula that is shown as it is written."""


def mathml(latex: str, *, display: bool, macros: str = "") -> Element | None:
    """A formula to look at; None if it is not understood, not well-formed, or not harmless."""
    full = expanded(latex, macros) if len(latex) <= LONGEST else latex
    if len(full) > LONGEST or not full.strip() or _REFUSED.search(full):
        return None
    written = _ENVIRONMENT.sub(_environment, _UNSEEN.sub(" ", full)).strip()
    written = _OPERATOR.sub(_operator, written)
    if _has_rows(written):
        written = rf"\begin{{align*}}{written}\end{{align*}}"
    try:
        tree = convert_to_element(written, display="block" if display else "inline")
        return _checked(tree, 0)
    except _NotShownError:
        return None
    except Exception:  # the converter meets what its author did not think of; the LaTeX is shown
        return None


def _has_rows(latex: str) -> bool:
    """Whether a formula has rows or columns outside of any group or environment."""
    depth = 0
    for sign in _NESTING.findall(latex):
        if sign in {"&", "\\\\"} and depth == 0:
            return True
        depth += sign in {"{", "\\begin", "\\left"}
        depth -= sign in {"}", "\\end", "\\right"}
    return False


def _operator(match: re.Match[str]) -> str:
    """The name of an operator without the blanks within it, which the converter cannot read."""
    return f"\\operatorname{{{_BLANK.sub('', match[1])}}}"


def _environment(match: re.Match[str]) -> str:
    end, name = match[1], match[2]
    if name in _FRAMES:
        return " "
    return f"\\{end}{{{'gather*' if name in _ONE_COLUMN else 'align*'}}}"


def _checked(tree: Tree, depth: int) -> Element:
    """A tree of the converter if it is of elements that may pass, without what may not."""
    if tree.tag == "menclose" and tree.get("notation") == "box":
        tree.tag = "mrow"  # browsers draw no boxes; they draw no strokes either, but those matter
    if depth > DEEPEST or tree.tag not in ELEMENTS:
        raise _NotShownError
    children = _framed([_checked(child, depth + 1) for child in tree])
    number = ELEMENTS[tree.tag]
    text = html.unescape(tree.text or "")
    if (number is not None and len(children) != number) or (children and text.strip()):
        raise _NotShownError
    if re.search(r"\\[A-Za-z]", text) or (tree.tag != "mtext" and re.search("[&#]", text)):
        raise _NotShownError  # a command that the converter does not know
    if tree.tag == "mo" and not text and "fence" not in tree.attrib:
        raise _NotShownError  # a name that the converter lost
    if tree.tag == "msup" and children[1].text in PRIMES and children[1].text:
        # Most fonts raise these signs themselves.
        prime = Element("mo", (("lspace", "0em"), ("rspace", "0em")), children[1].text)
        return Element("mrow", (), "", (children[0], prime))
    variant = tree.get("mathvariant", "")
    return Element(tree.tag, tuple(_attributes(tree)), _letters(harmless(text), variant), children)


def _framed(children: list[Element]) -> tuple[Element, ...]:
    """Brackets beside a table as its frame: signs of text grow with it in a few fonts only."""
    found: list[Element] = []
    for child in children:
        behind = found[-2:]
        kind = FRAMES.get((behind[0].text, child.text)) if len(behind) == 2 else None
        if kind and child.tag == behind[0].tag == "mo" and behind[1].tag == "mtable":
            table = behind[1]
            framed = (*table.attributes, ("class", kind))
            found[-2:] = [Element("mtable", framed, "", table.children)]
        else:
            found.append(child)
    return tuple(found)


def _attributes(tree: Tree) -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        if name in ATTRIBUTES and ATTRIBUTES[name].fullmatch(value):
            yield name, value
    if tree.tag == "mi" and tree.get("mathvariant") == "normal":
        yield "mathvariant", "normal"


def _letters(text: str, variant: str) -> str:
    """Letters in a style that browsers draw only where the letters themselves have it."""
    if not variant or variant == "normal":
        return text
    style = variant.upper().replace("-", " ")
    return "".join(_letter(sign, style) for sign in text)


def _letter(sign: str, style: str) -> str:
    name = unicodedata.name(sign, "")
    words = re.fullmatch(r"(?:LATIN|GREEK) (CAPITAL|SMALL) LETTER ([A-Z]+)", name)
    known = f"{words[1]} {words[2]}" if words else name
    try:
        return unicodedata.lookup(f"MATHEMATICAL {style} {known}")
    except KeyError:
        return sign


def harmless(text: str) -> str:
    """Text without signs that nobody sees: controls, half characters, turns of direction."""
    return "".join("\ufffd" if _hidden(x) else x for x in text)


def _hidden(sign: str) -> bool:
    if sign in "\t\n\r":
        return False
    return unicodedata.category(sign) in {"Cc", "Cs"} or unicodedata.bidirectional(sign) in {
        "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI",
    }  # fmt: skip
