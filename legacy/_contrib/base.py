"""`tf.contrib.learn.datasets.base`: sets of arrays, and CSV files with a line of counts."""

import csv
from typing import Any, NamedTuple

import numpy as np


class Dataset(NamedTuple):
    """Inputs and targets."""

    data: Any
    target: Any


class Datasets(NamedTuple):
    """What is for training, for choosing, and for the final judgement."""

    train: Any
    validation: Any
    test: Any


def load_csv_with_header(filename: str, target_dtype: Any, features_dtype: Any, target_column: int = -1) -> Dataset:
    """A CSV file whose first line begins with the number of rows and of features."""
    with open(filename, newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        samples, features = map(int, next(rows)[:2])
        table = list(rows)
    target = np.array([row.pop(target_column) for row in table], dtype=target_dtype)
    data = np.array(table, dtype=features_dtype)
    assert data.shape == (samples, features), f"{filename} announces {samples, features} and holds {data.shape}"
    return Dataset(data, target)


def load_csv_without_header(filename: str, target_dtype: Any, features_dtype: Any, target_column: int = -1) -> Dataset:
    """A CSV file of numbers alone."""
    with open(filename, newline="", encoding="utf-8") as file:
        table = list(csv.reader(file))
    target = np.array([row.pop(target_column) for row in table], dtype=target_dtype)
    return Dataset(np.array(table, dtype=features_dtype), target)
