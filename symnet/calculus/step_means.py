"""Expectations of sequences that recurrences define, linear in what is random.

E is linear: of x_t = β x_{t-1} + (1 - β) g_t follows E x_t = β E x_{t-1} + (1 - β) E g_t. E x_t is
a member of a sequence of its own, with that rule. A stationary input has one E for all steps.

>>> from symnet.calculus.recurrences import System, follows, member
>>> from symnet.term import ONE, ZERO, Symbol, add, mul
>>> system = System({"x": add(member("x", -1), member("g"))}, {("x", 0): ZERO})
>>> means = Means(system, frozenset({"g"}), stationary=True)
>>> left, right = means.of(member("x", 1)), add(means.of(member("x")), means.of(member("g")))
>>> follows(left, right, means.system, 0)
''
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from symnet.calculus import normal
from symnet.calculus.recurrences import TOTAL, System, members
from symnet.calculus.total import GiveUpError
from symnet.term import Apply, Number, Symbol, Term, add, mul, power, walk

OF = "expectation of "
SQUARE = " squared"


@dataclass(frozen=True)
class Means:
    """Expectations over a system: which sequences are random by themselves, and how."""

    over: System
    inputs: frozenset[str]
    stationary: bool = False

    @property
    def random(self) -> frozenset[str]:
        """All that depends on the inputs."""
        found = set(self.inputs)
        while True:
            more = {
                name
                for name, rule in self.over.rules.items()
                if any(x.name in found for x in members(rule))
            }
            if more <= found:
                return frozenset(found)
            found |= more

    def of(self, term: Term) -> Term:
        """E of a term that is linear in one random member at a time, or the square of an input."""
        random = self.random
        found: list[Term] = []
        for monomial in normal.normal(term):
            fixed: list[Term] = [Number(monomial.coefficient)]
            chances: list[Term] = []
            for x, e in monomial.factors:
                if isinstance(x, Symbol) and x.layer is not None and x.name in random:
                    chances.append(_named(x, e, self.inputs))
                elif _holds(x, random):
                    raise GiveUpError("an expectation of what is not linear")
                else:
                    fixed.append(power(x, e))
            if len(chances) > 1 or monomial.bound:
                raise GiveUpError("an expectation of a product")
            found.append(mul(*fixed, *chances))
        return add(*found)

    @property
    def system(self) -> System:
        """The rules of expectations, where these are linear, beside those of what is not random."""
        random = self.random
        rules: dict[str, Term] = {k: v for k, v in self.over.rules.items() if k not in random}
        for name, rule in self.over.rules.items():
            if name in random and name not in self.inputs:
                try:
                    rules[OF + name] = self.of(rule)
                except GiveUpError:
                    continue
        if self.stationary:
            for name in self.inputs:
                rules[OF + name] = Symbol(f"the {OF}{name}")
                rules[OF + name + SQUARE] = Symbol(f"the {OF}{name}{SQUARE}")
        starts: Mapping[tuple[str, int], Term] = {
            (OF + name if name in random else name, at): value
            for (name, at), value in self.over.starts.items()
        }
        return System(rules, starts, self.over.totals)


def _named(x: Symbol, exponent: Fraction, inputs: frozenset[str]) -> Symbol:
    if exponent == 1:
        return Symbol(OF + x.name, x.layer)
    if exponent == 2 and x.name in inputs:
        return Symbol(OF + x.name + SQUARE, x.layer)
    raise GiveUpError("an expectation of a power")


def _holds(x: Term, random: frozenset[str]) -> bool:
    """Whether something random stands inside a part, a sum or a function."""
    return any(
        (isinstance(part, Symbol) and part.layer is not None
         and (part.name in random or part.name.startswith(TOTAL)))
        or (isinstance(part, Apply) and part.function.formula is None)
        for part in walk(x)
    )  # fmt: skip
