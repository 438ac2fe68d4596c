r"""Formulas about pages of definitions, with the verdict that each deserves: tables, nothing else.

A page is a convention and what is declared; beside a true formula often stands a near miss of it.
"""

LINEAR = ("cs231n", {
    "X": "N by D, examples as rows", "W": "D by K", "b": "1 by K, added to every row",
    "Y": "XW+b", "L": "scalar loss", r"\mathbf{1}": "column of N ones",
})  # fmt: skip
COLUMNS = ("other", {
    "X": r"\mathbb{R}^{D \times N}", "W": "K by D", "b": "K by 1, added to every column",
    "Z": "WX+b", "L": "loss", r"\mathbf{1}": "column of N ones",
})  # fmt: skip
SCORES = ("cs231n", {
    "F": "N by K scores, examples as rows", "P": "row-wise softmax of F", "Y": "one-hot rows",
    "L": "average cross-entropy",
})  # fmt: skip
ONE = ("cs231n", {
    "p_k": r"e^{f_k}/\sum_j e^{f_j}", "L_i": r"-\log p_{y_i}", "y_i": "class number",
})  # fmt: skip
BATCH = ("batchnorm", {
    r"\mu_\mathcal{B}, \sigma_\mathcal{B}^2": "mini-batch mean and (biased) variance",
    r"\hat x_i": r"(x_i-\mu_\mathcal{B})/\sqrt{\sigma_\mathcal{B}^2+\epsilon}",
    "y_i": r"\gamma\hat x_i+\beta", r"\ell": "loss", "m": "batch size",
})  # fmt: skip
ROWS = ("rows", {})
D2L = ("d2l", {})
TORCH = ("pytorch", {})
NORM = ("nielsen", {
    r"\mathrm{LN}(x)": r"(x-\bar x)/\sqrt{\frac1n\sum_i(x_i-\bar x)^2}, no gain or bias, \epsilon=0",
    r"\mathbf{1}": "vector of ones",
})  # fmt: skip
RMS = ("other", {
    "x": "vector of length n", "r": r"\sqrt{\frac{1}{n}\sum_{i=1}^n x_i^2 + \epsilon}",
    "y": r"x / r", "L": "loss",
})  # fmt: skip
WEIGHT = ("other", {
    "v": "vector of length n", "g": "scalar", "w": r"\frac{g}{\|v\|} v", "L": "loss",
})  # fmt: skip
RESIDUAL = ("other", {
    "x": "vector of length d", "W": "d by d", r"\phi": "activation function",
    "z": "W x", "y": r"x + \phi(z)", "L": "loss",
})  # fmt: skip
DROPOUT = ("other", {
    "a": "vector of length n", "r": "vector of length n", "W": "k by n",
    r"\tilde a": r"r \odot a", "z": r"W \tilde a", "L": "loss",
})  # fmt: skip
RIDGE = ("other", {
    "X": "N by D", "w": "vector of length D", "y": "vector of length N",
    r"\hat y": "X w", "J": r"\frac{1}{2N}\|\hat y - y\|^2 + \frac{\lambda}{2}\|w\|^2",
})  # fmt: skip
TWO = ("cs231n", {
    "X": "N by D, examples as rows", "W_1": "D by H", "b_1": "1 by H, added to every row",
    "W_2": "H by K", "b_2": "1 by K, added to every row", "Z": "XW_1+b_1",
    "H": r"\max(0, Z)", "S": "HW_2+b_2", "L": "loss", r"dS": r"\frac{\partial L}{\partial S}",
    "dH": r"\frac{\partial L}{\partial H}", "dZ": r"\frac{\partial L}{\partial Z}",
})  # fmt: skip

