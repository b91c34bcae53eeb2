"""`tf.contrib.learn.datasets.base`: data sets, and CSV files with or without a header."""

import csv
from typing import Any, NamedTuple

import numpy as np


class Dataset(NamedTuple):
    """Inputs and targets."""

    data: Any
    target: Any


class Datasets(NamedTuple):
    """The parts for training, validation and test."""

    train: Any
    validation: Any
    test: Any


def load_csv_with_header(filename: str, target_dtype: Any, features_dtype: Any, target_column: int = -1) -> Dataset:
    """Reads a CSV file whose first line begins with the numbers of rows and features."""
    with open(filename, newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        samples, features = map(int, next(rows)[:2])
        table = list(rows)
    target = np.array([row.pop(target_column) for row in table], dtype=target_dtype)
    data = np.array(table, dtype=features_dtype)
    assert data.shape == (samples, features), f"{filename} declares {samples, features} and holds {data.shape}"
    return Dataset(data, target)


def load_csv_without_header(filename: str, target_dtype: Any, features_dtype: Any, target_column: int = -1) -> Dataset:
    """Reads a CSV file of numbers."""
    with open(filename, newline="", encoding="utf-8") as file:
        table = list(csv.reader(file))
    target = np.array([row.pop(target_column) for row in table], dtype=target_dtype)
    return Dataset(np.array(table, dtype=features_dtype), target)
