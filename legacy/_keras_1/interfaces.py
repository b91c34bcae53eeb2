"""`keras.legacy.interfaces`: decorators that make a layer or method accept the arguments of Keras 1."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from typing import Any

from nthgrad.errors import LegacyError
from nthgrad.legacy._keras_1 import arguments
from nthgrad.legacy._keras_1.table import LAYERS, METHODS, MODEL

# (name of the decorator, layer whose arguments it accepts)
_LAYERS = {
    "dense": "Dense",
    "dropout": "Dropout",
    "embedding": "Embedding",
    "pooling1d": "MaxPooling1D",
    "pooling2d": "MaxPooling2D",
    "pooling3d": "MaxPooling3D",
    "global_pooling": "GlobalPooling2D",
    "prelu": "PReLU",
    "gaussiannoise": "GaussianNoise",
    "gaussiandropout": "GaussianDropout",
    "recurrent": "LSTM",
    "upsampling1d": "UpSampling1D",
    "upsampling2d": "UpSampling2D",
    "upsampling3d": "UpSampling3D",
    "conv1d": "Conv1D",
    "conv2d": "Conv2D",
    "conv3d": "Conv3D",
    "separable_conv2d": "SeparableConv2D",
    "deconv2d": "Conv2DTranspose",
    "convlstm2d": "ConvLSTM2D",
    "batchnorm": "BatchNormalizationBase",
    "zeropadding2d": "ZeroPadding2D",
    "zeropadding3d": "ZeroPadding3D",
    "cropping2d": "Cropping2D",
    "cropping3d": "Cropping3D",
    "spatialdropout1d": "SpatialDropout1D",
    "spatialdropoutNd": "SpatialDropout2D",
}


def _layer(cls: str) -> Callable[[Callable], Callable]:
    return partial(arguments.taking, LAYERS[cls], arguments.SPECIAL.get(cls, arguments.nothing))


def _get_updates(function: Callable) -> Callable:
    @wraps(function)
    def get_updates(self: Any, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 3:  # (params, constraints, loss)
            args = (args[2], args[0])
        elif len(args) == 2 and isinstance(args[0], (list, tuple)) and isinstance(args[1], dict):
            kwargs["params"], args = args[0], ()
        return function(self, *args, **kwargs)

    return get_updates


def generate_legacy_interface(
    allowed_positional_args: Sequence[str] | None = None,
    conversions: Sequence[tuple[str, str]] | None = None,
    preprocessor: Callable | None = None,
    value_conversions: Mapping[str, Mapping[Any, Any]] | None = None,
    object_type: str = "class",
) -> Callable[[Callable], Callable]:
    """Returns a decorator that translates argument names and values.

    Args:
        allowed_positional_args: names of the arguments that may be positional.
        conversions: pairs (old name, new name).
        preprocessor: takes the positional arguments (the first one is `self`) and the keyword arguments. Returns both,
            and a list of its changes.
        value_conversions: for each old name, a mapping from old to new values.
        object_type: "class" or "method".
    """

    def decorate(function: Callable) -> Callable:
        @wraps(function)
        def method(*args: Any, **kwargs: Any) -> Any:
            name = type(args[0]).__name__ if object_type == "class" else function.__name__
            if preprocessor:
                args, kwargs, _ = preprocessor(args, kwargs)
            if allowed_positional_args is not None and len(args) > len(allowed_positional_args) + 1:
                raise LegacyError(
                    f"{name} was given {len(args) - 1} positional arguments and takes {len(allowed_positional_args)}: "
                    f"{', '.join(allowed_positional_args) or 'none'}. Name the others."
                )
            for key, values in (value_conversions or {}).items():
                if key in kwargs and kwargs[key] in values:
                    kwargs[key] = values[kwargs[key]]
            return function(*args, **arguments.rename(name, dict(conversions or []), kwargs))

        return method

    return decorate


generate_legacy_method_interface = partial(generate_legacy_interface, object_type="method")

_SUPPORT: dict[str, Callable[[Callable], Callable]] = {
    **{name: _layer(cls) for name, cls in _LAYERS.items()},
    "generator_methods": partial(arguments.taking, METHODS["fit_generator"], arguments.samples),
    "model_constructor": partial(arguments.taking, MODEL, arguments.nothing),
    "input": partial(arguments.taking, "input_dtype:dtype", arguments.nothing),
    "lambda": lambda function: function,
    "add_weight": arguments.add_weight,
    "get_updates": _get_updates,
}
SUPPORT = {f"legacy_{name}_support": decorator for name, decorator in _SUPPORT.items()}
globals().update(SUPPORT)
