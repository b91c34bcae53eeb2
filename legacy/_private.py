"""Every name that TensorFlow and tf_keras do not publish, and why the old world needs it.

The one place for private imports.  Checked with TensorFlow and tf_keras 2.16.2 and 2.21.0; where a name has moved in a
later release, the import that fails is here.  tf_keras is imported by the functions that need it, never with this file,
so that the stand-ins stay cheap to import.
"""

import contextlib
import importlib
import sys
import warnings
from collections.abc import Iterator, MutableMapping
from types import ModuleType
from typing import Any, NamedTuple

import tensorflow as tf

# tf.compat.v1.enable_v2_behavior and disable_v2_behavior turn the next seven for good; a session must also turn them
# back, and to what they were, which no public function tells.
from tensorflow.python import tf2  # the main switch: shapes, saving formats and tf_keras ask it
from tensorflow.python.compat import v2_compat  # its list of what tf.data rebinds when the main switch is turned
from tensorflow.python.eager import context  # graph_mode: a thread in graph mode without a graph on the stack
from tensorflow.python.framework import (
    ops,  # the stack of default graphs and the global graph beneath it
    tensor_shape,  # shape[0] is a Dimension
)
from tensorflow.python.framework import stack as sessions  # the stack of default sessions
from tensorflow.python.ops import (
    control_flow_util,  # tf.cond builds Switch and Merge
    resource_variables_toggle,  # tf.Variable makes a reference variable
)
from tensorflow.python.util import deprecation  # old programs use what is deprecated, and know it

from nthgrad.legacy import patches

_KEEP = object()


class Flag(NamedTuple):
    """An attribute that means something to the whole process, and what TensorFlow 1 had there."""

    owner: Any
    name: str
    value: Any = _KEEP  # only put back, since programs turn it themselves

    @contextlib.contextmanager
    def turned(self) -> Iterator[None]:
        """Gives the attribute its TensorFlow 1 value for the block, then what it had before."""
        before = getattr(self.owner, self.name, None)
        if self.value is not _KEEP:
            setattr(self.owner, self.name, self.value)
        try:
            yield
        finally:
            setattr(self.owner, self.name, before)


def tensorflow_1_behaviour() -> bool:
    """Whether TensorFlow 1's behaviour is on: in a session, or for good in a script's own process."""
    return not tf2.enabled()


@contextlib.contextmanager
def tensorflow_1_switch() -> Iterator[None]:
    """Turns the main switch for the block, and with it what tf.data binds to its names."""
    before = tf2.enabled()
    _turn(enabled=False)
    try:
        yield
    finally:
        _turn(enabled=before)


def _turn(enabled: bool) -> None:
    (tf2.enable if enabled else tf2.disable)()
    callbacks = v2_compat._DATA_V2_CALLBACKS
    for name in callbacks.list():
        callbacks.lookup(name)()


def hush_deprecations() -> None:
    """Stops the warnings and logs by which TensorFlow and tf_keras advise against what old programs are made of."""
    deprecation._PRINT_DEPRECATION_WARNINGS = False
    warnings.filterwarnings("ignore", module=r"(tensorflow|tf_keras)\.")  # what they say about their own code
    warnings.filterwarnings("ignore", message=r"`[^`]+` is deprecated and\s+will be removed", category=UserWarning)
    warnings.filterwarnings("ignore", message=r"`[\w.]+updates` will be removed", category=UserWarning)


def graph_mode() -> contextlib.AbstractContextManager:
    """Puts this thread in graph mode with an empty stack, where tf.reset_default_graph may be called."""
    return context.graph_mode()


@contextlib.contextmanager
def default_graph_and_session(graph: tf.Graph, session: Any) -> Iterator[None]:
    """Makes these the default of this thread, at the bottom of stacks of their own, whatever the caller had open.

    The graph is the global one and not on the stack, as in a TensorFlow 1 program that has just started; with
    `graph.as_default()` tf.reset_default_graph and K.clear_session would refuse to work.
    """
    graphs: Any = ops._default_graph_stack
    defaults: Any = sessions._default_session_stack
    before = graphs.stack, graphs._global_default_graph, graphs.enforce_nesting
    before_sessions = defaults.stack, defaults.enforce_nesting
    graphs.stack, graphs._global_default_graph = [], graph
    defaults.stack = [session]
    try:
        yield
    finally:
        graphs.stack, graphs._global_default_graph, graphs.enforce_nesting = before
        defaults.stack, defaults.enforce_nesting = before_sessions


def withdraw_default_session(session: Any) -> None:
    """Takes a session from the bottom of the stack, where `default_graph_and_session` put it."""
    stack = sessions._default_session_stack.stack
    if stack and stack[0] is session:
        del stack[0]


def tensorflow_flags() -> list[Flag]:
    """TensorFlow's own attributes, beside the main switch."""
    return [
        Flag(tensor_shape, "_TENSORSHAPE_V2_OVERRIDE", False),
        Flag(resource_variables_toggle, "_DEFAULT_USE_RESOURCE", False),
        Flag(tf.Tensor, "_USE_EQUALITY", False),  # a tensor is a key of feed_dict, and == compares identity
        Flag(control_flow_util, "ENABLE_CONTROL_FLOW_V2", False),
        Flag(deprecation, "_PRINT_DEPRECATION_WARNINGS"),
    ]


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


