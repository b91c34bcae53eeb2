"""Patches of the modules that classes name as their own, in a script's own process.

A session leaves them: a TensorFlow 2 program around it pickles objects of these classes, by the names of today.
"""

from nthgrad.legacy._patches.patch import Patch

_N = (1, 2, 3)
_OPTIMIZERS = "Adadelta Adagrad Adam Adamax Nadam Optimizer RMSprop SGD TFOptimizer"
_INITIALIZERS = "Identity Orthogonal RandomNormal RandomUniform TruncatedNormal VarianceScaling"
_CONSTRAINTS = "Constraint MaxNorm MinMaxNorm NonNeg UnitNorm"
_CALLBACKS = """BaseLogger CSVLogger Callback CallbackList EarlyStopping History LambdaCallback LearningRateScheduler
    ModelCheckpoint ProgbarLogger ReduceLROnPlateau RemoteMonitor TerminateOnNaN"""
_ACTIVATIONS = {
    "elu": "ELU",
    "leaky_relu": "LeakyReLU",
    "prelu": "PReLU",
    "relu": "ReLU",
    "softmax": "Softmax",
    "thresholded_relu": "ThresholdedReLU",
}
_MERGING = "add average concatenate dot maximum minimum multiply subtract"


def _each(folder: str, modules: str) -> list[str]:
    """Returns the classes named after their modules: `alpha_dropout` has AlphaDropout."""
    return [f"{folder}.{module}:{module.title().replace('_', '')}" for module in modules.split()]


def _ranks(folder: str, module: str, name: str, ranks: tuple[int, ...] = _N) -> list[str]:
    return [f"{folder}.{module.format(n)}:{name.format(n)}" for n in ranks]


# The classes of each module of Keras 2.2.4, by their places below tf_keras.src. Constant, Ones and Zeros are missing:
# those are TensorFlow's.
TF_KERAS: dict[str, list[str]] = {
    "callbacks": [*(f"callbacks:{name}" for name in _CALLBACKS.split()), "callbacks_v1:TensorBoard"],
    "constraints": [f"constraints:{name}" for name in _CONSTRAINTS.split()],
    "engine.base_layer": ["engine.base_layer:Layer", "engine.input_spec:InputSpec"],
    "engine.input_layer": ["engine.input_layer:InputLayer"],
    "engine.sequential": ["engine.sequential:Sequential"],
    "engine.training": ["engine.training:Model"],
    "initializers": ["initializers.initializers:Initializer"],
    "layers.advanced_activations": [f"layers.activation.{module}:{name}" for module, name in _ACTIVATIONS.items()],
    "layers.convolutional": [
        *_ranks("layers.convolutional", "conv{}d", "Conv{}D"),
        *_ranks("layers.convolutional", "conv{}d_transpose", "Conv{}DTranspose", (2, 3)),
        *_ranks("layers.convolutional", "separable_conv{}d", "SeparableConv{}D", (1, 2)),
        "layers.convolutional.depthwise_conv2d:DepthwiseConv2D",
        *_ranks("layers.reshaping", "cropping{}d", "Cropping{}D"),
        *_ranks("layers.reshaping", "up_sampling{}d", "UpSampling{}D"),
        *_ranks("layers.reshaping", "zero_padding{}d", "ZeroPadding{}D"),
    ],
    "layers.convolutional_recurrent": ["layers.rnn.conv_lstm2d:ConvLSTM2D"],
    "layers.core": [
        *_each("layers.core", "activation dense masking"),
        "layers.core.lambda_layer:Lambda",
        *_each("layers.regularization", "activity_regularization dropout"),
        *_ranks("layers.regularization", "spatial_dropout{}d", "SpatialDropout{}D"),
        *_each("layers.reshaping", "flatten permute repeat_vector reshape"),
    ],
    "layers.cudnn_recurrent": ["layers.rnn.cudnn_gru:CuDNNGRU", "layers.rnn.cudnn_lstm:CuDNNLSTM"],
    "layers.embeddings": ["layers.core.embedding:Embedding"],
    "layers.local": _ranks("layers.locally_connected", "locally_connected{}d", "LocallyConnected{}D", (1, 2)),
    "layers.merge": ["layers.merging.base_merge:_Merge", *_each("layers.merging", _MERGING)],
    "layers.noise": _each("layers.regularization", "alpha_dropout gaussian_dropout gaussian_noise"),
    "layers.normalization": ["layers.normalization.batch_normalization_v1:BatchNormalization"],
    "layers.pooling": [
        *(
            place
            for kind in ("average", "max")
            for place in _ranks("layers.pooling", f"{kind}_pooling{{}}d", f"{kind.title()}Pooling{{}}D")
        ),
        *(
            place
            for kind in ("average", "max")
            for place in _ranks("layers.pooling", f"global_{kind}_pooling{{}}d", f"Global{kind.title()}Pooling{{}}D")
        ),
    ],
    "layers.recurrent": [
        "layers.rnn.base_rnn:RNN",
        *(f"layers.rnn.{name.lower()}_v1:{name}{cell}" for name in ("GRU", "LSTM") for cell in ("", "Cell")),
        "layers.rnn.simple_rnn:SimpleRNN",
        "layers.rnn.simple_rnn:SimpleRNNCell",
        "layers.rnn.stacked_rnn_cells:StackedRNNCells",
    ],
    "layers.wrappers": [
        "layers.rnn.base_wrapper:Wrapper",
        "layers.rnn.bidirectional:Bidirectional",
        "layers.rnn.time_distributed:TimeDistributed",
    ],
    "regularizers": ["regularizers:L1L2", "regularizers:Regularizer"],
    "utils.generic_utils": ["utils.generic_utils:Progbar"],
}
# Those by their modules below _keras_224.
OURS = {
    "initializers": [f"arithmetic.initializers:{name}" for name in _INITIALIZERS.split()],
    "optimizers": [f"arithmetic.optimizers:{name}" for name in _OPTIMIZERS.split()],
}

PATCHES: list[Patch] = [
    *(
        Patch(
            f"{root}.{place}.__module__",
            lambda today, module=module: f"keras.{module}",
            "libraries dispatch on it, and on str(type(layer))",
            script_only=True,
        )
        for root, table in (("tf_keras.src", TF_KERAS), ("nthgrad.legacy._keras_224", OURS))
        for module, places in table.items()
        for place in places
    ),
    *(
        Patch(
            f"tensorflow.python.framework.ops:SymbolicTensor.{name}",
            lambda today, value=value: value,
            "the class of tensors was named Tensor",
            script_only=True,
        )
        for name, value in {
            "__name__": "Tensor",
            "__qualname__": "Tensor",
            "__module__": "tensorflow.python.framework.ops",
        }.items()
    ),
]
