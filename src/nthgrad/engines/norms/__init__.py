"""Rebuilds f where it is a smooth function of a norm, although the norm itself has no derivative where it is zero.

Of a norm r = sqrt(s), the functions r**2, cos(r) and (1 + r) exp(-r) have derivatives at r = 0, but the chain rule
divides by r. Every engine differentiates the result of `smooth` instead:

* The square of a norm, scaled or moved, is rebuilt from s.
* Another elementwise function f of r is rebuilt as where(s == 0, p, f), with its Taylor polynomial p (`norms.even`).

The derivatives of r itself stay NaN where r is zero. So do those of a product of two norms, and of all functions of r
that are not elementwise, such as matrix products.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from nthgrad.engines.graph import control, kinds, trace
from nthgrad.engines.graph.rebuild import rebuild_op
from nthgrad.engines.graph.walk import Walk
from nthgrad.engines.norms import even, roots, spectra
from nthgrad.engines.norms.alike import Alike
from nthgrad.engines.norms.roots import Root
from nthgrad.engines.norms.signs import of_squares, positive
from nthgrad.engines.tape.repairs import product_power
from nthgrad.engines.tape.replay import Replay

_ROOTS = frozenset({"Abs", "ComplexAbs", "EuclideanNorm", "Pow", "Sqrt"})
_CONCERNED = _ROOTS | spectra.CHECKED
_COMPARISONS = frozenset({
    "Equal", "Greater", "GreaterEqual", "Less", "LessEqual", "LogicalAnd", "LogicalNot", "LogicalOr", "NotEqual",
})  # fmt: skip
_INNER = kinds.ELEMENTWISE - {"Cast", "CheckNumerics", "EnsureShape", "Identity", "Select"} | _COMPARISONS
_MOVES = frozenset({
    "BroadcastTo", "Cast", "EnsureShape", "ExpandDims", "Gather", "GatherNd", "GatherV2", "Identity", "Reshape",
    "Reverse", "ReverseV2", "Slice", "Split", "Squeeze", "StridedSlice", "Tile", "Transpose", "Unpack",
})  # fmt: skip
# Ops with no value where the input with this index is zero.
_DIVISORS = {"Div": 1, "DivNoNan": 1, "Inv": 0, "Log": 0, "RealDiv": 1, "Reciprocal": 0, "Rsqrt": 0, "Xdivy": 1}


def smooth(
    sources: Sequence[tf.Tensor], targets: Sequence[tf.Tensor], order: int, *, backward: bool
) -> list[tf.Tensor]:
    """Rebuilds tensors where they are functions of norms; adds the checks of `norms.spectra`.

    Args:
        sources: the tensors to differentiate by.
        targets: tensors of the graph being traced.
        order: the highest total order of differentiation.
        backward: whether a `tf.GradientTape` differentiates the result.

    Returns:
        the targets, or tensors with the same values.
    """
    path = trace.between(sources, targets)
    if order == 0 or not any(op.type in _CONCERNED for op in trace.with_bodies(path)):
        return list(targets)
    varying = {t.name for t in sources} | {t.name for op in path for t in op.outputs}
    return _Rebuild({t.name: t for t in sources}, varying, order, backward=backward, path=path).run(targets)


@dataclass(frozen=True)
class _Part:
    """A tensor that is an elementwise function of one root.

    Attributes:
        root: the root.
        even: whether the tensor depends on the square of the root only.
        scale: if the tensor is a multiple of the root, multiplies another tensor by the same factor.
    """

    root: Root
    even: bool
    scale: Callable[[tf.Tensor], tf.Tensor] | None = None


class _Rebuild(Walk[tf.Tensor]):
    """One walk over the ops of a graph.

    Args:
        env: the new tensors, by the names of the old ones.
        varying: the names of tensors that depend on x.
        order: the highest order of differentiation.
        backward: whether a tape differentiates the result.
        path: the ops to examine; by default all that the targets depend on.
        foreign: whether the ops belong to another graph than the one being traced, so that all are rebuilt.
    """

    def __init__(
        self,
        env: Mapping[str, tf.Tensor],
        varying: set[str],
        order: int,
        *,
        backward: bool,
        path: Sequence[Any] | None = None,
        foreign: bool = False,
    ):
        super().__init__(env, foreign=foreign)
        self.varying, self.order, self.backward, self.path = varying, order, backward, path
        self.alike = Alike(env)
        self.roots: dict[int, Root] = {}
        self.powers: dict[str, tuple[Root, float]] = {}  # tensors that are powers of a root
        self.parts: dict[str, _Part] = {}
        self.ends: dict[str, tf.Tensor] = {}  # parts that are not even, rebuilt as inputs of other ops
        self.copies: dict[tuple[str, bool], tf.Tensor] = {}

    def run(self, targets: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Rebuilds functions of norms; returns the new targets."""
        ops = self.ancestors(targets) if self.path is None else self.path
        self.used = {t.name for op in ops for t in op.inputs} | {t.name for t in targets}
        for op in ops:
            if op.type in ("Pow", "Sqrt"):
                self.find_square(op)  # before any op that uses the square
        for op in ops:
            known = {x.name: self.parts[x.name] for x in op.inputs if x.name in self.parts}
            if not (self.find_root(op) or self.inner_part(op, known) or self.move(op, known)):
                self.outer(op)
        return [self.now(t) for t in targets]

    # The new tensors.

    def now(self, t: tf.Tensor) -> tf.Tensor:
        """Returns the new tensor, as the input of an op that is not elementwise."""
        part = self.parts.get(t.name)
        if part is None or part.even or not trace.carries(t):
            return self.copy(t)
        if t.name not in self.ends:
            self.ends[t.name] = self.end(t, part)
        return self.ends[t.name]

    def copy(self, t: tf.Tensor, *, safe: bool = False) -> tf.Tensor:
        """Returns the new tensor, computed from its root or, if `safe`, from a root that is never zero."""
        if t.name in self.env or t.name not in self.parts:
            return self.env.get(t.name, t)
        if (t.name, safe) not in self.copies:
            root = self.parts[t.name].root
            if self.powers.get(t.name, (root, 0))[1] == 1:
                made = root.safe() if safe else root.value()
            elif t.name in self.powers and safe:  # a power of the square
                made = rebuild_op(t.op, [tf.square(root.safe()), *map(self.now, t.op.inputs[1:])])[0]
            else:
                odd = [x.name in self.parts and not self.parts[x.name].even for x in t.op.inputs]
                inputs = [
                    self.copy(x, safe=safe) if is_odd else self.now(x)
                    for x, is_odd in zip(t.op.inputs, odd, strict=True)
                ]
                made = self.made(t.op, inputs)[t.value_index]
            self.copies[t.name, safe] = made
        return self.copies[t.name, safe]

    def made(self, op: Any, inputs: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Returns the outputs of an op on new inputs; the old outputs if no input is new."""
        same = not self.foreign and all(x is t for x, t in zip(inputs, op.inputs, strict=True))
        return list(op.outputs) if same else rebuild_op(op, inputs)

    def end(self, t: tf.Tensor, part: _Part) -> tf.Tensor:
        """Rebuilds a function of a root as the input of an op that is not elementwise."""
        root = part.root
        if not root.expands or self.is_multiple(t):
            return self.copy(t)
        powers, others = self.surroundings(t, root)
        varies = any(name in self.varying and trace.carries(x) for name, x in others.items())
        if root.convention and varies:
            return self.copy(t)
        p = even.expansion(t, powers, others, root, self.order, backward=self.backward, varies=varies)
        y = even.either(root.zero(), p, self.copy(t, safe=not root.convention), backward=self.backward)
        y.set_shape(t.shape)
        return y

    def is_multiple(self, t: tf.Tensor) -> bool:
        """Whether a tensor is a root times a constant, so that it has no derivative where the root is zero."""
        while self.parts[t.name].scale is not None and t.name not in self.powers:
            (root,) = (x for x in t.op.inputs if x.name in self.parts and not self.parts[x.name].even)
            if any(x.name in self.varying for x in t.op.inputs if x is not root):
                return False
            t = root
        return self.parts[t.name].scale is not None

    def surroundings(self, t: tf.Tensor, root: Root) -> tuple[dict[str, even.Power], dict[str, tf.Tensor]]:
        """Returns, by name, the inputs of the ops between a root and t: powers of the root, and other tensors."""
        powers: dict[str, even.Power] = {}
        others: dict[str, tf.Tensor] = {}
        todo = [t]
        while todo:
            u = todo.pop()
            if u.name in self.powers and self.powers[u.name][0] is root:
                powers[u.name] = self.powers[u.name][1], u
            elif u.name in self.parts and self.parts[u.name].root is root:
                todo += u.op.inputs
            elif u.name not in others:
                others[u.name] = self.now(u)
        return powers, others

    # The ops.

    def find_square(self, op: Any) -> None:
        """Records the root that an op computes as a fractional power of a tensor that may be zero."""
        s, y, p = op.inputs[0], op.outputs[0], roots.exponent(op)
        expands = not s.dtype.is_complex and of_squares(s)
        if p is None or positive(s) or not (expands or p == 0.5):
            return
        number = self.alike.number(s)
        if number not in self.roots:
            square = functools.cache(lambda: self.now(s))

            def value() -> tf.Tensor:
                return self.made(op, [self.now(x) for x in op.inputs])[0] if p == 0.5 else tf.sqrt(square())

            self.roots[number] = roots.square_root(square, value, expands=expands)
        root = self.roots[number]
        if expands:
            self.powers[s.name], self.parts[s.name] = (root, 2), _Part(root, even=True)
        self.powers[y.name] = (root, 2 * p)
        self.parts[y.name] = _Part(root, even=False, scale=(lambda u: u) if p == 0.5 else None)

    def find_root(self, op: Any) -> bool:
        """Whether an op computes a root; records it."""
        if op.type not in _ROOTS or op.outputs[0].name in self.powers:
            return op.outputs[0].name in self.powers if op.outputs else False
        if op.type in ("Abs", "ComplexAbs"):
            x = functools.cache(lambda: self.now(op.inputs[0]))
            root = roots.absolute(x, lambda: self.made(op, [x()])[0])
        elif op.type == "EuclideanNorm" and not op.inputs[0].dtype.is_complex:
            root = roots.euclidean(op, lambda: [self.now(t) for t in op.inputs])
        else:
            return False
        self.add(op.outputs[0], root)
        return True

    def add(self, t: tf.Tensor, root: Root) -> None:
        """Records that a tensor is a root; tensors computed in the same way share one root."""
        root = self.roots.setdefault(self.alike.number(t), root)
        self.powers[t.name], self.parts[t.name] = (root, 1), _Part(root, even=False, scale=lambda u: u)

    def inner_part(self, op: Any, known: Mapping[str, _Part]) -> bool:
        """Whether the output of an op is an elementwise function of one root and of other tensors; records it."""
        parts = [known.get(x.name) for x in op.inputs]
        odd = [p for p in parts if p is not None and not p.even]
        if op.type not in _INNER or len({id(p.root) for p in odd or known.values()}) != 1:
            return False
        y, root = op.outputs[0], (odd or list(known.values()))[0].root
        if not odd:
            others = [x for x, p in zip(op.inputs, parts, strict=True) if p is None and trace.carries(x)]
            if not y.dtype.is_floating or any(x.name in self.varying for x in others):
                return False
            self.outer(op)
            self.parts[y.name] = _Part(root, even=True)
            return True
        if (square := self.squared(op, parts)) is not None:
            self.env[y.name], self.parts[y.name] = square, _Part(root, even=True)
            return True
        divisor = parts[_DIVISORS[op.type]] if op.type in _DIVISORS else None
        if y.dtype not in (root.square().dtype, tf.bool) or (divisor is not None and divisor.scale is not None):
            return False
        self.parts[y.name] = _Part(root, even=False, scale=self.scaled(op, parts))
        return True

    def squared(self, op: Any, parts: Sequence[_Part | None]) -> tf.Tensor | None:
        """Computes a product of two multiples of a root from its square; returns None for another op."""
        scales = [p.scale for p in parts if p is not None and p.scale is not None]
        if op.type not in ("Mul", "Pow", "Square") or len(scales) != (2 if op.type == "Mul" else 1):
            return None
        square = scales[0](scales[-1](parts[0].root.square()))  # type: ignore[union-attr]
        if op.type != "Pow":
            return square
        return None if (n := roots.half_power(op)) is None else product_power(square, n)

    def scaled(self, op: Any, parts: Sequence[_Part | None]) -> Callable[[tf.Tensor], tf.Tensor] | None:
        """Returns the scaling by which an op keeps a multiple of a root a multiple; None for another op."""
        place = next(i for i, p in enumerate(parts) if p is not None and not p.even)
        scale = parts[place].scale  # type: ignore[union-attr]
        if scale is None:
            return None
        if op.type == "Neg":
            return lambda u: -scale(u)
        if op.type not in ("Div", "Mul", "RealDiv") or (parts[1 - place] is not None and not parts[1 - place].even):  # type: ignore[union-attr]
            return None
        other = op.inputs[1 - place]
        return lambda u: scale(u) * self.now(other) if op.type == "Mul" else scale(u) / self.now(other)

    def move(self, op: Any, known: Mapping[str, _Part]) -> bool:
        """Whether an op moves elements of a root; records its outputs as roots."""
        root, power = self.powers.get(op.inputs[0].name, (None, 0)) if op.inputs else (None, 0)
        if op.type not in _MOVES or root is None or power != 1 or len(known) != 1:
            return False
        if not all(t.dtype.is_floating or t.dtype.is_complex for t in op.outputs):
            return False
        for i, y in enumerate(op.outputs):
            self.add(y, root.moved(lambda t, i=i: self.made(op, [t, *map(self.now, op.inputs[1:])])[i]))
        return True

    def outer(self, op: Any) -> None:
        """Rebuilds an op that has new inputs, or functions of norms in its bodies."""
        inputs, graphs = [self.now(t) for t in op.inputs], trace.bodies(op)
        outputs: Sequence[tf.Tensor] | None = None
        if not graphs and not self.foreign and all(x is t for x, t in zip(inputs, op.inputs, strict=True)):
            outputs = list(op.outputs)
        elif graphs:
            outputs = self.rebuild_bodies(op, graphs, inputs)
        elif self.backward and _is_custom(op):
            outputs = Replay({}).make(op, inputs)
        elif not trace.changes(op) or self.foreign:
            outputs = rebuild_op(op, inputs)
        if outputs is None:
            outputs = rebuild_op(op, inputs) if self.foreign else list(op.outputs)
        if op.type in spectra.CHECKED and op.inputs[0].name in self.varying:
            vectors = any(t.name in self.used for t in op.outputs[1:])
            outputs = spectra.checked(op, inputs[0], outputs, self.order, vectors=vectors, backward=self.backward)
        self.env.update((t.name, y) for t, y in zip(op.outputs, outputs, strict=True) if y is not t)

    def rebuild_bodies(self, op: Any, graphs: Mapping[str, list[Any]], inputs: list[tf.Tensor]) -> list[Any] | None:
        """Rebuilds an op with its bodies; returns None where that is impossible or unnecessary."""
        ops = _inner_ops(graphs)
        same = all(x is t for x, t in zip(inputs, op.inputs, strict=True))
        if (same and not any(o.type in _CONCERNED for o in ops)) or (self.backward and any(map(_is_custom, ops))):
            return None
        if any(map(trace.changes, ops)) or not control.runs_functions(op):
            return None
        wanted = [i for i, t in enumerate(op.outputs) if t.name in self.used]
        made = control.new_outputs(self, op, inputs, wanted)
        return [t if y is None else y for y, t in zip(made, op.outputs, strict=True)]

    def inner(self, op: Any, graph: Any, env: Mapping[str, Any], keys: Iterable[Any]) -> _Rebuild:
        if op.type in kinds.LOOPS:  # any variable of a loop may vary after some round
            varying = set(env)
        else:
            varies = [t.name in self.varying for t in op.inputs]
            varying = {t.name for t, v in zip(graph.inputs[::-1], varies[::-1], strict=False) if v}
        for o in graph.get_operations():
            if any(t.name in varying for t in o.inputs):
                varying.update(t.name for t in o.outputs)
        return _Rebuild(env, varying, self.order, backward=self.backward, foreign=True)

    def body(self, op: Any, graph: Any, arguments: Sequence[Any], outputs: Iterable[int], keys: Iterable[Any]) -> Any:
        made = super().body(op, graph, arguments, outputs, keys)
        for i, y in made.items():
            y.set_shape(graph.outputs[i].shape)
        return made


def _inner_ops(graphs: Mapping[str, list[Any]]) -> list[Any]:
    """Returns all ops of some bodies and, recursively, of the bodies that these run."""
    ops = [op for gs in graphs.values() for g in gs for op in g.get_operations()]
    return ops + [inner for op in ops for inner in _inner_ops(trace.bodies(op))]


def _is_custom(op: Any) -> bool:
    """Whether an op is the end of a tf.custom_gradient, which stays in force under tapes."""
    return op.type == "IdentityN" and "_gradient_op_type" in op.node_def.attr
