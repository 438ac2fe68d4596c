r"""NumPy's functions as pages print them: np.sum(dZ, axis=1, keepdims=True), np.dot(W, A).

>>> from symnet.paper.signs.notation import NIELSEN
>>> from symnet.paper.meaning.elaboration import Elaborator
>>> from symnet.paper.formula.reader import read
>>> from symnet.paper.meaning.reading import Layers
>>> elaborator = Elaborator(NIELSEN, Layers())
>>> elaborator.arrays.shape(elaborator.value(read(r"np.sum(W^l, axis=1)").statements[0]))
'n_l × 1'
"""

from collections.abc import Callable
from fractions import Fraction

import sympy

from symnet.paper.formula import syntax as s
from symnet.paper.meaning.arrays import Array, Arrays, Value
from symnet.paper.meaning.formulas_of_one import exponential
from symnet.paper.signs.misfits import Misfit, Unclear
from symnet.term import ARGUMENT, Apply, Number, ScalarFunction, Size, Sum, Term, mul, number, power

PREFIXES = ("np.", "numpy.")
LOGARITHM = ScalarFunction("log", sympy.log(ARGUMENT))


def is_call(node: s.Node) -> bool:
    """Whether a name is that of a function of NumPy."""
    return isinstance(node, s.Name) and node.text.startswith(PREFIXES)


def call(name: s.Name, inside: s.Node, arrays: Arrays, value: Callable[[s.Node], Value]) -> Value:
    """What a call is. Raises Unclear for what is not known here, Misfit where shapes clash."""
    function = name.text.split(".", 1)[1]
    items = inside.items if isinstance(inside, s.Listed) else (inside,)
    named = dict(_named(x) for x in items if isinstance(x, s.Chain))
    given = [value(x) for x in items if not isinstance(x, s.Chain)]
    strange = set(named) - {"axis", "keepdims"}
    if strange:
        raise Unclear(f"{sorted(strange)[0]} of {name.text} is not understood", name)
    if function in TWO and len(given) == 2 and not named:
        return TWO[function](arrays, *given)
    if function in ONE and len(given) == 1 and not named:
        return arrays.map(given[0], ONE[function])
    if function == "power" and len(given) == 2 and not named:
        return _power(arrays, given[0], given[1], name)
    if function in ("sum", "mean") and len(given) == 1:
        return _summed(given[0], named.get("axis", ""), function == "mean", arrays, name)
    if function == "transpose" and len(given) == 1 and not named:
        return arrays.transposed(given[0])
    raise Unclear(f"{name.text} is not understood", name)


def _named(chain: s.Chain) -> tuple[str, str]:
    match chain:
        case s.Chain(sides=(s.Name(text=key), s.Name(text=said)), relations=("=",)):
            return key, said
        case s.Chain(sides=(s.Name(text=key), s.Number(text=said)), relations=("=",)):
            return key, said
    raise Unclear("this argument is not understood", chain)


def _summed(value: Value, axis: str, mean: bool, arrays: Arrays, node: s.Node) -> Value:
    """The sum, or the mean, over rows, columns or all."""
    if not isinstance(value, Array) or axis not in ("", "0", "1"):
        raise Unclear("over what is summed here?", node)
    if axis == "1" and not value.rows and not value.cols:
        raise Misfit("a number has no axis 1", node)
    if axis == "1" and not value.cols:
        raise Unclear("this is one column: is a matrix of all examples meant?", node)
    along = {"": (*value.rows, *value.cols), "0": value.rows, "1": value.cols}[axis]
    term: Term = value.term
    for index in along:
        term = Sum(index, term)
        if mean:
            term = mul(power(Size(index.axis), -1), term)
    rows = () if axis in ("", "0") else value.rows
    cols = () if axis in ("", "1") else value.cols
    return Array(rows, cols, term)


def _power(arrays: Arrays, base: Value, exponent: Value, node: s.Node) -> Value:
    """np.power(A, 2): entry by entry."""
    match exponent:
        case Array(rows=(), cols=(), term=Number(value=value)):
            return arrays.map(base, lambda x: power(x, value))
    raise Unclear("this exponent is not understood", node)


def _quotient(arrays: Arrays, one: Value, other: Value) -> Value:
    return arrays.times(one, arrays.map(other, lambda x: power(x, -1)))


def _applied(formula: sympy.Expr) -> Callable[[Term], Term]:
    """A function of NumPy that SymPy has as well, entry by entry."""
    function = ScalarFunction(type(formula).__name__, formula)
    return lambda x: Apply(function, x)


TWO: dict[str, Callable[[Arrays, Value, Value], Value]] = {
    "subtract": lambda arrays, one, other: arrays.add(
        one, arrays.map(other, lambda x: mul(number(-1), x))
    ),
    "dot": lambda arrays, one, other: arrays.dot(one, other),
    "matmul": lambda arrays, one, other: arrays.dot(one, other),
    "multiply": lambda arrays, one, other: arrays.times(one, other),
    "divide": _quotient,
    "add": lambda arrays, one, other: arrays.add(one, other),
    "outer": lambda arrays, one, other: arrays.dot(one, arrays.transposed(other)),
}
ONE: dict[str, Callable[[Term], Term]] = {
    "square": lambda x: power(x, 2),
    "exp": exponential,
    "log": lambda x: Apply(LOGARITHM, x),
    "sqrt": lambda x: power(x, Fraction(1, 2)),
    "tanh": _applied(sympy.tanh(ARGUMENT)),
    "sinh": _applied(sympy.sinh(ARGUMENT)),
    "cosh": _applied(sympy.cosh(ARGUMENT)),
    "sin": _applied(sympy.sin(ARGUMENT)),
    "cos": _applied(sympy.cos(ARGUMENT)),
    "tan": _applied(sympy.tan(ARGUMENT)),
}
