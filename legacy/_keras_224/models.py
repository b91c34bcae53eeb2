"""Replacements for attributes of tf_keras's models and layers, and for the lookup of initializers and activations.

Each function takes the current attribute and returns that of Keras 2.2.4 (see `_patches.keras_models`).
"""

import contextlib
import warnings
from functools import cache, wraps
from typing import Any

import tensorflow as tf

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._runtime import dialect


def model_class(*, of_tf_keras_115: bool = False) -> Any:
    """Returns `keras.models.Model`, or `tf.keras.Model`: the exact class of models made of inputs and outputs.

    tf_keras has two classes, Model and Functional. This one derives from Functional, and counts every Model as its
    instance. A program's subclasses derive from Model.

    Args:
        of_tf_keras_115: marks the models as tf.keras 1.15's.
    """
    return _model_class(of_tf_keras_115)


@cache
def _model_class(of_tf_keras_115: bool) -> Any:
    base: Any = tf_keras.source("engine.training").Model
    functional = tf_keras.source("engine.functional").Functional
    marked: dict[str, Any] = {dialect.MARK: True} if of_tf_keras_115 else {}

    class Meta(type(functional)):
        def __new__(mcls, name: str, bases: tuple[type, ...], body: dict[str, Any], **kwargs: Any) -> Any:
            if made:
                bases, body = tuple(base if each is made else each for each in bases), {**body, **marked}
            return super().__new__(mcls, name, bases, body, **kwargs)

        def __call__(cls, *args: Any, **kwargs: Any) -> Any:
            with dialect.tf_keras_115() if of_tf_keras_115 else contextlib.nullcontext():
                return base(*args, **kwargs) if cls is made else super().__call__(*args, **kwargs)

        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, base) if cls is made else super().__instancecheck__(instance)

        def __subclasscheck__(cls, subclass: type) -> bool:
            return issubclass(subclass, base) if cls is made else super().__subclasscheck__(subclass)

        def __setattr__(cls, name: str, value: Any) -> None:
            super().__setattr__(name, value)
            if cls is made:  # programs add methods, for Sequential and subclasses too
                setattr(base, name, value)

    @wraps(functional.__init__)  # tf_keras compares the arguments
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        (functional if type(self) is made else base).__init__(self, *args, **kwargs)  # subclasses call it by name

    made: Any = None
    body = {"__init__": __init__, "__module__": "keras.engine.training", "__doc__": base.__doc__, **marked}
    if of_tf_keras_115:
        body["from_config"] = dialect.class_method_of_tf_keras_115(functional.from_config)
    made = Meta("Model", (functional,), body)
    return made


def named_model(function: Any) -> Any:
    """Makes the class of `Model(inputs, outputs)` Model, in saved files too."""

    def __new__(cls: type, *args: Any, **kwargs: Any) -> Any:  # noqa: N807
        made = function(cls, *args, **kwargs)
        if type(made) is tf_keras.source("engine.functional").Functional:  # not a program's class of that name
            made.__class__ = model_class(of_tf_keras_115=not dialect.keras_224())
        return made

    return staticmethod(__new__)


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
        with graph.as_default():
            return {*today(graph), *tf.compat.v1.global_variables()}

    return variables


def number_or_false(today: Any) -> Any:
    """Returns arrays that convert as those of `Session.run` do, in a script."""
    from nthgrad.legacy._patches import applying
    from nthgrad.legacy._runtime import scalars

    @wraps(today)
    def value(x: Any) -> Any:
        found = today(x)
        return scalars.convertible(found) if applying.whole_process() else found

    return value


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
        if dialect.keras_224() and isinstance(identifier, tf_keras.interface("layers").Layer):
            warnings.warn(
                f"Do not pass a layer instance (such as {type(identifier).__name__}) as the activation argument of "
                "another layer. Instead, advanced activation layers should be used just like any other layer in a "
                "model.",
                stacklevel=2,
            )
        if identifier == "selu" and dialect.keras_224():
            return selu
        if not dialect.keras_224() or isinstance(identifier, str) or identifier is None or callable(identifier):
            return today(identifier)
        raise ValueError(f"Could not interpret activation function identifier: {identifier}")

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


def made_of_tensors(today: Any) -> Any:
    """Raises for inputs or outputs of a model that are no tensors."""

    @wraps(today)
    def _init_graph_network(self: Any, inputs: Any, outputs: Any) -> None:
        for what, given in (("Input", inputs), ("Output", outputs)):
            wrong = [each for each in tf.nest.flatten(given) if not tf.is_tensor(each)]
            if wrong and dialect.keras_224(self):
                raise ValueError(f"{what} tensors to a Model must be the output of a Keras `Layer`. Found: {wrong[0]}")
        today(self, inputs, outputs)

    return tf_keras.untracked(_init_graph_network)


def saved_arguments(today: Any) -> Any:
    """Compiles a loaded model with the saved names."""
    from nthgrad.legacy._keras_224.training.saving import compile_arguments

    @wraps(today)
    def arguments(config: Any, custom_objects: Any = None) -> Any:
        if not dialect.keras_224():
            return today(config, custom_objects)
        return compile_arguments(config, custom_objects)

    return arguments
