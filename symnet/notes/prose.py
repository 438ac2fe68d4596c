r"""What the words of a note say that can be checked, each with its place.

Only patterns that cannot be mistaken are read: between a symbol and what is said of it stand words
of a closed list, and a sentence that speaks of other books, of errors or of questions is left
alone. Whether what is said is true is judged in `contradictions.py`.

>>> from symnet.notes.document import Document, Prose
>>> from symnet.notes.source import Source
>>> text = "w_{jk}^l is the weight from neuron k in layer l-1 to neuron j in layer l."
>>> said, = statements(Document("n.txt", (Prose(Source("n.txt", text, text), 0, len(text)),)))
>>> said.tail, said.head
(End(index='k', layer='l-1'), End(index='j', layer='l'))
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from symnet.notes.document import Document
from symnet.notes.named import (
    LAYER,
    NEURON,
    THE,
    WEIGHTS,
    End,
    index_at,
    is_mark,
    is_word,
    layer_at,
    layer_step,
    located,
    neuron_at,
    skip,
    words,
)
from symnet.notes.source import Source
from symnet.notes.words import (
    FORMULA,
    INDEX,
    MARK,
    SYMBOL,
    WORD,
    Sentence,
    Token,
    index_of,
    sentences,
)
from symnet.paper.formula import syntax as s


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Something said, from `start` up to and without `end` of the visible text."""

    source: Source = field(repr=False)
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Meaning(Statement):
    """A weight leads from a neuron or a layer to another. Both digits may stand in one: 31.

    `directed`: said with "from" and "to"; else the layers alone tell which is which.
    """

    letter: str
    subs: tuple[str, ...]
    sup: str
    tail: End
    head: End
    directed: bool = True


@dataclass(frozen=True, slots=True)
class Order(Statement):
    """Which of the two subscripts of a weight is that of the neuron that it leads to."""

    target_first: bool


@dataclass(frozen=True, slots=True)
class Explained(Statement):
    """A symbol is the bias, the output, … of a neuron or of a layer."""

    letter: str
    subs: tuple[str, ...]
    sup: str
    what: str  # a key of KINDS
    end_of: End


@dataclass(frozen=True, slots=True)
class Derivative(Statement):
    """∂C/∂z, or a letter for it, is a derivative with respect to `what` of a neuron."""

    letter: str  # of z, or the letter that stands for the derivative
    of_letter: bool  # whether it is that of z
    subs: tuple[str, ...]
    what: str
    end_of: End


@dataclass(frozen=True, slots=True)
class LayerRange(Statement):
    """What is said of the symbols `about` is said for all layers between."""

    letter: str
    first: str
    last: str
    about: frozenset[str]


@dataclass(frozen=True, slots=True)
class Width(Statement):
    """A layer has so many neurons; the layer is a number, "input" or "output"."""

    layer: str
    neurons: int


@dataclass(frozen=True, slots=True)
class Layers(Statement):
    """The network has so many layers."""

    number: int


@dataclass(frozen=True, slots=True)
class Numbered(Statement):
    """Layers are numbered from `first` to `last`."""

    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Rate(Statement):
    """A letter is named as the learning rate."""

    letter: str


@dataclass(frozen=True, slots=True)
class Applied(Statement):
    """An equation a = σ(z): `output` is a function of `inner`."""

    output: str
    inner: str


@dataclass(frozen=True, slots=True)
class Slope(Statement):
    """An equation δ = ∂C/∂z: `letter` stands for a derivative by `by`."""

    letter: str
    by: str


