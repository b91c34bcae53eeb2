"""Chooses the number of blocks of rows, from the bytes that a row keeps in memory and from the size of the cache."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import tensorflow as tf

from nthgrad.engines.graph import kinds, trace
from nthgrad.errors import ArgumentError

Block = int | Literal["auto"] | None

DEFAULT_CACHE = 2**20
"""Bytes of a core's second-level cache, where the system does not say: 1 MiB."""

CACHES = {True: 1, False: 8}
"""Bytes of a block on a CPU, in caches: with XLA, and without. Without, each op costs the same time for any rows."""

ON_GPU = 2**30
"""Bytes of a block on a GPU. Its kernels need many rows; a block there only bounds the memory."""

FEWEST = 256
"""Rows of a block, at least, if "auto" chooses it: with fewer, what a block costs outweighs the cache."""

IN_FLIGHT = 4
"""Bytes of a block in flight, by `live_bytes`, in caches. XLA fuses and orders ops so that about a quarter is alive."""

IN_THREADS = 2**26
"""Bytes in flight, by `live_bytes`, up to which all rows at once pay on several cores. There XLA runs kernels side by
side: of 40 MB, blocks on two cores took 0.9 to 1.05 of the time of all rows at once, of 150 MB 0.35 to 0.5."""

_CPU = Path("/sys/devices/system/cpu/cpu0/cache")


def checked_block(block: Any) -> Block:
    """Returns the rows of a block, "auto" or None; raises an ArgumentError."""
    if block is None or (isinstance(block, int) and not isinstance(block, bool) and block > 0):
        return block
    if isinstance(block, str) and block == "auto":
        return "auto"
    raise ArgumentError(
        f'block is {block!r}. Give the rows of a block, an integer of 1 or more; "auto"; or None for all rows at once.'
    )


@functools.cache
def cache_size(folder: Path = _CPU) -> int:
    """Returns the bytes of a core's second-level cache, as Linux says; else `DEFAULT_CACHE`. Read once."""
    units = {"K": 2**10, "M": 2**20, "G": 2**30}
    try:
        for index in sorted(folder.glob("index*")):
            level, kind, size = ((index / name).read_text().strip() for name in ("level", "type", "size"))
            if level == "2" and kind in ("Unified", "Data"):
                return int(size.rstrip("KMG")) * units.get(size[-1], 1)
    except (OSError, ValueError):
        pass
    return DEFAULT_CACHE


@functools.cache
def bytes_of_block(*, xla: bool) -> int:
    """Returns the bytes that a block may keep in memory on this machine's devices."""
    return ON_GPU if tf.config.list_logical_devices("GPU") else CACHES[xla] * cache_size()


def kept_bytes(forward: Sequence[tf.Operation], backward: Sequence[tf.Operation], lengths: Sequence[int]) -> list[int]:
    """Returns the bytes a row of each set that are alive between the forward and the backward pass.

    Args:
        forward: the ops of the forward pass.
        backward: the ops of the backward pass.
        lengths: the number of rows of each set in this graph: different primes. A tensor whose length is a multiple of
            one has its rows, also where a reshape folds them into another axis.
    """
    computed = {t.name for op in forward for t in op.outputs}
    kept = {t.name: t for op in backward for t in op.inputs if t.name in computed}
    found = [0] * len(lengths)
    for t in kept.values():
        dims: list[Any] = t.shape.as_list() if t.shape.rank else []
        for i, n in enumerate(lengths):
            if None not in dims and any(d and d % n == 0 for d in dims):
                found[i] += math.prod(dims) // n * t.dtype.size
    return found


def live_bytes(outputs: Sequence[tf.Tensor]) -> int:
    """Returns the bytes that a row keeps in memory, at most, while XLA computes some tensors, op after op.

    XLA fuses elementwise ops: what only they read and write is never in memory.

    Args:
        outputs: tensors of one graph whose number of rows is open. Only tensors of open length count.
    """
    if not outputs:
        return 0
    needed = trace.dependencies(outputs)
    ops = [op for op in outputs[0].graph.get_operations() if any(t.name in needed for t in op.outputs)]
    last = {t.name: i for i, op in enumerate(ops) for t in op.inputs}
    read = {t.name for op in ops if op.type not in kinds.ELEMENTWISE for t in op.inputs}
    freed: list[int] = [0] * (len(ops) + 1)
    now = most = 0
    for i, op in enumerate(ops):
        for t in op.outputs:
            dims: list[Any] = t.shape.as_list() if t.shape.rank else []
            kept = op.type not in kinds.ELEMENTWISE or t.name in read
            if None in dims and t.dtype != tf.variant and kept:
                size = math.prod(n for n in dims if n is not None) * t.dtype.size
                now += size
                freed[last.get(t.name, len(ops))] += size
        most = max(most, now)
        now -= freed[i]
    return most


def rows_of_block(block: Block, row_bytes: int) -> int | None:
    """Returns the rows of a block of a function compiled for a CPU, at most; None for all rows at once.

    Args:
        block: the rows of a block; "auto" or None.
        row_bytes: the bytes that a row keeps in memory.
    """
    if block != "auto":
        return block
    if tf.config.list_logical_devices("GPU") or cores() > at_once():
        return None
    return max(IN_FLIGHT * cache_size() // max(row_bytes, 1), FEWEST)


def rows_that_pay(block: Block, row_bytes: int) -> int:
    """Returns the number of rows up to which all are computed at once by choice, even if a block has fewer."""
    return IN_THREADS // max(row_bytes, 1) if block == "auto" and cores() > 1 else 0


@functools.cache
def cores() -> int:
    """Returns the number of cores on which TensorFlow runs an op."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, tf.config.threading.get_intra_op_parallelism_threads() or usable)


def at_once() -> int:
    """Returns the number of functions that TensorFlow runs side by side."""
    return min(cores(), tf.config.threading.get_inter_op_parallelism_threads() or cores())


def block_count(block: Block, lengths: Sequence[Any], row_bytes: Sequence[int], *, xla: bool | None) -> Any:
    """Returns the number of blocks: an integer, or a tensor where a length is one.

    Args:
        block: the rows of a block, at most; "auto" or None.
        lengths: the number of rows of each set.
        row_bytes: the bytes that a row of each set keeps in memory.
        xla: whether XLA compiles the blocks.
    """
    if block is None:
        return 1
    longest = _extreme(max, tf.maximum, lengths)
    if block == "auto":
        kept = sum(_wide(n) * max(b, 1) for n, b in zip(lengths, row_bytes, strict=True))
        wanted, most = _quotient(kept, bytes_of_block(xla=bool(xla))), _quotient(longest, FEWEST)
        if isinstance(most, tf.Tensor):
            return tf.cast(tf.minimum(wanted, tf.cast(most, tf.int64)), tf.int32)
        return min(wanted, most)
    return _quotient(longest, block)


def _wide(n: Any) -> Any:
    """Returns n in 64 bits: a million rows of 9,000 bytes are more than 32 bits count."""
    return tf.cast(n, tf.int64) if isinstance(n, tf.Tensor) else n


def _quotient(n: Any, d: Any) -> Any:
    """Returns n / d, rounded up."""
    return -(-n // d)


def _extreme(of_numbers: Any, of_tensors: Any, values: Sequence[Any]) -> Any:
    if any(isinstance(v, tf.Tensor) for v in values):
        return functools.reduce(of_tensors, values)
    return of_numbers(values)
