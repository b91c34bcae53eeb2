"""The mean of a loss over rows, and its gradients by variables, block by block."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from nthgrad._call import tracebacks
from nthgrad._call.block_size import Block, block_count, checked_block, kept_bytes
from nthgrad._call.blocks import Part, length, sums
from nthgrad._call.reuse import Request, reused, warn_of_retracing
from nthgrad._call.transform import name_of
from nthgrad.engines import grappler
from nthgrad.engines.graph import rows, trace
from nthgrad.errors import ArgumentError, DependenceError, InputError, MixingError, OutputError

_ROWS = (1009, 1013, 1019, 1021, 1031, 1033, 1039, 1049, 1051, 1061, 1063, 1069, 1087, 1091, 1093, 1097)
"""The lengths of the sets in the analysis: primes, which no layer is wide."""


@reused
@tf.autograph.experimental.do_not_convert
def loss_and_gradients(
    f: Callable[..., Any], variables: Any, *, block: Block = "auto", jit_compile: bool | None = None
) -> Callable[..., tuple[tf.Tensor, Any]]:
    """Returns g, which computes the mean of a loss over rows and its gradients, block by block.

    g is exact: the loss and the gradients are those of all rows at once, to rounding. It computes them for one block of
    rows after another and adds them up. So its memory is that of a block, for any number of rows. A block that fits
    into the cache takes less time, too.

    The ops of f are checked: each leaf has to depend on its own rows only, also where no derivative flows, as through a
    `tf.stop_gradient`. f is traced with the rows of a block. It must not use their number as a value. Random numbers
    are drawn for each block.

    Args:
        f: a function of sets of points. An argument is a `tf.nest` structure of tensors of shapes [rows, ...] and of
            any dtypes, such as coordinates, targets and weights. Arguments of different lengths are different sets;
            so are those whose lengths the caller's graph does not know. f returns the losses of the rows: any
            `tf.nest` structure of real tensors of shapes [rows, ...], each of the rows of one set. A scalar that
            depends on no set is a penalty, added once.
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
        InputError: (by g) an argument is no structure of tensors of the same number of rows, at least one.
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
    return _LossAndGradients(f, variables, _variables(variables), checked_block(block), jit_compile=jit_compile)


@dataclasses.dataclass(frozen=True)
class _Plan:
    """Results of the analysis of f.

    Attributes:
        owners: the index of the set of each leaf; None for a penalty.
        row_bytes: the bytes a row of each set that are kept in memory.
        dtype: the dtype of the loss.
    """

    owners: list[int | None]
    row_bytes: list[int]
    dtype: tf.DType


