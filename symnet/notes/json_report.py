r"""A report as one JSON document.

>>> json.loads(json_text(Report(())))["summary"]
{'errors': 0, 'warnings': 0, 'notes': 0}
"""

import json
from typing import Any

from symnet.notes.findings import Equation, Linted, Report
from symnet.notes.summary import figures


def json_text(report: Report) -> str:
    """A report as text in JSON; what is no character, as half of a pair, is escaped."""
    return json.dumps(record(report), ensure_ascii=True, indent=2) + "\n"


def record(report: Report) -> dict[str, Any]:
    """A report as plain data."""
    found = figures(report.notes)
    return {
        "documents": [_document(note) for note in report.notes],
        "findings": [finding.record for finding in report.findings],
        "coverage": report.coverage,
        "summary": {"errors": found.errors, "warnings": found.warnings, "notes": found.notes},
    }


def _document(note: Linted) -> dict[str, Any]:
    return {
        "path": note.document.path,
        "convention": note.convention,
        "coverage": note.coverage,
        "equations": [_equation(equation) for equation in note.equations],
        "findings": [finding.record for finding in note.findings],
    }


def _equation(equation: Equation) -> dict[str, Any]:
    source = equation.formula.source
    line, column = source.line_and_column(equation.start)
    end_line, end_column = source.line_and_column(equation.end)
    return {
        "file": source.path,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "latex": equation.text,
        "role": equation.role,
        "verdict": None if equation.verdict is None else equation.verdict.record,
    }
