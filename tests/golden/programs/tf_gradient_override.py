"""Other gradients for known ops: guided backpropagation, deconvolution, straight-through rounding, reversed gradients."""

# tolerance: rtol=5e-6 atol=1e-7 (a sum of terms twenty times as large)
import numpy as np
import tensorflow as tf
from tensorflow.python.framework import ops
from tensorflow.python.ops import gen_nn_ops


@ops.RegisterGradient("GuidedRelu")
def _GuidedReluGrad(op, grad):
    return tf.where(0.0 < grad, gen_nn_ops.relu_grad(grad, op.outputs[0]), tf.zeros(tf.shape(grad)))


@ops.RegisterGradient("DeconvRelu")
def _DeconvReluGrad(op, grad):
    return tf.nn.relu(grad)


@tf.RegisterGradient("StraightThrough")
def _identity_grad(op, grad):
    return grad


weights = np.random.RandomState(1).randn(4, 3, 3)


def net(x):
    for W in weights[:2, :, :]:
        x = tf.nn.relu(tf.matmul(x, tf.constant(W, tf.float32)))
    return tf.matmul(x, tf.constant(weights[3], tf.float32))


x = tf.placeholder(tf.float32, [None, 3])
graph = tf.get_default_graph()
outputs = {"plain": net(x)}
with graph.gradient_override_map({"Relu": "GuidedRelu"}):
    outputs["guided"] = net(x)
with graph.gradient_override_map({"Relu": "DeconvRelu"}):
    outputs["deconv"] = net(x)
maps = {name: tf.gradients(-out[:, 0], x)[0] for name, out in outputs.items()}

w = tf.Variable([0.2, 1.7, -0.6])
with graph.gradient_override_map({"Round": "StraightThrough", "Sign": "StraightThrough"}):
    quantised = tf.round(2.0 * w)
    binary = tf.sign(w)
blocked = tf.gradients(tf.round(w), w)[0]
through = tf.gradients(quantised**2, w)[0]
train = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(tf.square(binary - 0.5)))


class FlipGradientBuilder(object):
    def __init__(self):
        self.num_calls = 0

    def __call__(self, x, factor=1.0):
        grad_name = "FlipGradient%d" % self.num_calls

        @ops.RegisterGradient(grad_name)
        def _flip_gradients(op, grad):
            return [tf.negative(grad) * factor]

        g = tf.get_default_graph()
        with g.gradient_override_map({"Identity": grad_name}):
            y = tf.identity(x)
        self.num_calls += 1
        return y


flip_gradient = FlipGradientBuilder()
features = tf.tanh(x * w)
loss = tf.reduce_mean(features) + tf.reduce_mean(
    tf.square(flip_gradient(features, 0.5) - flip_gradient(features, 2.0) - 1.0)
)
by_w = tf.gradients(loss, w)[0]

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    feed = {x: [[1.0, -0.5, 0.25], [0.5, 1.0, -2.0]]}
    print(sess.run(outputs["guided"], feed))
    for name in ("plain", "guided", "deconv"):
        print(name, sess.run(maps[name], feed))
    print(sess.run([quantised, binary, through]), blocked)
    print(sess.run([loss, by_w], feed))
    sess.run(train)
    print(sess.run(w))
    try:
        tf.RegisterGradient("StraightThrough")(_identity_grad)
    except KeyError as error:
        print("KeyError", "StraightThrough" in str(error))
