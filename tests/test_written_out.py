"""The reference of the second judge: SymPy's derivative of a network that is written out."""

from dataclasses import replace
from fractions import Fraction

import pytest
import sympy
import written_out as components
from meaning import Measured, close, mp
from written_out import WrittenOut, compare, entries, right_side

from symnet.calculus.derivation import derive, numbers
from symnet.network import notation as n
from symnet.network.architecture import Network
from symnet.term import (
    Delta,
    Equation,
    Index,
    Partial,
    Size,
    Sum,
    Symbol,
    Term,
    add,
    equation_at,
    mul,
    number,
    power,
)


def as_numbers(world: Measured) -> dict[str, object]:
    """Values for the symbols that the judge writes: w12_3, b1_2, x1, y1."""
    found: dict[str, object] = {}
    for (name, l, indices), value in world.given.items():
        digits = "".join(str(i + 1) for i in indices)
        found["x" + digits if name == "a" else f"{name}{digits}_{l}"] = value
    return found | {f"y{j + 1}": y for j, y in enumerate(world.y)}


def measured(expression: sympy.Expr, world: Measured) -> object:
    values = as_numbers(world)
    at = {s: sympy.Float(str(values[s.name]), 40) for s in expression.free_symbols}
    opaque = expression.atoms(components._Arbitrary)
    exponentials = {e: sympy.exp(*e.args) for e in opaque}
    return mp.mpf(str(expression.xreplace(exponentials).subs(at).evalf(30)))


@pytest.mark.parametrize(("text", "cost"), [("2-3-2", "quadratic"), ("1-2:softmax", "quadratic")])
def test_what_is_written_out_is_the_network(text: str, cost: str) -> None:
    """With σ and C of the output layer by their formulas: the value that a network computes."""
    network = Network(text.replace("-3-", "-3:identity-"), cost=cost)
    # The layer that is `named` has its own activation; the others must have none to be seen.
    world = Measured(network)
    written = WrittenOut(network, network.L)
    for layer in range(2, network.L):
        written.a[layer] = written.z[layer]
    if network.L == 2:
        for j, a in enumerate(written.a[2]):
            assert close(measured(a, world), world.now["a", 2, (j,)])
        assert close(measured(written.cost, world), world.now["C", 0, ()])
    for j, z in enumerate(written.z[2]):
        assert close(measured(z, world), world.now["z", 2, (j,)])


def instance(text: str = "2-2-2") -> WrittenOut:
    return WrittenOut(Network(text))


@pytest.mark.parametrize(("text", "layer"), [("2-2-2", 2), ("2-3-2-1", 3), ("1-2:softmax-2", 2)])
def test_formulas_are_sympys_derivative(text: str, layer: int) -> None:
    network = Network(text, cost="quadratic")
    derived = derive(network)
    for formula in derived.formulas:
        if layer not in formula.layers:
            continue
        equation = equation_at(formula.general.result, numbers(network, layer))
        count, mismatch = compare(equation, layer, WrittenOut(network))
        assert mismatch is None
        sizes = [network.sizes[i.axis.layer.offset - 1] for i in index_of(equation)]
        assert count == int(sympy.prod(sizes))


def index_of(equation: Equation) -> tuple[Index, ...]:
    left = equation.left.by if isinstance(equation.left, Partial) else equation.left
    assert isinstance(left, Symbol)
    return left.indices


def test_entries_are_all_of_them_once() -> None:
    equation = equation_at(
        Equation("BP3", Partial(n.COST, n.w(n.l, n.J, n.below(n.K, n.l))), number(0)),
        numbers(Network("2-3-1"), 2),
    )
    assert list(entries(equation, instance("2-3-1"))) == [
        (j, k) for j in range(3) for k in range(2)
    ]


# --- a formula in components ---------------------------------------------------------------

AT = numbers(Network("2-2-2"), 3)
J, K = n.on("j", n.l), n.below("k", n.l)
w12, w22 = sympy.symbols("w12_3 w22_3", real=True)
b1, b2 = sympy.symbols("b1_3 b2_3", real=True)
P = n.on("p", n.l)


@pytest.mark.parametrize(
    ("right", "expected"),
    [
        (number(Fraction(1, 2)), sympy.Rational(1, 2)),
        (Size(J.axis), sympy.Integer(2)),
        (n.b(n.l, "j"), b1),
        (Symbol("w", n.l, (J, K)), w12),
        (Delta(J, J), sympy.Integer(1)),
        (Sum(P, Delta(J, P)), sympy.Integer(1)),
        (Sum(P, n.b(n.l, "p")), b1 + b2),
        (Sum(P, Symbol("w", n.l, (P, K))), w12 + w22),
        (power(n.b(n.l, "j"), -2), b1**-2),
        (add(n.b(n.l, "j"), mul(number(3), n.b(n.l, "j"))), 4 * b1),
        # A sum over j hides the j outside.
        (mul(n.b(n.l, "j"), Sum(J, n.b(n.l, "j"))), b1 * (b1 + b2)),
    ],
)
def test_a_right_side_at_an_entry(right: Term, expected: sympy.Expr) -> None:
    """j = 1 and k = 2, of layer 3."""
    left = Partial(n.COST, Symbol("w", n.l, (J, K)))
    equation = equation_at(Equation("BP3", left, right), AT)
    assert sympy.expand(right_side(equation, 3, (0, 1), instance()) - expected) == 0


