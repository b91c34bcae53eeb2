"""Walks a traced graph op by op and carries a series for every tensor that varies. It knows no op.

What an op does to series stands in the table `rules.RULES`; an op that is not there gets a rule from its gradient.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines import remake, trace
from nthgrad.engines.taylor import families
from nthgrad.engines.taylor.families import Input, Step
from nthgrad.engines.taylor.gradients import from_gradient
from nthgrad.engines.taylor.rules import RULES
from nthgrad.engines.taylor.series import Index, Series, below, value


def walk(
    env: Mapping[str, Input],
    targets: Sequence[tf.Tensor],
    wanted: Iterable[Index] = (),
    foreign: bool = False,
) -> list[Input]:
    """What the targets become when some tensors of their graph vary.

    Args:
        env: by name, what some tensors have become: a series, or another tensor.
        targets: tensors of one graph.
        wanted: the indices to compute on the way, in order, so that no recursion is deep; more may be asked for later.
        foreign: whether the targets are of another graph than the one being traced, so that all ops are made again.

    Returns:
        A series for each target that varies, else a tensor.
    """
    now = dict(env)
    ops = _ancestors(targets, now)
    tops = sorted(set(wanted), key=sum)
    lower = sorted({j for k in tops for j in below(k)}, key=sum)
    late = _linear_tail(ops, targets)
    for op in ops:
        inputs = [now.get(t.name, t) for t in op.inputs]
        if any(isinstance(x, Series) for x in inputs):
            outputs = _apply(op, inputs, foreign)
        elif foreign or any(x is not t for x, t in zip(inputs, op.inputs, strict=True)):
            outputs = remake.again(op, inputs)
        else:
            continue
        now.update((t.name, y) for t, y in zip(op.outputs, outputs, strict=True))
        for y in outputs:
            if isinstance(y, Series):
                for k in tops if op.name in late else lower:
                    _ = y[k]
    return [now.get(t.name, t) for t in targets]


def _apply(op: Any, inputs: Sequence[Input], foreign: bool) -> Sequence[Input]:
    """What becomes of the outputs of an op of which an input varies."""
    rule = RULES.get(op.type, from_gradient)
    if getattr(rule, "enters", False):  # control flow makes its own values
        return rule(Step(op, inputs, (), walk))
    values = [value(x) for x in inputs]
    same = not foreign and all(x is t for x, t in zip(values, op.inputs, strict=True))
    outputs = list(op.outputs) if same else remake.again(op, values)
    if not any(trace.carries(t) for t in outputs):
        return outputs
    return rule(Step(op, inputs, outputs, walk))


def _ancestors(targets: Sequence[tf.Tensor], env: Mapping[str, Input]) -> list[Any]:
    """The ops that the targets are made by, down to the tensors in env, each after those that it needs."""
    order: list[Any] = []
    seen: set[str] = set()
    stack = [(t.op, False) for t in reversed(targets) if t.name not in env]
    while stack:
        op, ready = stack.pop()
        if ready:
            order.append(op)
        elif op.name not in seen:
            seen.add(op.name)
            stack.append((op, True))
            stack += [(t.op, False) for t in op.inputs if t.name not in env and t.op.name not in seen]
    return order


def _linear_tail(ops: Sequence[Any], targets: Sequence[tf.Tensor]) -> set[str]:
    """The ops after which all are linear: of what they give, no lower coefficients are needed."""
    needs_all: set[str] = set()
    for op in reversed(ops):
        if RULES.get(op.type) is not families.linear or any(t.name in needs_all for t in op.outputs):
            needs_all.update(t.name for t in op.inputs)
    return {op.name for op in ops if not any(t.name in needs_all for t in op.outputs)}
