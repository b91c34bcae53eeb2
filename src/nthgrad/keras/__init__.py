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
from nthgrad.engines import grappler
from nthgrad.engines.graph import trace
from nthgrad.errors import ArgumentError, InputError, MixingError, OutputError, UnsupportedOpError
from nthgrad.keras import traced
from nthgrad.keras.route import Route, mask_of, mixed, producer, put_mask, unrepeatable


@tf.autograph.experimental.do_not_convert
def grad(y: Any, x: Any, order: int = 1, *, column: int | None = None) -> Any:
    """Returns the derivative of one tensor of a model by another, as a tensor of that model.

    The model is a functional one; or y and x are tensors in the `call` of a layer or a model, while it is traced, and y
    is computed from x there (`fit` and `predict` trace; for other calls, decorate `call` with `tf.function`).

    Every element of y has to depend on its own element (or row) of x only, as in `nthgrad.derivative`. Everything else
    that y depends on is held fixed: other inputs, tensors that do not depend on x, weights, with `column` the other
    columns. A derivative of a derivative by the same x becomes one layer of the summed order.

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
            shape [batch, 1] or [batch]; if y is elementwise in x, the shape of y; with `column`, [batch, d].
        order: how often to differentiate, at least 0 (y itself).
        column: the index of the column of x to differentiate by. If None, x has one element for each row of y.

    Returns:
        a tensor of the shape and dtype of y.

    Raises:
        ArgumentError: order is not an integer of 0 or more, or x has no such column.
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
        >>> tx = keras.Input((2,))
        >>> u = keras.ops.exp(tx[:, :1]) * tx[:, 1:] ** 3
        >>> print(keras.Model(tx, [grad(u, tx, column=0), grad(u, tx, 2, column=1)])(np.array([[0.0, 2.0]]))[1].numpy())
        [[12.]]
    """
    _require_tensorflow()
    if tf.is_tensor(y) and tf.is_tensor(x) and tf.inside_function() and hasattr(y, "graph") and hasattr(x, "graph"):
        return traced.derivative(y, x, checked_order(order), column)
    for tensor, name in ((y, "y"), (x, "x")):
        _require_real(tensor, name)
    n, k = checked_order(order), traced.checked_column(column, x.shape, x.name)
    if n == 0:
        return y
    call = producer(y)
    if (
        call is not None
        and isinstance(below := call.operation, Grad)
        and call.input_tensors[1] is x
        and below.column == k
    ):
        y, n = call.input_tensors[0], n + below.order  # its fixed tensors do not depend on x
    return Grad(n, column=k, dtype=y.dtype)([y, x, *Route(y, x).held])


@keras.saving.register_keras_serializable(package="nthgrad")
class Grad(keras.layers.Layer):
    """The layer that `grad` calls, on [y, x, *fixed tensors]; its configuration is the order and the column.

    It finds the layers to differentiate in the model that it is called in. So a loaded or cloned model differentiates
    its own layers.
    """

    def __init__(self, order: int, *, column: int | None = None, **kwargs: Any):
        """Creates a layer of an order of at least 1, by a column of x or by x; the rest is for any layer."""
        _require_tensorflow()
        super().__init__(autocast=False, **kwargs)
        self.order, self.column = order, column
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
            _refuse_mixing(route, self.column)
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
            _refuse_mixing(self.route, self.column, training=training)
        if tf.executing_eagerly():
            return self._rerun(y, x, held, training=training)
        if y is x or not _computed_here(y, x, held):
            return self.rebuilt(inputs, training=training)
        return traced.derivatives(lambda _: y, x, self.order, self.column)[-1]

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
        y, *_, derivative = traced.derivatives(
            lambda t: route(t, held, values, training=training), x, self.order, self.column
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
        own = {"order": self.order} if self.column is None else {"order": self.order, "column": self.column}
        return {"before loading": "import nthgrad.keras", **super().get_config(), **own}

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
    if tf.is_tensor(tensor):
        raise InputError(
            f"{name} is a tensor with a value, and nothing records how y was computed from x. In the `call` of a layer "
            "or a model, decorate `call` with tf.function (fit and predict trace it anyway). Elsewhere, differentiate "
            "a function with nthgrad.derivative."
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


def _refuse_mixing(route: Route, column: int | None, *, training: bool | None = None) -> None:
    """Refuses a y that mixes elements of x, or with a column, rows of x."""
    key = ("mixing", training, route.state)
    if key in route.traces:
        return
    x, y = route.x, route.y
    traced.refuse_shapes(y, x, column)
    if how := mixed(route, column, training=training):
        kind = MixingError if how.startswith("rows") else OutputError
        if training:
            raise kind(
                f"y ({y.name!r}) mixes the {how} of x ({x.name!r}) in training mode, as BatchNormalization does. "
                "Freeze that layer (layer.trainable = False), or replace it by one that keeps rows independent."
            )
        raise kind(f"y ({y.name!r}) mixes the {how} of x ({x.name!r}). {traced.REMEDY}")
    route.traces[key] = True
