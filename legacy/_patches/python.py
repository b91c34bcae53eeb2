"""Patches that restore what Python, NumPy, h5py and absl dropped or changed, for a script's own process."""

import base64
import collections
import collections.abc
import inspect
import math
import threading
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

import h5py
import numpy as np

from nthgrad.legacy._patches.patch import Patch
from nthgrad.legacy._runtime.process import SCRIPT

# NumPy 1's meaning of np.array(copy=False). NumPy 2 raises for False where it must copy, NumPy 1 for None.
_COPY_IF_NEEDED = None if int(np.__version__.split(".")[0]) >= 2 else False
_ABSTRACT = [name for name in collections.abc.__all__ if name not in dir(collections)]
_OF_RAGGED = """all amax amin any append argmax argmin argsort array_split atleast_1d copy expand_dims flip max min ndim
    ravel repeat roll save shape size sort squeeze sum take tile transpose unique where"""
_ALIASES = {  # names that NumPy dropped: those of Python types, and alternative spellings
    "bool": bool,
    "int": int,
    "float": float,
    "complex": complex,
    "object": object,
    "str": str,
    "long": int,
    "unicode": str,
    "Inf": np.inf,
    "Infinity": np.inf,
    "infty": np.inf,
    "PINF": np.inf,
    "NINF": -np.inf,
    "NaN": np.nan,
    "NAN": np.nan,
    "PZERO": 0.0,
    "NZERO": -0.0,
    "float_": np.float64,
    "complex_": np.complex128,
    "cfloat": np.complex128,
    "singlecomplex": np.complex64,
    "longfloat": np.longdouble,
    "string_": np.bytes_,
    "unicode_": np.str_,
    "product": np.prod,
    "cumproduct": np.cumprod,
    "alltrue": np.all,
    "sometrue": np.any,
    "round_": np.round,
    "row_stack": np.vstack,
    "obj2sctype": lambda kind: np.dtype(kind).type,
    "issubsctype": np.issubdtype,
    "asfarray": None,
    "mat": np.asmatrix,
    "int0": np.intp,
    "uint0": np.uintp,
    "bool8": np.bool_,
    "object0": np.object_,
    "rank": np.ndim,
    "asscalar": lambda a: np.asarray(a).item(),
    "msort": lambda a: np.sort(a, axis=0),
}


def _or(value: Any) -> Callable[[Any], Any]:
    """Restores a missing value; keeps an existing one."""
    return lambda today: value if today is None else today


def _as_float(today: Any) -> Any:
    def asfarray(a: Any, dtype: Any = np.float64) -> np.ndarray:
        return np.asarray(a, dtype=dtype if np.issubdtype(dtype, np.inexact) else np.float64)

    return today or asfarray


def _in1d(today: Any) -> Any:
    def in1d(
        ar1: Any,
        ar2: Any,
        assume_unique: bool = False,  # noqa: FBT001, FBT002  as NumPy 1 had it
        invert: bool = False,  # noqa: FBT001, FBT002
    ) -> np.ndarray:
        return np.isin(np.asarray(ar1).ravel(), ar2, assume_unique=assume_unique, invert=invert)

    return today or in1d


def _ragged(today: Any) -> Any:
    """Converts lists of different lengths to an array of lists."""

    @wraps(today)
    def make(a: Any = (), dtype: Any = None, *args: Any, **kwargs: Any) -> np.ndarray:
        if kwargs.get("copy", True) is False:
            kwargs["copy"] = _COPY_IF_NEEDED
        try:
            return today(a, dtype, *args, **kwargs)
        except ValueError as error:
            if dtype is not None or "inhomogeneous" not in str(error):
                raise
            return today(a, object, *args, **kwargs)

    return make


def _of_ragged(today: Any) -> Any:
    """Takes lists of different lengths as arrays of lists."""
    array = _ragged(np.array)

    @wraps(today)
    def function(*args: Any, **kwargs: Any) -> Any:
        try:
            return today(*args, **kwargs)
        except ValueError as error:
            if "inhomogeneous" not in str(error):
                raise
            args = tuple(array(each) if isinstance(each, (list, tuple)) else each for each in args)
            return today(*args, **kwargs)

    return function


def _equal(today: Any) -> Any:
    """Compares lists of different lengths, of which NumPy says that they are not equal."""
    array = _ragged(np.array)

    @wraps(today)
    def array_equal(a1: Any, a2: Any, *args: Any, **kwargs: Any) -> bool:
        return today(*(array(each) if isinstance(each, (list, tuple)) else each for each in (a1, a2)), *args, **kwargs)

    return array_equal


def _renamed(old: str, new: str) -> Callable[[Any], Any]:
    """Accepts the old name of an argument."""

    def make(today: Any) -> Any:
        if new not in inspect.signature(today).parameters:
            return today  # a NumPy that has the old name

        @wraps(today)
        def function(*args: Any, **kwargs: Any) -> Any:
            if old in kwargs:
                kwargs[new] = kwargs.pop(old)
            if "a" in kwargs:  # np.reshape takes it by position only
                args = (kwargs.pop("a"), *args)
            return today(*args, **kwargs)

        return function

    return make


