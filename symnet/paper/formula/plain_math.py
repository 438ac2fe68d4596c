r"""Formulas in plain text as LaTeX: sum_i w_{ij} a_i, dC/dz^l, sigma(z), yhat.

>>> print(as_latex("sum_i w_{ij}^l a_i^{l-1} + b_j^l"))
\sum_i w_{ij}^l a_i^{l-1} + b_j^l
>>> print(as_latex("-dE/dnet_m"))
-\frac{\partial E}{\partial \mathrm{net}_m}
>>> print(as_latex("a^{l-1} W^l + b^l (row vectors)"), remarks("a^l (row vectors)"))
a^{l-1} W^l + b^l ('row vectors',)
"""

import re

SIGNS = (
    "sum", "prod", "sigma", "delta", "Delta", "eta", "theta", "Theta", "lambda", "Lambda", "alpha",
    "beta", "gamma", "phi", "varphi", "omega", "Omega", "mu", "nu", "epsilon", "rho", "tau", "psi",
    "tanh", "exp", "log", "ln", "nabla", "partial", "odot", "circ", "times", "cdot", "ell",
)  # fmt: skip
WORDS = ("softmax", "sigmoid", "logistic", "net", "relu", "ReLU", "diag", "in", "out")
_SIGN = re.compile(rf"(?<![\\A-Za-z])({'|'.join(SIGNS)})(?![A-Za-z])")
_WORD = re.compile(rf"(?<![\\A-Za-z{{])({'|'.join(WORDS)})(?![A-Za-z}}])")
_HAT = re.compile(r"(?<![\\A-Za-z])([A-Za-z])(hat|tilde|bar)(?![A-Za-z])")
_SCRIPTS = r"(?:[_^](?:\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|\\?\w+))*"
_DERIVATIVE = re.compile(
    rf"(?<![\\A-Za-z])d(cost|loss|[A-Z](?:_\w)?)/d(\\?[A-Za-z]+{_SCRIPTS}|\\[a-z]+\{{\w+\}}{_SCRIPTS})"
)
_REMARK = re.compile(r"\s*\(([a-z]+(?:[ -][a-z]+)+|[a-z]+s)\)\s*$")


def remarks(text: str) -> tuple[str, ...]:
    """What is said in words in brackets at the end."""
    return tuple(found[1] for found in [_REMARK.search(text)] if found is not None)


def as_latex(text: str) -> str:
    """The LaTeX of a formula that is typed as plain text; LaTeX stays as it is."""
    text = _REMARK.sub("", text)

    def derivative(found: re.Match[str]) -> str:
        cost = "C" if found[1] in ("cost", "loss") else found[1]
        return rf"\frac{{\partial {cost}}}{{\partial {found[2]}}}"

    text = _DERIVATIVE.sub(derivative, text)
    text = _HAT.sub(lambda found: rf"\{found[2]}{{{found[1]}}}", text)
    text = _SIGN.sub(lambda found: "\\" + found[1], text)
    return _WORD.sub(lambda found: rf"\mathrm{{{found[1]}}}", text)
