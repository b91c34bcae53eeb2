"""Derivatives inside Keras 3 functional models: one tensor of a model by another, as a layer that trains and saves.

Import this module before `keras.saving.load_model` reads a model with derivatives in it: from version 3.9 on, Keras
imports no module by its name in a file.
"""

from __future__ import annotations

import functools
from typing import Any

import keras
import tensorflow as tf

from nthgrad._call.arguments import checked_order
from nthgrad.engines import grappler, outputs, taylor
from nthgrad.engines.graph import trace
from nthgrad.errors import ArgumentError, InputError, MixingError, OutputError, UnsupportedOpError
from nthgrad.keras.route import Route, chances, mask_of, mixed, producer, put_mask


def grad(y: keras.KerasTensor, x: keras.KerasTensor, order: int = 1) -> keras.KerasTensor:
    """The derivative of one tensor of a functional model by another, as a tensor of that model.

    Every element of y has to depend on its own element (or row) of x only, as in `nthgrad.derivative`. What y is made
    from beside x is held fixed: other inputs, tensors that do not depend on x, weights. A derivative of a derivative by
    the same x becomes one layer of the summed order.

    A program that loads a model with derivatives (`load_model`, `model_from_json`, pickle) has to `import
    nthgrad.keras` first: Keras finds the layer no other way. What `nthgrad.export` writes needs no import.

    The layer holds no weights and no functions: it differentiates the layers that lie between x and y, with their own
    variables. It computes in their dtypes and casts nothing: under `mixed_float16` or `mixed_bfloat16` y has two or
    three digits and its derivatives have fewer. Where that is not enough, give the layers between x and y
    `dtype="float32"`. In training mode value and derivative share the draws of a `Dropout`, inside a `tf.function` (as
    in `fit`); a `BatchNormalization` that takes the rows of a batch together is refused.

    Args:
        y: a tensor of shape [batch, ...]: what to differentiate, real and floating point.
        x: the tensor to differentiate by, a `keras.Input` or one that a layer made. For y of shape [batch, m] it has
            shape [batch, 1] or [batch]; where y is elementwise in x, that of y.
        order: how often to differentiate, at least 0 (which gives y).

    Returns:
        A tensor of the shape and dtype of y.

    Raises:
        ArgumentError: order is not an integer of 0 or more.
        InputError: y or x is no tensor of a Keras 3 model that runs on TensorFlow, or is not real floating point.
        OutputError: y mixes elements of x. (In training mode only: when the model is called.)
        DependenceError: y does not depend on x.
        UnsupportedOpError: (when the model is called) an op in a layer has no derivative of that order; or y is drawn
            at random, and the model called outside of a `tf.function`.

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
        y, n = call.input_tensors[0], n + below.order  # what was held fixed there does not depend on x
    return Grad(n, dtype=y.dtype)([y, x, *Route(y, x).held])


@keras.saving.register_keras_serializable(package="nthgrad")
class Grad(keras.layers.Layer):
    """The layer that `grad` calls, on [y, x, *what is held fixed]; its configuration is the order.

    What to differentiate it reads off the model that it is called in, so that a model that was loaded or cloned
    differentiates layers of its own.
    """

    def __init__(self, order: int, **kwargs: Any):
        """A layer of an order of at least 1; the rest as in any layer."""
        _require_tensorflow()
        super().__init__(autocast=False, **kwargs)
        self.order = order
        self.supports_masking = True
        self.route: Route | None = None

    def __call__(self, inputs: Any, **kwargs: Any) -> Any:
        """Called on tensors of a model, learns what lies between them; called on values, differentiates it."""
        if isinstance(inputs[0], keras.KerasTensor):
            if self.route is not None:
                raise ArgumentError(
                    f"The layer {self.name!r} is one derivative in one model and cannot be called again. Call "
                    "nthgrad.keras.grad."
                )
            route = Route(*inputs[:2])
            if missing := [t.name for t in route.held if not any(t is h for h in inputs[2:])]:
                raise ArgumentError(
                    f"The layer {self.name!r} was not given {missing}, which y depends on beside x. Call "
                    "nthgrad.keras.grad, which finds them."
                )
            route.held = list(inputs[2:])
            _require_apart(route)
            self.route = route
        # Keras would take what the layer before was called with.
        return super().__call__(inputs, **{"training": None, **kwargs})

    @grappler.guarded
    def call(self, inputs: list[tf.Tensor], training: bool | None = None) -> tf.Tensor:
        """The derivative of y by x.

        Where y was made from x in the graph that is being traced, these very ops are differentiated: their draws are
        those of y, and nothing is computed twice. Elsewhere the layers are run once more, in a graph of their own.
        """
        y, x, *held = inputs
        if self.route is None:
            raise ArgumentError(f"The layer {self.name!r} stands in no model. Call nthgrad.keras.grad.")
        if training:
            _require_apart(self.route, training=training)
        if tf.executing_eagerly():
            return self._run_again(y, x, held, training=training)
        if y is x or not _made_here(y, x, held):
            return self.anew(inputs, training=training)
        return taylor.derivatives(lambda _: y, x, self.order, self.order)[0]

    def anew(self, inputs: list[tf.Tensor], *, training: bool | None = None) -> tf.Tensor:
        """The derivative of another y, made in the graph being traced from a tensor with x's value."""
        _, x, *held = inputs
        assert self.route is not None
        put_mask(again := tf.identity(x), mask_of(x))
        return self._derived(again, held, self.route.values(), training=training)[1]

    def _derived(self, x: tf.Tensor, held: Any, values: Any, *, training: bool | None) -> tuple[tf.Tensor, tf.Tensor]:
        """The value of y and its derivative, by running the layers."""
        route = self.route
        assert route is not None
        before = len(x.graph.get_operations())
        y, *_, derivative = taylor.derivatives(lambda t: route(t, held, values, training=training), x, self.order)
        for op in chances(y.graph.get_operations()[before:]):
            raise UnsupportedOpError(
                f"{trace.describe(op)}, between {route.x.name!r} and {route.y.name!r}, draws at random or writes a "
                "variable: what is run once more for the derivative is not the value itself. Call the model in a "
                "tf.function (fit and predict do), where it is differentiated, or with training=False."
            )
        return y, derivative

    def _run_again(self, y: tf.Tensor, x: tf.Tensor, held: list[tf.Tensor], *, training: bool | None) -> tf.Tensor:
        """The derivative of y, made eagerly, through a second y, which has to be the same."""
        route = self.route
        assert route is not None
        masks = [mask_of(t) for t in (x, *held)]
        key = (training, route.state, *(m is None for m in masks))
        if key not in route.traces:
            route.traces[key] = route.traced(functools.partial(self._derived, training=training), masks)
        again, derivative = route.traces[key]([x, *held], [m for m in masks if m is not None], route.values())
        if route.differs(again, y):
            raise UnsupportedOpError(
                f"The layers between {route.x.name!r} and {route.y.name!r} gave another value when they were run once "
                f"more for the derivative ({self.name!r}): they keep a state of their own, or the model was cut "
                "between the two. Call the model in a tf.function (fit and predict do), where the value itself is "
                "differentiated."
            )
        return derivative

    def compute_output_spec(self, inputs: Any, **_: Any) -> keras.KerasTensor:
        """The shape and dtype of y."""
        return keras.KerasTensor(inputs[0].shape, inputs[0].dtype)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of y, which Keras 3.3 does not find in a list of inputs."""
        return mask_of(inputs[0])

    def get_config(self) -> dict[str, Any]:
        """The order, what every layer has, and first what Keras's error then shows where the class is not known."""
        return {"before loading": "import nthgrad.keras", **super().get_config(), "order": self.order}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Grad:
        """The layer of a configuration, also of one without the note."""
        return super().from_config({k: v for k, v in config.items() if k != "before loading"})


