"""Complex outputs of real x: every engine against mpmath and closed forms; training of real and imaginary parts."""

import cmath
import math

import keras
import mpmath as mp
import numpy as np
import pytest
import tensorflow as tf
from support.refusals import check_refused

import nthgrad as ng
from nthgrad import errors
from nthgrad.keras import grad

POINTS = np.array([-0.75, 0.25, 1.5])


def turned(run, how):
    return run if how == "eager" else tf.function(run, jit_compile=how == "compiled")


def near(got, want, factor=100):
    """Equal to rounding, in units of the largest value."""
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape
    assert got.dtype.kind == "c"
    atol = factor * np.finfo(got.dtype).eps * max(1, np.abs(want).max())
    np.testing.assert_allclose(got, want, rtol=0, atol=atol)


# Functions of a real number, with complex values, in TensorFlow and in mpmath.
FUNCTIONS = {
    "damped wave": (lambda x: tf.exp(tf.complex(-x, 2 * x)), lambda z: mp.exp((-1 + 2j) * z)),
    "pole": (lambda x: 1 / tf.complex(x, tf.ones_like(x)), lambda z: 1 / (z + 1j)),
    "logarithm": (lambda x: tf.math.log(tf.complex(x, 1 + x**2)), lambda z: mp.log(z + 1j * (1 + z**2))),
    "sine": (lambda x: tf.sin(tf.complex(x, x**2)), lambda z: mp.sin(z + 1j * z**2)),
    "product": (lambda x: tf.complex(tf.sin(x), x) * tf.complex(x**2, tf.cos(x)), lambda z: (mp.sin(z) + 1j * z) * (z**2 + 1j * mp.cos(z))),
    "conjugate": (lambda x: tf.math.conj(tf.exp(tf.complex(x, 3 * x))), lambda z: mp.exp((1 - 3j) * z)),
    "real only": (lambda x: tf.complex(tf.tanh(x), tf.zeros_like(x)), lambda z: mp.tanh(z)),
    "imaginary only": (lambda x: tf.complex(tf.zeros_like(x), tf.tanh(x)), lambda z: 1j * mp.tanh(z)),
}  # fmt: skip


def exact(name, order):
    """To 30 digits: k! times the Taylor coefficients of the real and the imaginary part."""
    with mp.workdps(30):
        f = FUNCTIONS[name][1]
        towers = []
        for x in POINTS:
            real = mp.taylor(lambda z: mp.re(f(z)), x, order)
            imag = mp.taylor(lambda z: mp.im(f(z)), x, order)
            towers.append([complex(a, b) * math.factorial(k) for k, (a, b) in enumerate(zip(real, imag, strict=True))])
        return np.array(towers).T


# Each function by series, with XLA, whose compilation takes a second, or without, and in float32; most by tapes.
RUNS = {
    ("taylor", "float64", None): ("damped wave", "logarithm", "product", "real only"),
    ("taylor", "float64", True): ("pole", "sine", "conjugate", "imaginary only"),
    ("taylor", "float32", None): ("pole", "product", "imaginary only"),
    ("tape", "float64", None): ("logarithm", "product", "conjugate", "imaginary only"),
    ("tape", "float64", True): ("pole", "real only"),
}


@pytest.mark.parametrize(
    ("name", "method", "dtype", "jit_compile"), [(name, *run) for run, names in RUNS.items() for name in names]
)
def test_derivatives(name, dtype, jit_compile, method):
    order = 6 if method == "taylor" else 2
    x = tf.constant(POINTS[:, None], dtype)
    tower = ng.derivatives(FUNCTIONS[name][0], order, method=method, jit_compile=jit_compile)(x)
    assert {t.dtype for t in tower} == {tf.complex64 if dtype == "float32" else tf.complex128}
    for got, want in zip(tower, exact(name, order), strict=True):
        near(got, want[:, None], 1000)


@pytest.mark.parametrize(
    ("name", "orders", "compiled"),
    [("pole", (0, 1), False), ("logarithm", (2,), False), ("real only", (1,), False), ("imaginary only", (2,), False),
     ("pole", (1,), True)],
)  # fmt: skip
def test_finite_differences(name, orders, compiled):
    f = FUNCTIONS[name][0]
    for order in orders:
        want = exact(name, order)[order]
        # A ladder of steps is a graph of ten thousand ops.
        g = ng.finite_difference(f, order, return_error=True, step=2.0**-10 if compiled else None)
        value, error = (tf.function(g) if compiled else g)(tf.constant(POINTS))
        assert (value.dtype, error.dtype) == (tf.complex128, tf.float64)
        assert np.all(np.abs(value - want) <= 10 * error)
        assert np.all(error <= 1e-4 * np.abs(want).max())


