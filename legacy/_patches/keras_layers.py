"""Patches of layers: names, shapes, outputs and configurations as in Keras 2.2.4."""

from nthgrad.legacy._keras_224 import channels_first, checks, layers, models, stacked_cells
from nthgrad.legacy._patches.patch import Patch

_ENGINE = "tf_keras.src.engine"
_LAYER = f"{_ENGINE}.base_layer_v1:Layer"
_LAYERS = "tf_keras.src.layers"

# Every class of Keras 2.2.4 that defines `compute_output_shape`.
_SHAPED = [
    f"{_ENGINE}.functional:Functional",
    f"{_ENGINE}.sequential:Sequential",
    *(
        f"{_LAYERS}.activation.{module}:{name}"
        for module, name in {
            "elu": "ELU",
            "leaky_relu": "LeakyReLU",
            "prelu": "PReLU",
            "relu": "ReLU",
            "softmax": "Softmax",
            "thresholded_relu": "ThresholdedReLU",
        }.items()
    ),
    f"{_LAYERS}.convolutional.base_conv:Conv",
    *(f"{_LAYERS}.convolutional.conv{n}d_transpose:Conv{n}DTranspose" for n in (2, 3)),
    f"{_LAYERS}.convolutional.depthwise_conv2d:DepthwiseConv2D",
    *(
        f"{_LAYERS}.core.{module}:{module.partition('_')[0].title()}"
        for module in ("activation", "dense", "embedding", "lambda_layer", "masking")
    ),
    *(f"{_LAYERS}.locally_connected.locally_connected{n}d:LocallyConnected{n}D" for n in (1, 2)),
    f"{_LAYERS}.merging.base_merge:_Merge",
    f"{_LAYERS}.merging.concatenate:Concatenate",
    f"{_LAYERS}.merging.dot:Dot",
    f"{_LAYERS}.normalization.batch_normalization:BatchNormalizationBase",
    *(f"{_LAYERS}.pooling.base_global_pooling{n}d:GlobalPooling{n}D" for n in (1, 2, 3)),
    *(f"{_LAYERS}.pooling.base_pooling{n}d:Pooling{n}D" for n in (1, 2, 3)),
    *(
        f"{_LAYERS}.regularization.{name}:{name.title().replace('_', '')}"
        for name in ("activity_regularization", "alpha_dropout", "dropout", "gaussian_dropout", "gaussian_noise")
    ),
    *(
        f"{_LAYERS}.reshaping.{name}:{name.title().replace('_', '')}"
        for name in ("flatten", "permute", "repeat_vector", "reshape")
    ),
    *(f"{_LAYERS}.reshaping.cropping{n}d:Cropping{n}D" for n in (1, 2, 3)),
    *(f"{_LAYERS}.reshaping.up_sampling{n}d:UpSampling{n}D" for n in (1, 2, 3)),
    *(f"{_LAYERS}.reshaping.zero_padding{n}d:ZeroPadding{n}D" for n in (1, 2, 3)),
    f"{_LAYERS}.rnn.base_conv_rnn:ConvRNN",
    f"{_LAYERS}.rnn.base_rnn:RNN",
    f"{_LAYERS}.rnn.bidirectional:Bidirectional",
]

PATCHES = [
    Patch(
        f"{_LAYERS}.rnn.base_cudnn_rnn:_CuDNNRNN.__init__",
        layers.on_a_gpu,
        "without a GPU it fails only in Session.run",
    ),
    Patch(
        f"{_LAYERS}.convolutional.base_conv:Conv._validate_init",
        layers.both_strided_and_dilated,
        "strides with a dilation rate raised in the call",
    ),
    *(
        Patch(f"{_LAYERS}.{place}.call", channels_first.on_any_machine, "TensorFlow has no such op on a CPU")
        for place in (
            "convolutional.base_conv:Conv",
            "convolutional.conv3d_transpose:Conv3DTranspose",
            "convolutional.separable_conv1d:SeparableConv1D",
            "convolutional.separable_conv2d:SeparableConv2D",
            "pooling.base_pooling2d:Pooling2D",
            "pooling.base_pooling3d:Pooling3D",
        )
    ),
    Patch(f"{_LAYERS}.merging.base_merge:_Merge.call", checks.several, "a merge of one tensor raised"),
    Patch(f"{_LAYERS}.core.embedding:Embedding.call", checks.of_input_length, "input_length was checked"),
    *(
        Patch(f"{_LAYERS}.reshaping.cropping{n}d:Cropping{n}D.call", checks.cropped, "an axis could be cropped to 0")
        for n in (1, 2, 3)
    ),
    Patch("tf_keras.src.backend:bias_add", channels_first.bias_add, "recurrent layers add biases to matrices"),
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
    *(
        Patch(f"{place}.compute_output_shape", layers.numbers_of_output, "programs compute with its numbers")
        for place in _SHAPED
    ),
    *(
        Patch(f"{_ENGINE}.{module}:Layer.compute_output_shape", layers.same_shape, "by default it was the input's")
        for module in ("base_layer", "base_layer_v1")
    ),
    Patch(
        f"{_LAYERS}.rnn.time_distributed:TimeDistributed.compute_output_shape",
        layers.shape_at_each_step,
        "programs compute with its numbers",
    ),
    *(
        Patch(f"{_LAYERS}.rnn.{place}.build", layers.cell_built_with_constants, "cells read the shapes of constants")
        for place in ("base_rnn:RNN", "base_conv_rnn:ConvRNN")
    ),
    Patch(
        f"{_LAYERS}.serialization:ALL_MODULES",
        layers.with_first_versions,
        "layers that are read back are the old ones; tf_keras takes its own LSTM and GRU",
    ),
    *(
        Patch(f"{_LAYERS}.rnn.stacked_rnn_cells:StackedRNNCells.{name}", make, "the states were one flat list")
        for name, make in (
            ("state_size", stacked_cells.state_size),
            ("get_initial_state", stacked_cells.get_initial_state),
            ("call", stacked_cells.call),
        )
    ),
    Patch(
        f"{_LAYERS}.rnn.base_conv_rnn:ConvRNN.reset_states",
        layers.with_tensor_shapes,
        "it concatenates the shapes that layers compute",
    ),
    Patch(f"{_LAYER}.output", layers.output, "tf_keras silently returns the first output of a shared layer"),
    *(
        Patch(f"{_LAYER}.{name}", layers.settable_weights(name), "Keras 1 layers set their lists of weights")
        for name in ("trainable_weights", "non_trainable_weights")
    ),
    Patch(f"{_LAYER}.__setattr__", layers.untracked, "assigning a variable to an attribute did not train it"),
    *(
        Patch(
            f"{_LAYERS}.rnn.base_wrapper:Wrapper.{name}",
            layers.of_the_wrapped(name),
            "a wrapper had the weights of its layer only",
        )
        for name in ("trainable_weights", "non_trainable_weights")
    ),
    Patch(
        f"{_ENGINE}.training:Model.__new__", models.named_model, "programs compare classes, and files contain the name"
    ),
    Patch(f"{_LAYER}.get_config", layers.config, "programs print the configurations of layers"),
    Patch(f"{_ENGINE}.sequential:Sequential.get_config", layers.sequential_config, "programs count its layers"),
    Patch(
        f"{_ENGINE}.sequential:Sequential.from_config", layers.from_a_list, "tf_keras 2.16 fails for a list of layers"
    ),
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