# Where the modules of Keras 2.2 look their names up: the interface that tf_keras keeps for TensorFlow 1 first (layers
# and initializers with the old arithmetic, K.get_session), then the file of tf_keras that has the rest.
_V1 = "tf_keras.api._v1.keras"
_SRC = "tf_keras.src"
_PLAIN = """activations applications callbacks constraints datasets initializers layers losses metrics models optimizers
    preprocessing regularizers utils preprocessing.image preprocessing.sequence preprocessing.text
    datasets.boston_housing datasets.cifar10 datasets.cifar100 datasets.fashion_mnist datasets.imdb datasets.mnist
    datasets.reuters applications.densenet applications.imagenet_utils applications.inception_resnet_v2
    applications.inception_v3 applications.mobilenet applications.mobilenet_v2 applications.nasnet
    applications.resnet50 applications.vgg16 applications.vgg19 applications.xception"""
_LAYERS = """core convolutional pooling recurrent normalization merge advanced_activations noise embeddings wrappers
    local convolutional_recurrent cudnn_recurrent"""
_UTILS = "np_utils generic_utils data_utils vis_utils layer_utils conv_utils io_utils"

TF_KERAS_MODULES: dict[str, tuple[str, ...]] = {
    "": (_V1,),
    "backend": (f"{_V1}.backend",),
    **{name: (f"{_V1}.{name}",) for name in _PLAIN.split()},
}
_ENGINE = f"{_SRC}.engine"
_SAVING = (f"{_V1}.models", f"{_SRC}.saving.legacy.hdf5_format")
_TRAINING = (f"{_ENGINE}.training_utils_v1", f"{_SRC}.utils.generic_utils")
KERAS_MODULES: dict[str, tuple[str, ...]] = {
    **TF_KERAS_MODULES,
    "backend": (f"{_V1}.backend", f"{_SRC}.backend"),
    "backend.common": (f"{_V1}.backend",),
    "backend.load_backend": (f"{_V1}.backend",),
    "backend.tensorflow_backend": (f"{_V1}.backend", f"{_SRC}.backend"),
    "applications.mobilenetv2": (f"{_V1}.applications.mobilenet_v2",),
    **{f"callbacks.{name}": (f"{_V1}.callbacks",) for name in ("callbacks", "tensorboard_v1", "tensorboard_v2")},
    **{f"datasets.{name}": (f"{_V1}.datasets.{name}", f"{_SRC}.datasets.{name}") for name in ("imdb", "reuters")},
    "datasets.cifar": (f"{_SRC}.datasets.cifar",),
    "objectives": (f"{_V1}.losses",),
    "initializations": (f"{_V1}.initializers",),
    "preprocessing.sequence": (f"{_V1}.preprocessing.sequence", f"{_SRC}.preprocessing.sequence"),
    **{f"layers.{name}": (f"{_V1}.layers",) for name in _LAYERS.split()},
    "utils": (f"{_V1}.utils",),
    **{f"utils.{name}": (f"{_V1}.utils", f"{_SRC}.utils.{name}") for name in _UTILS.split()},
    **{f"utils.{name}": () for name in ("multi_gpu_utils", "test_utils", "training_utils")},
    "utils.losses_utils": (f"{_SRC}.utils.losses_utils",),
    "utils.metrics_utils": (f"{_SRC}.utils.metrics_utils",),
    "utils.visualize_util": (f"{_V1}.utils",),
    "engine": (f"{_V1}.layers", f"{_V1}.models", f"{_V1}.utils"),
    "engine.topology": (f"{_V1}.layers", f"{_V1}.models", f"{_V1}.utils", f"{_ENGINE}.node", _SAVING[1]),
    "engine.base_layer": (f"{_V1}.layers", f"{_ENGINE}.node"),
    "engine.input_layer": (f"{_V1}.layers",),
    "engine.network": (f"{_V1}.utils", f"{_ENGINE}.functional"),
    "engine.saving": _SAVING,
    "engine.sequential": (f"{_V1}.models",),
    "engine.training": (f"{_V1}.models", f"{_V1}.layers"),
    "engine.training_utils": _TRAINING,
    "engine.training_arrays": (f"{_ENGINE}.training_arrays_v1",),
    "engine.training_generator": (f"{_ENGINE}.training_generator_v1",),
    "legacy": (),
    "legacy.interfaces": (),
    "legacy.layers": (f"{_V1}.layers",),
    "wrappers": (),
    "wrappers.scikit_learn": (),
}
TF_LAYERS = f"{_V1}.__internal__.legacy.layers"
TF_RNN_CELL = f"{_V1}.__internal__.legacy.rnn_cell"


def keras_session_holder() -> Any:
    """What tf_keras's backend keeps its session in; None if tf_keras is not imported."""
    backend = sys.modules.get(f"{_SRC}.backend")
    return getattr(backend, "_SESSION", None)


def keras_module(name: str) -> ModuleType:
    """Imports a module of tf_keras named in the tables above."""
    module = importlib.import_module(name)
    if tensorflow_1_behaviour():
        # In a script's own process this is for good; in a session it is turned already.
        from tf_keras.src.engine import base_layer_utils

        base_layer_utils._UNSAFE_GRAPH_OP_LAYER_CREATION = True
        patches.for_keras()
    return module
