"""Several samples, networks without biases of their own, penalties: proofs and values agree."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product

import pytest

from symnet.calculus.claim import holds
from symnet.calculus.counterexample import Instance, MissingError, Setting, compare
from symnet.network import notation as n
from symnet.network.functions import ACTIVATIONS, COSTS, SGN
from symnet.term import (
    Apply,
    Delta,
    Index,
    Partial,
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

l, below = n.l, n.l.shift(-1)
s, t = Index("s", n.SAMPLES), Index("t", n.SAMPLES)
j, k, i = n.on("j", l), n.below("k", l), n.on("i", n.L)
h = n.on("h", l.shift(1))
w, b, λ = Symbol("w", l, (j, k)), n.b(l, "j"), Symbol("λ")
C = n.at_sample(n.COST, s)
MEAN = power(Size(n.SAMPLES), -1)
COST = mul(MEAN, Sum(s, C))


def a(sample: Index = s) -> Symbol:
    return n.at_sample(n.a(below, "k"), sample)


def z(sample: Index = s) -> Symbol:
    return n.at_sample(n.z(l, "j"), sample)


def δ(sample: Index = s) -> Symbol:
    return n.at_sample(n.delta(l, "j"), sample)


def slope(argument: Term) -> Term:
    return Apply(ScalarFunction("σ", None, None, 1), argument)


def top(name: str, sample: Index = s) -> Symbol:
    return n.at_sample(Symbol(name, n.L, (i,)), sample)


PULLED = Sum(h, mul(Symbol("w", l.shift(1), (h, j)), Symbol("δ", l.shift(1), (h, s))))
Y = Symbol("y", None, (i, s))

TRUE: dict[str, tuple[Term, Term]] = {
    "weights of one sample": (Partial(C, w), mul(a(), δ())),
    "weights": (Partial(COST, w), mul(MEAN, Sum(s, mul(a(), δ())))),
    "a mean of slopes": (Partial(COST, w), mul(MEAN, Sum(s, Partial(C, w)))),
    "slope of the mean": (Partial(COST, z(t)), mul(MEAN, δ(t))),
    "each its own cost": (Partial(C, z(t)), mul(Delta(s, t), δ(t))),
    "BP1": (top("δ"), mul(Partial(C, top("a")), slope(top("z")))),
    "BP2": (δ(), mul(PULLED, slope(z()))),
    "BP2 without a summand": (Partial(COST, z()), mul(MEAN, PULLED, slope(z()))),
    "layer to layer": (
        Partial(n.at_sample(n.a(l, "j"), s), a(t)),
        mul(Delta(s, t), w, slope(z())),
    ),
    "squares": (
        Partial(add(COST, mul(λ, n.SQUARES)), w),
        add(Partial(COST, w), mul(number(2), λ, w)),
    ),
    "absolute values": (
        Partial(add(COST, mul(λ, n.ABSOLUTES)), w),
        add(Partial(COST, w), mul(λ, Apply(ScalarFunction("sgn", SGN), w))),
    ),
    "no penalty on activations": (
        Partial(add(COST, mul(λ, n.SQUARES)), z()),
        mul(MEAN, δ()),
    ),
    "the product rule": (
        Partial(mul(C, n.SQUARES), w),
        add(mul(n.SQUARES, a(), δ()), mul(number(2), C, w)),
    ),
}  # fmt: skip
FALSE: dict[str, tuple[Term, Term]] = {
    "no mean": (Partial(COST, w), Sum(s, mul(a(), δ()))),
    "another sample's activation": (Partial(C, w), mul(a(t), δ())),
    "sums of both": (Partial(COST, w), mul(MEAN, Sum(s, a()), Sum(s, δ()))),
    "no mean in the slope": (Partial(COST, z()), δ()),
    "a sample knows of another": (Partial(C, z(t)), δ(t)),
    "BP2 at another sample": (δ(), mul(PULLED, slope(z(t)))),
    "BP1 at another sample": (top("δ"), mul(Partial(C, top("a")), slope(top("z", t)))),
    "half the penalty": (
        Partial(add(COST, mul(λ, n.SQUARES)), w),
        add(Partial(COST, w), mul(λ, w)),
    ),
    "no sign": (
        Partial(add(COST, mul(λ, n.ABSOLUTES)), w),
        add(Partial(COST, w), λ),
    ),
    "no penalty on weights": (Partial(add(COST, mul(λ, n.SQUARES)), w), Partial(COST, w)),
    "a penalty on activations": (
        Partial(add(COST, mul(λ, n.SQUARES)), z()),
        add(mul(MEAN, δ()), mul(λ, z())),
    ),
}  # fmt: skip
SETTINGS = {
    "arbitrary": Setting(None, None),
    "quadratic": Setting(None, COSTS["quadratic"].formula),
    "sigmoid": Setting(ACTIVATIONS["sigmoid"].formula, COSTS["cross_entropy"].formula),
    "no bias": Setting(None, None, bias=False),
    "normalised": Setting(None, COSTS["log_likelihood"].formula, normalised=True),
}


def differences(left: Term, right: Term, setting: Setting) -> Iterator[bool]:
    """Whether both sides differ, at all places of two networks where both exist."""
    letters = sorted(free_indices(left) | free_indices(right), key=lambda index: index.name)
    for widths in ((3, 2, 4), (2, 4, 3, 5)):
        for layer in range(2, len(widths)):
            for values in product((1, 2), repeat=len(letters)):
                at: Mapping[Index | str, int] = dict(zip(letters, values, strict=True))
                yield compare(left, right, setting, widths, {"l": layer}, at, 5) is not None


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("sides", TRUE.values(), ids=TRUE)
def test_what_holds_is_proved_and_holds_at_numbers(
    sides: tuple[Term, Term], setting: Setting
) -> None:
    assert holds(*sides, setting) == ""
    assert not any(differences(*sides, setting))


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("sides", FALSE.values(), ids=FALSE)
def test_what_fails_is_not_proved_and_fails_at_numbers(
    sides: tuple[Term, Term], setting: Setting
) -> None:
    assert holds(*sides, setting)
    assert any(differences(*sides, setting))


def test_biases_are_there_or_not() -> None:
    penalised = Partial(add(COST, mul(λ, n.SQUARES)), b)
    slopes = mul(MEAN, Sum(s, δ()))
    assert holds(penalised, slopes, Setting(None, None)) == ""
    assert not any(differences(penalised, slopes, Setting(None, None)))
    arriving = Sum(k, mul(w, n.a(below, "k")))
    without = Setting(None, None, bias=False)
    assert holds(n.z(l, "j"), arriving, without) == ""
    assert not any(differences(n.z(l, "j"), arriving, without))
    assert holds(n.z(l, "j"), arriving, Setting(None, None))
    assert any(differences(n.z(l, "j"), arriving, Setting(None, None)))
    with pytest.raises(MissingError, match="no biases"):
        Instance((2, 3, 2), without, 1).value(b, {"l": 2}, {"j": 1})


def test_targets_add_up_in_each_sample_and_not_over_samples() -> None:
    normalised = SETTINGS["normalised"]
    q, one = n.on("q", n.L), number(1)
    of_one_sample, of_one_output = Sum(q, Symbol("y", None, (q, s))), Sum(s, Y)
    assert holds(of_one_sample, one, normalised) == ""
    assert not any(differences(of_one_sample, one, normalised))
    assert holds(of_one_output, one, normalised)
    assert any(differences(of_one_output, one, normalised))


def test_one_sample_and_several_do_not_mix() -> None:
    assert "side by side" in holds(Partial(C, w), mul(n.a(below, "k"), δ()), Setting(None, None))


def test_samples_share_weights_and_differ_in_what_they_are_given() -> None:
    network = Instance((2, 3, 2), Setting(None, None), seed=1)
    first, second = network.at(1), network.at(2)
    assert first.weights(2) == second.weights(2) == network.weights(2)
    assert first.biases(2) == second.biases(2)
    assert first.cost_coefficients() == second.cost_coefficients()
    assert len({first.inputs(), second.inputs(), network.inputs()}) == 3
    assert first.a(3, ()) != second.a(3, ())
    value = network.value(Size(n.SAMPLES), {}, {})
    assert value == network.samples
    assert (
        network.value(n.at_sample(n.a(l, "j"), s), {"l": 2}, {"j": 1, "s": 2})
        == (second.a(2, ())[0])
    )
    with pytest.raises(MissingError):
        network.value(n.at_sample(n.a(l, "j"), s), {"l": 2}, {"j": 1, "s": network.samples + 1})


def test_decimals_are_given_up_in_all_samples_at_once() -> None:
    network = Instance((2, 3, 2), replace(SETTINGS["sigmoid"], cost=None), seed=1)
    both = add(*(n.at_sample(n.a(l, "j"), Index(x, n.SAMPLES)) for x in "12"))
    total = network.value(both, {"l": 2}, {"j": 1})
    parts = [network.at(x).a(2, ())[0] for x in (1, 2)]
    assert not network.exact
    assert abs(total - sum(parts)) < 1e-40
