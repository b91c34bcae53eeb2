"""Runs TensorFlow 1 and Keras 2 programs on today's TensorFlow; all code for old programs is in this package.

Two functions run an old program::

    from nthgrad import legacy

    legacy.run("old_script.py", argv=["--epochs", "3"])     # unchanged, in a separate process

    import nthgrad.legacy.tensorflow as tf                  # inside a TensorFlow 2 program: only imports change
    with legacy.session() as sess:
        x = tf.constant(1.0)
        print(sess.run(tf.gradients(tf.log(x + 2.0), x)))   # [0.33333334]

`lift` loads an old model; `scan` lists old code to port::

    f = legacy.lift("net.pb", inputs="x:0", outputs="y:0")  # a function of TensorFlow 2, differentiable to any order
    legacy.scan(["old_code/"])                              # old idioms, and their sections of MIGRATION.md

Public are the names above, `nthgrad.legacy.tensorflow` and `nthgrad.legacy.keras` with their trees. The rooms:

* `_runtime`: runs old code, as a script in a separate process or as a block of a TensorFlow 2 program.
* `_names`: stand-in modules, and tables from old names to their places today.
* `_patches`: patches of today's modules, one table a subject, with reasons.
* `_tensorflow_1`, `_contrib`, `_keras_224`, `_keras_1`: the old behavior that today's packages lack.
* `_lift` and `_scan`: read old models and old source files.
* `_port`: rewrites old source files; `_comparison`: runs a program and its port, and compares them.
* `_internals`: private names of TensorFlow and tf_keras.

Imports have no cycles, late imports included. From the lowest:

    _internals; _patches.patch, applying; _tensorflow_1; _runtime.dialect, guards;
    _names.refusing, stand_ins, twins, tf_layers;
    _contrib, _keras_224, _keras_1; the tables of _patches; _runtime.session; _names.replaced;
    _names.paths, tf_python_keras; tensorflow; _names.own, finding; keras; _lift; _runtime.script
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nthgrad.legacy._runtime.process import run

if TYPE_CHECKING:
    from nthgrad.legacy._lift import lift
    from nthgrad.legacy._runtime.session import session
    from nthgrad.legacy._scan import scan

__all__ = ["lift", "run", "scan", "session"]


def __getattr__(name: str) -> Any:
    if name == "session":  # imports TensorFlow, which `run` does not need
        from nthgrad.legacy._runtime.session import session

        return session
    if name == "lift":
        from nthgrad.legacy._lift import lift

        return lift
    if name == "scan":
        from nthgrad.legacy._scan import scan

        return scan
    if name in ("keras", "tensorflow"):
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
