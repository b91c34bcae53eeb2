"""`tf.contrib.graph_editor`: selects ops of a graph, copies them, and reroutes tensors.

Memory-saving gradients and unrolled optimizers use these functions. Ops of a loop of TensorFlow 1 cannot be copied.
"""

import contextlib
import graphlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tensorflow import Graph as _Graph  # private: `from tensorflow.contrib.graph_editor import *` must not import it
from tensorflow import Operation as _Op
from tensorflow import Tensor as _Tensor

from nthgrad.errors import LegacyError as _LegacyError
from nthgrad.legacy._internals import ops as _ops


def _list(given: Any) -> list[Any]:
    """Returns an object, or those of an iterable or graph, as a list."""
    if isinstance(given, _Graph):
        return given.get_operations()
    return [given] if isinstance(given, (_Op, _Tensor)) else list(given)


def _seeds(given: Any, of: Callable[[Any], Iterable[_Op]]) -> list[_Op]:
    """Returns ops unchanged, and for tensors the ops that `of` returns."""
    found = [[each] if isinstance(each, _Op) else of(each) for each in _list(given)]
    return list(dict.fromkeys(op for ops in found for op in ops))


def _walk(
    seeds: list[_Op], following: Callable[[_Op], Iterable[_Op]], inclusive: bool, within_ops: Any, within_ops_fn: Any
) -> list[_Op]:
    within = frozenset(_list(within_ops)) if within_ops else None
    seeds = [op for op in seeds if within is None or op in within]
    found, pending = dict.fromkeys(seeds), list(seeds)
    while pending:
        for op in following(pending.pop(0)):
            if op not in found and (within is None or op in within) and (within_ops_fn is None or within_ops_fn(op)):
                found[op] = None
                pending.append(op)
    return [op for op in found if inclusive or op not in seeds]


def get_forward_walk_ops(
    seed_ops: Any, inclusive: bool = True, within_ops: Any = None, within_ops_fn: Any = None, stop_at_ts: Any = ()
) -> list[_Op]:
    """Returns the ops that depend on ops or tensors.

    Args:
        seed_ops: the ops; for a tensor, its consumers.
        inclusive: returns them too.
        within_ops: the only ops to visit; None visits all.
        within_ops_fn: returns whether to visit an op.
        stop_at_ts: tensors that are not followed.
    """
    stops = frozenset(_list(stop_at_ts))

    def consumers(op: _Op) -> Iterable[_Op]:
        return (each for tensor in op.outputs if tensor not in stops for each in tensor.consumers())

    return _walk(_seeds(seed_ops, lambda tensor: tensor.consumers()), consumers, inclusive, within_ops, within_ops_fn)


def get_backward_walk_ops(
    seed_ops: Any,
    inclusive: bool = True,
    within_ops: Any = None,
    within_ops_fn: Any = None,
    stop_at_ts: Any = (),
    control_inputs: bool = False,
) -> list[_Op]:
    """Returns the ops on which ops or tensors depend; see `get_forward_walk_ops`.

    Args:
        seed_ops: the ops; for a tensor, the op that computes it.
        inclusive: see there.
        within_ops: see there.
        within_ops_fn: see there.
        stop_at_ts: see there.
        control_inputs: follows control dependencies too.
    """
    stops = frozenset(_list(stop_at_ts))

    def inputs(op: _Op) -> Iterable[_Op]:
        data = [tensor.op for tensor in op.inputs if tensor not in stops]
        return [*data, *op.control_inputs] if control_inputs else data

    return _walk(_seeds(seed_ops, lambda tensor: [tensor.op]), inputs, inclusive, within_ops, within_ops_fn)


def filter_ops(ops: Any, positive_filter: Any) -> list[_Op]:
    """Returns the ops for which a function returns True; all of them for the filter True."""
    return [op for op in _list(ops) if positive_filter is True or positive_filter(op)]


def filter_ops_from_regex(ops: Any, regex: Any) -> list[_Op]:
    """Returns the ops whose names match."""
    return filter_ops(ops, lambda op: re.search(regex, op.name))


