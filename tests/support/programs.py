"""Random programs of TensorFlow ops on small whole numbers, whose every result is exact in float64.

A program is a list of steps (name, a, b, c): a step appends to the tensors at hand what `STEPS[name]` makes of those that
a and b point at. Exact results are equal bit by bit, whatever the order of the additions.
"""

import tensorflow as tf

LARGEST = 2.0**12
"""Larger results are left out: products stay exact, in float32 too."""


def _axis(x, n):
    return n % x.shape.rank - (x.shape.rank if n % 2 else 0)


def _length(x, n):
    return x.shape[_axis(x, n)]


def _permutation(x, n):
    axes = list(range(x.shape.rank))
    n %= len(axes)
    return (axes[n:] + axes[:n])[:: -1 if n % 2 else 1]


def _shaped(x, y):
    """Returns x in y's shape: its elements repeated, or cut."""
    flat = tf.reshape(x, [-1])
    count, size = y.shape.num_elements(), x.shape.num_elements()
    return tf.reshape(tf.tile(flat, [-(-count // size)])[:count], y.shape)


def _image(x):
    return _shaped(x, tf.zeros([1, 3, 3, 2], x.dtype))


def _matrix(x):
    return tf.reshape(x, [x.shape[0], -1])


def _number(x, n):
    return tf.constant(n - 2, x.dtype)


def _filter(x, y, n):
    return _shaped(y, tf.zeros([1, 1, 2, 2], x.dtype)) if n % 2 else tf.ones([2, 2, 2, 1], x.dtype)


STEPS = {
    "unstack": lambda x, y, n: tf.unstack(x, axis=_axis(x, n)) if x.shape.rank > 1 else x,
    "split": lambda x, y, n: tf.split(x, _length(x, n), _axis(x, n)),
    "split_v": lambda x, y, n: tf.split(x, [1, _length(x, n) - 1], _axis(x, n)),
    "stack": lambda x, y, n: tf.stack([x, _shaped(y, x)], n % (x.shape.rank + 1)),
    "stack_equal": lambda x, y, n: tf.stack([x] * (n + 1), y.shape.rank % (x.shape.rank + 1)),
    "stack_copies": lambda x, y, n: tf.stack([x, tf.reshape(tf.identity(x), x.shape)], n % (x.shape.rank + 1)),
    "restack": lambda x, y, n: tf.stack(tf.unstack(x, axis=_axis(x, n)), _axis(x, n)) + tf.zeros([], x.dtype),
    "stack_slices": lambda x, y, n: tf.stack([x[i] for i in range(x.shape[0])]),
    "concat": lambda x, y, n: tf.concat([x, _shaped(y, x)], _axis(x, n)),
    "concat_equal": lambda x, y, n: tf.concat([x, x], _axis(x, n)),
    "tile": lambda x, y, n: tf.tile(x, [1 + (i + n) % 2 for i in range(x.shape.rank)]),
    "transpose": lambda x, y, n: tf.transpose(x, _permutation(x, n)),
    "transposed_twice": lambda x, y, n: tf.transpose(-tf.transpose(x, _permutation(x, n)), _permutation(x, n)),
    "flat": lambda x, y, n: tf.reshape(x, [-1]),
    "reshape": lambda x, y, n: tf.reshape(x, [_length(x, n), -1]),
    "reshape_chain": lambda x, y, n: tf.reshape(tf.abs(tf.reshape(x, [-1, 1])), x.shape[::-1]),
    "reshape_by_shape": lambda x, y, n: tf.reshape(x, tf.stack([tf.shape(x)[_axis(x, n)], -1])),
    "expand": lambda x, y, n: tf.expand_dims(x, n % (x.shape.rank + 1)),
    "squeeze": lambda x, y, n: tf.expand_dims(tf.squeeze(x), 0),
    "slice": lambda x, y, n: x[..., n % x.shape[-1] :],
    "stride": lambda x, y, n: x[:: 1 + n % 2, ...],
    "backwards": lambda x, y, n: x[::-1],
    "one_row": lambda x, y, n: x[n % x.shape[0]][None],
    "reverse": lambda x, y, n: tf.reverse(x, [_axis(x, n)]),
    "roll": lambda x, y, n: tf.roll(x, n, _axis(x, n)),
    "pad": lambda x, y, n: tf.pad(x, [[n % 2, 1]] * x.shape.rank, constant_values=float(n)),
    "gather": lambda x, y, n: tf.gather(x, [0, n % _length(x, n)], axis=_axis(x, n)),
    "broadcast": lambda x, y, n: tf.broadcast_to(x, [2, *x.shape]),
    "sum": lambda x, y, n: tf.reduce_sum(x, _axis(x, n), keepdims=bool(n % 2)),
    "sum_all": lambda x, y, n: tf.reduce_sum(x, keepdims=True),
    "prod": lambda x, y, n: tf.reduce_prod(x % 7, _axis(x, n)),
    "max": lambda x, y, n: tf.reduce_max(x, _axis(x, n), keepdims=bool(n % 2)),
    "cumsum": lambda x, y, n: tf.cumsum(x, _axis(x, n), exclusive=bool(n % 2)),
    "add": lambda x, y, n: x + _shaped(y, x),
    "sub": lambda x, y, n: x - _shaped(y, x),
    "mul": lambda x, y, n: x * _shaped(y, x),
    "outer": lambda x, y, n: x[..., None] * tf.reshape(y, [-1])[:2],
    "add_numbers": lambda x, y, n: (_number(x, n) + x) + (_number(x, n + 1) - _shaped(y, x)),
    "mul_numbers": lambda x, y, n: _number(x, n) * (x * (_number(x, n + 1) * _shaped(y, x))),
    "mul_add": lambda x, y, n: x * _number(x, n) + _shaped(y, x) * _number(x, n),
    "common": lambda x, y, n: x * _shaped(y, x) + x * x + x * _number(x, n),
    "add_ones": lambda x, y, n: x * tf.ones_like(_shaped(y, x)) + tf.zeros_like(x) - tf.ones([2, 1], x.dtype) * 0.0,
    "halved": lambda x, y, n: (x * 2.0) / 2.0 / _number(x, 3),
    "double": lambda x, y, n: x + x,
    "square": lambda x, y, n: x * x,
    "pow": lambda x, y, n: (x % 5) ** float(n % 4),
    "add_n": lambda x, y, n: tf.add_n([x, _shaped(y, x), x]),
    "add_n_equal": lambda x, y, n: tf.add_n([x] * (n + 1)),
    "add_n_broadcast": lambda x, y, n: tf.add_n([x, _shaped(y, x), x]) + (x + tf.reshape(y, [-1])[0]),
    "neg": lambda x, y, n: -x,
    "sub_neg": lambda x, y, n: tf.negative(-x) - (-_shaped(y, x)),
    "abs": lambda x, y, n: tf.abs(-tf.abs(x)),
    "relu": lambda x, y, n: tf.nn.relu(tf.nn.relu(x)),
    "max_with": lambda x, y, n: tf.maximum(x, _shaped(y, x)),
    "max_pool": lambda x, y, n: tf.reduce_max(tf.nn.relu(x), _axis(x, n)),
    "where": lambda x, y, n: tf.where(tf.logical_not(x > _shaped(y, x)), x, _number(x, n)),
    "where_const": lambda x, y, n: tf.where(tf.fill(x.shape, n % 2 == 0), x, _shaped(y, x)),
    "cast": lambda x, y, n: tf.cast(tf.transpose(tf.cast(x, tf.float32)), x.dtype),
    "int": lambda x, y, n: tf.cast(tf.cast(x, tf.int32) // (n + 1), x.dtype),
    "cast_reshape": lambda x, y, n: tf.cast(tf.reshape(tf.cast(tf.cast(x, tf.int32), tf.float32), [1, -1]), x.dtype),
    "bits": lambda x, y, n: tf.bitcast(tf.bitcast(x, tf.int64), x.dtype),
    "matmul": lambda x, y, n: tf.matmul(_matrix(x), tf.transpose(_matrix(_shaped(y, x)))),
    "matmul_transposed": lambda x, y, n: tf.matmul(tf.transpose(_matrix(x)), _matrix(_shaped(y, x)), False, False),
    "matmul_bias": lambda x, y, n: tf.nn.relu(
        tf.nn.bias_add(
            tf.matmul(_matrix(x), tf.ones([_matrix(x).shape[1], 2], x.dtype)), _shaped(y, tf.zeros([2], x.dtype))
        )
    ),
    "matmul_batch": lambda x, y, n: tf.matmul(_matrix(x)[None], _matrix(_shaped(y, x))[None], transpose_b=True),
    "einsum": lambda x, y, n: tf.einsum("ij,kj->ki", _matrix(x), _matrix(_shaped(y, x))),
    "conv": lambda x, y, n: tf.nn.conv2d(_image(x), _filter(x, y, n), 1, "SAME"),
    "conv_scaled": lambda x, y, n: tf.nn.conv2d(_image(x) * _number(x, n), tf.ones([2, 2, 2, 1], x.dtype), 1, "VALID"),
    "conv_bias": lambda x, y, n: tf.nn.relu(
        tf.nn.bias_add(tf.nn.conv2d(_image(x), _filter(x, y, 1), 1, "SAME"), _shaped(y, tf.zeros([2], x.dtype)))
    ),
    "upsample": lambda x, y, n: (
        tf.reshape(tf.tile(tf.reshape(_image(x), [1, 3, 1, 3, 1, 2]), [1, 1, 2, 1, 2, 1]), [1, 6, 6, 2])
        * tf.ones([1, 6, 6, 2], x.dtype)
    ),
    "mul_ones": lambda x, y, n: tf.expand_dims(x, -1) * tf.ones([1] * x.shape.rank + [2], x.dtype),
    "stop": lambda x, y, n: tf.stop_gradient(x) + x,
    "cond": lambda x, y, n: tf.cond(
        tf.reduce_sum(x) > tf.reduce_sum(y), lambda: tf.stack([x, x]), lambda: tf.stack([x, _shaped(y, x)])
    ),
    "loop": lambda x, y, n: tf.while_loop(
        lambda i, z: i < n, lambda i, z: (i + 1, z + tf.split(tf.stack([x, x]), 2)[1][0]), (0, x)
    )[1],
}


def run(program, x):
    """Runs a program on x; returns the last three of its results."""
    at_hand = [x]
    for step in program:
        at_hand += _results(step, at_hand)
    return at_hand[-3:]


def gradients(program, x):
    """The gradient by x of the sum of a program's results."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.add_n([tf.reduce_sum(t) for t in run(program, x)])
    return [tf.convert_to_tensor(tape.gradient(y, x, unconnected_gradients="zero"))]


def exact(program, x):
    """Leaves out the steps of a program whose results are too large, in number or in size, or that do not fit."""
    kept, at_hand = [], [x]
    for step in program:
        try:
            made = _results(step, at_hand)
        except (tf.errors.InvalidArgumentError, ValueError):
            continue
        if all(0 < y.shape.num_elements() <= 48 and float(tf.reduce_max(tf.abs(y))) <= LARGEST for y in made):
            kept.append(step)
            at_hand += made
    return kept


def _results(step, at_hand):
    name, a, b, n = step
    made = STEPS[name](at_hand[-1 - a % len(at_hand)], at_hand[-1 - b % len(at_hand)], n)
    return [y[None] if y.shape.rank == 0 else y for y in (made if isinstance(made, list) else [made])]
