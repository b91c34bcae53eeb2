"""The Keras 2 names: `from nthgrad.legacy import keras`, `from nthgrad.legacy.keras.layers import *`, and so on.

The module tree is that of Keras 2.2.4, every module of it in `sys.modules`; the names come from the interface that
tf_keras keeps for TensorFlow 1.  What is made with them belongs inside `with legacy.session():`; functions that need a
graph say so when called outside.
"""

import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from nthgrad.legacy import _guards, _private, _standin

__version__ = "2.2.4"
__path__: list[str] = []  # a package, all of whose modules are in sys.modules

# What needs a graph, by module; other functions of the backend are at home in eager code too.
_GRAPH_FUNCTIONS = {
    "backend": "clear_session function get_session gradients placeholder set_learning_phase set_session",
    "": "Input",
}


@cache
def guards() -> Mapping[int, Any]:
    """The functions that are refused outside a session, for Keras's own tree and for tf.keras; by `id`."""
    found = {}
    for module, names in _GRAPH_FUNCTIONS.items():
        today = _private.keras_module(_private.TF_KERAS_MODULES[module][0])
        for name in names.split():
            function = getattr(today, name)
            found[id(function)] = _guards.guarded(function, f"{'K' if module == 'backend' else 'keras'}.{name}")
    return found


@cache
def _replacements() -> Mapping[int, Any]:
    layers = _private.keras_module(_private.KERAS_MODULES["layers"][0])
    backend = _private.keras_module(_private.KERAS_MODULES["backend"][0])
    return {
        **guards(),
        **{id(cls): _one_output(cls) for cls in (layers.Layer, layers.Lambda)},
        id(backend.function): _guards.guarded(_function(), "K.function"),
    }


def _function() -> Any:
    """`K.function` as in Keras 2: one value an input, and a value that is a list is an array."""

    class Function(_private.keras_function_class()):
        def __call__(self, inputs: Any) -> Any:
            if not isinstance(inputs, (list, tuple)):
                raise TypeError("`inputs` should be a list or tuple.")
            return super().__call__([np.asarray(each) if isinstance(each, (list, tuple)) else each for each in inputs])

    def function(inputs: Any, outputs: Any, updates: Any = None, **kwargs: Any) -> Any:
        return Function(inputs, outputs, updates=updates, **kwargs)

    return function


def _one_output(base: Any) -> type:
    """A layer class as in Keras 2, where a layer whose `call` returns `[t]` gives `t`.

    It matters for `Lambda(lambda z: K.gradients(z[0], z[1]))`.  In tf.keras such a layer always gave the list.  Layers
    that are not made from these two classes never return a list of one.
    """

    class Meta(type(base)):
        # Every layer is an instance of `Layer`, also those that tf_keras makes itself.
        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, base) if cls is made else super().__instancecheck__(instance)

        def __subclasscheck__(cls, subclass: type) -> bool:
            return issubclass(subclass, base) if cls is made else super().__subclasscheck__(subclass)

    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N807
        outputs = super(made, self).__call__(*args, **kwargs)
        return outputs[0] if isinstance(outputs, list) and len(outputs) == 1 else outputs

    # The module is tf_keras's, by which it tells its own layers from those whose `call` it must rewrite.
    body = {"__call__": __call__, "__module__": base.__module__, "__doc__": base.__doc__}
    made: Any = Meta(base.__name__, (base,), body)
    return made


def _backend() -> Any:
    return sys.modules[f"{__name__}.backend"]


def _tensorflow() -> Any:
    import nthgrad.legacy.tensorflow

    return nthgrad.legacy.tensorflow


_LEAKS = {
    "layers": {
        "K": _backend,
        "np": lambda: np,
        **{
            name: (lambda name=name: sys.modules[f"{__name__}.{name}"])
            for name in ("activations", "constraints", "initializers", "regularizers")
        },
    },
    "models": {
        "K": _backend,
        "Input": lambda: _root.Input,
        "InputLayer": lambda: sys.modules[f"{__name__}.layers"].InputLayer,
    },
    "backend": {"np": lambda: np, "tf": _tensorflow},
}
_LEAKS["backend.tensorflow_backend"] = _LEAKS["backend"]

_root = _standin.StandIn(__name__, _private.KERAS_MODULES[""], {}, _replacements)
_standin.build(__name__, _private.KERAS_MODULES, _LEAKS, _replacements)


def __getattr__(name: str) -> Any:
    return getattr(_root, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *dir(_root)})
