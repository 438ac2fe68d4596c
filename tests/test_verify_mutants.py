r"""True formulas and their mutants: nothing false is proved, nothing true is refuted.

A mutant is made on the text, by machine, and what it is worth is said by claims_by_numbers.py: it
shares nothing with `verify` but the text, runs networks and compares numbers.
"""

import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from time import perf_counter
from typing import Any

import pytest
from claims_by_numbers import DIFFERS, HOLDS, NO_SHAPE, judge

from symnet.paper.verify import ILL_FORMED, PROVED, REFUTED, verify

Context = Mapping[str, Any]
SIGMOID: Context = {"activation": "sigmoid"}
QUADRATIC: Context = {"cost": "quadratic"}
SQUARED: Context = {"cost": "squared-norm"}
ENTROPY: Context = {"activation": "sigmoid", "cost": "cross-entropy"}
TANH: Context = {"activation": "tanh"}
SMALL: Context = {"widths": [2, 3, 2, 1]}
RATE: Context = {"declared": {r"\eta": "learning rate"}}
KRONECKER: Context = {"declared": {r"\delta_{jk}": "Kronecker's delta"}}
LAYOUT: Context = {"layout": "numerator (Jacobian rows are outputs)"}
INPUT: Context = {"declared": {"x": "a^1"}}

