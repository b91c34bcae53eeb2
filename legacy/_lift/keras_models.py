"""Reads models of Keras 2 from a legacy session or from files of Keras."""

from __future__ import annotations

import contextlib
import json
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nthgrad.errors import LegacyError
from nthgrad.legacy._internals import lifting as _private
from nthgrad.legacy._lift import keras_checks
from nthgrad.legacy._lift.sources import Source, bare, first, live


def of(model: Any, session: Any, where: str) -> Source:
    """Returns the source for a model of a legacy session."""
    source = live(model.outputs[0].graph, session, where)
    source.keras = True
    source.trainable = {bare(v) for v in model.trainable_weights}
    source.inputs = {bare(t).rpartition("/")[2]: t.name for t in model.inputs}
    source.outputs = {name: t.name for name, t in zip(model.output_names, model.outputs, strict=True)}
    return source


def file(
    path: Path,
    weights: str | None,
    custom_objects: Mapping[str, Any] | None,
    stack: contextlib.ExitStack,
    *,
    safe_mode: bool,
) -> Source:
    """Reads a whole Keras model, or an architecture with a file of weights."""
    from nthgrad.legacy import keras
    from nthgrad.legacy._runtime.session import session

    whole = path.suffix.lower() != ".json"
    if whole and weights is not None:
        raise LegacyError(f"{path} holds its weights itself. Leave out weights=..., or give the .json file.")
    if not whole and weights is None:
        raise LegacyError(f"{path} holds no weights. Give the file that model.save_weights wrote, with weights=...")
    _check_read(path if whole else Path(str(weights)))
    text = _architecture(path) if whole else path.read_text(encoding="utf-8", errors="replace")
    if safe_mode:
        keras_checks.architecture(text, str(path))
        for file in [path] if whole else [Path(str(weights))]:
            _check_weights(file)
    stack.enter_context(session())
    without_code = _private.without_code() if safe_mode else contextlib.nullcontext()
    try:
        with without_code:
            model = _model(path, text if not whole else None, weights, custom_objects)
    except Exception as error:  # a damaged file makes Keras raise anything
        raise LegacyError(
            f"{path} cannot be read as a Keras model: {first(error)} If a layer is your own, give "
            "custom_objects={...}, or build the model in a legacy session, load its weights and lift it there."
        ) from error
    source = of(model, keras.backend.get_session(), str(path))
    source.safe_mode = safe_mode
    return source


def _model(path: Path, text: str | None, weights: str | None, custom_objects: Mapping[str, Any] | None) -> Any:
    """Loads a whole file, or builds the model from its architecture and loads a file of weights."""
    from nthgrad.legacy import keras

    if text is None:
        return keras.models.load_model(str(path), custom_objects=custom_objects, compile=False)
    json.loads(text)
    model = keras.models.model_from_json(text, custom_objects=custom_objects)
    _load_weights(model, str(weights))
    return model


def _check_read(path: Path) -> None:
    """Refuses an HDF5 file that cannot be read in bounded time; ignores other files."""
    import h5py

    from nthgrad.legacy._lift import hdf5_checks

    if path.is_file() and h5py.is_hdf5(path):
        hdf5_checks.readable(path)


def _check_weights(path: Path) -> None:
    """Refuses weights in other files, or in a format of Keras 3."""
    import h5py

    from nthgrad.legacy._lift import hdf5_checks

    if zipfile.is_zipfile(path):
        raise LegacyError(f"{path} is an archive of Keras 3. Give the file that model.save_weights of Keras 2 wrote.")
    if path.is_file() and h5py.is_hdf5(path):
        hdf5_checks.contained(path)


def _architecture(path: Path) -> str:
    """Returns the architecture in a whole file, as JSON."""
    import h5py

    try:
        with h5py.File(path) as file:
            found: Any = file.attrs.get("model_config")
    except OSError as error:
        raise LegacyError(f"{path} is no HDF5 file. Give the file that model.save wrote.") from error
    except (RuntimeError, KeyError, ValueError, TypeError, SystemError) as error:
        raise LegacyError(
            f"{path} is a damaged HDF5 file: {first(error)} Give the file that model.save wrote."
        ) from error
    if found is None:
        raise LegacyError(
            f"{path} holds only weights. Lift the .json file of the architecture, with weights={str(path)!r}."
        )
    return found.decode("utf-8", "replace") if isinstance(found, bytes) else str(found)


def _load_weights(model: Any, path: str) -> None:
    """Loads weights in the format of Keras 2.2, even if the file name means the format of Keras 3."""
    with contextlib.ExitStack() as stack:
        if path.endswith(".weights.h5"):
            link = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "old.h5"
            link.symlink_to(Path(path).resolve())
            path = str(link)
        model.load_weights(path)
