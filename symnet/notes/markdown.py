r"""Markdown as its reader sees it: no code, no comments, no front matter.

Where blocks begin and end is said by markdown-it. Signs that writers escape for Markdown's sake
within formulas are read as they are printed.

>>> source = visible_text("> `$` $w\\_{jk} &lt; 1$", "note.md")
>>> source.visible, source.line_and_column(13)
('      $w_{jk} < 1$', (1, 15))
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from html import unescape

from markdown_it import MarkdownIt
from markdown_it.token import Token

from symnet.notes import image_urls, typed
from symnet.notes.document import Formula, Suppression
from symnet.notes.mathematics import pieces
from symnet.notes.plain_notes import comments, suppressions_in
from symnet.notes.source import Placed, Source, all_blanked, changed, lines_alike

_BLOCKS = MarkdownIt("commonmark").enable("table").disable("inline")
_FRONT_MATTER = re.compile(r"(---|\+\+\+)[ \t]*\n.*?\n\1[ \t]*(?:\n|$)", re.DOTALL)
_MATHEMATICS = re.compile(r"\{?math\b")
_FENCE_IN_HTML = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*[A-Za-z][^\n`]*$", re.MULTILINE)
_WORDS = ("", "text", "txt", "plaintext")  # of fences in which there may be no code
_NEAR = 400  # signs before an indented block in which its remark begins
_MOST_FENCES = 30  # in HTML: each may hide the next one
_REMARK = re.compile(r"[ ]{0,3}(?:!!!|\?\?\?\+?)[ \t]+[a-z]")
_UNSEEN_TAGS = ("pre", "code", "script", "style")
_QUOTED = re.compile(r"[ ]{0,3}>[ ]?")
_MARKS = re.compile(r"`+")
_PARAGRAPH_END = re.compile(r"\n[ \t>]*(?=\n)")
_TEXT = r"\\(?:text\w*|mbox|mathrm|mathtt|mathit|mathsf|operatorname\*?)\s*\{[^{}]*\}"
_SIGN = re.compile(
    rf"{_TEXT}"
    r"|(?P<rows>\\\\\\\\)"
    r"|\\\\"
    r"|(?P<subscript>\\_(?=\{|\\[A-Za-z]|[A-Za-z0-9](?![A-Za-z])))"
    r"|\\(?P<plain>[*<\[\]+=-])"
    r"|(?P<entity>&(?:#\d{1,6}|#[xX][0-9a-fA-F]{1,5}|[A-Za-z]{2,20});)"
)
_COMMAND = re.compile(r"(\\++)(?=[A-Za-z])")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_TAG = re.compile(
    r"</?(?:(?P<image>img)|a|abbr|b|big|blockquote|br|center|dd|details|div|dl|dt|em|figcaption"
    r"|figure|font|h[1-6]|hr|i|kbd|li|mark|ol|p|picture|small|source|span|strong|sub|summary|sup"
    r"|table|tbody|td|th|thead|tr|tt|u|ul)\b"
    r"(?:\s++[A-Za-z_:][\w:.-]*+(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s\"'<>`]++))?+)*+\s*+/?>",
    re.IGNORECASE,
)
_IMAGE = re.compile(r"!\[([^\[\]\n]{0,500})\]\((?=(?:https?:)?//)")


def visible_text(raw: str, path: str) -> Source:
    """The note with its code blank and its formulas as they are printed."""
    seen = seen_text(raw)
    places = None if len(seen.text) == len(raw) == seen.places[-1] else tuple(seen.places)
    return Source(path, raw, seen.text, places)


def seen_text(raw: str) -> Placed:
    """What is seen of a text in Markdown, and where it stands."""
    text = without_code(raw)
    text = all_blanked(text, comments(text))
    changes: list[tuple[int, int, str]] = []
    # What stands in tags is seen by nobody, but for formulas.
    hidden: list[tuple[int, int]] = []
    shown: list[tuple[int, int]] = []
    for tag in _TAG.finditer(text):
        inside = list(image_urls.formulas(text, *tag.span())) if tag["image"] else []
        if inside:
            changes += [(tag.start(), inside[0][0], ""), *inside, (inside[-1][1], tag.end(), "")]
        (shown if inside else hidden).append(tag.span())
    text = all_blanked(text, hidden)
    without_tags = all_blanked(text, shown)
    images = list(image_urls.formulas(without_tags))
    for image in _IMAGE.finditer(without_tags) if images else ():
        first = bisect_left(images, image.end(), key=lambda change: change[0])
        if first < len(images) and images[first][0] == image.end():
            end = next(place for place, _, new in images[first:] if new == r"\)")
            changes.append((*image.span(), ""))
            if without_tags.startswith(")", end):
                changes.append((end, end + 1, ""))
    changes += typed.formulas(without_tags)
    escapes = _escapes(without_tags) if "\\" in text or "&" in text else ()
    return changed(text, [*changes, *images, *escapes])


def suppressions(source: Source) -> tuple[Suppression, ...]:
    """What its comments `<!-- symnet: ignore[rule] reason -->` ask not to be told."""
    if "symnet:" not in source.raw:
        return ()
    return suppressions_in(source, without_code(source.raw))


def without_code(raw: str) -> str:
    """A text in Markdown with its front matter, its code and its marks of quotations blank."""
    text = lines_alike(raw)
    if front := _FRONT_MATTER.match(text):
        text = all_blanked(text, [front.span()])
    lines = _line_starts(text)
    tokens = [token for token in _BLOCKS.parse(text) if token.map]
    for _ in range(_MOST_FENCES):
        begun = list(_begun_in_html(text, tokens, lines))
        if not begun:
            break
        text = all_blanked(text, begun)
        tokens = [token for token in _BLOCKS.parse(text) if token.map]
    fences = [
        _stretch(token, lines)
        for token in tokens
        if token.type == "fence"
        and not _MATHEMATICS.match(token.info.strip())
        and not (token.info.strip() in _WORDS and typed.has_slopes(token.content))
    ]
    fences += _marks(text, tokens, lines)
    text = all_blanked(text, fences)
    blocks = [token for token in tokens if token.type in ("code_block", "blockquote_open")]
    if blocks:
        # What looks like a block in the middle of a formula belongs to the formula.
        formulas = _formulas(text)
        blocks = [x for x in blocks if not _is_within(_stretch(x, lines)[0], formulas)]
        code = [_stretch(token, lines) for token in blocks if token.type == "code_block"]
        code = [(start, end) for start, end in code if not _is_shown(text, start, end)]
        text = all_blanked(text, [*code, *_quotation_marks(text, blocks, lines)])
    return all_blanked(text, [*_tagged(text), *_code_spans(text)])


def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text)), len(text)]


def _stretch(token: Token, lines: list[int]) -> tuple[int, int]:
    first, last = token.map or (0, 0)
    return lines[min(first, len(lines) - 1)], lines[min(last, len(lines) - 1)]


def _marks(text: str, tokens: list[Token], lines: list[int]) -> Iterator[tuple[int, int]]:
    """The marks of the fences in which equations are typed: no code is between them."""
    for token in tokens:
        if token.type != "fence" or token.info.strip() not in _WORDS:
            continue
        if typed.has_slopes(token.content):
            start, end = _stretch(token, lines)
            yield start, text.index("\n", start)
            last = text.rindex("\n", start, end - 1) + 1
            if text[last:end].lstrip().startswith(token.markup):  # it may never be closed
                yield last, end


def _begun_in_html(text: str, tokens: list[Token], lines: list[int]) -> Iterator[tuple[int, int]]:
    """Code whose first fence stands in a block of HTML and whose last one does not.

    CommonMark sees no fence in HTML, and so the last one would begin code; others see both.
    """
    for token in tokens:
        if token.type != "html_block":
            continue
        start, end = _stretch(token, lines)
        if opened := _FENCE_IN_HTML.search(text, start, end):
            closing = re.compile(rf"^[ \t]*{opened[1]}[ \t]*$", re.MULTILINE)
            closed = closing.search(text, opened.end())
            if closed is not None and closed.start() >= end:
                yield opened.start(), closed.end()


def _is_shown(text: str, start: int, end: int) -> bool:
    """Whether an indented block is no code: equations and nothing else, or part of a remark.

    A remark is what MkDocs indents below `!!! note`.
    """
    block = text[start:end].strip()
    if any(
        block.startswith(opening) and block.endswith(closing) and len(block) > 4
        for opening, closing in (("$$", "$$"), (r"\[", r"\]"))
    ):
        return True
    if typed.has_slopes(block):
        return True
    before = text[max(0, start - _NEAR) : start].rstrip()
    return _REMARK.match(before, before.rfind("\n") + 1) is not None


def _formulas(text: str) -> list[Formula]:
    source = Source("", text, text)
    return [x for x in pieces(source, 0, len(text)) if isinstance(x, Formula)]


def _is_within(place: int, formulas: list[Formula]) -> bool:
    index = bisect_right(formulas, place, key=lambda formula: formula.start) - 1
    return index >= 0 and formulas[index].start < place <= formulas[index].end


def _quotation_marks(
    text: str, tokens: Iterable[Token], lines: list[int]
) -> Iterator[tuple[int, int]]:
    """The signs > before the lines of quotations, as many as there are quotations around a line."""
    depth: dict[int, int] = {}
    for token in tokens:
        if token.type == "blockquote_open" and token.map:
            for line in range(*token.map):
                depth[line] = depth.get(line, 0) + 1
    for line, marks in depth.items():
        at = lines[line]
        for _ in range(marks):
            if match := _QUOTED.match(text, at):
                at = match.end()
        yield lines[line], at


def _tagged(text: str) -> Iterator[tuple[int, int]]:
    """What stands in tags of HTML whose text is no prose, and in Jekyll's block of code."""
    rows = [(rf"<{tag}\b[^<>]{{0,300}}>", f"</{tag}") for tag in _UNSEEN_TAGS]
    rows.append((r"\{%-?[ ]?highlight\b[^%\n]{0,80}%\}", "endhighlight"))
    for opening, closing in rows:
        at = 0
        pattern = re.compile(opening, re.IGNORECASE)
        while match := pattern.search(text, at):
            at = text.find(closing, match.end())
            if at < 0:
                break
            yield match.start(), at + len(closing)


