r"""Errors planted in clean notes, one at a time, by a table of edits: what lint makes of each.

Whether a changed line is wrong is not believed: lint_networks.py computes both of its sides. The
law: a wrong line is never proved, a true one is no error, and nothing else in the note becomes one.
"""

import contextlib
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import lint_networks as numbers
import pytest
from lint_networks import Style, holds

from symnet.notes.files import document_of
from symnet.notes.findings import ERROR, Linted
from symnet.notes.judging import verdict
from symnet.notes.linting import linted
from symnet.paper.claims.verdicts import PROVED, Verdict

# --- clean notes ----------------------------------------------------------------------------------
# Each line is a paragraph. Lines that begin with "!" fix what the others are judged by: forward
# equations, the cost, what δ stands for; a change there may make others wrong, or nothing.


@dataclass(frozen=True)
class Note:
    style: Style
    lines: tuple[str, ...]

    def __hash__(self) -> int:
        return id(self)

    def text(self, at: int = -1, changed: str = "") -> str:
        return "".join(
            f"$${changed if number == at else line.lstrip('!')}$$\n\n"
            if not line.startswith("#")
            else f"{line[1:].strip()}\n\n"
            for number, line in enumerate(self.lines)
        )

    def line(self, at: int) -> int:
        """The number of a line in the text."""
        return 2 * at + 1


LAYERED = {"z": ("z", 0), "a": ("a", 0), "W": ("W", 0), "b": ("b", 0), r"\delta": ("d", 0),
           "y": ("y", 0), "w": ("W", 0)}  # fmt: skip
TURNED = frozenset({"z", "a", "W", "b", "d", "y"})

