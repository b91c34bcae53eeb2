"""The mean of a loss over rows, and its gradients by variables, block by block."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from nthgrad._call import tracebacks
from nthgrad._call.block_size import Block, block_count, checked_block
from nthgrad._call.blocks import Part, Turns, sums
from nthgrad._call.reuse import Request, reused, warn_of_retracing
from nthgrad._call.row_losses import Plan, analyzed, specs_of
from nthgrad._call.row_sets import as_arguments, as_rows, by_set, groupings, lengths_of
from nthgrad._call.shards import shard_count, side_by_side
from nthgrad._call.transform import name_of
from nthgrad._call.variables import Watching, of_tensorflow
from nthgrad.engines import grappler
from nthgrad.engines.graph import trace
from nthgrad.errors import ArgumentError, NthgradError

OfLoss = Callable[[Callable[[], tf.Tensor]], list[tf.Tensor]]
"""Computes tensors from a loss, a function of no arguments: the loss and its gradients, for example."""


@reused
@tf.autograph.experimental.do_not_convert
def loss_and_gradients(
    f: Callable[..., Any], variables: Any, *, block: Block = "auto", jit_compile: bool | None = None
) -> Callable[..., tuple[tf.Tensor, Any]]:
    """Returns g, which computes the mean of a loss over rows and its gradients, block by block.

    g is exact: the loss and the gradients are those of all rows at once, to rounding. It computes them for one block of
    rows after another and adds them up. So its memory is that of a block, for any number of rows. A block that fits
    into the cache takes less time, too. With XLA on a CPU, each core takes an equal share of the blocks, if the caller
    is not compiled itself and knows the number of rows.

    The ops of f are checked: each leaf has to depend on its own rows only, also where no derivative flows, as through a
    `tf.stop_gradient`. f is traced with the rows of a block: their number and their positions may be no values, which
    is checked too, but not inside of loops. Random numbers are drawn for each block.

    Args:
        f: a function of sets of points. An argument is a `tf.nest` structure of tensors of shapes [rows, ...] and of
            any dtypes, such as coordinates, targets and weights. Arguments of different lengths are different sets.
            Those whose lengths the caller's graph does not know are one set if f combines them. f returns the losses
            of the rows: any `tf.nest` structure of real tensors of shapes [rows, ...], each of the rows of one set. A
            scalar that depends on no set is a penalty, added once.
        variables: a `tf.nest` structure of TensorFlow's or Keras's variables.
        block: the rows of a block of the largest set, at most; all sets have the same number of blocks. `"auto"`
            chooses it from the bytes that a row keeps in memory and from the size of the cache. None takes all rows at
            once; then leaves may mix rows.
        jit_compile: passed to `tf.function`; True compiles with XLA, once for each number of rows.

    Returns:
        g with f's arguments. g(*sets) is the tuple (loss, gradients). The loss is the sum of the means of the leaves,
        as `tf.reduce_mean` takes them. It is a scalar in float64 if a leaf is, else in float32. The gradients have the
        structure of the variables, their shapes and dtypes; by a variable without effect, they are zero. Under
        `tf.distribute`, g takes the rows of a replica, and its results are the replica's. With a loss scale, as for
        float16, let f multiply its losses by it, after a cast to float32.

    Raises:
        ArgumentError: f, variables or block are invalid.
        InputError: (by g) an argument is no structure of tensors of the same number of rows, at least one; f combines
            rows of two sets.
        OutputError: (by g) a leaf is no real tensor, or has not the rows of one set.
        MixingError: (by g) rows are not proved independent, and block is not None.
        DependenceError: (by g) the loss depends on no variable.

    Example:
        >>> import tensorflow as tf, nthgrad as ng
        >>> w = tf.Variable(2.0)
        >>> def f(interior, boundary):
        ...     return {"equation": (w * interior) ** 2, "boundary": (w - boundary) ** 2}
        >>> g = ng.loss_and_gradients(f, [w], block=64)
        >>> loss, (slope,) = g(tf.ones([1000, 1]), tf.zeros([10, 1]))
        >>> round(float(loss), 4), round(float(slope), 4)  # w**2 + w**2, 2 w + 2 w
        (8.0, 8.0)
    """
    if not callable(f):
        raise ArgumentError(f"f is {f!r}, a {type(f).__name__}, which cannot be called. Give a function.")
    return LossAndGradients(f, variables, checked_block(block), jit_compile=jit_compile)


class LossAndGradients:
    """A function of sets of rows, built from f by `loss_and_gradients`."""

    def __init__(self, f: Callable[..., Any], variables: Any, block: Block, *, jit_compile: bool | None):
        self._f, self._structure = f, variables
        self._block: Block = block
        self.variables = of_tensorflow(variables)
        self.jit_compile = jit_compile
        self._called = trace.converted(getattr(f, "python_function", f))
        self._run = tf.function(self._traced, autograph=False, jit_compile=jit_compile)
        self._spread = tf.function(self._traced, autograph=False)  # XLA compiles each shard
        self._plans: dict[str, Plan] = {}
        self._request: Request | None = None
        self._warned = False
        self.__name__ = self.__qualname__ = f"loss_and_gradients_of_{name_of(f)}"

    def made_for(self, request: Request) -> None:
        """Stores the public function that built g, and its options."""
        self._request = request

    @tf.autograph.experimental.do_not_convert
    def __call__(self, *sets: Any) -> tuple[tf.Tensor, Any]:
        """Returns the mean loss and its gradients."""
        try:
            if not self._warned:
                self._warned = True
                warn_of_retracing(self._f, self._request)
            return self._result(as_rows(sets))
        except Exception as caught:
            error = tracebacks.shorter(caught)
        raise error

    def __repr__(self) -> str:
        return f"<nthgrad.loss_and_gradients of {name_of(self._f)!r}>"

    def __deepcopy__(self, memo: Any) -> LossAndGradients:
        """Returns g itself, like a function."""
        return self

    def _result(self, sets: tuple[Any, ...]) -> tuple[tf.Tensor, Any]:
        if not tf.executing_eagerly() and not self.jit_compile:
            loss, *gradients = self._traced(*sets)  # inlined, with the lengths that the caller's graph knows
        elif tf.executing_eagerly() and not self.jit_compile and not tf.config.functions_run_eagerly():
            (places,) = groupings(sets)
            specs = tf.nest.map_structure(lambda t: tf.TensorSpec([None, *t.shape[1:]], t.dtype), sets)
            loss, *gradients = self._run.get_concrete_function(*specs, places=places)(*tf.nest.flatten(sets))
        elif self.jit_compile and self.in_shards(sets):
            loss, *gradients = self._spread(*sets) if tf.executing_eagerly() else self._traced(*sets)
        else:
            loss, *gradients = self._run(*sets)  # XLA compiles for each number of rows
        return loss, tf.nest.pack_sequence_as(self._structure, gradients)

    def _traced(self, *sets: Any, places: tuple[int, ...] | None = None) -> list[tf.Tensor]:
        """Returns the loss and the gradients in the graph being traced."""

        def compute(loss: Callable[[], tf.Tensor]) -> list[tf.Tensor]:
            with Watching(self.variables) as tape:
                value = loss()
            found = tape.gradient(value, self.variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
            return [value, *map(tf.convert_to_tensor, found)]

        plan, places = self._plan(sets, places)
        like = [tf.TensorSpec([], plan.dtype), *(tf.TensorSpec(v.shape, v.dtype) for v in self.variables)]
        return self.over_blocks(sets, compute, like, places=places, jit_compile=self.jit_compile)

    @grappler.guarded
    def over_blocks(
        self,
        sets: Sequence[Any],
        compute: OfLoss,
        like: Sequence[tf.TensorSpec],
        *,
        places: tuple[int, ...] | None = None,
        jit_compile: bool | None,
    ) -> list[tf.Tensor]:
        """Averages over the blocks what a function computes from the loss of a block, in the graph being traced.

        Args:
            sets: structures of tensors of rows.
            compute: takes the loss of a block, a function of no arguments. The mean of these is the loss.
            like: the shapes and dtypes of what `compute` returns.
            places: the index of the set of each argument; None if the lengths say it.
            jit_compile: whether XLA compiles the blocks.
        """
        plan, places = self._plan(sets, places)
        flat = by_set(sets, places)
        lengths = lengths_of(flat)
        count = block_count(self._block, lengths, plan.row_bytes, xla=jit_compile)
        shards = shard_count(count, xla=jit_compile)
        turns = -(-count // shards)
        count = turns * shards
        # A block has about its own mean, so that float16 has no underflow.
        rows_of_block = [tf.cast(n, plan.dtype) / tf.cast(count, plan.dtype) for n in lengths]

        def of_block(parts: list[Part]) -> list[tf.Tensor]:
            def loss() -> tf.Tensor:
                y = self._called(*as_arguments([part.tensors for part in parts], sets, places))
                return plan.loss(y, parts, rows_of_block)

            return compute(loss)

        if isinstance(count, int) and count == 1:
            return of_block([Part(tensors, None) for tensors in flat])

        @grappler.guarded
        def sums_of_shard(i: Any) -> list[tf.Tensor]:
            return sums(of_block, flat, lengths, Turns(count, i * turns, turns), like)

        parts = side_by_side(sums_of_shard, shards) if shards > 1 else [sums_of_shard(0)]
        return [tf.cast(tf.add_n(found), spec.dtype) for *found, spec in zip(*parts, like, strict=True)]

    def in_shards(self, sets: Sequence[Any]) -> bool:
        """Whether the blocks of a call, compiled by XLA, are shared out among the cores."""
        if self._block is None:
            return False
        plan, places = self._plan(sets, None)
        lengths = [tensors[0].shape[0] for tensors in by_set(sets, places)]
        if None in lengths:
            return False
        return shard_count(block_count(self._block, lengths, plan.row_bytes, xla=True), xla=True) > 1

    def _plan(self, sets: Sequence[Any], places: tuple[int, ...] | None) -> tuple[Plan, tuple[int, ...]]:
        """Analyzes f for the dtypes and shapes of rows, once for each; also returns the grouping of the sets."""
        *first, last = [places] if places is not None else groupings(sets)
        for attempt in first:  # each argument of an unknown length a set of its own
            with contextlib.suppress(NthgradError, ValueError, tf.errors.InvalidArgumentError):
                return self._plan(sets, attempt)
        specs = specs_of(sets, last)
        key = str(specs)
        if key not in self._plans:
            split = self._block is not None
            self._plans[key] = analyzed(self._called, self.variables, specs, last, split=split)
        return self._plans[key], last
