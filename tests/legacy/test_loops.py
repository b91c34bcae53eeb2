"""Derivatives of x**5 through loops and branches, with the control flow of TensorFlow 1 and with the second one."""

import numpy as np
import pytest

import nthgrad.legacy.keras as keras
import nthgrad.legacy.tensorflow as tf
from nthgrad import legacy
from nthgrad.errors import LegacyError

EXACT = [32.0, 80.0, 160.0, 240.0, 240.0]  # of x**5 at 2, orders 0 to 4


def by_while(x):
    return tf.while_loop(lambda i, y: i < 5, lambda i, y: (i + 1, y * x), [0, tf.ones_like(x)])[1]


def by_nested_while(x):
    def row(i, y):
        return i + 1, tf.while_loop(lambda j, z: j < i, lambda j, z: (j + 1, z * x), [0, y])[1]

    return tf.while_loop(lambda i, y: i < 4, row, [1, tf.ones_like(x) / x])[1]  # 1 + 2 + 3 factors, less one


LOOPS = {
    "while_loop": by_while,
    "nested while_loops": by_nested_while,
    "while_loop with maximum_iterations": lambda x: tf.while_loop(
        lambda i, y: i < 5, lambda i, y: [i + 1, y * x], [0, tf.ones_like(x)], maximum_iterations=9
    )[1],
    "scan": lambda x: tf.scan(lambda y, _: y * x, tf.zeros([5]), initializer=tf.ones_like(x))[-1],
    "map_fn": lambda x: tf.reduce_sum(tf.map_fn(lambda part: x**5 * part, tf.constant([0.25, 0.75]))),
    "foldl": lambda x: tf.foldl(lambda y, _: y * x, tf.zeros([5]), initializer=tf.ones_like(x)),
    "K.rnn": lambda x: keras.backend.rnn(
        lambda step, states: (states[0] * x, [states[0] * x]), tf.zeros([1, 5, 1]), [tf.ones([1, 1])]
    )[0][0, 0],
}
BRANCHES = {
    "cond": lambda x: tf.cond(x > 1.0, lambda: x**5, lambda: x),
    "nested cond": lambda x: tf.cond(x > 1.0, lambda: tf.cond(x > 1.5, lambda: x**5, lambda: x), lambda: x),
    "case": lambda x: tf.case([(x < 1.0, lambda: x), (x > 1.5, lambda: x**5)], default=lambda: -x),
}
POINTS = {
    "constant": lambda: tf.constant(2.0),
    "resource": lambda: tf.get_variable("x", initializer=2.0, use_resource=True),
}


def tower(f, x, order):
    values = [f(x)]
    for _ in range(order):
        values.append(tf.gradients(values[-1], x)[0])
    return values


def run(values):
    session = tf.get_default_session()
    session.run(tf.global_variables_initializer())
    return session.run(values)


@pytest.mark.parametrize("name", LOOPS)
def test_loops_of_the_first_version_have_one_derivative(name):
    with legacy.session():
        np.testing.assert_allclose(run(tower(LOOPS[name], tf.constant(2.0), 1)), EXACT[:2], rtol=1e-6)


@pytest.mark.parametrize("name", {**LOOPS, **BRANCHES})
def test_the_second_version_has_all(name):
    order = 4 if name in ("while_loop", "cond") else 2  # the fourth takes seconds
    with legacy.session(control_flow="v2"):
        values = tower({**LOOPS, **BRANCHES}[name], POINTS["constant"](), order)
        np.testing.assert_allclose(np.ravel(run(values)), EXACT[: order + 1], rtol=1e-5)


def test_the_second_version_has_all_of_a_resource_variable():
    with legacy.session(control_flow="v2"):
        np.testing.assert_allclose(run(tower(by_while, POINTS["resource"](), 2)), EXACT[:3], rtol=1e-5)


@pytest.mark.parametrize("name", BRANCHES)
def test_branches_of_the_first_version_have_all(name):
    with legacy.session():
        np.testing.assert_allclose(run(tower(BRANCHES[name], tf.constant(2.0), 4)), EXACT, rtol=1e-5)


WAYS_OUT = (
    "Use control flow v2, which supports it: legacy.session(control_flow='v2'), or "
    "`nthgrad run --control-flow v2 FILE`. Build all derivatives before the first Session.run."
)


def test_a_second_derivative_is_refused():
    with legacy.session(), pytest.raises(LegacyError) as caught:
        tower(by_while, tf.constant(2.0), 2)
    assert str(caught.value) == f"tf.gradients was asked for a second derivative through a while loop. {WAYS_OUT}"


def test_none_is_refused_where_a_loop_reads_a_resource_variable():
    with legacy.session(), pytest.raises(LegacyError) as caught:
        tower(by_while, POINTS["resource"](), 2)
    assert str(caught.value) == (
        "tf.gradients gives None for 'x:0', a resource variable that a while loop reads, though the loop's result depends "
        f"on it. {WAYS_OUT}"
    )


def test_none_stays_where_nothing_depends():
    with legacy.session():
        x = POINTS["resource"]()
        assert tf.gradients(tf.stop_gradient(by_while(x)), x) == [None]
        assert tf.gradients(by_while(tf.constant(2.0)), x) == [None]


def test_a_derivative_that_comes_too_late_is_refused():
    with legacy.session(control_flow="v2") as sess:
        x = tf.constant(2.0)
        y = by_while(x)
        assert sess.run(y) == 32.0
        slope = tf.gradients(y, x)
        with pytest.raises(LegacyError) as caught:
            sess.run(slope)
    assert str(caught.value) == (
        "A derivative through a loop or a cond was built after Session.run had run the loop or cond, which control flow v2 "
        "does not support. Build all derivatives before the first Session.run."
    )


def test_another_version_is_refused():
    for call in (
        lambda: legacy.session(control_flow="v3").__enter__(),
        lambda: legacy.run(__file__, control_flow="v3"),
    ):
        with pytest.raises(LegacyError) as caught:
            call()
        assert str(caught.value) == "control_flow='v3' is no version of control flow. Give 'v1' or 'v2'."
