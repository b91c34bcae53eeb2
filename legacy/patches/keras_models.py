"""What Keras 2.2.4 did otherwise: averages, losses, weights of samples, attributes of layers and models.

The code stands in `nthgrad.legacy.arithmetic` and `nthgrad.legacy.training`.  tf.keras 1.15 shares tf_keras's classes
with Keras 2.2.4 here and not its numbers, so every patch leaves alone what is marked as tf.keras's (see `_dialect`).
"""

from functools import wraps
from typing import Any

from nthgrad.legacy import _dialect
from nthgrad.legacy.patches import Patch
from nthgrad.legacy.patches._replacing import MODEL, computed, inherited, method, ours, settable, wrapped

_LAYER = "tf_keras.src.engine.base_layer_v1:Layer"


def _set_name(today: Any) -> Any:
    return property(today.fget, lambda self, value: setattr(self, "_name", value))


def _set_trainable(today: Any) -> Any:
    def assign(self: Any, value: bool) -> None:
        if _dialect.keras_2(self):
            self._trainable = value
        else:
            today.fset(self, value)

    return property(lambda self: today.__get__(self), assign)


def _every_variable(today: Any) -> Any:
    def variables(graph: Any = None) -> Any:
        import tensorflow as tf

        with graph.as_default():
            return {*today(graph), *tf.compat.v1.global_variables()}

    return variables


