"""Conventions as data: what their files say is proved, and BP1 to BP4 in every one of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from test_convention_mutants import TRUE, in_letters

from symnet.errors import SymnetError
from symnet.paper.books.convention_files import FOLDER, Convention, convention, from_toml, names
from symnet.paper.context.in_nielsens import in_nielsens
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.verify import verify

BOOKS = names()


def textbook(book: Convention) -> dict[str, str]:
    """BP1 to BP4 in components, in the letters of a book; those that it has letters for."""
    made = {which: in_letters(TRUE[which], book) for which in ("BP1", "BP2", "BP3", "BP4")}
    return {which: latex for which, latex in made.items() if latex is not None}


def everything() -> Iterator[tuple[str, str, str]]:
    for name in BOOKS:
        for which, latex in textbook(convention(name)).items():
            yield name, which, latex


@pytest.mark.parametrize(("name", "which", "latex"), list(everything()))
def test_the_four_equations_are_proved_in_every_book(name: str, which: str, latex: str) -> None:
    found = verify(latex, name)
    assert (found.verdict, latex) == ("proved", latex), found


def test_every_book_has_the_four_equations_that_it_has_letters_for() -> None:
    without = {name: {"BP1", "BP2", "BP3", "BP4"} - textbook(convention(name)).keys()
               for name in BOOKS}  # fmt: skip
    absorbed = {name for name in BOOKS if convention(name).absorbed_bias}
    assert {name for name, missing in without.items() if missing - {"BP3"}} <= {"esl"}
    assert all("BP3" in without[name] for name in absorbed)


@pytest.mark.parametrize("name", BOOKS)
def test_the_equations_of_a_file_are_proved_under_it(name: str) -> None:
    stated = convention(name).equations
    assert stated
    assert [(x, v) for x in stated if (v := verify(x, name).verdict) != "proved"] == []


def meant(latex: str, name: str) -> str:
    try:
        return s.spell(in_nielsens(read(latex), convention(name))).replace("W", "w")
    except SymnetError:
        return ""


@pytest.mark.parametrize("other", BOOKS)
def test_what_another_book_means_otherwise_is_not_proved(other: str) -> None:
    wrong = []
    for name, which, latex in everything():
        if name == other or meant(latex, name) == meant(latex, other):
            continue
        found = verify(latex, other)
        if found.verdict == "proved" and not same(latex, name, other):
            wrong.append((name, which, latex, str(found)))
    assert wrong == []


def same(latex: str, name: str, other: str) -> bool:
    """Whether a formula says something true in both, each in its own way."""
    one, two = meant(latex, name), meant(latex, other)
    return one == two or (
        verify(latex, name).verdict == verify(latex, other).verdict == "proved"
        and (
            {convention(name).name, convention(other).name} & {"bishop", "haykin", "rhw1986"}
            != set()
        )
    )


# Formulas that are right in one book and wrong in another, for the reason that is named.
DIFFER = [
    (r"\nabla_{W^{(l)}} J = \delta^{(l+1)} (a^{(l)})^T", "ufldl", "ng"),
    (r"\frac{\partial C}{\partial w^l} = a^{l-1} (\delta^l)^T", "input-by-output", "nielsen"),
    (r"\frac{\partial C}{\partial w^l} = \delta^l (a^{l-1})^T", "nielsen", "input-by-output"),
    (r"\frac{\partial E}{\partial w_{ij}} = o_i \delta_j", "wikipedia", "bishop"),
    (r"\frac{\partial E}{\partial w_{ji}} = \delta_j z_i", "bishop", "haykin"),
    (r"\frac{\partial \mathcal{E}}{\partial w_{ji}} = -\delta_j y_i", "haykin", "rhw1986"),
    (r"\frac{\partial E}{\partial y_j} = y_j - d_j", "rhw1986", "bishop"),
]


@pytest.mark.parametrize(("latex", "right", "wrong"), DIFFER)
def test_one_formula_is_right_in_one_book_and_not_in_another(
    latex: str, right: str, wrong: str
) -> None:
    context = {"cost": "quadratic"} if "d_j" in latex else {}
    assert verify(latex, right, context).verdict == "proved"
    assert verify(latex, wrong, context).verdict in ("refuted", "ill-formed", "unknown")
    assert verify(latex, wrong, context).verdict != "proved"


OWN = """
[convention]
name = "mine"
functions = ["f"]
closed = true
equations = ['p^{(l)} = f(U^{(l)} p^{(l-1)} + c^{(l)})']

