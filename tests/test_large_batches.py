"""Training by `loss_and_gradients`: Keras, half precision, replicas, sets of unknown lengths, memory."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import settings

import nthgrad as ng
from nthgrad import errors

X = np.random.default_rng(0).normal(size=(50, 2)).astype("float32")
Y = X[:, :1] * X[:, 1:]


class InBlocks(keras.Sequential):
    """A model whose training step is in blocks of 8 rows."""

    def squares(self, x, y):
        return tf.cast(self(x) - y, tf.float32) ** 2

    def train_step(self, data):
        scaled = lambda x, y: self.optimizer.scale_loss(self.squares(x, y))  # noqa: E731
        f = self.__dict__.setdefault("losses_of_rows", scaled)
        loss, gradients = ng.loss_and_gradients(f, self.trainable_variables, block=8)(*data)
        self.optimizer.apply(gradients, self.trainable_variables)
        return {"loss": loss}


def fitted(cls, batch_size=20, optimizer=None, **options):
    keras.utils.set_random_seed(0)
    model = cls([keras.Input((2,)), keras.layers.Dense(8, "tanh"), keras.layers.Dense(1, dtype="float32")])
    model.compile(optimizer or "sgd", "mse", **options)
    model.fit(X, Y, batch_size=batch_size, epochs=3, shuffle=False, verbose=0)
    return model.get_weights()


@pytest.mark.parametrize(
    ("batch_size", "compiled"),
    [(25, False), (20, True)],  # the last batch of 20 is of 10: the graph knows no length
)
def test_a_train_step_of_keras(batch_size, compiled):
    for a, b in zip(*(fitted(c, batch_size, jit_compile=compiled) for c in (InBlocks, keras.Sequential)), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)  # ten roundings of numbers below 1


def test_the_loss_scale_of_keras_in_half_precision():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        scaled = lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), initial_scale=2.0**12)  # noqa: E731
        found, wanted = (fitted(c, optimizer=scaled()) for c in (InBlocks, keras.Sequential))
    finally:
        keras.config.set_dtype_policy(before)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3)  # a rounding of float16


def test_half_precision_with_a_loss_scale_has_no_underflow():
    w = tf.Variable(1.0)
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(1.0), initial_scale=2.0**10)
    optimizer.build([w])

    def f(x):
        y = tf.cast(tf.cast(w, tf.float16) * x, tf.float32)
        return optimizer.scale_loss(y * 1e-4)

    x = tf.ones([5000], tf.float16)  # 1e-4 / 5000 is zero in float16
    loss, gradients = ng.loss_and_gradients(f, [w], block=256)(x)
    optimizer.apply(gradients, [w])
    assert loss.dtype == tf.float32
    np.testing.assert_allclose([float(loss), 1 - float(w)], [2**10 * 1e-4, 1e-4], rtol=2e-3)  # of float16


@pytest.mark.parametrize(
    ("dtype", "compiled"), [("float16", None), ("float16", True), ("bfloat16", True), ("float32", None)]
)
def test_sums_of_many_blocks(dtype, compiled):
    """In bfloat16, 256 + 1 is 256; in float16, 5000 times 20 is infinite; in float32, each sum is rounded."""
    w = tf.Variable(1.0, dtype=dtype)
    x = tf.constant(20 + np.random.default_rng(0).uniform(0, 1, 5000), dtype)
    loss, (slope,) = ng.loss_and_gradients(lambda x: w * x, [w], block=1, jit_compile=compiled)(x)
    assert (loss.dtype, slope.dtype) == (tf.float32, w.dtype)
    wanted = np.mean(x.numpy().astype(np.float64))
    eps = float(np.finfo(tf.as_dtype(dtype).as_numpy_dtype).eps) if dtype != "bfloat16" else 2.0**-7
    np.testing.assert_allclose(loss, wanted, rtol=1e-7)
    np.testing.assert_allclose(float(slope), wanted, rtol=eps / 2)


# ---------- lengths that the caller's graph does not know

W = tf.Variable([[1.0], [2.0]])


def two_sets(x, y):
    return (x @ W) ** 2, y * W[1]


def one_set(x, y):
    return (x @ W - y) ** 2


T_X = ng.partials(lambda t, x: tf.sin(t * W[0]) * x, ["t", "x"])


def of_derivatives(t, x):
    d = T_X(t, x)  # raises an error of nthgrad where the lengths differ, in converted code
    return d["t"] * W[1] - d["x"]


LENGTHS = {
    "one set": (one_set, lambda: (X, Y)),
    "one set, derivatives": (lambda t, x: of_derivatives(t, x), lambda: (X[:, :1], Y)),
    "one argument": (lambda sets: one_set(*sets), lambda: ((X, Y),)),
    "two sets": (two_sets, lambda: (X, Y[:7])),
    "two sets of one length": (two_sets, lambda: (X, Y)),
    "one row": (one_set, lambda: (X[:1], Y[:1])),
}


# Each of them plain, and with XLA what differs by more than the structure of the arguments.
@pytest.mark.parametrize(
    ("name", "compiled"),
    [
        *((name, None) for name in LENGTHS if name != "two sets of one length"),
        *((name, True) for name in ("one set", "two sets of one length", "one row")),
    ],
)
def test_unknown_lengths(name, compiled):
    f, sets = LENGTHS[name]
    specs = tf.nest.map_structure(lambda t: tf.TensorSpec([None, t.shape[1]]), sets())
    g = ng.loss_and_gradients(f, [W], block=8)
    run = tf.function(g, input_signature=specs, jit_compile=compiled, autograph=False)
    with tf.GradientTape() as tape:
        loss = tf.add_n([tf.reduce_mean(leaf) for leaf in tf.nest.flatten(f(*sets()))])
    for a, b in zip(tf.nest.flatten(run(*sets())), (loss, tape.gradient(loss, W)), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-6)  # ten roundings


@pytest.mark.parametrize("compiled", [None, True])
@pytest.mark.parametrize("n", [1, 20])
def test_sets_whose_lengths_differ_at_last_are_no_set(n, compiled):
    g = ng.loss_and_gradients(one_set, [W], block=8)
    specs = [tf.TensorSpec([None, 2]), tf.TensorSpec([None, 1])]
    run = tf.function(g, input_signature=specs, jit_compile=compiled, autograph=False)
    says = (
        "concatenate arrays that differ"
        if compiled
        else (
            "The tensors of a set of points have different numbers of rows, unknown to the graph of the caller. Give the "
            "tensors of each set as one argument, such as g((t, x), boundary)."
        )
    )
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        run(X, Y[:n])
    assert says in str(caught.value)


@pytest.mark.parametrize(("f", "x"), [(one_set, X), (of_derivatives, X[:, :1])], ids=["TensorFlow", "nthgrad"])
def test_points_of_two_sets_that_f_combines(f, x):
    with pytest.raises(errors.InputError) as caught:
        ng.loss_and_gradients(f, [W])(x, Y[:20])
    said = str(caught.value)
    assert said.startswith(
        "f combines points of different sets. In its analysis, set 0 has 1009 rows and set 1 has 1013 rows: "
    )
    assert said.endswith(
        ". Give the points of one set with the same number of rows, in one argument if the caller's graph does not know "
        "it, such as g((t, x), boundary)."
    )


# ---------- processes of their own


def in_process(code, timeout=300):
    environment = {
        **os.environ,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "CUDA_VISIBLE_DEVICES": "-1",
    }
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=timeout
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().split("\n")[-1]


def test_two_replicas():
    code = """
