r"""A note as sentences of tokens: words, indices, symbols, and formulas that are more than those.

A symbol is the same token whether it stands in a formula or bare in a plain note, and `k^{th}`,
`$k$-th`, kth and k'th are all one ordinal. Formulas are read by the reader of formulas; the words
inside of them (\text{…}) are words like any other.

>>> from symnet.notes.document import Document, Prose
>>> from symnet.notes.source import Source
>>> source = Source("n.txt", "x", r"w_{jk}^l: from the k^{th} neuron in layer l-1")
>>> document = Document("n.txt", (Prose(source, 0, 45),))
>>> [token.text for token in sentences(document)[0]]
['w', ':', 'from', 'the', 'k', 'neuron', 'in', 'layer', 'l-1']
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from symnet.errors import SymnetError
from symnet.notes.document import Document, Formula, Piece
from symnet.notes.source import Source
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read

WORD, INDEX, SYMBOL, MARK, FORMULA, BREAK = "word", "index", "symbol", "mark", "formula", "break"


@dataclass(frozen=True, slots=True)
class Token:
    """A word in small letters; an index such as k, 3 or l-1; a letter with scripts; a mark.

    A symbol has its letter in `text` and its scripts in `subs` and `sup`. `node` is the tree of
    what stood in a formula; its places count from `base`.
    """

    kind: str
    text: str
    source: Source = field(repr=False)
    start: int
    end: int
    ordinal: bool = False
    subs: tuple[str, ...] = ()
    sup: str = ""
    node: s.Node | None = field(default=None, repr=False)
    base: int = 0
    opens_line: bool = False


Sentence = tuple[Token, ...]

_GREEK = (
    r"\\(?:alpha|beta|gamma|delta|epsilon|varepsilon|eta|theta|vartheta|lambda|mu|nu|rho|sigma|tau"
    r"|phi|varphi|psi|omega|Theta|Phi|Omega|Delta|ell)(?![A-Za-z])"
)
_BRACES = r"\{[^{}\n]{0,60}(?:\{[^{}\n]{0,40}\}[^{}\n]{0,40}){0,3}\}"
_SCRIPT = rf"[_^](?:{_BRACES}|\\[A-Za-z]{{1,12}}(?:{_BRACES})?|\([^()\s]{{1,12}}\)|[A-Za-z0-9]+)"
# What prose consists of. Each alternative has a bound, so that no text takes long.
_SCAN = re.compile(
    rf"(?P<gap>\s*\n\s*\n\s*|\\(?:item|(?:sub){{0,2}}section|(?:sub)?paragraph|chapter|par"
    rf"|begin\{{[^{{}}\n]{{0,40}}\}}|end\{{[^{{}}\n]{{0,40}}\}})(?![A-Za-z])\*?|\\\\)"
    r"|(?P<line>\n)"
    r"|[^\S\n]+"  # at once: code that was blanked is not to be scanned from each of its blanks
    rf"|(?P<scripted>(?:{_GREEK}|\([^()\s]{{1,12}}\)|(?<![A-Za-z\\])[^\W\d_](?![^\W\d_])"
    rf"|(?<![A-Za-z\\])\d{{1,4}})'{{0,2}}(?:{_SCRIPT}){{1,2}}(?:'s)?)"
    r"|(?P<plainsum>(?:\(\s?)?(?<![A-Za-z\\])(?:[A-Za-z]|\\ell)\s?[-−–+]\s?\d{1,3}(?![\w.])(?:\s?\))?"
    r"(?:[-'’]?(?:th|st|nd|rd|te[nrs]?)(?![A-Za-z]))?)"
    r"|(?P<letterth>(?<![A-Za-z\\])[A-Za-z](?:[-'’]?th|[-'’](?:st|nd|rd)|-te[nrs]?)(?![A-Za-z]))"
    rf"|(?P<greek>{_GREEK})"
    r"|(?P<arrow>\\(?:long)?(?:right|left)arrow(?![A-Za-z])|\\(?:to|Rightarrow|mapsto|gets)(?![A-Za-z])"
    r"|[→⇒⟶↦←]|[-=]{1,2}>)"
    r"|\\[A-Za-z]+\*?|\\."
    r"|(?P<number>\d+(?:\.\d+)?(?:[-'’]?(?:st|nd|rd|th)(?![A-Za-z]))?)"
    r"|(?P<word>[^\W\d_]+(?:['’](?:s|t|re|ve|ll)(?![^\W\d_]))?)"
    r"|(?P<mark>[.,:;?!()|&=<>/—–-])"
)
_SUFFIX = re.compile(r"[-'’]?(?:th|st|nd|rd|te[nrs]?)$")
_NUMERALS = "first second third fourth fifth sixth seventh eighth ninth tenth"
_ORDINALS = {word: str(number) for number, word in enumerate(_NUMERALS.split(), 1)}
_GREEK_LETTERS = {
    "α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "δ": r"\delta", "ε": r"\epsilon", "η": r"\eta",
    "θ": r"\theta", "Θ": r"\Theta", "λ": r"\lambda", "μ": r"\mu", "ν": r"\nu", "ρ": r"\rho",
    "σ": r"\sigma", "τ": r"\tau", "φ": r"\phi", "ω": r"\omega", "ℓ": "l",
}  # fmt: skip
_ENDINGS = frozenset({"th", "st", "nd", "rd", "te", "ten", "ter", "tes"})
_SHORT = frozenset({"e.g", "g", "i.e", "e", "fig", "eq", "vs", "cf", "no", "resp", "ex", "viz"})
_ENDS = frozenset({".", ";", "?", "!"})
_LEADS = frozenset({"→", ":", "—", "–", "-", "="})


def sentences(document: Document) -> tuple[Sentence, ...]:
    """The note, sentence by sentence; an entry of a list and a row of a table are sentences too."""
    found: list[Sentence] = []
    now: list[Token] = []
    tokens = _joined(token for piece in document.pieces for token in _tokens(piece))
    for i, token in enumerate(tokens):
        following = tokens[i + 1] if i + 1 < len(tokens) else None
        if _begins(token, following) and now:
            found.append(tuple(now))
            now = []
        if token.kind == BREAK:
            continue
        now.append(token)
        if token.kind == MARK and token.text in _ENDS and _ends(token, now):
            found.append(tuple(now))
            now = []
    return (*found, tuple(now)) if now else tuple(found)


def _begins(token: Token, following: Token | None) -> bool:
    """Whether a token stands at the beginning of something new."""
    if token.kind == BREAK:
        return True
    if not token.opens_line or following is None:
        return False
    if token.kind == MARK:  # - an entry, → an entry, | a row
        return token.text in ("-", "–", "→", "|")
    if token.kind == SYMBOL or (token.kind == INDEX and not token.ordinal):
        return following.kind == MARK and following.text in (*_LEADS, ".")
    return token.kind == WORD and following.kind == MARK and following.text == ":"


def _ends(token: Token, now: list[Token]) -> bool:
    """Whether a point ends a sentence: not after "e.g"."""
    if token.text != "." or len(now) < 2:
        return True
    before = now[-2]
    follows = token.source.visible[token.end : token.end + 1]
    return not (before.kind == WORD and before.text in _SHORT) and not follows.isalnum()


def _joined(tokens: Iterator[Token]) -> list[Token]:
    """`$k$` and a "th" after it are one ordinal."""
    found: list[Token] = []
    for token in tokens:
        if token.kind == WORD and token.text in _ENDINGS and found:
            hyphen = found[-1].kind == MARK and found[-1].text == "-" and len(found) > 1
            before = found[-2] if hyphen else found[-1]
            if before.kind == INDEX and token.start - before.end <= 4:
                del found[-2 if hyphen else -1 :]
                found.append(replace(before, ordinal=True, end=token.end))
                continue
        found.append(token)
    return found


def _tokens(piece: Piece) -> Iterator[Token]:
    if not isinstance(piece, Formula):
        yield from _words(piece.source, piece.start, piece.end)
        return
    tree = tree_of(piece.text)
    if tree is None:
        yield Token(FORMULA, "", piece.source, piece.start, piece.end)
        return
    tokens = list(_of_node(tree, piece.source, piece.start))
    before = piece.source.visible[max(0, piece.start - 40) : piece.start].rstrip(" \t$\\([")
    if tokens and before.endswith("\n"):
        tokens[0] = replace(tokens[0], opens_line=True)
    yield from tokens


@functools.lru_cache(4096)
def tree_of(text: str) -> s.Display | None:
    """The tree of a formula; None where it cannot be read."""
    try:
        return read(text)
    except SymnetError:
        return None


def _words(source: Source, start: int, end: int) -> Iterator[Token]:
    text = source.visible
    opens = start == 0 or text[start - 1] == "\n"
    for match in _SCAN.finditer(text, start, end):
        kind = match.lastgroup
        if kind is None:
            continue
        if kind == "gap":
            yield Token(BREAK, "", source, match.start(), match.end())
            opens = True
        elif kind == "line":
            opens = True
        else:
            yield replace(_token(kind, match[0], source, match.start()), opens_line=opens)
            opens = False


def _token(kind: str, said: str, source: Source, start: int) -> Token:
    end = start + len(said)
    if kind == "scripted":
        said = re.sub(r"(?<=[A-Za-z])(_)([a-z]{2,3})(?![a-z{])", r"\1{\2}", said.removesuffix("'s"))
        tree = tree_of(said)
        found = list(_of_node(tree, source, start)) if tree is not None else []
        if len(found) == 1:
            return replace(found[0], start=start, end=end)
        return Token(FORMULA, "", source, start, end)
    if kind in ("plainsum", "letterth", "number", "greek"):
        text = _SUFFIX.sub("", said) if kind != "greek" else said
        ordinal = kind != "greek" and text != said
        text = re.sub(r"[\s()]", "", text).replace("−", "-").replace("–", "-")
        return Token(INDEX, text.replace(r"\ell", "l"), source, start, end, ordinal)
    if kind == "arrow":
        back = said in ("←", r"\leftarrow", r"\longleftarrow", r"\gets")
        return Token(MARK, "←" if back else "→", source, start, end)
    if kind == "mark":
        return Token(MARK, "|" if said == "&" else said, source, start, end)
    word = said.lower().replace("’", "'")
    if word in _ORDINALS:
        return Token(INDEX, _ORDINALS[word], source, start, end, ordinal=True)
    if len(said) == 1 and said not in "aAI":
        return Token(INDEX, _GREEK_LETTERS.get(said, said), source, start, end)
    return Token(WORD, word, source, start, end)


def _of_node(node: s.Node, source: Source, base: int) -> Iterator[Token]:
    start, end = base + node.start, base + node.end

    def one(kind: str, text: str = "", ordinal: bool = False) -> Token:
        return Token(kind, text, source, start, end, ordinal, node=node, base=base)

    match node:
        case s.Display():
            for each, sign in zip(node.statements, node.separators, strict=True):
                yield from _of_node(each, source, base)
                if sign in (r"\\", ".", ";"):
                    yield Token(BREAK, "", source, base + each.end, base + each.end)
                elif sign in (",", ":", "&", r"\Rightarrow"):
                    mark = {"&": "|", r"\Rightarrow": "→"}.get(sign, sign)
                    yield Token(MARK, mark, source, base + each.end, base + each.end)
        case s.Chain():
            for relation, side in zip(("", *node.relations), node.sides, strict=True):
                if relation:
                    mark = {r"\to": "→", r"\mapsto": "→", r"\leftarrow": "←"}.get(
                        relation, relation
                    )
                    yield Token(MARK, mark, source, base + side.start, base + side.start)
                yield from _of_node(side, source, base)
        case s.Text():
            yield from _words(source, start, end)
        case s.Array():
            for row in node.rows:
                for cell in row:
                    yield from _of_node(cell, source, base)
                    yield Token(MARK, "|", source, base + cell.end, base + cell.end)
                yield Token(BREAK, "", source, end, end)
        case s.Empty() | s.Dots():
            yield one(FORMULA)
        case s.Scripted(primes=0) if (ordinal := _ordinal(node)) is not None:
            yield one(INDEX, ordinal, ordinal=True)
        case s.Scripted(base=s.Name() as name) if node.primes == 0:
            yield replace(
                one(SYMBOL, plain(name)), subs=_subscripts(node.sub), sup=index_of(node.sup) or ""
            )
        case _:
            index = index_of(node)
            yield one(INDEX, index) if index else one(FORMULA)


def _ordinal(node: s.Scripted) -> str | None:
    """k of k^{th} and of k^\\text{th}."""
    raised = s.spell(node.sup).strip('"').translate(_NO_BRACES) if node.sup is not None else ""
    return index_of(node.base) if node.sub is None and raised in _ENDINGS else None


_NO_BRACES = {ord("{"): None, ord("}"): None, ord(" "): None}


def plain(name: s.Name) -> str:
    r"""A letter without its decorations; \ell is l.

    >>> plain(s.Name(r"\ell", start=0, end=4))
    'l'
    """
    return "l" if name.text == r"\ell" else name.text


def index_of(node: s.Node | None) -> str | None:
    """An index or a layer as text: k, 3, l-1; None for what is neither."""
    match node:
        case s.Name():
            return plain(node)
        case s.Number():
            return node.text
        case s.Bracketed(open="(" | "["):
            return index_of(node.body)
        case s.Additive(terms=(s.Name() as letter, s.Number() as number), signs=("+", sign)):
            return f"{plain(letter)}{sign}{number.text}"
    return None


def _subscripts(node: s.Node | None) -> tuple[str, ...]:
    match node:
        case None:
            return ()
        case s.Listed(items=parts):
            return tuple(index_of(part) or "?" for part in parts)
        case s.Product(factors=parts, operators=signs) if not any(signs):
            return tuple(index_of(part) or "?" for part in parts)
    return (index_of(node) or "?",)
