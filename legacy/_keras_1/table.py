"""Argument names of Keras 1 and Keras 2 (old:new), by layer and method."""

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

# By class name.
LAYERS = {
    "InputLayer": "input_dtype:dtype",
    "Dense": f"output_dim:units {_WEIGHTS}",
    "Embedding": """init:embeddings_initializer W_regularizer:embeddings_regularizer
        W_constraint:embeddings_constraint""",
    "PReLU": "init:alpha_initializer",
    "BatchNormalizationBase": """beta_init:beta_initializer
        gamma_init:gamma_initializer""",
    "Dropout": "p:rate",
    "GaussianDropout": "p:rate",
    "GaussianNoise": "sigma:stddev",
    "SpatialDropout1D": "p:rate",
    "SpatialDropout2D": f"p:rate {_IMAGE}",
    "SpatialDropout3D": f"p:rate {_IMAGE}",
    "Conv1D": _CONVOLUTION_1,
    "Conv2D": _CONVOLUTION,
    "Conv3D": _CONVOLUTION,
    "Conv2DTranspose": _CONVOLUTION,
    "SeparableConv2D": f"""nb_filter:filters subsample:strides
        border_mode:padding {_IMAGE} b_regularizer:bias_regularizer b_constraint:bias_constraint bias:use_bias""",
    "LocallyConnected1D": _CONVOLUTION_1,
    "LocallyConnected2D": _CONVOLUTION,
    **{
        f"{kind.title()}Pooling{n}D": _POOLING_1 if n == 1 else _POOLING
        for kind in ("average", "max")
        for n in (1, 2, 3)
    },
    **{f"GlobalPooling{n}D": _IMAGE for n in (2, 3)},
    "UpSampling1D": "length:size",
    **{f"UpSampling{n}D": _IMAGE for n in (2, 3)},
    **{f"ZeroPadding{n}D": _IMAGE for n in (2, 3)},
    **{f"Cropping{n}D": _IMAGE for n in (2, 3)},
    "SimpleRNN": _RECURRENT,
    "GRU": _GATED,
    "LSTM": _GATED,
    "ConvLSTM2D": f"""{_CONVOLUTION} inner_init:recurrent_initializer
        U_regularizer:recurrent_regularizer inner_activation:recurrent_activation dropout_W:dropout
        dropout_U:recurrent_dropout""",
}

MODEL = "input:inputs output:outputs"
_GENERATOR = """samples_per_epoch:steps_per_epoch val_samples:steps nb_epoch:epochs nb_val_samples:validation_steps
    nb_worker:workers pickle_safe:use_multiprocessing max_q_size:max_queue_size"""

# By name of the method of a model.
METHODS = {
    "__init__": MODEL,
    "fit": "nb_epoch:epochs",
    "fit_generator": _GENERATOR,
    "evaluate_generator": _GENERATOR,
    "predict_generator": _GENERATOR,
}

_ORDERINGS = {"tf": "channels_last", "th": "channels_first", "default": None}
VALUES = {
    "dim_ordering": _ORDERINGS,
    "consume_less": {"cpu": 1, "mem": 1, "gpu": 2},  # Keras 1's 0 for "cpu" was removed; the results are equal
}
