"""Who takes part: the same steps, as each library likes them.

A contender gets a race, the samples and the start values, and converts them before the clock runs.
`run` does steps on the batches in their order, `fit` trains as its library's `fit` does, and
`weights` says what came of it. Libraries are imported by the contender that needs them: each stands
in a process of its own.
"""

import importlib.util
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle, islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from workloads import Array, Race, Weights

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # Adam, as PyTorch has it by default


@dataclass(frozen=True)
class Entry:
    """A contender as it is listed: who does the work, and how it is asked to."""

    title: str
    kind: str  # of KINDS
    needs: tuple[str, ...] = ()  # packages
    options: tuple[tuple[str, str], ...] = ()  # keywords of symnet.generate
    workers: int = 1  # of a generated trainer
    threads: int = 0  # of its libraries; 0: as many as the race has
    fits: bool = False  # `fit` is timed
    without: str = ""  # the pass that its generator leaves out


class Contender(ABC):
    """What all of them share."""

    computes = True  # False: it does a part of the work only, and there is nothing to check

    def __init__(
        self, race: Race, X: Array, Y: Array, weights: Weights, entry: Entry, trainer: Path | None
    ) -> None:
        self.race, self.workload, self.X, self.Y = race, race.workload, X, Y
        self.batch, self.rate = race.workload.batch, race.learning_rate
        self.layers = len(race.workload.widths) - 1
        self.softmax = race.softmax
        self.entry, self.trainer_file = entry, trainer
        self.batches = cycle([*self.begin()])
        self.set_weights(weights)

    @abstractmethod
    def begin(self) -> list[Any]:
        """Import the library and make the network; the batches as the library takes them."""

    @abstractmethod
    def set_weights(self, weights: Weights) -> None:
        """Take over start values, and forget what the optimizer knows."""

    def weights(self) -> Weights:
        """The parameters as they are now, where there are any."""
        raise TypeError(f"{self.entry.title} has no parameters")

    def run(self, steps: int) -> None:
        """Do so many steps, a batch each, where the library has a way to do single steps."""
        raise TypeError(f"{self.entry.title} has no steps")

    def fit(self, X: Array, Y: Array, *, epochs: int, shuffle: bool) -> None:
        """Train on all samples, where the library has a way of its own to do that."""
        raise TypeError(f"{self.entry.title} has no fit")

    def in_batches(self) -> list[tuple[Array, Array]]:
        return [(self.X[rows], self.Y[rows]) for rows in self.workload.slices()]

    def targets(self, Y: Array) -> Array:
        """What a `fit` is given: labels, or numbers."""
        return Y.argmax(axis=1) if self.softmax else Y

    def named(self, arrays: list[Any]) -> Weights:
        """[w2, b2, w3, …] as a dict."""
        names = [f"{letter}{l}" for l in range(2, self.layers + 2) for letter in "wb"]
        return dict(zip(names, map(np.asarray, arrays), strict=True))


class Generated(Contender):
    """The trainer that symnet wrote, through its public methods."""

    def begin(self) -> list[Any]:
        spec = importlib.util.spec_from_file_location("trainer", str(self.trainer_file))
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.trainer = module.Trainer(
            learning_rate=self.rate,
            batch_size=self.batch,
            workers=self.entry.workers,
            random_state=0,
        )
        return [self.trainer.prepare(x, y) for x, y in self.in_batches()]

    def set_weights(self, weights: Weights) -> None:
        self.trainer.set_weights(weights)

    def weights(self) -> Weights:
        return dict(self.trainer.weights)

    def run(self, steps: int) -> None:
        step = self.trainer.step
        for batch in islice(self.batches, steps):
            step(batch)

    def fit(self, X: Array, Y: Array, *, epochs: int, shuffle: bool) -> None:
        self.trainer.set_params(shuffle=shuffle)
        self.trainer.fit(X, self.targets(Y), epochs=epochs)


def sigmoid(z: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-z)))


FUNCTIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "sigmoid": (sigmoid, lambda a: a * (1 - a)),  # and its slope, from a = σ(z)
    "tanh": (np.tanh, lambda a: 1 - a**2),
    "relu": (lambda z: np.maximum(z, 0), lambda a: a > 0),
}


