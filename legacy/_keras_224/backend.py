"""Functions of the Keras 2.2.4 backend that tf_keras lacks or has changed."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import tensorflow as tf

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._runtime import guards

BACKEND = "tensorflow"  # `keras.backend._BACKEND`
_v1 = tf.compat.v1
_uids: "WeakKeyDictionary[tf.Graph, defaultdict[str, int]]" = WeakKeyDictionary()
_ORDERINGS = {"tf": "channels_last", "th": "channels_first"}


def _today() -> Any:
    return tf_keras.source("backend")


class Function:
    """The result of `K.function`: computes tensors of the graph from arrays, then updates variables.

    The outputs may be tensors, variables, operations and None in any nest. One tensor returns its value without a list.
    """

    def __init__(
        self, inputs: Sequence, outputs: Any, updates: Sequence | None = None, name: str | None = None, **session: Any
    ) -> None:
        updates = [] if updates is None else updates
        for given, called in ((inputs, "inputs"), (updates, "updates")):
            if not isinstance(given, (list, tuple)):
                raise TypeError(f"`{called}` to a TensorFlow backend function should be a list or tuple.")
        self.inputs, self.outputs, self.name = list(inputs), outputs, name
        first = [each for each in tf.nest.flatten(outputs, expand_composites=True) if each is not None]
        with tf.control_dependencies(first):
            self.updates_op = tf.group(
                *(_v1.assign(*update) if isinstance(update, tuple) else update for update in updates)
            )
        self.feed_dict = session.pop("feed_dict", None) or {}
        fetches = session.pop("fetches", None) or []
        self.fetches = [tf.identity(each) for each in (fetches if isinstance(fetches, list) else [fetches])]
        self._options, self._metadata = session.pop("options", None), session.pop("run_metadata", None)
        if session:
            raise ValueError(f'Invalid argument "{next(iter(session))}" passed to K.function with TensorFlow backend')

    def __call__(self, inputs: Sequence) -> Any:
        """Computes the outputs for inputs, which are arrays or tensors; None does not feed an input."""
        if not isinstance(inputs, (list, tuple)):
            raise TypeError("`inputs` should be a list or tuple.")
        session = _today().get_session()
        feed = dict(self.feed_dict)
        for tensor, value in zip(self.inputs, inputs, strict=False):
            if value is not None:
                feed[tensor] = _value(tensor, session.run(value) if tf.is_tensor(value) else value)
        # Session.run does not accept None as a fetch.
        flat = tf.nest.flatten(self.outputs)
        asked = [each for each in flat if each is not None]
        values, *_ = session.run([asked, self.fetches, self.updates_op], feed, self._options, self._metadata)
        found = iter(values)
        return tf.nest.pack_sequence_as(self.outputs, [None if each is None else next(found) for each in flat])


def _value(tensor: Any, value: Any) -> Any:
    if isinstance(tensor, tf.SparseTensor) and hasattr(value, "tocoo"):
        coo = value.tocoo()
        values = coo.data.astype(tensor.dtype.as_numpy_dtype)
        return _v1.SparseTensorValue(np.stack([coo.row, coo.col], 1), values, coo.shape)
    return value if isinstance(tensor, tf.SparseTensor) else np.asarray(value, tensor.dtype.base_dtype.as_numpy_dtype)


def function(inputs: Sequence, outputs: Any, updates: Sequence | None = None, **kwargs: Any) -> Function:
    """Returns a callable that computes `outputs` from arrays for `inputs` in the session, then runs the `updates`."""
    guards.require_session("K.function")
    return Function(inputs, outputs, updates=updates, **kwargs)


def batch_dot(x: Any, y: Any, axes: Any = None) -> Any:
    """Multiplies the samples of x with those of y, summing over one axis of each.

    For two matrices and equal axes, the result is one number a sample; with the axes (0, 1), x is transposed first.
    Otherwise the last two axes are matrices, and the product sums over the given axes.
    """
    left, right = len(x.shape), len(y.shape)
    axes = (axes, axes) if isinstance(axes, int) else (left - 1, right - 2) if axes is None else axes
    if any(isinstance(axis, (list, tuple)) for axis in axes):
        raise ValueError(
            f"Multiple target dimensions are not supported. Expected: None, int, (int, int), Provided: {axes}"
        )
    x, y = tf.convert_to_tensor(x), tf.convert_to_tensor(y)
    added = abs(left - right)
    for _ in range(added):
        x, y = (x, y[..., tf.newaxis]) if left > right else (x[..., tf.newaxis], y)
    if max(left, right) == 2:
        turned = x if axes[0] == axes[1] else tf.transpose(x)
        out = tf.reduce_sum(turned * y, axis=axes[1])
    else:
        last = max(left, right) - 1
        out = tf.matmul(x, y, transpose_a=axes[0] != last, transpose_b=axes[1] == last)
    if added:
        start = left + right - 3 if left > right else left - 1
        out = tf.squeeze(out, list(range(start, start + added)))
    return out[:, tf.newaxis] if len(out.shape) == 1 else out


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """Selects one of two expressions: as a whole for a scalar condition, otherwise element by element.

    A condition of lower rank is broadcast over the missing last axes; one of rank 1 selects rows.
    """
    condition = tf.cast(condition, tf.bool)
    branches = [each if callable(each) else lambda each=each: each for each in (then_expression, else_expression)]
    if not len(condition.shape):
        return _v1.cond(condition, *branches)
    then, other = (tf.identity(each()) for each in branches)
    lacking = len(then.shape) - len(condition.shape)
    if lacking < 0:
        raise ValueError(
            "Rank of `condition` should be less than or equal to rank of `then_expression` and `else_expression`. "
            f"ndim(condition)={len(condition.shape)}, ndim(then_expression)={len(then.shape)}"
        )
    if len(condition.shape) > 1:
        for _ in range(lacking):
            condition = condition[..., tf.newaxis]
        condition = tf.broadcast_to(condition, tf.shape(then))
    return _v1.where(condition, then, other)


def bias_add(x: Any, bias: Any, data_format: str | None = None) -> Any:
    """Adds a bias to the channels; to the last axis of a matrix."""
    if len(x.shape) not in (3, 4, 5) and len(bias.shape) == 1:
        normalize_data_format(data_format)
        return tf.nn.bias_add(x, bias)
    return _today().bias_add(x, bias, data_format=data_format)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: str = "int32") -> Any:
    """Returns the numbers from `start` up to `stop`, or from 0 up to `start`; none if `start` is negative."""
    if stop is None:
        start = tf.maximum(start, 0)
    values = tf.range(start) if stop is None and step == 1 else tf.range(start, stop, step)
    return values if dtype == "int32" else tf.cast(values, dtype)


def separable_conv1d(
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: int | tuple[int, ...] = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: int | tuple[int, ...] = 1,
) -> Any:
    """Convolves each channel, then all channels with a kernel of size 1."""
    first = normalize_data_format(data_format) == "channels_first"
    stride, rate = (each if isinstance(each, int) else each[0] for each in (strides, dilation_rate))
    image = (tf.transpose(x, (0, 2, 1)) if first else x)[:, tf.newaxis]
    kernels = depthwise_kernel[tf.newaxis], pointwise_kernel[tf.newaxis]
    step = (1, stride, stride, 1)
    out = tf.nn.separable_conv2d(image, *kernels, step, padding.upper(), dilations=(1, rate))[:, 0]
    return tf.transpose(out, (0, 2, 1)) if first else out


def ctc_decode(
    y_pred: Any, input_length: Any, greedy: bool = True, beam_width: int = 100, top_paths: int = 1
) -> tuple[list, Any]:
    """Returns the most likely labels and their scores; shorter sequences are padded with -1."""
    scores = tf.math.log(tf.transpose(y_pred, perm=[1, 0, 2]) + _today().epsilon())
    lengths = tf.cast(input_length, tf.int32)
    if greedy:
        decoded, score = tf.nn.ctc_greedy_decoder(scores, lengths)
    else:
        decoded, score = _v1.nn.ctc_beam_search_decoder(scores, lengths, beam_width, top_paths)
    return [_v1.sparse_to_dense(each.indices, each.dense_shape, each.values, -1) for each in decoded], score


def is_tensor(x: Any) -> bool:
    """Returns whether x is a tensor or a variable of TensorFlow."""
    return tf.is_tensor(x) or isinstance(x, tf.Variable)


def slice(x: Any, start: Any, size: Any) -> Any:  # noqa: A001 its name in Keras
    """Returns the block of x that begins at `start`."""
    return tf.slice(x, start, size)


def identity(x: Any, name: str | None = None) -> Any:
    """Returns a tensor with the same values."""
    return tf.identity(x, name)


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Computes the logarithm of the sum of exponentials."""
    return tf.reduce_logsumexp(x, axis, keepdims)


