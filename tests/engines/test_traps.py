"""The traps of TensorFlow's own higher derivatives: each is right here, or refused by name. Never None, NaN or wrong."""

import numpy as np
import pytest
import tensorflow as tf

import nthgrad as ng
from nthgrad.errors import NthgradError, UnsupportedOpError

X = np.array([0.0, 1.0, -2.0])
inert = tf.autograph.experimental.do_not_convert  # AutoGraph takes longer than the derivatives
METHODS = pytest.mark.parametrize("method", ["tape", "taylor"])


def fold(op, *rest):
    """A function of one variable through an op over several elements: op([x, x, x + 1])."""
    return lambda x: op(tf.stack([x, x, x + 1], axis=-1), *rest)


def powers(k, highest=4):
    return [np.prod([k - i for i in range(n)]) * X ** max(k - n, 0) for n in range(highest + 1)]


# (x, x, x + 1) multiplied: x**3 + x**2
PRODUCT = [X**3 + X**2, 3 * X**2 + 2 * X, 6 * X + 2, 6 + 0 * X, 0 * X, 0 * X]
SQRT = [
    np.where(X > 0, v, w)
    for v, w in [(np.sqrt(abs(X)), X**2), (0.5, 2 * X), (-0.25, 2 + 0 * X), (0.375, 0 * X), (-0.9375, 0 * X)]
]  # sqrt(x) at 1, x**2 elsewhere
# x and x**2 have the variance (x - x**2)**2 / 4
MOMENTS = [(X - X**2) ** 2 / 4, (X - 3 * X**2 + 2 * X**3) / 2, (1 - 6 * X + 6 * X**2) / 2, -3 + 6 * X, 6 + 0 * X]
HALF = [np.where(X == 1, v, 0) for v in (0.5**0.5, 0.5 * 0.5**-0.5, -0.25 * 0.5**-1.5, 0.375 * 0.5**-2.5)]
IMAGE = np.array([[[[0.5], [1.5]], [[2.0], [3.0]]]])


def nested(x):
    if tf.reduce_sum(x) < 9:
        if tf.reduce_sum(x) < 8:
            y = x**3
        else:
            y = x
    else:
        y = 2 * x
    return y


def resized(method):
    # Each output pixel is a weighted mean of one and the same number: the resize of x * image is x * resize(image).
    return lambda x: tf.image.resize(x[:, None, None, None] * tf.constant(IMAGE, tf.float32), [3, 5], method) ** 2