_FROM = words("from von vom")
_TO = words("to into towards toward onto zu zum nach")
_CONNECTS = words("""
    connects connecting connect connected links linking joins joining verbindet couples coupling
""")  # fmt: skip
# What may stand between a weight and where it leads.
_FILLING = words("""
    is are be denotes denote denoting represents represent representing stands standing means mean
    meaning refers describes describe gives as for to the a an that which where weight weights
    gewicht das ist der parameter parameters connection connections link edge arc arrow synapse
    synaptic strength coefficient value scalar number real associated attached assigned on of with
    by entry element leads leading goes going runs running points pointing used using it its this
    simply just called used applied signal signals carries carrying directed interconnection
    multiplying pathway belongs belong between individual particular matrix matrices vector
""")  # fmt: skip
_FILLING_MARKS = frozenset(":→–—-=,()|")
_NAMING = words("""
    is are be denoted by as written we write call called will the symbol let with labelled labeled
    symbolised denote bezeichnet
    has have carries with through via a weight weights strength
""")  # fmt: skip
# A sentence with one of these does not say how things are in this note.
_HEDGES = words("""
    some other others another many most unlike instead not never nor cannot often sometimes
    occasionally if would could might may should elsewhere literature textbook textbooks author
    authors book books paper papers wrong wrongly incorrect incorrectly mistake mistaken error-prone
    alternative alternatively alternatively confusing confuse rather contrary opposite reverse
    reversed swapped uses writes isn't aren't doesn't don't won't wouldn't whereas while tempting
    think expect guess false old earlier formerly previously versus
    backward backwards back recurrent lateral recurrence attention suppose why claim claims
    frequently usually typically else different differently except without contrast
""")  # fmt: skip
_NEAR = 60  # tokens: how far a pattern reaches

# The kinds of things that a symbol may be said to be, each in the words that say it.
KINDS: dict[str, tuple[str, ...]] = {
    "bias": ("bias", "bias term", "threshold"),
    "output": ("output", "output value", "output signal"),
    "activation": ("activation", "activation value", "activation level", "activity"),
    "weighted input": (
        "weighted input", "net input", "total input", "total weighted input", "pre - activation",
        "preactivation", "weighted sum of inputs", "weighted sum of the inputs",
    ),
    "input": ("input", "input value", "input signal"),  # of one layer, an output of another
    "error": ("error", "error signal", "error term", "delta", "local gradient", "sensitivity"),
}  # fmt: skip
_KINDS = {words: kind for kind, each in KINDS.items() for words in each}


def statements(document: Document) -> tuple[Statement, ...]:
    """What a note says, in the order of reading."""
    found: list[Statement] = []
    said = sentences(document)
    for i, sentence in enumerate(said):
        found += _of_equations(sentence)
        found += _of_rates(sentence)
        if not _hedged(sentence, said[i + 1] if i + 1 < len(said) else ()):
            found += _of_weights(sentence)
            found += _of_symbols(sentence)
            found += _of_ranges(sentence)
            found += _of_widths(sentence)
    return tuple(found)


def _hedged(sentence: Sentence, following: Sentence) -> bool:
    """Whether a sentence asks, denies, speaks of others, or is called wrong by the next."""
    if any(token.kind == WORD and token.text in _HEDGES for token in sentence):
        return True
    if any(token.kind == MARK and token.text == "?" for token in sentence):
        return True
    first = [token.text for token in following[:5]]
    return first[:1] in (["this"], ["that"], ["it"]) and not _HEDGES.isdisjoint(first)


# ---- the meaning of a weight ---------------------------------------------------------------------


def _of_weights(tokens: Sentence) -> Iterator[Statement]:
    """What is said of weights, once: "connection weight" begins the same statement twice."""
    found: dict[int, Statement] = {}
    for each in _begun_by_weights(tokens):
        found.setdefault(each.end, each)
    yield from found.values()


def _begun_by_weights(tokens: Sentence) -> Iterator[Statement]:
    for i, token in enumerate(tokens):
        if token.text in WEIGHTS and token.kind in (SYMBOL, INDEX):
            yield from _meaning(tokens, i, i + 1, i)
        elif token.kind == WORD and token.text in _CARRIERS:
            yield from _meaning_first(tokens, i)
        elif token.kind == WORD and token.text == "connected":
            yield from _meaning_of_connected(tokens, i)
        elif token.kind == INDEX and token.ordinal and token.text in ("1", "2"):
            yield from _order(tokens, i)


_CARRIERS = words("weight weights gewicht connection link edge synapse arrow")


