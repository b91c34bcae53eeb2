"""Replacements for methods of tf_keras's layers: names, `build`, calls, weights and configurations of Keras 2.2.4.

Each function takes the current attribute and returns that of Keras 2.2.4 (see `_patches.keras_layers`).
"""

import contextlib
from collections.abc import Iterator
from functools import wraps
from typing import Any

import tensorflow as tf

from nthgrad.errors import LegacyError
from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._keras_224.functions import has_arg
from nthgrad.legacy._runtime import dialect


def one_output(function: Any) -> Any:
    """Unpacks the result of `layer(inputs)` if `call` returns a list of one tensor."""

    @wraps(function)
    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N807
        outputs = function(self, *args, **kwargs)
        single = isinstance(outputs, list) and len(outputs) == 1 and dialect.keras_224(self)
        return outputs[0] if single else outputs

    return __call__


def from_one(function: Any) -> Any:
    """Numbers the names of layers and models from dense_1, or dense in tf.keras 1.15; marks the latter's."""

    @wraps(function)
    def _init_set_name(self: Any, name: Any, zero_based: bool = True) -> None:
        dialect.mark(self)
        function(self, name, zero_based=zero_based and not dialect.keras_224(self))

    return _init_set_name


def built_of_numbers(function: Any) -> Any:
    """Passes the shape as a tuple of integers to a program's own `build`."""

    @wraps(function)
    def _maybe_build(self: Any, inputs: Any) -> None:
        build = self.build
        own = not of_keras(getattr(build, "__module__", ""))
        if self.built or not own or not dialect.keras_224(self):
            function(self, inputs)
            return
        with _replaced(self, "build", lambda shape: build(_numbers(shape))):
            function(self, inputs)

    return _maybe_build


_NONE = object()


@contextlib.contextmanager
def _replaced(layer: Any, name: str, method: Any) -> Iterator[None]:
    """Replaces a method or an attribute of one layer for the block."""
    before = vars(layer).get(name, _NONE)
    object.__setattr__(layer, name, method)
    try:
        yield
    finally:
        object.__delattr__(layer, name)
        if before is not _NONE:
            object.__setattr__(layer, name, before)


def of_keras(module: str) -> bool:
    """Returns whether a module's name, which a script's process changes, is one of tf_keras's."""
    return module.startswith(("tf_keras.", "keras."))


def _numbers(shape: Any) -> Any:
    """Converts each shape to a tuple of integers and None."""
    if isinstance(shape, tf.TensorShape):
        return None if shape.rank is None else tuple(shape.as_list())
    if isinstance(shape, dict):
        return {key: _numbers(each) for key, each in shape.items()}
    if isinstance(shape, tuple) and not any(isinstance(each, (tuple, list, tf.TensorShape)) for each in shape):
        return tuple(getattr(each, "value", each) for each in shape)  # of a Dimension
    return [_numbers(each) for each in shape] if isinstance(shape, (list, tuple)) else shape


def numbers_of_output(function: Any) -> Any:
    """Returns the output shape as a tuple of integers and None, or a list of tuples."""

    @wraps(function)
    def compute_output_shape(self: Any, input_shape: Any) -> Any:
        if not dialect.keras_224(self):
            return function(self, input_shape)
        return _numbers(function(self, _numbers(input_shape)))

    return compute_output_shape


def same_shape(function: Any) -> Any:
    """Returns the input shape for a layer that does not compute another."""

    @wraps(function)
    def compute_output_shape(self: Any, input_shape: Any) -> Any:
        infers = tf.executing_eagerly() or not dialect.keras_224(self)  # Lambda switches to eager mode and calls it
        return function(self, input_shape) if infers else input_shape

    return compute_output_shape


def shape_at_each_step(function: Any) -> Any:
    """Calls the wrapped layer's `compute_output_shape`, which may be a program's own, with a tuple."""

    @wraps(function)
    def compute_output_shape(self: Any, input_shape: Any) -> Any:
        if not dialect.keras_224(self):
            return function(self, input_shape)
        batch, steps, *sizes = _numbers(input_shape)
        batch, *sizes = self.layer.compute_output_shape((batch, *sizes))
        return batch, steps, *sizes

    return compute_output_shape


def with_tensor_shapes(function: Any) -> Any:
    """Runs a method of tf_keras that expects a TensorShape of `compute_output_shape`."""

    @wraps(function)
    def reset_states(self: Any, states: Any = None) -> None:
        compute = self.compute_output_shape
        with _replaced(self, "compute_output_shape", lambda shape: tf_keras.convert_shapes(compute(shape))):
            function(self, states)

    return reset_states


