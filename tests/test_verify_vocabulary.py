r"""What every author may write instead of something: each word of the vocabulary in a true formula.

The lists are those of textbooks, of NumPy's reference and of the package physics; a word that the
reader does not know, or takes for something else, makes a true formula unknown or wrong.
"""

import pytest

from symnet import verify

ENTRYWISE = r"\odot \circ \bullet \star .* \circledast \bigodot ⊙ ∘".split()  # noqa: SIM905


@pytest.mark.parametrize("sign", ENTRYWISE)
def test_signs_for_the_product_entry_by_entry(sign: str) -> None:
    text = r"\delta^l = ((w^{l+1})^T \delta^{l+1}) %s \sigma'(z^l)"
    assert verify(text % sign, "nielsen").verdict == "proved"


NUMPY = {
    "np.square(A^{[1]})": "A^{[1]} * A^{[1]}",
    "np.exp(Z^{[1]})": "e^{Z^{[1]}}",
    "np.log(np.exp(Z^{[1]}))": "Z^{[1]}",
    "np.power(A^{[1]}, 2)": "A^{[1]} * A^{[1]}",
    "np.dot(W^{[2]}, A^{[1]})": "W^{[2]} A^{[1]}",
    "np.matmul(W^{[2]}, A^{[1]})": "W^{[2]} A^{[1]}",
    "np.multiply(A^{[1]}, Z^{[1]})": "A^{[1]} * Z^{[1]}",
    "np.divide(A^{[1]}, np.exp(Z^{[1]}))": "A^{[1]} * np.exp(-Z^{[1]})",
    "np.add(A^{[1]}, Z^{[1]})": "A^{[1]} + Z^{[1]}",
    "np.subtract(A^{[1]}, Z^{[1]})": "A^{[1]} - Z^{[1]}",
    "np.transpose(W^{[2]})": "W^{[2]T}",
    "np.outer(z^{[2]}, a^{[1]})": "z^{[2]} a^{[1]T}",
    "np.sum(np.sum(Z^{[1]}, axis=0))": "np.sum(Z^{[1]})",
}


@pytest.mark.parametrize("call", NUMPY)
def test_calls_of_numpy(call: str) -> None:
    assert verify(f"{call} = {NUMPY[call]}", "ng").verdict == "proved"
    assert verify(f"{call} = {NUMPY[call]} + 1", "ng").verdict != "proved"


SLOPES = r"""
    \pdv{C}{z^l} \pderivative{C}{z^l} \partialderivative{C}{z^l} \diffp{C}{z^l} \dv{C}{z^l}
    \derivative{C}{z^l} \frac{dC}{dz^l} \nabla_{z^l}C
""".split()  # noqa: SIM905


@pytest.mark.parametrize("slope", SLOPES)
def test_derivatives_as_packages_print_them(slope: str) -> None:
    assert verify(rf"\delta^l = {slope}", "nielsen").verdict == "proved"


@pytest.mark.parametrize(
    "style", ["hat", "widehat", "tilde", "widetilde", "check", "breve", "mathring", "dot", "ddot"]
)
def test_a_decoration_makes_another_symbol(style: str) -> None:
    text = rf"\frac{{\partial C}}{{\partial w^l}} = \{style}{{\delta}}^l (a^{{l-1}})^T"
    assert verify(text, "nielsen").verdict != "proved"


@pytest.mark.parametrize("style", ["boldsymbol", "mathbf", "bm", "mathrm", "mathit", "mathsf"])
def test_the_weight_of_a_letter_makes_no_other_symbol(style: str) -> None:
    text = rf"\frac{{\partial C}}{{\partial w^l}} = \delta^l (\{style}{{a}}^{{l-1}})^T"
    assert verify(text, "nielsen").verdict == "proved"
