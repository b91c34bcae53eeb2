"""TensorFlow 1 and Keras 2 programs on today's TensorFlow: everything of the old world lives here and nowhere else.

Two ways to run an old program::

    from nthgrad import legacy

    legacy.run("old_script.py", argv=["--epochs", "3"])     # unchanged, in a process of its own

    import nthgrad.legacy.tensorflow as tf                  # inside today's program: only the import lines change
    with legacy.session() as sess:
        x = tf.constant(1.0)
        print(sess.run(tf.gradients(tf.log(x + 2.0), x)))   # [0.33333334]
"""

from typing import TYPE_CHECKING, Any

from nthgrad.legacy._run import run

if TYPE_CHECKING:
    from nthgrad.legacy._session import session

__all__ = ["run", "session"]


def __getattr__(name: str) -> Any:
    if name == "session":  # needs TensorFlow, which `run` only starts
        from nthgrad.legacy._session import session

        return session
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