RIGHT = {
    **{f"x**{k}": (lambda x, k=k: x**k, powers(k)) for k in range(5)},
    **{f"x**{k}. as a float": (lambda x, k=k: tf.pow(x, float(k)), powers(k)) for k in (2, 3)},
    "x**n, n a tensor": (
        lambda x: tf.pow(x, tf.reduce_sum(tf.ones([2], x.dtype)) * tf.cast(x > -9, x.dtype)),
        powers(2),
    ),
    "x**[2, 3]": (
        lambda x: tf.reduce_sum(x[:, None] ** tf.constant([2.0, 3.0], x.dtype), 1),
        [a + b for a, b in zip(powers(2), powers(3), strict=True)],
    ),
    "reduce_prod with zeros": (fold(tf.reduce_prod, -1), PRODUCT),
    "reduce_prod kept": (lambda x: fold(tf.reduce_prod, -1, True)(x)[:, 0], PRODUCT),
    "cumprod with zeros": (lambda x: fold(tf.math.cumprod, -1)(x)[:, 2], PRODUCT),
    "cumprod exclusive": (lambda x: fold(tf.math.cumprod, -1, True)(x)[:, 2], powers(2)),
    "cumprod reverse": (lambda x: fold(tf.math.cumprod, -1, False, True)(x)[:, 0], PRODUCT),
    "where(x > 0, sqrt(x), x * x)": (lambda x: tf.where(x > 0, tf.sqrt(x), x * x), SQRT),
    "where in a where": (
        lambda x: tf.where(x > 5, tf.where(x >= 0, tf.math.log(x), 1 / x), tf.where(x > 0, tf.sqrt(x), x * x)),
        SQRT,
    ),
    "where in a cond": (
        lambda x: tf.cond(x[0] < 9, lambda: tf.where(x > 0, tf.sqrt(x), x * x), lambda: x),
        SQRT[:3],  # NaN from order 2 on by plain tapes, and each order of these takes three times the one before
    ),
    "where in a tf.function": (lambda x: tf.function(lambda t: tf.where(t > 0, tf.sqrt(t), t * t))(x), SQRT),
    "compat.v1.where": (lambda x: tf.compat.v1.where(x > 0, tf.sqrt(x), x * x), SQRT),
    "maximum(log(x**2), -1)": (
        lambda x: tf.maximum(tf.math.log(x**2), -1.0),
        [
            np.where(X == 0, -1, np.log(X**2, where=X != 0, out=0 * X)),
            *[np.where(X == 0, 0, c / np.where(X == 0, 1, X) ** k) for k, c in ((1, 2), (2, -2), (3, 4), (4, -12))],
        ],
    ),
    "clip(1 / x)": (
        lambda x: tf.clip_by_value(1 / x, -9.0, 9.0),
        [
            np.where(X == 0, 9 if k == 0 else 0, c / np.where(X == 0, 1, X) ** (k + 1))
            for k, c in enumerate((1, -1, 2, -6))
        ],
    ),
    "relu(log(x + 2))": (
        lambda x: tf.nn.relu(tf.math.log(x + 2)),
        [
            np.where(X == -2, 0, v)
            for v in (np.log(X + 2 + (X == -2)), 1 / (X + 2 + (X == -2)), -1 / (X + 2 + (X == -2)) ** 2)
        ],
    ),
    "softsign of x + 3": (
        lambda x: tf.nn.softsign(x + 3),
        [(X + 3) / (X + 4), 1 / (X + 4) ** 2, -2 / (X + 4) ** 3, 6 / (X + 4) ** 4, -24 / (X + 4) ** 5],
    ),
    "square": (tf.square, powers(2)),
    "matmul": (lambda x: tf.matmul(x[:, None, None], x[:, None, None])[:, 0, 0], powers(2)),
    "einsum": (lambda x: tf.einsum("i,i->i", x, x), powers(2)),
    "maximum": (lambda x: tf.maximum(x * x, -1.0), powers(2)),
    "gather": (lambda x: tf.gather(x, [0, 1, 2]) ** 2, powers(2)),
    "gather of the square": (lambda x: tf.gather(x**2, tf.range(tf.shape(x)[0])), powers(2)),
    "embedding": (lambda x: tf.nn.embedding_lookup(x**2, [0, 1, 2]), powers(2)),
    "segment_sum": (lambda x: tf.math.segment_sum(x**3, [0, 1, 2]), powers(3)),
    "concat": (lambda x: tf.concat([x[:1] ** 3, x[1:] ** 3], 0), powers(3)),
    "slice": (lambda x: tf.concat([tf.slice(x**3, [0], [1]), tf.slice(x**3, [1], [2])], 0), powers(3)),
    "cond": (lambda x: tf.cond(x[0] >= 0, lambda: x**2, lambda: x), powers(2, 3)),
    "switch_case": (lambda x: tf.switch_case(tf.constant(1) + 0 * tf.size(x), [lambda: x, lambda: x**2]), powers(2, 3)),
    "while_loop": (
        lambda x: tf.while_loop(lambda i, y: i < 2, lambda i, y: (i + 1, y * x**2), (0, tf.ones_like(x)))[1],
        powers(4, 2),
    ),
    "map_fn": (lambda x: tf.map_fn(lambda t: t**2, x), powers(2, 3)),
    "vectorized_map": (lambda x: tf.vectorized_map(lambda t: t**3, x), powers(3)),
    "scan": (lambda x: tf.scan(lambda a, t: a * x**2, tf.range(2), tf.ones_like(x))[-1], powers(4, 2)),
    "moments": (lambda x: tf.nn.moments(tf.stack([x, x**2], -1), [-1])[1], MOMENTS),
    "xlogy by its first": (lambda x: tf.math.xlogy(x, 2.0), [X * np.log(2), np.log(2) + 0 * X, 0 * X]),
    "xlog1py by its first": (lambda x: tf.math.xlog1py(x, 1.0), [X * np.log(2), np.log(2) + 0 * X, 0 * X]),
    "xlogy where both are 0": (
        lambda x: tf.math.xlogy(x * x, tf.abs(x)),  # x**2 log|x|, whose second derivative is infinite at 0
        [X**2 * np.log(abs(X) + (X == 0)), 2 * X * np.log(abs(X) + (X == 0)) + X],
    ),
    "xlog1py where both are at the end": (
        lambda x: tf.math.xlog1py(x * x, tf.abs(x) - 1),
        [X**2 * np.log(abs(X) + (X == 0)), 2 * X * np.log(abs(X) + (X == 0)) + X],
    ),
    "xdivy where both are 0": (lambda x: tf.math.xdivy(x * x, tf.identity(x)), [X, (X != 0) * 1.0]),
    "xdivy at 0": (lambda x: tf.math.xdivy(x, 2.0 + 0 * x), [X / 2, 0.5 + 0 * X, 0 * X]),
    "cross-entropy, labels that vary": (
        lambda x: tf.nn.softmax_cross_entropy_with_logits(tf.stack([x, x**2], -1), tf.zeros([3, 2], x.dtype)),
        [np.log(2) * (X + X**2), np.log(2) * (1 + 2 * X), 2 * np.log(2) + 0 * X, 0 * X],
    ),
    "cumulative_logsumexp": (
        lambda x: tf.math.cumulative_logsumexp(tf.stack([x, x], -1), -1)[:, 1],
        [X + np.log(2), 1 + 0 * X, 0 * X, 0 * X, 0 * X],
    ),
    "sqrt(relu)": (lambda x: tf.sqrt(tf.nn.relu(x - 0.5)), HALF),
    "sqrt(relu6)": (lambda x: tf.sqrt(tf.nn.relu6(x - 0.5)), HALF),
    "nested ifs of AutoGraph": (nested, powers(3, 2)),
    "recompute_grad, once": (lambda x: tf.recompute_grad(lambda t: t * t * t)(x), powers(3, 1)),
}
COMPILED = {
    "x**2",
    "x**n, n a tensor",
    "reduce_prod with zeros",
    "cumprod with zeros",
    "where in a where",
    "concat",
    "slice",
}


