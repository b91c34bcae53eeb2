"""check: silent where the engines agree, precise where they do not."""

import pickle

import numpy as np
import pytest
import tensorflow as tf

import nthgrad as ng
from nthgrad._call import arguments
from nthgrad.errors import DisagreementError, MixingError

AGREE = {
    "scalar": (tf.tanh, 0.5),
    "batch": (lambda x: tf.math.log(x + 2), [0.5, -1.0, 3.0]),
    "column": (lambda x: tf.sin(x) * x, [[0.5], [1.0]]),
    "rows": (lambda x: tf.concat([x, tf.exp(x)], 1), [[0.5], [1.0]]),
    "scalar to vector": (lambda x: tf.stack([x**3, tf.sqrt(x)]), 2.0),
    "structure": (lambda x: {"a": x**2, "b": [tf.cos(x)]}, [0.5, 1.5]),
    "where": (lambda x: tf.where(x > 0, tf.sqrt(x), x), [-1.0, 2.0]),
}


# Each function in one dtype, in turn: neither engine's graph depends on it.
@pytest.mark.parametrize(("name", "dtype"), [(name, f"float{(64, 32)[i % 2]}") for i, name in enumerate(AGREE)])
def test_agreement(name, dtype):
    f, x = AGREE[name]
    order = 3 if name == "scalar" else 2  # each order triples the time of tapes
    report = ng.check(f, np.asarray(x, dtype), order)
    assert list(report) == list(arguments.ENGINES)
    for parts in report.values():
        assert len(parts) == order
        assert max(parts) <= 1
    assert report.compared == [report.elements] * order
    assert report.elements == sum(np.size(y) for y in tf.nest.flatten(f(np.asarray(x, dtype))))


@pytest.mark.quick
def test_a_wrong_derivative_is_found_and_placed():
    @tf.custom_gradient
    def f(x):
        return x**3, lambda dy: dy * (3 + 0.01 * tf.cast(x > 1, x.dtype)) * x**2

    with pytest.raises(DisagreementError) as error:
        ng.check(lambda x: f(x), tf.constant([0.5, 1.0, 2.0], tf.float64), 1)
    message = str(error.value)
    assert message.startswith("Order 1 at x[2] = 2 (output 0): tape gives 12.04, finite differences give 12: the ")
    assert ". 1 of 3 elements disagree. " in message
    assert message.endswith(
        "Check that each element of f(x) depends on its own element (or row) of x only; if it does, use the other method "
        "and report f."
    )


@pytest.mark.parametrize("f", [tf.cumsum, tf.nn.softmax, tf.sort], ids=["cumsum", "softmax", "sort"])
def test_mixed_elements_are_refused_though_the_shapes_are_equal(f):
    with pytest.raises(MixingError):
        ng.check(lambda x: f(x * (3 - x)), tf.constant([0.5, 1.0, 2.75], tf.float64), 1)


def test_mixed_elements_that_no_op_shows_are_found():
    with pytest.raises(DisagreementError):
        ng.check(lambda x: tf.gather(x * x, tf.argsort(-x)), tf.constant([0.5, 1.0, 2.75], tf.float64), 1)


def test_a_sum_over_the_batch_is_seen_by_its_ops():
    with pytest.raises(MixingError):
        ng.check(lambda x: x * tf.reduce_sum(x), tf.constant([0.5, 1.0, 2.0], tf.float64), 1)


def test_a_zero_is_shown_without_a_sign():
    @tf.custom_gradient
    def f(x):
        return tf.sin(x), lambda dy: -0.0 * dy

    with pytest.raises(
        DisagreementError, match=r"^Order 1 at x = 0 \(output 0\): tape gives 0, finite differences give 1:"
    ):
        ng.check(lambda x: f(x), tf.constant(-0.0, tf.float64), 1)


def test_nan_where_the_differences_are_finite_is_a_disagreement():
    @tf.custom_gradient
    def f(x):
        return x * 1.0, lambda dy: dy * np.nan

    with pytest.raises(DisagreementError, match=r"^Order 1 at x = 0.5 \(output 0\): tape gives nan, .* is inf times"):
        ng.check(lambda x: f(x), 0.5, 1)


