"""Sparse and ragged tensors, and sparse matrices in CSR form, which are variants.

Indices do not vary. Where the result of an op has new indices, its values are computed densely or by segments, and
gathered at these indices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines.taylor.families import bilinear, each, expanded, linear, piecewise
from nthgrad.engines.taylor.rules.selection import Map
from nthgrad.engines.taylor.series import value
from nthgrad.engines.taylor.step import Apply, Input, Rule, Step

LINEAR = """
    CSRSparseMatrixToDense CSRSparseMatrixToSparseTensor DenseToCSRSparseMatrix RaggedBincount RaggedFillEmptyRows
    RaggedFillEmptyRowsGrad RaggedGather RaggedTensorFromVariant RaggedTensorToSparse RaggedTensorToTensor
    RaggedTensorToVariant RaggedTensorToVariantGradient SparseAddGrad SparseBincount SparseFillEmptyRows
    SparseFillEmptyRowsGrad SparseMatrixTranspose SparseReduceSum SparseReduceSumSparse SparseReorder SparseSegmentMean
    SparseSegmentMeanGrad SparseSegmentMeanGradV2 SparseSegmentMeanWithNumSegments SparseSegmentSqrtN
    SparseSegmentSqrtNGrad SparseSegmentSqrtNGradV2 SparseSegmentSqrtNWithNumSegments SparseSegmentSum
    SparseSegmentSumGrad SparseSegmentSumGradV2 SparseSegmentSumWithNumSegments SparseSlice SparseSliceGrad SparseSplit
    SparseTensorDenseAdd SparseTensorToCSRSparseMatrix SparseToDense
    """


def places(indices: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
    """Converts indices to positions of elements in row-major order."""
    strides = tf.math.cumprod(shape, exclusive=True, reverse=True)
    return tf.reduce_sum(indices * strides, -1)


def at(dense: tf.Tensor, indices: tf.Tensor) -> tf.Tensor:
    """Returns the elements at some indices of a dense tensor that is broadcast."""
    rank = dense.shape.rank
    wide = tf.cast(tf.shape(dense) > 1, indices.dtype)
    return tf.gather_nd(dense, indices[:, tf.shape(indices)[1] - rank :] * wide)


def _found(some: tf.Tensor, among: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
    """Finds some indices in a sorted list of indices; -1 for a missing one."""
    some, among = places(some, shape), places(among, shape)
    i = tf.searchsorted(among, some, out_type=tf.int32)
    present = tf.gather(tf.concat([among, [-1]], 0), i) == some
    return tf.where(present, i, -1)


def _both(step: Step, indices: tf.Tensor) -> Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
    """Returns a map from two sparse tensors' values to their values at the indices of the result, 0 if missing."""
    first, second, shape = (value(step.inputs[i]) for i in (0, 3, 2))
    first, second = _found(first, indices, shape), _found(second, indices, shape)
    n = tf.shape(indices)[0]
    return lambda a, b: (tf.math.unsorted_segment_sum(a, first, n), tf.math.unsorted_segment_sum(b, second, n))


def _sparse_sum(step: Step) -> Map:
    both = _both(step, step.values[0])
    return lambda a, b: [None, tf.add(*both(a, b)), None]


def _concatenated(step: Step) -> Sequence[Input]:
    """Rebuilds the op on positions to find the order of its output: TensorFlow has no gradient for it."""
    n = len(step.inputs) // 3
    inputs = [value(x) for x in step.inputs]
    values = inputs[n : 2 * n]
    sizes = [tf.size(v) for v in values]
    numbers = tf.split(tf.range(tf.add_n(sizes)), sizes)
    order = step.rebuild([*inputs[:n], *numbers, *inputs[2 * n :]])[1]

    def made(op: Any, *inputs: tf.Tensor) -> list[Any]:
        return [None, tf.gather(tf.concat(inputs[n : 2 * n], 0), order), None]

    return expanded(made, afresh=True)(step)


def _sparse_extreme(*, greater: bool) -> Rule:
    def rule(step: Step) -> Any:
        a, b = value(step.inputs[1]), value(step.inputs[4])
        both = _both(step, step.values[0])
        a, b = both(a, b)
        first = a >= b if greater else a <= b

        def chosen(c: tf.Tensor, d: tf.Tensor) -> list[Any]:
            return [None, tf.where(first, *both(c, d))]

        return piecewise(lambda _: chosen, 1, 4)(step)

    return Rule(rule)


def _softmax(values: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
    """Computes the softmax of the values in each row."""
    distinct, rows = tf.unique(rows)
    n = tf.size(distinct)
    greatest = tf.math.unsorted_segment_max(tf.stop_gradient(values), rows, n)
    e = tf.exp(values - tf.gather(greatest, rows))
    return e / tf.gather(tf.math.unsorted_segment_sum(e, rows, n), rows)


# matrices in CSR form


def _entries(matrix: tf.Tensor, dtype: tf.DType) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    return tf.raw_ops.CSRSparseMatrixToSparseTensor(sparse_matrix=matrix, type=dtype)


def _dense(matrix: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    return tf.raw_ops.CSRSparseMatrixToDense(sparse_input=matrix, type=dtype)


def _densely(f: Callable[..., tf.Tensor], kind: str) -> Rule:
    """Computes the dense result and gathers the entries of the sparse one."""

    def rule(step: Step) -> Any:
        dtype = step.op.get_attr(kind)
        indices = _entries(step.values[0], dtype)[0]

        def made(op: Any, a: tf.Tensor, b: tf.Tensor, *rest: tf.Tensor) -> tf.Tensor:
            y = f(op, _dense(a, dtype), _dense(b, dtype), *rest)
            return tf.raw_ops.DenseToCSRSparseMatrix(dense_input=y, indices=indices)

        return expanded(made)(step)

    return Rule(rule)


def _matrix_product(op: Any, a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    options = {name: op.get_attr(name) for name in ("transpose_a", "transpose_b", "adjoint_a", "adjoint_b")}
    return tf.matmul(a, b, **options)


RULES: dict[str, Rule | Apply] = {
    **each(LINEAR, linear),
    "SparseTensorDenseMatMul": bilinear(1, 3),
    "SparseDenseCwiseAdd": expanded(lambda op, i, v, shape, dense: v + at(dense, i)),
    "SparseDenseCwiseMul": expanded(lambda op, i, v, shape, dense: v * at(dense, i)),
    "SparseDenseCwiseDiv": expanded(lambda op, i, v, shape, dense: v / at(dense, i)),
    "SparseSoftmax": expanded(lambda op, i, v, shape: _softmax(v, places(i[:, :-1], shape[:-1]))),
    "SparseConcat": _concatenated,
    "SparseAdd": piecewise(_sparse_sum, 1, 4),
    "SparseSparseMaximum": _sparse_extreme(greater=True),
    "SparseSparseMinimum": _sparse_extreme(greater=False),
    "SparseMatrixMatMul": bilinear(0, 1),
    "SparseMatrixSparseMatMul": _densely(_matrix_product, "type"),
}
