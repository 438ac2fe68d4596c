r"""Formulas that were once judged wrongly, each beside what is right.

The truth of a row is written down by hand, and was not had from what is tested: T holds, F does
not hold, I has no meaning, N is one of these two, ? is not to be decided.
"""

import pytest

from symnet.paper.verify import verify

NG = {
    "declared": {
        "J": r"\frac1m\sum_i\mathcal{L}^{(i)}+\frac{\lambda}{2m}\sum_l\|W^{[l]}\|_F^2",
        "dZ^{[l]}": "derivative of per-example losses",
        "m": "number of examples",
    }
}
MASK = {
    "declared": {
        "r_j": "independent Bernoulli(p), p the keep probability",
        r"\tilde a_j": r"\frac{r_j}{p}a_j",
    }
}
BATCH = {
    "declared": {
        "C": r"\frac1m\sum_x C_x over the mini-batch",
        "m": "mini-batch size",
        r"\delta^{x,l}, a^{x,l}": "values for example x",
    }
}
STACKED = {
    "declared": {
        **BATCH["declared"],
        r"\Delta^l, A^l": r"matrices whose columns are \delta^{x,l}, a^{x,l}",
    }
}
TURNED = {
    "activation": "sigma",
    "cost": "abstract",
    "definitions": {"z^l": "(V^l)^T a^{l-1} + b^l", "a^l": "sigma(z^l)", "delta^l": "dC/dz^l"},
}

RESIDUAL = {
    "activation": "sigma",
    "cost": "abstract",
    "definitions": {
        "z^l": "W^l a^{l-1} + b^l", "a^l": "a^{l-1} + sigma(z^l)", "delta^l": "dC/dz^l",
    },
}  # fmt: skip
THETA = {
    "declared": {
        r"J(\Theta)": r"\frac1m\sum_{i=1}^m \mathrm{cost}(i)"
        r"+\frac{\lambda}{2m}\sum_l\|\Theta^{(l)}\|_F^2",
        "m": "number of examples",
    }
}
DESCENT = {**NG, "rule": "gradient descent on J"}
HALF = r"\frac{1}{2}\sum_j (y_j - a_j^L)^2"


def _words(cost: str) -> dict[str, object]:
    forward = {"z^l": "w^l a^{l-1}+b^l", "a^l": "sigma(z^l)", "delta^l": "dC/dz^l"}
    return {"activation": "sigma", "cost": cost, "definitions": forward}


def _law(said: str) -> dict[str, object]:
    return {"declared": {"X": said}}


