"""Records the names that every module of Keras 2.2.4 shows, its own and those it imported: `keras_names.json`.

Run it with the Python that has the old Keras (record.py says how to make one):

    old/bin/python tests/golden/record_names.py
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from pathlib import Path

import keras

OTHER_BACKENDS = ("cntk_backend", "theano_backend")  # import what is not installed
FUTURE = {"absolute_import", "division", "print_function"}


def names(module) -> list[str]:
    """Every public name of a module, and the private ones that it defines."""
    own = {name for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__}
    shown = {name for name in dir(module) if not name.startswith("_")}
    return sorted({name for name in shown | own if not name.startswith("__")} - FUTURE)


def main() -> None:
    """Writes one line a module."""
    found = {"": names(keras)}
    for each in pkgutil.walk_packages(keras.__path__, "keras."):
        if not each.name.endswith(OTHER_BACKENDS) and each.name != "keras.legacy.models":  # which cannot be imported
            found[each.name[len("keras.") :]] = names(importlib.import_module(each.name))
    lines = [f"  {json.dumps(name)}: {json.dumps(' '.join(shown))}" for name, shown in sorted(found.items())]
    path = Path(__file__).with_name("keras_names.json")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    assert keras.__version__ == "2.2.4", keras.__version__
    main()
