"""Partial derivatives of a field, by the names of its coordinates."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from nthgrad._call import coordinates
from nthgrad._call.arguments import Method, checked_engine
from nthgrad._call.block_size import Block
from nthgrad._call.model_inputs import by_name
from nthgrad._call.reuse import reused
from nthgrad._call.structured import Structured
from nthgrad._call.transform import Computation, transform
from nthgrad.engines.point_axis import checked, checked_axis, restore
from nthgrad.errors import ArgumentError, InputError

Name = str | tuple[str, ...]


@reused
@tf.autograph.experimental.do_not_convert
def partials(
    f: Callable[..., Any],
    names: Sequence[Name],
    *,
    coords: Sequence[str] | None = None,
    axis: int = 0,
    method: Method = "auto",
    block: Block = "auto",
    jit_compile: bool | None = None,
) -> Callable[..., Any]:
    """Returns g, which computes partial derivatives of a field u(t, x, ...) by name; they share the work.

    Args:
        f: a function of one tensor for each coordinate, `def u(t, x)`, whose parameters name the coordinates. With
            `coords`, a callable on one tensor `[..., d]` of d coordinates, such as a Keras model on `[batch, d]`; or on
            a list, tuple or dict of d tensors. A Keras model of several inputs needs no `coords`: its inputs name the
            coordinates, in their order, or the parameters of its `call`. f may take other arguments. It may return any
            `tf.nest` structure of real or complex tensors whose shapes begin with that of the points.
        names: which partials: `"xx"` is d2u/dx2, `"tx"` is d2u/dtdx, `""` is u itself. Write names longer than one
            letter as tuples: `("theta", "theta")`.
        coords: the names of the columns of f's first argument, one each: `"tx"`, or `["t", "theta"]`. If that argument
            is a list or a tuple, the names of its tensors; if it is a dict, its keys.
        axis: as in `derivative`: 1 for the outputs `[functions, points]` of a DeepONet.
        method: as in `derivative`. `"taylor"` computes series in all coordinates at once, and only the coefficients
            that the requested partials need (Griewank and Walther, Evaluating Derivatives, 2008, chapter 13).
        block: as in `derivative`.
        jit_compile: as in `derivative`.

    Returns:
        g with f's arguments. g(t, x, ...) is a dict from each given name to a structure like f's output. For a Keras
        model of several inputs, g takes tensors, keywords, or one list, tuple or dict of all inputs. The
        coordinates in names have one shape, `[batch, 1]`, `[batch]`, `[]` or any other, and one dtype. A scalar among
        them, or a tensor of one element and of no more axes, is the same for every point; its partials are still those
        at each point. A Python number takes the dtype of the others. Nothing else is broadcast, and
        nothing is cast. A partial is zero by a coordinate that f's output does not depend on (or on its shape only), if
        it depends on another one in names. A partial is refused if the only paths go through ops of zero derivative:
        floor, sign, stop_gradient, a cast to an integer.

    Raises:
        ArgumentError: a name is no coordinate, coords has a coordinate twice, names is empty, or axis is invalid.
        InputError: (by g) the coordinates differ in shape or dtype, or there are more columns than coords.
        DependenceError: (by g) f depends on none of the coordinates in names, or on one through ops of zero derivative
            only.
        MixingError: (by g) an op of f surely mixes the rows of the batch, as BatchNormalization in training mode does;
            `derivative` says more.
        NthgradError: (by g) as `derivative`.

    Example:
        >>> import tensorflow as tf, nthgrad as ng
        >>> def u(t, x):
        ...     return tf.exp(-t) * tf.sin(2.0 * x)
        >>> d = ng.partials(u, ["t", "xx"])(tf.constant([[0.0]]), tf.constant([[0.25]]))
        >>> print(float(tf.reduce_max(tf.abs(d["t"] - d["xx"] / 4))))  # u solves u_t = u_xx / 4
        0.0
    """
    engine, at_axis = checked_engine(method), checked_axis(axis)
    columns = None if coords is None else _checked_coordinates(coords, "coords")
    if (model := by_name(f)) is not f and columns is not None:
        raise ArgumentError(
            f"coords is {coords!r}, but f is a model of several inputs, which name the coordinates: "
            f"{', '.join(_parameters(model))}. Leave out coords."
        )
    f = model
    known = columns if columns is not None else _parameters(f)
    spelled = _checked_names(names, known, columns=columns is not None)
    used = known if columns is not None else tuple(c for c in known if any(c in s for s in spelled))
    if not used:
        raise ArgumentError(f"names is {list(names)!r}, which names no coordinate. Call f itself, or add a name.")
    indices = [tuple(s.count(c) for c in used) for s in spelled]

    def compute(at: Callable[..., Any], *xs: tf.Tensor) -> list[Any]:
        if columns is not None:
            parts = tf.split(xs[0], len(columns), -1)
            return restore(
                engine.partials(lambda *parts: at(tf.concat(parts, -1)), parts, indices, used), parts[0], at_axis
            )
        return restore(engine.partials(at, xs, indices, used), xs[0], at_axis)

    def returned(y: Any, x: tf.Tensor) -> tuple[Any, list[tf.Tensor]]:
        return checked(y, x if columns is None else tf.split(x, len(columns), -1)[0], at_axis)

    keys = tuple(name if isinstance(name, str) else Letters(name) for name in names)
    computation = Computation(
        name="partials",
        compute=compute,
        order=max(map(sum, indices)),
        tapes=method == "tape",
        points=lambda xs: _refuse_points(xs, used, columns),
        returned=returned,
        broadcast=columns is None,
        finished=lambda found: dict(zip(keys, found, strict=True)),
        structured=None if columns is None else Structured(blocks=0, batch_dims=1, keys=columns),
    )
    return transform(
        f, computation, argnums=(0,) if columns is not None else used, block=block, jit_compile=jit_compile
    )


class Letters(tuple[str, ...]):
    """A tuple of coordinates as a key of a dict. It sorts after every string, because `tf.nest` sorts the keys."""

    def __lt__(self, other: Any) -> bool:
        return False if isinstance(other, str) else super().__lt__(other)

    def __gt__(self, other: Any) -> bool:
        return True if isinstance(other, str) else super().__gt__(other)


def _parameters(f: Callable[..., Any]) -> tuple[str, ...]:
    """Returns the names of f's parameters."""
    if not callable(f):
        raise ArgumentError(f"f is {f!r}, a {type(f).__name__}, which cannot be called. Give a function.")
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        parameters = []
    found = tuple(p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD))
    if not found:
        raise ArgumentError(
            "f has no named parameters, which would name the coordinates. Write it as def u(t, x), or name the "
            'columns of its argument with coords, for example coords="tx".'
        )
    return found


