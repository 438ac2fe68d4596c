"""Terms at the place of one entry as Python."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from symnet.paper.rerun.formulas import UnsayableError, number_text, numpy_text
from symnet.paper.rerun.names import Functions, Names
from symnet.paper.rerun.needs import Key, Needs, key_of, layer_of, quantity
from symnet.term import (
    Addition,
    Apply,
    Delta,
    Index,
    Number,
    Partial,
    Power,
    Product,
    Size,
    Sum,
    Symbol,
    Term,
    mul,
    number,
    power,
)

# How strongly Python binds.
SUM, SIGN, PRODUCT, ATOM = range(4)
Piece = tuple[str, int]

Places = Mapping[Index | str, str]  # what indices are called, by themselves and by their letters


def of_state(needs: Needs, text: str) -> str:
    """A function of what forward() returns."""
    return f"lambda {', '.join(needs.state)}: {text}".replace("lambda :", "lambda:")


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes terms as Python, with names for all that stands in them."""

    needs: Needs
    names: Names
    functions: Functions
    others: Mapping[Key, str]
    places: Places
    nudges: str = ""  # how those of the place are passed on

    def text(self, term: Term, at_least: int = SUM) -> str:
        """A term, in brackets if it binds less strongly than said."""
        text, strength = self._piece(term)
        return text if strength >= at_least else f"({text})"

    def _piece(self, term: Term) -> Piece:
        match term:
            case Number(value):
                strength = ATOM if value.denominator == 1 else PRODUCT
                return number_text(value), SIGN if value < 0 else strength
            case Size(axis):
                return str(self.needs.size(axis)), ATOM
            case Symbol():
                return self._symbol(term), ATOM
            case Delta(left, right):
                return f"({self._place(left)} == {self._place(right)})", ATOM
            case Apply(function, argument):
                if function.formula is not None and function.formula.is_number:
                    constant = numpy_text(function.formula)
                    return constant, ATOM if re.fullmatch(r"[\w.]+", constant) else SUM
                return f"{self.functions.called(function)}({self.text(argument)})", ATOM
            case Addition(terms):
                return self._addition(terms), SUM
            case Product() | Power():
                return self._product(term)
            case Sum():
                return self._sum(term), ATOM
            case Partial(of, by):
                return self._partial(of, by), ATOM

    def _addition(self, terms: Iterable[Term]) -> str:
        text = ""
        for term in terms:
            negative, rest = _sign(term)
            shown = self.text(rest, PRODUCT if negative else SIGN)
            if not text:
                text = f"-{shown}" if negative else shown
            else:
                text += f" {'-' if negative else '+'} {shown}"
        return text

    def _product(self, term: Product | Power) -> Piece:
        negative, rest = _sign(term)
        if negative:
            return f"-{self.text(rest, PRODUCT)}", SIGN
        above: list[str] = []
        below: list[str] = []
        for factor in term.factors if isinstance(term, Product) else (term,):
            if isinstance(factor, Power) and factor.exponent < 0:
                below.append(self._factor(power(factor.base, -factor.exponent)))
            else:
                above.append(self._factor(factor) if above else self._first(factor))
        return " / ".join([" * ".join(above) or "1", *below]), PRODUCT

    def _first(self, term: Term) -> str:
        return number_text(term.value) if isinstance(term, Number) else self._factor(term)

    def _factor(self, term: Term) -> str:
        """A factor, which may be a power."""
        if not isinstance(term, Power):
            return self.text(term, ATOM)
        if term.exponent == Fraction(1, 2):
            return f"np.sqrt({self.text(term.base)})"
        base = self.text(term.base, ATOM)
        whole = term.exponent.denominator == 1 and term.exponent > 0
        return f"{base}**{term.exponent}" if whole else f"{base}**({term.exponent})"

    def _sum(self, term: Term) -> str:
        """Sums inside each other are one sum over several letters."""
        loops, places = "", dict(self.places)
        while isinstance(term, Sum):
            index = term.index
            called = self.names.letter(index.name)
            if called in places.values():
                called = self.names.free(index.name)
            places |= {index: called, index.name: called}
            loops += f" for {called} in range({self.needs.size(index.axis)})"
            term = term.body
        return f"sum({replace(self, places=places).text(term)}{loops})"

    def _place(self, index: Index) -> str:
        found = self.places.get(index) or self.places.get(index.name)
        if found is None and not index.name.isdecimal():
            raise UnsayableError(f"nobody says what {index.name} is")
        return found or str(int(index.name) - 1)

    def _at(self, symbol: Symbol) -> str:
        return ", ".join(map(self._place, symbol.indices))

    def _symbol(self, symbol: Symbol) -> str:
        name, at = quantity(symbol), self._at(symbol)
        if name == "delta":
            return f"delta({layer_of(symbol)}, {at}{self.nudges})"
        if name is None:
            name = self.others[key_of(symbol)]
        elif name not in ("y", "C"):
            name += f"[{layer_of(symbol)}]"
        return f"{name}[{at}]" if at else name

    def _partial(self, of: Term, by: Symbol) -> str:
        name, at = quantity(by), self._at(by)
        place = at if len(by.indices) == 1 else f"({at})"
        if name == "delta":
            raise UnsayableError("a derivative by δ")
        if name is None:
            called = self.others[key_of(by)]
            where = f"{called}, {place}" if at else called
            return f"partial(lambda {called}: {self.text(of)}, {where})"
        inside = replace(self, nudges=", *nudges" if self.needs.nested else "").text(of)
        where = f'"{name}", {layer_of(by)}, {place}{self.nudges}'
        return f"slope({of_state(self.needs, inside)}, {where})"


def _sign(term: Term) -> tuple[bool, Term]:
    """Whether a term has a minus in front, and the term without it."""
    match term:
        case Number(value) if value < 0:
            return True, number(-value)
        case Product((Number(value), *_)) if value < 0:
            return True, mul(number(-1), term)
    return False, term
