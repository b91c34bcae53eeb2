"""Decorators that make layers and models accept the arguments of Keras 1."""

import inspect
import warnings
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from nthgrad.errors import LegacyError
from nthgrad.legacy._keras_1.table import MODEL, VALUES
from nthgrad.legacy._runtime import dialect

Special = Callable[[str, list, dict[str, Any]], None]  # changes the arguments in place, before they are renamed


def _pairs(renames: str) -> dict[str, str]:
    return dict(pair.split(":") for pair in renames.split())


def rename(name: str, renames: Mapping[str, str], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Renames keyword arguments to those of Keras 2.

    Args:
        name: the layer or method, for errors.
        renames: maps old names to new ones.
        kwargs: the keyword arguments.

    Returns:
        `kwargs` with new names and values; `kwargs` itself if no name is old.

    Raises:
        LegacyError: if an argument is given under both names.
    """
    if renames.keys().isdisjoint(kwargs):
        return kwargs
    renamed = {}
    for old, value in kwargs.items():
        new = renames.get(old, old)
        if new != old and new in kwargs:
            raise LegacyError(f"{name} was given {old}= and {new}=, which are the same argument. Keep {new}=.")
        known = VALUES.get(old, {})
        renamed[new] = known[value] if isinstance(value, str) and value in known else value
    return renamed


def taking(renames: str, special: Special, function: Any) -> Any:
    """Returns the method, accepting Keras 1 argument names too."""
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
    """Leaves the arguments unchanged: renaming is enough."""


def _sizes(*names: str) -> Special:
    """Joins the kernel sizes per axis into `kernel_size`; the last ones may be keyword arguments."""

    def special(name: str, args: list, kwargs: dict[str, Any]) -> None:
        sizes, named = args[1 : 1 + len(names)], names[max(len(args) - 1, 0) :]
        if not all(isinstance(each, int) for each in sizes) or not all(each in kwargs for each in named):
            return
        doubtful = [each for each in ("padding", "strides", "data_format") if each in kwargs]
        if doubtful and len(sizes) == 2 and not named:
            call = f"{name}({', '.join(map(str, args))}, {doubtful[0]}=...)"
            raise LegacyError(
                f"{call} could mean a kernel of {sizes[0]} x {sizes[1]}, as in Keras 1, or a kernel of {sizes[0]} and "
                f"strides of {sizes[1]}. Give kernel_size= and strides=."
            )
        kwargs["kernel_size"] = (*sizes, *(kwargs.pop(each) for each in named))
        del args[1 : 1 + len(names)]

    return special


# Keras 1 only: in Keras 2 `Conv2D(32, 3, 2)` has strides of 2.
_TWO = _sizes("nb_row", "nb_col")


def _sequence(name: str, args: list, kwargs: dict[str, Any]) -> None:
    """Replaces the width and length of a sequence by its shape."""
    if "input_dim" in kwargs:
        kwargs["input_shape"] = (kwargs.pop("input_length", None), kwargs.pop("input_dim"))


def _ignored(name: str, argument: str, instead: str, depth: int = 4) -> None:
    """Warns, at the program's line, that Keras 2 ignored an argument of Keras 1."""
    warnings.warn(f"{name} was given {argument}, which Keras 2 ignored. {instead}", stacklevel=depth)


def _forget(name: str, args: list, kwargs: dict[str, Any]) -> None:
    if "forget_bias_init" not in kwargs:
        return
    start = kwargs.pop("forget_bias_init")
    if start == "one":
        kwargs["unit_forget_bias"] = True
    else:
        _ignored(
            name,
            f"forget_bias_init={start!r}",
            "Give unit_forget_bias=False to initialize the bias as the other biases.",
            depth=5,
        )


def _rate(name: str, args: list, kwargs: dict[str, Any]) -> None:
    """Limits a rate to 0 to 1."""
    key = "p" if "p" in kwargs else "rate"
    if args:
        args[0] = min(1.0, max(0.0, args[0]))
    elif key in kwargs:
        kwargs[key] = min(1.0, max(0.0, kwargs[key]))


def _recurrent(name: str, args: list, kwargs: dict[str, Any]) -> None:
    _forget(name, args, kwargs)
    _sequence(name, args, kwargs)


def _convolution_lstm(name: str, args: list, kwargs: dict[str, Any]) -> None:
    _forget(name, args, kwargs)
    _TWO(name, args, kwargs)


def _deconvolution(name: str, args: list, kwargs: dict[str, Any]) -> None:
    kwargs.pop("output_shape", None)  # determined by the other arguments
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
        _ignored(name, f"dropout={dropped!r}", f"Put a SpatialDropout1D({dropped!r}) after it.")


def _normalization(name: str, args: list, kwargs: dict[str, Any]) -> None:
    mode = kwargs.pop("mode", 0)
    if mode:
        raise LegacyError(
            f"{name} was given mode={mode!r}, and Keras 2 has mode 0 only. Leave it out to normalize each feature "
            "over the batch, or write another mode as a Lambda layer."
        )


def _padding(name: str, args: list, kwargs: dict[str, Any]) -> None:
    """Replaces a dict of sides by pairs."""
    sides = args[0] if args else kwargs.get("padding")
    if isinstance(sides, dict):
        top, bottom, left, right = (sides.get(f"{side}_pad", 0) for side in ("top", "bottom", "left", "right"))
        del args[:1]
        kwargs["padding"] = ((top, bottom), (left, right))


def samples(name: str, args: list, kwargs: dict[str, Any]) -> None:
    """Converts samples per epoch to batches per epoch, if the generator has a `batch_size`."""
    size = getattr(args[0] if args else kwargs.get("generator"), "batch_size", None)
    if "samples_per_epoch" in kwargs and size:
        kwargs["steps_per_epoch"] = kwargs.pop("samples_per_epoch") // size


SPECIAL: dict[str, Special] = {
    "Dropout": _rate,
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
    """Wraps `Model.__new__`, which chooses the class by argument names."""
    names = _pairs(MODEL)

    def __new__(cls: type, *args: Any, **kwargs: Any) -> Any:  # noqa: N807
        return function(cls, *args, **rename("Model", names, kwargs))

    return staticmethod(__new__)


def add_weight(function: Any) -> Any:
    """Wraps `layer.add_weight`: the shape may come first."""

    @wraps(function)
    def add_weight(self: Any, *args: Any, **kwargs: Any) -> Any:
        if args and isinstance(args[0], (tuple, list)):
            kwargs["shape"], args = tuple(args[0]), args[1:]
        return function(self, *args, **kwargs)

    return add_weight


def shape(function: Any) -> Any:
    """Wraps `Input`: an integer may stand for a shape of one axis."""

    @wraps(function)
    def input_(*args: Any, **kwargs: Any) -> Any:
        if args and isinstance(args[0], int):
            args = ((args[0],), *args[1:])
        if isinstance(kwargs.get("shape"), int):
            kwargs["shape"] = (kwargs["shape"],)
        return function(*args, **kwargs)

    return input_
