"""Certificates about networks that are none, and identities that hold for some numbers only.

A formula is true of the equations of a layer. Where these say less than they seem to (a layer that
is defined by itself, or by the weights of another), every line may follow and ∂C/∂w still be wrong.
"""

import contextlib
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import sympy

from symnet.calculus import branches
from symnet.calculus.algebra import MINUS, UndecidedError, canonical, form, summands, vanishes
from symnet.calculus.certificate import CertificateError, dumps, loads
from symnet.calculus.checker import check
from symnet.calculus.derivation import derive
from symnet.calculus.proof import certify, prove
from symnet.errors import ArchitectureError, EquationError
from symnet.network import notation as n
from symnet.network.architecture import Layer, Network
from symnet.network.equations import Definition
from symnet.network.functions import ACTIVATIONS, COSTS, Activation, Cost
from symnet.network.layers import define
from symnet.term import (
    ARGUMENT,
    Apply,
    Equation,
    Index,
    LayerNumber,
    ScalarFunction,
    Size,
    Sum,
    Symbol,
    Term,
    add,
    free_indices,
    mul,
    number,
    power,
)

BELOW = n.l.shift(-1)
J, K = n.on("j", n.l), n.below("k", n.l)
W, Z, A = n.w(n.l, "j", K), n.z(n.l, "j"), n.a(n.l, "j")
LINEAR = Sum(K, mul(W, n.a(BELOW, "k")))
TANH = ScalarFunction("tanh", sympy.tanh(ARGUMENT), n.l)
TWICE_BELOW = Index("q", n.neurons(n.l.shift(-2)))
LITERAL = Index("q", n.neurons(LayerNumber("", 2)))


def layer(z: Term = LINEAR, a: Term | None = None, *parameters: Symbol) -> Definition:
    a = Apply(TANH, Z) if a is None else a
    return Definition((Equation("z", Z, z), Equation("a", A, a)), (W, *parameters))


def named(name: str, formula: sympy.Expr) -> ScalarFunction:
    return ScalarFunction(name, formula, n.l)


def other(symbol: Symbol) -> Term:
    """A layer that multiplies with what belongs to another."""
    total: Term = symbol
    for index in symbol.indices:
        total = Sum(index, total)
    return mul(Apply(TANH, Z), total)