def cell_built_with_constants(function: Any) -> Any:
    """Passes the shapes of the constants to the cell's `build`: a list of the step's shape and theirs."""

    @wraps(function)
    def build(self: Any, input_shape: Any) -> None:
        if not self._num_constants or not dialect.keras_224(self):
            function(self, input_shape)
            return
        constants = [_numbers(each) for each in input_shape[-self._num_constants :]]
        with contextlib.ExitStack() as stack:
            for cell in _cells(self.cell):
                if isinstance(cell, tf_keras.interface("layers").Layer):
                    own = cell.build
                    stack.enter_context(
                        _replaced(cell, "build", lambda shape, own=own: own([_numbers(shape), *constants]))
                    )
            function(self, input_shape)

    return build


def _cells(cell: Any) -> list[Any]:
    """Returns the cell, or the cells of a stack whose `call` takes constants."""
    if not hasattr(cell, "cells"):
        return [cell]
    return [inner for each in cell.cells if has_arg(each.call, "constants") for inner in _cells(each)]


def batch_input_shape(today: Any) -> Any:
    """Returns the shape given to the layer; other layers lack the attribute."""

    def assign(self: Any, shape: Any) -> None:
        self._batch_input_shape = shape

    return property(lambda self: self._batch_input_shape, assign)


def output(today: Any) -> Any:
    """Returns the output of a layer that was called once; raises after several calls."""

    def output(self: Any) -> Any:
        if len(self._inbound_nodes) > 1 and dialect.keras_224(self):
            raise AttributeError(
                f'Layer {self.name} has multiple inbound nodes, hence the notion of "layer output" is ill-defined. '
                "Use `get_output_at(node_index)` instead."
            )
        return today.__get__(self)

    return property(output, today.fset)


def settable_weights(name: str) -> Any:
    """Makes a list of weights settable."""

    def make(today: Any) -> Any:
        def assign(self: Any, weights: Any) -> None:
            setattr(self, f"_{name}", list(weights))

        return property(today.fget, assign)

    return make


_TRACKED = ("_trainable_weights", "_non_trainable_weights", "_self_tracked_trackables")


def untracked(function: Any) -> Any:
    """Sets attributes of a program's own layers without tracking; only `add_weight` makes a variable a weight."""

    @wraps(function)
    def __setattr__(self: Any, name: str, value: Any) -> None:  # noqa: N807
        old = [cls for cls in type(self).__mro__ if of_keras(cls.__module__)]
        if (
            name in _TRACKED
            or old[0] is type(self)
            or hasattr(self, "_is_graph_network")
            or not dialect.keras_224(self)
        ):
            function(self, name, value)
            return
        # Inner layers were not tracked either, except in subclasses of layers such as wrappers.
        lists = [self.__dict__.get(each) for each in (_TRACKED if old[0].__name__ == "Layer" else _TRACKED[:2])]
        lengths = [len(each or ()) for each in lists]
        function(self, name, value)
        for each, length in zip(lists, lengths, strict=True):
            if each is not None:
                del each[length:]

    return __setattr__


def of_the_wrapped(name: str) -> Any:
    """Returns the weights of the wrapped layer as those of the wrapper."""

    def make(today: Any) -> Any:
        def weights(self: Any) -> list:
            if not dialect.keras_224(self):
                wrapper = next(cls for cls in type(self).__mro__ if cls.__name__ == "Wrapper")
                return getattr(super(wrapper, self), name)
            both = hasattr(self, "forward_layer")
            parts = [self.forward_layer, self.backward_layer] if both else [self.layer]
            return [weight for part in parts for weight in getattr(part, name)]

        return property(weights, today.fset)

    return make


def config(function: Any) -> Any:
    """Returns a layer's configuration; it has a dtype only together with an input shape."""

    @wraps(function)
    def get_config(self: Any) -> dict[str, Any]:
        config = function(self)
        if dialect.keras_224(self) and "batch_input_shape" not in config:
            config.pop("dtype", None)
        return config

    return get_config


