"""A proof as data: each formula with all its lines, for whom it may concern to check again.

A certificate holds the network, as equations and formulas, and for each formula the lines of its
derivation with the rules that led to them. `dumps` and `loads` are JSON and back; what is read is
taken apart tag by tag, and nothing in it is ever executed.

>>> from symnet.network.architecture import Network
>>> made = Certificate(Network("2-1"), (), ())
>>> loads(dumps(made)) == made
True
"""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, assert_never

import sympy

from symnet.errors import SymnetError
from symnet.network.architecture import Layer, Network
from symnet.network.equations import LETTERS, Definition, Shared
from symnet.network.functions import PENALTIES, ZS, A, Activation, Cost, J, N, P, Y
from symnet.term import (
    ARGUMENT,
    Addition,
    Apply,
    Axis,
    Delta,
    Equation,
    Index,
    LayerNumber,
    Number,
    Partial,
    Power,
    Product,
    ScalarFunction,
    Size,
    Sum,
    Symbol,
    Term,
)

FORMAT = "symnet certificate 1"


class CertificateError(SymnetError):
    """A file that is no certificate."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a derivation: by which rule it came, and what stands there."""

    rule: str
    after: Term


@dataclass(frozen=True, slots=True)
class Chapter:
    """The derivation of one formula, for all layers that it covers: its lines, after the goal.

    `general` leaves σ and C arbitrary, `special` goes on from there with those of the network.
    """

    label: str
    layers: tuple[int, ...]
    sought: Symbol
    goal: Symbol | Partial
    general: tuple[Line, ...]
    special: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Certificate:
    """All derivations of a network, the one of its cost first."""

    network: Network
    cost: tuple[Line, ...]
    chapters: tuple[Chapter, ...]

    @property
    def digest(self) -> str:
        """What names it: the SHA-256 of its JSON."""
        return hashlib.sha256(dumps(self).encode()).hexdigest()


def dumps(certificate: Certificate) -> str:
    """A certificate as JSON, one chapter a line."""
    head = {"format": FORMAT, "network": _network(certificate.network)}
    lines = [
        f'"{key}": {json.dumps(value, ensure_ascii=False, separators=(",", ":"))}'
        for key, value in head.items()
    ]
    cost = json.dumps(_lines(certificate.cost), ensure_ascii=False, separators=(",", ":"))
    chapters = ",\n".join(
        json.dumps(_chapter(each), ensure_ascii=False, separators=(",", ":"))
        for each in certificate.chapters
    )
    return "{" + ",\n".join([*lines, f'"cost": {cost}', f'"chapters": [\n{chapters}\n]']) + "}\n"


def loads(text: str) -> Certificate:
    """The certificate that JSON says. Raises CertificateError where it says none."""
    try:
        data = json.loads(text)
        _require(isinstance(data, dict), "the file")
        if data.get("format") != FORMAT:
            raise CertificateError(f"the file is no certificate: its format is not {FORMAT!r}")
        read = _Reader()
        return Certificate(
            read.network(data["network"]),
            read.lines(data["cost"]),
            tuple(map(read.chapter, read.list_of(data["chapters"]))),
        )
    except KeyError as error:
        raise CertificateError(f"the certificate lacks {error}") from None
    except json.JSONDecodeError as error:
        raise CertificateError(
            f"the file is no certificate: no JSON, line {error.lineno} column {error.colno}",
            hint="symnet prove NET --certificate FILE writes one",
        ) from None
    except (
        RecursionError, ArithmeticError, AttributeError, ValueError,
        TypeError, IndexError,
    ) as error:  # fmt: skip
        raise CertificateError(f"the file is no certificate: {error}"[:300]) from None
    except CertificateError:
        raise
    except SymnetError as error:
        raise CertificateError(f"the file is no certificate: {error}") from None


# --- writing -------------------------------------------------------------------------------


def _chapter(chapter: Chapter) -> dict[str, Any]:
    return {
        "label": chapter.label,
        "layers": list(chapter.layers),
        "sought": _term(chapter.sought),
        "goal": _term(chapter.goal),
        "general": _lines(chapter.general),
        "special": _lines(chapter.special),
    }


def _lines(lines: tuple[Line, ...]) -> list[Any]:
    return [[line.rule, _term(line.after)] for line in lines]


