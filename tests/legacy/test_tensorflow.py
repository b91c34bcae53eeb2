"""Variables of TensorFlow 1, and the names of its modules."""

import importlib
import operator
import sys

import numpy as np
import pytest

import nthgrad.legacy.tensorflow as tf
from nthgrad import legacy
from nthgrad.errors import LegacyError

IN_PLACE = {"iadd": 5.0, "isub": -1.0, "imul": 6.0, "itruediv": 2 / 3}


@pytest.mark.quick
@pytest.mark.parametrize("resource", [False, True])
@pytest.mark.parametrize("name", IN_PLACE)
def test_an_operator_in_place_makes_a_tensor(name, resource):
    with legacy.session() as sess:
        v = tf.get_variable("v", initializer=2.0, use_resource=resource)
        w = getattr(operator, name)(v, 3.0)
        assert isinstance(w, tf.Tensor)
        sess.run(tf.global_variables_initializer())
        np.testing.assert_allclose(sess.run([w, v]), [IN_PLACE[name], 2.0], rtol=1e-6)


def test_a_regularizer_is_called_once_and_its_loss_is_fetched():
    calls = []

    def regularizer(weights):
        calls.append(weights.name)
        return tf.reduce_sum(weights * weights)

    with legacy.session() as sess:
        for reuse in (False, True):
            with tf.variable_scope("scope", regularizer=regularizer, reuse=reuse):
                tf.get_variable("v", initializer=[1.0, 2.0])
        sess.run(tf.global_variables_initializer())
        assert sess.run(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)) == [5.0]
    assert calls == ["scope/v:0"]


def test_modules_below_are_stand_ins_too():
    assert tf.compat.v1 is tf
    assert tf.random.uniform is tf.random_uniform
    assert tf.math.cumprod is tf.cumprod
    assert tf.nn.rnn_cell.GRUCell is tf.contrib.rnn.GRUCell
    assert tf.__version__ == "1.15.5"


REFUSED = {
    "estimator": "Write the training loop with tf.Session, or train a Keras model.",
    "pywrap_tensorflow": "Read a checkpoint with tf.train.load_checkpoint.",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_gone_is_refused_by_name(name):
    for refused in (LegacyError, ImportError):
        with pytest.raises(refused, match=" is not available") as caught:
            getattr(tf, name).Reader(3)
        at = f"{__file__}:{sys._getframe().f_lineno - 1}"
        assert str(caught.value) == f"tf.{name}.Reader, used at {at}, is not available. {REFUSED[name]}"


MOVED = {
    "ops.control_flow_ops": lambda m, x: m.cond(x > 1.0, lambda: x * x, lambda: x),
    "ops.array_ops": lambda m, x: m.unstack(m.stack([x, x * x]))[1],
    "framework.ops": lambda m, x: x * x if isinstance(x, m.Tensor) else x,
    "ops.variables": lambda m, x: x * x if isinstance(tf.Variable(1.0), m.RefVariable) else x,
}


@pytest.mark.parametrize("name", MOVED)
def test_private_names_that_have_moved(name):
    module = importlib.import_module(f"tensorflow.python.{name}")
    before = set(vars(module))
    with legacy.session() as sess:
        assert sess.run(MOVED[name](module, tf.constant(3.0))) == 9.0
    assert set(vars(module)) == before