@pytest.mark.parametrize(
    "right",
    [
        Symbol("q", n.l, (J,)),  # no such quantity
        Symbol("b", n.l.shift(1), (J,)),  # no such layer
        Symbol("b", n.l.shift(-2), (J,)),
        Symbol("w", n.l.shift(-2), (J, K)),
        Symbol("b", n.l, (P,)),  # nothing says what p is
        Symbol("z", n.l.shift(-2), (J,)),
        Partial(n.COST, Symbol("q", n.l, (J,))),
        Partial(n.b(n.l, "j"), n.b(n.l, "j"), direct=True),
        Sum(n.on("p", n.l.shift(4)), number(1)),
    ],
)
def test_what_has_no_component_is_a_mismatch_and_no_crash(right: Term) -> None:
    left = Partial(n.COST, Symbol("w", n.l, (J, K)))
    equation = equation_at(Equation("BP3", left, right), AT)
    count, mismatch = compare(equation, 3, instance())
    assert count == 1
    assert mismatch is not None
    assert mismatch.indices == (1, 1)
    assert "not worked out" in mismatch.formula


def test_a_mismatch_names_the_entry() -> None:
    """Right for w_11, wrong for w_12: the first index at which it fails, from 1."""
    network = Network("2-2")
    right = derive(network).formula("BP3", 2)
    wrong = replace(right, right=mul(right.right, Delta(*same_axis(right))))
    assert compare(wrong, 2, WrittenOut(network))[1] is not None


def same_axis(equation: Equation) -> tuple[Index, Index]:
    j, k = index_of(equation)
    return j, Index(k.name, j.axis)


# --- windows -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["784-128:relu-64:relu-10:softmax", "30-20:tanh-20:softmax-3:softmax", "n-30-k", "9-9-9-9-9"],
)
def test_a_window_shows_the_layer_and_its_neighbours(text: str) -> None:
    network = Network(text)
    for layer in range(2, network.L + 1):
        for label in ("BP1" if layer == network.L else "BP2", "BP3", "BP4"):
            window, inside = components.window(network, label, layer)
            assert all(isinstance(size, int) for size in window.sizes)
            assert window.cost == network.cost
            # The error of a hidden layer comes from one above it; the others look no further up.
            assert inside + (label == "BP2") == window.L
            if label in ("BP1", "BP2"):
                own = network.layer(layer).activation
                assert window.layer(inside).activation == own
            if network.sizes == window.sizes:
                continue
            # The widths themselves, or a rectangle, where a transposed weight has another shape.
            sizes = network.sizes[layer - 2 : layer - 2 + window.L]
            assert window.sizes in (sizes, (2, 3, 2)[: window.L])


# --- vanishing -----------------------------------------------------------------------------

x, z = sympy.symbols("x z", real=True)
s = components.arbitrary("s")
R = sympy.Piecewise((0, z <= 0), (z, True))


@pytest.mark.parametrize(
    ("expression", "zero"),
    [
        (sympy.Integer(0), True),
        (x - x * 1, True),
        ((x + z) ** 2 - x**2 - 2 * x * z - z**2, True),
        (z / (2 + z**2) - z / (z**2 + 2), True),
        ((2 - z**2) / (z**2 + 2) ** 2 - (1 / (z**2 + 2) - 2 * z**2 / (z**2 + 2) ** 2), True),
        (sympy.exp(x + z) - sympy.exp(x) * sympy.exp(z), True),
        (sympy.exp(-x) - 1 / sympy.exp(x), True),
        (1 - sympy.tanh(z) ** 2 - sympy.cosh(z) ** -2, True),
        (s(x) * s(z) - s(z) * s(x), True),
        (s(x + z) - s(z + x), True),
        (sympy.diff(s(x * z), x) - z * components.arbitrary("s", 1)(x * z), True),
        (R - R, True),
        (sympy.diff(R, z) - sympy.Piecewise((0, R <= 0), (1, True)), True),
        (x, False),
        (x**2 - sympy.Abs(x) * x, False),
        (sympy.exp(x) - sympy.exp(z), False),
        (sympy.exp(2 * x) - sympy.exp(x), False),
        (s(x) - s(z), False),
        (s(x) - components.arbitrary("s", 1)(x), False),
        (s(x) - components.arbitrary("t")(x), False),
        (R - z, False),
        (sympy.diff(R, z) - sympy.Piecewise((0, z < 0), (1, True)), False),  # at the kink
        (sympy.diff(R, z) - 1, False),
        (sympy.log(x**2) - 2 * sympy.log(x), False),
    ],
    ids=str,
)
def test_what_vanishes(expression: sympy.Expr, zero: bool) -> None:
    assert components.vanishes(expression, branches=True) is zero


def test_arbitrary_functions_have_derivatives_and_nothing_else() -> None:
    first, second = components.arbitrary("s", 1), components.arbitrary("s", 2)
    assert sympy.diff(s(x**2), x) == 2 * x * first(x**2)
    assert sympy.diff(s(x), x, 2) == second(x)
    cost = components.arbitrary_cost(2)
    by_one = sympy.diff(cost(x, z), x)
    assert by_one.func is components.arbitrary_cost(2, (1,))
    assert sympy.diff(cost(x, z), x, z) == sympy.diff(cost(x, z), z, x)
