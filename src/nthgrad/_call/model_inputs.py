"""Converts Keras models of several inputs to functions of one tensor for each input."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from keyword import iskeyword
from typing import Any

import tensorflow as tf

from nthgrad.engines.graph import trace
from nthgrad.errors import ArgumentError

_OPTIONS = ("training", "mask")  # of Keras's `call`


class ModelOfInputs:
    """A Keras model as a function with a parameter for each of its inputs.

    A functional model itself takes one list, tuple or dict of all inputs, which nthgrad cannot differentiate by.
    Keywords that are no inputs, such as `training`, are passed to the model.
    """

    def __init__(self, model: Any, names: Sequence[str], signature: inspect.Signature, pack: Callable[..., Any]):
        """Takes the names of the inputs, the signature with these, and a function from them to the model's own."""
        self._called, self._names, self._pack = trace.converted(model), tuple(names), pack
        self.__name__, self.__signature__ = str(model.name), signature

    @tf.autograph.experimental.do_not_convert
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Returns the output of the model."""
        given = {*self._names[: len(args)], *(name for name in self._names if name in kwargs)}
        try:
            bound = self.__signature__.bind(*args, **kwargs)
        except TypeError:
            raise self._refusal(f"the call has {max(len(given), len(args))}") from None
        named = dict(bound.arguments)
        inputs = self._pack([named.pop(name) for name in self._names])
        options = named.pop("options", {})
        return self._called(*inputs, **named, **options)

    def spread(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Returns the arguments of a call, with one list, tuple or dict of all inputs spread to one argument each."""
        if len(args) != 1 or any(name in kwargs for name in self._names):
            return args, kwargs
        (inputs,) = args
        if isinstance(inputs, Mapping):
            if set(inputs) != set(self._names):
                raise self._refusal(f"the dict has {', '.join(map(repr, inputs))}")
            return tuple(inputs[name] for name in self._names), kwargs
        if isinstance(inputs, (list, tuple)):
            if len(inputs) != len(self._names):
                raise self._refusal(f"the {type(inputs).__name__} has {len(inputs)}")
            return tuple(inputs), kwargs
        return args, kwargs

    def _refusal(self, found: str) -> ArgumentError:
        return ArgumentError(
            f"The model {self.__name__!r} takes one tensor for each of its inputs, {', '.join(self._names)}, but "
            f"{found}. Give one for each."
        )


def by_name(f: Callable[..., Any]) -> Callable[..., Any]:
    """Returns f; for a Keras model of several inputs, a function with a parameter for each input, of its name.

    They are the inputs of a functional model, or the required parameters of the `call` of any other model or layer.
    """
    if _is_a(f, "Functional"):
        return _functional(f) if len(f.inputs or ()) > 1 else f  # type: ignore[attr-defined]
    if not _is_a(f, "Layer"):
        return f
    signature = inspect.signature(f.call)  # type: ignore[attr-defined]
    parameters = [p for p in signature.parameters.values() if p.name not in _OPTIONS and p.kind != p.VAR_KEYWORD]
    names = [p.name for p in parameters if p.default is p.empty and p.kind == p.POSITIONAL_OR_KEYWORD]
    return ModelOfInputs(f, names, _with_options(parameters), tuple) if len(names) > 1 else f


def _functional(f: Any) -> ModelOfInputs:
    structure = f.input
    leaves = tf.nest.flatten(structure)
    keys = sorted(structure) if isinstance(structure, dict) and len(structure) == len(leaves) else None
    names = [_identifier(name, i) for i, name in enumerate(keys or [t.name for t in leaves])]
    parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names]
    return ModelOfInputs(
        f, names, _with_options(parameters), lambda tensors: (tf.nest.pack_sequence_as(structure, tensors),)
    )


def _with_options(parameters: Sequence[inspect.Parameter]) -> inspect.Signature:
    """Returns the signature of these parameters, and of any keywords, for the options of Keras."""
    return inspect.Signature([*parameters, inspect.Parameter("options", inspect.Parameter.VAR_KEYWORD)])


def _is_a(f: Any, name: str) -> bool:
    """Whether f is an object of a class of Keras 3 or tf_keras; imports neither."""
    return any(
        kind.__name__ == name and kind.__module__.startswith(("keras.", "tf_keras.")) for kind in type(f).__mro__
    )


def _identifier(name: str, index: int) -> str:
    return name if name.isidentifier() and not iskeyword(name) else f"input_{index}"
