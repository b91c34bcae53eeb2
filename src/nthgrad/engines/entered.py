"""Rebuilds ops that run functions: calls, branches and loops, whose bodies are rebuilt by a function that is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines import state, trace
from nthgrad.engines.taylor.control import bound

Run = Callable[[Any, Sequence[tf.Tensor], Sequence[int]], list[tf.Tensor]]

CALLS = ("PartitionedCall", "StatefulPartitionedCall")
_BRANCHES = ("Case", "If", "StatelessCase", "StatelessIf")
_LOOPS = ("StatelessWhile", "While")


def entered(
    op: Any, graphs: Mapping[str, list[Any]], inputs: Sequence[tf.Tensor], wanted: Sequence[int], run: Run
) -> dict[int, tf.Tensor] | None:
    """Rebuilds an op from the bodies that it runs.

    Args:
        op: the op.
        graphs: its bodies, by attribute name.
        inputs: its new inputs.
        wanted: the outputs to rebuild, by number. A branch that returns more has more to differentiate: a root that is
            not needed is given a cotangent of zero, and zero times its infinite slope is NaN.
        run: rebuilds some outputs of a body, by number, on arguments, in the graph being traced.

    Returns:
        The new outputs by number; None where a body changes state, or the op is of another kind.
    """
    if any(map(state.changes, inner_ops(graphs))):
        return None
    if op.type in CALLS:
        made = run(graphs["f"][0], inputs, wanted)
    elif op.type in _BRANCHES:
        branches = graphs.get("branches") or [*graphs["then_branch"], *graphs["else_branch"]]
        runs = [lambda g=g: run(g, inputs[1:], wanted) for g in branches]
        made = tf.cond(_truth(inputs[0]), *runs) if op.type.endswith("If") else tf.switch_case(inputs[0], runs)
    elif op.type in _LOOPS:
        (condition,), (body,) = graphs["cond"], graphs["body"]
        wanted = _needed(condition, body, wanted)

        def filled(state: Sequence[tf.Tensor]) -> list[tf.Tensor]:
            now = dict(zip(wanted, state, strict=True))
            return [now.get(i, t) for i, t in enumerate(inputs)]

        made = tf.while_loop(
            lambda *state: _truth(run(condition, filled(state), [0])[0]),
            lambda *state: run(body, filled(state), wanted),
            [inputs[i] for i in wanted],
            shape_invariants=[op.outputs[i].shape for i in wanted],
            parallel_iterations=op.get_attr("parallel_iterations"),
            maximum_iterations=bound(condition, inputs),
        )
    else:
        return None
    return dict(zip(wanted, tf.nest.flatten(made), strict=True))


def _needed(condition: Any, body: Any, wanted: Sequence[int]) -> list[int]:
    """The variables of a loop, by number, that the wanted ones and the condition depend on."""
    kept, todo = set(), {*wanted, *_read(condition, [0])}
    while todo:
        kept |= todo
        todo = _read(body, kept) - kept
    return sorted(kept)


def _read(graph: Any, outputs: Iterable[int]) -> set[int]:
    """The inputs, by number, that some outputs of a function's graph depend on."""
    names = trace.leads_to(graph.outputs[i] for i in outputs)
    return {i for i, t in enumerate(graph.inputs) if t.name in names}


def inner_ops(graphs: Mapping[str, list[Any]]) -> list[Any]:
    """All ops of some bodies, and of those that they run."""
    ops = [op for gs in graphs.values() for g in gs for op in g.get_operations()]
    return ops + [inner for op in ops for inner in inner_ops(trace.bodies(op))]


def _truth(x: tf.Tensor) -> tf.Tensor:
    """What an op takes for true of a tensor of any dtype."""
    return x if x.dtype == tf.bool else tf.not_equal(x, tf.zeros_like(x))
