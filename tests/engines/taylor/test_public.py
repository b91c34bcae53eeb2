"""taylor(f, order) along a line, rules of one's own, and what both refuse: word for word."""

import re

import numpy as np
import pytest
import tensorflow as tf
from support.refusals import check_refused

import nthgrad as ng
from nthgrad import extend
from nthgrad.engines import taylor
from nthgrad.engines.taylor import rules
from nthgrad.errors import ArgumentError, CostError, InputError, OutputError, UnsupportedOpError

DTYPES = {"float32": 2e-6, "float64": 1e-14}

# f of a vector, a point, a direction, and the Taylor coefficients of f(x + s v) in s.
LINES = {
    "a product": (lambda x: x[0] * tf.exp(x[1]), [1.0, 0.0], [2.0, 1.0], [1.0, 3.0, 2.5, 1 / 6 + 1.0]),
    "a sum": (lambda x: tf.reduce_sum(x**3), [1.0, 2.0], [1.0, -1.0], [9.0, -9.0, 9.0, 0.0]),
    "a vector": (lambda x: x * tf.reduce_sum(x), [1.0, 2.0], [1.0, 0.0], [[3, 6], [4, 2], [1, 0], [0, 0]]),
    "softmax": (lambda x: tf.nn.softmax(x)[:1], [0.0, 0.0], [1.0, -1.0], [[0.5], [0.5], [0.0], [-1 / 6]]),
    "no direction": (tf.sin, [1.0], [0.0], [[np.sin(1.0)], [0.0], [0.0], [0.0]]),
    "a structure": (
        lambda x: {"a": x[0] ** 2, "b": [tf.ones_like(x)]},
        [3.0],
        [2.0],
        [(9.0, [1.0]), (12.0, [0.0]), (4.0, [0.0]), (0.0, [0.0])],
    ),
}


@pytest.mark.quick
# Each line plain in both dtypes, and compiled in one of them.
@pytest.mark.parametrize(
    ("name", "dtype", "jit_compile"),
    [
        *((name, dtype, None) for name in LINES for dtype in DTYPES),
        *((name, [*DTYPES][i % 2], True) for i, name in enumerate(LINES)),
    ],
)
def test_coefficients_along_a_line(name, dtype, jit_compile):
    f, x, v, want = LINES[name]
    got = ng.taylor(tf.autograph.experimental.do_not_convert(f), 3, jit_compile=jit_compile)(
        np.array(x, dtype), np.array(v, dtype)
    )
    assert len(got) == 4
    for c, w in zip(got, want, strict=True):
        tf.nest.assert_same_structure(c, f(tf.constant(x)))
        for leaf, value in zip(tf.nest.flatten(c), tf.nest.flatten(w) if name == "a structure" else [w], strict=True):
            assert leaf.dtype == dtype
            np.testing.assert_allclose(leaf, value, rtol=0, atol=10 * DTYPES[dtype])


def test_a_complex_output():
    got = ng.taylor(lambda x: tf.exp(tf.complex(0 * x, x)), 4)(np.float64(0.5), np.float64(2.0))
    want = [np.exp(0.5j) * (2j) ** k / factorial for k, factorial in enumerate((1, 1, 2, 6, 24))]
    np.testing.assert_allclose(got, want, rtol=1e-14)


@pytest.mark.parametrize("n", [0, 1, 5])
def test_a_batch_of_any_size_in_a_graph(n):
    g = ng.taylor(lambda x: tf.reduce_sum(x * x, 1), 2)
    specs = [tf.TensorSpec([None, 2], tf.float64)] * 2
    x, v = np.arange(2.0 * n).reshape(n, 2), np.ones((n, 2))
    got = tf.function(g, input_signature=specs)(x, v)
    for c, want in zip(got, (np.sum(x * x, 1), 2 * np.sum(x, 1), 2 + 0 * x[:, 0]), strict=True):
        np.testing.assert_allclose(c, want)


@pytest.mark.parametrize("argnum", [1, "x"])
def test_other_arguments_and_python_numbers(argnum):
    g = ng.taylor(lambda a, x: a * x**2, 2, argnum=argnum)
    assert [float(c) for c in g(3.0, 2.0, 1)] == [12, 12, 3]
    np.testing.assert_array_equal(g(np.float64(3.0), np.array([2.0]), [1])[2], [3.0])


