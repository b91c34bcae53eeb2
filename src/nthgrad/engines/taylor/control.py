"""Function calls, branches and loops: the bodies that they run are walked, and made again with the coefficients.

A call's body is made where the call stood. A branch hands out the coefficients beside the values; a loop carries them
from round to round. Of what an op gives, only what is needed is made, and the op itself drops out of the graph, unless
it changes state: its writes are not made twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import tensorflow as tf

from nthgrad.engines import python_code, state, trace
from nthgrad.engines.taylor.algebra import or_zeros
from nthgrad.engines.taylor.series import Coefficient, Index, Series, below, value, varying
from nthgrad.engines.taylor.step import Input, Rule, Step
from nthgrad.errors import UnsupportedOpError

Place = tuple[int, Index]  # the coefficient of an index, of an output or a variable of a loop by its number


def entering(rule: Rule) -> Rule:
    """Marks a rule that makes the values itself, so that the interpreter does not."""
    rule.enters = True  # type: ignore[attr-defined]
    return rule


@entering
def call(step: Step) -> Sequence[Input]:
    """A function call: its body, made in the graph being traced."""
    (graph,) = bodies(step.op, "f")
    inputs = step.inputs[len(step.inputs) - len(graph.inputs) :]  # of RemoteCall, the first is a device
    env = {t.name: x for t, x in zip(graph.inputs, inputs, strict=True)}
    made = step.walk(env, [graph.outputs[i] for i in step.needed], step.indices, foreign=True)
    return _placed(step, dict(zip(step.needed, made, strict=True)))


@entering
def branch(step: Step) -> Sequence[Input]:
    """One of several bodies: a tf.cond or tf.switch_case of their values and coefficients."""
    chosen, *inputs = step.inputs
    if step.op.type in ("If", "StatelessIf"):
        graphs = [*bodies(step.op, "then_branch"), *bodies(step.op, "else_branch")]
        choose = lambda runs: tf.cond(_truth(value(chosen)), *runs)  # noqa: E731
    else:
        graphs, choose = bodies(step.op, "branches"), partial(tf.switch_case, value(chosen))
    sources = [i for i, x in enumerate(inputs) if isinstance(x, Series)]
    vary = [i for i in step.needed if any(i in _reached(g, sources) for g in graphs)]
    found: dict[Place, Coefficient] = {}

    def make(indices: Sequence[Index]) -> list[tf.Tensor]:
        places = [(i, k) for i in vary for k in indices if any(k)]
        zeros = set(places)  # in whichever branch
        _force(inputs, indices)

        def run(graph: Any) -> list[Any]:
            env = {t.name: _local(x) for t, x in zip(graph.inputs, inputs, strict=True)}
            made = step.walk(env, [graph.outputs[i] for i in step.needed], indices, foreign=True)
            made = dict(zip(step.needed, made, strict=True))
            zeros.difference_update([p for p in places if varying(made[p[0]], p[1]) is not None])
            return [*map(value, made.values()), *(or_zeros(varying(made[i], k), made[i]) for i, k in places)]

        made = tf.nest.flatten(choose([partial(run, g) for g in graphs]))
        _shape(made, [step.op.outputs[i] for i in (*step.needed, *(i for i, _ in places))])
        found.update({p: None if p in zeros else c for p, c in zip(places, made[len(step.needed) :], strict=True)})
        return made[: len(step.needed)]

    return _outputs(step, dict(zip(step.needed, make(step.indices), strict=True)), vary, found, make)


@entering
def loop(step: Step) -> Sequence[Input]:
    """A tf.while_loop of the variables that are needed, with the coefficients of those that vary as further ones.

    A variable that the body hands on as it is, is none of the new loop, and keeps its coefficients.
    """
    (condition,), (body,) = bodies(step.op, "cond"), bodies(step.op, "body")
    inputs = step.inputs
    kept = set(step.needed) | _read(condition, [0])
    while more := _read(body, kept) - kept:
        kept |= more
    carried = [i for i in sorted(kept) if body.outputs[i] is not body.inputs[i]]
    sources = {i for i in kept if isinstance(inputs[i], Series)}
    while more := (_reached(body, sources) & kept) - sources:
        sources |= more
    vary = [i for i in carried if i in sources]
    found: dict[Place, Coefficient] = {}

    def make(indices: Sequence[Index]) -> list[tf.Tensor]:
        indices = sorted({j for k in indices for j in below(k)}, key=sum)
        places = [(i, k) for i in vary for k in indices if any(k)]
        _force(inputs, indices)
        start = [*(value(inputs[i]) for i in carried), *(or_zeros(varying(inputs[i], k), inputs[i]) for i, k in places)]

        def env(graph: Any, state: Sequence[tf.Tensor]) -> dict[str, Input]:
            now: dict[int, Input] = {i: inputs[i] for i in kept} | dict(zip(carried, state, strict=False))
            c = dict(zip(places, state[len(carried) :], strict=True))
            now |= {i: Series(state[carried.index(i)], lambda k, i=i: c[i, k]) for i in vary}
            return {graph.inputs[i].name: x if i in carried else _local(x) for i, x in now.items()}

        def proceed(*state: tf.Tensor) -> tf.Tensor:
            now = {name: value(x) for name, x in env(condition, state).items()}
            return _truth(value(step.walk(now, condition.outputs, foreign=True)[0]))

        def round_(*state: tf.Tensor) -> list[Any]:
            made = step.walk(env(body, state), [body.outputs[i] for i in carried], indices, foreign=True)
            made = dict(zip(carried, made, strict=True))
            made = [*map(value, made.values()), *(or_zeros(varying(made[i], k), made[i]) for i, k in places)]
            _shape(made, [body.outputs[i] for i in (*carried, *(i for i, _ in places))])
            return made

        shapes = [step.op.outputs[i].shape for i in (*carried, *(i for i, _ in places))]
        made = tf.nest.flatten(
            tf.while_loop(
                proceed,
                round_,
                start,
                shape_invariants=shapes,
                parallel_iterations=step.op.get_attr("parallel_iterations"),
                maximum_iterations=bound(condition, inputs),
            )
        )
        found.update(zip(places, made[len(carried) :], strict=True))
        return made[: len(carried)]

    values = {i: inputs[i] for i in kept} | dict(zip(carried, make(step.indices), strict=True))
    return _outputs(step, values, vary, found, make)


def bodies(op: Any, attribute: str) -> list[Any]:
    """The graphs of the functions that an op runs, or an UnsupportedOpError."""
    graphs = trace.bodies(op).get(attribute)
    if graphs is None:
        raise UnsupportedOpError(
            f"{trace.describe(op)} runs a function whose ops cannot be seen. Call the Python code that it was "
            "made from, or use nthgrad.finite_difference."
        )
    for graph in graphs:
        _refuse_state(graph)
    return graphs


def _outputs(
    step: Step, values: dict[int, Any], vary: Iterable[int], found: dict[Place, Coefficient], make: Callable[..., Any]
) -> list[Any]:
    """The outputs, of which those that vary have the coefficients found; make finds more."""

    def coefficient(k: Index, i: int) -> Coefficient:
        if (i, k) not in found:
            make(list(below(k)))
        return found[i, k]

    return _placed(step, values | {i: Series(values[i], partial(coefficient, i=i)) for i in vary})


def _placed(step: Step, made: dict[int, Any]) -> list[Any]:
    return [made.get(i) for i in range(len(step.op.outputs))]


def _force(inputs: Iterable[Input], indices: Iterable[Index]) -> None:
    """Computes coefficients here and now: left to a branch or a loop, they would be seen nowhere else."""
    for x in inputs:
        if isinstance(x, Series):
            for k in indices:
                for j in below(k):
                    _ = x[j]


def _local(x: Input) -> Input:
    """A series whose value belongs to the graph of the branch or the loop, where rules look for it."""
    return Series(tf.identity(x.value), x.__getitem__, x.live) if isinstance(x, Series) else x


def _truth(x: tf.Tensor) -> tf.Tensor:
    """What an op takes for true of a tensor of any dtype."""
    return x if x.dtype == tf.bool else tf.not_equal(x, tf.zeros_like(x))


def _shape(made: Iterable[Any], old: Iterable[tf.Tensor]) -> None:
    for y, t in zip(made, old, strict=True):
        y.set_shape(t.shape)


def bound(condition: Any, inputs: Sequence[Input]) -> Any:
    """The most rounds of a loop that counts them from 0 in its first variable up to its second, as TensorFlow's do.

    XLA needs it: the gradient of a loop that it compiles keeps what each round gave in lists of a known length.
    """
    if len(inputs) < 2 or tf.get_static_value(value(inputs[0])) != 0:
        return None
    ends = [i.name for i in condition.inputs[:2]]
    counts = any(op.type == "Less" and [t.name for t in op.inputs] == ends for op in condition.get_operations())
    return value(inputs[1]) if counts else None


def _read(graph: Any, outputs: Iterable[int]) -> set[int]:
    """The inputs, by number, that some outputs of a function's graph are made from."""
    names = trace.leads_to(graph.outputs[i] for i in outputs)
    return {i for i, t in enumerate(graph.inputs) if t.name in names}


