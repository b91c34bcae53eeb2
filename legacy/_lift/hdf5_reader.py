"""Program that reads a whole HDF5 file: a damaged file may hang HDF5 or end the process.

It imports nothing of nthgrad, so it starts in a fifth of a second.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

_RATIO = 1100  # the largest compression ratio of deflate, HDF5's usual compression
_SMALL = 2**26  # bytes that may be missing in the file: a data set may be unwritten


def problem(path: str) -> str:
    """Reads each attribute and each chunk of data; ignores errors of HDF5, which the later reader raises.

    Returns:
        a fault for which HDF5 raises no error, or "".
    """
    import h5py

    size = os.path.getsize(path)
    with h5py.File(path) as file:
        seen: set[Any] = set()
        todo: list[tuple[str, Any]] = [("/", file)]
        while todo:
            name, found = todo.pop()
            if found in seen:
                continue
            seen.add(found)
            for key in _attempt(lambda found=found: list(found.attrs)) or ():
                bytes_ = _attempt(lambda found=found, key=key: _bytes(found.attrs.get_id(key)))
                if bytes_ is not None and bytes_ > size:
                    return f"the attribute {key!r} of {name!r} is larger than the file"
                _attempt(lambda found=found, key=key: found.attrs[key])
            if isinstance(found, h5py.Dataset):
                bytes_, stored = _bytes(found.id), min(found.id.get_storage_size(), size)
                if bytes_ > max(_RATIO * stored, _SMALL) and not found.external and not found.is_virtual:
                    return f"{name!r} is larger than its data in the file"
                if found.chunks is not None:
                    _attempt(lambda found=found: [found[piece].shape for piece in found.iter_chunks()])
            elif isinstance(found, h5py.Group):
                for key in _attempt(lambda found=found: list(found)) or ():
                    link = _attempt(lambda found=found, key=key: found.get(key, getlink=True))
                    if isinstance(link, h5py.HardLink):
                        inner = _attempt(lambda found=found, key=key: found[key])
                        todo += [(f"{name.rstrip('/')}/{key}", inner)] if inner is not None else []
    return ""


def _bytes(found: Any) -> int:
    """Returns the size of an attribute or data set in memory."""
    return found.get_space().get_simple_extent_npoints() * found.get_type().get_size()


def _attempt(reads: Callable[[], Any]) -> Any:
    try:
        return reads()
    except Exception:  # h5py raises many kinds
        return None


if __name__ == "__main__":
    print(_attempt(lambda: problem(sys.argv[1])) or "", end="")
