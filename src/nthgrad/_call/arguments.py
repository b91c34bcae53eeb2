"""Validates the arguments that the public functions share: method, order, argnum, flags."""

from __future__ import annotations

import operator
from typing import Any, Literal

from nthgrad.engines import tape, taylor
from nthgrad.errors import ArgumentError

Method = Literal["auto", "tape", "taylor"]

ENGINES: dict[Method, Any] = {"tape": tape, "taylor": taylor}
_METHODS: dict[str, Any] = {"auto": taylor, **ENGINES}


def checked_engine(method: str) -> Any:
    """Returns the engine of a method; raises an ArgumentError."""
    if method not in _METHODS:
        raise ArgumentError(f"method is {method!r}. The methods are {', '.join(map(repr, _METHODS))}.")
    return _METHODS[method]


def checked_tapes(method: str) -> bool:
    """Whether a method nests tapes; raises an ArgumentError."""
    return checked_engine(method) is tape


def checked_argnum(argnum: Any) -> int | str:
    """Returns the position or the name of an argument; raises an ArgumentError."""
    if isinstance(argnum, bool) or not isinstance(argnum, (int, str)):
        raise ArgumentError(f"argnum is {argnum!r}. Give the position of an argument of f, or its name.")
    return argnum


def checked_order(order: Any) -> int:
    """Returns an order of differentiation as an int; raises an ArgumentError."""
    if not isinstance(order, bool):
        try:
            n = operator.index(order)
        except TypeError:
            pass
        else:
            if n >= 0:
                return n
            raise ArgumentError(f"order is {n}; derivatives have no negative order. Give an integer of 0 or more.")
    raise ArgumentError(f"order is {order!r}, a {type(order).__name__}. Give an integer of 0 or more.")


def checked_flag(flag: Any, name: str) -> bool:
    """Returns a flag; raises an ArgumentError."""
    if not isinstance(flag, bool):
        raise ArgumentError(f"{name} is {flag!r}. Give True or False.")
    return flag
