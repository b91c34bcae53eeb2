"""Patches of models: averages, losses, weights of samples and attributes as in Keras 2.2.4.

tf.keras 1.15 shares tf_keras's classes with Keras 2.2.4 here and not its numbers. Hence no patch changes objects that
are marked as tf.keras's (see `_runtime.dialect`).
"""

from nthgrad.legacy._keras_224 import models
from nthgrad.legacy._patches.patch import Patch
from nthgrad.legacy._patches.replacing import MODEL, computed, inherited, method, settable, wrapped

_HERE = "nthgrad.legacy._keras_224"
_LAYER = "tf_keras.src.engine.base_layer_v1:Layer"

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
            "Called by programs, and then the function.",
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
        "None of a model that is frozen.",
    ),
    Patch(
        f"{MODEL}.state_updates",
        inherited("state_updates", computed(f"{_HERE}.training.attributes:state_updates")),
        "Warns today.",
    ),
    Patch(
        f"{MODEL}.weights",
        inherited("weights", computed(f"{_HERE}.training.attributes:model_weights")),
        "Those that are trained came first.",
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
            "Read by tools that walk a model.",
        )
        for name in ("_layers_by_depth", "layers_by_depth")
    ],
    Patch(
        f"{MODEL}.trainable",
        inherited("trainable", models.set_trainable),
        "Layers keep their own flags when their model gets one.",
    ),
    Patch(
        f"{MODEL}.uses_learning_phase",
        computed(f"{_HERE}.training.phase:model_uses_learning_phase"),
        "Asked before the phase is fed.",
    ),
    Patch(
        f"{MODEL}._uses_dynamic_learning_phase",
        method(f"{_HERE}.training.phase:dynamic"),
        "Asked before the phase is fed.",
    ),
    Patch(
        f"{MODEL}._standardize_user_data",
        method(f"{_HERE}.training.feeding:standardized"),
        "Called by programs that feed train_function themselves.",
    ),
    Patch(f"{MODEL}.summary", inherited("summary", method(f"{_HERE}.training.summary:summary")), "Printed otherwise."),
    Patch(f"{MODEL}.run_internal_graph", method(f"{_HERE}.training.attributes:run_internal_graph"), "Gone."),
    Patch(
        f"{MODEL}._get_node_attribute_at_index",
        inherited("_get_node_attribute_at_index", wrapped(f"{_HERE}.training.attributes:node_attribute")),
        "A model had a node of its own, the first.",
    ),
    Patch(
        "tf_keras.src.engine.functional:Functional._graph_network_add_loss",
        wrapped(f"{_HERE}.training.attributes:add_loss_of_model"),
        "Losses that a program adds were no layers.",
    ),
    Patch(
        "tf_keras.src.callbacks:CSVLogger.on_epoch_end",
        wrapped(f"{_HERE}.training.attributes:columns_of_log"),
        "No columns for a validation that there is not.",
    ),
    Patch(f"{MODEL}.to_yaml", method(f"{_HERE}.training.attributes:to_yaml"), "Gone; needs PyYAML."),
    Patch(
        "tf_keras.src.engine.sequential:Sequential.model", computed(f"{_HERE}.training.attributes:itself"), "Keras 1's."
    ),
    Patch(
        "tf_keras.src.engine.sequential:Sequential.predict_classes",
        method(f"{_HERE}.training.attributes:predict_classes"),
        "Gone.",
    ),
    Patch(
        "tf_keras.src.engine.sequential:Sequential.predict_proba",
        method(f"{_HERE}.training.attributes:predict_proba"),
        "Gone.",
    ),
    *[
        Patch(
            f"{_LAYER}.{name}",
            wrapped(f"{_HERE}.training.attributes:sole"),
            "No list of one shape, as InputLayer has today.",
        )
        for name in ("input_shape", "output_shape")
    ],
    Patch(f"{_LAYER}.name", models.set_name, "Layers and models were renamed by assignment."),
    Patch(
        f"{_LAYER}.add_update", wrapped(f"{_HERE}.training.attributes:add_update"), "Had a second argument, the inputs."
    ),
    Patch(
        f"{_LAYER}._handle_activity_regularization",
        wrapped(f"{_HERE}.training.attributes:activity_regularization"),
        "The penalty of an output was not divided by the size of the batch.",
    ),
    *[
        Patch(
            f"tensorflow:{cls}.{name}",
            settable(name, f"{_HERE}.training.attributes:{function}"),
            "Read and set by layers.",
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
        "Moving averages corrected for their start, of unbiased variances.",
    ),
    Patch("tf_keras.src.initializers:get", models.initializer, "Initial weights are drawn with seeds from np.random."),
    Patch("tf_keras.src.activations:get", models.activation, "The slope of selu at 0."),
    Patch("tf_keras.src.backend:RandomGenerator.make_legacy_seed", models.seed, "So are the masks of dropout."),
    Patch(
        "tf_keras.src.engine.base_layer:BaseRandomLayer.__init__",
        models.random_layer,
        "But not tf.layers' and tf.keras's.",
    ),
    Patch("tf_keras.src.legacy_tf_layers.base:Layer._of_tf_keras", lambda today: True, "tf.layers are TensorFlow's."),
    Patch(
        "tf_keras.src.backend:_get_variables",
        models.every_variable,
        "K.get_session initialised every global variable, not only Keras's own.",
    ),
    Patch(
        "tf_keras.src.saving.legacy.saving_utils:compile_args_from_training_config",
        models.saved_arguments,
        "load_model compiles with the names that were saved, and so with the old losses.",
    ),
]
