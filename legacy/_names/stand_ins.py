"""Stand-in modules; names come from tf_keras where it has them."""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._names.refusing import refused


class StandIn(ModuleType):
    """A module of an old tree; imports tf_keras when a name is first looked up."""

    def __init__(
        self,
        name: str,
        sources: Sequence[str],
        own: Mapping[str, Callable[[], Any]],
        replace: Callable[[Any], Any],
        leaks: Mapping[str, Callable[[], Any]] | None = None,
        exported: str | None = None,
        refused: Mapping[str, str] | None = None,
    ) -> None:
        """Creates the module.

        Args:
            name: its full name.
            sources: the modules of tf_keras in which names are looked up, in this order.
            own: names looked up before those, each with a function that returns the value. `__call__` is called when
                the module is called.
            replace: returns the replacement of an object of tf_keras.
            leaks: names looked up after those, which the old module had imported.
            exported: the names of `from ... import *`, as words; by default the public names of the first source.
            refused: names that raise when they are used, each with the advice of the message.
        """
        super().__init__(name)
        self.__path__: list[str] = []  # a package, all of whose modules are in sys.modules
        self.__spec__ = ModuleSpec(name, loader=None, is_package=True)
        self._sources, self._own, self._replace = tuple(sources), dict(own), replace
        self._leaks, self._exported, self._refused = dict(leaks or {}), exported, dict(refused or {})

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if "__call__" not in self._own:
            raise TypeError("'module' object is not callable")
        return self._own["__call__"]()(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":  # read by `from ... import *`
            return self._public()
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if name in self._refused:
            old = ".".join(["keras", *self.__name__.split(".keras.")[1:], name])
            return refused(old, self._refused[name])
        if name in self._own:
            return self._own[name]()
        for source in self._sources:
            module = tf_keras.keras_module(source)
            if hasattr(module, name):
                return self._replace(getattr(module, name))
        if name in self._leaks:
            return self._leaks[name]()
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._public()})

    def _public(self) -> list[str]:
        if self._exported is None:
            shown = [*(dir(tf_keras.keras_module(self._sources[0])) if self._sources else []), *self._own]
        else:
            shown = self._exported.split()
        return sorted({name for name in shown if not name.startswith("_")} - self._refused.keys())


def build(
    name: str,
    sources: Mapping[str, Sequence[str]],
    own: Mapping[str, Mapping[str, Callable[[], Any]]],
    replace: Callable[[Any], Any],
    leaks: Mapping[str, Mapping[str, Callable[[], Any]]] | None = None,
    exported: Mapping[str, str] | None = None,
    refused: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Puts a tree of stand-ins into `sys.modules`; the root must be there already.

    Args:
        name: the full name of the root.
        sources: the modules in which names are looked up, by module below the root.
        own: the names looked up before those, by module.
        replace: see `StandIn`.
        leaks: the names looked up after them, by module.
        exported: the names of star imports, by module.
        refused: the names that raise when they are used, by module.
    """
    for key in sorted(sources, key=lambda key: key.count(".")):
        if not key:
            continue
        parent, _, last = f"{name}.{key}".rpartition(".")
        module = StandIn(
            f"{name}.{key}",
            sources[key],
            own.get(key, {}),
            replace,
            (leaks or {}).get(key),
            (exported or {}).get(key),
            (refused or {}).get(key),
        )
        sys.modules[module.__name__] = module
        setattr(sys.modules[parent], last, module)
