"""The arguments of Keras 1 and what Keras 2 calls them, one entry a layer."""

_WEIGHTS = """init:kernel_initializer W_regularizer:kernel_regularizer b_regularizer:bias_regularizer
    W_constraint:kernel_constraint b_constraint:bias_constraint bias:use_bias"""
_IMAGE = "dim_ordering:data_format"
_CONVOLUTION = f"nb_filter:filters subsample:strides border_mode:padding {_IMAGE} {_WEIGHTS}"
_CONVOLUTION_1 = f"nb_filter:filters filter_length:kernel_size subsample_length:strides border_mode:padding {_WEIGHTS}"
_POOLING_1 = "pool_length:pool_size stride:strides border_mode:padding"
_POOLING = f"border_mode:padding {_IMAGE}"
_RECURRENT = f"""output_dim:units inner_init:recurrent_initializer U_regularizer:recurrent_regularizer
    dropout_W:dropout dropout_U:recurrent_dropout consume_less:implementation {_WEIGHTS}"""
_GATED = f"inner_activation:recurrent_activation {_RECURRENT}"
_LAYERS = "tf_keras.src.layers"

# By the class's place in tf_keras.
LAYERS = {
    "tf_keras.src.engine.input_layer:InputLayer": "input_dtype:dtype",
    f"{_LAYERS}.core.dense:Dense": f"output_dim:units {_WEIGHTS}",
    f"{_LAYERS}.core.embedding:Embedding": """init:embeddings_initializer W_regularizer:embeddings_regularizer
        W_constraint:embeddings_constraint""",
    f"{_LAYERS}.activation.prelu:PReLU": "init:alpha_initializer",
    f"{_LAYERS}.normalization.batch_normalization:BatchNormalizationBase": """beta_init:beta_initializer
        gamma_init:gamma_initializer""",
    f"{_LAYERS}.regularization.dropout:Dropout": "p:rate",
    f"{_LAYERS}.regularization.gaussian_dropout:GaussianDropout": "p:rate",
    f"{_LAYERS}.regularization.gaussian_noise:GaussianNoise": "sigma:stddev",
    f"{_LAYERS}.regularization.spatial_dropout1d:SpatialDropout1D": "p:rate",
    f"{_LAYERS}.regularization.spatial_dropout2d:SpatialDropout2D": f"p:rate {_IMAGE}",
    f"{_LAYERS}.regularization.spatial_dropout3d:SpatialDropout3D": f"p:rate {_IMAGE}",
    f"{_LAYERS}.convolutional.conv1d:Conv1D": _CONVOLUTION_1,
    f"{_LAYERS}.convolutional.conv2d:Conv2D": _CONVOLUTION,
    f"{_LAYERS}.convolutional.conv3d:Conv3D": _CONVOLUTION,
    f"{_LAYERS}.convolutional.conv2d_transpose:Conv2DTranspose": _CONVOLUTION,
    f"{_LAYERS}.convolutional.separable_conv2d:SeparableConv2D": f"""nb_filter:filters subsample:strides
        border_mode:padding {_IMAGE} b_regularizer:bias_regularizer b_constraint:bias_constraint bias:use_bias""",
    f"{_LAYERS}.locally_connected.locally_connected1d:LocallyConnected1D": _CONVOLUTION_1,
    f"{_LAYERS}.locally_connected.locally_connected2d:LocallyConnected2D": _CONVOLUTION,
    **{
        f"{_LAYERS}.pooling.{kind}_pooling{n}d:{kind.title()}Pooling{n}D": _POOLING_1 if n == 1 else _POOLING
        for kind in ("average", "max")
        for n in (1, 2, 3)
    },
    **{f"{_LAYERS}.pooling.base_global_pooling{n}d:GlobalPooling{n}D": _IMAGE for n in (2, 3)},
    f"{_LAYERS}.reshaping.up_sampling1d:UpSampling1D": "length:size",
    **{f"{_LAYERS}.reshaping.up_sampling{n}d:UpSampling{n}D": _IMAGE for n in (2, 3)},
    **{f"{_LAYERS}.reshaping.zero_padding{n}d:ZeroPadding{n}D": _IMAGE for n in (2, 3)},
    **{f"{_LAYERS}.reshaping.cropping{n}d:Cropping{n}D": _IMAGE for n in (2, 3)},
    f"{_LAYERS}.rnn.simple_rnn:SimpleRNN": _RECURRENT,
    f"{_LAYERS}.rnn.gru:GRU": _GATED,
    f"{_LAYERS}.rnn.gru_v1:GRU": _GATED,
    f"{_LAYERS}.rnn.lstm:LSTM": _GATED,
    f"{_LAYERS}.rnn.lstm_v1:LSTM": _GATED,
    f"{_LAYERS}.rnn.conv_lstm2d:ConvLSTM2D": f"""{_CONVOLUTION} inner_init:recurrent_initializer
        U_regularizer:recurrent_regularizer inner_activation:recurrent_activation dropout_W:dropout
        dropout_U:recurrent_dropout""",
}

MODEL = "input:inputs output:outputs"
_GENERATOR = """samples_per_epoch:steps_per_epoch val_samples:steps nb_epoch:epochs nb_val_samples:validation_steps
    nb_worker:workers pickle_safe:use_multiprocessing max_q_size:max_queue_size"""

# Methods, by their place: of models, which tf_keras has in two versions.
METHODS = {
    "tf_keras.src.engine.functional:Functional.__init__": MODEL,
    **{
        f"tf_keras.src.engine.{module}:Model.{method}": renames
        for module in ("training", "training_v1")
        for method, renames in {
            "__init__": MODEL,
            "fit": "nb_epoch:epochs",
            "fit_generator": _GENERATOR,
            "evaluate_generator": _GENERATOR,
            "predict_generator": _GENERATOR,
        }.items()
    },
}

_ORDERINGS = {"tf": "channels_last", "th": "channels_first", "default": None}
VALUES = {
    "dim_ordering": _ORDERINGS,
    "consume_less": {"cpu": 1, "mem": 1, "gpu": 2},  # 0, which was Keras 1's for "cpu", is no more; all give the same
}
