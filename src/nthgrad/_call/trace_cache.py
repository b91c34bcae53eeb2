"""Caches one trace for each signature: new values, Python floats and batch sizes are not traced again."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import tensorflow as tf

from nthgrad._call.block_size import Block
from nthgrad._call.row_blocks import Cut, RowBlocks, in_blocks, in_shards
from nthgrad._call.shards import shard_count
from nthgrad.engines import outputs
from nthgrad.engines.graph import trace as engine_trace
from nthgrad.engines.graph.row_cuts import ROWS
from nthgrad.engines.refusals import translated
from nthgrad.errors import MixingError, OutputError

Tensors = tuple[tf.Tensor, ...]
Keys = tuple[int | str, ...]  # the tensors to differentiate by: their positions or names among f's arguments


class OncePerSignature:
    """A `tf.function` whose first trace for given dtypes and ranks leaves the batch size unknown ("open").

    A plain tf.function traces once for the first batch size and again for the second. Some functions need the batch
    size while they are traced, for example in a Python loop over the batch. They are traced for each batch size.
    """

    def __init__(
        self,
        traced: Callable[..., Any],
        *,
        jit_compile: bool | None,
        tapes: bool,
        rows_of_others: bool = False,
        block: Block = None,
    ):
        # Inside a function compiled by XLA, the gradients of some ops (Slice, ConcatV2) use XLA-only ops, which have no
        # gradient. So nested tapes are traced in a plain tf.function, before a compiled one calls it.
        nested = jit_compile and tapes
        self._plain = tf.function(traced, autograph=False, jit_compile=None if nested else jit_compile)
        self._run = tf.function(self._plain.__call__, autograph=False, jit_compile=True) if nested else self._plain
        self._jit_compile, self._tapes = jit_compile, tapes
        self._in_place = not jit_compile and not tapes
        self._rows_of_others = rows_of_others
        # XLA lets tf.vectorized_map call a function, of whose shapes too little is known to prove anything.
        self._proved = tf.function(traced, autograph=False) if jit_compile and not tapes else self._plain
        self._blocks = RowBlocks(block, jit_compile=jit_compile, tapes=tapes)
        self._open: dict[Any, Any] = {}  # the trace with open lengths, or None if it failed
        self._concrete: dict[Any, Callable[..., Any]] = {}
        self._direct: dict[Any, Callable[..., Any]] = {}

    @functools.cached_property
    def _in_blocks(self) -> Any:
        return tf.function(self._cut_up, autograph=False, jit_compile=self._jit_compile)

    @functools.cached_property
    def _in_shards(self) -> Any:
        return tf.function(self._spread, autograph=False)

    def shortcut(self, args: tuple[Any, ...]) -> Any:
        """Returns the result of a call for which `open_shortcut` was called before; else None.

        A call of a concrete function does a tenth of the Python work of a `tf.function`, which is half of the time for
        a small network.
        """
        if not self._direct or not all(isinstance(t, tf.Tensor) for t in args) or not _plainly_eager():
            return None
        function = self._direct.get((self._blocks.considered(), *_shapes(args)))
        if function is None:
            return None
        try:
            result, unknown = function(*args)
        except tf.errors.InvalidArgumentError:
            return None  # the full call has the better error
        return result if outputs.lengths_match(unknown) else None

    def open_shortcut(self, args: tuple[Any, ...], keys: tuple[int, ...]) -> None:
        """Traces the concrete function for a call with eager tensors only, xs at the positions `keys`."""
        if not _plainly_eager() or not all(isinstance(t, tf.Tensor) for t in args):
            return

        def split(tensors: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
            return tuple(tensors[i] for i in keys), tuple(t for i, t in enumerate(tensors) if i not in keys)

        xs, rest = split(args)
        trace = self._opened(xs, keys, rest, {})
        opened, cut = trace is not None, self._cut(trace, xs, keys, rest, {})
        shards = self._shards(cut, xs, rest)
        batch = self._batch(xs, rest) if opened else None
        fixed = keys if self._rows_of_others else ()
        specs = [_open_batch(t, None if i in fixed else batch) for i, t in enumerate(args)]

        def run(*tensors: tf.Tensor) -> Any:
            xs, rest = split(tensors)
            if cut is None:
                return self._run(xs, keys, rest, {}, opened=opened)
            if shards > 1:
                return self._spread(xs, keys, rest, {}, cut=cut, shards=shards)
            return self._in_blocks(xs, keys, rest, {}, cut=cut)

        signature = (cut, shards, *_shapes(specs))
        if signature not in self._concrete:
            function = tf.function(run, autograph=False, jit_compile=self._jit_compile if shards == 1 else None)
            self._concrete[signature] = function.get_concrete_function(*specs)
        self._direct[(self._blocks.considered(), *_shapes(args))] = self._concrete[signature]

    @translated
    def __call__(self, xs: Tensors, keys: Keys, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Returns the result of `traced(xs, keys, args, kwargs, opened=...) -> (result, lengths to check at run time)`.

        Raises:
            OutputError: the lengths, unknown while tracing, show that f mixes elements of x.
        """
        trace = self._opened(xs, keys, args, kwargs)
        if (cut := self._cut(trace, xs, keys, args, kwargs)) is not None:
            return self._in_blocks_of(cut, xs, keys, args, kwargs)
        opened = trace is not None
        known = all(x.shape.is_fully_defined() for x in xs)
        if opened and known and self._in_place and not tf.executing_eagerly() and not _calls(trace.graph):
            # Inlined: a call would return gradients for every argument, and XLA, which needs constant offsets for the
            # gradient of a concat, would compile again for all new points. But if f itself calls functions, g is
            # called: otherwise an outer tape would not see the variables that they read. x is copied: other tensors of
            # this graph that f names may depend on x, and they are fixed here.
            result, unknown = self._run.python_function(tuple(map(tf.identity, xs)), keys, args, kwargs, opened=False)
            return _asserted(result, unknown)
        if opened and known and not tf.executing_eagerly() and not _settled(trace):
            opened = False  # checks known lengths now, because XLA drops assertions; shapes stay known
            if self._tapes:
                trace_function = self._plain.get_concrete_function
                self._outside(functools.partial(trace_function, xs, keys, args, kwargs, opened=False))
        try:
            result, unknown = self._run(xs, keys, args, kwargs, opened=opened)
        except tf.errors.InvalidArgumentError:
            if not opened or not known:
                raise
            opened = False  # with known lengths the error is better
            result, unknown = self._run(xs, keys, args, kwargs, opened=opened)
        if not tf.executing_eagerly():
            return _asserted(result, unknown)
        if opened and not outputs.lengths_match(unknown):
            result, unknown = self._run(xs, keys, args, kwargs, opened=False)
        if not outputs.lengths_match(unknown):
            raise OutputError(outputs.MIXES)
        return result

    def forget_failures(self) -> None:
        """Forgets the signatures without a trace with open lengths: f may be corrected before the next call."""
        self._open = {signature: trace for signature, trace in self._open.items() if trace is not None}

    def _cut(self, trace: Any, xs: Tensors, keys: Keys, args: Any, kwargs: Any) -> Cut | None:
        """Returns how to compute a call in blocks of rows; None for all rows at once."""
        if not self._blocks.considered() or self._rows_of_others or all(not x.shape.rank for x in xs):
            return None
        batch = self._batch(xs, (args, kwargs))
        opened, rows = (
            tf.nest.map_structure(lambda v, n=n: _with_batch(v, batch, n), (xs, args, kwargs)) for n in (None, ROWS)
        )
        signature = _hashable((*keys, *sorted(kwargs), *tf.nest.flatten(opened)))

        def prove() -> Any:
            trace = functools.partial(self._proved.get_concrete_function, rows[0], keys, rows[1], rows[2], opened=False)
            found = _attempt(trace)
            return self._outside(trace) if found is None and not tf.executing_eagerly() else found

        return self._blocks.cut(signature, trace, batch, prove)

    def _in_blocks_of(self, cut: Cut, xs: Tensors, keys: Keys, args: Any, kwargs: Any) -> Any:
        """Returns the result of a call, block by block."""
        if self._in_place and not tf.executing_eagerly():
            return self._cut_up(xs, keys, args, kwargs, cut=cut)[0]
        batch = self._batch(xs, (args, kwargs))
        (xs_, args_, kwargs_) = tf.nest.map_structure(lambda v: _open_batch(v, batch), (xs, args, kwargs))
        self._in_blocks.get_concrete_function(xs_, keys, args_, kwargs_, cut=cut)  # for any number of rows
        if (shards := self._shards(cut, xs, (args, kwargs))) > 1:
            self._in_shards.get_concrete_function(xs_, keys, args_, kwargs_, cut=cut, shards=shards)
            return self._in_shards(xs, keys, args, kwargs, cut=cut, shards=shards)[0]
        return self._in_blocks(xs, keys, args, kwargs, cut=cut)[0]

    def _shards(self, cut: Cut | None, xs: Tensors, others: Any) -> int:
        """Returns the number of shards that share out the blocks of a call."""
        batch = self._batch(xs, others)
        if cut is None or batch is None:
            return 1
        return shard_count(-(-batch // cut.rows), xla=self._jit_compile)

    def _spread(self, xs: Tensors, keys: Keys, args: Any, kwargs: Any, *, cut: Cut, shards: int) -> Any:
        """Returns the result of `traced` by shards in blocks, each compiled by XLA, in the graph being traced."""

        def compute(xs: Tensors, args: Any, kwargs: Any) -> Any:
            return self._in_blocks(xs, keys, args, kwargs, cut=cut)[0]

        return in_shards(compute, (xs, args, kwargs), self._batch(xs, (args, kwargs)), cut, shards), []

    def _cut_up(self, xs: Tensors, keys: Keys, args: Any, kwargs: Any, *, cut: Cut) -> Any:
        """Returns the result of `traced`, block by block, in the graph being traced."""
        trace = self._opened(xs, keys, args, kwargs)
        # A call, where what is inlined would hide the variables that f's functions read.
        inlined = not self._tapes and not _calls(trace.graph)
        run = self._run.python_function if inlined else self._plain

        def compute(xs: Tensors, args: Any, kwargs: Any) -> Any:
            return run(tuple(map(tf.identity, xs)), keys, args, kwargs, opened=True)[0]

        return in_blocks(compute, (xs, args, kwargs), self._batch(xs, (args, kwargs)), cut), []

    def _opened(self, xs: Tensors, keys: Keys, args: Any, kwargs: Any) -> Any:
        """Returns the trace with open lengths, cached; None if it fails."""
        batch = self._batch(xs, (args, kwargs))
        specs = (
            tf.nest.map_structure(lambda x: _open_batch(x, None if self._rows_of_others else batch), xs),
            *tf.nest.map_structure(lambda v: _open_batch(v, batch), (args, kwargs)),
        )
        signature = _hashable((*keys, *sorted(kwargs), *tf.nest.flatten(specs)))
        known = self._open  # another thread may replace it meanwhile
        if signature not in known:
            try:
                known[signature] = self._traces(specs[0], keys, specs[1], specs[2])
            except MixingError:
                self._refuse_lengths(xs, keys, args, kwargs)
                raise
        return known[signature]

    def _batch(self, xs: Tensors, others: Any) -> int | None:
        """Returns the batch size: the first length of x, or of the first other tensor that has one."""
        tensors = [t for t in tf.nest.flatten(others) if isinstance(t, tf.Tensor)] if self._rows_of_others else xs
        return next((t.shape[0] for t in tensors if t.shape.rank), None)

    def _traces(self, xs: tuple[tf.TensorSpec, ...], keys: Keys, args: Any, kwargs: Any) -> Any:
        """Traces with an open batch size; returns None on failure: the trace with a known size has the better error."""
        trace = functools.partial(self._plain.get_concrete_function, xs, keys, args, kwargs, opened=True)
        found = _attempt(trace, MixingError)  # which a known batch size may hide
        return self._outside(trace) if found is None and not tf.executing_eagerly() else found

    def _refuse_lengths(self, xs: Tensors, keys: Keys, args: Any, kwargs: Any) -> None:
        """Raises the error of the trace with known lengths, if it is about the shape of f(x)."""
        (xs, args, kwargs) = tf.nest.map_structure(lambda v: _open_batch(v, None), (xs, args, kwargs))
        with contextlib.suppress(MixingError):
            trace = functools.partial(self._plain.get_concrete_function, xs, keys, args, kwargs, opened=False)
            _attempt(trace, OutputError)

    def _outside(self, trace: Callable[[], Any]) -> Any:
        """Traces outside all graphs, because tracing inside a graph that XLA compiles may fail.

        A new thread is outside of every graph. tf.init_scope would be too, but it stops the tapes. Replicas of a
        strategy have to stay inside.
        """
        if tf.distribute.has_strategy():
            return None
        with ThreadPoolExecutor(1) as outside:
            return outside.submit(_attempt, trace, MixingError).result()


def _calls(graph: tf.Graph) -> bool:
    """Whether an op of a graph calls a function."""
    return any(engine_trace.bodies(op) for op in graph.get_operations())


def _settled(trace: Any) -> bool:
    """Whether all lengths of the results are known."""
    results, unknown = trace.structured_outputs
    return not unknown and all(t.shape.is_fully_defined() for t in tf.nest.flatten(results))


def _asserted(result: Any, unknown: list[tf.Tensor]) -> Any:
    """Returns the result, in a graph, after assertions of the unknown lengths."""
    if not unknown:
        return result
    with tf.control_dependencies(outputs.assert_lengths_match(unknown)):
        return tf.nest.map_structure(tf.identity, result)


def _plainly_eager() -> bool:
    return tf.executing_eagerly() and not tf.distribute.has_strategy() and not tf.config.functions_run_eagerly()


def _shapes(tensors: Sequence[Any]) -> tuple[Any, ...]:
    return tuple((t.dtype, *t.shape) for t in tensors)


def _attempt(call: Callable[[], Any], *refusals: type[Exception]) -> Any:
    """Returns the result of a trace; None if it fails, unless with one of these errors."""
    try:
        return call()
    except refusals:
        raise
    except Exception:
        return None


def _open_batch(value: Any, batch: int | None) -> Any:
    """Returns the signature of a tensor; its first length is open if it is the batch size of x."""
    if not isinstance(value, tf.Tensor):
        return value
    if batch is not None and value.shape.rank and value.shape[0] == batch:
        return tf.TensorSpec([None, *value.shape[1:]], value.dtype)
    return tf.TensorSpec(value.shape, value.dtype)


def _with_batch(value: Any, batch: int | None, rows: int | None) -> Any:
    """Returns the signature of a tensor; its first length is `rows` if it is the batch size of x."""
    if not isinstance(value, tf.Tensor):
        return value
    if value.shape.rank and value.shape[0] == batch:
        return tf.TensorSpec([rows, *value.shape[1:]], value.dtype)
    return tf.TensorSpec(value.shape, value.dtype)


def _hashable(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Replaces values without a hash by their identity. Nothing keeps them alive, as in tf.function."""
    out = []
    for v in values:
        try:
            hash(v)
        except TypeError:
            v = (type(v), id(v))
        out.append(v)
    return tuple(out)
