"""The page of lint in a real browser: what it shows, how it is used, and that notes run nothing."""

import functools
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notes_by_hand import html_source, linted, notebook_source, report

from symnet.notes import flow, page
from symnet.notes.document import Document, Formula, Prose
from symnet.notes.findings import (
    CLAIM,
    DEFINITION,
    ERROR,
    MENTION,
    NOTE,
    OTHER,
    WARNING,
    Equation,
    Finding,
    Linted,
    Report,
)
from symnet.notes.mathml import ATTRIBUTES, ELEMENTS, Element, mathml
from symnet.notes.source import Source
from symnet.paper.verify import REFUTED, Verdict

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

LONG = " = ".join([r"\sum_m \frac{\partial C}{\partial z_m^l} a_k^{l-1} \delta_j^l"] * 8)
TEX = (
    r"""\documentclass{article}
\newcommand{\W}{\mathbf{W}}
\begin{document}
\section{Backpropagation of errors}
We define $\delta^l = \partial C / \partial z^l$ and write \emph{products} as $\odot$.

$$\delta^L = \nabla_a C \odot \sigma'(z^L)$$
Then
$$
\delta^L = \nabla_a C
$$
\begin{itemize}
\item For the biases, $\frac{\partial C}{\partial b^l} = \delta^l$.
\item For the weights, $\frac{\partial C}{\partial w_{jk}^l} = a_j^{l-1} \delta_k^l$, broken
  in the middle.
\end{itemize}
$$ E = mc^2 $$
$$\frac{\partial C}{\partial b^l} = \foo{\delta^l}$$
$$ """
    + LONG
    + r""" $$
The output of the neuron is z.
"""
)
ROLES = {
    r"\delta^l = \partial C / \partial z^l": DEFINITION,
    r"\odot": MENTION,
    "E = mc^2": OTHER,
    LONG: OTHER,
}


@functools.cache
def sample() -> Report:
    note = linted("notes/chapter.tex", TEX, ROLES)
    source = note.document.sources[0]
    start = TEX.index("The output")
    words = Finding(
        "output-for-input", WARNING, "z is the weighted input", source, start, start + 10
    )
    note = Linted(note.document, note.convention, note.equations, (*note.findings, words))
    cells = ["# A title\n", "Text $\\delta^L = \\nabla_a C$ and\n$$a^1 = x$$\n"]
    return report(note, linted("nb.ipynb", notebook_source("nb.ipynb", cells)))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = str(CHROMIUM) if CHROMIUM.exists() else shutil.which("chromium")
    if path is None:
        pytest.skip("there is no Chromium to look at the page with")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield started
        started.close()


