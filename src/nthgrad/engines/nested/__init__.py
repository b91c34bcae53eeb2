"""Gradients of tensors of one graph, and gradients of these, by one walk that all share.

`tf.gradients` of a gradient differentiates the ops of the gradient, whose number grows 2.65 times an order. Here each
derivative is remembered as what it is: of which tensor, by which other. A derivative of it is one more coefficient of
the series of that tensor. This is right where rows are independent: then an element of the gradient is a derivative.
`proof` shows that from the graph. Where it cannot, the gradient is TensorFlow's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from nthgrad.engines import _private, own
from nthgrad.engines.failures import FAILURES
from nthgrad.engines.graph import trace
from nthgrad.engines.graph.walk import Walk, ancestors
from nthgrad.engines.nested.columns import used_alone
from nthgrad.engines.nested.proof import NotProvedError, path, prove, require_unchanged
from nthgrad.engines.nested.records import Gradient, Orders, Records, added
from nthgrad.engines.nested.sources import Source, is_weight
from nthgrad.engines.nested.walk import SharedWalk
from nthgrad.errors import NthgradError

Tensors = Sequence[tf.Tensor]

MOST_SOURCES = 16
"""The analysis takes time for each tensor to differentiate by. Programs that ask for more want first orders only."""


@dataclass(frozen=True)
class Way:
    """How a gradient was computed.

    Attributes:
        fast: whether by series.
        why: the reason, if not.
        weight: whether it is a gradient by a variable, which never is by series.
    """

    fast: bool
    why: str = ""
    weight: bool = False

    def __str__(self) -> str:
        return "by series" if self.fast else f"TensorFlow's own gradient: {self.why}"


@dataclass(frozen=True, eq=False)
class Request:
    """A call of `tf.gradients` or of a tape: the sum of the gradients of ys.

    Attributes:
        ys: the tensors to differentiate.
        seeds: the gradients of the ys; None for ones.
        own: returns TensorFlow's own gradients by some sources, dense or not.
        recorded: whether an op counts for the gradient by x; None if all do. A tape counts those that it has recorded.
    """

    ys: Tensors
    seeds: Sequence[tf.Tensor | None]
    own: Callable[[Tensors], Sequence[tf.Tensor | None]]
    recorded: Callable[[tf.Operation, tf.Tensor], bool] | None = None


def gradients(request: Request, xs: Tensors) -> tuple[list[tf.Tensor | None], list[Way]]:
    """Returns the gradients of a request by some tensors, and how each was computed.

    They are what TensorFlow's own would be, to rounding, or they are its own.
    """
    ways = [Way(False)] * len(xs)
    plans: list[_Plan | None] = [None] * len(xs)
    found: dict[int, tf.Tensor | None] = {}
    for i, x in enumerate(xs):
        try:
            if len(xs) > MOST_SOURCES and not is_weight(x):
                raise NotProvedError(f"there are more than {MOST_SOURCES} tensors to differentiate by")
            plan = plans[i] = _plan(request, x)
            if plan.again:
                found[i] = _by_series(request, plan)
            ways[i] = Way(plan.again, "it is of first order")
        except (NotProvedError, NthgradError, *FAILURES) as error:
            plans[i], ways[i] = None, Way(False, str(error), is_weight(x))
    rest = [i for i in range(len(xs)) if i not in found]
    for i, g in zip(rest, request.own([xs[i] for i in rest]), strict=True):
        plan = plans[i]
        if plan is not None and isinstance(g, tf.Tensor):
            g = _recorded(request, Gradient(plan.ys, plan.source), g)
        found[i] = g
    return [found[i] for i in range(len(xs))], ways


@dataclass(frozen=True, eq=False)
class _Plan:
    """What was found out about the gradient by one tensor.

    Attributes:
        source: the tensor.
        ys: the tensors that depend on it, times their seeds.
        path: the ops between.
        again: whether something that was differentiated before lies between.
    """

    source: Source
    ys: Tensors
    path: Sequence[tf.Operation]
    again: bool


def _plan(request: Request, x: tf.Tensor) -> _Plan:
    graph = tf.compat.v1.get_default_graph()
    if is_weight(x):
        raise NotProvedError("a variable or a composite tensor is no tensor of rows")
    if any(getattr(t, "graph", None) is not graph for t in (x, *request.ys)):
        raise NotProvedError("a tensor belongs to another graph")
    if _private.in_old_control_flow(graph):
        raise NotProvedError("the call is in a branch or a loop of TensorFlow 1")
    records = Records.of(graph)
    source = records.source(x)
    ops: dict[str, tf.Operation] = {}
    ys: list[tf.Tensor] = []
    for y, seed in zip(request.ys, request.seeds, strict=True):
        between = path(records, x, y)
        if between or y.name == x.name:
            if y.dtype != x.dtype:
                raise NotProvedError(f"{trace.describe(y.op)} is {y.dtype.name}, and x is {x.dtype.name}")
            ys.append(y if seed is None or _are_ones(seed) else _weighted(records, x, y, seed))
            ops.update((op.name, op) for op in between)
    if not ops:
        raise NotProvedError("there is no differentiable path")
    if request.recorded is not None:
        for op in ops.values():
            if not request.recorded(op, x):
                raise NotProvedError(f"the tape has not recorded {trace.describe(op)}")
    again = any(records.get(op) is not None for op in ops.values())
    return _Plan(source, ys, list(ops.values()), again)


def _by_series(request: Request, plan: _Plan) -> tf.Tensor | None:
    """Returns a gradient from the series of what was differentiated before."""
    x, source = plan.source.x, plan.source
    records = Records.of(x.graph)
    require_unchanged(plan.path)
    for y in plan.ys:
        prove(records, y, source)
    ys, before = _root(records, plan.ys)
    found: list[tf.Tensor | None] = []
    names: set[str] = set()
    for axis in source.axes:
        orders = added(before, axis)
        walks = [(y, _walk(records, y, x, orders)) for y in ys]
        names.update(name for _, walk in walks for name, _ in walk.axes)
        slopes = [walk.derivative(y, orders) for y, walk in walks]
        slopes = [c for c in slopes if c is not None]
        found.append(source.column(slopes) if slopes else None)
    like = next((c for c in found if c is not None), None)
    if like is None:
        return _own_of_original(records, request, x)
    parts = [tf.zeros_like(like) if c is None else c for c in found]
    g = source.gradient(parts if len(parts) == 1 else [*map(used_alone, parts)])
    return _recorded(request, Gradient(ys, source, before), records.of_same_rows(g, names))


def _root(records: Records, ys: Tensors) -> tuple[Tensors, Orders]:
    """Returns tensors and the orders of a derivative of their sum: ys themselves, or what y is a derivative of."""
    if len(ys) == 1 and ys[0].op.outputs[0].name == ys[0].name and len(made := records.columns(ys[0].op)) == 1:
        gradient = records.get(ys[0].op)
        assert gradient is not None
        return gradient.ys, made[0]
    return ys, frozenset()


def _walk(records: Records, y: tf.Tensor, x: tf.Tensor, orders: Orders) -> SharedWalk:
    """Returns the walk in some variables and in all by which something between x and y was differentiated."""
    found = {axis for axis, _ in orders}
    for op in path(records, x, y):
        found.update(axis for orders in records.columns(op) for axis, _ in orders)
    key = tuple(sorted(found))
    if key not in records.walks:
        _require_independent([records.sources[name].x for name in {name for name, _ in key}])
        records.walks[key] = SharedWalk(records, key)
    return records.walks[key]


def _require_independent(xs: Tensors) -> None:
    """Refuses sources of which one depends on another."""
    for x in xs:
        if any(trace.between([x], [other]) for other in xs if other is not x):
            raise NotProvedError("one of the tensors to differentiate by depends on another")


def _recorded(request: Request, gradient: Gradient, g: tf.Tensor) -> tf.Tensor:
    """Records a gradient under a name of its own."""
    records = Records.of(g.graph)
    made = tf.identity(g)
    made.set_shape(gradient.source.x.shape)
    records.gradients[made.name] = gradient
    records.requests[made.name] = request.ys, request.seeds
    return made


def _own_of_original(records: Records, request: Request, x: tf.Tensor) -> tf.Tensor | None:
    """Returns TensorFlow's own gradient of a structural zero: zeros or None.

    The gradients that it depends on are replaced by TensorFlow's own, because a gradient of theirs may be zeros where
    one of the series is None.
    """

    def original(ys: Tensors) -> list[tf.Tensor]:
        made = {t.name for op in ancestors(ys, records.requests) for t in op.inputs if t.name in records.requests}
        made |= {y.name for y in ys if y.name in records.requests}
        env: dict[str, tf.Tensor] = {}
        for name in made:
            of, seeds = records.requests[name]
            found = own.gradients(original(of), records.gradients[name].source.x, seeds)[0]
            if found is not None:
                env[name] = found
        return Walk(env).run(list(ys)) if env else list(ys)

    return own.gradients(original(request.ys), x, list(request.seeds))[0]


def _weighted(records: Records, x: tf.Tensor, y: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Returns y times its seed: its gradient is that of y with this seed, where the seed does not vary with x."""
    if seed.shape.rank != y.shape.rank or not seed.shape.is_compatible_with(y.shape):
        raise NotProvedError("the gradient given for a y has another shape")
    if seed.name == x.name or path(records, x, seed):
        raise NotProvedError("the gradient given for a y depends on x")
    return y * seed


def _are_ones(t: tf.Tensor) -> bool:
    if t.op.type == "OnesLike":
        return True
    if t.op.type == "Fill":
        t = t.op.inputs[1]
    found = tf.get_static_value(t)
    return found is not None and bool(np.all(found == 1))
