"""Private functions of TensorFlow 1.15 that today's TensorFlow has under other names."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from nthgrad.legacy._internals import ops


def defun(
    func: Callable | None = None,
    input_signature: Any = None,
    autograph: bool = True,  # noqa: FBT001, FBT002 its old arguments
    experimental_autograph_options: Any = None,
    experimental_relax_shapes: bool = False,  # noqa: FBT001, FBT002
) -> Any:
    """Compiles a function, or returns a decorator that does: `tf.function` with its old arguments."""
    return tf.function(
        func,
        input_signature=input_signature,
        autograph=autograph,
        experimental_autograph_options=experimental_autograph_options,
        reduce_retracing=experimental_relax_shapes,
    )


def get_dependent_variables(input_ops: Any, output_ops: Any) -> list[Any]:
    """Returns the variables that `output_ops` depend on without those behind `input_ops`; both are nested tensors."""
    return ops.dependent_variables(tf.nest.flatten(input_ops), tf.nest.flatten(output_ops))


def of_every_variable(today: Any) -> Callable[[type, Any], bool]:
    """Makes `tf.Variable` the class of resource variables too, Keras's among them, in `isinstance`."""

    def check(cls: type, instance: Any) -> bool:
        return today(cls, instance) or (cls is tf.compat.v1.Variable and tf.Variable in type(instance).__mro__)

    return check
