r"""What a context says in words: "sigmoid f", "1/2 sum (a_i^L - t_i)^2", "yhat target".

>>> activation("sigmoid f"), activation("g^{[l]}, elementwise")
(('sigmoid', ('f',)), ('abstract', ('g',)))
>>> cost("E = 1/2 sum (y-yhat)^2")
Cost(name='quadratic', letters=('E',), output='\\hat{y}', target='y')
>>> cost(r"C = \sum_{i=1}^{n_L}{(y_i - a_i^L)^2}").name
'squared_error'
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from symnet.network.functions import ACTIVATIONS
from symnet.paper.formula.plain_math import as_latex

_ASIDE = re.compile(
    r",?\s*\b((acts? |applied )?(element|component|entry|unit).?wise|[a-z]\S* (is the )?output"
    r"|each its own|hidden( layers)?|everywhere)\b", re.IGNORECASE
)  # fmt: skip
_FUNCTION = re.compile(r"(\\?[A-Za-z]+)(?:[_^]\{?[\[(]?[a-z][\])]?\}?)?")
_ARGUMENT = re.compile(r"(?<=[A-Za-z}\]])\((?:z|x|u|a|\\cdot|\.)(?:\^\{?\(?l\)?\}?)?\)")
_LOGISTIC = re.compile(r"1 ?/ ?\(1 ?\+ ?(?:e\^\{?-[a-z]\}?|\\exp\(-[a-z]\))\)")
# Words that say of a function no more than that there is one.
_NOTHING = frozenset({
    "abstract", "arbitrary", "some", "any", "function", "functions", "activation", "the", "a", "an",
    "nonlinearity", "non_linearity", "nonlinear", "non_linear", "differentiable", "smooth", "each",
    "unspecified", "not", "specified", "generic", "general", "given", "scalar", "is", "of", "layer",
    "units", "neurons", "unknown",
})  # fmt: skip
_LETTERS = frozenset({"f", "g", "h", "s", r"\sigma", r"\varphi", r"\phi", r"\psi", r"\theta"})
_HALF = (
    r"(?:(?:\(?1/2\)?|\\frac\{?1\}?\{?2\}?|\\tfrac12|0\.5)\s*(?:\*|\\cdot|\\times)?\s*(?P<half>))?"
)
_SYMBOL = r"\\?[A-Za-z]+(?:\{\w+\})?(?:[_^](?:\{[^{}]*\}|\w))*"
_SQUARES = re.compile(
    rf"{_HALF}\s*(?:\\sum(?:_(?:\{{[^{{}}]*\}}|\w))?\s*)*\s*(?P<open>\(|\\\||\|\|?)\s*"
    rf"(?P<one>{_SYMBOL})\s*-\s*(?P<other>{_SYMBOL})\s*(?:\)|\\\||\|\|?)(?:_2)?\^\{{?2\}}?"
)
NAMES = {
    "cross-entropy": "cross-entropy", "binary-cross-entropy": "binary cross-entropy",
    "log-loss": "cross-entropy", "logistic-loss": "cross-entropy", "quadratic": "quadratic",
    "squared-error": "squared_error", "log-likelihood": "log_likelihood",
}  # fmt: skip
_NAMED = re.compile(
    rf"(?:the )?({'|'.join(NAMES).replace('-', '[- ]')})(?: (?:cost|loss))?"
    r",? (?:averaged?|summed|mean|sum) (?:over|of) .*", re.IGNORECASE
)  # fmt: skip
# -[y log ŷ + (1-y) log(1-ŷ)], and -Σ y log ŷ.
_BINARY = re.compile(r"^-.*\\(?:log|ln)\b.*\+\s*\(1\s*-\s*\S+\)\s*\\(?:log|ln)")
_LOG = re.compile(
    rf"^-\s*(?:\\sum(?:_(?:\{{[^{{}}]*\}}|\w))?)?\s*(?P<target>{_SYMBOL})\s*\\(?:log|ln)\s*"
    rf"\(?(?P<output>{_SYMBOL})\)?$"
)
_LETTER = re.compile(r"^\s*(\\?[A-Za-z]+(?:_\w)?)\s*(?:=|\()")
_ROLE = re.compile(
    r"(\S+?)\s+(?:is |are )?(?:the )?(target|desired|output|network output|label)s?\b"
)
TARGETS = ("t", "d", r"\hat{t}", "y")
# What says no more than that there is a cost: "J", "E_n", "C, abstract", "the loss L".
_ANY = re.compile(
    r"(?:(?:the|an?|some|any|abstract|arbitrary|general|generic|loss|cost|error|function)\s+)*"
    r"(?P<letter>(?:\\math\w+\{\w\}|\\ell|[A-Z])(?:[_^](?:\{[^{}]*\}|\(\w\)|\w))?)"
    r"(?:\([\w\s,;\\^]*\))?(?:,?\s*(?:abstract|arbitrary|unspecified|general|any|some|is|the|an?"
    r"|differentiable|scalar|loss|cost|error|function|of one (?:sample|example|pattern)))*"
)
# What a sum runs over says nothing of the cost of one sample: \sum_{k=1}^{n_L} (a_k - y_k)^2.
_LIMITS = re.compile(
    r"\\sum(?:\\limits)?\s*(?:_(?:\{[^{}]*\}|\w))?\s*(?:\^(?:\{(?:[^{}]|\{[^{}]*\})*\}|\w))?"
)
_OF_SAMPLE = re.compile(r"(?<=[\w}])\(x\)(?!\s*=)")  # y(x) - a^L(x)
_BRACED_SUM = re.compile(r"(\\sum )\{(.*)\}$")
_MEAN = re.compile(
    r"(?:(?P<half>\(1/2[nmN]\)|1/\(2[nmN]\)|\\frac\{1\}\{2[nmN]\})|\(1/[nmN]\)|1/[nmN]|\\frac\{1\}\{[nmN]\})"
    r"\s*\\sum(?:_\w)?\s*(?=\|\||\\\||\\sum)"
)


@dataclass(frozen=True, slots=True)
class Cost:
    """A cost by its name, its letters, and what output and target are called."""

    name: str | None = None
    letters: tuple[str, ...] = ()
    output: str = ""
    target: str = ""


def activation(said: str) -> tuple[str, tuple[str, ...]]:
    """The name of an activation, "abstract" where none is known, and the letters that it has."""
    text = _ASIDE.sub("", as_latex(said)).strip(" ,;")
    text = re.sub(r"\\mathrm\{(\w+)\}", r"\1", text)
    text = _LOGISTIC.sub("sigmoid", text)
    text = _ARGUMENT.sub("", text)
    words = [x for x in re.split(r"[\s,;:=()]+", text) if x]
    known, letters, rest = "", [], []
    for word in words:
        name = word.lower().replace("-", "_")
        name = {"logistic": "sigmoid", "linear": "identity"}.get(name, name)
        found = _FUNCTION.fullmatch(word)
        if name in ACTIVATIONS and known in ("", name):
            known = name
        elif found is not None and (found[1] in _LETTERS or len(found[1]) == 1):
            letters.append(found[1])
        elif name not in _NOTHING:
            rest.append(word)
    if rest:
        return said, tuple(letters)
    return known or "abstract", tuple(letters)


def cost(said: str, local: Mapping[str, str] | None = None) -> Cost:
    """What is said of the cost; no name where it is not understood."""
    text = _BRACED_SUM.sub(r"\1\2", _LIMITS.sub(r"\\sum ", as_latex(said)).rstrip())
    text = _OF_SAMPLE.sub("", text)
    letter = _LETTER.match(text)
    found = Cost(letters=(letter[1],) if letter and len(letter[1]) <= 3 else ())
    roles = {**_roles(said), **{as_latex(str(k)): str(v) for k, v in (local or {}).items()}}
    # Of one sample a mean over samples has what is summed.
    text = _MEAN.sub(lambda mean: "1/2 " if mean["half"] else "", text)
    squares = _SQUARES.search(text)
    named = _NAMED.fullmatch(said.strip())
    if named is not None:
        return replace(found, name=NAMES[named[1].lower().replace(" ", "-")])
    whole = _ANY.fullmatch(text.strip())
    if whole is not None:
        return replace(found, name="abstract", letters=(whole["letter"],))
    alone = (text[len(letter[0]) :] if letter else text).strip(" .")
    if _BINARY.match(alone):
        return replace(found, name="binary-cross-entropy")
    logs = _LOG.match(alone)
    if logs is not None:
        output, target = _bare(logs["output"]), _bare(logs["target"])
        return replace(found, name="log_likelihood", output=output, target=target)
    if squares is None:
        rest = text[len(letter[0]) :] if letter else text
        arguments = (
            re.fullmatch(r"[\w\s,;\\^]*\)", rest) if "(" in text[: len(text) - len(rest)] else None
        )
        return replace(found, name="abstract") if arguments else found
    one, other = (_bare(squares[x]) for x in ("one", "other"))
    before = text[: squares.start()].removeprefix(letter[0] if letter else "").strip(" =")
    after = text[squares.end() :].strip(" .,;")
    halved = re.match(r"/ ?2(?![\w(])", after)
    after = after[halved.end() :].strip(" .,;") if halved else after
    name = "quadratic" if halved or squares["half"] is not None else "squared_error"
    if before or (after and not _ROLE.search(after)):
        name = ""
    output, target = _told_apart(one, other, squares["one"], squares["other"], roles)
    return replace(found, name=name or None, output=output, target=target)


def _roles(said: str) -> dict[str, str]:
    return {as_latex(found[1]): found[2] for found in _ROLE.finditer(said)}


def _bare(symbol: str) -> str:
    """A symbol without its scripts."""
    found = re.match(r"\\?[A-Za-z]+(?:\{\w+\})?", symbol)
    assert found is not None
    return found[0]


def _told_apart(
    one: str, other: str, first: str, second: str, roles: Mapping[str, str]
) -> tuple[str, str]:
    """Which of both is the output, and which the target."""
    for x, y in ((one, other), (other, one)):
        if re.search("target|desired|label", roles.get(x, "")):
            return y, x
        if "output" in roles.get(x, ""):
            return x, y
    for x, y, own in ((one, other, first), (other, one, second)):
        if "L" in own[len(x) :] or x == "a":
            return x, y
        if x.startswith(r"\hat"):
            return x, y
    for x, y in ((one, other), (other, one)):
        if x in TARGETS[:2]:
            return y, x
    return "", ""
