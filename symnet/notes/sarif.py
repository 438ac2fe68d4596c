r"""A report as SARIF 2.1.0, the format of analysers that platforms for code read.

>>> run = record(Report(()), version="1")["runs"][0]
>>> run["columnKind"], run["tool"]["driver"]["rules"][0]["id"]
('unicodeCodePoints', 'refuted')
"""

import json
import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from symnet.notes.findings import RULES, Finding, Linted, Report
from symnet.notes.fingerprints import fingerprints
from symnet.notes.repairs import changes
from symnet.notes.source import Source

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
ROOT = "%SRCROOT%"  # the usual name of the folder that relative addresses start from
FINGERPRINT = "symnetFormula/v1"
_LINK = re.compile(r"\](?=\()")  # [words](address) in a message would be a link
_PLACES = {rule: index for index, rule in enumerate(RULES)}


def sarif(report: Report, version: str, root: str = "") -> str:
    """A report in SARIF; names of files below `root` become relative to it."""
    return json.dumps(record(report, version, root), ensure_ascii=True, indent=2) + "\n"


def record(report: Report, version: str, root: str = "") -> dict[str, Any]:
    """A report as plain data in the terms of SARIF."""
    driver = {"name": "symnet", "version": version, "rules": list(_rules())}
    results = [each for note in report.notes for each in _results(note, root)]
    paths = {source.path: None for note in report.notes for source in note.document.sources}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "artifacts": [{"location": _location(path, root)} for path in paths],
        "results": results,
        "properties": {"coverage": report.coverage},
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rules() -> Iterator[dict[str, Any]]:
    for rule, (level, description) in RULES.items():
        name = "".join(word.capitalize() for word in rule.split("-"))
        yield {
            "id": rule,
            "name": name,
            "shortDescription": {"text": description[:1].upper() + description[1:] + "."},
            "defaultConfiguration": {"level": level},
        }


def _results(note: Linted, root: str) -> Iterator[dict[str, Any]]:
    prints = fingerprints(note.findings, note.equations)
    for finding, fingerprint in zip(note.findings, prints, strict=True):
        source = finding.source
        message = finding.message
        if finding.suggestion is not None:
            message += f"\nThis would hold: {finding.suggestion}"
        location: dict[str, Any] = {
            "physicalLocation": {
                "artifactLocation": _location(source.path, root),
                "region": _region(source, source.place(finding.start), source.place(finding.end)),
            }
        }
        if part := source.part(finding.start):
            location["logicalLocations"] = [{"name": part}]
        result: dict[str, Any] = {
            "ruleId": finding.rule,
            "level": finding.level,
            "message": {"text": _LINK.sub("] ", message)},
            "locations": [location],
            "partialFingerprints": {FINGERPRINT: fingerprint},
        }
        if finding.rule in _PLACES:
            result["ruleIndex"] = _PLACES[finding.rule]
        facts = {
            "verdict": finding.verdict,
            "errorKind": finding.error_kind,
            "suggestion": finding.suggestion,
        }
        if known := {key: value for key, value in facts.items() if value is not None}:
            result["properties"] = known
        if fix := _fix(finding, root):
            result["fixes"] = [fix]
        yield result


def _fix(finding: Finding, root: str) -> dict[str, Any] | None:
    """The changes of the file that make the formula right."""
    if finding.fix is None or not (found := changes(finding.fix)):
        return None
    source = finding.fix.source
    replacements = [
        {
            "deletedRegion": _region(source, change.start, change.end),
            "insertedContent": {"text": change.text},
        }
        for change in found
    ]
    return {
        "description": {"text": "Put in the nearest formula that is proved."},
        "artifactChanges": [
            {"artifactLocation": _location(source.path, root), "replacements": replacements}
        ],
    }


def _region(source: Source, start: int, end: int) -> dict[str, int]:
    """A part of the raw text of a file; it ends before its last column."""
    file = Source(source.path, source.raw, source.raw)
    line, column = file.line_and_column(start)
    end_line, end_column = file.line_and_column(end)
    return {
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": end_column,
    }


def _location(path: str, root: str) -> dict[str, Any]:
    """The address of a file: relative with forward slashes where it is below the root."""
    name = posixpath.normpath(PurePath(path).as_posix() if os.name == "nt" else path)
    if root:
        above = posixpath.normpath(PurePath(root).as_posix() if os.name == "nt" else root)
        if name.startswith(above.rstrip("/") + "/"):
            name = name[len(above.rstrip("/")) + 1 :]
    written = quote(name.encode(errors="replace"), safe="/")
    if PurePath(name).is_absolute():
        return {"uri": f"file:///{written.lstrip('/')}"}
    return {"uri": written, "uriBaseId": ROOT}
