"""Patches of models: averages, losses, sample weights and attributes as in Keras 2.2.4.

Here tf.keras 1.15 and Keras 2.2.4 use the same classes of tf_keras but compute different numbers. Hence objects marked
as tf.keras 1.15's (see `_runtime.dialect`) keep tf_keras's methods.
"""

from nthgrad.legacy._keras_224 import models
from nthgrad.legacy._keras_224.applications import with_old_layers
from nthgrad.legacy._keras_224.training import nodes
from nthgrad.legacy._patches.patch import Patch
from nthgrad.legacy._patches.replacing import MODEL, always, computed, inherited, method, settable, wrapped

_HERE = "nthgrad.legacy._keras_224"
_LAYER = "tf_keras.src.engine.base_layer_v1:Layer"

_IMAGE = "tf_keras.src.preprocessing.image"

_SETTABLE = """metrics metrics_names _targets _feed_targets _feed_output_names _feed_output_shapes _feed_loss_fns
    sample_weights _sample_weight_modes _feed_sample_weights"""
_METHODS = {
    "compiling": "compile",
    "arrays": "fit evaluate predict",
    "functions": "train_on_batch test_on_batch predict_on_batch",
    "generators": "fit_generator evaluate_generator predict_generator",
}
_MADE = "make_train_function make_test_function make_predict_function"