# Each order by tapes takes three times the one before: the fourth is for one trap of a kind, and the others have three,
# two behind a branch or a loop, or one behind branches in branches.
FOURTH = {
    *(f"x**{k}" for k in range(5)), "x**n, n a tensor", "reduce_prod with zeros", "where(x > 0, sqrt(x), x * x)",
    "maximum(log(x**2), -1)", "moments",
}  # fmt: skip
SECOND = {"cond", "map_fn", "switch_case", "where in a where"}
FIRST = {"nested ifs of AutoGraph"}


@METHODS
@pytest.mark.parametrize("name", RIGHT)
def test_right_to_order_4(name, method):
    f, want = RIGHT[name]
    if method == "tape" and name not in FOURTH:
        want = want[: 2 if name in FIRST else 3 if name in SECOND else 4]
    f = f if name == "nested ifs of AutoGraph" else inert(f)
    for k, (got, exact) in enumerate(zip(ng.derivatives(f, len(want) - 1, method=method)(X), want, strict=True)):
        np.testing.assert_allclose(got, exact, rtol=1e-13, atol=1e-13, err_msg=f"order {k}")


@METHODS
@pytest.mark.parametrize("name", sorted(COMPILED))
def test_right_when_compiled(name, method):
    f, want = inert(RIGHT[name][0]), RIGHT[name][1][:4]  # plain tapes are wrong, or refuse, at order 3 at the latest
    # Each trap by one of the two ways to compile, a method's every other one by the other.
    if (sorted(COMPILED).index(name) + (method == "tape")) % 2:
        run = tf.function(lambda x: ng.derivatives(f, len(want) - 1, method=method)(x), jit_compile=True)
    else:
        run = ng.derivatives(f, len(want) - 1, method=method, jit_compile=True)
    for k, (got, exact) in enumerate(zip(run(X), want, strict=True)):
        np.testing.assert_allclose(got, exact, rtol=1e-13, atol=1e-13, err_msg=f"order {k}")


