r"""Pages of HTML: their text with entities decoded, and the LaTeX that they hide in tags.

The tags are told apart here, not by html.parser: that of Python 3.11 takes minutes for some pages
of 100 KB, and it gives no places within attributes.

>>> source = visible_text('<p>$a &lt; b$<script type="math/tex">c</script>', "note.html")
>>> source.visible, source.line_and_column(6)
('\n\n$a < b$\\(c\\)', (1, 11))
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

from symnet.notes import image_urls
from symnet.notes.document import Suppression
from symnet.notes.plain_notes import suppression
from symnet.notes.source import HTML, Source, changed, lines_alike

_TOKEN = re.compile(
    r"(?P<comment><!--)"
    r"|<(?P<closes>/?)(?P<name>[A-Za-z][A-Za-z0-9:-]*+)"
    r"(?P<attributes>(?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+)>"
    r"|(?P<declaration><[!?][^<>]*+>)"
    r"|(?P<entity>&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});)"
    r"|(?P<blank>\n(?=[ \t]*\n))"
)
_ATTRIBUTE = re.compile(
    r"(?<![-\w:.])(?P<name>[A-Za-z][-\w:.]*+)\s*+=\s*+"
    r"(?:\"(?P<double>[^\"]*+)\"|'(?P<single>[^']*+)'|(?P<bare>[^\s\"'>]++))"
)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")

_UNSEEN = frozenset("style pre code kbd samp template noscript textarea svg".split())  # noqa: SIM905
_RAW = ("script", "style", "textarea")  # what they hold is no HTML
_DRAWN = re.compile(r"katex-html|MathJax|MJX|mjx-|mwe-math-mathml-placeholder")
_ABOUT_MATHEMATICS = re.compile(r"math|latex|equation|\btex\b", re.IGNORECASE)
_DELIMITED = re.compile(r"\s*(?:\$|\\begin\b|\\\(|\\\[)")
_DISPLAYSTYLE = re.compile(r"\s*\{\\displaystyle\s*(?P<inside>.*)\}\s*", re.DOTALL)
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())  # noqa: SIM905
_INLINE = frozenset(
    """a abbr acronym b bdi bdo big cite del dfn em font i ins label mark math mfenced mfrac mi mn
    mo mover mpadded mrow mspace mstyle msub msubsup msup mtable mtd mtext mtr munder munderover
    annotation annotation-xml semantics nobr q s small span strike strong sub sup tt u var wbr img
    code kbd samp script svg data time""".split()  # noqa: SIM905
)


@dataclass(slots=True)
class _Page:
    """What the tags of a page change in its text, as it is gathered from front to back."""

    text: str
    changes: list[tuple[int, int, str]] = field(default_factory=list)
    comments: list[tuple[int, int]] = field(default_factory=list)
    last: str = ""  # the formula found last, while nothing else has been seen since
    last_end: int = 0


@dataclass(frozen=True, slots=True)
class _Value:
    """What an attribute holds, and where."""

    text: str
    start: int
    end: int


def visible_text(raw: str, path: str) -> Source:
    """The page without its tags, comments, scripts and code."""
    text = lines_alike(raw)
    seen = changed(text, _read(text).changes)
    return Source(path, raw, seen.text, tuple(seen.places), written=HTML)


def suppressions(source: Source) -> tuple[Suppression, ...]:
    """What its comments `<!-- symnet: ignore[rule] reason -->` ask not to be told."""
    if "symnet:" not in source.raw:
        return ()
    page = _read(lines_alike(source.raw))
    found = [
        suppression(source, start, end, page.text[start + 4 : end - 3])
        for start, end in page.comments
    ]
    return tuple(each for each in found if each)


def _read(text: str) -> _Page:
    page = _Page(text)
    missing: set[str] = set()  # ends that do not come any more
    hidden, depth = "", 0  # the element whose text is not seen, and how often it is open
    taking = False  # whether what is hidden may still hold LaTeX
    seen_to = at = 0
    while match := _TOKEN.search(text, at):
        start, at = match.span()
        if hidden and start > seen_to:
            page.changes.append((seen_to, start, ""))
        elif page.last and text[max(seen_to, page.last_end) : start].strip():
            page.last = ""
        seen_to = at
        if match["comment"]:
            end = -1 if "-->" in missing else text.find("-->", at)
            if end < 0:
                missing.add("-->")
                continue
            seen_to = at = end + 3
            page.changes.append((start, at, ""))
            if not hidden:
                page.comments.append((start, at))
            continue
        if match["entity"] or match["blank"]:
            new = unescape(match[0]) if match["entity"] else " "
            page.changes.append((start, at, "" if hidden else new))
            continue
        if match["declaration"]:
            page.changes.append((start, at, ""))
            continue
        name = match["name"].lower()
        opens = not match["closes"] and name not in _VOID and not match["attributes"].endswith("/")
        if opens and name in _RAW:
            end = _end_of_raw(text, name, at, missing)
            if end >= 0:
                kind = _value(_attributes(match), "type")
                if name == "script" and kind.startswith("math/tex") and (not hidden or taking):
                    _formula(page, start, end, at, end, "display" in kind)
                else:
                    page.changes.append((start, end, ""))
                seen_to = at = end
                continue
        if hidden:
            page.changes.append((start, at, ""))
            if name == hidden:
                depth += opens - bool(match["closes"])
                hidden = hidden if depth else ""
            elif taking and opens and name == "annotation":
                seen_to = at = _annotation(page, match)
            continue
        _tag(page, match, name)
        drawn = opens and _DRAWN.search(_value(_attributes(match), "class"))
        if opens and (name in _UNSEEN or name == "math" or drawn):
            hidden, depth, taking = name, 1, name not in _UNSEEN
    if hidden:
        page.changes.append((seen_to, len(text), ""))
    return page


def _end_of_raw(text: str, name: str, at: int, missing: set[str]) -> int:
    """Where the end of a script or the like begins; -1 if it has none."""
    if name in missing:
        return -1
    if found := re.compile(f"</{name}", re.IGNORECASE).search(text, at):
        return found.start()
    missing.add(name)
    return -1


def _attributes(tag: re.Match[str]) -> dict[str, _Value]:
    base = tag.start("attributes")
    found: dict[str, _Value] = {}
    for match in _ATTRIBUTE.finditer(tag["attributes"]):
        group = next(x for x in ("double", "single", "bare") if match[x] is not None)
        value = _Value(match[group], base + match.start(group), base + match.end(group))
        found.setdefault(match["name"].lower(), value)
    return found


def _value(attributes: dict[str, _Value], name: str) -> str:
    return attributes[name].text if name in attributes else ""


def _tag(page: _Page, tag: re.Match[str], name: str) -> None:
    """What stands in place of a tag that is seen: a formula, the end of a paragraph, or nothing."""
    start, end = tag.span()
    if name == "img" and not tag["closes"]:
        _image(page, tag)
    elif name == "math" and not tag["closes"] and (value := _attributes(tag).get("alttext")):
        _formula(page, start, end, value.start, value.end)
    elif name == "br":
        page.changes.append((start, end, "\n"))
    elif name in _INLINE:
        page.changes.append((start, end, ""))
    else:
        page.changes.append((start, end, "\n\n"))
        page.last = ""


def _image(page: _Page, tag: re.Match[str]) -> None:
    """The formula that an image shows, by its address or by the words that stand for it."""
    start, end = tag.span()
    attributes = _attributes(tag)
    source, words = attributes.get("src"), attributes.get("alt")
    if source and (inside := list(image_urls.formulas(f'"{source.text}"'))):
        shift = source.start - 1
        page.changes.append((start, inside[0][0] + shift, ""))
        page.changes += [(first + shift, last + shift, new) for first, last, new in inside]
        page.changes.append((inside[-1][1] + shift, end, ""))
        page.last = ""
    elif words and _DELIMITED.match(words.text):
        _formula(page, start, end, words.start, words.end, delimited=True)
    elif words and _ABOUT_MATHEMATICS.search(
        _value(attributes, "class") + _value(attributes, "src")
    ):
        _formula(page, start, end, words.start, words.end)
    else:
        page.changes.append((start, end, ""))


def _annotation(page: _Page, tag: re.Match[str]) -> int:
    """The LaTeX that stands beside MathML; the place after it."""
    close = page.text.find("<", tag.end())
    end = close if close >= 0 else len(page.text)
    if "tex" in _value(_attributes(tag), "encoding").lower():
        page.changes.pop()
        _formula(page, tag.start(), end, tag.end(), end)
    else:
        page.changes.append((tag.end(), end, ""))
    return end


def _formula(
    page: _Page,
    start: int,
    end: int,
    inside: int,
    inside_end: int,
    display: bool = False,
    delimited: bool = False,
) -> None:
    r"""A formula in place of a stretch of the page, unless it is the one just before again."""
    if styled := _DISPLAYSTYLE.fullmatch(page.text, inside, inside_end):
        inside, inside_end = styled.span("inside")
    written = page.text[inside:inside_end]
    plain = re.sub(r"\\displaystyle|\s", "", unescape(written))
    if not plain or plain == page.last:
        page.changes.append((start, end, ""))
    else:
        opening, closing = (r"\[", r"\]") if display else (r"\(", r"\)")
        page.changes.append((start, inside, "" if delimited else opening))
        page.changes += _entities(page.text, inside, inside_end)
        page.changes.append((inside_end, end, "" if delimited else closing))
        page.last = plain
    page.last_end = end


def _entities(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    for match in _ENTITY.finditer(text, start, end):
        yield match.start(), match.end(), unescape(match[0])
