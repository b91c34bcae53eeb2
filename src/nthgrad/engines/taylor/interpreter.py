"""Walks a traced graph op by op and carries a series for every tensor that varies. It knows no op.

What an op does to series stands in the table `rules.RULES`; an op that is not there gets a rule from its gradient.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines import custom_gradients, remake, state, trace
from nthgrad.engines.taylor.gradients import from_custom_gradient, from_gradient
from nthgrad.engines.taylor.rules import RULES
from nthgrad.engines.taylor.series import Index, Series, below, value
from nthgrad.engines.taylor.step import Input, Step
from nthgrad.errors import UnsupportedOpError


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
    now: dict[str, Any] = dict(env)
    ops = ancestors(targets, now)
    held: set[str] = set()
    if any(map(trace.hidden, ops)):
        held = {op.name for op in ops if custom_gradients.needed_for(op)}
        ops = ancestors(targets, now, held)
    used = {t.name for t in targets}.union(t.name for op in ops for t in op.inputs)
    tops = sorted(set(wanted), key=sum)
    lower = sorted({j for k in tops for j in below(k)}, key=sum)
    spaced = sorted({*tops, *(k for k in lower if sum(k) % 16 == 0)}, key=sum)  # they ask for those between
    late = _linear_tail(ops, env)
    for op in ops:
        inputs = [now.get(t.name, t) for t in op.inputs]
        varies = any(isinstance(x, Series) for x in inputs)
        same = not foreign and all(value(x) is t for x, t in zip(inputs, op.inputs, strict=True))
        if same and not varies:
            continue
        indices = spaced if op.name in late else lower
        rule = from_custom_gradient if op.name in held and same else RULES.get(op.type, from_gradient)
        if getattr(rule, "enters", False):  # it makes the values too
            needed = [i for i, t in enumerate(op.outputs) if t.name in used]
            outputs = rule(Step(op, inputs, (), walk, needed, indices))
        else:
            outputs = list(op.outputs) if same else again(op, [value(x) for x in inputs])
            if varies and any(trace.carries(t) for t in outputs):
                outputs = rule(Step(op, inputs, outputs, walk, indices=indices))
        now.update((t.name, y) for t, y in zip(op.outputs, outputs, strict=True))
        for y in outputs:
            if isinstance(y, Series):
                for k in indices:
                    _ = y[k]
    return [now.get(t.name, t) for t in targets]


def again(op: Any, inputs: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """The op once more, on other inputs: an op in a function, or one after it."""
    if state.changes(op):
        raise UnsupportedOpError(
            f"f changes state inside a function that it calls: {trace.describe(op)}. That function has to be "
            "entered for the derivative, which would change the state twice. Move the change out of it."
        )
    return remake.rebuilt(op, inputs)


def ancestors(targets: Sequence[tf.Tensor], env: Mapping[str, Input], held: Container[str] = ()) -> list[Any]:
    """The ops that the targets are made by, down to the tensors in env, each after those that it needs.

    Of the ops that are held, only the arguments of the function behind their custom gradient are walked.
    """
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
            needs = custom_gradients.arguments(op) if op.name in held else op.inputs
            stack += [(t.op, False) for t in needs if t.name not in env and t.op.name not in seen]
    return order


def is_linear(op: Any, varies: Container[str]) -> bool:
    """Whether an op is linear in what varies, given the names of the tensors that do."""
    most = getattr(RULES.get(op.type), "linear_while", 0)
    return sum(t.name in varies for t in op.inputs) <= most


def _linear_tail(ops: Sequence[Any], env: Mapping[str, Input]) -> set[str]:
    """The ops after which all are linear: of what they give, no lower coefficients are needed."""
    varies = {name for name, x in env.items() if isinstance(x, Series)}
    for op in ops:
        if any(t.name in varies for t in op.inputs):
            varies.update(t.name for t in op.outputs)
    needs_all: set[str] = set()
    for op in reversed(ops):
        if not is_linear(op, varies) or any(t.name in needs_all for t in op.outputs):
            needs_all.update(t.name for t in op.inputs)
    return {op.name for op in ops if not any(t.name in needs_all for t in op.outputs)}