def pair(x):
    return tf.stack([x**2, x], -1)


# Of equal values, what TensorFlow's first derivative takes: the first of two, the mean of several, of relu the side of
# zero. The first and second derivatives at x = 1.
TIES = {
    "minimum, the square first": (lambda x: tf.minimum(x**2, x), 2, 2),
    "minimum, the square last": (lambda x: tf.minimum(x, x**2), 1, 0),
    "maximum, the square first": (lambda x: tf.maximum(x**2, x), 2, 2),
    "maximum, the square last": (lambda x: tf.maximum(x, x**2), 1, 0),
    "minimum of no ops": (lambda x: tf.minimum(tf.gather(x, [0, 1, 2]), tf.gather(2 - x, [0, 1, 2])), 1, 0),
    "maximum of no ops": (lambda x: tf.maximum(tf.gather(2 - x, [0, 1, 2]), tf.gather(x, [0, 1, 2])), -1, 0),
    "maximum and a constant": (lambda x: tf.maximum(x**2, 1.0), 2, 2),
    "minimum and a constant first": (lambda x: tf.minimum(tf.constant(1.0, x.dtype), x**2), 0, 0),
    "clip_by_value": (lambda x: tf.clip_by_value(x**2, -1.0, 1.0), 2, 2),
    "relu": (lambda x: tf.nn.relu(x**2 - 1), 0, 0),
    "relu6 at 6": (lambda x: tf.nn.relu6(x**2 + 5), 0, 0),
    "reduce_min": (lambda x: tf.reduce_min(pair(x), -1), 1.5, 1),
    "reduce_max": (lambda x: tf.reduce_max(pair(x), -1), 1.5, 1),
    "segment_min": (lambda x: tf.math.segment_min(tf.reshape(pair(x), [-1]), [0, 0, 1, 1, 2, 2]), 1.5, 1),
    "unsorted_segment_max": (
        lambda x: tf.math.unsorted_segment_max(tf.reshape(pair(x), [-1]), [0, 0, 1, 1, 2, 2], 3),
        1.5,
        1,
    ),
    "sort": (lambda x: tf.sort(pair(x), -1)[:, 0], 2, 2),
    "top_k": (lambda x: tf.math.top_k(pair(x), 1)[0][:, 0], 2, 2),
    "abs": (lambda x: tf.abs(x**2 - 1), 0, 0),
}


@METHODS
@pytest.mark.parametrize("name", TIES)
def test_equal_values_have_the_derivatives_that_tensorflow_gives_first(name, method):
    f, *want = TIES[name]
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    assert tape.gradient(y, x)[1] == want[0]
    assert [y[1] for y in ng.derivatives(inert(f), 2, method=method)(X)[1:]] == want


@METHODS
def test_a_where_on_elements_in_another_order(method):
    def f(x):
        y = tf.reverse(x, [0])
        return tf.reverse(tf.where(y > 0, tf.sqrt(y), y * y), [0])

    x = np.array([1.0, 4.0, -2.0])
    for got, want in zip(
        ng.derivatives(f, 2, method=method)(x), ([1, 2, 4], [0.5, 0.25, -4], [-0.25, -1 / 32, 2]), strict=True
    ):
        np.testing.assert_allclose(got, want, rtol=1e-14)