WANTED = {
    "T": {"proved"}, "F": {"refuted"}, "I": {"ill-formed"}, "N": {"refuted", "ill-formed"},
    "?": {"unknown"},
}  # fmt: skip
ROWS = (
    # Layers from 0 to L, and the ranges that a page prints.
    ("ng", None, r"Z^{[l]} = W^{[l]}A^{[l-1]} + b^{[l]}, \quad l = 1, \dots, L", "T"),
    ("ng", None, r"Z^{[l]} = W^{[l]}A^{[l-1]} + b^{[l]}, \quad l = 0, \dots, L", "I"),
    ("ng", None, r"Z^{[k]} = W^{[k]}A^{[k-1]} + b^{[k]}, \quad k = 1, \dots, L", "T"),
    ("ng", None, r"Z^{[l]} = W^{[l]}A^{[l-1]} + b^{[l]}, \quad 0 < l \le L", "T"),
    ("ng", None, r"Z^{[l]} = W^{[l]}A^{[l-1]} + b^{[l]}, \quad 0 \le l \le L", "I"),
    (
        "ng", None,
        r"dZ^{[l]} = W^{[l+1]T}dZ^{[l+1]} * g^{[l]\prime}(Z^{[l]}), \quad l = L-1, \dots, 1", "T",
    ),
    (
        "ng", None,
        r"dZ^{[l]} = W^{[l+1]T}dZ^{[l+1]} * g^{[l]\prime}(Z^{[l]}), \quad l = L, \dots, 1", "I",
    ),
    (
        "ng", None,
        r"z_j^{[l]} = \sum_k w_{jk}^{[l]}a_k^{[l-1]} + b_j^{[l]}, \quad j=1,\dots,n^{[l]}", "T",
    ),
    ("wikipedia", None, r"z_j^l = \sum_k w_{jk}^l a_k^{l-1} + b_j^l, \quad j = 1,\dots,n_l", "T"),
    # Letters of one example: a^{[l]} is no a^{(i)}.
    ("ng", None, r"z^{[l]} = W^{[l]} a^{[l-1]} + b^{[l]}", "T"),
    ("ng", None, r"z^{[2]} = W^{[2]} a^{[2]} + b^{[2]}", "I"),
    ("ng", None, r"a^{[l]} = g^{[l]}(z^{[l]})", "T"),
    ("ng", None, r"a^{[l]} = g^{[l]}(a^{[l]})", "F"),
    # dW is the derivative of J, its penalty included.
    ("ng", NG, r"dW^{[l]} = \frac1m dZ^{[l]}A^{[l-1]T} + \frac\lambda m W^{[l]}", "T"),
    ("ng", NG, r"dW^{[l]} = \frac1m dZ^{[l]}A^{[l-1]T}", "F"),
    ("ng", NG, r"dW^{[l]} = \frac1m dZ^{[l]}A^{[l-1]T} + \frac\lambda {2m} W^{[l]}", "F"),
    ("ng", NG, r"db^{[l]} = \frac1m\sum_i dz^{[l](i)}", "T"),
    # Sums over a part of the samples.
    ("ng", None, r"J = \frac{1}{m}\sum_{i=1}^{m} \mathcal{L}^{(i)}", "T"),
    ("ng", None, r"J = \frac{1}{m}\sum_{i=1}^{m-1} \mathcal{L}^{(i)}", "?"),
    ("ng", None, r"J = \frac{1}{m}\sum_{i=1}^{n} \mathcal{L}^{(i)}", "?"),
    (
        "nielsen", BATCH,
        r"\frac{\partial C}{\partial b_j^l} = \frac1m\sum_{x=1}^{m-1}\delta_j^{x,l}", "?",
    ),
    # Z beside A and Δ.
    ("nielsen", STACKED, r"\Delta^l = ((W^{l+1})^T\Delta^{l+1})\odot\sigma'(Z^l)", "T"),
    ("nielsen", STACKED, r"\Delta^l = ((W^{l+1})^T\Delta^{l+1})\odot\sigma'(Z^{l+1})", "I"),
    # f' ∘ X is diag(f') X in that book; X^T ∘ f' is no such product.
    ("wikipedia", None, r"\delta^{l} = (\nabla_{a^{l}}C) \circ (f^{l})'", "T"),
    ("wikipedia", None, r"\delta^L = \frac{\partial C}{\partial a^L}\circ (f^L)'", "T"),
    ("wikipedia", None, r"\delta^{l} = (\nabla_{a^{l}}C)^T \circ (f^{l})'", "I"),
    # BP2 in other letters: what a unit has is said of units that have it.
    ("bishop", None, r"\delta_i = h'(a_i)\sum_j w_{ji}\delta_j", "T"),
    ("haykin", None, r"\delta_i = \varphi'(v_i)\sum_j w_{ji}\delta_j", "T"),
    ("bishop", None, r"\delta_i = h'(a_i)\sum_j w_{ij}\delta_j", "N"),
    ("bishop", None, r"\frac{\partial E_n}{\partial w_{ji}} = \delta_i z_j", "I"),
    # Units of which no habit is known: what is derived by another is one layer above it.
    (
        "bishop", None,
        r"\frac{\partial E_n}{\partial z_m} = \sum_r \frac{\partial E_n}{\partial a_r}"
        r"\frac{\partial a_r}{\partial z_m}", "T",
    ),
    (
        "bishop", None,
        r"\frac{\partial E_n}{\partial a_m} = \sum_r \frac{\partial E_n}{\partial a_r}"
        r"\frac{\partial a_r}{\partial z_m}", "F",
    ),
    # The entries of the page's own matrix.
    ("other", TURNED, r"z_j^l=\sum_k V_{kj}^l a_k^{l-1}+b_j^l", "T"),
    ("other", TURNED, r"z_j^l=\sum_k V_{jk}^l a_k^{l-1}+b_j^l", "I"),
    ("other", TURNED, r"\frac{\partial C}{\partial V_{jk}^l}=a_k^{l-1}\delta_j^l", "I"),
    ("other", TURNED, r"\frac{\partial C}{\partial V_{jk}^l}=a_j^{l-1}\delta_k^l", "T"),
    # A page whose network is not the book's, or whose cost was not read.
    ("other", RESIDUAL, r"\delta^l=((W^{l+1})^T\delta^{l+1})\odot\sigma'(z^l)", "?"),
    (
        "coursera-ml", THETA,
        r"\frac{\partial J(\Theta)}{\partial\Theta_{ij}^{(l)}} = a_j^{(l)}\delta_i^{(l+1)}", "?",
    ),
    ("ng", DESCENT, r"W^{[l]} := W^{[l]} - \alpha\, dW^{[l]}", "T"),
    ("ng", DESCENT, r"W^{[l]} := W^{[l]} + \alpha\, dW^{[l]}", "F"),
    # Costs by their formulas.
    ("nielsen", _words(HALF), r"\delta^L=(a^L-y)\odot\sigma'(z^L)", "T"),
    ("nielsen", _words(HALF), r"\delta^L=(y-a^L)\odot\sigma'(z^L)", "F"),
    ("nielsen", _words("sum_j (a_j-y_j)^2"), r"\delta^L=(a^L-y)\odot\sigma'(z^L)", "F"),
    ("nielsen", _words("MSE"), r"\delta^L=(a^L-y)\odot\sigma'(z^L)", "?"),
    # Functions of something random are no products with it.
    ("nielsen", MASK, r"\mathbb E[\sigma(\tilde a_j)] = \sigma(a_j)", "?"),
    ("nielsen", MASK, r"\mathbb E[f(\tilde a_j)] = f(a_j)", "?"),
    ("nielsen", MASK, r"\mathbb E[\exp(r_j)] = \exp(p)", "?"),
    ("nielsen", MASK, r"\mathbb E[r_j(1-p)] = p(1-p)", "T"),
    # Means and variances that words give.
    ("nielsen", _law(r"random, mean \mu, variance \sigma^2"), r"E[X^2]=\mu^2+\sigma^2", "T"),
    ("nielsen", _law(r"random, mean \mu, variance \sigma^2"), r"E[X^2]=\sigma^2", "F"),
    ("nielsen", _law(r"variance \sigma^2, mean 0"), r"\mathrm{Var}(X)=\sigma^2", "T"),
    ("nielsen", _law("mean 0, variance 2/n"), r"\mathrm{Var}(X)=\frac2n", "T"),
    ("nielsen", _law("mean 0, variance 2/n"), r"\mathrm{Var}(X)=\frac1n", "F"),
    ("nielsen", _law("mean 0, variance 0.5"), r"E[X^2]=\frac12", "T"),
    ("nielsen", _law(r"mean 0, standard deviation \sigma"), r"\mathrm{Var}(X)=\sigma", "?"),
    ("nielsen", {"declared": {"X, Y": "mean 0, variance 1, not independent"}}, "E[XY]=0", "?"),
)  # fmt: skip


