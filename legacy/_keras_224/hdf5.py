"""HDF5 files: `keras.utils.HDF5Matrix`, which reads a data set in pieces, and models saved in a group."""

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar

import numpy as np


def in_a_group(function: Callable) -> Callable:
    """Wraps `save_model` or `load_model`: a group of an open file may stand for a file."""

    @wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        args = tuple(_as_file(each) for each in args)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "You are saving your model as an HDF5 file")  # there was no other
            return function(*args, **{name: _as_file(each) for name, each in kwargs.items()})

    return inner


def _as_file(value: Any) -> Any:
    """Returns an object of the class of files whose root is the group; any other value unchanged."""
    import h5py

    if not isinstance(value, h5py.Group) or isinstance(value, h5py.File):
        return value

    class Root(h5py.File):
        def __init__(self) -> None:
            h5py.Group.__init__(self, value.id)

        @property
        def mode(self) -> str:  # pyright: ignore[reportIncompatibleMethodOverride]
            return value.file.mode

    return Root()


class Warnings:
    """The logger of tf_keras's module of files: its messages are warnings, as they were."""

    @staticmethod
    def warning(message: str, *args: Any) -> None:
        """Warns."""
        warnings.warn(message % args if args else message, stacklevel=3)


class HDF5Matrix:
    """Rows `start` to `end` of a data set, read when they are needed.

    Args:
        datapath: the file.
        dataset: the name of the data set in it.
        start: the first row.
        end: the row after the last; None is the end of the data set.
        normalizer: a function applied to the values read.
    """

    refs: ClassVar[dict[str, Any]] = {}  # open files; never closed

    def __init__(
        self, datapath: str, dataset: str, start: int = 0, end: int | None = None, normalizer: Callable | None = None
    ) -> None:
        import h5py

        if datapath not in self.refs:
            self.refs[datapath] = h5py.File(datapath, "r")
        self.data = self.refs[datapath][dataset]
        self.start, self.end = start, self.data.shape[0] if end is None else end
        self.normalizer = normalizer
        self._first = self._read(np.s_[:1])

    def _read(self, rows: Any) -> np.ndarray:
        values = self.data[rows]
        return values if self.normalizer is None else self.normalizer(values)

    def __len__(self) -> int:
        return self.end - self.start

    def __getitem__(self, key: Any) -> np.ndarray:
        if isinstance(key, slice):
            rows = np.arange(*key.indices(len(self))) if key.step not in (None, 1) else None
            stop = len(self) if key.stop is None else key.stop
            if stop > len(self):
                raise IndexError(f"Row {stop - 1} does not exist. Index rows 0 to {len(self) - 1}.")
            if rows is None:
                first, after, _ = key.indices(len(self))
                return self._read(np.s_[self.start + first : self.start + after])
            key = rows
        rows = np.asarray(key)
        if rows.size and rows.max() >= len(self):
            raise IndexError(f"Row {rows.max()} does not exist. Index rows 0 to {len(self) - 1}.")
        if not rows.ndim:
            return self._read(int(rows) + self.start)
        kept, where = np.unique(rows, return_inverse=True)  # h5py reads rows in increasing order only
        values = self.data[(kept + self.start).tolist()][where]
        return values if self.normalizer is None else self.normalizer(values)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of an array of these rows."""
        return (len(self), *self._first.shape[1:])

    @property
    def dtype(self) -> Any:
        """The dtype of the values."""
        return self._first.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.data.ndim

    @property
    def size(self) -> int:
        """The number of values."""
        return int(np.prod(self.shape))
