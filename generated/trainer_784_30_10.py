"""Trainer for 784-30:sigmoid-10:sigmoid, quadratic cost, sgd, float64.

Made by: symnet generate 784-30-10

    z² = W² a¹ + b²
    a² = sigmoid(z²)
    z³ = W³ a² + b³
    a³ = sigmoid(z³)
    C = Σⱼ 1/2 (aⱼ³ − yⱼ)²
    δ³ = (a³ − y) ⊙ a³ ⊙ (1 − a³)
    ∂C/∂W³ = δ³ (a²)ᵀ
    ∂C/∂b³ = δ³
    δ² = (W³)ᵀ δ³ ⊙ a² ⊙ (1 − a²)
    ∂C/∂W² = δ² (a¹)ᵀ
    ∂C/∂b² = δ²
    sigmoid(z) = 1 / (1 + exp(−z))

All 6 formulas of backpropagation were proved before this file was written.
This file is yours: no licence is attached to what symnet generates.

It needs NumPy alone. As a module it offers the class Trainer; as a program, --help explains it.
"""

import argparse
import csv
import glob
import hashlib
import io
import json
import math
import os
import re
import shlex
import signal
import struct
import sys
import tempfile
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from datetime import timedelta
from functools import lru_cache
from itertools import pairwise
from numbers import Complex, Integral, Number, Real
from pathlib import Path
from types import MappingProxyType
from xml.sax.saxutils import escape

import numpy as np

NETWORK = "784-30:sigmoid-10:sigmoid"
OPTIMIZER = "sgd"
DTYPE = np.float64
PARAMETERS = {  # name: (shape, variance of the start values)
    "w2": ((30, 784), 1 / 784),  # weights from layer 1 to layer 2
    "b2": ((30,), 0),  # biases of layer 2
    "w3": ((10, 30), 1 / 30),  # weights from layer 2 to layer 3
    "b3": ((10,), 0),  # biases of layer 3
}
SIZE = 23860  # numbers in all parameters
STATE = []  # what the optimizer keeps of each parameter
UNSAVED = ["epochs", "random_state", "verbose"]  # settings that `load` leaves as they are
LARGEST = 2**26 + 64 * SIZE * (1 + len(STATE))  # bytes of a file of weights
SEEN = [10]  # numbers of a sample from which its cost is computed
DECIMAL_COMMA = re.compile(r"^(\s*[-+]?\d*),(\d+(?:[eE][-+]?\d+)?\s*)$")
MAPPED, COPIED = 2**22, 2**27  # numbers of X above which no copy is made, in a file or in memory
CHECKED = 2**20  # numbers that are looked at together then
MIXED, BLOCK = 2**20, 2**10  # so many samples are mixed at a time, in blocks if there are more
GATHERED = 2**18  # numbers of X that are gathered at a time
WORK = 2**30  # multiplications that are done with them, about
CHUNK = 2**17  # numbers of the parameters that are updated at a time, while they are in the caches
ADVICE = [  # where training diverges
    "a smaller learning_rate",
    "inputs of mean 0 and deviation 1, as by --standardize",
    "a trainer generated with --clip-norm",
]


