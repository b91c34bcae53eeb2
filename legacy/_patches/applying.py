"""Applies a table of patches: permanently in a script's own process, temporarily in a `legacy.session`.

A session patches TensorFlow and tf_keras only. It does not restore names that Python and NumPy have dropped, because
other code of the process may test for them.
"""

import contextlib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from types import ModuleType
from typing import Any

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._patches.patch import Patch

_SCRIPT = "script"
_sessions: list[str] = []  # one entry while patches are applied


def whole_process() -> bool:
    """Returns whether this is a script's own process."""
    return bool(_sessions) and _sessions[0] is _SCRIPT


class Table:
    """Patches in the order of application."""

    def __init__(self, patches: Iterable[Patch]) -> None:
        self._patches = tuple(patches)

    def __iter__(self) -> Iterator[Patch]:
        return iter(self._patches)

    @contextlib.contextmanager
    def for_a_session(self) -> Iterator[None]:
        """Applies the patches of a session and undoes them after the block; does nothing inside another session."""
        if _sessions:
            yield
            return
        with contextlib.ExitStack() as stack:
            _sessions.append("session")
            stack.callback(_sessions.clear)
            for patch in self:
                if not patch.script_only:
                    stack.callback(patch.apply(self._aliases))
            yield

    def for_a_script(self) -> None:
        """Applies all patches permanently; those of tf_keras once it is imported."""
        for patch in self:
            if patch.needs_tf_keras:
                tf_keras.waiting.append(partial(patch.apply, self._aliases))
            else:
                patch.apply(self._aliases)
        _sessions.append(_SCRIPT)  # so that a session in the program applies nothing

    @cached_property
    def functions(self) -> Mapping[int, Any]:
        """Replacements of TensorFlow's patched functions, by `id`; public names still point to the originals."""
        return {id(before): made for before, made in self._of_tensorflow() if callable(before) and callable(made)}

    def _of_tensorflow(self) -> list[tuple[Any, Any]]:
        return [patch.made() for patch in self if patch.module.startswith("tensorflow.")]

    def _aliases(self, value: Any) -> Sequence[tuple[ModuleType, str]]:
        return self._public_names.get(id(value), ())

    @cached_property
    def _public_names(self) -> Mapping[int, list[tuple[ModuleType, str]]]:
        """Public modules of TensorFlow that contain patched functions, and the names there, by `id`."""
        patched = {id(before) for before, _ in self._of_tensorflow()}
        found: dict[int, list[tuple[ModuleType, str]]] = {}
        for key, module in list(sys.modules.items()):
            if key == "tensorflow" or key.startswith(("tensorflow._api.", "tensorflow.compat.")):
                for name, value in list(vars(module).items()):
                    if id(value) in patched and callable(value):
                        found.setdefault(id(value), []).append((module, name))
        return found
