"""Trainer for 4-8:relu-1:sigmoid, cross_entropy cost, sgd, float64.

Made by: symnet generate 4-8:relu-1 --cost cross_entropy

    z² = W² a¹ + b²
    a² = relu(z²)
    z³ = W³ a² + b³
    a³ = sigmoid(z³)
    C = Σⱼ (−yⱼ ln(aⱼ³) − (1 − yⱼ) ln(1 − aⱼ³))
    δ³ = a³ − y
    ∂C/∂W³ = δ³ (a²)ᵀ
    ∂C/∂b³ = δ³
    δ² = (W³)ᵀ δ³ ⊙ [a² > 0]
    ∂C/∂W² = δ² (a¹)ᵀ
    ∂C/∂b² = δ²
    relu(z) = 0 if z ≤ 0, else z
    sigmoid(z) = 1 / (1 + exp(−z))

All 6 formulas of backpropagation were proved before this file was written.
This file is yours: no licence is attached to what symnet generates.

It needs NumPy alone. As a module it offers the class Trainer; as a program, --help explains it.
"""

import argparse
import csv
import hashlib
import io
import json
import os
import signal
import sys
from contextlib import suppress
from numbers import Integral, Real
from pathlib import Path

import numpy as np

NETWORK = "4-8:relu-1:sigmoid"
DTYPE = np.float64
PARAMETERS = {  # name: (shape, variance of the start values)
    "w2": ((8, 4), 2 / 4),  # weights from layer 1 to layer 2
    "b2": ((8,), 0),  # biases of layer 2
    "w3": ((1, 8), 1 / 8),  # weights from layer 2 to layer 3
    "b3": ((1,), 0),  # biases of layer 3
}
CLASSES = 2