TRUE = [
    (LINEAR, r"\frac{\partial L}{\partial W_{dk}} = \sum_{n=1}^N X_{nd} \frac{\partial L}{\partial Y_{nk}}"),
    (LINEAR, r"\frac{\partial L}{\partial X} = \frac{\partial L}{\partial Y} W^T"),
    (LINEAR, r"\left(\frac{\partial L}{\partial W}\right)^T = \left(\frac{\partial L}{\partial Y}\right)^T X"),
    (LINEAR, r"\frac{\partial L}{\partial b} = \sum_{i=1}^N \frac{\partial L}{\partial Y_{i,:}}"),
    (LINEAR, r"\frac{\partial L}{\partial b_k} = \sum_n \frac{\partial L}{\partial Y_{nk}}"),
    (LINEAR, r"\nabla_W L = X^\top \nabla_Y L"),
    (LINEAR, r"\frac{\partial Y_{nk}}{\partial W_{dj}} = X_{nd} \mathbb{1}(j = k)"),
    (LINEAR, r"\frac{\partial L}{\partial b} = \mathrm{np.sum}(\frac{\partial L}{\partial Y}, axis=0)"),
    (LINEAR, r"Y = XW + \mathbf{1} b"),
    (COLUMNS, r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial Z} X^T"),
    (COLUMNS, r"\frac{\partial L}{\partial b} = \frac{\partial L}{\partial Z} \mathbf{1}"),
    (COLUMNS, r"\frac{\partial L}{\partial X} = W^T \frac{\partial L}{\partial Z}"),
    (SCORES, r"\frac{\partial L}{\partial F} = \frac{1}{N} (P - Y)"),
    (SCORES, r"\frac{\partial L}{\partial F_{ik}} = \frac{P_{ik} - Y_{ik}}{N}"),
    (SCORES, r"L = -\frac{1}{N}\sum_i \sum_k Y_{ik} \log P_{ik}"),
    (SCORES, r"\sum_k \frac{\partial L}{\partial F_{ik}} = 0"),
    (ONE, r"\frac{\partial L_i}{\partial f_k} = p_k - \mathbb{1}(y_i = k)"),
    (ONE, r"\frac{\partial p_k}{\partial f_j} = p_k (\mathbb{1}[k = j] - p_j)"),
    (ONE, r"\frac{\partial p_k}{\partial f_j} = p_k (\delta_{kj} - p_j)"),
    (ONE, r"L_i = -f_{y_i} + \log \sum_j e^{f_j}"),
    (ONE, r"\sum_k p_k = 1"),
    (BATCH, r"\frac{\partial \ell}{\partial \gamma} = \sum_{i=1}^{m} \frac{\partial \ell}{\partial y_i} \cdot \hat{x}_i"),
    (BATCH, r"\frac{\partial \ell}{\partial \hat{x}_i} = \gamma \frac{\partial \ell}{\partial y_i}"),
    (BATCH, r"\frac{\partial \ell}{\partial \mu_{\mathcal B}} = -\frac{1}{\sqrt{\sigma_{\mathcal B}^2+\epsilon}} \sum_{i=1}^m \frac{\partial \ell}{\partial \hat x_i}"),
    (BATCH, r"\sum_{i=1}^m \hat x_i = 0"),
    (BATCH, r"\frac{1}{m}\sum_{i=1}^m \hat x_i^2 = \frac{\sigma_\mathcal{B}^2}{\sigma_\mathcal{B}^2+\epsilon}"),
    (BATCH, r"\frac{\partial \mu_\mathcal{B}}{\partial x_i} = \frac{1}{m}"),
    (BATCH, r"\frac{\partial \sigma_\mathcal{B}^2}{\partial x_i} = \frac{2}{m}(x_i - \mu_\mathcal{B})"),
    (BATCH, r"\sigma_\mathcal{B}^2 = \frac{1}{m}\sum_{i=1}^m x_i^2 - \mu_\mathcal{B}^2"),
    (BATCH, r"\frac{\partial \ell}{\partial x_i} = \frac{1}{m\sqrt{\sigma_\mathcal{B}^2+\epsilon}}\left(m\frac{\partial \ell}{\partial \hat x_i} - \sum_j \frac{\partial \ell}{\partial \hat x_j} - \hat x_i \sum_j \frac{\partial \ell}{\partial \hat x_j}\hat x_j\right)"),
    (BATCH, r"\sum_{i=1}^m \hat x_i \frac{\partial \ell}{\partial x_i} = \frac{\epsilon}{(\sigma_\mathcal{B}^2+\epsilon)^{3/2}} \sum_{i=1}^m \hat x_i \frac{\partial \ell}{\partial \hat x_i}"),
    (ROWS, r"\frac{\partial L}{\partial W_2} = a_1^T \delta_3"),
    (ROWS, r"\frac{\partial L}{\partial W_1} = x^T \delta_2"),
    (ROWS, r"\delta_2 = \delta_3 W_2^T \circ (1 - a_1^2)"),
    (ROWS, r"\delta_3 = \hat y - y"),
    (D2L, r"\frac{\partial J}{\partial \mathbf{o}} = \frac{\partial L}{\partial \mathbf{o}}"),
    (D2L, r"\frac{\partial J}{\partial s} = 1"),
    (D2L, r"\frac{\partial s}{\partial \mathbf{W}^{(1)}} = \lambda \mathbf{W}^{(1)}"),
    (D2L, r"\frac{\partial J}{\partial \mathbf{x}} = (\mathbf{W}^{(1)})^\top \frac{\partial J}{\partial \mathbf{z}}"),
    (TORCH, r"\frac{\partial L}{\partial A} = \left(\frac{\partial L}{\partial y}\right)^T x"),
    (NORM, r"\mathrm{LN}(\alpha x + \beta\mathbf{1}) = \mathrm{LN}(x), \quad \alpha > 0"),
    (NORM, r"\mathrm{LN}(x + \beta\mathbf{1}) = \mathrm{LN}(x)"),
    (NORM, r"\sum_i \mathrm{LN}(x)_i = 0"),
    (NORM, r"\|\mathrm{LN}(x)\|^2 = n"),
    (RMS, r"\frac{\partial L}{\partial x} = \frac{1}{r}\left(\frac{\partial L}{\partial y} - \frac{1}{n} y y^T \frac{\partial L}{\partial y}\right)"),
    (RMS, r"\frac{\partial r}{\partial x_i} = \frac{x_i}{n r}"),
    (WEIGHT, r"\frac{\partial L}{\partial g} = \frac{v^T}{\|v\|} \frac{\partial L}{\partial w}"),
    (WEIGHT, r"\frac{\partial L}{\partial v} = \frac{g}{\|v\|}\frac{\partial L}{\partial w} - \frac{g}{\|v\|^2}\frac{\partial L}{\partial g} v"),
    (WEIGHT, r"v^T \frac{\partial L}{\partial v} = 0"),
    (RESIDUAL, r"\frac{\partial L}{\partial x} = \frac{\partial L}{\partial y} + W^T\left(\frac{\partial L}{\partial y} \odot \phi'(z)\right)"),
    (RESIDUAL, r"\frac{\partial L}{\partial W} = \left(\frac{\partial L}{\partial y} \odot \phi'(z)\right) x^T"),
    (DROPOUT, r"\frac{\partial L}{\partial a} = r \odot W^T \frac{\partial L}{\partial z}"),
    (RIDGE, r"\frac{\partial J}{\partial w} = \frac{1}{N} X^T (\hat y - y) + \lambda w"),
    (TWO, r"\frac{\partial L}{\partial W_2} = H^T dS"),
    (TWO, r"dH = dS W_2^T"),
    (TWO, r"dZ = dH \odot \mathbb{1}[Z > 0]"),
    (TWO, r"\frac{\partial L}{\partial W_1} = X^T dZ"),
]  # fmt: skip