class Trainer:
    """The network and its training. Samples are rows; methods and settings are scikit-learn's.

    learning_rate  rate of the gradient step
    epochs         passes over the data in one fit
    batch_size     samples in one step
    shuffle        whether every epoch takes the samples in a new order
    validation_fraction  share of the samples that is put aside, to measure the cost on them
    patience       epochs without a lower cost on those, or else in training, that end a fit
    workers        threads that share each batch; it pays where a step takes milliseconds
    random_state   seed of start values and orders; None: another one each time
    verbose        whether to print the cost after each epoch

    `loss_curve_` has for each epoch the mean cost of its samples, each as it was when its turn
    came; `n_iter_` is the number of epochs, `validation_curve_` the cost after each of them on
    samples that are not trained on, where there are such.
    """

    n_features_in_ = 784
    loss_curve_ = validation_curve_ = ()
    _begun = False  # whether there are parameters, which are drawn when first needed
    _sized = MappingProxyType({})  # what is made for batches of some size, once there are any
    _steps = 0  # the steps that were made
    _given = False  # whether they were set or loaded, and not trained since
    _run = _best = None  # the fit that is under way or was interrupted, and its best parameters
    _split = None  # the seed of what is put aside for validation
    _position, _spent = 0, 0.0  # where in an epoch it stands, and the cost of what is before
    _kept = None  # the steps made and the parameters, as they last were when all was well
    _stop = 0  # the signal that asked to end training after the step under way
    _between, _every = None, 2**62  # what is called between steps, at the latest after so many
    mean_ = scale_ = None  # of each input, where inputs are standardized
    _target = None  # the columns that the program took as targets
    _columns = None  # the names of the columns of X, if the first X was a data frame

    def __init__(
        self,
        *,
        learning_rate=0.1,
        epochs=100,
        batch_size=32,
        shuffle=True,
        validation_fraction=0.0,
        patience=None,
        workers=1,
        random_state=None,
        verbose=False,
    ):
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.workers = workers
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X, y, *, sample_weight=None, epochs=None, validation=None, callback=None):
        """Train from new start values, or from what was set or loaded since the last training.

        An interrupted training that was loaded goes on to its end, or for so many `epochs`.
        A sample counts as its `sample_weight` says, 1 on average; those of 0 are left out.
        `validation` is the X and y of samples to measure the cost on instead of a share of these.
        With `patience`, the parameters are in the end those after the epoch of the lowest cost.
        `callback(trainer, epoch, cost)` is called after each epoch and ends training by True; a
        file that it saves holds all to go on from there as if nothing had happened.
        """
        self._check_settings(self.epochs if epochs is None else epochs)
        if callback is not None and not callable(callback):
            raise TypeError(f"callback must be a function, not {_short(callback)}")
        anew = not self._given
        run = None if anew else self._run
        before = dict(vars(self))
        try:
            if anew or self._split is None:
                self._split = int(np.random.default_rng(self.random_state).integers(2**62))
            columns, weights = _columns_of(X), None
            if sample_weight is not None:
                X, y, weights = _weighted(X, y, sample_weight)
            x, y = self._take(X, y, anew, columns)
            held = None if validation is None else self._take_held(validation)
            if held is None and self.validation_fraction:
                share = self.validation_fraction
                x, y, weights, held = _put_aside(x, y, weights, share, self._split)
            seen = [x, y, *(held or ()), *([] if weights is None else [weights[:, None]])]
            data = _fingerprint(*seen)
            if run and run["data"] != data:
                other = "on other data, or put other samples aside for validation"
                raise ValueError(f"the interrupted training was {other}; abandon() ends it")
        except Exception:
            vars(self).clear()
            vars(self).update(before)
            raise
        self._parameters(anew)
        if epochs is None:
            epochs = run["to"] - self.n_iter_ if run else self.epochs
        if not run:
            run, self._best = {"from": self.n_iter_}, None
            self.validation_curve_ = self.validation_curve_[: self.n_iter_] if held else []
        self._run = run | {"to": self.n_iter_ + epochs, "data": data}
        with _blas_threads(self._blas()):
            self._train(x, y, weights, held, callback)
        return self

    def partial_fit(self, X, y):
        """Train for one epoch, going on from what is."""
        self._check_settings()
        x, y = self._take(X, y)
        self._parameters()
        self.abandon()
        self._epoch(x, y, None)
        return self

    def abandon(self):
        """End an interrupted training where it stands: the next begins another, from there."""
        self._run, self._best, self._position, self._spent = None, None, 0, 0.0
        return self

    def prepare(self, X, Y):
        """Check one batch and lay it out, once for the many times that `step` may take it.

        The batch is x over (samples, 784 + 1), its last column 1,
        x transposed, and y over (10, samples).
        """
        x, y = self._take(X, Y)
        self._parameters()
        return x, x.T, np.ascontiguousarray(y.T)

    def step(self, X, Y=None):
        """Move the parameters once, by a prepared batch or by samples X and their Y."""
        batch, steps = X if Y is None else self.prepare(X, Y), self._steps
        try:
            self._step(*batch)
        except (AttributeError, TypeError, ValueError):
            self._steps = steps
            _check_batch(batch, self._ends())
            raise

    def _step(self, x, xT, y, weights=None):
        """One step; what it gives are the arrays of the last layer from which the cost follows."""
        m = len(x)
        made = self._sized.get((m, self.workers)) or self._make(m, y)
        self._steps += 1
        outputs = made(x, xT, y, weights)
        for update in self._updates:
            update(m, self.learning_rate)
        return outputs

    def _make(self, m, y):
        """The function of the gradients for batches like that of y, made once."""
        self._parameters()
        if len(y) != self._ends()[1]:  # of one row, NumPy would make several
            raise ValueError(f"y has {len(y)} rows, not {self._ends()[1]}")
        if len(self._sized) > 7:  # batches of any size come: the places of old ones are given up
            self._sized.clear()
        if self.workers == 1 or m < self.workers:
            made = _backpropagation(self._theta, self._gradient, m, m)
        else:
            made = _in_threads(self._theta, self._gradient, m, self.workers)
        self._sized[m, self.workers] = made
        return made

    def _ends(self):
        """The numbers of inputs and outputs."""
        return 784, 10

    def predict(self, X):
        """The outputs over (samples, 10)."""
        return _forward(*self._parameters(), self._x(X))

    def score(self, X, y):
        """R²: the share of the variance of y that is predicted, as the mean over the outputs."""
        x, y = self._take(X, y)
        mean = sum(part.sum(axis=0, dtype=float) for _, part in self._parts(x, y)) / len(x)
        rest = total = 0.0
        for a, part in self._parts(x, y):
            rest = rest + ((part.astype(float) - a) ** 2).sum(axis=0)
            total = total + ((part - mean) ** 2).sum(axis=0)
        return float(np.mean(1 - rest / np.where(total > 0, total, np.maximum(rest, 1e-300))))

    def cost(self, X, Y):
        """The mean cost of these samples."""
        return self._mean_cost(*self._take(X, Y))

    def gradients(self, X, Y):
        """The derivatives of `cost(X, Y)` by each parameter, in a dict like `weights`."""
        batch = self.prepare(X, Y)
        gradient = _gradients(self._flat()["theta"], *batch)
        return _views(gradient)

    @property
    def weights(self):
        """The parameters by name, as views: who writes into them changes the network."""
        self._parameters()
        return _views(self._flat()["theta"])

    def set_weights(self, weights):
        """Copy in new values of all parameters; fit will go on from them."""
        if not isinstance(weights, dict) or set(weights) != set(PARAMETERS):
            found = ", ".join(map(str, weights)) if isinstance(weights, dict) else _short(weights)
            raise ValueError(f"expected {', '.join(PARAMETERS)}, not {found}")
        values = {n: _numbers(weights[n], shape, n) for n, (shape, _) in PARAMETERS.items()}
        self._parameters()
        flat = self._flat()
        for name, array in _views(flat["theta"]).items():
            array[...] = values[name]
        self._restart(flat)
        self._given = True

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

    def __sklearn_is_fitted__(self):
        return self._begun

    def __sklearn_tags__(self):
        known = sys.modules["sklearn.utils"]  # it is there: who else would ask?
        return known.Tags(
            estimator_type="regressor",
            target_tags=known.TargetTags(required=True, multi_output=True),
            regressor_tags=known.RegressorTags(),
        )

    def save(self, path):
        """Write an .npz file with all that training needs to go on exactly from here."""
        _write(path, [_packed(self._entries())])

    def load(self, path):
        """Take over what `save` wrote; a damaged file, or of another network, changes nothing."""
        try:
            made = Trainer()._filled(_unpacked(path))
        except OSError:
            raise
        except Exception as error:  # from what strangers wrote, anything may come
            missing = f"it lacks {error}" if isinstance(error, KeyError) else error
            raise ValueError(f"{path} cannot be loaded: {missing}") from error
        own = {name: getattr(self, name) for name in UNSAVED}
        standard = {"mean_": made.mean_, "scale_": made.scale_}
        vars(self).update(vars(made) | standard | own)
        return self

    def _entries(self):
        """All that is saved, by name: arrays, and among them the rest as JSON."""
        entries, flat = dict(self.weights), self._flat()
        for name in STATE:
            entries |= {f"{name}.{part}": array for part, array in self._named(flat[name]).items()}
        for name, array in self._best["flat"].items() if self._best else ():
            entries |= {f"best.{name}.{part}": a for part, a in self._named(array).items()}
        if self.mean_ is not None:
            entries |= {"mean": self.mean_, "scale": self.scale_}
        entries["loss_curve"] = np.array(self.loss_curve_, float)
        entries["validation_curve"] = np.array(self.validation_curve_, float)
        state = {
            "network": NETWORK,
            "optimizer": OPTIMIZER,
            "settings": {n: v for n, v in self.get_params().items() if n not in UNSAVED},
            "random": self._random.bit_generator.state,
            "split": self._split,
            "run": self._run,
            "best": self._best and {n: v for n, v in self._best.items() if n != "flat"},
            "position": self._position,
            "spent": self._spent,
            "steps": self._steps,
            "target": self._target,
            "columns": self._columns,
        }
        return entries | {"state": np.array(json.dumps(state, default=np.generic.item))}

    def _filled(self, entries):
        """The opposite of `_entries`, for a new trainer; what cannot be is an error."""
        state = json.loads(_saved_array(entries.pop("state"), "U", ()).item())
        for key, own in (("network", NETWORK), ("optimizer", OPTIMIZER)):
            if state[key] != own:
                raise ValueError(f"it holds the {key} {state[key]}, not {own}")
        self.set_params(**state["settings"])._check_settings()
        self.set_weights({name: _saved_array(entries.pop(name), DTYPE) for name in PARAMETERS})
        if "mean" in entries:
            shape = (784,)
            pair = [_saved_array(entries.pop(n), float, shape) for n in ("mean", "scale")]
            if not np.isfinite(pair).all() or pair[1].min() <= 0:
                raise ValueError("it holds no way to standardize inputs")
            self.mean_, self.scale_ = pair
        flat = self._flat()
        self._fill(flat, STATE, "", entries)
        self._put(flat)
        self._steps = _saved_count(state["steps"])
        if state["best"] is not None:
            best = {name: np.empty_like(array) for name, array in flat.items()}
            self._fill(best, flat, "best.", entries)
            told = {name: _saved_count(state["best"][name]) for name in ("waited", "steps")}
            self._best = told | {"cost": _saved_number(state["best"]["cost"]), "flat": best}
        if state["run"] is not None:
            run = {name: _saved_count(state["run"][name]) for name in ("from", "to")}
            self._run = run | {"data": str(state["run"]["data"])}
        self._random.bit_generator.state = state["random"]
        self._split = state["split"] and _saved_count(state["split"])
        self._position = _saved_count(state["position"])
        self._spent = _saved_number(state["spent"])
        self._target = state["target"] and [str(name) for name in state["target"]]
        self._columns = state["columns"] and [str(name) for name in state["columns"]]
        curves = [_saved_array(entries.pop(f"{n}_curve"), float) for n in ("loss", "validation")]
        self.loss_curve_, self.validation_curve_ = ([*map(float, curve)] for curve in curves)
        if entries:
            raise ValueError(f"it holds {', '.join(entries)}, which is nothing here")
        return self

    def _fill(self, flat, names, prefix, entries):
        """Take long arrays from entries, part by part."""
        for name in names:
            for part, view in self._named(flat[name]).items():
                view[...] = _saved_array(entries.pop(f"{prefix}{name}.{part}"), DTYPE, view.shape)

    def _named(self, flat):
        """The parts of a long array by name."""
        return _views(flat)

    @property
    def feature_names_in_(self):
        """The names of the columns of X, if it was a data frame."""
        if self._columns is None:
            raise AttributeError("no X with names of columns was given")
        return np.array(self._columns, object)

    def _x(self, X):
        """X as rows of numbers, standardized if that is wanted."""
        _compare_columns(_columns_of(X), self._columns)
        return _inputs(X, 784, self.mean_, self.scale_)

    def standardize(self, X):
        """Give each input mean 0 and deviation 1 over these samples, from here on."""
        if not _is_large(X):
            _inputs(X, 784)
            X = np.asarray(X, float)
        many = max(1, CHECKED // X.shape[1])
        parts = [slice(first, first + many) for first in range(0, len(X), many)]
        with np.errstate(over="ignore"):
            mean = sum(map(_sums, (X[part] for part in parts))) / len(X)
            squares = sum(_sums((X[part] - mean) ** 2) for part in parts)
        if not np.isfinite([mean, squares]).all():
            raise ValueError("X holds numbers that are not finite, or too large to standardize")
        scale = np.sqrt(squares / len(X))
        constant = scale <= 1e-12 * abs(mean)
        self.mean_, self.scale_ = mean, np.where(constant | (scale == 0), 1.0, scale)
        return self

    def _take_later(self, X, y, anew):
        """The same where no copy is made: all samples are checked, and converted when needed."""
        y, many = np.asarray(y), max(1, CHECKED // X.shape[1])
        if len(X) != len(y):
            raise ValueError(f"X has {len(X)} samples, but y has {len(y)}")
        for first in range(0, len(X), many):
            part = slice(first, first + many)
            try:
                now = anew and first == 0
                self._take(np.asarray(X[part]), y[part], anew=now)
            except (TypeError, ValueError) as error:
                raise ValueError(f"among the samples from {first} on, {error}") from error
        x = _Later(X, lambda some: _samples(self._x(some), some)[0])
        return x, _Later(y, lambda some: _targets(some))

    def _take(self, X, y, anew=False, columns=None):
        """X and y as numbers; bad ones change nothing."""
        if _is_large(X):
            return self._take_later(X, y, anew)
        self._check_settings()
        first = anew or not self._begun
        columns = columns or _columns_of(X)
        _compare_columns(columns, None if first else self._columns)
        X, y = _as_array(X, "X"), _as_array(y, "y")
        if X.ndim == 2 and X.size and y.ndim and len(y) not in (0, len(X)):
            raise ValueError(f"X has {len(X)} samples, but y has {len(y)}")
        a1 = _inputs(X, 784, self.mean_, self.scale_)
        x, y = _samples(a1, _targets(y))
        if first:
            self._columns = columns
        return x, y

    def _take_held(self, validation):
        """The X and y of `validation` as numbers."""
        try:
            X, y = validation
        except (TypeError, ValueError) as error:
            what = f"X and y of some samples, not {_short(validation)}"
            raise ValueError(f"validation must be {what}") from error
        try:
            return self._take(X, y)
        except (TypeError, ValueError) as error:
            raise type(error)(f"in validation, {error}") from error

    def _parameters(self, anew=False):
        """The arrays in the order of PARAMETERS, drawn from normal distributions where needed."""
        if anew or not self._begun:
            return self._draw()
        views = _views(self._flat()["theta"])
        return [views[name] for name in PARAMETERS]

    def _draw(self):
        """New parameters."""
        random = np.random.default_rng(self.random_state)
        if not self._begun:
            self._begin()
        self._random, flat = random, self._flat()
        views = _views(flat["theta"])
        for name, (_, variance) in PARAMETERS.items():
            for row in np.atleast_2d(views[name]):
                row[...] = random.normal(0, np.sqrt(variance), row.shape)
        self._restart(flat)
        self._given = False
        return [views[name] for name in PARAMETERS]

    def _restart(self, flat):
        """Take over new parameters, with which no step has been made."""
        self._forget(flat)
        self.abandon()
        self._kept, self.loss_curve_, self.validation_curve_ = None, [], []

    def _forget(self, flat):
        """Take over parameters, and let the optimizer begin anew."""
        for name in STATE:
            flat[name][...] = 0
        self._put(flat)
        self._steps = 0

    def _begin(self):
        """Make the long arrays, and the functions that work in them."""
        self._theta = _empty(SIZE)
        self._state = {name: _empty(self._theta.size) for name in STATE}
        self._gradient = _empty(self._theta.size)
        self._updates = _updates(self._theta, self._gradient)
        self._sized = {}
        self._begun = True

    def _flat(self):
        """The long arrays by name: the parameters, and what the optimizer keeps of each."""
        return {"theta": self._theta, **self._state}

    def _put(self, flat):
        """Take over what `_flat` gave."""
        for name, array in self._flat().items():
            array[...] = flat[name]

    def __getstate__(self):
        """What is copied and pickled; the functions that work in the arrays are made again."""
        made = {"_sized", "_updates", "_clip", "_decay", "_gradient", "_theta", "_state", "_kept"}
        state = {name: value for name, value in vars(self).items() if name not in made}
        return state | ({"_flat": self._flat()} if self._begun else {})

    def __setstate__(self, state):
        flat = state.pop("_flat", None)
        vars(self).update(state)
        if flat is not None:
            self._begin()
            self._put(flat)

    def _train(self, x, y, weights, held, callback):
        """The epochs of a training; a signal interrupts it, and something else may end it early."""
        self._kept, ended = None, False
        while self.n_iter_ < self._run["to"] and not ended:
            if self._stop or (cost := self._epoch(x, y, weights)) is None:
                return
            better = self._measure(held)
            ended = callback is not None and callback(self, self.n_iter_, cost)
            ended = ended or not better
        if self._best:
            self._put(self._best["flat"])
            self._steps = self._best["steps"]
        self.abandon()

    def _measure(self, held):
        """Measure the cost after an epoch; whether it is worth while to go on."""
        cost, said = self.loss_curve_[-1], ""
        if held:
            cost = self._mean_cost(*held)
            self.validation_curve_.append(cost)
            said = f", in validation {cost:.6g}"
        if self.verbose:
            print(f"epoch {self.n_iter_}: cost {self.loss_curve_[-1]:.6g}{said}")
        if self.patience is None:
            return True
        if self._best is None or cost < self._best["cost"]:
            flat = {name: array.copy() for name, array in self._flat().items()}
            self._best = {"cost": cost, "waited": 0, "steps": self._steps, "flat": flat}
        else:
            self._best["waited"] += 1
        return self._best["waited"] < self.patience

    def _mean_cost(self, x, y):
        """The mean cost of these samples."""
        parameters, total = self._parameters(), 0.0
        for a1, part in _some_at_a_time(x, y):
            total += len(a1) * float(_cost(*parameters, a1, part, len(a1)))
        return total / len(x)

    def _parts(self, x, y):
        """The outputs for these samples and their y, for some at a time."""
        parameters = self._parameters()
        for a1, part in _some_at_a_time(x, y):
            yield _forward(*parameters, a1), part

    def _epoch(self, x, y, weights):
        """Pass over the data once; its mean cost, or None if a signal stopped it before."""
        before = self._random.bit_generator.state  # until the epoch is over, to draw it again
        order = _order(len(y), self._random if self.shuffle else None)
        after, self._random.bit_generator.state = self._random.bit_generator.state, before
        with np.errstate(all="ignore"):  # what overflows ends training
            for first, batches, lot, seen in self._gathered(x, y, weights, order):
                self._keep()
                for done, batch in enumerate(batches):
                    outputs = self._step(*batch)
                    seen[0][done] = outputs[0]
                    if self._stop:
                        break
                self._position = first + (done + 1) * len(batch[0])
                self._add(_costs(seen, *lot, done + 1))
                if self._stop:
                    return None
                if self._between is not None:
                    self._between(self, len(y))
        cost = self._spent / len(y)
        self._random.bit_generator.state = after
        self._position, self._spent, self._given = 0, 0.0, False
        self.loss_curve_.append(cost)
        return cost

    def _keep(self):
        """Copy the parameters, if it is some steps since that was done."""
        if self._kept is None or self._steps - self._kept[0] >= 32:
            theta = np.empty_like(self._theta) if self._kept is None else self._kept[1]
            theta[...] = self._theta
            self._kept = self._steps, theta

    def _add(self, costs):
        """Add up the costs of steps, one by one as it will be if resumed, if all are numbers."""
        spent = self._spent
        for cost in costs:
            spent += cost
        if not np.isfinite(spent):
            first = np.flatnonzero(~np.isfinite(np.cumsum(costs)))[0]
            step = self._steps - len(costs) + int(first) + 1
            self._diverge(step, f"the cost is {costs[first]}")
        if not np.isfinite(self._theta.sum()):
            self._diverge(self._steps, "a parameter is not finite")
        self._spent = spent

    def _diverge(self, step, what):
        """Go back to the last parameters that were good, and say so."""
        (good, theta), flat = self._kept, self._flat()
        flat["theta"][...] = theta
        self._forget(flat)
        self.abandon()
        self._given = False
        where = f"{what} in step {step}, in epoch {self.n_iter_ + 1}"
        said = f"{where}; the parameters after step {good} are kept"
        raise FloatingPointError(f"{said}; try {', or '.join(ADVICE)}")

    def _gathered(self, x, y, weights, order):
        """The batches of an epoch, lot by lot, gathered into one place that is used again.

        Each lot comes with its first sample, its y and weights, and arrays from which its cost
        follows.
        """
        size, start = min(int(self.batch_size), len(x)), self._position
        most = min(GATHERED // x.shape[1], WORK // self._theta.size, len(x))
        many = max(1, most // size)
        rows = _empty(many * size * x.shape[1]).reshape(-1, x.shape[1])
        ys = np.empty((many, y.shape[1], size), DTYPE)
        seen = [np.empty((many, n, size), DTYPE) for n in SEEN]
        batches = [(r, r.T, t) for r, t in zip(np.split(rows, many), ys, strict=True)]
        ws = None
        if weights is not None:
            ws = np.empty((many, size), DTYPE)
            batches = [(*batch, w) for batch, w in zip(batches, ws, strict=True)]
        rest = len(x) - (len(x) - start) % size  # where the last batch begins, if it is smaller
        for lot in range(start % size, rest, many * size):
            if lot + many * size <= start:
                continue
            chosen = order(lot, min(lot + many * size, rest))
            count, done = len(chosen) // size, max(0, start - lot) // size
            if isinstance(x, _Later):
                rows[: len(chosen)] = x[chosen]
            else:
                np.take(x, chosen, 0, rows[: len(chosen)], "clip")  # the quickest way
            ys[:count] = y[chosen].reshape(count, size, -1).transpose(0, 2, 1)
            if weights is not None:
                ws[:count] = weights[chosen].reshape(count, size)
            while done < count:
                end = min(count, done + self._every - self._steps % self._every)
                part = slice(done, end)
                given = ys[part], None if ws is None else ws[part]
                yield lot + done * size, batches[part], given, [each[part] for each in seen]
                done = end
        if rest < len(x):
            chosen = order(rest, len(x))
            r, t = x[chosen], np.ascontiguousarray(y[chosen].T)
            w = () if weights is None else (weights[chosen],)
            seen = [np.empty((1, n, len(r)), DTYPE) for n in SEEN]
            yield rest, [(r, r.T, t, *w)], (t[None], w[0][None] if w else None), seen

    def _blas(self):
        """The threads that a matrix product takes: one, unless it is large and alone."""
        return 1 if self.workers > 1 or int(self.batch_size) * self._theta.size < 5e7 else None

    def _check_settings(self, epochs=1):
        if not isinstance(self.shuffle, bool | np.bool_):
            raise ValueError(f"shuffle must be True or False, not {self.shuffle!r}")
        try:
            np.random.default_rng(self.random_state)
        except (TypeError, ValueError) as error:
            what = f"a whole number from 0 up, not {self.random_state!r}"
            raise ValueError(f"random_state must be None or {what}") from error
        for name, value, kind, least, below in (
            ("epochs", epochs, Integral, 1, np.inf),
            ("batch_size", self.batch_size, Integral, 1, np.inf),
            ("workers", self.workers, Integral, 1, np.inf),
            ("validation_fraction", self.validation_fraction, Real, 0, 1),
            ("patience", 1 if self.patience is None else self.patience, Integral, 1, np.inf),
            ("learning_rate", self.learning_rate, Real, 0, np.inf),
        ):
            good = isinstance(value, kind) and not isinstance(value, bool)
            if not good or not least <= value < below:
                number = "whole number" if kind is Integral else "number"
                most = f" and less than {below}" if below < np.inf else ""
                raise ValueError(f"{name} must be a {number} from {least} up{most}, not {value!r}")


# The mathematics, where every formula is computed on whole arrays: samples are rows, and W a reads
# a @ w.T. Overflow is no error here: exp may pass through infinity on its way to an exact 0 or 1.


@np.errstate(over="ignore")
def _forward(w2, b2, w3, b3, a1):
    """The activations of the output layer, a row for each sample (row) of a1."""
    # z² = W² a¹ + b²
    z2 = a1 @ w2.T + b2
    # a² = sigmoid(z²)
    a2 = 1 / (1 + np.exp(-z2))
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
    # a² = sigmoid(z²)
    a2 = 1 / (1 + np.exp(-z2))
    # z³ = W³ a² + b³
    z3 = a2 @ w3.T + b3
    # a³ = sigmoid(z³)
    a3 = 1 / (1 + np.exp(-z3))
    # C = Σⱼ 1/2 (aⱼ³ − yⱼ)²
    t7 = (a3 - y) ** 2 / 2
    c = t7.sum() / m
    return c


@np.errstate(over="ignore")
def _loss(a3, y):
    """The cost of each sample by its outputs alone, without penalties."""
    # C = Σⱼ 1/2 (aⱼ³ − yⱼ)²
    t7 = (a3 - y) ** 2 / 2
    c = t7.sum(axis=1)
    return c


# The same as a step needs it. The parameters lie in one long array, theta, and the derivatives by
# them in another, gradient. In here samples are columns, and biases stand in the last column or row
# of W, against a row of ones.
# Whatever takes memory is made once for a size of batch: the functions made so allocate nothing.


def _views(flat):
    """The arrays in a long one, by name, in the shapes of PARAMETERS."""
    W2 = flat[0:23550].reshape(30, 785)
    w2 = W2[:, :-1]
    b2 = W2[:, -1]
    W3 = flat[23550:23860].reshape(31, 10)
    w3 = W3[:-1].T
    b3 = W3[-1]
    return {
        "w2": w2,
        "b2": b2,
        "w3": w3,
        "b3": b3,
    }


def _backpropagation(theta, gradient, m, samples):
    """A function that leaves the gradients of m samples in `gradient`, as sums."""
    dtype = theta.dtype
    rows = _empty(122 * m, dtype).reshape(122, m)
    rows[...] = 1
    add, multiply, subtract, tanh = np.add, np.multiply, np.subtract, np.tanh
    z2 = a2 = rows[0:30]
    W2 = theta[0:23550].reshape(30, 785)
    half = np.array(1 / 2, dtype)
    z3 = a3 = rows[31:41]
    W3 = theta[23550:23860].reshape(31, 10)
    A2 = rows[0:31]
    W3T = W3.T
    p2 = rows[41:71]
    p3 = rows[72:82]
    p2_p3 = rows[41:82]
    a2_a3 = rows[0:41]
    one = np.array(1, dtype)
    d3 = rows[82:92]
    DW3 = gradient[23550:23860].reshape(31, 10)
    d3T = d3.T
    d2 = rows[92:122]
    w3 = W3[:-1]
    DW2 = gradient[0:23550].reshape(30, 785)

    def gradients(x, xT, y, weights):
        # z² = W² a¹ + b²
        W2.dot(xT, z2)
        # a² = sigmoid(z²)
        multiply(z2, half, a2)
        tanh(a2, a2)
        multiply(a2, half, a2)
        add(a2, half, a2)
        # z³ = W³ a² + b³
        W3T.dot(A2, z3)
        # a³ = sigmoid(z³)
        multiply(z3, half, a3)
        tanh(a3, a3)
        multiply(a3, half, a3)
        add(a3, half, a3)
        # δ³ = (a³ − y) ⊙ a³ ⊙ (1 − a³)
        subtract(one, a2_a3, p2_p3)
        multiply(a2_a3, p2_p3, p2_p3)
        subtract(a3, y, d3)
        multiply(p3, d3, d3)
        # ∂C/∂W³ = δ³ (a²)ᵀ
        if weights is not None:
            multiply(d3, weights, d3)
        A2.dot(d3T, DW3)
        # δ² = (W³)ᵀ δ³ ⊙ a² ⊙ (1 − a²)
        w3.dot(d3, d2)
        multiply(p2, d2, d2)
        # ∂C/∂W² = δ² (a¹)ᵀ
        d2.dot(x, DW2)
        return (a3,)

    return gradients


def _gradients(theta, x, xT, y):
    """The gradients of the mean cost of a batch, in a long array."""
    gradient, m = np.empty_like(theta), len(x)
    made = _backpropagation(theta, gradient, m, m)
    made(x, xT, y, None)
    return gradient / len(x)


def _optimizer(theta, gradient):
    """A function that moves parameters by one step."""
    dtype = theta.dtype
    add, multiply = np.add, np.multiply
    k1 = np.empty((), dtype)

    def update(samples, learning_rate):
        # θ ← θ − η ∂C/∂θ
        k1[...] = -learning_rate / samples
        multiply(gradient, k1, gradient)
        add(theta, gradient, theta)

    return update


def _updates(*arrays):
    """The functions that move all parameters together, each its stretch of the long arrays."""
    size = len(arrays[0])
    starts = range(0, size, CHUNK)
    return [_optimizer(*(a[i : i + CHUNK] for a in arrays)) for i in starts]


def _in_threads(theta, gradient, m, workers):
    """Like `_backpropagation`, with a share of the samples for each of several threads."""
    ends = [m * i // workers for i in range(workers + 1)]
    shares = [slice(*pair) for pair in pairwise(ends)]
    parts = [gradient, *(np.empty_like(theta) for _ in shares[1:])]
    made = [
        _backpropagation(theta, part, s.stop - s.start, m)
        for part, s in zip(parts, shares, strict=True)
    ]
    pool = ThreadPoolExecutor(workers - 1)
    _blas_threads(1)  # in each of these threads

    def gradients(x, xT, y, weights, *strengths):
        own = [strength / workers for strength in strengths]

        def share(s):
            return x[s], xT[:, s], y[:, s], None if weights is None else weights[s], *own

        pairs = zip(made[1:], shares[1:], strict=True)
        others = [pool.submit(each, *share(s)) for each, s in pairs]
        outputs = [made[0](*share(shares[0]))]
        outputs += [other.result() for other in others]
        for part in parts[1:]:
            np.add(gradient, part, gradient)
        return [np.concatenate(each, axis=1) for each in zip(*outputs, strict=True)]

    return gradients


def _costs(seen, y, weights, count):
    """The sums of the costs of each of the first batches of a lot."""
    arrays = (a[:count].transpose(0, 2, 1).reshape(-1, a.shape[1]) for a in (*seen, y))
    costs = _loss(*arrays).reshape(count, -1)
    if weights is not None:
        costs = costs * weights[:count]
    return costs.sum(axis=1, dtype=float).tolist()


def _empty(size, dtype=DTYPE):
    """An array of zeros whose first number lies where processors read fastest."""
    step = 64 // np.dtype(dtype).itemsize
    array = np.zeros(size + step, dtype)
    first = -array.ctypes.data % 64 // array.itemsize
    return array[first : first + size]


def _blas_threads(limit):
    """As many threads for a matrix product, where threadpoolctl is there to see to it."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return nullcontext()
    return threadpool_limits(limit, "blas")


# What is given, checked.


def _as_array(values, name):
    """The values as an array of whatever they are."""
    if values is None:
        target = "the target y" if name == "y" else name
        raise ValueError(f"Trainer requires {name} to be passed, but {target} is None")
    if hasattr(type(values), "nnz"):
        raise TypeError(f"{name} is sparse; only arrays are taken, as {name}.toarray() is one")
    if isinstance(values, np.ma.MaskedArray):
        for place in np.argwhere(np.ma.getmaskarray(values)).tolist():
            raise ValueError(f"{name}{place} is masked; fill in all that is missing")
    try:
        array = np.asarray(values)
        if array.dtype.kind in "SU" and not hasattr(values, "dtype"):
            array = np.array(values, object)  # 1 and "a" in a list are no two texts
    except Exception as error:  # objects that say they are arrays may do anything
        raise ValueError(f"{name} cannot be made an array: {error}") from error
    if array.dtype == object and not array.ndim:
        raise TypeError(f"{name} must be an array, no {type(values).__name__}")
    return array


def _as_numbers(values, name):
    """The values as an array of real numbers."""
    array = _as_array(values, name)
    if array.dtype == object:
        numbers = np.empty(array.shape)
        for place, value in np.ndenumerate(array):
            what = f"{name}{list(place)} is {_short(value)}"
            if not isinstance(value, Number | np.bool_):
                raise TypeError(f"{what}: an argument must be no string or object, but a number")
            if isinstance(value, Complex) and not isinstance(value, Real):
                raise ValueError(f"Complex data not supported: {what}, not a real number")
            try:
                numbers[place] = value
            except (OverflowError, ValueError) as error:
                raise ValueError(f"{what}, too large for float64, or no number at all") from error
        return numbers
    if array.dtype.kind == "c":
        kind = array.dtype.name
        raise ValueError(f"Complex data not supported: {name} must hold real numbers, not {kind}")
    if array.dtype.kind not in "biuf":
        kind = array.dtype.type.__name__.strip("_")
        raise TypeError(f"{name} must hold real numbers, not {kind}")
    return array


def _short(value):
    text = repr(value)
    return text if len(text) < 60 else f"{text[:57]}..."


def _finite(array, name):
    """A copy as finite numbers of DTYPE."""
    with np.errstate(over="ignore"):
        numbers = array.astype(DTYPE, order="C")
    if not np.isfinite(numbers).all():
        place = np.argwhere(~np.isfinite(numbers))[0].tolist()
        value = array[tuple(place)]
        if np.isfinite(value):
            raise ValueError(f"{name}{place} is {value!s}, too large for {DTYPE.__name__}")
        said = "NaN" if np.isnan(value) else value
        raise ValueError(f"{name}{place} is {said}, not a finite {DTYPE.__name__}")
    return numbers


def _numbers(values, shape, name):
    """A copy of the values as finite numbers of DTYPE, in this shape with any number of samples."""
    array = _as_numbers(values, name)
    wanted = tuple(len(array) if n == "samples" and array.ndim else n for n in shape)
    if array.shape != wanted or not array.size:
        expected = str(shape).replace("'", "")
        raise ValueError(f"{name} must have the shape {expected}, not {array.shape}")
    return _finite(array, name)


def _inputs(X, inputs, mean=None, scale=None):
    """X as rows of finite numbers, standardized if that is wanted."""
    array = _as_numbers(X, "X")
    if array.ndim != 2:
        expected = f"(samples, {inputs})"
        raise ValueError(
            f"X must have the shape {expected}, not {array.shape}. Reshape your data: "
            "X.reshape(1, -1) is one sample, X.reshape(-1, 1) one input of each"
        )
    if not array.size:
        counts = f"{array.shape[0]} sample(s) and {array.shape[1]} feature(s)"
        raise ValueError(f"X has {counts} (shape={array.shape}) while a minimum of 1 is required.")
    if array.shape[1] != inputs:
        features = f"X has {array.shape[1]} features, but Trainer is expecting"
        raise ValueError(f"{features} {inputs} features as input")
    if mean is not None:
        with np.errstate(all="ignore"):  # what overflows is reported below
            array = (array - mean) / scale
    return _finite(array, "X")


def _samples(a1, y):
    """Inputs, each sample with a 1 at its end, and as many targets."""
    if len(a1) != len(y):
        raise ValueError(f"X has {len(a1)} samples, but y has {len(y)}")
    x = np.ones((len(a1), a1.shape[1] + 1), DTYPE)
    x[:, :-1] = a1
    return x, y


def _columns_of(X):
    """The names of the columns of a data frame, if these are text."""
    names = list(X.columns) if hasattr(type(X), "columns") else []
    kinds = sorted({type(name).__name__ for name in names if not isinstance(name, str)})
    if kinds and len(kinds) < len({type(name) for name in names}):
        mixed = f"X has columns whose names are text and others whose names are {', '.join(kinds)}"
        raise TypeError(f"{mixed}; Feature names are only supported if all are text")
    return None if kinds or not names else names


def _compare_columns(names, known):
    """Refuse a data frame whose columns are not those that the first one had."""
    if names is None or known is None or names == known:
        return
    said = "The feature names should match those that were passed during fit.\n"
    for what, some in (
        ("unseen at fit time", sorted(set(names) - set(known))),
        ("seen at fit time, yet now missing", sorted(set(known) - set(names))),
    ):
        if some:
            shown = [f"- {name}\n" for name in some[:5]] + ["- ...\n"] * (len(some) > 5)
            said += f"Feature names {what}:\n{''.join(shown)}"
    if set(names) == set(known):
        said += "Feature names must be in the same order as they were in fit.\n"
    raise ValueError(said)


def _weighted(X, y, sample_weight):
    """X and y without the samples of weight 0, and the other weights, 1 on average."""
    weights = _as_numbers(sample_weight, "sample_weight").astype(float)
    X, y = _as_array(X, "X"), _as_array(y, "y")
    if weights.shape != y.shape[:1]:
        shape = y.shape[:1]
        raise ValueError(f"sample_weight must have the shape {shape}, not {weights.shape}")
    if X.shape[:1] != weights.shape:
        raise ValueError(f"X has the shape {X.shape}, but sample_weight {weights.shape}")
    if not np.isfinite(weights).all() or weights.min() < 0:
        place = int(np.argmin(np.where(np.isfinite(weights), weights, -np.inf)))
        what = f"sample_weight[{place}] is {weights[place]}"
        raise ValueError(f"{what}; weights must be numbers from 0 up")
    chosen = weights > 0
    if not chosen.any():
        raise ValueError("every sample_weight is zero: no sample is left")
    if not chosen.all():
        X, y, weights = X[chosen], y[chosen], weights[chosen]
    return X, y, (weights / weights.mean()).astype(DTYPE)


def _check_batch(batch, ends):
    """Refuse what `prepare` has not made for such a network."""
    parts = batch if isinstance(batch, tuple) and len(batch) == 3 else ()
    if not parts or not all(isinstance(part, np.ndarray) for part in parts):
        what = f"not {type(batch).__name__}"
        raise TypeError(f"step takes X and Y, or alone a batch that prepare has made, {what}")
    if ends is None:
        return
    (x, _, y), (inputs, outputs) = parts, ends
    wanted = [(len(x), inputs + 1), (inputs + 1, len(x)), (outputs, len(x))]
    if [part.shape for part in parts] != wanted or {part.dtype.type for part in parts} != {DTYPE}:
        found = f"{x.dtype.name} of the shapes {x.shape} and {y.shape}"
        own = f"{DTYPE.__name__} of the shapes {wanted[0]} and {wanted[2]}"
        raise ValueError(f"the batch is not prepared for {NETWORK}: it is {found}, not {own}")


def _targets(y):
    """What the outputs should be, over (samples, 10)."""
    return _numbers(y, ("samples", 10), "y")


# Samples of which no copy is made.


class _Columns:
    """Some columns of a large table, in any order."""

    def __init__(self, table, columns):
        self.table, self.columns = table, columns
        self.shape, self.ndim = (len(table), len(columns)), 2

    def __len__(self):
        return len(self.table)

    def __getitem__(self, rows):
        return self.table[rows][:, self.columns]


class _Later:
    """Samples, or blocks of them, that are converted when they are taken."""

    def __init__(self, values, convert, blocks=None, size=1, count=None):
        self.values, self.convert, self.blocks, self.size = values, convert, blocks, size
        self.shape = (len(values) if count is None else count, convert(values[:1]).shape[1])

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, rows):
        if self.blocks is not None:
            if isinstance(rows, slice):
                rows = np.arange(*rows.indices(len(self)))
            rows = self.blocks[rows // self.size] * self.size + rows % self.size
        return self.convert(self.values[rows])


def _some_at_a_time(x, y):
    """Parts of the inputs and of y, small enough for all that is computed from them."""
    many = max(1, min(CHECKED // x.shape[1], 2**12))
    for first in range(0, len(x), many):
        yield x[first : first + many][:, :-1], y[first : first + many]


def _sums(rows):
    """The sum of each column, which does not depend on how the rows lie in memory."""
    return np.ascontiguousarray(rows, float).sum(axis=0)


def _is_large(X):
    """Whether X is not to be copied: less is enough where it lies in a file."""
    if isinstance(X, np.ndarray):
        most = MAPPED if isinstance(X, np.memmap) else COPIED
        return X.ndim == 2 and len(X) > 1 and X.size > most
    return isinstance(X, _Columns)


# Which samples are taken, and when.


def _order(count, random):
    """A function that gives the samples from one place of an epoch to another.

    Without `random` they are in order. Of very many samples, `MIXED` are mixed at a time: blocks
    from anywhere. So an order takes little memory, and a file is read in stretches.
    """
    if random is None:
        return np.arange
    if count <= MIXED:
        order = random.permutation(count)
        return lambda first, last: order[first:last]
    shift, seed = int(random.integers(count)), int(random.integers(2**62))
    blocks = np.append(random.permutation(count // BLOCK), count // BLOCK)  # the last is smaller

    @lru_cache(maxsize=1)
    def part(number):
        some = blocks[number * MIXED // BLOCK : (number + 1) * MIXED // BLOCK]
        rows = (some[:, None] * BLOCK + np.arange(BLOCK)).reshape(-1)
        mixed = np.random.default_rng([seed, number]).permutation(rows[rows < count])
        return (mixed + shift) % count  # so it is not always the same samples that come last

    def order(first, last):
        numbers = range(first // MIXED, (last - 1) // MIXED + 1)
        parts = (part(n)[max(0, first - n * MIXED) : last - n * MIXED] for n in numbers)
        return np.concatenate(list(parts))

    return order


def _put_aside(x, y, weights, fraction, seed):
    """All without a share of the samples, chosen by chance, and x and y of these.

    Of very many samples, blocks are put aside.
    """
    size = 1 if len(x) <= MIXED else BLOCK
    blocks = np.random.default_rng(seed).permutation(len(x) // size)
    aside = round(fraction * len(blocks))
    if not 0 < aside < len(blocks):
        share = f"validation_fraction {fraction} of {len(x)} samples"
        raise ValueError(f"{share} leaves none to train on, or to measure")
    held = np.sort(blocks[:aside])
    kept = np.append(np.sort(blocks[aside:]), len(blocks))  # the last one has what is left over
    if weights is not None:
        weights = _blocks(weights, kept, size)
        weights = weights / weights.mean()
    x_held, y_held = _blocks(x, held, size), _blocks(y, held, size)
    return _blocks(x, kept, size), _blocks(y, kept, size), weights, (x_held, y_held)


def _blocks(array, blocks, size):
    """Some blocks of samples."""
    count = size * len(blocks) - max(0, size * int(blocks[-1] + 1) - len(array))
    if isinstance(array, _Later):
        return _Later(array.values, array.convert, blocks, size, count)
    return array[(blocks[:, None] * size + np.arange(size)).reshape(-1)[:count]]


def _fingerprint(*arrays):
    """By which data is known again: a digest of shapes, and of at most a thousand samples."""
    digest = hashlib.sha256()
    for array in arrays:
        many = min(len(array), max(2, min(1000, 2**20 // array.shape[1])))
        some = array[np.linspace(0, len(array) - 1, many).astype(int)]
        digest.update(f"{array.shape} ".encode() + some.tobytes())
    return digest.hexdigest()


# Files.


def _write(path, parts):
    """Write bytes so that the file is at any moment its old self or complete."""
    part = Path(f"{path}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    if os.name == "posix":  # elsewhere a folder cannot be opened
        folder = os.open(part.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the new name, too, is on the disk
        finally:
            os.close(folder)


def _packed(entries):
    """The bytes of an .npz file that ends with a digest of all that stands before."""
    content = io.BytesIO()
    np.savez(content, **entries)
    with zipfile.ZipFile(content, "a") as archive:
        archive.comment = bytes(64)  # the place of the digest
    body = content.getvalue()[:-64]
    return body + hashlib.sha256(body).hexdigest().encode()


def _unpacked(path):
    """The arrays of such a file by name, if the digest is right."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > LARGEST:
            raise ValueError(f"it has {size} bytes, too many for this network")
        content = file.read(size)
    if hashlib.sha256(content[:-64]).hexdigest().encode() != content[-64:]:
        raise ValueError("it is damaged, or nothing that this program saved")
    return dict(_arrays(io.BytesIO(content), packed=False))


def _arrays(file, path=None, packed=True):
    """The arrays of an .npz file with their names, large ones mapped from `path` if it is given.

    Headers are read first: none gets more memory than there are bytes for, and `packed` says
    whether those may be compressed.
    """
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        names = [member.filename.removesuffix(".npy") for member in members]
        if len(set(names)) < len(names):
            raise ValueError("two of its arrays have one name")
        for name, member in zip(names, members, strict=True):
            swollen = member.file_size > max(2**26, 100 * member.compress_size)
            if swollen or (member.compress_type and not packed):
                packed_in = f"packed in {member.compress_size}"
                raise ValueError(f"{name} has {member.file_size} bytes, {packed_in}")
            if path and not member.compress_type and member.file_size > 8 * MAPPED:
                file.seek(member.header_offset + 26)
                lengths = file.read(4)  # of the name and of what stands before the array
                file.seek(sum(struct.unpack("<2H", lengths)), os.SEEK_CUR)
                yield name, _array(file, member.file_size, path)
                continue
            with archive.open(member) as opened:
                yield name, _array(opened, member.file_size)


def _array(file, size, path=None):
    """An array from an open .npy file of some size, if its header says as much as there is."""
    start = file.tell()
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"it is of the unknown version {version}")
    read = getattr(np.lib.format, f"read_array_header_{version[0]}_0")
    shape, fortran, dtype = read(file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    order, count = "F" if fortran else "C", math.prod(shape)
    if dtype.itemsize * count != size - (file.tell() - start) or count < 0:
        raise ValueError(f"it has {size} bytes, which is not {dtype} {shape}")
    if path and count > MAPPED:
        return np.memmap(path, dtype, "r", file.tell(), shape, order)
    return np.frombuffer(file.read(), dtype).reshape(shape, order=order)


def _saved_count(value):
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError(f"it holds {value!r:.40} where a whole number should be")
    return value


def _saved_number(value):
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError(f"it holds {value!r:.40} where a number should be")
    return float(value)


def _saved_array(array, kinds, shape=None):
    """An array of a saved file, if it is of one of these kinds and has this shape."""
    right = array.dtype.kind in kinds if isinstance(kinds, str) else array.dtype == kinds
    if not right or array.shape != (array.shape if shape is None else shape):
        raise ValueError(f"an array is {array.dtype} {array.shape}")
    return array


# Data.


def _sound(path):
    """The arrays of an .npz file by name; the one of an .npy file is called table."""
    with open(path, "rb") as file:
        try:
            if file.read(2) == b"PK":
                return dict(_arrays(file, path))
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            return {"table": _array(file, size, path)}
        except Exception as error:  # from what strangers wrote, anything may come
            raise ValueError(f"{path} is not a sound .npy or .npz file: {error}") from error


def _read(path, target, needs_y=True):
    """X and y of a data file; y is None where it is not needed."""
    if path.endswith(".npz"):
        arrays = _sound(path)
        for name in ("X", "y") if needs_y else ("X",):
            if name not in arrays:
                raise ValueError(f"{path} has no array {name}, but {', '.join(arrays)}")
        return arrays["X"], arrays.get("y")
    names, table = _table(path)
    inputs, targets = _columns(path, names, table.shape[1], target, needs_y)
    if isinstance(table, np.memmap):  # too large to be looked at here
        y = _some(table, targets) if len(targets) > 1 else table[:, targets[0]] if targets else None
        return _some(table, inputs), y
    X = _cells(path, names, table, inputs)
    if not needs_y:
        return X, None
    return X, _cells(path, names, table, targets)


def _table(path):
    """The names of the columns, if there are any, and the cells of a .csv or .npy file."""
    if path.endswith(".npy"):
        table = _sound(path).get("table", np.empty(0))
        if table.ndim != 2 or table.dtype.kind not in "biuf":
            raise ValueError(f"{path} holds {table.dtype} {table.shape}, not a table of numbers")
        return [], table
    rows = _rows_of_text(path)
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise ValueError(f"{path}, row {number}: {len(row)} columns instead of {len(rows[0])}")
    names = rows.pop(0) if rows and all(np.isnan(_number(cell)) for cell in rows[0]) else []
    if not rows:
        raise ValueError(f"{path} holds no samples")
    return names, np.array(rows, dtype=object)


def _rows_of_text(path):
    """The rows of a .csv file, whatever stands between its columns, in UTF-8 or Latin-1."""
    content = Path(path).read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    lines = text.splitlines(keepends=True)[:20]
    between = max(",;\t", key=lambda between: _numeric(csv.reader(lines, delimiter=between)))
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=between, skipinitialspace=True)
    if between == ",":
        return [row for row in rows if row]
    return [[re.sub(DECIMAL_COMMA, r"\1.\2", cell) for cell in row] for row in rows if row]


def _numeric(rows):
    """The share of numbers among cells, and how many cells are in a row, if there are several."""
    rows = [row for row in rows if row]
    cells = [re.sub(DECIMAL_COMMA, r"\1.\2", cell) for row in rows for cell in row]
    if len(cells) <= len(rows):
        return 0.0, 0
    return sum(not np.isnan(_number(cell)) for cell in cells) / len(cells), len(cells)


def _some(table, columns):
    """Some columns of a large table, of which no copy is made."""
    first, last = columns[0], columns[-1]
    if columns == list(range(first, last + 1)):
        return table[:, first : last + 1]
    return _Columns(table, columns)


def _columns(path, names, width, target, needs_y):
    """Which columns, from 0, are inputs and which are targets: those named, or else the last."""
    numbers = {str(c + 1): c for c in range(width)} | {name: c for c, name in enumerate(names)}
    targets = list(range(784, width))
    if target and targets:
        for name in target:
            if name not in numbers:
                raise ValueError(f"{path} has no column {name}, but {', '.join(names or numbers)}")
        targets = [numbers[name] for name in target]
    inputs = [c for c in range(width) if c not in targets]
    wrong = len(targets) != 10 and (needs_y or targets)
    if wrong or len(inputs) != 784:
        expected = "784 inputs and 10 targets"
        raise ValueError(f"{path} has {width} columns, expected {expected}")
    return inputs, targets


def _number(cell):
    try:
        return float(cell if not isinstance(cell, str) or "_" not in cell else "")
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


# The program.


def _data(trainer, path, target):
    """The samples of a file as this trainer takes them."""
    trainer._target = target or trainer._target
    return _read(path, trainer._target)


def _quality(trainer, X, y):
    cost, score = trainer.cost(X, y), trainer.score(X, y)
    return f"cost {cost:.6g}, R2 {score:.4f} on {len(X)} samples"


def _check_writable(path):
    if Path(path).is_dir() or not os.access(Path(path).parent, os.W_OK):
        raise ValueError(f"{path} cannot be written")


def _fit(args):
    """Train, and save the weights; what was interrupted goes on with --resume."""
    path = args.save or args.resume or "weights.npz"
    _check_writable(path)
    with _locked(path):
        for part in Path(path).parent.glob(f"{glob.escape(Path(path).name)}.*.part"):
            part.unlink(missing_ok=True)  # of a run that was killed
        return _train(args, path)


def _train(args, path):
    trainer = Trainer()
    if args.resume:
        if not Path(args.resume).exists():
            raise ValueError(f"{args.resume} does not exist yet, to go on from")
        trainer.load(args.resume)
    if args.abandon:
        trainer.abandon()
    settings = {n: v for n, v in vars(args).items() if n in trainer.get_params() and v is not None}
    X, y = _data(trainer.set_params(**settings), args.data, args.target)
    validation = _data(trainer, args.validation, None) if args.validation else None
    if args.standardize and trainer.mean_ is None:
        if args.resume:
            raise ValueError(f"{args.resume} was trained on inputs that are not standardized")
        trainer.standardize(X)
    epochs = args.epochs
    if trainer._run and epochs:  # then they are those of the whole training
        epochs += trainer._run["from"] - trainer.n_iter_
        if epochs < 1:
            done = args.epochs - epochs
            raise ValueError(f"{args.resume} has {done} epochs already: give more --epochs")

    def stop(number, _):
        trainer._stop = number
        signal.signal(number, signal.SIG_DFL)  # a second one ends the program at once

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    watch = _Watch(trainer, path, *args.checkpoint_every)
    trainer._between, trainer._every = watch.look, watch.steps
    if args.resume and not (trainer._run or args.abandon or epochs):
        print(f"{args.resume} is of a finished training; --epochs trains more", file=sys.stderr)
    else:
        trainer.fit(X, y, epochs=epochs, validation=validation, callback=watch.tell)
        watch.end()
        if trainer.n_iter_ < watch.to and not trainer._run:
            waited = f"no lower cost in {trainer.patience} epochs"
            print(f"epoch {trainer.n_iter_}: {waited}; the best weights are kept", file=sys.stderr)
    where = _save(trainer, path)
    if trainer._run:
        command = ["python", sys.argv[0], "fit", args.data, "--resume", where]
        command += ["--validation", args.validation] if args.validation else []
        epoch, to = trainer.n_iter_ + 1, trainer._run["to"]
        print(f"stopped in epoch {epoch} of {to} and saved to {where}; to go on:")
        print(shlex.join(command))
        return 128 + trainer._stop
    print(f"{_quality(trainer, X, y)}; weights saved to {where}")
    return 0 if where == path else 1


def _save(trainer, path):
    """Save at the end; where that fails, among the temporary files. It gives the place."""
    try:
        trainer.save(path)
    except OSError as error:
        spare = str(Path(tempfile.gettempdir()) / f"{Path(path).name}.{os.getpid()}.npz")
        print(f"{path} cannot be written ({error.strerror}); trying {spare}", file=sys.stderr)
        try:
            trainer.save(spare)
        except OSError as second:
            raise RuntimeError(f"{spare} cannot be written either: {second.strerror}") from second
        return spare
    return path


@contextmanager
def _locked(path):
    """Refuse to write to a file as long as another process does, however that ends."""
    name = Path(f"{path}.lock")
    while True:
        file = name.open("a")
        try:
            _lock(file)
        except OSError as error:
            file.close()
            raise ValueError(f"{path} is being written by another training") from error
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), name.stat()):
                break
        file.close()  # who had it has just removed it
    try:
        yield
    finally:
        with suppress(OSError):
            name.unlink()
        file.close()


def _lock(file):
    if os.name == "posix":
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)


class _Watch:
    """Looks at a training between steps, to show how far it is and to save it now and then."""

    def __init__(self, trainer, path, steps, seconds):
        self.path, self.steps, self.seconds = path, steps, seconds
        self.to = 0
        self.bar, self.failed = sys.stderr.isatty(), False
        self.saved = self.shown = time.monotonic()
        self.began = None  # when, and with how many epochs and steps

    def look(self, trainer, count):
        """After some steps of an epoch of `count` samples."""
        now, done = time.monotonic(), trainer.n_iter_ + trainer._position / count
        self.began = self.began or (now, done, trainer._steps)
        if trainer._steps % self.steps == 0 or now - self.saved >= self.seconds:
            self.save(trainer)
        if now - self.shown >= (0.1 if self.bar else 60):
            self.show(trainer, trainer.n_iter_ + 1, done, trainer._spent / trainer._position)

    def tell(self, trainer, epoch, cost):
        """After an epoch."""
        self.to = to = trainer._run["to"]
        if self.bar or epoch == to or epoch % max(1, to // 10) == 0:
            self.show(trainer, epoch, epoch, cost)

    def show(self, trainer, epoch, done, cost):
        """A bar on a terminal, a line in a log."""
        to, self.shown = trainer._run["to"], time.monotonic()
        line = f"epoch {epoch} of {to}, cost {cost:.6g}"
        if trainer.validation_curve_:
            line += f", in validation {trainer.validation_curve_[-1]:.6g}"
        began, first, steps = self.began or (self.shown, done, trainer._steps)
        if done > first:
            rate = (trainer._steps - steps) / max(self.shown - began, 1e-9)
            left = (self.shown - began) * (to - done) / (done - first)
            line += f", {rate:,.0f} steps/s, {timedelta(seconds=round(left))} left"
        if self.bar:
            line = f"\r[{'#' * int(30 * done / to):30}] {line}   "
        print(line, end="" if self.bar else "\n", file=sys.stderr, flush=True)

    def end(self):
        """Leave the line of the bar."""
        if self.bar:
            print(file=sys.stderr)

    def save(self, trainer):
        """Save; training goes on if that fails, and the old file stays."""
        try:
            trainer.save(self.path)
        except OSError as error:
            if not self.failed:
                self.say(f"{self.path} cannot be written ({error.strerror}); training goes on")
            self.failed = True
        else:
            if self.failed:
                self.say(f"{self.path} is written again")
            self.failed = False
        self.saved = time.monotonic()

    def say(self, text):
        self.end()
        print(text, file=sys.stderr, flush=True)


def _moments(text):
    """How often to save, as steps and seconds: 500 is every 500 steps, 30s every 30 seconds."""
    if text == "never":
        return 2**62, math.inf
    if text.endswith("s"):
        seconds = float(text[:-1])
        if not seconds >= 0:
            raise ValueError
        return 2**62, seconds
    steps = int(text)
    if steps < 1:
        raise ValueError
    return steps, math.inf


def _predict(args):
    """Predict the target of each sample, one a line."""
    trainer = Trainer().load(args.weights)
    target = args.target or trainer._target
    X, _ = _read(args.data, target, needs_y=False)
    if args.output:
        _check_writable(args.output)
        _write(args.output, (lines.encode() for lines in _predictions(trainer, X)))
    else:
        for lines in _predictions(trainer, X):
            print(lines, end="")
    return 0


def _predictions(trainer, X):
    """What is predicted as lines, for some samples at a time."""
    many = max(1, GATHERED // X.shape[-1]) if _is_large(X) else max(1, len(X))
    for first in range(0, max(1, len(X)), many):
        lines = io.StringIO()
        y = trainer.predict(X[first : first + many]).astype(str)
        csv.writer(lines, lineterminator="\n").writerows(y.reshape(len(y), -1))
        yield lines.getvalue()


def _evaluate(args):
    """Print the cost and the score."""
    trainer = Trainer().load(args.weights)
    print(_quality(trainer, *_data(trainer, args.data, args.target)))
    return 0


def _plot(args):
    """Draw the cost of each epoch, as an SVG picture."""
    _check_writable(args.output)
    trainer = Trainer().load(args.weights)
    curves = {"training": trainer.loss_curve_, "validation": trainer.validation_curve_}
    if not trainer.n_iter_:
        raise ValueError(f"{args.weights} has no whole epoch yet")
    _write(args.output, [_picture({name: c for name, c in curves.items() if c}).encode()])
    return 0


STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #333 }
  .title { font-size: 16px; font-weight: 600 }
  .grid { stroke: #e2e2e2 }
  .training { stroke: #1f6fb4; fill: #1f6fb4 }
  .validation { stroke: #c4511d; fill: #c4511d }
  polyline { fill: none !important; stroke-width: 2; stroke-linejoin: round }
  text.training, text.validation { stroke: none }
  .paper { fill: #fff }
  @media (prefers-color-scheme: dark) {
    text { fill: #ddd } .grid { stroke: #3a3d42 } .paper { fill: #1b1d20 }
    .training { stroke: #6db3f2; fill: #6db3f2 } .validation { stroke: #f2946d; fill: #f2946d }
  }
"""


def _picture(curves):
    """The curves by name as SVG; the cost on a logarithmic scale if it falls far."""
    left, right, top, bottom = 80, 620, 50, 350
    epochs = max(map(len, curves.values()))
    values = [cost for curve in curves.values() for cost in curve if math.isfinite(cost)]
    low, high = min(values, default=0.0), max(values, default=1.0)
    logarithmic = low > 0 and high / low > 30
    ticks = _powers(low, high) if logarithmic else _round_numbers(min(low, 0.9 * low), high)
    scale = math.log if logarithmic else float
    first, last = scale(ticks[0]), scale(ticks[-1])

    def across(epoch):
        return left + (right - left) * (epoch - 1) / max(epochs - 1, 1)

    def up(cost):
        return bottom - (bottom - top) * (scale(cost) - first) / (last - first)

    parts = [f'<text class="title" x="{left}" y="28">{escape(NETWORK[:60])}</text>']
    for tick in ticks:
        y = up(tick)
        parts.append(f'<line class="grid" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for tick in _round_numbers(1, max(epochs, 2)):
        if 1 <= tick <= epochs and tick == int(tick):
            x = f'x="{across(tick):.1f}" y="{bottom + 20}" text-anchor="middle"'
            parts.append(f"<text {x}>{tick:g}</text>")
    parts.append(f'<text x="{left}" y="{bottom + 42}">epoch</text>')
    parts.append(f'<text x="{left - 8}" y="{top - 12}" text-anchor="end">cost</text>')
    ends = []
    for name, curve in curves.items():
        offset = epochs - len(curve)  # what was measured later ends with the others
        chosen = np.unique(np.linspace(0, len(curve) - 1, 1000).astype(int)).tolist()
        points = [(across(1 + offset + k), curve[k]) for k in chosen if math.isfinite(curve[k])]
        line = " ".join(f"{x:.1f},{up(cost):.1f}" for x, cost in points)
        parts.append(f'<polyline class="{name}" points="{line}"/>')
        if len(points) == 1:
            place = f'cx="{points[0][0]:.1f}" cy="{up(points[0][1]):.1f}"'
            parts.append(f'<circle class="{name}" {place} r="3"/>')
        if points:
            ends.append((up(points[-1][1]), name, points[-1][1]))
    below = -math.inf
    for y, name, cost in sorted(ends):
        below = max(y, below + 17)  # names stand apart
        place = f'class="{name}" x="{right + 8}" y="{below + 4:.1f}"'
        parts.append(f"<text {place}>{name} {cost:.3g}</text>")
    inner = "\n".join(parts)
    size = 'width="760" height="410" viewBox="0 0 760 410"'
    paper = '<rect class="paper" width="760" height="410"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n<style>{STYLE}</style>\n{paper}'
    return f"{head}\n{inner}\n</svg>\n"


def _round_numbers(low, high):
    """Four to nine round numbers at equal distances, around the two."""
    rough = (high - low or abs(high) or 1) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * n for n in (1, 2, 5, 10) if power * n >= rough)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [float(f"{k * step:.12g}") for k in range(first, max(last, first + 1) + 1)]


def _powers(low, high):
    """Powers of ten around the two, and what is between them if these are few."""
    first, last = math.floor(math.log10(low)), min(math.ceil(math.log10(high)), 308)
    between = (1, 2, 5) if last - first <= 2 else (1,)
    powers = [*range(first, last, max(1, (last - first) // 8)), last]
    ticks = [n * 10.0**k for k in powers for n in between]
    inside = [tick for tick in ticks if low < tick < high]
    below = max((tick for tick in ticks if tick <= low), default=low)
    return [below, *inside, min((tick for tick in ticks if tick >= high), default=high)]


def _check(_):
    """Compare the gradients with complex steps of the cost."""
    random, m, errors = np.random.default_rng(0), 5, []
    for _ in range(20):  # draw again while some gradient is 0 throughout: that would check nothing
        arrays = [random.normal(0, np.sqrt(v) or 0.5, s) for s, v in PARAMETERS.values()]
        a1, y = random.normal(size=(m, 784)), random.random((m, 10))
        gradients = _of_long(arrays, a1, y)
        if all(gradient.any() for gradient in gradients):
            break
    else:
        print("in every draw some gradients were 0 throughout; of these the check says nothing")
    arrays = [array.astype(complex) for array in arrays]
    for name, array, gradient in zip(PARAMETERS, arrays, gradients, strict=True):
        entries = random.permutation(array.size)[:200]
        slopes = np.array([_slope(arrays, array.reshape(-1), k, a1, y) for k in entries])
        error = abs(gradient.reshape(-1)[entries] - slopes).max() / (abs(slopes).max() or 1)
        print(f"{name}: relative error {error:.1e} in {len(entries)} of {array.size} entries")
        errors.append(error)
    worst = np.max(errors)
    good = worst < 1e-9
    print(f"gradient check: largest relative error {worst:.1e}, {'ok' if good else 'WRONG'}")
    return 0 if good else 1


def _of_long(arrays, a1, y):
    """The gradients by each array, as a step computes them."""
    theta = np.empty(sum(map(np.size, arrays)))
    for name, array in zip(PARAMETERS, arrays, strict=True):
        _views(theta)[name][...] = array
    x = np.hstack([a1, np.ones((len(a1), 1))])
    flat = _gradients(theta, x, x.T, np.ascontiguousarray(y.T))
    views = _views(flat)
    return [views[name] for name in PARAMETERS]


def _slope(arrays, values, k, a1, y):
    """The derivative of the cost by values[k], as Im C(w + ih) / h: right to the last digits."""
    values[k] += 1e-30j
    slope = _cost(*arrays, a1, y, len(a1)).imag / 1e-30
    values[k] = values[k].real
    return slope


def _parser():
    parser = argparse.ArgumentParser(
        description=f"Train the network {NETWORK} and use it.",
        epilog="""DATA is a .csv or .npy table, or .npz with arrays X and y. Columns of .csv stand
between commas, or semicolons (then 1,5 is a number), or tabs; a first row without numbers has
their names. Large .npy and .npz files are not loaded, but read as they are needed. In a table,
the targets are the last 10 columns,
or what --target names, by name or number; repeat it for several columns.

examples:
  %(prog)s fit data.csv --epochs 50 --standardize
  %(prog)s fit data.csv --validation-fraction 0.1 --patience 5 --save best.npz
  %(prog)s fit data.csv --resume weights.npz              (what was interrupted goes on)
  %(prog)s fit data.csv --resume weights.npz --epochs 20  (what is finished trains more)
  %(prog)s evaluate test.csv
  %(prog)s predict new.csv -o predictions.csv
  %(prog)s plot weights.npz -o loss.svg

While it trains, fit saves every minute (--checkpoint-every), and at Ctrl-C. Exit codes: 0 done,
2 wrong use or bad data, 130 and 143 stopped by a signal, 1 any other failure.
""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    data = argparse.ArgumentParser(add_help=False)
    data.add_argument("data", metavar="DATA", help="file of samples")
    data.add_argument("--target", action="append", metavar="COLUMN", help="name or number")
    saved = argparse.ArgumentParser(add_help=False, parents=[data])
    saved.add_argument("--weights", default="weights.npz", help="what fit saved (%(default)s)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    with_data = ((_fit, [data]), (_predict, [saved]), (_evaluate, [saved]))
    for run, parents in (*with_data, (_check, []), (_plot, [])):
        name, text = run.__name__[1:], run.__doc__
        command = commands.add_parser(name, help=text, description=text, parents=parents)
        command.set_defaults(run=run)
    fit, predict, plot = (commands.choices[name] for name in ("fit", "predict", "plot"))
    plot.add_argument("weights", nargs="?", default="weights.npz", help="file (%(default)s)")
    plot.add_argument("-o", "--output", default="loss.svg", metavar="SVG", help="(%(default)s)")
    fit.add_argument("--save", metavar="FILE", help="where to (that of --resume, or weights.npz)")
    fit.add_argument("--resume", metavar="FILE", help="go on from what fit saved, finished or not")
    fit.add_argument(
        "--abandon", action="store_true", help="with --resume: begin another training from there"
    )
    fit.add_argument(
        "--checkpoint-every",
        type=_moments,
        default="60s",
        metavar="WHEN",
        help="save while training: 500 for every 500 steps, 30s for seconds, never (%(default)s)",
    )
    fit.add_argument(
        "--standardize", action="store_true", help="give each input mean 0 and deviation 1"
    )
    fit.add_argument("--validation", metavar="DATA", help="samples to measure the cost on")
    fit.add_argument(
        "--shuffle",
        action=argparse.BooleanOptionalAction,
        help="take the samples in another order in each epoch, or not",
    )
    for name, kind, numbers, metavar, meaning in (
        ("epochs", int, None, "N", "passes over the data"),
        ("learning-rate", float, None, "R", "rate of the gradient step"),
        ("batch-size", int, None, "N", "samples in one step"),
        ("validation-fraction", float, None, "R", "share put aside to measure the cost on"),
        ("patience", int, None, "N", "end after so many epochs without a lower cost"),
        ("workers", int, None, "N", "threads that share a batch"),
        ("random-state", int, None, "N", "seed of all that is drawn"),
    ):
        fit.add_argument(f"--{name}", type=kind, nargs=numbers, metavar=metavar, help=meaning)
    predict.add_argument("-o", "--output", metavar="CSV", help="file to write; else print")
    return parser


def main(arguments=None):
    """Run a command line. 0: done, 2: wrong use or bad data, 1: any other failure."""
    parser = _parser()
    args = parser.parse_args(arguments)
    try:
        return args.run(args)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except MemoryError:
        print(f"{parser.prog}: there is not enough memory", file=sys.stderr)
        return 1
    except BrokenPipeError:  # as in `predict data.csv | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ArithmeticError, RuntimeError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    except (OSError, TypeError, ValueError, csv.Error) as error:
        said = f"{error.filename}: {error.strerror}" if getattr(error, "filename", None) else error
        print(f"{parser.prog}: {said}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