def filter_ts(ops: Any, positive_filter: Any) -> list[_Tensor]:
    """Returns the inputs, then the outputs of ops, those for which a function returns True; see `filter_ops`."""
    ops = _list(ops)
    tensors = dict.fromkeys(tensor for op in ops for tensor in op.inputs)
    tensors.update(dict.fromkeys(tensor for op in ops for tensor in op.outputs))
    return [tensor for tensor in tensors if positive_filter is True or positive_filter(tensor)]


def filter_ts_from_regex(ops: Any, regex: Any) -> list[_Tensor]:
    """Returns the inputs and outputs of ops whose names match."""
    return filter_ts(ops, lambda tensor: re.search(regex, tensor.name))


def select_ops(*args: Any, graph: Any = None, positive_filter: Any = None) -> list[_Op]:
    """Returns ops, and those of `graph` whose names match a regular expression."""
    found: dict[_Op, None] = {}
    for each in args:
        text = isinstance(each, (str, re.Pattern))
        found.update(dict.fromkeys(filter_ops_from_regex(graph, each) if text else _list(each)))
    return filter_ops(found, True if positive_filter is None else positive_filter)


class SubGraphView:
    """Ops of a graph.

    Attributes:
        ops: the ops.
        inputs: the tensors from outside that they read.
        outputs: their tensors that others read, or nobody.
        graph: the graph.
    """

    def __init__(self, ops: Sequence[_Op]) -> None:
        self.ops = list(ops)
        within = frozenset(self.ops)
        read = dict.fromkeys(tensor for op in self.ops for tensor in op.inputs)
        self.inputs = [tensor for tensor in read if tensor.op not in within]
        made = [tensor for op in self.ops for tensor in op.outputs]
        self.outputs = [each for each in made if not each.consumers() or not within.issuperset(each.consumers())]
        self.graph = self.ops[0].graph if self.ops else None


def sgv(*args: Any, graph: Any = None) -> SubGraphView:
    """Returns a view of ops, which may be given as in `select_ops`; returns a view unchanged."""
    return (
        args[0]
        if len(args) == 1 and isinstance(args[0], SubGraphView)
        else SubGraphView(select_ops(*args, graph=graph))
    )


make_view = sgv


class TransformerInfo:
    """Maps originals to their copies, and back."""

    def __init__(self, ops: Mapping[_Op, _Op]) -> None:
        self._transformed_ops = dict(ops)
        pairs = [pair for old, new in ops.items() for pair in zip(old.outputs, new.outputs, strict=True)]
        self._transformed_ts = dict(pairs)

    def transformed(self, original: Any, missing_fn: Callable | None = None) -> Any:
        """Returns the copy of an op or tensor, a list for several; for one without a copy, `missing_fn(it)` or None."""
        return self._found({**self._transformed_ops, **self._transformed_ts}, original, missing_fn)

    def original(self, transformed: Any, missing_fn: Callable | None = None) -> Any:
        """Returns the original of a copy; see `transformed`."""
        both = {**self._transformed_ops, **self._transformed_ts}
        return self._found({new: old for old, new in both.items()}, transformed, missing_fn)

    def _found(self, table: Mapping[Any, Any], asked: Any, missing_fn: Callable | None) -> Any:
        if isinstance(asked, Mapping):
            return type(asked)((key, self._found(table, each, missing_fn)) for key, each in asked.items())  # type: ignore[call-arg]
        if not isinstance(asked, (_Op, _Tensor)):
            return type(asked)(self._found(table, each, missing_fn) for each in asked)
        return table[asked] if asked in table else missing_fn(asked) if missing_fn else None