NOTES = {
    "nielsen in matrices": Note(
        Style(LAYERED),
        (
            "# Backpropagation. The layers are $l = 1, \\dots, L$.",
            r"!z^l = W^l a^{l-1} + b^l",
            r"!a^l = \sigma(z^l)",
            r"!C = \frac12 \|a^L - y\|^2",
            r"!\delta^l = \frac{\partial C}{\partial z^l}",
            r"\delta^L = (a^L - y) \odot \sigma'(z^L)",
            r"\delta^l = ((W^{l+1})^T \delta^{l+1}) \odot \sigma'(z^l)",
            r"\frac{\partial C}{\partial a^l} = (W^{l+1})^T \delta^{l+1}",
            r"\frac{\partial C}{\partial W^l} = \delta^l (a^{l-1})^T",
            r"\frac{\partial C}{\partial b^l} = \delta^l",
            r"W^l \leftarrow W^l - \eta \delta^l (a^{l-1})^T",
            r"b^l \leftarrow b^l - \eta \delta^l",
        ),
    ),
    "nielsen in components": Note(
        Style(LAYERED),
        (
            "# The weight from neuron k to neuron j is $w_{jk}^l$.",
            r"!z_j^l = \sum_k w_{jk}^l a_k^{l-1} + b_j^l",
            r"!a_j^l = \sigma(z_j^l)",
            r"!C = \frac12 \sum_j (a_j^L - y_j)^2",
            r"!\delta_j^l = \frac{\partial C}{\partial z_j^l}",
            r"\frac{\partial C}{\partial a_j^L} = a_j^L - y_j",
            r"\delta_j^L = (a_j^L - y_j) \sigma'(z_j^L)",
            r"\frac{\partial z_k^{l+1}}{\partial z_j^l} = w_{kj}^{l+1} \sigma'(z_j^l)",
            r"\delta_j^l = \sum_k \frac{\partial C}{\partial z_k^{l+1}}"
            r" \frac{\partial z_k^{l+1}}{\partial z_j^l}"
            r" = \sum_k w_{kj}^{l+1} \delta_k^{l+1} \sigma'(z_j^l)",
            r"\frac{\partial C}{\partial w_{jk}^l} = \frac{\partial C}{\partial z_j^l}"
            r" \frac{\partial z_j^l}{\partial w_{jk}^l} = \delta_j^l a_k^{l-1}",
            r"\frac{\partial C}{\partial b_j^l} = \delta_j^l",
            r"w_{jk}^l \leftarrow w_{jk}^l - \eta \delta_j^l a_k^{l-1}",
        ),
    ),
    "ufldl": Note(
        Style(
            {**LAYERED, "W": ("W", 1), "b": ("b", 1)}, functions=("f",), costs=("J",)
        ),
        (
            "# The weights $W^{(l)}$ lead from layer l to layer l+1.",
            r"!z^{(l+1)} = W^{(l)} a^{(l)} + b^{(l)}",
            r"!a^{(l)} = f(z^{(l)})",
            r"!J = \frac{1}{2} \|y - a^{(L)}\|^2",
            r"!\delta^{(l)} = \frac{\partial J}{\partial z^{(l)}}",
            r"\delta^{(L)} = -(y - a^{(L)}) \odot f'(z^{(L)})",
            r"\delta^{(l)} = \left((W^{(l)})^T \delta^{(l+1)}\right) \odot f'(z^{(l)})",
            r"\frac{\partial J}{\partial W^{(l)}} = \delta^{(l+1)} (a^{(l)})^T",
            r"\frac{\partial J}{\partial b^{(l)}} = \delta^{(l+1)}",
            r"W^{(l)} := W^{(l)} - \eta \delta^{(l+1)} (a^{(l)})^T",
            r"b^{(l)} := b^{(l)} - \eta \delta^{(l+1)}",
        ),
    ),
    "ng with batches": Note(
        Style(
            {"Z": ("z", 0), "A": ("a", 0), "W": ("W", 0), "b": ("b", 0), "dZ": ("d", 0),
             "Y": ("y", 0), "dW": ("dW", 0), "db": ("db", 0), "dA": ("dA", 0)},
            functions=("g",), costs=("J",), first=0, last=3, examples=4, scale=4,
            output=numbers.sigmoid, cost=numbers.cross_entropy,
        ),
        (
            "# The m examples are columns; the last layer is sigmoid, the cost cross-entropy.",
            r"!Z^{[l]} = W^{[l]} A^{[l-1]} + b^{[l]}",
            r"!A^{[l]} = g^{[l]}(Z^{[l]})",
            r"dZ^{[L]} = A^{[L]} - Y",
            r"dZ^{[l]} = W^{[l+1]T} dZ^{[l+1]} \odot g^{[l]\prime}(Z^{[l]})",
            r"dW^{[l]} = \frac{1}{m} dZ^{[l]} A^{[l-1]T}",
            r"db^{[l]} = \frac{1}{m} \sum_{i=1}^m dZ^{[l](i)}",
            r"W^{[l]} := W^{[l]} - \eta dW^{[l]}",
            r"b^{[l]} := b^{[l]} - \eta db^{[l]}",
        ),
    ),
    "input by output": Note(
        Style(LAYERED, turned=frozenset({"W"})),
        (
            "# A column of $W^l$ holds the weights of one neuron.",
            r"!z^l = (W^l)^T a^{l-1} + b^l",
            r"!a^l = \sigma(z^l)",
            r"!C = \frac12 \|a^L - y\|^2",
            r"!\delta^l = \frac{\partial C}{\partial z^l}",
            r"\delta^L = (a^L - y) \odot \sigma'(z^L)",
            r"\delta^l = (W^{l+1} \delta^{l+1}) \odot \sigma'(z^l)",
            r"\frac{\partial C}{\partial W^l} = a^{l-1} (\delta^l)^T",
            r"\frac{\partial C}{\partial b^l} = \delta^l",
            r"W^l \leftarrow W^l - \eta a^{l-1} (\delta^l)^T",
        ),
    ),
    "rows": Note(
        Style(LAYERED, turned=TURNED),
        (
            "# All vectors are rows.",
            r"!z^l = a^{l-1} W^l + b^l",
            r"!a^l = \sigma(z^l)",
            r"!C = \frac12 \|a^L - y\|^2",
            r"!\delta^l = \frac{\partial C}{\partial z^l}",
            r"\delta^L = (a^L - y) \odot \sigma'(z^L)",
            r"\delta^l = (\delta^{l+1} (W^{l+1})^T) \odot \sigma'(z^l)",
            r"\frac{\partial C}{\partial W^l} = (a^{l-1})^T \delta^l",
            r"\frac{\partial C}{\partial b^l} = \delta^l",
            r"W^l \leftarrow W^l - \eta (a^{l-1})^T \delta^l",
        ),
    ),
    "numbered layers": Note(
        Style(
            {"z": ("z", 0), "h": ("a", 0), "W": ("W", 0), "b": ("b", 0), r"\delta": ("d", 0),
             "y": ("y", 0), "x": ("a", 0)},
            costs=("L",), first=0, last=2, below=True,
        ),
        (
            "# Two layers of neurons.",
            r"!z_1 = W_1 x + b_1",
            r"!h_1 = \sigma(z_1)",
            r"!z_2 = W_2 h_1 + b_2",
            r"!h_2 = \sigma(z_2)",
            r"!L = \frac12 \|h_2 - y\|^2",
            r"\frac{\partial L}{\partial z_2} = (h_2 - y) \odot \sigma'(z_2)",
            r"\frac{\partial L}{\partial W_2} = \frac{\partial L}{\partial z_2} h_1^T",
            r"\frac{\partial L}{\partial b_2} = \frac{\partial L}{\partial z_2}",
            r"\frac{\partial L}{\partial h_1} = W_2^T \frac{\partial L}{\partial z_2}",
            r"\frac{\partial L}{\partial z_1} = \frac{\partial L}{\partial h_1} \odot \sigma'(z_1)",
            r"\frac{\partial L}{\partial W_1} = \frac{\partial L}{\partial z_1} x^T",
            r"\frac{\partial L}{\partial b_1} = \frac{\partial L}{\partial z_1}",
        ),
    ),
    "units": Note(
        Style(
            {"z": ("z", 0), "o": ("a", 0), "w": ("W", 0), r"\delta": ("d", 0), "t": ("y", 0)},
            activation=numbers.sigmoid, costs=("E",), last=3,
            units={"i": 1, "j": 2, "k": 3}, bias=0,
        ),
        (
            "# Unit i feeds unit j, which feeds the output unit k; all units are sigmoid.",
            r"!\text{net}_j = \sum_i w_{ji} o_i",
            r"!o_j = \sigma(\text{net}_j)",
            r"!\sigma(x) = \frac{1}{1 + e^{-x}}",
            r"!E = \frac12 \sum_k (o_k - t_k)^2",
            r"!\delta_j = \frac{\partial E}{\partial \text{net}_j}",
            r"\frac{\partial E}{\partial o_k} = o_k - t_k",
            r"\delta_k = (o_k - t_k) o_k (1 - o_k)",
            r"\delta_j = o_j (1 - o_j) \sum_k w_{kj} \delta_k",
            r"\frac{\partial E}{\partial w_{ji}} = \delta_j o_i",
            r"\frac{\partial E}{\partial w_{kj}} = \delta_k o_j",
            r"w_{ji} \leftarrow w_{ji} - \eta \delta_j o_i",
        ),
    ),
    "bishop": Note(
        Style(
            {"a": ("z", 0), "z": ("a", 0), "w": ("W", 0), r"\delta": ("d", 0), "y": ("a", 0),
             "t": ("y", 0)},
            functions=("h",), costs=("E",), last=3,
            units={"i": 1, "j": 2, "k": 3}, bias=0,
            output=numbers.identity,
        ),
        (
            "# Hidden units j are fed by units i and feed the linear output units k.",
            r"!a_j = \sum_i w_{ji} z_i",
            r"!z_j = h(a_j)",
            r"!y_k = a_k",
            r"!E = \frac12 \sum_k (y_k - t_k)^2",
            r"!\delta_j = \frac{\partial E}{\partial a_j}",
            r"\delta_k = y_k - t_k",
            r"\delta_j = h'(a_j) \sum_k w_{kj} \delta_k",
            r"\frac{\partial E}{\partial w_{ji}} = \delta_j z_i",
            r"\frac{\partial E}{\partial w_{kj}} = \delta_k z_j",
            r"w_{ji} \leftarrow w_{ji} - \eta \delta_j z_i",
        ),
    ),
}  # fmt: skip

