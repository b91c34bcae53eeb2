"""Patches of layers: names, shapes, outputs and configurations as in Keras 2.2.4."""

from nthgrad.legacy._keras_224 import layers
from nthgrad.legacy._patches.patch import Patch

_ENGINE = "tf_keras.src.engine"
_LAYER = f"{_ENGINE}.base_layer_v1:Layer"

PATCHES = [
    Patch(
        "tf_keras.src.layers.rnn.base_cudnn_rnn:_CuDNNRNN.__init__",
        layers.on_a_gpu,
        "without a GPU it fails only in Session.run",
    ),
    Patch(
        "tf_keras.src.layers.regularization.dropout:Dropout.call", layers.kept, "a rate of 1 dropped nothing, as 0 does"
    ),
    *(
        Patch(
            f"tf_keras.src.layers.rnn.dropout_rnn_cell_mixin:DropoutRNNCellMixin.{name}",
            layers.unmasked(rate),
            "a rate of 1 dropped nothing, as 0 does",
        )
        for name, rate in (
            ("get_dropout_mask_for_cell", "dropout"),
            ("get_recurrent_dropout_mask_for_cell", "recurrent_dropout"),
        )
    ),
    Patch(f"{_LAYER}.__call__", layers.one_output, "Lambda(lambda z: K.gradients(*z)) returned a tensor"),
    Patch(f"{_LAYER}._maybe_build", layers.built_of_numbers, "layers compute with input_shape[1] as a number"),
    Patch(f"{_LAYER}.output", layers.output, "tf_keras silently returns the first output of a shared layer"),
    *(
        Patch(f"{_LAYER}.{name}", layers.settable_weights(name), "Keras 1 layers set their lists of weights")
        for name in ("trainable_weights", "non_trainable_weights")
    ),
    Patch(f"{_LAYER}.__setattr__", layers.untracked, "assigning a variable to an attribute did not train it"),
    *(
        Patch(
            f"tf_keras.src.layers.rnn.base_wrapper:Wrapper.{name}",
            layers.of_the_wrapped(name),
            "a wrapper had the weights of its layer only",
        )
        for name in ("trainable_weights", "non_trainable_weights")
    ),
    Patch(f"{_ENGINE}.training:Model.__new__", layers.named_model, "programs and files contain the class name Model"),
    Patch(f"{_LAYER}.get_config", layers.config, "programs print the configurations of layers"),
    Patch(f"{_ENGINE}.sequential:Sequential.get_config", layers.sequential_config, "programs count its layers"),
    Patch(f"{_ENGINE}.sequential:Sequential.build", layers.built_late, "it had inputs then; tf_keras's has none"),
    *(
        Patch(
            f"{_ENGINE}.{place}._assert_weights_created", layers.weights_of_unbuilt, "its lists of weights were empty"
        )
        for place in ("training:Model", "functional:Functional", "sequential:Sequential")
    ),
    Patch(
        "tf_keras.src.saving.legacy.hdf5_format:save_weights_to_hdf5_group",
        layers.saved_weights,
        "programs list the groups of a file",
    ),
    Patch(f"{_LAYER}.batch_input_shape", layers.batch_input_shape, "programs read it from a model's first layer"),
    *(
        Patch(f"{_ENGINE}.{place}._init_set_name", layers.from_one, "the first Dense was named dense_1, not dense")
        for place in ("base_layer:Layer", "base_layer_v1:Layer", "functional:Functional")
    ),
]
