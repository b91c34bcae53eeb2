"""Derivatives inside Keras 3 functional models: one tensor of a model by another, as a layer that trains and saves.

Import this module before `keras.saving.load_model` loads a model with derivatives: from version 3.9 on, Keras does not
import the modules named in a file.
"""

from __future__ import annotations

import functools
from typing import Any

import keras
import tensorflow as tf

from nthgrad._call.arguments import checked_order
from nthgrad.engines import grappler, orders, outputs, taylor
from nthgrad.engines.graph import trace
from nthgrad.errors import ArgumentError, InputError, MixingError, OutputError, UnsupportedOpError
from nthgrad.keras.route import Route, mask_of, mixed, producer, put_mask, unrepeatable


def grad(y: keras.KerasTensor, x: keras.KerasTensor, order: int = 1) -> keras.KerasTensor:
    """Returns the derivative of one tensor of a functional model by another, as a tensor of that model.

    Every element of y has to depend on its own element (or row) of x only, as in `nthgrad.derivative`. Everything else
    that y depends on is held fixed: other inputs, tensors that do not depend on x, weights. A derivative of a
    derivative by the same x becomes one layer of the summed order.

    A program that loads a model with derivatives (`load_model`, `model_from_json`, pickle) has to `import
    nthgrad.keras` first, because Keras cannot find the layer otherwise. Files written by `nthgrad.export` need no
    import.

    The layer holds no weights and no functions. It differentiates the layers between x and y, with their own variables.
    It computes in their dtypes and casts nothing. Under `mixed_float16` or `mixed_bfloat16`, y has two or three digits
    and its derivatives have fewer. If that is not enough, give the layers between x and y `dtype="float32"`. In
    training mode, inside a `tf.function` (as in `fit`), value and derivative share the random draws of a `Dropout`. A
    `BatchNormalization` that mixes the rows of a batch is refused.

    Args:
        y: the tensor to differentiate, of shape [batch, ...], floating point or complex.
        x: the tensor to differentiate by, a `keras.Input` or the output of a layer. For y of shape [batch, m] it has
            shape [batch, 1] or [batch]; if y is elementwise in x, the shape of y.
        order: how often to differentiate, at least 0 (y itself).

    Returns:
        a tensor of the shape and dtype of y.

    Raises:
        ArgumentError: order is not an integer of 0 or more.
        InputError: y or x is no tensor of a Keras 3 model that runs on TensorFlow, or is an integer, or x is complex.
        OutputError: y mixes elements of x. (If in training mode only: when the model is called.)
        DependenceError: y does not depend on x.
        UnsupportedOpError: (when the model is called) an op in a layer has no derivative of that order; or y is random
            and the model is called outside a `tf.function`.

    Example:
        >>> import keras, numpy as np
        >>> from nthgrad.keras import grad
        >>> x = keras.Input((1,))
        >>> y = keras.ops.log(x + 2.0)
        >>> model = keras.Model(x, [y, grad(y, x), grad(grad(y, x), x)])
        >>> [round(v.numpy().item(), 6) for v in model(np.array([[1.0]]))]
        [1.098612, 0.333333, -0.111111]
    """
    _require_tensorflow()
    for tensor, name in ((y, "y"), (x, "x")):
        _require_real(tensor, name)
    n = checked_order(order)
    if n == 0:
        return y
    call = producer(y)
    if call is not None and isinstance(below := call.operation, Grad) and call.input_tensors[1] is x:
        y, n = call.input_tensors[0], n + below.order  # its fixed tensors do not depend on x
    return Grad(n, dtype=y.dtype)([y, x, *Route(y, x).held])