# --- edits ----------------------------------------------------------------------------------------

_F = r"(?:\\sigma|f|g|h|g\^\{\[l\])"
_INSIDE = r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
EDITS = (
    ("transpose dropped", r"\^\{?(?:T|\\top)\}?", ""),
    ("transpose dropped", r"(?<=\])T", ""),
    ("transposed", r"(W(?:\^(?:\{[^{}]*\}|l)|_\d))(?![)^])", r"(\1)^T"),
    ("layer above", r"l\+1", "l"),
    ("layer above", r"l\+1", "l-1"),
    ("layer below", r"l-1", "l"),
    ("layer below", r"l-1", "l+1"),
    ("next layer", r"(?<=\^)l(?![a-z])", "{l+1}"),
    ("next layer", r"(?<=[(\[])l(?=[)\]])", "l+1"),
    ("next layer", r"(?<=[(\[])l(?=[)\]])", "l-1"),
    ("last layer", r"(?<=\^)L", "{L-1}"),
    ("last layer", r"(?<=[(\[])L(?=[)\]])", "L-1"),
    ("other number", r"(?<=_)1", "2"),
    ("other number", r"(?<=_)2", "1"),
    ("subscripts", r"_\{(\w)(\w)\}", r"_{\2\1}"),
    ("subscript", r"_j", "_k"),
    ("subscript", r"_k", "_j"),
    ("subscript", r"_i", "_j"),
    ("slope dropped", rf"\s*\\odot {_F}(?:'|\\prime\}}){_INSIDE}", ""),
    ("slope dropped", rf"(?<!odot )(?:\\sigma|h)'{_INSIDE}", ""),
    ("prime dropped", r"(?<=\w)'", ""),
    ("prime dropped", r"\\prime", ""),
    ("slope's argument", r"(?<=')\(z", "(a"),
    ("slope's argument", r"(?<=')\(a_", "(z_"),
    ("other quantity", r"(?<![A-Za-z\\])a(?=[\^_])", "z"),
    ("other quantity", r"(?<![A-Za-z\\])z(?=[\^_])", "a"),
    ("other quantity", r"(?<![A-Za-z\\])Z(?=\^)", "A"),
    ("other quantity", r"(?<![A-Za-z\\])A(?=\^)", "Z"),
    ("other quantity", r"(?<![A-Za-z\\])h(?=_)", "z"),
    ("other quantity", r"(?<![A-Za-z\\])o(?=_)", r"\\text{net}"),
    ("other quantity", r"\\delta(?=[\^_])", "a"),
    ("one of the quadratic", r"1 - o", "1 + o"),
    ("sign", r" - ", " + "),
    ("sign", r" \+ ", " - "),
    ("sign", r"= (?!-)", "= -"),
    ("sign", r"= -", "= "),
    ("factor", r"= (?!-)", "= 2 "),
    ("factor", r"= (?!-)", r"= \\frac12 "),
    ("product", r"\\odot ", ""),
    ("product", r"\^T (?=\\delta|\\frac)", r"^T \\odot "),
    ("outer product", r"(\\delta\^\S+) (\((?:[^()]|\([^()]*\))*\)\^T)", r"\2 \1"),
    ("outer product", r"(\S+) \((\\delta\^l)\)\^T", r"\2 (\1)^T"),
    ("outer product", r"(\((?:[^()]|\([^()]*\))*\)\^T) (\\delta\^\S+)", r"\2 \1"),
    ("outer product", r"(\\frac\{\\partial L\}\{\\partial z_\d\}) (\w+\^T|h_1\^T)", r"\2 \1"),
    ("outer product", r"(dZ\S+) (A\S+)", r"\2 \1"),
    ("examples", r"\\frac\{1\}\{m\}", ""),
    ("difference", r"\(([^()\s]*(?:\([^()]*\)\})?) - ([^()\s]*(?:\([^()]*\)\})?)\)", r"(\2 - \1)"),
    ("difference", r"= (\S+) - (\S+)$", r"= \2 - \1"),
    ("sum dropped", r"\\sum_\w ", ""),
    ("bias dropped", r" \+ b\S+$", ""),
)