TRUE: tuple[tuple[str, Context], ...] = (
    # forward
    (r"z^l = W^l a^{l-1} + b^l", {}),
    (r"a^l = \sigma(W^l a^{l-1} + b^l)", {}),
    (r"a^{l+1} = \sigma(z^{l+1})", {}),
    (r"z_j^l = \sum_k w_{jk}^l a_k^{l-1} + b_j^l", {}),
    (r"z_j^l = b_j^l + \sum_{k=1}^{n_{l-1}} a_k^{l-1} w_{jk}^l, \quad l = 2, \dots, L", {}),
    (r"a_i^l = \sigma\left(\sum_j w_{ij}^l a_j^{l-1} + b_i^l\right), \quad 2 \le l \le L", {}),
    (r"a^3 = \sigma(W^3 \sigma(W^2 x + b^2) + b^3)", INPUT),
    (r"(a^{l-1})^T (W^l)^T = (z^l - b^l)^T", {}),
    (r"z_1^2 = w_{11}^2 a_1^1 + w_{12}^2 a_2^1 + b_1^2", SMALL),
    (
        r"\begin{bmatrix} z_1^2 \\ z_2^2 \\ z_3^2 \end{bmatrix} = \begin{bmatrix} w_{11}^2"
        r" & w_{12}^2 \\ w_{21}^2 & w_{22}^2 \\ w_{31}^2 & w_{32}^2 \end{bmatrix}"
        r" \begin{bmatrix} x_1 \\ x_2 \end{bmatrix} + b^2",
        {**SMALL, **INPUT},
    ),
    # the output's error
    (r"\delta^L = \nabla_a C \odot \sigma'(z^L)", {}),
    (r"\delta_j^L = \frac{\partial C}{\partial a_j^L} \sigma'(z_j^L)", {}),
    (r"\delta^L = \operatorname{diag}(\sigma'(z^L)) \nabla_{a^L} C", {}),
    (r"\delta^L = (a^L - y) \odot \sigma'(z^L)", QUADRATIC),
    (r"\delta_k^L = 2 (a_k^L - y_k) \sigma'(z_k^L)", SQUARED),
    (r"\delta^L = a^L - y", ENTROPY),
    (r"\delta_j^L = (a_j^L - y_j) a_j^L (1 - a_j^L)", {**SIGMOID, **QUADRATIC}),
    (r"\frac{\partial C}{\partial a_j^L} = \frac{a_j^L - y_j}{a_j^L (1 - a_j^L)}", ENTROPY),
    (r"\nabla_{a^L} C = a^L - y", QUADRATIC),
    (r"C = \frac{1}{2} \sum_j (y_j - a_j^L)^2", QUADRATIC),
    (r"C = \frac{1}{2} \|a^L - y\|^2", QUADRATIC),
    (r"C = (a^L - y)^T (a^L - y)", SQUARED),
    (r"\delta_1^4 = \frac{\partial C}{\partial a_1^4} \sigma'(z_1^4)", SMALL),
    # the errors below
    (r"\delta^l = (W^{l+1})^T \delta^{l+1} \odot \sigma'(z^l)", {}),
    (
        r"\delta^l = \left((W^{l+1})^T \delta^{l+1}\right) \odot \sigma'(z^l),"
        r" \quad l = L-1, \dots, 2",
        {},
    ),
    (r"\delta^{l-1} = \sigma'(z^{l-1}) \odot (W^l)^\top \delta^l", {}),
    (r"\delta_j^l = \sum_k w_{kj}^{l+1} \delta_k^{l+1} \sigma'(z_j^l)", {}),
    (r"\delta_j^l = \sigma'(z_j^l) \sum_{k=1}^{n_{l+1}} \delta_k^{l+1} w_{kj}^{l+1}", {}),
    (r"\delta^l = \operatorname{diag}(\sigma'(z^l)) (W^{l+1})^T \delta^{l+1}", {}),
    (r"(\delta^l)^T = (\delta^{l+1})^T W^{l+1} \operatorname{diag}(\sigma'(z^l))", {}),
    (r"\delta_j^l = \sum_k \frac{\partial z_k^{l+1}}{\partial z_j^l} \delta_k^{l+1}", {}),
    (r"\frac{\partial z_k^{l+1}}{\partial z_j^l} = w_{kj}^{l+1} \sigma'(z_j^l)", {}),
    (r"\frac{\partial C}{\partial a^l} = (W^{l+1})^T \delta^{l+1}", {}),
    (r"\frac{\partial C}{\partial a_k^l} = \sum_j w_{jk}^{l+1} \delta_j^{l+1}", {}),
    (r"\nabla_{a^l} C = (W^{l+1})^T (\nabla_{a^{l+1}} C \odot \sigma'(z^{l+1}))", {}),
    (r"\delta^l = \nabla_{a^l} C \odot \sigma'(z^l)", {}),
    (r"\delta_j^l = a_j^l (1 - a_j^l) \sum_k w_{kj}^{l+1} \delta_k^{l+1}", SIGMOID),
    (r"\delta^l = (W^{l+1})^T \delta^{l+1} \odot a^l \odot (1 - a^l)", SIGMOID),
    (r"\delta_j^l = (1 - (a_j^l)^2) \sum_k w_{kj}^{l+1} \delta_k^{l+1}", TANH),
    (
        r"\delta_j^{L-1} = \sum_k (a_k^L - y_k) \sigma'(z_k^L) w_{kj}^L \sigma'(z_j^{L-1})",
        QUADRATIC,
    ),
    (
        r"\delta_i^l = \sum_j \sum_k w_{kj}^{l+2} \delta_k^{l+2} \sigma'(z_j^{l+1}) w_{ji}^{l+1}"
        r" \sigma'(z_i^l)",
        {},
    ),
    (r"\delta_1^3 = w_{11}^4 \delta_1^4 \sigma'(z_1^3)", SMALL),
    # gradients
    (r"\frac{\partial C}{\partial w_{jk}^l} = a_k^{l-1} \delta_j^l", {}),
    (r"\frac{\partial C}{\partial W^l} = \delta^l (a^{l-1})^T", {}),
    (r"\nabla_{W^l} C = \operatorname{diag}(\sigma'(z^l)) \nabla_{a^l} C (a^{l-1})^T", {}),
    (r"\frac{\partial C}{\partial b_j^l} = \delta_j^l, \quad 2 \le l \le L", {}),
    (r"\nabla_{b^l} C = \delta^l", {}),
    (r"\frac{\partial C}{\partial w_{jk}^l} = \frac{\partial C}{\partial b_j^l} a_k^{l-1}", {}),
    (
        r"\frac{\partial C}{\partial w_{jk}^l} = \frac{\partial C}{\partial z_j^l}"
        r" \frac{\partial z_j^l}{\partial w_{jk}^l} = \delta_j^l a_k^{l-1}",
        {},
    ),
    (r"\frac{\partial z_j^l}{\partial w_{jk}^l} = a_k^{l-1}", {}),
    (r"\frac{\partial z_j^l}{\partial a_k^{l-1}} = w_{jk}^l", {}),
    (r"\frac{\partial a_j^l}{\partial a_k^{l-1}} = \sigma'(z_j^l) w_{jk}^l", {}),
    (r"\frac{\partial a_j^l}{\partial w_{jk}^l} = \sigma'(z_j^l) a_k^{l-1}", {}),
    (r"\frac{\partial C}{\partial w_{jk}^2} = x_k \delta_j^2", INPUT),
    (r"\nabla_{W^l} C a^{l-1} = \delta^l (a^{l-1})^T a^{l-1}", {}),
    (r"\frac{\partial C}{\partial w_{12}^2} = a_2^1 \delta_1^2", SMALL),
    (r"\sum_j \delta_j^l z_j^l = (\delta^l)^T z^l", {}),
    # Jacobians and products over layers
    (r"\frac{\partial z^l}{\partial z^{l-1}} = W^l \operatorname{diag}(\sigma'(z^{l-1}))", LAYOUT),
    (r"\frac{\partial a^l}{\partial a^{l-1}} = \operatorname{diag}(\sigma'(z^l)) W^l", LAYOUT),
    (r"\frac{\partial a_j^l}{\partial z_k^l} = \sigma'(z_j^l) \delta_{jk}", KRONECKER),
    (
        r"\delta^l = \left(\prod_{m=l}^{L-1} \operatorname{diag}(\sigma'(z^m)) (W^{m+1})^T\right)"
        r" \delta^L",
        {},
    ),
    (
        r"\nabla_{a^l} C = \left(\prod_{m=l+1}^{L} (W^m)^T \operatorname{diag}(\sigma'(z^m))\right)"
        r" \nabla_{a^L} C",
        {},
    ),
    # second derivatives and functions
    (
        r"\frac{\partial^2 C}{\partial b_i^l \partial b_j^l} ="
        r" \frac{\partial \delta_j^l}{\partial b_i^l}",
        {},
    ),
    (r"\frac{\partial^2 a_j^l}{\partial z_j^l \partial z_j^l} = \sigma''(z_j^l)", {}),
    (r"\sigma'(z_j^l) = a_j^l (1 - a_j^l)", SIGMOID),
    (r"\sigma''(z_j^l) = a_j^l (1 - a_j^l) (1 - 2 a_j^l)", SIGMOID),
    (r"\operatorname{tr}(\nabla_{W^l} C (W^l)^T) = (\delta^l)^T (z^l - b^l)", {}),
)  # fmt: skip

