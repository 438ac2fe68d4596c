"""Formulas that are long or steep: proved as they stand or refused in words, and soon either way.

What a formula may cost is bounded by its degree, its parts and its monomials; a bound may leave
something unsaid, and never makes anything wrong be proved.
"""

import os
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import sympy

from symnet.calculus import scalar
from symnet.calculus.algebra import UndecidedError, in_order, vanishes
from symnet.calculus.branches import same
from symnet.calculus.certificate import CertificateError, dumps, loads
from symnet.calculus.checker import check
from symnet.calculus.instances import NUMBERS
from symnet.calculus.instances import slope as difference
from symnet.calculus.normal import TooLongError, normal
from symnet.calculus.proof import certify, derive, prove
from symnet.errors import NotYet
from symnet.network import notation as n
from symnet.network.architecture import Network
from symnet.network.functions import Activation, Z, typed_activation
from symnet.term import Apply, ScalarFunction, Term, add, mul, number, power, spell

SECONDS = 20  # it takes up to 3; a loaded machine takes longer


def nested(around: str, times: int) -> str:
    text = "z"
    for _ in range(times):
        text = around.format(text)
    return text


PROVED = {
    "quotients": " + ".join(f"1/(z**2 + {i})" for i in range(1, 61)),
    "quotients of exponentials": " + ".join(f"1/(exp(z) + {i})" for i in range(1, 51)),
    "power of a power": "(1 + (z + 1)**10)**10",
    "powers of sums": "((z + 1)**9 + (z + 2)**9 + exp(z))**11",
    "power of a sum": "(" + " + ".join(f"exp({i}*z)" for i in range(1, 9)) + ")**12",
    "product": "*".join(f"(z + {i})" for i in range(1, 41)),
    "tanh 45 deep": nested("tanh({})", 45),
    "sigmoid 20 deep": nested("1/(1+exp(-{}))", 20),
    "many kinks": " + ".join(f"abs(z - {i})" for i in range(1, 70)),
    "high power": "z**100",
    "high power of a sum": "(z**2 + 1)**50",
}
REFUSED = {
    "long product": "*".join(f"(z + {i})" for i in range(1, 101)),
    "product of quotients": "*".join(f"1/(1+exp(-{i}*z))" for i in range(1, 30)),
}


@pytest.mark.parametrize("name", PROVED)
def test_a_long_formula_is_proved_as_it_stands(name: str) -> None:
    start = time.process_time()
    proof = prove(Network("2-2-1", activation=typed_activation(PROVED[name])))
    assert proof.holds, str(proof)
    assert proof.certificate is not None
    assert check(loads(dumps(proof.certificate))) == ""
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_too_long_is_refused_in_words(name: str) -> None:
    start = time.process_time()
    with pytest.raises(NotYet, match="parts: too long to print"):
        prove(Network("2-2-1", activation=typed_activation(REFUSED[name])))
    assert time.process_time() - start < SECONDS


FORGED = {
    "tanh 100 deep": lambda z: z if z.count_ops() > 99 else FORGED["tanh 100 deep"](sympy.tanh(z)),
    "100 kinks": lambda z: sympy.Add(*(sympy.Abs(z - i) for i in range(1, 101))),
    "200 kinks": lambda z: sympy.Add(*(sympy.Abs(z - i) for i in range(1, 201))),
    "12 denominators": lambda z: sympy.Add(*(1 / (z**2 + i) for i in range(1, 13))),
    "119 denominators": lambda z: sympy.Add(*(1 / (z**2 + i) for i in range(1, 120))),
    "100 factors": lambda z: sympy.Mul(*(z + i for i in range(1, 101))),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_certificate_about_another_formula_is_refused_soon(name: str) -> None:
    """The lines are those of the sigmoid, the network says something long."""
    made = certify(derive(Network("2-2-1")))
    long = Network("2-2-1", activation=Activation("odd", FORGED[name](Z)))
    start = time.process_time()
    try:
        refusal = check(loads(dumps(replace(made, network=long))))
    except CertificateError as error:
        refusal = str(error)
    assert refusal
    assert time.process_time() - start < SECONDS


# --- what the bounds leave unsaid is not said ----------------------------------------------


def tower(depth: int) -> list[Term]:
    """1 - tanh², at each height of tanh in tanh."""
    factors, u = [], n.z(n.L, "j")
    for _ in range(depth):
        u = Apply(ScalarFunction("tanh", sympy.tanh(sympy.Symbol("z", real=True))), u)
        factors.append(add(number(1), mul(number(-1), u, u)))
    return factors


def test_a_product_too_long_to_multiply_out_is_compared_factor_by_factor() -> None:
    factors = tower(30)
    whole = mul(*factors)
    with pytest.raises(TooLongError):
        normal(whole)
    with pytest.raises(UndecidedError):
        vanishes(whole)
    again = [add(mul(number(-1), power(x.terms[1].factors[1], 2)), number(1)) for x in factors]
    assert same(whole, mul(*reversed(again)))
    for wrong in (mul(*factors[1:]), mul(number(2), whole), mul(whole, factors[3])):
        with pytest.raises(UndecidedError):
            same(add(whole, n.z(n.L, "j")), add(wrong, n.z(n.L, "j")))


def test_in_order_like_terms_stand_together() -> None:
    x, y = n.z(n.L, "j"), n.a(n.L, "j")
    assert in_order(add(mul(number(2), x), mul(number(4), y))) == in_order(
        mul(number(2), add(y, x, y))
    )
    assert in_order(add(x, mul(number(-1), x))) == number(0)
    assert in_order(mul(x, y)) != in_order(mul(x, x))
    assert spell(in_order(power(add(mul(number(2), x), mul(number(2), y)), 3))).startswith("8")


def test_whole_powers_beyond_what_is_multiplied_out_stay_whole() -> None:
    base = add(power(n.z(n.L, "j"), 2), number(1))
    assert vanishes(add(power(base, 50), mul(number(-1), power(base, 30), power(base, 20))))
    assert not vanishes(add(power(base, 50), mul(number(-1), power(base, 49))))


def test_a_slope_beside_a_large_value_keeps_its_places() -> None:
    def steep(z: object) -> object:
        return NUMBERS.exp(400) + NUMBERS.sin(z)

    assert abs(difference(steep, NUMBERS.mpf(1)) - NUMBERS.cos(1)) < NUMBERS.mpf(10) ** -30


def test_the_form_of_a_slope_does_not_depend_on_the_order_of_sets() -> None:
    code = (
        "from symnet.calculus.scalar import slope\n"
        "from symnet.network.functions import ACTIVATIONS\n"
        "print([slope(ACTIVATIONS[name].formula) for name in ('silu', 'mish', 'softsign')])"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(said) == 1


def test_degrees_are_counted_after_bringing_together() -> None:
    few, many = (sympy.Add(*(1 / (Z**2 + i) for i in range(1, m))) for m in (4, 40))
    assert scalar.forms_of(few)
    assert scalar.forms_of(many) == ()