@keras.saving.register_keras_serializable(package="nthgrad")
class Grad(keras.layers.Layer):
    """The layer that `grad` calls, on [y, x, *fixed tensors]; its configuration is the order.

    It finds the layers to differentiate in the model that it is called in. So a loaded or cloned model differentiates
    its own layers.
    """

    def __init__(self, order: int, **kwargs: Any):
        """Creates a layer of an order of at least 1; the other arguments are those of any layer."""
        _require_tensorflow()
        super().__init__(autocast=False, **kwargs)
        self.order = order
        self.supports_masking = True
        self.route: Route | None = None

    def __call__(self, inputs: Any, **kwargs: Any) -> Any:
        """On tensors of a model, finds the layers between them; on values, differentiates them."""
        if isinstance(inputs[0], keras.KerasTensor):
            if self.route is not None:
                raise ArgumentError(
                    f"The layer {self.name!r} is one derivative in one model and cannot be called again. Call "
                    "nthgrad.keras.grad."
                )
            route = Route(*inputs[:2])
            if missing := [t.name for t in route.held if not any(t is h for h in inputs[2:])]:
                raise ArgumentError(
                    f"The layer {self.name!r} was not given {missing}, on which y depends too. Call "
                    "nthgrad.keras.grad, which finds them."
                )
            route.held = list(inputs[2:])
            _refuse_mixing(route)
            self.route = route
        # Without it, Keras uses the `training` of an earlier layer's call.
        return super().__call__(inputs, **{"training": None, **kwargs})

    @grappler.guarded
    def call(self, inputs: list[tf.Tensor], training: bool | None = None) -> tf.Tensor:
        """Returns the derivative of y by x.

        If y was computed from x in the graph being traced, differentiates those ops: their random draws are those of y,
        and nothing is computed twice. Otherwise the layers are run a second time, in a separate graph.
        """
        y, x, *held = inputs
        if self.route is None:
            raise ArgumentError(f"The layer {self.name!r} belongs to no model. Call nthgrad.keras.grad.")
        if training:
            _refuse_mixing(self.route, training=training)
        if tf.executing_eagerly():
            return self._rerun(y, x, held, training=training)
        if y is x or not _computed_here(y, x, held):
            return self.rebuilt(inputs, training=training)
        return orders.derivatives(taylor, lambda _: y, x, self.order, self.order)[0]

    def rebuilt(self, inputs: list[tf.Tensor], *, training: bool | None = None) -> tf.Tensor:
        """Returns the derivative of a second y, computed from a copy of x in the graph being traced."""
        _, x, *held = inputs
        assert self.route is not None
        put_mask(copy := tf.identity(x), mask_of(x))
        return self._derived(copy, held, self.route.values(), training=training)[1]

    def _derived(self, x: tf.Tensor, held: Any, values: Any, *, training: bool | None) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns y and its derivative, by running the layers."""
        route = self.route
        assert route is not None
        before = len(x.graph.get_operations())
        y, *_, derivative = orders.derivatives(
            taylor, lambda t: route(t, held, values, training=training), x, self.order
        )
        for op in unrepeatable(y.graph.get_operations()[before:]):
            raise UnsupportedOpError(
                f"{trace.describe(op)}, between {route.x.name!r} and {route.y.name!r}, draws at random or writes a "
                "variable: a second run for the derivative would compute another value. Call the model in a "
                "tf.function (fit and predict do), where the value itself is differentiated, or with training=False."
            )
        return y, derivative

    def _rerun(self, y: tf.Tensor, x: tf.Tensor, held: list[tf.Tensor], *, training: bool | None) -> tf.Tensor:
        """Returns the derivative of an eager y through a second y; raises if that differs."""
        route = self.route
        assert route is not None
        masks = [mask_of(t) for t in (x, *held)]
        key = (training, route.state, *(m is None for m in masks))
        if key not in route.traces:
            route.traces[key] = route.traced(functools.partial(self._derived, training=training), masks)
        second, derivative = route.traces[key]([x, *held], [m for m in masks if m is not None], route.values())
        if route.differs(second, y):
            raise UnsupportedOpError(
                f"The layers between {route.x.name!r} and {route.y.name!r} computed another value in a second run for "
                f"the derivative ({self.name!r}): they keep a state of their own, or the model was cut between the "
                "two. Call the model in a tf.function (fit and predict do), where the value itself is differentiated."
            )
        return derivative

    def compute_output_spec(self, inputs: Any, **_: Any) -> keras.KerasTensor:
        """Returns the shape and dtype of y."""
        return keras.KerasTensor(inputs[0].shape, inputs[0].dtype)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Returns the mask of y, which Keras 3.3 does not find in a list of inputs."""
        return mask_of(inputs[0])

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration; its first entry shows up in Keras's error if the class is unknown."""
        return {"before loading": "import nthgrad.keras", **super().get_config(), "order": self.order}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Grad:
        """Builds a layer from a configuration, with or without the note of `get_config`."""
        return super().from_config({k: v for k, v in config.items() if k != "before loading"})