def copy_with_input_replacements(
    sgv: Any, replacement_ts: Mapping[_Tensor, _Tensor], dst_scope: str = ""
) -> tuple[SubGraphView, TransformerInfo]:
    """Copies ops; the copies read replacements of tensors from outside, and otherwise the same ones.

    Args:
        sgv: the ops, or a view of them.
        replacement_ts: maps tensors to those that are read in their place.
        dst_scope: the scope of the copies.

    Returns:
        a view of the copies, and the TransformerInfo.

    Raises:
        LegacyError: if the ops have a loop.
    """
    view = make_view(sgv)
    within = frozenset(view.ops)
    before = {op: [*(tensor.op for tensor in op.inputs), *op.control_inputs] for op in view.ops}
    sorter = graphlib.TopologicalSorter({op: [each for each in ops if each in within] for op, ops in before.items()})
    try:
        order = list(sorter.static_order())
    except graphlib.CycleError as error:
        names = ", ".join(op.name for op in error.args[1][:4])
        raise _LegacyError(
            f"tf.contrib.graph_editor cannot copy the loop of the ops {names}. Copy ops before or after the loop only."
        ) from None
    copies: dict[_Op, _Op] = {}
    for op in order:
        inputs = [
            copies[each.op].outputs[each.value_index] if each.op in copies else replacement_ts.get(each, each)
            for each in op.inputs
        ]
        after: list[Any] = [copies.get(each, each) for each in op.control_inputs]
        copies[op] = _copy(op, inputs, after, dst_scope)
    return SubGraphView([copies[op] for op in view.ops]), TransformerInfo(copies)


def _copy(op: _Op, inputs: list[_Tensor], after: list[_Op], scope: str) -> _Op:
    graph: Any = op.graph
    name = f"{scope.rstrip('/')}/{op.name}" if scope else op.name
    with contextlib.ExitStack() as stack:
        stack.enter_context(graph.as_default())
        stack.enter_context(graph.name_scope(None))
        stack.enter_context(graph.device(op.device))
        stack.enter_context(graph.control_dependencies(None))  # none of the program's
        stack.enter_context(graph.control_dependencies(after))
        return graph.create_op(
            op.type,
            inputs,
            [tensor.dtype for tensor in op.outputs],
            input_types=[tensor.dtype for tensor in op.inputs],
            name=name,
            attrs=dict(op.node_def.attr),
            op_def=op.op_def,
        )


def graph_replace(target_ts: Any, replacement_ts: Mapping[_Tensor, _Tensor], dst_scope: str = "") -> Any:
    """Returns tensors as functions of other tensors: copies the ops between, and keeps what does not depend on them.

    Args:
        target_ts: a tensor, or a list, tuple or dict of tensors.
        replacement_ts: maps tensors to their replacements.
        dst_scope: the scope of the copies.

    Raises:
        ValueError: if no target depends on a tensor that is replaced.
    """
    targets = list(target_ts.values()) if isinstance(target_ts, Mapping) else _list(target_ts)
    behind = frozenset(get_backward_walk_ops(targets))
    between = [op for op in get_forward_walk_ops(list(replacement_ts)) if op in behind]
    if not between:
        raise ValueError("Targets and replacements are not connected!")
    _, info = copy_with_input_replacements(between, replacement_ts, dst_scope)
    return info.transformed(target_ts, lambda original: original)


def reroute_ts(ts0: Any, ts1: Any, can_modify: Any = None, cannot_modify: Any = None) -> int:
    """Lets the consumers of each tensor of `ts1` read that of `ts0` instead.

    Args:
        ts0: the tensors to read.
        ts1: the tensors that were read.
        can_modify: the only ops to change; None is all.
        cannot_modify: ops that are not changed.

    Returns:
        the number of changed inputs.
    """
    only = None if can_modify is None else frozenset(_list(can_modify))
    kept = frozenset(_list(cannot_modify or ()))
    pairs = list(zip(_list(ts0), _list(ts1), strict=True))
    readers = [set(old.consumers()) for _, old in pairs]
    changed = 0
    for (new, old), consumers in zip(pairs, readers, strict=True):
        for op in consumers - kept if new is not old else ():
            if only is None or op in only:
                for index, tensor in enumerate(op.inputs):
                    if tensor is old:
                        _ops.update_input(op, index, new)
                        changed += 1
    return changed


def add_control_inputs(op: _Op, cops: Any) -> None:
    """Lets an op run after others.

    Raises:
        ValueError: if it does so already.
    """
    others = _seeds(cops, lambda tensor: [tensor.op])
    for each in others:
        if each in op.control_inputs:
            raise ValueError(f"{each.name} is already a control_input of {op.name}")
    _ops.add_control_inputs(op, others)
