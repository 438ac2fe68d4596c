r"""What a note says in words, held against its forward equations.

>>> from symnet.notes.document import Document, Prose
>>> from symnet.notes.prose import statements
>>> from symnet.notes.source import Source
>>> text = "w_{jk} is the weight from neuron j to neuron k."
>>> said = statements(Document("n.txt", (Prose(Source("n.txt", text, text), 0, len(text)),)))
>>> [finding.rule for finding in findings(said, Facts(target_first=True))]
['convention-clash']
>>> findings(said, Facts(target_first=False))
()
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from symnet.notes.findings import RULES, Finding
from symnet.notes.named import End, layer_parts, layer_step
from symnet.notes.prose import (
    Applied,
    Derivative,
    Explained,
    LayerRange,
    Meaning,
    Order,
    Slope,
    Statement,
    Width,
)  # fmt: skip

TO, FROM = "to", "from"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the forward equations of a note fix; None where they leave it open.

    `target_first`: the first subscript of w_{jk} is the neuron that the weight leads to.
    `weight_layer`: "to" if w^l leads into layer l, "from" if it leaves layer l. `widths` are of
    the layers from the first one on, which has the number `first_layer`.
    """

    target_first: bool | None = None
    weight_layer: str | None = None
    first_weight_layer: int | None = None
    widths: tuple[int | None, ...] = ()
    first_layer: int = 1
    last: int | None = None
    weights: tuple[str, ...] = ("w", "W")

    def width(self, layer: str | None) -> int | None:
        """How many neurons a layer has, by its number as printed or by its place in words."""
        if layer is None:
            return None
        if layer == "input":
            return self.widths[0] if self.widths else None
        if layer in ("output", "last"):
            known = self.last is not None and self.last - self.first_layer + 1 == len(self.widths)
            return self.widths[-1] if self.widths and known else None
        place = int(layer[:6]) - self.first_layer if layer.isdecimal() else -1
        return self.widths[place] if 0 <= place < len(self.widths) else None


@dataclass(frozen=True, slots=True)
class _Roles:
    """Which letters are weighted inputs and which are outputs, by a = σ(z) and δ = ∂C/∂z."""

    inner: frozenset[str]
    outer: frozenset[str]
    slopes: frozenset[str]  # letters for ∂C/∂z and for nothing else
    activations: bool  # whether outputs are what the note calls activations


def findings(said: Iterable[Statement], facts: Facts) -> tuple[Finding, ...]:
    """What is said otherwise than the forward equations have it, in the order of reading."""
    said = tuple(said)
    roles = _roles(said)
    facts = _with_declared_order(said, facts)
    found: list[Finding] = []
    for each in said:
        match each:
            case Meaning() if each.letter in facts.weights:
                found += _example(each, facts) if _numbers(each) else _meaning(each, facts)
            case Order():
                found += _order(each, facts)
            case Explained():
                found += _explained(each, facts, roles)
            case Derivative():
                found += _derivative(each, roles)
            case LayerRange():
                found += _range(each, facts)
            case Width():
                found += _width(each, facts, said)
    return tuple(found)


def _finding(rule: str, said: Statement, message: str) -> Finding:
    return Finding(rule, RULES[rule][0], message, said.source, said.start, said.end)


def _roles(said: tuple[Statement, ...]) -> _Roles:
    pairs = [(x.output, x.inner) for x in said if isinstance(x, Applied)]
    outer, inner = frozenset(x for x, _ in pairs), frozenset(x for _, x in pairs)
    slopes = [(x.letter, x.by) for x in said if isinstance(x, Slope)]
    only = {x for x, by in slopes if by in inner - outer}
    only -= {x for x, by in slopes if by not in inner - outer}
    called = {x.letter for x in said if isinstance(x, Explained) and x.what == "activation"}
    named = bool((called | {"a"}) & (outer - inner))
    return _Roles(inner - outer, outer - inner, frozenset(only), named)


def _is_output(what: str, roles: _Roles) -> bool:
    return what == "output" or (what == "activation" and roles.activations)


def _with_declared_order(said: tuple[Statement, ...], facts: Facts) -> Facts:
    """Where the equations do not tell, examples are held against what is declared in letters."""
    if facts.target_first is not None and facts.weight_layer is not None:
        return facts
    orders: set[bool] = set()
    layers: set[str] = set()
    for each in said:
        if isinstance(each, Meaning) and each.letter in facts.weights and not _numbers(each):
            order, layer = _declared_order(each), _declared_layer(each)
            orders |= {order} if order is not None else set()
            layers |= {layer} if layer is not None else set()
    one = next(iter(orders)) if len(orders) == 1 else None
    layer = next(iter(layers)) if len(layers) == 1 else None
    return Facts(
        facts.target_first if facts.target_first is not None else one,
        facts.weight_layer or layer,
        facts.first_weight_layer, facts.widths, facts.first_layer, facts.last, facts.weights,
    )  # fmt: skip


