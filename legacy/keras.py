"""The Keras 2.2.4 names: `from nthgrad.legacy import keras`, `from nthgrad.legacy.keras.layers import *`.

All modules of the tree are in `sys.modules`. The names come from tf_keras's interface for TensorFlow 1. Use them inside
`with legacy.session():`. Functions that need a graph raise outside.
"""

from typing import Any

from nthgrad.legacy._names import finding as _finding
from nthgrad.legacy._names import stand_ins as _stand_ins
from nthgrad.legacy._names.exported import EXPORTED as _EXPORTED
from nthgrad.legacy._names.modules import KERAS_MODULES as _KERAS_MODULES
from nthgrad.legacy._names.refused import REFUSED as _REFUSED
from nthgrad.legacy._names.replaced import of_keras_224 as _of_keras_224

__version__ = "2.2.4"
__path__: list[str] = []  # a package, all of whose modules are in sys.modules

_root = _stand_ins.StandIn(__name__, _KERAS_MODULES[""], {}, _of_keras_224, exported=_EXPORTED[""])
_stand_ins.build(
    __name__,
    sources=_KERAS_MODULES,
    own=_finding.own(__name__),
    replace=_of_keras_224,
    leaks=_finding.leaked(__name__),
    exported=_EXPORTED,
    refused=_REFUSED,
)


def __getattr__(name: str) -> Any:
    return getattr(_root, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *dir(_root)})
