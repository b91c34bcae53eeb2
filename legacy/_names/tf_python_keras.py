"""`tensorflow.python.keras`: the module tree of tf.keras 1.15 under the private name that programs imported.

TensorFlow still has modules of that name: an abandoned copy of Keras, with other classes and another session than
`tf.keras`. The stand-ins here have the objects of `tf.keras`. TensorFlow's own imports need a few modules of the copy;
a script keeps those that have no stand-in.
"""

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from nthgrad.legacy._names import stand_ins
from nthgrad.legacy._names.modules import KERAS_MODULES, TF_KERAS_115_MODULES
from nthgrad.legacy._names.paths import by_path, of

NAME = "tensorflow.python.keras"
_V1 = "tf_keras.api._v1.keras"
_SRC = "tf_keras.src"
_LAYERS = f"{_SRC}.layers"

# Modules of Keras 2.2.4's tree that TensorFlow 1.15 has too.
_SHARED = """datasets.cifar engine engine.base_layer engine.input_layer engine.network engine.saving engine.sequential
    engine.training engine.training_arrays engine.training_generator engine.training_utils layers.advanced_activations
    layers.convolutional layers.convolutional_recurrent layers.core layers.cudnn_recurrent layers.embeddings
    layers.local layers.merge layers.noise layers.normalization layers.pooling layers.recurrent layers.wrappers
    utils.conv_utils utils.data_utils utils.generic_utils utils.io_utils utils.layer_utils utils.losses_utils
    utils.metrics_utils utils.multi_gpu_utils utils.np_utils utils.vis_utils"""
_WITH_PRIVATE_NAMES = "activations callbacks constraints losses regularizers"
_OPTIMIZERS = "adadelta adagrad adam adamax ftrl gradient_descent nadam rmsprop"

MODULES: dict[str, tuple[str, ...]] = {
    **TF_KERAS_115_MODULES,
    **{name: KERAS_MODULES[name] for name in _SHARED.split()},
    "backend": KERAS_MODULES["backend"],
    **{name: (f"{_V1}.{name}", f"{_SRC}.{name}") for name in _WITH_PRIVATE_NAMES.split()},
    "backend_config": (f"{_SRC}.backend_config",),
    "callbacks_v1": (f"{_V1}.callbacks", f"{_SRC}.callbacks_v1"),
    "engine.base_layer_utils": (f"{_SRC}.engine.base_layer_utils",),
    "engine.input_spec": (f"{_V1}.layers", f"{_SRC}.engine.input_spec"),
    "engine.node": (f"{_SRC}.engine.node",),
    "layers.dense_attention": (f"{_V1}.layers", f"{_LAYERS}.attention.base_dense_attention"),
    "layers.kernelized": (f"{_V1}.layers.experimental", f"{_LAYERS}.kernelized"),
    "layers.normalization_v2": (f"{_LAYERS}.normalization.batch_normalization",),
    "layers.recurrent_v2": (f"{_LAYERS}.rnn.gru", f"{_LAYERS}.rnn.lstm"),
    "layers.serialization": (f"{_V1}.layers", f"{_LAYERS}.serialization"),
    "optimizers": (f"{_SRC}.optimizers.optimizer_v1", f"{_V1}.optimizers"),  # Keras 2's, not those of tf.keras
    "optimizer_v2": (),
    **{f"optimizer_v2.{name}": (f"{_V1}.optimizers",) for name in _OPTIMIZERS.split()},
    "optimizer_v2.learning_rate_schedule": (f"{_V1}.optimizers.schedules",),
    "optimizer_v2.optimizer_v2": (f"{_SRC}.optimizers.legacy.optimizer_v2",),
    "saving": (f"{_V1}.models", f"{_SRC}.saving.legacy.hdf5_format"),
    **{
        f"saving.{name}": (f"{_SRC}.saving.legacy.{name}",)
        for name in ("hdf5_format", "model_config", "save", "saving_utils")
    },
    "utils.mode_keys": (f"{_SRC}.utils.mode_keys",),
    "utils.tf_utils": (f"{_SRC}.utils.tf_utils",),
}
_DROPOUT = of(f"{_LAYERS}.rnn.dropout_rnn_cell_mixin", "DropoutRNNCellMixin _generate_dropout_mask")
OF_TF_KERAS = {  # names of tf.keras itself that tf_keras lacks
    "wrappers.scikit_learn": of("nthgrad.legacy._tensorflow_1.scikit_learn", "KerasClassifier KerasRegressor"),
}
OWN: dict[str, dict[str, str]] = {
    "engine.network": {"Network": ".models:Model"},
    "layers.convolutional": {
        **of(f"{_LAYERS}.convolutional.base_conv", "Conv"),
        **of(f"{_LAYERS}.convolutional.base_separable_conv", "SeparableConv"),
    },
    "layers.merge": of(f"{_LAYERS}.merging.base_merge", "_Merge"),
    "layers.normalization": of(f"{_LAYERS}.normalization.batch_normalization", "BatchNormalizationBase"),
    "layers.normalization_v2": {"BatchNormalization": "tf_keras.layers:BatchNormalization"},
    "layers.pooling": {
        f"{prefix}Pooling{n}D": f"{_LAYERS}.pooling.base_{module}pooling{n}d:{prefix}Pooling{n}D"
        for prefix, module in (("", ""), ("Global", "global_"))
        for n in (1, 2, 3)
    },
    "layers.recurrent": {**_DROPOUT, "_standardize_args": f"{_LAYERS}.rnn.rnn_utils:standardize_args"},
    "layers.convolutional_recurrent": _DROPOUT,
    "utils": of("nthgrad.legacy._keras_224.functions", "multi_gpu_model"),
    "utils.multi_gpu_utils": of("nthgrad.legacy._keras_224.functions", "multi_gpu_model"),
    "wrappers.scikit_learn": of(
        "nthgrad.legacy._tensorflow_1.scikit_learn", "BaseWrapper KerasClassifier KerasRegressor"
    ),
}


class _Python(ModuleType):
    """`tensorflow.python`, with stand-ins for Keras."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module("tensorflow.python"), name)


def plant(root: str, replace: Callable[[Any], Any]) -> ModuleType:
    """Puts the stand-ins into `sys.modules` under `root.python.keras`; returns `root.python`.

    Args:
        root: the name of the stand-in of TensorFlow.
        replace: see `StandIn`.
    """
    python = _Python(f"{root}.python")
    name = f"{python.__name__}.keras"
    top = stand_ins.StandIn(name, MODULES[""], {}, replace)
    sys.modules[python.__name__], sys.modules[name], vars(python)["keras"] = python, top, top
    leaks = {module: {"K": lambda: top.backend} for module in MODULES}
    stand_ins.build(name, MODULES, by_path(name, OWN), replace, leaks)
    return python


def take_the_place(root: str) -> None:
    """Registers the stand-ins under TensorFlow's own names, in a script's own process."""
    for module in MODULES:
        sys.modules[f"{NAME}.{module}".rstrip(".")] = sys.modules[f"{root}.python.keras.{module}".rstrip(".")]
    vars(importlib.import_module("tensorflow.python"))["keras"] = sys.modules[NAME]
    kept = [
        name for name in sys.modules if name.startswith(f"{NAME}.") and name.removeprefix(f"{NAME}.") not in MODULES
    ]
    for name in kept:
        parent, _, last = name.rpartition(".")
        vars(sys.modules[parent]).setdefault(last, sys.modules[name])  # a look-up would import tf_keras
