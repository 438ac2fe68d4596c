"""Backpropagation in plain loops from the textbook: what everything else is compared with.

Three independent answers to "what is ∂C/∂w?": the equations BP1 to BP4 of M. Nielsen, *Neural
Networks and Deep Learning*, chapter 2 (softmax and log-likelihood: chapter 3), with derivatives
written here by hand; central differences; and the complex step. Imports nothing of symnet.

Numbering as in the book: layer 1 is the input, w[j][k] leads from neuron k of the layer before to
neuron j. Samples are rows; costs and gradients are means over them.

>>> net = [Layer([[2.0, -1.0]], [0.0], "sigmoid")]
>>> X, Y = [[1.0, 2.0]], [[1.0]]
>>> cost(net, X, Y, "quadratic")  # ½ (½ − 1)²
0.125
>>> gradients(net, X, Y, "quadratic")  # δ = (½ − 1) · ½ (1 − ½)
{'w2': [[-0.125, -0.25]], 'b2': [-0.125]}
"""

import cmath
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

Number = float | complex
Vector = list[Number]
Matrix = list[Vector]
Gradients = dict[str, Any]  # w2: rows of numbers, b2: numbers, w3: ...


class Layer(NamedTuple):
    """Weights w over (n_l, n_{l−1}) and biases b over (n_l,), as lists or arrays."""

    w: Any
    b: Any
    activation: str


def layers(weights: Mapping[str, Any], activations: Sequence[str]) -> list[Layer]:
    """The layers 2..L of a dict {"w2": …, "b2": …, "w3": …}, as a trainer's `weights` holds it."""
    return [
        Layer(weights[f"w{l}"], weights[f"b{l}"], activation)
        for l, activation in enumerate(activations, start=2)
    ]


# --- the functions, which also take complex numbers, for the complex step -----------------------


def _exp(z: Number) -> Number:
    return cmath.exp(z) if isinstance(z, complex) else math.exp(z)


def _log(a: Number) -> Number:
    return cmath.log(a) if isinstance(a, complex) else math.log(a)


def _sigmoid(z: Number) -> Number:
    # Two forms of one function: neither may raise e to a large power.
    return 1 / (1 + _exp(-z)) if z.real >= 0 else _exp(z) / (1 + _exp(z))


def _tanh(z: Number) -> Number:
    return cmath.tanh(z) if isinstance(z, complex) else math.tanh(z)


def _relu(z: Number) -> Number:
    return z if z.real > 0 else 0.0


def _erf(z: Number) -> Number:
    if isinstance(z, complex):  # to first order, which is all that a complex step asks for
        return complex(math.erf(z.real), 2 / math.sqrt(math.pi) * math.exp(-(z.real**2)) * z.imag)
    return math.erf(z)


def _softplus(z: Number) -> Number:
    return z + _log(1 + _exp(-z)) if z.real > 0 else _log(1 + _exp(z))


def _phi(z: Number) -> Number:
    """The share of a normal distribution that lies below z."""
    return (1 + _erf(z / math.sqrt(2))) / 2


def _bend(z: Number) -> Number:
    return _tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))


def _bend_slope(z: Number) -> Number:
    return (1 - _bend(z) ** 2) * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * z**2)


def _clip(z: Number, low: float, high: float) -> Number:
    return low if z.real <= low else high if z.real > high else z


def _inside(z: Number, low: float, high: float) -> bool:
    """Whether z comes from the left through the stretch from low to high."""
    return low < z.real <= high


_LAMBDA, _ALPHA = 1.0507009873554805, 1.6732632423543772

ACTIVATIONS: dict[str, Callable[[Number], Number]] = {
    "identity": lambda z: z,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "relu": _relu,
    "leaky_relu": lambda z: z if z.real > 0 else 0.01 * z,
    "elu": lambda z: z if z.real > 0 else _exp(z) - 1,
    "selu": lambda z: _LAMBDA * z if z.real > 0 else _LAMBDA * _ALPHA * (_exp(z) - 1),
    "softplus": _softplus,
    "softsign": lambda z: z / (1 + z) if z.real > 0 else z / (1 - z),
    "silu": lambda z: z * _sigmoid(z),
    "mish": lambda z: z * _tanh(_softplus(z)),
    "gelu": lambda z: z * _phi(z),
    "gelu_tanh": lambda z: z * (1 + _bend(z)) / 2,
    "hard_sigmoid": lambda z: _clip((z + 3) / 6, 0.0, 1.0),
    "hard_tanh": lambda z: _clip(z, -1.0, 1.0),
}