ODD: dict[str, tuple[Any, ...]] = {
    "defined by itself": (add(LINEAR, A),),
    "undeclared": (add(LINEAR, Symbol("q", n.l, (J,))),),
    "what two layers below gives": (LINEAR, other(Symbol("a", n.l.shift(-2), (TWICE_BELOW,)))),
    "the weights below": (LINEAR, other(Symbol("w", BELOW, (K, TWICE_BELOW)))),
    "a literal layer": (LINEAR, other(Symbol("a", LayerNumber("", 2), (LITERAL,)))),
    "the desired value": (LINEAR, mul(Symbol("y", None, (J,)), Apply(TANH, Z))),
    "a free index": (mul(W, n.a(BELOW, "k")),),
    "an index that is no letter": (Sum(Index("§1.0", K.axis), n.a(BELOW, "§1.0")),),
    "another axis": (Sum(J, mul(Symbol("w", n.l, (J, J)), n.a(BELOW, "k"))),),
    "two functions of one name": (
        LINEAR,
        mul(Apply(named("f", sympy.sin(ARGUMENT)), Z), Apply(named("f", sympy.cos(ARGUMENT)), Z)),
    ),
    "a function named σ": (LINEAR, Apply(named("σ", sympy.sin(ARGUMENT)), Z)),
    "tanh that is none": (LINEAR, Apply(named("tanh", sympy.sin(ARGUMENT)), Z)),
    "a function of nothing known": (LINEAR, Apply(ScalarFunction("f", None, n.l), Z)),
    "the target as a parameter": (LINEAR, None, Symbol("y", n.l, (J,))),
    "an error as a parameter": (LINEAR, None, Symbol("δ", n.l, (J,))),
    "a parameter that is defined": (LINEAR, None, Z),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_no_layer_is_refused(name: str) -> None:
    with pytest.raises(EquationError):
        layer(*ODD[name])


def test_a_certificate_of_what_is_no_layer_is_refused() -> None:
    made = Network.of(2, (Layer(2, None, width_of_two(layer())),), COSTS["quadratic"])
    text = dumps(certify(derive(made)))
    assert check(loads(text)) == ""
    data = json.loads(text)
    ((_, equations, *_),) = data["network"]["kinds"]
    equations[0][2] = ["+", equations[0][2], equations[1][1]]  # z = W x + a
    with pytest.raises(CertificateError, match="before it is defined"):
        loads(json.dumps(data))


def width_of_two(definition: Definition) -> Definition:
    return Definition(definition.equations, definition.parameters, (), (("n", 2),))


def test_a_name_stands_for_its_formula() -> None:
    text = dumps(certify(derive(Network([2, 2], Activation("own", ARGUMENT**3)))))
    assert check(loads(text)) == ""
    with pytest.raises(CertificateError, match="another activation"):
        loads(text.replace('"own"', '"tanh"'))
    text = dumps(certify(derive(Network([2, 2], cost="(a - y)**4"))))
    with pytest.raises(CertificateError, match="another cost"):
        loads(text.replace('"custom"', '"quadratic"'))
    normalised = Cost("quadratic", COSTS["quadratic"].formula, normalised=True)
    with pytest.raises(ArchitectureError, match="another cost"):
        Network.of(2, (Layer(2, ACTIVATIONS["tanh"]),), normalised)


def test_a_layer_is_as_wide_as_its_equations_make_it() -> None:
    own = define(
        ["z[j] = sum(k, w[j,k]*x[k])", "a[j] = tanh(z[j]) + x[j]"],
        {"w": "jk"}, axes={"j": 4}, inputs=4,
    )  # fmt: skip
    assert Network.of(4, (Layer(4, None, own),), COSTS["quadratic"]).L == 2
    with pytest.raises(ArchitectureError, match="equations make 3"):
        Network.of(3, (Layer(5, None, own),), COSTS["quadratic"])


@pytest.mark.parametrize(("f", "g"), [("tanh", "sigmoid"), ("silu", "relu"), ("tanh", "tanh")])
def test_activations_of_a_layer_are_told_apart(f: str, g: str) -> None:
    """What a layer below owes goes through both, each with its own slope."""

    def network(f: str, g: str) -> Network:
        own = define(
            [f"u[j] = {f}(sum(k, v[j,k]*x[k]))", f"z[j] = {g}(sum(k, w[j,k]*x[k]))",
             "a[j] = u[j]*z[j]"],
            {"v": "jk", "w": "jk"}, axes={"j": 2}, inputs=3,
        )  # fmt: skip
        layers = (Layer(3, ACTIVATIONS["relu"]), Layer(2, None, own))
        return Network.of(3, layers, COSTS["quadratic"])

    proof = prove(network(f, g))
    assert proof.holds, str(proof)
    assert proof.certificate is not None
    text = dumps(proof.certificate)
    swapped = json.loads(text)
    swapped["network"] = json.loads(dumps(certify(derive(network("softplus", g)))))["network"]
    assert check(loads(json.dumps(swapped))) != ""


# --- sums over functions with branches ---------------------------------------------------------

M = n.on("m", n.l)
ABS, SIGN = (ScalarFunction("f", f(ARGUMENT)) for f in (sympy.Abs, sympy.sign))


def u(index: Index) -> Symbol:
    return Symbol("u", n.l, (index,))


def nothing(term: Term) -> bool:
    try:
        return branches._nothing(canonical(term), frozenset(), 4)
    except UndecidedError:
        return False


def test_each_summand_has_a_sign_of_its_own() -> None:
    """Σ|u_k| is Σ u_k sgn u_k, and not (Σ u_k)(Σ sgn u_m)/n: that is so if all signs are one."""
    signs = Sum(M, Apply(SIGN, u(M)))
    sizes = Sum(J, Apply(ABS, u(J)))
    together = mul(power(Size(J.axis), -1), Sum(J, u(J)), signs)
    assert not nothing(add(sizes, mul(MINUS, together)))
    assert nothing(add(sizes, mul(MINUS, Sum(M, mul(u(M), Apply(SIGN, u(M)))))))
    exp = ScalarFunction("exp", sympy.exp(ARGUMENT))
    assert not nothing(add(Apply(exp, sizes), mul(MINUS, Apply(exp, together))))


def test_what_stands_free_in_an_opened_sum_is_not_captured() -> None:
    inside = mul(power(Sum(M, Symbol("w", n.l, (J, M))), -1), u(J))
    (term,) = summands(form(Sum(J, inside))).values()
    (index,) = free_indices(term)
    (again,) = summands(form(Sum(M, mul(term, u(M))))).values()
    assert index in free_indices(again)
    assert len(free_indices(again)) == 2


def test_an_index_of_a_certificate_is_a_letter() -> None:
    """Else it could be one of ours: Σ_k w_jk would read as Σ_k w_kk."""
    text = dumps(certify(derive(Network("2-2"))))
    for mark in ("§1.0", "·0", "°0", ""):
        with pytest.raises(CertificateError, match="index"):
            loads(text.replace('["j","n",["L",0]]', f'["{mark}","n",["L",0]]'))


# --- what takes long ---------------------------------------------------------------------------


def nested(sign: str, times: int, formula: Any) -> Any:
    for _ in range(times):
        formula = [sign, formula, "300"] if sign == "^" else [sign, formula]
    return formula


def formulas() -> Iterator[Any]:
    z = ["z"]
    yield ["+", z, nested("^", 5, "9")]
    yield ["+", z, nested("exp", 6, "10")]
    yield ["Max", z, nested("exp", 5, "10"), nested("exp", 4, "9")]
    yield ["cases", [z, ["<=", nested("exp", 5, "10"), "2"]], ["0", ["true"]]]
    yield ["cases", [z, ["<=", z, "0"]]]
    yield ["Max", *(["*", z, str(i)] for i in range(120))]
    yield ["*", *(["+", z, str(i)] for i in range(2000))]
    yield nested("Abs", 30, ["+", z, "1"])


@pytest.mark.parametrize("formula", list(formulas()), ids=lambda f: f"{len(str(f))} {f[0]}")
def test_a_formula_that_takes_long_is_refused_at_once(formula: Any) -> None:
    data = json.loads(dumps(certify(derive(Network([2, 2], Activation("own", ARGUMENT**3))))))
    data["network"]["kinds"][0][2] = formula
    started = time.perf_counter()
    with contextlib.suppress(CertificateError):
        assert check(loads(json.dumps(data))) != ""
    assert time.perf_counter() - started < 3


def test_powers_of_powers_are_not_multiplied_out() -> None:
    term: Term = add(u(J), u(M), number(1))
    for _ in range(3):
        term = power(term, 12)
    started = time.perf_counter()
    with pytest.raises(UndecidedError):
        vanishes(term)
    assert time.perf_counter() - started < 3


@pytest.mark.parametrize(
    "formula",
    [
        "1/(1 + exp(-123456*z))",
        "1/(1 + exp(-0.123456789*z)) + 1/(1 + exp(-0.987654321*z))",
        "erf(10**80*z)",
        "tanh(10**6*z)",
    ],
)
def test_steep_exponentials_are_no_large_polynomials(formula: str) -> None:
    started = time.perf_counter()
    assert prove(Network([2, 2], formula)).holds
    assert time.perf_counter() - started < 5


def test_kinks_deep_inside_each_other_are_refused_in_words() -> None:
    deep = "abs(" * 20 + "z" + " - 1)" * 20
    with pytest.raises(ArchitectureError, match="kinks inside each other"):
        Network([2, 2], deep)


# --- layers that are proved, or refused in words -----------------------------------------------


@pytest.mark.parametrize("a", ["abs(z[j])", "log(exp(z[j])*exp(2*z[j]))", "exp(2*log(z[j]))"])
def test_a_function_that_is_written_out_is_no_activation_of_the_books(a: str) -> None:
    """σ' of the books is the slope of an activation with a name; |z| has the slope that it has."""
    own = define(["z[j] = sum(k, w[j,k]*x[k])", f"a[j] = {a}"], {"w": "jk"}, axes={"j": 3})
    proof = prove(Network.of(3, (Layer(3, None, own),), COSTS["quadratic"]))
    assert proof.holds, str(proof)


def test_a_mean_of_a_number_runs_over_an_axis() -> None:
    texts = ["z[j] = mean(q, 3)*sum(k, w[j,k]*x[k])", "a[j] = tanh(z[j])"]
    own = define(texts, {"w": "jk"}, axes={"j": 3, "q": 2})
    assert prove(Network.of(3, (Layer(3, None, own),), COSTS["quadratic"])).holds
    with pytest.raises(EquationError, match="nothing says what q runs over"):
        define(texts, {"w": "jk"}, axes={"j": 3})
