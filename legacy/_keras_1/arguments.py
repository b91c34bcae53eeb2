"""The arguments of Keras 1, taken by today's layers and models."""

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from nthgrad.errors import LegacyError
from nthgrad.legacy._keras_1.table import MODEL, VALUES
from nthgrad.legacy._runtime import dialect

Special = Callable[[str, list, dict[str, Any]], None]  # changes what was given, before names are


def _pairs(renames: str) -> dict[str, str]:
    return dict(pair.split(":") for pair in renames.split())


def rename(name: str, renames: Mapping[str, str], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Keyword arguments under the names of Keras 2.

    Args:
        name: What they are given to.
        renames: The new name of each old one.
        kwargs: What was given.

    Returns:
        Them with new names, values of old ones translated; itself if none is old.

    Raises:
        LegacyError: If an argument is given under both names.
    """
    if renames.keys().isdisjoint(kwargs):
        return kwargs
    renamed = {}
    for old, value in kwargs.items():
        new = renames.get(old, old)
        if new != old and new in kwargs:
            raise LegacyError(f"{name} was given {old}= and {new}=, which are one argument. Keep {new}=.")
        known = VALUES.get(old, {})
        renamed[new] = known[value] if isinstance(value, str) and value in known else value
    return renamed


def taking(renames: str, special: Special, function: Any) -> Any:
    """The method, which also takes what it was called in Keras 1."""
    names = _pairs(renames)

    @wraps(function)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not dialect.keras_224(self):
            return function(self, *args, **kwargs)
        name = type(self).__name__ if function.__name__ == "__init__" else f"model.{function.__name__}"
        given = list(args)
        special(name, given, kwargs)
        return function(self, *given, **rename(name, names, kwargs))

    method.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    return method


def nothing(name: str, args: list, kwargs: dict[str, Any]) -> None:
    """Changes nothing: all that the arguments need is other names."""


def _sizes(*names: str) -> Special:
    """Makes one kernel size of one argument for each axis, of which the last may be named."""

    def special(name: str, args: list, kwargs: dict[str, Any]) -> None:
        sizes, named = args[1 : 1 + len(names)], names[max(len(args) - 1, 0) :]
        if not all(isinstance(each, int) for each in sizes) or not all(each in kwargs for each in named):
            return
        doubtful = [each for each in ("padding", "strides", "data_format") if each in kwargs]
        if doubtful and len(sizes) == 2 and not named:
            call = f"{name}({', '.join(map(str, args))}, {doubtful[0]}=...)"
            raise LegacyError(
                f"{call} could mean a kernel of {sizes[0]} x {sizes[1]}, as in Keras 1, or a kernel of {sizes[0]} and "
                f"strides of {sizes[1]}. Say kernel_size= and strides=."
            )
        kwargs["kernel_size"] = (*sizes, *(kwargs.pop(each) for each in named))
        del args[1 : 1 + len(names)]

    return special


# In tf.keras `Conv2D(32, 3, 2)` has strides of 2.
_TWO = _sizes("nb_row", "nb_col")


def _sequence(name: str, args: list, kwargs: dict[str, Any]) -> None:
    """Makes the shape of a sequence of its width and length."""
    if "input_dim" in kwargs:
        kwargs["input_shape"] = (kwargs.pop("input_length", None), kwargs.pop("input_dim"))


def _forget(name: str, args: list, kwargs: dict[str, Any]) -> None:
    start = kwargs.pop("forget_bias_init", "one")
    if start != "one":
        raise LegacyError(
            f"{name} was given forget_bias_init={start!r}, which Keras 2 ignored: it starts at one. "
            "Say unit_forget_bias=False to start with the other biases, and nothing to start at one."
        )


def _recurrent(name: str, args: list, kwargs: dict[str, Any]) -> None:
    _forget(name, args, kwargs)
    _sequence(name, args, kwargs)


def _convolution_lstm(name: str, args: list, kwargs: dict[str, Any]) -> None:
    _forget(name, args, kwargs)
    _TWO(name, args, kwargs)


def _deconvolution(name: str, args: list, kwargs: dict[str, Any]) -> None:
    kwargs.pop("output_shape", None)  # it follows from the rest
    if len(args) == 4 and isinstance(args[3], tuple):
        del args[3]
    _TWO(name, args, kwargs)


def _separable(name: str, args: list, kwargs: dict[str, Any]) -> None:
    if "init" in kwargs:
        kwargs["depthwise_initializer"] = kwargs["pointwise_initializer"] = kwargs.pop("init")
    _TWO(name, args, kwargs)


def _embedding(name: str, args: list, kwargs: dict[str, Any]) -> None:
    dropped = kwargs.pop("dropout", None)
    if dropped:
        raise LegacyError(
            f"{name} was given dropout={dropped!r}, which Keras 2 ignored. "
            f"Put a SpatialDropout1D({dropped!r}) after it."
        )


def _normalization(name: str, args: list, kwargs: dict[str, Any]) -> None:
    mode = kwargs.pop("mode", 0)
    if mode:
        raise LegacyError(
            f"{name} was given mode={mode!r}, and Keras 2 has mode 0 only. Leave it out to normalize each feature "
            "over the batch, or write the other in a Lambda layer."
        )


def _padding(name: str, args: list, kwargs: dict[str, Any]) -> None:
    """Makes pairs of a dict of sides."""
    sides = args[0] if args else kwargs.get("padding")
    if isinstance(sides, dict):
        top, bottom, left, right = (sides.get(f"{side}_pad", 0) for side in ("top", "bottom", "left", "right"))
        del args[:1]
        kwargs["padding"] = ((top, bottom), (left, right))


def samples(name: str, args: list, kwargs: dict[str, Any]) -> None:
    """Keras 1 counted samples, Keras 2 batches: as far as the generator tells how many make one."""
    size = getattr(args[0] if args else kwargs.get("generator"), "batch_size", None)
    if "samples_per_epoch" in kwargs and size:
        kwargs["steps_per_epoch"] = kwargs.pop("samples_per_epoch") // size


SPECIAL: dict[str, Special] = {
    "Embedding": _embedding,
    "BatchNormalizationBase": _normalization,
    **dict.fromkeys(["Conv1D", "LocallyConnected1D"], _sequence),
    **dict.fromkeys(["Conv2D", "LocallyConnected2D"], _TWO),
    "Conv3D": _sizes("kernel_dim1", "kernel_dim2", "kernel_dim3"),
    "Conv2DTranspose": _deconvolution,
    "SeparableConv2D": _separable,
    "ZeroPadding2D": _padding,
    **dict.fromkeys(["SimpleRNN", "GRU", "LSTM"], _recurrent),
    "ConvLSTM2D": _convolution_lstm,
}


def new(function: Any) -> Any:
    """`Model.__new__`, which looks at the names of its arguments to choose the class."""
    names = _pairs(MODEL)

    def __new__(cls: type, *args: Any, **kwargs: Any) -> Any:  # noqa: N807
        return function(cls, *args, **rename("Model", names, kwargs))

    return staticmethod(__new__)


def add_weight(function: Any) -> Any:
    """`layer.add_weight`, which took the shape first."""

    @wraps(function)
    def add_weight(self: Any, *args: Any, **kwargs: Any) -> Any:
        if args and isinstance(args[0], (tuple, list)):
            kwargs["shape"], args = tuple(args[0]), args[1:]
        return function(self, *args, **kwargs)

    return add_weight


def shape(function: Any) -> Any:
    """`Input`, which takes a number for a shape of one axis."""

    @wraps(function)
    def input_(*args: Any, **kwargs: Any) -> Any:
        if args and isinstance(args[0], int):
            args = ((args[0],), *args[1:])
        if isinstance(kwargs.get("shape"), int):
            kwargs["shape"] = (kwargs["shape"],)
        return function(*args, **kwargs)

    return input_
