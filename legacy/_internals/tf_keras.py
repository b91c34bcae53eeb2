"""Private names of tf_keras.

tf_keras takes seconds to import: the functions that need it import it, never this file.
"""

import contextlib
import importlib
import sys
import weakref
from collections.abc import Callable, Iterator, MutableMapping
from types import ModuleType
from typing import Any

import tensorflow as tf

from nthgrad.legacy._internals.switches import Flag, tensorflow_1_behavior

V1 = "tf_keras.api._v1.keras"  # tf_keras's interface for TensorFlow 1
TF_LAYERS = f"{V1}.__internal__.legacy.layers"
TF_RNN_CELL = f"{V1}.__internal__.legacy.rnn_cell"

waiting: list[Callable[[], Any]] = []  # functions to call once tf_keras is imported, in a script's own process


def keras_module(name: str) -> ModuleType:
    """Imports a module of tf_keras; then calls the `waiting` functions.

    Args:
        name: the full name of the module.
    """
    module = importlib.import_module(name)
    if tensorflow_1_behavior():
        # For a script's own process; a session has set it already.
        from tf_keras.src.engine import base_layer_utils

        base_layer_utils._UNSAFE_GRAPH_OP_LAYER_CREATION = True
        while waiting:
            waiting.pop(0)()
    return module


def interface(name: str) -> ModuleType:
    """Returns a module of tf_keras's interface for TensorFlow 1.

    Args:
        name: the name below `tf_keras.api._v1.keras`, such as "layers".
    """
    return keras_module(f"{V1}.{name}")


def source(name: str) -> ModuleType:
    """Returns one of tf_keras's own files. Its functions are patched; public modules still point to the originals.

    Args:
        name: the name below `tf_keras.src`, such as "backend".
    """
    return keras_module(f"tf_keras.src.{name}")


def keras_session_holder() -> Any:
    """Returns the object that holds the session of tf_keras's backend; None if tf_keras is not imported."""
    backend = sys.modules.get("tf_keras.src.backend")
    return getattr(backend, "_SESSION", None)


# A decorator: attributes that are lists stay plain lists, which programs compare, append to and replace.
untracked: Callable = tf.__internal__.tracking.no_automatic_dependency_tracking


def keras_flags(session: Any) -> list[Flag]:
    """Returns tf_keras's flags; `session` becomes the holder of its backend's session."""
    from tf_keras.src import backend, backend_config
    from tf_keras.src.engine import base_layer_utils
    from tf_keras.src.mixed_precision import policy

    return [
        # Layers take the dtype of their input. With True, float64 silently becomes float32.
        Flag(base_layer_utils, "V2_DTYPE_BEHAVIOR", False),
        Flag(policy, "_global_policy", None),
        # TensorFlow ops on Keras tensors become layers. With False, tf_keras would evaluate their other inputs.
        Flag(base_layer_utils, "_UNSAFE_GRAPH_OP_LAYER_CREATION", True),
        Flag(backend, "_SESSION", session),
        Flag(backend, "_MANUAL_VAR_INIT", False),
        Flag(backend._DUMMY_EAGER_GRAPH, "learning_phase_is_set", False),
        Flag(backend._GRAPH, "graph"),  # the graph of eager functional models, dropped by K.clear_session
        Flag(backend_config, "_FLOATX"),
        Flag(backend_config, "_EPSILON"),
        Flag(backend_config, "_IMAGE_DATA_FORMAT"),
    ]


@contextlib.contextmanager
def keras_registries() -> Iterator[None]:
    """Restores the registries that K.clear_session empties, and removes names registered in the block."""
    from tf_keras.src import backend
    from tf_keras.src.saving import object_registration

    by_graph = ["PER_GRAPH_OBJECT_NAME_UIDS", "_GRAPH_LEARNING_PHASES"]
    registries: list[MutableMapping] = [getattr(backend, name) for name in by_graph]
    entries = [dict(registry) for registry in registries]
    whole = [object_registration._GLOBAL_CUSTOM_OBJECTS, object_registration._GLOBAL_CUSTOM_NAMES]
    contents = [dict(registry) for registry in whole]
    observed = set(backend.OBSERVED_NAMES)
    try:
        yield
    finally:
        for name, registry, before in zip(by_graph, registries, entries, strict=True):
            # Entries of the block's own graphs stay: a later session may be given one of them.
            added = dict(getattr(backend, name))
            registry.update({**added, **before})
            setattr(backend, name, registry)
        for registry, before in zip(whole, contents, strict=True):
            registry.clear()
            registry.update(before)
        backend.OBSERVED_NAMES.clear()
        backend.OBSERVED_NAMES.update(observed)


def keras_versioned_classes() -> list[type]:
    """Returns the classes whose `__bases__` tf_keras swaps when a layer or model is created, base classes first.

    Each has a version for TensorFlow 1 and one for TensorFlow 2; the last one used is active. Objects created with the
    other are then "in an invalid state".
    """
    from tf_keras.src.utils import version_utils

    found: dict[type, None] = {}
    pending: list[type] = [
        version_utils.LayerVersionSelector,
        version_utils.ModelVersionSelector,
        version_utils.TensorBoardVersionSelector,
    ]
    while pending:
        for cls in pending.pop(0).__subclasses__():
            found.pop(cls, None)
            found[cls] = None
            pending.append(cls)
    return list(found)


def keras_backend() -> ModuleType:
    """Returns tf_keras's backend, private names included."""
    from tf_keras.src import backend

    return backend


def keras_custom_objects() -> dict[str, Any]:
    """Returns the custom objects that the program has registered, by name."""
    from tf_keras.src.saving import object_registration

    return {**object_registration._GLOBAL_CUSTOM_OBJECTS, **object_registration._THREAD_LOCAL_CUSTOM_OBJECTS.__dict__}


def checks_of_data() -> ModuleType:
    """Returns the module that checks and reshapes a model's arrays, with Keras 2's error messages."""
    from tf_keras.src.engine import training_utils_v1

    return training_utils_v1


def data_utils() -> ModuleType:
    """Returns the module of Sequence and of the queues that read one ahead."""
    from tf_keras.src.utils import data_utils

    return data_utils


def keras_callbacks() -> ModuleType:
    """Returns the module of History and Callback, which programs use in `isinstance`."""
    from tf_keras.src import callbacks

    return callbacks


def optimizers_of_keras_2() -> ModuleType:
    """Returns the module of the optimizers whose updates are ops of a graph."""
    from tf_keras.src.optimizers import optimizer_v1

    return optimizer_v1


def graph_function() -> type:
    """Returns the class of K.function's results."""
    from tf_keras.src import backend

    return backend.GraphExecutionFunction


def learning_phase_tensor(graph: tf.Graph) -> Any:
    """Returns the learning phase's placeholder in a graph, or None if it was not created."""
    from tf_keras.src import backend

    kept = backend._GRAPH_LEARNING_PHASES.get(graph)
    return kept() if isinstance(kept, weakref.ref) else kept


def keras_initializer_class() -> type:
    """Returns the base class of all initializers, which `isinstance` tests need."""
    from tf_keras.src.initializers import initializers

    return initializers.Initializer


def convert_shapes(shapes: Any) -> Any:
    """Returns shapes of any form as TensorShapes."""
    from tf_keras.src.utils import tf_utils

    return tf_utils.convert_shapes(shapes, to_tuples=False)
