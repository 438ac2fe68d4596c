"""Pages in the forms that people ask for: text, LaTeX, Markdown, JSON.

>>> from symnet.paper.writing.page import Paragraph, Section
>>> page = Page("A title", "", (Section("A heading", (Paragraph("Words."),)),), True, ())
>>> print(typeset(lambda to: page, "text"), end="")
A title
=======
<BLANKLINE>
A heading
---------
Words.
"""

import json
from collections.abc import Callable

from symnet.paper.writing.alphabet import LATEX, MARKDOWN, TEXT, Alphabet
from symnet.paper.writing.page import Block, Line, Lines, Matrices, Page, Paragraph, Result, Table
from symnet.templating import render

TEMPLATES = {
    "text": "report/derivation.txt.jinja",
    "latex": "report/derivation.tex.jinja",
    "markdown": "report/derivation.md.jinja",
}
ALPHABETS = {"text": TEXT, "latex": LATEX, "markdown": MARKDOWN}
FORMS = (*TEMPLATES, "json")


def typeset(page: Callable[[Alphabet], Page], form: str, *, fragment: bool = False) -> str:
    """A page, made in the alphabet that the form needs.

    A `fragment` of LaTeX has no preamble: it is made to be read by a document of one's own.
    """
    if form == "json":
        return _as_json(page(TEXT), page(LATEX))
    return render(TEMPLATES[form], page=page(ALPHABETS[form]), fragment=fragment)


def _as_json(text: Page, latex: Page) -> str:
    """A page as data: what it says, with each formula as text and as LaTeX."""
    sections = [
        {
            "title": one.title,
            "blocks": [_data(*pair) for pair in zip(one.blocks, other.blocks, strict=True)],
        }
        for one, other in zip(text.sections, latex.sections, strict=True)
    ]
    about = {key: list(value) if isinstance(value, tuple) else value for key, value in text.about}
    data = {"title": text.title, **about, "sections": sections, "rules": dict(text.rules)}
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def _data(text: Block, latex: Block) -> dict[str, object]:
    """A block of both pages as data."""
    data: dict[str, object] = {"kind": text.kind}
    match text, latex:
        case Paragraph(), Paragraph():
            data |= _both(text.text, latex.text)
        case Result(), Result():
            data |= _both(text.shown, latex.shown)
        case Matrices(), Matrices():
            data |= _both("\n".join(text.rows), latex.rows[0])
            data |= {"rule": text.rule, "reason": text.reason}
        case Table(), Table():
            pairs = zip(text.rows, latex.rows, strict=True)
            data["rows"] = [[_both(*cell) for cell in zip(*pair, strict=True)] for pair in pairs]
        case Lines(), Lines():
            data["lines"] = [
                _both(_whole(one), _whole(other))
                | {
                    "left": _both(one.left.strip(), other.left),
                    "relation": one.relation,
                    "right": _both(_right(one), _right(other)),
                    "rule": one.rule,
                    "reason": one.reason,
                }
                for one, other in zip(text.lines, latex.lines, strict=True)
            ]
    return data


def _both(text: str, latex: str) -> dict[str, object]:
    return {"text": text, "latex": latex}


def _whole(line: Line) -> str:
    """A line without its breaks."""
    return f"{line.left.strip()} {line.relation} {_right(line)}".strip()


def _right(line: Line) -> str:
    return " ".join(piece.strip() for piece in line.right)
