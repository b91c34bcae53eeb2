"""A patch: one changed attribute of a foreign module."""

import importlib
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, NamedTuple

_MISSING = object()
REMOVED = object()  # what `make` returns for a name that must not be there


class Patch(NamedTuple):
    """One attribute of a module or class that becomes what it was.

    Attributes:
        where: "module:name" or "module:Class.name".
        make: takes the current value, or None if there is none; returns the replacement.
        reason: what old programs do that needs it.
        script_only: whether a session leaves it alone.
    """

    where: str
    make: Callable[[Any], Any]
    reason: str
    script_only: bool = False

    @property
    def module(self) -> str:
        """The module that is changed."""
        return self.where.partition(":")[0]

    @property
    def needs_tf_keras(self) -> bool:
        """Whether the patch must wait for tf_keras, which takes seconds to import."""
        return self.module.partition(".")[0] == "tf_keras"

    def owner(self) -> tuple[Any, str]:
        """Returns the module or class that is changed, and the name in it."""
        module, _, path = self.where.partition(":")
        owner: Any = importlib.import_module(module)
        *classes, name = path.split(".")
        for each in classes:
            owner = getattr(owner, each)
        return owner, name

    def made(self) -> tuple[Any, Any]:
        """Returns (current, replacement), cached."""
        if self not in _made:
            owner, name = self.owner()
            before = getattr(owner, name, None)
            _made[self] = before, self.make(before)
        return _made[self]

    def apply(self, aliases: Callable[[Any], Sequence[tuple[ModuleType, str]]]) -> Callable[[], None]:
        """Makes the change.

        Args:
            aliases: returns the other modules and names that show a value; they are changed too.

        Returns:
            A function that takes the change back.
        """
        owner, name = self.owner()
        before = vars(owner).get(name, _MISSING)
        _, value = self.made()
        if value is not REMOVED:
            setattr(owner, name, value)
        elif before is not _MISSING:
            delattr(owner, name)
        public = aliases(before) if callable(before) and callable(value) else ()
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
