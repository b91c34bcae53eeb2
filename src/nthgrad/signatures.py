"""One trace for each signature: values, Python floats and batch sizes do not trace again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from nthgrad.engines.outputs import MIXES


class OncePerSignature:
    """A `tf.function` whose first trace for given dtypes and ranks leaves the batch size open.

    Left to itself, tf.function traces once for the first batch size and again for the second. A function that needs
    the length of its batch while it is traced (a Python loop over it, say) cannot be traced so, and is then traced
    for each batch size.
    """

    def __init__(self, traced: Callable[..., Any], jit_compile: bool | None):
        plain = tf.function(traced, autograph=False)
        # Under jit_compile, gradients of some ops (Slice, ConcatV2) emit XLA-only ops that have no gradient of their
        # own; tapes in a plain tf.function that the compiled one calls do not see that they are compiled.
        self._run = tf.function(plain.__call__, autograph=False, jit_compile=True) if jit_compile else plain
        self._jit = jit_compile
        self._open: dict[Any, bool] = {}

    def __call__(self, x: tf.Tensor, key: int | str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Calls the traced function as `traced(x, key, assume, args, kwargs)`."""
        batch = x.shape[0] if x.shape.rank else None
        if batch is None:
            return self._run(x, key, x.shape.rank != 0, args, kwargs)
        specs = tf.nest.map_structure(lambda v: _open_batch(v, batch), (x, args, kwargs))
        signature = _hashable((key, sorted(kwargs), *tf.nest.flatten(specs)))
        if signature not in self._open:
            self._open[signature] = self._traces(specs[0], key, specs[1], specs[2])
        try:
            return self._run(x, key, self._open[signature], args, kwargs)
        except tf.errors.InvalidArgumentError as error:
            if MIXES not in str(error):
                raise
            return self._run(x, key, False, args, kwargs)  # known lengths tell which shapes do not fit

    def _traces(self, x: tf.TensorSpec, key: int | str, args: Any, kwargs: Any) -> bool:
        """Whether f can be traced with its batch size open; if not, the trace with a known one says what is wrong."""
        try:
            self._run.get_concrete_function(x, key, True, args, kwargs)
        except Exception:
            return False
        return True


def _open_batch(value: Any, batch: int) -> Any:
    """The signature of a tensor, its first length left open where it is the batch size of x."""
    if not isinstance(value, tf.Tensor):
        return value
    if value.shape.rank and value.shape[0] == batch:
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
