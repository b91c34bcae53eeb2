"""Patches of layers: their names, shapes, outputs and configurations as in Keras 2.2.4."""

from nthgrad.legacy._keras_224 import layers
from nthgrad.legacy._patches.patch import Patch

_ENGINE = "tf_keras.src.engine"
_LAYER = f"{_ENGINE}.base_layer_v1:Layer"

PATCHES = [
    Patch(
        "tf_keras.src.layers.rnn.base_cudnn_rnn:_CuDNNRNN.__init__",
        layers.on_a_gpu,
        "without a GPU it failed in the run",
    ),
    Patch(f"{_LAYER}.__call__", layers.one_output, "Lambda(lambda z: K.gradients(*z)) gives a tensor"),
    Patch(f"{_LAYER}._maybe_build", layers.built_of_numbers, "layers compute with input_shape[1], as np.arange does"),
    Patch(f"{_LAYER}.output", layers.output, "of a shared layer the first is given today, without a word"),
    *(
        Patch(f"{_LAYER}.{name}", layers.settable_weights(name), "Keras 1 layers set their lists of weights")
        for name in ("trainable_weights", "non_trainable_weights")
    ),
    Patch(f"{_LAYER}.__setattr__", layers.untracked, "a variable that was only set was not trained"),
    *(
        Patch(
            f"tf_keras.src.layers.rnn.base_wrapper:Wrapper.{name}",
            layers.of_the_wrapped(name),
            "and that of a wrapper not",
        )
        for name in ("trainable_weights", "non_trainable_weights")
    ),
    Patch(f"{_ENGINE}.training:Model.__new__", layers.named_model, "programs and files name the classes of layers"),
    Patch(f"{_LAYER}.get_config", layers.config, "programs print the configurations of layers"),
    Patch(f"{_ENGINE}.sequential:Sequential.get_config", layers.sequential_config, "programs count the layers in it"),
    Patch(
        "tf_keras.src.saving.legacy.hdf5_format:save_weights_to_hdf5_group",
        layers.saved_weights,
        "programs list the groups of a file",
    ),
    Patch(f"{_LAYER}.batch_input_shape", layers.batch_input_shape, "asked of a model's first layer"),
    *(
        Patch(
            f"{_ENGINE}.{place}._init_set_name", layers.from_one, "programs and their prints say dense_1 of the first"
        )
        for place in ("base_layer:Layer", "base_layer_v1:Layer", "functional:Functional")
    ),
]