import keras, numpy as np, tensorflow as tf, nthgrad as ng
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    w = tf.Variable(3.0)
g = ng.loss_and_gradients(lambda x: (ng.derivative(lambda x: tf.sin(w * x), 2)(x)) ** 2, [w], block=4)
x = tf.constant(np.linspace(0.1, 1, 20), tf.float32)
parts = strategy.experimental_distribute_values_from_function(lambda c: x[10 * c.replica_id_in_sync_group :][:10])
for run in (lambda p: strategy.run(g, (p,)), tf.function(lambda p: strategy.run(g, (p,)))):
    loss, (gradient,) = run(parts)
    found = [strategy.reduce("mean", v, None) for v in (loss, gradient)]
    with tf.GradientTape() as tape:
        want = tf.reduce_mean((w**2 * tf.sin(w * x)) ** 2)
    np.testing.assert_allclose(found, [want, tape.gradient(want, w)], rtol=1e-5)

u = lambda t, x: tf.sin(w * t * x)
columns = strategy.experimental_distribute_values_from_function(
    lambda c: x[10 * c.replica_id_in_sync_group :][:10, None])
for make, count, compiled, run in (
    (lambda **o: ng.derivative(lambda x: u(x, x), 2, **o), 1, None, strategy.run),
    (lambda **o: ng.partials(u, ["t", "xx"], **o), 2, True, tf.function(strategy.run)),
):
    wanted = tf.nest.flatten(make(block=None)(*[x[:, None]] * count))
    found = tf.nest.flatten(run(make(block=4, jit_compile=compiled), [columns] * count))
    found = [tf.concat(strategy.experimental_local_results(y), 0) for y in found]
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)

