"""One trace for each signature: values, Python floats and batch sizes do not trace again."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import tensorflow as tf

from nthgrad.engines import outputs
from nthgrad.engines.graph import trace as engine_trace
from nthgrad.engines.refusals import translated
from nthgrad.errors import MixingError, OutputError

Tensors = tuple[tf.Tensor, ...]
Keys = tuple[int | str, ...]  # where the tensors to differentiate by stand among f's arguments: positions, or names


class OncePerSignature:
    """A `tf.function` whose first trace for given dtypes and ranks leaves the batch size open.

    Left to itself, tf.function traces once for the first batch size and again for the second. A function that needs
    the length of its batch while it is traced (a Python loop over it, say) cannot be traced so, and is then traced
    for each batch size.
    """

    def __init__(self, traced: Callable[..., Any], *, jit_compile: bool | None, tapes: bool):
        # Traced where XLA compiles, gradients of some ops (Slice, ConcatV2) emit XLA-only ops that have no gradient of
        # their own; tapes in a plain tf.function, traced before a compiled one calls it, do not see that.
        nested = jit_compile and tapes
        self._plain = tf.function(traced, autograph=False, jit_compile=None if nested else jit_compile)
        self._run = tf.function(self._plain.__call__, autograph=False, jit_compile=True) if nested else self._plain
        self._jit_compile, self._tapes = jit_compile, tapes
        self._in_place = not jit_compile and not tapes
        self._open: dict[Any, Any] = {}  # the trace with open lengths, or None where there is none
        self._concrete: dict[Any, Callable[..., Any]] = {}
        self._direct: dict[Any, Callable[..., Any]] = {}

    def shortcut(self, args: tuple[Any, ...]) -> Any:
        """What a call gives that `open_shortcut` has been asked for, with such arguments; else None.

        A call of a concrete function has a tenth of the work of a `tf.function` to do in Python, which for a small
        network is a half of the time.
        """
        if not self._direct or not all(isinstance(t, tf.Tensor) for t in args) or not _plainly_eager():
            return None
        function = self._direct.get(_shapes(args))
        if function is None:
            return None
        try:
            result, unknown = function(*args)
        except tf.errors.InvalidArgumentError:
            return None  # the long way tells what is wrong
        return result if outputs.apart(unknown) else None

    def open_shortcut(self, args: tuple[Any, ...], keys: tuple[int, ...]) -> None:
        """Traces the concrete function for a call with nothing but eager tensors, those to vary at positions `keys`."""
        if not _plainly_eager() or not all(isinstance(t, tf.Tensor) for t in args):
            return

        def apart(tensors: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
            return tuple(tensors[i] for i in keys), tuple(t for i, t in enumerate(tensors) if i not in keys)

        xs, rest = apart(args)
        opened = self._opened(xs, keys, rest, {}) is not None
        batch = _batch(xs) if opened else None
        specs = [_open_batch(t, batch) for t in args]

        def run(*tensors: tf.Tensor) -> Any:
            xs, rest = apart(tensors)
            return self._run(xs, keys, rest, {}, opened=opened)

        signature = _shapes(specs)
        if signature not in self._concrete:
            function = tf.function(run, autograph=False, jit_compile=self._jit_compile)
            self._concrete[signature] = function.get_concrete_function(*specs)
        self._direct[_shapes(args)] = self._concrete[signature]

    @translated
    def __call__(self, xs: Tensors, keys: Keys, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Calls `traced(xs, keys, args, kwargs, opened=...) -> (result, lengths left to check)` and returns the result.

        Raises:
            OutputError: the lengths, which tracing could not know, show that f mixes elements of x.
        """
        trace = self._opened(xs, keys, args, kwargs)
        opened = trace is not None
        known = all(x.shape.is_fully_defined() for x in xs)
        if opened and known and self._in_place and not tf.executing_eagerly() and not _calls(trace.graph):
            # In place. A function called here would hand the outer tape the slopes by its arguments too, and XLA, which
            # needs the offsets that a concat's slope is cut at, would compile anew for all new points. But an outer
            # tape sees the variables that a function called by f reads at such a call only.
            result, unknown = self._run.python_function(tuple(map(_here, xs)), keys, args, kwargs, opened=False)
            return _asserted(result, unknown)
        if opened and known and not tf.executing_eagerly() and not _settled(trace):
            opened = False  # known lengths are checked now, for XLA would drop an assertion; and shapes stay known
            if self._tapes:
                trace_function = self._plain.get_concrete_function
                self._outside(functools.partial(trace_function, xs, keys, args, kwargs, opened=False))
        try:
            result, unknown = self._run(xs, keys, args, kwargs, opened=opened)
        except tf.errors.InvalidArgumentError:
            if not opened or not known:
                raise
            opened = False  # known lengths tell better what is wrong
            result, unknown = self._run(xs, keys, args, kwargs, opened=opened)
        if not tf.executing_eagerly():
            return _asserted(result, unknown)
        if opened and not outputs.apart(unknown):
            result, unknown = self._run(xs, keys, args, kwargs, opened=False)
        if not outputs.apart(unknown):
            raise OutputError(outputs.MIXES)
        return result

    def forget_failures(self) -> None:
        """Forgets the signatures without a trace with open lengths: f may be mended before the next call."""
        self._open = {signature: trace for signature, trace in self._open.items() if trace is not None}

    def _opened(self, xs: Tensors, keys: Keys, args: Any, kwargs: Any) -> Any:
        """The trace with open lengths, made when it is asked for the first time, or None where there is none."""
        batch = _batch(xs)
        specs = tf.nest.map_structure(lambda v: _open_batch(v, batch), (xs, args, kwargs))
        signature = _hashable((*keys, *sorted(kwargs), *tf.nest.flatten(specs)))
        known = self._open  # another thread may forget its failures meanwhile
        if signature not in known:
            try:
                known[signature] = self._traces(specs[0], keys, specs[1], specs[2])
            except MixingError:
                self._refuse_lengths(xs, keys, args, kwargs)
                raise
        return known[signature]

    def _traces(self, xs: tuple[tf.TensorSpec, ...], keys: Keys, args: Any, kwargs: Any) -> Any:
        """The trace with an open batch size; None if it fails: the one with a known size then says what is wrong."""
        trace = functools.partial(self._plain.get_concrete_function, xs, keys, args, kwargs, opened=True)
        found = _attempt(trace)
        return self._outside(trace) if found is None and not tf.executing_eagerly() else found

    def _refuse_lengths(self, xs: Tensors, keys: Keys, args: Any, kwargs: Any) -> None:
        """Raises the error of the trace with known lengths, if it says what is wrong with the shape of f(x)."""
        (xs, args, kwargs) = tf.nest.map_structure(lambda v: _open_batch(v, None), (xs, args, kwargs))
        with contextlib.suppress(MixingError):
            trace = functools.partial(self._plain.get_concrete_function, xs, keys, args, kwargs, opened=False)
            _attempt(trace, OutputError)

    def _outside(self, trace: Callable[[], Any]) -> Any:
        """Traces what may fail inside a graph that XLA will compile, out of it.

        A new thread is outside of every graph; tf.init_scope would be too, but stops the tapes. Replicas of a strategy
        have to stay inside.
        """
        if tf.distribute.has_strategy():
            return None
        with ThreadPoolExecutor(1) as outside:
            return outside.submit(_attempt, trace).result()