class ByHand(Contender):
    """NumPy as people write it by hand: vectorized, a new array for every result."""

    def begin(self) -> list[Any]:
        self.function, self.slope = FUNCTIONS[self.workload.hidden]
        return self.in_batches()

    def set_weights(self, weights: Weights) -> None:
        self.parameters = [array.copy() for array in weights.values()]
        self.moments = [(np.zeros_like(p), np.zeros_like(p)) for p in self.parameters]
        self.time = 0

    def weights(self) -> Weights:
        return self.named(self.parameters)

    def run(self, steps: int) -> None:
        for x, y in islice(self.batches, steps):
            self.move(self.gradients(x, y))

    def gradients(self, x: Array, y: Array) -> list[Array]:
        w, b = self.parameters[::2], self.parameters[1::2]
        a = [x]
        for l in range(self.layers):
            z = a[-1] @ w[l].T + b[l]
            if self.softmax and l == self.layers - 1:
                e = np.exp(z - z.max(axis=1, keepdims=True))
                a.append(e / e.sum(axis=1, keepdims=True))
            else:
                a.append(self.function(z))
        delta = (a[-1] - y) / len(x)
        if not self.softmax:
            delta = delta * self.slope(a[-1])
        found: list[Array] = []
        for l in reversed(range(self.layers)):
            found = [delta.T @ a[l], delta.sum(axis=0), *found]
            if l:
                delta = (delta @ w[l]) * self.slope(a[l])
        return found

    def move(self, gradients: list[Array]) -> None:
        if self.race.optimizer == "sgd":
            for parameter, gradient in zip(self.parameters, gradients, strict=True):
                parameter -= self.rate * gradient
            return
        self.time += 1
        for i, (parameter, gradient) in enumerate(zip(self.parameters, gradients, strict=True)):
            m = BETA1 * self.moments[i][0] + (1 - BETA1) * gradient
            v = BETA2 * self.moments[i][1] + (1 - BETA2) * gradient**2
            self.moments[i] = m, v
            mean, square = m / (1 - BETA1**self.time), v / (1 - BETA2**self.time)
            parameter -= self.rate * mean / (np.sqrt(square) + EPSILON)


class Torch(Contender):
    """PyTorch in eager mode, with its own layers, costs and optimizers."""

    fused = False

    def begin(self) -> list[Any]:
        import torch

        self.torch = torch
        torch.set_num_threads(self.race.threads)
        self.net = self.network()
        # CrossEntropyLoss takes the outputs before softmax, and labels.
        self.cost = torch.nn.CrossEntropyLoss() if self.softmax else torch.nn.MSELoss()
        convert = torch.from_numpy
        return [(convert(x), convert(self.targets(y))) for x, y in self.in_batches()]

    def network(self) -> Any:
        nn, dtype = self.torch.nn, getattr(self.torch, self.race.dtype)
        function = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU}[self.workload.hidden]
        layers: list[Any] = []
        for before, width in pairwise(self.workload.widths):
            layers += [nn.Linear(before, width, dtype=dtype), function()]
        return nn.Sequential(*(layers[:-1] if self.softmax else layers))

    def set_weights(self, weights: Weights) -> None:
        with self.torch.no_grad():
            for parameter, array in zip(self.net.parameters(), weights.values(), strict=True):
                parameter.copy_(self.torch.from_numpy(array))
        # MSELoss is the mean over outputs, too: 2 / n_L times ½ Σ (a − y)². The rate takes it back,
        # which costs nothing.
        scale = 1.0 if self.softmax else 2 / self.workload.widths[-1]
        optim, parameters = self.torch.optim, self.net.parameters()
        self.optimizer = (
            optim.SGD(parameters, lr=self.rate / scale)
            if self.race.optimizer == "sgd"
            else optim.Adam(
                parameters,
                lr=self.rate,
                betas=(BETA1, BETA2),
                eps=EPSILON * scale,
                fused=self.fused or None,
            )
        )

    def weights(self) -> Weights:
        return self.named([parameter.detach().numpy() for parameter in self.net.parameters()])

    def run(self, steps: int) -> None:
        net, cost, optimizer = self.net, self.cost, self.optimizer
        for x, y in islice(self.batches, steps):
            optimizer.zero_grad()
            cost(net(x), y).backward()
            optimizer.step()


class TorchFused(Torch):
    """… with Adam's fused kernel."""

    fused = True


