r"""What a finding is known by when lines move: its rule, its formula, and the how manieth it is.

>>> from symnet.notes.findings import ERROR
>>> first, second = (Source("n.md", x, x) for x in ("$a = b$", "Above.\n\n$a  =  b$"))
>>> one = fingerprints([Finding("refuted", ERROR, "", first, 1, 6)], ())
>>> one == fingerprints([Finding("refuted", ERROR, "", second, 9, 16)], ())
True
"""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence

from symnet.notes.findings import Equation, Finding, Report
from symnet.notes.source import Source

NEAR = 300  # signs before and after a place that it is known by

_SIGNS = re.compile(r"\\[A-Za-z]+|\S")


def of_report(report: Report) -> list[str]:
    """A fingerprint for each finding of a report, in their order."""
    return [each for note in report.notes for each in fingerprints(note.findings, note.equations)]


def fingerprints(findings: Sequence[Finding], equations: Sequence[Equation]) -> list[str]:
    """A fingerprint for each finding of a document.

    It does not depend on lines, blanks, or the name of the file: that stands beside it.
    """
    seen: Counter[tuple[str, str, str]] = Counter()
    found = []
    for finding in findings:
        about = " ".join(_SIGNS.findall(_subject(finding, equations)))
        key = (finding.file, finding.rule, about)
        seen[key] += 1
        content = "\0".join([finding.rule, about, str(seen[key])])
        found.append(hashlib.sha256(content.encode(errors="replace")).hexdigest()[:32])
    return found


def _subject(finding: Finding, equations: Sequence[Equation]) -> str:
    """The text that a finding is about: its equation, else the lines in which it stands."""
    for equation in equations:
        same = equation.formula.source is finding.source
        if same and equation.start <= finding.start and finding.end <= equation.end:
            return equation.text
    return _lines(finding.source, finding.start, finding.end)


def _lines(source: Source, start: int, end: int) -> str:
    """The lines of a place, as far as they are near it."""
    text = source.visible
    first = text.rfind("\n", max(0, start - NEAR), start) + 1
    last = text.find("\n", end, end + NEAR)
    return text[first or max(0, start - NEAR) : end + NEAR if last < 0 else last]