class Visit:
    """A page as it is shown, with all that it asked for and said."""

    def __init__(self, browser: Any, text: str, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.requests: list[str] = []
        self.events: list[str] = []
        self.context.add_init_script("window.__ran = []; window.ran = x => window.__ran.push(x)")
        self.tab = self.context.new_page()
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.on("dialog", self._dismissed)
        self.tab.on("pageerror", lambda error: self.events.append(f"error {error}"))
        self.tab.on("popup", lambda _: self.events.append("popup"))
        self.context.route("**/*", self._served)
        self.text = text
        self.tab.goto("http://note.test/")

    def _dismissed(self, dialog: Any) -> None:
        self.events.append("dialog")
        dialog.dismiss()

    def _served(self, route: Any) -> None:
        if route.request.url == "http://note.test/":
            route.fulfill(body=self.text, content_type="text/html; charset=utf-8")
        else:
            route.abort()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


def visit(browser: Any, text: str | None = None, **options: Any) -> Any:
    return Visit(browser, page.page(sample()) if text is None else text, **options)


# --- what it shows -------------------------------------------------------------------------------

SIGNS = {
    "proved": "✓", "refuted": "✗", "ill-formed": "✗", "unknown": "?", "definition": "·",
    "other": "·",
}  # fmt: skip


def test_every_verdict_is_seen(browser: Any) -> None:
    with visit(browser) as seen:
        for mark, sign in SIGNS.items():
            cards = seen.tab.locator(f".card.{mark} > * .sign, .card.{mark} > .sign")
            assert cards.count() > 0, mark
            for card in cards.all():
                assert card.is_visible()
                assert card.inner_text() == sign
        judged = sum(x.verdict is not None for n in sample().notes for x in n.equations)
        assert seen.tab.locator("details.card").count() == judged
        assert seen.tab.locator("math").count() > 10
        assert not seen.events
        assert seen.requests == ["http://note.test/"]


def test_the_browser_draws_the_formulas(browser: Any) -> None:
    with visit(browser) as seen:
        boxes = seen.tab.evaluate(
            "[...document.querySelectorAll('summary math')].map(x => x.getBoundingClientRect())"
            ".map(x => [x.width, x.height])"
        )
        assert boxes
        assert all(width > 20 and height > 10 for width, height in boxes)
        tree = seen.tab.evaluate("document.querySelector('.display math msup').namespaceURI")
        assert tree == "http://www.w3.org/1998/Math/MathML"


def test_it_unfolds_by_keyboard(browser: Any) -> None:
    with visit(browser) as seen:
        for card in seen.tab.locator("details.card").all():
            card.evaluate("x => x.open = false")
            inside = card.locator(".inside")
            assert not inside.is_visible()
            card.locator("summary").focus()
            seen.tab.keyboard.press("Enter")
            assert inside.is_visible()
            assert "line " in inside.inner_text()
            seen.tab.keyboard.press("Space")
            assert not inside.is_visible()


def test_tab_reaches_every_equation(browser: Any) -> None:
    with visit(browser) as seen:
        reached = set()
        for _ in range(60):
            seen.tab.keyboard.press("Tab")
            reached.add(seen.tab.evaluate("document.activeElement.closest('details')?.id ?? ''"))
        identifiers = seen.tab.evaluate("[...document.querySelectorAll('details')].map(x => x.id)")
        assert set(identifiers) <= reached


def test_errors_are_open_and_say_all(browser: Any) -> None:
    with visit(browser) as seen:
        card = seen.tab.locator("details.refuted[open]").first
        said = card.locator(".inside").inner_text()
        for words in (
            "Refuted: a derivative is missing",
            "In a network 3-2-4",
            "left side",
            "right side",
            "This would hold:",
            "line 10",
            r"\delta^L = \nabla_a C",
        ):
            assert words in said
        assert card.locator(".holds math").count() == 1
        assert seen.tab.locator("details.proved[open]").count() == 0


def test_findings_link_to_their_equations(browser: Any) -> None:
    with visit(browser) as seen:
        links = seen.tab.locator(".findings a").all()
        assert len(links) == len(sample().findings)
        for link in links:
            target = link.get_attribute("href")
            assert seen.tab.locator(target).count() == 1
        links[0].focus()
        seen.tab.keyboard.press("Enter")
        assert seen.tab.url.endswith(links[0].get_attribute("href"))


def test_words_are_marked(browser: Any) -> None:
    with visit(browser) as seen:
        assert seen.tab.locator("mark.warning").inner_text() == "The output"
        assert "z is the weighted input" in seen.tab.locator(".remark").inner_text()


def test_the_text_is_in_order(browser: Any) -> None:
    with visit(browser) as seen:
        text = re.sub(r"\s+", " ", seen.tab.locator("article section").first.inner_text())
        words = ["Backpropagation of errors", "We define", "products as", "Then", "For the biases",
                 "For the weights", "The output"]  # fmt: skip
        places = [text.index(each) for each in words]
        assert places == sorted(places)
        assert not re.search(r"\\section|\\item|\\begin\{doc|\$", text)
        headings = seen.tab.get_by_role("heading").all_inner_texts()
        assert "Backpropagation of errors" in headings


def test_several_documents_have_a_table_of_contents(browser: Any) -> None:
    with visit(browser) as seen:
        names = seen.tab.locator("nav th a").all_inner_texts()
        assert names == ["notes/chapter.tex", "nb.ipynb"]
        assert seen.tab.title() == "2 documents – symnet lint"
        assert seen.tab.locator("html").get_attribute("lang") == "en"
        assert seen.tab.locator(".cell").all_inner_texts() == ["cell 1", "cell 2"]
    with visit(browser, page.page(report(linted("a.md", "$a^1 = x$")))) as seen:
        assert seen.tab.locator("nav").count() == 0
        assert seen.tab.title() == "a.md – symnet lint"


# The contrast of each text with what is behind it, as WCAG defines it.
CONTRASTS = """
() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = text => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255];
  };
  const over = (top, under) => [0, 1, 2].map(i => top[i] * top[3] + under[i] * (1 - top[3]));
  const light = c => {
    const linear = x => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4;
    const [r, g, b] = c.map(x => linear(x / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const behind = e => {
    const own = rgba(getComputedStyle(e).backgroundColor);
    if (own[3] === 1) return own.slice(0, 3);
    return over(own, e.parentElement ? behind(e.parentElement) : [255, 255, 255]);
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement, text = walker.currentNode.data.trim();
    if (!text || !e.getClientRects().length || e.closest('.unseen, meter')) continue;
    const ground = behind(e), ink = over(rgba(getComputedStyle(e).color), ground);
    const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x);
    found.push([(a + .05) / (b + .05), text.slice(0, 30), e.className]);
  }
  return found;
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("media", ["screen", "print"])
def test_contrast(browser: Any, scheme: str, media: str) -> None:
    with visit(browser, color_scheme=scheme) as seen:
        seen.tab.emulate_media(media=media, color_scheme=scheme)
        seen.tab.evaluate("document.querySelectorAll('details').forEach(x => x.open = true)")
        found = seen.tab.evaluate(CONTRASTS)
        assert len(found) > 100
        assert [x for x in found if x[0] < 4.5] == []
        ground = seen.tab.evaluate("getComputedStyle(document.body).backgroundColor")
        dark = scheme == "dark" and media == "screen"
        assert (sum(map(int, re.findall(r"\d+", ground)[:3])) < 150) == dark


def test_all_is_unfolded_on_paper(browser: Any) -> None:
    with visit(browser) as seen:
        seen.tab.evaluate("document.querySelectorAll('details').forEach(x => x.open = false)")
        insides = seen.tab.locator(".inside")
        assert not any(x.is_visible() for x in insides.all())
        seen.tab.emulate_media(media="print")
        assert all(x.is_visible() for x in insides.all())
        heights = seen.tab.evaluate(
            "[...document.querySelectorAll('.inside')].map(x => x.getBoundingClientRect().height)"
        )
        assert min(heights) > 10


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_the_page_never_scrolls_sideways(browser: Any, width: int) -> None:
    with visit(browser, viewport={"width": width, "height": 700}) as seen:
        seen.tab.evaluate("document.querySelectorAll('details').forEach(x => x.open = true)")
        assert seen.tab.evaluate("document.documentElement.scrollWidth") <= width
        assert seen.tab.evaluate("document.body.scrollWidth") <= width
        wide = seen.tab.evaluate(
            "[...document.querySelectorAll('.display .formula')].filter("
            "x => x.scrollWidth > x.clientWidth + 1).length"
        )
        assert wide >= 1  # the long display scrolls in its own box


def test_it_is_one_page_of_html_without_scripts() -> None:
    text = page.page(sample())
    assert text.startswith("<!DOCTYPE html>")
    assert not re.search(r"<script|<link|<img|<iframe|@import|url\(|\son\w+=", text)
    assert re.findall(r"https?://\S+", text.replace("http://www.w3.org/1998/Math/MathML", "")) == []

    class Balanced(HTMLParser):
        open: list[str]

        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in {"meta", "br"}:
                self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    parser = Balanced()
    parser.open = []
    parser.feed(text)
    assert parser.open == []
    identifiers = re.findall(r'\sid="([^"]*)"', text)
    assert len(identifiers) == len(set(identifiers))


def test_a_page_of_nothing(browser: Any) -> None:
    with visit(browser, page.page(Report(()))) as seen:
        assert seen.tab.locator("h1").inner_text() == "No documents"


# --- what a note could try -----------------------------------------------------------------------

SCRIPTS = (
    "<script>ran(1)</script>", "<ScRiPt>ran(1)</sCrIpT>", "</style><script>ran(1)</script>",
    "</title><script>ran(1)</script>", "<img src=x onerror=ran(1)>", "<svg onload=ran(1)>",
    "<svg><script>ran(1)</script></svg>", "<body onload=ran(1)>", "<iframe src=javascript:ran(1)>",
    "<iframe srcdoc='<script>parent.ran(1)</script>'>", "<a href=javascript:ran(1)>x</a>",
    "<details open ontoggle=ran(1)>", "<input autofocus onfocus=ran(1)>",
    "<math><mtext><script>ran(1)</script></mtext></math>", "<video><source onerror=ran(1)></video>",
    "<math href='javascript:ran(1)'>x</math>", "<style>@import 'javascript:ran(1)';</style>",
    "<link rel=stylesheet href=http://evil.test/a.css>", "<base href=http://evil.test/>",
    "<meta http-equiv=refresh content='0;url=javascript:ran(1)'>",
    "<object data=javascript:ran(1)>", "<embed src=javascript:ran(1)>",
    "<form action=javascript:ran(1)><button>x</button></form>",
    "<marquee onstart=ran(1)>", "<img src=http://evil.test/x.png>",
)  # fmt: skip
DISGUISED = (
    '"><script>ran(1)</script>', "'><script>ran(1)</script>", '" onmouseover="ran(1)" x="',
    "' onfocus='ran(1)' autofocus='", "&lt;script&gt;ran(1)&lt;/script&gt;",
    "&#60;script&#62;ran(1)&#60;/script&#62;", "&#x3c;img src=x onerror=ran(1)&#x3e;",
    "\\u003cscript\\u003eran(1)\\u003c/script\\u003e", "%3Cscript%3Eran(1)%3C/script%3E",
    "＜script＞ran(1)＜/script＞", "<\u200bscript>ran(1)</script>", "<scr\x00ipt>ran(1)</script>",
    "\u202e<script>ran(1)</script>", "+ADw-script+AD4-ran(1)+ADw-/script+AD4-",
    "{{ ''.__class__ }}{% for x in [1] %}<script>ran(1)</script>{% endfor %}",
    "{{ self.__init__.__globals__ }}", "${ran(1)}", "]]><script>ran(1)</script>",
    "--><script>ran(1)</script><!--", "<!--><img src=x onerror=ran(1)>-->",
    "<noscript><p title='</noscript><img src=x onerror=ran(1)>'>", "<\ud800script>ran(1)</script>",
    "javascript:ran(1)", "<a href='&#106;avascript:ran(1)'>x</a>", "<x/onclick=ran(1)>click</x>",
)  # fmt: skip
IN_FORMULAS = (
    r"\href{javascript:ran(1)}{x} = y", r"\href{JaVaScRiPt:ran(1)}{x} = y",
    r"\href{data:text/html,<script>ran(1)</script>}{x} = y", r"\url{javascript:ran(1)} = x",
    r"\html{<script>ran(1)</script>} = x", r"\htmlClass{a}{x} = y", r"\htmlId{a}{x} = y",
    r"\htmlStyle{background:url(http://evil.test)}{x} = y", r"\htmlData{onclick=ran(1)}{x} = y",
    r"\class{a' onclick='ran(1)}{x} = y", r"\cssId{a\"onclick=ran(1)}{x} = y",
    r"\style{background:url(http://evil.test/a)}{x} = y", r"\style{x:expression(ran(1))}{x} = y",
    r"\text{<script>ran(1)</script>} = x", r"\text{<img src=x onerror=ran(1)>} = x",
    r"\mathrm{<script>ran(1)</script>} = x", r"\mbox{</math><script>ran(1)</script>} = x",
    r"\text{&lt;script&gt;ran(1)&lt;/script&gt;} = x",
    r"\text{&#60;img src=x onerror=ran(1)&#62;} = x",
    r"\unicode{60}script\unicode{62} = x", r"\unicode{x3c}img\unicode{x3e} = x",
    r"\color{red;background:url(http://evil.test)}{x} = y", r"\color{x\" onclick=\"ran(1)}{x} = y",
    r"\textcolor{\"><script>ran(1)</script>}{x} = y", r"\colorbox{x' onload='ran(1)}{x} = y",
    r"\includegraphics{http://evil.test/x.png} = x",
    r"\mathtip{x}{<script>ran(1)</script>} = y", r"\toggle{x}{<svg onload=ran(1)>}\endtoggle = y",
    r"\require{html}\href{javascript:ran(1)}{x} = y",
    r"\tag{<script>ran(1)</script>} x = y", r"\label{\"><script>ran(1)</script>} x = y",
    r"\operatorname{<script>ran(1)</script>} = x", r"\hspace{1em\" onclick=\"ran(1)} x = y",
    r"\begin{array}{c\" onclick=\"ran(1)}x\end{array} = y", r"\verb|<script>ran(1)</script>| = x",
    r"\def\x{\href{javascript:ran(1)}{y}} \x = y",
    r"\newcommand{\x}{<script>ran(1)</script>}\x = y",
    r"\js = x", r"\evil{x} = y", r"x < \script > ran(1) = y", r"\mathbf{&#x3c;script&#x3e;} = y",
    r"</math><img src=x onerror=ran(1)> = y",
)  # fmt: skip
MACROS = (
    r"\newcommand{\js}{\href{javascript:ran(1)}{x}}"
    r"\newcommand{\evil}[1]{\text{<script>ran(1)</script>#1}}"
)
FILE_NAMES = (
    "<script>ran(1)</script>.md", '"><img src=x onerror=ran(1)>.md', "</title><script>ran(1).md",
    "javascript:ran(1)", "{{ 7*7 }}.md", "a\n<svg onload=ran(1)>.md", "\u202e<b>.md",
    "' onload='ran(1).md", "</h1></header><script>ran(1)</script>", "&lt;script&gt;.md",
)  # fmt: skip
PAYLOADS = (*SCRIPTS, *DISGUISED, *IN_FORMULAS, *FILE_NAMES)


def attacked() -> str:
    """A page in which every payload stands in words, formulas, names, messages and verdicts."""
    notes = []
    for number, payload in enumerate(PAYLOADS):
        clean = payload.replace("$", "S")
        name = payload if payload in FILE_NAMES else f"{number}.md"
        text = f"# {clean}\n\nWords {clean} and ${clean}$ or\n\n$$a = {clean}$$\n- {clean}\n\n"
        source = Source(name, text, text)
        found = Verdict(REFUTED, payload, "other", None, payload, None, (payload,), (payload,))
        inline, display = text.index("$") + 1, text.index("$$") + 2
        formulas = (
            Formula(source, inline, inline + len(clean)),
            Formula(source, display, display + 4 + len(clean), display=True),
        )
        end = formulas[1].end + 2
        pieces = (
            Prose(source, 0, inline), formulas[0], Prose(source, formulas[0].end, display),
            formulas[1], Prose(source, end - 2, len(text)),
        )  # fmt: skip
        equations = (
            Equation(formulas[0], formulas[0].start, formulas[0].end, CLAIM, found),
            Equation(formulas[1], display, formulas[1].end, DEFINITION),
        )
        findings = [
            Finding("refuted", ERROR, payload, source, place, place + 3, REFUTED, payload, "other")
            for place in (3, inline, display)
        ]
        document = Document(name, pieces, MACROS)
        notes.append(Linted(document, payload, equations, tuple(findings)))
    return page.page(Report(tuple(notes)))


def test_there_are_a_hundred_payloads() -> None:
    assert len(set(PAYLOADS)) >= 100


@pytest.mark.parametrize("policy", [True, False], ids=["with its policy", "without its policy"])
def test_notes_run_nothing(browser: Any, policy: bool) -> None:
    text = attacked()
    if not policy:  # what is escaped needs no policy
        text, count = re.subn(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
        assert count == 1
    with visit(browser, text) as seen:
        seen.tab.evaluate("document.querySelectorAll('details').forEach(x => x.open = true)")
        seen.tab.evaluate(
            "for (const e of document.querySelectorAll('body *'))"
            " for (const kind of ['click', 'mouseover', 'focus', 'toggle', 'load', 'error'])"
            "  if (e.tagName !== 'A' || kind !== 'click') e.dispatchEvent(new Event(kind))"
        )
        for link in seen.tab.locator("a").all()[:20]:
            link.evaluate("x => x.click()")
        seen.tab.wait_for_timeout(300)
        assert seen.tab.evaluate("window.__ran") == []
        assert seen.events == []
        assert seen.requests == ["http://note.test/"]
        tags = set(seen.tab.evaluate("[...document.querySelectorAll('*')].map(x => x.localName)"))
        own = """
            html head meta title style body header p h1 h2 h3 ul li b div label meter dl dt dd span
            main nav table tbody tr th td a article ol section details summary code mark
        """
        assert tags <= {*own.split(), *ELEMENTS}
        attributes = set(
            seen.tab.evaluate(
                "[...document.querySelectorAll('body *')].flatMap(x => [...x.attributes])"
                ".map(x => x.name)"
            )
        )
        own = """
            id class title aria-hidden aria-label aria-level role open href for min max value scope
            xmlns mathvariant
        """
        assert attributes <= {*own.split(), *ATTRIBUTES}
        targets = seen.tab.evaluate(
            "[...document.querySelectorAll('[href]')].map(x => x.getAttribute('href'))"
        )
        assert all(re.fullmatch(r"#(?:top|d\d+(?:-[efm]\d+)?)", x) for x in targets)


# --- formulas ------------------------------------------------------------------------------------


def elements(root: Element) -> Iterator[Element]:
    yield root
    for child in root.children:
        yield from elements(child)


def shown(latex: str, macros: str = "") -> str:
    found = mathml(latex, display=False, macros=macros)
    return "" if found is None else "".join(x.text for x in elements(found))


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\delta^l = \sigma'(z^l)", "δl=σ′(zl)"),
        (r"\bm{W}^\top \boldsymbol{\delta}", "𝑾⊤𝜹"),
        (r"a &= b \\ &= c", "a=b=c"),
        (r"\begin{align} a &= b \nonumber \\ c &= d \label{x} \end{align}", "a=bc=d"),
        (r"\begin{eqnarray} a &=& b \end{eqnarray}", "a=b"),
        (r"\begin{equation} a = b \tag{3} \end{equation}", "a=b"),
        (r"\operatorname*{arg\,max} x", "argmaxx"),
        ("δ = ∂C/∂z", "δ=∂C/∂z"),
        (r"\text{a & b}", "a\xa0&\xa0b"),
    ],
)
def test_formulas(latex: str, text: str) -> None:
    assert shown(latex) == text


@pytest.mark.parametrize(
    "latex",
    [
        "", " ", r"\foo{x}", r"\frac{a", r"a_", r"\cancel{x}", r"\href{a}{x}", r"\color{red} x",
        r"\def\x{\x\x}\x", r"\text{\foo}", "x" * 6000, "{" * 400 + "x" + "}" * 400,
        r"\frac{" * 200 + "x" + "}{y}" * 200,
    ],
)  # fmt: skip
def test_what_is_not_understood_is_shown_as_latex(latex: str) -> None:
    assert mathml(latex, display=True) is None


def test_brackets_grow_with_matrices() -> None:
    found = mathml(
        r"\begin{bmatrix} a \\ b \end{bmatrix} \begin{pmatrix} a \end{pmatrix}", display=True
    )
    assert found is not None
    frames = [dict(x.attributes).get("class") for x in elements(found) if x.tag == "mtable"]
    assert frames == ["square", "round"]


SIGNS_OF_FORMULAS = r"""
    \frac \sqrt \text \href \style \left \right \begin{align} \end{align} \begin{bmatrix} & \\
    \end{bmatrix} { } ^ _ ' a < > & # % ~ $ \hspace \unicode \operatorname \sum \limits \over \binom
    \genfrac \overset \mathbf \bm \not \substack \color \big ( ) [ ] | 1 2em \x
"""
COMMANDS = st.sampled_from(SIGNS_OF_FORMULAS.split())


@given(st.lists(COMMANDS, max_size=25).map(" ".join), st.booleans())
def test_no_formula_upsets_the_page(latex: str, display: bool) -> None:
    found = mathml(latex, display=display)
    for element in elements(found) if found is not None else ():
        assert element.tag in ELEMENTS
        number = ELEMENTS[element.tag]
        assert number is None or len(element.children) == number
        assert not (element.text.strip() and element.children)
        for name, value in element.attributes:
            assert name in {"class", "mathvariant", "xmlns", *ATTRIBUTES}
            assert re.fullmatch(r"[\w .-]*", value)


# --- macros --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("macros", "latex", "text"),
    [
        (r"\newcommand{\W}{\mathbf{W}}", r"\W^l", "𝐖l"),
        (r"\newcommand\pd[2]{\frac{\partial #1}{\partial #2}}", r"\pd{C}w", "∂C∂w"),
        (r"\def\d#1{\delta^{#1}}", r"\d L", "δL"),
        (r"\DeclareMathOperator{\diag}{diag}", r"\diag x", "diagx"),
    ],
)
def test_macros_are_shown_as_what_they_become(macros: str, latex: str, text: str) -> None:
    assert shown(latex, macros) == text


@pytest.mark.parametrize(
    "macros",
    [
        r"\def\a{\a}", r"\def\a{\a\a}", r"\def\a{\b\b}\def\b{\a\a}", r"\def\a#1{\a{#1#1}}",
        "".join(rf"\def\{x}{{{rf'{chr(92)}{y}' * 10}}}" for x, y in pairwise("abcdefghi")),
    ],
)  # fmt: skip
def test_macros_without_end_are_shown_as_latex(macros: str) -> None:
    assert mathml(r"\a", display=True, macros=macros) is None


# --- the text around them ------------------------------------------------------------------------


def blocks(text: str, path: str = "n.md") -> list[tuple[str, str]]:
    note = linted(path, text, dict.fromkeys(re.findall(r"\$+([^$]+)\$+", text), OTHER))
    return [
        (x.kind, "".join(p.text or (p.formula.text if p.formula else "") for p in x.parts))
        for x in flow.blocks(note.document, ())
    ]


def test_blocks() -> None:
    assert blocks("# T $x$ #\n\na **b**\nc $y$ d\n\n- one\n  more\n- two\n\n$$z$$\nend\n") == [
        ("heading", "T x"), ("paragraph", "a b c y d"), ("item", "one more"), ("item", "two"),
        ("display", "z"), ("paragraph", "end"),
    ]  # fmt: skip


def test_lines_of_plain_notes_stay_lines() -> None:
    assert blocks("a\nb $x$\nc\n", "n.txt") == [
        ("paragraph", "a"), ("paragraph", "b x"), ("paragraph", "c"),
    ]  # fmt: skip


@pytest.mark.parametrize(("before", "behind"), flow.DELIMITERS)
def test_delimiters_are_not_shown(before: str, behind: str) -> None:
    text = f"so {before}x{behind}, and"
    source = Source("n.md", text, text)
    start = 3 + len(before)
    document = Document(
        "n.md",
        (
            Prose(source, 0, start),
            Formula(source, start, start + 1),
            Prose(source, start + 1, len(text)),
        ),
    )
    (block,) = flow.blocks(document, ())
    assert [part.text for part in block.parts] == ["so ", "", ", and"]


def test_included_files_are_named() -> None:
    one, two = Source("a.tex", "one", "one"), Source("b.tex", "two", "two")
    document = Document("a.tex", (Prose(one, 0, 3), Prose(two, 0, 3), Prose(one, 0, 3)))
    kinds = [(x.kind, x.parts[0].text) for x in flow.blocks(document, ())]
    assert kinds[:4] == [
        ("file", "a.tex"),
        ("paragraph", "one"),
        ("file", "b.tex"),
        ("paragraph", "two"),
    ]


def test_a_display_of_several_equations() -> None:
    text = "$$a^1 = x \\\\ E = mc^2$$"
    source = Source("n.md", text, text)
    formula = Formula(source, 2, len(text) - 2, display=True)
    first = Equation(formula, 2, 9, CLAIM, linted("a.md", "$a^1 = x$").equations[0].verdict)
    second = Equation(formula, 13, len(text) - 2, OTHER)
    finding = Finding("ambiguous-product", NOTE, "so", source, 14, 15)
    note = Linted(Document("n.md", (Prose(source, 0, 2), formula)), "", (first, second), (finding,))
    (block,) = page.shown(report(note)).notes[0].blocks
    one, two = block.parts[0].cards
    assert (one.formula.latex, two.formula.latex) == ("a^1 = x", "E = mc^2")
    assert one.mark is not None
    assert one.mark.name == "proved"
    assert [x.rule for x in two.remarks] == ["ambiguous-product"]


def test_html_is_shown_without_its_tags() -> None:
    source = html_source("n.html", "<h1>T</h1>\n<p>if $a &lt; b$</p>")
    text = page.page(report(linted("n.html", source, {"a < b": OTHER})))
    assert "<mo>&lt;</mo>" in text
    assert "&lt;p&gt;" not in text


@given(st.text(max_size=200), st.integers(0, 200), st.integers(0, 200))
def test_no_text_upsets_the_page(text: str, start: int, length: int) -> None:
    source = Source(text, text, text)
    start = min(start, len(text))
    end = min(start + length, len(text))
    finding = Finding("meaning", ERROR, text, source, start, end)
    pieces = (Prose(source, 0, start), Formula(source, start, end), Prose(source, end, len(text)))
    found = page.page(Report((Linted(Document(text, pieces), text, (), (finding,)),)))
    found.encode()
