"""Converts functional Keras models of several inputs to functions of one tensor for each input."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from keyword import iskeyword
from typing import Any

import tensorflow as tf

from nthgrad.engines.graph import trace
from nthgrad.errors import ArgumentError


def by_name(f: Callable[..., Any]) -> Callable[..., Any]:
    """Returns f; for a functional model of several inputs, a function with a parameter for each input, of its name.

    The model itself takes one list, tuple or dict of all inputs, which nthgrad cannot differentiate by. Keywords that
    are no inputs, such as `training`, are passed to the model.
    """
    if not _is_functional(f) or len(f.inputs or ()) < 2:  # type: ignore[attr-defined]
        return f
    structure: Any = f.input  # type: ignore[attr-defined]
    leaves = tf.nest.flatten(structure)
    keys = sorted(structure) if isinstance(structure, dict) and len(structure) == len(leaves) else None
    names = [_identifier(name, i) for i, name in enumerate(keys or [t.name for t in leaves])]
    called = trace.converted(f)

    @tf.autograph.experimental.do_not_convert
    def model(*tensors: Any, **named: Any) -> Any:
        given = dict(zip(names, tensors, strict=False))
        given.update({name: named.pop(name) for name in names if name in named})
        if len(tensors) > len(names) or len(given) < len(names):
            raise ArgumentError(
                f"The model {model.__name__!r} takes one tensor for each of its inputs, {', '.join(names)}, but the "
                f"call has {max(len(given), len(tensors))}. Give one for each."
            )
        return called(tf.nest.pack_sequence_as(structure, [given[name] for name in names]), **named)

    parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names]
    options = inspect.Parameter("options", inspect.Parameter.VAR_KEYWORD)
    model.__signature__ = inspect.Signature([*parameters, options])
    model.__name__ = str(f.name)  # type: ignore[attr-defined]
    return model


def _is_functional(f: Any) -> bool:
    """Whether f is a functional model of Keras 3 or tf_keras; imports neither."""
    return any(
        kind.__name__ == "Functional" and kind.__module__.startswith(("keras.", "tf_keras."))
        for kind in type(f).__mro__
    )


def _identifier(name: str, index: int) -> str:
    return name if name.isidentifier() and not iskeyword(name) else f"input_{index}"
