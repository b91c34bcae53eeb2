"""The process that `legacy.run` starts: always TensorFlow 1, with the old modules under their old names."""

import ast
import builtins
import contextlib
import os
import sys
import warnings
from collections.abc import Callable
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any


def main() -> None:
    """Runs the program in `sys.argv[1]`; its exceptions end the process."""
    path = sys.argv[1]
    sys.argv[:] = sys.argv[1:]
    _end_if_syntax_is_wrong(path)
    become_tensorflow_1()
    sys.path.insert(0, str(Path(path).resolve().parent))
    sys.excepthook = _shorter_traceback
    module = ModuleType("__main__")
    sys.modules["__main__"] = module
    _execute(path, module)


def _end_if_syntax_is_wrong(path: str) -> None:
    """Shows a syntax error of the program and ends the process, before TensorFlow is imported, which takes seconds."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # those of the syntax are shown when the program is compiled
            compile(Path(path).read_bytes(), path, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    except SyntaxError as error:
        sys.__excepthook__(type(error), error.with_traceback(None), None)
        sys.exit(1)
    except (OSError, ValueError, RecursionError, MemoryError):
        pass  # raised again where the program is compiled


def _execute(path: str, module: ModuleType) -> None:
    from nthgrad.legacy._runtime import scalars

    sys.meta_path.insert(0, _Siblings(str(Path(path).resolve().parent)))
    loader = SourceFileLoader(module.__name__, path)
    module.__dict__.update(__file__=path, __loader__=loader, __builtins__=builtins, __cached__=None, __annotations__={})
    exec(scalars.compiled(Path(path).read_bytes(), path), module.__dict__)


def spawned(path_name: str, init_globals: Any = None, run_name: str = "<run_path>") -> dict[str, Any]:
    """Replaces `runpy.run_path`, with which a process spawned by multiprocessing loads the program's definitions."""
    module = ModuleType(run_name)
    module.__dict__.update(init_globals or {})
    _execute(path_name, module)
    return module.__dict__


def become_tensorflow_1() -> None:
    """Switches this process, or one that the program spawns, to TensorFlow 1 quietly."""
    from nthgrad._display import quiet  # imports no TensorFlow

    with quiet.status(quiet.LOADING), quiet.held_back():
        _become_tensorflow_1()
    from nthgrad.legacy._internals.switches import hush_deprecations

    hush_deprecations()


class _Loader(SourceFileLoader):
    """Compiles a module like the program itself; bypasses the bytecode cache, which other processes share."""

    def get_code(self, fullname: str) -> Any:
        from nthgrad.legacy._runtime import scalars

        path = self.get_filename(fullname)
        return scalars.compiled(self.get_data(path), path)


class _Siblings:
    """Finds modules in the program's folder."""

    def __init__(self, folder: str) -> None:
        self._folder = folder + os.sep

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target)
        if spec is None:
            return None
        origin = spec.origin
        if not isinstance(spec.loader, SourceFileLoader) or not origin:
            return None
        if not origin.startswith(self._folder) or f"{os.sep}site-packages{os.sep}" in origin:
            return None
        return spec_from_file_location(
            name, origin, loader=_Loader(name, origin), submodule_search_locations=spec.submodule_search_locations
        )


class _Ours:
    """Finds modules of nthgrad imported later; in them `import tensorflow` imports today's."""

    def __init__(self, today: ModuleType) -> None:
        self._today = today

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if not name.startswith("nthgrad."):
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        spec = next(filter(None, (finder.find_spec(name, path, target) for finder in others)), None)
        if spec is not None and spec.loader is not None:
            loader: Any = spec.loader
            loader.exec_module = self._with_today(loader.exec_module)
        return spec

    def _with_today(self, execute: Callable[[ModuleType], None]) -> Callable[[ModuleType], None]:
        def inner(module: ModuleType) -> None:
            before = sys.modules["tensorflow"]
            sys.modules["tensorflow"] = self._today
            try:
                execute(module)
            finally:
                sys.modules["tensorflow"] = before

        return inner


_OPEN = contextlib.ExitStack()  # for the rest of the process


def _become_tensorflow_1() -> None:
    """Switches the whole process to TensorFlow 1 and registers the stand-ins under the old module names."""
    import numpy as np
    import tensorflow as today

    today.compat.v1.disable_v2_behavior()
    if os.environ.get("NTHGRAD_CONTROL_FLOW") == "v2":
        today.compat.v1.enable_control_flow_v2()

    import nthgrad.legacy.tensorflow as tf
    from nthgrad import acceleration
    from nthgrad.legacy import keras
    from nthgrad.legacy._contrib import tree
    from nthgrad.legacy._names import tf_layers, tf_python_keras
    from nthgrad.legacy._patches.tables import PATCHES
    from nthgrad.legacy._runtime.session import old_print

    np.set_printoptions(**old_print())
    PATCHES.for_a_script()
    if os.environ.get("NTHGRAD_ACCELERATE") == "1":
        _OPEN.enter_context(acceleration.switched_on())
    path = today.__path__
    for name in [name for name in sys.modules if name.split(".")[0] == "keras"]:
        del sys.modules[name]
    for new, old in ((tf.__name__, "tensorflow"), (keras.__name__, "keras")):
        for name in [name for name in sys.modules if name == new or name.startswith(f"{new}.")]:
            if not name.startswith(f"{tf.__name__}.python"):
                sys.modules[old + name[len(new) :]] = sys.modules[name]
    tf_python_keras.take_the_place(tf.__name__)
    tf_layers.take_the_place()
    sys.modules["tensorflow.compat.v1"] = tf
    sys.meta_path.insert(0, _Ours(today))  # pyright: ignore[reportArgumentType]
    sys.meta_path.append(tree.Refusing("tensorflow"))  # pyright: ignore[reportArgumentType]
    tf.__path__ = path  # where submodules not loaded yet are found, such as tensorflow.python


def _shorter_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Shows an uncaught exception with the program's own lines only; TensorFlow's too if its filtering is off."""
    import tensorflow as tf

    hidden = [str(Path(__file__).parents[1]), "<frozen ", "<string>"]
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
