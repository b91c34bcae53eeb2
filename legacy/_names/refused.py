"""Names of Keras 2.2.4 that raise, by module, with a replacement for each."""

_BACKENDS = "TensorFlow is the only backend here. Import the models from keras.applications."
_BASE = "It was a base class of layers, which tf_keras lacks. Derive your layer from keras.layers.{}."
_DEVICES = "It was an internal of multi_gpu_model. Call tf.config.list_physical_devices('GPU')."
_DICT = "It was an internal of Keras's own saving. Open the file with h5py.File(path)."
_GRAPH = "Keras 1 itself dropped it. Write the model as keras.models.Model(inputs, outputs)."
_PREPROCESSING = "It was a separate package. Import what you need of it from keras.preprocessing."
_PREPROCESSOR = "It converted Keras 1's arguments, which the layers still accept. Call the layer with them."
_QUEUE = "It was an internal of keras.utils.OrderedEnqueuer. Use that."
_SAVING = (
    "Models are saved whole with model.save(path) and keras.models.load_model(path), and pickled with "
    "pickle.dumps(model)."
)
_SETTINGS = "It was Keras's open settings file. Read ~/.keras/keras.json."
_VERSION = "Python has dropped distutils. Use packaging.version.Version."


def _all(names: str, reason: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), reason)


_APPLICATIONS = """densenet imagenet_utils inception_resnet_v2 inception_v3 mobilenet mobilenet_v2 nasnet resnet50 vgg16
    vgg19 xception"""
_RECURRENT = _all("Recurrent ConvRecurrent2D", _BASE.format("RNN, which takes a cell"))
_CONVOLUTIONAL = _all("ConvRNN2D", _BASE.format("ConvLSTM2D"))

REFUSED: dict[str, dict[str, str]] = {
    "applications": _all("keras_applications keras_modules_injection", _BACKENDS),
    # each imported the module of the same name from the separate package keras_applications
    **{f"applications.{name}": _all(f"{name} keras_modules_injection", _BACKENDS) for name in _APPLICATIONS.split()},
    "applications.mobilenetv2": _all("mobilenet_v2 keras_modules_injection", _BACKENDS),
    "backend": {"StrictVersion": _VERSION, "f": _SETTINGS},
    "backend.tensorflow_backend": {"StrictVersion": _VERSION},
    "engine.saving": {
        **_all("_deserialize_model _need_convert_kernel _serialize_model pickle_model unpickle_model", _SAVING),
        **_all("HDF5_OBJECT_HEADER_LIMIT h5dict", _DICT),
    },
    "layers": {**_RECURRENT, **_CONVOLUTIONAL},
    "layers.convolutional": {
        f"_{kind}": _BASE.format(f"{kind}1D, {kind}2D or {kind}3D")
        for kind in ("Cropping", "UpSampling", "ZeroPadding")
    },
    "layers.convolutional_recurrent": {**_RECURRENT, **_CONVOLUTIONAL},
    "layers.recurrent": _RECURRENT,
    "legacy.interfaces": _all(
        """add_weight_args_preprocessing batchnorm_args_preprocessor conv1d_args_preprocessor conv2d_args_preprocessor
        conv3d_args_preprocessor convlstm2d_args_preprocessor deconv2d_args_preprocessor
        embedding_kwargs_preprocessor generator_methods_args_preprocessor get_updates_arg_preprocessing
        raise_duplicate_arg_error recurrent_args_preprocessor separable_conv2d_args_preprocessor
        zeropadding2d_args_preprocessor""",
        _PREPROCESSOR,
    ),
    "legacy.layers": _RECURRENT,
    "models": {"Graph": _GRAPH},
    "preprocessing": {"keras_preprocessing": _PREPROCESSING},
    **{f"preprocessing.{name}": {name: _PREPROCESSING} for name in ("image", "sequence", "text")},
    "utils": {"h5dict": _DICT},
    "utils.data_utils": {"init_pool": _QUEUE},
    "utils.io_utils": _all("H5Dict HDF5_OBJECT_HEADER_LIMIT h5dict", _DICT),
    "utils.multi_gpu_utils": _all("_get_available_devices _normalize_device_name", _DEVICES),
    "utils.training_utils": _all("_get_available_devices _normalize_device_name", _DEVICES),
}
