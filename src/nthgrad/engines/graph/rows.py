"""Proves, op by op, that rows are independent between some tensors of a graph and others.

The state of a tensor says which row of the inputs each of its elements depends on. The rules in `row_rules` compute it
from the states of an op's inputs. By default only derivatives count: an integer, a predicate or a StopGradient does not
vary. Where values count, only shapes do not.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines.graph import kinds, row_values, trace
from nthgrad.engines.graph.places import FIXED, Mixed, MixError, NoProofError, Place, Rows, State, Unknown, renamed
from nthgrad.engines.graph.row_rules import RULES, SHORTENS, number

_CALLS = kinds.CALLS - {"RemoteCall"}  # whose first input is a device
_MAX_ROUNDS = 8  # of a loop whose states do not converge


@dataclasses.dataclass(frozen=True)
class Independent:
    """Each row of a tensor depends on its own row only.

    Args:
        axes: the axis of the tensor for each row axis of the inputs; None if the tensor does not vary.
        op: the last op that moved rows to other axes, or None.
    """

    axes: tuple[int, ...] | None
    op: Any = dataclasses.field(default=None, compare=False)


def states(
    inputs: Mapping[str, Sequence[int]],
    outputs: Sequence[tf.Tensor],
    path: Sequence[Any] | None = None,
    *,
    values: bool = False,
) -> list[Independent | Mixed | Unknown]:
    """Returns for each output whether its rows depend on the same rows of the inputs only.

    `Independent` is a proof. `Mixed` names an op that surely combines or exchanges rows; a later op may undo it.
    `Unknown` names the first op without a proof. The cost is linear in the size of the graph.

    Args:
        inputs: the names of tensors of one graph, each with its row axes. All have the same number of row axes.
        outputs: tensors of the same graph. Only ops on a path to an output count.
        path: the ops on a path, each after those that it needs, if they are known.
        values: whether a tensor depends on a row also where no derivative shows it.
    """
    if not outputs:
        return []
    given = {name: Rows(frozenset({tuple(Place(axis) for axis in axes)})) for name, axes in inputs.items()}
    walk = Walk(values=values)
    if path is None:
        path = walk.between([outputs[0].graph.get_tensor_by_name(name) for name in given], outputs)
    found = walk.through(given, path)
    return [verdict(found.get(y.name)) for y in outputs]


def verdict(state: State | None) -> Independent | Mixed | Unknown:
    """Returns what a state says of the rows of a tensor."""
    if state is None:
        return Independent(None)
    if not isinstance(state, Rows):
        return state
    if len(state.roles) > 1:
        return Mixed(state.op)
    (role,) = state.roles
    if any(place.axis == FIXED or place.first or place.reversed or place.rolled for place in role):
        return Mixed(state.op)
    if any(place.every != 1 or place.count is not None for place in role):
        return Unknown(state.op)
    return Independent(tuple(place.axis for place in role), state.op)


class Walk:
    """Computes the states of tensors, graph by graph; walks a body once for the same input states."""

    def __init__(self, *, values: bool) -> None:
        self.known: dict[Any, list[State | None]] = {}
        self.values = values
        self.rules = row_values.RULES if values else RULES
        self.counts: Callable[[tf.Tensor], bool] = _any if values else trace.carries

    def between(self, sources: Iterable[tf.Tensor], targets: Iterable[tf.Tensor]) -> list[Any]:
        """Returns the ops on a path of what counts."""
        stop = kinds.SHAPE_ONLY if self.values else kinds.CONSTANT
        return trace.between(sources, targets, stop, self.counts)

    def through(self, given: Mapping[str, State], path: Iterable[Any]) -> dict[str, State]:
        """Returns the states of the given tensors and of the outputs of the ops on a path, by name."""
        found = dict(given)
        for op in path:
            inputs = [found.get(t.name) for t in op.inputs]
            made = self.after(op, inputs)
            for t, state in zip(op.outputs, made, strict=True):
                if state is not None and self.counts(t) and t.name not in given:
                    found[t.name] = state
        return found

    def after(self, op: Any, inputs: list[State | None]) -> list[State | None]:
        """Returns the states of an op's outputs."""
        try:
            if op.type in _CALLS | kinds.BRANCHES | kinds.LOOPS:
                return self.after_functions(op, inputs)
            for kind in (Mixed, Unknown):
                for state in inputs:
                    if isinstance(state, kind):
                        return [state] * len(op.outputs)
            rule = self.rules.get(op.type)
            if rule is None:
                raise NoProofError
            made = rule(op, [_fixed(s, t) for s, t in zip(inputs, op.inputs, strict=True)])
            return [self.checked(op, roles, t, inputs) for roles, t in zip(made, op.outputs, strict=True)]
        except MixError:
            return [Mixed(op)] * len(op.outputs)
        except NoProofError:
            return [Unknown(op)] * len(op.outputs)

    def checked(self, op: Any, roles: Any, t: tf.Tensor, inputs: Iterable[State | None]) -> State | None:
        """Returns the state of an output: its roles, and the op to name in errors."""
        if not roles:
            return None
        if len(roles) > 4:
            raise NoProofError
        before = [s for s in inputs if isinstance(s, Rows)]
        for place in (place for role in roles for place in role):
            # An op that requires a single row proves nothing about several.
            if op.type not in SHORTENS and t.dtype != tf.variant and place.axis != FIXED and t.shape[place.axis] == 1:
                raise NoProofError
        joined = next((s.op for s in before if len(s.roles) > 1), None)
        if joined is not None:
            return Rows(roles, joined)
        unmoved = next((s for s in before if s.roles == roles), None)
        return Rows(roles, op if unmoved is None else unmoved.op)

    def after_functions(self, op: Any, inputs: list[State | None]) -> list[State | None]:
        """Returns the states of the outputs of an op that runs functions."""
        graphs = trace.bodies(op)
        if op.type in _CALLS and "f" in graphs:
            return self.called(graphs["f"][0], inputs, op.inputs)[: len(op.outputs)]
        if op.type in kinds.BRANCHES and graphs and not (self.values and inputs[0] is not None):
            branches = [g for found in graphs.values() for g in found]
            made = [self.called(g, inputs[1:], op.inputs[1:])[: len(op.outputs)] for g in branches]
            return [_either(op, states) for states in zip(*made, strict=True)]
        if op.type in kinds.LOOPS and "body" in graphs:
            after = self.loop(graphs["body"][0], inputs, op.inputs)
            if not self.values or self.body(graphs["cond"][0], after) == [None]:
                return after
        raise NoProofError

    def called(self, body: Any, inputs: Sequence[State | None], given: Sequence[tf.Tensor]) -> list[State | None]:
        """Returns the states of the outputs of a function, with the row names of its caller."""
        names = {number(i): number(t) for i, t in zip(body.inputs, given, strict=True)}
        return [renamed(state, _mark(body), names, None) for state in self.body(body, inputs)]

    def loop(self, body: Any, inputs: list[State | None], given: Sequence[tf.Tensor]) -> list[State | None]:
        """Returns the states of the variables of a loop after any number of rounds.

        A row whose index is a loop variable is another row in the next round.
        """
        pairs = zip(body.inputs, body.outputs, given, strict=False)
        names = {number(i): number(t) for i, o, t in pairs if o is i}
        now = list(inputs)
        for _ in range(_MAX_ROUNDS):
            made = [renamed(s, _mark(body), names, f"<earlier>{_mark(body)}") for s in self.body(body, now)]
            after = [_carried(t, s, m) for t, s, m in zip(body.outputs, now, made, strict=False)]
            if after == now:
                return now
            now = after
        raise NoProofError

    def body(self, graph: Any, inputs: Sequence[State | None]) -> list[State | None]:
        """Returns the states of the outputs of a function."""
        key = graph, tuple(inputs)
        if key not in self.known:
            pairs = zip(graph.inputs, inputs, strict=True)
            given = {t.name: s for t, s in pairs if s is not None and self.counts(t)}
            sources = [graph.get_tensor_by_name(name) for name in given]
            found = self.through(given, self.between(sources, graph.outputs)) if given else {}
            self.known[key] = [found.get(t.name) for t in graph.outputs]
        return self.known[key]


