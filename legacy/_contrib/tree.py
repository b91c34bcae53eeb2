"""Puts the modules of `tf.contrib`, and the one example that programs import, into `sys.modules`."""

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from nthgrad.legacy._contrib import (
    base,
    eager,
    framework,
    graph_editor,
    layers,
    metrics,
    mnist,
    opt,
    rnn,
    seq2seq,
    text,
    weights,
)
from nthgrad.legacy._contrib.refused import reason
from nthgrad.legacy._names.refusing import refused, refused_module

# Old module: module here with its names; None for a module that only contains others.
_TREE: dict[str, ModuleType | None] = {
    "eager": eager,
    "eager.python": None,
    "eager.python.tfe": eager,
    "framework": framework,
    "framework.python": None,
    "framework.python.ops": None,
    "framework.python.ops.arg_scope": framework,
    "framework.python.ops.variables": framework,
    "graph_editor": graph_editor,
    **dict.fromkeys((f"graph_editor.{name}" for name in ("reroute", "select", "subgraph", "transform")), graph_editor),
    "layers": layers,
    "layers.python": None,
    "layers.python.layers": layers,
    "layers.python.layers.initializers": weights,
    "layers.python.layers.layers": layers,
    "layers.python.layers.regularizers": weights,
    "learn": None,
    "learn.datasets": None,
    "learn.datasets.base": base,
    "learn.datasets.mnist": mnist,
    "learn.preprocessing": text,
    "learn.python": None,
    "learn.python.learn": None,
    "learn.python.learn.datasets": None,
    "learn.python.learn.datasets.base": base,
    "learn.python.learn.datasets.mnist": mnist,
    "learn.python.learn.preprocessing": text,
    "learn.python.learn.preprocessing.categorical_vocabulary": text,
    "learn.python.learn.preprocessing.text": text,
    "legacy_seq2seq": seq2seq,
    "legacy_seq2seq.python": None,
    "legacy_seq2seq.python.ops": None,
    "legacy_seq2seq.python.ops.seq2seq": seq2seq,
    "metrics": metrics,
    "opt": opt,
    "opt.python": None,
    "opt.python.training": None,
    "opt.python.training.external_optimizer": opt,
    "rnn": rnn,
}


class _Folder(ModuleType):
    """An old module that contains others."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        below = self.__name__.partition(".contrib")[2]
        if below:
            return refused(f"tf.contrib{below}.{name}", reason(below[1:]))
        module = refused_module(f"{self.__name__}.{name}", f"tf.contrib.{name}", reason(name))
        setattr(self, name, module)
        return module


class Refusing:
    """Import finder, the last one: finds modules under a root that are not supported, as placeholders."""

    def __init__(self, root: str) -> None:
        self._root = f"{root}.contrib."

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Returns how `root.contrib.name` is imported."""
        below = name[len(self._root) :]
        if not name.startswith(self._root):
            return None
        module = refused_module(name, f"tf.contrib.{below}", reason(below))
        return ModuleSpec(name, _Given(module), is_package=True)  # pyright: ignore[reportArgumentType]


class _Given:
    """Import loader: gives a module that is there already."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        pass


def _refusing(module: ModuleType, where: str) -> ModuleType:
    """Returns the module, which now refuses unsupported names; `where` is its first name."""

    def missing(name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"module {where!r} has no attribute {name!r}")
        return refused(
            f"{where}.{name}",
            f"dir({where}) lists the supported names; use tf.layers, tf.train and other ops of TensorFlow for the "
            "rest.",
        )

    module.__dict__.setdefault("__getattr__", missing)  # tf.contrib.rnn has its own
    return module


def plant(root: str) -> ModuleType:
    """Puts the modules into `sys.modules` under `root.contrib`; returns `root.contrib`."""
    top: ModuleType = _Folder(f"{root}.contrib")
    sys.modules[top.__name__] = top
    for path, today in _TREE.items():
        name = f"{top.__name__}.{path}"
        module = _Folder(name) if today is None else _refusing(today, f"tf.contrib.{path}")
        sys.modules[name] = module
        parent, _, last = name.rpartition(".")
        setattr(sys.modules[parent], last, module)
    sys.meta_path.append(Refusing(root))  # pyright: ignore[reportArgumentType]
    return top


def plant_examples(root: str) -> ModuleType:
    """Puts `examples.tutorials.mnist.input_data` into `sys.modules` under a root; returns `root.examples`."""
    names = ["examples", "examples.tutorials", "examples.tutorials.mnist", "examples.tutorials.mnist.input_data"]
    for path in names:
        name = f"{root}.{path}"
        last = path.rpartition(".")[2]
        sys.modules[name] = mnist if last == "input_data" else ModuleType(name)
        sys.modules[name].__dict__.setdefault("__path__", [])
        parent = name.rpartition(".")[0]
        setattr(sys.modules[parent], last, sys.modules[name])
    return sys.modules[f"{root}.examples"]
