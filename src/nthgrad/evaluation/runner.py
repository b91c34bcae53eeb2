"""Calls g on batches: on one device, or on the replicas of a distribution strategy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad._call.structures import label, paths
from nthgrad.engines import grappler
from nthgrad.engines.graph import trace
from nthgrad.errors import ArgumentError, OutputError
from nthgrad.evaluation.batches import call

Strategy = Any
"""A `tf.distribute.Strategy` or None. TensorFlow loads `tf.distribute` by name, so it has no type."""


class Runner:
    """Calls g with batches of one length.

    A shorter batch is filled by repeating its last row, and the added rows are cut off. The shape is always the same,
    so nothing is traced or compiled again, and a row is computed as in a full batch.

    Attributes:
        replicas: the number of devices that share a batch.
        workers: the number of processes.
        chief: whether this process shows progress and writes files.
        structure: the structure of g's output; None before the first call.
    """

    def __init__(self, g: Callable[..., Any], structure: Any, strategy: Strategy):
        if not callable(g):
            raise ArgumentError(f"g is {g!r}, a {type(g).__name__}, which cannot be called. Give a function.")
        if strategy is None and tf.distribute.has_strategy():
            strategy = tf.distribute.get_strategy()
        if isinstance(strategy, tf.distribute.ParameterServerStrategy):
            raise ArgumentError(
                "strategy is a ParameterServerStrategy, whose workers take work from a coordinator only. Give a "
                "MultiWorkerMirroredStrategy, or schedule calls of g yourself."
            )
        if not (strategy is None or isinstance(strategy, tf.distribute.Strategy)):
            raise ArgumentError(
                f"strategy is {strategy!r}, a {type(strategy).__name__}. Give a tf.distribute.Strategy, or None."
            )
        self._g, self._arguments, self._strategy = g, structure, strategy
        self._traced = grappler.guarded(trace.converted(g))
        self._step = tf.function(self._on_replicas, autograph=False, reduce_retracing=True)
        self.replicas = strategy.num_replicas_in_sync if strategy else 1
        self.workers, self.chief = _cluster(strategy)
        self.structure: Any = None
        self._signature: Any = None

    def __call__(self, leaves: Sequence[Any], length: int) -> list[np.ndarray]:
        """Returns the leaves of g's output for a batch, as arrays with one row for each point.

        Args:
            leaves: the leaves of the arguments, each with the batch's rows.
            length: the rows of a full batch.
        """
        rows = int(leaves[0].shape[0])
        share = -(-max(length, rows) // self.replicas)
        filled = [_filled(leaf, share * self.replicas) for leaf in leaves]
        if self._strategy is None:
            y = call(self._g, self._arguments, filled)
        else:
            y = self._step(*[self._spread(leaf, share) for leaf in filled])
        arrays = [_array(leaf, path, share * self.replicas) for leaf, path in zip(_leaves(y), paths(y), strict=True)]
        signature = [(path, a.dtype, a.shape[1:]) for path, a in zip(paths(y), arrays, strict=True)]
        if self._signature not in (None, signature):
            raise OutputError(
                f"g returned {_described(self._signature)} for one batch and {_described(signature)} for the next. "
                "Return the same structure, dtypes and shapes of rows for every batch."
            )
        self.structure, self._signature = tf.nest.map_structure(lambda _: None, y), signature
        return [a[:rows] for a in arrays]

    def of_nothing(self, specs: Sequence[tf.TensorSpec]) -> list[np.ndarray]:
        """Returns empty arrays for data without points. Traces g, because most functions refuse empty batches."""
        traced = tf.function(lambda *leaves: call(self._traced, self._arguments, leaves), autograph=False)
        try:
            y = traced.get_concrete_function(*specs).structured_outputs
            shapes = [leaf.shape[1:].as_list() for leaf in _leaves(y)]
        except Exception as error:
            raise OutputError(
                "data has no points, and g cannot be traced to find the shape of its output. Give at least one point."
            ) from error
        if any(None in shape for shape in shapes):
            raise OutputError(
                "data has no points, and the trace of g does not show the shape of its output. Give at least one point."
            )
        self.structure = tf.nest.map_structure(lambda _: None, y)
        return [np.zeros((0, *s), leaf.dtype.as_numpy_dtype) for s, leaf in zip(shapes, _leaves(y), strict=True)]

    def gathered(self, *numbers: int) -> np.ndarray:
        """Gathers numbers from all workers, [workers, n]; also a barrier."""
        if self._strategy is None or self.workers == 1:
            return np.array([numbers])
        row = self._strategy.experimental_distribute_values_from_function(lambda _: tf.constant([numbers], tf.int64))
        rows = self._strategy.gather(row, axis=0).numpy()
        return rows[:: self.replicas // self.workers]

    def _spread(self, leaf: Any, share: int) -> Any:
        def part(context: Any) -> tf.Tensor:
            start = context.replica_id_in_sync_group * share
            return leaf[start : start + share]

        return self._strategy.experimental_distribute_values_from_function(part)  # type: ignore[union-attr]

    def _on_replicas(self, *leaves: Any) -> Any:
        strategy: Any = self._strategy

        def replica(*own: tf.Tensor) -> Any:
            y = call(self._traced, self._arguments, own)
            tensors = [_with_rows(leaf, path) for leaf, path in zip(_leaves(y), paths(y), strict=True)]
            return tf.nest.pack_sequence_as(y, tensors)

        return tf.nest.map_structure(lambda y: strategy.gather(y, axis=0), strategy.run(replica, leaves))


def _cluster(strategy: Strategy) -> tuple[int, bool]:
    resolver = strategy and strategy.cluster_resolver
    if not resolver or not resolver.cluster_spec().jobs:
        return 1, True
    cluster = resolver.cluster_spec().as_dict()
    workers = sum(len(cluster.get(job, ())) for job in ("chief", "worker"))
    first = "chief" if "chief" in cluster else "worker"
    return max(workers, 1), resolver.task_type in (None, "", first) and not resolver.task_id


def _filled(leaf: Any, length: int) -> tf.Tensor:
    missing = length - int(leaf.shape[0])
    return tf.concat([leaf, tf.repeat(leaf[-1:], missing, axis=0)], 0) if missing else leaf


def _leaves(y: Any) -> list[Any]:
    leaves = tf.nest.flatten(y)
    if not leaves or all(leaf is None for leaf in leaves):
        raise OutputError("g returned nothing (None). Return the tensor, or the structure of tensors, to keep.")
    return leaves


def _with_rows(leaf: Any, path: tuple[Any, ...]) -> tf.Tensor:
    """Converts a leaf to a tensor with rows; raises an OutputError."""
    try:
        tensor = tf.convert_to_tensor(leaf)
    except (TypeError, ValueError) as error:
        raise OutputError(
            f"{label('output', path)} of g is a {type(leaf).__name__}. Return dense tensors only."
        ) from error
    if tensor.shape.rank == 0:
        raise OutputError(_no_rows(path, (), "a batch"))
    return tensor


def _array(leaf: Any, path: tuple[Any, ...], rows: int) -> np.ndarray:
    array = _with_rows(leaf, path).numpy()
    if len(array) != rows:
        raise OutputError(_no_rows(path, array.shape, f"a batch of {rows} points"))
    return array


def _no_rows(path: tuple[Any, ...], shape: tuple[int, ...], batch: str) -> str:
    return (
        f"{label('output', path)} of g has shape {shape} for {batch}. Return one row for each point, and compute sums "
        "or means over the points from the result of evaluate."
    )


def _described(signature: list[Any]) -> str:
    return ", ".join(f"{label('output', path)} {dtype} of rows {shape}" for path, dtype, shape in signature)