def _here(x: tf.Tensor) -> tf.Tensor:
    """Returns x as a tensor of the graph being traced. In a branch or a loop it may be one of the graph outside."""
    return x if getattr(x, "graph", None) is tf.compat.v1.get_default_graph() else tf.identity(x)


def _calls(graph: tf.Graph) -> bool:
    """Whether anything in a graph runs a function."""
    return any(engine_trace.bodies(op) for op in graph.get_operations())


def _settled(trace: Any) -> bool:
    """Whether nothing about the lengths of the results is left to find out."""
    results, unknown = trace.structured_outputs
    return not unknown and all(t.shape.is_fully_defined() for t in tf.nest.flatten(results))


def _asserted(result: Any, unknown: list[tf.Tensor]) -> Any:
    """The result, in a graph, once the lengths that are left to check have been found right."""
    if not unknown:
        return result
    with tf.control_dependencies(outputs.assert_apart(unknown)):
        return tf.nest.map_structure(tf.identity, result)


def _plainly_eager() -> bool:
    return tf.executing_eagerly() and not tf.distribute.has_strategy() and not tf.config.functions_run_eagerly()


def _shapes(tensors: Sequence[Any]) -> tuple[Any, ...]:
    return tuple((t.dtype, *t.shape) for t in tensors)


def _attempt(call: Callable[[], Any], refusal: type[Exception] = MixingError) -> Any:
    try:
        return call()
    except refusal:  # of mixed rows: with a known batch they might not be seen
        raise
    except Exception:
        return None


def _batch(xs: Tensors) -> int | None:
    return xs[0].shape[0] if xs[0].shape.rank else None


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