# --- mutations of the text --------------------------------------------------------------------

ATOM = (
    r"(?:\\delta|(?<![A-Za-z\\])[Wwbzax](?![A-Za-z]))(?:_(?:\{\w+\}|\w))?(?:\^(?:\{[^{}]*\}|\w))?"
)
LAYER = r"(?<=\^)(?:\{(?P<letter>[lLm])(?P<offset>[+-]\d)?\}|(?P<bare>[lLm2-4])(?![\w}]))"
Edit = tuple[int, int, str]


def edits(text: str) -> Iterator[tuple[str, Edit]]:
    """All single changes of a text: what kind, and (start, end, new)."""

    def each(kind: str, pattern: str, *news: str) -> Iterator[tuple[str, Edit]]:
        for fit in re.finditer(pattern, text):
            for new in news:
                yield kind, (fit.start(), fit.end(), fit.expand(new))

    yield from each("subscripts swapped", r"_\{([a-z1-9])([a-z1-9])\}", r"_{\2\1}")
    yield from each("transpose dropped", r"\((\\?\w+\^(?:\{[^{}]*\}|\w))\)\^(?:T|\\top)", r"\1")
    yield from each("transpose dropped", r"\)\^(?:T|\\top)", ")")
    yield from each("transposed", rf"(?<!\()({ATOM})(?!\)\^)", r"(\1)^T")
    yield from each("transposed", r"\)(?!\^)", r")^T")
    for fit in re.finditer(LAYER, text):
        for step in (-1, 1):
            if fit["bare"] and fit["bare"].isdigit():
                new = str(int(fit["bare"]) + step)
            else:
                offset = int(fit["offset"] or 0) + step
                letter = fit["letter"] or fit["bare"]
                new = f"{{{letter}{offset:+d}}}" if offset else str(letter)
            yield "layer", (fit.start(), fit.end(), new)
    for fit in re.finditer(r"\^([lL])(?!\w)", text):
        yield "layer l and L", (fit.start(), fit.end(), "^" + {"l": "L", "L": "l"}[fit[1]])
    yield from each("prime dropped", r"\\sigma'", r"\\sigma")
    yield from each("prime added", r"\\sigma(?!')", r"\\sigma'")
    yield from each("prime doubled", r"\\sigma'", r"\\sigma''")
    yield from each("prime moved", r"\\sigma'\(([^()]*)\)", r"\1", r"\\sigma(\1)")
    yield from each("negated", rf"(?<![\\\w{{])({ATOM})", r"(-\1)", r"(2 \1)", r"\\frac{1}{2} \1")
    yield from each("sign", r" \+ ", " - ")
    yield from each("sign", r" - ", " + ")
    yield from each("sign", r"= ", "= -", "= 2 ")
    yield from each("z and a", r"(?<![\\\w])z(?=[_^])", "a", r"\\delta", "b")
    yield from each("z and a", r"(?<![\\\w])a(?=[_^])", "z", r"\\delta", "b")
    yield from each("z and a", r"\\delta(?=[_^])", "z", "a", "b")
    yield from each("z and a", r"(?<![\\\w])y(?=_|\b)", "a^L")
    yield from each("factor dropped", rf"(?<![{{(\w\\]){ATOM} ?", "")
    yield from each("factor dropped", r"\\frac\{[^{}]*\}\{(?:[^{}]|\{[^{}]*\})*\} ?", "")
    yield from each("factor dropped", r"\\sigma'?'?\([^()]*\)", "")
    yield from each("factor twice", rf"(?<![{{(\w\\])({ATOM}) ", r"\1 \1 ")
    yield from each("product", r" \\odot ", " ")
    yield from each(
        "product",
        r"(?<=[\w})])(?<!partial)(?<!\\le) (?=[\\\w(])(?!\\odot|\\quad|\\dots|\\end|\\le)",
        r" \\odot ",
    )
    yield from each("product", r"\\operatorname\{diag\}\(((?:[^()]|\([^()]*\))*)\)", r"\1 \\odot")
    for script in re.finditer(r"_(?:\{([i-k]+)[}=]|([i-k]))", text):
        group = 1 if script[1] else 2
        for at in range(*script.span(group)):
            for letter in "ijk":
                if letter != text[at]:
                    yield "index", (at, at + 1, letter)
    for fit in re.finditer(r"(?<=[\w}]) (?:[+-]) (?=[\w(\\])", text):
        rest = re.match(r"[^+=,-]*", text[fit.end() :])
        assert rest is not None
        yield "term dropped", (fit.start(), fit.end() + len(rest[0]), " ")
    yield from each("range", r"\^\{n_\{l-1\}\}", "^{n_l}", "^{n_{l+1}}", "^{L}")
    yield from each("range", r"\^\{n_\{l\+1\}\}", "^{n_l}", "^{n_{l-1}}")
    yield from each("range", r"l = 2,", "l = 1,", "l = 3,")
    yield from each("range", r"\\dots, L$", r"\\dots, L-1", r"\\dots, L+1")
    yield from each("range", r"\\dots, 2$", r"\\dots, 1", r"\\dots, 3")
    yield from each("range", r"l = L-1,", "l = L,", "l = L-2,")
    yield from each("range", r"2 \\le l", r"1 \\le l", r"3 \\le l")
    yield from each("range", r"l \\le L", r"l \\le L-1", r"l \\le L+1")
    yield from each("range", r"m=l(?=\})", "m=l+1", "m=l-1")
    yield from each("range", r"m=l\+1", "m=l", "m=l+2")
    yield from each("range", r"\^\{L-1\}(?= \\oper)", "^{L}", "^{L-2}")
    yield from each("sum dropped", r"\\sum_(?:\{[^{}]*\}\^\{(?:[^{}]|\{[^{}]*\})*\}|\w) ", "")
    yield from each("brackets", r"\\left\(|\\right\)", "")
    for fit in re.finditer(
        r"(?<=[ (])(\([^()]*\)\^T|[^ (){}=+-]+) ((?:\([^()]*\)\^T)|[^ (){}=+-]+)(?= |$)", text
    ):
        if not {"\\odot", "&", r"\\"} & {fit[1], fit[2]}:
            yield "factors exchanged", (fit.start(), fit.end(), f"{fit[2]} {fit[1]}")


