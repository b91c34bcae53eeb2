"""A patch: one changed attribute of a foreign module."""

import importlib
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, NamedTuple

_MISSING = object()
REMOVED = object()  # returned by `make` to delete the name


class Patch(NamedTuple):
    """Replaces one attribute of a module or class, or one entry of a dict.

    Attributes:
        where: "module:name", "module:Class.name" or "module:dict.key".
        make: takes the current value, or None if there is none; returns the replacement.
        reason: why old programs need it.
        script_only: does not apply in a session.
    """

    where: str
    make: Callable[[Any], Any]
    reason: str
    script_only: bool = False

    @property
    def module(self) -> str:
        """The name of the patched module."""
        return self.where.partition(":")[0]

    @property
    def needs_tf_keras(self) -> bool:
        """Whether the patch must wait for tf_keras, which takes seconds to import, and nthgrad's subclasses of it."""
        return self.module.partition(".")[0] in ("tf_keras", "nthgrad")

    def owner(self) -> tuple[Any, str]:
        """Returns the patched module, class or dict, and the name of the attribute or entry."""
        module, _, path = self.where.partition(":")
        owner: Any = importlib.import_module(module)
        *owners, name = path.split(".")
        for each in owners:
            owner = owner.get(each, {}) if isinstance(owner, dict) else getattr(owner, each)
        return owner, name

    def current(self) -> Any:
        """Returns the current value of the owner itself, not an inherited one; `_MISSING` if there is none."""
        owner, name = self.owner()
        if name in ("__name__", "__qualname__"):  # of a class; they are not among its attributes
            return getattr(owner, name)
        return (owner if isinstance(owner, dict) else vars(owner)).get(name, _MISSING)

    def made(self) -> tuple[Any, Any]:
        """Returns (current, replacement), cached."""
        if self not in _made:
            owner, name = self.owner()
            before = owner.get(name) if isinstance(owner, dict) else getattr(owner, name, None)
            _made[self] = before, self.make(before)
        return _made[self]

    def apply(self, aliases: Callable[[Any], Sequence[tuple[ModuleType, str]]]) -> Callable[[], None]:
        """Applies the patch.

        Args:
            aliases: returns the public modules and names that also point to a value; they are patched too.

        Returns:
            a function that undoes the patch.
        """
        owner, name = self.owner()
        before = self.current()
        _, value = self.made()
        if value is not REMOVED:
            _set(owner, name, value)
        elif before is not _MISSING:
            delattr(owner, name)
        public = aliases(before) if callable(before) and callable(value) else ()
        for module, alias in public:
            setattr(module, alias, value)

        def undo() -> None:
            for module, alias in public:
                setattr(module, alias, before)
            if before is not _MISSING:
                _set(owner, name, before)
            elif self.current() is not _MISSING:
                delattr(owner, name)

        return undo


def _set(owner: Any, name: str, value: Any) -> None:
    if isinstance(owner, dict):
        owner[name] = value
    else:
        setattr(owner, name, value)


_made: dict[Patch, tuple[Any, Any]] = {}
