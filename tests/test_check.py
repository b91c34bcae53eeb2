"""check: silent where the engines agree, precise where they do not."""

import numpy as np
import pytest
import tensorflow as tf

import nthgrad as ng
from nthgrad import core
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


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("f", "x"), AGREE.values(), ids=AGREE)
def test_agreement(f, x, dtype):
    report = ng.check(f, np.asarray(x, dtype), 3)
    assert list(report) == list(core.ENGINES)
    for parts in report.values():
        assert len(parts) == 3
        assert max(parts) <= 1


def test_a_wrong_derivative_is_found_and_placed():
    @tf.custom_gradient
    def f(x):
        return x**3, lambda dy: dy * (3 + 0.01 * tf.cast(x > 1, x.dtype)) * x**2

    with pytest.raises(DisagreementError) as error:
        ng.check(lambda x: f(x), tf.constant([0.5, 1.0, 2.0], tf.float64), 1)
    message = str(error.value)
    assert message.startswith("Order 1 at x[2] = 2 (output 0): tape gives 12.04, finite differences give 12, which is ")
    assert "; 1 of 3 elements disagree. " in message
    assert message.endswith(
        "Check that each element of f(x) depends on its own element (or row) of x only; if it does, use the other method "
        "and report f."
    )


@pytest.mark.parametrize("f", [tf.cumsum, tf.nn.softmax, tf.sort], ids=["cumsum", "softmax", "sort"])
def test_mixed_elements_are_found_though_the_shapes_are_equal(f):
    with pytest.raises(DisagreementError):
        ng.check(lambda x: f(x * (3 - x)), tf.constant([0.5, 1.0, 2.75], tf.float64), 1)


def test_a_sum_over_the_batch_is_seen_by_its_ops():
    with pytest.raises(MixingError):
        ng.check(lambda x: x * tf.reduce_sum(x), tf.constant([0.5, 1.0, 2.0], tf.float64), 1)


def test_nan_where_the_differences_are_finite_is_a_disagreement():
    @tf.custom_gradient
    def f(x):
        return x * 1.0, lambda dy: dy * np.nan

    with pytest.raises(DisagreementError, match=r"^Order 1 at x = 0.5 \(output 0\): tape gives nan, .* is inf times"):
        ng.check(lambda x: f(x), 0.5, 1)


def test_the_order_is_two_if_none_is_given():
    assert [len(parts) for parts in ng.check(tf.tanh, 0.5).values()] == [2, 2]