@dataclass(frozen=True)
class Mutant:
    note: str
    at: int
    edit: str
    text: str
    wrong: bool = field(default=True)

    @property
    def original(self) -> str:
        return NOTES[self.note].lines[self.at]


def mutants(claims: bool = True) -> Iterator[Mutant]:
    """Claims with one edit; or what the notes define, with one edit."""
    for name, note in NOTES.items():
        seen = set()
        for at, line in enumerate(note.lines):
            if line.startswith("#") or line.startswith("!") is claims:
                continue
            plain = line.lstrip("!")
            for edit, pattern, new in EDITS:
                for found in re.finditer(pattern, plain):
                    text = plain[: found.start()] + found.expand(new) + plain[found.end() :]
                    if (at, text) not in seen and text != plain:
                        seen.add((at, text))
                        with contextlib.suppress(ValueError):  # not a formula that is read here
                            yield Mutant(name, at, edit, text, not holds(text, note.style))


# --- what lint says -------------------------------------------------------------------------------


@cache
def remembered(text: str, convention: str, context: str, repair: bool) -> Verdict:
    return verdict(text, convention, json.loads(context), repair)


def judge(text: str, convention: str, context: Any, repair: bool) -> Verdict:
    return remembered(text, convention, json.dumps(context, sort_keys=True), repair)