def _code_spans(text: str) -> Iterator[tuple[int, int]]:
    """Code between marks of the same length in a paragraph, but for mathematics so written."""
    ends = [match.start() for match in _PARAGRAPH_END.finditer(text)]
    marks = [match.span() for match in _MARKS.finditer(text)]
    later: dict[tuple[int, int], list[int]] = {}  # by paragraph and length
    for start, end in reversed(marks):
        later.setdefault((bisect_right(ends, start), end - start), []).append(start)
    reached = 0
    for start, end in marks:
        waiting = later[bisect_right(ends, start), end - start]
        if start < reached:
            continue
        while waiting and waiting[-1] <= start:
            waiting.pop()
        escaped = start > 0 and text[start - 1] == "\\"
        if not waiting or escaped:
            continue
        after = waiting[-1] + end - start
        reached = after
        role = text.endswith((":math:", "{math}"), max(0, start - 6), start)
        dollars = text[max(0, start - 1) : start] == "$" == text[after : after + 1]
        fence = end - start >= 3 and _MATHEMATICS.match(text[end : end + 6].lstrip(" "))
        if not (role or dollars or fence):
            yield start, after


def _escapes(text: str) -> Iterator[tuple[int, int, str]]:
    r"""The signs within formulas that are written for Markdown's sake otherwise than for TeX.

    \_ is the sign of a subscript only where no name goes on after it: in d\_model it is a letter.
    Where every command begins with two backslashes, all signs are escaped.
    """
    for formula in _formulas(text):
        commands = {len(x[1]) % 2 for x in _COMMAND.finditer(text, formula.start, formula.end)}
        if commands == {0}:
            for escape in _ESCAPED.finditer(text, formula.start, formula.end):
                yield escape.start(), escape.end(), escape[1]
            continue
        for sign in _SIGN.finditer(text, formula.start, formula.end):
            new = {"rows": r"\\", "subscript": "_", "plain": sign["plain"]}.get(
                sign.lastgroup or ""
            )
            if sign.lastgroup == "entity":
                new = unescape(sign[0])
            if new is not None and new != sign[0]:
                yield sign.start(), sign.end(), new
