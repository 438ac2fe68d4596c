"""A derivation as a page to read: sections of equations, each line with the rule that led to it.

The page is made once, in records of strings; templates/report/ prints it as text or as LaTeX.

>>> from symnet.calculus.derivation import derive
>>> from symnet.network.architecture import Network
>>> page = derivation(derive(Network("3-2")), TEXT)
>>> [section.title for section in page.sections][:2]
['The network', 'The cost']
>>> page.sections[1].chains[0].result
"∂C/∂aᴸ = aᴸ − y"
"""

from dataclasses import dataclass

from symnet.calculus.derivation import Backpropagation, Derivation, Formula, numbers
from symnet.network import equations
from symnet.network import notation as n
from symnet.network.architecture import Network
from symnet.network.functions import Activation
from symnet.paper import writer
from symnet.paper.alphabet import LATEX, TEXT, Alphabet
from symnet.templating import render
from symnet.term import ARGUMENT, Equation

TEMPLATES = {"text": "report/derivation.txt.jinja", "latex": "report/derivation.tex.jinja"}
ALPHABETS = {"text": TEXT, "latex": LATEX}

WIDTH = 110  # the columns of a line of text


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chain of equalities, and the rule that led to it.

    Text has its lines laid out: `shown` are the physical lines, the rule beside or below them.
    """

    right: str
    rule: str
    shown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """left = the first line = … = the last; `result` is the whole in its shortest form."""

    text: str
    left: str
    lines: tuple[Line, ...]
    result: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, a sentence, equations with words beside them, and chains of equalities."""

    title: str
    text: str
    equations: tuple[tuple[str, str], ...]
    chains: tuple[Chain, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A derivation in the words of one alphabet: the context of a report template."""

    title: str
    sections: tuple[Section, ...]
    rules: tuple[tuple[str, str], ...]