def _network(network: Network) -> dict[str, Any]:
    kinds: list[Any] = []
    layers = []
    for layer in network.layers:
        kind = _kind(layer)
        if kind not in kinds:
            kinds.append(kind)
        layers.append([layer.size, kinds.index(kind)])
    cost = network.cost
    return {
        "inputs": network.inputs,
        "kinds": kinds,
        "layers": layers,
        "cost": [
            cost.name, _formula(cost.formula), cost.normalised, cost.classifies, list(cost.targets)
        ],
        "shared": [[each.letter, each.size, each.mean] for each in network.shared],
        "penalties": [penalty.name for penalty in network.penalties],
    }  # fmt: skip


def _kind(layer: Layer) -> Any:
    if layer.own is None:
        assert layer.activation is not None
        return ["dense", layer.activation.name, _formula(layer.activation.formula)]
    own = layer.own
    return [
        "own",
        [[each.label, _term(each.left), _term(each.right)] for each in own.equations],
        [_term(symbol) for symbol in own.parameters],
        [_term(symbol) for symbol in own.given],
        [[name, size] for name, size in own.axes],
    ]


def _layer(layer: LayerNumber | None) -> Any:
    return None if layer is None else [layer.name, layer.offset]


def _axis(axis: Axis) -> Any:
    return [axis.name, _layer(axis.layer)]


def _index(index: Index) -> Any:
    return [index.name, *_axis(index.axis)]


def _function(function: ScalarFunction) -> Any:
    formula = None if function.formula is None else _formula(function.formula)
    return [function.name, formula, _layer(function.layer), function.order]


def _term(term: Term) -> Any:
    match term:
        case Number(value):
            return ["n", str(value)]
        case Size(axis):
            return ["size", _axis(axis)]
        case Symbol(name, layer, indices):
            return ["s", name, _layer(layer), [_index(index) for index in indices]]
        case Delta(left, right):
            return ["delta", _index(left), _index(right)]
        case Apply(function, argument):
            return ["f", _function(function), _term(argument)]
        case Power(base, exponent):
            return ["^", _term(base), str(exponent)]
        case Product(factors):
            return ["*", *map(_term, factors)]
        case Addition(terms):
            return ["+", *map(_term, terms)]
        case Sum(index, body):
            return ["sum", _index(index), _term(body)]
        case Partial(of, by, direct):
            return ["d", _term(of), _term(by), direct]
    assert_never(term)


_SYMBOLS = {"z": ARGUMENT, "a": A, "y": Y, "n": N, "j": J, "p": P}
_CONSTANTS = {"pi": sympy.pi, "e": sympy.E}
_RELATIONS = {"<=": sympy.Le, "<": sympy.Lt, ">=": sympy.Ge, ">": sympy.Gt}
_CHOICES = ("Abs", "sign", "Max", "Min")
_FUNCTIONS = {
    name: getattr(sympy, name)
    for name in (
        *("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan"),
        *("asinh", "erf", "Abs", "sign", "Max", "Min", "Heaviside"),
    )
}


def _formula(x: sympy.Basic) -> Any:
    match x:
        case sympy.Rational():
            return f"{x.p}/{x.q}" if x.q != 1 else str(x.p)
        case sympy.Symbol() if _SYMBOLS.get(x.name) == x:
            return [x.name]
        case sympy.NumberSymbol():
            return [str(x).lower()]
        case sympy.Add():
            return ["+", *map(_formula, x.args)]
        case sympy.Mul():
            return ["*", *map(_formula, x.args)]
        case sympy.Pow():
            return ["^", _formula(x.base), _formula(x.exp)]
        case sympy.Indexed() if x.base == ZS:
            return ["z[]", *map(_formula, x.indices)]
        case sympy.Sum():
            return ["sum", _formula(x.function), _formula(x.limits[0][0])]
        case sympy.Piecewise():
            return ["cases", *([_formula(value), _formula(holds)] for value, holds in x.args)]
        case sympy.core.relational.Relational() if x.rel_op in _RELATIONS:
            return [x.rel_op, _formula(x.lhs), _formula(x.rhs)]
        case sympy.logic.boolalg.BooleanTrue():
            return ["true"]
        case sympy.core.function.Application() if type(x).__name__ in _FUNCTIONS:
            return [type(x).__name__, *map(_formula, x.args)]
    raise CertificateError(f"the formula {x} cannot be written into a certificate")


# --- reading -------------------------------------------------------------------------------


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise CertificateError(f"the certificate says something else than {what}")


def _odd(data: Any) -> CertificateError:
    return CertificateError(f"the certificate has something odd: {json.dumps(data)[:80]}")