def test_an_outer_tape_sees_point_direction_and_weights():
    w = tf.Variable(2.0, dtype=tf.float64)
    x, v = tf.Variable([1.0, 3.0], dtype=tf.float64), tf.Variable([1.0, -1.0], dtype=tf.float64)
    g = ng.taylor(lambda x: w * tf.reduce_sum(x**3), 2)  # the second coefficient is 3 w sum x v**2
    with tf.GradientTape() as tape:
        y = g(x, v)[2]
    by_w, by_x, by_v = tape.gradient(y, [w, x, v])
    np.testing.assert_allclose(by_w, 3 * 4)
    np.testing.assert_allclose(by_x, [6, 6])
    np.testing.assert_allclose(by_v, [12, -36])


def spectrogram(x):
    return tf.raw_ops.AudioSpectrogram(input=x, window_size=4, stride=4, magnitude_squared=True)


REFUSED = {
    "direction of another shape": (
        lambda: ng.taylor(tf.sin, 2)(np.ones(3), np.ones(2)),
        InputError,
        "v is float64 of shape (2,), but x is float64 of shape (3,). Give a direction of the dtype and the shape of x.",
    ),
    "direction of another dtype": (
        lambda: ng.taylor(tf.sin, 2)(np.ones(3), np.ones(3, "float32")),
        InputError,
        "v is float32 of shape (3,), but x is float64 of shape (3,). Give a direction of the dtype and the shape of x.",
    ),
    "an integer output": (
        lambda: ng.taylor(lambda x: (x, tf.size(x)), 2)(1.0, 1.0),
        OutputError,
        "Output 1 of f is int32, which has no derivative. Return floating-point or complex tensors only.",
    ),
    "no output": (
        lambda: ng.taylor(lambda x: None, 2)(1.0, 1.0),
        OutputError,
        "f returned nothing (None). Return the tensor, or the structure of tensors, to differentiate.",
    ),
    "an order past sense": (
        lambda: ng.taylor(lambda x: tf.tanh(2 * x), 1000)(1.0, 1.0),
        CostError,
        "The derivative of order 1000 by power series would take about 5.1e+05 graph ops, and about 5 minutes of tracing "
        "on one core of 2024: orders 4, 8 and 12 along a line take 70, 152 and 250. Ask for a lower order, or split f "
        "into terms and differentiate each of them.",
    ),
    "an op without a gradient": (
        lambda: ng.taylor(spectrogram, 2)(*np.ones((2, 8, 1), "float32")),
        UnsupportedOpError,
        "AudioSpectrogram (named 'AudioSpectrogram', made at HERE) has no rule, and its gradient does not give one: nothing "
        'differentiates AudioSpectrogram. Write that part of f with other ops, use method="tape" or '
        "nthgrad.finite_difference, or give the op a rule with nthgrad.extend.register.",
    ),
    "Python in the graph": (
        lambda: ng.derivative(lambda x: tf.ensure_shape(tf.numpy_function(np.sin, [x], tf.float64), [3]))(np.ones(3)),
        UnsupportedOpError,
        "PyFunc (named 'PyFunc', made at HERE) runs Python code (a tf.numpy_function or tf.compat.v1.py_func), which no "
        "engine can look into. Write that part of f with TensorFlow's ops, or use nthgrad.finite_difference.",
    ),
    "a second rule": (
        lambda: extend.register("Exp", extend.linear),
        ArgumentError,
        "The op type 'Exp' has a rule already, which cannot be replaced. Remove this call.",
    ),
    "a rule that is none": (
        lambda: extend.register("AudioSpectrogram", 2.0),
        ArgumentError,
        "The rule for 'AudioSpectrogram' is 2.0, which is no rule. Create one with a family of nthgrad.extend.",
    ),
    "a function without a family": (
        lambda: extend.register("AudioSpectrogram", abs),
        ArgumentError,
        "The rule for 'AudioSpectrogram' is <built-in function abs>, which is no rule. Create one with a family of "
        "nthgrad.extend.",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    check_refused(REFUSED[name], __file__)


@pytest.mark.quick
def test_a_rule_of_ones_own(monkeypatch):
    monkeypatch.setattr(extend, "RULES", table := dict(rules.RULES))
    monkeypatch.setattr("nthgrad.engines.taylor.interpreter.RULES", table)

    def f(x):  # the image (x, x**2), padded by its mirror image and multiplied by x
        image, kernel = tf.reshape(tf.stack([x, x**2]), [1, 1, 2, 1]), tf.reshape(x, [1, 1, 1, 1])
        return tf.raw_ops.FusedPadConv2D(
            input=image,
            paddings=[[0, 0], [0, 0], [1, 0], [0, 0]],
            filter=kernel,
            mode="REFLECT",
            strides=[1] * 4,
            padding="VALID",
        )

    with pytest.raises(UnsupportedOpError, match="FusedPadConv2D"):
        ng.derivative(f, 2)(np.float32(3.0))
    extend.register("FusedPadConv2D", extend.bilinear(0, 2))
    np.testing.assert_allclose(np.ravel(ng.derivative(f, 2)(np.float32(3.0))), [18, 2, 18])
    with pytest.raises(ArgumentError, match="'FusedPadConv2D' has a rule already"):
        extend.register("FusedPadConv2D", extend.bilinear(0, 2))


def test_auto_is_the_taylor_engine():
    h = tf.custom_gradient(lambda x: (tf.exp(tf.sin(x)), lambda dy: 7 * dy))  # tapes keep to the 7
    x = np.array([0.3, 1.0])
    np.testing.assert_array_equal(ng.derivative(h, 5)(x), ng.derivative(h, 5, method="taylor")(x))
    assert not np.allclose(ng.derivative(h, 5)(x), ng.derivative(h, 5, method="tape")(x))


def test_a_custom_gradient_is_walked_through():
    @tf.custom_gradient
    def f(x):
        return x * x, lambda dy: 7 * dy

    np.testing.assert_array_equal(ng.derivative(lambda x: f(x), 1)(np.array([3.0])), [6.0])
    np.testing.assert_array_equal(ng.derivative(lambda x: f(x), 1, method="tape")(np.array([3.0])), [7.0])


def test_only_what_the_order_needs_is_computed():
    graphs = []

    def f(x):
        graphs.append(x.graph)
        return tf.tanh(x @ tf.ones([1, 4], x.dtype)) @ tf.ones([4, 1], x.dtype) + 1.0

    for g in (ng.derivative(f, 6), ng.derivatives(f, 6)):
        g(np.ones((2, 1)))
    products = [sum(op.type == "MatMul" for op in graph.get_operations()) for graph in graphs]
    # x has coefficients 0 and 1; after the tanh, which needs all, the last product is wanted at order 6 only, or at all
    assert products == [2 + 1 + 1, 2 + 1 + 6]


def test_the_cost_grows_with_the_square_of_the_order():
    def size(n):
        graphs = []

        def f(x):
            graphs.append(x.graph)
            return tf.tanh(tf.sin(x))

        ng.derivative(f, n)(1.0)
        return len(graphs[0].get_operations())

    sizes = [size(n) for n in (3, 6, 12)]
    assert sizes[2] < 4.2 * sizes[1] < 4.2**2 * sizes[0]


# f, and an order whose derivative at 0.5 fits float32 while the next one, or one of the next few, does not.
HIGHEST = {
    "tanh": (tf.tanh, 40, 1.4068929e38),
    "1 / (1 + x**2)": (lambda x: 1 / (1 + x * x), 35, -1.5493993e38),
    "sin(10 x)": (lambda x: tf.sin(10 * x), 39, -2.8366219e38),
}


@pytest.mark.parametrize("name", HIGHEST)
def test_the_highest_order_that_fits_is_not_lost(name):
    """The values are of mpmath.taylor, with 60 digits."""
    f, order, want = HIGHEST[name]
    *_, got, lost = ng.derivatives(f, order + 1)(np.float32(0.5))
    assert float(got) == pytest.approx(want, rel=float(order * np.finfo("float32").eps * 8))
    assert np.isinf(lost)


@pytest.mark.parametrize("f", [tf.exp, tf.tanh, lambda x: tf.tanh(tf.sin(tf.exp(x))), lambda x: (x + 1.0) ** 3 * x])
def test_the_estimate_of_the_cost_is_within_a_factor_of_3(f, monkeypatch):
    f = tf.autograph.experimental.do_not_convert(f)
    run = tf.function(ng.derivative(f, 13))  # beyond 12, the highest order that the estimate traces
    actual = len(run.get_concrete_function(tf.TensorSpec([1], tf.float64)).graph.get_operations())
    monkeypatch.setattr(taylor, "MAX_OPS", 1)
    with pytest.raises(CostError) as error:
        ng.derivative(f, 13)(np.ones(1))
    estimate = float(re.search(r"about (\S+) graph ops", str(error.value)).group(1))
    assert actual / 3 < estimate < actual * 3
