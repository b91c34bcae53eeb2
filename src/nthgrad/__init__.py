"""nth-order derivatives in TensorFlow 2, and the TensorFlow 1 / Keras 2 programs that used to compute them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nthgrad.errors import NthgradError

if TYPE_CHECKING:
    from nthgrad import legacy
    from nthgrad.agreement import check
    from nthgrad.core import derivative, derivatives
    from nthgrad.engines.differences import finite_difference

__all__ = ["NthgradError", "check", "derivative", "derivatives", "finite_difference", "legacy"]

# Imported when first asked for: TensorFlow takes seconds and writes to the screen, and the command line, which lies in
# this package, has to be there before it.
_HOME = {
    "check": "nthgrad.agreement",
    "derivative": "nthgrad.core",
    "derivatives": "nthgrad.core",
    "finite_difference": "nthgrad.engines.differences",
}


def __getattr__(name: str) -> Any:
    if name == "legacy":
        return import_module("nthgrad.legacy")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