class Jax(Contender):
    """JAX, each step one compiled call that may overwrite the parameters."""

    def begin(self) -> list[Any]:
        import jax

        self.jax, self.jnp = jax, jax.numpy
        jax.config.update("jax_enable_x64", self.race.dtype == "float64")
        if self.race.threads == 1:  # nobody else could do the work meanwhile
            jax.config.update("jax_cpu_enable_async_dispatch", False)
        self.step = jax.jit(self.update, donate_argnums=0)
        return [(self.jnp.array(x), self.jnp.array(y)) for x, y in self.in_batches()]

    def set_weights(self, weights: Weights) -> None:
        parameters = [self.jnp.array(array) for array in weights.values()]
        self.state: Any = (parameters,)
        if self.race.optimizer == "adam":
            zeros = [[self.jnp.zeros_like(p) for p in parameters] for _ in "mv"]
            self.state = (parameters, *zeros, self.jnp.zeros((), self.race.dtype))

    def weights(self) -> Weights:
        return self.named(self.state[0])

    def cost(self, parameters: list[Any], x: Any, y: Any) -> Any:
        jax, jnp, a = self.jax, self.jnp, x
        known = {"sigmoid": jax.nn.sigmoid, "tanh": jnp.tanh, "relu": jax.nn.relu}
        function = known[self.workload.hidden]
        for l in range(self.layers):
            # With weights over (n_l, n_l-1) XLA is quicker than with their transposes.
            z = a @ parameters[2 * l].T + parameters[2 * l + 1]
            a = z if self.softmax and l == self.layers - 1 else function(z)
        if self.softmax:
            return -(jax.nn.log_softmax(a) * y).sum() / len(x)
        return 0.5 * ((a - y) ** 2).sum() / len(x)

    def update(self, state: Any, x: Any, y: Any) -> Any:
        gradients = self.jax.grad(self.cost)(state[0], x, y)
        if self.race.optimizer == "sgd":
            return ([p - self.rate * g for p, g in zip(state[0], gradients, strict=True)],)
        parameters, m, v, time = state
        time = time + 1
        m = [BETA1 * a + (1 - BETA1) * g for a, g in zip(m, gradients, strict=True)]
        v = [BETA2 * a + (1 - BETA2) * g * g for a, g in zip(v, gradients, strict=True)]
        to_mean, to_square = 1 / (1 - BETA1**time), 1 / (1 - BETA2**time)
        parameters = [
            p - self.rate * (a * to_mean) / (self.jnp.sqrt(b * to_square) + EPSILON)
            for p, a, b in zip(parameters, m, v, strict=True)
        ]
        return parameters, m, v, time

    def run(self, steps: int) -> None:
        step, state = self.step, self.state
        for x, y in islice(self.batches, steps):
            state = step(state, x, y)
        self.state = self.jax.block_until_ready(state)


class Sklearn(Contender):
    """scikit-learn's multi-layer perceptrons, by `fit`, without penalty and momentum.

    With a softmax they do the same steps. A network of sigmoids with the quadratic cost they do not
    have; the nearest has the identity in the last layer, a little less work.
    """

    def begin(self) -> list[Any]:
        from sklearn.neural_network import MLPClassifier, MLPRegressor

        self.computes = self.softmax
        hidden = self.workload.hidden
        self.model = (MLPClassifier if self.softmax else MLPRegressor)(
            hidden_layer_sizes=self.workload.widths[1:-1],
            activation={"sigmoid": "logistic"}.get(hidden, hidden),
            solver=self.race.optimizer,
            learning_rate_init=self.rate,
            batch_size=self.batch,
            max_iter=1,
            alpha=0.0,
            momentum=0.0,
            nesterovs_momentum=False,
            n_iter_no_change=math.inf,
            warm_start=True,
        )
        self.model.fit(self.X, self.targets(self.Y))  # it has weights only after a first fit
        return []

    def set_weights(self, weights: Weights) -> None:
        for l in range(self.layers):
            self.model.coefs_[l][...] = weights[f"w{l + 2}"].T
            self.model.intercepts_[l][...] = weights[f"b{l + 2}"]

    def weights(self) -> Weights:
        both = zip(self.model.coefs_, self.model.intercepts_, strict=True)
        return self.named([array for w, b in both for array in (w.T, b)])

    def fit(self, X: Array, Y: Array, *, epochs: int, shuffle: bool) -> None:
        self.model.set_params(max_iter=epochs, shuffle=shuffle)
        self.model.fit(X, self.targets(Y))


