r"""True identities in random typography: whatever the hand that wrote them, they are proved.

`Hand` is one writer's habits, drawn by Hypothesis: how layers, transposes, products, derivatives
and brackets are written, and where spaces stand. An identity is a function of a hand, and what may
differ from one place to the next (the order of scripts, a needless brace) is drawn at each place.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from symnet.paper.verify import PROVED, verify

FONTS = ("", r"\mathbf", r"\boldsymbol", r"\bm", r"\underline", r"\vec")
DERIVATIVES = (
    r"\frac{\partial %s}{\partial %s}", r"\dfrac{\partial %s}{\partial %s}",
    r"\tfrac{\partial %s}{\partial %s}", r"\frac{\partial{%s}}{\partial{%s}}",
    r"{\partial %s \over \partial %s}", r"\partial %s / \partial %s",
    r"\frac{\partial}{\partial %s} %s", r"\partial_{%s} %s", r"\frac{∂ %s}{∂ %s}",
)  # fmt: skip
GRADIENTS = (r"\nabla_{%s} C", r"\nabla_{%s}\, C", r"{\nabla}_{%s} C", *DERIVATIVES[:5])
BRACKETS = (
    ("(", ")"), (r"\left(", r"\right)"), (r"\big(", r"\big)"), (r"\Bigl(", r"\Bigr)"), ("[", "]"),
    (r"\left[", r"\right]"), (r"\bigl[", r"\bigr]"), (r"\left\{", r"\right\}"),
    (r"\lbrack ", r"\rbrack "),
)  # fmt: skip
SPACES = ("", " ", r"\,", r"\;", r"\!", r"\:", "~", "  ", "\n", r"\ ", "{}", r"\hspace{1mm}")


@dataclass(frozen=True)
class Hand:
    """The habits of who writes, and the draws that are made at each place."""

    pick: Callable[[tuple[Any, ...]], Any]
    layer_style: str
    weight: str
    font: str
    transpose: str
    entrywise: str
    prime: str
    letters: tuple[str, ...]
    sigma: str = r"\sigma"

    def space(self) -> str:
        return str(self.pick(SPACES))

    def layer(self, text: str) -> str:
        return self.layer_style % text

    def symbol(self, letter: str, layer: str, units: str = "", *, transposed: bool = False) -> str:
        """w_{jk}^l with its scripts in either order."""
        if letter == "w":
            letter = self.weight if not units else "w"
        if self.font and not units:
            letter = f"{self.font}{{{letter}}}"
        up = self.layer(layer)
        if not transposed and len(up) == 1:
            raised = self.pick((f"^{up}", f"^{{{up}}}", f"^ {up}"))
        else:
            raised = f"^{{{up}}}"
        lowered = ""
        if units:
            inner = self.pick((units, ",".join(units), " ".join(units)))
            lowered = (
                f"_{units}" if len(units) == 1 and self.pick((True, False)) else f"_{{{inner}}}"
            )
        scripts = self.pick((raised + lowered, lowered + raised))
        if transposed:
            t = self.transpose
            found = letter + scripts
            return str(
                self.pick(
                    (
                        f"({found})^{t}",
                        f"{{{found}}}^{t}",
                        rf"\left({found}\right)^{t}",
                        f"({found})^{{{t}}}",
                    )
                )
            )
        return str(
            self.pick(
                (
                    letter + scripts,
                    letter + scripts,
                    f"{{{letter}}}" + scripts,
                    f"{{{letter + scripts}}}",
                )
            )
        )

    def bracket(self, text: str) -> str:
        opened, closed = self.pick(BRACKETS)
        return f"{opened}{text}{closed}"

    def of(self, function: str, argument: str) -> str:
        opened, closed = self.pick(BRACKETS[:4])
        return f"{function}{opened}{argument}{closed}"

    def slope(self, argument: str) -> str:
        return self.of(self.sigma + self.prime, argument)

    def product(self, *factors: str, ordered: bool = False) -> str:
        """Factors side by side; numbers in any order."""
        chosen = list(factors)
        if not ordered:
            self.shuffle(chosen)
        signs = (" ", r" \cdot ", r" \, ") if ordered else (" ", r" \cdot ", r"\,", r" \times ")
        return str(self.pick(signs)).join(chosen)

    def shuffle(self, items: list[str]) -> None:
        for i in range(len(items) - 1, 0, -1):
            j = self.pick(tuple(range(i + 1)))
            items[i], items[j] = items[j], items[i]

    def plus(self, *terms: str) -> str:
        chosen = list(terms)
        self.shuffle(chosen)
        return f"{self.space()}+{self.space()}".join(chosen)

    def by_entries(self, *factors: str) -> str:
        chosen = list(factors)
        self.shuffle(chosen)
        return f" {self.entrywise} ".join(chosen)

    def derivative(self, of: str, by: str) -> str:
        form = self.pick(DERIVATIVES)
        turned = form.startswith((r"\frac{\partial}", r"\partial_"))
        return str(form % ((by, of) if turned else (of, by)))

    def whole_derivative(self, of: str, by: str) -> str:
        """One that stands among factors: no inline fraction, no operator."""
        return str(self.pick(DERIVATIVES[:5]) % (of, by))

    def gradient(self, by: str) -> str:
        form = str(self.pick(GRADIENTS))
        return form % by if form.count("%s") == 1 else form % ("C", by)

    def sum(self, letter: str, layer: str, body: str) -> str:
        size = f"n_{{{layer}}}" if len(layer) > 1 else self.pick((f"n_{layer}", f"n_{{{layer}}}"))
        sign = self.pick((r"\sum", r"\sum\limits", r"\displaystyle\sum"))
        scripts = self.pick(
            (
                f"_{letter}",
                f"_{{{letter}}}",
                f"_{{{letter}=1}}^{{{size}}}",
                f"^{{{size}}}_{{{letter}=1}}",
            )
        )
        return f"{sign}{scripts} {body}"


@st.composite
def hands(draw: st.DrawFn) -> Hand:
    letters = draw(st.permutations("ijkmpqr"))
    return Hand(
        pick=lambda choices: draw(st.sampled_from(choices)),
        layer_style=draw(st.sampled_from(("%s", "(%s)", "[%s]"))),
        weight=draw(st.sampled_from(("w", "W"))),
        font=draw(st.sampled_from(FONTS)),
        transpose=draw(
            st.sampled_from(("T", r"\top", r"\mathsf{T}", r"\intercal", r"{\mathrm T}"))
        ),
        entrywise=draw(st.sampled_from((r"\odot", r"\circ"))),
        prime=draw(st.sampled_from(("'", r"^\prime", r"^{\prime}", "^{'}"))),
        letters=tuple(letters),
    )


# --- identities --------------------------------------------------------------------------------

Statement = Callable[[Hand], tuple[str, str]]


def forward(h: Hand) -> tuple[str, str]:
    right = h.plus(
        h.product(h.symbol("w", "l"), h.symbol("a", "l-1"), ordered=True), h.symbol("b", "l")
    )
    return h.symbol("z", "l"), right


def activations(h: Hand) -> tuple[str, str]:
    return h.symbol("a", "l"), h.of(h.sigma, forward(h)[1])


def forward_entry(h: Hand) -> tuple[str, str]:
    j, k, *_ = h.letters
    body = h.product(h.symbol("w", "l", j + k), h.symbol("a", "l-1", k))
    return h.symbol("z", "l", j), h.plus(h.sum(k, "l-1", body), h.symbol("b", "l", j))


def output(h: Hand) -> tuple[str, str]:
    return h.symbol("δ", "L"), h.by_entries(
        h.gradient(h.symbol("a", "L")), h.slope(h.symbol("z", "L"))
    )


def output_entry(h: Hand) -> tuple[str, str]:
    j, *_ = h.letters
    slope = h.slope(h.symbol("z", "L", j))
    return h.symbol("δ", "L", j), h.product(h.whole_derivative("C", h.symbol("a", "L", j)), slope)


def hidden(h: Hand) -> tuple[str, str]:
    back = h.product(h.symbol("w", "l+1", transposed=True), h.symbol("δ", "l+1"), ordered=True)
    back = h.pick((back, h.bracket(back)))
    return h.symbol("δ", "l"), h.by_entries(back, h.slope(h.symbol("z", "l")))


def hidden_entry(h: Hand) -> tuple[str, str]:
    j, k, *_ = h.letters
    inner = [h.symbol("w", "l+1", k + j), h.symbol("δ", "l+1", k)]
    slope = h.slope(h.symbol("z", "l", j))
    if h.pick((True, False)):
        return h.symbol("δ", "l", j), h.sum(k, "l+1", h.product(*inner, slope))
    return h.symbol("δ", "l", j), slope + h.space() + h.sum(k, "l+1", h.product(*inner))


def hidden_diagonal(h: Hand) -> tuple[str, str]:
    name = h.pick(
        (r"\operatorname{diag}", r"\mathrm{diag}", r"\text{diag}", r"\operatorname{Diag}")
    )
    slopes = h.of(name, h.slope(h.symbol("z", "l")))
    back = h.symbol("w", "l+1", transposed=True)
    return h.symbol("δ", "l"), h.product(slopes, back, h.symbol("δ", "l+1"), ordered=True)


def bias(h: Hand) -> tuple[str, str]:
    j, *_ = h.letters
    return h.derivative("C", h.symbol("b", "l", j)), h.symbol("δ", "l", j)


def bias_vector(h: Hand) -> tuple[str, str]:
    return h.gradient(h.symbol("b", "l")), h.symbol("δ", "l")


def weight(h: Hand) -> tuple[str, str]:
    j, k, *_ = h.letters
    right = h.product(h.symbol("a", "l-1", k), h.symbol("δ", "l", j))
    return h.derivative("C", h.symbol("w", "l", j + k)), right


def weight_matrix(h: Hand) -> tuple[str, str]:
    right = h.product(h.symbol("δ", "l"), h.symbol("a", "l-1", transposed=True), ordered=True)
    return h.gradient(h.symbol("w", "l")), right


def local(h: Hand) -> tuple[str, str]:
    j, k, *_ = h.letters
    top, below = h.symbol("z", "l+1", k), h.symbol("z", "l", j)
    right = h.product(h.symbol("w", "l+1", k + j), h.slope(h.symbol("z", "l", j)))
    return h.derivative(top, below), right


def chain(h: Hand) -> tuple[str, str]:
    j, k, *_ = h.letters
    parts = (
        h.whole_derivative("C", h.symbol("a", "l", j)),
        h.whole_derivative(h.symbol("a", "l", j), h.symbol("z", "l", j)),
        h.whole_derivative(h.symbol("z", "l", j), h.symbol("w", "l", j + k)),
    )
    return h.derivative("C", h.symbol("w", "l", j + k)), h.product(*parts)


def quadratic(h: Hand) -> tuple[str, str]:
    gap = h.bracket(f"{h.symbol('a', 'L')}{h.space()}-{h.space()}y")
    return h.symbol("δ", "L"), h.by_entries(gap, h.slope(h.symbol("z", "L")))


def sigmoid(h: Hand) -> tuple[str, str]:
    j, *_ = h.letters
    a = h.symbol("a", "l", j)
    return h.slope(h.symbol("z", "l", j)), h.product(a, h.bracket(f"1{h.space()}-{h.space()}{a}"))


IDENTITIES: Mapping[Statement, Mapping[str, str]] = {
    forward: {},
    activations: {},
    forward_entry: {},
    output: {},
    output_entry: {},
    hidden: {},
    hidden_entry: {},
    hidden_diagonal: {},
    bias: {},
    bias_vector: {},
    weight: {},
    weight_matrix: {},
    local: {},
    chain: {},
    quadratic: {"cost": "quadratic"},
    sigmoid: {"activation": "sigmoid"},
}

BELOW = (hidden, hidden_entry, hidden_diagonal, local)  # they look one layer up

# --- displays ----------------------------------------------------------------------------------


# The last layer for which an identity holds, where l is in it: L, but for these.
LAYERS = {output: "", output_entry: "", quadratic: "", **dict.fromkeys(BELOW, "L-1")}
RANGES = (
    r"l = 2, \dots, {}", r"l=2,\ldots,{}", r"l = 2, 3, \dots, {}", r"l = {}, \dots, 2",
    r"2 \le l \le {}", r"2 \leq l \leq {}", r"1 < l \le {}", r"l \in \{{2, \ldots, {}\}}",
    r"\forall l \in \{{2, \dots, {}\}}",
    r"\text{{for }} l = 2, \dots, {}", r"{} \ge l \ge 2", r"(l = 2, \dots, {})",
)  # fmt: skip
GAPS = (r", \quad ", r" \qquad ", r",\ ", r", \;\; ", r" \quad\text{for}\quad ")


def sides(h: Hand, statement: Statement) -> tuple[str, str]:
    left, right = statement(h)
    return (right, left) if h.pick((False, False, True)) else (left, right)


def display(h: Hand, statement: Statement) -> str:
    """One statement as it may be set: either way round, aligned, numbered, with range and stop."""
    left, right = sides(h, statement)
    stop = h.pick(("", "", ".", ",", r"\,.", ";", r" \tag{1}", r" \tag*{(BP)}", r" \label{eq:1}"))
    last = LAYERS.get(statement, "L")
    if last and h.pick((True, False, False)):
        stop = h.pick(GAPS) + h.pick(RANGES).format(last) + stop
    if h.pick((True, False)):
        form = h.pick(("%s%s%s%s", r"\boxed{%s%s%s}%s", "{%s%s%s}%s", r"\displaystyle %s%s%s%s"))
        return str(form % (left, h.pick(("=", " = ", r"\;=\;", " =\n")), right, stop))
    name = h.pick(("aligned", "align", "align*", "split", "eqnarray", "gather*", "equation"))
    equal = {"eqnarray": "&=&", "gather*": "=", "equation": "="}.get(name) or h.pick(("&=", "=&"))
    return rf"\begin{{{name}}} {left} {equal} {right}{stop} \end{{{name}}}"


def several(h: Hand, statements: tuple[Statement, ...]) -> str:
    """Statements below one another, numbered or not."""
    rows = []
    for number, statement in enumerate(statements, 1):
        left, right = sides(h, statement)
        note = h.pick(
            ("", "", rf" \tag{{{number}}}", rf" & \text{{(BP{number})}}", ",", r" \nonumber")
        )
        rows.append(f"{left} &= {right}{note}")
    name = h.pick(("aligned", "align", "align*"))
    between = h.pick((r" \\ ", r"\\[4pt] ", "\\\\\n", r" \\* "))
    return rf"\begin{{{name}}} {between.join(rows)} \end{{{name}}}"


PHASES = (Phase.generate,)  # shrinking a line of text takes minutes and tells little


def proved(statement: Statement, examples: int) -> None:
    """Every drawn writing of an identity is proved."""

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck), phases=PHASES)
    @given(hands())
    def law(h: Hand) -> None:
        text = display(h, statement).replace("δ", r"\delta")
        found = verify(text, "nielsen", IDENTITIES[statement])
        assert found.verdict == PROVED, f"{found.verdict}, {found.reason}: {text}"

    law()


@pytest.mark.parametrize("statement", IDENTITIES, ids=lambda s: s.__name__)
def test_what_is_true_is_proved_however_it_is_written(statement: Statement) -> None:
    proved(statement, 20)


@settings(max_examples=25, suppress_health_check=list(HealthCheck), phases=PHASES)
@given(hands(), st.permutations((output, hidden, hidden_entry, bias, weight, weight_matrix)))
def test_what_stands_below_one_another_is_proved(h: Hand, statements: list[Statement]) -> None:
    text = several(h, tuple(statements[:4])).replace("δ", r"\delta")
    found = verify(text, "nielsen", {})
    assert found.verdict == PROVED, f"{found.verdict}, {found.reason}: {text}"


@pytest.mark.slow
@pytest.mark.parametrize("statement", IDENTITIES, ids=lambda s: s.__name__)
def test_what_is_true_is_proved_in_many_more_writings(statement: Statement) -> None:
    proved(statement, 150)
