"""Applies a table of patches: for good in a script's own process, for its length in a `legacy.session`.

A session applies what TensorFlow 1 and Keras 2 programs need inside TensorFlow and tf_keras. It leaves alone the names
that Python and NumPy have dropped, since other code of the process may ask whether they are there.
"""

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import ModuleType
from typing import Any

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._patches.patch import Patch

Table = tuple[Patch, ...]

_SCRIPT = "script"
_sessions: list[str] = []  # one entry while patches are applied


@contextlib.contextmanager
def for_a_session(table: Table) -> Iterator[None]:
    """Applies what a session needs, and takes it back after the block; inside another session, does nothing."""
    if _sessions:
        yield
        return
    with contextlib.ExitStack() as stack:
        _sessions.append("session")
        stack.callback(_sessions.clear)
        for patch in table:
            if not patch.script_only:
                stack.callback(patch.apply(_aliases(table)))
        yield


def for_a_script(table: Table) -> None:
    """Applies everything for good; what concerns tf_keras when that is imported."""
    for patch in table:
        if patch.needs_tf_keras:
            tf_keras.waiting.append(partial(patch.apply, _aliases(table)))
        else:
            patch.apply(_aliases(table))
    _sessions.append(_SCRIPT)  # a session that the program opens finds everything as it needs it


def whole_process() -> bool:
    """Whether this is a script's own process."""
    return bool(_sessions) and _sessions[0] is _SCRIPT


def functions(table: Table) -> dict[int, Any]:
    """Returns the replacement of each function of TensorFlow that the table patches, by `id`."""
    pairs = [patch.made() for patch in table if patch.module.startswith("tensorflow.")]
    return {id(before): made for before, made in pairs if callable(before) and callable(made)}


_public_names: dict[int, list[tuple[ModuleType, str]]] = {}


def _aliases(table: Table) -> Callable[[Any], Sequence[tuple[ModuleType, str]]]:
    """Returns what finds the public modules of TensorFlow that show a patched function."""

    def find(value: Any) -> Sequence[tuple[ModuleType, str]]:
        if not _public_names:
            _public_names.update(
                _shown({id(patch.made()[0]) for patch in table if patch.module.startswith("tensorflow.")})
            )
        return _public_names.get(id(value), ())

    return find


def _shown(patched: set[int]) -> dict[int, list[tuple[ModuleType, str]]]:
    found: dict[int, list[tuple[ModuleType, str]]] = {}
    for key, module in list(sys.modules.items()):
        if key == "tensorflow" or key.startswith(("tensorflow._api.", "tensorflow.compat.")):
            for name, value in list(vars(module).items()):
                if id(value) in patched and callable(value):
                    found.setdefault(id(value), []).append((module, name))
    return found
