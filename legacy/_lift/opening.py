"""Opens a source: determines its kind and checks the options."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow as tf

from nthgrad.errors import LegacyError
from nthgrad.legacy._lift import harmless, keras_models, sources

_FILES = ".pb, .pbtxt, .meta, .h5 or .json, or the folder of a SavedModel"
_TAKES = {  # the options of each kind of source
    "a SavedModel": ("signature", "tags"),
    "a MetaGraph": ("checkpoint",),
    "a Keras file": ("weights", "custom_objects"),
}


class Options(NamedTuple):
    """The options of `lift` that are for one kind of source."""

    signature: str | None
    tags: Sequence[str] | None
    checkpoint: str | os.PathLike[str] | None
    weights: str | os.PathLike[str] | None
    custom_objects: Mapping[str, Any] | None


def source(what: Any, options: Options, stack: contextlib.ExitStack, *, safe_mode: bool) -> sources.Source:
    """Opens a source; the stack closes its sessions.

    Raises:
        LegacyError: if it is no source, it cannot be read, or an option is for another kind.
    """
    if isinstance(what, tf.compat.v1.Session | tf.compat.v1.InteractiveSession):
        kind, opened = "a session", lambda: sources.live(what.graph, what)
    elif isinstance(what, tuple) and len(what) == 2 and isinstance(what[0], tf.Graph):
        kind, opened = "a session", lambda: sources.live(*what)
    elif isinstance(what, str | os.PathLike):
        kind, opened = _file(Path(what), options, stack, safe_mode=safe_mode)
    elif isinstance(getattr((getattr(what, "outputs", None) or [None])[0], "graph", None), tf.Graph):
        kind, opened = "a Keras model", lambda: _keras(what)
    else:
        raise LegacyError(
            f"The source is {what!r}, a {type(what).__name__}, which is no graph of TensorFlow 1. "
            f"Give a session, (graph, session), or the path of a {_FILES}."
        )
    for name, value in options._asdict().items():
        if value is not None and name not in _TAKES.get(kind, ()):
            other = next(other for other, names in _TAKES.items() if name in names)
            raise LegacyError(f"{name}=... is for {other}, and the source is {kind}. Leave it out.")
    return opened()


def unexpected(path: str, error: Exception) -> LegacyError:
    """Returns the LegacyError for an unexpected error, most likely of a damaged file."""
    return LegacyError(
        f"{path} cannot be lifted: {type(error).__name__}: {sources.first(error)} If the file is damaged, give the one "
        "that was written."
    )


def _keras(model: Any) -> sources.Source:
    from nthgrad.legacy import keras

    return keras_models.of(model, keras.backend.get_session(), f"the model '{model.name}'")


def _file(path: Path, options: Options, stack: contextlib.ExitStack, *, safe_mode: bool) -> tuple[str, Any]:
    """Returns the kind of a file or folder, and the function that opens it."""
    if path.name == "saved_model.pb":
        path = path.parent
    if path.is_dir() and not (path / "saved_model.pb").is_file():
        latest = tf.train.latest_checkpoint(str(path))
        if latest is None:
            raise LegacyError(
                f"{path} is a folder without a saved_model.pb or a checkpoint. Give the path of a {_FILES}."
            )
        if safe_mode and not Path(latest).resolve().is_relative_to(path.resolve()):
            raise LegacyError(
                f"{path} is not lifted: its file 'checkpoint' names {latest}, which lies outside of the folder. "
                f"{harmless.ALLOW}"
            )
        path = Path(f"{latest}.meta")
    if path.is_dir():
        return "a SavedModel", lambda: sources.saved_model(
            path, options.signature, options.tags, stack, safe_mode=safe_mode
        )
    if not path.exists() and Path(f"{path}.meta").is_file():
        path = Path(f"{path}.meta")
    if not path.is_file():
        raise LegacyError(f"There is no file {path}. Give the path of a {_FILES}.")
    ending = path.suffix.lower()
    if ending in (".pb", ".pbtxt"):
        return "a frozen graph", lambda: sources.frozen(path, safe_mode=safe_mode)
    if ending == ".meta":
        return "a MetaGraph", lambda: sources.checkpoint(path, _text(options.checkpoint), stack, safe_mode=safe_mode)
    if ending in (".h5", ".hdf5", ".json"):
        return "a Keras file", lambda: keras_models.file(
            path, _text(options.weights), options.custom_objects, stack, safe_mode=safe_mode
        )
    raise LegacyError(f"{path} has an unknown ending. Give a {_FILES}.")


def _text(path: str | os.PathLike[str] | None) -> str | None:
    return None if path is None else os.fspath(path)