SLOPES: dict[str, Callable[[Number], Number]] = {
    "identity": lambda z: 1.0,
    "sigmoid": lambda z: _sigmoid(z) * (1 - _sigmoid(z)),
    "tanh": lambda z: 1 - _tanh(z) ** 2,
    "relu": lambda z: 1.0 if z.real > 0 else 0.0,  # at the kink the slope from the left
    "leaky_relu": lambda z: 1.0 if z.real > 0 else 0.01,
    "elu": lambda z: 1.0 if z.real > 0 else _exp(z),
    "selu": lambda z: _LAMBDA if z.real > 0 else _LAMBDA * _ALPHA * _exp(z),
    "softplus": _sigmoid,
    "softsign": lambda z: 1 / (1 + abs(z)) ** 2,
    "silu": lambda z: _sigmoid(z) * (1 + z * (1 - _sigmoid(z))),
    "mish": lambda z: _tanh(_softplus(z)) + z * (1 - _tanh(_softplus(z)) ** 2) * _sigmoid(z),
    "gelu": lambda z: _phi(z) + z * _exp(-(z**2) / 2) / math.sqrt(2 * math.pi),
    "gelu_tanh": lambda z: (1 + _bend(z) + z * _bend_slope(z)) / 2,
    "hard_sigmoid": lambda z: _inside(z, -3, 3) / 6,
    "hard_tanh": lambda z: 1.0 * _inside(z, -1, 1),
}


def _softmax(z: Vector) -> Vector:
    # The largest z is taken off everywhere, which changes no quotient and keeps e^z in range.
    largest = max(v.real for v in z)
    powers = [_exp(v - largest) for v in z]
    return [power / sum(powers) for power in powers]


def activate(activation: str, z: Vector) -> Vector:
    if activation == "softmax":
        return _softmax(z)
    return [ACTIVATIONS[activation](v) for v in z]


def jacobian(activation: str, z: Vector) -> Matrix:
    """∂a_j/∂z_k as [j][k]: a diagonal, but for softmax a_j ([j = k] − a_k)."""
    if activation == "softmax":
        a = _softmax(z)
        return [[a_j * ((j == k) - a_k) for k, a_k in enumerate(a)] for j, a_j in enumerate(a)]
    slopes = [SLOPES[activation](v) for v in z]
    return [[slope * (j == k) for k in range(len(z))] for j, slope in enumerate(slopes)]


def cost_of_output(name: str, a: Vector, y: Sequence[float]) -> Number:
    """The cost of one sample, with 0 ln 0 = 0."""
    total: Number = 0.0
    for a_j, y_j in zip(a, y, strict=True):
        match name:
            case "quadratic":
                total += (a_j - y_j) ** 2 / 2
            case "cross_entropy":
                total -= y_j * _log(a_j) if y_j else 0.0
                total -= (1 - y_j) * _log(1 - a_j) if y_j != 1 else 0.0
            case "log_likelihood":
                total -= y_j * _log(a_j) if y_j else 0.0
            case "squared_error":
                total += (a_j - y_j) ** 2
            case "absolute_error":
                total += a_j - y_j if a_j.real > y_j else y_j - a_j
            case "huber":
                far = abs((a_j - y_j).real) > 1
                side = 1 if a_j.real > y_j else -1
                total += side * (a_j - y_j) - 0.5 if far else (a_j - y_j) ** 2 / 2
            case "log_cosh":
                side = 1 if a_j.real > y_j else -1
                total += side * (a_j - y_j) - math.log(2) + _log(1 + _exp(-2 * side * (a_j - y_j)))
            case "hinge":
                total += 1 - y_j * a_j if (y_j * a_j).real <= 1 else 0.0
            case "poisson":
                total += a_j - (y_j * _log(a_j) if y_j else 0.0)
            case _:
                raise KeyError(name)
    return total


def slope_of_cost(name: str, a: Vector, y: Sequence[float]) -> Vector:
    """∂C/∂a_j of one sample."""
    match name:
        case "quadratic":
            return [a_j - y_j for a_j, y_j in zip(a, y, strict=True)]
        case "cross_entropy":
            return [
                (-y_j / a_j if y_j else 0.0) + ((1 - y_j) / (1 - a_j) if y_j != 1 else 0.0)
                for a_j, y_j in zip(a, y, strict=True)
            ]
        case "log_likelihood":
            return [-y_j / a_j if y_j else 0.0 for a_j, y_j in zip(a, y, strict=True)]
        case "squared_error":
            return [2 * (a_j - y_j) for a_j, y_j in zip(a, y, strict=True)]
        case "absolute_error":
            return [1.0 if a_j.real > y_j else -1.0 for a_j, y_j in zip(a, y, strict=True)]
        case "huber":
            return [_clip(a_j - y_j, -1.0, 1.0) for a_j, y_j in zip(a, y, strict=True)]
        case "log_cosh":
            return [_tanh(a_j - y_j) for a_j, y_j in zip(a, y, strict=True)]
        case "hinge":
            return [-y_j if (y_j * a_j).real <= 1 else 0.0 for a_j, y_j in zip(a, y, strict=True)]
        case "poisson":
            return [1 - y_j / a_j if y_j else 1.0 for a_j, y_j in zip(a, y, strict=True)]
        case _:
            raise KeyError(name)


# --- forwards and backwards ---------------------------------------------------------------------


