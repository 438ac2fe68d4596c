"""One quantity of a network as people write it: ∂C/∂w_{21}^3, \\partial C/\\partial b_1^2, δ³.

>>> from symnet.network.architecture import Network
>>> from symnet.term import spell
>>> network = Network("2-3-4-1")
>>> spell(quantity(r"\\partial C/\\partial w_{21}^3", network))
'∂(C)/∂w3[2:n3,1:n2]'
>>> spell(quantity("δ^L", network))
'δ4[j:n4]'
>>> quantity("∂C/∂w_{51}^3", network)
Traceback (most recent call last):
    ...
symnet.errors.EquationError: layer 3 of 2-3-4-1 has the neurons 1 to 4, column 8:
    ∂C/∂w_{51}^3
           ^
"""

import re
import unicodedata
from collections.abc import Iterator

from lark import Lark, Token, Tree, UnexpectedInput

from symnet.errors import EquationError
from symnet.network import notation as n
from symnet.network.architecture import Network
from symnet.term import Axis, Index, LayerNumber, Partial, Symbol

# What a quantity is: a symbol, or the derivative of C by one. Scripts come in any order.
GRAMMAR = r"""
    start: derivative | symbol
    derivative: FRAC "{" PARTIAL symbol "}" "{" PARTIAL symbol "}"
              | PARTIAL symbol "/" PARTIAL symbol
              | "(" derivative ")"
    symbol: LETTER (SUB | SUP)*
          | STYLE "{" LETTER "}" (SUB | SUP)*

    FRAC: /\\[dt]?frac/
    PARTIAL: /\\partial|∂/
    STYLE: /\\(mathbf|boldsymbol|bm|vec|underline|mathrm)/
    LETTER: /\\delta|[A-Za-zδ]/
    SUB: /_\s*(\{[^{}]*\}|\([^()]*\)|\[[^\[\]]*\]|[A-Za-z0-9])|[₀-₉ⱼₖₚᵢ,]+/
    SUP: /\^\s*(\{[^{}]*\}|\([^()]*\)|\[[^\[\]]*\]|[A-Za-z0-9])|[⁰¹²³⁴⁵⁶⁷⁸⁹ᴸˡ⁺⁻]+/
    %ignore /\s+|\\[,;!]|\$|\\left|\\right/
"""
_PARSER = Lark(GRAMMAR, parser="lalr", propagate_positions=True)

EXAMPLE = r"as in \partial C/\partial w_{21}^3, ∂C/∂b_1^2 or δ_1^4"
_WRITTEN = {r"\delta": "δ", "W": "w", "B": "b", "Z": "z", "A": "a"}
_ARITY = {"w": 2, "b": 1, "z": 1, "a": 1, "δ": 1}
_LONGEST = 1000  # characters; no quantity is longer


def quantity(text: str, network: Network) -> Symbol | Partial:
    """A symbol of the network or the derivative of its cost by one, at a numbered layer.

    Indices that are not written are general: δ^3 is δ_j^3. Raises EquationError that points at the
    place.
    """
    if len(text) > _LONGEST:
        raise EquationError(f"{len(text)} characters are too many for one quantity")
    try:
        tree = _PARSER.parse(text)
    except UnexpectedInput as error:
        start = min(error.pos_in_stream or 0, len(text)) if error.pos_in_stream != -1 else len(text)
        wanted = f"expected a derivative of the cost or a quantity of the network, {EXAMPLE}"
        if re.search(r"[_^]\w$", text[:start]) and re.match(r"\w", text[start:]):
            wanted = "a script of several signs stands in braces, as in w_{21}^3"
        raise EquationError(wanted, text=text or " ", start=start) from None
    (read,) = tree.children
    assert isinstance(read, Tree)
    while read.data == "derivative" and len(list(_trees(read))) == 1:
        (read,) = _trees(read)  # the brackets around a derivative
    if read.data == "symbol":
        return _symbol(read, text, network, input_too=True)
    over, under = _trees(read)
    _cost(over, text)
    by = _symbol(under, text, network, input_too=False)
    if by.name == "δ":
        start, end = _span(under)
        message = "δ is itself a derivative, ∂C/∂z; ask for δ, or for one by w, b, z or a"
        raise EquationError(message, text=text, start=start, length=end - start)
    return Partial(n.COST, by)


def _trees(tree: Tree[Token]) -> Iterator[Tree[Token]]:
    return (child for child in tree.children if isinstance(child, Tree))