@pytest.mark.quick
def test_structures_of_real_and_complex_tensors():
    def f(x):
        wave = tf.exp(tf.complex(0 * x, x))
        return {"b": [x**2, wave], "a": (wave * wave, tf.cast(x, tf.float32)), "c": x[:, None] * tf.ones(2, x.dtype)}

    x = tf.constant(POINTS)
    wave = np.exp(1j * POINTS)
    for got in (ng.derivative(f)(x), ng.derivatives(f, 1, method="tape")(x)[1], ng.finite_difference(f)(x)):
        tf.nest.assert_same_structure(got, f(x))
        assert [t.dtype for t in tf.nest.flatten(got)] == [t.dtype for t in tf.nest.flatten(f(x))]
        for value, want in zip(
            tf.nest.flatten(got), [2j * wave**2, 1, 2 * POINTS, 1j * wave, np.ones((3, 2))], strict=True
        ):
            np.testing.assert_allclose(value, np.broadcast_to(want, value.shape), rtol=1e-6, atol=1e-6)


@pytest.mark.quick
@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_number_of_points(count):
    spec = [tf.TensorSpec([None], tf.float64)]
    g = tf.function(ng.derivative(FUNCTIONS["damped wave"][0], 2), input_signature=spec)
    np.testing.assert_allclose(g(POINTS[:count]), exact("damped wave", 2)[2][:count], rtol=1e-14)


def packet(t, x):
    """A wave packet that spreads, a solution of Schroedinger's equation i u_t = -u_xx / 2."""
    width = tf.complex(tf.ones_like(t), t)
    return tf.exp(-tf.cast(x * x, width.dtype) / (2 * width)) / tf.sqrt(width)


@pytest.mark.parametrize(
    ("method", "dtype", "jit_compile"),
    [("taylor", "float32", None), ("taylor", "float64", True), ("tape", "float64", None)],
)
def test_schroedinger(dtype, jit_compile, method):
    rng = np.random.default_rng(0)
    t, x = (tf.constant(c, dtype) for c in rng.uniform(-1, 1, (2, 9, 1)))
    if jit_compile:  # the columns of one tensor, in a function that XLA compiles
        columns = ng.partials(lambda p: packet(p[:, :1], p[:, 1:]), ["", "t", "xx"], coords="tx", method=method)
        d = tf.function(columns, jit_compile=True)(tf.concat([t, x], 1))
    else:
        d = ng.partials(packet, ["", "t", "xx"], method=method)(t, x)
    near(1j * d["t"].numpy() + d["xx"].numpy() / 2, np.zeros((9, 1)))
    near(d[""], packet(t, x))


X = np.random.default_rng(1).normal(size=(4, 3))
V = np.random.default_rng(2).normal(size=(4, 3))
K = np.array([1.0, -0.5, 2.0])  # |K|**2 = 5.25
AMPLITUDES = np.array([1 + 2j, -1j, 0.5])
WAVE = np.exp(1j * X @ K)
VECTOR = WAVE[:, None] * AMPLITUDES
SLOPES = 1j * VECTOR[:, :, None] * K


def wave(x):
    phase = tf.linalg.matvec(x, tf.constant(K, x.dtype))
    return tf.exp(tf.complex(tf.zeros_like(phase), phase))


def vector(x):
    y = wave(x)[:, None]
    return y * tf.constant(AMPLITUDES, y.dtype)


def cast(v, x):
    return tf.constant(v, x.dtype)


