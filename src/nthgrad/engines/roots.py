"""Rebuilds f where it is a smooth function of the square of a norm, which the chain rule divides by the norm.

A norm r = sqrt(s) has no derivative where s = 0, but r**2, cos(r) and (1 + r) exp(-r) have: there they are polynomials
in s, to any order that is asked for. Every engine differentiates what `smooth` returns:

* the square of a norm, however scaled, is rebuilt from s;
* another elementwise function z of r is rebuilt as where(s == 0, p, z), p being its Taylor polynomial in r, whose even
  powers are powers of s (`engines.even`). An odd power r**k stays without derivatives of order k and higher.

Where |x| stands for r the convention is kept that its derivative is 0 at 0.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.engines import even, trace
from nthgrad.engines.remake import again
from nthgrad.engines.repairs import product_power
from nthgrad.engines.replay import ELEMENTWISE, HARMLESS, Replay
from nthgrad.engines.signs import of_squares, positive
from nthgrad.engines.taylor.control import bound
from nthgrad.engines.taylor.interpreter import ancestors

_ORIGINS = frozenset({"Abs", "ComplexAbs", "EuclideanNorm", "Pow", "Sqrt"})
_COMPARISONS = frozenset({
    "Equal", "Greater", "GreaterEqual", "Less", "LessEqual", "LogicalAnd", "LogicalNot", "LogicalOr", "NotEqual",
})  # fmt: skip
_REGION = ELEMENTWISE - {"Cast", "CheckNumerics", "EnsureShape", "Identity", "Select"} | _COMPARISONS
_MOVES = frozenset({
    "BroadcastTo", "Cast", "EnsureShape", "ExpandDims", "Gather", "GatherNd", "GatherV2", "Identity", "Reshape",
    "Reverse", "ReverseV2", "Slice", "Split", "Squeeze", "StridedSlice", "Tile", "Transpose", "Unpack",
})  # fmt: skip
_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
_BRANCHES = ("Case", "If", "StatelessCase", "StatelessIf")
_LOOPS = ("StatelessWhile", "While")


def smooth(
    sources: Sequence[tf.Tensor], leaves: Sequence[tf.Tensor], order: int, *, backward: bool
) -> list[tf.Tensor]:
    """Rebuilds tensors where they are functions of norms, inside the graph being traced.

    Args:
        sources: the tensors to differentiate by.
        leaves: tensors of the graph being traced.
        order: the highest order of differentiation, all directions together.
        backward: whether a `tf.GradientTape` differentiates the result.

    Returns:
        The leaves, or tensors with the same values.
    """
    path = trace.between(sources, leaves)
    if order == 0 or not any(op.type in _ORIGINS for op in trace.walk(path)):
        return list(leaves)
    varies = {t.name for t in sources} | {t.name for op in path for t in op.outputs}
    rebuild = _Rebuild({t.name: t for t in sources}, varies, order, backward)
    return rebuild.run(path, leaves)


class _Root:
    """A tensor r, where it is zero, and its square s; `safe` is r, but a constant where it is zero.

    Attributes:
        expands: whether s is never negative, so that its derivative is zero where s is.
        convention: whether r is an absolute value, which by convention has the derivative 0 at 0.
    """

    def __init__(
        self,
        square: Callable[[], tf.Tensor],
        value: Callable[[], tf.Tensor],
        safe: Callable[[], tf.Tensor],
        zero: Callable[[], tf.Tensor],
        expands: bool = False,
        convention: bool = False,
    ):
        made = [functools.cache(f) for f in (square, value, safe, zero)]
        self.square, self.value, self.safe, self.zero = made
        self.expands, self.convention = expands, convention

    def moved(self, i: int, move: Callable[[tf.Tensor], list[tf.Tensor]]) -> _Root:
        """The root that an op makes of this one by moving elements, as its output i."""
        made = [functools.cache(lambda f=f: move(f())[i]) for f in (self.square, self.value, self.safe)]
        zero = lambda: tf.equal(made[1](), 0)  # noqa: E731
        return _Root(*made, zero, self.expands, self.convention)


class _Part:
    """A tensor made elementwise of one root: odd, unless it is a function of the square alone.

    `scaled` is there where the tensor is the root times something: it scales another tensor in the same way.
    """

    def __init__(self, root: _Root, odd: bool, scaled: Callable[[Any], Any] | None = None):
        self.root, self.odd, self.scaled = root, odd, scaled


class _Rebuild:
    """One walk over the ops of a graph: `env` maps the names of old tensors to new ones."""

    def __init__(
        self, env: Mapping[str, tf.Tensor], varies: set[str], order: int, backward: bool, foreign: bool = False
    ):
        self.env, self.varies, self.order, self.backward, self.foreign = dict(env), varies, order, backward, foreign
        self.parts: dict[str, _Part] = {}
        self.powers: dict[str, tuple[_Root, float]] = {}  # tensors that are powers of a root
        self.ends: dict[str, tf.Tensor] = {}  # parts, as ops outside of the region take them
        self.insides: dict[tuple[str, bool], tf.Tensor] = {}
        self.keys: dict[Any, int] = {}
        self.roots: dict[int, _Root] = {}

    def run(self, ops: Iterable[Any], targets: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        ops = list(ops)
        for op in ops:
            if op.type in ("Pow", "Sqrt"):
                self.find_square(op)
        for op in ops:
            self.step(op)
        return [self.now(t) for t in targets]

    # What tensors have become.

    def now(self, t: tf.Tensor) -> tf.Tensor:
        """A tensor as ops outside of a region take it."""
        part = self.parts.get(t.name)
        if part is None or not part.odd or not trace.carries(t):
            return self.inside(t, safe=False)
        if t.name not in self.ends:
            self.ends[t.name] = self.end(t, part)
        return self.ends[t.name]

    def inside(self, t: tf.Tensor, safe: bool) -> tf.Tensor:
        """A tensor of a region, computed from the root, or from what is safe where the root is zero."""
        if t.name in self.env or t.name not in self.parts:
            return self.env.get(t.name, t)
        key = t.name, safe
        if key not in self.insides:
            part = self.parts[t.name]
            if t.name in self.powers and self.powers[t.name][1] == 1:
                made = part.root.safe() if safe else part.root.value()
            elif t.name in self.powers and safe:
                s = tf.where(part.root.zero(), tf.ones_like(part.root.square()), part.root.square())
                made = again(t.op, [s, *map(self.now, t.op.inputs[1:])])[0]
            else:
                odd = [x.name in self.parts and self.parts[x.name].odd for x in t.op.inputs]
                inputs = [
                    self.inside(x, safe) if i else self.now(x) for i, x in zip(odd, t.op.inputs, strict=True)
                ]
                made = self.made(t.op, inputs)[t.value_index]
            self.insides[key] = made
        return self.insides[key]

    def made(self, op: Any, inputs: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """The outputs of an op on new inputs: the old ones, where the inputs are old."""
        same = not self.foreign and all(x is t for x, t in zip(inputs, op.inputs, strict=True))
        return list(op.outputs) if same else again(op, inputs)

    def end(self, t: tf.Tensor, part: _Part) -> tf.Tensor:
        """A function of a root, as ops outside of its region take it."""
        root = part.root
        if not root.expands or (part.scaled is not None and self.constant(t)):
            return self.inside(t, safe=False)  # the root itself has no derivative at 0
        env, around = self.region(t, root)
        if root.convention and around:
            return self.inside(t, safe=False)
        polynomial = even.expansion(t, env, root, self.order, backward=self.backward, varies=around)
        y = tf.where(root.zero(), polynomial, self.inside(t, safe=not root.convention))
        y.set_shape(t.shape)
        return y

    def constant(self, t: tf.Tensor) -> bool:
        """Whether what a root is multiplied by, to make t, does not vary."""
        while t.name not in self.powers:
            parts = [x for x in t.op.inputs if x.name in self.parts and self.parts[x.name].odd]
            if len(parts) != 1 or any(x.name in self.varies for x in t.op.inputs if x is not parts[0]):
                return False
            t = parts[0]
        return True

    def region(self, t: tf.Tensor, root: _Root) -> tuple[dict[str, Any], bool]:
        """What the ops between a root and t take: powers of the root, and other tensors; whether any of these varies."""
        env: dict[str, Any] = {}
        varies = False
        todo = [t]
        while todo:
            u = todo.pop()
            if u.name in env:
                continue
            if u.name in self.powers and self.powers[u.name][0] is root:
                env[u.name] = even.monomial(self.powers[u.name][1], u)
            elif u.name in self.parts and self.parts[u.name].root is root:
                todo += u.op.inputs
            else:
                env[u.name] = self.now(u)
                varies |= u.name in self.varies and trace.carries(u)
        return env, varies

    # What ops do.

    def step(self, op: Any) -> None:
        if op.type in _ORIGINS and self.begin(op):
            return
        parts = {x.name: self.parts[x.name] for x in op.inputs if x.name in self.parts}
        roots = {id(p.root): p.root for p in parts.values() if p.odd} or {id(p.root): p.root for p in parts.values()}
        if len(roots) == 1 and op.type in _REGION and self.inner(op, parts, *roots.values()):
            return
        if op.type in _MOVES and self.move(op, parts):
            return
        self.outer(op)

    def begin(self, op: Any) -> bool:
        """Whether an op makes a root, which is then known."""
        y = op.outputs[0]
        if y.name in self.powers:
            return True
        if op.type == "Abs":
            x = functools.cache(lambda: self.now(op.inputs[0]))
            made = functools.cache(lambda: self.made(op, [x()])[0])
            root = _Root(lambda: tf.square(x()), made, made, lambda: tf.equal(x(), 0), True, True)
        elif op.type == "ComplexAbs":
            z = functools.cache(lambda: self.now(op.inputs[0]))
            made = functools.cache(lambda: self.made(op, [z()])[0])
            square = lambda: tf.square(tf.math.real(z())) + tf.square(tf.math.imag(z()))  # noqa: E731
            root = _Root(square, made, made, lambda: tf.equal(z(), 0), True, True)
        elif op.type == "EuclideanNorm" and not y.dtype.is_complex:
            root = _euclidean(op, lambda: [self.now(t) for t in op.inputs])
        else:
            return False
        root = self.roots.setdefault(self.key(y), root)
        self.powers[y.name] = (root, 1)
        self.parts[y.name] = _Part(root, True, lambda u: u)
        return True

    def find_square(self, op: Any) -> None:
        """Looks whether an op is a root, or another power, of a tensor that its ops show to be no more than zero."""
        s, y = op.inputs[0], op.outputs[0]
        p = 0.5 if op.type == "Sqrt" else _exponent(op)
        if p is None or positive(s):
            return
        expands = not s.dtype.is_complex and of_squares(s)
        if not expands and p != 0.5:
            return
        key = self.key(s)
        if key not in self.roots:
            square = lambda: self.now(s)  # noqa: E731
            zero = functools.cache(lambda: tf.equal(square(), 0))
            value = lambda: self.made(op, [self.now(t) for t in op.inputs])[0] if p == 0.5 else tf.sqrt(square())  # noqa: E731
            safe = lambda: tf.sqrt(tf.where(zero(), tf.ones_like(square()), square()))  # noqa: E731
            self.roots[key] = _Root(square, value, safe, zero, expands)
        root = self.roots[key]
        if expands:
            self.powers[s.name] = (root, 2)
            self.parts[s.name] = _Part(root, False)
        self.powers[y.name] = (root, 2 * p)
        self.parts[y.name] = _Part(root, True, (lambda u: u) if p == 0.5 else None)

    def inner(self, op: Any, parts: Mapping[str, _Part], root: _Root) -> bool:
        """Whether the output of an op is a part: elementwise of one root, and of tensors beside."""
        y, inputs = op.outputs[0], list(op.inputs)
        mine = [parts.get(x.name) for x in inputs]
        odd = [p is not None and p.odd for p in mine]
        if not any(odd):
            others = [x for x, p in zip(inputs, mine, strict=True) if p is None and trace.carries(x)]
            if not any(x.name in self.varies for x in others) and y.dtype.is_floating:
                self.outer(op)
                self.parts[y.name] = _Part(root, False)
            return y.name in self.parts
        if (square := self.square(op, mine)) is not None:
            self.env[y.name] = square
            self.parts[y.name] = _Part(root, False)
            return True
        if _divides(op, mine) or y.dtype not in (root.value().dtype, tf.bool):
            return False
        scaled = None
        if op.type in ("Div", "Mul", "RealDiv") and sum(odd) == 1 and (p := mine[odd.index(True)]) and p.scaled:
            other = inputs[1 - odd.index(True)]
            combine = tf.multiply if op.type == "Mul" else tf.divide
            scaled = lambda u, p=p: combine(p.scaled(u), self.now(other))  # noqa: E731
        elif op.type == "Neg" and mine[0] is not None and (p := mine[0]).scaled:
            scaled = lambda u, p=p: -p.scaled(u)  # noqa: E731
        self.parts[y.name] = _Part(root, True, scaled)
        return True

    def square(self, op: Any, mine: Sequence[_Part | None]) -> tf.Tensor | None:
        """The output of an op that multiplies a root by itself, made from the root's square."""
        first = mine[0]
        if first is None or first.scaled is None:
            return None
        if op.type == "Square":
            return first.scaled(first.scaled(first.root.square()))
        if op.type == "Mul" and (second := mine[1]) is not None and second.scaled is not None:
            return first.scaled(second.scaled(first.root.square()))
        if op.type == "Pow":
            n = tf.get_static_value(op.inputs[1])
            if n is not None and n.ndim == 0 and n.imag == 0 and 0 < n.real <= 1024 and n.real % 2 == 0:
                return product_power(first.scaled(first.scaled(first.root.square())), int(n.real) // 2)
        return None

    def move(self, op: Any, parts: Mapping[str, _Part]) -> bool:
        """Whether an op moves elements of a root, and makes another root of it."""
        name = op.inputs[0].name
        if name not in self.powers or self.powers[name][1] != 1 or len(parts) != 1:
            return False
        root = self.powers[name][0]
        if op.type == "Cast" and not (op.outputs[0].dtype.is_floating and op.inputs[0].dtype.is_floating):
            return False

        def move(t: tf.Tensor) -> list[tf.Tensor]:
            return self.made(op, [t, *map(self.now, op.inputs[1:])])

        for i, y in enumerate(op.outputs):
            moved = self.roots.setdefault(self.key(y), root.moved(i, move))
            self.powers[y.name] = (moved, 1)
            self.parts[y.name] = _Part(moved, True, lambda u: u)
        return True

    def outer(self, op: Any) -> None:
        """An op outside of all regions."""
        inputs = [self.now(t) for t in op.inputs]
        graphs = trace.bodies(op)
        inside = any(o.type in _ORIGINS for gs in graphs.values() for g in gs for o in trace.walk(g.get_operations()))
        if not self.foreign and not inside and all(x is t for x, t in zip(inputs, op.inputs, strict=True)):
            return
        if graphs:
            outputs = self.enter(op, graphs, inputs)
        elif self.backward and _is_custom(op):
            outputs = Replay((), {}).make(op, inputs)
        elif op.op_def.is_stateful and op.type not in HARMLESS:
            outputs = None
        else:
            outputs = again(op, inputs)
        if outputs is None:
            outputs = again(op, inputs) if self.foreign else op.outputs
        self.env.update((t.name, y) for t, y in zip(op.outputs, outputs, strict=True))

    def enter(self, op: Any, graphs: Mapping[str, list[Any]], inputs: list[tf.Tensor]) -> list[tf.Tensor] | None:
        """The outputs of an op that runs functions, of functions that are rebuilt; None where that cannot be."""
        varies = [t.name in self.varies for t in op.inputs]

        def run(graph: Any, arguments: Sequence[tf.Tensor]) -> list[tf.Tensor]:
            names = {t.name for t, v in zip(graph.inputs, varies[len(varies) - len(graph.inputs) :], strict=True) if v}
            names |= {t.name for t in graph.inputs} if op.type in _LOOPS else set()
            env = {t.name: a for t, a in zip(graph.inputs, arguments, strict=True)}
            for o in graph.get_operations():
                if any(t.name in names for t in o.inputs):
                    names.update(t.name for t in o.outputs)
            ops = ancestors(graph.outputs, env)
            made = _Rebuild(env, names, self.order, self.backward, foreign=True).run(ops, graph.outputs)
            for y, t in zip(made, graph.outputs, strict=True):
                y.set_shape(t.shape)
            return made

        every = [o for gs in graphs.values() for g in gs for o in trace.walk(g.get_operations())]
        if any(o.op_def.is_stateful and o.type not in HARMLESS and not trace.bodies(o) for o in every):
            return None
        if self.backward and any(map(_is_custom, every)):
            return None
        if op.type in _CALLS:
            return run(graphs["f"][0], inputs)
        if op.type in _BRANCHES:
            branches = graphs.get("branches") or [*graphs["then_branch"], *graphs["else_branch"]]
            runs = [lambda g=g: run(g, inputs[1:]) for g in branches]
            made = tf.cond(_truth(inputs[0]), *runs) if op.type.endswith("If") else tf.switch_case(inputs[0], runs)
        elif op.type in _LOOPS:
            made = tf.while_loop(
                lambda *state: _truth(run(graphs["cond"][0], state)[0]),
                lambda *state: run(graphs["body"][0], state),
                inputs,
                shape_invariants=[t.shape for t in op.outputs],
                parallel_iterations=op.get_attr("parallel_iterations"),
                maximum_iterations=bound(graphs["cond"][0], inputs),
            )
        else:
            return None
        return tf.nest.flatten(made)

    def key(self, t: tf.Tensor) -> Any:
        """A number that tensors have in common that are made in the same way, of the same tensors."""
        known, todo = self.keys, [t]
        while todo:
            op, name = todo[-1].op, todo[-1].name
            alone = name in self.env or op.op_def.is_stateful or op.type == "Placeholder" or _large(op)
            wanted = [] if alone else [x for x in op.inputs if x.name not in known]
            if name not in known and wanted:
                todo += wanted
                continue
            todo.pop()
            if name not in known:
                attributes = () if alone else sorted((k, v.SerializeToString()) for k, v in op.node_def.attr.items())
                made = (op.type, name.split(":")[1], str(attributes), tuple(known[x.name] for x in op.inputs if not alone))
                known[name] = known.setdefault(name if alone else made, len(known))
        return known[t.name]


def _large(op: Any) -> bool:
    return op.type == "Const" and (op.outputs[0].shape.num_elements() or 0) > 1000


def _euclidean(op: Any, inputs: Callable[[], list[tf.Tensor]]) -> _Root:
    """The root that an EuclideanNorm is, computed of elements no greater than 1."""

    @functools.cache
    def parts() -> tuple[tf.Tensor, tf.Tensor]:
        x, axes = inputs()
        keep = op.get_attr("keep_dims")
        most = tf.stop_gradient(tf.reduce_max(tf.abs(x), axes, keepdims=True))
        most = tf.where(tf.equal(most, 0) | tf.math.is_inf(most), tf.ones_like(most), most)
        s = tf.reduce_sum(tf.square(x / most), axes, keepdims=keep)
        return s, most if keep else tf.reshape(most, tf.shape(s))

    def root(f: Callable[[tf.Tensor], tf.Tensor]) -> tf.Tensor:
        s, most = parts()
        r = most * tf.sqrt(f(s))
        r.set_shape(op.outputs[0].shape)
        return r

    return _Root(
        lambda: parts()[1] * parts()[1] * parts()[0],
        lambda: root(lambda s: s),
        lambda: root(lambda s: tf.where(tf.equal(s, 0), tf.ones_like(s), s)),
        lambda: tf.equal(parts()[0], 0),
        True,
    )


def _exponent(op: Any) -> float | None:
    """The exponent of a Pow, if it is a positive number, but none of the whole ones."""
    p = tf.get_static_value(op.inputs[1])
    if p is None or p.ndim or op.inputs[0].dtype.is_complex or not p > 0 or p == np.round(p):
        return None
    return float(p)


def _divides(op: Any, parts: Sequence[_Part | None]) -> bool:
    """Whether an op divides by a root, or takes its logarithm, so that it has no value where the root is zero."""
    if op.type in ("Inv", "Log", "Reciprocal", "Rsqrt"):
        return parts[0] is not None and parts[0].scaled is not None
    dividing = op.type in ("Div", "DivNoNan", "RealDiv", "Xdivy")
    return dividing and parts[1] is not None and parts[1].scaled is not None


def _is_custom(op: Any) -> bool:
    """Whether an op ends a user's tf.custom_gradient, which stays in force under tapes."""
    return op.type == "IdentityN" and "_gradient_op_type" in op.node_def.attr


def _truth(x: tf.Tensor) -> tf.Tensor:
    return x if x.dtype == tf.bool else tf.not_equal(x, tf.zeros_like(x))
