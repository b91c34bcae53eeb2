"""The floor of a derivative: its matrix products and one evaluation of the activations, in one call.

A derivative of order n multiplies n + 1 Taylor coefficients of each layer by the weights, and evaluates the activations
once. All else that an engine computes comes on top. The floor depends on no engine.
"""

import tensorflow as tf
from sides import in_tf
from workloads import BLOCK, RNG


def products(weights, coefficients, rows, block=None, gradients=False):
    """Matrix products of a tanh network, compiled by XLA, as a side.

    Args:
        weights: the kernels of the layers.
        coefficients: the number of Taylor coefficients; those above the value pass no activation.
        rows: the number of points.
        block: rows of a block, by which the rows are divided; None for all at once.
        gradients: whether to multiply for the gradients of the kernels as well, and to add them up.
    """
    count, size = 1 if block is None else rows // block, block or rows
    ws = [tf.constant(w) for w in weights]
    points = tf.constant(RNG.uniform(-1, 1, (count, coefficients * size, len(weights[0]))).astype("float32"))

    def of_block(x):
        pairs = [(x[:size], x[size:])]
        for i, w in enumerate(ws):
            value, rest = (y @ w for y in pairs[-1])
            pairs.append((tf.tanh(value) if i + 1 < len(ws) else value, rest))
        if not gradients:
            return list(pairs[-1])
        slopes, found = pairs[-1], []
        for ys, w in zip(pairs[-2::-1], ws[::-1], strict=True):
            found.append(tf.add_n([tf.matmul(y, s, transpose_a=True) for y, s in zip(ys, slopes, strict=True)]))
            slopes = [tf.matmul(s, w, transpose_b=True) for s in slopes]
        return found[::-1]

    @tf.function(autograph=False, jit_compile=True)
    def run(points):
        if count == 1:
            return of_block(points[0])
        if not gradients:
            return tf.map_fn(
                lambda x: of_block(x), points, fn_output_signature=[points.dtype] * 2, parallel_iterations=1
            )
        turn = lambda i, *sums: (i + 1, *(a + b for a, b in zip(sums, of_block(points[i]), strict=True)))  # noqa: E731
        return tf.while_loop(lambda i, *_: i < count, turn, [tf.constant(0), *map(tf.zeros_like, ws)])[1:]

    return in_tf(run, points)


def one_call(f, x):
    """One evaluation of a function without matrix products, compiled by XLA, as a side."""
    return in_tf(tf.function(f, autograph=False, jit_compile=True), tf.constant(x))


def of_workload(w, n):
    """The floors of an order of a workload by name, or none if its products are not counted here."""
    if w.weights is None:
        return {}
    if not w.weights:
        return {"floor": lambda: one_call(w.in_tf, w.x)}
    make = lambda block: products(w.weights, n + 1, len(w.x), block)  # noqa: E731
    return {"floor": lambda: make(None), "floor, blocks": lambda: make(BLOCK)}
