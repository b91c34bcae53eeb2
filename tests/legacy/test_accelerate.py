"""Old programs whose gradients of gradients are computed by series: `session(accelerate=True)`, `run --accelerate`."""

import numpy as np
import pytest

from nthgrad import legacy

PROGRAM = """
import tensorflow as tf
from keras import backend as K

tf.set_random_seed(1)
x = tf.placeholder(tf.float64, [None, 1])
w = tf.Variable([[0.5, -0.25]], dtype=tf.float64)
u = tf.reduce_sum(tf.tanh(tf.matmul(x, w)), 1, keepdims=True)
for gradients in (tf.gradients, K.gradients, tf.gradients, K.gradients, tf.gradients):
    (u,) = gradients(u, [x])
(slope,) = tf.gradients(tf.reduce_sum(u), w)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for value in sess.run([u, slope], {x: [[0.0], [1.0]]}):
        print(*value.ravel().tolist())
print(len(tf.get_default_graph().get_operations()))
"""


def numbers(printed):
    """The numbers that the program prints, and the number of ops in its graph."""
    *found, ops = map(float, printed.split())
    return found, ops


def test_a_script_has_the_same_numbers_and_fewer_ops(tmp_path, capfd):
    script = tmp_path / "program.py"
    script.write_text(PROGRAM, encoding="utf-8")
    assert legacy.run(script, accelerate=True) == 0
    fast, fast_ops = numbers(capfd.readouterr().out)
    with legacy.session():
        exec(
            PROGRAM.replace("import tensorflow", "import nthgrad.legacy.tensorflow").replace(
                "keras", "nthgrad.legacy.keras"
            ),
            {},
        )
    plain, ops = numbers(capfd.readouterr().out)
    # Sums of some 5! products of numbers of size 1, which cancel.
    np.testing.assert_allclose(fast, plain, rtol=0, atol=120 * np.finfo(float).eps)
    assert fast_ops < ops / 2


@pytest.mark.filterwarnings("ignore")
def test_only_the_session_that_asks_for_it_is_accelerated():
    import nthgrad.legacy.tensorflow as tf

    counts = []
    for accelerate in (False, True, False):
        with legacy.session(accelerate=accelerate) as sess:
            x = tf.placeholder(tf.float32, [None, 1])
            u = tf.tanh(x * 2.0)
            for _ in range(5):
                (u,) = tf.gradients(u, x)
            counts.append(len(sess.graph.get_operations()))
    assert counts[0] == counts[2] > counts[1]
