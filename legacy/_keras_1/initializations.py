"""`keras.initializations` of Keras 1: functions that create a variable with random initial values."""

from collections.abc import Callable, Sequence
from typing import Any

from nthgrad.errors import LegacyError
from nthgrad.legacy._internals import tf_keras

_BY_FANS = ("lecun_uniform", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform")

# (initializer of Keras 2 with the same distribution, its default arguments, its arguments for a `scale`).
_INITIALIZERS: dict[str, tuple[str, dict[str, Any], Callable[[float], dict[str, Any]]]] = {
    "uniform": ("RandomUniform", {}, lambda scale: {"minval": -scale, "maxval": scale}),
    "normal": ("RandomNormal", {}, lambda scale: {"stddev": scale}),
    "orthogonal": ("Orthogonal", {"gain": 1.1}, lambda scale: {"gain": scale}),
    "identity": ("Identity", {}, lambda scale: {"gain": scale}),
    "zero": ("Zeros", {}, lambda scale: {}),
    "one": ("Ones", {}, lambda scale: {}),
    **{name: (name, {}, lambda scale: {}) for name in _BY_FANS},
}


def _maker(name: str) -> Callable[..., Any]:
    today, fixed, scaled = _INITIALIZERS[name]

    def make(
        shape: Sequence[int], scale: float | None = None, name: str | None = None, dim_ordering: str = "tf"
    ) -> Any:
        from nthgrad.legacy._keras_224.arithmetic import initializers

        if dim_ordering == "th" and len(shape) > 2:
            raise LegacyError(
                f"An initialization of the shape {tuple(shape)} has dim_ordering='th', that is, kernels with the "
                "channels first. Give the shape with the channels last, and dim_ordering='tf'."
            )
        arguments = fixed if scale is None else {**fixed, **scaled(scale)}
        initializer = getattr(initializers, today, None) or getattr(tf_keras.interface("initializers"), today)
        return tf_keras.interface("backend").variable(initializer(**arguments)(tuple(shape)), name=name)

    make.__name__, make.__doc__ = name, f"Creates a variable of this shape, initialized by `{today}`."
    return make


_FUNCTIONS = {name: _maker(name) for name in _INITIALIZERS}
globals().update(_FUNCTIONS)


def get(identifier: Any) -> Callable[..., Any]:
    """Returns the function of this name; returns a function unchanged.

    Raises:
        LegacyError: if no function has this name.
    """
    if callable(identifier):
        return identifier
    if identifier not in _FUNCTIONS:
        raise LegacyError(f"There is no initialization {identifier!r}. Choose one of {', '.join(_FUNCTIONS)}.")
    return _FUNCTIONS[identifier]
