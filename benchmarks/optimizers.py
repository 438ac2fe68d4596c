"""Whether each optimizer moves the parameters as PyTorch's does, in float64 on a small network."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from contenders import NUMPY, SCALAR, SCIPY
from workloads import Array, Weights, Workload, samples, start

import symnet

STEPS = 50
NEEDS = ("torch", "scipy")
SMALL = Workload("small", (10, 8, 6, 4), "tanh", "softmax", 8, 0.1, STEPS)
BUILDS = {"--blas numpy": NUMPY, "--blas scipy": SCIPY, "--style scalar": SCALAR}
Differences = dict[str, dict[str, float]]  # of each optimizer, of each build

# The class in torch.optim, and what differs from its defaults beside the learning rate.
PYTORCH: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "sgd": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.9}),
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "adagrad": ("Adagrad", {}),
    "rmsprop": ("RMSprop", {}),
    "adam": ("Adam", {}),
    "adamw": ("AdamW", {}),
}


def batches() -> list[tuple[Array, Array]]:
    X, Y = samples(SMALL)
    return [(X[rows], Y[rows]) for rows in SMALL.slices()]


@cache
def trainer(optimizer: str, options: tuple[tuple[str, str], ...]) -> Any:
    """The class that symnet writes."""
    net = symnet.Network(SMALL.network, cost=SMALL.cost)
    chosen: dict[str, Any] = dict(options)
    space: dict[str, Any] = {"__name__": "trainer"}
    exec(symnet.generate(net, optimizer, "float64", **chosen), space)
    return space["Trainer"]


def generated(optimizer: str, options: tuple[tuple[str, str], ...]) -> Weights:
    """The parameters after the steps of a trainer with its default settings."""
    made = trainer(optimizer, options)(batch_size=SMALL.batch)
    made.set_weights(start(SMALL))
    for x, y in batches():
        made.step(x, y)
    return dict(made.weights)


def pytorch(optimizer: str, rate: float) -> Weights:
    """The parameters after PyTorch's steps. Biases do not decay: they are a group of their own."""
    import torch

    tensors = {
        name: torch.tensor(array, requires_grad=True) for name, array in start(SMALL).items()
    }
    weights, biases = (
        {"params": [tensor for name, tensor in tensors.items() if name.startswith(letter)]}
        for letter in "wb"
    )
    name, settings = PYTORCH[optimizer]
    groups: list[dict[str, Any]] = [weights, {**biases, "weight_decay": 0.0}]
    moved = getattr(torch.optim, name)(groups, lr=rate, **settings)
    for x, y in batches():
        a = torch.tensor(x)
        for l in range(2, len(SMALL.widths) + 1):
            z = a @ tensors[f"w{l}"].T + tensors[f"b{l}"]
            a = torch.tanh(z)
        moved.zero_grad()
        torch.nn.functional.cross_entropy(z, torch.tensor(y)).backward()
        moved.step()
    return {name: tensor.detach().numpy() for name, tensor in tensors.items()}


def differences() -> Differences:
    """The largest difference of a parameter from PyTorch's, for each optimizer and build."""
    found: Differences = {}
    for optimizer in PYTORCH:
        wanted = pytorch(optimizer, trainer(optimizer, NUMPY)().learning_rate)
        found[optimizer] = {
            build: largest(generated(optimizer, options), wanted)
            for build, options in BUILDS.items()
        }
    return found


def largest(found: Weights, wanted: Weights) -> float:
    """The largest difference of a parameter; NaN if one is."""
    return float(np.max([np.max(np.abs(found[name] - array)) for name, array in wanted.items()]))
