"""Gradients of tensors that are there, and of these gradients: `tf.gradients` and `tf.GradientTape`, by series."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from nthgrad.engines import nested, own

Report = Callable[[Sequence[nested.Way]], None]


@tf.autograph.experimental.do_not_convert
def gradients(  # noqa: PLR0913  as tf.gradients
    ys: Any,
    xs: Any,
    grad_ys: Any = None,
    name: str = "gradients",
    gate_gradients: bool = False,  # noqa: FBT001, FBT002  as in tf.gradients
    aggregation_method: Any = None,
    stop_gradients: Any = None,
    unconnected_gradients: Any = tf.UnconnectedGradients.NONE,
) -> list[Any]:
    """Returns the gradients of the sum of ys by each of xs, as `tf.gradients` does; gradients of gradients are cheap.

    The numbers are those of `tf.gradients`, to rounding. A gradient of a gradient is computed by power series: all
    derivatives of one tensor share one walk over its graph, whose cost grows polynomially with the order. This is
    right where each row of ys depends on the same row of xs only. Where the graph does not show that, the gradient is
    TensorFlow's own; so is a gradient of first order.

    Args:
        ys: a real tensor of a graph, or a list of them. A graph is traced by `tf.function`, or is TensorFlow 1's.
        xs: a tensor or a variable, or a list of them.
        grad_ys: the gradients of the ys, a list of tensors of their shapes, or None for ones.
        name: a name for the ops of TensorFlow's own gradients.
        gate_gradients: as in `tf.gradients`.
        aggregation_method: as in `tf.gradients`.
        stop_gradients: tensors to take as constants. With it, the gradients are TensorFlow's own.
        unconnected_gradients: what to return where no y depends on an x, None or zeros.

    Returns:
        a list with the gradient by each x, of its shape and dtype.

    Raises:
        RuntimeError: called eagerly.

    Example:
        >>> import tensorflow as tf, nthgrad as ng
        >>> @tf.function(autograph=False)
        ... def third_derivative(x):
        ...     y = tf.sin(x)
        ...     for _ in range(3):
        ...         (y,) = ng.gradients(y, x)
        ...     return y
        >>> print(third_derivative(tf.constant([[0.0], [1.0]])).numpy().ravel())
        [-1.        -0.5403023]
    """
    options = {
        "name": name,
        "gate_gradients": gate_gradients,
        "aggregation_method": aggregation_method,
        "stop_gradients": stop_gradients,
        "unconnected_gradients": unconnected_gradients,
    }
    return gradients_like(own.gradients, ys, xs, grad_ys, options)


def gradients_like(
    original: Callable[..., list[Any]],
    ys: Any,
    xs: Any,
    grad_ys: Any,
    options: dict[str, Any],
    report: Report | None = None,
) -> list[Any]:
    """Returns what a `tf.gradients` returns, of TensorFlow 1 or 2, with its other arguments as options."""
    stops = options.get("stop_gradients")
    has_stops = stops is not None and (_is_one(stops) or len(stops) > 0)
    if has_stops and report is not None and not tf.executing_eagerly():
        report([nested.Way(False, "stop_gradients is given")])
    listed = [[v] if _is_one(v) else v for v in (ys, xs)]
    if tf.executing_eagerly() or has_stops or not all(isinstance(v, list | tuple) for v in listed):
        return original(ys, xs, grad_ys, **options)
    ys, xs = map(list, listed)
    seeds = _converted(ys, grad_ys if grad_ys is None or isinstance(grad_ys, list | tuple) else [grad_ys])
    if seeds is None:
        return original(ys, xs, grad_ys, **options)
    request = nested.Request(ys, seeds, lambda rest: original(ys, rest, grad_ys, **options))
    return _merged(request, xs, options.get("unconnected_gradients", tf.UnconnectedGradients.NONE), report)


class GradientTape(own.GradientTape):
    """A `tf.GradientTape` whose gradients of gradients are cheap inside a `tf.function`.

    It has the methods and the meaning of `tf.GradientTape`: replace the name, and nothing else. The gradient of a
    gradient is computed as by `nthgrad.gradients`, if the tape has recorded all ops between. Eagerly, the gradients are
    TensorFlow's own. So are those by variables: the tape that trains the weights may be of either class.

    Example:
        >>> import tensorflow as tf, nthgrad as ng
        >>> @tf.function(autograph=False)
        ... def second_derivative(x):
        ...     with ng.GradientTape() as outer:
        ...         outer.watch(x)
        ...         with ng.GradientTape() as inner:
        ...             inner.watch(x)
        ...             y = tf.sin(x)
        ...         y_x = inner.gradient(y, x)
        ...     return outer.gradient(y_x, x)
        >>> print(second_derivative(tf.constant([[0.5]])).numpy())
        [[-0.47942555]]
    """

    report: Report | None = None

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True):  # noqa: FBT001, FBT002  as in tf.GradientTape
        super().__init__(persistent, watch_accessed_variables)
        self._once = not persistent
        self._parts: list[_Part] = []
        self._since: dict[str, int] = {}  # the position in the graph when a tensor was watched

    def __enter__(self) -> GradientTape:
        super().__enter__()
        self._parts.append(_Part())
        return self

    def __exit__(self, kind: Any, value: Any, traceback: Any) -> None:
        if self._parts:
            self._parts[-1].close()
        super().__exit__(kind, value, traceback)

    @tf.autograph.experimental.do_not_convert
    def watch(self, tensor: Any) -> None:
        """Records what is computed from a tensor from now on, as `tf.GradientTape.watch` does."""
        super().watch(tensor)
        for t in filter(_is_symbolic, tf.nest.flatten(tensor)):
            self._since.setdefault(t.name, _position(t.graph))

    @tf.autograph.experimental.do_not_convert
    def reset(self) -> None:
        """Forgets what was recorded, as `tf.GradientTape.reset` does."""
        super().reset()
        self._parts, self._since = [_Part()], {}

    @tf.autograph.experimental.do_not_convert
    @contextmanager
    def stop_recording(self) -> Generator[None]:
        """Records nothing inside the block, as `tf.GradientTape.stop_recording` does."""
        with super().stop_recording():
            if self._parts:
                self._parts[-1].close()
            try:
                yield
            finally:
                self._parts.append(_Part())

    @tf.autograph.experimental.do_not_convert
    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: Any = tf.UnconnectedGradients.NONE,
    ) -> Any:
        """Returns the gradients of the sum of the targets by the sources, as `tf.GradientTape.gradient` does."""
        ys, xs = tf.nest.flatten(target), tf.nest.flatten(sources)
        seeds = _converted(ys, None if output_gradients is None else tf.nest.flatten(output_gradients))
        if tf.executing_eagerly() and self.report is not None and any(isinstance(x, tf.Tensor) for x in xs):
            self.report([nested.Way(False, "it is computed eagerly, outside of a tf.function")])
        if tf.executing_eagerly() or not ys or seeds is None:
            return super().gradient(target, sources, output_gradients, unconnected_gradients)
        original = super().gradient

        def rest(xs: Sequence[Any]) -> Sequence[Any]:
            if xs:
                return original(target, list(xs), output_gradients, unconnected_gradients)
            return original(tf.zeros([]), [])  # a tape that is not persistent is used up

        places: dict[str, int] = {}

        def recorded(op: tf.Operation, x: tf.Tensor) -> bool:
            if op.name not in places:
                places.update((o.name, i) for i, o in enumerate(op.graph.get_operations()))
            place = places[op.name]
            since = self._since.get(x.name)
            return since is not None and place >= since and any(span.has(op.graph, place) for span in self._parts)

        request = nested.Request(ys, seeds, rest, recorded)
        found = _merged(request, xs, unconnected_gradients, self.report)
        if self._once:  # used up: entered again, it would begin anew
            self._parts, self._since = [], {}
        return tf.nest.pack_sequence_as(sources, found)


class _Part:
    """A part of a graph that a tape has recorded: the ops from a position to another."""

    def __init__(self) -> None:
        self.graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
        self.start = 0 if self.graph is None else _position(self.graph)
        self.end: int | None = None

    def close(self) -> None:
        """Ends the part, if it has not ended."""
        if self.end is None and self.graph is not None:
            self.end = _position(self.graph)

    def has(self, graph: Any, position: int) -> bool:
        """Whether the op at a position of a graph belongs to the part."""
        return graph is self.graph and self.start <= position and (self.end is None or position < self.end)


def _merged(request: nested.Request, xs: list[Any], unconnected: Any, report: Report | None) -> list[Any]:
    """Returns the gradients by xs; zeros for None, if they are wanted."""
    with _lengths_as_integers():
        found, ways = nested.gradients(request, xs)
    if report is not None:
        report(ways)
    if tf.UnconnectedGradients(unconnected) is tf.UnconnectedGradients.NONE:
        return found
    return [tf.zeros_like(x) if g is None and _is_symbolic(x) else g for x, g in zip(xs, found, strict=True)]


@contextmanager
def _lengths_as_integers() -> Generator[None]:
    """Makes `shape[0]` an integer or None in the block, as the engines expect. In TensorFlow 1 it is a `Dimension`."""
    if isinstance(tf.TensorShape([1])[0], int):
        yield
        return
    tf.compat.v1.enable_v2_tensorshape()
    try:
        yield
    finally:
        tf.compat.v1.disable_v2_tensorshape()


def _position(graph: tf.Graph) -> int:
    return len(graph.get_operations())


def _is_one(v: Any) -> bool:
    return tf.is_tensor(v) or isinstance(v, tf.Variable)


def _is_symbolic(t: Any) -> bool:
    return isinstance(t, tf.Tensor) and not isinstance(t, tf.Variable) and hasattr(t, "graph")


def _converted(ys: Sequence[Any], seeds: Sequence[Any] | None) -> list[tf.Tensor | None] | None:
    """Returns the gradients given for some ys as tensors; None if these or the ys do not become tensors of a graph."""
    if not all(map(_is_symbolic, ys)):
        return None
    seeds = [None] * len(ys) if seeds is None else seeds
    try:
        return [None if s is None else tf.convert_to_tensor(s, y.dtype) for s, y in zip(seeds, ys, strict=True)]
    except (TypeError, ValueError):
        return None
