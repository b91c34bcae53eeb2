"""The optimizers of Keras 2.2.4: their defaults and their steps.

They differ from tf_keras's `optimizer_v1` in three ways:

* `clipnorm` bounds the norm of all gradients together; 0 means no bound.
* `get_updates` also accepts the argument order of Keras 1.
* The count of steps is read after its increment. Keras incremented and read it in the same `Session.run`, so the two
  raced; for Keras's optimizers TensorFlow 1.15 read the incremented value in all but a few percent of runs. So Adam's t
  starts at 2, not at 1 as documented, and its first step is a quarter shorter. `decay` already applies in the first
  step. For programs' own optimizers the winner varied with the graph and the load; more often it was the increment.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

import tensorflow as tf

from nthgrad.legacy._internals import ops, tf_keras
from nthgrad.legacy._keras_224.arithmetic import deserializing

Step = tuple[list[tuple[Any, tf.Tensor]], tf.Tensor]  # the slots with their new values, and the new parameter

_today = tf_keras.optimizers_of_keras_2


class Optimizer(_today().Optimizer):
    """Base class; subclasses here define `rule`, programs' own override `get_updates`."""

    slots = 1  # the number of variables for each parameter, of the same shape
    counted = True  # whether `iterations` is saved with the weights

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "get_updates" in vars(cls):
            cls.get_updates = _reading_after_increments(vars(cls)["get_updates"])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "learning_rate" in kwargs:  # Keras 2.3's name
            kwargs["lr"] = kwargs.pop("learning_rate")
        super().__init__(*args, **kwargs)

    def get_gradients(self, loss: tf.Tensor, params: Sequence[Any]) -> list[Any]:
        """Returns the gradients of the loss, clipped."""
        gradients = tf_keras.keras_backend().gradients(loss, params)
        if any(each is None for each in gradients):
            raise ValueError(
                "An operation has `None` for gradient. Please make sure that all of your ops have a gradient defined "
                "(i.e. are differentiable). Common ops without gradient: K.argmax, K.round, K.eval."
            )
        clipnorm, clipvalue = getattr(self, "clipnorm", 0), getattr(self, "clipvalue", 0)
        if clipnorm > 0:
            norm = tf.sqrt(tf.add_n([tf.reduce_sum(tf.square(each)) for each in gradients]))
            factor = tf.where(norm >= clipnorm, clipnorm / norm, tf.ones_like(norm))
            gradients = [_scaled(each, factor) for each in gradients]
        if clipvalue > 0:
            gradients = [tf.clip_by_value(each, -clipvalue, clipvalue) for each in gradients]
        return gradients

    def get_updates(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Returns the ops of one step; takes `(loss, params)` or Keras 1's `(params, constraints, loss)`."""
        loss, params = _loss_and_params(*args, **kwargs)
        gradients = self.get_gradients(loss, params)
        slots = self._make_slots(params)
        increment = tf.compat.v1.assign_add(self.iterations, 1)
        with tf.control_dependencies([increment]):
            count = tf.cast(self.iterations.read_value(), tf_keras.keras_backend().floatx())
        self.updates = [increment]
        step = self.rule(count, self._rate(count))
        for parameter, gradient, *own in zip(params, gradients, *slots, strict=True):
            raised, moved = step(parameter, gradient, *own)
            self.updates += [tf.compat.v1.assign(slot, value) for slot, value in raised]
            constraint = getattr(parameter, "constraint", None)
            self.updates.append(tf.compat.v1.assign(parameter, moved if constraint is None else constraint(moved)))
        return self.updates

    def rule(self, count: tf.Tensor, rate: Any) -> Callable[..., Step]:
        """Returns a function from a parameter, its gradient and its slots to their new values.

        Args:
            count: the number of steps, this one included.
            rate: the learning rate after decay.
        """
        raise NotImplementedError

    def _rate(self, count: tf.Tensor) -> Any:
        decays = getattr(self, "initial_decay", 0) > 0
        return self.lr * (1.0 / (1.0 + self.decay * count)) if decays else tf.convert_to_tensor(self.lr)

    def _make_slots(self, params: Sequence[Any]) -> list[list[Any]]:
        zeros = tf_keras.keras_backend().zeros
        slots = [
            [zeros(each.shape.as_list(), dtype=each.dtype.base_dtype.name) for each in params]
            for _ in range(self.slots)
        ]
        self.weights = ([self.iterations] if self.counted else []) + [slot for group in slots for slot in group]
        return slots

    def _create_all_weights(self, params: Sequence[Any]) -> None:
        """Creates the training function, and so the weights; load_model calls this before it fills them."""
        self.__dict__.pop("model")._make_train_function()

    @property
    def learning_rate(self) -> Any:
        """Keras 2.3's name of `lr`."""
        return self.lr

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.lr = value


def _reading_after_increments(get_updates: Callable) -> Callable:
    """Wraps a program's method, so that it reads variables after their increments by constants.

    The order in which it builds the two makes no difference.
    """

    @wraps(get_updates)
    def inner(self: Any, *args: Any, **kwargs: Any) -> Any:
        graph = tf.compat.v1.get_default_graph()
        before = len(graph.get_operations())
        updates = get_updates(self, *args, **kwargs)
        added = graph.get_operations()[before:]
        increments = {
            op.inputs[0]: op
            for op in added
            if op.type == "AssignAddVariableOp" and ops.constant_value(op.inputs[1]) is not None
        }
        for op in added:
            increment = increments.get(_variable(op.inputs[0])) if op.type == "ReadVariableOp" else None
            if increment is not None and increment not in op.control_inputs:
                ops.add_control_inputs(op, [increment])
        return updates

    return inner


def _variable(handle: tf.Tensor) -> tf.Tensor:
    while handle.op.type == "Switch":  # inside a tf.cond
        handle = handle.op.inputs[0]
    return handle


def _loss_and_params(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
    keras_1 = len(args) > 2 or "constraints" in kwargs or (len(args) == 2 and "loss" in kwargs)
    names = ("params", "constraints", "loss") if keras_1 else ("loss", "params")
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    return given["loss"], given["params"]


def _scaled(gradient: Any, factor: tf.Tensor) -> Any:
    if isinstance(gradient, tf.IndexedSlices):
        return tf.IndexedSlices(gradient.values * factor, gradient.indices, gradient.dense_shape)
    return gradient * factor


class SGD(Optimizer, _today().SGD):
    """Gradient descent with momentum."""

    def rule(self, count: tf.Tensor, rate: Any) -> Any:
        def step(p: Any, g: Any, m: Any) -> Step:
            velocity = self.momentum * m - rate * g
            return [(m, velocity)], p + (self.momentum * velocity - rate * g if self.nesterov else velocity)

        return step


class RMSprop(Optimizer, _today().RMSprop):
    """Divides by the root of a running mean of squared gradients."""

    counted = False

    def rule(self, count: tf.Tensor, rate: Any) -> Any:
        def step(p: Any, g: Any, a: Any) -> Step:
            squares = self.rho * a + (1.0 - self.rho) * tf.square(g)
            return [(a, squares)], p - rate * g / (_root(squares) + self.epsilon)

        return step


class Adagrad(Optimizer, _today().Adagrad):
    """Divides by the root of the sum of squared gradients."""

    counted = False

    def rule(self, count: tf.Tensor, rate: Any) -> Any:
        def step(p: Any, g: Any, a: Any) -> Step:
            squares = a + tf.square(g)
            return [(a, squares)], p - rate * g / (_root(squares) + self.epsilon)

        return step


class Adadelta(Optimizer, _today().Adadelta):
    """Scales by the root of the running mean of squared steps over that of squared gradients."""

    slots, counted = 2, False

    def rule(self, count: tf.Tensor, rate: Any) -> Any:
        def step(p: Any, g: Any, a: Any, steps: Any) -> Step:
            squares = self.rho * a + (1.0 - self.rho) * tf.square(g)
            change = g * _root(steps + self.epsilon) / _root(squares + self.epsilon)
            return [(a, squares), (steps, self.rho * steps + (1 - self.rho) * tf.square(change))], p - rate * change

        return step


class Adam(Optimizer, _today().Adam):
    """Running means of the gradient and its square, both bias-corrected."""

    def rule(self, count: tf.Tensor, rate: Any) -> Any:
        t = count + 1
        rate = rate * (tf.sqrt(1.0 - tf.pow(self.beta_2, t)) / (1.0 - tf.pow(self.beta_1, t)))

        def step(p: Any, g: Any, m: Any, v: Any, largest: Any) -> Step:
            mean = self.beta_1 * m + (1.0 - self.beta_1) * g
            squares = self.beta_2 * v + (1.0 - self.beta_2) * tf.square(g)
            bound = tf.maximum(largest, squares) if self.amsgrad else squares
            raised = [(m, mean), (v, squares), *([(largest, bound)] if self.amsgrad else [])]
            return raised, p - rate * mean / (_root(bound) + self.epsilon)

        return step

    def _make_slots(self, params: Sequence[Any]) -> Any:
        self.slots = 3 if self.amsgrad else 2
        slots = super()._make_slots(params)
        if not self.amsgrad:  # files have placeholders for them
            slots.append([tf_keras.keras_backend().zeros(1) for _ in params])
            self.weights += slots[-1]
        return slots


class Adamax(Optimizer, _today().Adamax):
    """Adam with the largest gradient instead of the root of the mean square."""

    slots = 2

    def rule(self, count: tf.Tensor, rate: Any) -> Any:
        rate = rate / (1.0 - tf.pow(self.beta_1, count + 1))

        def step(p: Any, g: Any, m: Any, u: Any) -> Step:
            mean = self.beta_1 * m + (1.0 - self.beta_1) * g
            largest = tf.maximum(self.beta_2 * u, tf.abs(g))
            return [(m, mean), (u, largest)], p - rate * mean / (largest + self.epsilon)

        return step


class Nadam(Optimizer, _today().Nadam):
    """Adam with Nesterov momentum on a schedule."""

    slots = 2

    def rule(self, count: tf.Tensor, rate: Any) -> Any:
        t = count + 1
        base = tf.constant(0.96, count.dtype)
        now, next_ = (self.beta_1 * (1.0 - 0.5 * tf.pow(base, at * self.schedule_decay)) for at in (t, t + 1))
        schedule = self.m_schedule.read_value() * now
        self.updates.append((self.m_schedule, schedule))

        def step(p: Any, g: Any, m: Any, v: Any) -> Step:
            mean = self.beta_1 * m + (1.0 - self.beta_1) * g
            squares = self.beta_2 * v + (1.0 - self.beta_2) * tf.square(g)
            ahead = (1.0 - now) * g / (1.0 - schedule) + next_ * mean / (1.0 - schedule * next_)
            root = _root(squares / (1.0 - tf.pow(self.beta_2, t)))
            return [(m, mean), (v, squares)], p - self.lr * ahead / (root + self.epsilon)

        return step


class TFOptimizer(_today().TFOptimizer):
    """An optimizer of tf.train inside a Keras model."""

    def get_updates(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Returns the ops of one step, as `Optimizer.get_updates`."""
        loss, params = _loss_and_params(*args, **kwargs)
        return super().get_updates(loss, params)


def _root(values: tf.Tensor) -> tf.Tensor:
    return tf.sqrt(tf.maximum(values, 0.0))


def get(identifier: Any) -> Any:
    """`keras.optimizers.get`: the optimizer of a name, a configuration or an optimizer of tf.train.

    Raises:
        ValueError: if it is none of these and no optimizer.
    """
    if isinstance(identifier, tf.compat.v1.train.Optimizer):
        return TFOptimizer(identifier)
    if isinstance(identifier, str):
        return deserialize({"class_name": identifier, "config": {}})
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    if isinstance(identifier, _today().Optimizer):
        return identifier
    raise ValueError(f"Could not interpret optimizer identifier: {identifier}")


def deserialize(config: Any, custom_objects: Mapping[str, type] | None = None) -> Any:
    """`keras.optimizers.deserialize`: the optimizer of a configuration; Keras's names may have capitals or not."""
    name = config.get("class_name")
    if isinstance(name, str) and name.lower() in _NAMES:
        config["class_name"] = name.lower()  # programs read it afterwards
    return deserializing.deserialize(config, _NAMES, custom_objects, "optimizer")


CLASSES = (SGD, RMSprop, Adagrad, Adadelta, Adam, Adamax, Nadam, TFOptimizer)
_NAMES = {cls.__name__.lower(): cls for cls in CLASSES}