def _any(_: tf.Tensor) -> bool:
    return True


def _mark(graph: Any) -> str:
    return f"@{id(graph)}"


def _fixed(state: State | None, t: tf.Tensor) -> State | None:
    """Replaces places on axes of length 1 by their one row."""
    if not isinstance(state, Rows) or t.dtype == tf.variant:
        return state
    if t.shape.rank is None:
        raise NoProofError
    single = {i for i, n in enumerate(t.shape) if n == 1}
    if not any(place.axis in single for role in state.roles for place in role):
        return state
    roles = (tuple(Place(FIXED, p.first) if p.axis in single else p for p in role) for role in state.roles)
    return Rows(frozenset(roles), state.op)


def _either(op: Any, found: Sequence[State | None]) -> State | None:
    """Returns the state of a branch's output: it holds whichever branch runs."""
    varying = [s for s in found if s is not None]
    if all(isinstance(s, Mixed) for s in found):
        return found[0]
    if any(s != varying[0] or not isinstance(s, Rows) for s in varying[:]):
        return next((s for s in varying if isinstance(s, Unknown)), Unknown(op))
    return varying[0] if varying else None


def _carried(t: tf.Tensor, before: State | None, made: State | None) -> State | None:
    """Returns a state that holds for a loop variable both before and after a round."""
    if made is None or before == made:
        return before
    if before is None:
        return made
    for kind in (Mixed, Unknown):
        for state in (before, made):
            if isinstance(state, kind):
                return state
    assert isinstance(before, Rows)
    assert isinstance(made, Rows)
    passing = all(p.axis == FIXED for role in before.roles for p in role)
    if passing and all(str(p.first).startswith("<") for role in made.roles for p in role):
        return made  # the row of some round, or the initial row
    return made if before.roles <= made.roles else Unknown(t.op)
