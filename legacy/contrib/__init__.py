"""The part of `tf.contrib` that programs with derivatives use; the rest is refused by name.

`tf.contrib.opt`, `layers`, `framework`, `metrics.accuracy`, `rnn` and `learn.datasets` with local files.
"""

import importlib
import sys
from types import ModuleType
from typing import Any

from nthgrad.legacy._standin import MissingNameError

_BUILT = "framework, layers, learn.datasets, metrics.accuracy, opt and rnn"
_INSTEAD = {
    "bayesflow": "Use the package tensorflow_probability.",
    "crf": "Write the recursion with tf.scan.",
    "cudnn_rnn": "Use tf.nn.rnn_cell.LSTMCell or GRUCell with tf.nn.dynamic_rnn.",
    "data": "Use tf.data, which has all of it.",
    "distributions": "Use tf.distributions, or the package tensorflow_probability.",
    "eager": "Use TensorFlow 2 itself, outside of nthgrad.legacy.",
    "estimator": "Write the training loop with tf.Session.",
    "gan": "Write the two losses with tf.layers and tf.train.",
    "image": "Use tf.image.",
    "keras": "Use tf.keras.",
    "legacy_seq2seq": "Use tf.nn.static_rnn.",
    "losses": "Use tf.losses.",
    "quantize": "Use the package tensorflow_model_optimization.",
    "seq2seq": "Write the decoder with tf.while_loop or tf.nn.raw_rnn.",
    "slim": "Use tf.contrib.layers or tf.layers, or the package tf_slim.",
    "summary": "Use tf.summary.",
    "tensorrt": "Use tf.experimental.tensorrt of TensorFlow 2.",
    "tpu": "Use tf.tpu.",
    "training": "Use tf.train.",
}
# Where the old tree had what is built, by today's module; without it, the last name.
_TREE = {
    "framework": "framework",
    "framework.python": None,
    "framework.python.ops": None,
    "framework.python.ops.arg_scope": "framework",
    "framework.python.ops.variables": "framework",
    "layers": "layers",
    "layers.python": None,
    "layers.python.layers": "layers",
    "layers.python.layers.initializers": "weights",
    "layers.python.layers.layers": "layers",
    "layers.python.layers.regularizers": "weights",
    "learn": None,
    "learn.datasets": None,
    "learn.datasets.base": "base",
    "learn.datasets.mnist": "mnist",
    "learn.python": None,
    "learn.python.learn": None,
    "learn.python.learn.datasets": None,
    "learn.python.learn.datasets.base": "base",
    "learn.python.learn.datasets.mnist": "mnist",
    "metrics": "metrics",
    "opt": "opt",
    "opt.python": None,
    "opt.python.training": None,
    "opt.python.training.external_optimizer": "opt",
    "rnn": "rnn",
}


def refuse(module: str, name: str) -> MissingNameError:
    """What is raised for a name that is not built."""
    instead = _INSTEAD.get(name, f"What is built of tf.contrib is {_BUILT}.")
    return MissingNameError(f"{module}.{name} cannot be had. {instead}")


class _Folder(ModuleType):
    """A module of the old tree that holds others."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        raise refuse("tf.contrib" + self.__name__.partition(".contrib")[2], name)


class Refusing:
    """The last of Python's finders: it names what is not built under a root, and what to do instead."""

    def __init__(self, root: str) -> None:
        self._root = f"{root}.contrib."

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Raises for `root.contrib.name`."""
        if name.startswith(self._root):
            raise refuse("tf.contrib", name[len(self._root) :])


def _refusing(module: ModuleType) -> ModuleType:
    """The module, which refuses by name what is not built of it."""
    where = f"tf.contrib.{module.__name__.rpartition('.')[2]}"

    def missing(name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"module {where!r} has no attribute {name!r}")
        raise MissingNameError(
            f"{where}.{name} cannot be had. dir({where}) lists what is built; write the rest with tf.layers, tf.train "
            "and TensorFlow's own ops."
        )

    module.__dict__.setdefault("__getattr__", missing)  # tf.contrib.rnn has one of its own
    return module


def plant(root: str) -> ModuleType:
    """Puts the tree into `sys.modules` under `root.contrib`, and returns it."""
    top: ModuleType = _Folder(f"{root}.contrib")
    sys.modules[top.__name__] = top
    for path, today in _TREE.items():
        name = f"{top.__name__}.{path}"
        module = _Folder(name) if today is None else _refusing(importlib.import_module(f"{__name__}.{today}"))
        sys.modules[name] = module
        parent, _, last = name.rpartition(".")
        setattr(sys.modules[parent], last, module)
    sys.meta_path.append(Refusing(root))  # pyright: ignore[reportArgumentType]
    return top


def plant_examples(root: str) -> ModuleType:
    """Puts the one example that programs imported into `sys.modules`: `examples.tutorials.mnist.input_data`."""
    names = ["examples", "examples.tutorials", "examples.tutorials.mnist", "examples.tutorials.mnist.input_data"]
    for path in names:
        name = f"{root}.{path}"
        last = path.rpartition(".")[2]
        sys.modules[name] = importlib.import_module(f"{__name__}.mnist") if last == "input_data" else ModuleType(name)
        sys.modules[name].__dict__.setdefault("__path__", [])
        parent = name.rpartition(".")[0]
        setattr(sys.modules[parent], last, sys.modules[name])
    return sys.modules[f"{root}.examples"]
