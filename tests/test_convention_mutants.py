r"""True equations and their mutants in every convention, in many hands: nothing wrong is proved.

An equation is written twice, in Nielsen's letters and in a book's. What a mutant is worth says
claims_by_numbers.py of Nielsen's text, which shares nothing with `verify` but the text; the book's
text is what is judged.
"""

import random
import re
from collections import Counter
from collections.abc import Iterator

import pytest
from claims_by_numbers import DIFFERS, HOLDS, NO_SHAPE, judge
from hypothesis import given, settings
from hypothesis import strategies as st

from symnet.paper.books.book_letters import cost, function, written
from symnet.paper.books.convention_files import Convention, convention, names
from symnet.paper.verify import ILL_FORMED, PROVED, REFUTED, verify
from symnet.term import LayerNumber

# {a:l-1:k} is a_k^{l-1} of Nielsen's, {C} the cost, {f} the activation.
TRUE = {
    "forward": r"{z:l:j} = \sum_k {w:l:jk} {a:l-1:k} + {b:l:j}",
    "BP1": r"{δ:L:k} = \frac{\partial {C}}{\partial {a:L:k}} {f}'({z:L:k})",
    "BP2": r"{δ:l:j} = {f}'({z:l:j}) \sum_k {w:l+1:kj} {δ:l+1:k}",
    "BP3": r"\frac{\partial {C}}{\partial {b:l:j}} = {δ:l:j}",
    "BP4": r"\frac{\partial {C}}{\partial {w:l:ji}} = {δ:l:j} {a:l-1:i}",
    "slope": r"\frac{\partial {a:l:j}}{\partial {z:l:j}} = {f}'({z:l:j})",
    "below": r"\frac{\partial {C}}{\partial {a:l:j}} = \sum_k {w:l+1:kj} {δ:l+1:k}",
}
QUANTITY = re.compile(r"\{(w|b|z|a|δ):([lL])([+-]\d)?:(\w+)\}")
UNLAYERED = tuple(name for name in names() if convention(name).units)
BOOKS = tuple(name for name in names() if written("δ", LayerNumber("l"), ("j",), convention(name)))


def in_letters(template: str, book: Convention) -> str | None:
    """An equation in the letters of a book; None where it has not all of them."""
    missing = False

    def put(found: re.Match[str]) -> str:
        nonlocal missing
        name, letter, offset, letters = found.groups()
        layer = LayerNumber(letter, int(offset or 0))
        text = written(name, layer, tuple(letters), book)
        missing = missing or text is None
        return f"({text})" if str(text).startswith("-") else str(text)

    text = QUANTITY.sub(put, template).replace("{C}", cost(book)).replace("{f}", function(book))
    return None if missing else text


def mutants(template: str, layered: bool) -> Iterator[str]:
    """The equation with one thing in it changed."""
    for found in QUANTITY.finditer(template):
        name, letter, offset, letters = found.groups()
        before, after = template[: found.start()], template[found.end() :]
        number = int(offset or 0)
        for by in (-1, 1) if layered else ():
            moved = number + by
            if letter == "l" or moved <= 0:
                there = f"{moved:+d}" if moved else ""
                yield f"{before}{{{name}:{letter}{there}:{letters}}}{after}"
        if len(letters) == 2:
            yield f"{before}{{{name}:{letter}{offset or ''}:{letters[::-1]}}}{after}"
        for other in {"z": "a", "a": "z"}.get(name, ""):
            yield f"{before}{{{other}:{letter}{offset or ''}:{letters}}}{after}"
    left, right = template.split(" = ")
    yield f"{left} = -{right}"
    yield f"{left} = 2 {right}"
    if "{f}'" in right:
        yield f"{left} = {right.replace(chr(39), '', 1)}"


NIELSEN = convention("nielsen")
CASES = [
    (name, which, in_letters(template, convention(name)))
    for name in BOOKS
    for which, template in TRUE.items()
    if in_letters(template, convention(name)) is not None
    and not (which == "forward" and convention(name).absorbed_bias)
]


@pytest.mark.parametrize(("name", "which", "text"), CASES)
def test_what_is_true_is_proved(name: str, which: str, text: str) -> None:
    assert verify(text, name).verdict == PROVED, text


@pytest.mark.parametrize("name", BOOKS)
def test_mutants_are_judged_as_the_numbers_say(name: str) -> None:
    book, counted, wrong = convention(name), Counter[str](), []
    layered = name not in UNLAYERED
    cases = [(x, y) for x, y in TRUE.items() if any(c[:2] == (name, x) for c in CASES)]
    everything = [m for _, template in cases for m in mutants(template, layered)]
    for mutant in random.Random(7).sample(everything, min(40, len(everything))):
        text, plain = in_letters(mutant, book), in_letters(mutant, NIELSEN)
        if text is None or plain is None:
            continue
        judged, found = judge(plain, {}), verify(text, name)
        counted[f"{judged.split(':')[0]} → {found.verdict}"] += 1
        contradicts = (judged in (DIFFERS, NO_SHAPE) and found.verdict == PROVED) or (
            judged == HOLDS and found.verdict in (REFUTED, ILL_FORMED)
        )
        if contradicts:
            wrong.append((text, plain, judged, str(found)))
    assert wrong == []
    judged_wrong = sum(n for k, n in counted.items() if k.endswith((REFUTED, ILL_FORMED)))
    assert judged_wrong > 5, counted


@pytest.mark.parametrize("name", BOOKS)
def test_suggestions_are_proved(name: str) -> None:
    book, suggested = convention(name), 0
    cases = [(x, y) for x, y in TRUE.items() if any(c[:2] == (name, x) for c in CASES)]
    everything = [m for _, t in cases for m in mutants(t, name not in UNLAYERED)]
    for mutant in random.Random(11).sample(everything, min(12, len(everything))):
        text = in_letters(mutant, book)
        suggestion = verify(text, name).suggestion if text is not None else None
        if suggestion is not None:
            suggested += 1
            assert verify(suggestion, name).verdict == PROVED, (text, suggestion)
    assert suggested > 3


# --- hands --------------------------------------------------------------------------------------

SCRIPTS = re.compile(r"(\^\{[^{}]*\})(_\{[^{}]*\})|(_\{[^{}]*\})(\^\{[^{}]*\})")
BOLD = re.compile(r"(?<![\\A-Za-z{])([Wwbazx])(?=[_^])")


def in_a_hand(text: str, swap: bool, style: str, space: str, brackets: bool) -> str:
    """The same formula as another author would type it."""
    if swap:
        text = SCRIPTS.sub(lambda m: (m[2] or m[4]) + (m[1] or m[3]), text)
    if style:
        text = BOLD.sub(lambda m: rf"\{style}{{{m[1]}}}", text)
    if brackets:
        text = text.replace("(", r"\left(").replace(")", r"\right)")
        text = re.sub(r"([\^_]\{[^{}]*)\\left\(([^{}]*)\\right\)", r"\1(\2)", text)
    return text.replace(" ", f" {space} ") + space


@pytest.mark.parametrize(("name", "which", "text"), CASES)
@settings(max_examples=4)
@given(
    swap=st.booleans(),
    style=st.sampled_from(["", "mathbf", "boldsymbol", "bm"]),
    space=st.sampled_from(["", r"\,", r"\;", "{}"]),
    brackets=st.booleans(),
)
def test_what_is_true_is_proved_in_any_hand(
    name: str, which: str, text: str, swap: bool, style: str, space: str, brackets: bool
) -> None:
    typed = in_a_hand(text, swap, style, space, brackets)
    assert verify(typed, name).verdict == PROVED, typed
