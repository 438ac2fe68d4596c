r"""Neurons and layers as they are named in words: "the kth neuron in layer l-1", "input i".

Each function looks at one place of a sentence and says what is named there and where the words go
on, or None.

>>> layer_step("previous", "l"), layer_step("l+1", "l")
(1, -1)
"""

from dataclasses import dataclass

from symnet.notes.words import INDEX, MARK, SYMBOL, WORD, Sentence


@dataclass(frozen=True, slots=True)
class End:
    """A neuron by its index and a layer by its number or in a word; None: nothing is said."""

    index: str | None = None
    layer: str | None = None


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


WEIGHTS = words(r"w W \theta \Theta \omega")
NEURON = words("""
    neuron neurons node nodes unit units cell cells perceptron perceptrons one neurone neurones
""")  # fmt: skip
_ENTRY = words("input inputs feature output component element")
LAYER = words("layer layers schicht")
_ADJECTIVES = words("""
    hidden input output source sending presynaptic pre-synaptic target receiving postsynaptic
    destination single
""")  # fmt: skip
THE = words("the a an that this some der die das dem den")
_IN = words("in of at on within from der aus")
_NUMBERED = words("number no no. index indexed numbered with")
_RELATIVE = {
    "previous": "previous", "preceding": "previous", "prior": "previous", "next": "next",
    "following": "next", "subsequent": "next", "input": "input", "output": "output",
    "hidden": "hidden", "last": "last", "final": "last",
}  # fmt: skip


def skip(tokens: Sentence, at: int, words: frozenset[str]) -> int:
    while at < len(tokens) and tokens[at].kind == WORD and tokens[at].text in words:
        at += 1
    return at


def is_word(tokens: Sentence, at: int, words: frozenset[str]) -> bool:
    return 0 <= at < len(tokens) and tokens[at].kind == WORD and tokens[at].text in words


def is_mark(tokens: Sentence, at: int, marks: str) -> bool:
    return at < len(tokens) and tokens[at].kind == MARK and tokens[at].text in marks


def index_at(tokens: Sentence, at: int) -> str | None:
    return tokens[at].text if at < len(tokens) and tokens[at].kind == INDEX else None


def layer_at(tokens: Sentence, at: int) -> tuple[str, int] | None:
    """A layer that is named at a place, and where the words go on."""
    at = skip(tokens, at, THE)
    if is_word(tokens, at, frozenset(_RELATIVE)):
        relative = _RELATIVE[tokens[at].text]
        at += 1
        if relative in ("next", "previous") and is_word(tokens, at, frozenset({"hidden"})):
            at += 1
        return (relative, at + 1) if is_word(tokens, at, LAYER) else None
    index = index_at(tokens, at)
    if index is not None:
        return (index, at + 1 + 1) if is_word(tokens, at + 1, LAYER) else None
    if not is_word(tokens, at, LAYER):
        return None
    at = skip(tokens, at + 1, _NUMBERED)
    if is_mark(tokens, at, "-"):
        at += 1
    index = index_at(tokens, at)
    return (index, at + 1) if index is not None and not tokens[at].ordinal else None


def located(tokens: Sentence, at: int, parted: str = ",") -> tuple[str | None, int]:
    """The layer of a neuron that has just been named, if one is."""
    inside = is_mark(tokens, at, "(")
    after = at + 1 if inside or (parted and is_mark(tokens, at, parted)) else at
    for start in (skip(tokens, after, _IN), after):
        if start == after == at:
            continue
        found = layer_at(tokens, start)
        if found is not None:
            layer, end = found
            return layer, end + 1 if inside and is_mark(tokens, end, ")") else end
    return None, at


def neuron_at(tokens: Sentence, at: int) -> tuple[End, int] | None:
    """A neuron that is named at a place, and where the words go on."""
    at = skip(tokens, at, THE)
    if is_word(tokens, at, words("output outputs activation input inputs")):
        after = skip(tokens, at + 1, words("of from"))
        if after > at + 1 and (found := neuron_at(tokens, after)) is not None:
            return found
        if at + 1 < len(tokens) and tokens[at + 1].kind == SYMBOL:  # the output o_k of layer 2
            return _bare(tokens, at + 1)
    layer = layer_at(tokens, at)
    if layer is not None and is_mark(tokens, layer[1], ","):  # layer 2, neuron 3
        found = _bare(tokens, layer[1] + 1)
        if found is not None and found[0].layer is None:
            return End(found[0].index, layer[0]), found[1]
    if layer is not None:
        return None
    return _bare(tokens, at)


def _bare(tokens: Sentence, at: int) -> tuple[End, int] | None:
    at = skip(tokens, at, THE)
    if at >= len(tokens):
        return None
    token = tokens[at]
    if token.kind == SYMBOL and len(token.subs) == 1 and token.text not in WEIGHTS:
        layer, end = located(tokens, at + 1, parted="")
        return End(token.subs[0], token.sup or layer), end
    kind = tokens[at].text if is_word(tokens, at, _ADJECTIVES) else None
    index = index_at(tokens, at)
    if index is not None:
        at = skip(tokens, at + 1, _ADJECTIVES - NEURON)
        if is_word(tokens, at, NEURON | _ENTRY):
            at += 1
        elif index[:1].isdecimal() and not token.ordinal and tokens[at - 1].text not in _ENTRY:
            return None  # a value: from 0.2 to 0.5
    else:
        at = skip(tokens, at, _ADJECTIVES)
        if not is_word(tokens, at, NEURON | _ENTRY):
            if kind is None or index_at(tokens, at) is None or tokens[at - 1].text not in _ENTRY:
                return None
        else:
            at += 1
        at = skip(tokens, at, _NUMBERED)
        if is_mark(tokens, at, "-"):
            at += 1
        index = index_at(tokens, at)
        if index is None or tokens[at].ordinal:
            return None
        at += 1
    layer, at = located(tokens, at)
    if layer is None and kind in ("input", "output", "hidden"):
        layer = kind
    return End(index, layer), at


_HEIGHTS = {"input": 0, "hidden": 1, "output": 2, "last": 2}


def layer_step(one: str | None, other: str | None) -> int | None:
    """How much higher the other layer is, as far as words tell; None where they do not.

    >>> layer_step("l-1", "l"), layer_step("3", "2"), layer_step("previous", "l")
    (1, -1, 1)
    """
    if one == "previous" or other == "next":
        return 1
    if one == "next" or other == "previous":
        return -1
    if one is None or other is None:
        return None
    if one in _HEIGHTS and other in _HEIGHTS:
        return _HEIGHTS[other] - _HEIGHTS[one]
    (letter, shift), (letter_2, shift_2) = layer_parts(one), layer_parts(other)
    return shift_2 - shift if letter == letter_2 and letter is not None else None


def layer_parts(layer: str) -> tuple[str | None, int]:
    """The letter and the shift of l-1; a number has an empty letter.

    >>> layer_parts("l-1"), layer_parts("3"), layer_parts("input")
    (('l', -1), ('', 3), (None, 0))
    """
    if layer.isdecimal():
        return "", int(layer[:6])
    for sign in "+-":
        letter, found, shift = layer.partition(sign)
        if found and shift.isdecimal():
            return letter, int(sign + shift[:6])
    return (layer, 0) if len(layer) == 1 or layer.startswith("\\") else (None, 0)
