"""What is changed in today's modules so that old programs find the old behaviour: every patch, with its reason.

A script's own process is given all of them, for good.  A `legacy.session` is given those that TensorFlow 1 and Keras 2
programs need inside TensorFlow and tf_keras, and takes them back when it ends; names that Python and NumPy have dropped
it leaves alone, since other code of the process may ask whether they are there.
"""

import contextlib
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

_MISSING = object()
REMOVED = object()  # what `make` returns for a name that must not be there


class Patch(NamedTuple):
    """One attribute of a module or class that becomes what it was.

    Attributes:
        where: "module:name" or "module:Class.name".
        make: Is given what stands there, or None if nothing does, and returns what shall.
        reason: What old programs do that needs it.
        script_only: Whether a session leaves it alone.
    """

    where: str
    make: Callable[[Any], Any]
    reason: str
    script_only: bool = False

    @property
    def module(self) -> str:
        """The module that is changed."""
        return self.where.partition(":")[0]

    def owner(self) -> tuple[Any, str]:
        """The module or class that is changed, and the name in it."""
        module, _, path = self.where.partition(":")
        owner: Any = importlib.import_module(module)
        *classes, name = path.split(".")
        for each in classes:
            owner = getattr(owner, each)
        return owner, name

    def made(self) -> tuple[Any, Any]:
        """What stands there today, and what shall: the same two however often they are asked for."""
        if self not in _made:
            owner, name = self.owner()
            before = getattr(owner, name, None)
            _made[self] = before, self.make(before)
        return _made[self]

    def apply(self) -> Callable[[], None]:
        """Makes the change; returns what takes it back."""
        owner, name = self.owner()
        before = vars(owner).get(name, _MISSING)
        _, value = self.made()
        if value is not REMOVED:
            setattr(owner, name, value)
        elif before is not _MISSING:
            delattr(owner, name)
        public = _public_names().get(id(before), ()) if callable(before) and callable(value) else ()
        for module, alias in public:
            setattr(module, alias, value)

        def undo() -> None:
            for module, alias in public:
                setattr(module, alias, before)
            if before is not _MISSING:
                setattr(owner, name, before)
            elif name in vars(owner):
                delattr(owner, name)

        return undo


_made: dict[Patch, tuple[Any, Any]] = {}


@cache
def _public_names() -> dict[int, list[tuple[ModuleType, str]]]:
    """Where TensorFlow's public modules show a function that is patched, by `id`."""
    patched = {id(patch.made()[0]) for patch in table() if patch.module.startswith("tensorflow.")}
    found: dict[int, list[tuple[ModuleType, str]]] = {}
    for key, module in list(sys.modules.items()):
        if key == "tensorflow" or key.startswith(("tensorflow._api.", "tensorflow.compat.")):
            for name, value in list(vars(module).items()):
                if id(value) in patched and callable(value):
                    found.setdefault(id(value), []).append((module, name))
    return found


@cache
def table() -> tuple[Patch, ...]:
    """Every patch, in the order in which they are applied."""
    from nthgrad.legacy.keras_1 import arguments
    from nthgrad.legacy.keras_1 import layers as merges
    from nthgrad.legacy.keras_2 import layers
    from nthgrad.legacy.patches import keras_models, names, tensorflow_1

    tables = names, tensorflow_1, keras_models, layers, arguments, merges
    return tuple(patch for each in tables for patch in each.PATCHES)


def of_keras(patch: Patch) -> bool:
    """Whether the patch must wait for tf_keras, which takes seconds to import."""
    return patch.module.partition(".")[0] == "tf_keras"


@cache
def functions() -> Mapping[int, Any]:
    """What to give instead of a function of TensorFlow, by `id`: its public names are bound to what it was."""
    pairs = [patch.made() for patch in table() if patch.module.startswith("tensorflow.")]
    return {id(before): made for before, made in pairs if callable(before) and callable(made)}


@contextlib.contextmanager
def for_a_session() -> Iterator[None]:
    """Applies what a session needs, and takes it back after the block; in a session that stands in another, nothing."""
    if _sessions:
        yield
        return
    with contextlib.ExitStack() as stack:
        _sessions.append("session")
        stack.callback(_sessions.clear)
        for patch in table():
            if not patch.script_only:
                stack.callback(patch.apply())
        yield


def for_a_script() -> None:
    """Applies everything for good; what concerns tf_keras when that is imported (see `for_keras`)."""
    for patch in table():
        if of_keras(patch):
            _waiting.append(patch)
        else:
            patch.apply()
    _sessions.append(_SCRIPT)  # a session that the program opens finds everything as it needs it


def whole_process() -> bool:
    """Whether this is a script's own process."""
    return bool(_sessions) and _sessions[0] is _SCRIPT


def for_keras() -> None:
    """Applies what has waited for tf_keras, once, in a script's own process."""
    while _waiting:
        _waiting.pop(0).apply()


_SCRIPT = "script"
_sessions: list[str] = []  # one entry while patches are applied
_waiting: list[Patch] = []  # what a script's process applies when tf_keras is there
