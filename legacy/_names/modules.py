"""Modules of tf_keras in which each old module looks up its names, in this order.

tf_keras's interface for TensorFlow 1 comes first: it has the old layers and K.get_session. Other names are in the files
of tf_keras.
"""

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

TF_KERAS_115_MODULES: dict[str, tuple[str, ...]] = {
    "": (_V1,),
    "backend": (f"{_V1}.backend",),
    **{name: (f"{_V1}.{name}",) for name in _PLAIN.split()},
    "wrappers": (),
    "wrappers.scikit_learn": (),
}
_ENGINE = f"{_SRC}.engine"
_SAVING = (f"{_V1}.models", f"{_SRC}.saving.legacy.hdf5_format")
_TRAINING = (f"{_ENGINE}.training_utils_v1", f"{_SRC}.utils.generic_utils")
KERAS_MODULES: dict[str, tuple[str, ...]] = {
    **TF_KERAS_115_MODULES,
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
}