def _computed_here(y: tf.Tensor, x: tf.Tensor, held: list[tf.Tensor]) -> bool:
    """Whether the graph being traced computed y from x, but no tensor of held (a layer may return its own input)."""
    here = tf.compat.v1.get_default_graph()
    if any(getattr(t, "graph", None) is not here for t in (y, x)):
        return False
    fixed = [t for t in held if getattr(t, "graph", None) is here]
    return not any(t is x for t in fixed) and not trace.between([x], fixed)


def _require_tensorflow() -> None:
    if (backend := keras.config.backend()) != "tensorflow":
        raise InputError(
            f"Keras runs on {backend}, and nthgrad differentiates TensorFlow. Set the environment variable "
            "KERAS_BACKEND=tensorflow before Keras is imported."
        )


def _require_real(tensor: Any, name: str) -> None:
    """Refuses anything but a real tensor of a functional model of Keras 3."""
    if type(tensor).__module__.startswith("tf_keras.") or (tf.is_tensor(tensor) and hasattr(tensor, "graph")):
        raise InputError(
            f"{name} is a tensor of tf_keras or of a TensorFlow graph; nthgrad.keras.grad is for functional models of "
            "Keras 3. Differentiate a tf_keras model with nthgrad.derivative, or run the old program with its "
            "K.gradients under nthgrad.legacy."
        )
    if not isinstance(tensor, keras.KerasTensor) or not hasattr(tensor, "_keras_history"):
        raise InputError(
            f"{name} is {type(tensor).__name__}, not a tensor of a Keras 3 functional model. Give the output of "
            "keras.Input or of a layer called on it, or differentiate a function with nthgrad.derivative."
        )
    # `sparse` is reliable for an input only: Keras 3.15 sets it for 2.0 * x too.
    sparse = tensor.sparse and not producer(tensor).input_tensors
    dtype = tf.as_dtype(tensor.dtype)
    if not (dtype.is_floating or (dtype.is_complex and name == "y")) or sparse:
        what = "sparse" if sparse else tensor.dtype
        raise InputError(
            f"{name} ({tensor.name!r}) is {what}; derivatives need dense real floating point. Convert it by a layer, "
            'or give keras.Input the dtype "float32".'
        )


def _refuse_mixing(route: Route, *, training: bool | None = None) -> None:
    """Refuses a y that mixes elements of x."""
    key = ("mixing", training, route.state)
    if key in route.traces:
        return
    x, y = route.x, route.y
    spec: Any = tf.TensorSpec(x.shape)
    rows = outputs.row_rank(spec)
    shape = tf.TensorShape(y.shape)
    if not shape.is_compatible_with(x.shape) and not shape[:rows].is_compatible_with(x.shape[:rows]):
        raise OutputError(
            f"x ({x.name!r}) has shape {x.shape}, but y ({y.name!r}) has shape {y.shape}, which does not begin with "
            f"it: y mixes elements of x. {_REMEDY}"
        )
    if how := mixed(route, training=training):
        kind = MixingError if how.startswith("rows") else OutputError
        if training:
            raise kind(
                f"y ({y.name!r}) mixes the {how} of x ({x.name!r}) in training mode, as BatchNormalization does. "
                "Freeze that layer (layer.trainable = False), or replace it by one that keeps rows independent."
            )
        raise kind(f"y ({y.name!r}) mixes the {how} of x ({x.name!r}). {_REMEDY}")
    route.traces[key] = True


_REMEDY = (
    "A derivative here is one number for each element of y, by its own element (or row) of x. Make each coordinate a "
    "keras.Input of its own, of shape [batch, 1], or differentiate the model with nthgrad.partials."
)