def sequential_config(function: Any) -> Any:
    """Returns a Sequential model's configuration without an input layer that the program did not add."""

    @wraps(function)
    def get_config(self: Any) -> dict[str, Any]:
        config = function(self)
        first, *others = config["layers"] or [{}]
        if not dialect.keras_224(self) or first.get("class_name") != "InputLayer" or not others:
            return config
        late = self.__dict__.get("_late_input_shape")
        if late:
            return {**config, "layers": others, "build_input_shape": late}
        return {**config, "layers": others} if "batch_input_shape" in others[0]["config"] else config

    return get_config


def from_a_list(method: Any) -> Any:
    """Builds a Sequential model from a list of the configurations of its layers, as Keras 1 wrote them."""

    @wraps(method)
    def from_config(cls: Any, config: Any, custom_objects: Any = None) -> Any:
        config = {"name": None, "layers": config} if isinstance(config, list) else config
        return method.__func__(cls, config, custom_objects)

    return classmethod(from_config)


def built_late(function: Any) -> Any:
    """Builds a Sequential model without an input shape: adds an input and calls the layers."""

    @wraps(function)
    def build(self: Any, input_shape: Any = None) -> None:
        if not dialect.keras_224(self) or self.inputs or not input_shape or not self.layers:
            function(self, input_shape)
            return
        backend = tf_keras.keras_backend()
        tensor = tf_keras.interface("layers").Input(
            batch_shape=tuple(input_shape), dtype=backend.floatx(), name=f"{self.name}_input"
        )
        self.inputs = [tensor]
        for layer in self.layers:
            tensor = layer(tensor)
        self.outputs = [tensor]
        self._late_input_shape = tuple(input_shape)
        self._has_explicit_input_shape = self._graph_initialized = True
        self._init_graph_network(self.inputs, self.outputs)
        self.built = True

    return tf_keras.untracked(build)


def weights_of_unbuilt(function: Any) -> Any:
    """Lets a model without weights so far have empty lists of weights."""

    @wraps(function)
    def _assert_weights_created(self: Any) -> None:
        if not dialect.keras_224(self):
            function(self)

    return _assert_weights_created


def saved_weights(function: Any) -> Any:
    """Saves the weights of layers, without an empty group for the model's own weights."""

    @wraps(function)
    def save_weights_to_hdf5_group(group: Any, model: Any) -> None:
        function(group, model)
        own = "top_level_model_weights"
        if dialect.keras_224(model) and own in group and not group[own].attrs["weight_names"].size:
            del group[own]

    return save_weights_to_hdf5_group


def both_strided_and_dilated(function: Any) -> Any:
    """Accepts a convolution with strides and a dilation rate; its call raises."""

    @wraps(function)
    def _validate_init(self: Any) -> None:
        if not dialect.keras_224(self):
            function(self)
            return
        with _replaced(self, "dilation_rate", (1,) * self.rank):
            function(self)

    return _validate_init


def kept(function: Any) -> Any:
    """Returns the inputs of Dropout unchanged if the rate is 1; tf_keras drops all."""

    @wraps(function)
    def call(self: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        whole = isinstance(self.rate, (int, float)) and self.rate >= 1 and dialect.keras_224(self)
        return inputs if whole else function(self, inputs, *args, **kwargs)

    return call


def unmasked(rate: str) -> Any:
    """Creates no mask for the cell of a recurrent layer if its rate is 1.

    Args:
        rate: the name of the cell's attribute.
    """

    def make(function: Any) -> Any:
        @wraps(function)
        def mask(self: Any, *args: Any, **kwargs: Any) -> Any:
            return None if getattr(self, rate) >= 1 and dialect.keras_224(self) else function(self, *args, **kwargs)

        return mask

    return make


def with_first_versions(today: tuple[Any, ...]) -> tuple[Any, ...]:
    """Adds the modules of the LSTM and GRU of TensorFlow 1; of classes with one name, the last is taken."""
    return (*today, *(tf_keras.source(f"layers.rnn.{name}_v1") for name in ("gru", "lstm")))


def on_a_gpu(function: Any) -> Any:
    """Makes CuDNNLSTM and CuDNNGRU raise without a GPU."""

    @wraps(function)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        if not tf.config.list_physical_devices("GPU"):
            name = type(self).__name__
            raise LegacyError(
                f"keras.layers.{name} runs on a GPU only, and TensorFlow finds none. Write keras.layers."
                f"{name.removeprefix('CuDNN')} with recurrent_activation='sigmoid'"
                f"{', reset_after=True' if name == 'CuDNNGRU' else ''}, which computes the same."
            )
        function(self, *args, **kwargs)

    return __init__
