"""Layers that tests use: their equations, what books say of their derivatives, and NumPy by hand.

`forward` computes a from x and the parameters in plain NumPy and shares nothing with symnet; it
takes complex numbers, so that its derivative is a complex step.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symnet.network.architecture import Layer, Network
from symnet.network.equations import Definition, Shared
from symnet.network.functions import ACTIVATIONS, COSTS, Cost
from symnet.network.layers import define, width

Arrays = Mapping[str, Any]


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


@dataclass(frozen=True)
class Own:
    """A layer; `books` are what is said of ∂C by a quantity or parameter.

    In a formula of the books e stands before the letter of what C is derived by: ea is ∂C/∂a.
    """

    equations: Sequence[str]
    parameters: Mapping[str, str]
    axes: Mapping[str, int]
    forward: Callable[[Any, Arrays], Any]
    books: Mapping[str, str]
    inputs: int = 4
    given: Mapping[str, str] = field(default_factory=dict)
    shared: tuple[Shared, ...] = ()
    code: bool = True  # whether a trainer can be generated

    @property
    def definition(self) -> Definition:
        return define(
            self.equations, self.parameters, axes=self.axes,
            inputs=self.inputs, given=self.given, shared=self.shared,
        )  # fmt: skip

    def network(self, cost: Cost | None = None, *, below: bool = False) -> Network:
        """The layer alone under a cost, or above a dense one."""
        definition = self.definition
        layers: list[Layer] = []
        if below:
            layers.append(Layer(self.inputs, ACTIVATIONS["tanh"]))
        layers.append(Layer(width(definition, self.inputs), None, definition))
        cost = COSTS["quadratic"] if cost is None else cost
        return Network.of(self.inputs, tuple(layers), cost, self.shared)


SAMPLES = (Shared("i", 3, mean=True),)
POSITIONS = (Shared("t", 3),)
DENSE = {"w": "jk", "b": "j"}


def normed(x: Any, axis: int) -> Any:
    centred = x - x.mean(axis=axis, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=axis, keepdims=True) + 1e-5)


def shifted(x: Any, w: Any) -> Any:
    count = x.shape[-1] - len(w) + 1
    return sum(w[s] * x[..., s : s + count] for s in range(len(w)))


def attention(x: Any, p: Arrays) -> Any:
    """Vaswani et al. 2017, eq. 1."""
    q, h, v = x @ p["wq"].T, x @ p["wk"].T, x @ p["wv"].T
    weights = np.exp(q @ h.T / np.sqrt(q.shape[1]))
    return weights / weights.sum(axis=1, keepdims=True) @ v


LAYERS: dict[str, Own] = {
    "dense": Own(
        ["z[j] = sum(k, w[j,k]*x[k]) + b[j]", "a[j] = sigmoid(z[j])"],
        DENSE,
        {"j": 3},
        lambda x, p: sigmoid(x @ p["w"].T + p["b"]),
        {"w": "ez[j]*x[k]", "b": "ez[j]", "z": "ea[j]*sigmoid(z[j])*(1 - sigmoid(z[j]))"},
    ),
    "softmax": Own(
        ["z[j] = sum(k, w[j,k]*x[k]) + b[j]", "a[j] = exp(z[j])/sum(p, exp(z[p]))"],
        DENSE,
        {"j": 3},
        lambda x, p: _softmax(x @ p["w"].T + p["b"]),
        # Nielsen, ch. 3, problem on the Jacobian
        {"z": "exp(z[j])/sum(p, exp(z[p]))*(ea[j] - sum(r, exp(z[r])*ea[r])/sum(p, exp(z[p])))"},
    ),
    "residual": Own(
        ["z[j] = sum(k, w[j,k]*x[k]) + b[j]", "a[j] = sigmoid(z[j]) + x[j]"],
        DENSE,
        {"j": 4},
        lambda x, p: sigmoid(x @ p["w"].T + p["b"]) + x,
        # He et al. 2016, eq. 5
        {"x": "sum(k, w[k,j]*ez[k]) + ea[j]", "z": "ea[j]*sigmoid(z[j])*(1 - sigmoid(z[j]))"},
    ),
    "bilinear": Own(
        ["z[j] = sum(k, sum(q, u[j,k,q]*x[k]*x[q])) + b[j]", "a[j] = tanh(z[j])"],
        {"u": "jkq", "b": "j"},
        {"j": 3},
        lambda x, p: np.tanh(np.einsum("jkq,...k,...q->...j", p["u"], x, x) + p["b"]),
        {"u": "ez[j]*x[k]*x[q]", "x": "sum(k, ez[k]*sum(q, (u[k,j,q] + u[k,q,j])*x[q]))"},
    ),
    "low rank": Own(
        ["h[r] = sum(k, v[r,k]*x[k])", "z[j] = sum(r, u[j,r]*h[r]) + b[j]", "a[j] = tanh(z[j])"],
        {"u": "jr", "v": "rk", "b": "j"},
        {"j": 3, "r": 2},
        lambda x, p: np.tanh(x @ (p["u"] @ p["v"]).T + p["b"]),
        # W = UV: ∂C/∂U = δ (Vx)ᵀ, ∂C/∂V = Uᵀδ xᵀ
        {"u": "ez[j]*sum(k, v[r,k]*x[k])", "v": "sum(j, u[j,r]*ez[j])*x[k]"},
    ),
    "weight-normalised": Own(
        [
            "s[j] = sqrt(sum(k, v[j,k]**2))",
            "z[j] = g[j]*sum(k, v[j,k]*x[k])/s[j] + b[j]",
            "a[j] = tanh(z[j])",
        ],
        {"v": "jk", "g": "j", "b": "j"},
        {"j": 3},
        lambda x, p: np.tanh(p["g"] * (x @ p["v"].T) / np.sqrt((p["v"] ** 2).sum(axis=1)) + p["b"]),
        # Salimans and Kingma 2016, eq. 3, with ∇_w = δ x
        {
            "g": "sum(k, ez[j]*x[k]*v[j,k])/s[j]",
            "v": "g[j]/s[j]*ez[j]*x[k] - g[j]/s[j]**3*sum(q, ez[j]*x[q]*v[j,q])*v[j,k]",
        },
    ),
    "gated": Own(
        [
            "u[j] = sum(k, v[j,k]*x[k])",
            "z[j] = sum(k, w[j,k]*x[k]) + b[j]",
            "a[j] = u[j]*sigmoid(z[j])",
        ],
        {"v": "jk", "w": "jk", "b": "j"},
        {"j": 3},
        lambda x, p: (x @ p["v"].T) * sigmoid(x @ p["w"].T + p["b"]),
        # Dauphin et al. 2017, eq. 3
        {
            "u": "ea[j]*sigmoid(z[j])",
            "z": "ea[j]*u[j]*sigmoid(z[j])*(1 - sigmoid(z[j]))",
            "x": "sum(k, v[k,j]*eu[k]) + sum(k, w[k,j]*ez[k])",
        },
    ),
    "layer norm": Own(
        [
            "z[j] = sum(k, w[j,k]*x[k]) + b[j]",
            "u[j] = z[j] - mean(i, z[i])",
            "s = sqrt(mean(i, u[i]**2) + 0.00001)",
            "h[j] = u[j]/s",
            "a[j] = g[j]*h[j] + r[j]",
        ],
        {"w": "jk", "b": "j", "g": "j", "r": "j"},
        {"j": 3},
        lambda x, p: p["g"] * normed(x @ p["w"].T + p["b"], -1) + p["r"],
        # Ba et al. 2016; the backward pass as in Ioffe and Szegedy 2015, sec. 3, over neurons
        {
            "z": "(g[j]*ea[j] - mean(i, g[i]*ea[i]) - h[j]*mean(i, g[i]*ea[i]*h[i]))/s",
            "g": "ea[j]*h[j]",
            "r": "ea[j]",
        },
    ),
    "batch norm": Own(
        [
            "z[i,j] = sum(k, w[j,k]*x[i,k])",
            "u[i,j] = z[i,j] - mean(p, z[p,j])",
            "s[j] = sqrt(mean(i, u[i,j]**2) + 0.00001)",
            "h[i,j] = u[i,j]/s[j]",
            "a[i,j] = g[j]*h[i,j] + r[j]",
        ],
        {"w": "jk", "g": "j", "r": "j"},
        {"j": 2},
        lambda x, p: p["g"] * normed(x @ p["w"].T, 0) + p["r"],
        # Ioffe and Szegedy 2015, sec. 3
        {
            "z": "g[j]/s[j]*(ea[i,j] - mean(p, ea[p,j]) - h[i,j]*mean(p, ea[p,j]*h[p,j]))",
            "g": "sum(i, ea[i,j]*h[i,j])",
            "r": "sum(i, ea[i,j])",
        },
        shared=SAMPLES,
        code=False,
    ),
    "batch norm, predicting": Own(
        [
            "z[i,j] = sum(k, w[j,k]*x[i,k])",
            "a[i,j] = g[j]*(z[i,j] - q[j])/sqrt(v[j] + 0.00001) + r[j]",
        ],
        {"w": "jk", "g": "j", "r": "j"},
        {"j": 2},
        lambda x, p: p["g"] * (x @ p["w"].T - p["q"]) / np.sqrt(p["v"] + 1e-5) + p["r"],
        {"z": "ea[i,j]*g[j]/sqrt(v[j] + 0.00001)", "r": "sum(i, ea[i,j])"},
        given={"q": "j", "v": "j"},  # running mean and variance
        shared=SAMPLES,
        code=False,
    ),
    "batch mean": Own(
        ["z[i,j] = sum(k, w[j,k]*x[i,k]) + b[j]", "a[i,j] = sigmoid(z[i,j])"],
        DENSE,
        {"j": 2},
        lambda x, p: sigmoid(x @ p["w"].T + p["b"]),
        {"w": "sum(i, ez[i,j]*x[i,k])", "b": "sum(i, ez[i,j])"},
        shared=SAMPLES,
        code=False,
    ),
    "dropout": Own(
        ["z[j] = sum(k, w[j,k]*x[k]) + b[j]", "a[j] = q[j]*sigmoid(z[j])"],
        DENSE,
        {"j": 3},
        lambda x, p: p["q"] * sigmoid(x @ p["w"].T + p["b"]),
        # Srivastava et al. 2014, sec. 5.1
        {"z": "ea[j]*q[j]*sigmoid(z[j])*(1 - sigmoid(z[j]))", "b": "ez[j]"},
        given={"q": "j"},
        code=False,
    ),
    "convolution": Own(
        ["z[t] = sum(s, w[s]*x[t+s]) + b", "a[t] = tanh(z[t])"],
        {"w": "s", "b": ""},
        {"t": 3, "s": 2},
        lambda x, p: np.tanh(shifted(x, p["w"]) + p["b"]),
        # Goodfellow et al. 2016, sec. 9.10
        {"w": "sum(t, ez[t]*x[t+s])", "b": "sum(t, ez[t])"},
        code=False,
    ),
    "attention": Own(
        [
            "q[t,d] = sum(k, wq[d,k]*x[t,k])",
            "h[t,d] = sum(k, wk[d,k]*x[t,k])",
            "v[t,j] = sum(k, wv[j,k]*x[t,k])",
            "s[t,u] = sum(d, q[t,d]*h[u,d])/sqrt(size(d))",
            "p[t,u] = exp(s[t,u])/sum(o, exp(s[t,o]))",
            "a[t,j] = sum(u, p[t,u]*v[u,j])",
        ],
        {"wq": "dk", "wk": "dk", "wv": "jk"},
        {"j": 2, "d": 2},
        attention,
        {
            "v": "sum(u, p[u,t]*ea[u,j])",
            "p": "sum(j, ea[t,j]*v[u,j])",
            "s": "p[t,u]*(ep[t,u] - sum(o, p[t,o]*ep[t,o]))",
            "q": "sum(u, es[t,u]*h[u,d])/sqrt(size(d))",
            "h": "sum(u, es[u,t]*q[u,d])/sqrt(size(d))",
            "wq": "sum(t, eq[t,d]*x[t,k])",
        },
        inputs=3,
        shared=POSITIONS,
        code=False,
    ),
}


def _softmax(z: Any) -> Any:
    powers = np.exp(z)
    return powers / powers.sum(axis=-1, keepdims=True)