@METHODS
@pytest.mark.parametrize("kind", ["bilinear", "bicubic", "nearest"])
def test_resizes(kind, method):
    x = np.array([0.5, -1.5], "float32")
    value = tf.image.resize(IMAGE, [3, 5], kind) ** 2
    derivatives = ng.derivatives(inert(resized(kind)), 3, method=method)(x)
    for k, (got, scale) in enumerate(zip(derivatives, (x**2, 2 * x, 2 + 0 * x, 0 * x), strict=True)):
        np.testing.assert_allclose(got, scale[:, None, None, None] * value, rtol=1e-5, atol=1e-5, err_msg=f"order {k}")


@METHODS
def test_a_loss_on_u_xx_with_a_point_at_zero_gives_finite_weights(method):
    w = tf.Variable(3.0, dtype=tf.float64)
    u_xx = ng.derivative(lambda x: (x * w) ** 2, 2, method=method)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(u_xx(X) ** 2)  # 3 (2 w**2)**2
    assert float(tape.gradient(loss, w)) == pytest.approx(3 * 16 * 3**3, rel=1e-14)


@METHODS
def test_resize_is_differentiated_by_weights_too(method):
    w = tf.Variable(3.0)
    x = np.array([0.5], "float32")
    g = ng.derivative(lambda x: resized("bilinear")(x * w), method=method)  # 2 x w**2 value
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(g(x))
    value = float(tf.reduce_sum(tf.image.resize(IMAGE, [3, 5]) ** 2))
    assert float(tape.gradient(loss, w)) == pytest.approx(4 * 0.5 * 3 * value, rel=1e-5)


def test_a_custom_gradient_stays_in_force_beside_a_repair():
    @tf.custom_gradient
    def f(x):
        return x * x, lambda dy: 7 * dy * x**2

    np.testing.assert_allclose(ng.derivative(lambda x: f(x**2), 1, method="tape")(X), 7 * X**4 * 2 * X, rtol=1e-14)
    np.testing.assert_allclose(ng.derivative(lambda x: f(x**2), 2, method="tape")(X), 70 * X**4, rtol=1e-14)