def _cost(of: Tree[Token], text: str) -> None:
    tokens = [token for token in of.children if isinstance(token, Token)]
    (letter,) = (token for token in tokens if token.type == "LETTER")
    if letter != "C" or any(token.type in ("SUB", "SUP") for token in tokens):
        start, end = _span(of)
        raise EquationError(
            "symnet derives the cost: the numerator is \\partial C",
            text=text,
            start=start,
            length=end - start,
        )


def _span(of: Tree[Token]) -> tuple[int, int]:
    return of.meta.start_pos, of.meta.end_pos


def _symbol(of: Tree[Token], text: str, network: Network, *, input_too: bool) -> Symbol:
    tokens = [token for token in of.children if isinstance(token, Token)]
    (letter,) = (token for token in tokens if token.type == "LETTER")
    name = _WRITTEN.get(letter, str(letter))
    if name not in _ARITY:
        raise _at(letter, text, f"a network has w, b, z, a and δ, not {letter}; {EXAMPLE}")
    number = LayerNumber("", _layer(name, letter, tokens, text, network, input_too=input_too))
    axes = [n.neurons(number), n.neurons(number.shift(-1))][: _ARITY[name]]
    return Symbol(name, number, tuple(_indices(name, axes, tokens, text, network)))


def _layer(
    name: str, letter: Token, tokens: list[Token], text: str, network: Network, *, input_too: bool
) -> int:
    """The number of the layer, which is the superscript."""
    first = 1 if name == "a" and input_too else 2
    wanted = f"a layer from {first} to {network.L} as its superscript, {EXAMPLE}"
    found = [token for token in tokens if token.type == "SUP"]
    if len(found) != 1:
        raise _at(found[-1] if found else letter, text, f"{letter} needs {wanted}")
    shown = _plain(found[0])
    number = network.L if shown == "L" else int(shown) if re.fullmatch(r"\d{1,6}", shown) else 0
    if shown == "l":
        general = "for a general layer l, leave --of away; here"
        raise _at(found[0], text, f"{general} {letter} needs {wanted}")
    if not first <= number <= network.L:
        raise _at(
            found[0], text, f"{network} has no {name} in layer {shown}; {letter} needs {wanted}"
        )
    return number


def _indices(
    name: str, axes: list[Axis], tokens: list[Token], text: str, network: Network
) -> Iterator[Index]:
    """The indices of a subscript: 21 of a weight is 2, 1; without a subscript they are general."""
    found = [token for token in tokens if token.type == "SUB"]
    if not found:
        yield from (Index(letter, axis) for letter, axis in zip((n.J, n.K), axes, strict=False))
        return
    shown = _plain(found[-1])
    parts = re.split(r"[,\s]+", shown.strip(", "))
    if len(parts) == 1 and len(axes) == 2 and len(shown) == 2:
        parts = list(shown)
    if len(found) > 1 or len(parts) != len(axes):
        needs = "two indices, such as w_{21} or w_{2,10}" if len(axes) == 2 else "one index"
        raise _at(found[-1], text, f"{name} has {needs}, not {shown!r}")
    if len(set(parts)) < len(parts) and not parts[0].isdigit():
        raise _at(found[-1], text, "two indices have two letters, or are numbers")
    for part, axis in zip(parts, axes, strict=True):
        yield Index(_value(part, axis, found[-1], text, network), axis)


def _value(part: str, axis: Axis, token: Token, text: str, network: Network) -> str:
    """A neuron by its number, or a letter for any."""
    if re.fullmatch(r"[a-mo-z]", part):
        return part
    size = network.sizes[axis.layer.offset - 1]
    last = size if isinstance(size, int) else None
    if re.fullmatch(r"[1-9]\d{0,9}", part) and (last is None or int(part) <= last):
        return part
    neurons = f"the neurons 1 to {size}" if last != 1 else "one neuron"
    raise _at(token, text, f"layer {axis.layer} of {network} has {neurons}", part)


def _plain(script: Token) -> str:
    """What a script says, without braces and raised or lowered letters."""
    plain = re.sub(r"^[_^]\s*", "", unicodedata.normalize("NFKC", script))
    return re.sub(r"[{}()\[\]]", "", plain).strip()


def _at(token: Token, text: str, message: str, part: str = "") -> EquationError:
    start = token.start_pos or 0
    inside = str(token).find(part) if part else 0
    length = len(part) if part else len(token)
    return EquationError(message, text=text, start=start + max(inside, 0), length=length)
