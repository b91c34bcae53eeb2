"""The names of tf_keras that nobody publishes and Keras 2.2.4's arithmetic needs, each with its reason."""

import weakref
from collections.abc import Callable
from types import ModuleType
from typing import Any

import tensorflow as tf

# Attributes of a model that are lists stay lists, which programs compare, append to and replace.
untracked: Callable = tf.__internal__.tracking.no_automatic_dependency_tracking


def keras_backend() -> ModuleType:
    """K, with what it does not show."""
    from tf_keras.src import backend

    return backend


def keras_custom_objects() -> dict[str, Any]:
    """The names that the program has registered."""
    from tf_keras.src.saving import object_registration

    return {**object_registration._GLOBAL_CUSTOM_OBJECTS, **object_registration._THREAD_LOCAL_CUSTOM_OBJECTS.__dict__}


def checks_of_data() -> ModuleType:
    """What brings arrays to the shapes that a model takes, with Keras 2's words where they do not fit."""
    from tf_keras.src.engine import training_utils_v1

    return training_utils_v1


def data_utils() -> ModuleType:
    """Sequence, and the queues that read one ahead in threads or processes."""
    from tf_keras.src.utils import data_utils

    return data_utils


def keras_callbacks() -> ModuleType:
    """History and Callback, whose objects programs compare with these classes."""
    from tf_keras.src import callbacks

    return callbacks


def optimizers_of_keras_2() -> ModuleType:
    """The optimizers that make their updates ops of one graph."""
    from tf_keras.src.optimizers import optimizer_v1

    return optimizer_v1


def graph_function() -> type:
    """The class behind K.function."""
    from tf_keras.src import backend

    return backend.GraphExecutionFunction


def learning_phase_tensor(graph: tf.Graph) -> Any:
    """The learning phase's placeholder in a graph, or None if nothing has asked for it."""
    from tf_keras.src import backend

    kept = backend._GRAPH_LEARNING_PHASES.get(graph)
    return kept() if isinstance(kept, weakref.ref) else kept


def keras_initializer_class() -> type:
    """The class that every initializer is made from; `isinstance` asks for it."""
    from tf_keras.src.initializers import initializers

    return initializers.Initializer


def run_after(update: Any, result: tf.Tensor) -> None:
    """Makes an update wait for a result that reads what it changes, unless the result waits for the update."""
    update = getattr(update, "op", update)
    seen, pending = set(), [result.op]
    while pending:
        op = pending.pop()
        if op not in seen:
            seen.add(op)
            pending.extend([each.op for each in op.inputs] + list(op.control_inputs))
    if update not in seen:
        update._add_control_inputs([result.op])
