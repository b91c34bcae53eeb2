"""Splits the data of `evaluate` into batches: arrays, memory maps and datasets."""

from __future__ import annotations

import mmap
import operator
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad._call.structures import label, paths
from nthgrad.errors import ArgumentError, InputError

_SAMPLE = 64
"""How many rows of the arrays the fingerprint contains."""


class Arrays:
    """Arrays with the same number of rows.

    Attributes:
        structure: the data as given: one array, or g's arguments.
        total: the number of rows.
        length: the rows of a batch.
    """

    def __init__(self, data: Any, batch_size: int | None):
        if batch_size is None:
            raise ArgumentError(
                "batch_size is None, and arrays have no batches of their own. Give the number of points that fit into "
                "memory at once."
            )
        self.structure = data
        self._names = [label("data", path) for path in paths(data)]
        self._leaves = tf.nest.flatten(data)
        if not self._leaves:
            raise InputError(f"data is {data!r}, which holds no array. Give the arguments of g.")
        for name, leaf in zip(self._names, self._leaves, strict=True):
            _check_array(name, leaf)
        self.total = int(self._leaves[0].shape[0])
        for name, leaf in zip(self._names, self._leaves, strict=True):
            if leaf.shape[0] != self.total:
                raise InputError(
                    f"{self._names[0]} has {self.total} rows, but {name} has {leaf.shape[0]}. Give arrays with one row "
                    "for each point."
                )
        self.length = min(batch_size, max(self.total, 1))

    def batches(self, skip: int = 0) -> Iterator[list[Any]]:
        """Yields the leaves of the data, batch by batch, from batch number `skip` on."""
        for start in range(skip * self.length, self.total, self.length):
            yield [_tensor(leaf, start, start + self.length) for leaf in self._leaves]
            for leaf in self._leaves:
                _release(leaf)

    def specs(self) -> list[tf.TensorSpec]:
        """Returns the signatures of the leaves of a batch, with an unknown length."""
        return [tf.TensorSpec([None, *leaf.shape[1:]], leaf.dtype) for leaf in self._leaves]

    def fingerprint(self) -> dict[str, Any]:
        """Returns a summary to compare with other data: shapes, dtypes, and some of the rows."""
        rows = sorted({i * (self.total - 1) // (_SAMPLE - 1) for i in range(_SAMPLE)}) if self.total else []
        sample = 0
        for leaf in self._leaves:
            for i in rows:
                sample = zlib.crc32(np.asarray(leaf[i : i + 1]).tobytes(), sample)
            _release(leaf)
        found = {
            name: f"{tf.as_dtype(leaf.dtype).name} of shape {tuple(leaf.shape)}"
            for name, leaf in zip(self._names, self._leaves, strict=True)
        }
        return {**found, "some of their values": sample, "batch_size": self.length}


class Dataset:
    """A `tf.data.Dataset` of batches. Its attributes are those of `Arrays`; unknown ones are None."""

    def __init__(self, data: tf.data.Dataset[Any], batch_size: int | None):
        if data.cardinality() == tf.data.INFINITE_CARDINALITY:
            raise InputError("data is a dataset without an end. Give dataset.take(n).")
        self.structure = data.element_spec
        self._names = [label("an element of data", path) for path in paths(self.structure)]
        self._specs = tf.nest.flatten(self.structure)
        for name, spec in zip(self._names, self._specs, strict=True):
            if not isinstance(spec, tf.TensorSpec):
                raise InputError(f"{name} is a {type(spec).__name__}. Give a dataset of dense tensors.")
            if spec.shape.rank == 0:
                raise InputError(f"{name} is a single number, not a batch. Give dataset.batch(n).")
        self.total = None
        self.length = batch_size
        self._cardinality = int(data.cardinality())
        self._data = data if batch_size is None else data.rebatch(batch_size)
        self._batch_size = batch_size

    def batches(self, skip: int = 0) -> Iterator[list[Any]]:
        """Yields the leaves of the dataset's elements, from element number `skip` on; skips elements without rows."""
        for number, element in enumerate(self._filled()):
            if number >= skip:
                yield element

    def specs(self) -> list[tf.TensorSpec]:
        """Returns the signatures of the leaves of a batch, with an unknown length."""
        return [tf.TensorSpec(spec.shape and [None, *spec.shape[1:]], spec.dtype) for spec in self._specs]

    def fingerprint(self) -> dict[str, Any]:
        """Returns a summary to compare with other datasets: shapes, dtypes and the number of elements."""
        pairs = zip(self._names, self._specs, strict=True)
        found = {name: f"{spec.dtype.name} of shape {spec.shape}" for name, spec in pairs}
        return {**found, "the number of elements": self._cardinality, "batch_size": self._batch_size}

    def _filled(self) -> Iterator[list[Any]]:
        for number, element in enumerate(self._data):
            leaves = tf.nest.flatten(element)
            rows = leaves[0].shape[0]
            for name, leaf in zip(self._names, leaves, strict=True):
                if leaf.shape[0] != rows:
                    raise InputError(
                        f"Element {number} of the dataset: {self._names[0]} has {rows} rows, but {name} has "
                        f"{leaf.shape[0]}. Give one row for each point."
                    )
            if rows:
                yield leaves


def source(data: Any, batch_size: Any) -> Arrays | Dataset:
    """Splits data into batches; raises if it cannot.

    Raises:
        ArgumentError: batch_size is not a positive integer.
        InputError: data holds anything but arrays, or arrays of different lengths.
    """
    if batch_size is not None:
        integer = hasattr(batch_size, "__index__") and not isinstance(batch_size, (bool, np.ndarray))
        if not integer or operator.index(batch_size) < 1:
            raise ArgumentError(f"batch_size is {batch_size!r}. Give the number of points in a batch, at least 1.")
        batch_size = operator.index(batch_size)
    return (Dataset if isinstance(data, tf.data.Dataset) else Arrays)(data, batch_size)


def call(g: Any, structure: Any, leaves: Sequence[Any]) -> Any:
    """Calls g: a tuple or list is its positional arguments, a dict its keywords, anything else its one argument."""
    data = tf.nest.pack_sequence_as(structure, leaves)
    if isinstance(data, dict):
        return g(**data)
    return g(*data) if isinstance(data, (tuple, list)) else g(data)


def _check_array(name: str, leaf: Any) -> None:
    kind = type(leaf).__name__
    # A pandas object may slice by label, not by row.
    array = all(hasattr(leaf, a) for a in ("shape", "dtype", "__getitem__", "__array__")) and not hasattr(leaf, "iloc")
    if not array:
        raise InputError(
            f"{name} is a {kind}. Give an array with one row for each point: NumPy's, a memory map, a tensor; or a "
            "tf.data.Dataset of batches. Bind arguments that are the same for all points to g, by functools.partial."
        )
    if isinstance(leaf, np.ma.MaskedArray):
        raise InputError(f"{name} is a masked array, whose mask would be lost. Give {name}.filled(...).")
    if not isinstance(leaf.dtype, tf.DType) and np.dtype(leaf.dtype).hasobject:
        raise InputError(f"{name} is an array of Python objects. Give an array of numbers.")
    if not len(leaf.shape):
        raise InputError(f"{name} has shape (). Give an array with one row for each point.")


def _tensor(leaf: Any, start: int, stop: int) -> tf.Tensor:
    rows = leaf[start:stop]
    return rows if isinstance(rows, tf.Tensor) else tf.convert_to_tensor(np.asarray(rows))


def _release(leaf: Any) -> None:
    """Releases the pages that a memory map has read. A private (copy-on-write) one has to keep them."""
    if not isinstance(leaf, np.memmap) or leaf.mode == "c":
        return
    base: Any = leaf
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(base, "madvise"):
        base.madvise(mmap.MADV_DONTNEED)
