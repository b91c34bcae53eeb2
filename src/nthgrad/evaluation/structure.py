"""Names the files of the leaves of `tf.nest` structures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from nthgrad._call.structures import label
from nthgrad.errors import ArgumentError


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