class _LossAndGradients:
    """A function of sets of rows, built from f by `loss_and_gradients`."""

    def __init__(
        self, f: Callable[..., Any], structure: Any, variables: list[Any], block: Block, *, jit_compile: bool | None
    ):
        self._f, self._structure, self._variables = f, structure, variables
        self._block: Block = block
        self._jit_compile = jit_compile
        self._called = trace.converted(getattr(f, "python_function", f))
        self._run = tf.function(self._traced, autograph=False, jit_compile=jit_compile)
        self._plans: dict[Any, _Plan] = {}
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
            return self._result(_as_rows(sets))
        except Exception as caught:
            error = tracebacks.shorter(caught)
        raise error

    def __repr__(self) -> str:
        return f"<nthgrad.loss_and_gradients of {name_of(self._f)!r}>"

    def __deepcopy__(self, memo: Any) -> _LossAndGradients:
        """Returns g itself, like a function."""
        return self

    def _result(self, sets: tuple[Any, ...]) -> tuple[tf.Tensor, Any]:
        owners = _same_length(sets)
        if not tf.executing_eagerly() and not self._jit_compile:
            loss, *gradients = self._traced(sets, owners)  # inlined, with the lengths that the caller's graph knows
        elif tf.executing_eagerly() and not self._jit_compile and not tf.config.functions_run_eagerly():
            specs = tf.nest.map_structure(lambda t: tf.TensorSpec([None, *t.shape[1:]], t.dtype), sets)
            loss, *gradients = self._run.get_concrete_function(specs, owners)(*tf.nest.flatten(sets))
        else:
            loss, *gradients = self._run(sets, owners)  # XLA compiles for each number of rows
        return loss, tf.nest.pack_sequence_as(self._structure, gradients)

    @grappler.guarded
    def _traced(self, arguments: tuple[Any, ...], places: tuple[int, ...]) -> list[tf.Tensor]:
        """Returns the loss and the gradients in the graph being traced.

        Args:
            arguments: structures of tensors of rows.
            places: the index of the set of each.
        """
        plan = self._plan(arguments, places)
        flat = _sets(arguments, places)
        lengths = [length(tensors[0]) for tensors in flat]
        count = block_count(self._block, lengths, plan.row_bytes, xla=self._jit_compile)
        share = 1 / tf.cast(count, plan.dtype)
        # A block has about its own mean, so that float16 has no underflow; the share of a block is multiplied later.
        rows_of_block = [tf.cast(n, plan.dtype) / tf.cast(count, plan.dtype) for n in lengths]

        def compute(parts: list[Part]) -> list[tf.Tensor]:
            with self._tape() as tape:
                leaves = _leaves(self._called(*_arguments([part.tensors for part in parts], arguments, places)))
                loss = tf.zeros([], plan.dtype)
                for leaf, owner in zip(leaves, plan.owners, strict=True):
                    loss += _mean(tf.cast(leaf, plan.dtype), owner, parts, rows_of_block)
            return [loss, *self._gradients(tape, loss)]

        like = [
            tf.TensorSpec([], plan.dtype),
            *(tf.TensorSpec(v.shape, v.dtype) for v in map(_of_tensorflow, self._variables)),
        ]
        made = sums(compute, flat, count, like)
        return [t * tf.cast(share, t.dtype) for t in made]

    def _tape(self) -> tf.GradientTape:
        """Returns a tape that watches the variables, also those that are not trainable."""
        return _Watching([_of_tensorflow(v) for v in self._variables])

    def _gradients(self, tape: tf.GradientTape, loss: tf.Tensor) -> list[tf.Tensor]:
        """Returns the gradients by all variables, dense."""
        variables = [_of_tensorflow(v) for v in self._variables]
        found = tape.gradient(loss, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return [tf.convert_to_tensor(g) for g in found]

    def _plan(self, arguments: tuple[Any, ...], places: tuple[int, ...]) -> _Plan:
        """Analyzes f for the dtypes and shapes of rows; once for each."""
        specs = [
            tf.nest.map_structure(lambda t, n=_ROWS[place]: tf.TensorSpec([n, *t.shape[1:]], t.dtype), argument)
            for argument, place in zip(arguments, places, strict=True)
        ]
        key = str(specs)
        if key not in self._plans:
            found: list[_Plan] = []
            probe = tf.function(lambda *given: found.append(self._analysis(given, places)), autograph=False)
            probe.get_concrete_function(*specs)
            self._plans[key] = found[-1]
        return self._plans[key]

    def _analysis(self, arguments: tuple[Any, ...], places: tuple[int, ...]) -> _Plan:
        """Analyzes f in a graph of its own."""
        flat = _sets(arguments, places)
        graph = flat[0][0].graph
        with self._tape() as tape:
            leaves = _leaves(self._called(*arguments))
            loss = tf.add_n([tf.reduce_sum(tf.cast(leaf, tf.float64)) for leaf in leaves])
        forward = graph.get_operations()
        variables = [_of_tensorflow(v) for v in self._variables]
        if all(g is None for g in tape.gradient(loss, variables)):
            raise DependenceError(
                "The loss depends on none of the variables. Check that f uses them, in TensorFlow ops and without "
                "casts to integers."
            )
        backward = graph.get_operations()[len(forward) :]
        lengths: list[Any] = [tensors[0].shape[0] for tensors in flat]
        owners: list[int | None] = [None] * len(leaves)
        if self._block is not None:
            owners = [_owner(leaf, i, flat, lengths) for i, leaf in enumerate(leaves)]
        wide = any(leaf.dtype == tf.float64 for leaf in leaves)
        return _Plan(owners, kept_bytes(forward, backward, lengths), tf.float64 if wide else tf.float32)


class _Watching(tf.GradientTape):
    """A tape that watches some variables from its start."""

    def __init__(self, variables: Sequence[Any]):
        super().__init__()
        self._watched = variables

    def __enter__(self) -> _Watching:
        super().__enter__()
        for v in self._watched:
            self.watch(v)
        return self


def _of_tensorflow(v: Any) -> Any:
    """Returns the `tf.Variable` of a variable of Keras 3."""
    return v if isinstance(v, tf.Variable) else v.value


def _variables(variables: Any) -> list[Any]:
    """Returns the variables of a structure as a list; raises an ArgumentError."""
    found = tf.nest.flatten(variables)
    for v in found:
        if not isinstance(v, tf.Variable) and not isinstance(getattr(v, "value", None), tf.Variable):
            raise ArgumentError(
                f"variables has {v!r}, a {type(v).__name__}, which is no variable. Give variables of TensorFlow or "
                "Keras, such as model.trainable_variables."
            )
    if not found:
        raise ArgumentError("variables is empty. Give the variables to differentiate by.")
    return found


def _as_rows(sets: tuple[Any, ...]) -> tuple[Any, ...]:
    """Converts the arguments of g to tensors of rows; raises an InputError."""
    if not sets:
        raise InputError("No set of points is given. Give g a tensor of rows, or a structure of them, for each set.")
    if len(sets) > len(_ROWS):
        raise InputError(f"{len(sets)} sets of points are given. Give at most {len(_ROWS)}; a set may be a structure.")
    made = []
    for i, given in enumerate(sets):
        try:
            tensors = tf.nest.map_structure(tf.convert_to_tensor, given)
        except (TypeError, ValueError) as error:
            raise InputError(f"Argument {i} is no structure of tensors: {error}. Give tensors or arrays.") from error
        flat = tf.nest.flatten(tensors)
        if not flat or any(not t.shape.rank for t in flat):
            what = f"of shape {next(t for t in flat if not t.shape.rank).shape}" if flat else "empty"
            raise InputError(f"Argument {i} is {what}, and has no rows. Give tensors of shape [rows, ...].")
        lengths = {t.shape[0] for t in flat} - {None}
        if len(lengths) > 1:
            said = " and ".join(map(str, sorted(lengths)))
            raise InputError(
                f"The tensors of argument {i} have {said} rows. Give tensors of one length, or two arguments."
            )
        if 0 in lengths:
            raise InputError(f"Argument {i} has no rows: its shape is {flat[0].shape}. Give at least one point.")
        made.append(tensors)
    return tuple(made)


def _leaves(y: Any) -> list[tf.Tensor]:
    """Converts the losses to a list of real tensors; raises an OutputError."""
    found = tf.nest.flatten(y)
    if not found or all(leaf is None for leaf in found):
        raise OutputError("f returned nothing (None). Return the losses of the rows.")
    made = []
    for i, leaf in enumerate(found):
        try:
            t = tf.convert_to_tensor(leaf)
        except (TypeError, ValueError) as error:
            raise OutputError(
                f"Output {i} of f is a {type(leaf).__name__}, which does not become a tensor. Return the losses of "
                "the rows."
            ) from error
        if not t.dtype.is_floating:
            raise OutputError(f"Output {i} of f is {t.dtype.name}. Return real floating-point losses.")
        made.append(t)
    return made


def _owner(leaf: tf.Tensor, index: int, sets: Sequence[Sequence[tf.Tensor]], lengths: Sequence[int]) -> int | None:
    """Returns the index of the set that a leaf belongs to, or None for a penalty; raises if rows are not independent.

    Args:
        leaf: an output of f.
        index: its index.
        sets: the tensors of each set.
        lengths: the number of rows of each set; all differ.
    """
    verdicts = [rows.states({t.name: [0] for t in tensors}, [leaf], values=True)[0] for tensors in sets]
    for found in verdicts:
        if isinstance(found, rows.Mixed):
            raise MixingError(
                f"f mixes the rows of a batch: {trace.describe(found.op)} combines them, so that no row has a loss of "
                "its own. Take it out of f, or compute all rows at once: block=None."
            )
        if isinstance(found, rows.Unknown):
            raise MixingError(
                f"Nothing shows that {trace.describe(found.op)} keeps the rows of a batch independent. Write that part "
                "of f with other ops, or compute all rows at once: block=None."
            )
    owner = next((i for i, n in enumerate(lengths) if leaf.shape.rank and leaf.shape[0] == n), None)
    varies = [i for i, found in enumerate(verdicts) if isinstance(found, rows.Independent) and found.axes is not None]
    moved = any(found.axes not in (None, (0,)) for found in verdicts if isinstance(found, rows.Independent))
    if moved or any(i != owner for i in varies) or (owner is None and leaf.shape.rank):
        names: dict[Any, str] = {n: f"rows of set {i}" for i, n in enumerate(lengths)}
        shape = [names.get(n, n) for n in leaf.shape]
        said = ", ".join(map(str, shape))
        raise OutputError(
            f"Output {index} of f has the shape [{said}]. Return a loss for each row of one set, of shape [rows, ...]."
        )
    return owner


def _same_length(arguments: tuple[Any, ...]) -> tuple[int, ...]:
    """Returns the index of the set of each argument: arguments of the same known length are one set."""
    lengths = [tf.nest.flatten(argument)[0].shape[0] for argument in arguments]
    different: list[Any] = []
    places = []
    for n in lengths:
        if n is None or n not in different:
            different.append(n)
            places.append(len(different) - 1)
        else:
            places.append(different.index(n))
    return tuple(places)


def _sets(arguments: Sequence[Any], places: Sequence[int]) -> list[list[tf.Tensor]]:
    """Returns the tensors of each set."""
    found: list[list[tf.Tensor]] = [[] for _ in range(max(places) + 1)]
    for argument, place in zip(arguments, places, strict=True):
        found[place] += tf.nest.flatten(argument)
    return found


def _arguments(tensors: Sequence[list[tf.Tensor]], like: Sequence[Any], places: Sequence[int]) -> list[Any]:
    """Returns the arguments of f from the tensors of each set; the inverse of `_sets`."""
    rest = [iter(found) for found in tensors]
    return [
        tf.nest.pack_sequence_as(argument, [next(rest[place]) for _ in tf.nest.flatten(argument)])
        for argument, place in zip(like, places, strict=True)
    ]


def _mean(leaf: tf.Tensor, owner: int | None, parts: Sequence[Part], rows_of_block: Sequence[tf.Tensor]) -> tf.Tensor:
    """Returns the part of a leaf's mean that a block adds, times the number of blocks.

    Args:
        leaf: the losses of the rows of a block.
        owner: the index of the set that they belong to.
        parts: a block of each set.
        rows_of_block: the mean number of rows of a block of each set.
    """
    if owner is None:
        return tf.reduce_mean(leaf)  # a penalty, or a leaf of all rows
    columns = tf.reduce_prod(tf.shape(leaf)[1:])
    return parts[owner].sum(leaf) / rows_of_block[owner] / tf.cast(columns, leaf.dtype)
