"""lint: a note in, its equations with their verdicts and its findings out.

>>> from symnet.notes.files import document_of
>>> note = linted(document_of(r"We have $z^l = W^l a^{l-1} + b^l$, and $z^l = W^l a^l + b^l$."))
>>> [(x.rule, x.line, x.column) for x in note.findings]
[('ill-formed', 1, 53)]
"""

from collections.abc import Iterable, Iterator

from symnet.notes import prose
from symnet.notes.contradictions import Facts
from symnet.notes.contradictions import findings as contradictions
from symnet.notes.document import Document, Prose
from symnet.notes.facts import facts_of
from symnet.notes.findings import NOTE, RULES, Finding, Linted
from symnet.notes.judging import Judge, Mapper, equations, findings, judged, verdict
from symnet.notes.latex_files import inclusions
from symnet.notes.suppressions import applied
from symnet.notes.updates import symbol_changes

LATEX_ENDINGS = (".tex", ".ltx")
# Where words and a verdict say the same of a formula, one is enough.
SAME = frozenset({"refuted", "ill-formed", "wrong-range", "not-understood"})
BY_WORDS = frozenset({"layer-as-iteration", "symbol-change"})
OWN_DEFINITIONS = "its own definitions, and no book"
ONCE = frozenset({"wrong-range"})  # in a line, whoever finds it


def linted(
    document: Document, convention: str = "auto", judge: Judge = verdict, mapper: Mapper = map
) -> Linted:
    """A document with what is to be said of it."""
    found = judged(document, convention, judge, mapper)
    facts = facts_of(found.known, found.candidate.convention) if found.fits else Facts()
    said = [
        *findings(found),
        *contradictions(prose.statements(document), facts),
        *symbol_changes(document),
        *_not_read(document),
    ]
    kept = tuple(sorted(applied(_once(said), document), key=_place))
    words = found.candidate.words if found.is_in_a_book else OWN_DEFINITIONS
    return Linted(document, words, equations(found), kept)


def _not_read(document: Document) -> Iterator[Finding]:
    r"""Each \input of a LaTeX document in whose place no other file stands."""
    level, _ = RULES["not-read"]
    left = [x for x in document.pieces if isinstance(x, Prose)]
    for source in document.sources if document.path.lower().endswith(LATEX_ENDINGS) else ():
        for each in inclusions(source):
            if any(x.source is source and x.start <= each.start < x.end for x in left):
                message = (
                    f"{each.name} is not read here: it is no file below the folder of this "
                    "document, or was read before"
                )
                yield Finding("not-read", level, message, source, each.start, each.end)


def _place(finding: Finding) -> tuple[str, int, int, str]:
    return finding.file, finding.line, finding.column, finding.rule


def _once(said: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings without those that say again what another says in the same line."""
    said = tuple(said)
    named = {(x.file, x.line) for x in said if x.rule in BY_WORDS and x.verdict is None}
    kept: dict[tuple[str, int, int, str], Finding] = {}
    for each in said:
        if each.verdict is not None and each.rule in SAME and (each.file, each.line) in named:
            continue
        # Notes on one equation are one; errors have their own places.
        at = 0 if each.level == NOTE or each.rule in ONCE else each.column
        kept.setdefault((each.file, each.line, at, each.rule), each)
    return tuple(kept.values())