class Products(Contender):
    """The matrix products of a step and nothing else, into arrays that are there.

    Gradients have arrays of their own. What adds them to the weights in place saves that writing.
    """

    computes = False

    def begin(self) -> list[Any]:
        from scipy.linalg import blas

        self.gemm = blas.sgemm if self.race.dtype == "float32" else blas.dgemm
        widths = self.workload.widths
        self.a = [self.array(self.batch, n) for n in widths]
        self.delta = [self.array(self.batch, n) for n in widths]
        self.w = [self.array(before, n) for before, n in pairwise(widths)]
        self.gradient = [self.array(before, n) for before, n in pairwise(widths)]
        return [self.products(x) for x, _ in self.in_batches()]

    def array(self, rows: int, columns: int) -> Array:
        """Some numbers, small enough for a product of many to be finite."""
        values = np.random.default_rng(0).standard_normal((rows, columns)) / columns**0.5
        return np.array(values, dtype=self.race.dtype, order="F")

    def products(self, x: Array) -> list[tuple[Any, ...]]:
        """α, left, right, β, result, whether left and right are transposed, overwrite."""
        a, delta, w, gradient = [x.T, *self.a[1:]], self.delta, self.w, self.gradient
        # Rows in C are columns in Fortran: the first is turned.
        todo = [(1.0, a[l], w[l], 0.0, a[l + 1], int(l == 0), 0, 1) for l in range(self.layers)]
        for l in reversed(range(self.layers)):
            if l:
                todo.append((1.0, delta[l + 1], w[l], 0.0, delta[l], 0, 1, 1))
            todo.append((1.0, a[l], delta[l + 1], 0.0, gradient[l], int(l > 0), 0, 1))
        return todo

    def set_weights(self, weights: Weights) -> None:
        pass

    def run(self, steps: int) -> None:
        gemm = self.gemm
        for products in islice(self.batches, steps):
            for arguments in products:
                gemm(*arguments)


KINDS: dict[str, type[Contender]] = {
    kind.__name__: kind for kind in (Generated, ByHand, Torch, TorchFused, Jax, Sklearn, Products)
}

# `--style auto` is `scalar` for a network as small as W1, and `array` for the others.
NUMPY = (("blas", "numpy"), ("style", "array"))
SCIPY = (("blas", "scipy"), ("style", "array"))
SCALAR = (("blas", "numpy"), ("style", "scalar"))
ENTRIES = {
    "numpy": Entry("symnet --blas numpy", "Generated", (), NUMPY),
    "scipy": Entry("symnet --blas scipy", "Generated", ("scipy",), SCIPY),
    "scalar": Entry("symnet --style scalar", "Generated", (), SCALAR),
    "numpy-fit": Entry("symnet --blas numpy, fit", "Generated", (), NUMPY, fits=True),
    "scipy-fit": Entry("symnet --blas scipy, fit", "Generated", ("scipy",), SCIPY, fits=True),
    "workers-2": Entry("symnet workers=2", "Generated", (), NUMPY, workers=2, threads=1),
    "workers-1": Entry("symnet workers=1", "Generated", (), NUMPY, threads=1),
    "blas-2": Entry("symnet workers=1, BLAS on two", "Generated", (), NUMPY),
    "torch": Entry("PyTorch", "Torch", ("torch",)),
    "torch-fused": Entry("PyTorch, fused", "TorchFused", ("torch",)),
    "jax": Entry("JAX", "Jax", ("jax",)),
    "by-hand": Entry("NumPy by hand", "ByHand"),
    "sklearn": Entry("scikit-learn", "Sklearn", ("sklearn",), fits=True),
    "products": Entry("products alone", "Products", ("scipy",)),
}
OURS = ("scalar", "numpy", "scipy")
FITTED = ("numpy-fit", "scipy-fit")
PEERS = ("torch", "torch-fused", "jax", "by-hand", "products")
PARALLEL = ("workers-1", "blas-2", "torch", "jax", "products")
DRAWN = ("numpy", "scipy", "torch", "jax", "products")
PACKAGES = {  # as an import has them, and as people do
    "torch": "PyTorch",
    "jax": "JAX",
    "sklearn": "scikit-learn",
    "scipy": "SciPy",
    "matplotlib": "Matplotlib",
}


def roster(race: Race) -> list[str]:
    """Who takes part in a race."""
    if race.epochs:
        return [*FITTED, "numpy", "scipy", "sklearn"]
    if race.threads > 1:
        return ["workers-2", *PARALLEL]
    if race.workload.name.startswith(("width", "depth")):
        return [*DRAWN]
    scalar = race.workload.name == "W1" and race.dtype == "float64"
    ours = [name for name in OURS if name != "scalar" or scalar]
    return ours + [name for name in PEERS if name != "torch-fused" or race.optimizer == "adam"]