REFUTED = [
    (LINEAR, r"\frac{\partial L}{\partial b} = \frac{1}{N}\mathbf{1}^\top \frac{\partial L}{\partial Y}"),
    (LINEAR, r"\frac{\partial L}{\partial W} = \frac{1}{N} X^\top \frac{\partial L}{\partial Y}"),
    (LINEAR, r"\frac{\partial L}{\partial b_k} = \frac{\partial L}{\partial Y_{nk}}"),
    (LINEAR, r"\frac{\partial L}{\partial X} = -\frac{\partial L}{\partial Y} W^T"),
    (SCORES, r"\frac{\partial L}{\partial F} = P - Y"),
    (SCORES, r"\frac{\partial L}{\partial F} = \frac{1}{N} (Y - P)"),
    (SCORES, r"\frac{\partial L}{\partial F} = \frac{1}{K} (P - Y)"),
    (ONE, r"\frac{\partial L_i}{\partial f_k} = \mathbb{1}(y_i = k) - p_k"),
    (ONE, r"\frac{\partial L_i}{\partial f_k} = p_k - 1"),
    (ONE, r"\frac{\partial p_k}{\partial f_j} = p_k (1 - p_j)"),
    (BATCH, r"\frac{\partial \ell}{\partial \beta} = \frac{1}{m}\sum_{i=1}^{m} \frac{\partial \ell}{\partial y_i}"),
    (BATCH, r"\frac{\partial \ell}{\partial \hat{x}_i} = \beta \frac{\partial \ell}{\partial y_i}"),
    (BATCH, r"\frac{\partial \ell}{\partial x_i} = \frac{\gamma}{\sqrt{\sigma_\mathcal{B}^2+\epsilon}} \frac{\partial \ell}{\partial y_i}"),
    (BATCH, r"\frac{\partial \ell}{\partial \sigma_\mathcal{B}^2} = \sum_{i=1}^{m} \frac{\partial \ell}{\partial \hat{x}_i} (x_i - \mu_\mathcal{B}) \frac{-1}{2}(\sigma_\mathcal{B}^2 + \epsilon)^{-1/2}"),
    (BATCH, r"\sum_{i=1}^m \hat x_i^2 = m"),
    (BATCH, r"\frac{\partial \sigma_\mathcal{B}^2}{\partial x_i} = \frac{2}{m-1}(x_i - \mu_\mathcal{B})"),
    (BATCH, r"\frac{\partial \ell}{\partial x_i} = \frac{\gamma}{m\sqrt{\sigma_\mathcal{B}^2+\epsilon}}\left(m\frac{\partial \ell}{\partial y_i} - \sum_j \frac{\partial \ell}{\partial y_j} + \hat x_i \sum_j \frac{\partial \ell}{\partial y_j}\hat x_j\right)"),
    (ROWS, r"\delta_3 = y - \hat y"),
    (ROWS, r"\delta_2 = \delta_3 W_2^T \circ (1 - a_1)"),
    (D2L, r"\frac{\partial J}{\partial \mathbf{W}^{(2)}} = \frac{\partial J}{\partial \mathbf{o}} \mathbf{h}^\top"),
    (D2L, r"\frac{\partial s}{\partial \mathbf{W}^{(1)}} = 2\lambda \mathbf{W}^{(1)}"),
    (NORM, r"\mathrm{LN}(\alpha x) = \alpha \mathrm{LN}(x)"),
    (NORM, r"\mathrm{LN}(\alpha x + \beta\mathbf{1}) = \mathrm{LN}(x), \quad \alpha < 0"),
    (RMS, r"\frac{\partial L}{\partial x} = \frac{1}{r}\frac{\partial L}{\partial y}"),
    (WEIGHT, r"\frac{\partial L}{\partial v} = \frac{g}{\|v\|}\frac{\partial L}{\partial w}"),
    (RESIDUAL, r"\frac{\partial L}{\partial x} = W^T\left(\frac{\partial L}{\partial y} \odot \phi'(z)\right)"),
    (RESIDUAL, r"\frac{\partial L}{\partial x} = \frac{\partial L}{\partial y} + W^T\left(\frac{\partial L}{\partial y} \odot \phi'(x)\right)"),
    (DROPOUT, r"\frac{\partial L}{\partial a} = W^T \frac{\partial L}{\partial z}"),
    (RIDGE, r"\frac{\partial J}{\partial w} = X^T (\hat y - y) + \lambda w"),
    (RIDGE, r"\frac{\partial J}{\partial w} = \frac{1}{N} X^T (y - \hat y) + \lambda w"),
    (TWO, r"dZ = dH \odot \mathbb{1}[H < 0]"),
    (TWO, r"dZ = dH"),
]  # fmt: skip