class InBlocks(keras.Sequential):
    def train_step(self, data):
        share = 1 / tf.distribute.get_strategy().num_replicas_in_sync  # Keras adds the gradients of the replicas
        f = self.__dict__.setdefault("losses_of_rows", lambda x, y: share * (self(x) - y) ** 2)
        loss, gradients = ng.loss_and_gradients(f, self.trainable_variables, block=4)(*data)
        self.optimizer.apply(gradients, self.trainable_variables)
        return {"loss": loss}

def fitted(cls):
    keras.utils.set_random_seed(0)
    model = cls([keras.Input((1,)), keras.layers.Dense(4, "tanh"), keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=False)
    model.fit(x[:, None], tf.sin(x)[:, None], batch_size=16, epochs=2, shuffle=False, verbose=0)
    return model.get_weights()

wanted = fitted(keras.Sequential)
with strategy.scope():
    found = fitted(InBlocks)
for a, b in zip(found, wanted):
    np.testing.assert_allclose(a, b, atol=1e-6)  # ten roundings of numbers below 1
print("done")
"""
    assert in_process(code) == "done"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peak memory is read from /proc")
def test_memory_is_that_of_a_block():
    code = """
import gc, resource, tensorflow as tf, nthgrad as ng
w = [tf.Variable(tf.random.normal(s)) for s in ([1, 32], [32, 32], [32, 1])]
u = lambda x: tf.tanh(tf.tanh(x @ w[0]) @ w[1]) @ w[2]
d = ng.derivative(u, 2)
g = ng.loss_and_gradients(lambda x: d(x) ** 2, w)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
g(tf.ones([30_000, 1]))
before = peak()
g(tf.ones([300_000, 1]))
print(peak() - before)  # MiB; one tensor of the hidden layer has 37 on all rows
"""
    assert float(in_process(code)) < 30


@pytest.mark.skipif(settings.default.derandomize, reason="minutes: by --hypothesis-profile=long")
@pytest.mark.parametrize("method", ["step", "L-BFGS-B", "Newton-CG"])
@pytest.mark.parametrize("compiled", [None, True])
def test_the_memory_of_a_million_points(method, compiled):
    """A Kuramoto-Sivashinsky loss; the points are 8 MiB. Newton's method has two functions to compile."""
    code = f"""
import itertools, resource, scipy.optimize, tensorflow as tf, nthgrad as ng
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
tf.function(lambda x: tf.tanh(x @ x), jit_compile={compiled})(tf.ones([64, 64]))
own = peak()  # MiB of TensorFlow
ws = [tf.Variable(tf.random.normal(s, stddev=0.2)) for s in itertools.pairwise([2, 64, 64, 64, 1])]
def u(t, x):
    y = tf.concat([t, x], 1)
    for w in ws[:-1]:
        y = tf.tanh(y @ w)
    return y @ ws[-1]
partials = ng.partials(u, ["", "t", "x", "xx", "xxxx"])
def f(t, x):
    d = partials(t, x)
    return (d["t"] + d[""] * d["x"] + d["xx"] + d["xxxx"]) ** 2
g = ng.loss_and_gradients(f, ws, jit_compile={compiled})
points = tuple(tf.random.uniform([2, 1_000_000, 1]))
if "{method}" == "step":
    g(*points)
else:
    ng.optimize.minimize(g, ws, "{method}", args=points, options={{"maxiter": 1}}, progress=False)
print(peak() - own)
"""
    assert float(in_process(code, 3600)) < (300 if method == "Newton-CG" else 200)