def reported(note: Note, at: int = -1, changed: str = "") -> Linted:
    return linted(document_of(note.text(at, changed), "note.md"), "auto", judge)


@dataclass(frozen=True)
class Outcome:
    mutant: Mutant
    found: bool
    proved: bool
    elsewhere: tuple[int, ...]


@cache
def outcome(mutant: Mutant) -> Outcome:
    note = NOTES[mutant.note]
    report = reported(note, mutant.at, mutant.text)
    line = note.line(mutant.at)
    errors = {x.line for x in report.findings if x.level == ERROR}
    return Outcome(mutant, line in errors, proved(report, line), tuple(sorted(errors - {line})))


def proved(report: Linted, line: int) -> bool:
    """Whether all that stands in a line is proved."""
    own = [x for x in report.equations if x.formula.source.line_and_column(x.start)[0] == line]
    return bool(own) and all(x.verdict is not None and x.verdict.verdict == PROVED for x in own)


# Wrong lines that are proved, and are to be mended.
KNOWN = frozenset(
    {r"dZ^{[l]} = W^{[l+1]T} dZ^{[l+1]} \odot g^{[l+1]\prime}(Z^{[l]})"}  # whose layer is not read
)
FOUND = 0.88  # the least share of wrong lines that must be errors
DRAWN = 24


def hold_the_law(chosen: Sequence[Mutant]) -> None:
    made = [outcome(each) for each in chosen]
    wrong = [x for x in made if x.mutant.wrong]
    assert not [x.mutant for x in wrong if x.proved and x.mutant.text not in KNOWN]
    assert not [x.mutant for x in made if not x.mutant.wrong and x.found]
    assert not [x for x in made if x.elsewhere]
    share = sum(x.found for x in wrong) / len(wrong)
    print(f"{len(wrong)} wrong lines, {share:.1%} found")
    assert share >= FOUND - (0.1 if len(chosen) <= DRAWN else 0)


