"""Reasons: each names what its step is about, and what it says of it is so."""

import re

import pytest

from symnet.calculus.derivation import Backpropagation, Step, derive
from symnet.calculus.rules import RULES
from symnet.network.architecture import Network
from symnet.paper.writing.reasons import ABOUT, reason
from symnet.term import Delta, Partial, Symbol, mentions, walk

NETWORKS = ("2-3-4-1", "3-2:softmax", "4-3:softmax-2", "2-3:relu-2:identity", "2-3:tanh-2:softmax")


def steps(name: str) -> list[Step]:
    derived: Backpropagation = derive(Network(name))
    return list(derived.steps)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_reason_is_whole(name: str) -> None:
    for step in steps(name):
        words, terms = reason(step)
        assert words.count("{}") == len(terms)
        assert not re.search(r"\{(?!\})|\.$|  ", words)
        # What a reason speaks of stands in the line before, or in the line itself.
        parts = [*walk(step.before), *walk(step.after)]
        for term in terms:
            whole = isinstance(term, Symbol) and not term.indices
            named = {(x.name, x.layer) for x in parts if isinstance(x, Symbol)}
            deltas = all(isinstance(x, Delta) for x in (getattr(term, "factors", None) or (term,)))
            assert (
                term in parts
                or deltas
                or (whole and (term.name, term.layer) in named)
                or step.place is not None
            )


def test_rules_that_are_spoken_of_exist() -> None:
    assert set(ABOUT) <= set(RULES)


@pytest.mark.parametrize("name", NETWORKS)
def test_what_reasons_say_is_so(name: str) -> None:
    for step in steps(name):
        words, terms = reason(step)
        if step.rule == "constant":
            of, by = terms
            assert isinstance(by, Symbol)
            assert not mentions(of, by)
        if words.startswith("only"):
            factor, by = terms
            assert isinstance(by, Symbol)
            assert mentions(factor, by)
            assert step.place is not None
            before = step.place[0]
            assert isinstance(before, Partial)
            others = [x for x in before.of.factors if x != factor]
            assert others
            assert not any(mentions(other, by) for other in others)
        if step.rule == "collect" and terms:
            assert any(isinstance(part, Delta) for part in walk(step.before))
            assert not any(isinstance(part, Delta) for part in walk(step.after))