def _opened(today: Any) -> Any:
    """Opens an HDF5 file to read and write, and creates it if it is missing, unless a mode is given."""

    @wraps(today)
    def __init__(self: Any, name: Any, mode: str | None = None, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        today(self, name, "a" if mode is None else mode, *args, **kwargs)

    return __init__


def _read_as_text(today: Any) -> Any:
    """Decodes texts of an HDF5 data set, which h5py now reads as bytes."""

    @wraps(today)
    def __getitem__(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N807
        values, kind = today(self, *args, **kwargs), h5py.check_string_dtype(self.dtype)
        if kind is None or kind.length is not None or kind.encoding != "utf-8":
            return values
        return values.decode() if isinstance(values, bytes) else np.vectorize(bytes.decode, otypes="O")(values)

    return __getitem__


_OF_LIBRARIES = ("absl.", "tensorflow.", "tf_keras.")


def _redefined(today: Any) -> Any:
    """Lets a program define a flag that a library has defined; the program's replaces it."""

    @wraps(today)
    def __setitem__(self: Any, name: str, flag: Any) -> None:  # noqa: N807
        before = flag.allow_override
        for each in (name, flag.short_name):
            if each in self and str(self.find_module_defining_flag(each)).startswith(_OF_LIBRARIES):
                flag.allow_override = True
        today(self, name, flag)
        flag.allow_override = before  # the program may define it once

    return __setitem__


def _argument_spec(today: Any) -> Any:
    spec = collections.namedtuple("ArgSpec", "args varargs keywords defaults")

    def getargspec(func: Callable) -> Any:
        args, varargs, keywords, defaults, more, *_ = inspect.getfullargspec(func)
        if more:
            raise ValueError("Function has keyword-only parameters or annotations, use inspect.signature()")
        return spec(args, varargs, keywords, defaults)

    return today or getargspec


class _Cast:
    """`np.cast["float32"](x)`."""

    def __getitem__(self, kind: Any) -> Callable[[Any], np.ndarray]:
        return lambda x: np.asarray(x, kind)


def _spawned(today: Any) -> Any:
    """Changes the command with which multiprocessing spawns a process, to switch to TensorFlow 1 first."""

    @wraps(today)
    def command(**kwargs: Any) -> list[str]:
        line = today(**kwargs)
        at = line.index("-c") + 1
        line[at] = (
            f"import runpy; script = runpy.run_path({SCRIPT!r}); script['become_tensorflow_1'](); "
            f"runpy.run_path = script['spawned']; {line[at]}"
        )
        return line

    return command


_QUANTILES = ("percentile", "quantile", "nanpercentile", "nanquantile")
_NUMPY = "NumPy dropped the name"
_PYTHON = "Python dropped the name"

PATCHES: list[Patch] = [
    Patch(where, make, reason, script_only=True)
    for where, make, reason in (
        *((f"numpy:{name}", _as_float if value is None else _or(value), _NUMPY) for name, value in _ALIASES.items()),
        ("numpy:cast", _or(_Cast()), _NUMPY),
        ("numpy:in1d", _in1d, _NUMPY),
        ("numpy:trapz", lambda today: today or np.trapezoid, _NUMPY),
        ("numpy:array", _ragged, "NumPy refuses lists of different lengths, and copy=False where it must copy"),
        ("numpy:asarray", _ragged, "NumPy refuses lists of different lengths"),
        ("numpy:asanyarray", _ragged, "NumPy refuses lists of different lengths"),
        *((f"numpy:{name}", _of_ragged, "NumPy refuses lists of different lengths") for name in _OF_RAGGED.split()),
        ("numpy:array_equal", _equal, "NumPy says False of lists of different lengths"),
        ("numpy:reshape", _renamed("newshape", "shape"), "NumPy renamed an argument"),
        *((f"numpy:{name}", _renamed("interpolation", "method"), "NumPy renamed an argument") for name in _QUANTILES),
        ("absl.flags:FlagValues.__setitem__", _redefined, "absl and TensorFlow had no flags such as log_dir then"),
        ("h5py:File.__init__", _opened, "a file without a mode was opened to read and write"),
        ("h5py:Dataset.__getitem__", _read_as_text, "texts were str"),
        ("h5py:File.fid", _or(property(lambda file: file.id)), "h5py dropped the name"),
        ("h5py:Dataset.value", _or(property(lambda data: data[()])), "h5py dropped the name"),
        *((f"collections:{name}", _or(getattr(collections.abc, name)), _PYTHON) for name in _ABSTRACT),
        ("time:clock", _or(time.process_time), _PYTHON),
        ("fractions:gcd", _or(math.gcd), _PYTHON),
        ("base64:encodestring", _or(base64.encodebytes), _PYTHON),
        ("base64:decodestring", _or(base64.decodebytes), _PYTHON),
        ("threading:Thread.isAlive", _or(threading.Thread.is_alive), _PYTHON),
        ("inspect:getargspec", _argument_spec, _PYTHON),
        ("multiprocessing.spawn:get_command_line", _spawned, "a spawned process runs the program's file too"),
    )
]
