"""Why a step holds, in a sentence that names what it is about.

A rule says in general what it does (`calculus.rules`); here it says it of the part that a step
rewrote first. A rule without an entry says what it says everywhere.

>>> from symnet.calculus.derivation import derive
>>> step = derive("2-3-1").formulas[0].general.steps[1]
>>> words, terms = reason(step)
>>> words
'{} depends on {} only through {}'
"""

from collections.abc import Callable, Iterator

from symnet.calculus.derivation import Step
from symnet.term import Apply, Delta, Partial, Product, Sum, Symbol, Term, mentions, walk

Reason = tuple[str, tuple[Term, ...]]  # words with {} for each term


def reason(step: Step) -> Reason:
    """The reason of a step: words, and the terms that stand in their places."""
    about = ABOUT.get(step.rule)
    said = about(*step.place) if about and step.place else None
    return said or (step.because, ())


def _definition(before: Term, after: Term) -> Reason | None:
    return "by definition {} is the error {}", (before, after)


def _lemma(before: Term, after: Term) -> Reason | None:
    return "{} is put in, from above", (before,)


def _equation(before: Term, after: Term) -> Reason | None:
    if isinstance(before, Partial):
        return "the equation that defines {} is put in", (before.of,)
    return None


def _sum_rule(before: Term, after: Term) -> Reason | None:
    if isinstance(before, Partial) and isinstance(before.of, Sum):
        return "a sum is differentiated term by term, so the derivative goes under the Σ", ()
    return "the derivative of a sum is the sum of the derivatives of its terms", ()


def _constant(before: Term, after: Term) -> Reason | None:
    if isinstance(before, Partial):
        return "{} does not contain {}, so its derivative is 0", (before.of, before.by)
    return None


def _product_rule(before: Term, after: Term) -> Reason | None:
    if isinstance(before, Partial) and isinstance(before.of, Product):
        inside = [factor for factor in before.of.factors if mentions(factor, before.by)]
        if len(inside) == 1:
            return "only {} contains {}; the other factors stay as they are", (inside[0], before.by)
        return "one factor after the other is differentiated by {}", (before.by,)
    return None


def _scalar_chain(before: Term, after: Term) -> Reason | None:
    if isinstance(before, Partial) and isinstance(before.of, Apply):
        return "the derivative of {} is its slope, times the derivative of {}", (
            before.of,
            before.of.argument,
        )
    return None


def _same_symbol(before: Term, after: Term) -> Reason | None:
    if isinstance(before, Partial):
        return "the derivative of {} by {} is 1 if the indices agree and 0 if not", (
            before.of,
            before.by,
        )
    return None


def _collect(before: Term, after: Term) -> Reason | None:
    deltas = tuple(dict.fromkeys(part for part in walk(before) if isinstance(part, Delta)))
    if len(deltas) == 1:
        return "{} is 1 in one term of the sum and 0 in all others, so that one is left", deltas
    if deltas:
        words = " and ".join("{}" for _ in deltas)
        return f"each of {words} is 1 in one term of its sum and 0 in all others", deltas
    return "multiplied out, with equal terms together and common factors in front", ()


def _fact(before: Term, after: Term) -> Reason | None:
    return "{} is {}, by the choice of y", (before, after)


def _activation(before: Term, after: Term) -> Reason | None:
    if isinstance(after, Apply) and isinstance(before, Apply):
        return f"the activation of this layer is {after.function.name}", ()
    return None


def _slope(before: Term, after: Term) -> Reason | None:
    if any(isinstance(part, Apply) for part in walk(after)):
        return "{} is taken branch by branch; at a kink it is the slope from the left", (before,)
    return "{} is {}, the slope in its cheapest exact form", (before, after)


def _chain(before: Term, after: Term) -> Reason | None:
    if not isinstance(before, Partial):
        return None
    through = tuple(dict.fromkeys(_through(before, after)))
    if not through:
        return "{} depends on {} directly, by its formula", (before.of, before.by)
    words = "{} depends on {} only through " + " and ".join("{}" for _ in through)
    return words, (before.of, before.by, *through)


def _through(before: Partial, after: Term) -> Iterator[Term]:
    """The arrays u of ∂C/∂u_p ∂u_p/∂v, as a whole."""
    for part in walk(after):
        match part:
            case Partial(Symbol(name, layer), by, False) if (
                by == before.by and part.of != before.of
            ):
                yield Symbol(name, layer)


ABOUT: dict[str, Callable[[Term, Term], Reason | None]] = {
    "definition of δ": _definition,
    "lemma": _lemma,
    "equation": _equation,
    "sum rule": _sum_rule,
    "constant": _constant,
    "product rule": _product_rule,
    "scalar chain rule": _scalar_chain,
    "same symbol": _same_symbol,
    "collect": _collect,
    "fact": _fact,
    "activation": _activation,
    "slope": _slope,
    "chain rule": _chain,
}