# Operators on a plane wave and on a vector of plane waves.
OPERATORS = {
    "gradient": (lambda x, **o: ng.gradient(wave, **o)(x), 1j * WAVE[:, None] * K),
    "jacobian": (lambda x, **o: ng.jacobian(vector, **o)(x), SLOPES),
    "jacobian, backward": (
        lambda x, **o: ng.jacobian(lambda x: wave(x)[:, None], **o)(x),
        1j * WAVE[:, None, None] * K,
    ),
    "jacobian, in chunks": (lambda x, **o: ng.jacobian(vector, chunk_size=2, **o)(x), SLOPES),
    "hessian": (lambda x, **o: ng.hessian(wave, **o)(x), -WAVE[:, None, None] * np.outer(K, K)),
    "hessian of a vector": (
        lambda x, **o: ng.hessian(vector, **o)(x),
        -VECTOR[:, :, None, None] * np.outer(K, K),
    ),
    "hvp": (lambda x, **o: ng.hvp(wave, **o)(x, cast(V, x)), -(WAVE * (V @ K))[:, None] * K),
    "laplacian": (lambda x, **o: ng.laplacian(vector, **o)(x), -5.25 * VECTOR),
    "biharmonic": (lambda x, **o: ng.biharmonic(wave, **o)(x), 5.25**2 * WAVE),
    "divergence": (lambda x, **o: ng.divergence(vector, **o)(x), np.trace(SLOPES, axis1=1, axis2=2)),
    "divergence of components": (
        lambda x, **o: ng.divergence(lambda x: tf.unstack(vector(x), axis=1), **o)(x),
        np.trace(SLOPES, axis1=1, axis2=2),
    ),
    "curl": (lambda x, **o: ng.curl(vector, **o)(x), np.cross(1j * K, VECTOR)),
    "symmetric gradient": (
        lambda x, **o: ng.symmetric_gradient(vector, **o)(x),
        (SLOPES + SLOPES.transpose(0, 2, 1)) / 2,
    ),
    "directional": (lambda x, **o: ng.directional(vector, 2, **o)(x, cast(V, x)), -((V @ K) ** 2)[:, None] * VECTOR),
    "curl of the gradient": (lambda x, **o: ng.curl(ng.gradient(wave, **o), **o)(x), np.zeros((4, 3))),
}
ESTIMATED = {
    "laplacian, estimated": (
        lambda x: ng.laplacian(wave, estimate=True)(x, cast(V, x)),
        -WAVE * ((V @ K) ** 2).mean(),
    ),
}


# Only by series: a tape computes these from the same first and second derivatives as other operators, or to order 4.
BY_SERIES = ("jacobian, in chunks", "hessian of a vector", "biharmonic", "divergence", "curl", "symmetric gradient",
             "curl of the gradient")  # fmt: skip
# Compilation takes a second each: one operator of each kind. Some of them are not called in float32.
COMPILED = ("gradient", "jacobian, in chunks", "hessian", "hvp", "laplacian", *ESTIMATED)


@pytest.mark.parametrize(
    ("name", "method", "dtype"),
    [(name, "taylor", "float32") for name in OPERATORS if name not in ("jacobian, in chunks", "hessian", "hvp")]
    + [(name, "tape", "float64") for name in OPERATORS if name not in BY_SERIES],
)
def test_operators(name, dtype, method):
    call, want = OPERATORS[name]
    near(call(tf.constant(X, dtype), method=method), want)


@pytest.mark.parametrize("name", COMPILED)
def test_operators_compiled(name):
    call, want = {**OPERATORS, **ESTIMATED}[name]
    near(tf.function(call, jit_compile=True)(tf.constant(X)), want)


@pytest.mark.parametrize(("how", "method"), [("eager", "taylor"), ("graph", "tape"), ("compiled", "taylor")])
def test_trained_real_and_imaginary_parts(how, method):
    """Of f = w exp(k x) for complex w and k: the sum of |f''|**2 = |w|**2 |k|**4 exp(2 re(k) x), by all four numbers."""
    w, k = tf.Variable([0.5, -1.5], dtype=tf.float64), tf.Variable([-0.25, 2.0], dtype=tf.float64)

    def f(x):
        return tf.complex(w[0], w[1]) * tf.exp(tf.complex(k[0] * x, k[1] * x))

    g = ng.derivative(f, 2, method=method)

    def step():
        with tf.GradientTape() as tape:
            y = g(tf.constant(POINTS))
            loss = tf.reduce_sum(tf.math.real(y * tf.math.conj(y)))
        return tape.gradient(loss, [w, k])

    (a, b), (p, q) = w.numpy(), k.numpy()
    weight, size, sums = a * a + b * b, p * p + q * q, np.exp(2 * p * POINTS)
    by_w = 2 * size**2 * sums.sum() * np.array([a, b])
    by_k = 4 * weight * size * sums.sum() * np.array([p, q]) + [2 * weight * size**2 * (POINTS * sums).sum(), 0]
    for got, want in zip(turned(step, how)(), (by_w, by_k), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12)


