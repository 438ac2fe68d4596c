"""What a context says of the last layer: softmax beside another σ, its cost, what y is.

>>> parted("g^{[l]}, softmax output")
('g^{[l]}', 'softmax')
>>> parted("tanh")
('tanh', '')
>>> cost_name("cross-entropy", softmax=True), cost_name("cross-entropy", softmax=False)
('log_likelihood', 'cross_entropy')
"""

import re

SOFTMAX = re.compile(r"(the )?soft-?max( function| activation)?", re.IGNORECASE)
_LAST = r"(?:at |in |on |for )?(?:the |a )?(?:output|last|final|top)(?: layer| units?| neurons?)?"
_PARTED = (
    re.compile(
        rf"hidden(?: layers?)?\s*[:=]?\s*(?P<below>\w+)\s*[,;]\s*{_LAST}\s*[:=]?\s*soft-?max",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?P<below>.*?)(?:,|;|\band\b|\bwith\b|\bthen\b)?\s*(?:a |the )?soft-?max\s*(?:{_LAST})?",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?P<below>.*?)(?:,|;|\band\b)?\s*{_LAST}\s*(?:is |: ?|= ?)?(?:a )?soft-?max",
        re.IGNORECASE,
    ),
)
_BELOW = re.compile(
    r"\s*(?:(?:in|at|for|on) (?:the )?)?hidden(?: layers?| units?)?$", re.IGNORECASE
)
PER_LAYER = re.compile(r"(\\?[a-zA-Z]+)\^\{?[\[(]?l[\])]?\}?")  # g^{[l]}
_COSTS = {
    "categorical_cross_entropy": "log_likelihood",
    "softmax_cross_entropy": "log_likelihood",
    "negative_log_likelihood": "log_likelihood",
    "nll": "log_likelihood",
    "binary_cross_entropy": "cross_entropy",
}
_TARGETS: tuple[tuple[str, tuple[bool, bool]], ...] = (
    (r"\bnot\b.*(one.?hot|sum)", (False, False)),
    (r"one.?hot|class (number|label|index)", (True, True)),
    (r"unnormali[sz]ed|arbitrary|any|not normali[sz]ed|real", (False, False)),
    (r"normali[sz]ed|sums? to (one|1)|probabilit|distribution|soft", (True, False)),
)


def parted(said: str) -> tuple[str, str]:
    """What is said of the layers below, and of the last one; empty where nothing is."""
    text = said.strip()
    if SOFTMAX.fullmatch(text):
        return "", "softmax"
    for pattern in (_PARTED[0], *reversed(_PARTED[1:])):
        found = pattern.fullmatch(text)
        if found is not None:
            below = _BELOW.sub("", found["below"].strip().rstrip(",;").strip())
            return re.sub(r",?\s*element-?wise$", "", below), "softmax"
    return text, ""


def cost_name(said: str, *, softmax: bool) -> str:
    """The name of a cost. After softmax cross-entropy is -Σ y ln a, as everywhere."""
    name = said.strip().lower().replace("-", "_").replace(" ", "_")
    name = _COSTS.get(name, name)
    if softmax and name == "cross_entropy" and "binary" not in said.lower():
        return "log_likelihood"
    return name


def target(said: str) -> tuple[bool, bool] | None:
    """Whether Σ y = 1, and whether y is one-hot; None where that is not understood."""
    if re.search(r"\bnot (an? )?(one.?hot|normali[sz]ed)", said, re.IGNORECASE):
        return False, False
    for words, found in _TARGETS:
        if re.search(words, said, re.IGNORECASE):
            return found
    return None