[symbols]
'U^{(l)}' = 'w^l'
'c^{(l)}' = 'b^l'
'p^{(l)}' = 'a^l'
's^{(l)}' = 'z^l'
'e^{(l)}' = '\\\\delta^l'
'Q' = 'C'
""".replace("\\\\", "\\")


def test_a_convention_of_ones_own(tmp_path: object) -> None:
    file = f"{tmp_path}/mine.toml"
    with open(file, "w", encoding="utf-8") as out:
        out.write(OWN)
    assert verify(r"\nabla_{U^{(l)}} Q = e^{(l)} (p^{(l-1)})^T", file).verdict == "proved"
    assert verify(r"\nabla_{U^{(l)}} Q = e^{(l)} (p^{(l)})^T", file).verdict == "ill-formed"
    assert verify(r"\nabla_{U^{(l)}} Q = e^{(l)} (p^{(l-1)})^T", "nielsen").verdict != "proved"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[convention", "mine"),
        ("[convention]\nnam = 'x'", "nam"),
        ("[symbols]\n'W + b' = 'w^l'", "no symbol"),
        ("[convention]\nfirst = 'zero'", "first"),
        ("[convention]\nsamples = 'diagonal'", "samples"),
        ("convention = 3", "tables"),
    ],
)
def test_a_bad_file_says_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(SymnetError, match=says):
        from_toml(text, "mine")


def test_an_unknown_convention_names_those_there_are() -> None:
    assert "bishop" in verify("a = a", "bishup").reason
    assert "nowhere.toml" in verify("a = a", "nowhere.toml").reason


# One rule of a file changed: its own equations have to notice.
PLANTED = [
    ("ufldl", "'W^{(l)}' = 'w^{l+1}'", "'W^{(l)}' = 'w^l'"),
    ("ufldl", r"'\delta^{(l)}' = '\delta^l'", r"'\delta^{(l)}' = '\delta^{l+1}'"),
    ("coursera-ml", r"'\Theta^{(l)}' = 'w^{l+1}'", r"'\Theta^{(l)}' = 'w^l'"),
    ("bishop", "'w_{ji}' = 'w_{ji}^j'", "'w_{ji}' = 'w_{ij}^i'"),
    ("bishop", "first = 0", "first = 1"),
    ("haykin", r"'\delta_j' = '-\delta_j^j'", r"'\delta_j' = '\delta_j^j'"),
    ("ng", "first = 0", "first = 1"),
    ("ng", "'b^{[l]}' = 'b^l'", "'b^{[l]}' = 'b^{l+1}'"),
    ("input-by-output", "'w_{kj}^l' = 'w_{jk}^l'", "'w_{kj}^l' = 'w_{kj}^l'"),
    ("wikipedia", "'w_{ij}' = 'w_{ji}^j'", "'w_{ij}' = 'w_{ij}^i'"),
    ("wikipedia", "first = 0", "first = 1"),
    ("rhw1986", "'x_j' = 'z_j^j'", "'x_j' = 'a_j^j'"),
]


@pytest.mark.parametrize(("name", "rule", "wrong"), PLANTED)
def test_a_planted_error_is_noticed_by_the_equations_of_its_file(
    name: str, rule: str, wrong: str, tmp_path: Path
) -> None:
    text = (FOLDER / f"{name}.toml").read_text("utf-8")
    assert rule in text
    file = tmp_path / f"{name}.toml"
    file.write_text(text.replace(rule, wrong), "utf-8")
    stated = convention(str(file)).equations
    assert any(verify(x, str(file)).verdict != "proved" for x in stated)
