r"""Where the formulas of a note stand: one scanner of delimiters over the text that is seen.

What opens and closes a formula is a table; one never closed opens nothing, and the text goes
on as prose. `$` follows the rules of pandoc, so that prices are no formulas; in TeX it follows TeX.

>>> source = Source("note.txt", *["For $5, $a^l = \\sigma(z^l)$."] * 2)
>>> [piece.text for piece in pieces(source, 0, len(source.visible))]
['For $5, ', 'a^l = \\sigma(z^l)', '.']
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from symnet.notes.document import Formula, Piece, Prose
from symnet.notes.source import Source

# Environments that are formulas by themselves; a star may follow.
_NAMES = """
    equation align alignat flalign eqnarray gather multline displaymath math dmath dgroup
    IEEEeqnarray aligned alignedat gathered split cases array matrix pmatrix bmatrix Bmatrix
    vmatrix Vmatrix smallmatrix
"""
ENVIRONMENTS = frozenset(_NAMES.split())
_INLINE_ENVIRONMENTS = frozenset({"math"})

# Words within a formula: a dollar in them opens and closes a formula of its own.
_WORDS = (
    r"\\(?:text\w*+|mbox|hbox|intertext|shortintertext)\s*+"
    r"\{[^{}$]*+(?:(?:\$[^$]*+\$|\{[^{}$]*+\})[^{}$]*+)*+\}"
)
_BLANK_LINE = re.compile(r"\n[ \t\r>]*(?=\n)")
_ENVIRONMENT = re.compile(r"\\\\|\\(begin|end)\s*\{([A-Za-z]+)(\*?)\}")
_PRICE = re.compile(r"\d[\d.,]*\s+(?=[a-z]{2})[^\\^_=+*/<>{}]*\Z")  # $10, or 5$
_OF_A_WORD = re.compile(r"[A-Za-z0-9\\]")  # such letters touch no dollar of their own accord
_NEAR = 200
_MATHEMATICAL = re.compile(r"[\\^_={}]")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two delimiters, as regular expressions.

    A blank line ends an inline formula and whatever opens as it closes. `doubled` are those whose
    backslashes are escaped, as Markdown wants them: within them \\\\ may be part of the end.
    """

    opening: str
    closing: str
    display: bool = False
    paragraph: bool = True
    doubled: bool = False
    end: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        before, after = (r"\\\\\\\\", r"|\\\\") if self.doubled else (r"\\\\", "")
        again = "" if self.opening == self.closing else rf"|(?P<again>{self.opening})"
        pattern = rf"{_WORDS}|{before}|(?P<end>{self.closing}){again}{after}|\\."
        object.__setattr__(self, "end", re.compile(pattern, re.DOTALL))


_DISPLAYED_DOLLARS = Pair(r"\$\$", r"\$\$", display=True)
_DOLLAR = Pair(r"\$", r"\$")
_TEX = (
    Pair(r"\\\(", r"\\\)"),
    Pair(r"\\\[", r"\\\]", display=True, paragraph=False),
    _DISPLAYED_DOLLARS,
    _DOLLAR,
)
_ELSEWHERE = (
    Pair(r"\\f\$", r"\\f\$"),
    Pair(r"\\f\[", r"\\f\]", display=True, paragraph=False),
    Pair(r"\\f\(", r"\\f\)"),
    Pair(r"\\f\{[a-z]+\*?\}\{?", r"\\f\}", display=True, paragraph=False),
    Pair(r"\\\\\(", r"\\\\\)", doubled=True),
    Pair(r"\\\\\[", r"\\\\\]", display=True, paragraph=False, doubled=True),
    Pair(r"\\?\[latex\\?\]", r"\\?\[/latex\\?\]", paragraph=False),
    Pair(r"\[tex\]", r"\[/tex\]", paragraph=False),
    Pair(r"\[math\]", r"\[/math\]", paragraph=False),
    Pair(r"\{%-?[ ]?katex\b[^%{}\n]{0,40}%\}", r"\{%-?[ ]?endkatex[ ]?-?%\}", paragraph=False),
    Pair(r"\{%-?[ ]?latex\b[^%{}\n]{0,40}%\}", r"\{%-?[ ]?endlatex[ ]?-?%\}", paragraph=False),
    Pair(r"\{%-?[ ]?math\b[^%{}\n]{0,40}%\}", r"\{%-?[ ]?endmath[ ]?-?%\}", paragraph=False),
    Pair(r"(?::math:|\{math\})`", "`"),
    Pair(r"\$`", r"`\$"),
    Pair(r"\$latex\s", r"\$"),
)