def _meaning(tokens: Sentence, subject: int, at: int, first: int) -> Iterator[Meaning]:
    ends = _ends_after(tokens, at)
    if ends is not None:
        yield _meant(tokens[subject], tokens[first], tokens[ends[3] - 1], ends)


def _meaning_first(tokens: Sentence, at: int) -> Iterator[Meaning]:
    """The weight from neuron k to neuron j is written w_{jk}."""
    ends = _ends_after(tokens, at + 1)
    if ends is None:
        return
    named = _named_after(tokens, ends[3])
    if named is not None:
        yield _meant(tokens[named], tokens[at], tokens[named], ends)


def _meaning_of_connected(tokens: Sentence, at: int) -> Iterator[Meaning]:
    """Neuron k is connected to neuron j by the weight w_{jk}."""
    be = at - 1 if is_word(tokens, at - 1, words("is are")) else at
    other = neuron_at(tokens, at + 2) if is_word(tokens, at + 1, _TO | words("with")) else None
    if other is None or be == at:
        return
    named = _named_after(tokens, other[1])
    for start in range(max(0, be - 10), be):
        one = neuron_at(tokens, start)
        if named is None or one is None or one[1] != be:
            continue
        tail, head, directed = _ordered(one[0], other[0], tokens[at + 1].text != "with")
        ends = (tail, head, directed, other[1])
        yield _meant(tokens[named], tokens[start], tokens[named], ends)
        return


def _named_after(tokens: Sentence, at: int) -> int | None:
    """The weight that the words before were about: …, is denoted by w_{jk}."""
    for after in range(at, min(len(tokens), at + 8)):
        token = tokens[after]
        if token.kind == SYMBOL and token.text in WEIGHTS and token.subs:
            return after
        marks = token.kind == MARK and token.text in ",:=("
        if not (marks or (token.kind == WORD and token.text in _NAMING)):
            return None
    return None


def _meant(symbol: Token, first: Token, last: Token, ends: tuple[End, End, bool, int]) -> Meaning:
    return Meaning(
        letter=symbol.text, subs=symbol.subs, sup=symbol.sup, tail=ends[0], head=ends[1],
        directed=ends[2], source=first.source, start=first.start, end=last.end,
    )  # fmt: skip


def _ends_after(tokens: Sentence, at: int) -> tuple[End, End, bool, int] | None:
    """Tail, head, whether words give the direction, and where it ends: after words of the list."""
    for place in range(at, min(len(tokens), at + _NEAR)):
        token = tokens[place]
        if token.kind == WORD:
            found = _pair(tokens, place)
            if found is not None:
                return found
            if token.text not in _FILLING and token.text not in _CONNECTS:
                return None
        elif token.kind != MARK or token.text not in _FILLING_MARKS:
            return None
    return None


_Part = Callable[[Sentence, int], tuple[End, int] | None]


def _layer_alone(tokens: Sentence, at: int) -> tuple[End, int] | None:
    found = layer_at(tokens, at)
    return (End(None, found[0]), found[1]) if found is not None else None


def _input_of(tokens: Sentence, at: int) -> tuple[End, End, bool, int] | None:
    """The i-th input to unit j."""
    place = skip(tokens, at, THE)
    index = index_at(tokens, place)
    if index is None or not tokens[place].ordinal or not is_word(tokens, place + 1, words("input")):
        return None
    if not is_word(tokens, place + 2, words("to of into at in for")):
        return None
    head = neuron_at(tokens, place + 3)
    return (End(index), head[0], True, head[1]) if head is not None else None


def _pair(tokens: Sentence, at: int) -> tuple[End, End, bool, int] | None:
    """Two neurons, or two layers, and which of them comes first on the way."""
    if tokens[at].text in ("of", "for", "on", "with", "to"):
        found = _input_of(tokens, at + 1)
        if found is not None:
            return found
    for part in (neuron_at, _layer_alone):
        found = _pair_of(tokens, at, part)
        if found is not None:
            return found
    return None


