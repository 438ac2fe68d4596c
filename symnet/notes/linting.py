"""lint: a note in, its equations with their verdicts and its findings out.

>>> from symnet.notes.files import document_of
>>> note = linted(document_of(r"We have $z^l = W^l a^{l-1} + b^l$, and $z^l = W^l a^l + b^l$."))
>>> [(x.rule, x.line, x.column) for x in note.findings]
[('ill-formed', 1, 53)]
"""

from symnet.notes.document import Document
from symnet.notes.findings import Linted
from symnet.notes.judging import Judge, equations, findings, judged, verdict


def linted(document: Document, convention: str = "auto", judge: Judge = verdict) -> Linted:
    """A document with what is to be said of it."""
    found = judged(document, convention, judge)
    said = sorted(findings(found), key=lambda x: (x.source.path, x.start))
    return Linted(document, found.candidate.words, equations(found), tuple(said))