def _made_here(y: tf.Tensor, x: tf.Tensor, held: list[tf.Tensor]) -> bool:
    """Whether y was made from x in the graph being traced, and nothing held was (a layer may return its own input)."""
    here = tf.compat.v1.get_default_graph()
    if any(getattr(t, "graph", None) is not here for t in (y, x)):
        return False
    aside = [t for t in held if getattr(t, "graph", None) is here]
    return not any(t is x for t in aside) and not trace.between([x], aside)


def _require_tensorflow() -> None:
    if (backend := keras.config.backend()) != "tensorflow":
        raise InputError(
            f"Keras runs on {backend}, and nthgrad differentiates TensorFlow. Set the environment variable "
            "KERAS_BACKEND=tensorflow before Keras is imported."
        )


def _require_real(tensor: Any, name: str) -> None:
    """Refuses what is no real tensor of a functional model of Keras 3."""
    if type(tensor).__module__.startswith("tf_keras.") or (tf.is_tensor(tensor) and hasattr(tensor, "graph")):
        raise InputError(
            f"{name} is a tensor of tf_keras or of a TensorFlow graph; nthgrad.keras.grad is for functional models of "
            "Keras 3. Differentiate a tf_keras model with nthgrad.derivative, or run the old program with its "
            "K.gradients under nthgrad.legacy."
        )
    if not isinstance(tensor, keras.KerasTensor) or not hasattr(tensor, "_keras_history"):
        raise InputError(
            f"{name} is {type(tensor).__name__}, not a tensor of a Keras 3 functional model. Give what keras.Input or "
            "a layer called on it returned, or differentiate a function with nthgrad.derivative."
        )
    # Only an input says reliably that it is sparse: Keras 3.15 says so of 2.0 * x too.
    sparse = tensor.sparse and not producer(tensor).input_tensors
    if not tf.as_dtype(tensor.dtype).is_floating or sparse:
        what = "sparse" if sparse else tensor.dtype
        raise InputError(
            f"{name} ({tensor.name!r}) is {what}; derivatives need dense real floating point. Convert it by a layer, "
            'or give keras.Input the dtype "float32".'
        )


def _require_apart(route: Route, *, training: bool | None = None) -> None:
    """Refuses a y that mixes elements of x."""
    key = ("apart", training, route.state)
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
                "Freeze that layer (layer.trainable = False), or put one there that takes each row alone."
            )
        raise kind(f"y ({y.name!r}) mixes the {how} of x ({x.name!r}). {_REMEDY}")
    route.traces[key] = True


_REMEDY = (
    "A derivative here is one number for each element of y, by its own element (or row) of x. Make each coordinate a "
    "keras.Input of its own, of shape [batch, 1], or differentiate the model with nthgrad.partials."
)
