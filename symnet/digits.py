"""The handwritten digits of the demo: 1,797 images of 8 × 8 pixels, and what each one shows.

Every fifth sample is held out, by its row number and not by chance, so that an accuracy can be
compared between runs and machines. Source, licence and format: data/README.md.

>>> X_train, y_train, X_test, y_test = load()
>>> X_train.shape, X_test.shape, y_test[:6].tolist()
((1438, 64), (359, 64), [4, 9, 4, 9, 4, 9])
"""

import gzip
from importlib import resources

import numpy as np
from numpy.typing import NDArray

Split = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]


def load() -> Split:
    """X_train, y_train, X_test, y_test: pixels from 0 to 1 over (m, 64), digits over (m,)."""
    file = resources.files("symnet") / "data" / "digits.csv.gz"
    lines = gzip.decompress(file.read_bytes()).decode("ascii").splitlines()
    table = np.loadtxt(lines, delimiter=",", dtype=np.int64)
    held_out = np.arange(len(table)) % 5 == 4
    X, y = table[:, :-1] / 16, table[:, -1]
    return X[~held_out], y[~held_out], X[held_out], y[held_out]
