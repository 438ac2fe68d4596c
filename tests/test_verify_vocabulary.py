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
    "np.tanh(Z^{[1]})": r"\tanh(Z^{[1]})",
    "np.sin(Z^{[1]})": r"\sin(Z^{[1]})",
    "np.cos(Z^{[1]})": r"\cos(Z^{[1]})",
    "np.square(np.sqrt(np.exp(Z^{[1]})))": "np.exp(Z^{[1]})",
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


UNITS = {
    "ELU": (r"\alpha (e^x - 1)", "x", r"\alpha e^x", "1"),
    "LeakyReLU": (r"\alpha x", "x", r"\alpha", "1"),
    "PReLU": (r"\alpha x", "x", r"\alpha", "1"),
    "SELU": (r"\lambda \alpha (e^x - 1)", r"\lambda x", r"\lambda \alpha e^x", r"\lambda"),
}
OWN = {"definitions": {"a^l": "sigma(W^l a^{l-1} + b^l)"}, "activation": "abstract"}


@pytest.mark.parametrize("name", UNITS)
@pytest.mark.parametrize("order", [0, 1])
def test_activations_in_two_branches(name: str, order: int) -> None:
    below, above = UNITS[name][2 * order : 2 * order + 2]
    rows = r"%s & \text{if } x > 0 \\ %s & \text{if } x \le 0"
    text = rf"\mathrm{{%s}}%s(x) = \begin{{cases}} {rows} \end{{cases}}"
    formula = text % (name, "'" * order, above, below)
    assert verify(formula, "other", OWN).verdict == "proved"
    for wrong in (
        (name, "'" * order, above, f"{below} + 1"),
        (name, "'" * order, f"2 {above}", below),
    ):
        assert verify(text % wrong, "other", OWN).verdict == "refuted"


@pytest.mark.parametrize("name", ["logsoftmax", "LogSoftmax", "log softmax"])
def test_the_logarithm_of_softmax(name: str) -> None:
    text = r"\mathrm{%s}(z)_i = z_i - \log \sum_j e^{z_j}"
    assert verify(text % name, "nielsen").verdict == "proved"
    assert verify((text % name).replace(r"\log", r"2 \log"), "nielsen").verdict == "refuted"


@pytest.mark.parametrize("name", ["LSE", "lse", "logsumexp", "LogSumExp"])
def test_the_logarithm_of_a_sum_of_exponentials(name: str) -> None:
    text = r"\mathrm{%s}(z) = \log \sum_j e^{z_j}"
    assert verify(text % name, "nielsen").verdict == "proved"


@pytest.mark.parametrize("letter", ["t", "k", r"\tau", "n", "s", "i", "j"])
def test_letters_that_count_steps(letter: str) -> None:
    step = r"w_{%s+1} = w_%s - \eta\nabla C(w_%s) + \mu(w_%s - w_{%s-1})".replace("%s", letter)
    words = {
        r"\mu": "momentum coefficient",
        r"\eta": "learning rate",
        "method": f"heavy ball: {step}",
    }
    assert verify(step, "nielsen", {"declared": words}).verdict == "proved"
    wrong = step.replace(r"+ \mu", r"- \mu")
    assert verify(wrong, "nielsen", {"declared": words}).verdict == "refuted"