def forward(net: Sequence[Layer], x: Sequence[Number]) -> tuple[list[Vector], list[Vector]]:
    """z of the layers 2..L and a of the layers 1..L, for one sample."""
    zs: list[Vector] = []
    activations: list[Vector] = [list(x)]
    for layer in net:
        a = activations[-1]
        z = []
        for j in range(len(layer.b)):
            z_j = layer.b[j]
            for k in range(len(a)):
                z_j = z_j + layer.w[j][k] * a[k]
            z.append(z_j)
        zs.append(z)
        activations.append(activate(layer.activation, z))
    return zs, activations


def predict(net: Sequence[Layer], X: Any) -> Matrix:
    """a^L of every sample, a row each."""
    net = _plain_layers(net)
    return [forward(net, x)[1][-1] for x in _plain(X)]


def cost(net: Sequence[Layer], X: Any, Y: Any, name: str) -> float:
    """The mean cost of a batch."""
    return _cost(_plain_layers(net), _plain(X), _plain(Y), name).real


def gradients(net: Sequence[Layer], X: Any, Y: Any, name: str) -> Gradients:
    """{"w2": ∂C/∂w², "b2": ∂C/∂b², …}: BP1 to BP4 for each sample, and then the mean."""
    net, X, Y = _plain_layers(net), _plain(X), _plain(Y)
    mean = _zeros(net)
    for x, y in zip(X, Y, strict=True):
        zs, activations = forward(net, x)
        dC_da = slope_of_cost(name, activations[-1], y)
        for l in range(len(net) + 1, 1, -1):
            layer, z, a_before = net[l - 2], zs[l - 2], activations[l - 2]
            neurons, inputs = range(len(z)), range(len(a_before))
            # BP1 at the output, BP2 below: δ_k = Σ_j ∂C/∂a_j ∂a_j/∂z_k; one term unless softmax
            da_dz = jacobian(layer.activation, z)
            delta = [sum(dC_da[j] * da_dz[j][k] for j in neurons) for k in neurons]
            for j in neurons:
                mean[f"b{l}"][j] += delta[j] / len(X)  # BP3: ∂C/∂b_j = δ_j
                for k in inputs:
                    mean[f"w{l}"][j][k] += a_before[k] * delta[j] / len(X)  # BP4: a_k δ_j
            dC_da = [sum(layer.w[j][k] * delta[j] for j in neurons) for k in inputs]  # BP2: wᵀ δ
    return mean


# --- two more sources, which know of the cost alone ---------------------------------------------


def gradients_by_central_differences(
    net: Sequence[Layer], X: Any, Y: Any, name: str, h: float = 1e-5
) -> Gradients:
    """(C(w + h) − C(w − h)) / 2h for each parameter; right to about nine places."""

    def slope(cost_at: Callable[[Number], Number]) -> float:
        return (cost_at(h) - cost_at(-h)).real / (2 * h)

    return _one_by_one(net, X, Y, name, slope)


def gradients_by_complex_step(
    net: Sequence[Layer], X: Any, Y: Any, name: str, h: float = 1e-30
) -> Gradients:
    """Im C(w + ih) / h for each parameter; nothing is subtracted, so right to rounding."""
    return _one_by_one(net, X, Y, name, lambda cost_at: cost_at(h * 1j).imag / h)


def _one_by_one(
    net: Sequence[Layer],
    X: Any,
    Y: Any,
    name: str,
    slope: Callable[[Callable[[Number], Number]], float],
) -> Gradients:
    """The slope of the cost along each parameter, with all others held."""
    net, X, Y = _plain_layers(net), _plain(X), _plain(Y)
    result = _zeros(net)
    for l, layer in enumerate(net, start=2):
        # A row of numbers of the network, and the row of the result where its slopes belong.
        places = zip([*layer.w, layer.b], [*result[f"w{l}"], result[f"b{l}"]], strict=True)
        for row, answers in places:
            for k, value in enumerate(row):

                def cost_at(
                    step: Number, row: Vector = row, k: int = k, v: Number = value
                ) -> Number:
                    row[k] = v + step
                    there = _cost(net, X, Y, name)
                    row[k] = v
                    return there

                answers[k] = slope(cost_at)
    return result


def _cost(net: Sequence[Layer], X: Matrix, Y: list[list[float]], name: str) -> Number:
    costs = [cost_of_output(name, forward(net, x)[1][-1], y) for x, y in zip(X, Y, strict=True)]
    return sum(costs) / len(costs)


def _zeros(net: Sequence[Layer]) -> Gradients:
    result: Gradients = {}
    for l, layer in enumerate(net, start=2):
        result[f"w{l}"] = [[0.0] * len(row) for row in layer.w]
        result[f"b{l}"] = [0.0] * len(layer.b)
    return result


def _plain(values: Any) -> Any:
    """A copy as lists of Python's own floats: the loops are to owe NumPy nothing."""
    return [_plain(v) for v in values] if hasattr(values, "__len__") else float(values)


def _plain_layers(net: Sequence[Layer]) -> list[Layer]:
    return [Layer(_plain(layer.w), _plain(layer.b), layer.activation) for layer in net]
