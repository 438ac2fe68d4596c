"""An error says what and where: the caret stands under the place, whatever the text is."""

import pytest

from symnet.errors import ArchitectureError, EquationError, NotProved, NotYet, SymnetError


@pytest.mark.parametrize("kind", [ArchitectureError, EquationError, NotProved, NotYet])
def test_every_error_is_one_of_ours(kind: type[SymnetError]) -> None:
    assert issubclass(kind, SymnetError)
    assert str(kind("no more than this")) == "no more than this"


@pytest.mark.parametrize(
    ("text", "start", "length", "expected"),
    [
        ("2-x-1", 2, 1, "why, column 3:\n    2-x-1\n      ^"),
        ("2-nope", 2, 4, "why, column 3:\n    2-nope\n      ^^^^"),
        ("2-", 2, 1, "why, column 3:\n    2-\n      ^"),  # just behind the end
        ("2-3", 0, 0, "why, column 1:\n    2-3\n    ^"),  # nothing is still a place
        ("2-nope", 2, 999, "why, column 3:\n    2-nope\n      ^^^^"),
    ],
)
def test_the_place_is_marked(text: str, start: int, length: int, expected: str) -> None:
    assert str(SymnetError("why", text=text, start=start, length=length)) == expected


def test_a_hint_is_the_last_line() -> None:
    assert str(SymnetError("why", hint="so")) == "why\nso"
    assert str(SymnetError("why", text="2-x", start=2, hint="so")).split("\n")[3:] == ["so"]


@pytest.mark.parametrize("start", [0, 59, 60, 61, 500, 99_990, 99_999, 100_000])
def test_a_long_text_is_cut_and_the_caret_stays_below_its_place(start: int) -> None:
    text = "-".join(str(n % 10) for n in range(50_000)) + "!"
    message, window, caret = str(SymnetError("why", text=text, start=start)).split("\n")
    assert message == f"why, column {start + 1}:"
    assert len(window) <= 104
    place = caret.index("^")
    assert window[place : place + 1] == text[start : start + 1]


@pytest.mark.parametrize(
    "text",
    ["2\n-3", "2-3\r\n", "\t2-3", "2\0-3", "2-\u20283", "2-\x1b[31m3", "2-\u200b3", "2-\ud8003"],
    ids=ascii,
)
def test_characters_that_would_break_the_picture_are_shown(text: str) -> None:
    """A line break in the text would put the caret below something else."""
    shown = str(SymnetError("why", text=text, start=len(text) - 1))
    _, window, caret = shown.split("\n")
    assert len(window) == 4 + len(text)
    assert caret.index("^") == 4 + len(text) - 1
    assert shown.replace("\n", "").isprintable()
    assert shown.encode()  # no half of a character is left
