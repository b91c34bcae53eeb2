"""Modules that stand where an old module stood, and look its names up in today's when they are asked for."""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from nthgrad.legacy import _private


class StandIn(ModuleType):
    """A module of the old tree.

    Nothing of tf_keras is imported until a name is asked for.
    """

    def __init__(
        self,
        name: str,
        sources: Sequence[str],
        leaks: Mapping[str, Callable[[], Any]],
        replacements: Callable[[], Mapping[int, Any]],
    ) -> None:
        """Makes the module.

        Args:
            name: Its full name.
            sources: The modules of tf_keras to look names up in, in this order.
            leaks: Names that the old module showed beside its own, mostly because it imported them; each with what
                makes the value.
            replacements: Returns what to give instead of an object of tf_keras, by `id`.
        """
        super().__init__(name)
        self.__path__: list[str] = []  # a package, all of whose modules are in sys.modules
        self.__spec__ = ModuleSpec(name, loader=None, is_package=True)
        self._sources, self._leaks, self._replacements = tuple(sources), dict(leaks), replacements

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":  # read by `from ... import *`
            return self._public()
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if name in self._leaks:
            return self._leaks[name]()
        for source in self._sources:
            module = _private.keras_module(source)
            if hasattr(module, name):
                value = getattr(module, name)
                return self._replacements().get(id(value), value)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._public()})

    def _public(self) -> list[str]:
        shown = dir(_private.keras_module(self._sources[0]))
        return sorted({name for name in shown if not name.startswith("_")} | self._leaks.keys())


def build(
    name: str,
    sources: Mapping[str, Sequence[str]],
    leaks: Mapping[str, Mapping[str, Callable[[], Any]]],
    replacements: Callable[[], Mapping[int, Any]],
) -> None:
    """Puts a tree of stand-ins into `sys.modules`, whose root is there already.

    Args:
        name: The full name of the root.
        sources: For each module below the root, where to look its names up.
        leaks: The names that modules show beside those.
        replacements: See `StandIn`.
    """
    for key in sorted(sources, key=lambda key: key.count(".")):
        if not key:
            continue
        parent, _, last = f"{name}.{key}".rpartition(".")
        module = StandIn(f"{name}.{key}", sources[key], leaks.get(key, {}), replacements)
        sys.modules[module.__name__] = module
        setattr(sys.modules[parent], last, module)