def _pair_of(tokens: Sentence, at: int, part: _Part) -> tuple[End, End, bool, int] | None:
    word = tokens[at].text
    if word in _FROM:
        between, forth, directed = _TO, True, True
    elif word in _TO:
        between, forth, directed = _FROM, False, True
    elif word in _CONNECTS:
        between, forth, directed = _TO | words("with and mit und"), True, True
    elif word in ("between", "zwischen"):
        between, forth, directed = words("and und"), True, False
    else:
        return None
    one = part(tokens, at + 1)
    if one is None:
        return None
    middle = one[1] + 1 if is_mark(tokens, one[1], ",") else one[1]
    middle = skip(tokens, middle, words("going leading running and")) if directed else middle
    if is_mark(tokens, middle, "→") and word in _FROM:
        second = middle
    elif is_word(tokens, middle, between):
        second = middle
        directed = directed and tokens[middle].text not in ("with", "and", "mit", "und")
    else:
        return None
    other = part(tokens, second + 1)
    if other is None:
        return None
    connects = word in _CONNECTS
    tail, head = (one[0], other[0]) if forth else (other[0], one[0])
    if connects or not directed:
        tail, head, directed = _ordered(one[0], other[0], directed)
    return (tail, head, directed, other[1])


def _ordered(one: End, other: End, directed: bool) -> tuple[End, End, bool]:
    """Tail and head of what connects two neurons: the layers tell, and only then the words."""
    step = layer_step(one.layer, other.layer)
    if step is None or step == 0:
        return one, other, directed and step is None
    return (one, other, True) if step > 0 else (other, one, True)


_SUBSCRIPT = words("subscript index subindex")
_RECEIVING = words("target destination receiving postsynaptic head")
_SENDING = words("source origin sending presynaptic tail")


def _order(tokens: Sentence, at: int) -> Iterator[Order]:
    """The first subscript denotes the target neuron."""
    if not is_word(tokens, at + 1, _SUBSCRIPT):
        return
    filling = words("is denotes refers to indicates gives names stands for the identifies labels")
    place = skip(tokens, at + 2, filling)
    if place == at + 2 or place >= len(tokens) or tokens[place].kind != WORD:
        return
    word = tokens[place].text
    if word in _RECEIVING or word in _SENDING:
        first = (tokens[at].text == "1") == (word in _RECEIVING)
        yield Order(first, source=tokens[at].source, start=tokens[at].start, end=tokens[place].end)


# ---- what a symbol is said to be -----------------------------------------------------------------

_IS = words("is are denotes be represents means for")
_AND_THE = words("the a an its is are denotes be represents stands for means as called")
_OF = words("of for in at from associated with to")
_BEFORE = words("""
    before prior pre linear unactivated preactivation affine part operation logit logits
    scores
""")  # fmt: skip
_DERIVATIVE = words("derivative gradient partial sensitivity change")
_BY = words("the of cost loss error function rate its total objective")


def _of_symbols(tokens: Sentence) -> Iterator[Statement]:
    for i, token in enumerate(tokens):
        if token.kind == WORD and token.text in ("derivative", "gradient"):
            yield from _derivative(tokens, i)
        elif _is_subject(token):
            yield from _explained(tokens, i)


def _is_subject(token: Token) -> bool:
    return token.kind == SYMBOL or (token.kind == INDEX and not token.ordinal)


def _explained(tokens: Sentence, at: int) -> Iterator[Explained]:
    """z_j^l is the output of the jth neuron."""
    start = at + 1
    while start < len(tokens) and is_mark(tokens, start, ":→–—-=|,"):
        start += 1
    after = skip(tokens, start, _AND_THE)
    if after == at + 1:
        return
    for length in (4, 3, 2, 1):
        said = tokens[after : after + length]
        kind = _KINDS.get(" ".join(token.text for token in said))
        if kind is None or len(said) < length:
            continue
        named = _of_whom(tokens, after + length)
        if named is not None:
            yield Explained(
                letter=tokens[at].text, subs=tokens[at].subs, sup=tokens[at].sup, what=kind,
                end_of=named[0], source=tokens[at].source, start=tokens[at].start,
                end=tokens[named[1] - 1].end,
            )  # fmt: skip
        return


