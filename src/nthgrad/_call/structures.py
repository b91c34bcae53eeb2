"""Reads structures of tensors, as of `tf.nest`: what is one, the paths to its leaves, its parts in another's places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

Key = int | str  # the position or the name of an argument in a call


def is_structure(x: Any) -> bool:
    """Whether x is a dict, or a list or a tuple that holds a tensor, an array or a variable.

    NumPy's scalars count as numbers: a list of them is one tensor.
    """
    if isinstance(x, Mapping):
        return True
    if not isinstance(x, (list, tuple)):
        return False
    leaves = [v for v in tf.nest.flatten(x) if not isinstance(v, np.generic)]
    return any(hasattr(v, "shape") and hasattr(v, "dtype") for v in leaves)


def replaced(
    key: Key, change: Callable[[Any], Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Returns the arguments of a call with one of them changed."""
    if isinstance(key, str):
        return args, {**kwargs, key: change(kwargs[key])}
    return (*args[:key], change(args[key]), *args[key + 1 :]), kwargs


def paths(structure: Any) -> list[tuple[Any, ...]]:
    """Returns the path to each leaf, in the order of `tf.nest.flatten`: keys, positions, fields of namedtuples."""
    return list(_paths(structure))


def label(name: str, path: tuple[Any, ...]) -> str:
    """Returns the name of a leaf in errors.

    Example:
        >>> from nthgrad._call.structures import label
        >>> label("data", (0, "x"))
        "data[0]['x']"
    """
    return name + "".join(f"[{key!r}]" for key in path)


def form(structure: Any) -> Any:
    """Returns a hashable description of a structure: its types and keys."""
    children = _children(structure)
    return None if children is None else (type(structure), tuple((key, form(value)) for key, value in children))


def parts(v: Any, x: Any) -> list[Any]:
    """Returns the parts of v in the places of x's leaves; raises a TypeError if there are others."""
    wanted, given = _children(x), _children(v)
    if wanted is None:
        return [v]
    if given is None or [key for key, _ in given] != [key for key, _ in wanted]:
        raise TypeError
    return [part for (_, a), (_, b) in zip(given, wanted, strict=True) for part in parts(a, b)]


def described(x: Any) -> str:
    """Describes a structure in errors: its type and the names of its leaves."""
    if tf.is_tensor(x):
        return "one tensor"
    if not tf.nest.is_nested(x):
        return f"a {type(x).__name__}"
    names = [label("", path) for path in paths(x)]
    return f"a {type(x).__name__} with {', '.join([*names[:5], *(['...'] if len(names) > 5 else [])]) or 'nothing'}"


def _paths(structure: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    children = _children(structure)
    if children is None:
        yield path
    else:
        for key, value in children:
            yield from _paths(value, (*path, key))


def _children(structure: Any) -> list[tuple[Any, Any]] | None:
    """Returns the keys and values of one level of a structure; None for a leaf."""
    if isinstance(structure, Mapping):
        return [(key, structure[key]) for key in sorted(structure)]
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return list(zip(structure._fields, structure, strict=True))  # type: ignore[attr-defined]
    return list(enumerate(structure)) if isinstance(structure, (tuple, list)) else None
