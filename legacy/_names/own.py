"""Keras 2.2.4 names that tf_keras has moved, changed or removed, with their paths (see `paths`).

They are looked up before tf_keras's names.
"""

from nthgrad.legacy._names.leaks import TRAINING
from nthgrad.legacy._names.paths import of

_OLD_1, _OLD_2 = "nthgrad.legacy._keras_1", "nthgrad.legacy._keras_224"
_TF_LAYERS = "tf_keras.src.layers"

_BACKEND = {
    **of(
        f"{_OLD_2}.backend",
        """Function arange batch_dot bias_add ctc_decode function get_uid get_variable_shape identity image_dim_ordering
        is_tensor logsumexp normalize_data_format reset_uids separable_conv1d set_image_dim_ordering slice switch""",
    ),
    "_BACKEND": f"{_OLD_2}.backend:BACKEND",
    "tf": "nthgrad.legacy.tensorflow",
}
_DILATED = {f"AtrousConv{n}": f"{_OLD_1}.layers:AtrousConvolution{n}" for n in ("1D", "2D")}
_OF_KERAS_1 = of(f"{_OLD_1}.layers", "AtrousConvolution1D AtrousConvolution2D Highway MaxoutDense Merge")
_LAYERS = {
    **_OF_KERAS_1,
    **_DILATED,
    **of(f"{_OLD_1}.layers", "TimeDistributedDense"),
    **of("nthgrad.legacy._names.classes", "ConvLSTM2DCell"),
    "Deconv2D": ".layers:Conv2DTranspose",
    "Deconv3D": ".layers:Conv3DTranspose",
    "Deconvolution2D": ".layers:Conv2DTranspose",
    "Deconvolution3D": ".layers:Conv3DTranspose",
}
_MERGE = {**of(f"{_OLD_1}.layers", "Merge"), "merge": ".layers.merge"}
_RECURRENT = {
    **of(f"{_TF_LAYERS}.rnn.dropout_rnn_cell_mixin", "_generate_dropout_mask"),
    "_standardize_args": f"{_TF_LAYERS}.rnn.rnn_utils:standardize_args",
}
_CONSTRAINTS = {"maxnorm": "max_norm", "nonneg": "non_neg", "unitnorm": "unit_norm"}
_SUPPORT = """add_weight batchnorm conv1d conv2d conv3d convlstm2d cropping2d cropping3d deconv2d dense dropout
    embedding gaussiandropout gaussiannoise generator_methods get_updates global_pooling input lambda
    model_constructor pooling1d pooling2d pooling3d prelu recurrent separable_conv2d spatialdropout1d spatialdropoutNd
    upsampling1d upsampling2d upsampling3d zeropadding2d zeropadding3d"""