def _checked_coordinates(coords: Any, name: str) -> tuple[str, ...]:
    found = tuple(coords) if isinstance(coords, (str, list, tuple)) else ()
    if not found or not all(isinstance(c, str) and c for c in found):
        raise ArgumentError(f'{name} is {coords!r}. Give one name a column: letters, as in "tx", or a list of names.')
    twice = next((c for i, c in enumerate(found) if c in found[:i]), None)
    if twice is not None:
        raise ArgumentError(f"{name} is {coords!r}, which has {twice!r} twice. Give each column a name of its own.")
    return found


def _checked_names(names: Any, known: tuple[str, ...], *, columns: bool) -> list[tuple[str, ...]]:
    """Returns the coordinates in each name."""
    if isinstance(names, str) or not isinstance(names, (list, tuple)):
        raise ArgumentError(f'names is {names!r}, a {type(names).__name__}. Give a list, for example ["t", "xx"].')
    if not names:
        raise ArgumentError('names is empty. Give the partials to compute, for example ["t", "xx"].')
    for name in names:
        if not isinstance(name, (str, tuple)):
            raise ArgumentError(
                f'{name!r} in names is a {type(name).__name__}. Write a partial as a string of letters, "xx", or as a '
                'tuple of coordinates, ("theta", "theta").'
            )
        for c in name:
            if c not in known:
                of = "columns named by coords" if columns else "parameters of f"
                tuples = f" Write ({name!r},) for the coordinate {name!r}." if name in known else ""
                raise ArgumentError(
                    f"{name!r} in names asks for the coordinate {c!r}, but the {of} are {', '.join(known)}.{tuples}"
                    + ("" if tuples else " Name one of those.")
                )
    return [tuple(name) for name in names]


def _refuse_points(xs: Sequence[tf.Tensor], names: Sequence[str], columns: Sequence[str] | None) -> None:
    """Raises if the coordinates do not have one element for each point."""
    if columns is not None:
        (x,) = xs
        count = x.shape[-1] if x.shape.rank else None
        if count != len(columns):
            raise InputError(
                f"x has the shape {x.shape}, but coords names {len(columns)} columns: {', '.join(columns)}. Give a "
                f"tensor of shape [batch, {len(columns)}], or name all the columns."
            )
        return
    coordinates.refuse_shapes(xs, names)