class Trainer:
    """The network and its training. Samples are rows; methods and settings are scikit-learn's.

    learning_rate  rate of the gradient step
    epochs         passes over the data in one fit
    batch_size     samples in one step
    shuffle        whether every epoch takes the samples in a new order
    random_state   seed of start values and orders; None: another one each time
    verbose        whether to print the cost after each epoch

    y holds labels, or over (samples, 1) what each output should be, from 0 to 1.
    `classes_` are the labels, those of the outputs in order; `loss_curve_` and `n_iter_` are the
    mean cost of the training data after each epoch, and the number of epochs.
    """

    n_features_in_ = 4
    loss_curve_ = ()
    classes_ = np.arange(CLASSES)  # until fit has seen the labels
    _arrays = None  # the parameters, drawn when first needed
    _given = False  # whether they were set or loaded, and not trained since
    _stop = 0  # the signal that asked to end training after the step under way
    _position = 0  # the sample where a stopped epoch goes on
    _target = None  # the columns that the program took as targets

    def __init__(
        self,
        *,
        learning_rate=0.1,
        epochs=100,
        batch_size=10,
        shuffle=True,
        random_state=None,
        verbose=False,
    ):
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X, y, *, epochs=None, callback=None):
        """Train from new start values, or from what was set or loaded since the last training.

        `callback(trainer, epoch, cost)` is called after each epoch and ends training by True.
        """
        epochs = self.epochs if epochs is None else epochs
        self._check_settings(epochs)
        known = vars(self).get("classes_") if self._given else None
        classes = _find_classes(y) if known is None else known
        a1, y, m = self.prepare(X, _targets(y, classes))
        self._parameters(anew=not self._given)
        self.classes_ = classes
        for _ in range(epochs):
            cost = self._epoch(a1, y, m)
            if self._stop or (callback is not None and callback(self, self.n_iter_, cost)):
                break
        return self

    def partial_fit(self, X, y, classes=None):
        """Train for one epoch, going on from what is; `classes` are all labels that may come."""
        self._check_settings()
        known = vars(self).get("classes_")
        if known is None:
            known = _find_classes(y if classes is None else classes)
        elif classes is not None and not np.array_equal(_find_classes(classes), known):
            raise ValueError(f"the classes are already {known.tolist()}")
        batch = self.prepare(X, _targets(y, known))
        self._parameters()
        self.classes_ = known
        self._position = 0
        self._epoch(*batch)
        return self

    def prepare(self, X, Y):
        """Check and convert one batch, once for the many times that `step` may take it."""
        a1, y = _numbers(X, ("samples", 4), "X"), _targets(Y, self.classes_)
        if len(a1) != len(y):
            raise ValueError(f"X has {len(a1)} samples, but y has {len(y)}")
        return a1, y, len(a1)

    def step(self, X, Y=None):
        """Move the parameters once, by a prepared batch or by samples X and their Y."""
        batch = X if Y is None else self.prepare(X, Y)
        _step(*self._parameters(), *batch, self.learning_rate)
        self._given = False

    def predict(self, X):
        """The most probable label of each sample."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X):
        """The probability of each class, in the order of `classes_`, over (samples, 2)."""
        a = _forward(*self._parameters(), _numbers(X, ("samples", 4), "X"))
        return np.hstack([1 - a, a])

    def score(self, X, y):
        """The accuracy: the share of samples whose label is predicted."""
        a, y = self.predict_proba(X), self.prepare(X, y)[1]
        return float(np.mean((a[:, 1] > 0.5) == (y[:, 0] > 0.5)))

    def cost(self, X, Y):
        """The mean cost of these samples."""
        return float(_cost(*self._parameters(), *self.prepare(X, Y)))

    def gradients(self, X, Y):
        """The derivatives of `cost(X, Y)` by each parameter, in a dict like `weights`."""
        gradients = _gradients(*self._parameters(), *self.prepare(X, Y))
        return dict(zip(PARAMETERS, gradients, strict=True))

    @property
    def weights(self):
        """The parameters by name, as views: who writes into them changes the network."""
        return dict(zip(PARAMETERS, self._parameters(), strict=True))

    def set_weights(self, weights):
        """Copy in new values of all parameters; fit will go on from them."""
        if set(weights) != set(PARAMETERS):
            raise ValueError(f"expected {', '.join(PARAMETERS)}, not {', '.join(weights)}")
        values = [_numbers(weights[n], shape, n) for n, (shape, _) in PARAMETERS.items()]
        for array, value in zip(self._parameters(), values, strict=True):
            array[...] = value
        self._given, self._position, self.loss_curve_ = True, 0, []

    @property
    def n_iter_(self):
        """The number of epochs since the parameters were drawn or set."""
        return len(self.loss_curve_)

    def get_params(self, deep=True):
        """The settings by name."""
        return {name: getattr(self, name) for name in Trainer.__init__.__kwdefaults__}

    def set_params(self, **params):
        """Change settings by name."""
        if unknown := set(params) - set(self.get_params()):
            raise ValueError(f"unknown {sorted(unknown)}; there are {list(self.get_params())}")
        vars(self).update(params)
        return self

    def save(self, path):
        """Write an .npz file with all that training needs to go on exactly from here."""
        transient = {"epochs", "random_state", "verbose"}
        entries = {**self.weights, "loss_curve": np.array(self.loss_curve_)}
        entries["classes"] = self.classes_
        state = {
            "network": NETWORK,
            "settings": {n: v for n, v in self.get_params().items() if n not in transient},
            "random": self._random.bit_generator.state,
            "position": self._position,
            "target": self._target,
        }
        entries["state"] = np.array(json.dumps(state, default=np.generic.item))
        content = io.BytesIO()
        np.savez(content, **entries, digest=np.array(_digest(entries)))
        _write(path, content.getvalue())

    def load(self, path):
        """Take over what `save` wrote; a damaged file, or of another network, changes nothing."""
        entries = _arrays(path)
        if "digest" not in entries or entries.pop("digest").item() != _digest(entries):
            raise ValueError(f"{path} is damaged, or not a file of saved weights")
        state = json.loads(entries["state"].item())
        if state["network"] != NETWORK:
            raise ValueError(f"{path} holds the network {state['network']}, not {NETWORK}")
        self.set_weights({name: entries[name] for name in PARAMETERS})
        self.set_params(**state["settings"])
        self._random.bit_generator.state = state["random"]
        self._position, self._target = state["position"], state["target"]
        self.loss_curve_ = entries["loss_curve"].tolist()
        self.classes_ = entries["classes"]
        return self

    def _parameters(self, anew=False):
        """The arrays in the order of PARAMETERS, drawn from normal distributions where needed."""
        if anew or self._arrays is None:
            self._random = np.random.default_rng(self.random_state)
            self._arrays = [
                self._random.normal(0, np.sqrt(variance), shape).astype(DTYPE)
                for shape, variance in PARAMETERS.values()
            ]
            self._given, self._position, self.loss_curve_ = False, 0, []
        return self._arrays

    def _epoch(self, a1, y, m):
        """Pass over the data once; the cost after it, or None if a signal stopped it before."""
        kept, state = [array.copy() for array in self._arrays], self._random.bit_generator.state
        if self.shuffle:
            rows = self._random.permutation(m)
            a1, y = a1[rows], y[rows]
        with np.errstate(all="ignore"):  # numbers out of range are met in the cost
            for first in range(self._position, m, self.batch_size):
                last = min(first + self.batch_size, m)
                self.step((a1[first:last], y[first:last], last - first))
                if self._stop:
                    self._position, self._random.bit_generator.state = last, state
                    return None
            cost = float(_cost(*self._arrays, a1, y, m))
        self._position = 0
        if not np.isfinite(cost):
            for array, value in zip(self._arrays, kept, strict=True):
                array[...] = value
            epoch = f"epoch {self.n_iter_ + 1}; the parameters before it are kept"
            raise FloatingPointError(f"the cost is {cost} after {epoch}; try smaller steps")
        self.loss_curve_.append(cost)
        if self.verbose:
            print(f"epoch {self.n_iter_}: cost {cost:.6g}")
        return cost

    def _check_settings(self, epochs=1):
        for name, value, kind, least in (
            ("epochs", epochs, Integral, 1),
            ("batch_size", self.batch_size, Integral, 1),
            ("learning_rate", self.learning_rate, Real, 0),
        ):
            if not isinstance(value, kind) or not least <= value < np.inf:
                number = "whole number" if kind is Integral else "number"
                raise ValueError(f"{name} must be a {number} from {least} up, not {value!r}")


# The mathematics. Samples are rows, so that W a reads a @ w.T. Overflow is no error here: exp may
# pass through infinity on its way to an exact 0 or 1, and fit watches the cost.


@np.errstate(over="ignore")
def _forward(w2, b2, w3, b3, a1):
    """The activations of the output layer, a row for each sample (row) of a1."""
    # z² = W² a¹ + b²
    z2 = a1 @ w2.T + b2
    # a² = relu(z²)
    a2 = np.maximum(z2, 0)
    # z³ = W³ a² + b³
    z3 = a2 @ w3.T + b3
    # a³ = sigmoid(z³)
    a3 = 1 / (1 + np.exp(-z3))
    return a3


@np.errstate(over="ignore")
def _cost(w2, b2, w3, b3, a1, y, m):
    """The cost, its mean over the m samples."""
    # z² = W² a¹ + b²
    z2 = a1 @ w2.T + b2
    # a² = relu(z²)
    a2 = np.maximum(z2, 0)
    # z³ = W³ a² + b³
    z3 = a2 @ w3.T + b3
    # C = Σⱼ (−yⱼ ln(aⱼ³) − (1 − yⱼ) ln(1 − aⱼ³))
    t7 = np.maximum(0, z3) + np.log1p(np.exp(-np.maximum(z3, -z3))) - y * z3
    c = t7.sum() / m
    return c


@np.errstate(over="ignore")
def _gradients(w2, b2, w3, b3, a1, y, m):
    """The gradients of the cost by every parameter, their means over the m samples."""
    # z² = W² a¹ + b²
    z2 = a1 @ w2.T + b2
    # a² = relu(z²)
    a2 = np.maximum(z2, 0)
    # z³ = W³ a² + b³
    z3 = a2 @ w3.T + b3
    # a³ = sigmoid(z³)
    a3 = 1 / (1 + np.exp(-z3))
    # δ³ = a³ − y
    d3 = a3 - y
    # ∂C/∂W³ = δ³ (a²)ᵀ
    dw3 = d3.T @ a2 / m
    # ∂C/∂b³ = δ³
    db3 = d3.sum(axis=0) / m
    # δ² = (W³)ᵀ δ³ ⊙ [a² > 0]
    d2 = (d3 @ w3) * (a2 > 0)
    # ∂C/∂W² = δ² (a¹)ᵀ
    dw2 = d2.T @ a1 / m
    # ∂C/∂b² = δ²
    db2 = d2.sum(axis=0) / m
    return dw2, db2, dw3, db3


@np.errstate(over="ignore")
def _step(w2, b2, w3, b3, a1, y, m, learning_rate):
    """One update of every parameter, in place."""
    # z² = W² a¹ + b²
    z2 = a1 @ w2.T + b2
    # a² = relu(z²)
    a2 = np.maximum(z2, 0)
    # z³ = W³ a² + b³
    z3 = a2 @ w3.T + b3
    # a³ = sigmoid(z³)
    a3 = 1 / (1 + np.exp(-z3))
    # δ³ = a³ − y
    d3 = a3 - y
    # δ² = (W³)ᵀ δ³ ⊙ [a² > 0]
    d2 = (d3 @ w3) * (a2 > 0)
    # W² ← W² − η ∂C/∂W²
    w2 -= learning_rate / m * (d2.T @ a1)
    # b² ← b² − η ∂C/∂b²
    b2 -= learning_rate / m * d2.sum(axis=0)
    # W³ ← W³ − η ∂C/∂W³
    w3 -= learning_rate / m * (d3.T @ a2)
    # b³ ← b³ − η ∂C/∂b³
    b3 -= learning_rate / m * d3.sum(axis=0)


# What is given, checked.


def _numbers(values, shape, name):
    """A copy of the values as finite numbers of DTYPE, in this shape with any number of samples."""
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers, not {array.dtype.type.__name__}")
    wanted = tuple(len(array) if n == "samples" and array.ndim else n for n in shape)
    if array.shape != wanted or not array.size:
        expected = str(shape).replace("'", "")
        raise ValueError(f"{name} must have the shape {expected}, not {array.shape}")
    with np.errstate(over="ignore"):
        numbers = array.astype(DTYPE)
    for place in np.argwhere(~np.isfinite(numbers)).tolist():
        raise ValueError(f"{name}{place} is {array[tuple(place)]}, not a finite {DTYPE.__name__}")
    return numbers


def _labels(y):
    """y as an array of labels, or None if it holds numbers over (samples, 1)."""
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] == 1:
        return None
    if y.ndim != 1 or not len(y):
        expected = "labels over (samples,) or numbers over (samples, 1)"
        raise ValueError(f"y must hold {expected}, not {y.shape}")
    if y.dtype == object and len(set(map(type, y))) == 1:
        y = np.array(y.tolist())
    if y.dtype.kind not in "biufU":
        raise TypeError(f"labels must be all numbers or all text, not {y.dtype.type.__name__}")
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise ValueError("y holds labels that are not finite")
    return y


def _find_classes(y):
    """The labels of y in order; all of 0, 1, 2, … if y holds no others."""
    labels, numbers = _labels(y), np.arange(CLASSES)
    found = numbers if labels is None else np.unique(labels)
    if found.dtype.kind in "iuf" and np.isin(found, numbers).all():
        return numbers
    if len(found) != CLASSES:
        some = ", ".join(map(repr, found[:5].tolist()))
        raise ValueError(f"expected {CLASSES} labels, not {len(found)}: {some}")
    return found


def _targets(y, classes):
    """What the outputs should be, over (samples, 1)."""
    labels = _labels(y)
    if labels is None:
        y = _numbers(y, ("samples", 1), "y")
        if y.min() < 0 or y.max() > 1:
            raise ValueError("y must hold labels or numbers from 0 to 1")
        return y
    numbers = {label: number for number, label in enumerate(classes.tolist())}
    for label in labels.tolist():
        if label not in numbers:
            raise ValueError(f"y holds the unknown label {label!r}; known are {list(numbers)}")
    wanted = [numbers[label] for label in labels.tolist()]
    return np.array(wanted, DTYPE)[:, None]


# Files.


def _write(path, content):
    """Write bytes so that the file is at any moment its old self or complete."""
    part = Path(f"{path}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _digest(entries):
    digest = hashlib.sha256()
    for name, array in sorted(entries.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape} ".encode() + array.tobytes())
    return digest.hexdigest()


def _arrays(path):
    """The arrays of an .npz file by name; the one of an .npy file is called table."""
    content = io.BytesIO(Path(path).read_bytes())
    try:
        file = np.load(content, allow_pickle=False)
        return {"table": file} if isinstance(file, np.ndarray) else dict(file)
    except Exception as error:
        raise ValueError(f"{path} is not a sound .npy or .npz file: {error}") from error


def _read(path, target, needs_y=True):
    """X and y of a data file; y is None where it is not needed."""
    if path.endswith(".npz"):
        arrays = _arrays(path)
        for name in ("X", "y") if needs_y else ("X",):
            if name not in arrays:
                raise ValueError(f"{path} has no array {name}, but {', '.join(arrays)}")
        return arrays["X"], arrays.get("y")
    names, table = _table(path)
    inputs, targets = _columns(path, names, table.shape[1], target, needs_y)
    X = _cells(path, names, table, inputs)
    if not needs_y:
        return X, None
    if len(targets) == 1:
        return X, _labels_in(path, names, table, targets[0])
    return X, _cells(path, names, table, targets)


def _table(path):
    """The names of the columns, if there are any, and the cells of a .csv or .npy file."""
    if path.endswith(".npy"):
        table = _arrays(path).get("table", np.empty(0))
        if table.ndim != 2 or table.dtype.kind not in "biuf":
            raise ValueError(f"{path} holds {table.dtype} {table.shape}, not a table of numbers")
        return [], table
    with open(path, newline="", encoding="utf-8-sig", errors="backslashreplace") as file:
        rows = [row for row in csv.reader(file, skipinitialspace=True) if row]
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise ValueError(f"{path}, row {number}: {len(row)} columns instead of {len(rows[0])}")
    names = rows.pop(0) if rows and all(np.isnan(_number(cell)) for cell in rows[0]) else []
    if not rows:
        raise ValueError(f"{path} holds no samples")
    return names, np.array(rows, dtype=object)


def _columns(path, names, width, target, needs_y):
    """Which columns, from 0, are inputs and which are targets: those named, or else the last."""
    numbers = {str(c + 1): c for c in range(width)} | {name: c for c, name in enumerate(names)}
    targets = list(range(4, width))
    if target and targets:
        for name in target:
            if name not in numbers:
                raise ValueError(f"{path} has no column {name}, but {', '.join(names or numbers)}")
        targets = [numbers[name] for name in target]
    inputs = [c for c in range(width) if c not in targets]
    wrong = len(targets) != 1 and (needs_y or targets)
    if wrong or len(inputs) != 4:
        expected = "4 inputs and 1 label"
        raise ValueError(f"{path} has {width} columns, expected {expected}")
    return inputs, targets


def _number(cell):
    try:
        return float(cell)
    except (TypeError, ValueError):
        return np.nan


def _place(path, names, row, column):
    name = f' ("{names[column]}")' if names else ""
    return f"{path}, row {row + 1 + bool(names)}, column {column + 1}{name}"


def _cells(path, names, table, columns):
    """Some columns as numbers, or an error that names the first cell without one."""
    numbers = np.vectorize(_number, otypes=[float])(table[:, columns])
    for row, k in np.argwhere(~np.isfinite(numbers)):
        cell = str(table[row, columns[k]])
        raise ValueError(f"{_place(path, names, row, columns[k])}: {cell!r} is not a number")
    return numbers


def _labels_in(path, names, table, column):
    """A column as labels, still text, or an error that names the first empty cell."""
    labels = [str(cell).strip() for cell in table[:, column]]
    if "" in labels:
        raise ValueError(f"{_place(path, names, labels.index(''), column)}: the label is missing")
    return np.array(labels)


def _typed(y, classes):
    """Labels that were read as text, as numbers if all are and the known classes are not text."""
    if y.dtype.kind == "U" and classes.dtype.kind != "U":
        for kind in (int, float):
            with suppress(ValueError):
                return y.astype(kind)
    return y


# The program.


def _samples(trainer, args):
    trainer._target = args.target or trainer._target
    X, y = _read(args.data, trainer._target)
    return X, _typed(y, trainer.classes_)


def _quality(trainer, X, y):
    cost, score = trainer.cost(X, y), trainer.score(X, y)
    return f"cost {cost:.6g}, accuracy {score:.4f} on {len(X)} samples"


def _check_writable(path):
    if Path(path).is_dir() or not os.access(Path(path).parent, os.W_OK):
        raise ValueError(f"{path} cannot be written")


def _progress(total):
    """A callback for fit: a bar on a terminal, about ten lines in a log."""

    def show(_, epoch, cost):
        line = f"epoch {epoch} of {total}, cost {cost:.6g}"
        if sys.stderr.isatty():
            line = f"\r[{'#' * (30 * epoch // total):30}] {line}   "
            print(line, end="\n" if epoch == total else "", file=sys.stderr, flush=True)
        elif epoch % max(1, total // 10) == 0:
            print(line, file=sys.stderr, flush=True)

    return show


def _fit(args):
    """Train, and save the weights."""
    _check_writable(args.save)
    trainer = Trainer().load(args.resume) if args.resume else Trainer()
    settings = {n: v for n, v in vars(args).items() if n in trainer.get_params() and v is not None}
    X, y = _samples(trainer.set_params(**settings), args)
    total = trainer.n_iter_ + trainer.epochs

    def stop(number, _):
        trainer._stop = number
        signal.signal(number, signal.SIG_DFL)  # a second one ends the program at once

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    trainer.fit(X, y, callback=_progress(total))
    trainer.save(args.save)
    left = total - trainer.n_iter_
    if trainer._stop and left:
        print(f"\nstopped, with {left} epochs to go: --resume {args.save} --epochs {left}")
    print(f"{_quality(trainer, X, y)}; weights saved to {args.save}")
    return 128 + trainer._stop if trainer._stop and left else 0


def _predict(args):
    """Predict the target of each sample, one a line."""
    trainer = Trainer().load(args.weights)
    X, _ = _read(args.data, args.target or trainer._target, needs_y=False)
    lines = io.StringIO()
    y = trainer.predict(X).astype(str)
    csv.writer(lines, lineterminator="\n").writerows(y.reshape(len(y), -1))
    if args.output:
        _check_writable(args.output)
        _write(args.output, lines.getvalue().encode())
    else:
        print(lines.getvalue(), end="")
    return 0


def _evaluate(args):
    """Print the cost and the accuracy."""
    trainer = Trainer().load(args.weights)
    print(_quality(trainer, *_samples(trainer, args)))
    return 0


def _check(_):
    """Compare the gradients with central differences of the cost."""
    random, m, errors = np.random.default_rng(0), 5, []
    for _ in range(20):  # draw again while some gradient is 0 throughout: that would check nothing
        arrays = [random.normal(0, np.sqrt(v) or 0.5, shape) for shape, v in PARAMETERS.values()]
        a1, y = random.normal(size=(m, 4)), random.random((m, 1))
        gradients = _gradients(*arrays, a1, y, m)
        if all(gradient.any() for gradient in gradients):
            break
    else:
        print("in every draw some gradients were 0 throughout; of these the check says nothing")
    for name, array, gradient in zip(PARAMETERS, arrays, gradients, strict=True):
        entries = random.permutation(array.size)[:200]
        slopes = np.array([_slope(arrays, array.reshape(-1), k, a1, y) for k in entries])
        scale = max(abs(slopes).max(), 1e-3)  # differences are right to 1e-9 of the cost
        error = abs(gradient.reshape(-1)[entries] - slopes).max() / scale
        print(f"{name}: relative error {error:.1e} in {len(entries)} of {array.size} entries")
        errors.append(error)
    worst = np.max(errors)
    good = worst < 1e-5
    print(f"gradient check: largest relative error {worst:.1e}, {'ok' if good else 'WRONG'}")
    return 0 if good else 1


def _slope(arrays, values, k, a1, y):
    """The derivative of the cost by values[k], as (C(w + h) - C(w - h)) / 2h."""
    value, costs = values[k], []
    for step in (1e-7, -1e-7):
        values[k] = value + step
        costs.append(_cost(*arrays, a1, y, len(a1)))
    values[k] = value
    return (costs[0] - costs[1]) / 2e-7


def _parser():
    parser = argparse.ArgumentParser(
        description=f"Train the network {NETWORK} and use it.",
        epilog="""DATA is a .csv or .npy table, or .npz with arrays X and y. In a table,