def _batch_norm(today: Any) -> Any:
    @wraps(today)
    def call(self: Any, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        if _dialect.keras_2(self) and not self._USE_V2_BEHAVIOR:
            return ours("arithmetic.batch_norm:call")(self, inputs, training)
        return today(self, inputs, training, mask)

    return call


def _initializer(today: Any) -> Any:
    @wraps(today)
    def get(identifier: Any) -> Any:
        found = ours("arithmetic.initializers:of")(identifier) if _dialect.keras_2() else None
        return today(identifier) if found is None else found

    return get


def _activation(today: Any) -> Any:
    @wraps(today)
    def get(identifier: Any) -> Any:
        return ours("arithmetic.activations:selu") if identifier == "selu" and _dialect.keras_2() else today(identifier)

    return get


def _seed(today: Any) -> Any:
    def make_legacy_seed(self: Any) -> Any:
        return ours("arithmetic.initializers:seed_or_drawn")(self._seed) if _dialect.keras_2(self) else today(self)

    return make_legacy_seed


def _random_layer(today: Any) -> Any:
    @wraps(today)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        today(self, *args, **kwargs)
        self._random_generator._of_tf_keras = not _dialect.keras_2(self)

    return init


def _saved_arguments(today: Any) -> Any:
    @wraps(today)
    def arguments(config: Any, custom_objects: Any = None) -> Any:
        if not _dialect.keras_2():
            return today(config, custom_objects)
        return ours("training.saving:compile_arguments")(config, custom_objects)

    return arguments


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
        Patch(f"{MODEL}.{name}", method(f"training.{module}:{name}"), "Losses, metrics and logs of Keras 2.2.4.")
        for module, names in _METHODS.items()
        for name in names.split()
    ],
    *[
        Patch(f"{MODEL}._{name}", method(f"training.functions:{name}"), "Called by programs, and then the function.")
        for name in _MADE.split()
    ],
    *[
        Patch(f"{MODEL}.{name}", settable(name), "Lists that programs read, append to and replace.")
        for name in _SETTABLE.split()
    ],
    Patch(
        f"{MODEL}.updates",
        inherited("updates", computed("training.attributes:model_updates")),
        "None of a model that is frozen.",
    ),
    Patch(
        f"{MODEL}.state_updates",
        inherited("state_updates", computed("training.attributes:state_updates")),
        "Warns today.",
    ),
    Patch(
        f"{MODEL}.weights",
        inherited("weights", computed("training.attributes:model_weights")),
        "Those that are trained came first.",
    ),
    *[
        Patch(
            f"{MODEL}.{name}",
            inherited(name, method(f"training.attributes:{name}")),
            "Layer by layer, in the order of `weights`.",
        )
        for name in ("get_weights", "set_weights")
    ],
    *[
        Patch(f"{MODEL}.{name}", computed("training.attributes:layers_by_depth"), "Read by tools that walk a model.")
        for name in ("_layers_by_depth", "layers_by_depth")
    ],
    Patch(
        f"{MODEL}.trainable",
        inherited("trainable", _set_trainable),
        "Layers keep their own flags when their model gets one.",
    ),
    Patch(
        f"{MODEL}.uses_learning_phase",
        computed("training.phase:model_uses_learning_phase"),
        "Asked before the phase is fed.",
    ),
    Patch(
        f"{MODEL}._uses_dynamic_learning_phase",
        method("training.phase:dynamic"),
        "Asked before the phase is fed.",
    ),
    Patch(
        f"{MODEL}._standardize_user_data",
        method("training.feeding:standardized"),
        "Called by programs that feed train_function themselves.",
    ),
    Patch(f"{MODEL}.summary", inherited("summary", method("training.summary:summary")), "Printed otherwise."),
    Patch(f"{MODEL}.run_internal_graph", method("training.attributes:run_internal_graph"), "Gone."),
    Patch(
        f"{MODEL}._get_node_attribute_at_index",
        inherited("_get_node_attribute_at_index", wrapped("training.attributes:node_attribute")),
        "A model had a node of its own, the first.",
    ),
    Patch(
        "tf_keras.src.engine.functional:Functional._graph_network_add_loss",
        wrapped("training.attributes:add_loss_of_model"),
        "Losses that a program adds were no layers.",
    ),
    Patch(
        "tf_keras.src.callbacks:CSVLogger.on_epoch_end",
        wrapped("training.attributes:columns_of_log"),
        "No columns for a validation that there is not.",
    ),
    Patch(f"{MODEL}.to_yaml", method("training.attributes:to_yaml"), "Gone; needs PyYAML."),
    Patch("tf_keras.src.engine.sequential:Sequential.model", computed("training.attributes:itself"), "Keras 1's."),
    Patch(
        "tf_keras.src.engine.sequential:Sequential.predict_classes",
        method("training.attributes:predict_classes"),
        "Gone.",
    ),
    Patch(
        "tf_keras.src.engine.sequential:Sequential.predict_proba", method("training.attributes:predict_proba"), "Gone."
    ),
    *[
        Patch(f"{_LAYER}.{name}", wrapped("training.attributes:sole"), "No list of one shape, as InputLayer has today.")
        for name in ("input_shape", "output_shape")
    ],
    Patch(f"{_LAYER}.name", _set_name, "Layers and models were renamed by assignment."),
    Patch(f"{_LAYER}.add_update", wrapped("training.attributes:add_update"), "Had a second argument, the inputs."),
    Patch(
        f"{_LAYER}._handle_activity_regularization",
        wrapped("training.attributes:activity_regularization"),
        "The penalty of an output was not divided by the size of the batch.",
    ),
    *[
        Patch(f"tensorflow:{cls}.{name}", settable(name, f"training.attributes:{function}"), "Read and set by layers.")
        for cls in ("Tensor", "Variable")
        for name, function in (
            ("_keras_shape", "keras_shape"),
            ("_uses_learning_phase", "tensor_uses_learning_phase"),
        )
    ],
    Patch(
        "tf_keras.src.layers.normalization.batch_normalization:BatchNormalizationBase.call",
        _batch_norm,
        "Moving averages corrected for their start, of unbiased variances.",
    ),
    Patch("tf_keras.src.initializers:get", _initializer, "Initial weights are drawn with seeds from np.random."),
    Patch("tf_keras.src.activations:get", _activation, "The slope of selu at 0."),
    Patch("tf_keras.src.backend:RandomGenerator.make_legacy_seed", _seed, "So are the masks of dropout."),
    Patch(
        "tf_keras.src.engine.base_layer:BaseRandomLayer.__init__", _random_layer, "But not tf.layers' and tf.keras's."
    ),
    Patch("tf_keras.src.legacy_tf_layers.base:Layer._of_tf_keras", lambda today: True, "tf.layers are TensorFlow's."),
    Patch(
        "tf_keras.src.backend:_get_variables",
        _every_variable,
        "K.get_session initialised every global variable, not only Keras's own.",
    ),
    Patch(
        "tf_keras.src.saving.legacy.saving_utils:compile_args_from_training_config",
        _saved_arguments,
        "load_model compiles with the names that were saved, and so with the old losses.",
    ),
]
