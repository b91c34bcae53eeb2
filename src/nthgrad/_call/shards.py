"""Shards of the rows, one a core: functions that XLA compiles, called side by side by a function that it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from nthgrad._call.block_size import at_once
from nthgrad.engines import _private

Tensors = list[tf.Tensor]


def shard_count(blocks: Any, *, xla: bool | None) -> int:
    """Returns the number of shards of a computation in blocks, in the graph being traced or called eagerly.

    XLA computes one loop after another, but TensorFlow runs the calls of an uncompiled function side by side. So shards
    pay on a CPU, where XLA compiles the blocks and not their caller, with a block for each core at least.

    Args:
        blocks: the number of blocks; a tensor if the graph does not know it.
        xla: whether XLA compiles the blocks.
    """
    if not xla or not isinstance(blocks, int) or tf.config.functions_run_eagerly() or tf.distribute.has_strategy():
        return 1
    if _private.compiled_by_xla() or _private.records() or tf.config.list_logical_devices("GPU"):
        return 1
    return at_once() if blocks >= at_once() else 1


def side_by_side(compute: Callable[[tf.Tensor], Tensors], shards: int) -> list[Tensors]:
    """Returns what a function computes for each shard, in the graph being traced.

    Args:
        compute: takes the index of a shard; XLA compiles it, once for all shards.
        shards: the number of shards.
    """
    run = tf.function(compute, [tf.TensorSpec([], tf.int32)], autograph=False, jit_compile=True)
    return [run(tf.constant(i)) for i in range(shards)]
