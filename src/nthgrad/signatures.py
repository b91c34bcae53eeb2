"""One trace for each signature: values, Python floats and batch sizes do not trace again."""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import tensorflow as tf

from nthgrad.engines import outputs
from nthgrad.errors import OutputError


class OncePerSignature:
    """A `tf.function` whose first trace for given dtypes and ranks leaves the batch size open.

    Left to itself, tf.function traces once for the first batch size and again for the second. A function that needs
    the length of its batch while it is traced (a Python loop over it, say) cannot be traced so, and is then traced
    for each batch size.
    """

    def __init__(self, traced: Callable[..., Any], jit_compile: bool | None):
        # Traced where XLA compiles, gradients of some ops (Slice, ConcatV2) emit XLA-only ops that have no gradient of
        # their own; tapes in a plain tf.function, traced before a compiled one calls it, do not see that.
        self._plain = tf.function(traced, autograph=False)
        self._run = tf.function(self._plain.__call__, autograph=False, jit_compile=True) if jit_compile else self._plain
        self._open: dict[Any, bool] = {}

    def __call__(self, x: tf.Tensor, key: int | str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Calls `traced(x, key, open, args, kwargs) -> (result, lengths left to check)` and returns the result.

        Raises:
            OutputError: the lengths, which tracing could not know, show that f mixes elements of x.
        """
        opened = self._opens(x, key, args, kwargs)
        try:
            result, unknown = self._run(x, key, opened, args, kwargs)
        except tf.errors.InvalidArgumentError:
            if not opened or not x.shape.is_fully_defined():
                raise
            opened = False
            result, unknown = self._run(x, key, opened, args, kwargs)  # known lengths tell better what is wrong
        if unknown and not tf.executing_eagerly():
            with tf.control_dependencies(outputs.assert_apart(unknown, x)):
                return tf.nest.map_structure(tf.identity, result)
        if opened and not outputs.apart(unknown, x):
            result, unknown = self._run(x, key, False, args, kwargs)
        if not outputs.apart(unknown, x):
            raise OutputError(outputs.MIXES)
        return result

    def _opens(self, x: tf.Tensor, key: int | str, args: Any, kwargs: Any) -> bool:
        """Whether to use a trace with open lengths; makes the trace when it is asked for the first time."""
        batch = x.shape[0] if x.shape.rank else None
        specs = tf.nest.map_structure(lambda v: _open_batch(v, batch), (x, args, kwargs))
        signature = _hashable((key, *sorted(kwargs), *tf.nest.flatten(specs)))
        if signature not in self._open:
            self._open[signature] = self._traces(specs[0], key, specs[1], specs[2])
        return self._open[signature]

    def _traces(self, x: tf.TensorSpec, key: int | str, args: Any, kwargs: Any) -> bool:
        """Whether f can be traced with its batch size open; if not, the trace with a known one says what is wrong.

        Inside a graph that XLA will compile, a trace that fails may succeed outside of it. A new thread is outside of
        every graph; tf.init_scope would be too, but stops the tapes. Replicas of a strategy have to stay inside.
        """
        trace = functools.partial(self._plain.get_concrete_function, x, key, True, args, kwargs)
        if _succeeds(trace):
            return True
        if tf.executing_eagerly() or tf.distribute.has_strategy():
            return False
        with ThreadPoolExecutor(1) as outside:
            return outside.submit(_succeeds, trace).result()


def _succeeds(call: Callable[[], Any]) -> bool:
    try:
        call()
    except Exception:
        return False
    return True


def _open_batch(value: Any, batch: int | None) -> Any:
    """The signature of a tensor, its first length left open where it is the batch size of x."""
    if not isinstance(value, tf.Tensor):
        return value
    if batch is not None and value.shape.rank and value.shape[0] == batch:
        return tf.TensorSpec([None, *value.shape[1:]], value.dtype)
    return tf.TensorSpec(value.shape, value.dtype)


def _hashable(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """The values, with the identity of those that have no hash (they are kept alive by nobody, as in tf.function)."""
    out = []
    for v in values:
        try:
            hash(v)
        except TypeError:
            v = (type(v), id(v))
        out.append(v)
    return tuple(out)
