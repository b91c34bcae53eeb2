"""The layers between two tensors of a Keras 3 functional model, as a function of one of them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nthgrad.engines import grappler
from nthgrad.engines.graph import custom_gradients, dependence, trace
from nthgrad.errors import DependenceError, UnsupportedOpError
from nthgrad.keras.traced import row_rank

Tensors = Sequence[tf.Tensor]

_DRAWS = ("Multinomial", "Random", "Shuffle", "TruncatedNormal")


class Route:
    """The calls of layers and operations that compute y from x, in order, and their other inputs.

    It is a plain object, so that Keras does not track or save the layers: they belong to the model.

    Attributes:
        y: the tensor at the end.
        x: the tensor at the start.
        held: the other inputs of the calls; none depends on x.
        traces: a cache of traced functions and results.
    """

    def __init__(self, y: keras.KerasTensor, x: keras.KerasTensor):
        """Follows y back to x; raises a DependenceError if there is no path."""
        self.y, self.x = y, x
        varies, self._calls = {id(x)}, []
        for call in _calls_before(y, x):
            if any(id(t) in varies for t in call.input_tensors):
                self._calls.append(call)
                varies.update(id(t) for t in call.outputs)
        if id(y) not in varies:
            raise DependenceError(f"y ({y.name!r}) does not depend on x ({x.name!r}): {_independent(y, x)}")
        self.held = list({id(t): t for c in self._calls for t in c.input_tensors if id(t) not in varies}.values())
        layers = {id(c.operation): c.operation for c in self._calls if isinstance(c.operation, keras.Layer)}
        self._layers = list(layers.values())
        self.traces: dict[Any, Any] = {}

    def __call__(self, x: tf.Tensor, held: Tensors, values: Tensors, *, training: bool | None = None) -> tf.Tensor:
        """Computes y in the graph being traced, from x, the held tensors, and the values of the variables.

        It changes no variable and adds no loss: the model itself did so when it computed y. As in a functional model,
        `training`, if given, overrides the argument of each layer's call.
        """
        known = {id(t): v for t, v in zip([self.x, *self.held], [x, *held], strict=True)}
        with keras.StatelessScope(list(zip(self.variables, values, strict=True))):
            for call in self._calls:
                args, kwargs = call.arguments.fill_in(known)
                if training is not None and "training" in inspect.signature(call.operation.call).parameters:
                    kwargs["training"] = training
                # A derivative among the operations is rebuilt, because held tensors here may cut the path to its x.
                operation = getattr(call.operation, "rebuilt", call.operation)
                made = tf.nest.flatten(operation(*args, **kwargs))
                known.update((id(t), v) for t, v in zip(call.outputs, made, strict=True))
        y = known[id(self.y)]
        return tf.identity(y) if y is x else y

    @property
    def variables(self) -> list[keras.Variable]:
        """All variables of the layers."""
        return list({id(v): v for layer in self._layers for v in layer.variables}.values())

    @property
    def state(self) -> tuple[Any, ...]:
        """The state of the layers that a trace depends on: BatchNormalization in training depends on being frozen."""
        return tuple((layer.trainable, len(layer.trainable_variables)) for layer in self._layers)

    def differs(self, second: tf.Tensor, y: tf.Tensor) -> bool:
        """Whether the value of a second run differs from y by more than rounding."""
        kinds = {t.dtype for call in self._calls for t in call.outputs} | {k.compute_dtype for k in self._layers}
        allowed = 0.1 if kinds & {"bfloat16", "float16"} else 1e-3
        a, b = _wide(second.numpy()), _wide(y.numpy())
        scale = np.max(np.abs(b), initial=0, where=np.isfinite(b))
        return not np.allclose(a, b, allowed, allowed * scale, equal_nan=True)

    def values(self) -> list[tf.Tensor]:
        """Returns the values of the variables."""
        return [tf.convert_to_tensor(v.value) for v in self.variables]

    def traced(self, compute: Callable[..., Any], masks: Sequence[tf.Tensor | None] = ()) -> Any:
        """Traces compute(x, held, values) as a function of [x, *held], the masks that are not None, and the values."""
        masked = [i for i, m in enumerate(masks) if m is not None]

        def run(tensors: list[tf.Tensor], masks: list[tf.Tensor], values: list[tf.Tensor]) -> Any:
            for i, mask in zip(masked, masks, strict=True):
                put_mask(tensors[i], mask)
            return compute(tensors[0], tensors[1:], values)

        made = tf.function(grappler.guarded(run), autograph=False).get_concrete_function(
            [tf.TensorSpec(t.shape, t.dtype) for t in (self.x, *self.held)],
            [tf.TensorSpec([None] * m.shape.rank, m.dtype) for m in masks if m is not None],
            [tf.TensorSpec(v.shape, v.dtype) for v in self.variables],
        )
        custom_gradients.own(made.graph.get_operations())
        return made


def mask_of(tensor: tf.Tensor) -> tf.Tensor | None:
    """Returns the mask of a tensor: an attribute, for which Keras has no public name."""
    return getattr(tensor, "_keras_mask", None)


def put_mask(tensor: tf.Tensor, mask: tf.Tensor | None) -> None:
    """Sets the mask of a tensor."""
    setattr(tensor, "_keras_mask", mask)  # noqa: B010


def producer(tensor: keras.KerasTensor) -> Any:
    """Returns the call that computed a tensor (a node: operation, arguments, input_tensors, outputs), or None.

    `_keras_history` and `_inbound_nodes` are private; Keras has no public API for this. They are the same in Keras 3.3
    to 3.15. `keras.Model(x, y)` finds the call too, but not if the layer that computed x is also between x and y.
    """
    history = getattr(tensor, "_keras_history", None)
    if history is None or history.operation is None:
        return None
    return history.operation._inbound_nodes[history.node_index]


def _calls_before(y: keras.KerasTensor, x: keras.KerasTensor | None = None) -> list[Any]:
    """Returns the calls that y depends on, back to x or to the inputs, each after those that it needs."""
    order, seen, stack = [], set(), [(y, False)]
    while stack:
        tensor, ready = stack.pop()
        call = None if tensor is x else producer(tensor)
        if call is None:
            continue
        if ready:
            order.append(call)
        elif id(call) not in seen:
            seen.add(id(call))
            stack.append((tensor, True))
            stack += [(t, False) for t in call.input_tensors]
    return order


def _independent(y: keras.KerasTensor, x: keras.KerasTensor) -> str:
    """Explains why y does not depend on x, and what to do."""
    before_y = {id(t): t for call in _calls_before(y) for t in call.input_tensors}
    before_x = {id(t): t for call in _calls_before(x) for t in call.input_tensors}
    if id(y) in before_x:
        return "x depends on y, and not y on x. Exchange the two."
    shared = [t.name for key, t in before_x.items() if key in before_y]
    if not shared:
        return "there is no path of layers from x to y. Differentiate by a tensor that y depends on."
    return (
        f"both depend on {shared[-1]!r}, and there is no path of layers from x to y. Create x before the layers of y, "
        "and call these on x: t, x = tx[:, :1], tx[:, 1:], then y = net(keras.ops.concatenate([t, x], axis=1)). Or "
        "make each coordinate a keras.Input."
    )


def unrepeatable(ops: Iterable[Any]) -> Iterator[Any]:
    """Yields the ops, also in the functions that they call, that may compute another value in a second run."""
    for op in ops:
        if any(word in op.type for word in _DRAWS) or trace.changes(op):
            yield op
        for graphs in trace.bodies(op).values():
            for graph in graphs:
                yield from unrepeatable(graph.get_operations())


def mixed(route: Route, column: int | None, *, training: bool | None) -> str:
    """Names the elements of x, other than its own, that an element of y depends on; empty if there are none.

    With a column, an element of y may depend on its whole row of x.

    A NaN in one element of x reaches everything that depends on it, for any weights. If an op drops the NaN, as a
    maximum may, a shift of the element shows the dependence.
    """
    with tf.init_scope():
        return _mixed(route, column, training=training)


def _mixed(route: Route, column: int | None, *, training: bool | None) -> str:
    made, values = route.traced(functools.partial(route, training=training)), route.values()
    try:
        dependence.check(made.inputs[0], made.outputs)
    except (DependenceError, UnsupportedOpError) as error:
        raise type(error)(f"From {route.x.name} to {route.y.name}: {error}") from None
    if any(op.op_def.is_stateful for op in unrepeatable(made.graph.get_operations())):
        return ""  # running it would have effects or show nothing; the analysis of its ops decides
    for length in (3, 32):  # of the axes of open length; some layers need a long one
        x, *held = (_sample(t, length) for t in (route.x, *route.held))
        try:
            return _probe(lambda x, held=held: made([x, *held], [], values).numpy(), x, column)
        except tf.errors.OpError:
            continue
    return ""


def _probe(f: Callable[[tf.Tensor], np.ndarray], x: np.ndarray, column: int | None) -> str:
    before = _wide(f(tf.constant(x)))
    elementwise = column is None and before.shape == x.shape
    rows = x.ndim if elementwise else row_rank(x.shape, column)
    for at in ((0,) * x.ndim, (-1,) * x.ndim):
        for change in (np.nan, 0.25):
            moved = x.copy()
            moved[at] += np.array(change, x.dtype)
            changed = ~np.isclose(_wide(f(tf.constant(moved))), before, 1e-2, 1e-6, equal_nan=True)
            changed[at[:rows]] = False
            if changed.any():
                return "rows of the batch" if np.delete(changed, at[0], 0).any() else "elements of a row"
    return ""


def _wide(values: np.ndarray) -> np.ndarray:
    return values.astype(np.complex128 if np.iscomplexobj(values) else np.float64)


def _sample(tensor: keras.KerasTensor, length: int) -> np.ndarray:
    shape = [n or (length if axis else 2) for axis, n in enumerate(tensor.shape)]
    dtype = tf.as_dtype(tensor.dtype)
    if not dtype.is_floating:
        return np.zeros(shape, dtype.as_numpy_dtype)
    return np.random.default_rng(0).uniform(0.3, 0.7, shape).astype(dtype.as_numpy_dtype)
