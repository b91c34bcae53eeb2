"""Builds g from f: binds arguments, traces f, compiles."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from nthgrad._call import structured, tracebacks
from nthgrad._call.block_size import Block, checked_block
from nthgrad._call.inputs import as_argument, as_point, as_points, is_python, spread_scalars
from nthgrad._call.model_inputs import ModelOfInputs, by_name
from nthgrad._call.packing import Packing
from nthgrad._call.reuse import Request, warn_of_retracing
from nthgrad._call.structured import Structured
from nthgrad._call.structures import is_structure, replaced
from nthgrad._call.trace_cache import Keys, OncePerSignature, Tensors
from nthgrad.engines import complex_parts, grappler, norms, outputs
from nthgrad.engines.graph import custom_gradients, opaque, trace
from nthgrad.engines.tape import complex_repairs
from nthgrad.errors import ArgumentError, InputError, OutputError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Computation:
    """Computes the result of a public function from f.

    Attributes:
        name: the beginning of g's name.
        compute: returns the result inside the graph being traced. Its arguments are `at`, f as a function of xs, and
            the tensors xs.
        order: the highest order of differentiation.
        tapes: whether `compute` nests `tf.GradientTape`s.
        backward: whether `compute` differentiates f by one `tf.GradientTape` or more.
        points: raises if `compute` cannot use xs.
        returned: converts the output of f, given xs[0], to a structure of tensors; also returns the conditions to check
            at run time.
        directed: if given, g takes one argument after those of f. This converts it to a tensor, given xs[0];
            `compute` takes it after xs.
        broadcast: whether a scalar among xs takes the shape of the others.
        finished: if given, converts the result of `compute` to that of g.
        structured: if given, the one tensor in xs may be joined from a structure of tensors.
        rows_of_others: whether the other arguments have the rows of a batch, and xs has none.
    """

    name: str
    compute: Callable[..., Any]
    order: int = 1
    tapes: bool = False
    backward: bool = False
    points: Callable[[Sequence[tf.Tensor]], None] | None = None
    returned: Callable[..., tuple[Any, list[tf.Tensor]]] = outputs.checked
    directed: Callable[[Any, tf.Tensor], tf.Tensor] | None = None
    broadcast: bool = False
    finished: Callable[[Any], Any] | None = None
    structured: Structured | None = None
    rows_of_others: bool = False


def transform(
    f: Callable[..., Any],
    computation: Computation,
    *,
    argnums: tuple[int | str, ...],
    jit_compile: bool | None,
    block: Block = None,
) -> Callable[..., Any]:
    """Builds g(...) = compute(f as a function of some of its arguments, these), with the arguments of f.

    Args:
        f: a callable on tensors.
        computation: what to compute.
        argnums: the arguments of f that are xs.
        jit_compile: passed to `tf.function`.
        block: the rows of a block, "auto" or None, as in `nthgrad.derivative`.
    """
    if not callable(f):
        raise ArgumentError(f"f is {f!r}, a {type(f).__name__}, which cannot be called. Give a function.")
    f = by_name(f)
    what = computation
    # The Python function of a tf.function is traced inline: a call would hide its ops.
    called = trace.converted(getattr(f, "python_function", f))

    @grappler.guarded
    def traced(xs: Tensors, keys: Keys, args: tuple[Any, ...], kwargs: dict[str, Any], *, opened: bool) -> Any:
        unknown: list[tf.Tensor] = []
        args, v = (args[:-1], args[-1:]) if what.directed else (args, ())
        graph = xs[0].graph
        known = len(graph.get_operations())
        if opened:
            trace.open_lengths(graph)

        def at(*ts: tf.Tensor) -> Any:
            positional, named = _placed(args, dict(zip(keys, ts, strict=True)))
            y = called(*positional, **kwargs, **named)
            try:
                y, lengths = what.returned(y, ts[0])
            except OutputError:
                opaque.refuse(ts, tf.nest.flatten(y))  # opaque ops have outputs of unknown shape
                raise
            unknown.extend(lengths)
            backward = what.tapes or what.backward
            leaves = tf.nest.flatten(y)
            leaves = complex_repairs.constant_in(ts, leaves) if backward else leaves  # power series repair all ops
            made = norms.smooth(ts, leaves, what.order, backward=backward)
            return tf.nest.pack_sequence_as(y, made)

        try:
            return complex_parts.join(what.compute(at, *xs, *v)), unknown
        finally:
            custom_gradients.own(graph.get_operations()[known:])

    compiled = OncePerSignature(
        traced,
        jit_compile=jit_compile,
        tapes=what.tapes,
        rows_of_others=what.rows_of_others,
        block=checked_block(block),
    )
    joined: dict[Any, Callable[..., Any]] = {}

    def of_structure(
        given: Mapping[str, Any], args: tuple[Any, ...], kwargs: dict[str, Any], v: tuple[Any, ...]
    ) -> Any:
        """Returns g of a structure, the only item of `given`, by a g of one tensor for each packing."""
        ((name, x),) = given.items()
        assert what.structured is not None
        key = locate(f, argnums[0], args, kwargs)
        others = replaced(key, lambda _: None, args, kwargs)
        packing, leaves = structured.tensors(x, name, what.structured, (others, v))
        if v and what.structured.like_x:
            v = (packing.joined(structured.direction(v[0], x, leaves, name, what.structured)),)
        signature = key, packing.signature
        if signature not in joined:
            split = packing.split(f, key, field=what.structured.field)
            joined[signature] = transform(
                split, _in_blocks(what, packing), argnums=argnums, jit_compile=jit_compile, block=block
            )
        args, kwargs = replaced(key, lambda _: packing.joined(leaves), args, kwargs)
        return joined[signature](*args, *v, **kwargs)

    def call(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        v: tuple[Any, ...] = ()
        if isinstance(f, ModelOfInputs):
            args, kwargs = f.spread(args, kwargs)
        if what.directed:
            args, kwargs, v = _split(f, argnums, args, kwargs)
        keys = tuple(locate(f, argnum, args, kwargs) for argnum in argnums)
        place = "x" if len(keys) == 1 else "argument {}"
        given = {
            next((n for n in (key, argnum) if isinstance(n, str)), place.format(key)): kwargs[key]
            if isinstance(key, str)
            else args[key]
            for key, argnum in zip(keys, argnums, strict=True)
        }
        if what.structured is not None and any(map(is_structure, given.values())):
            return of_structure(given, args, kwargs, v)
        args = tuple(v for i, v in enumerate(args) if i not in keys)
        kwargs = {k: v for k, v in kwargs.items() if k not in keys}
        xs = as_points(given, (args, kwargs, v))
        if what.broadcast:
            xs = spread_scalars(xs)
        if what.points is not None:
            what.points(xs)
        args, kwargs = as_argument((args, kwargs), like=xs[0])
        if what.directed:
            args = (*args, what.directed(v[0], xs[0]))
        places = tuple(key for key in keys if isinstance(key, int))
        if not kwargs and places == keys:
            tensors, _ = _placed(args, dict(zip(keys, xs, strict=True)))
            compiled.open_shortcut(tensors, places)
            if (done := compiled.shortcut(tensors)) is not None:
                return done
        return compiled(xs, keys, args, kwargs)

    return Derived(f, what, call, compiled)


def _in_blocks(what: Computation, packing: Packing) -> Computation:
    """Returns the computation for the joined tensor of a structure, with each result split into blocks."""
    assert what.structured is not None
    count = what.structured.blocks

    def compute(*args: Any) -> Any:
        found = complex_parts.join(what.compute(*args))
        return tf.nest.map_structure(lambda t: packing.blocks(t, count), found)

    return dataclasses.replace(what, compute=compute, finished=None, structured=None)


# AutoGraph's mark on a callable that it does not convert, copied because an object cannot be decorated.
_UNCONVERTED = vars(tf.autograph.experimental.do_not_convert(lambda: None)).copy()
_UNCONVERTED.pop("__wrapped__", None)


class Derived:
    """A function g with the arguments of f, built from f by one of nthgrad's public functions.

    `tf.function(g)` copies g's attributes, hence the mangled names: they must not replace those of a `tf.function`.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        computation: Computation,
        call: Callable[[tuple[Any, ...], dict[str, Any]], Any],
        compiled: OncePerSignature,
    ):
        self.__f = f
        self.__request: Request | None = None
        self.__traced = False
        self.__call = tf.autograph.experimental.do_not_convert(call)
        self.__compiled, self.__finished = compiled, computation.finished
        self.__name__ = self.__qualname__ = f"{computation.name}_of_{name_of(f)}"
        vars(self).update(_UNCONVERTED)
        signature = _signature(f, directed=computation.directed is not None)
        if signature is not None:
            self.__signature__ = signature

    def made_for(self, request: Request) -> None:
        """Stores the public function that built g, and its options."""
        self.__request = request

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Returns the value at these arguments of f."""
        try:
            done = None if kwargs else self.__compiled.shortcut(args)
            if done is None:
                if not self.__traced:
                    self.__traced = True
                    warn_of_retracing(self.__f, self.__request)
                done = self.__call(args, kwargs)
            return done if self.__finished is None else self.__finished(done)
        except Exception as caught:
            self.__compiled.forget_failures()
            error = tracebacks.shorter(caught)
        raise error

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """Binds g to an instance, like a function in a class."""
        return self if instance is None else types.MethodType(self, instance)

    def __repr__(self) -> str:
        return (
            self.__name__
            if self.__request is None
            else f"<nthgrad.{self.__request.maker} of {name_of(self.__f)!r} ({self.__request})>"
        )

    def __deepcopy__(self, memo: Any) -> Derived:
        """Returns g itself, like a function."""
        return self


def as_direction(v: Any, x: tf.Tensor | tf.TensorSpec, name: str = "v") -> tf.Tensor:
    """Converts a direction to a tensor like x; raises an InputError."""
    v = as_point(tf.constant(v, x.dtype) if is_python(v) else v, name)
    if v.dtype != x.dtype or not v.shape.is_compatible_with(x.shape):
        raise InputError(
            f"{name} is {v.dtype.name} of shape {v.shape}, but x is {x.dtype.name} of shape {x.shape}. Give a "
            "direction of the dtype and the shape of x."
        )
    return v


def name_of(f: Callable[..., Any]) -> str:
    """Returns the name of a function."""
    if isinstance(f, functools.partial):
        return name_of(f.func)
    return getattr(f, "__name__", type(f).__name__)


def _split(
    f: Callable[..., Any], argnums: Sequence[int | str], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any], tuple[Any, ...]]:
    """Splits a call into the arguments of f and the direction: the last argument, or v by name if f has no v."""
    if "v" in kwargs and "v" not in _parameters(f):
        return args, {k: a for k, a in kwargs.items() if k != "v"}, (kwargs["v"],)
    rest, v = args[:-1], args[-1:]
    if not v or (_takes(f, argnums, args, kwargs) and not _takes(f, argnums, rest, kwargs)):
        for argnum in argnums:
            locate(f, argnum, args, kwargs)
        raise ArgumentError("The direction v is missing. Give it after the arguments of f.")
    return rest, kwargs, v


def _parameters(f: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Returns the parameters of f by name; none if f has no signature."""
    try:
        return dict(inspect.signature(f).parameters)
    except (TypeError, ValueError):
        return {}


