"""Names the leaves of `tf.nest` structures, in errors and for files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from nthgrad.errors import ArgumentError


def paths(structure: Any) -> list[tuple[Any, ...]]:
    """Returns the path to each leaf, in the order of `tf.nest.flatten`: keys, positions, fields of namedtuples."""
    return list(_paths(structure))


def label(name: str, path: tuple[Any, ...]) -> str:
    """Returns the name of a leaf in errors.

    Example:
        >>> from nthgrad.evaluation.structure import label
        >>> label("data", (0, "x"))
        "data[0]['x']"
    """
    return name + "".join(f"[{key!r}]" for key in path)


def file_names(all_paths: Sequence[tuple[Any, ...]]) -> list[str]:
    """Returns a file name for each leaf: its path, joined by dots.

    The empty key, which `partials` uses for the field itself, becomes "value". A key that is a tuple is joined by "_".
    Characters that file systems may refuse are quoted as in a URL.

    Example:
        >>> from nthgrad.evaluation.structure import file_names
        >>> file_names([("",), ("xx",), (("theta", "theta"),)])
        ['value.npy', 'xx.npy', 'theta_theta.npy']
    """
    names = [".".join(map(_word, path or ("",))) + ".npy" for path in all_paths]
    for i, name in enumerate(names):
        for j in range(i):
            if names[j].casefold() == name.casefold():  # some file systems ignore case
                raise ArgumentError(
                    f"{label('output', all_paths[j])} and {label('output', all_paths[i])} would both be written to "
                    f"{name}. Give them other names, or leave out=None."
                )
    return names


def _word(key: Any) -> str:
    return quote("_".join(map(str, key)) if isinstance(key, tuple) else str(key), safe="") or "value"


def _paths(structure: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(structure, Mapping):
        pairs: Any = ((key, structure[key]) for key in sorted(structure))
    elif isinstance(structure, tuple) and hasattr(structure, "_fields"):
        pairs = zip(structure._fields, structure, strict=True)  # type: ignore[attr-defined]
    elif isinstance(structure, (tuple, list)):
        pairs = enumerate(structure)
    else:
        yield path
        return
    for key, value in pairs:
        yield from _paths(value, (*path, key))
