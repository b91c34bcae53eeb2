"""The process that `legacy.run` starts: TensorFlow 1 for good, the old names under their old module names."""

import contextlib
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType, TracebackType


def main() -> None:
    """Runs the program in `sys.argv[1]`; what it raises ends the process as it would have ended its own."""
    path = sys.argv[1]
    sys.argv[:] = sys.argv[1:]
    with _quiet():
        private = _become_tensorflow_1()
    private.hush_deprecations()
    sys.path.insert(0, str(Path(path).resolve().parent))
    sys.excepthook = _shorter_traceback
    module = ModuleType("__main__")
    module.__dict__.update(__file__=path, __loader__=SourceFileLoader("__main__", path), __builtins__=__builtins__)
    sys.modules["__main__"] = module
    exec(compile(Path(path).read_bytes(), path, "exec", dont_inherit=True), module.__dict__)


def _become_tensorflow_1() -> ModuleType:
    """Turns TensorFlow to its first version for the whole process, and gives the old modules their names."""
    import numpy as np
    import tensorflow as today

    today.compat.v1.disable_v2_behavior()

    import nthgrad.legacy.tensorflow as tf
    from nthgrad.legacy import _private, keras, patches
    from nthgrad.legacy._session import old_print

    np.set_printoptions(**old_print())
    patches.for_a_script()
    path = today.__path__
    for name in [name for name in sys.modules if name.split(".")[0] == "keras"]:
        del sys.modules[name]
    for new, old in ((f"{tf.__name__}.keras", "tensorflow.keras"), (keras.__name__, "keras")):
        for name in [name for name in sys.modules if name == new or name.startswith(f"{new}.")]:
            sys.modules[old + name[len(new) :]] = sys.modules[name]
    sys.modules["tensorflow"] = tf
    tf.__path__ = path  # tensorflow.python and what else is not loaded yet
    return _private


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps what TensorFlow says on starting from the screen, unless it fails to start."""
    sys.stderr.flush()
    screen = os.dup(2)
    with tempfile.TemporaryFile() as said, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        os.dup2(said.fileno(), 2)
        try:
            yield
        except BaseException:
            said.seek(0)
            os.write(screen, said.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(screen, 2)
            os.close(screen)


def _shorter_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Shows an uncaught exception by the program's own lines; TensorFlow's too if its filtering is turned off."""
    import tensorflow as tf

    hidden = [str(Path(__file__).parent), "<frozen ", "<string>"]
    if tf.debugging.is_traceback_filtering_enabled():
        hidden += [*tf.__path__, *(str(Path(folder) / "tf_keras") for folder in map(os.path.dirname, tf.__path__))]
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        one = pending.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            one.__traceback__ = _without(one.__traceback__, hidden)
            pending += [one.__cause__, one.__context__]
    sys.__excepthook__(kind, error, error.__traceback__)


def _without(trace: TracebackType | None, hidden: list[str]) -> TracebackType | None:
    kept = []
    while trace is not None:
        if not trace.tb_frame.f_code.co_filename.startswith(tuple(hidden)):
            kept.append(trace)
        trace = trace.tb_next
    shorter = None
    for one in reversed(kept):
        shorter = TracebackType(shorter, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return shorter
