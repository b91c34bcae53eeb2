"""Interprets ops that run functions: calls, branches and loops.

The body of a call is inlined. A branch returns the parts as further outputs; a loop has them as further variables. Only
the needed outputs are built. The original op runs only if it changes state; its writes are not rebuilt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from nthgrad.engines.graph import kinds, trace
from nthgrad.errors import UnsupportedOpError

if TYPE_CHECKING:
    from nthgrad.engines.graph.walk import Walk


Place = tuple[int, Any]  # the index of an output or a loop variable, and the key of a part


def runs_functions(op: Any) -> bool:
    """Whether an op runs functions whose ops can be interpreted."""
    return op.type in kinds.FUNCTIONAL and bool(trace.bodies(op))


def new_outputs(walk: Walk[Any], op: Any, inputs: Sequence[Any], wanted: Sequence[int]) -> list[Any]:
    """Interprets an op that runs functions.

    Args:
        walk: the walk that has reached the op.
        op: the op.
        inputs: its new inputs.
        wanted: the indices of the outputs to compute.

    Returns:
        the new outputs; None for one that is not wanted.

    Raises:
        UnsupportedOpError: the functions read a state that they change.
    """
    graphs = trace.bodies(op)
    for graph in (g for gs in graphs.values() for g in gs):
        _refuse_state(graph)
    if op.type in kinds.CALLS:
        (graph,) = graphs["f"]
        arguments = inputs[len(inputs) - len(graph.inputs) :]  # RemoteCall's first input is a device
        made = walk.body(op, graph, arguments, wanted, walk.wanted_keys(op))
    else:
        made = (_branch if op.type in kinds.BRANCHES else _loop)(walk, op, graphs, inputs, wanted)
    return [made.get(i) for i in range(len(op.outputs))]


def _branch(
    walk: Walk[Any], op: Any, graphs: Mapping[str, list[Any]], inputs: Sequence[Any], wanted: Sequence[int]
) -> dict[int, Any]:
    """Builds a tf.cond or tf.switch_case that returns the values and parts of its branches."""
    chosen, *arguments = inputs
    branches = graphs.get("branches") or [*graphs["then_branch"], *graphs["else_branch"]]
    sources = [i for i, x in enumerate(arguments) if not isinstance(x, tf.Tensor)]
    vary = [i for i in wanted if any(i in reached(g, sources) for g in branches)]
    found: dict[Place, tf.Tensor | None] = {}

    def make(keys: Sequence[Any]) -> list[tf.Tensor]:
        places = [(i, k) for i in vary for k in keys]
        zeros = set(places)  # structural zeros in all branches
        _force(walk, arguments, keys)

        def run(graph: Any) -> list[Any]:
            made = walk.body(op, graph, [walk.local(x) for x in arguments], wanted, keys)
            zeros.difference_update([p for p in places if walk.part(made[p[0]], p[1]) is not None])
            return [*map(walk.value, made.values()), *(_filled(walk, made[i], k) for i, k in places)]

        runs = [partial(run, g) for g in branches]
        value = walk.value(chosen)
        made = tf.cond(truth(value), *runs) if op.type.endswith("If") else tf.switch_case(value, runs)
        made = tf.nest.flatten(made)
        _set_shapes(made, _shapes(walk, op.outputs, wanted, places))
        found.update({p: None if p in zeros else c for p, c in zip(places, made[len(wanted) :], strict=True)})
        return made[: len(wanted)]

    values = dict(zip(wanted, make(walk.wanted_keys(op)), strict=True))
    return _joined(walk, values, vary, found, make)


def _loop(
    walk: Walk[Any], op: Any, graphs: Mapping[str, list[Any]], inputs: Sequence[Any], wanted: Sequence[int]
) -> dict[int, Any]:
    """Builds a tf.while_loop of the needed variables, with the parts of varying ones as further variables.

    A variable that the body returns unchanged is left out of the new loop and keeps its parts.
    """
    (condition,), (body,) = graphs["cond"], graphs["body"]
    kept = loop_variables(condition, body, wanted)
    carried = [i for i in kept if body.outputs[i] is not body.inputs[i]]
    sources = {i for i in kept if not isinstance(inputs[i], tf.Tensor)}
    while more := (reached(body, sources) & {*kept}) - sources:
        sources |= more
    vary = [i for i in carried if i in sources]
    found: dict[Place, tf.Tensor | None] = {}

    def make(keys: Sequence[Any]) -> list[tf.Tensor]:
        keys = walk.closed(keys)
        places = [(i, k) for i in vary for k in keys]
        _force(walk, inputs, keys)
        start = [*(walk.value(inputs[i]) for i in carried), *(_filled(walk, inputs[i], k) for i, k in places)]

        def arguments(values: Sequence[tf.Tensor]) -> list[Any]:
            now: dict[int, Any] = dict(zip(carried, values, strict=False))
            parts = dict(zip(places, values[len(carried) :], strict=True))
            now |= {i: walk.join(now[i], lambda k, i=i: parts[i, k]) for i in vary}
            return [now[i] if i in now else walk.local(x) if i in kept else x for i, x in enumerate(inputs)]

        def proceed(*values: tf.Tensor) -> tf.Tensor:
            now = [walk.value(x) for x in arguments(values)]
            return truth(walk.value(walk.body(op, condition, now, [0], ())[0]))

        def turn(*values: tf.Tensor) -> list[Any]:
            made = walk.body(op, body, arguments(values), carried, keys)
            new = [*map(walk.value, made.values()), *(_filled(walk, made[i], k) for i, k in places)]
            _set_shapes(new, _shapes(walk, body.outputs, carried, places))
            return new

        made = tf.while_loop(
            proceed,
            turn,
            start,
            shape_invariants=_shapes(walk, op.outputs, carried, places),
            parallel_iterations=op.get_attr("parallel_iterations"),
            maximum_iterations=bound(condition, [walk.value(x) for x in inputs[:2]]),
        )
        made = tf.nest.flatten(made)
        found.update(zip(places, made[len(carried) :], strict=True))
        return made[: len(carried)]

    values = {i: inputs[i] for i in kept} | dict(zip(carried, make(walk.wanted_keys(op)), strict=True))
    return _joined(walk, values, vary, found, make)


def _joined(
    walk: Walk[Any],
    values: dict[int, Any],
    vary: Iterable[int],
    found: Mapping[Place, tf.Tensor | None],
    make: Callable[[Sequence[Any]], Any],
) -> dict[int, Any]:
    """Returns the outputs; varying ones have the parts in `found`, and `make` adds more."""

    def part(key: Any, i: int) -> tf.Tensor | None:
        if (i, key) not in found:
            make(walk.closed([key]))
        return found[i, key]

    return values | {i: walk.join(values[i], partial(part, i=i)) for i in vary}


def _force(walk: Walk[Any], inputs: Iterable[Any], keys: Iterable[Any]) -> None:
    """Computes parts now: computed later, in a branch or a loop, they would belong to its graph only."""
    keys = list(keys)
    for x in inputs:
        for key in keys:
            walk.part(x, key)


def _filled(walk: Walk[Any], x: Any, key: Any) -> tf.Tensor:
    """Returns a part; zeros for a structural zero."""
    c = walk.part(x, key)
    return walk.zeros(x, key) if c is None else c


def _shapes(walk: Walk[Any], like: Sequence[tf.Tensor], values: Iterable[int], parts: Iterable[Place]) -> list[Any]:
    return [*(like[i].shape for i in values), *(walk.part_shape(like[i].shape, k) for i, k in parts)]


def _set_shapes(made: Iterable[Any], shapes: Iterable[tf.TensorShape]) -> None:
    for y, shape in zip(made, shapes, strict=True):
        y.set_shape(shape)


def truth(x: tf.Tensor) -> tf.Tensor:
    """Converts a tensor of any dtype to the condition that control flow reads from it."""
    return x if x.dtype == tf.bool else tf.not_equal(x, tf.zeros_like(x))


def bound(condition: Any, start: Sequence[tf.Tensor]) -> tf.Tensor | None:
    """Returns the maximal number of rounds of a loop whose first variable counts from 0 to its second; otherwise None.

    TensorFlow's loops count so. XLA requires the bound: the gradient of a loop stores the results of each round in
    lists of a known length.

    Args:
        condition: the graph of the loop's condition.
        start: the initial values of the first two variables.
    """
    if len(start) < 2 or tf.get_static_value(start[0]) != 0:
        return None
    ends = [i.name for i in condition.inputs[:2]]
    counts = any(op.type == "Less" and [t.name for t in op.inputs] == ends for op in condition.get_operations())
    return start[1] if counts else None


def reads(graph: Any, outputs: Iterable[int]) -> set[int]:
    """Returns the indices of the inputs that some outputs of a function's graph depend on."""
    names = trace.dependencies(graph.outputs[i] for i in outputs)
    return {i for i, t in enumerate(graph.inputs) if t.name in names}


