"""Trainers among scikit-learn's estimators, without importing it."""

import importlib.util
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_dataframe_column_names_consistency

from symnet import Network, generate
from symnet.network.optimizers import OPTIMIZERS

CLASSIFIER, REGRESSOR = "n-16:relu-k:softmax", "n-16:tanh-k:identity"

CHECKS = """
import sys
import warnings
sys.path.insert(0, {folder!r})
import {module}
assert not [name for name in sys.modules if name.startswith(("sklearn", "pandas", "scipy"))]
from sklearn.utils.estimator_checks import check_estimator
warnings.simplefilter("ignore")
results = check_estimator({module}.Trainer(), on_fail=None, on_skip=None)
for result in results:
    if result["status"] != "passed":
        print(result["check_name"], result["status"], repr(result["exception"]))
print(len(results), "checks", sum(r["status"] == "passed" for r in results), "passed")
"""


def load(folder: Path, name: str, text: str) -> Any:
    """A generated file as a module that can be pickled by its name."""
    (folder / f"{name}.py").write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("classifier")
    return load(folder, "estimator_classifier", generate(CLASSIFIER, optimizer="adam"))


@pytest.fixture(scope="module")
def regressor(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("regressor")
    return load(folder, "estimator_regressor", generate(REGRESSOR, optimizer="adam"))


def blobs(seed: int = 0) -> tuple[Any, Any]:
    """Three kinds of points in four dimensions, a hundred in all."""
    rng = np.random.default_rng(seed)
    y = np.arange(100) % 3
    return rng.normal(size=(100, 4)) + 3 * np.eye(3, 4)[y], np.array(["ant", "bee", "cow"])[y]


@pytest.mark.parametrize(
    ("network", "cost", "optimizer"),
    [
        *((CLASSIFIER, None, optimizer) for optimizer in OPTIMIZERS),
        *((REGRESSOR, None, optimizer) for optimizer in OPTIMIZERS),
        ("n-16:relu-k:identity", "hinge", "sgd"),
    ],
)
def test_every_check_of_scikit_learn_passes(
    network: str, cost: str | None, optimizer: str, tmp_path: Path
) -> None:
    text = generate(Network(network, cost=cost), optimizer=optimizer)
    (tmp_path / "made.py").write_text(text, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-c", CHECKS.format(folder=str(tmp_path), module="made")],
        capture_output=True, text=True, timeout=300,
        env={**os.environ, "SCIPY_ARRAY_API": "1"},  # else one check is skipped
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    *failed, last = run.stdout.splitlines()
    assert not failed
    count, _, passed, _ = last.split()
    assert int(count) == int(passed) >= 54


def test_it_stands_in_a_pipeline_and_is_searched(classifier: Any) -> None:
    X, y = blobs()
    line = make_pipeline(StandardScaler(), classifier.Trainer(epochs=30, random_state=0))
    assert line.fit(X, y).score(X, y) > 0.9
    assert cross_val_score(line, X, y, cv=3).min() > 0.8
    search = GridSearchCV(line, {"trainer__learning_rate": [1e-9, 0.01]}, cv=3).fit(X, y)
    assert search.best_params_ == {"trainer__learning_rate": 0.01}
    for name in ("accuracy", "neg_log_loss", "roc_auc_ovr", "f1_macro"):
        assert np.isfinite(get_scorer(name)(line, X, y))


def test_scorers_of_two_classes_and_of_numbers(classifier: Any, regressor: Any) -> None:
    X, y = blobs()
    two = classifier.Trainer(epochs=20, random_state=0).fit(X, y == "ant")
    for name in ("roc_auc", "average_precision", "neg_brier_score"):
        assert np.isfinite(get_scorer(name)(two, X, y == "ant"))
    made = regressor.Trainer(epochs=20, random_state=0).fit(X, X[:, 0])
    for name in ("r2", "neg_mean_squared_error"):
        assert np.isfinite(get_scorer(name)(made, X, X[:, 0]))


def test_clones_copies_and_pickles(classifier: Any) -> None:
    X, y = blobs()
    trainer = classifier.Trainer(epochs=5, random_state=1).fit(X, y)
    assert clone(trainer).get_params() == trainer.get_params()
    assert not clone(trainer).__sklearn_is_fitted__()
    again = pickle.loads(pickle.dumps(trainer))
    np.testing.assert_array_equal(again.predict_proba(X), trainer.predict_proba(X))
    trainer.partial_fit(X, y)
    again.partial_fit(X, y)
    for name, array in trainer.weights.items():
        np.testing.assert_array_equal(again.weights[name], array)


def frames(X: Any, y: Any) -> list[tuple[Any, Any]]:
    names = [f"c{i}" for i in range(X.shape[1])]
    frame = pd.DataFrame(X, columns=names, index=np.arange(len(X)) * 7 % 101)
    mixed = frame.astype({"c0": "float32", "c1": "Float64"})
    return [
        (frame, pd.Series(y, index=frame.index)),
        (mixed, pd.Categorical(y)),
        (frame, pd.Series(y, dtype="string")),
        (pl.DataFrame(X, schema=names), pl.Series(y)),
        (pl.DataFrame(X, schema=names), pl.Series(y, dtype=pl.Categorical)),
    ]


@pytest.mark.parametrize("kind", range(5))
def test_frames_are_taken_as_arrays_are(kind: int, classifier: Any) -> None:
    X, y = blobs()
    X = X.astype(np.float32).astype(float)
    expected = classifier.Trainer(epochs=3, random_state=0).fit(X, y)
    frame, labels = frames(X, y)[kind]
    trainer = classifier.Trainer(epochs=3, random_state=0).fit(frame, labels)
    for name, array in expected.weights.items():
        np.testing.assert_array_equal(trainer.weights[name], array)
    assert trainer.predict(frame).tolist() == expected.predict(X).tolist()
    assert trainer.score(frame, labels) == expected.score(X, y)


def test_what_is_missing_in_a_frame_is_said_with_its_place(classifier: Any) -> None:
    X, y = blobs()
    frame = pd.DataFrame(X).astype("Float64")
    frame.iloc[3, 2] = pd.NA
    with pytest.raises((ValueError, TypeError), match=r"X\[3, 2\] is (nan|<NA>)"):
        classifier.Trainer().fit(frame, y)
    words = pd.DataFrame(X).astype(object)
    words.iloc[5, 1] = "much"
    with pytest.raises(TypeError, match=r"X\[5, 1\] is 'much'"):
        classifier.Trainer().fit(words, y)


def test_the_names_of_columns_are_kept_and_compared(classifier: Any) -> None:
    X, y = blobs()
    frame = pd.DataFrame(X, columns=list("abcd"))
    trainer = classifier.Trainer(epochs=2, random_state=0).fit(frame, y)
    assert trainer.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    trainer.predict(X)  # an array has no names
    for other in (frame[["b", "a", "c", "d"]], frame.rename(columns={"a": "e"})):
        for use in (trainer.predict, lambda X: trainer.score(X, y)):
            with pytest.raises(ValueError, match="feature names should match those"):
                use(other)
    trainer.fit(frame.rename(columns={"a": "e"}), y)
    assert trainer.feature_names_in_[0] == "e"
    assert not hasattr(trainer.fit(X, y), "feature_names_in_")


def test_a_closed_network_is_an_estimator_too(tmp_path: Path) -> None:
    X, y = blobs()
    text = generate(Network("4-8:relu-3:softmax"))
    made = load(tmp_path, "estimator_closed", text)
    line = make_pipeline(StandardScaler(), made.Trainer(epochs=30, random_state=0))
    assert cross_val_score(line, X, y, cv=3).min() > 0.8


def test_names_of_columns_are_checked_as_scikit_learn_does(classifier: Any, regressor: Any) -> None:
    for module in (classifier, regressor):
        trainer = module.Trainer(epochs=1)
        check_dataframe_column_names_consistency("Trainer", trainer)


def test_names_of_columns_are_saved_and_pickled(classifier: Any, tmp_path: Path) -> None:
    X, y = blobs()
    frame = pd.DataFrame(X, columns=list("abcd"))
    weights = np.ones(len(X))
    trainer = classifier.Trainer(epochs=1).fit(frame, y, sample_weight=weights)
    trainer.save(tmp_path / "w.npz")
    joblib.dump(trainer, tmp_path / "w.joblib")
    loaded = classifier.Trainer().fit(frame.rename(columns={"a": "z"}), y).load(tmp_path / "w.npz")
    for made in (loaded, joblib.load(tmp_path / "w.joblib"), pickle.loads(pickle.dumps(trainer))):
        assert made.feature_names_in_.tolist() == ["a", "b", "c", "d"]
        np.testing.assert_array_equal(made.predict_proba(frame), trainer.predict_proba(frame))
        with pytest.raises(ValueError, match="must be in the same order as they were in fit"):
            made.predict(frame[list("abdc")])
    classifier.Trainer(epochs=1).fit(X, y).save(tmp_path / "w.npz")
    assert not hasattr(loaded.load(tmp_path / "w.npz"), "feature_names_in_")


def test_names_are_all_text_or_no_names(classifier: Any) -> None:
    X, y = blobs()
    made = classifier.Trainer(epochs=1)
    assert not hasattr(made.fit(pd.DataFrame(X), y), "feature_names_in_")
    with pytest.raises(TypeError, match="Feature names are only supported if all are text"):
        made.fit(pd.DataFrame(X, columns=["a", "b", 1, 2]), y)
    # names that arrays have for attributes are names like others
    frame = pd.DataFrame(X, columns=["nnz", "_mask", "columns", "shape"])
    assert made.fit(frame, y).feature_names_in_[0] == "nnz"
    assert made.score(frame, y) == made.score(X, y)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_truth_and_numbers_in_one_frame(frame: Any, classifier: Any) -> None:
    X, y = blobs()
    columns = {"a": X[:, 0], "b": X[:, 1] > 0, "c": np.arange(len(X)), "d": X[:, 3]}
    plain = np.column_stack(list(columns.values())).astype(float)
    trainer = classifier.Trainer(epochs=2, random_state=0).fit(frame(columns), y)
    expected = classifier.Trainer(epochs=2, random_state=0).fit(plain, y)
    np.testing.assert_array_equal(trainer.predict_proba(plain), expected.predict_proba(plain))


@pytest.mark.parametrize("missing", [None, np.nan])
def test_a_label_that_is_missing_is_refused(missing: Any, classifier: Any) -> None:
    X, y = blobs()
    words = [*y[:3], missing, *y[4:]]
    for labels in (
        words,
        pd.Series(words),
        pd.Series(words, dtype="category"),
        np.array(words, object),
    ):
        with pytest.raises(TypeError, match=r"all numbers or all text, but y\[3\] is"):
            classifier.Trainer().fit(X, labels)
    with pytest.raises(ValueError, match=r"y\[1\] is NaN"):
        classifier.Trainer().fit(X[:3], pl.Series([1, None, 2]))


def test_hinge_has_a_decision_for_scorers(tmp_path: Path) -> None:
    X, y = blobs()
    two = np.where(y == "ant", "ant", "other")
    for i, network in enumerate(
        ["4-8:relu-1:identity", "4-8:relu-2:identity", "n-8:relu-k:identity"]
    ):
        made = load(tmp_path, f"estimator_hinge_{i}", generate(Network(network, cost="hinge")))
        trainer = made.Trainer(epochs=60, random_state=0).fit(X, two)
        decided = trainer.decision_function(X)
        assert decided.shape == (100,)
        assert (trainer.classes_[(decided > 0).astype(int)] == trainer.predict(X)).all()
        assert get_scorer("roc_auc")(trainer, X, two) > 0.9
    assert trainer.fit(X, y).decision_function(X).shape == (100, 3)