_COUNTED = words("various many different distinct several")


def _of_whom(tokens: Sentence, at: int) -> tuple[End, int] | None:
    """The neuron, or the layer, of which something was named."""
    after = skip(tokens, at, _OF)
    if after == at:
        return None
    found = neuron_at(tokens, after) or _layer_alone(tokens, after)
    if found is None:
        after = skip(tokens, after, THE)
        if not is_word(tokens, after, NEURON):
            return None
        found = End(), after + 1
    rest = tokens[found[1] : found[1] + 12]
    if is_word(tokens, found[1], _COUNTED):
        return None  # of the m various inputs
    if any(token.kind == WORD and token.text in _BEFORE for token in rest):
        return None
    return found


def _derivative(tokens: Sentence, at: int) -> Iterator[Derivative]:
    """∂C/∂z → derivative of the cost with respect to the output of the jth neuron."""
    subject = at - 1
    while subject >= 0 and (
        is_word(tokens, subject, _AND_THE | words("partial")) or is_mark(tokens, subject, ":→–—-|,")
    ):
        subject -= 1
    if subject < 0 or subject == at - 1:
        return
    after = skip(tokens, at + 1, _BY)
    if after < len(tokens) and tokens[after].kind == INDEX:  # of the cost C
        after += 1
    if not is_word(tokens, after, words("with")) or not is_word(
        tokens, after + 1, words("respect")
    ):
        return
    after = skip(tokens, after + 2, words("to the its"))
    for length in (4, 3, 2, 1):
        kind = _KINDS.get(" ".join(token.text for token in tokens[after : after + length]))
        named = _of_whom(tokens, after + length) if kind else None
        if kind is None or named is None:
            continue
        token = tokens[subject]
        by = _derived_by(token.node) if token.node is not None else None
        letter, subs = (by.text, by.subs) if by else (token.text, token.subs)
        if by is None and token.kind != SYMBOL and token.kind != INDEX:
            return
        yield Derivative(
            letter=letter, of_letter=by is not None, subs=subs, what=kind, end_of=named[0],
            source=token.source, start=token.start, end=tokens[named[1] - 1].end,
        )  # fmt: skip
        return


@dataclass(frozen=True, slots=True)
class _By:
    text: str
    subs: tuple[str, ...]
    sup: str = ""


def _derived_by(node: s.Node) -> _By | None:
    """z of ∂C/∂z."""
    match node:
        case s.Fraction(
            above=s.Product(factors=(s.Name(text=r"\partial" | "d"), *_)),
            below=s.Product(factors=(s.Name(text=r"\partial" | "d"), by), operators=("", "")),
        ):
            match by:
                case s.Scripted(base=s.Name() as name):
                    return _By(name.text, _plain_subs(by.sub), index_of(by.sup) or "")
                case s.Name():
                    return _By(by.text, ())
    return None


def _plain_subs(node: s.Node | None) -> tuple[str, ...]:
    return (node.text,) if isinstance(node, s.Name | s.Number) else ()


# ---- equations and rates -------------------------------------------------------------------------


def _of_equations(tokens: Sentence) -> Iterator[Statement]:
    """a = σ(z) and δ = ∂C/∂z, by the first two sides of an equation."""
    for i in range(len(tokens) - 2):
        left, sign, right = tokens[i : i + 3]
        if sign.kind != MARK or sign.text not in ("=", r"\equiv", ":="):
            continue
        if right.node is None or left.kind not in (SYMBOL, INDEX):
            continue
        by = _derived_by(right.node)
        if by is not None:
            yield Slope(left.text, by.text, source=left.source, start=left.start, end=right.end)
        inner = _applied_to(right.node)
        if inner is not None and inner != left.text:
            yield Applied(left.text, inner, source=left.source, start=left.start, end=right.end)


