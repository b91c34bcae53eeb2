"""Rebuilds ops that call functions (later versions of TensorFlow 1 wrote them), and loops of both kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from nthgrad.engines.graph.control import loop_variables, truth
from nthgrad.errors import LegacyError
from nthgrad.legacy._internals import lifting as _private
from nthgrad.legacy._lift import arrays
from nthgrad.legacy._lift.ops import CUT, describe
from nthgrad.legacy._lift.structure import Structure

if TYPE_CHECKING:
    from nthgrad.legacy._lift.emit import Emitter

_BODIES = {
    "PartitionedCall": ["f"],
    "StatefulPartitionedCall": ["f"],
    "If": ["then_branch", "else_branch"],
    "StatelessIf": ["then_branch", "else_branch"],
    "While": ["cond", "body"],
    "StatelessWhile": ["cond", "body"],
}


def call(emitter: Emitter, op: Any, inputs: Sequence[Any]) -> Sequence[Any] | None:
    """Rebuilds an op that calls functions; unread outputs are None. Returns None for another op."""
    graphs = _graphs(op)
    if not graphs:
        return None
    wanted = emitter.structure.read_outputs(op)
    if "While" in op.type:
        return _while(emitter, graphs[0], graphs[1], inputs, wanted)
    runs = [partial(_inline, emitter, graph, inputs[len(inputs) - len(graph.inputs) :], wanted) for graph in graphs]
    values = runs[0]() if len(runs) == 1 else tf.nest.flatten(tf.cond(truth(inputs[0]), *runs))
    made = dict(zip(wanted, values, strict=True))
    return [made.get(i) for i in range(len(op.outputs))]


def needs(structure: Structure, op: Any) -> list[tf.Tensor]:
    """Returns the inputs of an op on which its read outputs depend."""
    if "While" not in op.type:
        return list(op.inputs)
    graphs = _graphs(op)
    return [op.inputs[i] for i in loop_variables(graphs[0], graphs[1], structure.read_outputs(op), _reads)]


def _graphs(op: Any) -> list[Any]:
    """Returns the graphs of the functions that an op calls."""
    try:
        if op.type in _BODIES:
            graphs = [_private.body(op.graph, op.get_attr(name).name) for name in _BODIES[op.type]]
        elif not hasattr(tf.raw_ops, op.type):  # its type may be the name of the function
            graphs = [graph for graph in [_private.body(op.graph, op.type)] if graph is not None]
        else:
            graphs = []
    except (KeyError, ValueError, TypeError, tf.errors.OpError) as error:  # from TensorFlow, for a damaged file
        said = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise LegacyError(f"{describe(op)} calls a function that cannot be read: {said}. {CUT}") from error
    if None in graphs:
        raise LegacyError(f"{describe(op)} calls a function that its graph does not hold. {CUT}")
    return graphs


def loop(proceed: Callable[..., Any], turn: Callable[..., list[Any]], start: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """Builds a tf.while_loop whose variables may change their shape.

    A file does not state shape invariants. So the body is traced outside of the graph, with wider shapes, until its
    outputs have the shapes of its inputs.
    """
    shapes = [t.shape for t in start]
    while True:
        specs = [tf.TensorSpec(shape, t.dtype) for shape, t in zip(shapes, start, strict=True)]
        with arrays.trying():
            made = tf.function(turn, autograph=False).get_concrete_function(*specs).outputs
        wider = [a.most_specific_compatible_shape(y.shape) for a, y in zip(shapes, made, strict=True)]
        if [a.as_list() if a.rank is not None else None for a in wider] == [
            a.as_list() if a.rank is not None else None for a in shapes
        ]:
            break
        shapes = wider
    return tf.nest.flatten(tf.while_loop(lambda *s: truth(proceed(*s)), turn, list(start), shape_invariants=shapes))


def _while(emitter: Emitter, condition: Any, body: Any, inputs: Sequence[Any], wanted: Sequence[int]) -> list[Any]:
    """Rebuilds a While op over the loop variables that are needed and change."""
    kept = loop_variables(condition, body, wanted, _reads)
    carried = [i for i in kept if isinstance(inputs[i], tf.Tensor) and not _constant(body, i)]

    def fill(state: Sequence[Any]) -> list[Any]:
        now = dict(zip(carried, state, strict=True))
        return [now.get(i, x) for i, x in enumerate(inputs)]

    made = loop(
        lambda *state: _inline(emitter, condition, fill(state), [0])[0],
        lambda *state: _inline(emitter, body, fill(state), carried),
        [inputs[i] for i in carried],
    )
    return fill(made)


def _inline(emitter: Emitter, graph: Any, arguments: Sequence[Any], wanted: Sequence[int]) -> list[Any]:
    """Rebuilds some outputs of a function's graph on these arguments, in the graph being traced."""
    env = {t.name: x for t, x in zip(graph.inputs, arguments, strict=True)}
    structure = Structure([graph.outputs[i] for i in wanted], env)
    inner = type(emitter)(structure, emitter.variables, emitter.constants, safe_mode=emitter.safe_mode)
    made = inner.make(env, structure.targets)
    return [tf.identity(x) if isinstance(x, tf.Tensor) else x for x in made]


def _constant(graph: Any, i: int) -> bool:
    """Whether a loop body returns a variable unchanged."""
    tensor = graph.outputs[i]
    while tensor.op.type == "Identity":
        tensor = tensor.op.inputs[0]
    return tensor.name == graph.inputs[i].name


def _reads(graph: Any, wanted: Iterable[int]) -> set[int]:
    """Returns the numbers of the inputs that some outputs of a graph depend on, without branches not taken."""
    targets = [graph.outputs[i] for i in wanted]
    names = Structure(targets).before(targets)
    return {i for i, t in enumerate(graph.inputs) if t.name in names}