# ---- weights -------------------------------------------------------------------------------------


def _declared_order(said: Meaning) -> bool | None:
    """Whether the first subscript is the head; None where the words do not tell."""
    subs, tail, head = _two(said.subs), said.tail.index, said.head.index
    if not said.directed or subs is None or tail is None or head is None or tail == head:
        return None
    if subs == (head, tail):
        return True
    return False if subs == (tail, head) else None


def _declared_layer(said: Meaning) -> str | None:
    """Whether the weight is numbered by the layer that it leads to, or that it leaves."""
    into, out = _shift(said.sup, said.head.layer), _shift(said.sup, said.tail.layer)
    if into == 0 and out in (None, -1):
        return TO
    return FROM if out == 0 and into in (None, 1) else None


def _shift(sup: str, layer: str | None) -> int | None:
    """How much higher a layer is than the superscript; None where one is in words, or missing."""
    if not sup or layer is None or layer in ("previous", "next", "input", "output", "hidden"):
        return None
    return layer_step(sup, layer)


def _two(subs: tuple[str, ...]) -> tuple[str, str] | None:
    """Two subscripts; 31 stands for 3, 1."""
    if len(subs) == 1 and subs[0].isdecimal() and len(subs[0]) == 2:
        return subs[0][0], subs[0][1]
    return (subs[0], subs[1]) if len(subs) == 2 else None


def _numbers(said: Meaning) -> bool:
    return bool(said.subs) and all(sub.isdecimal() for sub in said.subs)


def _meaning(said: Meaning, facts: Facts) -> Iterator[Finding]:
    subs = _two(said.subs)
    order = _declared_order(said)
    if order is not None and facts.target_first is not None and order != facts.target_first:
        shown = f"{said.letter}_{{{''.join(said.subs)}}}"
        yield _finding(
            "convention-clash",
            said,
            f"by the forward equation {shown} leads from neuron "
            + f"{said.subs[1] if facts.target_first else said.subs[0]} to neuron "
            + f"{said.subs[0] if facts.target_first else said.subs[1]}; the words say from "
            + f"{said.tail.index} to {said.head.index}",
        )
    elif subs is not None and order is None:
        named = [x for x in (said.tail.index, said.head.index) if x is not None]
        strange = [x for x in named if x not in subs]
        if len(set(named)) == 2 and len(strange) == 1 and _letter(strange[0]):
            yield _undeclared(said, strange[0], said.letter, said.subs)
        elif len(named) == 2 and len(set(named)) == 1 and named[0] in subs and subs[0] != subs[1]:
            yield _finding(
                "meaning", said, f"both neurons are called {named[0]}; the weight has two indices"
            )
    yield from _layers(said, facts)


def _layers(said: Meaning, facts: Facts) -> Iterator[Finding]:
    if facts.weight_layer is None:
        return
    step = layer_step(said.tail.layer, said.head.layer)
    into, out = _shift(said.sup, said.head.layer), _shift(said.sup, said.tail.layer)
    right_in, right_out = (0, -1) if facts.weight_layer == TO else (1, 0)
    wrong = (into is not None and into != right_in) or (out is not None and out != right_out)
    backward = said.directed and step is not None and step < 0
    if not wrong and not backward:
        return
    if said.sup:
        tail, head = _shifted(said.sup, right_out), _shifted(said.sup, right_in)
        right = f"with the superscript {said.sup} it leads from layer {tail} to layer {head}"
    else:
        right = "a weight leads from a layer to the next"
    told = f"the words say from layer {said.tail.layer or '?'} to layer {said.head.layer or '?'}"
    yield _finding("meaning", said, f"by the forward equation {right}; {told}")


def _shifted(layer: str, by: int) -> str:
    """The layer below or above.

    >>> _shifted("l", -1), _shifted("l-1", 1), _shifted("3", -1)
    ('l-1', 'l', '2')
    """
    letter, shift = layer_parts(layer)
    if letter is None:
        return f"{layer}{by:+d}" if by else layer
    if letter == "":
        return str(shift + by)
    return f"{letter}{shift + by:+d}" if shift + by else letter


def _letter(index: str) -> bool:
    return len(index) == 1 and index.isalpha()


def _undeclared(said: Statement, index: str, letter: str, subs: tuple[str, ...]) -> Finding:
    has = ", ".join(subs)
    message = f"the words speak of {index}, but {letter} stands with the subscript {has}"
    return _finding("undeclared-index", said, message)