_FUNCTIONS = words(r"\sigma f g h \phi \varphi \psi s sigmoid tanh relu ReLU act \tanh")


def _applied_to(node: s.Node) -> str | None:
    """z of σ(z)."""
    match node:
        case s.Product(factors=(function, s.Bracketed(body=body)), operators=("", "")):
            base = function.base if isinstance(function, s.Scripted) else function
            primed = isinstance(function, s.Scripted) and function.primes
            if isinstance(base, s.Name) and base.text in _FUNCTIONS and not primed:
                inner = body.base if isinstance(body, s.Scripted) else body
                return inner.text if isinstance(inner, s.Name) else None
    return None


def _of_rates(tokens: Sentence) -> Iterator[Rate]:
    """η is the learning rate; a learning rate η."""
    for i in range(len(tokens) - 1):
        if not is_word(tokens, i, words("learning step training")):
            continue
        if not is_word(tokens, i + 1, words("rate rates size sizes length parameter")):
            continue
        before = i - 1
        while before >= 0 and (
            is_word(
                tokens, before, _AND_THE | words("small positive constant fixed so-called some")
            )
            or is_mark(tokens, before, ":→–—-=,(>")
            or index_at(tokens, before) == "0"
        ):
            before -= 1
        after = skip(tokens, i + 2, words("is by denoted of"))
        for place in (after + 1 if is_mark(tokens, after, "(=") else after, before):
            if 0 <= place < len(tokens) and _is_subject(tokens[place]):
                token = tokens[place]
                if not token.text[:1].isdecimal():
                    first, last = sorted((token, tokens[i + 1]), key=lambda each: each.start)
                    yield Rate(token.text, source=token.source, start=first.start, end=last.end)
                    break


# ---- ranges and widths ---------------------------------------------------------------------------

_PARAMETERS = WEIGHTS | {"b"}
_PARAMETER_WORDS = {
    "weight": "w", "weights": "w", "bias": "b", "biases": "b", "parameters": "w", "gradients": "w",
}  # fmt: skip


_NO_PARAMETERS = words("activations activation layers outputs neurons units")


def _of_ranges(tokens: Sentence) -> Iterator[LayerRange]:
    """Weights and biases for l = 1, …, L; what else a sentence speaks of is left alone."""
    for i, token in enumerate(tokens):
        found = _range(tokens, i) if token.kind == INDEX and not token.ordinal else None
        if found is None:
            continue
        first, last, start, end = found
        about = _about(tokens[:start] + tokens[end:], token.text)
        if about:
            yield LayerRange(
                token.text, first, last, about, source=token.source,
                start=tokens[start].start, end=tokens[end - 1].end,
            )  # fmt: skip


def _range(tokens: Sentence, at: int) -> tuple[str, str, int, int] | None:
    """First, last and the tokens of l = 1, …, L, of 1 ≤ l ≤ L and of l ∈ {1, …, L}."""
    letter = tokens[at].text
    if len(letter) != 1 or not letter.isalpha() or at + 1 >= len(tokens):
        return None
    sign = tokens[at + 1]
    if sign.kind != MARK:
        return None
    if sign.text == r"\le" and at >= 2 and is_mark(tokens, at - 1, r"\le"):
        first, last = index_at(tokens, at - 2), index_at(tokens, at + 2)
        return (first, last, at - 2, at + 3) if first and last else None
    node = tokens[at + 2].node if at + 2 < len(tokens) else None
    if sign.text == r"\in" and isinstance(node, s.Bracketed):
        items = node.body.items if isinstance(node.body, s.Listed) else ()
        if len(items) >= 3 and isinstance(items[-2], s.Dots):
            first, last = index_of(items[0]), index_of(items[-1])
            return (first, last, at, at + 3) if first and last else None
    first = index_at(tokens, at + 2)
    if sign.text != "=" or first is None:
        return None
    dots = is_word(tokens, at + 3, frozenset({"to"}))
    for place in range(at + 3 + dots, min(len(tokens), at + 12)):
        index = index_at(tokens, place)
        if index is not None and dots:
            return first, index, at, place + 1
        if isinstance(tokens[place].node, s.Dots) or is_mark(tokens, place, "."):
            dots = True
        elif index is None and not is_mark(tokens, place, ","):
            return None
    return None