REFUSED = {
    "lrn": (lambda x: tf.nn.lrn(tf.cast(x, tf.float32)[:, None, None, None])[:, 0, 0, 0], 2, "LRN"),
    "igamma by its first argument": (lambda x: tf.math.igamma(x + 3, tf.constant(2.0, tf.float64)), 2, "Igamma"),
    "betainc by its first argument": (lambda x: tf.math.betainc(x + 3, x + 4, 0.0 * x + 0.5), 1, "Betainc"),
    "fake_quant": (
        lambda x: tf.quantization.fake_quant_with_min_max_args(tf.cast(x, tf.float32)),
        1,
        "FakeQuantWithMinMaxArgs",
    ),
    "py_function": (lambda x: tf.ensure_shape(tf.py_function(lambda t: t * t, [x], tf.float64), [3]), 1, "EagerPyFunc"),
    "numpy_function": (lambda x: tf.ensure_shape(tf.numpy_function(np.sin, [x], tf.float64), [3]), 1, "PyFunc"),
    "unsorted_segment_prod": (lambda x: tf.math.unsorted_segment_prod(x, [0, 1, 2], 3), 1, "UnsortedSegmentProd"),
    "crop_and_resize": (
        lambda x: tf.image.crop_and_resize(
            tf.cast(x, tf.float32)[:, None, None, None], [[0.0, 0.0, 1.0, 1.0]] * 3, [0, 1, 2], [1, 1]
        )[:, 0, 0, 0],
        1,
        "CropAndResize",
    ),
    "sparse.segment_sum": (lambda x: tf.sparse.segment_sum(x**3, [0, 1, 2], [0, 1, 2]) ** 2, 2, "SparseSegmentSum"),
    "linspace": (lambda x: tf.raw_ops.LinSpace(start=x[0], stop=x[1], num=3), 1, "LinSpace"),
    "max_pool that keeps the shape": (
        lambda x: tf.nn.max_pool1d(x[None, :, None], 1, 1, "SAME")[0, :, 0],
        1,
        "MaxPool",
    ),
    "complex det": (
        lambda x: tf.math.real(tf.linalg.det(tf.complex(x, x)[:, None, None])),
        1,
        "MatrixDeterminant",
    ),
    "pad by its value": (lambda x: tf.pad(x, [[0, 0]], constant_values=x[0]), 1, "PadV2"),
    "bits": (lambda x: x + tf.bitcast(tf.bitcast(x, tf.int64), tf.float64), 1, "Bitcast"),
    "recompute_grad, twice": (lambda x: tf.recompute_grad(lambda t: t * t * t)(x), 2, "IdentityN"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_tapes_are_refused_by_name_and_line(name):
    f, order, op = REFUSED[name]
    with pytest.raises(UnsupportedOpError) as error:
        ng.derivative(inert(f), order, method="tape")(X)
    message = str(error.value)
    assert f"{op} (named '" in message
    assert f"made at {__file__}:" in message
    assert message.endswith("or use nthgrad.finite_difference.")


@METHODS
def test_the_state_of_a_variable_is_refused(method):
    v = tf.Variable(0.0 * X)

    def f(x):
        v.assign(x**3)
        return v * x

    with pytest.raises(UnsupportedOpError) as error:
        ng.derivative(f, 1, method=method)(X)
    assert "ReadVariableOp (named '" in str(error.value)
    assert "which depends on x: no derivative goes through the state of a variable." in str(error.value)


@METHODS
def test_a_state_that_is_not_read_again_does_not_matter(method):
    v = tf.Variable(0.0 * X)

    def f(x):
        y = v * x + x**3
        v.assign(x)
        return y

    np.testing.assert_allclose(ng.derivative(f, 2, method=method)(X), 6 * X)


def test_refused_in_a_loop_where_a_repair_cannot_work():
    f = lambda x: tf.map_fn(lambda t: t ** tf.cast(t > 0, t.dtype), x)  # noqa: E731
    with pytest.raises(NthgradError, match="is in a loop or a branch"):
        ng.derivative(f, 2, method="tape")(X)
    np.testing.assert_array_equal(ng.derivatives(f, 2)(X), [np.where(X > 0, X, 1), X > 0, 0 * X])


ONLY_SERIES = {
    "lrn": [X / (1 + X**2) ** 0.5, (1 + X**2) ** -1.5, -3 * X * (1 + X**2) ** -2.5],
    "fake_quant": [np.clip(X, -6, 6), 1 + 0 * X, 0 * X],
    "unsorted_segment_prod": [X, 1 + 0 * X, 0 * X],
    "crop_and_resize": [X, 1 + 0 * X, 0 * X],
    "sparse.segment_sum": [X**6, 6 * X**5, 30 * X**4],
    "max_pool that keeps the shape": [X, 1 + 0 * X, 0 * X],
    "complex det": [X, 1 + 0 * X, 0 * X],
    "recompute_grad, twice": powers(3, 3),
}


@pytest.mark.parametrize("name", ONLY_SERIES)
def test_right_by_power_series_where_tapes_are_refused(name):
    want = ONLY_SERIES[name]
    for k, (got, exact) in enumerate(zip(ng.derivatives(inert(REFUSED[name][0]), len(want) - 1)(X), want, strict=True)):
        np.testing.assert_allclose(
            got, exact, rtol=1e-6, atol=3e-2 if name == "fake_quant" else 1e-7, err_msg=f"order {k}"
        )
