"""What is changed in today's modules so that old programs find the old behaviour: every patch, with its reason.

A script's own process is given all of them, for good.  A `legacy.session` is given those that TensorFlow 1 and Keras 2
programs need inside TensorFlow and tf_keras, and takes them back when it ends; names that Python and NumPy have dropped
it leaves alone, since other code of the process may ask whether they are there.
"""

import contextlib
import importlib
import sys
from collections.abc import Callable, Iterator
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

    def apply(self) -> Callable[[], None]:
        """Makes the change; returns what takes it back."""
        owner, name = self.owner()
        before = vars(owner).get(name, _MISSING)
        value = self.make(getattr(owner, name, None))
        if value is not REMOVED:
            setattr(owner, name, value)
        elif before is not _MISSING:
            delattr(owner, name)

        def undo() -> None:
            if before is not _MISSING:
                setattr(owner, name, before)
            elif name in vars(owner):
                delattr(owner, name)

        return undo


def table() -> list[Patch]:
    """Every patch, in the order in which they are applied."""
    from nthgrad.legacy.patches import keras_models, names, tensorflow_1

    return [*names.PATCHES, *tensorflow_1.PATCHES, *keras_models.PATCHES]


def of_keras(patch: Patch) -> bool:
    """Whether the patch must wait for tf_keras, which takes seconds to import."""
    return patch.module.partition(".")[0] == "tf_keras"


@contextlib.contextmanager
def for_a_session() -> Iterator[None]:
    """Applies what a session needs, and takes it back after the block."""
    with contextlib.ExitStack() as stack:
        for patch in table():
            if not patch.script_only:
                stack.callback(patch.apply())
        yield


def for_a_script() -> None:
    """Applies everything for good; what concerns tf_keras when that is imported (see `for_keras`)."""
    for patch in table():
        if not of_keras(patch):
            patch.apply()
    _scripts.append(sys.argv[0])


def for_keras() -> None:
    """Applies what has waited for tf_keras, once, in a script's own process."""
    if _scripts:
        _scripts.clear()
        for patch in table():
            if of_keras(patch):
                patch.apply()


_scripts: list[str] = []  # the program whose process waits for tf_keras