def _about(tokens: Sentence, letter: str) -> frozenset[str]:
    """The parameters of a sentence that belong to layer l; none where there is more in it."""
    found: set[str] = set()
    for token in tokens:
        by = _derived_by(token.node) if token.node is not None else None
        name, sup = (by.text, by.sup) if by is not None else (token.text, token.sup)
        if by is not None or token.kind == SYMBOL:
            if name not in _PARAMETERS or sup not in ("", letter):
                return frozenset()
            found.add(name)
        elif token.kind == FORMULA:
            return frozenset()
        elif token.kind == WORD and token.text in _PARAMETER_WORDS:
            found.add(_PARAMETER_WORDS[token.text])
        elif token.kind == WORD and token.text in (
            "activations",
            "activation",
            "layers",
            "outputs",
        ):
            return frozenset()
    return frozenset(found)


_NUMBERS = {
    word: number
    for number, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"], 1
    )
} | {"single": 1}  # fmt: skip
_HAS = words("has have contains contain with consists consist of comprises comprising having")
_SIDES = {"inputs": "input", "outputs": "output"}


def _of_widths(tokens: Sentence) -> Iterator[Statement]:
    for i, token in enumerate(tokens):
        number = _number(token)
        if number is not None and not is_word(tokens, i - 1, words("than least most about")):
            yield from _counted(tokens, i, number)
        elif is_word(tokens, i, words("numbered indexed labelled labeled counted")):
            yield from _numbered(tokens, i)


def _number(token: Token) -> int | None:
    if token.kind == WORD:
        return _NUMBERS.get(token.text)
    if token.kind == INDEX and not token.ordinal and token.text.isdecimal():
        return int(token.text[:6])
    return None


def _counted(tokens: Sentence, at: int, number: int) -> Iterator[Statement]:
    """Two neurons in layer 1; layer 1 has two neurons; two inputs; three layers."""
    after = skip(tokens, at + 1, words("hidden input output"))
    kind = tokens[at + 1].text if after > at + 1 else ""
    if after >= len(tokens) or tokens[after].kind != WORD:
        return
    word, first, last = tokens[after].text, tokens[at], tokens[after]
    if word in ("layers", "layer") and not kind and word.endswith("s"):
        yield Layers(number, source=first.source, start=first.start, end=last.end)
        return
    layer: str | None = None
    if word in _SIDES:
        layer = _SIDES[word]
    elif word in NEURON - {"one"}:
        layer = kind or None
        place, end = located(tokens, after + 1, parted="")
        if place is not None:
            layer, last = place, tokens[end - 1]
        elif layer is None:
            layer, first = _owner(tokens, at)
    if layer is not None:
        yield Width(layer, number, source=first.source, start=first.start, end=last.end)


def _owner(tokens: Sentence, at: int) -> tuple[str | None, Token]:
    """The layer of "layer 1 has", before a number."""
    back = at
    while back > 0 and is_word(tokens, back - 1, _HAS | {"a", "exactly", "only"}):
        back -= 1
    if back < at:
        for start in range(max(0, back - 5), back):
            found = layer_at(tokens, start)
            if found is not None and found[1] == back:
                return found[0], tokens[start]
    return None, tokens[at]


def _numbered(tokens: Sentence, at: int) -> Iterator[Numbered]:
    """Layers are numbered from 1 to L."""
    if not any(is_word(tokens, i, LAYER) for i in range(max(0, at - 6), at)):
        return
    place = skip(tokens, at + 1, words("from by"))
    first = index_at(tokens, place)
    last = index_at(tokens, place + 2) if is_word(tokens, place + 1, frozenset({"to"})) else None
    if first is not None and last is not None:
        start, end = tokens[at].start, tokens[place + 2].end
        yield Numbered(first, last, source=tokens[at].source, start=start, end=end)
