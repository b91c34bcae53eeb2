"""Builds the training step of `unchanged.py` in three ways: nested tapes, a TensorFlow 1 program, a DeepXDE model.

Each builder takes a `Case`, and whether nthgrad computes the gradients. Nothing else differs between the two sides. The
residual is u_t + u u_x + u_xx + ..., of a tanh network u(t, x); the order is the number of derivatives by x.
"""

import contextlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_1

import nthgrad as ng
from nthgrad import legacy

WIDTHS = (2, 64, 64, 64, 1)


@dataclass(frozen=True)
class Case:
    """What is computed.

    Attributes:
        order: the number of derivatives by x; by t it is one.
        layout: t and x are "columns" of one tensor [batch, 2], or "tensors" of their own.
        xla: whether XLA compiles it.
        batch: the number of points.
    """

    order: int
    layout: str
    xla: bool
    batch: int

    def arrays(self) -> dict[str, np.ndarray]:
        """Points, weights and biases."""
        rng = np.random.default_rng(0)
        found = {"points": rng.uniform(-1, 1, (self.batch, 2))}
        for k, (m, n) in enumerate(itertools.pairwise(WIDTHS)):
            found |= {f"w{k}": rng.normal(size=(m, n)) / m**0.5, f"b{k}": rng.normal(scale=0.1, size=n)}
        return {name: array.astype("float32") for name, array in found.items()}


@dataclass(frozen=True)
class Step:
    """A training step, built and called once.

    Attributes:
        call: computes it; returns when the result is there.
        value: computes the loss and its gradients by the weights.
        ops: the number of ops of its graph.
    """

    call: Callable[[], Any]
    value: Callable[[], list[Any]]
    ops: int


def size(graph):
    """The number of ops of a graph, those of its functions included."""
    definition = graph.as_graph_def()
    return len(definition.node) + sum(len(function.node_def) for function in definition.library.function)


def tapes(case, fast):
    """Nested tapes, one an order; the innermost takes both first derivatives."""
    tape_class = ng.GradientTape if fast else tf.GradientTape
    arrays = case.arrays()
    ws, bs = ([tf.Variable(a) for name, a in arrays.items() if name.startswith(kind)] for kind in "wb")
    z = tf.constant(arrays["points"])
    points = (z,) if case.layout == "columns" else (z[:, :1], z[:, 1:])

    def network(y):
        for w, b in zip(ws[:-1], bs[:-1], strict=True):
            y = tf.tanh(y @ w + b)
        return y @ ws[-1] + bs[-1]

    def derivatives(n, *points):
        """Returns u, u_t, u_x, u_xx, ... up to order n."""
        with tape_class() as tape:
            tape.watch(points)
            found = derivatives(n - 1, *points) if n > 1 else [network(tf.concat(points, 1))]
        slope = tape.gradient(found[-1], points if n == 1 else points[-1])
        if case.layout == "columns":
            slope = slope[0] if n == 1 else slope
            return found + ([slope[:, :1], slope[:, 1:]] if n == 1 else [slope[:, 1:]])
        return found + (list(slope) if n == 1 else [slope])

    @tf.function(autograph=False, jit_compile=case.xla or None)
    def step(*points):
        with tape_class() as tape:
            u, u_t, u_x, *higher = derivatives(case.order, *points)
            loss = tf.reduce_mean((u_t + u * u_x + sum(higher)) ** 2)
        return [loss, *tape.gradient(loss, [*ws, *bs])]

    def call():
        found = step(*points)
        tf.test.experimental.sync_devices()
        return found

    call()
    return Step(call, call, size(step.get_concrete_function(*points).graph))


