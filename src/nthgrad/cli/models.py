"""Reads models from files: Keras's .keras and .h5, and SavedModels."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from nthgrad._display.quiet import held_back, tensorflow
from nthgrad.errors import ArgumentError, NthgradError

SIGNATURE = "serving_default"


class Model(NamedTuple):
    """A function read from a file, and the signature of its arguments."""

    path: str
    f: Callable[..., Any]
    specs: list[Any]  # tf.TensorSpecs, named


def load(path: str, signature: str | None, batch: int | None) -> Model:
    """Reads a model.

    Args:
        path: a Keras file (.keras, .h5 or .hdf5) or the folder of a SavedModel.
        signature: the name of the signature of a SavedModel.
        batch: the batch size of every input; None keeps it.

    Raises:
        ArgumentError: there is no such signature, or it has another batch size.
        NthgradError: the model cannot be read.
    """
    folder = Path(path).is_dir()
    if not folder and signature is not None:
        raise ArgumentError(f"{path} is a file, and only a SavedModel has signatures. Leave out --signature.")
    f, names, inputs = _from_folder(path, signature or SIGNATURE) if folder else _from_file(path)
    tf = tensorflow()
    from nthgrad.export.describe import distinct, identifier

    names, specs = distinct([identifier(name.partition(":")[0]) for name in names]), []
    for name, (shape, dtype) in zip(names, inputs, strict=True):
        lengths = list(shape)
        if batch is not None and lengths:
            if lengths[0] not in (None, batch):
                raise ArgumentError(f"The input {name} of {path} has the batch size {lengths[0]}. Leave out --batch.")
            lengths[0] = batch
        specs.append(tf.TensorSpec(lengths, dtype, name))

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    f.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in names])
    f.__name__ = Path(path).stem
    return Model(path, f, specs)


def _from_file(path: str) -> tuple[Callable[..., Any], list[str], list[tuple[Any, Any]]]:
    """Reads a Keras model; returns a function, and the names, shapes and dtypes of its inputs."""
    if Path(path).suffix.lower() not in (".keras", ".h5", ".hdf5"):
        raise ArgumentError(
            f"{path} has an unknown ending. Give a .keras, .h5 or .hdf5 file, or the folder of a SavedModel."
        )
    tf = tensorflow()
    import_module("nthgrad.keras")  # registers the layer of derivatives

    failures, model = [], None
    with held_back():
        for library in ("keras", "tf_keras"):  # Keras 3, then Keras 2
            try:
                model = import_module(library).models.load_model(path, compile=False)
                break
            except Exception as error:
                failures.append(f"{library}: {' '.join(str(error).split()).rstrip('.')}")
                if "lambda" in str(error).lower():  # Keras 3 refuses to run code from a file; Keras 2 would run it
                    break
    if model is None:
        raise NthgradError(
            f"{path} cannot be loaded ({'; '.join(failures)}). Load it in Python, and give the derivatives to "
            "nthgrad.export."
        )
    if not getattr(model, "inputs", None):
        raise NthgradError(
            f"{path} holds a model without fixed inputs. Load it in Python, and give the derivatives to nthgrad.export."
        )
    structure = model.input if len(model.inputs) > 1 else model.inputs[0]  # a Sequential has no `input`
    inputs = tf.nest.flatten(structure)

    @tf.autograph.experimental.do_not_convert
    def f(*xs: Any) -> Any:
        return model(tf.nest.pack_sequence_as(structure, xs))

    names = ["x"] if len(inputs) == 1 else [t.name for t in inputs]
    return f, names, [(tuple(t.shape), t.dtype) for t in inputs]


def _from_folder(path: str, signature: str) -> tuple[Callable[..., Any], list[str], list[tuple[Any, Any]]]:
    """Reads a signature of a SavedModel, as `_from_file`; several outputs are a dict."""
    if not (Path(path) / "saved_model.pb").is_file():
        raise ArgumentError(
            f"{path} holds no saved_model.pb, so it is no SavedModel. Give the folder that tf.saved_model.save wrote."
        )
    tf = tensorflow()
    with held_back():
        try:
            loaded = tf.saved_model.load(path)
        except Exception as error:
            raise NthgradError(
                f"{path} cannot be loaded: {' '.join(str(error).split()).rstrip('.')}. Save it again."
            ) from error
    if signature not in loaded.signatures:
        there = f"Its signatures are {', '.join(loaded.signatures)}" if loaded.signatures else "It has none"
        remedy = "Name one with --signature." if loaded.signatures else "Save it with signatures={...}."
        raise ArgumentError(f"{path} has no signature {signature}. {there}. {remedy}")
    inputs = loaded.signatures[signature].structured_input_signature[1]

    @tf.autograph.experimental.do_not_convert
    def f(*xs: Any) -> Any:
        outputs = loaded.signatures[signature](**dict(zip(inputs, xs, strict=True)))  # the variables live as long
        return next(iter(outputs.values())) if len(outputs) == 1 else outputs

    names = ["x"] if len(inputs) == 1 else list(inputs)
    return f, names, [(tuple(s.shape), s.dtype) for s in inputs.values()]
