"""`tf.contrib.learn.datasets.mnist` and `tensorflow.examples.tutorials.mnist.input_data`: read local MNIST files."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.errors import LegacyError
from nthgrad.legacy._contrib.base import Datasets

DEFAULT_SOURCE_URL = "https://storage.googleapis.com/cvdf-datasets/mnist/"
_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
_MAGIC = {"images": 2051, "labels": 2049}


def extract_images(f: Any) -> np.ndarray:
    """Reads the images of an open file: uint8 of shape [images, rows, columns, 1]."""
    return _read(f, "images")[..., None]


def extract_labels(f: Any, one_hot: bool = False, num_classes: int = 10) -> np.ndarray:
    """Reads the labels of an open file: uint8, or one-hot rows."""
    labels = _read(f, "labels")
    return dense_to_one_hot(labels, num_classes) if one_hot else labels


def dense_to_one_hot(labels_dense: np.ndarray, num_classes: int) -> np.ndarray:
    """Encodes labels as one-hot rows."""
    return np.eye(num_classes)[labels_dense]


def _read(file: Any, kind: str) -> np.ndarray:
    with gzip.GzipFile(fileobj=file) as stream:
        data = stream.read()
    magic = int.from_bytes(data[:4], "big")
    if magic != _MAGIC[kind]:
        raise ValueError(f"Invalid magic number {magic} in MNIST {kind[:-1]} file: {file.name}")
    axes = 3 if kind == "images" else 1
    shape = np.frombuffer(data, ">u4", axes, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(shape)


class DataSet:
    """Images and labels in batches, shuffled in every epoch."""

    def __init__(
        self,
        images: Any,
        labels: Any,
        fake_data: bool = False,
        one_hot: bool = False,
        dtype: Any = tf.float32,
        reshape: bool = True,
        seed: int | None = None,
    ) -> None:
        """Takes images of integers 0 to 255; float32 scales them to 0 to 1. Sets NumPy's global seed."""
        first, second = tf.compat.v1.get_seed(seed)
        np.random.seed(first if seed is None else second)
        dtype = tf.as_dtype(dtype).base_dtype
        if dtype not in (tf.uint8, tf.float32):
            raise TypeError(f"Invalid image dtype {dtype!r}, expected uint8 or float32")
        self._fake = np.zeros(784).tolist(), [1, *[0] * 9] if one_hot else 0
        self._fake_data, self.one_hot = fake_data, one_hot
        self._num_examples = 10000 if fake_data else images.shape[0]
        if not fake_data:
            assert images.shape[0] == labels.shape[0], f"images.shape: {images.shape} labels.shape: {labels.shape}"
            if reshape:
                images = images.reshape(images.shape[0], images.shape[1] * images.shape[2])
            if dtype == tf.float32:
                images = np.multiply(images.astype(np.float32), 1.0 / 255.0)
        self._images, self._labels = images, labels
        self._epochs_completed = self._index_in_epoch = 0

    images = property(lambda self: self._images)
    labels = property(lambda self: self._labels)
    num_examples = property(lambda self: self._num_examples)
    epochs_completed = property(lambda self: self._epochs_completed)

    def next_batch(self, batch_size: int, fake_data: bool = False, shuffle: bool = True) -> Any:
        """Returns the next images and labels; a batch may continue in the next epoch."""
        if fake_data:
            return tuple([each for _ in range(batch_size)] for each in self._fake)
        start, number = self._index_in_epoch, self._num_examples
        if self._epochs_completed == 0 and start == 0 and shuffle:
            self._shuffle()
        if start + batch_size <= number:
            self._index_in_epoch += batch_size
            return self._images[start : start + batch_size], self._labels[start : start + batch_size]
        self._epochs_completed += 1
        rest = self._images[start:], self._labels[start:]
        if shuffle:
            self._shuffle(self._images, self._labels)
        self._index_in_epoch = end = batch_size - (number - start)
        new = self._images[:end], self._labels[:end]
        return tuple(np.concatenate(pair, axis=0) for pair in zip(rest, new, strict=True))

    def _shuffle(self, *_: Any) -> None:
        order = np.arange(self._num_examples)
        np.random.shuffle(order)
        self._images, self._labels = self._images[order], self._labels[order]


def read_data_sets(
    train_dir: str,
    fake_data: bool = False,
    one_hot: bool = False,
    dtype: Any = tf.float32,
    reshape: bool = True,
    validation_size: int = 5000,
    seed: int | None = None,
    source_url: str = DEFAULT_SOURCE_URL,
) -> Datasets:
    """Reads the four files of MNIST from the folder `train_dir`; downloads nothing.

    Raises:
        LegacyError: if a file is missing.
    """
    options = {"dtype": dtype, "reshape": reshape, "seed": seed}
    if fake_data:
        made = [DataSet([], [], fake_data=True, one_hot=one_hot, dtype=dtype, seed=seed) for _ in range(3)]
        return Datasets(*made)
    arrays = []
    for name in _FILES:
        path = Path(train_dir, name)
        if not path.is_file():
            raise LegacyError(
                f"read_data_sets({str(train_dir)!r}) finds no {name} there, and downloads nothing. "
                f"Put the four files of MNIST into that folder: {', '.join(_FILES)}."
            )
        with path.open("rb") as file:
            arrays.append(extract_images(file) if "images" in name else extract_labels(file, one_hot))
    images, labels, test_images, test_labels = arrays
    if not 0 <= validation_size <= len(images):
        raise ValueError(f"Validation size should be between 0 and {len(images)}. Received: {validation_size}.")
    parts = [
        (images[validation_size:], labels[validation_size:]),
        (images[:validation_size], labels[:validation_size]),
        (test_images, test_labels),
    ]
    return Datasets(*(DataSet(*part, **options) for part in parts))


def load_mnist(train_dir: str = "MNIST-data") -> Datasets:
    """Does the same with default options: labels are integers."""
    return read_data_sets(train_dir)