ILL_FORMED = [
    (LINEAR, r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial Y} X^\top"),
    (LINEAR, r"\frac{\partial L}{\partial X} = W^\top \frac{\partial L}{\partial Y}"),
    (LINEAR, r"\frac{\partial L}{\partial X} = \frac{\partial L}{\partial Y} W"),
    (LINEAR, r"\frac{\partial L}{\partial b} = \frac{\partial L}{\partial Y}"),
    (LINEAR, r"\frac{\partial L}{\partial b} = \mathrm{np.sum}(\frac{\partial L}{\partial Y}, axis=1)"),
    (COLUMNS, r"\frac{\partial L}{\partial W} = X \frac{\partial L}{\partial Z}^T"),
    (ROWS, r"\delta_2 = (1 - \tanh^2 z_2) \circ \delta_3 W_2^T"),
    (ROWS, r"\frac{\partial L}{\partial b_2} = \delta_3"),
    (ROWS, r"\frac{\partial L}{\partial W_1} = \delta_2^T x"),
    (D2L, r"\frac{\partial J}{\partial \mathbf{h}} = \mathbf{W}^{(2)} \frac{\partial J}{\partial \mathbf{o}}"),
    (D2L, r"\frac{\partial J}{\partial \mathbf{W}^{(2)}} = \frac{\partial J}{\partial \mathbf{o}} \mathbf{h} + \lambda \mathbf{W}^{(2)}"),
    (D2L, r"\frac{\partial J}{\partial \mathbf{W}^{(2)}} = \frac{\partial J}{\partial \mathbf{o}} \mathbf{h}^\top + \lambda"),
    (TORCH, r"\frac{\partial L}{\partial A} = x^T \frac{\partial L}{\partial y}"),
    (TWO, r"\frac{\partial L}{\partial W_2} = X^T dS"),
]  # fmt: skip