@pytest.mark.parametrize(("convention", "context", "latex", "truth"), ROWS)
def test_what_was_once_judged_wrongly(convention, context, latex, truth):
    assert verify(latex, convention, context).verdict in WANTED[truth]


def test_layers_of_sums_are_counted_as_the_book_counts_them() -> None:
    whole, part = (
        rf"\frac1m\sum_i\mathcal{{L}}^{{(i)}}+\frac{{\lambda}}{{2m}}\sum_{{l={first}}}^L\|W^{{[l]}}\|_F^2"
        for first in (1, 2)
    )
    claim = r"dW^{[l]} = \frac1m dZ^{[l]}A^{[l-1]T} + \frac{\lambda}{m}W^{[l]}"
    assert verify(claim, "ng", {"declared": {"J": whole}}).verdict == "proved"
    assert verify(claim, "ng", {"declared": {"J": part}}).verdict != "proved"


def test_an_undeclared_weight_is_not_that_of_the_page() -> None:
    page = {"definitions": {"z^l": "V^l a^{l-1} + b^l", "a^l": "sigma(z^l)"}}
    right = r"\frac{\partial C}{\partial V^l} = \delta^l (a^{l-1})^T"
    assert verify(right, "other", page).verdict == "proved"
    assert verify(right.replace("V", "W"), "other", page).verdict == "unknown"


def test_a_target_that_is_not_one_hot_has_no_sum_of_one() -> None:
    softmax = {"output_activation": "softmax", "cost": "log-likelihood"}
    for target, verdict in (("one-hot", "proved"), ("not one-hot", "refuted")):
        found = verify(r"\delta_j^L = a_j^L - y_j", "nielsen", {**softmax, "target": target})
        assert found.verdict == verdict


def test_the_loss_of_one_output_is_not_called_ill_formed() -> None:
    loss = r"\mathcal{L}(\hat{y},y) = -(y \log \hat{y} + (1-y) \log(1-\hat{y}))"
    assert verify(loss, "ng", {"cost": "cross-entropy"}).verdict in ("proved", "unknown")


@pytest.mark.parametrize(
    ("convention", "key", "said"),
    [
        ("nielsen", r"\delta^l", r"(W^{l+1})^T \delta^{l+1}"),
        ("nielsen", r"\frac{\partial C}{\partial w^l}", r"\delta^l"),
        ("nielsen", r"\frac{\partial C}{\partial w_{jk}^l}", r"a_j^l \delta_k^l"),
        ("nielsen", "1", "2"),
        ("bishop", r"\delta_j", r"h(a_j) \sum_k w_{kj} \delta_k"),
        ("other", r"\delta^l", r"(W^{l+1})^T \delta^{l+1}"),
        ("other", r"\frac{\partial C}{\partial W^l}", r"\delta^l"),
        ("other", "1", "2"),
    ],
)
def test_what_a_page_declares_of_what_follows_proves_nothing(
    convention: str, key: str, said: str
) -> None:
    forward = {"z^l": "W^l a^{l-1} + b^l", "a^l": "sigma(z^l)"} if convention == "other" else {}
    found = verify(f"{key} = {said}", convention, {"definitions": {**forward, key: said}})
    assert found.verdict != "proved"
