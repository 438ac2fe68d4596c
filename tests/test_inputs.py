"""What strangers give a trainer: it is taken as the array that it is, or refused in words.

A law for each table: what says the same numbers gives the same results, bit for bit, and is left as
it was; all else is a ValueError or a TypeError that says what is wrong and where, before anything
has changed, and never a warning.
"""

import collections
import contextlib
import datetime
import decimal
import fractions
import functools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from symnet import Network, generate

Given = Callable[[Any], Any]


@functools.cache
def made(network: str, cost: str | None = None, **options: Any) -> Any:
    """The class Trainer of the file that is generated."""
    space: dict[str, Any] = {"__name__": "generated"}
    exec(generate(Network(network, cost=cost), **options), space)
    return space["Trainer"]


class Net:
    """A network of three inputs, its samples, and methods that take them."""

    def __init__(self, network: str, cost: str | None = None, **options: Any) -> None:
        self.name = " ".join([network, cost or "", *map(str, options.values())])
        self.made = functools.partial(made, network, cost, **options)
        self.outputs = 3 if network.endswith(("k:softmax", "3:softmax", "k:identity")) else 1
        self.outputs = 2 if network.endswith("-2") else self.outputs
        self.classifies = Network(network, cost=cost).cost.classifies
        self.open = network.startswith("n")
        self.X = np.random.default_rng(0).integers(0, 2, size=(8, 3)).astype(float)
        self.X[:2] = [[0, 0, 0], [1, 1, 1]]
        if self.classifies:
            self.y = np.arange(8) % max(2, self.outputs)
        else:
            self.y = np.random.default_rng(1).integers(0, 2, size=(8, self.outputs)).astype(float)

    def trainer(self, fitted: bool = False, **settings: Any) -> Any:
        trainer = self.made()(**{"random_state": 1, "epochs": 2, "batch_size": 3, **settings})
        return trainer.fit(self.X, self.y) if fitted else trainer

    @property
    def predictions(self) -> list[str]:
        names = ("predict", "predict_proba", "decision_function")
        return [name for name in names if hasattr(self.made(), name)]


NETS = [
    Net("3-4:tanh-2", "quadratic", style="array"),
    Net("3-4:tanh-2", "quadratic", style="scalar"),
    Net("3-4:tanh-1", "quadratic", style="array", dtype="float32"),
    Net("3-4:tanh-3:softmax", style="array", optimizer="adam"),
    Net("3-4:tanh-1", "cross_entropy", style="scalar"),
    Net("3-4:tanh-1:identity", "hinge", style="array"),
    Net("n-4:tanh-k:softmax"),
    Net("n-h:tanh-k:identity"),
]
every_net = pytest.mark.parametrize("net", NETS, ids=lambda net: net.name)
CLASSIFIERS = [net for net in NETS if net.classifies]
REGRESSORS = [net for net in NETS if not net.classifies]
every_classifier = pytest.mark.parametrize("net", CLASSIFIERS, ids=lambda net: net.name)
every_regressor = pytest.mark.parametrize("net", REGRESSORS, ids=lambda net: net.name)

# What takes samples and their targets.
METHODS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "fit": lambda trainer, X, y: trainer.fit(X, y),
    "partial_fit": lambda trainer, X, y: trainer.partial_fit(X, y),
    "prepare": lambda trainer, X, y: trainer.prepare(X, y),
    "step": lambda trainer, X, y: trainer.step(X, y),
    "cost": lambda trainer, X, y: trainer.cost(X, y),
    "gradients": lambda trainer, X, y: trainer.gradients(X, y),
    "score": lambda trainer, X, y: trainer.score(X, y),
}


def memory(trainer: Any) -> dict[str, str]:
    """All that a trainer holds."""
    cached = ("_random", "_sized")
    state = {name: repr(value) for name, value in vars(trainer).items() if name not in cached}
    state.setdefault("_steps", "0")
    if "_random" in vars(trainer):
        state["random"] = repr(trainer._random.bit_generator.state)
        state["weights"] = repr({name: array.tolist() for name, array in trainer.weights.items()})
    return state