def old_program(case, fast):
    """The TensorFlow 1 program of tensorflow_1.py, in a graph and a session of its own; requires an open legacy session."""
    import nthgrad.legacy.tensorflow as tf1

    with tf1.Graph().as_default() as graph, ng.accelerated() if fast else contextlib.nullcontext():
        feed, wanted = tensorflow_1.build(tf1, case.order, case.layout, case.arrays())
        opened = tf1.Session(graph=graph)
        opened.run(tf1.global_variables_initializer())

    def call():
        return opened.run(wanted, feed)

    call()
    return Step(call, call, size(graph))


def deepxde(case, fast):
    """DeepXDE's own model and training step. The learning rate is 0: both sides keep the same weights."""
    import deepxde as dde

    in_session = dde.backend.backend_name == "tensorflow.compat.v1"
    if not in_session:
        dde.config.xla_jit = case.xla  # what `enable_xla_jit` sets, without its message
    dde.gradients.clear()  # DeepXDE would keep the tensors of all graphs
    dde.config.set_random_seed(0)

    def residual(z, u):
        u_x, u_t = dde.grad.jacobian(u, z, i=0, j=1), dde.grad.jacobian(u, z, i=0, j=0)
        found, even = u_t + u * u_x, u
        for n in range(2, case.order + 1):
            if n % 2:
                found += dde.grad.jacobian(even, z, i=0, j=1)
            else:
                even = dde.grad.hessian(even, z, i=1, j=1)
                found += even
        return found

    graph = tf.Graph() if in_session else None
    with graph.as_default() if graph else contextlib.nullcontext():
        with ng.accelerated() if fast else contextlib.nullcontext():
            square = dde.geometry.Rectangle([-1, -1], [1, 1])
            data = dde.data.PDE(square, residual, [], num_domain=case.batch, train_distribution="pseudo")
            model = dde.Model(data, dde.nn.FNN(list(WIDTHS), "tanh", "Glorot normal"))
            model.compile("adam", lr=0.0, verbose=0)
            _, state = model.train(1, display_every=1, verbose=0)
        arguments = state.X_train, state.y_train, state.train_aux_vars
        if graph:
            feed = model.net.feed_dict(True, *arguments)
            loss = model.outputs_losses_train[1]
            wanted = [loss, *tf.compat.v1.gradients(loss, tf.compat.v1.trainable_variables())]
            ops = size(graph)
            return Step(lambda: model.sess.run(model.train_step, feed), lambda: model.sess.run(wanted, feed), ops)

    def call():
        model.train_step(*arguments)
        tf.test.experimental.sync_devices()

    def value():
        with tf.GradientTape() as tape:
            loss = model.outputs_losses_train(*arguments)[1]
        return [loss, *tape.gradient(loss, model.net.trainable_variables)]

    return Step(call, value, size(model.outputs_losses_train.get_concrete_function(*arguments).graph))


@dataclass(frozen=True)
class Comparison:
    """A way to write the step.

    Attributes:
        title: names TensorFlow's side and nthgrad's.
        build: returns the `Step`.
        layouts: layouts of the coordinates to measure.
        xla: whether to measure without XLA, with it, or both.
        around: opens the context in which both sides run.
        backend: the backend that DeepXDE is to choose.
    """

    title: str
    build: Callable[[Case, bool], Step]
    layouts: tuple[str, ...]
    xla: tuple[bool, ...]
    around: Callable[[], Any] = contextlib.nullcontext
    backend: str = "tensorflow"


LAYOUTS = ("columns", "tensors")
COMPARISONS = {
    "tapes": Comparison("tf.GradientTape -> ng.GradientTape", tapes, LAYOUTS, (False, True)),
    "session": Comparison("TensorFlow 1 session -> accelerated", old_program, LAYOUTS, (False,), legacy.session),
    "deepxde": Comparison("DeepXDE, tensorflow -> accelerated", deepxde, LAYOUTS[:1], (False, True)),
    "deepxde-session": Comparison(
        "DeepXDE, tensorflow.compat.v1 -> accelerated", deepxde, LAYOUTS[:1], (False,), backend="tensorflow.compat.v1"
    ),
}