@keras.saving.register_keras_serializable(package="tests")
class Wave(keras.layers.Layer):
    """A w exp(k x), with trained real and imaginary parts of w and k."""

    def build(self, shape):
        for name, value in (("a", 0.5), ("b", -1.5), ("p", -0.25), ("q", 2.0)):
            setattr(self, name, self.add_weight(shape=(), initializer=keras.initializers.Constant(value)))

    def call(self, x):
        return tf.complex(+self.a, +self.b) * tf.exp(tf.complex(self.p * x, self.q * x))

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape, "complex64" if self.compute_dtype == "float32" else "complex128")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_keras(dtype):
    x = keras.Input((1,), dtype=dtype)
    y = Wave(dtype=dtype)(x)
    model = keras.Model(x, [y, grad(y, x), grad(grad(y, x), x)])
    at = POINTS[:, None].astype(dtype)
    w, k = 0.5 - 1.5j, -0.25 + 2j
    for found in (model(at), tf.function(model)(at), model.predict(at, verbose=0)):
        for n, got in enumerate(found):
            near(got, w * k**n * np.exp(k * at.astype("float64")))


def test_keras_trains():
    """The square of |y_xx| falls by steps of an optimizer, and its gradient is that of the derivative without Keras."""
    x = keras.Input((1,))
    model = keras.Model(x, keras.layers.Lambda(tf.abs, output_shape=(1,))(grad(Wave(name="wave")(x), x, 2)))
    layer, at = model.get_layer("wave"), POINTS[:, None].astype("float32")
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(at) ** 2)
    got = tape.gradient(loss, [v.value for v in layer.trainable_variables])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.abs(ng.derivative(layer, 2)(at)) ** 2)
    want = tape.gradient(loss, [v.value for v in layer.trainable_variables])
    np.testing.assert_allclose(got, want, rtol=1e-5)
    model.compile(keras.optimizers.SGD(1e-4), "mse")
    first, *_, last = model.fit(at, np.zeros_like(at), epochs=5, verbose=0).history["loss"]
    assert last < first


@pytest.mark.quick
def test_what_the_refusal_of_complex_x_says_to_write():
    """The derivative of an analytic function, by the real part of its argument."""
    z = POINTS + 0.5j
    f = lambda z: tf.exp(z) * z**2  # noqa: E731
    g = ng.derivative(lambda a, b: f(tf.complex(a, b)), 2)
    near(g(z.real, z.imag), np.exp(z) * (z**2 + 4 * z + 2))


CASES = {
    "complex x": (
        lambda: ng.gradient(tf.math.real)(POINTS * 1j),
        errors.InputError,
        "x is complex128; derivatives are by real variables. Write f as a function of its real and its imaginary part, "
        "lambda a, b: f(tf.complex(a, b)), and differentiate by one: by a for the derivative of an analytic f.",
    ),
    "no number for each point": (
        lambda: ng.gradient(vector)(X),
        errors.OutputError,
        "f maps shape (4, 3) to shape (4, 3), not to one number for each point. Use nthgrad.jacobian.",
    ),
    "mixed rows": (
        lambda: ng.derivative(lambda x: tf.complex(x, x - tf.reduce_mean(x)))(POINTS),
        errors.MixingError,
        "f mixes the rows of a batch: Mean (named 'Mean', made at HERE) combines them, so that no row has a derivative "
        "of its own. Take it out of f (a BatchNormalization: call the model with training=False).",
    ),
    "no dependence": (
        lambda: ng.derivative(lambda x: tf.complex(tf.ones_like(x), tf.zeros_like(x)))(POINTS),
        errors.DependenceError,
        "f(x) does not depend on x through any differentiable path: there is no path of floating-point ops. Check that f "
        "uses its argument, in TensorFlow ops and without casts to integers.",
    ),
    "a check": (
        lambda: ng.check(lambda x: tf.complex(x, x), POINTS),
        errors.OutputError,
        "Output 0 of f is complex128, and check compares real numbers. Return tf.math.real(y) and tf.math.imag(y).",
    ),
    "x of a Keras model": (
        lambda: grad(keras.Input((1,), name="y"), keras.Input((1,), dtype="complex64", name="x")),
        errors.InputError,
        "x ('x') is complex64; derivatives need dense real floating point. Convert it by a layer, or give keras.Input the "
        'dtype "float32".',
    ),
}


@pytest.mark.quick
@pytest.mark.parametrize("name", CASES)
def test_refused(name):
    check_refused(CASES[name], __file__)


def test_one_point():
    f = lambda x: tf.exp(tf.complex(0.0, x))  # noqa: E731
    assert cmath.isclose(complex(ng.derivative(f, 3)(0.5)), -1j * cmath.exp(0.5j), rel_tol=1e-6)
