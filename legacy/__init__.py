"""TensorFlow 1 and Keras 2 programs on today's TensorFlow: everything of the old world lives here and nowhere else.

Two ways to run an old program::

    from nthgrad import legacy

    legacy.run("old_script.py", argv=["--epochs", "3"])     # unchanged, in a process of its own

    import nthgrad.legacy.tensorflow as tf                  # inside today's program: only the import lines change
    with legacy.session() as sess:
        x = tf.constant(1.0)
        print(sess.run(tf.gradients(tf.log(x + 2.0), x)))   # [0.33333334]

A way to use what old programs left behind, and one to see what there is to port::

    f = legacy.lift("net.pb", inputs="x:0", outputs="y:0")  # a function of TensorFlow 2, differentiable to any order
    legacy.scan(["old_code/"])                              # the old idioms, and where MIGRATION.md treats them

What is where: `_run` and `_script` are the process of a script, `_session` and `_guards` the block.  `tensorflow` and
`keras` are the old names, made by `_standin` from tf_keras and from `keras_2`, `keras_1` and `contrib`, which hold what
is gone.  `patches` changes today's modules where the old ones did otherwise, one table with reasons; `arithmetic` and
`training` are the numbers of Keras 2.2.4.  `_lift` and `_scan` stand by themselves.
"""

from typing import TYPE_CHECKING, Any

from nthgrad.legacy._runtime.process import run

if TYPE_CHECKING:
    from nthgrad.legacy._lift import lift
    from nthgrad.legacy._runtime.session import session
    from nthgrad.legacy._scan import scan

__all__ = ["lift", "run", "scan", "session"]


def __getattr__(name: str) -> Any:
    if name == "session":  # needs TensorFlow, which `run` only starts
        from nthgrad.legacy._runtime.session import session

        return session
    if name == "lift":
        from nthgrad.legacy._lift import lift

        return lift
    if name == "scan":
        from nthgrad.legacy._scan import scan

        return scan
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