OWN = {
    "applications": of(f"{_OLD_2}.applications", "ResNet50"),
    "applications.resnet50": of(f"{_OLD_2}.applications", "ResNet50"),
    "applications.mobilenetv2": of(".applications.mobilenet_v2", "MobileNetV2"),
    "backend": _BACKEND,
    "backend.common": {
        **of(f"{_OLD_2}.backend", "image_dim_ordering normalize_data_format set_image_dim_ordering"),
        "np": "numpy",
    },
    "backend.tensorflow_backend": _BACKEND,
    "constraints": {old: f".constraints:{new}" for old, new in _CONSTRAINTS.items()},
    "engine": _MERGE,
    "engine.base_layer": {
        "_collect_input_shape": f"{_OLD_2}.functions:collect_input_shape",
        "_collect_previous_mask": f"{_OLD_2}.functions:collect_previous_mask",
        "_to_snake_case": "tf_keras.src.utils.generic_utils:to_snake_case",
    },
    "engine.network": {"Network": ".models:Model"},  # tf_keras has no other container of layers
    "engine.topology": {  # in Keras 2.0 the only module of the engine
        **_MERGE,
        "Container": ".models:Model",
        "K": ".backend",
        "Network": ".models:Model",
        "_object_list_uid": ".utils.generic_utils:object_list_uid",
        "_to_list": ".utils.generic_utils:to_list",
    },
    "engine.training": {f"_{name}": path for name, path in TRAINING.items()},
    "engine.training_utils": {
        **of(f"{_OLD_2}.functions", "check_array_length_consistency collect_metrics weighted_masked_objective"),
        **of(f"{_OLD_2}.training.feeding", "check_loss_and_target_compatibility"),
        **of("tf_keras.src.utils.data_utils", "iter_sequence_infinite"),
        **of("tf_keras.src.utils.generic_utils", "make_batches"),
    },
    "initializations": of(
        f"{_OLD_1}.initializations",
        """get glorot_normal glorot_uniform he_normal he_uniform identity lecun_uniform normal one orthogonal uniform
        zero""",
    ),
    "initializers": {
        "_compute_fans": f"{_OLD_2}.functions:compute_fans",
        "one": ".initializers:Ones",
        "zero": ".initializers:Zeros",
    },
    "layers": _LAYERS,
    "layers.convolutional": {
        **_LAYERS,
        "_Conv": f"{_TF_LAYERS}.convolutional.base_conv:Conv",
        "_SeparableConv": f"{_TF_LAYERS}.convolutional.base_separable_conv:SeparableConv",
    },
    "layers.convolutional_recurrent": {**_RECURRENT, "ConvLSTM2DCell": _LAYERS["ConvLSTM2DCell"]},
    "layers.core": of(f"{_OLD_1}.layers", "Highway MaxoutDense Merge TimeDistributedDense"),
    "layers.cudnn_recurrent": of(f"{_TF_LAYERS}.rnn.base_cudnn_rnn", "_CuDNNRNN"),
    "layers.merge": {
        **of(f"{_TF_LAYERS}.merging.base_merge", "_Merge"),
        "__call__": f"{_OLD_1}.layers:merge",  # Keras 1 had a function with the name of this module
    },
    "layers.pooling": {
        **{f"_Pooling{n}D": f"nthgrad.legacy._names.classes:Pooling{n}D" for n in (1, 2, 3)},
        **{f"_GlobalPooling{n}D": f"{_TF_LAYERS}.pooling.base_global_pooling{n}d:GlobalPooling{n}D" for n in (1, 2, 3)},
    },
    "layers.recurrent": _RECURRENT,
    "legacy.interfaces": {
        **of(f"{_OLD_1}.interfaces", "generate_legacy_interface generate_legacy_method_interface"),
        **of(f"{_OLD_1}.interfaces", " ".join(f"legacy_{name}_support" for name in _SUPPORT.split())),
    },
    "legacy.layers": _OF_KERAS_1,
    "models": of("tf_keras.src.models.cloning", "_clone_functional_model _clone_sequential_model"),
    "optimizers": {**of(f"{_OLD_2}.functions", "clip_norm"), "tf": "nthgrad.legacy.tensorflow"},
    "regularizers": of(
        f"{_OLD_1}.regularizers",
        "ActivityRegularizer WeightRegularizer activity_l1 activity_l1l2 activity_l2 deserialize get l1 l1_l2 l1l2 l2",
    ),
    "utils": {
        **of(f"{_OLD_2}.functions", "convert_all_kernels_in_model multi_gpu_model"),
        **of(f"{_OLD_2}.hdf5", "HDF5Matrix"),
        "print_summary": "nthgrad.legacy._keras_224.training.summary:summary",
    },
    "utils.conv_utils": of(f"{_OLD_2}.functions", "convert_kernel deconv_length"),
    "utils.generic_utils": {
        **of(
            f"{_OLD_2}.functions",
            "has_arg is_all_none object_list_uid to_list transpose_shape unpack_singleton",
        ),
        **of("tf_keras.src.saving.object_registration", "_GLOBAL_CUSTOM_OBJECTS"),
    },
    "utils.io_utils": of(f"{_OLD_2}.hdf5", "HDF5Matrix"),
    "utils.layer_utils": {
        **of(f"{_OLD_2}.functions", "convert_all_kernels_in_model"),
        "print_summary": "nthgrad.legacy._keras_224.training.summary:summary",
    },
    "utils.multi_gpu_utils": of(f"{_OLD_2}.functions", "multi_gpu_model"),
    "utils.test_utils": {**of(f"{_OLD_2}.functions", "get_test_data"), **of(f"{_OLD_2}.testing", "layer_test")},
    "utils.training_utils": of(f"{_OLD_2}.functions", "multi_gpu_model"),
    "utils.vis_utils": {"_check_pydot": "tf_keras.src.utils.vis_utils:check_pydot"},
    "utils.visualize_util": {"plot": ".utils.vis_utils:plot_model"},
    "wrappers.scikit_learn": of(f"{_OLD_2}.scikit_learn", "BaseWrapper KerasClassifier KerasRegressor"),
}
