"""Reads points from the command line: `x=1`, `x=0.5,1,2`, `x=points.npy`, `x=points.csv`."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nthgrad.errors import ArgumentError


def parsed(given: Sequence[str], dtype: str) -> dict[str, np.ndarray]:
    """Returns the values of every variable.

    Args:
        given: texts `NAME=VALUES`, where VALUES are numbers with commas between them, or a .npy or .csv file.
        dtype: `"float32"` or `"float64"`.

    Returns:
        an array of this dtype and of shape [n] for each name, in the order given. A single value is repeated n times.

    Raises:
        ArgumentError: a text is malformed, a name occurs twice, numbers of values differ, or a value is not finite.

    Example:
        >>> parsed(["x=0.5,1", "y=2"], "float64")
        {'x': array([0.5, 1. ]), 'y': array([2., 2.])}
    """
    if not given:
        raise ArgumentError("No point is given. Add --at x=1.")
    found: dict[str, np.ndarray] = {}
    for text in given:
        name, equals, values = (part.strip() for part in text.partition("="))
        if not equals or not name.isidentifier():
            raise ArgumentError(f"--at {text} names no variable. Write --at NAME=VALUES, for example --at x=1.")
        if name in found:
            raise ArgumentError(
                f"--at gives {name} twice. Give all its values at once, for example --at {name}=0.5,1,2."
            )
        found[name] = _cast(_read(name, values), name, dtype)
    lengths = {name: len(values) for name, values in found.items()}
    n = max(lengths.values())
    if set(lengths.values()) - {1, n}:
        counts = ", ".join(f"{count} of {name}" for name, count in lengths.items())
        raise ArgumentError(
            f"The numbers of values differ: {counts}. Give each variable one value, or all the same number."
        )
    return {name: np.ascontiguousarray(np.broadcast_to(values, n)) for name, values in found.items()}


def _read(name: str, text: str) -> np.ndarray:
    kind = Path(text).suffix.lower()
    if kind in (".npy", ".csv"):
        try:
            return _npy(text) if kind == ".npy" else _csv(text, name)
        except OSError as error:
            raise ArgumentError(f"{text} cannot be read: {error.strerror or error}. Give a readable file.") from error
    try:
        return np.array([float(part) for part in text.split(",")])
    except ValueError:
        raise ArgumentError(
            f"{name}={text} is neither numbers nor a .npy or .csv file. Write for example {name}=1 or {name}=0.5,1,2."
        ) from None


def _npy(path: str) -> np.ndarray:
    """Reads the array of a .npy file; refuses a pickle or an archive."""
    try:
        with open(path, "rb") as file:
            values = np.lib.format.read_array(file, allow_pickle=False)
    except OSError:
        raise
    except Exception as error:  # a damaged header raises any error of Python's parser
        raise ArgumentError(f"{path} is not a NumPy file of numbers. Write it with numpy.save.") from error
    if values.dtype.kind not in "fiu":
        raise ArgumentError(f"{path} does not hold one array of real numbers. Write such an array with numpy.save.")
    if values.ndim > 1 and values.size != max(values.shape):
        raise ArgumentError(f"{path} holds an array of shape {values.shape}. Give one of shape (n,).")
    return values.reshape(-1)


def _csv(path: str, name: str) -> np.ndarray:
    """Reads one column of a .csv file: the one with the variable's name, or the only one."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(map(str.strip, row))]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ArgumentError(f"{path} is not a CSV file: {error}. Give text with commas between the columns.") from error
    if not rows:
        raise ArgumentError(f"{path} is empty. Give at least one point.")
    header = rows[0][1] if not all(map(_is_number, rows[0][1])) else []
    column = 0
    if name in header:
        column = header.index(name)
    elif len(rows[0][1]) > 1:
        there = f"the columns {', '.join(header)}" if header else f"{len(rows[0][1])} columns without names"
        raise ArgumentError(f"{path} has {there}, and none is {name}. Name that column {name} in the first line.")
    values = []
    for line, row in rows[1:] if header else rows:
        cell = row[column] if column < len(row) else ""
        if not _is_number(cell):
            raise ArgumentError(f"{path}, line {line}: {cell!r} is not a number. Correct it or remove the line.")
        values.append(float(cell))
    return np.array(values)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _cast(values: np.ndarray, name: str, dtype: str) -> np.ndarray:
    if values.size == 0:
        raise ArgumentError(f"There is no value of {name}. Give at least one point.")
    with np.errstate(over="ignore"):
        cast = values.astype(dtype)
    finite = np.isfinite(cast)
    if not finite.all():
        first = int(np.argmin(finite))
        raise ArgumentError(
            f"Value {first + 1} of {name} is {values[first]} and no finite {dtype}. Give finite numbers."
        )
    return cast