def get_variable_shape(x: Any) -> Any:
    """Returns the shape of a variable, as a tuple."""
    return _today().int_shape(x)


def get_uid(prefix: str = "") -> int:
    """Returns the number of calls with this prefix in the graph, this one included."""
    counts = _uids.setdefault(_v1.get_default_graph(), defaultdict(int))
    counts[prefix] += 1
    return counts[prefix]


def reset_uids() -> None:
    """Resets the counts of `get_uid` and of layer names."""
    _uids.clear()
    _today().reset_uids()


def normalize_data_format(value: str | None) -> str:
    """Returns "channels_first" or "channels_last"; None means the current setting."""
    found = (_today().image_data_format() if value is None else value).lower()
    if found not in _ORDERINGS.values():
        raise ValueError(
            f'The `data_format` argument must be one of "channels_first", "channels_last". Received: {value}'
        )
    return found


def image_dim_ordering() -> str:
    """Returns Keras 1's name for the current order of axes: "tf" or "th"."""
    return "th" if _today().image_data_format() == "channels_first" else "tf"


def set_image_dim_ordering(dim_ordering: str) -> None:
    """Sets the order of axes by Keras 1's name: "tf" has the channels last, "th" first."""
    if dim_ordering not in _ORDERINGS:
        raise ValueError("Unknown dim_ordering:", dim_ordering)
    _today().set_image_data_format(_ORDERINGS[dim_ordering])
