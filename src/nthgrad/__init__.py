"""nth-order derivatives in TensorFlow 2, and the TensorFlow 1 / Keras 2 programs that used to compute them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nthgrad.errors import NthgradError

if TYPE_CHECKING:
    from nthgrad import export, extend, keras, legacy
    from nthgrad.checking import check
    from nthgrad.core import derivative, derivatives, taylor
    from nthgrad.differences import finite_difference
    from nthgrad.evaluation import evaluate
    from nthgrad.fields import partials
    from nthgrad.operators import biharmonic, divergence, gradient, hessian, hvp, jacobian, laplacian

__all__ = [
    "NthgradError",
    "biharmonic",
    "check",
    "derivative",
    "derivatives",
    "divergence",
    "evaluate",
    "export",
    "extend",
    "finite_difference",
    "gradient",
    "hessian",
    "hvp",
    "jacobian",
    "keras",
    "laplacian",
    "legacy",
    "partials",
    "taylor",
]

# Imported when first asked for: TensorFlow takes seconds and writes to the screen, and the command line, which lies in
# this package, has to be there before it.
_HOME = {
    "biharmonic": "nthgrad.operators",
    "check": "nthgrad.checking",
    "derivative": "nthgrad.core",
    "derivatives": "nthgrad.core",
    "divergence": "nthgrad.operators",
    "evaluate": "nthgrad.evaluation",
    "finite_difference": "nthgrad.differences",
    "gradient": "nthgrad.operators",
    "hessian": "nthgrad.operators",
    "hvp": "nthgrad.operators",
    "jacobian": "nthgrad.operators",
    "laplacian": "nthgrad.operators",
    "partials": "nthgrad.fields",
    "taylor": "nthgrad.core",
}


def __getattr__(name: str) -> Any:
    if name in ("export", "extend", "keras", "legacy"):
        return import_module(f"nthgrad.{name}")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
