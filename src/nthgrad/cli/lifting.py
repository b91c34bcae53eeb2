"""Reads an old model with `legacy.lift`, and writes it with its derivatives as one SavedModel."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from nthgrad._display.quiet import held_back, tensorflow
from nthgrad.cli.models import Model
from nthgrad.errors import ArgumentError, NthgradError

VALUES = "serving_default"  # the signature of the old model itself


def read(source: str, inputs: str | None, outputs: str | None, feed: Sequence[str], **options: Any) -> Model:
    """Reads an old model.

    Args:
        source: as in `legacy.lift`.
        inputs: names with commas between them, or None.
        outputs: names with commas between them, or None.
        feed: texts NAME=VALUE.
        **options: options of `legacy.lift`.

    Raises:
        ArgumentError: a fed value is no Python literal.
        LegacyError: the model cannot be lifted.
    """
    fed = dict(map(_fed, feed))
    tensorflow()
    from nthgrad import legacy

    with held_back():
        lifted = legacy.lift(source, _names(inputs), _one(_names(outputs)), feed=fed, **options)
    return Model(source, lifted, lifted.specs)


def write(model: Model, derivative: tuple[str, Callable[..., Any]] | None, path: str) -> str:
    """Writes the model as the signature `serving_default`, and a derivative as a second signature.

    Args:
        model: a model from `read`.
        derivative: the name of its signature, and a function of the model's inputs.
        path: a folder that does not exist.

    Returns:
        a line for each signature.
    """
    from nthgrad._files import free_folder, whole_folder

    tf: Any = tensorflow()
    target = free_folder(path)
    module = tf.Module()
    module.__call__ = tf.function(model.f.__call__, input_signature=model.specs, autograph=False)
    module.lifted_variables = list(model.f.variables)  # type: ignore[attr-defined]
    functions = {VALUES: model.f} | (dict([derivative]) if derivative else {})
    signatures = {name: _by_name(g, model.specs) for name, g in functions.items()}
    with held_back(), whole_folder(target) as folder:
        try:
            tf.saved_model.save(module, str(folder), signatures=signatures)
        except ValueError as error:  # TensorFlow wraps errors raised while it traces gradients
            if own := _own(error):
                raise own from None
            raise
    takes = ", ".join(f"{s.name}: {s.dtype.name}{'' if s.shape.rank is None else list(s.shape)}" for s in model.specs)
    gives = {name: list(g.get_concrete_function().structured_outputs) for name, g in signatures.items()}
    return "\n".join(f"{path}: {name}({takes}) gives {', '.join(names)}" for name, names in gives.items())


def _own(error: BaseException | None) -> NthgradError | None:
    """Returns the NthgradError that caused an exception, if any."""
    while error is not None and not isinstance(error, NthgradError):
        error = error.__cause__ or error.__context__
    return error


def _by_name(g: Callable[..., Any], specs: Sequence[Any]) -> Any:
    """Returns a function whose output is a dict, as signatures require."""
    from nthgrad.export import describe

    tf: Any = tensorflow()
    whole = tf.function(lambda *xs: describe.texts(g(*xs)), input_signature=specs, autograph=False)
    names = [output["name"] for output in describe.outputs(whole.get_concrete_function().structured_outputs)]

    def by_name(*xs: Any) -> dict[str, Any]:
        return dict(zip(names, tf.nest.flatten(whole(*xs)), strict=True))

    return tf.function(by_name, input_signature=specs, autograph=False)


def _names(typed: str | None) -> list[str] | None:
    return None if typed is None else [name.strip() for name in typed.split(",")]


def _one(names: list[str] | None) -> Any:
    return names[0] if names is not None and len(names) == 1 else names


def _fed(typed: str) -> tuple[str, Any]:
    name, equals, value = typed.partition("=")
    try:
        if not (name and equals):
            raise ValueError
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return name, ast.literal_eval(value)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        raise ArgumentError(f"--feed {typed} is not NAME=VALUE with a number. Write --feed keep_prob=1.0.") from None
