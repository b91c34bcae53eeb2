"""Rebuilds a graph of TensorFlow 1 in the function being traced, with tf.cond and tf.while_loop.

Ops are rebuilt on new inputs through `tf.raw_ops`, so tapes and the engines of nthgrad see them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.errors import LegacyError
from nthgrad.legacy._lift import calls, loops, make
from nthgrad.legacy._lift.make import as_tensor, shaped
from nthgrad.legacy._lift.ops import is_handle, kind
from nthgrad.legacy._lift.structure import Branch, Loop, Structure

Environment = dict[str, Any]  # by the name of an old tensor: a tensor, a make.Handle, or an arrays.Array


class Emitter:
    """Rebuilds one graph, or the graph of a function in it."""

    def __init__(
        self,
        structure: Structure,
        variables: Mapping[str, tf.Variable],
        constants: Mapping[str, tf.Tensor],
        *,
        safe_mode: bool,
    ):
        """Stores the parts.

        Args:
            structure: the structure of the graph.
            variables: the new variables, by the name of the op of the old one.
            constants: values that are too large to be created in every graph, by the name of the op.
            safe_mode: whether to refuse ops that are not known to be harmless.
        """
        self.structure, self.variables, self.constants = structure, variables, constants
        self.safe_mode = safe_mode

    def make(self, env: Environment, targets: Sequence[tf.Tensor]) -> list[Any]:
        """Rebuilds the targets; adds them and all intermediate tensors to `env`."""
        resolve = self.structure.resolve
        for unit in self._plan(env, targets):
            if isinstance(unit, tuple):
                self._branches(unit, env)
            elif isinstance(unit, str):
                self._loop(unit, env)
            else:
                inputs = [env.get(resolve(t).name) for t in unit.inputs]
                with tf.name_scope(unit.name):  # errors then show the old name
                    # A type checker sees two classes: of this file and of the installed one.
                    outputs = calls.call(self, unit, inputs)  # pyright: ignore[reportArgumentType]
                    if outputs is None:
                        outputs = make.rebuild_op(
                            unit, inputs, self.variables, self.constants, resolve, safe_mode=self.safe_mode
                        )
                env.update((t.name, shaped(y, t)) for t, y in zip(unit.outputs, outputs, strict=True))
        return [env[resolve(t).name] for t in targets]

    def _plan(self, env: Environment, targets: Sequence[tf.Tensor]) -> list[Any]:
        """Returns the ops to rebuild, in order. A whole tf.cond replaces a Merge, a whole loop an Exit."""
        structure, order, seen = self.structure, [], set()

        def unit(tensor: tf.Tensor) -> Any:
            name = kind(tensor.op)
            if name == "Exit":
                return loops.left(tensor.op)[0]
            return structure.group(tensor.op) if name == "Merge" else tensor.op

        def needs(one: Any) -> list[tf.Tensor]:
            if isinstance(one, tuple):
                merges = structure.members[one]
                found = [structure.condition(merges[0])]
                for taken in (True, False):
                    sides = [m.inputs[structure.side(m, taken=taken)] for m in merges]
                    found += structure.before(sides, Branch(one[0], taken)).values()
                return found
            if isinstance(one, str):
                kept = self._kept(one)
                tensors = [structure.frames[one].condition.inputs[0], *map(loops.following, kept)]
                return [*map(loops.start, kept), *structure.before(tensors, Loop(one)).values()]
            return calls.needs(structure, one)

        def pending(tensors: Sequence[tf.Tensor]) -> list[Any]:
            found = []
            for tensor in map(structure.resolve, tensors):
                if tensor.name in env:
                    continue
                if (value := structure.known(tensor)) is not None:
                    env[tensor.name] = tf.constant(value, tensor.dtype.base_dtype)
                elif structure.is_dead(tensor):
                    raise LegacyError(f"{tensor.name} lies in a branch that is never taken. Lift another tensor.")
                else:
                    found.append(unit(tensor))
            return found

        stack: list[tuple[Any, bool]] = [(one, False) for one in reversed(pending(targets))]
        while stack:
            one, ready = stack.pop()
            key = one if isinstance(one, (tuple, str)) else (one.name,)
            if ready:
                order.append(one)
            elif key not in seen:
                seen.add(key)
                stack.append((one, True))
                stack += [(other, False) for other in pending(needs(one))]
        return order

    # ---- control flow

    def _branches(self, group: tuple[Any, ...], env: Environment) -> None:
        """Rebuilds the Merges of one condition as a tf.cond."""
        structure = self.structure
        merges = [m for m in structure.members[group] if not is_handle(m.outputs[0])]
        condition = env[structure.resolve(structure.condition(merges[0])).name]

        def run(*, taken: bool) -> Callable[[], list[tf.Tensor]]:
            indices = [structure.side(m, taken=taken) for m in merges]

            def branch() -> list[tf.Tensor]:
                made = self.make(dict(env), [m.inputs[i] for m, i in zip(merges, indices, strict=True)])
                return [*map(as_tensor, made), *(tf.constant(i) for i in indices)]

            return branch

        made = tf.cond(condition, run(taken=True), run(taken=False))
        for merge, value, index in zip(merges, made[: len(merges)], made[len(merges) :], strict=True):
            env[merge.outputs[0].name], env[merge.outputs[1].name] = shaped(value, merge.outputs[0]), index

    def _kept(self, frame: str) -> list[Any]:
        """Returns the loop variables on which the condition and the read results depend."""
        loop = self.structure.frames[frame]
        merges = {m.outputs[0].name: m for m in loop.merges if not is_handle(m.outputs[0])}
        kept = {loops.left(e)[1].outputs[0].name for e in loop.exits if not is_handle(e.outputs[0])}
        todo = [loop.condition.inputs[0], *(loops.following(merges[name]) for name in kept)]
        while todo:
            read = self._read(todo, frame) & merges.keys()
            todo = [loops.following(merges[name]) for name in read - kept]
            kept |= read
        return [m for name, m in merges.items() if name in kept]

    def _read(self, tensors: Sequence[tf.Tensor], frame: str) -> set[str]:
        """Returns the names of the loop variables on which some tensors depend within one iteration."""
        structure, found, seen, todo = self.structure, set(), set(), list(tensors)
        while todo:
            tensor = structure.resolve(todo.pop())
            if tensor.name in seen or Loop(frame) not in structure.scopes(tensor):
                continue
            seen.add(tensor.name)
            if tensor.op in structure.frames[frame].merges:
                found.add(tensor.name)
            else:
                todo += tensor.op.inputs
        return found

    def _loop(self, frame: str, env: Environment) -> None:
        """Rebuilds a loop as a tf.while_loop over the variables that are needed."""
        structure, loop = self.structure, self.structure.frames[frame]
        kept = self._kept(frame)

        def inside(state: Sequence[Any]) -> Environment:
            now = dict(env)
            for merge, value in zip(kept, state, strict=True):
                now[merge.outputs[0].name] = value = shaped(value, merge.outputs[0])
                if merge in loop.switches:
                    now[loop.switches[merge].outputs[1].name] = value
            return now

        made = calls.loop(
            lambda *state: self.make(inside(state), [loop.condition.inputs[0]])[0],
            lambda *state: list(map(as_tensor, self.make(inside(state), [loops.following(m) for m in kept]))),
            [as_tensor(env[structure.resolve(loops.start(m)).name]) for m in kept],
        )
        values = {m.name: y for m, y in zip(kept, made, strict=True)}
        for exit_ in loop.exits:
            if (merge := loops.left(exit_)[1]).name in values:
                env[exit_.outputs[0].name] = shaped(values[merge.name], exit_.outputs[0])
