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

from nthgrad.legacy._internals.switches import Flag, tensorflow_1_behaviour

V1 = "tf_keras.api._v1.keras"  # the interface that tf_keras keeps for TensorFlow 1
TF_LAYERS = f"{V1}.__internal__.legacy.layers"
TF_RNN_CELL = f"{V1}.__internal__.legacy.rnn_cell"

waiting: list[Callable[[], Any]] = []  # called once tf_keras is imported, in a script's own process


def keras_module(name: str) -> ModuleType:
    """Imports a module of tf_keras; then calls what has waited for tf_keras.

    Args:
        name: the full name of the module.
    """
    module = importlib.import_module(name)
    if tensorflow_1_behaviour():
        # In a script's own process this is for good; in a session it is turned already.
        from tf_keras.src.engine import base_layer_utils

        base_layer_utils._UNSAFE_GRAPH_OP_LAYER_CREATION = True
        while waiting:
            waiting.pop(0)()
    return module


def interface(name: str) -> ModuleType:
    """Returns a module of the interface that tf_keras keeps for TensorFlow 1.

    Args:
        name: the name below `tf_keras.api._v1.keras`, such as "layers".
    """
    return keras_module(f"{V1}.{name}")


def source(name: str) -> ModuleType:
    """Returns one of tf_keras's own files, whose functions are patched; public modules show the originals.

    Args:
        name: the name below `tf_keras.src`, such as "backend".
    """
    return keras_module(f"tf_keras.src.{name}")


def keras_session_holder() -> Any:
    """Returns the object in which tf_keras's backend keeps its session; None if tf_keras is not imported."""
    backend = sys.modules.get("tf_keras.src.backend")
    return getattr(backend, "_SESSION", None)


# Attributes of a model that are lists stay lists, which programs compare, append to and replace.
untracked: Callable = tf.__internal__.tracking.no_automatic_dependency_tracking


def keras_flags(session: Any) -> list[Flag]:
    """tf_keras's attributes; `session` is what its backend keeps its session in."""
    from tf_keras.src import backend, backend_config
    from tf_keras.src.engine import base_layer_utils
    from tf_keras.src.mixed_precision import policy

    return [
        # Layers take the dtype of their input.  With the other value float64 silently becomes float32.
        Flag(base_layer_utils, "V2_DTYPE_BEHAVIOR", False),
        Flag(policy, "_global_policy", None),
        # TensorFlow ops on Keras tensors stay ops of the one graph, and are not evaluated to make layers of them.
        Flag(base_layer_utils, "_UNSAFE_GRAPH_OP_LAYER_CREATION", True),
        Flag(backend, "_SESSION", session),
        Flag(backend, "_MANUAL_VAR_INIT", False),
        Flag(backend._DUMMY_EAGER_GRAPH, "learning_phase_is_set", False),
        Flag(backend._GRAPH, "graph"),  # the graph of eager functional models, which K.clear_session drops
        Flag(backend_config, "_FLOATX"),
        Flag(backend_config, "_EPSILON"),
        Flag(backend_config, "_IMAGE_DATA_FORMAT"),
    ]


@contextlib.contextmanager
def keras_registries() -> Iterator[None]:
    """Undoes what K.clear_session empties for every graph of the process, and names registered in the block."""
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
            # What belongs to the block's own graphs stays: a later session may be given one of them.
            added = dict(getattr(backend, name))
            registry.update({**added, **before})
            setattr(backend, name, registry)
        for registry, before in zip(whole, contents, strict=True):
            registry.clear()
            registry.update(before)
        backend.OBSERVED_NAMES.clear()
        backend.OBSERVED_NAMES.update(observed)


def keras_versioned_classes() -> list[type]:
    """The classes whose `__bases__` tf_keras swaps, for every class at once, when a layer or model is made.

    Each has a version for TensorFlow 1 and one for TensorFlow 2, and the last one used is the one in force; what was
    made with the other is then "in an invalid state".  Bases come before the classes made from them.
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