PATCHES: list[Patch] = [
    *[
        Patch(
            f"{MODEL}.{name}", method(f"{_HERE}.training.{module}:{name}"), "Losses, metrics and logs of Keras 2.2.4."
        )
        for module, names in _METHODS.items()
        for name in names.split()
    ],
    *[
        Patch(
            f"{MODEL}._{name}",
            method(f"{_HERE}.training.functions:{name}"),
            "Programs call it, then the function.",
        )
        for name in _MADE.split()
    ],
    *[
        Patch(f"{MODEL}.{name}", settable(name), "Lists that programs read, append to and replace.")
        for name in _SETTABLE.split()
    ],
    Patch(
        f"{MODEL}.updates",
        inherited("updates", computed(f"{_HERE}.training.attributes:model_updates")),
        "A frozen model has none.",
    ),
    Patch(
        f"{MODEL}.losses",
        inherited("losses", wrapped(f"{_HERE}.training.attributes:model_losses")),
        "Those of a layer's calls on other inputs were not a model's.",
    ),
    Patch(
        f"{MODEL}.state_updates",
        inherited("state_updates", computed(f"{_HERE}.training.attributes:state_updates")),
        "tf_keras warns.",
    ),
    Patch(
        f"{MODEL}.weights",
        inherited("weights", computed(f"{_HERE}.training.attributes:model_weights")),
        "Trainable weights came first.",
    ),
    *[
        Patch(
            f"{MODEL}.{name}",
            inherited(name, method(f"{_HERE}.training.attributes:{name}")),
            "Layer by layer, in the order of `weights`.",
        )
        for name in ("get_weights", "set_weights")
    ],
    *[
        Patch(
            f"{MODEL}.{name}",
            computed(f"{_HERE}.training.attributes:layers_by_depth"),
            "Programs walk a model by it.",
        )
        for name in ("_layers_by_depth", "layers_by_depth")
    ],
    Patch(
        f"{MODEL}.trainable",
        inherited("trainable", models.set_trainable),
        "Setting it did not change the flags of the layers.",
    ),
    Patch(
        f"{MODEL}.uses_learning_phase",
        computed(f"{_HERE}.training.phase:model_uses_learning_phase"),
        "Programs read it before they feed the phase.",
    ),
    Patch(
        f"{MODEL}._uses_dynamic_learning_phase",
        method(f"{_HERE}.training.phase:dynamic"),
        "Programs call it before they feed the phase.",
    ),
    Patch(
        f"{MODEL}._standardize_user_data",
        method(f"{_HERE}.training.feeding:standardized"),
        "Programs that feed train_function themselves call it.",
    ),
    Patch(
        f"{MODEL}.summary",
        inherited("summary", method(f"{_HERE}.training.summary:summary")),
        "tf_keras prints another format.",
    ),
    Patch(f"{MODEL}.run_internal_graph", method(f"{_HERE}.training.attributes:run_internal_graph"), "Removed since."),
    Patch(
        f"{MODEL}._get_node_attribute_at_index",
        inherited("_get_node_attribute_at_index", wrapped(f"{_HERE}.training.attributes:node_attribute")),
        "A model's first node was its own inputs and outputs.",
    ),
    Patch(
        "tf_keras.src.engine.functional:Functional._graph_network_add_loss",
        wrapped(f"{_HERE}.training.attributes:add_loss_of_model"),
        "Adding a loss added no layers.",
    ),
    *[
        Patch(
            f"tf_keras.src.callbacks:EarlyStopping.{name}",
            wrapped(f"{_HERE}.training.early_stopping:{name}"),
            "The baseline was the first best value; weights returned after a stop only.",
        )
        for name in ("on_train_begin", "on_epoch_end", "on_train_end")
    ],
    Patch(
        "tf_keras.src.callbacks:CSVLogger.on_epoch_end",
        wrapped(f"{_HERE}.training.attributes:columns_of_log"),
        "tf_keras writes validation columns even without validation.",
    ),
    *[
        Patch(
            f"tf_keras.src.engine.node:Node.{name}",
            wrapped(f"{_HERE}.training.nodes:listed"),
            "They were lists, also of one.",
        )
        for name in ("inbound_layers", "input_tensors", "output_tensors")
    ],
    *[
        Patch(f"tf_keras.src.engine.node:Node.{name}", make, "They were lists, by tensor.")
        for name, make in nodes.OF_EACH.items()
    ],
    Patch("tf_keras.src.engine.node:Node.arguments", computed(f"{_HERE}.training.nodes:arguments"), "Renamed since."),
    Patch("tf_keras.src.engine.node:Node.get_config", always(f"{_HERE}.training.nodes:get_config"), "Removed since."),
    Patch(
        "tf_keras.src.engine.functional:Functional._init_graph_network",
        models.made_of_tensors,
        "Anything else raised a ValueError.",
    ),
    *[
        Patch(
            f"tf_keras.src.saving.saving_api:{name}",
            wrapped(f"{_HERE}.hdf5:in_a_group"),
            "A group of an open file was a file too.",
        )
        for name in ("save_model", "load_model")
    ],
    Patch(
        "tf_keras.src.saving.legacy.hdf5_format:logging",
        always(f"{_HERE}.hdf5:Warnings"),
        "Its messages were warnings.",
    ),
    Patch(f"{MODEL}.to_yaml", always(f"{_HERE}.training.saving:to_yaml"), "Removed since; needs PyYAML."),
    Patch(
        "tf_keras.src.saving.legacy.model_config:model_from_yaml",
        always(f"{_HERE}.training.saving:model_from_yaml"),
        "Removed since; needs PyYAML.",
    ),
    Patch(
        f"{MODEL}.load_weights",
        wrapped(f"{_HERE}.training.saving:load_weights"),
        "Had a fourth argument, `reshape`.",
    ),
    Patch(
        "tf_keras.src.saving.legacy.hdf5_format:preprocess_weights_for_loading",
        wrapped(f"{_HERE}.training.saving:preprocess_weights"),
        "Had a last argument, `reshape`.",
    ),
    *[
        Patch(
            f"tf_keras.src.engine.training:Model.{name}",
            method(f"{_HERE}.training.pickling:{function}"),
            "tf_keras pickles in a format that changes a model's losses and optimizer.",
        )
        for name, function in (("__reduce__", "reduce"), ("__deepcopy__", "deep_copy"))
    ],
    *[
        Patch(f"{_IMAGE}:{name}", always(f"{_HERE}.images:{function}"), reason)
        for name, function, reason in (
            ("apply_affine_transform", "apply_affine_transform", "The center was half a pixel off, x the rows."),
            ("transform_matrix_offset_center", "centered", "The center was half a pixel off."),
            ("apply_brightness_shift", "apply_brightness_shift", "Numbers were stretched to 0..255."),
            ("ImageDataGenerator.principal_components", "principal_components", "Renamed since."),
        )
    ],
    *[
        Patch(f"{_IMAGE}:{name}", wrapped(f"{_HERE}.images:about_the_first_axes"), "The axes given were not used.")
        for name in ("random_rotation", "random_shear", "random_zoom")
    ],
    *[
        Patch(
            f"tf_keras.src.applications.{module}:{network}",
            with_old_layers(network),
            "Layers had other names, and some were two.",
        )
        for module, network in (
            ("mobilenet", "MobileNet"),
            ("mobilenet_v2", "MobileNetV2"),
            ("densenet", "DenseNet"),
            ("resnet", "ResNet"),
        )
    ],
    Patch(
        "tf_keras.src.applications.inception_resnet_v2:CustomScaleLayer",
        always(f"{_HERE}.applications:scaled_sum"),
        "A Lambda with the name of its block.",
    ),
    Patch(f"{_IMAGE}:ImageDataGenerator.fit", wrapped(f"{_HERE}.images:fit"), "Whitening had another formula."),
    Patch(
        f"{_IMAGE}:DataFrameIterator._filter_classes",
        wrapped(f"{_HERE}.images:sorted_classes"),
        "Classes were sorted, also those given.",
    ),
    Patch(
        "tf_keras.src.engine.sequential:Sequential.model",
        computed(f"{_HERE}.training.attributes:itself"),
        "Keras 1 programs read it.",
    ),
    Patch(
        "tf_keras.src.engine.sequential:Sequential.predict_classes",
        method(f"{_HERE}.training.attributes:predict_classes"),
        "Removed since.",
    ),
    Patch(
        "tf_keras.src.engine.sequential:Sequential.predict_proba",
        method(f"{_HERE}.training.attributes:predict_proba"),
        "Removed since.",
    ),
    *[
        Patch(
            f"{_LAYER}.{name}",
            wrapped(f"{_HERE}.training.attributes:sole"),
            "tf_keras's InputLayer has a list of one shape.",
        )
        for name in ("input_shape", "output_shape")
    ],
    Patch(f"{_LAYER}.name", models.set_name, "Programs assign names of layers and models."),
    Patch(f"{_LAYER}.add_loss", wrapped(f"{_HERE}.training.numbers:add_loss"), "A loss could be a number."),
    Patch(f"{_LAYER}.add_update", wrapped(f"{_HERE}.training.numbers:add_update"), "Had a second argument, `inputs`."),
    *[
        Patch(f"{_LAYER}.{name}", wrapped(f"{_HERE}.training.numbers:as_numbers"), "Numbers came back as they were.")
        for name in ("get_losses_for", "get_updates_for")
    ],
    Patch(
        f"{_LAYER}._handle_activity_regularization",
        wrapped(f"{_HERE}.training.attributes:activity_regularization"),
        "The penalty of an output was not divided by the batch size.",
    ),
    *[
        Patch(
            f"tensorflow:{cls}.{name}",
            settable(name, f"{_HERE}.training.attributes:{function}"),
            "Layers read and set it.",
        )
        for cls in ("Tensor", "Variable")
        for name, function in (
            ("_keras_shape", "keras_shape"),
            ("_uses_learning_phase", "tensor_uses_learning_phase"),
        )
    ],
    Patch(
        "tf_keras.src.layers.normalization.batch_normalization:BatchNormalizationBase.call",
        models.batch_norm,
        "Moving averages are bias-corrected; variances are unbiased estimates.",
    ),
    Patch("tf_keras.src.initializers:get", models.initializer, "Initial weights are drawn with seeds from np.random."),
    Patch("tf_keras.src.activations:get", models.activation, "The derivative of selu at 0 differs."),
    Patch(
        "tf_keras.src.backend:RandomGenerator.make_legacy_seed",
        models.seed,
        "Masks of dropout are drawn with seeds from np.random.",
    ),
    Patch(
        "tf_keras.src.engine.base_layer:BaseRandomLayer.__init__",
        models.random_layer,
        "Masks of tf.layers and tf.keras 1.15 are not drawn with seeds from np.random.",
    ),
    Patch(
        "tf_keras.src.legacy_tf_layers.base:Layer._of_tf_keras_115", lambda today: True, "tf.layers are TensorFlow's."
    ),
    *[
        Patch(f"tf_keras.src.backend:{name}", models.number_or_false, "NumPy converted arrays of one element.")
        for name in ("eval", "get_value")
    ],
    Patch(
        "tf_keras.src.backend:_get_variables",
        models.every_variable,
        "K.get_session initialized every global variable, not only Keras's own.",
    ),
    Patch(
        "tf_keras.src.saving.legacy.saving_utils:compile_args_from_training_config",
        models.saved_arguments,
        "load_model compiles with the saved names, hence the old losses.",
    ),
]
