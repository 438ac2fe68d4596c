r"""A report as annotations of GitHub Actions.

>>> from symnet.notes.source import Source
>>> source = Source("a,b.md", "$a = b$", "$a = b$")
>>> annotation(Finding("refuted", ERROR, "it fails: 50 %", source, 1, 6))
'::error file=a%2Cb.md,line=1,col=2,endLine=1,endColumn=7,title=symnet refuted::it fails: 50 %25'
"""

from symnet.notes.findings import ERROR, NOTE, WARNING, Finding, Report

COMMANDS = {ERROR: "error", WARNING: "warning", NOTE: "notice"}


def annotations(report: Report) -> str:
    """One line for each finding."""
    return "".join(f"{annotation(finding)}\n" for finding in report.findings)


def annotation(finding: Finding) -> str:
    """A finding as a command of a workflow."""
    line, column = finding.source.line_and_column(finding.start)
    end_line, end_column = finding.source.line_and_column(finding.end)
    place: dict[str, object] = {"file": finding.file, "line": line}
    if line == end_line:
        place["col"] = column
    place["endLine"] = end_line
    if line == end_line:  # over several lines, GitHub takes no columns
        place["endColumn"] = end_column
    place["title"] = f"symnet {finding.rule}"
    properties = ",".join(f"{key}={_property(str(value))}" for key, value in place.items())
    message = finding.message
    if finding.suggestion is not None:
        message += f"\nThis would hold: {finding.suggestion}"
    return f"::{COMMANDS[finding.level]} {properties}::{_escaped(message)}"


def _escaped(words: str) -> str:
    return words.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(words: str) -> str:
    return _escaped(words).replace(":", "%3A").replace(",", "%2C")