_FRACTION = re.compile(r"-?[0-9]{1,200}(/[0-9]{1,200})?")
DEEPEST = 150  # records inside each other
MOST_PARTS = 1000  # of a formula, as many as a typed one has characters
MOST_CHOICES = 20  # of max and min
MOST_CASES = 128  # a sum of |z - c| that can be typed has fewer
FARTHEST = 1000  # a number at which a function or a power is looked up


def _moderate(formula: sympy.Basic) -> bool:
    """Whether a number is one that is computed at once; what is no number is none that is."""
    return not formula.is_number or bool(abs(formula) <= FARTHEST)


def _size(data: Any) -> int:
    """How many records a formula has."""
    waiting, found = [data], 0
    while waiting and found <= 2 * MOST_PARTS:
        part = waiting.pop()
        found += 1
        waiting += part if isinstance(part, list) else []
    return found


class _Reader:
    """Records of JSON. Each wrong turn is a CertificateError."""

    def list_of(self, data: Any, length: int | None = None) -> list[Any]:
        _require(isinstance(data, list) and length in (None, len(data)), f"a list of {length}")
        found: list[Any] = data
        return found

    def text(self, data: Any) -> str:
        _require(isinstance(data, str) and len(data) <= 100, "a name")
        return str(data)

    def whole(self, data: Any) -> int:
        _require(type(data) is int and abs(data) <= 10**9, "a whole number")
        return int(data)

    def flag(self, data: Any) -> bool:
        _require(isinstance(data, bool), "true or false")
        return bool(data)

    def size(self, data: Any) -> int | str:
        if isinstance(data, str):
            _require(len(data) == 1 and data.isalpha(), "a width")
            return data
        found = self.whole(data)
        _require(found >= 1, "a width")
        return found

    def fraction(self, data: Any) -> Fraction:
        _require(isinstance(data, str) and bool(_FRACTION.fullmatch(data)), "a number")
        _require(int(data.partition("/")[2] or 1) != 0, "a number")
        return Fraction(data)

    def network(self, data: Any) -> Network:
        _require(isinstance(data, dict), "a network")
        kinds = [self.kind(each) for each in self.list_of(data["kinds"])]
        layers = []
        for each in self.list_of(data["layers"]):
            size, kind = self.list_of(each, 2)
            layers.append(kinds[self.whole(kind)](self.size(size)))
        _require(bool(layers), "a network")
        name, formula, normalised, classifies, targets = self.list_of(data["cost"], 5)
        low, high = map(self.whole, self.list_of(targets, 2))
        cost = Cost(
            self.text(name), self.formula(formula), self.flag(normalised), self.flag(classifies),
            (low, high),
        )  # fmt: skip
        shared = tuple(
            Shared(self.text(letter), self.size(size), self.flag(mean))
            for letter, size, mean in (self.list_of(x, 3) for x in self.list_of(data["shared"]))
        )
        penalties = tuple(PENALTIES[self.text(each)] for each in self.list_of(data["penalties"]))
        return Network.of(self.size(data["inputs"]), tuple(layers), cost, shared, penalties)

    def kind(self, data: Any) -> Callable[[int | str], Layer]:
        match self.list_of(data):
            case ["dense", name, formula]:
                activation = Activation(self.text(name), self.formula(formula))
                return lambda size: Layer(size, activation)
            case ["own", equations, parameters, given, axes]:
                definition = Definition(
                    tuple(map(self.equation, self.list_of(equations))),
                    tuple(map(self.symbol, self.list_of(parameters))),
                    tuple(map(self.symbol, self.list_of(given))),
                    tuple(
                        (self.text(name), self.size(size))
                        for name, size in (self.list_of(x, 2) for x in self.list_of(axes))
                    ),
                )
                _require(bool(definition.equations), "a layer")
                return lambda size: Layer(size, None, definition)
        raise _odd(data)

    def equation(self, data: Any) -> Equation:
        label, left, right = self.list_of(data, 3)
        return Equation(self.text(label), self.symbol(left), self.term(right))

    def lines(self, data: Any) -> tuple[Line, ...]:
        pairs = (self.list_of(each, 2) for each in self.list_of(data))
        return tuple(Line(self.text(rule), self.term(after)) for rule, after in pairs)

    def chapter(self, data: Any) -> Chapter:
        _require(isinstance(data, dict), "a chapter")
        goal = self.term(data["goal"])
        _require(isinstance(goal, Symbol | Partial), "a goal")
        assert isinstance(goal, Symbol | Partial)
        return Chapter(
            self.text(data["label"]),
            tuple(map(self.whole, self.list_of(data["layers"]))),
            self.symbol(data["sought"]),
            goal,
            self.lines(data["general"]),
            self.lines(data["special"]),
        )

    def layer(self, data: Any) -> LayerNumber | None:
        if data is None:
            return None
        name, offset = self.list_of(data, 2)
        return LayerNumber(self.text(name), self.whole(offset))

    def axis(self, name: Any, layer: Any) -> Axis:
        number = self.layer(layer)
        _require(number is not None, "an axis")
        assert number is not None
        return Axis(self.text(name), number)

    def index(self, data: Any) -> Index:
        name, axis, layer = self.list_of(data, 3)
        _require(isinstance(name, str) and bool(LETTERS.fullmatch(name)), "an index")
        return Index(name, self.axis(axis, layer))

    def symbol(self, data: Any) -> Symbol:
        found = self.term(data)
        _require(isinstance(found, Symbol), "a symbol")
        assert isinstance(found, Symbol)
        return found

    def function(self, data: Any) -> ScalarFunction:
        name, formula, layer, order = self.list_of(data, 4)
        plain = None if formula is None else self.formula(formula)
        times = self.whole(order)
        _require(0 <= times <= 4, "a derivative")
        return ScalarFunction(self.text(name), plain, self.layer(layer), times)

    def term(self, data: Any, depth: int = 0) -> Term:
        _require(depth < DEEPEST, "a term of moderate depth")

        def inner(part: Any) -> Term:
            return self.term(part, depth + 1)

        match self.list_of(data):
            case ["n", value]:
                return Number(self.fraction(value))
            case ["size", [name, layer]]:
                return Size(self.axis(name, layer))
            case ["s", name, layer, indices]:
                own = tuple(map(self.index, self.list_of(indices)))
                return Symbol(self.text(name), self.layer(layer), own)
            case ["delta", left, right]:
                return Delta(self.index(left), self.index(right))
            case ["f", function, argument]:
                return Apply(self.function(function), inner(argument))
            case ["^", base, exponent]:
                return Power(inner(base), self.fraction(exponent))
            case ["*", *factors]:
                return Product(tuple(map(inner, factors)))
            case ["+", *terms]:
                return Addition(tuple(map(inner, terms)))
            case ["sum", index, body]:
                return Sum(self.index(index), inner(body))
            case ["d", of, by, direct]:
                return Partial(inner(of), self.symbol(by), self.flag(direct))
        raise _odd(data)

    def formula(self, data: Any, depth: int = 0) -> sympy.Expr:
        _require(depth < DEEPEST, "a formula of moderate depth")
        _require(depth > 0 or _size(data) <= 2 * MOST_PARTS, "a formula of moderate length")
        if isinstance(data, str):
            value = self.fraction(data)
            return sympy.Rational(value.numerator, value.denominator)

        def inner(parts: list[Any]) -> list[sympy.Expr]:
            return [self.formula(part, depth + 1) for part in parts]

        match self.list_of(data):
            case [str(name)] if name in _SYMBOLS:
                return _SYMBOLS[name]
            case [str(name)] if name in _CONSTANTS:
                return _CONSTANTS[name]
            case ["true"]:
                return sympy.true
            case ["+", *parts]:
                return sympy.Add(*inner(parts))
            case ["*", *parts]:
                return sympy.Mul(*inner(parts))
            case ["^", base, exponent]:
                under, over = inner([base, exponent])
                _require(not over.is_number or abs(over) <= 10_000, "a moderate power")
                if under.is_number and over.is_number:
                    large = under.is_Rational and max(abs(under.p), under.q) > 10**12
                    _require(abs(over) <= 300 and not large, "a power of moderate numbers")
                return under**over
            case ["z[]", index]:
                return ZS[self.formula(index, depth + 1)]
            case ["sum", body, letter]:
                return sympy.Sum(self.formula(body, depth + 1), (self.formula(letter), 1, N))
            case ["cases", *branches] if len(branches) <= MOST_CASES:
                return sympy.Piecewise(*(tuple(inner(self.list_of(b, 2))) for b in branches))
            case [str(name), left, right] if name in _RELATIONS:
                return _RELATIONS[name](*inner([left, right]))
            case [str(name), *parts] if name in _FUNCTIONS and 0 < len(parts) <= MOST_CHOICES:
                given = inner(parts)
                _require(name in _CHOICES or all(map(_moderate, given)), "a moderate number")
                return _FUNCTIONS[name](*given)
        raise _odd(data)