the target is the last column,
or what --target names, by name or number; repeat it for several columns.

examples:
  %(prog)s fit data.csv --epochs 50
  %(prog)s fit data.csv --resume weights.npz
  %(prog)s evaluate test.csv
  %(prog)s predict new.csv -o predictions.csv
""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    data = argparse.ArgumentParser(add_help=False)
    data.add_argument("data", metavar="DATA", help="file of samples")
    data.add_argument("--target", action="append", metavar="COLUMN", help="name or number")
    saved = argparse.ArgumentParser(add_help=False, parents=[data])
    saved.add_argument("--weights", default="weights.npz", help="what fit saved (%(default)s)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for run, parents in ((_fit, [data]), (_predict, [saved]), (_evaluate, [saved]), (_check, [])):
        name, text = run.__name__[1:], run.__doc__
        command = commands.add_parser(name, help=text, description=text, parents=parents)
        command.set_defaults(run=run)
    fit, predict = commands.choices["fit"], commands.choices["predict"]
    fit.add_argument("--save", default="weights.npz", metavar="FILE", help="where to (%(default)s)")
    fit.add_argument("--resume", metavar="FILE", help="go on from what fit saved")
    fit.add_argument("--epochs", type=int, metavar="N", help="passes over the data")
    fit.add_argument("--learning-rate", type=float, metavar="R", help="rate of the gradient step")
    fit.add_argument("--batch-size", type=int, metavar="N", help="samples in one step")
    fit.add_argument("--random-state", type=int, metavar="N", help="seed of all that is drawn")
    predict.add_argument("-o", "--output", metavar="CSV", help="file to write; else print")
    return parser


def main(arguments=None):
    """Run a command line. 0: done, 1: a wrong gradient or a diverging cost, 2: bad input."""
    parser = _parser()
    args = parser.parse_args(arguments)
    try:
        return args.run(args)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:  # as in `predict data.csv | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ArithmeticError, OSError, TypeError, ValueError, csv.Error) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1 if isinstance(error, ArithmeticError) else 2


if __name__ == "__main__":
    sys.exit(main())