def loop_variables(
    condition: Any, body: Any, wanted: Iterable[int], reads: Callable[[Any, Iterable[int]], set[int]] = reads
) -> list[int]:
    """The variables of a loop, by number, that the wanted ones and the condition depend on.

    Args:
        condition: the graph of the loop's condition.
        body: the graph of its body.
        wanted: the variables that are read after the loop.
        reads: finds the inputs that some outputs of such a graph depend on.
    """
    kept = set(wanted) | reads(condition, [0])
    while more := reads(body, kept) - kept:
        kept |= more
    return sorted(kept)


def reached(graph: Any, sources: Iterable[int]) -> set[int]:
    """Returns the indices of the outputs that may vary with some inputs of a function's graph."""
    names = {graph.inputs[i].name for i in sources}
    for op in graph.get_operations():
        if any(t.name in names for t in op.inputs):
            names.update(t.name for t in op.outputs if trace.carries(t))
    return {i for i, t in enumerate(graph.outputs) if t.name in names}


def _refuse_state(graph: Any) -> None:
    """Raises where a function's outputs depend on a state that it changes: only the read would be rebuilt."""
    needed = trace.dependencies(graph.outputs)
    ops = graph.get_operations()
    read = _resources([op for op in ops if any(t.name in needed for t in op.outputs)], reads=True)
    for op in ops:
        if shared := _resources([op], reads=False) & read:
            raise UnsupportedOpError(
                f"{trace.describe(op)} changes a variable that f(x) reads ('{shared.pop()}') inside a function that f "
                "calls. The derivative has to rebuild the ops of that function, and would read the variable at another "
                "time. Move the change out of it."
            )


def _resources(ops: Iterable[Any], *, reads: bool) -> set[str]:
    """Returns the names of the resources that ops, or the functions that they run, read or change."""
    names: set[str] = set()
    for op in ops:
        graphs = [g for graphs in trace.bodies(op).values() for g in graphs]
        for graph in graphs:
            inner = _resources(graph.get_operations(), reads=reads)
            outer = list(op.inputs)[len(op.inputs) - len(graph.inputs) :]
            names |= {t.name for i, t in zip(graph.inputs, outer, strict=True) if i.name in inner}
        if not graphs and trace.changes(op) != reads:
            names |= {t.name for t in op.inputs if t.dtype == tf.resource}
    return names
