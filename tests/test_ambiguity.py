r"""Where a formula can be read in two ways: which was taken, and what the other would be."""

import pytest

from symnet.paper.verify import verify

FIRST = "matrix products are taken before ⊙"
OTHER = "if ⊙ were taken before matrix products it would be"
BP2 = r"\delta^l = (W^{l+1})^T \delta^{l+1} \odot \sigma'(z^l)"
ABOVE = r"\nabla_{a^l} C = (W^{l+1})^T \nabla_{a^{l+1}} C \odot \sigma'(z^{l+1})"


@pytest.mark.parametrize(
    ("latex", "taken", "other"), [(BP2, "proved", "refuted"), (ABOVE, "refuted", "proved")]
)
def test_both_readings_are_told_where_both_have_shapes(latex: str, taken: str, other: str) -> None:
    found = verify(latex, context={"widths": "equal"})
    assert found.verdict == taken
    assert found.notes[:1] == (FIRST,)
    assert f"{OTHER} {other}" in found.notes


def test_a_reading_without_shapes_is_not_told() -> None:
    found = verify(BP2)
    assert (found.verdict, found.notes) == ("proved", (FIRST,))


def test_brackets_leave_nothing_to_say() -> None:
    bracketed = BP2.replace(r"(W^{l+1})^T \delta^{l+1}", r"\left((W^{l+1})^T \delta^{l+1}\right)")
    assert verify(bracketed, context={"widths": "equal"}).notes == ()


def test_a_delta_with_two_letters_is_said_to_be_kroneckers() -> None:
    found = verify(r"\frac{\partial z_j^l}{\partial z_k^l} = \delta_{jk}")
    assert found.verdict == "proved"
    assert any("Kronecker" in note for note in found.notes)


def test_the_order_of_subscripts_that_matrices_leave_open_is_told() -> None:
    context = {"definitions": {"a^l": "sigma(a^{l-1} W^l + b^l)"}}
    found = verify(r"\frac{\partial C}{\partial w_{jk}^l} = a_k^{l-1}\delta_j^l", "other", context)
    assert found.verdict == "proved"
    assert any("from k to j" in note for note in found.notes)