def _takes(f: Callable[..., Any], argnums: Sequence[int | str], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether these arguments include those of argnums and fit the signature of f."""
    try:
        for argnum in argnums:
            locate(f, argnum, args, kwargs)
        inspect.signature(f).bind(*args, **kwargs)
    except (ArgumentError, TypeError):
        return False
    except ValueError:  # no signature
        return True
    return True


def _signature(f: Callable[..., Any], *, directed: bool) -> inspect.Signature | None:
    """Returns the signature of g; None if f has none, or if no parameter can follow those of f."""
    try:
        signature = inspect.signature(f)
        if directed:
            free = "v" not in signature.parameters
            v = inspect.Parameter(
                "v", inspect.Parameter.POSITIONAL_OR_KEYWORD if free else inspect.Parameter.POSITIONAL_ONLY
            )
            signature = signature.replace(parameters=[*signature.parameters.values(), v])
        return signature
    except (TypeError, ValueError):
        return None


def _placed(args: Sequence[Any], xs: Mapping[int | str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Inserts xs, by position or name, into the other arguments; returns positional and named arguments."""
    rest = iter(args)
    count = len(args) + sum(isinstance(key, int) for key in xs)
    return tuple(xs[i] if i in xs else next(rest) for i in range(count)), {
        key: t for key, t in xs.items() if isinstance(key, str)
    }


def locate(f: Callable[..., Any], argnum: int | str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int | str:
    """Returns the position or the name in a call of the argument to differentiate by."""
    if isinstance(argnum, str) and argnum in kwargs:
        return argnum
    if isinstance(argnum, int) and 0 <= argnum < len(args):
        return argnum
    try:
        names = [
            p.name
            for p in inspect.signature(f).parameters.values()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
    except (TypeError, ValueError):
        names = []
    if isinstance(argnum, str) and argnum in names and names.index(argnum) < len(args):
        return names.index(argnum)
    if isinstance(argnum, int) and 0 <= argnum < len(names) and names[argnum] in kwargs:
        return names[argnum]
    raise ArgumentError(
        f"argnum is {argnum!r}, but the call has {len(args)} positional arguments and the names {sorted(kwargs)}, and "
        f"f takes {names}. Give the position or the name of an argument that is there."
    )
