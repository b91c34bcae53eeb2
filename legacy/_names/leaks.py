"""Names that modules of Keras 2.2.4 had imported: programs write `from keras.layers.core import K`.

They are given by their paths (see `paths`).
"""

from nthgrad.legacy._names.paths import of


def _modules(within: str, names: str) -> dict[str, str]:
    return {name: f"{within}{name}" for name in names.split()}


_PYTHON = """binascii codecs collections copy csv functools gzip hashlib importlib inspect io json marshal os pickle
    queue random re shutil sys tarfile threading time types warnings zipfile"""

# Helpers of training, which other modules imported too; Keras 2.0 had them with a leading underscore.
TRAINING = of(
    ".engine.training_utils",
    """batch_shuffle check_array_length_consistency check_loss_and_target_compatibility check_num_samples
    collect_metrics iter_sequence_infinite make_batches standardize_class_weights standardize_input_data
    standardize_sample_weights standardize_weights weighted_masked_objective""",
)

EVERYWHERE = {
    **_modules("", _PYTHON),
    "cPickle": "pickle",
    "mp": "multiprocessing",
    "python_types": "types",
    **of("abc", "abstractmethod"),
    **of("builtins", "range zip"),
    "py_all": "builtins:all",
    "py_any": "builtins:any",
    "py_slice": "builtins:slice",
    "py_sum": "builtins:sum",
    **of("collections", "OrderedDict defaultdict deque namedtuple"),
    **of("collections.abc", "Iterable"),
    **of("contextlib", "closing contextmanager"),
    **of("multiprocessing.pool", "ThreadPool"),
    **of("urllib.error", "HTTPError URLError"),
    **of("urllib.request", "urlopen urlretrieve"),
    # packages other than Keras
    **_modules("", "h5py requests six yaml"),
    "np": "numpy",
    **of("numpy.testing", "assert_allclose"),
    "tf": "nthgrad.legacy.tensorflow",
    **_modules("tensorflow.python.ops.", "control_flow_ops functional_ops tensor_array_ops"),
    "tf_ops": "tensorflow.python.framework.ops",
    "moving_averages": "tensorflow.python.training.moving_averages",
    "ctc": "tensorflow.python.ops.ctc_ops",
    "device_lib": "tensorflow.python.client.device_lib",
    "config_pb2": "tensorflow.core.protobuf.config_pb2",
    # Keras
    "K": ".backend",
    **_modules(".", "activations backend constraints initializers layers losses models optimizers regularizers utils"),
    **_modules(".backend.", "common"),
    **_modules(".engine.", "network saving training_arrays training_generator training_utils"),
    **_modules(".layers.", "recurrent"),
    **_modules(".legacy.", "interfaces"),
    **_modules(
        ".utils.", "conv_utils data_utils generic_utils io_utils layer_utils multi_gpu_utils np_utils vis_utils"
    ),
    "layer_module": ".layers",
    "metrics_module": ".metrics",
    **TRAINING,
    **of(".backend.common", "normalize_data_format"),
    **of(".datasets.cifar", "load_batch"),
    **of(".engine.base_layer", "Node"),
    **of(".engine.network", "Network"),
    **of(".layers", "Input InputLayer InputSpec Lambda Layer concatenate"),
    **of(".models", "Model Sequential clone_model"),
    **of(".utils", "HDF5Matrix get_file to_categorical"),
    **of(".utils.conv_utils", "convert_kernel"),
    **of(".utils.data_utils", "GeneratorEnqueuer OrderedEnqueuer Sequence"),
    **of(
        ".utils.generic_utils",
        """Progbar deserialize_keras_object func_dump func_load has_arg is_all_none object_list_uid
        serialize_keras_object slice_arrays to_list transpose_shape unpack_singleton""",
    ),
    **of(".utils.layer_utils", "count_params get_source_inputs"),
    "print_layer_summary": ".utils.layer_utils:print_summary",
    **of("tf_keras.src.utils.io_utils", "ask_to_proceed_with_overwrite"),
}