def changed(text: str, edit: Edit) -> str:
    start, end, new = edit
    return text[:start] + new + text[end:]


def mutants(seed: int = 0, twice: int = 4) -> Iterator[tuple[str, str, Context]]:
    """(kind, text, context): each single change, some double ones, at all kinds of widths."""
    draw = random.Random(seed)
    for text, context in TRUE:
        known = {text}
        once = [(kind, changed(text, edit)) for kind, edit in edits(text)]
        both = []
        for kind, mutant in draw.sample(once, min(twice, len(once))):
            more = list(edits(mutant))
            if more:
                other, edit = draw.choice(more)
                both.append((f"{kind}, {other}", changed(mutant, edit)))
        for kind, mutant in (*once, *both):
            if mutant in known:
                continue
            known.add(mutant)
            yield kind, mutant, context
            if "widths" not in context:
                for widths in draw.sample(("equal", [2, 3, 2, 3], [2, 2, 2]), 1):
                    yield kind, mutant, {**context, "widths": widths}


# --- the law ----------------------------------------------------------------------------------


def wrong(judged: str, said: str) -> bool:
    """Whether a verdict contradicts the numbers. Where they are unclear, nothing does."""
    if judged in (DIFFERS, NO_SHAPE):
        return said == PROVED
    return judged == HOLDS and said in (REFUTED, ILL_FORMED)