def _openings(pairs: tuple[Pair, ...], blocks: bool) -> re.Pattern[str]:
    """What may open a formula, the longest first; an escaped sign opens nothing."""
    rows = [rf"(?P<p{i}>{pair.opening})" for i, pair in enumerate(pairs)]
    environment = r"(?P<environment>\\begin\s*\{(?P<name>[A-Za-z]+)\*?\})"
    fence = r"(?P<fence>(?m:^)[ \t>]*(?P<mark>`{3,}|~{3,})[ \t]*\{?math\b[^\n]*\n)"
    directive = r"(?P<directive>(?m:^)(?P<indent>[ \t]*)\.\.[ \t]+math::[ \t]*)"
    first = [environment, r"\${3,}", *([fence, directive] if blocks else [])]
    return re.compile("|".join([*first, *rows, r"\\."]), re.DOTALL)


_PAIRS = {True: _TEX, False: (*_ELSEWHERE, *_TEX)}
_OPENINGS = {tex: _openings(pairs, not tex) for tex, pairs in _PAIRS.items()}


def pieces(source: Source, start: int, end: int, *, tex: bool = False) -> tuple[Piece, ...]:
    """The formulas between two places of the visible text, and the prose between them."""
    found: list[Piece] = []
    at = start
    for before, formula, after in _formulas(source, start, end, tex):
        if before > at:
            found.append(Prose(source, at, before))
        if formula is not None:
            found.append(formula)
        at = max(at, after)
    if at < end:
        found.append(Prose(source, at, end))
    return tuple(found)


def _formulas(
    source: Source, start: int, end: int, tex: bool
) -> Iterator[tuple[int, Formula | None, int]]:
    """Each formula, with the place where its opening begins and the place after its closing."""
    view = _View.of(source.visible, start, end, tex)
    missing: dict[tuple[str, int], int] = {}  # a closing that was not found, and up to where
    at = start
    while match := _OPENINGS[tex].search(view.text, at, end):
        spans = list(_spans(view, match, missing))
        at = spans[-1].after if spans else match.end()
        if not spans and match.lastgroup == f"p{len(_PAIRS[tex]) - 1}":
            at = match.start() + 1
        for span in spans:
            filled = view.text[span.start : span.end].strip()
            formula = Formula(source, span.start, span.end, span.display) if filled else None
            yield span.before, formula, span.after


@dataclass(frozen=True, slots=True)
class _Span:
    """A formula within its delimiters."""

    before: int
    start: int
    end: int
    after: int
    display: bool


@dataclass(frozen=True, slots=True)
class _View:
    """The text with what is found out about it once: its blank lines and its environments."""

    text: str
    end: int
    tex: bool
    blank_lines: list[int]
    environments: dict[int, int]  # where \begin stands -> after its \end
    begins: list[int]

    @classmethod
    def of(cls, text: str, start: int, end: int, tex: bool) -> "_View":
        blank_lines = [match.start() for match in _BLANK_LINE.finditer(text, start, end)]
        partners = _environments(text, start, end)
        outer, reached = [], start
        for begin in sorted(partners):
            if begin >= reached:
                outer.append(begin)
                reached = partners[begin]
        return cls(text, end, tex, blank_lines, partners, outer)

    def paragraph_end(self, at: int) -> int:
        """The next blank line that no environment holds."""
        while True:
            index = bisect_left(self.blank_lines, at)
            if index == len(self.blank_lines):
                return self.end
            blank = self.blank_lines[index]
            around = bisect_right(self.begins, blank) - 1
            if around < 0 or self.environments[self.begins[around]] <= blank:
                return blank
            at = self.environments[self.begins[around]]

    def alone(self, start: int, end: int) -> bool:
        """Whether what stands there has its lines for itself."""
        before, after = _beside(self.text, start, end)
        return not (before + after).strip(" \t\r>")


def _beside(text: str, start: int, end: int) -> tuple[str, str]:
    """What stands before and after on the same line, as far as it matters: a line may be long."""
    before, after = text[max(0, start - _NEAR) : start], text[end : end + _NEAR]
    return before[before.rfind("\n") + 1 :], after.partition("\n")[0]


def _environments(text: str, start: int, end: int) -> dict[int, int]:
    """Where each environment of mathematics begins, and the place after its end."""
    opened: dict[str, list[int]] = {}
    partners = {}
    for match in _ENVIRONMENT.finditer(text, start, end):
        kind, name, star = match.groups()
        if name not in ENVIRONMENTS:
            continue
        waiting = opened.setdefault(name + star, [])
        if kind == "begin":
            waiting.append(match.start())
        elif waiting:
            partners[waiting.pop()] = match.end()
    return partners


