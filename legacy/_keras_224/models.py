"""Replacements for attributes of tf_keras's models and layers, and for the lookup of initializers and activations.

Each function takes the current attribute and returns that of Keras 2.2.4 (see `_patches.keras_models`).
"""

from functools import wraps
from typing import Any

from nthgrad.legacy._runtime import dialect


def set_name(today: Any) -> Any:
    """Lets the name of a layer or model be assigned."""
    return property(today.fget, lambda self, value: setattr(self, "_name", value))


def set_trainable(today: Any) -> Any:
    """Sets a model's own flag; its layers keep their flags."""

    def assign(self: Any, value: bool) -> None:
        if dialect.keras_224(self):
            self._trainable = value
        else:
            today.fset(self, value)

    return property(lambda self: today.__get__(self), assign)


def every_variable(today: Any) -> Any:
    """Adds every global variable of the graph, not only Keras's own."""

    def variables(graph: Any = None) -> Any:
        import tensorflow as tf

        with graph.as_default():
            return {*today(graph), *tf.compat.v1.global_variables()}

    return variables


def batch_norm(today: Any) -> Any:
    """Computes the moving averages of Keras 2.2.4."""
    from nthgrad.legacy._keras_224.arithmetic.batch_norm import call as corrected

    @wraps(today)
    def call(self: Any, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        if dialect.keras_224(self) and not self._USE_V2_BEHAVIOR:
            return corrected(self, inputs, training)
        return today(self, inputs, training, mask)

    return call


def initializer(today: Any) -> Any:
    """Finds the initializers that draw their seeds from np.random."""
    from nthgrad.legacy._keras_224.arithmetic.initializers import of

    @wraps(today)
    def get(identifier: Any) -> Any:
        found = of(identifier) if dialect.keras_224() else None
        return today(identifier) if found is None else found

    return get


def activation(today: Any) -> Any:
    """Finds the selu of Keras 2.2.4, which has another derivative at 0."""
    from nthgrad.legacy._keras_224.arithmetic.activations import selu

    @wraps(today)
    def get(identifier: Any) -> Any:
        return selu if identifier == "selu" and dialect.keras_224() else today(identifier)

    return get


def seed(today: Any) -> Any:
    """Draws the seed of a dropout mask from np.random."""
    from nthgrad.legacy._keras_224.arithmetic.initializers import seed_or_drawn

    def make_legacy_seed(self: Any) -> Any:
        return seed_or_drawn(self._seed) if dialect.keras_224(self) else today(self)

    return make_legacy_seed


def random_layer(today: Any) -> Any:
    """Marks the random generator of a layer of tf.keras 1.15."""

    @wraps(today)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        today(self, *args, **kwargs)
        self._random_generator._of_tf_keras_115 = not dialect.keras_224(self)

    return init


def saved_arguments(today: Any) -> Any:
    """Compiles a loaded model with the saved names."""
    from nthgrad.legacy._keras_224.training.saving import compile_arguments

    @wraps(today)
    def arguments(config: Any, custom_objects: Any = None) -> Any:
        if not dialect.keras_224():
            return today(config, custom_objects)
        return compile_arguments(config, custom_objects)

    return arguments