def test_the_report_is_a_dict_that_prints_as_a_table():
    report = ng.check(tf.sqrt, np.array([0.5, 1.5, -1.0]), 2)
    assert report == dict(report) == {engine: report[engine] for engine in ("tape", "taylor")}
    assert report.compared == [2, 2]
    title, line, *rows, said, meant, left_out = str(report).splitlines()
    assert title == " order    tape  taylor  limit  precision  compared"
    assert set(line) == {" ", "\u2500"}
    for n, row in enumerate(rows):
        parts = [f"{report[engine][n]:.4f}" for engine in ("tape", "taylor")]
        assert row.split() == [str(n + 1), *parts, "1", f"{report.allowed[n]:.0e}", "2", "of", "3"]
    assert said == "tape, taylor: the largest difference from finite differences, as a fraction of the limit."
    assert meant == "precision: the limit, as a fraction of the largest derivative. compared: elements of f(x)."
    assert left_out == "The other elements are unknown: f is not finite around them, or varies within the steps."
    assert repr(report) == str(report)
    assert str(ng.check(tf.sqrt, 0.5, 2)).endswith(meant)
    assert not ng.check(tf.sqrt, 0.5, 0)["tape"]
    assert pickle.loads(pickle.dumps(report)).allowed == report.allowed


@pytest.mark.parametrize(("dtype", "off"), [("float32", 0.01), ("float64", 1e-9)])
def test_a_derivative_that_is_a_little_off_is_found(dtype, off):
    @tf.custom_gradient
    def f(x):
        return tf.sin(x), lambda dy: dy * tf.cos(x) * tf.constant(1 + off, x.dtype)

    with pytest.raises(
        DisagreementError, match=r"^Order 1 at .* \(output 0\): tape gives .*\. 4 of 4 elements disagree"
    ):
        ng.check(lambda x: f(x), tf.constant([-0.5, 0.25, 0.5, 1.0], dtype), 1)
    assert max(ng.check(tf.sin, tf.constant([-0.5, 0.25, 0.5, 1.0], dtype), 1).allowed) < off / 10


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_in_half_precision_the_report_says_that_it_can_find_nothing(dtype):
    assert min(ng.check(tf.tanh, tf.constant([0.5, 1.5], dtype), 2).allowed) > 1


NOTHING = (
    "finite differences have no value at any of its {} elements, for example at {}, so nothing was compared. Give points "
    "around which f is finite."
)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("f", "x", "message"),
    [
        (tf.sqrt, [-1.0, -2.0], "Order 1 (output 0): " + NOTHING.format(2, "x[0] = -1")),
        (lambda x: x + np.nan, 0.5, "Order 1 (output 0): " + NOTHING.format(1, "x = 0.5")),
        (lambda x: x + np.inf, 0.5, "Order 1 (output 0): " + NOTHING.format(1, "x = 0.5")),
        (lambda x: [x, tf.math.log(x)], [[-1.0]], "Order 1 (output 1): " + NOTHING.format(1, "x[0, 0] = -1")),
    ],
    ids=["outside of the domain", "NaN", "infinite", "one output of two"],
)
def test_nothing_to_compare_is_no_agreement(f, x, message):
    with pytest.raises(DisagreementError) as error:
        ng.check(f, x, 1)
    assert str(error.value) == message


UNRESOLVED = (
    "Order 1 (output 0): finite differences have no value at any of its {} elements, for example at {}, so nothing was "
    "compared. f is finite there, but has a corner or varies within the shortest steps that {} allows. Give points away from "
    "corners and nearer 0{}."
)


@pytest.mark.parametrize(
    ("f", "x", "dtype", "message"),
    [
        (tf.sin, 1e16, "float64", UNRESOLVED.format(1, "x = 1e+16", "float64", "")),
        (tf.sin, [1e6, -1e8], "float32", UNRESOLVED.format(2, "x[0] = 1000000", "float32", ", or points in float64")),
        (tf.sqrt, [-1.0, 0.0], "float32", "Order 1 (output 0): " + NOTHING.format(2, "x[0] = -1")),
        (
            lambda x: tf.sin(1e6 / x),
            1e-3,
            "float32",
            UNRESOLVED.format(1, "x = 0.001", "float32", ", or points in float64"),
        ),
    ],
)
def test_steps_too_long_for_f_are_said_to_be(f, x, dtype, message):
    with pytest.raises(DisagreementError) as error:
        ng.check(f, tf.constant(x, dtype), 1)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("f", "order"), [(tf.sin, 2), (lambda x: x**3, 3), (tf.math.softplus, 2)], ids=["sin", "x**3", "softplus"]
)
def test_elements_of_different_sizes_are_all_compared(f, order):
    assert ng.check(f, tf.constant([0.5, -300.0, 1e5], tf.float64), order).compared == [3] * order


def test_an_error_at_a_large_element_is_found():
    @tf.custom_gradient
    def f(x):
        return tf.math.log(x), lambda dy: dy / x * tf.where(x > 1, tf.constant(1.001, x.dtype), 1)

    with pytest.raises(DisagreementError, match=r"^Order 1 at x\[1\] = 1000000 .* 1 of 2 elements disagree"):
        ng.check(lambda x: f(x), tf.constant([0.5, 1e6], tf.float64), 1)


def test_the_order_is_two_if_none_is_given():
    assert [len(parts) for parts in ng.check(tf.tanh, 0.5).values()] == [2, 2]
