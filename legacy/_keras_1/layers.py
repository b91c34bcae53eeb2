"""Layers of Keras 1 that Keras 2 removed: `merge`, `Merge`, MaxoutDense, Highway, dilated convolutions."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, wraps
from typing import Any

import tensorflow as tf

from nthgrad.errors import LegacyError
from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._keras_1 import regularizers
from nthgrad.legacy._keras_224 import models
from nthgrad.legacy._keras_224.backend import batch_dot
from nthgrad.legacy._runtime import dialect

_MODES = "sum, mul, concat, ave, max, dot, cos, or a function of the list of tensors"


def __getattr__(name: str) -> Any:
    if name in _MAKERS:
        return _MAKERS[name]()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _layer(
    mode: str | Callable = "sum",
    concat_axis: int = -1,
    dot_axes: Any = -1,
    output_shape: Any = None,
    output_mask: Any = None,
    arguments: dict[str, Any] | None = None,
    name: str | None = None,
) -> Any:
    """Returns the layer of Keras 2 for a mode of merging."""
    layers, named = tf_keras.interface("layers"), {"name": name}
    if callable(mode):
        shape = {} if output_shape is None else {"output_shape": output_shape}
        return layers.Lambda(mode, arguments=arguments, mask=output_mask, **shape, **named)
    makers = {
        "sum": lambda: layers.Add(**named),
        "mul": lambda: layers.Multiply(**named),
        "ave": lambda: layers.Average(**named),
        "max": lambda: layers.Maximum(**named),
        "concat": lambda: layers.Concatenate(axis=concat_axis, **named),
        "dot": lambda: layers.Dot(dot_axes, **named),
        "cos": lambda: layers.Lambda(_cosine, arguments={"axes": dot_axes}, **named),
    }
    if mode not in makers:
        raise LegacyError(f"{mode!r} is no mode of merging tensors. Choose one of {_MODES}.")
    return makers[mode]()


def _cosine(tensors: Sequence[Any], axes: Any) -> Any:
    """Returns the cosine of the angle between the vectors of each sample; the result has an extra axis 1."""
    K = tf_keras.interface("backend")
    x, y = tensors
    pair = [axes, axes] if isinstance(axes, int) else axes
    left, right = (axis % K.ndim(each) for axis, each in zip(pair, tensors, strict=True))
    lengths = K.sqrt(batch_dot(x, x, left) * batch_dot(y, y, right))
    return K.expand_dims(batch_dot(x, y, [left, right]) / K.maximum(lengths, K.epsilon()), 1)


def merge(inputs: Sequence[Any], mode: str | Callable = "sum", **kwargs: Any) -> Any:
    """Merges tensors, or the outputs of layers and models.

    Args:
        inputs: two or more tensors, layers or models.
        mode: "sum", "mul", "concat", "ave", "max", "dot", "cos", or a function of the list of tensors.
        **kwargs: `concat_axis`, `dot_axes`, `name`; for a function, also `output_shape` and `arguments`.

    Raises:
        LegacyError: if the mode is unknown.
    """
    return _layer(mode, **kwargs)([each if tf.is_tensor(each) else each.output for each in inputs])


class Merge:
    """`Merge([left, right], mode="concat")`, the first layer of a Sequential model; without models, a plain layer.

    Attributes:
        layers: the models, or layers that have been called.
        inputs: the inputs of `layers`.
        layer: merges the outputs of `layers`.
        output: the merged tensor.
    """

    def __new__(cls, layers: Sequence[Any] | None = None, *args: Any, **kwargs: Any) -> Any:
        return super().__new__(cls) if layers else _layer(*args, **kwargs)

    def __init__(self, layers: Sequence[Any], *args: Any, **kwargs: Any) -> None:
        self.layers = list(layers)
        self.inputs = [tensor for each in self.layers for tensor in tf.nest.flatten(each.input)]
        self.layer = _layer(*args, **kwargs)
        self.output = self.layer([each.output for each in self.layers])


def add(function: Any) -> Any:
    """Wraps `Sequential.add`: accepts a `Merge` of several models as the first layer."""

    @wraps(function)
    def add(self: Any, layer: Any) -> None:
        if not isinstance(layer, Merge):
            function(self, layer)
            return
        if self.layers:
            raise LegacyError("A Merge of models follows another layer. Put it first in the Sequential model.")
        merged = tf_keras.interface("models").Model(layer.inputs, layer.output)
        self.inputs, self.outputs = merged.inputs, merged.outputs
        self._has_explicit_input_shape = self.built = True
        self._init_graph_network(self.inputs, self.outputs)

    return add


def _dilated(name: str) -> Callable:
    def make(*args: Any, atrous_rate: Any = 1, **kwargs: Any) -> Any:
        return getattr(tf_keras.interface("layers"), name)(*args, dilation_rate=atrous_rate, **kwargs)

    make.__doc__ = f"`{name}` with a dilation; Keras 1 called it `atrous_rate`."
    return make


AtrousConvolution1D, AtrousConvolution2D = _dilated("Conv1D"), _dilated("Conv2D")


def TimeDistributedDense(output_dim: int, *, input_dim: Any = None, input_length: Any = None, **kwargs: Any) -> Any:  # noqa: N802
    """Returns a Dense layer, which now applies to each step of a sequence by itself."""
    if input_dim is not None:
        kwargs["input_shape"] = (input_length, input_dim)
    return tf_keras.interface("layers").Dense(output_dim, **kwargs)


# The Keras module that looks up each argument of a layer.
_PARTS = {
    "init": "initializers",
    "activation": "activations",
    **{f"{of}_regularizer": "regularizers" for of in ("W", "b", "activity")},
    **{f"{of}_constraint": "constraints" for of in ("W", "b")},
}


# What Keras 2.2.4 found by name otherwise; a session patches tf_keras so, and these hold outside one too.
_OLD = {
    "initializers": models.initializer,
    "activations": models.activation,
    "regularizers": lambda today: regularizers.get,
}


def _part(kind: str, identifier: Any) -> Any:
    module = _PARTS[kind]
    get = tf_keras.interface(module).get
    return (_OLD[module](get) if module in _OLD else get)(identifier)


@cache
def _dense() -> type:
    """Returns the base class of MaxoutDense and Highway; it takes the arguments of a Dense layer of Keras 1."""
    layers = tf_keras.interface("layers")

    class Old(layers.Layer):
        kinds: Sequence[str] = ()  # the keys of _PARTS that the layer accepts

        def __init__(self, weights: Any = None, bias: bool = True, input_dim: Any = None, **kwargs: Any) -> None:
            if input_dim:
                kwargs["input_shape"] = (input_dim,)
            own = {kind: _part(kind, kwargs.pop(kind, None)) for kind in self.kinds}
            super().__init__(**kwargs)
            for kind, part in own.items():
                setattr(self, kind, part)
            self.bias, self.input_dim, self.initial_weights = bias, input_dim, weights
            self.input_spec = layers.InputSpec(ndim=2)

        def _weight(self, name: str, shape: Any, start: Any, of: str | None = None) -> Any:
            kept = {kind: getattr(self, f"{of}_{kind}") for kind in ("regularizer", "constraint")} if of else {}
            return self.add_weight(name=name, shape=shape, initializer=start, **kept)

        def _finish(self) -> None:
            self.built = True
            if self.initial_weights is not None:
                self.set_weights(self.initial_weights)
                self.initial_weights = None

        def get_config(self) -> dict[str, Any]:
            own = {kind: tf_keras.interface(_PARTS[kind]).serialize(getattr(self, kind)) for kind in self.kinds}
            return {**layers.Layer.get_config(self), **own, "bias": self.bias, "input_dim": self.input_dim}

    return Old


_REGULARIZED = ("W_regularizer", "b_regularizer", "activity_regularizer", "W_constraint", "b_constraint")


@cache
def _maxout() -> type:
    Old: Any = _dense()

    class MaxoutDense(Old):
        """Computes the elementwise maximum of several Dense layers."""

        kinds = ("init", *_REGULARIZED)

        def __init__(self, output_dim: int, nb_feature: int = 4, init: Any = "glorot_uniform", **kwargs: Any) -> None:
            super().__init__(init=init, **kwargs)
            self.output_dim, self.nb_feature = output_dim, nb_feature

        def build(self, input_shape: Any) -> None:
            width = int(input_shape[1])
            self.W = self._weight("W", (self.nb_feature, width, self.output_dim), self.init, "W")
            self.b = self._weight("b", (self.nb_feature, self.output_dim), "zeros", "b") if self.bias else None
            self._finish()

        def call(self, inputs: Any) -> Any:
            features = tf.einsum("bi,fio->bfo", inputs, self.W)
            return tf.reduce_max(features if self.b is None else features + self.b, axis=1)

        def compute_output_shape(self, input_shape: Any) -> tuple:
            return (input_shape[0], self.output_dim)

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "output_dim": self.output_dim, "nb_feature": self.nb_feature}

    return MaxoutDense


@cache
def _highway() -> type:
    Old: Any = _dense()

    class Highway(Old):
        """Computes gate * dense(x) + (1 - gate) * x; the gate is a sigmoid layer."""

        kinds = ("init", "activation", *_REGULARIZED)

        def __init__(self, init: Any = "glorot_uniform", activation: Any = None, **kwargs: Any) -> None:
            kwargs.pop("transform_bias", None)
            super().__init__(init=init, activation=activation, **kwargs)

        def build(self, input_shape: Any) -> None:
            width = int(input_shape[1])
            self.W = self._weight("W", (width, width), self.init, "W")
            self.W_carry = self._weight("W_carry", (width, width), self.init)
            self.b = self._weight("b", (width,), "zeros", "b") if self.bias else None
            self.b_carry = self._weight("b_carry", (width,), "ones") if self.bias else None
            self._finish()

        def call(self, inputs: Any) -> Any:
            gate, new = tf.matmul(inputs, self.W_carry), tf.matmul(inputs, self.W)
            if self.bias:
                gate, new = gate + self.b_carry, new + self.b
            gate = tf.sigmoid(gate)
            return self.activation(new) * gate + (1.0 - gate) * inputs

        def compute_output_shape(self, input_shape: Any) -> Any:
            return input_shape

    return Highway


_MAKERS = {"MaxoutDense": _maxout, "Highway": _highway}
_DILATED = {"AtrousConvolution1D": AtrousConvolution1D, "AtrousConvolution2D": AtrousConvolution2D}


def deserialize(function: Any) -> Any:
    """Wraps `keras.layers.deserialize`: knows the layers of this module, so that saved ones are read back."""

    @wraps(function)
    def deserialize(config: Any, custom_objects: Any = None, *args: Any, **kwargs: Any) -> Any:
        name: Any = config.get("class_name") if isinstance(config, Mapping) else None
        known = name in _MAKERS or name in _DILATED
        if known and dialect.keras_224() and name not in tf_keras.keras_custom_objects():
            own = {name: _MAKERS[name]() if name in _MAKERS else _DILATED[name]}
            custom_objects = {**own, **(custom_objects or {})}
        return function(config, custom_objects, *args, **kwargs)

    return deserialize