def violations(cases: list[tuple[str, str, Context]], counted: Counter[str]) -> list[str]:
    found = []
    for kind, text, context in cases:
        judged = judge(text, context)
        started = perf_counter()
        try:
            given = verify(text, "nielsen", context)
        except Exception as error:  # what it was about is wanted, not where it was raised alone
            found.append(f"{error!r} was raised: {text}  {context}  [{kind}]")
            continue
        counted[f"{judged.split(':')[0]} → {given.verdict}"] += 1
        if wrong(judged, given.verdict) or perf_counter() - started > 10:
            found.append(
                f"{judged} but {given.verdict} ({given.reason}): {text}  {context}  [{kind}]"
            )
    return found


@pytest.mark.parametrize(("text", "context"), TRUE, ids=range(len(TRUE)))
def test_the_formulas_hold_and_are_proved(text: str, context: Context) -> None:
    assert judge(text, context) == HOLDS
    assert verify(text, "nielsen", context).verdict == PROVED


@pytest.mark.parametrize("part", range(6))
def test_a_sample_of_the_mutants_is_judged_as_the_numbers_say(part: int) -> None:
    counted: Counter[str] = Counter()
    quick = [m for m in mutants() if "partial^2" not in m[1]]
    assert violations(random.Random(3).sample(quick, 300)[part::6], counted) == []
    assert counted[f"{DIFFERS} → {REFUTED}"] > 10, counted
    assert counted[f"{NO_SHAPE} → {ILL_FORMED}"] > 3, counted


def test_what_is_suggested_is_proved_and_holds() -> None:
    quick = [m for m in mutants(5) if "partial^2" not in m[1]]
    suggested = 0
    for _, text, context in random.Random(9).sample(quick, 40):
        suggestion = verify(text, "nielsen", context).suggestion
        if suggestion is not None:
            suggested += 1
            assert verify(suggestion, "nielsen", context).verdict == PROVED, (text, suggestion)
            assert judge(suggestion, context) not in (DIFFERS, NO_SHAPE), (text, suggestion)
    assert suggested > 10


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_every_mutant_is_judged_as_the_numbers_say(part: int) -> None:
    assert violations(list(mutants())[part::8], Counter()) == []


def main() -> None:
    """python tests/test_verify_mutants.py [seed [part parts]]: mutants, and a table of verdicts."""
    counted: Counter[str] = Counter()
    seed, part, parts = (int(x) for x in (sys.argv[1:] + ["0", "0", "1"][len(sys.argv) - 1 :]))
    for number, case in enumerate(list(mutants(seed, 12))[part::parts], 1):
        for line in violations([case], counted):
            print(line, flush=True)
        if number % 500 == 0:
            print(number, dict(counted.most_common()), flush=True)
    print(sum(counted.values()), dict(counted.most_common()))


if __name__ == "__main__":
    main()