def _example(said: Meaning, facts: Facts) -> Iterator[Finding]:
    subs = _two(said.subs)
    if subs is None:
        return
    named = [x for x in (said.tail.index, said.head.index) if x is not None]
    letters = [x for x in named if _letter(x)]
    if letters:
        yield _undeclared(said, letters[0], said.letter, said.subs)
        return
    shown = f"{said.letter}_{{{','.join(said.subs)}}}" + (f"^{said.sup}" if said.sup else "")
    faults: list[str] = []
    if facts.target_first is not None and len(named) == 2 and said.directed:
        head, tail = subs if facts.target_first else (subs[1], subs[0])
        if (said.tail.index, said.head.index) != (tail, head):
            faults.append(f"{shown} leads from neuron {tail} to neuron {head}")
    for end in (said.tail, said.head):
        faults += _missing(end, facts)
    if faults:
        told = f"the words say from neuron {said.tail.index} to neuron {said.head.index}"
        yield _finding("example", said, f"{'; '.join(faults)}; {told}")
    else:
        for found in _layers(said, facts):
            yield _finding("example", said, found.message)


def _missing(end: End, facts: Facts) -> Iterator[str]:
    """A neuron that its layer does not have."""
    width = facts.width(end.layer)
    if width is None or end.index is None or not end.index.isdecimal():
        return
    if int(end.index[:6]) > width:
        neurons = "1 neuron" if width == 1 else f"{width} neurons"
        yield f"layer {end.layer} has {neurons}, there is no neuron {end.index}"


def _order(said: Order, facts: Facts) -> Iterator[Finding]:
    if facts.target_first is None or facts.target_first == said.target_first:
        return
    side = "leads to" if facts.target_first else "leaves"
    yield _finding(
        "convention-clash",
        said,
        f"by the forward equation the first subscript of a weight is the neuron that it {side}",
    )


# ---- other symbols -------------------------------------------------------------------------------


def _explained(said: Explained, facts: Facts, roles: _Roles) -> Iterator[Finding]:
    # x_i may well be an input of neuron j.
    if said.letter in roles.inner | roles.outer | {"b", "B", r"\delta"} and said.what != "input":
        yield from _strange_index(said)
    # What the last layer gives is called an output by many, though it is before the softmax.
    named = said.end_of.index is not None or said.end_of.layer not in ("last", "output")
    if said.letter in roles.inner and named and _is_output(said.what, roles):
        outer = " or ".join(sorted(roles.outer))
        yield _finding(
            "output-for-input",
            said,
            f"{said.letter} is the weighted input of a neuron; its {said.what} is {outer}",
        )
    if said.letter in roles.outer and said.what == "weighted input":
        inner = " or ".join(sorted(roles.inner))
        message = f"{said.letter} is the output of a neuron; its weighted input is {inner}"
        yield _finding("meaning", said, message)
    shift = _shift(said.sup, said.end_of.layer)
    if shift is None or said.what == "input":
        return
    if said.what == "bias":
        right = {TO: 0, FROM: 1, None: shift}[facts.weight_layer]
    else:
        right = 0 if said.letter in roles.inner | roles.outer else shift
    if shift != right:
        layer = _shifted(said.sup, right)
        message = f"{said.letter}^{said.sup} belongs to layer {layer}; the words say layer "
        yield _finding("meaning", said, message + str(said.end_of.layer))


def _strange_index(said: Explained | Derivative) -> Iterator[Finding]:
    """An explanation by j of a symbol that stands with 1, or with k."""
    index, subs = said.end_of.index, said.subs
    if len(subs) != 1 or index is None or not _letter(index) or index == subs[0]:
        return
    if subs[0].isdecimal() or _letter(subs[0]):
        yield _undeclared(said, index, said.letter, subs)


def _derivative(said: Derivative, roles: _Roles) -> Iterator[Finding]:
    by_inner = said.letter in (roles.inner if said.of_letter else roles.slopes)
    if by_inner and _is_output(said.what, roles):
        message = f"it is the derivative with respect to a weighted input, not to an {said.what}"
        yield _finding("output-for-input", said, message)
    yield from _strange_index(said)


# ---- ranges and widths ---------------------------------------------------------------------------


def _range(said: LayerRange, facts: Facts) -> Iterator[Finding]:
    first = facts.first_weight_layer
    if first is not None and said.first.isdecimal() and int(said.first[:6]) < first:
        what = ", ".join(sorted(said.about))
        message = f"{what} begin with {said.letter} = {first}; the words begin with {said.first}"
        yield _finding("wrong-range", said, message)
    elif facts.last is not None and said.last.isdecimal() and int(said.last[:6]) > facts.last:
        message = f"the last layer is {facts.last}; the words go on to {said.last}"
        yield _finding("wrong-range", said, message)


def _width(said: Width, facts: Facts, all_said: tuple[Statement, ...]) -> Iterator[Finding]:
    """A width that the equations contradict, where another one shows that it is their network."""
    right = facts.width(said.layer)
    if right is None or right == said.neurons or not said.layer.isdecimal():
        return
    widths = [each for each in all_said if isinstance(each, Width)]
    same = {each.neurons for each in widths if each.layer == said.layer}
    agreed = any(facts.width(each.layer) == each.neurons for each in widths)
    if agreed and len(same) == 1:
        message = f"by the forward equation layer {said.layer} has {right} neurons"
        yield _finding("convention-clash", said, f"{message}; the words say {said.neurons}")