@pytest.mark.parametrize("name", NOTES)
def test_the_lines_of_the_notes_hold(name: str) -> None:
    note = NOTES[name]
    for line in note.lines:
        if not line.startswith(("#", "!")):
            assert holds(line, note.style), line


@pytest.mark.parametrize("name", NOTES)
def test_a_clean_note_is_clean(name: str) -> None:
    note = NOTES[name]
    report = reported(note)
    assert not [x for x in report.findings if x.level == ERROR]
    assert all(
        proved(report, note.line(at)) for at, line in enumerate(note.lines) if line[0] not in "#!"
    )


def test_planted_errors_drawn() -> None:
    every = sorted(mutants(), key=lambda x: (x.note, x.at, x.text))
    hold_the_law(random.Random(20).sample(every, DRAWN))


@pytest.mark.slow
def test_all_planted_errors() -> None:
    hold_the_law(list(mutants()))


# --- definitions that are changed -----------------------------------------------------------------
# Each changes what a note fixes, and the network with it: what was right may be wrong then, and
# what stays right may be no error.


@dataclass(frozen=True)
class Change:
    note: str
    at: int
    text: str
    style: Style

    def __hash__(self) -> int:
        return hash((self.note, self.text))


def changes() -> Iterator[Change]:
    for name, note in NOTES.items():
        style = note.style
        for at, line in enumerate(note.lines):
            plain = line.lstrip("!")
            if line.startswith((r"!\delta", "!d")):
                yield Change(
                    name, at, plain.replace("= ", "= -", 1), replace(style, scale=-style.scale)
                )
                below = re.sub(
                    r"(?<=partial )(z|\\text\{net\}|a)(?=[\^_][^{}]|\^\{|\^\()",
                    lambda x: {"z": "a", r"\text{net}": "o", "a": "z"}[x[1]],
                    plain,
                )
                yield Change(name, at, below, replace(style, slope="a"))
            if line.startswith("!") and " + b" in line and not style.below:
                yield Change(name, at, plain.replace("+ b", "- b"), replace(style, bias=-1))
                if "_{" not in line:
                    turned = style.turned ^ {"W"}
                    text = re.sub(
                        r"\((W\^l)\)\^T|(W\^(?:l|\{\[l\]\}|\{\(l\)\}))",
                        lambda x: x[1] or f"({x[2]})^T",
                        plain,
                    )
                    yield Change(name, at, text, replace(style, turned=turned))
                else:
                    text = plain.replace("{jk}", "{kj}")
                    yield Change(name, at, text, replace(style, source_first=True))
            if line.startswith("!") and "w_{ji}" in line:
                yield Change(
                    name, at, plain.replace("{ji}", "{ij}"), replace(style, source_first=True)
                )


def unsound(change: Change) -> tuple[list[str], list[str]]:
    """The lines that are proved and wrong, and those that are an error and right.

    Where the changed line itself is an error, the others may be judged by what is meant.
    """
    note = NOTES[change.note]
    report = reported(note, change.at, change.text)
    errors = {x.line for x in report.findings if x.level == ERROR}
    if note.line(change.at) in errors:
        return [], []
    false, alarms = [], []
    for at, line in enumerate(note.lines):
        if line.startswith(("#", "!")):
            continue
        right = holds(line, change.style)
        if proved(report, note.line(at)) and not right:
            false.append(line)
        if note.line(at) in errors and right:
            alarms.append(line)
    return false, alarms


def parameters() -> Iterator[Any]:
    for number, change in enumerate(changes()):
        marks = [pytest.mark.slow] if number % 4 else []
        yield pytest.param(change, marks=marks, id=f"{change.note}: {change.text}")


@pytest.mark.parametrize("change", list(parameters()))
def test_a_changed_definition_binds_what_follows(change: Change) -> None:
    false, alarms = unsound(change)
    assert not false
    assert not alarms