def _spans(
    view: _View, match: re.Match[str], missing: dict[tuple[str, int], int]
) -> Iterator[_Span]:
    """The formula that an opening opens, if it does; a directive holds several."""
    group = match.lastgroup or ""
    if match["environment"] is not None:
        if after := view.environments.get(match.start()):
            display = match["name"] not in _INLINE_ENVIRONMENTS
            yield _Span(match.start(), match.start(), after, after, display)
    elif not view.tex and match["fence"] is not None:
        yield from _fenced(view, match, missing)
    elif not view.tex and match["directive"] is not None:
        yield from _directed(view, match)
    elif group.startswith("p"):
        yield from _paired(view, match, _PAIRS[view.tex][int(group[1:])], missing)


def _paired(
    view: _View, match: re.Match[str], pair: Pair, missing: dict[tuple[str, int], int]
) -> Iterator[_Span]:
    text, start = view.text, match.end()
    limit = view.paragraph_end(start) if pair.paragraph else view.end
    edge = pair is _DISPLAYED_DOLLARS and view.alone(match.start(), start)
    if edge and not text[start:limit].strip():
        limit = view.paragraph_end(_skipped(text, start))
    if missing.get((pair.opening, limit), view.end + 1) <= start:
        return
    found: re.Match[str] | None = None
    for token in pair.end.finditer(text, start, limit):
        if token["end"] is not None:
            found = token
            break
        if "again" in pair.end.groupindex and token["again"] is not None:
            return
    if found is None and edge:
        found = _after_blank_lines(view, limit)
    if found is None:
        missing[pair.opening, limit] = start
        return
    if pair is _DOLLAR and not view.tex and not _is_mathematics(text, start, found.start()):
        return
    display = pair.display
    if pair is _DISPLAYED_DOLLARS and not view.tex:
        display = not _within_a_line(text, match.start(), found.end())
    yield _Span(match.start(), start, found.start(), found.end(), display)


def _skipped(text: str, at: int) -> int:
    """The next place that is not blank."""
    match = re.compile(r"\s*").match(text, at)
    return match.end() if match else at


def _after_blank_lines(view: _View, at: int) -> re.Match[str] | None:
    """Dollars that stand alone on a line after blank ones: they close what opened likewise."""
    match = re.compile(r"\$\$").match(view.text, _skipped(view.text, at), view.end)
    return match if match and view.alone(*match.span()) else None


def _within_a_line(text: str, start: int, end: int) -> bool:
    """Whether words stand on the same line before and after."""
    before, after = _beside(text, start, end)
    return bool(before.strip(" \t\r>-*+.0123456789")) and bool(after.strip(" \t\r.,;:"))


def _is_mathematics(text: str, start: int, end: int) -> bool:
    """Whether single dollars around this are delimiters, not prices: the rules of pandoc.

    The blanks of `$ x_1 $` are forgiven where signs of mathematics stand between them, no number or
    word ends before the first dollar, and none begins after the second.
    """
    inside = text[start:end]
    if not inside.strip() or text[end + 1 : end + 2].isdigit() or _PRICE.match(inside):
        return False
    if not inside[0].isspace() and not inside[-1].isspace():
        return True
    if inside[0].isspace() and start > 1 and _OF_A_WORD.match(text, start - 2):
        return False
    number = inside[0].isdigit() and "\\" not in inside
    if not inside[0].isspace() and (number or _OF_A_WORD.match(text, end + 1)):
        return False
    return bool(_MATHEMATICAL.search(inside))


def _fenced(
    view: _View, match: re.Match[str], missing: dict[tuple[str, int], int]
) -> Iterator[_Span]:
    """```math, up to a line that holds at least as many marks."""
    mark, start = match["mark"], match.end()
    if missing.get((mark, view.end), view.end + 1) <= start:
        return
    closing = re.compile(rf"(?m:^)[ \t>]*{mark}{mark[0]}*[ \t\r]*(?m:$)")
    if found := closing.search(view.text, start, view.end):
        yield _Span(match.start(), start, found.start(), found.end(), True)
    else:
        missing[mark, view.end] = start


def _directed(view: _View, match: re.Match[str]) -> Iterator[_Span]:
    """The paragraphs of a directive `.. math::`: each is a formula of its own."""
    text, before, at = view.text, match.start(), match.end()
    indent = len(match["indent"].expandtabs())
    start: int | None = None
    end = at
    first = True
    while at < view.end:
        line_end = text.find("\n", at, view.end)
        line_end = view.end if line_end < 0 else line_end
        line = text[at:line_end].expandtabs()
        blank = not line.strip()
        if not blank and not first and len(line) - len(line.lstrip()) <= indent:
            break
        if blank or (start is None and re.match(r"\s*:[a-z]+:", line)):
            if start is not None:
                yield _Span(before, start, end, end, True)
                before, start = end, None
        else:
            start = (
                at + len(text[at:line_end]) - len(text[at:line_end].lstrip())
                if start is None
                else start
            )
            end = line_end
        at, first = line_end + 1, False
    if start is not None:
        yield _Span(before, start, end, end, True)