def _reached(graph: Any, sources: Iterable[int]) -> set[int]:
    """The outputs, by number, that may vary with some inputs of a function's graph."""
    names = {graph.inputs[i].name for i in sources}
    for op in graph.get_operations():
        if any(t.name in names for t in op.inputs):
            names.update(t.name for t in op.outputs if trace.carries(t))
    return {i for i, t in enumerate(graph.outputs) if t.name in names}


def _refuse_state(graph: Any) -> None:
    """Raises where a function's outputs come of a state that it changes: only the reading would be made again."""
    needed = trace.leads_to(graph.outputs)
    ops = graph.get_operations()
    read = _state([op for op in ops if any(t.name in needed for t in op.outputs)], reads=True)
    for op in ops:
        if shared := _state([op], reads=False) & read:
            raise UnsupportedOpError(
                f"{trace.describe(op)} changes a variable that f(x) reads ('{shared.pop()}') inside a function that f "
                "calls. That function has to be entered for the derivative, which would read the variable at another "
                "time. Move the change out of it."
            )


def _state(ops: Iterable[Any], reads: bool) -> set[str]:
    """The names of the resources that some ops read, or change, themselves or by the functions that they run."""
    names: set[str] = set()
    for op in ops:
        graphs = [g for graphs in trace.bodies(op).values() for g in graphs]
        for graph in graphs:
            inner = _state(graph.get_operations(), reads)
            outer = list(op.inputs)[len(op.inputs) - len(graph.inputs) :]
            names |= {t.name for i, t in zip(graph.inputs, outer, strict=True) if i.name in inner}
        if not graphs and state.changes(op) != reads:
            names |= {t.name for t in op.inputs if t.dtype == tf.resource}
    return names


@entering
def python(step: Step) -> Sequence[Input]:
    """Python code that TensorFlow runs as it is: nothing is to be seen of it."""
    if step.op.type == "PyFuncStateless" and not any(isinstance(x, Series) for x in step.inputs):
        return step.again(step.inputs)
    raise python_code.refused(step.op)


RULES: dict[str, Rule] = {
    **dict.fromkeys(["PartitionedCall", "RemoteCall", "StatefulPartitionedCall"], call),
    **dict.fromkeys(["Case", "If", "StatelessCase", "StatelessIf"], branch),
    **dict.fromkeys(["StatelessWhile", "While"], loop),
    **dict.fromkeys(python_code.OPS, python),
}
