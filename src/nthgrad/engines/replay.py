"""Makes the ops between x and y once more, with repairs in the place of those whose derivatives would be wrong.

The walk knows three things beyond "make the same op again": function calls and control flow are entered, `repairs` are
looked up by op type, and a branch of a select is computed from inputs that the branch not taken cannot reach.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines import custom_gradients, state, trace
from nthgrad.engines.remake import rebuilt
from nthgrad.engines.repairs import REPAIRS, leaves_the_graph
from nthgrad.errors import UnsupportedOpError

# Ops that choose: the inputs (by index) that they choose from, and the condition under which the first is chosen.
SELECTS: dict[str, tuple[tuple[int, ...], Callable[..., tf.Tensor]]] = {
    "Maximum": ((0, 1), lambda a, b: a >= b),
    "Minimum": ((0, 1), lambda a, b: a <= b),
    "Relu": ((0,), lambda a: a > 0),
    "Select": ((1, 2), lambda c, a, b: c),
    "SelectV2": ((1, 2), lambda c, a, b: c),
}

# Ops that compute each element of their output from the elements of their inputs in the same place.
ELEMENTWISE = frozenset({
    "Abs", "Acos", "Acosh", "Add", "AddN", "AddV2", "Angle", "Asin", "Asinh", "Atan", "Atan2", "Atanh", "BesselI0",
    "BesselI0e", "BesselI1", "BesselI1e", "BesselJ0", "BesselJ1", "BesselK0", "BesselK0e", "BesselK1", "BesselK1e",
    "BesselY0", "BesselY1", "Betainc", "Cast", "CheckNumerics", "ClipByValue", "Complex", "ComplexAbs", "Conj", "Cos",
    "Cosh", "Dawsn", "Digamma", "Div", "DivNoNan", "Elu", "EnsureShape", "Erf", "Erfc", "Erfinv", "Exp", "Expint",
    "Expm1", "FloorMod", "FresnelCos", "FresnelSin", "Identity", "Igamma", "Igammac", "Imag", "Inv", "LeakyRelu",
    "Lgamma", "Log", "Log1p", "Maximum", "Minimum", "Mul", "MulNoNan", "Ndtri", "Neg", "NextAfter", "Polygamma", "Pow",
    "Real", "RealDiv", "Reciprocal", "Relu", "Relu6", "Rsqrt", "Select", "SelectV2", "Selu", "Sigmoid", "Sin", "Sinh",
    "Softplus", "Softsign", "Spence", "Sqrt", "Square", "SquaredDifference", "Sub", "Tan", "Tanh", "Xdivy", "Xlog1py",
    "Xlogy", "Zeta",
})  # fmt: skip

_CALLS = ("PartitionedCall", "StatefulPartitionedCall", "RemoteCall")


def needs_repair(path: Iterable[Any], custom: bool = True) -> bool:
    """Whether any op of a path, or of the functions that it calls, has to be rebuilt in another way.

    It has a repair, or is a select that needs gates, or has a custom gradient that is not to stay in force.
    """
    ops = list(trace.walk(path))
    made = {(id(op.graph), t.name) for op in ops for t in op.outputs if op.type in ELEMENTWISE}
    return any(
        (op.type in REPAIRS)
        or (not custom and custom_gradients.is_users(op))
        or (op.type in SELECTS and any((id(op.graph), op.inputs[i].name) in made for i in SELECTS[op.type][0]))
        for op in ops
    )


class Replay:
    """One walk over some ops of one graph: `env` maps the name of an old tensor to the new one."""

    def __init__(self, ops: Iterable[Any], env: dict[str, tf.Tensor], inside: bool = False, custom: bool = True):
        self.env, self.inside = dict(env), inside  # inside: of a loop or a branch
        self.custom = custom  # whether custom gradients stay in force
        self.sources = frozenset(env)
        self.ops = {op.name: op for op in ops}
        self.gates: dict[tuple[str, str], tf.Tensor] = {}

    def run(self, targets: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Makes again what the targets need, in the order of creation, and returns the new targets.

        Nothing else is made: a copy that nobody needs would still be given a zero cotangent where TensorFlow passes
        the intermediate results of a branch to its gradient, and zero times an infinite slope is NaN.
        """
        needed = self.ancestors(targets)
        for op in self.ops.values():
            if wanted := [i for i, t in enumerate(op.outputs) if t.name in needed]:
                outputs = self.make(op, self.now(op.inputs), wanted)
                self.env.update((op.outputs[i].name, outputs[i]) for i in wanted)
        return self.now(targets)

    def now(self, tensors: Iterable[Any]) -> list[Any]:
        """The new tensors for old ones; those that are not made again stand for themselves."""
        return [self.env.get(t.name, t) for t in tensors]

    def ancestors(self, targets: Iterable[tf.Tensor]) -> set[str]:
        """The names of the tensors of this walk that the targets are made from."""
        needed, todo = set(), list(targets)
        while todo:
            t = todo.pop()
            if t.name in needed or t.name in self.sources or t.op.name not in self.ops:
                continue
            needed.add(t.name)
            todo += self.inputs(t.op)
        return needed

    def inputs(self, op: Any) -> list[tf.Tensor]:
        """What making an op again needs: of a select's branches, only the tensors where they begin."""
        if not self.chooses(op):
            return list(op.inputs)
        indices = SELECTS[op.type][0]
        needs, todo = [], [op.inputs[i] for i in indices]
        while todo:
            t = todo.pop()
            if self.elementwise(t):
                todo += self.inputs(t.op)
            else:
                needs.append(t)
        return needs + [t for i, t in enumerate(op.inputs) if i not in indices or not op.type.startswith("Select")]

    def make(
        self, op: Any, inputs: Sequence[tf.Tensor], wanted: Sequence[int] = (0,), mask: tf.Tensor | None = None
    ) -> Any:
        """Makes one op again, or what stands in for it.

        Args:
            op: the old op.
            inputs: the new inputs.
            wanted: the outputs, by index, that are needed.
            mask: where what is made is used, if not everywhere.

        Returns:
            The new outputs by index, at least the wanted ones.
        """
        if self.chooses(op):
            indices, condition = SELECTS[op.type]
            chosen = condition(*inputs)
            chosen = _widen(chosen, op.outputs[0]) if op.type == "Select" else chosen
            other = tf.logical_not(chosen)
            yes, no = (chosen, other) if mask is None else (chosen & mask, other & mask)
            taken = [self.gated(op.inputs[i], m) for i, m in zip(indices, (yes, no), strict=False)]
            return [tf.where(chosen, taken[0], taken[1] if taken[1:] else tf.zeros_like(taken[0]))]
        if op.type in REPAIRS:
            if self.inside and leaves_the_graph(op, inputs):
                raise UnsupportedOpError(
                    f"{trace.describe(op)} stands in a loop or a branch, where it cannot be repaired for higher "
                    "derivatives. Move it out, write the loop in Python, or use nthgrad.finite_difference."
                )
            made = REPAIRS[op.type](op, *inputs)
            return made if isinstance(made, list) else [made]
        if op.type == "IdentityN":
            if custom_gradients.needed_for(op):
                return _held(op, inputs)
            if self.custom and custom_gradients.is_users(op):
                return _custom_gradient(op, inputs)
            if custom_gradients.is_exact(op) and op.graph is inputs[0].graph:
                return _custom_gradient(op, inputs, custom_gradients.exact_gradient)
        graphs = trace.bodies(op)
        return _call(op, graphs, list(inputs), wanted, self) if graphs else rebuilt(op, inputs)

    def chooses(self, op: Any) -> bool:
        """Whether an op is a select of which a branch is more than a tensor that is there already."""
        return op.type in SELECTS and any(self.elementwise(op.inputs[i]) for i in SELECTS[op.type][0])

    def elementwise(self, tensor: tf.Tensor) -> bool:
        """Whether a tensor is made elementwise, by an op of this walk."""
        return tensor.name not in self.sources and tensor.op.name in self.ops and tensor.op.type in ELEMENTWISE

    def gated(self, tensor: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """A branch, computed from inputs that let no derivative through where the mask is False.

        Where a branch is not taken its cotangent is zero, and zero times its infinite slope would be NaN. The gate
        stands where the elementwise part of the branch begins, so the NaN is dropped there, at every order.
        """
        key = tensor.name, mask.name
        if key not in self.gates:
            new = self.env.get(tensor.name, tensor)
            if self.elementwise(tensor):
                inputs = [self.gated(t, mask) for t in tensor.op.inputs]
                self.gates[key] = self.make(tensor.op, inputs, mask=mask)[tensor.value_index]
            elif trace.carries(tensor) and tensor.name in self.env:
                self.gates[key] = _gate(new, mask)
            else:
                self.gates[key] = new
        return self.gates[key]


def _gate(tensor: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    if tensor.shape.rank is None or mask.shape.rank is None:
        return tensor
    if tensor.shape != mask.shape or not tensor.shape.is_fully_defined():
        shape = tf.broadcast_dynamic_shape(tf.shape(tensor), tf.shape(mask))
        tensor, mask = tf.broadcast_to(tensor, shape), tf.broadcast_to(mask, shape)
    return tf.where(mask, tensor, tf.stop_gradient(tensor))


def _widen(condition: tf.Tensor, branch: tf.Tensor) -> tf.Tensor:
    """The old Select takes a vector of conditions, one a row; later ones broadcast from the right."""
    if condition.shape.rank == 1 and branch.shape.rank not in (None, 1):
        return tf.reshape(condition, [-1] + [1] * (branch.shape.rank - 1))
    return condition


def _custom_gradient(
    op: Any, inputs: Sequence[tf.Tensor], decorate: Callable[..., Any] = tf.custom_gradient
) -> list[tf.Tensor]:
    """The IdentityN that ends a tf.custom_gradient, rebuilt with that gradient."""
    if op.graph is not inputs[0].graph:
        raise UnsupportedOpError(
            f"f calls a function with a tf.custom_gradient in it, {trace.describe(op)}, beside ops that have to be "
            "repaired. Call that function's Python code directly instead of through its own tf.function."
        )

    @decorate
    def apply(*inputs):
        return tf.identity_n(list(inputs)), lambda *u: _pulled(list(op.outputs), list(op.inputs), list(u))

    return tf.nest.flatten(apply(*inputs))


def _held(op: Any, inputs: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """As `_custom_gradient`, but no path leads through the results: a function is behind them that cannot be seen."""
    taken = custom_gradients.arguments(op)
    count = len(inputs) - len(taken)

    @tf.custom_gradient
    def apply(*arguments):
        return tf.identity_n(list(inputs[:count])), lambda *u: _pulled(list(op.outputs[:count]), taken, list(u))

    return [*tf.nest.flatten(apply(*inputs[count:])), *inputs[count:]]


def _pulled(ys: list[tf.Tensor], xs: list[tf.Tensor], cotangents: list[tf.Tensor]) -> list[tf.Tensor]:
    gradients = tf.gradients(ys, xs, cotangents)
    return [tf.zeros_like(t) if g is None else g for g, t in zip(gradients, xs, strict=True)]


def inline(
    graph: Any, arguments: Sequence[tf.Tensor], wanted: Sequence[int], inside: bool = True, custom: bool = True
) -> list[tf.Tensor]:
    """Rebuilds the wanted outputs of a function's graph, on these arguments, in the graph being traced."""
    for op in graph.get_operations():
        if state.changes(op):
            raise UnsupportedOpError(
                f"f changes state inside a function that it calls: {trace.describe(op)}. That function has to be "
                "entered for the derivative, which would change the state twice. Move the change out of it."
            )
    env = {t.name: a for t, a in zip(graph.inputs, arguments, strict=True)}
    return Replay(graph.get_operations(), env, inside, custom).run([graph.outputs[i] for i in wanted])


def _call(
    op: Any, graphs: dict[str, list[Any]], inputs: list[tf.Tensor], wanted: Sequence[int], replay: Replay
) -> dict[int, Any]:
    def branch(graph: Any) -> Callable[[], list[tf.Tensor]]:
        return lambda: inline(graph, inputs[1:], wanted, custom=replay.custom)

    if op.type in _CALLS:
        outputs = inline(graphs["f"][0], inputs, wanted, replay.inside, replay.custom)
    elif op.type in ("If", "StatelessIf"):
        outputs = tf.cond(inputs[0], branch(graphs["then_branch"][0]), branch(graphs["else_branch"][0]))
    elif op.type in ("Case", "StatelessCase"):
        outputs = tf.switch_case(inputs[0], [branch(g) for g in graphs["branches"]])
    elif op.type in ("While", "StatelessWhile"):
        return _loop(op, graphs["cond"][0], graphs["body"][0], inputs, wanted, replay.custom)
    else:
        raise UnsupportedOpError(
            f"{trace.describe(op)} calls a function in which an op has to be repaired, and it is none of the calls "
            "that can be entered. Write it with tf.function, tf.cond, tf.switch_case or tf.while_loop."
        )
    return dict(zip(wanted, tf.nest.flatten(outputs), strict=True))


def _loop(
    op: Any, condition: Any, body: Any, inputs: list[tf.Tensor], wanted: Sequence[int], custom: bool
) -> dict[int, Any]:
    """A loop over those of its variables that the wanted ones and the condition need."""
    kept, todo = set(), [*wanted, *_reads(condition, [0])]
    while todo:
        if (i := todo.pop()) not in kept:
            kept.add(i)
            todo += _reads(body, [i])
    order = sorted(kept)

    def fill(state: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        return [state[order.index(i)] if i in kept else inputs[i] for i in range(len(inputs))]

    outputs = tf.while_loop(
        lambda *state: inline(condition, fill(state), [0], custom=custom)[0],
        lambda *state: inline(body, fill(state), order, custom=custom),
        [inputs[i] for i in order],
        shape_invariants=[op.outputs[i].shape for i in order],
    )
    return dict(zip(order, tf.nest.flatten(outputs), strict=True))


def _reads(graph: Any, wanted: Sequence[int]) -> list[int]:
    """The inputs, by index, from which some outputs of a function's graph are made."""
    seen, todo = set(), [graph.outputs[i] for i in wanted]
    while todo:
        t = todo.pop()
        if t.name not in seen:
            seen.add(t.name)
            todo += t.op.inputs
    return [i for i, t in enumerate(graph.inputs) if t.name in seen]