def refuse(net: Net, X: Any, y: Any, message: str) -> None:
    """No method takes these, neither of a new trainer nor of a trained one."""
    for fitted in (False, True):
        trainer = net.trainer(fitted)
        before = memory(trainer)
        for name, method in METHODS.items():
            if name == "score" and net.open and not fitted:
                continue  # it would begin no training
            # without y, a step takes a batch
            alone = name == "step" and y is None
            said = "step takes X and Y, or alone a batch" if alone else message
            with pytest.raises((ValueError, TypeError), match=said):
                method(trainer, X, y)
            assert memory(trainer) == before, name


# --- X -------------------------------------------------------------------------------------------


class Text:
    """What calls itself an array, and is one."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(self.values)


class Lying(Text):
    """It has the attributes of another array."""

    shape, ndim, dtype = (1, 1), 7, "nonsense"

    def __len__(self) -> int:
        return -1


class Subclass(np.ndarray):
    """An array with an arithmetic of its own."""

    def __array_finalize__(self, _: Any) -> None:
        pass

    def astype(self, *_: Any, **__: Any) -> Any:
        raise AssertionError

    def __getitem__(self, _: Any) -> Any:
        raise AssertionError


def read_only(X: Any) -> Any:
    X = X.copy()
    X.flags.writeable = False
    return X


def strided(X: Any) -> Any:
    wide = np.full((2 * len(X), 3 * X.shape[1]), np.nan)
    wide[::2, ::3] = X
    return wide[::2, ::3]


SAME: dict[str, Given] = {
    "a list of lists": lambda X: X.tolist(),
    "a list of tuples": lambda X: list(map(tuple, X.tolist())),
    "a tuple of arrays": tuple,
    "Fortran's order": np.asfortranarray,
    "a view with gaps": strided,
    "a view backwards": lambda X: X[::-1, ::-1].copy()[::-1, ::-1],
    "a transposed view": lambda X: X.T.copy().T,
    "read-only": read_only,
    "big-endian": lambda X: X.astype(">f8"),
    "np.matrix": lambda X: X.view(np.matrix),  # its constructor warns
    "objects": lambda X: X.astype(object),
    "mixed objects": lambda X: [[int(x), *(x > 0 for x in rest)] for x, *rest in X.tolist()],
    "decimals": lambda X: [[decimal.Decimal(int(x)) for x in row] for row in X],
    "fractions": lambda X: [[fractions.Fraction(int(x)) for x in row] for row in X],
    "NumPy's numbers": lambda X: np.array([[np.float32(x) for x in row] for row in X], object),
    "NumPy's truth": lambda X: np.array([[np.bool_(x) for x in row] for row in X], object),
    "masked, but nothing is": lambda X: np.ma.MaskedArray(X),
    "a mask of nothing": lambda X: np.ma.MaskedArray(X, np.zeros(X.shape, bool)),
    "__array__": Text,
    "__array__ beside lies": Lying,
    "a subclass": lambda X: X.copy().view(Subclass),
    **{
        kind: functools.partial(lambda X, kind: X.astype(kind), kind=kind)
        for kind in ("bool", "int8", "uint8", "int64", "uint64", "float16", "float32", "longdouble")
    },
}  # fmt: skip


@every_net
@pytest.mark.parametrize("way", SAME)
def test_the_same_numbers_give_the_same_results(net: Net, way: str) -> None:
    given, plain = SAME[way](net.X), net.trainer()
    before = given.tobytes() if type(given) is np.ndarray else None
    trainer = net.trainer().fit(given, net.y)
    plain.fit(net.X, net.y)
    for name in net.predictions:
        np.testing.assert_array_equal(getattr(trainer, name)(given), getattr(plain, name)(net.X))
    assert trainer.cost(given, net.y) == plain.cost(net.X, net.y)
    assert trainer.score(given, net.y) == plain.score(net.X, net.y)
    for name, array in plain.gradients(net.X, net.y).items():
        np.testing.assert_array_equal(trainer.gradients(given, net.y)[name], array)
    for made in (trainer, plain):
        X = given if made is trainer else net.X
        made.step(X, net.y)
        made.step(made.prepare(X, net.y))
        made.partial_fit(X, net.y)
    for name, array in plain.weights.items():
        np.testing.assert_array_equal(trainer.weights[name], array)
    assert before is None or given.tobytes() == before


def with_entry(entry: Any, kind: Any = None) -> Given:
    """X with another number in row 4, column 1."""

    def change(X: Any) -> Any:
        X = X.astype(kind or X.dtype)
        X[4, 1] = entry
        return X

    return change


class Raising:
    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise RuntimeError("no array today")


class NoArray:
    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return "text"


Point = np.dtype([("a", float), ("b", float)])

BAD_X: dict[str, tuple[Given, str]] = {
    "None": (lambda X: None, "Trainer requires X to be passed, but X is None"),
    "one sample": (lambda X: X[0], r"X must have the shape \(samples, .*\), not \(3,\)"),
    "a cube": (lambda X: X[None], r"X must have the shape .*, not \(1, 8, 3\)"),
    "a number": (lambda X: 3.0, r"X must have the shape .*, not \(\)"),
    "no samples": (lambda X: X[:0], r"X has 0 sample\(s\) and 3 feature\(s\)"),
    "no inputs": (lambda X: X[:, :0], r"X has 8 sample\(s\) and 0 feature\(s\)"),
    "an empty list": (lambda X: [], r"X must have the shape .*, not \(0,\)"),
    "too few": (lambda X: X[:-1], "X has 7 samples, but y has 8"),
    "NaN": (with_entry(np.nan), r"X\[4, 1\] is NaN, not a finite float(64|32)$"),
    "infinity": (with_entry(np.inf), r"X\[4, 1\] is inf, not a finite"),
    "-infinity": (with_entry(-np.inf), r"X\[4, 1\] is -inf, not a finite"),
    "a huge longdouble": (
        with_entry(np.longdouble("1e4000"), np.longdouble), r"X\[4, 1\] is 1e\+4000, too large for"
    ),
    "a huge integer": (with_entry(10**400, object), r"X\[4, 1\] is 1000.*\.\.\., too large"),
    "NaN of half": (with_entry(np.nan, np.float16), r"X\[4, 1\] is NaN"),
    "NaN among objects": (with_entry(np.nan, object), r"X\[4, 1\] is NaN"),
    "None among objects": (with_entry(None, object), r"X\[4, 1\] is None: an argument must be"),
    "None in a list": (lambda X: with_entry(None, object)(X).tolist(), r"X\[4, 1\] is None: an"),
    "text in a list": (lambda X: with_entry("1", object)(X).tolist(), r"X\[4, 1\] is '1': an"),
    "long text": (with_entry("long " * 50, object), r"X\[4, 1\] is 'long long .*\.\.\.: an"),
    "a list inside": (lambda X: with_entry([1], object)(X).tolist(), "X cannot be made an array"),
    "a dict inside": (with_entry({}, object), r"X\[4, 1\] is \{\}: an argument must be"),
    "a complex object": (with_entry(1j, object), r"Complex data not supported: X\[4, 1\] is 1j"),
    "signaling NaN": (with_entry(decimal.Decimal("sNaN"), object), r"X\[4, 1\] is Decimal"),
    "complex": (lambda X: X.astype(complex), "Complex data not supported: X .*, not complex128"),
    "text": (lambda X: X.astype(str), "X must hold real numbers, not str$"),
    "bytes": (lambda X: X.astype("S"), "X must hold real numbers, not bytes$"),
    "one text": (lambda X: "1 2 3", "X must be an array, no str|must have the shape|one of str"),
    "dates": (lambda X: X.astype(int).astype("datetime64[D]"), "real numbers, not datetime64"),
    "times": (lambda X: X.astype(int).astype("timedelta64[s]"), "real numbers, not timedelta64"),
    "a date": (with_entry(datetime.date(2020, 1, 1), object), r"X\[4, 1\] is datetime\.date"),
    "records": (lambda X: np.zeros((8, 3), Point), "X must hold real numbers, not void"),
    "ragged": (lambda X: [[1, 2, 3], [1, 2]], "X cannot be made an array: .*inhomogeneous"),
    "a generator": (lambda X: (row for row in X), "X must be an array, no generator"),
    "a dict": (lambda X: {"a": [1]}, "X must be an array, no dict"),
    "a set": (lambda X: {1, 2}, "X must be an array, no set"),
    "an object": (lambda X: object(), "X must be an array, no object"),
    "a masked entry": (
        lambda X: np.ma.MaskedArray(X, X * 0 + (np.arange(24).reshape(8, 3) == 13)),
        r"X\[4, 1\] is masked; fill in",
    ),
    "a sparse matrix": (scipy.sparse.csr_matrix, r"X is sparse; .*X\.toarray\(\)"),
    "a sparse array": (scipy.sparse.coo_array, "X is sparse"),
    "__array__ that fails": (lambda X: Raising(), "X cannot be made an array: no array today"),
    "__array__ of no array": (lambda X: NoArray(), "X cannot be made an array"),
}  # fmt: skip


@every_net
@pytest.mark.parametrize("way", BAD_X)
def test_what_is_no_table_of_numbers_is_refused(net: Net, way: str) -> None:
    change, message = BAD_X[way]
    refuse(net, change(net.X), net.y, message)
    trainer = net.trainer(fitted=True)
    before = memory(trainer)
    if way != "too few":
        for name in net.predictions:
            with pytest.raises((ValueError, TypeError), match=message):
                getattr(trainer, name)(change(net.X))
    assert memory(trainer) == before


@every_net
def test_another_width_is_refused_where_one_is_known(net: Net) -> None:
    message = "X has 2 features, but Trainer is expecting 3 features as input"
    trainer = net.trainer(fitted=True)
    before = memory(trainer)
    for name, method in METHODS.items():
        if name == "fit" and net.open:
            continue
        with pytest.raises(ValueError, match=message):
            method(trainer, net.X[:, :2], net.y)
    for name in net.predictions:
        with pytest.raises(ValueError, match=message):
            getattr(trainer, name)(net.X[:, :2])
    assert memory(trainer) == before


@every_net
def test_what_is_no_array_in_truth_takes_no_time(net: Net) -> None:
    """Of 10^12 rows there is one in memory: they are counted, not copied."""
    huge = np.broadcast_to(net.X[:1], (10**12, 3))
    refuse(net, huge, net.y, "X has 1000000000000 samples, but y has 8")
    refuse(net, net.X, np.broadcast_to(net.y[:1], (10**12, *net.y.shape[1:])), "X has 8 samples")
    with pytest.raises(MemoryError, match=r"1000000000000"):
        net.trainer(fitted=True).predict(huge)


def test_one_sample_is_enough() -> None:
    for net in NETS:
        many = 1 if not net.classifies or net.open else max(2, net.outputs)
        trainer = net.trainer(batch_size=5).fit(net.X[:many], net.y[:many])
        assert len(trainer.predict(net.X[:1])) == 1


# --- y -------------------------------------------------------------------------------------------

SAME_LABELS: dict[str, Given] = {
    "a list": lambda y: y.tolist(),
    "a tuple": lambda y: tuple(y.tolist()),
    "floats": lambda y: y.astype(float),
    "half": lambda y: y.astype(np.float16),
    "bytes of integers": lambda y: y.astype(np.uint8),
    "objects": lambda y: y.astype(object),
    "NumPy's objects": lambda y: np.array([np.int32(c) for c in y], object),
    "__array__": Text,
    "__array__ beside lies": Lying,
    "read-only": read_only,
    "backwards": lambda y: y[::-1].copy()[::-1],
    "masked, but nothing is": np.ma.MaskedArray,
}


@every_classifier
@pytest.mark.parametrize("way", SAME_LABELS)
def test_the_same_labels_give_the_same_results(net: Net, way: str) -> None:
    given = SAME_LABELS[way](net.y)
    trainer, plain = net.trainer().fit(net.X, given), net.trainer(fitted=True)
    assert trainer.classes_.tolist() == plain.classes_.tolist()
    assert trainer.score(net.X, given) == plain.score(net.X, net.y)
    for name, array in plain.weights.items():
        np.testing.assert_array_equal(trainer.weights[name], array)


@every_classifier
@pytest.mark.parametrize(
    "text",
    [
        lambda names: names,
        lambda names: names.tolist(),
        lambda names: names.astype(object),
        lambda names: np.array([np.str_(name) for name in names], object),
        lambda names: [collections.UserString(name).data for name in names],
    ],
)
def test_text_is_a_label(net: Net, text: Given) -> None:
    names = np.array(["ant", "bee", "cöw"])[net.y]
    trainer = net.trainer().fit(net.X, text(names))
    assert trainer.classes_.tolist() == np.unique(names).tolist()
    assert set(trainer.predict(net.X)) <= set(names)
    assert trainer.score(net.X, text(names)) == np.mean(trainer.predict(net.X) == names)


def labels_with(entry: Any, kind: Any = object) -> Given:
    def change(y: Any) -> Any:
        y = y.astype(kind)
        y[3] = entry
        return y

    return change


BAD_LABELS: dict[str, tuple[Given, str]] = {
    "None": (lambda y: None, "Trainer requires y to be passed, but the target y is None"),
    "none of them": (lambda y: y[:0], r"y must hold labels over \(samples,\) or numbers"),
    "one": (lambda y: 1, r"y must hold labels .*, not \(\)"),
    "a cube": (lambda y: y[:, None, None], "y must hold labels"),
    "too few": (lambda y: y[:-1], "X has 8 samples, but y has 7"),
    "None among them": (labels_with(None), r"all numbers or all text, but y\[3\] is None"),
    "text among numbers": (labels_with("1"), r"but y\[3\] is '1' and y\[0\] is 0"),
    "text in a list": (lambda y: labels_with("1")(y).tolist(), r"but y\[3\] is '1' and y\[0\]"),
    "bytes among them": (labels_with(b"1"), r"all numbers or all text, but y\[3\] is b'1'"),
    "a list among them": (labels_with([]), r"all numbers or all text, but y\[3\] is \[\]"),
    "NaN": (labels_with(np.nan, float), r"y\[3\] is NaN; y holds labels that are not finite"),
    "NaN among text": (
        lambda y: [np.nan if i == 3 else str(c) for i, c in enumerate(y)],
        r"but y\[3\] is nan and y\[0\] is '0'",
    ),
    "infinity": (labels_with(np.inf, float), r"y\[3\] is inf"),
    "halves": (labels_with(0.5, float), "Unknown label type: continuous; 0.5 is no label"),
    "complex": (lambda y: y.astype(complex), "all numbers or all text, not complex128"),
    "bytes": (lambda y: y.astype("S"), "all numbers or all text, not bytes"),
    "dates": (lambda y: y.astype("datetime64[D]"), "all numbers or all text, not datetime64"),
    "records": (lambda y: np.zeros(8, Point), "all numbers or all text, not void"),
    "a masked one": (lambda y: np.ma.MaskedArray(y, np.arange(8) == 3), r"y\[3\] is masked"),
    "sparse": (lambda y: scipy.sparse.csr_matrix(np.eye(8, 3)), "y is sparse"),
    "a generator": (lambda y: iter(y), "y must be an array, no iterator|no .*iterator"),
    "a dict": (lambda y: {}, "y must be an array, no dict"),
    "ragged": (lambda y: [[1], [1, 2]], "y cannot be made an array"),
    "__array__ that fails": (lambda y: Raising(), "y cannot be made an array: no array today"),
}


@every_classifier
@pytest.mark.parametrize("way", BAD_LABELS)
def test_what_is_no_label_is_refused(net: Net, way: str) -> None:
    change, message = BAD_LABELS[way]
    refuse(net, net.X, change(net.y), message)


@every_classifier
def test_a_label_that_is_not_known_is_refused(net: Net) -> None:
    trainer = net.trainer(fitted=True)
    before = memory(trainer)
    for name, method in METHODS.items():
        if name != "fit":
            for label, said in ((9, "9"), ("a", "'a'")):
                with pytest.raises(ValueError, match=f"unknown label {said}; known are \\[0, 1"):
                    method(trainer, net.X, np.full(8, label))
    assert memory(trainer) == before


SAME_NUMBERS: dict[str, Given] = {**SAME, "rows": lambda y: y.tolist()}


@every_regressor
@pytest.mark.parametrize("way", SAME_NUMBERS)
def test_the_same_targets_give_the_same_results(net: Net, way: str) -> None:
    given = SAME_NUMBERS[way](net.y)
    trainer, plain = net.trainer().fit(net.X, given), net.trainer(fitted=True)
    assert trainer.score(net.X, given) == plain.score(net.X, net.y)
    for name, array in plain.weights.items():
        np.testing.assert_array_equal(trainer.weights[name], array)


def target_with(entry: Any, kind: Any = None) -> Given:
    def change(y: Any) -> Any:
        y = y.astype(kind or y.dtype)
        y[3, 0] = entry
        return y

    return change


BAD_TARGETS: dict[str, tuple[Given, str]] = {
    "None": (lambda y: None, "Trainer requires y to be passed, but the target y is None"),
    "none of them": (lambda y: y[:0], "y must have the shape"),
    "one": (lambda y: 1.0, r"y must have the shape \(samples, \w+\), not \(\)"),
    "a cube": (lambda y: y[:, None], "y must have the shape"),
    "too few": (lambda y: y[:-1], "X has 8 samples, but y has 7"),
    "NaN": (target_with(np.nan), r"y\[3, 0\] is NaN, not a finite"),
    "infinity": (target_with(-np.inf), r"y\[3, 0\] is -inf, not a finite"),
    "None among them": (target_with(None, object), r"y\[3, 0\] is None: an argument must be"),
    "text": (lambda y: y.astype(str), "y must hold real numbers, not str"),
    "complex": (lambda y: y.astype(complex), "Complex data not supported: y must hold"),
    "a masked one": (lambda y: np.ma.masked_equal(y, 1), r"y\[\d, \d\] is masked"),
    "sparse": (scipy.sparse.csr_matrix, "y is sparse"),
    "a generator": (lambda y: (row for row in y), "y must be an array, no generator"),
    "ragged": (lambda y: [[1], [1, 2]], "y cannot be made an array"),
    "__array__ that fails": (lambda y: Raising(), "y cannot be made an array: no array today"),
}


@every_regressor
@pytest.mark.parametrize("way", BAD_TARGETS)
def test_what_is_no_target_is_refused(net: Net, way: str) -> None:
    change, message = BAD_TARGETS[way]
    refuse(net, net.X, change(net.y), message)


@every_net
@pytest.mark.parametrize(
    ("held", "message"),
    [
        (3, "validation must be X and y of some samples, not 3"),
        ((1, 2, 3), r"validation must be X and y of some samples, not \(1, 2, 3\)"),
        (([[1, 2, np.nan]], [0]), r"in validation, X\[0, 2\] is NaN"),
        (([[1, 2]], [0]), "in validation, X has 2 features, but Trainer is expecting 3"),
        (([[1, 2, 3]], [0, 0]), "in validation, X has 1 samples, but y has 2"),
        (([[1, 2, 3]], None), "in validation, Trainer requires y"),
    ],
)
def test_bad_samples_for_validation_change_nothing(net: Net, held: Any, message: str) -> None:
    for fitted in (False, True):
        trainer = net.trainer(fitted)
        before = memory(trainer)
        with pytest.raises((ValueError, TypeError), match=message):
            trainer.fit(net.X, net.y, validation=held)
        assert memory(trainer) == before


# --- weights -------------------------------------------------------------------------------------


@every_net
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: None, "Trainer requires w2 to be passed, but w2 is None"),
        (lambda w: w[0], "w2 must have the shape"),
        (lambda w: w[:, :0], "w2 must have the shape"),
        (lambda w: w.T[None], "w2 must have the shape"),
        (lambda w: 3.0, "w2 must have the shape"),
        (lambda w: w * np.nan, r"w2\[0, 0\] is NaN"),
        (lambda w: w.astype(complex), "Complex data not supported: w2"),
        (lambda w: w.astype(str), "w2 must hold real numbers, not str"),
        (lambda w: (row for row in w), "w2 must (be an array, no generator|have the shape)"),
        (lambda w: [[1], [1, 2]], "w2 cannot be made an array"),
        (lambda w: Raising(), "w2 cannot be made an array: no array today"),
    ],
)
def test_bad_weights_change_nothing(net: Net, change: Given, message: str) -> None:
    trainer = net.trainer(fitted=True)
    before = memory(trainer)
    with pytest.raises((ValueError, TypeError), match=message):
        trainer.set_weights({**trainer.weights, "w2": change(trainer.weights["w2"])})
    assert memory(trainer) == before


@every_net
@pytest.mark.parametrize("weights", [None, 3, [1, 2], "w2", {}, {"w2": 1}])
def test_weights_are_a_dict_of_all_parameters(net: Net, weights: Any) -> None:
    trainer = net.trainer(fitted=True)
    before = memory(trainer)
    with pytest.raises((ValueError, TypeError), match="expected w2, b2, w3, b3"):
        trainer.set_weights(weights)
    assert memory(trainer) == before


# --- settings ------------------------------------------------------------------------------------

BAD_SETTINGS: list[tuple[dict[str, Any], str]] = [
    ({"epochs": True}, "epochs must be a whole number from 1 up, not True"),
    ({"epochs": 2.0}, r"epochs must be a whole number from 1 up, not 2\.0"),
    ({"batch_size": True}, "batch_size must be a whole number from 1 up, not True"),
    ({"batch_size": None}, "batch_size must be a whole number from 1 up, not None"),
    ({"batch_size": np.array([3])}, "batch_size must be a whole number from 1 up, not array"),
    ({"batch_size": np.float64(3)}, "batch_size must be a whole number from 1 up, not"),
    ({"learning_rate": "0.1"}, "learning_rate must be a number from 0 up, not '0.1'"),
    ({"learning_rate": True}, "learning_rate must be a number from 0 up, not True"),
    ({"learning_rate": 1j}, "learning_rate must be a number from 0 up, not 1j"),
    ({"learning_rate": [0.1]}, r"learning_rate must be a number from 0 up, not \[0.1\]"),
    ({"workers": 0}, "workers must be a whole number from 1 up, not 0"),
    ({"patience": -1}, "patience must be a whole number from 1 up, not -1"),
    ({"patience": 0.5}, r"patience must be a whole number from 1 up, not 0\.5"),
    ({"validation_fraction": 1}, "validation_fraction must be a number from 0 up and less than 1"),
    ({"validation_fraction": "some"}, "validation_fraction must be a number from 0 up"),
    ({"shuffle": "no"}, "shuffle must be True or False, not 'no'"),
    ({"shuffle": None}, "shuffle must be True or False, not None"),
    ({"random_state": -1}, "random_state must be None or a whole number from 0 up, not -1"),
    ({"random_state": "seed"}, "random_state must be None or a whole number from 0 up, not 'seed'"),
    ({"random_state": 0.5}, r"random_state must be None or a whole number from 0 up, not 0\.5"),
]


@every_net
@pytest.mark.parametrize(("settings", "message"), BAD_SETTINGS, ids=str)
def test_bad_settings_are_refused(net: Net, settings: dict[str, Any], message: str) -> None:
    for fitted in (False, True):
        trainer = net.trainer(fitted).set_params(**settings)
        before = memory(trainer)
        for train in METHODS if "epochs" not in settings else ("fit",):
            if train == "score" and net.open and not fitted:
                continue
            with pytest.raises(ValueError, match=message):
                METHODS[train](trainer, net.X, net.y)
            assert memory(trainer) == before


@every_net
def test_numbers_of_numpy_are_numbers(net: Net) -> None:
    plain = net.trainer(learning_rate=0.125, shuffle=False, random_state=3).fit(net.X, net.y)
    trainer = net.trainer(
        learning_rate=np.float64(0.125), shuffle=np.False_, random_state=np.int8(3),
        batch_size=np.uint8(3), epochs=np.int64(2), patience=np.int16(2),
    )  # fmt: skip
    trainer.fit(net.X, net.y)
    for name, array in plain.weights.items():
        np.testing.assert_array_equal(trainer.weights[name], array)


def test_shares_of_an_optimizer_are_two_numbers() -> None:
    net = Net("3-4:tanh-2", "quadratic", style="array", optimizer="adam")
    for betas, message in [
        (0.9, "betas must be 2 numbers, not 0.9"),
        ("ab", "betas must be 2 numbers, not 'ab'"),
        ((0.9, 0.99, 0.999), "betas must be 2 numbers"),
        ((0.9, 1), "betas must be a number from 0 up and less than 1, not 1"),
        ((0.9, "b"), "betas must be a number from 0 up and less than 1, not 'b'"),
    ]:
        with pytest.raises(ValueError, match=message):
            net.trainer(betas=betas).fit(net.X, net.y)


@every_net
def test_a_callback_is_a_function(net: Net) -> None:
    trainer = net.trainer()
    before = memory(trainer)
    with pytest.raises(TypeError, match="callback must be a function, not 3"):
        trainer.fit(net.X, net.y, callback=3)
    assert memory(trainer) == before


# --- batches -------------------------------------------------------------------------------------


@every_net
@pytest.mark.parametrize(
    "batch",
    [
        lambda net: net.X, lambda net: net.X[:3], lambda net: None, lambda net: 3,
        lambda net: net.X.tolist(), lambda net: tuple(net.X[:3].tolist()), lambda net: "abc",
        lambda net: (net.X, net.y), lambda net: (net.X, net.X.T, net.X), lambda net: [],
        lambda net: {}, lambda net: [(1.0,)], lambda net: [(1.0,) * 20],
    ],
)  # fmt: skip
def test_what_nobody_prepared_is_no_batch(net: Net, batch: Given) -> None:
    trainer = net.trainer(fitted=True)
    before = memory(trainer)
    with pytest.raises((ValueError, TypeError), match=r"that prepare has made|not prepared"):
        trainer.step(batch(net))
    assert memory(trainer) == before


@every_net
@pytest.mark.parametrize("other", NETS, ids=lambda net: net.name)
def test_a_batch_for_another_network_is_refused(net: Net, other: Net) -> None:
    """Unless it is the same: as many inputs and outputs, of one kind."""
    trainer = net.trainer(fitted=True)
    kinds = [n.made().__init__.__globals__["DTYPE"] for n in (net, other)]
    styles = ["SCALAR" if "scalar" in n.name else "" for n in (net, other)]
    batch, before = other.trainer(fitted=True).prepare(other.X, other.y), memory(trainer)
    if net.outputs == other.outputs and styles[0] == styles[1]:
        with contextlib.suppress(ValueError):  # where numbers have another size
            assert trainer.step(batch) is None
            return
        assert kinds[0] != kinds[1]
    with pytest.raises((ValueError, TypeError), match=r"that prepare has made|not prepared"):
        trainer.step(batch)
    assert memory(trainer) == before
    trainer.step(net.X, net.y)  # it goes on


# --- schedules, SciPy ----------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["array", "scalar"])
def test_a_loaded_schedule_knows_its_length(style: str, tmp_path: Path) -> None:
    net = Net("3-4:tanh-2", "quadratic", style=style, schedule="cosine")
    trainer = net.trainer(epochs=4).fit(net.X, net.y)
    trainer.save(tmp_path / "w.npz")
    loaded = net.made()().load(tmp_path / "w.npz")
    for each in (trainer, loaded):
        each.step(net.X, net.y)
        each.partial_fit(net.X, net.y)
    for name, array in trainer.weights.items():
        np.testing.assert_array_equal(loaded.weights[name], array)
    with pytest.raises(ValueError, match="total_steps must be set where no fit says how long"):
        net.trainer().step(net.X, net.y)


def test_without_scipy_there_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "made.py"
    path.write_text(generate("3-4:tanh-2", blas="scipy"), encoding="utf-8")
    (tmp_path / "scipy").mkdir()  # found first, and nothing is in it
    (tmp_path / "scipy" / "__init__.py").write_text("")
    (tmp_path / "data.csv").write_text("1,2,3,0,1\n")
    run = functools.partial(
        subprocess.run, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    done = run([sys.executable, "made.py", "fit", "data.csv"])
    assert done.returncode == 1
    assert done.stderr.startswith("made.py: SciPy (the package scipy) is needed, or a trainer")
    assert done.stderr.count("\n") == 1
    check = "try:\n    import made\nexcept ImportError as error:\n    print(error.name, error)"
    done = run([sys.executable, "-c", check])
    assert done.stdout.startswith("scipy SciPy (the package scipy) is needed")
